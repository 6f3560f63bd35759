#include "api/notifications/notifications.h"

#include <set>

#include "base/check.h"
#include "json/reader.h"

namespace breakwater::api::notifications {
namespace {

using json::Text;
using notify::Channel;

constexpr std::string_view kList = "security-advisor.notification-channels.list";
constexpr std::string_view kRead = "security-advisor.notification-channels.read";
constexpr std::string_view kCreate = "security-advisor.notification-channels.create";
constexpr std::string_view kUpdate = "security-advisor.notification-channels.update";
constexpr std::string_view kDelete = "security-advisor.notification-channels.delete";

std::string_view ToText(Channel::Outcome outcome) {
  switch (outcome) {
    case Channel::Outcome::kNeverTried: return "never_tried";
    case Channel::Outcome::kSucceeded: return "succeeded";
    case Channel::Outcome::kFailed: return "failed";
  }
  BW_UNREACHABLE();
}

json::Value TimeOrNull(const std::optional<Timestamp>& time) {
  return time ? json::Value(Text(FormatRfc3339(*time))) : json::Value(nullptr);
}

// Severities are written as a list and read as an object of booleans (ibm-scc 4.2).
json::Value Encode(const Channel& channel) {
  json::Value encoded = notify::ToDocument(channel);
  json::Object& fields = encoded.as_object();
  json::Object severities;
  for (const auto severity : {insights::Severity::kCritical, insights::Severity::kHigh,
                              insights::Severity::kMedium, insights::Severity::kLow}) {
    severities[insights::ToString(severity)] = channel.severities.contains(severity);
  }
  fields["severity"] = std::move(severities);
  fields["channel_id"] = Text(channel.id);
  fields["type"] = "Webhook";
  fields["frequency"] = "As they happen";
  fields["last_outcome"] = Text(ToText(channel.last_outcome));
  fields["last_attempt"] = TimeOrNull(channel.last_attempt);
  fields["last_error"] = Text(channel.last_error);
  return encoded;
}

Result<Channel> Decode(const json::Value& body) {
  const json::Reader in(body);
  const json::Reader type = in.Field("type");
  if (const std::string word = type.String(); !word.empty() && word != "Webhook") {
    type.Fail("must be Webhook");
  }
  BW_TRY_STATUS(in.Finish());
  Channel channel;
  BW_TRY_STATUS(notify::FromDocument(body, &channel));
  return channel;
}

class Handlers {
 public:
  Handlers(notify::Channels& channels, notify::Deliveries& deliveries)
      : channels_(channels), deliveries_(deliveries) {}

  Result<net::Response> List(Context& context) const {
    BW_TRY(const AccountId account, AccountOf(context, context.Path("account_id")));
    BW_TRY(const auto all, channels_.List(account));
    json::Array channels;
    for (const Channel& channel : all) channels.push_back(Encode(channel));
    return JsonResponse(200, {{"channels", std::move(channels)}});
  }

  Result<net::Response> Create(Context& context) const {
    BW_TRY(const AccountId account, AccountOf(context, context.Path("account_id")));
    BW_TRY(const json::Value body, ReadJson(context));
    BW_TRY(Channel channel, Decode(body));
    BW_TRY(const std::string id, channels_.Create(context.caller, account, std::move(channel)));
    return JsonResponse(200, {{"channel_id", Text(id)}, {"status_code", 200}});
  }

  Result<net::Response> DeleteMany(Context& context) const {
    BW_TRY(const AccountId account, AccountOf(context, context.Path("account_id")));
    BW_TRY(const json::Value body, ReadJson(context));
    const json::Reader in(body);
    const auto named = in.Strings(static_cast<std::size_t>(notify::kMaxChannels));
    BW_TRY_STATUS(in.Finish());
    const std::set<std::string> ids(named.begin(), named.end());
    BW_TRY_STATUS(channels_.DeleteAll(context.caller, account, ids));
    return JsonResponse(200, {{"message", Text(std::to_string(ids.size()) + " channels deleted")}});
  }

  Result<net::Response> Get(Context& context) const {
    BW_TRY(const AccountId account, AccountOf(context, context.Path("account_id")));
    BW_TRY(const Channel channel, channels_.Find(account, context.Path("channel_id")));
    return JsonResponse(200, {{"channel", Encode(channel)}});
  }

  Result<net::Response> Update(Context& context) const {
    BW_TRY(const AccountId account, AccountOf(context, context.Path("account_id")));
    BW_TRY(const json::Value body, ReadJson(context));
    BW_TRY(Channel channel, Decode(body));
    const std::string& id = context.Path("channel_id");
    BW_TRY_STATUS(channels_.Update(context.caller, account, id, std::move(channel)));
    return JsonResponse(200, {{"channel_id", Text(id)}, {"status_code", 200}});
  }

  Result<net::Response> Delete(Context& context) const {
    BW_TRY(const AccountId account, AccountOf(context, context.Path("account_id")));
    const std::string& id = context.Path("channel_id");
    BW_TRY_STATUS(channels_.Delete(context.caller, account, id));
    return JsonResponse(200, {{"channel_id", Text(id)}, {"message", "channel deleted"}});
  }

  Result<net::Response> Test(Context& context) const {
    BW_TRY(const AccountId account, AccountOf(context, context.Path("account_id")));
    const Status sent = deliveries_.Test(account, context.Path("channel_id"));
    if (!sent.ok() && sent.error().code() == ErrorCode::kNotFound) return sent.error();
    return JsonResponse(200,
                        {{"test", Text(sent.ok() ? "the receiver took the message"
                                                 : "not delivered: " + sent.error().message())},
                         {"delivered", sent.ok()}});
  }

  Result<net::Response> PublicKey(Context& context) const {
    BW_TRY(const AccountId account, AccountOf(context, context.Path("account_id")));
    BW_TRY(const std::string pem, deliveries_.PublicKey(account));
    return JsonResponse(200, {{"public_key", Text(pem)}});
  }

  Result<net::Response> ListDeliveries(Context& context) const {
    BW_TRY(const Page page, PageOf(context));
    BW_TRY(const auto all,
           deliveries_.List(context.account, context.Path("channel_id"), page.limit));
    json::Array items;
    for (const notify::Delivery& d : all) {
      items.push_back({{"id", Text(d.id)},
                       {"channel_id", Text(d.channel_id)},
                       {"finding_group", Text(d.finding_group)},
                       {"status", Text(d.status)},
                       {"attempts", d.attempts},
                       {"created", Text(FormatRfc3339(d.created))},
                       {"last_attempt", TimeOrNull(d.last_attempt)},
                       {"last_error", Text(d.last_error)}});
    }
    return JsonResponse(200, {{"deliveries", std::move(items)}});
  }

 private:
  notify::Channels& channels_;
  notify::Deliveries& deliveries_;
};

}  // namespace

std::vector<Endpoint> Endpoints(notify::Channels& channels, notify::Deliveries& deliveries,
                                const SccFace& face) {
  const auto call = MethodsOf(Handlers(channels, deliveries));
  return {
      {"GET", "/notifications/v1/{account_id}/notifications/channels", "ListAllChannels",
       Access::To(kList), face, call(&Handlers::List)},
      {"POST", "/notifications/v1/{account_id}/notifications/channels", "CreateNotificationChannel",
       Access::To(kCreate), face, call(&Handlers::Create)},
      {"DELETE", "/notifications/v1/{account_id}/notifications/channels",
       "DeleteNotificationChannels", Access::To(kDelete), face, call(&Handlers::DeleteMany)},
      {"GET", "/notifications/v1/{account_id}/notifications/channels/{channel_id}",
       "GetNotificationChannel", Access::To(kRead), face, call(&Handlers::Get)},
      {"PUT", "/notifications/v1/{account_id}/notifications/channels/{channel_id}",
       "UpdateNotificationChannel", Access::To(kUpdate), face, call(&Handlers::Update)},
      {"DELETE", "/notifications/v1/{account_id}/notifications/channels/{channel_id}",
       "DeleteNotificationChannel", Access::To(kDelete), face, call(&Handlers::Delete)},
      {"GET", "/notifications/v1/{account_id}/notifications/channels/{channel_id}/test",
       "TestNotificationChannel", Access::To(kUpdate), face, call(&Handlers::Test)},
      {"GET", "/notifications/v1/{account_id}/notifications/public_key", "GetPublicKey",
       Access::To(kRead), face, call(&Handlers::PublicKey)},
      {"GET", "/breakwater/v1/channels/{channel_id}/deliveries", "ListDeliveries",
       Access::To(kRead), face, call(&Handlers::ListDeliveries)},
  };
}

}  // namespace breakwater::api::notifications

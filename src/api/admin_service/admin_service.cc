#include "api/admin_service/admin_service.h"

#include <set>

#include "json/reader.h"

namespace breakwater::api::admin_service {
namespace {

using json::Text;

constexpr std::string_view kList = "compliance.admin-settings.list";
constexpr std::string_view kUpdate = "compliance.admin-settings.update";
constexpr std::string_view kSendTest = "compliance.admin.test-event-send";

class Handlers {
 public:
  explicit Handlers(const Deps& deps) : deps_(deps) {}

  Result<net::Response> GetSettings(Context& context) const {
    BW_TRY_STATUS(AccountOf(context, context.Path("account_id")));
    return JsonResponse(200, Settings());
  }

  // Nothing in it can be other than it is: a client that writes what holds is content, any other
  // one is told.
  Result<net::Response> PatchSettings(Context& context) const {
    BW_TRY_STATUS(AccountOf(context, context.Path("account_id")));
    BW_TRY(const json::Value body, ReadJson(context));
    const json::Reader in(body);
    if (const auto location = in.Optional("location")) {
      const json::Reader id = location->Field("id");
      if (id.String() != Location() && !id.failed()) {
        id.Fail("this installation has the location " + Location() + " alone");
      }
    }
    if (const auto events = in.Optional("event_notifications")) {
      if (!events->String("instance_crn", "").empty()) {
        events->Field("instance_crn")
            .Fail(
                "events go out over notification channels: an Event Notifications instance "
                "cannot be connected");
      }
    }
    BW_TRY_STATUS(in.Finish());
    return JsonResponse(200, Settings());
  }

  Result<net::Response> ListLocations(Context& context) const {
    return JsonResponse(200, {{"locations", {Details(context)}}});
  }

  Result<net::Response> GetLocation(Context& context) const {
    const std::string& id = context.Path("location_id");
    if (id != Location()) return NotFound("location " + id + " was not found");
    return JsonResponse(200, Details(context));
  }

  // Over every channel that is switched on.
  Result<net::Response> SendTest(Context& context) const {
    BW_TRY(const AccountId account, AccountOf(context, context.Path("account_id")));
    BW_TRY(const auto channels, deps_.channels.List(account));
    bool sent = false, failed = false;
    for (const notify::Channel& channel : channels) {
      if (!channel.enabled) continue;
      (deps_.deliveries.Test(account, channel.id).ok() ? sent : failed) = true;
    }
    return JsonResponse(202, {{"success", sent && !failed}});
  }

 private:
  std::string Location() const { return LocationOf(deps_.registries.all().front().region); }

  json::Object Settings() const {
    return {{"location", {{"id", Text(Location())}}},
            {"event_notifications",
             {{"instance_crn", ""}, {"source_name", ""}, {"source_description", ""}}}};
  }

  // All that clients may be pointed at is where they are.
  json::Object Details(const Context& context) const {
    const auto host = context.request.headers.Get("Host");
    const std::string origin = (context.request.peer.tls ? "https://" : "http://") +
                               std::string(host.value_or(context.registry.name.value()));
    json::Array regions;
    std::set<std::string> seen;
    for (const auto& registry : deps_.registries.all()) {
      if (seen.insert(registry.region).second) {
        regions.push_back(json::Object{{"id", Text(registry.region)}});
      }
    }
    return {{"id", Text(Location())},
            {"main_endpoint_url", Text(origin)},
            {"governance_endpoint_url", Text(origin)},
            {"results_endpoint_url", Text(origin)},
            {"compliance_endpoint_url", Text(origin)},
            {"analytics_endpoint_url", Text(origin)},
            {"si_endpoint_url", Text(origin)},
            {"regions", std::move(regions)}};
  }

  Deps deps_;
};

}  // namespace

std::string LocationOf(std::string_view region) {
  if (region == "eu-gb") return "uk";
  for (const std::string_view location : {"us", "eu", "uk"}) {
    if (region.starts_with(std::string(location) + "-")) return std::string(location);
  }
  return std::string(region);
}

std::vector<Endpoint> Endpoints(const Deps& deps, const SccFace& face) {
  const auto call = MethodsOf(Handlers(deps));
  return {
      {"GET", "/admin/v1/accounts/{account_id}/settings", "GetAdminAccountSettings",
       Access::To(kList), face, call(&Handlers::GetSettings)},
      {"PATCH", "/admin/v1/accounts/{account_id}/settings", "PatchAccountSettings",
       Access::To(kUpdate), face, call(&Handlers::PatchSettings)},
      {"POST", "/admin/v1/accounts/{account_id}/test_event", "SendTestEvent", Access::To(kSendTest),
       face, call(&Handlers::SendTest)},
      {"GET", "/admin/v1/locations", "ListLocations", Access::To(kList), face,
       call(&Handlers::ListLocations)},
      {"GET", "/admin/v1/locations/{location_id}", "GetLocation", Access::To(kList), face,
       call(&Handlers::GetLocation)},
  };
}

}  // namespace breakwater::api::admin_service

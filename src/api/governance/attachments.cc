#include "api/governance/attachments.h"

#include <algorithm>

#include "api/governance/decode.h"
#include "api/governance/encode.h"

namespace breakwater::api::governance {
namespace {

using breakwater::governance::Attachment;
using breakwater::governance::AttachmentDraft;
using breakwater::governance::Attachments;

// What differs between attachments of rules and of templates.
struct Family {
  std::string_view owner;   // "rule_id": placeholder and member
  std::string_view owners;  // "/config/v1/rules"
  Attachments& attachments;
  // What an owner should know about an attachment that was made, or "".
  std::function<Result<std::string>(const Context&, const AttachmentDraft&)> warning;
};

class Handlers {
 public:
  explicit Handlers(Family family) : family_(std::move(family)) {}

  Result<net::Response> Attach(Context& context) const {
    BW_TRY(const json::Value body, ReadJson(context));
    BW_TRY(const auto drafts, DecodeAttachments(context, body));
    BW_TRY(const auto made,
           family_.attachments.Attach(context.caller, context.account, Owner(context), drafts));
    json::Array attachments;
    for (const Attachment& attachment : made) {
      BW_TRY(const std::string warning, family_.warning(context, attachment.definition));
      attachments.push_back(EncodeAttachment(attachment, family_.owner, warning));
    }
    return JsonResponse(201, {{"attachments", std::move(attachments)}});
  }

  Result<net::Response> List(Context& context) const {
    BW_TRY(const Page page, PageOf(context));
    BW_TRY(const auto all, family_.attachments.List(context.account, Owner(context)));
    const auto total = static_cast<std::int64_t>(all.size());
    json::Array attachments;
    const std::int64_t end = std::min(total, page.offset + page.limit);
    for (std::int64_t i = page.offset; i < end; ++i) {
      attachments.push_back(EncodeAttachment(all[static_cast<std::size_t>(i)], family_.owner));
    }
    json::Object body = PageFields(
        context, page, total, std::string(family_.owners) + "/" + Owner(context) + "/attachments");
    body["attachments"] = std::move(attachments);
    return JsonResponse(200, body);
  }

  Result<net::Response> Get(Context& context) const {
    BW_TRY(const Attachment attachment, family_.attachments.Find(context.account, Owner(context),
                                                                 context.Path("attachment_id")));
    return Response(attachment);
  }

  Result<net::Response> Replace(Context& context) const {
    BW_TRY(const auto expected, DecodeIfMatch(context));
    BW_TRY(const json::Value body, ReadJson(context));
    BW_TRY(const auto draft, DecodeAttachment(context, body));
    auto attachment = family_.attachments.Replace(context.caller, Owner(context),
                                                  context.Path("attachment_id"), expected, draft);
    if (!attachment.ok()) return AsWire(std::move(attachment).error());
    return Response(*attachment);
  }

  Result<net::Response> Detach(Context& context) const {
    BW_TRY_STATUS(family_.attachments.Detach(context.caller, context.account, Owner(context),
                                             context.Path("attachment_id")));
    return EmptyResponse(204);
  }

 private:
  const std::string& Owner(const Context& context) const { return context.Path(family_.owner); }
  net::Response Response(const Attachment& attachment) const {
    return WithTag(JsonResponse(200, EncodeAttachment(attachment, family_.owner)),
                   attachment.version);
  }

  Family family_;
};

// Paths and operation ids are of static storage: those of rules and of templates are written out.
struct Names {
  std::string_view all;
  std::string_view one;
  std::string_view create, list, get, update, remove;
};

void Add(const Family& family, const Names& names, const SccFace& face,
         std::vector<Endpoint>& out) {
  const Handlers handlers(family);
  const auto add = [&](std::string_view method, std::string_view path, std::string_view operation,
                       std::string_view action, auto handler) {
    out.push_back({method, path, operation, Access::To(action), face,
                   [handlers, handler](Context& context) { return (handlers.*handler)(context); }});
  };
  add("POST", names.all, names.create, "compliance.configuration-governance.attachments-create",
      &Handlers::Attach);
  add("GET", names.all, names.list, "compliance.configuration-governance.attachments-read",
      &Handlers::List);
  add("GET", names.one, names.get, "compliance.configuration-governance.attachments-read",
      &Handlers::Get);
  add("PUT", names.one, names.update, "compliance.configuration-governance.attachments-update",
      &Handlers::Replace);
  add("DELETE", names.one, names.remove, "compliance.configuration-governance.attachments-delete",
      &Handlers::Detach);
}

}  // namespace

Error AsWire(Error error) {
  if (error.code() != ErrorCode::kPrecondition) return error;
  return Invalid(error.message()).Reason("bad_request");
}

net::Response WithTag(net::Response response, const std::string& version) {
  response.headers.Set("ETag", TagOf(version));
  return response;
}

void AddRuleAttachmentEndpoints(breakwater::governance::Governance& governance, const SccFace& face,
                                std::vector<Endpoint>& out) {
  const auto warning = [&governance](const Context& context,
                                     const AttachmentDraft& draft) -> Result<std::string> {
    BW_TRY(const auto rule, governance.FindRule(context.account, context.Path("rule_id")));
    return breakwater::governance::WarningOf(rule.definition, draft);
  };
  Add({"rule_id", "/config/v1/rules", governance.attachments(), warning},
      {.all = "/config/v1/rules/{rule_id}/attachments",
       .one = "/config/v1/rules/{rule_id}/attachments/{attachment_id}",
       .create = "CreateRuleAttachments",
       .list = "ListRuleAttachments",
       .get = "GetRuleAttachment",
       .update = "UpdateRuleAttachment",
       .remove = "DeleteRuleAttachment"},
      face, out);
}

void AddTemplateAttachmentEndpoints(breakwater::governance::Templates& templates,
                                    const SccFace& face, std::vector<Endpoint>& out) {
  const auto warning = [](const Context&, const AttachmentDraft&) -> Result<std::string> {
    return std::string();
  };
  Add({"template_id", "/config/v1/templates", templates.attachments(), warning},
      {.all = "/config/v1/templates/{template_id}/attachments",
       .one = "/config/v1/templates/{template_id}/attachments/{attachment_id}",
       .create = "CreateTemplateAttachments",
       .list = "ListTemplateAttachments",
       .get = "GetTemplateAttachment",
       .update = "UpdateTemplateAttachment",
       .remove = "DeleteTemplateAttachment"},
      face, out);
}

}  // namespace breakwater::api::governance

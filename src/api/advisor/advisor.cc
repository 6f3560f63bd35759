#include "api/advisor/advisor.h"

#include <memory>
#include <optional>

#include "api/advisor/encode.h"
#include "api/advisor/exemptions.h"
#include "api/listing.h"
#include "api/registry/handlers.h"
#include "api/registry/registry.h"
#include "base/strings.h"
#include "registry/resources.h"

namespace breakwater::api {
namespace va {
namespace {

using advisor::IssueScope;
using registry::ImagePage;
using registry::ImagePosition;
using registry::ImageScope;
using Image = registry::ListedImage;

// ibm-registry 2.2 [judge]: image.vulnerabilities on the namespace; the same default roles as
// exemption.list.
constexpr std::string_view kAction = "container-registry.image.vulnerabilities";
// Images whose full reports are made at once: each is a matching of all its packages.
constexpr std::size_t kReportsAtOnce = 8;

// "true" or "false", as the SDKs send booleans.
Result<bool> Flag(const Context& context, std::string_view name, bool fallback) {
  const auto value = context.query.Get(name);
  if (!value || value->empty()) return fallback;
  if (EqualsIgnoreCase(*value, "true")) return true;
  if (EqualsIgnoreCase(*value, "false")) return false;
  return Invalid(std::string(name) + ": must be true or false").Reason("invalid_field");
}

Result<IssueScope> ScopeOf(const Context& context) {
  BW_TRY(const bool all, Flag(context, "includeUnfixed", false));
  return all ? IssueScope::kAll : IssueScope::kActionable;
}

// The tagged images of an account on their way. Refers to nothing of the request.
class AccountList {
 public:
  AccountList(const AdvisorDeps& deps, const Context& context, ImageScope scope, Version version,
              IssueScope issues, advisor::ExemptionSet exemptions)
      : deps_(deps),
        account_(context.account),
        host_(management::NameFor(context)),
        scope_(std::move(scope)),
        version_(version),
        issues_(issues),
        exemptions_(std::move(exemptions)) {}

  // Their reports by name: members of an object.
  Result<std::optional<std::vector<std::string>>> Reports() {
    std::vector<std::string> members;
    BW_TRY(const auto images, Next(kReportsAtOnce));
    if (!images) return std::nullopt;
    for (const Image& image : *images) {
      const auto report = Report(image);
      if (!report.ok() && report.error().code() == ErrorCode::kNotFound) continue;
      if (!report.ok()) return report.error();
      for (const std::string& tag : image.tags) {
        members.push_back(
            Member(NameOf(image, tag),
                   ReportJson(*report, version_, issues_, ExemptOf(image, tag, report->digest))));
      }
    }
    return std::optional(std::move(members));
  }

  // What was last said of them: elements of an array.
  Result<std::optional<std::vector<std::string>>> Summaries() {
    std::vector<std::string> elements;
    BW_TRY(const auto images, Next(registry::kImagesPerPage));
    if (!images) return std::nullopt;
    BW_TRY(const auto states,
           deps_.advisor.StatesOf(account_, scope_.registry, *images, exemptions_));
    for (std::size_t i = 0; i < images->size(); ++i) {
      const Image& image = (*images)[i];
      for (const std::string& tag : image.tags) {
        BW_TRY(ListedImage listed, Listed(image, tag, states[i]));
        listed.created = ToUnixSeconds(image.first_pushed);
        listed.name = NameOf(image, tag);
        elements.push_back(json::Serialize(ListedJson(listed)));
      }
    }
    return std::optional(std::move(elements));
  }

 private:
  Result<std::optional<std::vector<Image>>> Next(std::size_t limit) {
    if (!more_) return std::nullopt;
    BW_TRY(ImagePage page, deps_.images.Page(scope_, position_, limit));
    more_ = page.more;
    position_ = std::move(page.position);
    return std::optional(std::move(page.images));
  }

  std::string NameOf(const Image& image, const std::string& tag) const {
    return management::FullName(host_, image.repository) + ":" + tag;
  }

  Result<advisor::ImageReport> Report(const Image& image) const {
    return deps_.advisor.Report(account_, scope_.registry, image.repository,
                                oci::Reference(image.digest));
  }

  // For an image list, `assessed` is one of its children.
  advisor::ExemptIssues ExemptOf(const Image& image, const std::string& tag,
                                 const oci::Digest& assessed) const {
    advisor::NamedImage named{
        .repository = image.repository, .tag = tag, .digests = {image.digest}};
    if (assessed != image.digest) named.digests.push_back(assessed);
    return exemptions_.For(named);
  }

  Result<ListedImage> Listed(const Image& image, const std::string& tag,
                             const advisor::ListedState& state) const {
    // Nothing was said of it yet, but may be known.
    if (!state.verdict) return ListedAnew(image, tag);
    ListedImage listed;
    listed.scanned = ToUnixSeconds(state.verdict->assessed);
    if (issues_ == IssueScope::kActionable) {
      listed.status = state.Of(tag).status;
      listed.issues = state.Of(tag).issues;
      return listed;
    }
    // A verdict does not say which those without a fix are, so none of them can be exempt.
    const std::int64_t all = state.verdict->counts.total();
    if (all > 0 && !ExemptOf(image, tag, state.assessed).empty()) return ListedAnew(image, tag);
    listed.status = all > 0 ? advisor::ImageStatus::kFail : state.verdict->status;
    listed.issues.active = all;
    return listed;
  }

  Result<ListedImage> ListedAnew(const Image& image, const std::string& tag) const {
    const auto report = Report(image);
    if (!report.ok() && report.error().code() == ErrorCode::kNotFound) return ListedImage{};
    if (!report.ok()) return report.error();
    const advisor::ExemptIssues exempt = ExemptOf(image, tag, report->digest);
    ListedImage listed;
    listed.status = StatusOf(report->assessment, issues_, exempt);
    listed.issues = CountIssues(IssuesByName(IssuesOf(report->assessment, issues_)), exempt);
    listed.scanned = ToUnixSeconds(report->assessment.indexed);
    return listed;
  }

  const AdvisorDeps deps_;
  const AccountId account_;
  const std::string host_;
  const ImageScope scope_;
  const Version version_;
  const IssueScope issues_;
  const advisor::ExemptionSet exemptions_;
  ImagePosition position_;
  bool more_ = true;
};

// One generation of the interface.
class Handlers {
 public:
  Handlers(const AdvisorDeps& deps, Version version) : deps_(deps), version_(version) {}

  Result<net::Response> ImageReport(Context& context) const {
    BW_TRY(const IssueScope scope, ScopeOf(context));
    BW_TRY(const auto report, Report(context));
    BW_TRY(const auto exempt, ExemptOf(context, report));
    const json::Value body = ReportJson(report, version_, scope, exempt);
    NoteReport(context, body);
    return JsonResponse(200, body);
  }

  Result<net::Response> ImageStatus(Context& context) const {
    BW_TRY(const IssueScope scope, ScopeOf(context));
    BW_TRY(const auto report, Report(context));
    BW_TRY(const auto exempt, ExemptOf(context, report));
    const json::Value body = SummaryJson(report.assessment, version_, scope, exempt);
    NoteReport(context, body);
    return JsonResponse(200, body);
  }

  Result<net::Response> AccountReport(Context& context) const {
    BW_TRY(const auto list, ListOf(context));
    return ListResponse(ListKind::kObject, [list] { return list->Reports(); }, "assessments");
  }

  Result<net::Response> AccountStatus(Context& context) const {
    BW_TRY(const auto list, ListOf(context));
    return ListResponse(ListKind::kArray, [list] { return list->Summaries(); }, "images");
  }

 private:
  // What the reference system's events of these calls carry (ibm-registry 3.14).
  static void NoteReport(Context& context, const json::Value& body) {
    context.activity.request = {{"name", json::Text(context.Path("image"))}};
    json::Object response;
    for (const char* name : {"id", "status"}) {
      if (const json::Value* value = json::Find(body, name)) response[name] = *value;
    }
    context.activity.response = std::move(response);
  }

  Result<advisor::ImageReport> Report(Context& context) const {
    BW_TRY(const oci::ImageName image, management::ImageOf(context));
    BW_TRY(auto report, deps_.advisor.Report(context.account, context.registry.name,
                                             image.repository, image.reference()));
    // Of a list of images its own, not that of the image which stands for it.
    context.activity.digest = report.named.digests.front().text();
    return report;
  }

  Result<advisor::ExemptIssues> ExemptOf(const Context& context,
                                         const advisor::ImageReport& report) const {
    BW_TRY(const auto set,
           deps_.exemptions.SetFor(context.account, context.registry.name, report.named));
    return set.For(report.named);
  }

  Result<bool> MayRead(const Context& context, const registry::Namespace& ns) const {
    control::Resource resource = control::NamespaceResource(ns.account, context.registry.name,
                                                            context.registry.region, ns.name);
    resource.resource_group = ns.resource_group;
    const Status allowed = deps_.authorizer.Authorize(context.caller, kAction, resource);
    if (allowed.ok()) return true;
    if (allowed.error().code() == ErrorCode::kDenied) return false;
    return allowed.error();
  }

  // The account's tagged images in this registry, of namespaces the caller may read.
  Result<ImageScope> ImagesOf(const Context& context) const {
    ImageScope scope{
        .registry = context.registry.name, .namespaces = {}, .repositories = {}, .untagged = false};
    BW_TRY(const bool own, Flag(context, "includePrivate", true));
    BW_TRY(const bool provided, Flag(context, "includeIBM", false));
    (void)provided;  // this registry provides no images of its own
    if (const auto named = context.query.Get("repository"); named && !named->empty()) {
      // What no repository can be called names no image.
      const auto name = oci::ImageName::Parse(*named);
      if (!name.ok()) return scope;
      scope.repositories.push_back(name->repository);
    }
    if (!own) return scope;
    BW_TRY(const auto all, deps_.namespaces.List(context.account, context.registry.name));
    for (const registry::Namespace& ns : all) {
      BW_TRY(const bool may_read, MayRead(context, ns));
      if (may_read) scope.namespaces.push_back(ns.name);
    }
    return scope;
  }

  Result<std::shared_ptr<AccountList>> ListOf(Context& context) const {
    BW_TRY(const IssueScope issues, ScopeOf(context));
    management::NoteFilter(context, {"repository", "includeIBM", "includePrivate"});
    BW_TRY(ImageScope scope, ImagesOf(context));
    BW_TRY(const auto exemptions, deps_.exemptions.List(context.account, context.registry.name));
    return std::make_shared<AccountList>(deps_, context, std::move(scope), version_, issues,
                                         advisor::ExemptionSet(exemptions));
  }

  AdvisorDeps deps_;
  Version version_;
};

// Paths and operation ids of one generation; both of static storage, as Endpoint wants.
struct Routes {
  Version version;
  std::string_view account_report, account_report_id;
  std::string_view account_status, account_status_id;
  std::string_view image_status, image_status_id;
  std::string_view image_report, image_report_id;
};

constexpr Routes kRoutes[] = {
    {Version::kV3, "/va/api/v3/report/account", "AccountReportQueryPathV3",
     "/va/api/v3/report/account/status", "AccountStatusQueryPathV3",
     "/va/api/v3/report/image/status/{image...}", "ImageStatusQueryPathV3",
     "/va/api/v3/report/image/{image...}", "ImageReportQueryPathV3"},
    {Version::kV4, "/va/api/v4/report/account", "AccountReportQueryPath",
     "/va/api/v4/report/account/status", "AccountStatusQueryPath",
     "/va/api/v4/report/image/status/{image...}", "ImageStatusQueryPath",
     "/va/api/v4/report/image/{image...}", "ImageReportQueryPath"},
};

void AddRoutes(const Routes& routes, const AdvisorFace& face, const AdvisorDeps& deps,
               std::vector<Endpoint>& out) {
  const Handlers handlers(deps, routes.version);
  const Access image = Access::To(kAction, [deps](const Context& context) {
    return management::ImageResource(deps.namespaces, context);
  });
  const auto named = [deps](const Context& context) {
    return management::NamedImage(deps.namespaces, context);
  };
  const Access account =
      Access::SignedIn("lists only images of namespaces whose vulnerabilities the caller may read");
  out.push_back({"GET", routes.account_status, routes.account_status_id, account, face,
                 [handlers](Context& c) { return handlers.AccountStatus(c); },
                 Recorded::As("container-registry.account-vulnerability-status.list")});
  out.push_back({"GET", routes.account_report, routes.account_report_id, account, face,
                 [handlers](Context& c) { return handlers.AccountReport(c); },
                 Recorded::As("container-registry.account-vulnerability-report.list")});
  // "status" is no host, so the longer path is meant whenever it fits.
  out.push_back({"GET", routes.image_status, routes.image_status_id, image, face,
                 [handlers](Context& c) { return handlers.ImageStatus(c); },
                 Recorded::As("container-registry.image-vulnerability-status.read", named)});
  out.push_back({"GET", routes.image_report, routes.image_report_id, image, face,
                 [handlers](Context& c) { return handlers.ImageReport(c); },
                 Recorded::As("container-registry.image-vulnerability-report.read", named)});
}

}  // namespace
}  // namespace va

net::Response AdvisorFace::EncodeError(const Error& error, const net::Request& request,
                                       const Context* context) const {
  if (error.reason() != "image_not_scanned") {
    return RegistryFace().EncodeError(error, request, context);
  }
  // ibm-registry 1.12: the code that clients wait on.
  net::Response response = JsonResponse(404, {{"code", "BXNVA0009E"},
                                              {"message", json::Text(error.message())},
                                              {"request-id", json::Text(request.id)}});
  response.headers.Set("Retry-After", "5");
  return response;
}

std::vector<Endpoint> AdvisorEndpoints(const AdvisorFace& face, const AdvisorDeps& deps) {
  std::vector<Endpoint> endpoints;
  for (const va::Routes& routes : va::kRoutes) va::AddRoutes(routes, face, deps, endpoints);
  va::AddExemptionEndpoints(face, deps, endpoints);
  return endpoints;
}

}  // namespace breakwater::api

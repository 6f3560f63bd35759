#include "api/advisor/advisor.h"

#include <map>
#include <optional>

#include "api/advisor/encode.h"
#include "api/registry/handlers.h"
#include "api/registry/registry.h"
#include "base/strings.h"
#include "registry/resources.h"

namespace breakwater::api {
namespace va {
namespace {

using advisor::IssueScope;
using registry::ImageInfo;

// ibm-registry 2.2 [judge]: image.vulnerabilities on the namespace; the same default roles as
// exemption.list.
constexpr std::string_view kAction = "container-registry.image.vulnerabilities";
// Full reports in one answer.
constexpr std::size_t kMaxReports = 1000;

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

// One generation of the interface.
class Handlers {
 public:
  Handlers(const AdvisorDeps& deps, Version version) : deps_(deps), version_(version) {}

  Result<net::Response> ImageReport(Context& context) const {
    BW_TRY(const IssueScope scope, ScopeOf(context));
    BW_TRY(const auto report, Report(context));
    const json::Value body = ReportJson(report, version_, scope);
    NoteReport(context, body);
    return JsonResponse(200, body);
  }

  Result<net::Response> ImageStatus(Context& context) const {
    BW_TRY(const IssueScope scope, ScopeOf(context));
    BW_TRY(const auto report, Report(context));
    const json::Value body = SummaryJson(report.assessment, version_, scope);
    NoteReport(context, body);
    return JsonResponse(200, body);
  }

  Result<net::Response> AccountReport(Context& context) const {
    BW_TRY(const IssueScope scope, ScopeOf(context));
    NoteFilter(context);
    BW_TRY(const auto images, TaggedImages(context));
    if (images.size() > kMaxReports) {
      return TooLarge("more than 1000 images; name a repository").Reason("report_too_large");
    }
    json::Object assessments;
    for (const ImageInfo& image : images) {
      auto report = deps_.advisor.Report(context.account, image.registry, image.repository,
                                         oci::Reference(image.digest));
      if (!report.ok() && report.error().code() == ErrorCode::kNotFound) continue;
      if (!report.ok()) return std::move(report).error();
      const json::Value body = ReportJson(*report, version_, scope);
      for (const std::string& tag : image.tags) assessments[NameOf(image, tag)] = body;
    }
    return JsonResponse(200, {{"assessments", std::move(assessments)}});
  }

  Result<net::Response> AccountStatus(Context& context) const {
    BW_TRY(const IssueScope scope, ScopeOf(context));
    NoteFilter(context);
    BW_TRY(const auto images, TaggedImages(context));
    BW_TRY(const auto placed, deps_.advisor.Verdicts(context.account, context.registry.name));
    std::map<std::pair<std::string_view, std::string_view>, const advisor::Verdict*> verdicts;
    for (const advisor::PlacedVerdict& one : placed) {
      verdicts[{one.location.repository, one.location.digest.text()}] = &one.verdict;
    }
    json::Array list;
    for (const ImageInfo& image : images) {
      const auto known = verdicts.find({image.repository, image.digest.text()});
      BW_TRY(ListedImage listed, known != verdicts.end() ? ListedBy(*known->second, scope)
                                                         : Listed(context, image, scope));
      listed.created = ToUnixSeconds(image.created);
      for (const std::string& tag : image.tags) {
        listed.name = NameOf(image, tag);
        list.push_back(ListedJson(listed));
      }
    }
    return JsonResponse(200, {{"images", std::move(list)}});
  }

 private:
  // What the reference system's events of these calls carry (ibm-registry 3.14).
  static void NoteFilter(Context& context) {
    json::Object parameters;
    for (const char* name : {"repository", "includeIBM", "includePrivate"}) {
      if (const auto value = context.query.Get(name)) parameters[name] = json::Text(*value);
    }
    if (!parameters.empty()) context.activity.request = std::move(parameters);
  }
  static void NoteReport(Context& context, const json::Value& body) {
    context.activity.request = {{"name", json::Text(context.Path("image"))}};
    json::Object response;
    for (const char* name : {"id", "status"}) {
      if (const json::Value* value = json::Find(body, name)) response[name] = *value;
    }
    context.activity.response = std::move(response);
  }

  Result<advisor::ImageReport> Report(const Context& context) const {
    BW_TRY(const oci::ImageName image, management::ImageOf(context));
    return deps_.advisor.Report(context.account, context.registry.name, image.repository,
                                image.reference());
  }

  static std::string NameOf(const ImageInfo& image, const std::string& tag) {
    return image.registry.value() + "/" + image.repository + ":" + tag;
  }

  static Result<ListedImage> ListedBy(const advisor::Verdict& verdict, IssueScope scope) {
    ListedImage listed;
    const bool all = scope == IssueScope::kAll;
    listed.issues = all ? verdict.counts.total() : verdict.issues;
    listed.status = listed.issues > 0 ? advisor::ImageStatus::kFail : verdict.status;
    listed.scanned = ToUnixSeconds(verdict.assessed);
    return listed;
  }

  // Of an image without a verdict of its own: a list of images, or one that waits for its scan.
  Result<ListedImage> Listed(const Context& context, const ImageInfo& image,
                             IssueScope scope) const {
    auto report = deps_.advisor.Report(context.account, image.registry, image.repository,
                                       oci::Reference(image.digest));
    if (!report.ok() && report.error().code() == ErrorCode::kNotFound) return ListedImage{};
    if (!report.ok()) return std::move(report).error();
    const auto issues = IssuesOf(report->assessment, scope);
    ListedImage listed;
    listed.status = StatusOf(report->assessment, scope);
    listed.issues = CountBySeverity(issues).total();
    listed.scanned = ToUnixSeconds(report->assessment.indexed);
    return listed;
  }

  Result<bool> MayRead(const Context& context, std::string_view name_space) const {
    const Status allowed =
        deps_.authorizer.Authorize(context.caller, kAction,
                                   registry::NamespaceResource(deps_.namespaces, context.account,
                                                               context.registry, name_space));
    if (allowed.ok()) return true;
    if (allowed.error().code() == ErrorCode::kDenied) return false;
    return allowed.error();
  }

  // The account's tagged images in this registry, of namespaces the caller may read.
  Result<std::vector<ImageInfo>> TaggedImages(const Context& context) const {
    BW_TRY(const bool own, Flag(context, "includePrivate", true));
    BW_TRY(const bool provided, Flag(context, "includeIBM", false));
    (void)provided;  // this registry provides no images of its own
    std::vector<ImageInfo> visible;
    if (!own) return visible;
    registry::ImageFilter filter{
        .registry = context.registry.name, .namespaces = {}, .repositories = {}};
    if (const auto named = context.query.Get("repository"); named && !named->empty()) {
      BW_TRY(const oci::ImageName name, oci::ImageName::Parse(*named));
      filter.repositories.push_back(name.repository);
    }
    BW_TRY(auto images, deps_.content.ListImages(context.account, filter));
    std::map<std::string, bool, std::less<>> decided;
    for (ImageInfo& image : images) {
      if (image.tags.empty()) continue;
      const std::string_view name_space = oci::NamespaceOf(image.repository);
      auto known = decided.find(name_space);
      if (known == decided.end()) {
        BW_TRY(const bool may_read, MayRead(context, name_space));
        known = decided.emplace(name_space, may_read).first;
      }
      if (known->second) visible.push_back(std::move(image));
    }
    return visible;
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
                 Recorded::As("container-registry.image-vulnerability-status.read")});
  out.push_back({"GET", routes.image_report, routes.image_report_id, image, face,
                 [handlers](Context& c) { return handlers.ImageReport(c); },
                 Recorded::As("container-registry.image-vulnerability-report.read")});
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
  return endpoints;
}

}  // namespace breakwater::api

// Retention policies (ibm-registry 1.9, 3.8).
#include "registry/retention.h"

#include <algorithm>
#include <utility>

#include "api/registry/handlers.h"
#include "api/registry/walk.h"
#include "json/reader.h"
#include "registry/resources.h"

namespace breakwater::api::management {
namespace {

namespace action = registry::action;
using registry::JudgedRepository;
using registry::RetentionPolicy;
using registry::RetentionVerdict;

struct NamedPolicy {
  std::string name_space;
  RetentionPolicy policy;
};

json::Object PolicyJson(const std::string& name_space, const RetentionPolicy& policy) {
  json::Object body{{"namespace", json::Text(name_space)},
                    {"images_per_repo", policy.images_per_repo},
                    {"retain_untagged", policy.retain_untagged}};
  if (policy.deletion_threshold_days) {
    body["deletion_threshold_days"] = *policy.deletion_threshold_days;
  }
  // Ours: shown only where it was chosen.
  if (policy.order != registry::RetentionOrder::kCreated) {
    body["order_by"] = json::Text(ToString(policy.order));
  }
  return body;
}

// What is set for a namespace; where nothing is, what a new policy begins with.
RetentionPolicy PolicySet(const RegistryDeps& deps, const Context& context,
                          std::string_view name_space) {
  const auto set = deps.retention.Get(context.account, context.registry.name, name_space);
  if (set.ok() && !set->keeps_all()) return *set;
  RetentionPolicy fresh;
  fresh.retain_untagged = false;
  return fresh;
}

// Of the two fields that the reference's clients know, one that is absent leaves what is set: its
// Terraform provider sends only what changed.
Result<NamedPolicy> ReadPolicy(const RegistryDeps& deps, Context& context) {
  BW_TRY(const json::Value document, ReadJson(context));
  const json::Reader body(document);
  // "account" is what the reference's own command line shows, and may send back.
  body.OnlyFields({"namespace", "images_per_repo", "retain_untagged", "deletion_threshold_days",
                   "order_by", "account"});
  NamedPolicy named;
  named.name_space = body.Field("namespace").String();
  const RetentionPolicy set = PolicySet(deps, context, named.name_space);
  named.policy.images_per_repo = body.Int("images_per_repo", set.images_per_repo);
  named.policy.retain_untagged = body.Bool("retain_untagged", set.retain_untagged);
  if (const auto days = body.Optional("deletion_threshold_days")) {
    named.policy.deletion_threshold_days = days->Int();
  }
  if (const auto order = body.Optional("order_by")) {
    const auto parsed = registry::ParseRetentionOrder(order->String());
    if (!parsed) order->Fail("must be created, pushed or pulled");
    named.policy.order = parsed.value_or(registry::RetentionOrder::kCreated);
  }
  BW_TRY_STATUS(body.Finish());
  BW_TRY_STATUS(registry::Validate(named.policy));
  return named;
}

control::Resource NamespaceNamed(const RegistryDeps& deps, const Context& context,
                                 std::string_view name_space) {
  return registry::NamespaceResource(deps.namespaces, context.account, context.registry,
                                     name_space);
}

// An account has few namespaces: this list is in memory.
class PolicyWalk final : public Walk {
 public:
  explicit PolicyWalk(std::map<std::string, RetentionPolicy> policies)
      : policies_(std::move(policies)) {}

  // The namespace that the last part ended with.
  Status Begin(std::string_view start) override {
    if (start.find('/') != std::string_view::npos) return BadStart();
    last_ = std::string(start);
    return Ok();
  }
  Result<std::vector<std::string>> Next(std::size_t most) override {
    std::vector<std::string> members;
    auto next = policies_.upper_bound(last_);
    for (; next != policies_.end() && members.size() < most; ++next) {
      members.push_back(Member(next->first, PolicyJson(next->first, next->second)));
      last_ = next->first;
    }
    set_more(next != policies_.end());
    return members;
  }
  std::string Position() const override { return last_; }

 private:
  const std::map<std::string, RetentionPolicy> policies_;
  std::string last_;
};

Result<net::Response> ListRetentionPolicies(const RegistryDeps& deps, Context& context) {
  BW_TRY(const auto namespaces, NamespacesFor(deps, context, {action::kRetentionList}, {}));
  BW_TRY(auto policies, deps.retention.List(context.registry.name, namespaces));
  return WalkResponse(context, ListKind::kObject,
                      std::make_shared<PolicyWalk>(std::move(policies)));
}

Result<net::Response> GetRetentionPolicy(const RegistryDeps& deps, Context& context) {
  const std::string& name = context.Path("name");
  BW_TRY(const RetentionPolicy policy,
         deps.retention.Get(context.account, context.registry.name, name));
  return JsonResponse(200, PolicyJson(name, policy));
}

// `along`: tags of what is attached and goes with it.
using PrintJudged = void (*)(const std::string& image, const registry::RetentionCandidate&,
                             RetentionVerdict, const std::vector<std::string>& along,
                             std::vector<std::string>& out);

// Entries that one part of an answer holds.
constexpr std::size_t kEntriesPerPart = 256;

// Of a repository so many of its images are read first, where few are asked for; then ever more.
constexpr std::size_t kFewImages = 16;
constexpr std::size_t kManyImages = 2 * kEntriesPerPart;
// In the position of a part: what stands after it is how its repository was judged.
constexpr char kJudged = '~';

// A namespace's repositories one after the other. Each is judged once, when its first images are
// looked at; a part that goes on with one goes on with that judgement, which its link names.
class Judging final : public Walk {
 public:
  Judging(const RegistryDeps& deps, const Context& context, NamedPolicy named, PrintJudged print)
      : retention_(deps.retention),
        registry_(context.registry.name),
        host_(NameFor(context)),
        named_(std::move(named)),
        print_(print) {}

  Status Begin(std::string_view start) override {
    const std::size_t at = start.find(kJudged);
    BW_TRY(position_, ImagePositionOf(start.substr(0, at)));
    if (at != std::string_view::npos) earlier_ = std::string(start.substr(at + 1));
    return Ok();
  }
  // The first gives none: an answer begins before the first repository is judged, which takes as
  // long as reading all of it. What can be wrong with the request was looked at before.
  Result<std::vector<std::string>> Next(std::size_t most) override {
    std::vector<std::string> entries;
    if (!std::exchange(begun_, true)) return entries;
    const std::size_t wanted = std::min(most, kEntriesPerPart);
    read_next_ = std::max(kFewImages, 2 * wanted);
    BW_TRY_STATUS(Advance());
    if (!judged_) {
      set_more(false);
      return entries;
    }
    // On through the repository until there are as many.
    while (entries.size() < wanted && (at_ < some_.images.size() || some_.more)) {
      if (at_ == some_.images.size()) BW_TRY_STATUS(Read());
      BW_TRY_STATUS(Print(wanted - entries.size(), entries));
    }
    return entries;
  }
  std::string Position() const override {
    std::string position = ToString(position_);
    if (judged_) position += kJudged + judged_->judgement.ToText();
    return position;
  }

 private:
  // To a repository that has images left, or behind the last one.
  Status Advance() {
    using Bound = registry::Retention::Bound;
    if (const std::string earlier = std::exchange(earlier_, {}); !earlier.empty()) {
      BW_TRY(judged_, retention_.GoOn(registry_, named_.name_space, named_.policy,
                                      position_.repository, earlier));
      if (judged_) BW_TRY_STATUS(Read());
    }
    while (!judged_ || (at_ == some_.images.size() && !some_.more)) {
      BW_TRY(judged_, retention_.JudgeNext(registry_, named_.name_space, named_.policy,
                                           judged_ ? judged_->name : position_.repository,
                                           judged_ ? Bound::kAfter : Bound::kFrom));
      if (!judged_) return Ok();
      if (judged_->name != position_.repository) position_ = {judged_->name, {}};
      BW_TRY_STATUS(Read());
    }
    return Ok();
  }
  // The repository's images after the position.
  Status Read() {
    BW_TRY(some_, retention_.ImagesOf(registry_, named_.name_space, *judged_, position_.digest,
                                      read_next_));
    at_ = 0;
    read_next_ = std::min(2 * read_next_, kManyImages);
    return Ok();
  }
  // At most so many of what was read, perhaps without an entry.
  Status Print(std::size_t most, std::vector<std::string>& entries) {
    const std::size_t end = at_ + std::min(most, some_.images.size() - at_);
    BW_TRY(const auto along, TagsGoingAlong(end));
    for (; at_ < end; ++at_) {
      const auto& image = some_.images[at_];
      const auto tags = along.find(image.digest.text());
      print_(FullName(host_, judged_->name) + "@" + image.digest.text(), image, some_.verdicts[at_],
             tags == along.end() ? std::vector<std::string>() : tags->second, entries);
      position_.digest = image.digest.text();
    }
    return Ok();
  }
  // Of those up to `end` that are deleted.
  Result<std::map<std::string, std::vector<std::string>>> TagsGoingAlong(std::size_t end) const {
    std::vector<oci::Digest> going;
    for (std::size_t i = at_; i < end; ++i) {
      if (some_.verdicts[i] != RetentionVerdict::kDelete) continue;
      going.push_back(some_.images[i].digest);
    }
    if (going.empty()) return std::map<std::string, std::vector<std::string>>();
    return retention_.TagsGoingAlong(registry_, named_.name_space, judged_->name, going);
  }

  const registry::Retention& retention_;
  const RegistryName registry_;
  const std::string host_;
  const NamedPolicy named_;
  const PrintJudged print_;
  bool begun_ = false;
  std::string earlier_;               // how the repository of the position was judged
  registry::ImagePosition position_;  // of the last image that was looked at
  std::optional<JudgedRepository> judged_;
  registry::JudgedImages some_;  // of its images
  std::size_t at_ = 0;           // the next of those
  std::size_t read_next_ = kFewImages;
};

void PrintDeletion(const std::string& image, const registry::RetentionCandidate& candidate,
                   RetentionVerdict verdict, const std::vector<std::string>& along,
                   std::vector<std::string>& out) {
  if (verdict != RetentionVerdict::kDelete) return;
  std::vector<std::string> tags = candidate.tags;
  tags.insert(tags.end(), along.begin(), along.end());
  out.push_back(Member(image, TextArray(tags)));
}

void PrintExplanation(const std::string& image, const registry::RetentionCandidate& candidate,
                      RetentionVerdict verdict, const std::vector<std::string>&,
                      std::vector<std::string>& out) {
  out.push_back(json::Serialize(json::Object{
      {"image", json::Text(image)},
      {"tags", TextArray(candidate.tags)},
      {"created", candidate.created ? json::Value(json::Text(FormatRfc3339(*candidate.created)))
                                    : json::Value()},
      {"pushed", json::Text(FormatRfc3339(candidate.pushed))},
      {"pulled", candidate.pulled ? json::Value(json::Text(FormatRfc3339(*candidate.pulled)))
                                  : json::Value()},
      {"kept", verdict != RetentionVerdict::kDelete},
      {"rule", json::Text(ToString(verdict))},
      {"reason", json::Text(Explain(verdict))}}));
}

// What a policy would delete, for whom `right` on its namespace is enough to know.
Result<net::Response> Analysis(const RegistryDeps& deps, Context& context, std::string_view right) {
  BW_TRY(NamedPolicy named, ReadPolicy(deps, context));
  const control::Resource about = NamespaceNamed(deps, context, named.name_space);
  context.activity.resource = about;
  context.activity.request = PolicyJson(named.name_space, named.policy);
  BW_TRY_STATUS(deps.authorizer.Authorize(context.caller, right, about));
  BW_TRY_STATUS(deps.retention.Get(context.account, context.registry.name, named.name_space));
  return WalkResponse(context, ListKind::kObject,
                      std::make_shared<Judging>(deps, context, std::move(named), PrintDeletion));
}

Result<net::Response> AnalyzeRetentionPolicy(const RegistryDeps& deps, Context& context) {
  return Analysis(deps, context, action::kRetentionAnalyze);
}

Result<net::Response> ExplainRetention(const RegistryDeps& deps, Context& context) {
  NamedPolicy named{.name_space = context.Path("name"), .policy = {}};
  BW_TRY(named.policy,
         deps.retention.Get(context.account, context.registry.name, named.name_space));
  return WalkResponse(context, ListKind::kArray,
                      std::make_shared<Judging>(deps, context, std::move(named), PrintExplanation));
}

// It is applied at once: a dry run says what that would delete. Whoever may set it may ask, also
// Writers, who may not analyse.
Result<net::Response> SetRetentionPolicy(const RegistryDeps& deps, Context& context) {
  BW_TRY(const bool dry_run, BoolParameter(context, "dry_run", false));
  if (dry_run) {
    context.activity.action = action::kRetentionAnalyze;
    return Analysis(deps, context, action::kRetentionSet);
  }
  BW_TRY(const NamedPolicy named, ReadPolicy(deps, context));
  BW_TRY_STATUS(deps.retention.Set(context.caller, context.account, context.registry,
                                   named.name_space, named.policy));
  return EmptyResponse(201);
}

}  // namespace

void AddRetentionEndpoints(const RegistryFace& face, const RegistryDeps& deps,
                           std::vector<Endpoint>* out) {
  const auto of_path = [deps](const Context& context) {
    return NamespaceNamed(deps, context, context.Path("name"));
  };
  out->push_back({"GET", "/api/v1/retentions", "ListRetentionPolicies",
                  Access::SignedIn("lists only policies that the caller may list"), face,
                  [deps](Context& c) { return ListRetentionPolicies(deps, c); },
                  Recorded::As(action::kRetentionList)});
  out->push_back({"POST",
                  "/api/v1/retentions",
                  "SetRetentionPolicy",
                  Access::SignedIn("the right is needed on the namespace that the body names"),
                  face,
                  [deps](Context& c) { return SetRetentionPolicy(deps, c); },
                  {},
                  DryRun::kTaken});
  out->push_back({"POST", "/api/v1/retentions/analyze", "AnalyzeRetentionPolicy",
                  Access::SignedIn("the right is needed on the namespace that the body names"),
                  face, [deps](Context& c) { return AnalyzeRetentionPolicy(deps, c); },
                  Recorded::As(action::kRetentionAnalyze)});
  out->push_back({"GET", "/api/v1/retentions/{name}", "GetRetentionPolicy",
                  Access::To(action::kRetentionGet, of_path), face,
                  [deps](Context& c) { return GetRetentionPolicy(deps, c); }});
  // Why each image of the namespace is kept or not.
  out->push_back({"GET", "/breakwater/v1/namespaces/{name}/retention", "ExplainRetention",
                  Access::To(action::kRetentionAnalyze, of_path), face,
                  [deps](Context& c) { return ExplainRetention(deps, c); }});
}

}  // namespace breakwater::api::management

#include "advisor/exemptions.h"

#include <algorithm>

#include "registry/namespaces.h"

namespace breakwater::advisor {
namespace {

constexpr std::string_view kCreate = "container-registry.exemption.create";
constexpr std::string_view kDelete = "container-registry.exemption.delete";
constexpr std::string_view kCve = "cve";
constexpr std::string_view kNotice = "sn";
constexpr std::string_view kConfiguration = "configuration";

bool AllDigits(std::string_view text) {
  return text.find_first_not_of("0123456789") == std::string_view::npos;
}

bool IsCve(std::string_view id) {
  constexpr std::string_view kPrefix = "CVE-";
  if (!id.starts_with(kPrefix)) return false;
  id.remove_prefix(kPrefix.size());
  return id.size() >= 9 && id.size() <= 24 && AllDigits(id.substr(0, 4)) && id[4] == '-' &&
         AllDigits(id.substr(5));
}

bool IsName(std::string_view id) {
  constexpr std::string_view kFirst =
      "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789";
  if (id.empty() || id.size() > 128 || kFirst.find(id.front()) == std::string_view::npos) {
    return false;
  }
  return std::ranges::all_of(id, [&](char c) {
    return kFirst.find(c) != std::string_view::npos ||
           std::string_view("._:-").find(c) != std::string_view::npos;
  });
}

const ExemptionType* TypeNamed(std::string_view identifier) {
  const auto found = std::ranges::find(ExemptionTypes(), identifier, &ExemptionType::identifier);
  return found == ExemptionTypes().end() ? nullptr : &*found;
}

Result<std::vector<Exemption>> ReadScope(db::Transaction& tx, const AccountId& account,
                                         const RegistryName& registry,
                                         const ExemptionScope& scope) {
  return tx.QueryAll(
      "SELECT issue_type, issue_id FROM advisor_exemption WHERE account = $1 AND registry = $2 "
      "AND scope = $3 ORDER BY issue_type, issue_id",
      {account, registry, scope.text()},
      [&](const db::Row& row) { return Exemption{scope, {row.String(0), row.String(1)}}; });
}

Exemption ExemptionOf(const db::Row& row) {
  return {ExemptionScope::FromText(row.String(0)), {row.String(1), row.String(2)}};
}

// kMaxExemptions at most.
Result<std::vector<Exemption>> ReadAll(db::Transaction& tx, const AccountId& account,
                                       const RegistryName& registry) {
  return tx.QueryAll(
      "SELECT scope, issue_type, issue_id FROM advisor_exemption WHERE account = $1 AND "
      "registry = $2 ORDER BY scope, issue_type, issue_id",
      {account, registry}, ExemptionOf);
}

// Those of scopes from `from`, before `to`.
Result<std::vector<Exemption>> ReadScopes(db::Transaction& tx, const AccountId& account,
                                          const RegistryName& registry, const std::string& from,
                                          const std::string& to) {
  return tx.QueryAll(
      "SELECT scope, issue_type, issue_id FROM advisor_exemption WHERE account = $1 AND "
      "registry = $2 AND scope >= $3 AND scope < $4 ORDER BY scope, issue_type, issue_id",
      {account, registry, from, to}, ExemptionOf);
}

Result<bool> IsThere(db::Transaction& tx, const AccountId& account, const RegistryName& registry,
                     const Exemption& exemption) {
  BW_TRY(const auto found,
         tx.QueryOne(
             "SELECT 1 FROM advisor_exemption WHERE account = $1 AND registry = $2 AND "
             "scope = $3 AND issue_type = $4 AND issue_id = $5",
             {account, registry, exemption.scope.text(), exemption.issue.type, exemption.issue.id},
             [](const db::Row&) { return true; }));
  return found.has_value();
}

Status CheckRoom(db::Transaction& tx, const AccountId& account, const RegistryName& registry) {
  BW_TRY(const auto count,
         tx.QueryOne("SELECT count(*) FROM advisor_exemption WHERE account = $1 "
                     "AND registry = $2",
                     {account, registry}, [](const db::Row& row) { return row.Int(0); }));
  if (count.value_or(0) < kMaxExemptions) return Ok();
  return Conflict("the account has " + std::to_string(kMaxExemptions) +
                  " exemptions in this registry, which is the most it can have")
      .Reason("exemption_limit");
}

Error NoSuchExemption() {
  return NotFound("there is no such exemption").Reason("exemption_unknown");
}

json::Value Document(const Exemption& exemption) {
  return {{"scope", json::Text(exemption.scope.text().empty() ? "*" : exemption.scope.text())},
          {"issue_type", json::Text(exemption.issue.type)},
          {"issue_id", json::Text(exemption.issue.id)}};
}

// By scope and type: each kind of a scope's issues is a field of a record.
json::Value Document(const std::vector<Exemption>& exemptions) {
  json::Object scopes;
  for (const Exemption& one : exemptions) {
    const std::string& scope = one.scope.text();
    json::Value& types = scopes[scope.empty() ? "*" : scope];
    if (types.is_null()) types.emplace_object();
    json::Value& ids = types.get_object()[one.issue.type];
    if (ids.is_null()) ids.emplace_array();
    ids.get_array().push_back(json::Text(one.issue.id));
  }
  return {{"number", exemptions.size()}, {"exemptions", std::move(scopes)}};
}

control::Change NewChange(std::string_view action, control::Resource resource) {
  control::Change change;
  change.action = std::string(action);
  change.resource = std::move(resource);
  return change;
}

// Of the image that is exempt, for the record; empty where it is no image, or not there.
Result<std::string> DigestOf(db::Transaction& tx, const RegistryName& registry,
                             const ExemptionScope& scope) {
  const std::string reference(scope.reference());
  if (reference.empty() || reference.find(':') != std::string::npos) return reference;
  const std::string name = scope.text().substr(0, scope.text().find(':'));
  BW_TRY(
      const auto digest,
      tx.QueryOne("SELECT t.digest FROM repository r JOIN tag t ON t.repository = r.id WHERE "
                  "r.registry = $1 AND r.name = $2 AND t.name = $3",
                  {registry, name, reference}, [](const db::Row& row) { return row.String(0); }));
  return digest.value_or("");
}

}  // namespace

const std::vector<ExemptionType>& ExemptionTypes() {
  constexpr std::string_view kNamePattern = "^[A-Za-z0-9][A-Za-z0-9._:-]{0,127}$";
  static const std::vector<ExemptionType> types = {
      {kCve, "CVE", "^CVE-[0-9]{4}-[0-9]{4,19}$", IsCve},
      {kNotice, "Security Notice", kNamePattern, IsName},
      {kConfiguration, "Configuration Issue", kNamePattern, IsName}};
  return types;
}

Status Validate(const ExemptIssue& issue) {
  const ExemptionType* type = TypeNamed(issue.type);
  if (type == nullptr) {
    return Invalid("the type of an exemption is cve, sn or configuration").Reason("invalid_field");
  }
  if (type->accepts(issue.id)) return Ok();
  return Invalid("the id of an exemption of type " + issue.type + " must match " +
                 std::string(type->pattern))
      .Reason("invalid_field");
}

Result<ExemptionScope> ExemptionScope::Of(const oci::ImageName& name) {
  if (!name.tag && !name.digest) return ExemptionScope(name.repository);
  if (name.repository.find('/') == std::string::npos) {
    return Invalid("a namespace has neither a tag nor a digest").Reason("invalid_field");
  }
  // Beside a digest, a tag says nothing.
  return ExemptionScope(name.digest ? name.repository + "@" + name.digest->text()
                                    : name.repository + ":" + *name.tag);
}

std::string_view ExemptionScope::type() const {
  if (text_.empty()) return "account";
  if (!reference().empty()) return "image";
  return repository().empty() ? "namespace" : "repository";
}

std::string_view ExemptionScope::name_space() const {
  return std::string_view(text_).substr(0, text_.find('/'));
}

std::string_view ExemptionScope::repository() const {
  const std::size_t slash = text_.find('/');
  if (slash == std::string::npos) return {};
  const std::string_view rest = std::string_view(text_).substr(slash + 1);
  return rest.substr(0, rest.find_first_of("@:"));
}

std::string_view ExemptionScope::reference() const {
  const std::size_t at = text_.find_first_of("@:");
  return at == std::string::npos ? std::string_view() : std::string_view(text_).substr(at + 1);
}

control::Resource ExemptedResource(const AccountId& account, const control::RegistryInfo& registry,
                                   const ExemptionScope& scope) {
  control::Resource resource = control::ServiceResource(account, registry.name, registry.region);
  if (scope.text().empty()) return resource;
  resource.kind = scope.type();
  resource.name = scope.text();
  return resource;
}

std::vector<ExemptionScope> ExemptionScope::Widening() const {
  std::vector<ExemptionScope> scopes{*this};
  if (!reference().empty()) {
    scopes.push_back(ExemptionScope(text_.substr(0, text_.find_first_of("@:"))));
  }
  if (!repository().empty()) scopes.push_back(ExemptionScope(std::string(name_space())));
  if (!text_.empty()) scopes.emplace_back();
  return scopes;
}

void ExemptIds::Add(const ExemptIssue& issue) {
  if (issue.type == kCve) vulnerabilities.insert(issue.id);
  if (issue.type == kNotice) notices.insert(issue.id);
  if (issue.type == kConfiguration) checks.insert(issue.id);
}

std::vector<ExemptIssue> ExemptIds::all() const {
  std::vector<ExemptIssue> issues;
  const auto add = [&](std::string_view type, const std::set<std::string, std::less<>>& ids) {
    for (const std::string& id : ids) issues.push_back({std::string(type), id});
  };
  add(kConfiguration, checks);
  add(kCve, vulnerabilities);
  add(kNotice, notices);
  return issues;
}

void ExemptIssues::Add(const ExemptIssue& issue) {
  ExemptIds one;
  one.Add(issue);
  Add(std::make_shared<const ExemptIds>(std::move(one)));
}

void ExemptIssues::Add(std::shared_ptr<const ExemptIds> ids) {
  if (ids != nullptr) all_.push_back(std::move(ids));
}

bool ExemptIssues::HasVulnerability(std::string_view id) const {
  return std::ranges::any_of(all_,
                             [&](const auto& ids) { return ids->vulnerabilities.contains(id); });
}

bool ExemptIssues::HasNotice(std::string_view id) const {
  return std::ranges::any_of(all_, [&](const auto& ids) { return ids->notices.contains(id); });
}

ExemptState StateOf(std::string_view vulnerability, const std::set<std::string>& notices,
                    const ExemptIssues& exempt) {
  if (exempt.HasVulnerability(vulnerability)) return ExemptState::kExempt;
  const auto covered = static_cast<std::size_t>(std::ranges::count_if(
      notices, [&](const std::string& notice) { return exempt.HasNotice(notice); }));
  if (covered == 0) return ExemptState::kActive;
  return covered == notices.size() ? ExemptState::kExempt : ExemptState::kPartial;
}

IssueCounts CountIssues(const Issues& issues, const ExemptIssues& exempt) {
  IssueCounts counts;
  for (const auto& [vulnerability, notices] : issues) {
    const bool is_exempt = StateOf(vulnerability, notices, exempt) == ExemptState::kExempt;
    ++(is_exempt ? counts.exempt : counts.active);
  }
  return counts;
}

ImageStatus StatusOf(const IssueCounts& issues, ImageStatus otherwise) {
  if (issues.active > 0) return ImageStatus::kFail;
  return issues.exempt > 0 && otherwise == ImageStatus::kOk ? ImageStatus::kWarn : otherwise;
}

ImageStatus StatusOf(const Assessment& assessment, IssueScope scope, const ExemptIssues& exempt) {
  const IssueCounts counts = CountIssues(IssuesByName(IssuesOf(assessment, scope)), exempt);
  if (counts.exempt == 0) return StatusOf(assessment, scope);
  return StatusOf(counts, StatusWithoutIssues(assessment));
}

ExemptionSet::ExemptionSet(const std::vector<Exemption>& exemptions) {
  std::map<std::string, ExemptIds> by_scope;
  for (const Exemption& one : exemptions) by_scope[one.scope.text()].Add(one.issue);
  for (auto& [scope, ids] : by_scope) {
    by_scope_.emplace(scope, std::make_shared<const ExemptIds>(std::move(ids)));
  }
}

ExemptionSet::Ids ExemptionSet::Find(const std::string& scope) const {
  const auto found = by_scope_.find(scope);
  return found == by_scope_.end() ? nullptr : found->second;
}

bool ExemptionSet::HasTag(const std::string& repository, const std::string& tag) const {
  return by_scope_.contains(repository + ":" + tag);
}

ExemptionSet::Ids ExemptionSet::SharedBy(const std::string& repository,
                                         const std::vector<std::string>& tags) const {
  Ids shared;
  for (const std::string& tag : tags) {
    const Ids own = Find(repository + ":" + tag);
    if (own == nullptr) return nullptr;
    if (shared == nullptr) {
      shared = own;
      continue;
    }
    ExemptIds left = *shared;
    const auto not_in = [](const auto& ids) {
      return [&ids](const std::string& id) { return !ids.contains(id); };
    };
    std::erase_if(left.vulnerabilities, not_in(own->vulnerabilities));
    std::erase_if(left.notices, not_in(own->notices));
    std::erase_if(left.checks, not_in(own->checks));
    shared = std::make_shared<const ExemptIds>(std::move(left));
  }
  return shared;
}

ExemptIssues ExemptionSet::For(const NamedImage& image) const {
  ExemptIssues all;
  if (empty()) return all;
  all.Add(image.tag ? Find(image.repository + ":" + *image.tag)
                    : SharedBy(image.repository, image.tags));
  for (const oci::Digest& digest : image.digests)
    all.Add(Find(image.repository + "@" + digest.text()));
  for (const ExemptionScope& scope : ExemptionScope::FromText(image.repository).Widening()) {
    all.Add(Find(scope.text()));
  }
  return all;
}

std::vector<Exemption> ExemptionSet::ListFor(const NamedImage& image) const {
  std::vector<Exemption> list;
  const auto add = [&](const std::string& scope, const Ids& ids) {
    if (ids == nullptr) return;
    for (ExemptIssue& issue : ids->all()) {
      list.push_back({ExemptionScope::FromText(scope), std::move(issue)});
    }
  };
  const auto add_all_of = [&](const std::string& scope) { add(scope, Find(scope)); };
  if (image.tag) {
    add_all_of(image.repository + ":" + *image.tag);
  } else {
    const Ids shared = SharedBy(image.repository, image.tags);
    for (const std::string& tag : image.tags) add(image.repository + ":" + tag, shared);
  }
  for (const oci::Digest& digest : image.digests)
    add_all_of(image.repository + "@" + digest.text());
  for (const ExemptionScope& scope : ExemptionScope::FromText(image.repository).Widening()) {
    add_all_of(scope.text());
  }
  return list;
}

Result<std::vector<Exemption>> Exemptions::List(const AccountId& account,
                                                const RegistryName& registry) const {
  return database_.ReadValue([&](db::Transaction& tx) { return ReadAll(tx, account, registry); });
}

Result<std::vector<Exemption>> Exemptions::ListOf(const AccountId& account,
                                                  const RegistryName& registry,
                                                  const std::vector<ExemptionScope>& scopes) const {
  return database_.ReadValue([&](db::Transaction& tx) -> Result<std::vector<Exemption>> {
    std::vector<Exemption> all;
    for (const ExemptionScope& scope : scopes) {
      BW_TRY(auto some, ReadScope(tx, account, registry, scope));
      std::ranges::move(some, std::back_inserter(all));
    }
    return all;
  });
}

Result<ExemptionSet> Exemptions::SetFor(const AccountId& account, const RegistryName& registry,
                                        const NamedImage& image) const {
  std::vector<ExemptionScope> scopes = ExemptionScope::FromText(image.repository).Widening();
  for (const oci::Digest& digest : image.digests) {
    scopes.push_back(ExemptionScope::FromText(image.repository + "@" + digest.text()));
  }
  if (image.tag) scopes.push_back(ExemptionScope::FromText(image.repository + ":" + *image.tag));
  BW_TRY(auto found, ListOf(account, registry, scopes));
  if (!image.tag && !image.tags.empty()) {
    // An image may have more tags than there are exemptions: those of all tags of the repository,
    // which lie between "ns/app:" and "ns/app;", as ';' follows ':'.
    BW_TRY(auto of_tags, database_.ReadValue([&](db::Transaction& tx) {
      return ReadScopes(tx, account, registry, image.repository + ":", image.repository + ";");
    }));
    std::ranges::move(of_tags, std::back_inserter(found));
  }
  return ExemptionSet(found);
}

Result<Exemption> Exemptions::Get(const AccountId& account, const RegistryName& registry,
                                  const Exemption& exemption) const {
  BW_TRY(const bool there, database_.ReadValue([&](db::Transaction& tx) {
    return IsThere(tx, account, registry, exemption);
  }));
  if (!there) return NoSuchExemption();
  return exemption;
}

Status Exemptions::Create(const control::Caller& caller, const AccountId& account,
                          const control::RegistryInfo& registry, const Exemption& exemption) {
  BW_TRY_STATUS(Validate(exemption.issue));
  control::Change change = NewChange(kCreate, ExemptedResource(account, registry, exemption.scope));
  change.apply = [&](db::Transaction& tx) -> Result<control::Effect> {
    const std::string name_space(exemption.scope.name_space());
    if (!name_space.empty()) {
      BW_TRY_STATUS(registry::Namespaces::GetOwned(tx, account, registry.name, name_space));
    }
    BW_TRY(const bool there, IsThere(tx, account, registry.name, exemption));
    if (!there) {
      BW_TRY_STATUS(CheckRoom(tx, account, registry.name));
      BW_TRY_STATUS(tx.Execute(
          "INSERT INTO advisor_exemption (account, registry, scope, name_space, issue_type, "
          "issue_id, created) VALUES ($1, $2, $3, $4, $5, $6, $7)",
          {account, registry.name, exemption.scope.text(), name_space, exemption.issue.type,
           exemption.issue.id, clock_.Now()}));
    }
    BW_TRY(auto digest, DigestOf(tx, registry.name, exemption.scope));
    return control::Effect{.before = there ? Document(exemption) : json::Value(),
                           .after = Document(exemption),
                           .governed = {},
                           .events = {},
                           .target_digest = std::move(digest)};
  };
  return changes_.Submit(caller, change);
}

Status Exemptions::Delete(const control::Caller& caller, const AccountId& account,
                          const control::RegistryInfo& registry, const Exemption& exemption) {
  control::Change change = NewChange(kDelete, ExemptedResource(account, registry, exemption.scope));
  change.apply = [&](db::Transaction& tx) -> Result<control::Effect> {
    BW_TRY(const std::int64_t deleted,
           tx.Execute("DELETE FROM advisor_exemption WHERE account = $1 AND registry = $2 AND "
                      "scope = $3 AND issue_type = $4 AND issue_id = $5",
                      {account, registry.name, exemption.scope.text(), exemption.issue.type,
                       exemption.issue.id}));
    if (deleted == 0) return NoSuchExemption();
    BW_TRY(auto digest, DigestOf(tx, registry.name, exemption.scope));
    return control::Effect{.before = Document(exemption),
                           .after = nullptr,
                           .governed = {},
                           .events = {},
                           .target_digest = std::move(digest)};
  };
  return changes_.Submit(caller, change);
}

Result<std::int64_t> Exemptions::DeleteAll(const control::Caller& caller, const AccountId& account,
                                           const control::RegistryInfo& registry) {
  std::int64_t deleted = 0;
  control::Change change = NewChange(kDelete, ExemptedResource(account, registry, {}));
  change.apply = [&](db::Transaction& tx) -> Result<control::Effect> {
    BW_TRY(const auto all, ReadAll(tx, account, registry.name));
    BW_TRY(deleted, tx.Execute("DELETE FROM advisor_exemption WHERE account = $1 AND registry = $2",
                               {account, registry.name}));
    return control::Effect{.before = Document(all), .after = nullptr, .governed = {}, .events = {}};
  };
  BW_TRY_STATUS(changes_.Submit(caller, change));
  return deleted;
}

}  // namespace breakwater::advisor

// Exemptions: issues of images that an account has accepted (ibm-registry 2.5). Reports go on
// naming an exempt issue, and neither their counters nor their status count it as active. What
// rules and goals judge is not changed by them: for that there is the register of exceptions, which
// asks for a reason, an end and a second person.
#pragma once

#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <set>
#include <string>
#include <string_view>
#include <vector>

#include "advisor/assessment.h"
#include "base/ids.h"
#include "base/result.h"
#include "base/time.h"
#include "control/change.h"
#include "control/registries.h"
#include "db/database.h"
#include "oci/digest.h"
#include "oci/names.h"

namespace breakwater::advisor {

inline constexpr std::int64_t kMaxExemptions = 10'000;  // of an account in a registry

// What is exempt: a vulnerability, a distributor's notice, or a check of the configuration.
struct ExemptionType {
  std::string_view identifier;
  std::string_view display_name;
  std::string_view pattern;  // of the ids, as a regular expression for people and programs
  bool (*accepts)(std::string_view id);  // says the same
};
const std::vector<ExemptionType>& ExemptionTypes();

struct ExemptIssue {
  std::string type;  // an identifier of ExemptionTypes
  std::string id;
  friend auto operator<=>(const ExemptIssue&, const ExemptIssue&) = default;
};
// kInvalid "invalid_field": no such type, or no id of that type.
Status Validate(const ExemptIssue& issue);

// What an exemption applies to: all of an account in a registry, a namespace, a repository, or an
// image of it by tag or digest.
class ExemptionScope {
 public:
  ExemptionScope() = default;  // all of the account
  // "*", "ns", "ns/repo", "ns/repo:tag" or "ns/repo@sha256:…", without a host. kInvalid.
  static Result<ExemptionScope> Of(const oci::ImageName& name);
  // As it was stored.
  static ExemptionScope FromText(std::string text) { return ExemptionScope(std::move(text)); }

  const std::string& text() const { return text_; }  // empty: all of the account
  std::string_view type() const;  // "account", "namespace", "repository", "image"
  std::string_view name_space() const;
  std::string_view repository() const;  // within the namespace; empty: all of it
  std::string_view reference() const;   // a tag or a digest; empty: all of the repository
  // Itself and every wider one.
  std::vector<ExemptionScope> Widening() const;

 private:
  explicit ExemptionScope(std::string text) : text_(std::move(text)) {}
  std::string text_;
};

// What the right to exempt is needed on, and the record is about: the right is one on the account's
// service as a whole, so it names the image, repository or namespace without lying in one.
control::Resource ExemptedResource(const AccountId& account, const control::RegistryInfo& registry,
                                   const ExemptionScope& scope);

struct Exemption {
  ExemptionScope scope;
  ExemptIssue issue;
};

// Ids of issues by their types.
struct ExemptIds {
  std::set<std::string, std::less<>> vulnerabilities;
  std::set<std::string, std::less<>> notices;
  std::set<std::string, std::less<>> checks;

  void Add(const ExemptIssue& issue);
  std::vector<ExemptIssue> all() const;  // by type and id
};

// Those that apply to one image. Cheap to copy.
class ExemptIssues {
 public:
  void Add(const ExemptIssue& issue);
  void Add(std::shared_ptr<const ExemptIds> ids);

  bool HasVulnerability(std::string_view id) const;
  bool HasNotice(std::string_view id) const;
  bool empty() const { return all_.empty(); }

 private:
  std::vector<std::shared_ptr<const ExemptIds>> all_;
};

// How far a vulnerability is exempt: of itself, by all of the notices that speak of it, or by some.
enum class ExemptState { kActive, kPartial, kExempt };
ExemptState StateOf(std::string_view vulnerability, const std::set<std::string>& notices,
                    const ExemptIssues& exempt);

struct IssueCounts {
  std::int64_t active = 0;
  std::int64_t exempt = 0;
  friend bool operator==(const IssueCounts&, const IssueCounts&) = default;
};
IssueCounts CountIssues(const Issues& issues, const ExemptIssues& exempt);

// Of an image that would be `otherwise` without its issues: FAIL with one that is active; else WARN
// with one that is exempt, where nothing else keeps it from being OK.
ImageStatus StatusOf(const IssueCounts& issues, ImageStatus otherwise);
ImageStatus StatusOf(const Assessment& assessment, IssueScope scope, const ExemptIssues& exempt);

// An image by one of its names, as the scopes of exemptions see it.
struct NamedImage {
  std::string repository;
  // It is asked for by this tag; nothing: by its digest.
  std::optional<std::string> tag = {};
  std::vector<std::string> tags = {};  // all that lead to it; asked for only by digest
  // Its own, and of a list of images that of the one which is assessed.
  std::vector<oci::Digest> digests = {};
};

// Exemptions of an account in a registry. To an image apply those of the account, its namespace,
// its repository and its digests; to what is asked for by a tag, those of the tag
// (ibm-registry 2.5). Asked for by its digest, an image is what each of its tags leads to: an issue
// that is exempt for all of them is for the digest, and one that is for some is not.
class ExemptionSet {
 public:
  explicit ExemptionSet(const std::vector<Exemption>& exemptions);

  ExemptIssues For(const NamedImage& image) const;
  // The same as they were made, those of narrower scopes first.
  std::vector<Exemption> ListFor(const NamedImage& image) const;
  // Whether any is of this tag alone.
  bool HasTag(const std::string& repository, const std::string& tag) const;
  bool empty() const { return by_scope_.empty(); }

 private:
  using Ids = std::shared_ptr<const ExemptIds>;
  Ids Find(const std::string& scope) const;  // null: none
  // Of all of these tags; null: none.
  Ids SharedBy(const std::string& repository, const std::vector<std::string>& tags) const;

  std::map<std::string, Ids, std::less<>> by_scope_;
};

// Thread-safe.
class Exemptions {
 public:
  Exemptions(db::Database& database, const Clock& clock, control::ChangePath& changes)
      : database_(database), clock_(clock), changes_(changes) {}

  // By scope, type and id.
  Result<std::vector<Exemption>> List(const AccountId& account, const RegistryName& registry) const;
  // Those of exactly one of these scopes.
  Result<std::vector<Exemption>> ListOf(const AccountId& account, const RegistryName& registry,
                                        const std::vector<ExemptionScope>& scopes) const;
  // Those of which ExemptionSet may say that they apply to the image.
  Result<ExemptionSet> SetFor(const AccountId& account, const RegistryName& registry,
                              const NamedImage& image) const;
  // kNotFound.
  Result<Exemption> Get(const AccountId& account, const RegistryName& registry,
                        const Exemption& exemption) const;

  // Success, too, if it is there. kInvalid; kNotFound "name_unknown" if the account has no such
  // namespace; kConflict "exemption_limit".
  Status Create(const control::Caller& caller, const AccountId& account,
                const control::RegistryInfo& registry, const Exemption& exemption);
  // kNotFound.
  Status Delete(const control::Caller& caller, const AccountId& account,
                const control::RegistryInfo& registry, const Exemption& exemption);
  // How many there were.
  Result<std::int64_t> DeleteAll(const control::Caller& caller, const AccountId& account,
                                 const control::RegistryInfo& registry);

 private:
  db::Database& database_;
  const Clock& clock_;
  control::ChangePath& changes_;
};

}  // namespace breakwater::advisor

// The rules of context-based restrictions, made and changed.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "iam/changes.h"
#include "iam/restrictions.h"

namespace breakwater::iam {

// What a rule says; the rest of it is made here.
struct RestrictionContent {
  std::string description{};
  std::vector<RestrictionContext> contexts{};
  std::vector<RestrictionAttribute> resource{};
  json::Value operations{};
  Enforcement mode = Enforcement::kEnabled;
};

struct RestrictionUse {
  std::int64_t rules = 0;
  std::int64_t zones = 0;
};

// Thread-safe. Changing takes Administrator on context-based-restrictions, or on the whole of the
// service that the rule is about. What is wrong with a rule: see CheckRestriction; a zone that the
// account does not have is kInvalid "invalid_body".
class RestrictionRules {
 public:
  RestrictionRules(ChangeDeps deps, control::Authorizer& authorizer)
      : deps_(deps), authorizer_(authorizer) {}

  // kConflict "limit_exceeded" beyond the rules an account may have.
  Result<Restriction> Create(const control::Caller& caller, const AccountId& account,
                             const RestrictionContent& content);
  Result<Restriction> Get(const AccountId& account, std::string_view id);
  // By id.
  Result<std::vector<Restriction>> List(const AccountId& account);
  // Takes the right on what the rule was about, too.
  Result<Restriction> Replace(const control::Caller& caller, const AccountId& account,
                              std::string_view id, std::string_view if_match,
                              const RestrictionContent& content);
  Status Delete(const control::Caller& caller, const AccountId& account, std::string_view id);

  Result<RestrictionUse> Use(const AccountId& account);
  const Limits& limits() const { return deps_.limits; }

 private:
  ChangeDeps deps_;
  control::Authorizer& authorizer_;
};

// What the right to change a rule is decided on: the service it is about.
control::Resource RestrictionResource(const AccountId& account,
                                      const std::vector<RestrictionAttribute>& resource,
                                      std::string id = {});

}  // namespace breakwater::iam

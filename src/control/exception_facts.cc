#include "control/exception_facts.h"

#include <algorithm>

#include "control/exceptions.h"

namespace breakwater::control {
namespace {

constexpr std::string_view kService = "configuration-governance";
constexpr std::string_view kKind = "exception";
constexpr std::string_view kSource = "register of exceptions";

// Of either kind.
Result<std::vector<Exception>> Counting(db::Transaction& tx, const AccountId& account,
                                        Timestamp now) {
  BW_TRY(auto all, Exceptions::At(tx, account, ExceptionKind::kGoal, now));
  BW_TRY(auto rules, Exceptions::At(tx, account, ExceptionKind::kRule, now));
  std::ranges::move(rules, std::back_inserter(all));
  return all;
}

}  // namespace

Resource ExceptionResource(const AccountId& account, std::string_view id) {
  Resource resource = AccountResource(account, std::string(kKind), std::string(id));
  resource.service = kService;
  return resource;
}

std::vector<condition::ResourceType> ExceptionFacts::Types() const {
  return {{std::string(kService), std::string(kKind)}};
}

Result<std::vector<Resource>> ExceptionFacts::List(db::Transaction& tx,
                                                   const condition::ResourceType&,
                                                   const AccountId& account) {
  BW_TRY(const auto counting, Counting(tx, account, clock_.Now()));
  std::vector<Resource> resources;
  for (const Exception& one : counting) resources.push_back(ExceptionResource(account, one.id));
  return resources;
}

Result<condition::Facts> ExceptionFacts::Read(db::Transaction& tx, const Resource& resource) {
  const Timestamp now = clock_.Now();
  BW_TRY(const auto counting, Counting(tx, resource.account, now));
  const auto one = std::ranges::find(counting, resource.name, &Exception::id);
  if (one == counting.end()) return NotFound("there is no such exception");
  const auto days = std::chrono::ceil<std::chrono::days>(one->what.expires - *one->approved);
  const std::string source(kSource);
  condition::Facts facts;
  const auto set = [&](const char* property, condition::Value value) {
    facts.Set(property, condition::Fact::Present(std::move(value), source, now));
  };
  set("subject", one->what.subject);
  set("owner", one->what.owner);
  set("expires_at", one->what.expires);
  set("lifetime_days", condition::Number(days.count()));
  return facts;
}

}  // namespace breakwater::control

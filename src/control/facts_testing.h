// For tests of fact sources in the folders above.
#pragma once

#include <string>
#include <utility>
#include <vector>

#include <gtest/gtest.h>

#include "control/fact_events.h"
#include "control/facts.h"
#include "jobs/jobs.h"

namespace breakwater::control::testing {

// As evidence prints it; "absent" or "unavailable" where there is no value.
inline std::string TextOf(const condition::Facts& facts, std::string_view property) {
  const condition::Fact* fact = facts.Find(property);
  if (fact == nullptr || fact->state() == condition::FactState::kUnavailable) return "unavailable";
  return fact->value() == nullptr ? "absent" : json::Serialize(condition::ToJson(*fact->value()));
}

// Every property of the catalogue and none besides, each of its type.
inline void ExpectCatalogued(const condition::ResourceType& type, const condition::Facts& facts) {
  const auto* config = condition::Catalogue::BuiltIn().Find(type);
  ASSERT_NE(config, nullptr) << condition::ToString(type);
  EXPECT_EQ(config->properties.size(), facts.size()) << condition::ToString(type);
  for (const auto& property : config->properties) {
    const condition::Fact* fact = facts.Find(property.name);
    ASSERT_NE(fact, nullptr) << property.name;
    if (fact->value() == nullptr) continue;
    EXPECT_EQ(condition::TypeOf(*fact->value()), property.type) << property.name;
  }
}

// Resources of a type as a source lists them; one property of one.
class SourceReader {
 public:
  SourceReader(db::Database& database, FactSource& source) : database_(database), source_(source) {}

  std::vector<Resource> List(const condition::ResourceType& type, const AccountId& account) {
    return *database_.ReadValue(
        [&](db::Transaction& tx) { return source_.List(tx, type, account); });
  }
  std::vector<std::string> Names(const condition::ResourceType& type, const AccountId& account) {
    std::vector<std::string> names;
    for (const Resource& one : List(type, account)) names.push_back(one.name);
    return names;
  }
  Result<condition::Facts> Read(const Resource& resource) {
    return database_.ReadValue([&](db::Transaction& tx) { return source_.Read(tx, resource); });
  }
  std::string Text(const Resource& resource, std::string_view property) {
    const auto facts = Read(resource);
    return facts.ok() ? TextOf(*facts, property) : facts.error().message();
  }

 private:
  db::Database& database_;
  FactSource& source_;
};

// What kFactsChanged and kChangeCommitted told since it was asked last, each as "kind" or "kind
// name". Before jobs run.
class FactNews {
 public:
  explicit FactNews(jobs::Jobs& jobs) : jobs_(jobs) {
    jobs.Register("test.fact_news", {}, [this](const jobs::Job& job) {
      for (const json::Value& one : json::Find(job.payload, "governed")->as_array()) {
        std::string text(json::FindText(one, "kind"));
        if (const auto name = json::FindText(one, "name"); !name.empty()) {
          text += " " + std::string(name);
        }
        told_.push_back(std::move(text));
      }
      return Ok();
    });
    jobs.Subscribe(std::string(kFactsChanged), "test.fact_news");
    jobs.Subscribe(std::string(kChangeCommitted), "test.fact_news");
  }
  std::vector<std::string> Take() {
    EXPECT_TRUE(jobs_.RunDue().ok());
    return std::exchange(told_, {});
  }

 private:
  jobs::Jobs& jobs_;
  std::vector<std::string> told_;
};

}  // namespace breakwater::control::testing

#include "report/oscal.h"

#include <map>
#include <set>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "report/testing.h"

namespace breakwater::report {
namespace {

using posture::ResultStatus;
using ::testing::HasSubstr;

constexpr std::array kOscal = {Format::kOscalCatalog,
                               Format::kOscalProfile,
                               Format::kOscalComponentDefinition,
                               Format::kOscalAssessmentPlan,
                               Format::kOscalAssessmentResults,
                               Format::kOscalPoam};

json::Value Document(Format format, const posture::Assessment& a, const Options& options = {}) {
  const auto report = Render(format, a, options);
  EXPECT_TRUE(report.ok()) << report.error().message() << " " << report.error().log();
  auto document =
      json::Parse(report.ok() ? report->bytes : "null", {.max_bytes = 1U << 30, .max_depth = 64});
  EXPECT_TRUE(document.ok());
  return *document;
}

const json::Value& At(const json::Value& value, std::initializer_list<std::string_view> path) {
  static const json::Value kNone;
  const json::Value* at = &value;
  for (const std::string_view name : path) {
    at = name == "0" ? &at->as_array().at(0) : json::Find(*at, name);
    if (at == nullptr) return kNone;
  }
  return *at;
}

// Every value by its member's name, anywhere.
void Walk(const json::Value& value, const std::string& name,
          const std::function<void(const std::string&, const json::Value&)>& visit) {
  visit(name, value);
  if (value.is_object()) {
    for (const auto& member : value.as_object()) Walk(member.value(), member.key(), visit);
  } else if (value.is_array()) {
    for (const auto& element : value.as_array()) Walk(element, name, visit);
  }
}

std::string_view Property(const json::Value& object, std::string_view name) {
  const json::Value* properties = json::Find(object, "props");
  if (properties == nullptr) return "";
  for (const auto& property : properties->as_array()) {
    if (json::FindText(property, "name") == name) return json::FindText(property, "value");
  }
  return "";
}

TEST(OscalToken, HasNistsFormAndNoOtherCharacters) {
  EXPECT_EQ(TokenOf("AC-6(5)"), "ac-6.5");
  EXPECT_EQ(TokenOf("5.3"), "control-5.3");
  EXPECT_EQ(TokenOf(""), "control-");
  EXPECT_EQ(TokenOf("a b:c\n"), "a-b-c-");
}

TEST(OscalDocuments, HoldNoEmptyListAndOnlyVersionFiveUuids) {
  for (const Format format : kOscal) {
    for (const auto& assessment : {testing::Realistic(), testing::Hostile(), testing::Large(0)}) {
      Walk(Document(format, assessment), "", [&](const std::string& name, const json::Value& v) {
        EXPECT_FALSE(v.is_array() && v.as_array().empty()) << ToString(format) << " " << name;
        EXPECT_TRUE(!v.is_string() || name != "uuid" || v.as_string().at(14) == '5');
      });
    }
  }
}

TEST(OscalDocuments, PointOnlyAtWhatIsThere) {
  for (const Format format : kOscal) {
    for (const auto& assessment : {testing::Realistic(), testing::Hostile(), testing::Large(0)}) {
      const auto whole = CheckReferences(Document(format, assessment));
      EXPECT_TRUE(whole.ok()) << ToString(format) << ": " << whole.error().message();
    }
  }
}

TEST(OscalDocuments, NameTheVersionThatIsAskedForAndRefuseOthers) {
  for (const char* version : {"1.1.3", "1.2.2"}) {
    const auto document =
        Document(Format::kOscalCatalog, testing::Realistic(), {.oscal_version = version});
    EXPECT_EQ(At(document, {"catalog", "metadata", "oscal-version"}), json::Value(version));
  }
  EXPECT_FALSE(Render(Format::kOscalPoam, testing::Realistic(), {.oscal_version = "1.0"}).ok());
}

TEST(OscalDocuments, KeepIdsFromOneMomentToTheNext) {
  auto assessment = testing::Realistic();
  const auto ids = [](const json::Value& document) {
    std::set<std::string> found;
    Walk(At(document, {"assessment-results", "results", "0", "observations"}), "",
         [&](const std::string& name, const json::Value& v) {
           if (name == "uuid") found.insert(json::Serialize(v));
         });
    return found;
  };
  const auto before = Document(Format::kOscalAssessmentResults, assessment);
  assessment.at += std::chrono::hours{1};
  const auto after = Document(Format::kOscalAssessmentResults, assessment);
  EXPECT_EQ(ids(before), ids(after));
  EXPECT_NE(At(before, {"assessment-results", "uuid"}), At(after, {"assessment-results", "uuid"}));
}

TEST(OscalResults, HaveAnObservationForEachGoalAndResourceWithItsFacts) {
  const auto assessment = testing::Realistic();
  std::size_t expected = 0;
  for (const auto& goal : assessment.goals) {
    expected += std::max<std::size_t>(1, goal.result.resources.size());
  }
  const auto document = Document(Format::kOscalAssessmentResults, assessment);
  const auto& observations =
      At(document, {"assessment-results", "results", "0", "observations"}).as_array();
  ASSERT_EQ(observations.size(), expected);
  for (const auto& observation : observations) {
    if (Property(observation, "result") != "pass") continue;
    const auto& evidence = At(observation, {"relevant-evidence", "0"});
    EXPECT_TRUE(json::Parse(Property(evidence, "facts")).ok());
    EXPECT_TRUE(Property(evidence, "facts-digest").starts_with("sha256:"));
  }
}

TEST(OscalResults, AreNeverSatisfiedByWhatIsNotKnown) {
  const auto assessment = testing::Realistic();
  const auto document = Document(Format::kOscalAssessmentResults, assessment);
  std::map<std::string, std::size_t> states;
  for (const auto& finding :
       At(document, {"assessment-results", "results", "0", "findings"}).as_array()) {
    const std::string state(json::FindText(At(finding, {"target", "status"}), "state"));
    EXPECT_EQ(state == "satisfied", Property(finding, "result") == "pass");
    ++states[std::string(Property(finding, "result"))];
  }
  EXPECT_EQ(states["pass"], static_cast<std::size_t>(assessment.control_counts.pass));
  EXPECT_EQ(states["fail"], static_cast<std::size_t>(assessment.control_counts.fail));
  EXPECT_EQ(states["unable_to_perform"],
            static_cast<std::size_t>(assessment.control_counts.unable_to_perform));
  EXPECT_GT(states["unable_to_perform"], 0U);
}

TEST(OscalResults, PointAtStatementsAndControlsOfTheCatalog) {
  for (const auto& assessment : {testing::Realistic(), testing::Hostile()}) {
    std::set<std::string_view> there;
    const auto catalog = Document(Format::kOscalCatalog, assessment);
    Walk(catalog, "", [&](const std::string& name, const json::Value& v) {
      if (v.is_string() && name == "id") there.insert(json::View(v.as_string()));
    });
    std::size_t pointers = 0;
    for (const Format format : kOscal) {
      Walk(Document(format, assessment), "", [&](const std::string& name, const json::Value& v) {
        const bool points = name == "target-id" || name == "control-id" || name == "with-ids";
        if (!points || !v.is_string()) return;
        ++pointers;
        EXPECT_TRUE(there.contains(json::View(v.as_string()))) << v;
      });
    }
    EXPECT_GT(pointers, 100U);
  }
}

TEST(OscalResults, TellAnExceptionAsAnApprovedDeviationWithADeadline) {
  const auto document = Document(Format::kOscalAssessmentResults, testing::Realistic());
  std::size_t approved = 0;
  for (const auto& risk :
       At(document, {"assessment-results", "results", "0", "risks"}).as_array()) {
    if (json::FindText(risk, "status") != "deviation-approved") continue;
    ++approved;
    EXPECT_EQ(json::FindText(risk, "deadline"), "2026-04-30T12:00:00Z");
  }
  EXPECT_EQ(approved, 1U);
}

TEST(OscalPoam, HasAnItemForEachFailureInabilityAndException) {
  const auto assessment = testing::Realistic();
  const auto document = Document(Format::kOscalPoam, assessment);
  const auto& items = At(document, {"plan-of-action-and-milestones", "poam-items"}).as_array();
  EXPECT_EQ(items.size(), static_cast<std::size_t>(assessment.goal_counts.fail +
                                                   assessment.goal_counts.unable_to_perform + 1));
  const auto none = Document(Format::kOscalPoam, testing::Large(0));
  EXPECT_EQ(At(none, {"plan-of-action-and-milestones", "poam-items"}).as_array().size(), 1U);
}

TEST(OscalCatalog, ShowsEachControlOnceEvenWhereParentsGoInACircle) {
  auto assessment = testing::Realistic();
  assessment.controls[1].parent = assessment.controls[2].external_control_id;
  assessment.controls[2].parent = assessment.controls[1].external_control_id;
  const auto document = Document(Format::kOscalCatalog, assessment);
  std::size_t shown = 0;
  Walk(document, "", [&](const std::string& name, const json::Value& v) {
    if (v.is_object() && (name == "controls" || name == "groups")) ++shown;
  });
  EXPECT_EQ(shown, assessment.controls.size());
}

TEST(OscalProfile, SetsTheParametersInForceThatTheCatalogDeclares) {
  const auto assessment = testing::Realistic();
  std::set<std::string> declared;
  Walk(Document(Format::kOscalCatalog, assessment), "",
       [&](const std::string& name, const json::Value& v) {
         if (name == "params" && v.is_object()) declared.emplace(json::FindText(v, "id"));
       });
  const auto document = Document(Format::kOscalProfile, assessment);
  const auto& set = At(document, {"profile", "modify", "set-parameters"}).as_array();
  EXPECT_EQ(set.size(), assessment.parameters.as_object().size());
  for (const auto& one : set) {
    EXPECT_TRUE(declared.contains(std::string(json::FindText(one, "param-id"))));
  }
}

TEST(References, FindWhatIsNotThereAndWhatIsThereTwice) {
  const auto check = [](std::string_view text) {
    const auto status = CheckReferences(*json::Parse(text));
    return status.ok() ? std::string() : status.error().message();
  };
  EXPECT_EQ(check(R"({"a":{"uuid":"x"},"b":{"risk-uuid":"x","href":"#x"}})"), "");
  EXPECT_THAT(check(R"({"a":{"uuid":"x"},"b":{"risk-uuid":"y"}})"), HasSubstr("'y'"));
  EXPECT_THAT(check(R"({"a":{"uuid":"x"},"b":{"href":"#z"}})"), HasSubstr("'z'"));
  EXPECT_THAT(check(R"({"a":[{"uuid":"x"},{"uuid":"x"}]})"), HasSubstr("twice"));
  EXPECT_THAT(check(R"({"controls":[{"id":"c"}],"groups":[{"id":"c"}]})"), HasSubstr("twice"));
  EXPECT_THAT(check(R"({"roles":[{"id":"r"}],"p":{"role-id":"q"}})"), HasSubstr("role 'q'"));
  References known;
  known.Know("c1");
  known.Add("x", *json::Parse(R"([{"control-id":"c2"}])"));
  EXPECT_FALSE(known.Check().ok());
}

TEST(OscalResults, NameEachOfManyResources) {
  const auto document = Document(Format::kOscalAssessmentResults, testing::Large(5'000));
  EXPECT_EQ(At(document, {"assessment-results", "results", "0", "observations"}).as_array().size(),
            5'000U);
}

}  // namespace
}  // namespace breakwater::report

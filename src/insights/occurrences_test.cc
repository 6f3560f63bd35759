#include "insights/occurrences.h"

#include <gtest/gtest.h>

#include "control/testing.h"
#include "insights/raised.h"

namespace breakwater::insights {
namespace {

class OccurrencesTest : public ::testing::Test {
 protected:
  OccurrencesTest() {
    control_.jobs->Register("witness", {}, [this](const jobs::Job& job) -> Status {
      BW_TRY(auto raised, RaisedFrom(job.payload));
      raised_.push_back(std::move(raised));
      return Ok();
    });
    control_.jobs->Subscribe(std::string(kFindingRaised), "witness");
  }

  Status Register(const std::string& id, NoteKind kind = NoteKind::kFinding,
                  json::Value document = {{"short_description", "a door is open"},
                                          {"finding", {{"severity", "MEDIUM"}}}},
                  const std::string& provider = "doors") {
    BW_TRY_STATUS(notes_.Create(control_.caller, control_.account, provider,
                                {.id = id, .kind = kind, .document = std::move(document)}));
    return Ok();
  }
  Status Card(const std::string& id, const std::string& section, int order = 0) {
    json::Object card{{"section", json::Text(section)}};
    if (order != 0) card["order"] = order;
    return Register(id, NoteKind::kCard, {{"card", std::move(card)}});
  }

  OccurrenceDraft Draft(const std::string& id = "o1", std::optional<Severity> severity = {}) {
    return {.id = id,
            .kind = NoteKind::kFinding,
            .note_name = "acc/providers/doors/notes/open",
            .resource = "door 1",
            .severity = severity,
            .document = {}};
  }
  Result<Finding> Report(const OccurrenceDraft& draft, bool replace = false) {
    return occurrences_.Create(control_.caller, control_.account, "doors", draft, replace);
  }
  std::size_t Alerts() {
    EXPECT_TRUE(control_.jobs->RunDue().ok());
    return raised_.size();
  }

  control::testing::ControlFixture control_;
  Findings findings_{control_.database, *control_.jobs, control_.clock};
  Notes notes_{control_.database, control_.changes, control_.clock};
  Occurrences occurrences_{control_.database, control_.changes, control_.clock};
  std::vector<Raised> raised_;
};

TEST_F(OccurrencesTest, AnOccurrenceIsAFindingAndTellsPeopleLikeOurs) {
  ASSERT_TRUE(Register("open").ok());
  const auto made = Report(Draft());
  ASSERT_TRUE(made.ok()) << made.error().message();
  EXPECT_EQ(made->severity, Severity::kMedium);  // the note's
  EXPECT_EQ(json::FindText(made->document, "short_description"), "a door is open");
  EXPECT_EQ(json::FindText(made->document, "note_name"), "acc/providers/doors/notes/open");
  FindingFilter open;
  open.state = State::kOpen;
  EXPECT_EQ(findings_.List(control_.account, open)->size(), 1U);
  ASSERT_EQ(Alerts(), 1U);
  EXPECT_EQ(raised_[0].provider, "doors");
  EXPECT_EQ(raised_[0].finding_type, "open");
}

TEST_F(OccurrencesTest, PeopleHearAgainWhenItBecomesWorseOnly) {
  ASSERT_TRUE(Register("open").ok());
  ASSERT_TRUE(Report(Draft()).ok());
  ASSERT_TRUE(Report(Draft("o1", Severity::kLow), true).ok());
  EXPECT_EQ(Alerts(), 1U);
  ASSERT_TRUE(Report(Draft("o1", Severity::kCritical), true).ok());
  EXPECT_EQ(Alerts(), 2U);
}

TEST_F(OccurrencesTest, OneThatIsThereIsReplacedOnlyWhenAsked) {
  ASSERT_TRUE(Register("open").ok());
  ASSERT_TRUE(Report(Draft()).ok());
  const auto again = Report(Draft());
  ASSERT_FALSE(again.ok());
  EXPECT_EQ(again.error().code(), ErrorCode::kExists);
  EXPECT_TRUE(Report(Draft(), true).ok());
  const auto absent = occurrences_.Replace(control_.caller, control_.account, "doors", Draft("o2"));
  ASSERT_FALSE(absent.ok());
  EXPECT_EQ(absent.error().code(), ErrorCode::kNotFound);
}

TEST_F(OccurrencesTest, ItsNoteMustBeThereAndOfItsKind) {
  EXPECT_EQ(Report(Draft()).error().code(), ErrorCode::kInvalid);
  ASSERT_TRUE(Register("open", NoteKind::kKpi, {{"kpi", {{"aggregation_type", "SUM"}}}}).ok());
  EXPECT_EQ(Report(Draft()).error().code(), ErrorCode::kInvalid);
  OccurrenceDraft kpi = Draft();
  kpi.kind = NoteKind::kKpi;
  kpi.note_name = "providers/doors/notes/open";  // as cards name it
  ASSERT_TRUE(Report(kpi).ok());
  EXPECT_EQ(Alerts(), 0U);
  FindingFilter findings;
  findings.kind = "FINDING";
  EXPECT_TRUE(findings_.List(control_.account, findings)->empty());
  kpi.note_name = "other/providers/doors/notes/open";
  kpi.id = "o2";
  EXPECT_EQ(Report(kpi).error().code(), ErrorCode::kInvalid);
}

TEST_F(OccurrencesTest, ADeletedNoteLeavesWhatWasReported) {
  ASSERT_TRUE(Register("open").ok());
  ASSERT_TRUE(Report(Draft()).ok());
  EXPECT_EQ(occurrences_.NoteOf(control_.account, "doors", "o1")->draft.id, "open");
  ASSERT_TRUE(notes_.Delete(control_.caller, control_.account, "doors", "open").ok());
  EXPECT_EQ(occurrences_.NoteOf(control_.account, "doors", "o1").error().code(),
            ErrorCode::kNotFound);
  EXPECT_EQ(notes_.Providers(control_.account).value(),
            (std::vector<std::string>{"doors", "security-advisor"}));
  ASSERT_TRUE(occurrences_.Delete(control_.caller, control_.account, "doors", "o1").ok());
  EXPECT_EQ(findings_.Find(control_.account, "doors", "o1").error().code(), ErrorCode::kNotFound);
  EXPECT_EQ(notes_.Providers(control_.account).value(),
            (std::vector<std::string>{"security-advisor"}));
}

TEST_F(OccurrencesTest, NobodyElseReportsInOurName) {
  EXPECT_EQ(Register("mine", NoteKind::kFinding, {}, "security-advisor").error().code(),
            ErrorCode::kDenied);
  EXPECT_EQ(
      notes_.Delete(control_.caller, control_.account, "security-advisor", std::string(kImageNote))
          .error()
          .code(),
      ErrorCode::kDenied);
  EXPECT_TRUE(notes_.Find(control_.account, kProvider, kImageNote).ok());
}

TEST_F(OccurrencesTest, CardsHaveTheirPlaces) {
  ASSERT_TRUE(Card("c1", "one", 1).ok());
  const Status taken = Card("c2", "one", 1);
  ASSERT_FALSE(taken.ok());
  EXPECT_EQ(taken.error().message(), "Given order is already taken by other card in section.");
  EXPECT_FALSE(Card("c2", "one", 3).ok());
  for (const char* id : {"c2", "c3", "c4", "c5", "c6"}) EXPECT_TRUE(Card(id, "one").ok());
  EXPECT_FALSE(Card("c7", "one").ok());
  EXPECT_TRUE(Card("d1", "two").ok());
  EXPECT_TRUE(Card("e1", "three").ok());
  EXPECT_FALSE(Card("f1", "four").ok());
}

}  // namespace
}  // namespace breakwater::insights

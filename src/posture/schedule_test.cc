// When scans of an attachment are due, and when no more.
#include <gtest/gtest.h>

#include "control/testing.h"
#include "posture/attachments.h"

namespace breakwater::posture {
namespace {

class ScheduleTest : public ::testing::Test {
 protected:
  ScheduleTest() {
    EXPECT_TRUE(profiles_.Publish().ok());
    EXPECT_TRUE(control_.database
                    .Write([&](db::Transaction& tx) {
                      return attachments_.Ensure(tx, control_.account, "48");
                    })
                    .ok());
  }

  // The default profile's attachment with this schedule.
  Result<Attachment> Schedule(const Attachments::Alter& alter) {
    return attachments_.Update(control_.caller, control_.account,
                               attachments_.List(control_.account)->front().id, alter);
  }
  // How many scans become due in a day, looked for every hour.
  std::size_t DueInADay() {
    std::size_t due = 0;
    for (int hour = 0; hour < 24; ++hour) {
      control_.clock.Advance(std::chrono::hours{1});
      EXPECT_TRUE(control_.database
                      .Write([&](db::Transaction& tx) -> Status {
                        BW_TRY(const auto taken, attachments_.TakeDue(tx, control_.clock.Now()));
                        due += taken.size();
                        return Ok();
                      })
                      .ok());
    }
    return due;
  }

  control::testing::ControlFixture control_;
  Profiles profiles_{control_.database, control_.changes, Content::BuiltIn(),
                     condition::Catalogue::BuiltIn(), control_.clock};
  Attachments attachments_{control_.database, control_.changes, profiles_, control_.clock};
};

TEST_F(ScheduleTest, GoesOnForEverUnlessItIsToldWhereToEnd) {
  ASSERT_TRUE(Schedule([](AttachmentDraft draft) -> Result<AttachmentDraft> {
                draft.every = std::chrono::hours{2};
                return draft;
              }).ok());
  EXPECT_EQ(DueInADay(), 12U);
  EXPECT_EQ(DueInADay(), 12U);
}

TEST_F(ScheduleTest, EndsAfterAsManyScansAsItMayHave) {
  ASSERT_TRUE(Schedule([](AttachmentDraft draft) -> Result<AttachmentDraft> {
                draft.every = std::chrono::hours{2};
                draft.runs = 3;
                return draft;
              }).ok());
  EXPECT_EQ(DueInADay(), 3U);
  EXPECT_EQ(attachments_.List(control_.account)->front().runs_left, 0);
  // Other changes do not begin it again; more runs do.
  ASSERT_TRUE(Schedule([](AttachmentDraft draft) -> Result<AttachmentDraft> {
                draft.evidence_repository = "us.icr.io/team/evidence";
                return draft;
              }).ok());
  EXPECT_EQ(DueInADay(), 0U);
  ASSERT_TRUE(Schedule([](AttachmentDraft draft) -> Result<AttachmentDraft> {
                draft.runs = 1;
                return draft;
              }).ok());
  EXPECT_EQ(DueInADay(), 1U);
}

TEST_F(ScheduleTest, EndsWithItsLastMoment) {
  const Timestamp until = control_.clock.Now() + std::chrono::hours{7};
  const auto scheduled = Schedule([&](AttachmentDraft draft) -> Result<AttachmentDraft> {
    draft.every = std::chrono::hours{2};
    draft.until = until;
    return draft;
  });
  ASSERT_TRUE(scheduled.ok());
  EXPECT_EQ(json::FindText(ToJson(*scheduled), "until"), FormatRfc3339(until));
  EXPECT_EQ(DueInADay(), 3U);
}

TEST_F(ScheduleTest, NothingIsDueOnceItHasEndedEvenIfNobodyLooked) {
  const Timestamp until = control_.clock.Now() + std::chrono::hours{7};
  ASSERT_TRUE(Schedule([&](AttachmentDraft draft) -> Result<AttachmentDraft> {
                draft.every = std::chrono::hours{2};
                draft.until = until;
                return draft;
              }).ok());
  control_.clock.Advance(std::chrono::hours{8});
  EXPECT_EQ(DueInADay(), 0U);
}

TEST_F(ScheduleTest, ThatEndsNeedsAnInterval) {
  EXPECT_EQ(Schedule([](AttachmentDraft draft) -> Result<AttachmentDraft> {
              draft.runs = 3;
              return draft;
            })
                .error()
                .reason(),
            "invalid_field");
}

}  // namespace
}  // namespace breakwater::posture

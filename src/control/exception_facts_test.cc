#include "control/exception_facts.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "control/exceptions.h"
#include "control/facts_testing.h"
#include "control/testing.h"

namespace breakwater::control {
namespace {

using ::testing::ElementsAre;
using ::testing::IsEmpty;

const condition::ResourceType kType{"configuration-governance", "exception"};

TEST(ExceptionFacts, AreOfThoseThatCount) {
  testing::ControlFixture control;
  Exceptions exceptions(control.database, control.changes, *control.jobs, control.clock);
  ExceptionFacts facts(control.clock);
  testing::SourceReader reader(control.database, facts);
  testing::FactNews news(*control.jobs);
  const auto asked =
      exceptions.Request(control.caller, control.account,
                         {.kind = ExceptionKind::kGoal,
                          .subject = "3000625",
                          .crn = {},
                          .owner = "Ada",
                          .reason = "The move is under way",
                          .ticket = "T-1",
                          .expires = control.clock.Now() + std::chrono::hours{24 * 40 + 1}});
  ASSERT_TRUE(asked.ok());
  EXPECT_THAT(reader.List(kType, control.account), IsEmpty()) << "nobody approved it yet";
  Caller second = control.caller;
  second.actor.iam_id = IamId("IBMid-2");
  ASSERT_TRUE(exceptions.Approve(second, control.account, asked->id).ok());
  EXPECT_THAT(news.Take(), ElementsAre("exception " + asked->id));
  const auto all = reader.List(kType, control.account);
  ASSERT_EQ(all.size(), 1U);
  EXPECT_EQ(reader.Text(all[0], "lifetime_days"), "41");
  EXPECT_EQ(reader.Text(all[0], "owner"), "\"Ada\"");
  testing::ExpectCatalogued(kType, *reader.Read(all[0]));
  EXPECT_THAT(reader.List(kType, AccountId("other")), IsEmpty());

  control.clock.Advance(std::chrono::hours{24 * 40 + 1});
  EXPECT_THAT(news.Take(), ElementsAre("exception " + asked->id));
  EXPECT_THAT(reader.List(kType, control.account), IsEmpty()) << "it has ended by itself";
  EXPECT_FALSE(reader.Read(all[0]).ok());
}

}  // namespace
}  // namespace breakwater::control

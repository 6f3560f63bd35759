#include "cli/configuration.h"

#include <gtest/gtest.h>

namespace breakwater::cli {
namespace {

TEST(DescribePlan, NamesTheStepThatWouldBeRefused) {
  const auto plan = json::Parse(
      R"({"digest":"d","feasible":false,"steps":[
          {"section":"namespaces","key":"us.icr.io/a","action":"create","changes":[]},
          {"section":"settings","key":"us.icr.io","action":"update",
           "changes":[{"field":"iam_authz","before":true,"after":false}],
           "error":{"code":"conflict","message":"it stays on"}}]})");
  ASSERT_TRUE(plan.ok());
  EXPECT_EQ(DescribePlan(*plan),
            "+ namespaces us.icr.io/a\n"
            "~ settings us.icr.io\n"
            "    iam_authz: true -> false\n"
            "    would be refused: it stays on\n"
            "2 steps, which would be refused as one change\n");
}

TEST(DescribePlan, SaysWhatWasNotTried) {
  const auto plan = json::Parse(
      R"({"digest":"d","feasible":null,"not_tried":"too many","steps":[
          {"section":"namespaces","key":"us.icr.io/a","action":"remove","changes":[]}]})");
  EXPECT_EQ(DescribePlan(*plan), "- namespaces us.icr.io/a\n1 step, not tried: too many\n");
  const auto feasible = json::Parse(
      R"({"digest":"d","feasible":true,"steps":[
          {"section":"namespaces","key":"us.icr.io/a","action":"remove","changes":[]}]})");
  EXPECT_EQ(DescribePlan(*feasible), "- namespaces us.icr.io/a\n1 step\n");
}

}  // namespace
}  // namespace breakwater::cli

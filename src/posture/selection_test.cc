#include "posture/selection.h"

#include <gtest/gtest.h>

namespace breakwater::posture {
namespace {

TEST(SelectionOfAScope, AnEmptyListSelectsEverythingAndAccountWideThingsBelongToAll) {
  const auto team = control::NamespaceResource(AccountId("a"), RegistryName("us"), "r", "team");
  const auto other = control::NamespaceResource(AccountId("a"), RegistryName("de"), "r", "other");
  const auto access = control::AccountResource(AccountId("a"), "access");
  EXPECT_TRUE(InScope({}, team));
  const Selection of_us{.registries = {"us"}, .namespaces = {}, .resource_groups = {}};
  EXPECT_TRUE(InScope(of_us, team));
  EXPECT_FALSE(InScope(of_us, other));
  EXPECT_TRUE(InScope(of_us, access));
  const Selection of_group{.registries = {}, .namespaces = {}, .resource_groups = {"g"}};
  EXPECT_FALSE(InScope(of_group, team)) << "its namespace is in no group";
  auto grouped = team;
  grouped.resource_group = "g";
  EXPECT_TRUE(InScope(of_group, grouped));
  EXPECT_TRUE(InScope(of_group, access));
  const Selection of_team{.registries = {}, .namespaces = {"team"}, .resource_groups = {}};
  EXPECT_TRUE(InScope(of_team, team));
  EXPECT_FALSE(InScope(of_team, other));
}

TEST(SelectionOfAScope, IsReadBackAndItsMistakesAreNamed) {
  const Selection selection{.registries = {"us"}, .namespaces = {"team"}, .resource_groups = {"g"}};
  const auto back = SelectionFrom(ToJson(selection));
  ASSERT_TRUE(back.ok());
  EXPECT_EQ(ToJson(*back), ToJson(selection));
  EXPECT_NE(SelectionFrom(json::Object{{"namespace", 1}}).error().message().find("namespaces"),
            std::string::npos);
}

}  // namespace
}  // namespace breakwater::posture

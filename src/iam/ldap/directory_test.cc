// A directory's answers, good and bad. A real one: tests/e2e/ldap.sh.
#include "iam/ldap/directory.h"

#include <functional>

#include <gtest/gtest.h>

namespace breakwater::iam::ldap {
namespace {

const Secret kPassword("alice-pw");
const BeforeProof kAny = [](std::string_view) { return Ok(); };

// People by filter, groups by member.
struct Tree {
  std::map<std::string, Entry> people;                // by uid
  std::multimap<std::string, std::string> groups_of;  // member DN → group DN
  std::map<std::string, std::string> passwords;       // by DN
  int searches = 0;
  int binds = 0;
  bool unavailable = false;
};

Entry Named(const std::string& dn, const std::string& cn) {
  return {.dn = dn, .attributes = {{"cn", {cn}}, {"mail", {cn + "@Example.test"}}, {"sn", {"S"}}}};
}

class FakeConnection final : public Connection {
 public:
  explicit FakeConnection(Tree& tree) : tree_(tree) {}
  Status Bind(const std::string& dn, const Secret& password) override {
    ++tree_.binds;
    const auto found = tree_.passwords.find(dn);
    if (found != tree_.passwords.end() && found->second == password.Reveal()) return Ok();
    return Unauthenticated("no").Reason("wrong_password");
  }
  Result<std::vector<Entry>> Find(const Search& search) override {
    ++tree_.searches;
    std::vector<Entry> found;
    if (search.base == "groups") {
      for (const auto& [member, group] : tree_.groups_of) {
        if (search.filter.find("=" + member + ")") == std::string::npos) continue;
        found.push_back(Named(group, group.substr(3, group.find(',') - 3)));
      }
    } else {
      for (const auto& [uid, entry] : tree_.people) {
        const bool named = search.filter.find("(uid=" + uid + ")") != std::string::npos;
        if (named || (search.scope == Scope::kBase && search.base == entry.dn)) {
          found.push_back(entry);
        }
      }
    }
    if (found.size() > search.most) found.resize(search.most);
    return found;
  }

 private:
  Tree& tree_;
};

class DirectoryTest : public ::testing::Test {
 protected:
  DirectoryTest() {
    tree.people["alice"] = Named("uid=alice,people", "alice");
    tree.passwords = {{"uid=alice,people", "alice-pw"}, {"cn=reader", "reader-pw"}};
    tree.groups_of = {{"uid=alice,people", "cn=devs,g"}, {"cn=devs,g", "cn=staff,g"}};
  }
  Directory Make() {
    return Directory(options, [this]() -> Result<std::unique_ptr<Connection>> {
      if (tree.unavailable) return Unavailable("gone").Reason("directory_unavailable");
      return std::unique_ptr<Connection>(std::make_unique<FakeConnection>(tree));
    });
  }
  static std::string Groups(const Person& person) {
    return json::Serialize(person.claims.at("groups"));
  }

  Tree tree;
  DirectoryOptions options{.name = "corp",
                           .bind_dn = "cn=reader",
                           .bind_password = Secret("reader-pw"),
                           .user_base = "people",
                           .group_base = "groups",
                           .id_attribute = {}};
};

TEST_F(DirectoryTest, KnowsWhoProvesItAndTheirGroupsOfGroups) {
  Directory directory = Make();
  const auto person = directory.Check("alice", kPassword, kAny);
  ASSERT_TRUE(person.ok()) << person.error().log();
  ASSERT_TRUE(person->has_value());
  EXPECT_EQ((*person)->subject, "uid=alice,people");
  EXPECT_EQ((*person)->email, "alice@example.test");
  EXPECT_EQ(Groups(**person), R"(["devs","staff"])");
}

TEST_F(DirectoryTest, RefusesAWrongAndAnEmptyPassword) {
  Directory directory = Make();
  EXPECT_EQ(directory.Check("alice", Secret("bob-pw"), kAny).error().reason(), "wrong_password");
  EXPECT_EQ(directory.Check("alice", Secret(), kAny).error().reason(), "wrong_password");
  EXPECT_EQ(tree.searches, 1);
}

TEST_F(DirectoryTest, SaysWhomANameMeansBeforeItTriesThePassword) {
  tree.people["ally"] = tree.people["alice"];
  Directory directory = Make();
  std::vector<std::string> meant;
  const BeforeProof refuse = [&](std::string_view subject) -> Status {
    meant.emplace_back(subject);
    return Error(ErrorCode::kRateLimited, "wait").Reason("too_many_attempts");
  };
  for (const char* name : {"alice", "ally"}) {
    EXPECT_EQ(directory.Check(name, kPassword, refuse).error().reason(), "too_many_attempts");
  }
  EXPECT_EQ(meant, (std::vector<std::string>{"uid=alice,people", "uid=alice,people"}));
  EXPECT_EQ(tree.binds, 2);  // of the reader alone
}

TEST_F(DirectoryTest, AsksTheSameOfTheDirectoryWhetherItKnowsANameOrNot) {
  Directory directory = Make();
  const auto cost = [&](const std::function<void()>& ask) {
    tree.binds = tree.searches = 0;
    ask();
    return std::pair(tree.binds, tree.searches);
  };
  const auto known =
      cost([&] { EXPECT_FALSE(directory.Check("alice", Secret("wrong"), kAny).ok()); });
  EXPECT_EQ(cost([&] { EXPECT_FALSE(directory.Check("nobody", kPassword, kAny)->has_value()); }),
            known);
  EXPECT_EQ(cost([&] { EXPECT_TRUE(directory.PretendToRefuse(false).ok()); }), known);
  EXPECT_EQ(cost([&] { EXPECT_TRUE(directory.PretendToRefuse(true).ok()); }), std::pair(0, 0));
}

TEST_F(DirectoryTest, DoesNotKnowOthersNorTwoOfOneName) {
  Directory directory = Make();
  EXPECT_FALSE(directory.Check("nobody", kPassword, kAny)->has_value());
  EXPECT_FALSE(directory.Check("*", kPassword, kAny)->has_value());
  tree.people["alice)"] = Named("uid=other,people", "other");
  options.user_filter = "(|(uid={name})(uid=alice\\29))";
  tree.people["alice\\29"] = tree.people["alice)"];
  Directory both = Make();
  EXPECT_FALSE(both.Check("alice", kPassword, kAny)->has_value());
}

TEST_F(DirectoryTest, CyclesOfGroupsEnd) {
  tree.groups_of.emplace("cn=staff,g", "cn=devs,g");
  tree.groups_of.emplace("cn=staff,g", "cn=staff,g");
  Directory directory = Make();
  EXPECT_EQ(Groups(**directory.Check("alice", kPassword, kAny)), R"(["devs","staff"])");
}

TEST_F(DirectoryTest, DepthIsBounded) {
  for (int i = 0; i < 100; ++i) {
    tree.groups_of.emplace("cn=g" + std::to_string(i) + ",g",
                           "cn=g" + std::to_string(i + 1) + ",g");
  }
  tree.groups_of.emplace("uid=alice,people", "cn=g0,g");
  Directory directory = Make();
  const auto person = **directory.Check("alice", kPassword, kAny);
  EXPECT_EQ(person.claims.at("groups").as_array().size(), 8U + 2U);
}

TEST_F(DirectoryTest, WhoIsInMoreGroupsThanCanBeReadDoesNotGetIn) {
  for (int i = 0; i < 600; ++i) {
    tree.groups_of.emplace("uid=alice,people", "cn=g" + std::to_string(i) + ",g");
  }
  Directory directory = Make();
  EXPECT_EQ(directory.Check("alice", kPassword, kAny).error().reason(), "too_many_groups");
}

TEST_F(DirectoryTest, OurOwnWrongPasswordIsNotTheirs) {
  options.bind_password = Secret("changed");
  Directory directory = Make();
  EXPECT_EQ(directory.Check("alice", kPassword, kAny).error().code(), ErrorCode::kUnavailable);
}

TEST_F(DirectoryTest, SaysThatItCannotTell) {
  tree.unavailable = true;
  Directory directory = Make();
  EXPECT_EQ(directory.Check("alice", kPassword, kAny).error().code(), ErrorCode::kUnavailable);
  EXPECT_EQ(directory.LookUp("uid=alice,people").error().code(), ErrorCode::kUnavailable);
}

TEST_F(DirectoryTest, LooksUpWithoutAPassword) {
  Directory directory = Make();
  tree.groups_of.clear();
  const auto person = directory.LookUp("uid=alice,people");
  ASSERT_TRUE(person.ok() && person->has_value());
  EXPECT_EQ(Groups(**person), "[]");
  EXPECT_FALSE(directory.LookUp("uid=gone,people")->has_value());
}

TEST(LdapResults, ALockedEntryIsARefusalAndADirectoryInTroubleIsNone) {
  for (const int code : {49, 32, 48, 34, 19, 53}) EXPECT_TRUE(IsRefusedBind(code)) << code;
  for (const int code : {0, 1, 3, 8, 51, 52, 80}) EXPECT_FALSE(IsRefusedBind(code)) << code;
}

TEST_F(DirectoryTest, ChecksItsOptions) {
  EXPECT_TRUE(CheckOptions(options).ok());
  options.user_filter = "(uid=alice)";
  EXPECT_FALSE(CheckOptions(options).ok());
}

}  // namespace
}  // namespace breakwater::iam::ldap

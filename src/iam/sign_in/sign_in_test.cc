// Who gets in, who does not, and what is left of it.
#include "iam/sign_in/sign_in.h"

#include <gtest/gtest.h>

#include "crypto/hash.h"
#include "iam/iam_testing.h"
#include "observe/log.h"

namespace breakwater::iam {
namespace {

using std::chrono::hours;
using std::chrono::minutes;
using std::chrono::seconds;
using testing::World;

const Secret kGood("correct horse battery");
const Secret kWrong("not the password at all");

// Answers as told.
class ToldSource final : public PasswordSource {
 public:
  std::string_view name() const override { return "told"; }
  Result<std::optional<Person>> Check(std::string_view, const Secret&,
                                      const BeforeProof& before) override {
    ++asked;
    if (!means.empty()) BW_TRY_STATUS(before(means));
    return answer();
  }
  Status PretendToRefuse(bool looked) override {
    ++(looked ? pretended_after_looking : pretended);
    return Ok();
  }
  Result<std::optional<Person>> LookUp(std::string_view) override { return answer(); }
  std::function<Result<std::optional<Person>>()> answer = [] { return std::optional<Person>{}; };
  std::string means;  // whom every name is a name of
  int asked = 0;
  int pretended = 0;
  int pretended_after_looking = 0;
};

class SignInTest : public ::testing::Test {
 protected:
  SignInTest() {
    world.GivePassword(user.iam_id, kGood);
    origin.address = "192.0.2.1";
  }
  Result<Login> Enter(const std::string& name, const Secret& password, Secret new_password = {}) {
    return world.sign_in.WithPassword(origin, {name, password, std::move(new_password)});
  }
  std::string Reason(const Result<Login>& login) {
    return login.ok() ? "" : login.error().reason();
  }
  std::vector<audit::Record> Trail(const std::string& action) {
    std::vector<audit::Record> records;
    const auto found = world.audit.Query({.account = world.account, .action = action});
    for (const auto& one : *found) records.push_back(one.record);
    return records;
  }

  World world;
  User user = world.Invite("u@example.com");
  control::Origin origin;
};

TEST_F(SignInTest, APasswordBeginsASession) {
  const auto login = Enter("U@Example.com", kGood);
  ASSERT_TRUE(login.ok()) << login.error().message();
  EXPECT_EQ(login->who->identity.iam_id, user.iam_id);
  ASSERT_NE(login->session, nullptr);
  EXPECT_EQ(login->session->source, "local");
  EXPECT_EQ(login->session->address, "192.0.2.1");
}

TEST_F(SignInTest, ARefusalDoesNotTellWhetherThereIsSuchAName) {
  const auto wrong = Enter("u@example.com", kWrong);
  const auto nobody = Enter("nobody@example.com", kWrong);
  EXPECT_EQ(Reason(wrong), "wrong_password");
  EXPECT_EQ(Reason(nobody), "wrong_password");
  EXPECT_EQ(wrong.error().message(), nobody.error().message());
  EXPECT_EQ(Reason(Enter("u@example.com", Secret())), "wrong_password");
  EXPECT_EQ(Reason(Enter("", kGood)), "wrong_password");
  EXPECT_EQ(Reason(Enter(std::string(300, 'a'), kGood)), "wrong_password");
  EXPECT_EQ(Reason(Enter("u@example.com", Secret(std::string(2000, 'a')))), "wrong_password");
}

TEST_F(SignInTest, AWrongPasswordIsRecordedWithoutWhatWasTyped) {
  EXPECT_FALSE(Enter("u@example.com", kWrong).ok());
  EXPECT_FALSE(Enter("my-secret-in-the-wrong-field", kWrong).ok());
  const auto records = Trail("iam-identity.session.create");
  ASSERT_EQ(records.size(), 2U);
  for (const audit::Record& record : records) {
    EXPECT_EQ(record.outcome, audit::Outcome::kFailure);
    EXPECT_EQ(record.initiator.address, "192.0.2.1");
    EXPECT_EQ(record.initiator.name.find("secret"), std::string::npos);
    EXPECT_EQ(record.reason.find("not the password"), std::string::npos);
  }
}

TEST_F(SignInTest, ManyWrongPasswordsCostFewHashesAndFewRecords) {
  int tried = 0;
  for (int i = 0; i < 1000; ++i) {
    if (Reason(Enter("u@example.com", kWrong)) == "wrong_password") ++tried;
  }
  EXPECT_EQ(tried, 6);
  EXPECT_EQ(Trail("iam-identity.session.create").size(), 6U);
  EXPECT_EQ(Reason(Enter("u@example.com", kGood)), "too_many_attempts");
  world.clock.Advance(minutes(1));
  EXPECT_TRUE(Enter("u@example.com", kGood).ok());
}

TEST_F(SignInTest, ManyNamesFromOneAddressAreThrottledToo) {
  int tried = 0;
  for (int i = 0; i < 200; ++i) {
    if (Reason(Enter("n" + std::to_string(i) + "@example.com", kWrong)) == "wrong_password")
      ++tried;
  }
  EXPECT_EQ(tried, 30);
  origin.address = "192.0.2.2";
  EXPECT_TRUE(Enter("u@example.com", kGood).ok());
}

TEST_F(SignInTest, AnInitialPasswordIsGoodForChoosingAnother) {
  const Secret initial =
      world.passwords.Reset(world.administrator, world.account, user.iam_id)->value;
  EXPECT_EQ(Reason(Enter("u@example.com", initial)), "password_change_required");
  EXPECT_EQ(Reason(Enter("u@example.com", initial, Secret("short"))), "weak_password");
  EXPECT_EQ(Reason(Enter("u@example.com", initial, initial)), "weak_password");
  const Secret chosen("chosen by myself");
  EXPECT_TRUE(Enter("u@example.com", initial, chosen).ok());
  EXPECT_TRUE(Enter("u@example.com", chosen).ok());
  EXPECT_EQ(Reason(Enter("u@example.com", initial)), "wrong_password");
}

TEST_F(SignInTest, SourcesAreAskedInOrderAndTheFirstThatKnowsDecides) {
  ToldSource told;
  SignIn both(world.sign_in_deps, {}, {{&told}, {&world.local}});
  EXPECT_TRUE(both.WithPassword(origin, {"u@example.com", kGood}).ok());
  EXPECT_EQ(told.asked, 1);
  told.answer = []() -> Result<std::optional<Person>> { return WrongNameOrPassword(); };
  EXPECT_EQ(Reason(both.WithPassword(origin, {"u@example.com", kGood})), "wrong_password");
}

TEST_F(SignInTest, ASourceThatDoesNotAnswerIsPassedOver) {
  ToldSource told;
  told.answer = []() -> Result<std::optional<Person>> { return Unavailable("gone"); };
  SignIn both(world.sign_in_deps, {}, {{&told}, {&world.local}});
  EXPECT_TRUE(both.WithPassword(origin, {"u@example.com", kGood}).ok());
  const auto nobody = both.WithPassword(origin, {"nobody@example.com", kGood});
  EXPECT_EQ(nobody.error().code(), ErrorCode::kUnavailable);
  EXPECT_EQ(Reason(nobody), "source_unavailable");
}

TEST_F(SignInTest, APasscodeIsGoodOnce) {
  const auto login = *Enter("u@example.com", kGood);
  control::Caller caller{.actor = ToActor(login), .origin = origin};
  const auto made = world.sign_in.MakePasscode(caller);
  ASSERT_TRUE(made.ok()) << made.error().message();
  const auto entered = world.sign_in.WithPasscode(origin, made->value);
  ASSERT_TRUE(entered.ok()) << entered.error().message();
  EXPECT_EQ(entered->who->identity.iam_id, user.iam_id);
  EXPECT_NE(entered->credential_id, login.credential_id);
  EXPECT_EQ(Reason(world.sign_in.WithPasscode(origin, made->value)), "passcode_unknown");
  EXPECT_EQ(Reason(world.sign_in.WithPasscode(origin, Secret("guess"))), "passcode_unknown");
}

TEST_F(SignInTest, APasscodeExpiresAndProlongsNothing) {
  const auto login = *Enter("u@example.com", kGood);
  const control::Caller caller{.actor = ToActor(login), .origin = origin};
  const auto late = *world.sign_in.MakePasscode(caller);
  world.clock.Advance(minutes(6));
  EXPECT_EQ(Reason(world.sign_in.WithPasscode(origin, late.value)), "passcode_unknown");
  const auto made = *world.sign_in.MakePasscode(caller);
  EXPECT_EQ(world.sign_in.WithPasscode(origin, made.value)->session->expires,
            login.session->expires);
}

TEST_F(SignInTest, APasscodeDiesWithTheSessionItWasMadeIn) {
  const auto login = *Enter("u@example.com", kGood);
  const control::Caller caller{.actor = ToActor(login), .origin = origin};
  const auto revoked = *world.sign_in.MakePasscode(caller);
  ASSERT_TRUE(world.sessions.Revoke(caller, world.account, login.session->id).ok());
  EXPECT_EQ(Reason(world.sign_in.WithPasscode(origin, revoked.value)), "passcode_unknown");
}

TEST_F(SignInTest, APasscodeForOneClientIsGoodForNoOther) {
  const Secret verifier("a verifier of at least forty-three characters, made by a client");
  const std::string challenge = Base64UrlEncode(crypto::Sha256(AsBytes(verifier.Reveal())));
  ASSERT_TRUE(IsChallenge(challenge));
  const auto make = [&] {
    return world.passcodes
        .Make({.account = world.account,
               .iam_id = user.iam_id,
               .source = "corp",
               .session_id = {},
               .session_ends = {},
               .challenge = challenge})
        ->value;
  };
  EXPECT_EQ(Reason(world.sign_in.WithPasscode(origin, make())), "passcode_unknown");
  const Secret code = make();
  EXPECT_EQ(Reason(world.sign_in.WithPasscode(origin, code, Secret(challenge))),
            "passcode_unknown");
  EXPECT_EQ(Reason(world.sign_in.WithPasscode(origin, code, verifier)), "passcode_unknown");
  EXPECT_TRUE(world.sign_in.WithPasscode(origin, make(), verifier).ok());
}

TEST_F(SignInTest, APasscodeMakesAnOldProofNoYounger) {
  const auto login = *Enter("u@example.com", kGood);
  const control::Caller caller{.actor = ToActor(login), .origin = origin};
  world.clock.Advance(minutes(30));
  const auto made = *world.sign_in.MakePasscode(caller);
  EXPECT_EQ(world.sign_in.WithPasscode(origin, made.value)->session->proved,
            login.session->created);
}

TEST_F(SignInTest, APasscodeFromABrowserEndsWhenAllSessionsDo) {
  const auto made = *world.passcodes.Make({.account = world.account,
                                           .iam_id = user.iam_id,
                                           .source = "corp",
                                           .session_id = {},
                                           .session_ends = {}});
  ASSERT_TRUE(world.sessions.RevokeAll(world.administrator, world.account, user.iam_id).ok());
  EXPECT_EQ(Reason(world.sign_in.WithPasscode(origin, made.value)), "passcode_unknown");
}

TEST_F(SignInTest, AProfileMakesNoPasscodes) {
  const auto login = *Enter("u@example.com", kGood);
  control::Caller caller{.actor = ToActor(login), .origin = origin};
  caller.actor.kind = control::IdentityKind::kProfile;
  EXPECT_EQ(world.sign_in.MakePasscode(caller).error().reason(), "session_required");
}

TEST_F(SignInTest, SpellingsOfOneNameAreOneName) {
  for (const char* name : {"alice", "Alice", "aLICE", "alice ", " alice", "ALICE"}) {
    EXPECT_EQ(Reason(Enter(name, kWrong)), "wrong_password") << name;
  }
  EXPECT_EQ(Reason(Enter("aliCe", kWrong)), "too_many_attempts");
}

TEST_F(SignInTest, NamesOfOnePersonOfADirectoryAreThrottledTogether) {
  ToldSource told;
  told.means = "entry-1";
  told.answer = []() -> Result<std::optional<Person>> { return WrongNameOrPassword(); };
  const Admission admission{.source = "told", .realm = "corp"};
  SignIn directory(world.sign_in_deps, {}, {{&told, admission}});
  int tried = 0;
  for (int i = 0; i < 20; ++i) {
    const std::string alias = "alias-" + std::to_string(i);
    if (Reason(directory.WithPassword(origin, {alias, kWrong})) == "wrong_password") ++tried;
  }
  EXPECT_EQ(tried, 6);
  told.means = "entry-2";
  EXPECT_EQ(Reason(directory.WithPassword(origin, {"another", kWrong})), "wrong_password");
}

TEST_F(SignInTest, ARefusalCostsTheSameWhoeverKnowsTheName) {
  ToldSource first;
  ToldSource second;
  SignIn both(world.sign_in_deps, {}, {{&first}, {&second}});
  EXPECT_EQ(Reason(both.WithPassword(origin, {"nobody", kWrong})), "wrong_password");
  EXPECT_EQ(first.pretended_after_looking, 1);
  EXPECT_EQ(second.pretended_after_looking, 1);
  first.answer = []() -> Result<std::optional<Person>> { return WrongNameOrPassword(); };
  EXPECT_EQ(Reason(both.WithPassword(origin, {"known", kWrong})), "wrong_password");
  EXPECT_EQ(first.pretended_after_looking + first.pretended, 1);
  EXPECT_EQ(second.asked, 1);
  EXPECT_EQ(second.pretended, 1);
}

TEST_F(SignInTest, StrangersLockNobodyOutOfWhereTheyAlwaysAre) {
  ASSERT_TRUE(Enter("u@example.com", kGood).ok());
  for (int i = 0; i < 100; ++i) {
    control::Origin stranger;
    stranger.address = "198.51.100." + std::to_string(i);
    (void)world.sign_in.WithPassword(stranger, {"u@example.com", kWrong}).ok();
  }
  EXPECT_TRUE(Enter("u@example.com", kGood).ok());
  origin.address = "203.0.113.1";
  EXPECT_EQ(Reason(Enter("u@example.com", kGood)), "too_many_attempts");
}

TEST_F(SignInTest, OthersGuessesKeepNobodyFromChoosingAPassword) {
  const Secret initial =
      world.passwords.Reset(world.administrator, world.account, user.iam_id)->value;
  for (int i = 0; i < 6; ++i) EXPECT_FALSE(Enter("u@example.com", kWrong).ok());
  world.clock.Advance(minutes(1));
  EXPECT_TRUE(Enter("u@example.com", initial, Secret("chosen by myself")).ok());
}

TEST_F(SignInTest, RefusalsOfOneAddressFillNoTrail) {
  for (int i = 0; i < 200; ++i) world.sign_in.RecordRefusal(origin, WrongNameOrPassword());
  EXPECT_EQ(Trail("iam-identity.session.create").size(), 30U);
}

TEST_F(SignInTest, AnApiKeyIsNoGroundForAPasscode) {
  EXPECT_EQ(world.sign_in.MakePasscode(world.administrator).error().reason(), "session_required");
}

class BreakGlassTest : public SignInTest {
 protected:
  Result<Login> Break(const Secret& password) {
    return sign_in.WithPassword(origin, {"break-glass", password});
  }
  const Secret key{"a password in a safe"};
  ToldSource broken;
  SignIn sign_in{world.sign_in_deps,
                 {.name = "break-glass", .password_hash = Secret(*world.password_hasher.Hash(key))},
                 {{&broken}}};
};

TEST_F(BreakGlassTest, GetsInWhenNothingElseDoesAndIsHeard) {
  broken.answer = []() -> Result<std::optional<Person>> { return Unavailable("gone"); };
  const observe::LogCapture log;
  const auto login = Break(key);
  ASSERT_TRUE(login.ok()) << login.error().message();
  EXPECT_TRUE(log.Contains("THE BREAK-GLASS IDENTITY SIGNED IN"));
  EXPECT_LE(login->session->expires, world.clock.Now() + hours(1));
  const auto records = Trail("iam-identity.session.create");
  ASSERT_EQ(records.size(), 1U);
  EXPECT_EQ(records.front().severity, audit::Severity::kCritical);
  EXPECT_EQ(records.front().initiator.name, "break-glass identity");
  const control::Caller caller{.actor = ToActor(*login), .origin = origin};
  EXPECT_TRUE(world.users.Remove(caller, world.account, user.iam_id).ok());
  EXPECT_FALSE(sign_in.MakePasscode(caller).ok());
}

TEST_F(BreakGlassTest, IsNotKeptOutByWhoTriesOtherPasswords) {
  for (int i = 0; i < 100; ++i) EXPECT_EQ(Reason(Break(kWrong)), "wrong_password");
  EXPECT_TRUE(Break(key).ok());
}

TEST_F(BreakGlassTest, DoesNotExistUnlessItIsConfigured) {
  EXPECT_EQ(Reason(Enter("break-glass", key)), "wrong_password");
  EXPECT_EQ(Reason(Enter("break-glass", Secret())), "wrong_password");
}

}  // namespace
}  // namespace breakwater::iam

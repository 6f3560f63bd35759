#include <cstdlib>
#include <fstream>
#include <set>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "base/embedded.h"
#include "base/strings.h"
#include "base/testing.h"
#include "config/assign.h"
#include "config/file.h"
#include "config/load.h"
#include "config/options.h"
#include "config/render.h"
#include "config/value.h"

namespace breakwater::config {

extern const std::span<const EmbeddedFile> kReference;

namespace {

using std::chrono::milliseconds;
using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
using ::testing::Not;

Result<Loaded> LoadFile(std::string text) {
  return Load({.file = File{"b.toml", std::move(text)}, .environment = {}, .flags = {}});
}

Result<Loaded> LoadEnv(std::string name, std::string value) {
  return Load({.file = {}, .environment = {{std::move(name), std::move(value)}}, .flags = {}});
}

Result<Loaded> LoadFlags(std::vector<FlagValue> flags) {
  return Load({.file = {}, .environment = {}, .flags = std::move(flags)});
}

std::string Failure(const Result<Loaded>& loaded) {
  return loaded.ok() ? "(no error)" : loaded.error().message();
}

const Effective& Row(const Loaded& loaded, std::string_view key) {
  for (const Effective& row : loaded.effective) {
    if (row.option->key == key) return row;
  }
  ADD_FAILURE() << "no row for " << key;
  return loaded.effective.front();
}

// --- values

TEST(Duration, ReadsEveryUnitAndWritesTheLargestExactOne) {
  EXPECT_EQ(*ParseDuration("250ms"), milliseconds(250));
  EXPECT_EQ(*ParseDuration("30s"), milliseconds(30'000));
  EXPECT_EQ(*ParseDuration("5m"), milliseconds(300'000));
  EXPECT_EQ(*ParseDuration("72h"), milliseconds(259'200'000));
  EXPECT_EQ(*ParseDuration("30d"), milliseconds(2'592'000'000));
  EXPECT_EQ(FormatDuration(milliseconds(259'200'000)), "3d");
  EXPECT_EQ(FormatDuration(milliseconds(90'000)), "90s");
  EXPECT_EQ(FormatDuration(milliseconds(0)), "0ms");
}

TEST(Duration, RefusesBareNumbersSignsSpacesAndOverflow) {
  for (const char* text : {"", "5", "s", "-1s", "+1s", "1 s", "1.5h", "1w", "1h30m", "1S",
                           "99999999999999999999s", "9223372036854775807d"}) {
    EXPECT_FALSE(ParseDuration(text).ok()) << text;
  }
}

TEST(Size, ReadsBytesAndBinaryUnits) {
  EXPECT_EQ(*ParseSize("0"), 0);
  EXPECT_EQ(*ParseSize("1024"), 1024);
  EXPECT_EQ(*ParseSize("10B"), 10);
  EXPECT_EQ(*ParseSize("4MiB"), 4'194'304);
  EXPECT_EQ(*ParseSize("2TiB"), std::int64_t{2} << 40);
  EXPECT_EQ(FormatSize(4'194'304), "4MiB");
  EXPECT_EQ(FormatSize(1025), "1025B");
  EXPECT_EQ(FormatSize(0), "0B");
}

TEST(Size, RefusesDecimalUnitsSignsAndOverflow) {
  for (const char* text :
       {"", "MiB", "4MB", "4M", "-1", "4 MiB", "1e6", "9223372036854775808", "9999999999TiB"}) {
    EXPECT_FALSE(ParseSize(text).ok()) << text;
  }
}

TEST(ListenAddress, ReadsBothFamiliesAndPortZero) {
  EXPECT_EQ(*ParseListenAddress("127.0.0.1:5000"), (ListenAddress{"127.0.0.1", 5000}));
  EXPECT_EQ(*ParseListenAddress("0.0.0.0:0"), (ListenAddress{"0.0.0.0", 0}));
  EXPECT_EQ(*ParseListenAddress("[::1]:65535"), (ListenAddress{"::1", 65535}));
  EXPECT_EQ(FormatListenAddress({"::1", 5000}), "[::1]:5000");
  EXPECT_EQ(FormatListenAddress({"127.0.0.1", 0}), "127.0.0.1:0");
}

TEST(ListenAddress, RefusesNamesMissingPartsAndBareIpv6) {
  for (const char* text :
       {"", "127.0.0.1", "127.0.0.1:", ":5000", "localhost:5000", "::1:5000", "[127.0.0.1]:5000",
        "[::1]", "127.0.0.1:65536", "127.0.0.1:-1", "127.0.0.1:+1", "[]:1", "256.0.0.1:1"}) {
    EXPECT_FALSE(ParseListenAddress(text).ok()) << text;
  }
}

TEST(Host, IsMadeLowerCaseAndKeepsItsPort) {
  EXPECT_EQ(*ParseHost("US.icr.io"), "us.icr.io");
  EXPECT_EQ(*ParseHost("registry-1:5000"), "registry-1:5000");
  for (const char* text :
       {"", ".", "a..b", "-a", "a-", "a_b", "a:", "a:0", "a:99999", "a/b", "ünicode"}) {
    EXPECT_FALSE(ParseHost(text).ok()) << text;
  }
  EXPECT_FALSE(ParseHost(std::string(64, 'a')).ok());
}

TEST(RegistryText, NamesPublicHostsWithoutAWord) {
  auto registry =
      ParseRegistry("us.icr.io, public=two.icr.io,private=private.us.icr.io,region=us-south");
  ASSERT_TRUE(registry.ok());
  EXPECT_THAT(registry->public_hosts, ElementsAre("us.icr.io", "two.icr.io"));
  EXPECT_THAT(registry->private_hosts, ElementsAre("private.us.icr.io"));
  EXPECT_EQ(registry->region, "us-south");
  EXPECT_EQ(ParseRegistry("a.example")->region, "local");
}

TEST(RegistryText, RefusesWhatItDoesNotKnow) {
  for (const char* text : {"", "private=a.b", "a.b,zone=x", "a.b,region=", "a.b,region=x,region=y",
                           "a.b,region=US", "a.b,,c.d", "a_b"}) {
    EXPECT_FALSE(ParseRegistry(text).ok()) << text;
  }
}

// --- the table

TEST(OptionTable, GivesEveryOptionItsOwnKeyEnvironmentNameAndFlag) {
  std::set<std::string> keys;
  std::set<std::string> envs;
  std::set<std::string> flags;
  for (const Option& option : Options()) {
    EXPECT_TRUE(keys.insert(option.key).second) << option.key;
    EXPECT_TRUE(envs.insert(option.env).second) << option.env;
    EXPECT_TRUE(flags.insert(option.flag).second) << option.flag;
    EXPECT_EQ(FindByKey(option.key), &option);
    EXPECT_EQ(FindByEnv(option.env), &option);
    EXPECT_EQ(FindByFlag(option.flag), &option);
    EXPECT_FALSE(option.description.empty()) << option.key;
  }
  for (const OtherVariable& other : OtherVariables()) {
    EXPECT_EQ(FindByEnv(other.name), nullptr) << other.name;
  }
}

TEST(OptionTable, HoldsTheNamesThatOthersRelyOn) {
  EXPECT_EQ(FindByFlag("data")->fallback, "./var");
  EXPECT_EQ(FindByFlag("public")->fallback, "127.0.0.1:5000");
  EXPECT_EQ(FindByFlag("private")->fallback, "127.0.0.1:5001");
  EXPECT_EQ(FindByEnv("BREAKWATER_BOOTSTRAP_API_KEY")->key, "bootstrap_api_key");
  EXPECT_EQ(FindByKey("allow_iam_authz_off")->fallback, "false");
}

// One value of each kind that differs from the default, through each of the three ways in.
std::string OtherThanDefault(const Option& option) {
  switch (option.kind) {
    case Kind::kBool: return option.fallback == "true" ? "false" : "true";
    case Kind::kCount: return std::to_string(option.max);
    case Kind::kSize: return FormatSize(option.max);
    case Kind::kDuration: {
      const std::string max = FormatDuration(milliseconds(option.max));
      return *ParseDuration(option.fallback) == milliseconds(option.max)
                 ? FormatDuration(milliseconds(option.min))
                 : max;
    }
    case Kind::kText:
    case Kind::kPath:
    case Kind::kHeaderName:
    case Kind::kAccountId: return "other";
    case Kind::kWord: return option.words.front();
    case Kind::kAddress: return "[::1]:7000";
    case Kind::kNetworks: return "10.0.0.0/8";
    case Kind::kRegistries: return "a.example";
    case Kind::kSources: return "kind=local&name=local";
    case Kind::kSinks: return "kind=file&name=disk&directory=%2Ftmp";
    case Kind::kSecret:
      return std::string(static_cast<std::size_t>(option.min) + 8, 'a')
          .substr(0, static_cast<std::size_t>(option.max));
  }
  return "";
}

std::string InToml(const Option& option, const std::string& text) {
  if (option.kind == Kind::kBool || option.kind == Kind::kCount) return text;
  return option.is_list() ? "[" + QuoteToml(text) + "]" : QuoteToml(text);
}

// Options that are only valid together with another one.
std::string Companions(const Option& option) {
  std::string out;
  if (option.key == "s3.endpoint") {
    out = "s3.bucket = \"b\"\ns3.access_key = \"a\"\ns3.secret_key = \"s\"\n";
  }
  if (option.key == "proxy.plane_header") out = "proxy.trusted = [\"10.0.0.0/8\"]\n";
  for (const char* section : {"public", "private"}) {
    if (option.key == std::string(section) + ".tls_key") {
      out = std::string(section) + ".tls_certificate = \"c.pem\"\n";
    }
    if (option.key == std::string(section) + ".tls_certificate") {
      out = std::string(section) + ".tls_key = \"k.pem\"\n";
    }
  }
  return out;
}

TEST(OptionTable, CanSetEveryOptionByFileEnvironmentAndFlagAlike) {
  const Loaded defaults = *Load({});
  for (const Option& option : Options()) {
    const std::string text = OtherThanDefault(option);
    const std::string companions = Companions(option);
    const std::string file = companions + option.key + " = " + InToml(option, text) + "\n";
    auto by_file = LoadFile(file);
    ASSERT_TRUE(by_file.ok()) << Failure(by_file);
    auto by_env = Load(
        {.file = File{"b.toml", companions}, .environment = {{option.env, text}}, .flags = {}});
    ASSERT_TRUE(by_env.ok()) << Failure(by_env);
    auto by_flag = Load(
        {.file = File{"b.toml", companions}, .environment = {}, .flags = {{option.flag, text}}});
    ASSERT_TRUE(by_flag.ok()) << Failure(by_flag);
    EXPECT_EQ(by_file->settings, by_env->settings) << option.key;
    EXPECT_EQ(by_file->settings, by_flag->settings) << option.key;
    EXPECT_NE(by_file->settings, defaults.settings) << option.key;
    EXPECT_EQ(Row(*by_env, option.key).origin, option.env);
    EXPECT_EQ(Row(*by_flag, option.key).origin, "--" + option.flag);
    EXPECT_THAT(Row(*by_file, option.key).origin, HasSubstr("b.toml:"));
  }
}

TEST(OptionTable, RefusesAWrongTypeForEveryOptionWithItsAllowedValues) {
  for (const Option& option : Options()) {
    auto loaded = LoadFile(option.key + " = 1979-05-27\n");
    EXPECT_THAT(Failure(loaded),
                HasSubstr(": " + option.key + (option.is_secret() ? " = \"***\"" : " = (a date)")));
    EXPECT_THAT(Failure(loaded), HasSubstr(": must be " + Allowed(option)));
  }
}

TEST(OptionTable, KeepsNumbersWithinTheirBounds) {
  for (const Option& option : Options()) {
    if (option.kind != Kind::kCount && option.kind != Kind::kSize) continue;
    EXPECT_TRUE(LoadEnv(option.env, std::to_string(option.min)).ok()) << option.key;
    EXPECT_TRUE(LoadEnv(option.env, std::to_string(option.max)).ok()) << option.key;
    EXPECT_FALSE(LoadEnv(option.env, std::to_string(option.min - 1)).ok()) << option.key;
    EXPECT_FALSE(LoadEnv(option.env, std::to_string(option.max + 1)).ok()) << option.key;
  }
}

// --- precedence and origin

TEST(Load, GivesDefaultsWhenNothingIsSaid) {
  const Loaded loaded = *Load({});
  EXPECT_EQ(loaded.settings.data, "./var");
  EXPECT_EQ(loaded.settings.public_listener.address, (ListenAddress{"127.0.0.1", 5000}));
  EXPECT_EQ(loaded.settings.private_listener.address, (ListenAddress{"127.0.0.1", 5001}));
  EXPECT_THAT(loaded.settings.registries, IsEmpty());
  EXPECT_FALSE(loaded.settings.allow_iam_authz_off);
  EXPECT_EQ(loaded.settings.content.blob_bytes, std::int64_t{64} << 30);
  EXPECT_EQ(loaded.settings.tokens.access_lifetime, std::chrono::hours(1));
  for (const Effective& row : loaded.effective) EXPECT_EQ(row.origin, "default");
}

TEST(Load, LetsFlagsWinOverEnvironmentOverFileOverDefault) {
  LoadRequest request{
      .file = File{"b.toml", "data = \"file\"\njobs.workers = 3\nlog.level = \"warn\""},
      .environment = {{"BREAKWATER_DATA", "env"}, {"BREAKWATER_JOBS_WORKERS", "4"}},
      .flags = {{"data", "flag"}}};
  auto loaded = Load(request);
  ASSERT_TRUE(loaded.ok()) << Failure(loaded);
  EXPECT_EQ(loaded->settings.data, "flag");
  EXPECT_EQ(loaded->settings.jobs.workers, 4);
  EXPECT_EQ(loaded->settings.log.level, "warn");
  EXPECT_EQ(Row(*loaded, "data").origin, "--data");
  EXPECT_EQ(Row(*loaded, "jobs.workers").origin, "BREAKWATER_JOBS_WORKERS");
  EXPECT_EQ(Row(*loaded, "log.level").origin, "b.toml:3");
  EXPECT_EQ(Row(*loaded, "account.name").origin, "default");
}

TEST(Load, ReplacesListsAsAWhole) {
  LoadRequest request{.file = File{"b.toml", "[proxy]\ntrusted = [\"10.0.0.0/8\", \"::1\"]"},
                      .environment = {},
                      .flags = {{"proxy-trusted", "192.168.0.0/16"}, {"proxy-trusted", "::1"}}};
  auto loaded = Load(request);
  ASSERT_TRUE(loaded.ok()) << Failure(loaded);
  EXPECT_THAT(loaded->settings.proxy.trusted,
              ElementsAre(*IpNetwork::Parse("192.168.0.0/16"), *IpNetwork::Parse("::1")));
}

TEST(Load, ChecksASourceEvenIfAnotherOverridesIt) {
  auto loaded = Load({.file = File{"b.toml", "jobs.workers = 0"},
                      .environment = {},
                      .flags = {{"jobs-workers", "3"}}});
  EXPECT_THAT(Failure(loaded), HasSubstr("b.toml:1:6: jobs.workers = 0: must be a whole number "
                                         "from 1 to 64"));
}

TEST(Load, TakesABareFlagForTrue) {
  EXPECT_TRUE(LoadFlags({{"webhooks-allow-http", ""}})->settings.webhooks.allow_http);
  EXPECT_FALSE(LoadFlags({{"webhooks-allow-http", "false"}})->settings.webhooks.allow_http);
  EXPECT_FALSE(LoadFlags({{"webhooks-allow-http", "yes"}}).ok());
}

TEST(Load, RefusesAFlagGivenTwice) {
  EXPECT_EQ(Failure(LoadFlags({{"data", "a"}, {"data", "b"}})), "--data: given more than once");
}

// --- registries

TEST(Load, ReadsTheRegistriesOfTheExample) {
  auto loaded = LoadFile(std::string(kReference[1].bytes));
  ASSERT_TRUE(loaded.ok()) << Failure(loaded);
  ASSERT_EQ(loaded->settings.registries.size(), 2U);
  EXPECT_EQ(loaded->settings.registries[0], (Registry{.public_hosts = {"us.icr.io"},
                                                      .private_hosts = {"private.us.icr.io"},
                                                      .region = "us-south"}));
  EXPECT_EQ(loaded->settings.registries[1], (Registry{.public_hosts = {"de.icr.io"},
                                                      .private_hosts = {"private.de.icr.io"},
                                                      .region = "eu-central"}));
}

TEST(Load, ReadsRegistriesOfTheEnvironmentAndOfRepeatedFlags) {
  auto env = LoadEnv("BREAKWATER_REGISTRY", "a.example,region=x; b.example");
  auto flags = LoadFlags({{"registry", "a.example,region=x"}, {"registry", "b.example"}});
  ASSERT_TRUE(env.ok()) << Failure(env);
  ASSERT_TRUE(flags.ok()) << Failure(flags);
  EXPECT_EQ(env->settings.registries, flags->settings.registries);
  EXPECT_EQ(env->settings.registries[1].region, "local");
}

TEST(Load, RedirectsPullsOfTheRegistriesThatSaySoWhereThereIsAnObjectStore) {
  const std::string store =
      "s3.endpoint = \"https://s3.example\"\ns3.bucket = \"b\"\ns3.access_key = \"a\"\n"
      "s3.secret_key = \"s\"\n";
  const std::string registry = "[[registry]]\npublic_hosts = [\"a.b\"]\nredirect_pulls = true\n";
  const auto loaded = LoadFile(store + registry);
  ASSERT_TRUE(loaded.ok()) << Failure(loaded);
  EXPECT_TRUE(loaded->settings.registries[0].redirect_pulls);
  EXPECT_FALSE(ParseRegistry("a.b")->redirect_pulls);
  EXPECT_TRUE(ParseRegistry("a.b,redirect_pulls=true")->redirect_pulls);
  EXPECT_THAT(Failure(LoadFile(registry)), HasSubstr("redirect_pulls needs s3.endpoint"));
  EXPECT_THAT(Failure(LoadFile("[[registry]]\npublic_hosts = [\"a.b\"]\nredirect_pulls = 1\n")),
              HasSubstr("redirect_pulls must be true or false"));
}

TEST(Load, AsksForTheBucketAndTheCredentialsOfAnObjectStore) {
  const std::string endpoint = "s3.endpoint = \"https://s3.example\"\n";
  EXPECT_THAT(Failure(LoadFile(endpoint)), HasSubstr("s3.endpoint needs s3.bucket"));
  EXPECT_THAT(Failure(LoadFile(endpoint)), HasSubstr("s3.endpoint needs credentials"));
  const std::string bucket = endpoint + "s3.bucket = \"b\"\n";
  EXPECT_THAT(Failure(LoadFile(bucket + "s3.access_key = \"a\"\n")),
              HasSubstr("s3.access_key and s3.secret_key belong together"));
  EXPECT_TRUE(LoadFile(bucket + "s3.credentials_file = \"c\"\n").ok());
}

TEST(Load, RefusesAHostNameOfTwoRegistries) {
  EXPECT_THAT(Failure(LoadEnv("BREAKWATER_REGISTRY", "a.example;b.example,private=A.example")),
              HasSubstr("the host name 'a.example' is listed twice"));
}

TEST(Load, PointsAtTheLineOfAnUnknownKeyInARegistry) {
  EXPECT_THAT(Failure(LoadFile("[[registry]]\npublic_hosts = [\"a.b\"]\nregoin = \"x\"\n")),
              HasSubstr("line 3: unknown key 'regoin'; did you mean 'region'?"));
  EXPECT_THAT(Failure(LoadFile("[[registry]]\nregion = \"x\"\n")),
              HasSubstr("has no public host name"));
  EXPECT_THAT(Failure(LoadFile("[[registry]]\npublic_hosts = \"a.b\"\n")),
              HasSubstr("public_hosts must be a list of host names"));
  EXPECT_THAT(Failure(LoadFile("[registry]\npublic_hosts = [\"a.b\"]\n")),
              HasSubstr("unknown key 'registry.public_hosts'"));
}

// --- unknown names

TEST(Load, NamesTheNearestKeyOfAnUnknownOneInTheFile) {
  EXPECT_EQ(Failure(LoadFile("[jobs]\nworker = 3\n")),
            "b.toml:2:1: unknown key 'jobs.worker'; did you mean 'jobs.workers'?");
  EXPECT_EQ(Failure(LoadFile("qqqqqq = 3\n")), "b.toml:1:1: unknown key 'qqqqqq'");
  EXPECT_THAT(Failure(LoadFile("[nothing]\n")), HasSubstr("unknown key 'nothing'"));
}

TEST(Load, ListsTheKeysOfASectionThatIsGivenAValue) {
  EXPECT_EQ(Failure(LoadFile("public = \"0.0.0.0:80\"\n")),
            "b.toml:1:1: 'public' is a section; its keys are public.listen, "
            "public.tls_certificate, public.tls_key");
}

TEST(Load, NamesTheNearestVariableAndFlagOfUnknownOnes) {
  EXPECT_EQ(Failure(LoadEnv("BREAKWATER_DATTA", "x")),
            "unknown environment variable 'BREAKWATER_DATTA'; did you mean 'BREAKWATER_DATA'?");
  EXPECT_EQ(Failure(LoadFlags({{"pubic", "127.0.0.1:1"}})),
            "unknown flag '--pubic'; did you mean '--public'?");
}

TEST(Load, LetsOtherVariablesOfItsNameBe) {
  for (const char* name :
       {"BREAKWATER_ADVISORIES", "BREAKWATER_SHARED", "BREAKWATER_TOKEN", "BREAKWATER_CONFIG",
        "BREAKWATER_TEST_ANYTHING", "BREAKWATER_SERVICE_HOST", "BREAKWATER_SERVICE_PORT_HTTP",
        "BREAKWATER_PORT", "BREAKWATER_PORT_5000_TCP_ADDR"}) {
    EXPECT_TRUE(LoadEnv(name, "x").ok()) << name;
  }
}

// --- errors

TEST(Load, ReportsEveryProblemUpToTwenty) {
  EXPECT_EQ(Failure(LoadFile("[jobs]\nworkers = \"many\"\n[log]\nlevel = \"loud\"\n")),
            "b.toml:2:1: jobs.workers = \"many\": must be a whole number from 1 to 64\n"
            "b.toml:4:1: log.level = \"loud\": must be one of debug, info, warn, error");
  std::string many;
  for (int i = 0; i < 50; ++i) many += "k" + std::to_string(i) + " = 1\n";
  EXPECT_EQ(Split(Failure(LoadFile(many)), '\n').size(), 20U);
}

TEST(Load, GivesLineAndColumnOfASyntaxError) {
  EXPECT_THAT(Failure(LoadFile("data = \"x\"\njobs = = 3\n")), HasSubstr("b.toml:2:8: "));
  EXPECT_THAT(Failure(LoadFile("data = \"a\"\ndata = \"b\"\n")), HasSubstr("b.toml:2:"));
}

TEST(Load, ReportsMalformedTableHeaders) {
  for (const char* text : {"[[[data]]]", "[`data]", "[", "[[", "[=", "[[data", "[data]]", "[.a]"}) {
    EXPECT_THAT(Failure(LoadFile(text)), HasSubstr("b.toml:1:")) << text;
  }
}

TEST(Load, ReportsLettersBeyondAsciiWhereNoneMayStand) {
  for (const char* text : {"dätä = 1", "data ü = 1", "data = ü", "data = \"x\" \u2003y"}) {
    EXPECT_THAT(Failure(LoadFile(text)), HasSubstr("b.toml:1:")) << text;
  }
  EXPECT_TRUE(LoadFile("account.name = \"\"\"a \\\nü\"\"\"").ok());
}

TEST(Load, RefusesFilesThatAreNoConfiguration) {
  EXPECT_THAT(Failure(LoadFile(std::string(kMaxFileBytes + 1, ' '))), HasSubstr("larger than"));
  std::string deep = "a";
  for (int i = 0; i < 5000; ++i) deep += ".a";
  EXPECT_THAT(Failure(LoadFile(deep + " = 1")), HasSubstr("dots"));
  EXPECT_FALSE(LoadFile("a = " + std::string(100'000, '[')).ok());
}

TEST(Load, ShortensLongValuesBetweenCharacters) {
  std::string message = Failure(LoadEnv(
      "BREAKWATER_LOG_LEVEL", "x" + [] {
        std::string text;
        for (int i = 0; i < 200; ++i) text += "ü";
        return text;
      }()));
  EXPECT_LT(message.size(), 250U);
  EXPECT_TRUE(IsValidUtf8(message));
}

TEST(Load, WantsCertificateAndKeyTogether) {
  EXPECT_THAT(Failure(LoadFile("public.tls_key = \"k\"")),
              HasSubstr("public.tls_certificate and public.tls_key belong together"));
  EXPECT_THAT(Failure(LoadFile("private.tls_certificate = \"c\"")),
              HasSubstr("private.tls_certificate and private.tls_key belong together"));
}

TEST(Load, WantsTwoListenersUnlessTheSystemChoosesPorts) {
  EXPECT_THAT(Failure(LoadFlags({{"private", "127.0.0.1:5000"}})), HasSubstr("must differ"));
  EXPECT_TRUE(LoadFlags({{"public", "127.0.0.1:0"}, {"private", "127.0.0.1:0"}}).ok());
}

TEST(Load, BelievesAPlaneHeaderOnlyFromTrustedProxies) {
  EXPECT_THAT(Failure(LoadFile("proxy.plane_header = \"X-Plane\"")),
              HasSubstr("proxy.plane_header needs proxy.trusted"));
}

// --- secrets

TEST(Secrets, AreMaskedInOutputAndErrors) {
  const std::string key = "correct-horse-battery-staple-0123456789";
  auto loaded = LoadEnv("BREAKWATER_BOOTSTRAP_API_KEY", key);
  ASSERT_TRUE(loaded.ok()) << Failure(loaded);
  EXPECT_EQ(loaded->settings.bootstrap_api_key.Reveal(), key);
  EXPECT_THAT(RenderEffective(*loaded), Not(HasSubstr("correct-horse")));
  EXPECT_THAT(RenderEffective(*loaded), HasSubstr("bootstrap_api_key = \"***\""));
  const std::string failure = Failure(LoadEnv("BREAKWATER_BOOTSTRAP_API_KEY", "correct-horse"));
  EXPECT_EQ(failure,
            "BREAKWATER_BOOTSTRAP_API_KEY: bootstrap_api_key = \"***\": must be a text of "
            "32 to 256 characters");
}

// --- output

TEST(RenderEffective, LoadsToTheSameSettings) {
  auto loaded = LoadFile(std::string(kReference[1].bytes) +
                         "\n[account]\nname = \"A \\\"b\\\" \\\\ü\\u0001\"");
  ASSERT_TRUE(loaded.ok()) << Failure(loaded);
  const std::string text = RenderEffective(*loaded);
  EXPECT_THAT(text, HasSubstr("# default"));
  EXPECT_THAT(text, HasSubstr("# b.toml:"));
  auto again = LoadFile(text);
  ASSERT_TRUE(again.ok()) << Failure(again);
  EXPECT_EQ(again->settings, loaded->settings);
}

TEST(RenderReference, IsTheCommittedPage) {
  EXPECT_EQ(kReference[0].bytes, RenderReference()) << "run ./dev reference";
}

TEST(RenderReference, HasEveryOptionAndNoDefaultThatIsNotAllowed) {
  const std::string reference = RenderReference();
  for (const Option& option : Options()) {
    EXPECT_THAT(reference, HasSubstr("## `" + option.key + "`"));
    EXPECT_THAT(reference, HasSubstr("`--" + option.flag + "`"));
  }
}

// --- the world

TEST(ReadFile, GivesTheTextOrSaysWhy) {
  breakwater::testing::TempDir dir;
  const std::string path = dir.path() / "b.toml";
  EXPECT_THAT(ReadFile(path).error().message(), HasSubstr("No such file"));
  std::ofstream(path) << "data = \"x\"\n";
  EXPECT_EQ(*ReadFile(path), "data = \"x\"\n");
  std::ofstream(path) << std::string(kMaxFileBytes + 1, ' ');
  EXPECT_EQ(ReadFile(path).error().code(), ErrorCode::kTooLarge);
  EXPECT_FALSE(ReadFile(dir.path()).ok());
}

TEST(ReadEnvironment, HoldsOnlyVariablesOfOurName) {
  ASSERT_EQ(setenv("BREAKWATER_TEST_ONE", "a=b", 1), 0);
  const auto environment = ReadEnvironment();
  EXPECT_THAT(environment, ::testing::Contains(
                               std::pair<std::string, std::string>("BREAKWATER_TEST_ONE", "a=b")));
  for (const auto& [name, value] : environment)
    EXPECT_EQ(name.rfind("BREAKWATER_", 0), 0U) << value;
  unsetenv("BREAKWATER_TEST_ONE");
}

TEST(WipeSecretVariables, OverwritesSecretsWhereTheyLieAndLeavesTheRest) {
  ASSERT_EQ(setenv("BREAKWATER_BOOTSTRAP_API_KEY", "correct-horse", 1), 0);
  ASSERT_EQ(setenv("BREAKWATER_LOG_LEVEL", "debug", 1), 0);
  const char* const place = getenv("BREAKWATER_BOOTSTRAP_API_KEY");
  WipeSecretVariables();
  EXPECT_EQ(getenv("BREAKWATER_BOOTSTRAP_API_KEY"), nullptr);
  EXPECT_EQ(std::string_view(place, 13), std::string_view("\0\0\0\0\0\0\0\0\0\0\0\0\0", 13));
  EXPECT_STREQ(getenv("BREAKWATER_LOG_LEVEL"), "debug");
  unsetenv("BREAKWATER_LOG_LEVEL");
}

}  // namespace
}  // namespace breakwater::config

#include "json/json.h"

#include <gtest/gtest.h>

#include "json/reader.h"

namespace breakwater::json {
namespace {

TEST(Json, ErrorNamesLineAndColumn) {
  EXPECT_NE(Parse("{\n  \"a\": tru }").error().message().find("line 2, column"), std::string::npos);
  EXPECT_NE(Parse("[1,2").error().message().find("line 1, column 5"), std::string::npos);
}

TEST(Json, RefusesDuplicateKeysTrailingTextDepthAndSize) {
  EXPECT_NE(Parse(R"({"a":1,"b":{"a":2},"a":3})").error().message().find("duplicate key 'a'"),
            std::string::npos);
  EXPECT_TRUE(Parse(R"({"a":{"a":1},"b":[{"a":1},{"a":2}]})").ok());
  EXPECT_FALSE(Parse("{} x").ok());
  EXPECT_FALSE(Parse(std::string(33, '[') + std::string(33, ']')).ok());
  EXPECT_EQ(Parse("[1,2,3]", {.max_bytes = 3}).error().code(), ErrorCode::kTooLarge);
  EXPECT_FALSE(Parse("\"\xff\"").ok());
  EXPECT_FALSE(Parse("").ok());
}

// Their bytes are few, and what they become in memory is not.
TEST(Json, RefusesMoreValuesThanTheLimitOfBytesMakesLikely) {
  const auto parse = [](std::size_t values, std::size_t max_bytes) {
    std::string text = "[0";
    for (std::size_t i = 2; i < values; ++i) text += ",0";
    return Parse(text + "]", {.max_bytes = max_bytes});
  };
  EXPECT_TRUE(parse(65'536, 1U << 20).ok());
  const auto refused = parse(65'537, 1U << 20);
  ASSERT_FALSE(refused.ok());
  EXPECT_EQ(refused.error().reason(), "malformed_json");
  EXPECT_NE(refused.error().message().find("more than 65536 values"), std::string::npos);
  EXPECT_TRUE(parse(262'144, 4U << 20).ok());
  EXPECT_FALSE(parse(262'145, 4U << 20).ok());
}

TEST(Json, LongKeysInPartsAreStillChecked) {
  const std::string key(9000, 'k');
  EXPECT_TRUE(Parse("{\"" + key + "\\u0041\":1,\"" + key + "B\":2}").ok());
  EXPECT_FALSE(Parse("{\"" + key + "\\u0041\":1,\"" + key + "A\":2}").ok());
}

TEST(Json, PrintsNumbersPlainlyAndKeepsOrder) {
  const char* text =
      R"({"z":0.1,"a":[1,-2,18446744073709551615,1.5,true,null],"s":"\"\\\n\u0001é"})";
  EXPECT_EQ(Serialize(*Parse(text)), text);
}

TEST(Json, CanonicalFormDoesNotDependOnOrder) {
  EXPECT_EQ(Canonical(*Parse(R"({"b":1,"a":{"d":2,"c":3}})")), R"({"a":{"c":3,"d":2},"b":1})");
  EXPECT_EQ(Pretty(*Parse(R"({"a":[],"b":[1]})")), "{\n  \"a\": [],\n  \"b\": [\n    1\n  ]\n}");
}

TEST(Reader, NamesThePathOfTheFirstMistake) {
  const Value document = *Parse(R"({"rules":[{"rule":{"name":7}},{"rule":{}}]})");
  const Reader reader(document);
  for (const Reader& rule : reader.Field("rules").Items(8))
    rule.Field("rule").Field("name").String();
  EXPECT_EQ(reader.Finish().error().message(), "rules[0].rule.name: must be a string");
}

TEST(Reader, AbsentAndNullAreTheSameAndRequiredFieldsAreNamed) {
  const Value document = *Parse(R"({"a":null,"n":5,"f":true,"s":"x"})");
  const Reader reader(document);
  EXPECT_FALSE(reader.Optional("a"));
  EXPECT_EQ(reader.String("b", "fallback"), "fallback");
  EXPECT_EQ(reader.Int("n", 0), 5);
  EXPECT_TRUE(reader.Bool("f", false));
  EXPECT_TRUE(reader.Finish().ok());
  reader.Field("a");
  EXPECT_EQ(reader.Finish().error().message(), "a: is required");
}

TEST(Reader, UnknownFieldNamesTheNearest) {
  const Value document = *Parse(R"({"descripton":"x"})");
  const Reader reader(document);
  reader.OnlyFields({"name", "description"});
  EXPECT_NE(reader.Finish().error().message().find("did you mean 'description'"),
            std::string::npos);
}

TEST(Json, AMemberOfAnObjectIsTheObjectsOwn) {
  const Object object = {{"name", "a text that is too long to be kept within a string itself"}};
  EXPECT_EQ(FindText(object, "name").data(), object.at("name").get_string().data());
  EXPECT_EQ(Find(object, "name"), &object.at("name"));
  EXPECT_EQ(FindText(object, "other"), "");
}

}  // namespace
}  // namespace breakwater::json

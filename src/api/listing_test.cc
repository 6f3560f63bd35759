#include "api/listing.h"

#include <gtest/gtest.h>

#include "io/stream.h"

namespace breakwater::api {
namespace {

// The parts of a list, which its reader asks for one after the other.
NextPart Parts(std::vector<std::vector<std::string>> parts, std::size_t* asked) {
  return [parts = std::move(parts), asked]() -> Result<std::optional<std::vector<std::string>>> {
    if (*asked == parts.size()) return std::nullopt;
    return std::optional(parts[(*asked)++]);
  };
}

std::string AllOf(net::Response& response) {
  return *io::ReadAll(*std::get<net::StreamBody>(response.body).source, 1 << 20);
}

TEST(Listing, JoinsPartsWhateverOfThemIsEmpty) {
  std::size_t asked = 0;
  auto response = ListResponse(ListKind::kArray, Parts({{}, {"1", "2"}, {}, {"3"}, {}}, &asked));
  ASSERT_TRUE(response.ok());
  EXPECT_EQ(AllOf(*response), "[1,2,3]");
}

TEST(Listing, ReadsNoMoreThanWhatItsClientTakes) {
  std::size_t asked = 0;
  auto response = ListResponse(ListKind::kArray, Parts({{"1"}, {"2"}, {"3"}}, &asked));
  ASSERT_TRUE(response.ok());
  EXPECT_EQ(asked, 1U);
  std::array<std::byte, 64> room;
  io::Source& body = *std::get<net::StreamBody>(response->body).source;
  ASSERT_EQ(*body.Read(room), 2U);
  EXPECT_EQ(asked, 1U);
  ASSERT_EQ(*body.Read(room), 2U);
  EXPECT_EQ(asked, 2U);
}

// Whoever looks through a million images for a few writes nothing for a long time: only who writes
// learns that its client has gone.
TEST(Listing, SaysThatItIsNotOverWhereNothingIsFoundForLong) {
  std::size_t asked = 0;
  auto response =
      ListResponse(ListKind::kArray, Parts(std::vector<std::vector<std::string>>(100), &asked));
  ASSERT_TRUE(response.ok());
  std::array<std::byte, 64> room;
  io::Source& body = *std::get<net::StreamBody>(response->body).source;
  ASSERT_EQ(*body.Read(room), 1U);  // "["
  ASSERT_EQ(*body.Read(room), 1U);
  EXPECT_EQ(room[0], std::byte{'\n'});
  EXPECT_LT(asked, 20U);
  const std::string rest = *io::ReadAll(body, 1 << 20);
  EXPECT_TRUE(json::Parse("[" + rest).ok()) << rest;
}

}  // namespace
}  // namespace breakwater::api

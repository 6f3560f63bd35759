#include "oci/digest.h"

#include <unordered_set>

#include <gtest/gtest.h>

namespace breakwater::oci {
namespace {

constexpr std::string_view kEmptySha256 =
    "sha256:e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855";

TEST(Digest, OfNothingIsTheKnownValue) {
  EXPECT_EQ(Digest::Of({}).text(), kEmptySha256);
  EXPECT_EQ(Digest::Of({}).algorithm_name(), "sha256");
  EXPECT_EQ(Digest::Of({}).hex(), kEmptySha256.substr(7));
}

TEST(Digest, ReadsBackWhatItPrints) {
  for (const auto algorithm : {crypto::HashAlgorithm::kSha256, crypto::HashAlgorithm::kSha512}) {
    const Digest digest = Digest::Of(AsBytes("breakwater"), algorithm);
    const auto again = Digest::Parse(digest.text());
    ASSERT_TRUE(again.ok());
    EXPECT_EQ(*again, digest);
    EXPECT_EQ(again->algorithm(), algorithm);
    EXPECT_EQ(std::hash<Digest>{}(*again), std::hash<Digest>{}(digest));
  }
}

TEST(Digest, RefusesWhatIsNotExact) {
  const std::string good(kEmptySha256);
  for (const std::string& bad :
       {std::string(), std::string("sha256"), std::string("sha256:"), std::string(":abc"),
        std::string("sha256:baddigeststring"), good.substr(0, good.size() - 1), good + "0",
        "SHA256" + good.substr(6), "sha512" + good.substr(6), "md5" + good.substr(6),
        "sha256:" + std::string(64, 'A'), "sha256:" + std::string(64, 'g'), " " + good}) {
    const auto parsed = Digest::Parse(bad);
    ASSERT_FALSE(parsed.ok()) << bad;
    EXPECT_EQ(parsed.error().reason(), "digest_invalid");
  }
}

}  // namespace
}  // namespace breakwater::oci

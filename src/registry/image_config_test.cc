#include "registry/image_config.h"

#include <gtest/gtest.h>

#include "registry/testing.h"

namespace breakwater::registry {
namespace {

TEST(ImageConfig, SaysWhatAnImageIs) {
  const ImageConfig config = ParseImageConfig(
      R"({"created":"2024-05-06T07:08:09Z","os":"linux","architecture":"arm64","variant":"v8",)"
      R"("config":{"Labels":{"tier":"gold","Tier":"","control":"a\u0000\u001b\r\nb"}}})");
  ASSERT_TRUE(config.readable);
  EXPECT_TRUE(config.created.has_value());
  EXPECT_EQ(config.platform, "linux/arm64/v8");
  EXPECT_EQ(config.labels.size(), 3U) << "names differ by case as well";
}

TEST(ImageConfig, MayLeaveOutWhatItWantsAndSayMore) {
  for (const char* text : {"{}", R"({"config":null})", R"({"config":{"Labels":null}})",
                           R"({"os":"linux"})", R"({"os":null,"rootfs":7,"os.version":1})"}) {
    const ImageConfig config = ParseImageConfig(text);
    EXPECT_TRUE(config.readable) << text;
    EXPECT_EQ(config.platform, "") << text;
    EXPECT_TRUE(config.labels.empty()) << text;
  }
}

TEST(ImageConfig, IsUnreadableWhereProgramsWouldReadItInSeveralWays) {
  const std::string long_part(kMaxPlatformPart + 1, 'a');
  for (const std::string& text : {
           std::string(),
           std::string("no JSON"),
           std::string("[]"),
           std::string(R"({"os":"linux","os":"windows","architecture":"arm64"})"),
           std::string(R"({"os":"linux","OS":"windows","architecture":"arm64"})"),
           std::string(R"({"os":7,"architecture":"arm64"})"),
           std::string(R"({"os":"linux","architecture":"arm64/v8"})"),
           std::string(R"({"os":"linux\u0000","architecture":"arm64"})"),
           std::string(R"({"os":"?","architecture":"arm64"})"),
           R"({"os":"linux","architecture":"arm64","variant":")" + long_part + "\"}",
           std::string(R"({"config":"text"})"),
           std::string(R"({"config":{"Labels":[]}})"),
           std::string(R"({"config":{"Labels":{"tier":5}}})"),
           std::string(R"({"config":{"Labels":{"tier":["gold"]}}})"),
           std::string(R"({"config":{"Labels":{"tier":null}}})"),
           std::string(R"({"config":{"Labels":{},"labels":{"tier":"gold"}}})"),
           std::string(R"({"config":{},"Config":{"Labels":{"tier":"gold"}}})"),
       }) {
    const ImageConfig config = ParseImageConfig(text);
    EXPECT_FALSE(config.readable) << text;
    EXPECT_EQ(config.platform, "") << text;
    EXPECT_TRUE(config.labels.empty()) << text;
  }
  EXPECT_TRUE(ParseImageConfig(R"({"created":"2024-05-06T07:08:09Z","os":7})").created.has_value())
      << "a date is one";
}

class KeptImageConfig : public ::testing::Test {
 protected:
  void Push(const std::string& text) {
    digest_ = oci::Digest::Of(AsBytes(text));
    ASSERT_TRUE(world_.PushBlob(world_.Repository("team-a/app"), text).ok());
  }
  void Note() {
    ASSERT_TRUE(
        world_.database.Write([&](db::Transaction& tx) { return NoteImageConfig(tx, digest_); })
            .ok());
  }
  std::optional<ImageConfig> Find() {
    return *world_.database.ReadValue(
        [&](db::Transaction& tx) { return FindImageConfig(tx, digest_); });
  }

  testing::World world_;
  oci::Digest digest_ = oci::Digest::Of({});
};

TEST_F(KeptImageConfig, TellsWhetherItCouldBeRead) {
  Push(R"({"os":"linux","architecture":"amd64","config":{"Labels":{"a":"\u0000"}}})");
  EXPECT_FALSE(Find().has_value());
  Note();
  ASSERT_TRUE(Find().has_value());
  EXPECT_TRUE(Find()->readable);
  EXPECT_EQ(Find()->platform, "linux/amd64");
  EXPECT_EQ(Find()->labels.size(), 1U);
  Push(R"({"os":"linux\u0000","architecture":"amd64"})");
  Note();
  ASSERT_TRUE(Find().has_value());
  EXPECT_FALSE(Find()->readable);
  EXPECT_EQ(Find()->platform, "");
}

// What a row does not hold lies in the blob store, each read of which takes its time: one
// transaction keeps what all of them say.
TEST_F(KeptImageConfig, IsReadWithOthersFromTheBlobStore) {
  const std::string filler(70'000, 'x');
  std::vector<oci::Digest> digests{oci::Digest::Of(AsBytes("there is no such blob"))};
  for (int i = 0; i < 3; ++i) {
    Push(R"({"os":"linux","architecture":"arm)" + std::to_string(i) + R"(","author":")" + filler +
         "\"}");
    digests.push_back(digest_);
  }
  ASSERT_TRUE(ReadImageConfigs(world_.database, world_.services->content, digests).ok());
  for (int i = 0; i < 3; ++i) {
    digest_ = digests[static_cast<std::size_t>(i) + 1];
    ASSERT_TRUE(Find().has_value());
    EXPECT_EQ(Find()->platform, "linux/arm" + std::to_string(i));
  }
  digest_ = digests[0];
  EXPECT_FALSE(Find().has_value());
}

TEST_F(KeptImageConfig, IsReadAgainWhereItIsOlderThanItsPlatform) {
  Push(R"({"os":"linux","architecture":"amd64","config":{"Labels":{"a":"b"}}})");
  Note();
  ASSERT_TRUE(world_.database
                  .Write([](db::Transaction& tx) -> Status {
                    BW_TRY_STATUS(tx.Execute(
                        "UPDATE image_config SET platform = NULL, labels = '{\"old\":\"er\"}'"));
                    return Ok();
                  })
                  .ok());
  EXPECT_FALSE(Find().has_value());
  Note();
  ASSERT_TRUE(Find().has_value());
  EXPECT_EQ(Find()->platform, "linux/amd64");
  EXPECT_TRUE(Find()->labels.contains("a"));
}

}  // namespace
}  // namespace breakwater::registry

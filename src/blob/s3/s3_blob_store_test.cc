// Against a real service; skipped without one.
#include "blob/s3/s3_blob_store.h"

#include <gtest/gtest.h>

#include "blob/blob_store_conformance.h"
#include "blob/s3/s3_client.h"
#include "blob/s3/s3_parts.h"
#include "blob/s3/s3_testing.h"
#include "net/http_client.h"

namespace breakwater::blob {
namespace {

using testing::BlobStoreBackend;
using testing::BlobStoreConformance;
using testing::CommitOne;
using testing::DigestOf;
using testing::HasS3;
using testing::kNoS3;
using testing::ReadText;
using testing::S3Setting;
using testing::S3TestOptions;
using testing::S3TestStore;
using testing::S3VirtualHostTlsOptions;
using testing::StagedSizes;
using testing::StageText;

std::vector<BlobStoreBackend> Backends() {
  std::vector<BlobStoreBackend> out;
  if (!HasS3()) return out;
  out.push_back({"path_http", [] { return std::make_unique<S3TestStore>(S3TestOptions()); }});
  if (!S3Setting("TLS_ENDPOINT").empty() && !S3Setting("DOMAIN").empty()) {
    out.push_back({"virtual_host_https",
                   [] { return std::make_unique<S3TestStore>(S3VirtualHostTlsOptions()); }});
  }
  return out;
}

// Without a service there is nothing to instantiate; S3BlobStore's skipped tests say why.
GTEST_ALLOW_UNINSTANTIATED_PARAMETERIZED_TEST(BlobStoreConformance);
INSTANTIATE_TEST_SUITE_P(S3, BlobStoreConformance, ::testing::ValuesIn(Backends()),
                         [](const auto& test) { return test.param.name; });

std::string Pattern(std::size_t size, unsigned seed) {
  std::string out(size, '\0');
  unsigned state = seed * 2654435761U + 1;
  for (char& c : out) {
    state = state * 1664525U + 1013904223U;
    c = static_cast<char>(state >> 24U);
  }
  return out;
}

class S3BlobStore : public ::testing::Test {
 protected:
  void SetUp() override {
    if (!HasS3()) GTEST_SKIP() << kNoS3;
    made_ = std::make_unique<S3TestStore>(S3TestOptions());
  }
  BlobStore& store() { return made_->store(); }
  S3Client Client() {
    const S3Options& options = made_->options();
    return S3Client(options, *S3Endpoint::Parse(options.endpoint), S3Waiting::Real(), clock_);
  }
  std::vector<std::string> KeysBelow(const std::string& prefix) {
    std::vector<std::string> keys;
    EXPECT_TRUE(Client()
                    .ListObjects(prefix,
                                 [&](const S3Object& object) {
                                   keys.push_back(object.key);
                                   return Ok();
                                 })
                    .ok());
    return keys;
  }
  std::vector<std::string> UploadsBelow(const std::string& prefix) {
    std::vector<std::string> keys;
    EXPECT_TRUE(Client()
                    .ListUploads(prefix,
                                 [&](const S3Upload& upload) {
                                   keys.push_back(upload.key);
                                   return Ok();
                                 })
                    .ok());
    return keys;
  }

  const SystemClock clock_;
  std::unique_ptr<S3TestStore> made_;
};

TEST_F(S3BlobStore, PartsAndTailOfAnUploadBecomeOneObject) {
  const std::string content = Pattern(23 * kMiB + 17, 1);
  auto staged = store().Stage();
  for (std::size_t at = 0; at < content.size(); at += 300'000) {
    ASSERT_TRUE((*staged)
                    ->Append(AsBytes(content).subspan(at).first(
                        std::min<std::size_t>(300'000, content.size() - at)))
                    .ok());
  }
  const auto source = (*staged)->Read();
  ASSERT_TRUE(source.ok());
  EXPECT_TRUE(*io::ReadAll(**source, 1U << 30U) == content);
  EXPECT_EQ(KeysBelow("staging/").size(), 4U);
  ASSERT_TRUE(CommitOne(store(), **staged, DigestOf(content)).ok());
  EXPECT_TRUE(*ReadText(store(), DigestOf(content)) == content);
  EXPECT_TRUE(KeysBelow("staging/").empty());
  EXPECT_TRUE(UploadsBelow("").empty());
}

TEST_F(S3BlobStore, SmallBlobIsOneObjectAndNeverARow) {
  auto staged = store().Stage();
  ASSERT_TRUE((*staged)->Append(AsBytes("small")).ok());
  EXPECT_TRUE(StagedSizes(store()).empty());
  ASSERT_TRUE(CommitOne(store(), **staged, DigestOf("small")).ok());
  EXPECT_EQ(KeysBelow(""), std::vector<std::string>{BlobKey(DigestOf("small"))});
}

TEST_F(S3BlobStore, AnotherProcessGoesOnInTheMiddleOfAPart) {
  const std::string content = Pattern(12 * kMiB, 2);
  auto elsewhere = made_->Open(made_->options());
  std::string id;
  {
    const auto staged = store().Stage();
    id = (*staged)->id();
    ASSERT_TRUE((*staged)->Append(AsBytes(content).first(7 * kMiB)).ok());
    ASSERT_TRUE((*staged)->Flush().ok());
  }
  const auto resumed = elsewhere->Resume(id);
  ASSERT_TRUE(resumed.ok());
  EXPECT_EQ((*resumed)->size(), 7 * kMiB);
  ASSERT_TRUE((*resumed)->Append(AsBytes(content).subspan(7 * kMiB)).ok());
  const auto source = (*resumed)->Read();
  ASSERT_TRUE(source.ok());
  EXPECT_TRUE(*io::ReadAll(**source, 1U << 30U) == content);
  ASSERT_TRUE(CommitOne(*elsewhere, **resumed, DigestOf(content)).ok());
  EXPECT_TRUE(*ReadText(store(), DigestOf(content)) == content);
}

TEST_F(S3BlobStore, WriterThatWasOvertakenIsTold) {
  const auto first = StageText(store(), "one ");
  const auto second = store().Resume(first->id());
  ASSERT_TRUE((*second)->Append(AsBytes("two")).ok());
  ASSERT_TRUE((*second)->Flush().ok());
  ASSERT_TRUE(first->Append(AsBytes("late")).ok());
  const Status late = first->Flush();
  ASSERT_FALSE(late.ok());
  EXPECT_EQ(late.error().reason(), "upload_changed");
  EXPECT_EQ(*io::ReadAll(**(*second)->Read(), 100), "one two");
  ASSERT_TRUE(store().Discard(first->id()).ok());
  ASSERT_TRUE((*second)->Append(AsBytes("!")).ok());
  EXPECT_EQ((*second)->Flush().error().code(), ErrorCode::kNotFound);
}

TEST_F(S3BlobStore, MoreChunksThanPartsAreFew) {
  // Flushed at every third of a part: the tail comes back from its rows, and the parts stay whole.
  const std::string content = Pattern(11 * kMiB, 3);
  std::string id = StageText(store(), "")->id();
  for (std::size_t at = 0; at < content.size(); at += kMiB) {
    const auto staged = store().Resume(id);
    ASSERT_TRUE(staged.ok());
    ASSERT_EQ((*staged)->size(), at);
    ASSERT_TRUE((*staged)->Append(AsBytes(content).subspan(at, kMiB)).ok());
    ASSERT_TRUE((*staged)->Flush().ok());
  }
  EXPECT_EQ(KeysBelow("staging/").size(), 2U);
  const auto staged = store().Resume(id);
  ASSERT_TRUE(CommitOne(store(), **staged, DigestOf(content)).ok());
  EXPECT_TRUE(*ReadText(store(), DigestOf(content)) == content);
}

TEST_F(S3BlobStore, MorePartsThanOneMultipartUploadTakesAreMergedFirst) {
  S3Options options = made_->options();
  options.max_parts = 3;
  const auto narrow = made_->Open(options);
  const std::string content = Pattern(26 * kMiB, 4);  // five parts and a tail
  const auto staged = narrow->Stage();
  ASSERT_TRUE((*staged)->Append(AsBytes(content)).ok());
  ASSERT_TRUE(CommitOne(*narrow, **staged, DigestOf(content)).ok());
  EXPECT_TRUE(*ReadText(store(), DigestOf(content)) == content);
  EXPECT_TRUE(KeysBelow("staging/").empty());
  EXPECT_TRUE(UploadsBelow("").empty());
}

TEST_F(S3BlobStore, ListGoesOnOverItsPages) {
  auto client = Client();
  // A page has 1000 keys.
  for (int i = 0; i < 1005; ++i) {
    const auto digest = DigestOf(std::to_string(i));
    ASSERT_TRUE(client.Put(BlobKey(digest), {}).ok());
  }
  int count = 0;
  ASSERT_TRUE(store()
                  .List([&](const oci::Digest&, std::uint64_t) {
                    ++count;
                    return Ok();
                  })
                  .ok());
  EXPECT_EQ(count, 1005);
}

TEST_F(S3BlobStore, OrphansAreFoundWhenTheyAreOldAndGoWhenDiscarded) {
  auto client = Client();
  const std::string id = NewUploadId();
  ASSERT_TRUE(client.Put(StagingKey(id, NewObjectName(1)), AsBytes("left behind")).ok());
  ASSERT_TRUE(client.CreateUpload(BlobKey(DigestOf("x"))).ok());
  EXPECT_TRUE(StagedSizes(store()).empty()) << "too young";
  S3Options options = made_->options();
  options.orphan_age = std::chrono::seconds(0);
  const auto listed = StagedSizes(*made_->Open(options));
  EXPECT_EQ(listed.size(), 2U);
  EXPECT_EQ(listed.at(id), 11U);
  for (const auto& [name, size] : listed) EXPECT_TRUE(store().Discard(name).ok());
  EXPECT_TRUE(KeysBelow("").empty());
  EXPECT_TRUE(UploadsBelow("").empty());
}

TEST_F(S3BlobStore, PresignedUrlGivesTheBytesToWhoeverHasIt) {
  const std::string content = "presigned";
  ASSERT_TRUE(CommitOne(store(), *StageText(store(), content), DigestOf(content)).ok());
  const auto url = store().PresignGet(DigestOf(content), std::chrono::seconds(60));
  ASSERT_TRUE(url.has_value());
  const net::HttpClient client({.policy = {.allow_plain_http = true, .allow_non_public = true}});
  net::ClientRequest request;
  request.url = *url;
  const auto response = client.Send(request);
  ASSERT_TRUE(response.ok());
  EXPECT_EQ(response->status, 200);
  EXPECT_EQ(response->body, content);
  EXPECT_EQ(response->headers.Get("content-type"), "application/octet-stream");
  request.url.back() = request.url.back() == '0' ? '1' : '0';
  EXPECT_EQ(client.Send(request)->status, 403);
}

TEST_F(S3BlobStore, ManySmallUploadsShareFewBuffers) {
  S3Options options = made_->options();
  options.buffer_bytes = options.part_size;
  const auto narrow = made_->Open(options);
  std::vector<std::thread> threads;
  for (unsigned t = 0; t < 4; ++t) {
    threads.emplace_back([&, t] {
      const std::string content = Pattern(6 * kMiB, t);
      const auto staged = narrow->Stage();
      for (std::size_t at = 0; at < content.size(); at += kMiB) {
        ASSERT_TRUE((*staged)->Append(AsBytes(content).subspan(at, kMiB)).ok());
      }
      ASSERT_TRUE(CommitOne(*narrow, **staged, DigestOf(content)).ok());
      EXPECT_TRUE(*ReadText(*narrow, DigestOf(content)) == content);
    });
  }
  for (auto& thread : threads) thread.join();
  EXPECT_TRUE(StagedSizes(store()).empty());
}

TEST_F(S3BlobStore, WhatIsWrongWithTheSetUpIsTheOperatorsAffair) {
  S3Options options = made_->options();
  options.credentials.secret_key = Secret("not-the-secret");
  const auto refused = made_->Open(options)->Remove(DigestOf("x"));
  ASSERT_FALSE(refused.ok());
  EXPECT_EQ(refused.error().reason(), "blob_store_unavailable");
  EXPECT_NE(refused.error().log().find("SignatureDoesNotMatch"), std::string::npos);
  EXPECT_EQ(refused.error().log().find("not-the-secret"), std::string::npos);
  options = made_->options();
  options.bucket = "no-such-bucket-here";
  EXPECT_EQ(made_->Open(options)->Open(DigestOf("x")).error().code(), ErrorCode::kUnavailable);
}

TEST_F(S3BlobStore, DoctorFindsAHealthyStore) {
  for (const S3Finding& finding : CheckS3(made_->options(), clock_)) {
    EXPECT_TRUE(finding.ok) << finding.text;
  }
  EXPECT_TRUE(KeysBelow("").empty());
}

TEST_F(S3BlobStore, DoctorSaysWhatIsWrong) {
  const auto first_problem = [&](const S3Options& options) -> std::string {
    for (const S3Finding& finding : CheckS3(options, clock_)) {
      if (!finding.ok) return finding.text;
    }
    return "";
  };
  S3Options options = made_->options();
  options.credentials.secret_key = Secret("wrong");
  EXPECT_NE(first_problem(options).find("the secret key (or the region) is wrong"),
            std::string::npos);
  options = made_->options();
  options.credentials.access_key = "nobody";
  EXPECT_NE(first_problem(options).find("the access key is not known"), std::string::npos);
  options = made_->options();
  options.bucket = "no-such-bucket-here";
  EXPECT_NE(first_problem(options).find("there is no such bucket"), std::string::npos);
}

}  // namespace
}  // namespace breakwater::blob

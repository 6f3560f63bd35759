// Several ranges of a blob in one answer (RFC 9110 §14.6), as partial pulls of zstd:chunked layers
// ask for them, and the conditions on ranges (§13.1.5).
#include "api/oci/checklist.h"

namespace breakwater::api::testing {
namespace {

using registry::testing::Bytes;

struct Part {
  std::string content_range;
  std::string content_type;
  std::string bytes;
  friend bool operator==(const Part&, const Part&) = default;
};

// The parts of a multipart/byteranges body, read as RFC 2046 §5.1.1 has it; the body must hold
// nothing else.
std::vector<Part> PartsOf(const Answer& answer) {
  const std::string prefix = "multipart/byteranges; boundary=";
  const std::string type = answer.Header("Content-Type");
  EXPECT_TRUE(type.starts_with(prefix)) << type;
  const std::string delimiter = "\r\n--" + type.substr(std::min(prefix.size(), type.size()));
  std::string rest = "\r\n" + answer.body;
  std::vector<Part> parts;
  while (rest.starts_with(delimiter + "\r\n")) {
    rest.erase(0, delimiter.size() + 2);
    const auto head_end = rest.find("\r\n\r\n");
    const auto end = rest.find(delimiter, head_end);
    if (head_end == std::string::npos || end == std::string::npos) break;
    Part part;
    const std::string head = rest.substr(0, head_end);
    for (const std::string_view line : Split(head, '\n')) {
      const auto field = SplitN(Trim(line), ':', 2);
      const std::string value(Trim(field.back()));
      (EqualsIgnoreCase(field.front(), "Content-Range") ? part.content_range : part.content_type) =
          value;
    }
    part.bytes = rest.substr(head_end + 4, end - head_end - 4);
    parts.push_back(std::move(part));
    rest.erase(0, end);
  }
  EXPECT_EQ(rest, delimiter + "--\r\n");
  return parts;
}

class ByteRanges : public OciChecklist {
 protected:
  Answer Ranged(const std::string& content, const std::string& range,
                std::vector<std::pair<std::string, std::string>> more = {}) {
    more.emplace_back("Range", range);
    return Do({.method = "GET", .target = kBlobs + DigestOf(content), .headers = std::move(more)});
  }
  // One that is a row of the database, and one that is a file.
  std::vector<std::string> Blobs() {
    std::vector<std::string> blobs = {Bytes(5000), Bytes(300'000, 'q')};
    for (const std::string& blob : blobs) EXPECT_EQ(service_.PushBlob(kRepo, blob).status, 201);
    return blobs;
  }
};

TEST_F(ByteRanges, OneIsFirstToLastToTheEndOrASuffix) {
  for (const std::string& blob : Blobs()) {
    const std::string size = std::to_string(blob.size());
    const Answer part = Ranged(blob, "bytes=500-1499");
    EXPECT_EQ(part.status, 206);
    EXPECT_EQ(part.length, 1000U);
    EXPECT_EQ(part.body, blob.substr(500, 1000));
    EXPECT_EQ(part.Header("Content-Range"), "bytes 500-1499/" + size);
    EXPECT_EQ(Ranged(blob, "bytes=500-").body, blob.substr(500));
    EXPECT_EQ(Ranged(blob, "bytes=-500").body, blob.substr(blob.size() - 500));
    EXPECT_EQ(Ranged(blob, "bytes=1500-99999999").body, blob.substr(1500));
    EXPECT_EQ(Ranged(blob, "bytes=99999999-").status, 416);
    EXPECT_EQ(Ranged(blob, "bytes=500-0").status, 416);
    const Answer whole = Blob(DigestOf(blob));
    EXPECT_EQ(whole.Header("Accept-Ranges"), "bytes");
    EXPECT_EQ(whole.Header("ETag"), "\"" + DigestOf(blob) + "\"");
    EXPECT_EQ(whole.Header("Content-Type"), "application/octet-stream");
    EXPECT_EQ(whole.Header("Cache-Control"), "max-age=31536000");
  }
}

TEST_F(ByteRanges, SeveralArePartsInTheOrderAskedFor) {
  for (const std::string& blob : Blobs()) {
    const std::string size = std::to_string(blob.size());
    const Answer answer = Ranged(blob, "bytes=1000-1999, 0-0,-10");
    EXPECT_EQ(answer.status, 206);
    EXPECT_EQ(answer.Header("Content-Range"), "");
    EXPECT_EQ(answer.Header("Docker-Content-Digest"), DigestOf(blob));
    EXPECT_EQ(answer.length, answer.body.size());
    const std::string type = "application/octet-stream";
    EXPECT_EQ(PartsOf(answer),
              (std::vector<Part>{{"bytes 1000-1999/" + size, type, blob.substr(1000, 1000)},
                                 {"bytes 0-0/" + size, type, blob.substr(0, 1)},
                                 {"bytes " + std::to_string(blob.size() - 10) + "-" +
                                      std::to_string(blob.size() - 1) + "/" + size,
                                  type, blob.substr(blob.size() - 10)}}));
  }
}

TEST_F(ByteRanges, NeighboursStayPartsOfTheirOwn) {
  // Clients count the parts: a chunk for each.
  for (const std::string& blob : Blobs()) {
    EXPECT_EQ(PartsOf(Ranged(blob, "bytes=0-9,10-19,20-29")).size(), 3U);
  }
}

TEST_F(ByteRanges, AsManyAsAClientAsksForAtMostComeBackAndMoreAre400) {
  const std::string blob = Blobs().back();
  const auto header = [](std::size_t count) {
    std::string text = "bytes=";
    for (std::size_t i = 0; i < count; ++i) {
      text += (i > 0 ? "," : "") + std::to_string(100 * i) + "-" + std::to_string(100 * i + 50);
    }
    return text;
  };
  const auto parts = PartsOf(Ranged(blob, header(oci::kMaxRanges)));
  ASSERT_EQ(parts.size(), oci::kMaxRanges);
  for (std::size_t i = 0; i < parts.size(); ++i) {
    ASSERT_EQ(parts[i].bytes, blob.substr(100 * i, 51)) << i;
  }
  const Answer more = Ranged(blob, header(oci::kMaxRanges + 1));
  EXPECT_EQ(more.status, 400);
  EXPECT_EQ(more.Code(), "RANGE_INVALID");
}

TEST_F(ByteRanges, WhatLiesOutsideIsLeftOutAndOneThatIsLeftIsNoMultipart) {
  for (const std::string& blob : Blobs()) {
    const Answer one = Ranged(blob, "bytes=9999999-,5-9");
    EXPECT_EQ(one.status, 206);
    EXPECT_EQ(one.Header("Content-Range"), "bytes 5-9/" + std::to_string(blob.size()));
    EXPECT_EQ(one.body, blob.substr(5, 5));
    const Answer none = Ranged(blob, "bytes=9999999-,8888888-8888889");
    EXPECT_EQ(none.status, 416);
    EXPECT_EQ(none.Header("Content-Range"), "bytes */" + std::to_string(blob.size()));
  }
}

TEST_F(ByteRanges, OverlapIsRefusedSoThatNoAnswerIsLongerThanTheBlob) {
  for (const std::string& blob : Blobs()) {
    for (const char* range : {"bytes=0-,0-", "bytes=0-9,9-19", "bytes=-10,0-"}) {
      EXPECT_EQ(Ranged(blob, range).Code(), "RANGE_INVALID") << range;
      EXPECT_EQ(Ranged(blob, range).status, 416) << range;
    }
  }
}

TEST_F(ByteRanges, IfRangeNamesTheEntityOrTheWholeBlobIsSent) {
  for (const std::string& blob : Blobs()) {
    const std::string tag = "\"" + DigestOf(blob) + "\"";
    for (const char* range : {"bytes=0-9", "bytes=0-9,20-29"}) {
      EXPECT_EQ(Ranged(blob, range, {{"If-Range", tag}}).status, 206);
      for (const std::string& other :
           {std::string("\"x\""), "W/" + tag, std::string("Mon, 21 Mar 2022 09:10:00 GMT")}) {
        const Answer whole = Ranged(blob, range, {{"If-Range", other}});
        EXPECT_EQ(whole.status, 200) << other;
        EXPECT_EQ(whole.body, blob);
      }
      EXPECT_EQ(Ranged(blob, range, {{"If-None-Match", tag}}).status, 304);
    }
    EXPECT_EQ(Ranged(blob, "lines=1-2").body, blob);
    const Answer head = Do({.method = "HEAD",
                            .target = kBlobs + DigestOf(blob),
                            .headers = {{"Range", "bytes=0-9,20-29"}}});
    EXPECT_EQ(head.status, 200);
    EXPECT_EQ(head.length, blob.size());
  }
}

TEST_F(ByteRanges, AreNotSoughtAtAStoreThatAnswersWithTheWholeObject) {
  control::RegistryInfo redirecting = service_.world.registry();
  redirecting.pull_url_life = std::chrono::seconds{60};
  service_.world.registries = control::Registries({redirecting});
  service_.world.store.presign = [](const oci::Digest&, std::chrono::seconds) {
    return std::optional<std::string>("https://store.example/blob");
  };
  const std::string blob = Blobs().back();
  EXPECT_EQ(Ranged(blob, "bytes=0-9").status, 307);
  EXPECT_EQ(PartsOf(Ranged(blob, "bytes=0-9,20-29")).size(), 2U);
}

}  // namespace
}  // namespace breakwater::api::testing

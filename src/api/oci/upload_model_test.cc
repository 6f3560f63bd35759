// An upload against a model of it: whatever clients send, in whatever order, it holds what was
// acknowledged, and nothing else.
#include <optional>
#include <random>

#include "api/oci/checklist.h"

namespace breakwater::api {
namespace {

using registry::testing::Bytes;
using testing::Answer;
using testing::DigestOf;
using testing::Sha512Of;

class UploadModel : public testing::OciChecklist {
 protected:
  std::size_t Random(std::size_t below) { return random_() % below; }
  // Small ones that stay in memory, and some that do not.
  std::string Chunk() {
    const std::size_t most = Random(4) == 0 ? 90'000 : 3000;
    return Bytes(1 + Random(most), static_cast<char>('a' + Random(9)));
  }
  std::string RangeOf(std::size_t from, const std::string& chunk) const {
    return std::to_string(from) + "-" + std::to_string(from + chunk.size() - 1);
  }
  // Anything but the end of the upload.
  std::size_t WrongStart() {
    const std::size_t start = Random(held_->size() + 5000);
    return start == held_->size() ? start + 1 : start;
  }
  void Begin() {
    location_ = Start(Random(2) == 0 ? "" : "?digest-algorithm=sha512");
    held_ = "";
  }
  void ExpectHeld(const Answer& answer, int status) {
    EXPECT_EQ(answer.status, status) << answer.body;
    EXPECT_EQ(answer.Header("Range"),
              "0-" + std::to_string(held_->empty() ? 0 : held_->size() - 1));
  }
  void ExpectOver(const Answer& answer, int status) {
    EXPECT_EQ(answer.status, status) << answer.body;
    EXPECT_EQ(Get(location_).status, 404);
    held_.reset();
  }

  void Step() {
    if (!held_) return Begin();
    const std::string chunk = Chunk();
    const auto append = [&](const Answer& answer) {
      *held_ += chunk;
      ExpectHeld(answer, 202);
    };
    switch (Random(10)) {
      case 0:
      case 1: return append(Patch(location_, chunk));
      case 2: return append(Patch(location_, chunk, RangeOf(held_->size(), chunk)));
      case 3: return ExpectHeld(Patch(location_, chunk, RangeOf(WrongStart(), chunk)), 416);
      case 4:
        EXPECT_EQ(Patch(location_, chunk, RangeOf(held_->size(), chunk + "x")).Code(),
                  "SIZE_INVALID");
        return ExpectHeld(Get(location_), 204);
      case 5:
        return ExpectHeld(
            Finish(location_, DigestOf(*held_ + chunk), chunk, RangeOf(WrongStart(), chunk)), 416);
      case 6: return ExpectOver(Finish(location_, DigestOf(*held_ + "x" + chunk), chunk), 400);
      case 7: return Publish(chunk);
      case 8: return Random(3) == 0 ? ExpectOver(Delete(location_), 204) : void();
      default: return Random(3) == 0 ? RestartServer() : void();
    }
  }
  void Publish(const std::string& chunk) {
    const std::string whole = *held_ + chunk;
    const std::string digest = Random(2) == 0 ? DigestOf(whole) : Sha512Of(whole);
    ExpectOver(Finish(location_, digest, chunk), 201);
    EXPECT_EQ(Blob(digest).body, whole);
  }
  // What was in memory alone is forgotten as a whole, never in part.
  void RestartServer() {
    service_.Restart();
    if (held_->size() <= registry::kMaxInlineBlob) {
      EXPECT_EQ(Get(location_).status, 404);
      held_.reset();
    } else {
      ExpectHeld(Get(location_), 204);
    }
  }

  std::mt19937 random_;
  std::string location_;
  std::optional<std::string> held_;  // nothing: there is no upload
};

TEST_F(UploadModel, HoldsWhatWasAcknowledged) {
  for (unsigned seed = 1; seed <= 8; ++seed) {
    random_.seed(seed);
    held_.reset();
    for (int step = 0; step < 60 && !HasFailure(); ++step) Step();
    ASSERT_FALSE(HasFailure()) << "seed " << seed;
  }
}

}  // namespace
}  // namespace breakwater::api

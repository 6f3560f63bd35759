// Evidence kept in the registry itself (evidence/archive.h), in a whole installation: what is
// pushed is really there.
#include <gtest/gtest.h>

#include "app/testing.h"
#include "evidence/archive.h"
#include "oci/media_types.h"

namespace breakwater::app {
namespace {

constexpr const char* kRepository = "team/evidence";

class EvidenceArchive : public ::testing::Test {
 protected:
  EvidenceArchive() {
    CreateNamespace("team");
    Scan();
    attachment_ = parts().posture_attachments.List(place_.account)->front().id;
    moment_ = parts().clock.Now();
  }

  Installation::Parts& parts() { return place_.parts(); }
  const evidence::Archive& archive() { return *parts().evidence; }
  const control::RegistryInfo& registry() { return parts().registries.all().front(); }
  registry::RepositoryPath Path() { return *parts().namespaces.Resolve(registry(), kRepository); }

  void CreateNamespace(const std::string& name) {
    ASSERT_TRUE(
        parts().namespaces.Create(place_.caller, place_.account, registry(), name, "").ok());
  }

  void Settle() {
    while (*parts().jobs->RunDue() > 0) {
    }
  }

  void Scan() {
    ASSERT_TRUE(parts().posture.RequestScan(place_.caller, place_.account, "1", "48", "").ok());
    Settle();
  }

  void KeepAfterScansIn(const std::string& repository) {
    ASSERT_TRUE(
        parts()
            .posture_attachments
            .Update(place_.caller, place_.account, attachment_,
                    [&](posture::AttachmentDraft draft) -> Result<posture::AttachmentDraft> {
                      draft.evidence_repository = repository;
                      return draft;
                    })
            .ok());
  }

  Result<evidence::Kept> Keep(std::optional<Timestamp> at) {
    return archive().Keep(place_.caller, place_.account, attachment_, at, Path());
  }
  std::vector<evidence::Kept> List() {
    auto list = archive().List(place_.account, attachment_, 100);
    BW_CHECK(list.ok());
    return *std::move(list);
  }

  void Forget() {
    ASSERT_TRUE(parts()
                    .database
                    ->Write([](db::Transaction& tx) -> Status {
                      BW_TRY_STATUS(tx.Execute("DELETE FROM posture_evidence"));
                      return Ok();
                    })
                    .ok());
  }

  Result<registry::Manifests::Stored> Pull(const std::string& reference) {
    return parts().manifests.Get(Path(), *oci::Reference::Parse(reference));
  }

  testing::Place place_;
  std::int64_t attachment_ = 0;
  Timestamp moment_;
};

TEST_F(EvidenceArchive, KeepsWhatIsTrueOfAMomentOnce) {
  const auto first = Keep(moment_);
  ASSERT_TRUE(first.ok()) << first.error().message();
  const auto again = Keep(moment_);
  ASSERT_TRUE(again.ok());
  EXPECT_EQ(again->digest, first->digest);
  ASSERT_EQ(List().size(), 1U);
  EXPECT_TRUE(List()[0].present);
  const auto pulled = Pull(first->tag);
  ASSERT_TRUE(pulled.ok());
  EXPECT_EQ((*pulled)->digest.text(), first->digest);
}

TEST_F(EvidenceArchive, FindsWhatWasPushedBeforeACrashKeptItFromBeingWrittenDown) {
  const auto first = Keep(moment_);
  ASSERT_TRUE(first.ok());
  Forget();
  const auto again = Keep(moment_);
  ASSERT_TRUE(again.ok()) << again.error().message();
  EXPECT_EQ(again->digest, first->digest);
  EXPECT_EQ(again->bundle, first->bundle);
  EXPECT_EQ(List().size(), 1U);
}

TEST_F(EvidenceArchive, LeavesATagAloneThatIsSomethingElses) {
  const auto first = Keep(moment_);
  ASSERT_TRUE(first.ok());
  constexpr std::string_view kIndex =
      R"({"schemaVersion":2,"mediaType":"application/vnd.oci.image.index.v1+json","manifests":[]})";
  ASSERT_TRUE(parts()
                  .manifests
                  .Put(place_.caller, Path(),
                       {.content = std::string(kIndex),
                        .content_type = std::string(oci::kOciIndex),
                        .reference = *oci::Reference::Parse(first->tag),
                        .tags = {}})
                  .ok());
  Forget();
  EXPECT_EQ(Keep(moment_).error().code(), ErrorCode::kExists);
  EXPECT_EQ((*Pull(first->tag))->content, kIndex);
}

TEST_F(EvidenceArchive, KeepsTheBundleOfEachScanWhereTheAttachmentSays) {
  Scan();
  EXPECT_TRUE(List().empty()) << "the attachment names no repository";
  KeepAfterScansIn(kRepository);
  Settle();
  Scan();
  ASSERT_EQ(List().size(), 1U);
  EXPECT_EQ(List()[0].error, "");
  EXPECT_TRUE(Pull(List()[0].digest).ok());
}

TEST_F(EvidenceArchive, SaysWhyTheBundleOfAScanCouldNotBeKept) {
  KeepAfterScansIn("gone/evidence");
  Scan();
  ASSERT_EQ(List().size(), 1U);
  EXPECT_EQ(List()[0].digest, "");
  EXPECT_NE(List()[0].error, "");
}

TEST_F(EvidenceArchive, ListsWhatIsGoneAsGone) {
  const auto kept = Keep(moment_);
  ASSERT_TRUE(kept.ok());
  ASSERT_TRUE(
      parts().manifests.Delete(place_.caller, Path(), *oci::Reference::Parse(kept->digest)).ok());
  ASSERT_EQ(List().size(), 1U);
  EXPECT_FALSE(List()[0].present);
  const auto anew = Keep(moment_);
  ASSERT_TRUE(anew.ok()) << anew.error().message();
  EXPECT_TRUE(List()[0].present);
}

TEST_F(EvidenceArchive, RefusesWhoMayNotPushThereAndWhatIsNoRepository) {
  const auto made = parts().service_ids.Create(place_.caller, place_.account,
                                               {.name = "without rights", .api_key = {}});
  ASSERT_TRUE(made.ok());
  control::Caller stranger = place_.caller;
  stranger.actor.kind = control::IdentityKind::kServiceId;
  stranger.actor.iam_id = made->service_id.iam_id;
  const auto pushable = [&](const control::Caller& caller, std::string_view repository) {
    return archive().Pushable(caller, place_.account, registry(), repository);
  };
  EXPECT_TRUE(pushable(place_.caller, kRepository).ok());
  EXPECT_EQ(pushable(place_.caller, "de.icr.io/team/evidence").error().code(),
            ErrorCode::kNotFound);
  EXPECT_EQ(pushable(stranger, kRepository).error().code(), ErrorCode::kDenied);
  EXPECT_EQ(pushable(place_.caller, "team/evidence:tag").error().code(), ErrorCode::kInvalid);
  EXPECT_EQ(pushable(place_.caller, "no-such/evidence").error().code(), ErrorCode::kNotFound);
}

}  // namespace
}  // namespace breakwater::app

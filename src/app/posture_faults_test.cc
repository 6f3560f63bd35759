// What happens to the goals of the reference system when the store fails under the facts they ask
// for: they are "unable to perform", whatever they were before, and recover by themselves.
#include <gtest/gtest.h>

#include "advisor/test_images.h"
#include "app/testing.h"
#include "io/stream.h"
#include "oci/media_types.h"

namespace breakwater::app {
namespace {

using posture::AssessedGoal;
using posture::Assessment;
using posture::ResultStatus;

class PostureFaults : public ::testing::Test {
 protected:
  PostureFaults() { PushImage(); }

  void PushBlob(const registry::RepositoryPath& path, const std::string& bytes) {
    io::StringSource source(bytes);
    ASSERT_TRUE(place_.parts()
                    .uploads
                    .Push(path, place_.caller.actor,
                          {.source = &source, .length = bytes.size(), .range = {}},
                          oci::Digest::Of(AsBytes(bytes)))
                    .ok());
  }

  // Goals on images need one.
  void PushImage() {
    app::Installation::Parts& parts = place_.parts();
    const auto& registry = parts.registries.all().front();
    ASSERT_TRUE(parts.namespaces.Create(place_.caller, place_.account, registry, "team", "").ok());
    const auto path = parts.namespaces.Resolve(registry, "team/app");
    ASSERT_TRUE(path.ok());
    const auto layer = advisor::testing::MakeLayer(
        {{"usr/lib/os-release", "ID=debian\nVERSION_ID=12\nVERSION_CODENAME=bookworm\n"},
         {"var/lib/dpkg/status",
          "Package: bash\nStatus: install ok installed\nArchitecture: amd64\n"
          "Version: 5.2.15-2+b2\n"}});
    const std::string config = advisor::testing::ConfigOf({layer});
    PushBlob(*path, config);
    PushBlob(*path, layer.blob);
    const std::string manifest = registry::testing::ImageManifest(config, {layer.blob});
    ASSERT_TRUE(parts.manifests
                    .Put(place_.caller, *path,
                         {.content = manifest,
                          .content_type = std::string(oci::kOciManifest),
                          .reference = *oci::Reference::Parse("1"),
                          .tags = {}})
                    .ok());
  }

  Assessment Scan() {
    posture::Posture& posture = place_.parts().posture;
    const auto id = posture.RequestScan(place_.caller, place_.account, "1", "48", "");
    EXPECT_TRUE(id.ok());
    EXPECT_TRUE(place_.parts().jobs->RunDue().ok());
    return *posture.AssessScan(*posture.FindScan(place_.account, *id));
  }

  Status Rename(const std::string& from, const std::string& to) {
    return place_.parts().database->Write([&](db::Transaction& tx) -> Status {
      BW_TRY_STATUS(tx.Execute("ALTER TABLE " + from + " RENAME TO " + to));
      return Ok();
    });
  }

  // As a scan finds it that was asked for while the table could be read.
  Assessment ScanWithout(const std::string& table) {
    posture::Posture& posture = place_.parts().posture;
    EXPECT_TRUE(place_.parts().jobs->RunDue().ok());
    const auto id = posture.RequestScan(place_.caller, place_.account, "1", "48", "");
    EXPECT_TRUE(id.ok());
    EXPECT_TRUE(Rename(table, table + "_away").ok());
    EXPECT_TRUE(place_.parts().jobs->RunDue().ok());
    auto found = *posture.AssessScan(*posture.FindScan(place_.account, *id));
    EXPECT_TRUE(Rename(table + "_away", table).ok());
    return found;
  }

  static const AssessedGoal& Goal(const Assessment& assessment, std::string_view id) {
    for (const AssessedGoal& goal : assessment.goals) {
      if (goal.id == id) return goal;
    }
    BW_CHECK(false);
    return assessment.goals.front();
  }

  testing::Place place_;
};

// The table that holds what each of the goals is about.
constexpr std::pair<const char*, const char*> kTables[] = {
    {"3000601", "advisor_location"}, {"3000602", "notify_channel"},
    {"3000611", "advisor_location"}, {"3000623", "iam_policy"},
    {"3000625", "registry_setting"}, {"3000626", "registry_setting"},
    {"3000627", "registry_setting"}, {"3000628", "iam_policy"},
    {"3000635", "iam_policy"},       {"3000636", "iam_policy"},
    {"3000639", "iam_policy"},
};

TEST_F(PostureFaults, AGoalWhoseFactsCannotBeReadIsUnableToPerformUntilTheyCan) {
  const Assessment before = Scan();
  ASSERT_EQ(before.goals.size(), std::size(kTables));
  for (const AssessedGoal& goal : before.goals) {
    ASSERT_NE(goal.result.status, ResultStatus::kUnableToPerform) << goal.id;
  }
  std::map<std::string, Assessment> broken;
  for (const auto& [id, table] : kTables) {
    if (!broken.contains(table)) broken.emplace(table, ScanWithout(table));
    const AssessedGoal& goal = Goal(broken.at(table), id);
    EXPECT_EQ(goal.result.status, ResultStatus::kUnableToPerform) << id;
    std::string said = goal.result.error;
    for (const auto& resource : goal.result.resources) said += resource.info;
    EXPECT_FALSE(said.empty()) << id << " says why";
    for (const char* secret : {table, "SELECT", "no such table"}) {
      EXPECT_EQ(said.find(secret), std::string::npos) << id << ": " << said;
    }
  }
  for (const AssessedGoal& goal : Scan().goals) {
    EXPECT_EQ(goal.result.status, Goal(before, goal.id).result.status) << goal.id;
  }
}

TEST_F(PostureFaults, AFaultUnderSomeFactsIsNoneUnderOthers) {
  const Assessment before = Scan();
  const Assessment broken = ScanWithout("notify_channel");
  for (const AssessedGoal& goal : broken.goals) {
    const ResultStatus expected =
        goal.id == "3000602" ? ResultStatus::kUnableToPerform : Goal(before, goal.id).result.status;
    EXPECT_EQ(goal.result.status, expected) << goal.id;
  }
}

}  // namespace
}  // namespace breakwater::app

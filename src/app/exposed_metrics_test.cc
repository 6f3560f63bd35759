// What /metrics says of a whole installation.
#include <gtest/gtest.h>

#include "app/testing.h"
#include "base/strings.h"

namespace breakwater::app {
namespace {

class ExposedMetrics : public ::testing::Test {
 protected:
  // With the platform metrics of both registries, and a quota of storage each.
  void Publish(const testing::Place::Names& registries) {
    place_.Restart(registries);
    std::int64_t megabytes = 1;
    for (const control::RegistryInfo& registry : place_.parts().registries.all()) {
      const control::Resource service =
          control::ServiceResource(place_.account, registry.name, registry.region);
      const registry::QuotaPatch quota{.storage = megabytes++ * 1'048'576};
      Installation::Parts& parts = place_.parts();
      ASSERT_TRUE(parts.settings_service.PatchPlatformMetrics(place_.caller, service, true).ok());
      ASSERT_TRUE(parts.quotas.PatchQuota(place_.caller, service, quota).ok());
    }
  }
  // The samples of one series, without what all of them have in common.
  std::vector<std::string> Samples(const std::string& name) {
    std::vector<std::string> samples;
    for (const std::string_view line : Split(place_.parts().metrics.Collect(), '\n')) {
      if (!line.starts_with(name + "{")) continue;
      const std::size_t at = line.find("ibm_location=\"") + 14;
      const std::string_view location = line.substr(at, line.find('"', at) - at);
      samples.push_back(std::string(location) + std::string(line.substr(line.rfind(' '))));
    }
    return samples;
  }

  testing::Place place_;
};

TEST_F(ExposedMetrics, EachRegistryHasItsRegionsSample) {
  Publish({{"us.icr.io", "us-south"}, {"de.icr.io", "eu-central"}});
  EXPECT_EQ(Samples("ibm_containerregistry_storage_quota"),
            (std::vector<std::string>{"eu-central 2097152", "us-south 1048576"}));
  EXPECT_EQ(Samples("ibm_containerregistry_storage"),
            (std::vector<std::string>{"eu-central 0", "us-south 0"}));
}

// The sum of both would not tell that one quota is used up.
TEST_F(ExposedMetrics, RegistriesOfOneRegionHaveASampleEach) {
  Publish({{"us.icr.io", "local"}, {"de.icr.io", "local"}});
  EXPECT_EQ(Samples("ibm_containerregistry_storage_quota"),
            (std::vector<std::string>{"local/de.icr.io 2097152", "local/us.icr.io 1048576"}));
  EXPECT_EQ(Samples("ibm_containerregistry_storage"),
            (std::vector<std::string>{"local/de.icr.io 0", "local/us.icr.io 0"}));
}

}  // namespace
}  // namespace breakwater::app

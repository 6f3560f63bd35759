// What stands in the audit trail, by the table of endpoints: each read of the control plane, under
// the reference system's name of it (ibm-registry 3.14).
#include <algorithm>
#include <map>
#include <set>

#include <gtest/gtest.h>

#include "app/endpoints.h"
#include "app/testing.h"
#include "audit/record.h"

namespace breakwater::app {
namespace {

struct Action {
  std::string_view name;
  bool data_event = false;
};

constexpr Action kActions[] = {
    {"container-registry.auth.get"},
    {"container-registry.auth.set"},
    {"container-registry.settings.get"},
    {"container-registry.settings.set"},
    {"container-registry.plan.get"},
    {"container-registry.plan.set"},
    {"container-registry.quota.get"},
    {"container-registry.quota.set"},
    {"container-registry.namespace.create"},
    {"container-registry.namespace.update"},
    {"container-registry.namespace.delete"},
    {"container-registry.namespace.list"},
    {"container-registry.image.list"},
    {"container-registry.image.inspect"},
    {"container-registry.image.tag"},
    {"container-registry.image.untag"},
    {"container-registry.manifest.inspect"},
    {"container-registry.image.push", true},
    {"container-registry.image.pull", true},
    {"container-registry.image.delete", true},
    {"container-registry.image.bulkdelete", true},
    {"container-registry.signature.read", true},
    {"container-registry.signature.write", true},
    {"container-registry.signature.delete", true},
    {"container-registry.retention.set"},
    {"container-registry.retention.get"},
    {"container-registry.retention.list"},
    {"container-registry.retention.analyze"},
    {"container-registry.trash.list"},
    {"container-registry.trash.restore"},
    {"container-registry.trash.purge"},  // ours: the reference's trash cannot be emptied
    {"container-registry.account-vulnerability-report.list"},
    {"container-registry.account-vulnerability-status.list"},
    {"container-registry.image-vulnerability-report.read"},
    {"container-registry.image-vulnerability-status.read"},
    {"container-registry.exemption.create"},
    {"container-registry.exemption.delete"},
    {"container-registry.exemption.list"},  // of many images by POST: leaves no record
};

// Reads that leave nothing, and why.
const std::map<std::string_view, std::string_view>& NotRecorded() {
  static const std::map<std::string_view, std::string_view> table = {
      {"GetMessages", "ibm-registry 3.14: reading messages emits nothing"},
      {"GetLiveness", "a probe"},
      {"GetReadiness", "a probe"},
      {"GetMetrics", "scraped every few seconds, and for anyone"},
      {"GetOpenApi", "public"},
      {"GetTokenKeys", "public"},
      {"GetTokenKeysUnderIam", "public"},
      {"GetOpenidConfiguration", "public"},
      {"GetOpenidConfigurationUnderIam", "public"},
      {"StartSignIn", "sends a browser elsewhere"},
      {"FinishSignIn", "begins a session, which is recorded as a change"},
      {"WhoAmI", "tells callers about themselves"},
      {"GetUserinfo", "tells callers about themselves"},
      {"GetUserinfoUnderIam", "tells callers about themselves"},
      {"ListRegistries", "says the same to everybody"},
      {"ListProperties", "says the same to everybody"},
      {"ListAvailableServicerefTargets", "says the same to everybody"},
      {"ListAvailableServiceOperations", "says the same to everybody"},
  };
  return table;
}

class AuditActions : public ::testing::Test {
 protected:
  AuditActions() {
    faces_ = std::make_unique<Faces>(place_.parts());
    dispatcher_ = faces_->NewDispatcher();
  }
  const std::vector<api::Endpoint>& endpoints() const { return dispatcher_->endpoints(); }

  static bool IsKnown(std::string_view action) {
    for (const Action& known : kActions) {
      if (known.name == action) return true;
    }
    return false;
  }

  testing::Place place_;
  std::unique_ptr<Faces> faces_;
  std::unique_ptr<api::Dispatcher> dispatcher_;
};

TEST_F(AuditActions, EveryReadOfTheControlPlaneIsRecordedOrItIsSaidWhyNot) {
  std::set<std::string_view> seen;
  for (const api::Endpoint& endpoint : endpoints()) {
    if (endpoint.method != "GET" || endpoint.face.audience() != api::Audience::kControlPlane) {
      continue;
    }
    const bool excepted = NotRecorded().contains(endpoint.operation) ||
                          endpoint.recorded.how == api::Recorded::How::kNot;
    seen.insert(endpoint.operation);
    EXPECT_NE(endpoint.recorded_action().empty(), !excepted)
        << endpoint.operation
        << ": a read of the control plane is recorded: give the endpoint Recorded::As(…)";
  }
  for (const auto& [operation, why] : NotRecorded()) {
    EXPECT_TRUE(seen.contains(operation)) << operation << " is no read (any more)";
  }
}

TEST_F(AuditActions, NamesOfTheRegistryAreThoseOfTheReference) {
  for (const api::Endpoint& endpoint : endpoints()) {
    const std::string_view action = endpoint.recorded_action();
    if (!action.starts_with("container-registry.")) continue;
    EXPECT_TRUE(IsKnown(action)) << endpoint.operation << " is recorded as " << action;
  }
}

TEST_F(AuditActions, ChangesAskForWhatTheyAreRecordedAs) {
  for (const api::Endpoint& endpoint : endpoints()) {
    const std::string_view action = endpoint.access.action();
    if (endpoint.method == "GET" || endpoint.method == "HEAD") continue;
    if (!action.starts_with("container-registry.")) continue;
    EXPECT_TRUE(IsKnown(action)) << endpoint.operation << " needs " << action;
  }
}

TEST_F(AuditActions, ReadsOfTheReferenceAreRecordedUnderTheirNames) {
  const std::map<std::string_view, std::string_view> expected = {
      {"GetAuth", "container-registry.auth.get"},
      {"GetSettings", "container-registry.settings.get"},
      {"ListNamespaces", "container-registry.namespace.list"},
      {"ListNamespaceDetails", "container-registry.namespace.list"},
      {"ListImages", "container-registry.image.list"},
      {"ListImageDigests", "container-registry.image.list"},
      {"InspectImage", "container-registry.image.inspect"},
      {"GetImageManifest", "container-registry.manifest.inspect"},
      {"GetManifest", "container-registry.image.pull"},
      {"GetSignatures", "container-registry.signature.read"},
      {"AccountReportQueryPath", "container-registry.account-vulnerability-report.list"},
      {"AccountStatusQueryPath", "container-registry.account-vulnerability-status.list"},
      {"ImageReportQueryPath", "container-registry.image-vulnerability-report.read"},
      {"ImageStatusQueryPath", "container-registry.image-vulnerability-status.read"},
  };
  std::set<std::string_view> met;
  for (const api::Endpoint& endpoint : endpoints()) {
    const auto row = expected.find(endpoint.operation);
    if (row == expected.end()) continue;
    EXPECT_EQ(endpoint.recorded_action(), row->second) << endpoint.operation;
    met.insert(endpoint.operation);
  }
  EXPECT_EQ(met.size(), expected.size());
}

TEST(AuditAction, IsFlaggedAsADataEventExactlyWhereTheReferenceDoesSo) {
  for (const Action& action : kActions) {
    EXPECT_EQ(audit::IsDataEvent(action.name), action.data_event) << action.name;
  }
}

}  // namespace
}  // namespace breakwater::app

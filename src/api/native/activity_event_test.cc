#include "api/native/activity_event.h"

#include <gtest/gtest.h>

namespace breakwater::api::native {
namespace {

audit::Record APull() {
  audit::Record record;
  record.id = "id-1";
  record.time = *ParseRfc3339("2026-03-01T12:34:56.789Z");
  record.account = AccountId("acc");
  record.registry = RegistryName("us.icr.io");
  record.action = "container-registry.image.pull";
  record.data_event = true;
  record.initiator = {.iam_id = IamId("iam-ServiceId-1"),
                      .name = "ci",
                      .kind = "service_id",
                      .credential = "apikey",
                      .account = AccountId("acc"),
                      .address = "2001:db8::1",
                      .agent = "containerd"};
  record.target = {
      .crn = "crn:v1:bluemix:public:container-registry:us-south:a/acc::image:ns/app:v1",
      .kind = "image",
      .name = "ns/app:v1",
      .digest = "sha256:abc",
      .resource_group = "rg"};
  record.request_id = "req-1";
  return record;
}

TEST(ActivityEvent, HasTheEnvelopeOfTheReference) {
  const json::Value event = ActivityEvent(APull());
  EXPECT_EQ(json::FindText(event, "eventTime"), "2026-03-01T12:34:56.78+0000");
  EXPECT_EQ(json::FindText(event, "action"), "container-registry.image.pull");
  EXPECT_EQ(json::FindText(event, "outcome"), "success");
  EXPECT_EQ(json::FindText(event, "severity"), "normal");
  EXPECT_EQ(json::FindText(event, "message"), "container-registry: pull image ns/app:v1 [success]");
  EXPECT_EQ(json::FindText(event, "correlationId"), "req-1");
  EXPECT_EQ(*json::Find(event, "dataEvent"), json::Value(true));
  EXPECT_EQ(json::FindText(*json::Find(event, "observer"), "name"), "ActivityTracker");
  const json::Value& initiator = *json::Find(event, "initiator");
  EXPECT_EQ(json::FindText(*json::Find(initiator, "credential"), "type"), "apikey-serviceid");
  EXPECT_EQ(json::FindText(*json::Find(initiator, "host"), "addressType"), "IPv6");
  const json::Value& target = *json::Find(event, "target");
  EXPECT_EQ(json::FindText(target, "name"), "ns/app:v1");
  EXPECT_EQ(json::FindText(target, "id"),
            "crn:v1:bluemix:public:container-registry:us-south:a/acc::image:ns/app@sha256:abc");
  EXPECT_EQ(json::FindText(target, "resourceGroupId"), "rg");
}

TEST(ActivityEvent, AnImageWhoseDigestWasNeverKnownHasNoId) {
  audit::Record record = APull();
  record.target.digest.clear();
  record.outcome = audit::Outcome::kFailure;
  record.reason_code = 404;
  record.reason = "no such image";
  const json::Value event = ActivityEvent(record);
  EXPECT_EQ(json::FindText(*json::Find(event, "target"), "id"), "");
  const json::Value& reason = *json::Find(event, "reason");
  EXPECT_EQ(json::Find(reason, "reasonCode")->as_int64(), 404);
  EXPECT_EQ(json::FindText(reason, "reasonType"), "Not Found");
  EXPECT_EQ(json::FindText(reason, "reasonForFailure"), "no such image");
}

TEST(ActivityEvent, CarriesParametersAndFieldChanges) {
  audit::Record record = APull();
  record.request = {{"repository", "ns/app"}};
  record.changes = {{"private_only", false, true}};
  const json::Value event = ActivityEvent(record);
  const json::Value& data = *json::Find(event, "requestData");
  EXPECT_EQ(json::FindText(*json::Find(data, "RequestParameters"), "repository"), "ns/app");
  const json::Value& change = json::Find(data, "changes")->as_array().at(0);
  EXPECT_EQ(*json::Find(change, "initialValue"), json::Value(false));
  EXPECT_EQ(*json::Find(change, "newValue"), json::Value(true));
}

}  // namespace
}  // namespace breakwater::api::native

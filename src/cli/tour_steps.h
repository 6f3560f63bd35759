// The steps of the tour, in their order, and what they share.
#pragma once

#include <chrono>
#include <functional>
#include <optional>
#include <string>
#include <vector>

#include "base/result.h"
#include "base/time.h"
#include "cli/client.h"
#include "cli/image_builder.h"
#include "cli/report.h"
#include "cli/tour_receiver.h"
#include "cli/undo.h"

namespace breakwater::cli {

struct TourRegistry {
  std::string name;
  std::string private_host;
  std::string region;
};

// One tour on its way.
struct TourContext {
  Report& report;
  std::string run;  // "tour-k3x9ab": the prefix of every name that is made
  std::string account;
  Timestamp began;
  TourRegistry registry;        // where it happens
  TourRegistry other;           // another one of the same server, for comparison
  std::string issuer;           // who signs alerts: the server's first registry
  ClientArguments public_side;  // of `registry`
  ClientArguments private_side;
  Client client;        // the control plane of `registry`
  Client other_client;  // and of `other`
  Undo undo;

  std::vector<ImageFile> userland;
  std::unique_ptr<AlertReceiver> receiver;
  bool private_only = false;  // the data plane of `registry` is private now

  std::string Repository() const { return run + "/debian"; }
  std::string ImageName(std::string_view tag) const {
    return registry.name + "/" + Repository() + ":" + std::string(tag);
  }
};

// --- The steps. Each says what it does and what it saw; an error ends the tour. ---

Status PrepareAdvisories(TourContext& tour, const std::string& path);
Status PushFirstImage(TourContext& tour);
Status ShowAssessment(TourContext& tour);
Status ShowGoals(TourContext& tour);
Status RepairGoals(TourContext& tour);
Status ShowAlert(TourContext& tour);
Status ShowRule(TourContext& tour);
Status ShowAuditChain(TourContext& tour);
// Takes back what was made. An error if something could not be.
Status CleanUp(TourContext& tour);

// --- Tools of the steps ---

// True once somebody pressed Ctrl-C.
bool Interrupted();
// Asks again until there is an answer. kDeadline after `limit`, "interrupted" if somebody asks.
Status WaitUntil(TourContext& tour, std::string_view what, std::chrono::seconds limit,
                 const std::function<Result<bool>()>& done);

// Builds a version of the image, pushes it under that tag, pulls it back and compares.
Result<BuiltImage> PushImage(TourContext& tour, const std::string& tag);
// What is said of an image, once it is.
Result<json::Value> AwaitAssessment(TourContext& tour, const std::string& tag);

// A goal of the posture profile and how it fared.
struct TourGoal {
  std::string id;
  std::string description;
  std::string status;
  std::string expected;
  std::string actual;
  json::Value parameters;
  bool passes() const { return status == "pass"; }
};
Result<std::vector<TourGoal>> Validate(TourContext& tour);
void PrintGoals(TourContext& tour, const std::vector<TourGoal>& goals);

// The member at the end of the path, or null.
const json::Value& At(const json::Value& document, std::initializer_list<std::string_view> path);
std::string TextAt(const json::Value& document, std::initializer_list<std::string_view> path);
std::int64_t NumberAt(const json::Value& document, std::initializer_list<std::string_view> path);

}  // namespace breakwater::cli

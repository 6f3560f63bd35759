#include "cli/tour.h"

#include <atomic>
#include <thread>

#include <signal.h>
#include <unistd.h>

#include "cli/tour_steps.h"
#include "crypto/random.h"

namespace breakwater::cli {
namespace {

constexpr std::chrono::milliseconds kPause{200};

std::atomic<bool> interrupted{false};

// The first Ctrl-C ends the tour in good order, the second at once.
void CatchInterrupts() {
  struct sigaction action{};
  action.sa_handler = [](int) {
    if (interrupted.exchange(true)) ::_exit(130);
  };
  ::sigaction(SIGINT, &action, nullptr);
  ::sigaction(SIGTERM, &action, nullptr);
  ::signal(SIGPIPE, SIG_IGN);
}

std::string NewRunName() {
  return "tour-" + HexEncode(crypto::RandomBytes(3));
}

TourRegistry RegistryOf(const json::Value& document) {
  TourRegistry registry{.name = TextAt(document, {"name"}),
                        .private_host = TextAt(document, {"name"}),
                        .region = TextAt(document, {"region"})};
  const auto* hosts = At(document, {"private_hosts"}).if_array();
  if (hosts != nullptr && !hosts->empty() && hosts->front().is_string()) {
    registry.private_host = json::View(hosts->front().get_string());
  }
  return registry;
}

ClientArguments Towards(const ClientArguments& login, std::string url, std::string host) {
  ClientArguments arguments = login;
  arguments.url = std::move(url);
  arguments.host = std::move(host);
  return arguments;
}

Result<std::unique_ptr<TourContext>> Begin(const ClientArguments& login,
                                           const TourArguments& arguments, Report& report) {
  Client client(login);
  BW_TRY(const json::Value who, client.Must("GET", "/breakwater/v1/whoami"));
  BW_TRY(const json::Value listed, client.Must("GET", "/breakwater/v1/registries"));
  const auto* registries = At(listed, {"registries"}).if_array();
  if (registries == nullptr || registries->size() < 2) {
    return Invalid(
        "the tour needs a server with two registries: breakwater serve --config "
        "examples/two-registries.toml");
  }
  const TourRegistry other = RegistryOf((*registries)[0]);
  const TourRegistry registry = RegistryOf((*registries)[1]);
  const ClientArguments public_side = Towards(login, login.url, registry.name);
  return std::unique_ptr<TourContext>(
      new TourContext{.report = report,
                      .run = NewRunName(),
                      .account = TextAt(who, {"account_id"}),
                      .began = SystemClock().Now(),
                      .registry = registry,
                      .other = other,
                      .issuer = other.name,
                      .public_side = public_side,
                      .private_side = Towards(login, arguments.private_url, registry.private_host),
                      .client = Client(public_side),
                      .other_client = Client(Towards(login, login.url, other.name)),
                      .undo = {},
                      .userland = {},
                      .receiver = nullptr});
}

struct Step {
  const char* title;
  std::function<Status()> run;
};

std::vector<Step> StepsOf(TourContext& tour, const TourArguments& arguments) {
  return {
      {"Advisory data", [&] { return PrepareAdvisories(tour, arguments.advisories); }},
      {"An image of this machine's Debian userland", [&] { return PushFirstImage(tour); }},
      {"What the vulnerability advisor says of it", [&] { return ShowAssessment(tour); }},
      {"The eleven goals", [&] { return ShowGoals(tour); }},
      {"Repair what fails", [&] { return RepairGoals(tour); }},
      {"A new finding raises an alert, and all goals pass", [&] { return ShowAlert(tour); }},
      {"A rule that keeps it so", [&] { return ShowRule(tour); }},
      {"The audit chain", [&] { return ShowAuditChain(tour); }},
  };
}

Status TakeSteps(TourContext& tour, const TourArguments& arguments) {
  const std::vector<Step> steps = StepsOf(tour, arguments);
  const int all = static_cast<int>(steps.size()) + 1;
  int number = 0;
  Status status;
  for (const Step& step : steps) {
    tour.report.Step(++number, all, step.title);
    status = Interrupted() ? Status(Unavailable("interrupted")) : step.run();
    if (status.ok()) continue;
    tour.report.Bad(status.error().message());
    break;
  }
  tour.report.Step(all, all, "Remove what the tour made");
  const Status clean = CleanUp(tour);
  return status.ok() ? clean : status;
}

Status Run(const RawClientArguments& raw, const TourArguments& arguments, Report& report) {
  BW_TRY(const ClientArguments login, Login(raw));
  report.Title("Breakwater tour of " + login.url);
  auto tour = Begin(login, arguments, report);
  if (!tour.ok()) {
    report.Bad(tour.error().message());
    return std::move(tour).error();
  }
  TourContext& context = **tour;
  report.Say("account " + context.account + ", registry " + context.registry.name + " (" +
             context.registry.region + "), names begin with " + context.run);
  return TakeSteps(context, arguments);
}

}  // namespace

bool Interrupted() {
  return interrupted.load();
}

Status WaitUntil(TourContext& tour, std::string_view what, std::chrono::seconds limit,
                 const std::function<Result<bool>()>& done) {
  const auto started = std::chrono::steady_clock::now();
  for (;;) {
    BW_TRY(const bool is_done, done());
    if (is_done) return Ok();
    const auto since = std::chrono::duration_cast<std::chrono::milliseconds>(
        std::chrono::steady_clock::now() - started);
    if (Interrupted()) return Unavailable("interrupted");
    if (since > limit) {
      return DeadlineExceeded("waited " + std::to_string(limit.count()) + " s in vain for " +
                              std::string(what));
    }
    tour.report.Waiting(what, since);
    std::this_thread::sleep_for(kPause);
  }
}

Status CleanUp(TourContext& tour) {
  std::size_t failed = 0;
  for (const Undo::Outcome& outcome : tour.undo.Run()) {
    if (outcome.status.ok()) {
      tour.report.Good(outcome.what);
    } else {
      ++failed;
      tour.report.Bad(outcome.what + ": " + outcome.status.error().message());
    }
  }
  if (failed == 0) return Ok();
  return Unavailable(std::to_string(failed) + " things were left behind");
}

const json::Value& At(const json::Value& document, std::initializer_list<std::string_view> path) {
  static const json::Value nothing;
  const json::Value* at = &document;
  for (const std::string_view name : path) {
    at = json::Find(*at, name);
    if (at == nullptr) return nothing;
  }
  return *at;
}

std::string TextAt(const json::Value& document, std::initializer_list<std::string_view> path) {
  const json::Value& value = At(document, path);
  return value.is_string() ? std::string(json::View(value.get_string())) : std::string();
}

std::int64_t NumberAt(const json::Value& document, std::initializer_list<std::string_view> path) {
  const json::Value& value = At(document, path);
  return value.is_int64() ? value.get_int64() : 0;
}

int Tour(const RawClientArguments& raw, const TourArguments& arguments) {
  CatchInterrupts();
  Report report = Report::ToStandardOutput();
  const Status status = Run(raw, arguments, report);
  report.Title("");
  if (status.ok()) {
    report.Title("The tour is done: every step showed what it should.");
    return 0;
  }
  report.Title("The tour failed: " + status.error().message());
  return 1;
}

}  // namespace breakwater::cli

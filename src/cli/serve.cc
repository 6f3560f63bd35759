#include "cli/serve.h"

#include <cstdio>
#include <cstdlib>

#include <signal.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <unistd.h>

#include "app/server.h"
#include "config/render.h"
#include "io/file.h"
#include "json/json.h"
#include "observe/log.h"

namespace breakwater::cli {
namespace {

constexpr std::size_t kMaxConfigFile = 1U << 20;

observe::Level LevelOf(const std::string& word) {
  if (word == "debug") return observe::Level::kDebug;
  if (word == "warn") return observe::Level::kWarning;
  if (word == "error") return observe::Level::kError;
  return observe::Level::kInfo;
}

// Keys and tokens live in this process: no core file, no peeking by the same user's processes, and
// no copy of a secret left in the environment.
void ProtectSecrets() {
  const rlimit no_core{0, 0};
  ::setrlimit(RLIMIT_CORE, &no_core);
  ::prctl(PR_SET_DUMPABLE, 0);
  config::WipeSecretVariables();
}

// Each connection is an open file; the usual limit is for programs that use select(2).
void RaiseFileLimit() {
  rlimit files{};
  if (::getrlimit(RLIMIT_NOFILE, &files) != 0) return;
  files.rlim_cur = files.rlim_max;
  ::setrlimit(RLIMIT_NOFILE, &files);
}

// Blocked in every thread, so that sigwait in this one gets them.
sigset_t BlockStopSignals() {
  sigset_t stop;
  sigemptyset(&stop);
  sigaddset(&stop, SIGINT);
  sigaddset(&stop, SIGTERM);
  ::pthread_sigmask(SIG_BLOCK, &stop, nullptr);
  ::signal(SIGPIPE, SIG_IGN);
  return stop;
}

void PrintReady(const app::Server& server) {
  const json::Value line{{"public", json::Text(server.public_url())},
                         {"private", json::Text(server.private_url())}};
  std::printf("%s\n", json::Serialize(line).c_str());
  std::fflush(stdout);
}

}  // namespace

int Fail(const Error& error) {
  std::fprintf(stderr, "breakwater: %s\n", error.message().c_str());
  if (!error.log().empty()) std::fprintf(stderr, "breakwater: cause: %s\n", error.log().c_str());
  return 1;
}

Result<config::File> ReadConfigFile(const std::string& path) {
  BW_TRY(std::string text,
         io::ReadFile(path, kMaxConfigFile).Context("configuration file " + path));
  return config::File{path, std::move(text)};
}

Result<config::Loaded> LoadConfig(const ServerArguments& arguments) {
  config::LoadRequest request;
  if (!arguments.config_file.empty()) {
    BW_TRY(request.file, ReadConfigFile(arguments.config_file));
  }
  request.environment = config::ReadEnvironment();
  request.flags = arguments.flags;
  return config::Load(request);
}

int Serve(const ServerArguments& arguments) {
  const auto loaded = LoadConfig(arguments);
  if (!loaded.ok()) return Fail(loaded.error());
  ProtectSecrets();
  RaiseFileLimit();
  observe::SetLowestLevel(LevelOf(loaded->settings.log.level));
  const sigset_t stop = BlockStopSignals();
  auto server = app::Server::Start(loaded->settings);
  if (!server.ok()) return Fail(server.error());
  PrintReady(**server);
  int signal_number = 0;
  ::sigwait(&stop, &signal_number);
  observe::Log(observe::Level::kInfo, "stopping", {{"signal", signal_number}});
  (*server)->Stop();
  return 0;
}

int PrintConfig(const ServerArguments& arguments) {
  const auto loaded = LoadConfig(arguments);
  if (!loaded.ok()) return Fail(loaded.error());
  std::fputs(config::RenderEffective(*loaded).c_str(), stdout);
  return 0;
}

}  // namespace breakwater::cli

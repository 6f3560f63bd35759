// What one request costs between its head and its answer: routing, credential, rights, lookups,
// headers and metrics, without any I/O. Over the embedded stores.
#include <benchmark/benchmark.h>

#include "api/oci/pull_world.h"
#include "registry/quota_warnings.h"

namespace breakwater {
namespace {

using api::testing::PullWorld;

PullWorld& World() {
  static PullWorld world;
  return world;
}

void Handle(benchmark::State& state, const char* method, const std::string& target,
            net::ListenerKind listener = net::ListenerKind::kPublic) {
  PullWorld& world = World();
  net::Request request = world.NewRequest(method, target, world.token_authorization);
  request.peer.listener = listener;
  for (auto _ : state) {
    const net::Response response = world.Handle(request);
    if (response.status != 200) state.SkipWithError("not the answer that is measured");
    benchmark::DoNotOptimize(&response);
  }
}

void GetManifestByTag(benchmark::State& state) {
  Handle(state, "GET", PullWorld::ManifestPath("v1"));
}
void HeadManifestByTag(benchmark::State& state) {
  Handle(state, "HEAD", PullWorld::ManifestPath("v1"));
}
void GetManifestByDigest(benchmark::State& state) {
  Handle(state, "GET", PullWorld::ManifestPath(PullWorld::DigestOf(World().manifest)));
}
void GetSmallBlob(benchmark::State& state) {
  Handle(state, "GET", PullWorld::BlobPath(World().layer_digest));
}
// What quotas and the counting of traffic cost is the difference: private pulls know neither.
void GetManifestByTagPrivately(benchmark::State& state) {
  Handle(state, "GET", PullWorld::ManifestPath("v1"), net::ListenerKind::kPrivate);
}
void GetSmallBlobPrivately(benchmark::State& state) {
  Handle(state, "GET", PullWorld::BlobPath(World().layer_digest), net::ListenerKind::kPrivate);
}
// As the server does once a second.
constexpr int kFolded = 200;
void Fold(PullWorld& world) {
  const Status folded = registry::FoldAndWarn(world.iam.database->database(),
                                              world.services->quotas, *world.iam.jobs);
  BW_CHECK(folded.ok());
}

// An image with a layer that nobody has yet, in its five requests.
void PushImage(benchmark::State& state) {
  PullWorld& world = World();
  static int number = 0;
  const std::string config = R"({"architecture":"amd64","os":"linux"})";
  for (auto _ : state) {
    const std::string layer = "layer " + std::to_string(++number);
    if (number % kFolded == 0) {
      state.PauseTiming();
      Fold(world);
      state.ResumeTiming();
    }
    world.PushBlob(config);
    world.PushBlob(layer);
    const auto put =
        world.Do("PUT", PullWorld::ManifestPath("pushed"), world.admin_authorization(),
                 registry::testing::ImageManifest(config, {layer}), std::string(oci::kOciManifest));
    if (put.status != 201) state.SkipWithError("not the answer that is measured");
  }
}
// The same where the account has a quota, so that the books are read before each request.
void PushImageBelowAQuota(benchmark::State& state) {
  PullWorld& world = World();
  const auto limit = [&](std::int64_t bytes) {
    const control::Resource service =
        control::ServiceResource(world.iam.account, world.registry().name, world.registry().region);
    if (!world.services->quotas.PatchQuota(world.admin(), service, {.storage = bytes}).ok()) {
      state.SkipWithError("the quota cannot be set");
    }
  };
  Fold(world);
  limit(std::int64_t{1} << 40);
  PushImage(state);
  limit(registry::kUnlimited);
}
void HeadBlob(benchmark::State& state) {
  Handle(state, "HEAD", PullWorld::BlobPath(World().layer_digest));
}
void GetBase(benchmark::State& state) {
  Handle(state, "GET", "/v2/");
}

BENCHMARK(GetManifestByTag);
BENCHMARK(HeadManifestByTag);
BENCHMARK(GetManifestByDigest);
BENCHMARK(GetSmallBlob);
BENCHMARK(GetManifestByTagPrivately);
BENCHMARK(GetSmallBlobPrivately);
BENCHMARK(PushImage);
BENCHMARK(PushImageBelowAQuota);
BENCHMARK(HeadBlob);
BENCHMARK(GetBase);

}  // namespace
}  // namespace breakwater

BENCHMARK_MAIN();

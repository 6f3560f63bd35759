// What one request costs between its head and its answer: routing, credential, rights, lookups,
// headers and metrics, without any I/O. Over the embedded stores.
#include <benchmark/benchmark.h>

#include "api/oci/pull_world.h"

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
BENCHMARK(HeadBlob);
BENCHMARK(GetBase);

}  // namespace
}  // namespace breakwater

BENCHMARK_MAIN();

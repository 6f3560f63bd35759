// How an S3-compatible object store is reached, and how much of this process it may use.
#pragma once

#include <chrono>
#include <cstdint>
#include <functional>
#include <string>

#include "net/sigv4.h"

namespace breakwater::blob {

inline constexpr std::uint64_t kMiB = std::uint64_t{1} << 20U;

struct S3Options {
  std::string endpoint = {};  // "https://s3.example.net", "http://127.0.0.1:9000"
  std::string region = "us-east-1";
  std::string bucket = {};
  std::string prefix =
      {};  // of every key: "" or "team/registry"; several stores may share a bucket
  bool path_style = false;      // https://HOST/BUCKET/KEY rather than https://BUCKET.HOST/KEY
  std::string ca_file = {};     // PEM bundle that replaces the system's trust store, or ""
  std::string connect_to = {};  // "host:port" to connect to whatever the endpoint's name, or ""
  net::AwsCredentials credentials = {};

  // What an upload is cut into: from 5 MiB, the least that S3 composes objects of, to 64 MiB. It is
  // the same however large the blob, and with it memory: docs/decisions/005 says why.
  std::uint64_t part_size = 8 * kMiB;
  // Parts that one upload sends at once.
  int parts_in_flight = 4;
  // Of all uploads together: at least one part. Uploads wait for each other's buffers.
  std::uint64_t buffer_bytes = 128 * kMiB;
  std::chrono::milliseconds buffer_wait{30'000};
  // Requests of all uploads and commits together, beside those on callers' threads.
  int request_threads = 16;
  // Most parts of one multipart upload. S3's own limit.
  std::size_t max_parts = 10'000;

  // Objects of uploads without rows, and multipart uploads that nobody completes, are listed by
  // ListStaged when they are this old. Longer than any commit takes.
  std::chrono::seconds orphan_age{3600};

  std::chrono::milliseconds connect_timeout{5'000};
  std::chrono::milliseconds request_timeout{
      20'000};                                      // one attempt; of a download, without progress
  std::chrono::milliseconds copy_timeout{120'000};  // one attempt at work within the service
  // One request with all its attempts: no attempt begins later.
  std::chrono::milliseconds deadline{60'000};
  int max_attempts = 100;
  std::chrono::milliseconds first_delay{50};  // doubles with each attempt, jitter takes from it
  std::chrono::milliseconds max_delay{3'000};
};

// What waits between attempts. Called from many threads.
struct S3Waiting {
  std::function<void(std::chrono::milliseconds)> sleep;
  std::function<double()> jitter;  // from [0, 1)
  // The thread's own sleep, and the system's randomness.
  static S3Waiting Real();
};

}  // namespace breakwater::blob

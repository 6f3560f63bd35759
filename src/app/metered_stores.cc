#include "app/metered_stores.h"

#include <chrono>
#include <string>
#include <utility>

namespace breakwater::app {
namespace {

// An error that says something of the store, and not of what it was asked.
bool IsFault(const Error& error) {
  switch (error.code()) {
    case ErrorCode::kUnavailable: return error.reason() != "would_wait";
    case ErrorCode::kDeadline:
    case ErrorCode::kDataCorrupt:
    case ErrorCode::kInternal: return true;
    default: return false;
  }
}

bool WouldWait(const Error& error) {
  return error.reason() == "would_wait";
}

const Error* ErrorOf(const Status& status) {
  return status.ok() ? nullptr : &status.error();
}
template <class T>
const Error* ErrorOf(const Result<T>& result) {
  return result.ok() ? nullptr : &result.error();
}

// One kind of operation.
class Meter {
 public:
  Meter(observe::Metrics& metrics, const std::string& store, const std::string& operation)
      : duration_(metrics.AddHistogram("breakwater_" + store + "_duration_seconds",
                                       "Time that an operation took, with all its attempts.",
                                       observe::DurationBuckets(), {{"operation", operation}})),
        faults_(metrics.AddCounter("breakwater_" + store + "_errors_total",
                                   "Operations that failed for the store's own reasons.",
                                   {{"operation", operation}})) {}

  template <class F>
  auto Time(F operation) {
    const auto begun = std::chrono::steady_clock::now();
    auto result = operation();
    const Error* error = ErrorOf(result);
    if (error != nullptr && WouldWait(*error)) return result;  // it was not done
    const std::chrono::duration<double> took = std::chrono::steady_clock::now() - begun;
    duration_.Observe(took.count());
    if (error != nullptr && IsFault(*error)) faults_.Increment();
    return result;
  }

 private:
  observe::Histogram& duration_;
  observe::Counter& faults_;
};

class MeteredDatabase final : public db::Database {
 public:
  MeteredDatabase(std::unique_ptr<db::Database> inner, observe::Metrics& metrics)
      : inner_(std::move(inner)),
        read_(metrics, "database", "read"),
        write_(metrics, "database", "write") {}

  db::Dialect dialect() const override { return inner_->dialect(); }
  std::optional<std::uint64_t> epoch() const override { return inner_->epoch(); }

 protected:
  Status DoRead(const Work& work) override {
    return read_.Time([&] { return inner_->Read(work); });
  }
  Status DoWrite(const Work& work, db::Isolation isolation) override {
    return write_.Time([&] { return inner_->Write(work, isolation); });
  }

 private:
  std::unique_ptr<db::Database> inner_;
  Meter read_;
  Meter write_;
};

// What is staged goes through: its bytes are appended as fast as a client sends them, which says
// nothing of the store.
class MeteredBlobStore final : public blob::BlobStore {
 public:
  MeteredBlobStore(std::unique_ptr<blob::BlobStore> inner, observe::Metrics& metrics)
      : inner_(std::move(inner)),
        stage_(metrics, "blob_store", "stage"),
        commit_(metrics, "blob_store", "commit"),
        open_(metrics, "blob_store", "open"),
        remove_(metrics, "blob_store", "remove"),
        list_(metrics, "blob_store", "list") {}

  Result<std::unique_ptr<blob::Staged>> Stage() override {
    return stage_.Time([&] { return inner_->Stage(); });
  }
  Result<std::unique_ptr<blob::Staged>> Resume(const std::string& staged_id) override {
    return stage_.Time([&] { return inner_->Resume(staged_id); });
  }
  Status Discard(const std::string& staged_id) override {
    return remove_.Time([&] { return inner_->Discard(staged_id); });
  }
  std::vector<Status> Commit(std::span<const blob::CommitItem> items) override {
    std::vector<Status> outcomes;
    const Status first = commit_.Time([&]() -> Status {
      outcomes = inner_->Commit(items);
      for (const Status& outcome : outcomes) {
        if (!outcome.ok()) return outcome;
      }
      return Ok();
    });
    return outcomes;
  }
  Result<std::unique_ptr<blob::Blob>> Open(const oci::Digest& digest) override {
    return open_.Time([&] { return inner_->Open(digest); });
  }
  std::optional<std::string> PresignGet(const oci::Digest& digest,
                                        std::chrono::seconds life) const override {
    return inner_->PresignGet(digest, life);
  }
  Status Remove(const oci::Digest& digest) override {
    return remove_.Time([&] { return inner_->Remove(digest); });
  }
  Result<std::optional<std::string>> Owner() override { return inner_->Owner(); }
  Status Claim(const std::string& owner) override { return inner_->Claim(owner); }
  Status ListStaged(const std::function<Status(const StagedInfo&)>& visit) override {
    return list_.Time([&] { return inner_->ListStaged(visit); });
  }
  Status ListAfter(std::string_view after, const VisitBlob& visit) override {
    return list_.Time([&] { return inner_->ListAfter(after, visit); });
  }

 private:
  std::unique_ptr<blob::BlobStore> inner_;
  Meter stage_;
  Meter commit_;
  Meter open_;
  Meter remove_;
  Meter list_;
};

}  // namespace

Stores Metered(Stores stores, observe::Metrics& metrics) {
  stores.database = std::make_unique<MeteredDatabase>(std::move(stores.database), metrics);
  stores.blobs = std::make_unique<MeteredBlobStore>(std::move(stores.blobs), metrics);
  return stores;
}

}  // namespace breakwater::app

#include "registry/testing.h"

#include <limits>

#include "oci/media_types.h"

namespace breakwater::registry::testing {
namespace {

Error Fault() {
  return Unavailable("the store has failed as it was told to");
}

std::string Descriptor(const std::string& bytes, std::string_view media_type) {
  return R"({"mediaType":")" + std::string(media_type) + R"(","digest":")" +
         oci::Digest::Of(AsBytes(bytes)).text() + R"(","size":)" + std::to_string(bytes.size()) +
         "}";
}

}  // namespace

class FaultyStore::FaultyStaged final : public blob::Staged {
 public:
  FaultyStaged(FaultyStore& store, std::unique_ptr<blob::Staged> inner)
      : store_(store), inner_(std::move(inner)) {}
  const std::string& id() const override { return inner_->id(); }
  std::uint64_t size() const override { return inner_->size(); }
  Status Append(ByteView bytes) override {
    return store_.Run<Status>("append", [&] { return inner_->Append(bytes); });
  }
  Status Flush() override {
    return store_.Run<Status>("flush", [&] { return inner_->Flush(); });
  }
  Result<std::unique_ptr<io::Source>> Read() override {
    return store_.Run<Result<std::unique_ptr<io::Source>>>("read", [&] { return inner_->Read(); });
  }

  blob::Staged& inner() { return *inner_; }

 private:
  FaultyStore& store_;
  std::unique_ptr<blob::Staged> inner_;
};

template <class R, class F>
R FaultyStore::Run(std::string_view name, F call) {
  const bool fails = Count(name);
  if (fails && !after_) return Fault();
  R result = call();
  if (fails) return Fault();
  return result;
}

Result<std::unique_ptr<blob::Staged>> FaultyStore::Stage() {
  BW_TRY(auto staged,
         Run<Result<std::unique_ptr<blob::Staged>>>("stage", [&] { return inner_->Stage(); }));
  return std::unique_ptr<blob::Staged>(std::make_unique<FaultyStaged>(*this, std::move(staged)));
}

Result<std::unique_ptr<blob::Staged>> FaultyStore::Resume(const std::string& staged_id) {
  BW_TRY(auto staged, Run<Result<std::unique_ptr<blob::Staged>>>(
                          "resume", [&] { return inner_->Resume(staged_id); }));
  return std::unique_ptr<blob::Staged>(std::make_unique<FaultyStaged>(*this, std::move(staged)));
}

Status FaultyStore::Discard(const std::string& staged_id) {
  return Run<Status>("discard", [&] { return inner_->Discard(staged_id); });
}

std::vector<Status> FaultyStore::Commit(std::span<const blob::CommitItem> items) {
  const bool fails = Count("commit");
  std::vector<Status> outcomes(items.size());
  std::vector<blob::CommitItem> unwrapped;
  for (const blob::CommitItem& item : items) {
    unwrapped.push_back({&dynamic_cast<FaultyStaged&>(*item.staged).inner(), item.digest});
  }
  if (!fails || after_) outcomes = inner_->Commit(unwrapped);
  if (fails) outcomes.assign(items.size(), Fault());
  return outcomes;
}

Result<std::unique_ptr<blob::Blob>> FaultyStore::Open(const oci::Digest& digest) {
  return Run<Result<std::unique_ptr<blob::Blob>>>("open", [&] { return inner_->Open(digest); });
}

Status FaultyStore::Remove(const oci::Digest& digest) {
  return Run<Status>("remove", [&] { return inner_->Remove(digest); });
}

std::vector<std::pair<std::string, std::string>> World::GoingBy(
    const std::string& name_space, const RetentionPolicy& policy) const {
  std::vector<std::pair<std::string, std::string>> going;
  std::string after;
  while (true) {
    const auto judged = retention.JudgeNext(registry().name, name_space, policy, after);
    BW_CHECK(judged.ok());
    if (!*judged) return going;
    after = (*judged)->name;
    JudgedImages some{.images = {}, .verdicts = {}, .more = true};
    for (std::string last; some.more;
         last = some.images.empty() ? "" : some.images.back().digest.text()) {
      auto next = retention.ImagesOf(registry().name, name_space, **judged, last,
                                     std::numeric_limits<std::size_t>::max());
      BW_CHECK(next.ok());
      some = *std::move(next);
      for (std::size_t i = 0; i < some.images.size(); ++i) {
        if (some.verdicts[i] != RetentionVerdict::kDelete) continue;
        going.emplace_back((*judged)->id, some.images[i].digest.text());
      }
    }
  }
}

std::string ImageManifest(const std::string& config, const std::vector<std::string>& layers,
                          std::string_view more) {
  std::string text =
      R"({"schemaVersion":2,"mediaType":")" + std::string(oci::kOciManifest) + R"(","config":)" +
      Descriptor(config, "application/vnd.oci.image.config.v1+json") + R"(,"layers":[)";
  for (std::size_t i = 0; i < layers.size(); ++i) {
    if (i > 0) text += ",";
    text += Descriptor(layers[i], "application/vnd.oci.image.layer.v1.tar");
  }
  return text + "]" + std::string(more) + "}";
}

}  // namespace breakwater::registry::testing

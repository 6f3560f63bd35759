#include <cstdlib>

#include "blob/s3/s3_blob_store.h"
#include "blob/s3/s3_client.h"
#include "blob/s3/s3_parts.h"
#include "crypto/random.h"

namespace breakwater::blob {
namespace {

constexpr std::chrono::seconds kStepTime{10};
constexpr std::chrono::minutes kToleratedSkew{15};
constexpr std::chrono::seconds kNotableSkew{30};

// What the service's error code means for whoever has set it up.
std::string Advice(const Error& error) {
  const std::string& log = error.log();
  const auto has = [&log](std::string_view text) { return log.find(text) != std::string::npos; };
  if (has("InvalidAccessKeyId")) return "the access key is not known to the service";
  if (has("SignatureDoesNotMatch")) return "the secret key (or the region) is wrong";
  if (has("RequestTimeTooSkewed")) return "the clocks of this machine and the service differ";
  if (has("NoSuchBucket")) return "there is no such bucket";
  if (has("AccessDenied")) return "the access key has no right to do this in the bucket";
  if (has("AuthorizationHeaderMalformed") || has("PermanentRedirect")) return "the region is wrong";
  if (has("cannot be resolved")) return "the endpoint's name cannot be resolved";
  if (has("cannot be reached")) return "nothing answers at the endpoint";
  if (has("TLS with")) return "TLS failed: is the CA file the right one for the endpoint?";
  if (has("took too long")) return "the service does not answer in time";
  if (error.reason() == "blob_store_full") return "the quota is used up";
  return "unexpected answer";
}

Error Wrong(std::string what) {
  return DataCorrupt("the blob store does not do what it says").Log(std::move(what));
}

class Check {
 public:
  Check(const S3Options& options, S3Endpoint endpoint, const Clock& clock)
      : client_(options, std::move(endpoint), S3Waiting::Real(), clock) {}

  std::vector<S3Finding> Run() {
    if (!CompareClocks()) return std::move(findings_);
    const std::string object = NewObjectName(0);
    const std::string key = StagingKey(NewUploadId(), object);
    const std::string content = "breakwater doctor " + object;
    if (Note("writes an object", client_.Put(key, AsBytes(content)))) {
      Note("reads it back", ReadBack(key, content));
      Note("lists it", Find(key));
      Note("copies it within the service", CopyWithin(key));
    }
    Note("deletes it", Delete(key));
    return std::move(findings_);
  }

 private:
  bool Note(const std::string& what, const Status& outcome) {
    if (outcome.ok()) {
      findings_.push_back({.ok = true, .text = what});
    } else {
      findings_.push_back(
          {.ok = false,
           .text = what + ": " + Advice(outcome.error()) + " (" + outcome.error().log() + ")"});
    }
    return outcome.ok();
  }

  // False if there is no answer at all.
  bool CompareClocks() {
    const auto skew = client_.ClockSkew();
    if (!skew.ok()) return Note("answers", skew.error());
    const std::int64_t seconds = std::abs(skew->count());
    if (seconds < kNotableSkew.count()) return Note("agrees on the time", Ok());
    findings_.push_back({.ok = seconds < std::chrono::seconds(kToleratedSkew).count(),
                         .text = "the service's clock is " + std::to_string(seconds) + " s " +
                                 (skew->count() > 0 ? "ahead of" : "behind") +
                                 " this machine's; beyond 15 minutes services refuse requests"});
    return true;
  }

  Status ReadBack(const std::string& key, const std::string& content) {
    BW_TRY(const auto size, client_.Head(key));
    if (size != content.size()) return Wrong("HEAD gives another size");
    BW_TRY(const auto source, client_.Read(key, content.size(), 0, content.size()));
    BW_TRY(const std::string read, io::ReadAll(*source, content.size()));
    return read == content ? Ok() : Status(Wrong("GET gives other bytes"));
  }

  Status Find(const std::string& key) {
    bool found = false;
    BW_TRY_STATUS(client_.ListObjects(key, [&](const S3Object& object) -> Status {
      found = found || object.key == key;
      return Ok();
    }));
    return found ? Ok() : Status(Wrong("the list does not have it"));
  }

  Status CopyWithin(const std::string& key) {
    BW_TRY(const std::string upload, client_.CreateUpload(key));
    const auto copied = client_.CopyPart(key, upload, 1, key);
    const Status aborted = client_.AbortUpload(key, upload);
    return copied.ok() ? aborted : Status(copied.error());
  }

  Status Delete(const std::string& key) {
    BW_TRY_STATUS(client_.Delete(key));
    BW_TRY(const auto size, client_.Head(key));
    return size ? Status(Wrong("it is still there")) : Ok();
  }

  S3Client client_;
  std::vector<S3Finding> findings_;
};

}  // namespace

std::vector<S3Finding> CheckS3(const S3Options& options, const Clock& clock) {
  auto endpoint = S3Endpoint::Parse(options.endpoint);
  if (!endpoint.ok()) return {{.ok = false, .text = endpoint.error().message()}};
  S3Options impatient = options;
  impatient.deadline = kStepTime;
  impatient.request_timeout = kStepTime;
  impatient.copy_timeout = kStepTime;
  return Check(impatient, *std::move(endpoint), clock).Run();
}

}  // namespace breakwater::blob

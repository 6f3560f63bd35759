#include "crypto/password.h"

#include <argon2.h>

#include "base/bytes.h"
#include "base/strings.h"
#include "crypto/random.h"

namespace breakwater::crypto {
namespace {

constexpr std::size_t kSaltOctets = 16;
constexpr std::size_t kHashOctets = 32;
constexpr std::size_t kMaxPhcOctets = 512;
constexpr std::uint32_t kMaxMemoryKib = 256 * 1024;
constexpr std::uint32_t kMaxPasses = 16;
constexpr std::uint32_t kMaxLanes = 8;

struct PhcParameters {
  std::uint32_t memory_kib = 0;
  std::uint32_t passes = 0;
  std::uint32_t lanes = 0;
};

Error NotAPasswordHash() {
  return DataCorrupt("a stored password hash is not readable");
}

Result<std::uint32_t> ReadParameter(std::string_view text, std::string_view name,
                                    std::uint32_t most) {
  if (!text.starts_with(name)) return NotAPasswordHash();
  const auto value = ParseInt(text.substr(name.size()));
  if (!value.ok() || *value < 1 || *value > most) return NotAPasswordHash();
  return static_cast<std::uint32_t>(*value);
}

// Read here, before libargon2 does: it would allocate whatever the string asks for.
Result<PhcParameters> ReadParameters(std::string_view phc) {
  if (phc.size() > kMaxPhcOctets) return NotAPasswordHash();
  const auto parts = Split(phc, '$');
  if (parts.size() != 6 || !parts[0].empty() || parts[1] != "argon2id" || parts[2] != "v=19") {
    return NotAPasswordHash();
  }
  const auto fields = Split(parts[3], ',');
  if (fields.size() != 3) return NotAPasswordHash();
  PhcParameters out;
  BW_TRY(out.memory_kib, ReadParameter(fields[0], "m=", kMaxMemoryKib));
  BW_TRY(out.passes, ReadParameter(fields[1], "t=", kMaxPasses));
  BW_TRY(out.lanes, ReadParameter(fields[2], "p=", kMaxLanes));
  return out;
}

Error Argon2Error(int code) {
  const std::string log = std::string("argon2: ") + argon2_error_message(code);
  if (code == ARGON2_MEMORY_ALLOCATION_ERROR || code == ARGON2_THREAD_FAIL) {
    return Unavailable("too little memory to check a password").Log(log);
  }
  return Internal(log);
}

}  // namespace

Status CheckPasswordHash(std::string_view phc) {
  BW_TRY_STATUS(ReadParameters(phc));
  return Ok();
}

// Holds one of the places to hash.
class PasswordHasher::Turn {
 public:
  static Result<Turn> Take(PasswordHasher& owner) {
    BW_TRY_STATUS(owner.Enter());
    return Turn(owner);
  }
  Turn(Turn&& other) noexcept : owner_(std::exchange(other.owner_, nullptr)) {}
  Turn& operator=(Turn&&) = delete;
  ~Turn() {
    if (owner_ != nullptr) owner_->Leave();
  }

 private:
  explicit Turn(PasswordHasher& owner) : owner_(&owner) {}
  PasswordHasher* owner_;
};

Status PasswordHasher::Enter() {
  const auto busy = [] {
    return Error(ErrorCode::kRateLimited, "too many password checks at a time, try again")
        .Reason("password_hash_busy")
        .Detail("retry_after", "1");
  };
  const auto deadline = std::chrono::steady_clock::now() + options_.max_wait;
  const MutexLock lock(mutex_);
  if (running_ >= options_.max_concurrent) {
    if (waiting_ >= options_.max_waiting) return busy();
    ++waiting_;
    bool in_time = true;
    while (running_ >= options_.max_concurrent && in_time) {
      in_time = freed_.wait_until(mutex_, deadline) == std::cv_status::no_timeout;
    }
    --waiting_;
    if (running_ >= options_.max_concurrent) return busy();
  }
  ++running_;
  return Ok();
}

void PasswordHasher::Leave() {
  const MutexLock lock(mutex_);
  --running_;
  freed_.notify_one();
}

Result<std::string> PasswordHasher::Hash(const Secret& password) {
  const std::string& text = password.Reveal();
  if (text.size() > kMaxPasswordOctets) return Invalid("password longer than 1024 octets");
  BW_TRY(const Turn turn, Turn::Take(*this));
  const Bytes salt = RandomBytes(kSaltOctets);
  std::string phc(argon2_encodedlen(options_.passes, options_.memory_kib, options_.lanes,
                                    kSaltOctets, kHashOctets, Argon2_id),
                  '\0');
  const int code = argon2id_hash_encoded(options_.passes, options_.memory_kib, options_.lanes,
                                         text.data(), text.size(), salt.data(), salt.size(),
                                         kHashOctets, phc.data(), phc.size());
  if (code != ARGON2_OK) return Argon2Error(code);
  phc.resize(phc.find('\0'));
  return phc;
}

Result<bool> PasswordHasher::Verify(const Secret& password, std::string_view phc) {
  BW_TRY_STATUS(ReadParameters(phc));
  const std::string& text = password.Reveal();
  if (text.size() > kMaxPasswordOctets) return false;
  BW_TRY(const Turn turn, Turn::Take(*this));
  const int code = argon2id_verify(std::string(phc).c_str(), text.data(), text.size());
  if (code == ARGON2_OK) return true;
  if (code == ARGON2_VERIFY_MISMATCH) return false;
  if (code == ARGON2_MEMORY_ALLOCATION_ERROR || code == ARGON2_THREAD_FAIL) {
    return Argon2Error(code);
  }
  return NotAPasswordHash();
}

bool PasswordHasher::NeedsRehash(std::string_view phc) const {
  const auto parameters = ReadParameters(phc);
  return !parameters.ok() || parameters->memory_kib != options_.memory_kib ||
         parameters->passes != options_.passes || parameters->lanes != options_.lanes;
}

}  // namespace breakwater::crypto

// Verifies exported files of the trail, with nothing but them, a public key and, if there are any,
// heads that were kept elsewhere. No database, no server.
#pragma once

#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "audit/heads.h"
#include "audit/lines.h"
#include "audit/log.h"
#include "crypto/signing.h"
#include "io/stream.h"

namespace breakwater::audit {

struct FileVerification {
  std::int64_t first = 0;  // 0: there were no entries
  std::int64_t last = 0;
  std::string hash;           // of the last entry
  std::int64_t repeated = 0;  // entries that came once more, as they were
  // Behind which entries the trail was restored and went on, with other numbers than what was lost.
  std::vector<std::int64_t> continued;
  std::int64_t heads = 0;                // whose signatures were good and whose hashes were met
  std::int64_t signed_to = 0;            // the last entry that a head vouches for
  std::optional<Timestamp> signed_at;    // when that head was made
  std::optional<std::int64_t> unsealed;  // as the last export said
  // Heads that met no hash: their entry is before the first one, too far before a head in a file,
  // or was lost when the trail was restored.
  std::vector<std::int64_t> unreachable;
};

// The hashes of the latest entries, by sequence: in the order in which they came, so that a
// restored trail's leap of the numbers costs none of them. Sequences rise. Not thread-safe.
class LatestHashes {
 public:
  static constexpr std::int64_t kKept = 1 << 16;

  void Add(std::int64_t sequence, std::string_view hash);
  // Null if it is not one of them. Good until the next Add.
  const std::string* Find(std::int64_t sequence) const;

 private:
  // Entries without a gap: the first one's sequence, and the how manieth entry of all it was.
  struct Run {
    std::int64_t sequence = 0;
    std::int64_t arrival = 0;
  };
  // Where a run ends in the order of arrival.
  std::int64_t EndOf(std::vector<Run>::const_iterator run) const {
    return run + 1 == runs_.end() ? arrived_ : (run + 1)->arrival;
  }

  std::vector<Run> runs_;  // that have any of the hashes
  std::int64_t arrived_ = 0;
  std::vector<std::string> hashes_;  // by arrival, modulo
};

// Files are added in the order of their entries. What is exported at least once may come twice: an
// entry that was there already is passed over if it is the same. Not thread-safe.
class FileVerifier {
 public:
  // Sees each entry's record, JSON, once its place in the chain is verified.
  using OnRecord = std::function<void(std::string_view record)>;

  // `expected`: heads that were kept elsewhere. Each must be signed, and be met by the entries.
  FileVerifier(crypto::VerifyingKey key, std::vector<Head> expected, OnRecord on_record = {});

  // Reads to the end, in bounded memory. kDataCorrupt says what is wrong with which line of `name`
  // and which entry. Nothing may be added after an error.
  Status Add(io::Source& source, std::string_view name);
  // kDataCorrupt where entries are missing that a given head vouches for: at the end, or for a
  // restore that no later head vouches for, since anybody could have made that up.
  Result<FileVerification> Finish();

 private:
  // A head that was kept elsewhere, of an entry that is said to have been lost by a restore.
  struct Excused {
    Head head;
    std::int64_t continuation = 0;  // the entry that says so
  };

  Status AddLine(std::string_view line);
  Status AddEntry(const EntryView& entry);
  Status AddHead(const Head& head);
  Status CheckSignature(const Head& head) const;
  Status Meet(const Head& head, std::string_view hash);
  Status ContinueAfter(const EntryView& entry, std::int64_t after);
  Status MeetExpected(const EntryView& entry, const std::optional<std::int64_t>& after);

  const crypto::VerifyingKey key_;
  const OnRecord on_record_;
  std::multimap<std::int64_t, Head> expected_;  // not met yet
  std::unique_ptr<ChainVerifier> chain_;        // from the first entry on
  LatestHashes hashes_;                         // for repeats, and heads behind their entry
  std::vector<Excused> excused_;
  FileVerification found_;
};

// The sequence of the first entry in a file; nothing if it has none. Reads no more than it must.
Result<std::optional<std::int64_t>> FirstSequence(io::Source& source);

}  // namespace breakwater::audit

#include "cli/audit.h"

#include <algorithm>
#include <cstdio>
#include <optional>

#include "base/strings.h"
#include "io/decompress.h"
#include "io/file.h"

namespace breakwater::cli {
namespace {

constexpr std::size_t kMaxKeyFile = 1U << 16;
constexpr std::size_t kMaxHeadFile = 256U << 20;

struct OrderedFile {
  std::int64_t first = 0;  // 0: no entries
  std::string path;
};

// A file as it is, or unpacked. What is read first must live as long.
struct Opened {
  std::unique_ptr<io::FileSource> file;
  std::unique_ptr<io::Source> plain;
  io::Source& source() { return plain ? *plain : *file; }
};

Result<Opened> Open(const std::string& path) {
  auto file = io::File::Open(path);
  if (!file.ok()) return NotFound("cannot read " + path);
  Opened opened;
  opened.file = std::make_unique<io::FileSource>(*std::move(file));
  // What an attacker could swell is read piece by piece.
  BW_TRY(opened.plain, io::DecompressAuto(*opened.file, {.max_output = ~std::uint64_t{0}}));
  return opened;
}

Result<std::string> ReadText(const std::string& path, std::size_t limit) {
  auto text = io::ReadFile(path, limit);
  if (!text.ok()) return NotFound("cannot read " + path);
  return text;
}

// A head, {"head": …}, or {"heads": […]}.
Status AddHeads(const json::Value& document, std::vector<audit::Head>& heads) {
  if (const json::Value* list = json::Find(document, "heads"); list != nullptr) {
    if (!list->is_array()) return Invalid("heads must be a list");
    for (const json::Value& one : list->get_array()) {
      BW_TRY(auto head, audit::HeadFromJson(one));
      heads.push_back(std::move(head));
    }
    return Ok();
  }
  const json::Value* wrapped = json::Find(document, "head");
  BW_TRY(auto head, audit::HeadFromJson(wrapped == nullptr ? document : *wrapped));
  heads.push_back(std::move(head));
  return Ok();
}

Result<std::vector<audit::Head>> ReadHeads(const std::string& path) {
  std::vector<audit::Head> heads;
  if (path.empty()) return heads;
  BW_TRY(const std::string text, ReadText(path, kMaxHeadFile));
  if (const auto whole = json::Parse(text, {.max_bytes = kMaxHeadFile}); whole.ok()) {
    BW_TRY_STATUS(AddHeads(*whole, heads));
    return heads;
  }
  for (const std::string_view line : Split(text, '\n')) {
    if (line.empty()) continue;
    const auto document = json::Parse(line);
    if (!document.ok()) return Invalid(path + " holds no heads");
    BW_TRY_STATUS(AddHeads(*document, heads));
  }
  return heads;
}

Result<std::vector<OrderedFile>> InOrder(const std::vector<std::string>& paths) {
  std::vector<OrderedFile> files;
  for (const std::string& path : paths) {
    BW_TRY(Opened opened, Open(path));
    const auto first = audit::FirstSequence(opened.source());
    // What is wrong with it is said when it is read.
    files.push_back({first.ok() ? first->value_or(0) : 0, path});
  }
  std::stable_sort(files.begin(), files.end(),
                   [](const OrderedFile& a, const OrderedFile& b) { return a.first < b.first; });
  // A file of heads alone follows the entries.
  std::stable_partition(files.begin(), files.end(),
                        [](const OrderedFile& file) { return file.first > 0; });
  return files;
}

std::string Range(std::int64_t first, std::int64_t last) {
  return first == last ? "entry " + std::to_string(first)
                       : "entries " + std::to_string(first) + " to " + std::to_string(last);
}

// Whether a signature vouches for any of it: hashes alone could be made anew by whoever wrote the
// files.
bool IsProven(const audit::FileVerification& found) {
  return found.first > 0 && found.signed_to >= found.first;
}

// Whoever removed all of the trail would leave this.
constexpr const char* kNothing = "there is no entry in what was given, so nothing was verified";

}  // namespace

Result<crypto::VerifyingKey> ReadPublicKey(const std::string& path) {
  BW_TRY(const std::string text, ReadText(path, kMaxKeyFile));
  if (const auto document = json::Parse(text); document.ok()) {
    const std::string_view pem = json::FindText(*document, "pem");
    if (!pem.empty()) return crypto::VerifyingKey::FromPem(pem);
    return crypto::VerifyingKey::FromJwk(*document);
  }
  return crypto::VerifyingKey::FromPem(text);
}

Result<audit::FileVerification> VerifyAuditFiles(const VerifyAuditArguments& arguments) {
  auto key = ReadPublicKey(arguments.key);
  if (!key.ok()) return Invalid("no public key in " + arguments.key + ": " + key.error().message());
  BW_TRY(auto heads, ReadHeads(arguments.heads));
  BW_TRY(const auto files, InOrder(arguments.files));
  heads.insert(heads.end(), arguments.more_heads.begin(), arguments.more_heads.end());
  audit::FileVerifier verifier(*std::move(key), std::move(heads), arguments.on_record);
  for (const OrderedFile& file : files) {
    BW_TRY(Opened opened, Open(file.path));
    BW_TRY_STATUS(verifier.Add(opened.source(), file.path));
  }
  return verifier.Finish();
}

std::string RenderVerification(const audit::FileVerification& found) {
  if (found.first == 0) return "NOT PROVEN: " + std::string(kNothing) + "\n";
  std::string text = IsProven(found) ? "intact: " : "NOT PROVEN, no head vouches for it: ";
  text += Range(found.first, found.last) + ", hash " + found.hash + "\n";
  if (found.first > 1) {
    text += "not looked at: what came before entry " + std::to_string(found.first) + "\n";
  }
  if (found.signed_at) {
    text += "signed: up to entry " + std::to_string(found.signed_to) + ", by " +
            std::to_string(found.heads) + (found.heads == 1 ? " head" : " heads") +
            ", the last of " + FormatRfc3339(*found.signed_at) + "\n";
  }
  if (found.signed_to < found.last) {
    text += "not signed yet: " + Range(std::max(found.signed_to + 1, found.first), found.last) +
            "; nothing tells what was cut off behind them\n";
  }
  if (found.repeated > 0) {
    text += "there more than once, unchanged: " + std::to_string(found.repeated) + " entries\n";
  }
  if (found.unsealed) {
    text += "not sealed yet when it was exported: " + std::to_string(*found.unsealed) +
            (*found.unsealed == 1 ? " record\n" : " records\n");
  }
  for (const std::int64_t sequence : found.continued) {
    text += "restored: the trail goes on behind entry " + std::to_string(sequence) +
            " with numbers of its own; what had followed until then is not part of it\n";
  }
  for (const std::int64_t sequence : found.unreachable) {
    text += "not looked at: the head of entry " + std::to_string(sequence) +
            ", which is in none of the files, too far before it, or was lost by a restore\n";
  }
  return text;
}

std::string RenderVerificationJson(const Result<audit::FileVerification>& found) {
  if (!found.ok()) {
    return json::Serialize({{"intact", false}, {"problem", json::Text(found.error().message())}});
  }
  if (found->first == 0) {
    return json::Serialize({{"intact", false}, {"proven", false}, {"problem", kNothing}});
  }
  json::Object object{{"intact", true},
                      {"proven", IsProven(*found)},
                      {"first", found->first},
                      {"last", found->last},
                      {"hash", json::Text(found->hash)},
                      {"heads", found->heads},
                      {"signed_to", found->signed_to}};
  if (found->signed_at) object["signed_at"] = json::Text(FormatRfc3339(*found->signed_at));
  if (found->unsealed) object["unsealed"] = *found->unsealed;
  if (!found->continued.empty()) {
    json::Array continued;
    for (const std::int64_t sequence : found->continued) continued.emplace_back(sequence);
    object["continued_after"] = std::move(continued);
  }
  if (!found->unreachable.empty()) {
    json::Array heads;
    for (const std::int64_t sequence : found->unreachable) heads.emplace_back(sequence);
    object["heads_not_met"] = std::move(heads);
  }
  return json::Serialize(object);
}

Result<ExportedAudit> ExportAuditFiles(Client& client, const ExportAuditArguments& arguments) {
  const std::filesystem::path directory = arguments.directory;
  BW_TRY_STATUS(io::MakeDirectories(directory));
  BW_TRY(const json::Value key, client.Must("GET", "/breakwater/v1/audit/key"));
  BW_TRY_STATUS(
      io::WriteFileDurably(directory / "audit-key.pem", AsBytes(json::FindText(key, "pem")), 0644));
  BW_TRY(auto file, io::DurableFile::Create(directory, {.mode = 0644}));
  ExportedAudit exported{.file = {}, .last = arguments.from - 1};
  while (true) {
    BW_TRY(const Answer answer, client.Call("GET", "/breakwater/v1/audit/export?from=" +
                                                       std::to_string(exported.last + 1)));
    if (!answer.ok()) return ErrorOf(answer);
    BW_TRY_STATUS(file.Write(AsBytes(answer.body)));
    const auto next = answer.headers.Get("Breakwater-Next-From");
    if (!next) break;
    BW_TRY(const std::int64_t from, ParseInt(*next));
    if (from <= exported.last + 1) return DataCorrupt("the server's export does not go on");
    exported.last = from - 1;
  }
  if (exported.last >= arguments.from) {
    char name[64];
    std::snprintf(name, sizeof name, "audit-%012lld-%012lld.jsonl",
                  static_cast<long long>(arguments.from), static_cast<long long>(exported.last));
    exported.file = directory / name;
    BW_TRY_STATUS(file.Sync());
    BW_TRY_STATUS(file.MoveTo(exported.file));
    BW_TRY_STATUS(io::SyncDirectory(directory));
  }
  BW_TRY(const Answer head, client.Call("GET", "/breakwater/v1/audit/heads/latest"));
  if (head.ok()) {
    BW_TRY_STATUS(
        io::WriteFileDurably(directory / "audit-head.json", AsBytes(head.body + "\n"), 0644));
  }
  return exported;
}

int VerifyAudit(const VerifyAuditArguments& arguments) {
  const auto found = VerifyAuditFiles(arguments);
  const bool tampered = !found.ok() && found.error().code() == ErrorCode::kDataCorrupt;
  if (!found.ok() && !tampered) {
    std::fprintf(stderr, "breakwater: %s\n", found.error().message().c_str());
    return 2;
  }
  if (arguments.as_json) {
    std::printf("%s\n", RenderVerificationJson(found).c_str());
  } else if (found.ok()) {
    std::printf("%s", RenderVerification(*found).c_str());
  } else {
    std::printf("NOT intact: %s\n", found.error().message().c_str());
  }
  return tampered || !IsProven(*found) ? 1 : 0;
}

int ExportAudit(const RawClientArguments& raw, const ExportAuditArguments& arguments) {
  const auto exported = [&]() -> Result<ExportedAudit> {
    BW_TRY(const ClientArguments login, Login(raw));
    Client client(login);
    return ExportAuditFiles(client, arguments);
  }();
  if (!exported.ok()) {
    std::fprintf(stderr, "breakwater: %s\n", exported.error().message().c_str());
    return 1;
  }
  if (exported->file.empty()) {
    std::printf("there are no entries from %lld on\n", static_cast<long long>(arguments.from));
  } else {
    std::printf("%s\n", exported->file.c_str());
  }
  return 0;
}

}  // namespace breakwater::cli

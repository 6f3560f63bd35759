#include "cli/import.h"

#include <cstdio>

namespace breakwater::cli {
namespace {

std::int64_t NumberOf(const json::Value& document, std::string_view name) {
  const json::Value* number = json::Find(document, name);
  return number != nullptr && number->is_int64() ? number->get_int64() : 0;
}

void PrintCounts(const json::Value& answer) {
  const json::Value* counts = json::Find(answer, "counts");
  if (counts == nullptr) return;
  const auto print = [&](const char* name, const char* words) {
    std::printf("%10lld %s\n", static_cast<long long>(NumberOf(*counts, name)), words);
  };
  print("records", "records read");
  print("vulnerabilities", "vulnerabilities");
  print("advisories", "advisories (release, package, vulnerability)");
  print("notices", "notices");
  print("withdrawn", "withdrawn records");
  print("other_ecosystems", "records of ecosystems that are not matched yet");
  print("invalid", "files that are no OSV record");
}

Status Import(const RawClientArguments& raw, const std::string& path) {
  BW_TRY(const ClientArguments arguments, Login(raw));
  BW_TRY(FeedFile feed, OpenFeedFile(path));
  Client client(arguments);
  std::printf("sending %s (%llu bytes) to %s\n", feed.description.c_str(),
              static_cast<unsigned long long>(feed.size), arguments.url.c_str());
  std::fflush(stdout);
  BW_TRY(const json::Value answer, SendFeed(client, feed));
  PrintCounts(answer);
  const json::Value* unchanged = json::Find(answer, "unchanged");
  if (unchanged != nullptr && *unchanged == json::Value(true)) {
    std::printf("the server had this feed already: nothing was changed\n");
  }
  if (const json::Value* current = json::Find(answer, "feed")) {
    std::printf("in use: %s\n", DescribeFeed(*current).c_str());
  }
  return Ok();
}

}  // namespace

Result<json::Value> SendFeed(Client& client, FeedFile& feed) {
  BW_TRY(Answer answer,
         client.Upload("POST", "/breakwater/v1/advisories?source=" + PercentEncode(feed.name),
                       feed.content_type, *feed.source, feed.size));
  if (!answer.ok()) return ErrorOf(answer);
  return std::move(answer.document);
}

std::string DescribeFeed(const json::Value& feed) {
  return std::to_string(NumberOf(feed, "vulnerabilities")) + " vulnerabilities from " +
         std::string(json::FindText(feed, "source")) + ", newest record of " +
         std::string(json::FindText(feed, "newest"));
}

int ImportAdvisories(const RawClientArguments& raw, const std::string& path) {
  const Status done = Import(raw, path);
  if (done.ok()) return 0;
  std::fprintf(stderr, "breakwater: %s\n", done.error().message().c_str());
  return 1;
}

}  // namespace breakwater::cli

#include "advisor/feed_facts.h"

#include "advisor/advisory_store.h"

namespace breakwater::advisor {
namespace {

using condition::Fact;

constexpr std::string_view kSource = "advisories";

// A feed says itself when its latest record changed; what it says may be no time.
Fact NewestOf(const FeedInfo& feed, Timestamp now) {
  const std::string source(kSource);
  const auto newest = ParseRfc3339(feed.newest);
  return newest.ok() ? Fact::Present(*newest, source, now)
                     : Fact::Unavailable("the feed does not say when it changed", source, now);
}

}  // namespace

condition::ResourceType FeedType() {
  return {"container-registry", "advisories"};
}

Result<condition::Facts> FeedFacts::Read(db::Transaction& tx, const control::Resource&) {
  const Timestamp now = clock_.Now();
  BW_TRY(const auto feed, CurrentFeed(tx));
  const std::string source(kSource);
  condition::Facts facts;
  for (const char* property : {"imported_at", "newest_record_at", "source"}) {
    facts.Set(property, Fact::Absent(source, now));
  }
  if (!feed) return facts;
  facts.Set("imported_at", Fact::Present(feed->imported, source, now));
  facts.Set("newest_record_at", NewestOf(*feed, now));
  facts.Set("source", Fact::Present(feed->source, source, now));
  return facts;
}

}  // namespace breakwater::advisor

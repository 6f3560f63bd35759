// Counts allocations, so it replaces the global operator new of this test program.
#include <atomic>
#include <cstdlib>
#include <new>

#include <gtest/gtest.h>

#include "condition/evaluate.h"
#include "condition/testing.h"

namespace {

std::atomic<long> allocations{0};

}  // namespace

// Not inlined: g++ 12 would take malloc and delete for a mismatched pair.
[[gnu::noinline]] void* operator new(std::size_t size) {
  allocations.fetch_add(1, std::memory_order_relaxed);
  if (void* memory = std::malloc(size == 0 ? 1 : size)) return memory;
  throw std::bad_alloc();
}
[[gnu::noinline]] void operator delete(void* memory) noexcept {
  std::free(memory);
}
[[gnu::noinline]] void operator delete(void* memory, std::size_t) noexcept {
  std::free(memory);
}

namespace breakwater::condition {
namespace {

TEST(Judging, AllocatesNothingWhenFactsHaveTheirTypes) {
  const auto condition = Condition::Parse(json::Parse(
                                              R"({"and":[{"property":"flag","operator":"is_true"},
                     {"property":"text","operator":"string_match","value":["us.*","de.*"]},
                     {"property":"count","operator":"num_less_than_equals","value":"3"},
                     {"property":"names","operator":"strings_allowed","value":["a","b"]},
                     {"property":"networks","operator":"ips_in_range","value":["10.0.0.0/8"]},
                     {"or":[{"property":"moment","operator":"days_less_than","value":7},
                            {"property":"other_flag","operator":"is_false"}]}]})")
                                              .value(),
                                          testing::TestCatalogue(), testing::TestType());
  ASSERT_TRUE(condition.ok()) << condition.error().message();
  const Timestamp now = testing::TestNow();
  Facts facts;
  facts.Set("flag", Fact::Present(true, "test", now));
  facts.Set("text", Fact::Present(std::string("us.icr.io"), "test", now));
  facts.Set("count", Fact::Present(Number(3), "test", now));
  facts.Set("names", Fact::Present(StringList{"a", "b"}, "test", now));
  facts.Set("networks",
            Fact::Present(IpList{IpNetwork::Parse("10.1.0.0/16").value()}, "test", now));
  facts.Set("moment", Fact::Present(now, "test", now));
  const Parameters parameters;

  const long before = allocations.load();
  const bool compliant = Compliant(*condition, parameters, facts);
  const long after = allocations.load();

  EXPECT_TRUE(compliant);
  EXPECT_EQ(after - before, 0);
}

}  // namespace
}  // namespace breakwater::condition

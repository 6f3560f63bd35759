#include "observe/metrics.h"

#include <cstdio>
#include <cstdlib>
#include <fstream>
#include <stdexcept>
#include <thread>

#include <gtest/gtest.h>

#include "base/testing.h"
#include "observe/log.h"

namespace breakwater::observe {
namespace {

void Fill(Metrics& metrics) {
  metrics.AddCounter("breakwater_http_requests_total", "Requests answered.", {{"code", "200"}})
      .Increment();
  metrics.AddGauge("breakwater_http_connections", "Connections that are open.").Set(3);
  metrics
      .AddHistogram("breakwater_http_request_duration_seconds", "Time from head to last byte.",
                    DurationBuckets(), {{"route", "/v2/"}})
      .Observe(0.002);
  metrics.AddCollector(
      Metrics::Kind::kGauge, "ibm_containerregistry_storage_bytes", "Bytes stored.", [] {
        return std::vector<Metrics::Sample>{{{{"account", "a\"1\n"}, {"region", "local"}}, 42}};
      });
}

TEST(Metrics, PrintsEachFamilyWithHelpAndType) {
  Metrics metrics;
  Fill(metrics);
  const auto text = metrics.Collect();
  EXPECT_NE(text.find("# HELP breakwater_http_requests_total Requests answered.\n"
                      "# TYPE breakwater_http_requests_total counter\n"
                      "breakwater_http_requests_total{code=\"200\"} 1\n"),
            std::string::npos)
      << text;
  EXPECT_NE(
      text.find("breakwater_http_request_duration_seconds_bucket{route=\"/v2/\",le=\"0.0025\"} 1"),
      std::string::npos)
      << text;
  EXPECT_NE(
      text.find("ibm_containerregistry_storage_bytes{account=\"a\\\"1\\n\",region=\"local\"} 42"),
      std::string::npos)
      << text;
}

TEST(Metrics, PassesPromtool) {
  if (std::system("command -v promtool >/dev/null 2>&1") != 0) GTEST_SKIP() << "no promtool";
  Metrics metrics;
  Fill(metrics);
  const testing::TempDir dir;
  const auto path = dir.path() / "metrics.txt";
  std::ofstream(path) << metrics.Collect();
  EXPECT_EQ(std::system(("promtool check metrics < '" + path.string() + "'").c_str()), 0);
}

TEST(Metrics, GivesTheSameSeriesForTheSameLabels) {
  Metrics metrics;
  Counter& a = metrics.AddCounter("breakwater_x_total", "X.", {{"k", "1"}});
  Counter& b = metrics.AddCounter("breakwater_x_total", "X.", {{"k", "1"}});
  Counter& c = metrics.AddCounter("breakwater_x_total", "X.", {{"k", "2"}});
  EXPECT_EQ(&a, &b);
  EXPECT_NE(&a, &c);
  b.Increment(2);
  EXPECT_EQ(a.value(), 2);
  EXPECT_EQ(c.value(), 0);
}

TEST(Metrics, CountsFromManyThreads) {
  Metrics metrics;
  Counter& counter = metrics.AddCounter("breakwater_x_total", "X.");
  std::vector<std::thread> threads;
  for (int i = 0; i < 4; ++i) {
    threads.emplace_back([&] {
      for (int j = 0; j < 1000; ++j) counter.Increment();
      metrics.Collect();
    });
  }
  for (auto& thread : threads) thread.join();
  EXPECT_EQ(counter.value(), 4000);
}

TEST(Metrics, AsksCollectorsAtEachScrape) {
  Metrics metrics;
  double value = 1;
  metrics.AddCollector(Metrics::Kind::kGauge, "breakwater_live", "Live.",
                       [&] { return std::vector<Metrics::Sample>{{{}, value}}; });
  EXPECT_NE(metrics.Collect().find("breakwater_live 1"), std::string::npos);
  value = 2;
  EXPECT_NE(metrics.Collect().find("breakwater_live 2"), std::string::npos);
}

TEST(Metrics, SurvivesACollectorThatThrows) {
  const LogCapture log;
  Metrics metrics;
  metrics.AddGauge("breakwater_other", "Other.").Set(1);
  metrics.AddCollector(Metrics::Kind::kGauge, "breakwater_broken", "Broken.",
                       []() -> std::vector<Metrics::Sample> { throw std::runtime_error("boom"); });
  const auto text = metrics.Collect();
  EXPECT_NE(text.find("breakwater_other 1"), std::string::npos);
  EXPECT_EQ(text.find("breakwater_broken"), std::string::npos);
  EXPECT_TRUE(log.Contains("boom"));
}

TEST(MetricsDeathTest, ACounterWithoutTotalIsABug) {
  Metrics metrics;
  EXPECT_DEATH(metrics.AddCounter("breakwater_x", "X."), "_total");
}

}  // namespace
}  // namespace breakwater::observe

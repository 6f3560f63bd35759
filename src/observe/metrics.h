// Counters, gauges and histograms, and their text for Prometheus.
//
//   observe::Counter& pulls = metrics.AddCounter("breakwater_pulls_total", "Manifests pulled.",
//                                                {{"outcome", "ok"}});
//   pulls.Increment();        // keep the reference: nothing is looked up on the hot path
//
// Names follow "Metric and label naming" of the Prometheus documentation: breakwater_ first, base
// units (_seconds, _bytes), _total on counters. Label values must come from small fixed sets, such
// as route templates, never from callers. Thread-safe throughout.
#pragma once

#include <functional>
#include <memory>
#include <string>
#include <utility>
#include <vector>

namespace breakwater::observe {

using Labels = std::vector<std::pair<std::string, std::string>>;

class Counter {
 public:
  virtual ~Counter() = default;
  virtual void Increment(double by = 1) = 0;  // by >= 0
  virtual double value() const = 0;
};

class Gauge {
 public:
  virtual ~Gauge() = default;
  virtual void Set(double value) = 0;
  virtual void Add(double by) = 0;
  virtual double value() const = 0;
};

class Histogram {
 public:
  virtual ~Histogram() = default;
  virtual void Observe(double value) = 0;
};

// Bounds for durations of requests, in seconds: 0.5 ms to 60 s.
std::vector<double> DurationBuckets();

class Metrics {
 public:
  struct Sample {
    Labels labels;
    double value = 0;
  };
  enum class Kind { kCounter, kGauge };
  // Called at each scrape, from the scraping thread. Must not call back into the registry.
  using Collector = std::function<std::vector<Sample>()>;

  Metrics();
  ~Metrics();
  Metrics(const Metrics&) = delete;
  Metrics& operator=(const Metrics&) = delete;

  // The references live as long as the registry. The same name and labels give the same series;
  // a name has one kind, one help text and one set of label names.
  Counter& AddCounter(const std::string& name, const std::string& help, const Labels& labels = {});
  Gauge& AddGauge(const std::string& name, const std::string& help, const Labels& labels = {});
  // `buckets`: ascending upper bounds, the same for every series of the name.
  Histogram& AddHistogram(const std::string& name, const std::string& help,
                          const std::vector<double>& buckets, const Labels& labels = {});

  // Series whose values (and labels) are known only when asked: a name of its own for each
  // collector. A collector that throws contributes nothing to that scrape.
  void AddCollector(Kind kind, const std::string& name, const std::string& help,
                    Collector collector);

  // Text exposition format 0.0.4; its content type is kContentType.
  static constexpr const char* kContentType = "text/plain; version=0.0.4; charset=utf-8";
  std::string Collect() const;

 private:
  struct State;
  std::unique_ptr<State> state_;
};

}  // namespace breakwater::observe

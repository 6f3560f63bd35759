#include "observe/metrics.h"

#include <algorithm>
#include <exception>
#include <map>
#include <string_view>

#include <prometheus/counter.h>
#include <prometheus/gauge.h>
#include <prometheus/histogram.h>
#include <prometheus/registry.h>
#include <prometheus/text_serializer.h>

#include "base/check.h"
#include "base/sync.h"
#include "observe/log.h"

namespace breakwater::observe {
namespace {

class CounterSeries final : public Counter {
 public:
  explicit CounterSeries(prometheus::Counter& series) : series_(series) {}
  void Increment(double by) override { series_.Increment(by); }
  double value() const override { return series_.Value(); }

 private:
  prometheus::Counter& series_;
};

class GaugeSeries final : public Gauge {
 public:
  explicit GaugeSeries(prometheus::Gauge& series) : series_(series) {}
  void Set(double value) override { series_.Set(value); }
  void Add(double by) override { series_.Increment(by); }
  double value() const override { return series_.Value(); }

 private:
  prometheus::Gauge& series_;
};

class HistogramSeries final : public Histogram {
 public:
  explicit HistogramSeries(prometheus::Histogram& series) : series_(series) {}
  void Observe(double value) override { series_.Observe(value); }

 private:
  prometheus::Histogram& series_;
};

prometheus::Labels ToLabels(const Labels& labels) {
  return {labels.begin(), labels.end()};
}

bool EndsWith(std::string_view text, std::string_view end) {
  return text.size() >= end.size() && text.substr(text.size() - end.size()) == end;
}

// Prometheus data model, "Metric names and labels". Colons are for recording rules.
bool IsValidName(std::string_view name) {
  return !name.empty() && !(name[0] >= '0' && name[0] <= '9') &&
         std::all_of(name.begin(), name.end(), [](char c) {
           return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') ||
                  c == '_';
         });
}

struct Collected {
  prometheus::MetricType type;
  std::string name;
  std::string help;
  Metrics::Collector collector;
};

std::vector<Metrics::Sample> Call(const Collected& collected) {
  try {
    return collected.collector();
  } catch (const std::exception& e) {
    Log(Level::kError, "a metrics collector failed",
        {{"metric", collected.name}, {"error", e.what()}});
    return {};
  }
}

prometheus::MetricFamily ToFamily(const Collected& collected) {
  prometheus::MetricFamily family;
  family.name = collected.name;
  family.help = collected.help;
  family.type = collected.type;
  for (auto& sample : Call(collected)) {
    prometheus::ClientMetric metric;
    for (auto& [name, value] : sample.labels) metric.label.push_back({name, std::move(value)});
    if (collected.type == prometheus::MetricType::Counter) {
      metric.counter.value = sample.value;
    } else {
      metric.gauge.value = sample.value;
    }
    family.metric.push_back(std::move(metric));
  }
  return family;
}

}  // namespace

struct Metrics::State {
  enum class Use { kCounter, kGauge, kHistogram, kCollector };

  // Names are written by programmers: a clash or a bad one is a bug.
  void Claim(const std::string& name, Use use) BW_REQUIRES(mutex) {
    BW_CHECK(IsValidName(name));
    const auto [at, fresh] = uses.emplace(name, use);
    BW_CHECK(fresh || (at->second == use && use != Use::kCollector));
  }

  // One wrapper for each series, so that the same labels give the same reference.
  template <class Wrapper, class Raw, class Interface>
  static Interface& Wrap(std::map<const void*, std::unique_ptr<Interface>>& wrappers, Raw& raw) {
    auto& slot = wrappers[&raw];
    if (slot == nullptr) slot = std::make_unique<Wrapper>(raw);
    return *slot;
  }

  mutable Mutex mutex;
  prometheus::Registry registry;
  std::map<std::string, Use> uses BW_GUARDED_BY(mutex);
  std::map<const void*, std::unique_ptr<Counter>> counters BW_GUARDED_BY(mutex);
  std::map<const void*, std::unique_ptr<Gauge>> gauges BW_GUARDED_BY(mutex);
  std::map<const void*, std::unique_ptr<Histogram>> histograms BW_GUARDED_BY(mutex);
  std::vector<std::shared_ptr<const Collected>> collectors BW_GUARDED_BY(mutex);
};

std::vector<double> DurationBuckets() {
  return {0.0005, 0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30, 60};
}

Metrics::Metrics() : state_(std::make_unique<State>()) {}
Metrics::~Metrics() = default;

Counter& Metrics::AddCounter(const std::string& name, const std::string& help,
                             const Labels& labels) {
  BW_CHECK(EndsWith(name, "_total"));
  MutexLock lock(state_->mutex);
  state_->Claim(name, State::Use::kCounter);
  auto& family = prometheus::BuildCounter().Name(name).Help(help).Register(state_->registry);
  return State::Wrap<CounterSeries>(state_->counters, family.Add(ToLabels(labels)));
}

Gauge& Metrics::AddGauge(const std::string& name, const std::string& help, const Labels& labels) {
  MutexLock lock(state_->mutex);
  state_->Claim(name, State::Use::kGauge);
  auto& family = prometheus::BuildGauge().Name(name).Help(help).Register(state_->registry);
  return State::Wrap<GaugeSeries>(state_->gauges, family.Add(ToLabels(labels)));
}

Histogram& Metrics::AddHistogram(const std::string& name, const std::string& help,
                                 const std::vector<double>& buckets, const Labels& labels) {
  BW_CHECK(std::is_sorted(buckets.begin(), buckets.end()));
  MutexLock lock(state_->mutex);
  state_->Claim(name, State::Use::kHistogram);
  auto& family = prometheus::BuildHistogram().Name(name).Help(help).Register(state_->registry);
  return State::Wrap<HistogramSeries>(state_->histograms, family.Add(ToLabels(labels), buckets));
}

void Metrics::AddCollector(Kind kind, const std::string& name, const std::string& help,
                           Collector collector) {
  const auto type =
      kind == Kind::kCounter ? prometheus::MetricType::Counter : prometheus::MetricType::Gauge;
  MutexLock lock(state_->mutex);
  state_->Claim(name, State::Use::kCollector);
  state_->collectors.push_back(
      std::make_shared<const Collected>(Collected{type, name, help, std::move(collector)}));
}

std::string Metrics::Collect() const {
  std::vector<std::shared_ptr<const Collected>> collectors;
  {
    MutexLock lock(state_->mutex);
    collectors = state_->collectors;
  }
  auto families = state_->registry.Collect();
  for (const auto& collected : collectors) families.push_back(ToFamily(*collected));
  // A family without series has nothing to say, and HELP alone confuses some readers.
  std::erase_if(families, [](const auto& family) { return family.metric.empty(); });
  std::sort(families.begin(), families.end(),
            [](const auto& a, const auto& b) { return a.name < b.name; });
  return prometheus::TextSerializer().prometheus::Serializer::Serialize(families);
}

}  // namespace breakwater::observe

// Messages of a Kafka topic: the record's id is the key, what all replicas in sync have is taken.
#pragma once

#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "audit/sinks/sink.h"

namespace breakwater::audit {

struct KafkaOptions {
  std::string brokers;  // "host:port,host:port"
  std::string topic;
  // Further properties of librdkafka, e.g. {"security.protocol", "ssl"}.
  std::vector<std::pair<std::string, std::string>> properties = {};
  std::chrono::milliseconds timeout{30'000};  // for a batch
};

// kInvalid if a property is none; kUnsupported if this build has no librdkafka.
Result<std::unique_ptr<Sink>> OpenKafkaSink(const KafkaOptions& options);

}  // namespace breakwater::audit

#include "audit/sinks/kafka_sink.h"

#ifdef BW_HAVE_KAFKA

#include <array>

#include <librdkafka/rdkafka.h>

#include "base/handle.h"
#include "observe/log.h"

namespace breakwater::audit {
namespace {

using ProducerPtr = UniqueHandle<rd_kafka_t, rd_kafka_destroy>;

struct Outcome {
  std::size_t taken = 0;
  std::string error;
};

Result<ProducerPtr> NewProducer(const KafkaOptions& options);

class KafkaSink final : public Sink {
 public:
  KafkaSink(KafkaOptions options, ProducerPtr producer)
      : options_(std::move(options)), producer_(std::move(producer)) {}
  ~KafkaSink() override { Drop(); }

  Status Deliver(std::span<const SinkItem> items) override {
    if (producer_ == nullptr) {
      BW_TRY(producer_, NewProducer(options_));
    }
    const Status delivered = Produce(items);
    // Such a producer never takes anything again.
    std::array<char, 512> why{};
    if (rd_kafka_fatal_error(producer_.get(), why.data(), why.size()) !=
        RD_KAFKA_RESP_ERR_NO_ERROR) {
      Drop();
    }
    return delivered;
  }

  static void OnReport(rd_kafka_t*, const rd_kafka_message_t* message, void*) {
    auto* outcome = static_cast<Outcome*>(message->_private);
    if (message->err == RD_KAFKA_RESP_ERR_NO_ERROR) {
      ++outcome->taken;
    } else if (outcome->error.empty()) {
      outcome->error = rd_kafka_err2str(message->err);
    }
  }

 private:
  // Nothing is under way between two deliveries but what was given up.
  void Drop() {
    if (producer_ == nullptr) return;
    rd_kafka_purge(producer_.get(), RD_KAFKA_PURGE_F_QUEUE | RD_KAFKA_PURGE_F_INFLIGHT);
    rd_kafka_flush(producer_.get(), 1000);
    producer_.reset();
  }

  Status Produce(std::span<const SinkItem> items) {
    auto outcome = std::make_unique<Outcome>();
    for (const SinkItem& item : items) {
      const rd_kafka_resp_err_t code = rd_kafka_producev(
          producer_.get(), RD_KAFKA_V_TOPIC(options_.topic.c_str()),
          RD_KAFKA_V_MSGFLAGS(RD_KAFKA_MSG_F_COPY), RD_KAFKA_V_KEY(item.id.data(), item.id.size()),
          RD_KAFKA_V_VALUE(const_cast<char*>(item.text.data()), item.text.size()),
          RD_KAFKA_V_OPAQUE(outcome.get()), RD_KAFKA_V_END);
      if (code != RD_KAFKA_RESP_ERR_NO_ERROR) {
        return GiveUp(std::move(outcome), rd_kafka_err2str(code));
      }
    }
    rd_kafka_flush(producer_.get(), static_cast<int>(options_.timeout.count()));
    if (outcome->taken == items.size()) return Ok();
    const std::string why =
        outcome->error.empty() ? "no broker has acknowledged it in time" : outcome->error;
    return GiveUp(std::move(outcome), why);
  }

  // Reports of what is still under way must have come before their receiver goes.
  Status GiveUp(std::unique_ptr<Outcome> outcome, const std::string& why) {
    rd_kafka_purge(producer_.get(), RD_KAFKA_PURGE_F_QUEUE | RD_KAFKA_PURGE_F_INFLIGHT);
    if (rd_kafka_flush(producer_.get(), 10'000) != RD_KAFKA_RESP_ERR_NO_ERROR) {
      (void)outcome.release();  // a report may still come
    }
    return Unavailable("Kafka: " + why);
  }

  const KafkaOptions options_;
  ProducerPtr producer_;  // null after a fatal error
};

Result<ProducerPtr> NewProducer(const KafkaOptions& options) {
  rd_kafka_conf_t* conf = rd_kafka_conf_new();
  std::array<char, 512> problem{};
  const auto set = [&](const std::string& name, const std::string& value) -> Status {
    if (rd_kafka_conf_set(conf, name.c_str(), value.c_str(), problem.data(), problem.size()) ==
        RD_KAFKA_CONF_OK) {
      return Ok();
    }
    return Invalid("kafka: " + std::string(problem.data()));
  };
  const auto configure = [&]() -> Status {
    BW_TRY_STATUS(set("bootstrap.servers", options.brokers));
    BW_TRY_STATUS(set("acks", "all"));
    BW_TRY_STATUS(set("enable.idempotence", "true"));
    BW_TRY_STATUS(set("message.timeout.ms", std::to_string(options.timeout.count())));
    BW_TRY_STATUS(set("log_level", "3"));
    for (const auto& [name, value] : options.properties) BW_TRY_STATUS(set(name, value));
    return Ok();
  };
  if (Status configured = configure(); !configured.ok()) {
    rd_kafka_conf_destroy(conf);
    return std::move(configured).error();
  }
  rd_kafka_conf_set_dr_msg_cb(conf, &KafkaSink::OnReport);
  rd_kafka_conf_set_log_cb(conf, [](const rd_kafka_t*, int, const char*, const char* text) {
    observe::Log(observe::Level::kWarning, "kafka", {{"text", std::string(text)}});
  });
  ProducerPtr producer(rd_kafka_new(RD_KAFKA_PRODUCER, conf, problem.data(), problem.size()));
  if (producer == nullptr) {
    rd_kafka_conf_destroy(conf);
    return Invalid("kafka: " + std::string(problem.data()));
  }
  return producer;
}

}  // namespace

Result<std::unique_ptr<Sink>> OpenKafkaSink(const KafkaOptions& options) {
  BW_TRY(ProducerPtr producer, NewProducer(options));
  return std::unique_ptr<Sink>(std::make_unique<KafkaSink>(options, std::move(producer)));
}

}  // namespace breakwater::audit

#else

namespace breakwater::audit {

Result<std::unique_ptr<Sink>> OpenKafkaSink(const KafkaOptions&) {
  return Unsupported("this build has no Kafka client: build it where librdkafka is installed");
}

}  // namespace breakwater::audit

#endif

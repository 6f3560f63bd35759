// Against the brokers that librdkafka itself plays (rdkafka_mock.h), over sockets.
#include "audit/sinks/kafka_sink.h"

#include <gtest/gtest.h>

#ifdef BW_HAVE_KAFKA

#include <librdkafka/rdkafka.h>
#include <librdkafka/rdkafka_mock.h>

#include "base/handle.h"

namespace breakwater::audit {
namespace {

using KafkaPtr = UniqueHandle<rd_kafka_t, rd_kafka_destroy>;
using ClusterPtr = UniqueHandle<rd_kafka_mock_cluster_t, rd_kafka_mock_cluster_destroy>;

KafkaPtr NewClient(rd_kafka_type_t type,
                   const std::vector<std::pair<std::string, std::string>>& properties) {
  rd_kafka_conf_t* conf = rd_kafka_conf_new();
  char problem[256];
  for (const auto& [name, value] : properties) {
    EXPECT_EQ(rd_kafka_conf_set(conf, name.c_str(), value.c_str(), problem, sizeof problem),
              RD_KAFKA_CONF_OK)
        << problem;
  }
  return KafkaPtr(rd_kafka_new(type, conf, problem, sizeof problem));
}

std::vector<SinkItem> Items(int count) {
  std::vector<SinkItem> items;
  for (int i = 0; i < count; ++i) {
    items.push_back({.sequence = i,
                     .time = {},
                     .id = "id-" + std::to_string(i),
                     .severity = "normal",
                     .action = "a",
                     .text = "text-" + std::to_string(i)});
  }
  return items;
}

class KafkaTopic : public ::testing::Test {
 protected:
  KafkaTopic() { rd_kafka_mock_topic_create(cluster_.get(), "audit", 1, 1); }
  std::vector<std::string> Consumed(std::size_t count) {
    const KafkaPtr consumer = NewClient(
        RD_KAFKA_CONSUMER,
        {{"bootstrap.servers", brokers_}, {"group.id", "test"}, {"auto.offset.reset", "earliest"}});
    rd_kafka_topic_partition_list_t* topics = rd_kafka_topic_partition_list_new(1);
    rd_kafka_topic_partition_list_add(topics, "audit", 0)->offset = RD_KAFKA_OFFSET_BEGINNING;
    rd_kafka_assign(consumer.get(), topics);
    rd_kafka_topic_partition_list_destroy(topics);
    std::vector<std::string> texts;
    for (int tries = 0; tries < 300 && texts.size() < count; ++tries) {
      rd_kafka_message_t* message = rd_kafka_consumer_poll(consumer.get(), 100);
      if (message == nullptr) continue;
      if (message->err == RD_KAFKA_RESP_ERR_NO_ERROR) {
        texts.emplace_back(static_cast<const char*>(message->payload), message->len);
      }
      rd_kafka_message_destroy(message);
    }
    rd_kafka_consumer_close(consumer.get());
    return texts;
  }

  KafkaPtr owner_ = NewClient(RD_KAFKA_PRODUCER, {});
  ClusterPtr cluster_{rd_kafka_mock_cluster_new(owner_.get(), 1)};
  std::string brokers_ = rd_kafka_mock_cluster_bootstraps(cluster_.get());
};

TEST_F(KafkaTopic, GetsEveryMessageInOrder) {
  const auto sink = OpenKafkaSink({.brokers = brokers_, .topic = "audit"});
  ASSERT_TRUE(sink.ok()) << sink.error().message();
  const Status delivered = (*sink)->Deliver(Items(50));
  ASSERT_TRUE(delivered.ok()) << delivered.error().message();
  const auto texts = Consumed(50);
  ASSERT_EQ(texts.size(), 50U);
  for (int i = 0; i < 50; ++i) {
    EXPECT_EQ(texts[static_cast<std::size_t>(i)], "text-" + std::to_string(i));
  }
}

TEST_F(KafkaTopic, ABrokerThatIsDownIsAnErrorAndWhatFollowsArrivesWhenItIsBack) {
  auto options = KafkaOptions{.brokers = brokers_, .topic = "audit"};
  options.timeout = std::chrono::seconds{2};
  const auto sink = OpenKafkaSink(options);
  ASSERT_TRUE(sink.ok());
  rd_kafka_mock_broker_set_down(cluster_.get(), 1);
  EXPECT_FALSE((*sink)->Deliver(Items(3)).ok());
  rd_kafka_mock_broker_set_up(cluster_.get(), 1);
  Status delivered = Unavailable("not tried");
  for (int tries = 0; tries < 20 && !delivered.ok(); ++tries)
    delivered = (*sink)->Deliver(Items(3));
  ASSERT_TRUE(delivered.ok()) << delivered.error().message();
  EXPECT_GE(Consumed(3).size(), 3U);
}

// After such an error a producer of librdkafka refuses whatever it is given.
TEST_F(KafkaTopic, AProducerThatHasFailedForGoodIsReplaced) {
  auto options = KafkaOptions{.brokers = brokers_, .topic = "audit"};
  options.timeout = std::chrono::seconds{10};
  const auto sink = OpenKafkaSink(options);
  ASSERT_TRUE(sink.ok());
  ASSERT_TRUE((*sink)->Deliver(Items(1)).ok());
  constexpr std::int16_t kProduce = 0;  // its key in the protocol
  rd_kafka_mock_push_request_errors(cluster_.get(), kProduce, 1,
                                    RD_KAFKA_RESP_ERR_OUT_OF_ORDER_SEQUENCE_NUMBER);
  EXPECT_FALSE((*sink)->Deliver(Items(3)).ok());
  const Status delivered = (*sink)->Deliver(Items(3));
  EXPECT_TRUE(delivered.ok()) << delivered.error().message();
}

TEST(Kafka, APropertyThatThereIsNotIsRefused) {
  const auto sink = OpenKafkaSink(
      {.brokers = "127.0.0.1:1", .topic = "audit", .properties = {{"no.such.property", "1"}}});
  ASSERT_FALSE(sink.ok());
  EXPECT_EQ(sink.error().code(), ErrorCode::kInvalid);
}

}  // namespace
}  // namespace breakwater::audit

#endif

#include "app/told_process.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "base/testing.h"
#include "net/testing.h"
#include "net/tls.h"

namespace breakwater::app {
namespace {

using ::testing::ElementsAre;
using ::testing::IsEmpty;

std::vector<std::string> PlainOf(const config::Settings& settings) {
  return DescribeProcess(settings, {}).plain_destinations;
}

TEST(ToldProcess, AListenerTellsItsPortAndWhenItsCertificateEnds) {
  const breakwater::testing::TempDir directory;
  const auto certificate = net::testing::MakeCertificate(directory.path());
  config::Settings settings;
  settings.public_listener = {.address = {.host = "127.0.0.1", .port = 0},
                              .tls_certificate = certificate.certificate_file,
                              .tls_key = certificate.key_file};
  settings.private_listener.address.host = "10.0.0.7";
  const auto told = DescribeProcess(settings, {{"public", settings.public_listener, 4711},
                                               {"private", settings.private_listener, 4712}});
  ASSERT_EQ(told.listeners.size(), 2U);
  EXPECT_EQ(told.listeners[0].port, 4711);
  EXPECT_TRUE(told.listeners[0].tls);
  EXPECT_EQ(told.listeners[0].lowest_tls, "1.2");
  EXPECT_EQ(told.listeners[0].certificate_ends,
            *net::CertificateExpiry(certificate.certificate_file));
  EXPECT_EQ(told.listeners[1].plane, "private");
  EXPECT_FALSE(told.listeners[1].tls);
  EXPECT_FALSE(told.listeners[1].certificate_ends);
  EXPECT_FALSE(told.node.empty());
}

TEST(ToldProcess, WhatTheMasterKeyIsTakenFromAndHowLongTheTrashLasts) {
  config::Settings settings;
  settings.content.trash_life = std::chrono::hours{49};
  EXPECT_FALSE(DescribeProcess(settings, {}).master_key_configured);
  settings.master_key = Secret("00");
  const auto told = DescribeProcess(settings, {});
  EXPECT_TRUE(told.master_key_configured);
  EXPECT_EQ(told.trash_life, std::chrono::days{2});
}

TEST(ToldProcess, ADatabaseIsPlainUnlessTlsIsSure) {
  config::Settings settings;
  EXPECT_THAT(PlainOf(settings), IsEmpty());
  for (const char* url : {"postgresql://db/bw", "postgresql://db/bw?sslmode=prefer",
                          "host=db dbname=bw sslmode=disable"}) {
    settings.database.url = Secret(url);
    EXPECT_THAT(PlainOf(settings), ElementsAre("database")) << url;
  }
  for (const char* url : {"postgresql://db/bw?sslmode=verify-full", "host=db sslmode=require",
                          "host=/run/postgresql dbname=bw"}) {
    settings.database.url = Secret(url);
    EXPECT_THAT(PlainOf(settings), IsEmpty()) << url;
  }
}

TEST(ToldProcess, EveryOtherDestinationIsPlainByItsAddress) {
  config::Settings settings;
  settings.s3.endpoint = "https://s3.example";
  EXPECT_THAT(PlainOf(settings), IsEmpty());
  settings.s3.endpoint = "http://s3.example";
  const auto source = [](std::string kind, std::string name) {
    config::SignInSource one;
    one.kind = std::move(kind);
    one.name = std::move(name);
    return one;
  };
  auto secure = source("ldap", "secure");
  secure.url = "ldaps://ldap.example";
  auto starting = source("ldap", "starting");
  starting.url = "ldap://ldap.example";
  auto plain = starting;
  plain.name = "plain";
  plain.start_tls = false;
  auto issuer = source("oidc", "people");
  issuer.issuer = "http://id.example";
  settings.sign_in = {source("local", "local"), secure, starting, plain, issuer};
  const auto sink = [](std::string kind, std::string name) {
    config::AuditSink one;
    one.kind = std::move(kind);
    one.name = std::move(name);
    return one;
  };
  auto udp = sink("syslog", "udp");
  udp.transport = "udp";
  auto hook = sink("webhook", "hook");
  hook.url = "http://siem.example";
  auto safe_kafka = sink("kafka", "safe kafka");
  safe_kafka.properties = "acks=all; security.protocol=SASL_SSL";
  settings.audit_sinks = {
      sink("file", "file"), sink("syslog", "tls"), udp, hook, sink("kafka", "kafka"), safe_kafka};
  EXPECT_THAT(PlainOf(settings),
              ElementsAre("s3", "sign_in plain", "sign_in people", "audit_sink udp",
                          "audit_sink hook", "audit_sink kafka"));
  const auto told = DescribeProcess(settings, {});
  EXPECT_EQ(told.audit_sinks.size(), 6U);
  EXPECT_EQ(told.audit_sinks[1], (admin::ToldSink{.name = "tls", .kind = "syslog"}));
}

}  // namespace
}  // namespace breakwater::app

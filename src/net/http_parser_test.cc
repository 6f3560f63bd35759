#include "net/http_parser.h"

#include <ostream>

#include <gtest/gtest.h>

namespace breakwater::net {
namespace {

using Outcome = std::variant<NeedMore, ParsedHead, HeadError>;

Outcome Parse(std::string_view text) {
  return ParseRequestHead(text, HeadLimits{});
}

RequestHead Good(std::string_view text) {
  auto outcome = Parse(text);
  EXPECT_TRUE(std::holds_alternative<ParsedHead>(outcome)) << text;
  if (auto* parsed = std::get_if<ParsedHead>(&outcome)) return std::move(parsed->head);
  return {};
}

// 0 if the head is accepted, -1 if it is incomplete.
int RefusalStatus(const Outcome& outcome) {
  if (const auto* bad = std::get_if<HeadError>(&outcome)) return bad->status;
  return std::holds_alternative<ParsedHead>(outcome) ? 0 : -1;
}

TEST(RequestHead, IsReadPartByPart) {
  const auto head = Good(
      "GET /v2/a%2Fb/tags?n=1&x HTTP/1.1\r\nHost: r.example:5000\r\n"
      "Accept:  text/plain\t\r\nEmpty:\r\n\r\n");
  EXPECT_EQ(head.method, "GET");
  EXPECT_EQ(head.path, "/v2/a%2Fb/tags");
  EXPECT_EQ(head.query, "n=1&x");
  EXPECT_EQ(head.headers.Get("accept"), "text/plain");
  EXPECT_EQ(head.headers.Get("empty"), "");
  EXPECT_TRUE(head.http11);
  EXPECT_TRUE(head.keep_alive);
  EXPECT_FALSE(head.content_length.has_value());
  EXPECT_FALSE(head.chunked);
}

TEST(RequestHead, ConsumesExactlyItself) {
  const std::string one = "GET / HTTP/1.1\r\nHost: a\r\n\r\n";
  const auto outcome = Parse(one + "GET /next");
  EXPECT_EQ(std::get<ParsedHead>(outcome).consumed, one.size());
  EXPECT_EQ(std::get<ParsedHead>(Parse("\r\n" + one + one)).consumed, one.size() + 2);
}

TEST(RequestHead, EveryBeginningOfAGoodHeadNeedsMore) {
  const std::string text = "\r\nPUT /x HTTP/1.1\r\nHost: a\r\nContent-Length: 3\r\n\r\n";
  for (std::size_t n = 0; n < text.size(); ++n) {
    EXPECT_EQ(RefusalStatus(Parse(text.substr(0, n))), -1) << n;
  }
  EXPECT_EQ(RefusalStatus(Parse(text)), 0);
}

TEST(RequestHead, TakesTheHostOfAnAbsoluteTarget) {
  const auto head = Good("GET http://real.example/p?q HTTP/1.1\r\nHost: other\r\n\r\n");
  EXPECT_EQ(head.headers.GetAll("host"), std::vector<std::string_view>{"real.example"});
  EXPECT_EQ(head.path, "/p");
  EXPECT_EQ(head.query, "q");
  EXPECT_EQ(Good("GET HTTPS://real.example HTTP/1.1\r\nHost: x\r\n\r\n").path, "/");
  EXPECT_EQ(Good("GET http://real.example?q HTTP/1.1\r\nHost: x\r\n\r\n").query, "q");
}

TEST(RequestHead, DecidesOnKeepAlive) {
  const auto keeps = [](const char* version, const char* connection) {
    return Good(std::string("GET / ") + version + "\r\nHost: a\r\n" + connection + "\r\n")
        .keep_alive;
  };
  EXPECT_TRUE(keeps("HTTP/1.1", ""));
  EXPECT_FALSE(keeps("HTTP/1.1", "Connection: close\r\n"));
  EXPECT_FALSE(keeps("HTTP/1.1", "Connection: foo, Close\r\n"));
  EXPECT_FALSE(keeps("HTTP/1.0", ""));
  EXPECT_TRUE(keeps("HTTP/1.0", "Connection: Keep-Alive\r\n"));
  EXPECT_FALSE(keeps("HTTP/1.0", "Connection: keep-alive\r\nConnection: close\r\n"));
}

TEST(RequestHead, DecidesOnTheBody) {
  EXPECT_EQ(Good("PUT / HTTP/1.1\r\nHost: a\r\nContent-Length: 18446744073709551615\r\n\r\n")
                .content_length,
            18446744073709551615U);
  EXPECT_TRUE(Good("PUT / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: Chunked\r\n\r\n").chunked);
  EXPECT_TRUE(Good("PUT / HTTP/1.1\r\nHost: a\r\nExpect: 100-Continue\r\n\r\n").expect_continue);
  EXPECT_FALSE(Good("PUT / HTTP/1.0\r\nExpect: 100-continue\r\n\r\n").expect_continue);
}

struct Refusal {
  const char* name;
  std::string_view text;
  int status;
};
void PrintTo(const Refusal& refusal, std::ostream* out) {
  *out << refusal.name;
}

class RequestHeadRefusal : public ::testing::TestWithParam<Refusal> {};

TEST_P(RequestHeadRefusal, HasItsStatus) {
  EXPECT_EQ(RefusalStatus(Parse(GetParam().text)), GetParam().status) << GetParam().text;
}

using std::string_view_literals::operator""sv;

INSTANTIATE_TEST_SUITE_P(
    Smuggling, RequestHeadRefusal,
    ::testing::Values(
        Refusal{
            "BothLengthAndChunked",
            "POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 4\r\nTransfer-Encoding: chunked\r\n\r\n",
            400},
        Refusal{"TwoEqualLengths",
                "POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 4\r\nContent-Length: 4\r\n\r\n",
                400},
        Refusal{"TwoLengths",
                "POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 4\r\ncontent-length: 5\r\n\r\n",
                400},
        Refusal{"LengthList", "POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 4, 4\r\n\r\n", 400},
        Refusal{"LengthWithPlus", "POST / HTTP/1.1\r\nHost: a\r\nContent-Length: +4\r\n\r\n", 400},
        Refusal{"NegativeLength", "POST / HTTP/1.1\r\nHost: a\r\nContent-Length: -1\r\n\r\n", 400},
        Refusal{"HexLength", "POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 0x4\r\n\r\n", 400},
        Refusal{"EmptyLength", "POST / HTTP/1.1\r\nHost: a\r\nContent-Length:\r\n\r\n", 400},
        Refusal{"LengthOverflow",
                "POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 18446744073709551616\r\n\r\n", 400},
        Refusal{"LengthInside", "POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 4 4\r\n\r\n", 400},
        Refusal{"TwoCodings",
                "POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\nTransfer-Encoding: "
                "identity\r\n\r\n",
                400},
        Refusal{"CodingList",
                "POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: gzip, chunked\r\n\r\n", 501},
        Refusal{"ChunkedTwice",
                "POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked, chunked\r\n\r\n", 501},
        Refusal{"ObfuscatedCoding",
                "POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: \x0b"
                "chunked\r\n\r\n",
                400},
        Refusal{"UnknownCoding",
                "POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: xchunked\r\n\r\n", 501},
        Refusal{"EmptyCoding", "POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding:\r\n\r\n", 501},
        Refusal{"ChunkedInHttp10",
                "POST / HTTP/1.0\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n", 400},
        Refusal{"SpaceBeforeColon", "POST / HTTP/1.1\r\nHost: a\r\nContent-Length : 4\r\n\r\n",
                400},
        Refusal{"TabBeforeColon", "POST / HTTP/1.1\r\nHost: a\r\nContent-Length\t: 4\r\n\r\n", 400},
        Refusal{"Folding", "GET / HTTP/1.1\r\nHost: a\r\nX: 1\r\n continued\r\n\r\n", 400},
        Refusal{"TabFolding", "GET / HTTP/1.1\r\nHost: a\r\nX: 1\r\n\tcontinued\r\n\r\n", 400},
        Refusal{"FoldedFirstField", "GET / HTTP/1.1\r\n Host: a\r\n\r\n", 400},
        Refusal{"BareLf", "GET / HTTP/1.1\nHost: a\n\n", 400},
        Refusal{"BareLfInField", "GET / HTTP/1.1\r\nHost: a\nX: b\r\n\r\n", 400},
        Refusal{"BareCr", "GET / HTTP/1.1\r\nHost: a\rX: b\r\n\r\n", 400},
        Refusal{"BareCrAtOnce", "GET / HTTP/1.1\rX", 400},
        Refusal{"Nul", "GET / HTTP/1.1\r\nHost: a\0b\r\n\r\n"sv, 400},
        Refusal{"ControlInValue", "GET / HTTP/1.1\r\nHost: a\r\nX: \x01\r\n\r\n", 400},
        Refusal{"EmptyName", "GET / HTTP/1.1\r\nHost: a\r\n: x\r\n\r\n", 400},
        Refusal{"NoColon", "GET / HTTP/1.1\r\nHost: a\r\nwords\r\n\r\n", 400},
        Refusal{"NonAsciiName", "GET / HTTP/1.1\r\nHost: a\r\n\xc3\xa9: x\r\n\r\n", 400}),
    [](const auto& test) { return std::string(test.param.name); });

INSTANTIATE_TEST_SUITE_P(
    RequestLine, RequestHeadRefusal,
    ::testing::Values(Refusal{"TlsHello", "\x16\x03\x01", 400},
                      Refusal{"LeadingSpace", " GET / HTTP/1.1", 400},
                      Refusal{"NoVersion", "GET /\r\nHost: a\r\n\r\n", 400},
                      Refusal{"TwoSpaces", "GET  / HTTP/1.1\r\nHost: a\r\n\r\n", 400},
                      Refusal{"TrailingSpace", "GET / HTTP/1.1 \r\nHost: a\r\n\r\n", 400},
                      Refusal{"TabSeparator", "GET\t/\tHTTP/1.1\r\nHost: a\r\n\r\n", 400},
                      Refusal{"SpaceInTarget", "GET /a b HTTP/1.1\r\nHost: a\r\n\r\n", 400},
                      Refusal{"BadMethod", "G(T / HTTP/1.1\r\nHost: a\r\n\r\n", 400},
                      Refusal{"LongMethod",
                              "ABCDEFGHIJKLMNOPQRSTUVWXYZABCDEFG / HTTP/1.1\r\nHost: a\r\n\r\n",
                              400},
                      Refusal{"NonAsciiTarget", "GET /\xc3\xa9 HTTP/1.1\r\nHost: a\r\n\r\n", 400},
                      Refusal{"Fragment", "GET /a#b HTTP/1.1\r\nHost: a\r\n\r\n", 400},
                      Refusal{"Asterisk", "OPTIONS * HTTP/1.1\r\nHost: a\r\n\r\n", 400},
                      Refusal{"Authority", "CONNECT a:443 HTTP/1.1\r\nHost: a\r\n\r\n", 400},
                      Refusal{"OtherScheme", "GET ftp://a/ HTTP/1.1\r\nHost: a\r\n\r\n", 400},
                      Refusal{"Credentials", "GET http://u@a/ HTTP/1.1\r\nHost: a\r\n\r\n", 400},
                      Refusal{"EmptyAuthority", "GET http:///p HTTP/1.1\r\nHost: a\r\n\r\n", 400},
                      Refusal{"LowerCaseVersion", "GET / http/1.1\r\nHost: a\r\n\r\n", 400},
                      Refusal{"LongVersion", "GET / HTTP/1.10\r\nHost: a\r\n\r\n", 400},
                      Refusal{"Http2", "PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n", 505},
                      Refusal{"Http12", "GET / HTTP/1.2\r\nHost: a\r\n\r\n", 505},
                      Refusal{"TwoEmptyLines", "\r\n\r\nGET / HTTP/1.1\r\nHost: a\r\n\r\n", 400}),
    [](const auto& test) { return std::string(test.param.name); });

INSTANTIATE_TEST_SUITE_P(
    Fields, RequestHeadRefusal,
    ::testing::Values(Refusal{"NoHost", "GET / HTTP/1.1\r\n\r\n", 400},
                      Refusal{"TwoHosts", "GET / HTTP/1.1\r\nHost: a\r\nHost: a\r\n\r\n", 400},
                      Refusal{"TwoHostsBehindAbsoluteTarget",
                              "GET http://a/ HTTP/1.1\r\nHost: a\r\nHost: b\r\n\r\n", 400},
                      Refusal{"HostWithSlash", "GET / HTTP/1.1\r\nHost: a/b\r\n\r\n", 400},
                      Refusal{"HostWithUser", "GET / HTTP/1.1\r\nHost: u@a\r\n\r\n", 400},
                      Refusal{"HostWithSpace", "GET / HTTP/1.1\r\nHost: a b\r\n\r\n", 400},
                      Refusal{"UnknownExpectation",
                              "GET / HTTP/1.1\r\nHost: a\r\nExpect: 200-ok\r\n\r\n", 417}),
    [](const auto& test) { return std::string(test.param.name); });

TEST(RequestHead, IsBounded) {
  const HeadLimits limits{.max_bytes = 256, .max_target = 64, .max_fields = 3};
  const auto status = [&](const std::string& text) {
    return RefusalStatus(ParseRequestHead(text, limits));
  };
  const std::string host = "Host: a\r\n";
  EXPECT_EQ(status("GET /" + std::string(64, 'x') + " HTTP/1.1\r\n" + host + "\r\n"), 414);
  EXPECT_EQ(status("GET /" + std::string(300, 'x')), 414);
  EXPECT_EQ(status("GET / HTTP/1.1\r\nX: " + std::string(300, 'x')), 431);
  EXPECT_EQ(status("GET / HTTP/1.1\r\nX: " + std::string(300, 'x') + "\r\n\r\n"), 431);
  EXPECT_EQ(status("GET / HTTP/1.1\r\n" + host + "A:\r\nB:\r\n\r\n"), 0);
  EXPECT_EQ(status("GET / HTTP/1.1\r\n" + host + "A:\r\nB:\r\nC:\r\n\r\n"), 431);
}

TEST(FieldValue, IsWhatItIsAtEveryPlaceInIt) {
  for (int octet = 0; octet < 256; ++octet) {
    const bool allowed = octet == '\t' || (octet >= 0x20 && octet != 0x7f);
    for (std::size_t size = 1; size <= 24; ++size) {
      for (std::size_t at = 0; at < size; ++at) {
        std::string text(size, at % 2 == 0 ? '~' : '\xff');
        text[at] = static_cast<char>(octet);
        EXPECT_EQ(IsFieldValue(text), allowed) << octet << " at " << at << " of " << size;
      }
    }
  }
}

}  // namespace
}  // namespace breakwater::net

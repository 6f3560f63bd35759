#include "crypto/hash.h"

#include <set>

#include <gtest/gtest.h>
#include <rapidcheck/gtest.h>

#include "crypto/random.h"

namespace breakwater::crypto {
namespace {

std::string Repeated(char c, std::size_t count) {
  return std::string(count, c);
}

TEST(Hash, Sha256MatchesFips180Examples) {
  EXPECT_EQ(Sha256Hex(""), "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855");
  EXPECT_EQ(Sha256Hex("abc"), "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad");
  EXPECT_EQ(Sha256Hex("abcdbcdecdefdefgefghfghighijhijkijkljklmklmnlmnomnopnopq"),
            "248d6a61d20638b8e5c026930c3e6039a33ce45964ff2167f6ecedd419db06c1");
  EXPECT_EQ(Sha256Hex(Repeated('a', 1'000'000)),
            "cdc76e5c9914fb9281a1c7e284d73e67f1809a48a497200e046d39ccc7112cd0");
}

TEST(Hash, Sha512MatchesFips180Example) {
  Hasher hasher(HashAlgorithm::kSha512);
  hasher.Update("abc");
  EXPECT_EQ(HexEncode(hasher.Finish()),
            "ddaf35a193617abacc417349ae20413112e6fa4e89a97ea20a9eeee64b55d39a"
            "2192992a274fc1a836ba3c23a3feebbd454d4423643ce80e2a9ac94fa54ca49f");
}

TEST(Hash, FinishStartsAnew) {
  Hasher hasher(HashAlgorithm::kSha256);
  hasher.Update("left over");
  const Bytes first = hasher.Finish();
  hasher.Update("abc");
  EXPECT_EQ(HexEncode(hasher.Finish()), Sha256Hex("abc"));
  EXPECT_EQ(HexEncode(first), Sha256Hex("left over"));
}

TEST(Hash, CloneGoesOnByItself) {
  Hasher hasher(HashAlgorithm::kSha256);
  hasher.Update("ab");
  Hasher copy = hasher.Clone();
  hasher.Update("x");
  copy.Update("c");
  EXPECT_EQ(HexEncode(copy.Finish()), Sha256Hex("abc"));
  EXPECT_EQ(HexEncode(hasher.Finish()), Sha256Hex("abx"));
}

RC_GTEST_PROP(Hash, IsTheSameForEveryWayToCutTheText, (const std::vector<std::string>& pieces)) {
  Hasher hasher(HashAlgorithm::kSha256);
  std::string whole;
  for (const auto& piece : pieces) {
    hasher.Update(piece);
    whole += piece;
  }
  RC_ASSERT(HexEncode(hasher.Finish()) == Sha256Hex(whole));
}

TEST(Hmac, MatchesRfc4231Vectors) {
  struct Vector {
    std::string key, data, mac;
  };
  const Vector vectors[] = {
      {Repeated('\x0b', 20), "Hi There",
       "b0344c61d8db38535ca8afceaf0bf12b881dc200c9833da726e9376c2e32cff7"},
      {"Jefe", "what do ya want for nothing?",
       "5bdcc146bf60754e6a042426089575c75a003f089d2739839dec58b964ec3843"},
      {Repeated('\xaa', 20), Repeated('\xdd', 50),
       "773ea91e36800e46854db8ebd09181a72959098b3ef8c122d9635514ced565fe"},
      {Repeated('\xaa', 131), "Test Using Larger Than Block-Size Key - Hash Key First",
       "60e431591ee0b67f0d8a26aacbf5b77f8e0bc6213728c5140546040f0ee37f54"},
      // Empty key and text, as Python's hmac module has it.
      {"", "", "b613679a0814d9ec772f95d778c35fc5ff1697c493715653c6c712144292c5ad"}};
  for (const auto& [key, data, mac] : vectors) {
    EXPECT_EQ(HexEncode(HmacSha256(AsBytes(key), AsBytes(data))), mac);
  }
}

TEST(Random, TokensAreOfTheirLengthAndDiffer) {
  std::set<std::string> seen;
  for (int i = 0; i < 1000; ++i) {
    const std::string token = RandomToken(32);
    EXPECT_EQ(token.size(), 43U);
    EXPECT_EQ(Base64UrlDecode(token)->size(), 32U);
    EXPECT_TRUE(seen.insert(token).second);
  }
  EXPECT_TRUE(RandomBytes(0).empty());
  EXPECT_EQ(RandomBytes(1000).size(), 1000U);
}

}  // namespace
}  // namespace breakwater::crypto

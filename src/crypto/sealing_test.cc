#include "crypto/sealing.h"

#include <gtest/gtest.h>

namespace breakwater::crypto {
namespace {

TEST(Sealing, OpensWhatItSealed) {
  const Secret key = NewSealingKey();
  for (const std::string& text : {std::string(), std::string("x"), std::string(10'000, 'q')}) {
    const auto sealed = Seal(key, AsBytes(text), AsBytes("row 1"));
    ASSERT_TRUE(sealed.ok());
    EXPECT_EQ(sealed->size(), text.size() + 29);
    EXPECT_EQ(Open(key, *sealed, AsBytes("row 1"))->Reveal(), text);
  }
}

TEST(Sealing, OpensATextSealedByAnotherImplementation) {
  // AES-256-GCM of "opensesame" under key 00..1f, nonce 00..0b, associated data "ad", computed
  // with Python's package cryptography 48.0.0.
  std::string key;
  for (int i = 0; i < 32; ++i) key += static_cast<char>(i);
  const Bytes sealed = *HexDecode(
      "01000102030405060708090a0b"
      "2872b375b680b17ae0246a71a03193466afb435a0f2aaefd3b56");
  EXPECT_EQ(Open(Secret(key), sealed, AsBytes("ad"))->Reveal(), "opensesame");
}

TEST(Sealing, TwoSealsOfOneTextDiffer) {
  const Secret key = NewSealingKey();
  EXPECT_NE(*Seal(key, AsBytes("x"), {}), *Seal(key, AsBytes("x"), {}));
}

TEST(Sealing, RefusesEveryFlippedBitAndEveryTruncation) {
  const Secret key = NewSealingKey();
  const Bytes sealed = *Seal(key, AsBytes("text"), AsBytes("here"));
  for (std::size_t bit = 0; bit < sealed.size() * 8; ++bit) {
    Bytes changed = sealed;
    changed[bit / 8] ^= std::byte{1} << (bit % 8);
    const auto opened = Open(key, changed, AsBytes("here"));
    ASSERT_FALSE(opened.ok()) << bit;
    EXPECT_EQ(opened.error().code(), ErrorCode::kDataCorrupt);
  }
  for (std::size_t size = 0; size < sealed.size(); ++size) {
    EXPECT_FALSE(Open(key, ByteView(sealed).first(size), AsBytes("here")).ok());
  }
}

TEST(Sealing, RefusesAnotherKeyPlaceAndKeyLength) {
  const Secret key = NewSealingKey();
  const Bytes sealed = *Seal(key, AsBytes("text"), AsBytes("here"));
  EXPECT_FALSE(Open(key, sealed, AsBytes("there")).ok());
  EXPECT_FALSE(Open(NewSealingKey(), sealed, AsBytes("here")).ok());
  EXPECT_EQ(Seal(Secret("short"), AsBytes("text"), {}).error().code(), ErrorCode::kInvalid);
  EXPECT_EQ(Open(Secret("short"), sealed, {}).error().code(), ErrorCode::kInvalid);
  EXPECT_FALSE(Seal(key, Bytes(kMaxSealedOctets + 1), {}).ok());
}

}  // namespace
}  // namespace breakwater::crypto

#include "net/multipart.h"

#include <gtest/gtest.h>

namespace breakwater::net {
namespace {

TEST(MultipartForm, PartsAreFoundByNameWithTheirBytesAsTheyAre) {
  const auto boundary = BoundaryOf("multipart/form-data; boundary=\"a b\"");
  ASSERT_TRUE(boundary.ok());
  const std::string text =
      "--a b\r\nContent-Disposition: form-data; name=\"file\"; filename=\"x;y\\\".csv\"\r\n"
      "Content-Type: text/csv\r\n\r\none\r\n--a\r\n\r\n--a b\r\n"
      "content-disposition: form-data; name=empty\r\n\r\n\r\n--a b--\r\n";
  const auto parts = ParseForm(text, *boundary);
  ASSERT_TRUE(parts.ok()) << parts.error().message();
  ASSERT_EQ(parts->size(), 2U);
  EXPECT_EQ((*parts)[0].name, "file");
  EXPECT_EQ((*parts)[0].file_name, "x;y\".csv");
  EXPECT_EQ((*parts)[0].content_type, "text/csv");
  EXPECT_EQ((*parts)[0].body, "one\r\n--a\r\n");
  EXPECT_EQ((*parts)[1].name, "empty");
  EXPECT_EQ((*parts)[1].body, "");
}

TEST(MultipartForm, WhatIsMalformedIsRefusedInWords) {
  EXPECT_FALSE(BoundaryOf("application/json").ok());
  EXPECT_FALSE(BoundaryOf("multipart/form-data").ok());
  EXPECT_FALSE(BoundaryOf("multipart/form-data; boundary=" + std::string(71, 'x')).ok());
  const std::string part = "--b\r\nContent-Disposition: form-data; name=\"f\"\r\n\r\nx";
  for (const std::string& text :
       {std::string(), std::string("--b"), std::string("--b\r\n"), part, part + "\r\n--b",
        std::string("--b\r\nno headers"), std::string("x--b--"), std::string("--b trailing\r\n"),
        std::string("--b\r\nContent-Type: text/csv\r\n\r\nx\r\n--b--")}) {
    const auto parsed = ParseForm(text, "b");
    EXPECT_FALSE(parsed.ok()) << text;
  }
  std::string many;
  for (std::size_t i = 0; i <= kMaxFormParts; ++i) many += part + "\r\n";
  EXPECT_FALSE(ParseForm(many + "--b--", "b").ok());
}

TEST(MultipartForm, AFormWithoutPartsIsOne) {
  EXPECT_TRUE(ParseForm("--b--", "b")->empty());
}

}  // namespace
}  // namespace breakwater::net

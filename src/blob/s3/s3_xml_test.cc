#include "blob/s3/s3_xml.h"

#include <gtest/gtest.h>

namespace breakwater::blob {
namespace {

TEST(S3Xml, ReadsAnError) {
  const auto error = ParseS3Error(
      "<?xml version=\"1.0\" encoding=\"UTF-8\"?><Error><Code>NoSuchKey</Code><Message>The key "
      "&lt;x&gt; is not there</Message><Key>x</Key></Error>");
  ASSERT_TRUE(error.has_value());
  EXPECT_EQ(error->code, "NoSuchKey");
  EXPECT_EQ(error->message, "The key <x> is not there");
}

TEST(S3Xml, WhatIsNoErrorIsNone) {
  for (const char* text :
       {"", "ok", "<Error>", "<CopyPartResult/>", "<html><Error/></html>", "{}"}) {
    EXPECT_FALSE(ParseS3Error(text).has_value()) << text;
  }
}

TEST(S3Xml, AnErrorIsBoundedAndClean) {
  const auto error = ParseS3Error("<Error><Code>" + std::string(500, 'C') + "\n\"</Code><Message>" +
                                  std::string(5000, '\xff') + "</Message></Error>");
  ASSERT_TRUE(error.has_value());
  EXPECT_EQ(error->code, std::string(64, 'C'));
  EXPECT_LE(error->message.size(), 3 * 512U);
}

TEST(S3Xml, ReadsAPageOfObjects) {
  const auto page = ParseListObjects(R"(<?xml version="1.0" encoding="UTF-8"?>
<ListBucketResult xmlns="http://s3.amazonaws.com/doc/2006-03-01/">
  <Name>b</Name><Prefix>p%2F</Prefix><EncodingType>url</EncodingType><KeyCount>2</KeyCount>
  <MaxKeys>2</MaxKeys><IsTruncated>true</IsTruncated>
  <NextContinuationToken>abc%3D&amp;</NextContinuationToken>
  <Contents><Key>p%2Fa+b</Key><LastModified>2022-03-21T09:30:00.123Z</LastModified>
    <ETag>&quot;x&quot;</ETag><Size>5368709121</Size></Contents>
  <Contents><Key>p%2Fc%2Bd</Key><LastModified>2022-03-21T09:30:01Z</LastModified><Size>0</Size>
  </Contents>
</ListBucketResult>)");
  ASSERT_TRUE(page.ok()) << page.error().log();
  ASSERT_EQ(page->objects.size(), 2U);
  EXPECT_EQ(page->objects[0].key, "p/a b");
  EXPECT_EQ(page->objects[0].size, 5368709121U);
  EXPECT_EQ(FormatRfc3339(page->objects[0].modified), "2022-03-21T09:30:00.123000Z");
  EXPECT_EQ(page->objects[1].key, "p/c+d");
  EXPECT_EQ(page->next, "abc%3D&");
}

TEST(S3Xml, KeysThatAreNotEncodedStayAsTheyAre) {
  const auto page = ParseListObjects(
      "<ListBucketResult><Contents><Key>a%2Fb+c</Key><LastModified>2022-03-21T09:30:00Z"
      "</LastModified><Size>1</Size></Contents></ListBucketResult>");
  ASSERT_TRUE(page.ok());
  EXPECT_EQ(page->objects[0].key, "a%2Fb+c");
  EXPECT_EQ(page->next, "");
}

TEST(S3Xml, RefusesPagesThatMakeNoSense) {
  for (const char* text :
       {"", "<Error/>", "<ListBucketResult>",
        "<ListBucketResult><IsTruncated>true</IsTruncated></ListBucketResult>",
        "<ListBucketResult><Contents><Size>1</Size></Contents></ListBucketResult>",
        "<ListBucketResult><Contents><Key>k</Key><Size>-1</Size></Contents></ListBucketResult>",
        "<ListBucketResult><Contents><Key>k</Key><Size>1</Size><LastModified>soon</LastModified>"
        "</Contents></ListBucketResult>"}) {
    const auto page = ParseListObjects(text);
    ASSERT_FALSE(page.ok()) << text;
    EXPECT_EQ(page.error().reason(), "blob_store_unavailable") << text;
  }
}

TEST(S3Xml, ReadsAPageOfUploads) {
  const auto page = ParseListUploads(
      "<ListMultipartUploadsResult><EncodingType>url</EncodingType>"
      "<NextKeyMarker>p%2Fk</NextKeyMarker><NextUploadIdMarker>2~id</NextUploadIdMarker>"
      "<IsTruncated>true</IsTruncated><Upload><Key>p%2Fk</Key><UploadId>2~id</UploadId>"
      "<Initiated>2022-03-21T09:30:00.000Z</Initiated></Upload></ListMultipartUploadsResult>");
  ASSERT_TRUE(page.ok()) << page.error().log();
  ASSERT_EQ(page->uploads.size(), 1U);
  EXPECT_EQ(page->uploads[0].key, "p/k");
  EXPECT_EQ(page->uploads[0].id, "2~id");
  EXPECT_EQ(page->next_key, "p/k");
  EXPECT_EQ(page->next_id, "2~id");
}

TEST(S3Xml, ReadsTheAnswersOfAMultipartUpload) {
  EXPECT_EQ(*ParseUploadId("<InitiateMultipartUploadResult><Bucket>b</Bucket><UploadId>2~x"
                           "</UploadId></InitiateMultipartUploadResult>"),
            "2~x");
  EXPECT_FALSE(ParseUploadId("<InitiateMultipartUploadResult/>").ok());
  EXPECT_EQ(*ParseCopiedETag("<CopyPartResult><ETag>&quot;e&quot;</ETag></CopyPartResult>"),
            "\"e\"");
  EXPECT_FALSE(ParseCopiedETag("<Error><Code>InternalError</Code></Error>").ok());
  // Ceph's first answer.
  EXPECT_TRUE(ParseCompleted("<CompleteMultipartUploadResult><ETag></ETag>"
                             "</CompleteMultipartUploadResult>")
                  .ok());
  EXPECT_FALSE(ParseCompleted("").ok());
  EXPECT_FALSE(ParseCompleted("<Error><Code>InternalError</Code></Error>").ok());
}

TEST(S3Xml, ExpandsNoEntities) {
  const auto error = ParseS3Error(
      "<!DOCTYPE x [<!ENTITY e SYSTEM \"file:///etc/passwd\"><!ENTITY l \"&e;&e;\">]>"
      "<Error><Code>A</Code><Message>&l;</Message></Error>");
  ASSERT_TRUE(error.has_value());
  EXPECT_EQ(error->message, "&l;");
}

TEST(S3Xml, DeepNestingIsNoProblem) {
  std::string text = "<Error><Code>Deep</Code>";
  for (int i = 0; i < 1'000'000; ++i) text += "<a>";
  EXPECT_FALSE(ParseS3Error(text).has_value());
}

TEST(S3Xml, MakesTheRequestThatCompletes) {
  EXPECT_EQ(MakeCompleteRequest({"\"a\"", "b&<>"}),
            "<CompleteMultipartUpload xmlns=\"http://s3.amazonaws.com/doc/2006-03-01/\">"
            "<Part><PartNumber>1</PartNumber><ETag>\"a\"</ETag></Part>"
            "<Part><PartNumber>2</PartNumber><ETag>b&amp;&lt;&gt;</ETag></Part>"
            "</CompleteMultipartUpload>");
}

}  // namespace
}  // namespace breakwater::blob

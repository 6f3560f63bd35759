#include "blob/s3/s3_xml.h"

#include <algorithm>

#include <pugixml.hpp>

#include "base/bytes.h"
#include "base/strings.h"

namespace breakwater::blob {
namespace {

constexpr std::size_t kMaxCode = 64;
constexpr std::size_t kMaxMessage = 512;
constexpr std::size_t kMaxETag = 256;
constexpr std::size_t kMaxUploadId = 1024;
// Comments, processing instructions and document types are skipped, and nothing is expanded.
constexpr unsigned kParse = pugi::parse_escapes | pugi::parse_eol | pugi::parse_cdata;

Error Unexpected(std::string_view what) {
  return Unavailable("the blob store is not available")
      .Reason("blob_store_unavailable")
      .Log("not the answer of an S3 service: " + std::string(what));
}

// The root element of this name, or null; `document` owns it.
pugi::xml_node Root(pugi::xml_document& document, std::string_view xml, const char* name) {
  if (xml.size() > kMaxXmlBytes) return {};
  if (!document.load_buffer(xml.data(), xml.size(), kParse, pugi::encoding_utf8)) return {};
  return document.child(name);
}

Result<std::string> Decode(const pugi::xml_node& node, bool encoded) {
  std::string text = node.text().get();
  if (!encoded) return text;
  return PercentDecode(text, true);
}

Result<Timestamp> Time(const pugi::xml_node& node) {
  return ParseRfc3339(node.text().get());
}

bool IsUrlEncoded(const pugi::xml_node& root) {
  return std::string_view(root.child("EncodingType").text().get()) == "url";
}

Result<S3Object> ReadObject(const pugi::xml_node& node, bool encoded) {
  S3Object object;
  BW_TRY(object.key, Decode(node.child("Key"), encoded));
  BW_TRY(const std::int64_t size, ParseInt(node.child("Size").text().get()));
  if (object.key.empty() || size < 0) return Unexpected("an object without key or size");
  object.size = static_cast<std::uint64_t>(size);
  BW_TRY(object.modified, Time(node.child("LastModified")));
  return object;
}

Result<S3Upload> ReadUpload(const pugi::xml_node& node, bool encoded) {
  S3Upload upload;
  BW_TRY(upload.key, Decode(node.child("Key"), encoded));
  upload.id = node.child("UploadId").text().get();
  if (upload.key.empty() || upload.id.empty() || upload.id.size() > kMaxUploadId) {
    return Unexpected("an upload without key or id");
  }
  BW_TRY(upload.initiated, Time(node.child("Initiated")));
  return upload;
}

}  // namespace

std::optional<S3Error> ParseS3Error(std::string_view xml) {
  pugi::xml_document document;
  const pugi::xml_node root = Root(document, xml, "Error");
  if (!root) return std::nullopt;
  S3Error error;
  for (const char c : std::string_view(root.child("Code").text().get()).substr(0, kMaxCode)) {
    const bool word = (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9');
    if (word) error.code.push_back(c);
  }
  const std::string_view message = root.child("Message").text().get();
  error.message = ReplaceInvalidUtf8(message.substr(0, kMaxMessage));
  return error;
}

Result<S3ObjectPage> ParseListObjects(std::string_view xml) {
  pugi::xml_document document;
  const pugi::xml_node root = Root(document, xml, "ListBucketResult");
  if (!root) return Unexpected("no ListBucketResult");
  S3ObjectPage page;
  for (const pugi::xml_node node : root.children("Contents")) {
    auto object = ReadObject(node, IsUrlEncoded(root));
    if (!object.ok()) return Unexpected("an object: " + object.error().message());
    page.objects.push_back(*std::move(object));
  }
  if (!root.child("IsTruncated").text().as_bool()) return page;
  page.next = root.child("NextContinuationToken").text().get();
  if (page.next.empty()) return Unexpected("a list that goes on nowhere");
  return page;
}

Result<S3UploadPage> ParseListUploads(std::string_view xml) {
  pugi::xml_document document;
  const pugi::xml_node root = Root(document, xml, "ListMultipartUploadsResult");
  if (!root) return Unexpected("no ListMultipartUploadsResult");
  const bool encoded = IsUrlEncoded(root);
  S3UploadPage page;
  for (const pugi::xml_node node : root.children("Upload")) {
    auto upload = ReadUpload(node, encoded);
    if (!upload.ok()) return Unexpected("an upload: " + upload.error().message());
    page.uploads.push_back(*std::move(upload));
  }
  if (!root.child("IsTruncated").text().as_bool()) return page;
  auto key = Decode(root.child("NextKeyMarker"), encoded);
  if (!key.ok() || key->empty()) return Unexpected("a list that goes on nowhere");
  page.next_key = *std::move(key);
  page.next_id = root.child("NextUploadIdMarker").text().get();
  return page;
}

Result<std::string> ParseUploadId(std::string_view xml) {
  pugi::xml_document document;
  std::string id =
      Root(document, xml, "InitiateMultipartUploadResult").child("UploadId").text().get();
  if (id.empty() || id.size() > kMaxUploadId) return Unexpected("no UploadId");
  return id;
}

Result<std::string> ParseCopiedETag(std::string_view xml) {
  pugi::xml_document document;
  std::string etag = Root(document, xml, "CopyPartResult").child("ETag").text().get();
  if (etag.empty() || etag.size() > kMaxETag) return Unexpected("no ETag of a copied part");
  return etag;
}

Status ParseCompleted(std::string_view xml) {
  pugi::xml_document document;
  if (!Root(document, xml, "CompleteMultipartUploadResult")) {
    return Unexpected("no CompleteMultipartUploadResult");
  }
  return Ok();
}

std::string MakeCompleteRequest(const std::vector<std::string>& etags) {
  std::string out = "<CompleteMultipartUpload xmlns=\"http://s3.amazonaws.com/doc/2006-03-01/\">";
  for (std::size_t i = 0; i < etags.size(); ++i) {
    out += "<Part><PartNumber>" + std::to_string(i + 1) + "</PartNumber><ETag>";
    for (const char c : etags[i]) {
      switch (c) {
        case '&': out += "&amp;"; break;
        case '<': out += "&lt;"; break;
        case '>': out += "&gt;"; break;
        default: out += c;
      }
    }
    out += "</ETag></Part>";
  }
  return out + "</CompleteMultipartUpload>";
}

}  // namespace breakwater::blob

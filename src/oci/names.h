// Names of repositories, tags and references (distribution-spec, "Workflow Categories", "Pull").
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <variant>

#include "base/result.h"
#include "oci/digest.h"

namespace breakwater::oci {

inline constexpr std::size_t kMaxRepositoryLength = 255;
inline constexpr std::size_t kMaxTagLength = 128;

// Lower-case alphanumeric runs joined by one ".", one "_", two "_" or any number of "-"; components
// of them joined by "/". kInvalid, "name_invalid".
Status ValidateRepository(std::string_view name);
// [A-Za-z0-9_][A-Za-z0-9._-]{0,127}. kInvalid, "tag_invalid".
Status ValidateTag(std::string_view tag);

// The first component of a repository's name; empty if there is only one.
std::string_view NamespaceOf(std::string_view repository);

// What a manifest is asked for by: a tag, or a digest. What has a colon is never a tag.
class Reference {
 public:
  // "digest_invalid" or "tag_invalid".
  static Result<Reference> Parse(std::string_view text);
  explicit Reference(Digest digest) : value_(std::move(digest)) {}

  bool is_digest() const { return value_.index() == 1; }
  const Digest& digest() const;    // only if is_digest()
  const std::string& tag() const;  // only if not
  const std::string& text() const { return is_digest() ? digest().text() : tag(); }

  friend bool operator==(const Reference&, const Reference&) = default;

 private:
  explicit Reference(std::string tag) : value_(std::move(tag)) {}
  std::variant<std::string, Digest> value_;
};

// "host[:port]/namespace/name[:tag][@digest]" as people and the management API write images.
struct ImageName {
  std::string host;  // empty if the name began with its repository
  std::string repository;
  std::optional<std::string> tag;
  std::optional<Digest> digest;

  // The digest if there is one, else the tag, else the tag "latest".
  Reference reference() const;

  // The first component is a host if it has a "." or a ":" or is "localhost".
  static Result<ImageName> Parse(std::string_view text);
};

}  // namespace breakwater::oci

#include "oci/names.h"

#include "base/check.h"
#include "base/strings.h"

namespace breakwater::oci {
namespace {

bool IsLowerAlphanumeric(char c) {
  return (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9');
}

bool IsTagStart(char c) {
  return IsLowerAlphanumeric(c) || (c >= 'A' && c <= 'Z') || c == '_';
}

// The separator that begins at `at`: its length, or 0 if there is no legal one.
std::size_t SeparatorLength(std::string_view text, std::size_t at) {
  const auto run = [&](char c) {
    const auto end = text.find_first_not_of(c, at);
    return (end == std::string_view::npos ? text.size() : end) - at;
  };
  switch (text[at]) {
    case '.': return run('.') == 1 ? 1 : 0;
    case '_': return run('_') <= 2 ? run('_') : 0;
    case '-': return run('-');
    default: return 0;
  }
}

bool IsComponent(std::string_view text) {
  if (text.empty() || !IsLowerAlphanumeric(text.front()) || !IsLowerAlphanumeric(text.back())) {
    return false;
  }
  for (std::size_t at = 0; at < text.size();) {
    if (IsLowerAlphanumeric(text[at])) {
      ++at;
      continue;
    }
    const std::size_t length = SeparatorLength(text, at);
    // The last character is no separator, so there is one behind this.
    if (length == 0 || !IsLowerAlphanumeric(text[at + length])) return false;
    at += length;
  }
  return true;
}

bool LooksLikeHost(std::string_view component) {
  return component == "localhost" || component.find('.') != std::string_view::npos ||
         component.find(':') != std::string_view::npos || component.find('[') == 0;
}

}  // namespace

Status ValidateRepository(std::string_view name) {
  if (name.size() > kMaxRepositoryLength) {
    return Invalid("repository name is longer than 255 characters").Reason("name_invalid");
  }
  for (std::string_view rest = name;;) {
    const std::string_view component = rest.substr(0, rest.find('/'));
    if (!IsComponent(component)) {
      return Invalid(
                 "malformed repository name: want lower-case letters and digits, joined by "
                 "'.', '_', '__' or '-', in components joined by '/'")
          .Reason("name_invalid");
    }
    if (component.size() == rest.size()) return Ok();
    rest.remove_prefix(component.size() + 1);
  }
}

Status ValidateTag(std::string_view tag) {
  const auto malformed = [] {
    return Invalid(
               "malformed tag: want up to 128 letters, digits, '_', '.' and '-', not beginning "
               "with '.' or '-'")
        .Reason("tag_invalid");
  };
  if (tag.empty() || tag.size() > kMaxTagLength || !IsTagStart(tag.front())) return malformed();
  for (const char c : tag) {
    if (!IsTagStart(c) && c != '.' && c != '-') return malformed();
  }
  return Ok();
}

std::string_view NamespaceOf(std::string_view repository) {
  const auto slash = repository.find('/');
  return slash == std::string_view::npos ? std::string_view{} : repository.substr(0, slash);
}

Result<Reference> Reference::Parse(std::string_view text) {
  if (text.find(':') != std::string_view::npos) {
    BW_TRY(Digest digest, Digest::Parse(text));
    return Reference(std::move(digest));
  }
  BW_TRY_STATUS(ValidateTag(text));
  return Reference(std::string(text));
}

const Digest& Reference::digest() const {
  BW_CHECK(is_digest());
  return std::get<Digest>(value_);
}

const std::string& Reference::tag() const {
  BW_CHECK(!is_digest());
  return std::get<std::string>(value_);
}

Reference ImageName::reference() const {
  if (digest) return Reference(*digest);
  auto parsed = Reference::Parse(tag.value_or("latest"));
  BW_CHECK(parsed.ok());  // Parse has validated the tag
  return *std::move(parsed);
}

Result<ImageName> ImageName::Parse(std::string_view text) {
  ImageName name;
  const auto slash = text.find('/');
  if (slash != std::string_view::npos && LooksLikeHost(text.substr(0, slash))) {
    name.host = std::string(text.substr(0, slash));
    text.remove_prefix(slash + 1);
  }
  if (const auto at = text.find('@'); at != std::string_view::npos) {
    BW_TRY(name.digest, Digest::Parse(text.substr(at + 1)));
    text = text.substr(0, at);
  }
  if (const auto colon = text.rfind(':'); colon != std::string_view::npos) {
    BW_TRY_STATUS(ValidateTag(text.substr(colon + 1)));
    name.tag = std::string(text.substr(colon + 1));
    text = text.substr(0, colon);
  }
  BW_TRY_STATUS(ValidateRepository(text));
  name.repository = std::string(text);
  return name;
}

}  // namespace breakwater::oci

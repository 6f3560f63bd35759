#include "net/http.h"

#include "base/bytes.h"
#include "base/strings.h"

namespace breakwater::net {
namespace {

// More than any client of ours sends, and few enough to look through.
constexpr std::size_t kMaxParameters = 256;

}  // namespace

void Headers::Add(std::string name, std::string value) {
  fields_.emplace_back(std::move(name), std::move(value));
}

void Headers::Set(std::string name, std::string value) {
  Remove(name);
  Add(std::move(name), std::move(value));
}

std::optional<std::string_view> Headers::Get(std::string_view name) const {
  for (const auto& [field, value] : fields_) {
    if (EqualsIgnoreCase(field, name)) return value;
  }
  return std::nullopt;
}

std::vector<std::string_view> Headers::GetAll(std::string_view name) const {
  std::vector<std::string_view> out;
  for (const auto& [field, value] : fields_) {
    if (EqualsIgnoreCase(field, name)) out.push_back(value);
  }
  return out;
}

void Headers::Remove(std::string_view name) {
  std::erase_if(fields_, [&](const auto& field) { return EqualsIgnoreCase(field.first, name); });
}

std::optional<std::string_view> Response::text() const {
  if (const auto* own = std::get_if<std::string>(&body)) return *own;
  if (const auto* shared = std::get_if<SharedBytes>(&body)) return **shared;
  return std::nullopt;
}

Result<Parameters> Parameters::Parse(std::string_view encoded) {
  Parameters out;
  if (encoded.empty()) return out;
  for (const auto pair : SplitN(encoded, '&', kMaxParameters + 1)) {
    if (pair.empty()) continue;
    if (out.values_.size() == kMaxParameters) {
      return Invalid("too many parameters").Reason("too_many_parameters");
    }
    const auto parts = SplitN(pair, '=', 2);
    BW_TRY(std::string name, PercentDecode(parts[0], true));
    BW_TRY(std::string value, PercentDecode(parts.size() == 2 ? parts[1] : "", true));
    out.values_.emplace_back(std::move(name), std::move(value));
  }
  return out;
}

std::optional<std::string_view> Parameters::Get(std::string_view name) const {
  for (const auto& [key, value] : values_) {
    if (key == name) return value;
  }
  return std::nullopt;
}

std::vector<std::string_view> Parameters::GetAll(std::string_view name) const {
  std::vector<std::string_view> out;
  for (const auto& [key, value] : values_) {
    if (key == name) out.push_back(value);
  }
  return out;
}

}  // namespace breakwater::net

// Tables of the configuration that say by "kind" what they are, each key belonging to some kinds:
// the one reading, checking, showing and describing of them. Internal to config/.
#pragma once

#include <algorithm>
#include <chrono>
#include <cstdint>
#include <string>
#include <string_view>
#include <variant>
#include <vector>

#include "base/bytes.h"
#include "base/ip.h"
#include "base/result.h"
#include "base/secret.h"
#include "base/strings.h"
#include "config/file.h"
#include "config/value.h"

namespace breakwater::config {

template <class T>
class KeyedTable {
 public:
  using Milliseconds = std::chrono::milliseconds;
  // Sizes are in bytes.
  using Member = std::variant<std::string T::*, Secret T::*, bool T::*, Milliseconds T::*,
                              std::int64_t T::*, std::vector<IpNetwork> T::*>;
  struct Key {
    std::string_view name;
    Member member;
    std::string_view kinds;   // that take it
    std::string_view needed;  // that need it
    std::string_view meaning;
  };
  // `what`: "a source". `all`: every kind.
  KeyedTable(std::string_view what, std::string_view all, std::vector<Key> keys)
      : what_(what), all_(all), keys_(std::move(keys)) {}

  static bool Has(std::string_view kinds, std::string_view kind) {
    for (const std::string_view one : Split(kinds, ' ')) {
      if (one == kind) return true;
    }
    return false;
  }

  // A table of the file. Not checked yet.
  Result<T> FromTable(const std::vector<Entry>& table) const {
    T out;
    for (const Entry& entry : table) {
      const std::string line = "line " + std::to_string(entry.line);
      const Key* key = Find(entry.key);
      if (key == nullptr) return Unknown(entry.key).Context(line);
      BW_TRY_STATUS(SetValue(*key, entry.value, out).Context(line + ": " + std::string(key->name)));
    }
    return out;
  }

  // "kind=…&name=…", percent-encoded. Not checked yet.
  Result<T> FromText(std::string_view text) const {
    T out;
    for (const std::string_view part : Split(text, '&')) {
      const auto sides = SplitN(part, '=', 2);
      if (sides.size() != 2) return Invalid("must be key=value, joined by &");
      const Key* key = Find(Trim(sides[0]));
      if (key == nullptr) return Unknown(sides[0]);
      BW_TRY(const std::string value, PercentDecode(sides[1]));
      std::vector<std::string> items;
      for (const std::string_view item : Split(value, ',')) items.emplace_back(Trim(item));
      const bool list = std::holds_alternative<std::vector<IpNetwork> T::*>(key->member);
      BW_TRY_STATUS(
          (list ? SetNetworks(*key, items, out) : SetText(*key, value, out)).Context(key->name));
    }
    return out;
  }

  // That it has what its kind needs, and nothing of others.
  Status CheckKeys(const T& value) const {
    if (!Has(all_, value.kind)) return Invalid("kind must be one of: " + std::string(all_));
    for (const Key& key : keys_) {
      const bool set = IsSet(key, value);
      if (set && !Has(key.kinds, value.kind)) {
        return Invalid(std::string(key.name) + " is no key of " + std::string(what_) + " of kind " +
                       value.kind);
      }
      if (!set && Has(key.needed, value.kind)) {
        return Invalid(std::string(what_) + " of kind " + value.kind + " needs " +
                       std::string(key.name));
      }
    }
    return Ok();
  }

  // As an inline table, without secrets.
  std::string Render(const T& value) const {
    std::vector<std::string> members;
    for (const Key& key : keys_) {
      if (!IsSet(key, value)) continue;
      members.push_back(std::string(key.name) + " = " + RenderMember(key, value));
    }
    return "{" + Join(members, ", ") + "}";
  }

  // For the reference.
  std::string Describe() const {
    std::string out = "| key | of | meaning, or default |\n| --- | --- | --- |\n";
    for (const Key& key : keys_) {
      out += "| `" + std::string(key.name) + "` | " +
             (key.kinds == all_ ? "all" : std::string(key.kinds)) + " | " +
             std::string(key.meaning) + " |\n";
    }
    return out;
  }

 private:
  static constexpr std::size_t kMaxText = 4096;
  static constexpr Milliseconds kShortest{100};
  static constexpr Milliseconds kLongest{60'000};

  const Key* Find(std::string_view name) const {
    const auto found =
        std::find_if(keys_.begin(), keys_.end(), [&](const Key& key) { return key.name == name; });
    return found == keys_.end() ? nullptr : &*found;
  }

  Error Unknown(std::string_view name) const {
    std::vector<std::string> names;
    for (const Key& key : keys_) names.emplace_back(key.name);
    const std::string nearest = Nearest(name, names);
    return Invalid("unknown key '" + std::string(name) + "'" +
                   (nearest.empty() ? "" : "; did you mean '" + nearest + "'?"));
  }

  static Status SetText(const Key& key, std::string_view text, T& out) {
    if (text.size() > kMaxText || text.find('\0') != std::string_view::npos) {
      return Invalid("is too long");
    }
    if (const auto* member = std::get_if<std::string T::*>(&key.member)) {
      out.*(*member) = std::string(text);
    } else if (const auto* secret = std::get_if<Secret T::*>(&key.member)) {
      out.*(*secret) = Secret(std::string(text));
    } else if (const auto* duration = std::get_if<Milliseconds T::*>(&key.member)) {
      const auto parsed = ParseDuration(text);
      if (!parsed.ok() || *parsed < kShortest || *parsed > kLongest) {
        return Invalid("must be a duration from 100ms to 1m");
      }
      out.*(*duration) = *parsed;
    } else if (const auto* size = std::get_if<std::int64_t T::*>(&key.member)) {
      const auto parsed = ParseSize(text);
      if (!parsed.ok() || *parsed < 1024) return Invalid("must be a size of at least 1KiB");
      out.*(*size) = *parsed;
    } else if (const auto* flag = std::get_if<bool T::*>(&key.member)) {
      if (text != "true" && text != "false") return Invalid("must be true or false");
      out.*(*flag) = text == "true";
    } else {
      return Invalid("must be a list of networks");
    }
    return Ok();
  }

  static Status SetNetworks(const Key& key, const std::vector<std::string>& texts, T& out) {
    const auto* networks = std::get_if<std::vector<IpNetwork> T::*>(&key.member);
    if (networks == nullptr) return Invalid("must not be a list");
    for (const std::string& text : texts) {
      BW_TRY(auto network, IpNetwork::Parse(text));
      (out.*(*networks)).push_back(std::move(network));
    }
    return Ok();
  }

  static Status SetValue(const Key& key, const Value& value, T& out) {
    if (const auto* text = std::get_if<std::string>(&value)) {
      if (std::holds_alternative<bool T::*>(key.member)) return Invalid("must be true or false");
      return SetText(key, *text, out);
    }
    if (const auto* texts = std::get_if<std::vector<std::string>>(&value)) {
      return SetNetworks(key, *texts, out);
    }
    if (const auto* flag = std::get_if<bool>(&value)) {
      if (!std::holds_alternative<bool T::*>(key.member)) return Invalid("must be a text");
      return SetText(key, *flag ? "true" : "false", out);
    }
    return Invalid("must be a text");
  }

  static bool IsSet(const Key& key, const T& value) {
    static const T kNone;
    return std::visit([&](auto member) { return !(value.*member == kNone.*member); }, key.member);
  }

  static std::string RenderMember(const Key& key, const T& value) {
    struct Visitor {
      const T& value;
      std::string operator()(std::string T::* member) const { return QuoteToml(value.*member); }
      std::string operator()(Secret T::*) const { return "\"***\""; }
      std::string operator()(bool T::* member) const { return value.*member ? "true" : "false"; }
      std::string operator()(Milliseconds T::* member) const {
        return QuoteToml(FormatDuration(value.*member));
      }
      std::string operator()(std::int64_t T::* member) const {
        return QuoteToml(FormatSize(value.*member));
      }
      std::string operator()(std::vector<IpNetwork> T::* member) const {
        std::vector<std::string> texts;
        for (const IpNetwork& network : value.*member) {
          texts.push_back(QuoteToml(network.ToString()));
        }
        return "[" + Join(texts, ", ") + "]";
      }
    };
    return std::visit(Visitor{value}, key.member);
  }

  const std::string_view what_;
  const std::string_view all_;
  const std::vector<Key> keys_;
};

}  // namespace breakwater::config

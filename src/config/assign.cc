#include "config/assign.h"

#include <algorithm>
#include <utility>

#include "base/ip.h"
#include "base/strings.h"
#include "config/audit_sink.h"
#include "config/sign_in_source.h"
#include "config/value.h"

namespace breakwater::config {
namespace {

constexpr std::size_t kMaxListItems = 256;
constexpr std::size_t kMaxShown = 80;

Error NotAllowed(const Option& option) {
  return Invalid("must be " + Allowed(option));
}

template <class T>
T& At(const Option& option, Settings& settings) {
  return std::get<T& (*)(Settings&)>(option.field)(settings);
}

template <class T>
const T& At(const Option& option, const Settings& settings) {
  // The accessors of the table only select a member.
  return At<T>(option, const_cast<Settings&>(settings));
}

bool IsTokenChar(char c) {  // RFC 9110 §5.6.2
  return (c >= '0' && c <= '9') || (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') ||
         std::string_view("!#$%&'*+-.^_`|~").find(c) != std::string_view::npos;
}

bool IsIdChar(char c) {
  return (c >= '0' && c <= '9') || (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || c == '-' ||
         c == '_';
}

bool IsAllowedText(const Option& option, const std::string& text) {
  if (option.kind == Kind::kWord) {
    return std::find(option.words.begin(), option.words.end(), text) != option.words.end();
  }
  if (option.kind == Kind::kHeaderName) {
    return text.size() <= 100 && std::all_of(text.begin(), text.end(), IsTokenChar);
  }
  if (option.kind == Kind::kAccountId) {
    return !text.empty() && text.size() <= 64 && std::all_of(text.begin(), text.end(), IsIdChar);
  }
  const auto length = static_cast<std::int64_t>(text.size());
  return length >= option.min && length <= option.max && text.find('\0') == std::string::npos;
}

bool IsInRange(const Option& option, std::int64_t number) {
  return number >= option.min && number <= option.max;
}

Status AssignNumber(const Option& option, const Value& value, Settings& settings) {
  const auto* text = std::get_if<std::string>(&value);
  const auto* whole = std::get_if<std::int64_t>(&value);
  std::int64_t number = 0;
  if (option.kind != Kind::kDuration && whole != nullptr) {
    number = *whole;
  } else if (option.kind == Kind::kSize && text != nullptr) {
    auto size = ParseSize(*text);
    if (!size.ok()) return NotAllowed(option);
    number = *size;
  } else if (option.kind == Kind::kDuration && text != nullptr) {
    auto duration = ParseDuration(*text);
    if (!duration.ok()) return NotAllowed(option);
    number = duration->count();
  } else {
    return NotAllowed(option);
  }
  if (!IsInRange(option, number)) return NotAllowed(option);
  if (option.kind == Kind::kDuration) {
    At<std::chrono::milliseconds>(option, settings) = std::chrono::milliseconds(number);
  } else {
    At<std::int64_t>(option, settings) = number;
  }
  return Ok();
}

Status AssignAddress(const Option& option, const std::string& text, Settings& settings) {
  auto address = ParseListenAddress(text);
  if (!address.ok()) return NotAllowed(option);
  At<ListenAddress>(option, settings) = *std::move(address);
  return Ok();
}

Status AssignText(const Option& option, const Value& value, Settings& settings) {
  const auto* text = std::get_if<std::string>(&value);
  if (text == nullptr) return NotAllowed(option);
  if (option.kind == Kind::kAddress) return AssignAddress(option, *text, settings);
  if (option.kind == Kind::kSecret) {
    // Empty is the default: no secret was given.
    if (!text->empty() && !IsAllowedText(option, *text)) return NotAllowed(option);
    At<Secret>(option, settings) = Secret(*text);
    return Ok();
  }
  if (!IsAllowedText(option, *text)) return NotAllowed(option);
  At<std::string>(option, settings) = *text;
  return Ok();
}

Status AssignNetworks(const Option& option, const Value& value, Settings& settings) {
  const auto* texts = std::get_if<std::vector<std::string>>(&value);
  if (texts == nullptr || texts->size() > kMaxListItems) return NotAllowed(option);
  std::vector<IpNetwork> networks;
  for (const std::string& text : *texts) {
    auto network = IpNetwork::Parse(text);
    if (!network.ok()) return NotAllowed(option);
    networks.push_back(*std::move(network));
  }
  At<std::vector<IpNetwork>>(option, settings) = std::move(networks);
  return Ok();
}

Status AssignHosts(const Entry& entry, std::vector<std::string>& out) {
  const auto* texts = std::get_if<std::vector<std::string>>(&entry.value);
  if (texts == nullptr || texts->size() > kMaxListItems) {
    return Invalid(entry.key + " must be a list of host names");
  }
  out = *texts;
  return Ok();
}

Result<Registry> RegistryFromTable(const std::vector<Entry>& table) {
  static const std::vector<std::string> kKeys = {"public_hosts", "private_hosts", "region",
                                                 "redirect_pulls"};
  Registry registry;
  for (const Entry& entry : table) {
    const std::string line = "line " + std::to_string(entry.line);
    if (entry.key == "public_hosts") {
      BW_TRY_STATUS(AssignHosts(entry, registry.public_hosts).Context(line));
    } else if (entry.key == "private_hosts") {
      BW_TRY_STATUS(AssignHosts(entry, registry.private_hosts).Context(line));
    } else if (entry.key == "region" && std::holds_alternative<std::string>(entry.value)) {
      registry.region = std::get<std::string>(entry.value);
    } else if (entry.key == "region") {
      return Invalid(line + ": region must be a text");
    } else if (entry.key == "redirect_pulls" && std::holds_alternative<bool>(entry.value)) {
      registry.redirect_pulls = std::get<bool>(entry.value);
    } else if (entry.key == "redirect_pulls") {
      return Invalid(line + ": redirect_pulls must be true or false");
    } else {
      const std::string nearest = Nearest(entry.key, kKeys);
      return Invalid(line + ": unknown key '" + entry.key + "'" +
                     (nearest.empty() ? "" : "; did you mean '" + nearest + "'?"));
    }
  }
  return NormaliseRegistry(std::move(registry));
}

// A request finds its registry by host name, so a name can belong to one only.
Status CheckUniqueHosts(const std::vector<Registry>& registries) {
  std::vector<std::string> seen;
  for (const Registry& registry : registries) {
    seen.insert(seen.end(), registry.public_hosts.begin(), registry.public_hosts.end());
    seen.insert(seen.end(), registry.private_hosts.begin(), registry.private_hosts.end());
  }
  std::sort(seen.begin(), seen.end());
  const auto twice = std::adjacent_find(seen.begin(), seen.end());
  if (twice == seen.end()) return Ok();
  return Invalid("the host name '" + *twice + "' is listed twice");
}

Result<std::vector<Registry>> RegistriesFrom(const Option& option, const Value& value) {
  std::vector<Registry> registries;
  if (const auto* tables = std::get_if<std::vector<std::vector<Entry>>>(&value)) {
    for (const auto& table : *tables) {
      BW_TRY(auto registry, RegistryFromTable(table));
      registries.push_back(std::move(registry));
    }
  } else if (const auto* texts = std::get_if<std::vector<std::string>>(&value)) {
    for (const std::string& text : *texts) {
      BW_TRY(auto registry, ParseRegistry(text));
      registries.push_back(std::move(registry));
    }
  } else {
    return NotAllowed(option);
  }
  if (static_cast<std::int64_t>(registries.size()) > option.max) {
    return Invalid("has more than " + std::to_string(option.max) + " registries");
  }
  BW_TRY_STATUS(CheckUniqueHosts(registries));
  return registries;
}

Status AssignRegistries(const Option& option, const Value& value, Settings& settings) {
  BW_TRY(auto registries, RegistriesFrom(option, value));
  At<std::vector<Registry>>(option, settings) = std::move(registries);
  return Ok();
}

// Tables of the file, or texts.
template <class T>
Status AssignTables(const Option& option, const Value& value, Settings& settings,
                    Result<T> (*from_table)(const std::vector<Entry>&),
                    Result<T> (*from_text)(std::string_view),
                    Status (*check)(const std::vector<T>&), std::string_view what) {
  std::vector<T> all;
  if (const auto* tables = std::get_if<std::vector<std::vector<Entry>>>(&value)) {
    for (const auto& table : *tables) {
      BW_TRY(auto one, from_table(table));
      all.push_back(std::move(one));
    }
  } else if (const auto* texts = std::get_if<std::vector<std::string>>(&value)) {
    for (const std::string& text : *texts) {
      BW_TRY(auto one, from_text(text));
      all.push_back(std::move(one));
    }
  } else {
    return NotAllowed(option);
  }
  if (static_cast<std::int64_t>(all.size()) > option.max) {
    return Invalid("has more than " + std::to_string(option.max) + " " + std::string(what));
  }
  BW_TRY_STATUS(check(all));
  At<std::vector<T>>(option, settings) = std::move(all);
  return Ok();
}

template <class T>
std::string RenderTables(const std::vector<T>& all, std::string (*render)(const T&)) {
  std::vector<std::string> tables;
  for (const T& one : all) tables.push_back(render(one));
  return "[" + Join(tables, ", ") + "]";
}

std::string RenderList(const std::vector<std::string>& texts) {
  std::vector<std::string> quoted;
  std::transform(texts.begin(), texts.end(), std::back_inserter(quoted),
                 [](const std::string& text) { return QuoteToml(text); });
  return "[" + Join(quoted, ", ") + "]";
}

std::string RenderNetworks(const std::vector<IpNetwork>& networks) {
  std::vector<std::string> texts;
  std::transform(networks.begin(), networks.end(), std::back_inserter(texts),
                 [](const IpNetwork& network) { return network.ToString(); });
  return RenderList(texts);
}

std::string RenderRegistries(const std::vector<Registry>& registries) {
  std::vector<std::string> tables;
  for (const Registry& registry : registries) {
    tables.push_back("{public_hosts = " + RenderList(registry.public_hosts) +
                     ", private_hosts = " + RenderList(registry.private_hosts) +
                     ", region = " + QuoteToml(registry.region) +
                     (registry.redirect_pulls ? ", redirect_pulls = true}" : "}"));
  }
  return "[" + Join(tables, ", ") + "]";
}

std::string Shorten(std::string text) {
  if (text.size() <= kMaxShown) return text;
  std::size_t cut = kMaxShown;
  while (cut > 0 && (static_cast<unsigned char>(text[cut]) & 0xc0U) == 0x80U) --cut;
  return text.substr(0, cut) + "…";
}

}  // namespace

Value FromText(const Option& option, std::string_view text) {
  if (option.is_list()) {
    std::vector<std::string> items;
    for (const std::string_view item : Split(text, option.is_tables() ? ';' : ',')) {
      if (!Trim(item).empty()) items.emplace_back(Trim(item));
    }
    return items;
  }
  if (option.kind == Kind::kBool && (text == "true" || text == "false")) return text == "true";
  if (option.kind == Kind::kCount) {
    if (auto number = ParseInt(text); number.ok()) return *number;
  }
  return std::string(text);
}

Status Assign(const Option& option, const Value& value, Settings& settings) {
  switch (option.kind) {
    case Kind::kBool: {
      const auto* flag = std::get_if<bool>(&value);
      if (flag == nullptr) return NotAllowed(option);
      At<bool>(option, settings) = *flag;
      return Ok();
    }
    case Kind::kCount:
    case Kind::kSize:
    case Kind::kDuration: return AssignNumber(option, value, settings);
    case Kind::kNetworks: return AssignNetworks(option, value, settings);
    case Kind::kRegistries: return AssignRegistries(option, value, settings);
    case Kind::kSources:
      return AssignTables(option, value, settings, SourceFromTable, ParseSource, CheckSources,
                          "sources");
    case Kind::kSinks:
      return AssignTables(option, value, settings, SinkFromTable, ParseSink, CheckSinks, "sinks");
    case Kind::kText:
    case Kind::kPath:
    case Kind::kWord:
    case Kind::kHeaderName:
    case Kind::kAccountId:
    case Kind::kAddress:
    case Kind::kSecret: return AssignText(option, value, settings);
  }
  BW_UNREACHABLE();
}

std::string Render(const Option& option, const Settings& settings) {
  switch (option.kind) {
    case Kind::kBool: return At<bool>(option, settings) ? "true" : "false";
    case Kind::kCount: return std::to_string(At<std::int64_t>(option, settings));
    case Kind::kSize: return QuoteToml(FormatSize(At<std::int64_t>(option, settings)));
    case Kind::kDuration:
      return QuoteToml(FormatDuration(At<std::chrono::milliseconds>(option, settings)));
    case Kind::kNetworks: return RenderNetworks(At<std::vector<IpNetwork>>(option, settings));
    case Kind::kRegistries: return RenderRegistries(At<std::vector<Registry>>(option, settings));
    case Kind::kSources:
      return RenderTables(At<std::vector<SignInSource>>(option, settings), RenderSource);
    case Kind::kSinks:
      return RenderTables(At<std::vector<AuditSink>>(option, settings), RenderSink);
    case Kind::kAddress: return QuoteToml(FormatListenAddress(At<ListenAddress>(option, settings)));
    case Kind::kSecret: return At<Secret>(option, settings).empty() ? "\"\"" : "\"***\"";
    case Kind::kText:
    case Kind::kPath:
    case Kind::kWord:
    case Kind::kHeaderName:
    case Kind::kAccountId: return QuoteToml(At<std::string>(option, settings));
  }
  BW_UNREACHABLE();
}

std::string Show(const Option& option, const Value& value) {
  // Texts of sources and sinks may hold secrets.
  const bool texts = std::holds_alternative<std::string>(value) ||
                     std::holds_alternative<std::vector<std::string>>(value);
  const bool tables = option.kind == Kind::kSources || option.kind == Kind::kSinks;
  if (option.is_secret() || (tables && texts)) return "\"***\"";
  struct Visitor {
    std::string operator()(bool flag) const { return flag ? "true" : "false"; }
    std::string operator()(std::int64_t number) const { return std::to_string(number); }
    std::string operator()(const std::string& text) const { return QuoteToml(text); }
    std::string operator()(const std::vector<std::string>& texts) const {
      return RenderList(texts);
    }
    std::string operator()(const std::vector<std::vector<Entry>>& tables) const {
      return "[" + std::to_string(tables.size()) + " tables]";
    }
    std::string operator()(const OtherValue& other) const { return "(" + other.type + ")"; }
  };
  return Shorten(std::visit(Visitor{}, value));
}

}  // namespace breakwater::config

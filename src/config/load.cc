#include "config/load.h"

#include <algorithm>
#include <cstdlib>
#include <cstring>
#include <map>

#include <unistd.h>

#include "base/strings.h"
#include "config/assign.h"
#include "config/file.h"

namespace breakwater::config {
namespace {

constexpr std::size_t kMaxProblems = 20;
constexpr std::string_view kPrefix = "BREAKWATER_";
// Kept free for scripts and tests, which run the server as a child.
constexpr std::string_view kTestPrefix = "BREAKWATER_TEST_";

std::vector<std::string> Names(std::string Option::* member) {
  std::vector<std::string> names;
  for (const Option& option : Options()) names.push_back(option.*member);
  return names;
}

bool EndsWith(std::string_view text, std::string_view end) {
  return text.size() >= end.size() && text.substr(text.size() - end.size()) == end;
}

// Kubernetes sets these for every service in the namespace; one may well be called "breakwater".
bool IsServiceLink(std::string_view name) {
  return EndsWith(name, "_SERVICE_HOST") || name.find("_SERVICE_PORT") != std::string_view::npos ||
         EndsWith(name, "_PORT") || name.find("_TCP") != std::string_view::npos ||
         name.find("_UDP") != std::string_view::npos;
}

bool IsOtherVariable(std::string_view name) {
  const auto& known = OtherVariables();
  return name.substr(0, kTestPrefix.size()) == kTestPrefix || IsServiceLink(name) ||
         std::any_of(known.begin(), known.end(),
                     [&](const OtherVariable& variable) { return variable.name == name; });
}

std::string DidYouMean(std::string_view word, const std::vector<std::string>& known,
                       std::string_view dashes = "") {
  const std::string nearest = Nearest(word, known);
  if (nearest.empty()) return "";
  return "; did you mean '" + std::string(dashes) + nearest + "'?";
}

// "public" is no key, but the start of several.
std::string SectionKeys(std::string_view section) {
  std::vector<std::string> keys;
  for (const Option& option : Options()) {
    if (option.key.size() > section.size() && option.key.substr(0, section.size()) == section &&
        option.key[section.size()] == '.') {
      keys.push_back(option.key);
    }
  }
  return Join(keys, ", ");
}

class Loader {
 public:
  Loader() : origins_(Options().size(), "default") {}

  void ApplyDefaults() {
    for (const Option& option : Options()) {
      BW_CHECK(Assign(option, FromText(option, option.fallback), settings_).ok());
    }
  }

  void ApplyFile(const File& file) {
    auto entries = ParseFile(file.name, file.text);
    if (!entries.ok()) return Problem(entries.error().message());
    for (const Entry& entry : *entries) {
      const std::string line = file.name + ":" + std::to_string(entry.line);
      const std::string place = line + ":" + std::to_string(entry.column);
      if (const Option* option = FindByKey(entry.key)) {
        Apply(*option, entry.value, place, line);
      } else if (const std::string keys = SectionKeys(entry.key); !keys.empty()) {
        Problem(place + ": '" + entry.key + "' is a section; its keys are " + keys);
      } else {
        Problem(place + ": unknown key '" + entry.key + "'" +
                DidYouMean(entry.key, Names(&Option::key)));
      }
    }
  }

  void ApplyEnvironment(const LoadRequest& request) {
    for (const auto& [name, value] : request.environment) {
      if (const Option* option = FindByEnv(name)) {
        Apply(*option, FromText(*option, value), name, name);
      } else if (!IsOtherVariable(name)) {
        Problem("unknown environment variable '" + name + "'" +
                DidYouMean(name, Names(&Option::env)));
      }
    }
  }

  void ApplyFlags(const std::vector<FlagValue>& flags) {
    std::map<const Option*, std::vector<std::string>> given;
    for (const FlagValue& flag : flags) {
      if (const Option* option = FindByFlag(flag.name)) {
        given[option].push_back(flag.value);
      } else {
        Problem("unknown flag '--" + flag.name + "'" +
                DidYouMean(flag.name, Names(&Option::flag), "--"));
      }
    }
    for (const Option& option : Options()) {
      if (const auto it = given.find(&option); it != given.end()) ApplyFlag(option, it->second);
    }
  }

  void CheckTogether() {
    CheckTls("public", settings_.public_listener);
    CheckTls("private", settings_.private_listener);
    const ListenAddress& address = settings_.public_listener.address;
    if (address == settings_.private_listener.address && address.port != 0) {
      Problem(
          "public.listen and private.listen must differ: what arrives on one port cannot be "
          "both public and private");
    }
    if (!settings_.proxy.plane_header.empty() && settings_.proxy.trusted.empty()) {
      Problem("proxy.plane_header needs proxy.trusted: nobody else's word is taken for it");
    }
    CheckObjectStore();
  }

  Result<Loaded> Finish() && {
    if (!problems_.empty()) return Invalid(Join(problems_, "\n")).Reason("invalid_configuration");
    Loaded loaded{.settings = std::move(settings_), .effective = {}};
    const auto& options = Options();
    for (std::size_t i = 0; i < options.size(); ++i) {
      loaded.effective.push_back({.option = &options[i],
                                  .value = Render(options[i], loaded.settings),
                                  .origin = origins_[i]});
    }
    return loaded;
  }

 private:
  void Problem(std::string text) {
    if (problems_.size() < kMaxProblems) problems_.push_back(std::move(text));
  }

  void Apply(const Option& option, const Value& value, const std::string& place,
             const std::string& origin) {
    const Status status = Assign(option, value, settings_);
    if (!status.ok()) {
      return Problem(place + ": " + option.key + " = " + Show(option, value) + ": " +
                     status.error().message());
    }
    origins_[static_cast<std::size_t>(&option - Options().data())] = origin;
  }

  void ApplyFlag(const Option& option, const std::vector<std::string>& values) {
    const std::string place = "--" + option.flag;
    if (values.size() > 1 && !option.is_list()) return Problem(place + ": given more than once");
    std::string text = Join(values, option.is_tables() ? ";" : ",");
    if (option.kind == Kind::kBool && text.empty()) text = "true";
    Apply(option, FromText(option, text), place, place);
  }

  void CheckObjectStore() {
    const S3& s3 = settings_.s3;
    const bool redirects =
        std::any_of(settings_.registries.begin(), settings_.registries.end(),
                    [](const Registry& registry) { return registry.redirect_pulls; });
    if (s3.endpoint.empty()) {
      if (redirects) Problem("redirect_pulls needs s3.endpoint: there is nowhere to redirect to");
      return;
    }
    if (s3.bucket.empty()) Problem("s3.endpoint needs s3.bucket");
    if (s3.access_key.empty() != s3.secret_key.empty()) {
      Problem("s3.access_key and s3.secret_key belong together: set both, or neither");
    }
    if (s3.access_key.empty() && s3.credentials_file.empty()) {
      Problem(
          "s3.endpoint needs credentials: s3.access_key and s3.secret_key, or "
          "s3.credentials_file");
    }
  }

  void CheckTls(const std::string& section, const Listener& listener) {
    if (listener.tls_certificate.empty() != listener.tls_key.empty()) {
      Problem(section + ".tls_certificate and " + section +
              ".tls_key belong together: set both, or neither");
    }
  }

  Settings settings_;
  std::vector<std::string> origins_;
  std::vector<std::string> problems_;
};

}  // namespace

Result<Loaded> Load(const LoadRequest& request) {
  Loader loader;
  loader.ApplyDefaults();
  if (request.file) loader.ApplyFile(*request.file);
  loader.ApplyEnvironment(request);
  loader.ApplyFlags(request.flags);
  loader.CheckTogether();
  return std::move(loader).Finish();
}

std::vector<std::pair<std::string, std::string>> ReadEnvironment() {
  std::vector<std::pair<std::string, std::string>> out;
  for (char** entry = environ; *entry != nullptr; ++entry) {
    const auto parts = SplitN(*entry, '=', 2);
    if (parts.size() == 2 && parts[0].substr(0, kPrefix.size()) == kPrefix) {
      out.emplace_back(parts[0], parts[1]);
    }
  }
  return out;
}

void WipeSecretVariables() {
  for (const Option& option : Options()) {
    char* const value = option.is_secret() ? ::getenv(option.env.c_str()) : nullptr;
    if (value == nullptr) continue;
    ::explicit_bzero(value, std::strlen(value));
    ::unsetenv(option.env.c_str());
  }
}

}  // namespace breakwater::config

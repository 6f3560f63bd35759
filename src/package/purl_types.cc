#include "package/purl_types.h"

#include <algorithm>
#include <array>

#include "base/strings.h"

namespace breakwater::package {
namespace {

enum class Namespace { kOptional, kRequired, kProhibited };

struct TypeRule {
  std::string_view type;
  Namespace name_space;
  bool lower_namespace = false;
  bool lower_name = false;
  bool lower_version = false;
  std::string_view required_qualifier = {};
};

constexpr auto kOptional = Namespace::kOptional;
constexpr auto kRequired = Namespace::kRequired;
constexpr auto kProhibited = Namespace::kProhibited;

constexpr auto kRules = std::to_array<TypeRule>({
    {"alpm", kRequired, true, true},
    {"apk", kRequired, true, true},
    {"bazel", kProhibited},
    {"bitbucket", kRequired, true, true},
    {"bitnami", kProhibited, false, true},
    {"brew", kOptional, true, true},
    {"cargo", kProhibited},
    {"chrome-extension", kProhibited, false, true},
    {"cocoapods", kProhibited},
    {"composer", kRequired, true, true},
    {"conda", kProhibited},
    {"cpan", kOptional},
    {"cran", kProhibited},
    {"deb", kRequired, true, true},
    {"gem", kProhibited},
    {"git", kRequired},
    {"github", kRequired, true, true},
    {"golang", kRequired},
    {"hackage", kProhibited},
    {"hex", kOptional, true, true},
    {"huggingface", kRequired, false, false, true},
    {"julia", kProhibited, false, false, false, "uuid"},
    {"luarocks", kOptional, true, true},
    {"maven", kRequired},
    {"mlflow", kProhibited},
    {"npm", kOptional},
    {"nuget", kProhibited},
    {"oci", kProhibited, false, true, true},
    {"opam", kProhibited},
    {"otp", kProhibited, false, true},
    {"pub", kProhibited, false, true},
    {"pypi", kProhibited, false, true, true},
    {"qpkg", kRequired, true},
    {"rpm", kRequired, true},
    {"swid", kOptional, false, false, false, "tag_id"},
    {"swift", kRequired},
    {"vcpkg", kProhibited},
    {"vscode-extension", kRequired, true, true, true},
    {"yocto", kOptional, true},
});

Error Violates(const Purl& purl, std::string_view what) {
  return Invalid("package URL: type " + purl.type + " " + std::string(what)).Reason("invalid_purl");
}

bool IsLowerAlnum(char c) {
  return (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9');
}

// "^[a-p]{32}$" for the name and "^\\d+(\\.\\d+){0,3}$" for the version.
Status CheckChromeExtension(const Purl& purl) {
  const bool name_ok = purl.name.size() == 32 &&
                       std::ranges::all_of(purl.name, [](char c) { return c >= 'a' && c <= 'p'; });
  if (!name_ok) return Violates(purl, "has names of 32 letters from a to p");
  if (purl.version.empty()) return Ok();
  const auto numbers = Split(purl.version, '.');
  const bool version_ok =
      numbers.size() <= 4 && std::ranges::all_of(numbers, [](std::string_view n) {
        return !n.empty() && std::ranges::all_of(n, [](char c) { return c >= '0' && c <= '9'; });
      });
  if (!version_ok) return Violates(purl, "has versions of one to four numbers");
  return Ok();
}

// Databricks folds the case of model names, other MLflow servers keep it.
void FoldMlflow(Purl& purl) {
  const auto url = purl.qualifiers.find("repository_url");
  if (url != purl.qualifiers.end() && url->second.find("databricks") != std::string::npos) {
    purl.name = LowerAscii(purl.name);
  }
}

Status ApplyCpan(Purl& purl) {
  if (purl.name.find("::") != std::string::npos) {
    return Violates(purl, "names distributions, not modules");
  }
  std::ranges::transform(purl.name_space, purl.name_space.begin(), [](char c) {
    return c >= 'a' && c <= 'z' ? static_cast<char>(c - 'a' + 'A') : c;
  });
  return Ok();
}

// Rules that only one type has.
Status ApplyOwnRules(Purl& purl) {
  if (purl.type == "chrome-extension") return CheckChromeExtension(purl);
  if (purl.type == "cpan") return ApplyCpan(purl);
  if (purl.type == "mlflow") FoldMlflow(purl);
  if (purl.type == "pypi") std::ranges::replace(purl.name, '_', '-');
  if (purl.type == "pub") {
    std::ranges::replace_if(purl.name, [](char c) { return !IsLowerAlnum(c); }, '_');
  }
  // The host of that name folds case, whatever git itself does.
  if (purl.type == "git" && purl.name_space == "github") purl.name = LowerAscii(purl.name);
  return Ok();
}

}  // namespace

bool NameHoldsSlashes(std::string_view type) {
  return type == "git";
}

Status ApplyPurlTypeRules(Purl& purl) {
  const auto rule = std::ranges::find(kRules, std::string_view(purl.type), &TypeRule::type);
  if (rule == kRules.end()) return Ok();
  if (rule->name_space == kProhibited && !purl.name_space.empty()) {
    return Violates(purl, "has no namespace");
  }
  if (rule->name_space == kRequired && purl.name_space.empty()) {
    return Violates(purl, "needs a namespace");
  }
  if (!rule->required_qualifier.empty() &&
      !purl.qualifiers.contains(std::string(rule->required_qualifier))) {
    return Violates(purl, "needs the qualifier " + std::string(rule->required_qualifier));
  }
  if (rule->lower_namespace) purl.name_space = LowerAscii(purl.name_space);
  if (rule->lower_name) purl.name = LowerAscii(purl.name);
  if (rule->lower_version) purl.version = LowerAscii(purl.version);
  return ApplyOwnRules(purl);
}

}  // namespace breakwater::package

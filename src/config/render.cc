#include "config/render.h"

#include <algorithm>
#include <string_view>

#include "base/strings.h"
#include "config/audit_sink.h"
#include "config/options.h"
#include "config/sign_in_source.h"

namespace breakwater::config {
namespace {

constexpr std::string_view kIntroduction =
    "# Configuration\n"
    "\n"
    "Made from the table of options in `src/config/options.cc` by `./dev reference`; do not edit.\n"
    "\n"
    "Every option is a key in a TOML file (`--config FILE` or `BREAKWATER_CONFIG`), a variable in\n"
    "the environment and a flag of `breakwater serve`. A flag overrides the environment, which\n"
    "overrides the file, which overrides the default; a list is replaced as a whole. An unknown\n"
    "name is an error wherever it stands. `breakwater config` prints the effective values and\n"
    "where each came from.\n"
    "\n"
    "- Durations are a whole number with `ms`, `s`, `m`, `h` or `d`; sizes are bytes, or a number\n"
    "  with `KiB`, `MiB`, `GiB` or `TiB`.\n"
    "- Lists are separated by `,` in the environment; their flags may be repeated.\n"
    "- Variables that Kubernetes sets for a service (`…_SERVICE_HOST`, `…_PORT` and their like)\n"
    "  and those that start with `BREAKWATER_TEST_` are ignored.\n";

constexpr std::string_view kRegistries =
    "\n"
    "In the file a registry is a table:\n"
    "\n"
    "```toml\n"
    "[[registry]]\n"
    "public_hosts = [\"us.icr.example\"]           # the first names the registry\n"
    "private_hosts = [\"private.us.icr.example\"]\n"
    "region = \"us-south\"                         # default: local\n"
    "```\n"
    "\n"
    "In the environment and as a flag it is a text; several are separated by `;`, or the flag is\n"
    "repeated: `--registry us.icr.example,private=private.us.icr.example,region=us-south`.\n";

constexpr std::string_view kSources =
    "\n"
    "In the file a source is a table, in the environment and as a flag its keys and\n"
    "percent-encoded values joined by `&`; several are separated by `;`:\n"
    "\n"
    "```toml\n"
    "[[sign_in]]\n"
    "kind = \"local\"\n"
    "name = \"local\"\n"
    "\n"
    "[[sign_in]]\n"
    "kind = \"ldap\"\n"
    "name = \"corp\"\n"
    "url = \"ldaps://ldap.example.com\"\n"
    "bind_dn = \"cn=reader,dc=example,dc=com\"\n"
    "bind_password_file = \"/etc/breakwater/ldap.password\"\n"
    "user_base = \"ou=people,dc=example,dc=com\"\n"
    "group_base = \"ou=groups,dc=example,dc=com\"\n"
    "```\n"
    "\n"
    "[Signing in](identity.md) has an example for each kind.\n"
    "\n";

constexpr std::string_view kSinks =
    "\n"
    "In the file a sink is a table, in the environment and as a flag its keys and percent-encoded\n"
    "values joined by `&`; several are separated by `;`:\n"
    "\n"
    "```toml\n"
    "[[audit_sink]]\n"
    "kind = \"file\"\n"
    "name = \"disk\"\n"
    "directory = \"/var/log/breakwater\"\n"
    "\n"
    "[[audit_sink]]\n"
    "kind = \"syslog\"\n"
    "name = \"siem\"\n"
    "address = \"logs.example.com:6514\"\n"
    "```\n"
    "\n"
    "[The audit trail](audit.md) says what each kind promises.\n"
    "\n";

std::string Default(const Option& option) {
  if (option.is_list()) return "none";
  return option.fallback.empty() ? "empty" : "`" + option.fallback + "`";
}

void AppendOption(const Option& option, std::string& out) {
  out += "\n## `" + option.key + "`\n\n" + option.description + "\n\n";
  out += "| default | allowed | environment | flag |\n| --- | --- | --- | --- |\n";
  out += "| " + Default(option) + " | " + Allowed(option) + " | `" + option.env + "` | `--" +
         option.flag + "` |\n";
  if (option.kind == Kind::kRegistries) out += kRegistries;
  if (option.kind == Kind::kSources) out += std::string(kSources) + DescribeSources();
  if (option.kind == Kind::kSinks) out += std::string(kSinks) + DescribeSinks();
}

}  // namespace

std::string RenderEffective(const Loaded& loaded) {
  std::size_t width = 0;
  for (const Effective& row : loaded.effective) {
    const std::size_t length = row.option->key.size() + 3 + row.value.size();
    if (length <= 60) width = std::max(width, length);
  }
  std::string out;
  for (const Effective& row : loaded.effective) {
    std::string line = row.option->key + " = " + row.value;
    line.resize(std::max(width, line.size()), ' ');
    out += line + "  # " + row.origin + "\n";
  }
  return out;
}

std::string RenderReference() {
  std::string out(kIntroduction);
  for (const Option& option : Options()) AppendOption(option, out);
  out += "\n## Other variables\n\n| variable | meaning |\n| --- | --- |\n";
  for (const OtherVariable& variable : OtherVariables()) {
    out += "| `" + variable.name + "` | " + variable.description + " |\n";
  }
  return out;
}

}  // namespace breakwater::config

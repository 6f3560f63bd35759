// Sources of identities as configuration has them: tables of a file, or texts.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"
#include "config/file.h"
#include "config/settings.h"

namespace breakwater::config {

// A table of the file.
Result<SignInSource> SourceFromTable(const std::vector<Entry>& table);
// "kind=ldap&name=corp&url=ldaps%3A%2F%2Fldap.example.com": the keys of the table, percent-encoded.
Result<SignInSource> ParseSource(std::string_view text);
// Whether each is complete, and no two have one name.
Status CheckSources(const std::vector<SignInSource>& sources);
// As an inline table, without secrets.
std::string RenderSource(const SignInSource& source);
// The keys of each kind of source, for the reference.
std::string DescribeSources();

}  // namespace breakwater::config

// Policies and roles in the forms of the reference's policy API, v1 and v2.
#pragma once

#include <span>
#include <string>
#include <vector>

#include "iam/policies.h"
#include "json/json.h"
#include "json/reader.h"

namespace breakwater::api::iam {

namespace domain = ::breakwater::iam;

// What a policy of an account says. kInvalid: "invalid_field" with the path, "role_not_found",
// "unable_to_process" for type authorization.
Result<domain::PolicyContent> DecodePolicyV1(const json::Value& document, const AccountId& account);
Result<domain::PolicyContent> DecodePolicyV2(const json::Value& document, const AccountId& account);

// What a v1 policy gives (`roles` and `resources`), whoever to. The CRN of a role that is not
// known, or "": for UnknownRole, once the document is read.
std::string ReadGrantV1(const json::Reader& in, const AccountId& account,
                        domain::PolicyContent* content);
// OK for "", else kInvalid "role_not_found".
Status UnknownRole(const std::string& crn);

// Whether v1 has words for all that the policy says.
bool FitsV1(const domain::Policy& policy);

// `roles` null: as stored. Else with names, texts and actions of each role ("format=display"); it
// holds the account's custom roles.
json::Object EncodePolicyV1(const domain::Policy& policy,
                            const std::vector<domain::CustomRole>* roles = nullptr);
json::Object EncodePolicyV2(const domain::Policy& policy,
                            const std::vector<domain::CustomRole>* roles = nullptr);

json::Object EncodeCustomRole(const domain::CustomRole& role);
// One of the system's, with what it gives on these services.
json::Object EncodeSystemRole(domain::Role role, std::span<const std::string_view> services);

}  // namespace breakwater::api::iam

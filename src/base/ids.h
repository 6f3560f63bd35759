// Identifiers used everywhere: accounts, IAM ids, registry names, UUIDs and CRNs.
#pragma once

#include <string>
#include <string_view>

#include "base/result.h"
#include "base/strong.h"
#include "base/time.h"

namespace breakwater {

using AccountId = StrongString<struct AccountIdTag>;
// "IBMid-…" (user), "iam-ServiceId-…", "iam-Profile-…". Empty = anonymous.
using IamId = StrongString<struct IamIdTag>;
// A registry's name: its first public host name, or its listener's address.
using RegistryName = StrongString<struct RegistryNameTag>;

// Random UUID (RFC 9562 §5.4), lower case with dashes.
std::string NewUuid();
// Time-ordered UUID (RFC 9562 §5.7): keeps an index's new rows together.
std::string NewUuidV7(Timestamp now);

// Cloud resource name, in the reference system's shape:
// crn:v1:bluemix:public:<service>:<location>:a/<account>:<instance>:<type>:<resource>
struct Crn {
  std::string service;
  std::string location;
  AccountId account;
  std::string instance;
  std::string type;
  std::string resource;

  std::string ToString() const;
  static Result<Crn> Parse(std::string_view text);
  friend bool operator==(const Crn&, const Crn&) = default;
};

}  // namespace breakwater

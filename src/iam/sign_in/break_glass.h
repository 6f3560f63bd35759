// One identity for the day when nothing else lets anybody in: of no source and no row, with the
// owner's rights, configured by who runs the program. Each use is recorded loudly.
#pragma once

#include <string>
#include <string_view>

#include "base/ids.h"
#include "base/result.h"
#include "base/secret.h"

namespace breakwater::iam {

inline constexpr std::string_view kBreakGlassId = "BreakGlass-local";
inline constexpr std::string_view kBreakGlassSource = "break-glass";  // of its sessions

struct BreakGlass {
  std::string name = "break-glass";
  Secret password_hash{};  // Argon2id, PHC string; empty: there is no such identity
};

inline bool IsBreakGlass(const IamId& iam_id) {
  return iam_id.value() == kBreakGlassId;
}

}  // namespace breakwater::iam

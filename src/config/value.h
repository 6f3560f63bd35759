// Texts of the values that options hold. Every Parse accepts what the Format of the same name
// makes. Messages say what is allowed and leave key, value and place to the caller.
#pragma once

#include <chrono>
#include <cstdint>
#include <string>
#include <string_view>

#include "base/result.h"
#include "config/settings.h"

namespace breakwater::config {

// A whole number and a unit: "250ms", "30s", "5m", "72h", "30d".
Result<std::chrono::milliseconds> ParseDuration(std::string_view text);
std::string FormatDuration(std::chrono::milliseconds duration);  // in the largest exact unit

// Bytes: a whole number, alone or with B, KiB, MiB, GiB or TiB.
Result<std::int64_t> ParseSize(std::string_view text);
std::string FormatSize(std::int64_t bytes);  // in the largest exact unit

// "127.0.0.1:5000" or "[::1]:5000".
Result<ListenAddress> ParseListenAddress(std::string_view text);
std::string FormatListenAddress(const ListenAddress& address);

// A host name of RFC 1123 §2.1, with ":port" if it has one; made lower case.
Result<std::string> ParseHost(std::string_view text);

// "us.icr.example,private=private.us.icr.example,region=us-south": names without a word before them
// are public.
Result<Registry> ParseRegistry(std::string_view text);
// Checks and normalises hosts and region; an empty region becomes "local".
Result<Registry> NormaliseRegistry(Registry registry);

// The text as a TOML basic string, quotes included.
std::string QuoteToml(std::string_view text);

}  // namespace breakwater::config

// `breakwater advisories import`.
#pragma once

#include <string>

#include "base/result.h"
#include "cli/client.h"
#include "cli/feed_file.h"
#include "cli/login.h"
#include "json/json.h"

namespace breakwater::cli {

// Sends a feed; the server's account of what it took.
Result<json::Value> SendFeed(Client& client, FeedFile& feed);
// That account in one line: "33000 vulnerabilities from debian-osv.tar.zst, newest 2025-02-12".
std::string DescribeFeed(const json::Value& feed);

// The process's exit status.
int ImportAdvisories(const RawClientArguments& raw, const std::string& path);

}  // namespace breakwater::cli

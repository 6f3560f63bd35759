// Pages of lists that are in memory as a whole.
#pragma once

#include <string_view>

#include "api/scc_face.h"
#include "json/json.h"

namespace breakwater::api::posture {

// The page of `all` under `name`, with the fields of PageFields.
net::Response PageOfAll(const Context& context, const Page& page, const json::Array& all,
                        std::string_view name, std::string_view path);

}  // namespace breakwater::api::posture

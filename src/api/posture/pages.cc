#include "api/posture/pages.h"

namespace breakwater::api::posture {

net::Response PageOfAll(const Context& context, const Page& page, const json::Array& all,
                        std::string_view name, std::string_view path) {
  const auto size = static_cast<std::int64_t>(all.size());
  json::Object body = PageFields(context, page, size, path);
  json::Array items;
  for (std::int64_t i = page.offset; i < size && i < page.offset + page.limit; ++i) {
    items.push_back(all[static_cast<std::size_t>(i)]);
  }
  body[name] = std::move(items);
  return JsonResponse(200, body);
}

}  // namespace breakwater::api::posture

// Lists of the management API that are read page by page: sent whole while they are read, or in
// parts where the client asks for those.
#pragma once

#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "api/listing.h"
#include "registry/image_list.h"

namespace breakwater::api::management {

// A list on its way. Refers to nothing of the request: it outlives that.
class Walk {
 public:
  Walk() = default;
  virtual ~Walk() = default;
  Walk(const Walk&) = delete;
  Walk& operator=(const Walk&) = delete;

  // Where a part of the list begins: what Position gave. kInvalid "invalid_field".
  virtual Status Begin(std::string_view start) = 0;
  // At most `most` entries, perhaps none.
  virtual Result<std::vector<std::string>> Next(std::size_t most) = 0;
  virtual std::string Position() const = 0;
  bool more() const { return more_; }

 protected:
  void set_more(bool more) { more_ = more; }

 private:
  bool more_ = true;
};

Error BadStart();
// "ns/app@sha256:…", or nothing. kInvalid "invalid_field".
Result<registry::ImagePosition> ImagePositionOf(std::string_view start);
std::string ToString(const registry::ImagePosition& position);

// All of it, or with ?limit= one part and a link to the next.
Result<net::Response> WalkResponse(const Context& context, ListKind kind,
                                   std::shared_ptr<Walk> walk);

}  // namespace breakwater::api::management

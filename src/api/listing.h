// Answers that are lists of any length: sent while they are read, in bounded memory, with the first
// bytes as soon as the first part is there.
#pragma once

#include <functional>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "api/endpoint.h"

namespace breakwater::api {

// Gives the printed entries of the next part (each an array's element, or an object's member with
// its name), or nothing at the end. It is called after the handler has returned, on any thread.
using NextPart = std::function<Result<std::optional<std::vector<std::string>>>()>;

enum class ListKind { kArray, kObject };

// The first part is read at once, so that what fails there is an error in the usual form. An error
// later cuts the connection: the client sees that the answer is not whole. With `member` the answer
// is an object in which the list has that name; `before` are the members before it.
Result<net::Response> ListResponse(ListKind kind, NextPart next, std::string_view member = {},
                                   const json::Object& before = {});

// A list that is in memory as a whole.
net::Response PrintedList(ListKind kind, const std::vector<std::string>& entries);

// The member of an object as NextPart wants it.
std::string Member(std::string_view name, const json::Value& value);

// How a client asks for a part of a list: ?limit= and ?start=. Both are extras of ours.
struct PageRequest {
  std::optional<std::size_t> limit;
  std::string start;
};
inline constexpr std::size_t kMaxPageLimit = 1000;
// kInvalid "invalid_field".
Result<PageRequest> PageRequestOf(const Context& context);
// Link: <…>; rel="next": the request's own URL with another `start`.
void LinkToNext(const Context& context, std::string_view start, net::Response& response);

}  // namespace breakwater::api

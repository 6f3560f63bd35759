#include "api/listing.h"

#include <algorithm>
#include <charconv>

#include "base/strings.h"

namespace breakwater::api {
namespace {

struct Brackets {
  char open;
  char close;
};

Brackets BracketsOf(ListKind kind) {
  return kind == ListKind::kArray ? Brackets{'[', ']'} : Brackets{'{', '}'};
}

void Print(const std::vector<std::string>& entries, bool& first, std::string& out) {
  for (const std::string& entry : entries) {
    if (!first) out += ',';
    first = false;
    out += entry;
  }
}

class ListSource final : public io::Source {
 public:
  // `text` is printed already.
  ListSource(ListKind kind, std::string text, bool first, NextPart next)
      : kind_(kind), text_(std::move(text)), first_(first), next_(std::move(next)) {}

  Result<std::size_t> Read(std::span<std::byte> out) override {
    while (sent_ == text_.size()) {
      if (ended_) return 0;
      text_.clear();
      sent_ = 0;
      BW_TRY(const auto part, next_());
      if (part) {
        Print(*part, first_, text_);
      } else {
        text_ += BracketsOf(kind_).close;
        ended_ = true;
      }
    }
    const std::size_t count = std::min(out.size(), text_.size() - sent_);
    std::copy_n(AsBytes(text_).begin() + static_cast<std::ptrdiff_t>(sent_), count, out.begin());
    sent_ += count;
    return count;
  }

 private:
  const ListKind kind_;
  std::string text_;
  std::size_t sent_ = 0;
  bool first_;
  bool ended_ = false;
  NextPart next_;
};

}  // namespace

Result<net::Response> ListResponse(ListKind kind, NextPart next) {
  BW_TRY(const auto part, next());
  if (!part) return PrintedList(kind, {});
  std::string text(1, BracketsOf(kind).open);
  bool first = true;
  Print(*part, first, text);
  net::Response response = EmptyResponse(200);
  response.headers.Set("Content-Type", "application/json");
  response.body = net::StreamBody{
      .source = std::make_unique<ListSource>(kind, std::move(text), first, std::move(next)),
      .length = std::nullopt};
  return response;
}

net::Response PrintedList(ListKind kind, const std::vector<std::string>& entries) {
  std::string text(1, BracketsOf(kind).open);
  bool first = true;
  Print(entries, first, text);
  text += BracketsOf(kind).close;
  net::Response response = EmptyResponse(200);
  response.headers.Set("Content-Type", "application/json");
  response.body = std::move(text);
  return response;
}

std::string Member(std::string_view name, const json::Value& value) {
  return json::Serialize(json::Text(name)) + ":" + json::Serialize(value);
}

Result<PageRequest> PageRequestOf(const Context& context) {
  PageRequest page;
  page.start = std::string(context.query.Get("start").value_or(""));
  const auto text = context.query.Get("limit");
  if (!text) return page;
  std::size_t limit = 0;
  const auto [end, error] = std::from_chars(text->data(), text->data() + text->size(), limit);
  if (error != std::errc() || end != text->data() + text->size() || limit == 0 ||
      limit > kMaxPageLimit) {
    return Invalid("limit: must be a number from 1 to 1000").Reason("invalid_field");
  }
  page.limit = limit;
  return page;
}

void LinkToNext(const Context& context, std::string_view start, net::Response& response) {
  std::string query;
  for (const std::string_view part : Split(context.request.query, '&')) {
    if (part.empty() || part.substr(0, part.find('=')) == "start") continue;
    query += std::string(part) + "&";
  }
  response.headers.Set("Link", "<" + context.request.path + "?" + query +
                                   "start=" + PercentEncode(start, "/:") + ">; rel=\"next\"");
}

}  // namespace breakwater::api

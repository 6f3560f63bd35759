#include "api/listing.h"

#include <algorithm>
#include <charconv>

#include "base/strings.h"

namespace breakwater::api {
namespace {

// What stands around the entries.
struct Frame {
  std::string before;
  std::string after;
};

Frame FrameOf(ListKind kind, std::string_view member, const json::Object& before) {
  Frame frame = kind == ListKind::kArray ? Frame{"[", "]"} : Frame{"{", "}"};
  if (member.empty()) return frame;
  std::string head = "{";
  for (const auto& [name, value] : before) {
    head += Member(std::string_view(name.data(), name.size()), value) + ",";
  }
  return {head + json::Serialize(json::Text(member)) + ":" + frame.before, frame.after + "}"};
}

void Print(const std::vector<std::string>& entries, bool& first, std::string& out) {
  for (const std::string& entry : entries) {
    if (!first) out += ',';
    first = false;
    out += entry;
  }
}

// After so many parts without an entry the list says that it is not over (RFC 8259 §2 allows the
// space), and learns whether anybody still listens.
constexpr std::size_t kEmptyParts = 8;

class ListSource final : public io::Source {
 public:
  // `text` is printed already, `end` is what stands after the last entry.
  ListSource(std::string text, std::string end, bool first, NextPart next)
      : text_(std::move(text)), end_(std::move(end)), first_(first), next_(std::move(next)) {}

  Result<std::size_t> Read(std::span<std::byte> out) override {
    while (sent_ == text_.size()) {
      if (ended_) return 0;
      text_.clear();
      sent_ = 0;
      BW_TRY(const auto part, next_());
      if (part) {
        Print(*part, first_, text_);
        if (text_.empty() && ++empty_parts_ % kEmptyParts == 0) text_ = "\n";
      } else {
        text_ += end_;
        ended_ = true;
      }
    }
    const std::size_t count = std::min(out.size(), text_.size() - sent_);
    std::copy_n(AsBytes(text_).begin() + static_cast<std::ptrdiff_t>(sent_), count, out.begin());
    sent_ += count;
    return count;
  }

 private:
  std::string text_;
  const std::string end_;
  std::size_t sent_ = 0;
  bool first_;
  bool ended_ = false;
  std::size_t empty_parts_ = 0;
  NextPart next_;
};

net::Response JsonText(decltype(net::Response::body) body) {
  net::Response response = EmptyResponse(200);
  response.headers.Set("Content-Type", "application/json");
  response.body = std::move(body);
  return response;
}

}  // namespace

Result<net::Response> ListResponse(ListKind kind, NextPart next, std::string_view member,
                                   const json::Object& before) {
  BW_TRY(const auto part, next());
  Frame frame = FrameOf(kind, member, before);
  if (!part) return JsonText(frame.before + frame.after);
  std::string text = std::move(frame.before);
  bool first = true;
  Print(*part, first, text);
  return JsonText(
      net::StreamBody{.source = std::make_unique<ListSource>(
                          std::move(text), std::move(frame.after), first, std::move(next)),
                      .length = std::nullopt});
}

net::Response PrintedList(ListKind kind, const std::vector<std::string>& entries) {
  const Frame frame = FrameOf(kind, {}, {});
  std::string text = frame.before;
  bool first = true;
  Print(entries, first, text);
  return JsonText(text + frame.after);
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

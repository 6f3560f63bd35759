#include "json/reader.h"

#include <algorithm>

#include "base/strings.h"

namespace breakwater::json {
namespace {

const Value kNull;

}  // namespace

Reader::Reader(const Value& document) : Reader(document, "", std::make_shared<Shared>()) {}

Reader::Reader(const Value& value, std::string path, std::shared_ptr<Shared> shared)
    : value_(&value), path_(std::move(path)), shared_(std::move(shared)) {}

const Object* Reader::ObjectHere() const {
  const Object* object = value_->if_object();
  if (object == nullptr) Fail("must be an object");
  return object;
}

Reader Reader::Field(std::string_view name) const {
  if (auto found = Optional(name)) return *found;
  Reader absent(kNull, path_.empty() ? std::string(name) : path_ + "." + std::string(name),
                shared_);
  absent.Fail("is required");
  return absent;
}

std::optional<Reader> Reader::Optional(std::string_view name) const {
  const Object* object = ObjectHere();
  if (object == nullptr) return std::nullopt;
  const Value* member = object->if_contains({name.data(), name.size()});
  if (member == nullptr || member->is_null()) return std::nullopt;
  return Reader(*member, path_.empty() ? std::string(name) : path_ + "." + std::string(name),
                shared_);
}

std::string Reader::String(std::string_view name, std::string_view fallback) const {
  const auto member = Optional(name);
  return member ? member->String() : std::string(fallback);
}

bool Reader::Bool(std::string_view name, bool fallback) const {
  const auto member = Optional(name);
  return member ? member->Bool() : fallback;
}

std::int64_t Reader::Int(std::string_view name, std::int64_t fallback) const {
  const auto member = Optional(name);
  return member ? member->Int() : fallback;
}

std::string Reader::String() const {
  if (const auto* text = value_->if_string()) return std::string(View(*text));
  Fail("must be a string");
  return {};
}

bool Reader::Bool() const {
  if (const auto* flag = value_->if_bool()) return *flag;
  Fail("must be true or false");
  return false;
}

std::int64_t Reader::Int() const {
  if (const auto* number = value_->if_int64()) return *number;
  Fail("must be an integer");
  return 0;
}

std::vector<Reader> Reader::Items(std::size_t limit) const {
  std::vector<Reader> items;
  const Array* array = value_->if_array();
  if (array == nullptr) {
    Fail("must be an array");
  } else if (array->size() > limit) {
    Fail("must have at most " + std::to_string(limit) + " elements");
  } else {
    for (std::size_t i = 0; i < array->size(); ++i) {
      items.push_back(Reader((*array)[i], path_ + "[" + std::to_string(i) + "]", shared_));
    }
  }
  return items;
}

std::vector<std::string> Reader::Strings(std::size_t limit) const {
  std::vector<std::string> out;
  for (const Reader& item : Items(limit)) out.push_back(item.String());
  return out;
}

void Reader::OnlyFields(const std::vector<std::string>& known) const {
  const Object* object = ObjectHere();
  if (object == nullptr) return;
  for (const auto& member : *object) {
    const std::string name(member.key().data(), member.key().size());
    if (std::find(known.begin(), known.end(), name) != known.end()) continue;
    const std::string nearest = Nearest(name, known);
    Fail("has the unknown field '" + name.substr(0, 64) + "'" +
         (nearest.empty() ? "" : "; did you mean '" + nearest + "'?"));
    return;
  }
}

void Reader::Fail(std::string_view what) const {
  if (shared_->first) return;
  const std::string where = path_.empty() ? "the document" : path_;
  shared_->first =
      Invalid(where + ": " + std::string(what)).Reason("invalid_field").Detail("path", path_);
}

bool Reader::failed() const {
  return shared_->first.has_value();
}

Status Reader::Finish() const {
  if (shared_->first) return *shared_->first;
  return Ok();
}

}  // namespace breakwater::json

#include "net/entity_tags.h"

#include <algorithm>

#include "base/strings.h"

namespace breakwater::net {
namespace {

constexpr std::string_view kSeparators = " \t,";

struct Member {
  std::string_view opaque;
  bool weak = false;
};

// Takes the first member of a list, which does not begin with a separator.
Member TakeMember(std::string_view& list) {
  Member member;
  member.weak = list.starts_with("W/");
  if (member.weak) list.remove_prefix(2);
  if (list.starts_with('"')) {
    const std::size_t close = list.find('"', 1);
    if (close == std::string_view::npos) {
      list = {};
      return member;
    }
    member.opaque = list.substr(1, close - 1);
    list.remove_prefix(close + 1);
    return member;
  }
  const std::size_t end = std::min(list.find_first_of(kSeparators), list.size());
  member.opaque = list.substr(0, end);
  list.remove_prefix(end);
  return member;
}

bool ListNames(std::string_view list, std::string_view opaque, EntityTagComparison comparison) {
  if (Trim(list) == "*") return true;
  while (true) {
    const std::size_t begin = list.find_first_not_of(kSeparators);
    if (begin == std::string_view::npos) return false;
    list.remove_prefix(begin);
    const Member member = TakeMember(list);
    const bool counts = !member.weak || comparison == EntityTagComparison::kWeak;
    if (counts && !member.opaque.empty() && member.opaque == opaque) return true;
  }
}

}  // namespace

bool NamesEntity(const Headers& headers, std::string_view field, std::string_view opaque,
                 EntityTagComparison comparison) {
  for (const std::string_view list : headers.GetAll(field)) {
    if (ListNames(list, opaque, comparison)) return true;
  }
  return false;
}

}  // namespace breakwater::net

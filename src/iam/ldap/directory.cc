#include "iam/ldap/directory.h"

#include <algorithm>
#include <set>

#include "base/strings.h"
#include "crypto/random.h"
#include "iam/ldap/filter.h"

namespace breakwater::iam::ldap {
namespace {

constexpr std::string_view kName = "{name}";
constexpr std::string_view kDn = "{dn}";
// Of one filter: a directory refuses filters that are too long.
constexpr std::size_t kGroupsAtOnce = 20;
// Of a name or a password that nobody has.
constexpr std::size_t kNobodyOctets = 12;

json::Array Texts(const std::vector<std::string>& texts) {
  json::Array all;
  for (const std::string& text : texts) all.push_back(json::Text(text));
  return all;
}

// The text if it is one that can be shown and stored, else "".
std::string Readable(std::string_view text) {
  const bool good = IsValidUtf8(text) && text.find('\0') == std::string_view::npos;
  return good ? std::string(text) : std::string();
}

}  // namespace

Status CheckOptions(const DirectoryOptions& options) {
  if (options.user_base.empty()) return Invalid("user_base is missing");
  BW_TRY_STATUS(CheckFilter(options.user_filter, kName).Context("user_filter"));
  if (options.group_base.empty()) return Ok();
  return CheckFilter(options.group_filter, kDn).Context("group_filter");
}

// One of the questions that may be asked at once: what hangs must not take every thread with it.
class Directory::Place {
 public:
  explicit Place(std::atomic<std::size_t>& busy) : busy_(busy), number_(++busy) {}
  ~Place() { --busy_; }
  Place(const Place&) = delete;
  Place& operator=(const Place&) = delete;
  std::size_t number() const { return number_; }

 private:
  std::atomic<std::size_t>& busy_;
  const std::size_t number_;
};

Result<std::unique_ptr<Connection>> Directory::Open() {
  BW_TRY(auto connection, connect_());
  if (options_.bind_dn.empty()) return connection;
  const Status bound = connection->Bind(options_.bind_dn, options_.bind_password);
  if (bound.ok()) return connection;
  // Our own password, not the one of who signs in.
  if (bound.error().code() == ErrorCode::kUnauthenticated) {
    return Unavailable("the directory cannot be used")
        .Reason("directory_unavailable")
        .Log("it does not take bind_dn with bind_password");
  }
  return bound.error();
}

Search Directory::UserSearch(std::string base, std::string filter) const {
  Search search;
  search.base = std::move(base);
  search.filter = std::move(filter);
  search.attributes = {options_.email_attribute, options_.first_name_attribute,
                       options_.last_name_attribute};
  if (!options_.id_attribute.empty()) search.attributes.push_back(options_.id_attribute);
  return search;
}

// Two of one name are nobody: who it is must not depend on a directory's order.
Result<std::optional<Entry>> Directory::FindOne(Connection& connection, Search search) {
  search.most = 2;
  BW_TRY(auto entries, connection.Find(search));
  if (entries.size() != 1 || entries.front().dn.empty()) return std::optional<Entry>{};
  return std::optional<Entry>(std::move(entries.front()));
}

// A bind that the directory refuses. Not with what was typed: it is nobody's here.
void Directory::PretendToBind(Connection& connection) const {
  const Status refused =
      connection.Bind("cn=" + crypto::RandomToken(kNobodyOctets) + "," + options_.user_base,
                      Secret(crypto::RandomToken(kNobodyOctets)));
  (void)refused;
}

// Whatever goes wrong would have gone wrong with somebody, too.
Status Directory::PretendToRefuse(bool looked) {
  if (looked) return Ok();
  const Place place(busy_);
  if (place.number() > options_.most_at_once) return Ok();
  const auto connection = Open();
  if (!connection.ok()) return Ok();
  const std::string nobody = crypto::RandomToken(kNobodyOctets);
  const auto found =
      FindOne(**connection,
              UserSearch(options_.user_base, FillFilter(options_.user_filter, kName, nobody)));
  if (found.ok()) PretendToBind(**connection);
  return Ok();
}

Result<std::optional<Person>> Directory::Check(std::string_view name, const Secret& password,
                                               const BeforeProof& before) {
  if (password.empty()) return WrongNameOrPassword();
  const Place place(busy_);
  if (place.number() > options_.most_at_once) {
    return Unavailable("the directory is asked too much at a time").Reason("directory_busy");
  }
  BW_TRY(const auto connection, Open());
  BW_TRY(const auto entry,
         FindOne(*connection,
                 UserSearch(options_.user_base, FillFilter(options_.user_filter, kName, name))));
  if (!entry) {
    PretendToBind(*connection);
    return std::optional<Person>{};
  }
  BW_TRY(const std::string subject, SubjectOf(*entry));
  BW_TRY_STATUS(before(subject));
  const Status proved = connection->Bind(entry->dn, password);
  if (!proved.ok()) {
    return proved.error().code() == ErrorCode::kUnauthenticated ? WrongNameOrPassword()
                                                                : proved.error();
  }
  // What they may see of their groups is less than what the searcher may.
  if (!options_.bind_dn.empty()) {
    BW_TRY_STATUS(connection->Bind(options_.bind_dn, options_.bind_password));
  }
  BW_TRY(Person person, Describe(*connection, *entry));
  return std::optional(std::move(person));
}

Result<std::optional<Person>> Directory::LookUp(std::string_view subject) {
  const Place place(busy_);
  if (place.number() > options_.most_at_once) {
    return Unavailable("the directory is asked too much at a time").Reason("directory_busy");
  }
  BW_TRY(const auto connection, Open());
  // The filter must still hold, whatever the name: it may be what shuts people out.
  const std::string filter = OpenFilter(options_.user_filter, kName);
  Search search = UserSearch(options_.user_base, filter);
  if (options_.id_attribute.empty()) {
    search.base = std::string(subject);
    search.scope = Scope::kBase;
  } else {
    search.filter =
        "(&" + filter + "(" + options_.id_attribute + "=" + EscapeFilterValue(subject) + "))";
  }
  BW_TRY(const auto entry, FindOne(*connection, std::move(search)));
  if (!entry) return std::optional<Person>{};
  BW_TRY(Person person, Describe(*connection, *entry));
  return std::optional(std::move(person));
}

Result<Directory::Groups> Directory::GroupsOf(Connection& connection, const std::string& dn) {
  Groups found;
  if (options_.group_base.empty()) return found;
  // Directories compare DNs without case, at least those of groups.
  std::set<std::string> seen{LowerAscii(dn)};
  std::vector<std::string> asked{dn};
  for (std::size_t depth = 0; depth < options_.most_group_depth && !asked.empty(); ++depth) {
    std::vector<std::string> next;
    for (std::size_t at = 0; at < asked.size(); at += kGroupsAtOnce) {
      const std::size_t many = std::min(kGroupsAtOnce, asked.size() - at);
      Search search;
      search.base = options_.group_base;
      search.filter = AnyOf(options_.group_filter, kDn, std::span(asked).subspan(at, many));
      search.attributes = {options_.group_name_attribute};
      search.most = options_.most_groups + 1;
      BW_TRY(const auto groups, connection.Find(search));
      for (const Entry& group : groups) {
        if (group.dn.empty() || !seen.insert(LowerAscii(group.dn)).second) continue;
        // Somebody of whose groups not all are known may be one who must not get in.
        if (found.dns.size() == options_.most_groups) {
          return Unavailable("somebody is in too many groups of the directory")
              .Reason("too_many_groups")
              .Log(dn);
        }
        next.push_back(group.dn);
        found.dns.push_back(Readable(group.dn));
        const std::string name = Readable(group.First(LowerAscii(options_.group_name_attribute)));
        if (!name.empty()) found.names.push_back(name);
      }
    }
    asked = std::move(next);
  }
  return found;
}

Result<std::string> Directory::SubjectOf(const Entry& entry) const {
  if (options_.id_attribute.empty()) return LowerAscii(entry.dn);
  std::string subject = Readable(entry.First(LowerAscii(options_.id_attribute)));
  if (!subject.empty()) return subject;
  return Unavailable("the directory does not say who somebody is")
      .Reason("directory_unavailable")
      .Log("no " + options_.id_attribute + " in " + entry.dn);
}

Result<Person> Directory::Describe(Connection& connection, const Entry& entry) {
  const auto text = [&](const std::string& attribute) {
    return Readable(entry.First(LowerAscii(attribute)));
  };
  Person person;
  BW_TRY(person.subject, SubjectOf(entry));
  person.email = LowerAscii(text(options_.email_attribute));
  person.first_name = text(options_.first_name_attribute);
  person.last_name = text(options_.last_name_attribute);
  BW_TRY(const Groups groups, GroupsOf(connection, entry.dn));
  person.claims = {{"groups", Texts(groups.names)},
                   {"group_dns", Texts(groups.dns)},
                   {"dn", json::Text(Readable(entry.dn))},
                   {"email", json::Text(person.email)},
                   {"name", json::Text(person.first_name + " " + person.last_name)}};
  return person;
}

}  // namespace breakwater::iam::ldap

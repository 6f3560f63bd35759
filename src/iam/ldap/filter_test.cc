#include "iam/ldap/filter.h"

#include <gtest/gtest.h>
#include <rapidcheck/gtest.h>

#include "base/bytes.h"

namespace breakwater::iam::ldap {
namespace {

TEST(LdapFilter, NoNameCanChangeWhatIsAsked) {
  EXPECT_EQ(FillFilter("(uid={name})", "{name}", "*"), "(uid=\\2a)");
  EXPECT_EQ(FillFilter("(uid={name})", "{name}", "a)(objectClass=*"),
            "(uid=a\\29\\28objectClass=\\2a)");
  EXPECT_EQ(FillFilter("(uid={name})", "{name}", "dave (o'neil)"), "(uid=dave \\28o\\27neil\\29)");
  EXPECT_EQ(FillFilter("(|(uid={name})(mail={name}))", "{name}", "{name}"),
            "(|(uid=\\7bname\\7d)(mail=\\7bname\\7d))");
}

RC_GTEST_PROP(LdapFilter, EscapedTextHasNoSyntaxAndLosesNothing, ()) {
  const auto value = *rc::gen::arbitrary<std::string>();
  const std::string escaped = EscapeFilterValue(value);
  RC_ASSERT(escaped.find_first_of(std::string("()*\0", 4)) == std::string::npos);
  std::string back;
  for (std::size_t i = 0; i < escaped.size(); ++i) {
    if (escaped[i] != '\\') {
      back += escaped[i];
      continue;
    }
    const auto octet = HexDecode(escaped.substr(i + 1, 2));
    RC_ASSERT(octet.ok());
    back += AsText(*octet);
    i += 2;
  }
  RC_ASSERT(back == value);
}

TEST(LdapFilter, AsksForSeveralAtOnceAndForAny) {
  const std::vector<std::string> dns{"cn=a", "cn=b"};
  EXPECT_EQ(AnyOf("(member={dn})", "{dn}", dns), "(|(member=cn=a)(member=cn=b))");
  EXPECT_EQ(OpenFilter("(&(objectClass=person)(uid={name}))", "{name}"),
            "(&(objectClass=person)(uid=*))");
}

TEST(LdapFilter, ChecksWhatItIsGiven) {
  EXPECT_TRUE(CheckFilter("(&(a=b)(uid={name}))", "{name}").ok());
  for (const char* bad :
       {"", "uid={name}", "(uid={name}", "(a=b)(uid={name})", "(a=b)", "(uid={name}))"}) {
    EXPECT_FALSE(CheckFilter(bad, "{name}").ok()) << bad;
  }
}

}  // namespace
}  // namespace breakwater::iam::ldap

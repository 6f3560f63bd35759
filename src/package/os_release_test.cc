#include "package/os_release.h"

#include <gtest/gtest.h>

namespace breakwater::package {
namespace {

TEST(OsRelease, ReadsQuotedAndBareValues) {
  const OsRelease os = ParseOsRelease(
      "PRETTY_NAME=\"Debian GNU/Linux 12 (bookworm)\"\n"
      "NAME='Debian GNU/Linux'\n"
      "VERSION_ID=\"12\"\r\n"
      "# ID=commented\n"
      "VERSION_CODENAME=bookworm\n"
      "ID=Debian\n"
      "HOME_URL=\"https://www.debian.org/\"\n");
  EXPECT_EQ(os.id, "debian");
  EXPECT_EQ(os.version_id, "12");
  EXPECT_EQ(os.version_codename, "bookworm");
  EXPECT_EQ(os.name, "Debian GNU/Linux");
  EXPECT_EQ(os.pretty_name, "Debian GNU/Linux 12 (bookworm)");
}

TEST(OsRelease, UnescapesInsideDoubleQuotesOnly) {
  EXPECT_EQ(ParseOsRelease("NAME=\"a \\\"b\\\" \\$c \\\\\"").name, "a \"b\" $c \\");
  EXPECT_EQ(ParseOsRelease("NAME='a\\b'").name, "a\\b");
}

TEST(OsRelease, LastAssignmentWins) {
  EXPECT_EQ(ParseOsRelease("ID=a\nID=b\n").id, "b");
}

TEST(OsRelease, SurvivesRubbish) {
  EXPECT_TRUE(ParseOsRelease("").empty());
  EXPECT_TRUE(ParseOsRelease("no equals sign").empty());
  EXPECT_TRUE(ParseOsRelease("ID=\xff\xfe\n").empty());
  EXPECT_TRUE(ParseOsRelease("ID=" + std::string(5000, 'x')).empty());
  EXPECT_EQ(ParseOsRelease("ID=\"open").id, "open");
  EXPECT_EQ(ParseOsRelease("ID=\"\\").id, "\\");
}

TEST(OsRelease, DebianVersionGivesReleaseOrCodename) {
  EXPECT_EQ(ParseDebianVersion("12.11\n").version_id, "12");
  EXPECT_EQ(ParseDebianVersion("12.11\n").id, "debian");
  EXPECT_EQ(ParseDebianVersion("trixie/sid\n").version_id, "");
  EXPECT_EQ(ParseDebianVersion("trixie/sid\n").version_codename, "trixie/sid");
  EXPECT_TRUE(ParseDebianVersion("\n").empty());
}

}  // namespace
}  // namespace breakwater::package

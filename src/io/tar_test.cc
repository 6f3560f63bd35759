#include "io/tar.h"

#include <vector>

#include <gtest/gtest.h>
#include <rapidcheck/gtest.h>

#include "io/io_testing.h"

namespace breakwater::io {
namespace {

struct Item {
  TarEntry entry;
  std::string body;
  friend bool operator==(const Item&, const Item&) = default;
};

std::string Archive(const std::vector<Item>& items) {
  StringSink sink(64U << 20);
  TarWriter writer(sink);
  for (const auto& [entry, body] : items) {
    if (const auto added = writer.Add(entry, body); !added.ok()) {
      ADD_FAILURE() << added.error().message();
    }
  }
  EXPECT_TRUE(writer.Finish().ok());
  return sink.Take();
}

Result<std::vector<Item>> Walk(Source& source, const TarLimits& limits = {}) {
  TarReader reader(source, limits);
  std::vector<Item> items;
  while (true) {
    BW_TRY(auto entry, reader.Next());
    if (!entry.has_value()) return items;
    BW_TRY(std::string body, ReadAll(reader.Body(), 1U << 20));
    items.push_back({*std::move(entry), std::move(body)});
  }
}

Result<std::vector<Item>> Walk(std::string_view archive, const TarLimits& limits = {}) {
  StringSource source(archive);
  return Walk(source, limits);
}

Item FileItem(std::string path, std::string body) {
  Item item{{.path = std::move(path), .link_target = ""}, std::move(body)};
  item.entry.size = item.body.size();
  return item;
}

Item LinkItem(std::string path, TarType type, std::string target) {
  return {{.path = std::move(path), .type = type, .link_target = std::move(target), .mode = 0777},
          ""};
}

std::vector<Item> Sample() {
  Item directory{{.path = "etc", .type = TarType::kDirectory, .link_target = "", .mode = 0755}, ""};
  Item program = FileItem("bin/sh", std::string(1000, 's'));
  program.entry.mode = 04755;
  program.entry.mtime = 1'647'853'800;
  return {directory,
          FileItem("etc/os-release", "ID=debian\n"),
          program,
          LinkItem("lib", TarType::kSymlink, "../usr/lib"),
          LinkItem("bin/dash", TarType::kHardlink, "bin/sh"),
          FileItem("empty", "")};
}

// Overwrites part of the archive's first header and mends its checksum.
std::string Forge(std::string archive, std::size_t offset, std::string_view text) {
  archive.replace(offset, text.size(), text);
  archive.replace(148, 8, "        ");
  unsigned sum = 0;
  for (std::size_t i = 0; i < 512; ++i) sum += static_cast<unsigned char>(archive[i]);
  char digits[8];
  std::snprintf(digits, sizeof digits, "%06o", sum & 0777777U);
  archive.replace(148, 8, std::string(digits, 6) + std::string("\0 ", 2));
  return archive;
}

TEST(Tar, ReadsBackWhatItWrote) {
  const auto items = Walk(Archive(Sample()));
  ASSERT_TRUE(items.ok());
  EXPECT_EQ(*items, Sample());
}

TEST(Tar, TheSameEntriesGiveTheSameBytes) {
  EXPECT_EQ(Archive(Sample()), Archive(Sample()));
  EXPECT_EQ(Archive({}), std::string(1024, '\0'));
}

TEST(Tar, WritesTheUstarHeaderOfPosix) {
  const std::string archive = Archive({FileItem("a/b", "xyz")});
  EXPECT_EQ(archive.size(), 512U + 512 + 1024);
  EXPECT_EQ(archive.substr(0, 4), std::string("a/b\0", 4));
  EXPECT_EQ(archive.substr(100, 8), std::string("0000644\0", 8));
  EXPECT_EQ(archive.substr(124, 12), std::string("00000000003\0", 12));
  EXPECT_EQ(archive.substr(148, 8), std::string("007562\0 ", 8));  // as GNU tar has it
  EXPECT_EQ(archive.substr(156, 1), "0");
  EXPECT_EQ(archive.substr(257, 8), std::string("ustar\0"
                                                "00",
                                                8));
  EXPECT_EQ(archive.substr(512, 4), std::string("xyz\0", 4));
}

TEST(Tar, KeepsLongAndForeignNamesWhateverTheLocale) {
  const std::string deep = std::string(90, 'd') + "/" + std::string(90, 'e') + "/file";
  const std::string unsplittable = std::string(300, 'n');
  const std::string umlaut = "usr/share/F\xc5\x91tan\xc3\xbas\xc3\xadtv\xc3\xa1ny.crt";
  std::vector<Item> items = {FileItem(deep, "1"), FileItem(unsplittable, "2"),
                             FileItem(umlaut, "3"),
                             LinkItem("long", TarType::kSymlink, "/" + unsplittable),
                             LinkItem("hard", TarType::kHardlink, umlaut)};
  items[0].entry.mtime = -5;
  const auto read = Walk(Archive(items));
  ASSERT_TRUE(read.ok());
  EXPECT_EQ(*read, items);
}

TEST(Tar, KeepsEveryLengthOfNameAroundTheFieldsOfUstar) {
  for (std::size_t length = 95; length < 270; ++length) {
    for (const std::size_t cut : {1U, 50U, 99U, 154U, 156U}) {
      std::string name(length, 'x');
      if (cut + 1 < length) name[cut] = '/';
      Item directory{{.path = name, .type = TarType::kDirectory, .link_target = "", .mode = 0700},
                     ""};
      const std::vector<Item> items = {FileItem(name, "b"), directory};
      const auto read = Walk(Archive(items));
      ASSERT_TRUE(read.ok()) << length << " " << cut;
      ASSERT_EQ(*read, items) << length << " " << cut;
    }
  }
}

RC_GTEST_PROP(Tar, ReadsBackAnyBodiesInAnyPieces, (const std::vector<std::string>& bodies)) {
  std::vector<Item> items;
  for (const auto& body : bodies) {
    items.push_back(FileItem("f" + std::to_string(items.size()), body));
  }
  const std::string archive = Archive(items);
  StringSource source(archive, *rc::gen::inRange<std::size_t>(1, 700));
  const auto read = Walk(source);
  RC_ASSERT(read.ok());
  RC_ASSERT(*read == items);
}

TEST(Tar, SkipsBodiesThatNobodyReads) {
  const std::string archive = Archive(Sample());
  StringSource source(archive, 100);
  TarReader reader(source);
  std::vector<std::string> paths;
  while (true) {
    const auto entry = reader.Next();
    ASSERT_TRUE(entry.ok());
    if (!entry->has_value()) break;
    paths.push_back((*entry)->path);
  }
  EXPECT_EQ(paths, (std::vector<std::string>{"etc", "etc/os-release", "bin/sh", "lib", "bin/dash",
                                             "empty"}));
  EXPECT_FALSE((*reader.Next()).has_value());
}

TEST(Tar, EveryTruncationIsRefusedOrEndsBetweenTwoEntries) {
  const std::string archive = Archive(Sample());
  const std::vector<Item> whole = Sample();
  for (std::size_t size = 0; size < archive.size() - 1024; ++size) {
    const auto read = Walk(std::string_view(archive).substr(0, size));
    if (!read.ok()) {
      EXPECT_EQ(read.error().reason(), "malformed_tar") << size;
      continue;
    }
    EXPECT_EQ(size % 512, 0U) << size;
    ASSERT_LT(read->size(), whole.size()) << size;
    EXPECT_TRUE(std::equal(read->begin(), read->end(), whole.begin())) << size;
  }
}

TEST(Tar, ChangedBytesNeverCrashAndOwnChecksumsCatchHeaders) {
  const std::string archive = Archive({FileItem("name", "body"), FileItem("other", "body")});
  for (std::size_t i = 0; i < archive.size(); ++i) {
    std::string changed = archive;
    changed[i] = static_cast<char>(changed[i] ^ 0x41);
    const auto read = Walk(changed);
    EXPECT_TRUE(i >= 100 || !read.ok()) << i;
  }
}

TEST(Tar, NormalisesNames) {
  const std::pair<const char*, const char*> cases[] = {
      {"./usr//lib/", "usr/lib"}, {"/etc/passwd", "etc/passwd"}, {"./", ""},
      {"a/./b", "a/b"},           {"..a/b..", "..a/b.."},        {"///", ""}};
  for (const auto& [raw, clean] : cases) EXPECT_EQ(*NormaliseTarPath(raw), clean);
  for (const char* bad : {"..", "../a", "a/..", "a/../b", "/..", "./../x"}) {
    EXPECT_EQ(NormaliseTarPath(bad).error().reason(), "malformed_tar") << bad;
  }
  EXPECT_FALSE(NormaliseTarPath(std::string_view("a\0b", 3)).ok());
}

TEST(Tar, StripsLeadingSlashesAndRefusesDotDotInArchives) {
  const std::string archive = Archive({FileItem("aa/aa/file", "x")});
  EXPECT_EQ((*Walk(Forge(archive, 0, std::string_view("/a/./file\0", 10))))[0].entry.path,
            "a/file");
  EXPECT_EQ(Walk(Forge(archive, 0, "../../file")).error().reason(), "malformed_tar");
  EXPECT_EQ(Walk(Forge(archive, 0, "aa/../file")).error().reason(), "malformed_tar");
  const std::string link = Archive({LinkItem("l", TarType::kHardlink, "aa/aa/file")});
  EXPECT_EQ(Walk(Forge(link, 157, "../../file")).error().reason(), "malformed_tar");
}

TEST(Tar, TheRootDirectoryHasTheEmptyPathAndNothingElseHas) {
  Item root{{.path = "", .type = TarType::kDirectory, .link_target = "", .mode = 0755}, ""};
  EXPECT_EQ((*Walk(Archive({root})))[0], root);
  const std::string archive = Archive({FileItem("aa", "x")});
  EXPECT_FALSE(Walk(Forge(archive, 0, "./")).ok());
}

TEST(Tar, RefusesTooManyEntriesLongNamesAndTooMuchContent) {
  std::vector<Item> items;
  for (int i = 0; i < 11; ++i) items.push_back(FileItem("f" + std::to_string(i), "0123456789"));
  const std::string archive = Archive(items);
  EXPECT_TRUE(Walk(archive, {.max_entries = 11, .max_name = 3, .max_total_size = 110}).ok());
  EXPECT_EQ(Walk(archive, {.max_entries = 10}).error().reason(), "tar_too_large");
  EXPECT_EQ(Walk(archive, {.max_name = 2}).error().reason(), "tar_too_large");
  EXPECT_EQ(Walk(archive, {.max_total_size = 109}).error().code(), ErrorCode::kTooLarge);
  EXPECT_FALSE(Walk(Archive({FileItem(std::string(5000, 'n'), "")})).ok());
  EXPECT_FALSE(Walk(Archive({LinkItem("l", TarType::kSymlink, std::string(5000, 'n'))})).ok());
}

TEST(Tar, RefusesASizeThatIsALie) {
  const std::string archive = Archive({FileItem("f", "x")});
  EXPECT_FALSE(Walk(Forge(archive, 124, "77777777777")).ok());
  // Base-256 with the sign bit: a negative size; and the largest positive one.
  EXPECT_FALSE(Walk(Forge(archive, 124, "\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff\xfe")).ok());
  EXPECT_FALSE(Walk(Forge(archive, 124, "\x80\x7f\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff")).ok());
}

TEST(Tar, RefusesWhatIsNoTar) {
  for (const std::string& other : {std::string(), std::string("short"), std::string(10'000, 'x'),
                                   std::string("!<arch>\ndebian-binary   "),
                                   std::string("PK\x03\x04") + std::string(600, '\0')}) {
    EXPECT_EQ(Walk(other).error().reason(), "malformed_tar");
  }
}

TEST(Tar, PassesTheErrorOfTheSourceOn) {
  const std::string archive = Archive(Sample());
  for (const std::size_t size : {0U, 512U, 600U, 1100U, 1600U}) {
    testing::BreakingSource source(std::string_view(archive).substr(0, size));
    const auto read = Walk(source);
    ASSERT_FALSE(read.ok()) << size;
    EXPECT_EQ(read.error().message(), "the line is cut") << size;
  }
}

TEST(Tar, WriterRefusesEntriesThatItCouldNotReadBack) {
  StringSink sink(1U << 20);
  TarWriter writer(sink);
  for (const char* path : {"", "/a", "a/", "a/../b", "./a"}) {
    EXPECT_FALSE(writer.Add(TarEntry{.path = path, .link_target = ""}).ok()) << path;
  }
  EXPECT_FALSE(
      writer.Add(TarEntry{.path = "l", .type = TarType::kSymlink, .link_target = ""}).ok());
  EXPECT_FALSE(writer.Add(TarEntry{.path = "f", .link_target = "target"}).ok());
  EXPECT_FALSE(writer.Add(TarEntry{.path = "d", .type = TarType::kOther, .link_target = ""}).ok());
  EXPECT_FALSE(
      writer.Add(TarEntry{.path = "d", .type = TarType::kDirectory, .link_target = ""}, "x").ok());
  EXPECT_EQ(sink.text(), "");
}

TEST(Tar, WriterRefusesABodyOfAnotherSize) {
  StringSink sink(1U << 20);
  TarWriter writer(sink);
  TarEntry entry{.path = "f", .link_target = "", .size = 3};
  StringSource shorter("ab");
  EXPECT_EQ(writer.Add(entry, shorter).error().code(), ErrorCode::kInvalid);
  StringSource longer("abcd");
  EXPECT_EQ(writer.Add(entry, longer).error().code(), ErrorCode::kTooLarge);
}

}  // namespace
}  // namespace breakwater::io

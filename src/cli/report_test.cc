#include "cli/report.h"

#include <functional>
#include <memory>

#include <gtest/gtest.h>

namespace breakwater::cli {
namespace {

struct Closer {
  void operator()(std::FILE* file) const { std::fclose(file); }
};

std::string Written(bool fancy, const std::function<void(Report&)>& use) {
  const std::unique_ptr<std::FILE, Closer> file(std::tmpfile());
  Report report(file.get(), fancy);
  use(report);
  std::string text(static_cast<std::size_t>(std::ftell(file.get())), '\0');
  std::rewind(file.get());
  text.resize(std::fread(text.data(), 1, text.size(), file.get()));
  return text;
}

TEST(Report, ColumnsAreAsWideAsTheirWidestCell) {
  const Table table{.head = {"CVE", "PACKAGE"},
                    .rows = {{"CVE-2023-45853", "zlib1g"}, {"CVE-1", "libc6"}}};
  EXPECT_EQ(Rendered(table, "  "),
            "  CVE             PACKAGE\n"
            "  CVE-2023-45853  zlib1g\n"
            "  CVE-1           libc6\n");
}

TEST(Report, LongCellsAreCutByCharactersNotOctets) {
  const Table table{.head = {"A", "B"}, .rows = {{"äöüßäöü", "x"}}};
  EXPECT_EQ(Rendered(table, "", 5),
            "A      B\n"
            "äöüß…  x\n");
}

TEST(Report, ControlCharactersOfOthersNeverReachTheTerminal) {
  EXPECT_EQ(Printable("a\x1b[2Jb\tc\nd\x7f"), "a?[2Jb c d?");
  const std::string text = Written(true, [](Report& report) {
    report.Say("x\x1b]0;title\x07y");
    report.Show({.head = {"H"}, .rows = {{"\x1b[31mred"}}});
  });
  EXPECT_EQ(text.find('\x1b'), std::string::npos);
}

TEST(Report, PlainOutputHasNoEscapeCodesAndNoMovingLine) {
  const std::string text = Written(false, [](Report& report) {
    report.Title("Title");
    report.Step(1, 9, "Step");
    report.Good("done");
    report.Bad("not done");
    report.Waiting("something", std::chrono::seconds{1});
    report.Detail("detail");
  });
  EXPECT_EQ(text,
            "Title\n"
            "\n"
            "[1/9] Step\n"
            "ok    done\n"
            "FAILED not done\n"
            "      detail\n");
}

TEST(Report, OnATerminalWordsHaveColoursAndTheWaitingLineIsCleared) {
  const std::string text = Written(true, [](Report& report) {
    report.Waiting("something", std::chrono::milliseconds{1400});
    report.Good("done");
  });
  EXPECT_EQ(text,
            "\r\x1b[K\\     waiting for something 1 s"
            "\r\x1b[K\x1b[32mok\x1b[0m    done\n");
}

}  // namespace
}  // namespace breakwater::cli

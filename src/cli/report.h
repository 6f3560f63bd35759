// What a command shows while it works: plain lines, or colours and a moving line on a terminal.
#pragma once

#include <chrono>
#include <cstdio>
#include <string>
#include <string_view>
#include <vector>

namespace breakwater::cli {

enum class Ink { kPlain, kBold, kDim, kGood, kBad, kWarn };

// The text in that ink; the text alone if `colours` is false.
std::string Painted(std::string_view text, Ink ink, bool colours);
// Text of others, safe to show: control characters, which could command a terminal, become "?".
std::string Printable(std::string_view text);

struct Table {
  std::vector<std::string> head;
  std::vector<std::vector<std::string>> rows;  // each as long as `head`
};
// Lines with two spaces between columns, which are as wide as their widest cell of up to
// `max_cell` characters; longer cells are cut with "…".
std::string Rendered(const Table& table, std::string_view indent, std::size_t max_cell = 60);

// Not thread-safe.
class Report {
 public:
  // `fancy`: `out` is a terminal that knows colours.
  Report(std::FILE* out, bool fancy) : out_(out), fancy_(fancy) {}
  // To standard output; fancy on a terminal, unless NO_COLOR is set or TERM is "dumb".
  static Report ToStandardOutput();

  void Title(std::string_view text);
  void Step(int number, int of, std::string_view text);
  void Say(std::string_view text);
  void Good(std::string_view text);
  void Bad(std::string_view text);
  void Warn(std::string_view text);
  // A word in a column of its own, then text.
  void Verdict(std::string_view word, Ink ink, std::string_view text);
  void Detail(std::string_view text);
  void Show(const Table& table);
  // Shown in place while something is awaited; nothing where lines stay.
  void Waiting(std::string_view what, std::chrono::milliseconds since);

 private:
  void Line(std::string_view text);
  void ClearWaiting();

  std::FILE* out_;
  bool fancy_;
  bool waiting_ = false;
};

}  // namespace breakwater::cli

#include "cli/report.h"

#include <algorithm>
#include <cstdlib>

#include <unistd.h>

#include "base/check.h"

namespace breakwater::cli {
namespace {

constexpr std::string_view kIndent = "      ";
constexpr std::string_view kCut = "\u2026";
constexpr std::string_view kSpinner[] = {"|", "/", "-", "\\"};

std::string_view CodeOf(Ink ink) {
  switch (ink) {
    case Ink::kPlain: return "";
    case Ink::kBold: return "\x1b[1m";
    case Ink::kDim: return "\x1b[2m";
    case Ink::kGood: return "\x1b[32m";
    case Ink::kBad: return "\x1b[31m";
    case Ink::kWarn: return "\x1b[33m";
  }
  BW_UNREACHABLE();
}

bool IsContinuation(char c) {
  return (static_cast<unsigned char>(c) & 0xC0) == 0x80;
}

std::size_t Width(std::string_view text) {
  return static_cast<std::size_t>(
      std::count_if(text.begin(), text.end(), [](char c) { return !IsContinuation(c); }));
}

// The first `width` characters.
std::string_view Prefix(std::string_view text, std::size_t width) {
  std::size_t at = 0;
  for (; at < text.size(); ++at) {
    if (IsContinuation(text[at])) continue;
    if (width == 0) break;
    --width;
  }
  return text.substr(0, at);
}

std::string Cell(std::string_view text, std::size_t max) {
  if (Width(text) <= max) return std::string(text);
  return std::string(Prefix(text, max - 1)) + std::string(kCut);
}

std::string RenderedRow(const std::vector<std::string>& cells,
                        const std::vector<std::size_t>& widths, std::size_t max_cell) {
  std::string line;
  for (std::size_t i = 0; i < cells.size(); ++i) {
    const std::string cell = Cell(cells[i], max_cell);
    line += cell;
    line.append(widths[i] - Width(cell) + 2, ' ');
  }
  line.erase(line.find_last_not_of(' ') + 1);
  return line;
}

}  // namespace

std::string Painted(std::string_view text, Ink ink, bool colours) {
  if (!colours || ink == Ink::kPlain) return std::string(text);
  return std::string(CodeOf(ink)) + std::string(text) + "\x1b[0m";
}

std::string Printable(std::string_view text) {
  std::string safe(text);
  for (char& c : safe) {
    const auto octet = static_cast<unsigned char>(c);
    if (octet < 0x20 || octet == 0x7f) c = octet == '\n' || octet == '\t' ? ' ' : '?';
  }
  return safe;
}

std::string Rendered(const Table& table, std::string_view indent, std::size_t max_cell) {
  std::vector<std::size_t> widths(table.head.size(), 0);
  const auto widen = [&](const std::vector<std::string>& row) {
    BW_CHECK(row.size() == widths.size());
    for (std::size_t i = 0; i < row.size(); ++i) {
      widths[i] = std::max(widths[i], std::min(Width(row[i]), max_cell));
    }
  };
  widen(table.head);
  for (const auto& row : table.rows) widen(row);
  std::string text = std::string(indent) + RenderedRow(table.head, widths, max_cell) + "\n";
  for (const auto& row : table.rows) {
    text += std::string(indent) + RenderedRow(row, widths, max_cell) + "\n";
  }
  return text;
}

Report Report::ToStandardOutput() {
  const char* term = std::getenv("TERM");
  const bool dumb = term == nullptr || std::string_view(term) == "dumb";
  return Report(stdout,
                ::isatty(STDOUT_FILENO) == 1 && !dumb && std::getenv("NO_COLOR") == nullptr);
}

void Report::ClearWaiting() {
  if (waiting_) std::fputs("\r\x1b[K", out_);
  waiting_ = false;
}

void Report::Line(std::string_view text) {
  ClearWaiting();
  std::fwrite(text.data(), 1, text.size(), out_);
  std::fputc('\n', out_);
  std::fflush(out_);
}

void Report::Title(std::string_view text) {
  Line(Painted(Printable(text), Ink::kBold, fancy_));
}

void Report::Step(int number, int of, std::string_view text) {
  Line("");
  Line(Painted("[" + std::to_string(number) + "/" + std::to_string(of) + "] " + Printable(text),
               Ink::kBold, fancy_));
}

void Report::Say(std::string_view text) {
  Line(std::string(kIndent) + Printable(text));
}

void Report::Good(std::string_view text) {
  Verdict("ok", Ink::kGood, text);
}

void Report::Bad(std::string_view text) {
  Verdict("FAILED", Ink::kBad, text);
}

void Report::Warn(std::string_view text) {
  Verdict("note", Ink::kWarn, text);
}

void Report::Verdict(std::string_view word, Ink ink, std::string_view text) {
  constexpr std::size_t kColumn = 6;
  const std::string padding(word.size() < kColumn ? kColumn - word.size() : 0, ' ');
  Line(Painted(word, ink, fancy_) + padding + (word.size() >= kColumn ? " " : "") +
       Printable(text));
}

void Report::Detail(std::string_view text) {
  Line(std::string(kIndent) + Painted(Printable(text), Ink::kDim, fancy_));
}

void Report::Show(const Table& table) {
  Table safe = table;
  for (auto& row : safe.rows) {
    for (std::string& cell : row) cell = Printable(cell);
  }
  std::string text = Rendered(safe, kIndent);
  text.pop_back();  // Line adds the last end of line
  Line(text);
}

void Report::Waiting(std::string_view what, std::chrono::milliseconds since) {
  if (!fancy_) return;
  const auto tick = static_cast<std::size_t>(since.count() / 200) % std::size(kSpinner);
  const std::string text = "\r\x1b[K" + std::string(kSpinner[tick]) + "     waiting for " +
                           Printable(what) + " " + std::to_string(since.count() / 1000) + " s";
  std::fwrite(text.data(), 1, text.size(), out_);
  std::fflush(out_);
  waiting_ = true;
}

}  // namespace breakwater::cli

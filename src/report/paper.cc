#include "report/paper.h"

#include <algorithm>
#include <chrono>
#include <cmath>

#include <hpdf.h>

#include "report/text.h"

namespace breakwater::report {
namespace {

// Windows-1252 at 0x80 to 0x9F; 0: not used.
constexpr std::array<char32_t, 32> kHigh = {
    0x20AC, 0,      0x201A, 0x0192, 0x201E, 0x2026, 0x2020, 0x2021, 0x02C6, 0x2030, 0x0160,
    0x2039, 0x0152, 0,      0x017D, 0,      0,      0x2018, 0x2019, 0x201C, 0x201D, 0x2022,
    0x2013, 0x2014, 0x02DC, 0x2122, 0x0161, 0x203A, 0x0153, 0,      0x017E, 0x0178};

HPDF_REAL Real(double value) {
  return static_cast<HPDF_REAL>(value);
}

HPDF_Date DateOf(Timestamp at) {
  const auto day = std::chrono::floor<std::chrono::days>(at);
  const std::chrono::year_month_day date(day);
  const std::chrono::hh_mm_ss time(std::chrono::floor<std::chrono::seconds>(at - day));
  HPDF_Date out{};
  out.year = static_cast<int>(date.year());
  out.month = static_cast<int>(static_cast<unsigned>(date.month()));
  out.day = static_cast<int>(static_cast<unsigned>(date.day()));
  out.hour = static_cast<int>(time.hours().count());
  out.minutes = static_cast<int>(time.minutes().count());
  out.seconds = static_cast<int>(time.seconds().count());
  out.ind = 'Z';
  return out;
}

void KeepFirst(HPDF_STATUS error, HPDF_STATUS detail, void* data) {
  auto& first = *static_cast<std::string*>(data);
  if (first.empty()) first = "libharu " + std::to_string(error) + "/" + std::to_string(detail);
}

void Fill(HPDF_Page page, const Colour& colour) {
  HPDF_Page_SetRGBFill(page, Real(colour.red), Real(colour.green), Real(colour.blue));
}

void Stroke(HPDF_Page page, const Colour& colour) {
  HPDF_Page_SetRGBStroke(page, Real(colour.red), Real(colour.green), Real(colour.blue));
}

}  // namespace

std::string ToWinAnsi(std::string_view utf8, std::size_t& lost) {
  std::string out;
  for (std::size_t at = 0; at < utf8.size();) {
    const char32_t c = NextCodePoint(utf8, at);
    if (c < 0x80 || (c >= 0xA0 && c <= 0xFF)) {
      out += static_cast<char>(c);
      continue;
    }
    const auto high = std::find(kHigh.begin(), kHigh.end(), c);
    if (high == kHigh.end()) {
      ++lost;
      out += '?';
    } else {
      out += static_cast<char>(0x80 + (high - kHigh.begin()));
    }
  }
  return out;
}

double WidthOf(std::string_view text, const Widths& widths, double size) {
  double sum = 0;
  for (const char c : text) sum += widths.at(static_cast<unsigned char>(c));
  return sum * size / 1000;
}

std::vector<std::string> BreakLines(std::string_view text, const Widths& widths, double size,
                                    double width) {
  std::vector<std::string> lines(1);
  double used = 0;
  std::size_t space = std::string::npos;  // the last one of the present line
  for (const char c : text) {
    if (c == '\n') {
      lines.emplace_back();
      used = 0;
      space = std::string::npos;
      continue;
    }
    const char shown = c == '\t' ? ' ' : c;
    const double wide = WidthOf({&shown, 1}, widths, size);
    if (used + wide > width && !lines.back().empty()) {
      std::string rest;
      if (shown != ' ' && space != std::string::npos) rest = lines.back().substr(space + 1);
      if (shown != ' ' && space != std::string::npos) lines.back().resize(space);
      lines.push_back(std::move(rest));
      used = WidthOf(lines.back(), widths, size);
      space = std::string::npos;
      if (shown == ' ') continue;
    }
    if (shown == ' ') space = lines.back().size();
    lines.back() += shown;
    used += wide;
  }
  return lines;
}

struct Paper::State {
  std::string error;
  HPDF_Doc document = nullptr;
  std::array<HPDF_Font, 3> fonts{};
  std::array<Widths, 3> widths{};
  std::vector<HPDF_Page> pages;
  HPDF_Page page = nullptr;
};

Paper::Paper(std::string_view title, std::string_view maker, Timestamp made)
    : state_(std::make_unique<State>()) {
  State& s = *state_;
  s.document = HPDF_New(&KeepFirst, &s.error);
  BW_CHECK(s.document != nullptr);
  HPDF_SetCompressionMode(s.document, HPDF_COMP_ALL);
  HPDF_SetPageMode(s.document, HPDF_PAGE_MODE_USE_OUTLINE);
  std::size_t lost = 0;
  HPDF_SetInfoAttr(s.document, HPDF_INFO_TITLE, ToWinAnsi(title, lost).c_str());
  HPDF_SetInfoAttr(s.document, HPDF_INFO_CREATOR, ToWinAnsi(maker, lost).c_str());
  HPDF_SetInfoDateAttr(s.document, HPDF_INFO_CREATION_DATE, DateOf(made));
  static constexpr std::array kNames = {"Helvetica", "Helvetica-Bold", "Courier"};
  for (std::size_t i = 0; i < kNames.size(); ++i) {
    s.fonts.at(i) = HPDF_GetFont(s.document, kNames.at(i), "WinAnsiEncoding");
    for (unsigned c = 0; c < 256; ++c) {
      const auto octet = static_cast<HPDF_BYTE>(c);
      s.widths.at(i).at(c) = HPDF_Font_TextWidth(s.fonts.at(i), &octet, 1).width;
    }
  }
}

Paper::~Paper() {
  HPDF_Free(state_->document);
}

void Paper::AddPage() {
  State& s = *state_;
  s.page = HPDF_AddPage(s.document);
  s.pages.push_back(s.page);
  HPDF_Page_SetWidth(s.page, Real(kWidth));
  HPDF_Page_SetHeight(s.page, Real(kHeight));
}

std::size_t Paper::pages() const {
  return state_->pages.size();
}

void Paper::Turn(std::size_t page) {
  state_->page = state_->pages.at(page);
}

void Paper::Text(double x, double y, const Pen& pen, const std::string& text) {
  const State& s = *state_;
  HPDF_Page_BeginText(s.page);
  Fill(s.page, pen.colour);
  HPDF_Page_SetFontAndSize(s.page, s.fonts.at(static_cast<std::size_t>(pen.face)), Real(pen.size));
  HPDF_Page_TextOut(s.page, Real(x), Real(kHeight - y), text.c_str());
  HPDF_Page_EndText(s.page);
}

const Widths& Paper::widths(Face face) const {
  return state_->widths.at(static_cast<std::size_t>(face));
}

void Paper::Box(double x, double y, double width, double height, const Colour& fill) {
  Fill(state_->page, fill);
  HPDF_Page_Rectangle(state_->page, Real(x), Real(kHeight - y - height), Real(width), Real(height));
  HPDF_Page_Fill(state_->page);
}

void Paper::Frame(double x, double y, double width, double height, const Colour& line) {
  Stroke(state_->page, line);
  HPDF_Page_SetLineWidth(state_->page, Real(0.7));
  HPDF_Page_Rectangle(state_->page, Real(x), Real(kHeight - y - height), Real(width), Real(height));
  HPDF_Page_Stroke(state_->page);
}

void Paper::Line(const std::vector<std::pair<double, double>>& points, double width,
                 const Colour& colour) {
  if (points.size() < 2) return;
  Stroke(state_->page, colour);
  HPDF_Page_SetLineWidth(state_->page, Real(width));
  HPDF_Page_MoveTo(state_->page, Real(points[0].first), Real(kHeight - points[0].second));
  for (std::size_t i = 1; i < points.size(); ++i) {
    HPDF_Page_LineTo(state_->page, Real(points[i].first), Real(kHeight - points[i].second));
  }
  HPDF_Page_Stroke(state_->page);
}

void Paper::Arc(double x, double y, double radius, double from, double to, double width,
                const Colour& colour) {
  if (to - from < 0.01) return;
  Stroke(state_->page, colour);
  HPDF_Page_SetLineWidth(state_->page, Real(width));
  if (to - from >= 359.99) {
    HPDF_Page_Circle(state_->page, Real(x), Real(kHeight - y), Real(radius));
  } else {
    HPDF_Page_Arc(state_->page, Real(x), Real(kHeight - y), Real(radius), Real(from), Real(to));
  }
  HPDF_Page_Stroke(state_->page);
}

void Paper::Bookmark(const std::string& title) {
  HPDF_Outline entry = HPDF_CreateOutline(state_->document, nullptr, title.c_str(), nullptr);
  HPDF_Destination there = HPDF_Page_CreateDestination(state_->page);
  HPDF_Destination_SetFit(there);
  HPDF_Outline_SetDestination(entry, there);
}

Result<std::string> Paper::Finish() {
  State& s = *state_;
  HPDF_SaveToStream(s.document);
  if (!s.error.empty()) return Internal(s.error);
  std::string bytes(HPDF_GetStreamSize(s.document), '\0');
  HPDF_ResetStream(s.document);
  auto size = static_cast<HPDF_UINT32>(bytes.size());
  HPDF_ReadFromStream(s.document, reinterpret_cast<HPDF_BYTE*>(bytes.data()), &size);
  bytes.resize(size);
  if (!s.error.empty()) return Internal(s.error);
  return bytes;
}

}  // namespace breakwater::report

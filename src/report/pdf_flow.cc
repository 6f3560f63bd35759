#include <algorithm>

#include "report/figures.h"
#include "report/pdf.h"
#include "report/text.h"

namespace breakwater::report {
namespace {

double Leading(const Pen& pen) {
  return pen.size * 1.32;
}

}  // namespace

Colour ColourOf(posture::ResultStatus status) {
  switch (status) {
    case posture::ResultStatus::kPass: return kGreenTone;
    case posture::ResultStatus::kFail: return kRedTone;
    case posture::ResultStatus::kUnableToPerform: return kAmber;
    case posture::ResultStatus::kNotApplicable: return kGrey;
  }
  return kGrey;
}

Colour ColourOf(std::string_view severity) {
  static constexpr std::array<Colour, 5> kColours = {Colour{0.56, 0.10, 0.23}, kRedTone,
                                                     Colour{0.80, 0.47, 0.11},
                                                     Colour{0.29, 0.50, 0.62}, kGrey};
  return kColours.at(RankOf(severity));
}

void Flow::NewPage() {
  paper_.AddPage();
  y_ = kTop;
}

void Flow::Need(double height) {
  if (y_ + height > kBottom) NewPage();
}

std::string Flow::Encode(std::string_view text, std::size_t max) {
  return ToWinAnsi(Clean(text, max), lost_);
}

std::vector<std::string> Flow::Lines(std::string_view text, const Pen& pen, double width,
                                     std::size_t max) {
  return BreakLines(Encode(text, max), paper_.widths(pen.face), pen.size, width);
}

void Flow::Heading(std::string_view text) {
  Need(90);
  if (y_ > kTop) Skip(16);
  const std::string shown = Encode(OneLine(text));
  paper_.Text(kLeft, y_ + 12, {Face::kBold, 15, kInk}, shown);
  paper_.Bookmark(shown);
  paper_.Line({{kLeft, y_ + 19}, {kLeft + kWide, y_ + 19}}, 1.2, kSea);
  Skip(32);
}

void Flow::Paragraph(std::string_view text, const Pen& pen, double x, double width) {
  for (const std::string& line : Lines(text, pen, width)) {
    Need(Leading(pen));
    paper_.Text(x, y_ + pen.size, pen, line);
    Skip(Leading(pen));
  }
}

void Flow::Labelled(std::string_view label, std::string_view text, double x, double width) {
  static constexpr double kLabel = 62;
  const Pen pen{Face::kRegular, 9.5, kInk};
  bool first = true;
  for (const std::string& line : Lines(text.empty() ? "–" : text, pen, width - kLabel)) {
    Need(Leading(pen));
    if (first) paper_.Text(x, y_ + pen.size, {Face::kBold, 9, kSoft}, Encode(label));
    first = false;
    paper_.Text(x + kLabel, y_ + pen.size, pen, line);
    Skip(Leading(pen));
  }
  Skip(2);
}

void Flow::BeginTable(std::vector<Column> columns, double x) {
  columns_ = std::move(columns);
  table_x_ = x;
  Need(70);
  Titles();
}

void Flow::Titles() {
  double x = table_x_;
  for (const Column& column : columns_) {
    paper_.Text(x, y_ + 9, {Face::kBold, 8.5, kSoft}, Encode(column.title));
    x += column.width;
  }
  paper_.Line({{table_x_, y_ + 13}, {x, y_ + 13}}, 0.7, kRule);
  Skip(16);
}

Flow::Written Flow::Write(const Cell& cell, const Column& column) {
  static constexpr std::size_t kMaxLines = 12;
  static constexpr Pen kBelow{Face::kRegular, 6.8, kSoft};
  static constexpr double kGap = 8;
  Written written;
  const auto add = [&](const std::string& text, const Pen& pen) {
    for (std::string& line : Lines(text, pen, column.width - kGap, 600)) {
      if (written.size() + 1 == kMaxLines) line = "...";
      if (written.size() < kMaxLines) written.emplace_back(pen, std::move(line));
    }
  };
  add(cell.text, column.pen);
  if (!cell.small.empty()) add(cell.small, kBelow);
  return written;
}

void Flow::Row(const std::vector<Cell>& cells) {
  std::vector<Written> written;
  double height = 0;
  double wide = 0;
  for (std::size_t i = 0; i < columns_.size(); ++i) {
    written.push_back(Write(cells.at(i), columns_[i]));
    double tall = 0;
    for (const auto& [pen, line] : written.back()) tall += Leading(pen);
    height = std::max(height, tall);
    wide += columns_[i].width;
  }
  if (y_ + height + 4 > kBottom) {
    NewPage();
    Titles();
  }
  double x = table_x_;
  for (std::size_t i = 0; i < columns_.size(); ++i) {
    double y = y_;
    for (const auto& [pen, line] : written[i]) {
      paper_.Text(x, y + pen.size, pen, line);
      y += Leading(pen);
    }
    x += columns_[i].width;
  }
  Skip(height + 3);
  paper_.Line({{table_x_, y_}, {table_x_ + wide, y_}}, 0.4, kRule);
  Skip(3);
}

}  // namespace breakwater::report

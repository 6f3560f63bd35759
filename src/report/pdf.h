// The PDF's layout: what stands where. Private to this folder; RenderPdf is in formats.h.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "posture/assessment.h"
#include "report/paper.h"

namespace breakwater::report {

inline constexpr Colour kInk = {0.09, 0.13, 0.12};
inline constexpr Colour kSoft = {0.34, 0.40, 0.38};
inline constexpr Colour kRule = {0.82, 0.85, 0.83};
inline constexpr Colour kShade = {0.93, 0.95, 0.93};
inline constexpr Colour kSea = {0.04, 0.36, 0.40};
inline constexpr Colour kGreenTone = {0.17, 0.54, 0.36};
inline constexpr Colour kRedTone = {0.77, 0.22, 0.17};
inline constexpr Colour kAmber = {0.79, 0.54, 0.07};
inline constexpr Colour kGrey = {0.60, 0.65, 0.64};

Colour ColourOf(posture::ResultStatus status);
Colour ColourOf(std::string_view severity);

// Text that flows down the page and on to the next.
class Flow {
 public:
  static constexpr double kLeft = 50;
  static constexpr double kWide = Paper::kWidth - 2 * kLeft;
  static constexpr double kTop = 56;
  static constexpr double kBottom = Paper::kHeight - 56;

  explicit Flow(Paper& paper) : paper_(paper) {}

  void NewPage();
  // A new page if less than this is left of the present one.
  void Need(double height);
  void Skip(double height) { y_ += height; }
  double y() const { return y_; }
  Paper& paper() { return paper_; }

  // UTF-8, cleaned, in the pages' encoding.
  std::string Encode(std::string_view text, std::size_t max = 2'000);
  std::vector<std::string> Lines(std::string_view text, const Pen& pen, double width,
                                 std::size_t max = 2'000);
  void Heading(std::string_view text);
  // A paragraph over the whole width, or between x and x + width.
  void Paragraph(std::string_view text, const Pen& pen, double x = kLeft, double width = kWide);
  // "Found    …": the label in a column of its own.
  void Labelled(std::string_view label, std::string_view text, double x, double width);

  struct Column {
    std::string_view title;
    double width = 0;
    Pen pen = {};
  };
  // Rows over as many pages as they need, the titles again on each.
  void BeginTable(std::vector<Column> columns, double x = kLeft);
  // A text, and below it, smaller, what tells it apart from its like.
  struct Cell {
    Cell(std::string shown) : text(std::move(shown)) {}  // NOLINT(google-explicit-*)
    Cell(const char* shown) : text(shown) {}             // NOLINT(google-explicit-*)
    Cell(std::string shown, std::string below) : text(std::move(shown)), small(std::move(below)) {}
    std::string text;
    std::string small;
  };
  void Row(const std::vector<Cell>& cells);

  std::size_t lost() const { return lost_; }

 private:
  // Lines of a cell, each with its pen.
  using Written = std::vector<std::pair<Pen, std::string>>;
  Written Write(const Cell& cell, const Column& column);
  void Titles();

  Paper& paper_;
  double y_ = kTop;
  std::size_t lost_ = 0;
  std::vector<Column> columns_;
  double table_x_ = kLeft;
};

// The first page: what, of what, when, how good.
void DrawCover(Flow& flow, const posture::Assessment& assessment);

}  // namespace breakwater::report

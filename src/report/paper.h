// A PDF page by page, over libharu: the standard fonts in Windows-1252, so nothing is embedded and
// any reader shows it. What that encoding lacks becomes "?", and is counted. The same calls give
// the same bytes.
#pragma once

#include <array>
#include <cstdint>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"
#include "base/time.h"

namespace breakwater::report {

// UTF-8 -> Windows-1252; `lost` grows by the characters that became "?".
std::string ToWinAnsi(std::string_view utf8, std::size_t& lost);

// Widths of an encoding's 256 characters, in thousandths of the font's size.
using Widths = std::array<double, 256>;
double WidthOf(std::string_view text, const Widths& widths, double size);
// Lines no wider than `width`; breaks at spaces, keeps line feeds, and cuts a word that is wider
// than a line. At least one line.
std::vector<std::string> BreakLines(std::string_view text, const Widths& widths, double size,
                                    double width);

struct Colour {
  double red = 0;
  double green = 0;
  double blue = 0;
};

enum class Face { kRegular, kBold, kMono };

struct Pen {
  Face face = Face::kRegular;
  double size = 10;
  Colour colour = {};
};

// A4 in points, the origin at the upper left. Errors are kept and told by Finish. Not thread-safe.
class Paper {
 public:
  static constexpr double kWidth = 595;
  static constexpr double kHeight = 842;

  Paper(std::string_view title, std::string_view maker, Timestamp made);
  ~Paper();
  Paper(const Paper&) = delete;
  Paper& operator=(const Paper&) = delete;

  void AddPage();
  std::size_t pages() const;
  // Later calls draw on that page, from 0.
  void Turn(std::size_t page);

  // `text` is Windows-1252 on one line; y is the base line.
  void Text(double x, double y, const Pen& pen, const std::string& text);
  const Widths& widths(Face face) const;
  void Box(double x, double y, double width, double height, const Colour& fill);
  void Frame(double x, double y, double width, double height, const Colour& line);
  void Line(const std::vector<std::pair<double, double>>& points, double width,
            const Colour& colour);
  // Part of a circle's line, in degrees clockwise from the top.
  void Arc(double x, double y, double radius, double from, double to, double width,
           const Colour& colour);
  // An entry of the reader's list of contents, to the top of the present page.
  void Bookmark(const std::string& title);

  Result<std::string> Finish();

 private:
  struct State;
  std::unique_ptr<State> state_;
};

}  // namespace breakwater::report

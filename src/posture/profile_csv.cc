#include "posture/profile_csv.h"

#include <set>

namespace breakwater::posture {
namespace {

constexpr std::string_view kEndOfMetadata = "##METAINFO ENDS##";
constexpr std::string_view kByteOrderMark = "\xEF\xBB\xBF";
constexpr std::size_t kMaxMetadata = 32;
constexpr std::size_t kMaxCells = 16;
const std::vector<std::string> kHeader = {"ExternalControlId", "Description", "Parent", "GoalId",
                                          "Tags"};
// What an older layout calls the goals.
constexpr std::size_t kGoals = 3;
constexpr std::string_view kGoalsBefore = "ControlId";

struct Line {
  std::size_t number = 0;  // where it begins, from 1
  std::vector<std::string> cells;
};

Error WrongAt(std::size_t line, std::string_view what) {
  return Invalid("line " + std::to_string(line) + ": " + std::string(what)).Reason("invalid_csv");
}

Error WrongIn(const Line& line, std::size_t column, const std::string& what) {
  return WrongAt(line.number, "column " + std::to_string(column + 1) + ": " + what);
}

// Cells of one record after another; quoted ones may hold line breaks.
class Records {
 public:
  explicit Records(std::string_view text) : rest_(text) {}

  bool done() const { return rest_.empty(); }

  Result<Line> Next() {
    Line line{.number = number_, .cells = {}};
    for (;;) {
      if (line.cells.size() >= kMaxCells) return WrongAt(line.number, "has too many columns");
      BW_TRY(auto cell, Cell());
      line.cells.push_back(std::move(cell));
      if (rest_.starts_with(',')) {
        rest_.remove_prefix(1);
        continue;
      }
      if (rest_.starts_with("\r\n")) rest_.remove_prefix(1);
      if (!rest_.empty()) rest_.remove_prefix(1);
      ++number_;
      return line;
    }
  }

 private:
  Result<std::string> Cell() {
    if (!rest_.starts_with('"')) {
      const std::size_t end = std::min(rest_.find_first_of(",\n"), rest_.size());
      std::string cell(rest_.substr(0, end));
      rest_.remove_prefix(end);
      if (rest_.starts_with('\n') && cell.ends_with('\r')) cell.pop_back();
      if (cell.find('"') != std::string::npos)
        return WrongAt(number_, "has a quote in a bare cell");
      return cell;
    }
    return Quoted();
  }

  Result<std::string> Quoted() {
    const std::size_t began = number_;
    std::string cell;
    rest_.remove_prefix(1);
    for (;;) {
      const std::size_t end = rest_.find('"');
      if (end == std::string_view::npos) return WrongAt(began, "has a quote that is not closed");
      for (const char c : rest_.substr(0, end)) number_ += c == '\n' ? 1 : 0;
      cell += rest_.substr(0, end);
      rest_.remove_prefix(end + 1);
      if (!rest_.starts_with('"')) break;
      cell += '"';
      rest_.remove_prefix(1);
    }
    if (!rest_.empty() && rest_.front() != ',' && rest_.front() != '\n' &&
        !rest_.starts_with("\r\n")) {
      return WrongAt(number_, "has text behind a quoted cell");
    }
    return cell;
  }

  std::string_view rest_;
  std::size_t number_ = 1;
};

std::string Trimmed(std::string_view text) {
  const std::size_t first = text.find_first_not_of(" \t\r");
  if (first == std::string_view::npos) return {};
  return std::string(text.substr(first, text.find_last_not_of(" \t\r") - first + 1));
}

std::vector<std::string> ListOf(std::string_view cell) {
  std::vector<std::string> items;
  while (!cell.empty()) {
    const std::size_t end = std::min(cell.find(','), cell.size());
    std::string item = Trimmed(cell.substr(0, end));
    if (!item.empty()) items.push_back(std::move(item));
    cell.remove_prefix(std::min(end + 1, cell.size()));
  }
  return items;
}

bool IsBlank(const Line& line) {
  for (const std::string& cell : line.cells) {
    if (!Trimmed(cell).empty()) return false;
  }
  return true;
}

Status ReadMetadata(Records& records, ProfileSheet& sheet) {
  for (std::size_t rows = 0; rows < kMaxMetadata; ++rows) {
    if (records.done()) break;
    BW_TRY(const Line line, records.Next());
    const std::string key = Trimmed(line.cells.front());
    if (key == kEndOfMetadata) {
      if (sheet.name.empty()) return WrongAt(line.number, "profilename must stand before it");
      return Ok();
    }
    const std::string value = line.cells.size() > 1 ? Trimmed(line.cells[1]) : std::string();
    if (key == "profilename") sheet.name = value;
    if (key == "profilenumonic" || key == "profilemnemonic") sheet.mnemonic = value;
    if (key == "profiledescription") sheet.description = value;
  }
  return Invalid("a line " + std::string(kEndOfMetadata) + " must follow the metadata")
      .Reason("invalid_csv");
}

Status ReadHeader(Records& records) {
  while (!records.done()) {
    BW_TRY(const Line line, records.Next());
    if (IsBlank(line)) continue;
    for (std::size_t i = 0; i < kHeader.size(); ++i) {
      const std::string cell = i < line.cells.size() ? Trimmed(line.cells[i]) : std::string();
      if (i == kGoals && cell == kGoalsBefore) continue;
      if (cell != kHeader[i]) return WrongIn(line, i, "must be " + kHeader[i]);
    }
    return Ok();
  }
  return Invalid("the header is missing").Reason("invalid_csv");
}

Result<Control> ControlOf(const Line& line, const std::set<std::string, std::less<>>& known) {
  const auto cell = [&](std::size_t column) {
    return column < line.cells.size() ? Trimmed(line.cells[column]) : std::string();
  };
  Control control{.id = {},
                  .external_control_id = cell(0),
                  .description = cell(1),
                  .parent = cell(2),
                  .tags = ListOf(cell(4)),
                  .goals = ListOf(cell(3))};
  if (control.external_control_id.empty()) return WrongIn(line, 0, "must not be empty");
  if (known.contains(control.external_control_id)) return WrongIn(line, 0, "is there twice");
  if (!control.parent.empty() && !known.contains(control.parent)) {
    return WrongIn(line, 2, "the parent " + control.parent + " must stand before it");
  }
  if (control.parent.empty() && !control.goals.empty()) {
    return WrongIn(line, 3, "a family has no goals; a control names its parent");
  }
  return control;
}

std::string Cell(std::string_view text) {
  if (text.find_first_of(",\"\r\n") == std::string_view::npos) return std::string(text);
  std::string quoted = "\"";
  for (const char c : text) {
    if (c == '"') quoted += '"';
    quoted += c;
  }
  return quoted + '"';
}

std::string Joined(const std::vector<std::string>& items) {
  std::string text;
  for (const std::string& item : items) text += (text.empty() ? "" : ",") + item;
  return text;
}

// The family of a control that names none: its id up to the first dot or dash, told apart from the
// profile's own ids.
std::string FamilyOf(const Control& control, const std::set<std::string, std::less<>>& own) {
  const std::string& id = control.external_control_id;
  std::string family = id.substr(0, id.find_first_of(".-"));
  while (own.contains(family)) family.insert(0, "F");
  return family;
}

}  // namespace

Result<ProfileSheet> ParseProfileCsv(std::string_view text) {
  if (text.size() > kMaxCsvBytes) return TooLarge("a profile's file has at most 1 MiB");
  if (text.starts_with(kByteOrderMark)) text.remove_prefix(kByteOrderMark.size());
  Records records(text);
  ProfileSheet sheet;
  BW_TRY_STATUS(ReadMetadata(records, sheet));
  BW_TRY_STATUS(ReadHeader(records));
  std::set<std::string, std::less<>> known;
  while (!records.done()) {
    BW_TRY(const Line line, records.Next());
    if (IsBlank(line)) continue;
    if (sheet.controls.size() >= kMaxControls) {
      return WrongAt(line.number, "a profile has at most 1200 controls");
    }
    BW_TRY(auto control, ControlOf(line, known));
    known.insert(control.external_control_id);
    sheet.controls.push_back(std::move(control));
  }
  return sheet;
}

std::string ProfileCsv(const Profile& profile) {
  std::string text = "profilename," + Cell(profile.name) +
                     "\nprofilenumonic,\nprofiledescription," + Cell(profile.description) + "\n" +
                     std::string(kEndOfMetadata) + "\n" + Joined(kHeader) + "\n";
  std::set<std::string, std::less<>> own;
  for (const Control& control : profile.controls) own.insert(control.external_control_id);
  std::set<std::string, std::less<>> families;
  for (const Control& control : profile.controls) {
    std::string parent = control.parent;
    if (parent.empty() && !control.goals.empty()) {
      parent = FamilyOf(control, own);
      if (families.insert(parent).second) {
        text += Cell(parent) + "," + Cell("Controls " + parent) + ",,,\n";
      }
    }
    text += Cell(control.external_control_id) + "," + Cell(control.Title(profile)) + "," +
            Cell(parent) + "," + Cell(Joined(control.goals)) + "," + Cell(Joined(control.tags)) +
            "\n";
  }
  return text;
}

}  // namespace breakwater::posture

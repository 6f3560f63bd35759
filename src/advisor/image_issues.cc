#include "advisor/image_issues.h"

#include <span>
#include <string>

#include "advisor/among.h"
#include "json/json.h"

namespace breakwater::advisor {
namespace {

// Of each vulnerability an array: itself, and the notices that speak of it, unless it is its own.
std::string TextOf(const Issues& issues) {
  json::Array all;
  all.reserve(issues.size());
  for (const auto& [vulnerability, notices] : issues) {
    json::Array one{json::Text(vulnerability)};
    const bool its_own = notices.size() == 1 && *notices.begin() == vulnerability;
    for (const std::string& notice : notices) {
      if (!its_own) one.push_back(json::Text(notice));
    }
    all.push_back(std::move(one));
  }
  return json::Serialize(all);
}

Result<Issues> IssuesIn(std::string_view text) {
  // As many values as there are: what stands here was bounded when it was read.
  BW_TRY(const json::Value all, json::Parse(text, {.max_bytes = 4 * text.size() + 1}));
  Issues issues;
  for (const json::Value& entry : all.as_array()) {
    const json::Array& one = entry.as_array();
    std::string vulnerability(json::View(one.at(0).as_string()));
    std::set<std::string> notices;
    for (std::size_t i = 1; i < one.size(); ++i) notices.emplace(json::View(one[i].as_string()));
    if (notices.empty()) notices.insert(vulnerability);
    issues.emplace(std::move(vulnerability), std::move(notices));
  }
  return issues;
}

// otherwise, issues from `column` on.
Result<ImageIssues> FromRow(const db::Row& row, int column) {
  ImageIssues found;
  found.otherwise = ParseImageStatus(row.Text(column)).value_or(ImageStatus::kIncomplete);
  BW_TRY(found.issues, IssuesIn(row.Text(column + 1)));
  return found;
}

}  // namespace

ImageIssues ImageIssuesOf(const Assessment& assessment) {
  return {.issues = IssuesByName(IssuesOf(assessment, IssueScope::kActionable)),
          .otherwise = StatusWithoutIssues(assessment)};
}

Result<std::optional<ImageIssues>> FindIssues(db::Transaction& tx, const oci::Digest& digest) {
  return tx.QueryOne("SELECT otherwise, issues FROM advisor_image_issues WHERE digest = $1",
                     {digest.text()}, [](const db::Row& row) { return FromRow(row, 0); });
}

Status SaveIssues(db::Transaction& tx, const oci::Digest& digest, const ImageIssues& issues) {
  if (issues.issues.empty()) return RemoveIssues(tx, digest);
  BW_TRY_STATUS(
      tx.Execute("INSERT INTO advisor_image_issues (digest, otherwise, issues) VALUES ($1, $2, $3) "
                 "ON CONFLICT (digest) DO UPDATE SET otherwise = $2, issues = $3",
                 {digest.text(), ToString(issues.otherwise), TextOf(issues.issues)}));
  return Ok();
}

Status RemoveIssues(db::Transaction& tx, const oci::Digest& digest) {
  BW_TRY_STATUS(tx.Execute("DELETE FROM advisor_image_issues WHERE digest = $1", {digest.text()}));
  return Ok();
}

Status VisitIssuesOf(db::Transaction& tx, const std::vector<oci::Digest>& digests,
                     const VisitIssues& visit) {
  return QueryAmong(tx, "SELECT digest, otherwise, issues FROM advisor_image_issues WHERE digest",
                    {}, digests, [&](const db::Row& row) -> Status {
                      BW_TRY(const oci::Digest digest, oci::Digest::Parse(row.Text(0)));
                      BW_TRY(const ImageIssues issues, FromRow(row, 1));
                      return visit(digest, issues);
                    });
}

}  // namespace breakwater::advisor

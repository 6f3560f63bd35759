#include "governance/attachment_store.h"

#include "governance/store.h"
#include "json/reader.h"

namespace breakwater::governance {
namespace {

constexpr std::size_t kMaxStoredItems = 1000;

// What differs between the tables; only rules take parameters.
std::string TableOf(Attachable what) {
  return what == Attachable::kRule ? "governance_attachment" : "governance_template_attachment";
}
std::string OwnerOf(Attachable what) {
  return what == Attachable::kRule ? "rule_id" : "template_id";
}
std::string Columns(Attachable what) {
  return "SELECT id, " + OwnerOf(what) +
         ", account, version, scope_type, scope_id, note, excluded, " +
         (what == Attachable::kRule ? "parameters" : "'null'") + " FROM " + TableOf(what) + " ";
}

Result<Attachment> AttachmentOf(const db::Row& row) {
  Attachment attachment;
  attachment.id = row.String(0);
  attachment.owner = row.String(1);
  attachment.version = row.String(3);
  BW_TRY(attachment.definition,
         AttachmentDraftFrom(AccountId(row.String(2)), row.Text(4), row.Text(5), row.Text(6),
                             row.Text(7), row.Text(8)));
  return attachment;
}

Result<Scope> ScopeFrom(std::string_view type, std::string_view id, std::string_view note) {
  const auto parsed = ParseScopeType(type);
  if (!parsed.ok()) return DataCorrupt("a stored scope cannot be read");
  return Scope{*parsed, std::string(id), std::string(note)};
}

std::string ExcludedText(const AttachmentDraft& draft) {
  json::Array scopes;
  for (const Scope& scope : draft.excluded) scopes.push_back(ToJson(scope));
  return json::Serialize(scopes);
}

Status SetParameters(db::Transaction& tx, Attachable what, const Attachment& attachment) {
  if (what != Attachable::kRule) return Ok();
  BW_TRY_STATUS(tx.Execute("UPDATE governance_attachment SET parameters = $2 WHERE id = $1",
                           {attachment.id, json::Serialize(attachment.definition.parameters)}));
  return Ok();
}

}  // namespace

Result<AttachmentDraft> AttachmentDraftFrom(const AccountId& account, std::string_view scope_type,
                                            std::string_view scope_id, std::string_view note,
                                            std::string_view excluded_json,
                                            std::string_view parameters_json) {
  AttachmentDraft draft;
  draft.account = account;
  BW_TRY(draft.included, ScopeFrom(scope_type, scope_id, note));
  if (parameters_json != "null") {
    BW_TRY(draft.parameters, ParseStored(parameters_json));
  }
  if (excluded_json == "[]") return draft;
  BW_TRY(const json::Value excluded, ParseStored(excluded_json));
  const json::Reader reader(excluded);
  for (const json::Reader& item : reader.Items(kMaxStoredItems)) {
    BW_TRY(auto scope, ScopeFrom(item.Field("scope_type").String(), item.Field("scope_id").String(),
                                 item.String("note", "")));
    draft.excluded.push_back(std::move(scope));
  }
  BW_TRY_STATUS(reader.Finish());
  return draft;
}

Status InsertAttachment(db::Transaction& tx, Attachable what, const Attachment& attachment,
                        Timestamp now) {
  const AttachmentDraft& draft = attachment.definition;
  BW_TRY_STATUS(tx.Execute("INSERT INTO " + TableOf(what) + " (id, " + OwnerOf(what) +
                               ", account, version, scope_type, scope_id, note, excluded, created) "
                               "VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9)",
                           {attachment.id, attachment.owner, draft.account, attachment.version,
                            ToString(draft.included.type), draft.included.id, draft.included.note,
                            ExcludedText(draft), now}));
  return SetParameters(tx, what, attachment);
}

Status UpdateAttachment(db::Transaction& tx, Attachable what, const Attachment& attachment) {
  const AttachmentDraft& draft = attachment.definition;
  BW_TRY_STATUS(
      tx.Execute("UPDATE " + TableOf(what) +
                     " SET version = $2, scope_type = $3, scope_id = $4, note = $5, excluded = $6 "
                     "WHERE id = $1",
                 {attachment.id, attachment.version, ToString(draft.included.type),
                  draft.included.id, draft.included.note, ExcludedText(draft)}));
  return SetParameters(tx, what, attachment);
}

Status RemoveAttachment(db::Transaction& tx, Attachable what, const std::string& attachment_id) {
  BW_TRY_STATUS(tx.Execute("DELETE FROM " + TableOf(what) + " WHERE id = $1", {attachment_id}));
  return Ok();
}

Result<std::optional<Attachment>> SelectAttachment(db::Transaction& tx, Attachable what,
                                                   const std::string& owner,
                                                   const std::string& attachment_id) {
  return tx.QueryOne(Columns(what) + "WHERE " + OwnerOf(what) + " = $1 AND id = $2",
                     {owner, attachment_id}, AttachmentOf);
}

Result<std::vector<Attachment>> SelectAttachments(db::Transaction& tx, Attachable what,
                                                  const std::string& owner) {
  return tx.QueryAll(Columns(what) + "WHERE " + OwnerOf(what) + " = $1 ORDER BY created, id",
                     {owner}, AttachmentOf);
}

}  // namespace breakwater::governance

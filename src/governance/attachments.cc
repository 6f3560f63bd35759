#include "governance/attachments.h"

namespace breakwater::governance {
namespace {

Result<Attachment> MustFind(db::Transaction& tx, Attachable what, const std::string& owner,
                            const std::string& attachment_id) {
  BW_TRY(auto attachment, SelectAttachment(tx, what, owner, attachment_id));
  if (attachment) return *std::move(attachment);
  return NotFound("attachment '" + attachment_id.substr(0, 64) + "' was not found")
      .Reason("not_found");
}

}  // namespace

Status CheckVersion(const std::optional<std::string>& expected, const std::string& version) {
  if (!expected || *expected == version) return Ok();
  return Error(ErrorCode::kPrecondition,
               "the If-Match header does not name the present version; read it again")
      .Reason("version_mismatch");
}

Error LimitExceeded(std::string what) {
  return Invalid(std::move(what)).Reason("limit_exceeded");
}

Status Attachments::Admit(db::Transaction& tx, const AccountId& account, const std::string& owner,
                          const std::vector<AttachmentDraft>& drafts,
                          const std::string& replaced) const {
  BW_TRY_STATUS(kind_.must_exist(tx, account, owner));
  BW_TRY(const auto tree, ScopeTree::Of(tx, hierarchy_, account, ScopesOf(drafts)));
  for (std::size_t i = 0; i < drafts.size(); ++i) {
    Status sound = Check(drafts[i], tree, limits_);
    if (sound.ok()) continue;
    if (!replaced.empty()) return sound;
    return std::move(sound).Context("attachments[" + std::to_string(i) + "]");
  }
  return kind_.accept(tx, owner, drafts, replaced);
}

Result<control::Effect> Attachments::EffectOf(db::Transaction& tx, const AccountId& account,
                                              const std::string& owner, json::Value before,
                                              json::Value after) const {
  BW_TRY_STATUS(control::TouchScopes(tx));
  BW_TRY(auto events, kind_.events(tx, account, owner));
  return control::Effect{.before = std::move(before),
                         .after = std::move(after),
                         .governed = {},
                         .events = std::move(events)};
}

Status Attachments::Submit(const control::Caller& caller, std::string_view verb,
                           const AccountId& account, const std::string& owner, const Apply& apply) {
  return changes_.Submit(caller,
                         {.action = kind_.actions + std::string(verb),
                          .resource = control::AccountResource(account, kind_.resource_kind, owner),
                          .apply = apply});
}

Result<std::vector<Attachment>> Attachments::Attach(const control::Caller& caller,
                                                    const AccountId& account,
                                                    const std::string& owner,
                                                    const std::vector<AttachmentDraft>& drafts) {
  std::vector<Attachment> attachments;
  json::Array after;
  for (const AttachmentDraft& draft : drafts) {
    attachments.push_back({"attachment-" + NewUuid(), owner, draft, NewUuid()});
    after.push_back(ToJson(draft));
  }
  const auto apply = [&](db::Transaction& tx) -> Result<control::Effect> {
    BW_TRY_STATUS(kind_.must_exist(tx, account, owner));
    BW_TRY(const auto there, SelectAttachments(tx, kind_.what, owner));
    if (std::ssize(there) + std::ssize(attachments) > limits_.per_owner) {
      return LimitExceeded("a " + kind_.resource_kind + " has at most " +
                           std::to_string(limits_.per_owner) + " attachments");
    }
    BW_TRY_STATUS(Admit(tx, account, owner, drafts, {}));
    for (const Attachment& attachment : attachments) {
      BW_TRY_STATUS(InsertAttachment(tx, kind_.what, attachment, clock_.Now()));
    }
    return EffectOf(tx, account, owner, nullptr, json::Object{{"attachments", after}});
  };
  BW_TRY_STATUS(Submit(caller, "create", account, owner, apply));
  return attachments;
}

Result<std::vector<Attachment>> Attachments::List(const AccountId& account,
                                                  const std::string& owner) const {
  return database_.ReadValue([&](db::Transaction& tx) -> Result<std::vector<Attachment>> {
    BW_TRY_STATUS(kind_.must_exist(tx, account, owner));
    return SelectAttachments(tx, kind_.what, owner);
  });
}

Result<Attachment> Attachments::Find(const AccountId& account, const std::string& owner,
                                     const std::string& attachment_id) const {
  return database_.ReadValue([&](db::Transaction& tx) -> Result<Attachment> {
    BW_TRY_STATUS(kind_.must_exist(tx, account, owner));
    return MustFind(tx, kind_.what, owner, attachment_id);
  });
}

Result<Attachment> Attachments::Replace(const control::Caller& caller, const std::string& owner,
                                        const std::string& attachment_id,
                                        const std::optional<std::string>& expected,
                                        const AttachmentDraft& draft) {
  Attachment attachment;
  const std::string version = NewUuid();
  const auto apply = [&](db::Transaction& tx) -> Result<control::Effect> {
    BW_TRY_STATUS(kind_.must_exist(tx, draft.account, owner));
    BW_TRY(attachment, MustFind(tx, kind_.what, owner, attachment_id));
    BW_TRY_STATUS(CheckVersion(expected, attachment.version));
    BW_TRY_STATUS(Admit(tx, draft.account, owner, {draft}, attachment_id));
    json::Value before = ToJson(attachment.definition);
    attachment.definition = draft;
    attachment.version = version;
    BW_TRY_STATUS(UpdateAttachment(tx, kind_.what, attachment));
    return EffectOf(tx, draft.account, owner, std::move(before), ToJson(draft));
  };
  BW_TRY_STATUS(Submit(caller, "update", draft.account, owner, apply));
  return attachment;
}

Status Attachments::Detach(const control::Caller& caller, const AccountId& account,
                           const std::string& owner, const std::string& attachment_id) {
  return Submit(caller, "delete", account, owner,
                [&](db::Transaction& tx) -> Result<control::Effect> {
                  BW_TRY_STATUS(kind_.must_exist(tx, account, owner));
                  BW_TRY(const auto attachment, MustFind(tx, kind_.what, owner, attachment_id));
                  BW_TRY_STATUS(RemoveAttachment(tx, kind_.what, attachment_id));
                  return EffectOf(tx, account, owner, ToJson(attachment.definition), nullptr);
                });
}

Status CheckAttached(db::Transaction& tx, Attachable what, const std::string& id,
                     const Status& may) {
  BW_TRY(const auto attached, SelectAttachments(tx, what, id));
  return attached.empty() ? Ok() : may;
}

}  // namespace breakwater::governance

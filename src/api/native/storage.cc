#include "api/native/storage.h"

#include "base/strings.h"

namespace breakwater::api::native {
namespace {

using json::Text;

constexpr std::string_view kCollectAction = "breakwater.garbage-collection.run";

constexpr std::string_view kReadAction = "breakwater.storage.read";
// Names of scopes: no longer than any name that can exist.
constexpr std::size_t kMaxName = 512;

json::Object AmountJson(const registry::StorageAmount& amount) {
  return {{"bytes", amount.bytes()},         {"blobs", amount.blobs},
          {"blob_bytes", amount.blob_bytes}, {"shared_bytes", amount.shared_bytes},
          {"manifests", amount.manifests},   {"manifest_bytes", amount.manifest_bytes}};
}

Result<std::string> ScopeName(const Context& context, std::string_view name) {
  const std::string_view value = context.query.Get(name).value_or("");
  if (value.size() <= kMaxName && IsValidUtf8(value) && value.find('\0') == value.npos) {
    return std::string(value);
  }
  return Invalid("there is no such name").Reason("invalid_query_parameter").Context(name);
}

json::Object StatesJson(const registry::StorageAmounts& amounts) {
  json::Object states;
  for (const registry::StorageState state : registry::kStorageStates) {
    const bool nobodys =
        state == registry::StorageState::kOrphaned || state == registry::StorageState::kAudit;
    if (nobodys) continue;
    states[registry::ToString(state)] = AmountJson(amounts.at(static_cast<std::size_t>(state)));
  }
  return states;
}

Result<registry::StoragePart> PartNamed(std::string_view name) {
  if (name == "registry") return registry::StoragePart::kRegistry;
  if (name == "namespace") return registry::StoragePart::kNamespace;
  if (name == "repository") return registry::StoragePart::kRepository;
  return Invalid("by must be registry, namespace or repository").Reason("invalid_query_parameter");
}

Status AddParts(const StorageDeps& deps, const Context& context,
                const registry::StorageScope& scope, json::Object& body) {
  BW_TRY(const registry::StoragePart part, PartNamed(*context.query.Get("by")));
  registry::StoragePartAmounts after;
  BW_TRY(after.registry, ScopeName(context, "after_registry"));
  BW_TRY(after.name, ScopeName(context, "after"));
  BW_TRY(const auto found, deps.accounting.PartsOf(scope, part, after));
  json::Array parts;
  for (const registry::StoragePartAmounts& one : found) {
    parts.push_back({{"registry", Text(one.registry)},
                     {"name", Text(one.name)},
                     {"bytes", registry::TotalBytes(one.amounts)},
                     {"states", StatesJson(one.amounts)}});
  }
  body["parts"] = std::move(parts);
  body["more"] = found.size() == registry::kMaxStorageParts;
  return Ok();
}

Result<net::Response> Storage(const StorageDeps& deps, const Context& context) {
  registry::StorageScope scope;
  scope.account = context.account.value();
  BW_TRY(scope.registry, ScopeName(context, "registry"));
  BW_TRY(scope.name_space, ScopeName(context, "namespace"));
  BW_TRY(scope.repository, ScopeName(context, "repository"));
  BW_TRY(const registry::StorageAmounts amounts, deps.accounting.Of(scope));
  json::Object body{{"scope",
                     {{"account", Text(scope.account)},
                      {"registry", Text(scope.registry)},
                      {"namespace", Text(scope.name_space)},
                      {"repository", Text(scope.repository)}}},
                    {"bytes", registry::TotalBytes(amounts)},
                    {"states", StatesJson(amounts)}};
  if (context.query.Get("by")) BW_TRY_STATUS(AddParts(deps, context, scope, body));
  return JsonResponse(200, body);
}

json::Array LinksJson(const std::vector<registry::UnneededLink>& links, std::string_view reason) {
  json::Array all;
  all.reserve(links.size());
  for (const registry::UnneededLink& link : links) {
    all.push_back({{"registry", Text(link.registry.value())},
                   {"repository", Text(link.repository)},
                   {"digest", Text(link.digest.text())},
                   {"size", link.size},
                   {"linked", Text(FormatRfc3339(link.linked))},
                   {"leased_until", Text(FormatRfc3339(link.leased_until))},
                   {"reason", Text(reason)}});
  }
  return all;
}

json::Object FreedJson(const registry::Collection& collection) {
  return {{"blobs", collection.freed_blobs}, {"bytes", collection.freed_bytes}};
}

control::Resource Garbage(const Context& context) {
  return control::AccountResource(context.account, "storage", "garbage");
}

// Collecting takes away nothing that anybody may rely on, but that somebody asked for it, and what
// went, stands in the audit trail.
Status Record(const StorageDeps& deps, const Context& context,
              const registry::Collection& collection) {
  return deps.changes.Submit(
      context.caller, {.action = std::string(kCollectAction),
                       .resource = Garbage(context),
                       .apply = [&](db::Transaction&) -> Result<control::Effect> {
                         return control::Effect{.before = nullptr,
                                                .after = {{"links", collection.removed.size()},
                                                          {"freed", FreedJson(collection)}},
                                                .governed = {},
                                                .events = {}};
                       }});
}

// The last of a repeated parameter counts.
Result<bool> WantsDryRun(const Context& context) {
  const auto asked = context.query.GetAll("dry_run");
  const std::string_view word = asked.empty() ? "false" : asked.back();
  if (word == "true" || word == "false") return word == "true";
  return Invalid("dry_run must be true or false").Reason("invalid_query_parameter");
}

Result<net::Response> Collect(const StorageDeps& deps, const Context& context) {
  BW_TRY(const bool dry_run, WantsDryRun(context));
  BW_TRY(const registry::Collection collection,
         deps.collector.CollectFor(context.account, dry_run));
  if (!dry_run) BW_TRY_STATUS(Record(deps, context, collection));
  return JsonResponse(
      200, {{"dry_run", dry_run},
            {"removed", LinksJson(collection.removed,
                                  "no manifest of the repository needs it, and its lease is over")},
            {"held", LinksJson(collection.held,
                               "no manifest of the repository needs it, but a push may rely on it "
                               "until its lease ends")},
            {"freed", FreedJson(collection)},
            {"more", collection.more}});
}

}  // namespace

std::vector<Endpoint> StorageEndpoints(StorageDeps deps, const SccFace& face) {
  return {
      {"GET", "/breakwater/v1/storage", "GetStorage", Access::To(kReadAction), face,
       [deps](Context& context) { return Storage(deps, context); }},
      {"POST", "/breakwater/v1/garbage-collection", "CollectGarbage", Access::To(kCollectAction),
       face, [deps](Context& context) { return Collect(deps, context); },
       Recorded::Change({}, Garbage), DryRun::kTaken},
  };
}

}  // namespace breakwater::api::native

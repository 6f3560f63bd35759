// Looking into images: InspectImage and GetImageManifest (ibm-registry 1.8).
#include <array>
#include <set>

#include "api/registry/handlers.h"
#include "oci/manifest.h"
#include "oci/media_types.h"
#include "registry/image_config.h"

namespace breakwater::api::management {
namespace {

namespace action = registry::action;

constexpr std::string_view kTooLargeToShow =
    "the image's configuration has more than 4 MiB: it is not read";
static_assert(registry::kMaxConfigBytes == 4U << 20);

enum class Type { kBool, kText, kTexts, kObject, kNumber, kLabels, kHealthcheck };
struct Field {
  std::string_view name;
  Type type;
};

// Members of a configuration's "config", which are named alike there and on the wire.
constexpr Field kConfigFields[] = {
    {"ArgsEscaped", Type::kBool},
    {"AttachStderr", Type::kBool},
    {"AttachStdin", Type::kBool},
    {"AttachStdout", Type::kBool},
    {"NetworkDisabled", Type::kBool},
    {"OpenStdin", Type::kBool},
    {"StdinOnce", Type::kBool},
    {"Tty", Type::kBool},
    {"Domainname", Type::kText},
    {"Hostname", Type::kText},
    {"Image", Type::kText},
    {"MacAddress", Type::kText},
    {"StopSignal", Type::kText},
    {"User", Type::kText},
    {"WorkingDir", Type::kText},
    {"Cmd", Type::kTexts},
    {"Entrypoint", Type::kTexts},
    {"Env", Type::kTexts},
    {"OnBuild", Type::kTexts},
    {"Shell", Type::kTexts},
    {"ExposedPorts", Type::kObject},
    {"Volumes", Type::kObject},
    {"Labels", Type::kLabels},
    {"StopTimeout", Type::kNumber},
    {"Healthcheck", Type::kHealthcheck},
};
constexpr Field kHealthFields[] = {{"Test", Type::kTexts},
                                   {"Interval", Type::kNumber},
                                   {"Timeout", Type::kNumber},
                                   {"Retries", Type::kNumber}};

struct Renamed {
  std::string_view wire;
  std::string_view stored;
};
// Texts of the configuration itself.
constexpr Renamed kTexts[] = {
    {"Parent", "parent"},
    {"Comment", "comment"},
    {"Container", "container"},
    {"Author", "author"},
    {"Os", "os"},
    {"DockerVersion", "docker_version"},
    {"OsVersion", "os.version"},
    {"Architecture", "architecture"},
};

bool AllTexts(const json::Value& value) {
  if (value.is_array()) {
    return std::all_of(value.get_array().begin(), value.get_array().end(),
                       [](const json::Value& one) { return one.is_string(); });
  }
  return value.is_object() &&
         std::all_of(value.get_object().begin(), value.get_object().end(),
                     [](const auto& member) { return member.value().is_string(); });
}

json::Object Selected(const json::Value& from, std::span<const Field> fields);

// Clients read these with fixed types, and whoever pushed the image wrote what they liked.
bool HasType(const json::Value& value, Type type) {
  switch (type) {
    case Type::kBool: return value.is_bool();
    case Type::kText: return value.is_string();
    case Type::kTexts: return value.is_array() && AllTexts(value);
    case Type::kObject:
    case Type::kHealthcheck: return value.is_object();
    case Type::kNumber: return value.is_int64();
    case Type::kLabels: return value.is_object() && AllTexts(value);
  }
  return false;
}

json::Object Selected(const json::Value& from, std::span<const Field> fields) {
  json::Object selected;
  for (const Field& field : fields) {
    const json::Value* value = json::Find(from, field.name);
    if (value == nullptr || !HasType(*value, field.type)) continue;
    selected[field.name] =
        field.type == Type::kHealthcheck ? json::Value(Selected(*value, kHealthFields)) : *value;
  }
  return selected;
}

json::Object ConfigJson(const json::Value& document, std::string_view name) {
  const json::Value* config = json::Find(document, name);
  return config == nullptr ? json::Object() : Selected(*config, kConfigFields);
}

json::Object RootJson(const json::Value& document) {
  json::Array layers;
  const json::Value* root = json::Find(document, "rootfs");
  const json::Value* ids = root == nullptr ? nullptr : json::Find(*root, "diff_ids");
  if (ids != nullptr && ids->is_array() && AllTexts(*ids)) layers = ids->get_array();
  return {{"Type", json::Text(root == nullptr ? "" : json::FindText(*root, "type"))},
          {"Layers", std::move(layers)}};
}

std::string CreatedText(const json::Value& document) {
  const auto created = ParseRfc3339(json::FindText(document, "created"));
  return FormatRfc3339(created.ok() ? *created : Timestamp{});
}

// What an index lists, which has no configuration of its own: an extra of ours.
json::Array ManifestsJson(const oci::Manifest& index, const std::set<oci::Digest>& missing) {
  json::Array manifests;
  for (const oci::Descriptor& child : index.manifests) {
    json::Object entry{{"Digest", json::Text(child.digest.text())},
                       {"Size", static_cast<std::int64_t>(child.size)}};
    if (child.platform) {
      entry["Os"] = json::Text(child.platform->os);
      entry["Architecture"] = json::Text(child.platform->architecture);
      entry["Variant"] = json::Text(child.platform->variant);
    }
    if (missing.contains(child.digest)) entry["Missing"] = true;
    manifests.push_back(std::move(entry));
  }
  return manifests;
}

json::Object InspectionJson(const oci::Manifest& manifest, const oci::Digest& digest,
                            const json::Value& document) {
  const auto size = static_cast<std::int64_t>(manifest.ContentSize());
  json::Object body{{"Id", json::Text((manifest.config ? manifest.config->digest : digest).text())},
                    {"Created", json::Text(CreatedText(document))},
                    {"Size", size},
                    {"VirtualSize", size},
                    {"Config", ConfigJson(document, "config")},
                    {"ContainerConfig", ConfigJson(document, "container_config")},
                    {"RootFS", RootJson(document)},
                    {"ManifestType", json::Text(oci::DisplayName(manifest.media_type))}};
  for (const Renamed& text : kTexts) {
    body[text.wire] = json::Text(json::FindText(document, text.stored));
  }
  return body;
}

Result<registry::ManifestBytes> Read(const RegistryDeps& deps, Context& context) {
  BW_TRY(const oci::ImageName image, ImageOf(context));
  BW_TRY(auto stored, deps.content.ReadManifest(context.account, context.registry.name,
                                                image.repository, image.reference()));
  context.activity.digest = stored.digest.text();
  return stored;
}

Result<net::Response> InspectImage(const RegistryDeps& deps, Context& context) {
  BW_TRY(const registry::ManifestBytes stored, Read(deps, context));
  BW_TRY(const oci::Manifest manifest, oci::ParseManifest(stored.content, stored.media_type));
  json::Value document = json::Object();
  bool too_large = false;
  if (manifest.config) {
    auto text = deps.content.ReadBlob(manifest.config->digest, registry::kMaxConfigBytes);
    too_large = !text.ok() && text.error().code() == ErrorCode::kTooLarge;
    if (!text.ok() && !too_large) return text.error();
    // An artifact's configuration may be anything: shown without what it does not say.
    if (text.ok()) {
      auto parsed = json::Parse(*text, {.max_bytes = registry::kMaxConfigBytes});
      if (parsed.ok()) document = *std::move(parsed);
    }
  }
  json::Object body = InspectionJson(manifest, stored.digest, document);
  if (manifest.kind == oci::ManifestKind::kIndex) {
    BW_TRY(const oci::ImageName image, ImageOf(context));
    BW_TRY(const registry::RepositoryPath path, Resolve(deps, context, image));
    BW_TRY(const auto missing, deps.manifests.MissingChildren(path, stored.digest));
    body["Manifests"] = ManifestsJson(manifest, missing);
  }
  // Of an answer that is as it would be for an image that says nothing of itself, this is why.
  if (too_large) body["ConfigOmitted"] = json::Text(kTooLargeToShow);
  return JsonResponse(200, std::move(body));
}

Result<net::Response> GetImageManifest(const RegistryDeps& deps, Context& context) {
  BW_TRY(registry::ManifestBytes stored, Read(deps, context));
  net::Response response = EmptyResponse(200);
  response.headers.Set("Content-Type", stored.media_type);
  response.body = std::move(stored.content);
  return response;
}

// Discontinued by the reference system, whose clients of old still ask (ibm-registry 1.11). Without
// it they would be told that images are only deleted here.
Result<net::Response> GetImageVulnerabilities(Context&) {
  return NotFound("this was discontinued: ask /va/api/v4/report/image/IMAGE").Reason("no_route");
}

}  // namespace

void AddInspectionEndpoints(const RegistryFace& face, const RegistryDeps& deps,
                            std::vector<Endpoint>* out) {
  const Access inspect = Access::To(action::kImageInspect, [deps](const Context& context) {
    return ImageResource(deps.namespaces, context);
  });
  const auto inspected = [deps](const Context& context) {
    return NamedImage(deps.namespaces, context);
  };
  out->push_back({"GET", "/api/v1/images/{image...}/json", "InspectImage", inspect, face,
                  [deps](Context& c) { return InspectImage(deps, c); },
                  Recorded::As(action::kImageInspect, inspected)});
  out->push_back({"GET", "/api/v1/images/{image...}/manifest", "GetImageManifest", inspect, face,
                  [deps](Context& c) { return GetImageManifest(deps, c); },
                  Recorded::As("container-registry.manifest.inspect", inspected)});
  out->push_back({"GET", "/api/v1/images/{image...}/vulnerabilities", "GetImageVulnerabilities",
                  Access::SignedIn("tells of no image"), face, GetImageVulnerabilities,
                  Recorded::Not("it tells of no image")});
}

}  // namespace breakwater::api::management

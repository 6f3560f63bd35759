#include "control/touched.h"

namespace breakwater::control {
namespace {

constexpr std::size_t kMaxGoverned = 1'000'000;  // what one change alters, e.g. all of its keys

}  // namespace

Result<Touched> TouchedBy(const json::Reader& event, const AccountId& account) {
  Touched touched;
  for (const json::Reader& item : event.Field("governed").Items(kMaxGoverned)) {
    const condition::ResourceType type{item.Field("service").String(), item.Field("kind").String()};
    if (!item.Optional("registry")) {
      touched.types.insert(type);
      continue;
    }
    Resource resource;
    resource.service = type.service;
    resource.kind = type.kind;
    resource.account = account;
    resource.registry = RegistryName(item.String("registry", ""));
    resource.region = item.String("region", "");
    resource.resource_group = item.String("resource_group", "");
    resource.name_space = item.String("namespace", "");
    resource.name = item.String("name", "");
    touched.resources.push_back(std::move(resource));
  }
  BW_TRY_STATUS(event.Finish());
  return touched;
}

Result<Resource> ImageTouchedBy(const json::Value& payload) {
  const json::Reader in(payload);
  Resource image;
  image.kind = "image";
  image.account = AccountId(in.Field("account").String());
  image.registry = RegistryName(in.Field("registry").String());
  image.region = in.Field("region").String();
  const std::string repository = in.Field("repository").String();
  image.name_space = repository.substr(0, repository.find('/'));
  image.name = repository + "@" + in.Field("digest").String();
  BW_TRY_STATUS(in.Finish());
  return image;
}

}  // namespace breakwater::control

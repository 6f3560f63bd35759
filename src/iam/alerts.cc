#include "iam/alerts.h"

#include "json/reader.h"

namespace breakwater::iam {

using json::Text;

jobs::Event ToEvent(IdentityAlert alert) {
  return {std::string(kIdentityAlert),
          {{"account", Text(alert.account.value())},
           {"type", Text(alert.type)},
           {"severity", Text(alert.severity)},
           {"name", Text(alert.name)},
           {"payload", std::move(alert.payload)}}};
}

Result<IdentityAlert> IdentityAlertFrom(const json::Value& payload) {
  const json::Reader in(payload);
  IdentityAlert alert;
  alert.account = AccountId(in.Field("account").String());
  alert.type = in.Field("type").String();
  alert.severity = in.Field("severity").String();
  alert.name = in.Field("name").String();
  const json::Value& said = in.Field("payload").value();
  if (said.is_object()) alert.payload = said.get_object();
  BW_TRY_STATUS(in.Finish());
  return alert;
}

}  // namespace breakwater::iam

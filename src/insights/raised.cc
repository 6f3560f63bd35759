#include "insights/raised.h"

#include "json/reader.h"

namespace breakwater::insights {

using json::Text;

jobs::Event ToEvent(const Raised& raised) {
  return {std::string(kFindingRaised),
          {{"account", Text(raised.account.value())},
           {"provider", Text(raised.provider)},
           {"finding_type", Text(raised.finding_type)},
           {"severity", Text(ToString(raised.severity))},
           {"group", Text(raised.group)},
           {"finding_name", Text(raised.finding_name)},
           {"payload", raised.payload}}};
}

Result<Raised> RaisedFrom(const json::Value& payload) {
  const json::Reader in(payload);
  Raised raised;
  raised.account = AccountId(in.Field("account").String());
  raised.provider = in.Field("provider").String();
  raised.finding_type = in.Field("finding_type").String();
  const std::string severity = in.Field("severity").String();
  raised.group = in.Field("group").String();
  raised.finding_name = in.Field("finding_name").String();
  raised.payload = in.Field("payload").value();
  BW_TRY_STATUS(in.Finish());
  BW_TRY(raised.severity, ParseSeverity(severity));
  return raised;
}

}  // namespace breakwater::insights

// The ten endpoints of attachments, five for rules and five for templates: ibm-scc 1.2, 6 to 20.
#pragma once

#include <string>
#include <vector>

#include "api/endpoint.h"
#include "api/scc_face.h"
#include "governance/governance.h"
#include "governance/templates.h"

namespace breakwater::api::governance {

void AddRuleAttachmentEndpoints(breakwater::governance::Governance& governance, const SccFace& face,
                                std::vector<Endpoint>& out);
void AddTemplateAttachmentEndpoints(breakwater::governance::Templates& templates,
                                    const SccFace& face, std::vector<Endpoint>& out);

// The reference system answers a stale If-Match with 400, not 412: ibm-scc 1.13.
Error AsWire(Error error);
net::Response WithTag(net::Response response, const std::string& version);

}  // namespace breakwater::api::governance

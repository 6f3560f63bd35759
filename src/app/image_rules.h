// Which pushes and deletions the configuration rules judge: those of images that some rule asks
// about. The others are not read back, so that a push costs nothing more where there is no such
// rule.
#pragma once

#include "advisor/image_facts.h"
#include "governance/gate.h"
#include "registry/manifests.h"

namespace breakwater::app {

// Both must outlive it.
registry::GovernedImages ImagesThatRulesAskAbout(const governance::RuleGate& gate,
                                                 const advisor::ImageFacts& images);

}  // namespace breakwater::app

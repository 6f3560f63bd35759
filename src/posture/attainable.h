// What keeps goals from being met whatever is configured: too few people to meet it with, or
// another goal that asks for the opposite (ibm-scc 8, row 21: at most 3 administrators and at least
// 3 managers, in a team of two). Pure.
#pragma once

#include <string>
#include <vector>

#include "condition/value.h"
#include "posture/evaluate.h"

namespace breakwater::posture {

// Why the goal cannot be met by what there is now; empty if it can, if nothing is said about it, or
// if the facts do not tell.
std::string WhyUnattainable(const BoundGoal& goal, const condition::Facts& facts);

// Goals on one kind of resource, of which one asks for at least, the other for at most so much of
// the same property. A sentence for each pair.
std::vector<std::string> Contradictions(const std::vector<BoundGoal>& goals);

}  // namespace breakwater::posture

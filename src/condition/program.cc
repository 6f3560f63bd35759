#include "condition/program.h"

#include <algorithm>
#include <cstring>
#include <limits>

#include "base/check.h"

namespace breakwater::condition {
namespace {

constexpr bool IsFlag(Operator op) {
  return static_cast<std::size_t>(op) < kFlags;
}
static_assert(IsFlag(Operator::kIsEmpty) && IsFlag(Operator::kIsNotEmpty));
static_assert(IsFlag(Operator::kIsTrue) && IsFlag(Operator::kIsFalse));

}  // namespace

Layout::Layout(const ResourceConfig& config) : names_(config.PropertyNames()) {
  std::ranges::sort(names_);
  BW_CHECK(names_.size() <= kMost);
}

std::size_t Layout::SlotOf(std::string_view property) const {
  const auto found = std::ranges::lower_bound(names_, property);
  BW_CHECK(found != names_.end() && *found == property);
  return static_cast<std::size_t>(found - names_.begin());
}

HeadedText::HeadedText(std::string_view whole) : text(whole) {
  std::memcpy(&head, whole.data(), std::min(whole.size(), sizeof head));
}

FactSlots::FactSlots(const Layout& layout, const Facts& facts) {
  const auto& names = layout.names();
  auto fact = facts.begin();
  for (std::size_t slot = 0; slot < names.size(); ++slot) {
    while (fact != facts.end() && fact->first < names[slot]) ++fact;
    const bool known = fact != facts.end() && fact->first == names[slot];
    facts_[slot] = known ? &fact->second : nullptr;
    if (known) Put(slot, fact->second);
  }
  for (std::size_t flag = 0; flag < kFlags; ++flag) flags_[kFlags + flag] = ~flags_[flag];
}

void FactSlots::Put(std::size_t slot, const Fact& fact) {
  const std::uint64_t bit = std::uint64_t{1} << slot;
  const Operand none;
  for (std::size_t flag = 0; flag < kFlags; ++flag) {
    const auto holds = Compare(static_cast<Operator>(flag), none, &fact).truth;
    if (holds == Truth::kTrue) flags_[flag] |= bit;
  }
  const Value* value = fact.value();
  if (value == nullptr) return;
  if (const auto* text = std::get_if<std::string>(value)) {
    texts_[slot] = HeadedText(*text);
    text_slots_ |= bit;
  } else if (const auto* number = std::get_if<Number>(value); number && number->is_integer()) {
    integers_[slot] = number->integer();
    integer_slots_ |= bit;
  }
}

// Writes a condition's steps from the last to the first, so that each knows what comes after it.
class ProgramCompiler {
 public:
  ProgramCompiler(Program& program, const Layout& layout) : program_(program), layout_(layout) {}

  void Run() {
    program_.entry_ = Emit(0, Program::kHolds, Program::kFails);
    auto& steps = program_.steps_;
    std::ranges::reverse(steps);
    const auto size = static_cast<std::uint32_t>(steps.size());
    const auto turn = [size](std::uint32_t& at) {
      if (at < Program::kFails) at = size - 1 - at;
    };
    turn(program_.entry_);
    for (Program::Step& step : steps) {
      turn(step.pass);
      turn(step.fail);
    }
  }

 private:
  using Kind = Program::Kind;
  using Step = Program::Step;

  struct Parts {
    std::array<std::uint64_t, kFlags> masks{};
    std::vector<std::uint32_t> leaves;
    std::vector<std::uint32_t> groups;
    std::vector<std::uint32_t> sub_rules;
  };

  const Condition& condition() const { return program_.condition_; }
  const Leaf& LeafAt(std::uint32_t at) const {
    return condition().leaves()[condition().nodes()[at].leaf];
  }
  std::uint64_t BitOf(const Leaf& leaf) const {
    return std::uint64_t{1} << layout_.SlotOf(leaf.property);
  }

  // Parts of a group, those of groups of its kind among them.
  void Gather(std::uint32_t group, Parts& parts) const {
    const auto& nodes = condition().nodes();
    for (std::uint32_t at = group + 1; at < nodes[group].end; at = nodes[at].end) {
      if (nodes[at].kind == Node::Kind::kSubRule) {
        parts.sub_rules.push_back(at);
      } else if (nodes[at].kind == nodes[group].kind) {
        Gather(at, parts);
      } else if (nodes[at].kind != Node::Kind::kLeaf) {
        parts.groups.push_back(at);
      } else if (const Leaf& leaf = LeafAt(at); IsFlag(leaf.op)) {
        parts.masks[static_cast<std::size_t>(leaf.op)] |= BitOf(leaf);
      } else {
        parts.leaves.push_back(at);
      }
    }
  }

  // The step with which the part begins. All of these answer with one.
  std::uint32_t Emit(std::uint32_t at, std::uint32_t pass, std::uint32_t fail) {
    const Node& node = condition().nodes()[at];
    switch (node.kind) {
      case Node::Kind::kLeaf: return EmitLeaf(LeafAt(at), pass, fail);
      case Node::Kind::kSubRule:
        return Push({.kind = Kind::kSubRule, .pass = pass, .fail = fail, .which = node.leaf});
      case Node::Kind::kAnd:
      case Node::Kind::kOr: return EmitGroup(at, pass, fail);
    }
    BW_UNREACHABLE();
  }

  std::uint32_t EmitLeaf(const Leaf& leaf, std::uint32_t pass, std::uint32_t fail) {
    if (IsFlag(leaf.op)) return Push(EveryFlag(leaf.op, BitOf(leaf), pass, fail));
    const Operand* operand =
        leaf.parameter.empty() ? &leaf.operand : program_.parameters_.Find(leaf.parameter);
    if (operand == nullptr) return fail;  // never known, so it never holds
    Step step{.kind = Kind::kLeaf,
              .slot = static_cast<std::uint8_t>(layout_.SlotOf(leaf.property)),
              .pass = pass,
              .fail = fail,
              .which = static_cast<std::uint32_t>(program_.comparisons_.size())};
    program_.comparisons_.push_back({leaf.op, operand});
    MakeRange(leaf.op, *operand, step);
    MakeTexts(leaf.op, *operand, step);
    return Push(step);
  }

  static Step EveryFlag(Operator flag, std::uint64_t mask, std::uint32_t pass, std::uint32_t fail) {
    const auto word = static_cast<std::uint8_t>(kFlags + static_cast<std::size_t>(flag));
    return {.first = {.word = word, .negated = false}, .pass = pass, .fail = fail, .a = mask};
  }
  static Step SomeFlag(Operator flag, std::uint64_t mask, std::uint32_t pass, std::uint32_t fail) {
    const auto word = static_cast<std::uint8_t>(flag);
    return {.first = {.word = word, .negated = true}, .pass = pass, .fail = fail, .a = mask};
  }

  // A comparison with one integer is a range.
  static void MakeRange(Operator op, const Operand& operand, Step& step) {
    const auto& numbers = operand.numbers;
    if (numbers.size() != 1 || !numbers.front().is_integer()) return;
    const std::int64_t n = numbers.front().integer();
    constexpr std::int64_t kLeast = std::numeric_limits<std::int64_t>::min();
    constexpr std::int64_t kMost = std::numeric_limits<std::int64_t>::max();
    const auto make = [&](std::int64_t low, std::int64_t high, bool negated) {
      step.kind = Kind::kRange;
      step.a = static_cast<std::uint64_t>(low);
      step.b = static_cast<std::uint64_t>(high);
      step.negated = negated;
    };
    switch (op) {
      case Operator::kNumEquals: return make(n, n, false);
      case Operator::kNumNotEquals: return make(n, n, true);
      case Operator::kNumLessThanEquals: return make(kLeast, n, false);
      case Operator::kNumLessThan: return make(n, kMost, true);
      case Operator::kNumGreaterThanEquals: return make(n, kMost, false);
      case Operator::kNumGreaterThan: return make(kLeast, n, true);
      default: return;  // days are no number of the property's
    }
  }

  void MakeTexts(Operator op, const Operand& operand, Step& step) {
    using Form = Program::Text::Form;
    const Operator* negation = NegationOf(op);
    step.negated = step.negated || (negation != nullptr && *negation < op);
    const Operator positive = step.negated && negation != nullptr ? *negation : op;
    const bool of_texts = positive == Operator::kStringEquals ||
                          positive == Operator::kStringMatch ||
                          positive == Operator::kStringContains;
    if (!of_texts) return;
    step.kind = Kind::kTexts;
    step.a = program_.texts_.size();
    for (const std::string& text : operand.texts) {
      const std::size_t wild = text.find_first_of("*?");
      if (positive == Operator::kStringContains) {
        Add(Form::kPart, text);
      } else if (positive == Operator::kStringEquals || wild == std::string::npos) {
        Add(Form::kWhole, text);
      } else if (wild + 1 == text.size() && text.back() == '*') {
        Add(Form::kPrefix, std::string_view(text).substr(0, wild));
      } else {
        Add(Form::kPattern, text);
      }
    }
    step.b = program_.texts_.size();
  }

  void Add(Program::Text::Form form, std::string_view text) {
    Program::Text one{.form = form, .mask = 0, .head = 0, .text = text};
    if (form == Program::Text::Form::kWhole) one.mask = ~std::uint64_t{0};
    if (form == Program::Text::Form::kPrefix) {
      const std::string bytes(std::min(text.size(), sizeof one.mask), '\xFF');
      one.mask = HeadedText(bytes).head;
    }
    one.head = HeadedText(text).head & one.mask;
    program_.texts_.push_back(one);
  }

  // What costs least is tested first.
  std::uint32_t EmitGroup(std::uint32_t group, std::uint32_t pass, std::uint32_t fail) {
    const bool every = condition().nodes()[group].kind == Node::Kind::kAnd;
    Parts parts;
    Gather(group, parts);
    std::uint32_t next = every ? pass : fail;
    const auto emit_all = [&](const std::vector<std::uint32_t>& nodes) {
      for (auto at = nodes.rbegin(); at != nodes.rend(); ++at) {
        next = every ? Emit(*at, next, fail) : Emit(*at, pass, next);
      }
    };
    emit_all(parts.sub_rules);
    emit_all(parts.groups);
    emit_all(parts.leaves);
    const std::uint32_t inherited = every ? pass : fail;
    for (std::size_t flag = 0; flag < kFlags; ++flag) {
      const std::uint64_t mask = parts.masks[flag];
      if (mask == 0) continue;
      const auto op = static_cast<Operator>(flag);
      const Step step = every ? EveryFlag(op, mask, next, fail) : SomeFlag(op, mask, pass, next);
      // What came before this group is led to from elsewhere, too.
      if (next == inherited || !Join(step, every)) next = Push(step);
    }
    return next;
  }

  // Makes one step of two: of this one and the last, to which it leads.
  bool Join(const Step& step, bool every) {
    Step& last = program_.steps_.back();
    const auto index = static_cast<std::uint32_t>(program_.steps_.size() - 1);
    if (last.kind != Kind::kBits || last.b != 0) return false;
    const bool leads = every ? step.pass == index && step.fail == last.fail
                             : step.fail == index && step.pass == last.pass;
    if (!leads) return false;
    last.b = last.a;
    last.second = last.first;
    last.a = step.a;
    last.first = step.first;
    last.either = !every;
    return true;
  }

  std::uint32_t Push(Step step) {
    program_.steps_.push_back(step);
    return static_cast<std::uint32_t>(program_.steps_.size() - 1);
  }

  Program& program_;
  const Layout& layout_;
};

Program::Program(const Condition& condition, const Parameters& parameters, const Layout& layout)
    : condition_(condition), parameters_(parameters) {
  ProgramCompiler(*this, layout).Run();
}

bool Program::TestValue(const Step& step, const FactSlots& facts, const Related* related) const {
  switch (step.kind) {
    case Kind::kRange:
      if (const std::int64_t* found = facts.IntegerAt(step.slot)) {
        const auto low = static_cast<std::int64_t>(step.a);
        const auto high = static_cast<std::int64_t>(step.b);
        return (low <= *found && *found <= high) != step.negated;
      }
      break;
    case Kind::kTexts:
      if (const HeadedText* found = facts.TextAt(step.slot)) {
        return IsLikeOne(step, *found) != step.negated;
      }
      break;
    case Kind::kBits:
    case Kind::kLeaf:
    case Kind::kSubRule: break;
  }
  return TestOne(step, facts, related);
}

bool Program::TestOne(const Step& step, const FactSlots& facts, const Related* related) const {
  if (step.kind == Kind::kSubRule) {
    return TruthOf(condition_.sub_rules()[step.which], parameters_, related) == Truth::kTrue;
  }
  const auto& [op, operand] = comparisons_[step.which];
  return Compare(op, *operand, facts.at(step.slot)).truth == Truth::kTrue;
}

void ProgramPack::Add(const Program& program) {
  packed_.push_back({&program, steps_.size()});
  steps_.insert(steps_.end(), program.steps_.begin(), program.steps_.end());
}

Program::Ready ProgramPack::At(std::size_t nth) const {
  const auto& [program, first] = packed_[nth];
  return {steps_.data() + first, *program, program->entry_};
}

}  // namespace breakwater::condition

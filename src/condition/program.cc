#include "condition/program.h"

#include <algorithm>
#include <limits>

#include "base/check.h"

namespace breakwater::condition {
namespace {

constexpr bool IsFlag(Operator op) {
  return static_cast<std::size_t>(op) < kFlags;
}
static_assert(IsFlag(Operator::kIsEmpty) && IsFlag(Operator::kIsNotEmpty));
static_assert(IsFlag(Operator::kIsTrue) && IsFlag(Operator::kIsFalse));

constexpr std::uint64_t kGreatest = std::numeric_limits<std::uint64_t>::max();
constexpr std::size_t kHead = 7;  // bytes of a text that a word has room for

std::uint64_t WordOf(std::int64_t integer) {
  return static_cast<std::uint64_t>(integer) ^ std::uint64_t{1} << 63U;
}

std::uint64_t HeadOf(std::string_view text) {
  std::array<unsigned char, kHead> bytes{};
  std::ranges::copy(text.substr(0, kHead), bytes.begin());
  std::uint64_t head = 0;
  for (const unsigned char byte : bytes) head = (head | byte) << 8U;
  return head;
}

std::uint64_t WordOf(std::string_view text) {
  return HeadOf(text) | (std::min(text.size(), kHead + 1) + 1);
}

// Words from `low` up to `high`, both included; around the end of the numbers if `high` is less.
struct Range {
  std::uint64_t low = 0;
  std::uint64_t high = 0;

  friend bool operator==(const Range&, const Range&) = default;
};
constexpr Range kKnown{1, kGreatest};

// All other words. There must be some.
Range Complement(Range range) {
  return {range.high + 1, range.low - 1};
}

// A range that begins or ends with the word that says nothing, without that.
Range OnlyKnown(Range range) {
  if (range.low == 0) ++range.low;
  if (range.high == 0) --range.high;
  return range;
}

// Of the texts that begin so, and perhaps others.
Range RangeOf(std::string_view start) {
  const std::uint64_t low = HeadOf(start);
  return OnlyKnown({low, low | kGreatest >> 8 * std::min(start.size(), kHead)});
}

}  // namespace

Layout::Layout(const ResourceConfig& config) {
  for (const Property& property : config.properties) {
    slots_.push_back({property.name, property.type});
  }
  std::ranges::sort(slots_, {}, &Slot::property);
  BW_CHECK(slots_.size() <= kMost);
}

std::size_t Layout::SlotOf(std::string_view property) const {
  const auto found = std::ranges::lower_bound(slots_, property, {}, &Slot::property);
  BW_CHECK(found != slots_.end() && found->property == property);
  return static_cast<std::size_t>(found - slots_.begin());
}

FactSlots::FactSlots(const Layout& layout, const Facts& facts) {
  std::fill_n(words_.begin(), kFirstValue, 0);
  const auto& slots = layout.slots();
  auto fact = facts.begin();
  for (std::size_t slot = 0; slot < slots.size(); ++slot) {
    const auto& [property, type] = slots[slot];
    while (fact != facts.end() && fact->first < property) ++fact;
    const bool known = fact != facts.end() && fact->first == property;
    facts_[slot] = known ? &fact->second : nullptr;
    words_[kFirstValue + slot] = 0;
    if (known) Put(slot, type, fact->second);
  }
  for (std::size_t flag = 0; flag < kFlags; ++flag) words_[kFlags + flag] = ~words_[flag];
}

void FactSlots::Put(std::size_t slot, PropertyType type, const Fact& fact) {
  const Operand none;
  for (std::size_t flag = 0; flag < kFlags; ++flag) {
    const auto holds = Compare(static_cast<Operator>(flag), none, &fact).truth;
    if (holds == Truth::kTrue) words_[flag] |= std::uint64_t{1} << slot;
  }
  const Value* value = fact.value();
  if (value == nullptr || TypeOf(*value) != type) return;
  if (const auto* text = std::get_if<std::string>(value)) {
    words_[kFirstValue + slot] = WordOf(*text);
  } else if (const auto* number = std::get_if<Number>(value); number && number->is_integer()) {
    words_[kFirstValue + slot] = WordOf(number->integer());
  }
}

// Writes a condition's steps from the last to the first, so that each knows what comes after it.
// Places are counted from the end meanwhile.
class ProgramCompiler {
 public:
  ProgramCompiler(Program& program, const Layout& layout) : program_(program), layout_(layout) {}

  void Run() {
    Step end;
    for (const auto last : {Otherwise::kFail, Otherwise::kHold}) {
      end.otherwise = last;
      program_.steps_.push_back(end);
    }
    Emit(0, {.pass = 1, .fail = 0});
    std::ranges::reverse(program_.steps_);
  }

 private:
  using Otherwise = Program::Otherwise;
  using Step = Program::Step;
  using Place = std::int32_t;

  // Where a part of the condition leads.
  struct Ways {
    Place pass = 0;
    Place fail = 0;
  };
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

  // Where the part begins. All of these answer with that, and it is where the last step lies.
  Place Emit(std::uint32_t at, Ways ways) {
    const Node& node = condition().nodes()[at];
    switch (node.kind) {
      case Node::Kind::kLeaf: return EmitLeaf(LeafAt(at), ways);
      case Node::Kind::kSubRule:
        return Push({.otherwise = Otherwise::kSubRule, .which = node.leaf}, ways);
      case Node::Kind::kAnd:
      case Node::Kind::kOr: return EmitGroup(at, ways);
    }
    BW_UNREACHABLE();
  }

  // What costs least is tested first.
  Place EmitGroup(std::uint32_t group, Ways ways) {
    const bool every = condition().nodes()[group].kind == Node::Kind::kAnd;
    Parts parts;
    Gather(group, parts);
    Place& next = every ? ways.pass : ways.fail;
    for (const auto* nodes : {&parts.sub_rules, &parts.groups, &parts.leaves}) {
      for (auto at = nodes->rbegin(); at != nodes->rend(); ++at) next = Emit(*at, ways);
    }
    for (std::size_t flag = 0; flag < kFlags; ++flag) {
      if (parts.masks[flag] == 0) continue;
      next = every ? EmitEvery(flag, parts.masks[flag], ways)
                   : EmitSome(flag, parts.masks[flag], ways);
    }
    return next;
  }

  // Every flag of a mask holds if there is none that does not.
  Place EmitEvery(std::size_t flag, std::uint64_t mask, Ways ways) {
    return EmitNone(kFlags + flag, mask, ways);
  }
  Place EmitSome(std::size_t flag, std::uint64_t mask, Ways ways) {
    return EmitNone(flag, mask, {.pass = ways.fail, .fail = ways.pass});
  }
  Place EmitNone(std::size_t word, std::uint64_t mask, Ways ways) {
    return PushRange({.word = static_cast<std::uint8_t>(word), .mask = mask}, {0, 0}, ways);
  }

  Place EmitLeaf(const Leaf& leaf, Ways ways) {
    if (IsFlag(leaf.op)) return EmitEvery(static_cast<std::size_t>(leaf.op), BitOf(leaf), ways);
    const Operand* operand =
        leaf.parameter.empty() ? &leaf.operand : program_.parameters_.Find(leaf.parameter);
    Step step{.otherwise = Otherwise::kCompare};
    step.word = static_cast<std::uint8_t>(FactSlots::kFirstValue + layout_.SlotOf(leaf.property));
    step.which = static_cast<std::uint32_t>(program_.comparisons_.size());
    program_.comparisons_.push_back({leaf.op, operand});
    if (operand != nullptr && !operand->texts.empty()) {
      switch (leaf.op) {
        case Operator::kStringEquals:
        case Operator::kStringMatch:
        case Operator::kStringContains: return EmitAnyText(leaf.op, *operand, step, ways);
        case Operator::kStringNotEquals:
        case Operator::kStringNotMatch:
        case Operator::kStringNotContains: return EmitNoText(leaf.op, *operand, step, ways);
        default: break;
      }
    }
    if (operand != nullptr && operand->numbers.size() == 1) {
      return EmitNumber(leaf.op, operand->numbers.front(), step, ways);
    }
    return Push(step, ways);
  }

  // A comparison with one integer asks for ranges. Those at the ends of the numbers may be empty,
  // and are left to the general comparison.
  Place EmitNumber(Operator op, const Number& number, const Step& compare, Ways ways) {
    const std::uint64_t n = number.is_integer() ? WordOf(number.integer()) : 0;
    if (n <= 1 || n == kGreatest) return Push(compare, ways);
    const auto push = [&](std::uint64_t low, std::uint64_t high) {
      return PushIfKnown(compare, {low, high}, ways);
    };
    switch (op) {
      case Operator::kNumLessThan: return push(1, n - 1);
      case Operator::kNumLessThanEquals: return push(1, n);
      case Operator::kNumGreaterThan: return push(n + 1, kGreatest);
      case Operator::kNumGreaterThanEquals: return push(n, kGreatest);
      case Operator::kNumEquals: ways.pass = push(1, n); return push(n, kGreatest);
      case Operator::kNumNotEquals: ways.fail = push(1, n - 1); return push(n + 1, kGreatest);
      default: return Push(compare, ways);  // days are no number of the property's
    }
  }

  Place EmitAnyText(Operator op, const Operand& operand, const Step& compare, Ways ways) {
    for (auto text = operand.texts.rbegin(); text != operand.texts.rend(); ++text) {
      ways.fail = EmitText({op, *text}, compare.word, ways);
    }
    return ways.fail;
  }

  // Like none of the texts; of what is no text, the comparison knows more.
  Place EmitNoText(Operator op, const Operand& operand, const Step& compare, Ways ways) {
    const Place other = PushIfKnown(compare, kKnown, ways);
    return EmitAnyText(*NegationOf(op), operand, compare, {.pass = ways.fail, .fail = other});
  }

  Place EmitText(const Program::Text& text, std::uint8_t word, Ways ways) {
    const Range range = text.form == Program::Text::Form::kWhole
                            ? Range{WordOf(text.text), WordOf(text.text)}
                            : RangeOf(text.Start());
    Step step{.word = word, .mask = kGreatest};
    if (text.IsDecidedByWord()) return PushRange(step, range, ways);
    Step closer{.otherwise = Otherwise::kText, .word = word};
    closer.which = static_cast<std::uint32_t>(program_.texts_.size());
    program_.texts_.push_back(text);
    if (IsNext(ways.pass)) {
      ways.pass = Push(closer, ways);
      return PushRange(step, range, ways);
    }
    return Push(Leading(closer, Complement(range)), ways);
  }

  // A step that holds if the word is in the range.
  Place PushRange(const Step& step, Range range, Ways ways) {
    return Push(Leading(step, IsNext(ways.pass) ? range : Complement(range)), ways);
  }

  // A step that holds if the word is in the range, or says nothing and the comparison holds.
  Place PushIfKnown(Step step, Range range, Ways ways) {
    step.otherwise = Otherwise::kJumpIfKnown;
    if (IsNext(ways.pass)) return Push(Leading(step, range), ways);
    if (range == kKnown) return Push(step, ways);
    return Push(Leading(step, OnlyKnown(Complement(range))), ways);
  }

  static Step Leading(Step step, Range range) {
    if (step.mask == 0) step.mask = kGreatest;
    step.low = range.low;
    step.span = range.high - range.low;
    return step;
  }

  bool IsNext(Place place) const { return place + 1 == static_cast<Place>(program_.steps_.size()); }

  // Of the ways, one is the next step.
  Place Push(Step step, Ways ways) {
    const auto here = static_cast<Place>(program_.steps_.size());
    step.next_if = IsNext(ways.pass);
    BW_CHECK(step.next_if || IsNext(ways.fail));
    step.jump = here - (step.next_if ? ways.fail : ways.pass);
    program_.steps_.push_back(step);
    return here;
  }

  Program& program_;
  const Layout& layout_;
};

Program::Program(const Condition& condition, const Parameters& parameters, const Layout& layout)
    : condition_(condition), parameters_(parameters) {
  ProgramCompiler(*this, layout).Run();
}

Program::Text::Text(Operator op, std::string_view given) : text(given) {
  const std::size_t wild = op == Operator::kStringMatch ? given.find_first_of("*?") : given.npos;
  if (op == Operator::kStringContains) {
    form = Form::kPart;
  } else if (wild == given.npos) {
    form = Form::kWhole;
  } else if (wild + 1 == given.size() && given.back() == '*') {
    form = Form::kPrefix;
    text.remove_suffix(1);
  } else {
    form = Form::kPattern;
  }
}

std::string_view Program::Text::Start() const {
  switch (form) {
    case Form::kWhole:
    case Form::kPrefix: return text;
    case Form::kPart: return {};
    case Form::kPattern: return text.substr(0, text.find_first_of("*?"));
  }
  BW_UNREACHABLE();
}

bool Program::Text::IsDecidedByWord() const {
  if (text.size() > kHead) return false;
  // A text that ends sooner has zeros there, too.
  return form == Form::kWhole || (form == Form::kPrefix && text.find('\0') == text.npos);
}

bool Program::Text::IsLike(std::string_view found) const {
  switch (form) {
    case Form::kWhole: return found == text;
    case Form::kPrefix: return found.starts_with(text);
    case Form::kPart: return found.find(text) != std::string_view::npos;
    case Form::kPattern: return WildcardMatch(text, found);
  }
  BW_UNREACHABLE();
}

bool Program::LooksLikeNext(const Step& step, const FactSlots& facts,
                            const Related* related) const {
  bool holds = false;
  const auto fact = [&] { return facts.at(step.word - FactSlots::kFirstValue); };
  switch (step.otherwise) {
    case Otherwise::kJumpIfKnown:
      if (facts.Word(step.word) != 0) return false;
      [[fallthrough]];
    case Otherwise::kCompare: holds = Holds(comparisons_[step.which], fact()); break;
    case Otherwise::kText:
      holds = texts_[step.which].IsLike(std::get<std::string>(*fact()->value()));
      break;
    case Otherwise::kSubRule:
      holds = TruthOf(condition_.sub_rules()[step.which], parameters_, related) == Truth::kTrue;
      break;
    case Otherwise::kJump:
    case Otherwise::kHold:
    case Otherwise::kFail: BW_UNREACHABLE();
  }
  return holds == step.next_if;
}

bool Program::Holds(const Comparing& comparing, const Fact* fact) {
  if (comparing.operand == nullptr) return false;  // never known
  return Compare(comparing.op, *comparing.operand, fact).truth == Truth::kTrue;
}

void ProgramPack::Add(const Program& program) {
  packed_.push_back({&program, steps_.size()});
  steps_.insert(steps_.end(), program.steps_.begin(), program.steps_.end());
}

Program::Ready ProgramPack::At(std::size_t nth) const {
  const auto& [program, first] = packed_[nth];
  return {steps_.data() + first, *program};
}

}  // namespace breakwater::condition

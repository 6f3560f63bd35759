// Conditions made ready to be judged over and over, and the facts of a resource laid out once for
// all of them: what a gate does in front of every change. Properties, parameters and operands are
// resolved beforehand, so that judging tests bits and slots. It says only whether a condition
// holds; Evaluate says why not.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "condition/catalogue.h"
#include "condition/condition.h"
#include "condition/evaluate.h"
#include "condition/parameters.h"
#include "condition/value.h"

namespace breakwater::condition {

// The operators without a value, which come first: what they say of a fact is a bit.
inline constexpr std::size_t kFlags = 4;

// Numbers the properties of one kind of resource: their slots. Immutable.
class Layout {
 public:
  struct Slot {
    std::string property;
    PropertyType type = PropertyType::kBoolean;
  };
  // A kind has no more properties: one word holds a bit for each.
  static constexpr std::size_t kMost = 64;

  explicit Layout(const ResourceConfig& config);

  // In the order of Facts.
  const std::vector<Slot>& slots() const { return slots_; }
  // The property must be one of the kind's.
  std::size_t SlotOf(std::string_view property) const;

 private:
  std::vector<Slot> slots_;
};

// The facts of one resource by slot, and most of what they say in words: a comparison is then
// whether a word lies in a range. They must outlive it.
//
// The first words have a bit for each slot: of which an operator without a value holds, and behind
// these, of which each does not. Then each slot has a word for its value. It rises with the value:
// - an integer, where the property is numeric: from the least on, counted from 0
// - a text, where the property is a string: the first 7 bytes, zeros behind the text's end, and
//   then one for the size, which tells sizes up to 7 apart
// - 0 for anything else, about which the word says nothing
class FactSlots {
 public:
  static constexpr std::size_t kFirstValue = 2 * kFlags;

  FactSlots(const Layout& layout, const Facts& facts);

  std::uint64_t Word(std::size_t index) const { return words_[index]; }
  // Null if nobody said anything of the property.
  const Fact* at(std::size_t slot) const { return facts_[slot]; }

 private:
  void Put(std::size_t slot, PropertyType type, const Fact& fact);

  // What is not of the layout's slots is never looked at.
  std::array<std::uint64_t, kFirstValue + Layout::kMost> words_;
  std::array<const Fact*, Layout::kMost> facts_;
};

// One condition with its parameters. Immutable; safe to share between threads.
class Program {
  struct Step;

 public:
  // Condition and parameters must outlive it; the layout is that of the condition's type.
  Program(const Condition& condition, const Parameters& parameters, const Layout& layout);
  Program(const Program&) = delete;
  Program& operator=(const Program&) = delete;

  // A program wherever its steps lie. Program and steps must outlive it.
  class Ready {
   public:
    // Whether Judge says that it complies. Allocates nothing if facts have the types of the
    // catalogue and there are no sub-rules.
    bool Holds(const FactSlots& facts, const Related* related = nullptr) const;

   private:
    friend class Program;
    friend class ProgramPack;
    Ready(const Step* steps, const Program& program) : steps_(steps), program_(&program) {}

    const Step* steps_;
    const Program* program_;
  };
  Ready ready() const { return {steps_.data(), *this}; }
  bool Holds(const FactSlots& facts, const Related* related = nullptr) const {
    return Run(steps_.data(), facts, related);
  }

 private:
  friend class ProgramCompiler;
  friend class ProgramPack;

  // What to do where a step's word does not lead to the next step.
  enum class Otherwise : std::uint8_t {
    kJump,
    kJumpIfKnown,  // and make the comparison `which` if the word says nothing
    kCompare,      // make the comparison `which`
    kText,         // see whether the text is like the text `which`
    kSubRule,      // judge the sub-rule `which`
    kHold,         // that was all
    kFail,
  };
  // A look at a word, and where it leads. A condition holds if the comparisons that it needs do,
  // known or not, as there is no "not" in it: two ways out of a step are enough. One of them is
  // always the next step, so that the processor goes on with that before this one is decided.
  struct Step {
    Otherwise otherwise = Otherwise::kJump;
    bool next_if = true;  // what closer looks lead to the next step; the others jump
    std::uint8_t word = 0;
    std::int32_t jump = 0;  // by so many steps
    std::uint32_t which = 0;
    // Leads to the next step if so much of the word is not below `low`, nor more than `span` above
    // it; ranges may go around the end of the numbers. As it stands here it never does.
    std::uint64_t mask = 0;
    std::uint64_t low = 1;
    std::uint64_t span = 0;

    bool Leads(const FactSlots& facts) const { return (facts.Word(word) & mask) - low <= span; }
  };
  struct Comparing {
    Operator op = Operator::kIsTrue;
    const Operand* operand = nullptr;  // null: of a parameter without a value
  };
  struct Text {
    enum class Form : std::uint8_t { kWhole, kPrefix, kPart, kPattern };

    // The operator is none of the negated ones.
    Text(Operator op, std::string_view given);
    bool IsLike(std::string_view found) const;
    // With which every text begins that is like it.
    std::string_view Start() const;
    // Whether no text's word is in the range but those that are like it.
    bool IsDecidedByWord() const;

    Form form = Form::kWhole;
    std::string_view text;
  };

  bool Run(const Step* step, const FactSlots& facts, const Related* related) const {
    for (;;) {
      while (step->Leads(facts)) [[likely]]
        ++step;
      if (step->otherwise == Otherwise::kHold) return true;
      if (step->otherwise == Otherwise::kFail) return false;
      const bool next = step->otherwise != Otherwise::kJump && LooksLikeNext(*step, facts, related);
      step += next ? 1 : step->jump;
    }
  }
  // Looks closer, out of the way of those that need not.
  bool LooksLikeNext(const Step& step, const FactSlots& facts, const Related* related) const;
  static bool Holds(const Comparing& comparing, const Fact* fact);

  const Condition& condition_;
  const Parameters& parameters_;
  std::vector<Step> steps_;
  std::vector<Comparing> comparisons_;
  std::vector<Text> texts_;
};

// The steps of many programs side by side, in the order in which they are judged: what is far apart
// costs more than the tests. The programs must outlive it.
class ProgramPack {
 public:
  void Add(const Program& program);
  // Of the program that was added as the nth. Good until another is added.
  Program::Ready At(std::size_t nth) const;

 private:
  struct Packed {
    const Program* program = nullptr;
    std::size_t first = 0;
  };
  std::vector<Packed> packed_;
  std::vector<Program::Step> steps_;
};

inline bool Program::Ready::Holds(const FactSlots& facts, const Related* related) const {
  return program_->Run(steps_, facts, related);
}

}  // namespace breakwater::condition

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
  // A kind has no more properties: one word holds a bit for each.
  static constexpr std::size_t kMost = 64;

  explicit Layout(const ResourceConfig& config);

  // In the order of Facts.
  const std::vector<std::string>& names() const { return names_; }
  // The property must be one of the kind's.
  std::size_t SlotOf(std::string_view property) const;

 private:
  std::vector<std::string> names_;
};

// A text beside its first bytes, which tell most texts apart: in one word, zeros behind the end.
struct HeadedText {
  HeadedText() = default;
  explicit HeadedText(std::string_view whole);

  std::string_view text;
  std::uint64_t head = 0;
};

// The facts of one resource by slot. They must outlive it.
class FactSlots {
 public:
  FactSlots(const Layout& layout, const Facts& facts);

  // Null if nobody said anything of the property.
  const Fact* at(std::size_t slot) const { return facts_[slot]; }
  // A bit for each slot: of which an operator without a value holds, and behind these words, of
  // which each does not.
  std::uint64_t Flags(std::size_t word) const { return flags_[word]; }
  // The common values, seen through: null if there is another, or none.
  const std::int64_t* IntegerAt(std::size_t slot) const {
    return Has(integer_slots_, slot) ? &integers_[slot] : nullptr;
  }
  const HeadedText* TextAt(std::size_t slot) const {
    return Has(text_slots_, slot) ? &texts_[slot] : nullptr;
  }

 private:
  static bool Has(std::uint64_t slots, std::size_t slot) { return (slots >> slot & 1U) != 0; }
  void Put(std::size_t slot, const Fact& fact);

  // What is not of the layout's slots, or of those that the masks name, is never looked at.
  std::array<std::uint64_t, 2 * kFlags> flags_{};
  std::uint64_t integer_slots_ = 0;
  std::uint64_t text_slots_ = 0;
  std::array<const Fact*, Layout::kMost> facts_;
  std::array<std::int64_t, Layout::kMost> integers_;
  std::array<HeadedText, Layout::kMost> texts_;
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
    Ready(const Step* steps, const Program& program, std::uint32_t entry)
        : steps_(steps), program_(&program), entry_(entry) {}

    const Step* steps_;
    const Program* program_;
    std::uint32_t entry_;
  };
  Ready ready() const { return {steps_.data(), *this, entry_}; }
  bool Holds(const FactSlots& facts, const Related* related = nullptr) const {
    return Run(steps_.data(), entry_, facts, related);
  }

 private:
  friend class ProgramCompiler;
  friend class ProgramPack;

  // Where a step leads that is the last.
  static constexpr std::uint32_t kHolds = UINT32_MAX;
  static constexpr std::uint32_t kFails = UINT32_MAX - 1;

  enum class Kind : std::uint8_t {
    kBits,   // one or two tests of flags
    kRange,  // an integer between two others, bounds included
    kTexts,  // a text among some, or like one of them
    kLeaf,   // any other comparison
    kSubRule,
  };
  // Whether a word of flags has none of the mask's bits: every flag of a mask holds if none does
  // not.
  struct FlagTest {
    std::uint8_t word = 0;
    bool negated = false;
  };
  // A test, and which one comes next. A condition holds if the comparisons that it needs do, known
  // or not, as there is no "not" in it: two ways out are enough.
  struct Step {
    Kind kind = Kind::kBits;
    bool negated = false;  // kRange, kTexts
    bool either = false;   // kBits: the one or the other, not both
    std::uint8_t slot = 0;
    FlagTest first = {};  // of a, and of b
    FlagTest second = {};
    std::uint32_t pass = kHolds;
    std::uint32_t fail = kFails;
    std::uint32_t which = 0;  // among the comparisons, or the sub-rules
    // kBits: two masks. kRange: the bounds. kTexts: where they begin and end.
    std::uint64_t a = 0;
    std::uint64_t b = 0;
  };
  struct Comparing {
    Operator op = Operator::kIsTrue;
    const Operand* operand = nullptr;
  };
  struct Text {
    enum class Form : std::uint8_t { kWhole, kPrefix, kPart, kPattern };
    bool IsLike(const HeadedText& found) const {
      constexpr std::size_t kHead = sizeof head;
      if ((found.head & mask) != head) return false;
      switch (form) {
        case Form::kWhole:
          return found.text.size() == text.size() && (text.size() <= kHead || found.text == text);
        case Form::kPrefix:
          return found.text.size() >= text.size() &&
                 (text.size() <= kHead || found.text.starts_with(text));
        case Form::kPart: return found.text.find(text) != std::string_view::npos;
        case Form::kPattern: return WildcardMatch(text, found.text);
      }
      return false;
    }

    Form form = Form::kWhole;
    std::uint64_t mask = 0;  // the bytes of the head that must be the same
    std::uint64_t head = 0;
    std::string_view text;
  };

  bool Run(const Step* steps, std::uint32_t at, const FactSlots& facts,
           const Related* related) const {
    while (at < kFails) {
      const Step& step = steps[at];
      const bool holds =
          step.kind == Kind::kBits ? TestBits(step, facts) : TestValue(step, facts, related);
      // A jump, not a choice of numbers: it is foreseen, and the next step begins before this one
      // ends.
      if (holds) [[likely]] {
        at = step.pass;
      } else {
        at = step.fail;
      }
    }
    return at == kHolds;
  }
  static bool TestBits(const Step& step, const FactSlots& facts) {
    const bool first = ((facts.Flags(step.first.word) & step.a) == 0) != step.first.negated;
    const bool second = ((facts.Flags(step.second.word) & step.b) == 0) != step.second.negated;
    return step.either ? first || second : first && second;
  }
  // Those that look at values themselves, out of the way of the others.
  bool TestValue(const Step& step, const FactSlots& facts, const Related* related) const;
  bool IsLikeOne(const Step& step, const HeadedText& found) const {
    for (std::uint64_t i = step.a; i < step.b; ++i) {
      if (texts_[i].IsLike(found)) return true;
    }
    return false;
  }
  bool TestOne(const Step& step, const FactSlots& facts, const Related* related) const;

  const Condition& condition_;
  const Parameters& parameters_;
  std::vector<Step> steps_;
  std::vector<Comparing> comparisons_;
  std::vector<Text> texts_;
  std::uint32_t entry_ = kHolds;
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
  return program_->Run(steps_, entry_, facts, related);
}

}  // namespace breakwater::condition

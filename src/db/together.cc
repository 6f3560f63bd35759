#include "db/together.h"

#include <utility>
#include <vector>

#include "base/check.h"
#include "base/slot_scope.h"

namespace breakwater::db {
namespace {

using Actions = std::vector<std::function<void()>>;

struct Joint {
  Transaction* tx = nullptr;
  Actions* after = nullptr;
  std::optional<Error> failure{};  // the first
};

thread_local Joint* current = nullptr;

}  // namespace

bool IsTogether() {
  return current != nullptr;
}

void AfterTogether(std::function<void()> action) {
  BW_CHECK(current != nullptr);
  current->after->push_back(std::move(action));
}

Transaction* Joined() {
  return current == nullptr ? nullptr : current->tx;
}

Status WriteJoined(const Database::Work& work) {
  Status done = work(*current->tx);
  if (!done.ok() && !current->failure) current->failure = done.error();
  return done;
}

Status Together(Database& database, const Database::Work& work) {
  if (IsTogether()) return database.Write(work);
  Actions after;
  Status done = database.Write([&](Transaction& tx) -> Status {
    after.clear();
    Joint joint{.tx = &tx, .after = &after};
    const SlotScope<Joint> scope(current, &joint);
    BW_TRY_STATUS(work(tx));
    return joint.failure ? Status(*std::move(joint.failure)) : Ok();
  });
  for (const auto& action : after) action();
  return done;
}

}  // namespace breakwater::db

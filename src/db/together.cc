#include "db/together.h"

#include "base/check.h"

namespace breakwater::db {
namespace {

struct Joint {
  Transaction* tx = nullptr;
  std::optional<Error> failure{};  // the first
};

thread_local Joint* current = nullptr;

class Scope {
 public:
  explicit Scope(Joint& joint) {
    BW_CHECK(current == nullptr);
    current = &joint;
  }
  ~Scope() { current = nullptr; }
  Scope(const Scope&) = delete;
  Scope& operator=(const Scope&) = delete;
};

}  // namespace

bool IsTogether() {
  return current != nullptr;
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
  return database.Write([&work](Transaction& tx) -> Status {
    Joint joint{.tx = &tx};
    const Scope scope(joint);
    BW_TRY_STATUS(work(tx));
    return joint.failure ? Status(*std::move(joint.failure)) : Ok();
  });
}

}  // namespace breakwater::db

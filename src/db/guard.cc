#include "db/guard.h"

#include <exception>
#include <string>

namespace breakwater::db {

Status RunGuarded(const Database::Work& work, Transaction& tx) {
  try {
    return work(tx);
  } catch (const std::exception& e) {
    return Internal(std::string("exception in a transaction: ") + e.what());
  } catch (...) {
    return Internal("exception of unknown type in a transaction");
  }
}

}  // namespace breakwater::db

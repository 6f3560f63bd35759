#include "db/lazy_flush.h"

#include "base/check.h"

namespace breakwater::db {
namespace {

thread_local bool lazy = false;

}  // namespace

LazyFlush::LazyFlush() {
  BW_CHECK(!lazy);
  lazy = true;
}

LazyFlush::~LazyFlush() {
  lazy = false;
}

bool LazyFlush::active() {
  return lazy;
}

}  // namespace breakwater::db

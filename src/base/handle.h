// The handles of C libraries as unique pointers.
#pragma once

#include <memory>

namespace breakwater {

// Calls `Free`, the library's own function, on a handle.
template <auto Free>
struct HandleDeleter {
  template <class T>
  void operator()(T* handle) const {
    Free(handle);
  }
};

// UniqueHandle<EVP_PKEY, EVP_PKEY_free>
template <class T, auto Free>
using UniqueHandle = std::unique_ptr<T, HandleDeleter<Free>>;

}  // namespace breakwater

// Every endpoint there is, and the face of each path prefix.
#pragma once

#include <memory>

#include "api/dispatcher.h"
#include "app/installation.h"

namespace breakwater::app {

class Faces {
 public:
  // The installation must outlive it.
  explicit Faces(Installation::Parts& parts);
  ~Faces();

  // Made once; refers to the installation and to this.
  std::unique_ptr<api::Dispatcher> NewDispatcher();

 private:
  struct State;
  std::unique_ptr<State> state_;
};

}  // namespace breakwater::app

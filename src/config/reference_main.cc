// Prints docs/configuration.md.
#include <iostream>

#include "config/render.h"

int main() {
  std::cout << breakwater::config::RenderReference() << std::flush;
  return std::cout ? 0 : 1;
}

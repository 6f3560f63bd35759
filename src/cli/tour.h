// `breakwater tour`: shows on a running server, through its public interfaces alone, what
// Breakwater does. Everything it makes has names of its own and is removed; settings are put back.
#pragma once

#include <string>

#include "cli/login.h"

namespace breakwater::cli {

struct TourArguments {
  std::string private_url = "http://127.0.0.1:5001";
  std::string advisories;  // a feed to import first; empty: what the server has, else its sample
};

// The process's exit status: 0 if every step showed what it should.
int Tour(const RawClientArguments& raw, const TourArguments& arguments);

}  // namespace breakwater::cli

// `breakwater break-glass`: a fresh password for the break-glass identity.
#pragma once

namespace breakwater::cli {

// Prints a random password to standard error, to be locked away, and the lines of configuration
// that make it good to standard output. The exit status.
int MakeBreakGlass();

}  // namespace breakwater::cli

#!/usr/bin/env bash
# Kills the server with SIGKILL at random moments of pushes and checks what a restart finds.
# KILL_NINE_ROUNDS (50) and KILL_NINE_SEED may be set.

# shellcheck source=tests/e2e/lib.sh
source "$(dirname "${BASH_SOURCE[0]}")/lib.sh"
[ "$stores" = embedded ] || skip "it is about the data directory; fleet.sh kills processes over shared stores"

rounds=${KILL_NINE_ROUNDS:-50}
# It runs servers of its own.
if BREAKWATER_BIN=$bin BREAKWATER_TEST_DIR=$dir KILL_NINE_ROUNDS=$rounds \
  python3 "$root/tests/e2e/kill_nine.py"; then
  ok "after each of $rounds kills everything acknowledged is there, nothing else, and no rest of it"
else
  not_ok "after each of $rounds kills everything acknowledged is there, nothing else, and no rest of it"
fi

finish

#!/usr/bin/env bash
# A fleet: three processes over one PostgreSQL and one object store, while one of them is killed every
# few seconds. FLEET_SECONDS (40), FLEET_CLIENTS (64) and FLEET_SEED may be set.

# shellcheck source=tests/e2e/lib.sh
source "$(dirname "${BASH_SOURCE[0]}")/lib.sh"
[ "$stores" = scaled ] || skip "it needs stores that several processes can share"

export BREAKWATER_BIN=$bin BREAKWATER_TEST_DIR=$dir
if python3 "$root/tests/e2e/fleet.py" kill; then
  ok "retries cure every failure, what was acknowledged is there, and each job has run"
else
  not_ok "retries cure every failure, what was acknowledged is there, and each job has run"
fi

finish

#!/usr/bin/env bash
# A fleet under load whose stores fail: PostgreSQL is restarted and throws sessions out, the object
# store answers 503 and then resets connections for FLEET_OUTAGE (30) seconds each.

# shellcheck source=tests/e2e/lib.sh
source "$(dirname "${BASH_SOURCE[0]}")/lib.sh"
[ "$stores" = scaled ] || skip "it needs stores that several processes can share"

services=$root/tests/services
proxy=$(bash "$services/s3.sh" proxy "$BREAKWATER_TEST_S3_DIR")
eval "$proxy"
export BREAKWATER_BIN=$bin BREAKWATER_TEST_DIR=$dir BREAKWATER_S3_ENDPOINT=$S3_PROXY_ENDPOINT
export FLEET_SERVICES=$services FLEET_POSTGRES_DIR=$BREAKWATER_TEST_POSTGRES_DIR \
  FLEET_PROXY_RULES=$S3_PROXY_RULES
if python3 "$root/tests/e2e/fleet.py" outage; then
  ok "processes live through it, retries cure every failure, and nothing acknowledged is lost"
else
  not_ok "processes live through it, retries cure every failure, and nothing acknowledged is lost"
fi

finish

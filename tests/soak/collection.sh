#!/usr/bin/env bash
# The collector against pushes, mounts and deletions: 10,000 rounds in every order of their steps,
# and as many of what really runs at once (src/registry/collector_race_test.cc).
set -euo pipefail
root=$(cd "$(dirname "${BASH_SOURCE[0]}")/../.." && pwd)
program=$(dirname "${BREAKWATER_BIN:-$root/build/dev/breakwater}")/src/registry/bw_registry_test
if [ ! -x "$program" ]; then
  echo "there is no program at $program: build bw_registry_test first"
  exit 77
fi
export BREAKWATER_TEST_ROUNDS=${BREAKWATER_TEST_ROUNDS:-10000}
exec "$program" --gtest_filter='CollectorRace.*'

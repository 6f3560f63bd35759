# shellcheck shell=bash
# shellcheck disable=SC2034  # variables are for the scripts that source this
# Common to the benchmarks: where they are, and a directory of their own that goes with them. Sourced.
# The exit code is 77 when one cannot run here; the last line says why.

set -euo pipefail

here=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
export PYTHONPATH=$here/../tests/e2e
directory=${BREAKWATER_TEST_DIR:-}
if [ -z "$directory" ]; then
  directory=$(mktemp -d)
  trap 'rm -rf "$directory"' EXIT
fi

#!/usr/bin/env bash
# The goals of performance, P1 to P10, beside docker-registry and nginx in one run.
#
# usage: goals.sh [--quick] [P1 …]: all when none is named. With BREAKWATER_BENCH_WRITE=1 a thorough run
# of all of them writes the table in README.md anew. Pushes of large blobs take up to 30 GiB of disk.

# shellcheck source=bench/lib.sh
source "$(dirname "${BASH_SOURCE[0]}")/lib.sh"

python3 "$here/goals.py" "$directory" "$@"
if [ "${BREAKWATER_BENCH_WRITE:-}" = 1 ] && [ $# = 0 ]; then
  python3 "$here/write_table.py" "$here/../README.md" goals "$directory/table"
fi

#!/usr/bin/env bash
# Start, memory and size, as the table in README.md. With BREAKWATER_BENCH_WRITE=1 the table there
# is written anew.
set -euo pipefail

here=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
directory=${BREAKWATER_TEST_DIR:-}
if [ -z "$directory" ]; then
  directory=$(mktemp -d)
  trap 'rm -rf "$directory"' EXIT
fi

rc=0
python3 "$here/footprint.py" "$directory" > "$directory/table" || rc=$?
cat "$directory/table"
[ "$rc" = 0 ] || exit "$rc"
if [ "${BREAKWATER_BENCH_WRITE:-}" = 1 ]; then
  python3 "$here/write_table.py" "$here/../README.md" footprint "$directory/table"
fi

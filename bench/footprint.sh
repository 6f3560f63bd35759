#!/usr/bin/env bash
# Start, memory and size, as the table in README.md. With BREAKWATER_BENCH_WRITE=1 the table there
# is written anew.

# shellcheck source=bench/lib.sh
source "$(dirname "${BASH_SOURCE[0]}")/lib.sh"

rc=0
python3 "$here/footprint.py" "$directory" > "$directory/table" || rc=$?
cat "$directory/table"
[ "$rc" = 0 ] || exit "$rc"
if [ "${BREAKWATER_BENCH_WRITE:-}" = 1 ]; then
  python3 "$here/write_table.py" "$here/../README.md" footprint "$directory/table"
fi

#!/usr/bin/env bash
# Ten thousand idle connections and a thousand busy ones, slow and hostile clients among them: who is
# fast is served, and memory stays bounded. CONNECTIONS_IDLE (10000) and CONNECTIONS_SCALE (1: a thousand
# busy ones) may be set.

# shellcheck source=tests/e2e/lib.sh
source "$(dirname "${BASH_SOURCE[0]}")/lib.sh"
[ "$stores" = embedded ] || skip "it is about listeners, whatever the stores"

# It runs servers of its own.
export BREAKWATER_BIN=$bin BREAKWATER_TEST_DIR=$dir
for part in crowd hostile; do
  rc=0
  python3 "$root/tests/e2e/connections.py" "$part" > "$dir/output" || rc=$?
  cat "$dir/output"
  [ "$rc" != 77 ] || skip "$(tail -n 1 "$dir/output")"
  case $part in
    crowd) fact="fast clients are served among idle and slow ones, in bounded memory" ;;
    hostile) fact="what no client should send is refused or cut off, in bounded memory" ;;
  esac
  if [ "$rc" = 0 ]; then ok "$fact"; else not_ok "$fact" "exit code $rc"; fi
done

finish

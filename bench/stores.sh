#!/usr/bin/env bash
# Pushes and pulls on both kinds of stores, side by side.
set -euo pipefail

here=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
directory=${BREAKWATER_TEST_DIR:-}
if [ -z "$directory" ]; then
  directory=$(mktemp -d)
  trap 'rm -rf "$directory"' EXIT
fi

python3 "$here/stores.py" "$directory"

#!/usr/bin/env bash
# Pulls and pushes beside docker-registry and nginx, where they are installed.
set -euo pipefail

here=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
directory=${BREAKWATER_TEST_DIR:-}
if [ -z "$directory" ]; then
  directory=$(mktemp -d)
  trap 'rm -rf "$directory"' EXIT
fi

python3 "$here/data_plane.py" "$directory"

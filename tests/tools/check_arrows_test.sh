#!/usr/bin/env bash
# The include-arrow check passes on this tree and fails on every kind of forbidden arrow.
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/../.."

copy=$(mktemp -d)
trap 'rm -rf "$copy"' EXIT

fresh_copy() {
  rm -rf "${copy:?}"/*
  cp ARCHITECTURE.md CMakeLists.txt "$copy"
  cp -r src "$copy/src"
}

# expect_failure WORDS: the check of the copy fails, and says so.
expect_failure() {
  local out
  if out=$(python3 tools/check_arrows.py "$copy"); then
    echo "a planted arrow was not found; expected: $1"
    exit 1
  fi
  grep -qF -- "$1" <<< "$out" || {
    printf 'expected: %s\ngot:\n%s\n' "$1" "$out"
    exit 1
  }
  echo "found as planted: $1"
}

python3 tools/check_arrows.py || { echo "the tree itself has forbidden arrows"; exit 1; }

fresh_copy
printf '#include "api/endpoint.h"\n' >> "$copy/src/base/strings.h"
expect_failure "base may not include api"

fresh_copy
printf '  #  include "config/load.h"\n' >> "$copy/src/json/json.cc"
expect_failure "json may not include config"

fresh_copy
sed -i 's/DEPS base)/DEPS base cli)/' "$copy/src/config/CMakeLists.txt"
expect_failure "config depends on cli; config may not include cli"

fresh_copy
sed -i 's/^| config | |$/| config | cli |/' "$copy/ARCHITECTURE.md"
expect_failure "config may include cli, which stands above it"

fresh_copy
sed -i 's/^| config | |$/| config | json |/' "$copy/ARCHITECTURE.md"
printf '#include "json/json.h"\n' >> "$copy/src/config/load.cc"
expect_failure "config includes json, which its DEPS do not name"

fresh_copy
sed -i '/^| config | /d' "$copy/ARCHITECTURE.md"
expect_failure "no row for folder config"

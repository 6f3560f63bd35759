#!/usr/bin/env bash
# The check for banned constructs finds each of them, and leaves their look-alikes alone.
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/../.."

tree=$(mktemp -d)
trap 'rm -rf "$tree"' EXIT
mkdir -p "$tree/src/a"

# expect_failure FILE LINE: this line in this file is refused.
expect_failure() {
  printf '%s\n' "$2" > "$tree/src/a/$1"
  if python3 tools/check_sources.py "$tree" > /dev/null; then
    echo "not refused: $2"
    exit 1
  fi
  echo "refused: $2"
  rm "$tree/src/a/$1"
}

expect_failure a.cc 'auto x = co_await y;'
expect_failure a.cc 'std::regex pattern;'
expect_failure a.h 'assert(size > 0);'
expect_failure a.cc 'worker.detach();'
expect_failure a.cc "// TO""DO: later"
expect_failure a.cc "const char* p = \"/ho""me/me/data\";"
expect_failure a_test.cc 'std::this_thread::sleep_for(1s);'

cat > "$tree/src/a/fine.cc" <<'CODE'
// A word on co_await, std::regex and assert(x).
static_assert(sizeof(int) == 4);
const char* text = "co_await std::regex assert(x) .detach()";
const char* route = "/api/work/home";
CODE
python3 tools/check_sources.py "$tree" || { echo "look-alikes are refused"; exit 1; }

{ echo 'void F() {'; printf '  G();\n%.0s' {1..61}; echo '}'; } > "$tree/src/a/long.cc"
out=$(python3 tools/check_sources.py "$tree")
grep -qF 'warning: src/a/long.cc:1: a function of 61 lines' <<< "$out"
echo "warned of: a function of 61 lines"

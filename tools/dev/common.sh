# shellcheck shell=bash
# Common to all verbs of ./dev. Sourced; the working directory is the project.

if [ -t 2 ]; then
  bold=$'\e[1m' red=$'\e[31m' plain=$'\e[0m'
else
  bold='' red='' plain=''
fi

say() { printf '%s==> %s%s\n' "$bold" "$*" "$plain" >&2; }
die() {
  printf '%s./dev: %s%s\n' "$red" "$*" "$plain" >&2
  exit 1
}

# Reference data beside the checkout, for the tests and the tour that use it where it exists.
use_shared_data() {
  local shared
  shared=$(cd ../shared 2> /dev/null && pwd) || return 0
  export BREAKWATER_SHARED=${BREAKWATER_SHARED:-$shared}
  if [ -d "$shared/data/advisories" ]; then
    export BREAKWATER_ADVISORIES=${BREAKWATER_ADVISORIES:-$shared/data/advisories}
  fi
}

# quietly LOG COMMAND…: keeps the output in LOG. A terminal sees all of it, others every 50th line;
# a failure shows the end.
quietly() {
  local log=$1 rc=0
  shift
  mkdir -p "$(dirname "$log")"
  if [ -t 1 ]; then
    "$@" 2>&1 | tee "$log" || rc=$?
  else
    "$@" 2>&1 | tee "$log" | awk 'NR % 50 == 0 { print substr($0, 1, 160); fflush() }' || rc=$?
    [ "$rc" = 0 ] || tail -n 80 "$log"
  fi
  return "$rc"
}

# shellcheck shell=bash
# Tests, benchmarks, soaks and fuzzing. Sourced by ./dev.

passed=0 failed=0 skipped=0
log_dir=build/test-logs

# The closing line, alone; fails when something failed or nothing ran.
close_totals() {
  echo
  echo "$passed passed, $failed failed, $skipped skipped"
  [ "$failed" = 0 ] && [ "$passed" -gt 0 ]
}

# Real services for tests, on loopback, in a folder that goes with them; and the variables by which
# tests find them.
services_dir= postgres_dir=
start_services() {
  local lines
  services_dir=$(mktemp -d "${TMPDIR:-/tmp}/breakwater-services.XXXXXX")
  postgres_dir=$(in_memory) || postgres_dir=$services_dir/postgres
  trap stop_services EXIT
  say "starting PostgreSQL, PgBouncer and an S3 service"
  lines=$(bash tests/services/postgres.sh start "$postgres_dir" &&
    bash tests/services/postgres.sh bouncer "$postgres_dir" &&
    bash tests/services/s3.sh start "$services_dir/s3") 2> "$log_dir/services.log" || {
    cat "$log_dir/services.log"
    die "the services for the tests do not start"
  }
  eval "$lines"
  # shellcheck disable=SC2154  # they come from the lines
  export BREAKWATER_TEST_POSTGRES=$PG_URL BREAKWATER_TEST_POSTGRES_BOUNCER=$PG_BOUNCER_URL \
    BREAKWATER_TEST_POSTGRES_DIR=$postgres_dir BREAKWATER_TEST_S3_DIR=$services_dir/s3 \
    BREAKWATER_TEST_S3_ENDPOINT=$S3_ENDPOINT BREAKWATER_TEST_S3_TLS_ENDPOINT=$S3_TLS_ENDPOINT \
    BREAKWATER_TEST_S3_CA_FILE=$S3_CA_FILE BREAKWATER_TEST_S3_DOMAIN=$S3_DOMAIN \
    BREAKWATER_TEST_S3_REGION=$S3_REGION BREAKWATER_TEST_S3_BUCKET=$S3_BUCKET \
    BREAKWATER_TEST_S3_ACCESS_KEY=$S3_ACCESS_KEY BREAKWATER_TEST_S3_SECRET_KEY=$S3_SECRET_KEY
}

stop_services() {
  [ -n "$services_dir" ] || return 0
  bash tests/services/s3.sh clean "$services_dir/s3" > /dev/null 2>&1 || true
  bash tests/services/postgres.sh clean "$postgres_dir" > /dev/null 2>&1 || true
  rm -rf "$services_dir" "$postgres_dir"
  services_dir= postgres_dir=
}

# A new folder in memory where there is enough of it: each of a thousand tests makes a database, of
# hundreds of files.
in_memory() {
  local free
  free=$(df --output=avail -k /dev/shm 2> /dev/null | tail -n 1) || return 1
  [ "${free:-0}" -gt $((6 * 1024 * 1024)) ] && mktemp -d /dev/shm/breakwater-postgres.XXXXXX
}

# Tests that are about a service; the others run without one as well.
service_tests='(^|/)Postgres(Schema|Cuts|Faults|Database)\.|/(postgres|bouncer)|S3'

# run_ctest PRESET WHAT [CTEST-ARGUMENTS…]: adds to the totals.
run_ctest() {
  local preset=$1 what=$2 rc=0 p f s wrap=()
  shift 2
  # ThreadSanitizer cannot place its shadow memory under some kernels' address randomisation.
  if [ "$preset" = tsan ] && setarch -R true 2> /dev/null; then wrap=(setarch -R); fi
  local log=$log_dir/ctest-$preset-${what// /-}
  rm -f "$log.xml"
  say "unit and conformance tests of build/$preset, $what"
  quietly "$log.log" "${wrap[@]}" ctest --test-dir "build/$preset" -j "$jobs" \
    --output-on-failure --no-tests=error --output-junit "$root/$log.xml" "$@" ||
    rc=$?
  read -r p f s < <(python3 tools/junit_totals.py "$log.xml") || true
  passed=$((passed + ${p:-0})) failed=$((failed + ${f:-0})) skipped=$((skipped + ${s:-0}))
  if [ "$rc" != 0 ] && [ "${f:-0}" = 0 ]; then
    say "ctest ended with $rc: see $log.log"
    failed=$((failed + 1))
  fi
  say "unit and conformance tests, $what: ${p:-0} passed, ${f:-0} failed, ${s:-0} skipped"
}

# run_script SCRIPT LIMIT-SECONDS [ARGUMENTS…]: 0 passed, 77 skipped, else failed.
run_script() {
  local script=$1 limit=$2 name rc=0 start=$SECONDS dir
  shift 2
  name=$(basename "$(dirname "$script")")/$(basename "$script" .sh)
  if [ -n "${BREAKWATER_TEST_STORES:-}" ]; then name+="-$BREAKWATER_TEST_STORES"; fi
  dir=$(mktemp -d "${TMPDIR:-/tmp}/breakwater.XXXXXX")
  say "$name"
  BREAKWATER_TEST_DIR=$dir timeout --kill-after=30 "$limit" bash "$script" "$@" \
    > "$log_dir/${name//\//-}.log" 2>&1 < /dev/null || rc=$?
  rm -rf "$dir"
  local took=$((SECONDS - start)) log=$log_dir/${name//\//-}.log left_out
  left_out=$(grep -c '^left out - ' "$log" || true)
  skipped=$((skipped + left_out))
  case $rc in
    0) passed=$((passed + 1)); sed 's/^/      /' "$log" | tail -n 40; say "$name: passed ($took s)" ;;
    77) skipped=$((skipped + 1)); say "$name: skipped: $(tail -n 1 "$log")" ;;
    124 | 137) failed=$((failed + 1)); tail -n 60 "$log"; say "$name: FAILED: over $limit s" ;;
    *) failed=$((failed + 1)); tail -n 60 "$log"; say "$name: FAILED ($took s): exit code $rc; see $log" ;;
  esac
}

# run_scripts LIMIT-SECONDS NOT-THESE FOLDER…: every *.sh there but those, and lib.sh, which others
# source.
run_scripts() {
  local limit=$1 not_these=$2 folder script
  shift 2
  for folder in "$@"; do
    for script in "$folder"/*.sh; do
      if [ -e "$script" ] && [ "$(basename "$script")" != lib.sh ] &&
        [[ ! $script =~ ^($not_these)$ ]]; then
        run_script "$script" "$limit"
      fi
    done
  done
}

# beside NAME COMMAND…: runs what adds to the totals in the background, until `rejoin NAME`, which
# shows what it printed and adds its totals.
beside_pid=
beside() {
  local name=$1
  shift
  rm -f "$log_dir/$name.totals"
  (
    passed=0 failed=0 skipped=0
    "$@"
    echo "$passed $failed $skipped" > "$log_dir/$name.totals"
  ) > "$log_dir/$name.log" 2>&1 < /dev/null &
  beside_pid=$!
}
rejoin() {
  local p f s
  wait "$beside_pid" || true
  cat "$log_dir/$1.log"
  if ! read -r p f s < "$log_dir/$1.totals"; then
    say "$1: FAILED: it ended before its end"
    p=0 f=1 s=0
  fi
  passed=$((passed + p)) failed=$((failed + f)) skipped=$((skipped + s))
}

verb_test() {
  mkdir -p "$log_dir"
  case ${1:-} in
    '') test_all ;;
    asan | tsan) test_sanitized "$1" ;;
    *) die "usage: ./dev test [asan|tsan]" ;;
  esac
  close_totals
}

# Scripts of tests/e2e that are about one kind of stores say so themselves; those that cannot run on
# the other are left out there instead of being counted as skipped.
only_embedded='tests/e2e/(backup|configuration|connections|fsck|graceful|kill_nine|migrate_store)\.sh'
only_scaled='tests/e2e/(fleet|outages|rule_race|two_processes)\.sh'

test_all() {
  local script
  install_groups build test
  build_preset dev
  use_shared_data
  export BREAKWATER_BIN=$root/build/dev/breakwater
  run_ctest dev "embedded stores" -E "$service_tests"
  start_services
  run_ctest dev "PostgreSQL and S3" -L stores
  # Most of their time is waiting: two at a time fit two cores.
  beside scaled-scripts scaled_scripts
  run_scripts 900 "$only_scaled" tests/tools tests/e2e
  rejoin scaled-scripts
  for script in "${alone[@]}"; do BREAKWATER_TEST_STORES=scaled run_script "$script" 900; done
}

# The one takes all that the services can give, the other restarts them under everybody.
alone=(tests/e2e/fleet.sh tests/e2e/outages.sh)

scaled_scripts() {
  export BREAKWATER_TEST_STORES=scaled
  run_scripts 900 "$only_embedded|$(IFS='|' && echo "${alone[*]}")" tests/e2e
}

test_sanitized() {
  install_groups build test
  build_preset "$1"
  use_shared_data
  export ASAN_OPTIONS=strict_string_checks=1:detect_stack_use_after_return=1
  export UBSAN_OPTIONS=print_stacktrace=1
  export TSAN_OPTIONS=halt_on_error=1:second_deadlock_stack=1
  run_ctest "$1" "embedded stores" -E "$service_tests"
}

# verb_bench [--quick] [GOAL…]: everything in bench/, or only what measures the goals named.
verb_bench() {
  install_groups build bench
  build_preset release breakwater bw_transfer_client
  mkdir -p "$log_dir"
  export BREAKWATER_BIN=$root/build/release/breakwater BENCH_CLIENT=$root/build/release/bench/bw_transfer_client
  if [ $# -gt 0 ]; then
    run_script bench/goals.sh 3600 "$@"
  else
    install_groups test
    build_preset release bw_access_bench bw_seed_lists bw_posture_bench
    export BENCH_ACCESS=$root/build/release/bench/bw_access_bench BENCH_POSTURE=$root/build/release/bench/bw_posture_bench
    start_services
    run_scripts 3600 none bench
  fi
  close_totals
}

# Not for what the other verbs run: it takes many minutes and 30 GiB of disk.
big_blob=tests/soak/big_blob.sh

verb_soak() {
  install_groups build test
  build_preset release breakwater bw_registry_test
  use_shared_data
  mkdir -p "$log_dir"
  export BREAKWATER_BIN=$root/build/release/breakwater
  run_scripts 7200 "$big_blob" tests/soak
  close_totals
}

verb_big_blob() {
  install_groups build test
  build_preset release breakwater
  mkdir -p "$log_dir"
  export BREAKWATER_BIN=$root/build/release/breakwater
  run_script "$big_blob" 7200
  close_totals
}

# fuzz_target PROGRAM SECONDS: what it finds is kept in build/fuzz/, beside the seeds it starts from.
fuzz_target() {
  local program=$1 seconds=$2 name found log
  name=$(basename "$program") name=${name#fuzz_}
  found=build/fuzz/found/$name log=$log_dir/fuzz-$name.log
  mkdir -p "$found" build/fuzz/crashes
  local folders=("$found")
  if [ -d "fuzz/corpus/$name" ]; then folders+=("fuzz/corpus/$name"); fi
  say "fuzzing $name for $seconds s"
  if "$program" -max_total_time="$seconds" -timeout=10 -rss_limit_mb=2048 -print_final_stats=1 \
    -artifact_prefix="build/fuzz/crashes/$name-" "${folders[@]}" > "$log" 2>&1; then
    passed=$((passed + 1))
    sed -n 's/^stat::number_of_executed_units: */      runs: /p' "$log"
  else
    failed=$((failed + 1))
    tail -n 40 "$log"
    say "$name: FAILED: see $log and build/fuzz/crashes/"
  fi
}

verb_fuzz() {
  local seconds=${1:-60} program
  [[ $seconds =~ ^[1-9][0-9]*$ ]] || die "usage: ./dev fuzz [SECONDS]"
  install_groups build fuzz
  build_preset fuzz fuzz_targets
  mkdir -p "$log_dir"
  for program in build/fuzz/fuzz/fuzz_*; do
    if [ -f "$program" ] && [ -x "$program" ]; then fuzz_target "$program" "$seconds"; fi
  done
  close_totals
}

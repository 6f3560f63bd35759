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

# run_ctest PRESET [CTEST-ARGUMENTS…]: adds to the totals.
run_ctest() {
  local preset=$1 rc=0 p f s wrap=()
  shift
  # ThreadSanitizer cannot place its shadow memory under some kernels' address randomisation.
  if [ "$preset" = tsan ] && setarch -R true 2> /dev/null; then wrap=(setarch -R); fi
  rm -f "$log_dir/ctest-$preset.xml"
  say "unit and conformance tests of build/$preset"
  quietly "$log_dir/ctest-$preset.log" "${wrap[@]}" ctest --test-dir "build/$preset" -j "$jobs" \
    --output-on-failure --no-tests=error --output-junit "$root/$log_dir/ctest-$preset.xml" "$@" ||
    rc=$?
  read -r p f s < <(python3 tools/junit_totals.py "$log_dir/ctest-$preset.xml") || true
  passed=$((passed + ${p:-0})) failed=$((failed + ${f:-0})) skipped=$((skipped + ${s:-0}))
  if [ "$rc" != 0 ] && [ "${f:-0}" = 0 ]; then
    say "ctest ended with $rc: see $log_dir/ctest-$preset.log"
    failed=$((failed + 1))
  fi
  say "unit and conformance tests: ${p:-0} passed, ${f:-0} failed, ${s:-0} skipped"
}

# run_script SCRIPT LIMIT-SECONDS: 0 passed, 77 skipped, else failed.
run_script() {
  local script=$1 limit=$2 name rc=0 start=$SECONDS dir
  name=$(basename "$(dirname "$script")")/$(basename "$script" .sh)
  dir=$(mktemp -d "${TMPDIR:-/tmp}/breakwater.XXXXXX")
  say "$name"
  BREAKWATER_TEST_DIR=$dir timeout --kill-after=30 "$limit" bash "$script" \
    > "$log_dir/${name//\//-}.log" 2>&1 < /dev/null || rc=$?
  rm -rf "$dir"
  local took=$((SECONDS - start)) log=$log_dir/${name//\//-}.log
  case $rc in
    0) passed=$((passed + 1)); sed 's/^/      /' "$log" | tail -n 40; say "$name: passed ($took s)" ;;
    77) skipped=$((skipped + 1)); say "$name: skipped: $(tail -n 1 "$log")" ;;
    124 | 137) failed=$((failed + 1)); tail -n 60 "$log"; say "$name: FAILED: over $limit s" ;;
    *) failed=$((failed + 1)); tail -n 60 "$log"; say "$name: FAILED ($took s): exit code $rc; see $log" ;;
  esac
}

# run_scripts LIMIT-SECONDS FOLDER…: every *.sh there but lib.sh, which others source.
run_scripts() {
  local limit=$1 folder script
  shift
  for folder in "$@"; do
    for script in "$folder"/*.sh; do
      if [ -e "$script" ] && [ "$(basename "$script")" != lib.sh ]; then
        run_script "$script" "$limit"
      fi
    done
  done
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

test_all() {
  install_groups build test
  build_preset dev
  use_shared_data
  export BREAKWATER_BIN=$root/build/dev/breakwater
  run_ctest dev
  run_scripts 900 tests/tools tests/e2e
}

test_sanitized() {
  install_groups build test
  build_preset "$1"
  use_shared_data
  export ASAN_OPTIONS=strict_string_checks=1:detect_stack_use_after_return=1
  export UBSAN_OPTIONS=print_stacktrace=1
  export TSAN_OPTIONS=halt_on_error=1:second_deadlock_stack=1
  run_ctest "$1" -L unit
}

verb_bench() {
  install_groups build bench
  build_preset release breakwater
  use_shared_data
  mkdir -p "$log_dir"
  export BREAKWATER_BIN=$root/build/release/breakwater
  run_scripts 3600 bench
  close_totals
}

verb_soak() {
  install_groups build test
  build_preset release breakwater
  use_shared_data
  mkdir -p "$log_dir"
  export BREAKWATER_BIN=$root/build/release/breakwater
  run_scripts 7200 tests/soak
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

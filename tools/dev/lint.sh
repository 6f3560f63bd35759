# shellcheck shell=bash
# Formatting and static checks. Sourced by ./dev.

formatter=clang-format-19
passed_parts=() failed_parts=() left_out=()

cxx_files() { find src tests fuzz bench \( -name '*.cc' -o -name '*.h' \) -type f | sort; }
shell_files() {
  find .ci -name run -type f
  find tools tests bench -name '*.sh' -not -path 'tools/dev/*' -type f | sort
}

verb_format() {
  install_groups format
  cxx_files | xargs -r "$formatter" -i
  say "formatted $(cxx_files | wc -l) files"
}

# part NAME COMMAND…: runs one part of the lint and remembers how it went.
part() {
  local name=$1
  shift
  say "$name"
  if "$@"; then passed_parts+=("$name"); else failed_parts+=("$name"); fi
}

# tool_part NAME PROGRAM COMMAND…: left out when the program is missing.
tool_part() {
  if command -v "$2" > /dev/null; then
    part "$1" "${@:3}"
  else
    left_out+=("$1 ($2 is missing)")
  fi
}

check_format() { cxx_files | xargs -r "$formatter" --dry-run -Werror; }
check_shell() { shellcheck -x -a dev && shell_files | xargs -r shellcheck -x; }
check_threads() { (build_preset tidy bw_libraries); }

# Changed since the branch left the main line, or not committed yet. Tests are left out: analysing
# what GoogleTest expands to takes minutes and finds nothing.
changed_sources() {
  local base
  base=$(git merge-base HEAD origin/main 2> /dev/null || git rev-parse HEAD~1 2> /dev/null || true)
  { [ -z "$base" ] || git diff --name-only --diff-filter=d "$base"
    git ls-files --others --exclude-standard; } | grep -E '^src/.*\.cc$' | grep -v '_test\.cc$' | sort -u
}

check_tidy() {
  local files
  if [ "${1:-}" = all ]; then
    mapfile -t files < <(cxx_files | grep -E '^src/.*\.cc$' | grep -v '_test\.cc$')
  else
    mapfile -t files < <(changed_sources)
  fi
  mapfile -t files < <(printf '%s\n' "${files[@]}" | compiled_only)
  [ ${#files[@]} -gt 0 ] || { say "no changed source to check"; return 0; }
  printf '%s\n' "${files[@]}" |
    xargs -P "$jobs" -n 1 clang-tidy-19 -p build/tidy --quiet --warnings-as-errors='*' 2>&1 |
    grep -vE '^[0-9]+ warnings? (generated|treated)|^Suppressed|^Use -header-filter' || true
  return "${PIPESTATUS[1]}"
}

# Only what preset tidy has a compile command for.
compiled_only() {
  local file
  while read -r file; do
    if grep -qF "\"file\": \"$root/$file\"" build/tidy/compile_commands.json; then echo "$file"; fi
  done
}

can_install() { [ "$(id -u)" = 0 ] || command -v sudo > /dev/null; }

verb_lint() {
  if can_install; then install_groups build lint; else say "not root: using the tools that are there"; fi
  tool_part "format ($formatter)" "$formatter" check_format
  tool_part "include arrows" python3 python3 tools/check_arrows.py
  tool_part "banned constructs" python3 python3 tools/check_sources.py
  tool_part "shell scripts (shellcheck)" shellcheck check_shell
  tool_part "thread safety (clang 19)" clang++-19 check_threads
  tool_part "clang-tidy-19" clang-tidy-19 check_tidy "${1:-}"
  local name
  for name in "${passed_parts[@]}"; do echo "passed:   $name"; done
  for name in "${left_out[@]}"; do echo "left out: $name"; done
  for name in "${failed_parts[@]}"; do echo "FAILED:   $name"; done
  [ ${#failed_parts[@]} = 0 ]
}

# shellcheck shell=bash
# Configuring and building. Sourced by ./dev.

# What makes a configuration stale without ninja noticing: a folder that is new, other presets.
configuration_state() {
  { find . -path ./build -prune -o -name CMakeLists.txt -print | sort; cat CMakePresets.json; } |
    sha256sum
}

configure() {
  local preset=$1 dir=build/$1 state
  state=$(configuration_state)
  if [ -e "$dir/build.ninja" ] && [ "$(cat "$dir/.configured" 2> /dev/null)" = "$state" ]; then
    return
  fi
  say "configuring build/$preset"
  if ! cmake --preset "$preset" > "build/logs/configure-$preset.log" 2>&1; then
    tail -n 40 "build/logs/configure-$preset.log" >&2
    die "configuring failed; is a package missing? ./dev deps build"
  fi
  printf '%s\n' "$state" > "$dir/.configured"
}

# build_preset PRESET [TARGET…]: all targets when none is named.
build_preset() {
  local preset=$1 start=$SECONDS
  shift
  grep -q "{\"name\": \"$preset\", \"inherits\"" CMakePresets.json ||
    die "no preset '$preset'; there are $(sed -n 's/.*"name": "\([a-z]*\)", "inherits".*/\1/p' \
      CMakePresets.json | paste -sd ' ')"
  mkdir -p build/logs
  configure "$preset"
  say "building build/$preset ${*:-(everything)}"
  NINJA_STATUS='[%f/%t, %es] ' quietly "build/logs/build-$preset.log" \
    ninja -C "build/$preset" -j "$jobs" "$@" ||
    die "the build failed: see build/logs/build-$preset.log"
  say "built build/$preset in $((SECONDS - start)) s"
}

groups_of_preset() {
  case $1 in tidy) echo build lint ;; fuzz) echo build fuzz ;; *) echo build ;; esac
}

verb_build() {
  local preset=${1:-release} groups target=()
  read -ra groups <<< "$(groups_of_preset "$preset")"
  install_groups "${groups[@]}"
  case $preset in
    release) target=(breakwater) ;;
    tidy) target=(bw_libraries) ;;
    fuzz) target=(fuzz_targets) ;;
  esac
  build_preset "$preset" "${target[@]}"
}

verb_reference() {
  install_groups build
  build_preset dev bw_config_reference
  build/dev/src/config/bw_config_reference > docs/configuration.md
  say "wrote docs/configuration.md"
}

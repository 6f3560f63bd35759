# shellcheck shell=bash
# Installing Debian packages. Sourced by ./dev.

package_list=tools/packages.txt

groups_known() { awk '!/^(#|$)/ && !seen[$1]++ { print $1 }' "$package_list"; }

# Names of the groups' packages that are not installed, each once.
missing_of() {
  local wanted=" $* " group package
  declare -A seen=()
  while read -r group package _; do
    if [[ $wanted == *" $group "* && -z ${seen[$package]:-} ]]; then
      seen[$package]=1
      is_installed "$package" || echo "$package"
    fi
  done < <(grep -v '^#' "$package_list")
}

is_installed() {
  [ "$(dpkg-query -W -f='${db:Status-Status}' "$1" 2> /dev/null)" = installed ]
}

purpose_of() { awk -v p="$1" '$2 == p { $1 = $2 = ""; sub(/^ */, ""); print; exit }' "$package_list"; }

as_root() {
  if [ "$(id -u)" = 0 ]; then env "$@"; else sudo env "$@"; fi
}

apt_get() {
  as_root DEBIAN_FRONTEND=noninteractive apt-get -y --no-install-recommends \
    -o DPkg::Lock::Timeout=300 -o Acquire::Retries=3 -o Dpkg::Options::=--force-confold "$@" \
    < /dev/null
}

# Packages of daemons start them when installed. While this file says 101, they do not; one that
# was there before stays as it is.
policy_file=/usr/sbin/policy-rc.d
policy_mark='# Put here by ./dev while it installs packages.'
keep_daemons_stopped() {
  [ -e "$policy_file" ] && return
  # shellcheck disable=SC2016  # the inner shell expands these
  as_root sh -c 'printf "#!/bin/sh\n%s\nexit 101\n" "$1" > "$2" && chmod 755 "$2"' \
    sh "$policy_mark" "$policy_file"
  trap allow_daemons EXIT
}
allow_daemons() {
  if grep -qxF "$policy_mark" "$policy_file" 2> /dev/null; then as_root rm -f "$policy_file"; fi
}

# What apt would do, in its own words; fails when it cannot.
simulate() { apt_get -s --no-upgrade install "$@" 2>&1; }

# install_groups GROUP…: the missing packages of these groups. Those that are there are never upgraded on
# their own account; a library that a missing package needs in its exact version may be, and is named.
install_groups() {
  local missing plan package log=build/logs/deps.log
  if ! command -v apt-get > /dev/null || ! command -v dpkg-query > /dev/null; then
    say "no apt-get here: taking it that the packages of tools/packages.txt ($*) are there"
    return
  fi
  mapfile -t missing < <(missing_of "$@")
  [ ${#missing[@]} -gt 0 ] || return 0
  say "installing ${#missing[@]} Debian packages for: $*"
  for package in "${missing[@]}"; do
    printf '      %-24s %s\n' "$package" "$(purpose_of "$package")" >&2
  done
  if [ "$(id -u)" != 0 ] && ! command -v sudo > /dev/null; then
    die "installing needs root or sudo; as root run: apt-get install ${missing[*]}"
  fi
  mkdir -p build/logs
  if ! plan=$(simulate "${missing[@]}"); then
    say "refreshing the package lists"
    apt_get update > "$log" 2>&1 || die "apt-get update failed: see $log"
    plan=$(simulate "${missing[@]}") || {
      printf '%s\n' "$plan" >&2
      die "apt-get cannot install the packages above"
    }
  fi
  announce_upgrades "$plan"
  run_install "$log" "${missing[@]}"
}

announce_upgrades() {
  local upgrades
  upgrades=$(sed -n 's/^Inst \([^ ]*\) \[.*/\1/p' <<< "$1")
  [ -z "$upgrades" ] || say "needed in a newer version than installed: ${upgrades//$'\n'/ }"
  if grep -q '^Remv ' <<< "$1"; then
    grep '^Remv ' <<< "$1" >&2
    die "installing would remove the packages above; not done"
  fi
}

run_install() {
  local log=$1
  shift
  keep_daemons_stopped
  # Lists that are a few days old name files that are gone: refresh them and try once more.
  if ! quietly "$log" apt_get --no-upgrade install "$@"; then
    say "refreshing the package lists and trying once more"
    { apt_get update && apt_get --no-upgrade install "$@"; } > "$log" 2>&1 || {
      tail -n 30 "$log" >&2
      die "apt-get install failed: see $log"
    }
  fi
  allow_daemons
}

verb_deps() {
  local group groups=("$@")
  [ ${#groups[@]} -gt 0 ] || mapfile -t groups < <(groups_known)
  for group in "${groups[@]}"; do
    groups_known | grep -qx "$group" || die "no package group '$group' in $package_list"
  done
  install_groups "${groups[@]}"
  say "packages for ${groups[*]}: all there"
}

# shellcheck shell=bash
# What the scripts in this folder share. Each runs one real service on loopback for tests, without
# systemd, as root or as an ordinary user:
#
#   SCRIPT start DIR   start it (or find it running) and print KEY=VALUE lines that `eval` takes
#   SCRIPT env DIR     the same lines again
#   SCRIPT stop DIR    stop it; the data stays
#   SCRIPT clean DIR   stop it and delete all it wrote
#
# and verbs of its own that hurt it. All it writes lies under DIR. Packages are in
# tools/packages.txt; a missing one ends the script with 77, which the test scripts take as skipped.

set -euo pipefail

say() { printf '%s: %s\n' "${0##*/}" "$*" >&2; }
die() {
  say "error: $*"
  exit 1
}

# The absolute path of DIR, which is created. Paths of UNIX sockets end at 107 bytes.
service_dir() {
  [ -n "${1:-}" ] || die "no folder was named"
  local dir
  mkdir -p "$1" || die "cannot create $1"
  dir=$(cd "$1" && pwd -P)
  [ ${#dir} -le 85 ] || die "path too long for UNIX sockets: $dir"
  echo "$dir"
}

# need_program FILE PACKAGE
need_program() {
  [ -x "$1" ] && return
  say "the Debian package $2 is missing"
  exit 77
}

port_open() { (exec 3<> "/dev/tcp/127.0.0.1/$1") 2> /dev/null; }

# A loopback port on which nobody listens, below the ephemeral range.
free_port() {
  local port _
  for _ in {1..200}; do
    port=$((20000 + (RANDOM * 32768 + RANDOM) % 12000))
    port_open "$port" || {
      echo "$port"
      return
    }
  done
  die "no free port found"
}

# kept_port FILE: the port in FILE, or a free one, which is written there.
kept_port() {
  [ -s "$1" ] || free_port > "$1"
  cat "$1"
}

# wait_for SECONDS COMMAND…: until the command succeeds.
wait_for() {
  local end=$((SECONDS + $1))
  shift
  until "$@" > /dev/null 2>&1; do
    [ "$SECONDS" -lt "$end" ] || return 1
    sleep 0.05
  done
}

# Whether a process lives. A zombie that init has not reaped yet does not.
alive() {
  local state
  state=$(sed 's/^.*) //' "/proc/${1:-none}/stat" 2> /dev/null | cut -c1) || return 1
  [[ -n $state && $state != [ZX] ]]
}

# pid_of PIDFILE WORD: the process of a pid file if it lives and WORD is in its command line, since
# numbers are used again.
pid_of() {
  local pid
  pid=$(head -n 1 "$1" 2> /dev/null | tr -dc 0-9) || return 1
  alive "$pid" && tr '\0' ' ' < "/proc/$pid/cmdline" 2> /dev/null | grep -qF -- "$2" && echo "$pid"
}

# end_pid PIDFILE WORD [SIGNAL [SECONDS]]: signals it, waits, and then kills it.
end_pid() {
  local pid
  if pid=$(pid_of "$1" "$2"); then
    kill "-${3:-TERM}" "$pid" 2> /dev/null || true
    wait_for "${4:-10}" dead "$pid" || kill -KILL "$pid" 2> /dev/null || true
    wait_for 2 dead "$pid" || true
  fi
  rm -f "$1"
}
dead() { ! alive "$1"; }

# make_certificates DIR: ca.pem, and server.pem with server.key for localhost, 127.0.0.1, s3.test and
# *.s3.test.
make_certificates() {
  [ ! -s "$1/server.pem" ] || return 0
  need_program "$(command -v openssl || echo /usr/bin/openssl)" openssl
  mkdir -p "$1"
  (
    cd "$1"
    openssl req -x509 -newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes -days 3650 \
      -subj '/CN=Test services CA' -keyout ca.key -out ca.pem \
      -addext basicConstraints=critical,CA:TRUE -addext keyUsage=critical,keyCertSign,cRLSign
    openssl req -newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes -subj /CN=localhost \
      -keyout server.key -out server.csr
    printf '%s\n' 'basicConstraints=CA:FALSE' 'extendedKeyUsage=serverAuth' \
      'subjectAltName=DNS:localhost,DNS:s3.test,DNS:*.s3.test,IP:127.0.0.1,IP:::1' > extensions
    openssl x509 -req -in server.csr -CA ca.pem -CAkey ca.key -CAcreateserial -days 3650 \
      -extfile extensions -out server.pem
    rm -f server.csr extensions
  ) > /dev/null 2>&1 || die "making certificates in $1 failed"
}

# hang_process PID on|off: stops it where it is, so that it answers nobody, and lets it go on.
hang_process() {
  case ${2:-} in
    on) kill -STOP "$1" ;;
    off) kill -CONT "$1" ;;
    *) die "usage: $(basename "$0") hang DIR on|off" ;;
  esac
}

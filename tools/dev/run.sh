# shellcheck shell=bash
# Serving with the tour. Sourced by ./dev.

server_pid=''
server_log=build/logs/server.log

# Stops the server the polite way and waits for it; SIGKILL only after it had 40 seconds.
stop_server() {
  [ -n "$server_pid" ] || return 0
  kill -TERM "$server_pid" 2> /dev/null || true
  local i
  for ((i = 0; i < 400; i++)); do
    kill -0 "$server_pid" 2> /dev/null || break
    sleep 0.1
  done
  kill -KILL "$server_pid" 2> /dev/null || true
  server_pid=''
}

# start_server OUT-VARIABLE ARGUMENTS…: the first line of its output, once it is ready.
start_server() {
  # shellcheck disable=SC2034  # ready_line is the variable that the caller names
  local -n ready_line=$1
  shift
  local out
  exec {out}< <(exec build/release/breakwater serve "$@" 2> "$server_log")
  server_pid=$!
  # shellcheck disable=SC2034
  if ! read -r -t 120 -u "$out" ready_line; then
    tail -n 20 "$server_log" >&2
    die "the server did not start: its log is $server_log"
  fi
}

url_of() { sed -n "s/.*\"$1\":\"\([^\"]*\)\".*/\1/p" <<< "$2"; }

# The key is the server's to make; here it is only shown, the first time.
show_admin_key() {
  [ "$(stat -c %a var/admin.key)" = 600 ] || die "var/admin.key is readable by others"
  say "first administrator's API key (kept in var/admin.key, shown this once): $(cat var/admin.key)"
}

take_tour() {
  local key=${BREAKWATER_BOOTSTRAP_API_KEY:-}
  if [ -e var/admin.key ]; then key=$(cat var/admin.key); fi
  BREAKWATER_URL=$1 BREAKWATER_PRIVATE_URL=$2 BREAKWATER_API_KEY=$key build/release/breakwater tour
}

verb_run() {
  local ready public private new=1 rc=0
  install_groups build
  build_preset release breakwater
  use_shared_data
  [ ! -e var/admin.key ] || new=0
  trap 'stop_server; allow_daemons' EXIT
  trap 'say "stopping"; stop_server; exit $rc' INT TERM
  start_server ready --config examples/two-registries.toml --data ./var "$@"
  public=$(url_of public "$ready") private=$(url_of private "$ready")
  say "serving on $public (public) and $private (private); log: $server_log"
  if [ $new = 1 ] && [ -e var/admin.key ]; then show_admin_key; fi
  take_tour "$public" "$private" || rc=$?
  if [ "$rc" = 0 ]; then
    say "the tour is done; serving on $public until Ctrl-C"
  else
    say "the tour FAILED (exit code $rc); serving on $public until Ctrl-C"
  fi
  wait "$server_pid" || rc=$?
  server_pid=''
  die "the server ended by itself: its log is $server_log"
}

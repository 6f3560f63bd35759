#!/usr/bin/env bash
# A PostgreSQL 15 of one's own, and PgBouncer before it: see lib.sh. Further verbs:
#
#   postgres.sh restart DIR        fast restart: clients lose their connections
#   postgres.sh crash DIR          SIGKILL the server; `start` recovers it
#   postgres.sh kick DIR           end every client's session; the server stays up
#   postgres.sh hang DIR on|off    stop and continue all its processes: nothing answers
#   postgres.sh bouncer DIR        add PgBouncer in transaction mode, and print PG_BOUNCER_URL
#
# The role of PG_URL may create databases; the bouncer passes on any database's name. The server's
# own locale sorts by language rules, so that what relies on bytewise order without saying so fails.
# PostgreSQL refuses to run as root: then it runs as "postgres", with the one capability that lets
# it pass the caller's private folders.

here=$(dirname "$(readlink -f "${BASH_SOURCE[0]}")")
# shellcheck source=tests/services/lib.sh
source "$here/lib.sh"

programs=/usr/lib/postgresql/15/bin

as_postgres() {
  if [ "$(id -u)" != 0 ]; then
    "$@"
    return
  fi
  (cd "$dir" && exec setpriv --reuid postgres --regid postgres --clear-groups \
    --inh-caps=+dac_read_search --ambient-caps=+dac_read_search -- "$@")
}

give() {
  if [ "$(id -u)" = 0 ]; then chown -R postgres:postgres "$@"; fi
}

server_pid() { pid_of "$dir/data/postmaster.pid" "$dir/data"; }

running() { server_pid > /dev/null || die "not running in $dir"; }

print_env() {
  [ -s "$dir/env" ] || die "not started in $dir"
  cat "$dir/env"
}

sql() {
  as_postgres "$programs/psql" -qAtX -v ON_ERROR_STOP=1 -h "$dir/run" -p "$(cat "$dir/port")" \
    -U postgres -d postgres -c "$1"
}

# The server lets go of stdout and stderr, for callers that wait for their end.
pg_ctl() {
  as_postgres "$programs/pg_ctl" -D "$dir/data" -s -w -l "$dir/log/server.log" "$@" \
    > "$dir/log/ctl.log" 2>&1 < /dev/null
}

control() {
  pg_ctl -t 60 "$@" || {
    cat "$dir/log/ctl.log" >&2
    tail -n 10 "$dir/log/server.log" >&2
    die "pg_ctl $* failed"
  }
}

write_settings() {
  cat > "$dir/data/postgresql.auto.conf" << SETTINGS
listen_addresses = '127.0.0.1'
port = $1
unix_socket_directories = '$dir/run'
shared_buffers = '64MB'
max_connections = 100
fsync = off
full_page_writes = off
jit = off
password_encryption = 'scram-sha-256'
ssl = on
ssl_ca_file = '$dir/tls/ca.pem'
ssl_cert_file = '$dir/tls/server.pem'
ssl_key_file = '$dir/tls/server.key'
log_line_prefix = '%m [%p] %u@%d '
SETTINGS
  give "$dir/data/postgresql.auto.conf"
}

write_env() {
  local address=breakwater:breakwater@127.0.0.1:$1/breakwater
  cat > "$dir/env" << ENV
PG_URL='postgresql://$address'
PG_TLS_URL='postgresql://$address?sslmode=verify-full&sslrootcert=$dir/tls/ca.pem'
PG_HOST=127.0.0.1
PG_PORT=$1
PG_SOCKET_DIR='$dir/run'
PG_DATABASE=breakwater
PG_USER=breakwater
PG_PASSWORD=breakwater
ENV
}

create_cluster() {
  rm -rf "$dir/data"
  mkdir -m 700 "$dir/data"
  give "$dir/data"
  as_postgres "$programs/initdb" -D "$dir/data" -U postgres --locale=C.UTF-8 -E UTF8 \
    --locale-provider=icu --icu-locale=en-US --no-sync --no-instructions \
    --auth-local=trust --auth-host=scram-sha-256 > "$dir/log/initdb.log" 2>&1 || {
    tail -n 5 "$dir/log/initdb.log" >&2
    rm -rf "$dir/data"
    die "initdb failed"
  }
}

# PostgreSQL takes a zombie of itself for a running server, so the locks of a dead one go.
drop_dead_locks() {
  local old
  old=$(head -n 1 "$dir/data/postmaster.pid" 2> /dev/null) || return 0
  alive "$old" || rm -f "$dir/data/postmaster.pid" "$dir/run/.s.PGSQL.$1" "$dir/run/.s.PGSQL.$1.lock"
}

start() {
  local port fresh=
  if ! server_pid > /dev/null; then
    need_program "$programs/postgres" postgresql-15
    mkdir -p "$dir/log" "$dir/run"
    make_certificates "$dir/tls"
    chmod 600 "$dir/tls/server.key"
    give "$dir/log" "$dir/run" "$dir/tls"
    port=$(kept_port "$dir/port")
    ! port_open "$port" || die "port $port is taken"
    if [ ! -s "$dir/data/PG_VERSION" ]; then
      create_cluster
      fresh=yes
    fi
    drop_dead_locks "$port"
    write_settings "$port"
    control start
    if [ -n "$fresh" ]; then
      sql "CREATE ROLE breakwater LOGIN CREATEDB PASSWORD 'breakwater'"
      sql "CREATE DATABASE breakwater OWNER breakwater"
    fi
    write_env "$port"
  fi
  print_env
}

bouncer() {
  running
  need_program /usr/sbin/pgbouncer pgbouncer
  local port
  port=$(kept_port "$dir/port.bouncer")
  if ! pid_of "$dir/run/bouncer.pid" "$dir/" > /dev/null; then
    echo '"breakwater" "breakwater"' > "$dir/run/users"
    cat > "$dir/run/bouncer.ini" << SETTINGS
[databases]
* = host=127.0.0.1 port=$(cat "$dir/port")
[pgbouncer]
listen_addr = 127.0.0.1
listen_port = $port
unix_socket_dir =
auth_type = scram-sha-256
auth_file = $dir/run/users
pool_mode = transaction
default_pool_size = 10
max_client_conn = 500
ignore_startup_parameters = extra_float_digits
pidfile = $dir/run/bouncer.pid
logfile = $dir/log/bouncer.log
SETTINGS
    give "$dir/run/users" "$dir/run/bouncer.ini"
    as_postgres /usr/sbin/pgbouncer -q -d "$dir/run/bouncer.ini" > "$dir/log/bouncer.err" 2>&1 \
      < /dev/null || {
      cat "$dir/log/bouncer.err" >&2
      die "pgbouncer failed"
    }
    wait_for 10 port_open "$port" || die "pgbouncer does not answer: see $dir/log/bouncer.log"
  fi
  echo "PG_BOUNCER_URL='postgresql://breakwater:breakwater@127.0.0.1:$port/breakwater'"
}

# The server's process and its children.
server_processes() {
  local pid
  pid=$(server_pid)
  echo "$pid" "$(< "/proc/$pid/task/$pid/children")"
}

signal_all() {
  local processes
  read -ra processes <<< "$(server_processes)"
  kill "-$1" "${processes[@]}" 2> /dev/null || true
}

crash() {
  running
  local process processes
  read -ra processes <<< "$(server_processes)"
  kill -KILL "${processes[0]}"
  for process in "${processes[@]}"; do
    wait_for 10 dead "$process" || die "process $process stays"
  done
}

stop() {
  end_pid "$dir/run/bouncer.pid" "$dir/" INT 5
  if server_pid > /dev/null; then
    signal_all CONT
    pg_ctl -t 20 -m fast stop || pg_ctl -t 10 -m immediate stop || signal_all KILL
  fi
  rm -f "$dir/env"
}

clean() {
  stop
  rm -rf "$dir"/{data,run,log,tls,port,port.bouncer}
  rmdir "$dir" 2> /dev/null || true
}

hang() {
  running
  case ${1:-} in
    on) signal_all STOP ;;
    off) signal_all CONT ;;
    *) die "usage: postgres.sh hang DIR on|off" ;;
  esac
}

verb=${1:-}
case $verb in
  start | stop | clean | env | restart | crash | kick | hang | bouncer) dir=$(service_dir "${2:-}") ;;
  *) die "usage: postgres.sh start|stop|clean|env|restart|crash|kick|hang|bouncer DIR" ;;
esac
case $verb in
  start) start ;;
  stop) stop ;;
  clean) clean ;;
  env) print_env ;;
  restart)
    running
    control -m fast restart
    ;;
  crash) crash ;;
  kick)
    sql "SELECT count(pg_terminate_backend(pid)) FROM pg_stat_activity
         WHERE backend_type = 'client backend' AND pid <> pg_backend_pid()"
    ;;
  hang) hang "${3:-}" ;;
  bouncer) bouncer ;;
esac

#!/usr/bin/env bash
# An OpenID provider (npm: oidc-provider) over TLS: see lib.sh; people and clients are in oidc.mjs. It
# needs Node.js 20. Further verbs:
#
#   oidc.sh rotate DIR        start anew at the same address, with new keys
#   oidc.sh hang DIR on|off   stop and continue it
#
# OIDC_REDIRECTS=url,url: where it may send browsers back to.

here=$(dirname "$(readlink -f "${BASH_SOURCE[0]}")")
# shellcheck source=tests/services/lib.sh
source "$here/lib.sh"

version=9.13.3

print_env() {
  [ -s "$dir/env" ] || die "not started in $dir"
  cat "$dir/env"
}

provider_pid() { pid_of "$dir/run/oidc.pid" "$dir/"; }

need_node() {
  local major
  major=$(node -p 'process.versions.node.split(".")[0]' 2> /dev/null) || major=0
  if [ "$major" -lt 20 ] || ! command -v npm > /dev/null; then
    say "Node.js 20 and npm are needed"
    exit 77
  fi
}

# Node looks for modules beside the file that asks for them.
install() {
  cp "$here/oidc.mjs" "$dir/oidc.mjs"
  [ ! -e "$dir/node_modules/oidc-provider/package.json" ] || return 0
  echo '{"private":true,"type":"module"}' > "$dir/package.json"
  (cd "$dir" && npm install --no-audit --no-fund --ignore-scripts --loglevel=error \
    "oidc-provider@$version") > "$dir/log/npm.log" 2>&1 || {
    tail -n 5 "$dir/log/npm.log" >&2
    say "npm cannot install oidc-provider"
    exit 77
  }
}

start() {
  local port
  if ! provider_pid > /dev/null; then
    need_node
    mkdir -p "$dir/run" "$dir/log"
    install
    make_certificates "$dir/tls"
    port=$(kept_port "$dir/port")
    ! port_open "$port" || die "port $port is taken"
    setsid node "$dir/oidc.mjs" "$port" "$dir/tls/server.pem" "$dir/tls/server.key" \
      > "$dir/log/oidc.log" 2>&1 < /dev/null &
    echo $! > "$dir/run/oidc.pid"
    wait_for 30 port_open "$port" || {
      tail -n 5 "$dir/log/oidc.log" >&2
      end_pid "$dir/run/oidc.pid" "$dir/"
      die "the provider does not answer"
    }
    cat > "$dir/env" << ENV
OIDC_ISSUER=https://localhost:$port
OIDC_CA_FILE='$dir/tls/ca.pem'
OIDC_CERTIFICATE='$dir/tls/server.pem'
OIDC_CERTIFICATE_KEY='$dir/tls/server.key'
OIDC_CLIENT_ID=registry
OIDC_CLIENT_SECRET=registry-secret
OIDC_DEVICE_CLIENT_ID=cli
ENV
  fi
  print_env
}

stop() {
  local pid
  if pid=$(provider_pid); then kill -CONT "$pid"; fi
  end_pid "$dir/run/oidc.pid" "$dir/" TERM 2
  rm -f "$dir/env"
}

clean() {
  stop
  rm -rf "$dir"/{node_modules,package.json,package-lock.json,oidc.mjs,run,log,tls,port}
  rmdir "$dir" 2> /dev/null || true
}

hang() {
  local pid
  pid=$(provider_pid) || die "not running in $dir"
  hang_process "$pid" "${1:-}"
}

verb=${1:-}
case $verb in
  start | stop | clean | env | rotate | hang) dir=$(service_dir "${2:-}") ;;
  *) die "usage: oidc.sh start|stop|clean|env|rotate|hang DIR" ;;
esac
case $verb in
  start) start ;;
  stop) stop ;;
  clean) clean ;;
  env) print_env ;;
  rotate)
    stop
    start
    ;;
  hang) hang "${3:-}" ;;
esac

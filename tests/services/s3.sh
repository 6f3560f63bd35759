#!/usr/bin/env bash
# A real S3-compatible object store of one's own: see lib.sh. It is Ceph, on one node without a
# manager (ceph-mon, ceph-osd), with its RADOS Gateway (radosgw) in front. Further verbs:
#
#   s3.sh crash DIR         SIGKILL every daemon at once; `start` goes on
#   s3.sh slowdown DIR N    genuine 503 SlowDown beyond N requests at once; 0 ends it
#   s3.sh pause DIR on|off  reads and writes hang, and go on
#   s3.sh quota DIR BYTES   writes beyond it get 403 QuotaExceeded; 0 ends it
#   s3.sh gc DIR            collect garbage and apply lifecycle rules once
#   s3.sh proxy DIR         put fault_proxy.py before the plain endpoint, and print
#                           S3_PROXY_ENDPOINT, S3_PROXY_RULES (the file that tells it what to do)
#                           and S3_PROXY_LOG (what it did)
#
# S3_STORE=memstore (default) keeps objects in memory: ready in 1.5 s, gone at `stop` and `crash`.
# S3_STORE=bluestore keeps them in a sparse file. S3_BYTES is the capacity (4 GiB).

here=$(dirname "$(readlink -f "${BASH_SOURCE[0]}")")
# shellcheck source=tests/services/lib.sh
source "$here/lib.sh"

bucket=registry
access_key=testaccess
secret_key=testsecretkey
daemons=(client.rgw osd.0 mon.a)

s3() {
  curl -sS -m 20 --aws-sigv4 aws:amz:us-east-1:s3 --user "$access_key:$secret_key" \
    -H 'x-amz-content-sha256: UNSIGNED-PAYLOAD' "$@"
}
s3_ok() { [[ $(s3 -o /dev/null -w '%{http_code}' "$@") = 2?? ]]; }

running() {
  local daemon
  for daemon in "${daemons[@]}"; do
    pid_of "$dir/run/$daemon.pid" "$dir/" > /dev/null || return 1
  done
}

print_env() {
  [ -s "$dir/env" ] || die "not started in $dir"
  cat "$dir/env"
}

# SIGTERM takes 5 s, and both stores are made for SIGKILL: one is thrown away, one is crash-safe.
kill_all() {
  local daemon
  for daemon in "${daemons[@]}"; do end_pid "$dir/run/$daemon.pid" "$dir/" KILL 5; done
  rm -f "$dir"/run/*.asok
}

# radosgw by itself insists on cephx and "secure" messages, so "none" and "crc" have to be said;
# everything is on loopback. Without the two paxos lines each map change waits a second.
write_settings() {
  cat > "$dir/ceph.conf" << SETTINGS
[global]
fsid = $(cat "$dir/fsid")
mon initial members = a
mon host = v2:127.0.0.1:$(cat "$dir/port.mon")
public addr = 127.0.0.1
cluster addr = 127.0.0.1
auth cluster required = none
auth service required = none
auth client required = none
ms mon client mode = crc
ms mon service mode = crc
ms mon cluster mode = crc
ms bind msgr1 = false
keyring = /dev/null
run dir = $dir/run
admin socket = $dir/run/\$name.asok
pid file = $dir/run/\$name.pid
log file = $dir/log/\$name.log
mon cluster log file = $dir/log/cluster.log
crash dir = $dir/log
osd pool default size = 1
osd pool default min size = 1
osd pool default pg num = 4
osd pool default pgp num = 4
osd pool default pg autoscale mode = off
osd crush chooseleaf type = 0
mon allow pool size one = true
mon max pg per osd = 2000
mon data avail warn = 1
mon data avail crit = 0
paxos propose interval = 0.02
paxos min wait = 0.01
[client.admin]
admin socket =
pid file =
[mon.a]
mon data = $dir/mon
[osd.0]
osd data = $dir/osd
osd objectstore = $store
memstore device bytes = $bytes
bluestore block size = $bytes
bluestore cache autotune = false
bluestore cache size = 67108864
osd op num shards = 2
osd op num threads per shard = 1
[client.rgw]
rgw frontends = beast endpoint=127.0.0.1:$1 ssl_endpoint=127.0.0.1:$2 ssl_certificate=$dir/tls/server.pem ssl_private_key=$dir/tls/server.key
rgw dns name = s3.test
rgw data = $dir/rgw
rgw thread pool size = 64
rgw enable usage log = false
rgw override bucket index max shards = 1
rgw lc debug interval = 10
rgw lifecycle work time = 00:00-23:59
rgw gc obj min wait = 5
rgw gc processor period = 10
SETTINGS
}

write_env() {
  cat > "$dir/env" << ENV
S3_ENDPOINT=http://127.0.0.1:$1
S3_TLS_ENDPOINT=https://127.0.0.1:$2
S3_CA_FILE=$dir/tls/ca.pem
S3_REGION=us-east-1
S3_BUCKET=$bucket
S3_ACCESS_KEY=$access_key
S3_SECRET_KEY=$secret_key
S3_DOMAIN=s3.test
ENV
}

monitor() {
  local map=$dir/monmap port
  port=$(cat "$dir/port.mon")
  if [ -n "$fresh" ]; then
    monmaptool --create --clobber --fsid "$(cat "$dir/fsid")" \
      --addv a "[v2:127.0.0.1:$port]" "$map" &&
      ceph-mon --mkfs -i a -c "$conf" --monmap "$map" || return
  fi
  ceph-mon -i a -c "$conf"
}

storage() {
  local uuid
  if [ -n "$fresh" ]; then
    uuid=$(< /proc/sys/kernel/random/uuid)
    timeout 30 ceph -c "$conf" osd new "$uuid" &&
      ceph-osd -i 0 -c "$conf" --mkfs --osd-uuid "$uuid" || return
  fi
  ceph-osd -i 0 -c "$conf"
}

gateway() {
  if [ -n "$fresh" ]; then
    timeout 60 radosgw-admin -c "$conf" -n client.admin user create --uid test \
      --display-name test --access-key "$access_key" --secret "$secret_key" || return
  fi
  radosgw -c "$conf" -n client.rgw
}

fail_start() {
  tail -n 15 "$dir/log/start.log" >&2
  kill_all
  die "$1: see $dir/log"
}

# The bucket, and one use of each pool, so that no test pays for their creation.
create_bucket() {
  local url=$1/$bucket upload
  s3_ok -X PUT "$url" || fail_start "cannot create the bucket"
  s3_ok -X PUT --data-binary x "$url/warm" || fail_start "cannot write an object"
  s3_ok -X DELETE "$url/warm" || fail_start "cannot delete an object"
  upload=$(s3 -X POST "$url/warm?uploads=" | sed -n 's/.*<UploadId>\([^<]*\).*/\1/p')
  [ -z "$upload" ] || s3_ok -X DELETE "$url/warm?uploadId=$upload" || true
}

start() {
  if running; then
    print_env
    return
  fi
  [[ $store = memstore || $store = bluestore ]] || die "S3_STORE is memstore or bluestore"
  need_program /usr/bin/radosgw radosgw
  need_program /usr/bin/ceph-mon ceph-mon
  need_program /usr/bin/ceph-osd ceph-osd
  need_program /usr/bin/ceph ceph-common
  need_program /usr/bin/curl curl
  mkdir -p "$dir/run" "$dir/log"
  kill_all
  make_certificates "$dir/tls"
  fresh=yes
  if [ -s "$dir/osd/ready" ] && [ "$store $(cat "$dir/osd/type")" = "bluestore bluestore" ]; then
    fresh=
  fi
  if [ -n "$fresh" ]; then
    rm -rf "$dir"/{mon,osd,rgw,log,port.mon}
    mkdir -p "$dir"/{mon,osd,rgw,log}
    cat /proc/sys/kernel/random/uuid > "$dir/fsid"
  fi
  kept_port "$dir/port.mon" > /dev/null # part of the monitor's own map: it cannot move
  local port tls_port
  port=$(kept_port "$dir/port")
  tls_port=$(kept_port "$dir/port.tls")
  write_settings "$port" "$tls_port"
  # They let go of stdout and stderr, for callers that wait for their end.
  { monitor && storage && gateway; } > "$dir/log/start.log" 2>&1 < /dev/null ||
    fail_start "the cluster does not start"
  wait_for 30 port_open "$port" || fail_start "radosgw does not answer"
  wait_for 30 s3_ok "http://127.0.0.1:$port/" || fail_start "radosgw does not serve"
  if [ -n "$fresh" ]; then create_bucket "http://127.0.0.1:$port"; fi
  write_env "$port" "$tls_port"
  print_env
}

stop() {
  end_pid "$dir/run/proxy.pid" fault_proxy.py TERM 2
  kill_all
  rm -f "$dir/env"
  if [ "$(cat "$dir/osd/type" 2> /dev/null)" != bluestore ]; then
    rm -rf "$dir"/{mon,osd,rgw,monmap,fsid}
  fi
}

clean() {
  stop
  rm -rf "$dir"/{mon,osd,rgw,run,log,tls,monmap,fsid,ceph.conf,rules.json} "$dir"/port*
  rmdir "$dir" 2> /dev/null || true
}

slowdown() {
  [[ ${1:-} =~ ^[0-9]+$ ]] || die "usage: s3.sh slowdown DIR N"
  local most=$1
  [ "$most" != 0 ] || most=1024
  timeout 10 ceph --admin-daemon "$dir/run/client.rgw.asok" config set rgw_max_concurrent_requests \
    "$most" > /dev/null || die "radosgw's admin socket does not answer"
}

pause() {
  local flag
  case ${1:-} in
    on) flag=pause ;;
    off) flag=unpause ;;
    *) die "usage: s3.sh pause DIR on|off" ;;
  esac
  timeout 20 ceph -c "$conf" osd $flag 2> /dev/null || die "ceph does not answer"
}

quota() {
  [[ ${1:-} =~ ^[0-9]+$ ]] || die "usage: s3.sh quota DIR BYTES"
  local command=(radosgw-admin -c "$conf" -n client.admin quota)
  local which=(--quota-scope=user --uid test)
  if [ "$1" = 0 ]; then
    "${command[@]}" disable "${which[@]}"
  else
    "${command[@]}" set "${which[@]}" --max-size "$1" &&
      "${command[@]}" enable "${which[@]}"
  fi > /dev/null 2>&1 || die "the quota was not changed"
}

gc() {
  radosgw-admin -c "$conf" -n client.admin gc process --include-all > /dev/null 2>&1
  radosgw-admin -c "$conf" -n client.admin lc process > /dev/null 2>&1
}

proxy() {
  running || die "not running in $dir"
  local port
  port=$(kept_port "$dir/port.proxy")
  if ! pid_of "$dir/run/proxy.pid" fault_proxy.py > /dev/null; then
    setsid python3 "$here/fault_proxy.py" "$port" "$(cat "$dir/port")" "$dir/rules.json" \
      "$dir/log/requests.log" > "$dir/log/proxy.log" 2>&1 < /dev/null &
    echo $! > "$dir/run/proxy.pid"
    wait_for 10 port_open "$port" || die "the proxy does not answer: see $dir/log/proxy.log"
  fi
  echo "S3_PROXY_ENDPOINT=http://127.0.0.1:$port"
  echo "S3_PROXY_RULES=$dir/rules.json"
  echo "S3_PROXY_LOG=$dir/log/requests.log"
}

verb=${1:-}
case $verb in
  start | stop | clean | env | crash | slowdown | pause | quota | gc | proxy) ;;
  *) die "usage: s3.sh start|stop|clean|env|crash|slowdown|pause|quota|gc|proxy DIR" ;;
esac
dir=$(service_dir "${2:-}")
case $dir in *' '*) die "Ceph takes no spaces in paths: $dir" ;; esac
store=${S3_STORE:-memstore}
bytes=${S3_BYTES:-4294967296}
conf=$dir/ceph.conf
fresh=
case $verb in
  env) print_env ;;
  crash) kill_all ;;
  *) "$verb" "${3:-}" ;;
esac

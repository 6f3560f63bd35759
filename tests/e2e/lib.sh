# shellcheck shell=bash
# shellcheck disable=SC2034  # variables are for the scripts that source this
# Common to the end-to-end tests: one server with a temporary data directory, requests to it, and
# facts. Sourced; a script ends with `finish`.
#
# A fact is one line, "ok - …" or "not ok - …" with what was found indented below it. The exit code
# is 0 when all facts hold, 77 when the test cannot run here (the last line says why), else 1.

set -euo pipefail
export LC_ALL=C TZ=UTC
unset http_proxy https_proxy HTTP_PROXY HTTPS_PROXY ALL_PROXY all_proxy
# What a person has set for a server of their own is not meant for these.
unset BREAKWATER_CONFIG BREAKWATER_DATA BREAKWATER_URL BREAKWATER_PRIVATE_URL BREAKWATER_API_KEY \
  BREAKWATER_TOKEN BREAKWATER_DATABASE_URL BREAKWATER_S3_ENDPOINT BREAKWATER_MASTER_KEY

root=$(cd "$(dirname "${BASH_SOURCE[0]}")/../.." && pwd)
bin=${BREAKWATER_BIN:-$root/build/dev/breakwater}
dir=${BREAKWATER_TEST_DIR:-}
own_dir=''
if [ -z "$dir" ]; then dir=$(mktemp -d "${TMPDIR:-/tmp}/breakwater.XXXXXX") own_dir=$dir; fi

# Where its servers keep things: "embedded", or "scaled" over the PostgreSQL of
# BREAKWATER_TEST_POSTGRES (whose role may create databases) and the object store of
# BREAKWATER_TEST_S3_….
stores=${BREAKWATER_TEST_STORES:-embedded}
test_database=''

data=$dir/data
server_log=$dir/server.log
body=$dir/body   # of the last answer
response_head=$dir/head  # its status line and headers
status=''        # its status
public='' private=''  # base URLs of the running server
public_address=127.0.0.1:0  # what it is told to listen on
server_pid='' background=()
account=00000000000000000000000000000001
key=$(python3 -c 'import secrets; print(secrets.token_urlsafe(32))')
auth=(-u "iamapikey:$key")

facts=0 failures=0 finished=''

skip() {
  finished=skip
  echo "$*"
  exit 77
}

# Says which part of a script cannot be done here: counted as skipped, while the rest counts.
left_out() {
  echo "left out - $*"
}

needs() {
  local program
  for program in "$@"; do
    command -v "$program" > /dev/null || skip "$program is not installed"
  done
}

ok() {
  facts=$((facts + 1))
  echo "ok - $1"
}

# not_ok FACT [DETAIL…]
not_ok() {
  failures=$((failures + 1))
  echo "not ok - $1"
  shift
  printf '    %s\n' "$@" | cut -c1-2000
}

# is FACT ACTUAL EXPECTED
is() {
  if [ "$2" = "$3" ]; then ok "$1"; else not_ok "$1" "found:    $2" "expected: $3"; fi
}

# like FACT TEXT REGULAR-EXPRESSION
like() {
  if [[ $2 =~ $3 ]]; then ok "$1"; else not_ok "$1" "found:      $2" "must match: $3"; fi
}

unlike() {
  if [[ ! $2 =~ $3 ]]; then ok "$1"; else not_ok "$1" "found:          $2" "must not match: $3"; fi
}

# holds FACT COMMAND…: the command, run in this shell, succeeds; its output is shown when it does not.
holds() {
  local fact=$1
  shift
  if "$@" > "$dir/output" 2>&1; then ok "$fact"; else not_ok "$fact" "failed: $*" "$(tail -n 20 "$dir/output")"; fi
}

fails() {
  local fact=$1
  shift
  if "$@" > "$dir/output" 2>&1; then not_ok "$fact" "succeeded: $*" "$(tail -n 20 "$dir/output")"; else ok "$fact"; fi
}

# eventually SECONDS COMMAND…: asks again until it succeeds or the time is over.
eventually() {
  local deadline=$((SECONDS + $1))
  shift
  until "$@"; do
    if ((SECONDS >= deadline)); then return 1; fi
    sleep 0.05
  done
}

# A database and a part of the bucket for this script alone, for every server that it starts.
scaled_stores() {
  test_database=breakwater_e2e_$(python3 -c 'import secrets; print(secrets.token_hex(8))')
  psql -qX -d "$BREAKWATER_TEST_POSTGRES" -c "CREATE DATABASE $test_database" ||
    skip "PostgreSQL does not answer at BREAKWATER_TEST_POSTGRES"
  BREAKWATER_DATABASE_URL=${BREAKWATER_TEST_POSTGRES%/*}/$test_database
  BREAKWATER_S3_ENDPOINT=$BREAKWATER_TEST_S3_ENDPOINT
  BREAKWATER_S3_REGION=$BREAKWATER_TEST_S3_REGION
  BREAKWATER_S3_BUCKET=$BREAKWATER_TEST_S3_BUCKET
  BREAKWATER_S3_PREFIX=$test_database
  BREAKWATER_S3_ACCESS_KEY=$BREAKWATER_TEST_S3_ACCESS_KEY
  BREAKWATER_S3_SECRET_KEY=$BREAKWATER_TEST_S3_SECRET_KEY
  BREAKWATER_MASTER_KEY=$(python3 -c 'import secrets; print(secrets.token_hex(32))')
  export BREAKWATER_DATABASE_URL BREAKWATER_S3_ENDPOINT BREAKWATER_S3_REGION BREAKWATER_S3_BUCKET \
    BREAKWATER_S3_PREFIX BREAKWATER_S3_ACCESS_KEY BREAKWATER_S3_SECRET_KEY BREAKWATER_MASTER_KEY
}

# Ends a script whose rest needs PostgreSQL and an object store, where there are none.
needs_services() {
  if [ -z "${BREAKWATER_TEST_POSTGRES:-}" ] || [ -z "${BREAKWATER_TEST_S3_ENDPOINT:-}" ]; then
    echo "left out: BREAKWATER_TEST_POSTGRES and BREAKWATER_TEST_S3_ENDPOINT do not name services"
    finish
  fi
  needs psql
}

# scaled_options KEY-FILE: the stores of scaled_stores as a configuration file, for a server whose
# master key is in the file.
scaled_options() {
  cat << TOML
data = "$dir/scaled"
master_key = "$(cat "$1")"
database.url = "$BREAKWATER_DATABASE_URL"
s3.endpoint = "$BREAKWATER_S3_ENDPOINT"
s3.region = "$BREAKWATER_S3_REGION"
s3.bucket = "$BREAKWATER_S3_BUCKET"
s3.prefix = "$BREAKWATER_S3_PREFIX"
s3.access_key = "$BREAKWATER_S3_ACCESS_KEY"
s3.secret_key = "$BREAKWATER_S3_SECRET_KEY"
TOML
}

# server_launch ARGUMENTS…: starts it without waiting. Its first line goes to the pipe $dir/ready.
server_launch() {
  rm -f "$dir/ready"
  mkfifo "$dir/ready"
  BREAKWATER_BOOTSTRAP_API_KEY=$key "$bin" serve --data "$data" --public "$public_address" \
    --private 127.0.0.1:0 "$@" > "$dir/ready" 2>> "$server_log" &
  server_pid=$!
}

# server_start ARGUMENTS…: waits until it is ready; sets `public` and `private`.
server_start() {
  local ready=''
  server_launch "$@"
  read -r -t 120 ready < "$dir/ready" || true
  public=$(sed -n 's/.*"public":"\([^"]*\)".*/\1/p' <<< "$ready")
  private=$(sed -n 's/.*"private":"\([^"]*\)".*/\1/p' <<< "$ready")
  if [ -z "$public" ] || [ -z "$private" ]; then
    not_ok "the server starts" "its first line: '$ready'" "$(tail -n 5 "$server_log")"
    exit 1
  fi
}

# Sets `server_status` to its exit code.
server_status=''
server_stop() {
  [ -n "$server_pid" ] || return 0
  kill -TERM "$server_pid" 2> /dev/null || true
  server_status=0
  wait "$server_pid" 2> /dev/null || server_status=$?
  server_pid=''
}

# A server that will not stop must not outlive the test.
clean_up() {
  local rc=$? pid
  set +e
  for pid in "${background[@]}"; do kill "$pid" 2> /dev/null; done
  for pid in "${background[@]}"; do eventually 20 gone "$pid" || kill -KILL "$pid" 2> /dev/null; done
  if [ -n "$server_pid" ]; then
    kill -TERM "$server_pid" 2> /dev/null
    eventually 40 gone "$server_pid" || kill -KILL "$server_pid" 2> /dev/null
  fi
  if [ -z "$finished" ]; then
    echo "not ok - the script runs to its end"
    echo "    it ended early with code $rc; the last answer was $status: $(head -c 1000 "$body" 2> /dev/null)"
  fi
  if [ "$finished" != skip ] && { [ -z "$finished" ] || [ "$failures" != 0 ]; } && [ -s "$server_log" ]; then
    echo "the server's last log lines:"
    tail -n 15 "$server_log" | cut -c1-1000
  fi
  [ -z "$test_database" ] || psql -qX -d "$BREAKWATER_TEST_POSTGRES" \
    -c "DROP DATABASE IF EXISTS $test_database WITH (FORCE)" > /dev/null 2>&1
  [ -z "$own_dir" ] || rm -rf "$own_dir"
  if [ -z "$finished" ]; then exit 1; fi
}
trap clean_up EXIT

# Ended, even when nobody has waited for it yet.
gone() {
  local state
  state=$(sed 's/.*) //' "/proc/$1/stat" 2> /dev/null) || return 0
  [ -z "$state" ] || [ "${state:0:1}" = Z ]
}

finish() {
  finished=yes
  server_stop
  echo "$facts facts hold, $failures do not"
  [ "$failures" = 0 ] && [ "$facts" -gt 0 ]
  exit $?
}

# http METHOD PATH-OR-URL [CURL-ARGUMENTS…]: a request without credentials.
http() {
  local method=$1 url=$2 verb
  shift 2
  [[ $url == http* ]] || url=$public$url
  verb=(-X "$method")
  if [ "$method" = HEAD ]; then verb=(--head); fi
  : > "$body"
  status=$(curl -sS --path-as-is --max-time 120 "${verb[@]}" -o "$body" -D "$response_head" \
    -w '%{http_code}' "$@" "$url") || status="curl failed ($?)"
}

# api METHOD PATH-OR-URL [JSON] [CURL-ARGUMENTS…]: as the first administrator. JSON starts with "{"
# or "[".
api() {
  local method=$1 url=$2
  shift 2
  if [[ ${1:-} =~ ^[{[] ]]; then
    local document=$1
    shift
    http "$method" "$url" "${auth[@]}" -H 'Content-Type: application/json' \
      --data-binary "$document" "$@"
  else
    http "$method" "$url" "${auth[@]}" "$@"
  fi
}

# expect STATUS METHOD PATH…: a request that must succeed for the test to go on.
expect() {
  local wanted=$1
  shift
  api "$@"
  if [ "$status" != "$wanted" ]; then
    not_ok "$1 $2 answers $wanted" "found: $status" "$(head -c 1000 "$body")"
    exit 1
  fi
}

# requests_of OPERATION: how many the server has answered, as its metrics say.
requests_of() {
  curl -sS "$public/metrics" | awk -v wanted="operation=\"$1\"" '
    /^breakwater_http_request_duration_seconds_count\{/ && index($0, wanted) { sum += $NF }
    END { print sum + 0 }'
}

header() { sed -n "s/^$1: *//Ip" "$response_head" | tr -d '\r' | tail -n 1; }

# json EXPRESSION: of the last answer, which is `d`; strings bare, the rest as JSON.
json() {
  python3 - "$body" "$1" << 'PY'
import json, sys
try:
    d = json.load(open(sys.argv[1], encoding="utf-8"))
    value = eval("(" + sys.argv[2] + ")", {"d": d})
    print(value if isinstance(value, str) else json.dumps(value))
except Exception as error:
    print(f"<{type(error).__name__}: {error}>")
PY
}

# Two registries that clients who cannot choose a Host header can tell apart.
two_registries_by_address() {
  cat << 'TOML'
[[registry]]
public_hosts = ["us.icr.io", "127.0.0.1"]
private_hosts = ["private.us.icr.io"]
region = "us-south"

[[registry]]
public_hosts = ["de.icr.io", "localhost"]
private_hosts = ["private.de.icr.io"]
region = "eu-central"
TOML
}

sha256_of() { sha256sum "$@" | cut -d' ' -f1; }

# put_blob REPOSITORY FILE [CURL-ARGUMENTS…]: prints the digest.
put_blob() {
  local repository=$1 file=$2 digest
  shift 2
  digest=sha256:$(sha256_of "$file")
  http POST "/v2/$repository/blobs/uploads/?digest=$digest" "${auth[@]}" \
    -H 'Content-Type: application/octet-stream' --data-binary "@$file" "$@"
  [ "$status" = 201 ] || return 1
  echo "$digest"
}

# put_image REPOSITORY TAG TEXT [CURL-ARGUMENTS…]: a small image whose layer is TEXT; sets
# `image_digest`, `layer_digest` and `config_digest`.
put_image() {
  local repository=$1 tag=$2 text=$3
  shift 3
  printf '%s' "$text" > "$dir/layer"
  printf '{"architecture":"amd64","os":"linux","rootfs":{"type":"layers","diff_ids":["sha256:%s"]}}' \
    "$(sha256_of "$dir/layer")" > "$dir/config"
  layer_digest=$(put_blob "$repository" "$dir/layer" "$@") || return 1
  config_digest=$(put_blob "$repository" "$dir/config" "$@") || return 1
  cat > "$dir/manifest" << MANIFEST
{"schemaVersion":2,"mediaType":"application/vnd.oci.image.manifest.v1+json","config":{"mediaType":"application/vnd.oci.image.config.v1+json","digest":"$config_digest","size":$(stat -c %s "$dir/config")},"layers":[{"mediaType":"application/vnd.oci.image.layer.v1.tar","digest":"$layer_digest","size":$(stat -c %s "$dir/layer")}]}
MANIFEST
  # shellcheck disable=SC2034  # for the caller
  image_digest=sha256:$(sha256_of "$dir/manifest")
  http PUT "/v2/$repository/manifests/$tag" "${auth[@]}" --data-binary "@$dir/manifest" \
    -H 'Content-Type: application/vnd.oci.image.manifest.v1+json' "$@"
  [ "$status" = 201 ]
}

[ -x "$bin" ] || skip "there is no program at $bin: build it first"
needs curl python3
if [ "$stores" = scaled ]; then
  needs psql
  scaled_stores
fi

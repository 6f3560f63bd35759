#!/usr/bin/env bash
# SIGTERM lets requests in flight finish; listeners speak TLS.

# shellcheck disable=SC2317  # some functions are called by name
# shellcheck source=tests/e2e/lib.sh
source "$(dirname "${BASH_SOURCE[0]}")/lib.sh"
[ "$stores" = embedded ] || skip "it looks into the data directory to know when half a blob is there"
needs openssl

# Named, so that it stays the same registry when the port changes.
two_registries_by_address > "$dir/config.toml"
config=(--config "$dir/config.toml")

server_start "${config[@]}"
expect 201 PUT /api/v1/namespaces/graceful

echo "# SIGTERM during an upload"

head -c 300000 /dev/urandom > "$dir/blob"
digest=sha256:$(sha256_of "$dir/blob")
# The first half, then the rest when the fifo is opened for it: the server waits in between.
mkfifo "$dir/rest"
{ head -c 150000 "$dir/blob"; cat "$dir/rest"; } | curl -sS --max-time 60 -o "$dir/upload.body" \
  -w '%{http_code}' "${auth[@]}" -H 'Content-Type: application/octet-stream' -H 'Expect:' \
  -H "Transfer-Encoding: chunked" -X POST -T - \
  "$public/v2/graceful/app/blobs/uploads/?digest=$digest" > "$dir/upload.status" 2>&1 &
uploader=$!
background+=("$uploader")
# An idle connection must not hold the server up.
exec {idle}<> "/dev/tcp/127.0.0.1/${public##*:}"
half_is_there() {
  [ "$(find "$data/staging" -type f -size +100k | wc -l)" -gt 0 ]
}
holds "half of the blob reaches the server" eventually 20 half_is_there

kill -TERM "$server_pid"
refuses() { ! curl -s --max-time 5 -o "$dir/ignored" "$public/livez"; }
holds "then it takes no new connections" eventually 10 refuses
if gone "$server_pid"; then not_ok "it waits for the request in flight" "it is gone"; else
  ok "it waits for the request in flight"
fi
tail -c +150001 "$dir/blob" > "$dir/rest"
wait "$uploader" || true
is "the upload in flight is acknowledged" "$(cat "$dir/upload.status")" 201
rc=0
wait "$server_pid" || rc=$?
server_pid=''
is "then the server ends with 0" "$rc" 0
exec {idle}>&-

server_start "${config[@]}"
api GET "/v2/graceful/app/blobs/$digest"
is "the blob is there after the restart" "$status" 200
is "whole" "sha256:$(sha256_of "$body")" "$digest"

server_stop
is "an idle server ends with 0" "$server_status" 0
server_start "${config[@]}"
kill -INT "$server_pid"
rc=0
wait "$server_pid" || rc=$?
server_pid=''
is "SIGINT stops it as well" "$rc" 0

echo "# SIGTERM during an upload that never ends"

server_start "${config[@]}" --http-stop-grace 1s
{ head -c 150000 "$dir/blob"; eventually 60 gone "$server_pid" || true; } |
  curl -sS --max-time 90 -o "$dir/upload.body" "${auth[@]}" -H 'Expect:' \
    -H 'Transfer-Encoding: chunked' -X POST -T - \
    "$public/v2/graceful/app/blobs/uploads/?digest=$digest" > "$dir/upload.status" 2>&1 &
background+=($!)
holds "half of a blob reaches the server" eventually 20 half_is_there
started=$SECONDS
server_stop
is "after the grace it ends all the same, with 0" "$server_status" 0
like "soon" "$((SECONDS - started))" '^[0-9]$'

echo "# TLS"

openssl req -x509 -newkey ec -pkeyopt ec_paramgen_curve:prime256v1 -nodes -days 2 -subj /CN=127.0.0.1 \
  -addext subjectAltName=IP:127.0.0.1 -keyout "$dir/tls.key" -out "$dir/tls.crt" 2> "$dir/openssl.log"
server_start "${config[@]}" --public-tls-certificate "$dir/tls.crt" --public-tls-key "$dir/tls.key"
like "the ready line says https for the public listener" "$public" '^https://127.0.0.1:[0-9]+$'
like "and http for the private one" "$private" '^http://127.0.0.1:[0-9]+$'
trusted=(--cacert "$dir/tls.crt")
api GET "/v2/graceful/app/blobs/$digest" "${trusted[@]}"
is "a blob is served over TLS" "$status" 200
is "whole over TLS" "sha256:$(sha256_of "$body")" "$digest"
http GET /v2/ "${trusted[@]}"
like "the token service is named by https" "$(grep -i '^www-authenticate: bearer' "$response_head")" \
  'realm="https://127.0.0.1'
holds "a push over TLS" put_image graceful/app v1 "over tls" "${trusted[@]}"
tls() { curl -sS --max-time 10 -o "$dir/ignored" "$@" "$public/livez"; }
holds "TLS 1.3 is spoken" tls "${trusted[@]}" --tlsv1.3
holds "TLS 1.2 too" tls "${trusted[@]}" --tlsv1.2 --tls-max 1.2
fails "nothing older is" tls "${trusted[@]}" --tlsv1.0 --tls-max 1.1 --ciphers 'DEFAULT:@SECLEVEL=0'
fails "a client that does not trust the certificate gets nothing" tls
fails "nor does one that speaks plain HTTP" \
  curl -sSf --max-time 10 -o "$dir/ignored" "http://${public#https://}/livez"
http GET /livez "${trusted[@]}"
is "after all that the server serves on" "$status" 200
http GET "$private/livez"
is "the private listener serves plain HTTP" "$status" 200
server_stop
is "with TLS it ends with 0" "$server_status" 0

rc=0
timeout 30 "$bin" serve --data "$dir/other" --public 127.0.0.1:0 --private 127.0.0.1:0 \
  --public-tls-certificate "$dir/absent.crt" --public-tls-key "$dir/tls.key" \
  > "$dir/out" 2> "$dir/err" || rc=$?
is "a certificate that is not there stops the start" "$rc" 1
like "with a message" "$(cat "$dir/err")" 'certificate'

finish

#!/usr/bin/env bash
# A blob of BIG_BLOB_GIB (10) GiB goes through PostgreSQL and an S3 service with its objects on disk,
# and comes back; the server's resident memory stays below 200 MB. Needs thrice that room on disk.

# shellcheck disable=SC2119,SC2317  # functions are called by name, and without arguments
export BREAKWATER_TEST_STORES=embedded
# shellcheck source=tests/e2e/lib.sh
source "$(dirname "${BASH_SOURCE[0]}")/../e2e/lib.sh"
needs openssl psql

gib=${BIG_BLOB_GIB:-10}
most_kb=200000
room_kb=$(df --output=avail -k "$dir" | tail -n 1)
[ "$room_kb" -gt $((gib * 3 * 1024 * 1024)) ] || skip "there is no room for $((gib * 3)) GiB in $dir"

services=$root/tests/services
stop_services() {
  bash "$services/s3.sh" clean "$dir/s3" > /dev/null 2>&1 || true
  bash "$services/postgres.sh" clean "$dir/postgres" > /dev/null 2>&1 || true
}
trap 'rc=$?; server_stop; stop_services; (exit "$rc"); clean_up' EXIT
lines=$(S3_STORE=bluestore S3_BYTES=$(((3 * gib + 2) * 1024 * 1024 * 1024)) \
  bash "$services/s3.sh" start "$dir/s3" && bash "$services/postgres.sh" start "$dir/postgres") ||
  skip "the services do not start"
eval "$lines"
BREAKWATER_MASTER_KEY=$(openssl rand -hex 32)
# shellcheck disable=SC2154  # they come from the lines
export BREAKWATER_DATABASE_URL=$PG_URL BREAKWATER_S3_ENDPOINT=$S3_ENDPOINT BREAKWATER_MASTER_KEY \
  BREAKWATER_S3_REGION=$S3_REGION BREAKWATER_S3_BUCKET=$S3_BUCKET \
  BREAKWATER_S3_ACCESS_KEY=$S3_ACCESS_KEY BREAKWATER_S3_SECRET_KEY=$S3_SECRET_KEY

# The same bytes each time, without keeping them.
content() {
  openssl enc -aes-128-ctr -K 00112233445566778899aabbccddeeff -iv 0 -in /dev/zero 2> /dev/null |
    head -c "$((gib * 1024 * 1024 * 1024))" || true
}
peak_kb() { sed -n 's/^VmHWM:[[:space:]]*\([0-9]*\) kB/\1/p' "/proc/$server_pid/status"; }

digest=sha256:$(content | sha256sum | cut -d' ' -f1)
server_start
expect 201 PUT /api/v1/namespaces/large
echo "# resident at start: $(peak_kb) kB"

expect 202 POST /v2/large/blob/blobs/uploads/
location=$(header Location)
begun=$SECONDS
status=$(content | curl -sS -o "$body" -D "$response_head" -w '%{http_code}' "${auth[@]}" -T - -X PATCH \
  -H 'Content-Type: application/octet-stream' -H 'Expect:' "$public$location") || true
is "$gib GiB arrive in one request" "$status" 202
echo "# $((SECONDS - begun)) s; peak resident $(peak_kb) kB"
location=$(header Location)
begun=$SECONDS
status=$(curl -sS -o "$body" -w '%{http_code}' "${auth[@]}" -X PUT "$public$location&digest=$digest")
is "they become a blob" "$status" 201
echo "# $((SECONDS - begun)) s; peak resident $(peak_kb) kB"
begun=$SECONDS
is "it comes back whole" \
  "sha256:$(curl -sS "${auth[@]}" "$public/v2/large/blob/blobs/$digest" | sha256sum | cut -d' ' -f1)" "$digest"
echo "# $((SECONDS - begun)) s; peak resident $(peak_kb) kB"
if [ "$(peak_kb)" -lt "$most_kb" ]; then ok "the server never held more than $most_kb kB"; else
  not_ok "the server never held more than $most_kb kB" "peak: $(peak_kb) kB"
fi

finish

#!/usr/bin/env bash
# The goals of the baseline about listeners, backups, the audit trail, attached artifacts, keys and
# quotas: each fails, or cannot be performed, and passes, by what is really done to the server.

# shellcheck disable=SC2317  # some functions are called by name
# shellcheck source=tests/e2e/lib.sh
source "$(dirname "${BASH_SOURCE[0]}")/lib.sh"
needs openssl

printf '%s' "$key" > "$dir/key"
cat > "$dir/registry.toml" << 'TOML'
[[registry]]
public_hosts = ["us.icr.io"]
private_hosts = ["private.us.icr.io"]
region = "us-south"

[[audit_sink]]
kind = "file"
name = "disk"
directory = "@DIR@/sink"

[[sign_in]]
kind = "local"
name = "local"
TOML
sed -i "s|@DIR@|$dir|" "$dir/registry.toml"

# Over the database of a server that is stopped: what only time, or an intruder, would do.
sql() {
  if [ "$stores" = scaled ]; then
    psql -qX -d "$BREAKWATER_DATABASE_URL" -c "$1"
  else
    python3 -c 'import sqlite3, sys
with sqlite3.connect(sys.argv[1]) as database: database.execute(sys.argv[2])' "$data/breakwater.db" "$1"
  fi
}

attachment=''
state_of() {
  api GET "/breakwater/v1/posture/attachments/$attachment/state"
  json "next(g['status'] for g in d['goals'] if g['id'] == '$1')"
}
goal_is() { [ "$(state_of "$1")" = "$2" ]; }
# becomes GOAL STATUS WHY [SECONDS]: by the change that came before, not by a later scan.
becomes() {
  if eventually "${4:-15}" goal_is "$1" "$2"; then
    ok "$3: goal $1 is $2"
  else
    not_ok "$3: goal $1 is $2" "found: $(state_of "$1")" \
      "$(json "[g['resource_result'] for g in d['goals'] if g['id'] == '$1'][0]")"
  fi
}
# parameters JSON: of the attachment, instead of those it had.
parameters() {
  expect 200 PATCH "/breakwater/v1/posture/attachments/$attachment" "{\"parameters\": $1}"
}

echo "# careless"

cp "$dir/registry.toml" "$dir/careless.toml"
cat >> "$dir/careless.toml" << 'TOML'

[[sign_in]]
kind = "ldap"
name = "directory"
url = "ldap://127.0.0.1:9"
start_tls = false
allow_plain = true
user_base = "dc=example"

[content]
trash_life = "2d"

[webhooks]
allow_http = true
private_destinations = ["127.0.0.0/8"]
TOML
public_address=0.0.0.0:0
server_start --config "$dir/careless.toml"
expect 201 POST /breakwater/v1/posture/attachments '{"scope_id": "1", "profile_id": "60"}'
attachment=$(json 'd["id"]')
becomes 3900121 fail "with a listener on every address" 30
expect 200 GET "/breakwater/v1/posture/attachments/$attachment/state"
is "the baseline has these goals" "$(json 'len(d["goals"]) >= 60')" true
like "a listener is named by its machine, endpoint and address" \
  "$(json "sorted(r['name'] for g in d['goals'] if g['id'] == '3900121' for r in g['resource_result'])[1]")" \
  '/public/0\.0\.0\.0:[0-9]+$'
becomes 3900122 fail "with a listener that others can reach without TLS"
becomes 3900123 not_applicable "where no listener speaks TLS"
becomes 3900124 not_applicable "where no listener speaks TLS"
becomes 3900125 fail "with a directory that is asked without TLS"
becomes 3900208 fail "with a trash of two days"
if [ "$stores" = embedded ]; then becomes 3900411 fail "with the master key in the data directory"; fi

echo "# the audit trail"

becomes 3900601 fail "with a file as the only destination"
becomes 3900602 pass "with a file that takes entries"
becomes 3900604 pass "with entries that are kept for ever"
becomes 3900605 fail "with the first pull of a day alone"
expect 200 PUT /breakwater/v1/audit/settings '{"pulls": "by_tag", "keep_days": 30}'
becomes 3900605 pass "with pulls by tag"
becomes 3900604 fail "with entries that are kept for 30 days"
expect 200 PUT /breakwater/v1/audit/settings '{"pulls": "by_tag", "keep_days": 400}'
becomes 3900604 pass "with entries that are kept for 400 days"
expect 200 GET /breakwater/v1/audit/verification
becomes 3900603 pass "with a chain that was verified"

echo "# backups"

becomes 3900405 fail "without a backup"
becomes 3900406 fail "without a verified backup"
holds "a backup is taken" "$bin" backup create "$dir/backup" --url "$public" --api-key-file "$dir/key"
becomes 3900405 pass "with a backup"
becomes 3900406 fail "with a backup that nobody read back"
holds "a backup is verified, which is not reported" "$bin" backup verify "$dir/backup"
holds "a backup is verified and reported" "$bin" backup verify "$dir/backup" --report \
  --url "$public" --api-key-file "$dir/key"
becomes 3900406 pass "with a backup that was read back"
parameters '{"max_backup_days": 0}'
becomes 3900405 fail "where no backup is new enough"
parameters '{}'
becomes 3900405 pass "where a day is"
api POST /breakwater/v1/backup/reports "{\"manifest_sha256\": \"$(printf 'a%.0s' {1..64})\",
  \"as_of\": \"2100-01-01T00:00:00Z\"}"
is "a backup of the future is not believed" "$status" 400

echo "# images"

expect 201 PUT /api/v1/namespaces/team
becomes 3900202 fail "with a namespace without a retention policy"
expect 201 POST /api/v1/retentions '{"namespace": "team", "images_per_repo": 10, "retain_untagged": true}'
becomes 3900202 pass "with a policy"

# put_dated TAG CREATED: an image whose configuration says when it was built.
put_dated() {
  printf 'built %s' "$2" > "$dir/layer"
  printf '{"created":"%s","architecture":"amd64","os":"linux","rootfs":{"type":"layers","diff_ids":["sha256:%s"]}}' \
    "$2" "$(sha256_of "$dir/layer")" > "$dir/config"
  layer_digest=$(put_blob team/app "$dir/layer")
  config_digest=$(put_blob team/app "$dir/config")
  cat > "$dir/manifest" << MANIFEST
{"schemaVersion":2,"mediaType":"application/vnd.oci.image.manifest.v1+json","config":{"mediaType":"application/vnd.oci.image.config.v1+json","digest":"$config_digest","size":$(stat -c %s "$dir/config")},"layers":[{"mediaType":"application/vnd.oci.image.layer.v1.tar","digest":"$layer_digest","size":$(stat -c %s "$dir/layer")}]}
MANIFEST
  image_digest=sha256:$(sha256_of "$dir/manifest")
  image_size=$(stat -c %s "$dir/manifest")
  http PUT "/v2/team/app/manifests/$1" "${auth[@]}" --data-binary "@$dir/manifest" \
    -H 'Content-Type: application/vnd.oci.image.manifest.v1+json'
  [ "$status" = 201 ]
}
holds "an image without a date is pushed" put_image team/app v1 "undated"
becomes 3900204 unable_to_perform "with an image that does not say when it was built"
holds "an old image is pushed" put_dated v1 "2020-02-02T00:00:00Z"
becomes 3900204 fail "with a tag on an old image"
holds "a new image is pushed" put_dated v1 "$(date -u +%Y-%m-%dT%H:%M:%SZ)"
becomes 3900204 pass "with the tag on a new one"
becomes 3900203 pass "with images that lost their tag today"
parameters '{"max_untagged_days": 0}'
becomes 3900203 fail "where none may be without a tag"
parameters '{}'
becomes 3900203 pass "where 30 days are allowed"

printf '{}' > "$dir/empty"
empty_digest=$(put_blob team/app "$dir/empty")
# attach TAG-OR-DIGEST MORE-OF-THE-MANIFEST [LAYER-ANNOTATIONS]: sets `attached`.
attach() {
  local descriptor='{"mediaType":"application/vnd.oci.empty.v1+json","digest":"'$empty_digest'","size":2'
  printf '{"schemaVersion":2,"mediaType":"application/vnd.oci.image.manifest.v1+json","config":%s},"layers":[%s,"annotations":%s}]%s}' \
    "$descriptor" "$descriptor" "${3:-"{}"}" "$2" > "$dir/attached"
  attached=sha256:$(sha256_of "$dir/attached")
  http PUT "/v2/team/app/manifests/${1:-$attached}" "${auth[@]}" --data-binary "@$dir/attached" \
    -H 'Content-Type: application/vnd.oci.image.manifest.v1+json'
  [ "$status" = 201 ]
}
subject=',"subject":{"mediaType":"application/vnd.oci.image.manifest.v1+json","digest":"'$image_digest'","size":'$image_size'}'
for goal in 3900205 3900206 3900207; do becomes $goal fail "with nothing attached"; done
holds "a notation signature is pushed" attach "" \
  ",\"artifactType\":\"application/vnd.cncf.notary.signature\"$subject"
signature=$attached
becomes 3900207 pass "with a signature"
holds "a bill of materials is pushed" attach "" ",\"artifactType\":\"application/spdx+json\"$subject"
becomes 3900205 pass "with a bill of materials"
holds "provenance is pushed as cosign does" attach "${image_digest/:/-}.att" "" \
  '{"predicateType":"https://slsa.dev/provenance/v1"}'
provenance=$attached
becomes 3900206 pass "with provenance"
expect 202 DELETE "/v2/team/app/manifests/$signature"
becomes 3900207 fail "with the signature deleted"
expect 202 DELETE "/v2/team/app/manifests/$provenance"
becomes 3900206 fail "with the provenance deleted"

echo "# advisories"

# advisory MODIFIED: a record that changed then.
advisory() {
  cat > "$dir/advisory.json" << RECORD
{"id": "CVE-2026-1", "modified": "$1", "affected": [{"package": {"ecosystem": "Debian:12", "name": "bash"},
 "ranges": [{"type": "ECOSYSTEM", "events": [{"introduced": "0"}, {"fixed": "99"}]}]}]}
RECORD
  "$bin" advisories import "$dir/advisory.json" --url "$public" --api-key-file "$dir/key"
}
becomes 3900304 fail "without advisories"
holds "old advisories are imported" advisory 2024-01-01T00:00:00Z
becomes 3900304 fail "with advisories of 2024"
holds "new advisories are imported" advisory "$(date -u +%Y-%m-%dT%H:%M:%SZ)"
becomes 3900304 pass "with advisories of today"

echo "# quotas"

becomes 3900409 fail "without a storage limit"
becomes 3900408 not_applicable "without a storage limit"
expect 200 PATCH /api/v1/quotas '{"storage_megabytes": 1}'
becomes 3900409 pass "with a limit"
becomes 3900408 pass "with room in it"
head -c 1040000 /dev/urandom > "$dir/bulk"
bulk=$(put_blob team/app "$dir/bulk")
cat > "$dir/bulk.manifest" << MANIFEST
{"schemaVersion":2,"mediaType":"application/vnd.oci.image.manifest.v1+json","artifactType":"application/x-bulk","config":{"mediaType":"application/vnd.oci.empty.v1+json","digest":"$empty_digest","size":2},"layers":[{"mediaType":"application/octet-stream","digest":"$bulk","size":1040000}]}
MANIFEST
http PUT /v2/team/app/manifests/bulk "${auth[@]}" --data-binary "@$dir/bulk.manifest" \
  -H 'Content-Type: application/vnd.oci.image.manifest.v1+json'
is "what fills the registry is pushed" "$status" 201
becomes 3900408 fail "with 99 per cent used"
expect 200 PATCH /api/v1/quotas '{"storage_megabytes": 100}'
becomes 3900408 pass "with a higher limit"

echo "# identities"

becomes 3900111 pass "while nobody has a password"
expect 202 POST "/iam/v2/accounts/$account/users" '{"users": [{"email": "ada@example.com"}]}'
ada=$(json 'd["resources"][0]["id"]')
expect 201 POST "/breakwater/v1/users/$ada/password/reset"
initial=$(json 'd["initial_password"]')
becomes 3900111 fail "with a password"
parameters '{"max_local_users": 1}'
becomes 3900111 pass "where one may have one"
parameters '{}'
becomes 3900111 fail "where nobody may"
becomes 3900113 not_applicable "without keys of service IDs"
expect 201 POST /iam/v1/serviceids "{\"account_id\": \"$account\", \"name\": \"ci\", \"apikey\": {\"name\": \"k\"}}"
robot_key=$(json 'd["apikey"]["apikey"]') robot_key_id=$(json 'd["apikey"]["id"]')
becomes 3900113 fail "with a key of a service ID"
expect 204 POST "/iam/v1/apikeys/$robot_key_id/disable"
becomes 3900113 pass "with the key disabled"
expect 204 DELETE "/iam/v1/apikeys/$robot_key_id/disable"
becomes 3900113 fail "with the key enabled again"

becomes 3900412 pass "with a signing key of today"
parameters '{"max_signing_key_days": 0}'
becomes 3900412 fail "where none is new enough"
parameters '{}'

echo "# exceptions, break-glass and alerts"

# Somebody else approves.
expect 200 GET "/iam/v2/groups?account_id=$account"
administrators=$(json 'next(g["id"] for g in d["groups"] if g["name"] == "Administrators")')
expect 207 PUT "/iam/v2/groups/$administrators/members" \
  "{\"members\": [{\"iam_id\": \"$ada\", \"type\": \"user\"}]}"
http POST /identity/token -u bx:bx --data-urlencode grant_type=password \
  --data-urlencode username=ada@example.com --data-urlencode "password=$initial" \
  --data-urlencode 'new_password=a long local password'
is "the second person signs in" "$status" 200
ada_token=$(json 'd["access_token"]')
# exception DAYS: one that counts; sets `exception`.
exception() {
  expect 201 POST /breakwater/v1/exceptions "{\"kind\": \"goal\", \"subject\": \"3000625\", \"owner\": \"Ada\",
    \"reason\": \"The move to private names is under way\", \"ticket\": \"T-1\",
    \"expires_at\": \"$(date -u -d "+$1 days" +%Y-%m-%dT%H:%M:%SZ)\"}"
  exception=$(json 'd["id"]')
  http POST "/breakwater/v1/exceptions/$exception/approve" -H "Authorization: Bearer $ada_token"
  is "an exception of $1 days is approved" "$status" 200
}
becomes 3900306 not_applicable "without exceptions"
exception 200
becomes 3900306 fail "with an exception of 200 days"
expect 200 POST "/breakwater/v1/exceptions/$exception/end"
becomes 3900306 not_applicable "with the exception ended"
exception 30
becomes 3900306 pass "with an exception of 30 days"
expect 204 DELETE "/breakwater/v1/users/$ada/password"
becomes 3900111 pass "with the password taken away"

becomes 3900701 pass "while nothing is open"
expect 201 POST /breakwater/v1/governance/break-glass '{"reason": "the private network is down", "minutes": 30}'
glass=$(json 'd["id"]')
becomes 3900701 fail "with the glass broken"
expect 200 DELETE "/breakwater/v1/governance/break-glass/$glass"
becomes 3900701 pass "with it closed"

channels=/notifications/v1/$account/notifications/channels
becomes 3900501 pass "without channels"
expect 200 POST "$channels" '{"name": "plain", "type": "Webhook", "endpoint": "http://127.0.0.1:9/",
  "enabled": true, "severity": ["high"], "alert_source": [{"provider_name": "VA", "finding_types": ["ALL"]}]}'
channel=$(json 'd["channel_id"]')
becomes 3900501 fail "with a channel without TLS"
expect 200 DELETE "$channels/$channel"
becomes 3900501 pass "with the channel gone"

echo "# content"

becomes 3900407 unable_to_perform "with content that was never checked"
server_stop
fsck() { "$bin" fsck --config "$dir/careless.toml" --data "$data" "$@"; }
holds "content is checked" fsck
sql "UPDATE iam_api_key SET created_at = created_at - CAST(8640000000000 AS BIGINT) WHERE id = '$robot_key_id'"
sql "DELETE FROM iam_activity WHERE subject = '$robot_key_id'"

echo "# with TLS"

# certificate NAME DAYS
certificate() {
  openssl req -x509 -newkey ec -pkeyopt ec_paramgen_curve:prime256v1 -nodes -days "$2" -subj /CN=127.0.0.1 \
    -addext subjectAltName=IP:127.0.0.1,IP:0.0.0.0 -keyout "$dir/$1.key" -out "$dir/$1.crt" 2> "$dir/openssl.log"
}
tls() { printf '%s\n' --public-tls-certificate "$dir/$1.crt" --public-tls-key "$dir/$1.key"; }
certificate short 2
certificate long 90
python3 "$root/tests/e2e/webhook_receiver.py" "$dir/received" > "$dir/port" &
background+=($!)
has_port() { [ -s "$dir/port" ]; }
eventually 10 has_port
cp "$dir/registry.toml" "$dir/tls.toml"
cat >> "$dir/tls.toml" << TOML

[[audit_sink]]
kind = "webhook"
name = "siem"
url = "http://127.0.0.1:$(cat "$dir/port")/audit"
allow_plain = true
TOML
auth+=(--cacert "$dir/short.crt")
mapfile -t flags < <(tls short)
server_start --config "$dir/tls.toml" "${flags[@]}"
becomes 3900122 pass "with TLS on what others can reach" 30
becomes 3900121 fail "with a listener on every address still"
becomes 3900123 pass "with TLS 1.2 and newer"
parameters '{"min_tls_version": 1.3}'
becomes 3900123 fail "where 1.3 is demanded"
parameters '{}'
becomes 3900123 pass "where 1.2 is enough"
becomes 3900124 fail "with a certificate of two days"
becomes 3900125 fail "with a destination of the trail that is reached without TLS"
becomes 3900208 pass "with a trash of 30 days"
becomes 3900407 pass "with content that was checked"
becomes 3900601 pass "with a destination off the machine"
becomes 3900602 pass "that takes entries"
echo 500 > "$dir/received.status"
expect 200 GET /api/v1/auth
becomes 3900602 fail "while it takes none"
rm "$dir/received.status"
becomes 3900602 pass "when it takes them again" 90

becomes 3900112 fail "with a key that nobody used for a hundred days"
http GET /api/v1/namespaces -u "iamapikey:$robot_key" --cacert "$dir/short.crt"
is "the key is used" "$status" 200
becomes 3900112 pass "with the key in use" 90

server_stop
sql "UPDATE audit_record SET document = document || ' ' WHERE sequence = 3"
sql "UPDATE storage_used SET bytes = bytes + 1"
fails "books that are wrong are found" fsck

echo "# careful"

master_key=()
if [ "$stores" = embedded ]; then
  master_key=(--master-key "$(cat "$data/master.key")")
  mv "$data/master.key" "$dir/kept.key"
fi
auth=(-u "iamapikey:$key" --cacert "$dir/long.crt")
mapfile -t flags < <(tls long)
public_address=127.0.0.1:0
server_start --config "$dir/registry.toml" "${flags[@]}" "${master_key[@]}"
becomes 3900121 pass "with listeners on loopback" 30
becomes 3900122 not_applicable "where nobody else can reach them"
becomes 3900124 pass "with a certificate of 90 days"
if [ "$stores" = embedded ]; then
  becomes 3900125 pass "with nothing that is reached without TLS"
else
  becomes 3900125 fail "with stores that are reached without TLS"
fi
becomes 3900411 pass "with the master key given by the configuration"
becomes 3900407 fail "with content that is not sound"
expect 200 GET /breakwater/v1/audit/verification
is "an edited entry is found" "$(json 'd["intact"]')" false
becomes 3900603 fail "with a chain that does not verify"
server_stop
sql "UPDATE audit_record SET document = rtrim(document) WHERE sequence = 3"
fsck_careful() { "$bin" fsck --config "$dir/registry.toml" --data "$data" "${master_key[@]}" "$@"; }
fsck_careful --repair > "$dir/repaired" 2>&1 || true
like "content is repaired" "$(cat "$dir/repaired")" 'problems repaired'
server_start --config "$dir/registry.toml" "${flags[@]}" "${master_key[@]}"
becomes 3900407 pass "with content that was repaired" 30
expect 200 GET /breakwater/v1/audit/verification
is "the trail is whole again" "$(json 'd["intact"]')" true
becomes 3900603 pass "with a chain that verifies"

finish

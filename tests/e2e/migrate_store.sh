#!/usr/bin/env bash
# An installation with content goes from a data directory to PostgreSQL and S3, is served there, and
# comes back into another directory; the doctor looks at each. A copy that is killed goes on.

# shellcheck disable=SC2317  # some functions are called by name
# shellcheck source=tests/e2e/lib.sh
source "$(dirname "${BASH_SOURCE[0]}")/lib.sh"
[ "$stores" = embedded ] || skip "it chooses its stores itself"

# config NAME < TOML: a configuration file, all of the same registries.
config() { { cat; two_registries_by_address; } > "$dir/$1.toml"; }
config embedded <<< "data = \"$dir/embedded\""
config back <<< "data = \"$dir/back\""
config other <<< "data = \"$dir/other\""

# migrate FROM TO [ARGUMENTS…]: its exit status is `status`, its output `$dir/migration`.
migrate() {
  local from=$1 to=$2
  shift 2
  status=0
  "$bin" migrate-store --from "$dir/$from.toml" --to "$dir/$to.toml" "$@" \
    > "$dir/migration" 2> "$dir/progress" || status=$?
}
# doctor NAME [ARGUMENTS…]: the answer for `json`.
doctor() {
  local name=$1
  shift
  status=0
  "$bin" doctor --config "$dir/$name.toml" --json "$@" > "$body" 2> "$dir/doctor.err" || status=$?
}
serve() { # NAME
  data=$dir/$1
  server_start --config "$dir/$1.toml"
}

echo "# an installation"

serve embedded
expect 201 PUT /api/v1/namespaces/moved
head -c 60000000 /dev/urandom > "$dir/large"
head -c 90000 /dev/urandom > "$dir/middle"
large=$(put_blob moved/app "$dir/large")
middle=$(put_blob moved/app "$dir/middle")
holds "images are pushed" put_image moved/app v1 "a small layer"
small=$layer_digest
for i in 2 3 4 5; do
  holds "image $i" put_image "moved/app$i" "v$i" "layer $i"
done
# An image whose layers are in the blob store.
cat > "$dir/manifest" << MANIFEST
{"schemaVersion":2,"mediaType":"application/vnd.oci.image.manifest.v1+json","config":{"mediaType":"application/vnd.oci.image.config.v1+json","digest":"$config_digest","size":$(stat -c %s "$dir/config")},"layers":[{"mediaType":"application/vnd.oci.image.layer.v1.tar","digest":"$large","size":60000000},{"mediaType":"application/vnd.oci.image.layer.v1.tar","digest":"$middle","size":90000}]}
MANIFEST
put_blob moved/app "$dir/config" > "$dir/ignored"
http PUT /v2/moved/app/manifests/big "${auth[@]}" --data-binary "@$dir/manifest" \
  -H 'Content-Type: application/vnd.oci.image.manifest.v1+json'
is "and one with large layers" "$status" 201
expect 204 PATCH /api/v1/settings '{"platform_metrics": true}'
expect 201 POST /iam/v1/serviceids "{\"account_id\":\"$account\",\"name\":\"Caf\u00e9\"}"
reader=$(json 'd["iam_id"]')
expect 201 POST /iam/v1/apikeys "{\"account_id\":\"$account\",\"iam_id\":\"$reader\",\"name\":\"k\"}"
reader_key=$(json 'd["apikey"]')
expect 201 POST /iam/v1/policies "{\"type\":\"access\",\"subjects\":[{\"attributes\":[{\"name\":\"iam_id\",\"value\":\"$reader\"}]}],\"roles\":[{\"role_id\":\"crn:v1:bluemix:public:iam::::serviceRole:Reader\"}],\"resources\":[{\"attributes\":[{\"name\":\"accountId\",\"value\":\"$account\"},{\"name\":\"serviceName\",\"value\":\"container-registry\"}]}]}"
python3 - "$root/tests/data/seed-rule.json" "$account" > "$dir/rules.json" << 'PY'
import json, sys
rule = {"account_id": sys.argv[2], "name": "Private only", "description": "d",
        "enforcement_actions": [{"action": "disallow"}], **json.load(open(sys.argv[1]))}
print(json.dumps({"rules": [{"request_id": "seed", "rule": rule}]}))
PY
expect 201 POST /config/v1/rules "$(cat "$dir/rules.json")"

# What is served, as one text: what must be the same wherever it is kept.
# Of everything but the trail, which grows with every start.
served() {
  local digest
  expect 200 GET /api/v1/namespaces
  cat "$body"
  expect 200 GET /v2/moved/app/tags/list
  cat "$body"
  expect 200 GET /v2/moved/app/manifests/big
  sha256_of "$body"
  expect 200 GET /config/v1/rules?account_id="$account"
  cat "$body"
  expect 200 GET "/iam/v1/serviceids?account_id=$account"
  cat "$body"
  for digest in "$large" "$middle" "$small"; do
    http GET "/v2/moved/app/blobs/$digest" -u "iamapikey:$reader_key"
    echo "$digest $status sha256:$(sha256_of "$body")"
  done
}
# The first entries of the trail, which never change.
trail() { # COUNT
  expect 200 GET /breakwater/v1/audit/entries
  json "d['entries'][:$1]" | sha256_of
}
sealed() { expect 200 GET /breakwater/v1/audit/verification; [ "$(json 'd["unsealed"]')" = 0 ]; }
holds "the trail is sealed" eventually 20 sealed
entries=$(json 'd["sealed"]')
served > "$dir/served.before"
trail_before=$(trail "$entries")
like "every blob is served to its reader" "$(grep -c ' 200 ' "$dir/served.before")" '^3$'

doctor embedded --public "${public#http://}" --private "${private#http://}"
is "beside a running server the doctor finds nothing wrong" "$status" 0
is "and sees the server" "$(json '[f["check"] for f in d["findings"] if "a running server answers" in f["text"]]')" \
  '["public_listener", "private_listener"]'
migrate embedded other
is "what is served is not copied" "$status" 1
like "and this is why" "$(cat "$dir/progress")" 'in use'
server_stop

echo "# into another data directory"

migrate embedded other --verify-content
is "a copy of an embedded installation" "$status" 0
like "is found equal" "$(cat "$dir/migration")" 'copied and found equal: [0-9]+ rows of [0-9]+ tables, 2 blobs of 60090000 bytes'
is "it has the same master key" "$(cat "$dir/other/master.key")" "$(cat "$dir/embedded/master.key")"
serve other
served > "$dir/served.other"
holds "the same is served from it" diff "$dir/served.before" "$dir/served.other"
server_stop
migrate embedded other
is "a second copy into it is refused" "$status" 1

echo "# to PostgreSQL and S3"

needs_services
scaled_stores
scaled_options "$dir/embedded/master.key" | config scaled
sed "s/^master_key = .*/master_key = \"$BREAKWATER_MASTER_KEY\"/" "$dir/scaled.toml" > "$dir/wrong.toml"
unset BREAKWATER_DATABASE_URL BREAKWATER_S3_ENDPOINT BREAKWATER_S3_REGION BREAKWATER_S3_BUCKET \
  BREAKWATER_S3_PREFIX BREAKWATER_S3_ACCESS_KEY BREAKWATER_S3_SECRET_KEY BREAKWATER_MASTER_KEY

migrate embedded wrong
is "another master key is refused" "$status" 1
like "and the reason is said" "$(cat "$dir/progress")" 'master_key'

# Killed as soon as it has begun, and again when it is among the blobs.
begun() {
  [ "$(psql -qXAt -d "${BREAKWATER_TEST_POSTGRES%/*}/$test_database" \
    -c 'SELECT count(*) FROM admin_copy' 2> /dev/null)" = 1 ]
}
among_blobs() { grep -q '^blobs' "$dir/progress"; }
for moment in begun among_blobs; do
  "$bin" migrate-store --from "$dir/embedded.toml" --to "$dir/scaled.toml" > "$dir/migration" \
    2> "$dir/progress" &
  copier=$!
  background+=("$copier")
  holds "a copy runs on until it is killed: $moment" eventually 60 "$moment"
  kill -KILL "$copier"
  rc=0
  wait "$copier" 2> /dev/null || rc=$?
  is "killed it is, not at its end" "$rc" 137
done
rc=0
timeout 20 "$bin" serve --config "$dir/scaled.toml" --public 127.0.0.1:0 --private 127.0.0.1:0 \
  > "$dir/ignored" 2> "$dir/refused" || rc=$?
is "no server starts over a part of a copy" "$rc" 1
like "and says what to do" "$(cat "$dir/refused")" 'migrate-store'
doctor scaled --public 127.0.0.1:0 --private 127.0.0.1:0
is "the doctor names it" "$(json '[f["check"] for f in d["findings"] if f["health"] == "failed"]')" \
  '["database_copy"]'
migrate embedded scaled
is "the next run ends well" "$status" 0
like "and found both sides equal" "$(cat "$dir/migration")" 'copied and found equal: .* 2 blobs of 60090000 bytes'

doctor scaled --public 127.0.0.1:0 --private 127.0.0.1:0
is "the doctor finds nothing wrong with it" "$status" 0
is "at the object store neither" "$(json '[f["check"] for f in d["findings"] if f["check"] == "blob_store" and f["health"] != "ok"]')" '[]'
unlike "it tells no secret" "$(cat "$body")" "$(cat "$dir/embedded/master.key")|testsecretkey"
doctor wrong --public 127.0.0.1:0 --private 127.0.0.1:0
is "a wrong master key is a failure" "$status" 1
is "of just that" "$(json '[f["check"] for f in d["findings"] if f["health"] == "failed"]')" '["master_key"]'

serve scaled
served > "$dir/served.scaled"
holds "the same is served from there" diff "$dir/served.before" "$dir/served.scaled"
is "with the same trail" "$(trail "$entries")" "$trail_before"
holds "a push goes on as ever" put_image moved/app later "pushed to the copy"
later=$image_digest
migrate scaled back
is "what is served is not copied from there either" "$status" 1
like "and this is why" "$(cat "$dir/progress")" 'source is in use'
holds "the trail is sealed there" eventually 20 sealed
entries=$(json 'd["sealed"]')
trail_before=$(trail "$entries")
server_stop

echo "# and back"

migrate scaled back --verify-content
is "the way back" "$status" 0
serve back
served > "$dir/served.back"
sed 's/"later",//' "$dir/served.back" > "$dir/found"
holds "the same is served again" diff "$dir/served.scaled" "$dir/found"
api GET /v2/moved/app/manifests/later
is "and what was pushed meanwhile" "sha256:$(sha256_of "$body")" "$later"
is "with the same trail as there" "$(trail "$entries")" "$trail_before"
expect 200 GET /breakwater/v1/audit/verification
is "which is whole" "$status" 200
holds "pushes go on" put_image moved/app last "pushed at last"
finish

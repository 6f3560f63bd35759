#!/usr/bin/env bash
# What one process changes holds in another within a second: a permission taken away, a rule
# attached, a setting, a tag moved. Both start on an empty database at the same moment. A third that
# does not belong to them is turned away.

# shellcheck disable=SC2317  # some functions are called by name
# shellcheck source=tests/e2e/lib.sh
source "$(dirname "${BASH_SOURCE[0]}")/lib.sh"
[ "$stores" = scaled ] || skip "it needs stores that several processes can share"

config=$dir/config.toml
cat > "$config" << 'TOML'
[[registry]]
public_hosts = ["us.icr.io"]
region = "us-south"

[[registry]]
public_hosts = ["de.icr.io"]
region = "eu-central"
redirect_pulls = true
TOML
us=(-H 'Host: us.icr.io') de=(-H 'Host: de.icr.io')

server_launch --config "$config"
first_pid=$server_pid
mkfifo "$dir/ready.second"
BREAKWATER_BOOTSTRAP_API_KEY=$key "$bin" serve --config "$config" --data "$dir/unused" \
  --public 127.0.0.1:0 --private 127.0.0.1:0 > "$dir/ready.second" 2>> "$server_log" &
second_pid=$!
background+=("$second_pid")
read -r -t 60 line < "$dir/ready" || true
first=$(sed -n 's/.*"public":"\([^"]*\)".*/\1/p' <<< "$line")
read -r -t 60 line < "$dir/ready.second" || true
second=$(sed -n 's/.*"public":"\([^"]*\)".*/\1/p' <<< "$line")
if [ -z "$first" ] || [ -z "$second" ]; then
  not_ok "two processes start on one empty database at once" "$(tail -n 5 "$server_log")"
  exit 1
fi
ok "two processes start on one empty database at once"
if [ -e "$dir/unused" ]; then not_ok "neither needs a data directory" "$(ls "$dir/unused")"; else
  ok "neither needs a data directory"
fi

# within_a_second FACT COMMAND…
within_a_second() {
  local fact=$1
  shift
  if eventually 1 "$@" > "$dir/output" 2>&1; then ok "$fact"; else
    not_ok "$fact" "$status" "$(head -c 500 "$body")"
  fi
}
answers() {
  local wanted=$1
  shift
  http "$@"
  [ "$status" = "$wanted" ]
}

public=$first
expect 201 PUT /api/v1/namespaces/shared "${us[@]}"
holds "an image is pushed through the first" put_image shared/app v1 one "${us[@]}"
one=$image_digest
within_a_second "and pulled through the second" \
  answers 200 GET "$second/v2/shared/app/manifests/v1" "${auth[@]}" "${us[@]}"
is "byte for byte" "$(sha256_of "$body")" "${one#sha256:}"
holds "the tag is moved by the first" put_image shared/app v1 two "${us[@]}"
tag_is_moved() {
  answers 200 GET "$second/v2/shared/app/manifests/v1" "${auth[@]}" "${us[@]}" &&
    [ "$(sha256_of "$body")" = "${image_digest#sha256:}" ]
}
within_a_second "the second follows it" tag_is_moved

echo "# an upload goes from process to process"

head -c 300000 /dev/urandom > "$dir/blob"
expect 202 POST /v2/shared/app/blobs/uploads/ "${us[@]}"
location=$(header Location)
head -c 1000 "$dir/blob" > "$dir/piece"
http PATCH "$second$location" "${auth[@]}" "${us[@]}" --data-binary "@$dir/piece"
is "begun in the first, the second takes a small chunk" "$status" 202
location=$(header Location)
tail -c +1001 "$dir/blob" > "$dir/piece"
http PATCH "$first$location" "${auth[@]}" "${us[@]}" --data-binary "@$dir/piece"
is "the first the rest" "$status" 202
location=$(header Location)
http PUT "$second$location&digest=sha256:$(sha256_of "$dir/blob")" "${auth[@]}" "${us[@]}"
is "and the second finishes it" "$status" 201
http GET "$first/v2/shared/app/blobs/sha256:$(sha256_of "$dir/blob")" "${auth[@]}" "${us[@]}"
is "it comes back whole" "$(sha256_of "$body")" "$(sha256_of "$dir/blob")"

echo "# pulls redirected to the object store"

expect 201 PUT /api/v1/namespaces/shared "${de[@]}"
digest=$(put_blob shared/app "$dir/blob" "${de[@]}") || not_ok "a blob is pushed" "$status"
http GET "$second/v2/shared/app/blobs/$digest" "${auth[@]}" "${de[@]}"
is "a pull is redirected" "$status" 307
like "to the object store" "$(header Location)" "^$BREAKWATER_TEST_S3_ENDPOINT/"
http GET "$(header Location)"
is "which has the bytes, without our credential" "$(sha256_of "$body")" "${digest#sha256:}"
http HEAD "$second/v2/shared/app/blobs/$digest" "${auth[@]}" "${de[@]}"
is "HEAD is answered by us" "$status" 200
http GET "$second/v2/shared/app/blobs/$digest" "${de[@]}"
is "who may not pull is not redirected" "$status" 401
http GET "$second/v2/shared/app/blobs/sha256:$(sha256_of "$dir/blob")" "${auth[@]}" "${us[@]}"
is "the other registry passes its blobs on" "$status" 200

echo "# rights"

expect 201 POST /iam/v1/serviceids "{\"account_id\":\"$account\",\"name\":\"reader\"}"
reader=$(json 'd["iam_id"]')
expect 201 POST /iam/v1/apikeys "{\"account_id\":\"$account\",\"iam_id\":\"$reader\",\"name\":\"k\"}"
reader_auth=(-u "iamapikey:$(json 'd["apikey"]')")
expect 201 POST /iam/v1/policies "{\"type\":\"access\",\"subjects\":[{\"attributes\":[{\"name\":\"iam_id\",\"value\":\"$reader\"}]}],\"roles\":[{\"role_id\":\"crn:v1:bluemix:public:iam::::serviceRole:Reader\"}],\"resources\":[{\"attributes\":[{\"name\":\"accountId\",\"value\":\"$account\"},{\"name\":\"serviceName\",\"value\":\"container-registry\"}]}]}"
policy=$(json 'd["id"]')
within_a_second "a policy made by the first is honoured by the second" \
  answers 200 GET "$second/v2/shared/app/manifests/v1" "${reader_auth[@]}" "${us[@]}"
http DELETE "$first/iam/v1/policies/$policy" "${auth[@]}"
is "it is taken away by the first" "$status" 204
is_refused() {
  http GET "$second/v2/shared/app/manifests/v1" "${reader_auth[@]}" "${us[@]}"
  [ "$status" != 200 ]
}
within_a_second "and refused by the second" is_refused

echo "# a rule"

python3 - "$root/tests/data/seed-rule.json" "$account" > "$dir/rules.json" << 'PY'
import json, sys
rule = json.load(open(sys.argv[1], encoding="utf-8"))
json.dump({"rules": [{"request_id": "one", "rule": {
    "account_id": sys.argv[2], "name": "seed", "description": "seed",
    "target": rule["target"], "required_config": rule["required_config"],
    "enforcement_actions": [{"action": "disallow"}], "labels": []}}]}, sys.stdout)
PY
http POST "$first/config/v1/rules" "${auth[@]}" -H 'Content-Type: application/json' --data-binary "@$dir/rules.json"
is "the seed's rule is made by the first" "$status" 201
rule=$(json 'd["rules"][0]["rule"]["rule_id"]')
http POST "$first/config/v1/rules/$rule/attachments" "${auth[@]}" -H 'Content-Type: application/json' \
  --data-binary "{\"attachments\":[{\"account_id\":\"$account\",\"included_scope\":{\"note\":\"all\",\"scope_id\":\"$account\",\"scope_type\":\"account\"},\"excluded_scopes\":[]}]}"
is "and attached" "$status" 201
refused_by_rule() {
  answers 403 PATCH "$second/api/v1/auth" "${auth[@]}" "${us[@]}" -H 'Content-Type: application/json' \
    --data-binary '{"private_only": false}'
}
within_a_second "the second judges by it" refused_by_rule

echo "# a third process that does not belong to them"

# third_is_refused FACT WHY VARIABLE=VALUE…: it ends by itself, and its log says WHY.
third_is_refused() {
  local fact=$1 why=$2 rc=0
  shift 2
  env "$@" timeout 60 "$bin" serve --config "$config" --data "$dir/unused" --public 127.0.0.1:0 \
    --private 127.0.0.1:0 > "$dir/third.out" 2> "$dir/third.log" || rc=$?
  if [ "$rc" = 1 ] && [ ! -s "$dir/third.out" ] && grep -qF -- "$why" "$dir/third.log"; then
    ok "$fact"
  else
    not_ok "$fact" "exit code $rc" "$(cat "$dir/third.out" "$dir/third.log")"
  fi
}
third_is_refused "one with another master key is refused" \
  "the master key is not the one that this database was made with" \
  BREAKWATER_MASTER_KEY="$(python3 -c 'import secrets; print(secrets.token_hex(32))')"
third_is_refused "one with another prefix in the bucket is refused" \
  "the blob store is not the one that this database was used with" \
  BREAKWATER_S3_PREFIX="$BREAKWATER_S3_PREFIX-other"
psql -qX -d "$BREAKWATER_TEST_POSTGRES" -c "CREATE DATABASE ${test_database}_other"
third_is_refused "one with another database over the same objects is refused" \
  "the blob store belongs to another installation" \
  BREAKWATER_DATABASE_URL="${BREAKWATER_DATABASE_URL}_other"
psql -qX -d "$BREAKWATER_TEST_POSTGRES" -c "DROP DATABASE ${test_database}_other WITH (FORCE)"
within_a_second "the two go on as before" \
  answers 200 GET "$second/v2/shared/app/manifests/v1" "${auth[@]}" "${us[@]}"

kill -TERM "$second_pid"
holds "the second stops" eventually 30 gone "$second_pid"
server_pid=$first_pid
finish

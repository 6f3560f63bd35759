#!/usr/bin/env bash
# Plans and quotas: what the reference's clients see, what is refused at the limit with which words,
# what may finish, and that the books are right to the byte.

# shellcheck disable=SC2317  # some functions are called by name
# shellcheck source=tests/e2e/lib.sh
source "$(dirname "${BASH_SOURCE[0]}")/lib.sh"

two_registries_by_address > "$dir/registries.toml"
server_start --config "$dir/registries.toml" --message 'Maintenance on Sunday'
elsewhere=http://localhost:${public##*:}

api GET /api/v1/messages
is "the operator's message is a JSON string" "$status $(json d)" "200 Maintenance on Sunday"
expect 200 GET /api/v1/plans
is "the plan is Standard" "$(json 'd["plan"]')" Standard
expect 200 GET /api/v1/quotas
is "which is unlimited" "$(json 'd["limit"]')" '{"storage_bytes": -1, "traffic_bytes": -1}'
expect 200 PATCH /api/v1/quotas '{"storage_megabytes": 500, "traffic_megabytes": 4900}'
is "a quota is set without an answer's body" "$(stat -c %s "$body")" 0
expect 200 GET /api/v1/quotas
is "in megabytes of 1,048,576 bytes" "$(json 'd["limit"]')" \
  '{"storage_bytes": 524288000, "traffic_bytes": 5138022400}'
expect 200 GET "$elsewhere/api/v1/quotas"
is "and in this registry alone" "$(json 'd["limit"]["storage_bytes"]')" -1
api PATCH /api/v1/plans '{"plan": "Free"}'
is "there is no way back from Standard" "$status $(json 'd["code"]')" "409 BRW0409P"
api PATCH /api/v1/quotas '{"storage_megabytes": -2}'
is "nonsense is refused" "$status" 400

usage() {
  expect 200 GET "${1:-/api/v1/quotas}"
  json 'str(d["usage"]["storage_bytes"]) + " " + str(d["usage"]["traffic_bytes"])'
}
expect 201 PUT /api/v1/namespaces/counted
expect 201 PUT /api/v1/namespaces/second
holds "an image is pushed" put_image counted/app v1 "a layer"
size=$((7 + $(stat -c %s "$dir/config")))
is "its configuration and layer are stored" "$(usage)" "$size 0"
holds "the same image is pushed elsewhere" put_image second/app v1 "a layer"
is "and stored once in the account" "$(usage)" "$size 0"
is "and once in each namespace" "$(usage /breakwater/v1/namespaces/second/quota)" "$size 0"

http GET "/v2/counted/app/blobs/$layer_digest" "${auth[@]}"
is "a layer is pulled" "$status" 200
is "and its bytes are traffic" "$(usage)" "$size 7"
http GET "/v2/counted/app/blobs/$layer_digest" "${auth[@]}" -H 'Range: bytes=0-2'
is "of a range its own" "$status $(usage)" "206 $size 10"
http GET "$private/v2/counted/app/blobs/$layer_digest" "${auth[@]}"
is "pulls over the private network are free" "$status $(usage)" "200 $size 10"
http HEAD "/v2/counted/app/blobs/$layer_digest" "${auth[@]}"
http GET /v2/counted/app/manifests/v1 "${auth[@]}"
is "so are looks and manifests" "$status $(usage)" "200 $size 10"

# To the byte, at the limit.
expect 200 PATCH /breakwater/v1/quota "{\"storage_bytes\": $size}"
http POST /v2/counted/app/blobs/uploads/ "${auth[@]}"
is "reaching the limit refuses the next push" "$status $(json 'd["errors"][0]["code"]')" "403 DENIED"
like "and says so" "$(json 'd["errors"][0]["message"]')" \
  "storage quota in us.icr.io is used up: $size of $size bytes are stored. Delete images"
is "with figures" "$(json '[d["errors"][0]["detail"][k] for k in ("quota", "scope", "used", "limit")]')" \
  "[\"storage\", \"account\", \"$size\", \"$size\"]"
fails "a tag on what is there is a push too" put_image counted/app v2 "a layer"
expect 200 GET '/breakwater/v1/audit/records?action=container-registry.image.push&outcome=failure'
like "what was refused is on record" "$(json 'len(d["records"])')" '^[1-9]'
http DELETE "/v2/counted/app/manifests/$image_digest" "${auth[@]}"
http DELETE "/v2/second/app/manifests/$image_digest" "${auth[@]}"
is "deleted images are not counted, at once" "$(usage)" "0 10"
holds "and pushes are taken again" put_image counted/app v1 "a layer"

# A push that began below the limit.
expect 200 PATCH /breakwater/v1/quota '{"storage_bytes": -1}'
expect 200 PATCH /breakwater/v1/namespaces/counted/quota "{\"storage_bytes\": $((size + 1))}"
holds "a push beyond a namespace's limit finishes" put_image counted/app big "$(head -c 5000 /dev/zero | tr '\0' x)"
http POST /v2/counted/app/blobs/uploads/ "${auth[@]}"
like "the next is refused" "$status $(json 'd["errors"][0]["message"]')" "403 the namespace counted's storage quota"
holds "other namespaces are not" put_image second/app v1 "a layer"
holds "a hard limit" expect 200 PATCH /breakwater/v1/namespaces/second/quota \
  "{\"storage_bytes\": 1000, \"enforcement\": \"hard\"}"
head -c 2000 /dev/urandom > "$dir/large"
fails "refuses an upload before its bytes are taken" put_blob second/app "$dir/large"
like "and names what would be added" "$(json 'd["errors"][0]["message"]')" 'and 2000 would be added'

# Traffic.
expect 200 PATCH /breakwater/v1/quota '{"traffic_bytes": 10}'
http GET /v2/second/app/manifests/v1 "${auth[@]}"
is "a pull beyond the month's traffic is refused" "$status $(json 'd["errors"][0]["code"]')" "403 DENIED"
like "and says until when" "$(json 'd["errors"][0]["message"]')" \
  "pull traffic quota of $(date +%Y-%m) .* or wait until 20..-..-01T00:00:00Z"
http GET "$private/v2/second/app/manifests/v1" "${auth[@]}"
is "but not over the private network" "$status" 200
expect 200 PATCH /breakwater/v1/quota '{"traffic_bytes": 11}'
http GET /v2/second/app/manifests/v1 "${auth[@]}"
is "a raised quota helps at once" "$status" 200

warned() { curl -sS "$public/metrics" | grep -q '^breakwater_quota_warnings_total{percent="100",quota="storage"} [1-9]'; }
holds "what has passed a threshold was warned of" eventually 20 warned

# Nothing of what was counted is lost by a stop, and everything is what a recount gives.
before=$(usage)
server_stop
checked=0
"$bin" fsck --config "$dir/registries.toml" --data "$data" > "$dir/fsck" 2>&1 || checked=$?
is "fsck counts the same" "$checked: $(tail -n 1 "$dir/fsck" | sed 's/.*: //')" "0: all is as it should be"
server_start --config "$dir/registries.toml" --quota-default-plan Free
elsewhere=http://localhost:${public##*:}
is "a restart forgets nothing" "$(usage)" "$before"
api GET /api/v1/messages
is "there is no message" "$status" 204
expect 200 GET "$elsewhere/api/v1/plans"
is "accounts that have not chosen have the default plan" "$(json 'd["plan"]')" Free
expect 200 GET "$elsewhere/api/v1/quotas"
is "with its tier" "$(json 'd["limit"]')" '{"storage_bytes": 536870912, "traffic_bytes": 5368709120}'
api PATCH "$elsewhere/api/v1/quotas" '{"storage_megabytes": 513}'
is "which takes only lower quotas" "$status $(json 'd["code"]')" "403 BRW0403P"
expect 200 PATCH "$elsewhere/api/v1/plans" '{"plan": "Standard"}'
expect 200 GET "$elsewhere/api/v1/quotas"
is "and ends with the plan" "$(json 'd["limit"]["storage_bytes"]')" -1

finish

#!/usr/bin/env bash
# What an account's bytes are adds up, in whole and in parts; what waits to be collected says until
# when; and the installation's figures are among its metrics.

# shellcheck disable=SC2317  # some functions are called by name
# shellcheck source=tests/e2e/lib.sh
source "$(dirname "${BASH_SOURCE[0]}")/lib.sh"

two_registries_by_address > "$dir/registries.toml"
server_start --config "$dir/registries.toml"
expect 201 PUT /api/v1/namespaces/stored
expect 201 PUT /api/v1/namespaces/second
holds "an image is pushed" put_image stored/app v1 "a layer"
head -c 200000 /dev/urandom > "$dir/large"
holds "a blob that no manifest names is pushed" put_blob stored/app "$dir/large"
large=sha256:$(sha256_of "$dir/large")
holds "an image is pushed elsewhere" put_image second/app v1 "a layer"

storage() { expect 200 GET "/breakwater/v1/storage$1"; }
storage ''
is "the states add up" "$(json 'd["bytes"] == sum(s["bytes"] for s in d["states"].values())')" true
is "what tags of two repositories lead to is shared" "$(json 'd["states"]["shared"]["blob_bytes"]')" \
  $((7 + $(stat -c %s "$dir/config")))
is "with its manifest, once in each repository" "$(json 'd["states"]["live"]["manifest_bytes"]')" \
  $((2 * $(stat -c %s "$dir/manifest")))
is "what no manifest names is leased" "$(json 'd["states"]["leased"]["bytes"]')" 200000
storage '?namespace=second'
is "a part shares its layer with the rest" "$(json 'd["states"]["live"]["shared_bytes"]')" \
  $((7 + $(stat -c %s "$dir/config")))
storage '?by=repository'
is "parts are named" "$(json '[p["name"] for p in d["parts"]]')" '["second/app", "stored/app"]'

http DELETE /v2/second/app/manifests/v1 "${auth[@]}"
is "a tag is deleted" "$status" 202
storage '?namespace=second'
is "its image is untagged then" "$(json 'd["states"]["untagged"]["manifests"]')" 1

expect 200 POST '/breakwater/v1/garbage-collection'
is "nothing is collected before its lease is over" "$(json '[d["removed"], d["freed"]["bytes"]]')" '[[], 0]'
is "and what is held says so" "$(json '[h["digest"] for h in d["held"]]')" "[\"$large\"]"
like "until when" "$(json 'd["held"][0]["leased_until"]')" '^20[0-9-]+T'
http DELETE "/v2/stored/app/blobs/$large" "${auth[@]}"
is "a blob is deleted" "$status" 202
storage ''
is "and no account's any more" "$(json 'd["states"]["leased"]["bytes"]')" 0

# A sparse image: the second of its layers is pushed later, the third never.
printf 'a late layer' > "$dir/late"
late=sha256:$(sha256_of "$dir/late")
sed "s|\"layers\":\[|&{\"mediaType\":\"application/vnd.oci.image.layer.v1.tar\",\"digest\":\"$late\",\"size\":12},{\"mediaType\":\"application/vnd.oci.image.layer.v1.tar\",\"digest\":\"sha256:$(printf '3%.0s' {1..64})\",\"size\":1},|" \
  "$dir/manifest" > "$dir/sparse"
live() { storage '?namespace=stored' && json 'd["states"]["live"]["blob_bytes"]'; }
before=$(live)
expect 201 PUT /v2/stored/app/manifests/sparse --data-binary "@$dir/sparse" \
  -H 'Content-Type: application/vnd.oci.image.manifest.v1+json'
like "an image without two of its layers is taken with a warning" "$(header Warning)" \
  '^299 - "this repository does not have 2 layers'
expect 200 GET /v2/stored/app/manifests/sparse
ok "and can be pulled"
expect 404 GET "/v2/stored/app/blobs/$late"
is "but for what it lacks" "$(json 'd["errors"][0]["code"]')" BLOB_UNKNOWN
is "which takes no storage" "$(live)" "$before"
holds "a layer follows" put_blob stored/app "$dir/late"
is "and is live at once" "$(live)" $((before + 12))
expect 405 DELETE "/v2/stored/app/blobs/$late"
ok "because the image needs it"

# The first figures are those of the start.
measured() { http GET /metrics && grep -q '^breakwater_storage_bytes{state="live"} [0-9]' "$body"; }
holds "the installation's figures are metrics" eventually 60 measured

http GET /breakwater/v1/storage
is "nobody sees an account's figures without a credential" "$status" 401

server_stop
checked=0
"$bin" fsck --config "$dir/registries.toml" --data "$data" > "$dir/fsck" 2>&1 || checked=$?
is "fsck finds everything as it should be" "$checked: $(tail -n 1 "$dir/fsck" | sed 's/.*: //')" \
  "0: all is as it should be"
like "sparse images too" "$(tail -n 1 "$dir/fsck")" '1 of them sparse, which lack 1 layers and may'

finish

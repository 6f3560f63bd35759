#!/usr/bin/env bash
# A vulnerable image becomes a finding and one signed alert, which a receiver that is down and a
# killed server only delay.

# shellcheck disable=SC2317  # some functions are called by name
# shellcheck source=tests/e2e/lib.sh
source "$(dirname "${BASH_SOURCE[0]}")/lib.sh"
needs openssl

channels=/notifications/v1/$account/notifications/channels
server_start --config "$root/examples/two-registries.toml"
expect 201 PUT /api/v1/namespaces/alerts
expect 200 POST '/breakwater/v1/advisories?sample=true'

python3 "$root/tests/e2e/webhook_receiver.py" "$dir/received" > "$dir/port" &
background+=($!)
has_port() { [ -s "$dir/port" ]; }
eventually 10 has_port
: > "$dir/received"
received() { [ "$(wc -l < "$dir/received")" -ge "$1" ]; }

# new_channel NAME SEVERITIES: prints its id.
new_channel() {
  api POST "$channels" "{\"name\": \"$1\", \"type\": \"Webhook\", \"enabled\": true,
    \"endpoint\": \"http://127.0.0.1:$(cat "$dir/port")/$1\", \"severity\": $2,
    \"alert_source\": [{\"provider_name\": \"VA\", \"finding_types\": [\"image_with_vulnerabilities\"]}]}"
  json 'd["channel_id"]'
}
all=$(new_channel all '["critical", "high", "medium", "low"]')
low=$(new_channel low '["low"]')

# push_debian TAG FILE: an image that holds a real list of packages.
push_debian() {
  local root_dir=$dir/rootfs
  rm -rf "$root_dir"
  mkdir -p "$root_dir/var/lib/dpkg" "$root_dir/etc"
  cp "$2" "$root_dir/var/lib/dpkg/status"
  printf 'ID=debian\nVERSION_ID="12"\nVERSION_CODENAME=bookworm\n' > "$root_dir/etc/os-release"
  tar -C "$root_dir" --owner=0 --group=0 --mtime=@0 --sort=name -cf "$dir/layer.tar" .
  layer_digest=$(put_blob alerts/app "$dir/layer.tar")
  printf '{"architecture":"amd64","os":"linux","rootfs":{"type":"layers","diff_ids":["%s"]}}' \
    "$layer_digest" > "$dir/config"
  config_digest=$(put_blob alerts/app "$dir/config")
  printf '{"schemaVersion":2,"mediaType":"%s.manifest.v1+json","config":{"mediaType":"%s.config.v1+json","digest":"%s","size":%d},"layers":[{"mediaType":"%s.layer.v1.tar","digest":"%s","size":%d}]}' \
    application/vnd.oci.image application/vnd.oci.image "$config_digest" "$(stat -c %s "$dir/config")" \
    application/vnd.oci.image "$layer_digest" "$(stat -c %s "$dir/layer.tar")" > "$dir/manifest"
  image_digest=sha256:$(sha256_of "$dir/manifest")
  http PUT "/v2/alerts/app/manifests/$1" "${auth[@]}" --data-binary "@$dir/manifest" \
    -H 'Content-Type: application/vnd.oci.image.manifest.v1+json'
  [ "$status" = 201 ]
}

echo "# while the receiver is down"

echo 503 > "$dir/received.status"
holds "a vulnerable image is pushed" push_debian v1 "$root/src/advisor/testdata/at-release/status"
holds "the receiver is asked and refuses" eventually 60 received 1
delivery_is() {
  api GET "/breakwater/v1/channels/$all/deliveries"
  [ "$(json 'len(d["deliveries"]) == 1 and d["deliveries"][0]["status"]')" = "$1" ]
}
holds "the delivery stays pending" eventually 20 delivery_is pending
kill -KILL "$server_pid"
server_stop
rm "$dir/received.status"
: > "$dir/received"
server_start --config "$root/examples/two-registries.toml"
holds "killed and started again, the server delivers it" eventually 90 received 1
holds "and knows that it did" eventually 20 delivery_is delivered
is "by the channel that asks for its severity only" \
  "$(python3 -c 'import json, sys; print(*{json.loads(l)["path"] for l in open(sys.argv[1])})' "$dir/received")" /all
api GET "/breakwater/v1/channels/$low/deliveries"
is "the other has nothing to deliver" "$(json 'd["deliveries"]')" '[]'

echo "# what is delivered"

expect 200 GET "/notifications/v1/$account/notifications/public_key"
json 'd["public_key"]' > "$dir/public.pem"
python3 - "$dir" << 'PY'
import base64, json, sys
directory = sys.argv[1]
entry = json.loads(open(directory + "/received").readline())
head, claims, signature = json.loads(entry["body"])["data"].split(".")
decode = lambda text: base64.urlsafe_b64decode(text + "=" * (-len(text) % 4))
open(directory + "/signed", "w").write(head + "." + claims)
open(directory + "/signature", "wb").write(decode(signature))
open(directory + "/jose", "wb").write(decode(head))
open(directory + "/body", "wb").write(decode(claims))
PY
holds "it is signed with the account's key" \
  openssl dgst -sha256 -verify "$dir/public.pem" -signature "$dir/signature" "$dir/signed"
like "and says how" "$(cat "$dir/jose")" '"alg":"RS256"'
like "it is about the image" "$(cat "$body")" "$image_digest"
like "and its vulnerabilities" "$(cat "$body")" 'CVE-[0-9]{4}-[0-9]+'
is "it holds one finding" "$(json 'len(d["findings"])')" 1

echo "# the finding"

expect 200 GET /breakwater/v1/findings
like "the finding names the image" "$(json 'd["findings"]')" 'alerts/app'
expect 200 GET "/findings/v1/$account/providers/security-advisor/occurrences"
like "the reference's interface has it as an occurrence" "$(json 'len(d["occurrences"])')" '^[1-9]'

# The same image again is no news; another one is, and it comes after whatever the first might have sent.
holds "the image gets a second tag" push_debian again "$root/src/advisor/testdata/at-release/status"
holds "another vulnerable image is pushed" push_debian other "$root/src/advisor/testdata/minimal/status"
holds "it is alerted of" eventually 60 received 2
is "the first image is not, a second time" "$(wc -l < "$dir/received")" 2

finish

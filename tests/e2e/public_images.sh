#!/usr/bin/env bash
# Images for everybody, tags that cannot move, and several ranges of a blob at once, with real clients
# over real connections.

# shellcheck disable=SC2317  # some functions are called by name
# shellcheck source=tests/e2e/lib.sh
source "$(dirname "${BASH_SOURCE[0]}")/lib.sh"

server_start --config "$root/examples/two-registries.toml"
for namespace in open-ns closed-ns; do expect 201 PUT "/api/v1/namespaces/$namespace"; done
layer=$(seq -s ' ' 1 60000)
holds "an image can be pushed" put_image closed-ns/app v1 "closed"
holds "and one that everybody shall have" put_image open-ns/app v1 "$layer"
open_digest=$image_digest open_layer=$layer_digest
expect 200 GET /breakwater/v1/whoami
account=$(json 'd["account_id"]')

# token SCOPE: a token for nobody.
token() {
  http GET "/oauth/token?service=any&scope=$1"
  json 'd["token"]'
}
# pull REPOSITORY [CURL-ARGUMENTS…]
pull() {
  local repository=$1
  shift
  http GET "/v2/$repository/manifests/v1" "$@"
}

echo "# images for everybody"

pull open-ns/app
is "nothing is public by itself" "$status" 401
policy=$(cat << JSON
{"type": "access",
 "subjects": [{"attributes": [{"name": "access_group_id", "value": "AccessGroupId-PublicAccess"}]}],
 "roles": [{"role_id": "crn:v1:bluemix:public:iam::::serviceRole:ROLE"}],
 "resources": [{"attributes": [{"name": "accountId", "value": "$account"},
   {"name": "serviceName", "value": "container-registry"}, {"name": "resourceType", "value": "namespace"},
   {"name": "resource", "value": "open-ns"}]}]}
JSON
)
api POST /iam/v1/policies "${policy/ROLE/Writer}"
is "everybody cannot be made a writer" "$status" 400
expect 201 POST /iam/v1/policies "${policy/ROLE/Reader}"
policy_id=$(json 'd["id"]')

nobody=$(token 'repository:open-ns/app:pull,push')
pull open-ns/app -H "Authorization: Bearer $nobody"
is "nobody's token pulls a public image" "$status" 200
is "which is the one that was pushed" "sha256:$(sha256_of "$body")" "$open_digest"
pull open-ns/app
is "a client that just asks gets it, too" "$status" 200
http PUT /v2/open-ns/app/manifests/v2 -H "Authorization: Bearer $nobody" --data-binary "@$dir/manifest"
is "nobody pushes" "$status" 401
http GET /v2/ -H "Authorization: Bearer $nobody"
is "the probe challenges, so that clients send what they have" "$status" 401
pull closed-ns/app -H "Authorization: Bearer $(token repository:closed-ns/app:pull)"
hidden=$status$(sed 's/closed-ns/NAME/' "$body")
pull no-such-ns/app -H "Authorization: Bearer $(token repository:no-such-ns/app:pull)"
is "what is private looks like what is not there" "$hidden" "$status$(sed 's/no-such-ns/NAME/' "$body")"
if command -v skopeo > /dev/null; then
  export REGISTRY_AUTH_FILE=$dir/nobody.json
  host=${public#http://}
  copy_out() {
    skopeo --insecure-policy copy --quiet --src-tls-verify=false "docker://$host/$1:v1" "dir:$dir/$2"
  }
  holds "skopeo pulls it without a login" copy_out open-ns/app pulled
  fails "and nothing that is private" copy_out closed-ns/app stolen
else
  left_out "skopeo is not installed"
fi

echo "# several ranges at once"

curl -sS -D "$response_head" -o "$body" -r '0-9,100000-100019,-5' "$public/v2/open-ns/app/blobs/$open_layer"
like "they are one answer of parts" "$(header Content-Type)" '^multipart/byteranges; boundary='
is "of the length that its head says" "$(stat -c %s "$body")" "$(header Content-Length)"
python3 - "$response_head" "$body" "$dir/layer" > "$dir/parts" << 'PY' || true
import email, sys
head, body, layer = (open(name, "rb").read() for name in sys.argv[1:])
field = next(l for l in head.split(b"\r\n") if l.lower().startswith(b"content-type:"))
parts = email.message_from_bytes(field + b"\r\n\r\n" + body).get_payload()
print([part["Content-Range"] for part in parts])
bounds = [(0, 10), (100000, 100020), (len(layer) - 5, len(layer))]
print([part.get_payload(decode=True) for part in parts] == [layer[a:b] for a, b in bounds])
PY
size=$(printf '%s' "$layer" | wc -c)
is "a part for each, in the order asked for" "$(sed -n 1p "$dir/parts")" \
  "['bytes 0-9/$size', 'bytes 100000-100019/$size', 'bytes $((size - 5))-$((size - 1))/$size']"
is "with the bytes asked for" "$(sed -n 2p "$dir/parts")" True

echo "# tags that cannot move"

setting=/breakwater/v1/namespaces/open-ns/tag-immutability
expect 200 PUT "$setting" '{"immutable": ["v*"], "except": ["*-rc*"]}'
holds "the same push again is fine" put_image open-ns/app v1 "$layer"
fails "another image is not" put_image open-ns/app v1 "moved"
is "it is told so" "$status $(json 'd["errors"][0]["code"]')" "403 DENIED"
like "and what to do" "$(json 'd["errors"][0]["message"]')" 'Push under another tag'
holds "an excepted tag moves" put_image open-ns/app v1-rc1 "one"
holds "as often as one likes" put_image open-ns/app v1-rc1 "two"
for target in /v2/open-ns/app/manifests/v1 "/v2/open-ns/app/manifests/$open_digest" \
  /api/v1/images/open-ns%2Fapp:v1 /api/v1/tags/open-ns%2Fapp:v1 /api/v1/namespaces/open-ns; do
  api DELETE "$target"
  is "it is not deleted by $target" "$status" 403
done
pull open-ns/app
is "it names what it named" "sha256:$(sha256_of "$body")" "$open_digest"
api GET "/breakwater/v1/audit/records?action=container-registry.namespace.update"
is "the change of the setting is in the audit trail" "$(json 'len(d["records"])')" 1

rule=$(cat << JSON
{"account_id": "$account", "name": "releases stay", "description": "Version tags cannot move.",
 "target": {"service_name": "container-registry", "resource_kind": "namespace"},
 "required_config": {"property": "tag_immutability", "operator": "strings_required", "value": ["v*"]},
 "enforcement_actions": [{"action": "disallow"}]}
JSON
)
expect 201 POST /config/v1/rules "{\"rules\": [{\"request_id\": \"r\", \"rule\": $rule}]}"
rule_id=$(json 'd["rules"][0]["rule"]["rule_id"]')
expect 201 POST "/config/v1/rules/$rule_id/attachments" \
  "{\"attachments\": [{\"account_id\": \"$account\", \"included_scope\": {\"note\": \"all\", \"scope_id\": \"$account\", \"scope_type\": \"account\"}, \"excluded_scopes\": []}]}"
api PUT "$setting" '{"immutable": []}'
is "a rule can keep the setting" "$status" 403
like "and says what it wants" "$(cat "$body")" 'tag_immutability'

echo "# no longer for everybody"

expect 204 DELETE "/iam/v1/policies/$policy_id"
pull open-ns/app -H "Authorization: Bearer $nobody"
is "from the next request on nobody pulls" "$status" 401

finish

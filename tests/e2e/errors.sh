#!/usr/bin/env bash
# Bad input gets a clear answer in the format of the face it came by, and nothing about the inside.

# shellcheck source=tests/e2e/lib.sh
source "$(dirname "${BASH_SOURCE[0]}")/lib.sh"

server_start --config "$root/examples/two-registries.toml"
expect 201 PUT /api/v1/namespaces/errors
holds "an image can be pushed" put_image errors/app v1 "content"

answers=$dir/answers
# Every answer is kept for the search at the end.
note() {
  cat "$body" >> "$answers"
  echo >> "$answers"
}
# face FACT STATUS EXPRESSION: the last answer has the status and, as JSON, satisfies the expression.
face() {
  note
  is "$1: $2" "$status" "$2"
  like "$1: as JSON" "$(header Content-Type)" '^application/json'
  is "$1: in its face's format" "$(json "$3")" true
}
oci_format='list(d) == ["errors"] and all(e["code"].replace("_", "").isalpha() and e["code"].isupper()
  and e["message"] and "detail" in e for e in d["errors"]) and len(d["errors"]) > 0'
registry_format='all(isinstance(d[n], str) and d[n] for n in ("code", "message", "request-id"))'
scc_format='isinstance(d["trace"], str) and d["trace"] and len(d["errors"]) > 0 and
  all(e["code"] and e["message"] for e in d["errors"])'
scc_format="bool($scc_format)"
iam_format="$scc_format and d['status_code'] >= 400"
token_format='all(d[n] for n in ("errorCode", "errorMessage")) and bool(d["context"]["requestId"])'

echo "# each face has its format"

http GET /v2/errors/app/manifests/v1
face "the data plane without a credential" 401 "$oci_format and d['errors'][0]['code'] == 'UNAUTHORIZED'"
like "it is told where to get a token" "$(header WWW-Authenticate; grep -i '^www-authenticate' "$response_head")" \
  'Bearer realm="http://127.0.0.1:[0-9]+/oauth/token",service="[^"]+",scope="repository:errors/app:pull"'
api GET /v2/errors/app/manifests/absent
face "an absent manifest" 404 "$oci_format and d['errors'][0]['code'] == 'MANIFEST_UNKNOWN'"
api GET "/v2/errors/app/blobs/sha256:$(printf '0%.0s' {1..64})"
face "an absent blob" 404 "$oci_format and d['errors'][0]['code'] == 'BLOB_UNKNOWN'"
api GET /v2/errors/app/blobs/sha256:short
face "a malformed digest" 400 "$oci_format and d['errors'][0]['code'] == 'DIGEST_INVALID'"
api GET /v2/Errors/App/manifests/v1
face "a malformed name" 400 "$oci_format and d['errors'][0]['code'] == 'NAME_INVALID'"
put_manifest() {
  api PUT /v2/errors/app/manifests/bad -H 'Content-Type: application/vnd.oci.image.manifest.v1+json' \
    --data-binary "$1"
}
put_manifest '{"schemaVersion": 2, "config": }'
face "a malformed manifest" 400 "$oci_format and d['errors'][0]['code'] == 'MANIFEST_INVALID'"
put_manifest "{\"schemaVersion\": 2,
  \"mediaType\": \"application/vnd.oci.image.manifest.v1+json\",
  \"config\": {\"mediaType\": \"application/vnd.oci.image.config.v1+json\", \"size\": 2,
  \"digest\": \"sha256:$(printf '1%.0s' {1..64})\"}, \"layers\": []}"
face "a manifest without its blobs" 400 "$oci_format and d['errors'][0]['code'] == 'MANIFEST_BLOB_UNKNOWN'"
head -c $((5 << 20)) /dev/zero > "$dir/large"
put_manifest "@$dir/large"
face "a manifest that is too large" 413 "$oci_format"
api POST "/v2/errors/app/blobs/uploads/?digest=sha256:$(printf '2%.0s' {1..64})" \
  -H 'Content-Type: application/octet-stream' --data-binary 'other bytes'
face "a blob that is not what it claims" 400 "$oci_format and d['errors'][0]['code'] == 'DIGEST_INVALID'"
api PATCH /v2/errors/app/blobs/uploads/no-such-upload --data-binary x
face "an unknown upload" 404 "$oci_format and d['errors'][0]['code'] == 'BLOB_UPLOAD_UNKNOWN'"
api GET '/v2/errors/app/tags/list?n=many'
face "a page size that is no number" 400 "$oci_format"
http GET '/oauth/token?service=us.icr.io' -u iamapikey:wrong
face "a wrong key at the registry's token service" 401 "$oci_format"

api DELETE /api/v1/namespaces/absent-namespace
face "an absent namespace" 404 "$registry_format"
api PUT /api/v1/namespaces/NO
face "a malformed namespace" 400 "$registry_format"
http GET /api/v1/auth
face "the management API without a credential" 401 "$registry_format"
api GET /api/v1/auth -H 'Account: ffffffffffffffffffffffffffffffff'
face "another account's name" 403 "$registry_format and d['code'] == 'CRG0009E'"

api GET /config/v1/rules/absent
face "an absent rule" 404 "$scc_format and 'not found' in d['errors'][0]['message']"
http GET /posture/v2/profiles
face "the compliance API without a credential" 401 "$scc_format"
api GET /posture/v2/profiles/absent
face "an absent profile" 404 "$scc_format"
api GET "/notifications/v1/$account/notifications/channels/absent"
face "an absent channel" 404 "$scc_format"
api POST /iam/v1/serviceids '{"account_id": "'"$account"'"}'
face "a service ID without a name" 400 "$iam_format"
api GET '/iam/v1/serviceids/absent'
face "an absent service ID" 404 "$iam_format"
http POST /identity/token -d 'grant_type=urn:ibm:params:oauth:grant-type:apikey&apikey=wrong'
face "a wrong key at the IAM token service" 400 "$token_format and d['errorCode'] == 'BXNIM0415E'"
http POST /identity/token -d 'grant_type=nonsense'
face "an unknown grant" 400 "$token_format"

echo "# malformed JSON names line and column, a wrong type the field"

broken=$'{\n  "private_only": tru\n}'
api PATCH /api/v1/auth "$broken"
face "malformed JSON at the registry" 400 "$registry_format and 'line 2, column' in d['message']"
api POST /config/v1/rules $'{"rules": [\n  {"rule": {]}'
face "malformed JSON at the rules" 400 "$scc_format and 'line 2, column 13' in d['errors'][0]['message']"
api POST /iam/v1/serviceids '{"name": "a" "b"}'
face "malformed JSON at IAM" 400 "$iam_format and 'line 1, column 14' in d['errors'][0]['message']"
api PATCH /api/v1/auth '{"private_only": true, "private_only": false}'
face "a member that comes twice" 400 "$registry_format and 'private_only' in d['message']"
api PATCH /api/v1/auth '{"private_only": "yes"}'
face "a text for a flag" 400 "$registry_format and 'private_only' in d['message'] and
  'true or false' in d['message']"
api PATCH /api/v1/auth '{"private_onyl": true}'
face "a misspelt member" 400 "$registry_format and \"did you mean 'private_only'\" in d['message']"
api POST "/iam/v2/accounts/$account/users" '{"users": [{"email": "a@example.com"}, {"email": 7}]}'
face "a wrong type deep inside" 400 "$iam_format and 'users[1].email' in d['errors'][0]['message']"
api POST /posture/v2/scans/validations '{"scope_id": 1, "profile_id": "48"}'
face "a number for a text" 400 "$scc_format and 'scope_id' in d['errors'][0]['message']"
api POST /posture/v2/scans/validations '{"profile_id": "48"}'
face "a missing member" 400 "$scc_format and 'scope_id: is required' in d['errors'][0]['message']"
api PATCH /api/v1/auth -H 'Content-Type: application/json' --data-binary @<(printf '{"private_only": "\xff"}')
face "bytes that are no UTF-8" 400 "$registry_format"
api PATCH /api/v1/auth -H 'Content-Type: application/json' \
  --data-binary @<(python3 -c 'print("[" * 100000)')
face "a deeply nested document" 400 "$registry_format"
api PATCH /api/v1/auth -H 'Content-Type: application/json' \
  --data-binary @<(head -c $((2 << 20)) /dev/zero | tr '\0' ' ')
face "a document that is too large" 413 "$registry_format"
expect 200 GET /api/v1/auth
is "none of these changed anything" "$(json '[d["iam_authz"], d["private_only"]]')" '[true, false]'
expect 200 GET /v2/errors/app/tags/list
is "nor left a tag" "$(json 'd["tags"]')" '["v1"]'

echo "# paths and methods that are not there"

for path in /nothing /v2/nothing /api/v1/nothing /config/v1/nothing /identity/nothing /iam/v1/nothing \
  /va/api/v4/nothing /v1/search '/../../etc/passwd' '/v2/../../../etc/passwd' '/%2e%2e/%2e%2e/etc/passwd'; do
  api GET "$path"
  note
  like "$path is not found" "$status" '^40[04]$'
  like "$path gets a JSON answer" "$(json 'type(d).__name__')" '^dict$'
done
api POST /api/v1/auth '{}'
note
is "a method that is not offered is 405" "$status" 405
like "with the methods that are" "$(header Allow)" 'GET.*PATCH'

echo "# request ids"

http GET /api/v1/auth -H 'X-Request-Id: chosen-by-the-client'
is "a client's request id comes back" "$(header X-Request-Id)" chosen-by-the-client
is "and is in the error" "$(json 'd["request-id"]')" chosen-by-the-client
http GET /posture/v2/profiles -H 'Transaction-Id: chosen-transaction'
is "so does a transaction id" "$(header Transaction-Id)" chosen-transaction
is "and is the error's trace" "$(json 'd["trace"]')" chosen-transaction
http GET /api/v1/auth
first=$(json 'd["request-id"]')
is "without one the server makes one, which is in header and error" "$(header X-Request-Id)" "$first"
like "it is no constant" "$first" '^[A-Za-z0-9-]{8,}$'
http GET /api/v1/auth
if [ "$(json 'd["request-id"]')" = "$first" ]; then not_ok "the next request has another" "$first"; else
  ok "the next request has another"
fi
http GET /api/v1/auth -H "X-Request-Id: $(printf 'x%.0s' {1..5000})"
unlike "an id that is too long is not repeated" "$(header X-Request-Id)" 'xxxxxxxxxx'
api GET /v2/errors/app/manifests/v1
like "answers that are no errors have an id too" "$(header X-Request-Id)" '^[A-Za-z0-9-]{8,}$'

echo "# nothing about the inside"

inside="$data|/(work|home|root|tmp|usr|var|src)/|\\.(cc|h|db):?[0-9]*|SELECT |INSERT |UPDATE |DELETE FROM|sqlite|SQLITE|boost|std::|terminate|Assertion|0x[0-9a-f]{6}|#[0-9]+ +0x"
found=$(grep -aEo ".{0,60}($inside).{0,60}" "$answers" | head -n 5 || true)
is "no answer names a path, SQL or a part of the program" "$found" ''
unlike "nor the key" "$(tr -d '\0' < "$answers")" "$key"
unlike "the key is not in the log" "$(cat "$server_log")" "$key"

echo "# starting"

first_pid=$server_pid
if [ "$stores" = embedded ]; then
  rc=0
  timeout 30 "$bin" serve --data "$data" --public 127.0.0.1:0 --private 127.0.0.1:0 \
    > "$dir/second.out" 2> "$dir/second.err" || rc=$?
  is "a second server on the same data directory is refused" "$rc" 1
  like "with a message" "$(cat "$dir/second.err")" '(in use|another|already|locked)'
  is "and no ready line" "$(cat "$dir/second.out")" ''
fi
http GET /livez
is "the first one serves on" "$status" 200
[ "$server_pid" = "$first_pid" ]

# refused_config FACT PATTERN: $dir/config.toml is not accepted.
refused_config() {
  rc=0
  timeout 30 "$bin" serve --config "$dir/config.toml" --data "$dir/other" --public 127.0.0.1:0 \
    --private 127.0.0.1:0 > "$dir/second.out" 2> "$dir/second.err" || rc=$?
  is "$1 stops the start" "$rc" 1
  like "$1 is explained" "$(cat "$dir/second.err")" "$2"
}
printf '[http]\nstop_gracee = "5s"\n' > "$dir/config.toml"
refused_config "an unknown key" "config.toml:2:1: unknown key 'http.stop_gracee'; did you mean 'http.stop_grace'"
printf '[http]\nstop_grace = "soon"\n' > "$dir/config.toml"
refused_config "a value of the wrong form" "config.toml:2:1: .*stop_grace.*duration"
printf '[http\n' > "$dir/config.toml"
refused_config "a file that is no TOML" 'config.toml:[12]:'
rc=0
BREAKWATER_DATTA=x timeout 30 "$bin" config > "$dir/second.out" 2> "$dir/second.err" || rc=$?
is "an unknown variable is an error" "$rc" 1
like "which names the nearest" "$(cat "$dir/second.err")" "BREAKWATER_DATTA.*did you mean 'BREAKWATER_DATA'"
holds "config prints the values in force" env BREAKWATER_BOOTSTRAP_API_KEY="$key" "$bin" config
like "with where they came from" "$(cat "$dir/output")" 'BREAKWATER_BOOTSTRAP_API_KEY'
unlike "and secrets masked" "$(cat "$dir/output")" "$key"
fails "an unknown flag is refused" "$bin" serve --pubic 127.0.0.1:0
fails "an unknown verb is refused" "$bin" sreve

finish

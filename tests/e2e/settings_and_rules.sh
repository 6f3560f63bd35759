#!/usr/bin/env bash
# The settings have their effects, and the seed's rule governs them in one registry of two.

# shellcheck disable=SC2317  # some functions are called by name
# shellcheck source=tests/e2e/lib.sh
source "$(dirname "${BASH_SOURCE[0]}")/lib.sh"

us=(-H 'Host: us.icr.io') de=(-H 'Host: de.icr.io')
us_private=(-H 'Host: private.us.icr.io')
config=$root/examples/two-registries.toml

server_start --config "$config"
expect 201 PUT /api/v1/namespaces/settings "${us[@]}"
expect 201 PUT /api/v1/namespaces/settings "${de[@]}"
holds "an image can be pushed to us.icr.io" put_image settings/app v1 "one" "${us[@]}"
holds "and to de.icr.io" put_image settings/app v1 "one" "${de[@]}"

echo "# private_only"

expect 200 GET /api/v1/auth "${us[@]}"
is "an account starts with iam_authz on and private_only off" \
  "$(json '[d["iam_authz"], d["private_only"]]')" '[true, false]'
expect 204 PATCH /api/v1/auth '{"private_only": true}' "${us[@]}"
expect 200 GET /api/v1/auth "${us[@]}"
is "PATCH leaves absent members alone" "$(json '[d["iam_authz"], d["private_only"]]')" '[true, true]'

refused_in_public() {
  is "$1 is refused on the public listener" "$status" 403
  is "$1 is refused as the protocol says" "$(json 'd["errors"][0]["code"]')" DENIED
  like "$1's refusal names the setting" "$(json 'd["errors"][0]["message"]')" private_only
}
api POST /v2/settings/app/blobs/uploads/ "${us[@]}"
refused_in_public "a push"
api GET /v2/settings/app/manifests/v1 "${us[@]}"
refused_in_public "a pull of a manifest"
api GET "/v2/settings/app/blobs/$layer_digest" "${us[@]}"
refused_in_public "a pull of a blob"
api GET /v2/settings/app/tags/list "${us[@]}"
refused_in_public "a list of tags"
api HEAD /v2/settings/app/manifests/v1 "${us[@]}"
is "a HEAD is refused too" "$status" 403

public_url=$public
public=$private
api GET /v2/settings/app/manifests/v1 "${us_private[@]}"
is "the private listener answers a pull" "$status" 200
holds "the private listener takes a push" put_image settings/app v2 "two" "${us_private[@]}"
public=$public_url

api GET /v2/settings/app/manifests/v1 "${de[@]}"
is "the other registry's public listener still answers" "$status" 200
api GET /api/v1/auth "${us[@]}"
is "the management API stays reachable in public" "$status" 200
expect 204 PATCH /api/v1/auth '{"private_only": false}' "${us[@]}"
api GET /v2/settings/app/manifests/v2 "${us[@]}"
is "turned off, the public listener answers again" "$status" 200

echo "# platform_metrics"

series_of() { curl -sS "$public/metrics" | grep -v '^#' | grep -F "$account" | grep -F "$1" || true; }
has_series() { [ -n "$(series_of "$1")" ]; }
has_none() { [ -z "$(series_of "$1")" ]; }
is "no series of the account is published at first" "$(series_of ibm_location)" ''
expect 204 PATCH /api/v1/settings '{"platform_metrics": true}' "${us[@]}"
expect 200 GET /api/v1/settings "${us[@]}"
is "the setting is kept" "$(json 'd["platform_metrics"]')" true
expect 200 GET /v2/settings/app/manifests/v1 "${us[@]}"
holds "turned on, the account's series of that registry are published" \
  eventually 10 has_series us-south
is "those of the other registry are not" "$(series_of eu-central)" ''
expect 204 PATCH /api/v1/settings '{"platform_metrics": false}' "${us[@]}"
holds "turned off, they are gone" eventually 10 has_none us-south

echo "# iam_authz"

expect 201 POST /iam/v1/serviceids "{\"account_id\": \"$account\", \"name\": \"outsider\",
  \"apikey\": {\"name\": \"outsider\", \"store_value\": false}}"
outsider=(-u "iamapikey:$(json 'd["apikey"]["apikey"]')")
http GET /v2/settings/app/manifests/v1 "${outsider[@]}" "${us[@]}"
like "a member without a policy may not pull" "$status" '^40[13]$'
api PATCH /api/v1/auth '{"iam_authz": false}' "${us[@]}"
is "iam_authz cannot be turned off" "$status" 409
is "the refusal has a code of its own" "$(json 'd["code"]')" BRW0409A
expect 200 GET /api/v1/auth "${us[@]}"
is "it is still on" "$(json 'd["iam_authz"]')" true

server_stop
is "the server stops cleanly" "$server_status" 0
server_start --config "$config" --allow-iam-authz-off true
expect 204 PATCH /api/v1/auth '{"iam_authz": false}' "${us[@]}"
ok "with allow_iam_authz_off it can"
http GET /v2/settings/app/manifests/v1 "${outsider[@]}" "${us[@]}"
is "then every member of the account may pull" "$status" 200
http POST /v2/settings/app/blobs/uploads/ "${outsider[@]}" "${us[@]}"
is "and push" "$status" 202
http GET /v2/settings/app/manifests/v1 "${us[@]}"
is "nobody is still nobody" "$status" 401
http GET /v2/settings/app/manifests/v1 "${outsider[@]}" "${de[@]}"
like "the other registry is not opened" "$status" '^40[13]$'
expect 204 PATCH /api/v1/auth '{"iam_authz": true}' "${us[@]}"
http GET /v2/settings/app/manifests/v1 "${outsider[@]}" "${us[@]}"
like "turned on again, a policy is needed again" "$status" '^40[13]$'

echo "# the seed's rule"

seed=$root/tests/data/seed-rule.json
if [ -n "${BREAKWATER_SHARED:-}" ] && [ -e "$BREAKWATER_SHARED/spec/seed-rule.json" ]; then
  holds "the rule in the repository is the seed's, byte for byte" \
    cmp "$seed" "$BREAKWATER_SHARED/spec/seed-rule.json"
else
  left_out "comparing the rule with the seed's: BREAKWATER_SHARED names no folder with it"
fi
# The seed's own text, with what a creation request needs besides put in after its first brace.
python3 - "$seed" "$account" > "$dir/rules.json" << 'PY'
import json, sys
text = open(sys.argv[1], encoding="utf-8").read()
extra = {"account_id": sys.argv[2], "name": "Private endpoints only",
         "description": "Images are pushed and pulled over private endpoints",
         "enforcement_actions": [{"action": "disallow"}, {"action": "audit_log"}]}
assert text.startswith("{")
rule = "{" + json.dumps(extra)[1:-1] + "," + text[1:].rstrip()
assert json.loads(rule) == {**json.loads(text), **extra}
print('{"rules": [{"request_id": "seed", "rule": ' + rule + "}]}")
PY
http POST /config/v1/rules "${auth[@]}" -H 'Content-Type: application/json' --data-binary "@$dir/rules.json"
is "the seed's rule is accepted unchanged" "$status" 201
rule_id=$(json 'd["rules"][0]["rule"]["rule_id"]')
stored=$(json 'd["rules"][0]["rule"]')
is "target and required_config come back as they were given" "$(python3 -c '
import json, sys
stored, seed = json.loads(sys.argv[1]), json.load(open(sys.argv[2]))
print({name: stored[name] for name in seed} == seed)' "$stored" "$seed")" True

api PATCH /api/v1/auth '{"private_only": false}' "${us[@]}"
is "a rule without an attachment governs nothing" "$status" 204

# The us registry is in violation when the rule is attached.
expect 201 POST "/config/v1/rules/$rule_id/attachments" "{\"attachments\": [{\"account_id\": \"$account\",
  \"included_scope\": {\"note\": \"all of it\", \"scope_id\": \"$account\", \"scope_type\": \"account\"},
  \"excluded_scopes\": []}]}"
ok "it is attached to the account"

refusal() {
  is "$1 is refused in us.icr.io" "$status" 403
  is "$1: the refusal has its code" "$(json 'd["code"]')" BRW0403R
  like "$1: it names the rule" "$(json 'd["message"]')" 'Private endpoints only'
  is "$1: it identifies the rule" "$(json 'd["details"]["rule_id"]')" "$rule_id"
  is "$1: it names the property" "$(json 'd["details"]["property"]')" private_only
  is "$1: it tells the required value" "$(json 'd["details"]["required"]')" true
  is "$1: it tells the offered value" "$(json 'd["details"]["offered"]')" false
  is "$1: it shows the cure" "$(json 'd["details"]["cure"]')" '{"private_only":true}'
  like "$1: in words as well" "$(json 'd["message"]')" 'set private_only to true'
}
api PATCH /api/v1/auth '{"private_only": false}' "${us[@]}"
refusal "a change that stays in violation"
api PATCH /api/v1/settings '{"platform_metrics": true}' "${us[@]}" -H 'X-Request-Id: refused-in-us-1'
refusal "a change of something else that leaves the violation"
expect 200 GET /api/v1/settings "${us[@]}"
is "nothing of a refused change is kept" "$(json 'd["platform_metrics"]')" false

api PATCH /api/v1/settings '{"platform_metrics": true}' "${de[@]}"
is "the same change is allowed in de.icr.io" "$status" 204
api PATCH /api/v1/auth '{"private_only": false}' "${de[@]}"
is "de.icr.io may stay public" "$status" 204

echo "# its record"

audit_of() { expect 200 GET "/breakwater/v1/audit/records?outcome=failure&action=$1&limit=1000"; }
audit_of container-registry.auth.set
like "the refused change is in the audit record" \
  "$(json '[r["reason"] for r in d["records"] if r["registry"] == "us.icr.io" and r["reason_code"] == 403][0]')" \
  'Private endpoints only'
judged='[j for r in d["records"] if r["registry"] == "us.icr.io" for j in (r["judgement"] or [])][0]'
is "with the rule that judged it" "$(json "$judged"'["rules"][0]["rule_id"]')" "$rule_id"
is "with its verdict" "$(json "[${judged}[n] for n in ('is_allowed', 'is_compliant')]")" '[false, false]'
is "with who asked" "$(json '{r["initiator"]["kind"] for r in d["records"]} == {"user"}')" true
audit_of container-registry.settings.set
is "and so is the other refused change" \
  "$(json 'sum(r["registry"] == "us.icr.io" and r["reason_code"] == 403 for r in d["records"])')" 1
expect 200 GET '/breakwater/v1/audit/records?request_id=refused-in-us-1'
is "it is found by the request id that the client chose, with the event of the rule beside it" \
  "$(json 'sorted(r["action"] for r in d["records"])')" \
  '["compliance.configuration-governance-rule.eval", "container-registry.settings.set"]'
expect 200 GET /breakwater/v1/audit/verification
is "the chain of records is intact" "$(json 'd["intact"]')" true

echo "# the cure"

api PATCH /api/v1/auth '{"private_only": true}' "${us[@]}"
is "the change that cures the violation is allowed" "$status" 204
api PATCH /api/v1/settings '{"platform_metrics": true}' "${us[@]}"
is "then other changes are allowed as well" "$status" 204
api PATCH /api/v1/auth '{"private_only": false}' "${us[@]}"
refusal "turning it off again"
result_is() {
  api GET "/config/v1/results?account_id=$account&rule_id=$rule_id"
  [ "$(json '[r["status"] for r in d["results"]]')" = "[\"$1\"]" ]
}
holds "the rule's result of us.icr.io becomes compliant" eventually 20 result_is compliant
is "it has no result in de.icr.io" "$(json '[r["registry"] for r in d["results"]]')" '["us.icr.io"]'

expect 204 DELETE "/config/v1/rules/$rule_id"
api PATCH /api/v1/auth '{"private_only": false}' "${us[@]}"
is "without the rule the change is allowed" "$status" 204

finish

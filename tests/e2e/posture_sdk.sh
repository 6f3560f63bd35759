#!/usr/bin/env bash
# The calls of the reference system's posture clients, versions 2 and 1, one after the other: token,
# profile from a file, collector, credential, scope, validation, results, and all of it deleted again.
# Every answer is decoded as strictly as the Go client does (posture_wire.py).

# shellcheck disable=SC2317  # some functions are called by name
# shellcheck source=tests/e2e/lib.sh
source "$(dirname "${BASH_SOURCE[0]}")/lib.sh"

server_start --config "$root/examples/two-registries.toml"
left_out "the clients themselves: none of them is in a registry that the tests install from"

# call STATUS MODEL METHOD PATH [JSON] [CURL-ARGUMENTS…]: the answer has the status, and decodes.
call() {
  local wanted=$1 model=$2 method=$3 path=$4 mistakes=''
  shift 2
  expect "$wanted" "$@"
  if [ "$model" != - ]; then mistakes=$(python3 "$root/tests/e2e/posture_wire.py" "$body" "$model"); fi
  is "$method ${path%%\?*} answers $wanted${model:+, $model}" "$mistakes" ''
}
of_account="account_id=$account"

echo "# a token for an API key"

http POST /identity/token --data-urlencode 'grant_type=urn:ibm:params:oauth:grant-type:apikey' \
  --data-urlencode "apikey=$key" --data-urlencode 'response_type=cloud_iam'
is "the token is given" "$status" 200
auth=(-H "Authorization: Bearer $(json 'd["access_token"]')" -H 'Accept: application/json')
call 200 Profiles GET "/posture/v2/profiles?$of_account" -H 'Transaction-Id: tid-1'
is "the transaction's id comes back" "$(header Transaction-Id)" tid-1

echo "# a profile from a file"

goals=(3000601 3000602 3000623 3000625 3000626 3000627 3000628 3000635 3000636 3000639)
{
  printf '%s\n' 'profilename,Our registry' 'profilenumonic,OR' 'profiledescription,"Ours, all eleven goals"' \
    '##METAINFO ENDS##' 'ExternalControlId,Description,Parent,GoalId,Tags' '5,Vulnerability Management,,,'
  for i in "${!goals[@]}"; do echo "5.$((i + 1)),Control $((i + 1)),5,${goals[i]},registry"; done
  printf '%s\n' '6,Continuous compliance,,,' '6.9,"Images, scanned",6,3000611,"images,scan"'
} > "$dir/profile.csv"
call 200 Import POST "/posture/v2/profiles/import?$of_account" \
  -F "file=@$dir/profile.csv;filename=filename;type=application/octet-stream"
profile=$(json 'd["profile_id"]')
like "its id is digits" "$profile" '^[0-9]{1,20}$'
call 200 Profile GET "/posture/v2/profiles/$profile?profile_type=custom&$of_account"
is "it is a custom one" "$(json '[d["name"], d["type"]]')" '["Our registry", "custom"]'
call 200 Profile GET "/posture/v2/profiles/$profile?profile_type=4&$of_account"
call 200 Controls GET "/posture/v2/profiles/$profile/controls?$of_account"
is "its controls have the eleven goals" "$(json 'sorted(g["id"] for c in d["controls"] for g in c["goals"])')" \
  "$(python3 -c 'import json, sys; print(json.dumps(sorted(sys.argv[1:])))' "${goals[@]}" 3000611)"

# As a client walks pages: by the offset in the link to the next one, until there is none.
found=0 offset=0 pages=0
while [ "$offset" != none ] && [ "$pages" -lt 10 ]; do
  expect 200 GET "/posture/v2/profiles/$profile/controls?$of_account&offset=$offset&limit=4"
  found=$((found + $(json 'len(d["controls"])'))) pages=$((pages + 1))
  total=$(json 'd["total_count"]')
  offset=$(json '__import__("urllib.parse").parse.parse_qs(d["next"]["href"].split("?")[1])["offset"][0]
    if "next" in d else "none"')
done
is "pages of four hold all of them, and end" "$found of $total in $(((total + 3) / 4))" "$total of $found in $pages"

call 200 Profile PATCH "/posture/v2/profiles/$profile?$of_account" '{"description": "Ours"}'
is "its description changes" "$(json 'd["description"]')" Ours
printf 'profilename,Bad\n##METAINFO ENDS##\nExternalControlId,Description,Parent,GoalId,Tags\n5.1,x,5,1,\n' \
  > "$dir/bad.csv"
api POST "/posture/v2/profiles/import?$of_account" -F "file=@$dir/bad.csv;filename=filename"
is "a file with an unknown parent is refused" "$status" 400
like "by line and column" "$(json 'd["errors"][0]["message"]')" 'line 4.*column 3'

echo "# a collector, a credential and a scope"

call 201 Collector POST "/posture/v2/collectors?$of_account" '{"name": "jdoe-collector",
  "is_public": true, "managed_by": "customer", "description": "sample", "passphrase": "secret",
  "is_ubi_image": true}'
collector=$(json 'd["id"]')
is "it works at once" "$(json '[d["status"], d["managed_by"], d["use_private_endpoint"]]')" \
  '["active", "customer", false]'
http PATCH "/posture/v2/collectors/$collector?$of_account" "${auth[@]}" \
  -H 'Content-Type: application/merge-patch+json' --data-binary '{"display_name": "renamed"}'
is "its name is patched as a merge" "$status $(json 'd["display_name"]')" "200 renamed"
call 200 Collectors GET "/posture/v2/collectors?$of_account"
is "the program's own comes first" "$(json '[[c["id"], c["managed_by"]] for c in d["collectors"]]')" \
  "[[\"1\", \"ibm\"], [\"$collector\", \"customer\"]]"

call 201 Credential POST "/posture/v2/credentials?$of_account" '{"enabled": true, "type": "ibm_cloud",
  "name": "test_create", "description": "scope for discovery", "group": {"id": "1", "passphrase": "p"},
  "display_fields": {"ibm_api_key": "sample_api_key"},
  "purpose": "discovery_fact_collection_remediation"}'
credential=$(json 'd["id"]')
like "its key is masked" "$(json 'd["display_fields"]["ibm_api_key"]')" '^\*+$'
call 201 Credential PATCH "/posture/v2/credentials/$credential?$of_account" '{"name": "test_updated"}'
call 200 Credentials GET "/posture/v2/credentials?$of_account"
unlike "no list shows it" "$(cat "$body")" sample_api_key

call 201 Scope POST "/posture/v2/scopes?$of_account" "{\"name\": \"IBMSchema\", \"description\": \"IBM Schema\",
  \"collector_ids\": [\"$collector\"], \"credential_id\": \"$credential\", \"credential_type\": \"ibm\",
  \"interval\": 3600, \"is_discovery_scheduled\": true}"
scope=$(json 'd["id"]') correlation=$(json 'd["correlation_id"]')
like "it has a correlation id" "$correlation" '^.{3,50}$'
discovered() {
  api GET "/posture/v2/scope/status/$correlation?$of_account"
  [ "$(json 'd["status"]')" = discovery_result_posted_no_error ]
}
holds "its discovery ends well" eventually 20 discovered
call 200 TaskStatus GET "/posture/v2/scope/status/$correlation?$of_account"
call 200 Events GET "/posture/v2/scopes/$scope/events?$of_account"
is "which is an event" "$(json '[[e["task_type"], e["data_available"]] for e in d["events"]]')" '[["discovery", true]]'
call 200 Scope GET "/posture/v2/scopes/$scope?$of_account"
is "the scope shows its collector whole" "$(json '[c["display_name"] for c in d["collectors"]]')" '["renamed"]'
is "and its credential as a number" "$(json 'd["tld_credential_id"]')" "$credential"
call 200 Scopes GET "/posture/v2/scopes?$of_account"
call 200 Scope PATCH "/posture/v2/scopes/$scope?$of_account" '{"name": "IBMSchemaUpdated", "description": "new"}'
call 200 ScopeCollectors GET "/posture/v2/scopes/$scope/collectors?$of_account"
call 200 ScopeCollectors PATCH "/posture/v2/scopes/$scope/collectors?$of_account" \
  "{\"collector_ids\": [\"1\", \"$collector\"]}"
is "it has two collectors" "$(json 'd["collector_ids"]')" "[\"1\", \"$collector\"]"
call 200 ScopeCredential GET "/posture/v2/scopes/$scope/credentials?$of_account"
call 200 ScopeCredential PATCH "/posture/v2/scopes/$scope/credentials?$of_account" \
  "{\"credential_id\": \"$credential\", \"credential_attribute\": \"{}\"}"

echo "# a validation, and its four statuses"

# A channel that nobody has tried yet cannot be judged.
expect 200 POST "/notifications/v1/$account/notifications/channels" '{"name": "on call", "type": "Webhook",
  "endpoint": "http://127.0.0.1:9/alerts", "enabled": true, "severity": ["critical", "high", "medium"],
  "alert_source": [{"provider_name": "VA", "finding_types": ["ALL"]}]}'
call 202 Result POST "/posture/v2/scans/validations?$of_account" \
  "{\"scope_id\": \"$scope\", \"profile_id\": \"$profile\", \"group_profile_id\": \"\"}"
scanned() {
  api GET "/posture/v2/scans/validations/latest_scans?$of_account"
  [ "$(json "[s['status'] for s in d['latest_scans'] if s['scope_id'] == '$scope']")" = '["validation_result_posted_no_error"]' ]
}
holds "the validation ends" eventually 30 scanned
call 200 Scans GET "/posture/v2/scans/validations/latest_scans?$of_account"
scan=$(json "next(s['scan_id'] for s in d['latest_scans'] if s['scope_id'] == '$scope')")
report=$(json "next(s['report_setting_id'] for s in d['latest_scans'] if s['scope_id'] == '$scope')")
is "its name joins those of scope and profile" "$(json "next(s['scan_name'] for s in d['latest_scans'])")" \
  'IBMSchemaUpd_Our registry'
is "the profile is a custom one there" "$(json 'd["latest_scans"][0]["profiles"][0]["type"]')" custom
call 200 Summary GET "/posture/v2/scans/validations/$scan/summary?profile_id=$profile&$of_account"
is "its goals have the four statuses" "$(json 'sorted({g["status"] for c in d["controls"] for g in c["goals"]})')" \
  '["fail", "not_applicable", "pass", "unable_to_perform"]'
is "each where it belongs" "$(json '{g["id"]: g["status"] for c in d["controls"] for g in c["goals"]
  if g["id"] in ("3000601", "3000602", "3000625", "3000626")}')" \
  '{"3000601": "not_applicable", "3000602": "unable_to_perform", "3000625": "fail", "3000626": "pass"}'
counted=$(json '[sum(g["status"] == s for c in d["controls"] for g in c["goals"])
  for s in ("pass", "fail", "unable_to_perform", "not_applicable")]')
call 200 Summaries GET "/posture/v2/scans/validations/summaries?report_setting_id=$report&$of_account"
is "its counters count them" "$(json '[d["summaries"][0]["profiles"][0]["validation_result"][f"goals_{s}_count"]
  for s in ("pass", "fail", "unable_to_perform", "not_applicable")]')" "$counted"
is "its task has ended" "$(json 'd["summaries"][0]["status"]')" validation_result_posted_no_error

echo "# the same in version 1"

call 200 ProfilesV1 GET "/posture/v1/profiles?$of_account"
call 200 ScopesV1 GET "/posture/v1/scopes?$of_account"
is "the scope tells its last scan" "$(json "[[s['last_scan_type'], [x['scan_id'] for x in s['scans']]]
  for s in d['scopes'] if s['scope_id'] == '$scope']")" "[[\"validation\", [\"$scan\", \"0\"]]]"
call 200 ScansV1 GET "/posture/v1/scans/validations/latest_scans?$of_account"
call 200 SummaryV1 GET "/posture/v1/scans/validations/$scan/summary?profile_id=$profile&$of_account"
call 200 SummariesV1 GET "/posture/v1/scans/validations/summaries?profile_id=$profile&scope_id=$scope&$of_account"
call 202 Result POST "/posture/v1/scans/validations?$of_account" "{\"scope_id\": \"1\", \"profile_id\": \"48\"}"
call 201 CollectorV1 POST "/posture/v1/collectors?$of_account" '{"collector_name": "old",
  "collector_description": "d", "is_public": false, "managed_by": "customer", "pass_phrase": "p"}'
old_collector=$(json 'd["collector_id"]')
echo '{"name": "from a file", "ibm_api_key": "sample_api_key"}' > "$dir/credential.json"
echo pem > "$dir/pem"
call 201 CredentialV1 POST "/posture/v1/credentials?$of_account" \
  -F "credential_data_file=@$dir/credential.json;filename=filename;type=application/json" \
  -F "pem_file=@$dir/pem;filename=filename;type=text/plain"
old_credential=$(json 'd["credential_id"]')
call 201 - POST "/posture/v1/scopes?$of_account" "{\"scope_name\": \"old scope\", \"scope_description\": \"d\",
  \"collector_ids\": [\"$old_collector\"], \"credential_id\": \"$old_credential\", \"environment_type\": \"ibm\"}"
old_scope=$(json 'd["scope_id"]')

echo "# all of it is deleted"

api DELETE "/posture/v2/collectors/$collector?$of_account"
is "a collector that a scope uses stays" "$status" 409
for path in "scopes/$scope" "scopes/$old_scope" "credentials/$credential" "credentials/$old_credential" \
  "collectors/$collector" "collectors/$old_collector" "profiles/$profile"; do
  call 204 - DELETE "/posture/v2/$path?$of_account"
done
for path in "credentials/$credential" "collectors/$collector" "profiles/$profile?profile_type=custom"; do
  api GET "/posture/v2/$path"
  is "$path is gone" "$status" 404
  like "in the words clients look for" "$(json 'd["errors"][0]["message"]')" 'not found'
  is "with the transaction as the trace" "$(json 'd["trace"]')" "$(header Transaction-Id)"
done
for path in scopes/1 collectors/1 credentials/1 profiles/48; do
  api DELETE "/posture/v2/$path"
  is "the program's own $path stays" "$status" 403
done
call 200 Summary GET "/posture/v2/scans/validations/$scan/summary?profile_id=$profile&$of_account"
is "what was found stays readable" "$(json 'len({g["status"] for c in d["controls"] for g in c["goals"]})')" 4
is "the deleted scope too" "$(api GET "/posture/v2/scopes/$scope" && json 'd["enabled"]')" false

finish

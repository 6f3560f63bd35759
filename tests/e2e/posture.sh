#!/usr/bin/env bash
# The nine goals: each fails, is repaired through the API and passes, at once.

# shellcheck disable=SC2317  # some functions are called by name
# shellcheck source=tests/e2e/lib.sh
source "$(dirname "${BASH_SOURCE[0]}")/lib.sh"

profile=48
channels=/notifications/v1/$account/notifications/channels
goals=(3000602 3000623 3000625 3000626 3000627 3000628 3000635 3000636 3000639)

# One of the goals needs iam_authz off before it can be turned on.
server_start --config "$root/examples/two-registries.toml" --allow-iam-authz-off true

state_of() {
  api GET "/breakwater/v1/posture/profiles/$profile/state"
  json "next(g['status'] for g in d['goals'] if g['id'] == '$1')"
}
goal_is() { [ "$(state_of "$1")" = "$2" ]; }
# The change that came before is evaluated at once: by the change itself, not by a later scan.
becomes() {
  if eventually 10 goal_is "$1" "$2"; then
    ok "$3: goal $1 is $2"
  else
    not_ok "$3: goal $1 is $2" "found: $(state_of "$1")" \
      "$(json "[g['resource_result'] for g in d['goals'] if g['id'] == '$1'][0]")"
  fi
}

echo "# the profile"

expect 200 GET "/posture/v2/profiles/$profile/controls"
is "the profile holds the nine goals, and two on images" \
  "$(json 'sorted(g["id"] for c in d["controls"] for g in c["goals"])')" \
  "$(python3 -c 'import json, sys; print(json.dumps(sorted(sys.argv[1:])))' "${goals[@]}" 3000601 3000611)"
is "as controls 5.1 to 5.10, and 6.9" "$(json '[c["external_control_id"] for c in d["controls"]]')" \
  "$(python3 -c 'import json; print(json.dumps([f"5.{i}" for i in range(1, 11)] + ["6.9"]))')"
expect 200 GET "/breakwater/v1/posture/profiles/$profile/state"
is "their parameters have the reference's names and defaults" \
  "$(json 'sorted(item for g in d["goals"] for item in g["parameters"].items())')" \
  "$(python3 -c 'import json; print(json.dumps([[f"no_of_{who}_for_container_registry", 3]
    for who in ("admins", "managers", "service_id_admins", "service_id_managers")]
    + [["scan_interval_max", 7]]))')"

echo "# every goal fails"

new_group() {
  expect 201 POST "/iam/v2/groups?account_id=$account" "{\"name\": \"$1\"}"
  group=$(json 'd["id"]')
}
# policy SUBJECT-NAME SUBJECT-ID ROLE: on the whole registry service.
new_policy() {
  local kind=serviceRole
  if [ "$3" = Administrator ]; then kind=role; fi
  expect 201 POST /iam/v1/policies "{\"type\": \"access\",
    \"subjects\": [{\"attributes\": [{\"name\": \"$1\", \"value\": \"$2\"}]}],
    \"roles\": [{\"role_id\": \"crn:v1:bluemix:public:iam::::$kind:$3\"}],
    \"resources\": [{\"attributes\": [{\"name\": \"accountId\", \"value\": \"$account\"},
      {\"name\": \"serviceName\", \"value\": \"container-registry\"}]}]}"
  policy=$(json 'd["id"]')
}
# add_member GROUP IAM-ID TYPE
add_member() {
  expect 207 PUT "/iam/v2/groups/$1/members" "{\"members\": [{\"iam_id\": \"$2\", \"type\": \"$3\"}]}"
  is "$3 $2 joins the group" "$(json 'd["members"][0]["status_code"]')" 200
}
users=() service_ids=()
for i in 1 2 3; do
  expect 202 POST "/iam/v2/accounts/$account/users" "{\"users\": [{\"email\": \"person$i@example.com\"}]}"
  users+=("$(json 'd["resources"][0]["id"]')")
done
for i in 1 2 3 4; do
  expect 201 POST /iam/v1/serviceids "{\"account_id\": \"$account\", \"name\": \"robot$i\"}"
  service_ids+=("$(json 'd["iam_id"]')")
done

# Three users and four service IDs beside the first administrator.
new_group "Too many administrators"
administrators=$group
new_policy access_group_id "$administrators" Administrator
for user in "${users[@]}"; do add_member "$administrators" "$user" user; done
becomes 3000623 fail "with four administrators"
for id in "${service_ids[@]}"; do add_member "$administrators" "$id" service; done
becomes 3000628 fail "with four service IDs as administrators"

new_policy iam_id "${users[0]}" Reader
direct=$policy
becomes 3000639 fail "with a policy on a user"

expect 204 PATCH /api/v1/auth '{"iam_authz": false}' -H 'Host: de.icr.io'
becomes 3000626 fail "with iam_authz off in one registry"

becomes 3000602 fail "without a channel"
becomes 3000625 fail "with private_only off"
becomes 3000627 fail "with platform_metrics off"
becomes 3000635 fail "with one manager"
becomes 3000636 fail "without a service ID as manager"

echo "# a scan says the same"

# scan NAME: runs one and waits for its end; its summary is the last answer.
scan() {
  expect 202 POST /posture/v2/scans/validations "{\"scope_id\": \"1\", \"profile_id\": \"$profile\"}"
  scan_id=$(json 'd["scan_id"]')
  like "$1 has a decimal id" "$scan_id" '^[0-9]{1,20}$'
  holds "$1 ends" eventually 30 scan_ended
  api GET "/posture/v2/scans/validations/$scan_id/summary?profile_id=$profile"
}
scan_ended() {
  api GET "/posture/v2/scans/validations/$scan_id/summary?profile_id=$profile"
  [ "$status" = 200 ] && [ "$(json 'len(d["controls"]) and all(c["goals"] for c in d["controls"])')" = true ]
}
# There are no images: what is asked of them does not apply.
statuses='sorted({g["status"] for c in d["controls"] for g in c["goals"]})'
scan "the scan before the repair"
before=$scan_id
is "all nine goals fail in it" "$(json "$statuses")" '["fail", "not_applicable"]'
is "each result has an expected and an actual value" \
  "$(json 'all(r["display_expected_value"] and r["actual_value"] for c in d["controls"]
    for g in c["goals"] for r in g["resource_result"])')" true
is "and the facts that it rests on" \
  "$(json 'all(r["evidence"]["facts"] and r["evidence"]["facts_digest"].startswith("sha256:")
    for c in d["controls"] for g in c["goals"] for r in g["resource_result"])')" true
is "settings are judged in each registry" \
  "$(json 'sorted(r["name"] for c in d["controls"] for g in c["goals"] if g["id"] == "3000625"
    for r in g["resource_result"])')" '["de.icr.io", "us.icr.io"]'
is "the registry that has iam_authz on passes that goal" \
  "$(json '{r["name"]: r["status"] for c in d["controls"] for g in c["goals"]
    if g["id"] == "3000626" for r in g["resource_result"]}')" '{"de.icr.io": "fail", "us.icr.io": "pass"}'

echo "# every goal is repaired"

for host in us.icr.io de.icr.io; do
  expect 204 PATCH /api/v1/auth '{"private_only": true}' -H "Host: $host"
  if [ "$host" = us.icr.io ]; then becomes 3000625 fail "with private_only on in one of two registries"; fi
done
becomes 3000625 pass "with private_only on in both"
expect 204 PATCH /api/v1/auth '{"iam_authz": true}' -H 'Host: de.icr.io'
becomes 3000626 pass "with iam_authz on"
for host in us.icr.io de.icr.io; do
  expect 204 PATCH /api/v1/settings '{"platform_metrics": true}' -H "Host: $host"
done
becomes 3000627 pass "with platform_metrics on"

expect 204 DELETE "/iam/v2/groups/$administrators/members/${users[0]}"
becomes 3000623 pass "with three administrators"
expect 204 DELETE "/iam/v2/groups/$administrators/members/${service_ids[0]}"
becomes 3000628 pass "with three service IDs as administrators"
expect 204 DELETE "/iam/v1/policies/$direct"
becomes 3000639 pass "with policies on groups only"

new_group "Managers"
managers=$group
new_policy access_group_id "$managers" Manager
add_member "$managers" "${users[0]}" user
becomes 3000635 fail "with two managers"
add_member "$managers" "${users[1]}" user
becomes 3000635 pass "with three managers"
for id in "${service_ids[@]:0:3}"; do add_member "$managers" "$id" service; done
becomes 3000636 pass "with three service IDs as managers"

python3 "$root/tests/e2e/webhook_receiver.py" "$dir/received" > "$dir/port" &
background+=($!)
has_port() { [ -s "$dir/port" ]; }
eventually 10 has_port
receiver=http://127.0.0.1:$(cat "$dir/port")
channel() {
  printf '{"name": "on call", "type": "Webhook", "endpoint": "%s/alerts", "enabled": true,
    "severity": %s, "alert_source": [{"provider_name": "VA", "finding_types": ["ALL"]}]}' "$receiver" "$1"
}
expect 200 POST "$channels" "$(channel '["critical", "high"]')"
channel_id=$(json 'd["channel_id"]')
becomes 3000602 fail "with a channel that leaves out a severity"
expect 200 PUT "$channels/$channel_id" "$(channel '["critical", "high", "medium"]')"
becomes 3000602 unable_to_perform "with a channel that was never tried"
echo 500 > "$dir/received.status"
expect 200 GET "$channels/$channel_id/test"
is "a receiver that answers 500 has not taken the test" "$(json 'd["delivered"]')" false
becomes 3000602 fail "with a channel whose test failed"
rm "$dir/received.status"
expect 200 GET "$channels/$channel_id/test"
is "the test is delivered" "$(json 'd["delivered"]')" true
becomes 3000602 pass "with a channel that works"
is "the receiver got both tests" "$(wc -l < "$dir/received")" 2

scan "the scan after the repair"
is "all nine goals pass in it" "$(json "$statuses")" '["not_applicable", "pass"]'
api GET "/posture/v2/scans/validations/$before/summary?profile_id=$profile"
is "the scan before is kept as it was" "$(json "$statuses")" '["fail", "not_applicable"]'
expect 200 GET /posture/v2/scans/validations/latest_scans
is "the latest scan comes first and counts nine passed goals" \
  "$(json '[d["latest_scans"][0]["scan_id"], d["latest_scans"][0]["result"]["goals_pass_count"]]')" \
  "[\"$scan_id\", 9]"

echo "# a parameter"

expect 200 POST "$channels" "{\"name\": \"posture\", \"type\": \"Webhook\", \"endpoint\": \"$receiver/posture\",
  \"enabled\": true, \"severity\": [\"critical\", \"high\", \"medium\", \"low\"],
  \"alert_source\": [{\"provider_name\": \"posture\", \"finding_types\": [\"ALL\"]}]}"
expect 200 PUT "/breakwater/v1/posture/profiles/$profile/parameters/no_of_admins_for_container_registry" \
  '{"value": 2}'
becomes 3000623 fail "with at most two administrators allowed"
told() { # bodies are signed: header.payload.signature
  python3 - "$dir/received" << 'PY'
import base64, json, sys
for line in open(sys.argv[1], encoding="utf-8"):
    entry = json.loads(line)
    part = entry["body"].strip('"').split(".")
    text = base64.urlsafe_b64decode(part[1] + "==").decode() if len(part) == 3 else entry["body"]
    if entry["path"] == "/posture" and '3000623' in text and 'No longer met' in text:
        sys.exit(0)
sys.exit(1)
PY
}
holds "the channel is told that the goal is no longer met" eventually 15 told
api PUT "/breakwater/v1/posture/profiles/$profile/parameters/no_of_admins_for_container_registry" \
  '{"value": "many"}'
is "a parameter of the wrong type is refused" "$status" 400

echo "# what nobody can meet"

warnings='" ".join(d["warnings"])'
expect 201 POST /breakwater/v1/posture/attachments \
  '{"scope_id": "1", "profile_id": "60", "parameters": {"min_administrators": 40}}'
attachment=$(json 'd["id"]')
like "goals that contradict each other are pointed out" "$(json "$warnings")" \
  'goals 3900101 and 3000623 cannot both be met'
like "and that there are not so many people" "$(json "$warnings")" \
  'goal 3900101: it cannot be met by what there is now: account_users'
expect 200 PATCH "/breakwater/v1/posture/attachments/$attachment" '{"parameters": {}}'
is "with the defaults there is nothing to point out" "$(json 'd["warnings"]')" '[]'

finish

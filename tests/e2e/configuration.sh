#!/usr/bin/env bash
# An installation's configuration as one document: exported, planned, applied, refused by a rule,
# and the same on another installation.

# shellcheck disable=SC2317  # some functions are called by name
# shellcheck source=tests/e2e/lib.sh
source "$(dirname "${BASH_SOURCE[0]}")/lib.sh"
[ "$stores" = embedded ] || skip "it starts two installations of its own"

config=$root/examples/two-registries.toml
printf '%s' "$key" > "$dir/key"

# config_command VERB [ARGUMENTS…]: its exit status is `rc`, its output $dir/out.
config_command() {
  local what=$1
  shift
  rc=0
  "$bin" config "$what" --url "$public" --api-key-file "$dir/key" "$@" > "$dir/out" \
    2> "$dir/err" < /dev/null || rc=$?
}

server_start --config "$config"

echo "# export"

config_command export
is "a new installation's configuration is exported" "$rc" 0
cp "$dir/out" "$dir/new.json"
cp "$dir/out" "$body"
is "it says what it is" "$(json 'd["format"]')" breakwater-configuration/1
is "and has the settings of both registries" "$(json 'sorted(d["sections"]["settings"])')" \
  '["de.icr.io", "us.icr.io"]'
config_command plan "$dir/new.json" --exit-code
is "it would change nothing" "$rc" 0
like "and says so" "$(cat "$dir/out")" 'Nothing to change'

echo "# plan and apply"

python3 - "$dir/new.json" "$root/tests/data/seed-rule.json" "$account" > "$dir/wanted.json" << 'PY'
import json, sys
document = json.load(open(sys.argv[1]))
sections = document["sections"]
sections["settings"]["us.icr.io"]["private_only"] = True
sections["namespaces"]["us.icr.io/team-a"] = {"tag_immutability": {"immutable": ["v*"]}}
sections["governance"]["Private only"] = {
    **json.load(open(sys.argv[2])), "description": "d", "enforcement_actions": ["disallow"],
    "attachments": [{"included_scope": {"scope_type": "account", "scope_id": sys.argv[3]}}]}
print(json.dumps(document))
PY
config_command plan "$dir/wanted.json" --exit-code
is "a plan can say by its exit status that something would change" "$rc" 2
like "it shows old and new values" "$(cat "$dir/out")" 'private_only: false -> true'
like "and what is new" "$(cat "$dir/out")" '\+ namespaces us.icr.io/team-a'
api GET /api/v1/auth -H 'Host: us.icr.io'
is "nothing is changed by it" "$(json 'd["private_only"]')" false
config_command apply "$dir/wanted.json"
is "nobody who could not be asked has said yes" "$rc" 1
config_command apply "$dir/wanted.json" --yes
is "with --yes it is applied" "$rc" 0
like "all of it" "$(cat "$dir/out")" '3 of 3 steps done'
api GET /api/v1/auth -H 'Host: us.icr.io'
is "the setting is what the document says" "$(json 'd["private_only"]')" true
config_command plan "$dir/wanted.json" --exit-code
is "applied once, nothing is left to do" "$rc" 0
expect 200 GET "/breakwater/v1/audit/records?action=container-registry.auth.set"
is "the change stands in the trail as any other" \
  "$(json 'd["records"][0]["changes"]')" '[{"field": "private_only", "before": false, "after": true}]'
expect 200 GET "/breakwater/v1/audit/records?action=breakwater.configuration.apply"
is "and that it came with a document" "$(json 'len(d["records"])')" 1

echo "# governance"

python3 - "$dir/wanted.json" > "$dir/off.json" << 'PY'
import json, sys
document = json.load(open(sys.argv[1]))
document["sections"]["settings"]["us.icr.io"]["private_only"] = False
document["sections"]["settings"]["de.icr.io"]["private_only"] = True
print(json.dumps(document))
PY
config_command plan "$dir/off.json" --exit-code
is "a plan can say by its exit status that it would be refused" "$rc" 3
like "a plan says what a rule would refuse" "$(cat "$dir/out")" 'would be refused: .*Private only'
expect 200 GET "/breakwater/v1/audit/records?outcome=failure&action=container-registry.auth.set"
is "and as it was only planned, no refusal is on record" "$(json 'len(d["records"])')" 0
config_command apply "$dir/off.json" --yes
is "an import that a rule forbids is not done at all" "$rc" 1
like "the refused step names the rule" "$(cat "$dir/out")" 'refused .*settings us.icr.io.*Private only'
like "the other one is undone" "$(cat "$dir/out")" 'undone .*settings de.icr.io'
like "and nothing is left" "$(cat "$dir/out")" '0 of 2 steps done'
api GET /api/v1/auth -H 'Host: de.icr.io'
is "the other registry is as it was" "$(json 'd["private_only"]')" false
config_command apply "$dir/off.json" --yes --keep-going
is "an import that a rule forbids is not done to its end" "$rc" 1
like "the refused step names the rule" "$(cat "$dir/out")" 'refused .*settings us.icr.io.*Private only'
like "the other step is done" "$(cat "$dir/out")" '1 of 2 steps done'
api GET /api/v1/auth -H 'Host: us.icr.io'
is "what the rule guards is as it was" "$(json 'd["private_only"]')" true
api GET /api/v1/auth -H 'Host: de.icr.io'
is "in the other registry it was changed" "$(json 'd["private_only"]')" true

api POST /breakwater/v1/configuration/plan "$(cat "$dir/wanted.json")"
digest=$(json 'd["digest"]')
expect 204 PATCH /api/v1/auth '{"private_only": false}' -H 'Host: de.icr.io'
expect 204 PATCH /api/v1/settings '{"platform_metrics": true}' -H 'Host: de.icr.io'
python3 - "$dir/wanted.json" "$digest" > "$dir/request" << 'PY'
import json, sys
print(json.dumps({"document": json.load(open(sys.argv[1])), "digest": sys.argv[2]}))
PY
api POST /breakwater/v1/configuration/apply "$(cat "$dir/request")"
is "what has changed since the plan is not overrun" "$status" 412
api POST /breakwater/v1/configuration/plan '{"format":"breakwater-configuration/1","sections":{"settings":{"us.icr.io":{"private_onyl":true}}}}'
is "a mistake is a bad request" "$status" 400
like "that names its place" "$(json 'd["errors"][0]["message"]')" 'sections.settings.us.icr.io.*private_onyl'

echo "# elsewhere"

config_command export
cp "$dir/out" "$dir/exported.json"
server_stop
data=$dir/other
server_start --config "$config"
config_command apply "$dir/exported.json" --yes
is "the document makes another installation the same" "$rc" 0
config_command export
holds "to the letter" diff "$dir/exported.json" "$dir/out"
finish

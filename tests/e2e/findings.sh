#!/usr/bin/env bash
# A tool outside registers what it can find, reports it, and people are told, as of our own findings.

# shellcheck disable=SC2317  # some functions are called by name
# shellcheck source=tests/e2e/lib.sh
source "$(dirname "${BASH_SOURCE[0]}")/lib.sh"

server_start --config "$root/examples/two-registries.toml"
provider=/findings/v1/$account/providers/door-watch

python3 "$root/tests/e2e/webhook_receiver.py" "$dir/received" > "$dir/port" &
background+=($!)
has_port() { [ -s "$dir/port" ]; }
holds "a receiver of alerts is there" eventually 60 has_port
expect 200 POST "/notifications/v1/$account/notifications/channels" "{\"name\": \"doors\", \"type\": \"Webhook\",
  \"enabled\": true, \"endpoint\": \"http://127.0.0.1:$(cat "$dir/port")/doors\", \"severity\": [\"high\", \"critical\"],
  \"alert_source\": [{\"provider_name\": \"door-watch\", \"finding_types\": [\"open-door\"]}]}"

echo "# notes"

note='"short_description": "a door is open", "long_description": "it is <b>open</b>",
  "reported_by": {"id": "door-watch", "title": "Door watch"}'
expect 200 POST "$provider/notes" "{\"id\": \"open-door\", \"kind\": \"FINDING\", $note, \"finding\": {\"severity\": \"HIGH\"}}"
expect 200 POST "$provider/notes" "{\"id\": \"doors\", \"kind\": \"KPI\", $note, \"kpi\": {\"aggregation_type\": \"SUM\"}}"
expect 200 GET "$provider/notes"
is "the provider's notes are listed" "$(json '[n["id"] for n in d["notes"]]')" '["doors", "open-door"]'
api POST "$provider/notes" "{\"id\": \"open-door\", \"kind\": \"FINDING\", $note, \"finding\": {\"severity\": \"HIGH\"}}"
is "the same note again is a conflict" "$status" 409
api POST "/findings/v1/$account/providers/security-advisor/notes" \
  "{\"id\": \"mine\", \"kind\": \"FINDING\", $note, \"finding\": {\"severity\": \"HIGH\"}}"
is "nobody writes in this program's name" "$status" 403

echo "# occurrences"

occurrence="{\"id\": \"door-1\", \"kind\": \"FINDING\", \"note_name\": \"$account/providers/door-watch/notes/open-door\",
  \"context\": {\"resource_name\": \"front door\"}, \"finding\": {\"certainty\": \"HIGH\"}}"
expect 200 POST "$provider/occurrences" "$occurrence"
told() {
  python3 - "$dir/received" << 'PY'
import base64, json, sys
said = ""
for line in open(sys.argv[1], encoding="utf-8"):
    claims = json.loads(json.loads(line)["body"])["data"].split(".")[1]
    said += base64.urlsafe_b64decode(claims + "=" * (-len(claims) % 4)).decode()
sys.exit("occurrences/door-1" not in said)
PY
}
holds "the channel that asks for it is told" eventually 60 told
api POST "$provider/occurrences" "$occurrence"
is "the same occurrence again is a conflict" "$status" 409
expect 200 POST "$provider/occurrences" "$occurrence" -H 'Replace-If-Exists: true'
expect 200 GET '/breakwater/v1/findings?state=open'
is "it is a finding beside our own" "$(json '[[f["resource"], f["severity"]] for f in d["findings"]]')" \
  '[["front door", "high"]]'
expect 200 GET "$provider/occurrences/door-1/note"
is "it leads to its note" "$(json 'd["id"]')" open-door
http POST "/findings/v1/$account/graph" "${auth[@]}" -H 'Content-Type: application/graphql' \
  --data-binary '{occurrences(providerId: "door-watch") {id finding {certainty} context {resourceName}}}'
is "the graph has it" "$(json 'd["data"]["occurrences"]')" \
  '[{"id": "door-1", "finding": {"certainty": "HIGH"}, "context": {"resourceName": "front door"}}]'
expect 200 DELETE "$provider/occurrences/door-1"
expect 200 GET '/breakwater/v1/findings?state=open'
is "deleted by its provider, it is gone" "$(json 'd["total_count"]')" 0

finish

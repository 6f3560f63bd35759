#!/usr/bin/env bash
# The audit trail from the outside: what is done stands in it, what is exported verifies without a
# server, and each kind of tampering is found; a sink gets everything, also across a crash.

# shellcheck disable=SC2317  # functions that "eventually" calls
# shellcheck source=tests/e2e/lib.sh
source "$(dirname "${BASH_SOURCE[0]}")/lib.sh"

sinks=$dir/sinks
cat > "$dir/server.toml" << TOML
[[audit_sink]]
kind = "file"
name = "disk"
directory = "$sinks"

[[audit_sink]]
kind = "webhook"
name = "nobody"
url = "http://127.0.0.1:9/"
allow_plain = true
TOML

records() { # records QUERY: how many there are
  api GET "/breakwater/v1/audit/records?limit=1000&$1"
  json 'len(d["records"])'
}
recorded() { [ "$(records "$1")" -ge 1 ]; }
file=''
# Exports to a fresh directory; `file` is what was written.
export_to() {
  rm -rf "$1"
  file=$(BREAKWATER_API_KEY=$key "$bin" audit export --url "$public" --to "$1")
}
verify() { "$bin" audit verify "$@" --key "$dir/out/audit-key.pem"; }

server_start --config "$dir/server.toml"

echo "# what is recorded"

expect 201 PUT /api/v1/namespaces/team
put_image team/app v1 "layer" > /dev/null
expect 200 GET /api/v1/auth
http GET /v2/team/app/manifests/v1 "${auth[@]}"
http GET /v2/team/app/manifests/v1 "${auth[@]}"
holds "a read of a setting" eventually 20 recorded action=container-registry.auth.get
holds "a pull" eventually 20 recorded action=container-registry.image.pull
is "the first of the day alone" "$(records action=container-registry.image.pull)" 1
expect 200 PUT /breakwater/v1/audit/settings '{"pulls": "all", "keep_days": 0}'
sleep 2 # in force within a second
http GET /v2/team/app/manifests/v1 "${auth[@]}"
http GET /v2/team/app/manifests/v1 "${auth[@]}"
all_pulls() { [ "$(records action=container-registry.image.pull)" = 3 ]; }
holds "and each, where that is set" eventually 20 all_pulls
expect 200 GET "/breakwater/v1/audit/events?action=container-registry.image.pull"
is "as an event of the reference" "$(json 'd["events"][0]["target"]["name"]')" team/app:v1
like "that names the digest" "$(json 'd["events"][0]["target"]["id"]')" 'team/app@sha256:'
expect 200 PUT /breakwater/v1/audit/settings '{"pulls": "by_tag", "keep_days": 0}'
expect 200 GET "/breakwater/v1/audit/records?action=breakwater.audit.set&limit=10"
is "a narrowed level is critical" "$(json 'd["records"][-1]["severity"]')" critical
api PUT /breakwater/v1/audit/settings '{"pulls": "none", "keep_days": 0}'
is "there is no level without pulls" "$status" 400

echo "# verifying without a server"

export_to "$dir/out"
cp "$dir/out/audit-head.json" "$dir/kept.json"
holds "an export verifies" verify "$file" --head "$dir/kept.json"
like "and it is said what is signed" "$(verify "$file")" 'signed: up to entry [0-9]+, by'
gzip -k "$file"
holds "compressed too" verify "$file.gz"

edited=$dir/edited.jsonl plain=$dir/plain.jsonl
grep -v '^{"head"' "$file" > "$plain" # entry N is line N
# tampered FACT PATTERN: what `edited` says.
tampered() {
  local said=0 text
  text=$(verify "$edited" --head "$dir/kept.json") || said=$?
  is "$1" "$said" 1
  like "… and where" "$text" "$2"
}
sed '3s/"outcome":"success"/"outcome":"failure"/' "$plain" > "$edited"
tampered "an edit is found" 'line 3: audit entry 3: its record is not the one that was sealed'
sed '4{h;d};5{G}' "$plain" > "$edited"
tampered "a reorder is found" 'line 4: audit entry 5: expected sequence 4'
sed 4d "$plain" > "$edited"
tampered "a gap is found" 'line 4: audit entry 5: expected sequence 4'
head -n 5 "$plain" > "$edited"
tampered "a cut tail is found" 'the tail was cut off'
python3 - "$plain" "$edited" << 'PY'
# Somebody who can write the file, but has no key, makes the chain anew behind an edit.
import hashlib, re, sys
previous, out = "0" * 64, []
for line in open(sys.argv[1], encoding="utf-8"):
    found = re.fullmatch(r'\{"hash":"\w+","previous_hash":"\w+","record":(.*),"sequence":(\d+)\}\n', line)
    if not found:
        out.append(line)
        continue
    record, sequence = found.groups()
    if sequence == "2":
        record = record.replace('"outcome":"success"', '"outcome":"failure"')
    digest = hashlib.sha256(f"{sequence}\n{previous}\n{record}".encode()).hexdigest()
    out.append(f'{{"hash":"{digest}","previous_hash":"{previous}","record":{record},"sequence":{sequence}}}\n')
    previous = digest
open(sys.argv[2], "w", encoding="utf-8").writelines(out)
PY
tampered "a chain made up anew is found" 'vouches for another chain'

if command -v openssl > /dev/null; then
  python3 - "$dir/kept.json" "$dir" << 'PY'
import base64, json, sys
head = json.load(open(sys.argv[1]))
open(sys.argv[2] + "/signed", "w").write(
    "breakwater audit head\n%d\n%s\n%s\n%s\n" % (head["sequence"], head["hash"], head["time"], head["kid"]))
open(sys.argv[2] + "/signature", "wb").write(base64.urlsafe_b64decode(head["signature"] + "=="))
PY
  holds "openssl verifies a head by itself" openssl dgst -sha256 -verify "$dir/out/audit-key.pem" \
    -signature "$dir/signature" "$dir/signed"
fi

echo "# sinks"

sink_has() { grep -q "\"target\":{[^}]*\"name\":\"$1\"" "$sinks/audit.jsonl" 2> /dev/null; }
holds "a file gets what was done" eventually 30 sink_has team
# A head vouches for it as soon as one is published.
holds "and verifies" eventually 30 verify "$sinks/audit.jsonl"
metric() { curl -sS "$public/metrics" | sed -n "s/^$1 //p"; }
is "a destination that is there is up" "$(metric 'breakwater_audit_sink_up{sink="disk"}')" 1
down() { [ "$(metric 'breakwater_audit_sink_up{sink="nobody"}')" = 0 ]; }
holds "and one that is not is down" eventually 30 down
holds "with its lag" test "$(metric 'breakwater_audit_sink_lag_entries{sink="nobody"}')" -gt 3

echo "# a crash"

kill -KILL "$server_pid"
wait "$server_pid" 2> /dev/null || true
server_pid=''
server_start --config "$dir/server.toml"
if [ "$stores" = embedded ]; then
  holds "is told of in the trail" eventually 30 recorded action=breakwater.audit.interrupted
fi
expect 201 PUT /api/v1/namespaces/after
holds "the sink goes on" eventually 60 sink_has after
holds "without a gap" eventually 30 verify "$sinks/audit.jsonl" --head "$dir/kept.json"
export_to "$dir/again"
holds "and so does the trail" verify "$file" --head "$dir/kept.json"

finish

#!/usr/bin/env bash
# A backup is taken while images are pushed and deleted, verified, damaged, and restored into stores of
# every kind, where fsck finds nothing and every digest is equal.

# shellcheck disable=SC2317  # some functions are called by name
# shellcheck source=tests/e2e/lib.sh
source "$(dirname "${BASH_SOURCE[0]}")/lib.sh"
[ "$stores" = embedded ] || skip "it chooses its stores itself"

printf '%s' "$key" > "$dir/key"

# config NAME < TOML: a configuration file, all of the same registries.
config() { { cat; two_registries_by_address; } > "$dir/$1.toml"; }
for name in source other again violated older; do config "$name" <<< "data = \"$dir/$name\""; done
serve() { # NAME
  data=$dir/$1
  server_start --config "$dir/$1.toml"
}
# run NAME PROGRAM-ARGUMENTS…: its exit status is `rc`, its output $dir/NAME.
ran=''
run() {
  ran=$1
  shift
  rc=0
  "$bin" "$@" > "$dir/$ran" 2> "$dir/$ran.err" || rc=$?
}
# ends FACT STATUS: how the last one ended, and what it said where it should have ended otherwise.
ends() {
  if [ "$rc" = "$2" ]; then
    ok "$1"
  else
    not_ok "$1" "exit status: $rc, expected: $2" "$(tail -n 20 "$dir/$ran")" "$(tail -n 20 "$dir/$ran.err")"
  fi
}
create() { # PATH
  run created backup create "$1" --url "$public" --api-key-file "$dir/key"
}
restore() { # PATH NAME [ARGUMENTS…]
  local path=$1 name=$2
  shift 2
  run restored restore "$path" --config "$dir/$name.toml" "$@"
}
fsck_is_clean() { # NAME
  run checked fsck --config "$dir/$1.toml"
  ends "fsck of $1 finds nothing" 0
  like "at all" "$(cat "$dir/checked")" 'all is as it should be'
}

# The load: images of fresh layers, large and small, some of which are deleted again and collected.
cat > "$dir/load.py" << 'PY'
import hashlib, json, os, sys, urllib.request, base64, itertools
base, key, log = sys.argv[1:4]
headers = {"Authorization": "Basic " + base64.b64encode(f"iamapikey:{key}".encode()).decode()}
def call(method, path, body=None, kind="application/octet-stream"):
    request = urllib.request.Request(base + path, method=method, data=body,
                                     headers={**headers, "Content-Type": kind})
    with urllib.request.urlopen(request, timeout=60) as answer:
        return answer.read()
def digest(content):
    return "sha256:" + hashlib.sha256(content).hexdigest()
KIND = "application/vnd.oci.image.manifest.v1+json"
with open(log, "w") as done:
    for number in itertools.count():
        layers = [os.urandom(300_000), os.urandom(2_000)]
        config = json.dumps({"architecture": "amd64", "os": "linux", "n": number}).encode()
        repository = f"loaded/app{number % 7}"
        for blob in [config, *layers]:
            call("POST", f"/v2/{repository}/blobs/uploads/?digest={digest(blob)}", blob)
        manifest = json.dumps({
            "schemaVersion": 2, "mediaType": KIND,
            "config": {"mediaType": "application/vnd.oci.image.config.v1+json",
                       "digest": digest(config), "size": len(config)},
            "layers": [{"mediaType": "application/vnd.oci.image.layer.v1.tar",
                        "digest": digest(one), "size": len(one)} for one in layers]}).encode()
        call("PUT", f"/v2/{repository}/manifests/t{number}", manifest, KIND)
        print(number, digest(manifest), file=done, flush=True)
        if number % 5 == 4:
            call("DELETE", f"/v2/{repository}/manifests/{digest(manifest)}")
            call("POST", "/breakwater/v1/garbage-collection")
PY
load_start() {
  python3 "$dir/load.py" "$public" "$key" "$dir/load.log" 2> "$dir/load.err" &
  load_pid=$!
  background+=("$load_pid")
  has_pushed() { [ "$(wc -l < "$dir/load.log")" -ge 12 ]; }
  holds "the load is under way" eventually 60 has_pushed
}
load_stop() {
  holds "the load went on to the end" kill -0 "$load_pid"
  kill "$load_pid" 2> /dev/null || true
  wait "$load_pid" 2> /dev/null || true
}

# Every manifest and blob of what is served, with the digests that are computed of the bytes.
cat > "$dir/digests.py" << 'PY'
import base64, hashlib, json, sys, urllib.request
base, key = sys.argv[1:3]
headers = {"Authorization": "Basic " + base64.b64encode(f"iamapikey:{key}".encode()).decode(),
           "Accept": "application/vnd.oci.image.manifest.v1+json"}
def get(path):
    with urllib.request.urlopen(urllib.request.Request(base + path, headers=headers), timeout=60) as answer:
        return answer.read()
wrong = 0
for repository in sorted(json.loads(get("/v2/_catalog?n=1000"))["repositories"]):
    for tag in sorted(json.loads(get(f"/v2/{repository}/tags/list"))["tags"] or []):
        body = get(f"/v2/{repository}/manifests/{tag}")
        print(repository, tag, "sha256:" + hashlib.sha256(body).hexdigest())
        manifest = json.loads(body)
        for part in [manifest["config"], *manifest["layers"]]:
            found = "sha256:" + hashlib.sha256(get(f"/v2/{repository}/blobs/{part['digest']}")).hexdigest()
            wrong += found != part["digest"]
            print(" ", found)
sys.exit(wrong != 0)
PY
digests() { python3 "$dir/digests.py" "$public" "$key" > "$1"; }

echo "# taken under load"

serve source
expect 201 PUT /api/v1/namespaces/loaded
expect 204 PATCH /api/v1/settings '{"platform_metrics": true}'
head -c 20000000 /dev/urandom > "$dir/large"
large=$(put_blob loaded/kept "$dir/large")
holds "an image is pushed" put_image loaded/kept v1 "a small layer"
cp "$dir/layer" "$dir/small"
cat > "$dir/manifest" << MANIFEST
{"schemaVersion":2,"mediaType":"application/vnd.oci.image.manifest.v1+json","config":{"mediaType":"application/vnd.oci.image.config.v1+json","digest":"$config_digest","size":$(stat -c %s "$dir/config")},"layers":[{"mediaType":"application/vnd.oci.image.layer.v1.tar","digest":"$large","size":20000000}]}
MANIFEST
http PUT /v2/loaded/kept/manifests/big "${auth[@]}" --data-binary "@$dir/manifest" \
  -H 'Content-Type: application/vnd.oci.image.manifest.v1+json'
is "and one with a large layer" "$status" 201
load_start
before=$(wc -l < "$dir/load.log")
create "$dir/backup"
ends "a backup is taken into a directory" 0
like "it says what is in it" "$(cat "$dir/created")" 'backup .*: [0-9]+ rows, [0-9]+ blobs of [0-9]+ bytes'
create "$dir/backup.tar"
ends "and one into a file" 0
is "while images were pushed" "$([ "$(wc -l < "$dir/load.log")" -gt "$before" ] && echo yes)" yes
load_stop
run verified backup verify "$dir/backup"
ends "the directory is whole" 0
run verified backup verify "$dir/backup.tar"
ends "the file is whole" 0
like "by the manifest that was printed" "$(tail -n 1 "$dir/verified")" "$(tail -n 1 "$dir/created")"
digests "$dir/digests.source"
create "$dir/backup"
ends "a second one in the same directory" 0
like "fetches what is new alone" "$(cat "$dir/created")" '\([1-9][0-9]* of them were there\)'
expect 200 GET "/breakwater/v1/audit/records?action=breakwater.backup.create"
is "each stands in the trail, as it begins and as it is done" \
  "$(json '[[any(c["field"] == "manifest_sha256" for c in r["changes"]) for r in d["records"]].count(done)
    for done in (False, True)]')" '[3, 3]'
unlike "no backup holds the master key" "$(grep -rl "$(cat "$data/master.key")" "$dir/backup" "$dir/backup.tar" || true)" backup

echo "# refusals"

http GET /breakwater/v1/backup/snapshot
is "nobody takes one without a credential" "$status" 401
restore "$dir/backup" source
ends "nothing is restored over a running server" 1
like "which is why" "$(cat "$dir/restored.err")" 'in use'
server_stop
restore "$dir/backup" source
ends "nor over an installation that is stopped" 1
like "because of what it holds" "$(cat "$dir/restored.err")" 'holds data already'
restore "$dir/backup" other
ends "nor without the master key" 1
like "which must be named" "$(cat "$dir/restored.err")" 'master-key-file'
python3 -c 'import secrets; print(secrets.token_hex(32))' > "$dir/wrong.key"
restore "$dir/backup" again --master-key-file "$dir/wrong.key"
ends "nor with another" 1
like "which it is not sealed with" "$(cat "$dir/restored.err")" 'another master key'
rm -rf "$dir/again"

echo "# restored into another data directory"

restore "$dir/backup" other --master-key-file "$dir/source/master.key"
ends "the latest backup of the directory is restored" 0
fsck_is_clean other
serve other
digests "$dir/digests.other"
holds "every digest is equal" diff "$dir/digests.source" "$dir/digests.other"
like "of many" "$(wc -l < "$dir/digests.other")" '^[1-9][0-9]+$'
expect 200 GET /breakwater/v1/audit/verification
is "the trail is whole" "$(json 'd["intact"]')" true
expect 200 GET "/breakwater/v1/audit/records?action=breakwater.backup.restore"
is "and says that it was restored" "$(json 'len(d["records"])')" 1
expect 200 GET /api/v1/settings
is "settings are what they were" "$(json 'd["platform_metrics"]')" true
holds "a push goes on as ever" put_image loaded/app0 later "pushed afterwards"
server_stop
restore "$dir/backup.tar" again --master-key-file "$dir/source/master.key"
ends "the file that was taken under load is restored" 0
fsck_is_clean again

echo "# damaged"

cp -r "$dir/backup" "$dir/damaged"
flip() { # FILE OFFSET
  python3 - "$1" "$2" << 'PY'
import sys
with open(sys.argv[1], "r+b") as file:
    file.seek(int(sys.argv[2]))
    byte = file.read(1)[0]
    file.seek(int(sys.argv[2]))
    file.write(bytes([byte ^ 1]))
PY
}
flip "$dir/damaged/blobs/sha256/${large:7:2}/${large:7}" 12345678
run verified backup verify "$dir/damaged"
ends "one byte of 20 million is enough" 1
like "for its file to be named" "$(cat "$dir/verified")" "damaged +blobs/sha256/${large:7}"
rows=$(cd "$dir/damaged/snapshots" && find . -path '*/rows/namespace/000000' | sort | tail -n 1)
flip "$dir/damaged/snapshots/$rows" 40
run verified backup verify "$dir/damaged"
like "a damaged row is found too" "$(cat "$dir/verified")" 'damaged +rows/namespace/000000'
is "both are counted" "$(tail -n 1 "$dir/verified")" '2 files are damaged'

echo "# rules and a restore"

serve other
public_url=$public
python3 - "$root/tests/data/seed-rule.json" "$account" > "$dir/rules.json" << 'PY'
import json, sys
rule = {"account_id": sys.argv[2], "name": "Private only", "description": "d",
        "enforcement_actions": [{"action": "disallow"}], **json.load(open(sys.argv[1]))}
print(json.dumps({"rules": [{"request_id": "seed", "rule": rule}]}))
PY
expect 201 POST /config/v1/rules "$(cat "$dir/rules.json")"
rule=$(json 'd["rules"][0]["rule"]["rule_id"]')
expect 201 POST "/config/v1/rules/$rule/attachments" "{\"attachments\":[{\"account_id\":\"$account\",\"included_scope\":{\"scope_id\":\"$account\",\"scope_type\":\"account\"}}]}"
public=$public_url
run rules config export --url "$public" --api-key-file "$dir/key"
ends "the rules are exported" 0
create "$dir/violating"
ends "a backup of what violates its own rule" 0
server_stop
restore "$dir/violating" violated --master-key-file "$dir/source/master.key"
ends "is not restored as if nothing were" 2
like "the rule is named" "$(cat "$dir/restored")" 'violated .*Private only'
like "and the registry, of two the one that it is about" "$(grep -c '^violated' "$dir/restored")" '^1$'
rc=0 ran=refused
timeout 20 "$bin" serve --config "$dir/violated.toml" --public 127.0.0.1:0 --private 127.0.0.1:0 \
  > "$dir/refused" 2> "$dir/refused.err" || rc=$?
ends "no server starts over it" 1
restore "$dir/violating" violated --accept-violations
ends "accepted, it is finished" 0
serve violated
expect 200 GET "/breakwater/v1/audit/records?action=breakwater.backup.restore"
like "which is recorded, with what was accepted" "$(json 'd["records"][-1]["changes"]')" 'Private only'
api PATCH /api/v1/auth '{"private_only": false}' -H 'Host: us.icr.io'
is "the rule goes on ruling" "$status" 403
server_stop

# The first backup is older than the rule, and would switch private_only off in passing.
restore "$dir/backup" older --master-key-file "$dir/source/master.key" --rules "$dir/rules"
ends "an old backup is judged by the rules of what it replaces" 2
like "one of which it violates" "$(cat "$dir/restored")" 'violated .*Private only'
restore "$dir/backup" older --rules "$dir/rules" --accept-violations
ends "accepted, it is finished" 0
serve older
api PATCH /api/v1/auth '{"private_only": false}' -H 'Host: us.icr.io'
is "and the younger rule rules" "$status" 403
api PATCH /api/v1/auth '{"private_only": false}' -H 'Host: de.icr.io'
is "in that registry alone" "$status" 204
server_stop

echo "# PostgreSQL and S3"

needs_services
scaled_stores
scaled_options "$dir/source/master.key" | config scaled
unset BREAKWATER_DATABASE_URL BREAKWATER_S3_ENDPOINT BREAKWATER_S3_REGION BREAKWATER_S3_BUCKET \
  BREAKWATER_S3_PREFIX BREAKWATER_S3_ACCESS_KEY BREAKWATER_S3_SECRET_KEY BREAKWATER_MASTER_KEY
restore "$dir/backup" scaled
ends "an embedded installation's backup is restored there" 0
fsck_is_clean scaled
serve scaled
digests "$dir/digests.scaled"
holds "with every digest equal" diff "$dir/digests.source" "$dir/digests.scaled"
load_start
create "$dir/scaled.backup"
ends "a backup is taken of it, under load" 0
load_stop
run verified backup verify "$dir/scaled.backup"
ends "it is whole" 0
digests "$dir/digests.scaled"
create "$dir/scaled.backup"
ends "and one more at rest" 0
server_stop
config home <<< "data = \"$dir/home\""
restore "$dir/scaled.backup" home --master-key-file "$dir/source/master.key"
ends "it comes back into a data directory" 0
fsck_is_clean home
serve home
digests "$dir/digests.home"
holds "with every digest equal there" diff "$dir/digests.scaled" "$dir/digests.home"
finish

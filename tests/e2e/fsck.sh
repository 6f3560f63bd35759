#!/usr/bin/env bash
# Damage of several kinds is found in a stopped installation, what can be repaired is, and a push
# brings back what cannot.

# shellcheck disable=SC2317  # some functions are called by name
# shellcheck source=tests/e2e/lib.sh
source "$(dirname "${BASH_SOURCE[0]}")/lib.sh"
[ "$stores" = embedded ] || skip "it damages files of a data directory"

# Restarted, it is the same registry on another port.
two_registries_by_address > "$dir/registries.toml"
serve() { server_start --config "$dir/registries.toml"; }

# check [ARGUMENTS…]: its exit status is `status`, its lines are in $dir/fsck.
check() {
  status=0
  "$bin" fsck --config "$dir/registries.toml" --data "$data" "$@" > "$dir/fsck" 2> "$dir/fsck.err" || status=$?
}
# finds FACT STATUS REGULAR-EXPRESSION [ARGUMENTS…]
finds() {
  local fact=$1 expected=$2 pattern=$3
  shift 3
  check "$@"
  is "$fact: exit status" "$status" "$expected"
  like "$fact" "$(cat "$dir/fsck")" "$pattern"
}
push() {
  layer=$(put_blob checked/app "$dir/large") && put_blob checked/app "$dir/config" > "$dir/ignored" &&
    http PUT /v2/checked/app/manifests/v1 "${auth[@]}" --data-binary "@$dir/manifest" \
      -H 'Content-Type: application/vnd.oci.image.manifest.v1+json' && [ "$status" = 201 ]
}
pulls() {
  curl -fsS "${auth[@]}" "$public/v2/checked/app/blobs/$layer" | cmp - "$dir/large"
}
sql() {
  python3 - "$data/breakwater.db" "$1" << 'PY'
import sqlite3, sys
database = sqlite3.connect(sys.argv[1])
changed = database.execute(sys.argv[2]).rowcount
database.commit()
sys.exit(0 if changed > 0 else 1)
PY
}

serve
expect 201 PUT /api/v1/namespaces/checked
head -c 3000000 /dev/urandom > "$dir/large"
printf '{"architecture":"amd64","os":"linux"}' > "$dir/config"
cat > "$dir/manifest" << MANIFEST
{"schemaVersion":2,"mediaType":"application/vnd.oci.image.manifest.v1+json","config":{"mediaType":"application/vnd.oci.image.config.v1+json","digest":"sha256:$(sha256_of "$dir/config")","size":$(stat -c %s "$dir/config")},"layers":[{"mediaType":"application/vnd.oci.image.layer.v1.tar","digest":"sha256:$(sha256_of "$dir/large")","size":3000000}]}
MANIFEST
holds "an image is pushed" push
hex=${layer#sha256:}
file=$data/blobs/sha256/${hex:0:2}/$hex

check
is "a data directory in use is refused" "$status" 3
like "and the message says why" "$(cat "$dir/fsck.err")" "in use|serves"
server_stop
finds "an installation that is whole" 0 'all is as it should be'

echo "# one bit"
chmod u+w "$file"
python3 - "$file" << 'PY'
import sys
with open(sys.argv[1], "r+b") as blob:
    blob.seek(1_000_000)
    octet = blob.read(1)[0]
    blob.seek(1_000_000)
    blob.write(bytes([octet ^ 16]))
PY
finds "sizes alone do not tell of it" 0 'all is as it should be' --quick
finds "a flipped bit is found, and the image it breaks" 2 "lost +blob_damaged $layer.*us.icr.io/checked/app:v1"
check --json
is "the same for programs" \
  "$(python3 -c 'import json, sys
lines = [json.loads(line) for line in open(sys.argv[1])]
print(lines[0]["problem"], lines[0]["outcome"], lines[-1]["summary"]["lost"])' "$dir/fsck")" \
  "blob_damaged lost 1"
finds "a repair takes it out of the way" 2 "lost +blob_damaged" --repair
serve
api HEAD "/v2/checked/app/blobs/$layer"
is "so that no client is told that it is there" "$status" 404
api GET /v2/checked/app/manifests/v1
is "while the manifest still is" "$status" 200
holds "the image is pushed again" push
holds "and pulled as it was" pulls
server_stop
finds "nothing is left to repair" 0 'all is as it should be'

echo "# what can be repaired"
stray=$(printf 'stray' | sha256sum | cut -d' ' -f1)
mkdir -p "$data/blobs/sha256/${stray:0:2}"
printf 'stray' > "$data/blobs/sha256/${stray:0:2}/$stray"
holds "a tag is made to name nothing" sql \
  "INSERT INTO tag (repository, name, digest, updated) SELECT id, 'v2', 'sha256:$stray', 0 FROM repository"
holds "a reference is lost" sql "DELETE FROM manifest_reference WHERE kind = 1"
finds "all three are found" 2 'manifest_rows_wrong.*bytes_unnamed.*tag_without_manifest.*checked/app:v2'
finds "and repaired" 1 '3 problems repaired, 0 that' --repair
finds "for good" 0 'all is as it should be'
fails "stray bytes are gone" test -e "$data/blobs/sha256/${stray:0:2}/$stray"

echo "# a manifest"
holds "a manifest is damaged" sql "UPDATE manifest SET content = x'7b7d'"
finds "it is found with its tag" 2 'lost +manifest_damaged.*checked/app:v1' --repair
serve
holds "it is pushed again" push
holds "and the image pulled" pulls
server_stop
finds "nothing is left" 0 'all is as it should be'

finish

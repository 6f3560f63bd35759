#!/usr/bin/env bash
# Reports of a real posture: each format is served, the machine-readable ones are valid against their
# published schemas (with npm's ajv; left out and counted where npm or ../shared is missing).

# shellcheck disable=SC2317  # functions that "eventually" and "holds" call
# shellcheck source=tests/e2e/lib.sh
source "$(dirname "${BASH_SOURCE[0]}")/lib.sh"

server_start --config "$root/examples/two-registries.toml"

expect 201 PUT /api/v1/namespaces/team
put_image team/app v1 "layer" > /dev/null
expect 201 POST /breakwater/v1/posture/attachments '{"scope_id": "1", "profile_id": "60"}'
attachment=$(json 'd["id"]')
evaluated() {
  api GET "/breakwater/v1/posture/attachments/$attachment/state"
  [ "$(json 'd["score"]["evaluated_goals"] > 10')" = true ]
}
holds "the attachment is evaluated" eventually 30 evaluated

report() { # report FORMAT: to FILE of that name
  curl -sS "${auth[@]}" -o "$dir/$1" -w '%{http_code} %{content_type}' \
    "$public/breakwater/v1/posture/attachments/$attachment/report?format=$1"
}
is "HTML is served" "$(report html)" "200 text/html; charset=utf-8"
like "with the profile's name" "$(cat "$dir/html")" 'Breakwater Registry Baseline'
unlike "and no script" "$(cat "$dir/html")" '<script'
is "PDF is served" "$(report pdf)" "200 application/pdf"
is "and is one" "$(head -c 5 "$dir/pdf")" "%PDF-"
is "CSV is served" "$(report csv)" "200 text/csv; charset=utf-8"
is "JSON is served" "$(report json)" "200 application/json"
is "SARIF is served" "$(report sarif)" "200 application/sarif+json"
for kind in catalog profile component-definition assessment-results assessment-plan poam; do
  is "OSCAL $kind is served" "$(report "oscal-$kind")" "200 application/json"
done
curl -sS "${auth[@]}" -o "$dir/bundle" "$public/breakwater/v1/posture/attachments/$attachment/evidence"
curl -sS "${auth[@]}" -o "$dir/key" "$public/breakwater/v1/audit/key"
like "evidence is verified without the server" "$("$bin" verify "$dir/bundle" --key "$dir/key")" \
  '^good: .*evaluated again: [0-9]{2,} results'
python3 - "$dir/bundle" "$dir/changed" << 'PY'
import base64, json, sys
envelope = json.load(open(sys.argv[1]))
payload = base64.b64decode(envelope["payload"]).replace(b'"status":"fail"', b'"status":"pass"', 1)
envelope["payload"] = base64.b64encode(payload).decode()
json.dump(envelope, open(sys.argv[2], "w"))
json.dump(json.loads(payload), open(sys.argv[1] + ".statement", "w"))
PY
changed() { "$bin" verify "$dir/changed" --key "$dir/key" 2>&1; }
like "a failure that is made a pass is found" "$(changed || true)" 'no signature is of this key'
# A report of a moment has a signature of its own.
api GET "/breakwater/v1/posture/attachments/$attachment/state"
moment=$(json 'd["at"]')
for format in html pdf csv oscal-poam; do
  report "$format&at=$moment" > /dev/null
  mv "$dir/$format&at=$moment" "$dir/signed.$format"
  curl -sS "${auth[@]}" -o "$dir/signature" \
    "$public/breakwater/v1/posture/attachments/$attachment/report/signature?format=$format&at=$moment"
  like "the signature of the $format report is good" \
    "$("$bin" verify "$dir/signature" --report "$dir/signed.$format" --key "$dir/key")" '^good: '
done
python3 - "$dir/signed.pdf" << 'PY'
import sys
data = bytearray(open(sys.argv[1], "rb").read())
data[len(data) // 2] ^= 1
open(sys.argv[1], "wb").write(data)
PY
report pdf > /dev/null
curl -sS "${auth[@]}" -o "$dir/signature" \
  "$public/breakwater/v1/posture/attachments/$attachment/report/signature?format=pdf&at=$moment"
altered() { "$bin" verify "$dir/signature" --report "$dir/signed.pdf" --key "$dir/key" 2>&1; }
like "one bit of a PDF that was changed is found" "$(altered || true)" 'not the one that was signed'
expect 400 GET "/breakwater/v1/posture/attachments/$attachment/report/signature?format=pdf"

# The same moment gives the same report, whoever looks again meanwhile.
report "csv&at=$moment" > /dev/null
mv "$dir/csv&at=$moment" "$dir/first.csv"
expect 201 POST /breakwater/v1/posture/attestations '{"goal_id": "3900402", "owner": "Ada",
  "statement": "Restored to staging", "expires_at": "'"$(date -u -d '+30 days' +%FT%TZ)"'"}'
attested() {
  api GET "/breakwater/v1/posture/attachments/$attachment/state"
  [ "$(json '[g["status"] for g in d["goals"] if g["id"] == "3900402"][0]')" = pass ]
}
holds "what is attested passes" eventually 30 attested
report "csv&at=$moment" > /dev/null
holds "a report of a moment stays as it was" cmp "$dir/first.csv" "$dir/csv&at=$moment"

# Against the audit trail.
curl -sS "${auth[@]}" -o "$dir/bundle" "$public/breakwater/v1/posture/attachments/$attachment/evidence"
against_trail() { # what was sealed since is exported too
  rm -rf "$dir/out"
  trail=$(BREAKWATER_API_KEY=$key "$bin" audit export --url "$public" --to "$dir/out")
  held=$("$bin" verify "$dir/bundle" --key "$dir/key" --trail "$trail" 2>&1)
}
eventually 15 against_trail || true
like "a bundle is held against the trail" "$held" 'audit trail: intact, with the head'
like "which has its attestation on record" "$held" '1 of 1 attestations and exceptions'
grep -v 'attestations-create' "$trail" > "$dir/cut" || true
cut_trail() { "$bin" verify "$dir/bundle" --key "$dir/key" --trail "$dir/cut" 2>&1; }
unlike "a trail that lacks it is no proof" "$(cut_trail || true)" '^good'

# Evidence that stays: an OCI artifact in the registry itself.
evidence=/breakwater/v1/posture/attachments/$attachment
expect 404 POST "$evidence/evidence" '{"repository": "nowhere/evidence"}'
expect 400 POST "$evidence/evidence" '{}'
expect 201 POST "$evidence/evidence" "{\"repository\": \"team/evidence\", \"at\": \"$moment\"}"
tag=$(json 'd["tag"]')
digest=$(json 'd["digest"]')
expect 201 POST "$evidence/evidence" "{\"repository\": \"team/evidence\", \"at\": \"$moment\"}"
is "what is kept of a moment stays as it is" "$(json 'd["digest"]')" "$digest"
pull() { # pull TAG: the bundle of a kept artifact, to FILE
  curl -sS "${auth[@]}" -o "$dir/manifest" "$public/v2/team/evidence/manifests/$1"
  layer=$(python3 -c 'import json, sys; print(json.load(open(sys.argv[1]))["layers"][0]["digest"])' "$dir/manifest")
  curl -sSL "${auth[@]}" -o "$dir/kept" "$public/v2/team/evidence/blobs/$layer"
}
pull "$tag"
is "the artifact is what was said" "sha256:$(sha256sum "$dir/manifest" | cut -d ' ' -f 1)" "$digest"
like "it is named as evidence" "$(cat "$dir/manifest")" 'application/vnd.breakwater.posture.evidence.v1'
like "what is pulled is verified" "$("$bin" verify "$dir/kept" --key "$dir/key")" '^good: '
like "and is of the moment" "$("$bin" verify "$dir/kept" --key "$dir/key")" "as of: $moment"
expect 200 PUT "$evidence/evidence-repository" '{"repository": "team/evidence"}'
expect 202 POST /posture/v2/scans/validations '{"scope_id": "1", "profile_id": "60"}'
both_kept() {
  api GET "$evidence/kept-evidence"
  [ "$(json 'len([k for k in d["evidence"] if k["digest"]])')" = 2 ]
}
holds "a scan's bundle is kept by itself" eventually 30 both_kept
pull "$(json 'd["evidence"][0]["tag"]')"
like "and is verified" "$("$bin" verify "$dir/kept" --key "$dir/key")" '^good: '
is "all that was kept is there" "$(json 'all(k["present"] for k in d["evidence"])')" true
expect 200 DELETE "/api/v1/images/us.icr.io%2Fteam%2Fevidence%40$digest"
api GET "$evidence/kept-evidence"
is "what was deleted is told" "$(json '[k["present"] for k in d["evidence"]]')" '[true, false]'
expect 200 PUT "$evidence/evidence-repository" '{"repository": null}'
api GET "$evidence"
is "or no longer" "$(json 'd["evidence_repository"]')" null

expect 400 GET "/breakwater/v1/posture/attachments/$attachment/report?format=docx"
expect 404 GET "/breakwater/v1/posture/attachments/99/report"

schemas=${BREAKWATER_SHARED:-}/data/schemas
if [ ! -d "$schemas" ]; then
  left_out "schemas: ../shared is not there"
elif ! (mkdir "$dir/node" && cd "$dir/node" &&
  npm install --no-save --no-progress ajv@8 ajv-draft-04@1 ajv-formats@3 > "$dir/npm" 2>&1); then
  left_out "schemas: npm cannot install ajv: $(tail -n 1 "$dir/npm")"
else
  cat > "$dir/node/validate.cjs" << 'JS'
const fs = require('fs');
const formats = require('ajv-formats').default;
const [schema, document] = process.argv.slice(2).map((f) => JSON.parse(fs.readFileSync(f, 'utf8')));
const draft04 = (schema.$schema || '').includes('draft-04');
const Ajv = require(draft04 ? 'ajv-draft-04' : 'ajv').default;
const ajv = new Ajv({strict: false, unicodeRegExp: true, allErrors: true});
formats(ajv);
const validate = ajv.compile(schema);
if (!validate(document)) {
  console.log(JSON.stringify(validate.errors.slice(0, 5), null, 1));
  process.exit(1);
}
JS
  valid() { # valid SCHEMA FILE
    (cd "$dir/node" && node validate.cjs "$schemas/$1" "$dir/$2")
  }
  for version in v1.1.3 v1.2.2; do
    schema=$(cd "$schemas" && echo oscal/$version/*.json)
    for kind in catalog profile component-definition assessment-results assessment-plan poam; do
      report "oscal-$kind&oscal_version=${version#v}" > /dev/null
      mv "$dir/oscal-$kind&oscal_version=${version#v}" "$dir/$kind-$version"
      holds "OSCAL $kind is valid by $version" valid "$schema" "$kind-$version"
    done
  done
  schema=$(cd "$schemas" && find sarif -name '*2.1.0*' ! -name '*external*' | head -n 1)
  holds "SARIF is valid" valid "$schema" sarif
  holds "the DSSE envelope is valid" valid in-toto/own_dsse-envelope.schema.json bundle
  holds "the in-toto statement is valid" valid in-toto/own_statement-v1.schema.json bundle.statement
fi

finish

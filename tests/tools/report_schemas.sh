#!/usr/bin/env bash
# Reports of posture hold against the published schemas of SARIF and OSCAL, by ajv (npm), which is
# none of ours: a realistic one, one of hostile texts, one without a failure, one without a goal.

# shellcheck source=tests/e2e/lib.sh
source "$(dirname "${BASH_SOURCE[0]}")/../e2e/lib.sh"
needs node npm
schemas=${BREAKWATER_SHARED:+$BREAKWATER_SHARED/data/schemas}
[ -d "$schemas" ] || skip "there are no schemas here: BREAKWATER_SHARED does not name their folder"
samples=$(dirname "$bin")/src/report/bw_report_samples
[ -x "$samples" ] || samples=$root/build/dev/src/report/bw_report_samples
[ -x "$samples" ] || skip "bw_report_samples is not built"

cp -r "$root/tests/tools/schemas" "$dir/schemas"
(cd "$dir/schemas" && npm ci --no-progress > "$dir/npm" 2>&1) ||
  skip "npm cannot install ajv: $(tail -n 1 "$dir/npm")"

mkdir "$dir/reports"
"$samples" "$dir/reports"

# holds WHAT SCHEMA COUNT FILE…: as many files as that, and all valid.
holds() {
  local what=$1 schema=$2 count=$3
  shift 3
  if [ $# = "$count" ] && node "$dir/schemas/validate.mjs" "$schemas/$schema" "$@" > "$dir/output"; then
    ok "$count $what are valid"
  else
    not_ok "$count $what are valid; there are $#" "$(grep -v '^valid ' "$dir/output")"
  fi
}

cd "$dir/reports"
holds "SARIF reports" sarif/sarif-schema-2.1.0.json 8 ./*.sarif
for model in catalog profile component-definition assessment-plan assessment-results poam; do
  holds "OSCAL 1.2.2 documents ($model)" oscal/v1.2.2/oscal_complete_schema.json 4 ./*-1.2.2.oscal-"$model"
  for file in ./*-1.2.2.oscal-"$model"; do mv "$file" "./newer-${file#./}.json"; done
  holds "OSCAL 1.1.3 documents ($model)" oscal/v1.1.3/oscal_complete_schema.json 4 ./*.oscal-"$model"
done

jq 'del(."assessment-results".results)' realistic.oscal-assessment-results > broken.json
if node "$dir/schemas/validate.mjs" "$schemas/oscal/v1.1.3/oscal_complete_schema.json" broken.json > "$dir/output"; then
  not_ok "a document without results is refused" "$(cat "$dir/output")"
else
  ok "a document without results is refused"
fi

finish

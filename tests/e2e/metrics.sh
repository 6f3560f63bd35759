#!/usr/bin/env bash
# The operators' endpoints: probes, metrics, the description of the API.

# shellcheck source=tests/e2e/lib.sh
source "$(dirname "${BASH_SOURCE[0]}")/lib.sh"
needs promtool

server_start --config "$root/examples/two-registries.toml"

http GET /livez
is "/livez answers 200 without a credential" "$status" 200
http GET /readyz
is "/readyz answers 200 without a credential" "$status" 200
http GET "$private/readyz"
is "so does the private listener's" "$status" 200

# Traffic of every kind, so that there is something to measure.
expect 201 PUT /api/v1/namespaces/measured
expect 204 PATCH /api/v1/settings '{"platform_metrics": true}'
holds "an image can be pushed" put_image measured/app v1 "some content"
api GET /v2/measured/app/manifests/v1
api GET /v2/measured/app/manifests/absent
api GET /nothing/here

check_metrics() {
  http GET "$1/metrics"
  is "$2 answers 200" "$status" 200
  like "$2 is in the text format" "$(header Content-Type)" '^text/plain'
  if promtool check metrics < "$body" > "$dir/promtool" 2>&1; then
    if [ -s "$dir/promtool" ]; then
      not_ok "promtool has nothing to say on $2" "$(cat "$dir/promtool")"
    else
      ok "promtool has nothing to say on $2"
    fi
  else
    not_ok "$2 passes promtool check metrics" "$(cat "$dir/promtool")"
  fi
}
check_metrics "$public" "/metrics"
check_metrics "$private" "the private listener's /metrics"

names=$(sed -n 's/^# TYPE \([^ ]*\) .*/\1/p' "$body" | paste -sd ' ')
like "requests are timed by operation" "$(grep -c '^breakwater_http_request_duration_seconds_count{' "$body")" \
  '^[1-9]'
like "there are series of more than one part: $names" "$(wc -w <<< "$names")" '^([3-9]|[1-9][0-9]+)$'
unlike "no credential is on /metrics" "$(cat "$body")" "$key"

http GET /openapi.json
is "/openapi.json answers 200" "$status" 200
like "it is OpenAPI 3" "$(json 'd["openapi"]')" '^3\.'
undescribed=$(json '[p for p in ("/v2", "/api/v1/auth", "/config/v1/rules", "/identity/token",
  "/posture/v2/scans/validations", "/breakwater/v1/audit/records") if not {p, p + "/"} & set(d["paths"])]')
is "it describes every face" "$undescribed" '[]'
twice=$(json 'sorted({o for ops in [[m["operationId"] for p in d["paths"].values() for m in p.values()
  if "operationId" in m]] for o in ops if ops.count(o) > 1})')
is "each operation has a name of its own" "$twice" '[]'

finish

#!/usr/bin/env bash
# The operators' endpoints: probes, metrics, the description of the API.

# shellcheck disable=SC2317  # some functions are called by name
# shellcheck source=tests/e2e/lib.sh
source "$(dirname "${BASH_SOURCE[0]}")/lib.sh"
needs promtool

# With a destination of the audit trail, which has series of its own.
mkdir "$dir/sinks"
cat "$root/examples/two-registries.toml" - > "$dir/server.toml" << TOML

[[audit_sink]]
kind = "file"
name = "disk"
directory = "$dir/sinks"
TOML
server_start --config "$dir/server.toml"

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

# Pulls count, and quotas have series where they are finite.
http GET "/v2/measured/app/blobs/$layer_digest" "${auth[@]}"
expect 200 GET /api/v1/quotas
stored=$(json 'd["usage"]["storage_bytes"]')
pulled=$(json 'd["usage"]["traffic_bytes"]')
sample() {
  curl -sS "$public/metrics" |
    awk -v name="$1{" 'index($0, name) == 1 { print $NF + 0; found = 1 } END { if (!found) print "none" }'
}
traffic_is_written() { [ "$(sample ibm_containerregistry_pull_traffic)" = "$pulled" ]; }
is "storage is as the API says" "$(sample ibm_containerregistry_storage)" "$stored"
holds "pulled bytes are, at most a second later" eventually 20 traffic_is_written
is "a quota that is unlimited has no series" "$(sample ibm_containerregistry_storage_quota)" none
expect 200 PATCH /api/v1/quotas '{"storage_megabytes": 1, "traffic_megabytes": 2}'
is "a finite quota of storage has" "$(sample ibm_containerregistry_storage_quota)" 1048576
is "and so has one of traffic" "$(sample ibm_containerregistry_pull_traffic_quota)" 2097152
series=$(curl -sS "$public/metrics" | grep '^ibm_containerregistry_storage{')
is "with the reference's labels" "${series% *}" "ibm_containerregistry_storage{ibm_ctype=\"public\",ibm_location=\"us-south\",ibm_service_name=\"container-registry\",ibm_scope=\"$account\"}"
namespace_is_counted() { [ "$(sample breakwater_namespace_storage_bytes)" = "$stored" ]; }
holds "a namespace has series of its own" eventually 20 namespace_is_counted
expect 204 PATCH /api/v1/settings '{"platform_metrics": false}'
is "an account has no series once it turns them off" "$(sample ibm_containerregistry_storage)" none
expect 204 PATCH /api/v1/settings '{"platform_metrics": true}'

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

# What operators get ready-made names only what there is.
measured() { http GET /metrics && grep -q '^breakwater_storage_bytes{' "$body"; }
holds "storage by state is measured" eventually 60 measured
monitoring=$root/content/monitoring
unknown=$(python3 - "$body" "$monitoring"/*.dashboard.json "$monitoring/alerts.rules.yml" << 'PY'
import json, re, sys

present = set()
for line in open(sys.argv[1], encoding="utf-8"):
    if line.strip() and not line.startswith("#"):
        present.add(re.match(r"[a-zA-Z_:][a-zA-Z0-9_:]*", line).group())
asked = set()
for path in sys.argv[2:]:
    text = open(path, encoding="utf-8").read()
    if path.endswith(".json"):
        panels = json.loads(text)["panels"]
        text = "\n".join(t["expr"] for p in panels for t in p["targets"])
    asked |= set(re.findall(r"\b(?:breakwater|ibm_containerregistry)_[a-z0-9_]+", text))
print(sorted(asked - present) if len(asked) > 10 else f"only {len(asked)} series are asked for")
PY
)
is "dashboards and alert rules name only series that are on /metrics" "$unknown" '[]'
holds "promtool understands the alert rules" promtool check rules "$monitoring/alerts.rules.yml"
holds "and finds that they fire when they should" promtool test rules "$monitoring/alerts.test.yml"
# shellcheck disable=SC2016  # Grafana's variables
queries=$(python3 -c '
import json, sys
for path in sys.argv[1:]:
    for panel in json.load(open(path))["panels"]:
        for target in panel["targets"]:
            print(target["expr"].replace("$account", ".*").replace("$location", ".*"))
' "$monitoring"/*.dashboard.json)
{ printf 'groups:\n  - name: dashboards\n    rules:\n' && nl -ba -w1 -s' ' <<< "$queries" |
  while read -r number query; do
    printf "      - record: dashboard:query%s\n        expr: '%s'\n" "$number" "$query"
  done; } > "$dir/dashboards.rules.yml"
holds "and every query of the dashboards" promtool check rules "$dir/dashboards.rules.yml"

http GET /openapi.json
is "/openapi.json answers 200" "$status" 200
like "it is OpenAPI 3" "$(json 'd["openapi"]')" '^3\.'
undescribed=$(json '[p for p in ("/v2", "/api/v1/auth", "/config/v1/rules", "/identity/token",
  "/posture/v2/scans/validations", "/breakwater/v1/audit/records") if not {p, p + "/"} & set(d["paths"])]')
is "it describes every face" "$undescribed" '[]'
twice=$(json 'sorted({o for ops in [[m["operationId"] for p in d["paths"].values() for m in p.values()
  if "operationId" in m]] for o in ops if ops.count(o) > 1})')
is "each operation has a name of its own" "$twice" '[]'

# Operators may keep them to themselves.
server_stop
token=$(python3 -c 'import secrets; print(secrets.token_urlsafe(24))')
BREAKWATER_METRICS_TOKEN=$token server_start --config "$dir/server.toml" --metrics-private-only true
http GET /metrics -H "Authorization: Bearer $token"
is "metrics.private_only keeps /metrics from the public listener" "$status" 403
http GET "$private/metrics"
is "metrics.token keeps it from who has no token" "$status" 401
http GET "$private/metrics" -H "Authorization: Bearer $token"
is "who has it scrapes the private listener" "$status" 200
http GET /readyz
is "probes ask for nothing" "$status" 200

finish

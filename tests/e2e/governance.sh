#!/usr/bin/env bash
# Rules beyond refusing: they warn, wait for their day, are lifted for a reason, contradict each
# other, are simulated, repaired and inherited; and templates, through their whole life.

# shellcheck disable=SC2317  # some functions are called by name
# shellcheck source=tests/e2e/lib.sh
source "$(dirname "${BASH_SOURCE[0]}")/lib.sh"

us=(-H "Host: us.icr.io") de=(-H "Host: de.icr.io")
server_start --config "$root/examples/two-registries.toml"
governance=/breakwater/v1/governance

# rule MEMBERS: makes a rule on private_only and attaches it; sets `rule`.
rule() {
  expect 201 POST /config/v1/rules "{\"rules\": [{\"rule\": {\"account_id\": \"$account\", \"name\": \"private\",
    \"description\": \"Private endpoints only\",
    \"target\": {\"service_name\": \"container-registry\", \"resource_kind\": \"service\",
      \"additional_target_attributes\": [{\"name\": \"registry\", \"operator\": \"string_equals\", \"value\": \"us.icr.io\"}]},
    \"required_config\": {\"property\": \"private_only\", \"operator\": \"is_true\"}, $1}}]}"
  rule=$(json 'd["rules"][0]["rule"]["rule_id"]')
  attach "$rule"
  is "the rule is attached" "$status" 201
}
attach() {
  api POST "/config/v1/rules/$1/attachments" "{\"attachments\": [{\"account_id\": \"$account\",
    \"included_scope\": {\"scope_id\": \"$account\", \"scope_type\": \"account\"}, \"excluded_scopes\": []}]}"
}
disallow='"enforcement_actions": [{"action": "disallow"}]'

echo "# warn"

expect 204 PATCH /api/v1/auth '{"private_only": true}' "${us[@]}"
rule '"enforcement_actions": [{"action": "warn"}]'
api PATCH /api/v1/auth '{"private_only": false}' "${us[@]}"
is "a rule that warns lets the change happen" "$status" 204
like "and the answer says what is violated" "$(header Breakwater-Warning)" \
  "'private' .*is violated: private_only is false"
expect 204 DELETE "/config/v1/rules/$rule"

echo "# simulation"

simulate() {
  expect 200 POST "$governance/simulate" "{\"rule\": {\"name\": \"what if\", \"description\": \"what if\",
    \"target\": {\"service_name\": \"container-registry\", \"resource_kind\": \"service\"},
    \"required_config\": {\"property\": \"private_only\", \"operator\": \"is_true\"}, $disallow}}"
}
simulate
is "a rule that is not there yet is replayed over what was changed" \
  "$(json '[d["history"][n] for n in ("decisions", "refused", "unable")]')" '[2, 1, 0]'
is "and says which change it would have refused" \
  "$(json '[c["action"] for c in d["history"]["not_compliant"]]')" '["container-registry.auth.set"]'
is "and who would have been hit" "$(json 'list(d["history"]["refused_by_initiator"].values())')" '[1]'
is "and which registries fail today" "$(json 'd["present"]["resources"], d["present"]["failing"]')" '[2, 2]'

echo "# stages"

rule "$disallow, \"enforced_from\": \"2999-01-01T00:00:00Z\""
api PATCH /api/v1/auth '{"private_only": false}' "${us[@]}"
is "a rule whose day has not come only observes" "$status" 204
expect 204 DELETE "/config/v1/rules/$rule"
rule "$disallow, \"enforced_from\": \"2020-01-01T00:00:00Z\""
api PATCH /api/v1/auth '{"private_only": false}' "${us[@]}"
is "one whose day has come refuses" "$status" 403

echo "# contradictions"

expect 201 POST /config/v1/rules "{\"rules\": [{\"rule\": {\"account_id\": \"$account\", \"name\": \"opposite\",
  \"description\": \"The opposite\", \"target\": {\"service_name\": \"container-registry\", \"resource_kind\": \"service\"},
  \"required_config\": {\"property\": \"private_only\", \"operator\": \"is_false\"}, $disallow}}]}"
opposite=$(json 'd["rules"][0]["rule"]["rule_id"]')
attach "$opposite"
is "a rule that contradicts an attached one is not attached" "$status" 409
is "with its reason" "$(json 'd["errors"][0]["code"]')" rule_contradiction
like "naming the other one" "$(json 'd["errors"][0]["message"]')" "$rule"
expect 204 DELETE "/config/v1/rules/$opposite"

echo "# break-glass"

api POST "$governance/break-glass" '{"reason": "because"}'
is "the glass is not broken without a reason" "$status" 400
expect 201 POST "$governance/break-glass" \
  "{\"reason\": \"the private network is down\", \"minutes\": 30, \"rules\": [\"$rule\"]}"
glass=$(json 'd["id"]')
api PATCH /api/v1/auth '{"private_only": false}' "${us[@]}"
is "while it is open the rule refuses nothing" "$status" 204
expect 200 GET "/breakwater/v1/audit/records?action=container-registry.auth.set&outcome=success&limit=1000"
is "what it would have refused is recorded as critical" \
  "$(json '[(r["severity"], v["consequence"]) for r in d["records"] for j in r["judgement"] for v in j["rules"]][-1]')" \
  '["critical", "lifted"]'
expect 200 GET "$governance/break-glass"
is "it is visible while it is open" "$(json '[(g["reason"], g["open"]) for g in d["break_glass"]]')" \
  '[["the private network is down", true]]'
expect 200 DELETE "$governance/break-glass/$glass"
api PATCH /api/v1/auth '{"private_only": false}' "${us[@]}"
is "closed, the rule refuses again" "$status" 403

echo "# repair"

expect 200 GET "/config/v1/results?account_id=$account&rule_id=$rule"
crn=$(json 'd["results"][0]["resource"]')
ask="\"rule_id\": \"$rule\", \"resource\": \"$crn\""
expect 200 POST "$governance/repairs" "{$ask}"
is "what would cure a violation is shown" \
  "$(json '[(s["property"], s["now"], s["wanted"]) for s in d["steps"]]')" '[["private_only", false, true]]'
is "and not done" "$(json 'd["applied"]')" false
api POST "$governance/repairs" "{$ask, \"apply\": [{\"property\": \"private_only\", \"wanted\": false}]}"
is "what was not shown is not done" "$(json 'd["errors"][0]["code"]')" plan_changed
expect 200 POST "$governance/repairs" "{$ask, \"apply\": [{\"property\": \"private_only\", \"wanted\": true}]}"
expect 200 GET /api/v1/auth "${us[@]}"
is "what was shown is done" "$(json 'd["private_only"]')" true
expect 200 POST "$governance/evaluate"
is "evaluated on demand, all is well" "$(json 'd["results"]["compliant"], d["results"]["not_compliant"]')" '[1, 0]'

echo "# templates"

template="\"account_id\": \"$account\", \"name\": \"immutable\", \"description\": \"Versions stay\",
  \"target\": {\"service_name\": \"container-registry\", \"resource_kind\": \"namespace\"}"
expect 201 POST /config/v1/templates "{\"templates\": [{\"request_id\": \"t\", \"template\": {$template,
  \"customized_defaults\": [{\"property\": \"tag_immutability\", \"value\": [\"v*\"]}]}}]}"
id=$(json 'd["templates"][0]["template"]["template_id"]')
like "a template has an id" "$id" '^template-'
api POST /config/v1/templates "{\"templates\": [{\"template\": {$template, \"customized_defaults\": []}}]}"
is "one that says nothing fails as an item" "$status" 207
is "with its code" "$(json 'd["templates"][0]["errors"][0]["code"]')" template_error
api POST /config/v1/templates "{\"templates\": [{\"template\": {$template,
  \"customized_defaults\": [{\"property\": \"tag_immutability\", \"value\": [\"v 1\"]}]}}]}"
is "one with a pattern that no namespace could begin with fails, too" "$status" 207
like "naming the place" "$(json 'd["templates"][0]["errors"][0]["message"]')" \
  '^customized_defaults\[0\]\.value: '
expect 201 POST "/config/v1/templates/$id/attachments" "{\"attachments\": [{\"account_id\": \"$account\",
  \"included_scope\": {\"scope_id\": \"$account\", \"scope_type\": \"account\"}}]}"
attachment=$(json 'd["attachments"][0]["attachment_id"]')
is "its attachment names it" "$(json 'd["attachments"][0]["template_id"]')" "$id"
expect 201 PUT /api/v1/namespaces/templated "${us[@]}"
expect 200 GET /breakwater/v1/namespaces/templated/tag-immutability "${us[@]}"
is "a new namespace starts with what it says" "$(json 'd["immutable"]')" '["v*"]'
expect 200 GET "/config/v1/templates/$id"
tag=$(header ETag)
api PUT "/config/v1/templates/$id" "{$template, \"customized_defaults\": [{\"property\": \"tag_immutability\", \"value\": [\"r*\"]}]}" \
  -H 'If-Match: "old"'
is "a stale If-Match is 400, as in the reference system" "$status" 400
expect 200 PUT "/config/v1/templates/$id" "{$template, \"customized_defaults\": [{\"property\": \"tag_immutability\", \"value\": [\"r*\"]}]}" \
  -H "If-Match: $tag"
expect 200 GET "/config/v1/templates?account_id=$account&attached=true"
is "it is listed" "$(json '[t["customized_defaults"][0]["value"] for t in d["templates"]]')" '[["r*"]]'
expect 204 DELETE "/config/v1/templates/$id/attachments/$attachment"
expect 204 DELETE "/config/v1/templates/$id"
api GET "/config/v1/templates/$id"
is "deleted, it is not found" "$status" 404

echo "# images as they are pushed"

expect 201 PUT /api/v1/namespaces/ruled "${de[@]}"
expect 201 POST /config/v1/rules "{\"rules\": [{\"rule\": {\"account_id\": \"$account\", \"name\": \"sources are named\",
  \"description\": \"Images name their source\",
  \"target\": {\"service_name\": \"container-registry\", \"resource_kind\": \"image\"},
  \"required_config\": {\"property\": \"label_names\", \"operator\": \"strings_required\",
    \"value\": [\"org.opencontainers.image.source\"]}, $disallow}}]}"
images=$(json 'd["rules"][0]["rule"]["rule_id"]')
attach "$images"
is "a rule about images is attached" "$status" 201
# push_labelled LABELS [TAG]: an image with these labels; `status` is its manifest's.
push_labelled() {
  local layer config
  printf 'layer' > "$dir/layer"
  printf '{"os":"linux","architecture":"amd64","config":{"Labels":%s}}' "$1" > "$dir/config"
  layer=$(put_blob ruled/app "$dir/layer" "${de[@]}")
  config=$(put_blob ruled/app "$dir/config" "${de[@]}")
  printf '{"schemaVersion":2,"mediaType":"application/vnd.oci.image.manifest.v1+json","config":{"mediaType":"application/vnd.oci.image.config.v1+json","digest":"%s","size":%s},"layers":[{"mediaType":"application/vnd.oci.image.layer.v1.tar","digest":"%s","size":%s}]}' \
    "$config" "$(stat -c %s "$dir/config")" "$layer" "$(stat -c %s "$dir/layer")" > "$dir/manifest"
  http PUT "/v2/ruled/app/manifests/${2:-1}" "${auth[@]}" "${de[@]}" --data-binary "@$dir/manifest" \
    -H 'Content-Type: application/vnd.oci.image.manifest.v1+json'
}
push_labelled '{}'
is "a push without the label is refused" "$status" 403
like "in the protocol's form, naming the rule" "$(json 'd["errors"][0]["message"]')" "'sources are named'.*label_names"
push_labelled '{"org.opencontainers.image.source": "https://example.com/app"}'
is "one with it is not" "$status" 201
push_labelled '{"org.opencontainers.image.source": ["https://example.com/app"]}'
is "one whose labels nobody can read alike is refused" "$status" 403
like "as one that cannot be judged" "$(json 'd["errors"][0]["message"]')" "cannot be judged"
expect 204 DELETE "/config/v1/rules/$images"
push_labelled '{}'
is "without the rule anything is pushed" "$status" 201

echo "# repositories as they are pushed to"

expect 201 POST /config/v1/rules "{\"rules\": [{\"rule\": {\"account_id\": \"$account\", \"name\": \"one tag\",
  \"description\": \"Repositories have one tag\",
  \"target\": {\"service_name\": \"container-registry\", \"resource_kind\": \"repository\"},
  \"required_config\": {\"property\": \"tags\", \"operator\": \"num_less_than_equals\", \"value\": 1}, $disallow}}]}"
repositories=$(json 'd["rules"][0]["rule"]["rule_id"]')
attach "$repositories"
is "a rule about repositories is attached" "$status" 201
push_labelled '{"a": "b"}' 2
is "a push that leaves a second tag is refused" "$status" 403
like "naming the rule and what it asks for" "$(json 'd["errors"][0]["message"]')" "'one tag'.*tags"
push_labelled '{"a": "b"}'
is "one under the tag that is there is not" "$status" 201
expect 204 DELETE "/config/v1/rules/$repositories"

echo "# the tree"

expect 200 GET /breakwater/v1/whoami
owner=$(json 'd["iam_id"]')
expect 202 POST /breakwater/v1/enterprises "{\"source_account_id\": \"$account\", \"name\": \"Harbour\",
  \"primary_contact_iam_id\": \"$owner\"}"
enterprise=$(json 'd["enterprise_id"]')
expect 202 POST /breakwater/v1/accounts "{\"parent\": \"crn:v1:bluemix:public:enterprise::a/$account::enterprise:$enterprise\",
  \"name\": \"Pier\", \"owner_iam_id\": \"$owner\", \"options\": {\"create_iam_service_id_with_apikey_and_owner_policies\": true}}"
pier=$(json 'd["account_id"]') pier_key=$(json 'd["iam_apikey"]')
expect 201 POST "/config/v1/rules/$rule/attachments" "{\"attachments\": [{\"account_id\": \"$account\",
  \"included_scope\": {\"scope_id\": \"$enterprise\", \"scope_type\": \"enterprise\"}}]}"
below=(-u "iamapikey:$pier_key")
json_type=(-H 'Content-Type: application/json')
http PATCH /api/v1/settings "${below[@]}" "${us[@]}" "${json_type[@]}" --data-binary '{"platform_metrics": true}'
is "a rule attached to the enterprise is enforced in an account below" "$status" 403
like "naming itself" "$(json 'd["message"]')" "$rule"
http PATCH /api/v1/auth "${below[@]}" "${us[@]}" "${json_type[@]}" --data-binary '{"private_only": true}'
is "what complies is allowed there" "$status" 204
seen_above() {
  api GET "/config/v1/results?account_id=$account&rule_id=$rule"
  [ "$(json "sorted((r['account_id'] == '$pier', r['status']) for r in d['results'])")" = \
    '[[false, "compliant"], [true, "compliant"]]' ]
}
holds "the results of the account below are seen above" eventually 20 seen_above
quay="{\"parent\": \"crn:v1:bluemix:public:enterprise::a/$account::enterprise:$enterprise\",
  \"name\": \"Quay\", \"owner_iam_id\": \"$owner\", \"options\": {\"create_iam_service_id_with_apikey_and_owner_policies\": true}}"
api POST /breakwater/v1/accounts "$quay"
is "an account that would violate it from the first is not made" "$status" 403
expect 201 POST /config/v1/templates "{\"templates\": [{\"template\": {\"account_id\": \"$account\", \"name\": \"private\",
  \"description\": \"New registries\",
  \"target\": {\"service_name\": \"container-registry\", \"resource_kind\": \"service\"},
  \"customized_defaults\": [{\"property\": \"private_only\", \"value\": true}]}}]}"
expect 201 POST "/config/v1/templates/$(json 'd["templates"][0]["template"]["template_id"]')/attachments" \
  "{\"attachments\": [{\"account_id\": \"$account\",
    \"included_scope\": {\"scope_id\": \"$enterprise\", \"scope_type\": \"enterprise\"}}]}"
expect 202 POST /breakwater/v1/accounts "$quay"
quay_key=$(json 'd["iam_apikey"]')
http GET /api/v1/auth -u "iamapikey:$quay_key" "${us[@]}"
is "by a template its registries begin as they must be" "$(json 'd["private_only"]')" true

finish

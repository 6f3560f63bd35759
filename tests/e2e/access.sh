#!/usr/bin/env bash
# Who may do what, and why: explain, who-can, and what a refusal tells.

# shellcheck disable=SC2317  # some functions are called by name
# shellcheck source=tests/e2e/lib.sh
source "$(dirname "${BASH_SOURCE[0]}")/lib.sh"

server_start --config "$root/examples/two-registries.toml"
expect 201 PUT /api/v1/namespaces/team-a
expect 200 GET /breakwater/v1/whoami
owner=$(json 'd["iam_id"]')
expect 201 POST /iam/v1/serviceids/ "{\"account_id\": \"$account\", \"name\": \"ci\", \"apikey\": {\"name\": \"k\"}}"
robot=$(json 'd["iam_id"]') robot_key=$(json 'd["apikey"]["apikey"]')

# policy NAMESPACE: the robot may read it; gives the policy's id.
policy() {
  expect 201 POST /iam/v2/policies "{\"type\": \"access\",
    \"subject\": {\"attributes\": [{\"key\": \"iam_id\", \"operator\": \"stringEquals\", \"value\": \"$robot\"}]},
    \"control\": {\"grant\": {\"roles\": [{\"role_id\": \"crn:v1:bluemix:public:iam::::serviceRole:Reader\"}]}},
    \"resource\": {\"attributes\": [{\"key\": \"accountId\", \"operator\": \"stringEquals\", \"value\": \"$account\"},
      {\"key\": \"serviceName\", \"operator\": \"stringEquals\", \"value\": \"container-registry\"},
      {\"key\": \"resource\", \"operator\": \"stringEquals\", \"value\": \"$1\"}]}}"
  made=$(json 'd["id"]')
}
explain="/breakwater/v1/access/explain?action=container-registry.image"

policy elsewhere
like "a policy that matches nothing is made with a warning" "$(header Breakwater-Policy-Warning)" \
  "there is no namespace of this name yet"

expect 200 GET "$explain.pull&resource=team-a/app&iam_id=$robot"
is "it does not give what it is not about" "$(json 'd["allowed"]')" false
is "and is the nearest" "$(json 'd["policies"][0]["policy"]')" "$made"
like "with what would have to change" "$(json 'd["would_have_to_change"][0]')" "resource must be so"

policy team-a
expect 200 GET "$explain.pull&resource=team-a/app&iam_id=$robot"
is "a policy that gives it is named" \
  "$(json 'd["allowed"], d["layer"], d["policies"][0]["policy"], d["policies"][0]["role"]')" \
  "[true, \"policy\", \"$made\", \"Reader\"]"
expect 200 GET "$explain.push&resource=team-a/app"
is "the owner may, as such" "$(json 'd["allowed"], d["layer"], d["iam_id"]')" "[true, \"owner\", \"$owner\"]"

expect 200 GET "/breakwater/v1/access/who-can?action=container-registry.image.pull&resource=team-a"
is "who may is listed with the path" \
  "$(json 'sorted((i["iam_id"], i["paths"][0]["kind"]) for i in d["identities"])')" \
  "[[\"$owner\", \"owner\"], [\"$robot\", \"policy\"]]"

auth=(-u "iamapikey:$robot_key")
expect 200 GET "$explain.push&resource=team-a/app"
is "who may not read policies is told about itself" "$(json 'd["allowed"], d["policies"]')" "[false, []]"
api GET "$explain.pull&resource=team-a/app&iam_id=$owner"
is "and not about others" "$status" 403
api GET "/breakwater/v1/access/who-can?action=container-registry.image.pull&resource=team-a"
is "nor who else may" "$status" 403

finish

#!/usr/bin/env bash
# The tour succeeds against a fresh server, and again, and leaves nothing behind.

# shellcheck source=tests/e2e/lib.sh
source "$(dirname "${BASH_SOURCE[0]}")/lib.sh"

server_start --config "$root/examples/two-registries.toml"

tour() {
  BREAKWATER_URL=$public BREAKWATER_PRIVATE_URL=$private BREAKWATER_API_KEY=$key \
    timeout 600 "$bin" tour < /dev/null > "$dir/tour.out" 2>&1
}
# What the account has, as far as the tour could leave something.
inventory() {
  local path
  for path in /api/v1/namespaces /api/v1/images /api/v1/auth /api/v1/settings; do
    api GET "$path" -H 'Host: us.icr.io'
    echo "us $path: $(cat "$body")"
    api GET "$path" -H 'Host: de.icr.io'
    echo "de $path: $(cat "$body")"
  done
  api GET "/config/v1/rules?account_id=$account"
  echo "rules: $(json '[r["name"] for r in d["rules"]]')"
  api GET "/iam/v2/groups?account_id=$account"
  echo "groups: $(json 'sorted(g["name"] for g in d["groups"])')"
  api GET "/iam/v1/serviceids?account_id=$account"
  echo "service IDs: $(json 'sorted(s["name"] for s in d["serviceids"])')"
  api GET "/iam/v2/accounts/$account/users"
  echo "users: $(json 'sorted(u["email"] for u in d["resources"])')"
  api GET "/notifications/v1/$account/notifications/channels"
  echo "channels: $(json '[c["name"] for c in d["channels"]]')"
}

before=$(inventory)
for run in first second; do
  echo "# the $run tour"
  if tour; then
    ok "the $run tour ends with 0"
  else
    not_ok "the $run tour ends with 0" "$(tail -n 40 "$dir/tour.out")"
  fi
  text=$(cat "$dir/tour.out")
  like "it shows real vulnerabilities" "$text" 'CVE-[0-9]{4}-[0-9]+'
  for goal in 3000601 3000602 3000623 3000625 3000626 3000627 3000628 3000635 3000636 3000639 3000611; do
    like "it shows goal $goal" "$text" "$goal"
  done
  like "all goals pass in the end" "$text" 'all eleven goals pass'
  like "the alert is delivered" "$text" 'alert delivered, signature verified'
  like "the rule refuses" "$text" 'refused with 403: configuration rule'
  like "the chain is verified" "$text" 'every hash as it was recorded'
  like "it says where its advisories come from" "$text" '[Aa]dvisor'
  unlike "its lines are plain when nobody watches" "$text" $'\e'
  unlike "it does not show the key" "$text" "$key"
  after=$(inventory)
  if [ "$before" = "$after" ]; then
    ok "it removes what it made and restores what it changed"
  else
    not_ok "it removes what it made and restores what it changed" "$(diff <(echo "$before") <(echo "$after"))"
  fi
done

expect 200 GET /breakwater/v1/audit/verification
is "the chain of records is intact" "$(json 'd["intact"]')" true
like "and holds what the tours did" "$(json 'd["sealed"] + d["unsealed"]')" '^[1-9][0-9]+$'

server_stop
rc=0
BREAKWATER_URL=$public BREAKWATER_PRIVATE_URL=$private BREAKWATER_API_KEY=$key timeout 120 "$bin" tour \
  < /dev/null > "$dir/tour.out" 2>&1 || rc=$?
like "without a server it fails" "$rc" '^[1-9]'
like "and says so" "$(cat "$dir/tour.out")" '[a-z]'

finish

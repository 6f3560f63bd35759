#!/usr/bin/env bash
# People sign in from a real directory: over TLS alone, with groups of groups, and with names that
# need escaping. What the directory takes away is gone at the next refresh. A directory that hangs or
# is gone holds nobody up who does not need it.

# shellcheck disable=SC2153,SC2317  # the service says its addresses in capitals; a trap calls leave
# shellcheck source=tests/e2e/lib.sh
source "$(dirname "${BASH_SOURCE[0]}")/lib.sh"

ldap() { "$root/tests/services/ldap.sh" "$@"; }
# Paths of UNIX sockets are short.
service=$(mktemp -d /tmp/bw-ldap.XXXXXX)
leave() {
  ldap clean "$service" > /dev/null 2>&1 || true
  clean_up
}
trap leave EXIT
environment=$(ldap start "$service") || {
  [ $? != 77 ] || skip "slapd is not installed"
  exit 1
}
eval "$environment"

printf 'reader-pw\n' > "$dir/ldap.password"
source_table() {
  cat << TOML
[[sign_in]]
kind = "ldap"
name = "$1"
url = "$2"
ca_file = "$LDAP_CA_FILE"
bind_dn = "$LDAP_BIND_DN"
bind_password_file = "$dir/ldap.password"
user_base = "$LDAP_PEOPLE"
user_filter = "(&(objectClass=inetOrgPerson)(uid={name}))"
group_base = "$LDAP_GROUPS"
users = "create"
realm = "corp"
timeout = "2s"

TOML
}
config=$dir/config.toml
{
  printf '[[sign_in]]\nkind = "local"\nname = "local"\n\n'
  source_table corp "$LDAPS_URL"
} > "$config"

# sign_in NAME PASSWORD
sign_in() {
  http POST /identity/token -u bx:bx --data-urlencode grant_type=password \
    --data-urlencode "username=$1" --data-urlencode "password=$2"
}
refresh() {
  http POST /identity/token -u bx:bx --data-urlencode grant_type=refresh_token \
    --data-urlencode "refresh_token=$1"
}
may_list() { http GET /api/v1/namespaces -H "Authorization: Bearer $1"; }

server_start --config "$config"

sign_in alice alice-pw
is "somebody of the directory signs in over LDAPS" "$status" 200
token=$(json 'd["access_token"]')
like "and gets a token" "$token" '^ey'
sign_in alice bob-pw
is "not with another's password" "$status $(json 'd["errorCode"]')" "400 BXNIM0602E"
sign_in alice ''
is "and not without one" "$status" 400
sign_in "dave (o'neil)" dave-pw
is "a name that needs escaping is one" "$status" 200
for name in '*' 'alice)(uid=*' 'ali*' 'nobody'; do
  sign_in "$name" alice-pw
  is "'$name' is nobody" "$status $(json 'd["errorCode"]')" "400 BXNIM0602E"
done

# --- Groups become rights, and stop being ---
expect 201 POST /iam/v2/groups?account_id=$account '{"name":"directory staff"}'
group=$(json 'd["id"]')
expect 201 POST "/iam/v2/groups/$group/rules" \
  '{"name":"staff","realm_name":"corp","expiration":24,"conditions":[{"claim":"groups","operator":"CONTAINS","value":"\"staff\""}]}'
expect 201 POST /iam/v1/policies "{\"type\":\"access\",\"subjects\":[{\"attributes\":[{\"name\":\"access_group_id\",\"value\":\"$group\"}]}],\"roles\":[{\"role_id\":\"crn:v1:bluemix:public:iam::::serviceRole:Manager\"}],\"resources\":[{\"attributes\":[{\"name\":\"accountId\",\"value\":\"$account\"},{\"name\":\"serviceName\",\"value\":\"container-registry\"}]}]}"
expect 201 PUT /api/v1/namespaces/team
sign_in bob bob-pw
may_list "$(json 'd["access_token"]')"
is "who is not in the group sees nothing" "$(json 'd')" '[]'
sign_in carol carol-pw
is "somebody of a group in a group signs in" "$status" 200
token=$(json 'd["access_token"]') next=$(json 'd["refresh_token"]')
may_list "$token"
is "and has the right that the outer group gives" "$(json 'd')" '["team"]'

ldap modify "$service" << LDIF
dn: cn=staff,$LDAP_GROUPS
changetype: modify
delete: member
member: cn=ops,$LDAP_GROUPS
LDIF
refresh "$next"
is "a refresh asks the directory again" "$status" 200
next=$(json 'd["refresh_token"]')
may_list "$token"
is "and what it took away is gone, for the token from before too" "$(json 'd')" '[]'

# --- A directory that hangs ---
ldap hang "$service" on
began=$SECONDS
sign_in carol carol-pw
is "a directory that hangs is a clear refusal" "$status $(json 'd["errorCode"]')" "503 BWIAM0009E"
holds "within seconds" test $((SECONDS - began)) -le 10
refresh "$next"
is "a refresh cannot be answered meanwhile" "$status" 503
api GET /iam/v2/groups?account_id=$account
is "API keys do not need it" "$status" 200
iam_id=$(python3 -c 'import json,sys; print(json.load(open(sys.argv[1]))["iam_id"])' <(
  curl -sS "$public/breakwater/v1/whoami" "${auth[@]}"))
api PUT "/breakwater/v1/users/$iam_id/password" '{"password":"a long local password"}'
is "an API key is no ground for a first password" "$status" 403
expect 202 POST "/iam/v2/accounts/$account/users" '{"users":[{"email":"local@example.com"}]}'
local_user=$(json 'd["resources"][0]["id"]')
api POST "/breakwater/v1/users/$local_user/password/reset"
initial=$(json 'd["initial_password"]')
http POST /identity/token -u bx:bx --data-urlencode grant_type=password \
  --data-urlencode username=local@example.com --data-urlencode "password=$initial" \
  --data-urlencode 'new_password=a long local password'
is "a user chooses a local password" "$status" 200
sign_in local@example.com 'a long local password'
is "local users sign in" "$status" 200
ldap hang "$service" off
refresh "$next"
is "when it is back the refresh token is still good" "$status" 200
next=$(json 'd["refresh_token"]')

# --- Somebody who leaves ---
ldap modify "$service" << LDIF
dn: uid=carol,$LDAP_PEOPLE
changetype: delete
LDIF
refresh "$next"
is "whoever leaves the directory cannot refresh" "$status" 400
may_list "$token"
is "and their tokens end" "$status" 401

# --- Many wrong passwords ---
wrong=0 throttled=0
for _ in $(seq 40); do
  sign_in bob wrong-password
  case $status in 400) wrong=$((wrong + 1)) ;; 429) throttled=$((throttled + 1)) ;; esac
done
holds "few of many wrong passwords are tried" test "$wrong" -le 8
is "and the rest turned away" "$((wrong + throttled))" 40
api GET "/breakwater/v1/audit/records?action=iam-identity.session.create&outcome=failure&limit=1000"
holds "those that were tried are in the audit trail" grep -q 'the name or the password is wrong' "$body"
fails "passwords are not" grep -q 'wrong-password\|alice-pw' "$body" "$server_log"

# --- TLS ---
server_stop
{
  source_table starttls "$LDAP_URL"
  sed 's/^ca_file.*/ca_file = "\/etc\/ssl\/certs\/ca-certificates.crt"/' <<< "$(source_table untrusted "$LDAPS_URL")"
} > "$config"
server_start --config "$config"
sign_in alice alice-pw
is "StartTLS will do" "$status" 200
sign_in nobody alice-pw
is "a server whose certificate is not trusted is not asked" "$status" 503
ldap stop "$service"
sign_in alice alice-pw
is "a directory that is gone is a clear refusal" "$status" 503
server_stop

printf '[[sign_in]]\nkind = "ldap"\nname = "plain"\nurl = "%s"\nstart_tls = false\nuser_base = "x"\n' "$LDAP_URL" > "$config"
fails "a directory without TLS is refused at the start" "$bin" config --config "$config"

finish

#!/usr/bin/env bash
# People sign in with a real OpenID provider, by a browser and by a device, and workloads by the
# tokens of an issuer that is trusted, with no secret stored anywhere. Each bad token is refused and
# recorded; keys change while tokens come in.

# shellcheck disable=SC2153,SC2317  # the service says its addresses in capitals; a trap calls leave
# shellcheck source=tests/e2e/lib.sh
source "$(dirname "${BASH_SOURCE[0]}")/lib.sh"
needs openssl

oidc() { "$root/tests/services/oidc.sh" "$@"; }
tools() { python3 "$root/tests/e2e/oidc_tools.py" "$@"; }
service=$(mktemp -d /tmp/bw-oidc.XXXXXX)
leave() {
  oidc clean "$service" > /dev/null 2>&1 || true
  clean_up
}
trap leave EXIT
back=https://registry.example/identity/sign-in/corp/callback
environment=$(OIDC_REDIRECTS=$back oidc start "$service") || {
  [ $? != 77 ] || skip "the provider needs Node.js 20 and npm's registry"
  exit 1
}
eval "$environment"

ci=$dir/ci
ci_port=$(python3 -c 'import socket; s = socket.socket(); s.bind(("127.0.0.1", 0)); print(s.getsockname()[1])')
ci_issuer=https://localhost:$ci_port
tools new-key "$ci" "$ci_issuer" first
tools issuer "$ci" "$ci_port" "$OIDC_CERTIFICATE" "$OIDC_CERTIFICATE_KEY" > /dev/null 2>&1 &
background+=($!)

config=$dir/config.toml
cat > "$config" << TOML
[[sign_in]]
kind = "oidc"
name = "corp"
issuer = "$OIDC_ISSUER"
client_id = "$OIDC_CLIENT_ID"
client_secret = "$OIDC_CLIENT_SECRET"
device_client_id = "$OIDC_DEVICE_CLIENT_ID"
redirect_url = "$back"
scopes = "openid profile email groups"
users = "create"
ca_file = "$OIDC_CA_FILE"
private_networks = ["127.0.0.0/8", "::1"]
timeout = "3s"

[[sign_in]]
kind = "workload"
name = "ci"
issuer = "$ci_issuer"
audience = "breakwater"
ca_file = "$OIDC_CA_FILE"
private_networks = ["127.0.0.0/8", "::1"]

[[sign_in]]
kind = "workload"
name = "cluster"
issuer = "$ci_issuer"
audience = "https://kubernetes.default.svc"
cr_type = "IKS_SA"
crn = "crn:v1:bluemix:public:containers-kubernetes:us-south:a/$account:cluster1::"
ca_file = "$OIDC_CA_FILE"
private_networks = ["127.0.0.0/8", "::1"]
TOML
server_start --config "$config"

form() {
  local arguments=() pair
  for pair in "$@"; do arguments+=(--data-urlencode "$pair"); done
  http POST /identity/token -u bx:bx "${arguments[@]}"
}
whoami() { http GET /breakwater/v1/whoami -H "Authorization: Bearer $1"; }

# --- By a browser ---
begin() {
  http GET "/identity/sign-in/corp$1"
  cookie=$(header Set-Cookie)
  cookie=${cookie%%;*} location=$(header Location)
}
come_back() { http GET "/identity/sign-in/corp/callback?${1#*\?}" -H "Cookie: $2"; }

begin ''
is "a browser is sent to the provider" "$status" 302
like "with a challenge" "$location" 'code_challenge_method=S256'
returned=$(tools browse "$location" alice alice-pw "$OIDC_CA_FILE" "$back")
like "which sends it back with a code" "$returned" 'code='
come_back "$returned" 'breakwater-sign-in=another'
is "another browser cannot finish" "$status" 400
come_back "$returned" "$cookie"
is "its own can" "$status" 200
passcode=$(sed -n 's/.*<pre>\(.*\)<\/pre>.*/\1/p' "$body")
come_back "$returned" "$cookie"
is "but not twice" "$status" 400
form grant_type=urn:ibm:params:oauth:grant-type:passcode "passcode=$passcode"
is "the passcode is good at a command line" "$status" 200
token=$(json 'd["access_token"]')
form grant_type=urn:ibm:params:oauth:grant-type:passcode "passcode=$passcode"
is "once" "$status" 400
whoami "$token"
is "and it is who signed in" "$(json 'd["name"]')" 'Alice Example'
begin '?port=9999'
is "a command line that waits must say who it is" "$status" 400
verifier=a-verifier-that-only-the-command-line-knows-of-all
challenge=$(printf %s "$verifier" | openssl dgst -sha256 -binary | base64 | tr '+/' '-_' | tr -d '=')
begin "?port=9999&code_challenge=$challenge&code_challenge_method=S256"
returned=$(tools browse "$location" alice alice-pw "$OIDC_CA_FILE" "$back")
come_back "$returned" "$cookie"
like "a command line that waits gets it at once" "$(header Location)" '^http://127.0.0.1:9999/\?passcode='
passcode=$(header Location)
passcode=${passcode##*=}
form grant_type=urn:ibm:params:oauth:grant-type:passcode "passcode=$passcode" "code_verifier=$verifier"
is "and it alone can use it" "$status" 200

# --- Keys of the provider change ---
OIDC_REDIRECTS=$back oidc rotate "$service" > /dev/null
begin ''
returned=$(tools browse "$location" alice alice-pw "$OIDC_CA_FILE" "$back")
# Keys are looked up again at most every ten seconds.
finished() {
  come_back "$returned" "$cookie"
  [ "$status" = 200 ] || {
    begin ''
    returned=$(tools browse "$location" alice alice-pw "$OIDC_CA_FILE" "$back")
    return 1
  }
}
holds "a sign-in after the provider's keys changed succeeds" eventually 30 finished

# --- By a device ---
http POST /identity/device_authorization --data-urlencode source=corp
is "a device gets a code" "$status" 200
device=$(json 'd["device_code"]') interval=$(json 'd["interval"]') where=$(json 'd["verification_uri_complete"]')
by_device() { form grant_type=urn:ietf:params:oauth:grant-type:device_code "device_code=$device"; }
by_device
is "and waits" "$status $(json 'd["errorCode"]')" "400 authorization_pending"
by_device
is "not sooner than it may ask again" "$status $(json 'd["errorCode"]')" "400 slow_down"
tools browse "$where" bob bob-pw "$OIDC_CA_FILE" never
sleep $((interval + 5)) # as a device does (RFC 8628)
by_device
is "until its user has signed in" "$status" 200
whoami "$(json 'd["access_token"]')"
is "who that is" "$(json 'd["name"]')" 'Bob Example'

# --- Workloads ---
expect 201 POST /iam/v1/profiles "{\"name\":\"ci\",\"account_id\":\"$account\"}"
profile=$(json 'd["id"]')
expect 201 POST "/iam/v1/profiles/$profile/rules" \
  "{\"name\":\"main\",\"type\":\"Profile-SAML\",\"realm_name\":\"$ci_issuer\",\"expiration\":3600,\"conditions\":[{\"claim\":\"repository\",\"operator\":\"EQUALS\",\"value\":\"\\\"org/app\\\"\"},{\"claim\":\"ref\",\"operator\":\"EQUALS\",\"value\":\"\\\"refs/heads/main\\\"\"}]}"
# claims [NAME=JSON…]: of a job of org/app on main, with changes.
claims() {
  python3 - "$ci_issuer" "$@" << 'PY'
import json, sys, time
now = int(time.time())
claims = {"iss": sys.argv[1], "aud": "breakwater", "sub": "repo:org/app:ref:refs/heads/main", "iat": now,
          "exp": now + 300, "repository": "org/app", "ref": "refs/heads/main"}
for change in sys.argv[2:]:
    name, value = change.split("=", 1)
    claims[name] = json.loads(value)
print(json.dumps(claims))
PY
}
exchange() {
  form grant_type=urn:ietf:params:oauth:grant-type:token-exchange \
    subject_token_type=urn:ietf:params:oauth:token-type:jwt "subject_token=$1" "profile_name=${2:-ci}"
}
job=$(tools token "$ci" first "$(claims)")
exchange "$job"
is "a CI job exchanges its token" "$status" 200
job_token=$(json 'd["access_token"]')
is "and gets no refresh token" "$(json 'd["refresh_token"]')" not_supported
whoami "$job_token"
is "it acts as the trusted profile" "$(json 'd["kind"] + " " + d["name"]')" 'profile ci'
exchange "$(tools token "$ci" first "$(claims 'ref="refs/heads/other"')")"
is "a job of another branch does not" "$status $(json 'd["errorCode"]')" "403 BWIAM0006E"
exchange "$job" none
is "nor as a profile that is not there" "$status $(json 'd["errorCode"]')" "403 BWIAM0006E"

refused() {
  exchange "$2"
  is "$1 is refused" "$status $(json 'd["errorCode"]')" "400 BXNIM0407E"
}
now=$(date +%s)
refused "an expired token" "$(tools token "$ci" first "$(claims "exp=$((now - 60))")")"
refused "a token that is not valid yet" "$(tools token "$ci" first "$(claims "nbf=$((now + 600))")")"
refused "a token for another audience" "$(tools token "$ci" first "$(claims 'aud="other"')")"
refused "a token of an issuer nobody trusts" "$(tools token "$ci" first "$(claims 'iss="https://evil.example"')")"
refused "an unsigned token" "$(tools token "$ci" first "$(claims)" none)"
refused "a token of another algorithm" "$(tools token "$ci" first "$(claims)" HS256)"
refused "half a token" "${job:0:200}"
refused "an oversized token" "$(tools token "$ci" first "$(claims "x=\"$(head -c 30000 /dev/zero | tr '\0' a)\"")")"
api GET "/breakwater/v1/audit/records?action=iam-identity.session.create&outcome=failure&limit=1000"
holds "refusals are in the audit trail" test "$(json 'len(d["records"])')" -ge 8

# Keys of the issuer change while tokens come in.
tools new-key "$ci" "$ci_issuer" second
rotated() {
  exchange "$(tools token "$ci" second "$(claims)")"
  [ "$status" = 200 ]
}
holds "the issuer's new key is good within ten seconds" eventually 20 rotated
exchange "$job"
is "and the old one for a while" "$status" 200

# A Kubernetes service account, by a link.
expect 201 POST "/iam/v1/profiles/$profile/links" \
  "{\"name\":\"builder\",\"cr_type\":\"IKS_SA\",\"link\":{\"crn\":\"crn:v1:bluemix:public:containers-kubernetes:us-south:a/$account:cluster1::\",\"namespace\":\"build\",\"name\":\"builder\"}}"
pod=$(tools token "$ci" second "$(claims 'aud=["https://kubernetes.default.svc"]' 'kubernetes.io={"namespace":"build","serviceaccount":{"name":"builder"}}')")
form grant_type=urn:ibm:params:oauth:grant-type:cr-token "cr_token=$pod" "profile_id=$profile"
is "a pod's service account acts as the profile" "$status" 200
other=$(tools token "$ci" second "$(claims 'aud=["https://kubernetes.default.svc"]' 'kubernetes.io={"namespace":"other","serviceaccount":{"name":"builder"}}')")
form grant_type=urn:ibm:params:oauth:grant-type:cr-token "cr_token=$other" "profile_id=$profile"
is "one of another namespace does not" "$status" 403

# Trust that is taken away.
expect 200 GET "/iam/v1/profiles/$profile/rules"
rule=$(json 'd["rules"][0]["id"]')
expect 204 DELETE "/iam/v1/profiles/$profile/rules/$rule"
whoami "$job_token"
is "who acted by a rule that is gone is out" "$status" 401

# --- A provider that hangs ---
oidc hang "$service" on
begin ''
is "what is known of a provider goes on while it hangs" "$status" 302
http POST /identity/device_authorization --data-urlencode source=corp
is "what is not is a clear refusal" "$status $(json 'd["errorCode"]')" "504 BWIAM0009E"
oidc hang "$service" off

finish

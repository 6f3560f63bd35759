#!/usr/bin/env bash
# Keys, passwords and tokens stay where they belong: planted ones are looked for in everything that
# the server writes or says, and the process cannot be looked into.

# shellcheck source=tests/e2e/lib.sh
source "$(dirname "${BASH_SOURCE[0]}")/lib.sh"

said=$dir/said # every answer, heads included, but for those that are there to give a secret
note() { cat "$response_head" "$body" >> "$said"; }
planted=()
# plant NAME VALUE: from now on it must not be found anywhere.
plant() { planted+=("$1" "$2"); }
random() { python3 -c 'import secrets; print(secrets.token_urlsafe(36))'; }

server_start --config "$root/examples/two-registries.toml"
plant "the first key" "$key"

echo "# the process"

environment=$(tr '\0' '\n' < "/proc/$server_pid/environ")
unlike "the first key is wiped from the environment" "$environment" "$key"
like "and the rest of the environment is there" "$environment" 'PATH='
if [ "$stores" = scaled ]; then
  unlike "so is the master key" "$environment" "$BREAKWATER_MASTER_KEY"
  unlike "and the object store's" "$environment" "BREAKWATER_S3_SECRET_KEY=$BREAKWATER_S3_SECRET_KEY"
fi
is "it leaves no core file" "$(awk '/^Max core file size/ { print $5 + $6 }' "/proc/$server_pid/limits")" 0
# What must not be looked into belongs to root in /proc, whoever runs it (proc(5), PR_SET_DUMPABLE).
if [ "$(id -u)" = 0 ] && command -v setpriv > /dev/null; then
  chmod 755 "$dir"
  mkdir "$dir/nobody" && chown nobody "$dir/nobody"
  cp "$bin" "$dir/nobody/breakwater"
  mkfifo "$dir/nobody.ready"
  env -i PATH="$PATH" setpriv --reuid nobody --clear-groups "$dir/nobody/breakwater" serve \
    --data "$dir/nobody/data" --public 127.0.0.1:0 --private 127.0.0.1:0 \
    > "$dir/nobody.ready" 2>> "$server_log" &
  background+=($!)
  read -r -t 120 _ < "$dir/nobody.ready" || true
  is "it is not dumpable" "$(stat -c %U "/proc/${background[-1]}/environ")" root
  kill -TERM "${background[-1]}"
else
  left_out "whether the process is dumpable: that takes root and setpriv"
fi

echo "# secrets come in by every door"

own=$(random) && plant "a key of one's own value" "$own"
expect 201 POST /iam/v1/serviceids "{\"account_id\":\"$account\",\"name\":\"robot\"}"
robot=$(json 'd["iam_id"]')
expect 201 POST /iam/v1/apikeys \
  "{\"account_id\":\"$account\",\"iam_id\":\"$robot\",\"name\":\"own\",\"apikey\":\"$own\"}"
own_id=$(json 'd["id"]')
expect 201 POST /iam/v1/apikeys "{\"account_id\":\"$account\",\"iam_id\":\"$robot\",\"name\":\"random\"}"
made=$(json 'd["apikey"]') && plant "a key of a random value" "$made"
api GET "/iam/v1/apikeys/$own_id" && note
api GET "/iam/v1/apikeys?account_id=$account" && note
http GET /iam/v1/apikeys/details "${auth[@]}" -H "IAM-ApiKey: $own" && note

http POST /identity/token -u bx:bx -d "grant_type=urn:ibm:params:oauth:grant-type:apikey&apikey=$own"
is "the key gives a token" "$status" 200
access=$(json 'd["access_token"]') refresh=$(json 'd["refresh_token"]')
plant "an access token" "$access"
plant "a refresh token" "$refresh"
http GET "/oauth/token?service=127.0.0.1&scope=registry:catalog:*" -u "iamapikey:$own"
registry_token=$(json 'd["token"]') && plant "a registry token" "$registry_token"
http GET /v2/_catalog -H "Authorization: Bearer $registry_token" && note
http GET /breakwater/v1/whoami -H "Authorization: Bearer $access" && note

echo "# and by the wrong ones"

wrong=$(random) && plant "a wrong key" "$wrong"
password=$(random) && plant "a wrong password" "$password"
http GET /v2/_catalog -u "iamapikey:$wrong" && note
http GET /v2/_catalog -u "$wrong:iamapikey" && note
http GET /v2/_catalog -H "Authorization: Bearer $wrong" && note
http GET /v2/_catalog -H "Authorization: Digest $wrong" && note
http GET /v2/_catalog -H "Authorization: Bearer ${access%?}" && note
http POST /identity/token -d "grant_type=urn:ibm:params:oauth:grant-type:apikey&apikey=$wrong" && note
http POST /identity/token -d "grant_type=urn:ibm:params:oauth:grant-type:apikey&apikey=$wrong&apikey=$wrong" && note
http POST /identity/token -d "grant_type=password&username=somebody&password=$password" && note
http POST /identity/token -u bx:bx -d "grant_type=refresh_token&refresh_token=$wrong" && note
http POST /identity/token -d "$wrong" && note
http GET "/v2/_catalog?apikey=$wrong&access_token=$wrong" && note
http POST /iam/v1/apikeys "${auth[@]}" -H 'Content-Type: application/json' \
  --data-binary "{\"account_id\":\"$account\",\"iam_id\":\"$robot\",\"name\":\"again\",\"apikey\":\"$own\"}" && note
http POST /iam/v1/apikeys "${auth[@]}" -H 'Content-Type: application/json' \
  --data-binary "{\"account_id\":\"$account\",\"iam_id\":\"$robot\",\"name\":7,\"apikey\":\"$wrong\"}" && note
http POST /iam/v1/apikeys "${auth[@]}" -H 'Content-Type: application/json' \
  --data-binary "{\"apikey\":\"$wrong" && note

echo "# they are found nowhere"

http GET /metrics && note
http GET "$private/metrics" && note
expect 200 GET '/breakwater/v1/audit/records?limit=100'
note
expect 200 GET /breakwater/v1/audit/entries
note
server_stop
is "the server stops" "$server_status" 0

if [ "$stores" = scaled ]; then
  pg_dump --inserts -d "$BREAKWATER_DATABASE_URL" > "$dir/dump"
  written=("$dir/dump")
else
  mapfile -t written < <(find "$data" -type f ! -name master.key)
fi
# nowhere VALUE: neither as it is nor as part of Basic credentials, nor as bytes in hexadecimal.
# shellcheck disable=SC2317  # called by holds and fails
nowhere() {
  python3 - "$1" "$said" "$server_log" "${written[@]}" << 'PY'
import base64, sys
value = sys.argv[1].encode()
forms = [value, value.hex().encode()] + [
    base64.b64encode(b"x" * shift + value)[4 if shift else 0:-4] for shift in range(3)]
for path in sys.argv[2:]:
    content = open(path, "rb").read()
    for form in forms:
        if form in content:
            sys.exit("found in " + path)
PY
}
for ((i = 0; i < ${#planted[@]}; i += 2)); do
  holds "${planted[i]}" nowhere "${planted[i + 1]}"
done
fails "the search finds what is there" nowhere "$robot"
fails "no private key is written in the clear" grep -lqa 'PRIVATE KEY' "${written[@]}"

finish

#!/usr/bin/env bash
# A real Debian image goes in and out unchanged by a real client, and its assessment is what the
# security tracker's data says.

# shellcheck disable=SC2317  # some functions are called by name
# shellcheck source=tests/e2e/lib.sh
source "$(dirname "${BASH_SOURCE[0]}")/lib.sh"
needs skopeo umoci

tools=$root/tests/e2e
cache=$root/build/test-cache
mkdir -p "$cache"

# shellcheck source=/dev/null
release=$(. /etc/os-release && echo "${ID:-} ${VERSION_CODENAME:-} ${VERSION_ID:-}")
read -r distribution suite version <<< "$release"

# A minimal Debian of this machine's own release, from this machine's own package sources.
make_debian() {
  local sources=()
  [ "$distribution" = debian ] || { echo "this is no Debian machine"; return 1; }
  command -v mmdebstrap > /dev/null || { echo "mmdebstrap is not installed"; return 1; }
  mapfile -t sources < <(find /etc/apt/sources.list /etc/apt/sources.list.d -type f \
    \( -name '*.list' -o -name '*.sources' \) 2> /dev/null | sort)
  timeout 600 mmdebstrap --quiet --variant=minbase --format=tar "$suite" "$1.part" "${sources[@]}" &&
    mv "$1.part" "$1"
}
debian=$cache/debian-$suite.tar
if [ ! -f "$debian" ] && ! make_debian "$debian" > "$dir/mmdebstrap.log" 2>&1; then
  rm -f "$debian.part"
  skip "no Debian image can be made here: $(tail -n 1 "$dir/mmdebstrap.log")"
fi

layout=$dir/layout
made=$(python3 "$tools/make_layout.py" "$layout" base "$debian")

two_registries_by_address > "$dir/config.toml"
server_start --config "$dir/config.toml"
port=${public##*:}
us=127.0.0.1:$port de=localhost:$port
expect 201 PUT /api/v1/namespaces/debian
expect 201 PUT /api/v1/namespaces/debian -H 'Host: de.icr.io'

# Skopeo as a user has it: credentials in a file of its own, no policy, plain HTTP.
export REGISTRY_AUTH_FILE=$dir/auth.json TMPDIR=$dir
run_skopeo() { skopeo --insecure-policy "$@"; }
copy() { run_skopeo copy --quiet --src-tls-verify=false --dest-tls-verify=false "$@"; }
copy_out() { run_skopeo copy --quiet --src-tls-verify=false "$@"; }
copy_in() { run_skopeo copy --quiet --dest-tls-verify=false "$@"; }
inspect_raw() { run_skopeo inspect --tls-verify=false --raw "$1"; }

echo "# login"

anonymous_pull() { REGISTRY_AUTH_FILE=$dir/nobody.json inspect_raw "docker://$us/debian/base:v1"; }
login() { skopeo login --tls-verify=false --username "$1" --password-stdin "$3" <<< "$2"; }
fails "a wrong key cannot log in" login iamapikey "not-the-key" "$us"
fails "an unknown kind of user cannot log in" login somebody "$key" "$us"
holds "skopeo logs in to one registry" login iamapikey "$key" "$us"
holds "and to the other" login iamapikey "$key" "$de"

http GET "/oauth/token?service=us.icr.io&scope=repository:debian/base:pull" "${auth[@]}"
is "the token service takes the key" "$status" 200
token=$(json 'd["token"]')
http GET /v2/ -H "Authorization: Bearer $token"
is "the data plane takes the token" "$status" 200
http GET /v2/ "${auth[@]}"
is "and the key itself, by Basic" "$status" 200
http POST /identity/token -d "grant_type=urn:ibm:params:oauth:grant-type:apikey&apikey=$key"
is "the IAM token service takes the key" "$status" 200
http GET /v2/debian/base/tags/list -H "Authorization: Bearer $(json 'd["access_token"]')"
like "and an IAM token is a credential here too" "$status" '^(200|404)$'

echo "# OCI format"

# content_of LAYOUT: the digests of the manifest, the configuration and the layers.
content_of() {
  python3 - "$1" << 'PY'
import json, sys
layout = sys.argv[1]
digest = json.load(open(layout + "/index.json"))["manifests"][0]["digest"]
manifest = json.load(open(layout + "/blobs/" + digest.replace(":", "/")))
print(digest, manifest["config"]["digest"], *[l["digest"] for l in manifest["layers"]])
PY
}
# Each file of a layout is what its name says.
is_whole() {
  (cd "$1/blobs/sha256" && for file in *; do echo "$file  $file"; done | sha256sum --quiet -c)
}
holds "the image is copied in" copy_in "oci:$layout:base" "docker://$us/debian/base:v1"
fails "nobody can read it without a login" anonymous_pull
is "its manifest has the digest it was made with" \
  "sha256:$(inspect_raw "docker://$us/debian/base:v1" | sha256sum | cut -d' ' -f1)" "$made"
holds "and is copied out" copy_out "docker://$us/debian/base:v1" "oci:$dir/out:base"
is "manifest, configuration and layers have the same digests" "$(content_of "$dir/out")" "$(content_of "$layout")"
holds "every blob that came out is whole" is_whole "$dir/out"
holds "it is copied out by digest" copy_out "docker://$us/debian/base@$made" "oci:$dir/by-digest:base"
holds "umoci unpacks what came out" umoci unpack --image "$dir/out:base" "$dir/unpacked"
holds "its dpkg database is the one of the image" \
  cmp "$dir/unpacked/rootfs/var/lib/dpkg/status" <(tar -xOf "$debian" ./var/lib/dpkg/status)
rm -rf "$dir/unpacked" "$dir/by-digest"
holds "it is copied in again, to a second tag" copy_in "oci:$dir/out:base" "docker://$us/debian/base:v2"

echo "# from one registry to the other"

holds "it is copied to the other registry" copy "docker://$us/debian/base:v1" "docker://$de/debian/copy:v1"
is "with the same digest" \
  "sha256:$(inspect_raw "docker://$de/debian/copy:v1" | sha256sum | cut -d' ' -f1)" "$made"
api GET /v2/debian/copy/tags/list
is "it is not in the first registry" "$status" 404
api GET /v2/debian/copy/tags/list -H 'Host: de.icr.io'
is "it is in the second" "$(json 'd["tags"]')" '["v1"]'
finished=$(requests_of FinishUpload)
holds "it is copied within a registry" copy "docker://$us/debian/base:v1" "docker://$us/debian/other:v1"
is "its layer is mounted: at most the configuration is sent again" \
  "$(($(requests_of FinishUpload) - finished <= 1))" 1
api HEAD "/v2/debian/other/manifests/$made"
is "it has the same digest there" "$status" 200

echo "# whole repositories"

holds "a repository is synced to a directory" \
  run_skopeo sync --src docker --dest dir --src-tls-verify=false "$us/debian/base" "$dir/synced"
is "with all its tags" "$(cd "$dir/synced" && echo *)" "base:v1 base:v2"
holds "and from there to the other registry" \
  run_skopeo sync --src dir --dest docker --dest-tls-verify=false "$dir/synced" "$de/debian"
api GET /v2/debian/base/tags/list -H 'Host: de.icr.io'
is "which has all its tags" "$(json 'd["tags"]')" '["v1", "v2"]'
is "with the same digest" \
  "sha256:$(inspect_raw "docker://$de/debian/base:v2" | sha256sum | cut -d' ' -f1)" "$made"
rm -rf "$dir/synced"

echo "# signatures beside images"

if command -v gpg > /dev/null; then
  export GNUPGHOME=$dir/gnupg
  mkdir -m 700 "$GNUPGHOME"
  holds "a key is made" gpg --batch --quiet --passphrase '' \
    --quick-generate-key signer@example.com default sign never
  gpg --batch --quiet --export signer@example.com > "$dir/signer.gpg"
  cat > "$dir/policy.json" << JSON
{"default": [{"type": "signedBy", "keyType": "GPGKeys", "keyPath": "$dir/signer.gpg",
              "signedIdentity": {"type": "matchRepository"}}]}
JSON
  copy_trusted() {
    skopeo --policy "$dir/policy.json" copy --quiet --src-tls-verify=false "$1" "dir:$dir/trusted" &&
      rm -rf "$dir/trusted"
  }
  fails "who wants a signature takes no image without" copy_trusted "docker://$us/debian/base:v2"
  holds "an image is copied in and signed" \
    copy_in --sign-by signer@example.com "oci:$layout:base" "docker://$us/debian/signed:v1"
  holds "who wants a signature takes it" copy_trusted "docker://$us/debian/signed:v1"
  api GET "/breakwater/v1/audit/events?action=container-registry.signature.write"
  is "the trail says what was signed" "$(json '[e["requestData"]["RequestParameters"] for e in d["events"]]')" \
    "[{\"signatureMethod\": \"atomic\", \"signatureObject\": \"$made\", \"repository\": \"debian/signed\"}]"
  api DELETE /api/v1/images/us.icr.io/debian/signed:v1
  is "the image is deleted" "$status" 200
  fails "and cannot be had" copy_trusted "docker://$us/debian/signed:v1"
  api POST "/api/v1/trash/us.icr.io/debian/signed@$made/restoretags"
  is "and restored" "$status" 200
  holds "with its signature" copy_trusted "docker://$us/debian/signed:v1"
  gpgconf --kill all
  unset GNUPGHOME
fi

echo "# made by umoci"

mkdir "$dir/tree"
echo "made by umoci" > "$dir/tree/file"
holds "umoci makes a layout" umoci init --layout "$dir/umoci"
holds "and an image" umoci new --image "$dir/umoci:made"
holds "of one file" umoci insert --image "$dir/umoci:made" "$dir/tree" /tree
holds "it is copied in" copy_in "oci:$dir/umoci:made" "docker://$us/debian/umoci:v1"
holds "and out" copy_out "docker://$us/debian/umoci:v1" "oci:$dir/umoci-out:made"
holds "umoci unpacks it" umoci unpack --image "$dir/umoci-out:made" "$dir/umoci-unpacked"
holds "to the same file" cmp "$dir/tree/file" "$dir/umoci-unpacked/rootfs/tree/file"

echo "# Docker format"

holds "the image is pushed in the Docker format" \
  copy_in --format v2s2 "oci:$layout:base" "docker://$us/debian/docker:v1"
inspect_raw "docker://$us/debian/docker:v1" > "$dir/docker.manifest"
is "the media type is Docker's" "$(python3 -c 'import json, sys; print(json.load(open(sys.argv[1]))["mediaType"])' \
  "$dir/docker.manifest")" application/vnd.docker.distribution.manifest.v2+json
holds "it is pulled" copy_out "docker://$us/debian/docker:v1" "dir:$dir/docker"
is "the manifest is the same" "$(sha256_of "$dir/docker/manifest.json")" "$(sha256_of "$dir/docker.manifest")"
docker_blobs_are_whole() {
  local file
  for file in "$dir"/docker/*; do
    case ${file##*/} in
      manifest.json | version) ;;
      *) [ "$(sha256_of "$file")" = "${file##*/}" ] || return 1 ;;
    esac
  done
}
holds "its configuration and layers are whole" docker_blobs_are_whole
holds "and it goes in again" copy_in "dir:$dir/docker" "docker://$us/debian/docker:again"
is "with the same digest" "$(inspect_raw "docker://$us/debian/docker:again" | sha256sum | cut -d' ' -f1)" \
  "$(sha256_of "$dir/docker.manifest")"

echo "# tags and deletion"

tags() { run_skopeo list-tags --tls-verify=false "docker://$us/$1" | python3 -c 'import json, sys; print(*json.load(sys.stdin)["Tags"])'; }
is "list-tags shows the tags" "$(tags debian/base)" 'v1 v2'
holds "an image is deleted" run_skopeo delete --tls-verify=false "docker://$us/debian/docker:again"
fails "it is gone" inspect_raw "docker://$us/debian/docker:again"
fails "and so is each tag of its digest" inspect_raw "docker://$us/debian/docker:v1"
holds "others are not" inspect_raw "docker://$us/debian/base:v1"

echo "# assessment"

archives=("")
[ -z "${BREAKWATER_SHARED:-}" ] || archives=("$BREAKWATER_SHARED"/data/advisories/debian/*.tar.zst)
archive=${archives[-1]}
if [ ! -f "$archive" ]; then
  left_out "the assessment: BREAKWATER_SHARED names no folder with the security tracker's data"
  finish
fi
ecosystem=Debian:$version

# The same image with the package list of the release day, as a layer on top: it has published fixes.
mkdir -p "$dir/old/var/lib/dpkg"
cp "$root/src/advisor/testdata/at-release/status" "$dir/old/var/lib/dpkg/status"
tar -C "$dir/old" --owner=0 --group=0 --mtime=@0 --sort=name -cf "$dir/old.tar" ./var
python3 "$tools/make_layout.py" "$dir/old-layout" old "$debian" "$dir/old.tar" > "$dir/output"
holds "an image of the release day is copied in" copy_in "oci:$dir/old-layout:old" "docker://$us/debian/old:v1"

report_of() { api GET "/va/api/v4/report/image/us.icr.io%2Fdebian%2F$1${2:-}"; }
report_of old:v1
like "before there are advisories nothing is called clean" "$(json 'd.get("status", d.get("code"))')" \
  '^(INCOMPLETE|UNSCANNED|BXNVA0009E)$'

import_advisories() { BREAKWATER_URL=$public BREAKWATER_API_KEY=$key "$bin" advisories import "$1"; }
if import_advisories "$archive" > "$dir/output" 2>&1; then
  ok "the tracker's data is imported"
  sed 's/^/    /' "$dir/output"
else
  not_ok "the tracker's data is imported" "$(cat "$dir/output")"
  finish
fi
assessed() {
  api GET "/va/api/v4/report/image/status/us.icr.io/debian/$1"
  [[ $status = 200 && $(json 'd["status"]') =~ ^(OK|WARN|FAIL|UNSUPPORTED)$ ]]
}
holds "the image of today is assessed" eventually 120 assessed base:v1
holds "the image of the release day is assessed" eventually 120 assessed old:v1
is "it fails" "$(json 'd["status"]')" FAIL

# One line for each vulnerable package of the last report: as debian_oracle.py prints them.
pairs() {
  python3 - "$body" << 'PY'
import json, sys
report = json.load(open(sys.argv[1]))
print(*sorted({"\t".join((v["cve_id"], p["package_name"], p["fix_version"] or "-", p["source_package"]))
               for v in report["vulnerabilities"] for n in v["security_notices"]
               for p in n["vulnerable_packages"]}), sep="\n")
PY
}
# compare_all NAME IMAGE STATUS-FILE: all there is, then what is reported unasked.
compare_all() {
  local name=$1 image=$2
  python3 "$tools/debian_oracle.py" "$archive" "$ecosystem" "$3" | sort > "$dir/oracle"
  awk -F'\t' '$3 != "-" && $4 != "linux"' "$dir/oracle" > "$dir/oracle.fixable"
  report_of "$image" '?includeUnfixed=true'
  pairs | sed '/^$/d' > "$dir/reported"
  if [ -s "$dir/oracle" ] && cmp -s "$dir/oracle" "$dir/reported"; then
    ok "$name: all $(wc -l < "$dir/oracle") (package, CVE) pairs are what the tracker's data says"
  else
    not_ok "$name: all pairs are what the tracker's data says" "$(diff "$dir/oracle" "$dir/reported" | head -n 20)"
  fi
  report_of "$image"
  pairs | sed '/^$/d' > "$dir/reported"
  if cmp -s "$dir/oracle.fixable" "$dir/reported"; then
    ok "$name: so are the $(wc -l < "$dir/oracle.fixable") that have a fix, with its version"
  else
    not_ok "$name: so are those that have a fix" "$(diff "$dir/oracle.fixable" "$dir/reported" | head -n 20)"
  fi
}
tar -xOf "$debian" ./var/lib/dpkg/status > "$dir/status"
compare_all "the image of today" base:v1 "$dir/status"
compare_all "the image of the release day" old:v1 "$root/src/advisor/testdata/at-release/status"
like "the fixable ones are not none" "$(wc -l < "$dir/oracle.fixable")" '^[1-9]'
is "every id is a CVE's" "$(json '[v["cve_id"] for v in d["vulnerabilities"]
  if not __import__("re").fullmatch("CVE-[0-9]{4}-[0-9]{4,}", v["cve_id"])]')" '[]'
is "the distribution is named" "$(json 'd["os_distribution"]["distribution_id"]')" debian
found=$(json 'sorted({v["cve_id"] for v in d["vulnerabilities"]})')

api GET "/va/api/v4/report/image/us.icr.io/debian/old:v1"
is "the report is found with plain slashes" "$(json 'sorted({v["cve_id"] for v in d["vulnerabilities"]})')" "$found"
api GET "/va/api/v3/report/image/us.icr.io/debian/old:v1"
is "the older interface reports the same" "$(json 'sorted({v["cve_id"] for v in d["vulnerabilities"]})')" "$found"
api GET "/va/api/v4/report/image/$us/debian/old:v1"
is "an image name may carry the listener's address" "$(json 'sorted({v["cve_id"] for v in d["vulnerabilities"]})')" "$found"
api GET "/va/api/v4/report/image/status/us.icr.io/debian/old:v1"
is "the status counts the vulnerabilities" "$(json 'd["vulnerability_count"]')" \
  "$(cut -f1 "$dir/oracle.fixable" | sort -u | wc -l)"
holds "an image pushed after the import is assessed as well" \
  copy "docker://$us/debian/old:v1" "docker://$us/debian/later:v1"
holds "its assessment comes" eventually 120 assessed later:v1
report_of later:v1
is "with the same findings" "$(json 'sorted({v["cve_id"] for v in d["vulnerabilities"]})')" "$found"

finish

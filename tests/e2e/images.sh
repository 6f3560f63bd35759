#!/usr/bin/env bash
# The management API: the order of calls in which the reference's SDKs test themselves
# (ibm-registry 1.13), with what /v2 says after each change; then retention and long lists.

# shellcheck source=tests/e2e/lib.sh
source "$(dirname "${BASH_SOURCE[0]}")/lib.sh"

server_start --config "$root/examples/two-registries.toml"
host=us.icr.io
as=(-H "Account: $account" -H "Host: $host")

# manifest REFERENCE: the status that /v2 answers with for team/sdktest.
manifest() {
  http GET "/v2/team/sdktest/manifests/$1" "${auth[@]}" -H "Host: $host"
  echo "$status"
}

# push_image REPOSITORY TAG CREATED: an image of that date; sets `digest`.
push_image() {
  local repository=$1 tag=$2 config layer
  printf 'layer of %s' "$tag" > "$dir/layer"
  printf '{"architecture":"amd64","os":"linux","created":"%s","config":{"Env":["A=b"],"Labels":{"tag":"%s"}},"rootfs":{"type":"layers","diff_ids":["sha256:%s"]}}' \
    "$3" "$tag" "$(sha256_of "$dir/layer")" > "$dir/config"
  layer=$(put_blob "$repository" "$dir/layer" -H "Host: $host")
  config=$(put_blob "$repository" "$dir/config" -H "Host: $host")
  printf '{"schemaVersion":2,"mediaType":"application/vnd.docker.distribution.manifest.v2+json","config":{"mediaType":"application/vnd.docker.container.image.v1+json","digest":"%s","size":%s},"layers":[{"mediaType":"application/vnd.docker.image.rootfs.diff.tar.gzip","digest":"%s","size":%s}]}' \
    "$config" "$(stat -c %s "$dir/config")" "$layer" "$(stat -c %s "$dir/layer")" > "$dir/manifest"
  digest=sha256:$(sha256_of "$dir/manifest")
  expect 201 PUT "/v2/$repository/manifests/$tag" -H "Host: $host" \
    -H 'Content-Type: application/vnd.docker.distribution.manifest.v2+json' \
    --data-binary "@$dir/manifest"
}

# --- The acceptance sequence ---
expect 201 PUT /api/v1/namespaces/team "${as[@]}" -H "X-Auth-Resource-Group: $account"
expect 200 PUT /api/v1/namespaces/team "${as[@]}"
ok 'a namespace is made once, and again without harm'
expect 201 PUT /api/v1/namespaces/seed "${as[@]}"
push_image seed/image 1 2022-03-21T09:10:00Z

expect 200 GET /api/v1/auth "${as[@]}"
is 'IAM decides' "$(json 'd["iam_authz"]')" true
expect 204 PATCH /api/v1/auth '{"iam_authz":true,"private_only":false}' "${as[@]}"
expect 200 GET /api/v1/settings "${as[@]}"
expect 204 PATCH /api/v1/settings '{"platform_metrics":false}' "${as[@]}"
ok 'authorization options and settings are read and changed'

expect 201 POST "/api/v1/images/tags?fromimage=$host%2Fseed%2Fimage%3A1&toimage=$host%2Fteam%2Fsdktest%3A1" \
  "${as[@]}"
is 'a tag of another namespace is there at once' "$(manifest 1)" 200

expect 200 GET "/api/v1/images?namespace=team&vulnerabilities=false" "${as[@]}"
is 'the list names it' "$(json 'd[0]["RepoTags"]')" "[\"$host/team/sdktest:1\"]"
is 'and when it was built' "$(json 'd[0]["Created"]')" 1647853800

expect 200 POST /api/v1/images/bulkdelete "[\"$host/team/none@sha256:$(printf '0%.0s' {1..64})\"]" \
  "${as[@]}"
is 'what is not there is an error of its own' "$(json 'len(d["error"])')" 1
expect 200 POST /api/v1/images/digests '{"exclude_tagged":false}' "${as[@]}"
is 'digests name repositories and tags' \
  "$(json "[list(i['repoTags'].values())[0].keys().__len__() for i in d if '$host/team/sdktest' in i['repoTags']]")" '[1]'

image=$host%2Fteam%2Fsdktest:1
expect 200 GET "/api/v1/images/$image/json" "${as[@]}"
is 'inspection shows the configuration' "$(json 'd["Config"]["Labels"]["tag"]')" 1
expect 200 GET "/api/v1/images/$host/team/sdktest:1/manifest" "${as[@]}"
is 'the manifest is the one that was pushed' "sha256:$(sha256_of "$body")" "$digest"
is 'with its media type' "$(header Content-Type)" \
  application/vnd.docker.distribution.manifest.v2+json

api GET /api/v1/messages "${as[@]}"
like 'messages answer' "$status" '^20[04]$'
expect 200 GET /api/v1/namespaces "${as[@]}"
like 'namespaces are listed' "$(json 'd')" '"team"'
expect 200 GET /api/v1/namespaces/details "${as[@]}"
is 'with their resource group' "$(json "[n['resource_group'] for n in d if n['name'] == 'team']")" \
  "[\"$account\"]"
expect 200 PATCH /api/v1/namespaces/team "${as[@]}" -H "X-Auth-Resource-Group: $account"
ok 'a namespace is assigned to the group it has'
api PATCH /api/v1/namespaces/team "${as[@]}" -H 'X-Auth-Resource-Group: none'
like 'and to no other' "$status" '^4'

expect 200 GET /api/v1/plans "${as[@]}"
expect 200 PATCH /api/v1/quotas '{"storage_megabytes":500,"traffic_megabytes":4900}' "${as[@]}"
expect 200 GET /api/v1/quotas "${as[@]}"
is 'a quota is read back in bytes' "$(json 'd["limit"]["storage_bytes"]')" 524288000

expect 201 POST /api/v1/retentions \
  '{"namespace":"team","images_per_repo":10,"retain_untagged":false}' "${as[@]}"
expect 200 GET /api/v1/retentions/team "${as[@]}"
is 'a retention policy is read back' "$(json 'd["images_per_repo"]')" 10

expect 200 DELETE "/api/v1/tags/$image?dry_run=true" "${as[@]}"
is 'a dry run removes nothing' "$(manifest 1)" 200
expect 200 DELETE "/api/v1/tags/$image" "${as[@]}"
is 'the removed tag is named' "$(json 'd["RemovedTags"]')" "[\"$host/team/sdktest:1\"]"
is 'it is gone at once' "$(manifest 1)" 404
is 'and the image is not' "$(manifest "$digest")" 200
expect 201 PUT "/v2/team/sdktest/manifests/2" -H "Host: $host" \
  -H 'Content-Type: application/vnd.docker.distribution.manifest.v2+json' \
  --data-binary "@$dir/manifest"
expect 200 DELETE "/api/v1/images/$host%2Fteam%2Fsdktest@$digest" "${as[@]}"
is 'a deleted image is gone at once' "$(manifest "$digest")" 404
expect 200 GET '/api/v1/images?namespace=team' "${as[@]}"
is 'from the list too' "$(json d)" '[]'
expect 200 GET '/api/v1/trash?namespace=team' "${as[@]}"
is 'it lies in the trash with its tag' "$(json "d['$host/team/sdktest@$digest']['tags']")" '["2"]'
is 'for thirty days' "$(json "d['$host/team/sdktest@$digest']['daysUntilExpiry']")" 30
expect 200 POST "/api/v1/trash/$host%2Fteam%2Fsdktest@$digest/restoretags" "${as[@]}"
is 'it is restored with its tag' "$(json 'd["successful"]')" '["2"]'
is 'and can be pulled at once' "$(manifest 2)" 200
expect 404 POST "/api/v1/trash/$host%2Fteam%2Fsdktest:none/restore" "${as[@]}"
expect 409 POST "/api/v1/trash/$host%2Fteam%2Fsdktest:2/restore" "${as[@]}"
is 'a live tag is not overwritten' "$(json 'd["code"]')" CRT0500E

# --- Retention ---
for day in 1 2 3 4; do push_image team/app "v$day" "2024-01-0${day}T00:00:00Z"; done
policy='{"namespace":"team","images_per_repo":2,"retain_untagged":false}'
expect 200 POST /api/v1/retentions/analyze "$policy" "${as[@]}"
is 'analysis names what would go' "$(json 'sorted(t for tags in d.values() for t in tags)')" \
  '["v1", "v2"]'
expect 201 POST /api/v1/retentions "$policy" "${as[@]}"
tags_are() {
  http GET /v2/team/app/tags/list "${auth[@]}" -H "Host: $host"
  [ "$(json 'd["tags"]')" = "$1" ]
}
holds 'setting the policy deletes exactly that' eventually 30 tags_are '["v3", "v4"]'
expect 200 GET /breakwater/v1/namespaces/team/retention "${as[@]}"
is 'each image is explained' "$(json 'sorted({i["rule"] for i in d})')" '["newest"]'

expect 204 DELETE /api/v1/namespaces/team "${as[@]}"
expect 200 GET /api/v1/trash "${as[@]}"
is 'a deleted namespace empties its trash' "$(json d)" '{}'
expect 404 GET /api/v1/retentions/team "${as[@]}"
ok 'and takes its policy along'

finish

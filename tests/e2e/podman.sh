#!/usr/bin/env bash
# What podman and buildah do with a registry: build, push, pull, copy between repositories without
# sending bytes again, the Docker format, zstd layers, lists of images, search.

# shellcheck disable=SC2317  # some functions are called by name
# shellcheck source=tests/e2e/lib.sh
source "$(dirname "${BASH_SOURCE[0]}")/lib.sh"
needs podman buildah skopeo
[ "$(id -u)" = 0 ] || skip "podman needs root here: user namespaces are not everywhere"

two_registries_by_address > "$dir/config.toml"
# Where there is an object store, clients are sent there for the bytes.
[ "$stores" != scaled ] || sed -i 's/^region = .*/&\nredirect_pulls = true/' "$dir/config.toml"
server_start --config "$dir/config.toml"
at=127.0.0.1:${public##*:}
expect 201 PUT /api/v1/namespaces/pods

# Images, settings and credentials of their own. Layers are copied (vfs), as overlays need a kernel
# that lets them.
export HOME=$dir/home TMPDIR=$dir REGISTRY_AUTH_FILE=$dir/auth.json BUILDAH_ISOLATION=chroot \
  CONTAINERS_STORAGE_CONF=$dir/storage.conf CONTAINERS_REGISTRIES_CONF=$dir/registries.conf \
  CONTAINERS_CONF=$dir/containers.conf PODMAN_IGNORE_CGROUPSV1_WARNING=1
mkdir -p "$HOME/.config/containers"
echo '{"default": [{"type": "insecureAcceptAnything"}]}' > "$HOME/.config/containers/policy.json"
cat > "$CONTAINERS_STORAGE_CONF" << TOML
[storage]
driver = "vfs"
graphroot = "$dir/images"
runroot = "$dir/run"
TOML
printf '[[registry]]\nlocation = "%s"\ninsecure = true\n' "$at" > "$CONTAINERS_REGISTRIES_CONF"
printf '[engine]\ncgroup_manager = "cgroupfs"\nevents_logger = "none"\n' > "$CONTAINERS_CONF"

raw() { skopeo inspect --tls-verify=false --raw "docker://$at/$1"; }
media_types() { # of a manifest's layers, each once
  python3 -c 'import json, sys; print(*sorted({l["mediaType"] for l in json.load(sys.stdin)["layers"]}))'
}
# content_of IMAGE PATH: a file in the local image.
content_of() {
  local container
  container=$(buildah from --pull-never "$1") || return 1
  sha256_of "$(buildah mount "$container")$2"
  buildah rm "$container" > "$dir/ignored"
}
forget() { podman rmi --force "$@"; }

echo "# login"

login() { podman login --tls-verify=false --username iamapikey --password-stdin "$at" <<< "$1"; }
fails "a wrong key cannot log in" login not-the-key
holds "podman logs in" login "$key"
is "and knows as whom" "$(podman login --get-login "$at")" iamapikey

echo "# build, push, pull"

mkdir "$dir/context"
head -c 300000 /dev/urandom > "$dir/context/data"
head -c 3000 /dev/urandom > "$dir/context/more"
cat > "$dir/context/Containerfile" << 'FILE'
FROM scratch
COPY data /data
COPY more /more
LABEL org.example.purpose=test
CMD ["/data"]
FILE
build() { buildah bud --tag "$1" "${@:2}" "$dir/context"; }
holds "an image is built of two layers" build app --layers
push() { podman push --tls-verify=false "$@"; }
pull() { podman pull --tls-verify=false "$@"; }
holds "podman pushes it" push app "$at/pods/app:1"
is "in the OCI format" "$(raw pods/app:1 | media_types)" application/vnd.oci.image.layer.v1.tar+gzip
holds "it is forgotten" forget app
holds "and pulled" pull "$at/pods/app:1"
is "with the file that went in" "$(content_of "$at/pods/app:1" /data)" "$(sha256_of "$dir/context/data")"
digest=$(podman image inspect --format '{{.Digest}}' "$at/pods/app:1")
is "podman's digest of it is ours" "$digest" "sha256:$(raw pods/app:1 | sha256sum | cut -d' ' -f1)"
holds "it is pulled by digest" pull "$at/pods/app@$digest"
fails "a tag that is not there is not pulled" pull "$at/pods/app:absent"
like "and podman says why" "$(cat "$dir/output")" 'manifest unknown'

echo "# into another repository"

finished_before=$(requests_of FinishUpload)
holds "the image is pushed to another repository" push "$at/pods/app:1" "$at/pods/second:1"
is "its blobs are mounted: no upload is finished but the configuration's, if any" \
  "$(($(requests_of FinishUpload) - finished_before <= 1))" 1
is "with the same digest" "$(raw pods/second:1 | sha256sum)" "$(raw pods/app:1 | sha256sum)"

echo "# other formats"

holds "it is pushed in the Docker format" push --format v2s2 "$at/pods/app:1" "$at/pods/app:docker"
is "whose media types are Docker's" "$(raw pods/app:docker | media_types)" \
  application/vnd.docker.image.rootfs.diff.tar.gzip
holds "and pulled" pull "$at/pods/app:docker"
# Layers that are there already would stay as they are.
head -c 3000 /dev/urandom > "$dir/context/more"
holds "a new image is built" build fresh
holds "and pushed with a zstd layer" push --compression-format zstd fresh "$at/pods/zstd:1"
is "which it is" "$(raw pods/zstd:1 | media_types)" application/vnd.oci.image.layer.v1.tar+zstd
holds "all are forgotten" forget --all
holds "the one with zstd is pulled" pull "$at/pods/zstd:1"
is "with the file that went in" "$(content_of "$at/pods/zstd:1" /more)" "$(sha256_of "$dir/context/more")"

echo "# lists of images"

head -c 3000 /dev/urandom > "$dir/context/more"
holds "an image for one architecture is built" build one --arch amd64
holds "and for another" build two --arch arm64
holds "podman makes a list" podman manifest create list
holds "the first is added" podman manifest add list containers-storage:localhost/one
holds "the second as well" podman manifest add list containers-storage:localhost/two
holds "the list is pushed with what it lists" \
  podman manifest push --tls-verify=false --all list "docker://$at/pods/list:1"
is "it is an index of two architectures" "$(raw pods/list:1 | python3 -c 'import json, sys
index = json.load(sys.stdin)
print(index["mediaType"], *sorted(m["platform"]["architecture"] for m in index["manifests"]))')" \
  "application/vnd.oci.image.index.v1+json amd64 arm64"
holds "in the Docker format too" \
  podman manifest push --tls-verify=false --all --format v2s2 list "docker://$at/pods/list:docker"
like "whose media type is Docker's" "$(raw pods/list:docker)" 'docker.distribution.manifest.list.v2'
holds "all are forgotten again" forget --all
holds "the other architecture is pulled" pull --arch arm64 "$at/pods/list:1"
is "and is that" "$(podman image inspect --format '{{.Architecture}}' "$at/pods/list:1")" arm64
holds "buildah makes a list of what the registry has" buildah manifest create remote
holds "and adds one" buildah manifest add --tls-verify=false remote "docker://$at/pods/app:1"
holds "and pushes it" buildah manifest push --tls-verify=false remote "docker://$at/pods/list:2"
like "which names it by digest" "$(raw pods/list:2)" "$digest"

echo "# buildah commits straight into the registry"

container=$(buildah from scratch)
holds "a file is added to nothing" buildah copy "$container" "$dir/context/more" /more
holds "the result is committed" buildah commit --tls-verify=false "$container" "docker://$at/pods/direct:1"
holds "and pulled by podman" pull "$at/pods/direct:1"
is "with the file that went in" "$(content_of "$at/pods/direct:1" /more)" "$(sha256_of "$dir/context/more")"

echo "# search and logout"

names() { podman search --tls-verify=false --format '{{.Name}}' "$@" | sort -u; }
is "search finds repositories" "$(names "$at/pods/")" \
  "$(printf '%s\n' app direct list second zstd | sed "s|^|$at/pods/|")"
is "and tags" "$(podman search --tls-verify=false --list-tags "$at/pods/app" |
  awk 'NR > 1 { print $2 }' | sort | paste -sd ' ')" "1 docker"
holds "podman logs out" podman logout "$at"
fails "and may pull no more" pull "$at/pods/second:1"
like "because nobody may without a login" "$(cat "$dir/output")" 'unauthorized|authentication required'

finish

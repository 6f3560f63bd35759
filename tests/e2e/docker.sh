#!/usr/bin/env bash
# What the Docker engine and containerd do with a registry: log in, push, pull, mount blobs from
# another repository. The engine is one of its own, without networks.

# shellcheck disable=SC2317  # some functions are called by name
# shellcheck source=tests/e2e/lib.sh
source "$(dirname "${BASH_SOURCE[0]}")/lib.sh"
needs docker dockerd
[ "$(id -u)" = 0 ] || skip "dockerd needs root"

export DOCKER_HOST=unix://$dir/docker.sock DOCKER_CONFIG=$dir/docker-config DOCKER_BUILDKIT=0 TMPDIR=$dir
mkdir "$DOCKER_CONFIG"
echo '{}' > "$dir/daemon.json"
dockerd --config-file "$dir/daemon.json" --data-root "$dir/docker" --exec-root "$dir/exec" \
  --pidfile "$dir/docker.pid" --host "$DOCKER_HOST" --storage-driver vfs --iptables=false \
  --ip6tables=false --bridge=none > "$dir/dockerd.log" 2>&1 &
engine=$!
background+=("$engine")
engine_is_up() { gone "$engine" || docker version > /dev/null 2>&1; }
eventually 60 engine_is_up || skip "the Docker engine does not come up here: $(tail -n 1 "$dir/dockerd.log")"
! gone "$engine" || skip "the Docker engine does not run here: $(tail -n 1 "$dir/dockerd.log")"

# Addresses of 127.0.0.0/8 need not speak TLS.
two_registries_by_address > "$dir/config.toml"
# Where there is an object store, clients are sent there for the bytes.
[ "$stores" != scaled ] || sed -i 's/^region = .*/&\nredirect_pulls = true/' "$dir/config.toml"
server_start --config "$dir/config.toml"
at=127.0.0.1:${public##*:}
expect 201 PUT /api/v1/namespaces/whales

echo "# login"

login() { docker login --username iamapikey --password-stdin "$at" <<< "$1"; }
fails "a wrong key cannot log in" login not-the-key
holds "docker logs in" login "$key"

echo "# push and pull"

mkdir -p "$dir/tree/etc" "$dir/context"
head -c 300000 /dev/urandom > "$dir/tree/etc/data"
head -c 3000 /dev/urandom > "$dir/context/more"
import() { tar -C "$dir/tree" -c . | docker import --change 'CMD ["/etc/data"]' - "$1"; }
holds "a tree is imported" import "$at/whales/base:1"
printf 'FROM %s\nCOPY more /more\n' "$at/whales/base:1" > "$dir/context/Dockerfile"
holds "and built upon" docker build --tag "$at/whales/app:1" "$dir/context"
holds "it is pushed" docker push "$at/whales/app:1"
pushed=$(sed -n 's/.*digest: \(sha256:[0-9a-f]*\) .*/\1/p' "$dir/output")
api GET /v2/whales/app/manifests/1
is "docker's digest of it is ours" "sha256:$(sha256_of "$body")" "$pushed"
is "it is in the Docker format" "$(json 'd["mediaType"]')" \
  application/vnd.docker.distribution.manifest.v2+json
is "of two layers" "$(json 'len(d["layers"])')" 2

file_of() { # IMAGE PATH
  local container
  container=$(docker create --network none "$1") || return 1
  docker cp "$container:$2" - | tar -xO | sha256sum | cut -d' ' -f1
  docker rm "$container" > "$dir/ignored"
}
forget_all() { docker image prune --all --force; }
holds "everything is forgotten" forget_all
holds "it is pulled" docker pull "$at/whales/app:1"
is "with the file that went in" "$(file_of "$at/whales/app:1" /etc/data)" "$(sha256_of "$dir/tree/etc/data")"
is "in both layers" "$(file_of "$at/whales/app:1" /more)" "$(sha256_of "$dir/context/more")"
holds "it is pulled by digest" docker pull "$at/whales/app@$pushed"
holds "it is pushed again, as it is there" docker push "$at/whales/app:1"
like "and docker sees that" "$(cat "$dir/output")" 'Layer already exists'
fails "a tag that is not there is not pulled" docker pull "$at/whales/app:absent"
like "and docker says why" "$(cat "$dir/output")" 'manifest unknown|not found'

echo "# into another repository"

docker tag "$at/whales/app:1" "$at/whales/second:1"
holds "it is pushed to another repository" docker push "$at/whales/second:1"
is "both layers are mounted" "$(grep -c 'Mounted from whales/app' "$dir/output")" 2
api GET /v2/whales/second/manifests/1
is "with the same digest" "sha256:$(sha256_of "$body")" "$pushed"
docker tag "$at/whales/app:1" "$at/whales/second:2"
holds "a second tag is pushed" docker push "$at/whales/second:2"
holds "everything is forgotten again" forget_all
holds "all tags are pulled at once" docker pull --all-tags "$at/whales/second"
is "which are two" "$(docker image ls --format '{{.Tag}}' "$at/whales/second" | sort | paste -sd ' ')" "1 2"

echo "# containerd"

# The one that the engine has started.
contain() { ctr --address "$dir/exec/containerd/containerd.sock" --namespace e2e images "$@"; }
if command -v ctr > /dev/null && contain ls > "$dir/output" 2>&1; then
  holds "ctr pulls" contain pull --plain-http --user "iamapikey:$key" "$at/whales/app:1"
  holds "ctr gives it another name" contain tag "$at/whales/app:1" "$at/whales/contained:1"
  holds "and pushes it" contain push --plain-http --user "iamapikey:$key" "$at/whales/contained:1"
  api GET /v2/whales/contained/manifests/1
  is "with the same digest" "sha256:$(sha256_of "$body")" "$pushed"
  fails "without a key it may not pull" contain pull --plain-http "$at/whales/second:1"
else
  echo "# left out: ctr does not run here: $(tail -n 1 "$dir/output")"
fi

echo "# logout"

holds "docker logs out" docker logout "$at"
fails "and may pull no more" docker pull "$at/whales/app:1"
like "because nobody may without a login" "$(cat "$dir/output")" 'unauthorized|denied|no basic auth'

# Before its directory goes.
kill "$engine"
holds "the engine stops" eventually 30 gone "$engine"
finish

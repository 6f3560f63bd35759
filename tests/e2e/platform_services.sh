#!/usr/bin/env bash
# The reference system's own SDKs (npm @ibm-cloud/platform-services, ibm-container-registry) against
# this server, with nothing changed but the URL and the API key: tests/sdk.

# shellcheck source=tests/e2e/lib.sh
source "$(dirname "${BASH_SOURCE[0]}")/lib.sh"
needs node npm
[ "$(node -p 'Number(process.versions.node.split(".")[0]) >= 20')" = true ] ||
  skip "the SDK needs Node.js 20"

cp -r "$root/tests/sdk" "$dir/sdk"
if [ ! -d "$dir/sdk/node_modules" ]; then
  (cd "$dir/sdk" && npm ci --no-progress > "$dir/npm" 2>&1) ||
    skip "npm cannot install the SDK: $(tail -n 1 "$dir/npm")"
fi

server_start --config "$root/examples/two-registries.toml"

for test in "$dir/sdk/"*_test.mjs; do
  name=$(basename "$test" _test.mjs)
  if BREAKWATER_URL=$public BREAKWATER_ACCOUNT=$account BREAKWATER_API_KEY=$key \
    node "$test" > "$dir/output" 2>&1; then
    ok "$name: $(tail -n 1 "$dir/output")"
  else
    not_ok "$name" "$(grep -v '^ok - ' "$dir/output")"
  fi
done

finish

#!/usr/bin/env bash
# A rule is attached through one of two processes while 1,000 changes that violate it run through
# both: none is committed after the attachment was acknowledged.

# shellcheck source=tests/e2e/lib.sh
source "$(dirname "${BASH_SOURCE[0]}")/lib.sh"
[ "$stores" = scaled ] || skip "it needs stores that several processes can share"

config=$root/examples/two-registries.toml
server_start --config "$config"
first=$public first_pid=$server_pid
server_start --config "$config"
second=$public
background+=("$first_pid")

holds "a rule and changes that violate it do not slip past each other" \
  python3 "$root/tests/e2e/rule_race.py" "$first" "$second" "$account" "$key" 1000

finish

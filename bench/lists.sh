#!/usr/bin/env bash
# How soon lists begin, and what memory reading them to the end takes, in an installation of 10,000
# repositories and 1,000,000 tags (seed_lists.cc).

# shellcheck source=bench/lib.sh
source "$(dirname "${BASH_SOURCE[0]}")/lib.sh"

seed=${BENCH_SEED:-$here/../build/release/bench/bw_seed_lists}
if [ ! -x "$seed" ]; then
  echo "there is no $seed: build the target bw_seed_lists"
  exit 77
fi

python3 "$here/lists.py" "$directory" "$seed" "$@"

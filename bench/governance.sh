#!/usr/bin/env bash
# Conditions per second of one core's time beside general engines from npm (ajv, cedar-wasm) on
# equivalent rules, of flags and of texts and numbers, and what the gate adds to a change under 500
# attached rules. Goals: ten times the best of them, and under 50 microseconds.

# shellcheck source=bench/lib.sh
source "$(dirname "${BASH_SOURCE[0]}")/lib.sh"

program=${BENCH_GOVERNANCE:-$here/../build/release/bench/bw_governance_bench}
if [ ! -x "$program" ]; then
  echo "there is no $program: build the target bw_governance_bench (it needs Google Benchmark)"
  exit 77
fi
if ! (cd "$directory" && npm install --no-save --no-progress ajv@8 @cedar-policy/cedar-wasm@4) \
  > "$directory/npm" 2>&1; then
  echo "npm cannot install the other engines: $(tail -n 1 "$directory/npm")"
  exit 77
fi

"$program" --benchmark_format=json > "$directory/governance.json"
(cd "$directory" && node "$here/governance_peers.mjs") > "$directory/peers.json"
python3 - "$directory/governance.json" "$directory/peers.json" <<'PYTHON'
import json
import sys

runs = {run['name']: run for run in json.load(open(sys.argv[1], encoding='utf-8'))['benchmarks']}
peers = json.load(open(sys.argv[2], encoding='utf-8'))
met = True
for condition, rates in peers.items():
    ours = runs[f'Condition/{condition}']['per_second']
    alone = runs[f'ConditionAlone/{condition}']['per_second']
    print(f'a condition of {condition}:')
    print(f'  Breakwater: {ours:,.0f} per second on one core; {alone:,.0f} where the facts are laid '
          'out for this one')
    for name, found in rates.items():
        print(f'  {name}: {found:,.0f}, so that Breakwater does {ours / found:.1f} times as many')
    met = met and ours >= 10 * max(rates.values())
for rules in (0, 500):
    run = runs[f'Gate/{rules}']
    print(f"gate with {rules} rules: median {run['median_us']:.1f} us, "
          f"99th percentile {run['p99_us']:.1f} us (goal 50 us)")
sys.exit(0 if met and runs['Gate/500']['p99_us'] < 50 else 1)
PYTHON

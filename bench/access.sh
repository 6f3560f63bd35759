#!/usr/bin/env bash
# Decisions, explanations and lists in an account of 100,000 identities, groups and policies
# (access_bench.cc), held against the goals: a decision under 20 microseconds and an explanation
# under 10 ms at the 99th percentile, the beginning of a list under 50 ms.

# shellcheck source=bench/lib.sh
source "$(dirname "${BASH_SOURCE[0]}")/lib.sh"

program=${BENCH_ACCESS:-$here/../build/release/bench/bw_access_bench}
if [ ! -x "$program" ]; then
  echo "there is no $program: build the target bw_access_bench (it needs Google Benchmark)"
  exit 77
fi

"$program" --benchmark_format=json > "$directory/access.json"
python3 - "$directory/access.json" <<'PYTHON'
import json
import sys

GOALS = {'Decision': 20, 'DecisionOverTheMostPolicies': 20, 'ExplainOverTheMostPolicies': 10_000}
LISTS = 50_000

missed = 0
for run in json.load(open(sys.argv[1], encoding='utf-8'))['benchmarks']:
    name = run['name']
    goal = GOALS.get(name, LISTS if name.startswith('List') else None)
    found = run.get('p99_us')
    if found is None or (goal is not None and found > goal):
        missed += 1
    bound = 'no goal' if goal is None else f'goal {goal} us'
    print(f"{name}: 99th percentile {found} us ({bound})")
sys.exit(1 if missed else 0)
PYTHON

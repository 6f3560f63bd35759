#!/usr/bin/env bash
# Posture over 100,000 resources under 100 goals (posture_bench.cc), held against the goals: after
# one change under 100 ms, at any moment of a year of hourly changes under a second.

# shellcheck source=bench/lib.sh
source "$(dirname "${BASH_SOURCE[0]}")/lib.sh"

program=${BENCH_POSTURE:-$here/../build/release/bench/bw_posture_bench}
if [ ! -x "$program" ]; then
  echo "there is no $program: build the target bw_posture_bench"
  exit 77
fi

"$program" "$directory" "${BENCH_RESOURCES:-100000}" 100 | tee "$directory/posture.txt"
python3 - "$directory/posture.txt" <<'PYTHON'
import re
import sys

GOALS = {'after one change': 100, 'posture at a moment': 1_000}

text = open(sys.argv[1], encoding='utf-8').read()
missed = 0
for name, goal in GOALS.items():
    found = re.search(name + r'[^:\n]*: (?:at most )?([0-9.]+) ms', text)
    if found is None or float(found[1]) > goal:
        missed += 1
        print(f"{name}: {'nothing was measured' if found is None else found[1] + ' ms'} (goal {goal} ms)")
sys.exit(1 if missed else 0)
PYTHON

#!/usr/bin/env bash
# What the benchmarks read from wrk's output, and which of several samples they keep.
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/../.."

PYTHONDONTWRITEBYTECODE=1 PYTHONPATH=bench:tests/e2e python3 - << 'PY'
import measure
from measure import Plan, Sample, WrkResult, quiet

# The percentages of the thread statistics are none of the latencies'.
OUTPUT = """Running 2s test @ http://127.0.0.1:5000/v2/
  1 threads and 64 connections
  Thread Stats   Avg      Stdev     Max   +/- Stdev
    Latency   812.31us    1.20ms  21.50ms   99.00%
    Req/Sec    81.05k     3.11k   88.12k    87.50%
  Latency Distribution
     50%  654.00us
     75%    0.91ms
     90%    1.40ms
     99%    5.25{unit}
  161310 requests in 2.00s, 380.20MB read
Requests/sec:  80612.75
Transfer/sec:    190.00MB
"""
for unit, factor in (("us", 1e-6), ("ms", 1e-3), ("s", 1.0)):
    result = WrkResult(OUTPUT.format(unit=unit))
    assert (result.done, result.rate) == (161310, 80612.75), vars(result)
    assert abs(result.p99 - 5.25 * factor) < 1e-12, (unit, result.p99)
print("wrk's counts, rate and latencies are read")

def samples(*shares):
    taken = iter([share if share is None else Sample(1, 1, share) for share in shares])
    measure.observe = lambda server, load: next(taken)
    Plan.taken = Plan.noisy = 0
    return quiet(None, None).foreign, Plan.taken, Plan.noisy

assert samples(0.05, 0.9) == (0.05, 1, 0)
assert samples(0.9, 0.05) == (0.05, 1, 0)
assert samples(0.9, 0.5, 0.3, 0.7) == (0.3, 1, 1)
assert samples(None, 0.9, 0.3, None) == (0.3, 1, 1)
print("the first quiet sample is kept, or the least disturbed, which is counted")
PY

#!/usr/bin/env bash
# The kills of tests/e2e/kill_nine.sh, ten times as many, with another seed each time.
export KILL_NINE_ROUNDS=${KILL_NINE_ROUNDS:-500}
exec bash "$(dirname "${BASH_SOURCE[0]}")/../e2e/kill_nine.sh"

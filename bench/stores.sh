#!/usr/bin/env bash
# Pushes and pulls on both kinds of stores, side by side.

# shellcheck source=bench/lib.sh
source "$(dirname "${BASH_SOURCE[0]}")/lib.sh"

python3 "$here/stores.py" "$directory"

#!/usr/bin/env bash
# Pulls and pushes beside docker-registry and nginx, where they are installed.

# shellcheck source=bench/lib.sh
source "$(dirname "${BASH_SOURCE[0]}")/lib.sh"

python3 "$here/data_plane.py" "$directory"

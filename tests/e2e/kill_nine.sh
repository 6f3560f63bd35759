#!/bin/sh
# Kills the server with SIGKILL at random moments of pushes and checks what a restart finds.
# BREAKWATER_BINARY names the program; KILL_NINE_ROUNDS (50) and KILL_NINE_SEED may be set.
# Exit: 0 passed, 77 skipped (no program or no python3), else failed.
command -v python3 >/dev/null 2>&1 || { echo "python3 is missing"; exit 77; }
[ -x "${BREAKWATER_BINARY:-}" ] || { echo "BREAKWATER_BINARY names no program"; exit 77; }
exec python3 "$(dirname "$0")/kill_nine.py"

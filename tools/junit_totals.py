#!/usr/bin/env python3
"""Prints "passed failed skipped" of a JUnit file that ctest wrote."""

import sys
import xml.etree.ElementTree as xml


def main() -> int:
    try:
        root = xml.parse(sys.argv[1]).getroot()
    except (OSError, xml.ParseError) as error:
        print(f"junit_totals: {error}", file=sys.stderr)
        return 1
    passed = failed = skipped = 0
    for case in root.iter("testcase"):
        status = case.get("status")
        note = case.find("skipped")
        reason = note.get("message", "") if note is not None else ""
        if status == "run":
            passed += 1
        elif status == "disabled" or (status == "notrun" and reason.startswith("SKIP_")):
            skipped += 1
        else:  # failed, or its program could not be started
            failed += 1
    print(passed, failed, skipped)
    return 0


if __name__ == "__main__":
    sys.exit(main())

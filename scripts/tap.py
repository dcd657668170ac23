#!/usr/bin/env python3
# SPDX-License-Identifier: BSD-3-Clause
"""Counts test cases.

Reads TAP (*.tap) and meson's log of a run (testlog.json). A TAP line is a case; a meson test that
speaks no TAP is one. A program that ended badly, or did not run all it planned, without saying
which case failed, counts as one failure more. Prints every failure and every skip with its reason,
then "passed failed skipped" as the last line.
"""
import json
import re
import sys
from pathlib import Path

RESULT = re.compile(r"^(not )?ok\b\s*\d*\s*-?\s*(.*)$")
SKIP = re.compile(r"#\s*skip\S*\s*(.*)$", re.IGNORECASE)
PLAN = re.compile(r"^1\.\.(\d+)")


class Count:
    """Cases of one run."""

    def __init__(self):
        self.passed, self.failed, self.skipped = 0, 0, 0
        self.comment = ""  # the line before, where it is one: cmocka's reason for a skip

    def fail(self, where, what):
        """One failed case."""
        self.failed += 1
        print(f"  FAILED {where}: {what}")

    def line(self, where, line):
        """A line of TAP; whether it was a case."""
        found = RESULT.match(line)
        if not found:
            self.comment = line if line.startswith("#") else ""
            return False
        skip = SKIP.search(found[2])
        if skip:  # cmocka says "not ok 4 # SKIP name"
            self.skipped += 1
            what = (found[2].split("#")[0].strip() + " " + skip[1]).strip()
            print(f"  skipped {where}: {what} {self.comment}".rstrip())
        elif found[1]:
            self.fail(where, found[2])
        else:
            self.passed += 1
        return True

    def tap(self, where, text, ended_well):
        """A whole TAP stream."""
        cases, planned, failed = 0, None, self.failed
        for line in text.splitlines():
            plan = PLAN.match(line)
            if plan:
                planned = (planned or 0) + int(plan[1])
            cases += self.line(where, line)
        if self.failed != failed:
            return
        if planned is not None and planned != cases:
            self.fail(where, f"planned {planned} cases, ran {cases}")
        elif not ended_well:
            self.fail(where, "ended badly")
        elif cases == 0:
            self.fail(where, "ran nothing")

    def meson(self, path):
        """meson's testlog.json: an object a line."""
        for line in path.read_text(encoding="utf-8").splitlines():
            test = json.loads(line)
            name, result, out = test["name"], test["result"], test.get("stdout", "")
            # meson takes cmocka's "not ok … # SKIP" for a failure.
            well = result in ("OK", "SKIP", "EXPECTEDFAIL") or test.get("returncode") == 0
            if any(RESULT.match(x) for x in out.splitlines()):
                self.tap(name, out, well)
            elif result == "SKIP":
                self.skipped += 1
                print(f"  skipped {name}")
            elif well:
                self.passed += 1
            else:
                self.fail(name, result)


def main():
    count = Count()
    for name in sys.argv[1:]:
        path = Path(name)
        if path.suffix == ".json":
            count.meson(path)
        else:
            text = path.read_text(encoding="utf-8", errors="replace")
            count.tap(path.stem, text, "# ended badly" not in text)
    print(count.passed, count.failed, count.skipped)


main()

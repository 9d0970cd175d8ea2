#!/usr/bin/env python3
"""tally.py - counts single test cases in meson's JSON logs.

usage: tally.py LOG.json... ; each argument is a testlog that `meson test` wrote.

A TAP program counts as many cases as it printed; any other program is one case. A program that
died, ran out of time or promised more cases than it printed is one failed case more. Names each
failure, ends with the line "N passed, N failed", and with status 1 when something failed or nothing
ran.
"""
import json
import re
import sys

CASE = re.compile(r"^(not )?ok\b(?:\s+\d+)?(?:\s+-)?\s*(.*)$")
PLAN = re.compile(r"^1\.\.(\d+)\s*(?:#\s*(skip)?.*)?$", re.I)
GOOD = ("OK", "EXPECTEDFAIL")


class Tally:
    def __init__(self):
        self.passed, self.failed, self.skipped = 0, 0, 0
        self.failures = []
        self.programs = 0

    def fail(self, name, why):
        self.failed += 1
        self.failures.append(f"{name}: {why}")

    def add_tap(self, name, text):
        """Counts the cases of a TAP program; returns what it counted, or None when it is no TAP."""
        cases, failed, plan = 0, 0, None
        for line in text.splitlines():
            m = PLAN.match(line)
            if m and plan is None:
                plan = int(m.group(1))
                continue
            m = CASE.match(line)
            if not m:
                continue
            cases += 1
            what = m.group(2)
            if re.search(r"#\s*skip", what, re.I):
                self.skipped += 1
            elif m.group(1) and not re.search(r"#\s*todo", what, re.I):
                failed += 1
                self.fail(name, what or f"case {cases}")
            else:
                self.passed += 1
        if plan is None and not cases:
            return None
        if plan is not None and cases < plan:
            failed += 1
            self.fail(name, f"printed {cases} of the {plan} cases that it announced")
        return cases, failed

    def add(self, test):
        self.programs += 1
        name, result = test["name"], test["result"]
        counted = self.add_tap(name, test.get("stdout") or "")
        if result == "SKIP":
            self.skipped += 0 if counted and counted[0] else 1
        elif result in GOOD:
            self.passed += 0 if counted else 1
        elif not counted or not counted[1]:
            self.fail(name, f"{result.lower()}, exit status {test.get('returncode')}")


def main(paths):
    tally = Tally()
    for path in paths:
        with open(path, encoding="utf-8", errors="replace") as log:
            for line in log:
                if line.strip():
                    tally.add(json.loads(line))
    for failure in tally.failures:
        print(f"FAILED  {failure}")
    print(f"{tally.programs} programs, {tally.skipped} cases skipped")
    if not tally.passed and not tally.failed:
        tally.failed = 1
        print("FAILED  no test ran")
    print(f"{tally.passed} passed, {tally.failed} failed")
    return 1 if tally.failed else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))

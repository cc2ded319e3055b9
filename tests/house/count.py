#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""
Counts test cases in what `meson test` wrote down: each TAP row is a case, a test that speaks no TAP is one.

usage: count.py --folder BUILD      what ran there; the failing tests with their output; exit 1 if any failed
       count.py --sum BUILD...      one line for all of them: N passed, N failed; exit 1 if any failed, or none ran
"""
import json
import os
import re
import sys

ROW = re.compile(r"^(not )?ok\b(.*)$", re.M)
PLAN = re.compile(r"^1\.\.\d+", re.M)
MARK = re.compile(r"#\s*(skip|todo)", re.I)
GOOD = {"OK", "EXPECTEDFAIL", "SKIP"}


def cases(test):
    """(passed, failed, skipped) of one test, from its output and Meson's verdict."""
    out = test.get("stdout") or ""
    passed = failed = skipped = 0
    rows = ROW.findall(out)
    if rows or PLAN.search(out):
        for bad, rest in rows:
            mark = MARK.search(rest)
            if mark and mark.group(1).lower() == "skip":
                skipped += 1
            elif bad and not mark:
                failed += 1
            else:
                passed += 1
        if not rows and test["result"] == "SKIP": # 1..0 # SKIP
            skipped = 1
    elif test["result"] == "SKIP":
        skipped = 1
    elif test["result"] in GOOD:
        passed = 1
    # it died, timed out or broke its plan: a failure, whatever the rows before it say
    if test["result"] not in GOOD and failed == 0:
        failed = 1
    return passed, failed, skipped


def tests(folder):
    path = os.path.join(folder, "meson-logs", "testlog.json")
    if not os.path.exists(path):
        return []
    with open(path, encoding="utf-8") as f:
        return [json.loads(line) for line in f if line.strip()]


def total(ran):
    return [sum(column) for column in zip((0, 0, 0), *(cases(t) for t in ran))]


def line(counts):
    passed, failed, skipped = counts
    return "%d passed, %d failed" % (passed, failed) + (", %d skipped" % skipped if skipped else "")


def show(test):
    """A failing test: its failed rows when it has any, with what was said around them; else the end of its words."""
    print("--- %s: %s, status %s" % (test["name"], test["result"], test.get("returncode")))
    out = (test.get("stdout") or "").splitlines()
    bad = []
    for at, text in enumerate(out):
        if text.startswith("not ok"):
            first = at
            while first > 0 and at - first < 12 and out[first - 1].startswith("#"):
                first -= 1 # some say why before they say what
            bad += out[first:at + 1]
            for note in out[at + 1:at + 13]:
                if re.match(r"(not )?ok\b|1\.\.", note):
                    break
                bad.append(note)
    for text in bad[:60] or out[-8:]:
        print("  " + text)
    err = [text for text in (test.get("stderr") or "").splitlines() if text.strip()]
    if len(err) > 60: # a sanitizer says what it found first
        err = err[:45] + ["..."] + err[-12:]
    for text in err:
        print("  ! " + text)


def one_folder(folder):
    ran = tests(folder)
    for test in ran:
        if test["result"] not in GOOD or cases(test)[1]:
            show(test)
    counts = total(ran)
    print("%d tests in %s: %s" % (len(ran), folder, line(counts)))
    if not ran:
        print("Meson ran nothing there; its words are in %s/test.log" % folder)
        return 1
    slow = sorted(ran, key=lambda t: -t["duration"])[:3]
    print("longest: " + ", ".join("%s %.1f s" % (t["name"], t["duration"]) for t in slow))
    return 1 if counts[1] else 0


def sum_of(folders):
    counts = [0, 0, 0]
    for folder in folders:
        ran = tests(folder)
        counts = [a + b for a, b in zip(counts, total(ran))]
        counts[1] += not ran # a build whose tests did not run has not passed
    print(line(counts))
    return 1 if counts[1] else 0


def main():
    if len(sys.argv) == 3 and sys.argv[1] == "--folder":
        return one_folder(sys.argv[2])
    if len(sys.argv) > 2 and sys.argv[1] == "--sum":
        return sum_of(sys.argv[2:])
    print(__doc__.strip(), file=sys.stderr)
    return 2


if __name__ == "__main__":
    sys.exit(main())

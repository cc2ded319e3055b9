#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""The sum at the end of ./run test says what Meson wrote down: no failure is lost in counting."""
import contextlib
import io
import json
import os
import sys
import tempfile

import count as counter

# Each row: the sentence that is true, Meson's verdict, the output, (passed, failed, skipped).
ROWS = [
    ("each TAP row is a case", "OK", "ok 1 - a\nok 2 - b\n1..2\n", (2, 0, 0)),
    ("a row that is not ok is a failure", "FAIL", "ok 1 - a\nnot ok 2 - b\n1..2\n", (1, 1, 0)),
    ("a row to skip is skipped", "OK", "ok 1 - a\nok 2 - b # SKIP no agent\n1..2\n", (1, 0, 1)),
    ("a test without TAP is one case", "OK", "all is well\n", (1, 0, 0)),
    ("a test without TAP that fails is one failure", "FAIL", "ouch\n", (0, 1, 0)),
    ("a test that dies after good rows is a failure", "ERROR", "ok 1 - a\n", (1, 1, 0)),
    ("a test that dies before its first row is a failure", "ERROR", "", (0, 1, 0)),
    ("a test that times out is a failure", "TIMEOUT", "ok 1 - a\nok 2 - b\n", (2, 1, 0)),
    ("a test that is interrupted is a failure", "INTERRUPT", "", (0, 1, 0)),
    ("a test skipped as a whole is skipped", "SKIP", "1..0 # SKIP no go\n", (0, 0, 1)),
    ("... also without TAP", "SKIP", "", (0, 0, 1)),
    ("a word that begins with ok is no row", "OK", "okay\n", (1, 0, 0)),
    ("a status other than 0 after good rows is a failure", "ERROR", "ok 1 - a\n1..1\n", (1, 1, 0)),
]

done = failed = 0


def ok(is_true, name, note=""):
    global done, failed
    done += 1
    failed += not is_true
    print("%sok %d - %s" % ("" if is_true else "not ", done, name))
    if not is_true:
        print("# " + note)


def folder(top, name, results):
    """A build folder in which those (verdict, output) were written down; None: no test was run."""
    path = os.path.join(top, name)
    os.makedirs(os.path.join(path, "meson-logs"))
    if results is not None:
        with open(os.path.join(path, "meson-logs", "testlog.json"), "w", encoding="utf-8") as f:
            for verdict, out in results:
                f.write(json.dumps({"name": "t", "result": verdict, "stdout": out, "duration": 1.0}) + "\n")
    return path


def said(call, *args):
    out = io.StringIO()
    with contextlib.redirect_stdout(out):
        status = call(*args)
    return status, out.getvalue()


for name, verdict, output, want in ROWS:
    got = counter.cases({"name": "t", "result": verdict, "stdout": output})
    ok(got == want, name, "got %s, want %s" % (got, want))

with tempfile.TemporaryDirectory() as top:
    good = folder(top, "good", [("OK", "ok 1\nok 2\n1..2\n"), ("OK", "")])
    bad = folder(top, "bad", [("FAIL", "ok 1\n# in world 7\nnot ok 2 - it\n# got 3\n1..2\n")])
    none = folder(top, "none", None)
    got = said(counter.sum_of, [good])
    ok(got == (0, "3 passed, 0 failed\n"), "all good: status 0", str(got))
    got = said(counter.sum_of, [good, bad])
    ok(got == (1, "4 passed, 1 failed\n"), "one failure among two folders: status 1", str(got))
    got = said(counter.sum_of, [good, none])
    ok(got == (1, "3 passed, 1 failed\n"), "a build whose tests did not run is a failure", str(got))
    status, out = said(counter.one_folder, bad)
    ok(status == 1 and all(s in out for s in ("# in world 7", "not ok 2 - it", "# got 3")),
       "a failing row is shown with its notes", out)

print("1..%d" % done)
sys.exit(1 if failed else 0)

#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""The house keeps its floors; and the check finds what is planted, and nothing else."""
import os
import subprocess
import sys
import tempfile

import floors

HERE = os.path.dirname(os.path.abspath(__file__))

# Each row: the sentence that is true, the file, its include, what is said of it (None: nothing).
ROWS = [
    ("a room may use its own headers", "tlog/tree.c", "tile.h", None),
    ("its own headers by their full name too", "tlog/tree.c", "tlog/tile.h", None),
    ("a room may use the cellar", "tlog/tree.c", "base/buf.h", None),
    ("a room may use any floor below", "desk/open.c", "tlog/tile.h", None),
    ("crypto may use codec", "crypto/note.c", "codec/json.h", None),
    ("base may not use codec", "base/buf.c", "codec/json.h", "points up"),
    ("wire may not use the desk", "wire/order.c", "desk/desk.h", "points up"),
    ("a header is held to it as a source is", "wire/order.h", "desk/desk.h", "points up"),
    ("an upward path with dots is found", "wire/order.c", "../desk/desk.h", "points up"),
    ("a header that does not exist yet is judged by its name", "base/buf.c", "cli/cli.h", "points up"),
    ("tlog may not use seal", "tlog/tree.c", "seal/container.h", "points sideways"),
    ("seal may not use tlog", "seal/container.c", "tlog/tile.h", "points sideways"),
    ("core may not use crypto", "core/decide.c", "crypto/hash.h", "points sideways"),
    ("crypto may not use core", "crypto/hash.c", "core/decide.h", "points sideways"),
    ("core may use base", "core/decide.c", "base/buf.h", None),
    ("core may not use codec", "core/decide.c", "codec/json.h", "core may use base only"),
    ("a test in core may read rows with codec", "core/test_decide.c", "codec/json.h", None),
    ("a test may not look up either", "core/test_decide.c", "desk/desk.h", "points up"),
    ("a test may use tap.h", "core/test_decide.c", "tap.h", None),
    ("another program of a room may too", "wire/describe_main.c", "tap.h", None),
    ("but a program may not look up either", "wire/describe_main.c", "desk/desk.h", "points up"),
    ("what is no program may not use tap.h", "core/decide.c", "tap.h", "only test_*.c"),
    ("spaces in the directive hide nothing", "base/buf.c", '  "desk/desk.h"', "points up"),
    ("a room without a floor is refused", "attic/box.c", "base/buf.h", "attic is no room"),
]
PLACES = ["tlog/tile.h", "base/buf.h", "codec/json.h", "crypto/hash.h", "core/decide.h",
          "desk/desk.h", "seal/container.h"]

count = failed = 0


def ok(is_true, name, note=""):
    global count, failed
    count += 1
    failed += not is_true
    print("%sok %d - %s" % ("" if is_true else "not ", count, name))
    if not is_true:
        for line in note.splitlines():
            print("# " + line)


def write(tree, path, text):
    path = os.path.join(tree, path)
    os.makedirs(os.path.dirname(path), exist_ok=True)
    with open(path, "w", encoding="utf-8") as f:
        f.write(text)


def plant(tree, source, include):
    """A house with one arrow, on line 3 of source."""
    write(tree, "tests/tap.h", "")
    for path in PLACES:
        write(tree, "src/" + path, "")
    if include.startswith(" "):
        text = "/* one */\n\n  #   include  %s\n" % include.strip()
    else:
        text = '/* one */\n\n#include "%s"\n' % include
    write(tree, "src/" + source, text)


def row(name, source, include, want):
    with tempfile.TemporaryDirectory() as tree:
        plant(tree, source, include)
        _, wrong = floors.check(tree)
        said = "\n".join(wrong)
        if want is None:
            ok(wrong == [], name, said)
        else:
            place = "src/%s:" % source
            ok(len(wrong) == 1 and said.startswith(place) and want in said, name, said)
            if "points" in want:
                ok(":3: " in said and source.split("/")[0] in said, "... and its line and room are named", said)


def exit_status(source, include):
    with tempfile.TemporaryDirectory() as tree:
        plant(tree, source, include)
        run = subprocess.run([sys.executable, os.path.join(HERE, "floors.py"), tree],
                             stdout=subprocess.PIPE, check=False)
        return run.returncode


for r in ROWS:
    row(*r)
ok(exit_status("desk/open.c", "base/buf.h") == 0, "the program says 0 when all arrows point down")
ok(exit_status("base/buf.c", "desk/desk.h") == 1, "the program says 1 when one points up")
with tempfile.TemporaryDirectory() as empty:
    ok(floors.check(empty)[0] == 0, "an empty tree has no arrows")
    ok(subprocess.run([sys.executable, os.path.join(HERE, "floors.py"), empty],
                      stdout=subprocess.DEVNULL, check=False).returncode == 1,
       "... and is not taken for a house in order")

arrows, wrong = floors.check(os.path.join(HERE, "..", ".."))
ok(wrong == [], "every arrow in this house points down", "\n".join(wrong))
ok(arrows > 0, "and there are arrows: %d" % arrows)
print("1..%d" % count)
sys.exit(1 if failed else 0)

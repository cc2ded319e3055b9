#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""House rules that are no matter of taste: a licence in each source, no place of one machine in any text."""
import os
import re
import sys
import tempfile

ROOT = os.path.abspath(os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", ".."))

SOURCE = re.compile(r"(\.(c|h|sh|bash|go|py|js|mjs|css|sql|vtc)|/meson\.build|/meson_options\.txt|/run)$")
TEXT = re.compile(SOURCE.pattern[:-1] + r"|\.(md|scd|yml|yaml|txt|list|html)$")
SPDX = re.compile(r"SPDX-License-Identifier: Apache-2\.0")
# a path of one machine, or the address of a package registry or a mirror of one
PLACE = re.compile(r"(?<![\w.$}\"'*-])/(work|root)/"
                   r"|//[a-z0-9.-]*(artifact|registry|mirror|npmjs|pypi|crates\.|maven)[a-z0-9.-]*", re.I)
NOT_OURS = re.compile(r"^(\.git|b|build[^/]*|\.run|node_modules|__pycache__|tests/fuzz/corpus)$")

count = failed = 0


def ok(is_true, name, notes=()):
    global count, failed
    count += 1
    failed += not is_true
    print("%sok %d - %s" % ("" if is_true else "not ", count, name))
    if not is_true:
        for note in notes:
            print("# " + note)


def files(tree):
    """Every file of ours, as "/path/from/the/root"."""
    for folder, folders, names in os.walk(tree):
        here = os.path.relpath(folder, tree)
        folders[:] = sorted(f for f in folders if not NOT_OURS.match(os.path.normpath(os.path.join(here, f))))
        for name in sorted(names):
            yield "/" + os.path.normpath(os.path.join(here, name))


def read(tree, path):
    with open(tree + path, encoding="utf-8", errors="replace") as f:
        return f.read()


def unlicensed(tree):
    """Sources without an SPDX line in their first five."""
    return [p for p in files(tree) if SOURCE.search(p)
            and not SPDX.search("\n".join(read(tree, p).split("\n", 5)[:5]))]


def misplaced(tree):
    """Lines that name a place which exists on one machine only."""
    wrong = []
    for path in files(tree):
        if TEXT.search(path):
            for number, line in enumerate(read(tree, path).split("\n"), 1):
                if PLACE.search(line):
                    wrong.append("%s:%d: %s" % (path, number, line.strip()[:120]))
    return wrong


def harnesses(tree):
    """Names in tests/fuzz/*.list, as they stand; and names of tests/fuzz/fuzz_*.c."""
    folder = os.path.join(tree, "tests", "fuzz")
    listed, written = [], set()
    for name in sorted(os.listdir(folder)):
        if name.endswith(".list"):
            for line in read(folder, "/" + name).splitlines():
                if line.strip() and not line.startswith("#"):
                    listed.append(line.split(":")[0].strip())
        elif name.startswith("fuzz_") and name.endswith(".c"):
            written.add(name[5:-2])
    return listed, written


def plant(tree, path, text):
    os.makedirs(os.path.dirname(os.path.join(tree, path)), exist_ok=True)
    with open(os.path.join(tree, path), "w", encoding="utf-8") as f:
        f.write(text)


def check_the_checks():
    with tempfile.TemporaryDirectory() as tree:
        line = "SPDX-License-Identifier: " + "Apache-2.0"
        plant(tree, "src/a/good.c", "/* %s */\n" % line)
        plant(tree, "src/a/bad.c", "int x;\n")
        plant(tree, "src/a/late.h", "\n" * 9 + "/* %s */\n" % line)
        plant(tree, "run", "#!/bin/bash\n")
        plant(tree, "build-x/made.c", "int y;\n")
        plant(tree, "README.md", "See /wo" + "rk/main, or fetch https://a.mirr" + "or.example/x\nsee /home\n")
        got = unlicensed(tree)
        ok(got == ["/run", "/src/a/bad.c", "/src/a/late.h"], "a source without a licence line near its top is found", got)
        got = misplaced(tree)
        ok(len(got) == 1 and got[0].startswith("/README.md:1:"), "a path of one machine is found, with its line", got)
        plant(tree, "README.md", "fetch https://a.mirr" + "or.example/x\n")
        ok(len(misplaced(tree)) == 1, "the address of a mirror is found", misplaced(tree))
        plant(tree, "README.md", "a/root/b is a path, ${x}/root/y too\n")
        ok(misplaced(tree) == [], "a folder that is called root somewhere below is not", misplaced(tree))


check_the_checks()
bad = unlicensed(ROOT)
ok(bad == [], "every source says its licence", bad)
bad = misplaced(ROOT)
ok(bad == [], "no text names a place of one machine", bad)
sources = [p for p in files(ROOT) if SOURCE.search(p)]
ok(len(sources) > 20, "and there were sources to look at: %d" % len(sources))
listed, written = harnesses(ROOT)
ok(written <= set(listed), "every fuzz harness stands in a list, so it is built", sorted(written - set(listed)))
ok(set(listed) <= written, "every harness in a list is written", sorted(set(listed) - written))
twice = sorted({name for name in listed if listed.count(name) > 1})
ok(twice == [], "and no two rooms have one of the same name", twice)
print("1..%d" % count)
sys.exit(1 if failed else 0)

#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""
Reads every #include "..." under src/ and fails on an arrow that points up or sideways.

usage: floors.py [TREE]     (the folder that holds src/; default: this checkout)

A room may include its own headers and those of the floors below it. Rooms on one floor do not look into
each other. tests/ (tap.h and the like) may be included by test_*.c only.
"""
import os
import re
import sys

FLOORS = [
    ["base"],
    ["codec"],
    ["crypto", "core"],
    ["wire"],
    ["tlog", "seal", "store", "net"],
    ["echelon"],
    ["desk"],
    ["gateway", "console"],
    ["cli"],
]
FLOOR = {room: floor for floor, rooms in enumerate(FLOORS) for room in rooms}
ONLY = {"core": {"core", "base"}}  # the decision stands on base alone, whatever else lies below it

INCLUDE = re.compile(r'^\s*#\s*include\s*"([^"]+)"')


def target_room(tree, source, name):
    """The room that an include leads to; "tests" for the helpers of tests, None for what is nowhere."""
    for folder in (os.path.dirname(source), "src", "tests"):
        path = os.path.normpath(os.path.join(folder, name))
        if os.path.exists(os.path.join(tree, path)):
            parts = path.split(os.sep)
            return parts[1] if parts[0] == "src" and len(parts) > 2 else parts[0]
    first = name.split("/")[0]  # not there yet, or generated: judged by its name
    return first if "/" in name and first in FLOOR else None


def complaint(room, target, is_program):
    """What is wrong with room including target, or None."""
    if target is None or target == room:
        return None
    if target == "tests":
        return None if is_program else "only test_*.c and *_main.c may use tests/"
    if target not in FLOOR:
        return "%s is no room: give it a floor in tests/floors/floors.py" % target
    if FLOOR[target] > FLOOR[room]:
        return "points up"
    if FLOOR[target] == FLOOR[room]:
        return "points sideways"
    if room in ONLY and target not in ONLY[room] and not is_program:
        return "%s may use %s only" % (room, ", ".join(sorted(ONLY[room] - {room})))
    return None


def check_file(tree, path, room):
    name = os.path.basename(path)
    is_program = name.startswith("test_") or name.endswith("_main.c")
    arrows, wrong = 0, []
    with open(os.path.join(tree, path), encoding="utf-8") as f:
        for number, line in enumerate(f, 1):
            found = INCLUDE.match(line)
            if not found:
                continue
            arrows += 1
            target = target_room(tree, path, found.group(1))
            why = complaint(room, target, is_program)
            if why:
                wrong.append("%s:%d: %s (floor %d) -> %s (%s): %s" % (
                    path, number, room, FLOOR[room], found.group(1),
                    "floor %d" % FLOOR[target] if target in FLOOR else "no floor", why))
    return arrows, wrong


def check(tree):
    """Number of arrows seen, and a line for each that is wrong."""
    arrows, wrong = 0, []
    for folder, folders, files in os.walk(os.path.join(tree, "src")):
        folders.sort()
        for name in sorted(files):
            path = os.path.relpath(os.path.join(folder, name), tree)
            if not name.endswith((".c", ".h")):
                continue
            room = path.split(os.sep)[1]
            if room not in FLOOR:
                wrong.append("%s: %s is no room: give it a floor in tests/floors/floors.py" % (path, room))
                continue
            seen, bad = check_file(tree, path, room)
            arrows += seen
            wrong += bad
    return arrows, wrong


def main():
    here = os.path.dirname(os.path.abspath(__file__))
    tree = sys.argv[1] if len(sys.argv) > 1 else os.path.join(here, "..", "..")
    arrows, wrong = check(tree)
    for line in wrong:
        print(line)
    print("%d includes, %d point the wrong way" % (arrows, len(wrong)))
    return 1 if wrong or arrows == 0 else 0


if __name__ == "__main__":
    sys.exit(main())

#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""The schemas in schema/ accept the good records and refuse what the reader refuses. Needs python3-jsonschema."""
import copy
import json
import pathlib
import sys

ROOT = pathlib.Path(__file__).resolve().parent.parent.parent
VECTORS = ROOT / "tests" / "vectors" / "records"

try:
    import jsonschema
except ImportError:
    print("1..0 # SKIP python3-jsonschema is not installed")
    sys.exit(0)

count = failed = 0


def ok(good, name):
    global count, failed
    count += 1
    failed += 0 if good else 1
    print("ok" if good else "not ok", count, "-", name)


def without(record, member):
    return {k: v for k, v in record.items() if k != member}


def main():
    checkers = {}
    for path in sorted((ROOT / "schema").glob("*.json")):
        schema = json.loads(path.read_text())
        try:
            jsonschema.Draft202012Validator.check_schema(schema)
        except jsonschema.SchemaError as e:
            print("#", e.message)
            checkers = {}
            break
        checkers[schema["title"]] = jsonschema.Draft202012Validator(schema)
    ok(len(checkers) == 20, "there is a schema for each of the 20 kinds, and each is one")

    lines = (VECTORS / "good" / "kinds.jsonl").read_text().splitlines()
    lines += [line for line in (VECTORS / "good" / "world.note").read_text().splitlines() if line.startswith("{")]
    for line in lines:
        record = json.loads(line)
        check = checkers[record["record"]]
        name = f"{record['record']} {record['id']}"
        errors = [e.message for e in check.iter_errors(record)]
        ok(not errors, f"{name} is good")
        for e in errors:
            print("#", e)
        refused = [m for m in check.schema["required"] if check.is_valid(without(record, m))]
        ok(not refused, f"{name} without a member that it must have is refused {refused or ''}")
        ok(not check.is_valid({**record, "unknown": 1}), f"{name} with an unknown member is refused")
        accepted = [m for m in record if check.is_valid({**record, m: 17.5})]
        ok(not accepted, f"{name} with a fraction in the place of a member is refused {accepted or ''}")

    order = json.loads(next(line for line in lines if '"o-0032"' in line))
    check = checkers["order"]
    for name, change in {
        "an empty counterpart": {"counterpart": []},
        "an exception that names a purpose alone": {"except": [{"purpose": "safety.sar"}]},
        "an exception that names nothing": {"except": [{}]},
        "a name in capitals": {"subject": ["CA"]},
        "a time without its zone": {"effective": "2025-11-11T14:07:02"},
        "exercise: false": {"exercise": False},
        "an empty list of channels": {"channels": []},
        "a basis that says nothing": {"basis": [{"note": "x"}]},
    }.items():
        ok(not check.is_valid({**copy.deepcopy(order), **change}), f"{name} is refused")
    ok(not check.is_valid(without(order, "purposes")), "a restrict without purposes is refused")
    print(f"1..{count}")
    return failed != 0


sys.exit(main())

#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""
Every operation of the OpenAPI document is called against a running provisod: what is good, and its answer is held against
the document's schema; what is wrong (no credential, another role, unknown members, wrong types), and the problem document is.
An operation without a case here is a failure, so the document cannot grow past its test.
"""
import base64
import concurrent.futures
import json
import pathlib
import re
import socket
import sys
import time

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parent))
import rig  # noqa: E402

try:
    from jsonschema import Draft202012Validator as Validator
except ImportError:
    print("1..0 # SKIP python3-jsonschema is not installed")
    raise SystemExit(0)

tap = rig.Tap()
ok = tap.ok
API = "/api/v1"
ROLES = ("analyst", "officer", "overseer", "operator")


# ---- a home with something in it ----

def world():
    co, us = rig.home("co"), rig.home("us")
    rig.peers({"co": co, "us": us})
    rig.apply(co, *[{"record": "key", "id": f"key-{party}-{role}", "party": party, "use": "credential", "binding": f"desk:{party}-{role}",
                     "roles": [role], "from": "2024-01-01T00:00:00Z"}
                    for party in ("co", "us") for role in ROLES])
    rig.apply(co, rig.agreement("a-us", "co", "us", ["law.interdict"], topic="narcotics",
                                obligations=[{"duty": "report-outcome", "within": 3600}]),
              rig.agreement("a-un", "co", "un", ["law.interdict"]),
              {"record": "condition", "id": "c-1", "text": {"en": "It goes on."}, "attestors": ["co.public-force"], "quorum": 1, "window": 3600})
    rig.apply(co, rig.order("o-public", ["co"], ["us"], topic="narcotics.maritime"), rig.order("o-private", ["co.justice-ministry"], ["un"], public=False))
    report = rig.TEMP / "report.txt"
    report.write_text("A vessel was seen.\n" * 100)
    for n in (1, 2):
        rig.tool(co, "share", report, "--topic", "narcotics.maritime", "--region", "caribbean", "--never", "force", "--id", f"r-{n}")
    rig.tool(us, "export", "--for", "co", "-o", rig.TEMP / "us.bundle")
    tokens = {(party, role): rig.tool(co, "token", "new", "--party", party, "--role", role, "--ttl", "1h").out.strip()
              for party in ("co", "us") for role in ROLES}
    return co, us, tokens


def signed(home, *records):
    """Notes as an officer's own tool makes them; nothing is entered."""
    path = rig.TEMP / f"draft-{time.monotonic_ns()}.jsonl"
    path.write_text("".join(json.dumps({"basis": [], "exercise": True, **r}) + "\n" for r in records))
    return rig.tool(home, "apply", "--draft", path).out


# ---- the document ----

class Document:
    def __init__(self, doc):
        self.doc = doc
        self.operations = {}
        for path, methods in doc["paths"].items():
            for method, op in methods.items():
                self.operations[op["operationId"]] = (method.upper(), path, op)

    def errors(self, schema, value):
        return [f"{'/'.join(map(str, e.absolute_path))}: {e.message[:300]}"
                for e in Validator({**schema, "components": self.doc["components"]}).iter_errors(value)]

    def answer_schema(self, op):
        return op["responses"]["200"]["content"].get("application/json", {}).get("schema")

    def by_hand(self, op):
        return "x-roles" not in op and "security" not in op

    def body_schema(self, op):
        return op.get("requestBody", {}).get("content", {}).get("application/json", {}).get("schema")


class Case:
    """A good call: path parts, query or body, by whom."""

    def __init__(self, who=("co", "officer"), path=None, query="", body=None, check=None, raw=None, status=200):
        self.who, self.path, self.query, self.body, self.check, self.raw, self.status = who, path or {}, query, body, check, raw, status


def upload(gw, token, data, name="track.txt"):
    meta = "filename " + base64.b64encode(name.encode()).decode()
    x = gw.request("POST", API + "/uploads", headers={"Tus-Resumable": "1.0.0", "Upload-Length": str(len(data)), "Upload-Metadata": meta}, token=token)
    assert x.status == 201, x
    place = x.headers["Location"].removeprefix(gw.url)
    x = gw.request("PATCH", place, data, token=token,
                   headers={"Tus-Resumable": "1.0.0", "Upload-Offset": "0", "Content-Type": "application/offset+octet-stream"})
    assert x.status == 204, x
    return place.rsplit("/", 1)[1]


INCIDENT = {"record": "incident", "kind": "strike", "topic": "narcotics.maritime", "region": "caribbean",
            "observed": {"from": "2025-09-01T00:00:00Z", "to": "2025-09-01T01:00:00Z"}, "dead": {"min": 3, "max": 4},
            "source": {"who": "a newspaper", "via": [], "status": "reported", "date": "2025-09-02T00:00:00Z"}}


def good_cases(gw, co, us, tokens):
    """operationId -> cases. What a case changes the next may see."""
    analyst, officer = ("co", "analyst"), ("co", "officer")
    overseer, operator = ("co", "overseer"), ("co", "operator")
    card = rig.TEMP / "us.card"
    party = {"record": "party", "id": "p-new", "name": "co.new-unit", "names": {"en": "New unit"}}
    other_party = {"record": "party", "name": "co.other-unit", "names": {"en": "Other unit"}}
    stop = {"record": "order", "kind": "suspend", "subject": ["co"], "counterpart": ["us.coast-guard"], "direction": "both", "except": [],
            "effective": "2025-11-11T14:07:00Z", "reopen": "hold", "text": {"en": "Trial."}, "authentic": "en", "public": True}
    note = signed(co, party)
    request = rig.TEMP / "request.note"
    shared_by_us = rig.TEMP / "us-report.tdf"
    sealed = rig.TEMP / "co-report.tdf"
    (rig.TEMP / "us.txt").write_text("Seen from the air.\n")
    rig.tool(us, "share", rig.TEMP / "us.txt", "--topic", "narcotics.maritime", "--never", "force", "-o", shared_by_us)
    sealed.write_bytes(gw.get(API + "/reports/r-1/content", token=tokens[analyst]).body)
    done = rig.tool(us, "ask", sealed, "--purpose", "law.interdict", "--person", "somebody", "-o", request, must=False)
    assert request.exists(), done
    return {
        "identity": [Case(who=None, check=lambda x: x["party"] == "co")],
        "status": [Case(operator, check=lambda x: x["open"] and x["reports"] == 2)],
        "acts.list": [Case(check=lambda x: x["size"] == x["next"] and len(x["rows"]) == x["size"]),
                      Case(("us", "analyst"), query="limit=5", check=lambda x: len(x["rows"]) == 5 and x["next"] < x["size"])],
        "acts.show": [Case(path={"id": "a-un"}, check=lambda x: "\u2014 " in x["note"]),
                      Case(("us", "analyst"), path={"id": "a-us"}),
                      Case(("us", "officer"), path={"id": "a-un"}, status=404),
                      Case(("us", "officer"), path={"id": "o-private"}, status=404),
                      Case(path={"id": "no-such"}, status=404)],
        "acts.draft": [Case(body={"record": other_party}, check=lambda x: x["needs"] == 2 and x["record"]["id"].startswith("party-")
                            and x["text"].endswith("}\n") and json.loads(x["text"]) == x["record"])],
        "acts.apply": [Case(body={"notes": note, "dry_run": True}, check=lambda x: x["applied"] == 1 and "after" in x["acts"][0]),
                       Case(body={"notes": note, "source": "party.note"}, check=lambda x: x["applied"] == 1 and x["acts"][0]["did"] == "apply"),
                       Case(body={"notes": note}, check=lambda x: x["unchanged"] == 1),
                       Case(raw=("text/plain", note), check=lambda x: x["unchanged"] == 1),
                       Case(body={"notes": json.dumps({**party, "id": "p-2", "name": "co.third", "basis": [], "exercise": True})},
                            check=lambda x: x["applied"] == 0 and "nobody signed" in x["errors"][0]["msg"])],
        "acts.next-id": [Case(path={"kind": "order"}, check=lambda x: x["id"] == "o-0003")],
        "parties.list": [Case(query="under=co", check=lambda x: all(r["record"]["name"].startswith("co") for r in x["rows"])), Case(query="limit=2")],
        "terms.list": [Case(analyst, query="under=purpose", check=lambda x: len(x["rows"]) > 5)],
        "keys.list": [Case(check=lambda x: len(x["rows"]) >= 8)],
        "peers.list": [Case(check=lambda x: x["rows"][0]["record"]["origin"] == "us/orders")],
        "agreements.list": [Case(check=lambda x: len(x["rows"]) == 2), Case(("us", "analyst"), check=lambda x: len(x["rows"]) == 1)],
        "conditions.list": [Case(check=lambda x: len(x["rows"]) == 1)],
        "attestations.list": [Case()],
        "assessments.list": [Case()],
        "recalls.list": [Case()],
        "export": [Case(check=lambda x: "a-un" in x), Case(("co", "analyst"), check=lambda x: "o-public" in x and "a-un" not in x)],
        "follow": [Case(body={"bundle": (rig.TEMP / "us.bundle").read_text(), "source": "us.bundle"}, check=lambda x: x["origin"] == "us/orders")],
        "card": [Case(who=None, check=lambda x: x["party"] == "co")],
        "card.words": [Case(body={"card": card.read_text()}, check=lambda x: len(x["words"].split()) == 8)],
        "card.records": [Case(body={"card": card.read_text(), "names": ["us"]}, check=lambda x: '"record":"peer"' in x["records"])],
        "reports.list": [Case(analyst, check=lambda x: len(x["rows"]) == 2)],
        "reports.share": [Case(analyst, body={"upload": upload(gw, tokens[analyst], b"One more vessel.\n"),
                                              "label": {"record": "report", "topics": ["narcotics"], "regions": [], "never": ["force"]}},
                               check=lambda x: x["report"].startswith("r-"))],
        "reports.who": [Case(analyst, path={"id": "r-1"})],
        "outcomes.due": [Case(analyst)],
        "asks.make": [Case(analyst, body={"upload": upload(gw, tokens[analyst], shared_by_us.read_bytes(), "us.tdf"), "purpose": "law.interdict",
                                          "person": "somebody"})],
        "asks.answer": [Case(body={"request": request.read_text()}, check=lambda x: x.get("granted", False) is False and x["refused"]["why"] == "suspended")],
        "open.begin": [Case(analyst, body={"id": "r-1", "purpose": "law.interdict"})],
        "open.end": [],  # below, with the handle of an opening
        "orders.list": [Case(check=lambda x: len(x["rows"]) == 2),
                        Case(("us", "overseer"), check=lambda x: [r["order"]["id"] for r in x["rows"]] == ["o-public"]),
                        Case(query="at=2020-01-01T00:00:00Z", check=lambda x: not any(r.get("in_force") for r in x["rows"]))],
        "orders.show": [Case(path={"id": "o-private"}), Case(("us", "analyst"), path={"id": "o-private"}, status=404)],
        "orders.preview": [Case(body={"record": stop}, check=lambda x: x["echelons"] > 1),
                           Case(body={"record": {"record": "lift", "order": "o-public", "reopen": "hold"}}, check=lambda x: x["reopened_agreements"])],
        "records.state": [Case(analyst, body={"record": INCIDENT}, check=lambda x: "\u2014 co/gateway" in x["note"]),
                          Case(body={"record": {"record": "ack", "order": "o-public", "party": "co.public-force", "state": "seen",
                                                "by_person": "duty officer", "means": "telephone"}})],
        "board": [Case(overseer, check=lambda x: {r["cell"] for r in x["rows"]} & {"stopped", "open"}), Case(analyst, query="to=us&limit=1")],
        "explain": [Case(analyst, path={"report": "r-1"}, query="recipient=us&purpose=law.interdict",
                         check=lambda x: x["reason"] == "suspended" and not x["release"])],
        "log.show": [Case(overseer, path={"log": "journal"}, check=lambda x: any("disclosed" in r for r in x["rows"])),
                     Case(operator, path={"log": "co%2Forders"}, query="count=2", check=lambda x: len(x["rows"]) == 2 and x["next"] == 2)],
        "log.prove": [Case(operator, path={"log": "orders", "index": "0"}, check=lambda x: "tlog-proof" in x)],
        "log.verify": [Case(operator, body={}, check=lambda x: x["good"])],
        "log.rebuild": [Case(operator, body={}, check=lambda x: x["differences"] == 0)],
        "whoami": [Case(("us", "overseer"), check=lambda x: x["party"] == "us")],
        "tokens.list": [Case(operator)],
        "tokens.new": [Case(analyst, body={"ttl": 60}, check=lambda x: "token" in x)],
        "tokens.end": [],  # below, with the id of one
        "passports.new": [Case(analyst, body={"audience": "us/orders", "purpose": "law.interdict", "ttl": 60})],
        "tdf.register": [Case(analyst, body={"upload": "0" * 32}, status=400)],
        "collections.list": [Case()],
        "collections.default": [Case(path={"topic": "narcotics.maritime"}, body={"none": True})],
        "collections.offer": [Case(path={"order": "o-private"}, body={}, status=None)],
    }


def url_of(path, parts, query=""):
    return API + re.sub(r"\{(\w+)\}", lambda m: parts[m.group(1)], path) + ("?" + query if query else "")


def make(gw, tokens, method, path, case, headers=None):
    how = {"token": tokens[case.who]} if case.who else {}
    headers = dict(headers or {})
    if case.raw is not None:
        headers["Content-Type"] = case.raw[0]
        how["body"] = case.raw[1]
    elif method in ("POST", "PUT"):
        how["body"] = case.body if case.body is not None else {}
    return gw.request(method, url_of(path, case.path, case.query), headers=headers, **how)


def is_problem(doc, x, status):
    if x.headers.get("Content-Type") != "application/problem+json":
        return [f"no problem document: {x}"]
    value = x.json()
    wrong = doc.errors({"$ref": "#/components/schemas/Problem"}, value)
    if x.status != status or value["status"] != status or not value["type"].startswith("urn:proviso:problem:"):
        wrong.append(f"wanted {status}: {x}")
    return wrong


def good(gw, doc, cases, tokens):
    for name, (method, path, op) in doc.operations.items():
        if doc.by_hand(op):
            continue
        if not ok(name in cases, f"{name} has cases here"):
            continue
        for n, case in enumerate(cases[name]):
            x = make(gw, tokens, method, path, case)
            where = f"{name} {n + 1}: {case.who[0] + ' ' + case.who[1] if case.who else 'nobody'}"
            if case.status is None:
                ok(x.status in (200, 400), f"{where}: an answer", x)
                continue
            if case.status != 200:
                ok(not is_problem(doc, x, case.status), f"{where}: {case.status}", x)
                continue
            if not ok(x.status == 200, f"{where}: is answered", x):
                continue
            schema = doc.answer_schema(op)
            value = x.json() if "json" in x.headers["Content-Type"] else x.text
            wrong = doc.errors(schema, value) if schema else []
            ok(not wrong, f"{where}: as the document says", *wrong[:5], x)
            if doc.body_schema(op) and case.raw is None:
                wrong = doc.errors(doc.body_schema(op), case.body if case.body is not None else {})
                ok(not wrong, f"{where}: the question, too", *wrong[:5])
            if case.check:
                ok(case.check(value), f"{where}: says what it should", x)


# ---- what is wrong ----

def sizes(gw, tokens):
    x = gw.get(API + "/status", token=tokens["co", "operator"]).json()
    return x["origins"][0]["size"], x["journal_size"], x["reports"]


def a_wrong_type(schema, doc):
    """A value of another type than the schema's, or None when any will do."""
    if "$ref" in schema:
        return 7
    kind = schema.get("type")
    return {"string": 7, "integer": "seven", "boolean": "yes", "array": "x", "object": "x"}.get(kind)


def wrong(gw, doc, cases, tokens):
    before = sizes(gw, tokens)
    for name, (method, path, op) in doc.operations.items():
        if doc.by_hand(op) or not cases.get(name):
            continue
        case = next((c for c in cases[name] if c.status == 200 and c.raw is None), cases[name][0])
        public, roles = "security" in op, op.get("x-roles", [])
        nobody = Case(None, case.path, case.query, case.body)
        if not public:
            x = make(gw, tokens, method, path, nobody)
            ok(not is_problem(doc, x, 401) and "WWW-Authenticate" in x.headers, f"{name}: not without a credential", x)
            x = make(gw, {**tokens, "stranger": "pvt1_" + "A" * 43}, method, path,
                     Case("stranger", case.path, case.query, case.body))
            ok(not is_problem(doc, x, 401), f"{name}: not with a token of nobody", x)
        for role in ROLES:
            for party in ("co", "us"):
                if public or (role in roles and not (party == "us" and op.get("x-own-authority"))):
                    continue
                x = make(gw, tokens, method, path, Case((party, role), case.path, case.query, case.body))
                ok(not is_problem(doc, x, 403), f"{name}: not by {party} {role}", x)
        headers = {"Idempotency-Key": f"wrong-{name}"}
        if method in ("GET", "DELETE"):
            x = make(gw, tokens, method, path, Case(case.who, case.path, case.query + ("&" if case.query else "") + "no_such=1"), headers)
            ok(not is_problem(doc, x, 400) and x.json().get("field") == "no_such", f"{name}: an unknown parameter is refused", x)
            for p in op["parameters"]:
                if p["in"] == "query" and p["schema"].get("type") in ("integer", "boolean"):
                    x = make(gw, tokens, method, path, Case(case.who, case.path, f"{p['name']}=x"))
                    ok(not is_problem(doc, x, 400), f"{name}: {p['name']} of another type is refused", x)
        else:
            body = dict(case.body or {})
            x = make(gw, tokens, method, path, Case(case.who, case.path, body={**body, "no_such": 1}), headers)
            ok(not is_problem(doc, x, 400) and x.json().get("field") == "no_such", f"{name}: an unknown member is refused", x)
            for member, schema in doc.body_schema(op)["properties"].items():
                bad = a_wrong_type(schema, doc)
                if bad is None:
                    continue
                x = make(gw, tokens, method, path, Case(case.who, case.path, body={**body, member: bad}), headers)
                ok(not is_problem(doc, x, 400) and x.json().get("field", "").startswith(member),
                   f"{name}: {member} of another type is refused", x)
            for member in doc.body_schema(op)["required"]:
                x = make(gw, tokens, method, path, Case(case.who, case.path, body={k: v for k, v in body.items() if k != member}), headers)
                ok(not is_problem(doc, x, 400) and x.json().get("field", "").startswith(member), f"{name}: {member} must be there", x)
            for kind, text in (("application/json", "[]"), ("application/json", "{"), ("application/json", '{"a":1,"a":2}'),
                               ("application/x-www-form-urlencoded", "a=1"), ("application/json", "\xff")):
                x = make(gw, tokens, method, path, Case(case.who, case.path, raw=(kind, text.encode("latin-1"))), headers)
                ok(not is_problem(doc, x, 400 if "json" in kind else 415), f"{name}: {kind} {text!r} is refused", x)
        for other in {"GET", "POST", "PUT", "PATCH", "DELETE"} - {m for m, p, _ in doc.operations.values() if p == path} - {"HEAD"}:
            if (other, path) in (("GET", "/uploads"),):
                continue
            x = gw.request(other, url_of(path, case.path), token=tokens["co", "officer"], body={} if other in ("POST", "PUT", "PATCH") else None)
            ok(not is_problem(doc, x, 405) and method.lower() in x.headers["Allow"].lower(), f"{name}: no {other}", x)
    x = gw.get(API + "/no/such/thing", token=tokens["co", "officer"])
    ok(not is_problem(doc, x, 404), "a path that is none", x)
    x = gw.get(API + "/orders/%zz", token=tokens["co", "officer"])
    ok(x.status in (400, 404), "an escape that is none", x)
    x = gw.get(API + "/orders/..%2f..", token=tokens["co", "officer"])
    ok(x.status in (400, 404), "nor one that hides dots", x)
    for token, length, status in ((tokens["co", "officer"], 1 << 30, 413), ("pvt1_" + "A" * 43, 1 << 23, 401), (None, 1 << 23, 401)):
        connection = gw.connection()
        connection.putrequest("POST", API + "/acts")
        for header, value in (("Content-Type", "text/plain"), ("Content-Length", str(length)), ("Authorization", f"Bearer {token}")):
            if token is not None or header != "Authorization":
                connection.putheader(header, value)
        connection.endheaders()
        answer = connection.getresponse()
        x = rig.Answer(answer.status, answer.headers, answer.read())
        connection.close()
        ok(not is_problem(doc, x, status), f"a body of {length} bytes is refused before it comes: {status}", x)
    x = gw.post(API + "/acts", "# " + "x" * (1 << 20), headers={"Content-Type": "text/plain"}, token=tokens["co", "officer"])
    ok(x.status == 200 and x.json()["errors"], "a text of a megabyte is read", x)
    x = gw.post(API + "/card/records", {"card": "x", "names": ["a"] * 200000}, token=tokens["co", "officer"])
    ok(not is_problem(doc, x, 413), "a question of two hundred thousand values is not", x)
    ok(sizes(gw, tokens) == before, "nothing was changed by all that", before, sizes(gw, tokens))


# ---- etags, cursors, keys ----

def etags(gw, doc, tokens):
    t = tokens["co", "officer"]
    first = gw.get(API + "/orders", token=t)
    tag = first.headers["ETag"]
    ok(re.fullmatch(r'"[0-9a-f]{32}"', tag) is not None, "an answer has a strong ETag", first)
    for sent in (tag, f'"x", {tag}', f"W/{tag}", "*"):
        x = gw.get(API + "/orders", token=t, headers={"If-None-Match": sent})
        ok(x.status == 304 and x.body == b"" and x.headers["ETag"] == tag, f"If-None-Match: {sent}: nothing changed", x)
    x = gw.get(API + "/orders", token=t, headers={"If-None-Match": '"0"'})
    ok(x.status == 200 and x.body == first.body, "another tag: the answer", x)
    x = gw.request("HEAD", API + "/orders", token=t)
    ok(x.status == 200 and x.headers["ETag"] == tag and x.body == b"", "HEAD has the same", x)
    x = gw.get(API + "/orders", token=tokens["us", "analyst"])
    ok(x.headers["ETag"] != tag and x.headers["Vary"] == "Authorization" and "private" in x.headers["Cache-Control"],
       "another caller sees something else, and caches are told", x)


def cursors(gw, doc, tokens):
    t = tokens["co", "officer"]
    for path in ("/parties", "/terms", "/keys", "/orders", "/agreements", "/board", "/tokens", "/collections", "/reports"):
        whole = gw.get(API + path + "?limit=1000", token=t)
        if not ok(whole.status == 200, f"{path} is a list", whole):
            continue
        whole = whole.json()["rows"]
        rows, cursor, pages = [], "", 0
        while pages < 500:
            x = gw.get(f"{API}{path}?limit=7" + (f"&cursor={cursor}" if cursor else ""), token=t).json()
            rows += x["rows"]
            pages += 1
            cursor = x.get("next", "")
            if not cursor:
                break
        ok(rows == whole and (len(whole) <= 7 or pages > 1), f"{path}: {pages} pages are the whole of {len(whole)}")
        x = gw.get(f"{API}{path}?cursor=-1", token=t)
        ok(not is_problem(doc, x, 400) and x.json()["field"] == "cursor", f"{path}: a cursor that is none", x)


def keys(gw, doc, tokens):
    t, h = tokens["co", "analyst"], {"Idempotency-Key": "key-1"}
    before = sizes(gw, tokens)
    body = {"record": {**INCIDENT, "dead": {"min": 9}}}
    one = gw.post(API + "/records", body, token=t, headers=h)
    two = gw.post(API + "/records", body, token=t, headers=h)
    ok(one.status == two.status == 200 and one.body == two.body and two.headers.get("Idempotent-Replayed") == "true"
       and "Idempotent-Replayed" not in one.headers, "the same request under the same key is made once", one, two)
    ok(sizes(gw, tokens)[1] == before[1] + 1, "one entry is in the journal", before, sizes(gw, tokens))
    x = gw.post(API + "/records", {"record": INCIDENT}, token=t, headers=h)
    ok(not is_problem(doc, x, 422), "another request under it is refused", x)
    x = gw.post(API + "/records", body, token=tokens["co", "officer"], headers=h)
    ok(x.status == 200 and x.body != one.body, "another caller's key is its own", x)
    x = gw.post(API + "/records", body, token=t, headers={"Idempotency-Key": "k" * 300})
    ok(not is_problem(doc, x, 400) and x.json()["field"] == "Idempotency-Key", "a key that is too long", x)
    x = gw.post(API + "/records", body, token=tokens["us", "analyst"], headers=h)
    ok(not is_problem(doc, x, 403), "a key opens nothing", x)
    x = gw.post(API + "/records", {"record": {"record": "end", "of": "a-us"}}, token=t, headers={"Idempotency-Key": "key-2"})
    y = gw.post(API + "/records", body, token=t, headers={"Idempotency-Key": "key-2"})
    ok(not is_problem(doc, x, 400) and y.status == 200, "a key whose request failed is free again", x, y)
    before = sizes(gw, tokens)
    with concurrent.futures.ThreadPoolExecutor(8) as pool:
        many = list(pool.map(lambda n: gw.post(API + "/records", {"record": {**INCIDENT, "dead": {"min": 11}}}, token=t,
                                               headers={"Idempotency-Key": "key-3"}), range(16)))
    ok({x.status for x in many} <= {200, 409} and any(x.status == 200 for x in many), "sixteen at once: answered, or told to wait",
       *{x.status for x in many})
    ok(len({x.body for x in many if x.status == 200}) == 1 and sizes(gw, tokens)[1] == before[1] + 1, "and made once",
       before, sizes(gw, tokens))
    return one


def keys_after_restart(gw, tokens, one):
    x = gw.post(API + "/records", {"record": {**INCIDENT, "dead": {"min": 9}}}, token=tokens["co", "analyst"], headers={"Idempotency-Key": "key-1"})
    ok(x.status == 200 and x.body == one.body, "a key is remembered over a restart", x)


# ---- events ----

class Stream:
    def __init__(self, gw, token, last=None):
        self.connection = gw.connection(timeout=15)
        headers = {"Authorization": f"Bearer {token}", "Accept": "text/event-stream"}
        if last is not None:
            headers["Last-Event-ID"] = last
        self.connection.request("GET", API + "/events", headers=headers)
        self.answer = self.connection.getresponse()
        self.last = last

    def next(self, wait=10):
        """The next event as (name, data); None at the end, or when none comes."""
        self.connection.sock.settimeout(wait)
        name, data = None, None
        try:
            while True:
                line = self.answer.readline()
                if not line:
                    return None
                line = line.decode().rstrip("\n")
                if line.startswith("id: "):
                    self.last = line[4:]
                elif line.startswith("event: "):
                    name = line[7:]
                elif line.startswith("data: "):
                    data = json.loads(line[6:])
                elif line == "" and data is not None:
                    return name, data
        except (TimeoutError, socket.timeout):
            return None

    def until(self, wanted, wait=10):
        end = time.monotonic() + wait
        while time.monotonic() < end:
            one = self.next(wait)
            if one is None or wanted(*one):
                return one
        return None

    def close(self):
        self.connection.close()


def events(gw, doc, co, tokens):
    x = gw.get(API + "/events")
    ok(not is_problem(doc, x, 401), "no events for nobody", x)
    officer, us = Stream(gw, tokens["co", "officer"]), Stream(gw, tokens["us", "analyst"])
    ok(officer.answer.status == 200 and officer.answer.headers["Content-Type"] == "text/event-stream", "a stream of events", officer.answer.status)
    rig.apply(co, rig.order("o-new", ["co.justice-ministry"], ["un"], public=False))
    one = officer.until(lambda name, data: data.get("id") == "o-new")
    ok(one is not None and one[0] == "act" and one[1]["kind"] == "order", "an order is told at once", one)
    gw.post(API + "/records", {"record": INCIDENT}, token=tokens["co", "analyst"])
    one = officer.until(lambda name, data: data["kind"] == "incident")
    ok(one is not None and one[0] == "journal", "what is journalled, too", one)
    place = officer.last
    officer.close()
    rig.apply(co, rig.order("o-us", ["co"], ["us"], public=False))
    again = Stream(gw, tokens["co", "officer"], last=place)
    one = again.until(lambda name, data: name == "act")
    ok(one is not None and one[1]["id"] == "o-us", "who was away goes on where it stopped", one)
    one = us.until(lambda name, data: True)
    ok(one is not None and one[1].get("id") == "o-us", "a partner hears of the order that names it, and of nothing else before", one)
    us.close()
    again.close()
    made = gw.post(API + "/tokens", {"ttl": 600, "roles": ["officer"]}, token=tokens["co", "officer"]).json()
    ended = Stream(gw, made["token"])
    gone = gw.request("DELETE", f"{API}/tokens/{made['row']['id']}", token=tokens["co", "officer"])
    ok(gone.status == 200 and not doc.errors(doc.answer_schema(doc.operations["tokens.end"][2]), gone.json()), "a token is ended", gone)
    rig.apply(co, rig.order("o-late", ["co"], ["un"]))
    ok(ended.until(lambda name, data: data.get("id") == "o-late", 5) is None, "and its stream with it")
    ended.close()
    many = [Stream(gw, tokens["co", "overseer"]) for _ in range(70)]  # 16 in each loop
    refused = [s for s in many if s.answer.status == 429]
    ok(0 < len(refused) < len(many) - 8 and all(s.answer.status in (200, 429) for s in many), "streams of one caller are limited",
       [s.answer.status for s in many])
    for s in many:
        s.close()
    last = Stream(gw, tokens["co", "officer"], last="0-0")
    ok(last.next() is not None, "from the beginning")
    return last


def openings(gw, doc, tokens):
    x = gw.post(API + "/openings", {"id": "r-2", "purpose": "law.interdict"}, token=tokens["co", "analyst"])
    opened = x.json()
    ok(x.status == 200 and not doc.errors(doc.answer_schema(doc.operations["open.begin"][2]), opened), "an opening is decided", x)
    if "handle" in opened:
        x = gw.post(f"{API}/openings/{opened['handle']}/end", {"taken": False}, token=tokens["co", "analyst"])
        ok(x.status == 200 and not doc.errors(doc.answer_schema(doc.operations["open.end"][2]), x.json()), "and given up", x)
    x = gw.post(f"{API}/openings/{'0' * 32}/end", {}, token=tokens["co", "analyst"])
    ok(x.status in (400, 404), "one that is none", x)
    x = gw.request("DELETE", f"{API}/tokens/t-none", token=tokens["co", "officer"])
    ok(x.status in (200, 400, 404), "a token that is none", x)


def main():
    co, us, tokens = world()
    with rig.Gateway(co) as gw:
        served = gw.get(API + "/openapi.json")
        doc = Document(served.json())
        kept = json.loads((rig.DATA / "docs" / "openapi.json").read_text())
        ok(served.status == 200 and served.json() == kept, "the document that is served is docs/openapi.json")
        ok(doc.doc["openapi"] == "3.1.0" and len(doc.operations) > 40, f"{len(doc.operations)} operations")
        cases = good_cases(gw, co, us, tokens)
        good(gw, doc, cases, tokens)
        openings(gw, doc, tokens)
        wrong(gw, doc, cases, tokens)
        etags(gw, doc, tokens)
        cursors(gw, doc, tokens)
        one = keys(gw, doc, tokens)
        stream = events(gw, doc, co, tokens)
        began = time.monotonic()
        status = gw.stop()
        ok(status == 0 and time.monotonic() - began < 10, "a stream that is open does not hold up the end", status)
        stream.close()
    with rig.Gateway(co) as gw:
        keys_after_restart(gw, tokens, one)
    tap.done()


main()

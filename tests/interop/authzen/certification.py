#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""
The certification scenario of AuthZEN 1.0, levels Basic (Core, Properties), Batch (Core, Properties) and Discovery, each test
under its number there; then what the scenario does not ask: who may ask, what is told, what the journal keeps.
"""
import json
import time

import fixture
from fixture import rig

tap = rig.Tap()
home = fixture.make()
TOKEN = fixture.token(home)
ANALYST = fixture.token(home, "cert.desk", "analyst")
ALICE = fixture.token(home, "cert.user.alice", "analyst")

ALICE_ = {"type": "user", "id": "alice"}
BOB = {"type": "user", "id": "bob"}
ADMIN = {**BOB, "properties": {"role": "admin"}}
R1 = {"type": "record", "id": "record-1"}
R2 = {"type": "record", "id": "record-2"}
ACTIVE = {**R1, "properties": {"status": "active"}}
ARCHIVED = {**R2, "properties": {"status": "archived"}}
LATER = {"time": "2025-06-27T18:03-07:00"}


def act(name, **properties):
    return {"name": name, "properties": properties} if properties else {"name": name}


def ask(subject, action, resource, **more):
    return {"subject": subject, "action": action, "resource": resource, **more}


class Edge:
    def __init__(self, gw):
        self.gw = gw
        self.connection = gw.connection()

    def post(self, path, body, token=TOKEN, headers=None):
        return self.gw.post(path, body, token=token, headers=headers, connection=self.connection)

    def one(self, body, **how):
        return self.post("/access/v1/evaluation", body, **how)

    def many(self, body, **how):
        return self.post("/access/v1/evaluations", body, **how)

    def decision(self, want, body, name):
        answer = self.one(body)
        tap.ok(answer.status == 200 and answer.headers["Content-Type"].split(";")[0] == "application/json" and
               answer.json().get("decision") is want, name, answer)

    def decisions(self, want, body, name):
        answer = self.many(body)
        got = [one.get("decision") for one in answer.json().get("evaluations", [])] if answer.status == 200 else None
        tap.ok(got is not None and len(got) == len(want) and all(isinstance(g, bool) and w in (None, g) for g, w in zip(got, want)) and
               "decision" not in answer.json(), name, answer)

    def refused(self, body, name, headers=None, path="/access/v1/evaluation"):
        answer = self.post(path, body, headers=headers)
        tap.ok(answer.status == 400 and isinstance(answer.json(), str), name, answer)


def basic(e):
    plain = ask(ALICE_, act("read"), R1)
    e.decision(True, plain, "2.2.1 alice reads record-1 (rule 1)")
    e.decision(True, ask(ALICE_, act("write"), R1), "rule 2: alice writes record-1")
    e.decision(True, ask(BOB, act("read"), R1), "rule 3: bob reads record-1")
    e.decision(False, ask(BOB, act("write"), R1), "2.2.2 bob does not write record-1 (rule 4)")
    e.decision(True, {**plain, "context": {**LATER, "ip": "192.168.1.1"}}, "2.2.3 with a context")
    e.decision(False, ask(ALICE_, act("write"), ARCHIVED), "2.2.4 alice does not write what is archived (rule 5)")
    e.decision(True, ask(ADMIN, act("write"), ARCHIVED), "2.2.5 an admin does (rule 6)")
    e.decision(True, ask(ALICE_, act("delete", soft=True), R1), "2.2.6 alice deletes softly (rule 7)")
    e.decision(False, ask(ALICE_, act("delete", soft=False), R1), "2.2.7 and not hard (rule 8)")
    e.decision(True, ask({**ALICE_, "properties": {"department": "Sales", "role": "manager"}}, act("read", method="GET"),
                         {**R1, "properties": {"status": "active", "owner": "bob"}}), "2.2.8 more properties")
    e.decision(True, {**plain, "foo": "bar", "futureField": {"nested": True}}, "2.2.9 members that are not known")
    for missing in ("subject", "action", "resource"):
        e.refused({k: v for k, v in plain.items() if k != missing}, f"2.4.1 without {missing}: 400")
    for where, what in (("subject", {"id": "alice"}), ("subject", {"type": "user"}), ("action", {}), ("resource", {"id": "record-1"}),
                        ("resource", {"type": "record"})):
        e.refused({**plain, where: what}, f"2.4.2 {where} is {json.dumps(what)}: 400")
    e.refused(json.dumps(plain), "2.4.3 text/plain: 400", headers={"Content-Type": "text/plain"})
    e.refused(json.dumps(plain), "2.4.3 no Content-Type: 400")
    e.refused('{"subject": ', "2.4.4 malformed: 400", headers={"Content-Type": "application/json"})
    e.refused('{"subject":{"type":"user","id":"alice","id":"bob"},"action":{"name":"read"},"resource":{"type":"record","id":"record-1"}}',
              "a name twice: 400", headers={"Content-Type": "application/json"})
    e.refused("", "2.4.5 no body: 400", headers={"Content-Type": "application/json"})
    e.refused({**plain, "subject": "alice"}, "2.4.6 subject is a text: 400")
    e.refused({**plain, "action": {"name": 123}}, "2.4.6 action.name is a number: 400")
    e.refused({**plain, "context": []}, "context is a list: 400")
    e.refused([plain], "the request is a list: 400")
    answer = e.one(plain, headers={"X-Request-ID": "bfe9eb29-ab87-4ca3-be83-a1d5d8305716"})
    tap.ok(answer.headers["X-Request-ID"] == "bfe9eb29-ab87-4ca3-be83-a1d5d8305716", "2.5.1 X-Request-ID comes back")
    answer = e.one({}, headers={"X-Request-ID": "on an error, too"})
    tap.ok(answer.status == 400 and answer.headers["X-Request-ID"] == "on an error, too", "2.5.1 also with an error")
    tap.ok(e.one(plain).headers.get("X-Request-ID") is None, "2.5.2 none comes back that was not sent")
    answer = e.one(plain, headers={"X-Request-ID": "x" * 600})
    tap.ok(answer.status == 400 and answer.headers.get("X-Request-ID") is None, "one that is too long is refused")
    tap.ok({e.one(plain).json()["decision"] for _ in range(5)} == {True}, "2.6 the same answer each time")
    e.decision(True, {**plain, "evaluations": [{}, {}]}, "an evaluations that this endpoint does not know is ignored")


def batch(e):
    e.decisions([True, None], {"subject": ALICE_, "action": act("read"), "evaluations": [{"resource": R1}, {"resource": R2}]},
                "3.2.1 several")
    e.decisions([True, False], {"subject": BOB, "resource": R1, "evaluations": [{"action": act("read")}, {"action": act("write")}]},
                "3.2.2 each its decision, in their order")
    e.decisions([True, False], {"subject": ALICE_, "action": act("write"), "evaluations": [{"resource": ACTIVE}, {"resource": ARCHIVED}]},
                "3.2.3 properties of resources")
    e.decisions([False, True], {"action": act("write"), "resource": ARCHIVED, "evaluations": [{"subject": ALICE_}, {"subject": ADMIN}]},
                "3.2.4 properties of subjects")
    e.decisions([True, False], {"evaluations": [ask(ALICE_, act("read"), R1), ask(BOB, act("write"), R1)]}, "3.2.5 no defaults")
    e.decisions([True, None], {"subject": ALICE_, "action": act("read"), "context": LATER, "evaluations": [
        {"resource": R1}, {"resource": R2, "context": {"time": "2025-06-27T19:00-07:00", "source": "batch-override"}}]},
        "3.2.6 a context that is inherited, and one that is not")
    e.decisions([True, False], {**ask(ALICE_, act("write"), ACTIVE), "evaluations": [{}, {"resource": ARCHIVED}]},
                "3.2.7 defaults are replaced whole")
    e.decisions([False, False], {**ask(ADMIN, act("write"), R2), "evaluations": [{"subject": BOB}, {"subject": {"type": "user"}}]},
                "nothing of a default is left in what replaces it")
    answer = e.many({"subject": ALICE_, "action": act("read"), "options": {"evaluations_semantic": "execute_all"},
                     "evaluations": [{"resource": R1}, {}]})
    rows = answer.json()["evaluations"]
    tap.ok(answer.status == 200 and [r["decision"] for r in rows] == [True, False] and
           rows[1]["context"]["error"] == {"status": 400, "message": "resource is missing"},
           "3.4.1 one that lacks something is false, and says why", answer)
    for body, name in ((ask(ALICE_, act("read"), R1), "3.4.2 without evaluations"),
                       ({**ask(ALICE_, act("read"), R1), "evaluations": []}, "3.4.3 with none")):
        answer = e.many(body)
        tap.ok(answer.status == 200 and answer.json()["decision"] is True and "evaluations" not in answer.json(), name, answer)
    rows = [{"resource": R1}, {"resource": R2}, {"resource": R1}]
    for how, action, want in (("deny_on_first_deny", "write", [True, False]), ("permit_on_first_permit", "write", [True]),
                              ("execute_all", "write", [True, False, True])):
        e.decisions(want, {"subject": ALICE_, "action": act(action), "options": {"evaluations_semantic": how}, "evaluations": rows},
                    f"{how}: up to the one that decides")
    both = "/access/v1/evaluations"
    e.refused({"evaluations": rows, "options": {"evaluations_semantic": "first"}}, "another semantic: 400", path=both)
    e.refused({"evaluations": {}}, "evaluations is no list: 400", path=both)
    e.refused({"subject": "alice", "evaluations": [ask(ALICE_, act("read"), R1)]}, "a default of a wrong type: 400", path=both)
    answer = e.many({"subject": ALICE_, "action": act("read"), "resource": R1, "evaluations": [{}] * 1001})
    tap.ok(answer.status == 413, "more than a thousand: 413", answer)


def discovery(e):
    answer = e.gw.get("/.well-known/authzen-configuration")
    data = answer.json()
    tap.ok(answer.status == 200 and answer.headers["Content-Type"].split(";")[0] == "application/json" and
           data == {"policy_decision_point": e.gw.url, "access_evaluation_endpoint": e.gw.url + "/access/v1/evaluation",
                    "access_evaluations_endpoint": e.gw.url + "/access/v1/evaluations"}, "6 the metadata says where things are", answer)
    answer = e.gw.get("/.well-known/authzen-configuration", headers={"Host": "elsewhere.example"})
    tap.ok(answer.json() == data, "and does not believe the Host of a request")


def who(e):
    body = ask(ALICE_, act("read"), R1)
    answer = e.one(body, token=None)
    tap.ok(answer.status == 401 and "WWW-Authenticate" in answer.headers, "without a credential: 401", answer)
    answer = e.one(body, token=None, headers={"X-Request-ID": "mine"})
    tap.ok(answer.headers["X-Request-ID"] == "mine", "its X-Request-ID comes back all the same", answer)
    context = e.one(ask(BOB, act("write"), R1)).json()["context"]
    tap.ok(context["reason"] == "no-agreement" and context["orders_seen"] > 0 and "lease_until" in context, "an officer is told why", context)
    answer = e.one(ask(BOB, act("write"), R1), token=ANALYST).json()
    tap.ok(list(answer["context"]) == ["reference"], "an analyst who asks about others has a reference", answer)
    tap.ok(e.one(body, token=ANALYST).json() == {"decision": True}, "and the decision alone where it is permitted")
    context = e.one(body, token=ALICE).json()["context"]
    tap.ok(context["reason"] == "agreement" and context["agreements"] == ["a-read"], "who asks about itself is told why", context)
    described = {"type": "record", "id": "not-here", "properties": {"originator": "cert", "topic": "active", "region": "caribbean"}}
    e.decision(True, ask(ALICE_, act("write"), described), "a report that is not held here is described")
    described["properties"]["topic"] = "archived"
    e.decision(False, ask(ALICE_, act("write"), described), "and decided by what is said of it")
    e.decision(False, ask(ALICE_, act("write"), {**R2, "properties": {"topic": "active"}}), "one that is held here is not described")


def stopped(e):
    rig.apply(home, rig.order("o-1", ["cert"], ["cert.user.alice"], direction="give"))
    answer = e.one(ask(ALICE_, act("read"), R1)).json()
    tap.ok(answer["decision"] is False and answer["context"]["reason"] == "suspended" and answer["context"]["orders"] == ["o-1"] and
           answer["context"]["lifted_by"] == "cert", "an order refuses, and is named with who can lift it", answer)
    e.decision(True, ask(BOB, act("read"), R1), "and stops nobody else")
    rig.apply(home, {"record": "lift", "id": "l-1", "order": "o-1", "reopen": "release"})
    until = time.monotonic() + 2
    while not e.one(ask(ALICE_, act("read"), R1)).json()["decision"] and time.monotonic() < until:
        time.sleep(0.05)
    e.decision(True, ask(ALICE_, act("read"), R1), "lifted, it is as before")


def journalled():
    entries = rig.tool(home, "log", "show", "journal", "--kind", "evaluated", "--json").out
    count = entries.count('"evaluated"')
    tap.ok(count > 40, f"each request has its entry in the journal ({count})")
    done = rig.tool(home, "log", "verify", must=False)
    tap.ok(done.status == 0, "and the journal verifies", done)


with rig.Gateway(home) as gw:
    edge = Edge(gw)
    basic(edge)
    batch(edge)
    discovery(edge)
    who(edge)
    stopped(edge)
journalled()
tap.done()

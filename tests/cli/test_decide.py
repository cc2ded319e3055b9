#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""proviso decide, from its command line: small worlds, wrong input, streams."""
import json
import os
import subprocess
import time

from tool import PROVISO, TEMP, is_status, ok, done, proviso, write, write_lines

BEGIN, DAY, ORDER = "2025-01-01T00:00:00Z", "2025-11-10T00:00:00Z", "2025-11-11T14:07:02Z"
AFTER = "2025-11-12T00:00:00Z"


def party(name, issuer, **more):
    return {"record": "party", "id": "p-" + name, "issuer": issuer, "time": BEGIN, "name": name, **more}


def term(tree, name, issuer, **more):
    text = {"allows": {"en": "yes"}, "excludes": {"en": "no"}} if tree == "purpose" else {}
    return {"record": "term", "id": "t-" + name, "issuer": issuer, "time": BEGIN, "tree": tree, "name": name, **text, **more}


def agreement(name, giver, taker, purposes, **more):
    return {"record": "agreement", "id": name, "issuer": giver, "time": BEGIN, "from": giver, "to": taker, "purposes": purposes,
            "not_before": BEGIN, **more}


def order(name, issuer, counterpart, **more):
    return {"record": "order", "id": name, "issuer": issuer, "time": ORDER, "kind": "suspend", "subject": [issuer],
            "counterpart": [counterpart], "direction": "both", "except": [], "effective": ORDER, "text": {"en": "stop"},
            "authentic": "en", "public": True, **more}


def request(name, recipient, originator, purpose, at=AFTER, context=None, **properties):
    context = {"purpose": purpose, "channel": "exchange.taxii", **(context or {})}
    if at:
        context["time"] = at
    return {"id": name, "subject": {"type": "party", "id": recipient}, "action": {"name": "open"},
            "resource": {"type": "report", "id": "r1", "properties": {"originator": originator, **properties}},
            "context": context}


def decide(records, requests, *args, **more):
    if not isinstance(records, str):
        records = write_lines("records.jsonl", records)
    if not isinstance(requests, (bytes, str)):
        requests = "".join(json.dumps(q) + "\n" for q in requests)
    return proviso("decide", "--unsigned", "--records", records, "--requests", "-", *args, stdin=requests, **more)


WORLD = [
    party("uk", "uk"), party("uk.territories", "uk"), party("us", "us"), party("us.coast-guard", "us"),
    term("topic", "narcotics", "uk"), term("topic", "narcotics.maritime", "uk"), term("region", "caribbean", "uk"),
    term("purpose", "law", "uk"), term("purpose", "law.interdict", "uk"), term("purpose", "force", "uk", grantable=False),
    term("channel", "exchange", "uk"), term("channel", "exchange.taxii", "uk"),
    agreement("a-1", "uk", "us.coast-guard", ["law"], topic="narcotics", obligations=[{"duty": "report-outcome", "within": 259200}]),
    agreement("a-2", "uk", "uk", ["law"], custody=True),
    order("o-1", "uk", "us", topic="narcotics.maritime"),
]

# ---- the request of the protocol page ----
EXAMPLE = ('{"id":"q1","subject":{"type":"party","id":"us.coast-guard"},"action":{"name":"open"},"resource":{"type":"report",'
           '"id":"r1","properties":{"originator":"uk.territories","custodians":["uk"],"topics":["narcotics.maritime"],'
           '"regions":["caribbean"],"never":["force"],"persons":{"identified":"none"},"derived_from":[]}},'
           '"context":{"purpose":"law.interdict","channel":"exchange.taxii","time":"%s"}}\n')
r = decide(WORLD, EXAMPLE % AFTER)
is_status(r, 0, "a refusal is an answer")
ok(r.out == '{"id":"q1","decision":false,"context":{"reason":"suspended","orders":["o-1"],"agreements":[],"obligations":[]}}\n',
   "the example is suspended, byte for byte", r)
r = decide(WORLD, EXAMPLE % DAY)
answer = r.lines()[0]
ok(answer["decision"] is True and answer["context"]["agreements"] == ["a-1", "a-2"] and
   answer["context"]["obligations"] == [{"duty": "report-outcome", "within": 259200}],
   "the day before, it is permitted by both agreements, with the duties", r)
r = decide(WORLD, EXAMPLE.replace('"id":"q1",', "") % DAY)
ok(r.status == 0 and r.lines()[0]["decision"] is True, "a request without an id is answered", r)

# ---- what is unknown is answered by the rules ----
rows = [
    ("an undeclared recipient", request("q", "us.nobody", "uk", "law", DAY, topics=["narcotics"]), "no-agreement"),
    ("an undeclared purpose", request("q", "us.coast-guard", "uk", "law.unheard", DAY, topics=["narcotics"]), "no-agreement"),
    ("an undeclared purpose and any never", request("q", "us.coast-guard", "uk", "unheard", DAY, never=["force"]), "report-forbids"),
    ("no topic at all, under an order on a topic", request("q", "us.coast-guard", "uk", "law"), "suspended"),
    ("no topic at all, without an order", request("q", "us.coast-guard", "uk", "law", DAY), "no-agreement"),
    ("another topic than the order's", request("q", "us.coast-guard", "uk", "law", topics=["narcotics"],
                                              regions=["caribbean"]), "suspended"),
    ("force, that nobody may grant", request("q", "us.coast-guard", "uk", "force", DAY, topics=["narcotics"]), "no-agreement"),
    ("not releasable", request("q", "us.coast-guard", "uk", "law", DAY, topics=["narcotics"], releasable_to=["uk"]), "not-releasable"),
    ("expired this second", request("q", "us.coast-guard", "uk", "law", DAY, topics=["narcotics"], valid_until=DAY), "expired"),
    ("a source that could not be opened", request("q", "us.coast-guard", "uk", "law", DAY, topics=["narcotics"],
     derived_from=[{"originator": "uk", "topics": ["narcotics"], "never": ["law"]}]), "report-forbids"),
    ("an originator of no log", request("q", "us.coast-guard", "xx", "law", DAY, topics=["narcotics"]), "no-agreement"),
]
r = decide(WORLD, [row[1] for row in rows])
is_status(r, 0, "all of these")
for (name, _, why), answer in zip(rows, r.lines()):
    ok(answer["context"]["reason"] == why and answer["decision"] is False, "%s: %s" % (name, why), answer)

# ---- streams ----
q = [request("q%d" % i, "us.coast-guard", "uk", "law", DAY, topics=["narcotics"]) for i in range(300)]
r = decide(WORLD, q)
ok([a["id"] for a in r.lines()] == [x["id"] for x in q], "answers come in the order of the requests")
lines = "\r\n\n  \n".join(json.dumps(x) for x in q[:3])
r = decide(WORLD, lines)
ok(r.status == 0 and len(r.lines()) == 3, "empty lines, CR and a last line without LF are fine", r)
r = decide(WORLD, "")
ok(r.status == 0 and r.out == "", "no request, no answer", r)
records = write_lines("records.jsonl", WORLD)
with subprocess.Popen([PROVISO, "decide", "--unsigned", "--records", records, "--requests", "-"], stdin=subprocess.PIPE,
                      stdout=subprocess.PIPE, start_new_session=True) as p:
    p.stdin.write((json.dumps(q[0]) + "\n").encode())
    p.stdin.flush()
    first = p.stdout.readline()
    p.stdin.write((json.dumps(q[1]) + "\n").encode())
    p.stdin.close()
    second = p.stdout.readline()
    ok(json.loads(first)["id"] == "q0" and json.loads(second)["id"] == "q1", "an answer does not wait for the next request")

# ---- requests that cannot be read ----
GOOD = json.dumps(q[0])
for name, line, place, what in (
        ("a wrong type", GOOD.replace('"uk"', "7"), "requests.jsonl:2:", "originator"),
        ("not JSON", "{", "requests.jsonl:2:", ""),
        ("two values on a line", "{} {}", "requests.jsonl:2:", ""),
        ("a duplicate key", '{"id":"a","id":"b"}', "requests.jsonl:2:11", ""),
        ("no subject", '{"id":"a"}', "requests.jsonl:2:", "subject"),
        ("not UTF-8", b'{"id":"\xff"}', "requests.jsonl:2:8", ""),
        ("200,000 brackets", "[" * 200000, "requests.jsonl:2:", ""),
        ("a bad time", GOOD.replace(DAY, "yesterday"), "requests.jsonl:2:", "time")):
    raw = line if isinstance(line, bytes) else line.encode()
    path = write("requests.jsonl", GOOD.encode() + b"\n" + raw + b"\n" + GOOD.encode() + b"\n")
    r = proviso("decide", "--unsigned", "--records", records, "--requests", path)
    told = r.err.splitlines()[0] if r.err else ""
    ok(r.status == (5 if "brackets" in name else 2) and place in told and what in told and all(x.isascii() for x in r.err.splitlines()),
       "%s: refused, with file, line and column" % name, r)
    ok(r.out.count("\n") == 1 and json.loads(r.out)["id"] == "q0", "%s: what was answered before stays, nothing else comes" % name, r)
path = write("requests.jsonl", GOOD + "\n" + '"' + "x" * 2000000 + '"\n')
r = proviso("decide", "--unsigned", "--records", records, "--requests", path)
ok(r.status in (2, 5) and ":2" in r.err and r.out.count("\n") == 1, "a line of 2 MB is refused by its size", r)

# ---- times ----
no_time = json.dumps(request("q", "us.coast-guard", "uk", "law", None, topics=["narcotics.maritime"]))
r = decide(WORLD, no_time)
ok(r.status == 2 and "time" in r.err and r.out == "", "a request without a time wants --at", r)
r = decide(WORLD, no_time, "--at", DAY)
ok(r.status == 0 and r.lines()[0]["decision"] is True, "--at stands in", r)
r = decide(WORLD, no_time, "--at", AFTER)
ok(r.lines()[0]["context"]["reason"] == "suspended", "and is the time of the decision", r)
r = decide(WORLD, EXAMPLE % AFTER, "--at", DAY)
ok(r.lines()[0]["decision"] is False, "context.time goes before --at", r)
r = decide(WORLD, no_time, "--at", "noon")
ok(r.status == 2 and "noon" in r.err, "a wrong --at", r)
edge = [request(w, "us.coast-guard", "uk", "law", t, topics=["narcotics.maritime"]) for w, t in
        (("before", "2025-11-11T14:07:01Z"), ("at", ORDER))]
r = decide(WORLD, edge)
ok([a["decision"] for a in r.lines()] == [True, False], "an order begins this very second", r)

# ---- ids come in log order: record time, then place in the file ----
late = [order("o-late", "uk", "us", time="2025-11-11T14:09:00Z"), order("o-z", "uk", "us"), order("o-a", "uk", "us")]
r = decide(WORLD[:-1] + late, EXAMPLE % AFTER)
ok(r.lines()[0]["context"]["orders"] == ["o-z", "o-a", "o-late"], "orders by record time, then by place in the file", r)
many = [order("o-%03d" % i, "uk", "us") for i in range(200)]
r = decide(WORLD[:-1] + many, EXAMPLE % AFTER)
ok(r.lines()[0]["context"]["orders"] == ["o-%03d" % i for i in range(200)], "200 orders that cover are all named", r)

# ---- files, folders, several logs ----
os.makedirs(os.path.join(TEMP.name, "folder"), exist_ok=True)
write_lines("folder/2.jsonl", WORLD[6:])
write("folder/1.json", json.dumps(WORLD[:6], indent=2))
write("folder/notes.txt", "not a record")
r = decide("folder", EXAMPLE % AFTER)
ok(r.status == 0 and r.lines()[0]["context"]["orders"] == ["o-1"], "a folder of .json and .jsonl is one log", r)
r = proviso("decide", "--unsigned", "--requests", "-", "--records", "uk/orders=folder/1.json", "--records",
            "uk/orders=folder/2.jsonl", stdin=EXAMPLE % AFTER)
ok(r.status == 0 and r.lines()[0]["context"]["orders"] == ["o-1"], "ORIGIN=PATH twice is one log too", r)
own = [party("co", "co"), party("us", "us"), party("us.coast-guard", "us"), party("uk", "co"),
       {"record": "peer", "id": "peer-uk", "issuer": "co", "time": BEGIN, "origin": "uk/orders", "genesis": "0" * 64, "names": ["uk"]}]
write_lines("own.jsonl", own)
write_lines("uk.jsonl", WORLD[:-1])
q1 = json.dumps(request("q", "us.coast-guard", "uk", "law", DAY, topics=["narcotics"]))
r = proviso("decide", "--unsigned", "--requests", "-", "--records", "own.jsonl", "--records", "uk/orders=uk.jsonl", stdin=q1)
ok(r.status == 0 and r.lines()[0]["context"]["agreements"] == ["a-1"], "an admitted log permits what is its own", r)
r = proviso("decide", "--unsigned", "--requests", "-", "--records", "own.jsonl", "--records", "xx/orders=uk.jsonl", stdin=q1)
ok(r.status == 0 and r.lines()[0]["decision"] is False, "a log that nobody admitted permits nothing", r)
r = proviso("decide", "--unsigned", "--requests", "-", "--records", "own.jsonl", "uk/orders=uk.jsonl", stdin=q1)
ok(r.status == 0 and r.lines()[0]["decision"] is True, "paths behind --records count too", r)
a_equals = write("a=b.jsonl", "".join(json.dumps(x) + "\n" for x in WORLD))
r = decide("a=b.jsonl", EXAMPLE % AFTER)
ok(r.status == 0 and r.lines()[0]["context"]["orders"] == ["o-1"], "a file with = in its name is a file", r)

# ---- records that are wrong ----
for name, change, told in (
        ("a misspelt party", lambda w: w[-1].update(counterpart=["us.cost-guard"]),
         ["records.jsonl:%d:" % len(WORLD), "o-1: counterpart[0]: unknown party \"us.cost-guard\"", "^^^", 'Did you mean "us.coast-guard"?',
          "Nothing was decided: %d records are good, 1 is not, %d in all." % (len(WORLD) - 1, len(WORLD))]),
        ("an unknown member", lambda w: w[0].update(colour="red"), ["records.jsonl:1:", "colour"]),
        ("an empty counterpart", lambda w: w[-1].update(counterpart=[]), ["counterpart"]),
        ("an exception of a purpose alone", lambda w: w[-1].update({"except": [{"purpose": "law"}]}), ["except[0]"]),
        ("a grant of force", lambda w: w[-3].update(purposes=["force"]), ["purposes[0]", "force"]),
        ("an issuer that may not", lambda w: w[-1].update(issuer="us"), ["may not order"])):
    world = json.loads(json.dumps(WORLD))
    change(world)
    r = decide(world, EXAMPLE % AFTER)
    ok(r.status == 2 and r.out == "" and all(t in r.err for t in told), "%s: exit 2, told with its place, nothing decided" % name, r)
r = decide(write("cut.jsonl", json.dumps(WORLD[0])[:-20]), EXAMPLE % AFTER)
ok(r.status == 2 and "cut.jsonl:1:" in r.err, "a truncated file", r)
r = decide(write("deep.jsonl", "[" * 200000), EXAMPLE % AFTER)
ok(r.status in (2, 5) and "deep.jsonl:1:" in r.err and r.out == "", "200,000 nested brackets", r)
r = decide(write("huge.jsonl", '{"record":"' + "x" * 40000000 + '"}'), EXAMPLE % AFTER)
ok(r.status in (2, 5) and r.out == "" and len(r.err) < 4000, "a record of 40 MB", r)
r = decide("nowhere.jsonl", EXAMPLE % AFTER)
ok(r.status == 2 and "nowhere.jsonl" in r.err, "a file that is not there", r)
r = proviso("decide", "--records", "records.jsonl", "--requests", "-", stdin=EXAMPLE % AFTER)
ok(r.status == 2 and "not signed" in r.err and "--unsigned" in r.err and r.out == "", "without --unsigned, signatures are asked for", r)
wrong = [dict(WORLD[0], id="p-%d" % i, colour="red") for i in range(50)]
r = decide(wrong, EXAMPLE % AFTER)
ok(r.status == 2 and "and 30 more" in r.err and len(r.err.splitlines()) < 60, "many mistakes are told shortly", r)

# ---- explain ----
r = decide(WORLD, EXAMPLE % AFTER, "--explain")
why = r.lines()[0]["context"].get("explain", {})
ok(r.status == 0 and any(s.get("rule") == "o-1" and s["effect"] == "STOP" for s in why.get("steps", [])) and why.get("changes"),
   "--explain names the order that stops, and what would have to change", r)
r = decide(WORLD, EXAMPLE % DAY, "--explain")
why = r.lines()[0]["context"].get("explain", {})
ok(any(s.get("rule") == "a-1" and s["effect"] == "permits" for s in why.get("steps", [])), "and the agreement that permits", r)

# ---- 100,000 of each load in seconds ----
N = 100000
write("big.jsonl", "".join(json.dumps(x) + "\n" for x in WORLD[:-1]) + "".join(
    '{"record":"order","id":"b%d","issuer":"uk","time":"%s","kind":"suspend","subject":["uk"],"counterpart":["us"],'
    '"direction":"give","topic":"narcotics.maritime","except":[{"topic":"narcotics.maritime","counterpart":"us.coast-guard"}],'
    '"effective":"%s","text":{"en":"x"},"authentic":"en","public":true}\n' % (i, ORDER, ORDER) if i % 1000 == 0 else
    '{"record":"party","id":"n%d","issuer":"us","time":"%s","name":"us.n%d"}\n' % (i, BEGIN, i) for i in range(N)))
write("bigq.jsonl", "".join(json.dumps(request("q%d" % i, "us.coast-guard" if i % 2 else "us.n%d" % i, "uk", "law",
                                               topics=["narcotics.maritime"])) + "\n" for i in range(N)))
begin = time.monotonic()
r = proviso("decide", "--unsigned", "--records", "big.jsonl", "--requests", "bigq.jsonl", timeout=250)
took = time.monotonic() - begin
ok(r.status == 0 and r.out.count("\n") == N, "100,000 records and 100,000 requests are answered: %.1f s" % took, r.err)
ok(took < 60, "in seconds (a minute is the limit even for a slow, sanitised build)", took)
done()

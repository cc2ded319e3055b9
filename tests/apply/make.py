#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Makes tests/vectors/records/: one world that is good, and every bad input with what must be said of it.

usage: make.py SIGN          (SIGN is the program made of sign.c)
       make.py --check SIGN  whether the folder is what this makes

good/world.jsonl  drafts: what a home of `co` applies (no log, time, issuer, basis: its signer fills them in)
good/world.note   the same as the signed notes of a whole order log, from its genesis
bad/*             a file each, applied after the world
bad/expect.jsonl  of each: its form (draft: signed by whoever applies; signed: notes; bare: unsigned, alone),
                  exit status, code, field, line, column, a piece of the message, a piece of the advice

Files that would be large are not kept: "make" says how a test makes them.
"""
import json
import pathlib
import shutil
import subprocess
import sys
import tempfile

SIGN = sys.argv[-1]
KEPT = pathlib.Path(__file__).resolve().parent.parent / "vectors" / "records"
ROOT = pathlib.Path(tempfile.mkdtemp()) if "--check" in sys.argv else KEPT
T = "2025-11-10T12:00:00Z"
LATER = "2025-11-11T12:00:00Z"
O1, O2 = "co/officer1", "co/officer2"
BOTH = f"{O1},{O2}"


def vkey(name):
    return subprocess.run([SIGN, "--vkey", name], capture_output=True, text=True, check=True).stdout.strip()


def line(record):
    return json.dumps(record, sort_keys=True, separators=(",", ":"), ensure_ascii=False)


def notes(pairs):
    """[(names, record)] -> signed notes"""
    text = "".join(f"{names}\t{line(r)}\n" if names else line(r) + "\n" for names, r in pairs)
    return subprocess.run([SIGN], input=text, capture_output=True, text=True, check=True).stdout


def signed(r, time=T, **more):
    """A draft as its signer fills it in."""
    full = {"basis": [], "issuer": "co", "log": "co/orders", "time": time}
    full.update(r)
    full.update(more)
    return full


def party(name, **more):
    return {"record": "party", "id": f"p-{name}", "name": name, "names": {"en": name.capitalize()}, **more}


def term(tree, name, **more):
    texts = {"allows": {}, "excludes": {}}
    if tree == "purpose":
        texts = {"allows": {"en": "What it says."}, "excludes": {"en": "All else."}}
    return {"record": "term", "id": f"t-{tree}-{name}", "tree": tree, "name": name, "names": {"en": name}, "maps": {}, **texts, **more}


def key(id, party, name, use="officer", **more):
    return {"record": "key", "id": id, "party": party, "use": use, "key": vkey(name), "from": T, **more}


def order(id="o-2", **more):
    r = {"record": "order", "id": id, "kind": "suspend", "subject": ["co"], "counterpart": ["us.security"], "direction": "both",
         "except": [], "effective": LATER, "text": {"es": "Se suspende."}, "authentic": "es", "public": True}
    r.update(more)
    return {k: v for k, v in r.items() if v is not None}


def agreement(id="a-2", **more):
    r = {"record": "agreement", "id": id, "from": "co.navy", "to": "us.security.coast-guard", "topic": "narcotics.maritime",
         "purposes": ["law.interdict"], "not_before": T, "require": {}, "obligations": []}
    r.update(more)
    return {k: v for k, v in r.items() if v is not None}


def condition(id="c-2", **more):
    r = {"record": "condition", "id": id, "text": {"en": "It goes on."}, "attestors": ["co.navy", "un.ohchr"], "quorum": 2, "window": 604800}
    r.update(more)
    return r


def attestation(id="at-2", **more):
    r = {"record": "attestation", "id": id, "condition": "strikes", "status": "holds", "observed": T, "source": {}}
    r.update(more)
    return r


def end(of, id="e-2", **more):
    return {"record": "end", "id": id, "of": of, **more}


def lift(of, id="l-2", **more):
    return {"record": "lift", "id": id, "order": of, "reopen": "hold", **more}


WORLD = [
    party("co"), party("co.navy"), party("co.navy.caribbean"), party("co.army"), party("us"), party("us.security"),
    party("us.security.coast-guard"), party("un"), party("un.ohchr"), party("co.task-force", members=["co.navy", "co.army"]),
    term("topic", "narcotics"), term("topic", "narcotics.maritime"), term("topic", "fisheries"),
    term("region", "caribbean"), term("region", "caribbean.east"),
    term("purpose", "law"), term("purpose", "law.interdict"), term("purpose", "safety"), term("purpose", "safety.sar"),
    term("purpose", "force", grantable=False), term("purpose", "force.lethal"),
    term("channel", "exchange"), term("channel", "mail"),
    key("k-navy", "co.navy", "co.navy/officer1", roles=["officer"]),
    key("k-old", "co.army", "co.army/officer1", until="2025-11-10T13:00:00Z"),
    key("k-gone", "co.navy", "co.navy/officer2"),
    key("k-gateway", "co.navy", "co.navy/gateway", use="gateway"),
    key("k-ohchr", "un.ohchr", "un.ohchr/attestor1", use="attestor"),
    agreement("a-1"), condition("strikes"), order("o-1", **{"while": "strikes"}, effective=T), order("o-0", effective=T),
    lift("o-0", "l-1"), agreement("a-0"), end("a-0", "e-a-0"), end("k-gone", "e-k-gone"),
    {"record": "recall", "id": "rc-1", "report": "r-1", "text": {"en": "Sent in error."}},
]
GENESIS = signed({"record": "genesis", "id": "genesis", "origin": "co/orders", "root": "co", "officers": [vkey(O1), vkey(O2)], "quorum": 2,
                  "signers": [vkey("co/orders")], "profile": "courier"})

CASES = []


def case(name, says, content, want, form="draft", exit=2, code=None, field="", at=(1, 1), fix="", make=None, applied=0):
    """content: text, bytes, or records (drafts) or (signers, record) pairs."""
    suffix = ".note" if form == "signed" else ".jsonl"
    if isinstance(content, list):
        content = notes(content) if form == "signed" else "".join(line(r) + "\n" for r in content)
    if isinstance(content, str):
        content = content.encode()
    entry = {"file": name + suffix, "name": says, "form": form, "exit": exit, "code": code or {2: "input", 4: "untrusted", 5: "limit"}[exit],
             "field": field, "line": at[0], "col": at[1], "says": want, "fix": fix, "applied": applied}
    if make:
        entry["make"] = make
    else:
        (ROOT / "bad" / entry["file"]).write_bytes(content)
    CASES.append(entry)


def draft(name, says, record, want, field="", near=None, **more):
    """One draft; the place is found by the text that stands there."""
    text = record if isinstance(record, str) else line(record)
    at = more.pop("at", None) or (1, (text.index(near) + 1) if near else 1)
    case(name, says, text + "\n", want, field=field, at=at, **more)


def kinds():
    """At least one of each kind with every member it can have; each alone, not a log."""
    t = "2025-11-11T14:07:02Z"
    src = {"who":"Presidency of the Republic","via":["Latin Times"],"status":"reported","date":"2025-11-12T00:00:00Z","url":"https://example.org/decree","lang":"es"}

    def rec(_kind, _id, **more):
        return {"record": _kind, "id": _id, "issuer": "co", "time": t, "basis": [], "log": "co/orders", **more}

    return [
        rec("genesis","genesis",origin="co/orders",root="co",officers=[vkey(O1),vkey(O2)],quorum=2,signers=[vkey("co/orders")],profile="courier"),
        rec("peer","peer-uk",origin="uk/orders",genesis="0123456789abcdef"*4,names=["uk","uk.territories"]),
        rec("party","p-navy",name="co.public-force.navy",names={"en":"Navy","es":"Armada"},members=["co.public-force"],was=["co.navy"],gateway="https://navy.example",domains=["navy.example"],desk="+57 1 555 0100"),
        rec("term","t-caribbean",tree="region",name="caribbean",names={"en":"Caribbean"},allows={},excludes={},area={"type":"Polygon","coordinates":[[[-90,8],[-60,8],[-60,24.5],[-90,24.5],[-90,8]]]},maps={"cise":["CaribbeanSea","Gulf"],"other":"x"},exercise=True),
        rec("term","t-force",tree="purpose",name="force",names={"en":"Use of force"},allows={"en":"Nothing may be granted."},excludes={"en":"Every use that may injure."},grantable=False,maps={}),
        rec("key","k-1",party="co.public-force.navy",use="officer",key=vkey("co.navy/officer1"),roles=["analyst","officer"],purposes=["law.interdict"],**{"from":"2025-11-01T00:00:00Z"},until="2026-11-01T00:00:00Z"),
        rec("key","k-2",party="co.public-force.navy",use="credential",binding="sha256:00ff",**{"from":"2025-11-01T00:00:00Z"}),
        rec("quorum","q-1",needs={"agreement":1,"lift":3,"order":2}),
        rec("profile","pr-1",name="field",refresh=60,lease=900,skew_ms=1500,party="co.public-force.navy"),
        rec("agreement","a-0114",**{"from":"co.public-force.navy","while":"strikes-caribbean"},to="us.coast-guard",topic="narcotics.maritime",region="caribbean",purposes=["law.interdict"],channels=["exchange"],custody=True,not_before="2025-01-01T00:00:00Z",not_after="2027-01-01T00:00:00Z",require={"identified":"all"},attribute="https://co.example/attr/report/value/open",obligations=[{"duty":"report-outcome","within":259200},{"duty":"delete-by","by":"2026-01-01T00:00:00Z"},{"duty":"delete-by","after":86400},{"duty":"no-onward"}]),
        rec("order","o-0031",basis=[{"source":src},{"cites":"as-1","origin":"un/orders","note":"see there"}],kind="suspend",subject=["co.public-force.army.intelligence","co.public-force.navy.intelligence"],counterpart=["us.security"],direction="both",topic="narcotics",region="caribbean",purposes=["law"],channels=["exchange","mail"],**{"except":[{"topic":"safety","purpose":"safety.sar"},{"counterpart":"us.congress"}],"while":"strikes-caribbean"},dealings=["liaison at the embassy"],effective=t,until="2026-11-11T14:07:02Z",reopen="release",ack_due=3600,escalate_to="co.presidency",replaces="o-0030",text={"en":"Suspend.","es":"Suspender."},authentic="es",public=True,published="2025-11-11T15:00:00Z",exercise=True),
        rec("order","o-0032",kind="restrict",subject=["ca"],counterpart=["us"],direction="give",purposes=["force"],**{"except":[]},effective=t,text={},authentic="en",public=False),
        rec("lift","l-1",order="o-0031",reopen="hold"),
        rec("recall","rc-1",report="r-7q2m",text={"en":"Sent in error."}),
        rec("end","e-1",of="co/officer1"),
        rec("condition","strikes-caribbean",text={"en":"Missile attacks on boats continue."},attestors=["co.foreign-ministry","co.justice-ministry","un.ohchr"],quorum=2,window=604800),
        rec("attestation","at-1",condition="strikes-caribbean",status="ended",observed="2025-11-10T00:00:00Z",source=src),
        rec("attestation","at-2",condition="strikes-caribbean",status="holds",observed="2025-11-10T00:00:00Z",source={}),
        rec("assessment","as-1",of={"purpose":"force.lethal","by":"us","where":"caribbean"},finding="unlawful",shares=["un.ohchr"]),
        rec("report","r-7q2m",originator="co.public-force.navy",topics=["narcotics.maritime"],regions=["caribbean"],title="Track of a go-fast",created="2025-11-11T12:00:00Z",never=["force"],releasable_to=["us.coast-guard"],derived_from=["r-0001"],tlp="amber+strict",handling="For the watch floor.",persons={"aboard":{"min":3,"max":5},"identified":"none"},reliability="B",credibility="2",valid_until="2025-12-11T12:00:00Z",lease=60,if_stale="safety",position={"lat_e7":125000000,"lon_e7":-715000000},observed="2025-11-11T11:00:00Z",content={"sha256":"ab"*32,"size":18432,"media_type":"application/geo+json"}),
        rec("report","r-2",originator="co",topics=[],regions=[],title="Phishing wave",created=t,never=[],persons={},reliability="F",credibility="6",content={"sha256":"00"*32,"size":0,"media_type":"text/plain"}),
        rec("outcome","oc-1",report="r-7q2m",release="rel-1",by="us.coast-guard",actions=["boarded","seized"],purpose_used="law.interdict",persons={"aboard":{"min":3},"identified":"all"},dead={"min":0,"max":0},injured={},seized=[{"what":"cocaine","kg":800},"boat"],position={"lat_e7":0,"lon_e7":0},observed="2025-11-11T13:00:00Z",source=src,corrects="oc-0"),
        rec("incident","in-1",kind="strike",topic="narcotics.maritime",region="caribbean",position={"lat_e7":125000000,"lon_e7":-715000000},observed={"from":"2025-11-09T00:00:00Z","to":"2025-11-10T00:00:00Z"},dead={"min":2,"max":4},by="us",source=src),
        rec("answer","an-1",order="o-0032",reply="refused",by_person="A. Example",means="telephone"),
        rec("ack","ak-1",order="o-0031",party="co.public-force.navy",state="in-force",openings_cut=2,dealing="liaison at the embassy",by_person="A. Example",means="telephone"),
    ]


def bad_text():
    good = line(end("a-1"))
    case("not-utf8", "a byte that is not UTF-8", good.encode() + b'\n{"record":"end","id":"caf\xe9"}\n', "byte 0xe9 is not UTF-8 here", at=(2, 26), applied=1)
    case("overlong", "an overlong encoding is not UTF-8", b'{"record":"end","id":"\xc0\xaf"}\n', "not UTF-8", at=(1, 23))
    case("bom", "a byte order mark", b"\xef\xbb\xbf" + good.encode(), "byte order mark", at=(1, 1))
    draft("duplicate-member", "a member that stands twice", '{"record":"end","id":"e","of":"a-1","of":"a-2"}', 'the name "of" stands twice', at=(1, 37))
    draft("duplicate-nested", "a member that stands twice further in", '{"record":"recall","id":"e","report":"r","text":{"en":"a","en":"b"}}',
          'the name "en" stands twice', at=(1, 59))
    draft("trailing-comma", "a comma too many", '{"record":"end","id":"e","of":"a-1",}', "',' too many", at=(1, 36))
    draft("comment", "a comment", '{"record":"end", // what\n"id":"e","of":"a-1"}', "expected a member name", at=(1, 18))
    draft("single-quotes", "single quotes", "{'record':'end'}", "expected a member name in double quotes", at=(1, 2))
    draft("nan", "a number that is none", '{"record":"order","ack_due":NaN}', "expected a value", at=(1, 29))
    draft("huge-number", "a number beyond all numbers", '{"record":"order","ack_due":1e999}', "number out of range", at=(1, 29))
    draft("past-2-53", "a whole number that a double does not hold", '{"record":"order","ack_due":9007199254740993}', "number out of range", at=(1, 29))
    draft("control", "a line end in a string", '{"record":"end","id":"e\n"}', "byte 0x0a may not stand in a string", at=(1, 24))
    draft("surrogate", "half a pair of surrogates", '{"record":"end","id":"\\ud800"}', "half of a pair", at=(1, 23))
    case("truncated", "a file that breaks off in a string", good + "\n" + '{"id":"e-3","of":"a', "does not end", at=(2, 18), applied=1)
    case("truncated-object", "a file that breaks off in an object", good + "\n" + '{"id":"e-3","of":"a-1"', "the end of the text", at=(2, 23), applied=1)
    case("truncated-list", "a file that breaks off in a list", "[\n" + good + ",\n", "ends within the list that begins in line 1", at=(3, 1), applied=1)
    case("brackets", "200,000 brackets", None, "nested more than 64 deep", exit=5, at=(1, 66), make="brackets")
    case("huge", "a record of 100 MB", None, "too long", exit=5, at=(1, 1), make="huge")
    draft("too-long", "a record of more than 32 KiB", line({"record": "recall", "id": "rc-2", "report": "r", "text": {"en": "x" * 17000, "es": "y" * 17000}}),
          "at most 32768 are allowed", exit=5, at=(1, 1))


def bad_shape():
    draft("unknown-member", "an unknown member", order(exept=[]), "unknown member", field="exept", near='"exept"', fix='Did you mean "except"?')
    draft("unknown-member-nested", "an unknown member further in", order(**{"except": [{"topics": "fisheries"}]}), "unknown member",
          field="except[0].topics", near='"topics"', fix='Did you mean "topic"?')
    draft("unknown-kind", "an unknown kind of record", {"record": "agrement", "id": "x"}, 'unknown word "agrement"', field="record",
          near='"agrement"', fix='Did you mean "agreement"?')
    draft("no-kind", "a record without its kind", {"id": "x"}, "is missing", field="record")
    draft("not-an-object", "a text in the place of a record", '"order"', "a record (an object) is wanted")
    draft("wrong-type", "a text in the place of a list", order(subject="co"), "a text stands here; a list is wanted", field="subject",
          near='"co","text"')
    draft("wrong-type-item", "a number in the place of a name", order(subject=["co", 7]), "a number stands here; a party is wanted",
          field="subject[1]", near="7]")
    draft("wrong-type-bool", "a text in the place of true", order(public="yes"), "a text stands here; true or false is wanted", field="public",
          near='"yes"')
    draft("null", "null in the place of a text", line(order()).replace('"public":true', '"public":null'),
          "null stands here", field="public", near="null")
    draft("fraction", "a fraction of a second", order(ack_due=1.5), "1.5 is not allowed", field="ack_due", near="1.5")
    draft("negative", "a negative number", order(ack_due=-1), "-1 is not allowed", field="ack_due", near="-1")
    draft("quorum-zero", "a quorum of none", {"record": "quorum", "id": "q", "needs": {"order": 0}}, "0 is not allowed; a whole number from 1 to 16",
          field="needs.order", near="0}")
    draft("quorum-17", "a quorum of 17", {"record": "quorum", "id": "q", "needs": {"order": 17}}, "17 is not allowed", field="needs.order", near="17}")
    draft("bad-id", "an id with a blank", end("a-1", id="my end"), '"my end" is not an id', field="id", near='"my end"')
    draft("bad-name", "a name in capitals", order(counterpart=["US"]), '"US" is not a party', field="counterpart[0]", near='"US"', fix="small letters")
    draft("bad-time", "a time without its zone", order(effective="2025-11-11T12:00:00"), "is not a time", field="effective", near='"2025-11-11T12')
    draft("bad-day", "a day that no calendar has", order(effective="2025-02-30T12:00:00Z"), "is not a time", field="effective", near='"2025-02-30')
    draft("bad-word", "a word that is none of those allowed", order(direction="send"), 'unknown word "send"', field="direction", near='"send"',
          fix="Allowed: give, take, both.")
    draft("exercise-false", "exercise: false", end("a-1", exercise=False), "only true may", field="exercise", near="false")
    draft("missing-member", "an order without except", {k: v for k, v in order().items() if k != "except"}, "is missing", field="except")
    draft("empty-counterpart", "an empty counterpart", order(counterpart=[]), "is empty", field="counterpart", near='[],"direction"')
    draft("empty-subject", "an empty subject", order(subject=[]), "is empty", field="subject", near='[],"text"')
    draft("exception-purpose-alone", "an exception that names a purpose alone", order(**{"except": [{"purpose": "safety.sar"}]}),
          "names a purpose alone", field="except[0]", near='{"purpose"', fix="Name also a topic")
    draft("exception-empty", "an exception that names nothing", order(**{"except": [{}]}), "would except everything", field="except[0]", near="{}]")
    draft("restrict-without-purposes", "a restrict without purposes", order(kind="restrict"), "which purposes it bars", field="purposes")
    draft("purpose-without-texts", "a purpose that does not say what it excludes", term("purpose", "law.x", excludes={}), "is empty; a purpose says",
          field="excludes", near='{},"id"')
    draft("until-before-effective", "an order that ends before it begins", order(until=T), "is not later than effective", field="until",
          near='"2025-11-10T12:00:00Z"}')
    draft("not-after-not-before", "an agreement that ends as it begins", agreement(not_after=T), "is not later than not_before", field="not_after",
          near='"2025-11-10T12:00:00Z","not_before"')
    draft("key-until-from", "a key that ends before it begins", key("k-2", "co.navy", "co.navy/officer3", until="2025-01-01T00:00:00Z"),
          "is not later than from", field="until", near='"2025-01-01')
    draft("member-of-itself", "a party that is a member of itself", party("co.x", members=["co.x"]), "not a member of itself", field="members[0]",
          near='"co.x"],"name"')
    draft("was-itself", "a party that is its own former name", party("co.x", was=["co.x"]), "not its own former name", field="was[0]", near='"co.x"]}')
    draft("derived-from-itself", "a report derived from itself",
          {"record": "report", "id": "r-2", "originator": "co.navy", "topics": [], "regions": [], "title": "T", "created": T, "never": [], "persons": {},
           "reliability": "F", "credibility": "6", "derived_from": ["r-1", "r-2"],
           "content": {"sha256": "0" * 64, "size": 1, "media_type": "text/plain"}}, "not derived from itself", field="derived_from[1]", near='"r-2"],"id"')
    draft("attestor-above", "an attestor above another", condition(attestors=["co.navy", "co"], quorum=1), "would count twice", field="attestors[0]",
          near='"co.navy","co"')
    draft("condition-quorum", "more attestors wanted than named", condition(quorum=3), "3 must agree, and 2 are named", field="quorum", near='3,"record"')
    draft("vkey-changed", "a key whose hash is not its own", line(key("k-2", "co.navy", "co.navy/officer3")).replace("co.navy/officer3+", "co.navy/officer4+"),
          "is not a verification key", field="key", near='"co.navy/officer4')
    draft("basis-without-anything", "a basis that says nothing", end("a-1", basis=[{"note": "because"}]), "this does neither", field="basis[0]", near='{"note"')


def bad_names():
    draft("unknown-party", "a misspelt party", agreement(to="us.securty.coast-guard"), 'unknown party "us.securty.coast-guard"', field="to",
          near='"us.securty.coast-guard"', fix='us is declared, us.securty is not. Did you mean "us.security.coast-guard"?')
    draft("unknown-party-far", "a party that is like no other", order(counterpart=["zz.top"]), 'unknown party "zz.top"', field="counterpart[0]",
          near='"zz.top"', fix="Nothing like it is declared. proviso party list zz")
    draft("unknown-topic", "a misspelt topic", order(topic="narcotic.maritime"), 'unknown topic "narcotic.maritime"', field="topic",
          near='"narcotic.maritime"', fix='Did you mean "narcotics.maritime"?')
    draft("unknown-region", "a misspelt region", order(region="carribean"), 'unknown region "carribean"', field="region", near='"carribean"',
          fix='Did you mean "caribbean"?')
    draft("unknown-purpose", "a misspelt purpose", agreement(purposes=["law.interdict", "law.intercept"]), 'unknown purpose "law.intercept"',
          field="purposes[1]", near='"law.intercept"', fix='law is declared, law.intercept is not. Did you mean "law.interdict"?')
    draft("unknown-channel", "a misspelt channel", order(channels=["male"]), 'unknown channel "male"', field="channels[0]", near='"male"')
    draft("unknown-in-exception", "a misspelt name in an exception", order(**{"except": [{"topic": "fisheries"}, {"counterpart": "us.securty"}]}),
          'unknown party "us.securty"', field="except[1].counterpart", near='"us.securty"')
    draft("unknown-attestor", "an attestor that is not declared", condition(attestors=["un.ohcr"], quorum=1), 'unknown party "un.ohcr"',
          field="attestors[0]", near='"un.ohcr"', fix='Did you mean "un.ohchr"?')
    draft("unknown-member-party", "a member that is not declared", party("co.x", members=["co.navi"]), 'unknown party "co.navi"', field="members[0]",
          near='"co.navi"')
    draft("parent-missing", "a party whose parent is missing", party("co.air.one"), 'unknown party "co.air"', field="name", near='"co.air.one","names"',
          fix='declare "co.air" first')
    draft("parent-missing-term", "a term whose parent is missing", term("topic", "weapons.small"), 'unknown topic "weapons"', field="name",
          near='"weapons.small","names"')
    draft("declared-twice", "a party declared twice", {**party("co.navy"), "id": "p-again"}, "is declared already (p-co.navy)", field="name",
          near='"co.navy","names"')
    draft("other-content", "another content under the same id", agreement("a-1", to="us"), "already with another content", field="id", near='"a-1"',
          fix="Records never change")
    draft("grant-force", "a grant of force", agreement(purposes=["force"]), 'purpose "force" may not be granted', field="purposes[0]", near='"force"]')
    draft("grant-below-force", "a grant of what is below force", agreement(purposes=["law.interdict", "force.lethal"]),
          'purpose "force.lethal" may not be granted', field="purposes[1]", near='"force.lethal"]')
    draft("replaces-nothing", "an order that replaces none", order(replaces="o-9"), "is not an order of this log", field="replaces", near='"o-9"')
    case("cycle-members", "a cycle of members", [party("co.a"), party("co.b", members=["co.a"]), end("p-co.a"), {**party("co.a", members=["co.b"]), "id": "p-co.a-2"}],
         "a cycle", field="members[0]", at=(4, 29), applied=3)
    case("cycle-was", "a cycle of former names", [party("co.a"), party("co.b", was=["co.a"]), end("p-co.a"), {**party("co.a", was=["co.b"]), "id": "p-co.a-2"}],
         "a cycle", field="was[0]", at=(4, 78), applied=3)


def bad_acts():
    draft("lift-unknown", "a lift of an order not in the log", lift("o-77"), 'a lift of an order not in the log: "o-77"', field="order", near='"o-77"')
    draft("lift-of-agreement", "a lift of what is no order", lift("a-1"), "a lift of an order not in the log", field="order", near='"a-1"')
    draft("lift-twice", "an order lifted twice", lift("o-0"), "has ended already (l-1)", field="order", near='"o-0"')
    draft("end-twice", "a record that ends twice", end("a-0"), "has ended already (e-a-0)", field="of", near='"a-0"')
    draft("end-order", "an end of an order", end("o-1"), "orders end by a lift", field="of", near='"o-1"', fix="proviso order lift o-1")
    draft("end-lift", "an end of a lift", end("l-1"), "does not end", field="of", near='"l-1"')
    draft("end-genesis", "an end of the genesis", end("genesis"), "does not end", field="of", near='"genesis"')
    draft("end-unknown", "an end of nothing", end("a-99"), 'there is no record "a-99"', field="of", near='"a-99"')
    draft("end-with-children", "an end of a party with others below it", end("p-co.navy"), 'party "co.navy.caribbean" is still below it', field="of",
          near='"p-co.navy"')
    draft("end-named", "an end of a party that an agreement names", end("p-us.security.coast-guard"), "agreement a-1 still names", field="of",
          near='"p-us.security.coast-guard"')
    draft("end-named-term", "an end of a purpose that an agreement names", end("t-purpose-law.interdict"), "agreement a-1 still names purpose", field="of",
          near='"t-purpose-law.interdict"')
    draft("order-above", "an order to a party that is not below", order(subject=["us"]), "co may not order us", field="subject[0]", near='"us"],"text"')
    draft("agreement-for-another", "an agreement for another's reports", agreement(**{"from": "us.security"}), "the giver is us.security", field="issuer")
    draft("attest-stranger", "an attestation by one who is no attestor", attestation(issuer="co.army"), 'co.army is not an attestor of "strikes"',
          field="issuer", near='"co.army"')
    draft("attest-unknown", "an attestation on no condition", attestation(condition="strike", issuer="co.navy"), "is not a condition of this log", field="condition",
          near='"strike"')
    draft("issuer-foreign", "an act by a party of another authority", order(issuer="us", subject=["us"]), "us is not under co", field="issuer", near='"us","kind"')
    draft("issuer-unknown", "an act by a party that is not declared", order(issuer="co.navyy", subject=["co.navyy"]), 'unknown party "co.navyy"', field="issuer",
          near='"co.navyy","kind"')
    draft("party-by-equal", "a party declared by one beside it", party("co.army.one", issuer="co.navy"), "co.navy may not issue party for co.army.one",
          field="issuer", near='"co.navy"')
    draft("term-by-lower", "a term declared by a lower party", term("topic", "weapons", issuer="co.navy"), "the root of the log may", field="issuer", near='"co.navy"')
    draft("lift-by-lower", "a lift by a lower party", lift("o-1", issuer="co.navy"), "the order's issuer is co", field="issuer", near='"co.navy"')
    draft("quorum-unreachable", "a quorum that nobody can meet", {"record": "quorum", "id": "q-1", "needs": {"lift": 9}}, "9 different officers are asked for",
          field="needs.lift", near="9}")
    draft("peer-itself", "a peer that is this log", {"record": "peer", "id": "pe-1", "origin": "co/orders", "genesis": "0" * 64, "names": ["us"]},
          "is this log itself", field="origin", near='"co/orders"')


def bad_signed():
    p = signed(party("co.police"))
    plain = line(p)
    case("sig-one", "too few signatures", [(O1, p)], "needs 2 different officers, has 1", "signed", fix="Have another officer sign")
    case("sig-none-known", "signatures by strangers alone", [("xx/one,xx/two", p)], "needs 2 different officers, has 0", "signed")
    case("sig-changed", "a text changed after signing", notes([(BOTH, p)]).replace('"en":"Co.police"', '"en":"Co.polizei"'),
         "the signature by co/officer1 does not match this text: it was changed after signing", "signed", exit=4)
    case("sig-wrong-party", "a signature by an officer of a lower party", [(f"{O1},co.navy/officer1", p)],
         "signed by co.navy/officer1, an officer of co.navy, who may not sign for co", "signed")
    case("sig-wrong-use", "a signature by a gateway's key", [("co.navy/gateway", signed(order(issuer="co.navy", subject=["co.navy"])))],
         'a key of the use "gateway"', "signed")
    case("sig-expired", "a signature by a key that has expired",
         [("co.army/officer1", signed(order(issuer="co.army", subject=["co.army"]), time="2025-11-10T13:00:00Z"))], "whose key had expired", "signed")
    case("sig-early", "a signature by a key that does not stand yet",
         [("co.navy/officer1", signed(order(issuer="co.navy", subject=["co.navy"]), time="2025-11-10T11:59:59Z"))], "did not stand yet", "signed")
    case("sig-revoked", "a signature by a revoked key", [("co.navy/officer2", signed(order(issuer="co.navy", subject=["co.navy"])))],
         "whose key was revoked", "signed", exit=4)
    case("sig-attestor-order", "an order by an attestor's key", [("un.ohchr/attestor1", signed(attestation(issuer="un.ohchr", status="ended")))],
         "needs 2 different officers, has 1", "signed")
    case("sig-lift-one", "a lift by one officer", [(O1, signed(lift("o-1")))], "needs 2 different officers, has 1", "signed")
    case("sig-old-hold", "a hold that is a day old", [(O1, signed(order(), time="2025-11-09T11:00:00Z"))], "needs 2 different officers, has 1", "signed",
         fix="a hold for 24 hours")
    case("other-log", "a record for another log", [(BOTH, signed(party("co.police"), log="uk/orders"))], 'is for the log "uk/orders", not for "co/orders"',
         "signed", field="log", at=(1, plain.index('"co/orders"') + 1))
    case("second-genesis", "a second genesis", [(BOTH, {**GENESIS, "id": "genesis-2"})], "a genesis is the first entry of a log", "signed", field="record",
         at=(1, line({**GENESIS, "id": "genesis-2"}).index('"genesis","root"') + 1))
    a0 = signed(agreement("a-0"))
    case("ended-record-again", "an ended record again", [(BOTH, a0)], "was applied before and has ended since (e-a-0)", "signed", field="id",
         at=(1, line(a0).index('"a-0"') + 1))
    case("lifted-order-again", "a lifted order again", [(BOTH, signed(order("o-0", effective=T)))], "has ended since (l-1)", "signed", field="id",
         at=(1, line(signed(order("o-0", effective=T))).index('"o-0"') + 1))
    case("from-the-future", "a record from later than its place", [(BOTH, signed(party("co.police"), time="2025-11-10T12:05:01Z"))], "301 s later than its place",
         "signed", field="time", at=(1, plain.index('"2025-11-10T12') + 1))
    case("not-canonical", "a signed text that is not canonical", notes([(BOTH, p)]).replace('{"basis"', '{ "basis"'), "does not stand in its canonical form", "signed")
    case("no-empty-line", "signature lines without the empty line", notes([(BOTH, p)]).replace("\n\n", "\n"), "without a record and an empty line before it",
         "signed", at=(2, 1), applied=1)
    case("no-log", "a signed record without its log", [(BOTH, {k: v for k, v in p.items() if k != "log"})], "is missing", "signed", field="log")


def bad_bare():
    draft("bare-order-without-except", "a bare order without except",
          {"record": "order", "id": "o", "issuer": "co", "time": T, "kind": "suspend", "subject": ["co"], "counterpart": ["co"], "direction": "both", "effective": T},
          "is missing", field="except", form="bare")
    draft("bare-who-may", "who may is asked of bare records too", "\n".join(line(r) for r in [
        {"record": "party", "id": "p-co", "issuer": "co", "time": T, "name": "co"}, {"record": "party", "id": "p-us", "issuer": "us", "time": T, "name": "us"},
        {"record": "order", "id": "o", "issuer": "co", "time": T, "kind": "suspend", "subject": ["us"], "counterpart": ["co"], "direction": "both", "except": [],
         "effective": T}]), "co may not order us", field="subject[0]", form="bare", at=(3, 157), applied=2)


def main():
    for folder in ("good", "bad"):
        (ROOT / folder).mkdir(parents=True, exist_ok=True)
    for old in (ROOT / "bad").iterdir():
        old.unlink()
    (ROOT / "good" / "kinds.jsonl").write_text(notes([("", r) for r in kinds()]))
    (ROOT / "good" / "world.jsonl").write_text("".join(line(r) + "\n" for r in WORLD))
    (ROOT / "good" / "world.note").write_text(notes([(BOTH, GENESIS)] + [(BOTH, signed(r)) for r in WORLD]))
    for part in (bad_text, bad_shape, bad_names, bad_acts, bad_signed, bad_bare):
        part()
    (ROOT / "bad" / "expect.jsonl").write_text("".join(line(c) + "\n" for c in CASES))
    print("#", len(CASES), "bad inputs")


def check():
    """TAP: every file is as it was made, and none is there besides."""
    made, kept = ({p.relative_to(r): p.read_bytes() for p in r.glob("*/*")} for r in (ROOT, KEPT))
    for n, path in enumerate(sorted(made.keys() | kept.keys())):
        print("ok" if made.get(path) == kept.get(path) else "not ok", n + 1, "-", path, "is what make.py makes")
    print(f"1..{len(made.keys() | kept.keys())}")
    shutil.rmtree(ROOT)
    return made != kept


main()
sys.exit(check() if ROOT != KEPT else 0)

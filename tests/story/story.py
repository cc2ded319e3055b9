# SPDX-License-Identifier: Apache-2.0
"""The story, row by row: S1 to S14 of docs/story.md; by files, and by a gateway where the row needs one."""
import json
import pathlib
import socket
import sys
import time
import traceback

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1] / "gateway"))
import rig  # noqa: E402
from homes import EXAMPLE, Tap, World, agreement, now, order

tap = Tap()
LABEL = ("--topic", "narcotics.maritime", "--region", "caribbean", "--never", "force", "--aboard", "3..5", "--identified", "none")
INTELLIGENCE = [f"co.public-force.{s}.intelligence" for s in ("army", "navy", "aerospace", "police")]


def colombia(w):
    w.must("co", "apply", EXAMPLE / "co" / "20-agreements.jsonl", EXAMPLE / "co" / "30-condition.jsonl")


def s1_all_echelons():
    """One order to four services and all below them, counterparts a list, both ways; dealings settled by hand."""
    w = World()
    colombia(w)
    w.apply("co", agreement("a-co", "co", "us.coast-guard", ["law.interdict"]))
    units = {"navy": "co.public-force.navy.intelligence.caribbean", "ports": "co.public-force.police.intelligence.ports", "co": "co"}
    for name, unit in units.items():
        w.share("co", name, "--originator", unit, "--releasable-to", "us", *LABEL)
    w.must("co", "apply", EXAMPLE / "co" / "40-order.jsonl")
    for name in ("navy", "ports"):
        a = w.ask("us", "co", name, "law.interdict", "--party", "us.coast-guard")
        tap.ok(a.status == 1 and a.says("o-0031"), f"S1: an echelon below a subject ({units[name]}) gives nothing, and the order is named", a)
    a = w.ask("us", "co", "co", "law.interdict", "--party", "us.coast-guard")
    tap.ok(a.status == 0, "S1: what is not under a subject goes on", a)
    acked = w.at("co", "order", "ack", "o-0031", "--as", "co.public-force.army.intelligence.north", "--means", "telephone", "--by", "desk",
                 "--state", "in-force")
    tap.ok(acked.status == 0, "S1: an echelon without a gateway answers by a person", acked)
    shown = w.at("co", "order", "show", "o-0031")
    tap.ok(shown.says("co.public-force.army.intelligence.north") and shown.says("telephone"), "S1: who answered, and by what means, is shown", shown)
    tap.ok(shown.says("liaison"), "S1: dealings that no machine can stop are named", shown)


def s2_while_the_attacks_continue():
    """`while` a condition: unknown holds; a quorum ends it; one attestor brings it back."""
    w = World(("co", "us"))
    colombia(w)
    w.share("co", "boat", "--originator", "co.public-force.navy.intelligence", "--releasable-to", "us", *LABEL)
    w.must("co", "apply", EXAMPLE / "co" / "40-order.jsonl")
    keys = {}
    for who in ("co.foreign-ministry", "co.justice-ministry"):
        keys[who] = []
        for n in ("1", "2"):
            name = f"{who}-{n}.key"
            made = w.must(None, "key", "new", f"{who}/attestor{n}", "--party", who, "--use", "attestor", "--no-passphrase", "-o", name)
            vkey = next(word for word in (made.out + made.err).split() if word.startswith(f"{who}/attestor{n}+"))
            w.must("co", "key", "add", "--party", who, "--use", "attestor", "--key", vkey)
            keys[who].append(name)

    def attest(who, status, key_names):
        return w.at("co", "condition", "attest", "strikes-caribbean", status, "--issuer", who, "--observed", now(), "--source-who", who, "--source-status",
                    "stated", "--key", ",".join(key_names))

    a = w.ask("us", "co", "boat", "law.interdict", "--party", "us.coast-guard")
    tap.ok(a.status == 1, "S2: nobody attested anything, and unknown means that it holds", a)
    one = attest("co.foreign-ministry", "ended", keys["co.foreign-ministry"][:1])
    tap.ok(one.status == 2, "S2: one signature does not attest an end", one)
    attest("co.foreign-ministry", "ended", keys["co.foreign-ministry"])
    a = w.ask("us", "co", "boat", "law.interdict", "--party", "us.coast-guard")
    tap.ok(a.status == 1, "S2: one of two needed attestors is not a quorum", a)
    attest("co.justice-ministry", "ended", keys["co.justice-ministry"])
    a = w.ask("us", "co", "boat", "law.interdict", "--party", "us.coast-guard")
    tap.ok(a.status == 0, "S2: two of three attest the end, and the order lapses", a)
    back = attest("co.foreign-ministry", "holds", keys["co.foreign-ministry"][:1])
    tap.ok(back.status == 0, "S2: one signature suffices to say that it holds again", back)
    a = w.ask("us", "co", "boat", "law.interdict", "--party", "us.coast-guard")
    tap.ok(a.status == 1, "S2: and the order is back in force at once", a)


def s3_one_matter():
    """The UK's pause: one topic, not announced, other matters go on."""
    w = World(("uk", "us"))
    w.must("uk", "apply", EXAMPLE / "uk" / "20-agreements.jsonl", EXAMPLE / "uk" / "40-order.jsonl")
    w.share("uk", "boat", "--releasable-to", "us", *LABEL)
    w.share("uk", "vague", "--releasable-to", "us", "--topic", "narcotics", "--never", "force")
    w.share("uk", "migration", "--releasable-to", "us", "--topic", "migration.maritime", "--never", "force")
    a = w.ask("us", "uk", "boat", "law.interdict", "--party", "us.coast-guard")
    tap.ok(a.status == 1 and a.says("o-0012"), "S3: the matter is paused, and the UK's own desk sees by which order", a)
    o = w.open("us", "boat", "law.interdict")
    tap.ok(o.status == 1 and not o.says("o-0012") and not o.says("suspend"), "S3: the counterpart is told a reference and nothing else", o)
    a = w.ask("us", "uk", "vague", "law.interdict", "--party", "us.coast-guard")
    tap.ok(a.status == 1, "S3: a vague label does not slip past", a)
    a = w.ask("us", "uk", "migration", "law.monitor", "--party", "us.coast-guard")
    tap.ok(a.status == 0, "S3: another matter goes on", a)
    shown = json.loads(w.must("uk", "order", "show", "o-0012", "--json").out)
    text = json.dumps(shown)
    tap.ok("2025-10-01T00:00:00Z" in text and "2025-10-03T09:00:00Z" in text, "S3: effective and recorded are two times", text)
    w.must("uk", "log", "export", "orders", "copy")
    raw = b"".join(p.read_bytes() for p in (w.files / "copy").rglob("*") if p.is_file())
    tap.ok(b"o-0012" not in raw and b"narcotics" not in raw, "S3: the exported log does not hold the text of the private order")


def s4_one_use_excluded():
    """Canada's restriction: decided per opening, and for what is derived."""
    w = World(("ca", "us"))
    w.must("ca", "apply", EXAMPLE / "ca" / "20-agreements.jsonl", EXAMPLE / "ca" / "40-order.jsonl")
    w.share("ca", "brief", "--releasable-to", "us", "--topic", "narcotics.maritime", "--region", "caribbean")
    w.share("ca", "derived", "--releasable-to", "us", "--topic", "narcotics.maritime", "--region", "caribbean", "--derived-from", "r-brief")
    a = w.ask("us", "ca", "brief", "law.interdict", "--party", "us.coast-guard")
    tap.ok(a.status == 0, "S4: law enforcement goes on", a)
    for name in ("brief", "derived"):
        a = w.ask("us", "ca", name, "force.lethal", "--party", "us.coast-guard")
        tap.ok(a.status == 1 and a.says("o-0007"), f"S4: a lethal strike is refused ({name})", a)
    o = w.open("us", "derived", "force.lethal")
    tap.ok(o.says("o-0007"), "S4: the counterpart is told the public order", o)
    a = w.ask("us", "ca", "brief", "force", "--party", "us.coast-guard")
    tap.ok(a.status == 1 and a.says("o-0007"), "S4: the broad purpose does not slip past", a)


def s5_interdictions():
    """Outcomes come back, for openings that were given."""
    w = World(("co", "us"))
    colombia(w)
    w.share("co", "boat", "--releasable-to", "us", *LABEL)
    w.ask("us", "co", "boat", "law.interdict", "--party", "us.coast-guard")
    o = w.open("us", "boat", "law.interdict")
    tap.ok(o.status == 0 and w.opened("boat") == b"synthetic" and o.says("outcome"), "S5: opened for interdiction, with the duty to tell the outcome", o)
    release = w.release("boat")
    told = w.at("us", "outcome", "r-boat", "--release", release, "--by", "us.coast-guard", "--purpose-used", "law.interdict", "--action",
                "boarded,detained,seized", "--dead", "0", "--injured", "0", "--observed", "2025-11-10T04:00:00Z", "--source-who", "coast guard",
                "--source-status", "stated", "-o", "outcome.note")
    tap.ok(told.status == 0, "S5: the recipient states the outcome", told)
    taken = w.at("co", "apply", "outcome.note")
    tap.ok(taken.status == 0 and taken.says("applied 1"), "S5: the originator takes it in", taken)
    again = w.at("co", "apply", "outcome.note")
    tap.ok(again.status == 0 and again.says("unchanged 1"), "S5: twice changes nothing", again)
    shown = w.must("co", "report", "show", "r-boat")
    tap.ok(shown.says("us.coast-guard"), "S5: who opened it is known", shown)


def s6_shift():
    """A use outside the purpose can be told; an agreement may hold only while a condition holds."""
    w = World(("co", "us"))
    colombia(w)
    made = w.apply("co", {"record": "condition", "id": "interdiction-only", "text": {"en": "What is shared serves interdiction."},
                          "attestors": ["co.foreign-ministry"], "quorum": 1, "window": 86400},
                   agreement("a-6", "co", "us.drug-enforcement", ["law.interdict"], **{"while": "interdiction-only"}))
    tap.ok(made.status == 0, "S6: an agreement may say while", made)
    w.share("co", "boat", "--releasable-to", "us", *LABEL)
    a = w.ask("us", "co", "boat", "law.interdict", "--party", "us.drug-enforcement")
    tap.ok(a.status == 1, "S6: unknown is not enough for an agreement: it does not permit", a)
    w.ask("us", "co", "boat", "law.interdict", "--party", "us.coast-guard")
    w.open("us", "boat", "law.interdict")
    told = w.at("us", "outcome", "r-boat", "--release", w.release("boat"), "--by", "us.coast-guard", "--purpose-used", "force.lethal", "--action",
                "struck", "--dead", "2..", "--injured", "0", "--observed", "2025-11-10T04:00:00Z", "--source-who", "coast guard", "--source-status",
                "stated", "-o", "strike.note")
    tap.ok(told.status == 0 and w.at("co", "apply", "strike.note").status == 0, "S6: a use outside the purpose can be told and is kept", told)


def s7_not_identified():
    """Identification can be required; it never makes force permissible."""
    w = World(("co", "us"))
    colombia(w)
    w.share("co", "nobody", "--releasable-to", "us", *LABEL)
    w.share("co", "known", "--releasable-to", "us", "--topic", "narcotics.maritime", "--region", "caribbean", "--never", "force", "--aboard", "2",
            "--identified", "all")
    a = w.ask("us", "co", "nobody", "law.detain", "--party", "us.joint-task-force")
    tap.ok(a.status == 1, "S7: an agreement that requires identification does not permit when nobody is identified", a)
    a = w.ask("us", "co", "known", "law.detain", "--party", "us.joint-task-force")
    tap.ok(a.status == 0, "S7: and permits when all are", a)
    a = w.ask("us", "co", "known", "force.lethal", "--party", "us.joint-task-force")
    tap.ok(a.status == 1, "S7: identification never makes force permissible", a)


def s8_counts_have_bounds():
    """At least 76: a lower bound without an upper one, with source and status."""
    w = World(("co",))
    told = w.at("co", "incident", "strikes", "--topic", "narcotics.maritime", "--region", "caribbean", "--from", "2025-09-02T00:00:00Z",
                "--to", "2025-11-11T00:00:00Z", "--dead", "76..", "--source-who", "Latin Times, after CNN", "--source-status", "reported", "-o",
                "incident.note")
    tap.ok(told.status == 0, "S8: at least 76 can be said", told)
    if told.status == 0:
        record = json.loads((w.files / "incident.note").read_text().split("\n", 1)[0])
        tap.ok(record["dead"] == {"min": 76} and record["source"]["status"] == "reported", "S8: a lower bound, its source and status", record)
    bare = w.at("co", "incident", "strikes", "--topic", "narcotics.maritime", "--region", "caribbean", "--from", "2025-09-02T00:00:00Z",
                "--to", "2025-11-11T00:00:00Z", "--dead", "80..76", "--source-who", "x", "--source-status", "reported")
    tap.ok(bare.status == 2, "S8: bounds the wrong way round are refused", bare)


def s9_assessment():
    """An assessment of a use, and an order that cites it."""
    w = World(("co", "us"))
    colombia(w)
    made = w.at("co", "apply", EXAMPLE / "co" / "50-assessment.jsonl")
    tap.ok(made.status == 0, "S9: an assessment of a use, with who shares it", made)
    o = w.apply("co", order("o-9", INTELLIGENCE, ["us"], basis=[{"cites": "as-0001"}]))
    tap.ok(o.status == 0, "S9: an order cites it as its basis", o)
    tap.ok(w.at("co", "order", "show", "o-9").says("as-0001"), "S9: and shows it", w.at("co", "order", "show", "o-9"))


def s10_overseers_can_verify():
    """Every act and decision verifies; what was edited is found out."""
    w = World(("co", "us"))
    colombia(w)
    w.share("co", "boat", "--releasable-to", "us", *LABEL)
    w.ask("us", "co", "boat", "law.interdict", "--party", "us.coast-guard")
    good = w.at("co", "log", "verify")
    tap.ok(good.status == 0 and good.says("GOOD"), "S10: the home's logs verify", good)
    w.must("co", "log", "export", "journal", "copy")
    vkey = w.must("co", "log", "key", "journal").out.strip()
    tap.ok(w.at(None, "log", "verify", "copy", "--vkey", vkey).status == 0, "S10: a copy verifies without a home")
    raw = b"".join(p.read_bytes() for p in (w.files / "copy").rglob("*") if p.is_file())
    tap.ok(b"us.coast-guard" not in raw and b"r-boat" not in raw and b"law.interdict" not in raw,
           "S10: the journal's copy says of whom, what and why nothing in clear")
    w.must("co", "log", "prove", "journal", "0", "-o", "entry.tlog-proof")
    tap.ok(w.at(None, "log", "verify", "entry.tlog-proof", "--vkey", vkey).status == 0, "S10: one entry is proved by a file alone")
    entries = next((w.files / "copy" / "tile" / "entries").glob("000*"))
    if entries.is_dir():
        entries = next(entries.iterdir())
    data = bytearray(entries.read_bytes())
    data[len(data) // 2] ^= 1
    entries.write_bytes(data)
    bad = w.at(None, "log", "verify", "copy", "--vkey", vkey)
    tap.ok(bad.status == 4 and bad.says("TAMPERED"), "S10: one changed bit is found out", bad)


def s11_published_in_spanish():
    """The text in its authentic language, with translations; published apart from effective."""
    w = World(("co", "us"))
    colombia(w)
    w.must("co", "apply", EXAMPLE / "co" / "40-order.jsonl")
    shown = w.must("co", "order", "show", "o-0031")
    tap.ok(shown.says("todos los niveles"), "S11: the authentic Spanish text is shown", shown)
    text = json.dumps(w.must("co", "order", "show", "o-0031", "--json").json())
    tap.ok('"authentic": "es"' in text and "2025-11-11T14:10:00Z" in text, "S11: which text is authentic, and when it was published", text)
    w.must("co", "log", "export", "orders", "copy")
    raw = b"".join(p.read_bytes() for p in (w.files / "copy").rglob("*") if p.is_file())
    tap.ok("todos los niveles".encode() in raw, "S11: a public order stands in the log as itself")
    with rig.Gateway(w.home("co")) as gw:
        page = gw.get("/register/es/").text
        tap.ok('<blockquote lang="es">Ejemplo: todos los niveles' in page and "Vigente" in page, "S11: the register has it, in Spanish, for everybody", page)
        row = gw.get("/register/register.json").json()["rows"][0]
        proof = w.files / "o-0031.tlog-proof"
        proof.write_bytes(gw.get(f"/log/orders/proof/{row['index']}.tlog-proof").body)
        vkey = gw.get("/log/keys").json()["orders_vkey"]
    checked = w.at(None, "log", "verify", proof, "--vkey", vkey)
    tap.ok(checked.status == 0, "S11: with a proof that needs neither a home nor a network", checked)


def s12_communications():
    """Channels: an order stops mail as it stops files, at the door that Postfix asks."""
    w = World(("co", "us"))
    colombia(w)
    w.share("co", "boat", "--releasable-to", "us", *LABEL)
    mail = w.apply("co", order("o-12", ["co"], ["us"], channels=["mail"]))
    tap.ok(mail.status == 0, "S12: an order may name channels", mail)
    a = w.ask("us", "co", "boat", "law.interdict", "--party", "us.coast-guard")
    tap.ok(a.status == 0, "S12: one that names mail leaves the courier alone", a)
    both = w.apply("co", order("o-13", ["co"], ["us"], channels=["mail", "exchange.courier"]))
    a = w.ask("us", "co", "boat", "law.interdict", "--party", "us.coast-guard")
    tap.ok(both.status == 0 and a.status == 1, "S12: one that names both stops both", a)
    w = World(("co", "us"))
    colombia(w)
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    with rig.Gateway(w.home("co"), f'listen = "127.0.0.1:0";\ndoors: {{ policy = "127.0.0.1:{port}"; }};\n'):
        tap.ok(postfix(port, "a@navy.example", "b@coast-guard.example") == "DUNNO", "S12: mail to the coast guard passes the door")
        w.must("co", "apply", EXAMPLE / "co" / "40-order.jsonl")
        said = until(lambda: postfix(port, "a@navy.example", "b@coast-guard.example"), lambda text: text.startswith("554"))
        tap.ok(said.startswith("554") and "o-0031" in said, "S12: the order that stops files stops it, and is named", said)
        tap.ok(postfix(port, "a@navy.example", "b@elsewhere.example") == "DUNNO", "S12: mail to strangers goes on")


def postfix(port, sender, recipient):
    """What Postfix is answered at RCPT."""
    with socket.create_connection(("127.0.0.1", port), timeout=10) as line:
        line.sendall(f"request=smtpd_access_policy\nprotocol_state=RCPT\nsender={sender}\nrecipient={recipient}\n\n".encode())
        return line.makefile().readline().strip().removeprefix("action=")


def until(ask, good, seconds=5):
    """Asked again for a while: another process has written."""
    end = time.monotonic() + seconds
    while True:
        said = ask()
        if good(said) or time.monotonic() > end:
            return said
        time.sleep(0.1)


def s13_the_way_back():
    """A lift by two officers; exceptions spare lives; what was withheld is known."""
    w = World(("co", "us"))
    colombia(w)
    w.share("co", "boat", "--releasable-to", "us", *LABEL)
    spared = order("o-1", ["co"], ["us"])
    spared["except"] = [{"purpose": "safety.sar", "region": "caribbean"}]
    w.apply("co", spared)
    a = w.ask("us", "co", "boat", "law.interdict", "--party", "us.coast-guard")
    tap.ok(a.status == 1, "S13: stopped", a)
    a = w.ask("us", "co", "boat", "safety.sar", "--party", "us.coast-guard")
    tap.ok(a.status == 0, "S13: safety of life is spared where the order says so", a)
    alone = order("o-2", ["co"], ["us"])
    alone["except"] = [{"purpose": "safety.sar"}]
    tap.ok(w.apply("co", alone).status == 2, "S13: an exception that names a purpose alone is refused: a purpose is only stated")
    shown = w.must("co", "order", "show", "o-1")
    tap.ok(shown.says("r-boat"), "S13: what was withheld from whom is known", shown)
    tap.ok(w.at("co", "order", "lift", "o-1").status != 0, "S13: off a terminal a lift needs --confirm")
    one = w.at("co", "order", "lift", "o-1", "--confirm", "EXERCISE", "--as", "officer1")
    tap.ok(one.status == 2, "S13: one officer cannot reopen", one)
    two = w.at("co", "order", "lift", "o-1", "--confirm", "EXERCISE")
    tap.ok(two.status == 0, "S13: two can", two)
    a = w.ask("us", "co", "boat", "law.interdict", "--party", "us.coast-guard")
    tap.ok(a.status == 0, "S13: and it opens again", a)


def s14_no_grant_overrides():
    """force can be barred and reported, never granted; no lower echelon is looser; no self-permit."""
    w = World(("co", "us"))
    colombia(w)
    granted = w.apply("co", agreement("a-14", "co", "us", ["force.lethal"]))
    tap.ok(granted.status == 2 and granted.says("force.lethal"), "S14: force is never granted", granted)
    w.share("co", "boat", "--originator", "co.public-force.navy.intelligence", "--releasable-to", "us,co", "--topic", "narcotics.maritime", "--region",
            "caribbean", "--never", "force")
    own = w.at("co", "open", "r-boat", "--purpose", "law.interdict", "-o", "own")
    tap.ok(own.status == 1, "S14: no self-permit: the originator opens under an agreement like anybody else", own)
    w.must("co", "apply", EXAMPLE / "co" / "40-order.jsonl")
    looser = w.apply("co", agreement("a-15", "co.public-force.navy.intelligence", "us.coast-guard", ["law.interdict"],
                                     issuer="co.public-force.navy.intelligence"))
    a = w.ask("us", "co", "boat", "law.interdict", "--party", "us.coast-guard")
    tap.ok(a.status == 1 and a.says("o-0031"), "S14: an agreement of a lower echelon does not override the stop", f"{looser}{a}")


ROWS = [s1_all_echelons, s2_while_the_attacks_continue, s3_one_matter, s4_one_use_excluded, s5_interdictions, s6_shift, s7_not_identified,
        s8_counts_have_bounds, s9_assessment, s10_overseers_can_verify, s11_published_in_spanish, s12_communications, s13_the_way_back,
        s14_no_grant_overrides]

for row in ROWS:
    try:
        row()
    except Exception:
        tap.ok(False, f"{row.__name__} runs to its end", traceback.format_exc())
tap.done()

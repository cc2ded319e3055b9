#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""What passes between homes and out of them: notes signed in two places, sealed files, logs, answers to programs."""
import base64
import hashlib
import io
import json
import os
import pathlib
import random
import shutil
import struct
import subprocess
import sys
import traceback
import zipfile

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parent.parent / "story"))
from homes import EXAMPLE, PROVISO, Answer, Tap, World, now  # noqa: E402

os.environ.pop("SSH_AUTH_SOCK", None)  # whose agent it is that runs the tests is none of ours
tap = Tap()
R = random.Random(2025)
T = "2025-01-01T00:00:00Z"
LABEL = ("--topic", "narcotics.maritime", "--region", "caribbean", "--never", "force", "--aboard", "3..5", "--identified", "none",
         "--originator", "co.public-force.navy.intelligence", "--releasable-to", "us")
CONTENT = bytes(R.randrange(256) for _ in range(400))


def note_lines(path):
    """The signature lines of a note."""
    return [line for line in path.read_text().split("\n\n", 1)[1].splitlines() if line]


def changed(data, at):
    """One character replaced by another of its kind, so that it still reads as what it was."""
    kinds = ["abcdefghijklmnopqrstuvwxyz", "ABCDEFGHIJKLMNOPQRSTUVWXYZ", "0123456789"]
    c = data[at]
    kind = next((k for k in kinds if c in k), "_-")
    return data[:at] + R.choice([x for x in kind if x != c]) + data[at + 1:]


# ---- 1: two officers at two homes ----

def two_officers():
    w = World(("co", "us"))
    w.must("co", "apply", EXAMPLE / "co" / "20-agreements.jsonl")
    # the second officer works elsewhere: the key leaves this home, the other home has no keys of its own
    away = w.files / "away"
    away.mkdir()
    shutil.move(w.home("co") / "keys" / "officer2.key", away / "officer2.key")
    shutil.copytree(w.home("co"), w.home("co2"))
    shutil.rmtree(w.home("co2") / "keys")
    (w.home("co2") / "keys").mkdir()
    w.must("co", "order", "suspend", "--id", "o-1", "--counterpart", "us", "--text", "en=@Trial.", "--confirm", "EXERCISE", "--as", "officer1")
    acts = {"agreement": (["agree", "--to", "us", "--purpose", "law.monitor", "--not-before", T, "--id", "a-two"], ["agreement", "show", "a-two"]),
            "lift": (["order", "lift", "o-1", "--id", "l-two", "--confirm", "EXERCISE"], None)}
    for name, (draft, _) in acts.items():
        one, two = f"{name}-1.note", f"{name}-2.note"
        made = w.at("co", *draft, "--as", "officer1", "--draft", "-o", one)
        tap.ok(made.status == 0 and len(note_lines(w.files / one)) == 1, f"{name}: a draft has one signature", made)
        alone = w.at("co", "apply", one)
        tap.ok(alone.status == 2 and alone.says("needs 2 different officers, has 1"), f"{name}: one signature alone is refused", alone)
        again = w.at("co", "sign", one, "--as", "officer1", "-o", f"{name}-same.note")
        tap.ok(again.status == 2 and not (w.files / f"{name}-same.note").exists(), f"{name}: the same officer adds nothing, and is told so", again)
        text, signature = (w.files / one).read_text(), note_lines(w.files / one)[0]
        (w.files / "twice.note").write_text(text + signature + "\n")
        twice = w.at("co", "apply", "twice.note")
        tap.ok(twice.status == 2, f"{name}: one signature written twice is refused", twice)
        nobody = w.at("co", "sign", one, "--as", "nobody", "-o", "nobody.note")
        tap.ok(nobody.status == 2 and not (w.files / "nobody.note").exists(), f"{name}: who has no key signs nothing", nobody)
        stranger = w.at("us", "sign", one, "-o", "stranger.note")
        tap.ok(stranger.status == 2 and not (w.files / "stranger.note").exists(), f"{name}: the officers of another party sign nothing", stranger)
        (w.files / "foreign.note").unlink(missing_ok=True)
        w.must("us", "sign", one, "--key", w.home("us") / "keys" / "officer1.key", "-o", "foreign.note")
        foreign = w.at("co", "apply", "foreign.note")
        tap.ok(foreign.status == 2, f"{name}: a foreign officer's signature does not count", foreign)
        signer = "co2" if name == "agreement" else "us"
        signed = w.at(signer, "sign", one, "--key", away / "officer2.key", "-o", two)
        tap.ok(signed.status == 0 and len(note_lines(w.files / two)) == 2 and (w.files / two).read_text().startswith(text),
               f"{name}: the second signs the same bytes, at a home that has no key of this party", signed)
        whole = (w.files / two).read_text()
        mark = whole.index(signature) + len("- co/officer1 ") + 20
        for what, at in (("time", whole.index('"time":"') + 11), ("id", whole.index('-two"') + 1), ("signature", mark)):
            at = next(i for i in range(at, len(whole)) if whole[i].isalnum())
            (w.files / "changed.note").write_text(changed(whole, at))
            bad = w.at("co", "apply", "changed.note")
            tap.ok(bad.status == 4, f"{name}: changed after signing ({what}): exit 4", bad)
            bad = w.at("co2", "sign", "changed.note", "--key", away / "officer2.key", "-o", "never.note")
            tap.ok(bad.status == 4 and not (w.files / "never.note").exists(), f"{name}: nor is it signed ({what})", bad)
        applied, unchanged = w.at("co", "apply", two), w.at("co", "apply", two)
        tap.ok(applied.status == 0 and applied.says("applied 1, unchanged 0"), f"{name}: two officers' signatures enter it", applied)
        tap.ok(unchanged.status == 0 and unchanged.says("applied 0, unchanged 1"), f"{name}: and twice changes nothing", unchanged)
    shown = w.at("co", "agreement", "show", "a-two")
    tap.ok(shown.status == 0 and shown.says("law.monitor"), "the agreement stands", shown)
    shown = w.at("co", "order", "list")
    tap.ok(shown.says("lifted") and not shown.says("HOLD"), "the order is lifted", shown)
    good = w.at("co", "log", "verify")
    tap.ok(good.status == 0, "and the log verifies", good)


# ---- 2: what is changed on the way ----

def places(data):
    """Positions spread over each part of a sealed file: (part, offset)."""
    with zipfile.ZipFile(io.BytesIO(data)) as z:
        first, other = z.infolist()
        central = z.start_dir
    payload, second, manifest = (i + 30 + sum(struct.unpack("<HH", data[i + 26:i + 30])) if bodies else i
                                 for i, bodies in ((first.header_offset, True), (other.header_offset, False), (other.header_offset, True)))
    after = payload + first.compress_size
    parts = {"first header": (0, payload), "payload": (payload, after), "descriptor": (after, second), "second header": (second, manifest),
             "manifest": (manifest, central), "central directory": (central, len(data))}
    for part, (begin, end) in parts.items():
        n = min(end - begin, {"payload": 12, "manifest": 22, "central directory": 14}.get(part, 5))
        for i in range(n):
            yield part, begin + (end - begin) * i // n + R.randrange(max(1, (end - begin) // n))


def sealed_files():
    w = World(("co", "us"))
    w.must("co", "apply", EXAMPLE / "co" / "20-agreements.jsonl")
    w.share("co", "f", *LABEL[:-4], "--originator", LABEL[-3], "--releasable-to", "us", content=CONTENT)
    (w.files / "f").unlink()
    us = ("--purpose", "law.interdict", "--party", "us.coast-guard")
    w.must("us", "ask", "f.tdf", *us, "-o", "good.request")
    good = (w.files / "f.tdf").read_bytes()
    request = (w.files / "good.request").read_text()

    w.must("co", "answer", "good.request", "-o", "good.reply")
    reply = (w.files / "good.reply").read_text()
    cases = [(part, good[:at] + bytes([good[at] ^ 1 << R.randrange(8)]) + good[at + 1:]) for part, at in places(good)]
    cases += [("cut", good[:n]) for n in (0, 1, 29, len(good) // 3, len(good) - 22, len(good) - 1)]
    cases += [("appended", good + more) for more in (b"\0", b"PK\5\6", b"\n", good)] + [("prepended", b"\0" + good)]
    wrong = {}

    def opened(what, *names):
        for name in names:
            path = w.files / name
            if path.exists():
                wrong.setdefault("plaintext", []).append(what)
                path.unlink()

    def refused(kind, what, answer):
        if answer.status not in (2, 4):
            wrong.setdefault(kind, []).append(f"{what}: {answer}")

    for part, data in cases:
        (w.files / "bad.tdf").write_bytes(data)
        at = next((i for i in range(min(len(data), len(good))) if data[i] != good[i]), len(data))
        what = f"{part} at {at} of {len(good)}"
        refused("grant", what, w.at("us", "open", "bad.tdf", *us, "--grant", "good.reply", "-o", "out"))
        opened(what, "out", "f")
        asked = w.at("us", "ask", "bad.tdf", *us, "-o", "bad.request")
        if asked.status == 0:
            asked = w.at("co", "answer", "bad.request", "-o", "bad.reply")
        if asked.status == 0:
            asked = w.at("us", "open", "bad.tdf", *us, "--grant", "bad.reply", "-o", "out")
        refused("chain", what, asked)
        opened(what, "out", "f")
        for name in ("bad.request", "bad.reply"):
            (w.files / name).unlink(missing_ok=True)
    for kind, name in (("grant", "with a good grant it does not open"), ("chain", "asked for and answered anew it does not open"),
                       ("plaintext", "no plaintext is left behind")):
        tap.ok(kind not in wrong, f"sealed file changed at {len(cases)} places: {name}", "\n".join(wrong.get(kind, [])[:8]))

    for what, text, command in (("request", request, ["answer", "bad.note", "-o", "bad.out"]),
                                ("reply", reply, ["open", "f.tdf", *us, "--grant", "bad.note", "-o", "out"])):
        bad, letters = [], [i for i, c in enumerate(text) if c.isalnum()]
        spread = [letters[len(letters) * i // 16 + R.randrange(len(letters) // 16)] for i in range(16)]
        tail = [i for i in letters if i > text.index("\n\n")]
        for at in spread + R.sample(tail, 6) + tail[-1:]:
            (w.files / "bad.note").write_text(changed(text, at))
            answer = w.at("co" if what == "request" else "us", *command)
            if answer.status not in (2, 4) or (w.files / "out").exists() or (w.files / "bad.out").exists():
                bad.append(f"at {at} of {len(text)}, {text[max(0, at - 20):at + 5]!r}: {answer}")
        tap.ok(not bad, f"a {what} with one character changed is refused", "\n".join(bad[:6]))
    r = w.at("co", "answer", "good.request", "-o", "again.reply")
    tap.ok(r.status in (2, 4), "a request is answered once", r)
    r = w.at("us", "open", "f.tdf", *us, "--grant", "good.reply", "-o", "out")
    tap.ok(r.status == 0 and (w.files / "out").read_bytes() == CONTENT, "what was not changed opens after all that, with that grant", r)
    r = w.at("us", "open", "f.tdf", *us, "--grant", "good.reply", "-o", "out2")
    tap.ok(r.status in (2, 4) and not (w.files / "out2").exists(), "and once only", r)
    for agency in ("co", "us"):
        r = w.at(agency, "log", "verify")
        tap.ok(r.status == 0, f"the logs of {agency} verify after all that", r)


# ---- 3: logs, by tools of others ----

def openssl_says(folder, vkey, message, signature):
    """Whether the openssl command line takes this Ed25519 signature."""
    key = base64.b64decode(vkey.split("+", 2)[2])
    (folder / "key.der").write_bytes(bytes.fromhex("302a300506032b6570032100") + key[1:])
    (folder / "message").write_bytes(message)
    (folder / "signature").write_bytes(signature)
    return subprocess.run(["openssl", "pkeyutl", "-verify", "-pubin", "-keyform", "DER", "-inkey", "key.der", "-rawin", "-in", "message", "-sigfile",
                           "signature"], cwd=folder, capture_output=True, check=False).returncode == 0


def signatures(note):
    """(text with its line feed, {signer: bytes behind the name})."""
    text, rest = note.split("\n\n", 1)
    return text + "\n", {line.split(" ")[1]: base64.b64decode(line.split(" ")[2], validate=True) for line in rest.splitlines()}


def key_id(vkey):
    name, _, key = vkey.split("+", 2)
    return hashlib.sha256(name.encode() + b"\n" + base64.b64decode(key)).digest()[:4]


def root_of(proof, index, size, leaf):
    """RFC 9162 2.1.3.2: the root that a leaf and its path give."""
    fn, sn, r = index, size - 1, leaf
    for p in proof:
        if sn == 0:
            return None
        if fn & 1 or fn == sn:
            r = hashlib.sha256(b"\1" + p + r).digest()
            while fn and not fn & 1:
                fn, sn = fn >> 1, sn >> 1
        else:
            r = hashlib.sha256(b"\1" + r + p).digest()
        fn, sn = fn >> 1, sn >> 1
    return r if sn == 0 else None


def entries_of(folder, size):
    data = b""
    for n in range((size + 255) // 256):
        name = folder / "tile" / "entries" / f"{n:03d}"
        data += (name if name.is_file() else name.with_name(f"{n:03d}.p") / str(size % 256)).read_bytes()
    found = []
    while data:
        n = int.from_bytes(data[:2], "big")
        found, data = found + [data[2:2 + n]], data[2 + n:]
    return found


def logs_by_others():
    w = World(("co",))
    w.must("co", "apply", EXAMPLE / "co" / "20-agreements.jsonl")
    w.must("co", "share", EXAMPLE.parent / "caribbean" / "reports" / "nota.txt", "--id", "r-1", "-o", "r-1.tdf", *LABEL[:-4])
    signers = []
    for log in ("orders", "journal"):
        w.must("co", "log", "export", log, log)
        vkey = w.must("co", "log", "key", log).out.strip()
        checkpoint = (w.files / log / "checkpoint").read_text()
        text, found = signatures(checkpoint)
        name = vkey.split("+")[0]
        own = found.get(name, b"")
        tap.ok(vkey.split("+")[1] == key_id(vkey).hex() and own[:4] == key_id(vkey), f"{log}: the checkpoint is signed by the log's key", checkpoint)
        tap.ok(len(own) == 68 and openssl_says(w.files, vkey, text.encode(), own[4:]), f"{log}: openssl takes that signature", checkpoint)
        tap.ok(not openssl_says(w.files, vkey, changed(text, text.index("\n") + 1).encode(), own[4:]), f"{log}: and not over another size", checkpoint)
        origin, size, root = text.splitlines()[:3]
        size, root = int(size), base64.b64decode(root)
        entries = entries_of(w.files / log, size)
        if log == "orders":
            genesis = json.loads(entries[0].split(b"\n")[0])
            signers = [s for s in genesis["signers"] if s.split("+")[0] != name]
            tap.ok(genesis["origin"] == origin and vkey in genesis["signers"], "the genesis names the log and its key", genesis)
            for s in signers:
                sig = found.get(s.split("+")[0], b"")
                at = struct.unpack(">Q", sig[4:12])[0]
                tap.ok(openssl_says(w.files, s, f"cosignature/v1\ntime {at}\n{text}".encode(), sig[12:]),
                       "openssl takes the freshness signer's cosignature", checkpoint)
            officers = signatures(entries[0].decode())
            tap.ok(len(genesis["officers"]) == 2 and all(openssl_says(w.files, v, officers[0].encode(), officers[1][v.split("+")[0]][4:])
                                                        for v in genesis["officers"]), "openssl takes both officers' signatures of the genesis")
        bad = []
        for index in sorted({0, 1, size // 2, size - 2, size - 1} & set(range(size))):
            path = w.files / f"{log}-{index}.tlog-proof"
            w.must("co", "log", "prove", log, index, "-o", path)
            head, end = path.read_text().split("\n\n", 1)
            lines = head.splitlines()
            data = [line for line in lines[1:] if not line.startswith(("extra ", "index "))]
            ptext, psigs = signatures(end)
            psize, proot = int(ptext.splitlines()[1]), base64.b64decode(ptext.splitlines()[2])
            leaf = hashlib.sha256(b"\0" + entries[index]).digest()
            proof = [base64.b64decode(x, validate=True) for x in data]
            if lines[0] != "c2sp.org/tlog-proof@v1" or f"index {index}" not in lines or root_of(proof, index, psize, leaf) != proot or \
                    (psize, proot) != (size, root) or not openssl_says(w.files, vkey, ptext.encode(), psigs[name][4:]):
                bad.append(path.read_text())
            if root_of(proof, index, psize, hashlib.sha256(b"\0" + entries[index] + b"x").digest()) == proot:
                bad.append("another entry is proved as well")
        tap.ok(len(entries) == size and not bad, f"{log}: proof files lead to the signed root by RFC 9162", "\n".join(bad[:1]))
    tap.ok(len(signers) == 1, "one freshness signer cosigns", signers)


# ---- 4: decide over several logs ----

def rec(what, id, issuer, **more):
    return {"record": what, "id": id, "issuer": issuer, "time": T, **more}


def bare(id, issuer, **more):
    return rec("order", id, issuer, **{"kind": "suspend", "subject": [issuer], "counterpart": ["us"], "direction": "give", "except": [], "effective": T,
                                       "text": {"en": "x"}, "authentic": "en", "public": False, **more})


def several_logs():
    w = World(())
    parties = {p: rec("party", f"p-{p}", p.split(".")[0], name=p) for p in ("co", "us", "ca", "ca.navy")}
    terms = {n: [rec("term", f"{i}-{t}-{n}", i, tree=t, name=n) for i in ("co", "ca") for t in (("purpose",) if n == "law" else ("topic",))]
             for n in ("narc", "arms", "law")}
    co = [parties["co"], parties["us"], parties["ca"], terms["narc"][0], terms["arms"][0], terms["law"][0],
          rec("peer", "peer-ca", "co", origin="ca", genesis="0" * 64, names=["ca"])]
    ca = [parties["ca"], parties["ca.navy"], parties["us"], parties["co"], terms["narc"][1], terms["law"][1],
          rec("agreement", "a-ca", "ca", **{"from": "ca", "to": "us"}, purposes=["law"], topic="narc", not_before=T, custody=True),
          rec("agreement", "a-co", "ca", **{"from": "ca", "to": "co"}, purposes=["law"], topic="narc", not_before=T, custody=True)]

    def put(name, records):
        (w.files / name).parent.mkdir(exist_ok=True)
        (w.files / name).write_text("".join(json.dumps(r) + "\n" for r in records))
        return name

    def decide(specs, **label):
        context = {"purpose": label.pop("purpose", "law"), "time": "2025-06-01T00:00:00Z"}
        ask = {"id": "q", "subject": {"type": "party", "id": "us"}, "action": {"name": "open"}, "context": context,
               "resource": {"type": "report", "id": "r", "properties": {"originator": "ca", "topics": ["narc"], **label}}}
        (w.files / "q.jsonl").write_text(json.dumps(ask) + "\n")
        return w.at(None, "decide", "--unsigned", *(x for s in specs for x in ("--records", s)), "--requests", "q.jsonl")

    def is_so(name, answer, reason, orders=()):
        try:
            got = answer.json()
            good = answer.status == 0 and got["decision"] is (reason == "agreement") and got["context"]["reason"] == reason and \
                got["context"]["orders"] == list(orders)
        except ValueError:
            good = False
        tap.ok(good, "several logs: " + name, answer)

    def world(first=(), second=(), base=co):
        return [f"co={put('co.jsonl', [*base, *first])}", f"ca={put('ca.jsonl', [*ca, *second])}"]

    is_so("an admitted log permits", decide(world()), "agreement")
    is_so("one that no peer record admits does not", decide(world(base=co[:-1])), "no-agreement")
    is_so("nor one admitted under another origin", decide([world()[0], "cb=ca.jsonl"]), "no-agreement")
    is_so("nor for names it was not admitted for", decide(world(base=[*co[:-1], {**co[-1], "names": ["us"]}])), "no-agreement")
    is_so("an order in the first denies", decide(world(first=[bare("o-1", "ca")])), "suspended", ["o-1"])
    is_so("an order in the second denies", decide(world(second=[bare("o-2", "ca")])), "suspended", ["o-2"])
    is_so("orders in both are both named", decide(world([bare("o-1", "ca")], [bare("o-2", "ca")])), "suspended", ["o-1", "o-2"])
    is_so("an order of the custodian's own log denies", decide(world([bare("o-c", "co")]), custodians=["co"]), "suspended", ["o-c"])
    is_so("without it the custodian gives on", decide(world(), custodians=["co"]), "agreement")
    is_so("an order below, in the second, stops what is below", decide(world(second=[bare("o-n", "ca.navy")]), originator="ca.navy"), "suspended", ["o-n"])
    is_so("and not what is above", decide(world(second=[bare("o-n", "ca.navy")])), "agreement")
    is_so("a foreign log orders nothing for others", decide(world(second=[bare("o-x", "us", direction="take", counterpart=["ca"])])), "agreement")
    scoped = [bare("o-s", "ca", topic="narc")]
    is_so("a term of both is matched", decide(world(second=scoped)), "suspended", ["o-s"])
    is_so("a term that only the first declares is unknown in the second, and covered by its order", decide(world(second=scoped), topics=["arms"]),
          "suspended", ["o-s"])
    is_so("and not covered by its agreement", decide(world(), topics=["arms"]), "no-agreement")
    known = [rec("term", "ca-topic-arms", "ca", tree="topic", name="arms")]
    is_so("once the second declares it, its order is about another matter", decide(world(second=known + scoped), topics=["arms"]), "no-agreement")
    spared = [bare("o-e", "ca", **{"except": [{"topic": "arms"}]})]
    is_so("an exception needs a known term: the first's does not count in the second", decide(world(second=known + [
        {**a, "id": a["id"] + "-all", "topic": "arms"} for a in ca if a["record"] == "agreement"] + spared), topics=["arms"]), "agreement")
    is_so("so the other way round it is not spared", decide(world(first=[{**spared[0], "id": "o-e1"}], second=known), topics=["narc"]), "suspended",
          ["o-e1"])

    # one log from a folder: lines, a list laid out over many lines, one object, in mixed files; other files are none
    put("mixed/20-lines.jsonl", ca[2:5])
    (w.files / "mixed" / "10-list.json").write_text(json.dumps(ca[:2], indent=4))
    (w.files / "mixed" / "30-object.json").write_text(json.dumps(ca[5], indent=1))
    (w.files / "mixed" / "40-both.jsonl").write_text(json.dumps(ca[6:], indent=2) + "\n" + json.dumps(bare("o-m", "ca")) + json.dumps(bare("o-m2", "ca")))
    (w.files / "mixed" / "README.md").write_text("no record\n")
    r = decide([world()[0], "ca=mixed"])
    is_so("a folder of files in mixed forms is one log", r, "suspended", ["o-m", "o-m2"])
    (w.files / "mixed" / "40-both.jsonl").write_text(json.dumps(ca[6:], indent=2))
    is_so("and permits like one file", decide([world()[0], "ca=mixed"]), "agreement")
    is_so("two paths of one origin are one log", decide([world()[0], "ca=mixed", "ca=" + put("more.jsonl", [bare("o-3", "ca")])]), "suspended", ["o-3"])
    (w.files / "mixed" / "50-bad.json").write_text('[{"record":"party","id":"p","issuer":"ca","time":"%s","name":"ca.x"},\n {"record":"nothing"}]' % T)
    r = decide([world()[0], "ca=mixed"])
    tap.ok(r.status == 2 and r.out == "" and r.says("50-bad.json:2:"), "several logs: what is wrong in one file is told with its place", r)


# ---- 5: answers to programs ----

def programs():
    w = World(("co", "us"))
    w.must("co", "apply", EXAMPLE / "co" / "20-agreements.jsonl", EXAMPLE / "co" / "30-condition.jsonl")
    names = [c["name"] for c in w.must(None, "help", "--json").json()]
    seen, bad = {}, []

    def told(agency, status, *command, lines=False):
        """Runs it with --json: one JSON value on stdout (or one a line) and the status."""
        answer = w.at(agency, *command, "--json")
        words = [str(c) for c in command[2 if command[0] == "--home" else 0:]]
        name = " ".join(words[:2]) if " ".join(words[:2]) in names else words[0]
        seen.setdefault(name, set()).add(answer.status)
        try:
            for text in answer.out.splitlines() if lines else [answer.out]:
                json.loads(text)
            if answer.status != status or not answer.out or "\x1b" in answer.out + answer.err:
                raise ValueError
        except ValueError:
            bad.append(f"{agency}$ {' '.join(map(str, command))}: wanted {status}: {answer}")
        return answer

    (w.files / "f").write_bytes(b"synthetic")
    us, source = ("--purpose", "law.interdict", "--party", "us.coast-guard"), ("--source-who", "x", "--source-status", "stated")
    told("co", 0, "share", "f", "--id", "r-f", "-o", "f.tdf", *LABEL)
    told("us", 0, "ask", "f.tdf", *us, "-o", "q")
    told("co", 0, "answer", "q", "-o", "a")
    told("co", 0, "explain", "r-f", "--to", "us.coast-guard", "--purpose", "law.interdict")
    told("us", 0, "open", "f.tdf", *us, "--grant", "a", "-o", "o")
    release = json.loads((w.files / "a").read_text().split("\n")[0])["release"]
    told("us", 0, "outcome", "r-f", "--release", release, "--by", "us.coast-guard", "--purpose-used", "law.interdict", "--action", "boarded", "--dead", "0",
         "--injured", "0", "--observed", now(), *source, "-o", "outcome.note")
    told("co", 0, "apply", "outcome.note")
    told("co", 0, "incident", "strikes", "--topic", "narcotics.maritime", "--region", "caribbean", "--from", T, "--to", now(), "--dead", "76..", *source)
    agree = ("agree", "--to", "us", "--purpose", "law.monitor", "--id")
    told("co", 0, *agree, "a-x")
    told("co", 2, *agree, "a-z", "--as", "officer1")
    told("co", 0, *agree, "a-y", "--draft", "--as", "officer1", "-o", "d.note")
    told("co", 2, "apply", "d.note")
    told("co", 2, "sign", "d.note", "--as", "officer1", "-o", "d1.note")
    told("co", 0, "sign", "d.note", "--as", "officer2", "-o", "d2.note")
    told("co", 0, "apply", "d2.note", "--dry-run")
    told("co", 0, "apply", "d2.note")
    for command in (["agreement", "list"], ["agreement", "show", "a-x"], ["end", "a-x"], ["order", "list"], ["board"], ["status"], ["report", "list"],
                    ["report", "show", "r-f"], ["condition", "show"], ["party", "list"], ["party", "show", "co"], ["term", "list"],
                    ["term", "show", "purpose", "law.interdict"], ["key", "list"], ["log", "verify"], ["log", "key", "orders"], ["log", "rebuild"],
                    ["log", "export", "copy"], ["backup", "backup"], ["card"], ["party", "add", "co.zz", "--name", "en=Z"],
                    ["term", "add", "topic", "zz", "--name", "en=Z"],
                    ["condition", "declare", "c-1", "--text", "en=@x", "--attestor", "co.justice-ministry"],
                    ["condition", "attest", "strikes-caribbean", "holds", "--issuer", "co.foreign-ministry", "--observed", now(), *source]):
        told("co", 0, *command)
    for log in ("orders", "journal"):
        told("co", 0, "log", "show", log, lines=True)
    stop = ("--counterpart", "us", "--text", "en=@x")
    told("co", 0, "order", "preview", "suspend", *stop)
    told("co", 2, "order", "suspend", "--id", "o-0", *stop)
    told("co", 1, "order", "suspend", "--id", "o-0", *stop, "--confirm", "wrong")
    told("co", 0, "order", "restrict", "--id", "o-2", *stop, "--purpose", "force", "--confirm", "EXERCISE")
    told("co", 0, "order", "suspend", "--id", "o-1", *stop, "--confirm", "EXERCISE", "--as", "officer1")
    told("co", 0, "order", "sign", "o-1")
    told("co", 0, "order", "show", "o-1")
    told("co", 0, "order", "ack", "o-1", "-o", "ack.note")
    told("us", 0, "ask", "f.tdf", *us, "-o", "q2")
    told("co", 1, "answer", "q2", "-o", "a2")
    told("us", 1, "open", "f.tdf", *us, "--grant", "a2", "-o", "o2")
    told("co", 1, "explain", "r-f", "--to", "us.coast-guard", "--purpose", "law.interdict")
    told("co", 1, "order", "lift", "o-1", "--confirm", "wrong")
    told("co", 2, "order", "lift", "o-1", "--confirm", "EXERCISE", "--as", "officer1")
    told("co", 0, "order", "lift", "o-1", "--confirm", "EXERCISE")
    told("co", 1, "recall", "r-f", "--text", "en=@x", "--confirm", "wrong")
    told("co", 0, "recall", "r-f", "--text", "en=@x", "--confirm", "r-f")
    made = told(None, 0, "key", "new", "co/officer9", "--party", "co", "--no-passphrase", "-o", "officer9.key")
    told("co", 0, "key", "add", "--party", "co", "--use", "officer", "--key", made.json()["key"])
    told("co", 0, "log", "verify", "copy")
    told(None, 1, "log", "verify", "copy")
    w.must("co", "export", "--for", "us", "-o", "bundle")
    told("us", 0, "follow", "bundle")
    told("co", 0, "account", "add", "desk", "--party", "co", "--role", "analyst")
    told("co", 0, "account", "password", "desk")
    told("co", 0, "key", "add", "--use", "credential", "--binding", "co.desk", "--party", "co", "--role", "analyst,officer")
    token = told("co", 0, "token", "new", "--party", "co", "--role", "analyst")
    told("co", 0, "token", "list")
    told("co", 0, "token", "end", json.loads(w.must("co", "token", "list", "--json").out)["tokens"][0]["id"])
    told("co", 0, "passport", "--for", "us/orders", "--purpose", "law.interdict")
    told("co", 0, "collection", "list")
    told("co", 0, "collection", "label", "narcotics", "--never", "force")
    told("co", 0, "collection", "offer", "o-1")
    (w.files / "foreign.tdf").write_bytes(b"PK, but no more")
    told("co", 4, "tdf", "register", "foreign.tdf")
    (w.files / "nginx.conf").write_text("events {}\nhttp { server { listen 127.0.0.1:1; } }\n")
    told(None, 1, "doctor", "--nginx", "nginx.conf")
    (w.files / "old").write_text("")
    (w.files / "new").write_text("a long new passphrase\n")
    told("co", 0, "key", "passphrase", "officer1", "--passphrase-file", "old", "--new-passphrase-file", "new")
    told("co", 3, "key", "unlock", "officer1", "--passphrase-file", "new")
    told(None, 0, "--home", w.home("back"), "restore", "backup")
    told(None, 0, "--home", w.home("uk"), "init", "--party", "uk", "--exercise", "--no-passphrase")
    told("uk", 0, "card")
    w.must("uk", "card", "-o", "uk.card")
    told("us", 1, "peer", "add", "uk.card", "--confirm", "wrong")
    told(None, 0, "help")
    tap.ok(not bad, "--json: each answer is one JSON value, also refusals", "\n".join(bad[:12]))
    # those whose answer is a file of its own kind, in or out
    other = {"completion", "decide", "demo", "export", "log prove"}
    rest = set(names) - set(seen) - other
    tap.ok(not rest, "--json: every command was asked", rest)

    bad.clear()
    front = {"decide"}  # its stdout has answers alone
    for name in names:
        for command in ([*name.split(), "--nonsense"], [*name.split(), "--home", str(w.home("none"))]):
            answer = w.at(None, *command, "--json")
            try:
                if name in ("help", "demo", "completion", "restore", "doctor") and "--home" in command:
                    continue
                if name in front and "--home" in command:
                    if answer.out or answer.status != 2:
                        bad.append(f"{command}: {answer}")
                    continue
                error = answer.json()
                if answer.status not in (2, 3) or error["exit"] != answer.status or not error["error"]["what"] or answer.err:
                    bad.append(f"{command}: {answer}")
            except (ValueError, KeyError):
                bad.append(f"{command}: {answer}")
    tap.ok(not bad, "--json: a wrong line, and a home that is not there, are told as one object", "\n".join(bad[:8]))

    bad.clear()
    for name in names:
        env = {**os.environ, "PROVISO_HOME": str(w.home("none")), "LC_ALL": "C.UTF-8"}
        done = subprocess.run([PROVISO, *name.split(), "--help"], env=env, stdin=subprocess.DEVNULL, capture_output=True, text=True, check=False)
        if done.returncode != 0 or done.stderr or not done.stdout or any(len(line) > 80 for line in done.stdout.splitlines()):
            bad.append(f"{name}: {Answer(done)}")
    tap.ok(not bad, "--help of every command: exit 0, at most 80 columns", "\n".join(bad[:3]))

    bad.clear()
    env = {**os.environ, "PROVISO_HOME": str(w.home("co")), "NO_COLOR": "1", "TERM": "xterm-256color"}
    for command in ("status", "board", "order list", "order show o-1", "report list", "log verify", "log show journal", "help", "status --nonsense",
                    "open nothing --purpose law"):
        done = subprocess.run([PROVISO, *command.split()], env=env, stdin=subprocess.DEVNULL, capture_output=True, text=True, check=False)
        if "\x1b" in done.stdout + done.stderr or not done.stdout + done.stderr:
            bad.append(f"{command}: {Answer(done)}")
    tap.ok(not bad, "NO_COLOR off a terminal: no escapes", "\n".join(bad[:3]))


for part in (two_officers, sealed_files, logs_by_others, several_logs, programs):
    try:
        part()
    except Exception:
        tap.ok(False, f"{part.__name__} runs to its end", traceback.format_exc())
tap.done()

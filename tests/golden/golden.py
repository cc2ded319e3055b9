# SPDX-License-Identifier: Apache-2.0
"""Golden texts: what people read, made from the example with the real tool, compared with the files beside this one.

    PROVISO=build/src/cli/proviso PROVISO_DATA=. python3 tests/golden/golden.py [--update] [T4 T8 ...]

Ids that are chosen by chance, times, hashes, keys and ages are masked. Beside the texts themselves, each panel is held to
what all of them promise: 80 columns, ASCII in the C locale, no escape codes off a terminal, and an exit status.
"""
import difflib
import json
import os
import pathlib
import pty
import re
import resource
import select
import signal
import subprocess
import sys
import time

HERE = pathlib.Path(__file__).resolve().parent
sys.dont_write_bytecode = True
sys.path.insert(0, str(HERE.parent / "story"))
os.environ["PROVISO"] = os.path.abspath(os.environ["PROVISO"])
os.environ["PROVISO_DATA"] = os.path.abspath(os.environ["PROVISO_DATA"])
os.environ["LC_ALL"] = "C"
os.environ.pop("NO_COLOR", None)
from homes import EXAMPLE, PROVISO, Tap, World, agreement, order  # noqa: E402

UPDATE = "--update" in sys.argv
ONLY = [a for a in sys.argv[1:] if not a.startswith("-")]
LABEL = ("--topic", "narcotics.maritime", "--region", "caribbean", "--never", "force", "--aboard", "3..5", "--identified", "none")
NAVY = "co.public-force.navy.intelligence"
tap = Tap()

# ---- running ----


def environment(w, agency, more=None):
    env = {k: v for k, v in os.environ.items() if not k.startswith("PROVISO_PASS") and k != "PROVISO_HOME"}
    if agency:
        env["PROVISO_HOME"] = str(w.home(agency))
    return {**env, **(more or {})}


def small_files():
    """No file may grow beyond what is just enough to open the store: to a program that is a full disk, for any user."""
    signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
    resource.setrlimit(resource.RLIMIT_FSIZE, (40000, resource.RLIM_INFINITY))


def run(w, agency, *command, full=False):
    """Without a terminal; both streams in the order in which they come. (status, text)"""
    done = subprocess.run([PROVISO, *map(str, command)], cwd=w.files, env=environment(w, agency), stdin=subprocess.DEVNULL,
                          stdout=subprocess.PIPE, stderr=subprocess.STDOUT, timeout=120, start_new_session=True,
                          preexec_fn=small_files if full else None, restore_signals=not full)
    return done.returncode, done.stdout.decode("utf-8", "replace")


def on_terminal(w, agency, command, answers, env=None):
    """On a terminal of its own; answers: [(what to wait for, what to type)]. (status, all that was seen)"""
    pid, fd = pty.fork()
    if pid == 0:
        os.chdir(w.files)
        os.execve(PROVISO, [PROVISO, *map(str, command)], environment(w, agency, {"TERM": "xterm", **(env or {})}))
    import fcntl
    import struct
    import termios
    fcntl.ioctl(fd, termios.TIOCSWINSZ, struct.pack("HHHH", 50, 80, 0, 0))
    seen, looked, todo, deadline = b"", 0, list(answers), time.monotonic() + 120
    while time.monotonic() < deadline:
        if select.select([fd], [], [], 0.2)[0]:
            try:
                data = os.read(fd, 65536)
            except OSError:
                data = b""
            if not data:
                break
            seen += data
        if todo and todo[0][0].encode() in seen[looked:]:
            mark, line = todo.pop(0)
            looked = seen.index(mark.encode(), looked) + len(mark)
            time.sleep(0.05)
            os.write(fd, line.encode() + b"\n")
    else:
        os.kill(pid, signal.SIGKILL)
    status = os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1])
    os.close(fd)
    return status, seen.decode("utf-8", "replace").replace("\r\n", "\n")


# ---- masking ----

def of(m):
    """How much of a log is good, whatever its size."""
    good, size = int(m[1].replace(",", "")), int(m[2].replace(",", ""))
    return ("N" if good == size else f"N-{size - good}") + f" of N {m[3]}"


# The size of a log says how many vocabularies and keys a new home begins with, which is not what these texts are about.
MASKS = [
    (r"([\d,]+) of ([\d,]+) (entries|acts)", of),
    (r"\b(order log |Order log |Entry )\d{2,3}(?:,\d{3})*", r"\1N"),
    (r"(log of \w+|log \w+/orders), [\d,]{3,} entries", r"\1, N entries"),
    (r"\b(?!2025-)\d{4}-\d\d-\d\d \d\d:\d\d:\d\d UTC", "YYYY-MM-DD hh:mm:ss UTC"),
    (r"\b(?!2025-)\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ", "YYYY-MM-DDThh:mm:ssZ"),
    (r"\(\d+ (?:s|min|h|d)(?: \d+ (?:s|min|h))?\)", "(AGE)"),
    (r"proof \d+ (?:s|min) old", "proof N s old"),
    (r"\b[0-9A-F]{4}-[0-9A-F]{4}\b", "RRRR-RRRR"),
    (r"\+[0-9a-f]{8}\+[A-Za-z0-9+/=]{40,}", "+KEY"),
    (r"\blog key [0-9a-f]{8}\b", "log key hhhhhhhh"),  # may be letters alone, as a word is
    (r"\b(?=[0-9a-f]*[0-9])[0-9a-f]{8,}\b", lambda m: "h" * len(m[0])),
]


def mask(w, text):
    text = text.replace(str(w.folder.name), "HOMES")
    for pattern, with_ in MASKS:
        text = re.sub(pattern, with_, text)
    return text


def shown(command):
    """The command as one would type it, wrapped as one would wrap it."""
    words = [f"'{c}'" if " " in c else c for c in map(str, command)]
    lines = ["$ proviso"]
    for word in words:
        if len(lines[-1]) + 1 + len(word) > 77:
            lines[-1] += " \\"
            lines.append("   ")
        lines[-1] += " " + word
    return "\n".join(lines) + "\n"


# ---- panels ----

class Panel:
    def __init__(self, name, w):
        self.name, self.w, self.text = name, w, ""

    def run(self, agency, *command, exits, full=False, show=None):
        status, out = run(self.w, agency, *command, full=full)
        self.add(show or command, status, out, exits)
        return out

    def type(self, agency, command, answers, exits):
        status, out = on_terminal(self.w, agency, command, answers, {"NO_COLOR": "1"})
        self.add(command, status, out, exits)
        return out

    def add(self, command, status, out, exits):
        said = f"{self.name} {' '.join(map(str, command))[:48]}"
        tap.ok(status == exits, f"{said}: exit {exits}", f"[exit {status}]\n{out}")
        wide = [line for line in out.split("\n") if len(line) > 80]
        tap.ok(not wide, f"{said}: at most 80 columns", "\n".join(wide))
        tap.ok(out.isascii(), f"{said}: ASCII in the C locale", repr(out))
        tap.ok("\x1b" not in out, f"{said}: no escape codes", repr(out))
        self.text += mask(self.w, shown(command) + out) + f"[exit {status}]\n"

    def done(self):
        path = HERE / f"{self.name}.txt"
        if UPDATE:
            path.write_text(self.text)
        golden = path.read_text() if path.exists() else ""
        diff = difflib.unified_diff(golden.splitlines(), self.text.splitlines(), f"{path.name} (golden)", "now", lineterm="")
        tap.ok(golden == self.text, f"{self.name} reads as its golden text", "\n".join(diff))


PANELS = {}


def panel(f):
    PANELS[f.__name__.upper()] = f
    return f


def caribbean():
    """The four agencies of the example, before any order."""
    w = World()
    for agency in ("co", "uk", "ca"):
        w.must(agency, "apply", EXAMPLE / agency / "20-agreements.jsonl")
    w.must("co", "apply", EXAMPLE / "co" / "30-condition.jsonl")
    return w


def ask(w, to, giver, name, purpose, *options):
    """A request and its answer, quietly; what was decided is read from the answer's exit status."""
    for old in (f"{name}.request", f"{name}.reply"):
        (w.files / old).unlink(missing_ok=True)
    w.must(to, "ask", f"{name}.tdf", "--purpose", purpose, "--person", "analyst", "-o", f"{name}.request", *options)
    return w.at(giver, "answer", f"{name}.request", "-o", f"{name}.reply")


@panel
def t3():
    w = caribbean()
    p = Panel("T3", w)
    for name in ("note.txt", "plan.pdf", "track.geojson"):
        (w.files / name).write_bytes(b"synthetic " * 200)
    label = {"record": "report", "topics": ["narcotics.maritime"], "regions": ["caribbean"], "never": ["force"]}
    (w.files / "plan.json").write_text(json.dumps({**label, "originator": "uk"}) + "\n")
    (w.files / "track.json").write_text(json.dumps(label) + "\n")
    before = w.at("co", "report", "list").out
    p.run("co", "share", "note.txt", exits=2)
    p.run("co", "share", "plan.pdf", "--label", "plan.json", exits=1)
    p.run("co", "share", "track.geojson", "--label", "track.json", exits=3, full=True)
    tap.ok(w.at("co", "report", "list").out == before, "T3: nothing was shared")
    p.run("co", "share", "track.geojson", "--label", "track.json", "--id", "r-track", exits=0)
    p.done()


def stopped(w):
    """A report of the Colombian navy, and then the order."""
    w.share("co", "track", "--originator", NAVY, "--releasable-to", "us", *LABEL)
    w.must("co", "apply", EXAMPLE / "co" / "40-order.jsonl")


def made(answer):
    if answer.status != 0:
        raise AssertionError(answer)


@panel
def t4():
    w = caribbean()
    p = Panel("T4", w)
    stopped(w)
    w.must("us", "ask", "track.tdf", "--purpose", "law.interdict", "--person", "analyst", "--party", "us.coast-guard", "-o", "track.request")
    own = p.run("co", "answer", "track.request", "-o", "track.reply", exits=1)
    out = p.run("us", "open", "track.tdf", "--purpose", "law.interdict", "--grant", "track.reply", "-o", "track.out", exits=1)
    # two orders that were not announced, of another kind, scope and age
    w.must("uk", "apply", EXAMPLE / "uk" / "40-order.jsonl")
    w.share("uk", "boat", "--releasable-to", "us", *LABEL)
    ask(w, "us", "uk", "boat", "law.interdict", "--party", "us.coast-guard")
    one = p.run("us", "open", "boat.tdf", "--purpose", "law.interdict", "--grant", "boat.reply", "-o", "boat.out", exits=1)
    made(w.apply("ca", order("o-9", ["ca"], ["us.coast-guard"], kind="restrict", purposes=["law"], region="caribbean", public=False,
                        effective="2025-06-01T00:00:00Z", until="2030-01-01T00:00:00Z", text={"en": "Another matter."}, authentic="en")))
    w.share("ca", "other", "--releasable-to", "us", *LABEL)
    ask(w, "us", "ca", "other", "law.interdict", "--party", "us.coast-guard")
    status, two = run(w, "us", "open", "other.tdf", "--purpose", "law.interdict", "--grant", "other.reply", "-o", "other.out")
    p.done()
    tap.ok(status == 1 and mask(w, one) == mask(w, two) and one != two,
           "T4: who may not know is told the same of two different orders, but for the reference", one + two)
    tap.ok(not any((w.files / f"{n}.out").exists() for n in ("track", "boat", "other")), "T4: nothing was opened")
    # a restriction names purposes, and so do exceptions: none of them may be read in a refusal
    purposes = {json.loads(line).get("name") for path in (EXAMPLE.parent.parent / "vocab").glob("*purpose*")
                for line in path.read_text().splitlines() if line.strip()} - {None}
    w.must("ca", "apply", EXAMPLE / "ca" / "40-order.jsonl")
    made(w.apply("ca", order("o-10", ["ca"], ["us.drug-enforcement"], kind="restrict", purposes=["law.detain", "law.investigate"],
                        **{"except": [{"purpose": "safety.sar", "region": "caribbean"}]})))
    w.share("ca", "brief", "--releasable-to", "us", "--topic", "narcotics.maritime", "--region", "caribbean")
    refusals = [("law.interdict", out), ("law.interdict", own), ("law.interdict", one), ("law.interdict", two)]
    for party, purpose in (("us.coast-guard", "force.lethal"), ("us.drug-enforcement", "law.detain"), ("us.coast-guard", "law.monitor")):
        a = ask(w, "us", "ca", "brief", purpose, "--party", party)
        tap.ok(a.status == 1, f"T4: {purpose} is refused", a)
        refusals.append((purpose, a.out + a.err))
        o = w.at("us", "open", "brief.tdf", "--purpose", purpose, "--grant", "brief.reply", "-o", "brief.out")
        refusals.append((purpose, o.out + o.err))
        o = w.at("us", "open", "brief.tdf", "--purpose", purpose, "--grant", "brief.reply", "-o", "brief.out", "--json")
        refusals.append((purpose, o.out + o.err))
    tap.ok(len(purposes) > 10, "T4: the vocabulary of purposes was read", purposes)
    for stated, text in refusals:
        text = re.sub(r'\b(?:en|es) ".*?"', "", text, flags=re.S)  # the order's own words are its author's
        words = set(re.findall(r"[a-z]+(?:[.-][a-z]+)*", text.replace("in force", "").replace("safety of life", "")))
        others = {x for x in words & purposes if x != stated}
        tap.ok(not others, f"T4: a refusal of {stated} holds no other purpose", f"{others}\n{text}")


def live_home(w):
    """Colombia for real, not as an exercise: officers with passphrases, so that signing asks for them."""
    (w.files / "pass").mkdir()
    for officer in ("officer1", "officer2"):
        (w.files / "pass" / officer).write_text(f"secret of {officer}\n")
    os.environ["PROVISO_PASSPHRASES"] = str(w.files / "pass")
    env = {"PROVISO_PASSPHRASES": str(w.files / "pass")}

    def must(*command):
        done = subprocess.run([PROVISO, *map(str, command)], cwd=w.files, env=environment(w, "live", env), stdin=subprocess.DEVNULL,
                              capture_output=True, text=True, timeout=120, start_new_session=True)
        if done.returncode != 0:
            raise AssertionError(f"live$ proviso {' '.join(map(str, command))}: [exit {done.returncode}] {done.stdout}{done.stderr}")
        return done.stdout

    must("--home", w.home("live"), "init", "--party", "co")
    for part in ("10-parties", "20-agreements", "30-condition"):
        records = [json.loads(line) for line in (EXAMPLE / "co" / f"{part}.jsonl").read_text().splitlines() if line.strip()]
        for r in records:
            r.pop("exercise", None)
        (w.files / "live.jsonl").write_text("".join(json.dumps(r) + "\n" for r in records))
        must("apply", "live.jsonl")
    (w.files / "track.geojson").write_bytes(b"synthetic")
    must("share", "track.geojson", "--originator", NAVY, "--id", "r-track", "--releasable-to", "us", *LABEL)
    return must


@panel
def t5():
    w = World(("us",))
    must = live_home(w)
    p = Panel("T5", w)
    (w.files / "orden.txt").write_text("Ejemplo: se suspende todo trato con las agencias de seguridad.\n")
    command = ("order", "suspend", "--subject", "co.public-force", "--counterpart", "us.coast-guard", "--direction", "both", "--while",
               "strikes-caribbean", "--except", "purpose=safety.sar,region=caribbean", "--text", "es=orden.txt")
    question = "Enter to leave."

    def size():
        return json.loads(must("status", "--json"))["origins"][0]["size"]

    before = size()
    p.run("live", *command, exits=2)
    tap.ok("--confirm us.coast-guard" in " ".join(p.text.split()), "T5: off a terminal, what to add is named")
    for typed, name in (("", "Enter"), ("us", "a party above"), ("y", "y"), ("us.coast-guards", "a wrong name")):
        status, seen = on_terminal(w, "live", command, [(question, typed)], {"NO_COLOR": "1"})
        tap.ok(status == 1 and size() == before, f"T5: {name} leaves the log as it was", seen)
    p.type("live", command, [(question, "us.coast-gard")], exits=1)
    tap.ok(size() == before, "T5: nothing was signed")
    seen = p.type("live", command, [(question, "us.coast-guard"), ("assphrase of co/officer1", "secret of officer1"),
                                    ("assphrase of co/officer2", "secret of officer2")], exits=0)
    tap.ok("secret" not in seen, "T5: a passphrase is not shown while it is typed", seen)
    tap.ok(size() == before + 1, "T5: it stands in the log")
    p.done()
    # colour on a terminal alone
    status, seen = on_terminal(w, "live", ("board",), [])
    tap.ok(status == 0 and "\x1b[" in seen, "on a terminal there is colour", repr(seen))
    plain = re.sub(r"\x1b\[[0-9;]*m", "", seen)
    tap.ok(plain == run(w, "live", "board")[1] or mask(w, plain) == mask(w, run(w, "live", "board")[1]), "which only doubles what the words say", plain)
    for env in ({"NO_COLOR": "1"}, {"TERM": "dumb"}):
        status, seen = on_terminal(w, "live", ("board",), [], env)
        tap.ok(status == 0 and "\x1b" not in seen, f"none with {list(env)[0]}={list(env.values())[0]}", repr(seen))


@panel
def t8():
    w = caribbean()
    p = Panel("T8", w)
    stopped(w)
    p.run("co", "log", "verify", exits=0)
    w.must("co", "log", "export", "orders", "copy")
    key = w.must("co", "log", "key", "orders").out.strip()
    p.run("co", "log", "verify", "copy", exits=0)
    p.run("co", "log", "verify", "copy", "--vkey", key, exits=0)
    bundle = sorted(path for path in (w.files / "copy" / "tile" / "entries").rglob("*") if path.is_file())[-1]
    was = bundle.read_bytes()
    # the order is told to have ended a year later: its text, not its place, is changed
    tap.ok(was.count(b'"counterpart":["us.coast-guard"') == 1, "T8: the order is in the copy, as text", was)
    bundle.write_bytes(was.replace(b'"counterpart":["us.coast-guard"', b'"counterpart":["us.coast-gourd"'))
    p.run("co", "log", "verify", "copy", "--vkey", key, exits=4)
    bundle.write_bytes(was)
    p.run("us", "log", "verify", "copy", exits=1)
    p.done()


@panel
def t9():
    w = caribbean()
    p = Panel("T9", w)
    w.share("co", "track", "--originator", NAVY, "--releasable-to", "us", *LABEL)
    then = w.at("co", "status", "--json").json()["origins"][0]["signed_at"]
    time.sleep(1.2)
    w.must("co", "apply", EXAMPLE / "co" / "40-order.jsonl")
    question = ("explain", "r-track", "--to", "us.coast-guard", "--purpose", "law.interdict")
    p.run("co", *question, exits=1)
    p.run("co", *question, "--at", then, exits=0)
    p.done()


@panel
def t10():
    w = World(("co", "us"))
    p = Panel("T10", w)
    records = [agreement(f"a-{i:04}", "co", "us.coast-guard", ["law.interdict"], topic="narcotics.maritime", basis=[], exercise=True)
               for i in range(1, 401)]
    for i in (217, 218, 305):
        records[i - 1]["to"] = "us.coast-gaurd"
    (w.files / "records.jsonl").write_text("".join(json.dumps(r, separators=(",", ":")) + "\n" for r in records))
    size = w.at("co", "status", "--json").json()["origins"][0]["size"]
    p.run("co", "apply", "records.jsonl", exits=2)
    tap.ok(w.at("co", "status", "--json").json()["origins"][0]["size"] == size, "T10: the log is as it was")
    for i in (217, 218, 305):
        records[i - 1]["to"] = "uk.nothing-like-this"
    (w.files / "records.jsonl").write_text("".join(json.dumps(r, separators=(",", ":")) + "\n" for r in records[216:218]))
    p.run("co", "apply", "records.jsonl", exits=2)
    p.done()


for name, function in PANELS.items():
    if not ONLY or name in ONLY:
        function()
tap.done()

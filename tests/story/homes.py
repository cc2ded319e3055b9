# SPDX-License-Identifier: Apache-2.0
"""Homes of agencies, driven by the real tool; for tests/story and its like."""
import json
import os
import pathlib
import re
import subprocess
import tempfile

PROVISO = os.environ["PROVISO"]
DATA = pathlib.Path(os.environ["PROVISO_DATA"])
EXAMPLE = DATA / "examples" / "caribbean"


class Answer:
    def __init__(self, done):
        self.status, self.out, self.err = done.returncode, done.stdout, done.stderr

    def json(self):
        return json.loads(self.out)

    def says(self, text):
        return text in self.out or text in self.err

    def __str__(self):
        return f"[exit {self.status}]\n{self.out}{self.err}"


class World:
    """Four agencies that know each other, as in the example; files pass through self.files."""

    def __init__(self, agencies=("co", "uk", "ca", "us")):
        self.folder = tempfile.TemporaryDirectory(prefix="proviso-story-")
        self.files = pathlib.Path(self.folder.name) / "files"
        self.files.mkdir()
        self.words = {}
        for agency in agencies:
            self.must(None, "--home", self.home(agency), "init", "--party", agency, "--exercise", "--no-passphrase")
            card = self.must(agency, "card", "-o", f"{agency}.card")
            self.words[agency] = re.search(r"Read to the partner:\s+(\w+)", card.out + card.err).group(1)
        for agency in agencies:
            self.must(agency, "apply", EXAMPLE / agency / "10-parties.jsonl")
            for other in agencies:
                if other != agency:
                    self.must(agency, "peer", "add", f"{other}.card", "--confirm", self.words[other])

    def home(self, agency):
        return pathlib.Path(self.folder.name) / agency

    def at(self, agency, *command):
        env = {k: v for k, v in os.environ.items() if not k.startswith("PROVISO_PASS") and k != "PROVISO_HOME"}
        if agency:
            env["PROVISO_HOME"] = str(self.home(agency))
        done = subprocess.run([PROVISO, *map(str, command)], cwd=self.files, env=env, stdin=subprocess.DEVNULL, text=True,
                              capture_output=True, timeout=120)
        return Answer(done)

    def must(self, agency, *command):
        answer = self.at(agency, *command)
        if answer.status != 0:
            raise AssertionError(f"{agency}$ proviso {' '.join(map(str, command))}: {answer}")
        return answer

    def apply(self, agency, *records):
        """Records as dictionaries; basis and the like are filled in."""
        path = self.files / "records.jsonl"
        path.write_text("".join(json.dumps({"basis": [], "exercise": True, **r}) + "\n" for r in records))
        return self.at(agency, "apply", path)

    def share(self, agency, name, *options, content=b"synthetic"):
        (self.files / name).write_bytes(content)
        if agency == "co" and "--originator" not in options:
            options = ("--originator", "co.public-force.navy.intelligence", *options)
        return self.must(agency, "share", name, "--id", f"r-{name}", "-o", f"{name}.tdf", *options)

    def ask(self, to, giver, name, purpose, *options):
        """to asks giver for the report of that name, giver answers; the answer's exit status says which."""
        asked = self.at(to, "ask", f"{name}.tdf", "--purpose", purpose, "--person", "analyst", "-o", f"{name}.request", *options)
        if asked.status != 0:
            return asked
        for old in (self.files / f"{name}.reply",):
            old.unlink(missing_ok=True)
        answered = self.at(giver, "answer", f"{name}.request", "-o", f"{name}.reply")
        (self.files / f"{name}.request").unlink()
        return answered

    def open(self, to, name, purpose, *options):
        out = self.files / f"{name}.opened"
        out.unlink(missing_ok=True)
        return self.at(to, "open", f"{name}.tdf", "--purpose", purpose, "--grant", f"{name}.reply", "-o", out.name, *options)

    def opened(self, name):
        return (self.files / f"{name}.opened").read_bytes()

    def release(self, name):
        reply = (self.files / f"{name}.reply").read_text().split("\n", 1)[0]
        return json.loads(reply)["release"]


def now():
    import datetime
    return datetime.datetime.now(datetime.timezone.utc).strftime("%Y-%m-%dT%H:%M:%SZ")


def agreement(id, frm, to, purposes, **more):
    return {"record": "agreement", "id": id, "from": frm, "to": to, "purposes": purposes, "not_before": "2024-01-01T00:00:00Z",
            "require": {}, "obligations": [], **more}


def order(id, subject, counterpart, kind="suspend", **more):
    return {"record": "order", "id": id, "kind": kind, "subject": subject, "counterpart": counterpart, "direction": "both", "except": [],
            "effective": "2025-11-11T14:07:00Z", "reopen": "release", "text": {"es": "Ejemplo."}, "authentic": "es", "public": True, **more}


class Tap:
    def __init__(self):
        self.n = self.failed = 0

    def ok(self, good, name, detail=""):
        self.n += 1
        self.failed += 0 if good else 1
        print(f"{'ok' if good else 'not ok'} {self.n} - {name}", flush=True)
        if not good and detail != "":
            for line in str(detail).splitlines():
                print(f"# {line}")

    def done(self):
        print(f"1..{self.n}")
        raise SystemExit(1 if self.failed else 0)

# SPDX-License-Identifier: Apache-2.0
"""
Homes and gateways for tests: real homes made by the tool, a real provisod on a free port of 127.0.0.1.

    with rig.Gateway(rig.home("co")) as gw:          # started, and stopped whatever happens
        answer = gw.get("/healthz")                  # .status .headers .body .json()
        gw.post("/api/v1/x", {...}, token=T)         # or user=("name", "password"), cert=(cert, key)

The tool and the daemon are named by PROVISO, PROVISOD and PROVISO_DATA, as meson sets them; else they are looked for in
./build. The server's certificate is the trust anchor of every request here: another one is an error.
"""
import atexit
import base64
import hashlib
import http.client
import json
import os
import pathlib
import shutil
import signal
import ssl
import subprocess
import sys
import tempfile
import threading
import time

ROOT = pathlib.Path(__file__).resolve().parents[2]
PROVISO = os.environ.get("PROVISO", str(ROOT / "build" / "src" / "cli" / "proviso"))
PROVISOD = os.environ.get("PROVISOD", str(ROOT / "build" / "src" / "gateway" / "provisod"))
DATA = pathlib.Path(os.environ.get("PROVISO_DATA", str(ROOT)))

_temp = tempfile.TemporaryDirectory(prefix="proviso-gw-")
TEMP = pathlib.Path(_temp.name)
_running = []


@atexit.register
def _end_all():
    for gateway in list(_running):
        gateway.kill()


def _on_term(signum, frame):
    _end_all()
    os._exit(128 + signum)


if threading.current_thread() is threading.main_thread():
    signal.signal(signal.SIGTERM, _on_term)  # meson's time-out
    signal.signal(signal.SIGINT, _on_term)


def environment(**more):
    env = {k: v for k, v in os.environ.items() if not k.startswith("PROVISO_") and k not in ("NOTIFY_SOCKET", "JOURNAL_STREAM")}
    env.update({"PROVISO_DATA": str(DATA), "LC_ALL": "C.UTF-8"}, **more)
    return env


def proc_is_ours():
    """Whether /proc shows our processes; in some containers it is that of another namespace."""
    return os.path.realpath("/proc/self") == f"/proc/{os.getpid()}"


class Done:
    def __init__(self, done):
        self.status, self.out, self.err = done.returncode, done.stdout, done.stderr

    def json(self):
        return json.loads(self.out)

    def __str__(self):
        return f"[exit {self.status}]\n{self.out}{self.err}"


def tool(home, *args, stdin=None, must=True, **env):
    """The tool `proviso` on a home (None: none). must: any other exit than 0 is an error."""
    env = environment(**env)
    if home is not None:
        env["PROVISO_HOME"] = str(home)
    done = Done(subprocess.run([PROVISO, *map(str, args)], env=env, cwd=TEMP, text=True, capture_output=True, timeout=120,
                               input=stdin if stdin is not None else "", start_new_session=True))
    if must and done.status != 0:
        raise AssertionError(f"proviso {' '.join(map(str, args))}: {done}")
    return done


def home(party, name=None, parties=True, *options):
    """A new exercise home of that party with officers whose keys have no passphrase. parties: the example's records of it."""
    path = TEMP / (name or f"home-{party}")
    tool(None, "--home", path, "init", "--party", party, "--exercise", "--no-passphrase", *options)
    records = DATA / "examples" / "caribbean" / party / "10-parties.jsonl"
    if parties and records.exists():
        tool(path, "apply", records)
    return path


def apply(at, *records, must=True):
    """Records as dictionaries; basis and exercise are filled in."""
    text = "".join(json.dumps({"basis": [], "exercise": True, **r}) + "\n" for r in records)
    path = TEMP / f"records-{time.monotonic_ns()}.jsonl"
    path.write_text(text)
    return tool(at, "apply", path, must=must)


def grant(at, party, *roles, purposes=(), name="desk"):
    """A credential's key record: within it tokens may be made."""
    return tool(at, "key", "add", "--use", "credential", "--binding", name, "--party", party,
                *(x for role in roles for x in ("--role", role)), *(x for p in purposes for x in ("--purpose", p)))


def token(at, party, *roles, purposes=(), ttl="1h"):
    """A token of that party; grant() it first."""
    return tool(at, "token", "new", "--party", party, "--ttl", ttl, *(x for role in roles for x in ("--role", role)),
                *(x for p in purposes for x in ("--purpose", p))).out.strip()


def agreement(id, frm, to, purposes, **more):
    return {"record": "agreement", "id": id, "from": frm, "to": to, "purposes": purposes, "not_before": "2024-01-01T00:00:00Z",
            "require": {}, "obligations": [], **more}


def order(id, subject, counterpart, kind="suspend", **more):
    return {"record": "order", "id": id, "kind": kind, "subject": subject, "counterpart": counterpart, "direction": "both", "except": [],
            "effective": "2025-11-11T14:07:00Z", "reopen": "release", "text": {"en": "Example."}, "authentic": "en", "public": True, **more}


def peers(*homes):
    """Each admits each other, by card and words; homes: {party: path}."""
    import re
    homes = homes[0]
    cards = {}
    for party, path in homes.items():
        card = TEMP / f"{party}.card"
        done = tool(path, "card", "-o", card)
        cards[party] = (card, re.search(r"Read to the partner:\s+(\w+)", done.out + done.err).group(1))
    for party, path in homes.items():
        for other, (card, words) in cards.items():
            if other != party:
                tool(path, "peer", "add", card, "--confirm", words)


class Answer:
    def __init__(self, status, headers, body):
        self.status, self.headers, self.body = status, headers, body

    @property
    def text(self):
        return self.body.decode("utf-8", "replace")

    def json(self):
        return json.loads(self.body)

    def __str__(self):
        return f"{self.status} {dict(self.headers.items())}\n{self.text[:2000]}"


class Gateway:
    """A running provisod. settings: text of a configuration file; args: more of the command line."""

    def __init__(self, home, settings=None, args=(), env=None, port=0, start=True, wait=60):
        self.home, self.settings, self.args, self.env, self.port, self.wait = home, settings, list(args), env or {}, port, wait
        self.process, self.lines, self.events = None, [], []
        self.url = self.fingerprint = self.host = None
        self._more = threading.Condition()
        self.config = None
        if settings is not None:
            self.config = TEMP / f"provisod-{id(self)}.conf"
            self.config.write_text(settings)
        if start:
            self.start()

    # -- life --

    def start(self):
        command = [PROVISOD, "--log", "json", *self.args]
        if self.home is not None:
            command += ["--home", str(self.home)]
        if self.config is not None:
            command += ["--config", str(self.config)]
        if "listen" not in (self.settings or "") and "--listen" not in self.args:
            command += ["--listen", f"127.0.0.1:{self.port}"]
        self.process = subprocess.Popen(command, stderr=subprocess.PIPE, stdout=subprocess.DEVNULL, stdin=subprocess.DEVNULL,
                                        env=environment(**self.env), cwd=TEMP, start_new_session=True)
        _running.append(self)
        threading.Thread(target=self._read, args=(self.process,), daemon=True).start()
        event = self.event("listening", self.wait)
        if event is None:
            self.kill()
            raise AssertionError("provisod did not start: " + "".join(self.lines))
        self.url, self.fingerprint = event["url"], event["sha256"]
        self.host, port = event["at"].split()[0].rsplit(":", 1)
        self.port = int(port)
        self._anchor()
        return self

    def _read(self, process):
        for line in process.stderr:
            text = line.decode("utf-8", "replace")
            try:
                event = json.loads(text[text.index("{"):])
            except ValueError:
                event = {"event": text.strip()}
            with self._more:
                self.lines.append(text)
                self.events.append(event)
                self._more.notify_all()
        with self._more:
            self.events.append({"event": "(ended)"})
            self._more.notify_all()

    def event(self, name, wait=10, after=0):
        """The first log line of that event (at or behind place `after`), as it was logged; None when none comes in time."""
        until = time.monotonic() + wait
        with self._more:
            while True:
                for one in self.events[after:]:
                    if one.get("event") == name:
                        return one
                if any(one.get("event") == "(ended)" for one in self.events[after:]) or time.monotonic() > until:
                    return None
                self._more.wait(0.2)

    def _anchor(self):
        """The certificate that provisod said it has, and none else."""
        pem = ssl.get_server_certificate((self.host, self.port))
        der = ssl.PEM_cert_to_DER_cert(pem)
        said = hashlib.sha256(der).hexdigest().upper()
        assert said == self.fingerprint.replace(":", ""), "another certificate than the one in the log"
        self.ca = TEMP / f"ca-{self.port}.pem"
        self.ca.write_text(pem)

    def pids(self):
        """{"keeper": pid, "front": pid}"""
        out = {}
        for pid in pathlib.Path(f"/proc/{self.process.pid}/task/{self.process.pid}/children").read_text().split():
            out[pathlib.Path(f"/proc/{pid}/comm").read_text().strip().replace("provisod-", "")[:6]] = int(pid)
        return out

    def memory_kb(self):
        """Resident memory of keeper and front."""
        total = 0
        for pid in self.pids().values():
            for line in pathlib.Path(f"/proc/{pid}/status").read_text().splitlines():
                if line.startswith("RssAnon:"):
                    total += int(line.split()[1])
        return total

    def reload(self):
        after = len(self.events)
        os.kill(self.process.pid, signal.SIGHUP)
        until = time.monotonic() + 10
        while time.monotonic() < until:
            for one in self.events[after:]:
                if one.get("event") in ("reloaded", "not reloaded, all stays as it was"):
                    if one["event"] == "reloaded":
                        self.fingerprint = one["sha256"]
                        self._anchor()
                    return one
            time.sleep(0.02)
        return None

    def stop(self, wait=20):
        """Graceful; the exit status."""
        if self.process is None or self.process.poll() is not None:
            return self.process.returncode if self.process else None
        self.process.terminate()
        try:
            self.process.wait(wait)
        except subprocess.TimeoutExpired:
            self.kill()
            raise
        finally:
            if self in _running:
                _running.remove(self)
        return self.process.returncode

    def kill(self):
        """At once, all of its processes: it has a session of its own."""
        if self.process is not None and self.process.poll() is None:
            try:
                os.killpg(self.process.pid, signal.SIGKILL)
            except ProcessLookupError:
                pass
            self.process.wait(10)
        if self in _running:
            _running.remove(self)

    def __enter__(self):
        return self

    def __exit__(self, *why):
        try:
            self.stop()
        finally:
            self.kill()

    # -- requests --

    def context(self, cert=None):
        context = ssl.create_default_context(cafile=str(self.ca))
        if cert is not None:
            context.load_cert_chain(*cert)
        return context

    def connection(self, cert=None, timeout=30):
        return http.client.HTTPSConnection(self.host, self.port, context=self.context(cert), timeout=timeout)

    def request(self, method, path, body=None, headers=None, token=None, user=None, cert=None, connection=None, timeout=30):
        """body: bytes, text, or anything else as JSON. connection: one to be used again."""
        headers = dict(headers or {})
        names = {name.lower() for name in headers}
        if body is not None and not isinstance(body, (bytes, str)):
            body = json.dumps(body)
            if "content-type" not in names:
                headers["Content-Type"] = "application/json"
        if isinstance(body, str):
            body = body.encode()
        if token is not None:
            headers["Authorization"] = f"Bearer {token}"
        if user is not None:
            headers["Authorization"] = "Basic " + base64.b64encode(":".join(user).encode()).decode()
        own = connection is None
        connection = connection or self.connection(cert, timeout)
        try:
            connection.request(method, path, body, headers)
            answer = connection.getresponse()
            return Answer(answer.status, answer.headers, answer.read())
        finally:
            if own:
                connection.close()

    def get(self, path, **how):
        return self.request("GET", path, **how)

    def post(self, path, body=None, **how):
        return self.request("POST", path, body, **how)


def certificate(name="client"):
    """A client certificate signed by its own key, and the hex SHA-256 of its public key: (cert, key), spki."""
    cert, key = TEMP / f"{name}.cert.pem", TEMP / f"{name}.key.pem"
    subprocess.run(["openssl", "req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes", "-days", "30",
                    "-subj", f"/CN={name}", "-keyout", str(key), "-out", str(cert)], check=True, capture_output=True)
    der = subprocess.run(["openssl", "x509", "-in", str(cert), "-noout", "-pubkey"], check=True, capture_output=True).stdout
    der = subprocess.run(["openssl", "pkey", "-pubin", "-outform", "DER"], input=der, check=True, capture_output=True).stdout
    return (str(cert), str(key)), hashlib.sha256(der).hexdigest()


class Tap:
    def __init__(self):
        self.n = self.failed = 0

    def ok(self, good, name, *notes):
        self.n += 1
        self.failed += 0 if good else 1
        print(f"{'ok' if good else 'not ok'} {self.n} - {name}", flush=True)
        if not good:
            for note in notes:
                for line in str(note).splitlines()[:40]:
                    print(f"#   {line}", flush=True)
        return good

    def skip(self, name, why):
        self.n += 1
        print(f"ok {self.n} - {name} # SKIP {why}", flush=True)

    def done(self):
        print(f"1..{self.n}", flush=True)
        _end_all()
        sys.stdout.flush()
        raise SystemExit(1 if self.failed else 0)


def copy(home, name):
    """A copy of a home that nobody has open."""
    path = TEMP / name
    shutil.copytree(home, path)
    return path

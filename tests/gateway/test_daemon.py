# SPDX-License-Identifier: Apache-2.0
"""The daemon as its operator knows it: started, checked, reloaded, stopped, killed, flooded, starved."""
import concurrent.futures
import http.client
import json
import os
import pathlib
import re
import signal
import socket
import ssl
import stat
import subprocess
import sys
import threading
import time

sys.path.insert(0, str(pathlib.Path(__file__).parent))
import rig  # noqa: E402

t = rig.Tap()
ok = t.ok
# Sanitizers want files and keep what was freed.
SANITIZED = any(word in pathlib.Path(rig.PROVISOD).read_bytes() for word in (b"__asan_init", b"__tsan_init"))


def provisod(*args, env=None, timeout=60):
    done = subprocess.run([rig.PROVISOD, *map(str, args)], capture_output=True, text=True, timeout=timeout,
                          env=rig.environment(**(env or {})), cwd=rig.TEMP, stdin=subprocess.DEVNULL)
    return rig.Done(done)


def evaluate(gw, report, token, connection=None):
    """One decision about a report that is not there: a refusal, journalled before it is told."""
    return gw.post("/access/v1/evaluation", {"subject": {"type": "party", "id": "co"}, "action": {"name": "open"},
                                             "resource": {"type": "report", "id": report}}, token=token, connection=connection)


HOME = rig.home("co")
rig.grant(HOME, "co", "analyst", "officer")
TOKEN = rig.token(HOME, "co", "officer")


# ---- the command line and --check ----

def check_command_line():
    done = provisod("--help")
    ok(done.status == 0 and "--check" in done.out, "--help says how it is started", done)
    done = provisod("--version")
    ok(done.status == 0 and re.match(r"provisod \d", done.out), "--version", done)
    ok(provisod("--nonsense").status == 2, "an unknown option: exit 2")
    ok(provisod("--home", HOME, "--log", "xml").status == 2, "--log xml: exit 2")
    done = provisod("--home", rig.TEMP / "nowhere")
    ok(done.status == 3 and "there is no home at" in done.err and "proviso init" in done.err, "no home: exit 3, and how to make one", done)
    done = provisod("--check", "--home", HOME)
    ok(done.status == 0 and done.err == "", "--check of no settings at all", done)


def check_where():
    """Where sealed files say the gateway is, beside where it is served."""
    home = rig.TEMP / "elsewhere"
    done = rig.tool(home, "init", "--party", "co", "--exercise", "--no-passphrase", "--url", "https://gw.co.example/?x", must=False)
    ok(done.status == 2 and "No home was made: --url:" in done.err and not home.exists(), "init --url with more than an address: exit 2, no home", done)
    rig.tool(home, "init", "--party", "co", "--exercise", "--no-passphrase", "--url", "https://gw.co.example")
    ok(json.loads((home / "home.json").read_text())["kas_url"] == "https://gw.co.example/kas", "init --url is where sealed files send for their key")
    done = provisod("--check", "--home", home)
    ok(done.status == 0 and "name another gateway" in done.err and "https://gw.co.example/kas" in done.err and "home.json" in done.err,
       "served elsewhere: a warning, and what to do", done)
    path = rig.TEMP / "where.conf"
    for url, fits in (("https://gw.co.example", True), ("https://gw.example", False)):
        path.write_text(f'home = "{home}"; url = "{url}";')
        done = provisod("--check", "--config", path)
        ok(done.status == 0 and ("name another gateway" in done.err) != fits, f"url = {url}: {'fits' if fits else 'does not'}", done)
    done = provisod("--check", "--home", HOME, "--listen", "0.0.0.0:8443")
    ok(done.status == 0 and "others cannot call" in done.err, "every address and no url: a warning", done)


WRONG = """home = "{home}";
lisen = "127.0.0.1:8443";
tls: {{
  certifcate = "cert.pem";
  key = 7;
}};
front: {{ loops = 99; }};
limits: {{
  head_s = "ten";
  calls_per_s = 0;
}};
log: {{ form = "xml"; }};
metrics: {{ from = []; }};
"""


def check_wrong_settings():
    path = rig.TEMP / "wrong.conf"
    path.write_text(WRONG.format(home=HOME))
    done = provisod("--check", "--config", path)
    ok(done.status == 3, "--check of wrong settings: exit 3", done)
    for line, words in ((2, ("lisen: is no setting", "did you mean listen?")), (4, ("tls.certifcate", "did you mean certificate?")),
                        (5, ("tls.key: is to be a text",)), (7, ("front.loops: is 99", "from 1 to 32")),
                        (9, ("limits.head_s: is to be a whole number",)), (10, ("limits.calls_per_s: is 0",)),
                        (12, ("log.form", "text", "json")), (13, ("metrics.from: is an empty list",))):
        said = [one for one in done.err.splitlines() if f"wrong.conf:{line}:" in one]
        ok(said and all(word in said[0].replace('\\"', '"') for word in words), f"line {line} is named: {words[0]}", done)
    for text, words in (('home = "x"\nlog: { form = "json" ', "syntax error"), ('@include "other.conf"\n', "@include is not taken"),
                        ('home = "%s"; listen = "127.0.0.1";' % HOME, "has no port"),
                        ('home = "%s"; listen = "localhost:1";' % HOME, "is no address"),
                        ('home = "%s"; url = "http://x";' % HOME, "is not of the form https://"),
                        ('home = "%s"; tls: { certificate = "none.pem"; };' % HOME, "tls.key is not"),
                        ('home = "%s"; tls: { certificate = "none.pem"; key = "none.pem"; };' % HOME, "cannot read"),
                        ('home = "%s"; doors: { policy = "0.0.0.0:1"; };' % HOME, "doors.policy")):
        path.write_text(text)
        done = provisod("--check", "--config", path)
        ok(done.status == 3 and words in done.err, f"refused: {words}", done)
    ok(provisod("--config", rig.TEMP / "none.conf").status == 3, "a configuration that is not there: exit 3")


def check_settings_page():
    """docs/gateway.md has every setting, as the table has it."""
    done = provisod("--settings")
    page = (rig.DATA / "docs" / "gateway.md").read_text()
    missing = [line for line in done.out.splitlines() if line not in page]
    ok(done.status == 0 and done.out.count("\n") > 20 and not missing, "docs/gateway.md has every setting as the code has it", *missing)


# ---- life ----

def check_start():
    with rig.Gateway(HOME) as gw:
        first = gw.fingerprint
        ok(re.fullmatch(r"https://127\.0\.0\.1:\d+", gw.url) is not None, "it says where it is", gw.url)
        ok(re.fullmatch(r"([0-9A-F]{2}:){31}[0-9A-F]{2}", first) is not None, "and its certificate's fingerprint", first)
        key = HOME / "tls" / "key.pem"
        ok(stat.S_IMODE(key.stat().st_mode) == 0o600, "the key that was made is its owner's alone", oct(key.stat().st_mode))
        page = gw.get("/")
        ok(page.status == 200 and "Open" in page.text and first in page.text and "co/orders" in page.text and "decrypt" in page.text,
           "the page says open, what it stands on, the fingerprint, and how a .tdf is opened", page)
        policy = page.headers["Content-Security-Policy"]
        ok("default-src 'none'" in policy and "unsafe" not in policy and "<script" not in page.text, "the page has no script and a strict policy", policy)
        links = {link: gw.get(link).status for link in re.findall(r'href="(/[^"]*)"', page.text)}
        ok(len(links) >= 5 and all(one in (200, 503) for one in links.values()), "each link on it leads somewhere", links)
        health = gw.get("/healthz")
        ok(health.status == 200 and health.json()["status"] == "open" and health.json()["lease_age_s"] < 60, "/healthz: open", health)
        ok(gw.get("/livez").status == 200, "/livez")
        nothing = gw.get("/nothing")
        ok(nothing.status == 404 and nothing.json()["title"] == "Not Found", "what is not there: 404, a problem document", nothing)
        wrong = gw.post("/healthz", {})
        ok(wrong.status == 405 and "GET" in wrong.headers["Allow"], "a wrong method: 405 and Allow", wrong)
        head = gw.request("HEAD", "/healthz")
        ok(head.status == 200 and head.body == b"", "HEAD comes with GET", head)
        for name, pid in gw.pids().items():
            status = pathlib.Path(f"/proc/{pid}/status").read_text()
            if SANITIZED:
                continue
            ok("NoNewPrivs:\t1" in status and "Seccomp:\t2" in status, f"the {name} has shut itself in", status)
        other = provisod("--home", HOME, "--listen", f"127.0.0.1:{gw.port}")
        ok(other.status == 3 and str(gw.port) in other.err, "a second daemon on the same port: exit 3, and the address", other)
    ok(gw.process.returncode == 0, "SIGTERM: exit 0", "".join(gw.lines))
    with rig.Gateway(HOME, args=["--log", "text"], wait=1, start=False) as gw:
        process = subprocess.Popen([rig.PROVISOD, "--home", str(HOME), "--listen", "127.0.0.1:0"], stderr=subprocess.PIPE, text=True,
                                   env=rig.environment(JOURNAL_STREAM="1:1"))
        lines = [process.stderr.readline(), process.stderr.readline()]
        process.terminate()
        process.communicate(timeout=20)
        said = "".join(lines)
        ok(first in said, "the same certificate at the next start; text on stderr", said)
        ok(all(re.match(r"<[3-7]>", line) for line in lines), "under systemd each line has its priority", said)


def check_notify():
    path = str(rig.TEMP / "notify")
    with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as notify:
        notify.bind(path)
        notify.settimeout(10)
        said = []

        def until(word):
            while not any(word in one for one in said):
                said.append(notify.recv(4096).decode())
            return True
        # rig takes NOTIFY_SOCKET of others away; this one is given on purpose
        with rig.Gateway(HOME, env={"NOTIFY_SOCKET": path, "WATCHDOG_USEC": "400000"}) as gw:
            ok(until("READY=1"), "systemd is told: READY=1")
            ok(until("WATCHDOG=1"), "and that it lives: WATCHDOG=1")
            said.clear()
            gw.reload()
            ok(until("RELOADING=1") and until("MONOTONIC_USEC=") and until("READY=1"), "RELOADING=1 with its time, then READY=1")
            gw.stop()
            ok(until("STOPPING=1"), "STOPPING=1")


def new_certificate(folder, name):
    subprocess.run(["openssl", "req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes", "-days", "30",
                    "-subj", f"/CN={name}", "-addext", "subjectAltName=IP:127.0.0.1", "-keyout", str(folder / "key.pem"),
                    "-out", str(folder / "cert.pem")], check=True, capture_output=True)
    (folder / "key.pem").chmod(0o600)


class Load:
    """Clients that keep their connections and ask without a pause."""

    def __init__(self, gw, clients):
        self.gw, self.over, self.answers, self.troubles = gw, False, 0, []
        self.threads = [threading.Thread(target=self.run, args=(i,)) for i in range(clients)]
        for thread in self.threads:
            thread.start()

    def run(self, i):
        try:
            connection = self.gw.connection()
            n = 0
            while not self.over:
                n += 1
                answer = evaluate(self.gw, f"r-load-{i}-{n}", TOKEN, connection)
                if answer.status != 200:
                    self.troubles.append(str(answer))
                    return
                self.answers += 1
            connection.close()
        except Exception as trouble:  # noqa: BLE001: whatever it is, it is a dropped connection
            self.troubles.append(repr(trouble))

    def end(self):
        self.over = True
        for thread in self.threads:
            thread.join()


def check_reload():
    folder = rig.TEMP / "tls"
    folder.mkdir()
    new_certificate(folder, "one")
    settings = f'tls: {{ certificate = "{folder}/cert.pem"; key = "{folder}/key.pem"; }};\n'
    with rig.Gateway(HOME, settings) as gw:
        before = gw.fingerprint
        load = Load(gw, 4)
        kept = gw.connection()
        gw.get("/livez", connection=kept)
        time.sleep(0.3)
        for i in range(4):
            new_certificate(folder, f"n{i}")
            event = gw.reload()  # looks that the new one is served
            if event is None or event["event"] != "reloaded":
                break
            time.sleep(0.1)
        ok(event is not None and event["event"] == "reloaded" and gw.fingerprint != before,
           "a new certificate is served after SIGHUP", event, "".join(gw.lines[-5:]))
        ok(gw.get("/livez", connection=kept).status == 200, "a connection from before goes on")
        (folder / "cert.pem").write_text("nonsense\n")
        event = gw.reload()
        ok(event is not None and event["event"].startswith("not reloaded") and gw.get("/livez").status == 200,
           "a certificate that does not read is refused, and the old one stays", event)
        time.sleep(0.2)
        load.end()
        ok(not load.troubles and load.answers > 50, f"no request was dropped meanwhile ({load.answers} answers)", *load.troubles[:5])


SETTINGS = """tls: {{ certificate = "{folder}/cert.pem"; key = "{folder}/key.pem"; }};
{rest}
"""


def write_settings(gw, folder, rest=""):
    gw.config.write_text(SETTINGS.format(folder=folder, rest=rest))


def events(gw, after, name):
    return [one for one in gw.events[after:] if one["event"] == name]


def check_reload_settings():
    """Each setting that is taken while it runs, seen in what each process does, under load, on connections from before."""
    folder = rig.TEMP / "tls-settings"
    folder.mkdir()
    new_certificate(folder, "settings")
    with rig.Gateway(HOME, SETTINGS.format(folder=folder, rest="")) as gw:
        load = Load(gw, 3)
        kept = gw.connection()
        before = gw.pids()
        ok(gw.get("/metrics", connection=kept).status == 200, "/metrics is open to this machine")
        write_settings(gw, folder, 'metrics: { from = "192.0.2.1"; };\nurl = "https://other.example";\nlog: { level = "debug"; };\n')
        event = gw.reload()
        ok(event is not None and event["event"] == "reloaded", "settings are read again", event, "".join(gw.lines[-5:]))
        ok(gw.get("/metrics", connection=kept).status == 403, "the front has the new ones, on a connection from before")
        ok("https://other.example" in gw.get("/.well-known/authzen-configuration", connection=kept).text, "and the new url")
        write_settings(gw, folder, "")
        gw.reload()
        ok(gw.get("/metrics", connection=kept).status == 200 and gw.url in gw.get("/.well-known/authzen-configuration", connection=kept).text,
           "what is left out is as without it")
        write_settings(gw, folder, 'front: { proxies = ["127.0.0.1"]; };\nmetrics: { from = "192.0.2.9"; };\n')
        gw.reload()
        seen = gw.get("/metrics", connection=kept, headers={"X-Forwarded-For": "192.0.2.9"}).status
        ok(seen == 200 and gw.get("/metrics", connection=kept).status == 403, "a proxy is believed from now on", seen)
        write_settings(gw, folder, "")
        gw.reload()
        wrong_settings(gw, folder, kept)
        after_restart(gw, folder)
        time.sleep(0.2)
        load.end()
        ok(not load.troubles and load.answers > 50, f"no request was dropped by any of it ({load.answers} answers)", *load.troubles[:5])
        limits(gw, folder, kept)
        ok(gw.pids() == before and gw.stop() == 0, "the same processes all the time, and it stops as it should", "".join(gw.lines[-5:]))


def wrong_settings(gw, folder, kept):
    after = len(gw.events)
    write_settings(gw, folder, 'lisen = "x";\nlimits: { head_s = 0; };\nmetrics: { from = ["127.0.0.1", "nonsense", "0:0::1"]; };\n'
                   'front: { proxies = "localhost"; };\nurl = "http://x";\nlog: { level = "debug"; };\n'
                   'doors: { routes = (\n { channel = "web"; at = "/a"; topic = "x"; },\n { channel = "pigeon"; at = "/b"; topic = "x"; } ); };\n'
                   'listen = ["127.0.0.1"];\n')
    event = gw.reload()
    said = [one["why"] for one in events(gw, after, "wrong setting")] + [event["why"]]
    lines = {int(re.search(r"\.conf:(\d+):", one).group(1)) for one in said}
    ok(event["event"].startswith("not reloaded") and lines == {2, 3, 4, 5, 6, 10, 11} and len(said) == 8,
       "of a wrong file each wrong setting is named with its line", said)
    ok(gw.get("/metrics", connection=kept).status == 200 and gw.get("/livez").status == 200, "and nothing of it is taken")
    new_certificate(folder, "changed")
    (folder / "key.pem").write_text("nonsense")
    write_settings(gw, folder, 'metrics: { from = "192.0.2.1"; };\n')
    event = gw.reload()
    ok(event["event"].startswith("not reloaded") and gw.get("/metrics", connection=kept).status == 200,
       "good settings with a certificate that does not read: neither is taken", event)
    new_certificate(folder, "good")
    gw.config.unlink()
    event = gw.reload()
    ok(event["event"].startswith("not reloaded") and gw.config.name in event["why"], "no file: all stays", event)
    write_settings(gw, folder, f'fetch: {{ ca = "{folder}/none.pem"; }};\n')
    event = gw.reload()
    ok(event["event"].startswith("not reloaded") and "fetch.ca: cannot read" in event["why"], "authorities that are not there", event)


def after_restart(gw, folder):
    after = len(gw.events)
    write_settings(gw, folder, 'home = "/nowhere";\nfront: { loops = 3; };\ndoors: { policy = "127.0.0.1:1"; };\n' +
                   "# " + "a comment of some length " * 12000 + "\n")  # in more than one piece
    event = gw.reload()
    late = events(gw, after, "changed, and takes effect after a restart")
    ok(event["event"] == "reloaded" and [one["settings"] for one in late] == ["front.loops, doors.policy"],
       "what wants a restart is named in one line; --home comes before the file still", event, late)
    after = len(gw.events)
    path = folder / "ca.pem"
    path.write_text((folder / "cert.pem").read_text())
    write_settings(gw, folder, f'fetch: {{ ca = "{path}"; }};\n')
    event = gw.reload()
    late = events(gw, after, "changed, and takes effect after a restart")
    ok(event["event"] == "reloaded" and (SANITIZED or [one["settings"] for one in late] == ["fetch.ca"]),
       "authorities out of the keeper's reach: after a restart, and it says so", event, late)
    after = len(gw.events)
    readable = next(pathlib.Path("/etc/ssl/certs").glob("*.pem"), None) or next(pathlib.Path("/etc/ssl/certs").glob("*.crt"))
    write_settings(gw, folder, f'fetch: {{ ca = "{readable}"; }};\n')
    event = gw.reload()
    ok(event["event"] == "reloaded" and not events(gw, after, "changed, and takes effect after a restart"),
       "those in /etc are taken at once", event)


def limits(gw, folder, kept):
    write_settings(gw, folder, "limits: { calls_per_s = 1; calls_burst = 2; per_address = 3; idle_s = 1; };\n")
    gw.reload()
    statuses = [evaluate(gw, f"r-limit-{n}", TOKEN, kept).status for n in range(8)]
    ok(429 in statuses, "the keeper has the new limits of calls", statuses)
    more = []
    try:
        for _ in range(8):  # each of two loops has its three
            more.append(gw.connection(timeout=5))
            more[-1].connect()
            refused = False
    except OSError:
        refused = True
    ok(refused, "and the front those of connections")
    for one in more:
        one.close()
    write_settings(gw, folder, "")
    gw.reload()
    time.sleep(1.1)
    statuses = [evaluate(gw, f"r-limit-again-{n}", TOKEN).status for n in range(8)]
    ok(set(statuses) == {200}, "and both as before when they are taken back", statuses)


def check_graceful_stop():
    with rig.Gateway(HOME) as gw:
        answers, refused, broken = [], [], []
        stop = threading.Event()

        def client(i):
            n = 0
            while not stop.is_set():
                n += 1
                connection = gw.connection(timeout=15)
                try:
                    connection.connect()
                except OSError as trouble:
                    refused.append(repr(trouble))
                    return
                try:
                    answers.append(evaluate(gw, f"r-stop-{i}-{n}", TOKEN, connection).status)
                except http.client.RemoteDisconnected:
                    refused.append("closed before the request was read")
                except Exception as trouble:  # noqa: BLE001
                    refused.append(repr(trouble)) if isinstance(trouble, (ConnectionError, ssl.SSLError)) else broken.append(repr(trouble))
                finally:
                    connection.close()
        with concurrent.futures.ThreadPoolExecutor(8) as pool:
            clients = [pool.submit(client, i) for i in range(8)]
            time.sleep(0.5)
            began = time.monotonic()
            status = gw.stop()
            took = time.monotonic() - began
            stop.set()
            concurrent.futures.wait(clients)
        ok(status == 0 and took < 10, f"stopped under load in {took:.1f} s: exit 0", "".join(gw.lines[-5:]))
        ok(answers and all(one == 200 for one in answers) and not broken, f"what was answered was answered whole ({len(answers)})",
           set(answers), *broken[:5])


def check_killed(which):
    with rig.Gateway(HOME) as gw:
        os.kill(gw.pids()[which], signal.SIGKILL)
        try:
            status = gw.process.wait(15)
        except subprocess.TimeoutExpired:
            status = None
        said = "".join(gw.lines)
        ok(status == 70 and which in said and "signal 9" in said, f"the {which} is killed: the daemon ends with a clear message", status, said)


def journal_size():
    """As the home itself has it, checked: every entry under its checkpoint, all private fields as committed."""
    done = rig.tool(HOME, "log", "verify", "--json", must=False)
    return done


def check_nothing_lost():
    """Killed while it answers: every decision that was told stands in the journal."""
    told = []
    for turn in range(2):
        gw = rig.Gateway(HOME)

        def client(i):
            try:
                connection = gw.connection(timeout=10)
                for n in range(100000):
                    report = f"r-kill-{turn}-{i}-{n}"
                    answer = evaluate(gw, report, TOKEN, connection)
                    if answer.status == 200:
                        told.append(answer.json()["context"]["journal"])
            except Exception:  # noqa: BLE001: it was killed
                return
        threads = [threading.Thread(target=client, args=(i,)) for i in range(8)]
        for thread in threads:
            thread.start()
        time.sleep(0.7)
        gw.kill()
        for thread in threads:
            thread.join()
    with rig.Gateway(HOME) as gw:
        size = gw.get("/healthz").json()["journal_size"]
        ok(len(told) > 50 and len(set(told)) == len(told) and max(told) < size,
           f"killed in the middle: all {len(told)} entries that were told are there ({size})", max(told), size)
    done = rig.tool(HOME, "log", "verify", must=False)
    ok(done.status == 0, "and the logs verify", done)


# ---- floods and limits ----

def check_bad_credentials():
    settings = "limits: { logins_per_s = 20; logins_burst = 40; };\n"
    with rig.Gateway(HOME, settings) as gw:
        evaluate(gw, "r-flood", TOKEN)
        size = gw.get("/healthz").json()["journal_size"]
        memory = gw.memory_kb()
        statuses = {}

        def client(i):
            connection = gw.connection()
            for n in range(150):
                how = {"token": f"pvt1_{i:03}{n:040}"} if n % 3 else {"user": (f"user{i}", f"password{n}")}
                answer = gw.get("/api/v1/status", connection=connection, **how)
                statuses[answer.status] = statuses.get(answer.status, 0) + 1
                if answer.status == 429 and "Retry-After" not in answer.headers:
                    statuses["no Retry-After"] = 1
        with concurrent.futures.ThreadPoolExecutor(8) as pool:
            list(pool.map(client, range(8)))
        ok(set(statuses) <= {401, 429} and statuses.get(401, 0) > 10 and statuses.get(429, 0) > 100,
           f"a flood of bad credentials: 401, then 429 with Retry-After {statuses}", statuses)
        time.sleep(1.2)  # /healthz may be a second old
        after = gw.get("/healthz").json()["journal_size"]
        ok(after == size, "nothing of it is journalled", size, after)
        grown = gw.memory_kb() - memory
        ok(grown < 8192 or SANITIZED, f"memory is back to where it was ({grown} KiB more)")
        ok(gw.get("/api/v1/status", token=TOKEN).status in (200, 429), "who is known gets through again")


def check_rate_limits():
    settings = "limits: { calls_per_s = 5; calls_burst = 8; };\n"
    with rig.Gateway(HOME, settings) as gw:
        connection = gw.connection()
        answers = [evaluate(gw, f"r-rate-{n}", TOKEN, connection) for n in range(30)]
        limited = [one for one in answers if one.status == 429]
        ok(8 <= 30 - len(limited) <= 14 and all(one.headers["Retry-After"] == "1" for one in limited),
           f"a caller who asks too often: 429 and when to come again ({30 - len(limited)} of 30 went through)", limited[:1])
        time.sleep(1.2)
        ok(evaluate(gw, "r-rate-later", TOKEN, connection).status == 200, "and is served again a second later")


def check_leaving_clients():
    """Clients that ask and leave at once."""
    with rig.Gateway(HOME) as gw:
        body = json.dumps({"subject": {"type": "party", "id": "co"}, "action": {"name": "open"}, "resource": {"type": "report", "id": "r-gone"}})
        for n in range(60):
            connection = gw.connection()
            connection.connect()
            connection.sock.sendall((f"POST /access/v1/evaluation HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer {TOKEN}\r\n"
                                     f"Content-Type: application/json\r\nContent-Length: {len(body)}\r\n\r\n{body}").encode())
            if n % 2:
                connection.sock.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, b"\1\0\0\0\0\0\0\0")
            connection.sock.close()
        ok(evaluate(gw, "r-after", TOKEN).status == 200, "clients that left before their answer harm nobody")
        ok(gw.process.poll() is None and gw.stop() == 0, "and it stops as it should", "".join(gw.lines))


def check_stuck_keeper():
    """A keeper that is stopped for a while, as by a slow disk: nothing else waits, and what came too much is told to come again."""
    settings = "front: { loops = 1; };\nlimits: { quick_waiting = 4; };\n"
    with rig.Gateway(HOME, settings) as gw:
        evaluate(gw, "r-before", TOKEN)
        keeper = gw.pids()["keeper"]
        os.kill(keeper, signal.SIGSTOP)
        try:
            with concurrent.futures.ThreadPoolExecutor(24) as pool:
                waiting = [pool.submit(evaluate, gw, f"r-stuck-{n}", TOKEN) for n in range(24)]
                time.sleep(0.7)
                began = time.monotonic()
                alive = gw.get("/livez")
                ok(alive.status == 200 and time.monotonic() - began < 0.5 and not any(one.done() for one in waiting),
                   "requests that wait for the keeper block no loop", alive)
                time.sleep(5)
                began = time.monotonic()
                health = gw.get("/healthz")
                ok(health.status == 503 and "keeper" in health.text and time.monotonic() - began < 0.5, "/healthz says closed at once", health)
                os.kill(keeper, signal.SIGCONT)
                answers = [one.result() for one in waiting]
        finally:
            os.kill(keeper, signal.SIGCONT)
        statuses = sorted(one.status for one in answers)
        down = [one for one in answers if one.status == 503]
        ok(statuses[:4] == [200] * 4 and set(statuses) == {200, 503} and all("Retry-After" in one.headers for one in down),
           f"then as many as the queue holds are answered, the others told to come again {statuses.count(200)}/{len(down)}", statuses)
        ok(evaluate(gw, "r-later", TOKEN).status == 200, "and all goes on")


def check_other_process():
    """What the tool writes while the daemon runs is seen by it at once."""
    with rig.Gateway(HOME) as gw:
        before = gw.get("/api/v1/status", token=TOKEN).json()["agreements"]
        rig.apply(HOME, rig.agreement("a-other", "co", "us.coast-guard", ["law.interdict"]))
        after = gw.get("/api/v1/status", token=TOKEN).json()["agreements"]
        ok(after == before + 1, "an act of the tool holds in the daemon at once", before, after)
        extra = rig.token(HOME, "co", "analyst")
        ok(gw.get("/api/v1/whoami", token=extra).status == 200, "and so does a token that it made")


# ---- disks ----

def check_read_only_home():
    home = rig.copy(HOME, "read-only")
    if os.geteuid() == 0:
        done = subprocess.run(["mount", "--bind", "-o", "ro", str(home), str(home)], capture_output=True)
        done2 = subprocess.run(["mount", "-o", "remount,bind,ro", str(home)], capture_output=True)
        if done.returncode != 0 or done2.returncode != 0:
            subprocess.run(["umount", str(home)], capture_output=True)
            t.skip("a read-only home", "nothing can be mounted here")
            return
    else:
        for path in (home, *home.rglob("*")):
            path.chmod(0o500 if path.is_dir() else 0o400)
    try:
        done = provisod("--home", home, "--listen", "127.0.0.1:0")
        ok(done.status == 3 and f"cannot write in {home}" in done.err,
           "a read-only home: it does not start, and says so", done)
    finally:
        if os.geteuid() == 0:
            subprocess.run(["umount", str(home)], capture_output=True)
        else:
            for path in (home, *home.rglob("*")):
                path.chmod(0o700 if path.is_dir() else 0o600)


def check_full_disk():
    place = rig.TEMP / "small"
    place.mkdir()
    if os.geteuid() != 0 or subprocess.run(["mount", "-t", "tmpfs", "-o", "size=32m", "tmpfs", str(place)], capture_output=True).returncode != 0:
        t.skip("a full disk", "nothing can be mounted here")
        return
    try:
        subprocess.run(["cp", "-a", str(HOME), str(place / "home")], check=True)
        with rig.Gateway(place / "home") as gw:
            ok(evaluate(gw, "r-room", TOKEN).status == 200, "with room it answers")
            with open(place / "filler", "wb", buffering=0) as filler:
                try:
                    while True:
                        filler.write(b"\0" * 4096)
                except OSError:
                    pass
            worst, answer = 200, None
            for n in range(400):
                answer = evaluate(gw, f"r-full-{n}", TOKEN)
                if answer.status != 200:
                    break
            ok(answer.status in (500, 503), "on a full disk nothing is decided", answer)
            until = time.monotonic() + 5  # the line is on its way
            while not any("space" in one or "full" in one for one in gw.lines) and time.monotonic() < until:
                time.sleep(0.02)
            said = "".join(gw.lines)
            ok("space" in said or "full" in said, "and its log says which", said[-1500:])
            ok(gw.get("/livez").status == 200 and gw.process.poll() is None, "the daemon stays")
            (place / "filler").unlink()
            time.sleep(0.3)
            ok(evaluate(gw, "r-room-again", TOKEN).status == 200, "and answers again when there is room", gw.lines[-3:])
    finally:
        subprocess.run(["umount", "-l", str(place)], capture_output=True)


def main():
    if not rig.proc_is_ours():
        print("1..0 # SKIP /proc is not of our process namespace here: the daemon's processes cannot be looked at")
        return
    check_command_line()
    check_where()
    check_wrong_settings()
    check_settings_page()
    check_start()
    check_notify()
    check_reload()
    check_reload_settings()
    check_graceful_stop()
    check_killed("keeper")
    check_killed("front")
    check_nothing_lost()
    check_bad_credentials()
    check_rate_limits()
    check_leaving_clients()
    check_stuck_keeper()
    check_other_process()
    check_read_only_home()
    check_full_disk()
    t.done()


main()

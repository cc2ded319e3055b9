#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""
The demo as a person starts it, and the example that stays for clients of one's own: every line of demo.env is used.
usage: demo.py play | stay
"""
import base64
import json
import os
import pathlib
import shlex
import signal
import ssl
import subprocess
import sys
import tempfile
import threading
import urllib.error
import urllib.request

PROVISO = os.environ["PROVISO"]
EXAMPLE = pathlib.Path(os.environ["PROVISO_DATA"]) / "examples" / "caribbean"
count = failed = 0


def ok(good, name, *notes):
    global count, failed
    count += 1
    failed += 0 if good else 1
    print(f"{'ok' if good else 'not ok'} {count} - {name}", flush=True)
    for note in () if good else notes:
        for line in str(note).splitlines()[-40:]:
            print("#   " + line, flush=True)
    return good


def environment():
    return {k: v for k, v in os.environ.items() if not k.startswith("PROVISO_") or k == "PROVISO_DATA"}


def play():
    done = subprocess.run([PROVISO, "demo"], env=environment(), stdin=subprocess.DEVNULL, text=True, capture_output=True, timeout=500)
    ok(done.returncode == 0, "the demo plays to its end", done.stdout, done.stderr)
    for words in ("== Four agencies, four homes", "== Gateways of four states", "== Every way there is, before the order", "== One order",
                  "refused  suspended by order o-0031", "refused  Order o-0031 of co stops all of it.", "refused  no fresh proof of the orders", "refused  restricted by order o-0007",
                  "GOOD: nothing was changed", "TAMPERED: this is not the log that was signed"):
        ok(words in done.stdout, f"it shows: {words}", done.stdout)
    ok("this should have been" not in done.stdout, "every door answers as it should")


def read_env(path):
    """As a shell reads it."""
    out = subprocess.run(["sh", "-c", f'set -a; . "{path}"; env -0'], env={"PATH": os.environ["PATH"]}, capture_output=True, check=True).stdout
    return dict(line.split("=", 1) for line in out.decode().split("\0") if "=" in line)


class Client:
    def __init__(self, env):
        self.env, self.context = env, ssl.create_default_context(cafile=env["PROVISO_CA"])

    def ask(self, url, body=None, token=None, user=None, accept=None):
        headers = {"Content-Type": "application/json"}
        if token:
            headers["Authorization"] = "Bearer " + token
        if user:
            headers["Authorization"] = "Basic " + base64.b64encode(user.encode()).decode()
        if accept:
            headers["Accept"] = accept
        try:
            with urllib.request.urlopen(urllib.request.Request(url, body, headers), context=self.context, timeout=30) as answer:
                return answer.status, answer.read()
        except urllib.error.HTTPError as e:
            return e.code, e.read()


def door(env, *words):
    done = subprocess.run([sys.executable, str(EXAMPLE / "doors.py"), *words], env={**environment(), "PROVISO_CA": env["PROVISO_CA"], "PYTHONDONTWRITEBYTECODE": "1"},
                          text=True, capture_output=True, timeout=60)
    return done.stdout + done.stderr


def command(text, *words):
    return subprocess.run([*shlex.split(text), *words], env=environment(), stdin=subprocess.DEVNULL, text=True, capture_output=True, timeout=60)


def taxii(c, env):
    accept = "application/taxii+json;version=2.1"
    status, body = c.ask(env["TAXII_DISCOVERY"], user=f"{env['TAXII_USER']}:{env['TAXII_PASS']}", accept=accept)
    roots = json.loads(body).get("api_roots", [])
    ok(status == 200 and len(roots) == 1, "TAXII_USER sees one API root", body)
    status, body = c.ask(roots[0] + "collections/", user=f"{env['TAXII_USER']}:{env['TAXII_PASS']}", accept=accept)
    first = json.loads(body)["collections"]
    rights = {(one["can_read"], one["can_write"]) for one in first}
    ok(rights == {(True, True), (True, False), (False, True), (False, False)}, "with collections to read and write, to read, to write, and a forbidden one", body)
    status, body = c.ask(roots[0] + "collections/", user=f"{env['TAXII_USER2']}:{env['TAXII_PASS2']}", accept=accept)
    second = json.loads(body)["collections"]
    ok(status == 200 and len(second) < len(first) and not any(one["can_write"] for one in second), "TAXII_USER2 has fewer rights", body)
    ok(c.ask(env["TAXII_DISCOVERY"], accept=accept)[0] == 401, "and nobody has none")


def tdf(env):
    url = env["PROVISO_URL"]
    for name in ("TDF_SAMPLE", "TDF_SAMPLE_HEX"):
        ok(door(env, "tdf", url, env["TDF_TOKEN"], env[name]).startswith("open"), f"TDF_TOKEN is given the key of {name}")
        ok(door(env, "tdf", url, env["TDF_TOKEN_OTHER"], env[name]).startswith("refused"), "and TDF_TOKEN_OTHER is not")
    halted = command(env["HALT_CMD"])
    ok(halted.returncode == 0, "HALT_CMD stops it", halted.stdout, halted.stderr)
    said = door(env, "tdf", url, env["TDF_TOKEN"], env["TDF_SAMPLE"])
    ok(said.startswith("refused") and "suspended by order" in said, "then the key is refused, and the order named", said)
    ok(command(env["RESUME_CMD"]).returncode == 0, "RESUME_CMD resumes it")
    ok(door(env, "tdf", url, env["TDF_TOKEN"], env["TDF_SAMPLE"]).startswith("open"), "and it is given again")
    refused = command(env["TDF_REGISTER_CMD"], env["TDF_SAMPLE"])
    ok(refused.returncode == 2, "TDF_REGISTER_CMD refuses a file that is ours already", refused.stdout, refused.stderr)


def others(c, env):
    ask = {"subject": {"type": "user", "id": "alice"}, "action": {"name": "read"}, "resource": {"type": "record", "id": "record-1"}}
    status, body = c.ask(env["AUTHZEN_URL"] + "/access/v1/evaluation", json.dumps(ask).encode(), env["AUTHZEN_TOKEN"])
    ok(status == 200 and json.loads(body)["decision"] is True, "AUTHZEN_TOKEN asks the tenant of the certification scenario", body)
    for log in ("ORDER_LOG", "JOURNAL"):
        status, body = c.ask(env[log + "_URL"] + "/checkpoint")
        ok(status == 200 and body.decode().startswith(env[log + "_VKEY"].split("+")[0] + "\n"), f"{log}_URL is a log, {log}_VKEY its key")
        status, line = c.ask(env["WITNESS_URL"] + "/add-checkpoint", b"old 0\n\n" + body)
        ok(status == 200 and line.decode().split(" ")[1] == env["WITNESS_VKEY"].split("+")[0], "and WITNESS_URL cosigns it", line)
    status, body = c.ask(env["PROVISO_URL"] + "/api/v1/whoami", token=env["OVERSEER_TOKEN"])
    ok(status == 200 and "overseer" in body.decode(), "OVERSEER_TOKEN is an overseer's", body)
    ok(c.ask(env["KAS_URL"] + "/kas_public_key")[0] == 200, "KAS_URL has a key")


def stay():
    with tempfile.TemporaryDirectory(prefix="proviso-stay-") as folder:
        process = subprocess.Popen([PROVISO, "demo", "--stay"], env=environment(), cwd=folder, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE,
                                   stderr=subprocess.STDOUT, text=True, start_new_session=True)
        timer = threading.Timer(400, lambda: os.killpg(process.pid, signal.SIGKILL))
        timer.start()
        said = []
        try:
            for line in process.stdout:
                said.append(line)
                if line.strip() == "ready":
                    break
            if not ok(said and said[-1].strip() == "ready", "the example stays", "".join(said)):
                return
            env = read_env(pathlib.Path(folder) / "demo.env")
            client = Client(env)
            taxii(client, env)
            tdf(env)
            others(client, env)
            os.killpg(process.pid, signal.SIGTERM)
            process.wait(30)
            ok(not pathlib.Path(env["TDF_SAMPLE"]).exists(), "ended, it leaves nothing behind")
        finally:
            timer.cancel()
            try:
                os.killpg(process.pid, signal.SIGKILL)
            except ProcessLookupError:
                pass


{"play": play, "stay": stay}[sys.argv[1]]()
print(f"1..{count}")
sys.exit(1 if failed else 0)

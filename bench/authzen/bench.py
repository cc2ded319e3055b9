#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""
AuthZEN over HTTPS, decided and durably journalled: single evaluations, and batches of 100 about one report and about 100
different ones, with wrk as the client on the same machine. Beside it in the same run, turn by turn: an OPA server, a Go
module, which keeps no journal.

    bench.py OPA_FOLDER BUILD_FOLDER [SECONDS]
"""
import json
import os
import pathlib
import re
import shutil
import subprocess
import sys
import time

import fixture
from fixture import rig

SECONDS = int(sys.argv[3]) if len(sys.argv) > 3 else 5
SETTINGS = "limits: { calls_per_s = 1000000; calls_burst = 1000000; per_address = 4096; quick_waiting = 8192; };\n"
SUBJECT, READ = {"type": "user", "id": "alice"}, {"name": "read"}


def record(i):
    return {"type": "record", "id": f"record-{i}"}


ONE = {"subject": SUBJECT, "action": READ, "resource": record(1)}
SAME = {"action": READ, "resource": record(1), "evaluations": [{"subject": {"type": "user", "id": "alice" if i % 2 else "bob"}} for i in range(100)]}
MANY = {"subject": SUBJECT, "action": READ, "evaluations": [{"resource": record(i + 1)} for i in range(100)]}


DATA = {"parties": {u: ["cert", "cert.user", f"cert.user.{u}"] for u in ("alice", "bob")}, "suspended": {},
        "reports": {f"record-{i}": {"topic": "archived" if i == 2 else "active"} for i in range(1, 101)},
        "agreements": {"cert.user": {"read": [{}]}, "cert.user.alice": {"write": [{"topic": "active"}], "delete.soft-true": [{"topic": "active"}]}}}


def wrk(url, body, headers):
    lua = rig.TEMP / "ask.lua"
    lines = "".join(f'wrk.headers["{k}"] = "{v}"\n' for k, v in headers.items())
    lua.write_text(f'wrk.method = "POST"\nwrk.headers["Content-Type"] = "application/json"\n{lines}wrk.body = [[{json.dumps(body)}]]\n')
    out = subprocess.run(["wrk", "-t1", "-c64", f"-d{SECONDS}s", "--latency", "-s", str(lua), url], capture_output=True, text=True).stdout
    if "Non-2xx" in out:
        raise AssertionError(out)
    return float(re.search(r"Requests/sec:\s+([\d.]+)", out).group(1)), re.search(r"99%\s+(\S+)", out).group(1)


def seconds_of(pids):
    tick = os.sysconf("SC_CLK_TCK")
    return sum(int(x) for pid in pids for x in pathlib.Path(f"/proc/{pid}/stat").read_text().rsplit(")", 1)[1].split()[11:13]) / tick


def measure(name, who, url, body, headers, pids, each):
    before = seconds_of(pids)
    rate, p99 = wrk(url, body, headers)
    used = (seconds_of(pids) - before) / (rate * SECONDS * each) * 1e6
    print(f"{name:34} {who:8} {rate:9,.0f} requests/s {rate * each:10,.0f} decisions/s   p99 {p99:>9}   {used:7.1f} us of processor a decision   "
          f"load {os.getloadavg()[0]:.1f}", flush=True)


def opa(source, build):
    """The program, built once; None, and why."""
    if shutil.which("go") is None:
        return None, "Go is not installed"
    program = pathlib.Path(build) / "opa"
    if not program.exists():
        print("building OPA (once; minutes) ...", flush=True)
        done = subprocess.run(["go", "build", "-o", str(program), "github.com/open-policy-agent/opa"], cwd=source, capture_output=True, text=True,
                              env={**os.environ, "GOFLAGS": "-mod=readonly"})
        if done.returncode != 0:
            return None, done.stderr.strip().splitlines()[-1] if done.stderr else "it does not build"
    return program, None


class Opa:
    def __init__(self, program, source):
        (cert, key), _ = rig.certificate("opa")
        self.port = 18181 + os.getpid() % 1000
        data = rig.TEMP / "data.json"
        data.write_text(json.dumps(DATA))
        self.process = subprocess.Popen([str(program), "run", "--server", "--addr", f"127.0.0.1:{self.port}", "--tls-cert-file", cert,
                                         "--tls-private-key-file", key, "--log-level", "error", str(pathlib.Path(source) / "policy.rego"), str(data)],
                                        stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        self.url = f"https://127.0.0.1:{self.port}/v1/data/authz/"
        for _ in range(200):
            done = subprocess.run(["curl", "-sk", self.url + "allow", "-d", json.dumps({"input": ONE})], capture_output=True, text=True)
            if done.returncode == 0:
                break
            time.sleep(0.05)
        assert json.loads(done.stdout)["result"] is True, done.stdout
        many = subprocess.run(["curl", "-sk", self.url + "many", "-d", json.dumps({"input": MANY})], capture_output=True, text=True).stdout
        assert [one["decision"] for one in json.loads(many)["result"]] == [True] * 100, many

    def stop(self):
        self.process.terminate()
        self.process.wait(10)


if shutil.which("wrk") is None:
    print("wrk is not installed (Debian: wrk): nothing is measured")
    raise SystemExit(0)
home = fixture.make()
for i in range(3, 101):
    fixture.share(home, f"record-{i}", "active")
token = fixture.token(home)
program, why = opa(sys.argv[1], sys.argv[2])
peer = None
with rig.Gateway(home, SETTINGS) as gw:
    answer = gw.post("/access/v1/evaluations", MANY, token=token).json()
    assert [one["decision"] for one in answer["evaluations"]] == [True] * 100, answer
    try:
        if program is None:
            print(f"no OPA beside it: {why}")
        else:
            peer = Opa(program, sys.argv[1])
        for name, path, theirs, body, each in (("one", "evaluation", "allow", ONE, 1), ("100 about one report", "evaluations", "many", SAME, 100),
                                               ("100 about 100 reports", "evaluations", "many", MANY, 100)):
            measure(name, "proviso", f"{gw.url}/access/v1/{path}", body, {"Authorization": f"Bearer {token}"}, list(gw.pids().values()), each)
            if peer is not None:
                measure(name, "OPA", peer.url + theirs, {"input": body}, {}, [peer.process.pid], each)
    finally:
        if peer is not None:
            peer.stop()

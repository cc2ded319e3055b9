#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""
Pages of 100 STIX objects over HTTPS, decided and journalled: the first page and one deep in, in collections of growing
size (wrk, 8 connections), and what they cost keeper and front. Beside it in the same run medallion, the OASIS server,
with its memory backend and 300 objects, over plain HTTP.

    bench.py FOLDER [SECONDS [SIZE...]]      medallion is installed into FOLDER, once
"""
import base64
import json
import os
import pathlib
import re
import shutil
import socket
import subprocess
import sys
import time
import urllib.request
import venv

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[2] / "tests" / "interop" / "taxii"))
import world  # noqa: E402
from world import READ, ROOT, TYPE, Client, indicator  # noqa: E402

FOLDER = pathlib.Path(sys.argv[1])
SECONDS = int(sys.argv[2]) if len(sys.argv) > 2 else 5
SIZES = [int(n) for n in sys.argv[3:]] or [1000, 10000, 100000]
TEXT = "Seen at dusk, two outboard engines, no flag. " * 22


def wrk(url, auth, connections=8):
    out = subprocess.run(["wrk", "-t1", f"-c{connections}", f"-d{SECONDS}s", "--timeout", "60s", "--latency", "-H", f"Authorization: Basic {auth}",
                          "-H", f"Accept: {TYPE}", url], capture_output=True, text=True).stdout
    done = int(re.search(r"(\d+) requests in", out).group(1))
    rate = float(re.search(r"Requests/sec:\s+([\d.]+)", out).group(1))
    p99 = re.search(r"99%\s+(\S+)", out)
    bad = re.search(r"Non-2xx.*", out)
    return done, rate, (p99.group(1) if p99 else "-") + (f" {bad.group(0)}" if bad else "")


def cpu(pid):
    return sum(map(int, open(f"/proc/{pid}/stat").read().rsplit(")", 1)[1].split()[11:13])) * 1000 / os.sysconf("SC_CLK_TCK")


def measure(what, url, auth, pids, connections=8):
    before = {k: cpu(p) for k, p in pids.items()}
    done, rate, p99 = wrk(url, auth, connections)
    cost = ", ".join(f"{k} {(cpu(p) - before[k]) / max(done, 1):.2f}" for k, p in pids.items())
    print(f"{what:44} {rate:8.1f}/s   p99 {p99:>9}   CPU ms a page: {cost}", flush=True)


def ours():
    w = world.World()
    auth = base64.b64encode(":".join(w.user).encode()).decode()
    have = 0
    with w.gateway() as gw:
        own, c = Client(gw, w.own), Client(gw, w.user)
        for size in SIZES:
            begun, before = time.monotonic(), have
            while have < size:
                n = min(2000, size - have)
                status = own.push(READ, *[indicator(marking=None, description=TEXT) for _ in range(n)]).json()
                assert status["success_count"] == n, status
                have += n
            rate = (have - before) / (time.monotonic() - begun)
            base = f"{gw.url}{ROOT}collections/{READ}/objects/?limit=100"
            page = c.at(READ, "objects/?limit=100")
            print(f"-- {size} objects (taken in at {rate:.0f}/s by HTTPS), a page of {len(page.body)} bytes", flush=True)
            measure(f"first page of {size}", base, auth, gw.pids())
            deep = time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime(time.time() - 1)) if size < 3000 else None
            if deep is None:
                answer, after = page, page.headers["X-TAXII-Date-Added-Last"]
                for _ in range(size // 1000 // 2):
                    answer = c.at(READ, f"manifest/?limit=1000&added_after={after}")
                    after = answer.headers["X-TAXII-Date-Added-Last"]
                measure(f"a page in the middle of {size}", f"{base}&added_after={after}", auth, gw.pids())


def medallion():
    python = FOLDER / "venv" / "bin" / "python"
    if not (FOLDER / "installed").exists():
        try:
            venv.create(FOLDER / "venv", with_pip=True, clear=True)
            subprocess.run([python, "-m", "pip", "install", "-q", "--disable-pip-version-check", "medallion==3.0.0"], check=True, timeout=240)
        except (OSError, subprocess.SubprocessError):
            print("medallion cannot be installed: nothing is measured beside")
            return
        (FOLDER / "installed").touch()
    with socket.socket() as s:
        s.bind(("127.0.0.1", 0))
        port = s.getsockname()[1]
    collection = "91a7b528-80eb-42ed-a74d-c6fbd5a26116"
    objects = [indicator(description=TEXT) for _ in range(300)]
    manifest = [{"id": o["id"], "date_added": f"2026-01-01T00:00:{i / 10:09.6f}Z", "version": o["modified"],
                 "media_type": "application/stix+json;version=2.1"} for i, o in enumerate(objects)]
    data = {"/discovery": {"title": "peer", "default": f"http://127.0.0.1:{port}/api1/", "api_roots": [f"http://127.0.0.1:{port}/api1/"]},
            "api1": {"information": {"title": "peer", "versions": [TYPE], "max_content_length": 10485760}, "status": [],
                     "collections": [{"id": collection, "title": "peer", "can_read": True, "can_write": True,
                                      "media_types": ["application/stix+json;version=2.1"], "manifest": manifest, "objects": objects}]}}
    (FOLDER / "data.json").write_text(json.dumps(data))
    (FOLDER / "config.json").write_text(json.dumps({
        "backend": {"module": "medallion.backends.memory_backend", "module_class": "MemoryBackend", "filename": str(FOLDER / "data.json")},
        "users": {"peer": "peer"}, "taxii": {"max_content_length": 10485760, "max_page_size": 100}}))
    server = subprocess.Popen([FOLDER / "venv" / "bin" / "medallion", "--host", "127.0.0.1", "--port", str(port), FOLDER / "config.json"],
                              stdout=subprocess.DEVNULL, stderr=open(FOLDER / "log", "w"))
    try:
        auth = base64.b64encode(b"peer:peer").decode()
        url = f"http://127.0.0.1:{port}/api1/collections/{collection}/objects/?limit=100"
        until = time.monotonic() + 60
        while True:
            try:
                request = urllib.request.Request(url, headers={"Authorization": f"Basic {auth}", "Accept": TYPE})
                n = len(json.load(urllib.request.urlopen(request, timeout=60))["objects"])
                break
            except OSError as e:
                if time.monotonic() > until or server.poll() is not None:
                    print(f"medallion does not start here: {e}; nothing is measured beside")
                    return
                time.sleep(0.3)
        assert n == 100, n
        measure("medallion 3.0.0, first page of 300, memory", url, auth, {"server": server.pid}, connections=1)
    finally:
        server.terminate()
        server.wait()


if shutil.which("wrk") is None:
    print("wrk is not installed (Debian: wrk): nothing is measured")
    raise SystemExit(0)
FOLDER.mkdir(parents=True, exist_ok=True)
print(f"load average {open('/proc/loadavg').read().split()[0]}, {os.cpu_count()} processors")
ours()
medallion()
print(f"load average {open('/proc/loadavg').read().split()[0]}")

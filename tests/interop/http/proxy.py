#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""nginx before our server, by the recipe nginx.conf.in, TLS on both sides. What it forwards of hostile streams must be
what we read, request for request; and what people do through it must work.    proxy.py ECHO_SERVER    (TAP)"""
import os, shutil, socket, subprocess, sys, time

from hostile import AFTER, BAD, GOOD
from served import Server, end, hear, ok, ok_seen, skip, small

nginx = shutil.which("nginx") or shutil.which("/usr/sbin/nginx")
if nginx is None:
    skip("nginx is not installed (Debian: nginx-light)")


def free_port():
    with socket.socket() as s:
        s.bind(("127.0.0.1", 0))
        return s.getsockname()[1]


class Proxy:
    def __init__(self, server):
        self.folder, self.plain, self.tls = server.folder, free_port(), free_port()
        here = os.path.dirname(os.path.abspath(__file__))
        with open(os.path.join(here, "nginx.conf.in")) as f:
            text = f.read()
        for name, value in {"FOLDER": self.folder, "BACKEND": server.port, "PLAIN": self.plain, "TLS": self.tls,
                            "NAME": "localhost", "SCHEME": "https"}.items():
            text = text.replace(f"@{name}@", str(value))
        conf = os.path.join(self.folder, "nginx.conf")
        with open(conf, "w") as f:
            f.write(text)
        self.process = subprocess.Popen([nginx, "-c", conf, "-e", os.path.join(self.folder, "error.log"), "-g", "daemon off;"])
        for _ in range(200):
            try:
                socket.create_connection(("127.0.0.1", self.tls), 1).close()
                return
            except OSError:
                time.sleep(0.02)
        self.__exit__()
        raise SystemExit("Bail out! nginx does not start: " + self.text("error.log"))

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.process.terminate()
        try:
            self.process.wait(10)
        except subprocess.TimeoutExpired:
            self.process.kill()

    def text(self, name):
        try:
            with open(os.path.join(self.folder, name)) as f:
                return f.read()
        except FileNotFoundError:
            return ""

    def forwarded(self):
        """id -> "METHOD TARGET" of what our server answered, by nginx's log."""
        lines = [x.split() for x in self.text("access.log").splitlines()]
        return {x[0]: f"{x[3]} {x[4]}" for x in lines if x[2].startswith("[2")}


def arrived(server):
    """[(id, "METHOD TARGET")] as our server read them."""
    out = []
    for line in server.seen():
        words = line.split()
        ids = [w.split("=", 1)[1] for w in words if w.startswith("x-request-passed=")]
        out.append((ids[0] if len(ids) == 1 else None, f"{words[0]} {words[1]}"))
    return out


def through(server, proxy, stream):
    """What nginx says it forwarded, what we read; both forgotten afterwards."""
    with socket.create_connection(("127.0.0.1", proxy.plain), 5) as s:
        s.sendall(stream + AFTER)
        got = hear(s, 3)
    time.sleep(0.02)
    there, here = proxy.forwarded(), arrived(server)
    open(server.log, "w").close()
    open(os.path.join(proxy.folder, "access.log"), "w").close()
    ids = [i for i, _ in here]
    good = None not in ids and len(set(ids)) == len(ids) and dict(here) == there
    return good, here, (stream, got, there, here)


def hostile(server, proxy):
    reached = 0
    for name, stream in BAD.items():
        good, here, note = through(server, proxy, stream)
        ok(good, f"nginx forwards what we read: {name}", note)
        reached += len(here) > 0
    ok(reached > 0, f"{reached} of {len(BAD)} hostile streams reach us in part, read anew by nginx; the others it refuses")
    for name, (stream, want) in GOOD.items():
        good, here, note = through(server, proxy, stream)
        ok(good and [t.split()[1] for _, t in here] == want, f"nginx forwards what we read: {name}", note)


def curl(proxy, *args, data=None):
    base = ["curl", "-sS", "--max-time", "20", "--cacert", os.path.join(proxy.folder, "cert.pem")]
    return subprocess.run(base + [str(a) for a in args], input=data, stdout=subprocess.PIPE, stderr=subprocess.STDOUT).stdout


def ordinary(server, proxy):
    url = f"https://localhost:{proxy.tls}"
    got = curl(proxy, "--http2", "-w", " %{http_version}", url + "/hello")
    ok(got == b"hello\n 2" or got == b"hello\n 1.1", "a GET, by HTTP/2 where curl has it", got)
    got = curl(proxy, "--data-binary", "@-", url + "/collect", data=b"x" * 100000)
    ok(got == b"x" * 100000, "a body there and back", got[:200])
    got = curl(proxy, "-T", "-", url + "/sum", data=b"x" * 3000000)
    ok(got.startswith(b"3000000 "), "a body without a length", got[:200])
    got = curl(proxy, url + "/pieces", "-o", "-")
    ok(got == b"one\ntwo\nthree\n", "an answer in pieces", got)
    got = curl(proxy, url + "/big?5000000")
    ok(len(got) == 5000000, "a large answer", len(got))
    got = curl(proxy, "-I", url + "/hello")
    ok(b"content-length: 6" in got.lower(), "HEAD", got)
    before = server.peak_kib()
    large = os.path.join(proxy.folder, "large")
    with open(large, "wb") as f:
        f.truncate(64 << 20)
    got = curl(proxy, "-T", large, url + "/sum")
    grown = server.peak_kib() - before
    ok(got.startswith(b"67108864 "), "64 MiB go up", got[:200])
    ok_seen(small(grown, 4096), f"and our memory grows by {grown} KiB")
    got = curl(proxy, "-T", large, url + "/collect", "-w", "%{http_code}")
    ok(got.endswith(b"413"), "a body over the limit: 413 reaches the client", got[:300])


def leaving(server, proxy):
    url = f"https://localhost:{proxy.tls}/wait"
    waiting = subprocess.Popen(["curl", "-sS", "-k", url], stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    there = server.settle(waiting=1)["waiting"]
    waiting.terminate()
    waiting.wait()
    ok(there == 1 and server.settle(waiting=0)["waiting"] == 0, "a client that leaves nginx is noticed by us")


with Server(sys.argv[1], "-m", 10000, tls=True) as server:
    with Proxy(server) as proxy:
        hostile(server, proxy)
        ordinary(server, proxy)
        leaving(server, proxy)
        errors = [x for x in proxy.text("error.log").splitlines() if "[emerg]" in x or "[alert]" in x or "[crit]" in x]
        ok(not errors, "nginx has nothing to complain of", "\n".join(errors))
end()

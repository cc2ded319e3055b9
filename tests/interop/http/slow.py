#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Clients that mean ill, or are far away: one byte at a time, half closed, killed, thousands at once, too much. Each is
ended in time, and memory is back where it was.    slow.py ECHO_SERVER    (TAP)"""
import os, socket, ssl, struct, sys, threading, time

from served import OUR_PROC, Server, end, ended, hear, many_files, ok, ok_seen, small

echo = sys.argv[1]
many_files(12000)


def quietly(f, *args):
    try:
        return f(*args)
    except (OSError, ssl.SSLError):
        return None


# ---- one byte at a time, deadlines of 0.6 s ----

def dribble(server, first, again, out, name):
    """Sends first, then a byte of again each 0.1 s; when the other side ended it, and what it said."""
    s = server.raw() if name == "handshake" else server.dial()
    begin, got = time.monotonic(), b""
    s.sendall(first)
    s.settimeout(0.1)
    while time.monotonic() - begin < 5:
        quietly(s.sendall, again[:1])
        again = again[1:] + again[:1]
        try:
            data = s.recv(4096)
            got += data
            if not data:
                break
        except (socket.timeout, TimeoutError):
            continue
        except OSError:
            break
    out[name] = (time.monotonic() - begin, got)
    s.close()


def slow_clients(server, kind):
    head = b"POST /collect HTTP/1.1\r\nHost: h\r\n"
    cases = {
        "head": (b"GET / HTTP/1.1\r\nX: ", b"a"),
        "header lines": (b"GET / HTTP/1.1\r\n", b"X:\r\n"),
        "body": (head + b"Content-Length: 1000\r\n\r\n", b"a"),
        "chunks": (head + b"Transfer-Encoding: chunked\r\n\r\n", b"1\r\na\r\n"),
        "streamed body": (b"POST /sum HTTP/1.1\r\nHost: h\r\nContent-Length: 1000\r\n\r\n", b"a"),
        "nothing": (b"", b""),
    }
    if server.tls:
        cases["handshake"] = (b"", b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03")
    out = {}
    threads = [threading.Thread(target=dribble, args=(server, *c, out, name)) for name, c in cases.items()]
    for t in threads:
        t.start()
    for t in threads:
        t.join()
    for name in cases:
        seconds, got = out[name]
        said = got.startswith(b"HTTP/1.1 408 ") or name in ("nothing", "handshake")
        ok(0.4 < seconds < 2.5 and said, f"{kind}: {name}, a byte at a time: ended", (seconds, got))
    ok(server.settle(open=1)["open"] == 1, f"{kind}: none of them is left")


# ---- half closed, and killed ----

def reset(s):
    s.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
    s.close()


def cut_off(server):
    part = {
        "before the head": b"",
        "in the head": b"POST /collect HTTP/1.1\r\nHo",
        "in the body": b"POST /collect HTTP/1.1\r\nHost: h\r\nContent-Length: 10\r\n\r\nabc",
        "in a streamed body": b"POST /sum HTTP/1.1\r\nHost: h\r\nContent-Length: 10\r\n\r\nabc",
        "while it waits": b"GET /wait HTTP/1.1\r\nHost: h\r\n\r\n",
        "in a large answer": b"GET /big?900000000 HTTP/1.1\r\nHost: h\r\n\r\n",
    }
    for name, data in part.items():
        with server.raw() as s:
            s.sendall(data)
            time.sleep(0.05)
            s.shutdown(socket.SHUT_WR)
            if name == "in a large answer":
                got = ended(s, 8)
            else:
                got = ended(s, 3)
        ok(got and server.settle(open=1, waiting=0)["open"] == 1, f"half closed {name}: ended")
        s = server.raw()
        s.sendall(data)
        time.sleep(0.05)
        reset(s)
        got = server.settle(open=1, waiting=0)
        ok(got["open"] == 1 and got["waiting"] == 0, f"killed {name}: noticed")
    with server.raw() as s:
        s.sendall(b"GET /hello HTTP/1.1\r\nHost: h\r\n\r\n")
        s.shutdown(socket.SHUT_WR)
        got = hear(s)
    ok(got == b"" or got.endswith(b"hello\n"), "half closed behind a request: the whole answer or none", got)


def keys(server):
    with server.raw() as s:
        s.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
        s.sendall(b"GET /key HTTP/1.1\r\nHost: h\r\n\r\n")
        there = server.settle(waiting=1)["waiting"]
        server.get("/wake")
        time.sleep(0.1)
        try:
            got = s.recv(65536)
            got += s.recv(65536)
            clean = True
        except ConnectionResetError:
            clean = False
    ok(there == 1 and not clean, "a cut resets the connection, with what was on its way")


# ---- many ----

def crowd(server, n):
    """n connections that have had an answer each; how many had, and the server's counts with them there."""
    all_of_them = [server.dial() for _ in range(n)]
    for s in all_of_them:
        s.sendall(b"GET /hello HTTP/1.1\r\nHost: h\r\n\r\n")
    good = sum(s.recv(4096).endswith(b"hello\n") for s in all_of_them)
    there = server.stats()
    for s in all_of_them:
        s.close()
    return good, there


def idle(server, n, kind, most_kib):
    server.get("/hello")
    before = server.stats()["resident_kib"]
    good, there = crowd(server, n)
    each = (there["resident_kib"] - before) / n
    ok(good == n and there["open"] == n + 1 and small(each, most_kib), f"{kind}: {n} idle connections, {each:.1f} KiB each", there)
    once = server.settle(open=1)["resident_kib"]
    crowd(server, n)
    after = server.settle(open=1)
    ok(after["open"] == 1 and small(after["resident_kib"] - once, 600),
       f"{kind}: another crowd needs no more: {before} KiB before, {there['resident_kib']} with one, "
       f"{once} after it, {after['resident_kib']} after the next", after)


def flood(server):
    bad = [
        b"GET / HTTP/1.1\r\nX: " + b"a" * 20000,
        b"GET / HTTP/1.1\r\nHost : h\r\n\r\n",
        b"\x00" * 2000,
        b"POST /collect HTTP/1.1\r\nHost: h\r\nContent-Length: 2000000\r\n\r\n" + b"a" * 2000,
        b"POST /collect HTTP/1.1\r\nHost: h\r\nTransfer-Encoding: chunked\r\n\r\n" + b"200000\r\n" + b"a" * 1000,
        b"GET /never HTTP/1.1\r\nHost: h\r\n\r\n" * 3000,
    ]
    server.get("/hello")
    before = server.stats()["resident_kib"]
    refused = 0
    for round_ in range(100):
        conns = []
        for data in bad:
            s = server.raw()
            s.setblocking(False)
            quietly(s.send, data)
            conns.append(s)
        for s in conns[:4]:
            got = hear(s, 2)
            refused += got[9:12] in (b"400", b"413", b"431")
        for s in conns:
            s.close()
    after = server.settle(open=1)
    grown = after["resident_kib"] - before
    ok(refused == 400 and after["open"] == 1 and small(grown, 2048), f"a flood of bad requests: each answered, memory grew by {grown} KiB",
       (refused, after))
    ok(server.get("/hello") == b"hello\n", "and the next client is served")


def pipelined(server):
    """One that never reads, and sends on and on behind a request that waits."""
    server.get("/hello")
    before = server.stats()["resident_kib"]
    s, sent = server.raw(), 0
    s.sendall(b"GET /wait HTTP/1.1\r\nHost: h\r\n\r\n")
    s.settimeout(0.3)
    block = b"GET /hello HTTP/1.1\r\nHost: h\r\n\r\n" * 2000
    while sent < 64 << 20:
        n = quietly(s.send, block)
        if n is None:
            break
        sent += n
    grown = server.stats()["resident_kib"] - before
    ok(sent < 32 << 20 and small(grown, 1024), f"what is sent ahead stops after {sent >> 10} KiB, memory grew by {grown} KiB")
    begin = busy(server)
    time.sleep(0.5)
    ok_seen(busy(server) - begin < 10, "and the server rests meanwhile", (begin, busy(server)))
    s.close()


def busy(server):
    """Ticks of CPU so far."""
    if not OUR_PROC:
        return 0
    with open(f"/proc/{server.process.pid}/stat") as f:
        words = f.read().rpartition(")")[2].split()
    return int(words[11]) + int(words[12])


def upload(server, kind):
    server.get("/hello")
    before, n, block = server.peak_kib(), 64 << 20, b"x" * 65536
    with server.dial() as s:
        s.sendall(b"POST /sum HTTP/1.1\r\nHost: h\r\nConnection: close\r\nContent-Length: %d\r\n\r\n" % n)
        for _ in range(n // len(block)):
            s.sendall(block)
        got = hear(s)
    grown = server.peak_kib() - before
    ok(b"\r\n\r\n%d " % n in got, f"{kind}: 64 MiB go up", got)
    ok_seen(small(grown, 2048), f"{kind}: memory grows by {grown} KiB")


def limits():
    with Server(echo, "-a", 8, "-m", 10000) as server:
        conns = [server.raw() for _ in range(8)]
        conns[0].sendall(b"GET /hello HTTP/1.1\r\nHost: h\r\n\r\n")
        ninth = server.raw()
        ok(ended(ninth, 2) and conns[0].recv(4096).endswith(b"hello\n"), "the ninth connection from an address that may have eight is closed")
        for s in conns + [ninth]:
            s.close()


with Server(echo, "-m", 600) as plain, Server(echo, "-m", 600, tls=True) as tls:
    slow_clients(plain, "plain")
    slow_clients(tls, "TLS")
with Server(echo, "-m", 2000) as plain:
    cut_off(plain)
    keys(plain)
with Server(echo, "-a", 10000, "-m", 20000) as plain:
    idle(plain, 2000, "plain", 8)
with Server(echo, "-a", 10000, "-m", 2000) as plain:
    flood(plain)
with Server(echo, "-m", 20000) as plain:
    pipelined(plain)
    upload(plain, "plain")
with Server(echo, "-a", 10000, "-m", 20000, tls=True) as tls:
    idle(tls, 500, "TLS", 64)
    upload(tls, "TLS")
limits()
end()

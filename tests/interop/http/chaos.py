#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Some hundred connections at once that do anything: whole and broken requests, several ahead, leaving at any point.
Afterwards none is left, and the server ends well: in a sanitizer's build that is, nothing was used after it was freed.

    chaos.py ECHO_SERVER [SECONDS [SEED]]    (TAP)
"""
import random, socket, ssl, struct, sys, time

from served import Server, end, many_files, ok

seconds = float(sys.argv[2]) if len(sys.argv) > 2 else 3
seed = int(sys.argv[3]) if len(sys.argv) > 3 else 1
many_files(2000)
H = b" HTTP/1.1\r\nHost: h\r\n"


def chunked(r):
    sizes = [r.randrange(1, 3000) for _ in range(5)]
    return b"Transfer-Encoding: chunked\r\n\r\n" + b"".join(b"%x\r\n" % n + b"y" * n + b"\r\n" for n in sizes) + b"0\r\n\r\n"


def request(r):
    n = r.randrange(40000)
    body = b"Content-Length: %d\r\n\r\n" % n + b"x" * n
    return r.choice([
        b"GET /hello" + H + b"\r\n",
        b"GET /see?x" + H + b"\r\n",
        b"GET /wait" + H + b"\r\n",
        b"GET /wake" + H + b"\r\n",
        b"GET /key" + H + b"\r\n",
        b"GET /never" + H + b"\r\n",
        b"GET /big?%d" % (n * 50) + H + b"\r\n",
        b"GET /pieces" + H + b"\r\n",
        b"GET /pieces" + H + b"Connection: close\r\n\r\n",
        b"POST /collect" + H + body,
        b"POST /sum" + H + body,
        b"POST /sum" + H + chunked(r),
        b"POST /collect" + H + chunked(r),
        b"POST /hello" + H + body,
        b"POST /collect" + H + b"Content-Length: 9000000\r\n\r\n" + b"x" * n,
        b"POST /collect" + H + b"Expect: 100-continue\r\nContent-Length: 3\r\n\r\nabc",
        b"HEAD /hello HTTP/1.0\r\nConnection: keep-alive\r\n\r\n",
        r.randbytes(200),
    ])


def act(r, server, conns):
    what = r.randrange(10)
    if what < 3 and len(conns) < 200:
        c = server.dial() if r.randrange(8) else server.raw()
        c.setblocking(False)
        conns.append(c)
        return
    if not conns:
        return
    i = r.randrange(len(conns))
    c = conns[i]
    if what < 7:
        data = b"".join(request(r) for _ in range(r.randrange(1, 4)))
        c.send(data[:r.randrange(1, len(data) + 1)] if r.randrange(4) == 0 else data)
    elif what == 7:
        c.recv(r.choice([10, 65536]))
    elif what == 8:
        c.shutdown(r.choice([socket.SHUT_WR, socket.SHUT_RDWR]))
    else:
        conns.pop(i)
        if r.randrange(2):
            c.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
        c.close()


for tls in (False, True):
    kind, r, conns = "TLS" if tls else "plain", random.Random(seed), []
    with Server(sys.argv[1], "-m", 400, tls=tls) as server:
        until = time.monotonic() + seconds / 2
        while time.monotonic() < until:
            try:
                act(r, server, conns)
            except (OSError, ssl.SSLError, ValueError):
                pass
        for c in conns:
            c.close()
        got = server.settle(open=1, waiting=0)
        ok(got["open"] == 1 and got["waiting"] == 0 and got["requests"] > 20, f"{kind}: of {got['accepted']} connections none is left", got)
    ok(server.status == 0, f"{kind}: the server ends well (seed {seed})", server.status)
end()

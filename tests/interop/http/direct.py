#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Hostile framing sent to our server: refused, and nothing behind it is read.    direct.py ECHO_SERVER    (TAP)"""
import sys

from hostile import AFTER, BAD, GOOD
from served import Server, end, hear, ok

with Server(sys.argv[1], "-m", 2000) as server:
    for name, stream in BAD.items():
        before = server.settle()["requests"]
        with server.dial() as s:
            s.sendall(stream + AFTER)
            got = hear(s)
        lines = [x for x in got.split(b"\r\n") if x.startswith(b"HTTP/1.1 ")]
        after = server.stats()["requests"]
        # /stats itself is one; a chunk that is wrong is seen when its request has begun
        ok(len(lines) == 1 and lines[0].split()[1] in (b"400", b"501", b"505") and after - before <= 2 and not server.seen(),
           f"refused: {name}", got + b"\n" + "\n".join(server.seen()).encode())
    for name, (stream, want) in GOOD.items():
        open(server.log, "w").close()
        with server.dial() as s:
            s.sendall(stream + AFTER)
            got = hear(s)
        seen = [x.split()[1] for x in server.seen()]
        ok(seen == want and got.count(b"HTTP/1.1 200") == len(want), f"taken: {name}", (seen, got))
    ok(server.settle(open=1)["open"] == 1, "no connection is left")
ok(server.status == 0, "the server ends by itself")
end()

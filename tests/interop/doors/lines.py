#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""The two line protocols by hand: what Postfix sends, and what nobody should."""
import socket
import time

import house
from house import rig

tap = rig.Tap()
home = house.home("lines")
POLICY, LOOKUP = house.free_port(), house.free_port()


class Policy:
    def __init__(self):
        self.s = socket.create_connection(("127.0.0.1", POLICY), timeout=10)
        self.got = b""

    def send(self, text):
        self.s.sendall(text.encode("latin-1"))

    def reply(self):
        while b"\n\n" not in self.got:
            more = self.s.recv(4096)
            if not more:
                return None
            self.got += more
        one, self.got = self.got.split(b"\n\n", 1)
        return one.decode()

    def ask(self, sender, recipient, client="203.0.113.9", **more):
        lines = {"request": "smtpd_access_policy", "protocol_state": "RCPT", "protocol_name": "ESMTP", "helo_name": "mx", "queue_id": "",
                 "sender": sender, "recipient": recipient, "client_address": client, "instance": "123.456.7", **more}
        self.send("".join(f"{k}={v}\n" for k, v in lines.items()) + "\n")
        return self.reply()


def lookup(s, key, map="transport"):
    text = f"{map} {key}".encode()
    s.sendall(b"%d:%s," % (len(text), text))
    return netstring(s)


def netstring(s):
    got = b""
    while b":" not in got or len(got) < int(got.split(b":")[0]) + len(got.split(b":")[0]) + 2:
        more = s.recv(4096)
        if not more:
            return None
        got += more
    return got.split(b":", 1)[1][:-1].decode()


def wait_for(answer, want, seconds=1.0):
    """How long until it begins so; None: not within that time."""
    begun = time.monotonic()
    while time.monotonic() - begun < seconds:
        if answer().startswith(want):
            return time.monotonic() - begun
        time.sleep(0.01)
    return None


def policy():
    p = Policy()
    tap.ok(p.ask("a@army.co.example", "x@dea.example") == "action=DUNNO", "without an order: DUNNO")
    rig.apply(home, house.order("o-1"))
    took = wait_for(lambda: p.ask("a@army.co.example", "x@dea.example"), "action=554 5.7.1 ")
    tap.ok(took is not None, f"an order: 554 5.7.1, within a second (of its record: {took})")
    said = p.ask("x@dea.example", "a@army.co.example")
    tap.ok("order o-1 of co" in said, "it names the public order and its issuer", said)
    for sender, recipient, name in (("a@army.co.example", "b@police.co.example", "inner mail"),
                                    ("s@stranger.example", "a@army.co.example", "a stranger's"),
                                    ("x@marshals.example", "a@army.co.example", "another partner's"), ("", "a@army.co.example", "a bounce")):
        tap.ok(p.ask(sender, recipient) == "action=DUNNO", f"{name}: DUNNO")
    p.send("request=smtpd_access_policy\nsender=x@dea.exa")
    time.sleep(0.05)
    p.send("mple\nrecipient=a@army.co.example\n\nrequest=smtpd_access_policy\nsender=s@x.example\nrecipient=a@army.co.example\n\n")
    tap.ok(p.reply().startswith("action=554") and p.reply() == "action=DUNNO", "in pieces, and two at once")
    p.send("request=smtpd_access_policy\nsender=x@dea.example\nrecipient=a@army.co.example\n\n")
    began = time.monotonic()
    p.reply()
    for _ in range(200):
        p.ask("s@stranger.example", "a@army.co.example")
    each = (time.monotonic() - began) / 200 * 1000
    tap.ok(each < 50, f"what passes is answered from memory ({each:.2f} ms each)")
    for text, name in (("request=junk\n\n", "another request"), ("no equals sign\n\n", "a line that is none"),
                       ("request=smtpd_access_policy\nsender=a\nsender=b\n\n", "a name twice"), ("\n", "nothing"),
                       ("request=smtpd_access_policy\nsender=" + "x" * 20000 + "\n\n", "too much")):
        p = Policy()
        p.send(text)
        try:
            tap.ok(p.reply() is None, f"{name}: no answer, the connection is closed")
        except ConnectionResetError:
            tap.ok(True, f"{name}: no answer, the connection is closed")


def lookups():
    s = socket.create_connection(("127.0.0.1", LOOKUP), timeout=10)
    said = lookup(s, "x@dea.example")
    tap.ok(said.startswith("OK retry:4.7.1 Exchange stopped by order o-1"), "what may be the army's waits", said)
    tap.ok(lookup(s, "x@dea.example", "co.army").startswith("OK error:5.7.1 Exchange stopped by order o-1"), "what is the army's is refused")
    tap.ok(lookup(s, "dea.example", "co.army").startswith("OK error:"), "also by the domain alone")
    for key in ("a@army.co.example", "s@stranger.example", "*"):
        tap.ok(lookup(s, key, "co.army") == "NOTFOUND ", f"{key}: nothing found")
    s.sendall(b"24:co.army x@marshals.examp")
    s.sendall(b",")
    tap.ok(netstring(s) is not None, "in pieces")
    for text, name in ((b"99999:transport x,", "a length that is too large"), (b"3:a b!", "a length that lies"), (b"x:a b,", "no length"),
                       (b"03:a b,", "a length with a zero before"), (b"9:transport,", "no key"), (b"18:co.typo x@dea.exam,", "a house that is not")):
        t = socket.create_connection(("127.0.0.1", LOOKUP), timeout=15)
        t.sendall(text)
        try:
            tap.ok(t.recv(100) == b"", f"{name}: no answer, the connection is closed")
        except ConnectionResetError:
            tap.ok(True, f"{name}: no answer, the connection is closed")
        t.close()
    s.close()


def labels():
    p = Policy()
    rig.apply(home, house.lift("l-1", "o-1"), house.order("o-2", topic="narcotics"))
    tap.ok(wait_for(lambda: p.ask("x@dea.example", "maritime@army.co.example"), "action=554") is not None,
           "a route with a label is met by an order about its topic")
    tap.ok(p.ask("x@dea.example", "a@army.co.example") == "action=DUNNO", "a route without one is not")
    tap.ok("o-2" in p.ask("maritime@army.co.example", "x@dea.example"), "the label counts for its sender, too")
    rig.apply(home, house.order("o-3", public=False))
    tap.ok(wait_for(lambda: p.ask("x@dea.example", "a@army.co.example"), "action=554") is not None, "an order that is not public")
    said = p.ask("x@dea.example", "a@army.co.example")
    tap.ok("o-3" not in said and "order" not in said and "reference" in said, "is not named", said)


def journalled():
    shown = rig.tool(home, "log", "show", "journal", "--kind", "refused").out
    tap.ok("refused" in shown, "refusals stand in the journal")
    tap.ok(shown.count("refused") < 30, f"their repeats are counted ({shown.count('refused')} entries)")


with rig.Gateway(home, house.settings(POLICY, LOOKUP)) as gw:
    policy()
    lookups()
    labels()
    idle = [Policy() for _ in range(3)]
    tap.ok(gw.stop(10) == 0, "it stops although Postfix keeps its connections")
journalled()
tap.done()

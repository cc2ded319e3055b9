#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""
A real Postfix with the lines of docs/doors.md, between domains of this machine: what is not ours goes to a server that
keeps what it gets, or puts off what it is told to. Postfix needs root.
"""
import os
import pathlib
import re
import shutil
import smtplib
import socket
import socketserver
import subprocess
import threading
import time

import house
from house import rig

tap = rig.Tap()
POSTFIX = shutil.which("postfix", path=os.environ["PATH"] + ":/usr/sbin")


class Sink(socketserver.ThreadingTCPServer):
    """Every other domain's mail server. later: domains that it puts off with 450."""
    allow_reuse_address = daemon_threads = True

    def __init__(self):
        self.got, self.later = [], set()
        super().__init__(("127.0.0.1", 0), self.Session)
        threading.Thread(target=self.serve_forever, daemon=True).start()

    @property
    def port(self):
        return self.server_address[1]

    class Session(socketserver.StreamRequestHandler):
        def handle(self):
            say = lambda text: self.wfile.write(text.encode() + b"\r\n")
            say("220 sink ESMTP")
            to = []
            for line in self.rfile:
                word = line.decode("latin-1").strip().upper()
                if word.startswith(("EHLO", "HELO")):
                    say("250 sink")
                elif word.startswith("RCPT"):
                    one = re.search(r"<([^>]*)>", line.decode("latin-1")).group(1)
                    if one.split("@")[-1] in self.server.later:
                        say("450 4.2.0 later")
                    else:
                        to.append(one)
                        say("250 ok")
                elif word == "DATA":
                    say("354 go on")
                    text = b""
                    for more in self.rfile:
                        if more == b".\r\n":
                            break
                        text += more
                    self.server.got.append((to, text.decode("latin-1")))
                    to = []
                    say("250 kept")
                elif word == "QUIT":
                    say("221 bye")
                    return
                else:
                    if word == "RSET":
                        to = []
                    say("250 ok")

    def has(self, mark, to="dea.example"):
        return any(mark in text and any(r.endswith("@" + to) for r in rcpt) for rcpt, text in self.got)


class Postfix:
    """An instance of its own: configuration, queue and port."""

    def __init__(self, policy, lookup, sink):
        self.at = rig.TEMP / "postfix"
        self.port = house.free_port()
        self.etc, self.queue, self.boxes = self.at / "etc", self.at / "queue", self.at / "boxes"
        for folder in (self.etc, self.queue, self.boxes, self.at / "data"):
            folder.mkdir(parents=True)
        for folder in [self.at, *self.at.parents]:
            if str(folder).startswith("/tmp/"):
                folder.chmod(folder.stat().st_mode | 0o755)
        shutil.chown(self.at / "data", "postfix")
        self.boxes.chmod(0o777)
        recipe = house.recipe("postfix").replace(":10041", f":{policy}").replace(":10042", f":{lookup}")
        (self.etc / "main.cf").write_text(f"""
compatibility_level = 3.6
myhostname = mx.co.example
mydestination = mx.co.example
mynetworks = 127.0.0.0/8
inet_interfaces = 127.0.0.1
inet_protocols = ipv4
command_directory = {subprocess.run(["postconf", "-dh", "command_directory"], capture_output=True, text=True).stdout.strip()}
daemon_directory = {subprocess.run(["postconf", "-dh", "daemon_directory"], capture_output=True, text=True).stdout.strip()}
queue_directory = {self.queue}
data_directory = {self.at}/data
maillog_file = {self.at}/log
maillog_file_prefixes = {self.at}
relayhost = [127.0.0.1]:{sink.port}
smtp_dns_support_level = disabled
local_recipient_maps =
alias_maps = texthash:{self.etc}/aliases
virtual_alias_maps = texthash:{self.etc}/virtual
virtual_mailbox_domains = army.co.example, police.co.example
virtual_mailbox_maps = static:all
virtual_mailbox_base = {self.boxes}
virtual_uid_maps = static:{__import__("pwd").getpwnam("nobody").pw_uid}
virtual_gid_maps = static:{__import__("grp").getgrnam("nogroup").gr_gid}
virtual_minimum_uid = 1
smtpd_authorized_xclient_hosts = 127.0.0.1
smtpd_error_sleep_time = 0
in_flow_delay = 0
minimal_backoff_time = 1s
maximal_backoff_time = 1s
queue_run_delay = 1s
notify_classes =
{recipe}""")
        virtual = "maildesk@army.co.example liaison@dea.example\nall@army.co.example a@army.co.example, x@marshals.example\n"
        (self.etc / "virtual").write_text(virtual)
        (self.etc / "aliases").write_text("forward liaison@dea.example\npostmaster a@army.co.example\n")
        (self.etc / "master.cf").write_text(f"127.0.0.1:{self.port} inet n - n - - smtpd\n" + """
postlog unix-dgram n - n - 1 postlogd
cleanup unix n - n - 0 cleanup
qmgr unix n - n 300 1 qmgr
pickup unix n - n 60 1 pickup
rewrite unix - - n - - trivial-rewrite
bounce unix - - n - 0 bounce
defer unix - - n - 0 bounce
trace unix - - n - 0 bounce
verify unix - - n - 1 verify
flush unix n - n 1000? 0 flush
proxymap unix - - n - - proxymap
smtp unix - - n - - smtp
relay unix - - n - - smtp
showq unix n - n - - showq
error unix - - n - - error
retry unix - - n - - error
discard unix - - n - - discard
local unix - n n - - local
virtual unix - n n - - virtual
anvil unix - - n - 1 anvil
scache unix - - n - 1 scache
""")

    def run(self, command, *args):
        return subprocess.run([command, "-c", str(self.etc), *args], capture_output=True, text=True, timeout=30)

    def __enter__(self):
        rig._running.append(self)  # stopped with the gateways, also when the test is ended from outside
        done = self.run(POSTFIX, "start")
        if done.returncode != 0:
            raise AssertionError(done.stdout + done.stderr + self.log())
        return self

    def kill(self):
        self.run(POSTFIX, "abort")
        if self in rig._running:
            rig._running.remove(self)

    def __exit__(self, kind, *why):
        self.kill()
        if kind is not None:
            print("#", self.log().replace("\n", "\n# "))

    def log(self):
        path = self.at / "log"
        return path.read_text(errors="replace") if path.exists() else ""

    def flush(self):
        """The queue manager remembers the last address that it looked up for 30 s: another one comes between."""
        self.send("s@stranger.example", "b@police.co.example", "between")
        self.run("postqueue", "-f")

    def queued(self):
        return self.run("postqueue", "-p").stdout

    def send(self, sender, recipient, mark, client=None):
        """(code, text) of RCPT, or of the end."""
        with smtplib.SMTP("127.0.0.1", self.port, timeout=8, local_hostname="client.example") as s:
            s.ehlo()
            if client is not None:
                s.docmd("XCLIENT", f"ADDR={client} NAME=[UNAVAILABLE]")
                s.ehlo()
            s.mail(sender)
            code, text = s.rcpt(recipient)
            if code == 250:
                code, text = s.data(f"From: <{sender}>\r\nTo: <{recipient}>\r\nSubject: {mark}\r\n\r\n{mark}\r\n")
            return code, text.decode()

    def has(self, address, mark):
        """In a mailbox here."""
        at = self.boxes / "all"
        return at.exists() and any(mark in p.read_text(errors="replace") and f"Delivered-To: {address}" in p.read_text(errors="replace")
                                   for p in ([at] if at.is_file() else at.rglob("*")) if p.is_file())


def soon(what, seconds=8.0):
    until = time.monotonic() + seconds
    while time.monotonic() < until:
        if what():
            return True
        time.sleep(0.05)
    return False


def passes(p, sink):
    tap.ok(p.send("a@army.co.example", "x@dea.example", "before-1")[0] == 250 and soon(lambda: sink.has("before-1")), "without an order mail goes", p.log())
    tap.ok(p.send("x@dea.example", "a@army.co.example", "before-2")[0] == 250 and soon(lambda: p.has("a@army.co.example", "before-2")),
           "and comes", p.log())
    for to, mark in (("maildesk@army.co.example", "before-alias"), ("forward@mx.co.example", "before-forward")):
        p.send("s@stranger.example", to, mark)
        tap.ok(soon(lambda: sink.has(mark)), f"{to} is theirs in the end: it goes", p.log())


def stopped(p, sink, home):
    sink.later.add("dea.example")
    tap.ok(p.send("a@army.co.example", "x@dea.example", "queued-1")[0] == 250, "one more is taken, and waits in the queue")
    tap.ok(soon(lambda: "4.2.0 later" in p.queued()), "since their server puts it off")
    rig.apply(home, house.order("o-1"), house.rig.order("o-2", ["co"], ["us.dea"], channels=["mail"], public=False))
    begun = time.monotonic()
    soon(lambda: p.send("a@army.co.example", "x@dea.example", "probe")[0] == 554, 2)
    took = time.monotonic() - begun
    tap.ok(took < 1, f"an order: within a second nothing more is taken for them ({took:.2f} s)")
    code, text = p.send("a@army.co.example", "x@dea.example", "no-1")
    tap.ok(code == 554 and "5.7.1" in text and "order o-1 of co" in text and "o-2" not in text, "554 5.7.1, which names the public order", code, text)
    tap.ok(p.send("x@dea.example", "a@army.co.example", "no-2")[0] == 554, "nor from them")
    tap.ok(p.send("s@stranger.example", "a@army.co.example", "no-3", client="127.0.0.77")[0] == 554,
           "nor from their address under another name")
    sink.later.clear()
    for to, mark in (("maildesk@army.co.example", "no-alias"), ("forward@mx.co.example", "no-forward")):
        tap.ok(p.send("b@police.co.example", to, mark)[0] == 250, f"{to} is ours: it is taken")
        tap.ok(soon(lambda: p.has("b@police.co.example", mark)), "and comes back", p.log())
    p.flush()
    tap.ok(soon(lambda: p.has("a@army.co.example", "queued-1")), "what waited in the queue comes back", p.log())
    tap.ok("Exchange stopped by order o-2" not in p.log() and "This exchange is not possible; reference" in p.log(),
           "the order about the house is not public, so it is not named")
    tap.ok(not any(sink.has(m) for m in ("no-1", "no-2", "no-alias", "no-forward", "queued-1")), "and nothing of all that reached them")


def others(p, sink):
    for sender, to, mark, name in (("a@army.co.example", "b@police.co.example", "inner", "inner mail"),
                                   ("s@stranger.example", "a@army.co.example", "stranger", "a stranger's mail"),
                                   ("x@marshals.example", "a@army.co.example", "marshals", "another partner's")):
        tap.ok(p.send(sender, to, mark)[0] == 250 and soon(lambda: p.has(to, mark)), f"{name} comes", p.log())
    for to, mark in (("s@stranger.example", "to-stranger"), ("x@marshals.example", "to-marshals")):
        tap.ok(p.send("a@army.co.example", to, mark)[0] == 250 and soon(lambda: sink.has(mark, to.split("@")[1])), f"mail to {to} goes", p.log())
    p.send("s@stranger.example", "all@army.co.example", "to-all")
    tap.ok(soon(lambda: sink.has("to-all", "marshals.example") and p.has("a@army.co.example", "to-all")), "an alias of ours and another partner's, too", p.log())


def shared(p, sink, home):
    rig.apply(home, house.lift("l-2", "o-2"))
    p.flush()
    code, text = p.send("b@police.co.example", "y@dea.example", "shared-1")
    tap.ok(code == 450 and "order o-1 of co" in text, "the army's order alone: what the house may give for it is put off", code, text)
    tap.ok(p.send("b@police.co.example", "maildesk@army.co.example", "shared")[0] == 250 and soon(lambda: "order o-1 of co" in p.queued()),
           "and waits in the queue where an alias led there", p.queued())
    tap.ok(not sink.has("shared"), "and does not go")
    rig.apply(home, house.lift("l-1", "o-1"))
    time.sleep(0.3)
    p.flush()
    tap.ok(soon(lambda: sink.has("shared")), "lifted: it goes", p.log())
    tap.ok(p.send("a@army.co.example", "x@dea.example", "after")[0] == 250 and soon(lambda: sink.has("after")), "and all is as before", p.log())


def down(p, sink, gw):
    p.send("a@army.co.example", "x@marshals.example", "warm")
    gw.kill()
    code, text = p.send("a@army.co.example", "x@dea.example", "down-1")
    tap.ok(code == 451 and "4.3.5" in text, "no gateway: 451 at RCPT", code, text)
    sendmail = subprocess.run(["sendmail", "-C", str(p.etc), "-f", "a@army.co.example", "s@stranger.example"], text=True, capture_output=True,
                              env={**os.environ, "MAIL_CONFIG": str(p.etc)}, input="Subject: down-2\n\ndown-2\n")
    time.sleep(2)
    tap.ok(sendmail.returncode != 0 or not sink.has("down-2", "stranger.example"), "and what is in the house stays in the queue", sendmail.stderr)
    with rig.Gateway(home, house.settings(POLICY, LOOKUP)):
        p.flush()
        tap.ok(soon(lambda: p.send("a@army.co.example", "x@dea.example", "up-1")[0] == 250, 10) and soon(lambda: sink.has("up-1")),
               "it is there again: mail goes", p.log())
        tap.ok(soon(lambda: sink.has("down-2", "stranger.example")), "and what waited", p.log())


def stale(p, sink, home):
    (home / "keys" / "signer.key").rename(home / "keys" / "signer.away")
    ok = soon(lambda: p.send("a@army.co.example", "x@dea.example", "stale")[0] == 450, 15)
    code, text = p.send("x@dea.example", "a@army.co.example", "stale-1")
    tap.ok(ok and code == 450 and "4.7.1" in text, "a stale gateway: 450 between parties of the records", code, text)
    tap.ok(p.send("a@army.co.example", "b@police.co.example", "stale-inner")[0] == 250 and
           soon(lambda: p.has("b@police.co.example", "stale-inner")), "inner mail passes", p.log())
    tap.ok(p.send("s@stranger.example", "a@army.co.example", "stale-stranger")[0] == 250 and
           soon(lambda: p.has("a@army.co.example", "stale-stranger")), "and strangers'", p.log())
    p.send("s@stranger.example", "maildesk@army.co.example", "stale-alias")
    tap.ok(soon(lambda: "no fresh proof" in p.queued()), "what is theirs in the end waits in the queue", p.queued())
    (home / "keys" / "signer.away").rename(home / "keys" / "signer.key")
    soon(lambda: p.send("a@army.co.example", "x@dea.example", "fresh")[0] == 250, 5)
    p.flush()
    tap.ok(soon(lambda: sink.has("stale-alias")), "fresh again: it goes", p.log())


if POSTFIX is None or os.geteuid() != 0:
    tap.skip("mail through a real Postfix", "Postfix is not installed" if POSTFIX is None else "Postfix needs root to start")
    tap.done()
POLICY, LOOKUP = house.free_port(), house.free_port()
home = house.home("mail", house.tls("k-1", "us.dea", "address:127.0.0.77"), profile="tight")
sink = Sink()
with rig.Gateway(home, house.settings(POLICY, LOOKUP)) as gw, Postfix(POLICY, LOOKUP, sink) as p:
    passes(p, sink)
    stopped(p, sink, home)
    others(p, sink)
    shared(p, sink, home)
    down(p, sink, gw)
with rig.Gateway(home, house.settings(POLICY, LOOKUP)), p:
    stale(p, sink, home)
tap.done()

#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""On a terminal: questions, what is not shown while it is typed, colour, width."""
import os
import pty
import re
import select
import struct
import fcntl
import signal
import termios
import time

from tool import PROVISO, ROOT, TEMP, ok, done, proviso, write


def at(name):
    return os.path.join(TEMP.name, name)


def on_terminal(args, answers, columns=80, env=None):
    """Runs it on a terminal of its own; answers is [(what to wait for, what to type)]. Returns (status, all that was seen)."""
    pid, fd = pty.fork()
    if pid == 0:
        full = {"PATH": os.environ["PATH"], "HOME": TEMP.name, "LC_ALL": "C.UTF-8", "TERM": "xterm", "PROVISO_DATA": ROOT}
        full.update({n: os.environ[n] for n in ("ASAN_OPTIONS", "UBSAN_OPTIONS", "LSAN_OPTIONS") if n in os.environ})
        full.update(env or {})
        os.chdir(TEMP.name)
        os.execve(PROVISO, [PROVISO, *args], full)
    fcntl.ioctl(fd, termios.TIOCSWINSZ, struct.pack("HHHH", 40, columns, 0, 0))
    seen, todo, deadline = b"", list(answers), time.monotonic() + 90
    while time.monotonic() < deadline:
        if select.select([fd], [], [], 0.2)[0]:
            try:
                data = os.read(fd, 65536)
            except OSError:
                data = b""
            if not data:
                break
            seen += data
        if todo and todo[0][0].encode() in seen:
            mark, line = todo.pop(0)
            seen = seen.replace(mark.encode(), mark.encode().upper(), 1)
            line = line() if callable(line) else line
            os.write(fd, line.encode() + (b"" if line == "\x03" else b"\n"))
    else:
        os.kill(pid, signal.SIGKILL)
    status = os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1])
    if not termios.tcgetattr(fd)[3] & termios.ECHO:
        seen += b"\n[the terminal was left without echo]"
    os.close(fd)
    return status, seen.decode("utf-8", "replace")


def home(*args):
    return proviso("--home", at("co"), *args)


# ---- passphrases ----
new = [("New passphrase for co/officer1: ", "first secret"), ("The same again: ", "first secret"),
       ("New passphrase for co/officer2: ", "second secret"), ("The same again: ", "second secret")]
status, seen = on_terminal(["--home", at("no"), "init", "--party", "co", "--vocab", "none"],
                           [("New passphrase for co/officer1: ", "one"), ("The same again: ", "another")])
ok(status == 2 and "differ" in seen and not os.path.exists(at("no")), "two passphrases that differ make no home", seen)
status, seen = on_terminal(["--home", at("co"), "init", "--party", "co", "--vocab", "none"], new)
ok(status == 0 and "Made" in seen, "init asks for each officer's passphrase, twice", seen)
ok("secret" not in seen, "what is typed is not shown", seen)
write("us.json", '{"record":"party","id":"p-us","name":"us","names":{"en":"US"}}\n')
keys = [("Passphrase of co/officer1: ", "first secret"), ("Passphrase of co/officer2: ", "second secret")]
status, seen = on_terminal(["--home", at("co"), "apply", "us.json"], keys)
ok(status == 0 and "applied 1" in seen and "secret" not in seen, "apply asks the officers, one after the other", seen)
status, seen = on_terminal(["--home", at("co"), "party", "add", "us.x", "--name", "en=X"], [(keys[0][0], "wrong")])
ok(status == 2 and "passphrase" in seen, "a wrong one is refused", seen)

status, seen = on_terminal(["--home", at("co"), "party", "add", "us.y", "--name", "en=Y"], [(keys[0][0], "\x03")])
ok(status == -signal.SIGINT and "without echo" not in seen and "us.y" not in home("party", "list").out,
   "Ctrl-C at the passphrase ends it, and leaves the terminal as it was", status, seen)

# ---- the typed confirmation ----
STOP = ["--home", at("co"), "order", "suspend", "--counterpart", "us", "--text", "es=@Suspéndase."]
QUESTION = "Type us to sign, Enter to leave."
size = home("status", "--json").json()["origins"][0]["size"]
for typed, name in (("", "Enter"), ("US", "another case"), ("uk", "another name"), ("yes", "yes")):
    status, seen = on_terminal(STOP, [(QUESTION, typed)])
    ok(status == 1 and "Left as it was" in seen and home("status", "--json").json()["origins"][0]["size"] == size,
       "%s leaves the log as it was" % name, seen)
status, seen = on_terminal(STOP, [(QUESTION, "us"), keys[0], (keys[1][0], "")])
ok(status == 0 and "HOLD" in seen and "secret" not in seen, "the name signs; an officer who declines leaves a hold", seen)
ok("Suspéndase" in seen, "in a UTF-8 locale texts keep their letters", seen)

# ---- a lift is signed for what was seen ----
write("phrases/officer1", "first secret\n")
write("phrases/officer2", "second secret\n")
BY_FILE = {"PROVISO_PASSPHRASES": at("phrases")}


def meanwhile(name):
    r = proviso("--home", at("co"), "party", "add", name, "--name", "en=Late", env=BY_FILE)
    return "us" if r.status == 0 else "nothing was done meanwhile"


LIFT = ["--home", at("co"), "order", "lift", home("order", "list", "--json").json()["orders"][0]["record"]["id"]]
status, seen = on_terminal(LIFT, [(QUESTION, lambda: meanwhile("us.late"))], env=BY_FILE)
ok(status == 6 and "while you looked" in seen and "HOLD" in home("order", "list").out, "an act in between: look again", seen)
status, seen = on_terminal(LIFT, [(QUESTION, "us")], env=BY_FILE)
ok(status == 0 and "Lifted" in seen, "the same again, and it is lifted", seen)
status, seen = on_terminal(STOP, [(QUESTION, lambda: meanwhile("us.later"))], env=BY_FILE)
ok(status == 0 and "In force" in seen, "a stop does not wait for a count", seen)

# ---- colour, width ----
plain = re.compile(r"\x1b\[[0-9;]*m")
status, seen = on_terminal(["--home", at("co"), "order", "list"], [])
ok("\x1b[1m" in seen and "IN FORCE" in plain.sub("", seen), "colour on a terminal, beside the word", repr(seen))
for env in ({"NO_COLOR": "1"}, {"TERM": "dumb"}):
    status, seen = on_terminal(["--home", at("co"), "order", "list"], [], env=env)
    ok("\x1b" not in seen and "IN FORCE" in seen, "no colour with %s" % list(env)[0], repr(seen))
status, seen = on_terminal(["--home", at("co"), "key", "list"], [], columns=60)
ok(all(len(plain.sub("", line)) <= 60 for line in seen.splitlines()) and "..." in seen, "tables are cut to the terminal's width", seen)
wide = home("key", "list").out
ok(max(len(line) for line in wide.splitlines()) > 80 and "..." not in wide, "and never in a pipe", wide)
status, seen = on_terminal(["help", "words"], [], columns=50)
ok(max(len(plain.sub("", line)) for line in seen.splitlines()) <= 50, "texts are wrapped to it", seen)
done()

#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""What the tool says of itself: help, pages, completion, suggestions, the first screen."""
import os
import subprocess

from tool import PROVISO, ROOT, is_status, ok, done, proviso, write


def plain(text):
    """At most 80 columns, ASCII, no escape codes."""
    return [line for line in text.splitlines() if len(line) > 80 or not line.isascii() or "\x1b" in line]


# ---- the first screen ----
front = proviso()
is_status(front, 0, "proviso alone")
ok("There is no home here yet" in front.out and "proviso init --party NAME" in front.out,
   "without a home it says how to begin", front)
ok(plain(front.out) == [], "it is plain text of 80 columns", plain(front.out))

commands = proviso("help", "--json").json()
ok(len(commands) > 40, "help --json lists the commands", len(commands))
listed = proviso("help")
ok(all(c["name"] in listed.out for c in commands), "help lists each of them",
   [c["name"] for c in commands if c["name"] not in listed.out])

# ---- each command's help, page and completion ----
bash = proviso("completion", "bash").out
for c in commands:
    name = c["name"]
    r = proviso(*name.split(), "--help")
    good = r.status == 0 and plain(r.out) == [] and "Examples\n  " in r.out and "Usage\n  proviso " + name in r.out
    good = good and all("--" + o in r.out for o in c["options"])
    ok(good, "%s --help: usage, options, examples, 80 columns of ASCII" % name, plain(r.out), r)
    ok(proviso("help", *name.split()).out == r.out, "help %s is the same" % name)
    page = os.path.join(ROOT, "docs", "man", "proviso-%s.1.scd" % name.replace(" ", "-"))
    text = open(page, encoding="utf-8").read() if os.path.exists(page) else ""
    ok(text == proviso("help", "--man", *name.split()).out and all("--" + o in text for o in c["options"]),
       "%s has its manual page, with each option (else: ninja man-sources)" % name)
    missing = [o for o in c["options"] if "--" + o not in bash]
    ok(missing == [], "the completion knows the options of " + name, missing)
main = os.path.join(ROOT, "docs", "man", "proviso.1.scd")
ok(open(main, encoding="utf-8").read() == proviso("help", "--man").out, "proviso(1) is that of the table")
pages = [p for p in os.listdir(os.path.join(ROOT, "docs", "man")) if p.startswith("proviso-")]
ok(len(pages) == len(commands), "there is no page for a command that is gone",
   set(p[8:-6] for p in pages) - set(c["name"].replace(" ", "-") for c in commands))

# ---- the other pages ----
for page, needs in (("words", "attestation"), ("exit", "70"), ("safety-of-life", "Call.")):
    r = proviso("help", page)
    ok(r.status == 0 and needs in r.out and plain(r.out) == [], "help %s" % page, plain(r.out), r)
ok("opened again" not in proviso("help", "exit").out, "each page is its own")

# ---- what is not there ----
for args, near in ((["hlep"], '"help"'), (["ordr", "suspend"], '"order"'), (["order", "supend"], '"order suspend"'),
                   (["share", "--topc", "x", "f"], "--topic"), (["--jsn"], "--json"), (["sahre"], '"share"')):
    r = proviso(*args)
    ok(r.status == 2 and "Did you mean " + near in r.err and r.out == "", "%s: one near name is offered" % " ".join(args), r)
r = proviso("xyzzy")
ok(r.status == 2 and "Did you mean" not in r.err, "nothing is offered for what is near nothing", r)
r = proviso("decide", "--requests")
ok(r.status == 2 and "--requests FILE" in r.err, "an option without its value is an error", r)
r = proviso("decide", "--unsigned=yes", "--records", "a", "--requests", "b")
ok(r.status == 2 and "takes no value" in r.err, "a flag takes no value", r)
r = proviso("decide", "--requests", "a", "--requests", "b", "--records", "c")
ok(r.status == 2 and "given twice" in r.err, "what can be given once is refused twice", r)
r = proviso("order", "suspend", "--direction", "sideways", "--counterpart", "us", "--text", "en=@x")
ok(r.status == 2 and "give take both" in r.err, "a word that is not allowed is told with those that are", r)
r = proviso("agreement", "show", "a", "b")
ok(r.status == 2 and '"b" is one word too many' in r.err, "a word too many", r)
r = proviso("agreement", "show")
ok(r.status == 2 and "proviso agreement show ID" in r.err, "a word too few: the usage is told", r)
ok(proviso("order").status == 0 and "order lift" in proviso("order").out, "a family alone lists its commands")
ok(proviso("--help", "share").out == proviso("share", "-h").out, "-h and --help, before or behind")
ok("order lift" in proviso("--nonsense", "order", "--help").out, "--help helps even where the line is wrong")
r = proviso("--version")
ok(r.status == 0 and r.out.startswith("proviso ") and r.out.count("\n") == 1, "--version", r)
r = proviso("--json", "hlep")
ok(r.status == 2 and r.json()["error"]["code"] == "input" and r.json()["exit"] == 2 and r.err == "",
   "--json tells an error as one object on stdout", r)
r = proviso("status")
ok(r.status == 3 and "there is no home at" in r.err and "proviso init" in r.err, "no home: exit 3 and the way to one", r)
r = proviso("--home", "elsewhere", "status")
ok(r.status == 3 and "elsewhere" in r.err, "--home is named in it", r)

# ---- colour and characters ----
ok("\x1b" not in proviso("help").out, "no escape codes off a terminal")
ok("\x1b[1m" in proviso("--color", "help").out, "--color gives them all the same")
ok("\x1b" not in proviso("--color", "--no-color", "help").out, "--no-color takes them away")
r = proviso("decide", "--records", "\x1b[31mred\x07", "--requests", "x")
ok("\x1b" not in r.err and "\x07" not in r.err, "a name from outside never acts on a terminal", repr(r.err))
r = proviso("share", "ni\u00f1o", "--topic", "a", "--never", "b")
ok(r.err.isascii(), "outside of a UTF-8 locale nothing but ASCII comes out", r)

# ---- the completion works ----
script = write("complete.bash", bash + """
try() { COMP_WORDS=("$@"); COMP_CWORD=$(($# - 1)); _proviso; echo "${COMPREPLY[@]}"; }
compopt() { :; }
try proviso ord
try proviso order li
try proviso order suspend --dire
try proviso order suspend --direction ""
try proviso log show ""
""")
r = subprocess.run(["bash", "--norc", script], capture_output=True, text=True, check=False)
ok(r.stdout.splitlines() == ["order", "lift list", "--direction", "give take both", "orders journal"],
   "bash completes commands, their second words, options and their words", r.stdout, r.stderr)
done()

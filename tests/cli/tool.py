# SPDX-License-Identifier: Apache-2.0
"""Runs the tool as a script would: no terminal, no home of the user's, TAP rows for what is true."""
import json
import os
import subprocess
import sys
import tempfile

PROVISO = os.path.abspath(sys.argv[1])
ROOT = os.path.abspath(sys.argv[2])
TEMP = tempfile.TemporaryDirectory(prefix="proviso-cli-")
count = failed = 0


class Result:
    def __init__(self, done):
        self.status = done.returncode
        self.out = done.stdout.decode("utf-8", "replace")
        self.err = done.stderr.decode("utf-8", "replace")
        self.raw = done.stdout

    def lines(self):
        return [json.loads(line) for line in self.out.split("\n") if line]

    def json(self):
        return json.loads(self.out)


def proviso(*args, stdin=b"", env=None, cwd=None, timeout=120):
    """A new session: no terminal can be asked, whoever starts the tests."""
    full = {"PATH": os.environ["PATH"], "HOME": TEMP.name, "LC_ALL": "C", "TERM": "xterm",
            "PROVISO_DATA": ROOT}
    for name in ("ASAN_OPTIONS", "UBSAN_OPTIONS", "LSAN_OPTIONS"):
        if name in os.environ:
            full[name] = os.environ[name]
    full.update(env or {})
    if isinstance(stdin, str):
        stdin = stdin.encode()
    return Result(subprocess.run([PROVISO, *args], input=stdin, capture_output=True, env=full, cwd=cwd or TEMP.name,
                                 start_new_session=True, timeout=timeout))


def ok(is_true, name, *notes):
    global count, failed
    count += 1
    failed += not is_true
    print("%sok %d - %s" % ("" if is_true else "not ", count, name))
    if not is_true:
        for note in notes:
            for line in str(note.out + note.err if isinstance(note, Result) else note).splitlines()[:40]:
                print("#   " + line)
    sys.stdout.flush()
    return is_true


def is_status(result, status, name):
    return ok(result.status == status, "%s: exit %d" % (name, status), "exit %d" % result.status, result)


def write(name, content):
    path = os.path.join(TEMP.name, name)
    os.makedirs(os.path.dirname(path), exist_ok=True)
    with open(path, "wb") as f:
        f.write(content if isinstance(content, bytes) else content.encode())
    return path


def write_lines(name, records):
    return write(name, "".join(json.dumps(r, ensure_ascii=False) + "\n" for r in records))


def done():
    print("1..%d" % count)
    sys.exit(1 if failed else 0)

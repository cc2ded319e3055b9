# SPDX-License-Identifier: Apache-2.0
"""For the tests of this folder: a server of ours (echo_server), connections to it, and TAP."""
import json, os, resource, select, shutil, socket, ssl, subprocess, sys, tempfile, time

count = failed = 0
OUR_PROC = os.path.realpath("/proc/self") == f"/proc/{os.getpid()}"  # in some containers it is that of another namespace


def ok(good, name, note=""):
    global count, failed
    count += 1
    failed += not good
    print(f"{'' if good else 'not '}ok {count} - {name}", flush=True)
    if not good and note:
        print("# " + str(note).replace("\n", "\n# "), flush=True)


def ok_seen(good, name, note=""):
    """What is known from /proc only."""
    global count
    if OUR_PROC:
        ok(good, name, note)
        return
    count += 1
    print(f"ok {count} - {name.split(' grows')[0]} # SKIP /proc is not of our process namespace here", flush=True)


def end():
    print(f"1..{count}")
    sys.exit(1 if failed else 0)


def skip(why):
    print(f"1..0 # SKIP {why}")
    sys.exit(0)


def many_files(n):
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    if soft < n:
        resource.setrlimit(resource.RLIMIT_NOFILE, (n if hard == resource.RLIM_INFINITY else min(n, hard), hard))


def small(value, limit):
    """Of memory: a sanitizer needs more, and keeps it."""
    return value < limit or "PV_SANITIZED" in os.environ


class Server:
    """An echo_server; stopped at the end of the with block, whatever happened."""

    def __init__(self, program, *args, tls=False):
        self.folder = tempfile.mkdtemp(prefix="pv-http-")
        os.chmod(self.folder, 0o755)
        self.log = os.path.join(self.folder, "log")
        self.tls = tls
        args = [program, "-C", self.folder, "-L", self.log] + (["-t"] if tls else []) + [str(a) for a in args]
        self.process = subprocess.Popen(args, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
        line = self.process.stdout.readline()
        if not line:
            raise SystemExit("Bail out! the server does not start")
        self.port = int(line)
        self.context = None
        if tls:
            self.context = ssl.create_default_context(cafile=os.path.join(self.folder, "cert.pem"))

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.process.stdin.close()
        try:
            self.status = self.process.wait(10)
        except subprocess.TimeoutExpired:
            self.process.kill()
            self.status = self.process.wait()
        shutil.rmtree(self.folder, ignore_errors=True)

    def raw(self):
        s = socket.create_connection(("127.0.0.1", self.port), 10)
        s.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        return s

    def dial(self):
        s = self.raw()
        return self.context.wrap_socket(s, server_hostname="localhost") if self.tls else s

    def get(self, path):
        with self.dial() as s:
            s.sendall(f"GET {path} HTTP/1.1\r\nHost: h\r\nConnection: close\r\n\r\n".encode())
            return hear(s).partition(b"\r\n\r\n")[2]

    def stats(self):
        return json.loads(self.get("/stats"))

    def settle(self, **want):
        """The counts, as soon as they are as wanted, or after 5 seconds."""
        end_s = time.monotonic() + 5
        while True:
            got = self.stats()
            if all(got[k] == v for k, v in want.items()) or time.monotonic() > end_s:
                return got
            time.sleep(0.02)

    def peak_kib(self):
        """0 where /proc is not of our process namespace."""
        if not OUR_PROC:
            return 0
        with open(f"/proc/{self.process.pid}/status") as f:
            return int(next(line for line in f if line.startswith("VmHWM")).split()[1])

    def seen(self):
        with open(self.log) as f:
            return f.read().splitlines()


def hear(s, timeout=5):
    """What comes until the other side ends it, or nothing more comes for so long."""
    got = b""
    s.settimeout(timeout)
    try:
        while True:
            data = s.recv(65536)
            if not data:
                return got
            got += data
    except (OSError, ssl.SSLError):
        return got


def ended(s, timeout):
    """Whether the other side ends or resets the connection within so many seconds."""
    s.settimeout(timeout)
    try:
        while s.recv(65536):
            pass
        return True
    except (socket.timeout, TimeoutError):
        return False
    except OSError:
        return True

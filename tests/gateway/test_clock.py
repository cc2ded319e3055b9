# SPDX-License-Identifier: Apache-2.0
"""The system's clock is set back and forward while a gateway runs: it closes, or stays closed, and opens nothing more than before."""
import os
import pathlib
import struct
import sys
import time

sys.path.insert(0, str(pathlib.Path(__file__).parent))
import rig  # noqa: E402

t = rig.Tap()
ok = t.ok
CLOCK = os.environ.get("CLOCK_MODULE", "")
HOUR = 3600


class Clock:
    """What the gateway's processes take for the time, seconds off the true one."""

    def __init__(self, name):
        self.path = rig.TEMP / name
        self.set(0)
        self.env = {"LD_PRELOAD": CLOCK, "CLOCK_FILE": str(self.path)}

    def set(self, off_s):
        with open(self.path, "r+b" if self.path.exists() else "wb") as file:
            file.write(struct.pack("=q", off_s))


def becomes(gw, status, wait=8):
    """/healthz says so within some seconds."""
    until = time.monotonic() + wait
    while time.monotonic() < until:
        if gw.get("/healthz").status == status:
            return True
        time.sleep(0.1)
    return False


def whoami(gw, token):
    return gw.get("/api/v1/whoami", token=token).status


def never_open(gw, seconds):
    """It stays closed for so long, looked at all the time."""
    until = time.monotonic() + seconds
    while time.monotonic() < until:
        if gw.get("/healthz").status == 200:
            return False
        time.sleep(0.1)
    return True


def check_back(home, token):
    clock = Clock("clock-back")
    with rig.Gateway(home, env=clock.env) as gw:
        ok(becomes(gw, 200) and whoami(gw, token) == 200, "open by the true clock")
        short = rig.token(home, "co", "analyst", ttl="3s")
        ok(whoami(gw, short) == 200, "a token of three seconds is good")
        time.sleep(3.5)
        clock.set(-HOUR)
        ok(whoami(gw, short) == 401, "over, and the clock an hour back: it is not good again")
        ok(becomes(gw, 503), "an hour back: its own proof is of the future, and it closes", gw.get("/healthz"))
        ok(never_open(gw, 3), "and stays closed while it goes on like that")
        ok(whoami(gw, short) == 401, "the token still is not good")
        clock.set(0)
        ok(becomes(gw, 200), "it opens when the clock is right again", gw.get("/healthz"))
        ok(whoami(gw, short) == 401 and whoami(gw, token) == 200, "and what was over is over")
        rig.grant(home, "co", "analyst", name="later")  # its log is signed: no clock of this home goes back behind that
    clock.set(-HOUR)
    with rig.Gateway(home, env=clock.env) as gw:  # a restart forgets what the steady clock said
        ok(whoami(gw, short) == 401, "started by the wrong clock: what was over before is not good again")
        ok(never_open(gw, 2), "and it is closed from the start", gw.get("/healthz"))


def check_forward(home, token):
    clock = Clock("clock-forward")
    with rig.Gateway(home, env=clock.env) as gw:
        ok(becomes(gw, 200) and whoami(gw, token) == 200, "open by the true clock")
        clock.set(2 * HOUR)
        time.sleep(2.5)  # a proof by the wrong clock is made
        ok(whoami(gw, token) == 401, "two hours forward: a token of one hour is over")
        clock.set(0)
        ok(becomes(gw, 503), "set right: a proof of the future stands, and it is closed", gw.get("/healthz"))
        ok(never_open(gw, 3), "and stays so")
        ok(whoami(gw, token) == 401, "the token is not good again")
    with rig.Gateway(home, env=clock.env) as gw:
        ok(never_open(gw, 2) and whoami(gw, token) == 401, "also after a restart", gw.get("/healthz"))


if any(word in pathlib.Path(rig.PROVISOD).read_bytes() for word in (b"__asan_init", b"__tsan_init")):
    t.skip("clocks that are set", "a sanitizer's runtime wants to come first; other builds run this")
    t.done()
for check, name in ((check_back, "back"), (check_forward, "forward")):
    home = rig.home("co", name=f"home-{name}", parties=False)
    rig.grant(home, "co", "analyst", "officer")
    check(home, rig.token(home, "co", "officer", ttl="1h"))
t.done()

# SPDX-License-Identifier: Apache-2.0
"""`promtool check metrics` lints what /metrics says, and the numbers are those of what was done."""
import pathlib
import re
import shutil
import subprocess
import sys
import time

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[2] / "gateway"))
import rig  # noqa: E402

t = rig.Tap()


def read(gw):
    """{name{labels}: value}"""
    text = gw.get("/metrics").text
    return text, {m.group(1): float(m.group(2)) for m in re.finditer(r"^([a-z_]+(?:\{[^}]*\})?) (\S+)$", text, re.M)}


home = rig.home("co")
rig.grant(home, "co", "officer")
token = rig.token(home, "co", "officer")
with rig.Gateway(home, "front: { loops = 2; };\n") as gw:
    connection = gw.connection()
    for n in range(20):
        gw.post("/access/v1/evaluation", {"subject": {"type": "party", "id": "co"}, "action": {"name": "open"},
                                          "resource": {"type": "report", "id": f"r-{n}"}}, token=token, connection=connection)
    gw.get("/nothing")
    gw.get("/api/v1/status", token="pvt1_nobody")
    time.sleep(1.2)  # loops and keeper look once a second
    text, values = read(gw)
    t.ok(values['proviso_http_requests_total{edge="authzen",class="2xx"}'] == 20, "requests by edge and class", text)
    t.ok(values['proviso_http_request_duration_seconds_count{edge="authzen"}'] == 20 and
         values['proviso_http_request_duration_seconds_bucket{edge="authzen",le="+Inf"}'] == 20, "latencies by edge", text)
    t.ok(values['proviso_decisions_total{reason="no-agreement"}'] >= 20 and values['proviso_decisions_total{reason="agreement"}'] == 0,
         "decisions by reason", text)
    t.ok(values["proviso_keeper_batched_calls_total"] == 20 and 1 <= values["proviso_keeper_commits_total"] <= 20, "commits, and calls that shared them", text)
    t.ok(values['proviso_keeper_calls_total{end="unauthenticated"}'] >= 1, "calls by how they ended", text)
    t.ok(values["proviso_open"] == 1 and values["proviso_lease_age_seconds"] < 3600, "open, and the age of the lease", text)
    t.ok(values["proviso_order_log_entries"] > 100 and values["proviso_journal_entries"] >= 20, "sizes of the logs", text)
    t.ok("co" not in re.findall(r'"([a-z.-]+)"', text) and "r-1" not in text, "no party and no report is named")
    promtool = shutil.which("promtool")
    if promtool is None:
        t.skip("promtool check metrics", "promtool is not installed (package prometheus)")
    else:
        done = subprocess.run([promtool, "check", "metrics"], input=text, text=True, capture_output=True, timeout=60)
        t.ok(done.returncode == 0 and not done.stdout and not done.stderr, "promtool check metrics has nothing to say", done.stdout + done.stderr)
with rig.Gateway(home, 'metrics: { from = "192.0.2.1"; };\n') as gw:
    t.ok(gw.get("/metrics").status == 403, "an address that is not let in: 403")
t.done()

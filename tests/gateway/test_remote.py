#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""
The same verbs, the same answers: each command is given to a home and, through a gateway, to a copy of it, and what it
says is compared (ids, times and digests that are random or of the moment are made equal first). Then a report of a
partner is opened through the own gateway, and what people get wrong is tried.
"""
import hashlib
import http.server
import json
import os
import pathlib
import re
import socket
import ssl
import subprocess
import sys
import threading
import time

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parent))
import rig  # noqa: E402

tap = rig.Tap()
ok = tap.ok
ROLES = "analyst,officer,overseer,operator"


def key(id, party, roles, **more):
    return {"record": "key", "id": id, "party": party, "use": "credential", "binding": f"{id}-desk", "roles": roles.split(","),
            "from": "2024-01-01T00:00:00Z", **more}


def token(home, party, roles, ttl="1d", *more):
    return rig.tool(home, "token", "new", "--party", party, "--role", roles, "--ttl", ttl, *more).out.strip()


def through(gateway, token, *args, home=None, stdin=None, pin=None, url=None, env=None):
    """The tool on a gateway; home: whose officers sign."""
    env = dict(env or {})
    if token is not None:
        env["PROVISO_TOKEN"] = token
    return rig.tool(home, "--gateway", url or gateway.url, "--pin", pin or gateway.fingerprint, *args, must=False, stdin=stdin, **env)


RANDOM = [
    (re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d+)?Z"), "TIME"),
    (re.compile(r"\d{4}-\d\d-\d\d \d\d:\d\d(:\d\d)?( UTC)?"), "TIME"),
    (re.compile(r"\br-[2-9a-z]{8}\b"), "r-ID"),
    (re.compile(r'"proof_age":\d+'), '"proof_age":N'),
    (re.compile(r"\boutcome-[0-9a-f]{16}\b"), "outcome-ID"),
    (re.compile(r"\b[0-9a-f]{32,64}\b"), "HEX"),
    (re.compile(r"\b[0-9A-F]{4}-[0-9A-F]{4}\b"), "REF"),
    (re.compile(r"proof \d+ s old"), "proof N s old"),
    (re.compile(r"good for \d+ \w+"), "good for a while"),
    (re.compile(r'(?<=[+ "])[A-Za-z0-9+/_-]{40,}={0,2}'), "BASE64"),
    (re.compile(r"\(\d+ s\)|\b\d+ s\b"), "N s"),
]


def plain(text, home):
    text = text.replace(str(home), "HOME")
    for pattern, word in RANDOM:
        text = pattern.sub(word, text)
    return text


class Pair:
    """A home, and a copy of it behind a gateway. Their officers are the same, so what is signed is the same too."""

    def __init__(self, home):
        self.a, self.b = home, rig.copy(home, "home-behind")
        self.out = rig.TEMP / "pair"
        self.out.mkdir()

    def start(self):
        self.gateway = rig.Gateway(self.b)
        self.token = token(self.b, "co", ROLES)
        token(self.a, "co", ROLES)  # the same entry in either journal

    def place(self, args, side):
        """{out} is a folder of that side; what a command wrote is compared by the caller."""
        folder = self.out / side
        folder.mkdir(exist_ok=True)
        return [str(x).replace("{out}", str(folder)) for x in args]

    def both(self, *args, stdin=None, ids=None):
        """ids: what {id} is on either side."""
        a, b = list(args), list(args)
        if ids is not None:
            a, b = [str(x).replace("{id}", ids[0]) for x in a], [str(x).replace("{id}", ids[1]) for x in b]
        one = rig.tool(self.a, *self.place(a, "a"), must=False, stdin=stdin)
        two = through(self.gateway, self.token, *self.place(b, "b"), home=self.b, stdin=stdin)
        return one, two

    def same(self, *args, status=0, stdin=None, ids=None, json_too=True):
        one, two = self.both(*args, stdin=stdin, ids=ids)
        said = [(x.status, plain(x.out, h).replace("/pair/a", "/pair/X").replace("/pair/b", "/pair/X"),
                 plain(x.err, h).replace("/pair/a", "/pair/X").replace("/pair/b", "/pair/X")) for x, h in ((one, self.a), (two, self.b))]
        shown = " ".join(map(str, args))
        if args[-2:] == ("report", "list"):  # by the second they were made in, and the two are not made in the same
            said = [(x[0], in_order(x[1]), x[2]) for x in said]
        ok(said[0] == said[1] and (status is None or one.status == status), f"home and gateway say the same: {shown[:100]}", one, "----", two)
        if json_too:
            self.same("--json", *args, status=status, ids=ids, json_too=False)
        return one, two


def in_order(out):
    if not out.startswith("{"):
        return sorted(out.splitlines())
    return sorted(json.dumps(one, sort_keys=True) for one in json.loads(out)["reports"])


def golden():
    home = rig.home("co")
    rig.apply(home, *[json.loads(x) for x in (rig.DATA / "examples/caribbean/co/20-agreements.jsonl").read_text().splitlines()])
    rig.tool(home, "apply", rig.DATA / "examples/caribbean/co/30-condition.jsonl")
    rig.apply(home, key("k-desk", "co", ROLES))
    pair = Pair(home)
    with_orders = pathlib.Path(rig.TEMP / "report.txt")
    with_orders.write_text("A vessel was seen.\n" * 100)
    pair.start()
    try:
        for args in (("status",), ("board",), ("order", "list"), ("report", "list"), ("party", "list"), ("agreement", "list"), ("term", "list"),
                     ("condition", "show"), ("key", "list"), ("log", "show"), ("log", "show", "journal", "--kind", "shared"), ("party", "show", "us"),
                     ("party", "show", "nowhere"), ("order", "show", "o-none"), ("report", "show", "r-none"), ("log", "show", "nothing")):
            pair.same(*args, status=None)
        acts(pair)
        reports(pair, with_orders)
        files(pair)
        mistakes(pair, with_orders)
    finally:
        pair.gateway.stop()
    return pair


def acts(pair):
    stop = ("--counterpart", "us.coast-guard", "--topic", "narcotics", "--text", "en=@Trial.", "--effective", "2025-11-11T14:07:00Z")
    one, two = pair.same("order", "preview", "suspend", *stop, json_too=True)
    pair.same("order", "suspend", "--id", "o-1", *stop, status=2, json_too=False)  # nobody confirms
    pair.same("order", "suspend", "--id", "o-1", *stop, "--confirm", "wrong", status=1, json_too=False)
    pair.same("order", "suspend", "--id", "o-1", *stop, "--confirm", "EXERCISE", "--as", "officer1", json_too=False)  # a hold
    pair.same("order", "list")
    pair.same("order", "sign", "o-1", "--as", "officer2", json_too=False)
    pair.same("order", "show", "o-1")
    pair.same("board")
    pair.same("order", "preview", "o-1")
    pair.same("agree", "--to", "us.coast-guard", "--purpose", "law.interdict", "--topic", "narcotics.maritime", "--outcome-within", "72h",
              "--not-before", "2024-01-01T00:00:00Z", "--id", "a-new", json_too=False)
    pair.same("agreement", "show", "a-new", status=None)
    pair.same("agree", "--to", "us.nobody", "--purpose", "law.interdict", status=2)
    pair.same("order", "lift", "o-1", "--confirm", "EXERCISE", json_too=False, status=None)
    pair.same("order", "list")
    # a draft is signed here and entered there
    pair.same("agree", "--to", "uk", "--purpose", "law", "--id", "a-draft", "--draft", "-o", "{out}/a.note", "--as", "officer1", json_too=False)
    pair.same("sign", "{out}/a.note", "-o", "{out}/a2.note", "--as", "officer2", json_too=False)
    pair.same("apply", "--dry-run", "{out}/a2.note", json_too=False)
    pair.same("apply", "{out}/a2.note", json_too=False)
    pair.same("apply", "{out}/a2.note")  # unchanged
    bad = rig.TEMP / "bad.jsonl"
    bad.write_text('{"record":"party","id":"p-x","name":"us.new-unit","names":{"en":"X"},"basis":[],"exercise":true}\n'
                   '{"record":"agreement","id":"a-bad","from":"co","to":"us.nowhere","purposes":["law"],"not_before":"2024-01-01T00:00:00Z","require":{},'
                   '"obligations":[],"basis":[],"exercise":true}\n')
    pair.same("apply", bad, status=2, json_too=False)
    pair.same("party", "show", "us.new-unit", status=2)
    pair.same("export", json_too=False, status=None)


def reports(pair, path):
    one, two = pair.same("share", path, "--topic", "narcotics.maritime", "--region", "caribbean", "--never", "force", "--id", "r-first", "-o", "{out}/first.tdf",
                        json_too=False)
    sealed = [pair.out / side / "first.tdf" for side in "ab"]
    ok(all(p.exists() and p.stat().st_size > 2000 for p in sealed), "the sealed file came down")
    pair.same("--json", "share", path, "--topic", "narcotics.maritime", "--never", "force", "--releasable-to", "us,uk", "--title", "Second", "--id", "r-second",
              json_too=False)
    pair.same("share", path, "--like", "r-first", "--id", "r-third", json_too=False)
    pair.same("report", "list")
    pair.same("report", "show", "r-first")
    pair.same("report", "show", "r-first", "--at", "2025-11-11T13:59:00Z", json_too=False)
    pair.same("share", path, "--topic", "narcotics.nothing", "--never", "force", status=2)
    pair.same("share", path, "--id", "r-first", "--topic", "narcotics.maritime", "--never", "force", status=2)
    pair.same("share", path, "--originator", "us", "--topic", "narcotics.maritime", "--never", "force", status=None)
    pair.same("explain", "r-first", "--to", "us.coast-guard", "--purpose", "law.interdict", status=None)
    pair.same("explain", "r-first", "--to", "us.coast-guard", "--purpose", "force.strike", status=1)
    pair.same("open", "r-first", "--purpose", "force.strike", "-o", "{out}/no.txt", status=None)
    pair.same("open", "r-first", "--purpose", "law.interdict", "-o", "{out}/plain.txt", json_too=False, status=None)
    texts = [(pair.out / side / "plain.txt") for side in "ab"]
    if texts[0].exists():
        ok(texts[1].exists() and texts[1].read_bytes() == path.read_bytes(), "what was opened through the gateway is what was shared")
    pair.same("open", "r-none", "--purpose", "law.interdict", "-o", "{out}/none.txt", status=2)
    pair.same("open", "r-first", "-o", "{out}/none.txt", status=2)
    pair.same("open", "r-first", "--purpose", "law.interdict", "-o", "{out}/first.tdf", status=2)
    pair.same("incident", "strike", "--id", "inc-1", "--topic", "narcotics.maritime", "--region", "caribbean", "--from", "2025-10-03T00:00:00Z",
              "--dead", "3..4", "--source-who", "a newspaper", "--source-status", "reported", json_too=False)
    pair.same("outcome", "r-first", "--release", "0" * 32, "--action", "none", "--purpose-used", "law.interdict", "--source-who", "co",
              "-o", "{out}/outcome.note", json_too=False)
    pair.same("apply", "{out}/outcome.note", status=None)
    pair.same("recall", "r-first", "--confirm", "r-first", "--text", "en=@Wrong.", json_too=False)
    pair.same("report", "show", "r-first")
    pair.same("status", json_too=False)


def files(pair):
    pair.same("log", "show", "--count", "3")
    pair.same("log", "show", "journal", "--from", "1", "--count", "2")
    pair.same("log", "verify")
    pair.same("log", "rebuild")
    pair.same("log", "key", status=None, json_too=False)
    pair.same("log", "prove", "orders", "0", "-o", "{out}/p", status=None, json_too=False)
    pair.same("card", "-o", "{out}/card", json_too=False, status=None)


def mistakes(pair, path):
    gw, t = pair.gateway, pair.token

    def says(done, status, *words):
        return done.status == status and all(w in done.out + done.err for w in words)

    x = through(gw, t, "status", url=gw.url.replace("https", "http"))
    ok(says(x, 2, "not encrypted", "https://"), "http is not tried, and the right form is named", x)
    x = through(gw, t, "status", url=gw.url + "/api/v1")
    ok(says(x, 2, "Leave out"), "an address with a path is told apart", x)
    x = through(gw, t, "status", url="gw.example")
    ok(says(x, 2, "no gateway's address"), "so is one without https", x)
    x = through(gw, t, "status", pin="00:" * 31 + "00")
    ok(x.status == 4 and "status" not in x.out, "another certificate than the pinned one: exit 4, nothing is sent", x)
    (cert, _), _ = rig.certificate("other-ca")
    x = rig.tool(None, "--gateway", gw.url, "--ca", cert, "status", must=False, PROVISO_TOKEN=t)
    ok(x.status == 4, "a CA that does not vouch for it: exit 4", x)
    x = rig.tool(None, "--gateway", gw.url, "--ca", str(gw.ca), "status", must=False, PROVISO_TOKEN=t)
    ok(x.status == 0, "the CA that does: exit 0", x)
    x = through(gw, None, "status")
    ok(says(x, 3, "no credential", "--token"), "without a token: exit 3, and how to name one", x)
    x = through(gw, "pvt1_nonsense", "status")
    ok(says(x, 3, "has expired"), "with a token that is none of its own", x)
    x = through(gw, t, "status", env={"PROVISO_TOKEN": ""})
    short = token(pair.b, "co", "analyst", "1s")
    time.sleep(2.2)
    x = through(gw, short, "status")
    ok(says(x, 3, "has expired", "token new"), "with a token that has expired", x)
    empty = rig.TEMP / "empty.token"
    empty.write_text("\n")
    x = through(gw, None, "--token", empty, "status")
    ok(says(x, 3, "holds no token"), "a token file with nothing in it", x)
    good = rig.TEMP / "good.token"
    good.write_text(t + "\n")
    x = through(gw, None, "--token", good, "status")
    ok(x.status == 0, "a token in a file", x)
    x = through(gw, t, "--cert", cert, "status")
    ok(says(x, 2, "--cert-key"), "a certificate without its key", x)
    with socket.create_server(("127.0.0.1", 0)) as nobody:
        port = nobody.getsockname()[1]
    x = through(gw, t, "status", url=f"https://127.0.0.1:{port}")
    ok(x.status == 6, "nobody listens there: exit 6", x)
    for command in (("backup", rig.TEMP / "b"), ("log", "export", "orders", rig.TEMP / "e"), ("init", "--party", "xx"),
                    ("collection", "list")):
        x = through(gw, t, *command)
        ok(says(x, 2, "not through a gateway") and not (rig.TEMP / "b").exists(), f"{command[0]} says that it needs a home", x)
    analyst = token(pair.b, "co", "analyst")
    x = through(gw, analyst, "log", "rebuild", "--repair")
    ok(x.status == 2 and "may not" in x.out + x.err, "a role that may not: told so, and nothing is done", x)
    uploads(pair)


def uploads(pair):
    """Resumable parts in the manner of tus 1.0, and what goes wrong with them."""
    gw, t = pair.gateway, pair.token
    tus = {"Tus-Resumable": "1.0.0"}
    size = 3 * 1024 * 1024 + 17
    data = os.urandom(size)
    x = gw.request("OPTIONS", "/api/v1/uploads")
    ok(x.status == 204 and x.headers["Tus-Version"] == "1.0.0" and "creation" in x.headers["Tus-Extension"], "OPTIONS says what is spoken", x)
    x = gw.request("POST", "/api/v1/uploads", headers={**tus, "Upload-Length": str(size)})
    ok(x.status == 401, "no upload for nobody", x)
    x = gw.request("POST", "/api/v1/uploads", headers={"Upload-Length": str(size)}, token=t)
    ok(x.status == 412, "another protocol version", x)
    x = gw.request("POST", "/api/v1/uploads", headers={**tus}, token=t)
    ok(x.status == 400, "a size is wanted", x)
    x = gw.request("POST", "/api/v1/uploads", headers={**tus, "Upload-Length": str(size), "Upload-Metadata": "filename dHJhY2suYmlu"}, token=t)
    ok(x.status == 201 and x.headers["Upload-Offset"] == "0", "an upload is begun", x)
    place = x.headers["Location"].removeprefix(gw.url)
    patch = {**tus, "Content-Type": "application/offset+octet-stream"}
    half = size // 2
    x = gw.request("PATCH", place, data[:half], headers={**patch, "Upload-Offset": "0"}, token=t)
    ok(x.status == 204 and x.headers["Upload-Offset"] == str(half) and x.headers["Upload-Expires"].endswith("GMT"), "half of it goes up", x)
    x = gw.request("PATCH", place, data[:10], headers={**patch, "Upload-Offset": "0"}, token=t)
    ok(x.status == 409, "a piece in the wrong place: 409, and nothing is written", x)
    x = through(gw, t, "share", "-", "--topic", "narcotics.maritime", "--never", "force", "--id", "r-tus", stdin="x")
    ok(x.status == 0, "meanwhile another shares", x)
    x = gw.request("HEAD", place, headers=tus, token=t)
    ok(x.status == 200 and x.headers["Upload-Offset"] == str(half) and x.headers["Upload-Length"] == str(size), "HEAD says where it stands", x)
    other = token(pair.b, "co", "analyst", "1h", "--person", "somebody else")
    x = gw.request("HEAD", place, headers=tus, token=other)
    ok(x.status == 404, "another person does not see it", x)
    share = {"upload": place.rsplit("/", 1)[1], "label": {"record": "report", "topics": ["narcotics.maritime"], "regions": [], "never": ["force"]}}
    x = gw.post("/api/v1/reports", share, token=t)
    ok(x.status == 400 and "not whole" in x.text, "half an upload is not shared", x)
    # a client that is cut in the middle: what arrived stays
    connection = gw.connection()
    connection.putrequest("PATCH", place)
    for name, value in {**patch, "Upload-Offset": str(half), "Content-Length": str(size - half), "Authorization": f"Bearer {t}"}.items():
        connection.putheader(name, value)
    connection.endheaders()
    connection.send(data[half:half + 1024 * 1024])
    time.sleep(0.5)
    connection.close()
    stands = half
    for _ in range(50):
        x = gw.request("HEAD", place, headers=tus, token=t)
        stands = int(x.headers.get("Upload-Offset", "0"))
        if stands > half:
            break
        time.sleep(0.1)
    ok(half < stands < size, "what arrived before the line broke is kept", x)
    time.sleep(0.3)
    stands = int(gw.request("HEAD", place, headers=tus, token=t).headers["Upload-Offset"])
    x = gw.request("PATCH", place, data[stands:], headers={**patch, "Upload-Offset": str(stands)}, token=t)
    ok(x.status == 204 and x.headers["Upload-Offset"] == str(size), "and resumed to its end", x)
    x = gw.post("/api/v1/reports", share, token=t)
    ok(x.status in (200, 201) and x.json().get("report", "").startswith("r-"), "it becomes a report", x)
    report = x.json().get("report", "r-none")
    x = gw.post("/api/v1/reports", share, token=t)
    ok(x.status == 400 and f"shared before, as {report}" in x.text, "the same upload is not shared twice", x)
    x = through(gw, t, "open", report, "--purpose", "law.interdict", "-o", "-")
    x = gw.get(f"/api/v1/reports/{report}/content", token=t)
    ok(x.status == 200 and len(x.body) > size and x.body[:2] == b"PK", "the sealed file comes down", x.status, len(x.body))
    x = gw.get("/api/v1/reports/r-none/content", token=t)
    ok(x.status == 404, "one that is not there", x)
    x = gw.post("/api/v1/openings", {"id": report, "purpose": "law.interdict", "grant": ""}, token=t)
    if ok(x.status == 200, "an opening is decided", x) and x.json().get("opened"):
        handle = x.json()["handle"]
        y = gw.get(f"/api/v1/openings/{handle}/content", token=other)
        ok(y.status == 400, "another person cannot read it", y)
        y = gw.get(f"/api/v1/openings/{handle}/content", token=t)
        ok(y.status == 200 and y.body == data, "its content comes in pieces", y.status, len(y.body))
        y = gw.get(f"/api/v1/openings/{handle}/content", token=t)
        ok(y.status == 400, "once it is over it is over", y)
    x = gw.request("DELETE", place, headers=tus, token=t)
    ok(x.status in (204, 400), "and thrown away", x)
    spool = pair.b / "spool"
    left = sum(p.stat().st_size for p in spool.iterdir()) if spool.exists() else 0
    ok(left < 4096, "nothing of it stays in the spool", left)


# ---- a partner's report, through the own gateway ----


def spki(gateway):
    """Hex SHA-256 of the server's public key, as a key record of use tls binds it."""
    pem = subprocess.run(["openssl", "x509", "-in", str(gateway.ca), "-noout", "-pubkey"], check=True, capture_output=True).stdout
    der = subprocess.run(["openssl", "pkey", "-pubin", "-outform", "DER"], input=pem, check=True, capture_output=True).stdout
    return hashlib.sha256(der).hexdigest()


def server_of(home, id, party, gateway_url, key):
    rig.apply(home, {"record": "key", "id": id, "party": party, "use": "tls", "binding": gateway_url, "key": key, "from": "2024-01-01T00:00:00Z"})


class Liar:
    """A gateway of somebody's own making: whatever is asked, it answers this."""

    def __init__(self, status, body, type="text/plain"):
        (cert, key), self.key = rig.certificate(f"liar{status}{len(body)}")
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.load_cert_chain(cert, key)
        liar = self

        class Handler(http.server.BaseHTTPRequestHandler):
            def do_POST(self):
                self.rfile.read(int(self.headers.get("Content-Length", 0)))
                self.send_response(liar.status)
                self.send_header("Content-Type", type)
                self.send_header("Content-Length", str(len(liar.body)))
                self.end_headers()
                try:
                    self.wfile.write(liar.body)
                except OSError:
                    pass  # it heard enough

            def log_message(self, *args):
                pass

        self.status, self.body = status, body
        self.server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.server.socket = context.wrap_socket(self.server.socket, server_side=True)
        self.url = f"https://127.0.0.1:{self.server.server_address[1]}"
        threading.Thread(target=self.server.serve_forever, daemon=True).start()

    def stop(self):
        self.server.shutdown()
        self.server.server_close()


def entries(home, *kinds):
    out = []
    for kind in kinds:
        out += [json.loads(x) for x in rig.tool(home, "--json", "log", "show", "journal", "--kind", kind).out.splitlines()]
    return out


def partners():
    co, us = rig.home("co", "partner-co"), rig.home("us", "partner-us")
    rig.peers({"co": co, "us": us})
    rig.apply(co, rig.agreement("a-p", "co", "us", ["law.interdict"], obligations=[{"duty": "report-outcome", "within": 86400}]), key("k-co", "co", ROLES))
    rig.apply(us, key("k-us", "us", ROLES))
    text = rig.TEMP / "track.bin"
    text.write_bytes(os.urandom(12 * 1024 * 1024 + 5))
    sealed = rig.TEMP / "track.tdf"
    rig.tool(co, "share", text, "--topic", "narcotics.maritime", "--region", "caribbean", "--never", "force", "--id", "r-track", "-o", sealed)
    with rig.Gateway(co) as there:
        server_of(us, "k-tls-co", "co", there.url, spki(there))
        with rig.Gateway(us) as here:
            t = token(us, "us", "analyst")
            open_partners(co, us, there, here, t, text, sealed)
            cut_short(co, there, text)
            lies(us, here, t, sealed)
        there.stop()
    verify = rig.tool(co, "log", "verify", must=False)
    ok(verify.status == 0, "both logs of the originator still verify", verify)


def open_partners(co, us, there, here, t, text, sealed):
    out = rig.TEMP / "opened.bin"
    x = through(here, t, "open", sealed, "--purpose", "law.interdict", "-o", out)
    ok(x.status == 0 and out.read_bytes() == text.read_bytes(), "a partner's report opens through the own gateway, which asks the partner's", x)
    ok("a-p" in x.out and "outcome" in x.out, "and says by which agreement, and what is owed", x)
    given = entries(co, "granted")
    ok(len(given) == 1 and "exchange.api" in json.dumps(given), "the originator's journal says so, and by which channel", given)
    ok(len(entries(us, "asked", "received")) == 2, "and so does the recipient's", entries(us, "asked", "received"))
    x = through(here, t, "open", sealed, "--purpose", "safety.sar", "-o", rig.TEMP / "no.bin")
    ok(x.status == 1 and not (rig.TEMP / "no.bin").exists(), "another purpose is refused there", x)
    x = through(here, t, "open", sealed, "--purpose", "law.interdict", "-o", out)
    ok(x.status == 2 and "already there" in x.err + x.out, "a file that is there is not written over", x)
    x = through(here, t, "--json", "open", sealed, "--purpose", "law.interdict", "-o", rig.TEMP / "second.bin")
    ok(x.status == 0 and x.json()["opened"], "each opening asks anew", x)
    due = there.post("/api/v1/calls/outcomes.due", b"{}\n", token=token(co, "co", "officer"), headers={"Content-Type": "application/vnd.proviso.call"})
    ok(due.status == 200 and json.loads(due.body)["rows"][0]["party"] == "us", "the outcome is due", due)
    # the exchange itself
    x = there.post("/exchange/v1/ask", b"garbage")
    ok(x.status == 400, "what is no signed request is refused", x)
    request = rig.TEMP / "q.note"
    rig.tool(us, "ask", sealed, "--purpose", "law.interdict", "-o", request)
    x = there.post("/exchange/v1/ask", request.read_bytes())
    ok(x.status == 400 and "courier" in x.text, "a request made to be carried does not come by this way", x)
    stranger = rig.home("uk", "partner-uk")
    line = request.read_text().split("\n")[0]
    before = len(entries(co, "refused", "granted"))
    x = there.post("/exchange/v1/ask", f"{line}\n\n\u2014 uk/gateway AAAAAAAA\n".encode())
    ok(x.status == 400 and len(entries(co, "refused", "granted")) == before, "signed by nobody that is known: nothing is journalled", x)


def cut_short(co, there, text):
    """An order lands while the content is on its way: not all of it arrives, and the journal says how much did."""
    t = token(co, "co", "analyst,officer")
    x = there.post("/api/v1/openings", {"id": "r-track", "purpose": "law.interdict", "grant": ""}, token=t)
    if not x.json().get("opened"):
        rig.apply(co, rig.agreement("a-self", "co", "co", ["law.interdict"]))
        x = there.post("/api/v1/openings", {"id": "r-track", "purpose": "law.interdict", "grant": ""}, token=t)
    if not ok(x.status == 200 and x.json().get("opened"), "an opening of one's own", x):
        return
    raw = socket.create_connection((there.host, there.port))
    raw.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 65536)
    tls = there.context().wrap_socket(raw, server_hostname=there.host)
    tls.sendall(f"GET /api/v1/openings/{x.json()['handle']}/content HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer {t}\r\n\r\n".encode())
    got = tls.recv(65536)
    rig.tool(co, "recall", "r-track", "--confirm", "r-track", "--text", "en=@Stop.")
    time.sleep(1.5)
    broken = False
    try:
        while True:
            piece = tls.recv(65536)
            if not piece:
                break
            got += piece
    except (ConnectionError, ssl.SSLError):
        broken = True
    ok(b" 200 " in got[:20] and len(got) < text.stat().st_size, "a recall in the middle cuts the line", broken, len(got))
    cut = entries(co, "cut")
    ok(len(cut) == 1, "and the journal says that it was cut", cut)


def lies(us, here, t, sealed):
    """The partner's gateway is down, is another, answers something else."""
    def answers(name, status, *words):
        target = rig.TEMP / "never.bin"
        x = through(here, t, "open", sealed, "--purpose", "law.interdict", "-o", target)
        ok(x.status == status and all(w in x.out + x.err for w in words) and not target.exists(), name, x)

    before = len(entries(us, "received"))
    with socket.create_server(("127.0.0.1", 0)) as nobody:
        port = nobody.getsockname()[1]
    for record in (rig.tool(us, "end", "k-tls-co"),):
        assert record.status == 0
    server_of(us, "k-tls-2", "co", f"https://127.0.0.1:{port}", "00" * 32)
    answers("the partner's gateway is down: exit 6", 6)
    rig.tool(us, "end", "k-tls-2")
    for i, (name, status, liar, words) in enumerate((
            ("it answers garbage: nothing is opened", None, Liar(200, b"garbage"), ()),
            ("it answers nothing", None, Liar(200, b""), ()),
            ("it answers an error page", None, Liar(500, b"<html>\x1b[31mno"), ("500",)),
            ("it says why, and control characters are defused", 2, Liar(400, json.dumps({"title": "Bad", "detail": "no\u001b[31m good"}).encode()), ("no?[31m good",)),
            ("it asks for patience: exit 6", 6, Liar(503, b""), ("503",)),
            ("it never ends: too much is too much", None, Liar(200, b"x" * 1024 * 1024), ()))):
        server_of(us, f"k-lie-{i}", "co", liar.url, liar.key)
        target = rig.TEMP / "never.bin"
        x = through(here, t, "open", sealed, "--purpose", "law.interdict", "-o", target)
        ok(x.status != 0 and (status is None or x.status == status) and all(w in x.out + x.err for w in words) and not target.exists()
           and "\x1b" not in x.out + x.err, name, x)
        rig.tool(us, "end", f"k-lie-{i}")
        liar.stop()
    liar = Liar(200, b"x")
    server_of(us, "k-lie-x", "co", liar.url, "11" * 32)
    answers("its server has another key than the one that is bound: exit 4", 4)
    liar.stop()
    rig.tool(us, "end", "k-lie-x")
    answers("where it is is not known: said so", 2, "not known here")
    ok(len(entries(us, "received")) == before, "of all this nothing was received")


if __name__ == "__main__":
    if "partners" not in sys.argv[1:]:
        golden()
    partners()
    tap.done()

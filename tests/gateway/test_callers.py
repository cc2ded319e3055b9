# SPDX-License-Identifier: Apache-2.0
"""Who calls, over HTTPS: certificates, passwords, tokens; what floods and forgeries get."""
import base64
import json
import pathlib
import sys
import threading
import time

sys.path.insert(0, str(pathlib.Path(__file__).parent))
import rig  # noqa: E402

t = rig.Tap()
ok = t.ok
HOME = rig.home("co")
tool = lambda *args: rig.tool(HOME, *args).out.strip()  # noqa: E731


def who(gw, **how):
    answer = gw.get("/api/v1/whoami", **how)
    return answer.json() if answer.status == 200 else answer.status


def comes(what, wait=10):
    """Whether it comes true within so many seconds: other processes' changes are seen within a quarter of one, on a calm machine."""
    until = time.monotonic() + wait
    while not what():
        if time.monotonic() > until:
            return False
        time.sleep(0.1)
    return True


def acknowledges(gw, token, order):
    """How an acknowledgement of that order is answered."""
    ack = {"record": "ack", "order": order, "party": "co.public-force.navy", "state": "seen"}
    answer = gw.post("/api/v1/records", {"record": ack}, token=token)
    return answer.status, answer.text


def journal():
    return rig.tool(HOME, "status", "--json").json()["journal_size"]


def b64(x):
    return base64.urlsafe_b64encode(x if isinstance(x, bytes) else json.dumps(x).encode()).decode().rstrip("=")


tool("key", "add", "--use", "credential", "--binding", "desk", "--party", "co", "--role", "analyst,officer", "--purpose", "law")
PAIR, SPKI = rig.certificate("navy")
STRANGER, _ = rig.certificate("stranger")
tool("key", "add", "--use", "tls", "--certificate", PAIR[0], "--party", "co.public-force.navy", "--role", "analyst")
PASSWORD = tool("account", "add", "taxii-navy", "--party", "co.public-force.navy", "--purpose", "law.interdict")
TOKEN = tool("token", "new", "--party", "co", "--person", "ana", "--role", "officer", "--ttl", "10min")

with rig.Gateway(HOME) as gw:
    # ---- each kind ----
    me = who(gw, cert=PAIR)
    ok(isinstance(me, dict) and me["party"] == "co.public-force.navy" and me["roles"] == ["analyst"], "a client certificate is its party", me)
    ok(who(gw, cert=STRANGER) == 401, "one that is not bound is nobody")
    me = who(gw, user=("taxii-navy", PASSWORD))
    ok(isinstance(me, dict) and me["person"] == "taxii-navy" and me["purposes"] == ["law.interdict"], "name and password", me)
    me = who(gw, token=TOKEN)
    ok(isinstance(me, dict) and me["roles"] == ["officer"] and me["person"] == "ana" and me["own"], "a token", me)
    ok(who(gw) == 401, "nothing is nobody")
    ok(who(gw, cert=PAIR, token="pvt1_" + "A" * 43) == 401, "a token that is nobody's is not made good by a certificate")

    # ---- forged and odd ones: nobody, one answer, nothing journalled ----
    before = journal()
    bodies = set()
    for name, header in [
            ("a token with a letter changed", "Bearer " + TOKEN[:-1] + ("A" if TOKEN[-1] != "A" else "B")),
            ("a token in capitals", "Bearer " + TOKEN.upper()),
            ("alg none", f"Bearer {b64({'alg': 'none'})}.{b64({'iss': 'co', 'sub': 'x'})}."),
            ("HS256", f"Bearer {b64({'alg': 'HS256'})}.{b64({'iss': 'co', 'exp': 9e9, 'iat': 1})}.{b64(b'0' * 32)}"),
            ("an issuer nobody bound", f"Bearer {b64({'alg': 'RS256'})}.{b64({'iss': 'http://127.0.0.1:1', 'aud': 'co/orders', 'exp': 9999999999, 'iat': 1, 'sub': 'x'})}.{b64(b'0' * 256)}"),
            ("a kid that is a path", f"Bearer {b64({'alg': 'ES256', 'kid': '../../keys/log.key'})}.{b64({'iss': 'co'})}.{b64(b'0' * 64)}"),
            ("a wrong password", "Basic " + base64.b64encode(b"taxii-navy:abcd").decode()),
            ("an account that is not there", "Basic " + base64.b64encode(b"nobody:abcd").decode())]:
        answer = gw.get("/api/v1/whoami", headers={"Authorization": header})
        bodies.add(answer.json().get("title", "") + answer.json().get("detail", ""))
        ok(answer.status == 401 and "www-authenticate" in {k.lower() for k in answer.headers.keys()}, f"{name}: 401", answer)
    ok(len(bodies) == 1, "all of them hear the same", bodies)
    answer = gw.get("/api/v1/whoami", headers={"Authorization": "Bearer " + "a" * 9000})
    ok(answer.status in (400, 401, 431), "a huge token", answer.status)
    ok(journal() == before, "nothing of this is journalled")

    # ---- a flood of passwords costs nobody else anything ----
    codes, began = [], time.monotonic()
    stop = began + 3

    def flood(i):
        while time.monotonic() < stop:
            codes.append(gw.get("/api/v1/whoami", user=(f"user{i}", "guess")).status)

    threads = [threading.Thread(target=flood, args=(i,)) for i in range(4)]
    for one in threads:
        one.start()
    slowest, refused = 0, []
    while time.monotonic() < stop:
        start = time.monotonic()
        refused += [me for me in (who(gw, token=TOKEN), who(gw, user=("taxii-navy", PASSWORD))) if not isinstance(me, dict)]
        slowest = max(slowest, time.monotonic() - start)
        time.sleep(0.1)  # callers have a rate of their own
    for one in threads:
        one.join()
    may = 8 + (time.monotonic() - began) + 2  # eight at once, one a second
    ok(set(codes) <= {401, 429} and codes.count(401) <= may and (len(codes) <= may or 429 in codes),
       "of many guesses few are tried, the others hear 429", {code: codes.count(code) for code in set(codes)})
    ok(not refused and slowest < 10, "a token, and a password that was verified, go on meanwhile", refused, slowest)
    ok(journal() == before, "and nothing is journalled")

    # ---- tokens over the API; who comes from where a flood came from may have to wait a moment ----
    ok(comes(lambda: isinstance(who(gw, user=("taxii-navy", PASSWORD)), dict), 20), "after the flood the account is known")
    answer = gw.post("/api/v1/tokens", {"purposes": ["law.interdict"], "roles": ["officer"], "ttl": 60}, token=TOKEN)
    made = answer.json() if answer.status == 200 else {}
    comes(lambda: isinstance(who(gw, token=made.get("token", "x")), dict), 20)
    me = who(gw, token=made.get("token", "x"))
    ok(isinstance(me, dict) and me["purposes"] == ["law.interdict"] and me["person"] == "ana", "a token makes a narrower one", answer, me)
    ok(gw.post("/api/v1/tokens", {"roles": ["operator"]}, token=TOKEN).status == 400, "never one with a role more")
    ok(gw.post("/api/v1/tokens", {"roles": ["analyst"]}, token=made["token"]).status == 400, "not even one that its record grants")
    ok(gw.post("/api/v1/tokens", {"of": made["row"]["binding"], "roles": ["officer", "operator"], "ttl": 86400}, token=TOKEN).status == 400,
       "nor an officer's within its own record, when it is named")
    ok(gw.post("/api/v1/tokens", {"roles": ["officer"], "person": "eve"}, token=TOKEN).status == 200, "an officer says for whom")
    narrow = {"roles": ["analyst"], "party": "co.public-force.navy", "person": "eve"}
    eve = gw.post("/api/v1/tokens", narrow, token=TOKEN).json()["token"]
    comes(lambda: isinstance(who(gw, token=eve), dict), 20)
    ok(gw.post("/api/v1/tokens", {"person": "ana"}, token=eve).status == 400, "an analyst's is never somebody else's")
    twice = [gw.post("/api/v1/tokens", {}, token=eve, headers={"Idempotency-Key": "k-1"}) for _ in range(2)]
    ok(all(x.status == 200 for x in twice) and twice[0].json()["token"] != twice[1].json()["token"], "under a key, too, each is a new one", *twice)
    ok(not any(x.json()["token"].encode() in f.read_bytes() for x in twice for f in HOME.rglob("*") if f.is_file()),
       "and none lies in the home")
    rig.apply(HOME, rig.order("o-hidden", ["co.public-force.army"], ["uk"], public=False))
    said = [acknowledges(gw, eve, order) for order in ("o-hidden", "o-none")]
    ok(said[0][0] == said[1][0] == 400 and said[0][1].replace("o-hidden", "o-none") == said[1][1],
       "who acknowledges an order that is not for it learns nothing", *said)
    ok(comes(lambda: isinstance(who(gw, user=("taxii-navy", PASSWORD)), dict), 20), "the account is still known")
    answer = gw.post("/api/v1/tokens", {}, user=("taxii-navy", PASSWORD))
    ok(answer.status == 200, "an account makes one of its own", answer)
    rows = gw.get("/api/v1/tokens", user=("taxii-navy", PASSWORD)).json()["rows"]
    ok(len(rows) == 1 and rows[0]["party"] == "co.public-force.navy", "and sees that one alone", rows)
    mine = made["row"]["id"]
    ok(gw.request("DELETE", f"/api/v1/tokens/{mine}", user=("taxii-navy", PASSWORD)).status == 404, "another's cannot be ended by it")
    ok(gw.request("DELETE", f"/api/v1/tokens/{mine}", token=TOKEN).status == 200, "its holder ends it")
    ok(comes(lambda: who(gw, token=made["token"]) == 401), "and it is nobody's")

    # ---- a partner learns of no report by asking for it ----
    sealed = rig.TEMP / "secret.txt"
    sealed.write_text("where it was seen")
    tool("share", sealed, "--topic", "narcotics.maritime", "--never", "force", "--id", "r-secret")
    tool("key", "add", "--use", "credential", "--binding", "ca", "--party", "ca", "--role", "analyst")
    ca = tool("token", "new", "--party", "ca", "--role", "analyst")
    comes(lambda: isinstance(who(gw, token=ca), dict), 20)
    said = [gw.post("/api/v1/openings", {"id": x, "purpose": "law.interdict"}, token=ca) for x in ("r-secret", "r-none", "/etc/passwd")]
    ok(all(x.status == 200 and set(x.json()) == {"refused", "journal_index", "size"} and x.json()["size"] == 0 and
           set(x.json()["refused"]) == set(said[0].json()["refused"]) for x in said),
       "one that it may not open, one that is not there, a file of the machine: one answer", *said)
    said = [gw.post("/api/v1/openings", {"id": x, "purpose": "law.interdict"}, token=eve) for x in ("/nowhere", "/etc/passwd")]
    ok(all(x.status == 400 for x in said) and said[0].text.replace("/nowhere", "/etc/passwd") == said[1].text,
       "nor do our own learn of files", *said)

    # ---- and with the tool, through the gateway ----
    def there(*args, must=True):
        return rig.tool(None, "--gateway", gw.url, "--ca", gw.ca, *args, must=must, PROVISO_TOKEN=TOKEN)

    made = there("token", "new", "--party", "co.public-force.navy", "--role", "analyst", "--json").json()
    comes(lambda: isinstance(who(gw, token=made["token"]), dict), 20)
    me = who(gw, token=made["token"])
    ok(isinstance(me, dict) and me["party"] == "co.public-force.navy", "an officer's tool makes a token for a unit", me)
    ok(made["id"] in there("token", "list").out, "lists it")
    there("token", "end", made["id"])
    ok(comes(lambda: who(gw, token=made["token"]) == 401) and made["id"] not in there("token", "list").out, "and ends it")
    done = there("account", "add", "x", "--party", "co", must=False)
    ok(done.status == 2 and "through a gateway" in done.err, "a password is made where its home is", done)

    # ---- what ends, ends ----
    key = next(k["record"]["id"] for k in rig.tool(HOME, "key", "list", "--json").json()["keys"] if SPKI in json.dumps(k))
    tool("end", key)
    new = tool("account", "password", "taxii-navy")
    ok(comes(lambda: who(gw, cert=PAIR) == 401), "a certificate whose record has ended is nobody")
    ok(comes(lambda: who(gw, user=("taxii-navy", PASSWORD)) == 401, 20), "so is the password before the new one")
    ok(comes(lambda: isinstance(who(gw, user=("taxii-navy", new)), dict), 20), "the new one counts")

t.done()

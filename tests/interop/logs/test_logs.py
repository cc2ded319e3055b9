#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""
A gateway's logs over HTTPS, as golang.org/x/mod/sumdb reads them (the program of tests/interop/c2sp); its witness, asked in
each way that C2SP tlog-witness names; the register of public orders.
usage: test_logs.py GOCACHE
"""
import base64
import gzip
import hashlib
import os
import pathlib
import re
import shutil
import subprocess
import sys
import xml.etree.ElementTree as xml

HERE = pathlib.Path(__file__).resolve().parent
sys.path.insert(0, str(HERE.parents[1] / "gateway"))
import rig  # noqa: E402

tap = rig.Tap()
ok = tap.ok


def go_program():
    """The checker, built; None where Go or the package is missing."""
    go = shutil.which("go") or ("/usr/lib/go/bin/go" if os.access("/usr/lib/go/bin/go", os.X_OK) else None)
    if go is None or not pathlib.Path("/usr/share/gocode/src/golang.org/x/mod/sumdb/tlog").is_dir():
        return None
    out = rig.TEMP / "sumdb"
    env = dict(os.environ, GO111MODULE="off", GOPATH="/usr/share/gocode", GOFLAGS="", GOPROXY="off", GOTOOLCHAIN="local",
               GOCACHE=str(pathlib.Path(sys.argv[1]).resolve()), CGO_ENABLED="0")
    subprocess.run([go, "build", "-o", str(out), str(HERE.parent / "c2sp" / "sumdb.go")], check=True, env=env, timeout=240)
    return out


def sumdb(program, gw, log, vkey, size, root):
    env = dict(os.environ, SSL_CERT_FILE=str(gw.ca))
    return subprocess.run([str(program), "verify", f"{gw.url}/log/{log}/", vkey, str(size), root], env=env, text=True,
                          capture_output=True, timeout=120)


def checkpoint(gw, log):
    """origin, size, root, note"""
    answer = gw.get(f"/log/{log}/checkpoint")
    assert answer.status == 200, answer
    lines = answer.text.split("\n")
    return lines[0], int(lines[1]), lines[2], answer.text


def leaf(entry):
    return hashlib.sha256(b"\0" + entry).digest()


def node(left, right):
    return hashlib.sha256(b"\1" + left + right).digest()


def tree(leaves):
    if not leaves:
        return hashlib.sha256(b"").digest()
    if len(leaves) == 1:
        return leaves[0]
    k = 1 << ((len(leaves) - 1).bit_length() - 1)
    return node(tree(leaves[:k]), tree(leaves[k:]))


def growth(old, leaves, whole=True):
    """RFC 6962 2.1.2"""
    n = len(leaves)
    if old == n:
        return [] if whole else [tree(leaves)]
    k = 1 << ((n - 1).bit_length() - 1)
    if old <= k:
        return growth(old, leaves[:k], whole) + [tree(leaves[k:])]
    return growth(old - k, leaves[k:], False) + [tree(leaves[:k])]


def entries(gw, log, size):
    out = []
    for n in range((size + 255) // 256):
        width = min(256, size - n * 256)
        path = f"/log/{log}/tile/entries/{n:03d}" + ("" if width == 256 else f".p/{width}")
        data = gw.get(path).body
        while data:
            length = int.from_bytes(data[:2], "big")
            out.append(data[2:2 + length])
            data = data[2 + length:]
    return out


def work(home, n):
    """Entries for the journal: reports shared."""
    for i in range(n):
        path = rig.TEMP / f"report-{i}"
        path.write_text(f"synthetic {i}")
        rig.tool(home, "share", path, "--topic", "narcotics.maritime", "--region", "caribbean", "--never", "force")


def test_tiles(gw, home, keys, program):
    for log in ("orders", "journal"):
        vkey = keys[f"{log}_vkey"]
        origin, size, root, _ = checkpoint(gw, log)
        ok(origin == keys[log] and size > 0, f"{log}: its checkpoint has {size} entries")
        leaves = [leaf(e) for e in entries(gw, log, size)]
        ok(len(leaves) == size and base64.b64encode(tree(leaves)).decode() == root, f"{log}: its bundles give the root")
        if program is None:
            tap.skip(f"{log}: golang.org/x/mod verifies it", "apt install golang-go golang-golang-x-mod-dev")
            continue
        done = sumdb(program, gw, log, vkey, size, root)
        ok(done.returncode == 0, f"{log}: golang.org/x/mod verifies it over HTTPS", done.stderr)
    _, size, root, _ = checkpoint(gw, "journal")
    work(home, 3)
    grown = checkpoint(gw, "journal")
    ok(grown[1] >= size + 3, "the journal has grown")
    if program is not None:
        done = sumdb(program, gw, "journal", keys["journal_vkey"], size, root)
        ok(done.returncode == 0, "golang.org/x/mod verifies that it grew from the older tree", done.stderr)
        done = sumdb(program, gw, "journal", keys["journal_vkey"], size, grown[2])
        ok(done.returncode == 1, "and refuses that it grew from another")
        done = sumdb(program, gw, "journal", keys["orders_vkey"], size, root)
        ok(done.returncode == 1, "and a checkpoint under another key")


def test_headers(gw):
    _, size, _, _ = checkpoint(gw, "orders")
    width = size % 256
    path = f"/log/orders/tile/entries/{size // 256:03d}.p/{width}"
    tile = gw.get(path)
    ok(tile.status == 200 and "immutable" in tile.headers["Cache-Control"] and tile.headers["Content-Type"] == "application/octet-stream",
       "a bundle may be kept for ever", tile.headers)
    packed = gw.get(path, headers={"Accept-Encoding": "gzip"})
    ok(packed.headers["Content-Encoding"] == "gzip" and gzip.decompress(packed.body) == tile.body and packed.headers["Vary"] == "Accept-Encoding",
       "it is packed for who can unpack it")
    plain = gw.get(path, headers={"Accept-Encoding": "gzip;q=0, identity"})
    ok(plain.headers["Content-Encoding"] is None and plain.body == tile.body, "and not for who says no")
    for missing in (f"/log/orders/tile/0/{size // 256:03d}.p/{width + 1}" if width < 255 else "/log/orders/tile/0/999", "/log/orders/tile/0/999", "/log/orders/tile/63/000",
                    "/log/orders/tile/00/000", "/log/orders/tile/0/0", "/log/orders/tile/0/000.p/0", "/log/orders/tile/0/000.p/256", "/log/orders/tile/data/000",
                    "/log/elsewhere/checkpoint", "/log/orders/proof/99999999", "/log/orders/proof/x", "/log/orders/tile/entries/x000/000"):
        answer = gw.get(missing)
        ok(answer.status == 404 and answer.headers["Cache-Control"] == "no-store", f"404, not to be kept: {missing}", answer)
    note = gw.get("/log/orders/checkpoint")
    ok(note.headers["Cache-Control"] == "no-store" and note.headers["Content-Type"] == "text/plain; charset=utf-8", "a checkpoint is not kept", note.headers)
    ok(gw.request("HEAD", path).body == b"" and gw.request("HEAD", path).headers["Content-Length"] == str(len(tile.body)), "HEAD says how long it is")
    ok(gw.post("/log/orders/checkpoint", b"").status == 405, "405: nothing is posted there")


def test_proofs(gw, home, keys):
    index = None
    for i, entry in enumerate(entries(gw, "orders", checkpoint(gw, "orders")[1])):
        if b'"id":"o-public"' in entry:
            index = i
    answer = gw.get(f"/log/orders/proof/{index}.tlog-proof")
    ok(answer.status == 200 and answer.text.startswith("c2sp.org/tlog-proof@v1\n"), "a proof of the public order is there", answer)
    path = rig.TEMP / "order.tlog-proof"
    path.write_bytes(answer.body)
    done = rig.tool(None, "log", "verify", path, "--vkey", keys["orders_vkey"], must=False)
    ok(done.status == 0, "it is good without a home or a network", done)
    path.write_text(answer.text.replace("index ", "index 1"))
    ok(rig.tool(None, "log", "verify", path, "--vkey", keys["orders_vkey"], must=False).status == 4, "and not when it was changed")


def lines_of(proof):
    return "".join(base64.b64encode(h).decode() + "\n" for h in proof)


def test_witness(gw, keys):
    """Its own logs are logs that it knows."""
    origin, size, root, note = checkpoint(gw, "journal")
    leaves = [leaf(e) for e in entries(gw, "journal", size)]

    def add(body):
        return gw.post("/witness/add-checkpoint", body.encode() if isinstance(body, str) else body)

    answer = add(f"old 0\n\n{note}")
    ok(answer.status == 200 and re.fullmatch("— co/witness [A-Za-z0-9+/=]+\n", answer.text), "200: a first checkpoint is cosigned", answer)
    raw = base64.b64decode(answer.text.split(" ")[2])
    ok(len(raw) == 76 and abs(int.from_bytes(raw[4:12], "big") - int(__import__("time").time())) < 60, "with the time in it")
    answer = add(f"old 0\n\n{note}")
    ok(answer.status == 409 and answer.text == f"{size}\n" and answer.headers["Content-Type"] == "text/x.tlog.size", "409: and its size is told", answer)
    ok(add(f"old {size}\n\n{note}").status == 200, "200: the same tree again")
    ok(add(f"old {size}\n{lines_of([leaves[0]])}\n{note}").status == 422, "422: a proof that is too long")
    ok(add(f"old {size + 1}\n\n{note}").status == 400, "400: old is larger")
    for body, why in ((b"", "nothing"), (b"old 0\n", "no checkpoint"), (b"old x\n\n" + note.encode(), "no number"), (b"old 0\nAAAA\n\n" + note.encode(), "a short hash"),
                      (b"old 0\n\nnote", "no note"), (b"\xff" * 100, "no text"), ("old 0\n" + "A" * 44 + "\n" * 70).encode()[:60] and (b"old 0\n" + (b"A" * 43 + b"=\n") * 64 + b"\n" + note.encode(), "64 hashes")):
        ok(add(body).status == 400, f"400: {why}")
    ok(add(f"old 0\n\n{note.replace(origin, 'nobody/orders')}").status == 404, "404: a log that is not known")
    ok(add(f"old {size}\n\n{note.replace(root, base64.b64encode(leaves[0]).decode())}").status == 403, "403: a root that was not signed")
    ok(gw.post("/witness/add-checkpoint", b"x" * 70000).status == 413, "413: too much")
    work(gw.home, 2)
    _, size2, _, note2 = checkpoint(gw, "journal")
    leaves2 = [leaf(e) for e in entries(gw, "journal", size2)]
    ok(leaves2[:size] == leaves and size2 > size, "the journal grows")
    ok(add(f"old {size}\n\n{note2}").status == 422, "422: growth without a proof")
    proof = growth(size, leaves2)
    ok(add(f"old {size}\n{lines_of(proof[:-1])}\n{note2}").status == 422, "422: with a part of one")
    answer = add(f"old {size}\n{lines_of(proof)}\n{note2}")
    ok(answer.status == 200, "200: growth that is proved", answer)
    ok(add(f"old {size2}\n\n{note}").status == 400, "400: an older tree is not signed again")
    seen = gw.get(f"/witness/{hashlib.sha256(origin.encode()).hexdigest()}/checkpoint")
    ok(seen.status == 200 and seen.text.startswith(f"{origin}\n{size2}\n") and "— co/witness " in seen.text, "what it cosigned last is served", seen)
    ok(gw.get(f"/witness/{'0' * 64}/checkpoint").status == 404 and gw.get("/witness/x/checkpoint").status == 404, "404: of a log that it never saw")
    ok(keys["witness_vkey"].startswith("co/witness+"), "its key is told")


def test_register(gw, keys):
    page = gw.get("/register/")
    policy = page.headers["Content-Security-Policy"]
    ok(page.status == 200 and page.headers["Content-Type"] == "text/html; charset=utf-8" and 'lang="en"' in page.text, "the register is a page in English", page)
    ok("<script" not in page.text and "default-src 'none'" in policy and "unsafe" not in policy, "without script, under a strict policy")
    style = re.search("<style>(.*?)</style>", page.text, re.S).group(1)
    ok(f"'sha256-{base64.b64encode(hashlib.sha256(style.encode()).digest()).decode()}'" in policy, "which allows its own style")
    ok("o-public" in page.text and "o-private" not in page.text, "it has the public order, and not the other")
    ok('<blockquote lang="es">Se da la orden &lt;de prueba&gt;.</blockquote>' in page.text and "the original" in page.text, "the text in its language, escaped", page.text)
    ok("EXERCISE" in page.text, "an exercise says so")
    spanish = gw.get("/register/", headers={"Accept-Language": "de, es-CO;q=0.8"})
    ok('lang="es"' in spanish.text and "Órdenes públicas" in spanish.text and spanish.headers["Content-Language"] == "es", "in Spanish, for who asks for it")
    ok("Ordres publics" in gw.get("/register/fr/").text and gw.get("/register/de/").status == 404, "by its address in French, and not in German")
    proof = re.search('href="(/log/orders/proof/[0-9]+[.]tlog-proof)"', page.text).group(1)
    path = rig.TEMP / "register.tlog-proof"
    path.write_bytes(gw.get(proof).body)
    ok(rig.tool(None, "log", "verify", path, "--vkey", keys["orders_vkey"], must=False).status == 0, "its proof is good")
    rows = gw.get("/register/register.json").json()["rows"]
    ok([r["order"]["id"] for r in rows] == ["o-public"] and rows[0]["in_force"] is True, "the same as JSON")
    feed = xml.fromstring(gw.get("/register/feed.atom").body)
    atom = "{http://www.w3.org/2005/Atom}"
    ok(feed.tag == atom + "feed" and all(feed.find(atom + name) is not None for name in ("id", "title", "updated")), "and as an Atom feed")
    entry = feed.findall(atom + "entry")
    ok(len(entry) == 1 and all(entry[0].find(atom + name) is not None for name in ("id", "title", "updated", "author")), "with what Atom asks of an entry")
    rig.tool(gw.home, "order", "lift", "o-public", "--confirm", "EXERCISE")
    page = gw.get("/register/en/")
    ok("Ended" in page.text and gw.get("/register/register.json").json()["rows"][0].get("in_force", False) is False, "a lift is seen at once")


def main():
    home = rig.home("co")
    rig.apply(home, rig.order("o-public", ["co.public-force.navy.intelligence"], ["us"], text={"es": "Se da la orden <de prueba>.", "en": "It is ordered."}, authentic="es"),
              rig.order("o-private", ["co.public-force.navy.intelligence"], ["uk"], public=False))
    work(home, 5)
    program = go_program()
    with rig.Gateway(home) as gw:
        keys = gw.get("/log/keys").json()
        test_tiles(gw, home, keys, program)
        test_headers(gw)
        test_proofs(gw, home, keys)
        test_witness(gw, keys)
        test_register(gw, keys)
    tap.done()


main()

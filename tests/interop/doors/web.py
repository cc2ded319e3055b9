#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""A real nginx with the lines of docs/doors.md: who is at the door by certificate, address and name; and what it does when nobody answers."""
import http.client
import pathlib
import shutil
import ssl
import subprocess
import time

import house
from house import rig

tap = rig.Tap()
NGINX = shutil.which("nginx", path="/usr/sbin:/usr/bin:/usr/local/sbin:/usr/local/bin:/sbin:/bin")


class Nginx:
    def __init__(self, gw, door):
        self.port = house.free_port()
        self.at = rig.TEMP / "nginx"
        (self.at / "www" / "tracks").mkdir(parents=True)
        (self.at / "www" / "index.html").write_text("a page\n")
        (self.at / "www" / "tracks" / "one").write_text("a track\n")
        for folder in [self.at, *self.at.parents]:
            if str(folder).startswith("/tmp/"):
                folder.chmod(folder.stat().st_mode | 0o755)
        server, _ = rig.certificate("web-server")
        shutil.copy(gw.ca, self.at / "proviso.pem")
        recipe = house.recipe("nginx")
        for old, new in (("127.0.0.1:8443", f"127.0.0.1:{gw.port}"), ("listen 443 ssl", f"listen 127.0.0.1:{self.port} ssl"),
                         ("/etc/nginx/server.pem", server[0]), ("/etc/nginx/server.key", server[1]), ("/etc/nginx/door.pem", door[0]),
                         ("/etc/nginx/door.key", door[1]), ("/etc/nginx/proviso.pem", str(self.at / "proviso.pem")), ("/srv/www", str(self.at / "www"))):
            assert old in recipe, f"{old} is not in the recipe"
            recipe = recipe.replace(old, new)
        # a user's name, as the page says how; a test speaks from any address of 127/8, and a client says nothing of itself
        recipe = recipe.replace("proxy_connect_timeout", "proxy_set_header X-Door-User $remote_user;\n        proxy_connect_timeout")
        recipe = recipe.replace("root " + str(self.at / "www"), "dav_methods PUT; root " + str(self.at / "www"))
        self.conf = self.at / "nginx.conf"
        self.conf.write_text(f"""
daemon off;
pid {self.at}/pid;
error_log {self.at}/error.log info;
worker_processes 1;
events {{ worker_connections 256; }}
http {{
access_log off;
client_body_temp_path {self.at}/t1; proxy_temp_path {self.at}/t2; fastcgi_temp_path {self.at}/t3; uwsgi_temp_path {self.at}/t4; scgi_temp_path {self.at}/t5;
{recipe}
}}
""")

    def __enter__(self):
        self.process = subprocess.Popen([NGINX, "-p", str(self.at), "-c", str(self.conf), "-e", str(self.at / "error.log")], stdout=subprocess.DEVNULL,
                                        stderr=subprocess.PIPE)
        rig._running.append(self)  # stopped with the gateways, also when the test is ended from outside
        until = time.monotonic() + 10
        while time.monotonic() < until and self.process.poll() is None:
            try:
                self.get("/")
                return self
            except OSError:
                time.sleep(0.05)
        raise AssertionError(self.process.stderr.read().decode() if self.process.poll() is not None else self.log())

    def kill(self):
        self.process.terminate()
        self.process.wait(10)
        if self in rig._running:
            rig._running.remove(self)

    def __exit__(self, *why):
        self.kill()

    def log(self):
        path = self.at / "error.log"
        return path.read_text(errors="replace") if path.exists() else ""

    def get(self, path, cert=None, client="127.0.0.1", headers=None, method="GET", body=None):
        context = ssl._create_unverified_context()
        if cert is not None:
            context.load_cert_chain(*cert)
        c = http.client.HTTPSConnection("127.0.0.1", self.port, context=context, timeout=20, source_address=(client, 0))
        try:
            c.putrequest(method, path, skip_accept_encoding=True)
            for name, value in (headers or {}).items():
                c.putheader(name, value)
            if body is not None:
                c.putheader("Content-Length", str(len(body)))
            c.endheaders(body)
            answer = c.getresponse()
            return answer.status, answer.read().decode("utf-8", "replace")
        finally:
            c.close()


def soon(what, seconds=2.0):
    begun = time.monotonic()
    while time.monotonic() - begun < seconds:
        if what():
            return time.monotonic() - begun
        time.sleep(0.02)
    return None


THEIRS = "127.0.0.77"


def stop(n, theirs, stranger, home):
    for cert, client, name in ((theirs, "127.0.0.1", "the counterpart by certificate"), (None, THEIRS, "by address"), (stranger, "127.0.0.1", "a stranger")):
        tap.ok(n.get("/", cert, client) == (200, "a page\n"), f"without an order {name} has the page", n.log())
    rig.apply(home, house.rig.order("o-1", ["co"], ["us.dea"]))
    took = soon(lambda: n.get("/", theirs)[0] == 403)
    tap.ok(took is not None and took < 1, f"an order: 403, within a second ({took})", n.log())
    tap.ok(n.get("/", None, THEIRS)[0] == 403, "by address too")
    tap.ok(n.get("/", stranger, THEIRS)[0] == 403, "and with another's certificate")
    tap.ok(n.get("/", None, headers={"Authorization": "Basic YWdlbnQ6eA=="})[0] == 403, "and by the name that the server knows")
    put = n.get("/", theirs, method="PUT", body=b"x")
    tap.ok(put[0] == 403, "an upload is not taken", put, n.log())
    for path in ("/index.html", "/tracks/one", "/tracks/../index.html", "//index.html", "/%69ndex.html", "/?x=/door"):
        tap.ok(n.get(path, theirs)[0] == 403, f"{path}: 403")
    tap.ok(n.get("/_proviso", theirs)[0] in (403, 404), "the door itself is not for clients")
    for headers in ({"X-Real-IP": "127.0.0.1"}, {"X-Original-URI": "/other"}, {"X-Client-Cert": ""}, {"X-Door-User": "somebody"}):
        tap.ok(n.get("/", theirs, THEIRS, headers)[0] == 403, f"a client that says {headers} itself: 403")


def others(n, stranger, ours):
    tap.ok(n.get("/", stranger)[0] == 200, "a stranger has it")
    tap.ok(n.get("/")[0] == 200, "and who shows no certificate")
    tap.ok(n.get("/", ours)[0] == 200, "and one of ours")
    tap.ok(n.get("/", None, "127.0.0.88")[0] == 200, "and another partner")


def labels(n, theirs, home):
    rig.apply(home, house.lift("l-1", "o-1"))
    soon(lambda: n.get("/", theirs)[0] == 200)
    tap.ok(n.get("/", theirs)[0] == 200, "lifted: the page is there")
    rig.apply(home, house.rig.order("o-2", ["co"], ["us.dea"], topic="narcotics"))
    tap.ok(soon(lambda: n.get("/tracks/one", theirs)[0] == 403) is not None, "an order about a topic stops what is labelled so")
    for path in ("/x/../tracks/one", "/%74racks/one", "//tracks/one", "/tracks/one?x=1"):
        tap.ok(n.get(path, theirs)[0] == 403, f"{path} is the same")
    tap.ok(n.get("/", theirs)[0] == 200, "and nothing else")


def wrong(n, gw, theirs, home):
    door = lambda **headers: gw.get("/door/web", headers={"X-Original-URI": "/", "X-Original-Method": "GET", "X-Real-IP": "127.0.0.1", **headers},
                                    cert=n.door).status
    tap.ok(door() == 204, "the door by hand: 204")
    rig.apply(home, house.rig.order("o-3", ["co"], ["us.dea"], channels=["file"]))
    file = lambda: gw.get("/door/file", headers={"X-Original-URI": "/", "X-Original-Method": "GET", "X-Real-IP": THEIRS}, cert=n.door)
    tap.ok(soon(lambda: file().status == 403) is not None and door(**{"X-Real-IP": THEIRS}) == 204, "an order about files closes the door for files, not the web's")
    said = file()
    tap.ok(said.headers["X-Proviso-Order"] == "o-3" and said.headers["X-Proviso-Issuer"] == "co", "and is named", said)
    tap.ok(gw.get("/door/web/co.typo", headers={"X-Original-URI": "/", "X-Original-Method": "GET", "X-Real-IP": THEIRS}, cert=n.door).status == 500,
           "a house that is not: 500")
    rig.apply(home, house.lift("l-3", "o-3"))
    tap.ok(gw.get("/door/web", headers={"X-Original-URI": "/", "X-Original-Method": "GET", "X-Real-IP": "127.0.0.1"}).status == 500,
           "without a credential: 500, so nginx asks no client for a password")
    tap.ok(gw.get("/door/web", headers={"X-Original-URI": "/", "X-Original-Method": "GET", "X-Real-IP": "127.0.0.1"}, cert=theirs).status == 500,
           "with a partner's certificate: 500, it is not for him to ask")
    tap.ok(gw.get("/door/web", headers={"X-Original-URI": "/"}, cert=n.door).status == 500, "a header is missing: 500")
    for uri in ("/a/%zz", "/../x", "/%00", "x", "/a/../../b"):
        tap.ok(door(**{"X-Original-URI": uri}) == 500, f"a path that is not sure ({uri}): 500")
    tap.ok(door(**{"X-Client-Cert": "%2D%2D%2Djunk"}) == 500, "a certificate that is none: 500")
    tap.ok(gw.get("/door/voice", headers={"X-Original-URI": "/"}, cert=n.door).status == 500, "another channel: 500")


def stale(n, gw, theirs, stranger, ours, home):
    (home / "keys" / "signer.key").rename(home / "keys" / "signer.away")
    took = soon(lambda: n.get("/", theirs)[0] == 500, 15)
    tap.ok(took is not None, "a stale gateway: the counterpart gets 500", n.log())
    tap.ok(n.get("/", stranger)[0] == 200 and n.get("/", ours)[0] == 200, "strangers and ours have the page")
    (home / "keys" / "signer.away").rename(home / "keys" / "signer.key")
    tap.ok(soon(lambda: n.get("/", theirs)[0] == 200, 5) is not None, "fresh again: it is there")


if NGINX is None:
    tap.skip("pages through a real nginx", "nginx is not installed")
    tap.done()
if "http_auth_request" not in subprocess.run([NGINX, "-V"], capture_output=True, text=True).stderr:
    tap.skip("pages through a real nginx", "this nginx has no auth_request")
    tap.done()
theirs, spki = rig.certificate("theirs")
ours, our_spki = rig.certificate("ours")
stranger, _ = rig.certificate("stranger")
door, door_spki = rig.certificate("door")
home = house.home("web", house.tls("k-1", "us.dea", f"address:{THEIRS}"), house.tls("k-2", "us.dea", spki), house.tls("k-3", "co.army", our_spki),
                  house.tls("k-4", "us.dea", "header:x-door-user=agent"), house.tls("k-5", "us.marshals", "address:127.0.0.80/28"),
                  house.tls("k-6", "co.police", door_spki, roles=["analyst"]), profile="tight")
with rig.Gateway(home, house.settings(house.free_port(), house.free_port())) as gw, Nginx(gw, door) as n:
    n.door = door
    stop(n, theirs, stranger, home)
    others(n, stranger, ours)
    labels(n, theirs, home)
    wrong(n, gw, theirs, home)
    rig.apply(home, house.lift("l-2", "o-2"))
    stale(n, gw, theirs, stranger, ours, home)
    gw.kill()
    begun = time.monotonic()
    tap.ok(n.get("/", theirs)[0] == 500 and n.get("/", stranger)[0] == 500, "no gateway: 500 for everybody")
    tap.ok(time.monotonic() - begun < 5, "without waiting long")
tap.done()

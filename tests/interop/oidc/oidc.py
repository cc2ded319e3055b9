#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""
A gateway and two OpenID Connect issuers that we did not write (npm: oidc-provider).

    oidc.py FOLDER      installs the package into FOLDER, once (TAP; skips itself when it cannot be had)
"""
import base64
import json
import os
import pathlib
import subprocess
import sys
import urllib.parse
import urllib.request

HERE = pathlib.Path(__file__).resolve().parent
sys.path.insert(0, str(HERE.parents[1] / "gateway"))
import rig  # noqa: E402
sys.path.insert(0, str(HERE.parent))
import npm  # noqa: E402

PACKAGE = "oidc-provider@8.8.1"


def skip(why):
    print(f"1..0 # SKIP {why}")
    raise SystemExit(0)


def install(folder):
    try:
        npm.install(folder, PACKAGE, "import 'oidc-provider'")
    except npm.Missing as e:
        skip(str(e))


class Issuers:
    """Both issuers, in one process that ends with us."""

    def __init__(self, folder):
        self.process = subprocess.Popen(["node", str(HERE / "provider.mjs")], cwd=folder, text=True, stdin=subprocess.PIPE,
                                        stdout=subprocess.PIPE, stderr=subprocess.DEVNULL)
        line = self.process.stdout.readline()
        if not line:
            raise AssertionError("oidc-provider does not start")
        self.url = json.loads(line)

    def rotate(self, name, alg):
        self.process.stdin.write(f"rotate {name} {alg}\n")
        self.process.stdin.flush()
        self.process.stdout.readline()

    def token(self, name, client, resource="urn:proviso"):
        """By the grant of client credentials."""
        form = urllib.parse.urlencode({"grant_type": "client_credentials", "resource": resource, "scope": "api"})
        secret = base64.b64encode(f"{client}:{client}-secret".encode()).decode()
        request = urllib.request.Request(self.url[name] + "/token", form.encode(), {"Authorization": f"Basic {secret}"})
        with urllib.request.urlopen(request, timeout=10) as answer:
            return json.load(answer)["access_token"]

    def __enter__(self):
        return self

    def __exit__(self, *why):
        self.process.stdin.close()
        try:
            self.process.wait(5)
        except subprocess.TimeoutExpired:
            self.process.kill()
            self.process.wait()


def header(token):
    return json.loads(base64.urlsafe_b64decode(token.split(".")[0] + "=="))


def changed(token):
    """With one bit of its claims changed."""
    head, claims, signature = token.split(".")
    text = base64.urlsafe_b64decode(claims + "=" * (-len(claims) % 4)).replace(b'"plain"', b'"plaim"')
    return ".".join((head, base64.urlsafe_b64encode(text).decode().rstrip("="), signature))


def exchange(gw, subject, **more):
    """RFC 8693"""
    form = {"grant_type": "urn:ietf:params:oauth:grant-type:token-exchange", "subject_token": subject,
            "subject_token_type": "urn:ietf:params:oauth:token-type:access_token", **more}
    return gw.post("/oauth2/token", urllib.parse.urlencode(form), headers={"Content-Type": "application/x-www-form-urlencoded"})


def main():
    folder, tap = pathlib.Path(os.path.abspath(sys.argv[1])), rig.Tap()
    install(folder)
    home = rig.home("co")
    with Issuers(folder) as issuers, rig.Gateway(home) as gw:
        def who(token):
            answer = gw.get("/api/v1/whoami", token=token)
            return answer.json() if answer.status == 200 else answer.status

        early = issuers.token("one", "plain")
        tap.ok(header(early)["alg"] == "RS256" and who(early) == 401, "an issuer that no record binds is nobody")
        rig.tool(home, "key", "add", "--use", "issuer", "--binding", issuers.url["one"] + "#urn:proviso:co",
                 "--party", "co.public-force.navy", "--role", "analyst,officer", "--purpose", "law")
        rig.tool(home, "key", "add", "--use", "issuer", "--binding", issuers.url["two"], "--party", "co", "--role", "overseer,analyst")

        me = who(issuers.token("one", "plain"))
        tap.ok(isinstance(me, dict) and me["party"] == "co.public-force.navy" and me["person"] == "plain" and me["roles"] == ["analyst"]
               and me["purposes"] == ["law"], "RS256: a token by client credentials is its party, an analyst", me)
        me = who(issuers.token("one", "officer"))
        tap.ok(isinstance(me, dict) and me["roles"] == ["officer"] and me["purposes"] == ["law.interdict"],
               "claims count within what the record grants", me)
        tap.ok(who(issuers.token("one", "foreign")) == 401, "a claim of another party is nobody's")
        tap.ok(who(issuers.token("one", "plain", "urn:elsewhere")) == 401, "a token for another audience is nobody's")
        tap.ok(who(issuers.token("one", "plain", "urn:opaque")) == 401, "an opaque token is nobody's")
        tap.ok(who(changed(issuers.token("one", "plain"))) == 401, "a changed token is nobody's")

        answer = exchange(gw, issuers.token("one", "plain"), scope="law.interdict")
        me = who(answer.json().get("access_token", ""))
        tap.ok(answer.status == 200 and answer.json()["expires_in"] <= 300 and isinstance(me, dict) and me["person"] == "plain"
               and me["purposes"] == ["law.interdict"], "it is exchanged for a token of ours that says less and lives no longer", answer, me)

        other = issuers.token("two", "plain")
        me = who(other)
        tap.ok(header(other)["alg"] == "PS256" and isinstance(me, dict) and me["party"] == "co" and me.get("any_purpose") is True,
               "PS256: a second issuer at the same time, for our order log's name", me)

        issuers.rotate("one", "ES256")
        fresh = issuers.token("one", "officer")
        me = who(fresh)
        tap.ok(header(fresh)["alg"] == "ES256" and isinstance(me, dict) and me["roles"] == ["officer"],
               "ES256: after the issuer's keys were changed its new tokens are known at once", me)
        issuers.rotate("two", "EdDSA")
        fresh = issuers.token("two", "plain")
        me = who(fresh)
        tap.ok(header(fresh)["alg"] == "EdDSA" and isinstance(me, dict) and me["party"] == "co", "EdDSA: so of the other", me)
        tap.ok(who(early) == 401, "a token of the keys that are gone is nobody's")
        issuers.rotate("one", "RS256")
        tap.ok(who(issuers.token("one", "plain")) == 401, "keys that change twice within a minute are not fetched twice")

        key = next(k for k in rig.tool(home, "key", "list", "--json").json()["keys"] if issuers.url["two"] in json.dumps(k))
        rig.tool(home, "end", key["record"]["id"])
        again = issuers.token("two", "plain")
        tap.ok(who(again) == 401, "an issuer whose record has ended is nobody")
        passports(tap, home, gw)
    tap.done()


def passports(tap, home, gw):
    """Exchange (RFC 8693): a narrower token, and a passport that a second gateway accepts."""
    us = rig.home("us")
    rig.peers({"co": home, "us": us})
    rig.tool(home, "key", "add", "--use", "credential", "--binding", "desk", "--party", "co", "--role", "analyst,officer")
    token = rig.tool(home, "token", "new", "--party", "co", "--person", "ana", "--ttl", "10min").out.strip()

    answer = exchange(gw, token, scope="law.interdict")
    tap.ok(answer.status == 200 and answer.json()["expires_in"] <= 600 and answer.json()["scope"] == "law.interdict",
           "a token is exchanged for one that says less", answer)
    less = answer.json().get("access_token", "")
    me = gw.get("/api/v1/whoami", token=less)
    tap.ok(me.status == 200 and me.json()["purposes"] == ["law.interdict"] and me.json()["person"] == "ana", "which is known", me)
    answer = exchange(gw, less, scope="law")
    tap.ok(answer.status == 400 and "error" in answer.json(), "and cannot be widened again", answer)
    answer = exchange(gw, "pvt1_" + "A" * 43)
    tap.ok(answer.status == 400 and answer.json()["error"] == "invalid_grant", "nobody's token is exchanged for nothing", answer)
    answer = exchange(gw, token, scope="law.interdict role:officer")
    tap.ok(answer.status == 400, "nor is a role given that the token has not", answer)
    answer = exchange(gw, token, audience="us/orders", scope="law.interdict")
    tap.ok(answer.status == 200 and answer.json()["issued_token_type"].endswith(":jwt"), "for a partner it is a passport", answer)
    passport = answer.json().get("access_token", "")
    tap.ok(gw.get("/api/v1/whoami", token=passport).status == 401, "which is nobody's at home")
    here = rig.tool(home, "passport", "--for", "us/orders", "--purpose", "law.interdict", "--person", "eva").out.strip()
    there = rig.tool(None, "--gateway", gw.url, "--ca", gw.ca, "passport", "--for", "us/orders", "--purpose", "law.interdict",
                     "--ttl", "60s", PROVISO_TOKEN=token).out.strip()
    with rig.Gateway(us) as theirs:
        me = [theirs.get("/api/v1/whoami", token=t).json().get("person") for t in (here, there)]
        tap.ok(me == ["eva", "ana"], "so is one by the tool, on a home and through a gateway", me)
        me = theirs.get("/api/v1/whoami", token=passport)
        tap.ok(me.status == 200 and me.json()["party"] == "co" and me.json()["person"] == "ana" and me.json()["passport"] is True
               and me.json()["purposes"] == ["law.interdict"], "and its holder's at the partner's", me)
        tap.ok(theirs.get("/api/v1/whoami", token=token).status == 401, "where the token itself is nobody's")
        tap.ok(exchange(theirs, passport).status == 400, "a passport is not exchanged there")
    rig.apply(home, rig.order("o-take", ["co"], ["us"], direction="take", topic="narcotics"))
    answer = exchange(gw, token, audience="us/orders", scope="law.interdict")
    tap.ok(answer.status == 400 and answer.json()["error"] == "invalid_target" and "o-take" in answer.json()["error_description"],
           "an order of our own that stops taking bars the next one, and is named to our own people", answer)
    done = rig.tool(home, "passport", "--for", "us/orders", "--purpose", "law.interdict", must=False)
    tap.ok(done.status == 1 and "o-take" in done.out + done.err and "eyJ" not in done.out, "so it does at the tool", done)


main()

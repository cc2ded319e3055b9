# SPDX-License-Identifier: Apache-2.0
"""
One home, `co`, with a running gateway that OpenTDF clients know as their platform and key service.

co shares with us.coast-guard for law.interdict, under the attribute ATTRIBUTE; ca has no agreement.
"""
import json
import pathlib
import socket
import subprocess
import sys

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[2] / "gateway"))
import rig  # noqa: E402

ATTRIBUTE = "https://co.example/attr/partner/value/us"
OTHER_ATTRIBUTE = "https://co.example/attr/partner/value/nobody"


def free_port():
    with socket.socket() as s:
        s.bind(("127.0.0.1", 0))
        return s.getsockname()[1]


def certificates():
    """An authority and a server certificate from it: not every SDK takes one that is both."""
    at = rig.TEMP / "tls"
    at.mkdir()
    (at / "leaf.cnf").write_text("subjectAltName=IP:127.0.0.1,DNS:localhost\nbasicConstraints=CA:FALSE\nextendedKeyUsage=serverAuth\n")
    key = ["-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes"]
    for command in (
            ["req", "-x509", *key, "-days", "30", "-subj", "/CN=test authority", "-keyout", "ca.key", "-out", "ca.pem"],
            ["req", *key, "-subj", "/CN=gateway", "-keyout", "leaf.key", "-out", "leaf.csr"],
            ["x509", "-req", "-in", "leaf.csr", "-CA", "ca.pem", "-CAkey", "ca.key", "-CAcreateserial", "-days", "30",
             "-extfile", "leaf.cnf", "-out", "leaf.pem"]):
        subprocess.run(["openssl", *command], cwd=at, check=True, capture_output=True)
    return at


class World:
    def __init__(self, seal_with=None):
        self.port = free_port()
        self.home = rig.home("co", parties=False)
        config = json.loads((self.home / "home.json").read_text())
        config["kas_url"] = f"https://127.0.0.1:{self.port}/kas"
        if seal_with:
            config["seal_with"] = seal_with
        (self.home / "home.json").write_text(json.dumps(config))
        rig.apply(self.home, *({"record": "party", "id": f"p-{p}", "name": p, "names": {}} for p in ("us", "us.coast-guard", "ca")),
                  rig.agreement("a-us", "co", "us.coast-guard", ["law.interdict"], topic="narcotics.maritime", attribute=ATTRIBUTE))
        for party, roles in (("co", "analyst,officer,overseer,operator"), ("us.coast-guard", "analyst"), ("ca", "analyst")):
            self.tool("key", "add", "--use", "credential", "--binding", f"desk-{party}", "--party", party, "--role", roles)
        self.token = self.new_token("us.coast-guard", "law.interdict")  # may open, and states its only purpose
        self.free = self.new_token("us.coast-guard")                    # may state any purpose, and must
        self.other = self.new_token("ca", "law.interdict")              # no agreement
        self.own = self.new_token("co")                                 # of the home's own desk
        tls = certificates()
        self.url = f"https://127.0.0.1:{self.port}"
        self.gateway = rig.Gateway(self.home, f'listen = ["127.0.0.1:{self.port}"];\nurl = "{self.url}";\n'
                                   f'tls: {{ certificate = "{tls}/leaf.pem"; key = "{tls}/leaf.key"; }};\n')
        self.gateway.ca = tls / "ca.pem"

    def tool(self, *args, **how):
        return rig.tool(self.home, *args, **how)

    def new_token(self, party, *purposes):
        given = [x for p in purposes for x in ("--purpose", p)]
        return self.tool("token", "new", "--party", party, "--role", "analyst", *given, "--ttl", "1h").out.strip()

    def share(self, name, content, *more):
        """A report of ours, sealed: the path of its file."""
        plain, sealed = rig.TEMP / f"{name}.txt", rig.TEMP / f"{name}.tdf"
        plain.write_bytes(content)
        self.tool("share", plain, "--id", name, "--topic", "narcotics.maritime", "--releasable-to", "us", "-o", sealed, *more)
        return sealed

    def register(self, path, *more, **how):
        return self.tool("tdf", "register", path, "--attribute", ATTRIBUTE, *more, **how)

    def register_there(self, path):
        """The same through the gateway, by who has a token of the own desk."""
        token = rig.TEMP / "own.token"
        token.write_text(self.own)
        return rig.tool(None, "--gateway", self.url, "--token", token, "--ca", self.gateway.ca, "--json", "tdf", "register", path,
                        "--attribute", ATTRIBUTE, must=False)

    def stop(self, id="o-us"):
        rig.apply(self.home, rig.order(id, ["co"], ["us"]))

    def lift(self, id="o-us"):
        self.tool("order", "lift", id, "--confirm", "EXERCISE")

    def __enter__(self):
        return self

    def __exit__(self, *why):
        self.gateway.__exit__(*why)

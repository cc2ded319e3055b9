# SPDX-License-Identifier: Apache-2.0
"""Two homes, accounts and objects for the TAXII tests: what co gives, what us gives to co, and who asks."""
import json
import os
import pathlib
import sys
import uuid

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[2] / "gateway"))
import rig  # noqa: E402

TYPE = "application/taxii+json;version=2.1"
GREEN = "marking-definition--34098fce-860f-48ae-8e50-ebd3cc5e41da"
OURS = "extension-definition--e99213f7-2e52-4392-a909-c06001142b71"
ROOT = "/taxii2/roots/law.interdict/"
# one collection that the account reads and writes, one that it reads, one that it writes, one that it knows of
BOTH, READ, WRITE, NONE = "topics.narcotics", "topics.fisheries", "topics.migration", "topics.safety"


def follow(reader, writer, party, *include):
    """reader takes in what the log of writer says now, with private acts that it is given besides."""
    bundle = rig.TEMP / f"bundle-{uuid.uuid4().hex}"
    rig.tool(writer, "export", "--for", party, *[word for one in include for word in ("--include", one)], "-o", bundle)
    rig.tool(reader, "follow", bundle)


class World:
    def __init__(self):
        self.co, self.us = rig.home("co"), rig.home("us")
        rig.peers({"co": self.co, "us": self.us})
        for at, frm, to, topic, more in (
                (self.co, "co", "us", "narcotics", {}), (self.co, "co", "us", "fisheries", {}), (self.co, "co", "uk", "fisheries", {}),
                (self.co, "co", "co", "narcotics", {}), (self.co, "co", "us", "cyber", {"obligations": [{"duty": "no-onward"}]}),
                (self.us, "us", "co", "narcotics", {"custody": True}), (self.us, "us", "co", "migration", {"custody": True}),
                (self.us, "us", "us", "narcotics", {})):
            rig.apply(at, rig.agreement(f"a-{frm}-{to}-{topic}", frm, to, ["law.interdict"], topic=topic, **more))
        rig.apply(self.co, rig.agreement("a-safety", "co", "us", ["safety.sar"], topic="safety"))
        rig.tool(self.co, "collection", "label", "fisheries", "--never", "force")
        follow(self.co, self.us, "co", "party-us.coast-guard", "a-us-us-narcotics")
        self.user = ("uscg", self.account("uscg", "us.coast-guard", "law.interdict"))
        self.user2 = ("ukbf", self.account("ukbf", "uk", "law.interdict"))
        self.own = ("navy", self.account("navy", "co.public-force.navy", "law.interdict"))

    def account(self, name, party, *purposes):
        options = [word for p in purposes for word in ("--purpose", p)]
        return rig.tool(self.co, "account", "add", name, "--party", party, *options).out.strip()

    def gateway(self, **how):
        return rig.Gateway(self.co, **how)


class Client:
    """Requests of one account, with what every TAXII client sends."""

    def __init__(self, gateway, user, root=ROOT):
        self.gw, self.user, self.root, self.c = gateway, user, root, None

    def raw(self, method, path, body=None, **headers):
        headers = {k.replace("_", "-"): v for k, v in headers.items() if v is not None}
        headers.setdefault("Accept", TYPE)
        if self.c is None:
            self.c = self.gw.connection()
        try:
            return self.gw.request(method, path, body, headers, user=self.user, connection=self.c)
        except Exception:
            self.c.close()
            self.c = None
            return self.gw.request(method, path, body, headers, user=self.user)

    def get(self, path="", **headers):
        return self.raw("GET", path if path.startswith("/") else self.root + path, **headers)

    def at(self, collection, rest="objects/", **headers):
        return self.get(f"collections/{collection}/{rest}", **headers)

    def push(self, collection, *objects, **headers):
        headers.setdefault("Content_Type", TYPE)
        return self.raw("POST", f"{self.root}collections/{collection}/objects/", json.dumps({"objects": list(objects)}).encode(), **headers)

    def delete(self, collection, oid, query=""):
        return self.raw("DELETE", f"{self.root}collections/{collection}/objects/{oid}/{query}")


def indicator(modified="2026-01-01T00:00:00.000Z", id=None, marking=GREEN, **more):
    o = {"type": "indicator", "spec_version": "2.1", "id": id or f"indicator--{uuid.uuid4()}", "created": "2026-01-01T00:00:00.000Z",
         "modified": modified, "name": "Go-fast vessel", "indicator_types": ["anomalous-activity"],
         "pattern": "[domain-name:value = 'vessel.example']", "pattern_type": "stix", "valid_from": "2026-01-01T00:00:00Z", **more}
    if marking:
        o["object_marking_refs"] = [marking]
    return o


def ids(answer):
    return [o["id"] for o in answer.json().get("objects", []) if not o["id"].startswith("marking-definition--")]

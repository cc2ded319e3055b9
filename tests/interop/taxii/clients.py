# SPDX-License-Identifier: Apache-2.0
"""
The OASIS taxii2-client (also inside MISP and OpenCTI's connector) reads and writes here, and the OASIS stix2-validator and
python-stix2 read what we emit.

    clients.py FOLDER      installs them into FOLDER, once (TAP; skips itself when they cannot be had)
"""
import json
import os
import pathlib
import subprocess
import sys
import venv

PACKAGES = ("taxii2-client==2.3.0", "stix2-validator==3.2.0", "stix2==3.0.1")


def skip(why):
    print(f"1..0 # SKIP {why}")
    raise SystemExit(0)


def install(folder):
    """Runs this script again, by a Python that has the packages."""
    python = os.path.join(folder, "venv", "bin", "python")
    if not os.path.exists(os.path.join(folder, "installed")):
        try:
            venv.create(os.path.join(folder, "venv"), with_pip=True, clear=True)
            subprocess.run([python, "-m", "pip", "install", "-q", "--disable-pip-version-check", "--retries", "1", "--timeout", "20", *PACKAGES],
                           stdout=sys.stderr, check=True, timeout=240)
        except (OSError, subprocess.SubprocessError):
            skip(f"{', '.join(PACKAGES)} cannot be installed")
        open(os.path.join(folder, "installed"), "w").close()
    os.execv(python, [python, os.path.abspath(__file__), folder, "run"])


if len(sys.argv) < 3:
    install(sys.argv[1])

import world  # noqa: E402
import rig  # noqa: E402
from world import BOTH, OURS, READ, indicator  # noqa: E402

tap = rig.Tap()


def check_client(w, gw):
    from taxii2client.v21 import ApiRoot, Collection, Server, as_pages

    server = Server(f"{gw.url}/taxii2/", user=w.user[0], password=w.user[1], verify=str(gw.ca))
    tap.ok(server.title and len(server.api_roots) == 1, "taxii2-client: discovery")
    root = server.api_roots[0]
    tap.ok(root.max_content_length == 10 << 20 and root.versions == [world.TYPE], "taxii2-client: the API root")
    by = {c.alias: c for c in root.collections}
    both, read = by[BOTH], by[READ]
    tap.ok(both.can_read and both.can_write and read.can_read and not read.can_write, "taxii2-client: collections and their rights")
    objects = [indicator() for _ in range(40)]
    status = both.add_objects({"objects": objects}, wait_for_completion=True, timeout=10)
    tap.ok(status.status == "complete" and status.success_count == 40 and status.failure_count == 0, "taxii2-client: 40 objects in one push", status)
    status.refresh()
    tap.ok(status.total_count == 40, "taxii2-client: the status again")
    got = [o for page in as_pages(both.get_objects, per_request=7) for o in page.get("objects", [])]
    mine = {o["id"]: o for o in got}
    tap.ok(all(mine.get(o["id"]) == o for o in objects), "taxii2-client: as_pages of 7 gives each object back as it was")
    got = [o for page in as_pages(both.get_objects, per_request=0) for o in page.get("objects", [])]
    tap.ok(len(got) >= 40, "taxii2-client: as_pages without a limit ends")
    entries = [e for page in as_pages(both.get_manifest, per_request=9) for e in page.get("objects", [])]
    tap.ok(len(entries) == len(got), "taxii2-client: as_pages of the manifest ends")
    one = objects[3]
    tap.ok(both.get_object(one["id"])["objects"] == [one], "taxii2-client: one object")
    tap.ok(both.object_versions(one["id"])["versions"] == [one["modified"]], "taxii2-client: its versions")
    pages = [p for p in as_pages(both.get_objects, per_request=5, type=["indicator"], added_after="2020-01-01T00:00:00Z")]
    tap.ok(sum(len(p.get("objects", [])) for p in pages) == 40, "taxii2-client: filters")
    both.delete_object(one["id"])
    try:
        both.get_object(one["id"])
        tap.ok(False, "taxii2-client: deleted")
    except Exception as e:
        tap.ok("404" in str(e), "taxii2-client: deleted", e)
    try:
        Server(f"{gw.url}/taxii2/", user=w.user[0], password="wrong", verify=str(gw.ca)).title
        tap.ok(False, "taxii2-client: a wrong password")
    except Exception as e:
        tap.ok("401" in str(e), "taxii2-client: a wrong password", e)
    Collection(both.url, user=w.user[0], password=w.user[1], verify=str(gw.ca)).refresh()
    rig.tool(w.co, "key", "add", "--use", "credential", "--binding", "desk", "--party", "co", "--role", "analyst")
    token = rig.tool(w.co, "token", "new", "--party", "co", "--role", "analyst", "--purpose", "law.interdict").out.strip()
    import requests

    class Bearer(requests.auth.AuthBase):
        def __call__(self, r):
            r.headers["Authorization"] = f"Bearer {token}"
            return r
    tap.ok(ApiRoot(root.url, auth=Bearer(), verify=str(gw.ca)).title, "taxii2-client: with a bearer token")
    (cert, key), spki = rig.certificate("taxii")
    rig.tool(w.co, "key", "add", "--use", "tls", "--binding", spki, "--party", "us.coast-guard", "--role", "analyst", "--purpose", "law.interdict")
    pair = pathlib.Path(cert).with_suffix(".pair")
    pair.write_text(pathlib.Path(cert).read_text() + pathlib.Path(key).read_text())
    tap.ok(ApiRoot(root.url, cert=str(pair), verify=str(gw.ca)).title, "taxii2-client: with a client certificate")


def check_objects(w, gw):
    import stix2
    from stix2validator import ValidationOptions, validate_string

    own, c = world.Client(gw, w.own), world.Client(gw, w.user)
    own.push(READ, *[indicator(marking=None) for _ in range(3)])
    own.push("topics.cyber", indicator())
    all_ = []
    for collection in (BOTH, READ, "topics.cyber"):
        all_ += c.at(collection, "objects/?limit=1000").json()["objects"]
    ours = [o for o in all_ if o["type"] == "marking-definition" or o["type"] == "note"]
    ours += c.get("markings/").json()["objects"]
    tap.ok(any(o["type"] == "note" for o in ours) and sum(o["type"] == "marking-definition" for o in ours) >= 3, "there are objects of ours to look at")
    for strict in (False, True):
        # ids of our markings are of version 5, made from the condition, so that it has one id everywhere (STIX: SHOULD be 4);
        # and a sealed file is made when it is first fetched, so its hash is not known before
        options = ValidationOptions(strict=strict, version="2.1", strict_types=strict, strict_properties=strict, disabled="uuid-check,extref-hashes")
        bad = []
        for o in ours:
            result = validate_string(json.dumps(o), options)
            if not result.is_valid:
                bad.append((o["id"], [str(e) for e in result.errors]))
        tap.ok(not bad, f"stix2-validator{' --strict' if strict else ''}: what we emit is valid", *bad[:3])
    bad = []
    for o in all_:
        try:
            stix2.parse(o, allow_custom=False)
        except Exception as e:
            bad.append((o["id"], e))
    tap.ok(not bad, "python-stix2 parses all of a page, without custom content", *bad[:3])
    marking = [o for o in ours if OURS in o.get("extensions", {})][0]
    tap.ok("Originator" in marking["definition"]["statement"], "and who knows no extension reads the conditions in words")


def main():
    w = world.World()
    with w.gateway() as gw:
        os.environ["REQUESTS_CA_BUNDLE"] = str(gw.ca)  # where one is set it goes before what a session was told
        check_client(w, gw)
        check_objects(w, gw)


main()
tap.done()

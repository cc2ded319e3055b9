# SPDX-License-Identifier: Apache-2.0
"""
The fixture of the AuthZEN certification scenario (openid/authzen, certification/authorization-api-1_0-scenario.md), made of
records alone: no rule of ours is bent for it, and no table of answers stands anywhere.

    subject  user/alice, user/bob      the parties cert.user.alice and cert.user.bob: a foreign type is a branch below the home
    property role: admin               the party cert.role.admin, which has cert.user.bob among its members
    resource record-1, record-2        two reports, held here; their labels say what they are about: active, archived
    action   read, write, delete       three purposes, and delete.soft-true, which the property soft: true names
"""
import os
import pathlib
import sys

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[2] / "gateway"))
import rig  # noqa: E402


def term(tree, name):
    said = {"en": name}
    return {"record": "term", "id": f"t-{tree}-{name}", "tree": tree, "name": name, "names": said, "maps": {},
            "allows": said if tree == "purpose" else {}, "excludes": said if tree == "purpose" else {}}


def party(name, **more):
    return {"record": "party", "id": f"p-{name}", "name": name, "names": {"en": name}, **more}


def share(home, report, topic):
    path = rig.TEMP / f"{report}.txt"
    path.write_text(f"This is {report}.\n")
    rig.tool(home, "share", path, "--id", report, "--topic", topic, "--region", "caribbean", "--releasable-to", "cert.user,cert.role")


def make():
    """The home, with a token for an enforcement point that is told why, and one for an analyst who is not."""
    home = rig.home("cert", parties=False)
    rig.apply(home, *[term("purpose", p) for p in ("read", "write", "delete", "delete.soft-true")],
              *[term("topic", t) for t in ("active", "archived")],
              party("cert.user"), party("cert.role"), party("cert.desk"), party("cert.user.alice"), party("cert.user.bob"),
              party("cert.role.admin", members=["cert.user.bob"]))
    rig.apply(home,
              rig.agreement("a-read", "cert", "cert.user", ["read"]),
              rig.agreement("a-write", "cert", "cert.user.alice", ["write"], topic="active"),
              rig.agreement("a-delete", "cert", "cert.user.alice", ["delete.soft-true"], topic="active"),
              rig.agreement("a-admin", "cert", "cert.role.admin", ["write"]),
              {"record": "key", "id": "k-pep", "party": "cert", "use": "credential", "binding": "pep", "roles": ["officer", "analyst"],
               "from": "2025-01-01T00:00:00Z"})
    share(home, "record-1", "active")
    share(home, "record-2", "archived")
    return home


def token(home, party="cert", role="officer"):
    return rig.tool(home, "token", "new", "--party", party, "--role", role, "--person", "pep").out.strip()

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


def share(home, report, topic):
    path = rig.TEMP / f"{report}.txt"
    path.write_text(f"This is {report}.\n")
    rig.tool(home, "share", path, "--id", report, "--topic", topic, "--region", "caribbean", "--releasable-to", "cert.user,cert.role")


def make():
    """The home, whose records are those of examples/authzen, and two reports."""
    home = rig.home("cert", parties=False)
    rig.tool(home, "apply", rig.DATA / "examples" / "authzen" / "records.jsonl")
    share(home, "record-1", "active")
    share(home, "record-2", "archived")
    return home


def token(home, party="cert", role="officer"):
    return rig.tool(home, "token", "new", "--party", party, "--role", role, "--person", "pep").out.strip()

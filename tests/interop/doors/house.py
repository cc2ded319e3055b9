# SPDX-License-Identifier: Apache-2.0
"""
A house with doors: one home, its gateway, and the recipes of docs/doors.md with other ports and paths.

    co.army     army.co.example        ours
    co.police   police.co.example      ours
    us.dea      dea.example            the counterpart of the orders; 127.0.0.77, a certificate, a user "agent"
    us.marshals marshals.example       another partner
                stranger.example       no party of the records
"""
import pathlib
import re
import socket
import sys

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[2] / "gateway"))
import rig  # noqa: E402

DOC = rig.DATA / "docs" / "doors.md"


def recipe(name):
    """The block of the page that is marked so."""
    return re.search(rf"<!-- recipe: {name} -->\n```\w*\n(.*?)```", DOC.read_text(), re.S).group(1)


def free_port():
    with socket.socket() as s:
        s.bind(("127.0.0.1", 0))
        return s.getsockname()[1]


def party(name, *domains, **more):
    return {"record": "party", "id": f"p-{name}-d", "name": name, "names": {"en": name}, "domains": list(domains), **more}


def tls(id, name, binding, **more):
    return {"record": "key", "id": id, "party": name, "use": "tls", "binding": binding, "from": "2025-01-01T00:00:00Z", **more}


def home(name, *more, profile="courier"):
    at = rig.home("co", name, False, "--profile", profile)
    rig.apply(at, party("co.army", "army.co.example"), party("co.police", "police.co.example"),
              party("us"), party("us.dea", "dea.example"), party("us.marshals", "marshals.example"), *more)
    return at


def order(id, **more):
    return rig.order(id, ["co.army"], ["us.dea"], **more)


def lift(id, of):
    return {"record": "lift", "id": id, "order": of, "reopen": "release"}


def settings(policy, lookup):
    return f"""
doors:
{{
  policy = "127.0.0.1:{policy}";
  lookup = "127.0.0.1:{lookup}";
  routes = (
    {{ channel = "mail"; at = "maritime@army.co.example"; topic = "narcotics.maritime"; }},
    {{ channel = "web"; at = "/tracks/"; topic = "narcotics.maritime"; }}
  );
}};
"""

# SPDX-License-Identifier: Apache-2.0
"""
TAXII 2.1 (OASIS Standard, 10 June 2021), one check for each MUST and each trap that real clients and peers fell into.
The section that a check is of stands in its name.
"""
import json
import re
import socket
import ssl
import time
import uuid

import world

import rig
from world import BOTH, GREEN, NONE, READ, ROOT, TYPE, WRITE, Client, ids, indicator

tap = rig.Tap()
UUID4 = re.compile(r"^[0-9a-f]{8}-[0-9a-f]{4}-4[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}$")
TIME = re.compile(r"^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{6}Z$")


def is_error(answer, status, name):
    """The status, our media type, and an error message (3.6.1) that says the same status as a string."""
    try:
        said = answer.json()
    except ValueError:
        said = {}
    return tap.ok(answer.status == status and answer.headers["Content-Type"] == TYPE and isinstance(said.get("title"), str)
                  and said.get("http_status") == str(status), name, answer)


def negotiation(c):
    for accept, name in (("application/taxii+json", "without a version"), ("application/taxii+json;version=2.1", "exact"),
                         ("application/taxii+json; version=2.1", "with a blank"), ('application/taxii+json;version="2.1"', "quoted"),
                         ("APPLICATION/Taxii+JSON;Version=2.1", "in other letters"), ("application/taxii+json;version=2.1;q=0.5", "with a weight"),
                         ("application/taxii+json;version=2.1,application/stix+json;version=2.1", "of the manifest's own table"),
                         ("application/taxii+json;version=2.0, application/taxii+json;version=2.1", "beside an older one"),
                         ("text/html, */*;q=0.1", "anything")):
        for path in ("/taxii2/", ROOT, f"{ROOT}collections/{BOTH}/objects/"):
            answer = c.get(path, Accept=accept)
            tap.ok(answer.status == 200 and answer.headers["Content-Type"] == TYPE, f"3.1 Accept {name} at {path}: 200", answer)
    for accept in ("text/html", "application/taxii+json;version=2.0", "application/taxii+json;version=2.1;q=0"):
        is_error(c.get(ROOT, Accept=accept), 406, f"3.1 Accept {accept}: 406")
    for kind, name in (("application/taxii+json", "without a version"), ("application/taxii+json; version=2.1", "with a blank"),
                       ('Application/TAXII+json;version="2.1"', "quoted, in other letters")):
        tap.ok(c.push(BOTH, indicator(), Content_Type=kind).status == 202, f"3.1 Content-Type {name}: taken")
    for kind in ("application/json", "application/taxii+json;version=2.0", "text/plain"):
        is_error(c.push(BOTH, indicator(), Content_Type=kind), 415, f"3.1 Content-Type {kind}: 415")


def endpoints(c, bad):
    d = c.get("/taxii2/").json()
    tap.ok(isinstance(d["title"], str) and d["api_roots"] and all(r.startswith("https://") and "?" not in r and r.endswith("/") for r in d["api_roots"])
           and "default" not in d, "4.1 discovery: title, absolute roots, no default", d)
    r = c.get().json()
    tap.ok(r["versions"] == [TYPE] and isinstance(r["max_content_length"], int) and r["title"], "4.2 root: title, versions, max_content_length", r)
    is_error(c.get("/taxii2/roots/safety.sar/"), 404, "4.2 a purpose that the account may not state: 404")
    is_error(c.get("/taxii2/roots/nonsense/"), 404, "4.2 an unknown root: 404")
    is_error(c.get("/taxii2/nothing/"), 404, "3.1 an unknown path: 404")
    tap.ok(c.get(ROOT[:-1]).status in (308, 404), "3.1 a path without its slash: 404")
    answer = c.raw("PUT", ROOT, b"{}")
    tap.ok(answer.status == 405 and answer.headers["Content-Type"] == TYPE, "3.1 another method: 405, in our media type", answer)
    all_ = c.get("collections/").json()["collections"]
    tap.ok(all_ == c.get("collections/").json()["collections"], "3.3 collections keep their order")
    tap.ok(all(UUID4.match(x["id"]) and x["title"] and isinstance(x["can_read"], bool) and isinstance(x["can_write"], bool) for x in all_),
           "5.2 id (UUID of version 4), title, can_read, can_write", all_)
    tap.ok(len({x["alias"] for x in all_}) == len(all_), "5.2.1 aliases are unique in their root")
    by = {x["alias"]: x for x in all_}
    tap.ok((by[BOTH]["can_read"], by[BOTH]["can_write"], by[READ]["can_read"], by[READ]["can_write"], by[WRITE]["can_read"],
            by[WRITE]["can_write"], by[NONE]["can_read"], by[NONE]["can_write"]) == (True, True, True, False, False, True, False, False),
           "5.1 the rights are those of the agreements", by)
    for name in (BOTH, READ, WRITE):
        one = c.get(f"collections/{name}/").json()
        tap.ok(one == by[name] and c.get(f"collections/{one['id']}/").json() == one, f"5.2.1 {name} by its alias as by its id", one)
    is_error(c.get(f"collections/{uuid.uuid4()}/"), 404, "5.2 an unknown collection: 404")
    for rest in ("manifest/", "objects/", f"objects/indicator--{uuid.uuid4()}/", f"objects/indicator--{uuid.uuid4()}/versions/"):
        is_error(c.at(WRITE, rest), 403, f"5.x {rest} without can_read: 403")
        is_error(c.at(NONE, rest), 404, f"5.x {rest} with neither right: 404")
        answer = bad.at(BOTH, rest)
        tap.ok(answer.status == 401 and "Basic" in (answer.headers["WWW-Authenticate"] or "") and answer.headers["Content-Type"] == TYPE,
               f"8.2.2 {rest} with a wrong password: 401 with WWW-Authenticate", answer)
    is_error(c.push(READ, indicator()), 403, "5.5 POST without can_write: 403")
    is_error(c.push(NONE, indicator()), 404, "5.5 POST with neither right: 404")
    is_error(c.delete(READ, f"indicator--{uuid.uuid4()}"), 403, "5.7 DELETE with the right to read: 403")
    is_error(c.delete(WRITE, f"indicator--{uuid.uuid4()}"), 403, "5.7 DELETE with the right to write: 403")
    is_error(c.delete(NONE, f"indicator--{uuid.uuid4()}"), 404, "5.7 DELETE with neither right: 404")
    is_error(c.delete(BOTH, f"indicator--{uuid.uuid4()}"), 404, "5.7 DELETE of what is not there: 404")
    nobody = c.gw.get("/taxii2/", headers={"Accept": TYPE})
    is_error(nobody, 401, "8.2.2 without credentials: 401")
    tap.ok("Basic" in nobody.headers["WWW-Authenticate"], "8.2.2 and Basic is offered", nobody)
    lower = c.gw.request("GET", ROOT, headers={"Accept": TYPE, "Authorization": "basic " + __import__("base64").b64encode(":".join(c.user).encode()).decode(),
                                              "Content-Type": TYPE})
    tap.ok(lower.status == 200, "MISP: the scheme in small letters, Content-Type on GET", lower)


def posting(c, other, own):
    o = indicator()
    s = c.push(BOTH, o).json()
    tap.ok(UUID4.match(s["id"]) and s["status"] == "complete" and TIME.match(s["request_timestamp"]) and s["total_count"] == 1
           and s["total_count"] == s["success_count"] + s["failure_count"] + s["pending_count"], "4.3.1 the status, and its counts add up", s)
    tap.ok(s["successes"][0] == {"id": o["id"], "version": o["modified"]} and "failures" not in s, "4.3.1 details; empty lists are left out", s)
    tap.ok(c.get(f"status/{s['id']}/").json() == s, "4.3 the status can be fetched")
    is_error(c.get(f"status/{uuid.uuid4()}/"), 404, "4.3 an unknown status: 404")
    is_error(other.get(f"status/{s['id']}/"), 404, "B another account's status: 404")
    s = c.push(BOTH, o).json()
    tap.ok(s["success_count"] == 1 and s["failure_count"] == 0, "5.5 an exact duplicate is no error", s)
    tap.ok(ids(c.at(BOTH, f"objects/?match[id]={o['id']}")) == [o["id"]], "5.5 and is there once")
    body = json.dumps({"objects": [o]}, indent=3).replace("1.0", "1.0")
    raw = '{"type":"file","spec_version":"2.1","id":"file--%s", "size" : 12345678901234,\n"name":"caf\\u00e9","object_marking_refs":["%s"]}' % (uuid.uuid4(), GREEN)
    answer = c.raw("POST", f"{ROOT}collections/{BOTH}/objects/", ('{"objects":[' + raw + "]}").encode(), Content_Type=TYPE)
    tap.ok(answer.status == 202 and raw in c.at(BOTH, f"objects/?match[type]=file").text, "5.4 accepted objects keep their bytes", answer)
    tap.ok(json.loads(raw)["id"] in c.push(BOTH, json.loads(raw)).text, "5.5 the same object printed in another way is the same", body[:0])
    del_id = json.loads(raw)["id"]
    v = [e["version"] for e in c.at(BOTH, f"manifest/?match[id]={del_id}").json()["objects"]]
    tap.ok(len(v) == 1 and TIME.match(v[0]), "MISP #8832 an observable without modified is accepted; its version is when it came", v)
    poison = [{"type": "extension-definition", "spec_version": "2.1", "id": f"extension-definition--{uuid.uuid4()}", "name": "x", "schema": "x",
               "version": "1.0", "extension_types": ["property-extension"], "created": o["created"], "modified": o["modified"],
               "created_by_ref": f"identity--{uuid.uuid4()}", "object_marking_refs": [GREEN]},
              {"type": "software", "spec_version": "2.1", "id": f"software--{uuid.uuid4()}", "name": "x", "version": "7", "object_marking_refs": [GREEN]}]
    s = c.push(BOTH, *poison).json()
    tap.ok(s["success_count"] == 2 and all(c.at(BOTH, f"objects/{p['id']}/").status == 200 for p in poison),
           "peers: objects with a member \"version\" do not spoil the collection", s)
    bad = [({**o, "id": "indicator--1"}, "an id that is none"), ({**o, "type": "malware"}, "a type that is not the id's"),
           ({**o, "id": f"indicator--{uuid.uuid4()}", "modified": "yesterday"}, "modified: yesterday"),
           ({**o, "id": f"indicator--{uuid.uuid4()}", "spec_version": "9.9"}, "spec_version 9.9"), ({"type": "indicator"}, "no id"),
           (indicator(marking=None), "no marking"), (indicator(marking=f"marking-definition--{uuid.uuid4()}"), "a marking that nobody defined"),
           (7, "a number"), (None, "null"), (indicator(granular_markings=[{"selectors": ["absent"], "marking_ref": GREEN}]), "a selector of nothing")]
    s = c.push(BOTH, *[b for b, _ in bad]).json()
    for i, (_, name) in enumerate(bad):
        tap.ok(s["failures"][i]["message"] and s["failures"][i]["id"] and TIME.match(s["failures"][i].get("version", "").replace(".000Z", ".000000Z"))
               if i < len(s.get("failures", [])) else False, f"5.5 {name}: a failure that says why", s)
    tap.ok(s["total_count"] == len(bad) and s["success_count"] == 0, "5.5 none of them was taken", s)
    path = f"{ROOT}collections/{BOTH}/objects/"
    for body, name in ((b"null", "null"), (b"[]", "a list"), (b"", "nothing"), (b'{"objects":', "half an envelope"), (b'{"objects":{}}', "objects that are no list"),
                       (b'{"objects":[],"objects":[]}', "a member twice"), (b"\xff\xfe", "no UTF-8"), (b'{"objects":[]} x', "something behind it")):
        answer = c.raw("POST", path, body, Content_Type=TYPE)
        tap.ok(answer.status in (400, 422) and answer.headers["Content-Type"] == TYPE, f"5.5 {name}: 400 or 422", answer)
    deep = "[" * 100 + "]" * 100
    s = c.raw("POST", path, ('{"objects":[{"type":"x-a","id":"x-a--%s","x":%s},{"type":"x-a","id":"x-a--%s","y":1,"y":2}]}'
                             % (uuid.uuid4(), deep, uuid.uuid4())).encode(), Content_Type=TYPE).json()
    tap.ok(s["failure_count"] == 2, "too deep, a key twice: failures", s)
    tap.ok(c.raw("POST", path, b"{}", Content_Type=TYPE).json()["total_count"] == 0, "5.5 an envelope without objects is one")
    two = [indicator(id=o["id"], modified=m) for m in ("2026-02-01T00:00:00.000Z", "2026-03-01T00:00:00.000Z")]
    tap.ok(c.push(BOTH, *two).json()["success_count"] == 2, "5.5 two versions in one push")
    s = own.push(BOTH, indicator(id=o["id"], modified="2026-04-01T00:00:00.000Z")).json()
    tap.ok(s["failure_count"] == 1, "a version by another party is refused", s)
    return o["id"]


def sizes(c):
    path = f"{ROOT}collections/{BOTH}/objects/"
    limit = c.get().json()["max_content_length"]
    head = (f"POST {path} HTTP/1.1\r\nHost: {c.gw.host}:{c.gw.port}\r\nAccept: {TYPE}\r\nContent-Type: {TYPE}\r\nAuthorization: Basic "
            + __import__("base64").b64encode(":".join(c.user).encode()).decode() + "\r\n")

    def talk(*parts):
        with c.gw.context().wrap_socket(socket.create_connection((c.gw.host, c.gw.port), 30), server_hostname=c.gw.host) as s:
            try:
                for part in parts:
                    s.sendall(part)
            except (BrokenPipeError, ConnectionError, ssl.SSLError):
                pass
            out = b""
            try:
                while b"\r\n\r\n" not in out:
                    more = s.recv(65536)
                    if not more:
                        break
                    out += more
            except (ConnectionError, ssl.SSLError):
                pass
            return out
    answer = talk(head.encode() + f"Content-Length: {limit + 1}\r\n\r\n".encode())
    tap.ok(b" 413 " in answer.split(b"\r\n")[0] and TYPE.encode() in answer, "5.5 one byte too long: 413 before the body is read", answer)
    filler = json.dumps({"objects": [indicator(description="x" * 100000) for _ in range(95)]}).encode()
    chunks = b"".join(b"%x\r\n%s\r\n" % (len(filler[i:i + 60000]), filler[i:i + 60000]) for i in range(0, len(filler), 60000)) + b"0\r\n\r\n"
    answer = talk(head.encode() + b"Transfer-Encoding: chunked\r\nConnection: close\r\n\r\n", chunks)
    tap.ok(b" 202 " in answer.split(b"\r\n")[0], "peers: a chunked POST is taken", answer)
    more = b"%x\r\n%s\r\n" % (1 << 20, b"x" * (1 << 20))
    answer = talk(head.encode() + b"Transfer-Encoding: chunked\r\nConnection: close\r\n\r\n", *[more] * 11)
    tap.ok(b" 413 " in answer.split(b"\r\n")[0], "5.5 too long by its chunks: 413", answer)
    body = b'{"objects":[' + b" " * (limit - len(b'{"objects":[' + json.dumps(indicator()).encode() + b"]}")) + json.dumps(indicator()).encode() + b"]}"
    answer = c.raw("POST", path, body, Content_Type=TYPE)
    tap.ok(len(body) == limit and answer.status == 202, "4.2.1 exactly max_content_length is never 413", answer)
    answer = c.at(BOTH, "objects/?limit=1000")
    tap.ok(answer.status == 200 and answer.json()["more"] is True and len(answer.body) < 10 << 20, "huge objects: a page ends where it is large enough")
    seen, after = set(), ""
    while True:
        answer = c.at(BOTH, f"objects/?limit=1000{after}")
        seen.update(ids(answer))
        if not answer.json().get("more"):
            break
        after = f"&next={answer.json()['next']}"
    tap.ok(len(seen) >= 95, "and the next one goes on")


def filters(c, own, oid):
    base = f"collections/{BOTH}/"
    for query, name in (("limit=0", "limit 0"), ("limit=-1", "a limit below zero"), ("limit=x", "a limit that is none"), ("limit=1.5", "half a limit"),
                        ("limit=1&limit=2", "limit twice"), ("added_after=yesterday", "added_after: yesterday"), ("added_after=2026-01-01", "added_after: a day"),
                        ("added_after=2026-01-01T00:00:00Z&added_after=2026-01-01T00:00:00Z", "added_after twice"),
                        ("match[version]=sometimes", "match[version]=sometimes"), ("match[version]=all,last", "all, and another"),
                        ("match[version]=last,last", "a version twice"), ("match[spec_version]=two", "match[spec_version]=two"),
                        ("match[type]=a&match[type]=b", "match[type] twice"), ("match[id]=", "an empty filter"), ("next=", "an empty next"),
                        ("next=nonsense", "a next that is none"), ("match[id]=%zz", "a bad escape")):
        for rest in ("manifest/", "objects/"):
            is_error(c.get(base + rest + "?" + query), 400, f"3.4 {rest} with {name}: 400")
    for query in ("added_after=2020-01-01T00:00:00.000Z", "added_after=2020-01-01T00:00:00Z", "added_after=2020-01-01T00:00:00.000000Z",
                  "limit=99999999999999999999999", "match[type]=x-nothing-known", "foo=bar", "match%5Bversion%5D=last"):
        tap.ok(c.get(base + "objects/?" + query).status == 200, f"3.4 {query}: 200")
    answer = c.get(base + "objects/?match[type]=x-nothing-known")
    tap.ok(answer.json() == {}, "3.7 nothing matches: an empty envelope", answer)
    tap.ok("X-TAXII-Date-Added-First" not in answer.headers and "X-TAXII-Date-Added-Last" not in answer.headers, "#117 an empty page has no dates", answer)
    manifest = c.get(base + "manifest/?limit=1000&match[version]=all").json()["objects"]
    times = [e["date_added"] for e in manifest]
    tap.ok(all(TIME.match(t) for t in times) and times == sorted(times) and len(set(times)) == len(times), "3.3 by date_added, each its own (#50)", times)
    tap.ok(all(set(e) == {"id", "date_added", "version", "media_type"} for e in manifest), "5.3.1 id, date_added, version, media_type")
    answer = c.get(base + f"objects/?limit=2&added_after={times[0]}")
    got = c.get(base + f"manifest/?limit=2&added_after={times[0]}").json()["objects"]
    tap.ok(got[0]["date_added"] > times[0] and answer.headers["X-TAXII-Date-Added-First"] == got[0]["date_added"]
           and answer.headers["X-TAXII-Date-Added-Last"] == got[-1]["date_added"], "3.2 strictly after; the headers are first and last", answer.headers)
    tap.ok(len(got) == 2, "3.4 no more than limit")
    versions = [e["version"] for e in manifest if e["id"] == oid]
    tap.ok(len(versions) == 3, "the object has three versions", versions)

    def of(query, rest="objects/"):
        answer = c.get(base + rest + "?" + query)
        return [o["modified"] for o in answer.json().get("objects", [])] if answer.status == 200 else answer.status
    tap.ok(of(f"match[id]={oid}") == versions[-1:], "3.4.1 without match[version]: the last")
    tap.ok(of(f"match[id]={oid}&match[version]=last") == versions[-1:], "3.4.1 last")
    tap.ok(of(f"match[id]={oid}&match[version]=first") == versions[:1], "3.4.1 first")
    tap.ok(of(f"match[id]={oid}&match[version]=all") == versions, "3.4.1 all")
    tap.ok(of(f"match[id]={oid}&match[version]=first,last") == [versions[0], versions[-1]], "3.4.1 first and last")
    tap.ok(of(f"match[id]={oid}&match[version]={versions[1]}") == versions[1:2], "3.4.1 an exact one")
    tap.ok(of("", f"objects/{oid}/") == versions[-1:] and of("match[version]=all", f"objects/{oid}/") == versions, "5.6 the object itself, with versions")
    tap.ok(of(f"match[id]={oid}&match[spec_version]=2.0") == [] and of(f"match[id]={oid}&match[spec_version]=2.0,2.1") == versions[-1:], "3.4.1 match[spec_version]")
    tap.ok(of(f"match[id]={oid}&match[type]=malware") == [] and of(f"match[id]={oid},indicator--{uuid.uuid4()}&match[type]=malware,indicator") == versions[-1:],
           "3.4.1 a comma is or, different fields are and")
    answer = c.get(base + f"objects/{oid}/versions/")
    tap.ok(sorted(answer.json()["versions"]) == versions and "X-TAXII-Date-Added-First" in answer.headers, "5.8 versions, with their dates", answer)
    answer = c.get(base + f"objects/{oid}/versions/?limit=1")
    tap.ok(answer.json()["more"] is True and answer.json()["next"], "#110 next also for versions", answer)
    is_error(c.get(base + f"objects/indicator--{uuid.uuid4()}/"), 404, "5.6 an unknown object: 404")
    is_error(c.get(base + f"objects/indicator--{uuid.uuid4()}/versions/"), 404, "5.8 versions of an unknown object: 404")
    is_error(c.get(base + "objects/nonsense/"), 404, "5.6 what is no id: 404")
    head = c.raw("HEAD", c.root + base + "objects/")
    tap.ok(head.status == 200 and head.body == b"", "peers: HEAD is answered", head)


def paging(c, other, own):
    s = own.push(READ, *[indicator(marking=None, name=f"n {i}") for i in range(30)]).json()
    tap.ok(s["success_count"] == 30, "thirty objects in one push, unmarked, to a collection with a label", s.get("failures"))
    for rest in ("objects/", "manifest/"):
        seen, after, pages = [], "", 0
        while True:
            answer = c.at(READ, f"{rest}?limit=7{after}")
            seen += ids(answer)
            pages += 1
            if not answer.json().get("more"):
                break
            tap.ok(isinstance(answer.json().get("next"), str) and answer.json()["next"] != "", f"3.5 {rest} page {pages}: more comes with next")
            after = f"&next={answer.json()['next']}"
        tap.ok(len(seen) == 30 == len(set(seen)), f"3.5 {rest} by next: all of them, once")
        seen, last = [], "1970-01-01T00:00:00.000000Z"
        while True:
            answer = c.at(READ, f"{rest}?limit=4&added_after={last}")
            seen += ids(answer)
            if "X-TAXII-Date-Added-Last" not in answer.headers:
                break
            last = answer.headers["X-TAXII-Date-Added-Last"]
        tap.ok(len(seen) == 30 == len(set(seen)), f"peers: {rest} by added_after after one POST: all of them, once")
    first = c.at(READ, "objects/?limit=5&match[type]=indicator").json()
    a, b = (ids(c.at(READ, f"objects/?next={first['next']}&limit=5")) for _ in range(2))
    tap.ok(a == b and len(a) == 5, "peers: a cursor asked again gives the same page")
    tap.ok(ids(c.at(READ, f"objects/?next={first['next']}&limit=3&match[type]=indicator")) == a[:3], "client: a cursor goes with any limit")
    tap.ok(len(ids(c.at(READ, f"objects/?next={first['next']}"))) == 25, "client: the first page had a limit, the next has none; the filter stays")
    is_error(c.at(READ, f"objects/?next={first['next']}&match[type]=malware"), 400, "B a cursor with another filter: 400")
    is_error(c.at(BOTH, f"objects/?next={first['next']}"), 400, "B a cursor at another collection: 400")
    is_error(c.at(READ, f"manifest/?next={first['next']}"), 400, "B a cursor at another resource: 400")
    is_error(other.at(READ, f"objects/?next={first['next']}"), 400, "B a cursor of another account: 400")
    flipped = first["next"][:-2] + ("A" if first["next"][-2] != "A" else "B") + first["next"][-1]
    is_error(c.at(READ, f"objects/?next={flipped}"), 400, "B a cursor that was changed: 400")
    tap.ok(len(ids(c.at(READ, f"objects/?next={first['next']}&added_after=2020-01-01T00:00:00Z"))) == 25, "OpenCTI: next and added_after together")
    return first["next"]


def deleting(c):
    o = indicator()
    v2 = {**o, "modified": "2026-05-01T00:00:00.000Z"}
    c.push(BOTH, o)
    c.push(BOTH, v2)
    answer = c.delete(BOTH, o["id"], f"?match[version]={o['modified']}")
    tap.ok(answer.status == 200 and answer.headers["Content-Type"] == TYPE, "5.7 DELETE of one version: 200", answer)
    tap.ok(c.at(BOTH, f"objects/{o['id']}/versions/").json()["versions"] == [v2["modified"]], "5.7 the other is there")
    tap.ok(c.delete(BOTH, o["id"]).status == 200, "5.7 DELETE without match[version]: 200")
    is_error(c.at(BOTH, f"objects/{o['id']}/"), 404, "5.7 and all versions are gone")
    tap.ok(o["id"] not in c.at(BOTH, "manifest/?limit=1000").text, "5.7 also from the manifest")
    is_error(c.delete(BOTH, o["id"]), 404, "5.7 DELETE again: 404")
    tap.ok(c.push(BOTH, o).json()["success_count"] == 1, "5.7 what was deleted can be sent again")


def markings(c, own):
    answer = c.get("markings/")
    all_ = answer.json().get("objects", [])
    tap.ok(answer.status == 200 and all(m["type"] == "marking-definition" and m["extensions"][world.OURS] and m["definition"]["statement"] for m in all_)
           and len(all_) >= 2, "ours: the markings that the account may see, with words for old readers", answer)
    page = c.at(READ, "objects/?limit=1000").json()["objects"]
    tap.ok(page[0]["type"] == "marking-definition" and page[0]["extensions"][world.OURS]["forbidden_purposes"] == ["force"],
           "ours: the condition stands before what it is of", page[0])
    mark = {"type": "marking-definition", "spec_version": "2.1", "id": f"marking-definition--{uuid.uuid4()}", "created": "2026-01-01T00:00:00.000Z",
            "extensions": {world.OURS: {"extension_type": "property-extension", "permitted_purposes": ["law.seize"]}}}
    o = indicator(marking=mark["id"])
    s = own.push(BOTH, mark, o).json()
    tap.ok(s["success_count"] == 2, "ours: a marking of purposes is taken", s)
    tap.ok(c.at(BOTH, f"objects/{o['id']}/").status == 404, "ours: and obeyed: seizure is not interdiction")
    part = indicator(marking=None, granular_markings=[{"selectors": ["name"], "marking_ref": mark["id"]}])
    own.push(BOTH, part)
    tap.ok(c.at(BOTH, f"objects/{part['id']}/").status == 404, "ours: a marking of a part counts for the whole")
    sealed = indicator()
    own.push("topics.cyber", sealed)
    note = [x for x in c.at("topics.cyber", "objects/").json()["objects"] if x["type"] == "note"]
    tap.ok(len(note) == 1 and note[0]["object_refs"] == [sealed["id"]] and note[0]["external_references"][0]["url"].startswith("https://")
           and sealed["pattern"] not in c.at("topics.cyber", "objects/").text, "ours: no-onward leaves as a note that says where the sealed file is", note)
    tap.ok(c.at("topics.cyber", f"objects/{note[0]['id']}/").json()["objects"] == note, "ours: the note is found by its id")
    url = note[0]["external_references"][0]["url"]
    answer = c.get(url[len(c.gw.url):])
    tap.ok(answer.status == 200 and answer.body[:4] == b"PK\x03\x04" and b"0.manifest.json" in answer.body and sealed["pattern"].encode() not in answer.body,
           "ours: there the sealed file is", answer.status, answer.text[:300])
    tap.ok(c.get(url[len(c.gw.url):]).body == answer.body, "ours: the same one again")
    is_error(Client(c.gw, ("ukbf", "x")).get(url[len(c.gw.url):]), 401, "ours: not for everybody")
    tap.ok([e["id"] for e in c.at("topics.cyber", "manifest/").json()["objects"]][-1] == note[0]["id"], "ours: the manifest has the same id")


def main():
    w = world.World()
    with w.gateway() as gw:
        c, other, own = Client(gw, w.user), Client(gw, w.user2), Client(gw, w.own)
        endpoints(c, Client(gw, (w.user[0], "wrong")))
        negotiation(c)
        oid = posting(c, other, own)
        filters(c, own, oid)
        cursor = paging(c, other, own)
        deleting(c)
        markings(c, own)
        sizes(c)
    with w.gateway() as gw:
        c = Client(gw, w.user)
        tap.ok(len(ids(c.at(READ, f"objects/?next={cursor}"))) == 25, "OpenCTI: a cursor survives a restart")
    rig.tool(w.co, "log", "verify")
    tap.ok(True, "the home verifies")


main()
tap.done()

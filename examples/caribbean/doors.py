#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""
Clients that are not ours, in as few lines as will do: what a TAXII client, an OpenTDF SDK, an enforcement point or a mail
server sends. Python's own library, nothing else. Prints one line: "open ..." (exit 0) or "refused ..." (exit 1).

    doors.py api     URL TOKEN REPORT PURPOSE      a program on the HTTP API
    doors.py taxii   URL USER:PASSWORD PURPOSE ID  a TAXII 2.1 client looks for an object
    doors.py push    URL USER:PASSWORD PURPOSE COLLECTION FILE
    doors.py tdf     URL TOKEN FILE                an OpenTDF SDK asks the key service
    doors.py authzen URL TOKEN PARTY PURPOSE REPORT
    doors.py mail    ADDRESS SENDER RECIPIENT      Postfix asks at RCPT
    doors.py fetch   URL PATH                      what stands there, to stdout

PROVISO_CA names the certificates that vouch for the servers.
"""
import base64
import http.client
import json
import os
import socket
import ssl
import sys
import time
import urllib.parse
import zipfile

TAXII = "application/taxii+json;version=2.1"


def call(url, path, body=None, headers=None, method=None):
    """(status, headers, text)"""
    where = urllib.parse.urlsplit(url)
    context = ssl.create_default_context(cafile=os.environ.get("PROVISO_CA"))
    connection = http.client.HTTPSConnection(where.hostname, where.port, context=context, timeout=30)
    connection.request(method or ("GET" if body is None else "POST"), path, body, headers or {})
    answer = connection.getresponse()
    return answer.status, answer.headers, answer.read().decode("utf-8", "replace")


def bearer(token):
    return {"Authorization": "Bearer " + token, "Content-Type": "application/json"}


def basic(user, **more):
    return {"Authorization": "Basic " + base64.b64encode(user.encode()).decode(), "Accept": TAXII, **more}


def tell(opened, what):
    print(("open     " if opened else "refused  ") + what)
    return 0 if opened else 1


def problem(status, text):
    try:
        doc = json.loads(text)
        return f"{status}: " + (doc.get("detail") or doc.get("description") or doc.get("title") or doc.get("message"))
    except (ValueError, TypeError, AttributeError):
        return f"{status} {text[:200]}"


def api(url, token, report, purpose):
    ask = json.dumps({"id": report, "purpose": purpose})
    status, _, text = call(url, "/api/v1/openings", ask, bearer(token))
    answer = json.loads(text) if status < 500 else {}
    if status not in (200, 201) or not answer.get("opened", False):
        return tell(False, refusal(answer.get("refused"), status, text))
    status, _, content = call(url, f"/api/v1/openings/{answer['handle']}/content", headers=bearer(token))
    return tell(status == 200, f"{len(content)} bytes" if status == 200 else problem(status, content))


def refusal(told, status, text):
    if not told:
        return problem(status, text)
    return " ".join([told.get("why") or told.get("reason") or "", *told.get("orders", []), told.get("reference", "") if not told.get("orders") else ""]).strip()


def root_of(url, user, purpose):
    status, _, text = call(url, "/taxii2/", headers=basic(user))
    if status != 200:
        raise SystemExit(tell(False, problem(status, text)))
    for root in json.loads(text).get("api_roots", []):
        path = urllib.parse.urlsplit(root).path
        if path.rstrip("/").endswith(purpose):
            return path
    raise SystemExit(tell(False, f"no API root for {purpose}"))


def taxii(url, user, purpose, wanted):
    root, why = root_of(url, user, purpose), "it is in none of the collections"
    status, _, text = call(url, root + "collections/", headers=basic(user))
    for collection in json.loads(text).get("collections", []) if status == 200 else []:
        if not collection["can_read"]:
            continue
        status, _, text = call(url, f"{root}collections/{collection['id']}/objects/", headers=basic(user))
        if status != 200:
            return tell(False, problem(status, text))
        if " Order " in collection["description"]:
            why = "Order " + collection["description"].split(" Order ")[1]
        objects = json.loads(text).get("objects", [])
        if any(one["id"] == wanted for one in objects):
            return tell(True, f"{collection['title']}: {wanted.split('--')[0]}")
    return tell(False, why if status == 200 else problem(status, text))


def push(url, user, purpose, alias, path):
    root = root_of(url, user, purpose)
    with open(path, "rb") as file:
        body = file.read()
    status, _, text = call(url, f"{root}collections/{alias}/objects/", body, basic(user, **{"Content-Type": TAXII}))
    doc = json.loads(text)
    done = status == 202 and doc["failure_count"] == 0
    return tell(done, f"{doc['success_count']} objects taken in" if done else json.dumps(doc)[:300])


def tdf(url, token, path):
    def encode(part):
        return base64.urlsafe_b64encode(json.dumps(part).encode()).rstrip(b"=").decode()

    with zipfile.ZipFile(path) as container:
        manifest = json.loads(container.read("0.manifest.json"))["encryptionInformation"]
    # the key for the answer; it is the key service's own here, since this client only asks whether it would be given
    _, _, key = call(url, "/kas.AccessService/PublicKey", b'{"algorithm":"rsa:2048","v":"2"}', {"Content-Type": "application/json"})
    request = {"clientPublicKey": json.loads(key)["publicKey"], "requests": [{"policy": {"id": "policy", "body": manifest["policy"]},
               "keyAccessObjects": [{"keyAccessObjectId": f"kao-{i}", "keyAccessObject": one} for i, one in enumerate(manifest["keyAccess"])]}]}
    now = int(time.time())
    srt = ".".join([encode({"alg": "RS256"}), encode({"requestBody": json.dumps(request), "iat": now, "exp": now + 60}), "AAAA"])
    status, _, text = call(url, "/kas.AccessService/Rewrap", json.dumps({"signedRequestToken": srt}), bearer(token))
    if status != 200:
        return tell(False, problem(status, text))
    result = json.loads(text)["responses"][0]["results"][0]
    return tell(result["status"] == "permit", "the key is given" if result["status"] == "permit" else result["error"].replace("\n", " "))


def authzen(url, token, party, purpose, report):
    ask = {"subject": {"type": "party", "id": party}, "action": {"name": "open", "properties": {"purpose": purpose}}, "resource": {"type": "report", "id": report}}
    status, _, text = call(url, "/access/v1/evaluation", json.dumps(ask), bearer(token))
    if status != 200:
        return tell(False, problem(status, text))
    answer = json.loads(text)
    context = answer.get("context", {})
    return tell(answer["decision"], " ".join([context.get("reason", ""), *context.get("orders", []), *context.get("agreements", [])]).strip() or "decision")


def mail(address, sender, recipient):
    host, port = address.rsplit(":", 1)
    with socket.create_connection((host, int(port)), timeout=10) as line:
        line.sendall(f"request=smtpd_access_policy\nprotocol_state=RCPT\nprotocol_name=ESMTP\nsender={sender}\nrecipient={recipient}\n\n".encode())
        answer = line.makefile().readline().strip()
    return tell(answer in ("action=DUNNO", "action=dunno"), answer[len("action="):])


def fetch(url, path):
    status, _, text = call(url, path)
    sys.stdout.write(text)
    return 0 if status == 200 else 1


if __name__ == "__main__":
    doors = {f.__name__: f for f in (api, taxii, push, tdf, authzen, mail, fetch)}
    if len(sys.argv) < 2 or sys.argv[1] not in doors:
        sys.exit(__doc__)
    sys.exit(doors[sys.argv[1]](*sys.argv[2:]))

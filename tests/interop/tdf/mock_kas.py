# SPDX-License-Identifier: Apache-2.0
"""A KAS on loopback for SDKs of others: no decision, no login, the transport alone. What a KAS does with keys is
done by tdf_tool, that is, by our code. Answers Connect (JSON and protobuf) and the old REST.
"""
import base64, gzip, http.server, json, os, shutil, subprocess, sys, tempfile, threading


def skip(why):
    print(f"1..0 # SKIP {why}")
    sys.exit(0)


class Tap:
    count = failed = 0

    def ok(self, good, name):
        self.count += 1
        self.failed += not good
        print(f"{'' if good else 'not '}ok {self.count} - {name}", flush=True)

    def tries(self, name, f):
        """f() must be true."""
        try:
            self.ok(f(), name)
        except Exception as e:
            print("#", repr(e).replace("\n", " ")[:500])
            self.ok(False, name)

    def done(self):
        print(f"1..{self.count}")
        sys.exit(self.failed != 0)


def tool(path, *args, data=b""):
    r = subprocess.run([path, *args], input=data, stdout=subprocess.PIPE, stderr=subprocess.PIPE)
    if r.returncode != 0:
        raise ValueError(r.stderr.decode().strip())
    return r.stdout


# ---- protobuf, as far as these messages go: fields of bytes ----

def field(number, data):
    data = data.encode() if isinstance(data, str) else data
    length, size = b"", len(data)
    while size > 127:
        length, size = length + bytes([size & 127 | 128]), size >> 7
    return bytes([number << 3 | 2]) + length + bytes([size]) + data


def first_field(data):
    size = shift = 0
    for at in range(1, len(data)):
        size |= (data[at] & 127) << shift
        shift += 7
        if data[at] < 128:
            return data[at + 1:at + 1 + size]
    return b""


# ---- the server ----

class Handler(http.server.BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"

    def log_message(self, *args):
        pass

    def answer(self, body, kind="application/json", status=200):
        body = body if isinstance(body, bytes) else json.dumps(body).encode()
        self.send_response(status)
        self.send_header("Content-Type", kind)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def do_GET(self):
        self.answer({"code": "not_found", "message": self.path}, status=404)

    def do_POST(self):
        body = self.rfile.read(int(self.headers.get("Content-Length", 0)))
        if self.headers.get("Content-Encoding") == "gzip":  # as Python's SDK sends it
            body = gzip.decompress(body)
        kind = self.headers.get("Content-Type", "")
        try:
            if self.path == "/kas.AccessService/Rewrap" and kind == "application/proto":
                self.answer(self.rewrap(first_field(body).decode(), True), kind)
            elif self.path in ("/kas.AccessService/Rewrap", "/kas/v2/rewrap"):
                self.answer(self.rewrap(json.loads(body)["signedRequestToken"], False))
            else:
                self.answer({"code": "not_found", "message": self.path}, status=404)
        except (ValueError, KeyError) as e:
            self.server.kas.refusals.append(str(e))
            self.answer({"code": "permission_denied", "message": "forbidden"}, status=403)

    def rewrap(self, token, proto):
        part = token.split(".")[1]
        claims = json.loads(base64.urlsafe_b64decode(part + "=" * (-len(part) % 4)))
        request = json.loads(claims["requestBody"])
        kao, policy = request["keyAccess"], request["policy"]
        binding = kao["policyBinding"]
        question = {k: kao[k] for k in ("type", "url", "kid", "wrappedKey", "ephemeralPublicKey") if k in kao}
        question["policyBinding"] = binding if isinstance(binding, str) else binding["hash"]
        question.update(policy=policy, clientPublicKey=request["clientPublicKey"])
        got = json.loads(tool(self.server.kas.tool, "rewrap", self.server.kas.private[kao["type"]],
                              data=json.dumps(question).encode()))
        self.server.kas.served.append(kao["type"])
        if proto:
            result = field(2, "kao-0") + field(3, "permit") + field(4, base64.b64decode(got["kasWrappedKey"]))
            return field(3, got["sessionPublicKey"]) + field(5, field(1, "policy") + field(2, result))
        return {"entityWrappedKey": got["kasWrappedKey"], "sessionPublicKey": got["sessionPublicKey"], "metadata": {},
                "responses": [{"policyId": "policy", "results": [
                    {"keyAccessObjectId": "kao-0", "status": "permit", "kasWrappedKey": got["kasWrappedKey"]}]}]}


class Kas:
    """with Kas(TDF_TOOL) as k: keys in k.folder, serving at k.url."""

    def __init__(self, tdf_tool):
        self.tool = os.path.abspath(tdf_tool)
        self.served, self.refusals = [], []

    def __enter__(self):
        self.folder = tempfile.mkdtemp()
        path = lambda name: os.path.join(self.folder, name)
        for kind in ("rsa", "ec"):
            tool(self.tool, "key", kind, path(kind + ".key"), path(kind + ".pub"))
        self.private = {"wrapped": path("rsa.key"), "ec-wrapped": path("ec.key")}
        self.public = {"wrapped": path("rsa.pub"), "ec-wrapped": path("ec.pub")}
        self.server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.server.kas = self
        self.origin = f"http://localhost:{self.server.server_address[1]}"
        self.url = self.origin + "/kas"
        threading.Thread(target=self.server.serve_forever, daemon=True).start()
        return self

    def __exit__(self, *args):
        self.server.shutdown()
        self.server.server_close()
        shutil.rmtree(self.folder)

    def seal(self, content, kind, *options):
        return tool(self.tool, "seal", *options, self.public[kind], self.url, data=content)

    def open(self, sealed):
        path = os.path.join(self.folder, "sealed.tdf")
        with open(path, "wb") as f:
            f.write(sealed)
        return tool(self.tool, "open", path, *self.private.values())

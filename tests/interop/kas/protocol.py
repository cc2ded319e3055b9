# SPDX-License-Identifier: Apache-2.0
"""
The key service byte by byte, with no SDK: what SDKs of the past, of tomorrow and of ill will could send. Keys are the
openssl program's, the rest is Python's.

    protocol.py        (TAP)
"""
import base64
import gzip
import hashlib
import hmac
import io
import json
import re
import pathlib
import shutil
import subprocess
import sys
import time
import zipfile

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parent))
import world  # noqa: E402
from world import rig  # noqa: E402

REWRAP = "/kas.AccessService/Rewrap"


def run(*command, data=b""):
    return subprocess.run(command, input=data, capture_output=True, check=True).stdout


def key(kind, *options):
    path = rig.TEMP / f"{kind}.key"
    run("openssl", "genpkey", "-algorithm", "RSA" if kind.startswith("rsa") else "EC", *options, "-out", str(path))
    return path, run("openssl", "pkey", "-in", str(path), "-pubout").decode()


def open_share(path, wrapped):
    return run("openssl", "pkeyutl", "-decrypt", "-inkey", str(path), "-pkeyopt", "rsa_padding_mode:oaep",
               "-pkeyopt", "rsa_oaep_md:sha1", "-pkeyopt", "rsa_mgf1_md:sha1", data=base64.b64decode(wrapped))


def url64(data):
    return base64.urlsafe_b64encode(data).rstrip(b"=").decode()


def token(body, exp=60, iat=0, **more):
    """A request token; its signature is nobody's."""
    now = int(time.time())
    claims = {"requestBody": body if isinstance(body, str) else json.dumps(body), "iat": now + iat, **more}
    if exp is not None:
        claims["exp"] = now + exp
    return ".".join((url64(b'{"alg":"RS256"}'), url64(json.dumps(claims).encode()), url64(b"none")))


def manifest(sealed):
    with zipfile.ZipFile(sealed) as z:
        return json.loads(z.read("0.manifest.json"))["encryptionInformation"]


def requests(public, *infos):
    return {"clientPublicKey": public, "requests": [
        {"policy": {"id": f"policy-{i}", "body": info["policy"]},
         "keyAccessObjects": [{"keyAccessObjectId": f"kao-{k}", "keyAccessObject": kao} for k, kao in enumerate(info["keyAccess"])]}
        for i, info in enumerate(infos)]}


def field(number, data):
    data = data.encode() if isinstance(data, str) else data
    length, size = b"", len(data)
    while size > 127:
        length, size = length + bytes([size & 127 | 128]), size >> 7
    return bytes([number << 3 | 2]) + length + bytes([size]) + data


def fields(data):
    """(number, bytes) of a message of strings and messages."""
    at, out = 0, []

    def varint():
        nonlocal at
        value = shift = 0
        while True:
            value |= (data[at] & 127) << shift
            shift += 7
            at += 1
            if data[at - 1] < 128:
                return value
    while at < len(data):
        number, kind = divmod(varint(), 8)
        assert kind == 2, kind
        size = varint()
        out.append((number, data[at:at + size]))
        at += size
    return out


class Client:
    def __init__(self, w, tap):
        self.w, self.tap = w, tap
        self.rsa, self.public = key("rsa", "-pkeyopt", "rsa_keygen_bits:2048")
        self.ec, self.ec_public = key("ec", "-pkeyopt", "ec_paramgen_curve:P-256")

    def post(self, body, token_=None, path=REWRAP, **how):
        return self.w.gateway.post(path, {"signedRequestToken": body}, token=token_ or self.w.token, **how)

    def rewrap(self, body, token_=None, **how):
        return self.post(token(body), token_, **how)

    def result(self, body, token_=None, **how):
        """The only result of the only policy."""
        answer = self.rewrap(body, token_, **how)
        assert answer.status == 200, answer
        return answer.json()["responses"][0]["results"][0]

    def ok(self, good, name, *notes):
        self.tap.ok(good, name, *notes)

    def error(self, answer, status, code, name, words=""):
        try:
            said = answer.json()
        except ValueError:
            said = {}
        self.ok(answer.status == status and said.get("code") == code and words in said.get("message", ""), name, answer)


def small_questions(c):
    g, w = c.w.gateway, c.w
    known = g.get("/.well-known/opentdf-configuration").json()
    c.ok(known["base_key"]["public_key"]["algorithm"] == "ec:secp256r1" and known["base_key"]["kas_uri"] == w.url + "/kas"
         and known["idp"]["token_endpoint"] == w.url + "/oauth2/token", "the configuration names the EC base key", known)
    rpc = g.post("/wellknownconfiguration.WellKnownService/GetWellKnownConfiguration", {})
    c.ok(rpc.json() == {"configuration": known}, "the same by RPC", rpc)
    rsa = g.post("/kas.AccessService/PublicKey", {"algorithm": "rsa:2048", "v": "2"}).json()
    c.ok(rsa["publicKey"].startswith("-----BEGIN PUBLIC KEY-----") and len(rsa["kid"]) == 16, "PublicKey has the RSA key and its kid")
    c.ok(g.get("/kas/v2/kas_public_key?algorithm=rsa%3A2048&v=2").json() == rsa and g.get("/kas/kas_public_key").json() == rsa["publicKey"]
         and g.post("/kas.AccessService/LegacyPublicKey", {}).json() == rsa["publicKey"], "so have REST and LegacyPublicKey")
    proto = g.post("/kas.AccessService/PublicKey", field(1, "rsa:2048"), headers={"Content-Type": "application/proto"})
    c.ok(fields(proto.body) == [(1, rsa["publicKey"].encode()), (2, rsa["kid"].encode())], "and Protocol Buffers")
    c.error(g.post("/kas.AccessService/PublicKey", {"algorithm": "rsa:4096"}), 404, "not_found", "no key of another algorithm")
    servers = g.post("/policy.kasregistry.KeyAccessServerRegistryService/ListKeyAccessServers", {"pagination": {}}, token=w.token)
    c.ok(servers.json()["keyAccessServers"] == [{"uri": w.url + "/kas"}], "the registry lists this key service", servers)
    c.error(g.post("/policy.kasregistry.KeyAccessServerRegistryService/ListKeyAccessServers", {}), 401, "unauthenticated",
            "but not to everybody")
    fqns = "/policy.attributes.AttributesService/GetAttributeValuesByFqns"
    found = g.post(fqns, {"fqns": [world.ATTRIBUTE]}, token=w.token).json()["fqnAttributeValues"]
    c.ok(found[world.ATTRIBUTE]["value"]["fqn"] == world.ATTRIBUTE, "an attribute of an agreement is found by its party")
    c.error(g.post(fqns, {"fqns": [world.ATTRIBUTE]}, token=w.other), 404, "not_found", "by another party it is not")


def tokens(c, body):
    g = c.w.gateway
    c.error(g.post(REWRAP, {"signedRequestToken": token(body)}), 401, "unauthenticated", "without a credential nothing is looked at")
    c.error(c.post(token(body), "nonsense"), 401, "unauthenticated", "nor with one that is nobody's")
    for name, text, words in (
            ("no token", "", "no JWS"), ("two parts", "e30.e30", "no JWS"), ("four parts", "e30.e30.x.y", "no JWS"),
            ("base64 that is none", "e30.!.x", "base64url"), ("no JSON", url64(b"x") + "." + url64(b"x") + ".x", ""),
            ("without alg", "e30." + token(body).split(".")[1] + ".x", "not signed"),
            ("alg none", url64(b'{"alg":"none"}') + "." + token(body).split(".")[1] + ".", ""),
            ("expired a minute and more ago", token(body, exp=-65), "expired"), ("without exp", token(body, exp=None), "no exp"),
            ("of tomorrow", token(body, exp=90000, iat=86400), "time to come"), ("a body that is an object", token(body, requestBody={}), ""),
            ("a body that is no JSON", token("{"), "requestBody")):
        c.error(c.post(text), 400, "invalid_argument", f"a request token is refused: {name}", words)
    c.ok(c.post(token(body, exp=-50)).status == 200, "clocks may differ by a minute")
    c.ok(c.post(token(body, exp=3600, iat=-3600)).status == 200, "as JavaScript's SDK writes its times")
    c.ok(c.post("x" * (1 << 20)).status == 413, "more than a MiB is not read")
    c.error(g.post(REWRAP, b"\x0a", token=c.w.token, headers={"Content-Type": "application/proto"}), 400, "invalid_argument",
            "Protocol Buffers that are none")
    c.error(g.post(REWRAP, b"{}", token=c.w.token, headers={"Content-Type": "text/plain"}), 415, "invalid_argument", "another type")
    packed = gzip.compress(json.dumps({"signedRequestToken": token(body)}).encode())
    how = {"Content-Type": "application/json", "Content-Encoding": "gzip"}
    c.ok(g.post(REWRAP, packed, token=c.w.token, headers=how).status == 200, "a compressed body is read")
    c.error(g.post(REWRAP, packed[:-9], token=c.w.token, headers=how), 400, "invalid_argument", "half of one is not")
    c.error(g.post(REWRAP, gzip.compress(bytes(100 << 20)), token=c.w.token, headers=how), 400, "invalid_argument",
            "nor one of 100 MiB in 100 KiB")


def granted(c, info):
    body = requests(c.public, info)
    one = c.result(body)
    share = open_share(c.rsa, one["kasWrappedKey"])
    bound = hmac.new(share, info["policy"].encode(), hashlib.sha256).hexdigest().encode()
    c.ok(one["status"] == "permit" and base64.b64decode(info["keyAccess"][0]["policyBinding"]["hash"]) == bound,
         "what comes back is the share that the policy is bound to")
    c.ok(len(one["metadata"]["X-Proviso-Release"]) == 32, "and which release it is, for the outcome", one)
    text = json.dumps(body)
    for name, other in (("clientPublicKey", "client_public_key"), ("keyAccessObjects", "key_access_objects"), ("wrappedKey", "wrapped_key"),
                        ("keyAccessObjectId", "key_access_object_id"), ("keyAccessObject", "key_access_object"),
                        ("policyBinding", "policy_binding")):
        text = text.replace(f'"{name}"', f'"{other}"')
    text = text[:-1] + ', "future": {"of": "tomorrow"}}'
    c.ok(c.result(text)["status"] == "permit", "the other spelling of names, and members of tomorrow")
    loose = json.loads(json.dumps(body))
    kao = loose["requests"][0]["keyAccessObjects"][0]["keyAccessObject"]
    kao["wrappedKey"] = kao["wrappedKey"].replace("+", "-").replace("/", "_").rstrip("=")
    kao["policyBinding"] = kao["policyBinding"]["hash"]
    c.ok(c.result(loose)["status"] == "permit", "base64url without padding, a binding that is a text")
    old = {"clientPublicKey": c.public, "keyAccess": info["keyAccess"][0], "policy": info["policy"], "algorithm": "RS256"}
    for path in (REWRAP, "/kas/v2/rewrap", "/v2/rewrap"):
        answer = c.rewrap(old, path=path)
        c.ok(answer.status == 200 and open_share(c.rsa, answer.json()["entityWrappedKey"]) == share, f"the first form of it, at {path}", answer)
    ec = c.rewrap(requests(c.ec_public, info)).json()
    c.ok(ec["sessionPublicKey"].startswith("-----BEGIN PUBLIC KEY-----")
         and len(base64.b64decode(ec["responses"][0]["results"][0]["kasWrappedKey"])) == 60, "an answer to a P-256 key")
    wire = c.w.gateway.post(REWRAP, field(1, token(body)), token=c.w.token, headers={"Content-Type": "application/proto"})
    policy = dict(fields(dict(fields(wire.body))[5]))
    result = dict(fields(policy[2]))
    c.ok(policy[1] == b"policy-0" and result[2] == b"kao-0" and result[3] == b"permit"
         and open_share(c.rsa, base64.b64encode(result[4])) == share, "the same in Protocol Buffers")
    return share


def bulk(c, *infos):
    answer = c.rewrap(requests(c.public, *infos)).json()["responses"]
    c.ok([(r["policyId"], [x["status"] for x in r["results"]]) for r in answer]
         == [(f"policy-{i}", ["permit"]) for i in range(len(infos))], "several policies at once", answer)
    bad = json.loads(json.dumps(infos[1]))
    bad["keyAccess"][0]["policyBinding"]["hash"] = base64.b64encode(b"0" * 64).decode()
    answer = c.rewrap(requests(c.public, infos[0], bad, infos[2])).json()["responses"]
    c.ok([r["results"][0]["status"] for r in answer] == ["permit", "fail", "permit"], "one that is wrong fails alone", answer)
    many = requests(c.public, infos[0])
    many["requests"] *= 65
    c.error(c.rewrap(many), 400, "invalid_argument", "65 shares are too many", "64")


def wrong(c, info, other):
    def says(name, change, words, bad_request=False):
        copy = json.loads(json.dumps(info))
        change(copy)
        one = c.result(requests(c.public, copy))
        c.ok(one["status"] == "fail" and "kasWrappedKey" not in one and words in one["error"]
             and ("bad request" in one["error"]) == bad_request, name, one)

    def policy(copy, old, new):
        copy["policy"] = base64.b64encode(base64.b64decode(copy["policy"]).replace(old, new)).decode()

    kao = lambda copy: copy["keyAccess"][0]
    label = base64.b64decode(info["policy"]).split(b'"label":"')[1][:8]
    tampered = "code = InvalidArgument desc = bad request"
    says("another label than the recorded one", lambda x: policy(x, label, b"00000000"), tampered, True)
    says("another report's policy", lambda x: x.update(policy=other["policy"]), tampered, True)
    says("another binding", lambda x: kao(x)["policyBinding"].update(hash=base64.b64encode(bytes(32)).decode()), tampered, True)
    says("a wrapped key that does not open", lambda x: kao(x).update(wrappedKey=base64.b64encode(bytes(256)).decode()), tampered, True)
    says("a wrapped key that is none", lambda x: kao(x).update(wrappedKey=""), tampered, True)
    says("an unknown kid", lambda x: kao(x).update(kid="0123456789abcdef"), "desc = no key with this kid is here")
    says("no kid", lambda x: kao(x).pop("kid"), "without a kid")
    says("another type", lambda x: kao(x).update(type="remote"), "type")
    says("no policy", lambda x: x.update(policy=""), "the policy cannot be read")
    says("a report that is not here", lambda x: policy(x, b'"report":"r-one"', b'"report":"r-out"'), "PermissionDenied")
    _, short = key("rsa-short", "-pkeyopt", "rsa_keygen_bits:1024")
    c.error(c.rewrap(requests(short, info)), 400, "invalid_argument", "a client key of 1024 bits", "2048")
    _, p384 = key("ec384", "-pkeyopt", "ec_paramgen_curve:P-384")
    c.error(c.rewrap(requests(p384, info)), 400, "invalid_argument", "a client key on another curve")
    c.error(c.rewrap(requests("", info)), 400, "invalid_argument", "no client key")


def ordered(c, info):
    body = requests(c.public, info)
    one = c.result(body, c.w.other)
    c.ok(one["status"] == "fail" and "code = PermissionDenied desc = forbidden" in one["error"]
         and set(one["metadata"]) == {"X-Proviso-Reference"}, "who has no agreement is told a reference, and nothing else", one)
    probe, label = json.loads(json.dumps(info)), base64.b64decode(info["policy"]).split(b'"label":"')[1][:8]
    for name, old, new in (("a wrong label", label, b"00000000"), ("a report that is not here", b'"report":"r-one"', b'"report":"r-out"')):
        probe["policy"] = base64.b64encode(base64.b64decode(info["policy"]).replace(old, new)).decode()
        two = c.result(requests(c.public, probe), c.w.other)
        alike = [re.sub("[0-9A-F]{4}-[0-9A-F]{4}", "X", x["error"]) for x in (one, two)]
        c.ok(alike[0] == alike[1] and set(two["metadata"]) == {"X-Proviso-Reference"}, f"and hears the same of {name}: not whether it is here", two)
    one = c.result(body, c.w.free)
    c.ok("PermissionDenied" in one["error"] and "purpose" in one["error"], "a purpose is to be stated", one)
    context = lambda *purposes: {"X-Rewrap-Additional-Context": base64.b64encode(json.dumps({"obligations": {"fulfillableFQNs": [
        f"https://any.example/obl/purpose/value/{p}" for p in purposes]}}).encode()).decode()}
    c.ok(c.result(body, c.w.free, headers=context("law.interdict"))["status"] == "permit", "as an obligation that is fulfilled")
    c.ok("purpose" in c.result(body, c.w.free, headers=context("law.interdict", "law.detain"))["error"], "one, not two")
    c.ok("purpose" in c.result(body, c.w.token, headers=context("law.detain"))["error"], "one that the credential allows")
    two = c.w.new_token("us.coast-guard", "law.interdict", "law.detain")
    c.ok(sorted(c.result(body, two)["metadata"]["X-Required-Obligations"])
         == [f"{c.w.url}/obl/purpose/value/{p}" for p in ("law.detain", "law.interdict")], "the refusal lists what the credential allows")
    c.w.stop()
    one = c.result(body)
    c.ok(one["metadata"].get("X-Proviso-Orders") == ["o-us"] and one["metadata"].get("X-Proviso-Reason") == "suspended"
         and one["metadata"].get("X-Proviso-Lifted-By") == "co", "a public order is named, and who can lift it", one)
    old = {"clientPublicKey": c.public, "keyAccess": info["keyAccess"][0], "policy": info["policy"]}
    c.error(c.rewrap(old), 403, "permission_denied", "the first form hears it by its status", "suspended by order o-us")
    c.w.lift()
    c.ok(c.result(body)["status"] == "permit", "after the lift it is granted")


def forged(c, sealed):
    """Files that may not be registered, made of one that could: the checks before any key is used."""
    def refused(name, change, words, path=sealed):
        with zipfile.ZipFile(path) as z:
            whole = json.loads(z.read("0.manifest.json"))
            payload = z.read("0.payload")
        change(whole)
        out = rig.TEMP / "forged.tdf"
        with zipfile.ZipFile(out, "w") as z:
            z.writestr("0.payload", payload)
            z.writestr("0.manifest.json", json.dumps(whole))
        done = c.w.tool("tdf", "register", out, must=False)
        c.ok(done.status != 0 and words in " ".join((done.out + done.err).split()), name, done)

    info = lambda m: m["encryptionInformation"]

    def foreign(m):
        policy = {"uuid": "11111111-2222-4333-8444-555555555555", "body": {"dataAttributes": [{"attribute": world.ATTRIBUTE}], "dissem": []}}
        info(m)["policy"] = base64.b64encode(json.dumps(policy).encode()).decode()

    def with_(*changes):
        def change(m):
            foreign(m)
            for f in changes:
                f(m)
        return change

    def attribute(url):
        def change(m):
            policy = {"uuid": "x", "body": {"dataAttributes": [{"attribute": url}] if url else None, "dissem": None}}
            info(m)["policy"] = base64.b64encode(json.dumps(policy).encode()).decode()
        return change

    kao = lambda m: info(m)["keyAccess"][0]
    done = c.w.tool("tdf", "register", sealed, must=False)
    c.ok(done.status != 0 and "already" in done.out + done.err, "a report of ours is none", done)
    refused("a policy that the key is not bound to", with_(), "bad request")
    refused("an attribute that no agreement has", with_(attribute(world.OTHER_ATTRIBUTE)), "no standing agreement")
    refused("no attribute", with_(attribute(None)), "no attribute")
    refused("another key service as an alternative",
            with_(lambda m: info(m)["keyAccess"].append({**kao(m), "url": "https://other.example/kas"})), "alternative")
    refused("a share for another key service", with_(lambda m: (kao(m).update(sid="a"), info(m)["keyAccess"].append(
        {**kao(m), "sid": "b", "url": "https://other.example/kas"}))), "2 key access objects")
    refused("a root signature of kind GMAC", with_(lambda m: info(m)["integrityInformation"]["rootSignature"].update(alg="GMAC")), "GMAC")
    refused("another's kid", with_(lambda m: kao(m).update(kid="0123456789abcdef")), "not sealed to a key of this home")


def api(c):
    """Registration over the API: of what is not there, by who may not."""
    g = c.w.gateway
    done = g.post("/api/v1/tdf", {"upload": "u-none"}, token=c.w.own)
    c.ok(done.status in (400, 404), "an upload that is not there is not registered", done)
    done = g.post("/api/v1/tdf", {"upload": "u-none"}, token=c.w.token)
    c.ok(done.status == 403, "nor does a partner register here", done)


def garbage(c, info):
    body = json.loads(json.dumps(requests(c.public, info)))
    body["requests"][0]["keyAccessObjects"][0]["keyAccessObject"]["wrappedKey"] = base64.b64encode(bytes(256)).decode()
    mine = c.w.new_token("us.coast-guard", "law.interdict")
    said = [c.result(body, mine)["error"] for _ in range(40)]
    c.ok("bad request" in said[0] and "ResourceExhausted" in said[-1], "keys that do not open are tried thirty times a minute", said[-1])
    good = c.result(requests(c.public, info), c.w.token)
    c.ok(good["status"] == "permit", "which stops nobody else", good)


def main():
    if shutil.which("openssl") is None:
        print("1..0 # SKIP no openssl program")
        return
    tap = rig.Tap()
    with world.World() as w:
        c = Client(w, tap)
        sealed = [w.share(f"r-{n}", f"report {n}".encode()) for n in ("one", "two", "three")]
        infos = [manifest(s) for s in sealed]
        small_questions(c)
        tokens(c, requests(c.public, infos[0]))
        granted(c, infos[0])
        bulk(c, *infos)
        wrong(c, infos[0], infos[1])
        ordered(c, infos[0])
        forged(c, sealed[0])
        api(c)
        garbage(c, infos[0])
        done = w.tool("log", "verify", must=False)
        tap.ok(done.status == 0, "the home verifies", done)
        shown = w.tool("--json", "log", "show", "journal").out
        tap.ok("tampered" in shown, "tampering is in the journal", shown[-2000:])
    tap.done()


main()

# SPDX-License-Identifier: Apache-2.0
"""A second opinion on our container, which shares nothing with our code: Python's zipfile and hmac, the openssl
program for RSA, ECDH and single AES blocks, and GCM written out after NIST SP 800-38D.

    independent.py TDF_TOOL        (TAP)
"""
import base64, hashlib, hmac, json, os, shutil, struct, subprocess, sys, tempfile, zipfile

tool = os.path.abspath(sys.argv[1])
count = failed = 0


def ok(good, name):
    global count, failed
    count += 1
    failed += not good
    print(f"{'' if good else 'not '}ok {count} - {name}", flush=True)


def run(*args, data=b""):
    return subprocess.run(args, input=data, stdout=subprocess.PIPE, check=True).stdout


# ---- AES-256-GCM ----

def blocks(key, data):
    return run("openssl", "enc", "-aes-256-ecb", "-nopad", "-nosalt", "-K", key.hex(), data=data)


def multiply(x, y):
    z = 0
    for bit in range(127, -1, -1):
        if x >> bit & 1:
            z ^= y
        y = y >> 1 ^ (0xE1 << 120 if y & 1 else 0)
    return z


def gcm_open(key, iv, sealed):
    text, tag = sealed[:-16], sealed[-16:]
    n = (len(text) + 15) // 16
    stream = blocks(key, bytes(16) + b"".join(iv + struct.pack(">I", i + 1) for i in range(n + 1)))
    h, s = int.from_bytes(stream[:16], "big"), 0
    padded = text + bytes(-len(text) % 16) + struct.pack(">QQ", 0, 8 * len(text))
    for i in range(0, len(padded), 16):
        s = multiply(s ^ int.from_bytes(padded[i:i + 16], "big"), h)
    if (s ^ int.from_bytes(stream[16:32], "big")).to_bytes(16, "big") != tag:
        raise ValueError("tag")
    return bytes(a ^ b for a, b in zip(text, stream[32:]))


# ---- shares ----

def unwrap(kao, private):
    wrapped = base64.b64decode(kao["wrappedKey"], validate=True)
    if kao["type"] == "wrapped":
        return run("openssl", "pkeyutl", "-decrypt", "-inkey", private, "-pkeyopt", "rsa_padding_mode:oaep",
                   "-pkeyopt", "rsa_oaep_md:sha1", "-pkeyopt", "rsa_mgf1_md:sha1", data=wrapped)
    with tempfile.NamedTemporaryFile("w", suffix=".pem") as peer:
        peer.write(kao["ephemeralPublicKey"])
        peer.flush()
        shared = run("openssl", "pkeyutl", "-derive", "-inkey", private, "-peerkey", peer.name)
    prk = hmac.new(hashlib.sha256(b"TDF").digest(), shared, hashlib.sha256).digest()
    key = hmac.new(prk, b"\x01", hashlib.sha256).digest()
    return gcm_open(key, wrapped[:12], wrapped[12:])


def open_tdf(path, privates):
    """The plaintext, or an exception. privates: by KAS url."""
    with zipfile.ZipFile(path) as z:
        if z.testzip() is not None or z.namelist() != ["0.payload", "0.manifest.json"]:
            raise ValueError("zip")
        payload, manifest = z.read("0.payload"), json.loads(z.read("0.manifest.json"))
    info = manifest["encryptionInformation"]
    key = bytes(32)
    for kao in info["keyAccess"]:
        share = unwrap(kao, privates[kao["url"]])
        bound = hmac.new(share, info["policy"].encode(), hashlib.sha256).hexdigest()
        if base64.b64decode(kao["policyBinding"]["hash"]) != bound.encode():
            raise ValueError("binding")
        key = bytes(a ^ b for a, b in zip(key, share))
    integrity = info["integrityInformation"]
    hashes = [base64.b64decode(s["hash"]) for s in integrity["segments"]]
    root = hmac.new(key, b"".join(hashes), hashlib.sha256).digest()
    if base64.b64decode(integrity["rootSignature"]["sig"]) != root:
        raise ValueError("root signature")
    plain, at = b"", 0
    for segment, tag in zip(integrity["segments"], hashes):
        sealed = payload[at:at + segment["encryptedSegmentSize"]]
        at += len(sealed)
        if sealed[-16:] != tag or segment["encryptedSegmentSize"] != segment["segmentSize"] + 28:
            raise ValueError("segment")
        plain += gcm_open(key, sealed[:12], sealed[12:])
    if at != len(payload):
        raise ValueError("payload")
    return plain, json.loads(base64.b64decode(info["policy"]))


def main():
    folder = tempfile.mkdtemp()
    os.chdir(folder)
    for kind in ("rsa", "ec"):
        run(tool, "key", kind, kind + ".key", kind + ".pub")
    urls = {"rsa": "https://rsa.example/kas", "ec": "https://ec.example/kas"}
    privates = {urls[k]: k + ".key" for k in urls}
    cases = [(n, kinds) for n in (0, 1, 16384, 40000) for kinds in (["rsa"], ["ec"], ["rsa", "ec"])]
    for n, kinds in cases:
        content = bytes(i * 7 % 251 for i in range(n))
        recipients = [x for k in kinds for x in (k + ".pub", urls[k])]
        with open("sealed.tdf", "wb") as f:
            f.write(run(tool, "seal", "-s", "16384", *recipients, data=content))
        try:
            plain, policy = open_tdf("sealed.tdf", privates)
            good = plain == content and policy["body"]["proviso"]["report"] == "r-1"
        except (ValueError, KeyError, subprocess.CalledProcessError) as e:
            print("#", repr(e))
            good = False
        ok(good, f"{n} bytes that we sealed to {' and '.join(kinds)} open")
    if shutil.which("unzip"):
        ok(subprocess.run(["unzip", "-tq", "sealed.tdf"], stdout=subprocess.DEVNULL).returncode == 0,
           "unzip finds nothing wrong")
    shutil.rmtree(folder)
    print(f"1..{count}")
    sys.exit(failed != 0)


if shutil.which("openssl") is None:
    print("1..0 # SKIP no openssl program")
    sys.exit(0)
main()

# SPDX-License-Identifier: Apache-2.0
"""
The key service of a gateway with SDKs that others wrote: their files and ours, before and after registration, under an
order and after it, changed on the way.

    sdks.py go|js|python FOLDER      installs the SDK into FOLDER, once (TAP; skips itself when it cannot be had)
"""
import base64
import io
import json
import os
import pathlib
import shutil
import subprocess
import sys
import venv
import zipfile

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parent))
sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1]))
import npm  # noqa: E402
import world  # noqa: E402
from world import rig  # noqa: E402

HERE = pathlib.Path(__file__).resolve().parent


def skip(why):
    print(f"1..0 # SKIP {why}", flush=True)
    sys.exit(0)


class Sdk:
    name = package = None
    reads_ours = True

    def __init__(self, folder):
        self.folder = pathlib.Path(folder).resolve()
        self.folder.mkdir(parents=True, exist_ok=True)

    def command(self, *command, **how):
        subprocess.run(command, stdout=sys.stderr, check=True, timeout=280, **how)

    def ready(self):
        """Whether it is installed; else the reason why not."""
        done = self.folder / "installed"
        if done.exists() and done.read_text() == self.package:
            return None
        try:
            self.install()
        except (OSError, subprocess.SubprocessError) as e:
            return f"{self.package} cannot be installed ({type(e).__name__})"
        done.write_text(self.package)
        return None

    def run(self, w, verb, data, *more, token=None):
        env = {**os.environ, "TOKEN": token or w.token, "SSL_CERT_FILE": str(w.gateway.ca), "NODE_EXTRA_CA_CERTS": str(w.gateway.ca)}
        return subprocess.run([str(x) for x in self.call(w, verb)] + list(more), cwd=self.folder, env=env, input=data, capture_output=True,
                              timeout=60)


class Go(Sdk):
    name, package = "go", "github.com/opentdf/platform/sdk v0.36.0"

    def install(self):
        if shutil.which("go") is None:
            skip("no Go")
        # the SDK says which Go it wants; the module proxy has that too
        env = {**os.environ, "GOTOOLCHAIN": "auto", "GOFLAGS": "-mod=readonly"}
        self.command("go", "build", "-o", str(self.folder / "client"), ".", cwd=HERE / "go", env=env)

    def call(self, w, verb):
        return [self.folder / "client", w.url, verb]


class Js(Sdk):
    name, package = "js", "@opentdf/client@1.3.0"
    reads_ours = False  # it reads the form of TDF 4.2.2 only

    def install(self):
        try:
            npm.install(self.folder, self.package, npm.required("@opentdf/client"))
        except npm.Missing as e:
            skip(str(e))

    def call(self, w, verb):
        return ["node", HERE / "sdk_js.cjs", verb, w.url + "/kas"]


class Python(Sdk):
    name, package = "python", "otdf-python==0.11.0"

    def install(self):
        if sys.version_info < (3, 10):
            skip("the SDK wants Python 3.10")
        venv.create(self.folder / "venv", with_pip=True, clear=True)
        self.command(str(self.folder / "venv" / "bin" / "python"), "-m", "pip", "install", "-q", "--disable-pip-version-check",
                     "--retries", "1", "--timeout", "20", self.package)

    def call(self, w, verb):
        return [self.folder / "venv" / "bin" / "python", HERE / "sdk_python.py", w.url, verb]


def gives(done, content):
    return done.returncode == 0 and done.stdout == content


def refuses(done, *words):
    """Nothing came out, and what it says is in these words."""
    return done.returncode != 0 and done.stdout == b"" and all(w.encode() in done.stderr for w in words)


def said(done):
    return f"[exit {done.returncode}] {done.stdout[:80]!r} {done.stderr.decode('utf-8', 'replace')[-1500:]}"


def changed(sealed, f):
    """The same container with another manifest."""
    out = io.BytesIO()
    with zipfile.ZipFile(io.BytesIO(sealed)) as z, zipfile.ZipFile(out, "w") as to:
        manifest = json.loads(z.read("0.manifest.json"))
        f(manifest["encryptionInformation"])
        to.writestr("0.payload", z.read("0.payload"))
        to.writestr("0.manifest.json", json.dumps(manifest))
    return out.getvalue()


def another_policy(info):
    policy = json.loads(base64.b64decode(info["policy"]))
    policy["uuid"] = "11111111-2222-4333-8444-555555555555"
    info["policy"] = base64.b64encode(json.dumps(policy).encode()).decode()


def another_report(info):
    policy = base64.b64decode(info["policy"]).replace(b'"report":"r-sealed"', b'"report":"r-second"')
    info["policy"] = base64.b64encode(policy).decode()


# What each says of PermissionDenied and of tampering; the oldest one looks at the HTTP status.
DENIED = {"go": "PermissionDenied", "python": "PermissionDenied", "js": "403"}
TAMPERED = {"go": "tamper", "python": "", "js": "400"}


def ours(tap, w, sdk):
    content = b"seven persons aboard\n" * 3000
    sealed = w.share("r-sealed", content).read_bytes()
    w.share("r-second", b"another")
    if not sdk.reads_ours:
        return
    done = sdk.run(w, "decrypt", sealed)
    tap.ok(gives(done, content), "a report sealed here opens there", said(done))
    done = sdk.run(w, "decrypt", sealed, token=w.other)
    tap.ok(refuses(done, DENIED[sdk.name]), "not for who has no agreement", said(done))
    done = sdk.run(w, "decrypt", changed(sealed, another_report))
    tap.ok(refuses(done, TAMPERED[sdk.name]), "nor under another report's name", said(done))


def theirs(tap, w, sdk, content, *how):
    """Sealed by the SDK: registered, opened; the sealed bytes."""
    name = " ".join((sdk.name, *how))
    done = sdk.run(w, "encrypt", content, world.ATTRIBUTE, *how)
    sealed = done.stdout
    if not tap.ok(done.returncode == 0, f"{name}: a file is sealed there to our key", said(done)):
        return None
    done = sdk.run(w, "decrypt", sealed)
    tap.ok(refuses(done, DENIED[sdk.name]), f"{name}: nobody opens it before it is registered", said(done))
    path = rig.TEMP / f"{name.replace(' ', '-')}-{len(content)}.tdf"
    path.write_bytes(sealed)
    done = w.register_there(path) if len(content) == 1 else w.tool("--json", "tdf", "register", path, "--attribute", world.ATTRIBUTE,
                                                                   must=False)
    label = json.loads(done.out).get("label", {}) if done.status == 0 else {}
    tap.ok(label.get("content", {}).get("size") == len(content) and label.get("releasable_to") == ["us.coast-guard"]
           and label.get("topics") == ["narcotics.maritime"], f"{name}: registered, its label comes from the agreement", done)
    done = sdk.run(w, "decrypt", sealed)
    tap.ok(gives(done, content), f"{name}: then it opens there ({len(content)} bytes)", said(done))
    got = w.gateway.get(f"/api/v1/reports/{label.get('id')}/content", token=w.token)
    tap.ok(got.status == 200 and got.body == sealed, f"{name}: it is downloaded as it came", got.status)
    done = w.tool("tdf", "register", path, must=False)
    tap.ok(done.status != 0 and "registered already" in done.out + done.err, f"{name}: once only", done)
    return sealed


def under_an_order(tap, w, sdk, sealed, content):
    done = sdk.run(w, "decrypt", sealed, token=w.other)
    tap.ok(refuses(done, DENIED[sdk.name]), "a file of theirs does not open for who has no agreement", said(done))
    w.stop()
    done = sdk.run(w, "decrypt", sealed)
    words = [DENIED[sdk.name]] + (["o-us"] if sdk.name != "js" else [])
    tap.ok(refuses(done, *words), "under an order it is refused, in the words that the SDK knows", said(done))
    w.lift()
    done = sdk.run(w, "decrypt", sealed)
    tap.ok(gives(done, content), "after the lift it opens again", said(done))
    done = sdk.run(w, "decrypt", changed(sealed, another_policy))
    tap.ok(refuses(done, TAMPERED[sdk.name]), "with another policy it gets no key", said(done))
    found = w.tool("--json", "log", "show", "journal").out
    tap.ok("refused" in found and "granted" in found, "all of it is in the journal")


def only_go(tap, w, sdk):
    content = b"twelve persons"
    sealed = w.share("r-purpose", content).read_bytes()
    done = sdk.run(w, "decrypt", sealed, token=w.free)
    tap.ok(refuses(done, "PermissionDenied", "purpose is to be stated"), "who may state several purposes must state one", said(done))
    done = sdk.run(w, "decrypt", sealed, "law.interdict", token=w.free)
    tap.ok(gives(done, content), "as an obligation that is fulfilled", said(done))
    done = sdk.run(w, "decrypt", sealed, "law.detain", token=w.free)
    tap.ok(refuses(done, "PermissionDenied"), "another one does not open it", said(done))
    done = sdk.run(w, "decrypt", sealed, "law.detain")
    tap.ok(refuses(done, "PermissionDenied"), "nor may another be stated than the credential allows", said(done))
    for session in ("rsa", "ec"):
        done = sdk.run(w, "decrypt", sealed, "-", session)
        tap.ok(gives(done, content), f"an answer to a key of kind {session}", said(done))
    done = sdk.run(w, "encrypt", content, world.OTHER_ATTRIBUTE)
    tap.ok(refuses(done, "not_found"), "an attribute that no agreement has is not found", said(done))


def main():
    sdk = {"go": Go, "js": Js, "python": Python}[sys.argv[1]](sys.argv[2])
    why = sdk.ready()
    if why is not None:
        skip(why)
    tap = rig.Tap()
    with world.World() as w:
        ours(tap, w, sdk)
        content = b"a boat without a name"
        sealed = theirs(tap, w, sdk, content)
        for n in (0, 1, 3 << 20):
            if n != 0 or sdk.name == "go":
                theirs(tap, w, sdk, (bytes(i * 31 % 251 for i in range(251)) * (n // 251 + 1))[:n])
        if sdk.name == "go":
            for kind in ("rsa", "ec"):
                theirs(tap, w, sdk, b"sealed to " + kind.encode(), kind)
            only_go(tap, w, sdk)
        if sealed is not None:
            under_an_order(tap, w, sdk, sealed, content)
        done = w.tool("log", "verify", must=False)
        tap.ok(done.status == 0, "the home verifies", done)
    tap.done()


main()

# SPDX-License-Identifier: Apache-2.0
"""otdf-python (TDF 4.3.0), both ways: its files open here, ours open there, by a KAS whose keys we hold.

    sdk_python.py TDF_TOOL FOLDER      installs the SDK into FOLDER, once (TAP; skips itself when it cannot be had)
"""
import base64, io, json, logging, os, subprocess, sys, venv, zipfile

import mock_kas

PACKAGE = "otdf-python==0.11.0"
SIZES = (0, 1, 16384, 1048576, 1048577, 3000000)


def install(folder):
    """Runs this script again, by a Python that has the SDK."""
    python = os.path.join(folder, "venv", "bin", "python")
    if sys.version_info < (3, 10):
        mock_kas.skip("the SDK wants Python 3.10")
    if not os.path.exists(os.path.join(folder, "installed")):
        try:
            venv.create(os.path.join(folder, "venv"), with_pip=True, clear=True)
            subprocess.run([python, "-m", "pip", "install", "-q", "--disable-pip-version-check", "--retries", "1",
                            "--timeout", "20", PACKAGE], stdout=sys.stderr, check=True, timeout=240)
        except (OSError, subprocess.SubprocessError):
            mock_kas.skip(f"{PACKAGE} cannot be installed")
        open(os.path.join(folder, "installed"), "w").close()
    os.execv(python, [python, os.path.abspath(__file__), sys.argv[1], folder, "run"])


def content_of(n):
    return (bytes(i * 31 % 251 for i in range(251)) * (n // 251 + 1))[:n]


def theirs(k, n):
    """Sealed by the SDK, opened by us."""
    from otdf_python.config import KASInfo, TDFConfig
    from otdf_python.tdf import TDF

    content = content_of(n)
    with open(k.public["wrapped"]) as f:
        info = KASInfo(url=k.url, public_key=f.read(), kid=None)
    config = TDFConfig(kas_info_list=[info], attributes=["https://example.org/attr/kind/value/report"])
    return k.open(TDF().create_tdf(content, config)[2].getvalue()) == content


def load(k, sealed):
    """What the SDK makes of a sealed file, with our KAS."""
    from otdf_python.kas_client import KASClient
    from otdf_python.tdf import TDF, TDFReaderConfig

    class Services:
        def kas(self):
            return KASClient(kas_url=k.url, token_source=lambda: "token", use_plaintext=True)

    return TDF(services=Services()).load_tdf(sealed, TDFReaderConfig()).payload


def ours(k, n, kind):
    """Sealed by us, opened by the SDK with what our KAS answers."""
    content, before = content_of(n), len(k.served)
    return load(k, k.seal(content, kind)) == content and k.served[before:] == [kind]


def tampered(k):
    """Our KAS refuses a policy that was changed on the way (in a container that is right), and the SDK gets nothing."""
    changed, before = io.BytesIO(), len(k.refusals)
    with zipfile.ZipFile(io.BytesIO(k.seal(b"seven persons", "wrapped"))) as z, zipfile.ZipFile(changed, "w") as out:
        manifest = json.loads(z.read("0.manifest.json"))
        info = manifest["encryptionInformation"]
        policy = base64.b64decode(info["policy"]).replace(b"co.navy", b"co.army")
        info["policy"] = base64.b64encode(policy).decode()
        out.writestr("0.payload", z.read("0.payload"))
        out.writestr("0.manifest.json", json.dumps(manifest))
    try:
        load(k, changed.getvalue())
        return False
    except ValueError:
        return k.refusals[before:] == ["tdf_tool: bad request"]


def main():
    logging.disable(logging.CRITICAL)
    tap = mock_kas.Tap()
    with mock_kas.Kas(sys.argv[1]) as k:
        for n in SIZES:
            tap.tries(f"{n} bytes sealed by {PACKAGE} open here", lambda: theirs(k, n))
        for kind in ("wrapped", "ec-wrapped"):
            for n in SIZES:
                tap.tries(f"{n} bytes sealed here, {kind}, open with {PACKAGE}", lambda: ours(k, n, kind))
        tap.tries("a changed policy gets no key from us", lambda: tampered(k))
    tap.done()


if len(sys.argv) > 3:
    main()
else:
    install(sys.argv[2])

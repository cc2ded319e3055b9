# SPDX-License-Identifier: Apache-2.0
"""@opentdf/client, whose files are of the old form (4.2.2): they open here, and there by a KAS whose keys we hold.

    sdk_js.py TDF_TOOL FOLDER      installs the package into FOLDER, once (TAP; skips itself when it cannot be had)
"""
import os, subprocess, sys

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), os.pardir))
import mock_kas
import npm

PACKAGE = "@opentdf/client@1.3.0"


def install(folder):
    try:
        npm.install(folder, PACKAGE, npm.required("@opentdf/client"))
    except npm.Missing as e:
        mock_kas.skip(str(e))


def client(k, folder, verb, data):
    script = os.path.join(os.path.dirname(os.path.abspath(__file__)), "sdk_js.cjs")
    return subprocess.run(["node", script, verb, k.url, k.public["wrapped"]], cwd=folder, input=data,
                          stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, check=True, timeout=60).stdout


def both(k, folder, n):
    content, before = (bytes(i * 31 % 251 for i in range(251)) * (n // 251 + 1))[:n], len(k.served)
    sealed = client(k, folder, "encrypt", content)
    if k.open(sealed) != content:
        return False
    return client(k, folder, "decrypt", sealed) == content and k.served[before:] == ["wrapped"]


def main():
    folder, tap = os.path.abspath(sys.argv[2]), mock_kas.Tap()
    install(folder)
    with mock_kas.Kas(sys.argv[1]) as k:
        for n in (0, 1, 16384, 1048576, 1048577, 3 << 20):
            tap.tries(f"{n} bytes sealed by {PACKAGE} open here, and there with our KAS", lambda: both(k, folder, n))
    tap.done()


main()

# SPDX-License-Identifier: Apache-2.0
"""
Packages from npm for tests. One install at a time, each with a cache of its own: side by side, npm has left packages
half unpacked. What was installed is loaded once to see that it is whole.
"""
import fcntl
import os
import pathlib
import shutil
import subprocess
import sys
import tempfile


class Missing(Exception):
    """It cannot be had here."""


def install(folder, package, probe):
    """package into folder, once. probe: JavaScript that loads it (an ES module); it must run."""
    folder = pathlib.Path(folder).resolve()
    folder.mkdir(parents=True, exist_ok=True)
    done = folder / "installed"
    if shutil.which("node") is None or shutil.which("npm") is None:
        raise Missing("no node and npm")
    with open(pathlib.Path(tempfile.gettempdir()) / f"proviso-npm-{os.getuid()}.lock", "w", encoding="utf-8") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        if done.exists() and done.read_text() == package and whole(folder, probe):
            return
        for attempt in range(2):
            shutil.rmtree(folder / "node_modules", ignore_errors=True)
            (folder / "package-lock.json").unlink(missing_ok=True)
            (folder / "package.json").write_text('{"private":true}')
            try:
                subprocess.run(["npm", "install", "--no-audit", "--no-fund", "--ignore-scripts", "--fetch-retries=1", "--fetch-timeout=20000",
                                "--cache", str(folder / "cache"), package], cwd=folder, stdout=sys.stderr, check=True, timeout=240)
            except (OSError, subprocess.SubprocessError) as e:
                raise Missing(f"{package} cannot be installed") from e
            if too_old(folder, probe):
                raise Missing(f"{package} wants a newer Node than this")
            if whole(folder, probe):
                shutil.rmtree(folder / "cache", ignore_errors=True)
                done.write_text(package)
                return
            print(f"{package} is not whole after installation {attempt + 1}", file=sys.stderr)
    raise AssertionError(f"{package} was installed twice and does not load")


# what a package made for a browser looks for while it loads
BROWSER = ("globalThis.location = { href: 'http://localhost/' }; globalThis.window = { isSecureContext: true, location: globalThis.location };"
           "globalThis.document = { documentElement: { style: {} } };")


def required(name):
    """A probe that loads it as a CommonJS program does."""
    return BROWSER + f"const {{ createRequire }} = await import('node:module'); createRequire(process.cwd() + '/')('{name}')"


def too_old(folder, probe):
    """Older ones do not take an ES module where a CommonJS program asks for it."""
    done = subprocess.run(["node", "--input-type=module", "-e", probe], cwd=folder, capture_output=True, text=True, timeout=60, check=False)
    return "ERR_REQUIRE_ESM" in done.stderr


def whole(folder, probe):
    return subprocess.run(["node", "--input-type=module", "-e", probe], cwd=folder, stdout=sys.stderr, stderr=sys.stderr, timeout=60).returncode == 0

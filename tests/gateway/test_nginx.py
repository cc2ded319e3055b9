# SPDX-License-Identifier: Apache-2.0
"""The recipe of docs/gateway.md, as it stands there, with a real nginx before a real gateway."""
import http.client
import pathlib
import re
import shutil
import socket
import ssl
import subprocess
import sys
import time

sys.path.insert(0, str(pathlib.Path(__file__).parent))
import rig  # noqa: E402

t = rig.Tap()


def free_port():
    with socket.socket() as s:
        s.bind(("127.0.0.1", 0))
        return s.getsockname()[1]


def recipe(folder, gw, port):
    page = (rig.DATA / "docs" / "gateway.md").read_text()
    text = re.search(r"```\n(upstream proviso .*?)```", page, re.S).group(1)
    for old, new in (("127.0.0.1:8443", f"127.0.0.1:{gw.port}"), ("listen 443", f"listen 127.0.0.1:{port}"), ("/etc/nginx/gw.crt", f"{folder}/cert.pem"),
                     ("/etc/nginx/gw.key", f"{folder}/key.pem"), ("/var/lib/proviso/home", str(gw.home))):
        assert old in text, old
        text = text.replace(old, new)
    return (f"worker_processes 1; error_log {folder}/error.log; pid {folder}/nginx.pid; daemon off;\n"
            "events { worker_connections 512; }\nhttp { access_log off;\n" +
            "".join(f"{kind}_temp_path {folder}/{kind};\n" for kind in ("client_body", "proxy", "fastcgi", "uwsgi", "scgi")) + text + "}\n")


def ask(folder, port, method, path, body=None, headers=None, source=None):
    context = ssl.create_default_context(cafile=f"{folder}/cert.pem")
    connection = http.client.HTTPSConnection("127.0.0.1", port, context=context, timeout=20, source_address=(source, 0) if source else None)
    try:
        connection.request(method, path, body, headers or {})
        answer = connection.getresponse()
        return rig.Answer(answer.status, answer.headers, answer.read())
    finally:
        connection.close()


nginx = shutil.which("nginx") or shutil.which("nginx", path="/usr/sbin:/sbin")
if nginx is None:
    t.skip("nginx before a gateway", "nginx is not installed")
    t.done()

folder = rig.TEMP / "nginx"
folder.mkdir()
folder.chmod(0o755)
rig.TEMP.chmod(0o755)
subprocess.run(["openssl", "req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes", "-days", "2", "-subj", "/CN=gw.example",
                "-addext", "subjectAltName=DNS:gw.example,IP:127.0.0.1", "-keyout", f"{folder}/key.pem", "-out", f"{folder}/cert.pem"],
               check=True, capture_output=True)
home = rig.home("co")
rig.grant(home, "co", "officer")
token = rig.token(home, "co", "officer")
settings = ('url = "https://gw.example";\nfront: { proxies = ["127.0.0.1"]; };\n'
            "limits: { logins_per_s = 1; logins_burst = 3; per_address = 4096; };\n")
with rig.Gateway(home, settings) as gw:
    port = free_port()
    conf = folder / "nginx.conf"
    conf.write_text(recipe(folder, gw, port))
    server = subprocess.Popen([nginx, "-c", str(conf), "-e", f"{folder}/error.log"], stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, text=True)
    try:
        until = time.monotonic() + 10
        page = None
        while page is None and time.monotonic() < until and server.poll() is None:
            try:
                page = ask(folder, port, "GET", "/")
            except OSError:
                time.sleep(0.05)
        log = (folder / "error.log").read_text() if (folder / "error.log").exists() else ""
        t.ok(page is not None and page.status == 200 and "Open" in page.text and "https://gw.example" in page.text,
             "the page comes through nginx, with the address that the configuration says", page, log)
        told = ask(folder, port, "GET", "/api/v1/status", headers={"Authorization": f"Bearer {token}"})
        t.ok(told.status == 200 and told.json()["open"], "a caller with a token is known", told)
        statuses = [ask(folder, port, "GET", "/api/v1/status", headers={"Authorization": f"Bearer pvt1_bad{n}"}, source="127.0.0.2").status for n in range(8)]
        t.ok(429 in statuses, "an address that guesses is limited", statuses)
        other = ask(folder, port, "GET", "/api/v1/status", headers={"Authorization": "Bearer pvt1_other"}, source="127.0.0.3")
        t.ok(other.status == 401, "and another address behind the same nginx is not", other)
        forged = [ask(folder, port, "GET", "/api/v1/status", headers={"Authorization": f"Bearer pvt1_forged{n}", "X-Forwarded-For": f"192.0.2.{n}"},
                      source="127.0.0.2").status for n in range(6)]
        t.ok(429 in forged, "nor does an X-Forwarded-For of the client's own help it", forged)
        escaped = ask(folder, port, "GET", "/log/%2e%2e/healthz")
        t.ok(escaped.status == 400, "a dot segment that hides in an escape is refused by the gateway", escaped)
        if shutil.which("curl"):
            done = subprocess.run(["curl", "-s", "--http2", "--cacert", f"{folder}/cert.pem", "-o", "/dev/null", "-w", "%{http_version} %{http_code}",
                                   f"https://127.0.0.1:{port}/healthz"], capture_output=True, text=True, timeout=20)
            t.ok(done.stdout == "2 200", "HTTP/2 for those who speak it", done.stdout, done.stderr)
    finally:
        server.terminate()
        server.wait(10)
t.done()

#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""
What the server costs: requests a second and how long one waits (wrk as the client), handshakes, memory of an idle
connection, an upload of 64 MiB. Beside it in the same run, turn by turn: nginx answering from its configuration with
one worker, the limit of what a server of one process does here (it asks no handler).

    bench.py SERVER [SECONDS]
"""
import os, re, shutil, socket, ssl, subprocess, sys, tempfile, time

from served import Server, hear, many_files

program, seconds = sys.argv[1], int(sys.argv[2]) if len(sys.argv) > 2 else 3
IDLE = 2000
NGINX = """
worker_processes 1; daemon off; error_log stderr; pid {0}/pid;
events {{ worker_connections 8192; }}
http {{
  access_log off; keepalive_requests 100000000; client_body_temp_path {0}/b; proxy_temp_path {0}/p;
  fastcgi_temp_path {0}/f; uwsgi_temp_path {0}/u; scgi_temp_path {0}/s;
  server {{ listen 127.0.0.1:{1}; listen 127.0.0.1:{2} ssl; ssl_certificate {3}/cert.pem; ssl_certificate_key {3}/key.pem;
    ssl_protocols TLSv1.2 TLSv1.3; ssl_session_cache shared:a:1m; default_type text/plain; location / {{ return 200 "hello\\n"; }} }}
}}
"""


def need(name, package):
    path = shutil.which(name) or shutil.which(name, path="/usr/sbin")
    if path is None:
        print(f"{name} is not installed (Debian: {package}): nothing is measured with it")
    return path


class Peer:
    """nginx; its worker is the one child."""

    def __init__(self, nginx, folder):
        self.folder = tempfile.mkdtemp(prefix="pv-bench-")
        ports = []
        for _ in range(2):
            with socket.socket() as s:
                s.bind(("127.0.0.1", 0))
                ports.append(s.getsockname()[1])
        self.plain, self.tls = ports
        conf = os.path.join(self.folder, "conf")
        with open(conf, "w") as f:
            f.write(NGINX.format(self.folder, self.plain, self.tls, folder))
        self.process = subprocess.Popen([nginx, "-c", conf, "-e", "stderr"])
        for _ in range(100):
            try:
                socket.create_connection(("127.0.0.1", self.tls), 1).close()
                break
            except OSError:
                time.sleep(0.05)
        children = subprocess.run(["ps", "-o", "pid=", "--ppid", str(self.process.pid)], stdout=subprocess.PIPE, text=True)
        self.worker = int(children.stdout.split()[0])

    def stop(self):
        self.process.terminate()
        self.process.wait()
        shutil.rmtree(self.folder, ignore_errors=True)


def of_status(pid, name):
    with open(f"/proc/{pid}/status") as f:
        return int(next(line for line in f if line.startswith(name)).split()[1])


def cpu_s(pid):
    with open(f"/proc/{pid}/stat") as f:
        words = f.read().rpartition(")")[2].split()
    return (int(words[11]) + int(words[12])) / os.sysconf("SC_CLK_TCK")


def wrk(tool, url, connections, pid):
    before = cpu_s(pid)
    got = subprocess.run([tool, "-t1", f"-c{connections}", f"-d{seconds}", "--latency", url], stdout=subprocess.PIPE, text=True).stdout
    rate = float(re.search(r"Requests/sec:\s+([\d.]+)", got).group(1))
    total = int(re.search(r"(\d+) requests in", got).group(1))
    wait = [re.search(rf"{p}%\s+(\S+)", got).group(1) for p in (50, 99)]
    return f"{rate:9,.0f} {wait[0]:>9} {wait[1]:>9} {(cpu_s(pid) - before) / total * 1e6:8.1f}"


def rates(tool, kinds):
    print(f"\nGET of six bytes, {seconds} s each\n{'':34}{'req/s':>9} {'p50':>9} {'p99':>9} {'us CPU':>8}")
    for connections in (32, 256):
        for name, scheme, port, pid in kinds:
            print(f"{name:24}{connections:6} conn {wrk(tool, f'{scheme}://127.0.0.1:{port}/hello', connections, pid)}", flush=True)


def handshakes(openssl, kinds):
    # s_time leaves before the tickets of TLS 1.3 come
    print(f"\nTLS 1.2 handshakes a second, one client after another (P-256)\n{'':30}{'full':>8} {'resumed':>8}")
    for name, port in kinds:
        out = []
        for how in ("-new", "-reuse"):
            got = subprocess.run([openssl, "s_time", "-connect", f"127.0.0.1:{port}", how, "-tls1_2", "-time", str(seconds)],
                                 stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True).stdout
            real = re.findall(r"(\d+) connections in (\d+) real seconds", got)
            out.append(f"{int(real[-1][0]) / max(1, int(real[-1][1])):8,.0f}" if real else f"{'-':>8}")
        print(f"{name:30}{out[0]} {out[1]}", flush=True)


def idle(name, pid, port, context):
    def dial():
        s = socket.create_connection(("127.0.0.1", port), 10)
        s = context.wrap_socket(s, server_hostname="localhost") if context else s
        s.sendall(b"GET /hello HTTP/1.1\r\nHost: h\r\n\r\n")
        s.recv(4096)
        return s

    dial().close()
    before = of_status(pid, "VmRSS")
    conns = [dial() for _ in range(IDLE)]
    print(f"{name:30}{(of_status(pid, 'VmRSS') - before) / IDLE:8.1f}", flush=True)
    for s in conns:
        s.close()
    time.sleep(0.2)


def upload(server, name):
    n, block = 64 << 20, bytes(1 << 18)
    server.get("/hello")
    before, begin = server.peak_kib(), time.monotonic()
    with server.dial() as s:
        s.sendall(b"POST /sum HTTP/1.1\r\nHost: h\r\nConnection: close\r\nContent-Length: %d\r\n\r\n" % n)
        for _ in range(n // len(block)):
            s.sendall(block)
        hear(s)
    print(f"{name:30}{n / 1e6 / (time.monotonic() - begin):8,.0f} MB/s, peak memory grows by {server.peak_kib() - before} KiB", flush=True)


def main():
    many_files(4 * IDLE)
    tool, nginx, openssl = need("wrk", "wrk"), need("nginx", "nginx-light"), need("openssl", "openssl")
    print("load", open("/proc/loadavg").read().split()[0], "on", os.cpu_count(), "processors")
    with Server(program, "-a", 10000) as plain, Server(program, "-a", 10000, tls=True) as tls:
        peer = Peer(nginx, tls.folder) if nginx else None
        try:
            ours = [("ours, plain", "http", plain.port, plain.process.pid), ("ours, TLS", "https", tls.port, tls.process.pid)]
            theirs = [("nginx, plain", "http", peer.plain, peer.worker), ("nginx, TLS", "https", peer.tls, peer.worker)] if peer else []
            if tool:
                rates(tool, ours[:1] + theirs[:1] + ours[1:] + theirs[1:])
            if openssl:
                handshakes(openssl, [("ours", tls.port)] + ([("nginx", peer.tls)] if peer else []))
            print(f"\nMemory of one of {IDLE} idle connections that had an answer, KiB (the kernel's not counted)")
            context = ssl.create_default_context(cafile=os.path.join(tls.folder, "cert.pem"))
            for name, scheme, port, pid in ours + theirs:
                idle(name, pid, port, context if scheme == "https" else None)
            print("\nOne upload of 64 MiB, summed byte by byte by the handler; the client is a Python program")
            upload(plain, "ours, plain")
            upload(tls, "ours, TLS")
        finally:
            if peer:
                peer.stop()
    print("load", open("/proc/loadavg").read().split()[0])


main()

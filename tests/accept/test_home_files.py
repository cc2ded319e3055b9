#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""A home driven from outside: its vocabularies, the exported log against RFC 6962, sealed sizes, a share that is killed."""
import base64
import hashlib
import os
import signal
import subprocess
import sys
import tempfile
import time
import zipfile

TOOL = os.path.abspath(sys.argv[1])
count = failed = 0


def ok(good, name, note=''):
    global count, failed
    count += 1
    failed += not good
    print('%s %d - %s' % ('ok' if good else 'not ok', count, name))
    if not good:
        print('\n'.join('#   ' + line for line in str(note).splitlines()))


def run(*args):
    return subprocess.run([TOOL, *args], capture_output=True, text=True, stdin=subprocess.DEVNULL, start_new_session=True)


def root(leaves):
    if len(leaves) == 1:
        return leaves[0]
    k = 1
    while 2 * k < len(leaves):
        k *= 2
    return hashlib.sha256(b'\1' + root(leaves[:k]) + root(leaves[k:])).digest()


def share(name, *more):
    return run('share', name, '--topic', 'narcotics', '--region', 'caribbean', '--never', 'force', *more)


def logs():
    r = run('log', 'export', 'out')
    ok(r.returncode == 0, 'log export takes a folder alone: the order log', r.stderr)
    size, want = open('out/checkpoint').read().split('\n')[1:3]
    with open('out/tile/entries/000.p/' + size, 'rb') as f:
        data = f.read()
    leaves, at = [], 0
    while at < len(data):
        n = int.from_bytes(data[at:at + 2], 'big')
        leaves.append(hashlib.sha256(b'\0' + data[at + 2:at + 2 + n]).digest())
        at += 2 + n
    ok(len(leaves) == int(size) and base64.b64encode(root(leaves)).decode() == want, 'the root is that of RFC 6962 over the bundle')
    with open('out/tile/0/000.p/' + size, 'rb') as f:
        ok(f.read() == b''.join(leaves), 'the tile holds the leaf hashes')
    ok(run('log', 'export', 'orders').returncode == 2, 'the name of a log alone is a folder forgotten')


def sizes():
    for n in (0, 1, (1 << 20) - 1, 1 << 20, (1 << 20) + 1):
        with open('f', 'wb') as f:
            f.write(os.urandom(n))
        r = share('f', '--id', 'r-%d' % n, '-o', 'f%d.tdf' % n)
        z = zipfile.ZipFile('f%d.tdf' % n)
        ok(r.returncode == 0 and z.testzip() is None and z.namelist() == ['0.payload', '0.manifest.json'] and
           all(i.compress_type == 0 for i in z.infolist()), '%d bytes: two stored entries' % n, r.stderr)
        r = run('open', 'r-%d' % n, '--purpose', 'law.interdict', '-o', 'o%d' % n)
        ok(r.returncode == 0 and open('o%d' % n, 'rb').read() == open('f', 'rb').read(), '%d bytes: opened as they were' % n, r.stderr)
    r = run('open', 'f1.tdf', '--purpose', 'law.interdict')
    ok(r.returncode == 2 and 'needs a grant' in r.stderr, 'a sealed file without a grant is refused as what it is', r.stderr)


def killed():
    p = subprocess.Popen([TOOL, 'share', '-', '--id', 'r-k', '-o', 'k.tdf', '--topic', 'narcotics', '--region', 'caribbean', '--never', 'force'],
                         stdin=subprocess.PIPE, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    p.stdin.write(b'x' * (3 << 20))
    p.stdin.flush()
    until = time.time() + 20
    while not os.path.exists('home/sealed/.r-k.tmp') and time.time() < until:
        time.sleep(.01)
    busy = share('f', '--id', 'r-k', '-o', 'b.tdf')
    ok(busy.returncode == 3, 'an id that is being shared is not shared twice', busy.stderr)
    p.send_signal(signal.SIGKILL)
    p.wait()
    ok('r-k' not in run('report', 'list').stdout and not os.path.exists('k.tdf'), 'a killed share lists nothing and writes nothing')
    r = share('f', '--id', 'r-k', '-o', 'k.tdf')
    ok(r.returncode == 0, 'and its id can be shared', r.stderr)


def main():
    with tempfile.TemporaryDirectory(prefix='proviso-accept-') as d:
        os.chdir(d)
        for name in [n for n in os.environ if n.startswith('PROVISO_')]:
            del os.environ[name]
        os.environ['PROVISO_HOME'] = d + '/home'
        r = run('init', '--party', 'co', '--exercise', '--no-passphrase')
        ok(r.returncode == 0 and ' 0 terms' not in r.stdout, 'a built tool finds its vocabularies, wherever it is run', r.stdout + r.stderr)
        with open('a.jsonl', 'w') as f:
            f.write('{"record":"agreement","id":"self","from":"co","to":"co","purposes":["law"],"not_before":"2025-01-01T00:00:00Z",'
                    '"require":{},"obligations":[],"basis":[],"exercise":true}\n')
        ok(run('apply', 'a.jsonl').stdout == 'applied 1, unchanged 0\n', 'applied 1')
        ok(run('apply', 'a.jsonl').stdout == 'applied 0, unchanged 1\n', 'unchanged 1')
        logs()
        sizes()
        killed()
        os.chdir('/')
    print('1..%d' % count)
    return failed != 0


if __name__ == '__main__':
    sys.exit(main())

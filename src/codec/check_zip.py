#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""
Reads a container of ours with Python's zipfile, a reader that is not ours.

usage: check_zip.py TEST_ZIP     (the test program, which writes one when it is given a path)
"""
import os
import subprocess
import sys
import tempfile
import zipfile

done = 0


def row(ok, name):
    global done
    done += 1
    print("%sok %d - %s" % ("" if ok else "not ", done, name))
    return ok


def main():
    with tempfile.TemporaryDirectory() as folder:
        path = os.path.join(folder, "sealed.tdf")
        subprocess.run([sys.argv[1], path], check=True, stdout=subprocess.DEVNULL)
        with zipfile.ZipFile(path) as z:
            rows = [
                row([i.filename for i in z.infolist()] == ["0.payload", "0.manifest.json"], "two entries, in order"),
                row(z.testzip() is None, "their CRC-32 are right"),
                row(z.read("0.payload") == b"PAYLOAD" and z.read("0.manifest.json") == b"{}", "and their bytes"),
                row(all(i.date_time == (1980, 1, 1, 0, 0, 0) for i in z.infolist()), "no time is told"),
                row(all(i.external_attr >> 16 == 0o100644 for i in z.infolist()), "files come out readable"),
            ]
    print("1..%d" % done)
    return 0 if all(rows) else 1


if __name__ == "__main__":
    sys.exit(main())

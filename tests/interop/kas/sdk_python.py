# SPDX-License-Identifier: Apache-2.0
"""otdf-python against a gateway: encrypt or decrypt, standard input to standard output. Run by a Python that has it.

    sdk_python.py URL encrypt ATTRIBUTE | decrypt          TOKEN, SSL_CERT_FILE
"""
import os
import sys

import pyqwest
from otdf_python.config import KASInfo
from otdf_python.sdk_builder import SDKBuilder
from otdf_python.tdf import TDFReaderConfig


# the SDK cannot be told of an authority, what it stands on can
_transport = pyqwest.SyncHTTPTransport
with open(os.environ["SSL_CERT_FILE"], "rb") as f:
    _anchor = f.read()
pyqwest.SyncHTTPTransport = lambda *args, **how: _transport(*args, tls_ca_cert=_anchor, **how)


def main():
    url, verb = sys.argv[1:3]
    sdk = SDKBuilder.new_builder().set_platform_endpoint(url).bearer_token(os.environ["TOKEN"]).build()
    data = sys.stdin.buffer.read()
    if verb == "encrypt":
        config = sdk.new_tdf_config(attributes=[sys.argv[3]], kas_info_list=[KASInfo(url=url + "/kas", default=True)])
        sealed = sdk.create_tdf(data, config)[2]
        sys.stdout.buffer.write(sealed if isinstance(sealed, bytes) else sealed.getvalue())
    else:
        sys.stdout.buffer.write(sdk.load_tdf(data, TDFReaderConfig()).payload)


try:
    main()
except Exception as e:
    print(f"{type(e).__name__}: {e}", file=sys.stderr)
    sys.exit(1)

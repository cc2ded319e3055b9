# SPDX-License-Identifier: Apache-2.0
"""Streams that two parsers may read in two ways. Where one takes bytes for a body, another may see "GET /in"."""

H = b"Host: h\r\n"
IN = b"GET /in HTTP/1.1\r\n" + H + b"\r\n"
AFTER = b"GET /after HTTP/1.1\r\n" + H + b"Connection: close\r\n\r\n"


def post(*lines, body=b"", line=b"POST /out HTTP/1.1"):
    return line + b"\r\n" + H + b"".join(x + b"\r\n" for x in lines) + b"\r\n" + body


LEN, CHUNKED = b"Content-Length: %d" % len(IN), b"Transfer-Encoding: chunked"
ZERO = b"0\r\n\r\n"
AS_CHUNK = b"%x\r\n" % len(IN) + IN + b"\r\n" + ZERO

BAD = {
    "length and chunks": post(LEN, CHUNKED, body=ZERO + IN),
    "chunks and length": post(CHUNKED, b"Content-Length: 5", body=ZERO + IN),
    "two lengths": post(b"Content-Length: 0", LEN, body=IN),
    "two lengths, other order": post(LEN, b"Content-Length: 0", body=IN),
    "equal lengths": post(LEN, LEN, body=IN),
    "a list of lengths": post(b"Content-Length: %d, %d" % (len(IN), len(IN)), body=IN),
    "blank before the colon": post(b"Content-Length : %d" % len(IN), body=IN),
    "tab before the colon": post(b"Content-Length\t: %d" % len(IN), body=IN),
    "plus": post(b"Content-Length: +%d" % len(IN), body=IN),
    "hexadecimal": post(b"Content-Length: 0x%x" % len(IN), body=IN),
    "leading zeros": post(b"Content-Length: 00%d" % len(IN), body=IN),
    "gzip, chunked": post(b"Transfer-Encoding: gzip, chunked", body=AS_CHUNK),
    "xchunked": post(b"Transfer-Encoding: xchunked", body=AS_CHUNK),
    "chunked twice": post(CHUNKED, CHUNKED, body=AS_CHUNK),
    "chunked, chunked": post(b"Transfer-Encoding: chunked, chunked", body=AS_CHUNK),
    "identity": post(b"Transfer-Encoding: identity", LEN, body=IN),
    "vertical tab": post(b"Transfer-Encoding: \x0bchunked", body=AS_CHUNK),
    "blank before the colon of chunks": post(b"Transfer-Encoding : chunked", body=AS_CHUNK),
    "blank before the name": post(b" Transfer-Encoding: chunked", body=AS_CHUNK),
    "folded value": post(b"Transfer-Encoding:\r\n chunked", body=AS_CHUNK),
    "folded away": post(b"X: a\r\n Content-Length: %d" % len(IN), body=IN),
    "chunks in 1.0": post(CHUNKED, line=b"POST /out HTTP/1.0", body=AS_CHUNK),
    "body on GET": post(LEN, line=b"GET /out HTTP/1.1", body=IN),
    "chunks on GET": post(CHUNKED, line=b"GET /out HTTP/1.1", body=AS_CHUNK),
    "body on HEAD": post(LEN, line=b"HEAD /out HTTP/1.1", body=IN),
    "body on DELETE": post(LEN, line=b"DELETE /out HTTP/1.1", body=IN),
    "bare LF": (b"POST /out HTTP/1.1\n" + H + LEN + b"\n\n").replace(b"\r\n", b"\n") + IN,
    "bare LF in the header": post(b"X: a\nContent-Length: %d" % len(IN), body=IN),
    "bare CR in the header": post(b"X: a\rContent-Length: %d" % len(IN), body=IN),
    "bare LF as the end": b"POST /out HTTP/1.1\r\n" + H + LEN + b"\r\n\n" + IN,
    "NUL in a value": post(b"X: a\0b", LEN, body=IN),
    "NUL first in a line": post(b"\0", LEN, body=IN),
    "NUL in the name": post(b"Content\0-Length: 4", body=IN),
    "empty name": post(b": a", body=IN),
    "no colon": post(b"abc", LEN, body=IN),
    "two hosts": post(H.strip(), LEN, body=IN),
    "HTTP/1.2": post(LEN, line=b"POST /out HTTP/1.2", body=IN),
    "lower-case version": post(LEN, line=b"POST /out http/1.1", body=IN),
    "two blanks": post(LEN, line=b"POST  /out HTTP/1.1", body=IN),
    "tab in the line": post(LEN, line=b"POST\t/out HTTP/1.1", body=IN),
    "dot segments": post(LEN, line=b"POST /a/../out HTTP/1.1", body=IN),
    "escaped dots": post(LEN, line=b"POST /a/%2e%2e/out HTTP/1.1", body=IN),
    "0x chunk": post(CHUNKED, body=b"0x%x\r\n" % len(IN) + IN + b"\r\n" + ZERO),
    "signed chunk": post(CHUNKED, body=b"+%x\r\n" % len(IN) + IN + b"\r\n" + ZERO),
    "chunk extension": post(CHUNKED, body=b"%x;a=\"\r\n" % len(IN) + IN + b"\r\n" + ZERO),
    "extension with LF": post(CHUNKED, body=b"2;\nxx\r\n%x\r\n0\r\n\r\n" % len(IN) + IN + b"\r\n" + ZERO),
    "blank behind the size": post(CHUNKED, body=b"%x \r\n" % len(IN) + IN + b"\r\n" + ZERO),
    "chunk size that overflows": post(CHUNKED, body=b"1%016x\r\n" % len(IN) + IN + b"\r\n" + ZERO),
    "no CR LF behind a chunk": post(CHUNKED, body=b"%x\r\n" % len(IN) + IN + ZERO),
    "short chunk": post(CHUNKED, body=b"1\r\nabc\r\n" + ZERO + IN),
    "bare LF behind the size": post(CHUNKED, body=b"%x\n" % len(IN) + IN + b"\r\n" + ZERO),
    "bare LF as the last": post(CHUNKED, body=b"0\r\n\n" + IN),
    "length in a trailer": post(CHUNKED, body=b"0\r\nContent-Length : 4\r\n\r\n" + IN),
}

# Taken by us: (stream, the requests that are in it)
GOOD = {
    "a length": (post(LEN, body=IN), ["/out", "/after"]),
    "chunks": (post(CHUNKED, body=AS_CHUNK), ["/out", "/after"]),
    "two requests": (post(b"Content-Length: 1", body=b"x") + IN, ["/out", "/in", "/after"]),
    "a trailer": (post(CHUNKED, body=b"1\r\nx\r\n0\r\nContent-Length: 100\r\n\r\n") + IN, ["/out", "/in", "/after"]),
    "a connection header that names others": (post(LEN, b"Connection: content-length", body=IN), ["/out", "/after"]),
    "an escaped slash": (post(LEN, line=b"POST /o%2Fut HTTP/1.1", body=IN), ["/o%2Fut", "/after"]),
    "an underscore: another header": (post(b"Content_Length: %d" % len(IN), body=IN), ["/out", "/in", "/after"]),
    "two slashes": (post(LEN, line=b"POST //out HTTP/1.1", body=IN), ["//out", "/after"]),
}

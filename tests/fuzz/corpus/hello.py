#!/usr/bin/env python3
# SPDX-License-Identifier: BSD-3-Clause
"""Makes the seeds of fuzz_record, fuzz_hs_msg and fuzz_gate in corpus/, from the hellos captured in
tests/unit/hellos.h and some made here."""
import hashlib
import hmac
import os
import re
import struct

here = os.path.dirname(os.path.abspath(__file__))


def captured(name):
    text = open(os.path.join(here, "../../unit/hellos.h")).read()
    body = re.search(name + r"\[\d+\] = \{([^}]*)\}", text).group(1)
    return bytes(int(x, 16) for x in re.findall(r"0x([0-9a-f]{2})", body))


def vec(n, data):
    return len(data).to_bytes(n, "big") + data


def ext(kind, data=b""):
    return struct.pack(">H", kind) + vec(2, data)


def hello(cookie=b"", extensions=b"", version=0xFEFD, compression=b"\0", session=b""):
    body = struct.pack(">H", version) + bytes(32) + vec(1, session) + vec(1, cookie)
    body += vec(2, bytes.fromhex("c0a800a8")) + vec(1, compression)
    return body + (vec(2, extensions) if extensions else b"")


def message(kind, body, seq=0):
    return bytes([kind]) + vec(3, body)[:3] + struct.pack(">H", seq) + bytes(3) + vec(3, body)


def record(kind, data, version=0xFEFD, epoch=0, seq=0):
    return struct.pack(">BHHHI", kind, version, epoch, 0, seq) + vec(2, data)


def first(body, seq=0):
    return record(22, message(1, body, seq), 0xFEFF, 0, seq)


def parts(body, *cuts):
    """A hello in fragments, each in a record of its own."""
    ends = zip((0, *cuts), (*cuts, len(body)))
    return [record(22, b"\1" + vec(3, body)[:3] + bytes(2) + a.to_bytes(3, "big") + vec(3, body[a:b]),
                   0xFEFF, 0, i) for i, (a, b) in enumerate(ends)]


def mapped(*ip):
    return bytes(10) + b"\xff\xff" + bytes(ip)


def cookie(body, secret):
    """The cookie of fuzz_gate's fixed secrets and flow, for a hello without session and cookie."""
    n = int.from_bytes(body[36:38], "big")
    end = 38 + n + 1 + body[38 + n]
    flow = mapped(198, 18, 0, 2) + mapped(198, 18, 0, 1) + struct.pack("<HH", 5684, 40000)
    mac = hmac.new(bytes([0x40 + secret]) * 32, flow + body[:35] + body[36:end], hashlib.sha256)
    return bytes([secret]) + mac.digest()[:16]


def burst(*datagrams, flip=7):
    return bytes([0, flip]) + b"".join(vec(2, d) for d in datagrams)


openssl, gnutls = captured("hello_openssl"), captured("hello_gnutls")
known = ext(0, vec(2, b"\0" + vec(2, b"a.example"))) + ext(1, b"\1") + ext(23) + ext(0xFF01, b"\0")
server = struct.pack(">H", 0xFEFD) + bytes(32) + b"\0" + b"\xc0\xa8\0"
plain = hello()

seeds = {
    "record/hello": openssl,
    "record/flight": record(22, message(16, vec(2, b"dev1"), 2)) + record(20, b"\1", seq=1)
                     + record(22, bytes(40), epoch=1),
    "record/types": b"".join(record(t, b"x", seq=t) for t in (19, 20, 21, 23, 24, 25, 26)),
    "record/versions": b"".join(record(22, b"x", v) for v in (0xFEFF, 0x0303, 0xFEFC)),
    "record/past_end": record(22, bytes(50))[:40],
    "record/minimal": record(23, b"", epoch=1) * 20,
    "hs_msg/fragments": b"\0" + message(14, b"", 3) + message(20, bytes(12), 4),
    "hs_msg/openssl": b"\1" + openssl[25:],
    "hs_msg/gnutls": b"\1" + gnutls[25:],
    "hs_msg/known": b"\1" + hello(b"\0" * 17, known),
    "hs_msg/bare": b"\1" + plain,
    "hs_msg/server": b"\2" + server + vec(2, ext(0xFF01, b"\0") + ext(23)),
    "hs_msg/server_bare": b"\2" + server,
    "hs_msg/small_records": b"\1" + hello(b"", ext(1, b"\4") + ext(28, b"\0\x40")),
    "hs_msg/small_records_illegal": b"\1" + hello(b"", ext(1, b"\5") + ext(28, b"\0\x3f")),
    "hs_msg/server_small_records": b"\2" + server + vec(2, ext(28, b"\x40\0")),
    "hs_msg/server_small_fragments": b"\2" + server + vec(2, ext(1, b"\1")),
    "hs_msg/verify": b"\3\xfe\xff" + vec(1, bytes(17)),
    "hs_msg/identity": b"\3" + vec(2, b"dev1"),
    "gate/openssl": burst(openssl),
    "gate/gnutls": burst(gnutls),
    "gate/known": burst(first(hello(b"", known))),
    "gate/cookie0": burst(first(hello(cookie(plain, 0)), 1)),
    "gate/cookie1": burst(first(hello(cookie(plain, 1)), 1)),
    "gate/session": burst(first(hello(session=bytes(32))), flip=8),
    "gate/parts": burst(*parts(plain, 20, 34), first(plain)),
    "gate/long": burst(*parts(hello(extensions=ext(21, bytes(3000))), 1000, 2000)),
    "gate/small_records": burst(first(hello(b"", ext(28, b"\0\x3f"))), first(hello(b"", ext(1, b"\5")))),
    "gate/illegal": burst(first(hello(compression=b"\1")), first(hello(version=0x0303))),
    "gate/mixed": burst(first(plain), openssl, first(hello(bytes(17))), record(23, b"x"), b"",
                        first(plain) + record(22, bytes(9))),
}

for name, data in seeds.items():
    path = os.path.join(here, name)
    os.makedirs(os.path.dirname(path), exist_ok=True)
    with open(path, "wb") as out:
        out.write(data)

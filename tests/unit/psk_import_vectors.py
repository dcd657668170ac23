#!/usr/bin/env python3
# SPDX-License-Identifier: BSD-3-Clause
"""The keys of test_psk_import.c, made by nothing but Python's hashlib and hmac: RFC 9258 §5.1 and
RFC 5869, with the label's prefix of RFC 9147 §5.9. Prints the rows of the test's table."""

import hashlib
import hmac
import struct


def extract(key):
    return hmac.new(bytes(32), key, hashlib.sha256).digest()


def expand(secret, info, length):
    out, block, n = b"", b"", 1
    while len(out) < length:
        block = hmac.new(secret, block + info + bytes([n]), hashlib.sha256).digest()
        out, n = out + block, n + 1
    return out[:length]


def imported(identity, context, kdf):
    vec = lambda b: struct.pack(">H", len(b)) + b
    return vec(identity) + vec(context) + struct.pack(">HH", 0xFEFC, kdf)


def key(identity, epsk, length):
    label = b"dtls13derived psk"
    digest = hashlib.sha256(identity).digest()
    info = struct.pack(">HB", length, len(label)) + label + bytes([len(digest)]) + digest
    return expand(extract(epsk), info, length)


for name, context, epsk, kdf, length in (
    (b"dev1", b"", bytes(range(1, 17)), 1, 32),
    (b"dev1", b"", bytes(range(1, 17)), 2, 48),
    (b"dev1", b"client 02:00:00:00:00:01", bytes(range(1, 17)), 1, 32),
    (b"a\0b", b"\0", bytes(range(64)), 2, 48),
):
    wire = imported(name, context, kdf)
    print(f'"{wire.hex()}", "{epsk.hex()}", "{key(wire, epsk, length).hex()}"')

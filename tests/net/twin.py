#!/usr/bin/env python3
# SPDX-License-Identifier: BSD-3-Clause
"""What whoever holds a certificate can make of it when its CA signs with a P-256 key: the same, with
(r, n - s) for the signature (r, s), which is as good. DER from stdin to stdout."""

import sys

ORDER = 0xFFFFFFFF00000000FFFFFFFFFFFFFFFFBCE6FAADA7179E84F3B9CAC2FC632551
SEQUENCE, INTEGER, BIT_STRING = 0x30, 0x02, 0x03


def elements(der):
    """The elements that stand in der one behind the other: (tag, body, all of it)."""
    while der:
        at, length = 2, der[1]
        if length & 0x80:
            at += length & 0x7F
            length = int.from_bytes(der[2:at], "big")
        yield der[0], der[at : at + length], der[: at + length]
        der = der[at + length :]


def element(tag, body):
    length = len(body).to_bytes(2, "big").lstrip(b"\0") or b"\0"
    if len(body) >= 0x80:
        length = bytes([0x80 | len(length)]) + length
    return bytes([tag]) + length + body


def integer(value):
    return element(INTEGER, value.to_bytes(value.bit_length() // 8 + 1, "big"))


def twin(der):
    ((_, body, _),) = elements(der)
    (_, _, what), (_, _, algorithm), (_, bits, _) = elements(body)
    ((_, signature, _),) = elements(bits[1:])
    r, s = (int.from_bytes(value, "big") for _, value, _ in elements(signature))
    other = element(SEQUENCE, integer(r) + integer(ORDER - s))
    return element(SEQUENCE, what + algorithm + element(BIT_STRING, b"\0" + other))


if __name__ == "__main__":
    sys.stdout.buffer.write(twin(sys.stdin.buffer.read()))

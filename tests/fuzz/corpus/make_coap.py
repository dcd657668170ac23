#!/usr/bin/env python3
# SPDX-License-Identifier: BSD-3-Clause
"""Writes the seeds of fuzz_coap: sequences of steps as tests/fuzz/fuzz_coap.c reads them."""
import pathlib
import struct

OUT = pathlib.Path(__file__).parent / "coap"
DELIVERED, FAILED, SECOND, TEN, NEXT, FULL = b"\x10", b"\x20", b"\x32", b"\x3d", b"\x40", b"\x52"


def message(body, device=0):
    return bytes([device]) + struct.pack(">H", len(body)) + body


POST = bytes.fromhex("42020001aa01" "b173" "0474656d70" "1132" "ff") + b'{"t":21.5}'
NON = bytes([0x52]) + POST[1:]
SEEDS = {
    "post_con": b"\0" + message(POST) * 2,
    "post_non": b"\0" + message(NON) * 2,
    "put_query": b"\0" + message(bytes.fromhex("40030002b161467820793d31ff00")),
    "core": b"\0" + message(bytes.fromhex("40010003bb") + b".well-known" + b"\x04core"),
    "time": b"\0" + message(bytes.fromhex("41010004cc") + b"\xb4time" + b"\x60"),
    "ping": b"\0" + message(bytes.fromhex("40000005")),
    "malformed": b"\0" + message(bytes.fromhex("4d020006")) + message(bytes.fromhex("40020007ff")),
    "options": b"\0" + message(bytes.fromhex("40020008" "1101" "d10a06" "d1e900" "00")),
    "block1": b"\0" + message(bytes.fromhex("40020009" "d10e06" "ff00")),
    "proxy": b"\0" + message(bytes.fromhex("4001000a" "d61678797a3a2f2f")),
    "piggyback": b"\1" + message(POST) + DELIVERED,
    "failed": b"\1" + message(POST) + FAILED,
    "separate": b"\1" + message(POST) + SECOND * 2 + message(POST) + DELIVERED + TEN * 8,
    "next_device": b"\1" + message(POST) + NEXT + message(POST) + DELIVERED + SECOND * 4,
    "full": b"\1" + FULL + message(POST) * 2 + message(NON, 1),
}

OUT.mkdir(exist_ok=True)
for name, data in SEEDS.items():
    (OUT / name).write_bytes(data)

#!/usr/bin/env python3
# SPDX-License-Identifier: BSD-3-Clause
"""Writes the seeds of fuzz_ticket, and those of fuzz_hs_msg and fuzz_handshake that resume."""
import os

here = os.path.dirname(os.path.abspath(__file__))


def seed(target, name, data):
    with open(os.path.join(here, target, name), "wb") as f:
        f.write(data)


def state(name=b"dev1", version=1, kind=1, flags=1):
    return bytes([version, kind, flags]) + b"\xc0\xa8" + (1800000000).to_bytes(6, "big") + bytes(range(8)) + \
        b"\x5a" * 48 + bytes([len(name)]) + name


def u16(n):
    return n.to_bytes(2, "big")


def hello(session_id, ticket):
    extensions = b"\x00\x17\x00\x00" + b"\x00\x23" + u16(len(ticket)) + ticket
    return b"\xfe\xfd" + bytes(range(32)) + bytes([len(session_id)]) + session_id + b"\x00" + \
        b"\x00\x02\xc0\xa8\x01\x00" + u16(len(extensions)) + extensions


root = "00112233445566778899aabbccddeeff" * 2
seed("ticket", "forged", b"\x00" + bytes(range(112)))
seed("ticket", "state", b"\x01" + state())
seed("ticket", "state_long", b"\x01" + state(b"n" * 128))
seed("ticket", "state_other_build", b"\x01" + state(version=2))
seed("ticket", "state_empty_name", b"\x01" + state(b""))
seed("ticket", "unchanged", b"\x02\x00\x00\x03")
seed("ticket", "tag", b"\x02\x6b\x01\x03")
seed("ticket", "file", b"\x03# ours\n" + root.encode() + b"\r\n\n" + root[::-1].encode())
seed("ticket", "file_twice", b"\x03" + root.encode() + b"\n" + root.encode() + b"\n")
# the first byte chooses the parser: client hello 1, server hello 2, small ones 3
seed("hs_msg", "hello_ticket", b"\x01" + hello(b"\x01" * 8, bytes(108)))
seed("hs_msg", "hello_empty_ticket", b"\x01" + hello(b"\x02" * 32, b""))
seed("hs_msg", "server_ticket", b"\x02\xfe\xfd" + bytes(32) + b"\x10" + bytes(16) + b"\xc0\xa8\x00\x00\x08"
     b"\x00\x17\x00\x00\x00\x23\x00\x00")
seed("hs_msg", "new_ticket", b"\x03\x00\x01\x51\x80" + u16(108) + bytes(108))
seed("hs_msg", "new_empty_ticket", b"\x03\x00\x00\x00\x00\x00\x00")
# what the ends have met by: 0x20 ticket, 0x40 id, 0x10 the ticket is replaced; then ops (fuzz_handshake.c)
DELIVER, LOSE, TWICE, FLIP, TIME, JOBS = 0, 1, 2, 3, 9, 10
seed("handshake", "resumed_id", bytes([0x40] + [DELIVER] * 4))
seed("handshake", "resumed_ticket", bytes([0x20] + [DELIVER] * 4))
seed("handshake", "renewed_lost", bytes([0x30, LOSE, TIME, 15, DELIVER, DELIVER, LOSE, TIME, 25] + [DELIVER] * 4))
seed("handshake", "resumed_damaged", bytes([0x40, FLIP, 80, 1, TIME, 15] + [TWICE] * 6))
seed("handshake", "resumed_slow", bytes([0x20, JOBS, TIME, 10, DELIVER, JOBS] + [DELIVER] * 4))

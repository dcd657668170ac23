#!/usr/bin/env python3
# SPDX-License-Identifier: BSD-3-Clause
"""relay.py PORT TARGET TARGET_PORT [--rtt MS] [--lose up:N[,N…]] [--lose down:N[,N…]] [--downgrade]:
a path with a round-trip time, losses and an attacker of its own.

Takes UDP on 127.0.0.1:PORT and passes it on to the target, from a socket for each peer, half of the
round-trip time later, and the answers likewise. --lose: these datagrams of each peer, counted from 1
in their direction, are lost. --downgrade: hellos offer DTLS 1.2 where they offered 1.3 (fefc in
their supported_versions). Prints "ready".
"""
import argparse
import heapq
import itertools
import selectors
import socket
import time


class Peer:
    """A peer's socket to the target, and how many datagrams went each way."""

    def __init__(self, address):
        self.address = address
        self.socket = None
        self.count = {"up": 0, "down": 0}

    def send(self, data):
        """From the socket that the peer has now."""
        self.socket.send(data)


def socket_to(target, source=""):
    """A socket to the target, from an address of ours."""
    s = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
    s.bind((source, 0))
    s.connect(target)
    return s


class Relay:
    """The path; run() does not end."""

    def __init__(self, args):
        self.target = (args.target, args.target_port)
        self.delay = args.rtt / 2000
        self.lost = {"up": set(), "down": set()}
        for spec in args.lose:
            way, numbers = spec.split(":")
            self.lost[way] |= {int(n) for n in numbers.split(",")}
        self.front = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
        self.front.bind(("127.0.0.1", args.port))
        self.downgrade = args.downgrade
        self.peers = {}
        self.selector = selectors.DefaultSelector()
        self.selector.register(self.front, selectors.EVENT_READ, self.from_peer)
        self.queue = []
        self.order = itertools.count()

    def connect(self, peer):
        """Gives a peer its socket to the target."""
        peer.socket = socket_to(self.target)
        self.selector.register(peer.socket, selectors.EVENT_READ, lambda: self.from_target(peer))

    def later(self, peer, way, send, data):
        """Has data sent when its time has come, unless it is one of those that are lost."""
        peer.count[way] += 1
        if peer.count[way] not in self.lost[way]:
            self.delayed(send, data)

    def delayed(self, send, data):
        """Has data sent half a round-trip time later, behind all that was said before."""
        heapq.heappush(self.queue, (time.monotonic() + self.delay, next(self.order), send, data))

    def from_peer(self):
        """One datagram of a peer."""
        data, address = self.front.recvfrom(65535)
        peer = self.peers.get(address)
        if peer is None:
            peer = self.peers[address] = Peer(address)
            self.connect(peer)
        if self.downgrade:
            data = data.replace(b"\xfe\xfc", b"\xfe\xfd")
        self.upstream(peer, data)

    def upstream(self, peer, data):
        """A datagram on its way to the target."""
        self.later(peer, "up", peer.send, data)

    def from_target(self, peer):
        """One datagram of the target."""
        try:
            data = peer.socket.recv(65535)
        except ConnectionError:
            return
        self.later(peer, "down", lambda d: self.front.sendto(d, peer.address), data)

    def run(self):
        """Passes on what is due, and waits for more."""
        while True:
            while self.queue and self.queue[0][0] <= time.monotonic():
                _, _, send, data = heapq.heappop(self.queue)
                try:
                    send(data)
                except ConnectionError:
                    pass
            wait = max(0, self.queue[0][0] - time.monotonic()) if self.queue else None
            for key, _ in self.selector.select(wait):
                key.data()


def add_arguments(parser):
    """Of the path."""
    parser.add_argument("port", type=int)
    parser.add_argument("target")
    parser.add_argument("target_port", type=int)
    parser.add_argument("--rtt", type=float, default=0)
    parser.add_argument("--lose", action="append", default=[])
    parser.add_argument("--downgrade", action="store_true")


def main():
    """Parses, says that it is ready, and relays until it is ended."""
    parser = argparse.ArgumentParser()
    add_arguments(parser)
    relay = Relay(parser.parse_args())
    print("ready", flush=True)
    relay.run()


if __name__ == "__main__":
    main()

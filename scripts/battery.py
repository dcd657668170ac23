#!/usr/bin/env python3
# SPDX-License-Identifier: BSD-3-Clause
"""What handshakes cost a device's battery: battery.py FILE [options]

FILE is what `scripts/handshake-cost.sh --csv FILE` measured. The model counts what the radio does,
as the teaching texts do: a device wakes, has a handshake of some kind (its NAT or the server forgot
it, or it lost its memory), sends a reading and hears the answer, and sleeps. The energy of a wake is
bytes on the air times what a byte costs, and round trips times what it costs to keep the receiver
listening meanwhile. The share of security is all of it that would not be there without DTLS.

The texts' tables have bytes and round trips; the constants of the radio are assumptions, of the order
of an NB-IoT module's (220 mA to send, 60 mA to receive at 3.6 V; 25 kbit/s up, 60 kbit/s down; 1.5 s
a round trip). Give your module's: each is an option.
"""
import argparse
import csv

CELL_J = 2.6 * 3600 * 3.6  # an AA lithium cell, 2.6 Ah
HEADERS = 28  # IPv4 and UDP, a datagram
RECORD = 13 + 8 + 8  # of DTLS, TLS_..._CCM_8


def arguments():
    p = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    p.add_argument("costs")
    p.add_argument("--reading", type=int, default=60, help="bytes of CoAP up; down it is 8")
    p.add_argument("--readings", type=float, default=24, help="a day")
    p.add_argument("--handshakes", type=float, default=24, help="a day")
    p.add_argument("--sleep-uw", type=float, default=15, help="power asleep, uW")
    p.add_argument("--tx-mw", type=float, default=790)
    p.add_argument("--rx-mw", type=float, default=215)
    p.add_argument("--up", type=float, default=25e3, help="bit/s")
    p.add_argument("--down", type=float, default=60e3, help="bit/s")
    p.add_argument("--round-trip", type=float, default=1.5, help="s")
    return p.parse_args()


def joules(a, up, down, datagrams_up, datagrams_down, round_trips):
    """A conversation: bytes of UDP payload each way, and the waiting between."""
    up += HEADERS * datagrams_up
    down += HEADERS * datagrams_down
    return (8 * up / a.up * a.tx_mw + 8 * down / a.down * a.rx_mw + round_trips * a.round_trip * a.rx_mw) / 1000


def main():
    a = arguments()
    plain = joules(a, a.reading, 8, 1, 1, 1)
    sealed = joules(a, a.reading + RECORD, 8 + RECORD, 1, 1, 1)
    asleep = 86400 * a.sleep_uw / 1e6
    print(f"a reading: {1000 * plain:.0f} mJ in the clear, {1000 * sealed:.0f} mJ in a record; asleep {asleep:.2f} J a day")
    print(f"{a.readings:g} readings and {a.handshakes:g} handshakes a day")
    print(f"{'handshake':44} {'bytes':>13} {'trips':>5} {'mJ':>6} {'J a day':>8} {'security':>8} {'years':>6}")

    def row(kind, sent, received, round_trips):
        one = joules(a, sent, received, round_trips, round_trips, round_trips) if round_trips else 0
        radio = a.readings * sealed + a.handshakes * one
        years = CELL_J / (asleep + radio) / 365
        share = 1 - a.readings * plain / radio
        print(f"{kind:44} {sent:6.0f} / {received:4.0f} {round_trips:5.0f} {1000 * one:6.0f} {radio:8.2f} {share:8.0%} {years:6.1f}")

    row("none: the session lives", 0, 0, 0)
    with open(a.costs, encoding="utf-8") as f:
        for r in csv.DictReader(f):
            row(r["kind"], float(r["sent"]), float(r["received"]), float(r["round_trips"]))
    row("text 1: full (620 both ways)", 310, 310, 3)
    row("text 2: full, a certificate", 600, 1340, 3)
    row("text 1: resumed (200 both ways)", 100, 100, 1)
    row("text 2: resumed", 130, 140, 1)


if __name__ == "__main__":
    main()

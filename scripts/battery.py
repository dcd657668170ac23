#!/usr/bin/env python3
# SPDX-License-Identifier: BSD-3-Clause
"""What handshakes cost a device's battery: battery.py FILE [options]

FILE is what `scripts/handshake-cost.sh --csv FILE` measured. The model counts what the radio does,
as the teaching texts do: a device wakes, has a handshake of some kind (its NAT or the server forgot
it, or it lost its memory), sends a reading and hears the answer, and sleeps. For a conversation of
some bytes and datagrams each way and some round trips, in joules:

  (8 (bytes up + H datagrams up) / UP * TX + 8 (bytes down + H datagrams down) / DOWN * RX
   + round trips * ROUND_TRIP * RX) / 1000

H is --headers, the others are the options of these names. A day is that of each reading and each
handshake, and 86400 s asleep. The share of security is all of it that would not be there without
DTLS.

Measured: bytes, datagrams, round trips. From the texts: their two rows' bytes and round trips, and
nothing else. Assumptions: every default below, all of the radio's among them. They have the order
of an NB-IoT module's (220 mA to send and 60 mA to receive at 3.6 V are 790 and 215 mW; 25 kbit/s
up, 60 kbit/s down, 1.5 s a round trip) and come from no data sheet. Give your module's.
"""
import argparse
import csv

RECORD = 13 + 8 + 8  # of DTLS, TLS_..._CCM_8
ASSUMED = "assumed: %(default)s"


def arguments():
    p = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    p.add_argument("costs", metavar="FILE")
    for name, default, what in (
            ("--reading", 60, "bytes of CoAP up; down it is 8"),
            ("--readings", 24, "a day"),
            ("--handshakes", 24, "a day"),
            ("--tx-mw", 790, "power while it sends, mW"),
            ("--rx-mw", 215, "power while it receives, or listens, mW"),
            ("--up", 25e3, "bit/s"),
            ("--down", 60e3, "bit/s"),
            ("--round-trip", 1.5, "s, in which it listens"),
            ("--sleep-uw", 15, "power asleep, uW"),
            ("--headers", 28, "bytes below DTLS a datagram: IPv4 and UDP; with IPv6 48"),
            ("--cell-mah", 2600, "what the battery holds, mAh: an AA lithium cell"),
            ("--cell-v", 3.6, "at how many volts")):
        p.add_argument(name, type=positive, default=default, help=f"{what}; {ASSUMED}")
    return p.parse_args()


def positive(text):
    value = float(text)
    if not 0 < value < float("inf"):
        raise argparse.ArgumentTypeError(f"wants a number above 0 ({text})")
    return value


def joules(a, up, down, datagrams_up, datagrams_down, round_trips):
    """A conversation: bytes of UDP payload each way, and the waiting between."""
    up += a.headers * datagrams_up
    down += a.headers * datagrams_down
    return (8 * up / a.up * a.tx_mw + 8 * down / a.down * a.rx_mw + round_trips * a.round_trip * a.rx_mw) / 1000


def main():
    a = arguments()
    plain = joules(a, a.reading, 8, 1, 1, 1)
    sealed = joules(a, a.reading + RECORD, 8 + RECORD, 1, 1, 1)
    cell = a.cell_mah / 1000 * 3600 * a.cell_v
    asleep = 86400 * a.sleep_uw / 1e6
    print(f"a reading: {1000 * plain:.0f} mJ in the clear, {1000 * sealed:.0f} mJ in a record; asleep {asleep:.2f} J a day")
    print(f"{a.readings:g} readings and {a.handshakes:g} handshakes a day")
    print(f"{'handshake':44} {'bytes':>13} {'trips':>5} {'mJ':>6} {'J a day':>8} {'security':>8} {'years':>6}")

    def row(kind, sent, received, round_trips):
        one = joules(a, sent, received, round_trips, round_trips, round_trips) if round_trips else 0
        radio = a.readings * sealed + a.handshakes * one
        years = cell / (asleep + radio) / 365
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

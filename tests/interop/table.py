#!/usr/bin/env python3
# SPDX-License-Identifier: BSD-3-Clause
"""table.py CELLS README [--write]: the table of rows (suites and modes) and columns (clients).

CELLS is what tests/net/test_clients.sh keeps with TABLE=FILE: lines "row, client, state", parted by
tabs. The table in README, between its two marks, has to be what was shown; --write makes it so.
Clients that were absent are not judged.
"""
import sys
from pathlib import Path

BEGIN, END = "<!-- table -->", "<!-- end of table -->"
CLIENTS = {
    "openssl": "OpenSSL", "gnutls": "GnuTLS", "nss": "NSS", "wolfssl": "wolfSSL", "mbedtls": "Mbed TLS",
    "erlang": "Erlang/OTP", "libcoap-openssl": "libcoap, OpenSSL", "libcoap-gnutls": "libcoap, GnuTLS",
    "wolfssl-new": "wolfSSL, newer", "mbedtls-new": "Mbed TLS, newer", "nss-new": "NSS, newer",
}


def cells_of(path):
    """{(row, client): state}, in order."""
    lines = Path(path).read_text(encoding="utf-8").splitlines()
    return {(row, client): state for row, client, state in (line.split("\t") for line in lines)}


def render(cells):
    """The table in Markdown."""
    rows = list(dict.fromkeys(row for row, _ in cells))
    lines = ["| | " + " | ".join(CLIENTS.values()) + " |", "|---" * (len(CLIENTS) + 1) + "|"]
    for row in rows:
        marks = ("✓" if (row, client) in cells else "" for client in CLIENTS)
        lines.append(f"| {row} | " + " | ".join(marks) + " |")
    return "\n".join(lines)


def shown_in(table):
    """The cells that a table in Markdown has."""
    found = set()
    for line in table.splitlines()[2:]:
        row, *marks = (field.strip() for field in line.strip("|").split("|"))
        found |= {(row, client) for client, mark in zip(CLIENTS, marks) if mark}
    return found


def main():
    cells, readme = cells_of(sys.argv[1]), Path(sys.argv[2])
    text = readme.read_text(encoding="utf-8")
    before, rest = text.split(BEGIN)
    table, after = rest.split(END)
    if "--write" in sys.argv:
        readme.write_text(f"{before}{BEGIN}\n{render(cells)}\n{END}{after}", encoding="utf-8")
        return 0
    claimed = shown_in(table.strip())
    missing = [cell for cell in cells if cell not in claimed]
    untrue = [cell for cell in claimed if cells.get(cell) not in ("shown", "absent")]
    for row, client in missing:
        print(f"not in the table: {row}: {client}")
    for row, client in untrue:
        print(f"in the table, and not shown: {row}: {client}")
    return 1 if missing or untrue else 0


sys.exit(main())

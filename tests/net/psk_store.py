#!/usr/bin/env python3
# SPDX-License-Identifier: BSD-3-Clause
"""A credential store for --psk-socket: psk_store.py PATH KEY [UID].

Every identity that begins with "meter-" has KEY; one that begins with "meter-slow" gets it half a
second later, whatever else is asked meanwhile, and one that begins with "meter-never" not at all.
"""
import os
import socket
import sys
import threading

SLOW_S = 0.5


def main():
    path, key = sys.argv[1], sys.argv[2].encode().hex()
    if len(sys.argv) > 3:
        os.setuid(int(sys.argv[3]))
    listener = socket.socket(socket.AF_UNIX)
    listener.bind(path)
    listener.listen()
    while True:
        connection, _ = listener.accept()
        with connection, connection.makefile("r") as questions:
            for question in questions:
                number, identity = question.split()
                name = bytes.fromhex(identity).decode(errors="replace")
                print("asked for", name, flush=True)
                if name.startswith("meter-never"):
                    continue
                answer = key if name.startswith("meter-") else "unknown"
                line = f"{number} {answer}\n".encode()
                delay_s = SLOW_S if name.startswith("meter-slow") else 0
                threading.Timer(delay_s, connection.sendall, [line]).start()


main()

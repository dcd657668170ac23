#!/usr/bin/env python3
# SPDX-License-Identifier: BSD-3-Clause
"""A credential store for --psk-socket: psk_store.py PATH KEY [UID].

Every identity that begins with "meter-" has KEY; one that begins with "meter-slow" gets it half a
second later and when there is no file PATH.hold, whatever else is asked meanwhile, and one that
begins with "meter-never" not at all.
"""
import os
import socket
import sys
import threading
import time

SLOW_S = 0.5


def answer_slowly(connection, line, hold):
    time.sleep(SLOW_S)
    while os.path.exists(hold):
        time.sleep(0.02)
    connection.sendall(line)


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
                if name.startswith("meter-slow"):
                    threading.Thread(target=answer_slowly, args=(connection, line, path + ".hold")).start()
                else:
                    connection.sendall(line)


main()

#!/usr/bin/env python3
# SPDX-License-Identifier: BSD-3-Clause
"""telemetry.py PID COMMAND [KEY…]: asks the DPDK telemetry socket of one process.

telemetry.py PID instance: its number among those of one file prefix, for dpdk-telemetry.py -i.
"""
import glob
import json
import os
import socket
import sys


def socket_of(pid):
    """The process's own listening telemetry socket, among those of all DPDK processes."""
    inodes = set()
    for fd in os.listdir(f"/proc/{pid}/fd"):
        try:
            link = os.readlink(f"/proc/{pid}/fd/{fd}")
        except FileNotFoundError:
            continue
        if link.startswith("socket:["):
            inodes.add(link[8:-1])
    with open(f"/proc/{pid}/net/unix") as table:
        for line in table:
            field = line.split()
            if len(field) == 8 and field[6] in inodes and "dpdk_telemetry.v2" in field[7]:
                return field[7]
    sys.exit("no telemetry socket among " + str(glob.glob("/var/run/dpdk/*/*")))


class Telemetry:
    """A connection that stays: asking costs the process little."""

    def __init__(self, pid):
        self.socket = socket.socket(socket.AF_UNIX, socket.SOCK_SEQPACKET)
        self.socket.connect(socket_of(pid))
        self.socket.recv(1024)  # the greeting

    def ask(self, command):
        self.socket.send(command.encode())
        return json.loads(self.socket.recv(1 << 20))[command.split(",")[0]]

    def close(self):
        self.socket.close()


def main():
    pid, command = sys.argv[1], sys.argv[2]
    if command == "instance":
        print(socket_of(pid).partition("dpdk_telemetry.v2:")[2] or 0)
        return
    connection = Telemetry(pid)
    value = connection.ask(command)
    connection.close()
    for key in sys.argv[3:]:
        value = value[key]
    print(json.dumps(value) if isinstance(value, (dict, list)) else value)


if __name__ == "__main__":
    main()

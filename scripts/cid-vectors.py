#!/usr/bin/env python3
# SPDX-License-Identifier: BSD-3-Clause
"""Connection IDs as docs/connection-ids.md describes them, by `openssl enc -aes-128-ecb` and nothing of
this project's code: recomputes the test vectors of that page (--check FILE), or prints new ones."""
import re
import subprocess
import sys


def aes(key, block, decrypt=False):
    command = ["openssl", "enc", "-aes-128-ecb", "-nopad", "-K", key.hex()] + (["-d"] if decrypt else [])
    return subprocess.run(command, input=block, capture_output=True, check=True).stdout


def split(block):
    """As numbers of half the bits each: an odd length's middle byte is shared by nibbles."""
    bits = 4 * len(block)
    whole = int.from_bytes(block, "big")
    return whole >> bits, whole & ((1 << bits) - 1), bits


def one_pass(key, length, number, bits, index, is_left):
    """What a half is xored with: AES of the other half, left-aligned (left) or right-aligned in its bytes."""
    half = (length + 1) // 2
    pad = 8 * half - bits
    data = (number << pad if is_left else number).to_bytes(half, "big")
    out = aes(key, data + bytes(14 - half) + bytes([length, index]))[:half]
    mask = int.from_bytes(out, "big")
    # The other half is a right one where this is a left one.
    return mask & ((1 << bits) - 1) if is_left else mask >> pad


def encipher(key, plain):
    n = len(plain)
    if n == 16:
        return aes(key, plain)
    left, right, bits = split(plain)
    right ^= one_pass(key, n, left, bits, 1, True)
    left ^= one_pass(key, n, right, bits, 2, False)
    right ^= one_pass(key, n, left, bits, 3, True)
    left ^= one_pass(key, n, right, bits, 4, False)
    return (left << bits | right).to_bytes(n, "big")


def cid(key, length, node, core, nonce):
    n = min(length - 4, 8)
    nonce &= (1 << 8 * n) - 1
    return encipher(key, bytes([node, core]) + nonce.to_bytes(n, "big") + bytes(length - 2 - n))


def rows(text):
    pattern = r"^\| ([0-9a-f]{32}) \| (\d+) \| (\d+) \| (\d+) \| ([0-9a-f]{16}) \| ([0-9a-f]+) \|"
    for key, length, node, core, nonce, expected in re.findall(pattern, text, re.M):
        yield bytes.fromhex(key), int(length), int(node), int(core), int(nonce, 16), expected


def quic_lb():
    """The example of draft-ietf-quic-load-balancers for its four passes, which are ours."""
    key = bytes.fromhex("8f95f09245765f80256934e50c66207f")
    return encipher(key, bytes.fromhex("ed793aee080dbf")).hex() == "20b1d07b359d3c"


def main():
    if not quic_lb():
        sys.exit("cid-vectors: not the four passes of QUIC-LB")
    if sys.argv[1:2] == ["--check"]:
        found = list(rows(open(sys.argv[2], encoding="utf-8").read()))
        wrong = [r for r in found if cid(*r[:5]).hex() != r[5]]
        for row in wrong:
            print("cid-vectors: wrong:", row[5], "is", cid(*row[:5]).hex())
        sys.exit(1 if wrong or not found else 0)
    for key in ("8f95f09245765f80256934e50c66207f", "000102030405060708090a0b0c0d0e0f"):
        for length in range(8, 17):
            node, core, nonce = length * 16 - 1, length - 8, 0xfedcba9876543210 + length
            name = cid(bytes.fromhex(key), length, node, core, nonce).hex()
            print(f"| {key} | {length} | {node} | {core} | {nonce:016x} | {name} |")


main()

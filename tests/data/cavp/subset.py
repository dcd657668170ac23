#!/usr/bin/env python3
# SPDX-License-Identifier: BSD-3-Clause
"""Makes the files of this folder from NIST's response files: subset.py DIRECTORY.

DIRECTORY has GCM/ and CCM/ with the .rsp files of CAVP (README.md says where they come from).
"""
import re
import sys
from collections import Counter
from pathlib import Path

HEADER = "# key nonce aad plaintext ciphertext tag result\n"


def cases(path):
    """The cases of a response file: the values in force at each."""
    common, case = {}, {}
    for line in path.read_text(encoding="ascii").splitlines() + [""]:
        pairs = re.findall(r"(\w+) = ?(\w*)", line)
        if line.startswith("["):
            common = {k: v for k, v in common.items() if k != "Key"} | dict(pairs)
        elif line == "FAIL":
            case["Result"] = "Fail"
        elif pairs and (case or pairs[0][0] == "Count"):
            case |= dict(pairs)
        elif pairs:
            common |= dict(pairs)
        elif not line and case:
            yield common | case
            case = {}


def row(*values):
    return " ".join(v or "-" for v in values) + "\n"


def gcm(path, per_group):
    """Nonces of 12 bytes, tags of 16, AAD that our interface takes; the first of each group."""
    seen, out = Counter(), []
    for c in cases(path):
        group = c["PTlen"], c["AADlen"]
        if (c["IVlen"], c["Taglen"]) != ("96", "128") or int(c["AADlen"]) > 256:
            continue
        seen[group] += 1
        if seen[group] > per_group:
            continue
        result = "fail" if c.get("Result") == "Fail" else "ok"
        out.append(row(c["Key"], c["IV"], c["AAD"], c.get("PT", ""), c["CT"], c["Tag"], result))
    return HEADER + "".join(out)


def ccm(path, per_group):
    """All lengths of nonce and tag; AAD that our interface takes; the first of each group."""
    seen, out = Counter(), []
    for c in cases(path):
        alen, plen, tlen = int(c["Alen"]), int(c["Plen"]), int(c["Tlen"])
        group = alen, plen, c["Nlen"], tlen
        seen[group] += 1
        if alen > 32 or seen[group] > per_group:
            continue
        ct, tag = c["CT"][:2 * plen], c["CT"][2 * plen:]
        aad, plain = c["Adata"][:2 * alen], c.get("Payload", "")[:2 * plen]
        result = "fail" if c.get("Result") == "Fail" else "ok"
        out.append(row(c["Key"], c["Nonce"], aad, plain, ct, tag, result))
    return "".join(out)


def main():
    source, here = Path(sys.argv[1]), Path(__file__).parent
    for bits in "128", "256":
        for name, per_group in ("gcmDecrypt", 10), ("gcmEncryptExtIV", 6):
            text = gcm(source / "GCM" / f"{name}{bits}.rsp", per_group)
            (here / f"{name}{bits}.txt").write_text(text, encoding="ascii")
    text = HEADER
    for name, per_group in ("VNT", 10), ("DVPT", 8), ("VTT", 5), ("VPT", 3), ("VADT", 3):
        text += f"# {name}128\n" + ccm(source / "CCM" / f"{name}128.rsp", per_group)
    (here / "ccm128.txt").write_text(text, encoding="ascii")


main()

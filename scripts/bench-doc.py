#!/usr/bin/env python3
# SPDX-License-Identifier: BSD-3-Clause
"""docs/performance.md and docs/plots from docs/bench/measured.json and e2e.json.

bench-doc.py                            writes them
bench-doc.py --check                    says whether they are what it would write (1: not)
bench-doc.py --condense OUT REPORT...   makes such a JSON from reports of the benches
bench-doc.py --merge REPORT...          puts what reports have measured into docs/bench/measured.json, in the place of what
                                        it has of the same, and writes them

In docs/performance.md.in, {{expression}} stands for what the functions of class Doc give.
"""
import hashlib
import importlib
import os
import re
import sys

import bench_data
import e2e_doc
import e2e_plot

plot = importlib.import_module("bench-plot")

ROOT = os.path.dirname(os.path.dirname(os.path.abspath(__file__)))
MEASURED = os.path.join(ROOT, "docs/bench/measured.json")
TEMPLATE = os.path.join(ROOT, "docs/performance.md.in")
DOC = os.path.join(ROOT, "docs/performance.md")
PLOTS = os.path.join(ROOT, "docs/plots")
NOT_MEASURED = "not measured"
ALGS = ("AES-128-GCM", "AES-128-CCM", "AES-128-CCM-8", "AES-256-GCM", "CHACHA20-POLY1305")


def many(n):
    return {1000: "1k", 20000: "20k", 100000: "100k", 1000000: "1M", 4000000: "4M"}.get(n, str(n))


def number(x):
    if x is None:
        return NOT_MEASURED
    return f"{x:,.0f}" if x >= 20 else f"{x:.1f}" if x >= 2 else f"{x:.2f}"


def table(head, rows):
    lines = ["| " + " | ".join(head) + " |", "|" + "---|" * len(head)]
    return "\n".join(lines + ["| " + " | ".join(map(str, row)) + " |" for row in rows])


class Doc(e2e_doc.E2eDoc):
    """What an expression of the template may call."""

    def __init__(self, data):
        self.data = data
        self.missing = set()

    def raw(self, name, value=None):
        bench = self.data.benches.get(name)
        x = None
        if bench:
            x = plot.figure(self.data, name) if value is None else bench.get("values", {}).get(value)
        if x is None:
            self.missing.add(name + (f" {value}" if value else ""))
        return x

    def cycles(self, name, value=None):
        return number(self.raw(name, value))

    def ns(self, name):
        x = self.raw(name)
        return number(x / self.data.tsc_ghz if x else None)

    def rate(self, name):
        x = self.raw(name)
        return f"{1e3 * self.data.tsc_ghz / x:.1f} M/s" if x else NOT_MEASURED

    def core_cycles(self, name):
        x = self.raw(name)
        return f"{x * self.core:.1f}" if x else NOT_MEASURED

    def spread(self, name):
        bench = self.data.benches.get(name, {})
        row = bench.get("path", bench.get("cycles"))
        return f"{row[1]:.0f}..{row[2]:.0f}, {row[3]} of {row[4]} quiet" if row else NOT_MEASURED

    def ratio(self, a, b):
        x, y = self.raw(a), self.raw(b)
        return f"{x / y:.2f}" if x and y else NOT_MEASURED

    @property
    def core(self):
        return float(self.data.context.get("core_per_tsc", 1))

    @staticmethod
    def path(n, alg="AES-128-GCM", mode="path_request_response"):
        return plot.path(mode, alg, n)

    @staticmethod
    def peer(name, n, what="peer_request_response", alg="AES-128-GCM"):
        reply = "/reply:12" if "request" in what else ""
        return f"{what}/{name}/{alg}/len:64{reply}/sessions:{n}"

    def fastest_peer(self, n):
        known = [(self.data.benches[self.peer(p, n)]["cycles"][0], label, self.peer(p, n))
                 for p, label, _ in plot.PEERS if self.peer(p, n) in self.data.benches]
        return min(known, default=(None, NOT_MEASURED, self.peer("gnutls", n)))

    def context(self):
        keys = ("cpu_model", "cpu_flags", "cpus", "tsc_mhz", "core_per_tsc", "l3_cache", "memory",
                "transparent_hugepages", "hugepages_total", "kernel", "kernel_tuning", "microcode", "compiler", "build", "dpdk", "ipsec_mb",
                "libcrypto", "peer_openssl", "peer_gnutls", "peer_mbedtls", "peer_wolfssl", "aead_auto",
                "sluice", "load_average", "date")
        return table(("", ""), [(k, f"`{self.data.context[k].strip()}`") for k in keys
                                if k in self.data.context])

    def text(self, key):
        return self.data.context.get(key, NOT_MEASURED)

    def ghz(self):
        return f"{self.data.tsc_ghz:.3f}"

    def core_ghz(self):
        return f"{self.data.tsc_ghz * self.core:.2f}"

    def goals(self):
        rows = []
        best = self.ipsec_best
        for alg, wants in (("AES-128-GCM", ((64, 1.5), (1000000, 3), (4000000, 3))),
                           ("AES-128-CCM-8", ((64, 3), (1000000, 3), (4000000, 3)))):
            for n, want in wants:
                ours, theirs = self.raw(plot.aead("open", "mb64", alg, 64, n)), best("open", alg, 64, n)
                got = f"{theirs / ours:.1f} x" if ours and theirs else NOT_MEASURED
                rows.append((f"{alg}, 64 B opened, {many(n)} sessions, against ipsec-mb's best",
                             f"{want} x", got))
        p1, p4 = self.raw(self.path(1000)), self.raw(self.path(4000000))
        rows.append(("request and response of 64 B and 12 B, AES-128-GCM, 4M sessions", "250 cycles",
                     f"{number(p4)} cycles"))
        rows.append(("the same, 4M against 1k sessions", "< 1.4", f"{p4 / p1:.2f}" if p1 and p4 else
                     NOT_MEASURED))
        for n, want in ((1000, 8), (20000, 15)):
            cycles, who, _ = self.fastest_peer(n)
            ours = self.raw(self.path(n))
            rows.append((f"the same, {many(n)} sessions, against the fastest other library ({who})",
                         f"{want} x", f"{cycles / ours:.1f} x" if cycles and ours else NOT_MEASURED))
        memory = dict((label, value) for label, _, value in plot.bytes_per_session(self.data))
        rows.append(("memory of a session, 1M of them", "320 bytes",
                     f"{memory['sluice']:.0f} bytes" if "sluice" in memory else NOT_MEASURED))
        return table(("what", "aim", "measured"), rows)

    def ipsec_best(self, op, alg, length, n):
        both = [plot.figure(self.data, plot.aead(op, e, alg, length, n)) for e in ("ipsec-mb-best", "ipsec-mb")]
        return min((x for x in both if x), default=None)

    def path_table(self):
        ns = (64, 1000, 20000, 100000, 1000000, 4000000)
        rows = []
        for label, names in (
                ("AES-128-GCM, request and response", [self.path(n) for n in ns]),
                ("AES-128-CCM-8, the same", [self.path(n, "AES-128-CCM-8") for n in ns]),
                ("AES-128-GCM, `--aead-engine ipsec-mb`", [self.path(n) + "/engine:ipsec-mb" for n in ns]),
                ("AES-128-GCM, request only", [self.path(n, mode="path_open") for n in ns])):
            rows.append([label] + [self.cycles(n) for n in names])
        rows.append(["the CoAP exchange on top (worker's share)"] +
                    [self.cycles(self.path(n, mode="path_exchange"), "cycles_exchange") for n in ns])
        return table(["TSC cycles a record; sessions:"] + [many(n) for n in ns], rows)

    def stage_table(self):
        rows = []
        sums = [0.0, 0.0]
        for stage in plot.STAGES:
            cells = [self.raw(self.path(n), "cycles_" + stage) for n in (1000, 4000000)]
            sums = [s + (c or 0) for s, c in zip(sums, cells)]
            rows.append([stage] + [number(c) for c in cells])
        rows.append(["sum of the stages, each between two readings of the clock"] + [number(s) for s in sums])
        rows.append(["whole, not interrupted"] + [self.cycles(self.path(n)) for n in (1000, 4000000)])
        return table(("stage", "1k sessions", "4M sessions"), rows)

    def aead_table(self, op, length=64):
        ns = (64, 1000, 100000, 1000000, 4000000)
        rows = []
        for alg in ALGS:
            for engine, label, _ in plot.ENGINES:
                names = [plot.aead(op, engine, alg, length, n) for n in ns]
                if any(name in self.data.benches for name in names):
                    rows.append([alg, label] + [self.cycles(name) for name in names])
        return table(["suite", "engine"] + [many(n) for n in ns], rows)

    def length_table(self, op, n=1000000):
        rows = []
        for alg in ALGS:
            for engine, label, _ in plot.ENGINES:
                names = [plot.aead(op, engine, alg, length, n) for length in plot.LENGTHS]
                if any(name in self.data.benches for name in names):
                    rows.append([alg, label] + [self.cycles(name) for name in names])
        return table(["suite", "engine"] + [f"{length} B" for length in plot.LENGTHS], rows)

    def peer_table(self):
        rows = []
        for alg in ("AES-128-GCM", "AES-128-CCM-8"):
            for peer, label, _ in plot.PEERS:
                rows.append([label, alg] + [self.ns(self.peer(peer, n, alg=alg)) for n in (1000, 20000)] +
                            [self.ns(self.peer(peer, n, "peer_open", alg)) for n in (1000, 20000)])
            rows.append(["sluice", alg] + [self.ns(self.path(n, alg)) for n in (1000, 20000)] +
                        [self.ns(self.path(n, alg, "path_open")) if alg == "AES-128-GCM" else "-"
                         for n in (1000, 20000)])
        return table(("ns", "suite", "decrypt and reply, 1k", "20k", "decrypt only, 1k", "20k"), rows)

    def handshake_table(self):
        rows = []
        ours = [n for n in self.data.benches if re.fullmatch("handshake/.*/batch:(1|8|32)", n)]
        theirs = [n for n in self.data.benches if n.startswith("peer_handshake/")]
        for name in ours + theirs:
            parts = name.split("/")
            mode, who = (parts[1:-1], f"sluice, {parts[-1]}") if name in ours else (parts[2:], parts[1])
            us = self.raw(name) / self.data.tsc_ghz / 1e3
            v = self.data.benches[name].get("values", {})
            rows.append(("/".join(mode), us, (who, f"{us:.2f}", f"{1e6 / us:,.0f}", self.spread(name)) + tuple(
                f"{v.get(k, 0):,.0f}" for k in
                ("round_trips", "bytes_up", "bytes_down", "bytes_during", "bytes_after"))))
        if not rows:
            self.missing.add("handshake")
        return table(("mode", "who", "µs", "a second and core", "least..greatest cycles, quiet repetitions",
                      "round trips", "bytes up", "bytes down", "state during", "after"),
                     [(mode,) + row for mode, _, row in sorted(rows)])

    def us(self, name):
        x = self.raw(name)
        return x / self.data.tsc_ghz / 1e3 if x else None

    def handshake_goals(self):
        """Against the sum of their operations, and against the fastest of the other libraries."""
        rows = []
        for label, mode, more in (
                ("full, the server's certificate", "ecdhe-ecdsa", ()),
                ("the same, x25519", "ecdhe-ecdsa-x25519", ()),
                ("mutual: the device's proof and certificate, its issuer known", "ecdhe-ecdsa-mutual", ()),
                ("mutual, against all that a full verification takes", "ecdhe-ecdsa-mutual", bench_data.VERIFY),
                ("mutual, raw keys", "ecdhe-ecdsa-raw-keys", ())):
            got, floor = self.us(f"handshake/{mode}/AES-128-GCM/batch:32"), self.data.operations(mode, more)
            rows.append((label, f"1.10 times its operations ({floor:.1f} µs)" if floor else NOT_MEASURED,
                         f"{got / floor:.2f} ({got:.1f} µs)" if got and floor else NOT_MEASURED))
        for label, mode, want in (("full, the server's certificate", "ecdhe-ecdsa", 1), ("mutual", "ecdhe-ecdsa-mutual", 1),
                                  ("PSK", "psk", 3), ("resumed by id", "resumed-id", 3), ("resumed by ticket", "resumed-ticket", 3)):
            got = self.us(f"handshake/{mode}/AES-128-GCM/batch:32")
            end = f"/{mode}/AES-128-GCM"
            theirs = [(self.us(n), n.split("/")[1]) for n in self.data.benches
                      if n.startswith("peer_handshake/") and n.endswith(end)]
            best, who = min(theirs, default=(None, "none"))
            rows.append((f"{label}, against the fastest other library ({who})", f"{want} x",
                         f"{best / got:.1f} x" if best and got else NOT_MEASURED))
        return table(("what", "aim", "measured"), rows)

    def hostile_table(self):
        rows = []
        for share in (10, 50, 90):
            name = f"path_hostile/AES-128-GCM/len:64/reply:12/sessions:100000/burst:32/hostile:{share}"
            rows.append((f"{share} %", self.cycles(name)))
        return table(("hostile records", "TSC cycles a record"), [("0 %", self.cycles(self.path(100000)))] + rows)

    def others(self, pattern, values=True):
        names = sorted(n for n in self.data.benches if re.fullmatch(pattern, n))
        if not names:
            self.missing.add(pattern)
        return table(("bench", "cycles", "ns", "least..greatest, quiet repetitions", "values"),
                     [(f"`{n}`", self.cycles(n), self.ns(n), self.spread(n),
                       " ".join(f"{k} {v:g}" for k, v in self.data.benches[n].get("values", {}).items() if values))
                      for n in names])

    def values(self, pattern, *keys):
        """A column for each of the keys."""
        names = sorted(n for n in self.data.benches if re.fullmatch(pattern, n))
        if not names:
            self.missing.add(pattern)
        return table(["bench"] + [k.replace("_", " ") for k in keys],
                     [[f"`{n}`"] + [self.cycles(n, k) for k in keys] for n in names])

    def memory_table(self):
        rows = [(label, f"{value:,.0f}") for label, _, value in plot.bytes_per_session(self.data)]
        return table(("", "bytes a session"), rows)

    # The limits, from instruction counts that the kernel's shape fixes and rates measured here.

    def gcm_port_bound(self, length, records=16):
        """TSC cycles a record: AES and carry-less multiplications share two ports."""
        blocks = (length + 15) // 16
        aes = 10 * (blocks + 2) * 4                 # data, E(0) for H, E(J0) for the tag
        clmul = (5 * (blocks + 2) + 2) * 4          # data, AAD, lengths; H
        sbox = 10
        pair = self.raw("vector/vaesenc_twice_and_vpclmulqdq")
        one = self.raw("vector/vaesenc")
        if not pair or not one:
            return None
        # What one multiplication takes beside two AES rounds.
        return ((aes + sbox) * one + clmul * max(pair - 2 * one, 0)) / records

    def ccm_port_bound(self, length, records=16):
        blocks = (length + 15) // 16
        one = self.raw("vector/vaesenc")
        return (10 * (2 * blocks + 3) * 4 + 10) * one / records if one else None

    def port_bound(self, alg, length):
        return number(self.gcm_port_bound(length) if alg == "gcm" else self.ccm_port_bound(length))

    def line_bound(self, lines):
        x = self.raw("line_write/sessions:4000000")
        return number(lines * x if x else None)

    def floor(self):
        crypto = self.gcm_port_bound(64), self.gcm_port_bound(12)
        line = self.raw("line_write/sessions:4000000")
        return sum(crypto) + 2 * line if None not in crypto and line else None

    def limit(self):
        return number(self.floor())

    def limit_ratio(self):
        whole, floor = self.raw(self.path(4000000)), self.floor()
        return f"{whole / floor:.1f}" if whole and floor else NOT_MEASURED

    def bound_ratio(self, engine_alg, length, alg):
        x = self.raw(plot.aead("open", "mb64", engine_alg, length, 64))
        bound = self.gcm_port_bound(length) if alg == "gcm" else self.ccm_port_bound(length)
        return f"{x / bound:.1f}" if x and bound else NOT_MEASURED

    def stage_sum(self, stages, n):
        cells = [self.raw(self.path(n), "cycles_" + s) for s in stages]
        return number(sum(cells)) if None not in cells else NOT_MEASURED


def render(data):
    doc = Doc(data)
    names = {k: getattr(doc, k) for k in dir(doc) if not k.startswith("_")}
    names["aead"] = plot.aead
    with open(TEMPLATE, encoding="utf-8") as f:
        text = f.read()
    text = re.sub(r"\{\{(.+?)\}\}", lambda m: str(eval(m[1], {"__builtins__": {}}, names)), text)
    return text, doc.missing


def digest(path):
    with open(path, "rb") as f:
        return f"<!-- measured: {hashlib.sha256(f.read()).hexdigest()[:16]} -->\n"


def plots():
    """(path, the line that says of which measurements it was drawn)."""
    for names, measured in ((plot.PLOTS, MEASURED), (e2e_plot.made(), e2e_doc.MEASURED)):
        for name in names:
            yield os.path.join(PLOTS, name + ".svg"), digest(measured)


def check(text):
    wrong = []
    with open(DOC, encoding="utf-8") as f:
        if f.read() != text:
            wrong.append(DOC)
    for path, last in plots():
        if not os.path.exists(path):
            wrong.append(path)
            continue
        with open(path, encoding="utf-8") as f:
            if not f.read().endswith(last):
                wrong.append(path)
    for path in wrong:
        print(f"{os.path.relpath(path, ROOT)} is not what scripts/bench-doc.py makes of docs/bench/*.json")
    return 1 if wrong else 0


def main(args):
    if args[:1] == ["--condense"]:
        bench_data.read_reports(args[2:]).write(args[1])
        return 0
    data = bench_data.read_condensed(MEASURED)
    if args[:1] == ["--merge"]:
        data.benches.update(bench_data.read_reports(args[1:]).benches)
        data.write(MEASURED)
    text, missing = render(data)
    if args == ["--check"]:
        return check(text)
    with open(DOC, "w", encoding="utf-8") as f:
        f.write(text)
    plot.draw(data, PLOTS)
    e2e_plot.draw(PLOTS)
    for path, last in plots():
        with open(path, "a", encoding="utf-8") as f:
            f.write(last)
    for name in sorted(missing):
        print(f"not measured: {name}", file=sys.stderr)
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))

#!/usr/bin/env python3
# SPDX-License-Identifier: BSD-3-Clause
"""What docs/performance.md.in may ask of docs/bench/e2e.json, which bench-e2e.sh --publish writes."""
import functools
import json
import os
import statistics

ROOT = os.path.dirname(os.path.dirname(os.path.abspath(__file__)))
MEASURED = os.path.join(ROOT, "docs/bench/e2e.json")
NOT_MEASURED = "not measured"
NAMES = {"sluice": "sluice", "openssl": "OpenSSL, recvmmsg", "gnutls": "GnuTLS, recvmmsg",
         "libcoap-openssl": "coap-server-openssl", "libcoap-gnutls": "coap-server-gnutls"}


def many(n):
    return {1000: "1k", 20000: "20k", 100000: "100k", 1000000: "1M"}.get(n, str(n))


def number(x, scale=1.0, digits=0):
    return "-" if x is None else f"{x / scale:,.{digits}f}"


def table(head, rows):
    lines = ["| " + " | ".join(head) + " |", "|" + "---|" * len(head)]
    return "\n".join(lines + ["| " + " | ".join(map(str, row)) + " |" for row in rows])


@functools.cache
def measured():
    if not os.path.exists(MEASURED):
        return {}
    with open(MEASURED, encoding="utf-8") as f:
        return json.load(f)


def cells(*modes):
    """The last of a name wins: a full run tells more than a quick one."""
    found = {}
    for mode in modes:
        for cell in measured().get(mode, []):
            found[cell["name"]] = cell
    return list(found.values())


def value(cell, name, pick=statistics.median):
    values = [r[name] for r in cell["runs"] if name in r]
    return pick(values) if values else None


def machine():
    c = measured().get("context")
    return f"{c['cpu']}, {c['cores']} cores; {c['date'][:10]}; sluice {c['commit']}" if c else ""


class E2eDoc:
    """Mixed into bench-doc.py's Doc."""

    def e2e_table(self):
        compared = cells("quick", "full")
        ours = {(c["sessions"], c["suite"]): value(c, "cpu_ns_per_request") for c in compared
                if c["server"] == "sluice" and c["wire"] == "vhost" and c["sink"] == "null"}
        rows = []
        for c in compared:
            ns = value(c, "cpu_ns_per_request")
            best = ours.get((c["sessions"], c["suite"]))
            spread = "-" if ns is None else f"{number(value(c, 'cpu_ns_per_request', min))}..{number(value(c, 'cpu_ns_per_request', max))}"
            search = c["search"] or {}
            rows.append((NAMES[c["server"]], c["wire"], c["suite"], many(c["sessions"]), c["sink"],
                         number(value(c, "answered_per_s"), 1e3),
                         *(number((search.get(k) or {}).get("rate"), 1e3) for k in ("ndr", "pdr")),
                         number(ns), spread, number(1e6 / ns if ns else None),
                         f"{ns / best:.1f}" if ns and best else "-"))
        return table(("server", "wire", "suite", "sessions", "sink", "most, k/s", "NDR, k/s", "PDR, k/s",
                      "CPU ns a request", "min..max", "k requests a CPU second", "ours is better by"), rows) if rows else NOT_MEASURED

    def e2e_latency(self):
        rows = [(NAMES[c["server"]], c["wire"], c["suite"], many(c["sessions"]), c["sink"], f"{at} %",
                 *(number(l.get(q), 1, 1) for q in ("p50", "p90", "p99", "p99_9", "max")))
                for c in cells("full") for at, l in c["latency"].items()]
        head = ("server", "wire", "suite", "sessions", "sink", "of the NDR", "p50, µs", "p90", "p99", "p99.9", "max")
        return table(head, rows) + "\n\n![latency at shares of the NDR](plots/e2e-latency.svg)" if rows else NOT_MEASURED

    def e2e_layouts(self):
        rows = []
        for c in cells("layouts"):
            l = c["latency"].get("50k/s", {})
            rows.append((c["name"], number(value(c, "answered_per_s"), 1e3), number(value(c, "cpu_ns_per_request")),
                         number(l.get("p50"), 1, 1), number(l.get("p99"), 1), f"{number(l.get('cpu_share'), 0.01)} %"))
        return table(("layout", "most, k/s", "CPU ns a request", "p50 at 50k/s, µs", "p99, µs", "run time at 50k/s"), rows) if rows else NOT_MEASURED

    def e2e_million(self):
        rows = []
        for c in cells("million"):
            for r in (r for r in c["runs"] if "reconciled" in r):
                l = r["latency_us"]
                rows.append((many(c["sessions"]), number(r["rate"]), number(r["sent"]), number(r["answered"]), number(r["lost"]),
                             "yes" if r["reconciled"] else "no", number(l["p50"], 1, 1), number(l["p99"]), number(l["max"])))
        return table(("sessions", "offered a second", "sent", "answered", "lost", "generator, endpoint and sink agree",
                      "p50, µs", "p99, µs", "max, µs"), rows) if rows else NOT_MEASURED

    def e2e_trouble(self):
        rows = []
        for c in cells("trouble"):
            for name, l in c["latency"].items():
                if "goodput_per_s" in l:
                    rows.append((f"{name} of the most it can do", f"{number(l['goodput_per_s'], 1e3)}k/s answered", f"p99 {number(l['p99'], 1e3, 1)} ms"))
        return table(("trouble", "what came through", "latency"), rows) if rows else NOT_MEASURED

    def e2e_storm(self):
        """A row a kind of storm: medians of its runs, and the worst of what must hold in each."""
        rows = []
        for kind in ("full", "resumed"):
            runs = [r for c in cells("storm") for r in c["runs"] if r["kind"] == kind]
            if not runs:
                continue
            after = [f"{statistics.median(r['served_after_s'][q] for r in runs):.2f}" for q in ("p50", "p99", "max")]
            p99 = [f"{statistics.median(r[p]['p99_us'] for r in runs) / 1e3:.2f}" for p in ("before", "during", "after")]
            rows.append((kind, str(len(runs)), f"{min(r['served'] for r in runs):,}", *after, f"{statistics.median(r['handshakes_again'] for r in runs):,.0f}",
                         f"{100 * min(r['during']['goodput'] for r in runs):.2f} %", *p99, "yes" if any(r["leaks"] for r in runs) else "none"))
        return table(("handshakes", "runs", "served", "50 % after, s", "99 %", "all", "begun anew", "the others' goodput in it, least", "p99 before, ms",
                      "in it", "after it", "left behind"), rows) if rows else NOT_MEASURED

    def e2e_context(self):
        c = measured().get("context")
        return f"{c['date']}, commit {c['commit']}, load average of the machine {c['load_average'][0]:.1f} at the start" if c else NOT_MEASURED

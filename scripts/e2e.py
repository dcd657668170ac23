#!/usr/bin/env python3
# SPDX-License-Identifier: BSD-3-Clause
"""Servers under sluice-load, one at a time and in turns; see bench-e2e.sh.

A cell is a server, a wire, a number of sessions and a suite. Its figures:

  MRR       answered requests a second with a fixed number under way: what it does at most
  CPU       of the server, a request, at that load: its run time as the scheduler counts it; of ours
            the share of it in turns that found work, for it polls
  NDR, PDR  the highest rates that it answers without a loss, with a loss of 0.5 % (sluice-load --search)
"""
import argparse
import datetime
import json
import os
import platform
import re
import statistics
import subprocess
import sys

import e2e_rig as rig
import e2e_storm

GCM, CCM = "AES-128-GCM", "AES-128-CCM-8"


class Cell:
    def __init__(self, server, wire, sessions, suite=GCM, sink="null", options=(), name=None):
        self.server, self.wire, self.sessions, self.suite = server, wire, sessions, suite
        self.sink, self.options = sink, list(options)
        self.name = name or f"{server}/{wire}/{suite}/sessions:{sessions}/sink:{sink}"
        self.runs, self.search, self.latency, self.trouble = [], None, {}, []

    def key(self):
        return rig.COAP_KEY.encode().hex() if self.server.startswith("libcoap") else rig.PEER_KEY

    def start(self, places, queues=()):
        psk = rig.write_identities(places, self.sessions, self.key())
        if self.server == "sluice":
            space = None
            if self.wire != "vhost":
                space = places.namespaces()[0]
                places.server_address(False)
            sink = self.sink if self.sink == "null" else f"file:{places.path('out.ndjson')}"
            return rig.Sluice(places, self.wire, psk, self.sessions, sink, [*self.options, *queues], space), psk
        if self.server.startswith("libcoap-"):
            return rig.coap_server(places, self.server.partition("-")[2]), psk
        return rig.peer_server(places, self.server, self.suite), psk

    def load(self, places, options, queues=()):
        server, psk = self.start(places, queues)
        try:
            return rig.run(places, server, self.wire, psk, self.sessions, self.suite, [*options, *queues])
        finally:
            server.stop()
            out = places.path("out.ndjson")
            if os.path.exists(out):
                os.remove(out)

    def attempt(self, places, options, queues=()):
        try:
            return self.load(places, options, queues)
        except rig.Failed as e:
            self.trouble.append(str(e).strip()[-300:])
            return None

    def mrr(self, places, seconds, window=()):
        got = self.attempt(places, ["--rate", "max", "--retransmit", "off", "--duration", f"{seconds}s", *window])
        if got:
            m, total = got["report"]["measured"], got["report"]["total"]
            self.runs.append({"answered_per_s": m["answered_per_s"], "lost": m["counts"]["lost"],
                              "refused": m["counts"]["refused"], "generator_busy": m["busy"],
                              "handshakes_failed": total["counts"]["handshakes_failed"], **got["cost"]})

    def find(self, places, seconds):
        got = self.attempt(places, ["--search", "ndr,pdr=0.5%", "--duration", f"{seconds}s"], rig.QUEUES)
        if got:
            self.search = {k: got["report"].get(k) for k in ("ndr", "pdr")}

    def latencies(self, places, seconds):
        top = ((self.search or {}).get("ndr") or {}).get("rate")
        for percent in (10, 50, 90) if top else ():
            got = self.attempt(places, ["--rate", str(max(1, int(top * percent / 100))), "--duration", f"{seconds}s"],
                               rig.QUEUES)
            if got:
                self.latency[str(percent)] = {**got["report"]["measured"]["latency_us"], **got["cost"]}

    def value(self, name, pick=statistics.median):
        values = [r[name] for r in self.runs if name in r]
        return pick(values) if values else None

    def as_json(self):
        return {"name": self.name, "server": self.server, "wire": self.wire, "sessions": self.sessions,
                "suite": self.suite, "sink": self.sink, "options": self.options, "runs": self.runs,
                "search": self.search, "latency": self.latency, "trouble": self.trouble}


def number(x, scale=1.0, digits=0):
    return "-" if x is None else f"{x / scale:,.{digits}f}"


def table(cells):
    """What a reader compares; ratios are of requests a second of server CPU, to ours."""
    best = {}
    for c in cells:
        if c.server == "sluice" and c.wire == "vhost" and c.sink == "null" and c.value("cpu_ns_per_request"):
            best[c.sessions, c.suite] = c.value("cpu_ns_per_request")
    head = ("server", "wire", "suite", "sessions", "sink", "MRR k/s", "NDR k/s", "PDR k/s", "CPU ns/request", "min..max", "k/s of CPU", "ours is")
    rows = [head]
    for c in cells:
        ns, low, high = (c.value("cpu_ns_per_request", f) for f in (statistics.median, min, max))
        ours = best.get((c.sessions, c.suite))
        found = c.search or {}
        rows.append((c.server, c.wire, c.suite, str(c.sessions), c.sink, number(c.value("answered_per_s"), 1e3),
                     *(number((found.get(k) or {}).get("rate"), 1e3) for k in ("ndr", "pdr")),
                     number(ns), f"{number(low)}..{number(high)}" if ns else "-", number(1e6 / ns if ns else None),
                     f"{ns / ours:.1f}x" if ns and ours else "-"))
    widths = [max(len(r[i]) for r in rows) for i in range(len(head))]
    return "\n".join("  ".join(v.ljust(w) if i < 3 else v.rjust(w) for i, (v, w) in enumerate(zip(r, widths))) for r in rows)


def say(text):
    print(text, flush=True)


def measure(places, a, cells, seconds, search=0, latency=0):
    turns = a.turns or 3
    cells = [c for c in cells if re.search(a.only, c.name)]
    if a.no_search:
        search = latency = 0
    for turn in range(turns):
        for c in cells:
            c.mrr(places, seconds)
            last = c.runs[-1] if c.runs else {}
            say(f"turn {turn + 1}: {c.name}: {number(last.get('answered_per_s'))}/s, {number(last.get('cpu_ns_per_request'))} ns of CPU"
                + (f"; {c.trouble[-1]}" if c.trouble else ""))
    for c in cells:
        if search:
            c.find(places, search)
            say(f"search: {c.name}: {json.dumps(c.search)}")
        if latency:
            c.latencies(places, latency)
    say("")
    say(table(cells))
    return cells


def peers(sessions, suite=GCM):
    return [Cell(s, "kernel", sessions, suite) for s in ("openssl", "gnutls")]


def quick(places, a):
    ours = [Cell("sluice", "vhost", n) for n in (1000, 20000)]
    theirs = peers(1000) + peers(20000) + [Cell(f"libcoap-{lib}", "kernel", 1000) for lib in ("openssl", "gnutls")]
    return measure(places, a, ours + theirs, 3, 1)


def full(places, a):
    cells = [Cell("sluice", "vhost", n, suite, sink) for n in (1000, 100000, 1000000)
             for suite in (GCM, CCM) for sink in ("null", "file")]
    cells += [c for n in (1000, 20000) for suite in (GCM, CCM) for c in peers(n, suite)]
    cells += [Cell("sluice", wire, n, suite) for wire in ("vhost", "af_packet", "af_xdp") for n in (1000, 20000) for suite in (GCM, CCM)
              if (wire, n) != ("vhost", 1000)]
    cells += [Cell(f"libcoap-{lib}", "kernel", 1000, suite) for lib in ("openssl", "gnutls") for suite in (GCM, CCM)]
    return measure(places, a, cells, 4, 1, 3)


def layouts(places, a):
    """Roles together on the first core or apart on both (beside the generator), bursts, idling."""
    core, other = places.server_core, places.load_core
    variants = [(f"shared, burst {b}", ["--burst", str(b)]) for b in (8, 16, 32, 64)]
    variants += [("shared, idle sleep", ["--idle", "sleep"]),
                 ("worker and handshake on the generator's core", ["--config", f"(0,0,{core})", "--workers", str(other), "--handshake-cores", str(other)]),
                 ("two queues on one core", ["--config", f"(0,0,{core}),(0,1,{core})", "--workers", str(core), "--handshake-cores", str(core)])]
    cells = [Cell("sluice", "vhost", 20000, options=o, name=n) for n, o in variants]
    cells = measure(places, a, cells, 3)
    for c in cells:
        got = c.attempt(places, ["--rate", "50k", "--duration", "3s"])
        if got:
            c.latency["50k/s"] = {**got["report"]["measured"]["latency_us"], **got["cost"]}
    say(f"{'layout':45} {'MRR k/s':>9} {'CPU ns':>8} {'p50 us at 50k/s':>16} {'p99':>9} {'busy':>6}")
    for c in cells:
        l = c.latency.get("50k/s", {})
        say(f"{c.name:45} {number(c.value('answered_per_s'), 1e3):>9} {number(c.value('cpu_ns_per_request')):>8} "
            f"{number(l.get('p50'), 1, 1):>16} {number(l.get('p99'), 1, 0):>9} {number(l.get('cpu_share'), 0.01):>5}%")
    return cells


def million(places, a):
    """The first point of the acceptance: held, driven, matched, reconciled."""
    cell = Cell("sluice", "vhost", a.sessions, sink="file")
    if a.rate is None:
        cell.mrr(places, 4)
        cell.find(places, 2)
        a.rate = int(((cell.search or {}).get("ndr") or {}).get("rate") or 0)
    if not a.rate:
        raise rig.Failed("no NDR was found; --rate sets one")
    server, psk = cell.start(places, rig.QUEUES)
    try:
        before = places.path("before.json")
        with open(before, "w") as f:
            json.dump(server.telemetry.ask("/sluice/stats"), f)
        got = rig.run(places, server, "vhost", psk, a.sessions, GCM,
                      ["--rate", str(int(a.rate * 0.7)), "--duration", f"{a.seconds}s", *rig.QUEUES])
        for _ in range(100):
            summary = server.telemetry.ask("/sluice/session/summary")
            if summary["sink_queued_bytes"] == 0:
                break
        files = {"endpoint": server.telemetry.ask("/sluice/stats"), "summary": summary}
        for name, what in files.items():
            with open(places.path(f"{name}.json"), "w") as f:
                json.dump(what, f)
        say(got["text"])
        check = subprocess.run([sys.executable, os.path.join(rig.ROOT, "scripts/reconcile.py"), "--load", places.path("load.json"),
                                "--endpoint", places.path("endpoint.json"), "--before", before,
                                "--summary", places.path("summary.json"), "--sink", places.path("out.ndjson")],
                               capture_output=True, text=True)
        say(check.stdout + check.stderr)
        cell.runs.append({"rate": a.rate * 0.7, "reconciled": check.returncode == 0, "exit_status": got["report"]["exit_status"],
                          "answered_per_s": got["report"]["measured"]["answered_per_s"],
                          "sent": got["report"]["total"]["counts"]["sent"], "answered": got["report"]["total"]["counts"]["answered"],
                          "lost": got["report"]["total"]["counts"]["lost"], "latency_us": got["report"]["measured"]["latency_us"], **got["cost"]})
    finally:
        server.stop()
    return [cell]


def trouble(places, a):
    """Twice what it can do."""
    cell = Cell("sluice", "vhost", 100000)
    cell.mrr(places, 3)
    top = cell.value("answered_per_s")
    for factor in (1, 2):
        got = cell.attempt(places, ["--rate", str(int(top * factor)), "--retransmit", "off", "--duration", "4s"])
        if got:
            m = got["report"]["measured"]
            cell.latency[f"{factor}x"] = {"goodput_per_s": m["answered_per_s"], "sent_per_s": m["sent_per_s"], **m["latency_us"]}
            say(f"{factor} x MRR offered ({top * factor:,.0f}/s): {m['answered_per_s']:,.0f}/s answered")
    return [cell]


def storm(places, a):
    """Ten thousand devices send while a hundred thousand others come back at once."""
    cell = Cell("sluice", "vhost", e2e_storm.STAY + e2e_storm.STORM, name="storm")
    for _ in range(a.turns or 3):
        for resumed in (False, True):
            row = e2e_storm.run(places, cell, resumed, a.rate or 20000)
            cell.runs.append(row)
            cell.trouble += row["leaks"]
            say(e2e_storm.table([row]))
            say(", ".join(f"{name} {n:,}" for name, n in row["outcomes"].items()))
    say("")
    say(e2e_storm.table(cell.runs))
    say("\n".join(cell.trouble))
    return [cell]


def context():
    with open("/proc/cpuinfo") as f:
        model = next((line.split(":")[1].strip() for line in f if line.startswith("model name")), "")
    commit = subprocess.run(["git", "-C", rig.ROOT, "rev-parse", "--short", "HEAD"], capture_output=True, text=True).stdout.strip()
    return {"date": datetime.datetime.now(datetime.timezone.utc).isoformat(timespec="seconds"), "cpu": model,
            "cores": os.cpu_count(), "kernel": platform.release(), "commit": commit, "load_average": os.getloadavg()}


def main():
    modes = {"quick": quick, "full": full, "layouts": layouts, "million": million, "trouble": trouble, "storm": storm}
    p = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    p.add_argument("--build", default="build/release")
    p.add_argument("--out", default="build/e2e.json")
    p.add_argument("--turns", type=int, help="repetitions of every MRR, in turns")
    p.add_argument("--no-search", action="store_true", help="MRR and CPU alone")
    p.add_argument("--sessions", type=int, default=1000000, help="of --million")
    p.add_argument("--seconds", type=int, default=60, help="of --million")
    p.add_argument("--rate", type=int, help="of --million: the NDR, instead of a search for it; of --storm: of those that stay")
    p.add_argument("--only", metavar="REGEX", default="", help="of the cells; what others measured before stays")
    p.add_argument("--publish", action="store_true")
    for name in modes:
        p.add_argument(f"--{name}", action="store_true")
    a = p.parse_args()
    chosen = [m for m in modes if getattr(a, m)] or (["full"] if not a.publish else [m for m in modes if m != "quick"])
    rig.end_cleanly()
    places = rig.Places(a.build, 0, os.cpu_count() - 1)
    out = {}
    if os.path.exists(a.out):  # what was measured before in other ways stays
        with open(a.out) as f:
            out = json.load(f)
    out["context"] = context()
    try:
        for mode in chosen:
            new = {c.name: c.as_json() for c in modes[mode](places, a)}
            kept = {c["name"]: c for c in out.get(mode, [])} if a.only else {}
            for name in new.keys() & {c["name"] for c in out.get(mode, [])} if a.no_search else ():
                old = next(c for c in out[mode] if c["name"] == name)
                new[name].update(search=old["search"], latency=old["latency"])
            out[mode] = list((kept | new).values())
    finally:
        places.close()
        os.makedirs(os.path.dirname(a.out) or ".", exist_ok=True)
        with open(a.out, "w") as f:
            json.dump(out, f, indent=1)
            f.write("\n")
    bad = [c["name"] for mode in chosen for c in out[mode] if c["trouble"]]
    if bad:
        say(f"trouble with: {', '.join(bad)}")
    return 1 if bad else 0


if __name__ == "__main__":
    sys.exit(main())

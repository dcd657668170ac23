#!/usr/bin/env python3
# SPDX-License-Identifier: BSD-3-Clause
"""A reconnect storm: what the devices that stay notice of it, how soon the others are served, and
whether anything of it is left behind at the endpoint.

Everybody has a session; the devices that stay send at a steady rate, open loop; in the midst of it
the others lose their sessions without a word, as in a power cut, and all connect again at once, with
full handshakes or resuming. Requests that are lost are not sent again, so that none is hidden.
"""
import time

import e2e_rig as rig
import reconcile

STAY, STORM = 10000, 100000
SECONDS, AT = 20, 4
# What is wanted: of the answered share of the requests that were due in the storm, and of their p99.
GOODPUT, P99_US = 0.9, 10000
PHASES = ("before", "during", "after")
# An abandoned handshake lives that long at the endpoint.
GIVE_UP_S = 125


def options(resumed, rate):
    return ["--storm", STORM, "--storm-at", f"{AT}s", "--resume", "100%" if resumed else "0%", "--rate", rate,
            "--retransmit", "off", "--duration", f"{SECONDS}s"]


def snapshot(server):
    return {what: server.telemetry.ask(f"/sluice/{command}")
            for what, command in (("stats", "stats"), ("summary", "session/summary"))}


def settled(server):
    """After the fleet has left: as soon as nobody is there, or at last."""
    end = time.monotonic() + GIVE_UP_S
    while True:
        now = snapshot(server)
        if time.monotonic() > end or not (now["summary"]["sessions"] or now["summary"]["handshakes"] or now["summary"]["identities"]):
            return now
        time.sleep(0.5)


def leaks(report, before, sessions, after):
    """Lines of reconcile.py, and what must be as it was. sessions: before the fleet left."""
    endpoint = reconcile.endpoint_of(after["stats"], before["stats"])
    count, chain = endpoint.count, reconcile.chain
    lines = reconcile.reconcile(report, endpoint)
    lines += [
        chain("storm", ("sessions at its end", sessions), "=", ("devices", STAY + STORM)),
        chain("storm", ("handshakes begun", count("handshakes")), "=",
              ("done + failed", count("handshakes_done") + count("handshakes_failed"))),
        chain("storm", ("sessions installed", count("installs")), "=", ("handshakes done", count("handshakes_done"))),
    ]
    lines += [chain("storm", (f"{what} afterwards", after["summary"][what]), "=", ("before", before["summary"][what]))
              for what in ("sessions", "handshakes", "identities", "mbufs_used")]
    return lines


def outcomes(before, after):
    """What the endpoint counted, by name, where it is not what always happens."""
    changed = reconcile.difference(after["stats"]["outcomes"], before["stats"]["outcomes"])
    return {name: n for name, n in changed.items() if n}


def run(places, cell, resumed, rate):
    """One storm; a row of the table."""
    server, psk = cell.start(places, rig.QUEUES)
    try:
        before = snapshot(server)
        got = rig.run(places, server, cell.wire, psk, cell.sessions, cell.suite, [*options(resumed, rate), *rig.QUEUES])
        after = settled(server)
    finally:
        server.stop()
    report, storm = got["report"], got["report"]["storm"]
    lines = leaks(report, before, got["last"].get("sessions"), after)
    bad = [str(line) for line in lines if not line.ok]
    after_s = {q: storm["served_after_us"][q] / 1e6 for q in ("p50", "p99", "max")}
    phases = {p: {"due": storm[p]["due"], "goodput": storm[p]["goodput"], "p50_us": storm[p]["latency_us"]["p50"],
                  "p99_us": storm[p]["latency_us"]["p99"], "max_us": storm[p]["latency_us"]["max"]} for p in PHASES}
    during = phases["during"]
    held = storm["served"] == STORM and during["goodput"] >= GOODPUT and during["p99_us"] < P99_US
    return {"kind": "resumed" if resumed else "full", "rate": rate, "devices": STORM, "served": storm["served"],
            "resumed": storm["resumed"], "served_after_s": after_s, "flights_again": storm["flights_again"],
            "handshakes_again": storm["handshakes_again"], **phases, "handshakes_failed": report["total"]["counts"]["handshakes_failed"],
            "generator_late": report["measured"]["counts"]["late"], "exit_status": report["exit_status"],
            "outcomes": outcomes(before, after), "leaks": bad, "held": held and not bad, **got["cost"]}


def table(rows):
    text = [f"{'storm':8} {'served':>8} {'50 %':>8} {'99 %':>8} {'100 %':>8} {'again':>8} {'anew':>6}   "
            f"{'goodput before':>14} {'during':>9} {'after':>9}   {'p99 before':>10} {'during':>9} {'after':>9}  {'leaks':>5}  targets"]
    for r in rows:
        served, goodput = r["served_after_s"], [f"{100 * r[p]['goodput']:.3f} %" for p in PHASES]
        p99 = [f"{r[p]['p99_us'] / 1000:.2f} ms" for p in PHASES]
        text.append(f"{r['kind']:8} {r['served']:>8,} {served['p50']:>6.2f} s {served['p99']:>6.2f} s {served['max']:>6.2f} s "
                    f"{r['flights_again']:>8,} {r['handshakes_again']:>6,}   {goodput[0]:>14} {goodput[1]:>9} {goodput[2]:>9}   "
                    f"{p99[0]:>10} {p99[1]:>9} {p99[2]:>9}  {'yes' if r['leaks'] else 'none':>5}  {'held' if r['held'] else 'missed'}")
    return "\n".join(text)

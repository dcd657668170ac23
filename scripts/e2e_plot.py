#!/usr/bin/env python3
# SPDX-License-Identifier: BSD-3-Clause
"""Draws the end-to-end plots of docs/performance.md from docs/bench/e2e.json; bench-doc.py calls it.
e2e_plot.py DIRECTORY"""
import importlib
import os
import sys

import e2e_doc

plot = importlib.import_module("bench-plot")

COLOURS = {"sluice": "#08519c", "openssl": "#d7301f", "gnutls": "#31a354", "libcoap-openssl": "#fc8d59", "libcoap-gnutls": "#a1d99b"}
QUANTILES = (("p50", "#6baed6"), ("p99", "#08519c"), ("p99_9", "#e6550d"))


def gcm(wire=None):
    return [c for c in e2e_doc.cells("quick", "full") if c["suite"] == "AES-128-GCM" and c["sink"] == "null" and wire in (None, c["wire"])]


def plot_cost():
    """Bars in groups of one number of sessions; peers that were not driven by so many are left out."""
    rows = []
    for sessions in (1000, 20000, 100000, 1000000):
        for c in gcm():
            ns = e2e_doc.value(c, "cpu_ns_per_request")
            if c["sessions"] == sessions and ns:
                rows.append((f"{e2e_doc.NAMES[c['server']]}\\n{c['wire']}, {e2e_doc.many(sessions)}", COLOURS[c["server"]], 1e6 / ns))
    blocks = "$d0 << E\n" + "".join(f'{i} {value} 0x{colour[1:]} "{label}" "{value:,.0f}"\n'
                                    for i, (label, colour, value) in enumerate(rows)) + "E\n"
    return ("CON requests of 64 bytes a second of the server's CPU, thousands", blocks,
            f"set logscale y; set yrange [10:5000]; set xrange [-0.6:{max(1, len(rows)) - 0.4}]\n"
            "set ytics (20, 50, 100, 200, 500, 1000, 2000); set style fill solid; set boxwidth 0.6\n"
            "set xtics rotate by -35 font ',9'; set rmargin 6; set ylabel 'thousand requests a CPU second'; unset key\n"
            "plot $d0 using 1:2:3:xtic(4) with boxes lc rgb variable, $d0 using 1:2:5 with labels offset 0,0.8\n")


def plot_latency():
    blocks, panels = "", []
    for i, sessions in enumerate((1000, 1000000)):
        cell = next((c for c in gcm("vhost") if c["sessions"] == sessions and c["latency"]), None)
        if cell is None:
            return None
        series = [(q.replace("_", "."), colour, [(int(at), l[q]) for at, l in cell["latency"].items()], q == "p99") for q, colour in QUANTILES]
        b, p = plot.lines(series)
        blocks += b.replace("$d", f"$p{i}_")
        panels.append(plot.panel(f"{e2e_doc.many(sessions)} sessions", "set xrange [0:100]; set xtics (10, 50, 90)\n"
                                 "set xlabel 'percent of the highest rate without a loss'; set logscale y; set yrange [1:20000]; set ylabel 'microseconds'\n"
                                 "set key top left\n", p.replace("$d", f"$p{i}_")))
    return "Latency of a request from the time at which it was due, vhost", blocks, panels


PLOTS = {"e2e-cost": plot_cost, "e2e-latency": plot_latency}


def made():
    """{name: plot} of what was measured."""
    all_of_them = {name: make() for name, make in PLOTS.items()}
    return {name: parts for name, parts in all_of_them.items() if parts}


def draw(directory, kind="svg"):
    os.makedirs(directory, exist_ok=True)
    for name, parts in made().items():
        plot.render(os.path.join(directory, f"{name}.{kind}"), kind, e2e_doc.machine(), *parts)


if __name__ == "__main__":
    draw(*sys.argv[1:3])

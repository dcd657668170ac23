#!/usr/bin/env python3
# SPDX-License-Identifier: BSD-3-Clause
"""Draws the plots of docs/performance.md with gnuplot.
bench-plot.py CONDENSED.json DIRECTORY [png]    svg unless told otherwise"""
import os
import subprocess
import sys

import bench_data

SESSIONS = (64, 1000, 20000, 100000, 1000000, 4000000)
LENGTHS = (16, 64, 128, 256, 1024)
STAGES = ("rx", "lookup", "route", "split", "check", "open", "commit", "dispatch", "inbox", "seal", "tx")
STAGE_COLOURS = ("#9ecae1", "#6baed6", "#3182bd", "#bdbdbd", "#969696", "#e6550d", "#fdd0a2", "#c7e9c0", "#74c476",
                 "#fd8d3c", "#31a354")
# name in bench names, label, colour
ENGINES = (("mb64", "ours, mb64", "#08519c"), ("mb4", "ours, mb4 (no AVX-512)", "#6baed6"),
           ("ipsec-mb-best", "ipsec-mb, expanded keys stored", "#d7301f"),
           ("ipsec-mb", "ipsec-mb, raw keys expanded each time", "#fc8d59"),
           ("libcrypto", "libcrypto (EVP)", "#7f7f7f"))
PEERS = (("openssl", "OpenSSL", "#d7301f"), ("gnutls", "GnuTLS", "#31a354"),
         ("mbedtls", "Mbed TLS", "#756bb1"), ("wolfssl", "wolfSSL", "#e6a000"))


def points(data, names):
    """[(x, cycles)] of the benches that were measured. names: (x, bench name)."""
    return [(x, figure(data, name)) for x, name in names if figure(data, name)]


def figure(data, name):
    bench = data.benches.get(name, {})
    return bench.get("path", bench.get("cycles", [None]))[0]


def aead(op, engine, alg, length, sessions):
    return f"aead_{op}/{engine}/{alg}/len:{length}/sessions:{sessions}/burst:32"


def path(mode, alg, sessions):
    return f"{mode}/{alg}/len:64/reply:12/sessions:{sessions}/burst:32"


def lines(series, using="1:2"):
    """Data blocks and a plot command. series: (label, colour, points, wide)."""
    series = [s for s in series if s[2]]
    blocks = "".join(f"$d{i} << E\n" + "".join(f"{x} {y}\n" for x, y in s[2]) + "E\n"
                     for i, s in enumerate(series))
    plots = ", ".join(f"$d{i} using {using} with linespoints lw {3.5 if wide else 2} pt 7 "
                      f"ps {0.7 if wide else 0.55} lc rgb '{colour}' title '{label}'"
                      for i, (label, colour, _, wide) in enumerate(series))
    return blocks, "plot " + (plots or "NaN notitle") + "\n"


def engine_series(data, names):
    return [(label, colour, points(data, names(engine)), engine.startswith("mb"))
            for engine, label, colour in ENGINES]


SESSION_AXIS = """set logscale x; set xrange [40:6e6]; set xlabel 'sessions, met in random order'
set xtics ('64' 64, '1k' 1e3, '20k' 2e4, '100k' 1e5, '1M' 1e6, '4M' 4e6)
"""


def plot_path(data):
    rate = data.tsc_ghz * 1000
    series = [("sluice, AES-128-GCM", "#08519c", [(n, path("path_request_response", "AES-128-GCM", n))
                                                 for n in SESSIONS], True),
              ("sluice, AES-128-CCM-8", "#6baed6", [(n, path("path_request_response", "AES-128-CCM-8", n))
                                                  for n in SESSIONS], True)]
    series += [(f"{label}, AES-128-GCM", colour,
                [(n, f"peer_request_response/{peer}/AES-128-GCM/len:64/reply:12/sessions:{n}")
                 for n in (1, 1000, 20000)], False) for peer, label, colour in PEERS]
    series = [(label, colour, [(x, rate / y) for x, y in points(data, names)], wide)
              for label, colour, names, wide in series]
    blocks, plot = lines(series)
    return ("A request of 64 bytes and its response of 12: millions a second and core",
            blocks, SESSION_AXIS + """set xrange [0.7:6e6]
set xtics ('1' 1, '64' 64, '1k' 1e3, '20k' 2e4, '100k' 1e5, '1M' 1e6, '4M' 4e6)
set logscale y; set yrange [0.1:40]; set ytics (0.1, 0.2, 0.5, 1, 2, 5, 10, 20); set ylabel 'M requests / s / core'
set key outside right top
""" + plot)


def two_panels(left, right):
    (lb, lp), (rb, rp) = left, right
    return lb + rb.replace("$d", "$r"), lp, rp.replace("$d", "$r")


def panel(title, axes, plot):
    return f"set title '{title}'\n{axes}{plot}"


CYCLE_AXIS = "set logscale y; set yrange [15:22000]; set ytics (20, 50, 100, 200, 500, 1000, 2000)\n" \
             "set ylabel 'TSC cycles a record'\n"


def plot_aead_sessions(data):
    blocks, plots = "", []
    for i, alg in enumerate(("AES-128-GCM", "AES-128-CCM-8")):
        b, p = lines(engine_series(data, lambda e, alg=alg: [(n, aead("open", e, alg, 64, n))
                                                             for n in SESSIONS]))
        blocks += b.replace("$d", f"$p{i}_")
        plots.append(panel(f"{alg}, open, 64 bytes", SESSION_AXIS + CYCLE_AXIS +
                           ("unset key\n" if i else "set key top left Left reverse samplen 1\n"),
                           p.replace("$d", f"$p{i}_")))
    return "Records opened, by engine and number of sessions", blocks, plots


def plot_aead_payload(data):
    axes = "set logscale x 2; set xrange [12:1400]; set xlabel 'bytes of plaintext'\n" \
           "set xtics (16, 64, 128, 256, 1024)\n"
    blocks, plots = "", []
    for i, sessions in enumerate((64, 1000000)):
        b, p = lines(engine_series(data, lambda e, n=sessions: [
            (length, aead("open", e, "AES-128-GCM", length, n)) for length in LENGTHS]))
        blocks += b.replace("$d", f"$p{i}_")
        plots.append(panel(f"AES-128-GCM, open, {sessions:,} sessions", axes + CYCLE_AXIS +
                           ("unset key\n" if i else "set key top left Left reverse samplen 1\n"),
                           p.replace("$d", f"$p{i}_")))
    return "Records opened, by engine and length", blocks, plots


def plot_batch(data):
    bursts = (1, 2, 4, 8, 16, 24, 32, 48, 64)
    series = engine_series(data, lambda e: [
        (n, f"aead_open/{e}/AES-128-GCM/len:64/sessions:64/burst:{n}") for n in bursts])
    b1, p1 = lines(series)
    b2, p2 = lines([("request and response, 1,000 sessions", "#08519c", points(data, [
        (n, f"path_request_response/AES-128-GCM/len:64/reply:12/sessions:1000/burst:{n}")
        for n in bursts]), True)])
    axes = "set logscale x 2; set xrange [0.8:80]; set xtics (1, 2, 4, 8, 16, 32, 64)\n" \
           "set xlabel 'records in a burst'\n"
    return ("What a burst is worth", b1 + b2.replace("$d", "$q"), [
        panel("AES-128-GCM, open, 64 bytes, 64 sessions", axes + CYCLE_AXIS +
              "set key top right samplen 1\n", p1),
        panel("The whole path", axes + "set logscale y; set yrange [100:4000]\n"
              "set ytics (100, 200, 500, 1000, 2000)\nset ylabel 'TSC cycles a request and response'\n"
              "set key top right\n", p2.replace("$d", "$q"))])


def plot_stages(data):
    rows = []
    for alg, label in (("AES-128-GCM", "GCM"), ("AES-128-CCM-8", "CCM-8")):
        for n, many in ((1000, "1k"), (4000000, "4M")):
            bench = data.benches.get(path("path_request_response", alg, n))
            if bench and "cycles_rx" in bench.get("values", {}):
                rows.append((f"{label}, {many}", [bench["values"]["cycles_" + s] for s in STAGES]))
    blocks = "$d0 << E\n" + "".join(f'"{label}" ' + " ".join(map(str, cells)) + "\n"
                                    for label, cells in rows) + "E\n"
    plot = "plot " + ", ".join(
        f"$d0 using {i + 2}" + (":xtic(1)" if i == 0 else "") +
        f" title '{s}' lc rgb '{STAGE_COLOURS[i]}'" for i, s in enumerate(STAGES)) + "\n"
    return ("A request of 64 bytes and its response of 12: where the cycles go", blocks,
            "set style data histograms; set style histogram rowstacked; set boxwidth 0.55\n"
            "set style fill solid border rgb '#ffffff'; set xlabel 'suite, sessions'\n"
            "set ylabel 'TSC cycles a request and response'; set yrange [0:*]\n"
            "set key outside right center invert\n" + plot)


def bytes_per_session(data):
    rows = []
    for name, bench in data.benches.items():
        values = bench.get("values", {})
        if name == "session_memory/sessions:1000000":
            rows += [("sluice", "#08519c", values["bytes"])] if "bytes" in values else []
    for peer, label, colour in PEERS:
        bench = data.benches.get(
            f"peer_request_response/{peer}/AES-128-GCM/len:64/reply:12/sessions:20000", {})
        value = bench.get("values", {}).get("bytes_per_session")
        if value:
            rows.append((label, colour, value))
    return rows


def plot_memory(data):
    rows = bytes_per_session(data)
    blocks = "$d0 << E\n" + "".join(f'{i} {value} 0x{colour[1:]} "{label}" "{value:,.0f}"\n'
                                    for i, (label, colour, value) in enumerate(rows)) + "E\n"
    return ("Bytes of memory an established session", blocks,
            f"set logscale y; set yrange [50:300000]; set xrange [-0.6:{len(rows) - 0.4}]\n"
            "set ytics (100, 1000, 10000, 100000); set style fill solid; set boxwidth 0.6\n"
            "set ylabel 'bytes'; unset key\n"
            "plot $d0 using 1:2:3:xtic(4) with boxes lc rgb variable, "
            "$d0 using 1:2:5 with labels offset 0,0.8\n")


PLOTS = {"path-sessions": plot_path, "aead-sessions": plot_aead_sessions, "aead-payload": plot_aead_payload,
         "batch": plot_batch, "stages": plot_stages, "memory": plot_memory}


def machine(data):
    c = data.context
    return f"{c.get('cpu_model', '')}, TSC {data.tsc_ghz:.3f} GHz, core {c.get('core_per_tsc', '?')[:4]} x TSC; " \
           f"{c.get('date', '')[:10]}; sluice {c.get('sluice', '')}"


def render(path, kind, machine, title, blocks, body):
    """One plot. body: a plot, or two beside each other."""
    wide = isinstance(body, list)
    size = "1080,470" if wide else "860,470"
    head = f"set terminal {'svg' if kind == 'svg' else 'pngcairo'} size {size} font 'DejaVu Sans,11' " \
           f"background rgb '#ffffff'\nset output '{path}'\nset encoding utf8\n" \
           "set grid ytics lc rgb '#bbbbbb' lw 0.7; set border 3; set tics nomirror\n"
    whole = f"{title}\\n{{/*0.8 {machine}}}"
    if wide:
        script = head + blocks + f'set multiplot layout 1,2 title "{whole}"\n' + "".join(body) + "unset multiplot\n"
    else:
        script = head + blocks + f'set title "{whole}"\n' + body
    subprocess.run(["gnuplot"], input=script, text=True, check=True)


def draw(data, directory, kind="svg"):
    os.makedirs(directory, exist_ok=True)
    for name, make in PLOTS.items():
        render(os.path.join(directory, f"{name}.{kind}"), kind, machine(data), *make(data))


if __name__ == "__main__":
    draw(bench_data.read_condensed(sys.argv[1]), sys.argv[2], *sys.argv[3:4])

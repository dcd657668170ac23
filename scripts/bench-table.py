#!/usr/bin/env python3
# SPDX-License-Identifier: BSD-3-Clause
"""Prints reports of sluice-bench as a table (bench_data.py says what a figure is).
bench-table.py [--quick|--handshakes] REPORT...    only what scripts/bench.sh is for with the same option.
Exits 1 when a bench failed."""
import sys

import bench_data

STAGES = ["rx", "lookup", "route", "split", "check", "open", "commit", "dispatch", "inbox", "seal", "tx"]


def print_context(data):
    for key in ("cpu_model", "cpu_flags", "cpus", "tsc_mhz", "core_per_tsc", "kernel", "compiler", "build",
                "dpdk", "ipsec_mb", "libcrypto", "peer_openssl", "peer_gnutls", "peer_mbedtls",
                "peer_wolfssl", "sluice", "aead_auto", "memory", "transparent_hugepages",
                "hugepages_total", "load_average", "date"):
        if key in data.context:
            print(f"{key:22} {data.context[key]}")


def print_all(data):
    width = max((len(name) for name in data.benches), default=0)
    print(f"\n{'an item, CPU time':{width}} {'cycles':>9} {'ns':>9} {'M/s':>8} {'least..greatest':>20} "
          f"{'quiet/n':>8}  values")
    for name, bench in sorted(data.benches.items()):
        median, least, greatest, quiet, n = bench.get("cycles", [0, 0, 0, 0, 0])
        ns = median / data.tsc_ghz
        values = " ".join(f"{k}={v:g}" for k, v in bench.get("values", {}).items())
        print(f"{name:{width}} {median:9.1f} {ns:9.1f} {1e3 / ns if ns else 0:8.2f} "
              f"{f'{least:.1f}..{greatest:.1f}':>20} {f'{quiet}/{n}':>8}  {values}")


def cell(data, name):
    bench = data.benches.get(name)
    return bench["cycles"][0] if bench else None


def text(x, form="{:.0f}"):
    return "-" if x is None else form.format(x)


def print_engines(data):
    print("\nAEAD, 64 bytes, TSC cycles a record, bursts of 32, random sessions\n"
          "                                      ipsec-mb,    ipsec-mb,              ipsec-mb's best\n"
          "                     sessions   ours  keys stored  keys expanded  libcrypto  : ours")
    for alg in ("AES-128-GCM", "AES-128-CCM-8"):
        for op in ("open", "seal"):
            for n in (64, 1000000, 4000000):
                def of(engine, op=op, alg=alg, n=n):
                    return cell(data, f"aead_{op}/{engine}/{alg}/len:64/sessions:{n}/burst:32")
                ours = of("mb64") or of("mb4")
                theirs = [x for x in (of("ipsec-mb-best"), of("ipsec-mb")) if x]
                ratio = min(theirs) / ours if ours and theirs else None
                print(f"{alg:14} {op:5} {n:9,} {text(ours):>6} {text(of('ipsec-mb-best')):>12} "
                      f"{text(of('ipsec-mb')):>14} {text(of('libcrypto')):>10} "
                      f"{text(ratio, '{:.1f}x'):>8}")


def print_path(data):
    first = None
    print("\nThe whole path, AES-128-GCM, a request of 64 bytes and its response of 12, TSC cycles")
    print(f"{'sessions':>9} {'path':>6} {'quiet/n':>8}   " + " ".join(f"{s:>8}" for s in STAGES))
    for n in (1000, 4000000):
        bench = data.benches.get(
            f"path_request_response/AES-128-GCM/len:64/reply:12/sessions:{n}/burst:32")
        if bench is None or "path" not in bench:
            continue
        first = first or bench["path"][0]
        quiet, reps = bench["path"][3:]
        print(f"{n:9,} {bench['path'][0]:6.0f} {f'{quiet}/{reps}':>8}   " +
              " ".join(f"{bench['values'].get('cycles_' + s, 0):8.1f}" for s in STAGES) +
              (f"   growth {bench['path'][0] / first:.2f}x" if bench["path"][0] != first else ""))


def print_handshakes(data):
    rows = []
    for name, bench in data.benches.items():
        parts = name.split("/")
        if parts[0] == "handshake":
            rows.append(("/".join(parts[1:-1]), bench["cycles"][0], f"sluice, {parts[-1]}", bench))
        elif parts[0] == "peer_handshake":
            rows.append(("/".join(parts[2:]), bench["cycles"][0], parts[1], bench))
    fastest = {}
    for mode, cycles, who, _ in rows:
        if not who.startswith("sluice"):
            fastest[mode] = min(cycles, fastest.get(mode, cycles))
    print("\nHandshakes, server's side; x: of the fastest other library; oper.: us of its public-key operations by themselves, and\n"
          "how many times these it takes; state: heap in the midst of it and after it\n"
          f"{'':32} {'':17} {'us':>8} {'least..greatest':>17} {'quiet/n':>8} {'/s/core':>8} "
          f"{'x':>5} {'oper.':>13} {'trips':>5} {'up B':>6} {'down B':>6} {'state B':>14}")
    for mode, cycles, who, bench in sorted(rows, key=lambda row: (row[0], row[1])):
        _, least, greatest, quiet, n = bench["cycles"]
        us = [c / data.tsc_ghz / 1e3 for c in (cycles, least, greatest)]
        v = bench.get("values", {})
        ratio = fastest[mode] / cycles if mode in fastest else None
        floor = data.operations(mode.split("/")[0])
        floor = f"{floor:.1f} {us[0] / floor:5.2f}x" if floor else "-"
        print(f"{mode:32} {who:17} {us[0]:8.2f} {f'{us[1]:.2f}..{us[2]:.2f}':>17} {f'{quiet}/{n}':>8} "
              f"{1e6 / us[0]:8.0f} {text(ratio, '{:.1f}'):>5} {floor:>13} {v.get('round_trips', 0):5.0f} "
              f"{v.get('bytes_up', 0):6.0f} {v.get('bytes_down', 0):6.0f} "
              f"{v.get('bytes_during', 0):7.0f} {v.get('bytes_after', 0):6.0f}")


def main(args):
    quick, handshakes = "--quick" in args, "--handshakes" in args
    data = bench_data.read_reports([a for a in args if not a.startswith("--")])
    print_context(data)
    if quick:
        print_engines(data)
        print_path(data)
    elif handshakes:
        print_handshakes(data)
    else:
        print_all(data)
    for name, why in data.skipped.items():
        print(f"{name}: {why}")
    for name, why in data.failed.items():
        print(f"FAILED {name}: {why}")
    return 1 if data.failed else 0


sys.exit(main(sys.argv[1:]))

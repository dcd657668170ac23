#!/usr/bin/env python3
# SPDX-License-Identifier: BSD-3-Clause
"""Prints a report of sluice-bench as a table: median CPU time per item, and how far its
repetitions lie apart. Exits 1 when a bench failed."""
import json
import statistics
import sys

report = json.load(open(sys.argv[1]))
context = report["context"]
for key in ("command", "sluice", "cpu_model", "cpu_flags", "kernel", "dpdk", "ipsec_mb", "aead_auto",
            "libcrypto", "hugepages_total", "tsc_mhz", "load_avg", "date"):
    print(f"{key:16} {context.get(key, '')}")

runs, failed = {}, []
for run in report["benchmarks"]:
    if run.get("run_type") == "aggregate":
        continue
    if run.get("error_occurred"):
        failed.append((run["name"], run["error_message"]))
    else:
        runs.setdefault(run["name"], []).append(run)

width = max((len(name) for name in runs), default=0)
print(f"\n{'CPU time per item, median of the repetitions':{width}} {'ns':>9} {'cycles':>9} "
      f"{'M/s':>8} {'min..max ns':>20} {'n':>3}")
for name, reps in sorted(runs.items()):
    ns = [r["ns"] for r in reps]
    median = statistics.median(ns)
    cycles = statistics.median(r["cycles"] for r in reps)
    print(f"{name:{width}} {median:9.1f} {cycles:9.1f} {1e3 / median:8.2f} "
          f"{f'{min(ns):.1f}..{max(ns):.1f}':>20} {len(ns):3}")
for name, why in failed:
    print(f"FAILED {name}: {why}")
sys.exit(1 if failed else 0)

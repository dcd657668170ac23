#!/usr/bin/env python3
# SPDX-License-Identifier: BSD-3-Clause
"""Proves that scripts/reconcile.py sees what does not add up: test_reconcile.py SOURCE_ROOT.

A run that adds up passes; each change of one number makes the line fail that is about it.
"""
import copy
import json
import subprocess
import sys
import tempfile
from pathlib import Path

COUNTS = dict(scheduled=1000, sent=990, missed=10, answered=980, refused=6, lost=4, retransmitted=20,
              hostile=5, impaired=3, handshakes=50, handshakes_failed=1, handshake_repeats=2)
# 1010 sent in all: 12 were lost on the way, 2 of the lost ones arrived all the same.
COUNTERS = dict(coap_messages=998, readings=982, handshakes_done=51)
OUTCOMES = dict(coap_duplicate=10, sink_full=6, record_tag=5, record_replay=2, record_old=1)


def case(**changes):
    """The run that adds up, with some numbers changed: load=…, counters=…, outcomes=…, others."""
    load = {"total": {"waiting": changes.get("waiting", 0),
                      "counts": COUNTS | changes.get("load", {})}}
    stats = {"counters": COUNTERS | changes.get("counters", {}),
             "outcomes": OUTCOMES | changes.get("outcomes", {})}
    return load, stats, changes.get("lines", 982)


# What is changed, and words of the line that must fail; None: none does.
CASES = [
    ("adds up", {}, None),
    ("a request is missing", {"load": {"scheduled": 1001}}, "scheduled ("),
    ("more sent than due", {"load": {"sent": 1001}}, "scheduled - sent - missed"),
    ("an answer nobody asked for", {"load": {"answered": 981}}, "scheduled ("),
    ("one is waiting", {"load": {"answered": 979}, "waiting": 1}, None),
    ("waiting without reason", {"waiting": 1}, "scheduled ("),
    ("a message from nowhere", {"counters": {"coap_messages": 1011, "readings": 995}, "lines": 995},
     "sent + retransmitted + refused later (1010)"),
    ("acks are not requests", {"counters": {"coap_messages": 1100}}, None),
    ("more outcomes than messages", {"counters": {"coap_messages": 997}}, "messages + readings"),
    ("a sink that fails later", {"load": {"refused": 10, "lost": 0}, "outcomes": {"sink_failed": 4},
                                 "lines": 978}, None),
    ("more vanish than were missed", {"counters": {"coap_messages": 980, "readings": 980},
                                      "outcomes": {"coap_duplicate": 0, "sink_full": 0},
                                      "load": {"retransmitted": 0, "lost": 0, "refused": 0,
                                               "answered": 990}, "lines": 980}, "unseen"),
    ("an answer without a reading", {"counters": {"coap_messages": 996, "readings": 979},
                                     "lines": 979}, "answered (980) <= readings"),
    ("a request became two readings", {"counters": {"readings": 992}, "lines": 992,
                                       "outcomes": {"coap_duplicate": 0}}, "readings (992)"),
    ("a refusal nobody heard of", {"outcomes": {"sink_full": 0}}, "answered + refused (986)"),
    ("too many duplicates", {"outcomes": {"coap_duplicate": 21}, "counters": {"coap_messages": 1009}},
     "duplicates (21)"),
    ("a forged record", {"outcomes": {"record_tag": 6}}, "record_tag"),
    ("a record came twice", {"outcomes": {"record_replay": 8}}, "record_replay"),
    ("not a request of ours", {"outcomes": {"coap_ping": 6}, "counters": {"coap_messages": 1004}},
     "no request of ours"),
    ("a handshake of one side", {"counters": {"handshakes_done": 49}}, "handshakes (50)"),
    ("handshakes of others", {"counters": {"handshakes_done": 54}}, "completed (54)"),
    ("a line is missing", {"lines": 981}, "lines there (981)"),
    ("a line too many", {"lines": 983}, "lines there (983)"),
]

number = failed = 0


def report(ok, name, why=""):
    global number, failed
    number += 1
    failed += not ok
    print(f"{'ok' if ok else 'not ok'} {number} - {name}")
    for line in ("" if ok else why).splitlines():
        print(f"# {line}")


def run(root, folder, load, stats, *more):
    Path(folder, "load").write_text(json.dumps(load), encoding="utf-8")
    Path(folder, "stats").write_text(json.dumps(stats), encoding="utf-8")
    out = subprocess.run([sys.executable, f"{root}/scripts/reconcile.py", "--load", f"{folder}/load",
                          *[m.replace("@", folder) for m in more]],
                         text=True, capture_output=True, check=False)
    bad = [line for line in out.stdout.splitlines() if line.startswith("FAIL")]
    return out.returncode, bad, out.stdout + out.stderr


def check_cases(root, folder):
    for name, changes, wanted in CASES:
        load, stats, lines = case(**changes)
        rc, bad, text = run(root, folder, load, stats, "--endpoint", "@/stats", "--sink-lines",
                            str(lines))
        ok = rc == (wanted is not None) and (wanted is None) == (not bad)
        report(ok and (wanted is None or any(wanted in line for line in bad)), name, text)


def check_inputs(root, folder):
    load, stats, _ = case()
    before = copy.deepcopy(stats)
    after = {"/sluice/stats": {part: {k: 2 * v for k, v in stats[part].items()} for part in stats}}
    Path(folder, "before").write_text(json.dumps(before), encoding="utf-8")
    Path(folder, "sink").write_text("{}\n" * 982, encoding="utf-8")
    Path(folder, "summary").write_text('{"/sluice/session/summary": {"sink_lines": 982}}', encoding="utf-8")
    rc, _, text = run(root, folder, load, after, "--endpoint", "@/stats", "--before", "@/before",
                      "--sink", "@/sink", "--summary", "@/summary")
    report(rc == 0 and "lines written (982)" in text and "lines there (982)" in text,
           "what was before is taken off; summary and file of the sink", text)
    rc, bad, text = run(root, folder, load, after, "--endpoint", "@/stats", "--sink", "@/sink")
    report(rc == 1 and bad, "without what was before it does not add up", text)
    rc, _, text = run(root, folder, load, stats)
    report(rc == 0 and len(text.splitlines()) == 3, "the generator alone", text)


def check_log(root, folder):
    load, stats, _ = case()
    log = "stats: 1.0 s, sessions 1 of 2\n      coap_duplicate         +3          3            x\n"
    log += "      coap_duplicate         +{0}          {0}           duplicate\n"
    log += "      sink_full              +6          6            full\n"
    Path(folder, "log").write_text(log.format(10), encoding="utf-8")
    rc, _, text = run(root, folder, load, stats, "--endpoint-log", "@/log", "--sink-lines", "982")
    report(rc == 0 and "duplicates (10)" in text, "a log instead of telemetry", text)
    Path(folder, "log").write_text(log.format(21), encoding="utf-8")
    rc, bad, text = run(root, folder, load, stats, "--endpoint-log", "@/log", "--sink-lines", "982")
    report(rc == 1 and len(bad) == 1, "a log that does not add up", text)
    rc, _, text = run(root, folder, load, stats, "--endpoint-log", "@/log")
    report(rc == 1 and "give --sink" in text, "a log does not count readings", text)


def main():
    root = sys.argv[1]
    with tempfile.TemporaryDirectory() as folder:
        check_cases(root, folder)
        check_inputs(root, folder)
        check_log(root, folder)
    print(f"1..{number}")
    return failed != 0


sys.exit(main())

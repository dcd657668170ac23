#!/usr/bin/env python3
# SPDX-License-Identifier: BSD-3-Clause
"""Whether generator, endpoint and sink account for every message.

  reconcile.py --load RUN.json                          the generator's own sums
               --endpoint STATS.json [--before STATS.json]  telemetry's /sluice/stats after and
                                                        before the run, or
               --endpoint-log FILE                      the log of sluice --stats-period
               --summary SUMMARY.json                   /sluice/session/summary: lines written
               --sink FILE | --sink-lines N             the sink's own lines

Prints a line an equation, and "1" as exit status when one does not add up. With --pid N the
endpoint is asked itself. Counts of the generator are those of its whole run ("total"):

  generator   scheduled = sent + missed + held          held: requests without a session at the end
              sent = answered + refused + lost + waiting
  endpoint    readings + duplicates + refusals + others <= messages
              Messages are what reached a worker; the rest of them are ACKs of separate responses
              and messages of sessions that had ended. Refusals: answered 4.xx or 5.xx. A sink that
              fails later (--ack delivered) makes one message a reading and a refusal: sink_failed
              is the slack for that here and below.
  between     requests seen = readings + duplicates + refusals <= sent + retransmitted
              Each datagram is opened once: copies made on the way, or on purpose, end as
              record_replay or record_old, and never reach a worker.
              unseen = sent + retransmitted - requests seen <= retransmitted + lost + waiting
              What vanished on the way was sent again or given up.
              others <= hostile
              duplicates <= retransmitted
              answered <= readings <= answered + refused + lost + waiting
              answered + refused <= readings + refusals <= answered + refused + lost + waiting
              A request that got no answer may be a reading all the same; one that got its answer
              is exactly one. Where nothing was lost or refused, these are equations.
  hostile     record_tag <= hostile
              record_replay + record_old <= hostile + impaired (doubled on purpose)
              On a network that doubles datagrams by itself: --doubled N.
  sessions    handshakes <= completed <= handshakes + failed + flights sent again
  sink        lines = readings                          (sink_failed fewer at most)
"""
import argparse
import json
import re
import subprocess
import sys
from pathlib import Path

REFUSALS = ["sink_full", "sink_failed", "coap_option", "coap_method", "coap_not_found",
            "coap_not_acceptable", "coap_too_large", "coap_proxy", "coap_no_exchange"]
# Taken by a worker, and neither a reading nor a request that was refused.
OTHERS = ["coap_ignored", "coap_malformed", "coap_unmatched", "coap_ping"]


class Line:
    """One equation: whether it holds, and how it reads with its numbers."""

    def __init__(self, where, ok, text):
        self.where, self.ok, self.text = where, ok, text

    def __str__(self):
        return f"{'ok  ' if self.ok else 'FAIL'} {self.where:10} {self.text}"


class Endpoint:
    """What the endpoint counted in a run. readings None: its log does not tell."""

    def __init__(self, counters, outcomes):
        self.counters, self.outcomes = counters, outcomes

    def count(self, name):
        return self.counters.get(name)

    def outcome(self, name):
        return self.outcomes.get(name, 0)

    def sum(self, names):
        return sum(self.outcome(name) for name in names)


def term(name, value):
    return f"{name} ({value})" if name else str(value)


def chain(where, *parts):
    """chain("x", ("a", 1), "<=", ("b", 2), …): a line of comparisons, each with the next."""
    ok = True
    for i in range(1, len(parts), 2):
        left, right = parts[i - 1][1], parts[i + 1][1]
        ok = ok and (left == right if parts[i] == "=" else left <= right)
    text = " ".join(p if isinstance(p, str) else term(*p) for p in parts)
    return Line(where, ok, text)


def generator_lines(load):
    total, c = load["total"], load["total"]["counts"]
    ended = c["answered"] + c["refused"] + c["lost"]
    waiting = total["waiting"]
    held = c["scheduled"] - c["sent"] - c["missed"]
    return [
        chain("generator", ("scheduled", c["scheduled"]), "=",
              ("answered + refused + lost + missed + waiting", ended + c["missed"] + waiting)),
        chain("generator", ("", 0), "<=", ("scheduled - sent - missed", held), "<=",
              ("waiting", waiting)),
        chain("generator", ("sent", c["sent"]), "=",
              ("answered + refused + lost + waiting for an answer", ended + waiting - held)),
    ]


def message_lines(load, endpoint):
    """The endpoint's messages by what became of them, and against what was sent."""
    c, readings = load["total"]["counts"], endpoint.count("readings")
    messages, duplicates = endpoint.count("coap_messages"), endpoint.outcome("coap_duplicate")
    refusals, others = endpoint.sum(REFUSALS), endpoint.sum(OTHERS)
    named = readings + duplicates + refusals + others
    sent = c["sent"] + c["retransmitted"]
    gone = c["retransmitted"] + c["lost"] + load["total"]["waiting"]
    return [
        chain("endpoint", ("readings + duplicates + refusals + others", named), "<=",
              ("messages + readings refused later", messages + endpoint.outcome("sink_failed"))),
        chain("between", ("readings + duplicates + refusals", named - others), "<=",
              ("sent + retransmitted + refused later", sent + endpoint.outcome("sink_failed"))),
        chain("between", ("unseen", sent - named + others), "<=",
              ("retransmitted + lost + waiting", gone)),
        chain("between", ("messages that were no request of ours", others), "<=",
              ("hostile", c["hostile"])),
    ]


def answer_lines(load, endpoint, readings):
    c, waiting = load["total"]["counts"], load["total"]["waiting"]
    answered, refused = c["answered"], c["refused"]
    refusals = endpoint.sum(REFUSALS)
    over = answered + refused + c["lost"] + waiting
    return [
        chain("between", ("duplicates", endpoint.outcome("coap_duplicate")), "<=",
              ("retransmitted", c["retransmitted"])),
        chain("between", ("answered", answered), "<=", ("readings", readings), "<=",
              ("answered + refused + lost + waiting", over)),
        chain("between", ("answered + refused", answered + refused), "<=",
              ("readings + refusals", readings + refusals), "<=",
              ("answered + refused + lost + waiting", over + endpoint.outcome("sink_failed"))),
    ]


def record_lines(load, endpoint, doubled):
    c = load["total"]["counts"]
    return [
        chain("hostile", ("record_tag", endpoint.outcome("record_tag")), "<=",
              ("hostile", c["hostile"])),
        chain("hostile", ("record_replay + record_old",
                          endpoint.sum(["record_replay", "record_old"])), "<=",
              ("hostile + impaired + doubled", c["hostile"] + c["impaired"] + doubled)),
    ]


def session_lines(load, endpoint):
    c, done = load["total"]["counts"], endpoint.count("handshakes_done")
    return [chain("sessions", ("handshakes", c["handshakes"]), "<=", ("completed", done), "<=",
                  ("handshakes + failed + flights sent again",
                   c["handshakes"] + c["handshakes_failed"] + c["handshake_repeats"]))]


def sink_lines(readings, failed, written, lines):
    """Readings that failed later were not written, or not in whole."""
    counts = [("lines written", written), ("lines there", lines)]
    if failed == 0:
        return [chain("sink", count, "=", ("readings", readings))
                for count in counts if count[1] is not None]
    return [chain("sink", ("readings - sink_failed", readings - failed), "<=", count, "<=",
                  ("readings", readings)) for count in counts if count[1] is not None]


def reconcile(load, endpoint=None, written=None, lines=None, doubled=0):
    """All lines. load: sluice-load's JSON; endpoint: an Endpoint or None; written: the endpoint's
    count of lines; lines: the sink's."""
    found = generator_lines(load)
    if endpoint is None:
        return found
    readings = endpoint.count("readings")
    if readings is None:  # a log: the sink tells
        readings = lines if lines is not None else written
        if readings is None:
            raise SystemExit("reconcile: a log does not count readings: give --sink or --summary")
    else:
        found += message_lines(load, endpoint)
        found += session_lines(load, endpoint)
        found += sink_lines(readings, endpoint.outcome("sink_failed"), written, lines)
    return found + answer_lines(load, endpoint, readings) + record_lines(load, endpoint, doubled)


def difference(after, before):
    """What was counted between two answers of telemetry."""
    return {name: n - before.get(name, 0) for name, n in after.items()}


def unwrapped(reply, command):
    return reply.get(command, reply)


def endpoint_of(after, before=None):
    """An Endpoint of /sluice/stats' replies."""
    after = unwrapped(after, "/sluice/stats")
    before = unwrapped(before or {}, "/sluice/stats")
    return Endpoint(difference(after["counters"], before.get("counters", {})),
                    difference(after["outcomes"], before.get("outcomes", {})))


def endpoint_of_log(text):
    """An Endpoint of --stats-period's blocks: the last total of each outcome that is named."""
    found = re.findall(r"^\s+([a-z0-9_]+)\s+\+\d+\s+(\d+)\s", text, re.MULTILINE)
    return Endpoint({}, {name: int(total) for name, total in found})


def read_json(path):
    return json.loads(Path(path).read_text(encoding="utf-8")) if path else None


def count_lines(path):
    with open(path, "rb") as f:
        return sum(block.count(b"\n") for block in iter(lambda: f.read(1 << 20), b""))


def ask(pid, command):
    """Telemetry's answer of a process."""
    tool = Path(__file__).resolve().parent.parent / "tests/net/telemetry.py"
    out = subprocess.run([sys.executable, tool, str(pid), command], check=True, text=True,
                         capture_output=True)
    return json.loads(out.stdout)


def arguments():
    p = argparse.ArgumentParser(description="whether all messages are accounted for")
    p.add_argument("--load", required=True)
    p.add_argument("--endpoint")
    p.add_argument("--before")
    p.add_argument("--endpoint-log")
    p.add_argument("--pid", type=int)
    p.add_argument("--summary")
    p.add_argument("--sink")
    p.add_argument("--sink-lines", type=int)
    p.add_argument("--doubled", type=int, default=0)
    return p.parse_args()


def main():
    a = arguments()
    endpoint, summary = None, read_json(a.summary)
    if a.pid:
        endpoint = endpoint_of(ask(a.pid, "/sluice/stats"), read_json(a.before))
        summary = summary or (None if a.before else ask(a.pid, "/sluice/session/summary"))
    elif a.endpoint:
        endpoint = endpoint_of(read_json(a.endpoint), read_json(a.before))
    elif a.endpoint_log:
        endpoint = endpoint_of_log(Path(a.endpoint_log).read_text(encoding="utf-8"))
    written = unwrapped(summary, "/sluice/session/summary")["sink_lines"] if summary else None
    lines = count_lines(a.sink) if a.sink else a.sink_lines
    found = reconcile(read_json(a.load), endpoint, written, lines, a.doubled)
    for line in found:
        print(line)
    return 0 if all(line.ok for line in found) else 1


if __name__ == "__main__":
    sys.exit(main())

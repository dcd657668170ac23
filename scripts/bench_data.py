# SPDX-License-Identifier: BSD-3-Clause
"""Reports of sluice-bench and sluice-bench-peers: read, joined, condensed.

The machine is shared: a neighbour on the same core makes everything up to 1.8 times slower for
seconds. Each repetition carries the greater of two readings of an empty loop ("probe"), before and
after. A repetition is quiet when that is within 7 % of the least of the whole run. A figure is the
median of the quiet repetitions, and its spread the least and the greatest of all. Where fewer than
three were quiet it is the median of the fastest quarter (at least three): the neighbour makes two
heaps of the repetitions, one 1.5 times the other, and the probe, a moment beside the bench, cannot
always tell which of them a repetition is in.
"""
import json
import re
import statistics

QUIET = 1.07
NOT_VALUES = {"ns", "cycles", "probe", "items_per_second", "bytes_per_second", "real_time", "cpu_time",
              "items", "iterations", "repetitions", "repetition_index", "threads", "family_index",
              "per_family_instance_index"}


def exchange(group):
    return (f"keygen/{group}", f"derive/{group}")


SIGN, VERIFY = ("sign/ecdsa-secp256r1",), ("verify/ecdsa-secp256r1",)

# The public-key operations of each kind of handshake, by names of bench_libcrypto.c, where the server signs on secp256r1
# and, of a device's chain, verifies the device's certificate: the one above it was verified a moment ago.
OPERATIONS = {
    "ecdhe-psk": exchange("secp256r1"),
    "ecdhe-psk-x25519": exchange("x25519"),
    "ecdhe-ecdsa": exchange("secp256r1") + SIGN,
    "ecdhe-ecdsa-x25519": exchange("x25519") + SIGN,
    "ecdhe-ecdsa-mutual": exchange("secp256r1") + SIGN + 2 * VERIFY,
    "ecdhe-ecdsa-raw-keys": exchange("secp256r1") + SIGN + VERIFY,
}


class Data:
    """context: {key: text}; benches: {name: {"cycles": [median, least, greatest, quiet, n],
    "values": {name: median}}}; failed, skipped: {name: why}."""

    def __init__(self, context, benches, failed=None, skipped=None):
        self.context, self.benches = context, benches
        self.failed, self.skipped = failed or {}, skipped or {}

    @property
    def tsc_ghz(self):
        return float(self.context["tsc_mhz"]) / 1000

    def us(self, name):
        """Microseconds of a bench; None: it is not there."""
        bench = self.benches.get(name, {})
        return bench["cycles"][0] / self.tsc_ghz / 1e3 if "cycles" in bench else None

    def operations(self, mode, more=()):
        """Microseconds that libcrypto takes for what a kind of handshake has of public-key operations, and some more."""
        parts = [self.us(f"libcrypto/{op}") for op in OPERATIONS.get(mode, ()) + more]
        return sum(parts) if parts and None not in parts else None

    def write(self, path):
        """Bench names are a tree there, a level for each "/"."""
        tree = {}
        for name, bench in sorted(self.benches.items()):
            node = tree
            for part in name.split("/"):
                node = node.setdefault(part, {})
            node.update(bench)
        with open(path, "w", encoding="utf-8") as f:
            f.write('{"context": ' + json.dumps(self.context, indent=1, sort_keys=True))
            f.write(',\n"columns": ["median", "least", "greatest", "quiet", "repetitions"],\n')
            f.write('"benches": {\n')
            f.write(",\n".join(f"{json.dumps(name)}: {lines(node, 2)}" for name, node in tree.items()))
            f.write("\n}}\n")


LEAF = ("cycles", "path", "values")


def lines(node, depth):
    """JSON with a line for each of the upper levels, so that a change is seen where it is."""
    if depth == 0 or any(key in node for key in LEAF):
        return json.dumps(node, separators=(",", ":"))
    return "{\n" + ",\n".join(f"{json.dumps(k)}: {lines(v, depth - 1)}" for k, v in node.items()) + "}"


def flatten(node, name, benches):
    own = {k: v for k, v in node.items() if k in LEAF}
    if own:
        benches[name] = own
    for key, value in node.items():
        if key not in LEAF:
            flatten(value, f"{name}/{key}" if name else key, benches)


def read_condensed(path):
    with open(path, encoding="utf-8") as f:
        data = json.load(f)
    benches = {}
    flatten(data["benches"], "", benches)
    return Data(data["context"], benches)


def rounded(x):
    return float(f"{x:.4g}")


def condense(runs, least_probe):
    quiet = [r for r in runs if r.get("probe", 0) <= QUIET * least_probe]
    fastest = sorted(runs, key=lambda r: r.get("path_cycles", r.get("cycles", 0)))
    used = quiet if len(quiet) >= 3 else fastest[:max(3, len(runs) // 4)]
    bench = {}
    if "cycles" in runs[0]:
        all_cycles = [r["cycles"] for r in runs]
        bench["cycles"] = [rounded(statistics.median(r["cycles"] for r in used)),
                           rounded(min(all_cycles)), rounded(max(all_cycles)), len(quiet), len(runs)]
    values = {}
    for key, value in runs[0].items():
        if key in NOT_VALUES or not isinstance(value, (int, float)):
            continue
        values[key] = rounded(statistics.median(r.get(key, value) for r in used))
        if key == "path_cycles":
            every = [r[key] for r in runs]
            bench["path"] = [values[key], rounded(min(every)), rounded(max(every)), len(quiet),
                             len(runs)]
    if values:
        bench["values"] = values
    return bench


def read_reports(paths):
    """Repetitions of one bench in several reports are pooled. The first context counts; later ones
    add what it lacks."""
    context, runs, failed, skipped = {}, {}, {}, {}
    for path in paths:
        with open(path, encoding="utf-8") as f:
            report = json.load(f)
        for key, value in report["context"].items():
            context.setdefault(key, value if isinstance(value, str) else json.dumps(value))
        for run in report["benchmarks"]:
            name = run.get("run_name", run["name"])
            if run.get("run_type") == "aggregate":
                continue
            if run.get("error_occurred"):
                why = run["error_message"]
                (skipped if why.startswith("skipped: ") else failed)[name] = why
            else:
                runs.setdefault(name, []).append(run)
    tuning = re.findall(r"\b(?:isolcpus|nohz_full|rcu_nocbs|mitigations|hugepages|default_hugepagesz|idle)=\S+",
                        context.get("kernel_cmdline", ""))
    context["kernel_tuning"] = " ".join(tuning)
    for key in ("caches", "executable", "command", "host_name", "kernel_cmdline", "library_build_type",
                "json_schema_version", "library_version"):
        context.pop(key, None)
    least = min((r["probe"] for reps in runs.values() for r in reps if "probe" in r), default=0)
    return Data(context, {n: condense(reps, least) for n, reps in runs.items()}, failed, skipped)

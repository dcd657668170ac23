#!/usr/bin/env python3
# SPDX-License-Identifier: BSD-3-Clause
"""Two processes on two cores: a server on the first, sluice-load on the second, and what each used.

A server's CPU is what it worked: for ours, which polls, the busy cycles of its telemetry; for
others the run time that the scheduler counts. Both are taken while the load is steady, between the
second second of the load and its last.
"""
import json
import os
import re
import shutil
import signal
import subprocess
import sys
import tempfile
import threading
import time

ROOT = os.path.dirname(os.path.dirname(os.path.abspath(__file__)))
sys.path.insert(0, os.path.join(ROOT, "tests/net"))
import telemetry  # noqa: E402

SUITES = {"AES-128-GCM": ("AES_128_GCM", "gcm"), "AES-128-CCM-8": ("AES_128_CCM_8", "ccm8")}
# What the peers' adapters have as their key (bench/peers/peer.h), and libcoap as text.
PEER_KEY = b"0123456789abcde\0".hex()
COAP_KEY = "secret-of-16-byt"
# A virtual machine's core stands still for milliseconds at times: where a loss counts, queues hold what
# comes meanwhile. They cost a tenth more CPU, for their packets' memory leaves the cache. A request that
# its generator sends late for that is no fault, for latencies count from its time.
QUEUES = ["--rxd", "4096", "--txd", "4096"]
LATE = ["--late", "50ms"]
SERVER, CLIENT, PORT = "198.18.0.2", "198.18.0.1", 5684


class Failed(Exception):
    """A run that cannot be made; the reason is for the reader."""


class Places:
    """Builds, directories, cores, namespaces: what a run needs and leaves nothing of."""

    def __init__(self, build, server_core, load_core):
        self.work = tempfile.mkdtemp(prefix="sluice-e2e.")
        self.sluice = os.path.join(build, "app/sluice/sluice")
        self.load = os.path.join(build, "app/sluice-load/sluice-load")
        self.peer = os.path.join(build, "bench/peers/sluice-peer-server")
        self.server_core, self.load_core = server_core, load_core
        self.spaces = None

    def path(self, name):
        return os.path.join(self.work, name)

    def on_core(self, core, command, space=None):
        """A command on one core, before others where that is allowed."""
        inside = ["ip", "netns", "exec", space] if space else []
        first = 'echo -15 > /proc/self/autogroup 2> /dev/null; renice -n -10 -p $$ > /dev/null 2>&1; exec "$@"'
        return ["setpriv", "--pdeathsig", "KILL", "sh", "-c", first, "sh", *inside, "taskset", "-c", str(core), *command]

    def namespaces(self):
        """A veth pair between two namespaces. The generator has its end to itself, by af_packet: tens of
        thousands of sockets would be its cost, and beyond many a limit; the server sees no difference."""
        if self.spaces:
            return self.spaces
        srv, cli = f"sl-e-s-{os.getpid()}", f"sl-e-c-{os.getpid()}"
        self.spaces = (srv, cli)
        for line in (
            f"ip netns add {srv}", f"ip netns add {cli}",
            f"ip link add veth0 netns {srv} type veth peer name veth1 netns {cli}",
            f"ip -n {srv} link set lo up", f"ip -n {cli} link set lo up",
            f"ip -n {srv} link set veth0 up", f"ip -n {cli} link set veth1 up",
            f"ip netns exec {cli} sysctl -qw net.ipv6.conf.all.disable_ipv6=1",
        ):
            subprocess.run(line.split(), check=True)
        return self.spaces

    def server_address(self, kernel):
        """Whether the kernel answers at the server's address."""
        verb = "replace" if kernel else "del"
        subprocess.run(["ip", "-n", self.spaces[0], "addr", verb, f"{SERVER}/15", "dev", "veth0"],
                       check=kernel, stderr=subprocess.DEVNULL)

    def close(self):
        for space in self.spaces or ():
            subprocess.run(["ip", "netns", "del", space], check=False, stderr=subprocess.DEVNULL)
        shutil.rmtree(self.work, ignore_errors=True)


def end_cleanly():
    """A signal unwinds, so that nothing is left behind; what it cannot unwind dies with us."""
    def leave(number, _):
        raise SystemExit(128 + number)
    for number in (signal.SIGTERM, signal.SIGINT, signal.SIGHUP):
        signal.signal(number, leave)


def wait_for(path, process, pattern, seconds=60):
    end = time.monotonic() + seconds
    while time.monotonic() < end and process.poll() is None:
        with open(path, errors="replace") as f:
            if re.search(pattern, f.read(), re.M):
                return
        time.sleep(0.05)
    with open(path, errors="replace") as f:
        raise Failed(f"{os.path.basename(process.args[-1])} did not start:\n{f.read()[-2000:]}")


class Server:
    """A process that answers, and its CPU."""

    def __init__(self, places, command, ready, space=None, cores=None):
        self.log = places.path("server.log")
        with open(self.log, "w") as log:
            self.process = subprocess.Popen(places.on_core(cores or places.server_core, command, space),
                                            stdout=log, stderr=subprocess.STDOUT, start_new_session=True)
        self.pid = self.process.pid  # all of the command's prefix execs
        try:
            wait_for(self.log if ready else f"/proc/{self.pid}/net/udp", self.process, ready or f":{PORT:04X} ")
        except Failed:
            self.stop()
            raise

    def sample(self):
        """Seconds, and seconds of CPU that was work."""
        total = 0
        for task in os.listdir(f"/proc/{self.pid}/task"):
            with open(f"/proc/{self.pid}/task/{task}/schedstat") as f:
                total += int(f.read().split()[0])
        return {"time": time.monotonic(), "cpu": total / 1e9}

    def between(self, a, b, answered_per_s):
        """CPU seconds a request, from two samples; the generator says how many requests."""
        seconds = b["time"] - a["time"]
        share = (b["cpu"] - a["cpu"]) / seconds
        return {"cpu_share": share, "cpu_ns_per_request": share / answered_per_s * 1e9}

    def stop(self):
        if self.process.poll() is None:
            self.process.terminate()
            try:
                self.process.wait(30)
            except subprocess.TimeoutExpired:
                self.process.kill()
                self.process.wait()
        return self.process.returncode


class Sluice(Server):
    """Our endpoint, everything on one core unless options say otherwise."""

    def __init__(self, places, wire, psk, sessions, sink="null", options=(), space=None):
        device = {"vhost": f"vhost:{places.path('vhost.sock')}"}.get(wire, f"{wire}:veth0")
        core = str(places.server_core)
        layout = [] if "--config" in options else ["--config", f"(0,0,{core})"]
        layout += [] if "--workers" in options else ["--workers", core, "--handshake-cores", core]
        # A reconnecting device has its old session still.
        command = [places.sluice, "--port", f"{device},ip={SERVER}/15", "--psk-file", psk, "--sink", sink,
                   "--max-sessions", str(max(1000, sessions + sessions // 8)), *layout, *options]
        self.telemetry = None
        # A layout with workers elsewhere has them beside the generator: there are no other cores.
        super().__init__(places, command, r"^ready:", space, f"{core},{places.load_core}" if "--workers" in options else None)
        self.telemetry = telemetry.Telemetry(self.pid)

    def counters(self):
        answer = self.telemetry.ask("/sluice/stats")
        return answer.get("counters", answer), answer.get("outcomes", {})

    def sample(self):
        counters, _ = self.counters()
        sessions = self.telemetry.ask("/sluice/session/summary")["sessions"]
        return {**super().sample(), "sessions": sessions, **{k: counters.get(k, 0) for k in (
            "cycles", "busy_cycles", "records_opened", "coap_messages", "aead_ops", "aead_calls", "rx_frames", "rx_bursts")}}

    def between(self, a, b, answered_per_s):
        """The run time of all its threads, but for what the poll core spent on looking in vain."""
        d = {k: b[k] - a[k] for k in a}
        if d["records_opened"] == 0 or d["cycles"] == 0:
            return {}
        busy = d["busy_cycles"] / d["cycles"]
        return {"busy": busy, "cpu_share": d["cpu"] / d["time"], "cycles_per_request": d["busy_cycles"] / d["records_opened"],
                "cpu_ns_per_request": d["cpu"] * busy / d["records_opened"] * 1e9,
                "burst": d["rx_frames"] / max(1, d["rx_bursts"]), "lanes": d["aead_ops"] / max(1, d["aead_calls"])}

    def stop(self):
        if self.telemetry:
            self.telemetry.close()
        return super().stop()


def peer_server(places, library, suite):
    srv, _ = places.namespaces()
    places.server_address(True)
    os.environ["GLIBC_TUNABLES"] = "glibc.malloc.hugetlb=1"  # makes each of them faster
    try:
        return Server(places, [places.peer, library, SUITES[suite][1], SERVER, str(PORT)], r"^ready", srv)
    finally:
        del os.environ["GLIBC_TUNABLES"]


def coap_server(places, library):
    """libcoap's example server; it creates what is posted to, and listens at port + 1 with DTLS."""
    srv, _ = places.namespaces()
    places.server_address(True)
    command = [f"coap-server-{library}", "-v", "4", "-d", "10", "-A", SERVER, "-p", str(PORT - 1), "-k", COAP_KEY, "-h", "hint"]
    return Server(places, command, None, srv)


class Load:
    """One run of sluice-load against a server, watched."""

    def __init__(self, places, wire, psk, sessions, suite, options):
        options = list(map(str, options))
        self.json = places.path("load.json")
        if os.path.exists(self.json):
            os.remove(self.json)
        if wire == "vhost":
            port, space = f"virtio_user:{places.path('vhost.sock')},ip={CLIENT}/15", None
        else:
            port, space = f"af_packet:veth1,ip={CLIENT}/15", places.namespaces()[1]
        addresses = -(-sessions // (65536 - 1024))
        command = [places.load, "--port", port, "--sources", f"198.18.64.0+{addresses}", "--target", f"{SERVER}:{PORT}", "--devices", str(sessions),
                   "--identities", psk, "--suites", SUITES[suite][0], "--json", self.json,
                   "--cores", str(places.load_core), *LATE, *options]
        self.out = open(places.path("load.out"), "w+")
        self.process = subprocess.Popen(places.on_core(places.load_core, command, space),
                                        stdout=self.out, stderr=subprocess.PIPE, text=True,
                                        start_new_session=True)
        self.seconds = sum(float(options[options.index(o) + 1].rstrip("s")) if o in options else default
                           for o, default in (("--ramp", 0), ("--warmup", 1), ("--duration", 10)))
        self.phase, self.lines, self.seen = "", [], []
        self.reader = threading.Thread(target=self.read, daemon=True)
        self.reader.start()

    def read(self):
        for line in self.process.stderr:
            self.lines.append(line.rstrip())
            found = re.match(r"\s*(\d+) s (\S+)", line)
            if found:
                self.phase = found.group(2)
                self.seen.append((time.monotonic(), self.phase))

    def watch(self, server, limit=600):
        """Samples of the server while the load is on: the first and the last of the steady time."""
        samples, end = [], time.monotonic() + limit
        while self.process.poll() is None:
            if time.monotonic() > end:
                self.process.terminate()
                self.process.wait()
                raise Failed("sluice-load did not end")
            if self.phase == "load":
                samples.append(server.sample())
            time.sleep(0.25)
        self.reader.join()
        load = [t for t, phase in self.seen if phase == "load"]
        if not load:
            return None
        # A line tells of the second before it, and the first of the phase before, too.
        steady = [s for s in samples if load[0] + 0.5 <= s["time"] <= load[0] - 1 + self.seconds]
        return (steady[0], steady[-1]) if len(steady) > 1 else None

    def result(self):
        self.out.seek(0)
        text = self.out.read()
        self.out.close()
        if not os.path.exists(self.json):
            raise Failed("\n".join(self.lines[-5:]) + text)
        with open(self.json) as f:
            return json.load(f), text


def run(places, server, wire, psk, sessions, suite, options):
    """One run; what it gave, and what it cost the server."""
    load = Load(places, wire, psk, sessions, suite, options)
    try:
        window = load.watch(server)
    finally:
        load.process.kill()
    report, text = load.result()
    measured = report.get("measured", {})
    cost = server.between(*window, measured["answered_per_s"]) if window and measured.get("answered_per_s") else {}
    return {"report": report, "text": text, "cost": cost, "progress": load.lines, "last": window[1] if window else {}}


def write_identities(places, n, key):
    """n devices of one key, as peers want it; a file as --psk-file and --identities take it."""
    path = places.path(f"ids-{n}-{key[:4]}")
    if not os.path.exists(path):
        with open(os.open(path, os.O_WRONLY | os.O_CREAT, 0o600), "w") as f:
            f.writelines(f"dev{i:08d}:{key}\n" for i in range(n))
    return path

#!/usr/bin/env bash
# SPDX-License-Identifier: BSD-3-Clause
# Many devices at once: every reading is accounted for, also when the endpoint is told to reload or to
# leave, or is killed.
# shellcheck source=tests/net/lib.sh
. "$(dirname "$0")/lib.sh"

make_net

(umask 077 && "$fleet" --psk-file "$work/psk" --devices 10000)

# acked_are_in_sink FILE: every payload that was answered with 2.xx stands in the sink, whole.
acked_are_in_sink() {
	python3 - "$1" "$sink" <<'PY'
import json, sys
lines = open(sys.argv[2], "rb").read().split(b"\n")
torn = lines.pop()  # empty, or a last line that was cut off
seen = {}
for line in lines:
    if line:
        payload = json.loads(line)["payload"]
        seen[payload] = seen.get(payload, 0) + 1
acked = open(sys.argv[1]).read().split()
missing = [a for a in acked if a not in seen]
twice = [p for p, n in seen.items() if n > 1]
print(len(acked), "acked,", len(seen), "in the sink,", len(missing), "missing,", len(twice), "twice; torn tail:", len(torn))
sys.exit(bool(missing or twice or not acked))
PY
}
client() { in_cli timeout 120 "$fleet" --target 198.18.0.2 "$@"; }
# Where it does not matter which readings were answered.
load() { # address, options
	local target=$1
	shift
	in_cli timeout 60 "$load" --port kernel --target "$target:5684" --identities "$work/psk" --devices 500 \
		--rate 500 --warmup 0s --duration 2s --late 500ms "$@"
}

# The same with every role on one core, with poll and worker apart, and with two poll cores.
everything() { # what, layout options
	local what=$1
	shift
	check "$what: starts" start_sluice af_packet:veth0 --max-sessions 20k --max-handshakes 2k --session-timeout 60s "$@"
	: > "$sink"
	check "$what: 200 clients at once, CON" client --devices 200 --window 200 --readings 5 --acked "$work/acked"
	check "$what: all of it in the sink, once" acked_are_in_sink "$work/acked"
	check "$what: 1000 lines" lines 1000 '"confirmable":true'
	: > "$sink"
	check "$what: 10,000 devices send a NON reading as soon as their handshake lets them" \
		client --devices 10000 --window 200 --non
	check "$what: none of the 10,000 is lost" lines 10000 '"confirmable":false'
	check "$what: CCM_8, 500 devices" load 198.18.0.2 --suites AES_128_CCM_8
	check "$what: over IPv6" load "[2001:db8::2]"
}
everything "one core" --config '(0,0,0)' --workers 0 --handshake-cores 0
check "one core: drains" stop_sluice
everything "two poll cores" --config '(0,0,0),(0,1,1)' --workers 0,1 --handshake-cores 0,1
both_work() { [ "$(telemetry /sluice/stats,0 counters rx_frames)" -gt 100 ] && [ "$(telemetry /sluice/stats,1 counters rx_frames)" -gt 100 ]; }
check "two poll cores: both had work" both_work
check "two poll cores: drains" stop_sluice
everything "poll and worker apart" --config '(0,0,0)' --workers 1 --handshake-cores 1

: > "$sink"
reload_under_load() {
	client --devices 1000 --window 100 --readings 20 --acked "$work/acked" > "$work/fleet" 2>&1 &
	local pid=$!
	for _ in 1 2 3 4 5; do sleep 0.2; kill -HUP "$sluice_pid"; done
	wait $pid || { cat "$work/fleet"; return 1; }
}
check "SIGHUP five times under load: nobody notices" reload_under_load
check "SIGHUP under load: every acked reading is in the sink, once" acked_are_in_sink "$work/acked"

: > "$sink"
term_under_load() {
	client --devices 2000 --window 100 --readings 50 --seconds 6 --acked "$work/acked" > "$work/fleet" 2>&1 &
	local pid=$!
	sleep 1.5
	stop_sluice TERM || { echo "exit status $?"; return 1; }
	wait $pid
	return 0
}
check "SIGTERM under load: exit 0" term_under_load
check "SIGTERM under load: every acked reading is in the sink" acked_are_in_sink "$work/acked"

for round in 1 2 3; do
	rm -f "$sink" "$work/acked"
	check "kill -9, round $round: starts" start_sluice af_packet:veth0 --ack delivered --max-handshakes 2k
	kill_under_load() {
		client --devices 2000 --window 100 --readings 50 --seconds 5 --acked "$work/acked" > "$work/fleet" 2>&1 &
		local pid=$!
		sleep "1.$round"
		stop_sluice KILL
		wait $pid
		return 0
	}
	check "kill -9, round $round: under load with --ack delivered" kill_under_load
	check "kill -9, round $round: every reading that got 2.xx is in the file, whole" acked_are_in_sink "$work/acked"
done

#!/usr/bin/env bash
# SPDX-License-Identifier: BSD-3-Clause
# Sessions that end without a word: a device that vanishes, one that comes back on the same port, a table
# that is full.
# shellcheck source=tests/net/lib.sh
. "$(dirname "$0")/lib.sh"

make_net

sessions_are() {
	local n
	for _ in $(seq 150); do
		n=$(telemetry /sluice/session/summary sessions)
		[ "$n" = "$1" ] && return 0
		sleep 0.1
	done
	echo "sessions $n, not $1"
	return 1
}
# holds PORT: a client that makes a session from this port, posts, and then keeps still.
holds() {
	{ printf '\x40\x02\x12\x34\xb1s\xffhello'; sleep 30; } |
		in_cli openssl s_client -dtls1_2 -connect 198.18.0.2:5684 -bind "198.18.0.1:$1" -psk "$(psk_key_hex)" \
			-psk_identity dev1 -cipher PSK-AES128-GCM-SHA256 -quiet -nocommands > /dev/null 2>&1 &
}
vanish() { # kill -9 of every client: no close_notify
	for pid in $(ip netns pids "$cli"); do kill -KILL "$pid" 2>/dev/null; done
	wait_for_none() { [ -z "$(ip netns pids "$cli")" ]; }
	for _ in $(seq 50); do wait_for_none && return 0; sleep 0.1; done
}

check "starts" start_sluice af_packet:veth0 --session-timeout 4s
: > "$sink"
holds 40001
check "a device holds a session" sessions_are 1
check "its reading arrived" lines 1 '"payload":"hello"'
vanish
holds 40001
check "it vanished, and comes back on the same port" lines 2 '"payload":"hello"'
check "the old session was replaced, when the new one had finished" counted session_replaced 1
check "there is one session" sessions_are 1
vanish
check "nobody speaks: the session times out" sessions_are 0
check "and is counted as idle" counted session_idle 1
check "drains" stop_sluice

check "starts with room for 4 sessions" start_sluice af_packet:veth0 --max-sessions 4 --session-timeout 8s
for port in 40011 40012 40013 40014; do holds $port; done
check "4 devices fill the table" sessions_are 4
check "a fifth finds no room" refused -B 3
check "and is counted" counted session_full 1
check "the four are still there" sessions_are 4
vanish
check "their slots come back" sessions_are 0
check "and serve the next device" posts gnutls 198.18.0.2 '{"n":1}'
check "drains" stop_sluice

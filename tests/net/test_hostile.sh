#!/usr/bin/env bash
# SPDX-License-Identifier: BSD-3-Clause
# A client with valid cookies and bad intentions: whatever it does, slots come back, memory stays flat, and
# the next device is served (bad-input E4, J2, N2, N4; CVE-2022-39368's class).
# shellcheck source=tests/net/lib.sh
. "$(dirname "$0")/lib.sh"

scale=${SCALE:-1} # 50: a hundred thousand handshakes and a million replays
make_net
ip -n "$cli" addr add 198.18.9.1/15 dev veth1

attack() { in_cli timeout 570 python3 "$root/tests/net/attacker.py" "$1" "${3:-198.18.0.2}" "$2"; }
rss() { awk '/^RssAnon/ { print $2 }' "/proc/$sluice_pid/status"; }
handshakes() { telemetry /sluice/session/summary handshakes; }
none_active() {
	for _ in $(seq 40); do
		[ "$(handshakes)" = 0 ] && return 0
		sleep 0.1
	done
	echo "handshakes under way: $(handshakes)"
	return 1
}
served() { none_active && posts openssl 198.18.0.2 "{\"n\":$1}"; }
flat() { echo "before $rss_before kB, after $(rss) kB"; [ "$(rss)" -le $((rss_before + 1024)) ]; }

check "starts" start_sluice af_packet:veth0 --max-handshakes 64
check "a device is served before" posts openssl 198.18.0.2 '{"n":0}'
check "handshakes that are abandoned" attack abandon $((300 * scale))
rss_before=$(rss)
check "many more of them" attack abandon $((1000 * scale))
check "a device is served after them" served 1
one_association() { n=$(sed -n 's/answers //p' "$work/replay"); echo "$n answers"; [ "${n:-0}" -ge 1 ] && [ "$n" -le $((8 * scale + 8)) ]; }
attack replay $((20000 * scale)) > "$work/replay"
check "it is answered as one association, a few times" one_association
check "a device is served after it" served 2
check "hellos that supersede each other" attack supersede $((500 * scale))
check "a device is served after them" served 3
check "handshakes that go on with nonsense" attack junk $((500 * scale))
check "a device is served after them" served 4
check "mangled hellos with a cookie" attack mangled $((20000 * scale))
check "a device is served after them" served 5
if ldd "$sluice" | grep -q libasan; then
	skip "memory is what it was" "the sanitizer keeps what was freed"
else
	check "memory is what it was" flat
fi
check "a network fills its share of the slots" attack fill 40
check "the rest is refused" counted hello_limit 1
other_network() {
	in_cli timeout 30 python3 - "$root/tests/net" <<-'PY'
		import sys
		sys.path.insert(0, sys.argv[1])
		from attacker import socket_to, begin
		sys.exit(not begin(socket_to("198.18.0.2", "198.18.9.1")))
	PY
}
check "another network is served meanwhile" other_network
check "drains" stop_sluice

#!/usr/bin/env bash
# SPDX-License-Identifier: BSD-3-Clause
# A million spoofed hellos without a cookie leave memory and every table as they were, and bytes out never
# exceed bytes in.
# shellcheck source=tests/net/lib.sh
. "$(dirname "$0")/lib.sh"

make_net

mac() { ip -n "$srv" -j link show veth0 | python3 -c 'import json,sys; print(json.load(sys.stdin)[0]["address"])'; }
rss() { awk '/^VmRSS|^RssAnon/ { s += $2 } END { print s }' "/proc/$sluice_pid/status"; }
bytes_of() { in_cli cat "/sys/class/net/veth1/statistics/$1"; }
sessions() { telemetry /sluice/session/summary; }

check "starts" start_sluice af_packet:veth0
check "a device is served before" posts openssl 198.18.0.2 '{"n":1}'
in_cli timeout 20 "$flood" veth1 "$(mac)" 198.18.0.2 20000
sleep 1
before=$(sessions)
rss_before=$(rss)
out_before=$(bytes_of rx_bytes)
in_before=$(bytes_of tx_bytes)
check "a million spoofed hellos" in_cli timeout 120 "$flood" veth1 "$(mac)" 198.18.0.2 1000000
sleep 1
no_growth() { echo "before $rss_before kB, after $(rss) kB"; [ "$(rss)" -le $((rss_before + 512)) ]; }
check "memory is what it was" no_growth
same_tables() { echo "before $before, after $(sessions)"; [ "$(sessions)" = "$before" ]; }
check "sessions and handshakes are what they were" same_tables
no_amplification() {
	local sent=$(($(bytes_of tx_bytes) - in_before)) got=$(($(bytes_of rx_bytes) - out_before))
	echo "in $sent, out $got"
	[ "$sent" -gt 50000000 ] && [ "$got" -gt 0 ] && [ "$got" -le "$sent" ]
}
check "bytes out do not exceed bytes in" no_amplification
check "a device is served after" posts gnutls 198.18.0.2 '{"n":2}'
check "drains" stop_sluice

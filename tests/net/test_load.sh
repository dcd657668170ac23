#!/usr/bin/env bash
# SPDX-License-Identifier: BSD-3-Clause
# sluice-load over kernel sockets: against the endpoint on af_packet, with its counters and the
# sink's lines, and against libcoap's servers. --late is generous: the machine has other work.
# shellcheck source=tests/net/lib.sh
. "$(dirname "$0")/lib.sh"

master=000102030405060708090a0b0c0d0e0f

who=(--master-key "$master")

make_net
port=(--port kernel)
open_loop=(--warmup 0s --late 500ms)
load() { # devices, options
	local n=$1
	shift
	in_cli timeout 60 "$load" "${port[@]}" --target 198.18.0.2:5684 --devices "$n" "${who[@]}" "$@" > "$work/load" 2>&1
	local rc=$?
	cat "$work/load"
	return $rc
}
fleet_load() { load "$@" "${open_loop[@]}"; }
told() { grep -Eq -- "$1" "$work/load" || { cat "$work/load"; return 1; }; }
fails_with() { # status, devices, options
	local want=$1 rc
	shift
	fleet_load "$@"
	rc=$?
	[ $rc = "$want" ] || { echo "exit status $rc, not $want"; return 1; }
}

check "writes the fleet's credentials" "$load" --write-psk "$work/psk" --devices 200 --master-key $master
check "endpoint starts" start_sluice af_packet:veth0

check "200 devices, 500 requests a second, all answered" fleet_load 200 --rate 500 --duration 2s
check "the sink has them all" lines 1000 '"method":"POST"'
check "con and non, payloads of many sizes, a ramp" \
	fleet_load 50 --rate 400 --duration 1s --ramp 1s --mix con:50,non:50 --payload 0-900
check "as fast as it goes" fleet_load 100 --rate max --inflight 50 --duration 1s
check "churn and resumption" fleet_load 50 --rate 200 --duration 2s --churn 20% --resume 50%
check "  … was resumed" told 'resumed [1-9]'
check "a storm: 150 of 200 devices come back at once, and resume" \
	fleet_load 200 --rate 200 --duration 2s --storm 150 --storm-at 500ms --resume 100% --retransmit off --json "$work/storm.json"
check "  … all of them" told '^Storm: 150 devices at once, served 150 \(resumed 150\)'
sessions_are() { [ "$(telemetry /sluice/session/summary sessions)" = "$1" ] || { telemetry /sluice/session/summary; return 1; }; }
check "  … and leave nothing behind" sessions_are 0
check "attacks beside the requests" fleet_load 50 --rate 500 --duration 1s --hostile 30%
check "  … were sent" told 'hostile datagrams sent +[1-9]'
check "loss, reordering, duplicates" \
	fleet_load 20 --rate 50 --duration 1s --loss 5% --reorder 5% --duplicate 5% --churn 20% --resume 50%
check "  … were made" told 'lost, doubled or held back|impaired'
check "handshakes only" load 50 --handshakes-only --resume 50% --warmup 0s --duration 1s
check "what a handshake costs" load 5 --report handshake-cost
check "  … full: 3 round trips" told '^full, gives a ticket +pre-shared key +TLS_PSK_WITH_AES_128_GCM_SHA256 .* 3 '
check "  … resumed: 2, the cookie's among them" told '^resumed by ticket +pre-shared key +TLS_PSK_WITH_AES_128_GCM_SHA256 .* 2 '
check "an unknown identity fails, and is told" fails_with 3 201 --rate 10 --duration 1s --handshake-rate max
check "a report that cannot be written fails the run" \
	fails_with 3 5 --rate 10 --duration 1s --json "$work/nowhere/x.json"
check "  … and is told" told 'nowhere/x.json: No such file'
check "endpoint drains" stop_sluice

# Two processes of DPDK, without huge pages.
: > "$sink"
check "vhost: endpoint starts" start_sluice "vhost:$work/vhost.sock"
port=(--test-mode --port "virtio_user:$work/vhost.sock,ip=198.18.0.1/15")
check "virtio_user: 200 devices, 1000 requests a second" fleet_load 200 --rate 1000 --duration 2s
check "the sink has them all" lines 2000 '"method":"POST"'
check "vhost: drains" stop_sluice
port=(--port kernel)

# Somebody else's server: one key for all (libcoap), by name in a file.
for i in $(seq 20); do psk_line "dev$i" "$key_text"; done > "$work/ids"
chmod 600 "$work/ids"
who=(--identities "$work/ids")
for kind in openssl gnutls; do
	if ! command -v "coap-server-$kind" > /dev/null; then
		skip "coap-server-$kind" "not installed"
		continue
	fi
	in_srv ip addr replace 198.18.0.2/15 dev veth0
	in_srv "coap-server-$kind" -A 198.18.0.2 -p 5683 -k "$key_text" -d 10 -v 3 > "$work/log" 2>&1 &
	pid=$!
	soon in_srv sh -c 'ss -Hlnu "sport = :5684" | grep -q .'
	check "coap-server-$kind: 20 devices, all answered" \
		fleet_load 20 --suites AES_128_GCM --rate 200 --duration 1s --path s
	kill $pid
	wait $pid 2>/dev/null || true # it was killed
done

#!/usr/bin/env bash
# SPDX-License-Identifier: BSD-3-Clause
# How long a device waits: wolfSSL's and NSS's clients (scripts/peers.sh) with DTLS 1.2 and 1.3 before an
# endpoint of this build, over paths of several round-trip times, in namespaces. A line a kind and
# path: the median of the time to the answer of a first request in milliseconds, and what that is in round
# trips when the time without a path is taken off.
#
# As root. BUILD chooses the build; RTTS [10 50 200] in milliseconds, RUNS [5].
# shellcheck source=tests/net/lib.sh
. "$(dirname "$0")/../tests/net/lib.sh"
# shellcheck source=tests/interop/adapters.sh
. "$root/tests/interop/adapters.sh"
trap cleanup EXIT

rtts=${RTTS:-10 50 200}
runs=${RUNS:-5}
make_pki >&2
build_newer
for name in wolfssl-new nss-new; do
	if why=$(missing $name); then
		echo "$why" >&2
		exit 1
	fi
done
nss_database "$pki/ca.crt" "$pki/client.crt" "$pki/client.key" > /dev/null 2>&1
cat "$pki/ca.crt" "$pki/intermediate.crt" > "$work/cas"
make_net
start_sluice af_packet:veth0 --cert "$pki/server.crt" --key "$pki/server.key" --client-ca "$work/cas" > /dev/null || exit 1
request rtt

now_ms() { date +%s%3N; }
median() { sort -n | awk '{ at[NR] = $1 } END { print at[int((NR + 1) / 2)] }'; }

# answered CLIENT OPTION…: milliseconds until it has its answer; wolfSSL's says so, of the last session.
answered() {
	local start
	start=$(now_ms)
	client "$@" > "$work/failed" || { cat "$work/failed" >&2; exit 1; }
	awk -v passed=$(($(now_ms) - start)) '/^answered:/ { passed = $2 } END { print passed }' "$work/said"
}

declare -A without
row() { # RTT, kind, client and options
	local rtt=$1 kind=$2 time
	shift 2
	time=$(for _ in $(seq "$runs"); do answered "$@"; done | median)
	[ "$rtt" = 0 ] && without[$kind]=$time
	[ "$rtt" = 0 ] || awk -v kind="$kind" -v rtt="$rtt" -v time="$time" -v base="${without[$kind]}" \
		'BEGIN { printf "%-52s %6d %10.1f %6.2f\n", kind, rtt, time, (time - base) / rtt }'
}

psk=(--psk "dev1:$(psk_key_hex)")
mutual=(--ca "$pki/ca.crt" --cert "$pki/client.crt" --key "$pki/client.key")
suite_12=TLS_ECDHE_PSK_WITH_CHACHA20_POLY1305_SHA256
suite_13=TLS_CHACHA20_POLY1305_SHA256
ecdsa_12=TLS_ECDHE_ECDSA_WITH_CHACHA20_POLY1305_SHA256
endpoint=127.0.0.1
endpoint_port=5700
printf '%-52s %6s %10s %6s\n' kind rtt answered trips
for rtt in 0 $rtts; do
	ip netns exec "$cli" python3 "$root/tests/net/relay.py" 5700 198.18.0.2 5684 --rtt "$rtt" > "$work/relay" &
	relay=$!
	soon grep -q ready "$work/relay" || exit 1
	row "$rtt" "wolfSSL, 1.2, PSK" wolfssl-new --dtls 1.2 --suite TLS_PSK_WITH_CHACHA20_POLY1305_SHA256 "${psk[@]}"
	row "$rtt" "wolfSSL, 1.3, psk_ke" wolfssl-new --dtls 1.3 --suite $suite_13 --psk-mode psk_ke "${psk[@]}"
	row "$rtt" "wolfSSL, 1.2, PSK with ECDHE" wolfssl-new --dtls 1.2 --suite $suite_12 "${psk[@]}"
	row "$rtt" "wolfSSL, 1.3, psk_dhe_ke" wolfssl-new --dtls 1.3 --suite $suite_13 --psk-mode psk_dhe_ke "${psk[@]}"
	row "$rtt" "wolfSSL, 1.2, PSK with ECDHE, resumed by ticket" wolfssl-new --dtls 1.2 --suite $suite_12 --resume ticket "${psk[@]}"
	row "$rtt" "wolfSSL, 1.3, psk_dhe_ke, resumed by ticket" wolfssl-new --dtls 1.3 --suite $suite_13 --resume ticket "${psk[@]}"
	row "$rtt" "NSS, 1.2, certificates both ways" nss-new --dtls 1.2 --suite $ecdsa_12 "${mutual[@]}"
	row "$rtt" "NSS, 1.3, certificates both ways" nss-new --dtls 1.3 --suite $suite_13 "${mutual[@]}"
	kill "$relay"
	wait "$relay" 2> /dev/null
done
stop_sluice

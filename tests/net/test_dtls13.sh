#!/usr/bin/env bash
# SPDX-License-Identifier: BSD-3-Clause
# DTLS 1.3 beside 1.2 on one port: our own devices and wolfSSL's client, versions as the operator
# limits them, an attacker who takes 1.3 out of the hellos, and every datagram of a handshake lost
# once. Suites and modes: test_clients.sh.
# shellcheck source=tests/net/lib.sh
. "$(dirname "$0")/lib.sh"
# shellcheck source=tests/interop/adapters.sh
. "$root/tests/interop/adapters.sh"

make_net
master=000102030405060708090a0b0c0d0e0f
suite_13=TLS_AES_128_GCM_SHA256
suite_12=TLS_PSK_WITH_AES_128_GCM_SHA256
psk=(--psk "dev1:$(psk_key_hex)")
relay_pid=
port=(--port kernel)

# With a path of their own, clients speak to it.
start_relay() {
	ip netns exec "$cli" python3 "$root/tests/net/relay.py" 5700 198.18.0.2 5684 "$@" > "$work/relay" 2>&1 &
	relay_pid=$!
	endpoint=127.0.0.1
	endpoint_port=5700
	soon grep -q ready "$work/relay"
}
stop_relay() {
	kill "$relay_pid"
	wait "$relay_pid" 2> /dev/null
	endpoint=198.18.0.2
	endpoint_port=5684
}

# wolfssl OPTION…: its client, newer; asks LABEL.
label=none
wolfssl() {
	request "$label"
	client wolfssl-new "${psk[@]}" "$@"
}
# told VERSION LABEL: the reading that says so.
told() { lines 1 "\"device\":\"dev1\",\"auth\":\"psk\",\"dtls\":\"$1\".*\"payload\":\"$2\""; }
turned_away() { # outcome, options
	local outcome=$1 before n
	shift
	before=$(telemetry /sluice/stats outcomes "$outcome" 2> /dev/null || echo 0)
	if wolfssl "$@" > /dev/null; then
		echo "was taken"
		return 1
	fi
	n=$(telemetry /sluice/stats outcomes "$outcome")
	[ "$n" -gt "$before" ] || { cat "$work/said"; telemetry /sluice/stats; return 1; }
}
# load DEVICES OPTION…: our own.
load() {
	local n=$1
	shift
	in_cli timeout 60 "$load" "${port[@]}" --target 198.18.0.2:5684 --devices "$n" --master-key $master "$@" > "$work/load" 2>&1
	local rc=$?
	cat "$work/load"
	return $rc
}
reported() { grep -Eq -- "$1" "$work/load" || { cat "$work/load"; return 1; }; }
# in_sink PATTERN: as many lines as requests were answered; how many those are, a busy machine decides.
in_sink() { lines "$(awk '$1 == "answered" { print $2 }' "$work/load")" "$1"; }
open_loop=(--warmup 0s --late 500ms --rate 100 --duration 1s)

check "the fleet's credentials" "$load" --write-psk "$work/psk" --devices 100 --master-key $master
psk_line dev1 "$key_text" >> "$work/psk"
check "starts" start_sluice af_packet:veth0

# Our own devices.
check "20 devices with 1.3, psk_dhe_ke" load 20 --version 1.3 "${open_loop[@]}"
check "the sink says so" in_sink '"dtls":"1.3","suite":"TLS_AES_128_GCM_SHA256"'
check "counted as 1.3" counted hs_done_13 20
check "psk_ke" load 20 --version 1.3 --psk-mode psk_ke "${open_loop[@]}"
for suite in TLS_AES_256_GCM_SHA384 TLS_CHACHA20_POLY1305_SHA256 TLS_AES_128_CCM_SHA256; do
	check "$suite" load 5 --version 1.3 --suites $suite "${open_loop[@]}"
	check "  … in the sink" in_sink "\"suite\":\"$suite\""
done
: > "$sink"
check "imported keys" load 20 --version 1.3 --psk-import "${open_loop[@]}"
check "  … in the sink under their names" in_sink '"device":"dev0000[0-9]*".*"dtls":"1.3"'
check "  … of SHA-384, by psk_ke" load 5 --version 1.3 --psk-import --psk-mode psk_ke --suites TLS_AES_256_GCM_SHA384 "${open_loop[@]}"
check "churn and tickets" load 20 --version 1.3 "${open_loop[@]}" --churn 20% --resume 100%
check "  … some resumed" counted hs_resumed_ticket 1
check "attacks beside the requests" load 20 --version 1.3 "${open_loop[@]}" --hostile 30%
check "loss, reordering, duplicates" load 20 --version 1.3 "${open_loop[@]}" --loss 5% --reorder 5% --duplicate 5%
check "handshakes only, with losses" load 20 --version 1.3 --handshakes-only --warmup 0s --duration 2s --loss 5%
check "what a handshake costs" load 4 --version 1.3 --report handshake-cost
check "  … full" reported '^full +pre-shared key +TLS_AES_128_GCM_SHA256 '
check "  … resumed" reported '^resumed by ticket +pre-shared key +TLS_AES_128_GCM_SHA256 '
check "1.2 on the same port" load 20 "${open_loop[@]}"
check "1.2: OpenSSL" posts openssl 198.18.0.2 beside
check "  … the sink says so" told 1.2 beside

check "drains" stop_sluice

# New keys, from either side, with requests all the while: none is lost.
check "starts, with new keys after 20 records" start_sluice af_packet:veth0 --rekey-after 20 --handshake-timeout 100ms
all_answered() { reported '^ *lost +0 '; }
check "devices answer our updates" load 5 --version 1.3 --warmup 0s --late 500ms --rate 200 --duration 2s
check "  … and are answered" all_answered
check "  … counted by them" reported 'updates of keys by the server +[1-9]'
check "  … and by us" counted hs_key_updates 5
check "we answer theirs" load 5 --version 1.3 --key-update 15 --warmup 0s --late 500ms --rate 200 --duration 2s
check "  … and them" all_answered
check "  … counted by them" reported 'updates of keys by devices +[1-9]'
check "  … and by us" counted hs_peer_key_updates 5
for suite in TLS_AES_256_GCM_SHA384 TLS_CHACHA20_POLY1305_SHA256 TLS_AES_128_CCM_SHA256; do
	check "$suite" load 5 --version 1.3 --suites $suite --key-update 15 --warmup 0s --late 500ms --rate 200 --duration 1s
	check "  … all are answered" all_answered
	check "  … under new keys" reported 'updates of keys by the server +[1-9]'
done
check "loss, reordering, duplicates" load 5 --version 1.3 --key-update 15 --warmup 0s --late 500ms --rate 200 --duration 3s \
	--loss 5% --reorder 5% --duplicate 5%
check "  … all are answered" all_answered
check "  … under new keys" reported 'updates of keys by devices +[1-9]'
check "no session was ended for it" test "$(telemetry /sluice/stats outcomes session_post_handshake)" = 0
check "drains" stop_sluice

: > "$sink"
check "vhost: starts" start_sluice "vhost:$work/vhost.sock"
port=(--test-mode --port "virtio_user:$work/vhost.sock,ip=198.18.0.1/15")
check "virtio_user: 50 devices with 1.3" load 50 --version 1.3 "${open_loop[@]}"
check "  … in the sink" in_sink '"dtls":"1.3"'
check "  … drains" stop_sluice
port=(--port kernel)
check "starts again" start_sluice af_packet:veth0

if why=$(build_newer > "$work/out" 2>&1 || cat "$work/out"; missing wolfssl-new); then
	skip "wolfSSL's client" "$why"
	check "drains" stop_sluice
	exit
fi

label=w13 && check "wolfSSL, 1.3" wolfssl --dtls 1.3 --suite $suite_13
check "  … in the sink" told 1.3 w13
label=w12 && check "wolfSSL, 1.2" wolfssl --dtls 1.2 --suite $suite_12
check "  … in the sink" told 1.2 w12
label=both && check "wolfSSL, both versions: 1.3 is taken" wolfssl --dtls both --suite $suite_13:$suite_12
check "  … in the sink" told 1.3 both
check "drains" stop_sluice

# One update a session: what wolfSSL 5.7 and 5.9 get after a peer's second they do not open.
check "starts, with new keys after 40 records" start_sluice af_packet:veth0 --rekey-after 40
label=updates && check "wolfSSL updates its keys, and asks for ours" wolfssl --dtls 1.3 --suite $suite_13 --update-keys
check "  … counted" counted hs_peer_key_updates 1
check "  … ours too" counted hs_key_updates 1
check "  … all requests in the sink" lines 3 '"payload":"updates"'
label=updated && check "wolfSSL takes our new keys" wolfssl --dtls 1.3 --suite $suite_13 --requests 60
check "  … counted" counted hs_key_updates 2
check "  … all requests in the sink" lines 60 '"payload":"updated"'
check "drains" stop_sluice

# Each datagram of a handshake, lost once, is made up for.
check "starts, with a short timer" start_sluice af_packet:veth0 --handshake-timeout 100ms
for lost in up:1 up:2 up:3 up:4 down:1 down:2 down:3; do
	check "a path that loses $lost" start_relay --lose $lost
	label=lost-$lost && check "  … wolfSSL gets through" wolfssl --dtls 1.3 --suite $suite_13
	check "  … in the sink" told 1.3 $label
	stop_relay
done
check "an attacker takes 1.3 out of the hellos" start_relay --downgrade
label=attacked && check "  … wolfSSL finds out" turned_away hs_alert --dtls both --suite $suite_13:$suite_12
stop_relay
check "drains" stop_sluice

check "starts with 1.2 only" start_sluice af_packet:veth0 --max-version 1.2
# It is taken for one that speaks 1.2, and does not take our HelloVerifyRequest.
check "1.3 is refused" turned_away hello_verify_sent --dtls 1.3 --suite $suite_13
label=old && check "who speaks both gets 1.2" wolfssl --dtls both --suite $suite_13:$suite_12
check "  … in the sink" told 1.2 old
check "drains" stop_sluice

check "starts with 1.3 only" start_sluice af_packet:veth0 --min-version 1.3 --psk-modes psk_dhe_ke
check "1.2 is refused" turned_away hello_version --dtls 1.2 --suite $suite_12
label=new && check "1.3 is taken" wolfssl --dtls 1.3 --suite $suite_13
check "  … in the sink" told 1.3 new
check "psk_ke is refused" turned_away hs_no_cert --dtls 1.3 --suite $suite_13 --psk-mode psk_ke
check "drains" stop_sluice

check "starts with short tags" start_sluice af_packet:veth0 --suites TLS_AES_128_CCM_8_SHA256
check "5 devices with them" load 5 --version 1.3 --suites TLS_AES_128_CCM_8_SHA256 "${open_loop[@]}"
check "  … in the sink" in_sink '"suite":"TLS_AES_128_CCM_8_SHA256"'
check "drains" stop_sluice

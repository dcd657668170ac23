#!/usr/bin/env bash
# SPDX-License-Identifier: BSD-3-Clause
# Connection IDs: other libraries' clients, and our own devices, whose addresses and ports change in
# the middle of a session, by themselves and behind a NAT, with an attacker beside it. Bad-input I.
# shellcheck source=tests/net/lib.sh
. "$(dirname "$0")/lib.sh"
# shellcheck source=tests/interop/adapters.sh
. "$root/tests/interop/adapters.sh"

make_net
for address in 0.3 0.4 0.66 1.{0..3}; do ip -n "$cli" addr add "198.18.$address/15" dev veth1; done
master=000102030405060708090a0b0c0d0e0f
psk=(--psk "dev1:$(psk_key_hex)")
nat=("$python" "$root/tests/net/nat.py")
nat_pid=

# The NAT, which clients speak to then, and the attacker beside it.
start_nat() {
	ip netns exec "$cli" "${nat[@]}" serve 5700 198.18.0.2 5684 5701 --addresses 198.18.0.3,198.18.0.4 \
		--attacker 198.18.0.66 > "$work/nat" 2>&1 &
	nat_pid=$!
	endpoint=127.0.0.1
	endpoint_port=5700
	soon grep -q ready "$work/nat"
}
stop_nat() {
	kill "$nat_pid"
	wait "$nat_pid" 2> /dev/null
	nat_pid=
	endpoint=198.18.0.2
	endpoint_port=5684
}
# tells COMMAND…: for --between: has the NAT do so.
tells() {
	local command
	for command in "$@"; do printf "'%s' '%s' tell 5701 %s > /dev/null && " "${nat[@]}" "$command"; done
	echo true
}
# What the attacker sent and received: datagrams and bytes. He was at work in both tests.
attacker() {
	read -r sent received sent_bytes received_bytes < <(in_cli "${nat[@]}" tell 5701 attacker)
	echo "the attacker sent $sent datagrams ($sent_bytes bytes) and received $received ($received_bytes bytes)"
	[ "$sent" -gt 0 ]
}
attacker_heard_nothing() { attacker && [ "$received" = 0 ]; }
attacker_heard_little() { attacker && [ "$received_bytes" -le $((3 * sent_bytes)) ]; }

of() { telemetry /sluice/stats outcomes "$1" 2> /dev/null || echo 0; }
# grows OUTCOME COMMAND…: it succeeds, and this was counted meanwhile.
grows() {
	local outcome=$1 before
	before=$(of "$outcome")
	shift
	"$@" || return 1
	[ "$(of "$outcome")" -gt "$before" ] || { echo "no $outcome"; telemetry /sluice/stats; return 1; }
}
# goes_on LIBRARY VERSION LABEL OPTION…: three readings in one session with connection IDs.
goes_on() {
	local library=$1 version=$2 label=$3 suite=TLS_PSK_WITH_AES_128_GCM_SHA256 before n
	shift 3
	[ "$version" = 1.2 ] || suite=TLS_AES_128_GCM_SHA256
	request "$label"
	before=$(of hs_done)
	client "$library-new" "${psk[@]}" --dtls "$version" --suite "$suite" --requests 3 "$@" || return 1
	says '^cid: 8 bytes' || { cat "$work/said"; return 1; }
	n=$(($(of hs_done) - before))
	[ $n = 1 ] || { echo "$n handshakes"; cat "$work/said"; return 1; }
	lines 3 "\"dtls\":\"$version\".*\"payload\":\"$label\""
}

# forgetful N COMMAND…: while it runs, the NAT forgets its mappings again and again, as soon as so many
# handshakes are done in all.
forgetful() {
	local pid rc n=$1
	shift
	(
		until [ "$(of hs_done)" -ge "$n" ]; do sleep 0.05; done
		while sleep 0.3; do in_cli "${nat[@]}" tell 5701 rebind; done
	) > /dev/null 2>&1 &
	pid=$!
	"$@"
	rc=$?
	kill $pid
	wait $pid 2> /dev/null
	return $rc
}

# load DEVICES OPTION…: our own; all that was answered is in the sink, once.
open_loop=(--warmup 0s --late 5s --rate 100 --duration 2s)
load() {
	local n=$1 before rc
	shift
	before=$(wc -l < "$sink")
	telemetry /sluice/stats > "$work/before.json"
	in_cli timeout 60 "$load" "${port[@]}" --target "$endpoint:$endpoint_port" --devices "$n" --master-key $master --json "$work/load.json" \
		"$@" > "$work/load" 2>&1
	rc=$?
	cat "$work/load"
	[ $rc = 0 ] || return $rc
	soon sink_has $((before + $(answered_by_load)))
	"$python" "$root/scripts/reconcile.py" --load "$work/load.json" --before "$work/before.json" --pid "$sluice_pid" \
		--sink-lines $(($(wc -l < "$sink") - before)) --doubled "$(copies)"
}
# copies: of datagrams, by the attacker.
copies() {
	if [ -n "$nat_pid" ]; then in_cli "${nat[@]}" tell 5701 attacker | cut -d ' ' -f 1; else echo 0; fi
}
sink_has() { [ "$(wc -l < "$sink")" -ge "$1" ]; }
answered_by_load() { awk '$1 == "answered" { print $2 }' "$work/load"; }
reported() { grep -Eq -- "$1" "$work/load" || { cat "$work/load"; return 1; }; }
nothing_lost() { reported '^ +lost +0 ' && reported '^ +return routability checks answered +[1-9]'; }

check "the fleet's credentials" "$load" --write-psk "$work/psk" --devices 50 --master-key $master
psk_line dev1 "$key_text" >> "$work/psk"
check "starts" start_sluice af_packet:veth0

# Our own devices, which answer return routability checks.
port=(--port kernel)
for version in 1.2 1.3; do
	check "$version: 20 devices with connection IDs" load 20 --version $version --cid 8 "${open_loop[@]}"
	check "$version: they want none" load 20 --version $version --cid 0 "${open_loop[@]}"
	check "$version: they want long ones" load 20 --version $version --cid 20 "${open_loop[@]}"
	check "$version: they move to another port before each message" \
		grows path_moved load 20 --version $version --cid 8 --cid-migrate 100 "${open_loop[@]}"
	check "  … nothing is lost" nothing_lost
	check "$version: and to another address, with attacks beside" load 20 --version $version --cid 8 --cid-migrate 30 --hostile 30% \
		--sources 198.18.1.0+4:20000-20099 "${open_loop[@]}"
	check "$version: losses and duplicates, too" load 20 --version $version --cid 8 --cid-migrate 30 --loss 3% --duplicate 5% \
		--resume 50% --churn 20% "${open_loop[@]}"
	before=$(of hs_done)
	check "$version: a NAT" start_nat
	check "$version: the NAT forgets them all again and again" forgetful $((before + 20)) load 20 --version $version --cid 8 "${open_loop[@]}"
	check "  … without a handshake" test $(($(of hs_done) - before)) = 20
	in_cli "${nat[@]}" tell 5701 before > /dev/null
	check "$version: an attacker's copies arrive first" load 20 --version $version --cid 8 "${open_loop[@]}"
	check "  … without a handshake" test $(($(of hs_done) - before)) = 40
	check "  … the attacker hears no more than three times what he sends" attacker_heard_little
	stop_nat
done
check "drains" stop_sluice

# Two poll cores: what arrives at one may belong to the other.
two_cores=(--config '(0,0,0),(0,1,1)' --workers '0,1' --handshake-cores '0,1')
crossed() { [ "$(telemetry /sluice/stats counters handoffs_in)" -gt "$1" ] || { telemetry /sluice/stats; return 1; }; }
check "two poll cores: starts" start_sluice af_packet:veth0 "${two_cores[@]}"
for version in 1.2 1.3; do
	before=$(telemetry /sluice/stats counters handoffs_in)
	check "$version: two poll cores, and devices that move constantly" \
		load 50 --version $version --cid 8 --cid-migrate 100 "${open_loop[@]}" --rate 400
	check "  … nothing is lost" nothing_lost
	check "  … records went from core to core" crossed "$before"
done
check "drains" stop_sluice

if why=$(build_newer > "$work/out" 2>&1 || cat "$work/out"; missing wolfssl_sid-new); then
	skip "clients of other libraries" "$why"
	exit
fi

check "starts again" start_sluice af_packet:veth0
while read -r library version; do
	name="$library, $version"
	check "$name: connection IDs" goes_on "$library" "$version" "cid-$library-$version" --cid 8
	check "$name: the client wants none" goes_on "$library" "$version" "cid0-$library-$version" --cid 0
	check "$name: it moves to another port" goes_on "$library" "$version" "port-$library-$version" --cid 8 --move-to 198.18.0.1
	check "$name: it moves to another address" goes_on "$library" "$version" "move-$library-$version" --cid 8 --move-to 198.18.0.4
	check "$name: a NAT" start_nat
	check "$name: the NAT forgets it" goes_on "$library" "$version" "nat-$library-$version" --cid 8 --between "$(tells rebind)"
	check "$name: replayed, forged, with another connection ID" grows record_replay grows record_tag grows record_cid_unknown \
		goes_on "$library" "$version" "att-$library-$version" --cid 8 --between "$(tells replay forge other)"
	[ "$version" = 1.3 ] || check "$name: without its connection ID" grows no_session \
		goes_on "$library" "$version" "str-$library-$version" --cid 8 --between "$(tells strip)"
	check "$name: copies follow each datagram" goes_on "$library" "$version" "beh-$library-$version" --cid 8 --between "$(tells behind)"
	check "  … the attacker hears nothing" attacker_heard_nothing
	check "$name: copies arrive first" goes_on "$library" "$version" "bef-$library-$version" --cid 8 --between "$(tells before)"
	check "  … the attacker hears no more than three times what he sends" attacker_heard_little
	stop_nat
done << END
wolfssl_sid 1.2
mbedtls 1.2
wolfssl_sid 1.3
END
check "drains" stop_sluice

#!/usr/bin/env bash
# SPDX-License-Identifier: BSD-3-Clause
# --psk-socket: keys from a service, some of which it takes half a second for.
# shellcheck source=tests/net/lib.sh
. "$(dirname "$0")/lib.sh"

make_net
store=$work/store.sock
start_store() {
	python3 "$root/tests/net/psk_store.py" "$store" "$key_text" > "$work/store.log" 2>&1 &
	store_pid=$!
	for _ in $(seq 100); do [ -S "$store" ] && return 0; sleep 0.05; done
	return 1
}
stop_store() {
	kill "$store_pid" && wait "$store_pid" 2>/dev/null
	rm -f "$store"
}
now_ms() { date +%s%3N; }
refused() {
	coap openssl 198.18.0.2 post /s -e x > "$work/client"
	! grep -q '2\.04' "$work/client"
}

# Before its store is there.
check "starts" start_sluice af_packet:veth0 --psk-socket "$store" --psk-timeout 2s
check "a device of the file needs no store" posts openssl 198.18.0.2 '{"n":1}'
check "the store starts" start_store
identity=meter-1 check "a device of the store is served" posts openssl 198.18.0.2 '{"n":2}'
identity=meter-2 check "with another client too" posts gnutls 198.18.0.2 '{"n":3}'
check "readings have the identity" lines 1 '"device":"meter-2"'
check "the file goes first" sh -c "! grep -q 'asked for dev1' '$work/store.log'"
identity=meter-slow-1 check "a slow one is served" posts openssl 198.18.0.2 '{"n":4}'

# Twenty wait for the store, and others' handshakes take what they took before.
one_takes_ms() {
	local began
	began=$(now_ms)
	posts openssl 198.18.0.2 '{"n":5}' > /dev/null || return 1
	echo $(($(now_ms) - began))
}
others_do_not_wait() {
	local alone beside slow_pids=() pid failed=0
	alone=$(one_takes_ms) || return 1
	for i in $(seq 20); do
		(identity=meter-slow-$i posts openssl 198.18.0.2 '{"slow":1}' > /dev/null) &
		slow_pids+=($!)
	done
	until [ "$(grep -c meter-slow "$work/store.log")" -ge 10 ]; do sleep 0.01; done
	beside=$(one_takes_ms) || return 1
	for pid in "${slow_pids[@]}"; do wait "$pid" || failed=$((failed + 1)); done
	echo "alone $alone ms, beside twenty that wait $beside ms, $failed of them failed"
	# The clients compete for two CPUs, which is not what this is about.
	[ "$beside" -lt $((alone + 300)) ] && [ "$failed" = 0 ]
}
check "others do not wait for a slow one" others_do_not_wait

identity=nobody check "who is in neither is refused" refused
check "and counted" counted psk_unknown 1
identity=meter-never check "who gets no answer is refused" refused
check "and counted" counted psk_timeout 1

resumes() {
	in_cli timeout 20 openssl s_client -dtls1_2 -connect 198.18.0.2:5684 -psk "$(psk_key_hex)" \
		-psk_identity meter-7 -cipher PSK-AES128-GCM-SHA256 -sess_out "$work/session" \
		< /dev/null > "$work/answer" 2>&1 || true
	in_cli timeout 20 openssl s_client -dtls1_2 -connect 198.18.0.2:5684 -psk "$(psk_key_hex)" \
		-psk_identity meter-7 -cipher PSK-AES128-GCM-SHA256 -sess_in "$work/session" \
		< /dev/null >> "$work/answer" 2>&1 || true
	grep -q '^Reused' "$work/answer" || { cat "$work/answer"; return 1; }
}
check "its sessions are resumed, and the store is asked" resumes
check "twice for that device" sh -c "[ \"\$(grep -c 'meter-7' '$work/store.log')\" = 2 ]"

restarts() {
	stop_store
	start_store
	identity=meter-3 posts openssl 198.18.0.2 '{"n":6}'
}
check "a store that was restarted is asked again" restarts
stranger() {
	stop_store
	python3 "$root/tests/net/psk_store.py" "$stranger_dir/store" "$key_text" 65534 \
		> "$work/store.log" 2>&1 &
	store_pid=$!
	for _ in $(seq 100); do [ -S "$stranger_dir/store" ] && break; sleep 0.05; done
	ln -s "$stranger_dir/store" "$store"
	identity=meter-4 refused && grep -q 'not asked' "$work/log" && ! grep -q asked "$work/store.log"
}
stranger_dir=$(mktemp -d) && chmod 777 "$stranger_dir"
check "a store of another user is not asked" stranger
kill "$store_pid" 2>/dev/null
rm -rf "$stranger_dir"
check "no key stands in the log" sh -c "! grep -qi -e '$key_text' -e '$(psk_key_hex)' '$work/log'"
check "drains" stop_sluice

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
	soon [ -S "$store" ]
}
stop_store() {
	kill "$store_pid" && wait "$store_pid" 2>/dev/null
	rm -f "$store"
}

# Before its store is there.
check "starts" start_sluice af_packet:veth0 --psk-socket "$store" --psk-timeout 5s
check "a device of the file needs no store" posts openssl 198.18.0.2 '{"n":1}'
check "the store starts" start_store
identity=meter-1 check "a device of the store is served" posts openssl 198.18.0.2 '{"n":2}'
identity=meter-2 check "with another client too" posts gnutls 198.18.0.2 '{"n":3}'
check "readings have the identity" lines 1 '"device":"meter-2"'
check "the file goes first" sh -c "! grep -q 'asked for dev1' '$work/store.log'"
identity=meter-slow-1 check "a slow one is served" posts openssl 198.18.0.2 '{"n":4}'

# Twenty wait for the store; others are served before the first of them has its key.
asked_for_slow() { [ "$(grep -c meter-slow "$work/store.log")" -ge "$1" ]; }
others_do_not_wait() {
	local slow_pids=() pid failed=0 rc=0
	touch "$store.hold"
	for i in $(seq 20); do
		identity=meter-slow-$i coap openssl 198.18.0.2 post /s -e waited | grep '2\.04' > /dev/null &
		slow_pids+=($!)
	done
	soon asked_for_slow 11 && posts openssl 198.18.0.2 beside && lines 1 beside && lines 0 waited || rc=1
	rm "$store.hold"
	for pid in "${slow_pids[@]}"; do wait "$pid" || failed=$((failed + 1)); done
	echo "$failed of those that waited failed"
	[ "$rc" = 0 ] && [ "$failed" = 0 ] && lines 20 waited
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
	soon [ -S "$stranger_dir/store" ]
	ln -s "$stranger_dir/store" "$store"
	identity=meter-4 refused && grep -q 'not asked' "$work/log" && ! grep -q asked "$work/store.log"
}
stranger_dir=$(mktemp -d) && chmod 777 "$stranger_dir"
check "a store of another user is not asked" stranger
kill "$store_pid" 2>/dev/null
rm -rf "$stranger_dir"
check "no key stands in the log" sh -c "! grep -qi -e '$key_text' -e '$(psk_key_hex)' '$work/log'"
check "drains" stop_sluice

#!/usr/bin/env bash
# SPDX-License-Identifier: BSD-3-Clause
# Sinks that fail and heal, as a device sees them.
# shellcheck source=tests/net/lib.sh
. "$(dirname "$0")/lib.sh"

make_net

unavailable() {
	coap openssl 198.18.0.2 post /s -e x > "$work/client"
	answered 5.03
}

mkdir "$work/disk"
mount -t tmpfs -o size=64k tmpfs "$work/disk"
trap 'umount "$work/disk" 2>/dev/null; finish' EXIT
sink=$work/disk/out.ndjson
check "starts on a small disk" start_sluice af_packet:veth0 --ack delivered
check "a reading fits" posts openssl 198.18.0.2 '{"n":1}'
dd if=/dev/zero of="$work/disk/full" bs=1k 2>/dev/null
fills() { for _ in $(seq 20); do unavailable && return 0; done; return 1; }
check "a full disk is 5.03" fills
check "and a log line, once a second at most" sh -c "sleep 2; n=\$(grep -ci 'no space' '$work/log'); [ \$n -ge 1 ] && [ \$n -le 30 ]"
rm "$work/disk/full"
sleep 2
check "it heals" posts openssl 198.18.0.2 '{"n":"healed"}'
check "the file is whole lines" python3 -c "import json; [json.loads(l) for l in open('$sink')]"
rotated() {
	mv "$sink" "$sink.1"
	kill -USR1 "$sluice_pid"
	sleep 0.5
	posts gnutls 198.18.0.2 '{"n":"rotated"}' && lines 1 rotated
}
check "SIGUSR1 reopens the file" rotated
check "drains" stop_sluice


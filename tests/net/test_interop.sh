#!/usr/bin/env bash
# SPDX-License-Identifier: BSD-3-Clause
# Real clients against the endpoint: every kind of port, one core and two, IPv4 and IPv6, the suites
# each client has.
# shellcheck source=tests/net/lib.sh
. "$(dirname "$0")/lib.sh"

make_net

exchange() { # what is under test
	local n=0 client
	: > "$sink"
	for client in openssl gnutls; do
		check "$1: coap-client-$client over IPv4" posts "$client" 198.18.0.2 '{"t":21.5}'
		check "$1: coap-client-$client over IPv6" posts "$client" '[2001:db8::2]' '{"t":21.5}'
		n=$((n + 2))
	done
	check "$1: the sink has every reading" lines $n '"device":"dev1".*"path":"/s/temp".*"payload":"{\\"t\\":21.5}"'
}

for layout in one:'--config (0,0,0) --workers 0 --handshake-cores 0' \
	split:'--config (0,0,0) --workers 1 --handshake-cores 1' \
	two:'--config (0,0,0),(0,1,1) --workers 0,1 --handshake-cores 0'; do
	# shellcheck disable=SC2086
	check "af_packet, ${layout%%:*}: starts" start_sluice af_packet:veth0 ${layout#*:}
	exchange "af_packet, ${layout%%:*}"
	if [ "${layout%%:*}" = one ]; then
		for cipher in PSK-AES128-GCM-SHA256 PSK-AES256-GCM-SHA384 PSK-AES128-CCM PSK-AES128-CCM8 \
			PSK-CHACHA20-POLY1305; do
			check "openssl s_client, $cipher" ping_openssl "$cipher"
		done
		for cipher in AES-128-GCM AES-256-GCM AES-128-CCM AES-128-CCM-8 CHACHA20-POLY1305; do
			check "gnutls-cli, $cipher" ping_gnutls "$cipher"
		done
	fi
	check "af_packet, ${layout%%:*}: drains on SIGTERM" stop_sluice
done

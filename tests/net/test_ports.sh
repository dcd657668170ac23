#!/usr/bin/env bash
# SPDX-License-Identifier: BSD-3-Clause
# The other kinds of port: af_xdp, tap, and vhost/virtio_user (bridged to the clients by testpmd).
# shellcheck source=tests/net/lib.sh
. "$(dirname "$0")/lib.sh"

make_net

both_clients() { # what
	: > "$sink"
	check "$1: coap-client-openssl over IPv4" posts openssl 198.18.0.2 '{"t":1}'
	check "$1: coap-client-gnutls over IPv6" posts gnutls '[2001:db8::2]' '{"t":1}'
	check "$1: openssl s_client, CCM_8 over IPv6" ping_openssl PSK-AES128-CCM8 '[2001:db8::2]'
	check "$1: gnutls-cli, CCM_8 over IPv4" ping_gnutls AES-128-CCM-8
	check "$1: the sink has both" lines 2 '"payload":"{\\"t\\":1}"'
}

dropped_ping() { ! in_srv ping -c 1 -W 1 -s 3000 198.18.0.2; }

for cores in '--config (0,0,0) --workers 0 --handshake-cores 0' '--config (0,0,0) --workers 1 --handshake-cores 1'; do
	# shellcheck disable=SC2086
	check "af_xdp starts, $cores" start_sluice af_xdp:veth0 $cores
	both_clients "af_xdp"
	check "af_xdp: drains" stop_sluice

	# The far end of a tap is a kernel interface in the endpoint's own namespace.
	client_ns=$srv
	# shellcheck disable=SC2086
	check "tap starts, $cores" start_sluice tap:sltap0 $cores
	client_addresses "$srv" sltap0
	ip -n "$srv" link set sltap0 up
	both_clients "tap"
	check "tap: a fragmented datagram is dropped" dropped_ping
	check "tap: and its fragments are counted" counted frame_fragment 2
	check "tap: drains" stop_sluice
	client_ns=
done


# Two poll cores: a tap has as many queues as it is asked for; AF_XDP on a veth pair has one, and says so.
check "tap starts with two poll cores" start_sluice tap:sltap0 --config '(0,0,0),(0,1,1)' --workers 0,1 --handshake-cores 0,1
client_addresses "$srv" sltap0
ip -n "$srv" link set sltap0 up
client_ns=$srv
both_clients "tap, two poll cores"
check "tap, two poll cores: drains" stop_sluice
client_ns=
refuses() {
	start_sluice af_xdp:veth0 --config '(0,0,0),(0,1,1)' && return 1
	grep -q 'port 0 queue 1 lcore 1' "$work/log"
}
check "af_xdp: a queue that is not there is named with port, queue and lcore" refuses

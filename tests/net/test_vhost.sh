#!/usr/bin/env bash
# SPDX-License-Identifier: BSD-3-Clause
# net_vhost and net_virtio_user: testpmd has the other end of the socket and forwards between it and
# veth0, so that real clients reach the endpoint through it. Without huge pages, and with some.
# shellcheck source=tests/net/lib.sh
. "$(dirname "$0")/lib.sh"

make_net
socket=$work/vhost.sock
bridge_pid=

# bridge VDEV [memory options]: frames pass between that device and veth0.
bridge() {
	local vdev=$1
	shift
	# testpmd leaves when its standard input ends.
	mkfifo "$work/stdin" 2>/dev/null
	ip netns exec "$srv" dpdk-testpmd --lcores '0@(0,1),1@(0,1)' --main-lcore 0 --no-pci --file-prefix "bridge$$" \
		"$@" --vdev "$vdev" --vdev net_af_packet0,iface=veth0 -- --forward-mode=io --auto-start \
		--total-num-mbufs=8192 --no-mlockall < "$work/stdin" > "$work/bridge" 2>&1 &
	bridge_pid=$!
	exec 9> "$work/stdin"
}
unbridge() {
	exec 9>&-
	kill "$bridge_pid" 2>/dev/null
	wait "$bridge_pid" 2>/dev/null
}
up() { # the path through the socket works
	for _ in $(seq 40); do
		in_cli ping -c 1 -W 1 198.18.0.2 > /dev/null && return 0
		kill -0 "$bridge_pid" 2>/dev/null || break
		sleep 0.25
	done
	tail -n 20 "$work/bridge"
	return 1
}
fleet_answered() { # as sluice-load saw it
	"$python" -c 'import json, sys; print(json.load(open(sys.argv[1]))["total"]["counts"]["answered"])' "$work/load.json"
}
served() {
	: > "$sink"
	check "$1: the link comes up" up
	check "$1: coap-client-openssl over IPv4" posts openssl 198.18.0.2 '{"t":1}'
	check "$1: coap-client-gnutls over IPv6" posts gnutls '[2001:db8::2]' '{"t":1}'
	check "$1: 200 devices" in_cli timeout 60 "$load" --port kernel --target 198.18.0.2:5684 --devices 200 \
		--master-key $master --rate 500 --warmup 0s --duration 2s --late 500ms --json "$work/load.json"
	# Its last requests may fall behind the end, where the machine is loaded.
	check "$1: the sink has it all" lines $(($(fleet_answered) + 2)) '"method":"POST"'
}

# The fleet's devices, and the one that the CoAP clients are.
master=000102030405060708090a0b0c0d0e0f
("$load" --write-psk "$work/psk" --devices 200 --master-key $master && psk_line sensor "$key_text" >> "$work/psk")
identity=sensor

check "vhost: starts" start_sluice "vhost:$socket"
bridge "net_virtio_user0,path=$socket" --no-huge --no-shconf -m 256
served "vhost, no huge pages"
check "vhost: drains" stop_sluice
unbridge

rm -f "$socket"
bridge "net_vhost0,iface=$socket" --no-huge --no-shconf -m 256
sleep 1
check "virtio_user: starts" start_sluice "virtio_user:$socket"
served "virtio_user, no huge pages"
check "virtio_user: drains" stop_sluice
unbridge

# With huge pages, when this machine lends some; they are given back.
pages=/proc/sys/vm/nr_hugepages
had=$(cat $pages)
give_back() { echo "$had" > $pages; finish; }
trap give_back EXIT
echo $((had + 512)) > $pages
if [ "$(awk '/HugePages_Free/ { print $2 }' /proc/meminfo)" -lt 512 ]; then
	skip "huge pages" "only $(cat $pages) of $((had + 512)) could be reserved"
	exit
fi
mode=()
rm -f "$socket"
check "huge pages: starts" start_sluice "vhost:$socket" --max-sessions 100k --mbufs 16k
check "huge pages: are used" sh -c "! grep -q 'no-huge' '$work/log'"
bridge "net_virtio_user0,path=$socket" --in-memory --single-file-segments
served "vhost, huge pages"
check "huge pages: drains" stop_sluice
unbridge
check "af_packet, huge pages: starts" start_sluice af_packet:veth0 --max-sessions 100k --mbufs 16k
check "af_packet, huge pages: coap-client-openssl" posts openssl 198.18.0.2 '{"t":2}'
check "af_packet, huge pages: drains" stop_sluice
check "af_xdp, huge pages: starts" start_sluice af_xdp:veth0 --max-sessions 100k --mbufs 16k
check "af_xdp, huge pages: coap-client-openssl" posts openssl 198.18.0.2 '{"t":2}'
check "af_xdp, huge pages: drains" stop_sluice
check "tap, huge pages: starts" start_sluice tap:sltap0 --max-sessions 100k --mbufs 16k
client_addresses "$srv" sltap0
ip -n "$srv" link set sltap0 up
client_ns=$srv
check "tap, huge pages: coap-client-gnutls" posts gnutls 198.18.0.2 '{"t":2}'
client_ns=
check "tap, huge pages: drains" stop_sluice

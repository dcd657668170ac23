#!/usr/bin/env bash
# SPDX-License-Identifier: BSD-3-Clause
# Two endpoints of one cluster behind one address, 198.18.0.10, and a device whose
# datagrams go to the one or the other: as with a load balancer that changes its mind. The session
# goes on wherever they arrive, and the device sees one address; through the other node, and direct.
# An attacker on the link between nodes gets nowhere.
# shellcheck source=tests/net/lib.sh
. "$(dirname "$0")/lib.sh"
# shellcheck source=tests/interop/adapters.sh
. "$root/tests/interop/adapters.sh"

second=sl-t-$$
more_ns=("$second")
endpoint=198.18.0.10
suite_13=TLS_AES_128_GCM_SHA256
suite_12=TLS_PSK_WITH_AES_128_CCM_8
psk=(--psk "dev1:$(psk_key_hex)")
declare -A node_pid
requests=5

# The device's namespace is the link: a bridge, which is its own interface too.
make_link() {
	local ns
	for ns in "$srv" "$second" "$cli"; do
		ip netns add "$ns" && ip -n "$ns" link set lo up || return 1
	done
	ip -n "$cli" link add veth1 type bridge && ip -n "$cli" link set veth1 up || return 1
	for ns in "$srv" "$second"; do
		ip link add veth0 netns "$ns" type veth peer name "to-${ns#sl-}" netns "$cli" || return 1
		ip -n "$ns" link set veth0 up
		ip -n "$cli" link set "to-${ns#sl-}" master veth1 up
	done
	client_addresses "$cli" veth1
}
mac_of() { ip netns exec "$1" cat /sys/class/net/veth0/address; }

# start_node ID NAMESPACE OTHER-ID [options]: node N has 198.18.0.1N.
start_node() {
	local id=$1 ns=$2 other=$3
	shift 3
	rm -f "$work/out-$id"
	ip netns exec "$ns" "$sluice" --test-mode --config '(0,0,0)' --workers 0 --handshake-cores 0 \
		--port "af_packet:veth0,ip=198.18.0.1$id/15,ip=$endpoint/15,gw=198.18.0.1" \
		--psk-file "$work/psk" --cid-key-file "$work/cid-key" --node-id "$id" --node "$other=198.18.0.1$other" \
		--sink "file:$work/out-$id" "$@" > "$work/log-$id" 2>&1 &
	node_pid[$id]=$!
	soon grep -q '^ready:' "$work/log-$id" || { cat "$work/log-$id"; return 1; }
}
start_nodes() { start_node 1 "$srv" 2 "$@" && start_node 2 "$second" 1 "$@"; }
stop_nodes() {
	local id rc=0
	for id in 1 2; do
		sluice_pid=${node_pid[$id]}
		stop_sluice || rc=1
	done
	return $rc
}

# towards NODE: where the device's datagrams go from now on; "$work/switch" is for the other one.
towards() {
	local ns=$srv
	[ "$1" = 1 ] || ns=$second
	mac_of "$ns" > "$work/where"
	in_cli ip neigh replace "$endpoint" lladdr "$(cat "$work/where")" dev veth1 nud permanent
}
make_switch() {
	cat > "$work/switch" <<-SWITCH
		#!/bin/sh
		if [ "\$(cat "$work/where")" = "$(mac_of "$srv")" ]; then next=$(mac_of "$second"); else next=$(mac_of "$srv"); fi
		echo "\$next" > "$work/where"
		ip neigh replace $endpoint lladdr \$next dev veth1 nud permanent
	SWITCH
	chmod +x "$work/switch"
}

# of NODE KEY…: a value of its telemetry; 0 where it is not there.
of() {
	local ns=$srv
	[ "$1" = 1 ] || ns=$second
	sluice_pid=${node_pid[$1]} srv=$ns telemetry /sluice/stats "${@:2}" 2> /dev/null || echo 0
}
is() { # NODE WANT KEY…
	local value
	value=$(of "$1" "${@:3}")
	[ "$value" = "$2" ] || { echo "node $1: ${*:3} is $value, not $2"; return 1; }
}
counted_at() { # NODE OUTCOME N
	local value
	value=$(of "$1" outcomes "$2")
	[ "$value" -ge "$3" ] || { echo "node $1: $2 is $value"; of "$1" outcomes; return 1; }
}
# link_known: both nodes have heard of each other, and of the gateway.
link_known() { [ "$(of 1 outcomes frame_neighbour)" -ge "$1" ] && [ "$(of 2 outcomes frame_neighbour)" -ge "$1" ]; }

# wander LABEL OPTION…: a device of node 1 whose datagrams then go to 2, 1, 2, 1.
wander() {
	local label=$1
	shift
	towards 1
	request "$label"
	client wolfssl_sid-new "${psk[@]}" --cid 0 --requests $requests --between "$work/switch" "$@" || return 1
	[ "$(grep -c '^answer: 2.04' "$work/said")" = $requests ] || { cat "$work/said"; return 1; }
}
# delivered LABEL: each reading once, all of them by node 1.
delivered() {
	sink=$work/out-1 lines $requests "\"$1\"" && ! grep -q "\"$1\"" "$work/out-2"
}

check "a link" make_link
[ "$n_failed" = 0 ] || exit
make_switch
(umask 077 && psk_line dev1 "$key_text" > "$work/psk" && openssl rand -hex 16 > "$work/cid-key")

if why=$(build_newer > "$work/out" 2>&1 || cat "$work/out"; missing wolfssl_sid-new); then
	skip "wolfSSL's client" "$why"
	exit
fi

for reply in through direct; do
	links=1 back=1 # links: what a node asks for, the gateway too; back: of those forwarded
	[ $reply = through ] || links=2 back=0
	check "two nodes start, which answer $reply" start_nodes --node-reply $reply
	check "  … and meet" soon link_known $links
	n=0
	for version in 1.2 1.3; do
		[ $version = 1.2 ] && suite=$suite_12 || suite=$suite_13
		check "$version: a device wanders between nodes" wander "$reply-$version" --dtls $version --suite "$suite"
		check "  … each reading once, at its own node" delivered "$reply-$version"
		n=$((n + 2))
		check "  … two were forwarded" is 2 $n counters forwards_out
		check "  … and taken" is 1 $n counters forwards_in
		check "  … $reply answered" is 2 $((n * back)) counters forwards_back
	done
	check "  … without another handshake" is 2 0 counters handshakes
	check "they drain" stop_nodes
done

check "two nodes start again" start_nodes
check "  … and meet" soon link_known 1
in_cli "$python" -IS "$root/tests/net/forwarded.py" "to-${srv#sl-}" 300 > "$work/attack" 2>&1 &
check "an attacker listens between them" soon grep -q ready "$work/attack"
check "a device wanders" wander attacked --dtls 1.2 --suite $suite_12
check "  … the attacker sends what he saw" soon grep -q "done" "$work/attack"
check "  … each reading once" delivered attacked
check "  … copies are records seen before" soon counted_at 1 record_replay 300
check "  … changed ones are forged" soon counted_at 1 forward_mac 250
check "  … those for others are not taken" soon counted_at 1 forward_node 300
check "  … no more is taken or forwarded than that" is 2 2 counters forwards_out
check "they drain" stop_nodes

check "two nodes with different keys start" start_node 1 "$srv" 2
(umask 077 && openssl rand -hex 16 > "$work/cid-key")
check "  … the other" start_node 2 "$second" 1
towards 1
request strangers
stranger() { ! wander strangers --dtls 1.2 --suite $suite_12; }
check "what goes to the wrong one is lost" stranger
check "  … and sent nowhere" is 2 0 counters forwards_out
check "they drain" stop_nodes

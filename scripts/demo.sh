#!/usr/bin/env bash
# SPDX-License-Identifier: BSD-3-Clause
# Shows sluice at work: two real CoAP clients in a network namespace post readings over DTLS to the
# endpoint in another, which runs on net_af_packet without huge pages; then a fleet of 10,000 devices
# in one process. Leaves nothing behind.
set -euo pipefail
cd "$(dirname "$0")/.."

server=sluice-demo-s-$$
client=sluice-demo-c-$$
work=
pid=

cleanup() {
	trap - EXIT
	if [ -n "$pid" ] && kill -TERM "$pid" 2>/dev/null; then
		wait "$pid" 2>/dev/null || true
	fi
	ip netns del "$server" 2>/dev/null || true
	ip netns del "$client" 2>/dev/null || true
	if [ -n "$work" ]; then rm -rf "$work"; fi
}
trap cleanup EXIT
trap 'exit 130' INT TERM

say() { printf '\n\033[1m%s\033[0m\n' "$*"; }

[ "$(id -u)" = 0 ] || { echo "demo.sh: run as root (network namespaces, raw sockets)" >&2; exit 1; }

say "1. Packages and build"
scripts/setup.sh
scripts/build.sh release app/sluice/sluice app/sluice-load/sluice-load
work=$(mktemp -d /tmp/sluice-demo.XXXXXX)

say "2. Two network namespaces and a veth pair"
ip netns add "$server"
ip netns add "$client"
ip link add veth0 netns "$server" type veth peer name veth1 netns "$client"
ip -n "$server" link set veth0 up
ip -n "$client" link set lo up
ip -n "$client" link set veth1 up
ip -n "$client" addr add 198.18.0.1/24 dev veth1
ip -n "$client" addr add 2001:db8::1/64 dev veth1 nodad
echo "endpoint 198.18.0.2, 2001:db8::2 on veth0; clients 198.18.0.1, 2001:db8::1 on veth1"

say "3. The endpoint, on net_af_packet, without huge pages"
umask 077
for device in boiler-7 meadow-12; do
	openssl rand -hex 8 | tr -d '\n' > "$work/key.$device" # the clients take keys as text
	printf '%s:%s\n' "$device" "$(od -An -tx1 "$work/key.$device" | tr -d ' \n')"
done > "$work/psk"
fleet=(--devices 10000 --master-key "$(openssl rand -hex 16)")
build/release/app/sluice-load/sluice-load --write-psk "$work/fleet" "${fleet[@]}"
cat "$work/fleet" >> "$work/psk"
ip netns exec "$server" build/release/app/sluice/sluice \
	--port af_packet:veth0,ip=198.18.0.2/24,ip6=2001:db8::2/64 \
	--psk-file "$work/psk" --sink "file:$work/readings.ndjson" --test-mode \
	> "$work/log" 2>&1 &
pid=$!
for _ in $(seq 200); do
	grep -q '^ready:' "$work/log" && break
	kill -0 "$pid" 2>/dev/null || { cat "$work/log"; exit 1; }
	sleep 0.05
done
grep -v '^EAL' "$work/log"

say "4. Real clients post readings"
post() { # client program, device, address, payload
	local out
	printf '%-20s %-10s %s -> ' "$1" "$2" "$4"
	out=$(ip netns exec "$client" timeout 20 "$1" -B 10 -v 6 -m post -t 50 -e "$4" \
		-u "$2" -k "$(cat "$work/key.$2")" "coaps://$3/s/temp" 2>&1) || true
	grep -o 'c:[245]\.[0-9][0-9]' <<< "$out" | tail -n 1 | cut -c 3- | grep . || { echo "no answer"; echo "$out"; exit 1; }
}
post coap-client-openssl boiler-7 198.18.0.2 '{"t":21.5}'
post coap-client-gnutls boiler-7 198.18.0.2 '{"t":21.6}'
post coap-client-openssl meadow-12 '[2001:db8::2]' '{"t":8.25,"rh":71}'
post coap-client-gnutls meadow-12 '[2001:db8::2]' '{"t":8.5,"rh":70}'

say "5. What stands in the sink"
cat "$work/readings.ndjson"

say "6. A fleet of 10,000 devices, 5,000 requests a second for ten seconds"
# Two processes share two cores with everything else here: a request may be late, and is told.
ip netns exec "$client" build/release/app/sluice-load/sluice-load --port kernel --target 198.18.0.2:5684 \
	"${fleet[@]}" --rate 5k --duration 10s --late 500ms 2> "$work/progress" || {
	cat "$work/progress"
	exit 1
}

say "Summary"
lines=$(grep -c '"path":"/s/temp"' "$work/readings.ndjson")
fleet_lines=$(grep -c '"path":"/s/load"' "$work/readings.ndjson")
kill -TERM "$pid"
wait "$pid"
pid=
echo "4 readings posted over DTLS 1.2 PSK by OpenSSL and GnuTLS clients, $lines in the sink; $fleet_lines of the fleet; the endpoint drained and left."
[ "$lines" = 4 ]

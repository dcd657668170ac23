#!/usr/bin/env bash
# SPDX-License-Identifier: BSD-3-Clause
# Operating it: what is printed, telemetry, statistics, and the answers that a host owes the network.
# shellcheck source=tests/net/lib.sh
. "$(dirname "$0")/lib.sh"

make_net

exits() { # status, command…
	local want=$1 rc
	shift
	"$@"
	rc=$?
	[ $rc = "$want" ] || { echo "exit status $rc, not $want"; return 1; }
}
check "--help" exits 0 "$sluice" --help
check "--version" exits 0 "$sluice" --version
check "a bad option exits 2" exits 2 "$sluice" --no-such-option
names_itself() {
	"$sluice" --port "af_packet:veth0,$addresses" --psk-file /nonexistent --sink kafka:b/t > "$work/said" 2>&1
	[ $? = 2 ] && grep -q -- '--sink: not in this build' "$work/said"
}
check "an option of a later build says so" names_itself
(umask 077 && psk_line dev1 "$key_text" > "$work/psk")
check "--check-config" exits 0 "$sluice" --port "af_packet:veth0,$addresses" --psk-file "$work/psk" --check-config
check "--check-config with a missing PSK file" exits 2 "$sluice" --port "af_packet:veth0,$addresses" --psk-file "$work/none" --check-config
check "--show-layout" exits 0 "$sluice" --port "af_packet:veth0,$addresses" --psk-file "$work/psk" --show-layout
round_trip() {
	"$sluice" --port "af_packet:veth0,$addresses" --psk-file "$work/psk" --burst 16 --dump-config > "$work/conf" &&
		"$sluice" -f "$work/conf" --dump-config > "$work/conf2" && grep -v '^#' "$work/conf" | diff - <(grep -v '^#' "$work/conf2")
}
check "--dump-config makes a file that -f takes" round_trip

check "starts" start_sluice af_packet:veth0 --stats-period 1s
check "answers ping" in_cli ping -c 2 -W 2 198.18.0.2
check "answers ping over IPv6" in_cli ping -6 -c 2 -W 2 2001:db8::2
# No kernel here has to know 802.1Q: the tagged frame is made by hand, as is the look at the answer.
tagged() {
	in_cli /usr/bin/python3 - "$(ip -n "$srv" -j link show veth0 | python3 -c 'import json,sys; print(json.load(sys.stdin)[0]["address"])')" <<'PY'
import sys
from scapy.all import Dot1Q, Ether, ICMP, IP, UDP, Raw, conf, srp1
conf.verb = 0
def ask(layer):
    return srp1(Ether(dst=sys.argv[1]) / Dot1Q(vlan=100) / IP(src="198.18.0.1", dst="198.18.0.2") / layer,
                iface="veth1", timeout=3)
echo = ask(ICMP(id=7, seq=1) / b"tagged")
hello = bytes.fromhex("16feff0000000000000000003c010000300000000000000030fefd" + "11" * 32 + "00" + "00" + "0002" + "00a8" + "0100" + "0004" + "00170000")
print(echo and echo.summary())
reply = ask(UDP(sport=40000, dport=5684) / Raw(hello))
print(reply and reply.summary())
ok = echo is not None and echo[Dot1Q].vlan == 100 and reply is not None and reply[Dot1Q].vlan == 100 and bytes(reply[UDP].payload)[13] == 3
sys.exit(not ok)
PY
}
check "an 802.1Q tag is kept: echo, HelloVerifyRequest" tagged
check "is served" posts openssl 198.18.0.2 '{"n":1}'
check "telemetry: handshakes are counted" counted hs_done 1
check "telemetry: one core's own" telemetry /sluice/stats,0 outcomes hs_done
check "telemetry: /sluice/layout" telemetry /sluice/layout
check "telemetry: /sluice/session/summary" telemetry /sluice/session/summary
# 65,536 entries of 384 bytes by default, and a little.
cache_bytes() {
	local n
	n=$(telemetry /sluice/session/summary session_cache_bytes)
	[ "$n" -ge 25165824 ] && [ "$n" -lt 25200000 ] || { echo "$n bytes"; return 1; }
}
check "telemetry: the memory of the session cache" cache_bytes
upstream_tool() {
	echo "/sluice/$1" | in_srv timeout 10 dpdk-telemetry.py -f sluice -i "$(telemetry instance)" > "$work/said" 2>&1
	grep -q "$2" "$work/said" || { cat "$work/said"; return 1; }
}
check "dpdk-telemetry.py reads /sluice/stats" upstream_tool stats hs_done
check "dpdk-telemetry.py reads /sluice/layout" upstream_tool layout poll
check "dpdk-telemetry.py reads /sluice/session/summary" upstream_tool session/summary sessions
check "--stats-period prints cores and drops" soon grep -q 'hs_done' "$work/log"
coap_path() { coap openssl 198.18.0.2 "$@" > "$work/client"; answered "$want" || { cat "$work/client"; return 1; }; }
want=2.05 check "GET /.well-known/core" coap_path get /.well-known/core
want=2.05 check "GET /time" coap_path get /time
want=4.04 check "GET of something else is 4.04" coap_path get /nothing
want=4.05 check "DELETE is 4.05" coap_path delete /s
keeps_the_old() {
	mv "$work/psk" "$work/psk.away"
	reload 'reload refused' && posts openssl 198.18.0.2 '{"n":"old"}' && mv "$work/psk.away" "$work/psk"
}
check "SIGHUP without the file keeps the old credentials" keeps_the_old
check "drains" stop_sluice
check "SIGTERM leaves no process" sh -c "! pgrep -P $$ sluice"

impatient() {
	local pid=$sluice_pid
	for _ in 1 2 3; do kill -TERM "$pid" 2>/dev/null; done
	sluice_pid=
	wait "$pid"
}
check "starts with room for one session" start_sluice af_packet:veth0 --max-sessions 1 --max-handshakes 1
check "one session is served" posts openssl 198.18.0.2 '{"n":"only"}'
check "SIGTERM three times is a drain" impatient
no_such_family() {
	"$sluice" --port af_packet:veth0,ip=198.18.0.2/15 --psk-file "$work/psk" --listen '[::]:6000' --check-config > "$work/said" 2>&1
	[ $? = 2 ] && grep -q -- '--listen: no port has this address' "$work/said"
}
check "--listen on a kind of address that no port has" no_such_family
odd_identities() {
	local name
	printf '%s:%s\n' 'a"b\c' "$(psk_key_hex)" '#ff00fe' "$(psk_key_hex)" 'grüße:8' "$(psk_key_hex)" > "$work/psk"
	start_sluice af_packet:veth0 || return 1
	for name in 'a"b\c' 'grüße:8'; do
		identity=$name posts openssl 198.18.0.2 '{"n":"odd"}' || return 1
	done
	lines 2 odd && python3 - "$sink" <<-'END'
		import json, sys
		devices = [json.loads(l)["device"] for l in open(sys.argv[1]) if "odd" in l]
		assert devices == ['a"b\\c', 'grüße:8'], devices
	END
}
check "identities that need care in JSON" odd_identities
check "drains" stop_sluice

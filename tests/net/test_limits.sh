#!/usr/bin/env bash
# SPDX-License-Identifier: BSD-3-Clause
# max_fragment_length (RFC 6066) and record_size_limit (RFC 8449) with real clients, told by what is on
# the wire: what was asked for and answered, and that no record of the endpoint is longer.
# shellcheck source=tests/net/lib.sh
. "$(dirname "$0")/lib.sh"

make_net
make_pki
(umask 077 && openssl rand -hex 32 > "$work/masters")

# watching COMMAND…: runs it, with all datagrams in $work/pcap. What the endpoint sends goes past
# the taps of its own interface, not of the clients'. A datagram to the discard port marks the end.
# What is captured at once has room for few packets in a buffer, unless they are short.
watching() {
	local rc pid
	in_cli tcpdump --immediate-mode -s 2048 -B 16384 -qUi veth1 -w "$work/pcap" udp port 5684 or udp port 9 2> "$work/tcpdump" &
	pid=$!
	soon grep -q listening "$work/tcpdump"
	"$@"
	rc=$?
	in_cli bash -c 'printf "the end" > /dev/udp/198.18.0.2/9'
	soon grep -aq 'the end' "$work/pcap"
	kill "$pid"
	wait "$pid" 2>/dev/null
	return $rc
}
# fields FILTER FIELD…: of each datagram, a line.
fields() {
	local filter=$1 list=()
	shift
	for f in "$@"; do list+=(-e "$f"); done
	tshark -r "$work/pcap" -Y "$filter" -T fields "${list[@]}" 2>/dev/null
}
# asked TYPE FIELD VALUE: a hello of this type (1 or 2) says so.
asked() {
	# No pipe: grep leaves at the first match, and tshark would fail.
	grep -qx "$3" <<< "$(fields "dtls.handshake.type == $1" "$2")" ||
		{ fields 'dtls.handshake.type <= 2' dtls.handshake.type "$2"; return 1; }
}
not_answered() { [ -z "$(fields 'dtls.handshake.type == 2' "$1")" ] || { fields 'dtls.handshake.type == 2' "$1"; return 1; }; }
# longest SIDE MIN MAX: the longest record of a side (srcport or dstport is the
# endpoint's) behind the hellos, header not counted, is within.
longest() {
	local n
	n=$(fields "udp.$1 == 5684 && !(dtls.handshake.type == 1)" dtls.record.length | tr ',' '\n' | sort -n | tail -n 1)
	if [ "${n:-0}" -lt "$2" ] || [ "${n:-0}" -gt "$3" ]; then
		echo "longest record: ${n:-none}, not $2 to $3"
		return 1
	fi
}
ping_x509() { # s_client options
	pings openssl s_client -dtls1_2 -connect 198.18.0.2:5684 -CAfile "$pki/ca.crt" -cert "$pki/client.crt" -key "$pki/client.key" \
		-cert_chain "$pki/intermediate.crt" -verify_return_error -quiet -nocommands "$@"
}
ping_recordsize() { # size
	pings gnutls-cli --udp "--recordsize=$1" --pskusername dev1 --pskkey "$(psk_key_hex)" \
		--priority 'NORMAL:-VERS-ALL:+VERS-DTLS1.2:-KX-ALL:+PSK' -p 5684 198.18.0.2
}
fleet_load() {
	in_cli timeout 60 "$load" --port kernel --target 198.18.0.2:5684 --devices 20 --psk-derive "$work/masters" \
		--warmup 0s --duration 1s "$@" > "$work/load" 2>&1 || { cat "$work/load"; return 1; }
}
told() { grep -Eq -- "$1" "$work/load" || { cat "$work/load"; return 1; }; }
resumes() { # s_client options of the first, and of the second; what the second says of it
	local how=$3 client=(openssl s_client -dtls1_2 -connect 198.18.0.2:5684 -psk "$(psk_key_hex)" -psk_identity dev1 -nocommands)
	# shellcheck disable=SC2086
	pings "${client[@]}" -sess_out "$work/session" $1 && pings "${client[@]}" -sess_in "$work/session" $2 &&
		grep -aq "^$how, TLSv1.2" "$work/answer"
}

check "starts" start_sluice af_packet:veth0 --psk-derive "$work/masters" \
	--cert "$pki/server.crt" --key "$pki/server.key" --client-ca "$pki/ca.crt"

check "certificates of both, no limit" watching ping_x509
check "  … in long records" longest srcport 513 1400
check "max_fragment_length 512, certificates of both" watching ping_x509 -maxfraglen 512
check "  … is asked for" asked 1 dtls.handshake.max_fragment_length 1
check "  … and echoed" asked 2 dtls.handshake.max_fragment_length 1
check "  … the endpoint's records fit" longest srcport 500 512
check "  … the client's as well" longest dstport 100 512
for n in 1024:2 2048:3 4096:4; do
	check "max_fragment_length ${n%:*}" watching ping_x509 -maxfraglen "${n%:*}"
	check "  … is echoed" asked 2 dtls.handshake.max_fragment_length "${n#*:}"
done
check "the same length resumes" resumes "-maxfraglen 512" "-maxfraglen 512" Reused
check "no length in either resumes" resumes "" "" Reused

check "record_size_limit of gnutls" watching ping_recordsize 512
check "  … is asked for" asked 1 dtls.record_size_limit 512
check "  … and answered by ours" asked 2 dtls.record_size_limit 16384

check "a fleet with max_fragment_length" watching fleet_load --rate 100 --late 500ms --max-fragment-length 512
check "  … is echoed" asked 2 dtls.handshake.max_fragment_length 1
check "  … resumes" fleet_load --handshakes-only --resume 100% --max-fragment-length 512
check "  … was resumed" told 'resumed +[1-9]'
check "a fleet with record_size_limit" watching fleet_load --rate 100 --late 500ms --record-size-limit 64
check "  … is answered" asked 2 dtls.record_size_limit 16384
check "a fleet with both" watching fleet_load --rate 100 --late 500ms --record-size-limit 64 --max-fragment-length 512
check "  … has record_size_limit" asked 2 dtls.record_size_limit 16384
check "  … alone" not_answered dtls.handshake.max_fragment_length
check "a request that fits no record is refused before it starts" \
	eval '! fleet_load --payload 600 --max-fragment-length 512 > /dev/null && told "a request of 6.. bytes does not fit"'

check "all of them were served: no handshake was given up" eval '! counted hs_parameter 1 > /dev/null'
check "drains" stop_sluice

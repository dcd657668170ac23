#!/usr/bin/env bash
# SPDX-License-Identifier: BSD-3-Clause
# Resumption with real clients: by ticket and by id, tickets of another process with the same keys,
# keys that are replaced, devices that are revoked.
# shellcheck source=tests/net/lib.sh
. "$(dirname "$0")/lib.sh"

make_net

# s_client KEY-HEX [options]: a CoAP ping in a session; what the client says is in answer and err.
s_client() {
	local hex=$1
	shift
	pings openssl s_client -dtls1_2 -connect 198.18.0.2:5684 -nocommands -psk "$hex" -psk_identity "${identity:-dev1}" "$@"
}
# session NEW|REUSED [options]: the ping is answered, in a session of this kind.
session() {
	local kind=$1
	shift
	s_client "$(psk_key_hex)" "$@" || return 1
	grep -aq "^$kind, " "$work/answer" || { cat "$work/answer"; return 1; }
}
first() { session New "$@" -sess_out "$work/session"; }
again() { session Reused "$@" -sess_in "$work/session"; }
fully() { session New "$@" -sess_in "$work/session"; }

key_file() { (umask 077 && printf '%s\n' "$@" > "$work/tickets"); }
root_a=$(openssl rand -hex 32)
root_b=$(openssl rand -hex 32)

check "starts" start_sluice af_packet:veth0
check "says what it resumes with" grep -q '^resumption: for 86400 s; tickets with keys of this process; 65536 sessions by id, 384 bytes each' "$work/log"
check "a session with a ticket" first
check "... is resumed" again
check "... and again" again
check "both are counted" counted hs_resumed_ticket 2
check "its ticket was issued once" counted ticket_issued 1
check "a session with an id" first -no_ticket
check "... is resumed" again -no_ticket
check "... which is counted" counted hs_resumed_id 1
for cipher in PSK-AES256-GCM-SHA384 PSK-AES128-CCM8 PSK-CHACHA20-POLY1305; do
	check "$cipher: a session with a ticket" first -cipher "$cipher"
	check "$cipher: ... is resumed" again -cipher "$cipher"
done
# gnutls-cli counts its second handshake among the new ones when it is not resumed.
gnutls_resumes() {
	pings gnutls-cli --udp --resume --pskusername dev1 --pskkey "$(psk_key_hex)" \
		--priority "NORMAL:-VERS-ALL:+VERS-DTLS1.2:-KX-ALL:+PSK$1" -p 5684 198.18.0.2 || return 1
	grep -aq 'This is a resumed session' "$work/answer" || { cat "$work/answer" "$work/err"; return 1; }
}
check "gnutls-cli resumes by ticket" gnutls_resumes ""
check "gnutls-cli resumes by id" gnutls_resumes ":%NO_TICKETS"

check "a session, and its device is given another key" first
other=$(printf %s another-16-bytes | od -An -tx1 | tr -d ' \n')
revoked() { # key: the session is not resumed
	! s_client "$1" -sess_in "$work/session" && ! grep -aq '^Reused, ' "$work/answer"
}
changes_key() {
	psk_line dev1 another-16-bytes > "$work/psk"
	reload reloaded
}
check "SIGHUP: the key is changed" changes_key
check "the old session is not resumed, and the old key is refused" revoked "$(psk_key_hex)"
fully_with() { s_client "$1" -sess_in "$work/session" && grep -aq '^New, ' "$work/answer"; } # key
check "a full handshake with the new key is made instead" fully_with "$other"
removes() {
	psk_line dev2 another-16-bytes > "$work/psk"
	reload reloaded
}
check "SIGHUP: the device is removed" removes
check "a device that is gone does not resume" revoked "$(psk_key_hex)"
check "each of these is counted" counted session_revoked 3
check "drains" stop_sluice
rm -f "$work/psk"

check "another process starts" start_sluice af_packet:veth0
check "it has other keys: a full handshake" first
check "drains" stop_sluice

key_file "$root_a"
check "starts with a key file" start_sluice af_packet:veth0 --ticket-key-file "$work/tickets"
check "its ticket of an unknown key is a full handshake" fully
check "... which is counted" counted ticket_invalid 1
check "a session" first
check "drains" stop_sluice
key_file "# the new one seals" "$root_b" "$root_a"
check "another process starts with that key, second to its own" start_sluice af_packet:veth0 --ticket-key-file "$work/tickets"
check "it resumes the session" again
check "... with a ticket of its own key" counted ticket_issued 1
check "a session of the new key" first
broken() {
	echo "not a key" >> "$work/tickets"
	reload 'reload refused' && grep -q 'tickets:4: not 64 hex digits' "$work/log"
}
check "SIGHUP: a broken key file is refused, with its line" broken
check "the old keys stay" again
replaced() {
	key_file "$root_b"
	reload 'tickets: 1 keys'
}
check "SIGHUP: the elder key is dropped" replaced
check "tickets of the other one are good" again
open_to_all() {
	chmod 640 "$work/tickets"
	reload 'reload refused' && grep -q 'readable by group or others' "$work/log"
}
check "SIGHUP: a file that others can read is refused" open_to_all
check "no key stands in the log" sh -c "! grep -qi -e '$root_a' -e '$root_b' '$work/log'"
check "drains" stop_sluice

check "starts with a short lifetime" start_sluice af_packet:veth0 --session-lifetime 1s
check "a session" first
check "... is too old soon" soon fully
check "... which is counted" counted ticket_expired 1
check "drains" stop_sluice
check "starts without resumption" start_sluice af_packet:veth0 --no-resumption
check "a handshake" first
check "... is not resumed" fully
check "drains" stop_sluice

# Our client role against other servers, and against ours.
client=$build/tests/net/resume
# kinds ADDRESS WANTED-LINES…: what each handshake of our client was.
kinds() {
	local address=$1
	shift
	in_cli timeout 60 "$client" "$address" 5684 dev1 "$key_text" "$#" ${suite:+"$suite"} > "$work/kinds"
	[ "$(cut -d, -f1 "$work/kinds" | tr '\n' ' ')" = "$* " ] || { cat "$work/kinds" "$work/err"; return 1; }
}
# Its datagrams: two hellos and the last flight out, the cookie and a flight in.
round_trips() { grep -q "^$1, 3 out, 2 in" "$work/kinds" || { cat "$work/kinds"; return 1; }; }
s_server() { # options
	# Its standard input must not end.
	in_cli openssl s_server -dtls1_2 -accept 198.18.0.1:5684 -nocert -psk "$(psk_key_hex)" -cipher PSK "$@" \
		<&9 > "$work/answer" 2> "$work/err" &
	server_pid=$!
	sleep 1
}
end_server() { kill "$server_pid" 2> /dev/null; wait "$server_pid" 2> /dev/null || true; }
mkfifo "$work/fifo" && exec 9<> "$work/fifo"

check "starts" start_sluice af_packet:veth0
for suite in TLS_PSK_WITH_AES_128_CCM_8 TLS_PSK_WITH_AES_256_GCM_SHA384; do
	check "our client and our server, $suite: by ticket" kinds 198.18.0.2 full ticket ticket
	check "... in two round trips" round_trips ticket
	NO_TICKET=1 check "... by id" kinds 198.18.0.2 full id id
	check "... in two round trips" round_trips id
done
check "drains" stop_sluice
for suite in TLS_PSK_WITH_AES_128_CCM_8 TLS_PSK_WITH_AES_256_GCM_SHA384; do
	s_server
	check "our client and openssl s_server, $suite: by ticket" kinds 198.18.0.1 full ticket ticket
	end_server
	s_server -no_ticket
	check "... by id" kinds 198.18.0.1 full id id
	end_server
done

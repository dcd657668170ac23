#!/usr/bin/env bash
# SPDX-License-Identifier: BSD-3-Clause
# Sessions that certificates and raw keys made, resumed by real clients: by whom, as whom, and by whom
# no more.
# shellcheck source=tests/net/lib.sh
. "$(dirname "$0")/lib.sh"

make_net
make_pki
cat "$pki/ca.crt" "$pki/intermediate.crt" > "$work/cas"
cp "$pki/ca-empty.crl" "$work/crl"
cp "$pki/rpk.fingerprints" "$work/rpks"
credentials=(--cert "$pki/server.crt" --key "$pki/server.key" --cert "$pki/server2.crt" --key "$pki/server2.key"
	--client-ca "$work/cas" --crl "$work/crl" --rpk-file "$work/rpks" --ticket-key-file "$work/tickets")
(umask 077 && openssl rand -hex 32 > "$work/tickets")
s_client() { # options
	pings openssl s_client -dtls1_2 -connect 198.18.0.2:5684 -nocommands \
		-CAfile "$pki/ca.crt" -cipher "${cipher:-ECDHE-ECDSA-AES128-CCM8}" \
		${who:+-cert "$pki/$who.crt" -key "$pki/$who.key"} "$@"
}
# session NEW|REUSED [options]: the ping is answered, in a session of this kind.
session() {
	local kind=$1
	shift
	s_client "$@" || return 1
	grep -aq "^$kind, " "$work/answer" || { cat "$work/answer"; return 1; }
}
first() { session New "$@" -sess_out "$work/session"; }
again() { session Reused "$@" -sess_in "$work/session"; }
fully() { session New "$@" -sess_in "$work/session"; }
# posts_as NEW|REUSED DEVICE [options]: a reading arrives, in a session of this kind, from this device.
posts_as() {
	local kind=$1 device=$2 before
	before=$(grep -c "\"device\":\"$device\"" "$sink")
	shift 2
	printf '\x40\x02\x12\x34\xb1s\x04temp\xff{"t":1}' > "$work/request"
	converse "$work/request" '\x60\x44\x12\x34' openssl s_client -dtls1_2 -connect 198.18.0.2:5684 -nocommands \
		-CAfile "$pki/ca.crt" -cipher ECDHE-ECDSA-AES128-CCM8 -cert "$pki/$who.crt" -key "$pki/$who.key" "$@"
	if ! grep -aq "^$kind, " "$work/answer" || ! lines $((before + 1)) "\"device\":\"$device\",\"auth\":\"x509\""; then
		cat "$work/answer" "$work/err"
		return 1
	fi
}
# is_out: the session is not resumed, and no other is made.
is_out() {
	! s_client -sess_in "$work/session" && ! grep -aq '^Reused, ' "$work/answer"
}
swap() { # file, its new content's file
	cp "$2" "$1"
	reload 'reloaded .* certificates'
}

: > "$sink"
check "starts with certificates" start_sluice af_packet:veth0 "${credentials[@]}"
for who in client client-rsa; do
	for way in "" -no_ticket; do
		# shellcheck disable=SC2086
		{
		check "$who: a session ${way:-with a ticket}" first $way
		check "$who: ... is resumed" again $way
		check "$who: ... and again" again $way
		}
	done
done
check "by ticket: counted" counted hs_resumed_ticket 4
check "by id: counted" counted hs_resumed_id 4
who=client
for cipher in ECDHE-ECDSA-AES128-GCM-SHA256 ECDHE-ECDSA-AES256-GCM-SHA384 ECDHE-ECDSA-AES128-CCM ECDHE-ECDSA-CHACHA20-POLY1305; do
	check "$cipher: a session" first
	check "$cipher: ... is resumed" again
done
cipher=
check "a reading in a full handshake's session has the device's name" posts_as New client -sess_out "$work/session"
check "... and in one that was resumed, too" posts_as Reused client -sess_in "$work/session"
check "a session of one name" first -servername sluice.test
check "... is resumed under this name" again -servername SLUICE.test
check "... under another one it is a full handshake (RFC 6066 3)" fully -servername other.test
check "... and without a name" fully -noservername
gnutls_resumes_x509() { # priority, options
	pings gnutls-cli --udp --resume "${@:2}" --priority "NORMAL:-VERS-ALL:+VERS-DTLS1.2$1" -p 5684 198.18.0.2 || return 1
	grep -aq 'This is a resumed session' "$work/answer" || { cat "$work/answer" "$work/err"; return 1; }
}
x509=(--x509cafile "$pki/ca.crt" --verify-hostname sluice.test --x509certfile "$pki/client.crt" --x509keyfile "$pki/client.key")
rpk=(--insecure --rawpkkeyfile "$pki/rpk.key" --rawpkfile "$pki/rpk.pub")
check "gnutls-cli, a certificate: by ticket" gnutls_resumes_x509 "" "${x509[@]}"
check "gnutls-cli, a certificate: by id" gnutls_resumes_x509 ":%NO_TICKETS" "${x509[@]}"
check "gnutls-cli, a raw key: by ticket" gnutls_resumes_x509 ":-CTYPE-ALL:+CTYPE-RAWPK" "${rpk[@]}"
check "gnutls-cli, a raw key: by id" gnutls_resumes_x509 ":-CTYPE-ALL:+CTYPE-RAWPK:%NO_TICKETS" "${rpk[@]}"

check "a session, by ticket" first
check "drains" stop_sluice
check "another process starts with the same keys" start_sluice af_packet:veth0 "${credentials[@]}"
check "it resumes the certificate's session" again
check "drains" stop_sluice
check "one that names devices by another rule" start_sluice af_packet:veth0 "${credentials[@]}" --device-name uri
check "does not: the device has another name there" fully
check "... which is counted" counted session_revoked 1
check "drains" stop_sluice

# bad-input list: what is revoked is revoked, however it comes.
check "starts" start_sluice af_packet:veth0 "${credentials[@]}"
for way in "" -no_ticket; do
	who="client-revoked"
	cp "$pki/ca-empty.crl" "$work/crl"
	check "SIGHUP: nobody is revoked" swap "$work/crl" "$pki/ca-empty.crl"
	# shellcheck disable=SC2086
	check "a session of who will be ${way:+(by id)}" first $way
	check "... is resumed" again
	check "SIGHUP: the list has it" swap "$work/crl" "$pki/ca.crl"
	check "who is revoked does not resume" is_out
	check "... and hears certificate_revoked" grep -q 'alert number 44' "$work/err"
done
check "each is counted" counted session_revoked 2
check "... as revoked in the full handshake" counted hs_cert_revoked 2
who=client
check "a session of another device" first
check "SIGHUP: a list past its date" swap "$work/crl" "$pki/ca-expired.crl"
check "nobody resumes by it" is_out
check "SIGHUP: one of today" swap "$work/crl" "$pki/ca.crl"
check "the old session is good again" again
check "SIGHUP: its CA is trusted no more" swap "$work/cas" "$pki/unknown.crt"
check "the session is not resumed" is_out
cat "$pki/ca.crt" "$pki/intermediate.crt" > "$work/both"
check "SIGHUP: it is trusted again" swap "$work/cas" "$work/both"
check "the session is resumed" again
check "drains" stop_sluice

who=
check "starts for clients without certificates" start_sluice af_packet:veth0 "${credentials[@]}" --client-auth none
for way in "" -no_ticket; do
	# shellcheck disable=SC2086
	check "a session of nobody ${way:+(by id)}" first $way
	check "... is resumed" again
done
check "a session of nobody, by ticket" first
check "drains" stop_sluice
check "starts for clients that must have one" start_sluice af_packet:veth0 "${credentials[@]}"
check "nobody's session is not resumed there" is_out
check "drains" stop_sluice

#!/usr/bin/env bash
# SPDX-License-Identifier: BSD-3-Clause
# Live sessions of real clients end when what they proved themselves with does: within a second of
# SIGHUP, by an alert that the client sees, and nobody else's.
# shellcheck source=tests/net/lib.sh
. "$(dirname "$0")/lib.sh"

make_net
make_pki
cat "$pki/ca.crt" "$pki/intermediate.crt" > "$work/cas"
cp "$pki/ca-empty.crl" "$work/crl"
cp "$pki/rpk.fingerprints" "$work/rpks"
other_key=other-secret-of-24-bytes
keys() { (umask 077 && for name in "$@"; do psk_line "$name" "$key_text"; done > "$work/psk"); }
keys dev1 dev2 dev3
: > "$work/denied"
credentials=(--cert "$pki/server.crt" --key "$pki/server.key" --client-ca "$work/cas" --crl "$work/crl"
	--rpk-file "$work/rpks" --deny-file "$work/denied")

live_psk() {
	live "$1" openssl s_client -dtls1_2 -connect 198.18.0.2:5684 -psk "$(psk_key_hex)" -psk_identity "$1" \
		-cipher PSK-AES128-CCM8 -quiet -nocommands
}
live_x509() {
	live "$1" openssl s_client -dtls1_2 -connect 198.18.0.2:5684 -CAfile "$pki/ca.crt" -cert "$pki/$1.crt" -key "$pki/$1.key" \
		-quiet -nocommands
}
live_rpk() {
	live "$1" gnutls-cli --udp --insecure --rawpkkeyfile "$pki/$1.key" --rawpkfile "$pki/$1.pub" \
		--priority "NORMAL:-VERS-ALL:+VERS-DTLS1.2:-CTYPE-ALL:+CTYPE-RAWPK" -p 5684 198.18.0.2
}
# hangup: SIGHUP; what closes within a second of it closes in time.
hangup() {
	: > "$work/log"
	kill -HUP "$sluice_pid"
	until_ns=$(($(date +%s%N) + 1000000000))
}
# ends NAME ALERT: openssl shows an alert by its number, gnutls by its name.
ends() {
	while :; do
		grep -qi -- "$2" "$work/$1.err" "$work/$1.answer" && return 0
		[ "$(date +%s%N)" -gt "$until_ns" ] && break
		sleep 0.02
	done
	cat "$work/$1.answer" "$work/$1.err"
	return 1
}
# stays NAME…: no alert came.
stays() {
	local name
	for name in "$@"; do
		! grep -i alert "$work/$name.err" "$work/$name.answer" || return 1
	done
}
sessions() { # N: so many are live
	local n
	n=$(telemetry /sluice/session/summary sessions)
	[ "$n" = "$1" ] || { echo "$n sessions, not $1"; return 1; }
}
logged() { grep -q -- "$1" "$work/log" || { cat "$work/log"; return 1; }; }
refused_psk() { # identity, key: looks like a wrong key
	timeout 5 ip netns exec "$cli" openssl s_client -dtls1_2 -connect 198.18.0.2:5684 -psk "$(psk_key_hex)" -psk_identity "$1" \
		-cipher PSK-AES128-CCM8 < /dev/null > "$work/said" 2>&1
	grep -q 'SSL alert number 51' "$work/said" || { cat "$work/said"; return 1; }
}
refused_x509() { # name, alert
	timeout 5 ip netns exec "$cli" openssl s_client -dtls1_2 -connect 198.18.0.2:5684 -cert "$pki/$1.crt" -key "$pki/$1.key" \
		< /dev/null > "$work/said" 2>&1
	grep -q "SSL alert number $2" "$work/said" || { cat "$work/said"; return 1; }
}

openssl x509 -in "$pki/client-rsa.crt" -outform DER | python3 "$root/tests/net/twin.py" |
	openssl x509 -inform DER -out "$pki/client-twin.crt"
cp "$pki/client-rsa.key" "$pki/client-twin.key"

check "starts" start_sluice af_packet:veth0 "${credentials[@]}"
check "a device with a certificate that will be revoked" live_x509 client-revoked
check "one with another certificate" live_x509 client
check "one that will be denied by its certificate's fingerprint" live_x509 client-rsa
check "one with that certificate, the other s in its signature" live_x509 client-twin
for name in dev1 dev2 dev3; do
	check "$name with a key" live_psk "$name"
done
check "one with a raw key" live_rpk rpk
check "all of them" sessions 8

echo "identity dev1" > "$work/denied"
echo "sha256 of nothing" >> "$work/denied"
check "a bad line: the file and the line are named" reload 'reload refused.*denied:2: '
sleep 0.5 # nothing comes of it
check "nobody is closed" sessions 8
check "no alert is sent" stays dev1 dev2 dev3 client client-rsa client-twin client-revoked rpk
echo "identity dev1" > "$work/denied"
echo rubbish > "$work/crl"
check "another file is bad" reload 'reload refused.*crl'
sleep 0.5
check "a good list is not taken either" sessions 8

cp "$pki/ca.crl" "$work/crl"
: > "$work/denied"
hangup
check "revoked: certificate_revoked within a second" ends client-revoked 'SSL alert number 44'
check "the others go on" stays dev1 dev2 dev3 client client-rsa client-twin rpk
check "it is counted" counted session_cert_revoked 1
check "and logged" logged '"client-revoked": closed: its certificate was revoked'
check "and refused from now on" refused_x509 client-revoked 44

echo "identity dev1" > "$work/denied"
echo "sha256 $(openssl x509 -in "$pki/client-rsa.crt" -outform DER | sha256sum | cut -d ' ' -f 1)" >> "$work/denied"
hangup
check "denied by identity: access_denied within a second" ends dev1 'SSL alert number 49'
check "denied by its certificate's fingerprint: the same" ends client-rsa 'SSL alert number 49'
check "which its twin has not: the same" ends client-twin 'SSL alert number 49'
check "the others go on" stays dev2 dev3 client rpk
check "all three are counted" counted session_denied 3
check "the identity is refused as if it were unknown" refused_psk dev1
check "the certificate by access_denied" refused_x509 client-rsa 49
check "its twin as well" refused_x509 client-twin 49
check "both are counted" counted hs_denied 2

keys dev2
psk_line dev3 "$other_key" >> "$work/psk"
hangup
check "given another key: access_denied within a second" ends dev3 'SSL alert number 49'
keys dev1
hangup
check "taken out of the file: the same" ends dev2 'SSL alert number 49'
check "the others go on" stays client rpk
check "both are counted" counted session_key_gone 2

grep -v ' rpk$' "$pki/rpk.fingerprints" > "$work/rpks"
hangup
check "a raw key taken out of its file: access_denied within a second" ends rpk 'Access was denied\|access denied'
check "the other goes on" stays client
check "it is counted" counted session_key_gone 3
check "one session is left" sessions 1

echo "sha256 $(openssl pkey -in "$pki/client.key" -pubout -outform DER | sha256sum | cut -d ' ' -f 1)" > "$work/denied"
hangup
check "denied by its key: access_denied within a second" ends client 'SSL alert number 49'
check "nobody is left" sessions 0
check "drains" stop_sluice

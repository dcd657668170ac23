#!/usr/bin/env bash
# SPDX-License-Identifier: BSD-3-Clause
# Certificates and ephemeral keys with real clients: every suite, who is taken and who is not and by
# which alert, names, SNI, revocation by SIGHUP.
# shellcheck source=tests/net/lib.sh
. "$(dirname "$0")/lib.sh"

make_net
make_pki
# What devices' certificates are known by: openssl's clients show no intermediate.
cat "$pki/ca.crt" "$pki/intermediate.crt" > "$work/cas"
cp "$pki/ca.crl" "$work/crl"
credentials=(--cert "$pki/server.crt" --key "$pki/server.key" --cert "$pki/server2.crt" --key "$pki/server2.key"
	--cert "$pki/server-ed25519.crt" --key "$pki/server-ed25519.key" --client-ca "$work/cas" --crl "$work/crl")

ping_dtls() { # s_client options
	pings openssl s_client -dtls1_2 -connect 198.18.0.2:5684 -CAfile "$pki/ca.crt" -verify_return_error -quiet -nocommands "$@"
}
as() { echo "-cert $pki/$1.crt -key $pki/$1.key"; }
refused_by() { # alert number, s_client options
	local number=$1
	shift
	ping_dtls "$@" > /dev/null && { echo "was taken"; return 1; }
	grep -q "SSL alert number $number" "$work/err" || { cat "$work/err"; return 1; }
}
ping_gnutls_x509() { # cipher, certificate
	pings gnutls-cli --udp --x509cafile "$pki/ca.crt" --verify-hostname sluice.test \
		--x509certfile "$pki/${2:-client}.crt" --x509keyfile "$pki/${2:-client}.key" \
		--priority "NORMAL:-VERS-ALL:+VERS-DTLS1.2:-CIPHER-ALL:+$1" -p 5684 198.18.0.2
}
ping_gnutls_rpk() { # key
	pings gnutls-cli --udp --insecure --rawpkkeyfile "$pki/$1.key" --rawpkfile "$pki/$1.pub" \
		--priority "NORMAL:-VERS-ALL:+VERS-DTLS1.2:-CTYPE-ALL:+CTYPE-RAWPK" -p 5684 198.18.0.2
}
refuses_rpk() {
	! ping_gnutls_rpk "$1" > /dev/null && grep -q 'fatal alert' "$work/err"
}
posts_x509() { # client library
	in_cli timeout 20 "coap-client-$1" -v 6 -B 8 -m post -e '{"t":1}' -t 50 -c "$pki/client.crt" -j "$pki/client.key" \
		-C "$pki/ca.crt" coaps://198.18.0.2/s/temp > "$work/client" 2>&1
	answered 2.04 || { cat "$work/client"; return 1; }
}
shown() { # name asked for, name in the certificate
	in_cli timeout 5 openssl s_client -dtls1_2 -connect 198.18.0.2:5684 -servername "$1" -cipher ECDHE-ECDSA-AES128-CCM8 \
		< /dev/null 2>/dev/null | openssl x509 -noout -ext subjectAltName > "$work/shown" 2>&1
	grep -q "DNS:$2" "$work/shown" || { cat "$work/shown"; return 1; }
}

# shellcheck disable=SC2046
{
check "starts" start_sluice af_packet:veth0 "${credentials[@]}"
for cipher in AES128-GCM-SHA256 AES256-GCM-SHA384 AES128-CCM AES128-CCM8 CHACHA20-POLY1305; do
	check "openssl s_client, ECDHE-ECDSA-$cipher with a client certificate" ping_dtls -cipher "ECDHE-ECDSA-$cipher" $(as client)
done
for group in P-256 X25519:P-256; do
	check "openssl s_client, groups $group" ping_dtls -cipher ECDHE-ECDSA-AES128-CCM8 -groups "$group" $(as client)
done
check "openssl s_client, its chain with the intermediate" ping_dtls $(as client) -cert_chain "$pki/intermediate.crt"
for scheme in RSA-PSS+SHA256 RSA+SHA256; do
	check "openssl s_client, an RSA client that signs with $scheme" ping_dtls -sigalgs "$scheme:ECDSA+SHA256" $(as client-rsa)
done
for cipher in AES128-CCM8 AES256-GCM-SHA384; do
	check "openssl s_client, an Ed25519 client, $cipher" ping_dtls -cipher "ECDHE-ECDSA-$cipher" $(as client-ed25519)
done
check "gnutls-cli, an Ed25519 client" ping_gnutls_x509 AES-128-GCM client-ed25519
check "openssl s_client, our Ed25519 certificate" ping_dtls -sigalgs ed25519:ECDSA+SHA256 -cipher ECDHE-ECDSA-AES128-CCM8 $(as client)
check "openssl s_client, ECDHE-PSK" ping_openssl ECDHE-PSK-CHACHA20-POLY1305
check "openssl s_client, small datagrams" ping_dtls -mtu 400 -cipher ECDHE-ECDSA-AES128-CCM8 $(as client)
for cipher in AES-128-GCM AES-256-GCM AES-128-CCM AES-128-CCM-8 CHACHA20-POLY1305; do
	check "gnutls-cli, $cipher with a client certificate" ping_gnutls_x509 "$cipher"
done
: > "$sink"
check "coap-client-openssl posts" posts_x509 openssl
check "coap-client-gnutls posts" posts_x509 gnutls
check "readings have the device's name" lines 2 '"device":"client","auth":"x509".*"suite":"TLS_ECDHE_ECDSA_'
check "a device with a key beside them" posts openssl 198.18.0.2 '{"t":2}'
check "is known by its key" lines 1 '"device":"dev1","auth":"psk"'

check "no certificate: handshake_failure" refused_by 40
check "revoked: certificate_revoked" refused_by 44 $(as client-revoked)
check "expired: certificate_expired" refused_by 45 $(as client-expired)
check "not yet valid: certificate_expired" refused_by 45 $(as client-not-yet)
check "another extendedKeyUsage: unsupported_certificate" refused_by 43 $(as client-wrong-eku)
check "another keyUsage: unsupported_certificate" refused_by 43 $(as client-wrong-usage)
check "a key of another curve: unsupported_certificate" refused_by 43 $(as client-p384)
check "nobody's: unknown_ca" refused_by 48 $(as unknown)
head -c 6000 /dev/urandom > "$work/long.bin"
openssl req -x509 -newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes -keyout "$work/long.key" -out "$work/long.crt" -days 1 \
	-subj /CN=long -addext "1.2.3.4=ASN1:FORMAT:HEX,OCTETSTRING:$(od -An -v -tx1 "$work/long.bin" | tr -d ' \n')" > /dev/null 2>&1
check "a certificate of 6 kB: illegal_parameter, unread" refused_by 47 -cert "$work/long.crt" -key "$work/long.key"
check "they are counted" counted hs_cert_revoked 1
check "by what was wrong" counted hs_cert_expired 2

check "SNI: the certificate of the name" shown other.test other.test
check "SNI: a name that nobody has" shown nobody.test sluice.test
check "no name" shown 198.18.0.2 sluice.test

cp "$pki/ca-expired.crl" "$work/crl"
check "SIGHUP with lists past their date" reload 'reloaded .* certificates'
check "nobody is taken by them" refused_by 46 $(as client)
echo rubbish > "$work/cas"
check "SIGHUP with a broken file is refused" reload 'reload refused.*cas: no certificate'
cat "$pki/ca.crt" "$pki/intermediate.crt" > "$work/cas"
cp "$pki/ca.crl" "$work/crl"
check "SIGHUP with good files" reload 'reloaded .* certificates'
check "devices are taken again" ping_dtls $(as client)
check "drains" stop_sluice

: > "$sink"
check "starts with other rules" start_sluice af_packet:veth0 "${credentials[@]}" --crl "$pki/ca-expired.crl" --crl-expired accept \
	--device-name uri --client-auth optional
check "a list past its date still counts" refused_by 44 $(as client-revoked)
check "coap-client-openssl posts" posts_x509 openssl
check "the device's name is its URI" lines 1 '"device":"urn:dev:client","auth":"x509"'
check "no certificate is needed" ping_dtls -cipher ECDHE-ECDSA-AES128-CCM8
check "drains" stop_sluice

: > "$sink"
check "starts with raw public keys" start_sluice af_packet:veth0 --cert "$pki/server.crt" --key "$pki/server.key" \
	--rpk-file "$pki/rpk.fingerprints"
check "gnutls-cli, raw public keys both ways" ping_gnutls_rpk rpk
check "gnutls-cli, a key that nobody knows is refused" refuses_rpk rpk-other
check "it is counted" counted hs_cert 1
check "certificates are not taken here: unsupported_certificate" refused_by 43 $(as client)
check "drains" stop_sluice
}

#!/usr/bin/env bash
# SPDX-License-Identifier: BSD-3-Clause
# Every suite and mode with independent clients: the cells of the table in tests/interop/README.md,
# which has to be what is shown here. A cell is a request that is answered, and a line in the sink
# with the device's name, how it was proved and the suite; or a refusal that is counted.
# shellcheck source=tests/net/lib.sh
. "$(dirname "$0")/lib.sh"
# shellcheck source=tests/interop/adapters.sh
. "$root/tests/interop/adapters.sh"

make_net
make_pki
cells=$work/cells
: > "$cells"
n_cells=0

# cell ROW CLIENT TEST…: one cell; TEST is run with the client's name behind it.
cell() {
	local row=$1 name=$2 before=$n_failed why state=shown
	shift 2
	n_cells=$((n_cells + 1))
	label=c$n_cells
	request "$label"
	if why=$(missing "$name"); then
		skip "$row: $name" "$why"
		state=absent
	else
		check "$row: $name" "$@" "$name" < /dev/null
		[ "$n_failed" = "$before" ] || state=failed
	fi
	printf '%s\t%s\t%s\n' "$row" "$name" "$state" >> "$cells"
}
# each ROW CLIENTS TEST…: a row.
each() {
	local row=$1 names=$2 name
	shift 2
	for name in $names; do cell "$row" "$name" "$@"; done
}

# Tests. $proof: how the sink is to know the device; $options: of the client.
taken() {
	client "$1" "${options[@]}" && lines "$sent" "$proof.*\"suite\":\"$sink_suite\".*\"payload\":\"$label\""
}
count_of() { telemetry /sluice/stats outcomes "$1"; }
resumes() { # id or ticket, client
	local before n options=("${options[@]}" --resume "$1")
	before=$(count_of "hs_resumed_$1")
	taken "$2" || return 1
	n=$(($(count_of "hs_resumed_$1") - before))
	[ "$n" = 1 ] || { echo "resumed $n times"; return 1; }
}
refused() { # outcome, client
	local before
	before=$(count_of "$1")
	if client "$2" "${options[@]}" > /dev/null; then
		echo "was taken"
		return 1
	fi
	is_counted "$1" || { cat "$work/said"; echo "$1 was not counted"; return 1; }
	lines 0 "\"payload\":\"$label\""
}
is_counted() { [ "$(count_of "$1")" -gt "$before" ]; }
unheard() { # outcome, client: refused in silence, for which it would wait until it gives up
	local no_answer="is_counted $1"
	refused "$@"
}

# use SUITE OPTION…: what the next cells are about.
use() {
	suite_used=$1
	sink_suite=$1
	shift
	options=(--suite "$suite_used" "$@")
}
# The same with DTLS 1.3, which the sink has to tell, too. $proved: all but the version.
use_13() {
	use "$@" --dtls 1.3
	proof="$proved,\"dtls\":\"1.3\""
}
psk=(--psk "dev1:$(psk_key_hex)")
as() { mutual=(--ca "$pki/ca.crt" --cert "$pki/$1.crt" --key "$pki/$1.key"); }
as_raw() { raw=(--raw-key "$pki/$1.key" --raw-public "$pki/$1.spki"); }
by_psk='"device":"dev1","auth":"psk"'
by_certificate='"device":"client","auth":"x509"'
anonymous='"device":"","auth":"none"'
gcm=TLS_ECDHE_ECDSA_WITH_AES_128_GCM_SHA256
gcm_13=TLS_AES_128_GCM_SHA256
ccm_8=TLS_ECDHE_ECDSA_WITH_AES_128_CCM_8
psk_chacha=TLS_ECDHE_PSK_WITH_CHACHA20_POLY1305_SHA256
wolfssl='wolfssl wolfssl-new'
mbedtls='mbedtls mbedtls-new'

cat "$pki/ca.crt" "$pki/intermediate.crt" > "$work/cas"
(umask 077 && openssl rand -hex 32 > "$work/tickets")
check "our programs with newer libraries" build_newer
missing nss > /dev/null || check "NSS's database" nss_database "$pki/ca.crt" "$pki/client.crt" "$pki/client.key"

master=$(openssl rand -hex 32)
(umask 077 && echo "unit-:$master" > "$work/masters")
check "starts with pre-shared keys" start_sluice af_packet:veth0 --ticket-key-file "$work/tickets" --psk-derive "$work/masters"
proof=$by_psk
while read -r suite names; do
	use "TLS_$suite" "${psk[@]}"
	each "TLS_$suite" "$names" taken
done << END
PSK_WITH_AES_128_GCM_SHA256              openssl gnutls $mbedtls wolfssl-new erlang
PSK_WITH_AES_256_GCM_SHA384              openssl gnutls $mbedtls wolfssl-new erlang
PSK_WITH_AES_128_CCM                     openssl gnutls $mbedtls wolfssl-new erlang
PSK_WITH_AES_128_CCM_8                   openssl gnutls $mbedtls wolfssl-new erlang
PSK_WITH_CHACHA20_POLY1305_SHA256        openssl gnutls $mbedtls wolfssl-new
ECDHE_PSK_WITH_AES_128_GCM_SHA256        $wolfssl erlang
ECDHE_PSK_WITH_AES_128_CCM_SHA256        erlang
ECDHE_PSK_WITH_AES_128_CCM_8_SHA256      erlang
ECDHE_PSK_WITH_CHACHA20_POLY1305_SHA256  openssl $wolfssl $mbedtls
END
use "$psk_chacha" "${psk[@]}"
each "pre-shared key, as it likes best" "libcoap-openssl libcoap-gnutls" taken
proof='"device":"unit-7","auth":"psk"'
use TLS_PSK_WITH_AES_128_CCM_8 --psk "unit-7:$(derived "$master" unit-7)"
each "key derived of a master key" "openssl gnutls $mbedtls wolfssl-new erlang" taken
use TLS_PSK_WITH_AES_128_CCM_8 --psk "unit-7:$(derived "$master" unit-8)"
each "refused: another device's key" "openssl gnutls $mbedtls wolfssl-new erlang" unheard record_tag
proof=$by_psk
for group in secp256r1 x25519; do
	use "$psk_chacha" "${psk[@]}" --group $group
	each "ECDHE_PSK, group $group" "openssl wolfssl-new $mbedtls" taken
done
use TLS_PSK_WITH_AES_128_CCM_8 "${psk[@]}" --no-ems
each "without extended master secret" "gnutls wolfssl-new $mbedtls" taken
for kind in id ticket; do
	use TLS_PSK_WITH_AES_128_CCM_8 "${psk[@]}"
	each "pre-shared key, resumed by $kind" "openssl gnutls $mbedtls wolfssl-new" resumes $kind
done
for size in 512 1024; do
	use TLS_PSK_WITH_AES_128_CCM_8 "${psk[@]}" --max-fragment $size
	each "max_fragment_length $size" "openssl $mbedtls wolfssl-new erlang" taken
done
use TLS_PSK_WITH_AES_128_CCM_8 "${psk[@]}" --record-size 600
each "record_size_limit" gnutls taken
proved=$by_psk
while read -r suite names; do
	use_13 "$suite" "${psk[@]}"
	each "$suite, pre-shared key" "$names" taken
done << END
TLS_AES_128_GCM_SHA256        wolfssl-new nss-new
TLS_AES_256_GCM_SHA384        wolfssl-new
TLS_CHACHA20_POLY1305_SHA256  wolfssl-new nss-new
TLS_AES_128_CCM_SHA256        wolfssl-new
END
for psk_mode in psk_ke psk_dhe_ke; do
	use_13 $gcm_13 "${psk[@]}" --psk-mode $psk_mode
	each "1.3, $psk_mode" wolfssl-new taken
done
for group in secp256r1 x25519; do
	use_13 $gcm_13 "${psk[@]}" --psk-mode psk_dhe_ke --group $group
	each "1.3, psk_dhe_ke, group $group" "wolfssl-new nss-new" taken
done
use_13 $gcm_13 "${psk[@]}" --psk-mode psk_dhe_ke --group x25519 --no-key-share
each "1.3, psk_dhe_ke, asked for a key of x25519" wolfssl-new taken
use_13 $gcm_13 "${psk[@]}" --resume ticket
each "1.3, pre-shared key, resumed by ticket" wolfssl-new resumes ticket
proved='"device":"unit-7","auth":"psk"'
use_13 $gcm_13 --psk "unit-7:$(derived "$master" unit-7)"
each "1.3, key derived of a master key" wolfssl-new taken
use_13 $gcm_13 --psk "unit-7:$(derived "$master" unit-8)"
each "refused: another device's key, with 1.3" wolfssl-new refused hs_auth
use TLS_PSK_WITH_AES_128_CCM_8 "${psk[@]}"
proof=$by_psk
first_of_two() { client openssl "${options[@]}" --session-out "$work/carried"; }
check "openssl keeps a session" first_of_two
check "drains" stop_sluice

echo "identity unit-7" > "$work/denied"
check "another process starts, with the same ticket keys and --require-ems" start_sluice af_packet:veth0 \
	--ticket-key-file "$work/tickets" --require-ems --psk-derive "$work/masters" --deny-file "$work/denied"
use TLS_PSK_WITH_AES_128_CCM_8 "${psk[@]}" --session-in "$work/carried"
each "ticket of another process" openssl taken
use TLS_PSK_WITH_AES_128_CCM_8 "${psk[@]}"
each "extended master secret, demanded" "openssl gnutls $mbedtls wolfssl-new" taken
use '.*' "${psk[@]}"
each "extended master secret, demanded" "libcoap-openssl libcoap-gnutls" taken
use TLS_PSK_WITH_AES_128_CCM_8 "${psk[@]}" --no-ems
each "refused: no extended master secret" "gnutls $mbedtls wolfssl-new erlang" refused hs_no_ems
use TLS_PSK_WITH_AES_128_CCM_8 --psk "unit-7:$(derived "$master" unit-7)"
# Like one that nobody knows, by every sign.
each "refused: an identity that is denied" "openssl gnutls $mbedtls wolfssl-new" refused hs_auth
check "drains" stop_sluice

check "starts with certificates and raw keys" start_sluice af_packet:veth0 --cert "$pki/server.crt" --key "$pki/server.key" \
	--cert "$pki/server2.crt" --key "$pki/server2.key" --client-ca "$work/cas" --crl "$pki/ca.crl" --rpk-file "$pki/rpk.fingerprints"
proof=$by_certificate
as client
while read -r suite names; do
	use "TLS_$suite" "${mutual[@]}"
	each "TLS_$suite" "$names" taken
done << END
ECDHE_ECDSA_WITH_AES_128_GCM_SHA256        openssl gnutls nss $wolfssl $mbedtls erlang
ECDHE_ECDSA_WITH_AES_256_GCM_SHA384        openssl gnutls nss $wolfssl erlang
ECDHE_ECDSA_WITH_AES_128_CCM               openssl gnutls $wolfssl $mbedtls erlang
ECDHE_ECDSA_WITH_AES_128_CCM_8             openssl gnutls $wolfssl $mbedtls erlang
ECDHE_ECDSA_WITH_CHACHA20_POLY1305_SHA256  openssl gnutls nss $wolfssl $mbedtls erlang
END
use 'TLS_ECDHE_ECDSA_.*' "${mutual[@]}"
each "certificates both ways, as it likes best" "libcoap-openssl libcoap-gnutls" taken
for name in client-rsa client-ed25519; do
	proof="\"device\":\"$name\",\"auth\":\"x509\""
	as $name
	use $gcm "${mutual[@]}"
	case $name in
	*-rsa) each "client certificate, RSA" "openssl gnutls $wolfssl $mbedtls erlang" taken ;;
	*) each "client certificate, Ed25519" "openssl gnutls $wolfssl" taken ;;
	esac
done
proof=$by_certificate
as client
for kind in id ticket; do
	use $ccm_8 "${mutual[@]}"
	each "certificates both ways, resumed by $kind" "openssl gnutls $wolfssl $mbedtls" resumes $kind
done
for group in secp256r1 x25519; do
	use $gcm "${mutual[@]}" --group $group
	each "ECDHE_ECDSA, group $group" "openssl gnutls nss $wolfssl $mbedtls" taken
done
for name in sluice.test other.test; do
	use $gcm "${mutual[@]}" --server-name $name
	each "SNI: the certificate of $name" "openssl gnutls $wolfssl $mbedtls erlang" taken
done
proof='"device":"rpk-ed25519","auth":"rpk"'
as_raw rpk-ed25519
use $ccm_8 "${raw[@]}"
each "raw public keys both ways, the client's Ed25519" gnutls taken
proof='"device":"rpk","auth":"rpk"'
as_raw rpk
use $ccm_8 "${raw[@]}"
each "raw public keys both ways" "gnutls wolfssl-new" taken
use 'TLS_ECDHE_ECDSA_.*' "${raw[@]}"
each "raw public keys both ways" libcoap-gnutls taken
as_raw rpk-other
use $ccm_8 "${raw[@]}"
each "refused: a raw key that nobody knows" "gnutls wolfssl-new" refused hs_cert
for kind in revoked expired; do
	as client-$kind
	use $gcm "${mutual[@]}"
	each "refused: a certificate that is $kind" "openssl gnutls $wolfssl $mbedtls erlang" refused hs_cert_$kind
done
proved=$by_certificate
as client
while read -r suite names; do
	use_13 "$suite" "${mutual[@]}"
	each "$suite, certificates both ways" "$names" taken
done << END
TLS_AES_128_GCM_SHA256        wolfssl-new nss-new
TLS_AES_256_GCM_SHA384        wolfssl-new nss-new
TLS_CHACHA20_POLY1305_SHA256  wolfssl-new nss-new
TLS_AES_128_CCM_SHA256        wolfssl-new
END
for group in secp256r1 x25519; do
	use_13 $gcm_13 "${mutual[@]}" --group $group
	each "1.3, certificates, group $group" "wolfssl-new nss-new" taken
done
use_13 $gcm_13 "${mutual[@]}" --group x25519 --no-key-share
each "1.3, certificates, asked for a key of x25519" wolfssl-new taken
for name in sluice.test other.test; do
	use_13 $gcm_13 "${mutual[@]}" --server-name $name
	each "1.3, SNI: the certificate of $name" wolfssl-new taken
done
use_13 $gcm_13 "${mutual[@]}" --resume ticket
each "1.3, certificates both ways, resumed by ticket" wolfssl-new resumes ticket
proved='"device":"client-rsa","auth":"x509"'
as client-rsa
use_13 $gcm_13 "${mutual[@]}"
each "1.3, client certificate, RSA" wolfssl-new taken
proved='"device":"client-ed25519","auth":"x509"'
as client-ed25519
use_13 $gcm_13 "${mutual[@]}"
each "1.3, client certificate, Ed25519" wolfssl-new taken
proved='"device":"rpk","auth":"rpk"'
as_raw rpk
use_13 $gcm_13 "${raw[@]}"
each "1.3, raw public keys both ways" wolfssl-new taken
as_raw rpk-other
use_13 $gcm_13 "${raw[@]}"
each "refused: a raw key that nobody knows, with 1.3" wolfssl-new refused hs_cert
for kind in revoked expired; do
	as client-$kind
	use_13 $gcm_13 "${mutual[@]}"
	each "refused: a certificate that is $kind, with 1.3" wolfssl-new refused hs_cert_$kind
done
use_13 $gcm_13 --ca "$pki/ca.crt"
each "refused: no certificate, with 1.3" wolfssl-new refused hs_no_cert
use $gcm --ca "$pki/ca.crt"
each "refused: no certificate" "openssl gnutls $wolfssl $mbedtls erlang" refused hs_no_cert
check "drains" stop_sluice

{
	echo "identity client-rsa"
	echo "sha256 $(openssl pkey -in "$pki/client-ed25519.key" -pubout -outform DER | sha256sum | cut -d ' ' -f 1)"
} > "$work/denied"
check "starts with --client-auth optional" start_sluice af_packet:veth0 --cert "$pki/server.crt" --key "$pki/server.key" \
	--client-ca "$work/cas" --crl "$pki/ca.crl" --client-auth optional --deny-file "$work/denied"
proof=$anonymous
use $ccm_8 --ca "$pki/ca.crt"
each "--client-auth optional: without a certificate" "openssl gnutls $wolfssl $mbedtls erlang" taken
# Mbed TLS signs with the suite's hash, whatever it was asked for: SHA-384 is not taken.
use TLS_ECDHE_ECDSA_WITH_AES_256_GCM_SHA384 --ca "$pki/ca.crt"
each TLS_ECDHE_ECDSA_WITH_AES_256_GCM_SHA384 "$mbedtls" taken
proof=$by_certificate
as client
use $ccm_8 "${mutual[@]}"
each "--client-auth optional: with a certificate" "openssl gnutls $wolfssl $mbedtls erlang" taken
as client-rsa
use $ccm_8 "${mutual[@]}"
each "refused: a certificate whose name is denied" "openssl gnutls $wolfssl $mbedtls erlang" refused hs_denied
as client-ed25519
use $ccm_8 "${mutual[@]}"
each "refused: a certificate whose key is denied" "openssl gnutls $wolfssl" refused hs_denied
check "drains" stop_sluice

check "starts with --client-auth none and an Ed25519 certificate" start_sluice af_packet:veth0 --client-auth none \
	--cert "$pki/server-ed25519.crt" --key "$pki/server-ed25519.key"
proof=$anonymous
use $ccm_8 --ca "$pki/ca.crt" --sigalg ed25519
each "server authenticated only, by Ed25519" "openssl gnutls" taken
use $ccm_8 --ca "$pki/ca.crt"
each "server authenticated only, by Ed25519" "$wolfssl" taken
check "drains" stop_sluice
check "starts with --client-auth none and a P-256 certificate" start_sluice af_packet:veth0 --client-auth none \
	--cert "$pki/server.crt" --key "$pki/server.key"
use $ccm_8 --ca "$pki/ca.crt"
each "server authenticated only, by P-256" "openssl gnutls $wolfssl $mbedtls erlang" taken
use $gcm --ca "$pki/ca.crt"
each "server authenticated only, by P-256" nss taken
proved=$anonymous
use_13 $gcm_13 --ca "$pki/ca.crt"
each "1.3, server authenticated only" "wolfssl-new nss-new" taken
check "drains" stop_sluice

check "the table in tests/interop/README.md is what was shown" python3 "$root/tests/interop/table.py" "$cells" "$root/tests/interop/README.md"
[ -z "${TABLE:-}" ] || cp "$cells" "$TABLE"

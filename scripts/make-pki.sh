#!/usr/bin/env bash
# SPDX-License-Identifier: BSD-3-Clause
# Makes a PKI for tests: scripts/make-pki.sh DIR. Nothing of it is a secret worth keeping.
#
#   root, intermediate            NAME.crt NAME.key; the CA of all below is the intermediate, but for `unknown`
#   ca.crt                        the root, for --ca: what peers trust
#   ca-empty.crl                  lists of both CAs that revoke nobody
#   ca.crl, ca-expired.crl        lists of both CAs that revoke client-revoked; the latter past its nextUpdate
#   server, server-ed25519,       NAME.crt (the chain: leaf and intermediate), NAME.key. DNS:sluice.test, *.sluice.test,
#   server-rsa                    localhost, 127.0.0.1, ::1
#   server2                       as server, for DNS:other.test
#   client, client-ed25519,       CN=the name, DNS:NAME.devices.test, URI:urn:dev:NAME
#   client-rsa
#   client-{expired,not-yet,wrong-eku,wrong-usage,revoked}    what is wrong with them
#   client-p384                   a key of a kind that endpoints do not take
#   unknown                       signed by its own key
#   rpk, rpk-ed25519, rpk-other   raw public keys: NAME.key, NAME.pub (PEM), NAME.spki (DER)
#   rpk.fingerprints              a line for rpk and one for rpk-ed25519: sha256:HEX of the SPKI, and the name
#
# Keys are P-256 unless the name says otherwise, and for their owner only.
set -euo pipefail
[ $# = 1 ] || { sed -n '3,/^# Keys/s/^# \{0,1\}//p' "$0" >&2; exit 2; }
mkdir -p "$1"
cd "$1"
umask 077
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT

cat > "$work/config" << 'END'
[req]
distinguished_name = none
[none]
[root]
basicConstraints = critical, CA:true
keyUsage = critical, keyCertSign, cRLSign
subjectKeyIdentifier = hash
[intermediate]
basicConstraints = critical, CA:true, pathlen:0
keyUsage = critical, keyCertSign, cRLSign
subjectKeyIdentifier = hash
authorityKeyIdentifier = keyid
[leaf]
basicConstraints = critical, CA:false
keyUsage = critical, $ENV::USAGE
extendedKeyUsage = $ENV::EKU
subjectAltName = $ENV::SAN
authorityKeyIdentifier = keyid
[policy]
commonName = supplied
[by_root]
certificate = root.crt
private_key = root.key
database = $ENV::WORK/root.index
new_certs_dir = $ENV::WORK
default_md = sha256
default_days = 3650
policy = policy
rand_serial = yes
[by_intermediate]
certificate = intermediate.crt
private_key = intermediate.key
database = $ENV::WORK/intermediate.index
new_certs_dir = $ENV::WORK
default_md = sha256
default_days = 3650
policy = policy
rand_serial = yes
END
: > "$work/root.index"
: > "$work/intermediate.index"
export WORK=$work USAGE=digitalSignature EKU=clientAuth SAN=DNS:none

quietly() { "$@" > "$work/log" 2>&1 || { cat "$work/log" >&2; exit 1; }; }

# key NAME: its kind is in its name.
key() {
	case "$1" in
	*-ed25519) quietly openssl genpkey -algorithm ED25519 -out "$1.key" ;;
	*-rsa) quietly openssl genpkey -algorithm RSA -pkeyopt rsa_keygen_bits:2048 -out "$1.key" ;;
	*-p384) quietly openssl genpkey -algorithm EC -pkeyopt ec_paramgen_curve:P-384 -out "$1.key" ;;
	*) quietly openssl genpkey -algorithm EC -pkeyopt ec_paramgen_curve:P-256 -out "$1.key" ;;
	esac
}

# sign NAME CA EXTENSIONS OPTIONS...: a certificate for NAME.key.
sign() {
	local name=$1 ca=$2 extensions=$3
	shift 3
	quietly openssl req -new -config "$work/config" -key "$name.key" -subj "/CN=$name" -out "$work/$name.csr"
	quietly openssl ca -batch -notext -config "$work/config" -name "by_$ca" -extensions "$extensions" \
		-in "$work/$name.csr" -out "$name.crt" "$@"
}

self_signed() {
	quietly openssl req -new -x509 -config "$work/config" -extensions "$2" -key "$1.key" -subj "/CN=$1" \
		-days 3650 -out "$1.crt"
}

# leaf NAME OPTIONS...: key and chain, under the intermediate.
leaf() {
	local name=$1
	shift
	key "$name"
	sign "$name" intermediate leaf "$@"
	cat intermediate.crt >> "$name.crt"
}

client() { SAN=DNS:$1.devices.test,URI:urn:dev:$1 leaf "$@"; }
crl() { quietly openssl ca -config "$work/config" -name "by_$1" -gencrl -out "$work/$1.crl" "${@:2}"; }

raw() {
	key "$1"
	quietly openssl pkey -in "$1.key" -pubout -out "$1.pub"
	quietly openssl pkey -in "$1.key" -pubout -outform DER -out "$1.spki"
}

key root
self_signed root root
key intermediate
sign intermediate root intermediate
cp root.crt ca.crt

for name in server server-ed25519 server-rsa; do
	EKU=serverAuth SAN='DNS:sluice.test,DNS:*.sluice.test,DNS:localhost,IP:127.0.0.1,IP:::1' leaf "$name"
done
EKU=serverAuth SAN=DNS:other.test leaf server2

for name in client client-ed25519 client-rsa client-p384 client-revoked; do
	client "$name"
done
client client-expired -startdate 20200101000000Z -enddate 20210101000000Z
client client-not-yet -startdate 20900101000000Z -enddate 20910101000000Z
EKU=serverAuth client client-wrong-eku
USAGE=keyAgreement client client-wrong-usage
key unknown
SAN=DNS:unknown.devices.test self_signed unknown leaf

for ca in root intermediate; do
	crl "$ca" -crldays 3650
done
cat "$work/root.crl" "$work/intermediate.crl" > ca-empty.crl
quietly openssl ca -config "$work/config" -name by_intermediate -revoke client-revoked.crt
for ca in root intermediate; do
	crl "$ca" -crldays 3650
done
cat "$work/root.crl" "$work/intermediate.crl" > ca.crl
for ca in root intermediate; do
	crl "$ca" -crl_lastupdate 20200101000000Z -crl_nextupdate 20200201000000Z
done
cat "$work/root.crl" "$work/intermediate.crl" > ca-expired.crl

: > rpk.fingerprints
for name in rpk rpk-ed25519 rpk-other; do
	raw "$name"
	[ "$name" = rpk-other ] ||
		echo "sha256:$(sha256sum "$name.spki" | cut -d ' ' -f 1) $name" >> rpk.fingerprints
done

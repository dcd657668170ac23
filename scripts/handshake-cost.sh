#!/usr/bin/env bash
# SPDX-License-Identifier: BSD-3-Clause
# What each kind of handshake costs on the wire: `sluice-load --report handshake-cost` against an
# endpoint of this build, in namespaces of their own; a line a kind:
#
#   kind, suite, messages, datagrams, bytes (each sent / received by the device), round trips
#
# As root. BUILD chooses the build; --csv FILE keeps kind,sent,received,round trips for battery.py.
# shellcheck source=tests/net/lib.sh
. "$(dirname "$0")/../tests/net/lib.sh"

trap cleanup EXIT
csv=
[ "${1:-}" = --csv ] && csv=$2
make_pki >&2
cat "$pki/ca.crt" "$pki/intermediate.crt" > "$work/cas"
# The endpoint's raw key is that of its certificate.
printf 'sha256:%s\n' "$(openssl x509 -in "$pki/server.crt" -noout -pubkey | openssl pkey -pubin -outform DER | openssl dgst -sha256 -r | cut -d' ' -f1)" > "$work/server.keys"
# One certificate a device, and the key behind it raw.
printf 'sha256:%s device\n' "$(openssl x509 -in "$pki/client.crt" -noout -pubkey | openssl pkey -pubin -outform DER | openssl dgst -sha256 -r | cut -d' ' -f1)" > "$work/rpks"
master=000102030405060708090a0b0c0d0e0f
(umask 077 && "$load" --write-psk "$work/psk" --devices 4 --master-key "$master") || exit 1

make_net
endpoint() { start_sluice af_packet:veth0 --cert "$pki/server.crt" --key "$pki/server.key" --client-ca "$work/cas" \
	--rpk-file "$work/rpks" "$@" > /dev/null || { cat "$work/log" >&2; exit 1; }; }
[ -n "$csv" ] && echo "kind,sent,received,round_trips" > "$csv"
printf '%-44s %-40s %9s %9s %13s %6s\n' kind suite messages datagrams bytes trips
# cost KIND [options]: the rows of a kind that its devices can do; with DTLS 1.3 there are no ids.
cost() {
	local kind=$1 ways='ticket id'
	shift
	case "$kind" in 1.3*) ways=ticket ;; esac
	for by in $ways; do
		in_cli timeout 60 "$load" --port kernel --target 198.18.0.2:5684 --devices 4 \
			--report handshake-cost --resume-by "$by" "$@" > "$work/cost" 2> "$work/err" || { cat "$work/cost" "$work/err" >&2; exit 1; }
		# Columns of fixed width, as report_cost.c has them: mode 20, keys 20, then words without blanks.
		awk -v kind="$kind" -v csv="$csv" '
			substr($0, 43) ~ /^TLS_/ {
				mode = substr($0, 1, 20)
				sub(/ +$/, "", mode)
				split(substr($0, 43), f)
				printf "%-44s %-40s %3s / %3s %3s / %3s %6s / %4s %6s\n", kind ", " mode, f[1], f[2], f[4], f[5], f[7], f[8], f[10], f[11]
				if (csv != "") printf "\"%s, %s\",%s,%s,%s\n", kind, mode, f[8], f[10], f[11] >> csv
			}' "$work/cost"
	done
}
endpoint
keys=(--master-key "$master")
v13=(--version 1.3 --suites TLS_AES_128_CCM_SHA256)
cost "PSK" "${keys[@]}" --suites TLS_PSK_WITH_AES_128_CCM_8
cost "ECDHE_PSK" "${keys[@]}" --suites TLS_ECDHE_PSK_WITH_AES_128_CCM_8_SHA256
cost "1.3, psk_ke" "${keys[@]}" "${v13[@]}" --psk-mode psk_ke
cost "1.3, psk_dhe_ke" "${keys[@]}" "${v13[@]}"
cost "1.3, certificates" "${v13[@]}" --server-ca "$pki/ca.crt" --cert "$pki/client.crt" --key "$pki/client.key"
cost "1.3, raw keys" "${v13[@]}" --server-keys "$work/server.keys" --cert "$pki/client.crt" --key "$pki/client.key"
cost "certificates" --server-ca "$pki/ca.crt" --cert "$pki/client.crt" --key "$pki/client.key"
cost "raw keys" --server-keys "$work/server.keys" --cert "$pki/client.crt" --key "$pki/client.key"
stop_sluice
endpoint --client-auth none
cost "server's certificate" --server-ca "$pki/ca.crt"
stop_sluice

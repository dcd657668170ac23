# SPDX-License-Identifier: BSD-3-Clause
# shellcheck shell=bash disable=SC2154,SC2034
# Every client with one set of options, those of client.c. Sourced after tests/net/lib.sh.
#
# client NAME --suite … [--psk …] …: sends what `request` made, and succeeds when it was answered in
# a session that is as it was wanted. $work/said has what the client said, $sent how often it sent.
# Some have options more than client.c's: --sigalg ed25519 (of the server's certificate), --record-size,
# and openssl --session-out and --session-in (a file).

endpoint=198.18.0.2
endpoint_port=5684
own=$build/tests/interop
peers=${SLUICE_PEERS:-${XDG_CACHE_HOME:-$HOME/.cache}/sluice-peers}

# request LABEL: POST /s/interop, confirmable, message ID 0x1234, token 0xabcd; its payload tells
# the readings apart.
request() { printf '\x42\x02\x12\x34\xab\xcd\xb1s\x07interop\xff%s' "$1" > "$work/request"; }

# talk CLIENT…: one that sends what it reads.
talk() {
	local rc
	converse "$work/request" '\x62\x44\x12\x34\xab\xcd' "$@"
	rc=$?
	cat "$work/answer" "$work/err" > "$work/said"
	return $rc
}
# says PATTERN…: each of them stands in what the client said.
says() {
	local pattern
	for pattern in "$@"; do
		LC_ALL=C grep -qaE -- "$pattern" "$work/said" || { echo "does not say '$pattern'"; return 1; }
	done
}

# The options of `client`, in variables of their names, which are local to it.
read_options() {
	local name
	while [ $# -gt 0 ]; do
		name=${1#--}
		case "$name" in
		no-ems | no-key-share | update-keys)
			printf -v "${name//-/_}" yes
			shift
			;;
		*)
			printf -v "${name//-/_}" %s "$2"
			shift 2
			;;
		esac
	done
}

# missing NAME: why this client is not there; fails when it is.
missing() {
	case "$1" in
	nss-new) [ -x "$peers/nss/tstclnt" ] || echo "scripts/peers.sh has not unpacked the newer NSS" ;;
	*-new) [ -x "$work/client-$1" ] || echo "scripts/peers.sh has not made the newer ${1%-new}" ;;
	wolfssl | mbedtls) [ -x "$own/client-$1" ] || echo "the build has found no $1" ;;
	erlang) command -v escript > /dev/null || echo "no escript" ;;
	nss) command -v tstclnt > /dev/null || echo "no tstclnt" ;;
	esac | grep .
}

# build_newer: our programs anew, with the libraries of scripts/peers.sh.
build_newer() {
	local name
	for name in wolfssl wolfssl_sid mbedtls; do
		[ -f "$peers/$name/ready" ] || continue
		gcc -O1 -D_GNU_SOURCE -isystem "$peers/$name/include" -o "$work/client-$name-new" \
			-I "$root/lib/base" -I "$root/lib/wire" "$root/lib/wire/coap_msg.c" \
			"$root"/tests/interop/client{,_coap,_"${name%_sid}"}.c \
			-Wl,--start-group "$peers/$name"/lib/*.a -Wl,--end-group -lm -pthread || return 1
	done
}

client() {
	local name=$1 suite='' psk='' ca='' cert='' key='' raw_key='' raw_public='' server_name='' group='' max_fragment='' \
		resume='' no_ems='' sigalg='' record_size='' session_out='' session_in='' dtls='' psk_mode='' no_key_share='' update_keys='' \
		cid='' requests='' between='' move_to=''
	shift
	sent=1
	: > "$work/said"
	read_options "$@"
	case "$name" in
	nss-new) client_nss "$peers/nss/tstclnt" ;;
	nss) client_nss tstclnt ;;
	openssl | gnutls | libcoap-*) "client_${name%-*}" "${name#*-}" ;;
	erlang) client_own "$root/tests/interop/client.escript" "$@" ;;
	*-new) client_own "$work/client-$name" "$@" ;;
	*) client_own "$own/client-$name" "$@" ;;
	esac && return
	cat "$work/said"
	return 1
}

client_own() { # program, options
	local pid
	[ -z "$resume$update_keys" ] || sent=2
	ip netns exec "$cli" "$@" "$endpoint" "$endpoint_port" "$work/request" > "$work/said" 2>&1 &
	pid=$!
	while kill -0 "$pid" 2> /dev/null; do
		if ${no_answer:-false}; then kill -KILL "$pid" 2> /dev/null; fi
		sleep 0.02
	done
	wait "$pid" || return 1
	[ -z "$group" ] || ! grep -q '^group: .' "$work/said" || grep -qi "^group: $group" "$work/said"
}

# The library's name of a suite.
openssl_suite() {
	[ -f "$work/suites" ] || openssl ciphers -stdname ALL:COMPLEMENTOFALL > "$work/suites"
	awk -v name="$1" '$1 == name { print $3 }' "$work/suites"
}

client_openssl() {
	local args wants=() cipher
	cipher=$(openssl_suite "$suite")
	args=(openssl s_client -dtls1_2 -connect "$endpoint:5684" -nocommands -cipher "$cipher")
	[ -z "$psk" ] || args+=(-psk_identity "${psk%:*}" -psk "${psk##*:}")
	[ -z "$ca" ] || args+=(-CAfile "$ca" -verify_return_error)
	[ -z "$cert" ] || args+=(-cert "$cert" -key "$key" -cert_chain "$cert")
	[ -z "$server_name" ] || args+=(-servername "$server_name" -verify_hostname "$server_name")
	[ -z "$max_fragment" ] || { args+=(-maxfraglen "$max_fragment" -tlsextdebug); wants+=('extension "max fragment length"'); }
	[ -z "$sigalg" ] || { args+=(-sigalgs "$sigalg:ECDSA+SHA256"); wants+=('Peer signature type: ed25519'); }
	case "$group" in
	secp256r1) args+=(-groups P-256); wants+=('Server Temp Key: ECDH, prime256v1') ;;
	x25519) args+=(-groups X25519:P-256); wants+=('Server Temp Key: X25519') ;;
	esac
	[ "$resume" != id ] || args+=(-no_ticket)
	if [ -n "$session_in" ]; then
		talk "${args[@]}" -sess_in "$session_in" && says "^Reused, .*$cipher"
		return
	elif [ -z "$resume" ]; then
		talk "${args[@]}" ${session_out:+-sess_out "$session_out"} && says "^New, .*$cipher" 'Extended master secret: yes' "${wants[@]}"
		return
	fi
	sent=2
	talk "${args[@]}" -sess_out "$work/session" && says "^New, .*$cipher" &&
		talk "${args[@]}" -sess_in "$work/session" && says "^Reused, .*$cipher"
}

client_gnutls() {
	local args kx cipher priority wants=()
	kx=${suite#TLS_} && kx=${kx%_WITH_*}
	cipher=${suite#*_WITH_} && cipher=${cipher%_SHA*}
	priority="NORMAL:-VERS-ALL:+VERS-DTLS1.2:-KX-ALL:+${kx//_/-}:-CIPHER-ALL:+${cipher//_/-}"
	wants=("Description: .*(${kx//_/-}|ECDHE-|PSK).*${cipher//_/-}")
	args=(gnutls-cli --udp -p 5684)
	[ -z "$psk" ] || args+=(--pskusername "${psk%:*}" --pskkey "${psk##*:}")
	[ -z "$ca" ] || args+=(--x509cafile "$ca")
	[ -z "$cert" ] || args+=(--x509certfile "$cert" --x509keyfile "$key")
	if [ -n "$server_name" ]; then
		args+=(--sni-hostname "$server_name" --verify-hostname "$server_name")
	elif [ -n "$ca" ]; then
		args+=(--verify-hostname sluice.test)
	fi
	if [ -n "$raw_key" ]; then
		args+=(--insecure --rawpkkeyfile "$raw_key" --rawpkfile "${raw_public%.spki}.pub")
		priority+=:-CTYPE-ALL:+CTYPE-RAWPK
		wants+=('Raw Public Key')
	fi
	case "$group" in
	secp256r1) priority+=:-GROUP-ALL:+GROUP-SECP256R1; wants+=('ECDHE.*SECP256R1') ;;
	x25519) priority+=:-GROUP-ALL:+GROUP-X25519:+GROUP-SECP256R1; wants+=('ECDHE.*X25519') ;;
	esac
	[ -z "$sigalg" ] || { priority+=:-SIGN-ALL:+SIGN-EDDSA-ED25519:+SIGN-ECDSA-SHA256; wants+=('Description: .*EdDSA-Ed25519'); }
	[ -z "$record_size" ] || { args+=(--recordsize "$record_size" -d 4); wants+=("Parsing extension 'Record Size Limit/28'"); }
	[ -z "$resume" ] || { args+=(--resume); wants+=('This is a resumed session'); }
	[ "$resume" != id ] || priority+=:%NO_TICKETS
	if [ -n "$no_ems" ]; then
		priority+=:%NO_SESSION_HASH
	else
		wants+=('Options:.*extended master secret')
	fi
	talk "${args[@]}" --priority "$priority" "$endpoint" && says "${wants[@]}"
}

# libcoap has no option for suites: what was negotiated is seen in the sink.
client_libcoap() { # its library
	local args=("coap-client-$1" -B 5 -v 6 -m post -f "$work/payload")
	LC_ALL=C sed 's/.*\xff//' "$work/request" | tr -d '\n' > "$work/payload"
	[ -z "$psk" ] || args+=(-u "${psk%:*}" -k "$key_text")
	[ -z "$cert" ] || args+=(-c "$cert" -j "$key" -C "$ca")
	if [ -n "$raw_key" ]; then
		openssl ec -in "$raw_key" -out "$work/raw.pem" 2> /dev/null
		args+=(-M "$work/raw.pem" -n)
	fi
	in_cli timeout 10 "${args[@]}" "coaps://$endpoint/s/interop" > "$work/said" 2>&1
	says '2\.04'
}

# Its certificates are in a database, which nss_database makes.
nss_database() { # ca, chain, key
	mkdir -p "$work/nss"
	certutil -N -d "sql:$work/nss" --empty-password
	certutil -A -d "sql:$work/nss" -n ca -t CT,, -i "$1"
	openssl pkcs12 -export -in "$2" -inkey "$3" -name client -passout pass: -out "$work/client.p12"
	pk12util -d "sql:$work/nss" -i "$work/client.p12" -W ''
}
client_nss() { # tstclnt
	local tls=${dtls:-1.2} args
	args=("$1" -P client -4 -h "$endpoint" -p "$endpoint_port" -d "sql:$work/nss" -V "tls$tls:tls$tls" -G -v -a "${server_name:-sluice.test}")
	case "$suite" in
	TLS_AES_128_GCM_SHA256) args+=(-c :1301) ;;
	TLS_AES_256_GCM_SHA384) args+=(-c :1302) ;;
	TLS_CHACHA20_POLY1305_SHA256) args+=(-c :1303) ;;
	TLS_ECDHE_ECDSA_WITH_AES_128_GCM_SHA256) args+=(-c :C02B) ;;
	TLS_ECDHE_ECDSA_WITH_AES_256_GCM_SHA384) args+=(-c :C02C) ;;
	TLS_ECDHE_ECDSA_WITH_CHACHA20_POLY1305_SHA256) args+=(-c :CCA9) ;;
	esac
	case "$group" in
	secp256r1) args+=(-I P256) ;;
	x25519) args+=(-I "x25519,P256") ;;
	esac
	[ -z "$cert" ] || args+=(-n client)
	[ -z "$psk" ] || args+=(-z "0x${psk##*:}:${psk%:*}")
	talk "${args[@]}"
}

#!/usr/bin/env bash
# SPDX-License-Identifier: BSD-3-Clause
# Builds newer DTLS libraries than this Debian's, for tests/interop: sources of a newer Debian,
# whose signatures apt verifies by its own configuration, nothing of the system's. Does nothing for
# what is there already. wolfSSL has DTLS 1.3, connection IDs, plain PSK and raw public keys; Mbed TLS
# 3.6 has connection IDs. NSS's tools, which have DTLS 1.3 too, are unpacked as they are, with the C
# library that they want.
# There is sid's wolfSSL besides: 5.7.4 brought connection IDs of DTLS 1.2.
#   peers.sh [DIR]    DIR: [$XDG_CACHE_HOME/sluice-peers], with wolfssl/, wolfssl_sid/ and mbedtls/
#                     (include, lib) and nss/ (tstclnt)
#   PEERS_SUITE=sid   another suite of Debian than [trixie]
set -euo pipefail

dir=${1:-${SLUICE_PEERS:-${XDG_CACHE_HOME:-$HOME/.cache}/sluice-peers}}
suite=${PEERS_SUITE:-trixie}
mirror=http://deb.debian.org/debian
keyring=/usr/share/keyrings/debian-archive-keyring.gpg

# What a library is built with; a change of it, or of the suite, builds anew.
wolfssl_options=(--disable-shared --enable-static --enable-dtls --enable-dtls13 --enable-dtlscid --enable-dtls-mtu
	--enable-dtls-frag-ch --enable-hrrcookie --enable-psk --enable-aesccm --enable-rpk --enable-curve25519
	--enable-ed25519 --enable-session-ticket --enable-sni --enable-alpn --enable-maxfragment
	--enable-supportedcurves --enable-opensslextra --enable-opensslall --disable-oldtls --disable-examples --disable-crypttests
	'CFLAGS=-O2 -DWOLFSSL_STATIC_PSK')
# shellcheck disable=SC2034
wolfssl_sid_options=("${wolfssl_options[@]}" 'CPPFLAGS=-DDTLS_CID_MAX_SIZE=32')
mbedtls_options=(MBEDTLS_SSL_RECORD_SIZE_LIMIT)
nss_options=(libnss3-tools libnss3 libnspr4 libsqlite3-0 zlib1g libc6) # packages

mkdir -p "$dir"
dir=$(cd "$dir" && pwd)
log=$dir/log
exec 9> "$dir/lock"
flock 9

# quietly COMMAND…: what it says is in the log, and is shown when it fails.
quietly() {
	"$@" > "$log" 2>&1 < /dev/null || { tail -n 20 "$log" >&2; return 1; }
}

suite_of() { # library
	case "$1" in
	*_sid) echo sid ;;
	*) echo "$suite" ;;
	esac
}
wants() { # library
	local -n options=$1_options
	echo "$(suite_of "$1") ${options[*]}"
}
is_ready() { [ "$(cat "$dir/$1/ready" 2> /dev/null)" = "$(wants "$1")" ]; }

make_apt() {
	mkdir -p "$dir"/apt/{sources,lists/partial,cache/archives/partial}
	printf 'Types: %s\nURIs: %s\nSuites: %s\nComponents: main\nSigned-By: %s\n\n' \
		'deb deb-src' "$mirror" "$suite" "$keyring" \
		deb-src "$mirror" sid "$keyring" > "$dir/apt/sources/peers.sources"
	apt=(-q -o Dir::Etc::SourceList=/dev/null -o "Dir::Etc::SourceParts=$dir/apt/sources" -o "Dir::State::Lists=$dir/apt/lists"
		-o "Dir::Cache=$dir/apt/cache" -o APT::Sandbox::User=root -o Acquire::Retries=2)
	quietly apt-get "${apt[@]}" -o APT::Update::Error-Mode=any update
}

# unpack LIBRARY: its newest source as its authors gave it out, in $source. Debian's changes to it are
# not needed, and of sid not always to be had.
source=$dir/download/source
unpack() {
	local package=${1%_sid} from
	from=$(suite_of "$1")
	# apt has verified its checksums.
	quietly apt-get "${apt[@]}" source --download-only --tar-only "$package/$from"
	mkdir -p "$source"
	quietly tar -xf "$package"_*.orig.tar.*[z2] -C "$source" --strip-components=1
	echo "$package ($(basename "$package"_*.orig.tar.*[z2] | sed 's/.*_\(.*\)\.orig.*/\1/'), Debian $from)" \
		> "$dir/download/version"
}

# They begin in $dir/download, and end with the library in $dir/LIBRARY, and its version.
build_wolfssl() { build_wolf wolfssl; }
build_wolfssl_sid() { build_wolf wolfssl_sid; }
build_wolf() { # library
	local -n options=$1_options
	unpack "$1"
	cd "$source"
	quietly ./autogen.sh
	quietly ./configure --prefix="$dir/$1" "${options[@]}"
	quietly make -j "$(nproc)" install
	mv "$dir/download/version" "$dir/$1/"
}
build_mbedtls() {
	local option
	unpack mbedtls
	cd "$source"
	for option in "${mbedtls_options[@]}"; do quietly python3 scripts/config.py set "$option"; done
	quietly make -j "$(nproc)" lib CFLAGS=-O2
	mkdir -p "$dir/mbedtls/lib"
	cp library/*.a "$dir/mbedtls/lib/"
	cp -r include "$dir/mbedtls/"
	mv "$dir/download/version" "$dir/mbedtls/"
}
build_nss() {
	local package lib=$dir/nss/usr/lib/x86_64-linux-gnu
	mkdir -p "$dir/nss"
	quietly apt-get "${apt[@]}" download "${nss_options[@]}"
	for package in ./*.deb; do dpkg-deb -x "$package" "$dir/nss"; done
	printf '#!/bin/sh\nexec %s/ld-linux-x86-64.so.2 --library-path %s %s/nss/usr/bin/tstclnt "$@"\n' \
		"$lib" "$lib" "$dir" > "$dir/nss/tstclnt"
	chmod +x "$dir/nss/tstclnt"
	# shellcheck disable=SC2016
	dpkg-deb -W --showformat '${Package} (${Version})\n' ./libnss3-tools_*.deb > "$dir/nss/version"
}

apt=()
for name in wolfssl wolfssl_sid mbedtls nss; do
	if ! is_ready "$name"; then
		[ "${#apt[@]}" -gt 0 ] || make_apt
		rm -rf "${dir:?}/$name" "$dir/download"
		mkdir -p "$dir/download"
		cd "$dir/download"
		"build_$name"
		wants "$name" > "$dir/$name/ready"
		rm -rf "$dir/download"
	fi
	echo "peers: $(cat "$dir/$name/version")"
done

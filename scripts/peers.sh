#!/usr/bin/env bash
# SPDX-License-Identifier: BSD-3-Clause
# Builds newer DTLS libraries than this Debian's, for tests/interop: sources of a newer Debian,
# whose signatures apt verifies by its own configuration, nothing of the system's. Does nothing for
# what is there already. wolfSSL has DTLS 1.3, connection IDs, plain PSK and raw public keys; Mbed TLS
# 3.6 has connection IDs.
#   peers.sh [DIR]    DIR: [$XDG_CACHE_HOME/sluice-peers], with wolfssl/ and mbedtls/ (include, lib)
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
	--enable-supportedcurves --enable-opensslextra --disable-oldtls --disable-examples --disable-crypttests
	'CFLAGS=-O2 -DWOLFSSL_STATIC_PSK')
mbedtls_options=(MBEDTLS_SSL_RECORD_SIZE_LIMIT)

mkdir -p "$dir"
dir=$(cd "$dir" && pwd)
log=$dir/log
exec 9> "$dir/lock"
flock 9

# quietly COMMAND…: what it says is in the log, and is shown when it fails.
quietly() {
	"$@" > "$log" 2>&1 < /dev/null || { tail -n 20 "$log" >&2; return 1; }
}

wants() { # library
	local -n options=$1_options
	echo "$suite ${options[*]}"
}
is_ready() { [ "$(cat "$dir/$1/ready" 2> /dev/null)" = "$(wants "$1")" ]; }

make_apt() {
	mkdir -p "$dir"/apt/{sources,lists/partial,cache/archives/partial}
	printf 'Types: deb-src\nURIs: %s\nSuites: %s\nComponents: main\nSigned-By: %s\n' "$mirror" "$suite" "$keyring" \
		> "$dir/apt/sources/peers.sources"
	apt=(-q -o Dir::Etc::SourceList=/dev/null -o "Dir::Etc::SourceParts=$dir/apt/sources" -o "Dir::State::Lists=$dir/apt/lists"
		-o "Dir::Cache=$dir/apt/cache" -o APT::Sandbox::User=root -o Acquire::Retries=2)
	quietly apt-get "${apt[@]}" -o APT::Update::Error-Mode=any update
}

# unpack LIBRARY: its newest source, in $source.
source=$dir/download/source
unpack() {
	rm -rf "$dir/download"
	mkdir -p "$dir/download"
	cd "$dir/download"
	quietly apt-get "${apt[@]}" source --download-only "$1"
	# apt has verified its checksums.
	quietly dpkg-source --no-check -x ./*.dsc "$source"
}

# They end with the library in dir/LIBRARY.
build_wolfssl() {
	cd "$source"
	quietly ./autogen.sh
	quietly ./configure --prefix="$dir/wolfssl" "${wolfssl_options[@]}"
	quietly make -j "$(nproc)" install
}
build_mbedtls() {
	local option
	cd "$source"
	for option in "${mbedtls_options[@]}"; do quietly python3 scripts/config.py set "$option"; done
	quietly make -j "$(nproc)" lib CFLAGS=-O2
	mkdir -p "$dir/mbedtls/lib"
	cp library/*.a "$dir/mbedtls/lib/"
	cp -r include "$dir/mbedtls/"
}

apt=()
for name in wolfssl mbedtls; do
	if ! is_ready "$name"; then
		[ "${#apt[@]}" -gt 0 ] || make_apt
		rm -rf "${dir:?}/$name"
		unpack "$name"
		"build_$name"
		head -n 1 "$source/debian/changelog" > "$dir/$name/version"
		wants "$name" > "$dir/$name/ready"
		rm -rf "$dir/download"
	fi
	echo "peers: $(cut -d ';' -f 1 "$dir/$name/version")"
done

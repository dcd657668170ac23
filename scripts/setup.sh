#!/usr/bin/env bash
# SPDX-License-Identifier: BSD-3-Clause
# Installs the Debian packages that building, testing and the demo need. Asks nothing, and is quick
# when everything is there. This is the one list of packages.
#   setup.sh [--bench]    --bench: also what only benchmarks need, peers and plots
set -euo pipefail

packages=(
	# build
	gcc g++ libc6-dev clang libclang-rt-14-dev meson ninja-build pkgconf git
	dpdk dpdk-dev libdpdk-dev libipsec-mb-dev liburcu-dev libssl-dev libinih-dev libnuma-dev
	libcmocka-dev libbenchmark-dev
	# checks
	clang-format clang-tidy shellcheck valgrind
	# tests and demo: real clients, namespaces, captures
	libcoap3-bin gnutls-bin openssl iproute2 procps pciutils tcpdump tshark python3
	python3-scapy bsdextrautils iputils-ping
	# tests/interop: other libraries' clients, and what scripts/peers.sh builds newer ones with
	libmbedtls-dev libwolfssl-dev libnss3-tools erlang-base erlang-ssl erlang-crypto erlang-public-key
	autoconf automake libtool make dpkg-dev
)
# Benchmarks only: another DTLS library side by side with ours, and plots. libdpdk-dev brings DPDK's
# crypto drivers.
bench_packages=(libgnutls28-dev gnuplot-nox)
[ "${1:-}" != --bench ] || packages+=("${bench_packages[@]}")

installed=$(dpkg-query -W -f='${db:Status-Abbrev} ${Package}\n' "${packages[@]}" 2>/dev/null |
	awk '/^ii/ { print $NF }' | sort -u || true)
mapfile -t missing < <(comm -23 <(printf '%s\n' "${packages[@]}" | sort -u) <(echo "$installed"))
if [ "${#missing[@]}" = 0 ]; then
	echo "packages: all ${#packages[@]} are there"
	exit 0
fi
if [ "$(id -u)" != 0 ]; then
	echo "setup.sh: run as root, or install: ${missing[*]}" >&2
	exit 1
fi
echo "packages: installing ${missing[*]}"
export DEBIAN_FRONTEND=noninteractive
log=$(mktemp)
trap 'rm -f "$log"' EXIT
for command in update "install -y --no-install-recommends ${missing[*]}"; do
	# shellcheck disable=SC2086
	if ! apt-get -q -o DPkg::Lock::Timeout=300 $command > "$log" 2>&1 < /dev/null; then
		tail -n 30 "$log" >&2
		echo "setup.sh: apt-get ${command%% *} failed" >&2
		exit 1
	fi
done
echo "packages: done"

#!/usr/bin/env bash
# SPDX-License-Identifier: BSD-3-Clause
# Builds one kind into build/KIND: release, asan (address and undefined behaviour), tsan (thread),
# clang (everything by clang, unoptimised), fuzz (libFuzzer targets, clang). Extra arguments go to ninja.
set -euo pipefail
cd "$(dirname "$0")/.."

kind=${1:-release}
shift || true
case "$kind" in
release) set -- -Dbuildtype=release -- "$@" ;;
asan) set -- -Dbuildtype=debug -Doptimization=1 -Db_sanitize=address,undefined -Db_lundef=false \
	-Dbench=false -- "$@" ;;
tsan) set -- -Dbuildtype=debug -Doptimization=1 -Db_sanitize=thread -Db_lundef=false -Dbench=false -- "$@" ;;
clang) export CC=clang CXX=clang++ && set -- -Dbuildtype=debug -- "$@" ;;
fuzz) export CC=clang CXX=clang++ && set -- -Dbuildtype=debug -Doptimization=1 -Dfuzz=true -Dbench=false \
	-Db_sanitize=address,undefined -Db_lundef=false -- "$@" ;;
*) echo "build.sh: unknown kind '$kind' (release, asan, tsan, clang, fuzz)" >&2; exit 2 ;;
esac

options=()
while [ "$1" != -- ]; do
	options+=("$1")
	shift
done
shift
mkdir -p build/logs
log=build/logs/build-$kind.log
if ! { [ -f "build/$kind/build.ninja" ] || meson setup "build/$kind" "${options[@]}"; } > "$log" 2>&1 ||
	! ninja -k 10 -C "build/$kind" "$@" >> "$log" 2>&1; then
	grep -hE '(error:|ERROR:|^FAILED|undefined reference)' "$log" | sort -u | head -n 40 >&2 ||
		tail -n 40 "$log" >&2
	echo "build.sh: $kind failed, see $log" >&2
	exit 1
fi
echo "built build/$kind"

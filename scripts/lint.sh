#!/usr/bin/env bash
# SPDX-License-Identifier: BSD-3-Clause
# Rules that compilers do not check. Prints TAP, a case a rule; offenders behind "#".
#   lint.sh         everything that takes seconds
#   lint.sh --tidy  clang-tidy over all C files; needs build/clang
set -uo pipefail
cd "$(dirname "$0")/.." || exit
shopt -s lastpipe # so that rule counts in this shell

number=0
failed=0

# rule NAME: a case that passes when standard input is empty.
rule() {
	local offenders
	offenders=$(cat)
	number=$((number + 1))
	if [ -z "$offenders" ]; then
		echo "ok $number - $1"
	else
		failed=$((failed + 1))
		echo "not ok $number - $1"
		printf '%s\n' "$offenders" | head -n 60 | sed 's/^/# /'
	fi
}

files() { git ls-files --cached --others --exclude-standard -- "$@"; }
existing() { while read -r file; do [ ! -f "$file" ] || echo "$file"; done; }
# matches PATTERN, with files on standard input.
matches() { xargs -r -d '\n' grep -nE -- "$1" /dev/null; }
c_files() { files '*.c' '*.h' | existing; }

# The C files that build/clang compiles, below some directories.
tidy_files() {
	python3 - "$@" << 'PYTHON'
import json, os, sys
root = os.getcwd() + os.sep
paths = set()
for c in json.load(open("build/clang/compile_commands.json", encoding="utf-8")):
    path = os.path.realpath(os.path.join(c["directory"], c["file"]))
    if path.startswith(root) and path.endswith(".c"):
        paths.add(path[len(root):])
print("\n".join(sorted(p for p in paths if p.split("/")[0] in sys.argv[1:])))
PYTHON
}

# run_tidy OPTION… FILE: one clang-tidy, which must come to an end.
# shellcheck disable=SC2317
run_tidy() {
	timeout 180 clang-tidy -quiet -p build/clang "$@" 2>/dev/null
	[ "$?" -lt 124 ] || echo "${*: -1}: error: clang-tidy did not finish"
}
export -f run_tidy

# Tests: the analyzer takes half a minute for a program of test cases, and three checks about sizes
# find only loops over small constants.
tests_without='-clang-analyzer-*,-bugprone-too-small-loop-variable,-bugprone-sizeof-expression'
tests_without+=',-bugprone-implicit-widening-of-multiplication-result'
export tests_without

# One file a process: clang-tidy 14 sees uninitialised va_lists in the second file it is given.
tidy() {
	{
		tidy_files lib app bench |
			xargs -r -d '\n' -P "$(nproc)" -n 1 bash -c 'run_tidy "$@"' _
		tidy_files tests | xargs -r -d '\n' -P "$(nproc)" -n 1 \
			bash -c 'run_tidy -checks="$tests_without" "$@"' _
	} | grep -E '(error|warning):' | sort -u | rule "clang-tidy finds nothing"
}

if [ "${1:-}" = --tidy ]; then
	if [ -f build/clang/compile_commands.json ]; then
		tidy
	else
		echo "build/clang is missing" | rule "clang-tidy finds nothing"
	fi
	echo "1..$number"
	exit $((failed != 0))
fi

files '*.c' '*.h' '*.cc' '*.sh' '*.py' '*meson.build' | existing |
	while read -r file; do
		head -n 3 "$file" | grep -q 'SPDX-License-Identifier: BSD-3-Clause' || echo "$file"
	done | rule "every source file has its SPDX line"

c_files | xargs -r -d '\n' clang-format --dry-run --Werror 2>&1 | grep -E 'error:' |
	sed 's/: error:.*//' | cut -d: -f1 | sort | uniq -c | rule "clang-format changes nothing"

c_files | matches '#include "(\.\.?/|.*/)' | rule "includes are flat"

# 802.1Q, ARP and the like are bytes too: cursor.h and the frame codec read them. Vector kernels
# make their counter blocks of words.
c_files | grep -E '^(lib|app)/' |
	grep -vE '^lib/(base/(cursor|bytes)\.h|wire/|crypto/aead_mb[0-9]+_)|^app/sluice/(port|eal)' |
	matches '\b(ntoh|hton)(s|l)\b|\brte_(cpu_to_be|be_to_cpu)_[0-9]+\b|\b__builtin_bswap' |
	rule "byte order is cursor.h's and the codecs' business"

c_files | grep -E '^lib/' | grep -vE '^lib/(session|path|obs)/|^lib/base/compat\.h' |
	matches '#include <rte_' | rule "DPDK stays in lib/session, lib/path, lib/obs and app"

c_files | grep -E '^(lib|app)/' | grep -v '^lib/crypto/' |
	matches '#include <(openssl/|intel-ipsec-mb)' | rule "libcrypto and ipsec-mb stay in lib/crypto"

c_files | grep -E '^(lib|app)/' | matches '\b(strcpy|strcat|sprintf|vsprintf|gets|alloca|strtok)\(' |
	rule "no unbounded string functions"

c_files | grep -E '^(lib|app)/' | matches '(^|[^_a-zA-Z])assert\(' | rule "no assert on input"

c_files | grep -E '^(lib|app)/' | matches '\btypedef (struct|enum|union)\b' |
	rule "no typedefs for structs"

c_files | grep -E '^lib/path/' |
	matches '\b(malloc|calloc|realloc|printf|fprintf|rte_log|RTE_LOG|usleep|nanosleep|pthread_[a-z_]+|clock_gettime|rte_delay_[a-z_]+)\(' |
	rule "the record path neither allocates, locks, logs, waits nor reads a clock"

c_files | grep -E '^lib/' | grep -v '^lib/sink/' |
	matches '\b(clock_gettime|gettimeofday|rte_rdtsc|rte_get_tsc_cycles|time)\(' |
	rule "lib/ is told the time (sinks have threads of their own)"

files '*.sh' '.ci/run' | existing | xargs -r -d '\n' shellcheck -x -S warning 2>&1 |
	grep -E '^In |SC[0-9]+' | rule "shellcheck finds nothing"

echo "1..$number"
exit $((failed != 0))

#!/usr/bin/env bash
# SPDX-License-Identifier: BSD-3-Clause
# Installs, builds and tests everything, and ends with the line "N passed, N failed, N skipped".
#
# A number is a test case: a TAP line, of every kind of build that runs it (asan, release, clang,
# tsan), of the lint rules, a fuzz target's short run, or a case of the tests in namespaces. A build
# that fails is one failure. Details are in build/logs.
#
#   test.sh [STEP…]   only these steps: asan release clang tsan lint tidy fuzz net
set -uo pipefail
cd "$(dirname "$0")/.." || exit

steps=("$@")
[ "$#" -gt 0 ] || steps=(asan release clang tsan lint tidy fuzz net)
fuzz_seconds=${FUZZ_SECONDS:-5}
logs=build/logs
passed=0 failed=0 skipped=0

# The sanitizers' findings end a test.
export UBSAN_OPTIONS=halt_on_error=1:print_stacktrace=1 TSAN_OPTIONS=halt_on_error=1

# count FILE…: adds the cases of TAP files and meson logs.
count() {
	local numbers lines
	lines=$(python3 scripts/tap.py "$@")
	numbers=${lines##*$'\n'}
	[ "$lines" = "$numbers" ] || printf '%s\n' "${lines%$'\n'*}"
	read -r p f s <<< "$numbers"
	passed=$((passed + p)) failed=$((failed + f)) skipped=$((skipped + s))
	printf '  %s passed, %s failed, %s skipped (%s s)\n' "$p" "$f" "$s" $((SECONDS - started))
}

begin() {
	started=$SECONDS
	echo "$1"
}

lost() {
	failed=$((failed + 1))
	echo "  FAILED $1"
}

# run_meson KIND SUITE…: builds one kind and runs its tests, or only those of some suites.
run_meson() {
	local kind=$1 suites=() log=build/$1/meson-logs/testlog.json
	shift
	for suite in "$@"; do suites+=(--suite "$suite"); done
	# With suites, meson builds what they need.
	if ! scripts/build.sh "$kind" ${suites[@]:+build.ninja}; then
		lost "build $kind"
		return
	fi
	rm -f "$log"
	meson test -C "build/$kind" --num-processes "$(nproc)" "${suites[@]}" \
		> "$logs/test-$kind.log" 2>&1
	if [ -f "$log" ]; then
		count "$log"
		cp "build/$kind/meson-logs/testlog.txt" "$logs/test-$kind.txt"
	else
		tail -n 30 "$logs/test-$kind.log"
		lost "tests of $kind"
	fi
}

# run_tap NAME COMMAND…: a program that prints TAP.
run_tap() {
	local name=$1
	shift
	"$@" > "$logs/$name.tap" 2> "$logs/$name.err" < /dev/null ||
		grep -q '^not ok' "$logs/$name.tap" || echo "# ended badly" >> "$logs/$name.tap"
	count "$logs/$name.tap"
}

# One target, for a few seconds, from its corpus; new inputs go to a directory that is thrown away.
fuzz_one() {
	local target=$1 seconds=$2 name out
	name=$(basename "$target")
	out=build/logs/fuzz/$name
	rm -rf "$out"
	mkdir -p "$out/new"
	if "$target" -max_total_time="$seconds" -timeout=10 -rss_limit_mb=2048 -print_final_stats=1 \
		-artifact_prefix="$out/" "$out/new" "tests/fuzz/corpus/${name#fuzz_}" \
		> "$out/log" 2>&1 < /dev/null; then
		echo "ok - $name: $(awk '/number_of_executed_units/ { print $2 }' "$out/log") inputs"
	else
		echo "not ok - $name: see $out/log"
	fi
	rm -rf "$out/new"
}
export -f fuzz_one

run_fuzz() {
	if ! scripts/build.sh fuzz fuzzers; then
		lost "build fuzz"
		return
	fi
	find build/fuzz/tests/fuzz -maxdepth 1 -type f -name 'fuzz_*' -perm -u+x | sort |
		xargs -r -P "$(nproc)" -I{} bash -c "fuzz_one {} $fuzz_seconds" > "$logs/fuzz.tap"
	count "$logs/fuzz.tap"
}

# One test in namespaces, with the layout that lib.sh knows by that name.
net_one() {
	local name
	name=net-$(basename "$1" .sh)${2:+-$2}
	begin "  $(basename "$1")${2:+, layout $2}"
	if [ -n "$reason" ]; then
		echo "ok 1 - $name # SKIP $reason" > "$logs/$name.tap"
		count "$logs/$name.tap"
	else
		LAYOUT=$2 run_tap "$name" timeout -k 20 400 bash "$1"
	fi
}

# The tests in network namespaces, with the release build, one after the other.
run_net() {
	local test reason=
	[ "$(id -u)" = 0 ] || reason="needs root"
	if [ -z "$reason" ]; then
		if ip netns add "sluice-try-$$" 2>/dev/null; then
			ip netns del "sluice-try-$$"
		else
			reason="no network namespaces here"
		fi
	fi
	if ! scripts/build.sh release; then
		lost "build release"
		return
	fi
	scripts/peers.sh > "$logs/peers.log" 2>&1 ||
		echo "  no newer libraries, whose tests are skipped: see $logs/peers.log"
	for test in tests/net/test_*.sh; do
		net_one "$test" ""
	done
	# The others look at all layouts by themselves.
	for test in auth flood hostile operate sessions sink; do
		net_one "tests/net/test_$test.sh" one
		net_one "tests/net/test_$test.sh" two
	done
}

scripts/setup.sh || exit 1
mkdir -p "$logs"
for step in "${steps[@]}"; do
	case "$step" in
	asan) begin "asan: gcc, address and undefined behaviour sanitizers" && run_meson asan ;;
	release) begin "release: gcc" && run_meson release ;;
	clang) begin "clang: everything with its warnings" && run_meson clang ;;
	tsan) begin "tsan: gcc, thread sanitizer, for what threads share" &&
		run_meson tsan base session sink handshake wiring ;;
	lint) begin "lint" && run_tap lint scripts/lint.sh ;;
	tidy) begin "clang-tidy" && scripts/build.sh clang build.ninja > /dev/null &&
		run_tap tidy scripts/lint.sh --tidy ;;
	fuzz) begin "fuzz: every target, $fuzz_seconds s" && run_fuzz ;;
	net) begin "net: real clients in network namespaces" && run_net ;;
	*) echo "test.sh: $step: unknown step" >&2 && exit 2 ;;
	esac
done

echo
echo "$passed passed, $failed failed, $skipped skipped"
[ "$failed" = 0 ] && [ "$passed" -gt 0 ]

#!/usr/bin/env bash
# SPDX-License-Identifier: BSD-3-Clause
# Builds the release kind and measures.
#   scripts/bench.sh [OPTIONS]           everything, other DTLS libraries side by side: about half an hour
#   scripts/bench.sh --publish           that, and docs/performance.md and its plots from it
#   scripts/bench.sh --quick             under three minutes: our engine, ipsec-mb and libcrypto; the path
#   scripts/bench.sh --handshakes        two minutes: handshakes by mode, other DTLS libraries side by side
# OPTIONS go to Google Benchmark: '--benchmark_filter=REGEX', --benchmark_min_time=0.1
# Writes build/bench.json (condensed; raw: build/bench-*.json; with --quick and --handshakes raw only), prints medians
# of the quiet repetitions, and draws build/plots/*.svg.
set -euo pipefail
cd "$(dirname "$0")/.."

mode=full
case "${1:-}" in
--quick) mode=quick && shift ;;
--publish) mode=publish && shift ;;
--handshakes) mode=handshakes && shift ;;
esac

# The last CPU, which has the least to do for the kernel; before others where that is allowed.
run=(taskset -c "$(($(nproc) - 1))")
nice -n -10 true 2> /dev/null && run=(nice -n -10 "${run[@]}")

# Packets lie in huge pages, as scripts/setup-host.sh makes them for the endpoint: reserved for the time of
# the run where that is allowed. Without them, a request and its response cost a third more.
huge=/sys/kernel/mm/hugepages/hugepages-2048kB
if [ -w "$huge/nr_hugepages" ] && [ "$(cat "$huge/free_hugepages")" -lt 300 ]; then
	had=$(cat "$huge/nr_hugepages")
	trap 'echo "$had" > "$huge/nr_hugepages"' EXIT
	echo $((had + 300)) > "$huge/nr_hugepages"
fi

# measure PROGRAM OUT OPTIONS...: a bench that failed is in the report, and in what is printed of it.
measure() {
	local program=$1 out=$2
	shift 2
	rm -f "$out"
	"${run[@]}" "build/release/bench/$program" --benchmark_enable_random_interleaving=true \
		--benchmark_min_time=0.02 --benchmark_out="$out" --benchmark_out_format=json "$@" \
		> build/logs/bench.log 2>&1 || [ -s "$out" ] ||
		grep -q 'Failed to match' build/logs/bench.log || {
		tail -n 20 build/logs/bench.log >&2
		exit 1
	}
}

if [ "$mode" = quick ]; then
	scripts/setup.sh
	scripts/build.sh release bench/sluice-bench
	engines='aead_(open|seal)/(mb64|mb4|ipsec-mb|ipsec-mb-best|libcrypto)/AES-128-(GCM|CCM-8)'
	engines+='/len:64/sessions:(64|1000000|4000000)/burst:32'
	path='path_request_response/AES-128-GCM/len:64/reply:12/sessions:(1000|4000000)/burst:32$'
	measure sluice-bench build/bench-quick.json --benchmark_repetitions=9 \
		"--benchmark_filter=$engines|$path" "$@"
	scripts/bench-table.py --quick build/bench-quick.json
	exit
fi

scripts/setup.sh --bench
scripts/build.sh release bench/sluice-bench bench/peers/sluice-bench-peers
scripts/make-pki.sh build/pki
reports=()
# measured PROGRAM NAME OPTIONS...: measure, and keep the report if there is one.
measured() {
	local program=$1 report=build/bench-$2.json
	shift 2
	measure "$program" "$report" "$@"
	[ ! -s "$report" ] || reports+=("$report")
}

if [ "$mode" = handshakes ]; then
	for turn in 1 2 3 4; do
		measured sluice-bench "handshakes-ours-$turn" --benchmark_repetitions=5 \
			'--benchmark_filter=^(handshake|libcrypto)/' "$@"
		measured peers/sluice-bench-peers "handshakes-peers-$turn" --benchmark_repetitions=3 \
			'--benchmark_filter=^peer_handshake/' "$@"
	done
	scripts/bench-table.py --handshakes "${reports[@]}"
	exit
fi

if [[ "$*" == *--benchmark_filter=* ]]; then
	ours=() theirs=()
else
	ours=('--benchmark_filter=^(aead|path|line|vector|handshake|libcrypto)') theirs=('--benchmark_filter=.')
fi
# Ours and theirs take turns; within a turn repetitions come in random order.
for turn in 1 2; do
	measured sluice-bench "ours-$turn" --benchmark_repetitions=6 "${ours[@]}" "$@"
	measured peers/sluice-bench-peers "peers-$turn" --benchmark_repetitions=6 "${theirs[@]}" "$@"
done
# What has no peer there; t-tests take long and are no figures.
if [ "${#ours[@]}" != 0 ]; then
	measured sluice-bench rest --benchmark_repetitions=10 \
		'--benchmark_filter=-^(aead|path|line|vector|handshake|libcrypto|constant_time|session_memory|flood)' "$@"
	# These repeat by themselves, or have nothing to do with time.
	measured sluice-bench long --benchmark_repetitions=3 '--benchmark_filter=^(session_memory|flood)' "$@"
fi
status=0
scripts/bench-table.py "${reports[@]}" || status=$?
scripts/bench-doc.py --condense build/bench.json "${reports[@]}"
if [ "$mode" = publish ]; then
	mkdir -p docs/bench
	cp build/bench.json docs/bench/measured.json
	scripts/bench-doc.py
else
	scripts/bench-plot.py build/bench.json build/plots
fi
exit "$status"

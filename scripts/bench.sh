#!/usr/bin/env bash
# SPDX-License-Identifier: BSD-3-Clause
# Builds the release kind and measures: scripts/bench.sh [--quick] [--benchmark_filter=REGEX ...]
# Full: ten repetitions of everything in random order, minutes. --quick: one, under a minute, to see
# that all of it runs. Writes build/bench.json and prints medians with their spread.
set -euo pipefail
cd "$(dirname "$0")/.."

options=(--benchmark_repetitions=10 --benchmark_enable_random_interleaving=true
	--benchmark_min_time=0.1)
if [ "${1:-}" = --quick ]; then
	options=(--quick)
	shift
fi

scripts/build.sh release bench/sluice-bench
out=build/bench.json
build/release/bench/sluice-bench "${options[@]}" --benchmark_out="$out" \
	--benchmark_out_format=json "$@" > build/logs/bench.log 2>&1 || {
	tail -n 20 build/logs/bench.log >&2
	exit 1
}
scripts/bench-table.py "$out"

#!/usr/bin/env bash
# SPDX-License-Identifier: BSD-3-Clause
# End to end: a server on the first core, sluice-load on the last, as root.
#   scripts/bench-e2e.sh --quick         our endpoint over vhost and peers over the kernel, in a few minutes
#   scripts/bench-e2e.sh                 suites, session counts, sinks, latencies: about an hour
#   scripts/bench-e2e.sh --layouts       roles, queues, bursts, idling
#   scripts/bench-e2e.sh --million       a million sessions at 70 % of the NDR for a minute, reconciled
#   scripts/bench-e2e.sh --trouble       twice the NDR
#   scripts/bench-e2e.sh --storm         100,000 devices come back at once while 10,000 others send
#   scripts/bench-e2e.sh --publish       all of these, and docs/performance.md from them
# --only REGEX picks cells by name, so that the hour may be spread over several quiet ones.
# Results: a table, and build/e2e.json (--out FILE), which keeps what the other ways measured. BUILD=build/KIND chooses the build.
set -euo pipefail
cd "$(dirname "$0")/.."
[ "$(id -u)" = 0 ] || { echo "bench-e2e.sh: run as root (namespaces, huge pages)" >&2; exit 1; }

if [ -z "${BUILD:-}" ]; then
	scripts/setup.sh --bench
	scripts/build.sh release app/sluice/sluice app/sluice-load/sluice-load bench/peers/sluice-peer-server
	BUILD=build/release
fi

# Memory of packets and sessions; a million sessions and their generator need the most. Given back.
pages=/proc/sys/vm/nr_hugepages
had=$(cat $pages)
trap 'echo "$had" > $pages' EXIT
want=700
case " $* " in *" --million "* | *" --publish "* | *" --full "* | "  ") want=1100 ;; esac
echo $((had + want)) > $pages
free=$(awk '/HugePages_Free/ { print $2 }' /proc/meminfo)
[ "$free" -ge "$want" ] || echo "bench-e2e.sh: only $free of $want huge pages: figures will be worse" >&2

status=0
case " $* " in
*" --publish "*)
	python3 scripts/e2e.py --build "$BUILD" --out docs/bench/e2e.json "$@" || status=$?
	scripts/bench-doc.py
	;;
*) python3 scripts/e2e.py --build "$BUILD" "$@" || status=$? ;;
esac
exit "$status"

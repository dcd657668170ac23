# SPDX-License-Identifier: BSD-3-Clause
# shellcheck shell=bash disable=SC2034,SC2119,SC2120
# What the tests in namespaces share. Sourced. Prints TAP: ok / not ok / ok … # SKIP.
#
# A test has two namespaces joined by a veth pair, veth0 (the endpoint's) and veth1 (the clients',
# 198.18.0.1 and 2001:db8::1). The endpoint is 198.18.0.2 and 2001:db8::2. Everything is torn down
# on exit, whatever happens; only processes started here are ended.
set -uo pipefail

root=$(cd "$(dirname "${BASH_SOURCE[0]}")/../.." && pwd)
build=${BUILD:-$root/build/release}
sluice=$build/app/sluice/sluice
load=$build/app/sluice-load/sluice-load
fleet=$build/tests/net/fleet
flood=$build/tests/net/flood
# Itself, and not a version manager's shim, which takes ten times as long to start.
python=$(python3 -c 'import sys; print(sys.executable)')
srv=sl-s-$$
cli=sl-c-$$
work=$(mktemp -d "/tmp/sluice-net.XXXXXX")
sluice_pid=
more_ns=() # of a test's own
export LSAN_OPTIONS=${LSAN_OPTIONS-print_suppressions=0:suppressions=$root/tests/net/lsan.supp}
n_tests=0
n_failed=0

cleanup() {
	trap - EXIT
	stop_sluice
	for ns in "$srv" "$cli" "${more_ns[@]}"; do
		for pid in $(ip netns pids "$ns" 2>/dev/null); do kill -KILL "$pid" 2>/dev/null; done
		ip netns del "$ns" 2>/dev/null
	done
	[ -z "${KEEP:-}" ] && rm -rf "$work"
	return 0
}
finish() {
	cleanup
	echo "1..$n_tests"
	[ "$n_failed" = 0 ]
	exit
}
trap finish EXIT
trap 'exit 130' INT TERM

in_srv() { ip netns exec "$srv" "$@"; }
in_cli() { ip netns exec "$cli" "$@"; }

# check NAME COMMAND…: one test case; its output is shown when it fails.
check() {
	local name=$1
	shift
	n_tests=$((n_tests + 1))
	if "$@" > "$work/out" 2>&1; then
		echo "ok $n_tests - $name"
	else
		n_failed=$((n_failed + 1))
		echo "not ok $n_tests - $name"
		tail -n 30 "$work/out" | sed 's/^/#   /'
		[ -f "$work/log" ] && tail -n 15 "$work/log" | sed 's/^/#   log: /'
	fi
	return 0
}
# make_pki: that of scripts/make-pki.sh, in $pki; without it there is nothing to test.
pki=$work/pki
make_pki() {
	check "the PKI" "$root/scripts/make-pki.sh" "$pki"
	[ "$n_failed" = 0 ] || exit
}
skip() {
	n_tests=$((n_tests + 1))
	echo "ok $n_tests - $1 # SKIP $2"
}

make_net() {
	ip netns add "$srv"
	ip netns add "$cli"
	ip link add veth0 netns "$srv" type veth peer name veth1 netns "$cli"
	for ns in "$srv" "$cli"; do ip -n "$ns" link set lo up; done
	ip -n "$srv" link set veth0 up
	ip -n "$cli" link set veth1 up
	client_addresses "$cli" veth1
}
client_addresses() { # namespace, interface
	ip -n "$1" addr add 198.18.0.1/15 dev "$2"
	ip -n "$1" addr add 2001:db8::1/64 dev "$2" nodad
}

# soon COMMAND…: succeeds as soon as the command does, within ten seconds.
soon() {
	for _ in $(seq 200); do
		"$@" && return 0
		sleep 0.05
	done
	return 1
}

key_text=secret-of-16-byt
psk_line() { printf '%s:%s\n' "$1" "$(printf %s "$2" | od -An -tx1 | tr -d ' \n')"; }
# derived MASTER IDENTITY: a key as docs/decisions/psk-derive.md has it for a factory.
derived() { printf %s "$2" | openssl dgst -sha256 -mac HMAC -macopt "hexkey:$1" -r | cut -d ' ' -f 1; }
psk_key_hex() { printf %s "$key_text" | od -An -tx1 | tr -d ' \n'; }

mode=(--test-mode)
# LAYOUT: every role on one core, or two poll cores; else what the endpoint chooses by itself.
case "${LAYOUT:-}" in
one) layout_options=(--config '(0,0,0)' --workers 0 --handshake-cores 0) ;;
two) layout_options=(--config '(0,0,0),(0,1,1)' --workers '0,1' --handshake-cores '0,1') ;;
*) layout_options=() ;;
esac
addresses=ip=198.18.0.2/15,ip6=2001:db8::2/64
sink=$work/out.ndjson

# start_sluice PORT-DEVICE [options]: waits for its "ready:" line.
start_sluice() {
	local device=$1
	shift
	[ -f "$work/psk" ] || (umask 077 && psk_line dev1 "$key_text" > "$work/psk")
	: > "$work/log" # or the line of the one before is read
	ip netns exec "$srv" "$sluice" --port "$device,$addresses" --psk-file "$work/psk" \
		--sink "file:$sink" "${mode[@]}" "${layout_options[@]}" "$@" > "$work/log" 2>&1 &
	sluice_pid=$!
	for _ in $(seq 400); do
		grep -q '^ready:' "$work/log" && return 0
		kill -0 "$sluice_pid" 2>/dev/null || break
		sleep 0.05
	done
	echo "sluice did not get ready:"
	cat "$work/log"
	return 1
}
# stop_sluice [SIGNAL]: ends it and returns its exit status.
stop_sluice() {
	[ -n "$sluice_pid" ] || return 0
	local pid=$sluice_pid
	sluice_pid=
	kill -"${1:-TERM}" "$pid" 2>/dev/null
	wait "$pid" 2>/dev/null
}

# reload PATTERN: SIGHUP, of which the log has to say this; what it said before is gone.
reload() {
	: > "$work/log"
	kill -HUP "$sluice_pid"
	soon grep -q -- "$1" "$work/log"
}

# coap CLIENT ADDRESS METHOD PATH [more options]: prints what the client says.
coap() {
	local client=$1 address=$2 method=$3 path=$4
	shift 4
	ip netns exec "${client_ns:-$cli}" timeout 30 "coap-client-$client" -B 8 -v 6 -m "$method" \
		-u "${identity:-dev1}" -k "${key:-$key_text}" "$@" "coaps://$address$path" 2>&1
}
# answered CODE: what the client in $work/client was told. The clients' lines have times in them, and
# those have a 5.03 too, now and then.
answered() { grep -q "^v:1 .* c:$1 " "$work/client"; }
# posts CLIENT ADDRESS PAYLOAD: a POST that is answered with 2.04.
posts() { coap "$1" "$2" post /s/temp -t 50 -e "$3" > "$work/client"; answered 2.04 || { cat "$work/client"; return 1; }; }
# refused [options]: a POST that nobody answers with 2.04.
refused() { coap openssl 198.18.0.2 post /s -e x "$@" > "$work/client"; ! answered 2.04; }

# converse REQUEST PATTERN CLIENT…: one that sends what it reads is given the bytes of a file; what it
# prints is in $work/answer and $work/err. Returns as soon as the answer, which matches, is there, or as
# none will come: the client ended, or $no_answer, a command of a test that knows better, succeeds.
converse() {
	local request=$1 pattern=$2 pid rc
	shift 2
	: > "$work/answer"
	rm -f "$work/input"
	mkfifo "$work/input"
	ip netns exec "${client_ns:-$cli}" timeout 10 "$@" < "$work/input" > "$work/answer" 2> "$work/err" &
	pid=$!
	exec 8> "$work/input"
	cat "$request" >&8
	while ! LC_ALL=C grep -qaP "$pattern" "$work/answer" && kill -0 "$pid" 2> /dev/null && ! ${no_answer:-false}; do sleep 0.02; done
	exec 8>&-
	# Some wait when their input ends. gnutls-cli does not when it is answered, and says the rest then.
	LC_ALL=C grep -qaP "$pattern" "$work/answer"
	rc=$?
	[ "$1 $rc" = "gnutls-cli 0" ] || kill "$pid" 2> /dev/null
	wait "$pid" 2> /dev/null
	return $rc
}
# pings CLIENT…: a CoAP ping (empty CON, message ID 0x1234), which must come back as the matching RST.
pings() {
	printf '\x40\x00\x12\x34' > "$work/ping"
	converse "$work/ping" '\x70\x00\x12\x34' "$@" || { cat "$work/answer" "$work/err"; return 1; }
}
# live NAME CLIENT…: one that pings once, is answered, and stays; it writes to $work/NAME.answer and .err.
live() {
	local name=$1
	shift
	(printf '\x40\x00\x12\x34'; exec sleep 60) | in_cli "$@" > "$work/$name.answer" 2> "$work/$name.err" &
	soon env LC_ALL=C grep -qaP '\x70\x00\x12\x34' "$work/$name.answer" && return 0
	cat "$work/$name.answer" "$work/$name.err"
	return 1
}
ping_openssl() { # cipher, address
	pings openssl s_client -dtls1_2 -connect "${2:-198.18.0.2}:5684" -psk "$(psk_key_hex)" -psk_identity dev1 -cipher "$1" \
		-quiet -nocommands
}
ping_gnutls() { # cipher, address
	pings gnutls-cli --udp --pskusername dev1 --pskkey "$(psk_key_hex)" \
		--priority "NORMAL:-VERS-ALL:+VERS-DTLS1.2:-KX-ALL:+PSK:-CIPHER-ALL:+$1" -p 5684 "${2:-198.18.0.2}"
}
# lines N PATTERN: the sink holds N lines that match, soon.
lines() {
	local n
	for _ in $(seq 60); do
		n=$(grep -c -- "$2" "$sink" 2>/dev/null)
		[ "${n:-0}" = "$1" ] && return 0
		sleep 0.05
	done
	echo "sink has ${n:-0} lines of '$2', not $1"
	return 1
}
# telemetry COMMAND [KEY…]: the endpoint's answer, or one value of it.
telemetry() { in_srv "$python" -IS "$root/tests/net/telemetry.py" "$sluice_pid" "$@"; }
# counted OUTCOME N: at least N of this outcome were counted (0 is not shown).
counted() {
	local n
	n=$(telemetry /sluice/stats outcomes "$1" 2>/dev/null || echo 0)
	[ "$n" -ge "$2" ] || { echo "$1 is $n"; telemetry /sluice/stats; return 1; }
}

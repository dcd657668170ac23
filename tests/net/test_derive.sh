#!/usr/bin/env bash
# SPDX-License-Identifier: BSD-3-Clause
# --psk-derive: a device provisioned with openssl alone, a fleet without a file of its keys, a new master
# key and the end of an old one by SIGHUP, with what was made under it.
# shellcheck source=tests/net/lib.sh
. "$(dirname "$0")/lib.sh"

make_net
old=$(openssl rand -hex 32)
new=$(openssl rand -hex 32)
masters() { (umask 077 && printf '%s\n' "$@" > "$work/masters"); }
s_client=(openssl s_client -dtls1_2 -connect 198.18.0.2:5684 -nocommands)
ping_as() { # identity, key, s_client options
	pings "${s_client[@]}" -psk_identity "$1" -psk "$2" "${@:3}"
}
refused() { ! ping_as "$@" > /dev/null; }
resumed() { ping_as "$@" -sess_in "$work/session" && grep -aq '^Reused, TLSv1.2' "$work/answer"; }
fleet_load() {
	in_cli timeout 60 "$load" --port kernel --target 198.18.0.2:5684 --devices 100 --psk-derive "$work/masters" \
		--rate 100 --warmup 0s --duration 1s --late 500ms "$@"
}

masters "# the first batch" "k1.:$old"
: > "$work/denied"
check "starts" start_sluice af_packet:veth0 --psk-derive "$work/masters" --deny-file "$work/denied"
check "a device with its derived key" ping_as k1.meter-7 "$(derived "$old" k1.meter-7)" -sess_out "$work/session"
check "another device's key is not its own" refused k1.meter-7 "$(derived "$old" k1.meter-8)"
check "an identity without a master key" refused k2.meter-7 "$(derived "$new" k2.meter-7)"
check "the prefix alone is nobody" refused k1. "$(derived "$old" k1.)"
check "  … all look alike" counted hs_auth 3
check "a device of the PSK file beside them" ping_as dev1 "$(psk_key_hex)"
check "a fleet without a file of its keys" fleet_load
check "the readings name them" lines 100 '"device":"k1.dev000000'
check "the session is resumed" resumed k1.meter-7 "$(derived "$old" k1.meter-7)"

masters "k2.:$new" "k1.:00"
check "a bad line changes nothing" reload "masters:2: master key is shorter than 16 bytes"
check "  … the old key still works" ping_as k1.meter-7 "$(derived "$old" k1.meter-7)"
masters "k2.:$new" "k1.:$old"
check "a new master key beside the old one" reload "masters: 2 master keys"
check "  … for new devices" ping_as k2.meter-7 "$(derived "$new" k2.meter-7)"
check "  … and the old ones" ping_as k1.meter-7 "$(derived "$old" k1.meter-7)"
masters "k2.:$new"
check "the old one ends" reload "masters: 1 master keys"
check "  … with its devices" refused k1.meter-7 "$(derived "$old" k1.meter-7)"
check "  … and their sessions" eval '! resumed k1.meter-7 00 > /dev/null && counted session_revoked 1'
check "  … not with others" ping_as k2.meter-7 "$(derived "$new" k2.meter-7)"
(umask 077 && printf 'k2.meter-7:%s\n' "$(psk_key_hex)" > "$work/psk")
check "a key of its own for one of them" reload "psk: 1 identities"
check "  … goes first" ping_as k2.meter-7 "$(psk_key_hex)"
check "  … alone" refused k2.meter-7 "$(derived "$new" k2.meter-7)"

stolen=$(derived "$new" k2.stolen)
check "a device that will be stolen" live stolen "${s_client[@]}" -psk_identity k2.stolen -psk "$stolen" -sess_out "$work/session"
echo "identity k2.stolen" > "$work/denied"
check "  … is denied" reload "denied: 1 denied"
check "  … its session is closed" soon counted session_denied 1
check "  … by access_denied" soon grep -q "alert number 49" "$work/stolen.err"
check "  … it resumes nothing" refused k2.stolen "$stolen" -sess_in "$work/session"
check "  … which is counted" counted session_revoked 2
check "  … and is refused like an unknown one" grep -q "alert number 51" "$work/err"
check "  … no other is" ping_as k2.meter-8 "$(derived "$new" k2.meter-8)"
check "drains" stop_sluice

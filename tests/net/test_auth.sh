#!/usr/bin/env bash
# SPDX-License-Identifier: BSD-3-Clause
# Credentials as a client sees them: wrong key, unknown identity, reload, a client that dies.
# shellcheck source=tests/net/lib.sh
. "$(dirname "$0")/lib.sh"

make_net

check "starts" start_sluice af_packet:veth0
check "a good device is served" posts openssl 198.18.0.2 '{"n":1}'

key=another-16-bytes check "a wrong key is refused" refused
identity=nobody check "an unknown identity is refused" refused
check "both are counted as authentication failures" counted hs_auth 1
check "the good device is served afterwards" posts openssl 198.18.0.2 '{"n":2}'

killed_midway() {
	in_cli timeout 20 "$fleet" --target 198.18.0.2 --devices 50 --abandon
}
check "50 clients die in mid-handshake" killed_midway
check "the good device is served beside them" posts gnutls 198.18.0.2 '{"n":3}'

reload_adds() {
	psk_line dev2 0123456789abcdef >> "$work/psk"
	reload 'reloaded' || return 1
	identity=dev2 key=0123456789abcdef posts openssl 198.18.0.2 '{"n":4}'
}
check "SIGHUP: a new device is known" reload_adds
broken_reload() {
	cp "$work/psk" "$work/psk.good"
	echo 'no colon here' >> "$work/psk"
	reload 'reload refused.*psk:3' && identity=dev2 key=0123456789abcdef posts openssl 198.18.0.2 '{"n":5}'
}
check "SIGHUP: a broken file keeps the old set and names the line" broken_reload
reload_removes() {
	psk_line dev2 0123456789abcdef > "$work/psk"
	reload 'reloaded' && refused
}
check "SIGHUP: a removed device is refused" reload_removes
check "no key stands in the log" sh -c "! grep -qi -e '$key_text' -e '$(psk_key_hex)' '$work/log'"
check "drains" stop_sluice

/* SPDX-License-Identifier: BSD-3-Clause */
/* One function an option: parses its text into struct options. See struct option_def.set. */
#pragma once

#include "options.h"

/* clang-format off */
#define OPTIONS_SET_LIST(X)                                                                        \
	X(port) X(listen) X(config) X(workers) X(handshake_cores) X(main_core) X(rxd) X(txd)       \
	X(burst) X(mbufs) X(idle) X(psk_file) X(psk_derive) X(deny_file) X(min_version) X(max_version) X(psk_modes) X(suites) X(require_ems) X(handshake_timeout)     \
	X(aead_engine) X(max_sessions) X(max_handshakes) X(handshake_rate) X(psk_socket) X(psk_timeout) X(session_timeout) X(replay_window) X(rekey_after)       \
	X(sink) X(ack) X(off) X(log_level) X(stats_period) X(test_mode) X(show_layout)             \
	X(cert) X(key) X(client_ca) X(crl) X(crl_expired) X(client_auth) X(rpk_file) X(device_name)     \
	X(groups) X(check_config) X(session_lifetime) X(session_cache) X(tickets) X(ticket_key_file) X(no_resumption)         \
	X(cid_length) X(cid_key_file) X(node_id) X(node) X(node_reply)
/* clang-format on */

#define OPTIONS_SET_DECLARE(name)                                                                  \
	const char *options_set_##name(struct options *opt, const char *text);
OPTIONS_SET_LIST(OPTIONS_SET_DECLARE)
#undef OPTIONS_SET_DECLARE

/* SPDX-License-Identifier: BSD-3-Clause */
/* One function an option: parses its text into struct load_options. See struct option_def.set. */
#pragma once

#include "load_options.h"

/* clang-format off */
#define LOAD_OPTIONS_SET_LIST(X)                                                                   \
	X(port) X(target) X(sources) X(cores) X(threads) X(burst) X(rxd) X(txd) X(test_mode)       \
	X(devices) X(identities) X(master_key) X(psk_derive) X(server_ca) X(server_keys) X(cert)   \
	X(key) X(resume_by) X(suites) X(version) X(psk_mode) X(psk_import) X(max_fragment_length) X(record_size_limit) \
	X(handshake_rate) X(handshakes_at_once) X(resume) X(churn) X(key_update) X(cid) X(cid_migrate) X(storm) X(storm_at) X(rate)    \
	X(ramp) X(warmup) X(duration) X(payload) X(mix) X(path) X(inflight) X(retransmit)          \
	X(answer_timeout) X(late) X(loss) X(reorder) X(duplicate) X(hostile) X(seed) X(search)     \
	X(handshakes_only) X(report) X(write_psk) X(json) X(hgrm) X(progress)
/* clang-format on */

#define LOAD_OPTIONS_SET_DECLARE(name)                                                             \
	const char *load_options_set_##name(struct load_options *opt, const char *text);
LOAD_OPTIONS_SET_LIST(LOAD_OPTIONS_SET_DECLARE)
#undef LOAD_OPTIONS_SET_DECLARE

/* SPDX-License-Identifier: BSD-3-Clause */
/* What a handshake costs the server, by mode and by how many run at once (handshake_world.h). */
#include "benches.h"

#include "handshake_world.h"
#include "suite.h"

#include <stdio.h>

#include <urcu/urcu-qsbr.h>

enum { WARM_UP = 8 }; /* rounds of the greatest batch */

static const struct handshake_mode modes[] = {
	{ .name = "psk/AES-128-GCM", .suite = TLS_PSK_WITH_AES_128_GCM_SHA256 },
	{ .name = "psk/AES-128-CCM-8", .suite = TLS_PSK_WITH_AES_128_CCM_8 },
	{ .name = "resumed-id/AES-128-GCM",
	  .suite = TLS_PSK_WITH_AES_128_GCM_SHA256,
	  .session_ids = true,
	  .resumed = true },
	{ .name = "resumed-ticket/AES-128-GCM",
	  .suite = TLS_PSK_WITH_AES_128_GCM_SHA256,
	  .tickets = true,
	  .resumed = true },
	{ .name = "ecdhe-psk/AES-128-GCM",
	  .suite = TLS_ECDHE_PSK_WITH_AES_128_GCM_SHA256,
	  .group = ECDHE_SECP256R1 },
	{ .name = "ecdhe-psk-x25519/AES-128-GCM",
	  .suite = TLS_ECDHE_PSK_WITH_AES_128_GCM_SHA256,
	  .group = ECDHE_X25519 },
	{ .name = "ecdhe-ecdsa/AES-128-GCM",
	  .suite = TLS_ECDHE_ECDSA_WITH_AES_128_GCM_SHA256,
	  .group = ECDHE_SECP256R1 },
	{ .name = "ecdhe-ecdsa-x25519/AES-128-GCM",
	  .suite = TLS_ECDHE_ECDSA_WITH_AES_128_GCM_SHA256,
	  .group = ECDHE_X25519 },
	{ .name = "ecdhe-ecdsa-mutual/AES-128-GCM",
	  .suite = TLS_ECDHE_ECDSA_WITH_AES_128_GCM_SHA256,
	  .group = ECDHE_SECP256R1,
	  .mutual = true },
	{ .name = "ecdhe-ecdsa-raw-keys/AES-128-GCM",
	  .suite = TLS_ECDHE_ECDSA_WITH_AES_128_GCM_SHA256,
	  .group = ECDHE_SECP256R1,
	  .mutual = true,
	  .raw_keys = true },
	{ .name = "ecdhe-ecdsa-mutual-resumed-id/AES-128-GCM",
	  .suite = TLS_ECDHE_ECDSA_WITH_AES_128_GCM_SHA256,
	  .group = ECDHE_SECP256R1,
	  .mutual = true,
	  .session_ids = true,
	  .resumed = true },
	{ .name = "ecdhe-ecdsa-mutual-resumed-ticket/AES-128-GCM",
	  .suite = TLS_ECDHE_ECDSA_WITH_AES_128_GCM_SHA256,
	  .group = ECDHE_SECP256R1,
	  .mutual = true,
	  .tickets = true,
	  .resumed = true },
};
enum { N_MODES = sizeof(modes) / sizeof(modes[0]) };

static bool measure(struct bench *b, struct handshake_world *w, unsigned n)
{
	struct stopwatch server = { 0 }, device = { 0 };
	double total, devices, parts[STOPWATCH_PARTS], unused[STOPWATCH_PARTS];
	static const char *const names[PART_N] = { "cycles_gate", "cycles_hello", "cycles_rest",
						   "cycles_install" };
	uint64_t rounds = 0;
	bool ok = true;

	for (; bench_next(b); rounds++)
		ok = ok && handshake_world_round(w, n, &server, &device);
	ok = ok && stopwatch_mean(&server, &total, parts) &&
	     stopwatch_mean(&device, &devices, unused);
	if (ok) {
		bench_measured(b, total / n, rounds * n);
		for (unsigned i = 0; i < PART_N; i++)
			bench_value(b, names[i], parts[i] / n);
		bench_value(b, "cycles_device", devices / n);
	}
	stopwatch_free(&server);
	stopwatch_free(&device);
	return ok;
}

static void run(struct bench *b)
{
	const struct handshake_mode *mode = &modes[bench_arg(b, 0)];
	struct handshake_world_costs costs;
	struct stopwatch unused = { 0 };
	struct handshake_world *w;
	bool ok;

	if (mode->group != ECDHE_NONE && !handshake_world_has_pki()) {
		bench_skip(b, "there is no build/pki (scripts/make-pki.sh)");
		return;
	}
	w = handshake_world_get(mode);
	ok = w != NULL;
	urcu_qsbr_register_thread();
	for (int i = 0; ok && i < WARM_UP; i++)
		ok = handshake_world_round(w, HANDSHAKE_WORLD_BATCH, &unused, &unused);
	if (!ok || !handshake_world_costs(w, &costs) || !measure(b, w, (unsigned)bench_arg(b, 1))) {
		bench_fail(b, "a handshake failed");
	} else {
		bench_value(b, "round_trips", costs.round_trips);
		bench_value(b, "bytes_up", costs.bytes_up);
		bench_value(b, "bytes_down", costs.bytes_down);
		bench_value(b, "bytes_during", costs.state_during);
		bench_value(b, "bytes_after", costs.state_after);
	}
	stopwatch_free(&unused);
	urcu_qsbr_unregister_thread();
}

void bench_handshake_add(void)
{
	static const int64_t batches[] = { 1, 2, 4, 8, 16, 32 };
	char name[96];

	for (int64_t m = 0; m < N_MODES; m++) {
		for (size_t i = 0; i < sizeof(batches) / sizeof(batches[0]); i++) {
			/* Work with public keys does not come in batches. */
			if (modes[m].group != ECDHE_NONE && batches[i] != 1 && batches[i] != 32)
				continue;
			(void)snprintf(name, sizeof(name), "handshake/%s/batch:%d", modes[m].name,
				       (int)batches[i]);
			bench_add(name, run, (int64_t[]){ m, batches[i] }, 2);
		}
	}
}

void bench_handshake_free(void) { handshake_world_free_all(); }

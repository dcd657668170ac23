/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * How long all live sessions take to be looked at anew after a reload: what comes on top of reading
 * the files before a session that was denied is closed. Each has a key of its own in the PSK file;
 * nobody is closed.
 */
#include "benches.h"

#include "review.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <urcu/urcu-qsbr.h>

struct review_world {
	struct credentials credentials;
	struct mesh mesh;
	struct store *store;
	struct review *review;
};

/* n lines of at most line_max bytes. */
static char *lines(const char *format, uint32_t n, size_t line_max)
{
	char *text = malloc((size_t)n * line_max + 1), *at = text;

	if (text == NULL)
		return NULL;
	*at = 0;
	for (uint32_t i = 0; i < n; i++)
		at += snprintf(at, line_max, format, i, i);
	return text;
}

static bool credentials_make(struct review_world *w, uint32_t n, uint32_t n_denied)
{
	const struct credentials_files none = { .psk_file = NULL };
	char *psks = lines("sensor-%09u:%032x\n", n, 56), err[256];
	char *denied = lines("identity lost-%09u\n", n_denied, 32);
	bool ok = psks != NULL && denied != NULL &&
		  credentials_init(&w->credentials, &none, err, sizeof(err));

	if (ok) {
		psk_store_free(w->credentials.psks);
		w->credentials.psks = psk_store_parse(psks, strlen(psks), "-", err, sizeof(err));
		w->credentials.denied =
			deny_list_parse(denied, strlen(denied), "-", err, sizeof(err));
		ok = w->credentials.psks != NULL && w->credentials.denied != NULL;
	}
	free(psks);
	free(denied);
	return ok;
}

static bool install(struct review_world *w, uint32_t i)
{
	struct session_install in = { .flow = { .local_port = 5684 }, .aead = AEAD_AES_128_GCM };
	struct session_ref ref, replaced;
	uint8_t key[PSK_KEY_MAX];
	char name[32];

	snprintf(name, sizeof(name), "sensor-%09u", i);
	memcpy(in.flow.remote_ip, &i, sizeof(i));
	return credentials_psk(&w->credentials, (const uint8_t *)name, strlen(name), key,
			       &in.identity) > 0 &&
	       store_install(w->store, 0, &in, &ref, &replaced) == STATUS_OK;
}

static bool world_make(struct review_world *w, uint32_t n, uint32_t n_denied)
{
	static const unsigned n_dst[MESH_ROLES] = { 1, 1, 1 };
	static const uint8_t seed[32] = { 3 };
	struct store_config config = { .max_sessions = n, .replay_window = 64, .hash_seed = seed };

	if (!credentials_make(w, n, n_denied) || mesh_init(&w->mesh, 1, n_dst, 64) != 0)
		return false;
	config.identities = w->credentials.identities;
	w->store = store_new(&config);
	for (uint32_t i = 0; w->store != NULL && i < n; i++)
		if (!install(w, i))
			return false;
	w->review = review_new(&(struct review_config){
		.store = w->store, .mesh = &w->mesh, .credentials = &w->credentials });
	return w->store != NULL && w->review != NULL;
}

static void world_free(struct review_world *w)
{
	review_free(w->review);
	store_free(w->store);
	mesh_free(&w->mesh);
	credentials_free(&w->credentials);
}

static void review_all(struct review *r)
{
	review_begin(r);
	while (review_turn(r, 0) != REVIEW_DONE)
		;
}

static void review(struct bench *b)
{
	uint32_t n = (uint32_t)bench_arg(b, 0);
	struct review_world w = { .store = NULL };
	bool ok;

	urcu_qsbr_register_thread();
	ok = world_make(&w, n, (uint32_t)bench_arg(b, 1));
	urcu_qsbr_thread_offline();
	while (bench_next(b))
		if (ok)
			review_all(w.review);
	urcu_qsbr_thread_online();
	if (!ok)
		bench_fail(b, "the sessions cannot be made");
	else if (review_result(w.review).seen != n || review_result(w.review).closed != 0)
		bench_fail(b, "not every session was looked at");
	bench_items(b, n);
	world_free(&w);
	urcu_qsbr_unregister_thread();
}

void bench_review_add(void)
{
	static const int64_t small[] = { 64, 10 }, none[] = { 1000000, 0 },
			     many[] = { 1000000, 100000 };

	bench_add("review/sessions:64/denied:10", review, small, 2);
	bench_add("review/sessions:1000000/denied:0", review, none, 2);
	bench_add("review/sessions:1000000/denied:100000", review, many, 2);
}

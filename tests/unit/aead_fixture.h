/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Every engine forced in turn, and batches of random records laid out in one piece of memory.
 *
 * A test case is a function run once for every engine:
 *
 *   static void case_name(void **state)
 *   {
 *           struct aead *a = forced(state);     (skips where this CPU or build lacks the engine)
 *
 * What an engine may write is checked over all of the memory, not only over the records: a batch
 * makes the image that the memory must have afterwards, and the two are compared byte by byte.
 */
#pragma once

#include "aead.h"

#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

/* Whether this build is too slow for large counts. */
#if defined(__SANITIZE_ADDRESS__) || defined(__SANITIZE_THREAD__) || !defined(__OPTIMIZE__)
enum { SLOW_BUILD = 1 };
#elif defined(__has_feature)
#if __has_feature(address_sanitizer) || __has_feature(thread_sanitizer)
enum { SLOW_BUILD = 1 };
#else
enum { SLOW_BUILD = 0 };
#endif
#else
enum { SLOW_BUILD = 0 };
#endif

/* Engines */

struct aead_forced {
	enum aead_engine engine;
	const char *name;
	struct aead *a;
};

static struct aead_forced aead_forced[] = {
	{ AEAD_ENGINE_MB64, "mb64", NULL },
	{ AEAD_ENGINE_MB4, "mb4", NULL },
	{ AEAD_ENGINE_IPSEC_MB, "ipsec-mb", NULL },
	{ AEAD_ENGINE_LIBCRYPTO, "libcrypto", NULL },
};
enum { AEAD_FORCED_N = sizeof(aead_forced) / sizeof(aead_forced[0]) };

/* The yardstick. */
static struct aead *libcrypto;

static inline int engines_setup(void **state)
{
	(void)state;
	for (size_t i = 0; i < AEAD_FORCED_N; i++) {
		errno = 0;
		aead_forced[i].a = aead_new(aead_forced[i].engine);
		if (aead_forced[i].a == NULL && errno != ENOTSUP)
			return -1;
	}
	libcrypto = aead_new(AEAD_ENGINE_LIBCRYPTO);
	return libcrypto == NULL;
}

static inline int engines_teardown(void **state)
{
	(void)state;
	for (size_t i = 0; i < AEAD_FORCED_N; i++)
		aead_free(aead_forced[i].a);
	aead_free(libcrypto);
	return 0;
}

/* forced: the engine of this case, or the case is skipped. */
static inline struct aead *forced(void **state)
{
	const struct aead_forced *f = *state;

	if (f->a == NULL) {
		print_message("# this CPU or build does not have %s\n", f->name);
		skip();
	}
	return f->a;
}

/* FOR_ENGINES: a function's cases in an array of struct CMUnitTest. */
#define FOR_ENGINES(f)                                                                             \
	{ "mb64: " #f, f, NULL, NULL, &aead_forced[0] },                                           \
		{ "mb4: " #f, f, NULL, NULL, &aead_forced[1] },                                    \
		{ "ipsec-mb: " #f, f, NULL, NULL, &aead_forced[2] },                               \
	{                                                                                          \
		"libcrypto: " #f, f, NULL, NULL, &aead_forced[3]                                   \
	}

/* Numbers: xorshift64*, the same in every run. */

static uint64_t aead_seed = 88172645463325252;

static inline uint64_t number(void)
{
	aead_seed ^= aead_seed >> 12;
	aead_seed ^= aead_seed << 25;
	aead_seed ^= aead_seed >> 27;
	return aead_seed * UINT64_C(2685821657736338717);
}

/* below: 0 .. n-1 */
static inline size_t below(size_t n) { return (size_t)((number() >> 33) % n); }

static inline void random_fill(uint8_t *p, size_t n)
{
	for (; n >= 8; n -= 8, p += 8) {
		uint64_t x = number();

		memcpy(p, &x, 8);
	}
	for (; n > 0; n--)
		*p++ = (uint8_t)(number() >> 40);
}

static inline bool is_zero(const uint8_t *p, size_t n)
{
	for (size_t i = 0; i < n; i++) {
		if (p[i] != 0)
			return false;
	}
	return true;
}

/* same: like assert_memory_equal, and says which engine and where. Quick when equal. */
static inline void same(const char *what, const struct aead *a, enum aead_alg alg,
			const uint8_t *got, const uint8_t *want, size_t len)
{
	if (memcmp(got, want, len) == 0)
		return;
	for (size_t i = 0; i < len; i++) {
		if (got[i] != want[i])
			fail_msg("%s, %s, %s: byte %zu of %zu is %02x, not %02x", aead_name(a),
				 aead_info(alg)->name, what, i, len, got[i], want[i]);
	}
}

/* Batches */

enum { BATCH_MAX = 128, SESSIONS = 24, MARGIN = 64 };

/* The ops of a batch and where each stands in memory of len bytes. */
struct batch {
	enum aead_alg alg;
	size_t n, len, tag_len;
	size_t at[BATCH_MAX]; /* of each record; n of them, ascending */
	struct aead_op ops[BATCH_MAX];
	uint8_t keys[SESSIONS][AEAD_KEY_MAX];
};

/* One memory a role; each is room bytes. */
struct memories {
	size_t room;
	uint8_t *plain;  /* plaintexts in place; between them anything */
	uint8_t *sealed; /* the same memory after sealing in place, by libcrypto */
	uint8_t *work;   /* what engines are let loose on */
	uint8_t *want;
	uint8_t *copy; /* of what engines only read */
};

static inline void memories_new(struct memories *m, size_t room)
{
	*m = (struct memories){ .room = room,
				.plain = malloc(room),
				.sealed = malloc(room),
				.work = malloc(room),
				.want = malloc(room),
				.copy = malloc(room) };
	assert_true(m->plain != NULL && m->sealed != NULL && m->work != NULL && m->want != NULL &&
		    m->copy != NULL);
	random_fill(m->plain, room);
}

static inline void memories_free(struct memories *m)
{
	free(m->plain);
	free(m->sealed);
	free(m->work);
	free(m->want);
	free(m->copy);
}

static inline void batch_init(struct batch *b, enum aead_alg alg)
{
	*b = (struct batch){ .alg = alg, .tag_len = aead_info(alg)->tag_len, .len = MARGIN };
	for (size_t i = 0; i < SESSIONS; i++)
		random_fill(b->keys[i], AEAD_KEY_MAX);
}

/* batch_add: one more record, gap bytes behind the one before. */
static inline void batch_add(struct batch *b, size_t gap, size_t len, size_t aad_len)
{
	struct aead_op *op = &b->ops[b->n];

	*op = (struct aead_op){ .key = b->keys[below(SESSIONS)],
				.len = (uint16_t)len,
				.aad_len = (uint8_t)aad_len };
	random_fill(op->nonce, AEAD_IV_LEN);
	random_fill(op->aad, aad_len);
	b->at[b->n] = b->len + gap;
	b->len = b->at[b->n] + len + b->tag_len;
	b->n++;
}

/* batch_end: bytes in use, with a margin behind. */
static inline size_t batch_end(const struct batch *b) { return b->len + MARGIN; }

/* batch_point: the ops onto records in src and dst; the verdict is what must be overwritten. */
static inline void batch_point(struct batch *b, const uint8_t *src, uint8_t *dst, bool ok)
{
	for (size_t i = 0; i < b->n; i++) {
		b->ops[i].src = src + b->at[i];
		b->ops[i].dst = dst + b->at[i];
		b->ops[i].ok = ok;
	}
}

/* batch_reference: m->sealed from m->plain, by libcrypto, record by record. */
static inline void batch_reference(struct batch *b, struct memories *m)
{
	assert_true(batch_end(b) <= m->room);
	memcpy(m->sealed, m->plain, batch_end(b));
	batch_point(b, m->plain, m->sealed, false);
	for (size_t i = 0; i < b->n; i++)
		aead_seal(libcrypto, b->alg, &b->ops[i], 1);
}

/* run_unchanged: opens or seals, and an engine leaves all of the ops as they were but ok. */
static inline void run_unchanged(struct aead *a, struct batch *b, bool sealing)
{
	struct aead_op before[BATCH_MAX];

	memcpy(before, b->ops, b->n * sizeof(before[0]));
	if (sealing)
		aead_seal(a, b->alg, b->ops, b->n);
	else
		aead_open(a, b->alg, b->ops, b->n);
	for (size_t i = 0; i < b->n; i++) {
		before[i].ok = b->ops[i].ok;
		if (memcmp(&before[i], &b->ops[i], sizeof(before[i])) != 0)
			fail_msg("%s changed an operation", aead_name(a));
	}
}

static inline void all_opened(const struct aead *a, const struct batch *b)
{
	for (size_t i = 0; i < b->n; i++) {
		if (!b->ops[i].ok)
			fail_msg("%s, %s: record %zu of %zu (%u bytes, AAD %u) did not open",
				 aead_name(a), aead_info(b->alg)->name, i, b->n, b->ops[i].len,
				 b->ops[i].aad_len);
	}
}

static inline void seal_in_place(struct aead *a, struct batch *b, struct memories *m)
{
	memcpy(m->work, m->plain, batch_end(b));
	batch_point(b, m->work, m->work, false);
	run_unchanged(a, b, true);
	same("sealed in place", a, b->alg, m->work, m->sealed, batch_end(b));
}

static inline void seal_out_of_place(struct aead *a, struct batch *b, struct memories *m)
{
	/* Around the records, what is in dst stays; src has no room for tags. */
	memset(m->work, 0xa5, batch_end(b));
	memset(m->want, 0xa5, batch_end(b));
	for (size_t i = 0; i < b->n; i++)
		memcpy(m->want + b->at[i], m->sealed + b->at[i], b->ops[i].len + b->tag_len);
	memcpy(m->copy, m->plain, batch_end(b));
	batch_point(b, m->plain, m->work, false);
	run_unchanged(a, b, true);
	same("plaintext", a, b->alg, m->plain, m->copy, batch_end(b));
	same("sealed elsewhere", a, b->alg, m->work, m->want, batch_end(b));
}

/* want_opened: what must stand in a memory that held `from`: plaintexts, tags untouched. */
static inline void want_opened(const struct batch *b, struct memories *m)
{
	for (size_t i = 0; i < b->n; i++)
		memcpy(m->want + b->at[i], m->plain + b->at[i], b->ops[i].len);
}

static inline void open_in_place(struct aead *a, struct batch *b, struct memories *m)
{
	memcpy(m->work, m->sealed, batch_end(b));
	memcpy(m->want, m->sealed, batch_end(b));
	want_opened(b, m);
	batch_point(b, m->work, m->work, false);
	run_unchanged(a, b, false);
	all_opened(a, b);
	same("opened in place", a, b->alg, m->work, m->want, batch_end(b));
}

static inline void open_out_of_place(struct aead *a, struct batch *b, struct memories *m)
{
	memset(m->work, 0x5a, batch_end(b));
	memset(m->want, 0x5a, batch_end(b));
	want_opened(b, m);
	memcpy(m->copy, m->sealed, batch_end(b));
	batch_point(b, m->sealed, m->work, false);
	run_unchanged(a, b, false);
	all_opened(a, b);
	same("ciphertext", a, b->alg, m->sealed, m->copy, batch_end(b));
	same("opened elsewhere", a, b->alg, m->work, m->want, batch_end(b));
}

/* batch_check: a batch both ways, in place and not; inputs of calls out of place stay as they are.
 * Leaves the batch as it was. */
static inline void batch_check(struct aead *a, struct batch *b, struct memories *m)
{
	batch_reference(b, m);
	seal_in_place(a, b, m);
	seal_out_of_place(a, b, m);
	open_in_place(a, b, m);
	open_out_of_place(a, b, m);
}

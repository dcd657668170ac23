/* SPDX-License-Identifier: BSD-3-Clause */
#include "prf_batch.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <openssl/core_names.h>
#include <openssl/evp.h>
#include <openssl/kdf.h>
#include <openssl/params.h>

#include <cmocka.h>

enum { SECRET_MAX = 140, SEED_MAX = 80, OUT_MAX = 200, GUARD = 0xa5 };

struct sample {
	uint8_t secret[SECRET_MAX], seeds[2][SEED_MAX];
	uint8_t out[OUT_MAX + 1]; /* and a guard byte */
};

static const char *const labels[] = { "master secret", "extended master secret", "key expansion",
				      "client finished", "server finished" };

static uint64_t random_state;

static size_t below(size_t n)
{
	random_state = random_state * UINT64_C(6364136223846793005) + 1442695040888963407;
	return (size_t)((random_state >> 33) % n);
}

static void fill(uint8_t *out, size_t len)
{
	for (size_t i = 0; i < len; i++)
		out[i] = (uint8_t)below(256);
}

static int start(void **state)
{
	random_state = 7;
	*state = prf_batch_new();
	return *state == NULL;
}

static int stop(void **state)
{
	prf_batch_free(*state);
	return 0;
}

static struct prf_op any_op(struct sample *s)
{
	fill((uint8_t *)s, sizeof(*s));
	s->out[OUT_MAX] = GUARD;
	return (struct prf_op){ .hash = below(8) == 0 ? PRF_SHA384 : PRF_SHA256,
				.label = labels[below(5)],
				.secret = s->secret,
				.secret_len = 1 + below(SECRET_MAX),
				.seed1 = s->seeds[0],
				.seed1_len = below(SEED_MAX + 1),
				.seed2 = s->seeds[1],
				.seed2_len = below(SEED_MAX + 1),
				.out = s->out,
				.out_len = 1 + below(OUT_MAX),
				.failed = true };
}

/* What libcrypto's own TLS1-PRF gives. */
static void expect(const struct prf_op *op)
{
	EVP_KDF *kdf = EVP_KDF_fetch(NULL, "TLS1-PRF", NULL);
	EVP_KDF_CTX *ctx = EVP_KDF_CTX_new(kdf);
	char digest[] = "SHA256";
	uint8_t want[OUT_MAX];
	OSSL_PARAM params[6] = {
		OSSL_PARAM_construct_utf8_string(OSSL_KDF_PARAM_DIGEST, digest, 0),
		OSSL_PARAM_construct_octet_string(OSSL_KDF_PARAM_SECRET, (void *)op->secret,
						  op->secret_len),
		OSSL_PARAM_construct_octet_string(OSSL_KDF_PARAM_SEED, (void *)op->label,
						  strlen(op->label)),
		OSSL_PARAM_construct_octet_string(OSSL_KDF_PARAM_SEED, (void *)op->seed1,
						  op->seed1_len),
		OSSL_PARAM_construct_octet_string(OSSL_KDF_PARAM_SEED, (void *)op->seed2,
						  op->seed2_len),
		OSSL_PARAM_construct_end(),
	};

	if (op->hash == PRF_SHA384)
		memcpy(digest, "SHA384", sizeof(digest));
	assert_int_equal(EVP_KDF_derive(ctx, want, op->out_len, params), 1);
	assert_false(op->failed);
	assert_memory_equal(op->out, want, op->out_len);
	EVP_KDF_CTX_free(ctx);
	EVP_KDF_free(kdf);
}

static void batch_matches(struct prf_batch *b, size_t n)
{
	static struct sample samples[PRF_BATCH_MAX];
	struct prf_op ops[PRF_BATCH_MAX];

	for (size_t i = 0; i < n; i++)
		ops[i] = any_op(&samples[i]);
	prf_batch_run(b, ops, n);
	for (size_t i = 0; i < n; i++) {
		expect(&ops[i]);
		assert_int_equal(samples[i].out[OUT_MAX], GUARD);
	}
}

/* Every size of a batch, several times, of everything at once: hashes, secrets shorter and longer
 * than a block, seeds that fit a batch and ones that do not. */
static void all_sizes_match_libcrypto(void **state)
{
	for (size_t i = 0; i < (size_t)8 * PRF_BATCH_MAX; i++)
		batch_matches(*state, 1 + i / 8);
}

/* With a key that is kept the secret is read once: what it was then counts. Of SHA-384 none is
 * kept.
 */
static void a_kept_key_is_made_once(void **state)
{
	static struct sample a, b;
	struct prf_key key = { .made = false };
	struct prf_op ops[2] = { any_op(&a), any_op(&b) };
	uint8_t again[OUT_MAX];

	ops[0].hash = ops[1].hash = PRF_SHA256;
	ops[0].seed1_len = ops[0].seed2_len = 32;
	ops[0].key = &key;
	prf_batch_run(*state, ops, 2);
	expect(&ops[0]);
	expect(&ops[1]);
	assert_true(key.made);
	a.secret[0] ^= 1;
	memcpy(again, a.out, ops[0].out_len);
	memset(a.out, 0, ops[0].out_len);
	prf_batch_run(*state, ops, 1);
	assert_memory_equal(a.out, again, ops[0].out_len);

	key.made = false;
	ops[0].hash = PRF_SHA384;
	prf_batch_run(*state, ops, 1);
	expect(&ops[0]);
	assert_false(key.made);
}

/* Not one byte beyond what was asked for, at every length around a block. */
static void all_lengths_match_libcrypto(void **state)
{
	static struct sample s;

	for (size_t len = 1; len < OUT_MAX; len++) {
		struct prf_op op = any_op(&s);

		op.hash = PRF_SHA256;
		op.seed1_len = 32;
		op.seed2_len = 32;
		op.out_len = len;
		s.out[len] = GUARD;
		prf_batch_run(*state, &op, 1);
		expect(&op);
		assert_int_equal(s.out[len], GUARD);
	}
}

static void nothing_is_asked_for(void **state)
{
	static struct sample s;
	struct prf_op op = any_op(&s);

	prf_batch_run(*state, NULL, 0);
	op.hash = PRF_SHA256;
	op.seed1_len = op.seed2_len = op.out_len = 0;
	s.out[0] = GUARD;
	prf_batch_run(*state, &op, 1);
	assert_false(op.failed);
	assert_int_equal(s.out[0], GUARD);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(all_sizes_match_libcrypto),
		cmocka_unit_test(all_lengths_match_libcrypto),
		cmocka_unit_test(a_kept_key_is_made_once),
		cmocka_unit_test(nothing_is_asked_for),
	};

	return cmocka_run_group_tests(tests, start, stop);
}

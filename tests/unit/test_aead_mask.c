/* SPDX-License-Identifier: BSD-3-Clause */
/* Masks of record numbers (RFC 9147 §4.2.3), by every engine. */
#include "aead.h"

#include "hex.h"

#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

enum { RANDOM_OPS = 10000, BATCH = 40 };

static const struct {
	enum aead_engine engine;
	const char *name;
} engines[] = {
	{ AEAD_ENGINE_AUTO, "auto" },
	{ AEAD_ENGINE_MB64, "mb64" },
	{ AEAD_ENGINE_MB4, "mb4" },
	{ AEAD_ENGINE_IPSEC_MB, "ipsec-mb" },
	{ AEAD_ENGINE_LIBCRYPTO, "libcrypto" },
};
enum { ENGINES_N = sizeof(engines) / sizeof(engines[0]) };

static uint64_t seed = 0x9147;

static uint64_t number(void)
{
	seed ^= seed << 13;
	seed ^= seed >> 7;
	seed ^= seed << 17;
	return seed >> 8;
}

static void random_fill(uint8_t *p, size_t n)
{
	for (size_t i = 0; i < n; i++)
		p[i] = (uint8_t)number();
}

/* The engine, or NULL where this CPU lacks it. */
static struct aead *engine_new(size_t i)
{
	struct aead *a;

	errno = 0;
	a = aead_new(engines[i].engine);
	if (a == NULL) {
		assert_int_equal(errno, ENOTSUP);
		print_message("# this CPU or build does not have %s\n", engines[i].name);
	}
	return a;
}

struct vector {
	enum aead_alg alg;
	const char *key, *sample, *mask;
};

/* QUIC's header protection is the same construction. */
static const struct vector vectors[] = {
	/* RFC 9001 A.2, A.3 */
	{ AEAD_AES_128_GCM, "9f50449e04a0e810283a1e9933adedd2", "d1b1c98dd7689fb8ec11d242b123dc9b",
	  "437b9aec36" },
	{ AEAD_AES_128_GCM, "c206b8d9b9f0f37644430b490eeaa314", "2cd0991cd25b0aac406a5816b6394100",
	  "2ec0d8356a" },
	/* RFC 9001 A.5 */
	{ AEAD_CHACHA20_POLY1305,
	  "25a282b9e82f06f21f488917a4fc8f1b73573685608597d0efcb076b0ab7a7a4",
	  "5e5cd55c41f69080575d7999c25a5bfb", "aefefe7d03" },
	/* RFC 8439 2.3.2 */
	{ AEAD_CHACHA20_POLY1305,
	  "000102030405060708090a0b0c0d0e0f101112131415161718191a1b1c1d1e1f",
	  "01000000000000090000004a00000000", "10f1e7e4d13b5915500fdd1fa32071c4" },
	/* FIPS 197 C.1, C.3 */
	{ AEAD_AES_128_GCM, "000102030405060708090a0b0c0d0e0f", "00112233445566778899aabbccddeeff",
	  "69c4e0d86a7b0430d8cdb78070b4c55a" },
	{ AEAD_AES_128_CCM, "000102030405060708090a0b0c0d0e0f", "00112233445566778899aabbccddeeff",
	  "69c4e0d86a7b0430d8cdb78070b4c55a" },
	{ AEAD_AES_128_CCM_8, "000102030405060708090a0b0c0d0e0f",
	  "00112233445566778899aabbccddeeff", "69c4e0d86a7b0430d8cdb78070b4c55a" },
	{ AEAD_AES_256_GCM, "000102030405060708090a0b0c0d0e0f101112131415161718191a1b1c1d1e1f",
	  "00112233445566778899aabbccddeeff", "8ea2b7ca516745bfeafc49904b496089" },
};

static void check_vector(struct aead *a, const struct vector *v)
{
	uint8_t key[AEAD_KEY_MAX], sample[AEAD_SAMPLE_LEN], mask[AEAD_SAMPLE_LEN];
	struct aead_mask_op op = { .key = key, .sample = sample };
	size_t mask_len = hex(mask, v->mask);

	assert_int_equal(hex(key, v->key), aead_info(v->alg)->key_len);
	assert_int_equal(hex(sample, v->sample), sizeof(sample));
	aead_mask(a, v->alg, &op, 1);
	assert_memory_equal(op.mask, mask, mask_len);
}

static void published_answers(void **state)
{
	(void)state;
	for (size_t e = 0; e < ENGINES_N; e++) {
		struct aead *a = engine_new(e);

		for (size_t i = 0; a != NULL && i < sizeof(vectors) / sizeof(vectors[0]); i++)
			check_vector(a, &vectors[i]);
		aead_free(a);
	}
}

/* A batch in memory that ends where its keys and samples end, at any alignment. */
struct batch {
	struct aead_mask_op ops[BATCH + 2];
	uint8_t *memory;
	size_t n;
};

static void batch_init(struct batch *b, enum aead_alg alg, size_t n)
{
	size_t key_len = aead_info(alg)->key_len, skew = number() % 16, at = skew;

	b->n = n;
	b->memory = malloc(skew + n * (key_len + AEAD_SAMPLE_LEN));
	random_fill(b->memory, skew + n * (key_len + AEAD_SAMPLE_LEN));
	random_fill((uint8_t *)b->ops, sizeof(b->ops));
	for (size_t i = 1; i <= n; i++) {
		b->ops[i].key = b->memory + at;
		b->ops[i].sample = b->memory + at + key_len;
		/* Sometimes a session's second record. */
		if (i > 1 && number() % 4 == 0)
			b->ops[i].key = b->ops[i - 1].key;
		at += key_len + AEAD_SAMPLE_LEN;
	}
}

static void random_batch(struct aead *a, struct aead *libcrypto, enum aead_alg alg, size_t n)
{
	struct batch *b = malloc(sizeof(*b));
	struct aead_mask_op expected[BATCH + 2];

	batch_init(b, alg, n);
	memcpy(expected, b->ops, sizeof(expected));
	aead_mask(libcrypto, alg, expected + 1, n);
	aead_mask(a, alg, b->ops + 1, n);
	/* The operations before, after and beyond the batch, too. */
	assert_memory_equal(b->ops, expected, sizeof(expected));
	free(b->memory);
	free(b);
}

static void random_batches(struct aead *a, struct aead *libcrypto)
{
	for (enum aead_alg alg = 0; alg < AEAD_N; alg++) {
		for (size_t done = 0, n; done < RANDOM_OPS; done += n) {
			n = 1 + number() % BATCH;
			random_batch(a, libcrypto, alg, n);
		}
	}
}

static void random_as_libcrypto(void **state)
{
	struct aead *libcrypto = aead_new(AEAD_ENGINE_LIBCRYPTO);

	(void)state;
	assert_non_null(libcrypto);
	for (size_t e = 0; e < ENGINES_N; e++) {
		struct aead *a = engine_new(e);

		if (a != NULL)
			random_batches(a, libcrypto);
		aead_free(a);
	}
	aead_free(libcrypto);
}

static void empty_batch_is_fine(void **state)
{
	(void)state;
	for (size_t e = 0; e < ENGINES_N; e++) {
		struct aead *a = engine_new(e);

		for (enum aead_alg alg = 0; a != NULL && alg < AEAD_N; alg++)
			aead_mask(a, alg, NULL, 0);
		aead_free(a);
	}
}

int main(void)
{
	static const struct CMUnitTest tests[] = {
		cmocka_unit_test(published_answers),
		cmocka_unit_test(random_as_libcrypto),
		cmocka_unit_test(empty_batch_is_fine),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}

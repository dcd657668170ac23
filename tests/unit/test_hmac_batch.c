/* SPDX-License-Identifier: BSD-3-Clause */
#include "hmac_batch.h"

#include "hex.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <openssl/evp.h>
#include <openssl/hmac.h>

#include <cmocka.h>

static int new_batch(void **state)
{
	*state = hmac_batch_new();
	return *state == NULL;
}

/* As on a CPU without SHA instructions. */
static int new_lanes(void **state)
{
	*state = hmac_batch_new_lanes();
	return *state == NULL;
}

static int free_batch(void **state)
{
	hmac_batch_free(*state);
	return 0;
}

/* One message alone, and the same message in every lane of a full batch. */
static void check_vector(struct hmac_batch *h, const char *key_hex, const char *msg_hex,
			 const char *mac_hex)
{
	uint8_t key[32] = { 0 }, msg[160], mac[HMAC_SHA256_LEN];
	struct hmac_op ops[HMAC_BATCH_MAX];
	struct hmac_key prepared;
	size_t len = hex(msg, msg_hex);

	assert_true(hex(key, key_hex) <= sizeof(key)); /* HMAC pads with zeros itself */
	assert_int_equal(hex(mac, mac_hex), sizeof(mac));
	hmac_key_init(&prepared, key);
	hmac_one(&prepared, msg, len, ops[0].mac);
	assert_memory_equal(ops[0].mac, mac, sizeof(mac));
	for (size_t n = 1; n <= HMAC_BATCH_MAX; n += HMAC_BATCH_MAX - 1) {
		for (size_t i = 0; i < n; i++)
			ops[i] = (struct hmac_op){ .key = &prepared,
						   .msg = msg,
						   .len = (uint16_t)len };
		hmac_batch_run(h, ops, n);
		for (size_t i = 0; i < n; i++)
			assert_memory_equal(ops[i].mac, mac, sizeof(mac));
	}
}

/* RFC 4231 §4.2 to §4.5 (the cases whose key fits 32 bytes). */
static void rfc4231_vectors(void **state)
{
	check_vector(*state, "0b0b0b0b0b0b0b0b0b0b0b0b0b0b0b0b0b0b0b0b", "4869205468657265",
		     "b0344c61d8db38535ca8afceaf0bf12b881dc200c9833da726e9376c2e32cff7");
	check_vector(*state, "4a656665", "7768617420646f2079612077616e7420666f72206e6f7468696e673f",
		     "5bdcc146bf60754e6a042426089575c75a003f089d2739839dec58b964ec3843");
	check_vector(*state, "aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa",
		     "dddddddddddddddddddddddddddddddddddddddddddddddddd"
		     "dddddddddddddddddddddddddddddddddddddddddddddddddd",
		     "773ea91e36800e46854db8ebd09181a72959098b3ef8c122d9635514ced565fe");
	check_vector(*state, "0102030405060708090a0b0c0d0e0f10111213141516171819",
		     "cdcdcdcdcdcdcdcdcdcdcdcdcdcdcdcdcdcdcdcdcdcdcdcdcd"
		     "cdcdcdcdcdcdcdcdcdcdcdcdcdcdcdcdcdcdcdcdcdcdcdcdcd",
		     "82558a389a443c0ea4cc819899f2083a85f0faa3e578f8077a2e3ff46729665b");
}

static void check_against_libcrypto(const struct hmac_op *op, const uint8_t key[32])
{
	uint8_t want[EVP_MAX_MD_SIZE];
	unsigned int len;

	assert_non_null(HMAC(EVP_sha256(), key, 32, op->msg, op->len, want, &len));
	assert_memory_equal(op->mac, want, HMAC_SHA256_LEN);
}

/* Every batch size, two keys in one batch, lengths around every padding boundary, 0 too. */
static void every_batch_size_matches_libcrypto(void **state)
{
	static uint8_t msgs[HMAC_BATCH_MAX][600];
	uint8_t keys[2][32];
	struct hmac_key prepared[2];
	struct hmac_op ops[HMAC_BATCH_MAX + 1];

	srand(4231);
	for (size_t i = 0; i < sizeof(msgs); i++)
		msgs[i / 600][i % 600] = (uint8_t)rand();
	for (size_t k = 0; k < 2; k++) {
		for (size_t i = 0; i < 32; i++)
			keys[k][i] = (uint8_t)rand();
		hmac_key_init(&prepared[k], keys[k]);
	}
	for (size_t n = 1; n <= HMAC_BATCH_MAX; n++) {
		memset(ops, 0xee, sizeof(ops));
		for (size_t i = 0; i < n; i++)
			ops[i] = (struct hmac_op){ .key = &prepared[i % 2],
						   .msg = msgs[i],
						   .len = (uint16_t)((n * 37 + i * 11) % 600) };
		hmac_batch_run(*state, ops, n);
		for (size_t i = 0; i < n; i++)
			check_against_libcrypto(&ops[i], keys[i % 2]);
		assert_int_equal(ops[n].mac[0], 0xee);
	}
}

static void every_length_matches_libcrypto(void **state)
{
	uint8_t msg[256 + HMAC_BATCH_MAX], key[32] = "a key of thirty-two characters!";
	struct hmac_key prepared;
	struct hmac_op ops[HMAC_BATCH_MAX];

	for (size_t i = 0; i < sizeof(msg); i++)
		msg[i] = (uint8_t)(i * 13);
	hmac_key_init(&prepared, key);
	for (size_t len = 0; len < 256; len += HMAC_BATCH_MAX) {
		for (size_t i = 0; i < HMAC_BATCH_MAX; i++)
			ops[i] = (struct hmac_op){ .key = &prepared,
						   .msg = msg + i, /* unaligned, too */
						   .len = (uint16_t)(len + i) };
		hmac_batch_run(*state, ops, HMAC_BATCH_MAX);
		for (size_t i = 0; i < HMAC_BATCH_MAX; i++)
			check_against_libcrypto(&ops[i], key);
	}
}

/* A batch leaves nothing behind that the next one, or an empty one, would see. */
static void batches_do_not_mix(void **state)
{
	uint8_t key[32] = { 1 }, a[] = "first", b[] = "second";
	struct hmac_key prepared;
	struct hmac_op ops[16], lone = { .key = &prepared, .msg = b, .len = 6 };

	hmac_key_init(&prepared, key);
	for (size_t i = 0; i < 16; i++)
		ops[i] = (struct hmac_op){ .key = &prepared, .msg = a, .len = 5 };
	hmac_batch_run(*state, ops, 16);
	hmac_batch_run(*state, ops, 0);
	hmac_batch_run(*state, &lone, 1);
	check_against_libcrypto(&lone, key);
	for (size_t i = 0; i < 16; i++)
		check_against_libcrypto(&ops[i], key);
}

#define BOTH_WAYS(test)                                                                            \
	{ #test, test, new_batch, free_batch, NULL },                                              \
	{                                                                                          \
#test " in lanes", test, new_lanes, free_batch, NULL                               \
	}

int main(void)
{
	const struct CMUnitTest tests[] = {
		BOTH_WAYS(rfc4231_vectors),
		BOTH_WAYS(every_batch_size_matches_libcrypto),
		BOTH_WAYS(every_length_matches_libcrypto),
		BOTH_WAYS(batches_do_not_mix),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}

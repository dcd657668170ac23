/* SPDX-License-Identifier: BSD-3-Clause */
/* Additional data beyond an operation's room, as of records with long connection IDs (RFC 9146 §5,
 * RFC 9147 §4). */
#include "aead_fixture.h"

enum { LEN = 64, AAD_LEN = 278 }; /* of a record of DTLS 1.2 with an ID of 255 bytes */

struct record {
	uint8_t key[AEAD_KEY_MAX], plain[LEN], sealed[LEN + AEAD_TAG_MAX], opened[LEN];
	uint8_t aad[AAD_LEN];
	struct aead_op op;
};

static void record_init(struct record *r)
{
	random_fill(r->key, sizeof(r->key));
	random_fill(r->plain, sizeof(r->plain));
	random_fill(r->aad, sizeof(r->aad));
	r->op = (struct aead_op){ .src = r->plain, .dst = r->sealed, .key = r->key, .len = LEN };
	random_fill(r->op.nonce, sizeof(r->op.nonce));
}

static bool opens(struct aead *a, enum aead_alg alg, struct record *r, size_t aad_len)
{
	r->op.src = r->sealed;
	r->op.dst = r->opened;
	memset(r->opened, 0xa5, sizeof(r->opened));
	aead_open_long(a, alg, &r->op, rd_of(r->aad, aad_len));
	return r->op.ok;
}

/* What fits is sealed as a batch seals it, so both are the same function. */
static void short_data_is_the_same(void **state)
{
	struct aead *a = forced(state);
	struct record r;

	for (enum aead_alg alg = 0; alg < AEAD_N; alg++) {
		for (size_t aad_len = 0; aad_len <= AEAD_AAD_MAX; aad_len++) {
			record_init(&r);
			aead_seal_long(a, alg, &r.op, rd_of(r.aad, aad_len));
			memcpy(r.op.aad, r.aad, aad_len);
			r.op.aad_len = (uint8_t)aad_len;
			r.op.src = r.sealed;
			r.op.dst = r.opened;
			aead_open(a, alg, &r.op, 1);
			assert_true(r.op.ok);
			assert_memory_equal(r.opened, r.plain, LEN);
		}
	}
}

static void all_of_it_is_authentic(void **state)
{
	struct aead *a = forced(state);
	struct record r;

	for (enum aead_alg alg = 0; alg < AEAD_N; alg++) {
		record_init(&r);
		aead_seal_long(a, alg, &r.op, rd_of(r.aad, AAD_LEN));
		assert_true(opens(a, alg, &r, AAD_LEN));
		assert_memory_equal(r.opened, r.plain, LEN);
		assert_false(opens(a, alg, &r, AAD_LEN - 1));
		for (size_t i = 0; i < AAD_LEN; i++) {
			r.aad[i] ^= 1;
			assert_false(opens(a, alg, &r, AAD_LEN));
			assert_true(is_zero(r.opened, LEN));
			r.aad[i] ^= 1;
		}
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		FOR_ENGINES(short_data_is_the_same),
		FOR_ENGINES(all_of_it_is_authentic),
	};

	return cmocka_run_group_tests(tests, engines_setup, engines_teardown);
}

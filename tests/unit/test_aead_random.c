/* SPDX-License-Identifier: BSD-3-Clause */
/* Every engine against libcrypto: 100,000 random records an algorithm and direction, in place and
 * out of place by turns, byte by byte over all of the memory. Fewer in slow builds. */
#include "aead_fixture.h"

enum { RECORDS = SLOW_BUILD ? 30000 : 100000, BATCH_BYTES = 64 * 700 + 4 * 16384 };

/* Mostly what devices send, some up to 600 bytes, one in 500 of any length. */
static size_t random_len(void)
{
	size_t kind = below(500);

	if (kind == 0)
		return below(16385);
	if (kind < 10)
		return below(3000);
	return kind < 250 ? below(140) : below(601);
}

static size_t random_aad_len(void)
{
	static const uint8_t usual[] = { 13, 13, 5, 3, 2, 21 };
	size_t kind = below(10);

	return kind < sizeof(usual) ? usual[kind] : below(AEAD_AAD_MAX + 1);
}

static void random_batch(struct batch *b, enum aead_alg alg)
{
	size_t n = 1 + below(64);

	batch_init(b, alg);
	while (b->n < n) {
		size_t len = random_len();

		if (b->len + len + 128 + MARGIN < BATCH_BYTES)
			batch_add(b, below(64), len, random_aad_len());
		else
			n = b->n;
	}
}

static void both_ways(struct aead *a, enum aead_alg alg)
{
	struct memories m;
	size_t sealed = 0, opened = 0;
	bool in_place = true;

	memories_new(&m, BATCH_BYTES);
	while (opened < RECORDS) {
		struct batch b;

		random_batch(&b, alg);
		batch_reference(&b, &m);
		if (in_place) {
			seal_in_place(a, &b, &m);
			open_in_place(a, &b, &m);
		} else {
			seal_out_of_place(a, &b, &m);
			open_out_of_place(a, &b, &m);
		}
		in_place = !in_place;
		sealed += b.n;
		opened += b.n;
	}
	assert_true(sealed >= RECORDS && opened >= RECORDS);
	memories_free(&m);
}

static void gcm_128(void **state) { both_ways(forced(state), AEAD_AES_128_GCM); }
static void gcm_256(void **state) { both_ways(forced(state), AEAD_AES_256_GCM); }
static void ccm(void **state) { both_ways(forced(state), AEAD_AES_128_CCM); }
static void ccm_8(void **state) { both_ways(forced(state), AEAD_AES_128_CCM_8); }
static void chacha20_poly1305(void **state) { both_ways(forced(state), AEAD_CHACHA20_POLY1305); }

int main(void)
{
	/* Libcrypto itself, too: batches and places are not the same. */
	const struct CMUnitTest tests[] = {
		FOR_ENGINES(gcm_128), FOR_ENGINES(gcm_256),           FOR_ENGINES(ccm),
		FOR_ENGINES(ccm_8),   FOR_ENGINES(chacha20_poly1305),
	};

	return cmocka_run_group_tests(tests, engines_setup, engines_teardown);
}

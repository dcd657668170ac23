/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Secrets as valgrind's memcheck sees them: marked undefined, they may be computed with, and every
 * branch or address that depends on one is an error. Runs under valgrind only (meson does that).
 *
 * Valgrind 3.19 has no AVX-512: programs see a CPU without. Of the engines it runs mb4 and ipsec-mb
 * (its AVX2 code); scripts/ct-check.py looks at the machine code of mb64.
 *
 * What a verdict is, the network can see: tests/valgrind.supp lets aead_open branch on one.
 */
#include "aead_fixture.h"

#include "connection.h"
#include "cookie.h"
#include "hmac_batch.h"
#include "key_schedule.h"
#include "keys12.h"
#include "nonce.h"
#include "psk_store.h"
#include "secret.h"

#include <valgrind/memcheck.h>

static unsigned errors_before;

/* hide: from here on it is an error to depend on these bytes. reveal: public, whatever they are. */
static void hide(const void *p, size_t n) { (void)VALGRIND_MAKE_MEM_UNDEFINED(p, n); }
static void reveal(const void *p, size_t n) { (void)VALGRIND_MAKE_MEM_DEFINED(p, n); }

static bool public_verdict(bool verdict)
{
	reveal(&verdict, sizeof(verdict));
	return verdict;
}

static int begin(void **state)
{
	(void)state;
	errors_before = VALGRIND_COUNT_ERRORS;
	return 0;
}

static void no_errors(void) { assert_int_equal(VALGRIND_COUNT_ERRORS, errors_before); }

/* The yardstick: a branch and an index that memcheck must see. The report of the two errors, with
 * this function's name, is what this test wants. */
static void planted_branch_and_index_are_seen(void **state)
{
	static const uint8_t table[256] = { 1, 2, 3 };
	volatile uint8_t sink = 0;
	uint8_t secret = 7;

	(void)state;
	assert_true(RUNNING_ON_VALGRIND);
	hide(&secret, sizeof(secret));
	if (secret & 2)
		sink = 1;
	assert_true(VALGRIND_COUNT_ERRORS > errors_before);
	errors_before = VALGRIND_COUNT_ERRORS;
	sink = table[secret];
	assert_true(VALGRIND_COUNT_ERRORS > errors_before);
	(void)sink;
}

static void comparison(void **state)
{
	uint8_t a[64], b[64];

	(void)state;
	for (size_t n = 0; n <= sizeof(a); n++) {
		random_fill(a, sizeof(a));
		memcpy(b, a, sizeof(b));
		b[n / 2] ^= n % 2;
		hide(a, sizeof(a));
		hide(b, sizeof(b));
		assert_int_equal(public_verdict(secret_equal(a, b, n)), n % 2 == 0);
		secret_wipe(a, sizeof(a));
	}
	no_errors();
}

static void nonces(void **state)
{
	uint8_t iv[AEAD_IV_LEN] = { 1, 2, 3 };

	(void)state;
	hide(iv, sizeof(iv));
	nonce_explicit(iv, (const uint8_t *)"12345678");
	nonce_implicit(iv, 77);
	no_errors();
}

static void key_schedule(void **state)
{
	uint8_t psk[PSK_KEY_MAX], premaster[4 + 2 * PSK_KEY_MAX], seed[64] = { 5 };
	uint8_t master[MASTER_SECRET_LEN], block[256], verify[VERIFY_DATA_LEN];
	struct traffic_keys keys;

	(void)state;
	for (size_t i = 0; i < SUITE_12_N; i++) {
		const struct suite *suite = suite_at(i);
		size_t psk_len = 16 + 12 * (i % 5), len = key_block_len(suite), n;

		random_fill(psk, sizeof(psk));
		hide(psk, sizeof(psk));
		n = key_psk_premaster(psk, psk_len, premaster);
		assert_int_equal(n, 4 + 2 * psk_len);
		assert_true(key_prf(suite->hash, premaster, n, "extended master secret", seed, 32,
				    NULL, 0, master, sizeof(master)));
		assert_true(key_prf(suite->hash, master, sizeof(master), "key expansion", seed, 32,
				    seed + 32, 32, block, len));
		assert_true(key_block_slice(suite, block, len, &keys));
		assert_true(key_prf(suite->hash, master, sizeof(master), "client finished", seed,
				    32, NULL, 0, verify, sizeof(verify)));
		assert_int_not_equal(VALGRIND_CHECK_MEM_IS_DEFINED(verify, 1), 0);
		errors_before = VALGRIND_COUNT_ERRORS; /* that was one, wanted */
	}
	no_errors();
}

static void cookies(void **state)
{
	struct hmac_batch *h = hmac_batch_new();
	uint8_t raw[32] = { 3, 1, 4 }, msg[96] = { 1 }, cookie[COOKIE_LEN];
	struct hmac_op ops[HMAC_BATCH_MAX];
	struct hmac_key key;

	(void)state;
	assert_non_null(h);
	hide(raw, sizeof(raw));
	hmac_key_init(&key, raw);
	for (size_t n = 1; n <= HMAC_BATCH_MAX; n += 9) {
		for (size_t i = 0; i < n; i++)
			ops[i] = (struct hmac_op){ .key = &key, .msg = msg, .len = (uint16_t)n };
		hmac_batch_run(h, ops, n);
		for (size_t i = 0; i < n; i++) {
			struct rd rd = rd_of(cookie, sizeof(cookie));

			cookie_write(cookie, 1, ops[i].mac);
			reveal(cookie, sizeof(cookie)); /* as it comes from the network */
			assert_true(public_verdict(cookie_verify(&rd, 1, ops[i].mac)));
			cookie[i % COOKIE_LEN] ^= 1;
			assert_false(public_verdict(cookie_verify(&rd, 1, ops[i].mac)));
		}
	}
	hmac_batch_free(h);
	no_errors();
}

static void finished(void **state)
{
	struct handshake *h = calloc(1, sizeof(*h));

	(void)state;
	assert_non_null(h);
	h->peer_verify[3] = 1;
	hide(h->job.prf_out, sizeof(h->job.prf_out));
	assert_false(public_verdict(keys12_peer_verified(h)));
	free(h);
	no_errors();
}

/* Identities are on the wire in the clear; keys are not looked at. */
static void psk_lookups(void **state)
{
	static const char text[] = "first:00112233445566778899aabbccddeeff\n"
				   "second:ffeeddccbbaa99887766554433221100\n";
	static const char *const names[] = { "first", "second" };
	char err[128];
	struct psk_store *s = psk_store_parse(text, strlen(text), "text", err, sizeof(err));
	const uint8_t *keys[2];
	size_t len;

	(void)state;
	assert_non_null(s);
	for (size_t i = 0; i < 2; i++) {
		keys[i] = psk_store_get(s, (const uint8_t *)names[i], strlen(names[i]), &len);
		assert_non_null(keys[i]);
		hide(keys[i], len);
	}
	for (size_t i = 0; i < 2; i++)
		assert_ptr_equal(
			psk_store_get(s, (const uint8_t *)names[i], strlen(names[i]), &len),
			keys[i]);
	assert_null(psk_store_get(s, (const uint8_t *)"third", 5, &len));
	psk_store_free(s);
	no_errors();
}

/* Keys, plaintexts, and even ciphertexts and tags; lengths, nonces and AAD are public. */
static void check_engine(struct aead *a, struct batch *b, struct memories *m)
{
	batch_reference(b, m);
	memcpy(m->work, m->plain, batch_end(b));
	batch_point(b, m->work, m->work, false);
	hide(b->keys, sizeof(b->keys));
	hide(m->work, batch_end(b));
	aead_seal(a, b->alg, b->ops, b->n);
	aead_open(a, b->alg, b->ops, b->n);
	no_errors();
	reveal(b->keys, sizeof(b->keys));
	reveal(m->work, batch_end(b));
	reveal(b->ops, sizeof(b->ops));
	all_opened(a, b);
	same("sealed and opened", a, b->alg, m->work + b->at[0], m->plain + b->at[0],
	     b->ops[0].len);
}

static void engine(void **state)
{
	struct aead *a = forced(state);
	struct memories m;
	struct batch b;

	(void)begin(NULL);
	memories_new(&m, 64 * 1024);
	for (enum aead_alg alg = 0; alg < AEAD_N; alg++) {
		for (size_t n = 1; n <= 33; n += 4) {
			batch_init(&b, alg);
			for (size_t i = 0; i < n; i++)
				batch_add(&b, 13, i == 5 ? 1100 : below(200), below(33));
			check_engine(a, &b, &m);
		}
	}
	memories_free(&m);
}

static void masks(void **state)
{
	struct aead *a = forced(state);
	struct aead_mask_op ops[21];
	uint8_t key[AEAD_KEY_MAX] = { 9 }, sample[AEAD_SAMPLE_LEN] = { 1 };

	(void)begin(NULL);
	hide(key, sizeof(key));
	for (enum aead_alg alg = 0; alg < AEAD_N; alg++) {
		for (size_t i = 0; i < 21; i++)
			ops[i] = (struct aead_mask_op){ .key = key, .sample = sample };
		aead_mask(a, alg, ops, 21);
	}
	no_errors();
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup(planted_branch_and_index_are_seen, begin),
		cmocka_unit_test_setup(comparison, begin),
		cmocka_unit_test_setup(nonces, begin),
		cmocka_unit_test_setup(key_schedule, begin),
		cmocka_unit_test_setup(cookies, begin),
		cmocka_unit_test_setup(finished, begin),
		cmocka_unit_test_setup(psk_lookups, begin),
		{ "mb4: engine", engine, NULL, NULL, &aead_forced[1] },
		{ "ipsec-mb: engine", engine, NULL, NULL, &aead_forced[2] },
		{ "mb4: masks", masks, NULL, NULL, &aead_forced[1] },
		{ "ipsec-mb: masks", masks, NULL, NULL, &aead_forced[2] },
	};

	return cmocka_run_group_tests(tests, engines_setup, engines_teardown);
}

/* SPDX-License-Identifier: BSD-3-Clause */
#include "keys12.h"

#include "hs_steps.h"

/* The slices are those of the key schedule's own key block. */
static void test_slices_agree_with_the_key_schedule(void **state)
{
	uint8_t master[MASTER_SECRET_LEN] = { 1 }, client[32] = { 2 }, server[32] = { 3 },
		block[88];
	struct traffic_keys a, b;

	(void)state;
	for (size_t i = 0; i < SUITE_N; i++) {
		const struct suite *suite = suite_at(i);
		const struct aead_info *info = aead_info(suite->aead);
		size_t len = 2u * (info->key_len + info->salt_len);

		assert_true(key_block(suite, master, client, server, &a));
		assert_true(key_prf(suite->hash, master, sizeof(master), "key expansion", server,
				    32, client, 32, block, len));
		assert_true(keys12_slice(suite, rd_of(block, len), &b));
		assert_memory_equal(&a, &b, sizeof(a));
		assert_false(keys12_slice(suite, rd_of(block, len - 1), &b));
	}
}

/* RFC 4279 §2, RFC 5246 §8.1, §6.3: the classic master secret, computed apart from the machine. */
static void test_keys_of_a_handshake_without_ems(void **state)
{
	uint8_t premaster[4 + 2 * PSK_KEY_MAX], master[MASTER_SECRET_LEN], cr[32], sr[32];
	struct pair_datagram flight;
	struct traffic_keys want;
	const struct suite *suite;
	size_t len;

	(void)state;
	steps_begin();
	p.client.cfg.no_ems = true;
	flight = steps_key_exchange();
	memcpy(cr, p.client.h->client_random, 32);
	memcpy(sr, p.client.h->server_random, 32);
	suite = p.client.h->suite;
	steps_expect_completes(&flight);
	len = key_psk_premaster(pair_key, sizeof(pair_key), premaster);
	assert_true(key_prf(suite->hash, premaster, len, "master secret", cr, 32, sr, 32, master,
			    sizeof(master)));
	assert_true(key_block(suite, master, cr, sr, &want));
	assert_memory_equal(&p.server.session.keys, &want, sizeof(want));
	steps_end();
}

/* The premaster secret is gone once the master secret is there. */
static void test_premaster_is_wiped(void **state)
{
	static const uint8_t zeros[4 + 2 * PSK_KEY_MAX];

	(void)state;
	steps_begin();
	steps_key_exchange();
	assert_memory_equal(p.client.h->premaster, zeros, sizeof(zeros));
	assert_int_equal(p.client.h->job.psk_len, 0);
	assert_memory_equal(p.client.h->job.prf_out, zeros, sizeof(zeros));
	steps_end();
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_slices_agree_with_the_key_schedule),
		cmocka_unit_test(test_keys_of_a_handshake_without_ems),
		cmocka_unit_test(test_premaster_is_wiped),
	};

	return cmocka_run_group_tests_name("keys12", tests, steps_setup, steps_teardown);
}

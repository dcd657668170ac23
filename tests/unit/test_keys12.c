/* SPDX-License-Identifier: BSD-3-Clause */
#include "keys12.h"

#include "hs_steps.h"

/* RFC 4279 §2, RFC 5246 §8.1, §6.3: the classic master secret, computed apart from the machine. */
static void test_keys_of_a_handshake_without_ems(void **state)
{
	uint8_t premaster[4 + 2 * PSK_KEY_MAX], master[MASTER_SECRET_LEN], cr[32], sr[32];
	uint8_t block[2 * (AEAD_KEY_MAX + AEAD_IV_LEN)];
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
	len = key_block_len(suite);
	assert_true(key_prf(suite->hash, master, sizeof(master), "key expansion", sr, 32, cr, 32,
			    block, len));
	assert_true(key_block_slice(suite, block, len, &want));
	assert_memory_equal(&p.server.session.epochs[1].keys, &want, sizeof(want));
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
		cmocka_unit_test(test_keys_of_a_handshake_without_ems),
		cmocka_unit_test(test_premaster_is_wiped),
	};

	return cmocka_run_group_tests_name("keys12", tests, steps_setup, steps_teardown);
}

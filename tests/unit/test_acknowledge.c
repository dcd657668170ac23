/* SPDX-License-Identifier: BSD-3-Clause */
/* Handshakes of DTLS 1.3 over records: what is acknowledged, what is sent again, and what hostile
 * ACKs do. */
#include "acknowledge.h"

#include "hs_steps.h"

static void begin(void)
{
	steps_begin();
	pair_use13(&p, 0);
}

static void test_every_suite(void **state)
{
	(void)state;
	for (size_t i = 0; i < SUITE_13_N; i++) {
		begin();
		pair_use13(&p, i);
		steps_run();
		assert_true(p.client.installed);
		assert_true(p.server.installed);
		assert_int_equal(p.client.version, DTLS_1_3);
		assert_memory_equal(&p.client.session.epochs[3].keys,
				    &p.server.session.epochs[3].keys, sizeof(struct traffic_keys));
		assert_false(p.client.nonce_repeated);
		assert_false(p.server.nonce_repeated);
		steps_end();
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_every_suite),
	};

	return cmocka_run_group_tests(tests, steps_setup, steps_teardown);
}

/* SPDX-License-Identifier: BSD-3-Clause */
#include "report_cost.h"

#include "load_report_fixture.h"

static struct report_cost cost(uint16_t suite, enum connect_mode mode, bool raw_keys,
			       uint64_t mutual)
{
	return (struct report_cost){ .suite = suite_by_id(suite),
				     .mode = mode,
				     .psk = suite_has_psk(suite_by_id(suite)),
				     .raw_keys = raw_keys,
				     .sum = { .n = 2,
					      .mutual = mutual,
					      .tx_messages = 10,
					      .rx_messages = 8,
					      .tx_datagrams = 6,
					      .rx_datagrams = 6,
					      .tx_bytes = 901,
					      .rx_bytes = 600,
					      .round_trips = 6,
					      .time_ns = 3000000 } };
}

/* clang-format off: a table */
static void costs_beside_the_texts(void **state)
{
	const struct report_cost costs[] = {
		cost(TLS_PSK_WITH_AES_128_GCM_SHA256, CONNECT_FULL, false, 0),
		cost(TLS_PSK_WITH_AES_128_GCM_SHA256, CONNECT_BY_TICKET, false, 0),
		{ .suite = suite_by_id(TLS_PSK_WITH_AES_128_CCM_8) }, /* never happened */
	};
	struct report_text t;

	(void)state;
	report_text_open(&t);
	report_cost_print(t.out, costs, 3);
	assert_string_equal(
		report_text_done(&t),
		"A handshake costs (sent / received by the device; bytes of UDP payload)\n"
		"mode                 keys                 suite                                   "
		"    messages   datagrams           bytes    round       time\n"
		"                                                                                  "
		"                                            trips           \n"
		"full                 pre-shared key       TLS_PSK_WITH_AES_128_GCM_SHA256         "
		"       5 / 4       3 / 3   450.5 / 300.0        3    1.50 ms\n"
		"resumed by ticket    pre-shared key       TLS_PSK_WITH_AES_128_GCM_SHA256         "
		"       5 / 4       3 / 3   450.5 / 300.0        3    1.50 ms\n"
		"for comparison, what texts that teach it say\n"
		"full                 -                    first text                              "
		"           -           -   620 both ways        3          -\n"
		"full                 a certificate        second text                             "
		"           -           -      600 / 1340        -          -\n"
		"resumed              -                    first text                              "
		"           -           -   200 both ways        1          -\n"
		"resumed              -                    second text                             "
		"           -           -       130 / 140        1          -\n");
	free(t.text);
}

/* Every row says what it is. */
static void kinds(void **state)
{
	enum {
		PSK = TLS_ECDHE_PSK_WITH_AES_128_GCM_SHA256,
		ECDSA = TLS_ECDHE_ECDSA_WITH_AES_128_CCM_8
	};
	const struct {
		struct report_cost cost;
		const char *mode, *keys;
	} rows[] = {
		{ cost(PSK, CONNECT_FULL_ID, true, 0), "full, gives an id", "pre-shared key" },
		{ cost(PSK, CONNECT_BY_ID, false, 0), "resumed by id", "pre-shared key" },
		{ cost(ECDSA, CONNECT_FULL, false, 0), "full", "server's certificate" },
		{ cost(ECDSA, CONNECT_FULL_TICKET, false, 2), "full, gives a ticket",
		  "certificates" },
		{ cost(ECDSA, CONNECT_FULL_ID, true, 0), "full, gives an id", "server's raw key" },
		{ cost(ECDSA, CONNECT_FULL, true, 2), "full", "raw keys" },
		{ cost(ECDSA, CONNECT_BY_TICKET, false, 0), "resumed by ticket", "certificates" },
		{ cost(ECDSA, CONNECT_BY_ID, true, 0), "resumed by id", "raw keys" },
	};

	struct report_cost of_13 = { .suite = suite_by_id(TLS_AES_128_GCM_SHA256), .psk = true };

	(void)state;
	assert_string_equal(report_cost_keys(&of_13), "pre-shared key");
	of_13.psk = false;
	assert_string_equal(report_cost_keys(&of_13), "server's certificate");
	for (size_t i = 0; i < sizeof(rows) / sizeof(*rows); i++) {
		assert_string_equal(report_cost_mode(&rows[i].cost), rows[i].mode);
		assert_string_equal(report_cost_keys(&rows[i].cost), rows[i].keys);
	}
}
/* clang-format on */

int main(void)
{
	const struct CMUnitTest tests[] = { cmocka_unit_test(costs_beside_the_texts),
					    cmocka_unit_test(kinds) };

	return cmocka_run_group_tests(tests, NULL, NULL);
}

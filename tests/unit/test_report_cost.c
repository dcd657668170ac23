/* SPDX-License-Identifier: BSD-3-Clause */
#include "report_cost.h"

#include "load_report_fixture.h"

/* clang-format off: a table */
static void costs_beside_the_texts(void **state)
{
	static const struct report_cost costs[] = {
		{ .suite = "TLS_PSK_WITH_AES_128_GCM_SHA256",
		  .n = 2,
		  .tx_messages = 10,
		  .rx_messages = 10,
		  .tx_datagrams = 6,
		  .rx_datagrams = 6,
		  .tx_bytes = 901,
		  .rx_bytes = 600,
		  .round_trips = 6,
		  .time_ns = 3000000 },
		{ .suite = "TLS_PSK_WITH_AES_128_GCM_SHA256",
		  .resumed = true,
		  .n = 4,
		  .tx_messages = 16,
		  .rx_messages = 12,
		  .tx_datagrams = 12,
		  .rx_datagrams = 8,
		  .tx_bytes = 1200,
		  .rx_bytes = 800,
		  .round_trips = 8,
		  .time_ns = 4000000 },
		{ .suite = "TLS_NEVER_HAPPENED" },
	};
	struct report_text t;

	(void)state;
	report_text_open(&t);
	report_cost_print(t.out, costs, 3);
	assert_string_equal(
		report_text_done(&t),
		"A handshake costs (sent / received by the device; bytes of UDP payload)\n"
		"mode     suite                                       messages   datagrams         "
		"  bytes    round       time\n"
		"                                                                                  "
		"           trips           \n"
		"full     TLS_PSK_WITH_AES_128_GCM_SHA256                5 / 5       3 / 3   450.5 "
		"/ 300.0        3    1.50 ms\n"
		"resumed  TLS_PSK_WITH_AES_128_GCM_SHA256                4 / 3       3 / 2       "
		"300 / 200        2    1.00 ms\n"
		"for comparison, what texts that teach it say\n"
		"full     first text                                         -           -   620 "
		"both ways        3          -\n"
		"full     second text, with a certificate                    -           -      "
		"600 / 1340        -          -\n"
		"resumed  first text                                         -           -   200 "
		"both ways        1          -\n"
		"resumed  second text                                        -           -       "
		"130 / 140        1          -\n");
	free(t.text);
}
/* clang-format on */

int main(void)
{
	const struct CMUnitTest tests[] = { cmocka_unit_test(costs_beside_the_texts) };

	return cmocka_run_group_tests(tests, NULL, NULL);
}

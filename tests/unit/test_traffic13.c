/* SPDX-License-Identifier: BSD-3-Clause */
/* Records of devices that speak DTLS 1.3. */
#include "traffic_fixture.h"

static int set_up(void **state)
{
	const struct hello_policy policy = { .min_version = DTLS_1_3, .max_version = DTLS_1_3 };

	(void)state;
	set_up_fleet(&policy);
	return 0;
}

/* checklist 43-46: every suite; content type and padding are inside. */
static void test_round_trip(void **state)
{
	(void)state;
	for (size_t i = SUITE_12_N; i < SUITE_N; i++) {
		install(0, suite_at(i)->id, 0);
		n_given = n_sent = n_read = 0;
		seal(0, RECORD_APPDATA, "hello");
		seal(0, RECORD_ALERT, "");
		traffic_flush(&traffic);
		assert_int_equal(n_sent, 2);
		read_back(0);
		assert_read(1, RECORD_APPDATA, "hello");
		read_back(1);
		assert_read(2, RECORD_ALERT, "");
		device_forget(&devices, 0);
	}
	assert_int_equal(counts.unauthentic + counts.malformed, 0);
}

/* Two records of one number and text differ by nothing: numbers, once masked, do not. */
static void test_numbers_are_masked(void **state)
{
	unsigned plain = 0;

	(void)state;
	install(0, TLS_AES_128_GCM_SHA256, 0);
	for (unsigned i = 0; i < 100; i++)
		seal(0, RECORD_APPDATA, "x");
	traffic_flush(&traffic);
	for (unsigned i = 0; i < 100; i++) {
		assert_int_equal(sent[i]->data[0], 0x2f);
		plain += bytes_u16(sent[i]->data + 1) == i;
	}
	assert_true(plain < 5);
}

/* Bursts of several devices and suites, in any order; each once (checklist 10). */
static void test_burst_and_replay(void **state)
{
	(void)state;
	install(0, TLS_AES_128_GCM_SHA256, 0);
	install(1, TLS_CHACHA20_POLY1305_SHA256, 0);
	install(2, TLS_AES_256_GCM_SHA384, 0);
	for (unsigned i = 0; i < 150; i++)
		seal(i % 3, RECORD_APPDATA, "reading");
	traffic_flush(&traffic);
	for (unsigned i = n_sent; i-- > 0;)
		if (i > 20)
			read_back(i);
	assert_read(129, RECORD_APPDATA, "reading");
	read_back(40);
	assert_int_equal(n_read, 129);
	assert_int_equal(counts.unauthentic, 1);
}

/* bad-input A: what is changed anywhere is not read. */
static void test_changed(void **state)
{
	unsigned n;

	(void)state;
	install(0, TLS_AES_128_CCM_SHA256, 0);
	seal(0, RECORD_APPDATA, "reading");
	traffic_flush(&traffic);
	n = sent[0]->len;
	for (unsigned i = 0; i < n; i++) {
		sent[0]->data[i] ^= 1;
		read_back(0);
		sent[0]->data[i] ^= 1;
	}
	assert_int_equal(n_read, 0);
	assert_int_equal(counts.unauthentic + counts.malformed, n);
	read_back(0);
	assert_read(1, RECORD_APPDATA, "reading");
}

/* What is not of the epoch, plain, or too long for the device. */
static void test_other_records(void **state)
{
	uint8_t plain[] = { RECORD_HANDSHAKE, 0xfe, 0xfd, 0, 0, 0, 0, 0, 0, 0, 9, 0, 1, 0 };

	(void)state;
	install(0, TLS_AES_128_GCM_SHA256, 0);
	traffic_open_bytes(&traffic, 0, plain, sizeof(plain));
	assert_int_equal(counts.unauthentic, 1);
	seal(0, RECORD_APPDATA,
	     "sixty-four bytes are what this one takes, and these are seventy, no?");
	traffic_flush(&traffic);
	traffic.rx_limit = 64;
	read_back(0);
	assert_int_equal(counts.malformed, 1);
	traffic.rx_limit = 70;
	read_back(0);
	assert_int_equal(n_read, 1);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(test_round_trip, set_up, tear_down),
		cmocka_unit_test_setup_teardown(test_numbers_are_masked, set_up, tear_down),
		cmocka_unit_test_setup_teardown(test_burst_and_replay, set_up, tear_down),
		cmocka_unit_test_setup_teardown(test_changed, set_up, tear_down),
		cmocka_unit_test_setup_teardown(test_other_records, set_up, tear_down),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}

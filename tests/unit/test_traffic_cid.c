/* SPDX-License-Identifier: BSD-3-Clause */
/* Records of devices with connection IDs, in both versions. */
#include "traffic_fixture.h"

static int set_up(uint16_t version)
{
	struct hello_policy policy = { .min_version = version,
				       .max_version = version,
				       .cid = true };

	for (size_t i = 0; i < SUITE_N; i++)
		if (suite_is_13(suite_at(i)) == (version == DTLS_1_3))
			policy.suites[policy.n_suites++] = suite_at(i);
	set_up_fleet(&policy);
	return 0;
}

static int set_up_12(void **state) { return (void)state, set_up(DTLS_1_2); }
static int set_up_13(void **state) { return (void)state, set_up(DTLS_1_3); }

static uint16_t any_suite(void)
{
	return devices.v13 != NULL ? TLS_AES_128_GCM_SHA256 : TLS_PSK_WITH_AES_128_GCM_SHA256;
}

static void again(uint16_t suite, uint8_t cid_len)
{
	n_given = n_sent = n_read = 0;
	counts = (struct load_counts){ 0 };
	install(1, suite, cid_len);
}

/* checklist 36, 37: the ID stands in the clear, true type and padding inside; of any length, also
 * where the additional data is longer than a burst's. */
static void test_every_length_and_suite(void **state)
{
	(void)state;
	for (size_t i = 0; i < SUITE_N; i++) {
		if (suite_is_13(suite_at(i)) != (devices.v13 != NULL))
			continue;
		for (uint8_t len = 0; len <= LOAD_CID_MAX; len++) {
			again(suite_at(i)->id, len);
			seal(1, RECORD_APPDATA, "hello");
			seal(1, RECORD_RRC, "123456789");
			seal(1, RECORD_ALERT, "");
			traffic_flush(&traffic);
			read_back(0);
			assert_read(1, RECORD_APPDATA, "hello");
			read_back(1);
			assert_read(2, RECORD_RRC, "123456789");
			read_back(2);
			assert_read(3, RECORD_ALERT, "");
			device_forget(&devices, 1);
		}
	}
}

static void test_header(void **state)
{
	const size_t at = devices.v13 != NULL ? 1 : 11;

	(void)state;
	again(any_suite(), 8);
	seal(1, RECORD_APPDATA, "hello");
	traffic_flush(&traffic);
	assert_int_equal(sent[0]->data[0], devices.v13 != NULL ? 0x3f : RECORD_CID);
	assert_memory_equal(sent[0]->data + at, "\0\0\0\0\0\0\0\1", 8);
}

/* bad-input I1, I12: each bit of it. */
static void test_another_id(void **state)
{
	const size_t at = devices.v13 != NULL ? 1 : 11;

	(void)state;
	again(any_suite(), 8);
	seal(1, RECORD_APPDATA, "hello");
	traffic_flush(&traffic);
	for (unsigned bit = 0; bit < 64; bit++) {
		sent[0]->data[at + bit / 8] ^= (uint8_t)(1U << bit % 8);
		read_back(0);
		sent[0]->data[at + bit / 8] ^= (uint8_t)(1U << bit % 8);
	}
	assert_int_equal(n_read, 0);
	assert_int_equal(counts.unauthentic, 64);
	read_back(0);
	assert_read(1, RECORD_APPDATA, "hello");
	read_back(0);
	assert_int_equal(n_read, 1); /* K1: once */
}

/* checklist 5, 37: without one where one was agreed on, and with one where none was. */
static void test_none_and_too_many(void **state)
{
	(void)state;
	again(any_suite(), 0);
	seal(1, RECORD_APPDATA, "plain");
	traffic_flush(&traffic);
	devices.cids[1].own_len = 8;
	read_back(0);
	assert_int_equal(n_read, 0);
	device_forget(&devices, 1);
	again(any_suite(), 8);
	seal(1, RECORD_APPDATA, "hello");
	traffic_flush(&traffic);
	devices.cids[1].own_len = 0;
	read_back(0);
	assert_int_equal(n_read, 0);
	devices.cids[1].own_len = 8;
	read_back(0);
	assert_read(1, RECORD_APPDATA, "hello");
}

#define WITH(set_up, test) cmocka_unit_test_setup_teardown(test, set_up, tear_down)

int main(void)
{
	const struct CMUnitTest tests[] = {
		WITH(set_up_12, test_every_length_and_suite),
		WITH(set_up_13, test_every_length_and_suite),
		WITH(set_up_12, test_header),
		WITH(set_up_13, test_header),
		WITH(set_up_12, test_another_id),
		WITH(set_up_13, test_another_id),
		WITH(set_up_12, test_none_and_too_many),
		WITH(set_up_13, test_none_and_too_many),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}

/* SPDX-License-Identifier: BSD-3-Clause */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>

#include "device.h"
#include "replay.h"

static struct hello_policy policy_of(uint16_t suite)
{
	return (struct hello_policy){ .suites = { suite_by_id(suite) }, .n_suites = 1 };
}

static void keys_fill(struct traffic_keys *keys)
{
	for (unsigned i = 0; i < AEAD_KEY_MAX; i++) {
		keys->client_key[i] = (uint8_t)i;
		keys->server_key[i] = (uint8_t)(100 + i);
	}
	for (unsigned i = 0; i < AEAD_IV_LEN; i++) {
		keys->client_iv[i] = (uint8_t)(50 + i);
		keys->server_iv[i] = (uint8_t)(150 + i);
	}
}

static void install(struct devices *d, uint32_t i, uint16_t suite, struct traffic_keys *keys)
{
	const struct handshake_event event = {
		.kind = HANDSHAKE_INSTALL,
		.suite = suite_by_id(suite),
		.keys = keys,
		.tx_seq = (UINT64_C(1) << 40) + 3,
		.rx_newest = (UINT64_C(1) << 33) + 9,
		.rx_window = 5,
	};

	keys_fill(keys);
	device_install(d, i, &event);
}

/* The parts of the word do not run into each other. */
static void test_word(void **state)
{
	const struct hello_policy policy = policy_of(TLS_PSK_WITH_AES_128_CCM_8);
	struct traffic_keys keys;
	struct devices d;
	uint16_t mid;

	(void)state;
	assert_true(devices_init(&d, 3, &policy, 1));
	install(&d, 1, TLS_PSK_WITH_AES_128_CCM_8, &keys);
	mid = device_take_mid(&d.hot[1]);
	for (unsigned i = 1; i <= DEVICE_UNDER_WAY_MAX; i++)
		device_add_under_way(&d.hot[1], 1);
	for (unsigned i = 1; i < 0x20000; i++)
		assert_int_equal(device_take_mid(&d.hot[1]), (uint16_t)(mid + i));
	assert_int_equal(device_under_way(&d.hot[1]), DEVICE_UNDER_WAY_MAX);
	assert_int_equal(device_alg(&d.hot[1]), AEAD_AES_128_CCM_8);
	assert_int_equal(device_state(&d, 1), DEVICE_LIVE);
	device_forget(&d, 1);
	assert_int_equal(device_under_way(&d.hot[1]), DEVICE_UNDER_WAY_MAX);
	device_set_state(&d, 1, DEVICE_QUEUED);
	assert_int_equal(device_state(&d, 1), DEVICE_QUEUED);
	assert_int_equal(device_state(&d, 0), DEVICE_IDLE);
	devices_free(&d);
}

static void test_install(void **state)
{
	const struct hello_policy policy = policy_of(TLS_PSK_WITH_AES_128_GCM_SHA256);
	struct traffic_keys keys;
	struct devices d;

	(void)state;
	assert_true(devices_init(&d, 2, &policy, 1));
	assert_null(d.overflow);
	install(&d, 0, TLS_PSK_WITH_AES_128_GCM_SHA256, &keys);
	assert_int_equal(d.n_live, 1);
	assert_memory_equal(device_tx_key(&d, 0, AEAD_AES_128_GCM), keys.client_key, 16);
	assert_memory_equal(device_rx_key(&d, 0, AEAD_AES_128_GCM), keys.server_key, 16);
	assert_memory_equal(d.hot[0].tx_salt, keys.client_iv, 4);
	assert_memory_equal(d.hot[0].rx_salt, keys.server_iv, 4);
	assert_int_equal(session_tx_next(&d.hot[0]), (UINT64_C(1) << 40) + 3);
	assert_int_equal(replay_newest(&d.hot[0]), (UINT64_C(1) << 33) + 9);
	assert_int_equal(d.hot[0].window, 5);
	device_forget(&d, 0);
	assert_int_equal(d.n_live, 0);
	memset(&keys, 0, sizeof(keys));
	assert_memory_equal(d.hot[0].tx_key, keys.client_key, 16);
	assert_memory_equal(d.hot[0].rx_key, keys.client_key, 16);
	devices_free(&d);
}

static void test_long_keys(void **state)
{
	const struct hello_policy policy = policy_of(TLS_PSK_WITH_CHACHA20_POLY1305_SHA256);
	struct traffic_keys keys;
	struct devices d;
	uint8_t iv[AEAD_IV_LEN];

	(void)state;
	assert_true(devices_init(&d, 2, &policy, 1));
	install(&d, 1, TLS_PSK_WITH_CHACHA20_POLY1305_SHA256, &keys);
	assert_memory_equal(device_tx_key(&d, 1, AEAD_CHACHA20_POLY1305), keys.client_key, 32);
	assert_memory_equal(device_rx_key(&d, 1, AEAD_CHACHA20_POLY1305), keys.server_key, 32);
	session_iv(AEAD_CHACHA20_POLY1305, d.hot[1].tx_salt, d.hot[1].tx_key, iv);
	assert_memory_equal(iv, keys.client_iv, sizeof(iv));
	device_forget(&d, 1);
	memset(&keys, 0, sizeof(keys));
	assert_memory_equal(d.overflow[1].tx_key, keys.client_key, 32);
	devices_free(&d);
}

/* 72 bytes a device: a million in 72 MB. */
static void test_size(void **state)
{
	(void)state;
	assert_int_equal(sizeof(struct session_hot) + sizeof(struct device_cold), 72);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_word),
		cmocka_unit_test(test_install),
		cmocka_unit_test(test_long_keys),
		cmocka_unit_test(test_size),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}

/* SPDX-License-Identifier: BSD-3-Clause */
#include "suite.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

/* RFC 5487 §2, RFC 5289 §3.2, RFC 6655 §3 and §4, RFC 7251 §2, RFC 7905 §2, RFC 8442 §3, RFC 8446
 * §B.4: number, name, AEAD, PRF. */
static void suites_are_those_of_the_rfcs(void **state)
{
	static const struct suite want[] = {
		{ "TLS_PSK_WITH_AES_128_GCM_SHA256", 0x00a8, AEAD_AES_128_GCM, PRF_SHA256, KX_PSK },
		{ "TLS_PSK_WITH_AES_256_GCM_SHA384", 0x00a9, AEAD_AES_256_GCM, PRF_SHA384, KX_PSK },
		{ "TLS_PSK_WITH_AES_128_CCM", 0xc0a4, AEAD_AES_128_CCM, PRF_SHA256, KX_PSK },
		{ "TLS_PSK_WITH_AES_128_CCM_8", 0xc0a8, AEAD_AES_128_CCM_8, PRF_SHA256, KX_PSK },
		{ "TLS_PSK_WITH_CHACHA20_POLY1305_SHA256", 0xccab, AEAD_CHACHA20_POLY1305,
		  PRF_SHA256, KX_PSK },
		{ "TLS_ECDHE_PSK_WITH_AES_128_GCM_SHA256", 0xd001, AEAD_AES_128_GCM, PRF_SHA256,
		  KX_ECDHE_PSK },
		{ "TLS_ECDHE_PSK_WITH_AES_128_CCM_8_SHA256", 0xd003, AEAD_AES_128_CCM_8, PRF_SHA256,
		  KX_ECDHE_PSK },
		{ "TLS_ECDHE_PSK_WITH_AES_128_CCM_SHA256", 0xd005, AEAD_AES_128_CCM, PRF_SHA256,
		  KX_ECDHE_PSK },
		{ "TLS_ECDHE_PSK_WITH_CHACHA20_POLY1305_SHA256", 0xccac, AEAD_CHACHA20_POLY1305,
		  PRF_SHA256, KX_ECDHE_PSK },
		{ "TLS_ECDHE_ECDSA_WITH_AES_128_GCM_SHA256", 0xc02b, AEAD_AES_128_GCM, PRF_SHA256,
		  KX_ECDHE_ECDSA },
		{ "TLS_ECDHE_ECDSA_WITH_AES_256_GCM_SHA384", 0xc02c, AEAD_AES_256_GCM, PRF_SHA384,
		  KX_ECDHE_ECDSA },
		{ "TLS_ECDHE_ECDSA_WITH_AES_128_CCM", 0xc0ac, AEAD_AES_128_CCM, PRF_SHA256,
		  KX_ECDHE_ECDSA },
		{ "TLS_ECDHE_ECDSA_WITH_AES_128_CCM_8", 0xc0ae, AEAD_AES_128_CCM_8, PRF_SHA256,
		  KX_ECDHE_ECDSA },
		{ "TLS_ECDHE_ECDSA_WITH_CHACHA20_POLY1305_SHA256", 0xcca9, AEAD_CHACHA20_POLY1305,
		  PRF_SHA256, KX_ECDHE_ECDSA },
		{ "TLS_AES_128_GCM_SHA256", 0x1301, AEAD_AES_128_GCM, PRF_SHA256, KX_TLS13 },
		{ "TLS_AES_256_GCM_SHA384", 0x1302, AEAD_AES_256_GCM, PRF_SHA384, KX_TLS13 },
		{ "TLS_CHACHA20_POLY1305_SHA256", 0x1303, AEAD_CHACHA20_POLY1305, PRF_SHA256,
		  KX_TLS13 },
		{ "TLS_AES_128_CCM_SHA256", 0x1304, AEAD_AES_128_CCM, PRF_SHA256, KX_TLS13 },
		{ "TLS_AES_128_CCM_8_SHA256", 0x1305, AEAD_AES_128_CCM_8, PRF_SHA256, KX_TLS13 },
	};

	(void)state;
	assert_int_equal(sizeof(want) / sizeof(want[0]), SUITE_N);
	for (size_t i = 0; i < SUITE_N; i++) {
		const struct suite *s = suite_by_id(want[i].id);

		assert_non_null(s);
		assert_string_equal(s->name, want[i].name);
		assert_int_equal(s->aead, want[i].aead);
		assert_int_equal(s->hash, want[i].hash);
		assert_int_equal(s->kx, want[i].kx);
		assert_int_equal(suite_is_13(s), strstr(s->name, "_WITH_") == NULL);
		assert_ptr_equal(suite_by_name(want[i].name), s);
		if (suite_is_13(s))
			continue;
		assert_int_equal(suite_has_psk(s), strstr(s->name, "PSK") != NULL);
		assert_int_equal(suite_has_ecdhe(s), strstr(s->name, "ECDHE") != NULL);
	}
}

static void what_is_not_a_suite_is_not_found(void **state)
{
	static const uint16_t ids[] = { 0, 0x00ff, 0x5600, 0x008c, 0xc030, 0xffff };

	(void)state;
	for (size_t i = 0; i < sizeof(ids) / sizeof(ids[0]); i++)
		assert_null(suite_by_id(ids[i]));
	assert_null(suite_by_name(""));
	assert_null(suite_by_name("TLS_PSK_WITH_AES_128_GCM_SHA25"));
	assert_null(suite_by_name("tls_psk_with_aes_128_gcm_sha256"));
}

static void preference_names_every_suite_once(void **state)
{
	(void)state;
	for (size_t i = 0; i < SUITE_N; i++) {
		assert_ptr_equal(suite_by_id(suite_at(i)->id), suite_at(i));
		for (size_t j = 0; j < i; j++)
			assert_int_not_equal(suite_at(i)->id, suite_at(j)->id);
	}
	/* forward secrecy first, certificates last: the kinds do not mix; then those of 1.3 */
	for (size_t i = 0; i < SUITE_N; i++)
		assert_int_equal(suite_is_13(suite_at(i)), i >= SUITE_12_N);
	for (size_t i = 1; i < SUITE_12_N; i++)
		assert_true(suite_at(i)->kx == suite_at(i - 1)->kx ||
			    (suite_at(i)->kx == KX_PSK && suite_at(i - 1)->kx == KX_ECDHE_PSK) ||
			    suite_at(i)->kx == KX_ECDHE_ECDSA);
	assert_int_equal(suite_at(0)->kx, KX_ECDHE_PSK);
}

/* RFC 5288 §3, RFC 6655 §3: salt 4, explicit 8; RFC 7905 §2: IV 12, nothing explicit. */
static void aead_properties_are_those_of_the_rfcs(void **state)
{
	static const struct {
		enum aead_alg alg;
		uint8_t key, salt, explicit_len, tag;
	} want[] = {
		{ AEAD_AES_128_GCM, 16, 4, 8, 16 },        { AEAD_AES_256_GCM, 32, 4, 8, 16 },
		{ AEAD_AES_128_CCM, 16, 4, 8, 16 },        { AEAD_AES_128_CCM_8, 16, 4, 8, 8 },
		{ AEAD_CHACHA20_POLY1305, 32, 12, 0, 16 },
	};

	(void)state;
	assert_int_equal(sizeof(want) / sizeof(want[0]), AEAD_N);
	for (size_t i = 0; i < AEAD_N; i++) {
		const struct aead_info *info = aead_info(want[i].alg);

		assert_int_equal(info->key_len, want[i].key);
		assert_int_equal(info->salt_len, want[i].salt);
		assert_int_equal(info->explicit_len, want[i].explicit_len);
		assert_int_equal(info->tag_len, want[i].tag);
		assert_true(strlen(info->name) > 0);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(suites_are_those_of_the_rfcs),
		cmocka_unit_test(what_is_not_a_suite_is_not_found),
		cmocka_unit_test(preference_names_every_suite_once),
		cmocka_unit_test(aead_properties_are_those_of_the_rfcs),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}

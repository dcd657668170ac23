/* SPDX-License-Identifier: BSD-3-Clause */
#include "hello_agree.h"

#include "hellos13.h"
#include "retry.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

static struct hello_policy policy; /* of every test, set anew for each */
static struct hello_choice choice;

static int set_up(void **state)
{
	(void)state;
	policy = (struct hello_policy){ .min_version = DTLS_1_2,
					.max_version = DTLS_1_3,
					.groups = { ECDHE_X25519, ECDHE_SECP256R1 },
					.n_groups = 2,
					.psk_ke = true };
	for (size_t i = 0; i < SUITE_N; i++)
		policy.suites[policy.n_suites++] = suite_at(i);
	return 0;
}

static struct client_hello hello_of(const struct hello13 *h)
{
	static uint8_t body[HELLO_MAX];
	struct client_hello ch;

	assert_int_not_equal(client_hello_parse(rd_of(body, hello13_body(body, h)), &ch),
			     HS_PARSE_DECODE_ERROR);
	return ch;
}

static enum status agree(const struct hello13 *h)
{
	struct client_hello ch = hello_of(h);

	choice = (struct hello_choice){ .alert = 0 };
	return hello_agree13(&ch, &policy, &choice);
}

static void refused(const struct hello13 *h, enum status why, enum alert alert)
{
	assert_int_equal(agree(h), why);
	assert_int_equal(choice.alert, alert);
}

static uint16_t version(uint16_t legacy, struct hello_bytes list)
{
	uint8_t bytes[64], body[HELLO_MAX];
	struct wr w = wr_of(bytes, sizeof(bytes));
	struct hello_parts p = hello_plain();
	struct client_hello ch;

	p.version = legacy;
	if (list.len > 0) {
		wr_u16(&w, EXT_SUPPORTED_VERSIONS);
		wr_u16(&w, (uint16_t)(1 + list.len));
		hello_vec(&w, 1, list);
		p.extensions = (struct hello_bytes){ bytes, wr_len(&w) };
	}
	assert_int_equal(client_hello_parse(rd_of(body, hello_body(body, &p)), &ch), HS_PARSE_OK);
	return hello_agree_version(&ch, &policy);
}

/* RFC 8446 §4.2.1, RFC 9147 §5.3; checklist 33; bad-input C8 */
static void version_is_the_latest_of_both(void **state)
{
	const struct hello_bytes none = { NULL, 0 }, both = HELLO_BYTES(0xfe, 0xfd, 0xfe, 0xfc),
				 only_13 = HELLO_BYTES(0xfe, 0xfc),
				 only_12 = HELLO_BYTES(0xfe, 0xfd),
				 neither = HELLO_BYTES(0xfe, 0xff, 0x03, 0x04, 0xfe, 0xfb);
	/* rows: the lists; columns: what the server does: 1.2 and 1.3, 1.2, 1.3, unset */
	const struct {
		uint16_t legacy;
		struct hello_bytes list;
		uint16_t want[4];
	} rows[] = {
		{ DTLS_1_2, none, { DTLS_1_2, DTLS_1_2, 0, DTLS_1_2 } },
		{ DTLS_1_3, none, { DTLS_1_2, DTLS_1_2, 0, DTLS_1_2 } },
		{ DTLS_1_0, none, { 0, 0, 0, 0 } },
		{ DTLS_1_2, both, { DTLS_1_3, DTLS_1_2, DTLS_1_3, DTLS_1_2 } },
		{ DTLS_1_2, only_13, { DTLS_1_3, 0, DTLS_1_3, 0 } },
		{ DTLS_1_2, only_12, { DTLS_1_2, DTLS_1_2, 0, DTLS_1_2 } },
		{ DTLS_1_2, neither, { 0, 0, 0, 0 } },
		/* with a list, the head of the hello is not looked at */
		{ DTLS_1_0, both, { DTLS_1_3, DTLS_1_2, DTLS_1_3, DTLS_1_2 } },
	};
	static const uint16_t ranges[4][2] = {
		{ DTLS_1_2, DTLS_1_3 }, { DTLS_1_2, DTLS_1_2 }, { DTLS_1_3, DTLS_1_3 }, { 0, 0 }
	};

	(void)state;
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++)
		for (size_t k = 0; k < 4; k++) {
			policy.min_version = ranges[k][0];
			policy.max_version = ranges[k][1];
			assert_int_equal(version(rows[i].legacy, rows[i].list), rows[i].want[k]);
		}
}

static void servers_order_of_suites_wins(void **state)
{
	struct hello13 h;

	(void)state;
	hello13_plain(&h);
	h.p.n_suites = 3;
	memcpy(h.suites,
	       (const uint16_t[]){ TLS_AES_256_GCM_SHA384, TLS_PSK_WITH_AES_128_CCM_8,
				   TLS_AES_128_CCM_SHA256 },
	       6);
	assert_int_equal(agree(&h), STATUS_OK);
	assert_int_equal(choice.suite->id, TLS_AES_128_CCM_SHA256);
	policy.n_suites = 2;
	policy.suites[0] = suite_by_id(TLS_AES_256_GCM_SHA384);
	policy.suites[1] = suite_by_id(TLS_AES_128_CCM_SHA256);
	assert_int_equal(agree(&h), STATUS_OK);
	assert_int_equal(choice.suite->id, TLS_AES_256_GCM_SHA384);
}

/* bad-input C6: suites of DTLS 1.2 count for nothing. */
static void no_common_suite_is_refused(void **state)
{
	struct hello13 h;

	(void)state;
	hello13_plain(&h);
	h.suites[0] = TLS_PSK_WITH_AES_128_GCM_SHA256;
	refused(&h, STATUS_HS_NO_SUITE, ALERT_HANDSHAKE_FAILURE);
	h.suites[0] = TLS_AES_128_CCM_8_SHA256;
	policy.n_suites = 1; /* of which that is none */
	refused(&h, STATUS_HS_NO_SUITE, ALERT_HANDSHAKE_FAILURE);
}

/* A PSK's hash is as long as its binder, and the suite must have it (RFC 8446 §4.2.11). */
static void suite_goes_with_a_psk_where_one_does(void **state)
{
	struct hello13 h;

	(void)state;
	hello13_plain(&h);
	h.suites[h.p.n_suites++] = TLS_AES_256_GCM_SHA384;
	hello13_psk(&h, 48);
	assert_int_equal(agree(&h), STATUS_OK);
	assert_int_equal(choice.suite->id, TLS_AES_256_GCM_SHA384);
	assert_int_equal(choice.psk_mode, HELLO_PSK_DHE_KE);
	hello13_psk(&h, 32);
	assert_int_equal(agree(&h), STATUS_OK);
	assert_int_equal(choice.suite->id, TLS_AES_128_GCM_SHA256);
	assert_int_equal(choice.psk_mode, HELLO_PSK_DHE_KE);
	h.psks[0].binder_len = h.psks[1].binder_len = 33; /* no hash's */
	assert_int_equal(agree(&h), STATUS_OK);
	assert_int_equal(choice.suite->id, TLS_AES_128_GCM_SHA256);
	assert_int_equal(choice.psk_mode, HELLO_PSK_NONE);
}

/* RFC 8446 §4.2.9: both modes, one, the other, none that the server takes */
static void mode_has_forward_secrecy_where_it_can(void **state)
{
	static const uint8_t ke[] = { HS_PSK_KE }, dhe[] = { HS_PSK_DHE_KE }, odd[] = { 7 };
	struct hello13 h;

	(void)state;
	hello13_plain(&h);
	hello13_psk(&h, 32);
	assert_int_equal(agree(&h), STATUS_OK);
	assert_int_equal(choice.psk_mode, HELLO_PSK_DHE_KE);
	assert_int_equal(choice.group, ECDHE_X25519);
	h.p.n_psk_modes = 1;
	h.p.psk_modes = ke;
	assert_int_equal(agree(&h), STATUS_OK);
	assert_int_equal(choice.psk_mode, HELLO_PSK_KE);
	policy.psk_ke = false;
	assert_int_equal(agree(&h), STATUS_OK); /* a certificate may do */
	assert_int_equal(choice.psk_mode, HELLO_PSK_NONE);
	h.p.psk_modes = dhe;
	assert_int_equal(agree(&h), STATUS_OK);
	assert_int_equal(choice.psk_mode, HELLO_PSK_DHE_KE);
	h.p.psk_modes = odd;
	assert_int_equal(agree(&h), STATUS_OK);
	assert_int_equal(choice.psk_mode, HELLO_PSK_NONE);
	/* bad-input F9 */
	h.p.n_psk_modes = 0;
	refused(&h, STATUS_HS_PARAMETER, ALERT_MISSING_EXTENSION);
}

/* A second hello, behind a HelloRetryRequest that said this. */
static enum status agree_again(struct hello13 *h, uint16_t suite, uint16_t group)
{
	static const uint8_t hash[HASH_MAX], mac[HMAC_SHA256_LEN];
	const struct retry_cookie c = { .suite = suite_by_id(suite), .group = group, .hash = hash };
	static uint8_t cookie[RETRY_COOKIE_MAX];

	h->p.cookie = rd_of(cookie, retry_cookie_write(cookie, &c, mac));
	return agree(h);
}

/* The smallest devices': a PSK and no curve. */
static void psk_alone_needs_no_group(void **state)
{
	static const uint8_t ke[] = { HS_PSK_KE };
	struct hello13 h;

	(void)state;
	hello13_plain(&h);
	hello13_psk(&h, 32);
	h.p.psk_modes = ke;
	h.p.n_psk_modes = 1;
	h.p.n_groups = h.p.n_shares = h.p.n_signature_algorithms = 0;
	assert_int_equal(agree(&h), STATUS_OK);
	assert_int_equal(choice.psk_mode, HELLO_PSK_KE);
	assert_int_equal(choice.group, ECDHE_NONE);
	/* One that has groups, but no share, is not asked for one it does not need. */
	h.p.n_groups = 1;
	assert_int_equal(agree(&h), STATUS_OK);
	assert_int_equal(choice.group, ECDHE_NONE);
	assert_int_equal(agree_again(&h, TLS_AES_128_GCM_SHA256, ECDHE_NONE), STATUS_OK);
	assert_int_equal(choice.group, ECDHE_NONE);
	h.p.cookie = rd_of(NULL, 0);
	/* Unless it could do without the PSK. */
	h.p.n_signature_algorithms = 1;
	assert_int_equal(agree(&h), STATUS_OK);
	assert_int_equal(choice.group, ECDHE_X25519);
	policy.psk_ke = false;
	h.p.n_groups = h.p.n_signature_algorithms = 0;
	refused(&h, STATUS_HS_PARAMETER, ALERT_MISSING_EXTENSION);
}

/* RFC 8446 §4.1.2: of DTLS 1.2 a list with more in it is taken, of 1.3 it is not. */
static void other_compression_is_illegal(void **state)
{
	static const uint8_t methods[] = { 1, 0 };
	struct hello13 h;
	struct client_hello ch;

	(void)state;
	hello13_plain(&h);
	ch = hello_of(&h);
	ch.compression = rd_of(methods, sizeof(methods));
	assert_int_equal(hello_agree13(&ch, &policy, &choice), STATUS_HS_PARAMETER);
	assert_int_equal(choice.alert, ALERT_ILLEGAL_PARAMETER);
}

static void share_that_is_there_is_taken(void **state)
{
	struct hello13 h;

	(void)state;
	hello13_plain(&h);
	h.groups[0] = ECDHE_SECP256R1;
	h.groups[h.p.n_groups++] = ECDHE_X25519;
	h.shares[0] = (struct hs_share){ ECDHE_SECP256R1, 65, hello13_key };
	assert_int_equal(agree(&h), STATUS_OK);
	assert_int_equal(choice.group, ECDHE_SECP256R1);
	h.shares[h.p.n_shares++] = (struct hs_share){ ECDHE_X25519, 32, hello13_key };
	assert_int_equal(agree(&h), STATUS_OK);
	assert_int_equal(choice.group, ECDHE_X25519);
	h.p.n_shares = 0; /* bad-input D6: the server's order then */
	assert_int_equal(agree(&h), STATUS_OK);
	assert_int_equal(choice.group, ECDHE_X25519);
}

/* bad-input D9; RFC 8446 §9.2 */
static void no_common_group_is_refused(void **state)
{
	struct hello13 h;

	(void)state;
	hello13_plain(&h);
	h.groups[0] = h.shares[0].group = 24;
	refused(&h, STATUS_HS_NO_SUITE, ALERT_HANDSHAKE_FAILURE);
	h.p.n_groups = 0;
	refused(&h, STATUS_HS_PARAMETER, ALERT_MISSING_EXTENSION);
}

/* RFC 9147 §5.3; checklist 33 */
static void cookie_of_12_is_illegal(void **state)
{
	static const uint8_t cookie[] = { 1, 2 };
	struct client_hello ch;
	struct hello13 h;

	(void)state;
	hello13_plain(&h);
	ch = hello_of(&h);
	ch.cookie = rd_of(cookie, sizeof(cookie));
	assert_int_equal(hello_agree13(&ch, &policy, &choice), STATUS_HS_PARAMETER);
	assert_int_equal(choice.alert, ALERT_ILLEGAL_PARAMETER);
}

/* RFC 8446 §4.1.2, §4.1.4; bad-input C10, D6 */
static void second_hello_answers_the_retry_request(void **state)
{
	struct hello13 h;

	(void)state;
	hello13_plain(&h);
	h.suites[h.p.n_suites++] = TLS_AES_128_CCM_SHA256;
	h.groups[h.p.n_groups++] = ECDHE_SECP256R1;
	/* the suite is what was said, not what would be preferred */
	assert_int_equal(agree_again(&h, TLS_AES_128_CCM_SHA256, ECDHE_NONE), STATUS_OK);
	assert_int_equal(choice.suite->id, TLS_AES_128_CCM_SHA256);
	assert_int_equal(choice.group, ECDHE_X25519);
	assert_int_equal(agree_again(&h, TLS_AES_128_GCM_SHA256, ECDHE_X25519), STATUS_OK);
	/* not the share that was asked for, more than that, none */
	assert_int_equal(agree_again(&h, TLS_AES_128_GCM_SHA256, ECDHE_SECP256R1),
			 STATUS_HS_PARAMETER);
	assert_int_equal(choice.alert, ALERT_ILLEGAL_PARAMETER);
	h.shares[h.p.n_shares++] = (struct hs_share){ ECDHE_SECP256R1, 65, hello13_key };
	assert_int_equal(agree_again(&h, TLS_AES_128_GCM_SHA256, ECDHE_SECP256R1),
			 STATUS_HS_PARAMETER);
	h.p.n_shares = 0;
	assert_int_equal(agree_again(&h, TLS_AES_128_GCM_SHA256, ECDHE_SECP256R1),
			 STATUS_HS_PARAMETER);
	/* shares that were not to change, and are gone */
	assert_int_equal(agree_again(&h, TLS_AES_128_GCM_SHA256, ECDHE_NONE), STATUS_HS_PARAMETER);
}

/* bad-input D12 */
static void second_hello_has_no_early_data(void **state)
{
	struct client_hello ch;
	struct hello13 h;

	(void)state;
	hello13_plain(&h);
	hello13_psk(&h, 32);
	assert_int_equal(agree_again(&h, TLS_AES_128_GCM_SHA256, ECDHE_NONE), STATUS_OK);
	ch = hello_of(&h);
	ch.has_early_data = true;
	assert_int_equal(hello_agree13(&ch, &policy, &choice), STATUS_HS_PARAMETER);
	assert_int_equal(choice.alert, ALERT_ILLEGAL_PARAMETER);
	ch.retry_cookie = rd_of(NULL, 0);
	assert_int_equal(hello_agree13(&ch, &policy, &choice), STATUS_OK);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup(version_is_the_latest_of_both, set_up),
		cmocka_unit_test_setup(servers_order_of_suites_wins, set_up),
		cmocka_unit_test_setup(no_common_suite_is_refused, set_up),
		cmocka_unit_test_setup(suite_goes_with_a_psk_where_one_does, set_up),
		cmocka_unit_test_setup(mode_has_forward_secrecy_where_it_can, set_up),
		cmocka_unit_test_setup(psk_alone_needs_no_group, set_up),
		cmocka_unit_test_setup(other_compression_is_illegal, set_up),
		cmocka_unit_test_setup(share_that_is_there_is_taken, set_up),
		cmocka_unit_test_setup(no_common_group_is_refused, set_up),
		cmocka_unit_test_setup(cookie_of_12_is_illegal, set_up),
		cmocka_unit_test_setup(second_hello_answers_the_retry_request, set_up),
		cmocka_unit_test_setup(second_hello_has_no_early_data, set_up),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}

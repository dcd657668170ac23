/* SPDX-License-Identifier: BSD-3-Clause */
#include "hello_select.h"

#include "hellos13.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

static const struct hello_policy *policy_of(size_t n, const uint16_t *ids, bool require_ems)
{
	static struct hello_policy policy;

	policy = (struct hello_policy){
		.n_suites = n,
		.require_ems = require_ems,
		.groups = { ECDHE_X25519, ECDHE_SECP256R1 },
		.n_groups = 2,
	};
	for (size_t i = 0; i < n; i++)
		policy.suites[i] = suite_by_id(ids[i]);
	return &policy;
}

static const struct hello_policy *policy_all(void)
{
	uint16_t ids[SUITE_12_N];

	for (size_t i = 0; i < SUITE_12_N; i++)
		ids[i] = suite_at(i)->id;
	return policy_of(SUITE_12_N, ids, false);
}

/* The key that the server has. */
static enum signature_kind own;

static enum status select_parts(const struct hello_parts *parts, const struct hello_policy *policy,
				struct hello_choice *out)
{
	static uint8_t body[HELLO_MAX];
	struct client_hello ch;

	assert_int_equal(client_hello_parse(rd_of(body, hello_body(body, parts)), &ch),
			 HS_PARSE_OK);
	memset(out, 0xa5, sizeof(*out));
	return hello_select(&ch, policy, own, out);
}

/* Checklist 36, 40: connection_id and rrc are answered where both ends can, rrc only with it. */
static void connection_ids(void **state)
{
	uint8_t body[HELLO_MAX];
	struct hello_parts p = hello_plain();
	struct rd hello = rd_of(body, hello_body(body, &p));
	struct hello_choice choice;
	struct client_hello ch;

	(void)state;
	for (unsigned i = 0; i < 16; i++) {
		struct hello_policy policy = *policy_all();

		policy.cid = i & 1;
		policy.rrc = i & 2;
		assert_int_equal(client_hello_parse(hello, &ch), HS_PARSE_OK);
		ch.has_cid = i & 4;
		ch.has_rrc = i & 8;
		assert_int_equal(hello_select(&ch, &policy, own, &choice), STATUS_OK);
		assert_int_equal(choice.cid, (i & 5) == 5);
		assert_int_equal(choice.rrc, i == 15);
	}
}

static void server_preference_wins(void **state)
{
	const uint16_t gcm_first[] = { TLS_PSK_WITH_AES_128_GCM_SHA256,
				       TLS_PSK_WITH_AES_128_CCM_8 };
	const uint16_t ccm_first[] = { TLS_PSK_WITH_AES_128_CCM_8,
				       TLS_PSK_WITH_AES_128_GCM_SHA256 };
	struct hello_parts p = hello_plain(); /* CCM_8 before GCM */
	struct hello_choice choice;

	(void)state;
	assert_int_equal(select_parts(&p, policy_of(2, gcm_first, false), &choice), STATUS_OK);
	assert_int_equal(choice.suite->id, TLS_PSK_WITH_AES_128_GCM_SHA256);
	assert_int_equal(select_parts(&p, policy_of(2, ccm_first, false), &choice), STATUS_OK);
	assert_int_equal(choice.suite->id, TLS_PSK_WITH_AES_128_CCM_8);
	assert_false(choice.ems || choice.renegotiation_info);
}

static void every_suite_of_ours_can_be_chosen(void **state)
{
	(void)state;
	for (size_t i = 0; i < SUITE_12_N; i++) {
		uint16_t id = suite_at(i)->id;
		struct hello_parts p = hello_plain();
		struct hello_choice choice;

		own = SIGNATURE_KIND_P256;
		p.suites = HELLO_BYTES(0x13, 0x01, (uint8_t)(id >> 8), (uint8_t)id, 0xff, 0xff);
		assert_int_equal(select_parts(&p, policy_all(), &choice), STATUS_OK);
		assert_ptr_equal(choice.suite, suite_by_id(id));
	}
}

/* bad-input C6 */
static void no_common_suite_is_handshake_failure(void **state)
{
	const uint16_t ccm[] = { TLS_PSK_WITH_AES_128_CCM };
	struct hello_parts p = hello_plain();
	struct hello_choice choice;

	(void)state;
	assert_int_equal(select_parts(&p, policy_of(1, ccm, false), &choice), STATUS_HS_NO_SUITE);
	assert_int_equal(choice.alert, ALERT_HANDSHAKE_FAILURE);
	assert_null(choice.suite);
	p.suites = HELLO_BYTES(0x00, 0xff, 0x56, 0x00); /* signals are not suites */
	assert_int_equal(select_parts(&p, policy_all(), &choice), STATUS_HS_NO_SUITE);
}

/* bad-input E9; checklist 59 */
static void versions_from_1_2_on_are_accepted(void **state)
{
	const uint16_t good[] = { 0xfefd, 0xfefc, 0xfe00 };
	const uint16_t bad[] = { 0xfeff, 0xfefe, 0x0303, 0x0304, 0x0000, 0xffff, 0xfd00, 0xfdfd };
	struct hello_parts p = hello_plain();
	struct hello_choice choice;

	(void)state;
	for (size_t i = 0; i < sizeof(good) / sizeof(good[0]); i++) {
		p.version = good[i];
		assert_int_equal(select_parts(&p, policy_all(), &choice), STATUS_OK);
	}
	for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
		p.version = bad[i];
		assert_int_equal(select_parts(&p, policy_all(), &choice), STATUS_HELLO_VERSION);
		assert_int_equal(choice.alert, ALERT_PROTOCOL_VERSION);
		assert_null(choice.suite);
	}
}

/* bad-input C12: where 1.2 is the highest version no fallback is inappropriate. */
static void fallback_to_the_highest_version_is_no_fallback(void **state)
{
	struct hello_parts p = hello_plain();
	struct hello_choice choice;

	(void)state;
	p.suites = HELLO_BYTES(0xc0, 0xa8, 0x56, 0x00);
	assert_int_equal(select_parts(&p, policy_all(), &choice), STATUS_OK);
	p.version = DTLS_1_0;
	assert_int_equal(select_parts(&p, policy_all(), &choice), STATUS_HELLO_VERSION);
}

/* bad-input C13; checklist 50 */
static void extended_master_secret_is_answered_or_required(void **state)
{
	const uint16_t ids[] = { TLS_PSK_WITH_AES_128_CCM_8 };
	struct hello_parts p = hello_plain();
	struct hello_choice choice;

	(void)state;
	assert_int_equal(select_parts(&p, policy_of(1, ids, true), &choice), STATUS_HS_NO_EMS);
	assert_int_equal(choice.alert, ALERT_HANDSHAKE_FAILURE);
	p.extensions = HELLO_BYTES(0, 23, 0, 0);
	assert_int_equal(select_parts(&p, policy_of(1, ids, true), &choice), STATUS_OK);
	assert_true(choice.ems);
	assert_int_equal(select_parts(&p, policy_of(1, ids, false), &choice), STATUS_OK);
	assert_true(choice.ems);
}

/* bad-input D13; checklist 51 */
static void renegotiation_info_is_answered_when_empty(void **state)
{
	struct hello_parts p = hello_plain();
	struct hello_choice choice;

	(void)state;
	p.extensions = HELLO_BYTES(0xff, 1, 0, 1, 0);
	assert_int_equal(select_parts(&p, policy_all(), &choice), STATUS_OK);
	assert_true(choice.renegotiation_info);
	p.extensions = HELLO_BYTES(0xff, 1, 0, 2, 1, 0);
	assert_int_equal(select_parts(&p, policy_all(), &choice), STATUS_HS_PARAMETER);
	assert_int_equal(choice.alert, ALERT_HANDSHAKE_FAILURE);
	p.extensions.len = 0;
	p.suites = HELLO_BYTES(0x00, 0xff, 0x00, 0xa8);
	assert_int_equal(select_parts(&p, policy_all(), &choice), STATUS_OK);
	assert_true(choice.renegotiation_info);
}

/* checklist 55, 56: echoed as it is, unless the other one is there; that one is no more than a
 * record can hold. */
static void sizes_of_records_are_chosen(void **state)
{
	const struct {
		struct hello_bytes extensions;
		uint8_t max_fragment_length;
		uint16_t record_size_limit;
	} rows[] = {
		{ HELLO_BYTES(0, 23, 0, 0), 0, 0 },
		{ HELLO_BYTES(0, 1, 0, 1, 2), 2, 0 },
		{ HELLO_BYTES(0, 28, 0, 2, 0, 64), 0, 64 },
		{ HELLO_BYTES(0, 28, 0, 2, 0x40, 1), 0, 0x4000 },
		{ HELLO_BYTES(0, 28, 0, 2, 0xff, 0xff), 0, 0x4000 },
		{ HELLO_BYTES(0, 1, 0, 1, 2, 0, 28, 0, 2, 1, 0), 0, 256 },
	};
	struct hello_parts p = hello_plain();
	struct hello_choice choice;

	(void)state;
	for (size_t i = 0; i < sizeof(rows) / sizeof(*rows); i++) {
		p.extensions = rows[i].extensions;
		assert_int_equal(select_parts(&p, policy_all(), &choice), STATUS_OK);
		assert_int_equal(choice.max_fragment_length, rows[i].max_fragment_length);
		assert_int_equal(choice.record_size_limit, rows[i].record_size_limit);
	}
}

static void real_hellos_get_what_they_offer(void **state)
{
	const uint16_t ids[] = { TLS_PSK_WITH_AES_128_CCM_8, TLS_PSK_WITH_CHACHA20_POLY1305_SHA256,
				 TLS_PSK_WITH_AES_128_CCM };
	struct hello_choice choice;
	struct client_hello ch;

	(void)state;
	assert_int_equal(client_hello_parse(rd_of(hello_openssl + HELLO_AT_BODY,
						  sizeof(hello_openssl) - HELLO_AT_BODY),
					    &ch),
			 HS_PARSE_OK);
	assert_int_equal(hello_select(&ch, policy_of(3, ids, true), SIGNATURE_KIND_NONE, &choice),
			 STATUS_OK);
	assert_int_equal(choice.suite->id, TLS_PSK_WITH_CHACHA20_POLY1305_SHA256);
	assert_true(choice.ems && choice.renegotiation_info);
	assert_int_equal(client_hello_parse(rd_of(hello_gnutls + HELLO_AT_BODY,
						  sizeof(hello_gnutls) - HELLO_AT_BODY),
					    &ch),
			 HS_PARSE_OK);
	assert_int_equal(hello_select(&ch, policy_of(3, ids, true), SIGNATURE_KIND_NONE, &choice),
			 STATUS_OK);
	assert_int_equal(choice.suite->id, TLS_PSK_WITH_CHACHA20_POLY1305_SHA256);
	assert_true(choice.ems && choice.renegotiation_info);
}

/* A hello that offers one suite, with these extensions. */
static enum status select_one(uint16_t id, struct hello_bytes extensions,
			      const struct hello_policy *policy, struct hello_choice *out)
{
	struct hello_parts p = hello_plain();

	p.suites = HELLO_BYTES((uint8_t)(id >> 8), (uint8_t)id);
	p.extensions = extensions;
	return select_parts(&p, policy, out);
}

/* checklist 45 */
static void the_group_is_the_servers_favourite_of_those_offered(void **state)
{
	const uint16_t id = TLS_ECDHE_PSK_WITH_AES_128_GCM_SHA256;
	const struct {
		struct hello_bytes ext;
		uint16_t group;
	} rows[] = {
		{ { (const uint8_t[]){ 0, 10, 0, 6, 0, 4, 0, 23, 0, 29 }, 10 }, ECDHE_X25519 },
		{ { (const uint8_t[]){ 0, 10, 0, 6, 0, 4, 0, 24, 0, 23 }, 10 }, ECDHE_SECP256R1 },
		{ { NULL, 0 }, ECDHE_SECP256R1 }, /* RFC 8422 §4 */
		{ { (const uint8_t[]){ 0, 10, 0, 4, 0, 2, 0, 24 }, 8 }, ECDHE_NONE },
	};
	struct hello_choice choice;

	(void)state;
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		enum status s = select_one(id, rows[i].ext, policy_all(), &choice);

		assert_int_equal(s, rows[i].group ? STATUS_OK : STATUS_HS_NO_SUITE);
		assert_int_equal(choice.group, rows[i].group);
	}
}

/* bad-input D8, D9: without a group or a scheme in common the next suite is taken, or none. */
static void certificates_need_a_key_that_the_client_takes(void **state)
{
	const uint16_t id = TLS_ECDHE_ECDSA_WITH_AES_128_CCM_8;
	static const uint8_t p256[] = { 0, 13, 0, 4, 0, 2, 4, 3 },
			     ed25519[] = { 0, 13, 0, 4, 0, 2, 8, 7 },
			     only_x25519[] = { 0, 13, 0, 4, 0, 2, 4, 3, 0, 10, 0, 4, 0, 2, 0, 29 };
	struct client_hello ch = { 0 };
	struct hello_choice choice;

	(void)state;
	own = SIGNATURE_KIND_NONE;
	assert_int_equal(
		select_one(id, HELLO_BYTES(0, 13, 0, 4, 0, 2, 4, 3), policy_all(), &choice),
		STATUS_HS_NO_SUITE);
	own = SIGNATURE_KIND_P256;
	assert_int_equal(
		select_one(id, HELLO_BYTES(0, 13, 0, 4, 0, 2, 4, 3), policy_all(), &choice),
		STATUS_OK);
	assert_int_equal(choice.suite->id, id);
	assert_false(choice.request_certificate);
	assert_int_equal(hello_kinds(&ch, policy_all()), 0);
	ch.signature_algorithms = rd_of(p256 + 6, 2);
	assert_int_equal(hello_kinds(&ch, policy_all()), SIGNATURE_KIND_P256);
	ch.groups = rd_of(only_x25519 + 14, 2);
	assert_int_equal(hello_kinds(&ch, policy_all()), 0);
	ch.signature_algorithms = rd_of(ed25519 + 6, 2);
	assert_int_equal(hello_kinds(&ch, policy_all()), SIGNATURE_KIND_ED25519);
}

static const struct certificate_row {
	struct hello_bytes ext;
	bool x509, rpk;
	enum client_auth auth;
	enum status want;
	bool request, has_client;
	uint8_t client;
} certificate_rows[] = {
	/* no extension: X.509 */
	{ { NULL, 0 }, true, false, CLIENT_AUTH_REQUIRED, STATUS_OK, true, false, 0 },
	{ { NULL, 0 }, false, true, CLIENT_AUTH_REQUIRED, STATUS_HS_NO_CERT, false, false, 0 },
	{ { NULL, 0 }, false, true, CLIENT_AUTH_OPTIONAL, STATUS_OK, false, false, 0 },
	{ { NULL, 0 }, true, true, CLIENT_AUTH_NONE, STATUS_OK, false, false, 0 },
	/* the client's preference */
	{ { (const uint8_t[]){ 0, 19, 0, 3, 2, 2, 0 }, 7 },
	  true,
	  true,
	  CLIENT_AUTH_REQUIRED,
	  STATUS_OK,
	  true,
	  true,
	  2 },
	{ { (const uint8_t[]){ 0, 19, 0, 3, 2, 0, 2 }, 7 },
	  true,
	  true,
	  CLIENT_AUTH_REQUIRED,
	  STATUS_OK,
	  true,
	  true,
	  0 },
	{ { (const uint8_t[]){ 0, 19, 0, 3, 2, 0, 2 }, 7 },
	  false,
	  true,
	  CLIENT_AUTH_REQUIRED,
	  STATUS_OK,
	  true,
	  true,
	  2 },
	{ { (const uint8_t[]){ 0, 19, 0, 2, 1, 2 }, 6 },
	  true,
	  false,
	  CLIENT_AUTH_REQUIRED,
	  STATUS_HS_NO_CERT,
	  false,
	  false,
	  0 },
	/* the server's own */
	{ { (const uint8_t[]){ 0, 20, 0, 2, 1, 1 }, 6 },
	  true,
	  false,
	  CLIENT_AUTH_NONE,
	  STATUS_HS_NO_CERT,
	  false,
	  false,
	  0 },
};

/* checklist 46, 47 */
static void certificate_types_are_those_in_common(void **state)
{
	const uint16_t id = TLS_ECDHE_ECDSA_WITH_AES_128_CCM_8;
	struct hello_policy policy = *policy_all();
	(void)state;
	own = SIGNATURE_KIND_P256;
	for (size_t i = 0; i < sizeof(certificate_rows) / sizeof(certificate_rows[0]); i++) {
		struct hello_choice choice;

		policy.client_auth = certificate_rows[i].auth;
		policy.client_x509 = certificate_rows[i].x509;
		policy.client_rpk = certificate_rows[i].rpk;
		assert_int_equal(select_one(id, certificate_rows[i].ext, &policy, &choice),
				 certificate_rows[i].want);
		assert_int_equal(choice.request_certificate, certificate_rows[i].request);
		assert_int_equal(choice.has_client_type, certificate_rows[i].has_client);
		if (certificate_rows[i].request)
			assert_int_equal(choice.client_type, certificate_rows[i].client);
		if (certificate_rows[i].want != STATUS_OK)
			assert_int_equal(choice.alert, ALERT_UNSUPPORTED_CERTIFICATE);
	}
	assert_int_equal(select_one(id, HELLO_BYTES(0, 20, 0, 3, 2, 2, 0), &policy,
				    &(struct hello_choice){ 0 }),
			 STATUS_OK);
}

/* RFC 8422 §5.1.2: answered only where curves are used. */
static void point_formats_are_answered(void **state)
{
	const struct hello_bytes ext = HELLO_BYTES(0, 11, 0, 2, 1, 0);
	struct hello_choice choice;

	(void)state;
	assert_int_equal(
		select_one(TLS_ECDHE_PSK_WITH_AES_128_CCM_SHA256, ext, policy_all(), &choice),
		STATUS_OK);
	assert_true(choice.point_formats);
	assert_int_equal(select_one(TLS_PSK_WITH_AES_128_CCM, ext, policy_all(), &choice),
			 STATUS_OK);
	assert_false(choice.point_formats);
}

/* A hello of DTLS 1.3 and what it gets from a server that does both. */
static enum status select13(const struct hello13 *h, struct hello_policy *policy,
			    struct hello_choice *out)
{
	static uint8_t body[HELLO_MAX];
	struct client_hello ch;

	assert_int_equal(client_hello_parse(rd_of(body, hello13_body(body, h)), &ch), HS_PARSE_OK);
	policy->min_version = DTLS_1_2;
	policy->max_version = DTLS_1_3;
	return hello_select(&ch, policy, own, out);
}

/* RFC 8446 §9.2; bad-input D8: by a PSK, by a certificate, by either, by neither. */
static void hello_of_13_gets_what_proves_the_ends(void **state)
{
	struct hello_policy policy = *policy_all();
	struct hello_choice choice;
	struct hello13 h;

	(void)state;
	for (size_t i = SUITE_12_N; i < SUITE_N; i++)
		policy.suites[policy.n_suites++] = suite_at(i);
	for (unsigned have = 0; have < 4; have++) {
		bool psk = have & 1, certificate = have & 2;

		own = certificate ? SIGNATURE_KIND_P256 : SIGNATURE_KIND_NONE;
		hello13_plain(&h);
		if (psk)
			hello13_psk(&h, 32);
		assert_int_equal(select13(&h, &policy, &choice),
				 have != 0 ? STATUS_OK : STATUS_HS_NO_CERT);
		assert_int_equal(choice.certificate, certificate);
		assert_int_equal(choice.psk_mode, psk ? HELLO_PSK_DHE_KE : HELLO_PSK_NONE);
		if (have == 0) {
			assert_int_equal(choice.alert, ALERT_HANDSHAKE_FAILURE);
			continue;
		}
		assert_int_equal(choice.version, DTLS_1_3);
		assert_int_equal(choice.suite->id, TLS_AES_128_GCM_SHA256);
		assert_int_equal(choice.group, ECDHE_X25519);
	}
	own = SIGNATURE_KIND_NONE;
	hello13_plain(&h);
	h.p.n_signature_algorithms = 0;
	assert_int_equal(select13(&h, &policy, &choice), STATUS_HS_NO_CERT);
	assert_int_equal(choice.alert, ALERT_MISSING_EXTENSION);
	own = SIGNATURE_KIND_P256;
}

/* RFC 8446 §4.2.3: signature_algorithms alone says what certificates a client takes. */
static void groups_of_13_are_not_those_of_certificates(void **state)
{
	struct hello_policy policy = *policy_all();
	struct hello_choice choice;
	uint8_t body[HELLO_MAX];
	struct client_hello ch;
	struct hello13 h;

	(void)state;
	own = SIGNATURE_KIND_NONE;
	hello13_plain(&h);
	assert_int_not_equal(select13(&h, &policy, &choice), STATUS_OK);
	assert_int_equal(client_hello_parse(rd_of(body, hello13_body(body, &h)), &ch), HS_PARSE_OK);
	assert_int_equal(hello_kinds(&ch, &policy), SIGNATURE_KIND_P256 | SIGNATURE_KIND_ED25519);
	policy.max_version = DTLS_1_2;
	assert_int_equal(hello_kinds(&ch, &policy), SIGNATURE_KIND_ED25519);
	own = SIGNATURE_KIND_P256;
}

/* RFC 8449 §4: in DTLS 1.3 a record's content type counts. */
static void record_size_of_13_is_one_more(void **state)
{
	static const struct {
		uint16_t asked, got;
	} rows[] = { { 64, 64 }, { 16384, 16384 }, { 16385, 16385 }, { 65535, 16385 }, { 0, 0 } };
	struct hello_policy policy = *policy_all();
	struct hello_choice choice;
	struct hello13 h;

	(void)state;
	policy.suites[policy.n_suites++] = suite_by_id(TLS_AES_128_GCM_SHA256);
	hello13_plain(&h);
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		h.p.record_size_limit = rows[i].asked;
		assert_int_equal(select13(&h, &policy, &choice), STATUS_OK);
		assert_int_equal(choice.record_size_limit, rows[i].got);
	}
}

/* RFC 8446 §4.1.2, §4.2.1; checklist 59, bad-input C8 */
static void version_is_chosen_before_all_else(void **state)
{
	struct hello_policy policy = *policy_all();
	struct hello_choice choice;
	struct hello_parts p = hello_plain();
	struct client_hello ch;
	uint8_t body[HELLO_MAX];

	(void)state;
	policy.min_version = policy.max_version = DTLS_1_3;
	assert_int_equal(client_hello_parse(rd_of(body, hello_body(body, &p)), &ch), HS_PARSE_OK);
	assert_int_equal(hello_select(&ch, &policy, own, &choice), STATUS_HELLO_VERSION);
	assert_int_equal(choice.alert, ALERT_PROTOCOL_VERSION);
	policy.min_version = DTLS_1_2;
	assert_int_equal(hello_select(&ch, &policy, own, &choice), STATUS_OK);
	assert_int_equal(choice.version, DTLS_1_2);
	/* bad-input C12: TLS_FALLBACK_SCSV of a client that could have had 1.3 */
	p.suites = HELLO_BYTES(0xc0, 0xa8, 0x56, 0x00);
	assert_int_equal(client_hello_parse(rd_of(body, hello_body(body, &p)), &ch), HS_PARSE_OK);
	assert_int_equal(hello_select(&ch, &policy, own, &choice), STATUS_HELLO_VERSION);
	assert_int_equal(choice.alert, ALERT_INAPPROPRIATE_FALLBACK);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(server_preference_wins),
		cmocka_unit_test(connection_ids),
		cmocka_unit_test(every_suite_of_ours_can_be_chosen),
		cmocka_unit_test(no_common_suite_is_handshake_failure),
		cmocka_unit_test(versions_from_1_2_on_are_accepted),
		cmocka_unit_test(fallback_to_the_highest_version_is_no_fallback),
		cmocka_unit_test(extended_master_secret_is_answered_or_required),
		cmocka_unit_test(renegotiation_info_is_answered_when_empty),
		cmocka_unit_test(sizes_of_records_are_chosen),
		cmocka_unit_test(real_hellos_get_what_they_offer),
		cmocka_unit_test(the_group_is_the_servers_favourite_of_those_offered),
		cmocka_unit_test(certificates_need_a_key_that_the_client_takes),
		cmocka_unit_test(certificate_types_are_those_in_common),
		cmocka_unit_test(point_formats_are_answered),
		cmocka_unit_test(hello_of_13_gets_what_proves_the_ends),
		cmocka_unit_test(groups_of_13_are_not_those_of_certificates),
		cmocka_unit_test(record_size_of_13_is_one_more),
		cmocka_unit_test(version_is_chosen_before_all_else),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}

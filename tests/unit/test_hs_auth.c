/* SPDX-License-Identifier: BSD-3-Clause */
#include "hs_auth.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdlib.h>

#include <cmocka.h>

/* One parser for the tests that go over all of them. */
enum message {
	CERTIFICATE,
	REQUEST,
	VERIFY,
	PSK_SERVER,
	SIGNED_SERVER,
	PSK_CLIENT,
	CLIENT,
	MESSAGES
};

static enum hs_parse parse(enum message m, struct rd body)
{
	struct certificate_request cr;
	struct hs_signature sig;
	struct ecdhe_server s;
	struct rd a, b;

	switch (m) {
	case CERTIFICATE:
		return certificate_parse(body, &a);
	case REQUEST:
		return certificate_request_parse(body, &cr);
	case VERIFY:
		return certificate_verify_parse(body, &sig);
	case PSK_SERVER:
		return ecdhe_psk_server_parse(body, &s);
	case SIGNED_SERVER:
		return ecdhe_signed_server_parse(body, &s);
	case PSK_CLIENT:
		return ecdhe_psk_client_parse(body, &a, &b);
	case CLIENT:
		return ecdhe_client_parse(body, &a);
	case MESSAGES:
		break;
	}
	return HS_PARSE_OK;
}

static const uint8_t point[65] = { 4, 1, 2, 3 };

static size_t write(enum message m, uint8_t out[256])
{
	static const uint8_t types[] = { CLIENT_CERTIFICATE_ECDSA_SIGN },
			     cert[] = { 0, 0, 5, 0, 0, 2, 0x30, 0 };
	static const uint16_t algorithms[] = { 0x0403, 0x0804 };
	struct wr w = wr_of(out, 256);
	size_t len;

	switch (m) {
	case CERTIFICATE:
		wr_bytes(&w, cert, sizeof(cert));
		break;
	case REQUEST:
		certificate_request_write(&w, types, 1, algorithms, 2);
		break;
	case VERIFY:
		hs_signature_write(&w, 0x0403, point, 40);
		break;
	case PSK_SERVER:
		psk_identity_write(&w, (const uint8_t *)"hint", 4);
		ecdhe_params_write(&w, 23, point, sizeof(point));
		break;
	case SIGNED_SERVER:
		ecdhe_params_write(&w, 23, point, sizeof(point));
		hs_signature_write(&w, 0x0807, point, 64);
		break;
	case PSK_CLIENT:
		psk_identity_write(&w, (const uint8_t *)"dev1", 4);
		ecdhe_point_write(&w, point, sizeof(point));
		break;
	case CLIENT:
		ecdhe_point_write(&w, point, sizeof(point));
		break;
	case MESSAGES:
		break;
	}
	assert_true(wr_finish(&w, &len));
	return len;
}

/* bad-input B1; bug 62 of hostile.md: cut anywhere, or with anything behind it. */
static void only_whole_messages_are_accepted(void **state)
{
	uint8_t bytes[257];

	(void)state;
	for (enum message m = CERTIFICATE; m < MESSAGES; m++) {
		size_t len = write(m, bytes);

		assert_int_equal(parse(m, rd_of(bytes, len)), HS_PARSE_OK);
		for (size_t cut = 0; cut < len; cut++) {
			uint8_t *exact = malloc(cut ? cut : 1);

			memcpy(exact, bytes, cut);
			assert_int_equal(parse(m, rd_of(exact, cut)), HS_PARSE_DECODE_ERROR);
			free(exact);
		}
		bytes[len] = 0;
		assert_int_equal(parse(m, rd_of(bytes, len + 1)), HS_PARSE_DECODE_ERROR);
	}
}

static void certificates_are_what_is_in_them(void **state)
{
	uint8_t bytes[256], none[3];
	struct wr w = wr_of(none, sizeof(none));
	size_t len = write(CERTIFICATE, bytes);
	struct rd content;

	(void)state;
	assert_int_equal(certificate_parse(rd_of(bytes, len), &content), HS_PARSE_OK);
	assert_ptr_equal(content.p, bytes + 3);
	assert_int_equal(rd_len(&content), 5);
	certificate_none_write(&w);
	assert_true(wr_finish(&w, &len));
	assert_int_equal(certificate_parse(rd_of(none, len), &content), HS_PARSE_OK);
	assert_int_equal(rd_len(&content), 0);
}

static void requests_are_read_as_written(void **state)
{
	uint8_t bytes[256];
	size_t len = write(REQUEST, bytes);
	struct certificate_request cr;

	(void)state;
	assert_int_equal(certificate_request_parse(rd_of(bytes, len), &cr), HS_PARSE_OK);
	assert_int_equal(rd_len(&cr.types), 1);
	assert_true(hs_list16_has(cr.signature_algorithms, 0x0403));
	assert_true(hs_list16_has(cr.signature_algorithms, 0x0804));
	assert_false(hs_list16_has(cr.signature_algorithms, 0x0308));
	assert_int_equal(rd_len(&cr.authorities), 0);
}

static void odd_requests_are_refused(void **state)
{
	static const struct {
		uint8_t bytes[16];
		size_t len;
	} rows[] = {
		{ { 0, 0, 2, 4, 3, 0, 0 }, 7 },               /* no types */
		{ { 1, 64, 0, 0, 0, 0 }, 6 },                 /* no algorithms */
		{ { 1, 64, 0, 3, 4, 3, 4, 0, 0 }, 9 },        /* odd */
		{ { 1, 64, 0, 2, 4, 3, 0, 2, 0, 0 }, 10 },    /* an empty name */
		{ { 1, 64, 0, 2, 4, 3, 0, 3, 0, 2, 1 }, 11 }, /* a name past its list */
	};
	static const uint8_t named[] = { 1, 64, 0, 2, 4, 3, 0, 4, 0, 2, 0x30, 0 };
	struct certificate_request cr;

	(void)state;
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++)
		assert_int_equal(certificate_request_parse(rd_of(rows[i].bytes, rows[i].len), &cr),
				 HS_PARSE_DECODE_ERROR);
	assert_int_equal(certificate_request_parse(rd_of(named, sizeof(named)), &cr), HS_PARSE_OK);
	assert_int_equal(rd_len(&cr.authorities), 4);
}

static void key_exchanges_are_read_as_written(void **state)
{
	uint8_t bytes[256];
	struct ecdhe_server s;
	struct rd identity, got;

	(void)state;
	assert_int_equal(ecdhe_psk_server_parse(rd_of(bytes, write(PSK_SERVER, bytes)), &s),
			 HS_PARSE_OK);
	assert_int_equal(rd_len(&s.hint), 4);
	assert_int_equal(s.group, 23);
	assert_int_equal(rd_len(&s.point), sizeof(point));
	assert_int_equal(ecdhe_signed_server_parse(rd_of(bytes, write(SIGNED_SERVER, bytes)), &s),
			 HS_PARSE_OK);
	assert_ptr_equal(s.params.p, bytes);
	assert_int_equal(rd_len(&s.params), 1 + 2 + 1 + sizeof(point));
	assert_memory_equal(s.point.p, point, sizeof(point));
	assert_int_equal(s.signature.scheme, 0x0807);
	assert_int_equal(rd_len(&s.signature.bytes), 64);
	assert_int_equal(
		ecdhe_psk_client_parse(rd_of(bytes, write(PSK_CLIENT, bytes)), &identity, &got),
		HS_PARSE_OK);
	assert_int_equal(rd_len(&identity), 4);
	assert_int_equal(rd_len(&got), sizeof(point));
}

/* bad-input G5; RFC 8422 §5.4: curves are named. */
static void other_curve_types_are_illegal(void **state)
{
	uint8_t bytes[256];
	struct ecdhe_server s;

	(void)state;
	for (unsigned type = 0; type < 256; type++) {
		size_t len = write(SIGNED_SERVER, bytes);

		bytes[0] = (uint8_t)type;
		assert_int_equal(ecdhe_signed_server_parse(rd_of(bytes, len), &s),
				 type == 3 ? HS_PARSE_OK : HS_PARSE_ILLEGAL_PARAMETER);
		len = write(PSK_SERVER, bytes);
		bytes[6] = (uint8_t)type;
		assert_int_equal(ecdhe_psk_server_parse(rd_of(bytes, len), &s),
				 type == 3 ? HS_PARSE_OK : HS_PARSE_ILLEGAL_PARAMETER);
	}
}

static void empty_points_are_refused(void **state)
{
	static const uint8_t client[] = { 0 }, psk_client[] = { 0, 1, 'x', 0 },
			     server[] = { 0, 0, 3, 0, 23, 0 };
	struct ecdhe_server s;
	struct rd a, b;

	(void)state;
	assert_int_equal(ecdhe_client_parse(rd_of(client, 1), &a), HS_PARSE_DECODE_ERROR);
	assert_int_equal(ecdhe_psk_client_parse(rd_of(psk_client, 4), &a, &b),
			 HS_PARSE_DECODE_ERROR);
	assert_int_equal(ecdhe_psk_server_parse(rd_of(server, 6), &s), HS_PARSE_DECODE_ERROR);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(only_whole_messages_are_accepted),
		cmocka_unit_test(certificates_are_what_is_in_them),
		cmocka_unit_test(requests_are_read_as_written),
		cmocka_unit_test(odd_requests_are_refused),
		cmocka_unit_test(key_exchanges_are_read_as_written),
		cmocka_unit_test(other_curve_types_are_illegal),
		cmocka_unit_test(empty_points_are_refused),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}

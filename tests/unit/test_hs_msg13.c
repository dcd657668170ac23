/* SPDX-License-Identifier: BSD-3-Clause */
#include "hs_msg13.h"

#include "hellos.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

enum { BODY_MAX = 512 };

static const uint8_t a_random[HS_RANDOM_LEN] = { 9, 8, 7 };
static const uint8_t a_key[65] = { 4, 1, 2, 3 };

static bool is(struct rd r, const void *bytes, size_t len)
{
	return rd_len(&r) == len && memcmp(r.p, bytes, len) == 0;
}

/* Each parser of this file, by one signature. */
union message {
	struct server_hello13 server_hello;
	struct encrypted_extensions encrypted_extensions;
	struct certificate_request13 certificate_request;
	struct certificate13 certificate;
	struct new_session_ticket13 ticket;
	bool requested;
	struct rd list;
};

static enum hs_parse server_hello(struct rd b, union message *m)
{
	return server_hello13_parse(b, &m->server_hello);
}

static enum hs_parse encrypted(struct rd b, union message *m)
{
	return encrypted_extensions_parse(b, &m->encrypted_extensions);
}

static enum hs_parse request(struct rd b, union message *m)
{
	return certificate_request13_parse(b, &m->certificate_request);
}

static enum hs_parse certificate(struct rd b, union message *m)
{
	return certificate13_parse(b, &m->certificate);
}

static enum hs_parse ticket(struct rd b, union message *m)
{
	return new_session_ticket13_parse(b, &m->ticket);
}

static enum hs_parse key_update(struct rd b, union message *m)
{
	return key_update_parse(b, &m->requested);
}

static enum hs_parse ack(struct rd b, union message *m) { return ack_parse(b, &m->list); }

typedef enum hs_parse parser(struct rd body, union message *m);

/* From heap memory that ends where it ends. */
static enum hs_parse parse(parser *p, const void *bytes, size_t len)
{
	uint8_t *copy = malloc(len + 1);
	union message m;
	enum hs_parse result;

	assert_non_null(copy);
	memcpy(copy + 1, bytes, len);
	result = p(rd_of(copy + 1, len), &m);
	free(copy);
	return result;
}

/* bad-input C1: no part of a message is one, nor is more than it. empty: but for its beginning,
 * which is a message that ends before its extensions (0: none). */
static void check_ends(parser *p, const uint8_t *body, size_t len, size_t without)
{
	uint8_t more[BODY_MAX + 1];

	memcpy(more, body, len);
	more[len] = 0;
	assert_int_equal(parse(p, body, len), HS_PARSE_OK);
	for (size_t n = 0; n <= len + 1; n++)
		if (n != len && (n != without || n == 0))
			assert_int_equal(parse(p, more, n), HS_PARSE_DECODE_ERROR);
}

enum { BEFORE_EXTENSIONS = 2 + HS_RANDOM_LEN + 1 + 2 + 1 };

/* RFC 8446 §4.1.3; checklist 33 */
static void server_hello_is_read_as_it_was_written(void **state)
{
	const struct server_hello13_params p = { .random = a_random,
						 .suite = 0x1303,
						 .share = { 23, 65, a_key },
						 .has_psk = true,
						 .psk = 3 };
	uint8_t body[BODY_MAX];
	struct wr w = wr_of(body, sizeof(body));
	struct server_hello13 sh;
	size_t len;

	(void)state;
	server_hello13_write(&w, &p);
	assert_true(wr_finish(&w, &len));
	assert_int_equal(server_hello13_parse(rd_of(body, len), &sh), HS_PARSE_OK);
	assert_int_equal(sh.version, DTLS_1_3);
	assert_memory_equal(sh.random, a_random, HS_RANDOM_LEN);
	assert_int_equal(rd_len(&sh.session_id), 0);
	assert_int_equal(sh.suite, 0x1303);
	assert_int_equal(sh.compression, 0);
	assert_false(sh.retry);
	assert_true(sh.has_share && sh.has_psk);
	assert_int_equal(sh.group, 23);
	assert_true(is(sh.share, a_key, sizeof(a_key)));
	assert_int_equal(sh.psk, 3);
	check_ends(server_hello, body, len, BEFORE_EXTENSIONS);
	/* legacy_version is 1.2's. */
	assert_memory_equal(body, "\xfe\xfd", 2);
}

static void server_hello_by_psk_ke_has_no_share(void **state)
{
	const struct server_hello13_params p = { .random = a_random,
						 .suite = 0x1301,
						 .has_psk = true };
	uint8_t body[BODY_MAX];
	struct wr w = wr_of(body, sizeof(body));
	struct server_hello13 sh;

	(void)state;
	server_hello13_write(&w, &p);
	assert_int_equal(server_hello13_parse(rd_of(body, wr_len(&w)), &sh), HS_PARSE_OK);
	assert_true(!sh.has_share && sh.has_psk && sh.psk == 0);
}

/* RFC 8446 §4.1.4: the random is SHA-256 of "HelloRetryRequest". */
static void retry_request_is_read_as_it_was_written(void **state)
{
	uint8_t body[BODY_MAX];
	struct wr w = wr_of(body, sizeof(body));
	struct server_hello13 sh;
	size_t len;

	(void)state;
	hello_retry_write(&w, 0x1301, 29, rd_of("a cookie", 8));
	assert_true(wr_finish(&w, &len));
	assert_int_equal(server_hello13_parse(rd_of(body, len), &sh), HS_PARSE_OK);
	assert_memory_equal(sh.random, "\xcf\x21\xad\x74\xe5\x9a\x61\x11", 8);
	assert_true(sh.retry && sh.has_share && !sh.has_psk);
	assert_int_equal(sh.version, DTLS_1_3);
	assert_int_equal(sh.group, 29);
	assert_true(is(sh.cookie, "a cookie", 8));
	check_ends(server_hello, body, len, BEFORE_EXTENSIONS);
}

/* A ServerHello, or a HelloRetryRequest, with these extensions. */
static size_t with_extensions(uint8_t out[BODY_MAX], bool retry, struct hello_bytes extensions)
{
	struct wr w = wr_of(out, BODY_MAX);

	if (retry)
		hello_retry_write(&w, 0x1301, 0, rd_of(NULL, 0));
	else
		server_hello13_write(
			&w, &(struct server_hello13_params){ .random = a_random, .suite = 0x1301 });
	bytes_put_u16(out + BEFORE_EXTENSIONS, (uint16_t)(6 + extensions.len));
	wr_bytes(&w, extensions.p, extensions.len);
	return wr_len(&w);
}

/* bad-input D1, D2; RFC 8446 §4.2: an extension stands where it belongs, once, and is well formed.
 */
static void extensions_belong_where_they_stand(void **state)
{
	static const struct {
		bool retry;
		enum hs_parse want;
		uint8_t len, bytes[12];
	} rows[] = {
		{ false, HS_PARSE_ILLEGAL_PARAMETER, 7, { 0, 44, 0, 3, 0, 1, 9 } }, /* cookie */
		{ true, HS_PARSE_OK, 7, { 0, 44, 0, 3, 0, 1, 9 } },
		{ true, HS_PARSE_DECODE_ERROR, 6, { 0, 44, 0, 2, 0, 0 } },      /* empty */
		{ true, HS_PARSE_ILLEGAL_PARAMETER, 6, { 0, 41, 0, 2, 0, 0 } }, /* PSK */
		{ false, HS_PARSE_OK, 6, { 0, 41, 0, 2, 0, 0 } },
		{ false, HS_PARSE_DECODE_ERROR, 5, { 0, 41, 0, 1, 0 } },
		{ false, HS_PARSE_DECODE_ERROR, 6, { 0, 51, 0, 2, 0, 29 } }, /* no key */
		{ true, HS_PARSE_OK, 6, { 0, 51, 0, 2, 0, 29 } },
		{ false, HS_PARSE_OK, 9, { 0, 51, 0, 5, 0, 29, 0, 1, 7 } },
		{ true, HS_PARSE_DECODE_ERROR, 9, { 0, 51, 0, 5, 0, 29, 0, 1, 7 } }, /* a key */
		{ false, HS_PARSE_DECODE_ERROR, 8, { 0, 51, 0, 4, 0, 29, 0, 0 } },
		{ false, HS_PARSE_ILLEGAL_PARAMETER, 4, { 0, 23, 0, 0 } }, /* of 1.2 */
		{ false, HS_PARSE_UNSUPPORTED_EXTENSION, 4, { 0xaa, 0xaa, 0, 0 } },
		{ true, HS_PARSE_UNSUPPORTED_EXTENSION, 4, { 0xaa, 0xaa, 0, 0 } },
		{ false, HS_PARSE_DECODE_ERROR, 6, { 0, 43, 0, 2, 0xfe, 0xfc } }, /* twice */
		{ false, HS_PARSE_DECODE_ERROR, 3, { 0, 41, 0 } },
	};

	(void)state;
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		const struct hello_bytes extensions = { rows[i].bytes, rows[i].len };
		uint8_t body[BODY_MAX];
		size_t len = with_extensions(body, rows[i].retry, extensions);

		assert_int_equal(parse(server_hello, body, len), rows[i].want);
	}
}

/* A server that knows 1.2 only, and one that echoes a session_id. */
static void hello_of_12_is_told_apart(void **state)
{
	static const uint8_t id[] = { 1, 2, 3 };
	const struct server_hello_params p = { .random = a_random,
					       .suite = 0xc0a8,
					       .ems = true,
					       .renegotiation_info = true,
					       .session_id = id,
					       .session_id_len = sizeof(id) };
	uint8_t body[BODY_MAX];
	struct wr w = wr_of(body, sizeof(body));
	struct server_hello13 sh;

	(void)state;
	server_hello_write(&w, &p);
	assert_int_equal(server_hello13_parse(rd_of(body, wr_len(&w)), &sh), HS_PARSE_OK);
	assert_int_equal(sh.version, 0);
	assert_int_equal(sh.suite, 0xc0a8);
	assert_true(is(sh.session_id, id, sizeof(id)));
	assert_int_equal(parse(server_hello, body, BEFORE_EXTENSIONS + sizeof(id)), HS_PARSE_OK);
}

static void encrypted_extensions_are_read_as_they_were_written(void **state)
{
	const struct encrypted_extensions e = { .server_name = true,
						.has_client_certificate_type = true,
						.client_certificate_type = HS_CERTIFICATE_RPK,
						.has_server_certificate_type = true,
						.server_certificate_type = HS_CERTIFICATE_RPK,
						.max_fragment_length = 3,
						.record_size_limit = 64 };
	uint8_t body[BODY_MAX];
	struct wr w = wr_of(body, sizeof(body));
	struct encrypted_extensions got;

	(void)state;
	encrypted_extensions_write(&w, &e);
	assert_int_equal(encrypted_extensions_parse(rd_of(body, wr_len(&w)), &got), HS_PARSE_OK);
	assert_memory_equal(&got, &e, sizeof(e));
	check_ends(encrypted, body, wr_len(&w), 0);
	w = wr_of(body, sizeof(body));
	encrypted_extensions_write(&w, &(struct encrypted_extensions){ 0 });
	assert_true(is(rd_of(body, wr_len(&w)), "\0\0", 2));
	assert_int_equal(encrypted_extensions_parse(rd_of(body, 2), &got), HS_PARSE_OK);
}

/* bad-input D10 */
static void encrypted_extensions_are_checked(void **state)
{
	static const struct {
		enum hs_parse want;
		uint8_t len, bytes[12];
	} rows[] = {
		{ HS_PARSE_OK, 10, { 0, 8, 0, 10, 0, 4, 0, 2, 0, 29 } }, /* supported_groups */
		{ HS_PARSE_ILLEGAL_PARAMETER, 7, { 0, 5, 0, 1, 0, 1, 0 } },
		{ HS_PARSE_ILLEGAL_PARAMETER, 7, { 0, 5, 0, 1, 0, 1, 5 } },
		{ HS_PARSE_ILLEGAL_PARAMETER, 8, { 0, 6, 0, 28, 0, 2, 0, 63 } },
		{ HS_PARSE_DECODE_ERROR, 7, { 0, 5, 0, 0, 0, 1, 0 } },
		{ HS_PARSE_DECODE_ERROR, 6, { 0, 4, 0, 19, 0, 0 } },
		{ HS_PARSE_ILLEGAL_PARAMETER, 6, { 0, 4, 0, 43, 0, 0 } }, /* of other messages */
		{ HS_PARSE_ILLEGAL_PARAMETER, 6, { 0, 4, 0, 51, 0, 0 } },
		{ HS_PARSE_UNSUPPORTED_EXTENSION, 6, { 0, 4, 0, 42, 0, 0 } }, /* never offered */
		{ HS_PARSE_UNSUPPORTED_EXTENSION, 6, { 0, 4, 0, 16, 0, 0 } },
		/* what is malformed outranks it */
		{ HS_PARSE_DECODE_ERROR, 10, { 0, 8, 0, 16, 0, 0, 0, 19, 0, 0 } },
		{ HS_PARSE_DECODE_ERROR, 10, { 0, 8, 0, 0, 0, 0, 0, 0, 0, 0 } }, /* twice */
	};

	(void)state;
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++)
		assert_int_equal(parse(encrypted, rows[i].bytes, rows[i].len), rows[i].want);
}

static void certificate_request_is_read_as_it_was_written(void **state)
{
	static const uint16_t schemes[] = { 0x0403, 0x0807 };
	static const uint8_t context[] = { 2, 7, 7, 0, 8, 0, 13, 0, 4, 0, 2, 4, 3 },
			     others[] = { 0, 0, 12, 0, 13, 0, 4, 0, 2, 4, 3, 0, 47, 0, 0 },
			     none[] = { 0, 0, 4, 0, 47, 0, 0 },
			     unknown[] = { 0, 0, 12, 0, 13, 0, 4, 0, 2, 4, 3, 0xaa, 0xaa, 0, 0 },
			     stray[] = { 0, 0, 12, 0, 13, 0, 4, 0, 2, 4, 3, 0, 10, 0, 0 };
	uint8_t body[BODY_MAX];
	struct wr w = wr_of(body, sizeof(body));
	struct certificate_request13 cr;

	(void)state;
	certificate_request13_write(&w, schemes, 2);
	assert_int_equal(certificate_request13_parse(rd_of(body, wr_len(&w)), &cr), HS_PARSE_OK);
	assert_int_equal(rd_len(&cr.context), 0);
	assert_true(is(cr.signature_algorithms, "\4\3\10\7", 4));
	check_ends(request, body, wr_len(&w), 0);
	assert_int_equal(certificate_request13_parse(rd_of(context, sizeof(context)), &cr),
			 HS_PARSE_OK);
	assert_true(is(cr.context, "\7\7", 2));
	assert_int_equal(parse(request, others, sizeof(others)), HS_PARSE_OK);
	assert_int_equal(parse(request, none, sizeof(none)), HS_PARSE_MISSING_EXTENSION);
	assert_int_equal(parse(request, unknown, sizeof(unknown)), HS_PARSE_OK);
	assert_int_equal(parse(request, stray, sizeof(stray)), HS_PARSE_ILLEGAL_PARAMETER);
}

/* A chain as DTLS 1.2 lists it, there and back. */
static void certificate_is_read_as_it_was_written(void **state)
{
	static const uint8_t chain[] = { 0, 0, 3, 1, 2, 3, 0, 0, 1, 9 };
	uint8_t body[BODY_MAX], list[BODY_MAX];
	struct wr w = wr_of(body, sizeof(body)), l = wr_of(list, sizeof(list)),
		  small = wr_of(list, sizeof(chain) - 1);
	struct certificate13 c;
	struct rd data;

	(void)state;
	certificate13_write(&w, rd_of(chain, sizeof(chain)));
	assert_int_equal(wr_len(&w), 1 + 3 + sizeof(chain) + 2 * 2);
	assert_int_equal(certificate13_parse(rd_of(body, wr_len(&w)), &c), HS_PARSE_OK);
	assert_int_equal(rd_len(&c.context), 0);
	certificate13_list(&l, c.entries);
	assert_true(is(rd_of(list, wr_len(&l)), chain, sizeof(chain)));
	certificate13_list(&small, c.entries);
	assert_true(small.failed);
	assert_true(certificate13_next(&c.entries, &data) && is(data, "\1\2\3", 3));
	assert_true(certificate13_next(&c.entries, &data) && is(data, "\11", 1));
	assert_false(certificate13_next(&c.entries, &data));
	check_ends(certificate, body, wr_len(&w), 0);
}

static void raw_key_and_none_are_certificates_too(void **state)
{
	uint8_t body[BODY_MAX];
	struct wr w = wr_of(body, sizeof(body));
	struct certificate13 c;
	struct rd data;

	(void)state;
	certificate13_rpk_write(&w, rd_of(a_key, sizeof(a_key)));
	assert_int_equal(certificate13_parse(rd_of(body, wr_len(&w)), &c), HS_PARSE_OK);
	assert_true(certificate13_next(&c.entries, &data) && is(data, a_key, sizeof(a_key)));
	assert_int_equal(rd_len(&c.entries), 0);
	w = wr_of(body, sizeof(body));
	certificate13_rpk_write(&w, rd_of(NULL, 0));
	assert_true(is(rd_of(body, wr_len(&w)), "\0\0\0\0", 4));
	w = wr_of(body, sizeof(body));
	certificate13_write(&w, rd_of(NULL, 0));
	assert_true(is(rd_of(body, wr_len(&w)), "\0\0\0\0", 4));
	assert_int_equal(certificate13_parse(rd_of(body, 4), &c), HS_PARSE_OK);
	assert_false(certificate13_next(&c.entries, &data));
	/* An entry without a certificate in it. */
	assert_int_equal(parse(certificate, "\0\0\0\5\0\0\0\0\0", 9), HS_PARSE_DECODE_ERROR);
}

/* RFC 8446 §4.4.3's own example of a server's, whose hash is all ones. */
static void signature_is_over_the_rfcs_bytes(void **state)
{
	uint8_t hash[48], out[HS_VERIFY13_INPUT_MAX];

	(void)state;
	memset(hash, 1, sizeof(hash));
	assert_int_equal(certificate_verify13_input(out, true, hash, 32), 64 + 34 + 32);
	for (size_t i = 0; i < 64; i++)
		assert_int_equal(out[i], 0x20);
	assert_memory_equal(out + 64, "TLS 1.3, server CertificateVerify", 34);
	assert_memory_equal(out + 98, hash, 32);
	assert_int_equal(certificate_verify13_input(out, false, hash, 48), sizeof(out));
	assert_memory_equal(out + 64, "TLS 1.3, client CertificateVerify", 34);
	assert_memory_equal(out + 98, hash, 48);
}

static void ticket_is_read_as_it_was_written(void **state)
{
	static const uint8_t empty[] = { 0, 0, 0, 1, 0, 0, 0, 2, 0, 0, 0, 0, 0 },
			     early[] = { 0, 0, 0, 1, 0,  0, 0, 2, 0, 0, 1,
					 5, 0, 8, 0, 42, 0, 4, 0, 0, 0, 9 };
	const struct new_session_ticket13 t = { .lifetime_s = 7200,
						.age_add = 0x01020304,
						.nonce = rd_of("\1\2", 2),
						.ticket = rd_of("ticket", 6) };
	uint8_t body[BODY_MAX];
	struct wr w = wr_of(body, sizeof(body));
	struct new_session_ticket13 got;

	(void)state;
	new_session_ticket13_write(&w, &t);
	assert_int_equal(new_session_ticket13_parse(rd_of(body, wr_len(&w)), &got), HS_PARSE_OK);
	assert_int_equal(got.lifetime_s, 7200);
	assert_int_equal(got.age_add, 0x01020304);
	assert_true(is(got.nonce, "\1\2", 2) && is(got.ticket, "ticket", 6));
	check_ends(ticket, body, wr_len(&w), 0);
	assert_int_equal(parse(ticket, empty, sizeof(empty)), HS_PARSE_DECODE_ERROR);
	assert_int_equal(parse(ticket, early, sizeof(early)), HS_PARSE_OK);
}

/* bad-input L8 */
static void key_update_is_read_as_it_was_written(void **state)
{
	(void)state;
	for (unsigned asked = 0; asked < 2; asked++) {
		uint8_t body[1];
		struct wr w = wr_of(body, sizeof(body));
		bool got = !asked;

		key_update_write(&w, asked);
		assert_int_equal(key_update_parse(rd_of(body, wr_len(&w)), &got), HS_PARSE_OK);
		assert_int_equal(got, asked);
		check_ends(key_update, body, 1, 0);
	}
	assert_int_equal(parse(key_update, "\2", 1), HS_PARSE_ILLEGAL_PARAMETER);
	assert_int_equal(parse(key_update, "\377", 1), HS_PARSE_ILLEGAL_PARAMETER);
}

/* bad-input L2 */
static void ack_is_read_as_it_was_written(void **state)
{
	static const struct hs_ack numbers[] = { { 2, 0 }, { 3, UINT64_MAX } };
	static const uint8_t odd[] = { 0, 15, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0 };
	uint8_t body[BODY_MAX];
	struct wr w = wr_of(body, sizeof(body));
	struct hs_ack got;
	struct rd list;

	(void)state;
	ack_write(&w, numbers, 2);
	assert_int_equal(wr_len(&w), 2 + 2 * 16);
	assert_int_equal(ack_parse(rd_of(body, wr_len(&w)), &list), HS_PARSE_OK);
	for (size_t i = 0; i < 2; i++) {
		assert_true(ack_next(&list, &got));
		assert_true(got.epoch == numbers[i].epoch && got.number == numbers[i].number);
	}
	assert_false(ack_next(&list, &got));
	check_ends(ack, body, wr_len(&w), 0);
	assert_int_equal(parse(ack, odd, sizeof(odd)), HS_PARSE_DECODE_ERROR);
	assert_int_equal(parse(ack, "\0\0", 2), HS_PARSE_OK);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(server_hello_is_read_as_it_was_written),
		cmocka_unit_test(server_hello_by_psk_ke_has_no_share),
		cmocka_unit_test(retry_request_is_read_as_it_was_written),
		cmocka_unit_test(extensions_belong_where_they_stand),
		cmocka_unit_test(hello_of_12_is_told_apart),
		cmocka_unit_test(encrypted_extensions_are_read_as_they_were_written),
		cmocka_unit_test(encrypted_extensions_are_checked),
		cmocka_unit_test(certificate_request_is_read_as_it_was_written),
		cmocka_unit_test(certificate_is_read_as_it_was_written),
		cmocka_unit_test(raw_key_and_none_are_certificates_too),
		cmocka_unit_test(signature_is_over_the_rfcs_bytes),
		cmocka_unit_test(ticket_is_read_as_it_was_written),
		cmocka_unit_test(key_update_is_read_as_it_was_written),
		cmocka_unit_test(ack_is_read_as_it_was_written),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}

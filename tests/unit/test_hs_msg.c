/* SPDX-License-Identifier: BSD-3-Clause */
#include "hs_msg.h"

#include "hellos.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

/* The bytes are on the heap and end where the message ends, so that a sanitizer sees over-reads. */
static enum hs_parse parse_bytes(const uint8_t *bytes, size_t len)
{
	uint8_t *copy = malloc(len + 1);
	struct client_hello ch;
	enum hs_parse result;

	assert_non_null(copy);
	memcpy(copy + 1, bytes, len);
	result = client_hello_parse(rd_of(copy + 1, len), &ch);
	free(copy);
	return result;
}

static enum hs_parse parse(const struct hello_parts *parts)
{
	uint8_t body[HELLO_MAX];

	return parse_bytes(body, hello_body(body, parts));
}

static struct hello_parts with_extensions(struct hello_bytes extensions)
{
	struct hello_parts p = hello_plain();

	p.extensions = extensions;
	p.has_extensions = true;
	return p;
}

static enum hs_parse parse_extensions(struct hello_bytes extensions)
{
	struct hello_parts p = with_extensions(extensions);

	return parse(&p);
}

static void fragment_is_read_and_passed(void **state)
{
	uint8_t bytes[64];
	struct wr w = wr_of(bytes, sizeof(bytes));
	struct hs_fragment f;
	struct rd r;

	(void)state;
	hs_header_write(&w, HS_FINISHED, 0x010203, 0x0405, 0x000102, 3);
	wr_bytes(&w, "abc", 3);
	hs_header_write(&w, HS_SERVER_HELLO_DONE, 0, 6, 0, 0);
	r = rd_of(bytes, wr_len(&w));
	assert_true(hs_fragment_next(&r, &f));
	assert_int_equal(f.type, HS_FINISHED);
	assert_int_equal(f.len, 0x010203);
	assert_int_equal(f.seq, 0x0405);
	assert_int_equal(f.off, 0x000102);
	assert_int_equal(rd_len(&f.body), 3);
	assert_memory_equal(f.body.p, "abc", 3);
	assert_true(hs_fragment_next(&r, &f));
	assert_int_equal(f.type, HS_SERVER_HELLO_DONE);
	assert_int_equal(rd_len(&f.body), 0);
	assert_false(hs_fragment_next(&r, &f));
}

/* One fragment with len bytes behind its header. */
static bool fragment_ok(uint32_t len, uint32_t off, uint32_t frag_len, size_t behind)
{
	uint8_t bytes[256] = { 0 };
	struct wr w = wr_of(bytes, sizeof(bytes));
	struct rd r = rd_of(bytes, HS_HEADER_LEN + behind), before = r;
	struct hs_fragment f;
	bool ok;

	hs_header_write(&w, HS_CLIENT_HELLO, len, 0, off, frag_len);
	ok = hs_fragment_next(&r, &f);
	assert_int_equal(r.p - before.p, ok ? HS_HEADER_LEN + frag_len : 0);
	return ok;
}

/* bad-input B1, B8: no sum can wrap, and no length makes anything be read or reserved. */
static void fragment_past_its_message_is_refused(void **state)
{
	(void)state;
	assert_true(fragment_ok(100, 0, 100, 100));
	assert_true(fragment_ok(100, 60, 40, 40));
	assert_true(fragment_ok(100, 100, 0, 0));
	assert_false(fragment_ok(100, 61, 40, 40));
	assert_false(fragment_ok(100, 101, 0, 0));
	assert_false(fragment_ok(10, 0, 100, 100));
	assert_false(fragment_ok(100, 0xffffff, 100, 100));
	assert_false(fragment_ok(0, 0xffffff, 1, 1));
	assert_true(fragment_ok(0xffffff, 0xffffff, 0, 0));
	assert_true(fragment_ok(0xffffff, 0xffff00, 0xff, 0xff));
	assert_false(fragment_ok(0xffffff, 0, 0xffffff, 200));
}

/* bad-input B13 (half a header in a record), B14 (less than a header behind a message) */
static void truncated_fragment_is_refused(void **state)
{
	(void)state;
	for (size_t behind = 0; behind < 50; behind++)
		assert_false(fragment_ok(100, 0, 50, behind));
	for (size_t len = 0; len < HS_HEADER_LEN; len++) {
		const uint8_t zeros[HS_HEADER_LEN] = { 0 };
		struct rd r = rd_of(zeros, len);
		struct hs_fragment f;

		assert_false(hs_fragment_next(&r, &f));
		assert_int_equal(rd_len(&r), len);
	}
}

static void real_openssl_hello_is_understood(void **state)
{
	struct client_hello ch;
	struct rd body = rd_of(hello_openssl + HELLO_AT_BODY, sizeof(hello_openssl) - 25);

	(void)state;
	assert_int_equal(client_hello_parse(body, &ch), HS_PARSE_OK);
	assert_int_equal(ch.version, DTLS_1_2);
	assert_ptr_equal(ch.random, hello_openssl + HELLO_AT_BODY + 2);
	assert_int_equal(rd_len(&ch.session_id), 0);
	assert_int_equal(rd_len(&ch.cookie), 0);
	assert_int_equal(rd_len(&ch.suites), 108);
	assert_int_equal(rd_len(&ch.extensions), 82);
	assert_true(ch.has_extensions && ch.has_ems && ch.has_scsv);
	assert_false(ch.has_renegotiation_info || ch.has_fallback_scsv);
	assert_int_equal(ch.max_fragment_length, 0);
	assert_true(client_hello_offers(&ch, 0x00a8));
	assert_true(client_hello_offers(&ch, 0xccab));
	assert_false(client_hello_offers(&ch, 0xc0a8));
}

static void real_gnutls_hello_is_understood(void **state)
{
	struct client_hello ch;
	struct rd body = rd_of(hello_gnutls + HELLO_AT_BODY, sizeof(hello_gnutls) - 25);

	(void)state;
	assert_int_equal(client_hello_parse(body, &ch), HS_PARSE_OK);
	assert_true(ch.has_ems && ch.has_renegotiation_info && ch.renegotiation_info_empty);
	assert_false(ch.has_scsv || ch.has_fallback_scsv);
	assert_true(client_hello_offers(&ch, 0xc0a4));
	assert_int_equal(rd_len(&ch.suites), 14);
}

/* bad-input C1: every truncation point of three hellos. A cut right before the extensions is a
 * hello without any: that one is legal. */
static void every_truncated_hello_is_refused(void **state)
{
	uint8_t made[HELLO_MAX];
	struct hello_parts p = with_extensions(HELLO_BYTES(0, 1, 0, 1, 2, 0, 23, 0, 0));
	size_t made_len;
	struct {
		const uint8_t *bytes;
		size_t len, extensions;
	} hellos[] = {
		{ hello_openssl + 25, sizeof(hello_openssl) - 25, 84 },
		{ hello_gnutls + 25, sizeof(hello_gnutls) - 25, 72 },
		{ made, 0, 11 },
	};

	(void)state;
	p.session_id = HELLO_BYTES(1, 2, 3, 4);
	p.cookie = HELLO_BYTES(9, 8, 7);
	made_len = hello_body(made, &p);
	hellos[2].len = made_len;
	for (size_t i = 0; i < 3; i++)
		for (size_t len = 0; len <= hellos[i].len; len++)
			assert_int_equal(parse_bytes(hellos[i].bytes, len),
					 len == hellos[i].len ||
							 len == hellos[i].len - hellos[i].extensions
						 ? HS_PARSE_OK
						 : HS_PARSE_DECODE_ERROR);
}

/* bad-input C2 */
static void session_id_has_at_most_32_bytes(void **state)
{
	const uint8_t id[255] = { 1 };

	(void)state;
	for (size_t len = 0; len <= sizeof(id); len++) {
		struct hello_parts p = hello_plain();

		p.session_id = (struct hello_bytes){ id, len };
		assert_int_equal(parse(&p), len <= 32 ? HS_PARSE_OK : HS_PARSE_DECODE_ERROR);
	}
}

/* bad-input E1, E9: whatever a cookie's length, it is found; a length past the end is an error. */
static void cookie_of_any_length_is_found(void **state)
{
	uint8_t cookie[255], body[HELLO_MAX];

	(void)state;
	memset(cookie, 0xc0, sizeof(cookie));
	for (size_t len = 0; len <= sizeof(cookie); len++) {
		struct hello_parts p = hello_plain();
		struct client_hello ch;
		size_t n;

		p.cookie = (struct hello_bytes){ cookie, len };
		n = hello_body(body, &p);
		assert_int_equal(client_hello_parse(rd_of(body, n), &ch), HS_PARSE_OK);
		assert_int_equal(rd_len(&ch.cookie), len);
		assert_int_equal(rd_len(&ch.suites), 4);
		body[35] = (uint8_t)(255 - len); /* the length byte no longer fits the rest */
		if (body[35] != len)
			assert_int_equal(parse_bytes(body, n), HS_PARSE_DECODE_ERROR);
	}
}

/* bad-input C4 */
static void suite_list_is_even_and_not_empty(void **state)
{
	struct hello_parts p = hello_plain();

	(void)state;
	p.suites = (struct hello_bytes){ NULL, 0 };
	assert_int_equal(parse(&p), HS_PARSE_DECODE_ERROR);
	p.suites = HELLO_BYTES(0);
	assert_int_equal(parse(&p), HS_PARSE_DECODE_ERROR);
	p.suites = HELLO_BYTES(0, 0xa8, 0);
	assert_int_equal(parse(&p), HS_PARSE_DECODE_ERROR);
	p.suites = HELLO_BYTES(0, 0xa8);
	assert_int_equal(parse(&p), HS_PARSE_OK);
}

/* bad-input C4: past the end, with everything else intact. */
static void suite_list_past_the_end_is_refused(void **state)
{
	uint8_t body[HELLO_MAX];
	struct hello_parts p = hello_plain();
	size_t n = hello_body(body, &p);

	(void)state;
	for (unsigned len = 0; len < 65536; len += 2) {
		body[36] = (uint8_t)(len >> 8);
		body[37] = (uint8_t)len;
		assert_int_equal(parse_bytes(body, n),
				 len == 4 ? HS_PARSE_OK : HS_PARSE_DECODE_ERROR);
	}
}

/* bad-input C5; checklist 59 */
static void compression_must_contain_null(void **state)
{
	struct hello_parts p = hello_plain();

	(void)state;
	p.compression = (struct hello_bytes){ NULL, 0 };
	assert_int_equal(parse(&p), HS_PARSE_ILLEGAL_PARAMETER);
	p.compression = HELLO_BYTES(1, 64);
	assert_int_equal(parse(&p), HS_PARSE_ILLEGAL_PARAMETER);
	p.compression = HELLO_BYTES(1, 64, 0);
	assert_int_equal(parse(&p), HS_PARSE_OK);
}

/* A hello with an illegal value is still filled in: its cookie decides whether it gets an alert. */
static void illegal_value_leaves_the_hello_readable(void **state)
{
	uint8_t body[HELLO_MAX];
	struct hello_parts p = hello_plain();
	struct client_hello ch = { 0 };
	size_t n;

	(void)state;
	p.compression = HELLO_BYTES(1);
	p.cookie = HELLO_BYTES(1, 2, 3);
	n = hello_body(body, &p);
	assert_int_equal(client_hello_parse(rd_of(body, n), &ch), HS_PARSE_ILLEGAL_PARAMETER);
	assert_int_equal(rd_len(&ch.cookie), 3);
	assert_int_equal(rd_len(&ch.suites), 4);
	assert_ptr_equal(ch.random, body + 2);
	/* Illegal and malformed is malformed. */
	p.tail = HELLO_BYTES(0);
	assert_int_equal(parse(&p), HS_PARSE_DECODE_ERROR);
}

/* bad-input C9 */
static void extensions_may_be_absent_but_nothing_may_follow(void **state)
{
	struct hello_parts p = hello_plain();

	(void)state;
	assert_int_equal(parse(&p), HS_PARSE_OK);
	p.has_extensions = true; /* a block of length zero */
	assert_int_equal(parse(&p), HS_PARSE_OK);
	p.tail = HELLO_BYTES(0);
	assert_int_equal(parse(&p), HS_PARSE_DECODE_ERROR);
	p.extensions = HELLO_BYTES(0, 23, 0, 0);
	assert_int_equal(parse(&p), HS_PARSE_DECODE_ERROR);
	p.tail.len = 0;
	assert_int_equal(parse(&p), HS_PARSE_OK);
}

/* bad-input D1 */
static void duplicate_extension_is_refused(void **state)
{
	(void)state;
	assert_int_equal(parse_extensions(HELLO_BYTES(0, 23, 0, 0, 0, 23, 0, 0)),
			 HS_PARSE_DECODE_ERROR);
	assert_int_equal(
		parse_extensions(HELLO_BYTES(0x12, 0x34, 0, 0, 0, 23, 0, 0, 0x12, 0x34, 0, 1, 9)),
		HS_PARSE_DECODE_ERROR);
	assert_int_equal(
		parse_extensions(HELLO_BYTES(0x12, 0x34, 0, 0, 0, 23, 0, 0, 0x12, 0x35, 0, 1, 9)),
		HS_PARSE_OK);
}

/* bad-input D2 */
static void extension_lengths_must_agree(void **state)
{
	uint8_t body[HELLO_MAX];
	struct hello_parts p = with_extensions(HELLO_BYTES(0x77, 0x77, 0, 2, 1, 2, 0, 23, 0, 0));
	size_t n = hello_body(body, &p), block = n - 12;

	(void)state;
	assert_int_equal(parse_bytes(body, n), HS_PARSE_OK);
	for (unsigned len = 0; len < 256; len++) { /* of the block */
		body[block + 1] = (uint8_t)len;
		assert_int_equal(parse_bytes(body, n),
				 len == 10 ? HS_PARSE_OK : HS_PARSE_DECODE_ERROR);
	}
	body[block + 1] = 10;
	for (unsigned len = 0; len < 256;
	     len++) { /* of the first extension: 6 swallows the other */
		body[block + 5] = (uint8_t)len;
		assert_int_equal(parse_bytes(body, n),
				 len == 2 || len == 6 ? HS_PARSE_OK : HS_PARSE_DECODE_ERROR);
	}
}

/* What is done before the cookie is bounded: hostile invariant 6. */
static void number_of_extensions_is_bounded(void **state)
{
	const size_t extension_len = 4;
	uint8_t bytes[132];
	struct wr w = wr_of(bytes, sizeof(bytes));

	(void)state;
	for (uint16_t i = 0; i < 33; i++)
		wr_u32(&w, (uint32_t)(0x1000 + i) << 16);
	assert_int_equal(wr_len(&w), sizeof(bytes));
	assert_int_equal(
		parse_extensions((struct hello_bytes){ bytes, sizeof(bytes) - extension_len }),
		HS_PARSE_OK);
	assert_int_equal(parse_extensions((struct hello_bytes){ bytes, sizeof(bytes) }),
			 HS_PARSE_DECODE_ERROR);
}

/* checklist 58 */
static void unknown_extensions_and_suites_are_skipped(void **state)
{
	uint8_t body[HELLO_MAX];
	struct hello_parts p = with_extensions(
		HELLO_BYTES(0x0a, 0x0a, 0, 1, 0, 0xff, 0xff, 0, 0, 0, 23, 0, 0, 0, 54, 0, 1, 0));
	struct client_hello ch;

	(void)state;
	p.suites = HELLO_BYTES(0x0a, 0x0a, 0x13, 0x01, 0xc0, 0xa8, 0xff, 0xff);
	assert_int_equal(client_hello_parse(rd_of(body, hello_body(body, &p)), &ch), HS_PARSE_OK);
	assert_true(ch.has_ems);
	assert_true(client_hello_offers(&ch, 0xc0a8));
	/* A suite is a pair of bytes at an even place. */
	assert_false(client_hello_offers(&ch, 0x01c0));
}

/* RFC 7627 §5.1: "The 'extension_data' field of this extension is empty." */
static void extended_master_secret_is_empty(void **state)
{
	(void)state;
	assert_int_equal(parse_extensions(HELLO_BYTES(0, 23, 0, 0)), HS_PARSE_OK);
	assert_int_equal(parse_extensions(HELLO_BYTES(0, 23, 0, 1, 0)), HS_PARSE_DECODE_ERROR);
}

/* bad-input D10; checklist 56 */
static void max_fragment_length_is_one_to_four(void **state)
{
	uint8_t body[HELLO_MAX];

	(void)state;
	for (unsigned code = 0; code < 256; code++) {
		struct hello_parts p = with_extensions(HELLO_BYTES(0, 1, 0, 1, (uint8_t)code));
		size_t n = hello_body(body, &p);
		struct client_hello ch;
		bool legal = code >= 1 && code <= 4;

		assert_int_equal(client_hello_parse(rd_of(body, n), &ch),
				 legal ? HS_PARSE_OK : HS_PARSE_ILLEGAL_PARAMETER);
		assert_int_equal(ch.max_fragment_length, legal ? code : 0);
	}
	assert_int_equal(parse_extensions(HELLO_BYTES(0, 1, 0, 0)), HS_PARSE_DECODE_ERROR);
	assert_int_equal(parse_extensions(HELLO_BYTES(0, 1, 0, 2, 1, 1)), HS_PARSE_DECODE_ERROR);
	/* An illegal value does not hide a malformed neighbour. */
	assert_int_equal(parse_extensions(HELLO_BYTES(0, 1, 0, 1, 9, 0, 23, 0, 1, 0)),
			 HS_PARSE_DECODE_ERROR);
}

/* bad-input D10; checklist 55 */
static void record_size_limit_is_64_at_least(void **state)
{
	static const unsigned limits[] = { 0, 63, 64, 16384, 16385, 65535 };
	uint8_t body[HELLO_MAX];

	(void)state;
	for (size_t i = 0; i < sizeof(limits) / sizeof(*limits); i++) {
		struct hello_parts p = with_extensions(HELLO_BYTES(
			0, 28, 0, 2, (uint8_t)(limits[i] >> 8), (uint8_t)(limits[i] & 0xff)));
		size_t n = hello_body(body, &p);
		struct client_hello ch;
		bool legal = limits[i] >= 64;

		assert_int_equal(client_hello_parse(rd_of(body, n), &ch),
				 legal ? HS_PARSE_OK : HS_PARSE_ILLEGAL_PARAMETER);
		assert_int_equal(ch.record_size_limit, legal ? limits[i] : 0);
	}
	assert_int_equal(parse_extensions(HELLO_BYTES(0, 28, 0, 1, 64)), HS_PARSE_DECODE_ERROR);
	assert_int_equal(parse_extensions(HELLO_BYTES(0, 28, 0, 3, 0, 64, 0)),
			 HS_PARSE_DECODE_ERROR);
}

/* bad-input D13 (what it is refused by is in test_hello_select), D2 */
static void renegotiation_info_is_read(void **state)
{
	uint8_t body[HELLO_MAX];
	struct hello_parts p = with_extensions(HELLO_BYTES(0xff, 1, 0, 1, 0));
	struct client_hello ch;

	(void)state;
	assert_int_equal(client_hello_parse(rd_of(body, hello_body(body, &p)), &ch), HS_PARSE_OK);
	assert_true(ch.has_renegotiation_info && ch.renegotiation_info_empty);
	p.extensions = HELLO_BYTES(0xff, 1, 0, 3, 2, 7, 7);
	assert_int_equal(client_hello_parse(rd_of(body, hello_body(body, &p)), &ch), HS_PARSE_OK);
	assert_true(ch.has_renegotiation_info && !ch.renegotiation_info_empty);
	assert_int_equal(parse_extensions(HELLO_BYTES(0xff, 1, 0, 0)), HS_PARSE_DECODE_ERROR);
	assert_int_equal(parse_extensions(HELLO_BYTES(0xff, 1, 0, 1, 1)), HS_PARSE_DECODE_ERROR);
	assert_int_equal(parse_extensions(HELLO_BYTES(0xff, 1, 0, 2, 0, 0)), HS_PARSE_DECODE_ERROR);
}

/* checklist 57 */
static void server_name_is_accepted_when_well_formed(void **state)
{
	(void)state;
	assert_int_equal(parse_extensions(HELLO_BYTES(0, 0, 0, 6, 0, 4, 0, 0, 1, 'a')),
			 HS_PARSE_OK);
	assert_int_equal(parse_extensions(HELLO_BYTES(0, 0, 0, 0)), HS_PARSE_DECODE_ERROR);
	assert_int_equal(parse_extensions(HELLO_BYTES(0, 0, 0, 2, 0, 0)), HS_PARSE_DECODE_ERROR);
	assert_int_equal(parse_extensions(HELLO_BYTES(0, 0, 0, 5, 0, 3, 0, 0, 0)),
			 HS_PARSE_DECODE_ERROR);
	assert_int_equal(parse_extensions(HELLO_BYTES(0, 0, 0, 6, 0, 4, 0, 0, 2, 'a')),
			 HS_PARSE_DECODE_ERROR);
	assert_int_equal(parse_extensions(HELLO_BYTES(0, 0, 0, 7, 0, 4, 0, 0, 1, 'a', 0)),
			 HS_PARSE_DECODE_ERROR);
}

static void signalling_suites_are_noticed(void **state)
{
	uint8_t body[HELLO_MAX];
	struct hello_parts p = hello_plain();
	struct client_hello ch;

	(void)state;
	assert_int_equal(client_hello_parse(rd_of(body, hello_body(body, &p)), &ch), HS_PARSE_OK);
	assert_false(ch.has_scsv || ch.has_fallback_scsv || ch.has_extensions || ch.has_ems);
	p.suites = HELLO_BYTES(0, 0xff, 0xc0, 0xa8);
	assert_int_equal(client_hello_parse(rd_of(body, hello_body(body, &p)), &ch), HS_PARSE_OK);
	assert_true(ch.has_scsv && !ch.has_fallback_scsv);
	p.suites = HELLO_BYTES(0xc0, 0xa8, 0x56, 0x00);
	assert_int_equal(client_hello_parse(rd_of(body, hello_body(body, &p)), &ch), HS_PARSE_OK);
	assert_true(!ch.has_scsv && ch.has_fallback_scsv);
}

static void client_hello_reads_back(void **state)
{
	const uint16_t suites[] = { 0xc0a8, 0x00a8 };
	uint8_t random[32], cookie[17], bytes[256];
	struct client_hello_params params = { .random = random,
					      .cookie = cookie,
					      .cookie_len = sizeof(cookie),
					      .suites = suites,
					      .n_suites = 2,
					      .ems = true };
	struct client_hello ch;
	struct wr w = wr_of(bytes, sizeof(bytes));
	size_t len;

	(void)state;
	memset(random, 0x11, sizeof(random));
	memset(cookie, 0x22, sizeof(cookie));
	client_hello_write(&w, &params);
	assert_true(wr_finish(&w, &len));
	assert_int_equal(client_hello_parse(rd_of(bytes, len), &ch), HS_PARSE_OK);
	assert_int_equal(ch.version, DTLS_1_2);
	assert_memory_equal(ch.random, random, 32);
	assert_int_equal(rd_len(&ch.session_id), 0);
	assert_int_equal(rd_len(&ch.cookie), 17);
	assert_memory_equal(ch.cookie.p, cookie, 17);
	assert_int_equal(rd_len(&ch.suites), 4);
	assert_true(client_hello_offers(&ch, 0xc0a8) && client_hello_offers(&ch, 0x00a8));
	assert_true(ch.has_ems && ch.has_renegotiation_info && ch.renegotiation_info_empty);
	params.ems = false;
	w = wr_of(bytes, sizeof(bytes));
	client_hello_write(&w, &params);
	assert_true(wr_finish(&w, &len));
	assert_int_equal(client_hello_parse(rd_of(bytes, len), &ch), HS_PARSE_OK);
	assert_false(ch.has_ems);
}

static size_t write_server_hello(uint8_t bytes[128], bool ems, bool renegotiation_info)
{
	const uint8_t random[32] = { 1, 2, 3 };
	struct wr w = wr_of(bytes, 128);
	size_t len;

	server_hello_write(
		&w, &(struct server_hello_params){ .random = random,
						   .suite = 0xc0a8,
						   .ems = ems,
						   .renegotiation_info = renegotiation_info });
	assert_true(wr_finish(&w, &len));
	return len;
}

static void server_hello_reads_back(void **state)
{
	uint8_t bytes[128];
	struct server_hello sh;

	(void)state;
	for (int i = 0; i < 4; i++) {
		size_t len = write_server_hello(bytes, i & 1, i & 2);

		assert_int_equal(server_hello_parse(rd_of(bytes, len), &sh), HS_PARSE_OK);
		assert_int_equal(sh.version, DTLS_1_2);
		assert_int_equal(sh.suite, 0xc0a8);
		assert_int_equal(sh.compression, 0);
		assert_int_equal(sh.has_ems, (i & 1) != 0);
		assert_int_equal(sh.has_renegotiation_info, (i & 2) != 0);
		assert_int_equal(sh.random[2], 3);
	}
	/* Without extensions there is no empty block either. */
	assert_int_equal(write_server_hello(bytes, false, false), 38);
}

/* checklist 58: nothing that we did not ask for; and D1, D2 for the client role. */
static void server_hello_with_odd_extensions_is_refused(void **state)
{
	struct {
		struct hello_bytes block;
		enum hs_parse expected;
	} rows[] = {
		{ HELLO_BYTES(0, 0), HS_PARSE_OK },
		{ HELLO_BYTES(0, 4, 0, 23, 0, 0), HS_PARSE_OK },
		{ HELLO_BYTES(0, 5, 0xff, 1, 0, 1, 0), HS_PARSE_OK },
		{ HELLO_BYTES(0, 4, 0, 35, 0, 0), HS_PARSE_OK },
		{ HELLO_BYTES(0, 5, 0, 35, 0, 1, 0), HS_PARSE_DECODE_ERROR },
		{ HELLO_BYTES(0, 4, 0, 48, 0, 0), HS_PARSE_UNSUPPORTED_EXTENSION },
		{ HELLO_BYTES(0, 5, 0, 1, 0, 1, 1), HS_PARSE_OK },
		{ HELLO_BYTES(0, 5, 0, 1, 0, 1, 0), HS_PARSE_ILLEGAL_PARAMETER },
		{ HELLO_BYTES(0, 5, 0, 1, 0, 1, 5), HS_PARSE_ILLEGAL_PARAMETER },
		{ HELLO_BYTES(0, 4, 0, 1, 0, 0), HS_PARSE_DECODE_ERROR },
		{ HELLO_BYTES(0, 6, 0, 28, 0, 2, 0, 64), HS_PARSE_OK },
		{ HELLO_BYTES(0, 6, 0, 28, 0, 2, 0, 63), HS_PARSE_ILLEGAL_PARAMETER },
		{ HELLO_BYTES(0, 5, 0, 28, 0, 1, 64), HS_PARSE_DECODE_ERROR },
		{ HELLO_BYTES(0, 6, 0xff, 1, 0, 2, 1, 7), HS_PARSE_ILLEGAL_PARAMETER },
		{ HELLO_BYTES(0, 5, 0, 23, 0, 1, 0), HS_PARSE_DECODE_ERROR },
		{ HELLO_BYTES(0, 8, 0, 23, 0, 0, 0, 23, 0, 0), HS_PARSE_DECODE_ERROR },
		{ HELLO_BYTES(0, 5, 0, 23, 0, 0), HS_PARSE_DECODE_ERROR },
		{ HELLO_BYTES(0, 4, 0, 23, 0, 0, 0), HS_PARSE_DECODE_ERROR },
		{ HELLO_BYTES(0), HS_PARSE_DECODE_ERROR },
	};
	uint8_t bytes[128];
	size_t len = write_server_hello(bytes, false, false);

	(void)state;
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		struct server_hello sh;

		memcpy(bytes + len, rows[i].block.p, rows[i].block.len);
		assert_int_equal(server_hello_parse(rd_of(bytes, len + rows[i].block.len), &sh),
				 rows[i].expected);
	}
}

static void truncated_server_hello_is_refused(void **state)
{
	uint8_t bytes[128];
	size_t len = write_server_hello(bytes, true, true);
	struct server_hello sh;

	(void)state;
	for (size_t cut = 0; cut < len; cut++)
		assert_int_equal(server_hello_parse(rd_of(bytes, cut), &sh),
				 cut == 38 ? HS_PARSE_OK : HS_PARSE_DECODE_ERROR);
	bytes[34] = 33; /* session_id */
	assert_int_equal(server_hello_parse(rd_of(bytes, len), &sh), HS_PARSE_DECODE_ERROR);
}

/* checklist 22: the version in it is 1.0's. */
static void hello_verify_request_reads_back(void **state)
{
	const uint8_t cookie[3] = { 7, 8, 9 }, expected[] = { 0xfe, 0xff, 3, 7, 8, 9 };
	uint8_t bytes[16];
	struct wr w = wr_of(bytes, sizeof(bytes));
	struct rd got;
	size_t len;

	(void)state;
	hello_verify_request_write(&w, cookie, sizeof(cookie));
	assert_true(wr_finish(&w, &len));
	assert_int_equal(len, sizeof(expected));
	assert_memory_equal(bytes, expected, len);
	assert_int_equal(hello_verify_request_parse(rd_of(bytes, len), &got), HS_PARSE_OK);
	assert_int_equal(rd_len(&got), 3);
	assert_memory_equal(got.p, cookie, 3);
	for (size_t cut = 0; cut < len; cut++)
		assert_int_equal(hello_verify_request_parse(rd_of(bytes, cut), &got),
				 HS_PARSE_DECODE_ERROR);
	bytes[len] = 0;
	assert_int_equal(hello_verify_request_parse(rd_of(bytes, len + 1), &got),
			 HS_PARSE_DECODE_ERROR);
	bytes[0] = 0x03;
	assert_int_equal(hello_verify_request_parse(rd_of(bytes, len), &got),
			 HS_PARSE_ILLEGAL_PARAMETER);
}

/* bad-input F2 (lengths), F4 (bytes are opaque) */
static void psk_identity_reads_back(void **state)
{
	static uint8_t bytes[2 + 65535 + 1], identity[65535];
	const uint16_t lens[] = { 0, 1, 127, 128, 129, 65535 };
	struct rd got;
	size_t len;

	(void)state;
	for (size_t i = 0; i < sizeof(identity); i++)
		identity[i] = (uint8_t)i; /* NUL first */
	for (size_t i = 0; i < sizeof(lens) / sizeof(lens[0]); i++) {
		struct wr w = wr_of(bytes, sizeof(bytes));

		psk_identity_write(&w, identity, lens[i]);
		assert_true(wr_finish(&w, &len));
		assert_int_equal(psk_identity_parse(rd_of(bytes, len), &got), HS_PARSE_OK);
		assert_int_equal(rd_len(&got), lens[i]);
		assert_memory_equal(got.p, identity, lens[i]);
		assert_int_equal(psk_identity_parse(rd_of(bytes, len - 1), &got),
				 HS_PARSE_DECODE_ERROR);
		assert_int_equal(psk_identity_parse(rd_of(bytes, len + 1), &got),
				 HS_PARSE_DECODE_ERROR);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(fragment_is_read_and_passed),
		cmocka_unit_test(fragment_past_its_message_is_refused),
		cmocka_unit_test(truncated_fragment_is_refused),
		cmocka_unit_test(real_openssl_hello_is_understood),
		cmocka_unit_test(real_gnutls_hello_is_understood),
		cmocka_unit_test(every_truncated_hello_is_refused),
		cmocka_unit_test(session_id_has_at_most_32_bytes),
		cmocka_unit_test(cookie_of_any_length_is_found),
		cmocka_unit_test(suite_list_is_even_and_not_empty),
		cmocka_unit_test(suite_list_past_the_end_is_refused),
		cmocka_unit_test(compression_must_contain_null),
		cmocka_unit_test(illegal_value_leaves_the_hello_readable),
		cmocka_unit_test(extensions_may_be_absent_but_nothing_may_follow),
		cmocka_unit_test(duplicate_extension_is_refused),
		cmocka_unit_test(extension_lengths_must_agree),
		cmocka_unit_test(number_of_extensions_is_bounded),
		cmocka_unit_test(unknown_extensions_and_suites_are_skipped),
		cmocka_unit_test(extended_master_secret_is_empty),
		cmocka_unit_test(max_fragment_length_is_one_to_four),
		cmocka_unit_test(record_size_limit_is_64_at_least),
		cmocka_unit_test(renegotiation_info_is_read),
		cmocka_unit_test(server_name_is_accepted_when_well_formed),
		cmocka_unit_test(signalling_suites_are_noticed),
		cmocka_unit_test(client_hello_reads_back),
		cmocka_unit_test(server_hello_reads_back),
		cmocka_unit_test(server_hello_with_odd_extensions_is_refused),
		cmocka_unit_test(truncated_server_hello_is_refused),
		cmocka_unit_test(hello_verify_request_reads_back),
		cmocka_unit_test(psk_identity_reads_back),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}

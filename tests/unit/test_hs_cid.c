/* SPDX-License-Identifier: BSD-3-Clause */
/* connection_id and rrc in hellos of both versions, the messages of RFC 9147 §9, and those of RFC
 * 9853. */
#include "bytes.h"
#include "hs_msg13.h"
#include "rrc.h"

#include <setjmp.h>
#include <stdarg.h>

#include <cmocka.h>

static uint8_t buf[70000];
static const uint8_t random_bytes[HS_RANDOM_LEN], cid_bytes[255] = { 1, 2, 3, 4, 5, 6, 7, 8, 9 };
static const uint16_t suite = 0xc0a8;

static struct rd written(const struct wr *w)
{
	size_t len;

	assert_true(wr_finish(w, &len));
	return rd_of(buf, len);
}

static struct hs_cid_params offer(uint8_t len, bool rrc)
{
	return (struct hs_cid_params){
		.has_cid = true, .has_rrc = rrc, .len = len, .cid = cid_bytes
	};
}

static void expect(bool has_cid, bool has_rrc, struct rd cid, uint8_t len, bool rrc)
{
	assert_true(has_cid);
	assert_int_equal(has_rrc, rrc);
	assert_int_equal(rd_len(&cid), len);
	assert_true(len == 0 || memcmp(cid.p, cid_bytes, len) == 0);
}

/* bad-input D14: 0 to 255 bytes of the peer. */
static void hellos_of_12_carry_any_length(void **state)
{
	(void)state;
	for (unsigned len = 0; len <= 255; len++) {
		const struct client_hello_params c = { .random = random_bytes,
						       .suites = &suite,
						       .n_suites = 1,
						       .cid = offer((uint8_t)len, len % 2) };
		const struct server_hello_params s = { .random = random_bytes,
						       .suite = suite,
						       .cid = offer((uint8_t)len, len % 2) };
		struct wr w = wr_of(buf, sizeof(buf));
		struct client_hello ch;
		struct server_hello sh;

		client_hello_write(&w, &c);
		assert_int_equal(client_hello_parse(written(&w), &ch), HS_PARSE_OK);
		expect(ch.has_cid, ch.has_rrc, ch.cid, (uint8_t)len, len % 2);
		w = wr_of(buf, sizeof(buf));
		server_hello_write(&w, &s);
		assert_int_equal(server_hello_parse(written(&w), &sh), HS_PARSE_OK);
		expect(sh.has_cid, sh.has_rrc, sh.cid, (uint8_t)len, len % 2);
	}
}

static void hellos_of_13_carry_any_length(void **state)
{
	(void)state;
	for (unsigned len = 0; len <= 255; len++) {
		const struct client_hello13_params c = { .random = random_bytes,
							 .suites = &suite,
							 .n_suites = 1,
							 .cid = offer((uint8_t)len, len % 2) };
		const struct server_hello13_params s = { .random = random_bytes,
							 .suite = suite,
							 .cid = offer((uint8_t)len, len % 2) };
		struct wr w = wr_of(buf, sizeof(buf));
		struct client_hello ch;
		struct server_hello13 sh;

		client_hello13_write(&w, &c);
		assert_int_equal(client_hello_parse(written(&w), &ch), HS_PARSE_OK);
		expect(ch.has_cid, ch.has_rrc, ch.cid, (uint8_t)len, len % 2);
		w = wr_of(buf, sizeof(buf));
		server_hello13_write(&w, &s);
		assert_int_equal(server_hello13_parse(written(&w), &sh), HS_PARSE_OK);
		expect(sh.has_cid, sh.has_rrc, sh.cid, (uint8_t)len, len % 2);
	}
}

/* A hello with one extension; what its parser says. */
static enum hs_parse parse_one(uint16_t type, const char *body, size_t len)
{
	const struct client_hello_params c = { .random = random_bytes,
					       .suites = &suite,
					       .n_suites = 1 };
	struct wr w = wr_of(buf, sizeof(buf));
	struct client_hello ch;
	struct rd hello;
	size_t extensions;

	client_hello_write(&w, &c);
	hello = written(&w);
	assert_int_equal(client_hello_parse(hello, &ch), HS_PARSE_OK);
	extensions = (size_t)(ch.extensions.p - buf) - 2;
	w = wr_of(buf, sizeof(buf));
	w.p += extensions;
	wr_u16(&w, (uint16_t)(4 + len));
	wr_u16(&w, type);
	wr_u16(&w, (uint16_t)len);
	wr_bytes(&w, body, len);
	return client_hello_parse(written(&w), &ch);
}

/* bad-input D14 */
static void a_length_that_does_not_fit_is_a_decode_error(void **state)
{
	(void)state;
	assert_int_equal(parse_one(EXT_CONNECTION_ID, "\0", 1), HS_PARSE_OK);
	assert_int_equal(parse_one(EXT_CONNECTION_ID, "\2ab", 3), HS_PARSE_OK);
	assert_int_equal(parse_one(EXT_CONNECTION_ID, "", 0), HS_PARSE_DECODE_ERROR);
	assert_int_equal(parse_one(EXT_CONNECTION_ID, "\1", 1), HS_PARSE_DECODE_ERROR);
	assert_int_equal(parse_one(EXT_CONNECTION_ID, "\1ab", 3), HS_PARSE_DECODE_ERROR);
	assert_int_equal(parse_one(EXT_CONNECTION_ID, "\0a", 2), HS_PARSE_DECODE_ERROR);
	assert_int_equal(parse_one(EXT_RRC, "", 0), HS_PARSE_OK);
	assert_int_equal(parse_one(EXT_RRC, "\0", 1), HS_PARSE_DECODE_ERROR);
}

static void none_is_none(void **state)
{
	const struct client_hello_params c = { .random = random_bytes,
					       .suites = &suite,
					       .n_suites = 1 };
	struct wr w = wr_of(buf, sizeof(buf));
	struct client_hello ch;

	(void)state;
	client_hello_write(&w, &c);
	assert_int_equal(client_hello_parse(written(&w), &ch), HS_PARSE_OK);
	assert_false(ch.has_cid || ch.has_rrc);
}

static enum hs_parse parse_new(const char *body, size_t len)
{
	struct new_connection_id n;

	return new_connection_id_parse(rd_of(body, len), &n);
}

static void new_ids_are_read_as_they_were_written(void **state)
{
	struct wr w = wr_of(buf, sizeof(buf));
	struct new_connection_id n;
	struct rd cid;
	uint8_t asked;

	(void)state;
	new_connection_id_write(&w, cid_bytes, 3, 3, HS_CID_SPARE);
	assert_int_equal(new_connection_id_parse(written(&w), &n), HS_PARSE_OK);
	assert_int_equal(n.usage, HS_CID_SPARE);
	for (unsigned i = 0; i < 3; i++) {
		assert_true(new_connection_id_next(&n.cids, &cid));
		assert_int_equal(rd_len(&cid), 3);
		assert_memory_equal(cid.p, cid_bytes + 3 * i, 3);
	}
	assert_false(new_connection_id_next(&n.cids, &cid));
	w = wr_of(buf, sizeof(buf));
	request_connection_id_write(&w, 200);
	assert_int_equal(request_connection_id_parse(written(&w), &asked), HS_PARSE_OK);
	assert_int_equal(asked, 200);
}

/* bad-input I10 */
static void bad_lists_of_new_ids_are_refused(void **state)
{
	(void)state;
	assert_int_equal(parse_new("\0\2\1a\0", 5), HS_PARSE_OK);
	assert_int_equal(parse_new("\0\1\0\0", 4), HS_PARSE_OK); /* an empty one */
	assert_int_equal(parse_new("\0\0\1", 3), HS_PARSE_OK);   /* none to spare */
	assert_int_equal(parse_new("\0\0\0", 3), HS_PARSE_ILLEGAL_PARAMETER);
	assert_int_equal(parse_new("\0\2\1a\2", 5), HS_PARSE_ILLEGAL_PARAMETER);
	assert_int_equal(parse_new("\0\2\2a\0", 5), HS_PARSE_DECODE_ERROR);
	assert_int_equal(parse_new("\0\3\1a\0", 5), HS_PARSE_DECODE_ERROR);
	assert_int_equal(parse_new("\0\1\1a\0", 5), HS_PARSE_DECODE_ERROR);
	assert_int_equal(parse_new("\0\2\1a", 4), HS_PARSE_DECODE_ERROR);
	assert_int_equal(parse_new("\0\2\1a\0\0", 6), HS_PARSE_DECODE_ERROR);
	assert_int_equal(parse_new("", 0), HS_PARSE_DECODE_ERROR);
}

/* As many as fit: bounded by the message, and walked in as many steps. */
static void sixty_five_thousand_ids_are_a_list(void **state)
{
	struct new_connection_id n;
	struct rd cid;
	unsigned count = 0;

	(void)state;
	memset(buf, 0, sizeof(buf));
	bytes_put_u16(buf, 65535);
	assert_int_equal(new_connection_id_parse(rd_of(buf, 2 + 65535 + 1), &n), HS_PARSE_OK);
	while (new_connection_id_next(&n.cids, &cid))
		count++;
	assert_int_equal(count, 65535);
}

static void requests_have_one_byte(void **state)
{
	uint8_t n;

	(void)state;
	assert_int_equal(request_connection_id_parse(rd_of("", 0), &n), HS_PARSE_DECODE_ERROR);
	assert_int_equal(request_connection_id_parse(rd_of("ab", 2), &n), HS_PARSE_DECODE_ERROR);
}

/* checklist 40: unknown types are ignored. */
static void routability_messages(void **state)
{
	static const uint8_t cookie[RRC_COOKIE_LEN] = "cookie!";
	uint8_t m[RRC_LEN + 1] = { 0 };
	struct rrc out;

	(void)state;
	for (unsigned type = 0; type < 256; type++) {
		rrc_put(m, (enum rrc_type)type, cookie);
		assert_int_equal(rrc_parse(rd_of(m, RRC_LEN), &out), type <= RRC_PATH_DROP);
		if (type > RRC_PATH_DROP)
			continue;
		assert_int_equal(out.type, type);
		assert_memory_equal(out.cookie, cookie, RRC_COOKIE_LEN);
		assert_false(rrc_parse(rd_of(m, RRC_LEN - 1), &out));
		assert_false(rrc_parse(rd_of(m, RRC_LEN + 1), &out));
		assert_false(rrc_parse(rd_of(m, 0), &out));
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(hellos_of_12_carry_any_length),
		cmocka_unit_test(hellos_of_13_carry_any_length),
		cmocka_unit_test(a_length_that_does_not_fit_is_a_decode_error),
		cmocka_unit_test(none_is_none),
		cmocka_unit_test(new_ids_are_read_as_they_were_written),
		cmocka_unit_test(bad_lists_of_new_ids_are_refused),
		cmocka_unit_test(sixty_five_thousand_ids_are_a_list),
		cmocka_unit_test(requests_have_one_byte),
		cmocka_unit_test(routability_messages),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}

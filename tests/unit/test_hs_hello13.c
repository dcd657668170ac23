/* SPDX-License-Identifier: BSD-3-Clause */
#include "hs_hello13.h"

#include "hellos13.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

/* A body from heap memory that ends where it ends. The hello borrows a copy that stays. */
static enum hs_parse parse(const uint8_t *body, size_t len, struct client_hello *ch)
{
	uint8_t *copy = malloc(len + 1);
	struct client_hello out;
	enum hs_parse result;

	assert_non_null(copy);
	memcpy(copy + 1, body, len);
	result = client_hello_parse(rd_of(copy + 1, len), &out);
	free(copy);
	if (result != HS_PARSE_DECODE_ERROR)
		assert_int_equal(client_hello_parse(rd_of(body, len), ch), result);
	return result;
}

static enum hs_parse parse13(const struct hello13 *h, struct client_hello *ch)
{
	static uint8_t body[HELLO_MAX];

	return parse(body, hello13_body(body, h), ch);
}

/* A hello with these extensions and nothing else. */
static enum hs_parse parse_extensions(struct hello_bytes extensions, struct client_hello *ch)
{
	static uint8_t body[HELLO_MAX];
	struct hello_parts p = hello_plain();

	p.has_extensions = true;
	p.extensions = extensions;
	return parse(body, hello_body(body, &p), ch);
}

static bool is(struct rd r, const void *bytes, size_t len)
{
	return rd_len(&r) == len && memcmp(r.p, bytes, len) == 0;
}

static void hello_is_read_as_it_was_written(void **state)
{
	static const uint8_t versions[] = { 0xfe, 0xfc }, types[] = { HS_CERTIFICATE_RPK };
	struct client_hello ch;
	struct hello13 h;
	struct rd key;

	(void)state;
	hello13_plain(&h);
	h.groups[h.p.n_groups++] = HELLO13_SECP256R1;
	h.shares[h.p.n_shares++] = (struct hs_share){ HELLO13_SECP256R1, 65, hello13_key };
	h.p.cookie = rd_of("cookie", 6);
	h.p.server_name = rd_of("a.example", 9);
	h.p.client_certificate_types = h.p.server_certificate_types = types;
	h.p.n_client_certificate_types = h.p.n_server_certificate_types = 1;
	h.p.max_fragment_length = 2;
	h.p.record_size_limit = 200;
	hello13_psk(&h, 32);
	assert_int_equal(parse13(&h, &ch), HS_PARSE_OK);
	assert_int_equal(ch.version, DTLS_1_2);
	assert_memory_equal(ch.random, hello13_random, HS_RANDOM_LEN);
	assert_int_equal(rd_len(&ch.session_id) + rd_len(&ch.cookie), 0);
	assert_true(client_hello_offers(&ch, HELLO13_SUITE));
	assert_true(is(ch.supported_versions, versions, 2));
	assert_true(is(ch.retry_cookie, "cookie", 6));
	assert_true(is(ch.server_name, "a.example", 9));
	assert_true(is(ch.client_certificate_types, types, 1));
	assert_true(is(ch.server_certificate_types, types, 1));
	assert_int_equal(ch.max_fragment_length, 2);
	assert_int_equal(ch.record_size_limit, 200);
	assert_true(is(ch.psk_modes, hello13_modes, 2));
	assert_true(hs_list16_has(ch.groups, HELLO13_X25519));
	assert_true(hs_list16_has(ch.signature_algorithms, HELLO13_ED25519));
	assert_true(ch.has_key_shares && !ch.has_early_data);
	assert_int_equal(client_hello_shares(&ch), 2);
	assert_true(client_hello_share(&ch, HELLO13_X25519, &key));
	assert_true(is(key, hello13_key, 32));
	assert_true(client_hello_share(&ch, HELLO13_SECP256R1, &key));
	assert_true(is(key, hello13_key, 65));
	assert_false(client_hello_share(&ch, 24, &key));
}

static void hello_without_lists_has_none(void **state)
{
	struct client_hello ch;
	struct hello13 h;
	struct rd key;

	(void)state;
	hello13_plain(&h);
	h.p.n_shares = 0;
	assert_int_equal(parse13(&h, &ch), HS_PARSE_OK);
	assert_true(ch.has_key_shares);
	assert_int_equal(client_hello_shares(&ch), 0);
	h.p.n_groups = 0;
	assert_int_equal(parse13(&h, &ch), HS_PARSE_OK);
	assert_false(ch.has_key_shares);
	assert_false(client_hello_share(&ch, HELLO13_X25519, &key));
	assert_int_equal(rd_len(&ch.psk_identities) + rd_len(&ch.retry_cookie) +
				 rd_len(&ch.psk_modes) + ch.binders_at,
			 0);
}

/* RFC 8446 §4.2.11.2: what the binders are over ends before their list. */
static void binders_are_where_the_hello_is_cut(void **state)
{
	uint8_t body[HELLO_MAX], again[HELLO_MAX], one[32], other[48];
	struct client_hello ch;
	struct hello13 h;
	struct wr w = wr_of(body, sizeof(body));
	size_t at, len;
	struct hs_psk psk;

	(void)state;
	memset(one, 1, sizeof(one));
	memset(other, 2, sizeof(other));
	hello13_plain(&h);
	hello13_psk(&h, 32);
	hello13_psk(&h, 48);
	h.psks[1].obfuscated_age = 0x01020304;
	h.psks[1].identity = (const uint8_t *)"a ticket";
	h.psks[1].identity_len = 8;
	wr_u8(&w, 77); /* a message does not begin where its buffer does */
	at = client_hello13_write(&w, &h.p);
	assert_true(wr_finish(&w, &len));
	assert_int_equal(len - 1 - at, 2 + 1 + 32 + 1 + 48);
	assert_int_equal(client_hello_parse(rd_of(body + 1, len - 1), &ch), HS_PARSE_OK);
	assert_int_equal(ch.binders_at, at);
	assert_ptr_equal(ch.body, body + 1);

	h.psks[0].binder = one;
	h.psks[1].binder = other;
	w = wr_of(body + 1 + at, len - 1 - at);
	hs_binders_write(&w, h.p.psks, 2);
	assert_true(wr_finish(&w, &len) && w.p == w.end);
	w = wr_of(again, sizeof(again));
	assert_int_equal(client_hello13_write(&w, &h.p), at);
	assert_memory_equal(again, body + 1, wr_len(&w));

	struct rd identities = ch.psk_identities, binders = ch.psk_binders;

	assert_true(hs_psk_next(&identities, &binders, &psk));
	assert_true(is(psk.identity, "dev1", 4) && is(psk.binder, one, 32));
	assert_int_equal(psk.obfuscated_age, 0);
	assert_true(hs_psk_next(&identities, &binders, &psk));
	assert_true(is(psk.identity, "a ticket", 8) && is(psk.binder, other, 48));
	assert_int_equal(psk.obfuscated_age, 0x01020304);
	assert_false(hs_psk_next(&identities, &binders, &psk));
}

/* bad-input C1: every truncation. */
static void no_part_of_a_hello_is_one(void **state)
{
	uint8_t body[HELLO_MAX];
	struct client_hello ch;
	struct hello13 h;
	size_t len;

	(void)state;
	hello13_plain(&h);
	h.p.cookie = rd_of("cookie", 6);
	hello13_psk(&h, 32);
	len = hello13_body(body, &h);
	assert_int_equal(parse(body, len, &ch), HS_PARSE_OK);
	/* What ends behind the compression is a hello without extensions. */
	for (size_t n = 0; n < len; n++)
		if (n != (size_t)(ch.compression.end - body))
			assert_int_equal(parse(body, n, &ch), HS_PARSE_DECODE_ERROR);
}

#define EXTENSION(type, ...) (type) >> 8, (type)&0xff, __VA_ARGS__

/* bad-input D2: each extension with lengths that do not add up. */
static void malformed_extensions_are_refused(void **state)
{
	const struct hello_bytes bad[] = {
		/* supported_versions: none, half of one, something behind (bad-input C8) */
		HELLO_BYTES(EXTENSION(EXT_SUPPORTED_VERSIONS, 0, 1, 0)),
		HELLO_BYTES(EXTENSION(EXT_SUPPORTED_VERSIONS, 0, 2, 1, 0xfe)),
		HELLO_BYTES(EXTENSION(EXT_SUPPORTED_VERSIONS, 0, 4, 3, 0xfe, 0xfc, 0xfe)),
		HELLO_BYTES(EXTENSION(EXT_SUPPORTED_VERSIONS, 0, 4, 2, 0xfe, 0xfc, 0)),
		HELLO_BYTES(EXTENSION(EXT_SUPPORTED_VERSIONS, 0, 3, 4, 0xfe, 0xfc)),
		/* cookie: empty, short, something behind */
		HELLO_BYTES(EXTENSION(EXT_COOKIE, 0, 0)),
		HELLO_BYTES(EXTENSION(EXT_COOKIE, 0, 2, 0, 0)),
		HELLO_BYTES(EXTENSION(EXT_COOKIE, 0, 3, 0, 2, 1)),
		HELLO_BYTES(EXTENSION(EXT_COOKIE, 0, 4, 0, 1, 1, 1)),
		/* key_share: no list, an empty key, a short one, half an entry, something behind */
		HELLO_BYTES(EXTENSION(EXT_KEY_SHARE, 0, 0)),
		HELLO_BYTES(EXTENSION(EXT_KEY_SHARE, 0, 6, 0, 4, 0, 29, 0, 0)),
		HELLO_BYTES(EXTENSION(EXT_KEY_SHARE, 0, 7, 0, 5, 0, 29, 0, 2, 1)),
		HELLO_BYTES(EXTENSION(EXT_KEY_SHARE, 0, 4, 0, 2, 0, 29)),
		HELLO_BYTES(EXTENSION(EXT_KEY_SHARE, 0, 3, 0, 0, 0)),
		/* psk_key_exchange_modes: none */
		HELLO_BYTES(EXTENSION(EXT_PSK_KEY_EXCHANGE_MODES, 0, 1, 0)),
		HELLO_BYTES(EXTENSION(EXT_PSK_KEY_EXCHANGE_MODES, 0, 2, 2, 1)),
		/* early_data: not empty */
		HELLO_BYTES(EXTENSION(EXT_EARLY_DATA, 0, 1, 0)),
	};

	(void)state;
	for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
		struct client_hello ch;

		assert_int_equal(parse_extensions(bad[i], &ch), HS_PARSE_DECODE_ERROR);
	}
}

/* A pre_shared_key extension of these two lists. */
static enum hs_parse parse_psks(struct hello_bytes identities, struct hello_bytes binders,
				struct client_hello *ch)
{
	uint8_t bytes[512];
	struct wr w = wr_of(bytes, sizeof(bytes));
	size_t mark;

	wr_u16(&w, EXT_PRE_SHARED_KEY);
	mark = wr_open(&w, 2);
	hello_vec(&w, 2, identities);
	hello_vec(&w, 2, binders);
	wr_close(&w, 2, mark);
	return parse_extensions((struct hello_bytes){ bytes, wr_len(&w) }, ch);
}

/* bad-input F2, F5, F6 */
static void malformed_psks_are_refused(void **state)
{
	const struct hello_bytes identity = HELLO_BYTES(0, 1, 'a', 0, 0, 0, 0),
				 nobody = HELLO_BYTES(0, 0, 0, 0, 0, 0),
				 half = HELLO_BYTES(0, 1, 'a', 0, 0, 0), none = { NULL, 0 };
	uint8_t list[2 * 33] = { 32 };
	const struct hello_bytes binder = { list, 33 }, two = { list, 66 };
	struct client_hello ch;

	(void)state;
	list[33] = 32;
	assert_int_equal(parse_psks(identity, binder, &ch), HS_PARSE_OK);
	assert_int_equal(parse_psks(identity, two, &ch), HS_PARSE_ILLEGAL_PARAMETER);
	assert_int_equal(parse_psks(none, binder, &ch), HS_PARSE_DECODE_ERROR);
	assert_int_equal(parse_psks(identity, none, &ch), HS_PARSE_DECODE_ERROR);
	assert_int_equal(parse_psks(nobody, binder, &ch), HS_PARSE_DECODE_ERROR);
	assert_int_equal(parse_psks(half, binder, &ch), HS_PARSE_DECODE_ERROR);
	assert_int_equal(parse_psks(identity, (struct hello_bytes){ list, 32 }, &ch),
			 HS_PARSE_DECODE_ERROR);
	assert_int_equal(parse_psks(identity, (struct hello_bytes){ list, 34 }, &ch),
			 HS_PARSE_DECODE_ERROR);
	list[0] = 31; /* shorter than any hash's */
	assert_int_equal(parse_psks(identity, (struct hello_bytes){ list, 32 }, &ch),
			 HS_PARSE_DECODE_ERROR);
}

/* bad-input F8: as many as there is room for, in a walk of one step each. */
static void many_identities_are_read(void **state)
{
	uint8_t identities[7 * 1000], binders[33 * 1000];
	uint8_t bytes[60000], body[65000];
	struct wr w = wr_of(bytes, sizeof(bytes)), b = wr_of(body, sizeof(body));
	struct hello_parts p = hello_plain();
	static const uint8_t identity[7] = { 0, 1, 'a' };
	struct client_hello ch;
	struct hs_psk psk;
	size_t mark, n = 0;

	(void)state;
	for (size_t i = 0; i < 1000; i++) {
		memcpy(identities + sizeof(identity) * i, identity, sizeof(identity));
		memset(binders + 33 * i, 0, 33);
		binders[33 * i] = 32;
	}
	wr_u16(&w, EXT_PRE_SHARED_KEY);
	mark = wr_open(&w, 2);
	hello_vec(&w, 2, (struct hello_bytes){ identities, sizeof(identities) });
	hello_vec(&w, 2, (struct hello_bytes){ binders, sizeof(binders) });
	wr_close(&w, 2, mark);
	assert_false(w.failed);
	wr_u16(&b, p.version);
	wr_bytes(&b, hello13_random, 32);
	hello_vec(&b, 1, p.session_id);
	hello_vec(&b, 1, p.cookie);
	hello_vec(&b, 2, p.suites);
	hello_vec(&b, 1, p.compression);
	hello_vec(&b, 2, (struct hello_bytes){ bytes, wr_len(&w) });
	assert_int_equal(client_hello_parse(rd_of(body, wr_len(&b)), &ch), HS_PARSE_OK);
	while (hs_psk_next(&ch.psk_identities, &ch.psk_binders, &psk))
		n++;
	assert_int_equal(n, 1000);
}

/* bad-input D4, D5; RFC 8446 §4.2.8 */
static void key_shares_are_of_groups_and_different(void **state)
{
	struct client_hello ch;
	struct hello13 h;

	(void)state;
	hello13_plain(&h);
	h.shares[h.p.n_shares++] = h.shares[0];
	assert_int_equal(parse13(&h, &ch), HS_PARSE_ILLEGAL_PARAMETER);
	hello13_plain(&h);
	h.shares[0].group = HELLO13_SECP256R1;
	assert_int_equal(parse13(&h, &ch), HS_PARSE_ILLEGAL_PARAMETER);
	/* As many as are looked at, and one more. */
	hello13_plain(&h);
	for (uint16_t i = 0; i < HS_KEY_SHARES_MAX; i++) {
		h.groups[i] = (uint16_t)(100 + i);
		h.shares[i] = (struct hs_share){ h.groups[i], 1, hello13_key };
	}
	h.p.n_groups = h.p.n_shares = HS_KEY_SHARES_MAX;
	assert_int_equal(parse13(&h, &ch), HS_PARSE_OK);

	struct hs_share more[HS_KEY_SHARES_MAX + 1];

	memcpy(more, h.shares, sizeof(h.shares));
	more[HS_KEY_SHARES_MAX] = (struct hs_share){ 99, 1, hello13_key };
	h.p.shares = more;
	h.p.n_shares++;
	assert_int_equal(parse13(&h, &ch), HS_PARSE_DECODE_ERROR);
}

/* bad-input D1, D12; RFC 8446 §4.2.11: pre_shared_key is the last extension. */
static void order_and_company_of_extensions_are_checked(void **state)
{
	uint8_t bytes[256] = { EXTENSION(EXT_PRE_SHARED_KEY, 0, 44, 0, 7, 0, 1, 'a', 0, 0, 0, 0, 0,
					 33, 32) },
		tail[] = { EXTENSION(EXT_PADDING, 0, 0) };
	enum { PSK_LEN = 4 + 2 + 7 + 2 + 33 };
	struct client_hello ch;

	(void)state;
	assert_int_equal(parse_extensions((struct hello_bytes){ bytes, PSK_LEN }, &ch),
			 HS_PARSE_OK);
	memcpy(bytes + PSK_LEN, tail, sizeof(tail));
	assert_int_equal(
		parse_extensions((struct hello_bytes){ bytes, PSK_LEN + sizeof(tail) }, &ch),
		HS_PARSE_ILLEGAL_PARAMETER);
	memcpy(bytes + PSK_LEN, bytes, PSK_LEN);
	assert_int_equal(parse_extensions((struct hello_bytes){ bytes, 2 * PSK_LEN }, &ch),
			 HS_PARSE_DECODE_ERROR);
	assert_int_equal(parse_extensions(HELLO_BYTES(EXTENSION(EXT_EARLY_DATA, 0, 0)), &ch),
			 HS_PARSE_ILLEGAL_PARAMETER);
	memmove(bytes + 4, bytes, PSK_LEN);
	memcpy(bytes, (const uint8_t[]){ EXTENSION(EXT_EARLY_DATA, 0, 0) }, 4);
	assert_int_equal(parse_extensions((struct hello_bytes){ bytes, PSK_LEN + 4 }, &ch),
			 HS_PARSE_OK);
	assert_true(ch.has_early_data);
}

/* The bytes that a second hello must repeat. */
static size_t repeats(const uint8_t *body, size_t len, uint8_t out[HELLO_MAX])
{
	struct rd pieces[HS_REPEATS_MAX];
	struct wr w = wr_of(out, HELLO_MAX);
	struct client_hello ch;
	size_t n;

	assert_int_not_equal(client_hello_parse(rd_of(body, len), &ch), HS_PARSE_DECODE_ERROR);
	n = client_hello_repeats(&ch, pieces);
	assert_true(n <= HS_REPEATS_MAX);
	for (size_t i = 0; i < n; i++)
		wr_bytes(&w, pieces[i].p, rd_len(&pieces[i]));
	return wr_len(&w);
}

/* Extensions that may change, between others: all five, in every place. */
static void what_may_change_is_left_out(void **state)
{
	static const struct {
		uint8_t bytes[48];
		size_t len;
	} may[] = {
		{ { EXTENSION(EXT_KEY_SHARE, 0, 2, 0, 0) }, 6 },
		{ { EXTENSION(EXT_COOKIE, 0, 3, 0, 1, 9) }, 7 },
		{ { EXTENSION(EXT_EARLY_DATA, 0, 0) }, 4 },
		{ { EXTENSION(EXT_PADDING, 0, 3, 0, 0, 0) }, 7 },
		{ { EXTENSION(EXT_PRE_SHARED_KEY, 0, 44, 0, 7, 0, 1, 'a', 0, 0, 0, 0, 0, 33, 32) },
		  48 },
	};
	static const uint8_t session_id[] = { 7, 7 };
	uint8_t body[HELLO_MAX], got[HELLO_MAX], want[HELLO_MAX];
	struct hello_parts p = hello_plain();
	size_t n, n_want;

	(void)state;
	p.session_id = (struct hello_bytes){ session_id, 2 };
	for (unsigned set = 0; set < 32; set++) {
		uint8_t extensions[256], kept[256];
		struct wr w = wr_of(extensions, sizeof(extensions)), k = wr_of(kept, sizeof(kept));

		for (unsigned i = 0; i < 5; i++) {
			if (set >> i & 1)
				wr_bytes(&w, may[i].bytes, may[i].len);
			if (i == 4) /* PSKs are at the end */
				break;
			wr_u16(&w, (uint16_t)(0xaa00 + i));
			wr_u16(&w, 0);
			wr_u16(&k, (uint16_t)(0xaa00 + i));
			wr_u16(&k, 0);
		}
		p.extensions = (struct hello_bytes){ extensions, wr_len(&w) };
		n = repeats(body, hello_body(body, &p), got);
		/* as if there were none of them, without the lengths that differ */
		p.extensions = (struct hello_bytes){ kept, wr_len(&k) };
		n_want = hello_body(want, &p);
		memmove(want + 37, want + 38, n_want - 38); /* cookie's length */
		n_want--;
		memmove(want + n_want - wr_len(&k) - 2, want + n_want - wr_len(&k), wr_len(&k));
		n_want -= 2; /* the block's */
		assert_int_equal(n, n_want);
		assert_memory_equal(got, want, n);
	}
}

/* wolfSSL has its extensions in another order the second time. */
static void order_may_change(void **state)
{
	static const uint8_t first[] = { EXTENSION(0xaa02, 0, 1, 7), EXTENSION(0xaa00, 0, 0),
					 EXTENSION(0xaa01, 0, 2, 8, 9) },
			     second[] = { EXTENSION(0xaa01, 0, 2, 8, 9), EXTENSION(0xaa02, 0, 1, 7),
					  EXTENSION(0xaa00, 0, 0) },
			     other[] = { EXTENSION(0xaa01, 0, 1, 7), EXTENSION(0xaa02, 0, 2, 8, 9),
					 EXTENSION(0xaa00, 0, 0) };
	uint8_t body[HELLO_MAX], one[HELLO_MAX], two[HELLO_MAX];
	struct hello_parts p = hello_plain();
	size_t n;

	(void)state;
	p.extensions = (struct hello_bytes){ first, sizeof(first) };
	n = repeats(body, hello_body(body, &p), one);
	p.extensions = (struct hello_bytes){ second, sizeof(second) };
	assert_int_equal(repeats(body, hello_body(body, &p), two), n);
	assert_memory_equal(one, two, n);
	p.extensions = (struct hello_bytes){ other, sizeof(other) };
	assert_int_equal(repeats(body, hello_body(body, &p), two), n);
	assert_memory_not_equal(one, two, n);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(hello_is_read_as_it_was_written),
		cmocka_unit_test(hello_without_lists_has_none),
		cmocka_unit_test(binders_are_where_the_hello_is_cut),
		cmocka_unit_test(no_part_of_a_hello_is_one),
		cmocka_unit_test(malformed_extensions_are_refused),
		cmocka_unit_test(malformed_psks_are_refused),
		cmocka_unit_test(many_identities_are_read),
		cmocka_unit_test(key_shares_are_of_groups_and_different),
		cmocka_unit_test(order_and_company_of_extensions_are_checked),
		cmocka_unit_test(what_may_change_is_left_out),
		cmocka_unit_test(order_may_change),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}

/* SPDX-License-Identifier: BSD-3-Clause */
#include "protect.h"

#include <setjmp.h>
#include <stdarg.h>

#include <cmocka.h>

static struct aead *aead;
static struct protect a, b;

static void begin(const struct suite *suite)
{
	struct traffic_keys keys;

	memset(&keys, 0x3c, sizeof(keys));
	memset(keys.server_key, 0x55, sizeof(keys.server_key));
	memset(keys.server_iv, 0x66, sizeof(keys.server_iv));
	a = (struct protect){ .aead = aead, .client = true };
	b = (struct protect){ .aead = aead };
	protect_set_keys(&a, 1, suite, &keys);
	protect_set_keys(&b, 1, suite, &keys);
}

static size_t seal(struct protect *p, uint8_t out[1500], const char *text)
{
	struct wr w = wr_of(out, 1500);

	assert_true(protect_write(p, &w, 1, RECORD_APPDATA, DTLS_1_2, (const uint8_t *)text,
				  strlen(text)));
	return wr_len(&w);
}

static struct record parse(const uint8_t *bytes, size_t len)
{
	struct rd r = rd_of(bytes, len);
	struct record rec;

	assert_int_equal(record_next(&r, &rec), STATUS_OK);
	assert_int_equal(rd_len(&r), 0);
	return rec;
}

/* Opens and marks. */
static enum status take(struct protect *p, const struct record *rec, uint8_t *out, size_t *len)
{
	struct protect_content c = { .len = 0 };
	enum status s = protect_open(p, rec, out, &c);

	if (s == STATUS_OK)
		protect_mark(p, &c);
	*len = c.len;
	return s;
}

static enum status open_at(struct protect *p, const uint8_t *bytes, size_t len)
{
	struct record rec = parse(bytes, len);
	uint8_t out[PROTECT_RECORD_MAX];
	size_t n;

	return take(p, &rec, out, &n);
}

static void test_both_ways_with_every_suite(void **state)
{
	uint8_t wire[1500], out[PROTECT_RECORD_MAX];
	struct record rec;
	size_t len, n;

	(void)state;
	for (size_t i = 0; i < SUITE_12_N; i++) {
		begin(suite_at(i));
		len = seal(&a, wire, "up");
		assert_int_equal(len, protect_overhead(&a, 1) + 2);
		rec = parse(wire, len);
		assert_int_equal(take(&b, &rec, out, &n), STATUS_OK);
		assert_int_equal(n, 2);
		assert_memory_equal(out, "up", 2);
		len = seal(&b, wire, "down");
		rec = parse(wire, len);
		assert_int_equal(take(&a, &rec, out, &n), STATUS_OK);
		assert_memory_equal(out, "down", 4);
		/* nothing opens under one's own sending key */
		b.epochs[1].rx_seen = false;
		assert_int_equal(open_at(&b, wire, len), STATUS_RECORD_TAG);
	}
}

/* invariant 3; checklist 14: the explicit nonce is the number, and numbers go up. */
static void test_numbers_are_never_reused(void **state)
{
	uint8_t wire[1500];

	(void)state;
	begin(suite_by_id(TLS_PSK_WITH_AES_128_GCM_SHA256));
	for (uint64_t i = 0; i < 100; i++) {
		struct record rec = parse(wire, seal(&a, wire, "x"));
		struct rd body = rec.body;
		uint64_t nonce;

		assert_int_equal(rec.seq, i);
		assert_true(rd_u64(&body, &nonce));
		assert_int_equal(nonce, UINT64_C(1) << 48 | i);
	}
}

/* checklist 13: the number never wraps. */
static void test_numbers_run_out(void **state)
{
	uint8_t wire[1500];
	struct wr w = wr_of(wire, sizeof(wire));

	(void)state;
	begin(suite_at(0));
	a.epochs[1].tx_seq = RECORD_SEQ_MAX;
	seal(&a, wire, "last");
	assert_false(protect_write(&a, &w, 1, RECORD_APPDATA, DTLS_1_2, wire, 1));
	a.epochs[0].tx_seq = RECORD_SEQ_MAX + 1;
	assert_false(protect_write(&a, &w, 0, RECORD_HANDSHAKE, DTLS_1_2, wire, 1));
	assert_int_equal(wr_len(&w), 0);
}

/* invariant 4; bug 13 (CVE-2016-2181): a forged number does not move the window. */
static void test_forgery_leaves_the_window(void **state)
{
	uint8_t wire[1500], forged[1500];
	size_t len;

	(void)state;
	begin(suite_at(0));
	len = seal(&a, wire, "one");
	memcpy(forged, wire, len);
	memset(forged + 5, 0xff, 6);
	assert_int_equal(open_at(&b, forged, len), STATUS_RECORD_TAG);
	assert_false(b.epochs[1].rx_seen);
	assert_int_equal(open_at(&b, wire, len), STATUS_OK);
	assert_int_equal(b.epochs[1].rx_newest, 0);
	assert_int_equal(open_at(&b, wire, len), STATUS_RECORD_REPLAY);
}

static void test_window_of_64(void **state)
{
	uint8_t wire[70][1500];
	size_t len[70];

	(void)state;
	begin(suite_at(0));
	for (size_t i = 0; i < 70; i++)
		len[i] = seal(&a, wire[i], "x");
	assert_int_equal(open_at(&b, wire[69], len[69]), STATUS_OK);
	for (size_t i = 0; i < 6; i++)
		assert_int_equal(open_at(&b, wire[i], len[i]), STATUS_RECORD_OLD);
	for (size_t i = 6; i < 69; i++)
		assert_int_equal(open_at(&b, wire[i], len[i]), STATUS_OK);
	for (size_t i = 6; i < 70; i++)
		assert_int_equal(open_at(&b, wire[i], len[i]), STATUS_RECORD_REPLAY);
	assert_int_equal(b.epochs[1].rx_newest, 69);
	assert_int_equal(b.epochs[1].rx_window, UINT64_MAX);
}

/* bad-input A13 (CVE-2026-75806): shorter than nonce and tag. */
static void test_short_records(void **state)
{
	uint8_t wire[1500];

	(void)state;
	for (size_t i = 0; i < SUITE_12_N; i++) {
		size_t overhead;

		begin(suite_at(i));
		overhead = protect_overhead(&b, 1) - RECORD_HEADER_LEN;
		for (size_t n = 0; n < overhead; n++) {
			struct wr w = wr_of(wire, sizeof(wire));

			record_write_header(&w, RECORD_APPDATA, DTLS_1_2, 1, n, (uint16_t)n);
			assert_non_null(wr_space(&w, n));
			assert_int_equal(open_at(&b, wire, wr_len(&w)), STATUS_RECORD_SHORT);
		}
		assert_false(b.epochs[1].rx_seen);
	}
}

/* bad-input A14: every flipped bit of header, nonce, text and tag is noticed. */
static void test_every_bit_counts(void **state)
{
	uint8_t wire[1500];
	size_t len;

	(void)state;
	begin(suite_by_id(TLS_PSK_WITH_AES_128_CCM_8));
	len = seal(&a, wire, "reading");
	for (size_t bit = 5 * 8; bit < len * 8; bit++) {
		if (bit / 8 == 11 || bit / 8 == 12)
			continue; /* the length makes it another record */
		wire[bit / 8] ^= (uint8_t)(1 << bit % 8);
		assert_int_equal(open_at(&b, wire, len), STATUS_RECORD_TAG);
		wire[bit / 8] ^= (uint8_t)(1 << bit % 8);
	}
	assert_int_equal(open_at(&b, wire, len), STATUS_OK);
}

static void test_opening_marks_nothing(void **state)
{
	uint8_t wire[1500], out[PROTECT_RECORD_MAX];
	struct protect_content c;
	struct record rec;

	(void)state;
	begin(suite_at(0));
	rec = parse(wire, seal(&a, wire, "x"));
	assert_int_equal(protect_open(&b, &rec, out, &c), STATUS_OK);
	assert_int_equal(protect_open(&b, &rec, out, &c), STATUS_OK);
	assert_false(b.epochs[1].rx_seen);
}

static void test_no_keys_no_epoch_1(void **state)
{
	uint8_t wire[1500];
	struct wr w = wr_of(wire, sizeof(wire));

	(void)state;
	begin(NULL);
	assert_false(protect_write(&a, &w, 1, RECORD_HANDSHAKE, DTLS_1_2, wire, 1));
	assert_true(protect_write(&a, &w, 0, RECORD_HANDSHAKE, DTLS_1_0, (const uint8_t *)"h", 1));
	assert_int_equal(wr_len(&w), RECORD_HEADER_LEN + 1);
	assert_int_equal(protect_overhead(&a, 0), RECORD_HEADER_LEN);
}

static int setup(void **state)
{
	(void)state;
	aead = aead_new(AEAD_ENGINE_LIBCRYPTO);
	return aead == NULL;
}

static int teardown(void **state)
{
	(void)state;
	aead_free(aead);
	return 0;
}

/* Both ends of a suite of 1.3, with epochs 2 and 3. */
static void begin13(const struct suite *suite)
{
	struct traffic_keys keys;

	begin(suite);
	for (uint8_t epoch = 2; epoch <= 3; epoch++) {
		memset(&keys, epoch, sizeof(keys));
		memset(keys.server_key, 0x50 + epoch, sizeof(keys.server_key));
		memset(keys.server_sn, 0x60 + epoch, sizeof(keys.server_sn));
		protect_set_keys(&a, epoch, suite, &keys);
		protect_set_keys(&b, epoch, suite, &keys);
	}
}

static size_t seal13(struct protect *p, uint8_t epoch, uint8_t type, const void *text, size_t n,
		     uint8_t out[1500])
{
	struct wr w = wr_of(out, 1500);

	assert_true(protect_write(p, &w, epoch, type, DTLS_1_2, text, n));
	return wr_len(&w);
}

static enum status open13(const struct protect *p, const uint8_t *bytes, size_t len, uint8_t *out,
			  struct protect_content *c)
{
	struct rd r = rd_of(bytes, len);
	struct record13 rec;
	enum status s = record13_next(&r, 0, &rec);

	return s == STATUS_OK ? protect_open13(p, &rec, out, c) : s;
}

static void test_records_of_13(void **state)
{
	uint8_t wire[1500], out[PROTECT_RECORD_MAX];
	struct protect_content c;
	size_t len;

	(void)state;
	for (size_t i = SUITE_12_N; i < SUITE_N; i++) {
		begin13(suite_at(i));
		for (uint8_t epoch = 2; epoch <= 3; epoch++) {
			len = seal13(&a, epoch, RECORD_HANDSHAKE, "a whole message", 15, wire);
			assert_int_equal(len, protect_overhead(&a, epoch) + 15);
			assert_int_equal(open13(&b, wire, len, out, &c), STATUS_OK);
			assert_int_equal(c.epoch, epoch);
			assert_int_equal(c.type, RECORD_HANDSHAKE);
			assert_int_equal(c.seq, 0);
			assert_int_equal(c.len, 15);
			assert_memory_equal(out, "a whole message", 15);
			assert_int_not_equal(open13(&a, wire, len, out, &c), STATUS_OK);
			/* checklist 6, bad-input L13: the shortest is long enough for the mask */
			len = seal13(&b, epoch, RECORD_ACK, "", 0, wire);
			assert_in_range(len, RECORD13_HEADER_LEN + RECORD13_SAMPLE_LEN, 64);
			assert_int_equal(open13(&a, wire, len, out, &c), STATUS_OK);
			assert_int_equal(c.type, RECORD_ACK);
			assert_int_equal(c.len, 0);
		}
	}
}

/* bad-input A16, A17: opened, and of no type of 1.3; K1: marked once it is taken, and not before.
 */
static void test_types_and_window_of_13(void **state)
{
	uint8_t wire[1500], out[PROTECT_RECORD_MAX];
	struct protect_content c;
	size_t len;

	(void)state;
	begin13(suite_by_id(TLS_AES_128_GCM_SHA256));
	assert_int_equal(open13(&b, wire, seal13(&a, 2, RECORD_CCS, "\1", 1, wire), out, &c),
			 STATUS_RECORD_TYPE);
	assert_int_equal(open13(&b, wire, seal13(&a, 2, 0, "\0\0", 2, wire), out, &c),
			 STATUS_RECORD_TYPE);
	assert_false(protect_confirmed(&b));
	len = seal13(&a, 2, RECORD_ALERT, "\2\50", 2, wire);
	assert_int_equal(open13(&b, wire, len, out, &c), STATUS_OK);
	assert_int_equal(open13(&b, wire, len, out, &c), STATUS_OK);
	protect_mark(&b, &c);
	assert_true(protect_confirmed(&b));
	assert_int_equal(open13(&b, wire, len, out, &c), STATUS_RECORD_REPLAY);
	/* bad-input K2: a window apart for each epoch */
	len = seal13(&a, 3, RECORD_ALERT, "\2\50", 2, wire);
	assert_int_equal(open13(&b, wire, len, out, &c), STATUS_OK);
	assert_int_equal(c.seq, 0);
}

/* bad-input K5: the 16 bits of a number that are sent wrap, the number does not. */
static void test_numbers_wrap_in_13(void **state)
{
	uint8_t wire[1500], out[PROTECT_RECORD_MAX];
	struct protect_content c;

	(void)state;
	begin13(suite_by_id(TLS_CHACHA20_POLY1305_SHA256));
	a.epochs[3].tx_seq = 65535;
	b.epochs[3].rx_newest = 65000;
	b.epochs[3].rx_seen = true;
	for (uint64_t seq = 65535; seq < 65538; seq++) {
		size_t len = seal13(&a, 3, RECORD_HANDSHAKE, "x", 1, wire);

		assert_int_equal(open13(&b, wire, len, out, &c), STATUS_OK);
		assert_int_equal(c.seq, seq);
		protect_mark(&b, &c);
	}
}

static void test_hostile_records_of_13(void **state)
{
	uint8_t wire[1500], out[PROTECT_RECORD_MAX];
	struct protect_content c;
	size_t len;

	(void)state;
	begin13(suite_by_id(TLS_AES_128_CCM_SHA256));
	len = seal13(&a, 2, RECORD_HANDSHAKE, "finished", 8, wire);
	/* bad-input A1, A2, A12: every cut; a flipped bit wherever it is */
	for (size_t cut = 1; cut < len; cut++)
		assert_int_not_equal(open13(&b, wire, cut, out, &c), STATUS_OK);
	for (size_t at = 1; at < len; at++) {
		wire[at] ^= 4;
		assert_int_not_equal(open13(&b, wire, len, out, &c), STATUS_OK);
		wire[at] ^= 4;
	}
	assert_int_equal(open13(&b, wire, len, out, &c), STATUS_OK);
	/* epochs without keys: early data, and what comes behind a KeyUpdate */
	wire[0] = (uint8_t)((wire[0] & ~RECORD13_EPOCH_BITS) | 1);
	assert_int_equal(open13(&b, wire, len, out, &c), STATUS_RECORD_EPOCH);
	wire[0] = (uint8_t)(wire[0] & ~RECORD13_EPOCH_BITS);
	assert_int_equal(open13(&b, wire, len, out, &c), STATUS_RECORD_EPOCH);
	a.epochs[2].tx_seq = RECORD_SEQ_MAX + 1;
	{
		struct wr w = wr_of(wire, sizeof(wire));

		assert_false(protect_write(&a, &w, 2, RECORD_HANDSHAKE, DTLS_1_2, wire, 1));
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_records_of_13),
		cmocka_unit_test(test_types_and_window_of_13),
		cmocka_unit_test(test_numbers_wrap_in_13),
		cmocka_unit_test(test_hostile_records_of_13),
		cmocka_unit_test(test_both_ways_with_every_suite),
		cmocka_unit_test(test_numbers_are_never_reused),
		cmocka_unit_test(test_numbers_run_out),
		cmocka_unit_test(test_forgery_leaves_the_window),
		cmocka_unit_test(test_window_of_64),
		cmocka_unit_test(test_short_records),
		cmocka_unit_test(test_every_bit_counts),
		cmocka_unit_test(test_opening_marks_nothing),
		cmocka_unit_test(test_no_keys_no_epoch_1),
	};

	return cmocka_run_group_tests_name("protect", tests, setup, teardown);
}

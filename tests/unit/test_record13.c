/* SPDX-License-Identifier: BSD-3-Clause */
#include "record13.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

static uint8_t buf[20000];

/* A header and len bytes of fragment; returns where the next record goes. */
static size_t put(size_t at, uint8_t bits, size_t cid_len, uint16_t number, size_t len)
{
	struct wr w = wr_of(buf + at, sizeof(buf) - at);
	size_t n;

	wr_u8(&w, (uint8_t)(RECORD13_FIXED | bits));
	for (size_t i = 0; i < cid_len; i++)
		wr_u8(&w, (uint8_t)(0xc0 + i));
	if (bits & RECORD13_SEQ16)
		wr_u16(&w, number);
	else
		wr_u8(&w, (uint8_t)number);
	if (bits & RECORD13_LENGTH)
		wr_u16(&w, (uint16_t)len);
	for (size_t i = 0; i < len; i++)
		wr_u8(&w, 0xaa);
	assert_true(wr_finish(&w, &n));
	return at + n;
}

/* checklist 2: these are the first bytes that RFC 9147 §4.1 keeps for such records. */
static void first_byte_tells(void **state)
{
	(void)state;
	for (unsigned b = 0; b < 256; b++)
		assert_int_equal(record13_is((uint8_t)b), b > 31 && b < 64);
}

/* checklist 3: every combination of C, S, L and the epoch's bits, alone and in front of another. */
static void every_header_is_read(void **state)
{
	(void)state;
	for (unsigned bits = 0; bits < 32; bits++) {
		size_t cid_len = bits & RECORD13_CID ? 7 : 0;
		size_t header = 1 + cid_len + (bits & RECORD13_SEQ16 ? 2 : 1) +
				(bits & RECORD13_LENGTH ? 2 : 0);
		size_t end = put(0, (uint8_t)bits, cid_len, 0x1234, 40);
		size_t all = put(end, (uint8_t)bits, cid_len, 0x1234, 20);
		struct rd r = rd_of(buf, all);
		struct record13 rec;

		assert_int_equal(record13_next(&r, cid_len, &rec), STATUS_OK);
		assert_ptr_equal(rec.header, buf);
		assert_int_equal(rec.header_len, header);
		assert_int_equal(rec.epoch_bits, bits & 3);
		assert_ptr_equal(rec.body.p, buf + header);
		/* Without a length it is all there is. */
		assert_int_equal(rd_len(&rec.body), bits & RECORD13_LENGTH ? 40 : all - header);
		assert_int_equal(rd_len(&r), bits & RECORD13_LENGTH ? all - end : 0);
	}
}

/* bad-input A18, checklist 5: C where none was agreed on; none where one was. Nobody knows where
 * such a record ends. */
static void connection_ids_are_as_agreed(void **state)
{
	(void)state;
	for (unsigned bits = 0; bits < 32; bits++) {
		size_t had = bits & RECORD13_CID ? 4 : 0, wanted = 4 - had;
		struct rd r = rd_of(buf, put(0, (uint8_t)bits, had, 9, 100));
		struct record13 rec = { .header_len = 99 };

		assert_int_equal(record13_next(&r, wanted, &rec), STATUS_RECORD_CID);
		assert_int_equal(rd_len(&r), 0);
		assert_int_equal(rec.header_len, 0);
	}
}

/* bad-input A1, A2: every truncation, of every header. */
static void every_truncation_is_refused(void **state)
{
	(void)state;
	for (unsigned bits = 0; bits < 32; bits++) {
		size_t cid_len = bits & RECORD13_CID ? 3 : 0;
		size_t end = put(0, (uint8_t)bits, cid_len, 9, RECORD13_SAMPLE_LEN);
		size_t header = end - RECORD13_SAMPLE_LEN;

		for (size_t len = 1; len < end; len++) {
			struct rd r = rd_of(buf, len);
			struct record13 rec;
			bool cut = bits & RECORD13_LENGTH && len >= header;

			assert_int_equal(record13_next(&r, cid_len, &rec),
					 cut ? STATUS_RECORD_LENGTH : STATUS_RECORD_SHORT);
			assert_null(rec.header);
			assert_int_equal(rd_len(&r), 0);
		}
	}
}

/* bad-input A12, L13: less than a sample is no record; what is behind it is looked at all the same
 * (A5). */
static void short_fragment_is_skipped(void **state)
{
	(void)state;
	for (size_t len = 0; len <= RECORD13_SAMPLE_LEN; len++) {
		size_t end = put(0, RECORD13_LENGTH, 0, 1, len);
		struct rd r = rd_of(buf, put(end, RECORD13_LENGTH | RECORD13_SEQ16, 0, 77, 30));
		struct record13 rec;

		assert_int_equal(record13_next(&r, 0, &rec),
				 len < 16 ? STATUS_RECORD_SHORT : STATUS_OK);
		assert_int_equal(record13_next(&r, 0, &rec), STATUS_OK);
		assert_int_equal(rd_len(&rec.body), 30);
		assert_int_equal(rd_len(&r), 0);
	}
}

/* bad-input A4 */
static void limit_is_2_14_and_256(void **state)
{
	(void)state;
	for (unsigned bits = 0; bits < 16; bits++) {
		for (size_t over = 0; over < 2; over++) {
			size_t end = put(0, (uint8_t)bits, 0, 1, 16384 + 256 + over);
			struct rd r = rd_of(buf, end);
			struct record13 rec;

			assert_int_equal(record13_next(&r, 0, &rec),
					 over ? STATUS_RECORD_LENGTH : STATUS_OK);
			assert_int_equal(rd_len(&r), 0);
		}
	}
}

/* checklist 7, bad-input K5: the reference is RFC 9147 §4.2.2's sentence, word for word. */
static uint64_t closest(uint64_t next, uint16_t low, unsigned bits)
{
	uint64_t best = 0, best_apart = UINT64_MAX, mask = (UINT64_C(1) << bits) - 1;
	uint64_t from = next > 2 * mask ? next - 2 * mask : 0;

	for (uint64_t n = from; n < next + 2 * mask; n++) {
		uint64_t apart = n > next ? n - next : next - n;

		if ((n & mask) == (low & mask) && apart < best_apart) {
			best = n;
			best_apart = apart;
		}
	}
	return best;
}

static void number_is_the_closest(void **state)
{
	const uint64_t nexts[] = { 0,     1,     2,     127,   128,     129,
				   255,   256,   257,   300,   32767,   32768,
				   65534, 65535, 65536, 65537, 1 << 20, (UINT64_C(1) << 48) - 1 };

	(void)state;
	for (size_t i = 0; i < sizeof(nexts) / sizeof(nexts[0]); i++) {
		for (unsigned low = 0; low < 256; low++)
			assert_int_equal(record13_number(nexts[i], (uint16_t)low, 8),
					 closest(nexts[i], (uint16_t)low, 8));
		for (unsigned low = 0; low < 65536; low += 997)
			assert_int_equal(record13_number(nexts[i], (uint16_t)low, 16),
					 closest(nexts[i], (uint16_t)low, 16));
	}
}

/* bad-input K5: over both boundaries, in order and out of it. */
static void numbers_cross_boundaries(void **state)
{
	(void)state;
	assert_int_equal(record13_number(255, 255, 8), 255);
	assert_int_equal(record13_number(256, 0, 8), 256);
	assert_int_equal(record13_number(255, 0, 8), 256);
	assert_int_equal(record13_number(257, 254, 8), 254);
	assert_int_equal(record13_number(65536, 0, 16), 65536);
	assert_int_equal(record13_number(65535, 3, 16), 65539);
	assert_int_equal(record13_number(65540, 65534, 16), 65534);
	/* Nothing is below zero. */
	assert_int_equal(record13_number(1, 255, 8), 255);
	assert_int_equal(record13_number(0, 65535, 16), 65535);
}

static void header_is_written_as_drawn(void **state)
{
	const uint8_t expected[] = { 0x2c | 3, 0x30, 0x39, 0x01, 0x02 };
	const uint8_t mask[] = { 0xff, 0x0f };
	const uint8_t masked[] = { 0x2f, 0xcf, 0x36, 0x01, 0x02 };
	uint8_t out[RECORD13_HEADER_LEN];

	(void)state;
	record13_put_header(out, 7, 0x112343039, 0x0102);
	assert_memory_equal(out, expected, sizeof(expected));
	record13_put_mask(out, mask);
	assert_memory_equal(out, masked, sizeof(masked));
}

/* What was masked comes back, and the header with it as it was sealed; nothing else is touched. */
static void mask_comes_off_every_header(void **state)
{
	const uint8_t mask[] = { 0x5a, 0xc3 };

	(void)state;
	for (unsigned bits = 0; bits < 32; bits++) {
		size_t cid_len = bits & RECORD13_CID ? 5 : 0;
		size_t number_len = bits & RECORD13_SEQ16 ? 2 : 1;
		struct rd r = rd_of(buf, put(0, (uint8_t)bits, cid_len, 0xff03, 16));
		uint8_t sealed[RECORD13_HEADER_MAX], aad[RECORD13_HEADER_MAX + 1];
		struct record13 rec;

		assert_int_equal(record13_next(&r, cid_len, &rec), STATUS_OK);
		memcpy(sealed, buf, rec.header_len);
		for (size_t i = 0; i < number_len; i++)
			buf[1 + cid_len + i] ^= mask[i];
		aad[rec.header_len] = 0xee;
		assert_int_equal(record13_unmask(rec.header, rec.header_len, mask, 0x1ff00, aad),
				 0x1ff03);
		assert_memory_equal(aad, sealed, rec.header_len);
		assert_int_equal(aad[rec.header_len], 0xee);
	}
}

/* checklist 6: short content is padded, for the sample's sake. */
static void inner_plaintext_is_padded_for_the_sample(void **state)
{
	uint8_t inner[64];

	(void)state;
	for (size_t tag_len = 8; tag_len <= 16; tag_len += 8) {
		for (size_t len = 0; len < 20; len++) {
			size_t n, back;
			uint8_t type;

			memset(inner, 0xdd, sizeof(inner));
			n = record13_put_inner(inner, len, RECORD_APPDATA, tag_len);
			assert_int_equal(n, record13_inner_len(len, tag_len));
			assert_true(n + tag_len >= 16 && n >= len + 1);
			assert_true(n == len + 1 || n + tag_len == 16);
			assert_int_equal(inner[n], 0xdd);
			assert_true(record13_take_inner(inner, n, &type, &back));
			assert_int_equal(type, RECORD_APPDATA);
			assert_int_equal(back, len);
		}
	}
}

/* checklist 17, bad-input A16 */
static void inner_plaintext_of_zeros_is_nothing(void **state)
{
	const uint8_t zeros[300] = { 0 }, type_only[300] = { RECORD_ACK };
	uint8_t type;
	size_t len;

	(void)state;
	assert_false(record13_take_inner(zeros, sizeof(zeros), &type, &len));
	assert_false(record13_take_inner(zeros, 0, &type, &len));
	assert_true(record13_take_inner(type_only, sizeof(type_only), &type, &len));
	assert_int_equal(type, RECORD_ACK);
	assert_int_equal(len, 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(first_byte_tells),
		cmocka_unit_test(every_header_is_read),
		cmocka_unit_test(connection_ids_are_as_agreed),
		cmocka_unit_test(every_truncation_is_refused),
		cmocka_unit_test(short_fragment_is_skipped),
		cmocka_unit_test(limit_is_2_14_and_256),
		cmocka_unit_test(number_is_the_closest),
		cmocka_unit_test(numbers_cross_boundaries),
		cmocka_unit_test(header_is_written_as_drawn),
		cmocka_unit_test(mask_comes_off_every_header),
		cmocka_unit_test(inner_plaintext_is_padded_for_the_sample),
		cmocka_unit_test(inner_plaintext_of_zeros_is_nothing),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}

/* SPDX-License-Identifier: BSD-3-Clause */
#include "record.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

static uint8_t buf[20000];

/* A record with len bytes of 0xaa in it; returns where the next one goes. */
static size_t put(size_t at, uint8_t type, uint16_t version, uint16_t epoch, uint64_t seq,
		  size_t len)
{
	struct wr w = wr_of(buf + at, sizeof(buf) - at);
	size_t n;

	record_write_header(&w, type, version, epoch, seq, (uint16_t)len);
	for (size_t i = 0; i < len; i++)
		wr_u8(&w, 0xaa);
	assert_true(wr_finish(&w, &n));
	return at + n;
}

/* The status of one lone record. */
static enum status one(uint8_t type, uint16_t version, uint16_t epoch, size_t len)
{
	struct rd r = rd_of(buf, put(0, type, version, epoch, 7, len));
	struct record rec;
	enum status s = record_next(&r, &rec);

	assert_int_equal(rd_len(&r), 0);
	return s;
}

/* checklist 1: several records in one datagram. */
static void reads_every_field_of_every_record(void **state)
{
	size_t end = put(0, RECORD_CCS, DTLS_1_2, 0, 0x010203040506, 1);
	struct record rec;
	struct rd r;

	(void)state;
	end = put(end, RECORD_HANDSHAKE, DTLS_1_2, 0xfffe, RECORD_SEQ_MAX, 40);
	r = rd_of(buf, end);
	assert_int_equal(record_next(&r, &rec), STATUS_OK);
	assert_int_equal(rec.type, RECORD_CCS);
	assert_int_equal(rec.version, DTLS_1_2);
	assert_int_equal(rec.epoch, 0);
	assert_int_equal(rec.seq, 0x010203040506);
	assert_ptr_equal(rec.body.p, buf + RECORD_HEADER_LEN);
	assert_int_equal(rd_len(&rec.body), 1);
	assert_int_equal(record_next(&r, &rec), STATUS_OK);
	assert_int_equal(rec.type, RECORD_HANDSHAKE);
	assert_int_equal(rec.epoch, 0xfffe);
	assert_int_equal(rec.seq, RECORD_SEQ_MAX);
	assert_int_equal(rd_len(&rec.body), 40);
	assert_int_equal(rd_len(&r), 0);
}

/* bad-input A1 */
static void less_than_a_header_is_short(void **state)
{
	const struct record before = { .type = 99, .seq = 1234 };

	(void)state;
	put(0, RECORD_HANDSHAKE, DTLS_1_2, 0, 0, 0);
	for (size_t len = 0; len < RECORD_HEADER_LEN; len++) {
		struct rd r = rd_of(buf, len);
		struct record rec = before;

		assert_int_equal(record_next(&r, &rec), STATUS_RECORD_SHORT);
		assert_int_equal(rd_len(&r), 0);
		assert_int_equal(rec.type, 0);
		assert_int_equal(rec.seq, 0);
	}
	assert_int_equal(one(RECORD_HANDSHAKE, DTLS_1_2, 0, 0), STATUS_OK);
}

/* bad-input A2: the record and the rest of the datagram. */
static void length_past_the_datagram_ends_it(void **state)
{
	const size_t lens[] = { 1, 2, 100, 65535 };

	(void)state;
	for (size_t i = 0; i < sizeof(lens) / sizeof(lens[0]); i++) {
		size_t good = put(0, RECORD_ALERT, DTLS_1_2, 0, 0, 2);
		struct wr w = wr_of(buf + good, 13);
		struct rd r = rd_of(buf, good + 13);
		struct record rec;

		record_write_header(&w, RECORD_HANDSHAKE, DTLS_1_2, 0, 1, (uint16_t)lens[i]);
		assert_int_equal(record_next(&r, &rec), STATUS_OK);
		assert_int_equal(record_next(&r, &rec), STATUS_RECORD_LENGTH);
		assert_int_equal(rec.type, 0);
		assert_null(rec.body.p);
		assert_int_equal(rd_len(&r), 0);
	}
}

/* bad-input A2: every truncation of two records, and never a byte too far. */
static void every_truncation_is_refused(void **state)
{
	size_t first = put(0, RECORD_HANDSHAKE, DTLS_1_2, 0, 0, 20);
	size_t end = put(first, RECORD_HANDSHAKE, DTLS_1_2, 0, 1, 20);

	(void)state;
	for (size_t len = first + 1; len < end; len++) {
		struct rd r = rd_of(buf, len);
		struct record rec;

		assert_int_equal(record_next(&r, &rec), STATUS_OK);
		assert_int_equal(record_next(&r, &rec), len < first + RECORD_HEADER_LEN
								? STATUS_RECORD_SHORT
								: STATUS_RECORD_LENGTH);
	}
}

/* bad-input A4 */
static void limits_are_those_of_plain_and_protected_records(void **state)
{
	(void)state;
	assert_int_equal(one(RECORD_HANDSHAKE, DTLS_1_2, 0, 16384), STATUS_OK);
	assert_int_equal(one(RECORD_HANDSHAKE, DTLS_1_2, 0, 16385), STATUS_RECORD_LENGTH);
	assert_int_equal(one(RECORD_APPDATA, DTLS_1_2, 1, 16385), STATUS_OK);
	assert_int_equal(one(RECORD_APPDATA, DTLS_1_2, 1, 18432), STATUS_OK);
	assert_int_equal(one(RECORD_APPDATA, DTLS_1_2, 1, 18433), STATUS_RECORD_LENGTH);
}

/* bad-input A5 */
static void good_record_behind_a_bad_one_is_read(void **state)
{
	size_t end = put(0, 99, DTLS_1_2, 0, 0, 5);
	struct record rec;
	struct rd r;

	(void)state;
	end = put(end, RECORD_APPDATA, 0x0303, 1, 0, 5);
	end = put(end, RECORD_APPDATA, DTLS_1_2, 1, 42, 5);
	r = rd_of(buf, end);
	assert_int_equal(record_next(&r, &rec), STATUS_RECORD_TYPE);
	assert_int_equal(record_next(&r, &rec), STATUS_RECORD_VERSION);
	assert_int_equal(record_next(&r, &rec), STATUS_OK);
	assert_int_equal(rec.seq, 42);
}

/* bad-input A6, A10, A18; checklist 2: 25 is a connection ID's, 26 and 001xxxxx are DTLS 1.3's. */
static void only_four_types_are_known(void **state)
{
	(void)state;
	for (unsigned type = 0; type < 256; type++) {
		bool known = type == 20 || type == 21 || type == 22 || type == 23;

		for (uint16_t epoch = 0; epoch < 2; epoch++)
			assert_int_equal(one((uint8_t)type, DTLS_1_2, epoch, 3),
					 known ? STATUS_OK : STATUS_RECORD_TYPE);
	}
}

/* bad-input A8 */
static void other_versions_are_refused(void **state)
{
	const uint16_t bad[] = { 0x0000, 0x0100, 0x0303, 0x0304, 0xfdfd, 0xfe00,
				 0xfefc, 0xfefe, 0xff00, 0xfffd, 0xffff };

	(void)state;
	for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++)
		for (unsigned type = RECORD_CCS; type <= RECORD_APPDATA; type++) {
			assert_int_equal(one((uint8_t)type, bad[i], 0, 1), STATUS_RECORD_VERSION);
			assert_int_equal(one((uint8_t)type, bad[i], 1, 1), STATUS_RECORD_VERSION);
		}
}

/* bad-input A8: 1.0 stands on first flights only. */
static void version_1_0_is_for_hellos_and_alerts_of_epoch_0(void **state)
{
	(void)state;
	assert_int_equal(one(RECORD_HANDSHAKE, DTLS_1_0, 0, 1), STATUS_OK);
	assert_int_equal(one(RECORD_ALERT, DTLS_1_0, 0, 2), STATUS_OK);
	assert_int_equal(one(RECORD_CCS, DTLS_1_0, 0, 1), STATUS_RECORD_VERSION);
	assert_int_equal(one(RECORD_APPDATA, DTLS_1_0, 0, 1), STATUS_RECORD_VERSION);
	assert_int_equal(one(RECORD_HANDSHAKE, DTLS_1_0, 1, 40), STATUS_RECORD_VERSION);
	assert_int_equal(one(RECORD_ALERT, DTLS_1_0, 1, 40), STATUS_RECORD_VERSION);
}

/* bad-input A9: each call moves on by a record at least, so a caller's count bounds the work. */
static void minimal_records_each_advance(void **state)
{
	size_t end = 0, n = 0;
	struct record rec;
	struct rd r;

	(void)state;
	for (; end + RECORD_HEADER_LEN <= 1400; n++)
		end = put(end, (uint8_t)(20 + n % 6), DTLS_1_2, 1, n, 0);
	r = rd_of(buf, end);
	assert_true(n > 100);
	for (size_t i = 1; i <= n; i++) {
		(void)record_next(&r, &rec);
		assert_int_equal(rd_len(&r), (n - i) * RECORD_HEADER_LEN);
	}
	assert_int_equal(record_next(&r, &rec), STATUS_RECORD_SHORT);
}

/* bad-input K9: it is a record; that epoch 0 has no application data is the caller's to know. */
static void application_data_of_epoch_0_is_handed_out_as_such(void **state)
{
	struct rd r = rd_of(buf, put(0, RECORD_APPDATA, DTLS_1_2, 0, 3, 10));
	struct record rec;

	(void)state;
	assert_int_equal(record_next(&r, &rec), STATUS_OK);
	assert_int_equal(rec.type, RECORD_APPDATA);
	assert_int_equal(rec.epoch, 0);
}

static void header_is_written_as_drawn(void **state)
{
	const uint8_t expected[] = { 23, 0xfe, 0xfd, 0, 1, 1, 2, 3, 4, 5, 6, 0x12, 0x34 };
	uint8_t out[RECORD_HEADER_LEN];
	struct wr w = wr_of(out, sizeof(out));
	size_t len;

	(void)state;
	record_write_header(&w, RECORD_APPDATA, DTLS_1_2, 1, 0x010203040506, 0x1234);
	assert_true(wr_finish(&w, &len));
	assert_int_equal(len, sizeof(expected));
	assert_memory_equal(out, expected, sizeof(expected));
}

/* checklist 13: a number past 2^48 - 1 is never written in a shortened form. */
static void sequence_number_does_not_wrap(void **state)
{
	uint8_t out[RECORD_HEADER_LEN];
	struct wr w = wr_of(out, sizeof(out));
	size_t len;

	(void)state;
	record_write_header(&w, RECORD_APPDATA, DTLS_1_2, 1, RECORD_SEQ_MAX, 0);
	assert_true(wr_finish(&w, &len));
	w = wr_of(out, sizeof(out));
	record_write_header(&w, RECORD_APPDATA, DTLS_1_2, 1, RECORD_SEQ_MAX + 1, 0);
	assert_false(wr_finish(&w, &len));
}

static void header_does_not_overrun(void **state)
{
	uint8_t out[RECORD_HEADER_LEN] = { [12] = 0xee };
	struct wr w = wr_of(out, RECORD_HEADER_LEN - 1);
	size_t len;

	(void)state;
	record_write_header(&w, RECORD_APPDATA, DTLS_1_2, 1, 1, 5);
	assert_false(wr_finish(&w, &len));
	assert_int_equal(out[12], 0xee);
}

/* RFC 5246 §6.2.3.3: seq_num (epoch and number) + type + version + length. */
static void additional_data_is_the_rfcs(void **state)
{
	const uint8_t expected[] = { 0, 1, 0, 0, 0, 0, 0x30, 0x39, 23, 0xfe, 0xfd, 0x01, 0x02 };
	uint8_t aad[RECORD_AAD_LEN];

	(void)state;
	record_aad(aad, RECORD_APPDATA, 1, 12345, 0x0102);
	assert_memory_equal(aad, expected, sizeof(expected));
}

/* Field by field, as RFC 6347 draws them: what the wide stores are held against. */
static void wide_stores_agree_with_fields(void **state)
{
	uint64_t x = 88172645463325252;

	(void)state;
	for (unsigned i = 0; i < 2000; i++) {
		uint8_t plain[RECORD_HEADER_LEN + RECORD_AAD_LEN], wide[sizeof(plain) + 1];
		struct wr w = wr_of(plain, sizeof(plain)), v = wr_of(wide, RECORD_HEADER_LEN);
		uint64_t seq = (x ^= x << 13, x ^= x >> 7, x ^= x << 17) & RECORD_SEQ_MAX;
		uint8_t type = (uint8_t)(x >> 56);
		uint16_t epoch = (uint16_t)(x >> 40), len = (uint16_t)(x >> 50);

		wr_u8(&w, type);
		wr_u16(&w, DTLS_1_2);
		wr_u16(&w, epoch);
		wr_u48(&w, seq);
		wr_u16(&w, len);
		wr_u16(&w, epoch);
		wr_u48(&w, seq);
		wr_u8(&w, type);
		wr_u16(&w, DTLS_1_2);
		wr_u16(&w, len);
		wide[sizeof(plain)] = 0xee;
		record_write_header(&v, type, DTLS_1_2, epoch, seq, len);
		record_aad(wide + RECORD_HEADER_LEN, type, epoch, seq, len);
		assert_memory_equal(wide, plain, sizeof(plain));
		assert_int_equal(wide[sizeof(plain)], 0xee);
		record_put_header(wide + 1, type, DTLS_1_0, epoch, seq, len);
		assert_memory_equal(wide + 4, plain + 3, RECORD_HEADER_LEN - 3);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(reads_every_field_of_every_record),
		cmocka_unit_test(less_than_a_header_is_short),
		cmocka_unit_test(length_past_the_datagram_ends_it),
		cmocka_unit_test(every_truncation_is_refused),
		cmocka_unit_test(limits_are_those_of_plain_and_protected_records),
		cmocka_unit_test(good_record_behind_a_bad_one_is_read),
		cmocka_unit_test(only_four_types_are_known),
		cmocka_unit_test(other_versions_are_refused),
		cmocka_unit_test(version_1_0_is_for_hellos_and_alerts_of_epoch_0),
		cmocka_unit_test(minimal_records_each_advance),
		cmocka_unit_test(application_data_of_epoch_0_is_handed_out_as_such),
		cmocka_unit_test(header_is_written_as_drawn),
		cmocka_unit_test(sequence_number_does_not_wrap),
		cmocka_unit_test(header_does_not_overrun),
		cmocka_unit_test(additional_data_is_the_rfcs),
		cmocka_unit_test(wide_stores_agree_with_fields),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}

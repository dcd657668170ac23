/* SPDX-License-Identifier: BSD-3-Clause */
/* Records with connection IDs, of both versions (RFC 9146 §4 and §5, RFC 9147 §4 and §9). */
#include "record13.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>

#include <cmocka.h>

static const uint8_t cid_bytes[RECORD_CID_MAX] = { 0xc0, 0xc1, 0xc2, 0xc3, 0xc4,
						   0xc5, 0xc6, 0xc7, 0xc8 };
static uint8_t buf[20000];

/* A record of len bytes of body; returns where the next one goes. */
static size_t put(size_t at, uint16_t epoch, size_t cid_len, size_t len)
{
	record_put_cid_header(buf + at, epoch, 0x0a0b0c0d0e0f, cid_bytes, cid_len, (uint16_t)len);
	memset(buf + at + RECORD_HEADER_LEN + cid_len, 0xaa, len);
	return at + RECORD_HEADER_LEN + cid_len + len;
}

/* checklist 36: what is written for a peer's of any length is read by who gave it; mbedTLS once
 * mixed up the lengths of the two directions. */
static void any_length_is_read_as_it_was_written(void **state)
{
	(void)state;
	for (size_t cid_len = 1; cid_len <= RECORD_CID_MAX; cid_len++) {
		struct rd left = rd_of(buf, put(put(0, 1, cid_len, 40), 1, cid_len, 0));
		struct record r;

		assert_int_equal(record_next_cid(&left, cid_len, &r), STATUS_OK);
		assert_int_equal(r.type, RECORD_CID);
		assert_int_equal(r.version, DTLS_1_2);
		assert_int_equal(r.epoch, 1);
		assert_int_equal(r.seq, 0x0a0b0c0d0e0f);
		assert_int_equal(rd_len(&r.cid), cid_len);
		assert_memory_equal(r.cid.p, cid_bytes, cid_len);
		assert_ptr_equal(record_cid_at(buf, 13 + cid_len, cid_len), r.cid.p);
		assert_null(record_cid_at(buf, 12 + cid_len, cid_len));
		assert_int_equal(rd_len(&r.body), 40);
		assert_int_equal(*r.body.p, 0xaa);
		assert_int_equal(record_next_cid(&left, cid_len, &r), STATUS_OK);
		assert_int_equal(rd_len(&r.body), 0);
		assert_int_equal(rd_len(&left), 0);
	}
}

static void expect(size_t len, size_t cid_len, enum status s)
{
	struct rd left = rd_of(buf, len);
	struct record r = { .type = 99 };

	assert_int_equal(record_next_cid(&left, cid_len, &r), s);
	assert_int_equal(rd_len(&left), 0);
	if (s != STATUS_OK)
		assert_true(r.type == 0 && r.cid.p == NULL && r.body.p == NULL);
}

/* Any lengths that do not fit each other: no byte beyond the datagram is read, under ASan. */
static void lengths_that_do_not_fit_are_refused(void **state)
{
	(void)state;
	for (size_t sent = 1; sent <= 20; sent++) {
		for (size_t own = 1; own <= 20; own++) {
			const size_t len = put(0, 1, sent, 3);
			uint8_t *exact = malloc(len);
			struct rd left = rd_of(exact, len);
			struct record r;

			memcpy(exact, buf, len);
			if (record_next_cid(&left, own, &r) == STATUS_OK)
				assert_true(r.body.end <= exact + len);
			else
				assert_int_equal(rd_len(&left), 0);
			free(exact);
		}
	}
	put(0, 1, 8, 3);
	for (size_t len = 0; len < RECORD_HEADER_LEN + 8; len++)
		expect(len, 8, STATUS_RECORD_SHORT);
	for (size_t len = RECORD_HEADER_LEN + 8; len < RECORD_HEADER_LEN + 8 + 3; len++)
		expect(len, 8, STATUS_RECORD_LENGTH);
	expect(put(0, 1, 8, RECORD_CIPHERTEXT_MAX + 1), 8, STATUS_RECORD_LENGTH);
	expect(put(0, 1, 8, RECORD_CIPHERTEXT_MAX), 8, STATUS_OK);
}

/* bad-input A18; and none in epoch 0, where nothing is protected. */
static void an_id_where_none_was_given_is_refused(void **state)
{
	struct rd left = rd_of(buf, put(0, 1, 8, 30));
	struct record r;

	(void)state;
	expect(put(0, 1, 8, 30), 0, STATUS_RECORD_CID);
	expect(put(0, 0, 8, 30), 8, STATUS_RECORD_CID);
	left = rd_of(buf, put(0, 1, 8, 30));
	assert_true(record_next(&left, &r) != STATUS_OK);
}

static void another_version_is_refused(void **state)
{
	const size_t len = put(0, 1, 8, 30);

	(void)state;
	bytes_put_u16(buf + 1, DTLS_1_0);
	expect(len, 8, STATUS_RECORD_VERSION);
}

/* Records without an ID pass, for epoch 0; RRC in the clear only towards who has an empty one. */
static void records_without_one_are_as_ever(void **state)
{
	struct rd left;
	struct record r;
	size_t len = put(RECORD_HEADER_LEN + 5, 1, 8, 7);

	(void)state;
	record_put_header(buf, RECORD_HANDSHAKE, DTLS_1_0, 0, 2, 5);
	left = rd_of(buf, len);
	assert_int_equal(record_next_cid(&left, 8, &r), STATUS_OK);
	assert_int_equal(r.type, RECORD_HANDSHAKE);
	assert_int_equal(rd_len(&r.cid), 0);
	assert_int_equal(record_next_cid(&left, 8, &r), STATUS_OK);
	assert_int_equal(r.type, RECORD_CID);

	record_put_header(buf, RECORD_RRC, DTLS_1_2, 1, 2, 5);
	left = rd_of(buf, RECORD_HEADER_LEN + 5);
	assert_int_equal(record_next_cid(&left, 0, &r), STATUS_OK);
	assert_int_equal(r.type, RECORD_RRC);
	left = rd_of(buf, RECORD_HEADER_LEN + 5);
	assert_int_equal(record_next_cid(&left, 8, &r), STATUS_RECORD_TYPE);
	left = rd_of(buf, RECORD_HEADER_LEN + 5);
	assert_int_equal(record_next(&left, &r), STATUS_RECORD_TYPE);
}

/* checklist 37, RFC 9146 §5.3: byte by byte. */
static void additional_data_is_the_rfcs(void **state)
{
	static const uint8_t expected[] = { 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 25,
					    3,    25,   0xfe, 0xfd, 0,    1,    0x0a, 0x0b, 0x0c,
					    0x0d, 0x0e, 0x0f, 0xc0, 0xc1, 0xc2, 0x01, 0x03 };
	uint8_t aad[RECORD_AAD_CID_MAX];

	(void)state;
	assert_int_equal(record_cid_aad(aad, 1, 0x0a0b0c0d0e0f, cid_bytes, 3, 0x103),
			 sizeof(expected));
	assert_memory_equal(aad, expected, sizeof(expected));
	assert_int_equal(record_cid_aad(aad, 1, 7, cid_bytes, RECORD_CID_MAX, 9),
			 RECORD_AAD_CID_MAX);
	assert_int_equal(bytes_u16(aad + RECORD_AAD_CID_MAX - 2), 9);
}

static void headers_of_13_are_read_as_they_were_written(void **state)
{
	static const uint8_t mask[2] = { 0x5a, 0xa5 };

	(void)state;
	for (size_t cid_len = 1; cid_len <= RECORD_CID_MAX; cid_len++) {
		uint8_t aad[5 + RECORD_CID_MAX];
		const size_t header_len = RECORD13_HEADER_LEN + cid_len;
		struct rd left = rd_of(buf, header_len + 40);
		struct record13 r;

		record13_put_cid_header(buf, 3, 0x1234, cid_bytes, cid_len, 40);
		memcpy(aad, buf, header_len);
		record13_put_cid_mask(buf, cid_len, mask);
		memset(buf + header_len, 0xbb, 40);
		assert_ptr_equal(record13_cid_at(buf, 1 + cid_len, cid_len), buf + 1);
		assert_null(record13_cid_at(buf, cid_len, cid_len));
		assert_int_equal(record13_next(&left, cid_len, &r), STATUS_OK);
		assert_int_equal(r.header_len, header_len);
		assert_int_equal(r.epoch_bits, 3);
		assert_int_equal(rd_len(&r.body), 40);
		assert_memory_equal(r.header + 1, cid_bytes, cid_len);
		assert_int_equal(record13_unmask(r.header, r.header_len, mask, 0x1230, buf + 10000),
				 0x1234);
		assert_memory_equal(buf + 10000, aad, header_len);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(any_length_is_read_as_it_was_written),
		cmocka_unit_test(lengths_that_do_not_fit_are_refused),
		cmocka_unit_test(an_id_where_none_was_given_is_refused),
		cmocka_unit_test(another_version_is_refused),
		cmocka_unit_test(records_without_one_are_as_ever),
		cmocka_unit_test(additional_data_is_the_rfcs),
		cmocka_unit_test(headers_of_13_are_read_as_they_were_written),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}

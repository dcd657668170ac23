/* SPDX-License-Identifier: BSD-3-Clause */
#include "reassembly.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>

#include <cmocka.h>

static size_t n_alive, n_bytes, n_total;
static bool no_memory;

static void *test_alloc(void *arg, size_t len)
{
	size_t *p;

	(void)arg;
	if (no_memory)
		return NULL;
	p = malloc(16 + len);
	*p = len;
	n_alive++;
	n_total++;
	n_bytes += len;
	return (uint8_t *)p + 16;
}

static size_t block_len(const void *p)
{
	return *(const size_t *)(const void *)((const uint8_t *)p - 16);
}

static void test_release(void *arg, void *p)
{
	size_t *block = (size_t *)(void *)((uint8_t *)p - 16);

	(void)arg;
	n_alive--;
	n_bytes -= *block;
	free(block);
}

static const struct reassembly_alloc alloc = { test_alloc, test_release, NULL };
static uint8_t text[REASSEMBLY_MESSAGE_MAX];

static void begin(struct reassembly *r, uint16_t next)
{
	for (size_t i = 0; i < sizeof(text); i++)
		text[i] = (uint8_t)(i * 7 + i / 256);
	n_alive = n_bytes = n_total = 0;
	no_memory = false;
	reassembly_init(r, &alloc, next);
}

static void end(struct reassembly *r)
{
	reassembly_free(r);
	assert_int_equal(n_alive, 0);
	assert_int_equal(r->memory, 0);
}

static struct hs_fragment piece(uint16_t seq, size_t len, size_t off, size_t n)
{
	return (struct hs_fragment){ .type = HS_CLIENT_KEY_EXCHANGE,
				     .seq = seq,
				     .len = (uint32_t)len,
				     .off = (uint32_t)off,
				     .body = rd_of(text + off, n) };
}

static enum reassembly_result add(struct reassembly *r, uint16_t seq, size_t len, size_t off,
				  size_t n)
{
	struct hs_fragment f = piece(seq, len, off, n);

	return reassembly_add(r, 0, &f);
}

static void expect_due(struct reassembly *r, size_t len)
{
	struct reassembly_message m;

	assert_true(reassembly_due(r, &m));
	assert_int_equal(rd_len(&m.body), len);
	assert_memory_equal(m.body.p, text, len);
}

static bool due(struct reassembly *r)
{
	struct reassembly_message m;

	return reassembly_due(r, &m);
}

/* checklist 26: holes are waited for; whatever the order. */
static void test_every_order_of_pieces(void **state)
{
	static const uint8_t orders[6][3] = { { 0, 1, 2 }, { 0, 2, 1 }, { 1, 0, 2 },
					      { 1, 2, 0 }, { 2, 0, 1 }, { 2, 1, 0 } };
	struct reassembly r;

	(void)state;
	for (size_t i = 0; i < 6; i++) {
		begin(&r, 5);
		for (size_t k = 0; k < 3; k++) {
			assert_false(due(&r));
			assert_int_equal(add(&r, 5, 30, orders[i][k] * 10u, 10), REASSEMBLY_KEPT);
		}
		expect_due(&r, 30);
		reassembly_advance(&r);
		assert_int_equal(r.next, 6);
		assert_int_equal(n_alive, 0);
		end(&r);
	}
}

enum { BITMAP = 200 };

/* Adds one random piece, and marks it in the model; returns how many bytes were new. */
static size_t add_random(struct reassembly *r, uint32_t *rng, bool have[BITMAP])
{
	size_t off, n, fresh = 0;

	*rng = *rng * 1664525 + 1013904223;
	off = (*rng >> 8) % BITMAP;
	n = 1 + (*rng >> 20) % 40;
	n = n < BITMAP - off ? n : BITMAP - off;
	assert_int_equal(add(r, 0, BITMAP, off, n), REASSEMBLY_KEPT);
	for (size_t i = off; i < off + n; i++) {
		fresh += !have[i];
		have[i] = true;
	}
	return fresh;
}

/* Random pieces of a message until it is whole, against a plain bitmap. */
static void test_random_pieces_against_a_bitmap(void **state)
{
	uint32_t rng = 12345;

	(void)state;
	for (unsigned round = 0; round < 300; round++) {
		bool have[BITMAP] = { false };
		size_t missing = BITMAP;
		struct reassembly r;

		begin(&r, 0);
		while (missing > 0) {
			assert_false(due(&r));
			missing -= add_random(&r, &rng, have);
			assert_true(r.memory <= BITMAP + 20 * 16);
			assert_int_equal(r.memory, n_bytes);
		}
		expect_due(&r, BITMAP);
		end(&r);
	}
}

/* bad-input B4: overlapping fragments with the same bytes are accepted. */
static void test_overlap_with_the_same_bytes(void **state)
{
	struct reassembly r;

	(void)state;
	begin(&r, 0);
	assert_int_equal(add(&r, 0, 100, 10, 50), REASSEMBLY_KEPT);
	assert_int_equal(add(&r, 0, 100, 20, 10), REASSEMBLY_KEPT);
	assert_int_equal(add(&r, 0, 100, 50, 50), REASSEMBLY_KEPT);
	assert_int_equal(add(&r, 0, 100, 0, 30), REASSEMBLY_KEPT);
	assert_int_equal(add(&r, 0, 100, 0, 100), REASSEMBLY_KEPT);
	expect_due(&r, 100);
	assert_int_equal(n_alive, 1);
	end(&r);
}

/* bad-input B5: overlapping fragments with other bytes. */
static void test_overlap_with_other_bytes(void **state)
{
	static const size_t at[] = { 10, 35, 59 };
	uint8_t other[64];
	struct reassembly r;
	struct hs_fragment f;

	(void)state;
	for (size_t i = 0; i < 3; i++) {
		begin(&r, 0);
		assert_int_equal(add(&r, 0, 100, 10, 50), REASSEMBLY_KEPT);
		f = piece(0, 100, 5, 60);
		memcpy(other, f.body.p, 60);
		other[at[i] - 5] ^= 0x80;
		f.body = rd_of(other, 60);
		assert_int_equal(reassembly_add(&r, 0, &f), REASSEMBLY_CONFLICT);
		/* and no memory effect */
		assert_int_equal(n_alive, 1);
		end(&r);
	}
}

/* bad-input B2 (CVE-2014-0195, CVE-2026-33846): same message_seq, other length or type. */
static void test_length_and_type_are_fixed_by_the_first(void **state)
{
	struct reassembly r;
	struct hs_fragment f;
	size_t bytes;

	(void)state;
	begin(&r, 0);
	assert_int_equal(add(&r, 0, 100, 0, 10), REASSEMBLY_KEPT);
	bytes = n_bytes;
	assert_int_equal(add(&r, 0, 99, 10, 10), REASSEMBLY_CONFLICT);
	assert_int_equal(add(&r, 0, 1000, 500, 10), REASSEMBLY_CONFLICT);
	f = piece(0, 100, 10, 10);
	f.type = HS_FINISHED;
	assert_int_equal(reassembly_add(&r, 0, &f), REASSEMBLY_CONFLICT);
	assert_int_equal(n_bytes, bytes);
	/* The same type under another message_seq is another message. */
	assert_int_equal(add(&r, 1, 50, 0, 10), REASSEMBLY_KEPT);
	end(&r);
}

/* bad-input B6 (CVE-2022-29190): an empty fragment of a message that is not empty. */
static void test_empty_fragment_is_ignored(void **state)
{
	struct reassembly r;

	(void)state;
	begin(&r, 0);
	for (size_t i = 0; i < 1000; i++)
		assert_int_equal(add(&r, 0, 100, i % 101, 0), REASSEMBLY_IGNORED);
	assert_int_equal(n_total, 0);
	assert_false(due(&r));
	end(&r);
}

static void test_empty_message_is_whole(void **state)
{
	struct reassembly r;

	(void)state;
	begin(&r, 2);
	assert_int_equal(add(&r, 3, 0, 0, 0), REASSEMBLY_KEPT);
	assert_false(due(&r));
	assert_int_equal(add(&r, 2, 0, 0, 0), REASSEMBLY_KEPT);
	expect_due(&r, 0);
	reassembly_advance(&r);
	expect_due(&r, 0);
	assert_int_equal(n_total, 0);
	end(&r);
}

/* bad-input B8 (CVE-2014-3506): a claimed length allocates nothing. */
static void test_claimed_length(void **state)
{
	struct reassembly r;
	struct hs_fragment f;

	(void)state;
	begin(&r, 0);
	f = piece(0, 100, 0, 1);
	f.len = 16777215;
	assert_int_equal(reassembly_add(&r, 0, &f), REASSEMBLY_CONFLICT);
	f.len = REASSEMBLY_MESSAGE_MAX + 1;
	assert_int_equal(reassembly_add(&r, 0, &f), REASSEMBLY_CONFLICT);
	assert_int_equal(n_total, 0);
	f.len = REASSEMBLY_MESSAGE_MAX;
	assert_int_equal(reassembly_add(&r, 0, &f), REASSEMBLY_KEPT);
	/* One byte came with a 25-byte wrapping; less than that is kept. */
	assert_true(n_bytes <= 25);
	end(&r);
}

/* bad-input B9, B10: far ahead is dropped, behind is old. */
static void test_message_seq_outside_the_slots(void **state)
{
	struct reassembly r;

	(void)state;
	begin(&r, 2);
	assert_int_equal(add(&r, 65535, 10, 0, 10), REASSEMBLY_AHEAD);
	assert_int_equal(add(&r, 2 + REASSEMBLY_SLOTS, 10, 0, 10), REASSEMBLY_AHEAD);
	assert_int_equal(add(&r, 1, 10, 0, 10), REASSEMBLY_OLD);
	assert_int_equal(add(&r, 0, 10, 0, 10), REASSEMBLY_OLD);
	assert_int_equal(n_total, 0);
	assert_int_equal(add(&r, 1 + REASSEMBLY_SLOTS, 10, 0, 10), REASSEMBLY_KEPT);
	end(&r);
}

/* bad-input B12: fragments of two messages interleaved. */
static void test_interleaved_messages(void **state)
{
	struct reassembly r;

	(void)state;
	begin(&r, 0);
	for (size_t off = 0; off < 40; off += 10) {
		assert_int_equal(add(&r, 1, 60, off, 10), REASSEMBLY_KEPT);
		assert_int_equal(add(&r, 0, 40, off, 10), REASSEMBLY_KEPT);
	}
	expect_due(&r, 40);
	reassembly_advance(&r);
	assert_false(due(&r));
	assert_int_equal(add(&r, 1, 60, 40, 20), REASSEMBLY_KEPT);
	expect_due(&r, 60);
	end(&r);
}

/* bad-input B17: a message with a hole is never due. */
static void test_one_byte_missing(void **state)
{
	struct reassembly r;

	(void)state;
	for (size_t hole = 0; hole < 40; hole++) {
		begin(&r, 0);
		if (hole > 0)
			assert_int_equal(add(&r, 0, 40, 0, hole), REASSEMBLY_KEPT);
		if (hole < 39)
			assert_int_equal(add(&r, 0, 40, hole + 1, 39 - hole), REASSEMBLY_KEPT);
		assert_false(due(&r));
		assert_int_equal(add(&r, 0, 40, hole, 1), REASSEMBLY_KEPT);
		expect_due(&r, 40);
		end(&r);
	}
}

/* bug 59: a message never mixes epochs; what was protected displaces what was not. */
static void test_epochs_do_not_mix(void **state)
{
	struct reassembly r;
	struct reassembly_message m;
	struct hs_fragment f;

	(void)state;
	begin(&r, 0);
	assert_int_equal(add(&r, 0, 99, 0, 40), REASSEMBLY_KEPT);
	f = piece(0, 12, 0, 6);
	assert_int_equal(reassembly_add(&r, 1, &f), REASSEMBLY_KEPT);
	assert_int_equal(add(&r, 0, 12, 6, 6), REASSEMBLY_IGNORED);
	assert_false(due(&r));
	f = piece(0, 12, 6, 6);
	assert_int_equal(reassembly_add(&r, 1, &f), REASSEMBLY_KEPT);
	assert_true(reassembly_due(&r, &m));
	assert_int_equal(m.epoch, 1);
	end(&r);
}

/* bug 8 (CVE-2022-29188): any amount of fragments stays within the budget. */
static void test_memory_budget(void **state)
{
	struct reassembly r;
	size_t peak = 0;

	(void)state;
	begin(&r, 0);
	for (unsigned round = 0; round < 20; round++)
		for (uint16_t seq = 0; seq < REASSEMBLY_SLOTS; seq++)
			for (size_t off = 0; off < 1000; off += 3) {
				(void)add(&r, seq, 1000, off, 1 + round % 3);
				peak = n_bytes > peak ? n_bytes : peak;
			}
	assert_in_range(peak, 1, REASSEMBLY_MEMORY_MAX);
	end(&r);
}

/* Each fragment is compared with all pieces of its message, and a datagram holds a hundred: so
 * there are few. What closes a gap is always taken. */
static void test_pieces_are_few(void **state)
{
	const size_t len = 2 * REASSEMBLY_PIECES_MAX + 2;
	struct reassembly r;

	(void)state;
	begin(&r, 0);
	for (size_t off = 0; off < len - 2; off += 2)
		assert_int_equal(add(&r, 0, len, off, 1), REASSEMBLY_KEPT);
	assert_int_equal(add(&r, 0, len, len - 1, 1), REASSEMBLY_IGNORED);
	assert_int_equal(n_alive, REASSEMBLY_PIECES_MAX);
	assert_int_equal(add(&r, 0, len, 1, 1), REASSEMBLY_KEPT);
	assert_int_equal(n_alive, REASSEMBLY_PIECES_MAX - 1);
	assert_int_equal(add(&r, 0, len, len - 1, 1), REASSEMBLY_KEPT);
	assert_int_equal(add(&r, 0, len, 0, len), REASSEMBLY_KEPT);
	assert_int_equal(n_alive, 1);
	expect_due(&r, len);
	reassembly_advance(&r);
	end(&r);
}

static void test_no_memory_is_a_drop(void **state)
{
	struct reassembly r;

	(void)state;
	begin(&r, 0);
	no_memory = true;
	assert_int_equal(add(&r, 0, 20, 0, 10), REASSEMBLY_IGNORED);
	no_memory = false;
	assert_int_equal(add(&r, 0, 20, 10, 10), REASSEMBLY_KEPT);
	assert_false(due(&r));
	assert_int_equal(add(&r, 0, 20, 0, 10), REASSEMBLY_KEPT);
	expect_due(&r, 20);
	end(&r);
}

static void test_whole_message_needs_no_memory(void **state)
{
	struct reassembly r;
	struct hs_fragment f = piece(4, 30, 0, 30);

	(void)state;
	begin(&r, 4);
	assert_true(reassembly_whole(&r, &f));
	f.seq = 5;
	assert_false(reassembly_whole(&r, &f));
	f = piece(4, 30, 0, 29);
	assert_false(reassembly_whole(&r, &f));
	/* With pieces known, the whole must be compared with them. */
	assert_int_equal(add(&r, 4, 30, 3, 3), REASSEMBLY_KEPT);
	f = piece(4, 30, 0, 30);
	assert_false(reassembly_whole(&r, &f));
	end(&r);
}

static void test_discard_keeps_the_message_due(void **state)
{
	struct reassembly r;

	(void)state;
	begin(&r, 1);
	assert_int_equal(add(&r, 1, 10, 0, 10), REASSEMBLY_KEPT);
	reassembly_discard(&r);
	assert_false(due(&r));
	assert_int_equal(r.next, 1);
	assert_int_equal(add(&r, 1, 20, 0, 20), REASSEMBLY_KEPT);
	expect_due(&r, 20);
	end(&r);
}

/* Certificates are longer than other messages, where one may come; bad-input G4. */
static void test_certificates_have_their_own_limit(void **state)
{
	static uint8_t body[REASSEMBLY_CERTIFICATE_MAX];
	struct hs_fragment f = { .type = HS_CERTIFICATE, .len = sizeof(body) };
	struct reassembly_message m;
	struct reassembly r;
	size_t peak = 0;

	(void)state;
	begin(&r, 0);
	f.body = rd_of(body, 100);
	assert_int_equal(reassembly_add(&r, 0, &f), REASSEMBLY_CONFLICT);
	r.certificates = true;
	f.len++;
	assert_int_equal(reassembly_add(&r, 0, &f), REASSEMBLY_CONFLICT);
	f.len--;
	for (f.off = 0; f.off < sizeof(body); f.off += 100) {
		f.body = rd_of(body + f.off,
			       sizeof(body) - f.off < 100 ? sizeof(body) - f.off : 100);
		assert_int_equal(reassembly_add(&r, 0, &f), REASSEMBLY_KEPT);
		peak = n_bytes > peak ? n_bytes : peak;
	}
	assert_true(reassembly_due(&r, &m));
	assert_int_equal(rd_len(&m.body), sizeof(body));
	assert_in_range(peak, 1, REASSEMBLY_CERTIFICATE_MEMORY_MAX);
	f = piece(1, REASSEMBLY_MESSAGE_MAX + 1, 0, 10);
	assert_int_equal(reassembly_add(&r, 0, &f), REASSEMBLY_CONFLICT);
	end(&r);
}

static void test_taken_messages_are_the_takers(void **state)
{
	uint8_t *bytes = NULL;
	uint16_t len = 0;
	struct reassembly r;

	(void)state;
	begin(&r, 0);
	assert_false(reassembly_take(&r, &bytes, &len));
	assert_int_equal(add(&r, 0, 50, 0, 30), REASSEMBLY_KEPT);
	assert_false(reassembly_take(&r, &bytes, &len)); /* not whole */
	assert_int_equal(add(&r, 0, 50, 30, 20), REASSEMBLY_KEPT);
	assert_true(reassembly_take(&r, &bytes, &len));
	assert_int_equal(len, 50);
	assert_memory_equal(bytes, text, 50);
	/* Who wipes the message has wiped the block: it may be one that is to be zeros next. */
	for (size_t at = len; at < block_len(bytes); at++)
		assert_int_equal(bytes[at], 0);
	assert_int_equal(r.memory, 0);
	reassembly_advance(&r);
	assert_int_equal(r.next, 1);
	assert_int_equal(n_alive, 1);
	test_release(NULL, bytes);
	end(&r);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_every_order_of_pieces),
		cmocka_unit_test(test_random_pieces_against_a_bitmap),
		cmocka_unit_test(test_overlap_with_the_same_bytes),
		cmocka_unit_test(test_overlap_with_other_bytes),
		cmocka_unit_test(test_length_and_type_are_fixed_by_the_first),
		cmocka_unit_test(test_empty_fragment_is_ignored),
		cmocka_unit_test(test_empty_message_is_whole),
		cmocka_unit_test(test_claimed_length),
		cmocka_unit_test(test_message_seq_outside_the_slots),
		cmocka_unit_test(test_interleaved_messages),
		cmocka_unit_test(test_one_byte_missing),
		cmocka_unit_test(test_epochs_do_not_mix),
		cmocka_unit_test(test_memory_budget),
		cmocka_unit_test(test_pieces_are_few),
		cmocka_unit_test(test_no_memory_is_a_drop),
		cmocka_unit_test(test_whole_message_needs_no_memory),
		cmocka_unit_test(test_discard_keeps_the_message_due),
		cmocka_unit_test(test_certificates_have_their_own_limit),
		cmocka_unit_test(test_taken_messages_are_the_takers),
	};

	return cmocka_run_group_tests_name("reassembly", tests, NULL, NULL);
}

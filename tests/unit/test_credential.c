/* SPDX-License-Identifier: BSD-3-Clause */
#include "credential_equal.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <string.h>

#include <cmocka.h>

static struct mark mark(uint8_t seed)
{
	struct mark m;

	memset(m.b, seed, sizeof(m.b));
	return m;
}

static struct credential x509(uint8_t n_links)
{
	struct credential c = { .kind = CREDENTIAL_X509,
				.n_links = n_links,
				.issuer = 0xdeadbeef,
				.until_s = (UINT64_C(1) << 48) - 1,
				.key = mark(1),
				.certificate = mark(2),
				.twin = mark(4),
				.anchor = mark(3) };

	for (uint8_t i = 0; i < n_links; i++)
		c.links[i] = mark((uint8_t)(10 + i));
	return c;
}

static size_t write_one(uint8_t out[CREDENTIAL_BYTES_MAX + 1], const struct credential *c)
{
	struct wr w = wr_of(out, CREDENTIAL_BYTES_MAX);
	size_t len;

	credential_write(&w, c);
	assert_true(wr_finish(&w, &len));
	return len;
}

static void reads_back(void **state)
{
	const struct {
		struct credential c;
		size_t len;
	} rows[] = {
		{ { .kind = CREDENTIAL_NONE }, 1 },
		{ { .kind = CREDENTIAL_PSK }, 1 },
		{ { .kind = CREDENTIAL_RPK, .key = mark(9) }, 17 },
		{ x509(1), 92 },
		{ x509(CREDENTIAL_LINKS_MAX), CREDENTIAL_BYTES_MAX },
	};

	(void)state;
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		uint8_t bytes[CREDENTIAL_BYTES_MAX + 1] = { 0 };
		struct credential got = x509(2), before = got;
		size_t len = write_one(bytes, &rows[i].c);
		struct rd r;

		assert_int_equal(len, rows[i].len);
		for (size_t cut = 0; cut < len; cut++) {
			r = rd_of(bytes, cut);
			assert_false(credential_read(&r, &got));
			assert_int_equal(rd_len(&r), cut);
			assert_true(credential_equal(&got, &before));
		}
		/* what is behind it stays */
		r = rd_of(bytes, len + 1);
		assert_true(credential_read(&r, &got));
		assert_int_equal(rd_len(&r), 1);
		assert_true(credential_equal(&got, &rows[i].c));
	}
}

/* Of another build, or no chain at all. */
static void odd_ones_are_refused(void **state)
{
	static const struct {
		uint8_t at, value;
	} odd[] = { { 0, 4 }, { 0, 255 }, { 75, 0 }, { 75, CREDENTIAL_LINKS_MAX + 1 } };

	(void)state;
	for (size_t i = 0; i < sizeof(odd) / sizeof(odd[0]); i++) {
		uint8_t bytes[CREDENTIAL_BYTES_MAX + 1];
		struct credential c = x509(CREDENTIAL_LINKS_MAX), got;
		struct rd r = rd_of(bytes, write_one(bytes, &c));

		bytes[odd[i].at] = odd[i].value;
		assert_false(credential_read(&r, &got));
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(reads_back),
		cmocka_unit_test(odd_ones_are_refused),
	};

	return cmocka_run_group_tests_name("credential", tests, NULL, NULL);
}

/* SPDX-License-Identifier: BSD-3-Clause */
#include "keyed_hash.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

static struct keyed_hash_key key_of_the_paper(void)
{
	return (struct keyed_hash_key){ { UINT64_C(0x0706050403020100),
					  UINT64_C(0x0f0e0d0c0b0a0908) } };
}

/* The SipHash paper's appendix A: key 00..0f, message 00..0e. */
static void agrees_with_the_papers_vector(void **state)
{
	struct keyed_hash_key key = key_of_the_paper();
	uint8_t m[15];

	(void)state;
	for (size_t i = 0; i < sizeof(m); i++)
		m[i] = (uint8_t)i;
	assert_true(keyed_hash(&key, m, sizeof(m)) == UINT64_C(0xa129ca6149be45e5));
	assert_true(keyed_hash(&key, m, 0) == UINT64_C(0x726fdb47dd0e0e31));
}

static void every_byte_the_length_and_the_key_count(void **state)
{
	struct keyed_hash_key key = key_of_the_paper(), other = { { 1, 2 } };
	uint8_t m[24] = { 0 };
	uint64_t seen[sizeof(m) + 1];

	(void)state;
	for (size_t len = 0; len <= sizeof(m); len++) {
		seen[len] = keyed_hash(&key, m, len); /* zeros: only the length differs */
		for (size_t i = 0; i < len; i++)
			assert_true(seen[i] != seen[len]);
	}
	for (size_t i = 0; i < sizeof(m); i++) {
		m[i] ^= 0x80;
		assert_true(keyed_hash(&key, m, sizeof(m)) != seen[sizeof(m)]);
		m[i] ^= 0x80;
	}
	assert_true(keyed_hash(&other, m, sizeof(m)) != seen[sizeof(m)]);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(agrees_with_the_papers_vector),
		cmocka_unit_test(every_byte_the_length_and_the_key_count),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}

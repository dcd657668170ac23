/* SPDX-License-Identifier: BSD-3-Clause */
#include "ticket_cipher.h"

#include "hex.h"

#include <malloc.h>
#include <setjmp.h>
#include <stdarg.h>
#include <string.h>

#include <cmocka.h>

enum { TEXT = 60 };

struct ticket {
	uint8_t nonce[TICKET_CIPHER_NONCE], text[TEXT], tag[TICKET_CIPHER_TAG];
};

static struct ticket_cipher *cipher;

static int setup(void **state)
{
	(void)state;
	cipher = ticket_cipher_new();
	return cipher == NULL;
}

static int teardown(void **state)
{
	(void)state;
	ticket_cipher_free(cipher);
	return 0;
}

static struct ticket_cipher_op op_of(struct ticket *t, const uint8_t *key, const char *aad)
{
	return (struct ticket_cipher_op){ .key = key,
					  .aad = (const uint8_t *)aad,
					  .aad_len = strlen(aad),
					  .nonce = t->nonce,
					  .text = t->text,
					  .tag = t->tag,
					  .len = sizeof(t->text) };
}

/* McGrew and Viega, The Galois/Counter Mode of Operation, test case 16. */
static void known_answer(void **state)
{
	struct ticket t;
	uint8_t key[32], aad[20], plain[TEXT];
	struct ticket_cipher_op op = op_of(&t, key, "");

	(void)state;
	(void)hex(key, "feffe9928665731c6d6a8f9467308308feffe9928665731c6d6a8f9467308308");
	(void)hex(aad, "feedfacedeadbeeffeedfacedeadbeefabaddad2");
	(void)hex(plain, "d9313225f88406e5a55909c5aff5269a86a7a9531534f7da2e4c303d8a318a72"
			 "1c3c0c95956809532fcf0e2449a6b525b16aedf5aa0de657ba637b39");
	(void)hex(t.nonce, "cafebabefacedbaddecaf888");
	(void)hex(t.text, "522dc1f099567d07f47f37a32a84427d643a8cdcbfe5c0c97598a2bd2555d1aa"
			  "8cb08e48590dbb3da7b08b1056828838c5f61e6393ba7a0abcc9f662");
	(void)hex(t.tag, "76fc6ece0f4e1768cddf8853bb2d551b");
	op.aad = aad;
	op.aad_len = sizeof(aad);
	assert_true(ticket_cipher_open(cipher, &op));
	assert_memory_equal(t.text, plain, sizeof(plain));
}

/* Also when keys alternate, and are prepared once for several in a row. */
static void opens_what_it_sealed(void **state)
{
	const uint8_t keys[2][32] = { { 1 }, { 2 } };
	uint8_t plain[TEXT], seen[40][TICKET_CIPHER_NONCE];

	(void)state;
	memset(plain, 0x5a, sizeof(plain));
	for (unsigned i = 0; i < 40; i++) {
		const uint8_t *key = keys[i / 4 % 2];
		struct ticket t;
		struct ticket_cipher_op op = op_of(&t, key, "name");

		memcpy(t.text, plain, sizeof(plain));
		assert_true(ticket_cipher_seal(cipher, &op));
		assert_memory_not_equal(t.text, plain, sizeof(plain));
		for (unsigned j = 0; j < i; j++)
			assert_memory_not_equal(seen[j], t.nonce, sizeof(t.nonce));
		memcpy(seen[i], t.nonce, sizeof(t.nonce));
		if (i % 3 == 0) {
			op.key = keys[1 - i / 4 % 2];
			struct ticket other = t;
			struct ticket_cipher_op wrong = op_of(&other, op.key, "name");

			assert_false(ticket_cipher_open(cipher, &wrong));
		}
		op.key = key;
		assert_true(ticket_cipher_open(cipher, &op));
		assert_memory_equal(t.text, plain, sizeof(plain));
	}
}

/* bad-input H1: every bit counts, and of what is forged nothing is left. */
static void every_bit_counts(void **state)
{
	const uint8_t key[32] = { 7 }, zeros[TEXT] = { 0 };
	struct ticket good, t;
	struct ticket_cipher_op op = op_of(&good, key, "name");

	(void)state;
	memset(good.text, 0x11, sizeof(good.text));
	assert_true(ticket_cipher_seal(cipher, &op));
	for (size_t bit = 0; bit < 8 * sizeof(t); bit++) {
		t = good;
		((uint8_t *)&t)[bit / 8] ^= (uint8_t)(1u << bit % 8);
		op = op_of(&t, key, "name");
		assert_false(ticket_cipher_open(cipher, &op));
		assert_memory_equal(t.text, zeros, sizeof(zeros));
	}
	t = good;
	op = op_of(&t, key, "Name");
	assert_false(ticket_cipher_open(cipher, &op));
	t = good;
	op = op_of(&t, key, "name");
	assert_true(ticket_cipher_open(cipher, &op));
}

static bool is_kept(const uint8_t *key)
{
	return memmem(cipher, malloc_usable_size(cipher), key, TICKET_CIPHER_KEY) != NULL;
}

/* bad-input H5: a key whose time is over is nowhere any more; others come after it. */
static void forgets_its_keys(void **state)
{
	uint8_t keys[2][TICKET_CIPHER_KEY] = { { 1, 2, 3 }, { 4, 5, 6 } };
	struct ticket t = { .text = "text" };

	(void)state;
	ticket_cipher_forget(cipher);
	for (int i = 0; i < 2; i++) {
		struct ticket_cipher_op op = op_of(&t, keys[i], "name");

		assert_true(ticket_cipher_seal(cipher, &op));
		assert_true(is_kept(keys[i]));
		ticket_cipher_forget(cipher);
		assert_false(is_kept(keys[i]));
		assert_true(ticket_cipher_open(cipher, &op));
		assert_string_equal((char *)t.text, "text");
		assert_true(is_kept(keys[i]));
		ticket_cipher_forget(cipher);
		assert_false(is_kept(keys[i]));
		assert_true(ticket_cipher_seal(cipher, &op));
		assert_true(ticket_cipher_open(cipher, &op));
		ticket_cipher_forget(cipher);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(known_answer),
		cmocka_unit_test(opens_what_it_sealed),
		cmocka_unit_test(every_bit_counts),
		cmocka_unit_test(forgets_its_keys),
	};

	return cmocka_run_group_tests_name("ticket_cipher", tests, setup, teardown);
}

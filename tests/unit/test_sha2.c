/* SPDX-License-Identifier: BSD-3-Clause */
#include "sha2.h"

#include "hex.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <openssl/evp.h>
#include <openssl/hmac.h>

#include <cmocka.h>

static void check_digest(enum prf_hash hash, const char *text, const char *want_hex)
{
	uint8_t want[SHA2_LEN_MAX], got[SHA2_LEN_MAX];
	struct sha2 s;

	assert_int_equal(hex(want, want_hex), sha2_len(hash));
	assert_true(sha2_init(&s, hash) && sha2_add(&s, text, strlen(text)) &&
		    sha2_finish(&s, got));
	assert_memory_equal(got, want, sha2_len(hash));
}

/* FIPS 180-4, the examples of its authors. */
static void known_digests(void **state)
{
	(void)state;
	check_digest(PRF_SHA256, "abc",
		     "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad");
	check_digest(PRF_SHA256, "",
		     "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855");
	check_digest(PRF_SHA384, "abc",
		     "cb00753f45a35e8bb5a03d699ac65007272c32ab0eded1631a8b605a43ff5bed"
		     "8086072ba1e7cc2358baeca134c825a7");
}

static void copies_go_their_own_way(void **state)
{
	uint8_t a[SHA2_LEN_MAX], b[SHA2_LEN_MAX], want[EVP_MAX_MD_SIZE];
	struct sha2 s, copy;

	(void)state;
	assert_true(sha2_init(&s, PRF_SHA384) && sha2_add(&s, "common", 6));
	copy = s;
	assert_true(sha2_add(&s, "one", 3) && sha2_add(&copy, "two", 3));
	assert_true(sha2_finish(&s, a) && sha2_finish(&copy, b));
	assert_true(EVP_Q_digest(NULL, "SHA384", NULL, "commonone", 9, want, NULL));
	assert_memory_equal(a, want, 48);
	assert_true(EVP_Q_digest(NULL, "SHA384", NULL, "commontwo", 9, want, NULL));
	assert_memory_equal(b, want, 48);
}

static void resumes_behind_a_block(void **state)
{
	uint8_t msg[64 + 300], got[SHA2_LEN_MAX], want[EVP_MAX_MD_SIZE];
	uint32_t words[8];
	struct sha2 s;

	(void)state;
	for (size_t i = 0; i < sizeof(msg); i++)
		msg[i] = (uint8_t)(i * 3 + 1);
	sha2_256_start(words);
	sha2_256_blocks(words, msg, 1);
	for (size_t len = 0; len <= 300; len++) {
		sha2_256_resume(&s, words);
		assert_true(sha2_add(&s, msg + 64, len) && sha2_finish(&s, got));
		assert_true(EVP_Q_digest(NULL, "SHA256", NULL, msg, 64 + len, want, NULL));
		assert_memory_equal(got, want, 32);
	}
}

/* With SHA instructions, one message or two, and without. */
static void compressions_agree(void **state)
{
	uint8_t msg[2][64 * 5];
	uint32_t plain[2][8], ours[2][8], pair[2][8];

	(void)state;
	for (size_t m = 0; m < 2; m++) {
		for (size_t i = 0; i < sizeof(msg[m]); i++)
			msg[m][i] = (uint8_t)(i * i + 5 * i + m);
		sha2_256_start(plain[m]);
		sha2_256_start(ours[m]);
		sha2_256_start(pair[m]);
		sha2_256_blocks_plain(plain[m], msg[m], 5);
		sha2_256_blocks(ours[m], msg[m], 5);
		assert_memory_equal(ours[m], plain[m], sizeof(plain[m]));
	}
	for (size_t i = 0; i < 5; i++)
		sha2_256_pair(pair[0], msg[0] + 64 * i, pair[1], msg[1] + 64 * i);
	assert_memory_equal(pair, plain, sizeof(plain));
}

/* In pieces of every length around a block. */
static void pieces_make_the_whole(void **state)
{
	uint8_t msg[400], got[SHA2_LEN_MAX], want[EVP_MAX_MD_SIZE];
	struct sha2 s;

	(void)state;
	for (size_t i = 0; i < sizeof(msg); i++)
		msg[i] = (uint8_t)(i * 7 + 3);
	assert_true(EVP_Q_digest(NULL, "SHA256", NULL, msg, sizeof(msg), want, NULL));
	for (size_t piece = 1; piece <= 200; piece++) {
		assert_true(sha2_init(&s, PRF_SHA256));
		for (size_t at = 0; at < sizeof(msg); at += piece)
			assert_true(sha2_add(&s, msg + at,
					     piece < sizeof(msg) - at ? piece : sizeof(msg) - at));
		assert_true(sha2_finish(&s, got));
		assert_memory_equal(got, want, 32);
	}
}

/* Keys below, at and above a block of either hash; one prepared key for several messages. */
static void hmac_matches_libcrypto(void **state)
{
	uint8_t key[200], msg[300], got[SHA2_LEN_MAX], want[EVP_MAX_MD_SIZE];

	(void)state;
	memset(key, 0x61, sizeof(key));
	memset(msg, 0x62, sizeof(msg));
	for (size_t len = 0; len <= sizeof(key); len++) {
		enum prf_hash hash = len % 2 ? PRF_SHA384 : PRF_SHA256;
		const EVP_MD *md = len % 2 ? EVP_sha384() : EVP_sha256();
		struct sha2_hmac h;

		assert_true(sha2_hmac_init(&h, hash, key, len));
		for (size_t split = 0; split <= sizeof(msg); split += 75) {
			struct sha2_piece pieces[] = { { msg, split },
						       { msg + split, sizeof(msg) - split } };

			assert_true(sha2_hmac(&h, pieces, 2, got));
			assert_non_null(HMAC(md, key, (int)len, msg, sizeof(msg), want, NULL));
			assert_memory_equal(got, want, sha2_len(hash));
		}
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(known_digests),          cmocka_unit_test(copies_go_their_own_way),
		cmocka_unit_test(compressions_agree),     cmocka_unit_test(pieces_make_the_whole),
		cmocka_unit_test(resumes_behind_a_block), cmocka_unit_test(hmac_matches_libcrypto),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}

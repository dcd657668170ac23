/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Known answers, and which engine is which. The proof that engines are right stands in test_aead_*:
 * vectors (NIST's), random (against libcrypto), forgery, memory (what they touch), batch.
 */
#include "aead_fixture.h"
#include "hex.h"

struct vector {
	enum aead_alg alg;
	const char *key, *nonce, *aad, *plain, *sealed;
};

static void check_vector(struct aead *a, const struct vector *v)
{
	uint8_t key[AEAD_KEY_MAX], nonce[AEAD_IV_LEN], aad[64], plain[256], sealed[256], out[256];
	struct aead_op op = { .src = plain, .dst = out, .key = key };
	size_t sealed_len = hex(sealed, v->sealed);

	assert_int_equal(hex(key, v->key), aead_info(v->alg)->key_len);
	assert_int_equal(hex(nonce, v->nonce), sizeof(nonce));
	op.aad_len = (uint8_t)hex(aad, v->aad);
	op.len = (uint16_t)hex(plain, v->plain);
	assert_int_equal(sealed_len, op.len + aead_info(v->alg)->tag_len);
	memcpy(op.nonce, nonce, sizeof(nonce));
	memcpy(op.aad, aad, op.aad_len);
	aead_seal(a, v->alg, &op, 1);
	assert_memory_equal(out, sealed, sealed_len);
	op.src = sealed;
	aead_open(a, v->alg, &op, 1);
	assert_true(op.ok);
	assert_memory_equal(out, plain, op.len);
}

static const struct vector vectors[] = {
	/* The GCM specification (McGrew, Viega), test cases 1, 2, 3, 4, 13, 14, 16. */
	{ AEAD_AES_128_GCM, "00000000000000000000000000000000", "000000000000000000000000", "", "",
	  "58e2fccefa7e3061367f1d57a4e7455a" },
	{ AEAD_AES_128_GCM, "00000000000000000000000000000000", "000000000000000000000000", "",
	  "00000000000000000000000000000000",
	  "0388dace60b6a392f328c2b971b2fe78ab6e47d42cec13bdf53a67b21257bddf" },
	{ AEAD_AES_128_GCM, "feffe9928665731c6d6a8f9467308308", "cafebabefacedbaddecaf888", "",
	  "d9313225f88406e5a55909c5aff5269a86a7a9531534f7da2e4c303d8a318a72"
	  "1c3c0c95956809532fcf0e2449a6b525b16aedf5aa0de657ba637b391aafd255",
	  "42831ec2217774244b7221b784d0d49ce3aa212f2c02a4e035c17e2329aca12e"
	  "21d514b25466931c7d8f6a5aac84aa051ba30b396a0aac973d58e091473f5985"
	  "4d5c2af327cd64a62cf35abd2ba6fab4" },
	{ AEAD_AES_128_GCM, "feffe9928665731c6d6a8f9467308308", "cafebabefacedbaddecaf888",
	  "feedfacedeadbeeffeedfacedeadbeefabaddad2",
	  "d9313225f88406e5a55909c5aff5269a86a7a9531534f7da2e4c303d8a318a72"
	  "1c3c0c95956809532fcf0e2449a6b525b16aedf5aa0de657ba637b39",
	  "42831ec2217774244b7221b784d0d49ce3aa212f2c02a4e035c17e2329aca12e"
	  "21d514b25466931c7d8f6a5aac84aa051ba30b396a0aac973d58e091"
	  "5bc94fbc3221a5db94fae95ae7121a47" },
	{ AEAD_AES_256_GCM, "0000000000000000000000000000000000000000000000000000000000000000",
	  "000000000000000000000000", "", "", "530f8afbc74536b9a963b4f1c4cb738b" },
	{ AEAD_AES_256_GCM, "0000000000000000000000000000000000000000000000000000000000000000",
	  "000000000000000000000000", "", "00000000000000000000000000000000",
	  "cea7403d4d606b6e074ec5d3baf39d18d0d1c8a799996bf0265b98b5d48ab919" },
	{ AEAD_AES_256_GCM, "feffe9928665731c6d6a8f9467308308feffe9928665731c6d6a8f9467308308",
	  "cafebabefacedbaddecaf888", "feedfacedeadbeeffeedfacedeadbeefabaddad2",
	  "d9313225f88406e5a55909c5aff5269a86a7a9531534f7da2e4c303d8a318a72"
	  "1c3c0c95956809532fcf0e2449a6b525b16aedf5aa0de657ba637b39",
	  "522dc1f099567d07f47f37a32a84427d643a8cdcbfe5c0c97598a2bd2555d1aa"
	  "8cb08e48590dbb3da7b08b1056828838c5f61e6393ba7a0abcc9f662"
	  "76fc6ece0f4e1768cddf8853bb2d551b" },
	/* NIST SP 800-38C, example 3: a nonce of 12 bytes, a tag of 8. */
	{ AEAD_AES_128_CCM_8, "404142434445464748494a4b4c4d4e4f", "101112131415161718191a1b",
	  "000102030405060708090a0b0c0d0e0f10111213",
	  "202122232425262728292a2b2c2d2e2f3031323334353637",
	  "e3b201a9f5b71a7a9b1ceaeccd97e70b6176aad9a4428aa5484392fbc1b09951" },
	/* RFC 8439 §2.8.2. */
	{ AEAD_CHACHA20_POLY1305,
	  "808182838485868788898a8b8c8d8e8f909192939495969798999a9b9c9d9e9f",
	  "070000004041424344454647", "50515253c0c1c2c3c4c5c6c7",
	  "4c616469657320616e642047656e746c656d656e206f662074686520636c6173"
	  "73206f66202739393a204966204920636f756c64206f6666657220796f75206f"
	  "6e6c79206f6e652074697020666f7220746865206675747572652c2073756e73"
	  "637265656e20776f756c642062652069742e",
	  "d31a8d34648e60db7b86afbc53ef7ec2a4aded51296e08fea9e2b5a736ee62d6"
	  "3dbea45e8ca9671282fafb69da92728b1a71de0a9e060b2905d6a5b67ecd3b36"
	  "92ddbd7f2d778b8c9803aee328091b58fab324e4fad675945585808b4831d7bc"
	  "3ff4def08e4b7a9de576d26586cec64b61161ae10b594f09e26a7e902ecbd0600691" },
};

static void known_answers(void **state)
{
	struct aead *a = forced(state);

	for (size_t i = 0; i < sizeof(vectors) / sizeof(vectors[0]); i++)
		check_vector(a, &vectors[i]);
}

/* What a length in sixteen bits, or a counter of blocks in eight, would get wrong. */
static void long_records(void **state)
{
	static const size_t lens[] = { 255,  256,  511,  512,  513,  1023, 1024,  1025,  1400, 2048,
				       4079, 4080, 4096, 8191, 8192, 9000, 16383, 16384, 0,    1 };
	struct aead *a = forced(state);
	struct memories m;
	struct batch b;

	memories_new(&m, 128 * 1024);
	for (enum aead_alg alg = 0; alg < AEAD_N; alg++) {
		batch_init(&b, alg);
		for (size_t i = 0; i < sizeof(lens) / sizeof(lens[0]); i++)
			batch_add(&b, 13, lens[i], 13);
		batch_check(a, &b, &m);
	}
	memories_free(&m);
}

static void engines_name_themselves(void **state)
{
	struct aead *a = forced(state);

	for (size_t i = 0; i < AEAD_FORCED_N; i++) {
		const struct aead_forced *other = &aead_forced[i];

		if (other->a != NULL && other->a != a)
			assert_string_not_equal(aead_name(a), aead_name(other->a));
	}
	assert_memory_equal(aead_name(a), ((struct aead_forced *)*state)->name, 3);
}

/* AUTO: the kernel for sixteen sessions where the CPU has its instructions, never libcrypto. */
static void auto_takes_the_best(void **state)
{
	struct aead *a = aead_new(AEAD_ENGINE_AUTO);
	bool known = false;

	(void)state;
	assert_non_null(a);
	for (size_t i = 0; i < AEAD_FORCED_N; i++) {
		if (aead_forced[i].a != NULL)
			known |= strcmp(aead_name(a), aead_name(aead_forced[i].a)) == 0;
	}
	assert_true(known);
	assert_string_not_equal(aead_name(a), aead_name(libcrypto));
	if (aead_forced[0].a != NULL)
		assert_string_equal(aead_name(a), aead_name(aead_forced[0].a));
	aead_free(a);
	aead_free(NULL);
}

/* Several engines of a kind, one a core, know nothing of each other. */
static void engines_are_separate(void **state)
{
	struct aead *a = forced(state), *b = aead_new(((struct aead_forced *)*state)->engine);
	struct memories m;
	struct batch batch;

	assert_non_null(b);
	memories_new(&m, 64 * 1024);
	for (enum aead_alg alg = 0; alg < AEAD_N; alg++) {
		batch_init(&batch, alg);
		for (size_t i = 0; i < 21; i++)
			batch_add(&batch, 13, 10 * i, 13);
		batch_reference(&batch, &m);
		seal_in_place(a, &batch, &m);
		open_in_place(b, &batch, &m);
		seal_in_place(b, &batch, &m);
	}
	aead_free(b);
	for (enum aead_alg alg = 0; alg < AEAD_N; alg++) {
		batch_init(&batch, alg);
		batch_add(&batch, 13, 64, 13);
		batch_check(a, &batch, &m);
	}
	memories_free(&m);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		FOR_ENGINES(known_answers),
		FOR_ENGINES(long_records),
		FOR_ENGINES(engines_name_themselves),
		FOR_ENGINES(engines_are_separate),
		cmocka_unit_test(auto_takes_the_best),
	};

	return cmocka_run_group_tests(tests, engines_setup, engines_teardown);
}

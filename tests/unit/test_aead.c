/* SPDX-License-Identifier: BSD-3-Clause */
#include "aead.h"

#include "hex.h"

#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

enum { GUARD = 32, GUARD_BYTE = 0xa5, BATCH = 80 }; /* more than an engine takes at once */
static const size_t guards = (size_t)2 * GUARD;

static const enum aead_engine engines[] = { AEAD_ENGINE_IPSEC_MB, AEAD_ENGINE_LIBCRYPTO };
enum { ENGINES_N = sizeof(engines) / sizeof(engines[0]) };

static struct aead *engine[ENGINES_N];

static int new_engines(void **state)
{
	(void)state;
	srand(5288);
	for (size_t i = 0; i < ENGINES_N; i++) {
		engine[i] = aead_new(engines[i]);
		if (engine[i] == NULL)
			return -1;
	}
	return 0;
}

static int free_engines(void **state)
{
	(void)state;
	for (size_t i = 0; i < ENGINES_N; i++)
		aead_free(engine[i]);
	return 0;
}

static void random_fill(uint8_t *p, size_t n)
{
	for (size_t i = 0; i < n; i++)
		p[i] = (uint8_t)(rand() >> 7);
}

/* A record in buffers of its own, with guards around what an engine may write. */
struct sample {
	enum aead_alg alg;
	size_t len, sealed_len;
	uint8_t key[AEAD_KEY_MAX];
	uint8_t *plain;    /* [len] */
	uint8_t *out;      /* guard | room for len + tag | guard */
	struct aead_op op; /* of the first seal */
};

static void sample_init(struct sample *s, enum aead_alg alg, size_t len, size_t aad_len)
{
	*s = (struct sample){ .alg = alg, .len = len, .sealed_len = len + aead_info(alg)->tag_len };
	s->plain = malloc(len + 1);
	s->out = malloc(s->sealed_len + guards);
	memset(s->out, GUARD_BYTE, s->sealed_len + guards);
	random_fill(s->key, sizeof(s->key));
	random_fill(s->plain, len);
	s->op = (struct aead_op){ .src = s->plain,
				  .dst = s->out + GUARD,
				  .key = s->key,
				  .len = (uint16_t)len,
				  .aad_len = (uint8_t)aad_len };
	random_fill(s->op.nonce, AEAD_IV_LEN);
	random_fill(s->op.aad, aad_len);
}

static void sample_free(struct sample *s)
{
	free(s->plain);
	free(s->out);
}

static void assert_guards(const struct sample *s)
{
	for (size_t i = 0; i < GUARD; i++) {
		assert_int_equal(s->out[i], GUARD_BYTE);
		assert_int_equal(s->out[GUARD + s->sealed_len + i], GUARD_BYTE);
	}
}

/* The operation that opens in place what s->out holds. */
static struct aead_op open_in_place(const struct sample *s)
{
	struct aead_op op = s->op;

	op.src = op.dst = s->out + GUARD;
	op.ok = false;
	return op;
}

static bool is_zero(const uint8_t *p, size_t n)
{
	for (size_t i = 0; i < n; i++) {
		if (p[i] != 0)
			return false;
	}
	return true;
}

/* Known answers. */

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
	(void)state;
	for (size_t e = 0; e < ENGINES_N; e++) {
		for (size_t i = 0; i < sizeof(vectors) / sizeof(vectors[0]); i++)
			check_vector(engine[e], &vectors[i]);
	}
}

/* Engines against each other. */

static void seal_batch(struct aead *a, enum aead_alg alg, struct sample *samples, size_t n)
{
	struct aead_op ops[BATCH];

	for (size_t i = 0; i < n; i++)
		ops[i] = samples[i].op;
	aead_seal(a, alg, ops, n);
}

/* check_batch: seals with both engines and opens in both, in place and not, one batch of n. */
static void check_batch(enum aead_alg alg, struct sample *samples, size_t n)
{
	uint8_t *first[BATCH];
	struct aead_op ops[BATCH];

	seal_batch(engine[0], alg, samples, n);
	for (size_t i = 0; i < n; i++) {
		assert_guards(&samples[i]);
		first[i] = malloc(samples[i].sealed_len);
		memcpy(first[i], samples[i].out + GUARD, samples[i].sealed_len);
	}
	seal_batch(engine[1], alg, samples, n);
	for (size_t i = 0; i < n; i++)
		assert_memory_equal(samples[i].out + GUARD, first[i], samples[i].sealed_len);
	for (size_t e = 0; e < ENGINES_N; e++) {
		for (size_t i = 0; i < n; i++) {
			memcpy(samples[i].out + GUARD, first[i], samples[i].sealed_len);
			ops[i] = open_in_place(&samples[i]);
			if (i % 2) /* out of place: dst has len bytes and no more */
				ops[i].src = first[i];
			if (i % 2)
				memset(ops[i].dst, GUARD_BYTE, samples[i].sealed_len);
		}
		aead_open(engine[e], alg, ops, n);
		for (size_t i = 0; i < n; i++) {
			assert_true(ops[i].ok);
			assert_memory_equal(ops[i].dst, samples[i].plain, samples[i].len);
			assert_guards(&samples[i]);
			if (i % 2)
				assert_int_equal(ops[i].dst[samples[i].len], GUARD_BYTE);
		}
	}
	for (size_t i = 0; i < n; i++)
		free(first[i]);
}

static void check_lengths(const size_t *lens, size_t n)
{
	struct sample samples[BATCH];

	for (enum aead_alg alg = 0; alg < AEAD_N; alg++) {
		for (size_t i = 0; i < n; i++)
			sample_init(&samples[i], alg, lens[i], (i * 5 + 13) % (AEAD_AAD_MAX + 1));
		check_batch(alg, samples, n);
		for (size_t i = 0; i < n; i++)
			sample_free(&samples[i]);
	}
}

static void every_short_length(void **state)
{
	size_t lens[BATCH];

	(void)state;
	for (size_t at = 0; at <= 300; at += BATCH) {
		for (size_t i = 0; i < BATCH; i++)
			lens[i] = at + i;
		check_lengths(lens, BATCH);
	}
}

static void long_records(void **state)
{
	static const size_t lens[] = { 1023, 1024, 1025, 1400, 4096, 9000, 16383, 16384, 0, 16384 };

	(void)state;
	check_lengths(lens, sizeof(lens) / sizeof(lens[0]));
}

/* Lane counts matter to a job manager: every batch size, alone up to a full one and beyond. */
static void every_batch_size(void **state)
{
	size_t lens[BATCH];

	(void)state;
	for (size_t n = 1; n <= BATCH; n = n < 20 ? n + 1 : n + 15) {
		for (size_t i = 0; i < n; i++)
			lens[i] = (size_t)rand() % 130;
		check_lengths(lens, n);
	}
	check_lengths(lens, 64);
	check_lengths(lens, 65);
}

static void thousands_of_random_records(void **state)
{
	size_t lens[BATCH];

	(void)state;
	for (int round = 0; round < 12; round++) {
		for (size_t i = 0; i < BATCH; i++)
			lens[i] = (size_t)rand() % (round < 10 ? 200 : 1500);
		check_lengths(lens, BATCH);
	}
}

/* Sealing in place: the plaintext lies where the ciphertext goes. */
static void seals_in_place(void **state)
{
	(void)state;
	for (enum aead_alg alg = 0; alg < AEAD_N; alg++) {
		for (size_t len = 0; len < 200; len += 7) {
			struct sample s;
			struct aead_op op;
			uint8_t want[256];

			sample_init(&s, alg, len, 13);
			aead_seal(engine[1], alg, &s.op, 1);
			memcpy(want, s.op.dst, s.sealed_len);
			op = s.op;
			memcpy(op.dst, s.plain, len);
			op.src = op.dst;
			aead_seal(engine[0], alg, &op, 1);
			assert_memory_equal(op.dst, want, s.sealed_len);
			assert_guards(&s);
			sample_free(&s);
		}
	}
}

/* Sessions in a batch: some share a key by pointer, some by value, most do not. */
static void mixed_sessions(void **state)
{
	struct sample samples[BATCH];

	(void)state;
	for (enum aead_alg alg = 0; alg < AEAD_N; alg++) {
		for (size_t i = 0; i < BATCH; i++)
			sample_init(&samples[i], alg, 20 + i, 13);
		for (size_t i = 1; i < BATCH; i++) {
			if (i % 5 < 2)
				samples[i].op.key = samples[i - 1].op.key;
			if (i % 5 == 3)
				memcpy(samples[i].key, samples[i - 1].op.key, AEAD_KEY_MAX);
		}
		check_batch(alg, samples, BATCH);
		for (size_t i = 0; i < BATCH; i++)
			sample_free(&samples[i]);
	}
}

/* Forgeries. */

/* assert_rejected: opening with op fails and leaves nothing of the plaintext. */
static void assert_rejected(struct aead *a, const struct sample *s, struct aead_op *op)
{
	aead_open(a, s->alg, op, 1);
	assert_false(op->ok);
	assert_true(is_zero(op->dst, s->len));
	assert_guards(s);
}

static void flip_every_bit(struct aead *a, struct sample *s)
{
	uint8_t *sealed = malloc(s->sealed_len);
	struct aead_op op;

	aead_seal(engine[1], s->alg, &s->op, 1);
	memcpy(sealed, s->out + GUARD, s->sealed_len);
	for (size_t bit = 0; bit < 8 * s->sealed_len; bit++) {
		memcpy(s->out + GUARD, sealed, s->sealed_len);
		s->out[GUARD + bit / 8] ^= (uint8_t)(1 << bit % 8);
		op = open_in_place(s);
		assert_rejected(a, s, &op);
	}
	for (size_t bit = 0; bit < 8 * (size_t)s->op.aad_len; bit++) {
		memcpy(s->out + GUARD, sealed, s->sealed_len);
		op = open_in_place(s);
		op.aad[bit / 8] ^= (uint8_t)(1 << bit % 8);
		assert_rejected(a, s, &op);
	}
	for (size_t bit = 0; bit < (size_t)8 * AEAD_IV_LEN; bit++) {
		memcpy(s->out + GUARD, sealed, s->sealed_len);
		op = open_in_place(s);
		op.nonce[bit / 8] ^= (uint8_t)(1 << bit % 8);
		assert_rejected(a, s, &op);
	}
	/* And untouched it still opens. */
	memcpy(s->out + GUARD, sealed, s->sealed_len);
	op = open_in_place(s);
	aead_open(a, s->alg, &op, 1);
	assert_true(op.ok);
	assert_memory_equal(op.dst, s->plain, s->len);
	free(sealed);
}

/* bad-input A14: every single-bit change of ciphertext, tag, AAD or nonce. */
static void every_flipped_bit_is_rejected(void **state)
{
	static const size_t lens[] = { 0, 1, 16, 37, 64 };

	(void)state;
	for (enum aead_alg alg = 0; alg < AEAD_N; alg++) {
		for (size_t i = 0; i < sizeof(lens) / sizeof(lens[0]); i++) {
			struct sample s;

			sample_init(&s, alg, lens[i], 13);
			flip_every_bit(engine[0], &s);
			sample_free(&s);
		}
	}
}

static void wrong_key_and_length_are_rejected(void **state)
{
	(void)state;
	for (enum aead_alg alg = 0; alg < AEAD_N; alg++) {
		for (size_t e = 0; e < ENGINES_N; e++) {
			struct sample s;
			struct aead_op op;
			uint8_t other[AEAD_KEY_MAX];

			sample_init(&s, alg, 50, 13);
			memcpy(other, s.key, sizeof(other));
			other[aead_info(alg)->key_len - 1] ^= 1;
			aead_seal(engine[1], alg, &s.op, 1);
			op = open_in_place(&s);
			op.key = other;
			assert_rejected(engine[e], &s, &op);
			aead_seal(engine[1], alg, &s.op, 1);
			op = open_in_place(&s);
			op.len--; /* a truncated record */
			aead_open(engine[e], alg, &op, 1);
			assert_false(op.ok);
			assert_true(is_zero(op.dst, s.len - 1));
			sample_free(&s);
		}
	}
}

/* Corrupts every third sealed record from phase on and opens them all. */
static void open_with_forgeries(enum aead_alg alg, struct sample *samples, struct aead_op *ops,
				unsigned phase)
{
	seal_batch(engine[1], alg, samples, BATCH);
	for (size_t i = 0; i < BATCH; i++) {
		ops[i] = open_in_place(&samples[i]);
		ops[i].ok = i % 2;
		samples[i].out[GUARD + samples[i].len] ^= i % 3 == phase;
	}
	aead_open(engine[0], alg, ops, BATCH);
}

static void check_verdict(const struct sample *s, const struct aead_op *op, bool forged)
{
	assert_int_equal(op->ok, !forged);
	if (forged)
		assert_true(is_zero(op->dst, s->len));
	else
		assert_memory_equal(op->dst, s->plain, s->len);
	assert_guards(s);
}

/* bad-input A5, at this level: forgeries in a batch do not touch their neighbours, nor do they
 * leave a verdict behind for the next batch. */
static void forgeries_among_good_records(void **state)
{
	struct sample samples[BATCH];
	struct aead_op ops[BATCH];

	(void)state;
	for (enum aead_alg alg = 0; alg < AEAD_N; alg++) {
		for (size_t i = 0; i < BATCH; i++)
			sample_init(&samples[i], alg, (size_t)rand() % 100, 13);
		for (unsigned phase = 0; phase < 3; phase++) {
			open_with_forgeries(alg, samples, ops, phase);
			for (size_t i = 0; i < BATCH; i++)
				check_verdict(&samples[i], &ops[i], i % 3 == phase);
		}
		for (size_t i = 0; i < BATCH; i++)
			sample_free(&samples[i]);
	}
}

/* A tag of zeros is no way in. */
static void zero_tag_is_rejected(void **state)
{
	(void)state;
	for (enum aead_alg alg = 0; alg < AEAD_N; alg++) {
		struct sample s;
		struct aead_op op;

		sample_init(&s, alg, 16, 13);
		memset(s.out + GUARD, 0, s.sealed_len);
		op = open_in_place(&s);
		assert_rejected(engine[0], &s, &op);
		sample_free(&s);
	}
}

static void engines_name_themselves(void **state)
{
	struct aead *a = aead_new(AEAD_ENGINE_AUTO);

	(void)state;
	assert_non_null(a);
	assert_string_equal(aead_name(a), aead_name(engine[0]));
	assert_memory_equal(aead_name(a), "ipsec-mb", 8);
	assert_string_equal(aead_name(engine[1]), "libcrypto");
	aead_free(a);
	errno = 0;
	assert_null(aead_new(AEAD_ENGINE_MB64));
	assert_int_equal(errno, ENOTSUP);
	aead_free(NULL);
}

static void empty_batch_is_fine(void **state)
{
	(void)state;
	for (enum aead_alg alg = 0; alg < AEAD_N; alg++) {
		aead_open(engine[0], alg, NULL, 0);
		aead_seal(engine[0], alg, NULL, 0);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(known_answers),
		cmocka_unit_test(every_short_length),
		cmocka_unit_test(long_records),
		cmocka_unit_test(every_batch_size),
		cmocka_unit_test(thousands_of_random_records),
		cmocka_unit_test(seals_in_place),
		cmocka_unit_test(mixed_sessions),
		cmocka_unit_test(every_flipped_bit_is_rejected),
		cmocka_unit_test(wrong_key_and_length_are_rejected),
		cmocka_unit_test(forgeries_among_good_records),
		cmocka_unit_test(zero_tag_is_rejected),
		cmocka_unit_test(engines_name_themselves),
		cmocka_unit_test(empty_batch_is_fine),
	};

	return cmocka_run_group_tests(tests, new_engines, free_engines);
}

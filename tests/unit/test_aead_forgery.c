/* SPDX-License-Identifier: BSD-3-Clause */
/* bad-input A5 and A14: every single-bit change of a record is refused and its plaintext wiped,
 * among records that open. */
#include "aead_fixture.h"

enum { LANES = 19, LEN_MAX = 160 };

/* A good record, and copies of it with one bit changed among copies without. */
struct forgeries {
	enum aead_alg alg;
	size_t len, sealed_len;
	bool in_place;
	uint8_t key[AEAD_KEY_MAX], plain[LEN_MAX], sealed[LEN_MAX + 16];
	struct aead_op good;
	size_t n; /* waiting in ops */
	bool forged[LANES];
	struct aead_op ops[LANES];
	uint8_t src[LANES][LEN_MAX + 16], dst[LANES][LEN_MAX + 16];
	uint8_t keys[LANES][AEAD_KEY_MAX];
};

static void forgeries_init(struct forgeries *f, enum aead_alg alg, size_t len, size_t aad_len)
{
	*f = (struct forgeries){ .alg = alg,
				 .len = len,
				 .sealed_len = len + aead_info(alg)->tag_len };
	random_fill(f->key, sizeof(f->key));
	random_fill(f->plain, len);
	f->good = (struct aead_op){ .src = f->plain,
				    .dst = f->sealed,
				    .key = f->key,
				    .len = (uint16_t)len,
				    .aad_len = (uint8_t)aad_len };
	random_fill(f->good.nonce, sizeof(f->good.nonce));
	random_fill(f->good.aad, aad_len);
	aead_seal(libcrypto, alg, &f->good, 1);
}

static void check_lane(const struct aead *a, const struct forgeries *f, size_t i)
{
	const uint8_t *dst = f->ops[i].dst;

	if (f->ops[i].ok == f->forged[i])
		fail_msg("%s, %s, %zu bytes: lane %zu, %s", aead_name(a), aead_info(f->alg)->name,
			 f->len, i, f->forged[i] ? "a forgery opened" : "a good record did not");
	if (f->forged[i])
		assert_true(is_zero(dst, f->len));
	else
		assert_memory_equal(dst, f->plain, f->len);
	for (size_t k = f->len; !f->in_place && k < LEN_MAX + 16; k++)
		assert_int_equal(dst[k], 0xa5);
}

static void flush(struct aead *a, struct forgeries *f)
{
	memset(f->dst, 0xa5, sizeof(f->dst));
	for (size_t i = 0; i < f->n; i++) {
		f->ops[i].src = f->src[i];
		f->ops[i].dst = f->in_place ? f->src[i] : f->dst[i];
		f->ops[i].ok = f->forged[i];
	}
	aead_open(a, f->alg, f->ops, f->n);
	for (size_t i = 0; i < f->n; i++)
		check_lane(a, f, i);
	f->n = 0;
	f->in_place = !f->in_place;
}

/* lane: the next lane, holding a copy. */
static size_t lane(struct aead *a, struct forgeries *f, bool forged)
{
	size_t i;

	if (f->n == LANES)
		flush(a, f);
	i = f->n++;
	f->forged[i] = forged;
	f->ops[i] = f->good;
	memcpy(f->keys[i], f->key, sizeof(f->key));
	f->ops[i].key = f->keys[i];
	memcpy(f->src[i], f->sealed, f->sealed_len);
	return i;
}

/* what: of a record: sealed bytes, AAD, nonce or key; one copy for every bit of it. */
enum what { SEALED, AAD, NONCE, KEY };

static void flip_all(struct aead *a, struct forgeries *f, enum what what, size_t bytes)
{
	for (size_t bit = 0; bit < 8 * bytes; bit++) {
		size_t i = lane(a, f, true);
		uint8_t *places[] = { f->src[i], f->ops[i].aad, f->ops[i].nonce, f->keys[i] };

		places[what][bit / 8] ^= (uint8_t)(1 << bit % 8);
		if (below(3) > 0) /* neighbours; forgeries side by side, too */
			(void)lane(a, f, false);
	}
}

static void every_bit(struct aead *a, enum aead_alg alg, size_t len, size_t aad_len)
{
	static struct forgeries f;

	forgeries_init(&f, alg, len, aad_len);
	flip_all(a, &f, SEALED, f.sealed_len);
	flip_all(a, &f, AAD, aad_len);
	flip_all(a, &f, NONCE, AEAD_IV_LEN);
	flip_all(a, &f, KEY, aead_info(alg)->key_len);
	flush(a, &f);
}

static void every_flipped_bit_is_refused(void **state)
{
	static const struct {
		size_t len, aad_len;
	} records[] = { { 0, 13 },  { 1, 5 },   { 15, 13 }, { 16, 16 }, { 17, 17 },
			{ 37, 13 }, { 64, 13 }, { 64, 32 }, { 100, 0 }, { 160, 21 } };
	struct aead *a = forced(state);

	for (enum aead_alg alg = 0; alg < AEAD_N; alg++) {
		for (size_t i = 0; i < sizeof(records) / sizeof(records[0]); i++)
			every_bit(a, alg, records[i].len, records[i].aad_len);
	}
}

/* kind: a byte more or less of the ciphertext, or of the AAD. */
static void check_other_length(struct aead *a, const struct forgeries *f, unsigned kind)
{
	uint8_t src[LEN_MAX + 16] = { 0 }, dst[LEN_MAX];
	struct aead_op op = f->good;

	memcpy(src, f->sealed, f->sealed_len);
	memset(dst, 0xa5, sizeof(dst));
	op.src = src;
	op.dst = dst;
	op.len = (uint16_t)(op.len + (kind == 0) - (kind == 1));
	op.aad_len = (uint8_t)(op.aad_len + (kind == 2) - (kind == 3));
	if (kind == 3)
		op.aad[op.aad_len] = 0;
	aead_open(a, f->alg, &op, 1);
	assert_false(op.ok);
	assert_true(is_zero(dst, op.len));
}

static void other_lengths_are_refused(void **state)
{
	struct aead *a = forced(state);
	static struct forgeries f;

	for (enum aead_alg alg = 0; alg < AEAD_N; alg++) {
		for (size_t len = 1; len < 100; len++) {
			forgeries_init(&f, alg, len, 13);
			for (unsigned kind = 0; kind < 4; kind++)
				check_other_length(a, &f, kind);
		}
	}
}

/* A tag that is right in all but one of its parts, whatever part an engine might compare alone;
 * and one of zeros. */
static void tags_are_compared_whole(void **state)
{
	struct aead *a = forced(state);
	static struct forgeries f;

	for (enum aead_alg alg = 0; alg < AEAD_N; alg++) {
		size_t tag_len = aead_info(alg)->tag_len;

		forgeries_init(&f, alg, 64, 13);
		for (size_t at = 0; at < tag_len; at++) {
			for (unsigned k = 1; k < 256; k++)
				f.src[lane(a, &f, true)][64 + at] ^= (uint8_t)k;
			(void)lane(a, &f, false);
		}
		for (size_t i = 0; i < 20; i++)
			memset(&f.src[lane(a, &f, true)][64], 0, tag_len);
		flush(a, &f);
	}
}

/* The other tag length is another algorithm: neither CCM opens what the other sealed. */
static void ccm_and_ccm_8_differ(void **state)
{
	struct aead *a = forced(state);
	static struct forgeries f;

	forgeries_init(&f, AEAD_AES_128_CCM, 64, 13);
	f.alg = AEAD_AES_128_CCM_8;
	for (size_t i = 0; i < 40; i++)
		(void)lane(a, &f, true);
	flush(a, &f);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		FOR_ENGINES(every_flipped_bit_is_refused),
		FOR_ENGINES(other_lengths_are_refused),
		FOR_ENGINES(tags_are_compared_whole),
		FOR_ENGINES(ccm_and_ccm_8_differ),
	};

	return cmocka_run_group_tests(tests, engines_setup, engines_teardown);
}

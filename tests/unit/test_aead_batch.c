/* SPDX-License-Identifier: BSD-3-Clause */
/* Batches of every size and make: each verdict and each record belongs to its operation. And an
 * engine leaves the upper halves of the vector registers clean. */
#include "aead_fixture.h"

#include <cpuid.h>
#include <immintrin.h>

enum { ROOM = 256 * 1024 };

static const size_t sizes[] = { 1,  2,  3,  4,  5,  6,  7,  8,  9,  10, 11, 12, 13, 14, 15,
				16, 17, 24, 31, 32, 33, 47, 48, 49, 63, 64, 65, 96, 128 };
enum { SIZES_N = sizeof(sizes) / sizeof(sizes[0]) };

/* A pattern of forgeries: bit i of mask, repeated, says whether record i is one. */
static void check_verdicts(struct aead *a, struct batch *b, struct memories *m, uint64_t mask)
{
	memcpy(m->work, m->sealed, batch_end(b));
	memcpy(m->want, m->sealed, batch_end(b));
	want_opened(b, m);
	batch_point(b, m->work, m->work, false);
	for (size_t i = 0; i < b->n; i++) {
		size_t tag = b->at[i] + b->ops[i].len;

		if ((mask >> i % 64 & 1) == 0)
			continue;
		m->work[tag + i % b->tag_len] ^= 0x10;
		m->want[tag + i % b->tag_len] ^= 0x10;
		memset(m->want + b->at[i], 0, b->ops[i].len);
		b->ops[i].ok = true;
	}
	run_unchanged(a, b, false);
	for (size_t i = 0; i < b->n; i++) {
		if (b->ops[i].ok == (mask >> i % 64 & 1))
			fail_msg("%s, %s: wrong verdict on record %zu of %zu", aead_name(a),
				 aead_info(b->alg)->name, i, b->n);
	}
	same("opened with forgeries", a, b->alg, m->work, m->want, batch_end(b));
}

static void check(struct aead *a, struct batch *b, struct memories *m)
{
	batch_check(a, b, m);
	check_verdicts(a, b, m, 1);
	check_verdicts(a, b, m, UINT64_C(1) << (b->n - 1) % 64);
	check_verdicts(a, b, m, UINT64_MAX);
	check_verdicts(a, b, m, UINT64_C(0x5555555555555555));
	for (int i = 0; i < 4; i++)
		check_verdicts(a, b, m, number());
}

/* lengths: the kinds of mixtures. */
static size_t length_of(unsigned kind, size_t i, size_t n)
{
	switch (kind) {
	case 0:
		return 64; /* all the same */
	case 1:
		return i; /* ascending */
	case 2:
		return (n - i) * 3; /* descending */
	case 3:
		return i % 2 ? 64 : 0; /* by turns */
	case 4:
		return i == n / 2 ? 900 : 20; /* one of them long */
	default:
		return below(300);
	}
}

static void check_mixture(struct aead *a, struct memories *m, enum aead_alg alg, unsigned kind)
{
	struct batch b;

	for (size_t s = 0; s < SIZES_N; s++) {
		batch_init(&b, alg);
		for (size_t i = 0; i < sizes[s]; i++)
			batch_add(&b, below(20), length_of(kind, i, sizes[s]), 13);
		check(a, &b, m);
	}
}

static void batches_of_every_size(void **state)
{
	struct aead *a = forced(state);
	struct memories m;

	memories_new(&m, ROOM);
	for (enum aead_alg alg = 0; alg < AEAD_N; alg++) {
		for (unsigned kind = 0; kind < 6; kind++)
			check_mixture(a, &m, alg, kind);
	}
	memories_free(&m);
}

/* share: which records of a batch have whose key. */
static const uint8_t *key_of(struct batch *b, unsigned kind, size_t i)
{
	switch (kind) {
	case 0:
		return b->keys[0]; /* one session */
	case 1:
		return b->keys[i / 2 % SESSIONS]; /* two records each, side by side */
	case 2:
		return b->keys[i % 3]; /* far apart */
	default:
		return b->keys[i % SESSIONS];
	}
}

static void check_sharing(struct aead *a, struct memories *m, enum aead_alg alg, unsigned kind)
{
	struct batch b;

	for (size_t s = 0; s < SIZES_N; s++) {
		batch_init(&b, alg);
		for (size_t k = 1; k < SESSIONS && kind == 3; k++)
			memcpy(b.keys[k], b.keys[0], AEAD_KEY_MAX);
		for (size_t i = 0; i < sizes[s]; i++) {
			batch_add(&b, 13, below(200), 13);
			b.ops[i].key = key_of(&b, kind, i);
		}
		check(a, &b, m);
	}
}

/* Lanes of one session: by the same pointer, and by other pointers to the same bytes. */
static void sessions_in_several_lanes(void **state)
{
	struct aead *a = forced(state);
	struct memories m;

	memories_new(&m, ROOM);
	for (enum aead_alg alg = 0; alg < AEAD_N; alg++) {
		for (unsigned kind = 0; kind < 4; kind++)
			check_sharing(a, &m, alg, kind);
	}
	memories_free(&m);
}

/* The same record in every lane, of one session and with one nonce: equal bytes. */
static void the_same_record_in_every_lane(void **state)
{
	struct aead *a = forced(state);
	struct memories m;
	struct batch b;

	memories_new(&m, ROOM);
	for (enum aead_alg alg = 0; alg < AEAD_N; alg++) {
		batch_init(&b, alg);
		for (size_t i = 0; i < 64; i++) {
			batch_add(&b, 5, 100, 13);
			b.ops[i] = b.ops[0];
			memcpy(m.plain + b.at[i], m.plain + b.at[0], 100);
		}
		check(a, &b, &m);
		for (size_t i = 1; i < 64; i++)
			assert_memory_equal(m.sealed + b.at[i], m.sealed + b.at[0], 100);
	}
	memories_free(&m);
}

static void every_aad_length(void **state)
{
	struct aead *a = forced(state);
	struct memories m;
	struct batch b;

	memories_new(&m, ROOM);
	for (enum aead_alg alg = 0; alg < AEAD_N; alg++) {
		for (size_t first = 0; first <= AEAD_AAD_MAX; first++) {
			batch_init(&b, alg);
			for (size_t i = 0; i < 33; i++)
				batch_add(&b, 13, first * 3, i < 16 ? first : i);
			check(a, &b, &m);
		}
	}
	memories_free(&m);
}

/* Nothing of a batch is left for the next: not a key, not a length, not a verdict. Batches of all
 * algorithms by turns. */
static void batches_leave_nothing_behind(void **state)
{
	struct aead *a = forced(state);
	struct memories m;
	struct batch b;

	memories_new(&m, ROOM);
	for (unsigned round = 0; round < (SLOW_BUILD ? 300 : 3000); round++) {
		size_t n = 1 + below(40);

		batch_init(&b, (enum aead_alg)below(AEAD_N));
		for (size_t i = 0; i < n; i++)
			batch_add(&b, 13, below(round % 2 ? 30 : 400), below(33));
		batch_reference(&b, &m);
		check_verdicts(a, &b, &m, number());
		aead_seal(a, b.alg, NULL, 0);
		aead_open(a, b.alg, NULL, 0);
		seal_in_place(a, &b, &m);
	}
	memories_free(&m);
}

/* More than fits any window: 1,000 records in one call. */
static void a_thousand_at_once(void **state)
{
	enum { N = 1000, LEN = 80 };
	static struct aead_op ops[N];
	static uint8_t plain[N][LEN], sealed[N][LEN + 16], keys[N][AEAD_KEY_MAX];
	struct aead *a = forced(state);

	random_fill(plain[0], sizeof(plain));
	random_fill(keys[0], sizeof(keys));
	for (enum aead_alg alg = 0; alg < AEAD_N; alg++) {
		for (size_t i = 0; i < N; i++) {
			ops[i] = (struct aead_op){ .src = plain[i],
						   .dst = sealed[i],
						   .key = keys[i],
						   .len = (uint16_t)(i % (LEN + 1)) };
			random_fill(ops[i].nonce, AEAD_IV_LEN);
		}
		aead_seal(a, alg, ops, N);
		for (size_t i = 0; i < N; i++)
			ops[i].src = sealed[i];
		aead_open(libcrypto, alg, ops, N);
		for (size_t i = 0; i < N; i++) {
			assert_true(ops[i].ok);
			assert_memory_equal(sealed[i], plain[i], ops[i].len);
		}
	}
}

/* Vector registers. XINUSE (XGETBV with ECX = 1) has bits for upper halves that are not zero: of
 * ymm 0-15 (bit 2) and of zmm 0-15 (bit 6). Code without VEX prefixes, SHA-NI above all, may run a
 * hundred times slower while they are set. */

enum { UPPER_YMM = 1 << 2, UPPER_ZMM = 1 << 6 };

static uint32_t in_use(void)
{
	uint32_t low, high;

	__asm__ volatile("xgetbv" : "=a"(low), "=d"(high) : "c"(1));
	return low & (UPPER_YMM | UPPER_ZMM);
}

__attribute__((target("avx"), noinline)) static uint32_t dirty_uppers(void)
{
	uint32_t low, high;

	__asm__ volatile("vzeroupper\n\tvcmpps $15, %%ymm0, %%ymm0, %%ymm0\n\txgetbv\n\tvzeroupper"
			 : "=a"(low), "=d"(high)
			 : "c"(1)
			 : "xmm0");
	return low & (UPPER_YMM | UPPER_ZMM);
}

__attribute__((target("avx"))) static void clean_uppers(void) { _mm256_zeroupper(); }

/* Whether this CPU tells, and tells the truth. */
static bool reports_uppers(void)
{
	uint32_t a, b, c, d;

	if (!__builtin_cpu_supports("avx") || !__get_cpuid_count(0xd, 1, &a, &b, &c, &d) ||
	    (a & 1 << 2) == 0)
		return false;
	clean_uppers();
	return in_use() == 0 && dirty_uppers() == UPPER_YMM;
}

static void check_uppers(struct aead *a, enum aead_alg alg, size_t len, size_t n)
{
	static uint8_t records[33][4016], key[AEAD_KEY_MAX];
	struct aead_op ops[33];

	for (size_t i = 0; i < n; i++)
		ops[i] = (struct aead_op){ .src = records[i],
					   .dst = records[i],
					   .key = key,
					   .len = (uint16_t)len,
					   .aad_len = 13 };
	clean_uppers();
	aead_seal(a, alg, ops, n);
	assert_int_equal(in_use(), 0);
	aead_open(a, alg, ops, n);
	assert_int_equal(in_use(), 0);
	assert_true(ops[0].ok);
}

/* A benchmark (bench/bench_vzeroupper.c) shows the price; this shows the registers. */
static void upper_halves_are_clean(void **state)
{
	static const size_t lens[] = { 0, 16, 64, 100, 300, 4000 };
	const struct aead_forced *f = *state;
	struct aead *a = forced(state);

	if (!reports_uppers()) {
		print_message("# this CPU does not report the use of vector registers\n");
		skip();
	}
	for (enum aead_alg alg = 0; alg < AEAD_N; alg++) {
		/* Libcrypto's leaves them dirty; sha2.c relies on nobody. */
		if (alg == AEAD_CHACHA20_POLY1305 && f->engine == AEAD_ENGINE_LIBCRYPTO)
			continue;
		for (size_t l = 0; l < sizeof(lens) / sizeof(lens[0]); l++) {
			for (size_t n = 1; n <= 33; n++)
				check_uppers(a, alg, lens[l], n);
		}
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		FOR_ENGINES(batches_of_every_size),         FOR_ENGINES(sessions_in_several_lanes),
		FOR_ENGINES(the_same_record_in_every_lane), FOR_ENGINES(every_aad_length),
		FOR_ENGINES(batches_leave_nothing_behind),  FOR_ENGINES(a_thousand_at_once),
		FOR_ENGINES(upper_halves_are_clean),
	};

	return cmocka_run_group_tests(tests, engines_setup, engines_teardown);
}

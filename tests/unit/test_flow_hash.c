/* SPDX-License-Identifier: BSD-3-Clause */
#include "flow_hash.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

/* A slow AES of bytes (FIPS 197), to compare with. */

static uint8_t times2(uint8_t a) { return (uint8_t)(a << 1 ^ (a >> 7) * 0x1b); }

static uint8_t times(uint8_t a, uint8_t b)
{
	uint8_t r = 0;

	for (; b != 0; b >>= 1, a = times2(a))
		r = (uint8_t)(r ^ (b & 1) * a);
	return r;
}

static uint8_t sbox(uint8_t a)
{
	uint8_t inv = 1, s;

	for (int i = 0; i < 254; i++) /* a^254 is the inverse, and 0 of 0 */
		inv = times(inv, a);
	s = inv;
	for (int i = 0; i < 4; i++) {
		inv = (uint8_t)(inv << 1 | inv >> 7);
		s ^= inv;
	}
	return s ^ 0x63;
}

static uint8_t sbox_table[256];

static void aes_round(uint8_t x[16], const uint8_t key[16], bool mix)
{
	uint8_t t[16];

	for (int c = 0; c < 4; c++)
		for (int r = 0; r < 4; r++)
			t[4 * c + r] = sbox_table[x[4 * ((c + r) % 4) + r]];
	for (size_t c = 0; c < 4; c++)
		for (size_t r = 0; r < 4; r++) {
			const uint8_t *col = &t[4 * c];
			uint8_t v = mix ? (uint8_t)(times2(col[r]) ^ times2(col[(r + 1) % 4]) ^
						    col[(r + 1) % 4] ^ col[(r + 2) % 4] ^
						    col[(r + 3) % 4])
					: col[r];

			x[4 * c + r] = v ^ key[4 * c + r];
		}
}

static void aes_expand(uint8_t k[11][16], const uint8_t key[16])
{
	uint8_t rcon = 1;

	memcpy(k[0], key, 16);
	for (int i = 1; i <= 10; i++, rcon = times2(rcon)) {
		for (int j = 0; j < 4; j++)
			k[i][j] = (uint8_t)(k[i - 1][j] ^ sbox_table[k[i - 1][12 + (j + 1) % 4]]);
		k[i][0] ^= rcon;
		for (int j = 4; j < 16; j++)
			k[i][j] = k[i][j - 4] ^ k[i - 1][j];
	}
}

static void xor16(uint8_t x[16], const uint8_t *y, size_t n)
{
	for (size_t i = 0; i < n; i++)
		x[i] ^= y[i];
}

static void aes(uint8_t x[16], const uint8_t key[16])
{
	uint8_t k[11][16];

	aes_expand(k, key);
	xor16(x, k[0], 16);
	for (int i = 1; i <= 10; i++)
		aes_round(x, k[i], i < 10);
}

static void aes4(uint8_t x[16], const uint8_t (*k)[16])
{
	xor16(x, k[0], 16);
	for (int i = 1; i <= 4; i++)
		aes_round(x, k[i], true);
}

static struct flow_hash reference(const uint8_t seed[32], const struct flow *f)
{
	uint8_t k[10][16] = { { 0 } }, x[16] = { 0 };
	uint8_t ports[4] = { (uint8_t)f->local_port, (uint8_t)(f->local_port >> 8),
			     (uint8_t)f->remote_port, (uint8_t)(f->remote_port >> 8) };
	struct flow_hash out = { 0, 0 };

	for (uint8_t i = 0; i < 10; i++) {
		k[i][0] = i;
		aes(k[i], seed);
	}
	xor16(x, f->local_ip, 16);
	aes4(x, (const uint8_t(*)[16])k);
	xor16(x, f->remote_ip, 16);
	aes4(x, (const uint8_t(*)[16])k + 5);
	xor16(x, ports, 4);
	aes(x, seed + 16);
	for (int i = 7; i >= 0; i--)
		out.bucket = out.bucket << 8 | x[i];
	for (int i = 15; i >= 10; i--)
		out.signature = out.signature << 8 | x[i];
	if (out.signature == 0)
		out.signature = 1;
	return out;
}

/* A little generator of our own: the same numbers on every run. */
static uint64_t next_random(uint64_t *s)
{
	*s = *s * UINT64_C(6364136223846793005) + UINT64_C(1442695040888963407);
	return *s >> 32;
}

static void random_flow(struct flow *f, uint64_t *s)
{
	for (int i = 0; i < 16; i++) {
		f->local_ip[i] = (uint8_t)next_random(s);
		f->remote_ip[i] = (uint8_t)next_random(s);
	}
	f->local_port = (uint16_t)next_random(s);
	f->remote_port = (uint16_t)next_random(s);
}

static const uint8_t seed[32] = "a seed of thirty-two bytes, here";

static struct flow_hash one(const struct flow_hash_key *key, const struct flow *f)
{
	struct flow_hash out;

	flow_hash_burst(key, &f, &out, 1);
	return out;
}

static bool equal(struct flow_hash a, struct flow_hash b)
{
	return a.bucket == b.bucket && a.signature == b.signature;
}

/* FIPS 197 appendix B, so that what the rest compares with is AES. */
static void reference_is_aes(void **state)
{
	const uint8_t key[16] = { 0x2b, 0x7e, 0x15, 0x16, 0x28, 0xae, 0xd2, 0xa6,
				  0xab, 0xf7, 0x15, 0x88, 0x09, 0xcf, 0x4f, 0x3c };
	const uint8_t want[16] = { 0x39, 0x25, 0x84, 0x1d, 0x02, 0xdc, 0x09, 0xfb,
				   0xdc, 0x11, 0x85, 0x97, 0x19, 0x6a, 0x0b, 0x32 };
	uint8_t x[16] = { 0x32, 0x43, 0xf6, 0xa8, 0x88, 0x5a, 0x30, 0x8d,
			  0x31, 0x31, 0x98, 0xa2, 0xe0, 0x37, 0x07, 0x34 };

	(void)state;
	aes(x, key);
	assert_memory_equal(x, want, 16);
}

static void bursts_equal_the_reference(const struct flow_hash_key *key, bool pairs)
{
	struct flow_hash_key forced = *key;
	struct flow flows[67];
	const struct flow *p[67];
	struct flow_hash out[68];
	uint64_t s = 1;

	forced.pairs = pairs;
	for (size_t i = 0; i < 67; i++) {
		random_flow(&flows[i], &s);
		p[i] = &flows[i];
	}
	for (size_t n = 0; n <= 67; n += n < 34 ? 1 : 11) {
		memset(out, 0xee, sizeof(out));
		flow_hash_burst(&forced, p, out, n);
		for (size_t i = 0; i < n; i++)
			assert_true(equal(out[i], reference(seed, &flows[i])));
		assert_true(out[n].bucket == UINT64_C(0xeeeeeeeeeeeeeeee));
	}
}

/* With and without VAES, as far as this CPU can show it. */
static void burst_of_any_length_equals_the_reference(void **state)
{
	struct flow_hash_key key;

	(void)state;
	flow_hash_key_init(&key, seed);
	bursts_equal_the_reference(&key, false);
	bursts_equal_the_reference(&key, key.pairs);
}

/* bad-input N6: the hash is the key's. */
static void every_bit_of_flow_and_seed_changes_it(void **state)
{
	struct flow_hash_key key, other;
	struct flow f;
	struct flow_hash base;
	uint64_t s = 2;

	(void)state;
	flow_hash_key_init(&key, seed);
	random_flow(&f, &s);
	base = one(&key, &f);
	for (size_t bit = 0; bit < sizeof(f) * 8; bit++) {
		struct flow_hash h;

		((uint8_t *)&f)[bit / 8] ^= (uint8_t)(1 << bit % 8);
		h = one(&key, &f);
		assert_true(h.bucket != base.bucket && h.signature != base.signature);
		((uint8_t *)&f)[bit / 8] ^= (uint8_t)(1 << bit % 8);
	}
	for (size_t bit = 0; bit < sizeof(seed) * 8; bit++) {
		uint8_t changed[32];

		memcpy(changed, seed, sizeof(seed));
		changed[bit / 8] ^= (uint8_t)(1 << bit % 8);
		flow_hash_key_init(&other, changed);
		assert_true(one(&other, &f).bucket != base.bucket);
	}
}

static int by_signature(const void *a, const void *b)
{
	const struct flow_hash *x = a, *y = b;

	return (x->signature > y->signature) - (x->signature < y->signature);
}

/* A fleet behind consecutive addresses and ports: buckets fill evenly, signatures differ. */
static void consecutive_flows_spread(void **state)
{
	enum { N = 65536, BUCKETS = 256 };
	static struct flow_hash h[N];
	unsigned fill[BUCKETS] = { 0 };
	struct flow_hash_key key;
	struct flow f = { .local_port = 5684 };
	double chi2 = 0;

	(void)state;
	flow_hash_key_init(&key, seed);
	for (unsigned i = 0; i < N; i++) {
		f.remote_ip[15] = (uint8_t)i;
		f.remote_port = (uint16_t)(40000 + (i >> 8));
		h[i] = one(&key, &f);
		assert_true(h[i].signature != 0 && h[i].signature >> 48 == 0);
		fill[(uint32_t)h[i].bucket / (UINT32_MAX / BUCKETS + 1U)]++;
	}
	for (unsigned i = 0; i < BUCKETS; i++)
		chi2 += ((double)fill[i] - 256) * ((double)fill[i] - 256) / 256;
	assert_true(chi2 < 400); /* 255 degrees of freedom: beyond 400 once in 10^8 keys */
	qsort(h, N, sizeof(h[0]), by_signature);
	for (unsigned i = 1; i < N; i++)
		assert_true(h[i].signature != h[i - 1].signature);
}

/* A connection ID is no flow, no shorter or longer one, and each of its bits counts. */
static void connection_ids_hash_apart(void **state)
{
	struct flow_hash_key key;
	uint8_t cid[FLOW_HASH_CID_MAX] = { 0 };
	struct flow_hash seen[8 * FLOW_HASH_CID_MAX + FLOW_HASH_CID_MAX + 1];
	struct flow none = { 0 };
	size_t n = 0;

	(void)state;
	flow_hash_key_init(&key, seed);
	seen[n++] = one(&key, &none);
	for (size_t len = 1; len <= FLOW_HASH_CID_MAX; len++)
		seen[n++] = flow_hash_cid(&key, cid, len);
	for (size_t bit = 0; bit < 8 * FLOW_HASH_CID_MAX; bit++) {
		cid[bit / 8] = (uint8_t)(1 << bit % 8);
		seen[n++] = flow_hash_cid(&key, cid, FLOW_HASH_CID_MAX);
		cid[bit / 8] = 0;
	}
	for (size_t i = 0; i < n; i++)
		for (size_t k = 0; k < i; k++)
			assert_true(seen[i].signature != seen[k].signature &&
				    seen[i].bucket != seen[k].bucket);
}

static int setup(void **state)
{
	(void)state;
	for (int i = 0; i < 256; i++)
		sbox_table[i] = sbox((uint8_t)i);
	return flow_hash_supported() ? 0 : 77;
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(reference_is_aes),
		cmocka_unit_test(burst_of_any_length_equals_the_reference),
		cmocka_unit_test(every_bit_of_flow_and_seed_changes_it),
		cmocka_unit_test(consecutive_flows_spread),
		cmocka_unit_test(connection_ids_hash_apart),
	};

	return cmocka_run_group_tests(tests, setup, NULL);
}

/* SPDX-License-Identifier: BSD-3-Clause */
/* What an engine touches: the record, and nothing around it. Guard bytes, pages that fault, and the
 * records of one datagram, each the neighbour of the next. */
#include "aead_fixture.h"

#include <sys/mman.h>
#include <unistd.h>

/* Guard bytes */

enum { ROOM = 128 * 1024 };

/* check_failing: opens with every third tag wrong; those are wiped, and only their plaintext. */
static void check_failing(struct aead *a, struct batch *b, struct memories *m, bool in_place)
{
	size_t forged = 0;

	memcpy(m->copy, m->sealed, batch_end(b));
	for (size_t i = 0; i < b->n; i += 3)
		m->copy[b->at[i] + b->ops[i].len + below(b->tag_len)] ^= (uint8_t)(1 + below(255));
	memcpy(m->work, m->copy, batch_end(b));
	if (!in_place)
		memset(m->work, 0x77, batch_end(b));
	memcpy(m->want, m->work, batch_end(b));
	want_opened(b, m);
	for (size_t i = 0; i < b->n; i += 3)
		memset(m->want + b->at[i], 0, b->ops[i].len);
	batch_point(b, in_place ? m->work : m->copy, m->work, true);
	for (size_t i = 0; i < b->n; i++)
		b->ops[i].ok = i % 3 == 0;
	run_unchanged(a, b, false);
	for (size_t i = 0; i < b->n; i++)
		forged += !b->ops[i].ok;
	for (size_t i = 0; i < b->n; i++)
		assert_int_equal(b->ops[i].ok, i % 3 != 0);
	assert_int_equal(forged, (b->n + 2) / 3);
	same("opened with forgeries", a, b->alg, m->work, m->want, batch_end(b));
}

static void check_all(struct aead *a, struct batch *b, struct memories *m)
{
	batch_check(a, b, m);
	check_failing(a, b, m, true);
	check_failing(a, b, m, false);
}

/* Every length up to several blocks, at every alignment, with and without a byte between. */
static void every_length_at_every_alignment(void **state)
{
	struct aead *a = forced(state);
	struct memories m;
	struct batch b;

	memories_new(&m, ROOM);
	for (enum aead_alg alg = 0; alg < AEAD_N; alg++) {
		for (size_t start = 0; start < 64; start += SLOW_BUILD ? 7 : 1) {
			batch_init(&b, alg);
			for (size_t i = 0; i < 96; i++)
				batch_add(&b, i == 0 ? start : i % 5, start % 2 ? i : 191 - 2 * i,
					  13);
			check_all(a, &b, &m);
		}
	}
	memories_free(&m);
}

/* Neighbours */

/* A datagram's records: gap bytes of header before each; lens short, so that a store of a whole
 * block would reach over several. */
static void check_datagram(struct aead *a, struct memories *m, enum aead_alg alg, size_t gap)
{
	static const size_t sizes[] = { 2, 3, 7, 16, 17, 48 };
	struct batch b;

	for (size_t s = 0; s < sizeof(sizes) / sizeof(sizes[0]); s++) {
		for (size_t longest = 1; longest <= 257; longest += longest < 5 ? 1 : 21) {
			batch_init(&b, alg);
			for (size_t i = 0; i < sizes[s]; i++)
				batch_add(&b, gap, below(longest), gap == 0 ? 13 : gap);
			check_all(a, &b, m);
		}
	}
}

/* Headers of DTLS 1.2 (13 bytes) and 1.3 (5, 3 and 2), none, and one. */
static void records_of_one_datagram(void **state)
{
	static const size_t gaps[] = { 13, 5, 3, 2, 0, 1 };
	struct aead *a = forced(state);
	struct memories m;

	memories_new(&m, ROOM);
	for (enum aead_alg alg = 0; alg < AEAD_N; alg++) {
		for (size_t i = 0; i < sizeof(gaps) / sizeof(gaps[0]); i++)
			check_datagram(a, &m, alg, gaps[i]);
	}
	memories_free(&m);
}

/* The same, with the operations in another order than the records. */
static void neighbours_in_any_order(void **state)
{
	static const size_t gaps[] = { 13, 5, 3, 2, 0 };
	struct aead *a = forced(state);
	struct memories m;
	struct batch b;

	memories_new(&m, ROOM);
	for (unsigned round = 0; round < (SLOW_BUILD ? 100 : 1000); round++) {
		batch_init(&b, round % AEAD_N);
		for (size_t i = 0; i < 40; i++)
			batch_add(&b, gaps[below(5)], below(round % 3 ? 40 : 200), 13);
		for (size_t i = b.n; i-- > 1;) {
			size_t j = below(i + 1), at = b.at[i];
			struct aead_op op = b.ops[i];

			b.ops[i] = b.ops[j];
			b.ops[j] = op;
			b.at[i] = b.at[j];
			b.at[j] = at;
		}
		check_all(a, &b, &m);
	}
	memories_free(&m);
}

/* Pages */

enum { LANES = 18, PAGES = 6 }; /* a page that faults on both sides of each */

struct pages {
	uint8_t *map;
	size_t page, len;
};

static void pages_new(struct pages *p)
{
	p->page = (size_t)sysconf(_SC_PAGESIZE);
	p->len = p->page * (LANES * (PAGES + 1) + 1);
	p->map = mmap(NULL, p->len, PROT_NONE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	assert_true(p->map != MAP_FAILED);
	for (size_t i = 0; i < LANES; i++)
		assert_int_equal(mprotect(p->map + p->page * (i * (PAGES + 1) + 1), p->page * PAGES,
					  PROT_READ | PROT_WRITE),
				 0);
}

static void pages_free(struct pages *p) { munmap(p->map, p->len); }

/* place: len bytes in the i-th lane's pages: at their very end or their very beginning. */
static uint8_t *place(const struct pages *p, size_t i, size_t len, bool at_end)
{
	uint8_t *start = p->map + p->page * (i * (PAGES + 1) + 1);

	return at_end ? start + PAGES * p->page - len : start;
}

struct edge {
	struct pages src, dst, keys, ops;
	bool at_end;
	struct aead_op want[LANES]; /* as libcrypto sealed them, into sealed */
	uint8_t plain[LANES][16384], sealed[LANES][16384 + 16];
};

static void edge_new(struct edge *e)
{
	pages_new(&e->src);
	pages_new(&e->dst);
	pages_new(&e->keys);
	pages_new(&e->ops);
	random_fill(e->plain[0], sizeof(e->plain));
}

static void edge_free(struct edge *e)
{
	pages_free(&e->src);
	pages_free(&e->dst);
	pages_free(&e->keys);
	pages_free(&e->ops);
	free(e);
}

/* reference: n records of lens, with keys at the edge of their pages, sealed by libcrypto. */
static void reference(struct edge *e, enum aead_alg alg, const size_t *lens, size_t n)
{
	for (size_t i = 0; i < n; i++) {
		uint8_t *key = place(&e->keys, i, aead_info(alg)->key_len, e->at_end);

		random_fill(key, aead_info(alg)->key_len);
		e->want[i] = (struct aead_op){ .src = e->plain[i],
					       .dst = e->sealed[i],
					       .key = key,
					       .len = (uint16_t)lens[i],
					       .aad_len = (uint8_t)(13 + i % 20) };
		random_fill(e->want[i].nonce, AEAD_IV_LEN);
		random_fill(e->want[i].aad, e->want[i].aad_len);
		aead_seal(libcrypto, alg, &e->want[i], 1);
	}
}

/* Ops that end, or begin, where their pages do. */
static struct aead_op *ops_of(struct edge *e, size_t n)
{
	void *ops = place(&e->ops, 0, n * sizeof(e->want[0]), e->at_end);

	memcpy(ops, e->want, n * sizeof(e->want[0]));
	return ops;
}

static void seal_at_edge(struct aead *a, struct edge *e, enum aead_alg alg, size_t n, bool in_place)
{
	size_t tag_len = aead_info(alg)->tag_len;
	struct aead_op *ops = ops_of(e, n);

	for (size_t i = 0; i < n; i++) {
		uint8_t *src;

		ops[i].dst = place(&e->dst, i, ops[i].len + tag_len, e->at_end);
		src = in_place ? ops[i].dst : place(&e->src, i, ops[i].len, e->at_end);
		memcpy(src, e->plain[i], ops[i].len);
		ops[i].src = src;
	}
	aead_seal(a, alg, ops, n);
	for (size_t i = 0; i < n; i++)
		same("sealed at a page's edge", a, alg, ops[i].dst, e->sealed[i],
		     ops[i].len + tag_len);
}

static void open_at_edge(struct aead *a, struct edge *e, enum aead_alg alg, size_t n, bool in_place,
			 bool forged)
{
	size_t tag_len = aead_info(alg)->tag_len;
	struct aead_op *ops = ops_of(e, n);

	for (size_t i = 0; i < n; i++) {
		uint8_t *src = place(&e->src, i, ops[i].len + tag_len, e->at_end);

		memcpy(src, e->sealed[i], ops[i].len + tag_len);
		src[ops[i].len] ^= forged;
		ops[i].src = src;
		ops[i].dst = in_place ? src : place(&e->dst, i, ops[i].len, e->at_end);
	}
	aead_open(a, alg, ops, n);
	for (size_t i = 0; i < n; i++) {
		assert_int_equal(ops[i].ok, !forged);
		if (forged)
			assert_true(is_zero(ops[i].dst, ops[i].len));
		else
			same("opened at a page's edge", a, alg, ops[i].dst, e->plain[i],
			     ops[i].len);
	}
}

static void check_edge(struct aead *a, struct edge *e, enum aead_alg alg, const size_t *lens,
		       size_t n)
{
	for (int at_end = 0; at_end < 2; at_end++) {
		e->at_end = at_end;
		reference(e, alg, lens, n);
		for (int in_place = 0; in_place < 2; in_place++) {
			seal_at_edge(a, e, alg, n, in_place);
			open_at_edge(a, e, alg, n, in_place, false);
			open_at_edge(a, e, alg, n, in_place, true);
		}
	}
}

/* All lanes of one length, and of lengths that differ, so that lanes end before others do. */
static void records_at_the_edge_of_a_page(void **state)
{
	struct aead *a = forced(state);
	struct edge *e = malloc(sizeof(*e));
	size_t lens[LANES];

	assert_non_null(e);
	edge_new(e);
	for (enum aead_alg alg = 0; alg < AEAD_N; alg++) {
		for (size_t len = 0; len < 320; len += SLOW_BUILD && len > 70 ? 13 : 1) {
			for (size_t i = 0; i < LANES; i++)
				lens[i] = len;
			check_edge(a, e, alg, lens, 1 + len % LANES);
			for (size_t i = 0; i < LANES; i++)
				lens[i] = len % 3 ? below(len + 1) : (len + 17 * i) % 320;
			check_edge(a, e, alg, lens, LANES);
		}
	}
	edge_free(e);
}

/* Also where one is long: past what an engine takes side by side. */
static void long_records_at_the_edge_of_a_page(void **state)
{
	static const size_t lens[LANES] = { 0,    16384, 5,    1024, 600,  16383, 64,  4096, 513,
					    2047, 64,    9000, 1400, 1025, 16,    511, 512,  1 };
	struct aead *a = forced(state);
	struct edge *e = malloc(sizeof(*e));

	assert_non_null(e);
	edge_new(e);
	for (enum aead_alg alg = 0; alg < AEAD_N; alg++) {
		check_edge(a, e, alg, lens, LANES);
		for (size_t i = 0; i < LANES; i++)
			check_edge(a, e, alg, lens + i, 1);
	}
	edge_free(e);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		FOR_ENGINES(every_length_at_every_alignment),
		FOR_ENGINES(records_of_one_datagram),
		FOR_ENGINES(neighbours_in_any_order),
		FOR_ENGINES(records_at_the_edge_of_a_page),
		FOR_ENGINES(long_records_at_the_edge_of_a_page),
	};

	return cmocka_run_group_tests(tests, engines_setup, engines_teardown);
}

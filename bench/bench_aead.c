/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Records opened and sealed, per engine, algorithm, length and number of sessions.
 *
 *   mb64           our multi-session kernels: raw keys in one cache line a session
 *   mb4            our kernels of four sessions, for CPUs without AVX-512: the same keys
 *   ipsec-mb       our engine over ipsec-mb: the same raw keys, expanded for every record
 *   ipsec-mb-best  ipsec-mb with an expanded key a session, as fast as it goes (ipsec_mb_best.h)
 *   libcrypto      EVP, the key set for every record: the tests' oracle
 *
 * Every variant fills the same descriptor for each record inside the timed region (nonce from the
 * session's IV and the record's number, 13 bytes of additional data, lengths), meets its sessions
 * in random order, and fetches what the next burst will touch into L2 (into L1 it was slower for
 * all).
 *
 * Records lie in a ring that stays in L2. Sealing is in place: what is sealed is the last turn's
 * ciphertext, which costs the same. Opening in place would leave plaintext to be "opened" the next
 * time; therefore it is out of place, from the ring into a few slots, and its records verify.
 */
#include "benches.h"

#include "aead.h"
#include "fleet.h"
#include "ipsec_mb_best.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { BURST = 32, BURST_MAX = 64, RING = 256, LEN_MAX = 1024, TAG_ROOM = 16, AAD_LEN = 13 };
enum { STRIDE = 640, STRIDE_LONG = 1152 }; /* of a record in the ring: no power of two */
enum { BEST = 100 };                       /* an engine of this bench beside those of aead.h */

struct line {
	uint8_t key[32], iv[AEAD_IV_LEN], rest[20];
} __attribute__((aligned(64)));

struct records {
	uint8_t ring[RING * STRIDE_LONG], out[BURST_MAX * STRIDE_LONG];
	struct aead_op ops[BURST_MAX];
};

/* What one bench works on. */
struct run {
	struct aead *aead;
	struct mb_best *best;
	enum aead_alg alg;
	bool opening;
	uint16_t len;
	size_t burst, stride;

	const uint8_t *sessions;
	size_t session_len, n, at;
	const uint32_t *order;
	struct records *records;
	size_t next; /* record */
};

static const uint8_t key[32] = { 0x42, 1, 2, 3 }, iv[AEAD_IV_LEN] = { 9, 8, 7, 6 };

static const uint8_t *session_at(const struct run *r, size_t ahead)
{
	size_t i = r->at + ahead;

	return r->sessions + r->order[i < r->n ? i : i % r->n] * r->session_len;
}

static void step(struct run *r, size_t by)
{
	r->at += by;
	if (r->at >= r->n)
		r->at %= r->n;
}

/* A descriptor for the next record of the ring, for a session whose IV is at session_iv. */
static inline void fill(struct run *r, struct aead_op *op, size_t slot, const uint8_t *session,
			const uint8_t *session_iv)
{
	size_t at = r->next++ % RING;
	uint8_t *record = r->records->ring + at * r->stride;
	uint64_t number = __builtin_bswap64(at), low;

	*op = (struct aead_op){ .src = record,
				.dst = r->opening ? r->records->out + slot * r->stride : record,
				.key = session,
				.len = r->len,
				.aad_len = AAD_LEN };
	memcpy(&low, session_iv + 4, sizeof(low));
	low ^= number;
	memcpy(op->nonce, session_iv, 4);
	memcpy(op->nonce + 4, &low, sizeof(low));
	memcpy(op->aad, &number, sizeof(number));
	op->aad[8] = 23;
	op->aad[9] = 0xfe;
	op->aad[10] = 0xfd;
	op->aad[11] = (uint8_t)(r->len >> 8);
	op->aad[12] = (uint8_t)r->len;
}

static void burst_ours(struct run *r)
{
	for (size_t i = 0; i < r->burst; i++) {
		const struct line *line = (const void *)session_at(r, i);

		fleet_fetch(session_at(r, r->burst + i));
		fill(r, &r->records->ops[i], i, line->key, line->iv);
	}
	step(r, r->burst);
	if (r->opening)
		aead_open(r->aead, r->alg, r->records->ops, r->burst);
	else
		aead_seal(r->aead, r->alg, r->records->ops, r->burst);
}

/* Fetching in a row, before the first record, is what serves it best. */
static void burst_best(struct run *r)
{
	for (size_t i = 0; i < r->burst; i++)
		mb_best_prefetch(r->best, session_at(r, r->burst + i), r->len);
	for (size_t i = 0; i < r->burst; i++) {
		const uint8_t *session = session_at(r, i);
		size_t slot = r->next % BURST_MAX;
		struct aead_op *op = &r->records->ops[slot];

		fill(r, op, slot, session, mb_best_iv(r->best, session));
		mb_best_run(r->best, r->opening, op);
	}
	step(r, r->burst);
}

static void one_burst(struct run *r)
{
	if (r->best != NULL)
		burst_best(r);
	else
		burst_ours(r);
}

/* Puts sealed records into the ring, under the numbers that fill gives them. */
static void seal_ring(struct run *r)
{
	struct aead *a = aead_new(AEAD_ENGINE_LIBCRYPTO);
	struct line line = { 0 };
	bool opening = r->opening;

	if (a == NULL)
		return;
	memcpy(line.key, key, sizeof(key));
	memcpy(line.iv, iv, sizeof(iv));
	memset(r->records, 0x51, sizeof(*r->records));
	r->next = 0;
	r->opening = false;
	for (size_t i = 0; i < RING; i++) {
		struct aead_op op;

		fill(r, &op, 0, line.key, line.iv);
		aead_seal(a, r->alg, &op, 1);
	}
	r->opening = opening;
	aead_free(a);
}

static bool all_ok(const struct run *r)
{
	size_t n = r->best != NULL ? BURST_MAX : r->burst;
	bool ok = true;

	for (size_t i = 0; i < n; i++)
		ok = ok && r->records->ops[i].ok;
	return ok;
}

static void measure(struct bench *b, struct run *r)
{
	const size_t few = 4 * (size_t)BURST_MAX;
	size_t warm = r->n < few ? 2 * few : 2 * (r->n < 1000 ? r->n : 1000);

	seal_ring(r);
	for (size_t i = 0; i < warm; i += r->burst)
		one_burst(r);
	while (bench_next(b)) {
		one_burst(r);
		bench_keep(r->records);
	}
	if (r->best != NULL)
		mb_best_finish(r->best);
	if (!all_ok(r))
		bench_fail(b, "a record did not open");
	bench_items(b, r->burst);
	bench_bytes(b, r->burst * r->len);
}

static struct fleet *fleet_of(enum aead_alg alg, bool best)
{
	static struct fleet raw = { .stride = sizeof(struct line) };
	static struct fleet expanded[AEAD_N]; /* CCM and CCM_8 share one */
	struct fleet *f = &expanded[alg == AEAD_AES_128_CCM_8 ? AEAD_AES_128_CCM : alg];

	if (!best)
		return &raw;
	f->stride = mb_best_session_len(alg);
	return f;
}

/* The engine's sessions; a fleet goes on from one bench to the next at another place. */
static bool meet_sessions(struct run *r)
{
	static size_t at;
	struct fleet *f = fleet_of(r->alg, r->best != NULL);
	uint8_t session[1024] __attribute__((aligned(64))) = { 0 };
	struct line *line = (struct line *)session;

	if (r->best != NULL) {
		mb_best_session(r->best, key, iv, session);
	} else {
		memcpy(line->key, key, sizeof(key));
		memcpy(line->iv, iv, sizeof(iv));
	}
	r->session_len = f->stride;
	r->sessions = fleet_fill(f, session, r->n);
	r->order = fleet_order(r->n);
	at += 1234577;
	r->at = at % r->n;
	return r->sessions != NULL && r->order != NULL;
}

static void run(struct bench *b, bool opening)
{
	static struct records *records;
	int64_t engine = bench_arg(b, 0);
	struct run r = { .alg = (enum aead_alg)bench_arg(b, 1),
			 .opening = opening,
			 .len = (uint16_t)bench_arg(b, 2),
			 .n = (size_t)bench_arg(b, 3),
			 .burst = (size_t)bench_arg(b, 4) };

	if (records == NULL)
		records = aligned_alloc(64, (sizeof(*records) + 63) / 64 * 64);
	r.records = records;
	r.stride = r.len + TAG_ROOM > STRIDE ? STRIDE_LONG : STRIDE;
	if (engine == BEST)
		r.best = mb_best_new(r.alg, r.len);
	else
		r.aead = aead_new((enum aead_engine)engine);
	if (records == NULL || (r.best == NULL && r.aead == NULL))
		bench_fail(b, "no such engine, or no memory");
	else if (!meet_sessions(&r))
		bench_skip(b, "too little memory for so many sessions");
	else
		measure(b, &r);
	if (r.aead != NULL)
		aead_free(r.aead);
	mb_best_free(r.best);
}

static void open_records(struct bench *b) { run(b, true); }
static void seal_records(struct bench *b) { run(b, false); }

static void add(const char *engine_name, int64_t engine, enum aead_alg alg, int64_t len,
		int64_t sessions, int64_t n)
{
	char name[128];

	for (int opening = 1; opening >= 0; opening--) {
		snprintf(name, sizeof(name), "aead_%s/%s/%s/len:%d/sessions:%d/burst:%d",
			 opening ? "open" : "seal", engine_name, aead_info(alg)->name, (int)len,
			 (int)sessions, (int)n);
		bench_add(name, opening ? open_records : seal_records,
			  (int64_t[]){ engine, alg, len, sessions, n }, 5);
	}
}

static void add_engine(const char *name, int64_t engine, enum aead_alg alg)
{
	static const int64_t lens[] = { 16, 64, 128, 256, 1024 };
	static const int64_t sessions[] = { 64, 1000, 100000, 1000000, FLEET_MAX };
	static const int64_t bursts[] = { 1, 2, 4, 8, 16, 24, 48, 64 };

	for (size_t l = 0; l < sizeof(lens) / sizeof(lens[0]); l++) {
		for (size_t s = 0; s < sizeof(sessions) / sizeof(sessions[0]); s++)
			add(name, engine, alg, lens[l], sessions[s], BURST);
	}
	for (size_t i = 0; i < sizeof(bursts) / sizeof(bursts[0]); i++) {
		add(name, engine, alg, 64, 64, bursts[i]);
		add(name, engine, alg, 64, 1000000, bursts[i]);
	}
}

/* Whether this CPU and build have an engine. */
static bool have(enum aead_engine engine)
{
	struct aead *a = aead_new(engine);

	if (a == NULL)
		return false;
	aead_free(a);
	return true;
}

void bench_aead_add(void)
{
	bool mb64 = have(AEAD_ENGINE_MB64), mb4 = have(AEAD_ENGINE_MB4);

	for (enum aead_alg alg = 0; alg < AEAD_N; alg++) {
		if (mb64)
			add_engine("mb64", AEAD_ENGINE_MB64, alg);
		if (mb4)
			add_engine("mb4", AEAD_ENGINE_MB4, alg);
		add_engine("ipsec-mb", AEAD_ENGINE_IPSEC_MB, alg);
		if (alg != AEAD_CHACHA20_POLY1305)
			add_engine("ipsec-mb-best", BEST, alg);
		add_engine("libcrypto", AEAD_ENGINE_LIBCRYPTO, alg);
	}
}

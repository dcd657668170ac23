/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * peer_aead_open: DPDK's crypto_ipsec_mb drivers opening 64-byte records, as bench_aead measures it
 * for our engines. Each DTLS session has a symmetric session of the driver for this direction,
 * which holds expanded keys; they lie in transparent huge pages and are met in random order. Bursts
 * of 32, the sessions of the next one prefetched; what was enqueued may stay in the driver for some
 * bursts, so that lanes fill. Out of place, so that the sealed records stay as they are: the keys
 * of all sessions are the same bytes, which the driver cannot tell.
 */
#include "peer_benches.h"

#include "aead.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>

#include <rte_crypto.h>
#include <rte_cryptodev.h>
#include <rte_dev.h>
#include <rte_malloc.h>
#include <rte_mbuf.h>
#include <rte_prefetch.h>

enum { BURST = 32, IN_FLIGHT = 128, LEN = 64, AAD_LEN = 13, N_FLEETS = 3 };
enum { SESSIONS_MAX = 1000000, LINES_MAX = 8, HUGE_PAGE = 1 << 21 };
/* Behind an op: nonce and AAD, where CCM wants room before them (rte_crypto_sym.h). */
enum { IV_OFFSET = sizeof(struct rte_crypto_op) + sizeof(struct rte_crypto_sym_op) };
enum { AAD_OFFSET = IV_OFFSET + 16, CCM_AAD_ROOM = 18, OP_PRIVATE = 16 + 48 };

static const uint32_t fleets[N_FLEETS] = { 1000, 100000, SESSIONS_MAX };

/* lines: which of a session's cache lines a record of 64 bytes takes: parameters, round keys and
 * the first hash keys, as DPDK 22.11 and ipsec-mb 1.3 lay them out. */
static const struct kind {
	const char *driver, *name;
	enum aead_alg alg;
	uint8_t lines[LINES_MAX];
} kinds[] = {
	{ "crypto_aesni_gcm", "dpdk_aesni_gcm", AEAD_AES_128_GCM, { 0, 1, 2, 3, 15, 16, 17 } },
	{ "crypto_aesni_mb", "dpdk_aesni_mb", AEAD_AES_128_GCM, { 0, 1, 2, 3, 4, 16, 17, 22 } },
	{ "crypto_aesni_mb", "dpdk_aesni_mb", AEAD_AES_128_CCM_8, { 0, 1, 2, 3, 4, 17, 22 } },
};
enum { N_KINDS = sizeof(kinds) / sizeof(kinds[0]) };

/* The sessions of a driver and an algorithm, kept from one run to the next. */
struct crypto {
	const struct kind *kind;
	uint8_t device;
	uint8_t nonce[AEAD_IV_LEN], aad[AAD_LEN];

	struct rte_mempool *sessions_pool, *op_pool, *mbuf_pool;
	void **sessions;
	uint32_t *order; /* of the sessions that a run uses */
	uint32_t n, at;
	struct rte_crypto_op *idle[IN_FLIGHT];
	unsigned n_idle;
};

static struct crypto *cryptos[N_KINDS];

static void crypto_free(struct crypto *c)
{
	if (c == NULL)
		return;
	for (uint32_t i = 0; c->sessions != NULL && i < SESSIONS_MAX; i++)
		if (c->sessions[i] != NULL)
			(void)rte_cryptodev_sym_session_free(c->device, c->sessions[i]);
	rte_mempool_free(c->sessions_pool);
	rte_mempool_free(c->op_pool);
	rte_mempool_free(c->mbuf_pool);
	free(c->sessions);
	free(c->order);
	free(c);
}

static bool start_device(const char *name, uint8_t *device)
{
	struct rte_cryptodev_config config = { .socket_id = SOCKET_ID_ANY, .nb_queue_pairs = 1 };
	const struct rte_cryptodev_qp_conf queue = { .nb_descriptors = 1024 };
	int id = rte_cryptodev_get_dev_id(name);

	*device = (uint8_t)id;
	if (id >= 0)
		return true; /* started before */
	if (rte_eal_hotplug_add("vdev", name, "") != 0)
		return false;
	id = rte_cryptodev_get_dev_id(name);
	*device = (uint8_t)id;
	return id >= 0 && rte_cryptodev_configure(*device, &config) == 0 &&
	       rte_cryptodev_queue_pair_setup(*device, 0, &queue, 0) == 0 &&
	       rte_cryptodev_start(*device) == 0;
}

/* A heap of DPDK's in transparent huge pages; its socket id, or < 0. It stays until the end. */
static int huge_heap(const char *name, size_t len)
{
	uint8_t *p, *aligned;

	len = (len + HUGE_PAGE - 1) & ~((size_t)HUGE_PAGE - 1);
	p = mmap(NULL, len + HUGE_PAGE, PROT_READ | PROT_WRITE,
		 MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
	if (p == MAP_FAILED)
		return -1;
	aligned = p + (HUGE_PAGE - (uintptr_t)p % HUGE_PAGE) % HUGE_PAGE;
	(void)madvise(aligned, len, MADV_HUGEPAGE);
	if (rte_malloc_heap_create(name) != 0 ||
	    rte_malloc_heap_memory_add(name, aligned, len, NULL, 0, HUGE_PAGE) != 0)
		return -1;
	return rte_malloc_heap_get_socket(name);
}

static bool make_sessions(struct crypto *c)
{
	const struct aead_info *info = aead_info(c->kind->alg);
	bool ccm = c->kind->alg == AEAD_AES_128_CCM_8;
	static const uint8_t key[16] = "0123456789abcde";
	struct rte_crypto_sym_xform xform = { .type = RTE_CRYPTO_SYM_XFORM_AEAD };

	xform.aead.op = RTE_CRYPTO_AEAD_OP_DECRYPT;
	xform.aead.algo = ccm ? RTE_CRYPTO_AEAD_AES_CCM : RTE_CRYPTO_AEAD_AES_GCM;
	xform.aead.key.data = key;
	xform.aead.key.length = sizeof(key);
	xform.aead.iv.offset = IV_OFFSET;
	xform.aead.iv.length = AEAD_IV_LEN;
	xform.aead.digest_length = info->tag_len;
	xform.aead.aad_length = AAD_LEN;
	for (uint32_t i = 0; i < SESSIONS_MAX; i++) {
		c->sessions[i] =
			rte_cryptodev_sym_session_create(c->device, &xform, c->sessions_pool);
		if (c->sessions[i] == NULL)
			return false;
	}
	return true;
}

static bool make_pools(struct crypto *c, int64_t number)
{
	unsigned private_len = rte_cryptodev_sym_get_private_session_size(c->device);
	char name[3][32];
	int socket;

	for (int i = 0; i < 3; i++)
		(void)snprintf(name[i], sizeof(name[i]), "%c_%d", "som"[i], (int)number);
	socket = huge_heap(name[0], (size_t)SESSIONS_MAX * (private_len + 256) + HUGE_PAGE);
	if (socket < 0)
		return false;
	c->sessions_pool = rte_cryptodev_sym_session_pool_create(name[0], SESSIONS_MAX, private_len,
								 0, 0, socket);
	c->op_pool = rte_crypto_op_pool_create(name[1], RTE_CRYPTO_OP_TYPE_SYMMETRIC, IN_FLIGHT, 0,
					       OP_PRIVATE, SOCKET_ID_ANY);
	c->mbuf_pool = rte_pktmbuf_pool_create(name[2], 2 * IN_FLIGHT, 0, 0, 1024, SOCKET_ID_ANY);
	return c->sessions_pool != NULL && c->op_pool != NULL && c->mbuf_pool != NULL;
}

/* The record that all ops open. */
static bool seal(struct crypto *c, uint8_t *out)
{
	struct aead *a = aead_new(AEAD_ENGINE_LIBCRYPTO);
	static const uint8_t key[32] = "0123456789abcde", plain[LEN];
	struct aead_op op = {
		.src = plain, .dst = out, .key = key, .len = LEN, .aad_len = AAD_LEN
	};

	if (a == NULL)
		return false;
	memcpy(op.nonce, c->nonce, sizeof(op.nonce));
	memcpy(op.aad, c->aad, AAD_LEN);
	aead_seal(a, c->kind->alg, &op, 1);
	aead_free(a);
	return true;
}

static bool make_ops(struct crypto *c)
{
	if (rte_crypto_op_bulk_alloc(c->op_pool, RTE_CRYPTO_OP_TYPE_SYMMETRIC, c->idle,
				     IN_FLIGHT) != IN_FLIGHT)
		return false;
	for (; c->n_idle < IN_FLIGHT; c->n_idle++) {
		struct rte_crypto_op *op = c->idle[c->n_idle];
		uint8_t *record;

		op->sym->m_src = rte_pktmbuf_alloc(c->mbuf_pool);
		op->sym->m_dst = rte_pktmbuf_alloc(c->mbuf_pool);
		if (op->sym->m_src == NULL || op->sym->m_dst == NULL)
			return false;
		record = (uint8_t *)rte_pktmbuf_append(op->sym->m_src, LEN + 16);
		if (record == NULL || rte_pktmbuf_append(op->sym->m_dst, LEN) == NULL ||
		    !seal(c, record))
			return false;
		op->sess_type = RTE_CRYPTO_OP_WITH_SESSION;
		op->sym->aead.data.offset = 0;
		op->sym->aead.data.length = LEN;
		op->sym->aead.digest.data = record + LEN;
		op->sym->aead.aad.data = (uint8_t *)op + AAD_OFFSET;
	}
	return true;
}

static struct crypto *crypto_new(int64_t number)
{
	struct crypto *c = calloc(1, sizeof(*c));

	if (c == NULL)
		return NULL;
	c->kind = &kinds[number];
	c->sessions = calloc(SESSIONS_MAX, sizeof(*c->sessions));
	c->order = calloc(SESSIONS_MAX, sizeof(*c->order));
	if (c->sessions != NULL && c->order != NULL && start_device(c->kind->driver, &c->device) &&
	    make_pools(c, number) && make_sessions(c) && make_ops(c))
		return c;
	crypto_free(c);
	return NULL;
}

static void shuffle(struct crypto *c, uint32_t n)
{
	uint64_t x = 88172645463325252;

	c->n = n;
	c->at = 0;
	for (uint32_t i = 0; i < n; i++)
		c->order[i] = i;
	for (uint32_t i = n; i-- > 1;) {
		uint32_t j, swap = c->order[i];

		x ^= x << 13;
		x ^= x >> 7;
		x ^= x << 17;
		j = (uint32_t)(x % (i + 1));
		c->order[i] = c->order[j];
		c->order[j] = swap;
	}
}

static void *session_at(const struct crypto *c, uint32_t ahead)
{
	uint32_t i = c->at + ahead;

	return c->sessions[c->order[i < c->n ? i : i - c->n]];
}

/* What a record brings: its session, nonce and AAD. */
static void fill(const struct crypto *c, struct rte_crypto_op *op, void *session)
{
	uint8_t *iv = (uint8_t *)op + IV_OFFSET, *aad = (uint8_t *)op + AAD_OFFSET;
	bool ccm = c->kind->alg == AEAD_AES_128_CCM_8;

	op->status = RTE_CRYPTO_OP_STATUS_NOT_PROCESSED;
	op->sym->session = session;
	memcpy(iv + ccm, c->nonce, AEAD_IV_LEN);
	memcpy(aad + (ccm ? CCM_AAD_ROOM : 0), c->aad, AAD_LEN);
}

/* Into the second level cache: of so many lines in a row, prefetches to the first one stall (248
 * cycles a record against 573 among 100,000 sessions on Zen 4). */
static void prefetch_next(const struct crypto *c)
{
	for (uint32_t i = 0; i < BURST; i++) {
		const uint8_t *p = session_at(c, BURST + i);

		for (int line = 0; line < LINES_MAX; line++)
			rte_prefetch2(p + (size_t)c->kind->lines[line] * 64);
	}
}

/* Hands over a burst. */
static void enqueue(struct crypto *c)
{
	struct rte_crypto_op **ops = &c->idle[c->n_idle - BURST];
	unsigned sent = 0;

	prefetch_next(c);
	for (uint32_t i = 0; i < BURST; i++)
		fill(c, ops[i], session_at(c, i));
	while (sent < BURST)
		sent += rte_cryptodev_enqueue_burst(c->device, 0, ops + sent,
						    (uint16_t)(BURST - sent));
	c->n_idle -= BURST;
	c->at = c->at + BURST < c->n ? c->at + BURST : c->at + BURST - c->n;
}

/* Takes back what is done; how much of it is well. */
static unsigned dequeue(struct crypto *c)
{
	struct rte_crypto_op **ops = &c->idle[c->n_idle];
	unsigned n = rte_cryptodev_dequeue_burst(c->device, 0, ops, BURST), ok = 0;

	for (unsigned i = 0; i < n; i++)
		ok += ops[i]->status == RTE_CRYPTO_OP_STATUS_SUCCESS;
	c->n_idle += n;
	return ok;
}

static unsigned pass(struct crypto *c)
{
	unsigned ok = 0;

	for (unsigned n = 0; n < PASS_RECORDS; n += BURST) {
		while (c->n_idle < BURST)
			ok += dequeue(c);
		enqueue(c);
		ok += dequeue(c);
	}
	while (c->n_idle < IN_FLIGHT)
		ok += dequeue(c);
	return ok;
}

static void run(struct bench *b)
{
	struct crypto **c = &cryptos[bench_arg(b, 0)];
	uint64_t ok = 0, turns = 0;

	if (*c == NULL)
		*c = crypto_new(bench_arg(b, 0));
	if (*c == NULL) {
		bench_fail(b, "no sessions");
		return;
	}
	shuffle(*c, (uint32_t)bench_arg(b, 1));
	(void)pass(*c);
	for (; bench_next(b); turns++)
		ok += pass(*c);
	if (ok != turns * PASS_RECORDS)
		bench_fail(b, "a record did not open");
	bench_items(b, PASS_RECORDS);
	/* A session of DTLS needs one for each direction. */
	bench_value(b, "bytes_per_session",
		    2.0 * ((*c)->sessions_pool->elt_size + (*c)->sessions_pool->header_size +
			   (*c)->sessions_pool->trailer_size));
}

void bench_cryptodev_add(void)
{
	uint8_t device;

	for (int64_t i = 0; i < N_KINDS; i++) {
		if (!start_device(kinds[i].driver, &device)) {
			fprintf(stderr, "no %s: no benches of it\n", kinds[i].driver);
			continue;
		}
		for (int64_t f = 0; f < N_FLEETS; f++) {
			const int64_t args[] = { i, fleets[f] };
			char name[128];

			(void)snprintf(name, sizeof(name),
				       "peer_aead_open/%s/%s/len:%d/sessions:%u/burst:%d",
				       kinds[i].name, aead_info(kinds[i].alg)->name, LEN, fleets[f],
				       BURST);
			bench_add(name, run, args, 2);
		}
	}
}

void bench_cryptodev_free(void)
{
	for (int i = 0; i < N_KINDS; i++)
		crypto_free(cryptos[i]);
}

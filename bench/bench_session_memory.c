/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * What a session costs in memory, all of it: measured as the growth of this process' own
 * memory while a million sessions are set up as the program does it, each with an identity of 16
 * bytes of its own and one request handled. Values: bytes in all, and the parts.
 *
 * Not in it, because they do not grow with sessions: packets, rings between cores, the pool of
 * exchanges that wait for the sink, handshakes under way.
 */
#include "benches.h"

#include "exchange.h"
#include "store.h"

#include <malloc.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <urcu-qsbr.h>

#include <rte_eal.h>
#include <rte_malloc.h>

enum { SESSIONS = 1000000 };

struct fleet_memory {
	struct identity_set *identities;
	struct store *store;
	struct exchanges *exchanges;
	const struct identity **names; /* made first, so that their memory is seen alone */
	struct session_ref *refs;
};

/* A line of /proc/self/smaps_rollup, in bytes; -1: none. */
static double memory_of(const char *line)
{
	FILE *f = fopen("/proc/self/smaps_rollup", "re");
	size_t len = strlen(line);
	char text[128];
	long kib = -1;

	if (f == NULL)
		return -1;
	while (kib < 0 && fgets(text, sizeof(text), f) != NULL)
		if (strncmp(text, line, len) == 0)
			kib = strtol(text + len, NULL, 10);
	(void)fclose(f);
	return kib < 0 ? -1 : (double)kib * 1024;
}

/* What this process has for itself: anonymous pages, and what it took of DPDK's heap, whose pages
 * were all reserved at the start. */
static double memory_now(void)
{
	struct rte_malloc_socket_stats heap;
	double pages = memory_of("Anonymous:");

	if (pages < 0 || rte_malloc_get_socket_stats(0, &heap) != 0)
		return -1;
	return pages + (rte_eal_has_hugepages() ? (double)heap.heap_allocsz_bytes : 0);
}

static bool name_all(struct fleet_memory *m)
{
	char name[17];

	m->identities = identity_set_new();
	for (uint32_t i = 0; m->identities != NULL && i < SESSIONS; i++) {
		snprintf(name, sizeof(name), "sensor-%09u", i);
		/* What a key proves it with: its kind, and four bytes (app/sluice/credentials.c).
		 */
		m->names[i] = identity_get_proved(m->identities, name, 16, "\1key", 5);
		if (m->names[i] == NULL)
			return false;
	}
	return m->identities != NULL;
}

static bool install_all(struct fleet_memory *m, uint8_t class, unsigned peer_cid)
{
	static const uint8_t seed[32] = { 3 };
	const struct store_config config = { .max_sessions = SESSIONS,
					     .replay_window = 64,
					     .hash_seed = seed,
					     .identities = m->identities };
	struct session_install in = { .flow = { .local_port = 5684 },
				      .version = session_class_is_13(class) ? DTLS_1_3 : DTLS_1_2,
				      .aead = (uint8_t)session_class_alg(class),
				      .own_cid_len = session_class_has_cid(class) ? 8 : 0,
				      .peer_cid_len = class & SESSION_CLASS_CID_OUT
							      ? (uint8_t)peer_cid
							      : 0 };
	struct session_ref replaced;

	m->store = store_new(&config);
	for (uint32_t i = 0; m->store != NULL && i < SESSIONS; i++) {
		memcpy(in.flow.remote_ip, &i, sizeof(i));
		memcpy(in.own_cid, &i, sizeof(i));
		in.identity = m->names[i];
		if (store_install(m->store, 0, &in, &m->refs[i], &replaced) != STATUS_OK)
			return false;
		m->names[i] = NULL; /* the session's now */
	}
	return m->store != NULL;
}

static enum exchange_put deliver(void *arg, const struct exchange_reading *r)
{
	(void)arg;
	(void)r;
	return EXCHANGE_ENQUEUED;
}

static void send(void *arg, struct session_ref ref, const uint8_t *msg, size_t len)
{
	(void)arg;
	(void)ref;
	(void)msg;
	(void)len;
}

static uint64_t wall_ns(void *arg)
{
	(void)arg;
	return 0;
}

static bool exchange_all(struct fleet_memory *m)
{
	static const uint8_t post[] = { 0x40, 0x02, 0x12, 0x34, 0xb1, 't', 0xff, '2', '1' };
	const struct exchange_config config = { .n_slots = m->store->n_slots,
						.n_workers = 1,
						.n_open = 1,
						.seed = 1,
						.deliver = deliver,
						.send = send,
						.wall_ns = wall_ns };
	uint8_t reply[EXCHANGE_REPLY_MAX];
	size_t len;

	m->exchanges = exchanges_new(&config);
	for (uint32_t i = 0; m->exchanges != NULL && i < SESSIONS; i++)
		if (exchange_input(m->exchanges, m->refs[i], 1, post, sizeof(post), reply, &len) !=
		    STATUS_OK)
			return false;
	return m->exchanges != NULL;
}

static void *touched(size_t len)
{
	void *p = malloc(len);

	if (p != NULL)
		memset(p, 1, len);
	return p;
}

/* Bytes a session: identities, store, exchanges. */
static bool measure(struct fleet_memory *m, uint8_t class, unsigned peer_cid, double part[3])
{
	double at[4];

	m->names = touched(SESSIONS * sizeof(void *));
	m->refs = touched(SESSIONS * sizeof(*m->refs));
	if (m->names == NULL || m->refs == NULL)
		return false;
	memset(m->names, 0, SESSIONS * sizeof(void *));
	(void)malloc_trim(0); /* memory that other benches left is not to be used again unseen */
	at[0] = memory_now();
	if (!name_all(m))
		return false;
	at[1] = memory_now();
	if (!install_all(m, class, peer_cid))
		return false;
	at[2] = memory_now();
	if (!exchange_all(m))
		return false;
	at[3] = memory_now();
	for (int i = 0; i < 3; i++)
		part[i] = (at[i + 1] - at[i]) / SESSIONS;
	return at[0] >= 0;
}

static void release(struct fleet_memory *m)
{
	exchanges_free(m->exchanges);
	store_free(m->store);
	for (uint32_t i = 0; m->names != NULL && i < SESSIONS; i++)
		if (m->names[i] != NULL)
			identity_put(m->identities, m->names[i]);
	identity_set_free(m->identities);
	free(m->names);
	free(m->refs);
	(void)malloc_trim(0);
}

static void session_memory(struct bench *b)
{
	uint8_t class = (uint8_t)bench_arg(b, 0);
	struct fleet_memory m = { 0 };
	double part[3] = { 0 };
	bool ok;

	urcu_qsbr_register_thread();
	ok = measure(&m, class, (unsigned)bench_arg(b, 1), part);
	while (bench_next(b))
		bench_keep(&m);
	if (!ok)
		bench_fail(b, "no memory for the sessions");
	bench_value(b, "bytes", part[0] + part[1] + part[2]);
	bench_value(b, "bytes_identity", part[0]);
	bench_value(b, "bytes_store", part[1]);
	bench_value(b, "bytes_exchange", part[2]);
	/* Of the store, as far as it is not on DPDK's huge pages. */
	bench_value(b, "bytes_thp", memory_of("AnonHugePages:") / SESSIONS);
	release(&m);
	urcu_qsbr_unregister_thread();
}

static void add(const char *kind, int64_t class, int64_t peer_cid)
{
	const int64_t args[] = { class, peer_cid };
	char name[96];

	snprintf(name, sizeof(name), "session_memory/%ssessions:%d", kind, SESSIONS);
	bench_add(name, session_memory, args, 2);
}

void bench_session_memory_add(void)
{
	const int64_t gcm128 = AEAD_AES_128_GCM, gcm256 = AEAD_AES_256_GCM, v13 = SESSION_CLASS_13;
	const int64_t cid = SESSION_CLASS_CID, both = cid | SESSION_CLASS_CID_OUT;

	add("", gcm128, 0);
	add("AES-256-GCM/", gcm256, 0);
	add("DTLS-1.3/", gcm128 | v13, 0);
	add("DTLS-1.3/AES-256-GCM/", gcm256 | v13, 0);
	/* Connection IDs of ours; and the peer's, short ones and long ones. */
	add("CID/", gcm128 | cid, 0);
	add("CID/peer:8/", gcm128 | both, 8);
	add("CID/peer:20/", gcm128 | both, 20);
	add("DTLS-1.3/CID/", gcm128 | v13 | cid, 0);
}

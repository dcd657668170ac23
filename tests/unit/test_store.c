/* SPDX-License-Identifier: BSD-3-Clause */
#include "spare_cids.h"

#include <errno.h>
#include <pthread.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <urcu-qsbr.h>

#include <cmocka.h>

enum { OWNER = 3 };

static const uint8_t seed[32] = "thirty-two bytes of test seed...";
static struct identity_set *identities;

static size_t look_up_flows(const struct store *s, const struct flow *const *flows,
			    struct table_hit *out, size_t n)
{
	struct flow_hash keys[TABLE_BURST_MAX];

	flow_hash_burst(&s->hash_key, flows, keys, n);
	return table_lookup_burst(s->flows, keys, out, n);
}

static struct store *new_store(uint32_t max_sessions, unsigned window)
{
	struct store *s = store_new(&(struct store_config){ .max_sessions = max_sessions,
							    .replay_window = window,
							    .hash_seed = seed,
							    .identities = identities });

	assert_non_null(s);
	return s;
}

static struct flow flow_of(uint32_t device)
{
	struct flow f = { .local_ip = { [10] = 0xff, [11] = 0xff, 198, 18, 0, 2 },
			  .remote_ip = { 0x20, 0x01, 0x0d, 0xb8 },
			  .local_port = 5684,
			  .remote_port = 40000 };

	memcpy(&f.remote_ip[12], &device, sizeof(device));
	return f;
}

static const struct identity *identity_of(uint32_t device)
{
	char name[16];

	return identity_get(identities, name,
			    (uint16_t)snprintf(name, sizeof(name), "d%u", device));
}

static struct session_install install_of(uint32_t device, enum aead_alg alg)
{
	struct session_install in = { .flow = flow_of(device),
				      .hop = { .vlan_tci = VLAN_NONE, .port_id = 2 },
				      .identity = identity_of(device),
				      .tx_seq = 1,
				      .rx_newest = 0,
				      .rx_window = 1,
				      .handshake_slot = device,
				      .handshake_generation = 5,
				      .suite = 0xc0a8,
				      .aead = (uint8_t)alg,
				      .handshake_core = 1 };

	memset(in.rx_key, (int)(0x10 + device % 16), sizeof(in.rx_key));
	memset(in.tx_key, (int)(0x40 + device % 16), sizeof(in.tx_key));
	memset(in.rx_iv, 0xa1, sizeof(in.rx_iv));
	memset(in.tx_iv, 0xb1, sizeof(in.tx_iv));
	in.rx_iv[11] = in.tx_iv[11] = 0xcc;
	return in;
}

static enum status install_as(struct store *s, uint8_t owner, uint32_t device,
			      struct session_ref *out, struct session_ref *replaced)
{
	struct session_install in = install_of(device, AEAD_AES_128_CCM_8);
	enum status status;

	assert_non_null(in.identity);
	status = store_install(s, owner, &in, out, replaced);
	if (status != STATUS_OK)
		identity_put(identities, in.identity);
	return status;
}

static struct session_ref install(struct store *s, uint32_t device)
{
	struct session_ref out, replaced;

	assert_int_equal(install_as(s, OWNER, device, &out, &replaced), STATUS_OK);
	assert_int_equal(replaced.generation, 0);
	return out;
}

static struct table_hit lookup(const struct store *s, uint32_t device)
{
	struct flow f = flow_of(device);
	const struct flow *p = &f;
	struct table_hit hit;

	look_up_flows(s, &p, &hit, 1);
	return hit;
}

static bool same(struct session_ref a, struct session_ref b)
{
	return a.slot == b.slot && a.generation == b.generation;
}

static bool all_bytes(const uint8_t *p, uint8_t v, size_t n)
{
	for (size_t i = 0; i < n; i++)
		if (p[i] != v)
			return false;
	return true;
}

/* What the control thread does after a grace period. */
static size_t recycle(struct store *s)
{
	uint32_t slots[8];
	size_t n = store_take_retired(s, slots, 8);

	store_recycle(s, slots, n);
	return n;
}

static void life_of_a_session(void **state)
{
	struct store *s = new_store(4, 64);
	struct session_ref ref = install(s, 1), again;
	struct table_hit hit = lookup(s, 1);
	const struct session_cold *cold = &s->cold[ref.slot];
	uint32_t slot = ref.slot;

	(void)state;
	assert_true(store_live(s, ref));
	assert_true(same(hit.ref, ref));
	assert_int_equal(hit.owner, OWNER);
	assert_int_equal(hit.class, AEAD_AES_128_CCM_8);
	assert_int_equal(cold->owner, OWNER);
	assert_int_equal(cold->hop.port_id, 2);
	assert_int_equal(cold->identity->len, 2);
	assert_int_equal(session_tx_next(&s->hot[slot]), 1);
	assert_int_equal(replay_check(&s->hot[slot], store_wide(s, slot), s->replay_window, 0),
			 STATUS_RECORD_REPLAY);
	assert_int_equal(store_count(s), 1);

	assert_true(store_retire(s, ref));
	assert_false(store_live(s, ref));
	assert_false(store_retire(s, ref));
	assert_int_equal(lookup(s, 1).ref.generation, 0);
	assert_int_equal(store_count(s), 0);
	/* Cold stays for readers until the grace period; keys do not. */
	assert_int_equal(cold->identity->len, 2);
	assert_true(all_bytes(s->hot[slot].rx_key, 0, 40));

	assert_int_equal(recycle(s), 1);
	assert_int_equal(identity_count(identities), 0);
	again = install(s, 2); /* the slot used last is taken first */
	assert_int_equal(again.slot, ref.slot);
	assert_int_not_equal(again.generation, ref.generation);
	assert_false(store_live(s, ref));
	assert_false(store_retire(s, ref));
	assert_true(store_live(s, again));
	store_free(s);
	assert_int_equal(identity_count(identities), 0);
}

static void keys_stand_where_the_accessors_look(void **state)
{
	struct store *s = new_store(AEAD_N, 64);

	(void)state;
	for (enum aead_alg alg = 0; alg < AEAD_N; alg++) {
		bool chacha = alg == AEAD_CHACHA20_POLY1305;
		size_t n = chacha || alg == AEAD_AES_256_GCM ? 32 : 16;
		struct session_install in = install_of(alg, alg);
		struct session_ref ref, replaced;
		uint8_t iv[AEAD_IV_LEN];

		assert_int_equal(store_install(s, OWNER, &in, &ref, &replaced), STATUS_OK);
		assert_memory_equal(store_rx_key(s, ref.slot, alg), in.rx_key, n);
		assert_memory_equal(store_tx_key(s, ref.slot, alg), in.tx_key, n);
		session_iv(alg, s->hot[ref.slot].rx_salt, s->hot[ref.slot].rx_key, iv);
		assert_memory_equal(iv, in.rx_iv, chacha ? 12 : 4);
		assert_true(chacha || all_bytes(iv + 4, 0, 8));
		session_iv(alg, s->hot[ref.slot].tx_salt, s->hot[ref.slot].tx_key, iv);
		assert_memory_equal(iv, in.tx_iv, chacha ? 12 : 4);
		assert_true(store_retire(s, ref));
		assert_true(all_bytes(store_rx_key(s, ref.slot, alg), 0, n));
		assert_true(all_bytes(store_tx_key(s, ref.slot, alg), 0, n));
	}
	store_free(s);
}

/* A new handshake of the same flow: the old session ends as its owner retires it. */
static void same_flow_replaces(void **state)
{
	struct store *s = new_store(4, 64);
	struct session_ref first = install(s, 1), second, replaced;

	(void)state;
	assert_int_equal(install_as(s, OWNER, 1, &second, &replaced), STATUS_OK);
	assert_true(same(replaced, first));
	assert_true(same(lookup(s, 1).ref, second));
	assert_true(store_live(s, first)); /* until the caller retires it */
	assert_true(store_retire(s, replaced));
	assert_true(same(lookup(s, 1).ref, second));
	assert_int_equal(store_count(s), 1);
	/* Another core's session is not this core's to replace. */
	assert_int_equal(install_as(s, OWNER + 1, 1, &first, &replaced), STATUS_SESSION_FULL);
	assert_int_equal(replaced.generation, 0);
	assert_true(same(lookup(s, 1).ref, second));
	store_free(s);
	assert_int_equal(identity_count(identities), 0);
}

/* bad-input N5: full means refused; nobody is evicted, and a retired slot waits for recycling. */
static void full_store_refuses(void **state)
{
	struct store *s = new_store(8, 64);
	struct session_ref refs[8], out, replaced;

	(void)state;
	for (uint32_t i = 0; i < 8; i++)
		refs[i] = install(s, i);
	assert_int_equal(install_as(s, OWNER, 8, &out, &replaced), STATUS_SESSION_FULL);
	assert_int_equal(out.generation, 0);
	for (uint32_t i = 0; i < 8; i++)
		assert_true(same(lookup(s, i).ref, refs[i]) && store_live(s, refs[i]));
	assert_true(store_retire(s, refs[5]));
	assert_int_equal(install_as(s, OWNER, 8, &out, &replaced), STATUS_SESSION_FULL);
	assert_int_equal(recycle(s), 1);
	assert_int_equal(install_as(s, OWNER, 8, &out, &replaced), STATUS_OK);
	assert_int_equal(out.slot, refs[5].slot);
	store_free(s);
	assert_int_equal(identity_count(identities), 0);
}

/* A device of a full store that lost its session gets the next one, before the old one's slot is
 * free; nobody else gets that slot. */
static void full_store_lets_its_devices_reconnect(void **state)
{
	struct store *s = new_store(8, 64);
	struct session_ref refs[8], out, replaced;

	(void)state;
	for (uint32_t i = 0; i < 8; i++)
		refs[i] = install(s, i);
	for (uint32_t i = 0; i < 8; i++) {
		assert_int_equal(install_as(s, OWNER, i, &out, &replaced), STATUS_OK);
		assert_true(same(replaced, refs[i]));
		assert_true(same(lookup(s, i).ref, out) && store_live(s, out));
		assert_true(store_retire(s, replaced));
		assert_int_equal(store_count(s), 8);
		assert_int_equal(install_as(s, OWNER, 8, &out, &replaced), STATUS_SESSION_FULL);
	}
	assert_int_equal(recycle(s), 8);
	assert_int_equal(recycle(s), 0);
	assert_int_equal(install_as(s, OWNER, 8, &out, &replaced), STATUS_SESSION_FULL);
	store_free(s);
	assert_int_equal(identity_count(identities), 0);
}

/* Spare slots end too: who reconnects faster than slots are recycled keeps what he has. */
static void spare_slots_are_bounded(void **state)
{
	struct store *s = new_store(1, 64);
	struct session_ref ref = install(s, 1), out, replaced;
	uint32_t n = 1;

	(void)state;
	while (install_as(s, OWNER, 1, &out, &replaced) == STATUS_OK) {
		assert_true(store_retire(s, replaced));
		ref = out;
		n++;
	}
	assert_int_equal(n, s->n_slots);
	assert_int_equal(replaced.generation, 0);
	assert_true(store_live(s, ref) && same(lookup(s, 1).ref, ref));
	while (recycle(s) > 0)
		;
	assert_int_equal(install_as(s, OWNER, 1, &out, &replaced), STATUS_OK);
	store_free(s);
}

/* Generation 0 is never live, also after 2^31 uses of a slot. */
static void generations_wrap_past_zero(void **state)
{
	struct store *s = new_store(1, 64);
	struct session_ref ref = install(s, 1), next;

	(void)state;
	assert_true(store_retire(s, ref));
	assert_int_equal(recycle(s), 1);
	atomic_store(&s->hot[0].generation, UINT32_MAX - 1);
	ref = install(s, 1);
	assert_true(ref.generation == UINT32_MAX);
	assert_true(store_retire(s, ref));
	assert_false(store_live(s, (struct session_ref){ 0, 0 }));
	assert_int_equal(recycle(s), 1);
	next = install(s, 1);
	assert_int_equal(next.generation, 1);
	assert_false(store_live(s, ref));
	assert_false(store_live(s, (struct session_ref){ 7, 1 })); /* no such slot */
	store_free(s);
}

static void wide_windows_are_per_slot(void **state)
{
	struct store *s = new_store(3, 256);
	uint64_t *w[3];

	(void)state;
	for (uint32_t i = 0; i < 3; i++) {
		struct session_ref ref = install(s, i);

		w[i] = store_wide(s, ref.slot);
		assert_non_null(w[i]);
		assert_int_equal(replay_commit(&s->hot[ref.slot], w[i], 256, 200 + i), STATUS_OK);
		assert_int_equal(replay_commit(&s->hot[ref.slot], w[i], 256, 1), STATUS_OK);
	}
	assert_true(w[1] == w[0] + 4 && w[2] == w[1] + 4);
	store_free(s);
}

static void sweep_finds_the_idle_ones_of_its_owner(void **state)
{
	struct store *s = new_store(10, 64);
	struct session_ref busy = install(s, 1), idle = install(s, 2), foreign, out[10], replaced;
	uint32_t cursor = 0;

	(void)state;
	assert_int_equal(install_as(s, OWNER + 1, 3, &foreign, &replaced), STATUS_OK);
	for (uint64_t visit = 1; visit < 3; visit++) {
		assert_int_equal(replay_commit(&s->hot[busy.slot], NULL, 64, visit), STATUS_OK);
		assert_int_equal(store_sweep(s, OWNER, &cursor, s->n_slots, 3, out), 0);
		assert_int_equal(cursor, 0);
	}
	assert_int_equal(replay_commit(&s->hot[busy.slot], NULL, 64, 9), STATUS_OK);
	/* In steps that do not divide the number of slots, and from a cursor beyond them. */
	assert_int_equal(store_sweep(s, OWNER, &cursor, 4, 3, out), 1);
	assert_true(same(out[0], idle));
	assert_int_equal(cursor, 4);
	assert_int_equal(store_sweep(s, OWNER, &cursor, 4, 3, out), 0);
	cursor = s->n_slots - 2;
	assert_int_equal(store_sweep(s, OWNER, &cursor, 4, 3, out), 1); /* the last two, 0, 1 */
	assert_int_equal(cursor, 2);
	cursor = s->n_slots + 7;
	assert_int_equal(store_sweep(s, OWNER + 1, &cursor, 99, 1, out), 1);
	assert_true(same(out[0], foreign));
	store_free(s);
}

static uint32_t slot_of_install(struct store *s, uint8_t owner, uint32_t device)
{
	struct session_install in = install_of(device, AEAD_AES_128_GCM);
	struct session_ref out, replaced;

	assert_int_equal(store_install(s, owner, &in, &out, &replaced), STATUS_OK);
	return out.slot;
}

/* Two nodes, and owners on them in turn: each has its half of the slots, then what is left of the
 * other's, and a slot that comes back is its own half's again. */
static void sessions_stand_near_their_owner(void **state)
{
	enum { N = 1000 };
	const int nodes[] = { 0, 1, 0, 1 };
	struct store *s = store_new(&(struct store_config){ .max_sessions = N,
							    .replay_window = 64,
							    .hash_seed = seed,
							    .owner_nodes = nodes,
							    .n_owners = 4,
							    .identities = identities });
	uint32_t half, slot, back;
	struct session_ref ref;

	(void)state;
	assert_non_null(s);
	half = (s->n_slots + 1) / 2;
	for (uint32_t i = 0; i < 4 * 100; i++) {
		slot = slot_of_install(s, (uint8_t)(i % 4), i);
		assert_int_equal(slot >= half, nodes[i % 4]);
	}
	for (uint32_t i = 400; i < N; i++)
		slot = slot_of_install(s, 1, i);
	assert_true(slot < half); /* its half is full */
	ref = (struct session_ref){ s->n_slots - 1,
				    atomic_load(&s->hot[s->n_slots - 1].generation) };
	assert_true(store_retire(s, ref));
	assert_int_equal(store_take_retired(s, &back, 1), 1);
	assert_int_equal(back, ref.slot);
	store_recycle(s, &back, 1);
	assert_int_equal(slot_of_install(s, 3, N), ref.slot);
	store_free(s);
}

static void bad_configurations_are_refused(void **state)
{
	const struct store_config bad[] = {
		{ .max_sessions = 0, .replay_window = 64, .hash_seed = seed },
		{ .max_sessions = 4, .replay_window = 0, .hash_seed = seed },
		{ .max_sessions = 4, .replay_window = 63, .hash_seed = seed },
		{ .max_sessions = 4, .replay_window = 1088, .hash_seed = seed },
	};

	(void)state;
	for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
		errno = 0;
		assert_null(store_new(&bad[i]));
		assert_int_equal(errno, EINVAL);
	}
}

static struct session_install install13_of(uint32_t device, enum aead_alg alg)
{
	struct session_install in = install_of(device, alg);

	in.version = DTLS_1_3;
	in.tx_seq = 7;
	for (unsigned i = 0; i < AEAD_KEY_MAX; i++) {
		in.rx_key[i] = (uint8_t)(1 + i);
		in.tx_key[i] = (uint8_t)(41 + i);
		in.rx_sn_key[i] = (uint8_t)(81 + i);
		in.tx_sn_key[i] = (uint8_t)(121 + i);
	}
	return in;
}

/* DTLS 1.3: two lines, and for 256-bit suites the number keys in the overflow line. */
static void keys13_stand_where_the_accessors_look(void **state)
{
	struct store *s = new_store(AEAD_N, 64);

	(void)state;
	for (enum aead_alg alg = 0; alg < AEAD_N; alg++) {
		size_t n = aead_info(alg)->key_len;
		struct session_install in = install13_of(alg, alg);
		struct session_ref ref, replaced;
		const struct session_read13 *read;
		const struct session_hot *hot;
		struct table_hit hit;

		assert_int_equal(store_install(s, OWNER, &in, &ref, &replaced), STATUS_OK);
		hit = lookup(s, alg);
		assert_true(session_class_is_13(hit.class));
		assert_int_equal(session_class_alg(hit.class), alg);
		assert_int_equal(s->cold[ref.slot].class, hit.class);
		hot = &s->hot[ref.slot];
		read = &s->read13[ref.slot];
		assert_memory_equal(hot->rx13.key, in.rx_key, n);
		assert_memory_equal(read->tx.key, in.tx_key, n);
		assert_memory_equal(store_rx_sn_key(s, ref.slot, alg), in.rx_sn_key, n);
		assert_memory_equal(store_tx_sn_key(s, ref.slot, alg), in.tx_sn_key, n);
		assert_memory_equal(read->rx_iv, in.rx_iv, AEAD_IV_LEN);
		assert_memory_equal(read->tx_iv, in.tx_iv, AEAD_IV_LEN);
		assert_int_equal(hot->tx_number, UINT64_C(3) << 48 | 7);
		assert_int_equal(hot->rx_epoch, 3);
		assert_int_equal(replay_newest(&s->hot[ref.slot]), 0);
		assert_true(store_retire(s, ref));
		assert_true(all_bytes((const uint8_t *)hot, 0, 44));
		assert_true(all_bytes((const uint8_t *)read, 0, sizeof(*read)));
		assert_true(all_bytes((const uint8_t *)&s->overflow[ref.slot], 0, 64));
	}
	store_free(s);
}

/* A slot that had a session of DTLS 1.3 has one of 1.2, which has no second line. */
static void versions_share_slots(void **state)
{
	struct store *s = new_store(4, 64);
	struct session_install in = install13_of(1, AEAD_AES_128_GCM);
	struct session_ref first, second, replaced;

	(void)state;
	assert_int_equal(store_install(s, OWNER, &in, &first, &replaced), STATUS_OK);
	assert_true(store_retire(s, first));
	assert_int_equal(recycle(s), 1);
	second = install(s, 2);
	assert_int_equal(second.slot, first.slot);
	assert_false(session_class_is_13(lookup(s, 2).class));
	assert_null(store_hot(s, first));
	store_free(s);
}

/* 384 bytes a session of DTLS 1.3 are the budget of everything, 128 of them hot. The second lines
 * count only where they are used, a huge page at a time. */
static void memory13_is_within_budget(void **state)
{
	enum { N = 100000 };

	(void)state;
	assert_int_equal(sizeof(struct session_hot) + sizeof(struct session_read13), 128);
	for (enum aead_alg alg = 0; alg < AEAD_N; alg++) {
		struct store *s = new_store(N, 64);
		size_t before = store_bytes(s);

		for (uint32_t i = 0; i < N; i++) {
			struct session_install in = install13_of(i, alg);
			struct session_ref out, replaced;

			assert_int_equal(store_install(s, OWNER, &in, &out, &replaced), STATUS_OK);
			if (i == 0 && !session_key_overflows(alg))
				assert_int_equal(store_bytes(s), before + (2 << 20));
		}
		assert_true(store_bytes(s) / N <= (session_key_overflows(alg) ? 320 : 256));
		store_free(s);
	}
}

/* 320 bytes a session are the budget of everything; the store's share is below that with and
 * without overflow lines, and these count only where they are used. */
static void memory_is_accounted_and_within_budget(void **state)
{
	enum { N = 50000 };
	struct store *s = new_store(N, 64);
	size_t before = store_bytes(s);

	(void)state;
	assert_true(before / N <= 192);
	for (uint32_t i = 0; i < N; i++)
		(void)install(s, i);
	assert_int_equal(store_bytes(s), before);
	store_free(s);
	s = new_store(N, 64);
	for (uint32_t i = 0; i < N; i++) {
		struct session_install in = install_of(i, AEAD_AES_256_GCM);
		struct session_ref out, replaced;

		assert_int_equal(store_install(s, OWNER, &in, &out, &replaced), STATUS_OK);
		if (i == 0)
			assert_int_equal(store_bytes(s), before + 4096);
	}
	assert_true(store_bytes(s) / N <= 256);
	store_free(s);
}

/*
 * 100,000 sessions, an owner that retires and installs, a control thread that recycles after grace
 * periods, and a reader that looks on: what it finds is the device it asked for, a session that
 * lives all along is found, and an old reference never names another device.
 */
enum { SESSIONS = 100000, SPARE = 1000, CHANGES = 10000, BURST = 32, OLD = 64 };

struct hammer {
	struct store *s;
	struct session_ref refs[SESSIONS];     /* the owner's */
	_Atomic uint32_t generation[SESSIONS]; /* 0 while it changes */
	_Atomic bool stop;
	_Atomic uint64_t missed, wrong, quiescent;
};

static struct hammer hammer;

static uint32_t next_random(uint64_t *s)
{
	*s = *s * UINT64_C(6364136223846793005) + UINT64_C(1442695040888963407);
	return (uint32_t)(*s >> 33);
}

/* The fleet's device behind a slot, as a reader other than the owner may ask. */
static bool slot_is(const struct store *s, uint32_t slot, uint32_t device)
{
	struct flow f = flow_of(device);
	char name[16];
	int len = snprintf(name, sizeof(name), "d%u", device);

	return memcmp(&s->cold[slot].flow, &f, sizeof(f)) == 0 &&
	       s->cold[slot].identity->len == len &&
	       memcmp(s->cold[slot].identity->bytes, name, (size_t)len) == 0;
}

struct old_ref {
	struct session_ref ref;
	uint32_t device;
};

static void look_back(struct hammer *h, const struct old_ref *old)
{
	for (size_t i = 0; i < OLD; i++)
		if (store_live(h->s, old[i].ref) && !slot_is(h->s, old[i].ref.slot, old[i].device))
			atomic_fetch_add(&h->wrong, 1);
}

static void look_up(struct hammer *h, const uint32_t *devices, struct table_hit *hits)
{
	struct flow flows[BURST];
	const struct flow *p[BURST];
	uint32_t before[BURST];

	for (size_t i = 0; i < BURST; i++) {
		flows[i] = flow_of(devices[i]);
		p[i] = &flows[i];
		before[i] = atomic_load(&h->generation[devices[i]]);
	}
	look_up_flows(h->s, p, hits, BURST);
	for (size_t i = 0; i < BURST; i++) {
		if (store_live(h->s, hits[i].ref) && !slot_is(h->s, hits[i].ref.slot, devices[i]))
			atomic_fetch_add(&h->wrong, 1);
		if (before[i] != 0 && atomic_load(&h->generation[devices[i]]) == before[i] &&
		    (hits[i].ref.generation & 0xff) != (before[i] & 0xff))
			atomic_fetch_add(&h->missed, 1);
	}
}

static void *read_all(void *arg)
{
	struct hammer *h = arg;
	struct old_ref old[OLD] = { 0 };
	uint64_t s = 5;

	urcu_qsbr_register_thread();
	while (!atomic_load(&h->stop)) {
		uint32_t devices[BURST];
		struct table_hit hits[BURST];

		for (size_t i = 0; i < BURST; i++)
			devices[i] = next_random(&s) % SESSIONS;
		look_up(h, devices, hits);
		old[next_random(&s) % OLD] = (struct old_ref){ hits[0].ref, devices[0] };
		look_back(h, old);
		/* For the thread sanitizer, which does not see liburcu's ordering. */
		atomic_fetch_add(&h->quiescent, 1);
		urcu_qsbr_quiescent_state();
	}
	urcu_qsbr_unregister_thread();
	return NULL;
}

static void *recycle_all(void *arg)
{
	struct hammer *h = arg;
	uint32_t slots[256];
	size_t done = 0;

	urcu_qsbr_register_thread();
	while (done < CHANGES) {
		size_t n = store_take_retired(h->s, slots, 256);

		urcu_qsbr_synchronize_rcu();
		(void)atomic_load(&h->quiescent);
		store_recycle(h->s, slots, n);
		done += n;
	}
	urcu_qsbr_unregister_thread();
	return NULL;
}

static struct session_ref install_when_free(struct hammer *h, uint32_t device)
{
	struct session_ref out, replaced;

	while (install_as(h->s, OWNER, device, &out, &replaced) != STATUS_OK) {
		atomic_fetch_add(&h->quiescent, 1);
		urcu_qsbr_quiescent_state();
	}
	return out;
}

static void change_all(struct hammer *h)
{
	uint64_t s = 17;

	for (uint32_t i = 0; i < CHANGES; i++) {
		uint32_t device = next_random(&s) % SESSIONS;

		atomic_store(&h->generation[device], 0);
		if (!store_retire(h->s, h->refs[device]))
			atomic_fetch_add(&h->wrong, 1);
		h->refs[device] = install_when_free(h, device);
		/* Unlike the slot's own, it tells each of the device's sessions apart. */
		atomic_store(&h->generation[device],
			     (i + 1) << 8 | (h->refs[device].generation & 0xff));
		if (i % 32 == 0) {
			atomic_fetch_add(&h->quiescent, 1);
			urcu_qsbr_quiescent_state();
		}
	}
}

static void a_hundred_thousand_sessions_under_change(void **state)
{
	struct hammer *h = &hammer;
	pthread_t reader, control;

	(void)state;
	h->s = new_store(SESSIONS + SPARE, 64);
	for (uint32_t i = 0; i < SESSIONS; i++) {
		h->refs[i] = install(h->s, i);
		atomic_store(&h->generation[i], h->refs[i].generation);
	}
	assert_int_equal(store_count(h->s), SESSIONS);
	assert_int_equal(pthread_create(&reader, NULL, read_all, h), 0);
	assert_int_equal(pthread_create(&control, NULL, recycle_all, h), 0);
	change_all(h);
	urcu_qsbr_thread_offline();
	pthread_join(control, NULL);
	atomic_store(&h->stop, true);
	pthread_join(reader, NULL);
	urcu_qsbr_thread_online();
	assert_int_equal(atomic_load(&h->missed), 0);
	assert_int_equal(atomic_load(&h->wrong), 0);
	assert_int_equal(store_count(h->s), SESSIONS);
	for (uint32_t i = 0; i < SESSIONS; i++)
		assert_true(same(lookup(h->s, i).ref, h->refs[i]));
	assert_int_equal(identity_count(identities), SESSIONS);
	store_free(h->s);
	assert_int_equal(identity_count(identities), 0);
}

/* Several cores take slots while control gives them: none twice, none lost. */
enum { TAKERS = 2, TAKES = 20000, SLOTS = 64 };

static _Atomic uint32_t holders[SLOTS];
static _Atomic uint32_t doubles, takers_done;

struct taker {
	struct store *s;
	uint8_t owner;
};

static void *take_slots(void *arg)
{
	struct taker *t = arg;

	urcu_qsbr_register_thread();
	for (uint32_t i = 0; i < TAKES; i++) {
		struct session_ref ref, replaced;

		if (install_as(t->s, t->owner, t->owner, &ref, &replaced) != STATUS_OK)
			continue;
		if (atomic_fetch_add(&holders[ref.slot], 1) != 0)
			atomic_fetch_add(&doubles, 1);
		atomic_fetch_sub(&holders[ref.slot], 1);
		if (!store_retire(t->s, ref))
			atomic_fetch_add(&doubles, 1);
		if (i % 16 == 0)
			urcu_qsbr_quiescent_state();
	}
	urcu_qsbr_unregister_thread();
	atomic_fetch_add(&takers_done, 1);
	return NULL;
}

static void slots_are_taken_once(void **state)
{
	struct store *s = new_store(SLOTS, 64);
	struct taker takers[TAKERS];
	pthread_t threads[TAKERS];

	(void)state;
	for (size_t i = 0; i < TAKERS; i++) {
		takers[i] = (struct taker){ s, (uint8_t)i };
		assert_int_equal(pthread_create(&threads[i], NULL, take_slots, &takers[i]), 0);
	}
	/* Nobody reads in this test, so no grace period. */
	while (atomic_load(&takers_done) < TAKERS) {
		(void)recycle(s);
		urcu_qsbr_quiescent_state();
	}
	urcu_qsbr_thread_offline();
	for (size_t i = 0; i < TAKERS; i++)
		pthread_join(threads[i], NULL);
	urcu_qsbr_thread_online();
	while (recycle(s) > 0)
		;
	assert_int_equal(atomic_load(&doubles), 0);
	assert_int_equal(store_count(s), 0);
	for (uint32_t i = 0; i < SLOTS; i++)
		(void)install(s, i);
	store_free(s);
}

static int setup(void **state)
{
	(void)state;
	urcu_qsbr_register_thread();
	identities = identity_set_new();
	return identities == NULL;
}

static int teardown(void **state)
{
	(void)state;
	identity_set_free(identities);
	urcu_qsbr_unregister_thread();
	return 0;
}

/* Connection IDs. */

enum { CID_LEN = 8 };

static struct session_install install_cid_of(uint32_t device, uint32_t cid, uint8_t peer_len)
{
	struct session_install in = install_of(device, AEAD_AES_128_CCM_8);

	in.own_cid_len = CID_LEN;
	memcpy(in.own_cid, &cid, sizeof(cid));
	in.peer_cid_len = peer_len;
	memset(in.peer_cid, (int)cid, sizeof(in.peer_cid));
	in.peer_cid[0] = 0xee;
	in.rrc = true;
	return in;
}

static struct session_ref install_cid(struct store *s, uint32_t device, uint32_t cid)
{
	struct session_install in = install_cid_of(device, cid, 0);
	struct session_ref ref, replaced;

	assert_int_equal(store_install(s, OWNER, &in, &ref, &replaced), STATUS_OK);
	assert_int_equal(replaced.generation, 0);
	return ref;
}

static struct table_hit lookup_cid(const struct store *s, uint32_t cid)
{
	uint8_t bytes[CID_LEN] = { 0 };
	struct flow_hash key;
	struct table_hit hit;

	memcpy(bytes, &cid, sizeof(cid));
	key = flow_hash_cid(&s->hash_key, bytes, sizeof(bytes));
	table_lookup_burst(s->flows, &key, &hit, 1);
	return hit;
}

static uint32_t tag_of(const struct store *s, uint32_t device)
{
	const struct flow f = flow_of(device), *p = &f;
	struct flow_hash hash;

	flow_hash_burst(&s->hash_key, &p, &hash, 1);
	return flow_hash_tag(&hash);
}

/* By its connection ID only, with the tag of its path: its flow may become another device's. */
static void cid_session_is_found_by_its_cid(void **state)
{
	struct store *s = new_store(8, 64);
	struct session_ref ref = install_cid(s, 1, 77), other;
	struct table_hit hit = lookup_cid(s, 77);
	const struct nexthop hop = { .vlan_tci = 7, .port_id = 4 };
	const struct flow to = flow_of(2);

	(void)state;
	assert_int_equal(hit.ref.slot, ref.slot);
	assert_int_equal(hit.ref.generation, tag_of(s, 1));
	assert_int_equal(hit.class, AEAD_AES_128_CCM_8 | SESSION_CLASS_CID);
	assert_int_equal(hit.owner, OWNER);
	assert_int_equal(lookup(s, 1).ref.generation, 0);
	assert_int_equal(lookup_cid(s, 78).ref.generation, 0);
	assert_true(s->cold[ref.slot].rrc);

	assert_true(store_move(s, ref, &to, &hop));
	hit = lookup_cid(s, 77);
	assert_int_equal(hit.ref.slot, ref.slot);
	assert_int_equal(hit.ref.generation, tag_of(s, 2));
	assert_memory_equal(&s->cold[ref.slot].flow, &to, sizeof(to));
	assert_memory_equal(&s->cold[ref.slot].hop, &hop, sizeof(hop));
	assert_true(store_live(s, ref));

	other = install_cid(s, 1, 79); /* where the first one was */
	assert_true(store_live(s, ref));
	assert_true(store_retire(s, ref));
	assert_int_equal(lookup_cid(s, 77).ref.generation, 0);
	assert_int_equal(lookup_cid(s, 79).ref.slot, other.slot);
	assert_int_equal(table_count(s->flows), 1);
	store_free(s);
}

/* One that comes where a session without is takes that one's place; where another owner's is, it
 * does not matter. */
static bool add_cid(struct store *s, struct session_ref ref, uint32_t cid)
{
	uint8_t bytes[CID_LEN] = { 0 };

	memcpy(bytes, &cid, sizeof(cid));
	return spare_cids_add(s, ref, bytes, sizeof(bytes));
}

/* RFC 9147 §9: found by all that it was given, wherever it is, until it ends. */
static void spare_cids_lead_to_their_session(void **state)
{
	struct store *s = new_store(8, 64);
	struct session_ref ref = install_cid(s, 1, 77);
	const struct flow moved = flow_of(9);
	const struct nexthop hop = { 0 };

	(void)state;
	for (uint32_t i = 0; i < SPARE_CIDS_MAX; i++) {
		assert_int_equal(spare_cids_count(s, ref.slot), i);
		assert_true(add_cid(s, ref, 100 + i));
		assert_int_equal(lookup_cid(s, 100 + i).ref.slot, ref.slot);
		assert_int_equal(lookup_cid(s, 100 + i).ref.generation, tag_of(s, 1));
		assert_int_equal(lookup_cid(s, 100 + i).class, lookup_cid(s, 77).class);
	}
	assert_false(add_cid(s, ref, 200));
	assert_true(store_move(s, ref, &moved, &hop));
	for (uint32_t i = 0; i < SPARE_CIDS_MAX; i++)
		assert_int_equal(lookup_cid(s, 100 + i).ref.generation, tag_of(s, 9));
	assert_true(store_retire(s, ref));
	for (uint32_t i = 0; i < SPARE_CIDS_MAX; i++)
		assert_int_equal(lookup_cid(s, 100 + i).ref.generation, 0);
	assert_int_equal(table_count(s->flows), 0);
	assert_int_equal(spare_cids_count(s, ref.slot), 0);
	store_free(s);
}

/* Who asks for them leaves room for sessions yet to come, and what ended gives its share back. */
static void spare_cids_leave_room_for_sessions(void **state)
{
	enum { MAX = 1000 };
	struct store *s = new_store(MAX, 64);
	struct session_ref refs[MAX];
	uint32_t given = 0;

	(void)state;
	for (uint32_t i = 0; i < MAX; i++) {
		refs[i] = install_cid(s, i, i);
		while (spare_cids_room(s, refs[i].slot) > 0 && add_cid(s, refs[i], MAX + given))
			given++;
	}
	assert_int_equal(given, s->n_slots / 2);
	assert_int_equal(store_count(s), MAX);
	for (uint32_t i = 0; i < MAX; i++)
		assert_true(store_live(s, refs[i]));
	assert_true(store_retire(s, refs[0]));
	assert_int_equal(spare_cids_room(s, refs[MAX - 1].slot), SPARE_CIDS_MAX);
	store_free(s);
}

/* Of any length, in the place of one of any length. */
static void peers_cids_change(void **state)
{
	static const uint8_t lengths[] = { 8, 255, 1, 9, 8 };
	struct store *s = new_store(8, 64);
	struct session_install in = install_cid_of(1, 7, 4);
	struct session_ref ref, replaced;
	uint8_t cid[255];

	(void)state;
	assert_int_equal(store_install(s, OWNER, &in, &ref, &replaced), STATUS_OK);
	for (size_t i = 0; i < sizeof(lengths); i++) {
		struct rd kept;

		memset(cid, (int)i, sizeof(cid));
		store_set_peer_cid(s, ref.slot, cid, lengths[i]);
		kept = store_peer_cid(s, ref.slot);
		assert_int_equal(rd_len(&kept), lengths[i]);
		assert_memory_equal(kept.p, cid, lengths[i]);
	}
	store_free(s);
}

static void cid_session_replaces_what_is_found_by_its_flow(void **state)
{
	struct store *s = new_store(8, 64);
	struct session_ref plain = install(s, 1), ref, replaced;
	struct session_install in = install_cid_of(1, 5, 0);

	(void)state;
	assert_int_equal(store_install(s, OWNER, &in, &ref, &replaced), STATUS_OK);
	assert_true(same(replaced, plain));
	assert_true(store_retire(s, replaced));
	assert_int_equal(lookup_cid(s, 5).ref.slot, ref.slot);
	assert_int_equal(lookup(s, 1).ref.generation, 0);

	plain = install(s, 2);
	in = install_cid_of(2, 6, 0);
	assert_int_equal(store_install(s, OWNER + 1, &in, &ref, &replaced), STATUS_OK);
	assert_int_equal(replaced.generation, 0);
	assert_true(store_live(s, plain));
	/* The same connection ID twice is not taken. */
	in = install_cid_of(3, 6, 0);
	assert_int_equal(store_install(s, OWNER, &in, &ref, &replaced), STATUS_SESSION_FULL);
	identity_put(identities, in.identity);
	assert_int_equal(store_count(s), 3);
	store_free(s);
}

/* A device that comes again from where it was has one session; what has another path, identity or
 * owner is not its own. */
static void cid_session_replaces_the_same_devices(void **state)
{
	struct store *s = new_store(2, 64);
	struct session_ref first = install_cid(s, 1, 10), ref, replaced;
	struct session_install in;

	(void)state;
	for (uint32_t i = 1; i < 4; i++) {
		in = install_cid_of(1, 10 + i, 0);
		assert_int_equal(store_install(s, OWNER, &in, &ref, &replaced), STATUS_OK);
		assert_true(same(replaced, first));
		assert_true(store_retire(s, replaced));
		assert_int_equal(store_count(s), 1);
		first = ref;
	}
	while (recycle(s) > 0)
		;
	in = install_cid_of(1, 20, 0); /* the same identity from elsewhere */
	in.flow = flow_of(2);
	assert_int_equal(store_install(s, OWNER, &in, &ref, &replaced), STATUS_OK);
	assert_int_equal(replaced.generation, 0);
	assert_true(store_retire(s, ref));
	assert_int_equal(recycle(s), 1);
	in = install_cid_of(2, 21, 0); /* another from the same place */
	in.flow = flow_of(1);
	assert_int_equal(store_install(s, OWNER, &in, &ref, &replaced), STATUS_OK);
	assert_int_equal(replaced.generation, 0);
	assert_true(store_retire(s, ref));
	assert_int_equal(recycle(s), 1);
	assert_true(store_live(s, first));
	assert_true(store_retire(s, first));
	assert_int_equal(recycle(s), 1);
	first = install_cid(s, 1, 30);
	in = install_cid_of(1, 31, 0); /* another core's */
	assert_int_equal(store_install(s, OWNER + 1, &in, &ref, &replaced), STATUS_OK);
	assert_int_equal(replaced.generation, 0);
	assert_int_equal(store_count(s), 2);
	store_free(s);
	assert_int_equal(identity_count(identities), 0);
}

/* Of any length (RFC 9146 §3); long ones cost pages of their own. */
static void peers_cids_are_kept(void **state)
{
	static const uint8_t lengths[] = { 0, 1, 8, 9, 20, 255 };
	struct store *s = new_store(1000, 64);
	size_t bytes = store_bytes(s);

	(void)state;
	for (uint32_t i = 0; i < sizeof(lengths); i++) {
		struct session_install in = install_cid_of(i, 100 + i, lengths[i]);
		struct session_ref ref, replaced;
		struct rd cid;

		assert_int_equal(store_install(s, OWNER, &in, &ref, &replaced), STATUS_OK);
		cid = store_peer_cid(s, ref.slot);
		assert_int_equal(rd_len(&cid), lengths[i]);
		assert_memory_equal(cid.p, in.peer_cid, lengths[i]);
		assert_int_equal(s->cold[ref.slot].class & SESSION_CLASS_CID_OUT,
				 lengths[i] ? SESSION_CLASS_CID_OUT : 0);
		/* A page of short ones, and one of long ones. */
		if (lengths[i] <= SESSION_PEER_CID_SHORT)
			assert_int_equal(store_bytes(s), bytes + BLOCK_PAGE);
		else
			assert_true(store_bytes(s) > bytes + BLOCK_PAGE);
	}
	store_free(s);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(life_of_a_session),
		cmocka_unit_test(keys_stand_where_the_accessors_look),
		cmocka_unit_test(keys13_stand_where_the_accessors_look),
		cmocka_unit_test(versions_share_slots),
		cmocka_unit_test(memory13_is_within_budget),
		cmocka_unit_test(same_flow_replaces),
		cmocka_unit_test(full_store_refuses),
		cmocka_unit_test(full_store_lets_its_devices_reconnect),
		cmocka_unit_test(spare_slots_are_bounded),
		cmocka_unit_test(generations_wrap_past_zero),
		cmocka_unit_test(wide_windows_are_per_slot),
		cmocka_unit_test(sweep_finds_the_idle_ones_of_its_owner),
		cmocka_unit_test(sessions_stand_near_their_owner),
		cmocka_unit_test(bad_configurations_are_refused),
		cmocka_unit_test(memory_is_accounted_and_within_budget),
		cmocka_unit_test(a_hundred_thousand_sessions_under_change),
		cmocka_unit_test(slots_are_taken_once),
		cmocka_unit_test(cid_session_is_found_by_its_cid),
		cmocka_unit_test(cid_session_replaces_what_is_found_by_its_flow),
		cmocka_unit_test(cid_session_replaces_the_same_devices),
		cmocka_unit_test(peers_cids_are_kept),
		cmocka_unit_test(spare_cids_lead_to_their_session),
		cmocka_unit_test(spare_cids_leave_room_for_sessions),
		cmocka_unit_test(peers_cids_change),
	};

	return cmocka_run_group_tests(tests, setup, teardown);
}

/* SPDX-License-Identifier: BSD-3-Clause */
/* Connection IDs through the whole record path (RFC 9146, RFC 9147 §9; bad-input I, checklist 36,
 * 37). */
#include "path_cid_fixture.h"
#include "spare_cids.h"
#include "throttle.h"

static void conversation(struct world *w, struct client *c)
{
	cid_say(w, 0, c, "first");
	cid_answer(w, 0, c, "an answer");
	cid_hears_text(w, c, "an answer");
	cid_say(w, 0, c, "");
	client_delivers_nothing(w, 0, c); /* empty */
	cid_say(w, 0, c, "second");
	client_delivers(w, 0, c, "second");
	assert_null(world_sent());
}

/* Every suite in both versions; IDs of ours that a batch has room for and a longer one; the peer's
 * of any length. */
static void every_suite_and_length(void **state)
{
	static const uint8_t own[] = { 8, 9, 12, 16 },
			     peers[] = { 0, 1, 8, 9, 10, 27, 28, 60, 255 };
	struct world *w = *state;
	unsigned n = 0;

	for (unsigned o = 0; o < sizeof(own); o++) {
		world_cid(w, own[o]);
		for (unsigned i = 0; i < 2 * AEAD_N * sizeof(peers); i++, n++) {
			const struct cid_kind kind = { .own_len = own[o],
						       .peer_len = peers[i / 2 % sizeof(peers)],
						       .is_13 = i % 2 };
			const enum aead_alg alg = (enum aead_alg)(i / 2 / sizeof(peers));
			struct client c = cid_up(w, 0, n % 40, alg, &kind);

			conversation(w, &c);
			assert_true(store_retire(w->store, c.ref));
			for (uint32_t slot; store_take_retired(w->store, &slot, 1) == 1;)
				store_recycle(w->store, &slot, 1);
		}
	}
}

/* Only the peer has one: the session is found by its flow, as ever. */
static void a_peers_only(void **state)
{
	const struct cid_kind kind = { .peer_len = 4 };
	struct world *w = *state;
	struct client c = cid_up(w, 0, 1, AEAD_AES_128_CCM_8, &kind);

	client_say(w, 0, &c, "in the old way");
	cid_answer(w, 0, &c, "with yours");
	cid_hears_text(w, &c, "with yours");
}

/* Sessions with and without, of both versions, in one burst. */
static void mixed_bursts(void **state)
{
	const struct cid_kind k12 = { .own_len = CID_LEN },
			      k13 = { .own_len = CID_LEN, .is_13 = true };
	struct world *w = *state;
	struct client c[] = { cid_up(w, 0, 1, AEAD_AES_128_GCM, &k12),
			      cid_up(w, 0, 2, AEAD_AES_128_GCM, &k13),
			      client_up(w, 3, AEAD_AES_128_GCM),
			      client13_up(w, 4, AEAD_AES_128_GCM) };
	struct rte_mbuf *burst[32];

	for (unsigned round = 0; round < 4; round++) {
		for (unsigned i = 0; i < 32; i++) {
			struct client *one = &c[(i * 7 + round) % 4];
			struct build_spec spec = one->spec;
			uint8_t out[200];

			spec.body = out;
			spec.body_len = one->keys.own_cid_len
						? cid_record(w, one, out, RECORD_APPDATA,
							     one->seq++, "hello there", 11)
					: one->keys.version == DTLS_1_3
						? client13_text(w, one, out, CLIENT13_HEADER,
								one->seq++, "hello there")
						: client_record(w, one, out, RECORD_APPDATA, 1,
								one->seq++, "hello there", 11);
			burst[i] = world_frame(w, &spec);
		}
		path_rx_burst(w->core[0], 0, burst, 32, w->now);
		path_flush(w->core[0], w->now);
		for (unsigned i = 0; i < 32; i++)
			client_delivers(w, 0, &c[i % 4], "hello there");
	}
}

/* bad-input I1: dropped, whether somebody made it up or its session is gone, and nothing is said.
 */
static void unknown_cids(void **state)
{
	const struct cid_kind kind = { .own_len = CID_LEN };
	struct world *w = *state;
	struct client c = cid_up(w, 0, 1, AEAD_AES_128_GCM, &kind), other = c;

	other.keys.own_cid[3] ^= 1;
	cid_say(w, 0, &other, "who?");
	assert_int_equal(world_count(w, 0, STATUS_RECORD_CID_UNKNOWN), 1);
	assert_true(store_retire(w->store, c.ref));
	cid_say(w, 0, &c, "gone");
	assert_int_equal(world_count(w, 0, STATUS_NO_SESSION), 1);
	client_delivers_nothing(w, 0, &c);
	assert_null(world_sent());
}

/* bad-input I12: no bit of it leads to a crash or to another session's keys. */
static void each_bit_of_a_cid(void **state)
{
	struct world *w = *state;

	for (unsigned is_13 = 0; is_13 < 2; is_13++) {
		const struct cid_kind kind = { .own_len = CID_LEN, .is_13 = is_13 };
		struct client c = cid_up(w, 0, 10 + is_13, AEAD_AES_128_GCM, &kind);
		struct client near = cid_up(w, 0, 20 + is_13, AEAD_AES_128_GCM, &kind);
		const size_t at = is_13 ? 1 : 11;
		uint8_t out[200];

		for (size_t bit = 0; bit < (size_t)8 * CID_LEN; bit++) {
			const size_t n = cid_record(w, &c, out, RECORD_APPDATA, c.seq++, "x", 1);

			out[at + bit / 8] ^= (uint8_t)(1 << bit % 8);
			client_send(w, 0, &c, out, n);
		}
		/* Nor does the other's whole ID: the keys are not this one's. */
		cid_record(w, &c, out, RECORD_APPDATA, c.seq++, "x", 1);
		memcpy(out + at, near.keys.own_cid, CID_LEN);
		client_send(w, 0, &c, out,
			    cid_record(w, &near, out + 100, RECORD_APPDATA, 1, "x", 1));
		client_delivers_nothing(w, 0, &c);
		client_delivers_nothing(w, 0, &near);
		cid_say(w, 0, &c, "alive");
		client_delivers(w, 0, &c, "alive");
	}
	assert_null(world_sent());
}

/* RFC 9146 §3: without the ID that was agreed on, a record is invalid; to another session's flow it
 * is one of nobody. */
static void records_without_it(void **state)
{
	const struct cid_kind k12 = { .own_len = CID_LEN },
			      k13 = { .own_len = CID_LEN, .is_13 = true };
	struct world *w = *state;
	struct client c = cid_up(w, 0, 1, AEAD_AES_128_GCM, &k12);
	struct client d = cid_up(w, 0, 2, AEAD_AES_128_GCM, &k13);
	uint8_t out[400];
	size_t n;

	client_say(w, 0, &c, "plain");
	client13_say(w, &d, "plain");
	assert_int_equal(world_count(w, 0, STATUS_NO_SESSION), 2);
	/* Behind one with the ID, in its datagram. */
	n = cid_record(w, &c, out, RECORD_APPDATA, c.seq++, "with", 4);
	n += client_record(w, &c, out + n, RECORD_APPDATA, 1, c.seq++, "without", 7);
	client_send(w, 0, &c, out, n);
	client_delivers(w, 0, &c, "with");
	client_delivers_nothing(w, 0, &c);
	n = cid_record(w, &d, out, RECORD_APPDATA, d.seq++, "with", 4);
	n += client13_text(w, &d, out + n, CLIENT13_HEADER, d.seq++, "without");
	client_send(w, 0, &d, out, n);
	client_delivers(w, 0, &d, "with");
	client_delivers_nothing(w, 0, &d);
	assert_int_equal(world_count(w, 0, STATUS_RECORD_CID), 2);
}

/* bad-input I8: what follows a record of another ID in a datagram is discarded with it. */
static void two_cids_in_a_datagram(void **state)
{
	struct world *w = *state;

	for (unsigned is_13 = 0; is_13 < 2; is_13++) {
		const struct cid_kind kind = { .own_len = CID_LEN, .is_13 = is_13 };
		struct client c = cid_up(w, 0, 1 + is_13, AEAD_AES_128_GCM, &kind);
		struct client d = cid_up(w, 0, 11 + is_13, AEAD_AES_128_GCM, &kind);
		uint8_t out[600];
		size_t n = cid_record(w, &c, out, RECORD_APPDATA, c.seq++, "one", 3);

		n += cid_record(w, &c, out + n, RECORD_APPDATA, c.seq++, "two", 3);
		n += cid_record(w, &d, out + n, RECORD_APPDATA, d.seq++, "other", 5);
		n += cid_record(w, &c, out + n, RECORD_APPDATA, c.seq++, "three", 5);
		client_send(w, 0, &c, out, n);
		client_delivers(w, 0, &c, "one");
		client_delivers(w, 0, &c, "two");
		client_delivers_nothing(w, 0, &c);
		client_delivers_nothing(w, 0, &d);
		assert_int_equal(world_count(w, 0, STATUS_RECORD_CIDS), 1 + is_13);
	}
}

/* A replay, a cut one, a forged one: each dropped, none answered. */
static void bad_records(void **state)
{
	struct world *w = *state;

	for (unsigned i = 0; i < 4; i++) {
		const struct cid_kind kind = { .own_len = i < 2 ? CID_LEN : CID_LEN_LONG,
					       .is_13 = i % 2 };
		struct client c;
		uint8_t out[200], copy[200];
		size_t n;

		world_cid(w, kind.own_len);
		c = cid_up(w, 0, 1 + i, AEAD_AES_128_CCM_8, &kind);
		n = cid_record(w, &c, out, RECORD_APPDATA, c.seq++, "once", 4);
		client_send(w, 0, &c, out, n);
		client_delivers(w, 0, &c, "once");
		client_send(w, 0, &c, out, n);
		assert_int_equal(world_count(w, 0, STATUS_RECORD_REPLAY), 1);
		n = cid_record(w, &c, out, RECORD_APPDATA, c.seq++, "cut or forged", 13);
		for (size_t len = 0; len < n; len++)
			client_send(w, 0, &c, out, len);
		for (size_t at = 0; at < n; at++) {
			memcpy(copy, out, n);
			copy[at] ^= 0x40;
			client_send(w, 0, &c, copy, n);
		}
		client_delivers_nothing(w, 0, &c);
	}
	assert_null(world_sent());
}

/* What is inside says what it is: handshake and alerts go their ways, what DTLS 1.2 has not is
 * dropped. */
static void inner_types(void **state)
{
	const struct cid_kind kind = { .own_len = CID_LEN };
	static const uint8_t close[] = { ALERT_WARNING, ALERT_CLOSE_NOTIFY };
	struct world *w = *state;
	struct client c = cid_up(w, 0, 1, AEAD_AES_128_GCM, &kind);
	struct rte_mbuf *m;
	uint8_t out[200];

	client_send(w, 0, &c, out,
		    cid_record(w, &c, out, RECORD_HANDSHAKE, c.seq++, "finished", 8));
	m = world_take(w->to_hs[0][c.keys.handshake_core]);
	assert_non_null(m);
	assert_int_equal(msg_of(m)->kind, MSG_OPENED);
	assert_int_equal(msg_of(m)->type, RECORD_HANDSHAKE);
	assert_memory_equal(rte_pktmbuf_mtod(m, char *), "finished", 8);
	rte_pktmbuf_free(m);
	for (unsigned type = 0; type < 256; type++) {
		if (type == RECORD_APPDATA || type == RECORD_ALERT || type == RECORD_HANDSHAKE ||
		    type == RECORD_RRC)
			continue;
		client_send(w, 0, &c, out,
			    cid_record(w, &c, out, (uint8_t)type, c.seq++, "x", type != 0));
	}
	assert_int_equal(world_count(w, 0, STATUS_RECORD_TYPE), 256 - 4);
	client_send(w, 0, &c, out, cid_record(w, &c, out, RECORD_ALERT, c.seq++, close, 2));
	assert_int_equal(cid_hears(w, &c).type, RECORD_ALERT);
	assert_false(store_live(w->store, c.ref));
}

/* A handshake under way gets what has no session yet: its flow names it. And a flight that is
 * repeated when the session is there comes with records in the clear in front. */
static void handshakes(void **state)
{
	const struct cid_kind kind = { .own_len = CID_LEN };
	struct world *w = *state;
	struct client c = cid_make(w, 1, AEAD_AES_128_GCM, &kind);
	const struct session_ref hs = world_pend(w, &c);
	uint8_t out[400], *at = out;
	struct rte_mbuf *m;
	size_t n;

	record_put_header(at, RECORD_HANDSHAKE, DTLS_1_2, 0, 5, 20);
	memset(at + RECORD_HEADER_LEN, 16, 20);
	record_put_header(at + 33, RECORD_CCS, DTLS_1_2, 0, 6, 1);
	at[33 + RECORD_HEADER_LEN] = 1;
	n = 47 + cid_record(w, &c, out + 47, RECORD_HANDSHAKE, 1, "finished", 8);
	client_send(w, 0, &c, out, n);
	client_send(w, 0, &c, out + 47, n - 47);
	for (unsigned i = 0; i < 2; i++) {
		m = world_take(w->to_hs[0][c.keys.handshake_core]);
		assert_non_null(m);
		assert_int_equal(msg_of(m)->kind, MSG_DATAGRAM);
		assert_int_equal(msg_of(m)->peer_hs.slot, hs.slot);
		assert_int_equal(m->data_len, i ? n - 47 : n);
		rte_pktmbuf_free(m);
	}
	client_install(w, 0, &c);
	client_send(w, 0, &c, out, n);
	m = world_take(w->to_hs[0][c.keys.handshake_core]);
	assert_non_null(m);
	assert_int_equal(msg_of(m)->kind, MSG_OPENED);
	rte_pktmbuf_free(m);
	assert_int_equal(world_count(w, 0, STATUS_RECORD_PLAIN), 2);
}

/* The record comes to another core than its session's, wherever its ID stands: one ring. */
static void to_the_owner(void **state)
{
	struct world *w = *state;

	for (unsigned i = 0; i < 4; i++) {
		const struct cid_kind kind = { .own_len = CID_LEN, .is_13 = i % 2 };
		struct client c = cid_up(w, 1, 1 + i, AEAD_AES_128_GCM, &kind);
		uint8_t out[200] = { 0 };
		struct rte_mbuf *m;
		size_t n = 0;

		if (i >= 2) {
			record_put_header(out, RECORD_CCS, DTLS_1_2, 0, 6, 1);
			n = RECORD_HEADER_LEN + 1;
		}
		n += cid_record(w, &c, out + n, RECORD_APPDATA, c.seq++, "over there", 10);
		client_send(w, 0, &c, out, n);
		m = world_take(w->to_poll[0][1]);
		assert_non_null(m);
		assert_int_equal(msg_of(m)->kind, MSG_HANDOFF);
		world_inbox(w, 1, m);
		cid_answer(w, 1, &c, "from there");
		cid_hears_text(w, &c, "from there");
	}
	assert_int_equal(world_stats(w, 0).handoffs_out, 4);
	assert_int_equal(world_stats(w, 1).handoffs_in, 4);
}

/* A flight with a prefix, and one whose message fills its buffer. */
static void seals_with_a_prefix(void **state)
{
	static const uint8_t lengths[] = { 0, 8, 255 };
	struct world *w = *state;

	for (unsigned i = 0; i < 3; i++) {
		const struct cid_kind kind = { .own_len = CID_LEN, .peer_len = lengths[i] };
		struct client c = cid_up(w, 0, 1 + i, AEAD_AES_128_GCM, &kind);
		struct rte_mbuf *m = world_mbuf(w, "prefix, then finished", 21);
		struct rte_mbuf *sent;
		struct heard h;
		struct rd r;

		*msg_of(m) = (struct msg){ .kind = MSG_SEAL,
					   .type = RECORD_HANDSHAKE,
					   .ref = c.ref,
					   .hop = { .port_id = MSG_COLD_HOP },
					   .prefix_len = 6 };
		world_inbox(w, 0, m);
		sent = world_sent();
		assert_non_null(sent);
		r = client_datagram(&c, sent);
		assert_memory_equal(r.p, "prefix", 6);
		r.p += 6;
		h = lengths[i] ? cid_open12(w, &c, &r) : client_open(w, &c, &r);
		assert_int_equal(h.type, RECORD_HANDSHAKE);
		assert_int_equal(h.len, 15);
		assert_memory_equal(h.text, ", then finished", 15);
		rte_pktmbuf_free(sent);
		/* No room left for the ID. */
		m = world_mbuf(w, "", 0);
		(void)rte_pktmbuf_append(m, rte_pktmbuf_tailroom(m));
		*msg_of(m) = (struct msg){ .kind = MSG_SEAL,
					   .type = RECORD_APPDATA,
					   .ref = c.ref,
					   .hop = { .port_id = MSG_COLD_HOP } };
		world_inbox(w, 0, m);
		assert_int_equal(world_count(w, 0, STATUS_TX_SIZE), 1 + i);
	}
}

/* Addresses that are made up bring a forger no more tries: one source's for all. */
static void forgeries_from_many_sources(void **state)
{
	enum { SOURCES = 1024 };
	struct world *w = *state;

	for (unsigned is_13 = 0; is_13 < 2; is_13++) {
		const struct cid_kind kind = { .own_len = CID_LEN, .is_13 = is_13 };
		struct client c = cid_up(w, 0, 1 + is_13, AEAD_AES_128_GCM, &kind), forger = c;
		struct client neighbour = cid_up(w, 0, 11 + is_13, AEAD_AES_128_GCM, &kind);
		const uint64_t tried = world_count(w, 0, STATUS_RECORD_TAG);

		forger.keys.rx_key[0] ^= 1;
		for (unsigned i = 0; i < SOURCES; i++) {
			forger.spec.src[2] = (uint8_t)(i >> 8);
			forger.spec.src[3] = (uint8_t)i;
			cid_say(w, 0, &forger, "let me in");
		}
		assert_true(world_count(w, 0, STATUS_RECORD_TAG) - tried <=
			    THROTTLE_FREE + 2 * 100);
		cid_say(w, 0, &neighbour, "not my business");
		client_delivers(w, 0, &neighbour, "not my business");
		cid_say(w, 0, &c, "from home");
		client_delivers(w, 0, &c, "from home");
	}
}

static void owner_is_told(struct world *w, const struct client *c, enum msg_kind kind,
			  const uint8_t *cids, size_t len)
{
	struct rte_mbuf *m = world_mbuf(w, cids, len);

	*msg_of(m) = (struct msg){ .kind = (uint8_t)kind, .ref = c->ref };
	world_inbox(w, 0, m);
}

/* RFC 9147 §9: more IDs of ours, and another of the peer's; from wherever the device then is. */
static void ids_change(void **state)
{
	static const uint8_t lengths[] = { 8, 1, 255, 3 };
	const struct cid_kind kind = { .own_len = CID_LEN, .peer_len = 4, .is_13 = true };
	struct world *w = *state;
	struct client c = cid_up(w, 0, 1, AEAD_AES_128_CCM_8, &kind);
	uint8_t first[CID_LEN], cids[SPARE_CIDS_MAX * CID_LEN_MAX];
	struct cid_issuer issuer = { .key = &w->cid_key };

	for (unsigned i = 0; i < SPARE_CIDS_MAX; i++)
		cid_issue(&issuer, 0, cids + (size_t)i * CID_LEN);
	memcpy(first, c.keys.own_cid, CID_LEN);
	owner_is_told(w, &c, MSG_CID_OWN, cids, (size_t)SPARE_CIDS_MAX * CID_LEN);
	for (unsigned i = 0; i < SPARE_CIDS_MAX; i++) {
		memcpy(c.keys.own_cid, cids + (size_t)i * CID_LEN, CID_LEN);
		conversation(w, &c);
	}
	memcpy(c.keys.own_cid, first, CID_LEN);
	for (unsigned i = 0; i < sizeof(lengths); i++) {
		c.keys.peer_cid_len = lengths[i];
		memset(c.keys.peer_cid, (int)(7 * i), sizeof(c.keys.peer_cid));
		owner_is_told(w, &c, MSG_CID_PEER, c.keys.peer_cid, lengths[i]);
		conversation(w, &c);
	}
	/* No room for one more: the session goes on with those that it has. */
	owner_is_told(w, &c, MSG_CID_OWN, cids, CID_LEN);
	assert_int_equal(world_count(w, 0, STATUS_SESSION_FULL), 1);
	conversation(w, &c);
	assert_true(store_retire(w->store, c.ref));
	owner_is_told(w, &c, MSG_CID_PEER, c.keys.peer_cid, 3);
	owner_is_told(w, &c, MSG_CID_OWN, cids, CID_LEN);
	assert_int_equal(world_count(w, 0, STATUS_STALE_REF), 2);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		CID_TEST(every_suite_and_length),
		CID_TEST(a_peers_only),
		CID_TEST(mixed_bursts),
		CID_TEST(unknown_cids),
		CID_TEST(each_bit_of_a_cid),
		CID_TEST(records_without_it),
		CID_TEST(two_cids_in_a_datagram),
		CID_TEST(bad_records),
		CID_TEST(inner_types),
		CID_TEST(handshakes),
		CID_TEST(to_the_owner),
		CID_TEST(seals_with_a_prefix),
		CID_TEST(forgeries_from_many_sources),
		CID_TEST(ids_change),
	};

	return world_main(tests);
}

/* SPDX-License-Identifier: BSD-3-Clause */
#include "path13_fixture.h"
#include "rekey.h"
#include "throttle.h"

enum { HEADER = CLIENT13_HEADER & ~3 }; /* without the epoch */

static uint8_t header(uint16_t epoch) { return (uint8_t)(HEADER | (epoch & 3)); }

static struct session_rekey keys_of(const struct client *c, uint16_t epoch, bool tx)
{
	struct session_rekey k = { .epoch = epoch, .tx = tx };

	for (unsigned i = 0; i < AEAD_KEY_MAX; i++) {
		k.key[i] = (uint8_t)(c->keys.rx_key[0] + epoch + 19 * i + tx);
		k.sn_key[i] = (uint8_t)(c->keys.rx_key[0] + epoch + 23 * i + tx + 1);
	}
	for (unsigned i = 0; i < AEAD_IV_LEN; i++)
		k.iv[i] = (uint8_t)(epoch + 29 * i + tx);
	return k;
}

static struct rte_mbuf *rekey_msg(struct world *w, const struct client *c,
				  const struct session_rekey *k)
{
	struct rte_mbuf *m = world_mbuf(w, k, sizeof(*k));

	*msg_of(m) = (struct msg){ .kind = MSG_REKEY, .ref = c->ref };
	return m;
}

/* The client with its next sending keys; the server has them too. */
static struct client next_rx(struct world *w, const struct client *c, uint16_t epoch)
{
	const struct session_rekey k = keys_of(c, epoch, false);
	struct client next = *c;

	world_inbox(w, 0, rekey_msg(w, c, &k));
	memcpy(next.keys.rx_key, k.key, AEAD_KEY_MAX);
	memcpy(next.keys.rx_sn_key, k.sn_key, AEAD_KEY_MAX);
	memcpy(next.keys.rx_iv, k.iv, AEAD_IV_LEN);
	next.seq = 0;
	return next;
}

/* The same with its next receiving keys. */
static struct client next_tx(const struct client *c, uint16_t epoch)
{
	const struct session_rekey k = keys_of(c, epoch, true);
	struct client next = *c;

	memcpy(next.keys.tx_key, k.key, AEAD_KEY_MAX);
	memcpy(next.keys.tx_sn_key, k.sn_key, AEAD_KEY_MAX);
	memcpy(next.keys.tx_iv, k.iv, AEAD_IV_LEN);
	next.tx_epoch = epoch;
	return next;
}

static void says(struct world *w, struct client *c, uint16_t epoch, const char *text)
{
	client13_says(w, c, header(epoch), c->seq++, text);
}

static void is_heard(struct world *w, struct client *c, uint16_t epoch, const char *text)
{
	says(w, c, epoch, text);
	client_delivers(w, 0, c, text);
}

static void pass(struct world *w, uint64_t ns)
{
	w->now += ns;
	path_sweep(w->core[0], w->now);
}

static bool old_is_wiped(const struct world *w, const struct client *c)
{
	const uint8_t zeros[64] = { 0 };

	return memcmp((const uint8_t *)&w->store->old[c->ref.slot], zeros, 64) == 0 &&
	       memcmp(w->store->old_sn_key[c->ref.slot], zeros, 32) == 0;
}

/* checklist 32, bad-input K8, of every suite: keys of the epoch before stay until the new ones are
 * proved, however long that takes, and a little longer for what was overtaken. */
static void old_keys_stay_until_the_new_are_proved(void **state)
{
	struct world *w = *state;

	for (enum aead_alg alg = 0; alg < AEAD_N; alg++) {
		struct client old = client13_up(w, 1 + (unsigned)alg, alg), new;
		const uint64_t dropped = world_count(w, 0, STATUS_RECORD_EPOCH);

		is_heard(w, &old, 3, "before");
		new = next_rx(w, &old, 4);
		is_heard(w, &old, 3, "our ACK was lost");
		for (unsigned i = 0; i < 100; i++)
			pass(w, WORLD_TIMEOUT / 200);
		is_heard(w, &old, 3, "and again");
		is_heard(w, &new, 4, "proof");
		is_heard(w, &old, 3, "overtaken");
		pass(w, REKEY_LATE_NS - 1);
		is_heard(w, &old, 3, "overtaken by far");
		assert_false(old_is_wiped(w, &old));
		pass(w, 1);
		assert_true(old_is_wiped(w, &old));
		says(w, &old, 3, "too late");
		assert_int_equal(world_count(w, 0, STATUS_RECORD_EPOCH), dropped + 1);
		client_delivers_nothing(w, 0, &old);
		is_heard(w, &new, 4, "the new ones go on");
	}
	assert_int_equal(world_stats(w, 0).rekeys, AEAD_N);
	assert_int_equal(world_count(w, 0, STATUS_RECORD_TAG), 0);
}

/* A record that is no proof: forged, or of an epoch that is not the newest. */
static void only_a_new_record_proves(void **state)
{
	struct world *w = *state;
	struct client old = client13_up(w, 1, AEAD_AES_128_GCM), new = next_rx(w, &old, 4);
	struct client forger = new;

	forger.keys.rx_key[0] ^= 1;
	client13_says(w, &forger, header(4), 0, "forged");
	assert_int_equal(world_count(w, 0, STATUS_RECORD_TAG), 1);
	is_heard(w, &old, 3, "old");
	pass(w, 2 * REKEY_LATE_NS);
	assert_int_equal(w->store->hot[old.ref.slot].rx_old, SESSION_OLD_NEEDED);
	is_heard(w, &old, 3, "still there");
	is_heard(w, &new, 4, "new");
	assert_int_equal(w->store->hot[old.ref.slot].rx_old, SESSION_OLD_LATE);
}

/* bad-input K4: two bits are an epoch that has keys, or none: never one to come, and e - 4 is not
 * taken for e by trying. */
static void two_bits_of_many_epochs(void **state)
{
	struct world *w = *state;
	struct client by_epoch[12], *c = &by_epoch[3];
	struct rte_mbuf *m;

	*c = client13_up(w, 1, AEAD_AES_128_GCM);
	is_heard(w, c, 3, "first");
	for (uint16_t epoch = 4; epoch < 12; epoch++) {
		const uint64_t dropped = world_count(w, 0, STATUS_RECORD_EPOCH);
		struct client *now = &by_epoch[epoch];
		unsigned late = 0;

		*now = next_rx(w, c, epoch);
		is_heard(w, &by_epoch[epoch - 1], (uint16_t)(epoch - 1), "before");
		is_heard(w, now, epoch, "proof");
		for (uint16_t other = 1; other <= 2; other++)
			client13_says(w, now, header((uint16_t)(epoch + other)), now->seq,
				      "of an epoch to come");
		while ((m = world_take(w->to_hs[0][c->keys.handshake_core])) != NULL) {
			assert_int_equal(msg_of(m)->kind, MSG_LATE);
			rte_pktmbuf_free(m);
			late++;
		}
		assert_int_equal(world_count(w, 0, STATUS_RECORD_EPOCH) - dropped + late, 2);
		/* Those two bits are the end of the handshake while no later epoch had them. */
		assert_int_equal(late, epoch < 6);
		if (epoch < 7)
			continue;
		says(w, &by_epoch[epoch - 4], epoch, "four epochs ago");
		assert_int_equal(w->store->read13[c->ref.slot].failed_opens, 1);
		client_delivers_nothing(w, 0, c);
	}
}

/* One burst, one datagram, both orders. */
static void both_epochs_at_once(void **state)
{
	struct world *w = *state;
	struct client old = client13_up(w, 1, AEAD_AES_256_GCM), new = next_rx(w, &old, 4);
	struct rte_mbuf *burst[6];
	uint8_t out[512];
	size_t n;

	for (unsigned i = 0; i < 6; i++) {
		struct client *c = i % 2 == 0 ? &new : &old;
		struct build_spec spec = c->spec;

		spec.body = out;
		spec.body_len = client13_text(w, c, out, header(i % 2 == 0 ? 4 : 3), c->seq++,
					      i % 2 == 0 ? "new" : "old");
		burst[i] = world_frame(w, &spec);
	}
	path_rx_burst(w->core[0], 0, burst, 6, w->now);
	path_flush(w->core[0], w->now);
	for (unsigned i = 0; i < 6; i++)
		client_delivers(w, 0, &new, i % 2 == 0 ? "new" : "old");
	n = client13_text(w, &old, out, header(3), old.seq++, "first the old");
	n += client13_text(w, &new, out + n, header(4), new.seq++, "then the new");
	n += client13_text(w, &old, out + n, header(3), old.seq++, "and the old");
	client_send(w, 0, &new, out, n);
	client_delivers(w, 0, &new, "first the old");
	client_delivers(w, 0, &new, "then the new");
	client_delivers(w, 0, &new, "and the old");
}

/* bad-input K1: numbers are seen once an epoch, whatever the width of windows. */
static void replays_in_each_epoch(void **state)
{
	(void)state;
	for (unsigned width = 64; width <= 256; width += 192) {
		struct world *w = world_sized(64, width, 256);
		struct client old = client13_up(w, 1, AEAD_AES_128_CCM), new;
		void *as_state = w;

		for (unsigned i = 0; i < 5; i++)
			is_heard(w, &old, 3, "old");
		new = next_rx(w, &old, 4);
		for (unsigned i = 0; i < 5; i++)
			is_heard(w, &new, 4, "new");
		for (unsigned seq = 0; seq < 5; seq++) {
			client13_says(w, &old, header(3), seq, "again");
			client13_says(w, &new, header(4), seq, "again");
		}
		client_delivers_nothing(w, 0, &new);
		assert_int_equal(world_count(w, 0, STATUS_RECORD_REPLAY), 10);
		/* Of the old epoch the newest 64 are known, and no more. */
		old.seq = 100;
		is_heard(w, &old, 3, "far ahead");
		client13_says(w, &old, header(3), 36, "too old");
		assert_int_equal(world_count(w, 0, STATUS_RECORD_OLD), 1);
		client13_says(w, &old, header(3), 37, "just in");
		client_delivers(w, 0, &old, "just in");
		assert_int_equal(replay_newest(&w->store->hot[new.ref.slot]), 4);
		assert_int_equal(world_teardown(&as_state), 0);
	}
}

/* RFC 9147 §4.5.3: failures are counted under the key that a record was tried with. */
static void failures_under_each_key(void **state)
{
	struct world *w = *state;
	struct client old = client13_up(w, 1, AEAD_AES_128_GCM), new, forger = old;
	const struct session_cold *cold = &w->store->cold[old.ref.slot];
	const struct session_read13 *read = &w->store->read13[old.ref.slot];

	forger.keys.rx_key[0] ^= 1;
	for (unsigned i = 0; i < 3; i++)
		says(w, &forger, 3, "forged");
	assert_int_equal(read->failed_opens, 3);
	new = next_rx(w, &old, 4);
	assert_int_equal(read->failed_opens, 0);
	assert_int_equal(cold->failed_opens, 3);
	says(w, &forger, 3, "forged");
	assert_int_equal(cold->failed_opens, 4);
	says(w, &forger, 4, "forged");
	says(w, &forger, 4, "forged");
	assert_int_equal(read->failed_opens, 2);
	assert_int_equal(cold->failed_opens, 4);
	is_heard(w, &new, 4, "genuine");
}

/* Whether the handshake core hears of a message. */
static bool tells(struct world *w, struct client *c)
{
	const struct said13 said = { header(3), c->seq++, RECORD_HANDSHAKE, "KeyUpdate", 9, 0 };
	struct rte_mbuf *m;
	uint8_t out[128];

	client_send(w, 0, c, out, client13_record(w, c, out, &said));
	m = world_take(w->to_hs[0][c->keys.handshake_core]);
	rte_pktmbuf_free(m);
	return m != NULL;
}

/* What the handshake core hears of a message has the epoch that it came in. */
static void messages_say_their_epoch(void **state)
{
	struct world *w = *state;
	struct client old = client13_up(w, 1, AEAD_AES_128_GCM), new = next_rx(w, &old, 4);
	const uint64_t numbers[] = { UINT64_C(3) << 48 | 9, UINT64_C(4) << 48 | 2,
				     UINT64_C(3) << 48 | 10 };

	for (unsigned i = 0; i < 3; i++) {
		const bool is_new = numbers[i] >> 48 == 4;
		const struct said13 said = { header(is_new ? 4 : 3),
					     numbers[i] & 0xffff,
					     RECORD_HANDSHAKE,
					     "KeyUpdate",
					     9,
					     0 };
		struct client *c = is_new ? &new : &old;
		struct rte_mbuf *m;
		uint8_t out[128];

		client_send(w, 0, c, out, client13_record(w, c, out, &said));
		m = world_take(w->to_hs[0][c->keys.handshake_core]);
		assert_non_null(m);
		assert_int_equal(msg_of(m)->kind, MSG_OPENED);
		assert_int_equal(msg_of(m)->number, numbers[i]);
		rte_pktmbuf_free(m);
	}
}

/* One device does not fill the ring of the core that makes everybody's handshakes; another has its
 * own share, and after a while it has its own again. */
static void a_flood_of_messages(void **state)
{
	enum { FLOOD = 1000, BURST = THROTTLE_POST / 10 };
	struct world *w = *state;
	struct client a = client13_up(w, 1, AEAD_AES_128_GCM);
	struct client b = client13_up(w, 2, AEAD_AES_128_GCM);
	unsigned n = 0;

	for (unsigned i = 0; i < FLOOD; i++)
		n += tells(w, &a);
	assert_int_equal(n, BURST);
	assert_int_equal(world_count(w, 0, STATUS_RECORD_THROTTLED), FLOOD - BURST);
	assert_true(tells(w, &b));
	w->now += 1000000000 / THROTTLE_POST;
	assert_true(tells(w, &a));
	assert_false(tells(w, &a));
}

/* Ours: what was to be sealed before is sealed under the keys before. */
static void next_keys_of_ours(void **state)
{
	struct world *w = *state;

	for (enum aead_alg alg = 0; alg < AEAD_N; alg++) {
		struct client c = client13_up(w, 1 + (unsigned)alg, alg), next = next_tx(&c, 4);
		const struct session_rekey k = keys_of(&c, 4, true);
		struct rte_mbuf *burst[] = { client13_message(w, &c, MSG_REPLY, "before"),
					     client13_message(w, &c, MSG_SEAL, "KeyUpdate"),
					     rekey_msg(w, &c, &k),
					     client13_message(w, &c, MSG_REPLY, "behind") };
		struct heard h;

		msg_of(burst[1])->type = RECORD_HANDSHAKE;
		path_inbox_burst(w->core[0], burst, 4, w->now);
		path_flush(w->core[0], w->now);
		assert_int_equal(client13_hears(w, &c, 1).seq, 1);
		assert_int_equal(client13_hears(w, &c, 1).seq, 2);
		h = client13_hears(w, &next, 0);
		assert_int_equal(h.seq, 0);
		assert_memory_equal(h.text, "behind", 6);
		assert_int_equal(w->store->hot[c.ref.slot].tx_number, UINT64_C(4) << 48 | 1);
		/* The peer's go on as they were. */
		is_heard(w, &c, 3, "request");
	}
}

/* Who asked for it is told the number that its message got. */
static void numbers_are_told(void **state)
{
	struct world *w = *state;
	struct client c = client13_up(w, 1, AEAD_AES_128_GCM);
	struct rte_mbuf *burst[3], *m;

	for (unsigned i = 0; i < 3; i++) {
		burst[i] = client13_message(w, &c, MSG_SEAL, "KeyUpdate");
		msg_of(burst[i])->type = RECORD_HANDSHAKE;
		msg_of(burst[i])->told = i != 1;
		msg_of(burst[i])->from = 0;
		msg_of(burst[i])->peer_hs = (struct session_ref){ 70 + i, 80 + i };
	}
	path_inbox_burst(w->core[0], burst, 3, w->now);
	path_flush(w->core[0], w->now);
	for (unsigned i = 0; i < 3; i++)
		assert_int_equal(client13_hears(w, &c, 1).seq, 1 + i);
	for (unsigned i = 0; i < 3; i += 2) {
		m = world_take(w->to_hs[0][0]);
		assert_non_null(m);
		assert_int_equal(msg_of(m)->kind, MSG_SEALED);
		assert_int_equal(msg_of(m)->number, UINT64_C(3) << 48 | (1 + i));
		assert_int_equal(msg_of(m)->ref.slot, c.ref.slot);
		assert_int_equal(msg_of(m)->ref.generation, c.ref.generation);
		assert_int_equal(msg_of(m)->class, session_install_class(&c.keys));
		assert_int_equal(msg_of(m)->peer_hs.slot, 70 + i);
		assert_int_equal(msg_of(m)->peer_hs.generation, 80 + i);
		assert_int_equal(m->data_len, 0);
		rte_pktmbuf_free(m);
	}
	assert_null(world_take(w->to_hs[0][0]));
	assert_null(world_take(w->to_hs[0][1]));
}

static unsigned wanted(struct world *w, const struct client *c, uint8_t update)
{
	struct rte_mbuf *m;
	unsigned n = 0;

	while ((m = world_take(w->to_hs[0][c->keys.handshake_core])) != NULL) {
		assert_int_equal(msg_of(m)->kind, MSG_REKEY_WANTED);
		assert_int_equal(msg_of(m)->update, update);
		assert_int_equal(msg_of(m)->ref.generation, c->ref.generation);
		assert_int_equal(msg_of(m)->class, session_install_class(&c->keys));
		assert_int_equal(msg_of(m)->peer_hs.slot, c->keys.handshake_slot);
		assert_int_equal(msg_of(m)->peer_hs.generation, c->keys.handshake_generation);
		assert_memory_equal(&msg_of(m)->flow, &c->keys.flow, sizeof(struct flow));
		rte_pktmbuf_free(m);
		n++;
	}
	return n;
}

static void answer(struct world *w, const struct client *c, unsigned n)
{
	for (unsigned i = 0; i < n; i++) {
		world_inbox(w, 0, client13_message(w, c, MSG_REPLY, "answer"));
		rte_pktmbuf_free(world_sent());
	}
}

/* bad-input K6: new keys are asked for well before the limit, again now and then, and no longer
 * once they are there. */
static void worn_keys(void **state)
{
	struct world *w = *state;

	for (enum aead_alg alg = 0; alg < AEAD_N; alg++) {
		const uint64_t end = aead_info(alg)->seal_max, worn = end - end / 8;
		struct client c = client13_make(1 + (unsigned)alg, alg), next;
		const struct session_rekey k = keys_of(&c, 4, true);
		struct session_hot *hot;

		c.keys.tx_seq = worn - 1;
		client_install(w, 0, &c);
		hot = &w->store->hot[c.ref.slot];
		answer(w, &c, 1);
		assert_int_equal(wanted(w, &c, 0), 0);
		answer(w, &c, 1);
		assert_int_equal(wanted(w, &c, 0), 1);
		answer(w, &c, 20);
		assert_int_equal(wanted(w, &c, 0), 0);
		hot->tx_number = UINT64_C(3) << 48 | (worn + 65535);
		answer(w, &c, 2);
		assert_int_equal(wanted(w, &c, 0), 1);
		world_inbox(w, 0, rekey_msg(w, &c, &k));
		next = next_tx(&c, 4);
		world_inbox(w, 0, client13_message(w, &c, MSG_REPLY, "fresh"));
		assert_int_equal(client13_hears(w, &next, 0).seq, 0);
		assert_int_equal(wanted(w, &c, 0), 0);
		assert_true(store_live(w->store, c.ref));
	}
}

/* --rekey-after: sooner than the algorithm needs it. */
static void worn_sooner(void **state)
{
	struct world *w = *state;
	struct path_config cfg = w->cfg[0];
	struct client c;

	path_core_free(w->core[0]);
	cfg.rekey_after = 10;
	w->core[0] = path_core_new(&cfg, w->now);
	c = client13_up(w, 1, AEAD_AES_128_GCM);
	answer(w, &c, 9); /* 1 to 9 */
	assert_int_equal(wanted(w, &c, 0), 0);
	answer(w, &c, 1);
	assert_int_equal(wanted(w, &c, 0), 1);
	answer(w, &c, 100);
	assert_int_equal(wanted(w, &c, 0), 0);
}

/* Many forgeries: the peer shall have new keys (docs/decisions/forged-records.md). */
static void forgeries_ask_for_new_keys(void **state)
{
	struct world *w = *state;
	struct client c = client13_up(w, 1, AEAD_AES_128_GCM), forger = c;

	forger.keys.rx_key[0] ^= 1;
	says(w, &forger, 3, "forged");
	assert_int_equal(wanted(w, &c, 1), 0);
	w->store->read13[c.ref.slot].failed_opens = (1 << 22) - 1;
	says(w, &forger, 3, "forged");
	assert_int_equal(wanted(w, &c, 1), 1);
	says(w, &forger, 3, "forged");
	assert_int_equal(wanted(w, &c, 1), 0);
	assert_true(store_live(w->store, c.ref));
}

/* Refused ones change nothing, and no message keeps keys. */
static void what_is_refused(void **state)
{
	struct world *w = *state;
	struct client c = client13_up(w, 1, AEAD_AES_128_GCM);
	struct client c12 = client_up(w, 2, AEAD_AES_128_GCM), gone = c, beyond = c;
	const struct session_rekey k = keys_of(&c, 4, false), skips = keys_of(&c, 5, false);
	const struct session_rekey none = { 0 };
	struct rte_mbuf *m = rekey_msg(w, &c, &k);
	const uint8_t *at = rte_pktmbuf_mtod(m, uint8_t *);

	world_inbox(w, 1, m); /* not its owner */
	assert_memory_equal(at, &none, sizeof(none));
	gone.ref.generation += 2;
	world_inbox(w, 0, rekey_msg(w, &gone, &k));
	beyond.ref.slot = UINT32_MAX;
	world_inbox(w, 0, rekey_msg(w, &beyond, &k));
	world_inbox(w, 0, rekey_msg(w, &c12, &k));
	assert_int_equal(world_count(w, 0, STATUS_STALE_REF), 3);
	assert_int_equal(world_count(w, 1, STATUS_STALE_REF), 1);
	world_inbox(w, 0, rekey_msg(w, &c, &skips));
	assert_int_equal(world_count(w, 0, STATUS_RECORD_EPOCH), 1);
	m = rekey_msg(w, &c, &k);
	assert_int_equal(rte_pktmbuf_trim(m, 1), 0);
	world_inbox(w, 0, m);
	assert_int_equal(world_count(w, 0, STATUS_HS_INTERNAL), 1);
	assert_int_equal(world_stats(w, 0).rekeys, 0);
	is_heard(w, &c, 3, "as before");
	client_say(w, 0, &c12, "1.2");
	client_delivers(w, 0, &c12, "1.2");
	m = rekey_msg(w, &c, &k);
	at = rte_pktmbuf_mtod(m, uint8_t *);
	world_inbox(w, 0, m);
	assert_memory_equal(at, &none, sizeof(none));
	assert_int_equal(world_stats(w, 0).rekeys, 1);
}

/* A datagram that crosses cores finds the keys that its owner has by then. */
static void handed_over_meanwhile(void **state)
{
	struct world *w = *state;
	struct client old = client13_up(w, 1, AEAD_AES_128_GCM), new;
	struct rte_mbuf *m;

	for (unsigned i = 0; i < 3; i++) {
		struct build_spec spec = old.spec;
		uint8_t out[128];

		spec.body = out;
		spec.body_len = client13_text(w, &old, out, header(3), old.seq++, "crosses");
		world_rx(w, 1, world_frame(w, &spec));
	}
	m = world_take(w->to_poll[1][0]);
	world_inbox(w, 0, m);
	client_delivers(w, 0, &old, "crosses");
	new = next_rx(w, &old, 4);
	is_heard(w, &new, 4, "proof");
	m = world_take(w->to_poll[1][0]);
	world_inbox(w, 0, m);
	client_delivers(w, 0, &old, "crosses");
	pass(w, REKEY_LATE_NS);
	m = world_take(w->to_poll[1][0]);
	world_inbox(w, 0, m);
	client_delivers_nothing(w, 0, &old);
	assert_int_equal(world_count(w, 0, STATUS_RECORD_EPOCH), 1);
}

/* bad-input C17: while another handshake is under way for the flow, bits that are those of its
 * epoch can be the session's. */
static void handshake_under_way(void **state)
{
	struct world *w = *state;
	struct client c = client13_up(w, 1, AEAD_AES_128_GCM), new = c;
	struct client other = client13_make(1, AEAD_AES_128_GCM);
	struct rte_mbuf *m;

	is_heard(w, &c, 3, "first");
	for (uint16_t epoch = 4; epoch <= 6; epoch++) {
		new = next_rx(w, &new, epoch);
		is_heard(w, &new, epoch, "proof");
	}
	world_pend(w, &c);
	is_heard(w, &new, 6, "of the session");
	memset(other.keys.rx_key, 0x77, sizeof(other.keys.rx_key));
	for (uint16_t epoch = 2; epoch <= 3; epoch++) {
		client13_says(w, &other, header(epoch), 0, "of the handshake");
		m = world_take(w->to_hs[0][1]);
		assert_non_null(m);
		assert_int_equal(msg_of(m)->kind, MSG_DATAGRAM);
		rte_pktmbuf_free(m);
	}
	client_delivers_nothing(w, 0, &c);
}

/* A device whose ACKs are lost is not idle while it speaks in the epoch before. */
static void old_records_keep_a_session(void **state)
{
	struct world *w = *state;
	struct client c = client13_up(w, 1, AEAD_AES_128_GCM);

	next_rx(w, &c, 4);
	for (unsigned i = 0; i < 3000; i++) {
		pass(w, WORLD_TIMEOUT / 1000);
		if (i % 100 == 0)
			is_heard(w, &c, 3, "here");
	}
	assert_true(store_live(w->store, c.ref));
	while (store_live(w->store, c.ref))
		pass(w, WORLD_TIMEOUT / 1000);
	assert_true(old_is_wiped(w, &c));
}

/* More than can wait: the eldest go before their time, no others. */
static void eldest_make_room(void **state)
{
	struct world *w = world_sized(2 * REKEY_LATE_MAX, 64, 256);
	void *as_state = w;
	struct client *c = calloc(REKEY_LATE_MAX + 1, sizeof(*c));

	(void)state;
	assert_non_null(c);
	for (unsigned i = 0; i <= REKEY_LATE_MAX; i++) {
		struct client new;

		c[i] = client13_up(w, i, AEAD_AES_128_GCM);
		new = next_rx(w, &c[i], 4);
		is_heard(w, &new, 4, "proof");
	}
	assert_true(old_is_wiped(w, &c[0]));
	for (unsigned i = 1; i <= REKEY_LATE_MAX; i++)
		assert_false(old_is_wiped(w, &c[i]));
	pass(w, REKEY_LATE_NS);
	for (unsigned i = 1; i <= REKEY_LATE_MAX; i++)
		assert_true(old_is_wiped(w, &c[i]));
	free(c);
	assert_int_equal(world_teardown(&as_state), 0);
}

/* A session that renews its keys again at once: the time of the first does not end the second's. */
static void twice_in_a_moment(void **state)
{
	struct world *w = *state;
	struct client three = client13_up(w, 1, AEAD_CHACHA20_POLY1305), four, five;

	four = next_rx(w, &three, 4);
	is_heard(w, &four, 4, "proof");
	pass(w, REKEY_LATE_NS / 2);
	five = next_rx(w, &four, 5);
	pass(w, REKEY_LATE_NS / 2);
	is_heard(w, &four, 4, "before");
	is_heard(w, &five, 5, "proof");
	says(w, &three, 3, "too old");
	client_delivers_nothing(w, 0, &three);
	pass(w, REKEY_LATE_NS);
	assert_true(old_is_wiped(w, &four));
	is_heard(w, &five, 5, "goes on");
}

/* bad-input L8: what the handshake core says of a message that was not allowed is the last that the
 * session says. */
static void an_alert_ends_the_session(void **state)
{
	static const char alert[] = { ALERT_FATAL, ALERT_UNEXPECTED_MESSAGE, 0 };
	struct world *w = *state;
	struct client c = client13_up(w, 1, AEAD_AES_128_GCM);
	struct rte_mbuf *burst[] = { client13_message(w, &c, MSG_SEAL, alert),
				     client13_message(w, &c, MSG_REPLY, "behind") };
	struct heard h;

	msg_of(burst[0])->type = RECORD_ALERT;
	path_inbox_burst(w->core[0], burst, 2, w->now);
	path_flush(w->core[0], w->now);
	h = client13_hears(w, &c, 1);
	assert_int_equal(h.type, RECORD_ALERT);
	assert_memory_equal(h.text, alert, 2);
	assert_false(store_live(w->store, c.ref));
	assert_int_equal(world_count(w, 0, STATUS_SESSION_POST_HANDSHAKE), 1);
	assert_int_equal(world_count(w, 0, STATUS_STALE_REF), 1);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		WORLD_TEST(old_keys_stay_until_the_new_are_proved),
		WORLD_TEST(only_a_new_record_proves),
		WORLD_TEST(two_bits_of_many_epochs),
		WORLD_TEST(both_epochs_at_once),
		cmocka_unit_test(replays_in_each_epoch),
		WORLD_TEST(failures_under_each_key),
		WORLD_TEST(messages_say_their_epoch),
		WORLD_TEST(a_flood_of_messages),
		WORLD_TEST(next_keys_of_ours),
		WORLD_TEST(numbers_are_told),
		WORLD_TEST(an_alert_ends_the_session),
		WORLD_TEST(worn_keys),
		WORLD_TEST(worn_sooner),
		WORLD_TEST(forgeries_ask_for_new_keys),
		WORLD_TEST(what_is_refused),
		WORLD_TEST(handed_over_meanwhile),
		WORLD_TEST(handshake_under_way),
		WORLD_TEST(old_records_keep_a_session),
		cmocka_unit_test(eldest_make_room),
		WORLD_TEST(twice_in_a_moment),
	};

	return world_main(tests);
}

/* SPDX-License-Identifier: BSD-3-Clause */
/* Peers whose records come from another address (RFC 9146 §6, RFC 9853; bad-input I2, I4 to I6;
 * checklist 39 to 41). Each test for both versions. */
#include "core.h"
#include "path_cid_fixture.h"

enum { HOME = 40001, NEW = 50001, THIRD = 50002 };

static const struct cid_kind kinds[] = {
	{ .own_len = CID_LEN, .rrc = true },
	{ .own_len = CID_LEN, .peer_len = 5, .is_13 = true, .rrc = true }
};

#define EACH_KIND(k) for (const struct cid_kind *(k) = kinds; (k) < kinds + 2; (k)++)

/* At HOME. */
static struct client device(struct world *w, const struct cid_kind *kind)
{
	static unsigned n;
	struct client c = cid_make(w, n++ % 30, AEAD_AES_128_GCM, kind);

	cid_moved(&c, HOME);
	client_install(w, 0, &c);
	return c;
}

static struct client at(const struct client *c, unsigned port)
{
	struct client moved = *c;

	cid_moved(&moved, port);
	return moved;
}

/* What waits is sealed in the next turn. */
static void turn(struct world *w) { path_flush(w->core[0], w->now); }

/* Time passes, and every path is looked at. */
static void pass(struct world *w, uint64_t ns)
{
	w->now += ns;
	for (unsigned i = 0; i < AWAY_PATHS / AWAY_TURN; i++)
		path_sweep(w->core[0], w->now);
	turn(w);
}

static bool is_home(const struct world *w, const struct client *c, unsigned port)
{
	return w->store->cold[c->ref.slot].flow.remote_port == port;
}

/* The device at c gets a message of routability checks next; its cookie. */
static struct rrc hears_check(struct world *w, const struct client *c, enum rrc_type type)
{
	const struct heard h = cid_hears(w, c);
	struct rrc m = { 0 };

	assert_int_equal(h.type, RECORD_RRC);
	assert_true(rrc_parse(rd_of(h.text, h.len), &m));
	assert_int_equal(m.type, type);
	return m;
}

static struct rrc hears_challenge(struct world *w, const struct client *c)
{
	turn(w);
	return hears_check(w, c, RRC_PATH_CHALLENGE);
}

static void forget_sent(struct world *w)
{
	turn(w);
	world_port_drain();
}

/* checklist 39, 41: challenge, response, and only then the address. Until then what is answered
 * goes home and there. */
static void challenged_and_moved(void **state)
{
	struct world *w = *state;

	EACH_KIND(k)
	{
		struct client c = device(w, k), home = c;
		struct rrc challenge;

		cid_say(w, 0, &c, "from home");
		cid_answer(w, 0, &c, "one");
		cid_hears_text(w, &c, "one");
		cid_moved(&c, NEW);
		cid_say(w, 0, &c, "is where I am");
		challenge = hears_challenge(w, &c);
		assert_true(is_home(w, &c, HOME));
		cid_answer(w, 0, &c, "two");
		cid_hears_text(w, &home, "two");
		cid_hears_text(w, &c, "two");
		assert_null(world_sent());
		cid_check(w, 0, &c, RRC_PATH_RESPONSE, challenge.cookie);
		assert_true(is_home(w, &c, NEW));
		cid_say(w, 0, &c, "is home now");
		cid_answer(w, 0, &c, "three");
		cid_hears_text(w, &c, "three");
		assert_null(world_sent());
		/* The same cookie again is nobody's (bad-input I5). */
		cid_check(w, 0, &home, RRC_PATH_RESPONSE, challenge.cookie);
		assert_true(is_home(w, &c, NEW));
		forget_sent(w);
	}
	assert_int_equal(world_count(w, 0, STATUS_PATH_MOVED), 2);
	assert_int_equal(world_count(w, 0, STATUS_PATH_LIMIT), 0);
}

/* An answer that comes when the address was proved meanwhile goes there once; what answers no
 * request goes home all the time. */
static void answers_follow(void **state)
{
	struct world *w = *state;

	EACH_KIND(k)
	{
		struct client c = device(w, k);
		const struct client home = c;
		struct rte_mbuf *m;
		struct rrc challenge;

		cid_moved(&c, NEW);
		cid_say(w, 0, &c, "slow request");
		challenge = hears_challenge(w, &c);
		m = world_mbuf(w, "separate", 8);
		*msg_of(m) = (struct msg){ .kind = MSG_REPLY,
					   .ref = c.ref,
					   .hop = { .port_id = MSG_COLD_HOP } };
		world_inbox(w, 0, m);
		cid_hears_text(w, &home, "separate");
		cid_check(w, 0, &c, RRC_PATH_RESPONSE, challenge.cookie);
		cid_answer(w, 0, &c, "slow answer");
		cid_hears_text(w, &c, "slow answer");
		assert_null(world_sent());
	}
}

/* bad-input I2: records that do not verify, or were seen, or come too late, whatever their
 * address. */
static void nothing_moves_for_others(void **state)
{
	struct world *w = *state;

	EACH_KIND(k)
	{
		struct client c = device(w, k);
		const struct client away = at(&c, NEW);
		uint8_t seen[200], late[200], forged[200];
		const size_t n_late = cid_record(w, &c, late, RECORD_APPDATA, c.seq++, "late", 4);
		const size_t n = cid_record(w, &c, seen, RECORD_APPDATA, c.seq++, "seen", 4);

		client_send(w, 0, &c, seen, n);
		client_delivers(w, 0, &c, "seen");
		client_send(w, 0, &away, seen, n); /* replayed */
		(void)cid_record(w, &c, forged, RECORD_APPDATA, c.seq, "seen", 4);
		forged[n - 1] ^= 1;
		client_send(w, 0, &away, forged, n);
		/* Genuine, not seen, but older than another: no challenge. */
		client_send(w, 0, &away, late, n_late);
		turn(w);
		assert_null(world_sent());
		client_delivers(w, 0, &c, "late");
		assert_true(is_home(w, &c, HOME));
	}
	assert_int_equal(world_count(w, 0, STATUS_PATH_CHALLENGED), 0);
}

/* Somebody beside the way copies each record and is quicker: it takes nothing, moves nothing, ends
 * nothing. (bad-input I4) */
static void a_racer_gains_nothing(void **state)
{
	struct world *w = *state;

	EACH_KIND(k)
	{
		struct client c = device(w, k);
		const struct client racer = at(&c, NEW);

		for (unsigned i = 0; i < 10; i++) {
			uint8_t out[200];
			const size_t n =
				cid_record(w, &c, out, RECORD_APPDATA, c.seq++, "reading", 7);

			client_send(w, 0, &racer, out, n);
			client_send(w, 0, &c, out, n);
			cid_answer(w, 0, &c, "created");
			client_delivers_nothing(w, 0, &c); /* once */
			if (i == 0)
				(void)hears_check(w, &racer, RRC_PATH_CHALLENGE);
			cid_hears_text(w, &c, "created");
			forget_sent(w);
			assert_true(is_home(w, &c, HOME));
		}
		for (unsigned i = 0; i < 4; i++)
			pass(w, AWAY_T_NS);
		forget_sent(w);
		/* The device alone: nobody else hears of it. */
		cid_say(w, 0, &c, "alone");
		cid_answer(w, 0, &c, "created");
		cid_hears_text(w, &c, "created");
		assert_null(world_sent());
		assert_true(store_live(w->store, c.ref));
	}
	assert_int_equal(world_count(w, 0, STATUS_PATH_MOVED), 0);
}

/* bad-input I5: another cookie, an older one of another move, the right one from a third address.
 */
static void wrong_responses(void **state)
{
	struct world *w = *state;

	EACH_KIND(k)
	{
		const uint64_t before = world_count(w, 0, STATUS_RRC_COOKIE);
		struct client c = device(w, k), third;
		struct rrc challenge;

		cid_moved(&c, NEW);
		cid_say(w, 0, &c, "here");
		challenge = hears_challenge(w, &c);
		client_delivers(w, 0, &c, "here");
		challenge.cookie[7] ^= 1;
		cid_check(w, 0, &c, RRC_PATH_RESPONSE, challenge.cookie);
		challenge.cookie[7] ^= 1;
		third = at(&c, THIRD);
		cid_check(w, 0, &third, RRC_PATH_RESPONSE, challenge.cookie);
		c.seq = third.seq;
		third = at(&c, HOME);
		cid_check(w, 0, &third, RRC_PATH_RESPONSE, challenge.cookie);
		c.seq = third.seq;
		assert_true(is_home(w, &c, HOME));
		assert_int_equal(world_count(w, 0, STATUS_RRC_COOKIE), before + 3);
		cid_check(w, 0, &c, RRC_PATH_RESPONSE, challenge.cookie);
		assert_true(is_home(w, &c, NEW));
		turn(w);
		assert_null(world_sent());
	}
}

/* T and the number of tries; each has its own cookie, and any of them will do. */
static void repeated_and_given_up(void **state)
{
	struct world *w = *state;

	EACH_KIND(k)
	{
		struct client c = device(w, k);
		struct rrc first, second;

		cid_moved(&c, NEW);
		cid_say(w, 0, &c, "here");
		client_delivers(w, 0, &c, "here");
		first = hears_challenge(w, &c);
		pass(w, AWAY_T_NS - 1);
		assert_null(world_sent());
		for (unsigned i = 0; i < 4; i++) { /* what there may be sent for */
			cid_say(w, 0, &c, "here");
			client_delivers(w, 0, &c, "here");
		}
		turn(w);
		assert_null(world_sent()); /* one is outstanding */
		pass(w, 1);
		second = hears_check(w, &c, RRC_PATH_CHALLENGE);
		assert_memory_not_equal(first.cookie, second.cookie, RRC_COOKIE_LEN);
		pass(w, AWAY_T_NS);
		(void)hears_check(w, &c, RRC_PATH_CHALLENGE);
		if (k == kinds) {
			cid_check(w, 0, &c, RRC_PATH_RESPONSE, first.cookie);
			assert_true(is_home(w, &c, NEW));
		} else {
			pass(w, AWAY_T_NS);
			assert_null(world_sent());
			assert_int_equal(world_count(w, 0, STATUS_PATH_UNPROVED), 1);
			cid_check(w, 0, &c, RRC_PATH_RESPONSE, second.cookie);
			assert_true(is_home(w, &c, HOME));
			cid_say(w, 0, &c, "still here");
			client_delivers(w, 0, &c, "still here");
			first = hears_challenge(w, &c);
			cid_check(w, 0, &c, RRC_PATH_RESPONSE, first.cookie);
			assert_true(is_home(w, &c, NEW));
		}
	}
}

/* UDP payload that goes to NEW now; all else goes HOME. */
static size_t sent_to_new(void)
{
	struct rte_mbuf *m;
	size_t sent = 0;

	while ((m = world_sent()) != NULL) {
		const uint8_t *frame = rte_pktmbuf_mtod(m, uint8_t *);

		if (bytes_u16(frame + 36) == NEW)
			sent += m->data_len - (FRAME_ETHER_LEN + FRAME_IP4_LEN + FRAME_UDP_LEN);
		else
			assert_int_equal(bytes_u16(frame + 36), HOME);
		rte_pktmbuf_free(m);
	}
	return sent;
}

/* checklist 41: no more than three times what came from there, challenges and answers together. */
static void three_times_at_most(void **state)
{
	struct world *w = *state;

	EACH_KIND(k)
	{
		struct client c = device(w, k);
		size_t received = 0, sent = 0;
		char text[400];

		memset(text, 'x', sizeof(text));
		text[sizeof(text) - 1] = 0;
		cid_moved(&c, NEW);
		for (unsigned i = 0; i < 20; i++) {
			uint8_t out[200];
			size_t n =
				cid_record(w, &c, out, RECORD_APPDATA, c.seq++, "0123456789", 10);

			client_send(w, 0, &c, out, n);
			received += n;
			cid_answer(w, 0, &c, text + i * 10);
			turn(w);
			sent += sent_to_new();
			assert_true(sent <= 3 * received);
		}
		assert_true(sent > received); /* it is made use of */
	}
	assert_true(world_count(w, 0, STATUS_PATH_LIMIT) > 0);
}

/* The newest address is the one that is asked; the one before is forgotten. */
static void moves_again(void **state)
{
	struct world *w = *state;

	EACH_KIND(k)
	{
		struct client c = device(w, k);
		struct rrc first, second;

		cid_moved(&c, NEW);
		cid_say(w, 0, &c, "here");
		client_delivers(w, 0, &c, "here");
		first = hears_challenge(w, &c);
		cid_moved(&c, THIRD);
		cid_say(w, 0, &c, "and here");
		client_delivers(w, 0, &c, "and here");
		second = hears_challenge(w, &c);
		cid_check(w, 0, &c, RRC_PATH_RESPONSE, first.cookie);
		assert_true(is_home(w, &c, HOME));
		cid_check(w, 0, &c, RRC_PATH_RESPONSE, second.cookie);
		assert_true(is_home(w, &c, THIRD));
		/* And home again. */
		cid_moved(&c, HOME);
		cid_say(w, 0, &c, "back");
		client_delivers(w, 0, &c, "back");
		first = hears_challenge(w, &c);
		cid_check(w, 0, &c, RRC_PATH_RESPONSE, first.cookie);
		assert_true(is_home(w, &c, HOME));
	}
}

/* What the peer says of the path: it does not want it; and nonsense, which is passed by. */
static void drops_and_nonsense(void **state)
{
	struct world *w = *state;

	EACH_KIND(k)
	{
		const uint64_t before = world_count(w, 0, STATUS_RRC_IGNORED);
		struct client c = device(w, k);
		struct rrc challenge;
		uint8_t body[12] = { 0 }, out[200];

		cid_moved(&c, NEW);
		cid_say(w, 0, &c, "here");
		client_delivers(w, 0, &c, "here");
		challenge = hears_challenge(w, &c);
		for (unsigned len = 0; len < 12; len++) {
			if (len == RRC_LEN)
				continue;
			client_send(w, 0, &c, out,
				    cid_record(w, &c, out, RECORD_RRC, c.seq++, body, len));
		}
		body[0] = 3;
		client_send(w, 0, &c, out,
			    cid_record(w, &c, out, RECORD_RRC, c.seq++, body, RRC_LEN));
		/* An empty record is none of any kind. */
		assert_int_equal(world_count(w, 0, STATUS_RRC_IGNORED), before + 11);
		cid_check(w, 0, &c, RRC_PATH_DROP, challenge.cookie);
		cid_check(w, 0, &c, RRC_PATH_RESPONSE, challenge.cookie);
		assert_true(is_home(w, &c, HOME));
		pass(w, 2 * AWAY_T_NS);
		assert_null(world_sent());
	}
	assert_int_equal(world_count(w, 0, STATUS_PATH_REFUSED), 2);
}

/* checklist 40: the peer's own challenges are answered, each once, to where it came from. */
static void peers_challenges(void **state)
{
	static const uint8_t cookie[RRC_COOKIE_LEN] = { 1, 2, 3, 4, 5, 6, 7, 8 };
	struct world *w = *state;

	EACH_KIND(k)
	{
		struct client c = device(w, k);
		struct rrc response;

		for (unsigned port = HOME; port <= NEW; port += NEW - HOME) {
			cid_moved(&c, port);
			cid_check(w, 0, &c, RRC_PATH_CHALLENGE, cookie);
			turn(w);
			response = hears_check(w, &c, RRC_PATH_RESPONSE);
			assert_memory_equal(response.cookie, cookie, RRC_COOKIE_LEN);
			turn(w);
			assert_null(world_sent());
		}
		assert_true(is_home(w, &c, HOME));
	}
}

/* A worker says that the device is reached there. */
static void proved(struct world *w, const struct client *c, unsigned port)
{
	const struct client there = at(c, port);
	struct rte_mbuf *m = world_mbuf(w, "", 0);

	*msg_of(m) = (struct msg){ .kind = MSG_PROVED, .ref = c->ref, .flow = there.keys.flow };
	world_inbox(w, 0, m);
}

/* bad-input I6: not negotiated: nobody is asked, no message of it is taken. Answers go both ways
 * all the same, and the address stays. */
static void not_negotiated(void **state)
{
	static const uint8_t cookie[RRC_COOKIE_LEN] = { 1 };
	struct world *w = *state;

	EACH_KIND(k)
	{
		struct cid_kind plain = *k;
		struct client c, home;

		plain.rrc = false;
		c = home = device(w, &plain);
		cid_moved(&c, NEW);
		cid_say(w, 0, &c, "here");
		cid_answer(w, 0, &c, "yes");
		cid_hears_text(w, &home, "yes");
		cid_hears_text(w, &c, "yes");
		for (unsigned type = RRC_PATH_CHALLENGE; type <= RRC_PATH_DROP; type++)
			cid_check(w, 0, &c, (enum rrc_type)type, cookie);
		turn(w);
		assert_null(world_sent());
		assert_true(is_home(w, &c, HOME));
		proved(w, &c, THIRD); /* not where it is */
		assert_true(is_home(w, &c, HOME));
		proved(w, &c, NEW);
		assert_true(is_home(w, &c, NEW));
	}
	assert_int_equal(world_count(w, 0, STATUS_RRC_UNEXPECTED), 6);
	assert_int_equal(world_count(w, 0, STATUS_PATH_CHALLENGED), 0);
}

/* The worker's answer that only where the device's request came from may hear. */
static void answer_there(struct world *w, struct rte_mbuf *m, unsigned len)
{
	rte_pktmbuf_reset(m);
	memset(rte_pktmbuf_append(m, (uint16_t)len), 'e', len);
	msg_of(m)->kind = MSG_REPLY_AWAY;
	world_inbox(w, 0, m);
}

/* An answer with an Echo option, which proves who returns it: the session's address never hears it,
 * whatever becomes of it. */
static void what_proves_goes_there_alone(void **state)
{
	struct world *w = *state;

	EACH_KIND(k)
	{
		const uint64_t limit = world_count(w, 0, STATUS_PATH_LIMIT);
		struct cid_kind plain = *k;
		struct rte_mbuf *m;
		struct client c;

		plain.rrc = false;
		c = device(w, &plain);
		cid_moved(&c, NEW);
		cid_say(w, 0, &c, "here");
		answer_there(w, world_coap(w, 0, &c), 4);
		cid_hears_text(w, &c, "eeee");
		assert_null(world_sent());
		/* More than may go there. */
		cid_say(w, 0, &c, "here");
		answer_there(w, world_coap(w, 0, &c), 400);
		/* An address that is not known. */
		cid_say(w, 0, &c, "here");
		m = world_coap(w, 0, &c);
		msg_of(m)->flow.remote_port = THIRD;
		answer_there(w, m, 4);
		/* It was proved meanwhile: there is an answer for the session's address, too. */
		cid_say(w, 0, &c, "here");
		m = world_coap(w, 0, &c);
		proved(w, &c, NEW);
		answer_there(w, m, 4);
		assert_null(world_sent());
		assert_int_equal(world_count(w, 0, STATUS_PATH_LIMIT), limit + 3);
	}
}

/* A session that ends takes its challenge with it. */
static void closed_meanwhile(void **state)
{
	static const uint8_t fatal[] = { ALERT_FATAL, ALERT_INTERNAL_ERROR };
	struct world *w = *state;

	EACH_KIND(k)
	{
		struct client c = device(w, k);
		uint8_t out[200];

		cid_moved(&c, NEW);
		cid_say(w, 0, &c, "here");
		client_delivers(w, 0, &c, "here");
		(void)hears_challenge(w, &c);
		client_send(w, 0, &c, out, cid_record(w, &c, out, RECORD_ALERT, c.seq++, fatal, 2));
		assert_false(store_live(w->store, c.ref));
		rte_pktmbuf_free(world_take(w->to_hs[0][c.keys.handshake_core])); /* MSG_CLOSED */
		pass(w, 2 * AWAY_T_NS);
		assert_null(world_sent());
	}
	assert_int_equal(world_count(w, 0, STATUS_PATH_UNPROVED), 0);
}

/* A Finished that comes again, from an address that nothing is known of: anybody may have copied
 * it. It is acknowledged where the session is. */
static void repeated_finished(void **state)
{
	struct world *w = *state;
	struct client c = device(w, &kinds[1]);

	for (unsigned port = HOME; port <= THIRD; port += THIRD - HOME) {
		const struct client from = at(&c, port);
		uint8_t out[200];
		size_t n = cid_record(w, &c, out, RECORD_HANDSHAKE, c.seq++, "Finished", 8);
		struct rte_mbuf *m;

		out[0] = (uint8_t)(out[0] - 1); /* of epoch 2, not 3 */
		client_send(w, 0, &from, out, n);
		m = world_take(w->to_hs[0][c.keys.handshake_core]);
		assert_non_null(m);
		assert_int_equal(msg_of(m)->kind, MSG_LATE);
		/* The ACK, with ref, flow, hop and class of the message. */
		msg_of(m)->kind = MSG_SEAL;
		msg_of(m)->type = RECORD_ACK;
		msg_of(m)->prefix_len = 0;
		msg_of(m)->told = false;
		world_inbox(w, 0, m);
		turn(w);
		assert_int_equal(cid_hears(w, &c).type, RECORD_ACK);
		assert_null(world_sent());
	}
}

/* The next record of a device in a frame; forged: with a tag that is not its own. */
static struct rte_mbuf *frame_of(struct world *w, struct client *c, uint8_t type, const char *text,
				 size_t len, bool forged)
{
	const bool plain12 = c->keys.version != DTLS_1_3 && c->keys.own_cid_len == 0;
	struct build_spec spec = c->spec;
	uint8_t out[200];

	spec.body = out;
	spec.body_len = plain12 ? client_record(w, c, out, type, 1, c->seq++, text, len)
				: cid_record(w, c, out, type, c->seq++, text, len);
	out[spec.body_len - 1] ^= forged;
	return world_frame(w, &spec);
}

/* Separate responses for a device come, and are not sealed yet. */
static void replies_wait(struct world *w, const struct client *c, unsigned n)
{
	struct rte_mbuf *m[PATH_BURST_MAX];

	for (unsigned i = 0; i < n; i++) {
		m[i] = world_mbuf(w, "separate", 8);
		*msg_of(m[i]) = (struct msg){ .kind = MSG_REPLY,
					      .ref = c->ref,
					      .hop = { .port_id = MSG_COLD_HOP } };
	}
	path_inbox_burst(w->core[0], m, n, w->now);
}

/* Challenges that find no room among what waits to be sealed: the records behind them in the burst
 * are still judged by their own tags. */
static void a_full_batch_waits(void **state)
{
	struct world *w = *state;

	EACH_KIND(k)
	{
		const uint64_t tags = world_count(w, 0, STATUS_RECORD_TAG);
		const uint64_t asked = world_count(w, 0, STATUS_PATH_CHALLENGED);
		struct client one = device(w, k), two = device(w, k), filler = device(w, k), victim;
		struct rte_mbuf *burst[3];

		victim = k->is_13 ? device(w, k) : client_up(w, 29, AEAD_AES_128_GCM);
		cid_moved(&one, NEW);
		cid_moved(&two, THIRD);
		burst[0] = frame_of(w, &one, RECORD_APPDATA, "one", 3, false);
		burst[1] = frame_of(w, &two, RECORD_APPDATA, "two", 3, false);
		burst[2] = frame_of(w, &victim, RECORD_ALERT, "\2\120", 2, true);
		replies_wait(w, &filler, CORE_RECORDS_MAX - 1);
		path_rx_burst(w->core[0], 0, burst, 3, w->now);
		/* With these there are more than a burst: the datagrams come first. */
		replies_wait(w, &filler, PATH_BURST_MAX);
		path_flush(w->core[0], w->now);
		assert_int_equal(world_count(w, 0, STATUS_RECORD_TAG), tags + 1);
		assert_true(store_live(w->store, victim.ref));
		client_delivers(w, 0, &one, "one");
		client_delivers(w, 0, &two, "two");
		assert_int_equal(world_count(w, 0, STATUS_PATH_CHALLENGED), asked + 1);
		forget_sent(w);
		/* Who was not asked is asked at its next record. */
		cid_say(w, 0, &two, "two again");
		(void)hears_challenge(w, &two);
		client_delivers(w, 0, &two, "two again");
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		CID_TEST(challenged_and_moved),     CID_TEST(answers_follow),
		CID_TEST(nothing_moves_for_others), CID_TEST(a_racer_gains_nothing),
		CID_TEST(wrong_responses),          CID_TEST(repeated_and_given_up),
		CID_TEST(three_times_at_most),      CID_TEST(moves_again),
		CID_TEST(drops_and_nonsense),       CID_TEST(peers_challenges),
		CID_TEST(not_negotiated),           CID_TEST(closed_meanwhile),
		CID_TEST(a_full_batch_waits),       CID_TEST(what_proves_goes_there_alone),
		CID_TEST(repeated_finished),
	};

	return world_main(tests);
}

/* SPDX-License-Identifier: BSD-3-Clause */
/* Peers whose records come from another address (RFC 9146 §6, RFC 9853; bad-input I2, I4 to I6;
 * checklist 39 to 41). Each test for both versions. */
#include "path_cid_fixture.h"

enum { HOME = 40001, NEW = 50001, THIRD = 50002 };

static const struct cid_kind kinds[] = {
	{ .own_len = CID_LEN, .rrc = true },
	{ .own_len = CID_LEN, .peer_len = 5, .is_13 = true, .rrc = true }
};

#define EACH_KIND(k) for (const struct cid_kind *k = kinds; k < kinds + 2; k++)

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
			struct rte_mbuf *m;
			uint8_t out[200];
			size_t n =
				cid_record(w, &c, out, RECORD_APPDATA, c.seq++, "0123456789", 10);

			client_send(w, 0, &c, out, n);
			received += n;
			cid_answer(w, 0, &c, text + i * 10);
			turn(w);
			while ((m = world_sent()) != NULL) {
				const uint8_t *frame = rte_pktmbuf_mtod(m, uint8_t *);

				if (bytes_u16(frame + 36) == NEW)
					sent += m->data_len -
						(FRAME_ETHER_LEN + FRAME_IP4_LEN + FRAME_UDP_LEN);
				else
					assert_int_equal(bytes_u16(frame + 36), HOME);
				rte_pktmbuf_free(m);
			}
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

int main(void)
{
	const struct CMUnitTest tests[] = {
		CID_TEST(challenged_and_moved),     CID_TEST(answers_follow),
		CID_TEST(nothing_moves_for_others), CID_TEST(a_racer_gains_nothing),
		CID_TEST(wrong_responses),          CID_TEST(repeated_and_given_up),
		CID_TEST(three_times_at_most),      CID_TEST(moves_again),
		CID_TEST(drops_and_nonsense),       CID_TEST(peers_challenges),
		CID_TEST(not_negotiated),           CID_TEST(closed_meanwhile),
	};

	return world_main(tests);
}

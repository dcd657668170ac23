/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Both ends of a DTLS 1.3 handshake behind the records, where every message is genuine but for what
 * the input does to it: so what is encrypted on the wire is reached without keys. Records and their
 * protection are for fuzz_handshake and fuzz_record13.
 *
 *   choice 1 (enum choice), then for each message as it goes: op 1 byte, then what the op takes
 */
#include "messages13.h"

enum choice {
	CHOICE_SUITE = 0x07,
	CHOICE_RETRY = 0x08,
	CHOICE_CERTIFICATES = 0x10,
	CHOICE_RAW_KEYS = 0x20,
	CHOICE_TICKET = 0x40,
	CHOICE_PSK_KE = 0x80,
};

enum op {
	OP_GIVE,   /* as it is */
	OP_FLIP,   /* offset 2, mask 1 */
	OP_CUT,    /* length 2 */
	OP_INSERT, /* offset 2, length 1, bytes */
	OP_TYPE,   /* type 1 */
	OP_EPOCH,  /* epoch 1 */
	OP_TWICE,
	OP_LOSE,
	OP_N
};

static bool touched;

static uint16_t take(struct rd *in, size_t n)
{
	uint64_t v = 0;

	return rd_uint(in, n, &v) ? (uint16_t)v : 0;
}

static void insert(struct rd *in, struct message13 *m)
{
	size_t at = take(in, 2);
	struct rd bytes;

	if (rd_vec(in, 1, &bytes) && at <= m->len && m->len + rd_len(&bytes) <= sizeof(m->body))
		messages13_splice(m, at, 0, bytes.p, rd_len(&bytes));
}

static void change(struct rd *in, enum op op, struct message13 *m)
{
	size_t at;

	switch (op) {
	case OP_FLIP:
		at = take(in, 2);
		if (at < m->len)
			m->body[at] ^= (uint8_t)take(in, 1);
		break;
	case OP_CUT:
		at = take(in, 2);
		m->len = at < m->len ? at : m->len;
		break;
	case OP_INSERT:
		insert(in, m);
		break;
	case OP_TYPE:
		m->type = (uint8_t)take(in, 1);
		break;
	case OP_EPOCH:
		m->epoch = take(in, 1) & 3;
		break;
	case OP_GIVE:
	case OP_TWICE:
	case OP_LOSE:
	case OP_N:
		break;
	}
}

/* What a server that is through has not to know. */
static bool is_late(void) { return p.server.h->outcome == CONNECTION_DONE; }

static void deliver(struct rd *in, struct pair_side *to, struct message13 *m)
{
	const struct message13 genuine = *m;
	enum op op = (enum op)(take(in, 1) % OP_N);

	change(in, op, m);
	touched |= !is_late() &&
		   (op == OP_LOSE || m->len != genuine.len || m->type != genuine.type ||
		    m->epoch != genuine.epoch || memcmp(m->body, genuine.body, m->len) != 0);
	if (op == OP_LOSE)
		return;
	messages13_give(to, m);
	if (op != OP_TWICE)
		return;
	touched |= !is_late(); /* not behind the Finished with which the server is through */
	messages13_give(to, m);
}

static void pass(struct rd *in, struct pair_side *from, struct pair_side *to)
{
	static struct flight13 f;

	messages13_take(from, &f);
	for (unsigned i = 0; i < f.n; i++)
		deliver(in, to, &f.m[i]);
}

static void prepare(uint8_t choice)
{
	bool raw = choice & CHOICE_RAW_KEYS;
	size_t suite = choice & CHOICE_SUITE;

	if (choice & CHOICE_CERTIFICATES)
		messages13_begin_with_certificates(raw ? CLIENT_AUTH_OPTIONAL
						       : CLIENT_AUTH_REQUIRED);
	else
		messages13_begin();
	p.client_policy.suites[0] = p.client_policy.suites[suite % SUITE_13_N];
	p.client_policy.n_suites = 1;
	p.client_policy.client_rpk = p.server_policy.client_rpk = raw;
	p.client_policy.psk_ke = p.server_policy.psk_ke = choice & CHOICE_PSK_KE;
	p.server.cfg.tickets = choice & CHOICE_TICKET;
	if (!(choice & CHOICE_CERTIFICATES))
		pair_use_cids(&p, 3, 8);
}

/* A ticket of the server's, as the one before would have left it. */
static void ticket(void)
{
	struct session_state s = { .suite = p.client_policy.suites[0]->id, .master = { 5 } };
	struct wr w = wr_of(p.ticket, sizeof(p.ticket));

	s.host = session_state_host(NULL, 0);
	session_state_write(&w, &s);
	p.session = (struct handshake_session){ .ticket = p.ticket,
						.ticket_len = (uint16_t)wr_len(&w),
						.suite = s.suite,
						.master = { 5 } };
	p.offers = true;
}

/* Whatever was done: who is through has heard what the other said, and both have one secret. */
static void check(void)
{
	const struct handshake *c = p.client.h, *s = p.server.h;

	if (p.server.memory.now > HANDSHAKE_MEMORY_MAX ||
	    p.client.memory.now > HANDSHAKE_MEMORY_MAX)
		abort();
	if (s->outcome != CONNECTION_DONE)
		return;
	if (touched || memcmp(c->master, s->master, sizeof(s->master)) != 0)
		abort();
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static struct flight13 f, retry;
	struct rd in = rd_of(data, size);
	uint8_t choice = (uint8_t)take(&in, 1);

	if (messages13_aead == NULL && messages13_setup_with_certificates(NULL) != 0)
		abort();
	touched = false;
	prepare(choice);
	if (choice & CHOICE_TICKET)
		ticket();
	messages13_hello(&f);
	if (choice & CHOICE_RETRY) {
		messages13_retry(&f, p.client_policy.suites[0], ECDHE_NONE, &retry);
		change(&in, (enum op)(take(&in, 1) % OP_N), &retry.m[0]);
		/* Its cookie is bound by a MAC that only the gate looks at: so if something was
		 * changed, it is no matter that the ends agree. */
		messages13_give(&p.client, &retry.m[0]);
	} else {
		deliver(&in, &p.server, &f.m[0]);
	}
	for (unsigned i = 0; i < 3; i++) {
		pass(&in, &p.client, &p.server);
		pass(&in, &p.server, &p.client);
	}
	check();
	pair_finish(&p);
	if (p.server.memory.n_blocks != 0 || p.client.memory.n_blocks != 0)
		abort();
	return 0;
}

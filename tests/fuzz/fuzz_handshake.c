/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * A server behind the cookie, fed by a peer that is half honest: the input is a list of steps. A
 * real client runs along, so that steps can send its datagrams as they are or damaged, and seal
 * anything under its real keys.
 *
 *   each step: op 1 byte, then what the op takes
 */
#include "connection.h"
#include "pair_certs.h"

enum { STEPS_MAX = 64 };

/* Bits of the first byte; those below choose the suite. */
enum {
	CHOICE_ECDSA = 0x04,
	CHOICE_ECDHE = 0x08,
	CHOICE_RENEW = 0x10, /* where nothing is resumed: connection IDs */
	CHOICE_TICKET = 0x20,
	CHOICE_ID = 0x40,
	CHOICE_NO_EMS = 0x80
};

enum op {
	OP_DELIVER,    /* the oldest datagram on its way, as it is */
	OP_LOSE,       /* lost */
	OP_TWICE,      /* delivered twice */
	OP_FLIP,       /* offset 1, mask 1: damaged, then delivered */
	OP_CUT,        /* length 1 */
	OP_RAW,        /* length 1, bytes: to the server */
	OP_PLAIN,      /* type 1, epoch 1, length 1, bytes: a record */
	OP_SEALED,     /* type 1, length 1, bytes: under the client's keys */
	OP_RAW_CLIENT, /* length 1, bytes: to the client */
	OP_TIME,       /* tenths of seconds 1 */
	OP_JOBS,       /* the server's jobs wait from now on, or are done */
	OP_N
};

static struct aead *aead;
static struct gate *gate;
static struct pair p;

static struct rd take_bytes(struct rd *in)
{
	struct rd out;

	if (!rd_vec(in, 1, &out)) {
		out = *in;
		in->p = in->end;
	}
	return out;
}

static uint8_t take_byte(struct rd *in)
{
	uint8_t b = 0;

	return rd_u8(in, &b) ? b : 0;
}

/* From memory of exactly its length, so that the address sanitizer sees an over-read. */
static void deliver(bool to_server, const uint8_t *bytes, size_t len)
{
	uint8_t *exact = malloc(len ? len : 1);

	if (exact == NULL)
		abort();
	if (len > 0)
		memcpy(exact, bytes, len);
	pair_deliver(&p, to_server, exact, len);
	free(exact);
}

static void op_datagram(enum op op, struct rd *in)
{
	struct pair_datagram d;

	if (!pair_take(&p, &d))
		return;
	if (op == OP_FLIP) {
		uint8_t at = take_byte(in);

		if (at < d.len)
			d.bytes[at] ^= take_byte(in);
	}
	if (op == OP_CUT) {
		uint8_t len = take_byte(in);

		d.len = len < d.len ? len : d.len;
	}
	if (op != OP_LOSE)
		deliver(d.to_server, d.bytes, d.len);
	if (op == OP_TWICE)
		deliver(d.to_server, d.bytes, d.len);
}

static void op_record(bool sealed, struct rd *in)
{
	uint8_t bytes[600], type = take_byte(in), epoch = sealed ? 1 : take_byte(in);
	struct wr w = wr_of(bytes, sizeof(bytes));
	struct rd body = take_bytes(in);
	struct pair_side *c = &p.client;
	struct protect *keys = c->installed ? &c->session : c->h ? &c->h->protect : NULL;

	if (rd_len(&body) > 400)
		return;
	if (!sealed) {
		record_write_header(&w, type, DTLS_1_2, epoch, 9, (uint16_t)rd_len(&body));
		wr_bytes(&w, body.p, rd_len(&body));
	} else if (keys == NULL || !protect_has(keys, 1) ||
		   !protect_write(keys, &w, 1, type, DTLS_1_2, body.p, rd_len(&body))) {
		return;
	}
	deliver(true, bytes, wr_len(&w));
}

static void op_jobs(void)
{
	p.slow_jobs = !p.slow_jobs;
	if (!p.slow_jobs)
		pair_drain(&p, &p.server);
}

static void step(struct rd *in)
{
	enum op op = (enum op)(take_byte(in) % OP_N);
	struct rd body;

	switch (op) {
	case OP_DELIVER:
	case OP_LOSE:
	case OP_TWICE:
	case OP_FLIP:
	case OP_CUT:
		op_datagram(op, in);
		break;
	case OP_RAW:
	case OP_RAW_CLIENT:
		body = take_bytes(in);
		deliver(op == OP_RAW, body.p, rd_len(&body));
		break;
	case OP_PLAIN:
	case OP_SEALED:
		op_record(op == OP_SEALED, in);
		break;
	case OP_TIME:
		p.now += take_byte(in) * (PAIR_SECOND / 10);
		pair_timers(&p);
		break;
	case OP_JOBS:
		op_jobs();
		break;
	case OP_N:
		break;
	}
}

static void check(void)
{
	if (p.server.memory.now > HANDSHAKE_MEMORY_MAX || p.server.nonce_repeated ||
	    p.client.nonce_repeated || p.server.n_installs > 1)
		abort();
	/* No flood: an input of a few hundred bytes has few answers. */
	if (p.n_queue > PAIR_QUEUE / 2)
		p.n_queue = 0;
}

/* A handshake that nobody disturbs, so that the next one resumes it. */
static void meet(void)
{
	if (!pair_start(&p))
		abort();
	pair_flush(&p);
	if (!p.client.installed || !p.server.installed)
		abort();
	pair_again(&p);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static const struct suite *chosen(uint8_t choice)
{
	if ((choice & CHOICE_ECDHE) == 0)
		return pair_suite(KX_PSK, choice & 7);
	return pair_suite(choice & CHOICE_ECDSA ? KX_ECDHE_ECDSA : KX_ECDHE_PSK, choice & 3);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct rd in = rd_of(data, size);
	struct pair_datagram d;
	uint8_t choice = take_byte(&in);

	if (aead == NULL) {
		aead = aead_new(AEAD_ENGINE_LIBCRYPTO);
		gate = gate_new(NULL);
		pair_certs_new();
	}
	if (aead == NULL || gate == NULL)
		abort();
	pair_begin(&p, 1, aead, gate);
	pair_use_certs(&p, chosen(choice),
		       choice & CHOICE_NO_EMS ? CLIENT_AUTH_OPTIONAL : CLIENT_AUTH_REQUIRED);
	p.client.cfg.no_ems = choice & CHOICE_NO_EMS;
	p.server.cfg.tickets = choice & CHOICE_TICKET;
	p.server.cfg.session_ids = choice & CHOICE_ID;
	p.renew = choice & CHOICE_RENEW;
	if ((choice & (CHOICE_RENEW | CHOICE_TICKET | CHOICE_ID)) == CHOICE_RENEW)
		pair_use_cids(&p, 3, 8);
	if (choice & (CHOICE_TICKET | CHOICE_ID))
		meet();
	if (!pair_start(&p))
		abort();
	/* past the cookie: hello, HelloVerifyRequest, hello */
	for (unsigned i = 0; i < 3; i++)
		if (pair_take(&p, &d))
			deliver(d.to_server, d.bytes, d.len);
	if (p.server.h == NULL)
		abort();
	for (unsigned n = 0; n < STEPS_MAX && rd_len(&in) > 0; n++) {
		step(&in);
		check();
	}
	pair_finish(&p);
	if (p.server.memory.n_blocks != 0 || p.client.memory.n_blocks != 0)
		abort();
	return 0;
}

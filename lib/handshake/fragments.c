/* SPDX-License-Identifier: BSD-3-Clause */
#include "fragments.h"

#include "acknowledge.h"
#include "client12.h"

/* What the state table has for a message. */
enum admission { ADMIT_LISTED, ADMIT_OTHER_EPOCH, ADMIT_UNLISTED };

static enum admission row_find(const struct handshake *h, uint8_t type, uint8_t epoch,
			       const struct hs_row **out)
{
	enum admission found = ADMIT_UNLISTED;

	for (size_t i = 0; i < h->n_rows; i++) {
		const struct hs_row *row = &h->rows[i];

		if (row->state != h->state || row->type != type)
			continue;
		*out = row;
		if (row->epoch == epoch)
			return ADMIT_LISTED;
		found = ADMIT_OTHER_EPOCH;
	}
	return found;
}

/* Anybody can send what is in the clear, so a Finished in epoch 0 is dropped and awaited still; in
 * 1.3 so is all that no row lists. */
static bool row_droppable(const struct handshake *h, enum admission a, uint8_t epoch)
{
	return epoch == 0 &&
	       (a == ADMIT_OTHER_EPOCH || (a == ADMIT_UNLISTED && h->version == DTLS_1_3));
}

/* The due message goes to its handler. */
static void message_handle(struct handshake *h, const struct reassembly_message *m)
{
	const struct hs_row *row = NULL;
	enum admission a = row_find(h, m->type, m->epoch, &row);
	enum hs_next next;

	if (row_droppable(h, a, m->epoch)) {
		reassembly_discard(&h->in);
		return;
	}
	if (a != ADMIT_LISTED) {
		connection_fail(h, STATUS_HS_UNEXPECTED, ALERT_UNEXPECTED_MESSAGE);
		return;
	}
	acknowledge_answered(h);
	next = row->handler(h, m);
	reassembly_advance(&h->in);
	connection_step(h, next);
}

void fragments_handle(struct handshake *h)
{
	struct reassembly_message m;

	while (h->outcome == CONNECTION_RUNNING && !connection_waits(h) &&
	       reassembly_due(&h->in, &m))
		message_handle(h, &m);
}

/* A message that was handled before. */
static enum status fragment_old(struct handshake *h, const struct hs_fragment *f)
{
	if (h->repeat_armed && f->seq == h->repeat_seq && f->type == h->repeat_type && f->off == 0)
		flight_repeat(&h->out, h->now_ns);
	if (h->version == DTLS_1_2 && h->role == HANDSHAKE_CLIENT &&
	    f->type == HS_HELLO_VERIFY_REQUEST && rd_len(&f->body) == f->len)
		connection_step(h, client12_hello_verify_again(h, f->body));
	return STATUS_HS_OLD;
}

static enum status fragment_add(struct handshake *h, uint8_t epoch, const struct hs_fragment *f)
{
	bool gap = !connection_waits(h) && !reassembly_in_order(&h->in, f);

	switch (reassembly_add(&h->in, epoch, f)) {
	case REASSEMBLY_KEPT:
		if (epoch != 0)
			acknowledge_answered(h);
		if (epoch != 0 && gap)
			acknowledge_gap(h);
		fragments_handle(h);
		return STATUS_OK;
	case REASSEMBLY_OLD:
		return fragment_old(h, f);
	case REASSEMBLY_AHEAD:
	case REASSEMBLY_IGNORED:
		return STATUS_HS_FRAGMENT;
	case REASSEMBLY_CONFLICT:
		break;
	}
	connection_fail(h, STATUS_HS_FRAGMENT, ALERT_ILLEGAL_PARAMETER);
	return STATUS_HS_FRAGMENT;
}

/* In 1.3 only hellos come in the clear: a server has had its own, a client awaits one that brings
 * keys, and nobody sends it ahead of its turn. What else is new is anybody's, and would contradict
 * what is to come in that place. */
static bool is_stray_plain(const struct handshake *h, uint8_t epoch, const struct hs_fragment *f)
{
	bool awaits_hello =
		h->role == HANDSHAKE_CLIENT && !protect_has(&h->protect, RECORD13_EPOCH_HANDSHAKE);

	return h->version == DTLS_1_3 && epoch == 0 &&
	       f->seq >= h->in.next + (awaits_hello ? 1 : 0);
}

/* RFC 5246 §7.4.1.1: HelloRequest is ignored by a client that negotiates already. */
static bool is_hello_request(const struct handshake *h, const struct hs_fragment *f)
{
	return h->version == DTLS_1_2 && h->role == HANDSHAKE_CLIENT && f->type == HS_HELLO_REQUEST;
}

enum status fragments_take_one(struct handshake *h, uint8_t epoch, const struct hs_fragment *f)
{
	bool due = f->seq == h->in.next && !connection_waits(h);
	const struct hs_row *row;
	enum admission a = due ? row_find(h, f->type, epoch, &row) : ADMIT_LISTED;
	struct reassembly_message m = {
		.body = f->body, .seq = f->seq, .type = f->type, .epoch = epoch
	};

	if (row_droppable(h, a, epoch) || is_hello_request(h, f) || is_stray_plain(h, epoch, f))
		return STATUS_HS_UNEXPECTED;
	if (a != ADMIT_LISTED) {
		connection_fail(h, STATUS_HS_UNEXPECTED, ALERT_UNEXPECTED_MESSAGE);
		return STATUS_HS_UNEXPECTED;
	}
	if (!due || !reassembly_whole(&h->in, f))
		return fragment_add(h, epoch, f);
	message_handle(h, &m);
	fragments_handle(h);
	return STATUS_OK;
}

enum status fragments_take(struct handshake *h, uint8_t epoch, uint64_t number, struct rd body)
{
	enum status worst = STATUS_OK, s;
	bool all = true; /* processed, kept, or known */
	uint16_t seq = 0;
	struct hs_fragment f;

	if (rd_len(&body) == 0)
		return STATUS_RECORD_EMPTY;
	while (rd_len(&body) > 0 && h->outcome == CONNECTION_RUNNING) {
		if (!hs_fragment_next(&body, &f)) {
			/* Hostile B1, B14: only what was protected deserves an answer. */
			if (epoch != 0)
				connection_fail(h, STATUS_HS_MALFORMED, ALERT_DECODE_ERROR);
			return STATUS_HS_MALFORMED;
		}
		s = fragments_take_one(h, epoch, &f);
		worst = s != STATUS_OK ? s : worst;
		all = all && (s == STATUS_OK || s == STATUS_HS_OLD);
		seq = f.seq;
	}
	if (all)
		acknowledge_record(h, epoch, number, seq);
	return worst;
}

/* SPDX-License-Identifier: BSD-3-Clause */
#include "acknowledge.h"

#include "record_limits.h"

static bool can_ack(const struct handshake *h)
{
	return h->version == DTLS_1_3 && h->tx_epoch >= RECORD13_EPOCH_HANDSHAKE;
}

void acknowledge_begin(struct handshake *h)
{
	if (h->v13 != NULL)
		acks_begin(&h->v13->acks, h->in.next);
}

void acknowledge_record(struct handshake *h, uint8_t epoch, uint64_t number, uint16_t message_seq)
{
	struct acks *a;

	if (h->version != DTLS_1_3 || message_seq < h->v13->acks.first_seq)
		return;
	a = &h->v13->acks;
	acks_add(a, epoch, number);
	/* RFC 9147 §7.1: "set a timer for 1/4 the current retransmit timer value when the first
	 * record in the flight is received". */
	if (a->deadline_ns == UINT64_MAX)
		a->deadline_ns = h->now_ns + h->out.timeout_ns / 4;
}

void acknowledge_gap(struct handshake *h)
{
	if (can_ack(h))
		h->v13->acks.due = true;
}

void acknowledge_answered(struct handshake *h)
{
	if (h->version == DTLS_1_3 && h->out.state == FLIGHT_WAITING)
		flight_ack_all(&h->out);
}

void acknowledge_timeout(struct handshake *h)
{
	if (h->now_ns < acknowledge_deadline(h))
		return;
	h->v13->acks.due = can_ack(h);
	h->v13->acks.deadline_ns = UINT64_MAX;
}

/* RFC 9147 §7.2: an ACK that names an epoch above its own is an illegal parameter. */
static bool list_is_legal(struct rd list, uint8_t epoch)
{
	struct hs_ack ack;

	while (ack_next(&list, &ack))
		if (ack.epoch > epoch)
			return false;
	return true;
}

enum status acknowledge_input(struct handshake *h, uint8_t epoch, struct rd body)
{
	struct hs_ack ack;
	bool fresh = false;
	struct rd list;

	if (ack_parse(body, &list) != HS_PARSE_OK) {
		connection_fail(h, STATUS_HS_MALFORMED, ALERT_DECODE_ERROR);
		return STATUS_HS_MALFORMED;
	}
	if (!list_is_legal(list, epoch)) {
		connection_fail(h, STATUS_HS_PARAMETER, ALERT_ILLEGAL_PARAMETER);
		return STATUS_HS_PARAMETER;
	}
	/* An empty one says that something is missing, and not what. */
	if (rd_len(&list) == 0)
		flight_repeat(&h->out, h->now_ns);
	while (ack_next(&list, &ack))
		fresh |= flight_ack(&h->out, ack.epoch, ack.number);
	if (h->awaits_ack && flight_acked(&h->out))
		connection_step(h, HS_NEXT_DONE);
	else if (fresh)
		flight_resume(&h->out, h->now_ns);
	return STATUS_OK;
}

bool acknowledge_write(struct handshake *h, struct wr *w)
{
	size_t left = (size_t)(w->end - w->p);
	size_t overhead = protect_overhead(&h->protect, h->tx_epoch);
	size_t room = left > overhead ? left - overhead : 0;
	size_t limit = record_limits_room(h, h->tx_epoch);
	uint8_t body[ACKS_BYTES_MAX];
	struct wr ack = wr_of(body, sizeof(body));
	size_t len;

	if (!acknowledge_due(h))
		return false;
	acks_write(&h->v13->acks, &ack, room < limit ? room : limit);
	return wr_finish(&ack, &len) &&
	       protect_write(&h->protect, w, h->tx_epoch, RECORD_ACK, DTLS_1_2, body, len);
}

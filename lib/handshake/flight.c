/* SPDX-License-Identifier: BSD-3-Clause */
#include "flight.h"

#include "record.h"
#include "secret.h"

enum { FRAGMENT_MIN = 32 }; /* a smaller piece is not worth a header while more is to come */

void flight_init(struct flight *f, uint64_t timeout_ns, uint64_t timeout_max_ns)
{
	*f = (struct flight){ .state = FLIGHT_PREPARING,
			      .initial_ns = timeout_ns,
			      .max_ns = timeout_max_ns,
			      .timeout_ns = timeout_ns };
}

void flight_wipe(struct flight *f)
{
	secret_wipe(f->bytes, sizeof(f->bytes));
	f->state = FLIGHT_FINISHED;
	f->n_messages = 0;
	f->used = 0;
}

void flight_begin(struct flight *f)
{
	f->state = FLIGHT_PREPARING;
	f->n_messages = 0;
	f->used = 0;
}

struct wr flight_open(struct flight *f)
{
	struct wr w = wr_of(f->bytes + f->used, sizeof(f->bytes) - f->used);

	(void)wr_space(&w, HS_HEADER_LEN);
	return w;
}

static bool flight_add(struct flight *f, size_t len, uint8_t epoch, uint8_t record_type)
{
	if (f->n_messages == FLIGHT_MESSAGES_MAX || len > sizeof(f->bytes) - f->used)
		return false;
	f->messages[f->n_messages++] = (struct flight_message){
		.at = f->used,
		.len = (uint16_t)len,
		.epoch = epoch,
		.record_type = record_type,
	};
	f->used = (uint16_t)(f->used + len);
	return true;
}

bool flight_close(struct flight *f, const struct wr *body, uint8_t epoch, uint8_t type,
		  uint16_t seq)
{
	uint8_t *start = f->bytes + f->used;
	struct wr header = wr_of(start, HS_HEADER_LEN);
	size_t len;

	if (!wr_finish(body, &len) || !flight_add(f, len, epoch, RECORD_HANDSHAKE))
		return false;
	hs_header_write(&header, type, (uint32_t)(len - HS_HEADER_LEN), seq, 0,
			(uint32_t)(len - HS_HEADER_LEN));
	return true;
}

bool flight_borrow(struct flight *f, struct rd body, uint8_t epoch, uint8_t type, uint16_t seq)
{
	uint8_t *start = f->bytes + f->used;
	struct wr header = wr_of(start, sizeof(f->bytes) - f->used);
	uint32_t len = (uint32_t)rd_len(&body);

	hs_header_write(&header, type, len, seq, 0, len);
	if (header.failed || len > UINT16_MAX - HS_HEADER_LEN ||
	    !flight_add(f, HS_HEADER_LEN, epoch, RECORD_HANDSHAKE))
		return false;
	f->messages[f->n_messages - 1].body = body.p;
	f->messages[f->n_messages - 1].body_len = (uint16_t)len;
	return true;
}

bool flight_ccs(struct flight *f)
{
	if (!flight_add(f, 1, 0, RECORD_CCS))
		return false;
	f->bytes[f->used - 1] = 1;
	return true;
}

static void flight_restart(struct flight *f, uint64_t now_ns)
{
	f->state = FLIGHT_SENDING;
	f->sending = 0;
	f->sending_at = 0;
	f->last_sent_ns = now_ns;
	f->deadline_ns = now_ns + f->timeout_ns;
}

void flight_send(struct flight *f, uint64_t now_ns, bool last)
{
	f->timeout_ns = f->initial_ns;
	f->n_timeouts = 0;
	f->last = last;
	flight_restart(f, now_ns);
}

bool flight_repeat(struct flight *f, uint64_t now_ns)
{
	if (f->state != FLIGHT_WAITING || now_ns - f->last_sent_ns < f->initial_ns / 2)
		return false;
	flight_restart(f, now_ns);
	return true;
}

uint64_t flight_deadline(const struct flight *f)
{
	return f->state == FLIGHT_WAITING ? f->deadline_ns : UINT64_MAX;
}

/* RFC 6347 §4.2.4.1: "double the value at each retransmission, up to no less than the RFC 6298
 * maximum of 60 seconds". */
void flight_timeout(struct flight *f, uint64_t now_ns)
{
	if (now_ns < flight_deadline(f))
		return;
	f->n_timeouts++;
	f->timeout_ns = f->timeout_ns < f->max_ns / 2 ? f->timeout_ns * 2 : f->max_ns;
	flight_restart(f, now_ns);
}

size_t flight_datagram_max(const struct flight *f, size_t mtu)
{
	size_t half = mtu / 2 > FLIGHT_DATAGRAM_MIN ? mtu / 2 : FLIGHT_DATAGRAM_MIN;

	return f->n_timeouts >= FLIGHT_SHRINK_TIMEOUTS && half < mtu ? half : mtu;
}

bool flight_epoch(const struct flight *f, uint8_t *out)
{
	if (f->state != FLIGHT_SENDING || f->sending >= f->n_messages)
		return false;
	*out = f->messages[f->sending].epoch;
	return true;
}

static void flight_sent(struct flight *f)
{
	f->sending++;
	f->sending_at = 0;
	if (f->sending == f->n_messages)
		f->state = f->last ? FLIGHT_FINISHED : FLIGHT_WAITING;
}

bool flight_message(const struct flight *f, unsigned i, struct hs_fragment *out)
{
	const struct flight_message *m = &f->messages[i];
	struct rd at = rd_of(f->bytes + m->at, m->len);
	uint32_t frag_len;

	out->body = rd_of(m->body, m->body_len);
	if (m->body == NULL)
		return hs_fragment_next(&at, out);
	return rd_u8(&at, &out->type) && rd_u24(&at, &out->len) && rd_u16(&at, &out->seq) &&
	       rd_u24(&at, &out->off) && rd_u24(&at, &frag_len);
}

/* Cuts the next fragment of a handshake message. */
static bool flight_cut(struct flight *f, size_t room, struct wr *w)
{
	struct hs_fragment header;
	size_t left, piece;

	if (room < HS_HEADER_LEN || !flight_message(f, f->sending, &header))
		return false;
	left = header.len - f->sending_at;
	piece = left < room - HS_HEADER_LEN ? left : room - HS_HEADER_LEN;
	if (piece < left && piece < FRAGMENT_MIN)
		return false;
	hs_header_write(w, header.type, header.len, header.seq, f->sending_at, (uint32_t)piece);
	wr_bytes(w, header.body.p + f->sending_at, piece);
	f->sending_at = (uint16_t)(f->sending_at + piece);
	if (piece == left)
		flight_sent(f);
	return true;
}

bool flight_next(struct flight *f, size_t room, uint8_t *out, size_t *out_len, uint8_t *out_type)
{
	const struct flight_message *m = &f->messages[f->sending];
	struct wr w = wr_of(out, room);

	if (f->state != FLIGHT_SENDING)
		return false;
	*out_type = m->record_type;
	if (m->record_type == RECORD_HANDSHAKE) {
		if (!flight_cut(f, room, &w))
			return false;
	} else {
		wr_bytes(&w, f->bytes + m->at, m->len);
		if (w.failed)
			return false;
		flight_sent(f);
	}
	return wr_finish(&w, out_len);
}

/* SPDX-License-Identifier: BSD-3-Clause */
#include "flight.h"

#include "record.h"
#include "secret.h"

enum { FRAGMENT_MIN = 32 }; /* a smaller piece is not worth a header while more is to come */

void flight_init(struct flight *f, uint64_t timeout_ns, uint64_t timeout_max_ns)
{
	f->state = FLIGHT_PREPARING;
	f->initial_ns = timeout_ns;
	f->max_ns = timeout_max_ns;
	f->timeout_ns = timeout_ns;
}

void flight_by_block(struct flight *f, struct flight_sent sent[FLIGHT_SENT_MAX]) { f->sent = sent; }

static bool by_block(const struct flight *f) { return f->sent != NULL; }

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
	f->n_sent = 0;
	if (by_block(f))
		memset(f->sent, 0, FLIGHT_SENT_MAX * sizeof(*f->sent));
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

/* How many bytes a block of a message has, so that FLIGHT_BLOCKS_MAX suffice. */
static uint32_t block_size(uint32_t len)
{
	return FLIGHT_BLOCK * (1 + len / (FLIGHT_BLOCK * FLIGHT_BLOCKS_MAX));
}

/* The blocks that lie in off .. end as a whole. The last one of a message may be short, and an
 * empty message has one all the same. */
static uint64_t blocks_of(uint32_t len, uint32_t off, uint32_t end)
{
	uint32_t size = block_size(len), first = (off + size - 1) / size;
	uint32_t behind = end < len ? end / size : len == 0 ? 1 : (len + size - 1) / size;
	uint64_t mask = 0;

	for (uint32_t i = first; i < behind; i++)
		mask |= UINT64_C(1) << i;
	return mask;
}

static bool block_acked(const struct flight_message *m, uint32_t len, uint32_t off)
{
	return m->acked >> (off / block_size(len)) & 1;
}

static void flight_advance(struct flight *f)
{
	f->sending++;
	f->sending_at = 0;
}

/* Moves on to what is to be sent next of the present message; false: nothing is. */
static bool flight_seek(struct flight *f)
{
	const struct flight_message *m = &f->messages[f->sending];
	struct hs_fragment whole;
	uint32_t size;

	if (m->acked == 0 || !flight_message(f, f->sending, &whole))
		return true;
	if (whole.len == 0)
		return false;
	size = block_size(whole.len);
	while (f->sending_at < whole.len && block_acked(m, whole.len, f->sending_at))
		f->sending_at = (uint16_t)((f->sending_at / size + 1) * size);
	return f->sending_at < whole.len;
}

static void flight_skip(struct flight *f)
{
	for (; f->sending < f->n_messages; flight_advance(f))
		if (flight_seek(f))
			return;
	f->state = f->last ? FLIGHT_FINISHED : FLIGHT_WAITING;
}

static void flight_restart(struct flight *f, uint64_t now_ns)
{
	f->state = FLIGHT_SENDING;
	f->sending = 0;
	f->sending_at = 0;
	f->last_sent_ns = now_ns;
	f->deadline_ns = now_ns + f->timeout_ns;
	flight_skip(f);
}

static bool is_hello(const struct flight *f)
{
	struct hs_fragment first;

	return f->n_messages > 0 && flight_message(f, 0, &first) && first.type == HS_CLIENT_HELLO;
}

/* RFC 9147 §5.8.2: "retain the current timer value until a message is transmitted and acknowledged
 * without having to be retransmitted". But for a hello, whose cookie is good for a while only. */
void flight_send(struct flight *f, uint64_t now_ns, bool last)
{
	if (!by_block(f) || f->n_timeouts == 0 || is_hello(f))
		f->timeout_ns = f->initial_ns;
	f->n_timeouts = 0;
	f->last = last;
	flight_restart(f, now_ns);
}

/* RFC 9147 §5.8.1: only "when none of the messages that it sent in response to that flight have
 * been acknowledged"; in 1.2 none ever is. */
bool flight_repeat(struct flight *f, uint64_t now_ns)
{
	if (f->state != FLIGHT_WAITING || flight_ack_begun(f) ||
	    now_ns - f->last_sent_ns < f->initial_ns / 2)
		return false;
	flight_restart(f, now_ns);
	return true;
}

uint64_t flight_deadline(const struct flight *f)
{
	return f->state == FLIGHT_WAITING && !flight_acked(f) ? f->deadline_ns : UINT64_MAX;
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

/* A server that sends cookies wants a hello whole: in pieces it would never be answered. */
size_t flight_datagram_max(const struct flight *f, size_t mtu)
{
	size_t half = mtu / 2 > FLIGHT_DATAGRAM_MIN ? mtu / 2 : FLIGHT_DATAGRAM_MIN;

	return f->n_timeouts >= FLIGHT_SHRINK_TIMEOUTS && half < mtu && !is_hello(f) ? half : mtu;
}

bool flight_epoch(const struct flight *f, uint8_t *out)
{
	if (f->state != FLIGHT_SENDING || f->sending >= f->n_messages)
		return false;
	*out = f->messages[f->sending].epoch;
	return true;
}

/* How far the next fragment reaches: up to a block that was acknowledged, and no further than there
 * is room; in DTLS 1.3 it ends where a block does, unless it is smaller than one. */
static uint32_t cut_end(const struct flight *f, uint32_t len, size_t room)
{
	const struct flight_message *m = &f->messages[f->sending];
	uint32_t size = block_size(len), end = f->sending_at, aligned;

	while (end < len && !block_acked(m, len, end))
		end = (end / size + 1) * size;
	end = end < len ? end : len;
	if (end - f->sending_at <= room)
		return end;
	end = f->sending_at + (uint32_t)room;
	aligned = end - end % size;
	return by_block(f) && aligned > f->sending_at ? aligned : end;
}

/* Cuts the next fragment of a handshake message. */
static bool flight_cut(struct flight *f, size_t room, struct wr *w)
{
	struct hs_fragment whole;
	uint32_t end, piece, at = f->sending_at;

	if (room < HS_HEADER_LEN || !flight_message(f, f->sending, &whole))
		return false;
	room -= HS_HEADER_LEN;
	end = cut_end(f, whole.len, room);
	piece = end - at;
	if (piece == room && end < whole.len && piece < FRAGMENT_MIN)
		return false;
	hs_header_write(w, whole.type, whole.len, whole.seq, at, piece);
	wr_bytes(w, whole.body.p + at, piece);
	f->cut.blocks = blocks_of(whole.len, at, end);
	f->sending_at = (uint16_t)end;
	if (end == whole.len)
		flight_advance(f);
	return true;
}

bool flight_next(struct flight *f, size_t room, uint8_t *out, size_t *out_len, uint8_t *out_type)
{
	const struct flight_message *m = &f->messages[f->sending];
	struct wr w = wr_of(out, room);

	if (f->state != FLIGHT_SENDING)
		return false;
	*out_type = m->record_type;
	f->cut = (struct flight_sent){ .epoch = m->epoch, .message = f->sending };
	if (m->record_type == RECORD_HANDSHAKE) {
		if (!flight_cut(f, room, &w))
			return false;
	} else {
		wr_bytes(&w, f->bytes + m->at, m->len);
		if (w.failed)
			return false;
		flight_advance(f);
	}
	flight_skip(f);
	return wr_finish(&w, out_len);
}

void flight_sent(struct flight *f, uint64_t number)
{
	if (!by_block(f) || f->cut.blocks == 0)
		return;
	f->cut.number = number;
	f->sent[f->n_sent++ % FLIGHT_SENT_MAX] = f->cut;
}

unsigned flight_sent_later(struct flight *f)
{
	unsigned place = f->n_sent % FLIGHT_SENT_MAX;

	f->cut.number = UINT64_MAX;
	f->sent[place] = f->cut;
	f->n_sent++;
	return place;
}

void flight_number(struct flight *f, unsigned place, uint16_t epoch, uint64_t number)
{
	struct flight_sent *s = &f->sent[place % FLIGHT_SENT_MAX];

	if (s->number != UINT64_MAX)
		return;
	s->epoch = epoch;
	s->number = number;
}

static bool message_acked(const struct flight *f, unsigned i)
{
	struct hs_fragment whole;
	uint64_t all = flight_message(f, i, &whole) ? blocks_of(whole.len, 0, whole.len) : 0;

	return (f->messages[i].acked & all) == all && all != 0;
}

bool flight_ack(struct flight *f, uint64_t epoch, uint64_t number)
{
	bool fresh = false;

	for (unsigned i = 0; by_block(f) && i < FLIGHT_SENT_MAX; i++) {
		const struct flight_sent *s = &f->sent[i];
		struct flight_message *m = &f->messages[s->message];

		if (s->blocks == 0 || s->number == UINT64_MAX || s->epoch != epoch ||
		    s->number != number)
			continue;
		fresh |= (s->blocks & ~m->acked) != 0;
		m->acked |= s->blocks;
	}
	if (fresh && f->state == FLIGHT_SENDING)
		flight_skip(f);
	return fresh;
}

void flight_ack_all(struct flight *f)
{
	for (unsigned i = 0; i < f->n_messages; i++)
		f->messages[i].acked = UINT64_MAX;
}

bool flight_acked(const struct flight *f)
{
	for (unsigned i = 0; i < f->n_messages; i++)
		if (!message_acked(f, i))
			return false;
	return f->n_messages > 0;
}

bool flight_ack_begun(const struct flight *f)
{
	for (unsigned i = 0; i < f->n_messages; i++)
		if (f->messages[i].acked != 0)
			return true;
	return false;
}

void flight_await(struct flight *f, uint64_t now_ns)
{
	f->last = false;
	f->state = FLIGHT_WAITING;
	f->deadline_ns = now_ns + f->timeout_ns;
}

void flight_resume(struct flight *f, uint64_t now_ns)
{
	if (f->state == FLIGHT_WAITING && !flight_acked(f))
		flight_restart(f, now_ns);
}

/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Fragments back into handshake messages (RFC 6347 §4.2.3), in message_seq order.
 *
 * Each pending message is a sorted list of disjoint, non-adjacent chunks, so memory follows the
 * bytes that arrived and never the length that a fragment claims, and a hole is never handed to a
 * parser. A chunk's header is smaller than the record and fragment headers that brought it, so
 * memory never exceeds the bytes received. Slots are found by message_seq, not searched or sorted.
 */
#pragma once

#include "hs_msg.h"

enum {
	REASSEMBLY_SLOTS = 8, /* the message that is due, and those of its flight behind it */
	REASSEMBLY_MESSAGE_MAX = 1024,
	REASSEMBLY_MEMORY_MAX = 2048, /* chunks and their headers, all slots */
	/* While a Certificate may come: two chunks become one, so it is there twice for a moment.
	 */
	REASSEMBLY_CERTIFICATE_MAX = 3 + 4096,
	REASSEMBLY_CERTIFICATE_MEMORY_MAX = 2 * REASSEMBLY_CERTIFICATE_MAX + 256,
	/* Of a message with holes. A fragment is compared with all of them, and a datagram has room
	 * for a hundred fragments; a peer that sends no smaller ones than it must has a few. */
	REASSEMBLY_PIECES_MAX = 32,
};

struct reassembly_alloc {
	void *(*alloc)(void *arg, size_t len);
	void (*release)(void *arg, void *p);
	void *arg;
};

struct reassembly_chunk;

struct reassembly_slot {
	struct reassembly_chunk *chunks;
	uint32_t len;
	uint8_t type;
	uint8_t epoch; /* a message never mixes them */
	uint8_t n_chunks;
	bool used;
};

struct reassembly {
	struct reassembly_alloc alloc;
	struct reassembly_slot slots[REASSEMBLY_SLOTS]; /* by message_seq modulo */
	size_t memory;                                  /* in chunks now */
	bool certificates;                              /* one may come */
	uint16_t next;                                  /* message_seq that is due */
};

enum reassembly_result {
	REASSEMBLY_KEPT,     /* kept, or all of it was known */
	REASSEMBLY_OLD,      /* message_seq below next */
	REASSEMBLY_AHEAD,    /* message_seq beyond the slots */
	REASSEMBLY_IGNORED,  /* empty fragment of a message that is not, other epoch, no memory,
			      * too many pieces */
	REASSEMBLY_CONFLICT, /* contradicts what is known, or too long: abort (bad-input B2, B5, B8)
			      */
};

/* A whole message; body is borrowed until reassembly_advance. */
struct reassembly_message {
	struct rd body;
	uint16_t seq;
	uint8_t type;
	uint8_t epoch;
};

void reassembly_init(struct reassembly *r, const struct reassembly_alloc *alloc, uint16_t next);

/* reassembly_free: wipes and releases all chunks. */
void reassembly_free(struct reassembly *r);

/* reassembly_add: keeps what is new of a fragment that hs_fragment_next accepted. A fragment of
 * a later epoch displaces what came for its message in an earlier one, never the other way. */
enum reassembly_result reassembly_add(struct reassembly *r, uint8_t epoch,
				      const struct hs_fragment *f);

/* reassembly_whole: whether a fragment is the due message as a whole and nothing of that message
 * is kept, so that it can be handled where it is; call reassembly_advance afterwards. */
bool reassembly_whole(const struct reassembly *r, const struct hs_fragment *f);

/* reassembly_in_order: whether a fragment is of the due message and leaves no gap in it. */
bool reassembly_in_order(const struct reassembly *r, const struct hs_fragment *f);

/* reassembly_due: the due message, once it is complete. */
bool reassembly_due(const struct reassembly *r, struct reassembly_message *out) MUST_USE;

/* reassembly_take: the due message's bytes, which are the caller's to give to alloc.release from
 * now on, where they are kept here, zeros behind them in their block; false: they are not. m->body
 * is gone with them. */
bool reassembly_take(struct reassembly *r, uint8_t **out, uint16_t *out_len) MUST_USE;

/* reassembly_advance: the due message was handled; the next one is due. */
void reassembly_advance(struct reassembly *r);

/* reassembly_discard: forgets what is kept of the due message, which stays due. */
void reassembly_discard(struct reassembly *r);

/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * The flight machine of RFC 6347 §4.2.4 and RFC 9147 §5.8.1, for both roles and versions:
 *
 *            +-----------+
 *      +---> | PREPARING | <--------------------+
 *      |     +-----------+                      |
 *      |           | buffer next flight         |
 *      |          \|/                           |
 *      |     +-----------+                      |
 *      |     |  SENDING  | <---------+          | receive next flight
 *      |     +-----------+           |          |
 *      |           | all handed out  | timer expires, the peer repeats its
 *      |          \|/                | flight or acknowledges a part of ours
 *      |     +-----------+           |          |
 *      |     |  WAITING  | ----------+----------+
 *      |     +-----------+
 *      |           | nothing to wait for, or all is acknowledged
 *      |          \|/
 *      |     +-----------+
 *      +---- | FINISHED  |
 *            +-----------+
 *
 * A flight is messages, kept whole; records are cut from them only when they are sent. So a
 * repetition has the same bytes and message_seq, whatever the record numbers, sizes and packing.
 *
 * In DTLS 1.3 a peer acknowledges records, and what they held is not sent again. So a message is
 * counted in blocks, records are cut at their borders, and it is remembered which record had which.
 */
#pragma once

#include "hs_msg.h"

enum {
	FLIGHT_MESSAGES_MAX = 6,
	FLIGHT_BYTES_MAX = 960,     /* a client's hello with the longest cookie and ticket */
	FLIGHT_RECORDS_MAX = 10,    /* in one transmission (checklist 25) */
	FLIGHT_SHRINK_TIMEOUTS = 2, /* then smaller datagrams (RFC 6347 §4.1.1.1) */
	FLIGHT_DATAGRAM_MIN = 256,
	FLIGHT_BLOCKS_MAX = 64, /* of a message, each of at least */
	FLIGHT_BLOCK = 32,
	FLIGHT_SENT_MAX = 32, /* records that are remembered, the newest */
};

enum flight_state { FLIGHT_PREPARING, FLIGHT_SENDING, FLIGHT_WAITING, FLIGHT_FINISHED };

struct flight_message {
	uint16_t at, len; /* in bytes: handshake header and body, or a ChangeCipherSpec's body */
	/* The body when it stands elsewhere, body_len bytes; len is that of the header then. */
	const uint8_t *body;
	uint16_t body_len;
	uint8_t epoch;
	uint8_t record_type;
	uint64_t acked; /* bit i: the i-th block was acknowledged */
};

/* What a record had: blocks of one message. */
struct flight_sent {
	uint64_t number; /* UINT64_MAX: not known yet */
	uint64_t blocks; /* as flight_message.acked; 0: none */
	uint16_t epoch;
	uint8_t message;
};

struct flight {
	enum flight_state state;
	uint64_t initial_ns, max_ns; /* timeouts */
	uint64_t timeout_ns;         /* of the present wait */
	uint64_t deadline_ns;
	uint64_t last_sent_ns;
	unsigned n_timeouts;
	bool last; /* no answer is expected */
	uint8_t n_messages;
	uint8_t sending;     /* message to cut from next */
	uint16_t sending_at; /* body bytes of it that went out */
	uint16_t used;
	uint8_t n_sent;           /* modulo FLIGHT_SENT_MAX: where the next one is remembered */
	struct flight_sent cut;   /* by the latest flight_next; its number is not known yet */
	struct flight_sent *sent; /* FLIGHT_SENT_MAX of them, borrowed; NULL: DTLS 1.2 */
	struct flight_message messages[FLIGHT_MESSAGES_MAX];
	uint8_t bytes[FLIGHT_BYTES_MAX];
};

/* flight_init: f is all zero. */
void flight_init(struct flight *f, uint64_t timeout_ns, uint64_t timeout_max_ns);

/* flight_by_block: DTLS 1.3: from the next flight on; sent is for its records, and borrowed. */
void flight_by_block(struct flight *f, struct flight_sent sent[FLIGHT_SENT_MAX]);

/* flight_wipe: forgets the messages and everything in them. */
void flight_wipe(struct flight *f);

/* flight_begin: PREPARING; the previous flight is forgotten. */
void flight_begin(struct flight *f);

/* flight_open, flight_close: a handshake message: the caller writes its body between them; false
 * when the flight is full. */
struct wr flight_open(struct flight *f);
bool flight_close(struct flight *f, const struct wr *body, uint8_t epoch, uint8_t type,
		  uint16_t seq) MUST_USE;

/* flight_borrow: a handshake message whose body is borrowed until the flight is wiped or another
 * one begins: what many handshakes send is not copied into each. */
bool flight_borrow(struct flight *f, struct rd body, uint8_t epoch, uint8_t type,
		   uint16_t seq) MUST_USE;

/* flight_message: the i-th message (i < n_messages), unfragmented, borrowed until flight_begin;
 * false: it is a ChangeCipherSpec. */
bool flight_message(const struct flight *f, unsigned i, struct hs_fragment *out) MUST_USE;

/* flight_ccs: a ChangeCipherSpec at this place, in the clear. */
bool flight_ccs(struct flight *f) MUST_USE;

/* flight_send: SENDING, with a fresh timer. last: nothing is awaited afterwards. */
void flight_send(struct flight *f, uint64_t now_ns, bool last);

/* flight_repeat: the peer repeated its flight: SENDING again, at most twice per timeout. false:
 * too early, or nothing to repeat. */
bool flight_repeat(struct flight *f, uint64_t now_ns);

/* flight_deadline: when flight_timeout is due; UINT64_MAX: never. */
uint64_t flight_deadline(const struct flight *f);

/* flight_timeout: SENDING again and the timeout doubled, when it is due. */
void flight_timeout(struct flight *f, uint64_t now_ns);

/* flight_datagram_max: how large a datagram should be, given the configured size: smaller after
 * some timeouts, but for a ClientHello. */
size_t flight_datagram_max(const struct flight *f, size_t mtu);

/* flight_epoch: the epoch of the next record to send; false when none is left. */
bool flight_epoch(const struct flight *f, uint8_t *out) MUST_USE;

/* flight_next: the next record's plaintext, at most room bytes, into out; false when it does not
 * fit: send what was packed and come back with a whole datagram of room. */
bool flight_next(struct flight *f, size_t room, uint8_t *out, size_t *out_len,
		 uint8_t *out_type) MUST_USE;

/* flight_sent: the number that the record of the latest flight_next got. */
void flight_sent(struct flight *f, uint64_t number);

/* flight_sent_later: somebody else gives that record its number, and its epoch: returns its place,
 * below FLIGHT_SENT_MAX, for flight_number, which is told them. In DTLS 1.3. */
unsigned flight_sent_later(struct flight *f);
void flight_number(struct flight *f, unsigned place, uint16_t epoch, uint64_t number);

/* flight_ack: a record was acknowledged; one that is not remembered is ignored. Returns whether
 * something was that had not been. */
bool flight_ack(struct flight *f, uint64_t epoch, uint64_t number);

/* flight_ack_all: as if every record had been: the peer's answer says so. */
void flight_ack_all(struct flight *f);

/* flight_acked: whether all of a flight that was sent is acknowledged; flight_ack_begun: or some.
 */
bool flight_acked(const struct flight *f);
bool flight_ack_begun(const struct flight *f);

/* flight_await: after the last flight, of which nothing was awaited: its ACK is after all. */
void flight_await(struct flight *f, uint64_t now_ns);

/* flight_resume: SENDING again what was not acknowledged, when something else was. */
void flight_resume(struct flight *f, uint64_t now_ns);

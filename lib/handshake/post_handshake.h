/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * What two ends of DTLS 1.3 say after the handshake (RFC 9147 §5.8.4, §7, §8, in the text of
 * rfc9147bis): KeyUpdate both ways, a server's NewSessionTickets until they are acknowledged, and
 * whatever messages else the caller knows. One session, either role, sans-IO: records that the
 * session opened go in; what to do about keys, ACKs and messages to seal comes out.
 *
 *            next epoch's keys beside the old ones, ACK
 *   peer's KeyUpdate ---> first record under them (not seen here): the old ones go
 *
 *   ours ---> sealed, again at each timeout ---> ACKed with all before it: seal with the next keys
 *
 * One flight of ours at a time is under way, and one message is all of it but for the tickets that
 * come from the handshake. Messages of the peer are taken whole and in order, which all are that a
 * session is sent: what is in pieces or ahead of its turn is not acknowledged, so that it comes
 * again; what comes again is acknowledged again (bad-input L6).
 *
 * Every function is for the core that has the state.
 */
#pragma once

#include "flight.h"
#include "key_schedule13.h"
#include "status.h"
#include "suite.h"

enum { POST_HANDSHAKE_CID_REQUESTS_MAX = 127 }; /* counting ends there */

/* Messages of ours that are not acknowledged yet. */
struct post_handshake_flight {
	struct flight flight;
	struct flight_sent sent[FLIGHT_SENT_MAX];
};

/* What lasts of a handshake, as long as its session does. A secret: wipe it. */
struct post_handshake {
	/* Of the newest keys of either direction: the peer's may not be in use yet, ours are. */
	uint8_t rx_secret[HASH_MAX], tx_secret[HASH_MAX];
	uint16_t rx_epoch, tx_epoch;
	uint16_t rx_seq, tx_seq; /* message_seq of the next message */
	uint16_t suite;          /* IANA number */
	uint8_t cid_requests;    /* of the peer, that were answered (post_cids.h) */
	/* An update of our keys is to follow what is under way, which asks the peer for another. */
	bool wanted, wanted_both;
	/* Nothing more is said: the peer awaits a message that was given up. */
	bool silent;
	struct post_handshake_flight *flight; /* under way; NULL: none */
};

/* Borrowed. */
struct post_handshake_config {
	uint64_t timeout_ns, timeout_max_ns; /* of the first repetition; of any */
	unsigned repeats;                    /* then a flight is given up */
	/* For a struct post_handshake_flight; NULL: no room, and what was to be said is not. */
	void *(*alloc)(void *arg, size_t len);
	void (*release)(void *arg, void *p);
	void *alloc_arg;
	/* The next message of the peer, whole, when it is no KeyUpdate, with its header in record;
	 * STATUS_OK: taken. STATUS_HS_LATER: not now; it is not acknowledged, so that it comes
	 * again. Else the session ends with *alert. NULL: none is allowed. */
	enum status (*message)(void *arg, const struct hs_fragment *m, struct rd record,
			       enum alert *alert);
	void *message_arg;
};

/* A handshake record or an ACK that the session opened. */
struct post_handshake_record {
	uint64_t number; /* epoch << 48 | sequence number: of the keys that opened it */
	uint8_t type;    /* enum record_type */
	struct rd content;
};

/* What came of it. In this order: */
struct post_handshake_result {
	enum status status; /* for counting; STATUS_OK: nothing */
	bool rx_keys;       /* records of rx_epoch may come from now on */
	bool tx_keys;       /* ours are of tx_epoch from now on */
	bool ack;           /* acknowledge the record */
	bool ends;          /* the session, with this alert */
	enum alert alert;
};

/* post_handshake_input: a record. Afterwards drain post_handshake_output. */
void post_handshake_input(struct post_handshake *p, const struct post_handshake_config *cfg,
			  uint64_t now_ns, const struct post_handshake_record *record,
			  struct post_handshake_result *out);

/* post_handshake_update: our keys are to be updated, when what is under way is acknowledged; both:
 * the peer's too, which it is asked for, unless an update is under way already. false: they cannot
 * be: nothing is said any more, epochs or messages are used up, or there is no room for a flight.
 * post_handshake_updating: whether that is under way. Afterwards drain post_handshake_output. */
bool post_handshake_update(struct post_handshake *p, const struct post_handshake_config *cfg,
			   uint64_t now_ns, bool both) MUST_USE;
bool post_handshake_updating(const struct post_handshake *p);

/* post_handshake_open: a flight to put messages into (flight_open, flight_close with tx_seq, which
 * is the caller's to count on) and to send (flight_send); NULL: another is under way, nothing is
 * said any more, or there is no room. */
struct flight *post_handshake_open(struct post_handshake *p,
				   const struct post_handshake_config *cfg);

/* post_handshake_output: content for the next handshake record to seal, at most room bytes; false:
 * none is left. post_handshake_sealed: the number that it got, epoch << 48 | sequence number, which
 * may be told later or never; token, never 0, says which record it was. */
bool post_handshake_output(struct post_handshake *p, size_t room, uint8_t *out, size_t *out_len,
			   uint16_t *token) MUST_USE;
void post_handshake_sealed(struct post_handshake *p, uint16_t token, uint64_t number);

/* post_handshake_deadline: when to call post_handshake_timeout; UINT64_MAX: never. STATUS_OK, or
 * what was given up. Afterwards drain post_handshake_output. */
uint64_t post_handshake_deadline(const struct post_handshake *p);
enum status post_handshake_timeout(struct post_handshake *p,
				   const struct post_handshake_config *cfg, uint64_t now_ns);

/* post_handshake_ack: the ACK of a record: POST_HANDSHAKE_ACK_LEN bytes. */
enum { POST_HANDSHAKE_ACK_LEN = 2 + 16 };
void post_handshake_ack(uint64_t number, uint8_t out[POST_HANDSHAKE_ACK_LEN]);

/* post_handshake_drop: forgets what is under way. post_handshake_wipe: everything. */
void post_handshake_drop(struct post_handshake *p, const struct post_handshake_config *cfg);
void post_handshake_wipe(struct post_handshake *p, const struct post_handshake_config *cfg);

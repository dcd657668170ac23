/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * A handshake in memory, and what its parts ask of each other. Private to lib/handshake.
 *
 *   handshake.c          the API: input, timers, output, jobs, events
 *   inbound.c            datagram -> records, and those that are held
 *   fragments.c          -> fragments -> messages -> handlers
 *   acknowledge.c        1.3: what came, and what arrived
 *   server.c             the server's ClientHello, which chooses the version
 *   server12.c client12.c    the messages of DTLS 1.2, a table and a handler each
 *   server13.c client13.c    those of DTLS 1.3
 *   keys12.c keys13.c    what both ends derive
 *   auth12.c auth13.c    what they sign, and show of themselves
 *   auth.c               ephemeral keys, certificates and signatures of either version
 *   resume12.c           the abbreviated handshake of 1.2, and what the full one promises for it
 *   psk13.c ticket13.c   the PSKs of 1.3: those that a hello offers, those that a ticket gives
 *   hello13.c            the hello that a client of 1.3 sends
 *   resume.c             what a server of either version asks of a session, and keeps of one
 *   record_limits.c      how large records may be
 *   hello_cid.c          connection IDs and return routability
 *   messages.c           messages as they are, for signatures of 1.2
 *   flight.c reassembly.c protect.c    what goes out, what comes in, records
 */
#pragma once

#include "acks.h"
#include "flight.h"
#include "handshake.h"
#include "hs_msg13.h"
#include "key_schedule13.h"
#include "messages.h"
#include "protect.h"
#include "reassembly.h"

/* What a handler waits for. */
enum hs_next {
	HS_NEXT_MESSAGE,     /* the next message of the peer's flight */
	HS_NEXT_JOB,         /* h->job; h->resume goes on */
	HS_NEXT_FLIGHT,      /* send the flight, then the peer's */
	HS_NEXT_LAST_FLIGHT, /* send the flight: done; in 1.3 once it is acknowledged */
	HS_NEXT_DONE,        /* done, nothing to send but, in 1.3, the ACK of what was received */
	HS_NEXT_FAIL,        /* connection_fail was called */
};

/* One row of a role's state table. A message that no row lists is unexpected_message. */
struct hs_row {
	uint8_t state;
	uint8_t type;  /* enum hs_type */
	uint8_t epoch; /* that the message must arrive in */
	enum hs_next (*handler)(struct handshake *h, const struct reassembly_message *m);
};

enum connection_outcome { CONNECTION_RUNNING, CONNECTION_DONE, CONNECTION_FAILED };

/* No alert is sent. */
enum { CONNECTION_NO_ALERT = -1 };

/* Bytes of the peer, kept. */
struct connection_copy {
	uint8_t *bytes; /* from cfg->alloc; NULL: none */
	uint16_t len;
};

/* An identity that a hello offers, and the proof that its key is known. */
struct connection_key {
	struct rd identity, binder;
	struct rd imported; /* what the identity stands in: see psk_import.h; empty: nothing */
	uint8_t index;
};

/* What is DTLS 1.3's, in memory of its own: a handshake of 1.2 clears and wipes none of it. Of the
 * fields below, psk, master (the resumption secret), hash, own_point and peer_point are used too.
 */
struct connection13 {
	struct acks acks;                         /* of the peer's flight */
	struct flight_sent sent[FLIGHT_SENT_MAX]; /* of ours */
	struct schedule13 schedule;
	/* traffic secrets: of the newest epoch; of epoch 2, which the Finished are made with */
	uint8_t client_secret[HASH_MAX], server_secret[HASH_MAX];
	uint8_t client_finished[HASH_MAX], server_finished[HASH_MAX];
	uint8_t signed_bytes[HS_VERIFY13_INPUT_MAX]; /* while a job works on them */
	bool by_psk;                                 /* not by certificates */
	uint8_t psk_index;                           /* the PSK's, among those offered */

	/* server, while PSKs are looked for; all in handshake.hello */
	struct rd identities, binders; /* those to come */
	struct rd ticket_binder;       /* of the ticket that is looked up */
	struct connection_key key;     /* the first that a key may have; no identity: none yet */
	uint8_t n_psks;                /* that were looked at */
	enum hs_next (*then)(struct handshake *h);
	uint8_t binder_hash[HASH_MAX]; /* what all binders are over */
	uint8_t n_tickets;             /* that it gave */

	/* client */
	struct handshake_session session; /* that it offers, with handshake.ticket */
	uint16_t group;                   /* of the key share that it sent; 0: none */
	bool retried; /* by a HelloRetryRequest, and handshake.suite is from it */
};

struct handshake {
	const struct handshake_config *cfg;
	const struct hs_row *rows;
	size_t n_rows;
	uint64_t now_ns; /* of the call that is being served */
	uint64_t started_ns;
	enum handshake_role role;
	enum connection_outcome outcome;
	enum status why; /* CONNECTION_FAILED */
	int alert;       /* to send, or CONNECTION_NO_ALERT */
	uint8_t state;   /* of the role's table */
	bool started;    /* server: the hello came; client: the hello went out */
	bool event_given;
	bool ems;
	bool keys_are_new; /* held datagrams can be looked at again */
	bool awaits_ack;   /* 1.3, client: of the last flight */
	uint8_t owner;     /* the core that the session will belong to */
	uint8_t tx_epoch;  /* of our alerts and ACKs: the highest that the peer can open */

	struct reassembly in;
	struct flight out;
	struct protect protect;
	struct transcript *transcript;
	struct messages messages; /* those of the transcript */
	const struct suite *suite;
	const struct identity *interned;

	/* What the rows speak. A server's are those of 1.2 until connection_version: its first row
	 * is the same for both. */
	uint16_t version;
	uint16_t tx_message_seq;
	/* The last message of the peer's previous flight: when it comes again, our flight was
	 * lost (RFC 6347 §4.2.4). */
	uint16_t repeat_seq;
	uint8_t repeat_type;
	bool repeat_armed;

	struct handshake_job job;
	enum handshake_job_kind job_done; /* the last one: what of job is not zero */
	enum hs_next (*resume)(struct handshake *h);
	enum hs_next (*then)(struct handshake *h); /* after a chain of jobs that is shared */

	uint8_t client_random[HS_RANDOM_LEN];
	uint8_t server_random[HS_RANDOM_LEN];
	uint8_t premaster[4 + 2 * PSK_KEY_MAX];
	uint8_t master[MASTER_SECRET_LEN];
	struct prf_key master_key; /* 1.2: all PRFs but the first are under the master secret */
	uint8_t hash[HASH_MAX];    /* of the messages: a PRF job's seed */
	size_t hash_len;
	bool hash_is_new; /* no message came since */
	uint8_t peer_verify[VERIFY_DATA_LEN];
	uint8_t premaster_len;

	uint8_t identity[PSK_IDENTITY_MAX]; /* server: the peer's name, whatever it is proved by */
	uint8_t identity_len;
	uint8_t psk[PSK_KEY_MAX]; /* server: until the session is kept */
	uint8_t psk_len;
	uint8_t cookie[HS_COOKIE_MAX]; /* client */
	uint8_t cookie_len;
	uint8_t n_cookies;

	/* Suites with ephemeral keys and certificates. */
	struct hello_choice choice; /* server: what the hello got */
	struct x509_own *own;       /* one reference; NULL: none */
	struct ecdhe *ecdhe;        /* between our public key and the peer's */
	struct signature_key *peer_key;
	struct connection_copy peer_message;                      /* a job works on it */
	uint8_t params[2 * HS_RANDOM_LEN + 4 + ECDHE_PUBLIC_MAX]; /* as auth12_params makes them */
	uint8_t params_len;
	uint8_t peer_point[ECDHE_PUBLIC_MAX];
	uint8_t peer_point_len;
	uint8_t own_point[ECDHE_PUBLIC_MAX]; /* client */
	uint8_t own_point_len;
	uint16_t peer_group;          /* client */
	uint8_t own_type, peer_type;  /* RFC 7250: what each shows */
	bool certificate_asked;       /* client */
	struct credential credential; /* of the peer */

	uint16_t peer_finished_seq;
	uint8_t n_unopened; /* records of epoch 1 that did not open: see inbound.c */
	uint64_t unopened_seq, unopened_ns;

	/* Bytes of plaintext in a record: of either side in the clear, of ours and of the peer's
	 * when protected. */
	uint16_t plain_limit, tx_limit, rx_limit;
	uint8_t max_fragment_length;     /* RFC 6066 code agreed on; 0: none */
	uint8_t offered_fragment_length; /* client: of the session it offers */

	/* Connection IDs: in the peer's records and in ours; nothing: none. */
	struct connection_copy own_cid, peer_cid;
	bool cid, rrc; /* the extensions: offered by a client, then agreed on */

	struct connection13 *v13; /* NULL: the version is 1.2, or not known yet */

	/* What the session can be resumed by: offered, promised or agreed on. */
	uint8_t session_id[HS_SESSION_ID_MAX];
	uint8_t session_id_len;
	bool ticket_promised; /* a NewSessionTicket comes before the server's Finished */
	bool resumed, by_ticket;
	struct connection_copy hello;  /* server: while the session that it asks for is looked up */
	struct connection_copy ticket; /* client */
	uint32_t ticket_lifetime_s;    /* client */
	uint16_t offered_suite;        /* client: of the session it offers; 0: it offers none */
	uint64_t host;                 /* server: session_state_host of the hello's server name */

	struct connection_copy held[HANDSHAKE_HELD_MAX];
	size_t n_held;
};

/* connection_fail: ends the handshake, with an alert unless CONNECTION_NO_ALERT. For handlers:
 * return connection_fail(...). */
enum hs_next connection_fail(struct handshake *h, enum status why, int alert);

/* connection_unparsed: ends the handshake on a message that did not parse (not HS_PARSE_OK). */
enum hs_next connection_unparsed(struct handshake *h, enum hs_parse how);

/* connection_step: does what a handler or a job asked for. */
void connection_step(struct handshake *h, enum hs_next next);

/* connection_version: the version that was agreed on, and the rows that are in force from the next
 * message on; the handler sets h->state. Client: handshake_new knows them. false: there is no
 * memory for what 1.3 needs. */
bool connection_version(struct handshake *h, uint16_t version, const struct hs_row *rows,
			size_t n_rows) MUST_USE;

/* connection_keys: opens an epoch both ways with keys of h->suite, copied: 1 in DTLS 1.2; in 1.3 2,
 * and 3 as soon as they are known: records of it reach no handler, the session gets them. What was
 * held is looked at again before the next message is awaited. */
void connection_keys(struct handshake *h, uint8_t epoch, const struct traffic_keys *keys);

/* connection_last_epoch: the one that the session begins with. */
static inline uint8_t connection_last_epoch(const struct handshake *h)
{
	return h->version == DTLS_1_3 ? 3 : 1;
}

/* connection_waits: whether a job is under way, so that no message can be handled. */
static inline bool connection_waits(const struct handshake *h) { return h->job.kind != JOB_NONE; }

/* connection_job: h->job is of that kind, and all else in it zero: the caller fills in what it is
 * about and returns HS_NEXT_JOB. resume goes on with its results. */
void connection_job(struct handshake *h, enum handshake_job_kind kind,
		    enum hs_next (*resume)(struct handshake *h));

/* connection_prf: asks for a PRF over the secret with two seeds; resume has it in h->job.prf_out.
 */
struct connection_prf {
	const char *label;
	const uint8_t *secret, *seed1, *seed2;
	size_t secret_len, seed1_len, seed2_len, out_len;
	struct prf_key *key; /* of the secret, kept; or NULL */
};

enum hs_next connection_prf(struct handshake *h, const struct connection_prf *p,
			    enum hs_next (*resume)(struct handshake *h));

/* connection_message: a message of ours behind those of the flight: body is what flight_open gave,
 * filled. Adds it to the transcript if there is one. connection_borrow: the same with a body that
 * is borrowed until the next flight begins. */
bool connection_message(struct handshake *h, const struct wr *body, uint8_t epoch,
			uint8_t type) MUST_USE;
bool connection_borrow(struct handshake *h, struct rd body, uint8_t epoch, uint8_t type) MUST_USE;

/*
 * The transcript has each message's header as the version wants it: all 12 bytes, as of one
 * fragment, in 1.2 (RFC 6347 §4.2.6); type and length in 1.3 (RFC 9147 §5.2).
 *
 * connection_transcript: adds bytes as they are. connection_transcript_header: the header of a
 * message whose body follows by connection_transcript, in parts; seq is not read in 1.3.
 * connection_transcript_retry: 1.3: in the place of the first ClientHello its hash, h->hash_len
 * bytes of h->hash (RFC 8446 §4.4.1).
 */
bool connection_transcript(struct handshake *h, const uint8_t *bytes, size_t len) MUST_USE;
bool connection_transcript_header(struct handshake *h, uint8_t type, uint16_t seq,
				  uint32_t len) MUST_USE;
bool connection_transcript_retry(struct handshake *h) MUST_USE;

/* connection_heard: adds a message of the peer to the transcript. */
bool connection_heard(struct handshake *h, const struct reassembly_message *m) MUST_USE;

/* connection_said: adds the i-th message of the flight to the transcript: for a ClientHello, sent
 * before there was one. */
bool connection_said(struct handshake *h, unsigned i) MUST_USE;

/* connection_hash: the transcript's hash so far into h->hash. */
bool connection_hash(struct handshake *h) MUST_USE;

/* connection_ack: 1.3: acknowledges at once what was received of the peer's flight: where our
 * answer is not the next flight, or takes its time (RFC 9147 §7.1). */
void connection_ack(struct handshake *h);

/* connection_awaits: m was the last message of its flight; when it is repeated, ours is. */
void connection_awaits(struct handshake *h, const struct reassembly_message *m);

/* connection_random: false: randomness failed, and the handshake with it. */
bool connection_random(struct handshake *h, void *out, size_t len) MUST_USE;

/* connection_keep: a copy of len bytes; false without memory. connection_drop: wipes and releases
 * it; fine when there is none. */
bool connection_keep(struct handshake *h, struct connection_copy *out, const void *bytes,
		     size_t len) MUST_USE;
void connection_drop(struct handshake *h, struct connection_copy *copy);

/* connection_take: the due message's bytes to keep, without copying where they are kept already;
 * m->body is gone with them. */
bool connection_take(struct handshake *h, const struct reassembly_message *m,
		     struct connection_copy *out) MUST_USE;

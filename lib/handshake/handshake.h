/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * A DTLS 1.2 handshake, sans-IO: datagrams, time and job results in; datagrams, events and jobs
 * out. Either role. No clock, no socket, no blocking call, no libcrypto public-key call inside.
 *
 * A caller loops: handshake_input or handshake_timeout, then drains handshake_job,
 * handshake_output and handshake_event until each is empty, and calls back at handshake_deadline.
 *
 * One connection is used by one thread. Memory follows the bytes received after the cookie and
 * never exceeds HANDSHAKE_MEMORY_MAX.
 */
#pragma once

#include "aead.h"
#include "hello_select.h"
#include "identity.h"
#include "key_schedule.h"
#include "post_handshake.h"
#include "prf_batch.h"
#include "record.h"
#include "session_state.h"
#include "status.h"
#include "x509_own.h"
#include "x509_trust.h"

enum {
	/* Of which more than 11 KiB are used only while a certificate may come. */
	HANDSHAKE_MEMORY_MAX = 32768,
	HANDSHAKE_DATAGRAM_MAX = 1500,
	HANDSHAKE_REMNANT_MAX = 496,
	HANDSHAKE_HELD_MAX = 2,
	HANDSHAKE_TICKET_MAX = 512, /* client: longer tickets are not kept */
	/* server: bytes of its tickets, see ticket.c */
	HANDSHAKE_SEALED_MAX = 8 + 12 + SESSION_STATE_MAX + 16,
};

enum handshake_role { HANDSHAKE_SERVER, HANDSHAKE_CLIENT };

/* What a connection needs from outside. Borrowed; outlives every connection. */
struct handshake_config {
	const struct hello_policy *policy; /* client: what it offers */
	struct aead *aead; /* for the handshake's own records; shared by the core's connections */
	bool no_ems;       /* client: do not offer RFC 7627 (tests) */
	bool no_ticket;    /* client: do not offer RFC 5077; sessions have ids then */
	/* client: what it asks for, 0: nothing: a code of RFC 6066 §4 (at most
	 * HS_FRAGMENT_LENGTHS), a limit of RFC 8449 (64 to 2^14). A server goes by what it is
	 * asked. */
	uint8_t max_fragment_length;
	uint16_t record_size_limit;
	bool psk_import; /* client: its key is imported for DTLS 1.3 (RFC 9258) */
	/* server: how sessions are resumed, by ids, by tickets, both or neither; a hello that has a
	 * ticket is not resumed by its id (RFC 5077 §3.4) */
	bool session_ids, tickets;
	uint8_t n_tickets; /* DTLS 1.3: that a full handshake gives; 0 is 1, at most 3 */
	/* Our certificate, with one reference; NULL: none. Server: for a host name (len 0: the
	 * client gives none), with a key of one of these kinds (enum signature_kind). Client: the
	 * same, without a name. NULL: no certificates at all. */
	struct x509_own *(*own_find)(void *arg, const uint8_t *name, size_t len, unsigned kinds);
	void *own_arg;
	/* A connection ID of ours, policy->cid_len bytes; core: of handshake_owner. false: fail
	 * the handshake. Server: called once a handshake, when the client offers connection_id;
	 * client: for its first hello. Not called where cid_len is 0. */
	bool (*cid_issue)(void *arg, uint8_t core, uint8_t *out);
	void *cid_arg;
	uint64_t timeout_ns;     /* first retransmission, RFC 6347 §4.2.4.1: 1 s */
	uint64_t timeout_max_ns; /* 60 s */
	uint64_t give_up_ns;     /* whole handshake */
	uint16_t mtu;            /* largest datagram to send, UDP payload bytes */
	bool (*random)(void *arg, void *out, size_t len); /* false: fail the handshake */
	void *random_arg;
	void *(*alloc)(void *arg, size_t len); /* zeros, of handshake_sizes; may return NULL */
	void (*release)(void *arg, void *p);   /* wipes nothing: the handshake does */
	void *alloc_arg;
	/* gives back an interned identity that no INSTALL took over; NULL when jobs give none */
	void (*identity_put)(void *arg, const struct identity *id);
	void *identity_arg;
};

/* handshake_config_system: random, alloc and release become random_bytes, malloc and free. */
void handshake_config_system(struct handshake_config *cfg);

struct handshake;

/* handshake_sizes: what every handshake asks alloc for, and what one of DTLS 1.3 does besides; what
 * it releases of these sizes is all zero again. */
enum { HANDSHAKE_SIZES = 2 };
extern const size_t handshake_sizes[HANDSHAKE_SIZES];

/*
 * handshake_new: a connection. Server: the first input is the ClientHello whose cookie the gate
 * verified; ServerHello has its message_seq, since each hello before it had a HelloVerifyRequest.
 * Client: identity and psk are its credential, and handshake_timeout(now) sends the first hello.
 * NULL without memory.
 */
struct handshake *handshake_new(const struct handshake_config *cfg, enum handshake_role role,
				uint64_t now_ns);
bool handshake_client_credential(struct handshake *h, const uint8_t *identity, size_t identity_len,
				 const uint8_t *psk, size_t psk_len) MUST_USE;

/* handshake_owner: the core that the session will belong to, for cfg->cid_issue; before the first
 * input. 0 where it is not called. */
void handshake_owner(struct handshake *h, uint8_t core);

/*
 * A session that a client can resume: plain data, a master secret among them (wipe it), to be kept
 * as long as the client likes. The ticket's bytes are the caller's to keep, apart; all else is
 * here. It is of use with the server that gave it, and with those that share its ticket keys.
 */
struct handshake_session {
	const uint8_t *ticket; /* RFC 5077; never read when ticket_len is 0 */
	uint32_t lifetime_s;   /* of the ticket, from now on, as the server says; 0: it does not */
	uint16_t ticket_len;   /* <= HANDSHAKE_TICKET_MAX; 0: the session has an id */
	uint16_t suite;        /* IANA number */
	bool ems;              /* RFC 7627; without, it is not resumed */
	uint8_t id_len;
	uint8_t credential;          /* enum credential_kind: what the server proved itself with */
	uint8_t max_fragment_length; /* RFC 6066 §4: it is the same for as long as it is resumed */
	uint8_t master[MASTER_SECRET_LEN]; /* DTLS 1.3: the ticket's PSK */
	union {
		uint8_t id[HS_SESSION_ID_MAX];
		struct {                   /* DTLS 1.3 */
			uint64_t taken_ns; /* when the ticket came */
			uint32_t age_add;
		};
	};
};
_Static_assert(sizeof(struct handshake_session) <= 104, "a million of them");

/* handshake_client_resume: offers a session before the first hello; copies it, ticket included.
 * false, and the handshake is as it was: it has neither ticket nor id, no EMS, a suite that the
 * policy does not offer, another max_fragment_length than the handshake asks for, or there is no
 * memory. The credential is needed all the same, for a server
 * that has forgotten the session or wants a full handshake: handshake_event says which it was. */
bool handshake_client_resume(struct handshake *h, const struct handshake_session *s) MUST_USE;

/* handshake_session: client, after HANDSHAKE_INSTALL and before handshake_free: what the handshake
 * can be resumed with, also when it was itself resumed (perhaps with a newer ticket). The ticket
 * is borrowed from h: copy it before handshake_free and let s->ticket point to the copy. false: the
 * server gave neither ticket nor id, or no EMS; *out is all zero. */
bool handshake_session(const struct handshake *h, struct handshake_session *out) MUST_USE;

/* DTLS 1.3, client: tickets come on the session, when the handshake is gone. handshake_resumption:
 * after HANDSHAKE_INSTALL: what they stand on (a secret; there is no ticket in it yet); false: it
 * is of DTLS 1.2. handshake_ticket: makes of that, and a handshake record that was opened on the
 * session, a session that can be resumed; its ticket is borrowed from the plaintext. false: it is
 * no NewSessionTicket, or too long a one; *out is undefined. */
bool handshake_resumption(const struct handshake *h, struct handshake_session *out) MUST_USE;
bool handshake_ticket(const struct handshake_session *base, uint64_t now_ns,
		      const uint8_t *plaintext, size_t len, struct handshake_session *out) MUST_USE;

/* handshake_free: wipes and releases; safe in every state, NULL allowed. The transcript's hash and
 * libcrypto's keys (an ephemeral one, the peer's: about a kilobyte each) are the only memory that
 * does not come from cfg->alloc. */
void handshake_free(struct handshake *h);

/* handshake_input: one whole datagram. Returns what became of it, for counting. Records of the
 * next epoch that cannot be opened yet are held, up to HANDSHAKE_HELD_MAX datagrams. */
enum status handshake_input(struct handshake *h, uint64_t now_ns, const uint8_t *datagram,
			    size_t len);

/* handshake_hello_matches: whether a datagram begins with the ClientHello of this very handshake
 * (the same random): a retransmission, to be given to handshake_input. Any other hello of the flow
 * whose cookie verified starts a new handshake. Server. */
bool handshake_hello_matches(const struct handshake *h, const uint8_t *datagram, size_t len);

/* handshake_hello_resumes: whether a datagram begins with a ClientHello that asks, in the way of
 * the version that it gets, for a session of which a server with this configuration may know. */
bool handshake_hello_resumes(const struct handshake_config *cfg, const uint8_t *datagram,
			     size_t len);

/* handshake_resumed: server: the session that its hello asked for was found. handshake_over: it
 * came to an end, good or bad; what it has to send and its event may not have been fetched yet. */
bool handshake_resumed(const struct handshake *h);
bool handshake_over(const struct handshake *h);

/* handshake_deadline: when to call handshake_timeout; UINT64_MAX: never. */
uint64_t handshake_deadline(const struct handshake *h);
void handshake_timeout(struct handshake *h, uint64_t now_ns);

/* handshake_output: the next datagram to send, its length in *len; false when there is none. */
bool handshake_output(struct handshake *h, uint8_t out[HANDSHAKE_DATAGRAM_MAX],
		      size_t *len) MUST_USE;

/* Jobs: what a handler cannot or must not do itself. handshake_job gives the one that is waiting;
 * the caller fills the result fields and calls handshake_job_done. */
enum handshake_job_kind {
	JOB_NONE,
	JOB_PSK_LOOKUP,
	JOB_PRF,
	JOB_SESSION_FIND,
	JOB_SESSION_KEEP,
	JOB_ECDHE_KEYGEN,
	JOB_ECDHE_DERIVE,
	JOB_SIGN,
	JOB_VERIFY,
	JOB_VERIFY_PEER,
};

/* What came of looking at a peer's certificate or raw key. */
struct handshake_peer {
	enum status status;        /* STATUS_OK, or why it is not taken */
	enum alert alert;          /* when it is not */
	struct signature_key *key; /* moves to the handshake */
	uint8_t name_len;
	uint8_t name[X509_NAME_LEN_MAX];
	struct credential credential;
};

/* What a kind reads and writes; all of it is zero but for what the handshake set. */
struct handshake_job {
	enum handshake_job_kind kind;
	bool failed; /* out, all kinds: libcrypto or the store failed */
	/* JOB_PSK_LOOKUP, JOB_SESSION_FIND: out: somebody was asked, and the rest comes later;
	 * until then there is no handshake_job_done. Input, timers and output go on meanwhile. */
	bool later;
	bool refused; /* out: JOB_ECDHE_DERIVE, JOB_VERIFY */
	/* out: JOB_PSK_LOOKUP, JOB_SESSION_FIND, JOB_VERIFY_PEER: a reference that moves to the
	 * handshake */
	const struct identity *interned;
	union {
		/* JOB_PRF: key_prf's arguments; out in prf_out. key: of the secret, for whoever
		 * does many PRFs at once (prf_batch.h). */
		struct {
			struct prf_key *prf_key;
			const uint8_t *secret, *seed1, *seed2;
			size_t secret_len, seed1_len, seed2_len, prf_out_len;
			const char *label;
			enum prf_hash hash;
			uint8_t prf_out[160];
		};
		/* JOB_PSK_LOOKUP: in identity; out psk, psk_len 0: unknown (the handshake goes on
		 * with a random key, so that an unknown identity looks like a wrong key: bad-input
		 * F1) and interned (may be NULL when unknown). */
		struct {
			const uint8_t *identity;
			uint16_t identity_len;
			uint8_t psk_len;
			uint8_t psk[PSK_KEY_MAX];
		};
		/* JOB_SESSION_FIND: the session that a hello asks for, by ticket, or by session_id
		 * when ticket_len is 0. out found: it is not too old, the credential that made it
		 * is in force, and session and interned are set; renew: its ticket should be
		 * replaced. Not found: a full handshake follows.
		 * JOB_SESSION_KEEP: keeps session under session_id; when session_id_len is 0, out
		 * sealed: a ticket that is good for lifetime_s. sealed_len 0: there is none, which
		 * is no failure. */
		struct {
			const uint8_t *session_id, *ticket;
			uint16_t ticket_len;
			uint8_t session_id_len;
			bool found, renew;
			struct session_state session;
			uint16_t sealed_len;
			uint32_t lifetime_s;
			uint8_t sealed[HANDSHAKE_SEALED_MAX];
		};
		/* JOB_ECDHE_KEYGEN: in group; out ecdhe, which moves to the handshake, and point.
		 * JOB_ECDHE_DERIVE: in ecdhe and point, the peer's; out shared; refused: it is no
		 * point. */
		struct {
			struct ecdhe *ecdhe;
			uint16_t group;
			uint8_t point_len;
			uint8_t point[ECDHE_PUBLIC_MAX];
			uint8_t shared[ECDHE_SECRET_LEN];
		};
		/* JOB_SIGN: in key and input; out signature and its length.
		 * JOB_VERIFY: in key, input, scheme and peer_signature; out refused: it is wrong.
		 */
		struct {
			const struct signature_key *key;
			struct signature_input input;
			struct rd peer_signature;
			size_t signature_len;
			uint16_t scheme;
			uint8_t signature[SIGNATURE_MAX];
		};
		/* JOB_VERIFY_PEER: in certificate_type (RFC 7250) and certificate, what
		 * certificate_parse gave; out peer, and interned, the name (may be NULL when it is
		 * refused). */
		struct {
			struct rd certificate;
			uint8_t certificate_type;
			struct handshake_peer peer;
		};
	};
};

struct handshake_job *handshake_job(struct handshake *h);
void handshake_job_done(struct handshake *h, uint64_t now_ns);

enum handshake_event_kind { HANDSHAKE_NONE, HANDSHAKE_INSTALL, HANDSHAKE_FAILED };

struct handshake_held {
	const uint8_t *bytes;
	uint16_t len;
};

/* What the connection tells its caller. Everything is borrowed from the handshake until the next
 * call, but identity, whose reference the caller takes over with HANDSHAKE_INSTALL. */
struct handshake_event {
	enum handshake_event_kind kind;
	enum status status; /* HANDSHAKE_FAILED: why */
	/* HANDSHAKE_INSTALL: epoch 1, in DTLS 1.3 epoch 3 is open both ways; from now on only the
	 * owner seals. The last flight is in handshake_output before this event is given; in 1.3
	 * the client's was acknowledged, and the server's ACK is sent. */
	uint16_t version; /* DTLS_1_2 or DTLS_1_3 */
	const struct suite *suite;
	const struct traffic_keys *keys;
	uint64_t tx_seq, rx_newest, rx_window; /* of that epoch, as struct session_install */
	const struct identity *identity;       /* server: who; client, CREDENTIAL_NONE: NULL */
	const struct credential *credential;   /* of the peer; client, resumed: its kind only */
	/* bytes of plaintext in a record; 2^14: no other was agreed */
	uint16_t tx_limit, rx_limit;
	/* Connection IDs (RFC 9146; RFC 9147 §9): in the peer's records, policy->cid_len bytes; in
	 * ours, up to 255. Empty: none there. rrc: RFC 9853 was agreed on. */
	struct rd own_cid, peer_cid;
	bool rrc;
	bool resumed;   /* an abbreviated handshake (RFC 5246 §7.3) */
	bool by_ticket; /* resumed by RFC 5077, not by session id */
	bool mutual;    /* client: it showed a certificate or raw key, for the server asked */
	struct handshake_held held[HANDSHAKE_HELD_MAX];
	size_t n_held;
};

/* handshake_event: the next event; kind HANDSHAKE_NONE when there is none, or while
 * handshake_output still has something to send. INSTALL and FAILED are given once; afterwards the
 * connection takes no input and is to be freed. */
void handshake_event(struct handshake *h, struct handshake_event *out);

/*
 * What outlives the handshake for 2 x MSL, so that a lost final flight is answered again.
 *
 * DTLS 1.3: what opens the client's records of epoch 2, so that a server can acknowledge a Finished
 * that comes again (RFC 9147 §5.8.1): suite, and in bytes its key, IV and key of numbers, and our
 * connection ID. A client has none: its last flight was acknowledged.
 *
 * DTLS 1.2: the plain prefix of the datagram (the records of NewSessionTicket, if there was one,
 * and ChangeCipherSpec) and the Finished message to seal. The last flight is the server's, in an
 * abbreviated handshake the client's; the other side has an empty remnant.
 */
struct handshake_remnant {
	uint64_t last_sent_ns; /* rate limit: once per timeout */
	uint16_t finished_seq; /* message_seq of the peer's Finished, which asks for the repeat */
	uint16_t prefix_len, message_len;
	uint16_t suite;                            /* DTLS 1.3: IANA number; 0: a session of 1.2 */
	uint16_t tx_limit;                         /* DTLS 1.3: bytes of an ACK */
	uint8_t bytes[HANDSHAKE_REMNANT_MAX - 32]; /* prefix, then message */
};
_Static_assert(sizeof(struct handshake_remnant) <= HANDSHAKE_REMNANT_MAX, "remnant budget");

/* handshake_remnant: taken after HANDSHAKE_INSTALL, before handshake_free. Of bytes, what is behind
 * the message is left as it is. */
void handshake_remnant(const struct handshake *h, struct handshake_remnant *out);

/* handshake_remnant_size: what of it is to be kept; what lies behind is never looked at. 0: there
 * is nothing to repeat. */
static inline size_t handshake_remnant_size(const struct handshake_remnant *r)
{
	return r->message_len == 0
		       ? 0
		       : offsetof(struct handshake_remnant, bytes) + r->prefix_len + r->message_len;
}

/* What the plaintext of a handshake record on a live session asks for. */
enum remnant_answer {
	REMNANT_NOTHING,
	REMNANT_REPEAT,           /* repeated Finished: send prefix and message again */
	REMNANT_NO_RENEGOTIATION, /* ClientHello: seal a no_renegotiation warning */
};

/* handshake_remnant_input: decides about an opened handshake record; updates the rate limit. r
 * may be NULL (expired): then only renegotiation is answered. */
enum remnant_answer handshake_remnant_input(struct handshake_remnant *r, uint64_t now_ns,
					    const uint8_t *plaintext, size_t len);

/* handshake_post: DTLS 1.3: taken likewise: what the session's ends go on to say (a server's
 * tickets are under way). false: it is of DTLS 1.2. */
bool handshake_post(const struct handshake *h, const struct post_handshake_config *cfg,
		    struct post_handshake *out) MUST_USE;

enum { HANDSHAKE_ACK_MAX = 2 + 16 * RECORDS_PER_DATAGRAM };

/* handshake_remnant_datagram: DTLS 1.3: a datagram with records of epoch 2 for a live session.
 * Returns the length of the ACK's body to seal in the session's epoch (RECORD_ACK); 0: nothing in
 * it is a handshake record of the client, or one was acknowledged just before. Slow path only. */
size_t handshake_remnant_datagram(struct handshake_remnant *r, struct aead *aead, uint64_t now_ns,
				  const uint8_t *datagram, size_t len,
				  uint8_t out[HANDSHAKE_ACK_MAX]);

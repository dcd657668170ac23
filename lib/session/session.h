/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * A session in memory: an index entry (table.h), a hot line, in DTLS 1.3 a second one that is only
 * read, a cold part, and an overflow line where the suite's keys are longer than 16 bytes or the
 * replay window wider than 64.
 *
 * One writer: the owner poll core. Others may read generation and cold under RCU after checking
 * the generation; cold stays as it was until a grace period after the generation moved on.
 */
#pragma once

#include "flow.h"
#include "identity.h"
#include "key_schedule.h"
#include "record13.h"
#include "ref.h"
#include "suite.h"
#include "table.h"

#include <stdatomic.h>
#include <stddef.h>
#include <string.h>

/* Keys of one direction in DTLS 1.3: of records, then of their numbers (128-bit suites); else the
 * first is twice as long, and for the other see overflow. */
struct session_keys13 {
	uint8_t key[16], sn_key[16];
};

/* Whether a DTLS 1.3 session has the peer's keys of the epoch before its newest (store.h: old). */
enum session_old {
	SESSION_OLD_NONE,
	SESSION_OLD_NEEDED, /* until a record of the newest epoch opened */
	SESSION_OLD_LATE,   /* for records that were overtaken */
};

/*
 * The hot line: what opening a request and sealing its response touch, and all that they write.
 *
 *   OFFSET SIZE
 *      0    32   keys: receive 16, send 16 (128-bit suites); else the IVs' rest, see overflow
 *     32     8   salts: receive 4, send 4
 *     40    12   48-bit numbers: next send, newest received
 *     52     4   generation; 0 never live
 *     56     8   replay window: bit i is newest - i (unused when the window is wide)
 *
 * In DTLS 1.3:
 *      0    32   keys, receive
 *     32     8   next send number, with its epoch
 *     40     4   state
 *     44     8   newest received, with the epoch in its middle
 */
struct session_hot {
	union {
		struct {
			uint8_t rx_key[16];
			uint8_t tx_key[16];
			uint8_t rx_salt[4];
			uint8_t tx_salt[4];
			uint32_t tx_seq_lo;
		};
		struct {
			struct session_keys13 rx13;
			union {
				struct __attribute__((packed, aligned(4))) {
					uint64_t tx_number; /* epoch << 48 | sequence number */
					uint8_t rx_old;     /* enum session_old */
				};
				uint8_t old_iv[AEAD_IV_LEN]; /* of a line of store->old */
			};
		};
		uint8_t secrets[44]; /* all of it, for those who wipe it */
	};
	uint32_t rx_newest_lo;
	union {
		uint16_t tx_seq_hi;
		uint16_t rx_epoch; /* of the newest keys of the peer; its low 16 bits */
	};
	uint16_t rx_newest_hi;
	_Atomic uint32_t generation;
	uint64_t window;
} __attribute__((aligned(64)));
_Static_assert(sizeof(struct session_hot) == 64, "the hot part is one cache line");
_Static_assert(offsetof(struct session_hot, rx_newest_lo) == 44, "secrets are all in front of it");

/* The second hot line of a DTLS 1.3 session: what records only read. A line that is written costs
 * half as much again. */
struct session_read13 {
	struct session_keys13 tx;
	uint8_t tx_iv[AEAD_IV_LEN], rx_iv[AEAD_IV_LEN];
	uint64_t failed_opens; /* of records under the peer's newest keys (RFC 9147 §4.5.3) */
} __attribute__((aligned(64)));
_Static_assert(sizeof(struct session_read13) == 64, "one cache line");

enum { SESSION_SEQ_BITS = 48 };
#define SESSION_SEQ_MAX ((UINT64_C(1) << SESSION_SEQ_BITS) - 1)

/* session_tx_next: the next send number. Owner core only. */
static inline uint64_t session_tx_next(const struct session_hot *hot)
{
	return (uint64_t)hot->tx_seq_hi << 32 | hot->tx_seq_lo;
}

/* session_take_tx_seq: a send number below end, used up by this; false: there is none. end is at
 * most 2^48 - 1: numbers "MUST NOT be allowed to wrap" (RFC 6347 §4.1), so the session closes; that
 * last number is never given out (bad-input K5, checklist 13). Owner core only. */
static inline bool __attribute__((warn_unused_result))
session_take_tx_seq(struct session_hot *hot, uint64_t end, uint64_t *out)
{
	uint64_t seq = session_tx_next(hot);

	if (seq >= end)
		return false;
	hot->tx_seq_lo = (uint32_t)(seq + 1);
	hot->tx_seq_hi = (uint16_t)((seq + 1) >> 32);
	*out = seq;
	return true;
}

/* How a session's records are protected, as its index entry and its messages have it: an enum
 * aead_alg, and these bits. */
enum {
	SESSION_CLASS_ALG = 7,      /* the bits of the algorithm */
	SESSION_CLASS_13 = 8,       /* it speaks DTLS 1.3 */
	SESSION_CLASS_CID = 16,     /* the peer's records carry a connection ID of ours */
	SESSION_CLASS_CID_OUT = 32, /* ours carry one of the peer's */
};
_Static_assert((int)AEAD_N <= (int)SESSION_CLASS_13, "a bit of its own");
_Static_assert((int)SESSION_CLASS_CID == (int)TABLE_TAGGED, "the entry's tag is of the path");
_Static_assert((SESSION_CLASS_CID_OUT | (SESSION_CLASS_CID_OUT - 1)) <= TABLE_CLASS_MAX,
	       "all bits");

static inline bool session_class_is_13(uint8_t class) { return class & SESSION_CLASS_13; }

static inline enum aead_alg session_class_alg(uint8_t class)
{
	return (enum aead_alg)(class & SESSION_CLASS_ALG);
}

static inline bool session_class_has_cid(uint8_t class) { return class & SESSION_CLASS_CID; }

/* session_key_overflows: whether an algorithm's keys stand in the overflow line. */
static inline bool session_key_overflows(enum aead_alg alg)
{
	return alg == AEAD_AES_256_GCM || alg == AEAD_CHACHA20_POLY1305;
}

/* 256-bit keys, in DTLS 1.3 those of record numbers. Else, for ChaCha20, the IVs' bytes 4..11 stand
 * in hot.rx_key and hot.tx_key. */
struct session_overflow {
	uint8_t rx_key[32];
	uint8_t tx_key[32];
} __attribute__((aligned(64)));

/* session_iv: the 12 bytes that a record's nonce is made from: the salt, then the rest of a
 * ChaCha20 IV, or zeros where the record's explicit nonce goes. key16: hot.rx_key with hot.rx_salt,
 * hot.tx_key with hot.tx_salt. Owner core only. */
static inline void session_iv(enum aead_alg alg, const uint8_t salt[4], const uint8_t key16[16],
			      uint8_t out[AEAD_IV_LEN])
{
	memcpy(out, salt, 4);
	if (alg == AEAD_CHACHA20_POLY1305)
		memcpy(out + 4, key16, 8);
	else
		memset(out + 4, 0, 8);
}

/* session_put_keys13: keys of one direction of DTLS 1.3 into a line; returns whether the one of
 * record numbers goes into the overflow line instead. */
static inline bool session_put_keys13(enum aead_alg alg, struct session_keys13 *line,
				      const uint8_t key[AEAD_KEY_MAX],
				      const uint8_t sn_key[AEAD_KEY_MAX])
{
	const bool overflows = session_key_overflows(alg);

	memcpy(line->key, key, 16);
	memcpy(line->sn_key, overflows ? key + 16 : sn_key, 16);
	return overflows;
}

/* No peer of ours asks for less: RFC 8449 §4, and RFC 6066 §4 for what it sends itself. */
enum { SESSION_TX_LIMIT_MIN = 64, SESSION_RX_LIMIT_MIN = 512 };

/* session_beyond: whether a length is beyond a limit; 0: there is none. */
static inline bool session_beyond(uint16_t limit, size_t len) { return limit != 0 && len > limit; }

/* A connection ID of ours is of one length for all (RFC 9146 §3), a peer's of any. */
enum { SESSION_CID_MAX = RECORD13_CID_MAX, SESSION_PEER_CID_MAX = 255, SESSION_PEER_CID_SHORT = 8 };

/* The cold part: set at install, read when something other than a record happens. */
struct session_cold {
	/* The owner's alone: they change when the peer's path does. */
	struct flow flow;
	struct nexthop hop;
	uint16_t tx_limit, rx_limit;     /* as installed */
	const struct identity *identity; /* one reference */
	uint32_t swept_newest;           /* low half of rx newest at the last idle sweep */
	uint32_t failed_opens;           /* in DTLS 1.3 under the keys before the newest */
	uint32_t handshake_slot;         /* who answers a repeated final flight */
	uint32_t handshake_generation;
	uint16_t suite; /* IANA id */
	uint8_t class;
	uint8_t owner; /* poll core index */
	uint8_t handshake_core;
	uint8_t idle_sweeps : 4;
	uint8_t rrc : 1;  /* both ends do return routability checks */
	uint8_t auth : 3; /* what the peer proved itself with: the installer's number */
	uint8_t alerts;   /* ignored ones; too many close the session */
	uint8_t peer_cid_len;
};
/* Of the 320 bytes that a session may cost in all; lines do not matter for it. */
_Static_assert(sizeof(struct session_cold) <= 88, "the cold part's budget is 88 bytes");

/* What a session with connection IDs has beside it. */
struct session_cids {
	struct table_place own;               /* where the index has ours */
	uint8_t peer[SESSION_PEER_CID_SHORT]; /* or it stands in store->peer_cids */
};
_Static_assert(sizeof(struct session_cids) == 16, "connection IDs' budget is 16 bytes");

/* What a finished handshake installs. Key fields are the server's view: rx opens, tx seals. */
struct session_install {
	uint16_t version; /* DTLS_1_3; DTLS_1_2 or 0 */
	struct flow flow;
	struct nexthop hop;
	const struct identity *identity; /* the reference moves to the session */
	uint8_t rx_key[AEAD_KEY_MAX], tx_key[AEAD_KEY_MAX];
	uint8_t rx_iv[AEAD_IV_LEN], tx_iv[AEAD_IV_LEN];
	uint8_t rx_sn_key[AEAD_KEY_MAX], tx_sn_key[AEAD_KEY_MAX]; /* 1.3 only */
	/* All of epoch 1, in DTLS 1.3 of epoch 3. */
	uint64_t tx_seq;    /* next number of ours */
	uint64_t rx_newest; /* newest number received */
	uint64_t rx_window; /* bit i: newest - i was received */
	uint32_t handshake_slot, handshake_generation;
	/* Bytes of plaintext in a record, when both ends agreed on less than 2^14: at least
	 * SESSION_TX_LIMIT_MIN and SESSION_RX_LIMIT_MIN; 0: they did not. In DTLS 1.3 of content:
	 * without the type, which RFC 8449 §4 counts too. */
	uint16_t tx_limit, rx_limit;
	uint16_t suite;
	uint8_t aead, handshake_core, auth;
	/* Connection IDs that were agreed on (RFC 9146, RFC 9147 §9): ours, by which the session is
	 * found then and not by its flow, and the peer's. Without one in a direction, 0 bytes. */
	uint8_t own_cid_len, peer_cid_len;
	bool rrc; /* and return routability checks (RFC 9853) */
	uint8_t own_cid[SESSION_CID_MAX], peer_cid[SESSION_PEER_CID_MAX];
};

/* session_install_class: the class of the session that it makes. */
static inline uint8_t session_install_class(const struct session_install *in)
{
	return (uint8_t)(in->aead | (in->version == DTLS_1_3 ? SESSION_CLASS_13 : 0) |
			 (in->own_cid_len != 0 ? SESSION_CLASS_CID : 0) |
			 (in->peer_cid_len != 0 ? SESSION_CLASS_CID_OUT : 0));
}

/* The next keys of one direction of a DTLS 1.3 session (RFC 9147 §8). The peer's: its records of
 * the epoch before open until one of the new epoch did, and a little longer. Ours: for all that is
 * sealed from then on. */
struct session_rekey {
	uint8_t key[AEAD_KEY_MAX], sn_key[AEAD_KEY_MAX], iv[AEAD_IV_LEN];
	uint16_t epoch; /* its low 16 bits */
	bool tx;        /* ours; else the peer's */
};

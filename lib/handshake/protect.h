/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Records of one connection while it is in handshake: numbers and protection, one record at a
 * time. Epoch 0 is in the clear; epoch 1 is that of DTLS 1.2, 2 and 3 those of DTLS 1.3 (RFC 9147
 * §6.1): each opens once its keys are set. A number is never used twice, so neither is a nonce: in
 * 1.2 the explicit nonce is epoch and number (RFC 5288 §3, RFC 6655 §3, RFC 7905).
 *
 * Where connection IDs were agreed on (RFC 9146, RFC 9147 §9), all records but those in the clear
 * have the peer's, those of the peer ours, and without it none opens.
 */
#pragma once

#include "aead.h"
#include "key_schedule.h"
#include "record13.h"

enum { PROTECT_RECORD_MAX = 1500, PROTECT_EPOCHS = 4 };

struct protect_epoch {
	const struct suite *suite; /* NULL: no keys yet */
	bool rx_seen;              /* a record of it was opened */
	uint64_t tx_seq;           /* next number */
	uint64_t rx_newest;
	uint64_t rx_window; /* bit i: rx_newest - i was opened; as struct session_install */
	struct traffic_keys keys;
};

struct protect {
	struct aead *aead;
	bool client; /* which keys are ours to seal with */
	/* Connection IDs: of the peer's records, of ours. Borrowed; empty: none. */
	struct rd rx_cid, tx_cid;
	struct protect_epoch epochs[PROTECT_EPOCHS];
};

/* protect_set_keys: opens an epoch (1 to 3). Copies the keys. */
void protect_set_keys(struct protect *p, uint8_t epoch, const struct suite *suite,
		      const struct traffic_keys *keys);

/* protect_has: whether an epoch has keys. */
static inline bool protect_has(const struct protect *p, uint8_t epoch)
{
	return p->epochs[epoch].suite != NULL;
}

/* protect_confirmed: whether a record of the peer has opened: it has the keys. */
bool protect_confirmed(const struct protect *p);

/* protect_overhead: bytes that a record of an epoch adds to its plaintext, header included; to one
 * of a handshake message or longer. */
size_t protect_overhead(const struct protect *p, uint8_t epoch);

/* protect_write: one record, with the next number of its epoch; version is that of a record in the
 * clear. false: no room, no keys, or the numbers are used up. */
bool protect_write(struct protect *p, struct wr *w, uint8_t epoch, uint8_t type, uint16_t version,
		   const uint8_t *plaintext, size_t len) MUST_USE;

/* What a record turned out to be. */
struct protect_content {
	uint8_t epoch, type; /* the type that counts: in 1.3 and behind an ID it is encrypted */
	uint64_t seq;
	size_t len;
};

/*
 * protect_open: opens a record of DTLS 1.2's epoch 1 into out (PROTECT_RECORD_MAX bytes),
 * protect_open13 one of 1.3's epochs 2 and 3; both mark nothing. STATUS_OK and *content; or
 * RECORD_EPOCH (no keys), RECORD_CID (not ours, or none where there has to be one), RECORD_SHORT,
 * RECORD_LENGTH, RECORD_TAG, RECORD_REPLAY, RECORD_OLD, RECORD_TYPE (opened, and its type is none
 * that there is: bad-input A16, A17).
 *
 * protect_mark: marks its number, where the record is ours and not the session's that is to come.
 */
enum status protect_open(const struct protect *p, const struct record *rec, uint8_t *out,
			 struct protect_content *content);
enum status protect_open13(const struct protect *p, const struct record13 *rec, uint8_t *out,
			   struct protect_content *content);
void protect_mark(struct protect *p, const struct protect_content *content);

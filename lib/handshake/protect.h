/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Records of one connection while it is in handshake: numbers and protection, one record at a
 * time. Epoch 0 is in the clear; epoch 1 is that of DTLS 1.2, 2 and 3 those of DTLS 1.3 (RFC 9147
 * §6.1): each opens once its keys are set. A number is never used twice, so neither is a nonce: in
 * 1.2 the explicit nonce is epoch and number (RFC 5288 §3, RFC 6655 §3, RFC 7905).
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

/* protect_check: whether a record of epoch 1 is genuine and new; marks nothing. */
enum status protect_check(const struct protect *p, const struct record *rec);

/* protect_open: opens a record of epoch 1 into out (PROTECT_RECORD_MAX bytes) and marks its number.
 * STATUS_OK, or RECORD_REPLAY, RECORD_OLD, RECORD_SHORT, RECORD_LENGTH, RECORD_TAG and nothing is
 * changed. */
enum status protect_open(struct protect *p, const struct record *rec, uint8_t *out,
			 size_t *out_len);

/* What a record of DTLS 1.3 turned out to be. */
struct protect_content {
	uint8_t epoch, type;
	uint64_t seq;
	size_t len;
};

/*
 * protect_open13: opens a record of epoch 2 or 3 into out (PROTECT_RECORD_MAX bytes); marks
 * nothing. STATUS_OK and *content; or RECORD_EPOCH (no keys), RECORD_LENGTH, RECORD_TAG,
 * RECORD_REPLAY, RECORD_OLD, RECORD_TYPE (opened, and its type is none of 1.3's: bad-input
 * A16, A17).
 *
 * protect_mark13: marks its number, where the record is ours and not the session's that is to come.
 */
enum status protect_open13(const struct protect *p, const struct record13 *rec, uint8_t *out,
			   struct protect_content *content);
void protect_mark13(struct protect *p, const struct protect_content *content);

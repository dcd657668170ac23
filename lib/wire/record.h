/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * DTLS 1.2 records (RFC 6347 §4.1): header codec, nonce and additional data. Any thread.
 *
 *   OFFSET SIZE
 *     0     1   content type
 *     1     2   version (0xfefd; 0xfeff on hellos)
 *     3     2   epoch
 *     5     6   sequence number
 *    11     2   length of what follows
 *    13     -   fragment: plaintext, or explicit nonce (8, not ChaCha20) | ciphertext | tag
 */
#pragma once

#include "cursor.h"
#include "status.h"

enum record_type {
	RECORD_CCS = 20,
	RECORD_ALERT = 21,
	RECORD_HANDSHAKE = 22,
	RECORD_APPDATA = 23,
};

enum {
	DTLS_1_0 = 0xfeff,
	DTLS_1_2 = 0xfefd,
	RECORD_HEADER_LEN = 13,
	RECORD_PLAINTEXT_MAX = 1 << 14,
	RECORD_CIPHERTEXT_MAX = (1 << 14) + 2048, /* RFC 5246 §6.2.3 */
	RECORD_EXPLICIT_MAX = 8,
	RECORD_AAD_LEN = 13,
	/* Records looked at in one datagram: more is STATUS_RECORD_TOO_MANY (bad-input A9). */
	RECORDS_PER_DATAGRAM = 16,
};

/* The 48-bit sequence number's ceiling: it never wraps (RFC 6347 §4.1). */
#define RECORD_SEQ_MAX ((UINT64_C(1) << 48) - 1)

struct record {
	uint8_t type;
	uint16_t version;
	uint16_t epoch;
	uint64_t seq;
	struct rd body; /* the fragment; borrows the datagram */
};

/*
 * record_next: the next record of a datagram.
 *
 * STATUS_OK: *out is filled, *datagram is behind it. RECORD_TYPE and RECORD_VERSION: skipped,
 * *datagram is behind it, the caller may go on. RECORD_SHORT and RECORD_LENGTH: nothing more can be
 * made of this datagram, which is emptied; an empty datagram is RECORD_SHORT.
 *
 * Checked in this order: header, length against the datagram and the limit (2^14 in epoch 0, whose
 * records are plain), type (connection IDs, type 25, are not negotiated in this build), version.
 * Whether an epoch, or a type within it, means anything is for the caller to say: application data
 * in epoch 0 parses, and has to be dropped there (bad-input K9).
 */
enum status record_next(struct rd *datagram, struct record *out);

/* record_write_header: the 13 bytes of a header for a fragment of len bytes. */
void record_write_header(struct wr *w, uint8_t type, uint16_t version, uint16_t epoch, uint64_t seq,
			 uint16_t len);

/* record_aad: RFC 5246 §6.2.3.3 additional data: epoch, number, type, version, plaintext length. */
void record_aad(uint8_t out[RECORD_AAD_LEN], uint8_t type, uint16_t epoch, uint64_t seq,
		uint16_t plaintext_len);

/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * DTLS 1.2 records (RFC 6347 §4.1): header codec and additional data. Any thread.
 *
 *   OFFSET SIZE
 *     0     1   content type
 *     1     2   version (0xfefd; 0xfeff on hellos)
 *     3     2   epoch
 *     5     6   sequence number
 *    11     2   length of what follows
 *    13     -   fragment: plaintext, or explicit nonce (8, not ChaCha20) | ciphertext | tag
 *
 * A record with a connection ID (RFC 9146 §4) has type RECORD_CID, the ID between number and
 * length, and in its ciphertext the content, its true type and any zeros, as in DTLS 1.3
 * (record13_put_inner, record13_take_inner).
 */
#pragma once

#include "bytes.h"
#include "cursor.h"
#include "status.h"

enum record_type {
	RECORD_CCS = 20,
	RECORD_ALERT = 21,
	RECORD_HANDSHAKE = 22,
	RECORD_APPDATA = 23,
	RECORD_CID = 25, /* tls12_cid */
	RECORD_ACK = 26, /* DTLS 1.3 */
	RECORD_RRC = 27, /* return_routability_check (rrc.h) */
};

enum {
	DTLS_1_0 = 0xfeff,
	DTLS_1_2 = 0xfefd,
	DTLS_1_3 = 0xfefc, /* in supported_versions only: records say 1.2 */
	RECORD_HEADER_LEN = 13,
	RECORD_PLAINTEXT_MAX = 1 << 14,
	RECORD_CIPHERTEXT_MAX = (1 << 14) + 2048, /* RFC 5246 §6.2.3 */
	RECORD_EXPLICIT_MAX = 8,
	RECORD_AAD_LEN = 13,
	RECORD_CID_MAX = 255, /* what a peer may want of us; of ours see cid_format.h */
	RECORD_HEADER_CID_MAX = RECORD_HEADER_LEN + RECORD_CID_MAX,
	RECORD_AAD_CID_LEN = 23, /* and the connection ID itself */
	RECORD_AAD_CID_MAX = RECORD_AAD_CID_LEN + RECORD_CID_MAX,
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
	struct rd cid;  /* of a RECORD_CID; else none. Borrows the datagram, as the body does */
	struct rd body; /* the fragment */
};

/* record_type_known: what an association without connection IDs speaks. */
static inline bool record_type_known(uint8_t type)
{
	return type >= RECORD_CCS && type <= RECORD_APPDATA;
}

/* record_version_known: a client that does not know our version yet puts DTLS 1.0 on its hellos,
 * and on an alert that answers the first flight (RFC 6347 §4.1); everything later carries what was
 * negotiated. */
static inline bool record_version_known(const struct record *r)
{
	if (r->version == DTLS_1_2)
		return true;
	return r->version == DTLS_1_0 && r->epoch == 0 &&
	       (r->type == RECORD_HANDSHAKE || r->type == RECORD_ALERT);
}

/* record_none: leaves out empty, so that it is never what stood there before. */
static inline enum status record_none(struct record *out, enum status why)
{
	*out = (struct record){ 0 };
	return why;
}

/*
 * record_next: the next record of a datagram of an association without connection IDs.
 *
 * STATUS_OK: *out is filled, *datagram is behind it. RECORD_TYPE and RECORD_VERSION: skipped,
 * *datagram is behind it, the caller may go on. RECORD_SHORT and RECORD_LENGTH: nothing more can be
 * made of this datagram, which is emptied; an empty datagram is RECORD_SHORT. Where it is not OK,
 * *out is all zeros.
 *
 * Checked in this order: header, length against the datagram and the limit (2^14 in epoch 0, whose
 * records are plain), type (RECORD_CID is none that was negotiated: bad-input A18), version.
 * Whether an epoch, or a type within it, means anything is for the caller to say: application data
 * in epoch 0 parses, and has to be dropped there (bad-input K9).
 */
static inline enum status record_next(struct rd *datagram, struct record *out)
{
	struct rd at = *datagram, head;
	struct record r;
	uint64_t number;

	datagram->p = datagram->end; /* what stands behind a bad length is no record */
	if (!rd_sub(&at, RECORD_HEADER_LEN, &head))
		return record_none(out, STATUS_RECORD_SHORT);
	number = bytes_u64(head.p + 3);
	r.type = head.p[0];
	r.version = bytes_u16(head.p + 1);
	r.epoch = (uint16_t)(number >> 48);
	r.seq = number & RECORD_SEQ_MAX;
	r.cid = (struct rd){ NULL, NULL };
	if (!rd_sub(&at, bytes_u16(head.p + 11), &r.body) ||
	    rd_len(&r.body) > (size_t)(r.epoch == 0 ? RECORD_PLAINTEXT_MAX : RECORD_CIPHERTEXT_MAX))
		return record_none(out, STATUS_RECORD_LENGTH);
	*datagram = at;
	if (!record_type_known(r.type))
		return record_none(out, STATUS_RECORD_TYPE);
	if (!record_version_known(&r))
		return record_none(out, STATUS_RECORD_VERSION);
	*out = r;
	return STATUS_OK;
}

/*
 * record_next_cid: the same where connection IDs were agreed on; cid_len: of those that the peer
 * was given, 0: it was given an empty one, and sends none.
 *
 * Takes records of all types of record_next too, as those of epoch 0 have no connection ID; whether
 * a later epoch's may have none is for the caller to say (RFC 9146 §3: it may not, with cid_len
 * above 0). RECORD_RRC is one in the clear only where cid_len is 0; with it, an inner type.
 * RECORD_CID as a status: one with a connection ID where the peer was given an empty one, or in
 * epoch 0; nothing more can be made of the datagram.
 */
static inline enum status record_next_cid(struct rd *datagram, size_t cid_len, struct record *out)
{
	struct rd at = *datagram, head;
	struct record r;
	uint64_t number;
	const bool plain_rrc = cid_len == 0 && rd_len(&at) > 0 && at.p[0] == RECORD_RRC;

	if (rd_len(&at) == 0 || (at.p[0] != RECORD_CID && !plain_rrc))
		return record_next(datagram, out);
	datagram->p = datagram->end;
	if (at.p[0] == RECORD_CID && cid_len == 0)
		return record_none(out, STATUS_RECORD_CID);
	if (!rd_sub(&at, RECORD_HEADER_LEN + cid_len, &head))
		return record_none(out, STATUS_RECORD_SHORT);
	number = bytes_u64(head.p + 3);
	r.type = head.p[0];
	r.version = bytes_u16(head.p + 1);
	r.epoch = (uint16_t)(number >> 48);
	r.seq = number & RECORD_SEQ_MAX;
	r.cid = rd_of(head.p + 11, cid_len);
	if (!rd_sub(&at, bytes_u16(head.end - 2), &r.body) ||
	    rd_len(&r.body) > RECORD_CIPHERTEXT_MAX)
		return record_none(out, STATUS_RECORD_LENGTH);
	if (r.epoch == 0)
		return record_none(out, STATUS_RECORD_CID);
	*datagram = at;
	if (r.version != DTLS_1_2)
		return record_none(out, STATUS_RECORD_VERSION);
	*out = r;
	return STATUS_OK;
}

/* record_cid_at: the connection ID, of cid_len bytes, of a record that starts at p with RECORD_CID;
 * NULL: it is cut off. Of a DTLS 1.3 record: record13_cid_at. */
static inline const uint8_t *record_cid_at(const uint8_t *p, size_t len, size_t cid_len)
{
	return len < RECORD_HEADER_LEN + cid_len ? NULL : p + RECORD_HEADER_LEN - 2;
}

/* Type and version, as the machine stores them, with a byte to spare. */
static inline uint32_t record_raw_type(uint8_t type, uint16_t version)
{
	return (uint32_t)htobe16(version) << 8 | type;
}

/* record_put_header: the 13 bytes of a header for a fragment of len bytes. What is written too far
 * is written over by the next. seq <= RECORD_SEQ_MAX. */
static inline void record_put_header(uint8_t out[RECORD_HEADER_LEN], uint8_t type, uint16_t version,
				     uint16_t epoch, uint64_t seq, uint16_t len)
{
	bytes_put_raw32(out, record_raw_type(type, version));
	bytes_put_u64(out + 3, (uint64_t)epoch << 48 | seq);
	bytes_put_u16(out + 11, len);
}

/* record_write_header: the same through a writer, which fails at a number beyond the ceiling. */
static inline void record_write_header(struct wr *w, uint8_t type, uint16_t version, uint16_t epoch,
				       uint64_t seq, uint16_t len)
{
	uint8_t *at = wr_space(w, RECORD_HEADER_LEN);

	if (at == NULL)
		return;
	if (seq > RECORD_SEQ_MAX) {
		w->failed = true;
		return;
	}
	record_put_header(at, type, version, epoch, seq, len);
}

/* record_aad: RFC 5246 §6.2.3.3 additional data: epoch, number, type, version, plaintext length.
 * seq <= RECORD_SEQ_MAX. */
static inline void record_aad(uint8_t out[RECORD_AAD_LEN], uint8_t type, uint16_t epoch,
			      uint64_t seq, uint16_t plaintext_len)
{
	bytes_put_u64(out, (uint64_t)epoch << 48 | seq);
	bytes_put_raw32(out + 8, record_raw_type(type, DTLS_1_2));
	bytes_put_u16(out + 11, plaintext_len);
}

/* record_put_cid_header: the RECORD_HEADER_LEN + cid_len bytes of a header with a connection ID;
 * cid_len is not 0. */
static inline void record_put_cid_header(uint8_t *out, uint16_t epoch, uint64_t seq,
					 const uint8_t *cid, size_t cid_len, uint16_t len)
{
	record_put_header(out, RECORD_CID, DTLS_1_2, epoch, seq, 0);
	bytes_copy_short(out + RECORD_HEADER_LEN - 2, cid, cid_len);
	bytes_put_u16(out + RECORD_HEADER_LEN - 2 + cid_len, len);
}

/*
 * record_cid_aad: RFC 9146 §5.3 additional data, for AEADs; inner_len: of content, type and zeros.
 * Returns its length, RECORD_AAD_CID_LEN + cid_len, so much room there is at out.
 *
 *   8 bytes ff · type 1 · length of ID 1 · type 1 · version 2 · epoch 2 · number 6 · ID · length 2
 */
static inline size_t record_cid_aad(uint8_t *out, uint16_t epoch, uint64_t seq, const uint8_t *cid,
				    size_t cid_len, uint16_t inner_len)
{
	bytes_put_u64(out, UINT64_MAX);
	out[8] = RECORD_CID;
	out[9] = (uint8_t)cid_len;
	bytes_put_raw32(out + 10, record_raw_type(RECORD_CID, DTLS_1_2));
	bytes_put_u64(out + 13, (uint64_t)epoch << 48 | seq);
	bytes_copy_short(out + 21, cid, cid_len);
	bytes_put_u16(out + 21 + cid_len, inner_len);
	return RECORD_AAD_CID_LEN + cid_len;
}

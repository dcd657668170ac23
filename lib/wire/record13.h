/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * DTLS 1.3 records that are protected (RFC 9147 §4, DTLSCiphertext): codec of the unified header,
 * number reconstruction and the inner plaintext. Plain ones (epoch 0) have the header of record.h.
 * Any thread.
 *
 *   BYTES
 *     1     0 0 1 C S L E E: C a connection ID, S a number of 16 bits, L a length, E of the epoch
 *    cid    connection ID, if C
 *   1 | 2   low bits of the sequence number, xored with the first bytes of a mask made of the
 *           fragment's first 16 bytes (aead_mask)
 *   0 | 2   length of what follows, if L; else it is the rest of the datagram
 *     -     fragment: content | type | zeros, encrypted | tag
 *
 * The header as it is before the mask is the additional data. The nonce is the IV xor the number,
 * without the epoch (nonce_implicit).
 */
#pragma once

#include "record.h"

enum {
	RECORD13_FIXED = 0x20, /* the three highest bits, */
	RECORD13_FIXED_BITS = 0xe0,
	RECORD13_CID = 0x10, /* and what the others mean */
	RECORD13_SEQ16 = 0x08,
	RECORD13_LENGTH = 0x04,
	RECORD13_EPOCH_BITS = 0x03,

	RECORD13_HEADER_LEN = 5, /* of what we send: a 16-bit number, a length, no connection ID */
	RECORD13_CID_MAX = 20,   /* so long, a header is additional data that a batch takes */
	RECORD13_HEADER_MAX = 5 + RECORD13_CID_MAX,
	RECORD13_SAMPLE_LEN = 16, /* what the mask is made of; no fragment is shorter */
	RECORD13_INNER_MAX = RECORD_PLAINTEXT_MAX + 1,        /* content, type and zeros */
	RECORD13_CIPHERTEXT_MAX = RECORD_PLAINTEXT_MAX + 256, /* RFC 8446 §5.2 */
	RECORD13_EPOCH_HANDSHAKE = 2,
	RECORD13_EPOCH_DATA = 3, /* the first; KeyUpdate counts on */
};

/* A record as it stands in a datagram, its number still masked. */
struct record13 {
	const uint8_t *header; /* borrows the datagram; the fragment is right behind it */
	uint16_t header_len;
	uint8_t epoch_bits;
	struct rd body; /* the fragment, RECORD13_SAMPLE_LEN bytes or more */
};

/* record13_is: whether a record that starts with this byte is of this kind (RFC 9147 §4.1). */
static inline bool record13_is(uint8_t first)
{
	return (first & RECORD13_FIXED_BITS) == RECORD13_FIXED;
}

/* record13_is_usual: whether it begins a header like ours, of RECORD13_HEADER_LEN bytes, but for
 * the epoch: what most devices send. */
enum { RECORD13_USUAL = RECORD13_FIXED | RECORD13_SEQ16 | RECORD13_LENGTH };
static inline bool record13_is_usual(uint8_t first)
{
	return (first & ~RECORD13_EPOCH_BITS) == RECORD13_USUAL;
}

/* record13_number_len: bytes of the number in a header with this first byte. */
static inline unsigned record13_number_len(uint8_t first) { return first & RECORD13_SEQ16 ? 2 : 1; }

/* Where the number is, told from the end: a length may follow it. */
static inline const uint8_t *record13_number_at(const uint8_t *header, size_t header_len)
{
	size_t behind = record13_number_len(*header) + (*header & RECORD13_LENGTH ? 2U : 0U);

	return header + header_len - behind;
}

/*
 * record13_next: the next record of a datagram in which record13_is the next byte; cid_len: of the
 * connection IDs that the peer was given, at most RECORD_CID_MAX; 0: none was agreed on.
 *
 * STATUS_OK: *out is filled, *datagram is behind it. RECORD_SHORT (the fragment has less than
 * RECORD13_SAMPLE_LEN bytes) and RECORD_LENGTH (more than RECORD13_CIPHERTEXT_MAX): skipped,
 * *datagram is behind it, the caller may go on. The same for a header that ends too soon, or a
 * length beyond the datagram, and RECORD_CID (a connection ID where there is none, or none where
 * there is): *datagram is emptied. Where it is not OK, *out is all zeros.
 */
static inline enum status record13_next(struct rd *datagram, size_t cid_len, struct record13 *out)
{
	const uint8_t first = *datagram->p;
	const bool has_len = first & RECORD13_LENGTH;
	const size_t header_len =
		1 + cid_len + record13_number_len(first) + (has_len ? sizeof(uint16_t) : 0);
	struct rd at = *datagram, head, body;

	*out = (struct record13){ 0 };
	datagram->p = datagram->end; /* what stands behind a bad length is no record */
	if (!(first & RECORD13_CID) != (cid_len == 0))
		return STATUS_RECORD_CID;
	if (!rd_sub(&at, header_len, &head))
		return STATUS_RECORD_SHORT;
	if (!rd_sub(&at, has_len ? bytes_u16(head.end - 2) : rd_len(&at), &body))
		return STATUS_RECORD_LENGTH;
	*datagram = at;
	if (rd_len(&body) < RECORD13_SAMPLE_LEN)
		return STATUS_RECORD_SHORT;
	if (rd_len(&body) > RECORD13_CIPHERTEXT_MAX)
		return STATUS_RECORD_LENGTH;
	*out = (struct record13){ .header = head.p,
				  .header_len = (uint16_t)header_len,
				  .epoch_bits = first & RECORD13_EPOCH_BITS,
				  .body = body };
	return STATUS_OK;
}

/* record13_number: the number that ends in these low bits (8 or 16 of them) and is closest to next,
 * one more than the newest that was opened (RFC 9147 §4.2.2). */
static inline uint64_t record13_number(uint64_t next, uint16_t low, unsigned bits)
{
	const uint64_t range = UINT64_C(1) << bits;
	const uint64_t number = (next & ~(range - 1)) | low;

	if (number + range / 2 < next)
		return number + range;
	return number >= next + range / 2 && number >= range ? number - range : number;
}

/*
 * record13_unmask: takes the mask off a record's number. aad: header_len bytes of room, which get
 * the header as it was sealed. Returns the whole number; next as in record13_number.
 */
static inline uint64_t record13_unmask(const uint8_t *header, size_t header_len,
				       const uint8_t mask[2], uint64_t next, uint8_t *aad)
{
	uint8_t *number;

	if (__builtin_expect(record13_is_usual(*header) && header_len == RECORD13_HEADER_LEN, 1)) {
		const uint32_t rest = bytes_u32(header + 1) ^ (uint32_t)bytes_u16(mask) << 16;

		aad[0] = header[0];
		bytes_put_u32(aad + 1, rest);
		return record13_number(next, (uint16_t)(rest >> 16), 16);
	}
	bytes_copy_short(aad, header, header_len);
	number = aad + (record13_number_at(header, header_len) - header);
	number[0] ^= mask[0];
	if (!(*header & RECORD13_SEQ16))
		return record13_number(next, number[0], 8);
	number[1] ^= mask[1];
	return record13_number(next, bytes_u16(number), 16);
}

/* record13_cid_at: the connection ID, of cid_len bytes, of a record that starts at p with
 * RECORD13_CID set; NULL: it is cut off. */
static inline const uint8_t *record13_cid_at(const uint8_t *p, size_t len, size_t cid_len)
{
	return len < 1 + cid_len ? NULL : p + 1;
}

/* record13_first_cid: the connection ID, of cid_len bytes, of a datagram's first record, of either
 * version; NULL: it has none, or is cut off in it. */
static inline const uint8_t *record13_first_cid(const uint8_t *p, size_t len, size_t cid_len)
{
	if (len == 0)
		return NULL;
	if (p[0] == RECORD_CID)
		return record_cid_at(p, len, cid_len);
	return record13_is(p[0]) && p[0] & RECORD13_CID ? record13_cid_at(p, len, cid_len) : NULL;
}

/* record13_header: the RECORD13_HEADER_LEN bytes of a header for a fragment of len bytes, unmasked,
 * as the additional data wants it: the high bytes of a number. record13_put_header: where they go.
 * record13_put_mask: afterwards, in place. */
static inline uint64_t record13_header(uint64_t epoch, uint64_t number, uint16_t len)
{
	return (RECORD13_USUAL | (epoch & RECORD13_EPOCH_BITS)) << 56 |
	       (uint64_t)(uint16_t)number << 40 | (uint64_t)len << 24;
}

static inline void record13_put_header(uint8_t out[RECORD13_HEADER_LEN], uint64_t epoch,
				       uint64_t number, uint16_t len)
{
	const uint64_t header = record13_header(epoch, number, len);

	out[0] = (uint8_t)(header >> 56);
	bytes_put_u32(out + 1, (uint32_t)(header >> 24));
}

static inline void record13_put_mask(uint8_t header[RECORD13_HEADER_LEN], const uint8_t mask[2])
{
	bytes_put_u16(header + 1, bytes_u16(header + 1) ^ bytes_u16(mask));
}

/* record13_put_cid_header, record13_put_cid_mask: the same for a header of RECORD13_HEADER_LEN +
 * cid_len bytes, with the peer's connection ID, of at most RECORD_CID_MAX bytes and not empty. */
static inline void record13_put_cid_header(uint8_t *out, uint64_t epoch, uint64_t number,
					   const uint8_t *cid, size_t cid_len, uint16_t len)
{
	record13_put_header(out + cid_len, epoch, number, len);
	out[0] = (uint8_t)(out[cid_len] | RECORD13_CID);
	bytes_copy_short(out + 1, cid, cid_len);
}

static inline void record13_put_cid_mask(uint8_t *header, size_t cid_len, const uint8_t mask[2])
{
	record13_put_mask(header + cid_len, mask);
}

/* record13_inner_len: bytes of the inner plaintext for so many of content: the type, and zeros
 * where the tag is so short that the fragment were shorter than RECORD13_SAMPLE_LEN. */
static inline size_t record13_inner_len(size_t content_len, size_t tag_len)
{
	return content_len + 1 + tag_len < RECORD13_SAMPLE_LEN ? RECORD13_SAMPLE_LEN - tag_len
							       : content_len + 1;
}

/* record13_put_inner: type and zeros behind the content that stands at inner; returns
 * record13_inner_len, so many bytes of room there must be. tag_len is at most
 * RECORD13_SAMPLE_LEN. */
static inline size_t record13_put_inner(uint8_t *inner, size_t content_len, uint8_t type,
					size_t tag_len)
{
	const size_t len = record13_inner_len(content_len, tag_len);

	inner[content_len] = type;
	for (size_t i = content_len + 1; i < len; i++)
		inner[i] = 0;
	return len;
}

/* record13_take_inner: type and length of the content of an inner plaintext that was opened. false:
 * nothing but zeros (bad-input A16). */
static inline bool MUST_USE record13_take_inner(const uint8_t *inner, size_t len, uint8_t *type,
						size_t *content_len)
{
	while (len > 0 && inner[len - 1] == 0)
		len--;
	if (len == 0)
		return false;
	*type = inner[len - 1];
	*content_len = len - 1;
	return true;
}

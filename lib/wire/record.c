/* SPDX-License-Identifier: BSD-3-Clause */
#include "record.h"

static bool record_type_known(uint8_t type) { return type >= RECORD_CCS && type <= RECORD_APPDATA; }

/* A client that does not know our version yet puts DTLS 1.0 on its hellos, and on an alert that
 * answers the first flight (RFC 6347 §4.1); everything later carries what was negotiated. */
static bool record_version_known(const struct record *r)
{
	if (r->version == DTLS_1_2)
		return true;
	return r->version == DTLS_1_0 && r->epoch == 0 &&
	       (r->type == RECORD_HANDSHAKE || r->type == RECORD_ALERT);
}

static size_t record_limit(const struct record *r)
{
	return r->epoch == 0 ? RECORD_PLAINTEXT_MAX : RECORD_CIPHERTEXT_MAX;
}

/* What stands behind a header that cannot be trusted for its length is not a record. */
static enum status record_give_up(struct rd *datagram, enum status why)
{
	datagram->p = datagram->end;
	return why;
}

enum status record_next(struct rd *datagram, struct record *out)
{
	struct rd at = *datagram;
	struct record r;

	if (rd_len(&at) < RECORD_HEADER_LEN || !rd_u8(&at, &r.type) || !rd_u16(&at, &r.version) ||
	    !rd_u16(&at, &r.epoch) || !rd_u48(&at, &r.seq))
		return record_give_up(datagram, STATUS_RECORD_SHORT);
	if (!rd_vec(&at, 2, &r.body) || rd_len(&r.body) > record_limit(&r))
		return record_give_up(datagram, STATUS_RECORD_LENGTH);
	*datagram = at;
	if (!record_type_known(r.type))
		return STATUS_RECORD_TYPE;
	if (!record_version_known(&r))
		return STATUS_RECORD_VERSION;
	*out = r;
	return STATUS_OK;
}

void record_write_header(struct wr *w, uint8_t type, uint16_t version, uint16_t epoch, uint64_t seq,
			 uint16_t len)
{
	wr_u8(w, type);
	wr_u16(w, version);
	wr_u16(w, epoch);
	wr_u48(w, seq);
	wr_u16(w, len);
}

void record_aad(uint8_t out[RECORD_AAD_LEN], uint8_t type, uint16_t epoch, uint64_t seq,
		uint16_t plaintext_len)
{
	struct wr w = wr_of(out, RECORD_AAD_LEN);

	wr_u16(&w, epoch);
	wr_u48(&w, seq);
	wr_u8(&w, type);
	wr_u16(&w, DTLS_1_2);
	wr_u16(&w, plaintext_len);
}

/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * What connection IDs bring to the wire: the first byte chooses records (as long as the second byte
 * says), NewConnectionId, RequestConnectionId, or a return routability check. What is accepted lies
 * in its datagram, and written again is the same.
 */
#include "hs_msg13.h"
#include "record.h"
#include "rrc.h"

#include <stdlib.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static uint8_t rebuilt[1 << 17];

static void must(bool truth)
{
	if (!truth)
		abort();
}

static void check_record(const struct record *r, const uint8_t *at, size_t cid_len)
{
	uint8_t header[RECORD_HEADER_CID_MAX], aad[RECORD_AAD_CID_MAX];
	const uint16_t len = (uint16_t)rd_len(&r->body);

	if (r->type != RECORD_CID) {
		must(rd_len(&r->cid) == 0 && r->body.p == at + RECORD_HEADER_LEN);
		return;
	}
	must(cid_len > 0 && r->epoch != 0 && rd_len(&r->cid) == cid_len);
	must(r->body.p == at + RECORD_HEADER_LEN + cid_len);
	must(record_cid_at(at, (size_t)(r->body.end - at), cid_len) == r->cid.p);
	record_put_cid_header(header, r->epoch, r->seq, r->cid.p, cid_len, len);
	must(memcmp(header, at, RECORD_HEADER_LEN + cid_len) == 0);
	must(record_cid_aad(aad, r->epoch, r->seq, r->cid.p, cid_len, len) ==
	     RECORD_AAD_CID_LEN + cid_len);
	/* version, epoch, number, ID and length are those of the header */
	must(memcmp(aad + 11, at + 1, RECORD_HEADER_LEN + cid_len - 1) == 0);
}

static void check_records(struct rd left)
{
	uint8_t cid_len;

	if (!rd_u8(&left, &cid_len))
		return;
	while (rd_len(&left) > 0) {
		const uint8_t *at = left.p;
		struct record r;
		enum status s = record_next_cid(&left, cid_len, &r);

		must(left.p > at && left.p <= left.end);
		if (s == STATUS_OK)
			check_record(&r, at, cid_len);
		else if (s != STATUS_RECORD_TYPE && s != STATUS_RECORD_VERSION)
			must(rd_len(&left) == 0);
	}
}

static void check_new(struct rd body)
{
	struct wr w = wr_of(rebuilt, sizeof(rebuilt));
	struct new_connection_id n;
	struct rd cid;
	size_t mark, len = 0;

	if (new_connection_id_parse(body, &n) != HS_PARSE_OK)
		return;
	mark = wr_open(&w, 2);
	while (new_connection_id_next(&n.cids, &cid)) {
		wr_uint(&w, 1, rd_len(&cid));
		wr_bytes(&w, cid.p, rd_len(&cid));
	}
	wr_close(&w, 2, mark);
	wr_u8(&w, n.usage);
	must(rd_len(&n.cids) == 0 && wr_finish(&w, &len) && len == rd_len(&body));
	must(memcmp(rebuilt, body.p, len) == 0);
}

static void check_request(struct rd body)
{
	uint8_t n;

	must((request_connection_id_parse(body, &n) == HS_PARSE_OK) == (rd_len(&body) == 1));
}

static void check_rrc(struct rd body)
{
	struct rrc m;

	if (!rrc_parse(body, &m))
		return;
	rrc_put(rebuilt, m.type, m.cookie);
	must(rd_len(&body) == RRC_LEN && memcmp(rebuilt, body.p, RRC_LEN) == 0);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static void (*const checks[])(struct rd body) = { check_records, check_new, check_request,
							  check_rrc };

	if (size > 0 && size < sizeof(rebuilt) / 2)
		checks[data[0] % 4](rd_of(data + 1, size - 1));
	return 0;
}

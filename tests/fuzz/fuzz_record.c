/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Records: a datagram is walked in at most as many steps as it has headers, and what is accepted is
 * exactly the bytes that stood there.
 */
#include "record.h"

#include <stdlib.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void must(bool truth)
{
	if (!truth)
		abort();
}

static void check_record(const struct record *rec, const uint8_t *at)
{
	uint8_t header[RECORD_HEADER_LEN], aad[RECORD_AAD_LEN];
	struct wr w = wr_of(header, sizeof(header));
	size_t len = rd_len(&rec->body);

	must(rec->body.p == at + RECORD_HEADER_LEN);
	must(rec->type >= RECORD_CCS && rec->type <= RECORD_APPDATA);
	must(rec->version == DTLS_1_2 || (rec->version == DTLS_1_0 && rec->epoch == 0));
	must(len <= (rec->epoch == 0 ? RECORD_PLAINTEXT_MAX : RECORD_CIPHERTEXT_MAX));
	record_write_header(&w, rec->type, rec->version, rec->epoch, rec->seq, (uint16_t)len);
	must(wr_finish(&w, &len) && len == RECORD_HEADER_LEN);
	must(memcmp(header, at, RECORD_HEADER_LEN) == 0);
	/* The same eight bytes of epoch and number stand in the additional data. */
	record_aad(aad, rec->type, rec->epoch, rec->seq, 0);
	must(memcmp(aad, at + 3, 8) == 0 && aad[8] == rec->type);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct rd datagram = rd_of(data, size);
	size_t steps = 0;

	while (rd_len(&datagram) > 0) {
		const uint8_t *at = datagram.p;
		struct record rec;
		enum status s = record_next(&datagram, &rec);

		must(++steps <= size / RECORD_HEADER_LEN + 1);
		must(datagram.p > at && datagram.p <= datagram.end);
		if (s == STATUS_OK)
			check_record(&rec, at);
		else if (s == STATUS_RECORD_SHORT || s == STATUS_RECORD_LENGTH)
			must(rd_len(&datagram) == 0);
		else
			must(s == STATUS_RECORD_TYPE || s == STATUS_RECORD_VERSION);
	}
	return 0;
}

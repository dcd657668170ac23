/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Protected records of DTLS 1.3. The first byte of the input is the length of connection IDs, the
 * next two are a mask. A datagram is walked in at most as many steps as it has bytes; what is
 * accepted lies in it as it should, and its number is masked again into the bytes that stood there.
 */
#include "record13.h"

#include <stdlib.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void must(bool truth)
{
	if (!truth)
		abort();
}

static void check_number(const struct record13 *rec, const uint8_t mask[2])
{
	const unsigned bits = 8 * record13_number_len(*rec->header);
	const uint64_t nexts[] = { 0, 1, 200, 70000, RECORD_SEQ_MAX };

	for (size_t i = 0; i < sizeof(nexts) / sizeof(nexts[0]); i++) {
		uint8_t aad[RECORD13_HEADER_MAX], *number;
		uint64_t n = record13_unmask(rec->header, rec->header_len, mask, nexts[i], aad);
		uint64_t apart = n > nexts[i] ? n - nexts[i] : nexts[i] - n;

		number = aad + (record13_number_at(rec->header, rec->header_len) - rec->header);
		must(apart < UINT64_C(1) << bits);
		must((bits == 8 ? number[0] : bytes_u16(number)) == (n & ((1U << bits) - 1)));
		number[0] ^= mask[0];
		if (bits == 16)
			number[1] ^= mask[1];
		must(memcmp(aad, rec->header, rec->header_len) == 0);
	}
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct rd datagram;
	size_t cid_len;

	if (size < 3)
		return 0;
	cid_len = data[0] % (RECORD13_CID_MAX + 1);
	datagram = rd_of(data + 3, size - 3);
	while (rd_len(&datagram) > 0 && record13_is(*datagram.p)) {
		const uint8_t *at = datagram.p;
		struct record13 rec;
		enum status s = record13_next(&datagram, cid_len, &rec);

		must(datagram.p > at && datagram.p <= datagram.end);
		if (s != STATUS_OK) {
			must(rec.header == NULL && rd_len(&rec.body) == 0);
			must(s == STATUS_RECORD_SHORT || s == STATUS_RECORD_LENGTH ||
			     s == STATUS_RECORD_CID);
			continue;
		}
		must(rec.header == at && rec.body.p == at + rec.header_len);
		must(rec.body.end == datagram.p && rec.header_len <= RECORD13_HEADER_MAX);
		must(rd_len(&rec.body) >= RECORD13_SAMPLE_LEN);
		must(rd_len(&rec.body) <= RECORD13_CIPHERTEXT_MAX);
		check_number(&rec, data + 1);
	}
	return 0;
}

/* SPDX-License-Identifier: BSD-3-Clause */
/* Record headers: parsing datagrams into records, and what sealing writes around a plaintext. */
#include "benches.h"

#include "record.h"

#include <stdio.h>
#include <string.h>

enum { BURST = 32 };

static void parse(struct bench *b)
{
	size_t n = (size_t)bench_arg(b, 0), len;
	uint8_t datagram[RECORDS_PER_DATAGRAM * 128] = { 0 };
	struct wr w = wr_of(datagram, sizeof(datagram));
	uint64_t sum = 0;

	for (size_t i = 0; i < n; i++) {
		record_write_header(&w, RECORD_APPDATA, DTLS_1_2, 1, i, 88);
		(void)wr_space(&w, 88);
	}
	if (!wr_finish(&w, &len)) {
		bench_fail(b, "datagram");
		return;
	}
	while (bench_next(b)) {
		for (size_t i = 0; i < BURST; i++) {
			struct rd r = rd_of(datagram, len);
			struct record record;

			while (rd_len(&r) > 0 && record_next(&r, &record) == STATUS_OK)
				sum += record.seq;
		}
		bench_keep(&sum);
	}
	bench_items(b, BURST * n);
}

static void header_and_aad(struct bench *b)
{
	uint8_t out[BURST][RECORD_HEADER_LEN], aad[BURST][RECORD_AAD_LEN];
	uint64_t seq = 0;

	while (bench_next(b)) {
		for (size_t i = 0; i < BURST; i++) {
			struct wr w = wr_of(out[i], sizeof(out[i]));

			record_write_header(&w, RECORD_APPDATA, DTLS_1_2, 1, seq, 88);
			record_aad(aad[i], RECORD_APPDATA, 1, seq++, 64);
		}
		bench_keep(out);
		bench_keep(aad);
	}
	bench_items(b, BURST);
}

void bench_record_add(void)
{
	char name[64];

	for (int64_t n = 1; n <= 8; n *= 8) {
		snprintf(name, sizeof(name), "record_parse/records_per_datagram:%d", (int)n);
		bench_add(name, parse, &n, 1);
	}
	bench_add("record_write_header_and_aad", header_and_aad, NULL, 0);
}

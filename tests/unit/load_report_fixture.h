/* SPDX-License-Identifier: BSD-3-Clause */
/* A result of a run with a number of its own in every count, and text that a report wrote. */
#pragma once

#include "load_result.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

struct report_text {
	char *text;
	size_t len;
	FILE *out;
};

static inline void report_text_open(struct report_text *t)
{
	t->text = NULL;
	t->out = open_memstream(&t->text, &t->len);
	assert_non_null(t->out);
}

static inline const char *report_text_done(struct report_text *t)
{
	fclose(t->out);
	return t->text;
}

/* 100,000 requests in 10 s: 99,990 answered in 100 us to 1.1 ms, 7 refused, 3 lost. */
static inline struct load_result *report_result_new(void)
{
	struct load_result *r = calloc(1, sizeof(*r));

	assert_non_null(r);
	r->counts.scheduled = 100000;
	r->counts.sent = 100000;
	r->counts.answered = 99990;
	r->counts.refused = 7;
	r->counts.lost = 3;
	r->counts.late = 20;
	r->counts.handshakes = 1000;
	r->counts.resumed = 250;
	r->counts.tx_datagrams = 104000;
	r->counts.tx_bytes = 12345678;
	r->counts.rx_datagrams = 103000;
	r->counts.rx_bytes = 8765432;
	r->elapsed_ns = UINT64_C(10000000000);
	r->sessions = 1000;
	r->busy = 0.4321;
	for (uint64_t i = 0; i < 99990; i++)
		histogram_add(&r->latency, 100000 + i * 10);
	for (uint64_t i = 0; i < 1000; i++)
		histogram_add(&r->handshake_latency, 2000000 + i * 1000);
	return r;
}

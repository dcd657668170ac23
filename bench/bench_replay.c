/* SPDX-License-Identifier: BSD-3-Clause */
/* The replay window: check and commit of records in order, and of records seen before. */
#include "benches.h"

#include "replay.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { BURST = 32, WIDTH_MAX = 1024 };

static void in_order(struct bench *b)
{
	unsigned width = (unsigned)bench_arg(b, 0);
	uint64_t bits[WIDTH_MAX / 64] = { 0 }, *wide = width > 64 ? bits : NULL, seq = 0;
	struct session_hot hot = { 0 };
	bool ok = true;

	while (bench_next(b)) {
		for (size_t i = 0; i < BURST; i++) {
			seq++;
			ok = ok && replay_check(&hot, wide, width, seq) == STATUS_OK &&
			     replay_commit(&hot, wide, width, seq) == STATUS_OK;
		}
	}
	if (!ok)
		bench_fail(b, "a new number was refused");
	bench_items(b, BURST);
}

static void replayed(struct bench *b)
{
	unsigned width = (unsigned)bench_arg(b, 0);
	uint64_t bits[WIDTH_MAX / 64] = { 0 }, *wide = width > 64 ? bits : NULL;
	struct session_hot hot = { 0 };
	bool ok = true;

	for (uint64_t seq = 1; seq <= BURST; seq++)
		ok = ok && replay_commit(&hot, wide, width, seq) == STATUS_OK;
	while (bench_next(b)) {
		for (uint64_t seq = 1; seq <= BURST; seq++)
			ok = ok && replay_check(&hot, wide, width, seq) == STATUS_RECORD_REPLAY;
	}
	if (!ok)
		bench_fail(b, "a replay was not seen");
	bench_items(b, BURST);
}

void bench_replay_add(void)
{
	static const int64_t widths[] = { 64, 256, 1024 };
	char name[64];

	for (size_t i = 0; i < 3; i++) {
		snprintf(name, sizeof(name), "replay_in_order/width:%d", (int)widths[i]);
		bench_add(name, in_order, &widths[i], 1);
		snprintf(name, sizeof(name), "replay_replayed/width:%d", (int)widths[i]);
		bench_add(name, replayed, &widths[i], 1);
	}
}

/* SPDX-License-Identifier: BSD-3-Clause */
#include "acks.h"

void acks_begin(struct acks *a, uint16_t first_seq)
{
	a->deadline_ns = UINT64_MAX;
	a->due = false;
	a->first_seq = first_seq;
	a->n = 0;
}

static bool is_below(const struct hs_ack *a, const struct hs_ack *b)
{
	return a->epoch != b->epoch ? a->epoch < b->epoch : a->number < b->number;
}

void acks_add(struct acks *a, uint64_t epoch, uint64_t number)
{
	const struct hs_ack ack = { .epoch = epoch, .number = number };
	unsigned at = a->n;

	while (at > 0 && is_below(&ack, &a->numbers[at - 1]))
		at--;
	if (at > 0 && !is_below(&a->numbers[at - 1], &ack))
		return;
	if (a->n < ACKS_MAX) {
		memmove(&a->numbers[at + 1], &a->numbers[at], (a->n - at) * sizeof(ack));
		a->n++;
	} else if (at > 0) {
		at--;
		memmove(&a->numbers[0], &a->numbers[1], at * sizeof(ack));
	} else {
		return;
	}
	a->numbers[at] = ack;
}

void acks_write(struct acks *a, struct wr *w, size_t room)
{
	size_t most = room < 2 ? 0 : (room - 2) / 16, n = a->n < most ? a->n : most;

	ack_write(w, a->numbers + (a->n - n), n);
	a->due = false;
	a->deadline_ns = UINT64_MAX;
}

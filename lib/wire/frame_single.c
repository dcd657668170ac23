/* SPDX-License-Identifier: BSD-3-Clause */
#include "frame_single.h"

enum { TYPE_AT = 42, LENGTH12_AT = 53, LENGTH13_AT = 45, NONE = 0x80 };

/* A record's length, big-endian, at a byte of the frame: each of its bytes comes from the word that
 * it stands in, where the length that is expected is made. */
static void length_at(struct frame_single_form *form, size_t at, uint16_t front)
{
	uint8_t *mask = (uint8_t *)form->mask;

	mask[at] = mask[at + 1] = 0xff;
	form->front[at / 2] = form->front[(at + 1) / 2] = front;
	form->lengths[at] = (at % 16 & ~1U) + 1;
	form->lengths[at + 1] = (at + 1) % 16 & ~1U;
}

void frame_single_form_cid(struct frame_single_form *out, bool is_13, size_t cid_len)
{
	const struct frame_single_form *base = is_13 ? &frame_single_13 : &frame_single_12;
	const size_t at = is_13 ? LENGTH13_AT : LENGTH12_AT;
	uint8_t *mask = (uint8_t *)out->mask, *least = (uint8_t *)out->least;

	*out = *base;
	mask[at] = mask[at + 1] = 0;
	out->lengths[at] = out->lengths[at + 1] = NONE;
	length_at(out, at + cid_len, (uint16_t)(base->front[at / 2] + cid_len));
	least[TYPE_AT] = is_13 ? RECORD13_USUAL | RECORD13_CID : RECORD_CID;
}

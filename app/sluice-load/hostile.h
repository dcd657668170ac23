/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * What an attacker would send from the devices' addresses, by seed: noise, forged and replayed and
 * cut records, alerts in the clear, hellos. It goes to devices with live sessions only, whose
 * sessions it must not touch; and its own answers are nothing to them. Owner core only.
 */
#pragma once

#include "device.h"
#include "load_port.h"

enum { HOSTILE_COPIES = 64, HOSTILE_COPY_MAX = 256, HOSTILE_MAX = 256 };

enum hostile_kind {
	HOSTILE_NOISE,        /* random bytes */
	HOSTILE_FORGED,       /* a record of the session with a number to come */
	HOSTILE_FORGED_ALERT, /* the same, as an alert */
	HOSTILE_PLAIN_ALERT,  /* fatal, epoch 0: not authenticated, so without effect (RFC 6347) */
	HOSTILE_REPLAYED,     /* a record of before, as it was */
	HOSTILE_CUT,          /* a part of one */
	HOSTILE_CHANGED,      /* one with a bit flipped */
	HOSTILE_HELLO,        /* a ClientHello without a cookie */
	HOSTILE_KINDS,
};

struct hostile_copy {
	uint32_t device;
	uint16_t len;
	uint8_t bytes[HOSTILE_COPY_MAX];
};

struct hostile {
	uint64_t seed;
	uint32_t n_seen; /* datagrams that might have been kept */
	unsigned n_copies;
	struct hostile_copy copies[HOSTILE_COPIES];
};

static inline void hostile_init(struct hostile *h, uint64_t seed)
{
	h->seed = seed;
	h->n_seen = h->n_copies = 0;
}

/* hostile_see: datagrams of ours that leave: some are kept for later. */
void hostile_see(struct hostile *h, struct load_buffer *const *bufs, unsigned n);

/* hostile_make: a datagram of that kind into b, whose device is set; for what is made of a copy,
 * to the copy's own. false: there is none, or the device has no live session. */
bool hostile_make(struct hostile *h, struct load_buffer *b, enum hostile_kind kind,
		  const struct devices *devices) MUST_USE;

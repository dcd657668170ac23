/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Records of live sessions, in bursts: opened as they come, sealed as they leave, by algorithm,
 * with one AEAD call for many. Owner core only.
 *
 * traffic.c has the bursts, traffic12.c the records of DTLS 1.2, traffic13.c those of 1.3; a fleet
 * speaks one of them (struct devices).
 */
#pragma once

#include "aead.h"
#include "device.h"
#include "egress.h"

enum { TRAFFIC_BURST = 64 };

/* A record that opened and is new. */
struct traffic_record {
	uint32_t device;
	uint8_t type; /* enum record_type */
	uint16_t len;
	uint8_t *text; /* the plaintext, until the handler returns */
	uint64_t seq;
	uint16_t epoch; /* DTLS 1.3 */
};

/* Who the records are for. Handlers may seal. */
struct traffic_handler {
	void (*record)(void *arg, const struct traffic_record *r);
	/* a datagram of a device without a session; borrowed */
	void (*other)(void *arg, const struct load_buffer *b);
	void *arg;
};

/* A record between its arrival and the verdict on its tag. */
struct traffic_pending {
	struct aead_op *op; /* NULL: it is not new, or was opened apart from the others, */
	bool opened;        /* with success */
	bool inner;         /* type and length are found when it is open */
	uint8_t *text;
	uint64_t seq;
	uint32_t device;
	uint16_t len;
	uint8_t type;
	/* 1.3: whose number is masked */
	uint8_t header_len;
	uint16_t epoch;
	struct aead_mask_op *mask;
};

struct traffic_ops {
	unsigned n;
	struct aead_op op[TRAFFIC_BURST];
};

/* DTLS 1.3: numbers to be masked or unmasked. */
struct traffic_masks {
	unsigned n;
	struct aead_mask_op op[TRAFFIC_BURST];
	uint8_t *header[TRAFFIC_BURST]; /* sealed: where the mask goes */
};

struct traffic {
	struct aead *aead;
	struct devices *devices;
	struct egress *egress;
	struct load_counts *counts;
	uint16_t rx_limit; /* bytes of plaintext in a record: what is longer is malformed */
	struct traffic_handler handler;
	/* sees datagrams that were sealed, before they leave; NULL: nobody does */
	void (*tap)(void *arg, struct load_buffer *const *bufs, unsigned n);
	struct traffic_ops open_ops[AEAD_N], seal_ops[AEAD_N];
	struct traffic_masks open_masks[AEAD_N], seal_masks[AEAD_N]; /* 1.3 */
	unsigned n_pending, n_sealed;
	struct traffic_pending pending[TRAFFIC_BURST];
	struct load_buffer *sealed[TRAFFIC_BURST];
};

/* traffic_open: a burst of datagrams received, which it releases. */
void traffic_open(struct traffic *t, struct load_buffer **bufs, unsigned n);

/* traffic_open_bytes: the same for a datagram in other memory, whose device has a session; it is
 * overwritten. Not from a handler. */
void traffic_open_bytes(struct traffic *t, uint32_t device, uint8_t *bytes, uint16_t len);

/* traffic_seal: the plaintext in b goes out as a record of its device, which has a session; takes b
 * over. false: the session's numbers are used up, and b is the caller's still. */
static inline bool MUST_USE traffic_seal(struct traffic *t, struct load_buffer *b, uint8_t type);

/* traffic_seal_behind: the same, behind prefix_len bytes that go out as they are; as many are free
 * in front of b's data, beside LOAD_HEADROOM. DTLS 1.3: prefix_len is 0. */
bool traffic_seal_behind(struct traffic *t, struct load_buffer *b, uint8_t type,
			 const uint8_t *prefix, uint16_t prefix_len) MUST_USE;

/* traffic_flush: sends what was sealed. */
void traffic_flush(struct traffic *t);

static inline bool traffic_seal(struct traffic *t, struct load_buffer *b, uint8_t type)
{
	return traffic_seal_behind(t, b, type, NULL, 0);
}

/* traffic_prefetch: the device is about to send or was sent to. */
static inline void traffic_prefetch(const struct traffic *t, uint32_t device)
{
	__asm__ volatile("prefetcht0 %0" : : "m"(t->devices->hot[device]));
}

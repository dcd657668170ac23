/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Last flights: a resumed handshake ends with the device's own, which may be lost, and is asked for
 * again by a repeated Finished of the server. The newest LINGER_MAX are kept. Owner core only.
 */
#pragma once

#include "device.h"

enum { LINGER_MAX = 4096 };

struct linger_flight {
	uint32_t device; /* DEVICE_NONE: none */
	struct handshake_remnant remnant;
};

struct linger {
	uint32_t next;
	struct linger_flight *flights;
};

/* linger_init: false without memory. Slow path only. */
bool linger_init(struct linger *l) MUST_USE;
void linger_free(struct linger *l);

/* linger_keep: of a handshake that is done; nothing when its last flight was the server's. The
 * device's place stands in cold->connect. */
void linger_keep(struct linger *l, struct device_cold *cold, uint32_t device,
		 const struct handshake *h);

/* linger_answer: what a handshake record of a device's live session asks for: the flight to send
 * again, or NULL. */
const struct handshake_remnant *linger_answer(struct linger *l, const struct device_cold *cold,
					      uint32_t device, uint64_t now_ns, const uint8_t *text,
					      size_t len);

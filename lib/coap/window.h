/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * The last message IDs of one device and what became of them (RFC 7252 §4.5): one cache line.
 *
 *   OFFSET SIZE
 *      0     4   generation of the session; 0: never used
 *      4     4   tick of the last use (ticks of 2 s)
 *      8     2   our next message ID towards this device
 *     10     6   spare
 *     16   12x4  entries, oldest first: message ID 2, state 1, tick 1 (modulo 256)
 *
 * An entry is forgotten after EXCHANGE_LIFETIME (247 s, §4.8.2), lazily: window_enter drops what
 * is too old. One worker, one thread.
 */
#pragma once

#include <stdbool.h>
#include <stdint.h>

enum {
	WINDOW_LEN = 12,
	WINDOW_TICK_S = 2,
	WINDOW_LIFETIME_S = 247,
};

/* What became of a request. Any other value is the code that answered it. */
enum window_state {
	WINDOW_FREE = 0,
	WINDOW_PENDING_NON = 1, /* waits for the sink */
	WINDOW_PENDING_CON = 2, /* waits for the sink, nothing sent yet */
	WINDOW_ACKED = 3,       /* waits for the sink, empty ACK sent */
	WINDOW_SEPARATE = 4,    /* empty ACK sent, answered by a message of its own */
};

struct window_entry {
	uint16_t mid;
	uint8_t state;
	uint8_t tick;
};

struct window {
	uint32_t generation;
	uint32_t tick;
	uint16_t next_mid;
	uint16_t spare[3];
	struct window_entry entries[WINDOW_LEN];
};
_Static_assert(sizeof(struct window) == 64, "a device's window is one cache line");

/* window_tick: the tick of a time. */
uint32_t window_tick(uint64_t now_ns);

/* window_enter: makes the window that of this generation now: empty when the generation is new,
 * without what is older than the lifetime otherwise. first_mid is where our message IDs start for
 * a new generation. false: the reference is older than the window's; nothing was changed. */
bool window_enter(struct window *w, uint32_t generation, uint32_t tick, uint16_t first_mid);

/* window_find: the entry of a message ID, or NULL. After window_enter. */
struct window_entry *window_find(struct window *w, uint16_t mid);

/* window_insert: remembers a new message ID. Makes room by forgetting the oldest answered one, or
 * else the oldest pending non-confirmable one; false when all are confirmable and pending. */
bool window_insert(struct window *w, uint16_t mid, uint8_t state);

/* window_update: changes the state of a message ID, if it is still remembered. */
void window_update(struct window *w, uint16_t mid, uint8_t state);

/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * The keys of session tickets: a snapshot, immutable once made, swapped as a whole under RCU.
 *
 * Time is cut into periods of 12 hours of UTC, and each has keys of its own. Tickets are sealed
 * with those of the present period; those of past periods are there for as long as a ticket lives.
 * Without a file a period's key is random and gone with its last ticket. With a file it is derived
 * from a root and the number of the period, so that endpoints with the same file change keys at the
 * same moment and open each other's tickets; then those of the next period are there too, since
 * clocks differ.
 *
 * A file has a root a line: 64 hex digits. The first one seals, all of them open. Empty lines and
 * lines that begin with "# " are comments.
 */
#pragma once

#include "ticket_cipher.h"

enum {
	TICKET_KEY_NAME = 8,
	TICKET_ROOT_LEN = 32,
	TICKET_ROOTS_MAX = 8,
	TICKET_PERIOD_S = 12 * 3600,
};

struct ticket_key {
	uint64_t period; /* that it seals in: seconds of UTC / TICKET_PERIOD_S */
	uint8_t name[TICKET_KEY_NAME];
	uint8_t key[TICKET_CIPHER_KEY];
};

struct ticket_keys {
	size_t n;
	struct ticket_key keys[]; /* the first one seals */
};

/* The roots of a file. */
struct ticket_roots {
	size_t n;
	uint8_t root[TICKET_ROOTS_MAX][TICKET_ROOT_LEN];
};

/* ticket_roots_load: NULL and a message in err (naming file and line) when anything at all is
 * wrong: unreadable, group- or world-readable file, malformed line, no root, more than
 * TICKET_ROOTS_MAX, the same one twice, zeros (bad-input H5). Slow path only. */
struct ticket_roots *ticket_roots_load(const char *path, char *err, size_t err_len);

/* ticket_roots_parse: the same from len bytes in memory, which name stands for in err. */
struct ticket_roots *ticket_roots_parse(const void *bytes, size_t len, const char *name, char *err,
					size_t err_len);
void ticket_roots_free(struct ticket_roots *r);

/* ticket_keys_derive: the snapshot of a file at a time. ticket_keys_random: the one without a file;
 * old is the snapshot before it, NULL at first. NULL without memory or randomness. Slow path only.
 */
struct ticket_keys *ticket_keys_derive(const struct ticket_roots *roots, uint64_t utc_s,
				       uint64_t lifetime_s);
struct ticket_keys *ticket_keys_random(const struct ticket_keys *old, uint64_t utc_s,
				       uint64_t lifetime_s);

/* ticket_keys_free: wipes. After a grace period only; NULL allowed. */
void ticket_keys_free(struct ticket_keys *k);

/* ticket_keys_due: whether another period has begun. Any thread, inside RCU read side. */
bool ticket_keys_due(const struct ticket_keys *k, uint64_t utc_s);

/* ticket_keys_find: NULL: no key of that name. Any thread, inside RCU read side. */
const struct ticket_key *ticket_keys_find(const struct ticket_keys *k,
					  const uint8_t name[TICKET_KEY_NAME]);

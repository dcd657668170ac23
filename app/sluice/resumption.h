/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * What sessions are resumed with: the cache of those that have ids, and the keys of tickets, a
 * snapshot that is swapped as a whole under RCU. One for the process, shared by its handshake
 * cores; keys change when their time has come, or with the file.
 */
#pragma once

#include "session_cache.h"
#include "ticket_keys.h"

#include <stdatomic.h>

struct resumption {
	uint32_t lifetime_s;
	uint8_t tickets;
	const char *key_file;        /* NULL: random keys */
	struct session_cache *cache; /* NULL: none */
	struct ticket_roots *roots;  /* of the file; the control thread's */
	struct ticket_keys *keys;    /* RCU: rcu_dereference */
	_Atomic uint64_t key_changes;
};

struct resumption_config {
	uint32_t lifetime_s;
	uint32_t cache_entries; /* 0: no ids */
	uint8_t tickets;        /* as handshake_config.n_tickets */
	const char *key_file;   /* NULL: none; borrowed */
};

/* resumption_init: false and a message in err. Slow path only. */
bool resumption_init(struct resumption *r, const struct resumption_config *cfg, uint64_t utc_s,
		     char *err, size_t err_len);

/* resumption_free: after the last reader. */
void resumption_free(struct resumption *r);

/* resumption_load, resumption_swap: a reload in two steps, so that it can be one of several files
 * that are taken together or not at all. load reads the file into *out (NULL when there is none to
 * read); false and a message in err. swap takes it over, and waits for a grace period; false: no
 * memory, the old keys stay. Control thread only. */
bool resumption_load(const struct resumption *r, struct ticket_roots **out, char *err,
		     size_t err_len);
bool resumption_swap(struct resumption *r, struct ticket_roots *fresh, uint64_t utc_s);

/* resumption_turn: every few milliseconds: changes keys when their time has come, and wipes some
 * sessions that are too old. false: new keys are due and could not be made. Control thread only. */
bool resumption_turn(struct resumption *r, uint64_t now_s, uint64_t utc_s);

/* SPDX-License-Identifier: BSD-3-Clause */
#include "resumption.h"

#include <stdio.h>

#include <urcu/urcu-qsbr.h>

enum { SWEEP_ENTRIES = 256 }; /* in a turn of 10 ms: 64k entries in 2.6 s */

static struct ticket_keys *keys_make(const struct resumption *r, const struct ticket_roots *roots,
				     uint64_t utc_s)
{
	if (roots != NULL)
		return ticket_keys_derive(roots, utc_s, r->lifetime_s);
	return ticket_keys_random(r->keys, utc_s, r->lifetime_s);
}

bool resumption_init(struct resumption *r, const struct resumption_config *cfg, uint64_t utc_s,
		     char *err, size_t err_len)
{
	*r = (struct resumption){ .lifetime_s = cfg->lifetime_s,
				  .tickets = cfg->tickets,
				  .key_file = cfg->key_file };
	if (!resumption_load(r, &r->roots, err, err_len))
		return false;
	r->keys = keys_make(r, r->roots, utc_s);
	if (cfg->cache_entries > 0)
		r->cache = session_cache_new(cfg->cache_entries, cfg->lifetime_s);
	if (r->keys != NULL && (r->cache != NULL || cfg->cache_entries == 0))
		return true;
	snprintf(err, err_len, "no memory or randomness for ticket keys and the session cache");
	resumption_free(r);
	return false;
}

void resumption_free(struct resumption *r)
{
	session_cache_free(r->cache);
	ticket_keys_free(r->keys);
	ticket_roots_free(r->roots);
	*r = (struct resumption){ .keys = NULL };
}

bool resumption_load(const struct resumption *r, struct ticket_roots **out, char *err,
		     size_t err_len)
{
	*out = NULL;
	if (r->key_file == NULL)
		return true;
	*out = ticket_roots_load(r->key_file, err, err_len);
	return *out != NULL;
}

static bool keys_swap(struct resumption *r, const struct ticket_roots *roots, uint64_t utc_s)
{
	struct ticket_keys *fresh = keys_make(r, roots, utc_s), *old = r->keys;

	if (fresh == NULL)
		return false;
	rcu_assign_pointer(r->keys, fresh);
	atomic_fetch_add(&r->key_changes, 1);
	urcu_qsbr_synchronize_rcu();
	ticket_keys_free(old);
	return true;
}

bool resumption_swap(struct resumption *r, struct ticket_roots *fresh, uint64_t utc_s)
{
	if (fresh == NULL)
		return true;
	if (!keys_swap(r, fresh, utc_s)) {
		ticket_roots_free(fresh);
		return false;
	}
	ticket_roots_free(r->roots);
	r->roots = fresh;
	return true;
}

bool resumption_turn(struct resumption *r, uint64_t now_s, uint64_t utc_s)
{
	if (r->cache != NULL)
		session_cache_sweep(r->cache, now_s, SWEEP_ENTRIES);
	return r->keys == NULL || !ticket_keys_due(r->keys, utc_s) || keys_swap(r, r->roots, utc_s);
}

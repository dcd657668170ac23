/* SPDX-License-Identifier: BSD-3-Clause */
#include "post_states.h"

#include "secret.h"

#include <stdlib.h>

#include <sys/mman.h>

enum { SECRET = 32, MORE = HASH_MAX - SECRET, FLIGHT_BITS = 22, REQUESTS_BITS = 7 };
enum { WANTED = 1, WANTED_BOTH = 2, SILENT = 4, FLAGS_BITS = 3 };
_Static_assert((int)POST_HANDSHAKE_CID_REQUESTS_MAX < 1 << REQUESTS_BITS &&
		       FLIGHT_BITS + REQUESTS_BITS + FLAGS_BITS == 32,
	       "they share a word");

struct entry {
	uint8_t rx_secret[SECRET], tx_secret[SECRET];
	uint32_t generation; /* the session's; 0: none */
	uint32_t flight;     /* below, cid_requests, and flags on top */
	uint16_t rx_epoch, tx_epoch, rx_seq, tx_seq;
};
_Static_assert(sizeof(struct entry) == 80, "a session's part");

/* Of secrets that are longer. */
struct more {
	uint8_t rx_secret[MORE], tx_secret[MORE];
};

struct post_states {
	uint32_t n;
	struct entry *entries;
	struct more *more;
};

/* Pages that are not touched cost nothing. */
static void *map(size_t len)
{
	void *p = mmap(NULL, len, PROT_READ | PROT_WRITE,
		       MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);

	if (p == MAP_FAILED)
		return NULL;
	madvise(p, len, MADV_DONTDUMP);
	return p;
}

struct post_states *post_states_new(uint32_t n)
{
	struct post_states *s = calloc(1, sizeof(*s));

	if (s == NULL)
		return NULL;
	s->n = n;
	s->entries = map(n * sizeof(*s->entries));
	s->more = map(n * sizeof(*s->more));
	if (s->entries == NULL || s->more == NULL) {
		post_states_free(s);
		return NULL;
	}
	return s;
}

static void wipe(struct post_states *s, uint32_t slot)
{
	/* Reading maps no page of its own, writing would. */
	if (s->entries[slot].generation == 0)
		return;
	secret_wipe(&s->entries[slot], sizeof(s->entries[slot]));
	secret_wipe(&s->more[slot], sizeof(s->more[slot]));
}

void post_states_free(struct post_states *s)
{
	if (s == NULL)
		return;
	if (s->entries != NULL && s->more != NULL)
		for (uint32_t i = 0; i < s->n; i++)
			wipe(s, i);
	if (s->entries != NULL)
		munmap(s->entries, s->n * sizeof(*s->entries));
	if (s->more != NULL)
		munmap(s->more, s->n * sizeof(*s->more));
	free(s);
}

void post_states_wipe(struct post_states *s, const uint32_t *slots, size_t n)
{
	for (size_t i = 0; i < n; i++)
		wipe(s, slots[i]);
}

bool post_states_load(const struct post_states *s, struct session_ref ref,
		      const struct suite *suite, struct post_handshake *out, uint32_t *flight)
{
	const struct entry *e;
	uint32_t flags;

	if (ref.slot >= s->n || ref.generation == 0 ||
	    s->entries[ref.slot].generation != ref.generation)
		return false;
	e = &s->entries[ref.slot];
	flags = e->flight >> (FLIGHT_BITS + REQUESTS_BITS);
	*flight = e->flight & ((UINT32_C(1) << FLIGHT_BITS) - 1);
	*out = (struct post_handshake){
		.rx_epoch = e->rx_epoch,
		.tx_epoch = e->tx_epoch,
		.rx_seq = e->rx_seq,
		.tx_seq = e->tx_seq,
		.suite = suite->id,
		.cid_requests = (uint8_t)(e->flight >> FLIGHT_BITS & ((1U << REQUESTS_BITS) - 1)),
		.wanted = flags & WANTED,
		.wanted_both = flags & WANTED_BOTH,
		.silent = flags & SILENT,
	};
	memcpy(out->rx_secret, e->rx_secret, SECRET);
	memcpy(out->tx_secret, e->tx_secret, SECRET);
	if (hash13_len(suite->hash) > SECRET) {
		memcpy(out->rx_secret + SECRET, s->more[ref.slot].rx_secret, MORE);
		memcpy(out->tx_secret + SECRET, s->more[ref.slot].tx_secret, MORE);
	}
	return true;
}

void post_states_save(struct post_states *s, struct session_ref ref, const struct suite *suite,
		      const struct post_handshake *p, uint32_t flight)
{
	uint32_t flags = (p->wanted ? WANTED : 0U) | (p->wanted_both ? WANTED_BOTH : 0U) |
			 (p->silent ? SILENT : 0U);
	struct entry *e;

	if (ref.slot >= s->n)
		return;
	e = &s->entries[ref.slot];
	e->generation = ref.generation;
	e->flight = (flags << REQUESTS_BITS | p->cid_requests) << FLIGHT_BITS | flight;
	e->rx_epoch = p->rx_epoch;
	e->tx_epoch = p->tx_epoch;
	e->rx_seq = p->rx_seq;
	e->tx_seq = p->tx_seq;
	memcpy(e->rx_secret, p->rx_secret, SECRET);
	memcpy(e->tx_secret, p->tx_secret, SECRET);
	if (hash13_len(suite->hash) > SECRET) {
		memcpy(s->more[ref.slot].rx_secret, p->rx_secret + SECRET, MORE);
		memcpy(s->more[ref.slot].tx_secret, p->tx_secret + SECRET, MORE);
	}
}

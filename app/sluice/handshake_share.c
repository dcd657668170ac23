/* SPDX-License-Identifier: BSD-3-Clause */
#include "handshake_share.h"

#include "flow.h"
#include "keyed_hash.h"
#include "random.h"

#include <stdlib.h>

/* IPv4 addresses are IPv4-mapped: ::ffff:a.b.c.d. */
enum { PREFIX_BYTES_4 = 12 + 3, PREFIX_BYTES_6 = 7 };

struct handshake_share {
	struct keyed_hash_key key;
	uint32_t limit;
	uint32_t counts[HANDSHAKE_SHARE_COUNTS];
};

_Static_assert(HANDSHAKE_SHARE_COUNTS <= UINT16_MAX + 1, "a count has a 16-bit name");

struct handshake_share *handshake_share_new(uint32_t max)
{
	struct handshake_share *s = calloc(1, sizeof(*s));

	if (s == NULL)
		return NULL;
	if (!random_bytes(&s->key, sizeof(s->key))) {
		free(s);
		return NULL;
	}
	s->limit = max - max / 2;
	return s;
}

void handshake_share_free(struct handshake_share *s) { free(s); }

static size_t prefix_len(const uint8_t ip[16])
{
	return flow_ip_is_mapped(ip) ? PREFIX_BYTES_4 : PREFIX_BYTES_6;
}

bool handshake_share_take(struct handshake_share *s, const uint8_t remote_ip[16], uint16_t *out)
{
	uint64_t hash = keyed_hash(&s->key, remote_ip, prefix_len(remote_ip));
	uint16_t count = (uint16_t)(hash % HANDSHAKE_SHARE_COUNTS);

	if (s->counts[count] >= s->limit)
		return false;
	s->counts[count]++;
	*out = count;
	return true;
}

void handshake_share_give(struct handshake_share *s, uint16_t count) { s->counts[count]--; }

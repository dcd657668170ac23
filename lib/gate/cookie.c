/* SPDX-License-Identifier: BSD-3-Clause */
#include "cookie.h"

#include "random.h"
#include "secret.h"

static bool cookie_key_fresh(struct hmac_key *out)
{
	uint8_t key[32];
	bool ok = random_bytes(key, sizeof(key));

	if (ok)
		hmac_key_init(out, key);
	secret_wipe(key, sizeof(key));
	return ok;
}

bool cookie_secrets_init(struct cookie_secrets *out)
{
	struct cookie_secrets fresh = { .current = 0 };
	bool ok = cookie_key_fresh(&fresh.keys[0]) && cookie_key_fresh(&fresh.keys[1]);

	if (ok)
		*out = fresh;
	secret_wipe(&fresh, sizeof(fresh));
	return ok;
}

bool cookie_secrets_rotate(const struct cookie_secrets *old, struct cookie_secrets *out)
{
	struct cookie_secrets next = *old;
	bool ok;

	next.current = old->current == 0;
	ok = cookie_key_fresh(&next.keys[next.current]);
	if (ok)
		*out = next;
	secret_wipe(&next, sizeof(next));
	return ok;
}

/* Vectors keep their lengths, so that no two hellos give the same bytes. */
static void cookie_vec(struct wr *w, size_t n, const struct rd *vec)
{
	wr_uint(w, n, rd_len(vec));
	wr_bytes(w, vec->p, rd_len(vec));
}

/*
 *   OFFSET SIZE
 *     0    36   struct flow: local and remote address, local and remote port
 *    36     2   client_version
 *    38    32   random
 *    70     -   suites <2>, compression <1>, each behind its length
 *
 * The lists fit up to some 200 suites, more than any client's default and any device's. A hello
 * with more is refused, not digested in two steps: before the cookie, work is bounded.
 */
size_t cookie_input(const struct flow *flow, const struct client_hello *ch,
		    uint8_t out[COOKIE_INPUT_MAX])
{
	struct wr w = wr_of(out, COOKIE_INPUT_MAX);
	size_t len;

	wr_bytes(&w, flow, sizeof(*flow));
	wr_u16(&w, ch->version);
	wr_bytes(&w, ch->random, HS_RANDOM_LEN);
	cookie_vec(&w, 2, &ch->suites);
	cookie_vec(&w, 1, &ch->compression);
	return wr_finish(&w, &len) ? len : 0;
}

bool cookie_shaped(const struct rd *cookie, uint8_t *secret)
{
	struct rd at = *cookie;
	uint8_t id;

	if (rd_len(&at) != COOKIE_LEN || !rd_u8(&at, &id) || id > 1)
		return false;
	*secret = id;
	return true;
}

void cookie_write(uint8_t out[COOKIE_LEN], uint8_t secret, const uint8_t mac[HMAC_SHA256_LEN])
{
	struct wr w = wr_of(out, COOKIE_LEN);

	wr_u8(&w, secret);
	wr_bytes(&w, mac, COOKIE_MAC_LEN);
}

bool cookie_verify(const struct rd *cookie, uint8_t secret, const uint8_t mac[HMAC_SHA256_LEN])
{
	uint8_t expected[COOKIE_LEN] = { 0 };

	cookie_write(expected, secret, mac);
	return rd_len(cookie) == COOKIE_LEN && secret_equal(cookie->p, expected, COOKIE_LEN);
}

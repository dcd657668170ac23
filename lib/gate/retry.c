/* SPDX-License-Identifier: BSD-3-Clause */
#include "retry.h"

#include "hs_msg13.h"
#include "key_schedule13.h"
#include "secret.h"

static void head_write(struct wr *w, const struct retry_cookie *c)
{
	wr_u8(w, c->secret);
	wr_u32(w, c->time_s);
	wr_u16(w, c->suite->id);
	wr_u16(w, c->group);
	wr_bytes(w, c->hash, hash13_len(c->suite->hash));
}

bool retry_cookie_parse(struct rd cookie, struct retry_cookie *out)
{
	struct retry_cookie c;
	struct rd hash;
	uint16_t suite;

	if (!rd_u8(&cookie, &c.secret) || c.secret > 1 || !rd_u32(&cookie, &c.time_s) ||
	    !rd_u16(&cookie, &suite) || !rd_u16(&cookie, &c.group))
		return false;
	c.suite = suite_by_id(suite);
	if (c.suite == NULL || !suite_is_13(c.suite) ||
	    !rd_sub(&cookie, hash13_len(c.suite->hash), &hash) || rd_len(&cookie) != COOKIE_MAC_LEN)
		return false;
	c.hash = hash.p;
	*out = c;
	return true;
}

/* A core whose turn began before the one that made the cookie may be a second behind. */
bool retry_cookie_fresh(const struct retry_cookie *c, uint32_t now_s)
{
	return now_s + 1 - c->time_s <= RETRY_COOKIE_S + 1;
}

/*
 *   OFFSET SIZE
 *     0     1   0xff: the input of a DTLS 1.2 cookie begins with our address, which never does
 *     1    36   struct flow
 *    37     -   the cookie up to its MAC
 *     -    32   SHA-256 of what the second hello must repeat
 */
size_t retry_input(const struct flow *flow, const struct client_hello *ch,
		   const struct retry_cookie *c, uint8_t out[RETRY_INPUT_MAX])
{
	struct wr w = wr_of(out, RETRY_INPUT_MAX);
	struct rd repeats[HS_REPEATS_MAX];
	uint8_t digest[HASH_MAX];
	size_t len;

	if (!hash13(PRF_SHA256, repeats, client_hello_repeats(ch, repeats), digest))
		return 0;
	wr_u8(&w, 0xff);
	wr_bytes(&w, flow, sizeof(*flow));
	head_write(&w, c);
	wr_bytes(&w, digest, hash13_len(PRF_SHA256));
	return wr_finish(&w, &len) ? len : 0;
}

size_t retry_cookie_write(uint8_t out[RETRY_COOKIE_MAX], const struct retry_cookie *c,
			  const uint8_t mac[HMAC_SHA256_LEN])
{
	struct wr w = wr_of(out, RETRY_COOKIE_MAX);

	head_write(&w, c);
	wr_bytes(&w, mac, COOKIE_MAC_LEN);
	return wr_len(&w);
}

bool retry_cookie_verify(struct rd cookie, const uint8_t mac[HMAC_SHA256_LEN])
{
	return rd_len(&cookie) >= COOKIE_MAC_LEN &&
	       secret_equal(cookie.end - COOKIE_MAC_LEN, mac, COOKIE_MAC_LEN);
}

void retry_write(struct wr *w, const struct retry_cookie *c, struct rd cookie)
{
	hello_retry_write(w, c->suite->id, c->group, cookie);
}

/* SPDX-License-Identifier: BSD-3-Clause */
#include "first_hello.h"

#include "hs_msg13.h"
#include "record.h"

#include <string.h>

/* A body as the only record of its datagram. */
static size_t wrap(uint8_t out[FIRST_HELLO_MAX], const struct wr *body, uint8_t seq)
{
	struct wr w = wr_of(out, FIRST_HELLO_MAX);
	size_t body_len, len;

	if (!wr_finish(body, &body_len))
		return 0;
	record_write_header(&w, RECORD_HANDSHAKE, DTLS_1_0, 0, seq,
			    (uint16_t)(HS_HEADER_LEN + body_len));
	hs_header_write(&w, HS_CLIENT_HELLO, (uint32_t)body_len, seq, 0, (uint32_t)body_len);
	wr_bytes(&w, body->start, body_len);
	return wr_finish(&w, &len) ? len : 0;
}

size_t first_hello_write(uint8_t out[FIRST_HELLO_MAX], const uint8_t random[HS_RANDOM_LEN],
			 const uint8_t *cookie)
{
	static const uint16_t suites[] = { TLS_PSK_WITH_AES_128_CCM_8,
					   TLS_PSK_WITH_AES_128_GCM_SHA256 };
	const struct client_hello_params params = { .random = random,
						    .cookie = cookie,
						    .cookie_len = cookie == NULL ? 0 : COOKIE_LEN,
						    .suites = suites,
						    .n_suites = 2,
						    .ems = true };
	uint8_t body[200];
	struct wr b = wr_of(body, sizeof(body));

	client_hello_write(&b, &params);
	return wrap(out, &b, cookie != NULL);
}

size_t first_hello13_write(uint8_t out[FIRST_HELLO_MAX], const uint8_t random[HS_RANDOM_LEN],
			   struct rd cookie)
{
	static const uint16_t suites[] = { TLS_AES_128_GCM_SHA256, TLS_AES_128_CCM_SHA256 },
			      groups[] = { ECDHE_X25519 };
	static const uint8_t modes[] = { HS_PSK_DHE_KE }, key[32] = { 9 };
	const struct hs_share share = { ECDHE_X25519, sizeof(key), key };
	const struct hs_psk_offer psk = { .identity = (const uint8_t *)"urn:dev:1",
					  .identity_len = 9,
					  .binder_len = 32 };
	const struct client_hello13_params params = { .random = random,
						      .cookie = cookie,
						      .suites = suites,
						      .n_suites = 2,
						      .groups = groups,
						      .n_groups = 1,
						      .shares = &share,
						      .n_shares = 1,
						      .psk_modes = modes,
						      .n_psk_modes = 1,
						      .psks = &psk,
						      .n_psks = 1 };
	uint8_t body[FIRST_HELLO_MAX];
	struct wr b = wr_of(body, sizeof(body));

	(void)client_hello13_write(&b, &params);
	return wrap(out, &b, rd_len(&cookie) != 0);
}

bool first_hello13_cookie(struct gate *gate, const struct cookie_secrets *secrets,
			  const struct flow *flow, const uint8_t random[HS_RANDOM_LEN],
			  uint8_t cookie[RETRY_COOKIE_MAX], size_t *len)
{
	enum { AT_BODY = RECORD_HEADER_LEN + HS_HEADER_LEN };
	uint8_t hello[FIRST_HELLO_MAX];
	struct gate_item item = { .flow = flow };
	struct server_hello13 sh;

	item.datagram = rd_of(hello, first_hello13_write(hello, random, rd_of(NULL, 0)));
	gate_burst(gate, secrets, 0, &item, 1);
	if (item.status != STATUS_HELLO_RETRY_SENT ||
	    server_hello13_parse(rd_of(item.reply + AT_BODY, item.reply_len - AT_BODY), &sh) !=
		    HS_PARSE_OK)
		return false;
	*len = rd_len(&sh.cookie);
	memcpy(cookie, sh.cookie.p, *len);
	return true;
}

bool first_hello_cookie(struct gate *gate, const struct cookie_secrets *secrets,
			const struct flow *flow, const uint8_t random[HS_RANDOM_LEN],
			uint8_t cookie[COOKIE_LEN])
{
	uint8_t hello[FIRST_HELLO_MAX];
	struct gate_item item = { .flow = flow,
				  .datagram =
					  rd_of(hello, first_hello_write(hello, random, NULL)) };

	gate_burst(gate, secrets, 0, &item, 1);
	if (item.status != STATUS_HELLO_VERIFY_SENT)
		return false;
	/* A HelloVerifyRequest ends with the cookie. */
	memcpy(cookie, item.reply + item.reply_len - COOKIE_LEN, COOKIE_LEN);
	return true;
}

/* SPDX-License-Identifier: BSD-3-Clause */
#include "first_hello.h"

#include "record.h"

#include <string.h>

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
	uint8_t body[200], seq = cookie != NULL;
	struct wr b = wr_of(body, sizeof(body)), w = wr_of(out, FIRST_HELLO_MAX);
	size_t body_len, len;

	client_hello_write(&b, &params);
	if (!wr_finish(&b, &body_len))
		return 0;
	record_write_header(&w, RECORD_HANDSHAKE, DTLS_1_0, 0, seq,
			    (uint16_t)(HS_HEADER_LEN + body_len));
	hs_header_write(&w, HS_CLIENT_HELLO, (uint32_t)body_len, seq, 0, (uint32_t)body_len);
	wr_bytes(&w, body, body_len);
	return wr_finish(&w, &len) ? len : 0;
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

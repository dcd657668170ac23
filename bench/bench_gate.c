/* SPDX-License-Identifier: BSD-3-Clause */
/* The gate on a burst of hellos: the first of a client, answered; the second, its cookie checked.
 */
#include "benches.h"

#include "gate.h"
#include "hs_msg.h"
#include "record.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

struct hellos {
	struct gate *gate;
	struct cookie_secrets secrets;
	struct flow flows[GATE_BURST];
	uint8_t random[HS_RANDOM_LEN];
	uint8_t bytes[GATE_BURST][256];
	size_t len[GATE_BURST];
	struct gate_item items[GATE_BURST];
};

/* A constrained client's hello: two suites, extended master secret, renegotiation info. */
static size_t write_hello(uint8_t *out, size_t room, const struct client_hello_params *params,
			  uint16_t seq)
{
	uint8_t body[200];
	struct wr b = wr_of(body, sizeof(body)), w = wr_of(out, room);
	size_t body_len, len;

	client_hello_write(&b, params);
	if (!wr_finish(&b, &body_len))
		return 0;
	record_write_header(&w, RECORD_HANDSHAKE, DTLS_1_0, 0, seq,
			    (uint16_t)(HS_HEADER_LEN + body_len));
	hs_header_write(&w, HS_CLIENT_HELLO, (uint32_t)body_len, seq, 0, (uint32_t)body_len);
	wr_bytes(&w, body, body_len);
	return wr_finish(&w, &len) ? len : 0;
}

static void write_hellos(struct hellos *h, bool with_cookies)
{
	static const uint16_t suites[] = { TLS_PSK_WITH_AES_128_CCM_8,
					   TLS_PSK_WITH_AES_128_GCM_SHA256 };
	/* A HelloVerifyRequest ends with the cookie. */
	enum { COOKIE_AT = GATE_REPLY_MAX - COOKIE_LEN };

	for (size_t i = 0; i < GATE_BURST; i++) {
		struct client_hello_params params = {
			.random = h->random,
			.cookie = with_cookies ? h->items[i].reply + COOKIE_AT : NULL,
			.cookie_len = with_cookies ? COOKIE_LEN : 0,
			.suites = suites,
			.n_suites = 2,
			.ems = true
		};

		h->len[i] = write_hello(h->bytes[i], sizeof(h->bytes[i]), &params, with_cookies);
	}
}

static void burst(struct hellos *h, size_t n)
{
	for (size_t i = 0; i < n; i++)
		h->items[i] = (struct gate_item){ .flow = &h->flows[i],
						  .datagram = rd_of(h->bytes[i], h->len[i]) };
	gate_burst(h->gate, &h->secrets, h->items, n);
}

static void measure(struct bench *b, struct hellos *h)
{
	size_t n = (size_t)bench_arg(b, 0);
	bool with_cookies = bench_arg(b, 1);
	enum status want = with_cookies ? STATUS_OK : STATUS_HELLO_VERIFY_SENT;

	for (size_t i = 0; i < GATE_BURST; i++)
		h->flows[i].remote_port = (uint16_t)(40000 + i);
	write_hellos(h, false);
	burst(h, GATE_BURST);
	if (with_cookies)
		write_hellos(h, true);
	while (bench_next(b))
		burst(h, n);
	for (size_t i = 0; i < n; i++) {
		if (h->items[i].status != want)
			bench_fail(b, status_label(h->items[i].status));
	}
	bench_items(b, n);
	bench_bytes(b, n * h->len[0]);
}

static void run(struct bench *b)
{
	struct hellos *h = calloc(1, sizeof(*h));

	if (h == NULL || (h->gate = gate_new()) == NULL || !cookie_secrets_init(&h->secrets)) {
		bench_fail(b, "no gate");
	} else {
		measure(b, h);
		gate_free(h->gate);
	}
	free(h);
}

void bench_gate_add(void)
{
	static const int64_t sizes[] = { 1, 8, 32, 64 };
	char name[96];

	for (int64_t with_cookies = 0; with_cookies < 2; with_cookies++) {
		for (size_t i = 0; i < sizeof(sizes) / sizeof(sizes[0]); i++) {
			int64_t args[] = { sizes[i], with_cookies };

			snprintf(name, sizeof(name), "gate_hello_%s/n:%d",
				 with_cookies ? "admit" : "verify_request", (int)sizes[i]);
			bench_add(name, run, args, 2);
		}
	}
}

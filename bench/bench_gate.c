/* SPDX-License-Identifier: BSD-3-Clause */
/* The gate on a burst of hellos, parsing included: cookies verified (valid), refuted and made anew
 * (forged), or made (none). Every hello has a flow and a random of its own. */
#include "benches.h"

#include "first_hello.h"

#include <stdio.h>
#include <stdlib.h>

enum cookies { VALID, FORGED, NONE };

struct hellos {
	struct gate *gate;
	struct cookie_secrets secrets;
	struct flow flows[GATE_BURST];
	uint8_t bytes[GATE_BURST][FIRST_HELLO_MAX];
	size_t len[GATE_BURST];
	struct gate_item items[GATE_BURST];
};

static bool write_hello(struct hellos *h, size_t i, enum cookies cookies)
{
	uint8_t random[HS_RANDOM_LEN] = { (uint8_t)i }, cookie[COOKIE_LEN];

	h->flows[i].remote_port = (uint16_t)(40000 + i);
	if (!first_hello_cookie(h->gate, &h->secrets, &h->flows[i], random, cookie))
		return false;
	if (cookies == FORGED)
		cookie[COOKIE_LEN - 1] ^= 1;
	h->len[i] = first_hello_write(h->bytes[i], random, cookies == NONE ? NULL : cookie);
	return h->len[i] != 0;
}

static void burst(struct hellos *h, size_t n)
{
	for (size_t i = 0; i < n; i++)
		h->items[i] = (struct gate_item){ .flow = &h->flows[i],
						  .datagram = rd_of(h->bytes[i], h->len[i]) };
	gate_burst(h->gate, &h->secrets, 0, h->items, n);
}

static void measure(struct bench *b, struct hellos *h)
{
	size_t n = (size_t)bench_arg(b, 0);
	enum cookies cookies = (enum cookies)bench_arg(b, 1);
	enum status want = cookies == VALID ? STATUS_OK : STATUS_HELLO_VERIFY_SENT;

	for (size_t i = 0; i < n; i++)
		if (!write_hello(h, i, cookies))
			bench_fail(b, "a hello without a cookie is not answered");
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

	if (h == NULL || (h->gate = gate_new(NULL)) == NULL || !cookie_secrets_init(&h->secrets)) {
		bench_fail(b, "no gate");
	} else {
		measure(b, h);
		gate_free(h->gate);
	}
	free(h);
}

void bench_gate_add(void)
{
	static const char *const names[] = { "valid", "forged", "none" };
	static const int64_t sizes[] = { 1, 4, 8, 15, 16, 32, 64 };
	char name[96];

	for (int64_t cookies = VALID; cookies <= NONE; cookies++) {
		for (size_t i = 0; i < sizeof(sizes) / sizeof(sizes[0]); i++) {
			int64_t args[] = { sizes[i], cookies };

			snprintf(name, sizeof(name), "gate/cookies:%s/burst:%d", names[cookies],
				 (int)sizes[i]);
			bench_add(name, run, args, 2);
		}
	}
}

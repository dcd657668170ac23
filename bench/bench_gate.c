/* SPDX-License-Identifier: BSD-3-Clause */
/* The gate on a burst of hellos, parsing included: cookies verified (valid), refuted and made anew
 * (forged), or made (none). In DTLS 1.3 (gate13) a forged cookie is answered by an alert, and one
 * is made from the hash of the whole hello. Every hello has a flow and a random of its own. */
#include "benches.h"

#include "first_hello.h"

#include <stdio.h>
#include <stdlib.h>

enum cookies { VALID, FORGED, NONE };

struct hellos {
	struct hello_policy policy;
	struct gate *gate;
	struct cookie_secrets secrets;
	struct flow flows[GATE_BURST];
	uint8_t bytes[GATE_BURST][FIRST_HELLO_MAX];
	size_t len[GATE_BURST];
	struct gate_item items[GATE_BURST];
};

static bool write_hello13(struct hellos *h, size_t i, enum cookies cookies)
{
	uint8_t random[HS_RANDOM_LEN] = { (uint8_t)i }, cookie[RETRY_COOKIE_MAX];
	size_t len;

	h->flows[i].remote_port = (uint16_t)(40000 + i);
	if (!first_hello13_cookie(h->gate, &h->secrets, &h->flows[i], random, cookie, &len))
		return false;
	if (cookies == FORGED)
		cookie[len - 1] ^= 1;
	h->len[i] =
		first_hello13_write(h->bytes[i], random, rd_of(cookie, cookies == NONE ? 0 : len));
	return h->len[i] != 0;
}

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
	static const enum status want_13[] = { STATUS_OK, STATUS_HELLO_COOKIE,
					       STATUS_HELLO_RETRY_SENT },
				 want_12[] = { STATUS_OK, STATUS_HELLO_VERIFY_SENT,
					       STATUS_HELLO_VERIFY_SENT };
	size_t n = (size_t)bench_arg(b, 0);
	enum cookies cookies = (enum cookies)bench_arg(b, 1);
	bool is_13 = bench_arg(b, 2) != 0;
	enum status want = is_13 ? want_13[cookies] : want_12[cookies];

	for (size_t i = 0; i < n; i++)
		if (!(is_13 ? write_hello13 : write_hello)(h, i, cookies))
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

/* A server of both versions. */
static bool set_up(struct hellos *h)
{
	h->policy = (struct hello_policy){ .min_version = DTLS_1_2,
					   .max_version = DTLS_1_3,
					   .groups = { ECDHE_X25519, ECDHE_SECP256R1 },
					   .n_groups = 2,
					   .psk_ke = true };
	for (size_t i = 0; i < SUITE_N; i++)
		h->policy.suites[h->policy.n_suites++] = suite_at(i);
	h->gate = gate_new(&h->policy);
	return h->gate != NULL && cookie_secrets_init(&h->secrets);
}

static void run(struct bench *b)
{
	struct hellos *h = calloc(1, sizeof(*h));

	if (h == NULL || !set_up(h)) {
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
	enum { N_SIZES = sizeof(sizes) / sizeof(sizes[0]) };
	char name[96];

	for (int64_t i = 0; i < (int64_t)2 * 3 * N_SIZES; i++) {
		int64_t args[] = { sizes[i % N_SIZES], i / N_SIZES % 3, i / N_SIZES / 3 };

		snprintf(name, sizeof(name), "%s/cookies:%s/burst:%d", args[2] ? "gate13" : "gate",
			 names[args[1]], (int)args[0]);
		bench_add(name, run, args, 3);
	}
}

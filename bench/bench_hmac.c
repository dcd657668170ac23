/* SPDX-License-Identifier: BSD-3-Clause */
/* Cookie MACs: HMAC-SHA256 over what a small device's hello puts under it. */
#include "benches.h"

#include "hmac_batch.h"

#include <stdio.h>
#include <string.h>

#include <openssl/evp.h>
#include <openssl/hmac.h>

/* Addresses and ports 36, version 2, random 32, empty session id 1, 5 suites 12, compression 2. */
enum { COOKIE_INPUT = 85, SHORT_INPUT = 32 };

static uint8_t msgs[HMAC_BATCH_MAX][COOKIE_INPUT];

static void batch(struct bench *b)
{
	size_t n = (size_t)bench_arg(b, 0), len = (size_t)bench_arg(b, 1);
	uint8_t raw[32] = { 1, 2, 3 };
	struct hmac_op ops[HMAC_BATCH_MAX];
	struct hmac_batch *h = hmac_batch_new();
	struct hmac_key key;

	if (h == NULL) {
		bench_fail(b, "no ipsec-mb");
		return;
	}
	hmac_key_init(&key, raw);
	for (size_t i = 0; i < n; i++)
		ops[i] = (struct hmac_op){ .key = &key, .msg = msgs[i], .len = (uint16_t)len };
	while (bench_next(b)) {
		hmac_batch_run(h, ops, n);
		bench_keep(ops);
	}
	bench_items(b, n);
	hmac_batch_free(h);
}

/* What a program without batches would write. */
static void one_shot(struct bench *b)
{
	uint8_t raw[32] = { 1, 2, 3 }, mac[32];
	size_t len = (size_t)bench_arg(b, 1);

	while (bench_next(b)) {
		HMAC(EVP_sha256(), raw, sizeof(raw), msgs[0], len, mac, NULL);
		bench_keep(mac);
	}
	bench_items(b, 1);
}

void bench_hmac_add(void)
{
	static const int64_t sizes[] = { 1, 8, 15, 16, 24, 32, 64 };
	static const int64_t lens[] = { SHORT_INPUT, COOKIE_INPUT };
	char name[96];

	for (size_t l = 0; l < 2; l++) {
		for (size_t i = 0; i < sizeof(sizes) / sizeof(sizes[0]); i++) {
			int64_t args[] = { sizes[i], lens[l] };

			snprintf(name, sizeof(name), "hmac_batch/n:%d/len:%d", (int)args[0],
				 (int)args[1]);
			bench_add(name, batch, args, 2);
		}
		snprintf(name, sizeof(name), "hmac_libcrypto_one_shot/len:%d", (int)lens[l]);
		bench_add(name, one_shot, (int64_t[]){ 1, lens[l] }, 2);
	}
}

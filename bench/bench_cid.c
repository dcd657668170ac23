/* SPDX-License-Identifier: BSD-3-Clause */
/* Connection IDs: one more for a handshake, and where those of a burst belong that no session has.
 */
#include "benches.h"

#include "cid.h"

#include <stdio.h>

enum { BURST = 32 };

static const uint8_t key_bytes[CID_KEY_LEN] = "key of a cluster";

static void issue(struct bench *b)
{
	struct cid_key key;
	struct cid_issuer issuer;
	uint8_t cid[CID_LEN_MAX];

	cid_key_init(&key, key_bytes, (uint8_t)bench_arg(b, 0), 1);
	if (!cid_issuer_init(&issuer, &key)) {
		bench_fail(b, "no randomness");
		return;
	}
	while (bench_next(b)) {
		for (unsigned i = 0; i < BURST; i++) {
			cid_issue(&issuer, 0, cid);
			bench_keep(cid);
		}
	}
	bench_items(b, BURST);
}

static void open_burst(struct bench *b)
{
	static uint8_t bytes[BURST][CID_LEN_MAX];
	const uint8_t *cids[BURST];
	struct cid_route routes[BURST];
	struct cid_key key;
	uint64_t ours = 0;

	cid_key_init(&key, key_bytes, (uint8_t)bench_arg(b, 0), 1);
	for (unsigned i = 0; i < BURST; i++) {
		bytes[i][0] = (uint8_t)i; /* random enough: nobody issued them */
		cids[i] = bytes[i];
	}
	while (bench_next(b)) {
		ours |= cid_open_burst(&key, cids, routes, BURST);
		bench_keep(routes);
	}
	if (ours != 0)
		bench_fail(b, "took what nobody issued");
	bench_items(b, BURST);
}

void bench_cid_add(void)
{
	static const int64_t lens[] = { 8, 16 };
	char name[32];

	for (unsigned i = 0; i < 2; i++) {
		snprintf(name, sizeof(name), "cid/issue/len:%d", (int)lens[i]);
		bench_add(name, issue, &lens[i], 1);
		snprintf(name, sizeof(name), "cid/open/len:%d", (int)lens[i]);
		bench_add(name, open_burst, &lens[i], 1);
	}
}

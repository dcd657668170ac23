/* SPDX-License-Identifier: BSD-3-Clause */
/* What the fuzz targets of the gate share: one flow, fixed secrets, and what a datagram asked. */
#pragma once

#include "gate.h"

#include <stdlib.h>

static const struct flow flow = {
	.local_ip = { [10] = 0xff, 0xff, 198, 18, 0, 2 },
	.remote_ip = { [10] = 0xff, 0xff, 198, 18, 0, 1 },
	.local_port = 5684,
	.remote_port = 40000,
};

static void must(bool truth)
{
	if (!truth)
		abort();
}

/* secrets_fix: always the same, so that a found input repeats, and a corpus can hold valid cookies.
 */
static void secrets_fix(struct cookie_secrets *secrets)
{
	for (uint8_t i = 0; i < 2; i++) {
		uint8_t key[32];

		memset(key, 0x40 + i, sizeof(key));
		hmac_key_init(&secrets->keys[i], key);
	}
}

/* The hello of a datagram that the gate let through or answered. */
static struct client_hello hello_of(struct rd datagram)
{
	struct client_hello ch;
	struct hs_fragment f;
	struct record rec;

	must(record_next(&datagram, &rec) == STATUS_OK && rec.epoch == 0);
	must(hs_fragment_next(&rec.body, &f) && f.type == HS_CLIENT_HELLO);
	must(client_hello_parse(f.body, &ch) != HS_PARSE_DECODE_ERROR);
	return ch;
}

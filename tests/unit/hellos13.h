/* SPDX-License-Identifier: BSD-3-Clause */
/* ClientHellos of DTLS 1.3 for tests: made as client_hello13_write makes them, whole datagrams. */
#pragma once

#include "hellos.h"
#include "hs_hello13.h"

/* Numbers on the wire, for tests of lib/wire, which know nothing of lib/crypto. */
enum {
	HELLO13_SUITE = 0x1301, /* TLS_AES_128_GCM_SHA256 */
	HELLO13_SECP256R1 = 23,
	HELLO13_X25519 = 29,
	HELLO13_ECDSA = 0x0403,
	HELLO13_ED25519 = 0x0807,
};

/* What a hello offers; change what a test is about. */
struct hello13 {
	struct client_hello13_params p;
	uint16_t suites[8], groups[8];
	struct hs_share shares[8];
	struct hs_psk_offer psks[8];
	uint16_t message_seq;
	uint64_t record_seq;
};

static const uint16_t hello13_schemes[] = { HELLO13_ECDSA, HELLO13_ED25519 };
static const uint8_t hello13_modes[] = { HS_PSK_DHE_KE, HS_PSK_KE };
static const uint8_t hello13_random[HS_RANDOM_LEN] = { 0x13, 1, 2, 3 };
static const uint8_t hello13_key[65] = { 4, 9, 9, 9 };

/* hello13_plain: AES-128-GCM, x25519 with its share, certificates. h stays where it is. */
static inline void hello13_plain(struct hello13 *h)
{
	*h = (struct hello13){ .suites = { HELLO13_SUITE },
			       .groups = { HELLO13_X25519 },
			       .shares = { { HELLO13_X25519, 32, hello13_key } } };
	h->p = (struct client_hello13_params){ .random = hello13_random,
					       .suites = h->suites,
					       .n_suites = 1,
					       .groups = h->groups,
					       .n_groups = 1,
					       .signature_algorithms = hello13_schemes,
					       .n_signature_algorithms = 2,
					       .shares = h->shares,
					       .n_shares = 1 };
}

/* hello13_psk: offers one PSK more, by both modes, with a binder of binder_len zeros. */
static inline void hello13_psk(struct hello13 *h, uint8_t binder_len)
{
	h->p.psks = h->psks;
	h->p.psk_modes = hello13_modes;
	h->p.n_psk_modes = sizeof(hello13_modes);
	h->psks[h->p.n_psks++] = (struct hs_psk_offer){ .identity = (const uint8_t *)"dev1",
							.identity_len = 4,
							.binder_len = binder_len };
}

static inline size_t hello13_body(uint8_t out[HELLO_MAX], const struct hello13 *h)
{
	struct wr w = wr_of(out, HELLO_MAX);
	size_t len;

	(void)client_hello13_write(&w, &h->p);
	if (!wr_finish(&w, &len))
		abort();
	return len;
}

static inline size_t hello13_datagram(uint8_t out[HELLO_MAX], const struct hello13 *h)
{
	uint8_t body[HELLO_MAX];

	return hello_wrap(out, body, hello13_body(body, h), h->message_seq, h->record_seq);
}

/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * AES-256-GCM over session tickets, through libcrypto's EVP. One core's: a ticket is opened and
 * sealed where its handshake is, and a key is prepared once for all tickets in a row that have it.
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum { TICKET_CIPHER_KEY = 32, TICKET_CIPHER_NONCE = 12, TICKET_CIPHER_TAG = 16 };

struct ticket_cipher;

/* ticket_cipher_new: NULL without memory or randomness. Slow path only. */
struct ticket_cipher *ticket_cipher_new(void);

/* ticket_cipher_free: wipes the keys; NULL is fine. */
void ticket_cipher_free(struct ticket_cipher *c);

/* ticket_cipher_forget: wipes the keys that it keeps prepared: they may be good no more. */
void ticket_cipher_forget(struct ticket_cipher *c);

/* What a call works on. The text is sealed and opened in place. */
struct ticket_cipher_op {
	const uint8_t *key; /* TICKET_CIPHER_KEY bytes */
	const uint8_t *aad;
	uint8_t *nonce, *text, *tag; /* TICKET_CIPHER_NONCE, len, TICKET_CIPHER_TAG bytes */
	size_t aad_len, len;
};

/* ticket_cipher_seal: writes nonce, text and tag. No nonce comes twice: each cipher counts up from
 * a random 96-bit number, so that those of any number of cores and endpoints with one key keep
 * apart. false: libcrypto failed. */
bool ticket_cipher_seal(struct ticket_cipher *c, const struct ticket_cipher_op *op)
	__attribute__((warn_unused_result));

/* ticket_cipher_open: false: forged, or libcrypto failed; then the text is wiped. */
bool ticket_cipher_open(struct ticket_cipher *c, const struct ticket_cipher_op *op)
	__attribute__((warn_unused_result));

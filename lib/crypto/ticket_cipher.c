/* SPDX-License-Identifier: BSD-3-Clause */
#include "ticket_cipher.h"

#include "random.h"
#include "secret.h"

#include <stdlib.h>

#include <openssl/evp.h>

/* One direction: a context, and the key that it is prepared for. */
struct direction {
	EVP_CIPHER_CTX *ctx;
	uint8_t key[TICKET_CIPHER_KEY];
	bool has_key;
};

struct ticket_cipher {
	struct direction seal, open;
	uint8_t nonce[TICKET_CIPHER_NONCE]; /* of the last ticket */
};

static bool direction_init(struct direction *d, int encrypts)
{
	d->ctx = EVP_CIPHER_CTX_new();
	return d->ctx != NULL &&
	       EVP_CipherInit_ex(d->ctx, EVP_aes_256_gcm(), NULL, NULL, NULL, encrypts) == 1;
}

/* If libcrypto fails here, it does so for the next ticket, which is none then. */
static void direction_forget(struct direction *d, int encrypts)
{
	if (!d->has_key)
		return;
	d->has_key = false;
	secret_wipe(d->key, sizeof(d->key));
	EVP_CIPHER_CTX_reset(d->ctx);
	(void)EVP_CipherInit_ex(d->ctx, EVP_aes_256_gcm(), NULL, NULL, NULL, encrypts);
}

void ticket_cipher_forget(struct ticket_cipher *c)
{
	direction_forget(&c->seal, 1);
	direction_forget(&c->open, 0);
}

struct ticket_cipher *ticket_cipher_new(void)
{
	struct ticket_cipher *c = calloc(1, sizeof(*c));

	if (c == NULL)
		return NULL;
	if (!direction_init(&c->seal, 1) || !direction_init(&c->open, 0) ||
	    !random_bytes(c->nonce, sizeof(c->nonce))) {
		ticket_cipher_free(c);
		return NULL;
	}
	return c;
}

void ticket_cipher_free(struct ticket_cipher *c)
{
	if (c == NULL)
		return;
	EVP_CIPHER_CTX_free(c->seal.ctx);
	EVP_CIPHER_CTX_free(c->open.ctx);
	secret_wipe(c, sizeof(*c));
	free(c);
}

/* The key's schedule is most of the work for a text as short as a ticket. */
static bool direction_start(struct direction *d, const uint8_t *key, const uint8_t *nonce)
{
	bool same = d->has_key && secret_equal(d->key, key, sizeof(d->key));

	d->has_key = EVP_CipherInit_ex(d->ctx, NULL, NULL, same ? NULL : key, nonce, -1) == 1;
	if (d->has_key && !same)
		memcpy(d->key, key, sizeof(d->key));
	return d->has_key;
}

static bool run(struct direction *d, const struct ticket_cipher_op *op)
{
	int n;

	return direction_start(d, op->key, op->nonce) &&
	       EVP_CipherUpdate(d->ctx, NULL, &n, op->aad, (int)op->aad_len) == 1 &&
	       EVP_CipherUpdate(d->ctx, op->text, &n, op->text, (int)op->len) == 1 &&
	       n == (int)op->len;
}

static void nonce_next(uint8_t nonce[TICKET_CIPHER_NONCE])
{
	for (size_t i = TICKET_CIPHER_NONCE; i-- > 0;)
		if (++nonce[i] != 0)
			return;
}

bool ticket_cipher_seal(struct ticket_cipher *c, const struct ticket_cipher_op *op)
{
	uint8_t none[1];
	int n;

	nonce_next(c->nonce);
	memcpy(op->nonce, c->nonce, sizeof(c->nonce));
	return run(&c->seal, op) && EVP_CipherFinal_ex(c->seal.ctx, none, &n) == 1 &&
	       EVP_CIPHER_CTX_ctrl(c->seal.ctx, EVP_CTRL_AEAD_GET_TAG, TICKET_CIPHER_TAG,
				   op->tag) == 1;
}

bool ticket_cipher_open(struct ticket_cipher *c, const struct ticket_cipher_op *op)
{
	uint8_t none[1];
	bool ok;
	int n;

	ok = run(&c->open, op) &&
	     EVP_CIPHER_CTX_ctrl(c->open.ctx, EVP_CTRL_AEAD_SET_TAG, TICKET_CIPHER_TAG, op->tag) ==
		     1 &&
	     EVP_CipherFinal_ex(c->open.ctx, none, &n) == 1;
	if (!ok)
		secret_wipe(op->text, op->len);
	return ok;
}

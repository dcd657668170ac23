/* SPDX-License-Identifier: BSD-3-Clause */
#include "x509_issuers.h"

#include <pthread.h>
#include <stdlib.h>

#include <openssl/sha.h>
#include <openssl/x509v3.h>

struct entry {
	uint8_t digest[SHA256_DIGEST_LENGTH]; /* of what was shown */
	STACK_OF(X509) * above;               /* NULL: none */
	int64_t at_s;
};

/* Nobody puts anything here who has no certificate of a CA that is trusted: places are few, and a
 * later chain takes an earlier one's. */
struct x509_issuers {
	pthread_mutex_t lock;
	struct entry entries[X509_ISSUERS_MAX];
};

struct x509_issuers *x509_issuers_new(void)
{
	struct x509_issuers *c = calloc(1, sizeof(*c));

	if (c != NULL)
		pthread_mutex_init(&c->lock, NULL);
	return c;
}

static void stack_free(STACK_OF(X509) * certs) { sk_X509_pop_free(certs, X509_free); }

void x509_issuers_free(struct x509_issuers *c)
{
	if (c == NULL)
		return;
	for (unsigned i = 0; i < X509_ISSUERS_MAX; i++)
		stack_free(c->entries[i].above);
	pthread_mutex_destroy(&c->lock);
	free(c);
}

static struct entry *place(struct x509_issuers *c, struct rd shown,
			   uint8_t digest[SHA256_DIGEST_LENGTH])
{
	SHA256(shown.p, rd_len(&shown), digest);
	return &c->entries[digest[0] % X509_ISSUERS_MAX];
}

STACK_OF(X509) * x509_issuers_find(struct x509_issuers *c, struct rd shown, int64_t now_s)
{
	uint8_t digest[SHA256_DIGEST_LENGTH];
	const struct entry *e = place(c, shown, digest);
	STACK_OF(X509) *found = NULL;

	pthread_mutex_lock(&c->lock);
	if (e->above != NULL && memcmp(e->digest, digest, sizeof(digest)) == 0 &&
	    now_s >= e->at_s && now_s - e->at_s < X509_ISSUERS_S)
		found = X509_chain_up_ref(e->above);
	pthread_mutex_unlock(&c->lock);
	return found;
}

/* What is above the peer's certificate; NULL: not to be kept, or no memory. */
static STACK_OF(X509) * above_of(STACK_OF(X509) * chain)
{
	STACK_OF(X509) *above = X509_chain_up_ref(chain);

	if (above == NULL)
		return NULL;
	X509_free(sk_X509_shift(above));
	for (int i = 0; i < sk_X509_num(above); i++)
		if (X509_get_ext_by_NID(sk_X509_value(above, i), NID_name_constraints, -1) >= 0) {
			stack_free(above);
			return NULL;
		}
	return above;
}

void x509_issuers_keep(struct x509_issuers *c, struct rd shown, STACK_OF(X509) * chain,
		       int64_t now_s)
{
	uint8_t digest[SHA256_DIGEST_LENGTH];
	struct entry *e = place(c, shown, digest);
	STACK_OF(X509) *above = above_of(chain), *old;

	if (above == NULL)
		return;
	pthread_mutex_lock(&c->lock);
	old = e->above;
	memcpy(e->digest, digest, sizeof(digest));
	e->above = above;
	e->at_s = now_s;
	pthread_mutex_unlock(&c->lock);
	stack_free(old);
}

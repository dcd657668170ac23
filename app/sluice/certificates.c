/* SPDX-License-Identifier: BSD-3-Clause */
#include "certificates.h"

#include <stdio.h>
#include <stdlib.h>

struct certificates {
	struct x509_own *own[CERTIFICATES_OWN_MAX];
	unsigned n_own;
	struct x509_trust *x509;
	struct rpk_store *rpks;
	struct peer_trust trust; /* the two above */
};

static bool load(struct certificates *c, const struct certificates_config *cfg, char *err,
		 size_t err_len)
{
	for (unsigned i = 0; i < cfg->n_own; i++) {
		c->own[i] = x509_own_load(cfg->chains[i], cfg->keys[i], err, err_len);
		if (c->own[i] == NULL)
			return false;
		c->n_own++;
	}
	if (cfg->trust.ca_path != NULL) {
		c->x509 = x509_trust_load(&cfg->trust, err, err_len);
		if (c->x509 == NULL)
			return false;
	}
	if (cfg->rpks != NULL) {
		c->rpks = rpk_store_load(cfg->rpks, err, err_len);
		if (c->rpks == NULL)
			return false;
	}
	c->trust = (struct peer_trust){ c->x509, c->rpks };
	return true;
}

struct certificates *certificates_load(const struct certificates_config *cfg, char *err,
				       size_t err_len)
{
	struct certificates *c = calloc(1, sizeof(*c));

	if (c == NULL) {
		snprintf(err, err_len, "no memory for certificates");
		return NULL;
	}
	if (!load(c, cfg, err, err_len)) {
		certificates_free(c);
		return NULL;
	}
	return c;
}

void certificates_free(struct certificates *c)
{
	if (c == NULL)
		return;
	for (unsigned i = 0; i < c->n_own; i++)
		x509_own_put(c->own[i]);
	x509_trust_free(c->x509);
	rpk_store_free(c->rpks);
	free(c);
}

/* RFC 6066 §3: a name that nobody has gets the first certificate; clients that care will refuse it.
 */
struct x509_own *certificates_own(const struct certificates *c, const uint8_t *name, size_t len,
				  unsigned kinds)
{
	struct x509_own *first = NULL;

	for (unsigned i = 0; i < c->n_own; i++) {
		if ((kinds & signature_key_kind(x509_own_key(c->own[i]))) == 0)
			continue;
		if (len > 0 && x509_own_names(c->own[i], name, len))
			return x509_own_get(c->own[i]);
		first = first == NULL ? c->own[i] : first;
	}
	return x509_own_get(first);
}

const struct peer_trust *certificates_trust(const struct certificates *c) { return &c->trust; }

void certificates_describe(const struct certificates *c, char *out, size_t out_len)
{
	snprintf(out, out_len, "%u certificates of ours, %u CAs, %u revocation lists, %zu raw keys",
		 c->n_own, c->x509 == NULL ? 0 : x509_trust_cas(c->x509),
		 c->x509 == NULL ? 0 : x509_trust_crls(c->x509),
		 c->rpks == NULL ? 0 : rpk_store_count(c->rpks));
}

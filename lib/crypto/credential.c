/* SPDX-License-Identifier: BSD-3-Clause */
#include "credential.h"

static void mark_write(struct wr *w, const struct mark *m) { wr_bytes(w, m->b, sizeof(m->b)); }

static bool mark_read(struct rd *r, struct mark *out) { return rd_copy(r, out->b, sizeof(out->b)); }

/*
 *   OFFSET SIZE
 *      0     1   kind; NONE and PSK: that is all
 *      1    16   key; RPK: that is all
 *     17    16   certificate
 *     33    16   twin
 *     49    16   anchor
 *     65     4   issuer
 *     69     6   until
 *     75     1   links, 1..5
 *     76    16   each of them
 */
static void x509_write(struct wr *w, const struct credential *c)
{
	mark_write(w, &c->certificate);
	mark_write(w, &c->twin);
	mark_write(w, &c->anchor);
	wr_u32(w, c->issuer);
	wr_u48(w, c->until_s);
	wr_u8(w, c->n_links);
	for (unsigned i = 0; i < c->n_links; i++)
		mark_write(w, &c->links[i]);
}

static bool x509_read(struct rd *r, struct credential *c)
{
	if (!mark_read(r, &c->certificate) || !mark_read(r, &c->twin) ||
	    !mark_read(r, &c->anchor) || !rd_u32(r, &c->issuer) || !rd_u48(r, &c->until_s) ||
	    !rd_u8(r, &c->n_links) || c->n_links == 0 || c->n_links > CREDENTIAL_LINKS_MAX)
		return false;
	for (unsigned i = 0; i < c->n_links; i++)
		if (!mark_read(r, &c->links[i]))
			return false;
	return true;
}

void credential_write(struct wr *w, const struct credential *c)
{
	wr_u8(w, c->kind);
	if (c->kind == CREDENTIAL_X509 || c->kind == CREDENTIAL_RPK)
		mark_write(w, &c->key);
	if (c->kind == CREDENTIAL_X509)
		x509_write(w, c);
}

static bool kind_read(struct rd *r, struct credential *c)
{
	if (!rd_u8(r, &c->kind))
		return false;
	switch (c->kind) {
	case CREDENTIAL_NONE:
	case CREDENTIAL_PSK:
		return true;
	case CREDENTIAL_X509:
		return mark_read(r, &c->key) && x509_read(r, c);
	case CREDENTIAL_RPK:
		return mark_read(r, &c->key);
	default: /* of another build */
		return false;
	}
}

bool credential_read(struct rd *r, struct credential *out)
{
	struct credential c = { .kind = CREDENTIAL_NONE };
	struct rd at = *r;

	if (!kind_read(&at, &c))
		return false;
	*r = at;
	*out = c;
	return true;
}

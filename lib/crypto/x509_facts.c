/* SPDX-License-Identifier: BSD-3-Clause */
#include "x509_facts.h"

#include "mark_of.h"
#include "x509_twin.h"

#include <stdlib.h>
#include <time.h>

_Static_assert((int)CREDENTIAL_LINKS_MAX == X509_DEPTH_MAX + 1,
	       "a certificate and the CAs between it and the anchor");

/* libcrypto's number of a name: the same for all its spellings. Two that meet by chance, with the
 * same serial number, make a full handshake of an abbreviated one. */
static bool issuer_of(uint32_t *out, const X509_NAME *name)
{
	int ok = 0;

	*out = (uint32_t)X509_NAME_hash_ex(name, NULL, NULL, &ok);
	return ok == 1;
}

static bool link_of(struct mark *out, uint32_t issuer, const ASN1_INTEGER *serial)
{
	unsigned char *der = NULL;
	int len = i2d_ASN1_INTEGER(serial, &der);
	uint8_t *both = len > 0 ? malloc(sizeof(issuer) + (size_t)len) : NULL;
	bool ok = both != NULL;

	if (ok) {
		memcpy(both, &issuer, sizeof(issuer));
		memcpy(both + sizeof(issuer), der, (size_t)len);
		mark_of(out, both, sizeof(issuer) + (size_t)len);
	}
	free(both);
	OPENSSL_free(der);
	return ok;
}

static bool certificate_mark(struct mark *out, const X509 *cert)
{
	unsigned char *der = NULL;
	int len = i2d_X509(cert, &der);

	if (len > 0)
		mark_of(out, der, (size_t)len);
	OPENSSL_free(der);
	return len > 0;
}

static bool key_mark(struct mark *out, const X509 *cert)
{
	unsigned char *der = NULL;
	int len = i2d_X509_PUBKEY(X509_get_X509_PUBKEY(cert), &der);

	if (len > 0)
		mark_of(out, der, (size_t)len);
	OPENSSL_free(der);
	return len > 0;
}

/* Of a CA that names devices by a rule. */
static bool anchor_of(struct mark *out, enum x509_name_rule name, const X509 *cert)
{
	uint8_t named[1 + sizeof(out->b)] = { (uint8_t)name };
	struct mark m;

	if (!certificate_mark(&m, cert))
		return false;
	memcpy(named + 1, m.b, sizeof(m.b));
	mark_of(out, named, sizeof(named));
	return true;
}

bool x509_facts_init(struct x509_facts *f, const struct x509_trust_config *cfg)
{
	*f = (struct x509_facts){ .name = cfg->name,
				  .crl_expired_good = cfg->crl_expired_good,
				  .anchors = mark_set_new(),
				  .listed = mark_set_new(),
				  .issuers = mark_set_new(),
				  .dates = { INT64_MIN, INT64_MAX } };
	return f->anchors != NULL && f->listed != NULL && f->issuers != NULL;
}

void x509_facts_free(struct x509_facts *f)
{
	mark_set_free(f->anchors);
	mark_set_free(f->listed);
	mark_set_free(f->issuers);
	for (unsigned i = 0; i < f->n_lists; i++)
		mark_set_free(f->lists[i].listed);
	free(f->lists);
}

bool x509_facts_ca(struct x509_facts *f, const X509 *cert)
{
	struct mark m;

	return anchor_of(&m, f->name, cert) && mark_set_add(f->anchors, &m);
}

static bool seconds_of(const ASN1_TIME *t, int64_t *out)
{
	struct tm tm;

	if (ASN1_TIME_to_tm(t, &tm) != 1)
		return false;
	*out = timegm(&tm);
	return true;
}

/* A list without an end is good for ever, as libcrypto sees it. */
static bool dates_of(struct x509_dates *out, const X509_CRL *crl)
{
	const ASN1_TIME *next = X509_CRL_get0_nextUpdate(crl);

	out->until_s = INT64_MAX;
	return seconds_of(X509_CRL_get0_lastUpdate(crl), &out->from_s) &&
	       (next == NULL || seconds_of(next, &out->until_s));
}

static struct mark issuer_mark(uint32_t issuer)
{
	struct mark m;

	mark_of(&m, &issuer, sizeof(issuer));
	return m;
}

static bool entries_take(struct mark_set *listed, uint32_t issuer, X509_CRL *crl)
{
	STACK_OF(X509_REVOKED) *revoked = X509_CRL_get_REVOKED(crl);
	struct mark m;

	for (int i = 0; i < sk_X509_REVOKED_num(revoked); i++) {
		const X509_REVOKED *entry = sk_X509_REVOKED_value(revoked, i);

		if (!link_of(&m, issuer, X509_REVOKED_get0_serialNumber(entry)) ||
		    !mark_set_add(listed, &m))
			return false;
	}
	return true;
}

/* A list of all that a CA has revoked, which does without another one. */
static bool is_whole(const X509_CRL *crl)
{
	return X509_CRL_get_ext_by_NID(crl, NID_issuing_distribution_point, -1) < 0 &&
	       X509_CRL_get_ext_by_NID(crl, NID_delta_crl, -1) < 0;
}

/* What a list says of the key that signed it: a CA that was given another key has lists of both. */
static const ASN1_OCTET_STRING *key_id(const X509_CRL *crl)
{
	int at = X509_CRL_get_ext_by_NID(crl, NID_authority_key_identifier, -1);

	return at < 0 ? NULL : X509_EXTENSION_get_data(X509_CRL_get_ext(crl, at));
}

static bool same_key(const X509_CRL *a, const X509_CRL *b)
{
	const ASN1_OCTET_STRING *x = key_id(a), *y = key_id(b);

	return x == NULL || y == NULL ? x == y : ASN1_OCTET_STRING_cmp(x, y) == 0;
}

static bool supersedes(const X509_CRL *newer, const X509_CRL *older)
{
	return is_whole(newer) && is_whole(older) && X509_CRL_cmp(newer, older) == 0 &&
	       same_key(newer, older) &&
	       ASN1_TIME_compare(X509_CRL_get0_lastUpdate(newer), X509_CRL_get0_lastUpdate(older)) >
		       0;
}

/* When a list counts among all there are. false: its dates, or another's, are none. */
static bool turn_of(struct x509_list *out, STACK_OF(X509_OBJECT) * objects, const X509_CRL *crl)
{
	*out = (struct x509_list){ .since_s = INT64_MIN, .superseded_s = INT64_MAX };
	if (!dates_of(&out->dates, crl))
		return false;
	for (int i = 0; i < sk_X509_OBJECT_num(objects); i++) {
		const X509_CRL *other = X509_OBJECT_get0_X509_CRL(sk_X509_OBJECT_value(objects, i));
		struct x509_dates d;

		if (other == NULL)
			continue;
		if (!dates_of(&d, other))
			return false;
		if (supersedes(crl, other))
			out->since_s = out->dates.from_s;
		if (supersedes(other, crl) && d.from_s < out->superseded_s)
			out->superseded_s = d.from_s;
	}
	return true;
}

static bool is_only_one(const struct x509_list *l)
{
	return l->since_s == INT64_MIN && l->superseded_s == INT64_MAX;
}

/* What a CA's only list says goes with what the others of this kind say. */
static struct mark_set *only_one_add(struct x509_facts *f, const struct x509_dates *d)
{
	if (d->from_s > f->dates.from_s)
		f->dates.from_s = d->from_s;
	if (d->until_s < f->dates.until_s)
		f->dates.until_s = d->until_s;
	return f->listed;
}

static struct mark_set *list_add(struct x509_facts *f, const struct x509_list *l)
{
	struct x509_list *lists = realloc(f->lists, (f->n_lists + 1) * sizeof(*lists));

	if (lists == NULL)
		return NULL;
	f->lists = lists;
	lists[f->n_lists] = *l;
	lists[f->n_lists].listed = mark_set_new();
	return lists[f->n_lists++].listed;
}

static bool list_take(struct x509_facts *f, STACK_OF(X509_OBJECT) * objects, X509_CRL *crl)
{
	struct mark_set *listed;
	struct x509_list turn;
	uint32_t issuer;
	struct mark m;

	if (!turn_of(&turn, objects, crl) || !issuer_of(&issuer, X509_CRL_get_issuer(crl)))
		return false;
	m = issuer_mark(issuer);
	listed = is_only_one(&turn) ? only_one_add(f, &turn.dates) : list_add(f, &turn);
	return listed != NULL && mark_set_add(f->issuers, &m) && entries_take(listed, issuer, crl);
}

bool x509_facts_lists(struct x509_facts *f, STACK_OF(X509_OBJECT) * objects)
{
	for (int i = 0; i < sk_X509_OBJECT_num(objects); i++) {
		X509_CRL *crl = X509_OBJECT_get0_X509_CRL(sk_X509_OBJECT_value(objects, i));

		if (crl != NULL && !list_take(f, objects, crl))
			return false;
	}
	return true;
}

static bool until_take(struct credential *out, const X509 *cert)
{
	int64_t until_s;

	if (!seconds_of(X509_get0_notAfter(cert), &until_s))
		return false;
	if (until_s < 0)
		until_s = 0;
	if ((uint64_t)until_s < out->until_s)
		out->until_s = (uint64_t)until_s;
	return true;
}

static bool link_take(struct credential *out, const X509 *cert)
{
	uint32_t issuer;

	if (!issuer_of(&issuer, X509_get_issuer_name(cert)) ||
	    !link_of(&out->links[out->n_links], issuer, X509_get0_serialNumber(cert)))
		return false;
	if (out->n_links++ == 0)
		out->issuer = issuer;
	return true;
}

/* Nobody verified the signature of one that stands in the bundle, so it has to be that very one. */
static bool certificate_take(struct credential *out, STACK_OF(X509) * chain)
{
	const X509 *cert = sk_X509_value(chain, 0);

	if (!certificate_mark(&out->certificate, cert))
		return false;
	out->twin = out->certificate;
	return sk_X509_num(chain) == 1 || x509_twin(&out->twin, cert, sk_X509_value(chain, 1));
}

bool x509_facts_take(const struct x509_facts *f, STACK_OF(X509) * chain, struct credential *out)
{
	struct credential c = { .kind = CREDENTIAL_X509, .until_s = UINT64_MAX };
	int n = sk_X509_num(chain);

	for (int i = 0; i < n; i++)
		if (!until_take(&c, sk_X509_value(chain, i)))
			return false;
	/* Certificates of devices may stand in the bundle themselves. */
	for (int i = 0; i < n && (i == 0 || i < n - 1); i++)
		if (i == CREDENTIAL_LINKS_MAX || !link_take(&c, sk_X509_value(chain, i)))
			return false;
	if (n < 1 || !certificate_take(&c, chain) || !key_mark(&c.key, sk_X509_value(chain, 0)) ||
	    !anchor_of(&c.anchor, f->name, sk_X509_value(chain, n - 1)))
		return false;
	*out = c;
	return true;
}

static bool counts(const struct x509_list *l, int64_t now_s)
{
	return now_s >= l->since_s && now_s < l->superseded_s;
}

static bool is_in_date(const struct x509_dates *d, bool expired_good, int64_t now_s)
{
	return now_s >= d->from_s && (now_s < d->until_s || expired_good);
}

/* An old list is not good beyond its end while there is a newer one: libcrypto takes that instead,
 * before its time. */
static bool lists_are_in_date(const struct x509_facts *f, int64_t now_s)
{
	for (unsigned i = 0; i < f->n_lists; i++) {
		const struct x509_list *l = &f->lists[i];
		bool expired_good = f->crl_expired_good && l->superseded_s == INT64_MAX;

		if (counts(l, now_s) && !is_in_date(&l->dates, expired_good, now_s))
			return false;
	}
	return is_in_date(&f->dates, f->crl_expired_good, now_s);
}

static bool is_listed(const struct x509_facts *f, const struct mark *link, int64_t now_s)
{
	for (unsigned i = 0; i < f->n_lists; i++)
		if (counts(&f->lists[i], now_s) && mark_set_has(f->lists[i].listed, link))
			return true;
	return mark_set_has(f->listed, link);
}

enum x509_verdict x509_facts_judge(const struct x509_facts *f, const struct credential *c,
				   int64_t now_s)
{
	const struct mark issuer = issuer_mark(c->issuer);

	if (!mark_set_has(f->anchors, &c->anchor))
		return CERT_UNKNOWN_CA;
	if (now_s < 0 || (uint64_t)now_s >= c->until_s)
		return CERT_EXPIRED;
	for (unsigned i = 0; i < c->n_links; i++)
		if (is_listed(f, &c->links[i], now_s))
			return CERT_REVOKED;
	if (mark_set_count(f->issuers) > 0 &&
	    (!mark_set_has(f->issuers, &issuer) || !lists_are_in_date(f, now_s)))
		return CERT_UNKNOWN;
	return CERT_GOOD;
}

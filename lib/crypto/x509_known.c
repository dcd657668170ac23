/* SPDX-License-Identifier: BSD-3-Clause */
#include "x509_known.h"

void x509_known_init(struct x509_known *k)
{
	pthread_mutex_init(&k->lock, NULL);
	atomic_init(&k->n, 0);
}

void x509_known_free(struct x509_known *k)
{
	for (unsigned i = 0; i < k->n; i++) {
		X509_CRL_free(k->at[i].crl);
		X509_free(k->at[i].issuer);
	}
	pthread_mutex_destroy(&k->lock);
}

/* Lists are few and stay where they are; the same CA may be another object in each chain. */
bool x509_known_has(struct x509_known *k, const X509_CRL *crl, const X509 *issuer)
{
	unsigned n = atomic_load_explicit(&k->n, memory_order_acquire);

	for (unsigned i = 0; i < n; i++)
		if (k->at[i].crl == crl && X509_cmp(k->at[i].issuer, issuer) == 0)
			return true;
	return false;
}

static bool is_for_all(const X509_CRL *crl)
{
	return X509_CRL_get_ext_by_NID(crl, NID_issuing_distribution_point, -1) < 0;
}

static void add(struct x509_known *k, X509_CRL *crl, X509 *issuer)
{
	unsigned n = atomic_load_explicit(&k->n, memory_order_relaxed);

	if (n == X509_KNOWN_MAX || x509_known_has(k, crl, issuer))
		return;
	if (X509_CRL_up_ref(crl) != 1)
		return;
	if (X509_up_ref(issuer) != 1) {
		X509_CRL_free(crl);
		return;
	}
	k->at[n] = (struct x509_known_pair){ crl, issuer };
	atomic_store_explicit(&k->n, n + 1, memory_order_release);
}

void x509_known_add(struct x509_known *k, X509_CRL *crl, X509 *issuer)
{
	if (!is_for_all(crl))
		return;
	pthread_mutex_lock(&k->lock);
	add(k, crl, issuer);
	pthread_mutex_unlock(&k->lock);
}

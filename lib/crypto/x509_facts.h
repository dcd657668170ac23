/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * What has to be known of a verified chain to judge it anew without its certificates, and the CAs
 * and revocation lists in force as tables to judge it by. Part of x509_trust.
 *
 * The rules: a chain is good as long as the CA that it ended at is in the bundle, none of its
 * certificates has ended or is on a list, and, where there are lists, its issuer has one and all of
 * them are in date; of several lists of a CA the newest that has begun counts, as it does for
 * libcrypto. So it is never good here and refused by a verification; where it is refused here, a
 * full handshake finds out.
 */
#pragma once

#include "credential.h"
#include "mark_set.h"
#include "x509_trust.h"

#include <openssl/x509.h>

/* When a list is in date. */
struct x509_dates {
	int64_t from_s, until_s;
};

/* One of several lists of a CA: it counts since it began, or if it is the oldest since ever, until
 * the next one begins. */
struct x509_list {
	int64_t since_s, superseded_s; /* superseded_s INT64_MAX: it is the newest */
	struct x509_dates dates;
	struct mark_set *listed;
};

struct x509_facts {
	enum x509_name_rule name; /* names of another rule are none of ours */
	bool crl_expired_good;
	struct mark_set *anchors;
	struct mark_set *issuers; /* that have a list */
	/* Lists that are their CA's only one: issuer and serial number of what they list, and when
	 * all of them are in date. */
	struct mark_set *listed;
	struct x509_dates dates;
	struct x509_list *lists; /* the others */
	unsigned n_lists;
};

/* x509_facts_init: no CA, no list; false without memory. x509_facts_free: in any state. */
bool x509_facts_init(struct x509_facts *f, const struct x509_trust_config *cfg) MUST_USE;
void x509_facts_free(struct x509_facts *f);

/* x509_facts_ca: one more. x509_facts_lists: all there are, among objects of other kinds; once.
 * false without memory. */
bool x509_facts_ca(struct x509_facts *f, const X509 *cert) MUST_USE;
bool x509_facts_lists(struct x509_facts *f, STACK_OF(X509_OBJECT) * objects) MUST_USE;

/* x509_facts_take: of a chain that was verified, the peer's certificate first, the CA of the bundle
 * last. false: libcrypto failed. Any thread. */
bool x509_facts_take(const struct x509_facts *f, STACK_OF(X509) * chain,
		     struct credential *out) MUST_USE;

/* x509_facts_judge: CERT_GOOD, CERT_UNKNOWN_CA, CERT_EXPIRED, CERT_REVOKED or CERT_UNKNOWN. Any
 * thread. */
enum x509_verdict x509_facts_judge(const struct x509_facts *f, const struct credential *c,
				   int64_t now_s);

/* SPDX-License-Identifier: BSD-3-Clause */
#include "x509_facts.h"

#include "credential_equal.h"
#include "mark_of.h"
#include "pki_fixture.h"

#include <openssl/core_names.h>
#include <openssl/ec.h>

/* Two roots, a CA under the first, devices of each. */
static struct pki_cert root, sub, other_root, device, second, of_root, of_other;

static int setup(void **state)
{
	(void)state;
	root = pki_ca(NULL, "root");
	sub = pki_ca(&root, "sub");
	other_root = pki_ca(NULL, "other");
	device = pki_device(&sub, "monitor-17");
	second = pki_device(&sub, "monitor-18");
	of_root = pki_device(&root, "monitor-19");
	of_other = pki_device(&other_root, "monitor-20");
	return 0;
}

static int teardown(void **state)
{
	(void)state;
	pki_free(&root);
	pki_free(&sub);
	pki_free(&other_root);
	pki_free(&device);
	pki_free(&second);
	pki_free(&of_root);
	pki_free(&of_other);
	return 0;
}

/* Who is trusted, and what is revoked. */
struct world {
	const struct pki_cert *cas[3], *revoked; /* revoked: by sub, or sub itself by root */
	int64_t crl_until_s;                     /* 0: no lists */
	bool crl_expired_good, crl_of_sub_only, crl_of_root_only;
	enum x509_name_rule name;
};

static const char *lists(const struct world *w)
{
	const char *path;
	FILE *f;

	if (w->crl_until_s == 0)
		return NULL;
	f = pki_file(&dir, "crl", &path);
	if (!w->crl_of_root_only)
		pki_crl(f, &sub, &w->revoked, w->revoked != NULL && w->revoked != &sub,
			w->crl_until_s);
	if (!w->crl_of_sub_only)
		pki_crl(f, &root, &w->revoked, w->revoked == &sub, w->crl_until_s);
	fclose(f);
	return path;
}

static struct x509_trust *trust(const struct world *w)
{
	size_t n = 0;
	struct x509_trust *t;

	while (n < 3 && w->cas[n] != NULL)
		n++;
	t = x509_trust_load(
		&(struct x509_trust_config){ .ca_path = pki_certs_file(&dir, "ca", w->cas, n),
					     .crl_path = lists(w),
					     .crl_expired_good = w->crl_expired_good,
					     .name = w->name },
		err, sizeof(err));
	if (t == NULL)
		fail_msg("%s", err);
	return t;
}

/* What a device with its CA's certificate gets. */
static enum x509_verdict verify(const struct x509_trust *t, const struct pki_cert *cert,
				int64_t now_s, struct credential *out)
{
	static uint8_t list[PKI_LIST_MAX];
	const struct pki_cert *chain[] = { cert, &sub };
	struct x509_peer peer;
	enum x509_verdict v = x509_trust_verify(
		t, pki_list(list, chain, cert == &device || cert == &second ? 2 : 1), now_s, &peer);

	if (v == CERT_GOOD) {
		signature_key_free(peer.key);
		*out = peer.credential;
	}
	return v;
}

static struct credential facts_of(const struct world *w, const struct pki_cert *cert)
{
	struct x509_trust *t = trust(w);
	struct credential c;

	assert_int_equal(verify(t, cert, PKI_NOW, &c), CERT_GOOD);
	x509_trust_free(t);
	return c;
}

static const struct world first = { .cas = { &root } };

static bool same(const struct mark *a, const struct mark *b)
{
	return memcmp(a, b, sizeof(*a)) == 0;
}

static struct mark mark_of_cert(const struct pki_cert *cert)
{
	unsigned char *der = NULL;
	int len = i2d_X509(cert->cert, &der);
	struct mark m;

	mark_of(&m, der, (size_t)len);
	OPENSSL_free(der);
	return m;
}

static void facts_are_the_certificates_own(void **state)
{
	struct credential c = facts_of(&first, &device), again = facts_of(&first, &device),
			  other = facts_of(&first, &second), direct = facts_of(&first, &of_root);
	struct mark mark = mark_of_cert(&device);

	(void)state;
	assert_int_equal(c.kind, CREDENTIAL_X509);
	assert_true(same(&c.certificate, &mark));
	assert_false(same(&c.key, &other.key));
	assert_int_equal(c.until_s, PKI_NOW + PKI_DAY);
	assert_int_equal(c.n_links, 2);
	assert_int_equal(direct.n_links, 1);
	assert_true(credential_equal(&c, &again));
	assert_true(same(&c.anchor, &other.anchor) && same(&c.anchor, &direct.anchor));
	assert_true(c.issuer == other.issuer && c.issuer != direct.issuer);
	assert_false(same(&c.links[0], &other.links[0]));
	assert_true(same(&c.links[1], &other.links[1]));
}

/* What whoever has a certificate can make of it: the same, signed by the other s. */
static struct pki_cert twin_of(const struct pki_cert *cert, const struct pki_cert *ca)
{
	struct pki_cert twin = { .cert = X509_dup(cert->cert), .key = cert->key };
	const ASN1_BIT_STRING *bits;
	const unsigned char *at;
	unsigned char *der = NULL;
	BIGNUM *order = NULL, *s = BN_new();
	ECDSA_SIG *sig;
	int len;

	X509_get0_signature(&bits, NULL, twin.cert);
	at = ASN1_STRING_get0_data(bits);
	sig = d2i_ECDSA_SIG(NULL, &at, ASN1_STRING_length(bits));
	assert_non_null(sig);
	assert_int_equal(EVP_PKEY_get_bn_param(ca->key, OSSL_PKEY_PARAM_EC_ORDER, &order), 1);
	assert_int_equal(BN_sub(s, order, ECDSA_SIG_get0_s(sig)), 1);
	assert_int_equal(ECDSA_SIG_set0(sig, BN_dup(ECDSA_SIG_get0_r(sig)), s), 1);
	len = i2d_ECDSA_SIG(sig, &der);
	assert_int_equal(ASN1_STRING_set((ASN1_STRING *)(uintptr_t)bits, der, len), 1);
	OPENSSL_free(der);
	BN_free(order);
	ECDSA_SIG_free(sig);
	return twin;
}

/* bad-input G: a fingerprint on a list of who is denied is not got rid of by another encoding of
 * the signature: each of the two certificates tells both fingerprints. */
static void twins_know_each_other(void **state)
{
	struct pki_cert changed = twin_of(&of_root, &root);
	struct credential c = facts_of(&first, &of_root), twin = facts_of(&first, &changed);

	(void)state;
	assert_false(same(&c.certificate, &twin.certificate));
	assert_true(same(&c.twin, &twin.certificate));
	assert_true(same(&twin.twin, &c.certificate));
	assert_true(same(&c.key, &twin.key));
	X509_free(changed.cert);
}

/* Of a CA with a key of another curve, too. */
static void twins_are_of_the_cas_curve(void **state)
{
	struct pki_cert ca = pki_issue(NULL, EVP_PKEY_Q_keygen(NULL, NULL, "EC", "P-384"),
				       &(struct pki_want){ .cn = "P-384", .ca = true }),
			cert = pki_device(&ca, "monitor-22"), changed = twin_of(&cert, &ca);
	const struct world w = { .cas = { &ca } };
	struct credential c = facts_of(&w, &cert), twin = facts_of(&w, &changed);

	(void)state;
	assert_true(same(&c.twin, &twin.certificate));
	assert_true(same(&twin.twin, &c.certificate));
	X509_free(changed.cert);
	pki_free(&cert);
	pki_free(&ca);
}

/* Of other signatures there is no twin, and none of a certificate that nobody had to verify. */
static void most_are_their_own_twins(void **state)
{
	struct pki_cert ca = pki_issue(NULL, pki_ed25519(),
				       &(struct pki_want){ .cn = "ed25519", .ca = true }),
			cert = pki_device(&ca, "monitor-21");
	struct credential c = facts_of(&(struct world){ .cas = { &ca } }, &cert);

	(void)state;
	assert_true(same(&c.twin, &c.certificate));
	c = facts_of(&(struct world){ .cas = { &of_root } }, &of_root);
	assert_true(same(&c.twin, &c.certificate));
	pki_free(&cert);
	pki_free(&ca);
}

/* A device's own certificate in the bundle is its anchor, and can be revoked like any. */
static void a_device_may_be_its_own_anchor(void **state)
{
	struct world w = { .cas = { &sub, &device } };
	struct credential c;

	(void)state;
	c = facts_of(&w, &device);
	assert_int_equal(c.n_links, 1);
	w.crl_until_s = PKI_NOW + PKI_DAY;
	w.revoked = &device;
	struct x509_trust *t = trust(&w);

	assert_int_equal(x509_trust_still(t, &c, PKI_NOW), CERT_REVOKED);
	x509_trust_free(t);
}

/* The end of the chain is that of whichever certificate ends first. */
static void a_chain_ends_with_its_first_certificate(void **state)
{
	struct pki_cert brief = pki_issue(
		&root, pki_p256(), &(struct pki_want){ .cn = "x", .not_after_s = PKI_NOW + 60 });
	struct x509_trust *t = trust(&first);
	struct credential c;

	(void)state;
	assert_int_equal(verify(t, &brief, PKI_NOW, &c), CERT_GOOD);
	assert_int_equal(c.until_s, PKI_NOW + 60);
	for (int64_t now = PKI_NOW + 58; now < PKI_NOW + 62; now++) {
		struct credential unused;

		assert_int_equal(x509_trust_still(t, &c, now), verify(t, &brief, now, &unused));
	}
	assert_int_equal(x509_trust_still(t, &c, PKI_NOW + 60), CERT_EXPIRED);
	assert_int_equal(x509_trust_still(t, &c, -1), CERT_EXPIRED);
	x509_trust_free(t);
	pki_free(&brief);
}

/* What became of the files since a device was found good, and what that makes of it. Whatever is
 * good still would be found good anew. */
static void chains_are_judged_by_what_is_in_force(void **state)
{
	enum { LATER = PKI_NOW + PKI_DAY };
	const struct {
		struct world world;
		enum x509_verdict want;
	} rows[] = {
		{ first, CERT_GOOD },
		{ { .cas = { &other_root, &root } }, CERT_GOOD },
		{ { .cas = { &root, &sub } }, CERT_GOOD },
		{ { .cas = { &other_root } }, CERT_UNKNOWN_CA },
		/* a chain of now would end elsewhere: a full handshake finds out */
		{ { .cas = { &sub } }, CERT_UNKNOWN_CA },
		{ { .cas = { &root }, .name = X509_NAME_FINGERPRINT }, CERT_UNKNOWN_CA },
		{ { .cas = { &root }, .crl_until_s = LATER }, CERT_GOOD },
		{ { .cas = { &root }, .crl_until_s = LATER, .revoked = &second }, CERT_GOOD },
		{ { .cas = { &root }, .crl_until_s = LATER, .revoked = &device }, CERT_REVOKED },
		{ { .cas = { &root }, .crl_until_s = LATER, .revoked = &sub }, CERT_REVOKED },
		{ { .cas = { &root }, .crl_until_s = LATER, .crl_of_sub_only = true }, CERT_GOOD },
		{ { .cas = { &root }, .crl_until_s = LATER, .crl_of_root_only = true },
		  CERT_UNKNOWN },
		{ { .cas = { &root }, .crl_until_s = PKI_NOW - 60 }, CERT_UNKNOWN },
		{ { .cas = { &root }, .crl_until_s = PKI_NOW - 60, .crl_expired_good = true },
		  CERT_GOOD },
		{ { .cas = { &root },
		    .crl_until_s = PKI_NOW - 60,
		    .crl_expired_good = true,
		    .revoked = &device },
		  CERT_REVOKED },
	};
	struct credential c = facts_of(&first, &device), unused;

	(void)state;
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		struct x509_trust *t;
		enum x509_verdict v;

		pki_dir_free(&dir);
		pki_dir_new(&dir);
		t = trust(&rows[i].world);
		v = x509_trust_still(t, &c, PKI_NOW);
		if (v != rows[i].want)
			fail_msg("row %zu: %u", i, v);
		if (v == CERT_GOOD && verify(t, &device, PKI_NOW, &unused) != CERT_GOOD)
			fail_msg("row %zu: a full handshake would fail", i);
		x509_trust_free(t);
	}
}

/* A list of a time to come is in date for nobody. */
static void lists_have_a_beginning(void **state)
{
	struct world w = { .cas = { &root }, .crl_until_s = PKI_NOW + PKI_DAY };
	struct credential c = facts_of(&w, &device);
	struct x509_trust *t = trust(&w);

	(void)state;
	assert_int_equal(x509_trust_still(t, &c, PKI_NOW - PKI_DAY), CERT_GOOD);
	assert_int_equal(x509_trust_still(t, &c, PKI_NOW - PKI_DAY - 1), CERT_UNKNOWN);
	x509_trust_free(t);
}

/* Of the lists in one file, in any order. */
struct list {
	const struct pki_cert *by, *revoked;
	const char *idp;
	int days_old;
	int days;       /* that it is good for; 0: until tomorrow */
	int hours_from; /* now it begins, where it is not old */
};

/* At a time; of what is good then a full handshake must not say otherwise. */
static enum x509_verdict still_at(const struct list *lists, size_t n, int64_t now_s,
				  bool expired_good)
{
	const struct pki_cert *cas[] = { &root };
	struct credential c = facts_of(&first, &of_root);
	struct x509_trust_config cfg = { .ca_path = pki_certs_file(&dir, "ca", cas, 1),
					 .crl_expired_good = expired_good };
	FILE *f = pki_file(&dir, "crl", &cfg.crl_path);
	struct x509_trust *t;
	enum x509_verdict v;

	for (size_t i = 0; i < n; i++) {
		const struct list *l = &lists[i];
		int64_t from_s = PKI_NOW - l->days_old * PKI_DAY + l->hours_from * 3600;
		X509_CRL *crl =
			pki_crl_new(l->by, from_s, &l->revoked, l->revoked != NULL,
				    l->days == 0 ? PKI_NOW + PKI_DAY : from_s + l->days * PKI_DAY);

		pki_crl_extension(crl, l->by, NID_authority_key_identifier, "keyid:always");
		if (l->idp != NULL)
			pki_crl_extension(crl, l->by, NID_issuing_distribution_point, l->idp);
		pki_crl_end(f, crl, l->by);
	}
	fclose(f);
	t = x509_trust_load(&cfg, err, sizeof(err));
	if (t == NULL)
		fail_msg("%s", err);
	v = x509_trust_still(t, &c, now_s);
	if (v == CERT_GOOD && verify(t, &of_root, now_s, &c) != CERT_GOOD)
		fail_msg("a full handshake would fail");
	x509_trust_free(t);
	return v;
}

static enum x509_verdict still(const struct list *lists, size_t n)
{
	return still_at(lists, n, PKI_NOW, false);
}

/* A certificate that was on hold is on the old list and not on the new one (RFC 5280 §5.3.1): a
 * full handshake takes it, so it stands. A list of part of what the CA issued, or of another key of
 * a CA with this name, takes no other's place. */
static void the_newest_list_counts(void **state)
{
	struct pki_cert rekeyed = pki_ca(NULL, "root");
	const struct list old = { &root, &of_root, NULL, 2, 0, 0 },
			  new = { &root, NULL, NULL, 1, 0, 0 },
			  again = { &root, &of_root, NULL, 0, 0, 0 },
			  part = { &root, NULL, "onlyuser:TRUE", 0, 0, 0 },
			  others = { &rekeyed, NULL, NULL, 0, 0, 0 };
	const struct {
		struct list lists[3];
		size_t n;
		enum x509_verdict want;
	} rows[] = {
		{ { old }, 1, CERT_REVOKED },
		{ { new }, 1, CERT_GOOD },
		{ { old, new }, 2, CERT_GOOD },
		{ { new, old }, 2, CERT_GOOD },
		{ { old, new, again }, 3, CERT_REVOKED },
		{ { old, part }, 2, CERT_REVOKED },
		{ { part, old }, 2, CERT_REVOKED },
		{ { old, others }, 2, CERT_REVOKED },
		{ { old, others, new }, 3, CERT_GOOD },
	};

	(void)state;
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		enum x509_verdict v;

		pki_dir_free(&dir);
		pki_dir_new(&dir);
		v = still(rows[i].lists, rows[i].n);
		if (v != rows[i].want)
			fail_msg("row %zu: %u", i, v);
	}
	pki_free(&rekeyed);
}

/* A list that is not valid yet, put there ahead of its time, takes the place of the one in force
 * when it begins and no sooner. */
static void a_list_to_come_waits_for_its_time(void **state)
{
	enum { THEN = PKI_NOW + 6 * 3600 };
	const struct list now = { &root, NULL, NULL, 2, 4, 0 },
			  holds = { &root, &of_root, NULL, 2, 4, 0 },
			  lifted = { &root, NULL, NULL, 0, 2, 6 },
			  next = { &root, &of_root, NULL, 0, 2, 6 },
			  ended = { &root, NULL, NULL, 2, 1, 0 };
	const struct {
		struct list lists[2];
		int64_t now_s;
		enum x509_verdict want;
		bool expired_good;
	} rows[] = {
		{ { now, next }, PKI_NOW, CERT_GOOD, false },
		{ { next, now }, PKI_NOW, CERT_GOOD, false },
		{ { now, next }, THEN - 1, CERT_GOOD, false },
		{ { now, next }, THEN, CERT_REVOKED, false },
		{ { holds, lifted }, PKI_NOW, CERT_REVOKED, false },
		{ { holds, lifted }, THEN, CERT_GOOD, false },
		{ { ended, next }, PKI_NOW, CERT_UNKNOWN, false },
		{ { ended, next }, PKI_NOW, CERT_UNKNOWN, true },
	};

	(void)state;
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		enum x509_verdict v;

		pki_dir_free(&dir);
		pki_dir_new(&dir);
		v = still_at(rows[i].lists, 2, rows[i].now_s, rows[i].expired_good);
		if (v != rows[i].want)
			fail_msg("row %zu: %u", i, v);
	}
	assert_int_equal(still(&lifted, 1), CERT_UNKNOWN);
}

/* The same serial number of another CA is another certificate. */
static void serials_are_their_issuers(void **state)
{
	struct world w = { .cas = { &root, &other_root },
			   .crl_until_s = PKI_NOW + PKI_DAY,
			   .revoked = &device };
	ASN1_INTEGER *serial = X509_get_serialNumber(of_root.cert);
	struct credential c;
	struct x509_trust *t;

	(void)state;
	assert_int_equal(ASN1_STRING_copy(serial, X509_get_serialNumber(device.cert)), 1);
	assert_true(X509_sign(of_root.cert, root.key, EVP_sha256()) > 0);
	t = trust(&w);
	assert_int_equal(verify(t, &of_root, PKI_NOW, &c), CERT_GOOD);
	assert_int_equal(x509_trust_still(t, &c, PKI_NOW), CERT_GOOD);
	x509_trust_free(t);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		PKI_TEST(facts_are_the_certificates_own),
		PKI_TEST(twins_know_each_other),
		PKI_TEST(twins_are_of_the_cas_curve),
		PKI_TEST(most_are_their_own_twins),
		PKI_TEST(a_device_may_be_its_own_anchor),
		PKI_TEST(a_chain_ends_with_its_first_certificate),
		PKI_TEST(chains_are_judged_by_what_is_in_force),
		PKI_TEST(lists_have_a_beginning),
		PKI_TEST(the_newest_list_counts),
		PKI_TEST(a_list_to_come_waits_for_its_time),
		PKI_TEST(serials_are_their_issuers),
	};

	return cmocka_run_group_tests_name("x509_facts", tests, setup, teardown);
}

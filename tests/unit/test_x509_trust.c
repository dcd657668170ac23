/* SPDX-License-Identifier: BSD-3-Clause */
#include "x509_trust.h"

#include "pki_fixture.h"

static struct pki_cert root, sub, device, other_root;

static int setup(void **state)
{
	(void)state;
	root = pki_ca(NULL, "root");
	sub = pki_ca(&root, "sub");
	device = pki_device(&sub, "monitor-17");
	other_root = pki_ca(NULL, "other");
	return 0;
}

static int teardown(void **state)
{
	(void)state;
	pki_free(&root);
	pki_free(&sub);
	pki_free(&device);
	pki_free(&other_root);
	return 0;
}

static struct x509_trust *trust_with(const struct x509_trust_config *cfg)
{
	struct x509_trust *t = x509_trust_load(cfg, err, sizeof(err));

	if (t == NULL)
		fail_msg("%s", err);
	return t;
}

/* Trusts the root; names by a rule. */
static struct x509_trust *trust(enum x509_name_rule name, const char *crl_path, bool expired_good)
{
	const struct pki_cert *cas[] = { &root };

	return trust_with(
		&(struct x509_trust_config){ .ca_path = pki_certs_file(&dir, "ca", cas, 1),
					     .crl_path = crl_path,
					     .crl_expired_good = expired_good,
					     .name = name });
}

static enum x509_verdict judge(const struct x509_trust *t, const struct pki_cert *const *chain,
			       size_t n, struct x509_peer *out)
{
	static uint8_t list[PKI_LIST_MAX];
	enum x509_verdict v = x509_trust_verify(t, pki_list(list, chain, n), PKI_NOW, out);

	if (v == CERT_GOOD)
		signature_key_free(out->key);
	return v;
}

static enum x509_verdict judge_one(const struct x509_trust *t, const struct pki_cert *cert)
{
	struct x509_peer peer;

	return judge(t, &cert, 1, &peer);
}

static void a_good_chain_gives_key_and_name(void **state)
{
	struct x509_trust *t = trust(X509_NAME_CN, NULL, false);
	const struct pki_cert *chain[] = { &device, &sub }, *with_root[] = { &device, &sub, &root };
	struct x509_peer peer;

	(void)state;
	assert_int_equal(x509_trust_cas(t), 1);
	assert_int_equal(judge(t, chain, 2, &peer), CERT_GOOD);
	assert_int_equal(peer.name_len, 10);
	assert_memory_equal(peer.name, "monitor-17", 10);
	assert_int_equal(judge(t, with_root, 3, &peer), CERT_GOOD);
	/* its issuer is missing */
	assert_int_equal(judge(t, chain, 1, &peer), CERT_UNKNOWN_CA);
	x509_trust_free(t);
}

/* Issuers that were verified a moment ago (x509_issuers.h) make no difference: a device of theirs
 * is good, and what is wrong with one is seen. */
static void known_issuers_change_no_verdict(void **state)
{
	struct x509_trust *t = trust(X509_NAME_CN, NULL, false);
	struct pki_cert second = pki_device(&sub, "monitor-18"),
			late = pki_issue(
				&sub, pki_p256(),
				&(struct pki_want){ .cn = "x", .not_after_s = PKI_NOW - 1 }),
			stranger = pki_device(&other_root, "x"), direct = pki_device(&root, "y");
	const struct {
		const struct pki_cert *leaf;
		enum x509_verdict want;
	} rows[] = {
		{ &device, CERT_GOOD },         { &second, CERT_GOOD }, { &late, CERT_EXPIRED },
		{ &stranger, CERT_UNKNOWN_CA }, { &direct, CERT_GOOD },
	};
	static uint8_t bytes[PKI_LIST_MAX];
	struct x509_peer peer, again;

	(void)state;
	for (size_t i = 0; i < 2 * sizeof(rows) / sizeof(rows[0]); i++) {
		const struct pki_cert *chain[] = { rows[i / 2].leaf, &sub };

		assert_int_equal(judge(t, chain, 2, &peer), rows[i / 2].want);
	}
	for (unsigned i = 0; i < 2; i++) {
		const struct pki_cert *chain[] = { &second, &sub };
		struct rd list = pki_list(bytes, chain, 2);
		size_t leaf_len = (size_t)bytes[1] << 8 | bytes[2];

		assert_int_equal(x509_trust_verify(t, list, PKI_NOW, &peer), CERT_GOOD);
		signature_key_free(peer.key);
		bytes[3 + leaf_len - 1] ^= 1; /* the signature's last byte */
		assert_int_equal(x509_trust_verify(t, list, PKI_NOW, &again), CERT_BAD);
	}
	/* What is known of the chain is the same as after a verification in full. */
	assert_int_equal(
		judge(t, (const struct pki_cert *const[]){ &second, &sub, &root }, 3, &again),
		CERT_GOOD);
	assert_memory_equal(&again.credential, &peer.credential, sizeof(peer.credential));
	x509_trust_free(t);
	pki_free(&second);
	pki_free(&late);
	pki_free(&stranger);
	pki_free(&direct);
}

static struct pki_cert issue(const struct pki_want *want)
{
	return pki_issue(&root, pki_p256(), want);
}

/* bad-input G6; checklist 47 */
static void what_will_not_do_has_its_own_verdict(void **state)
{
	struct x509_trust *t = trust(X509_NAME_CN, NULL, false);
	struct {
		struct pki_cert cert;
		enum x509_verdict want;
	} rows[] = {
		{ issue(&(struct pki_want){ .cn = "x", .not_after_s = PKI_NOW - 1 }),
		  CERT_EXPIRED },
		{ issue(&(struct pki_want){ .cn = "x", .not_before_s = PKI_NOW + 60 }),
		  CERT_EXPIRED },
		{ issue(&(struct pki_want){ .cn = "x", .ext_key_usage = "serverAuth" }),
		  CERT_UNSUPPORTED },
		{ issue(&(struct pki_want){ .cn = "x", .key_usage = "critical,keyAgreement" }),
		  CERT_UNSUPPORTED },
		{ issue(&(struct pki_want){ .cn = "x", .key_usage = "critical,keyEncipherment" }),
		  CERT_UNSUPPORTED },
		{ issue(&(struct pki_want){ .san = "DNS:only.example" }), CERT_UNKNOWN },
		{ pki_device(&other_root, "x"), CERT_UNKNOWN_CA },
		{ pki_issue(NULL, pki_p256(), &(struct pki_want){ .cn = "x" }), CERT_UNKNOWN_CA },
		/* an end entity is no CA */
		{ pki_device(&device, "x"), CERT_UNKNOWN_CA },
		{ pki_issue(&root, pki_rsa(1024), &(struct pki_want){ .cn = "x" }),
		  CERT_UNSUPPORTED },
		{ pki_issue(&root, EVP_PKEY_Q_keygen(NULL, NULL, "EC", "P-384"),
			    &(struct pki_want){ .cn = "x" }),
		  CERT_UNSUPPORTED },
		{ pki_issue(&root, pki_rsa(2048), &(struct pki_want){ .cn = "x" }), CERT_GOOD },
		{ pki_issue(&root, pki_ed25519(), &(struct pki_want){ .cn = "x" }), CERT_GOOD },
	};

	(void)state;
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		enum x509_verdict v = judge_one(t, &rows[i].cert);

		if (v != rows[i].want)
			fail_msg("row %zu: verdict %u", i, v);
		pki_free(&rows[i].cert);
	}
	x509_trust_free(t);
}

static void an_end_entity_signs_no_certificates(void **state)
{
	struct x509_trust *t = trust(X509_NAME_CN, NULL, false);
	struct pki_cert child = pki_device(&device, "x");
	const struct pki_cert *chain[] = { &child, &device, &sub };
	struct x509_peer peer;

	(void)state;
	assert_int_not_equal(judge(t, chain, 3, &peer), CERT_GOOD);
	pki_free(&child);
	x509_trust_free(t);
}

static const char *crl_file(const char *name, const struct pki_cert *revoked, int64_t next_s,
			    bool of_root)
{
	const char *path;
	FILE *f = pki_file(&dir, name, &path);

	pki_crl(f, &sub, &revoked, revoked != NULL, next_s);
	if (of_root)
		pki_crl(f, &root, NULL, 0, next_s);
	fclose(f);
	return path;
}

static void the_revoked_are_out(void **state)
{
	struct pki_cert second = pki_device(&sub, "monitor-18");
	const struct pki_cert *bad[] = { &device, &sub }, *good[] = { &second, &sub };
	const char *crl = crl_file("crl", &device, PKI_NOW + PKI_DAY, false);
	struct x509_trust *t = trust(X509_NAME_CN, crl, false);
	struct pki_cert direct = pki_device(&root, "no list covers it");
	struct x509_peer peer;

	(void)state;
	assert_int_equal(x509_trust_crls(t), 1);
	assert_int_equal(judge(t, bad, 2, &peer), CERT_REVOKED);
	assert_int_equal(judge(t, good, 2, &peer), CERT_GOOD);
	/* lists are in force and there is none for its issuer */
	assert_int_equal(judge_one(t, &direct), CERT_UNKNOWN);
	pki_free(&second);
	pki_free(&direct);
	x509_trust_free(t);
}

/* bad-input G4: who only claims to be of a CA makes nobody read its list, which may be megabytes to
 * hash, and does not learn which serial numbers are on it. */
static void signatures_come_before_lists(void **state)
{
	struct x509_trust *t =
		trust(X509_NAME_CN, crl_file("crl", &device, PKI_NOW + PKI_DAY, true), false);
	const struct pki_cert *chain[] = { &device, &sub };
	static uint8_t bytes[PKI_LIST_MAX];
	struct rd list = pki_list(bytes, chain, 2);
	size_t leaf_len = (size_t)bytes[1] << 8 | bytes[2];
	struct x509_peer peer;

	(void)state;
	assert_int_equal(x509_trust_verify(t, list, PKI_NOW, &peer), CERT_REVOKED);
	bytes[3 + leaf_len - 1] ^= 1; /* the signature's last byte */
	assert_int_equal(x509_trust_verify(t, list, PKI_NOW, &peer), CERT_BAD);
	x509_trust_free(t);
}

static void a_revoked_ca_takes_its_devices_along(void **state)
{
	const struct pki_cert *chain[] = { &device, &sub }, *revoked[] = { &sub };
	const char *path;
	FILE *f = pki_file(&dir, "crl", &path);
	struct x509_peer peer;
	struct x509_trust *t;

	(void)state;
	pki_crl(f, &sub, NULL, 0, PKI_NOW + PKI_DAY);
	pki_crl(f, &root, revoked, 1, PKI_NOW + PKI_DAY);
	fclose(f);
	t = trust(X509_NAME_CN, path, false);
	assert_int_equal(judge(t, chain, 2, &peer), CERT_REVOKED);
	x509_trust_free(t);
}

/* The same when the CA itself stands in the bundle beside its root; one without its root is taken
 * as it is, and its devices are looked up all the same. */
static void lists_count_for_cas_of_the_bundle(void **state)
{
	const struct pki_cert *both[] = { &root, &sub }, *alone[] = { &sub },
			      *revoked_sub[] = { &sub }, *revoked_device[] = { &device };
	struct pki_cert second = pki_device(&sub, "monitor-18");
	const char *path, *later;
	FILE *f = pki_file(&dir, "crl", &path);
	struct x509_trust *t;

	(void)state;
	pki_crl(f, &sub, NULL, 0, PKI_NOW + PKI_DAY);
	pki_crl(f, &root, revoked_sub, 1, PKI_NOW + PKI_DAY);
	fclose(f);
	t = trust_with(&(struct x509_trust_config){
		.ca_path = pki_certs_file(&dir, "both", both, 2), .crl_path = path });
	assert_int_equal(judge_one(t, &device), CERT_REVOKED);
	x509_trust_free(t);
	f = pki_file(&dir, "later", &later);
	pki_crl(f, &sub, revoked_device, 1, PKI_NOW + PKI_DAY);
	pki_crl(f, &root, NULL, 0, PKI_NOW + PKI_DAY);
	fclose(f);
	t = trust_with(&(struct x509_trust_config){
		.ca_path = pki_certs_file(&dir, "alone", alone, 1), .crl_path = later });
	assert_int_equal(judge_one(t, &device), CERT_REVOKED);
	assert_int_equal(judge_one(t, &second), CERT_GOOD);
	x509_trust_free(t);
	pki_free(&second);
}

static void an_expired_list_is_judged_by_policy(void **state)
{
	struct pki_cert second = pki_device(&sub, "monitor-18");
	const struct pki_cert *bad[] = { &device, &sub }, *good[] = { &second, &sub };
	const char *crl = crl_file("crl", &device, PKI_NOW - 60, true);
	struct x509_trust *strict = trust(X509_NAME_CN, crl, false),
			  *lenient = trust(X509_NAME_CN, crl, true);
	struct x509_peer peer;

	(void)state;
	assert_int_equal(judge(strict, good, 2, &peer), CERT_UNKNOWN);
	assert_int_equal(judge(lenient, good, 2, &peer), CERT_GOOD);
	assert_int_equal(judge(lenient, bad, 2, &peer), CERT_REVOKED);
	pki_free(&second);
	x509_trust_free(strict);
	x509_trust_free(lenient);
}

/* A list is hashed once, and asked about each device: also one that is too old but good. */
static void known_lists_are_asked_each_time(void **state)
{
	struct pki_cert second = pki_device(&sub, "monitor-18");
	const struct pki_cert *bad[] = { &device, &sub }, *good[] = { &second, &sub };
	struct x509_trust *t[] = {
		trust(X509_NAME_CN, crl_file("crl", &device, PKI_NOW + PKI_DAY, true), false),
		trust(X509_NAME_CN, crl_file("old", &device, PKI_NOW - 60, true), true),
	};
	struct x509_peer peer;

	(void)state;
	for (unsigned i = 0; i < 2 * 3; i++) {
		assert_int_equal(judge(t[i % 2], good, 2, &peer), CERT_GOOD);
		assert_int_equal(judge(t[i % 2], bad, 2, &peer), CERT_REVOKED);
	}
	pki_free(&second);
	x509_trust_free(t[0]);
	x509_trust_free(t[1]);
}

/* A list that somebody else signed in the CA's name counts for nothing, the second time as well. */
static void a_forged_list_is_never_known(void **state)
{
	EVP_PKEY *key = pki_p256();
	const struct pki_cert impostor = { .cert = sub.cert, .key = key };
	const struct pki_cert *good[] = { &device, &sub };
	struct x509_peer peer;
	struct x509_trust *t;
	const char *path;
	FILE *f = pki_file(&dir, "forged", &path);

	(void)state;
	pki_crl(f, &impostor, NULL, 0, PKI_NOW + PKI_DAY);
	fclose(f);
	t = trust(X509_NAME_CN, path, false);
	for (unsigned i = 0; i < 3; i++)
		assert_int_equal(judge(t, good, 2, &peer), CERT_UNKNOWN);
	EVP_PKEY_free(key);
	x509_trust_free(t);
}

static void names_follow_the_rule(void **state)
{
	static const struct {
		enum x509_name_rule rule;
		const char *name; /* NULL: refused */
	} rows[] = {
		{ X509_NAME_CN, "the name" },
		{ X509_NAME_DNS, "dev1.example" },
		{ X509_NAME_URI, "urn:dev:ow:10e2073a01080063" },
	};
	struct pki_cert
		c = issue(&(struct pki_want){
			.cn = "the name",
			.san = "URI:urn:dev:ow:10e2073a01080063,DNS:dev1.example,DNS:two" }),
		bare = issue(&(struct pki_want){ .cn = "b" });
	const struct pki_cert *chain[] = { &c };
	struct x509_peer peer;
	struct x509_trust *t;

	(void)state;
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		t = trust(rows[i].rule, NULL, false);
		assert_int_equal(judge(t, chain, 1, &peer), CERT_GOOD);
		assert_int_equal(peer.name_len, strlen(rows[i].name));
		assert_memory_equal(peer.name, rows[i].name, peer.name_len);
		assert_int_equal(judge_one(t, &bare),
				 rows[i].rule == X509_NAME_CN ? CERT_GOOD : CERT_UNKNOWN);
		x509_trust_free(t);
	}
	t = trust(X509_NAME_FINGERPRINT, NULL, false);
	assert_int_equal(judge(t, chain, 1, &peer), CERT_GOOD);
	assert_int_equal(peer.name_len, 7 + 64);
	assert_memory_equal(peer.name, "sha256:", 7);
	x509_trust_free(t);
	pki_free(&c);
	pki_free(&bare);
}

/* Two common names, one that is too long, a NUL in the middle. */
static void doubtful_names_are_refused(void **state)
{
	struct x509_trust *t = trust(X509_NAME_DNS, NULL, false);
	char san[300] = "DNS:";
	struct pki_cert c;

	(void)state;
	memset(san + 4, 'a', 129);
	c = issue(&(struct pki_want){ .cn = "x", .san = san });
	assert_int_equal(judge_one(t, &c), CERT_UNKNOWN);
	pki_free(&c);
	san[4 + 128] = '\0';
	c = issue(&(struct pki_want){ .cn = "x", .san = san });
	assert_int_equal(judge_one(t, &c), CERT_GOOD);
	pki_free(&c);
	x509_trust_free(t);
}

/* bad-input G4: counted before anything is parsed, so that what stands there does not matter. */
static void long_chains_are_refused_unread(void **state)
{
	struct x509_trust *t = trust(X509_NAME_CN, NULL, false);
	const struct pki_cert *six[] = { &device, &sub, &root, &root, &root, &root };
	static uint8_t list[PKI_LIST_MAX];
	struct x509_peer peer;

	(void)state;
	assert_int_equal(judge(t, six, 6, &peer), CERT_BAD);
	assert_int_equal(judge(t, six, 5, &peer), CERT_GOOD);
	list[0] = 0;
	list[1] = (X509_CHAIN_BYTES_MAX - 2) >> 8;
	list[2] = (uint8_t)(X509_CHAIN_BYTES_MAX - 2);
	assert_int_equal(
		x509_trust_verify(t, rd_of(list, X509_CHAIN_BYTES_MAX + 1), PKI_NOW, &peer),
		CERT_BAD);
	assert_int_equal(x509_trust_verify(t, rd_of(list, 0), PKI_NOW, &peer), CERT_BAD);
	x509_trust_free(t);
}

/* bad-input G5: every bit of the certificate matters, and every length. */
static void damaged_certificates_are_refused(void **state)
{
	struct x509_trust *t = trust(X509_NAME_CN, NULL, false);
	struct pki_cert c = pki_device(&root, "x");
	const struct pki_cert *chain[] = { &c };
	uint8_t list[PKI_LIST_MAX];
	struct rd whole = pki_list(list, chain, 1);
	size_t len = rd_len(&whole);
	struct x509_peer peer;

	(void)state;
	for (size_t i = 0; i < len; i++) {
		uint8_t *exact = malloc(len);

		memcpy(exact, list, len);
		exact[i] ^= 0x20;
		assert_int_not_equal(x509_trust_verify(t, rd_of(exact, len), PKI_NOW, &peer),
				     CERT_GOOD);
		memcpy(exact, list, i);
		exact = realloc(exact, i ? i : 1);
		assert_int_not_equal(x509_trust_verify(t, rd_of(exact, i), PKI_NOW, &peer),
				     CERT_GOOD);
		free(exact);
	}
	assert_int_equal(judge(t, chain, 1, &peer), CERT_GOOD);
	pki_free(&c);
	x509_trust_free(t);
}

/* A CA that is no root is trusted when it stands in the bundle. */
static void a_ca_of_the_bundle_needs_no_root(void **state)
{
	const struct pki_cert *cas[] = { &sub };
	struct x509_trust *t = trust_with(
		&(struct x509_trust_config){ .ca_path = pki_certs_file(&dir, "ca", cas, 1) });

	(void)state;
	assert_int_equal(judge_one(t, &device), CERT_GOOD);
	x509_trust_free(t);
}

static void servers_are_judged_as_servers(void **state)
{
	const struct pki_cert *cas[] = { &root };
	struct x509_trust *t = trust_with(&(struct x509_trust_config){
		.ca_path = pki_certs_file(&dir, "ca", cas, 1), .role = X509_ROLE_SERVER });
	struct pki_cert server = issue(
				&(struct pki_want){ .cn = "s", .ext_key_usage = "serverAuth" }),
			client = pki_device(&root, "c");

	(void)state;
	assert_int_equal(judge_one(t, &server), CERT_GOOD);
	assert_int_equal(judge_one(t, &client), CERT_UNSUPPORTED);
	pki_free(&server);
	pki_free(&client);
	x509_trust_free(t);
}

static void refused(const char *ca, const char *crl, const char *where, const char *why)
{
	const struct x509_trust_config cfg = { .ca_path = ca, .crl_path = crl };

	assert_null(x509_trust_load(&cfg, err, sizeof(err)));
	if (strstr(err, where) == NULL || strstr(err, why) == NULL)
		fail_msg("\"%s\" names neither %s nor %s", err, where, why);
}

static void files_that_will_not_do_are_named(void **state)
{
	const struct pki_cert *cas[] = { &root };
	const char *ca = pki_certs_file(&dir, "ca", cas, 1), *damaged, *empty;
	FILE *f = pki_file(&dir, "damaged", &damaged);

	(void)state;
	PEM_write_X509(f, root.cert);
	fputs("-----BEGIN CERTIFICATE-----\nMAA=\n-----END CERTIFICATE-----\n", f);
	fclose(f);
	f = pki_file(&dir, "empty", &empty);
	fputs("nothing here\n", f);
	fclose(f);
	refused("/nonexistent/ca", NULL, "/nonexistent/ca", "No such file");
	refused(damaged, NULL, "damaged:", "not a certificate");
	refused(empty, NULL, "empty", "no certificate");
	refused(ca, empty, "empty", "no revocation list");
	refused(ca, ca, "ca:1", "not a revocation list");
}

int main(void)
{
#define IN_DIR(test) PKI_TEST(test)
	const struct CMUnitTest tests[] = {
		IN_DIR(a_good_chain_gives_key_and_name),
		IN_DIR(known_issuers_change_no_verdict),
		IN_DIR(what_will_not_do_has_its_own_verdict),
		IN_DIR(an_end_entity_signs_no_certificates),
		IN_DIR(the_revoked_are_out),
		IN_DIR(signatures_come_before_lists),
		IN_DIR(a_revoked_ca_takes_its_devices_along),
		IN_DIR(lists_count_for_cas_of_the_bundle),
		IN_DIR(an_expired_list_is_judged_by_policy),
		IN_DIR(known_lists_are_asked_each_time),
		IN_DIR(a_forged_list_is_never_known),
		IN_DIR(names_follow_the_rule),
		IN_DIR(doubtful_names_are_refused),
		IN_DIR(long_chains_are_refused_unread),
		IN_DIR(damaged_certificates_are_refused),
		IN_DIR(a_ca_of_the_bundle_needs_no_root),
		IN_DIR(servers_are_judged_as_servers),
		IN_DIR(files_that_will_not_do_are_named),
	};

	return cmocka_run_group_tests(tests, setup, teardown);
}

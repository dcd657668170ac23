/* SPDX-License-Identifier: BSD-3-Clause */
#include "x509_own.h"

#include "pki_fixture.h"

static struct pki_cert root, sub, server;

static int setup(void **state)
{
	(void)state;
	root = pki_ca(NULL, "root");
	sub = pki_ca(&root, "sub");
	server = pki_issue(&sub, pki_p256(),
			   &(struct pki_want){ .cn = "server",
					       .san = "DNS:gw.example,DNS:*.fleet.example",
					       .ext_key_usage = "serverAuth" });
	return 0;
}

static int teardown(void **state)
{
	(void)state;
	pki_free(&root);
	pki_free(&sub);
	pki_free(&server);
	return 0;
}

static void a_chain_and_its_key_are_loaded(void **state)
{
	const struct pki_cert *chain[] = { &server, &sub };
	const char *certs = pki_certs_file(&dir, "chain", chain, 2),
		   *key = pki_key_file(&dir, "key", server.key);
	struct x509_own *own = x509_own_load(certs, key, err, sizeof(err));
	uint8_t list[PKI_LIST_MAX];
	struct rd want = pki_list(list, chain, 2), got = want, body = want;
	size_t len;

	(void)state;
	assert_non_null(own);
	body.p = x509_own_chain(own, &len);
	body.end = body.p + len;
	assert_true(rd_vec(&body, 3, &got) && rd_len(&body) == 0);
	assert_int_equal(rd_len(&got), rd_len(&want));
	assert_memory_equal(got.p, want.p, rd_len(&want));
	body.p = x509_own_spki(own, &len);
	body.end = body.p + len;
	assert_true(rd_vec(&body, 3, &got) && rd_len(&body) == 0);
	assert_int_equal(rd_len(&got), 91); /* P-256 */
	assert_int_equal(signature_key_kind(x509_own_key(own)), SIGNATURE_KIND_P256);
	/* counted */
	assert_ptr_equal(x509_own_get(own), own);
	x509_own_put(own);
	assert_true(x509_own_names(own, (const uint8_t *)"gw.example", 10));
	x509_own_put(own);
	x509_own_put(NULL);
	assert_null(x509_own_get(NULL));
}

/* checklist 57 */
static void names_are_those_of_the_certificate(void **state)
{
	static const struct {
		const char *name;
		bool is;
	} rows[] = { { "gw.example", true },
		     { "GW.Example", true },
		     { "a.fleet.example", true },
		     { "fleet.example", false },
		     { "a.b.fleet.example", false },
		     { "server", false },
		     { "", false },
		     { ".", false } };
	const struct pki_cert *chain[] = { &server };
	struct x509_own *own =
		x509_own_load(pki_certs_file(&dir, "chain", chain, 1),
			      pki_key_file(&dir, "key", server.key), err, sizeof(err));

	(void)state;
	assert_non_null(own);
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++)
		assert_int_equal(
			x509_own_names(own, (const uint8_t *)rows[i].name, strlen(rows[i].name)),
			rows[i].is);
	assert_false(x509_own_names(own, (const uint8_t *)"gw.example\0x", 12));
	x509_own_put(own);
}

static void refused(const char *certs, const char *key, const char *where, const char *why)
{
	assert_null(x509_own_load(certs, key, err, sizeof(err)));
	if (strstr(err, where) == NULL || strstr(err, why) == NULL)
		fail_msg("\"%s\" names neither %s nor %s", err, where, why);
}

static void what_is_wrong_is_named_with_its_place(void **state)
{
	const struct pki_cert *one[] = { &server }, *odd[] = { &server, &root }, *nine[9];
	struct pki_cert rsa = pki_issue(&root, pki_rsa(2048), &(struct pki_want){ .cn = "rsa" }),
			agreement = pki_issue(
				&root, pki_p256(),
				&(struct pki_want){ .cn = "ka",
						    .key_usage = "critical,keyAgreement" });
	const char *good = pki_certs_file(&dir, "good", one, 1),
		   *key = pki_key_file(&dir, "key", server.key), *path;
	FILE *f;

	(void)state;
	refused("/nonexistent/x", key, "/nonexistent/x", "No such file");
	refused(good, "/nonexistent/k", "/nonexistent/k", "No such file");
	refused(good, pki_key_file(&dir, "other", root.key), "other:1", "not the key");
	refused(pki_certs_file(&dir, "odd", odd, 2), key, "odd:", "not the issuer");
	refused(key, key, "key", "no certificate");
	refused(good, good, "good", "no private key");
	nine[0] = &server;
	nine[1] = &sub;
	for (size_t i = 2; i < 9; i++)
		nine[i] = &root; /* its own issuer */
	refused(pki_certs_file(&dir, "nine", nine, 9), key, "nine:", "more certificates");
	one[0] = &rsa;
	refused(pki_certs_file(&dir, "rsa", one, 1), pki_key_file(&dir, "rsakey", rsa.key),
		"rsakey:1", "neither a P-256");
	one[0] = &agreement;
	refused(pki_certs_file(&dir, "ka", one, 1), pki_key_file(&dir, "kakey", agreement.key),
		"ka:1", "keyUsage");
	f = pki_file(&dir, "damaged", &path);
	fputs("# comment\n\n-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n", f);
	fclose(f);
	refused(path, key, "damaged:3", "not a certificate");
	pki_free(&rsa);
	pki_free(&agreement);
}

static void a_key_that_others_may_read_is_refused(void **state)
{
	const struct pki_cert *one[] = { &server };
	const char *certs = pki_certs_file(&dir, "certs", one, 1),
		   *key = pki_key_file(&dir, "key", server.key), *path;
	BIO *bio;
	FILE *f;

	(void)state;
	assert_int_equal(chmod(key, 0640), 0);
	refused(certs, key, "key", "accessible to group");
	assert_int_equal(chmod(key, 0604), 0);
	refused(certs, key, "key", "accessible to group");
	f = pki_file(&dir, "encrypted", &path);
	assert_int_equal(
		PEM_write_PKCS8PrivateKey(f, server.key, EVP_aes_128_cbc(), "pw", 2, NULL, NULL),
		1);
	fclose(f);
	refused(certs, path, "encrypted:1", "encrypted");
	f = pki_file(&dir, "traditional", &path);
	bio = BIO_new_fp(f, BIO_NOCLOSE);
	assert_int_equal(PEM_write_bio_PrivateKey_traditional(bio, server.key, EVP_aes_128_cbc(),
							      (unsigned char *)(uintptr_t) "pw", 2,
							      NULL, NULL),
			 1);
	BIO_free(bio);
	fclose(f);
	refused(certs, path, "traditional:1", "encrypted");
}

static void an_ed25519_key_will_do(void **state)
{
	struct pki_cert c = pki_issue(&root, pki_ed25519(), &(struct pki_want){ .cn = "ed" });
	const struct pki_cert *one[] = { &c };
	struct x509_own *own = x509_own_load(pki_certs_file(&dir, "ed", one, 1),
					     pki_key_file(&dir, "edkey", c.key), err, sizeof(err));

	(void)state;
	assert_non_null(own);
	assert_int_equal(signature_key_kind(x509_own_key(own)), SIGNATURE_KIND_ED25519);
	x509_own_put(own);
	pki_free(&c);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		PKI_TEST(a_chain_and_its_key_are_loaded),
		PKI_TEST(names_are_those_of_the_certificate),
		PKI_TEST(what_is_wrong_is_named_with_its_place),
		PKI_TEST(a_key_that_others_may_read_is_refused),
		PKI_TEST(an_ed25519_key_will_do),
	};

	return cmocka_run_group_tests(tests, setup, teardown);
}

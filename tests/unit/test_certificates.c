/* SPDX-License-Identifier: BSD-3-Clause */
#include "credentials.h"

#include "pki.h"
#include "wiring_fixture.h"

static struct pki_cert root, first, second, ed25519, device;
static struct pki_dir dir;
static struct certificates_config cfg;
static char err[256];

static struct pki_cert server(EVP_PKEY *key, const char *san)
{
	return pki_issue(
		&root, key,
		&(struct pki_want){ .cn = "s", .san = san, .ext_key_usage = "serverAuth" });
}

static void own_add(const char *name, const struct pki_cert *cert)
{
	const struct pki_cert *chain[] = { cert };
	char key[32];

	snprintf(key, sizeof(key), "%s.key", name);
	cfg.chains[cfg.n_own] = pki_certs_file(&dir, name, chain, 1);
	cfg.keys[cfg.n_own++] = pki_key_file(&dir, key, cert->key);
}

static int setup(void **state)
{
	const struct pki_cert *cas[] = { &root };
	const char *path;
	FILE *f;

	(void)state;
	root = pki_ca(NULL, "root");
	first = server(pki_p256(), "DNS:one.example");
	second = server(pki_p256(), "DNS:two.example");
	ed25519 = server(pki_ed25519(), "DNS:two.example");
	device = pki_device(&root, "pump 7");
	pki_dir_new(&dir);
	cfg = (struct certificates_config){ .trust = { .name = X509_NAME_CN } };
	own_add("first", &first);
	own_add("second", &second);
	own_add("ed25519", &ed25519);
	cfg.trust.ca_path = pki_certs_file(&dir, "ca", cas, 1);
	f = pki_file(&dir, "rpks", &path);
	fputs("# none yet\n", f);
	fclose(f);
	cfg.rpks = path;
	return 0;
}

static int teardown(void **state)
{
	(void)state;
	pki_free(&root);
	pki_free(&first);
	pki_free(&second);
	pki_free(&ed25519);
	pki_free(&device);
	pki_dir_free(&dir);
	return 0;
}

/* Which file's certificate is shown for a name: the number of its option; -1: none. */
static int shown(const struct certificates *c, const char *name, unsigned kinds)
{
	struct x509_own *own = certificates_own(c, (const uint8_t *)name, strlen(name), kinds);
	int n = -1;

	if (own == NULL)
		return -1;
	for (unsigned i = 0; i < cfg.n_own && n < 0; i++) {
		struct x509_own *other =
			x509_own_load(cfg.chains[i], cfg.keys[i], err, sizeof(err));
		size_t a_len, b_len;
		const uint8_t *a = x509_own_chain(own, &a_len), *b = x509_own_chain(other, &b_len);

		if (a_len == b_len && memcmp(a, b, a_len) == 0)
			n = (int)i;
		x509_own_put(other);
	}
	x509_own_put(own);
	return n;
}

/* checklist 57 */
static void the_named_certificate_is_shown_else_the_first(void **state)
{
	const unsigned any = SIGNATURE_KIND_P256 | SIGNATURE_KIND_ED25519;
	struct certificates *c = certificates_load(&cfg, err, sizeof(err));
	char text[128];

	(void)state;
	assert_non_null(c);
	assert_int_equal(shown(c, "", any), 0);
	assert_int_equal(shown(c, "two.example", any), 1);
	assert_int_equal(shown(c, "one.example", any), 0);
	assert_int_equal(shown(c, "three.example", any), 0);
	assert_int_equal(shown(c, "one.example", SIGNATURE_KIND_ED25519), 2);
	assert_int_equal(shown(c, "two.example", SIGNATURE_KIND_ED25519), 2);
	assert_int_equal(shown(c, "two.example", SIGNATURE_KIND_RSA), -1);
	certificates_describe(c, text, sizeof(text));
	assert_string_equal(text, "3 certificates of ours, 1 CAs, 0 revocation lists, 0 raw keys");
	certificates_free(c);
	certificates_free(NULL);
}

static void judge(const struct credentials *creds, struct handshake_job *job)
{
	static uint8_t list[PKI_LIST_MAX];
	const struct pki_cert *chain[] = { &device };

	*job = (struct handshake_job){ .kind = JOB_VERIFY_PEER,
				       .certificate = pki_list(list, chain, 1) };
	credentials_judge(creds, job, PKI_NOW);
}

static void give_back(const struct credentials *creds, struct handshake_job *job)
{
	signature_key_free(job->peer.key);
	if (job->interned != NULL)
		identity_put(creds->identities, job->interned);
}

static void write_rpk(const char *line)
{
	FILE *f = fopen(cfg.rpks, "w");

	assert_non_null(f);
	fputs(line, f);
	fclose(f);
}

/* Whole or not at all: a file that is wrong leaves all as they were; a CRL counts from its load. */
static void files_are_reloaded_whole_or_not_at_all(void **state)
{
	const struct pki_cert *revoked[] = { &device };
	struct credentials creds;
	struct handshake_job job;
	const char *crl;
	FILE *f = pki_file(&dir, "crl", &crl);

	(void)state;
	pki_crl(f, &root, NULL, 0, PKI_NOW + PKI_DAY);
	fclose(f);
	cfg.trust.crl_path = crl;
	assert_true(credentials_init(&creds, &(struct credentials_files){ .psk_file = NULL }, err,
				     sizeof(err)));
	assert_true(credentials_certificates(&creds, &cfg, err, sizeof(err)));
	judge(&creds, &job);
	assert_int_equal(job.peer.status, STATUS_OK);
	assert_int_equal(job.interned->len, 6);
	assert_memory_equal(job.interned->bytes, "pump 7", 6);
	give_back(&creds, &job);

	f = fopen(crl, "w");
	pki_crl(f, &root, revoked, 1, PKI_NOW + PKI_DAY);
	fclose(f);
	write_rpk("rubbish\n");
	assert_false(credentials_reload(&creds, err, sizeof(err)));
	assert_non_null(strstr(err, "rpks:1: "));
	judge(&creds, &job);
	assert_int_equal(job.peer.status, STATUS_OK);
	give_back(&creds, &job);

	write_rpk("");
	assert_true(credentials_reload(&creds, err, sizeof(err)));
	judge(&creds, &job);
	assert_int_equal(job.peer.status, STATUS_HS_CERT_REVOKED);
	assert_int_equal(job.peer.alert, ALERT_CERTIFICATE_REVOKED);
	assert_null(job.interned);
	give_back(&creds, &job);
	cfg.trust.crl_path = NULL;
	credentials_free(&creds);
}

/* Without certificates nobody is taken by one, and none is shown. */
static void without_certificates_there_are_none(void **state)
{
	struct credentials creds;
	struct handshake_job job;
	const struct identity *nobody;

	(void)state;
	assert_true(credentials_init(&creds, &(struct credentials_files){ .psk_file = NULL }, err,
				     sizeof(err)));
	assert_null(credentials_own(&creds, NULL, 0, SIGNATURE_KIND_P256));
	judge(&creds, &job);
	assert_int_equal(job.peer.status, STATUS_HS_CERT);
	assert_int_equal(job.peer.alert, ALERT_UNKNOWN_CA);
	give_back(&creds, &job);
	nobody = credentials_nobody(&creds);
	assert_non_null(nobody);
	assert_int_equal(nobody->len, 0);
	identity_put(creds.identities, nobody);
	credentials_free(&creds);
}

static int rcu_setup(void **state)
{
	urcu_qsbr_register_thread();
	return setup(state);
}

static int rcu_teardown(void **state)
{
	int rc = teardown(state);

	urcu_qsbr_unregister_thread();
	return rc;
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(the_named_certificate_is_shown_else_the_first),
		cmocka_unit_test(files_are_reloaded_whole_or_not_at_all),
		cmocka_unit_test(without_certificates_there_are_none),
	};

	return cmocka_run_group_tests(tests, rcu_setup, rcu_teardown);
}

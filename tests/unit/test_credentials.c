/* SPDX-License-Identifier: BSD-3-Clause */
#include "credentials.h"

#include "pki.h"
#include "wiring_fixture.h"

#include <pthread.h>
#include <stdatomic.h>

#define KEY_A "000102030405060708090a0b0c0d0e0f"
#define KEY_B "f0f1f2f3f4f5f6f7f8f9fafbfcfdfeff"

static char path[64];
static struct credentials creds;

static int setup(void **state)
{
	char err[256];

	(void)state;
	strcpy(path, "/tmp/sluice-test-psk-XXXXXX");
	wiring_path(path);
	wiring_write(path, "dev1:" KEY_A "\n");
	assert_true(credentials_init(&creds, &(struct credentials_files){ .psk_file = path }, err,
				     sizeof(err)));
	return 0;
}

static int teardown(void **state)
{
	(void)state;
	credentials_free(&creds);
	return unlink(path);
}

/* Length of the key that a name has now, its first byte in *first; the reference is given back. */
static size_t lookup(const char *name, uint8_t *first)
{
	uint8_t key[PSK_KEY_MAX];
	const struct identity *id;
	size_t len = credentials_psk(&creds, (const uint8_t *)name, strlen(name), key, &id);

	*first = key[0];
	assert_true((len > 0) == (id != NULL));
	if (id != NULL) {
		assert_int_equal(id->len, strlen(name));
		assert_memory_equal(id->bytes, name, id->len);
		identity_put(creds.identities, id);
	}
	return len;
}

static void a_known_identity_has_its_key(void **state)
{
	uint8_t first = 0xff;

	(void)state;
	assert_int_equal(lookup("dev1", &first), 16);
	assert_int_equal(first, 0);
	assert_int_equal(lookup("dev", &first), 0);
	assert_int_equal(lookup("dev2", &first), 0);
	/* An unknown name is not interned: strangers cost no memory (hostile N). */
	assert_int_equal(identity_count(creds.identities), 0);
}

static void reload_swaps_the_set(void **state)
{
	char err[256];
	uint8_t first = 0xff;

	(void)state;
	wiring_write(path, "dev1:" KEY_B "\ndev2:" KEY_A "\n");
	assert_int_equal(lookup("dev2", &first), 0);
	assert_true(credentials_reload(&creds, err, sizeof(err)));
	assert_int_equal(lookup("dev1", &first), 16);
	assert_int_equal(first, 0xf0);
	assert_int_equal(lookup("dev2", &first), 16);
	assert_int_equal(first, 0);
	wiring_write(path, "dev2:" KEY_A "\n");
	assert_true(credentials_reload(&creds, err, sizeof(err)));
	assert_int_equal(lookup("dev1", &first), 0);
}

static void refused(const char *why)
{
	char err[256] = "";
	uint8_t first;

	assert_false(credentials_reload(&creds, err, sizeof(err)));
	assert_non_null(strstr(err, why));
	assert_int_equal(lookup("dev1", &first), 16);
	assert_int_equal(first, 0);
	assert_int_equal(lookup("dev2", &first), 0);
}

static void a_broken_file_keeps_the_old_set(void **state)
{
	(void)state;
	wiring_write(path, "dev2:" KEY_B "\ndev3:zz\n");
	refused(path);
	wiring_write(path, "dev2:" KEY_B "\ndev2:" KEY_A "\n");
	refused(path);
	wiring_write(path, "dev2:" KEY_B "\n");
	assert_int_equal(chmod(path, 0644), 0);
	refused(path);
	assert_int_equal(unlink(path), 0);
	refused(path);
	wiring_write(path, "");
}

/* A device that is taken out of the file keeps its session, and the session its name. */
static void identities_outlive_a_reload(void **state)
{
	uint8_t key[PSK_KEY_MAX], first;
	const struct identity *id, *again;
	char err[256];

	(void)state;
	assert_int_equal(credentials_psk(&creds, (const uint8_t *)"dev1", 4, key, &id), 16);
	wiring_write(path, "dev2:" KEY_B "\n");
	assert_true(credentials_reload(&creds, err, sizeof(err)));
	assert_int_equal(lookup("dev1", &first), 0);
	assert_int_equal(id->len, 4);
	assert_memory_equal(id->bytes, "dev1", 4);
	assert_int_equal(identity_count(creds.identities), 1);
	/* Back again, it is the same device. */
	wiring_write(path, "dev1:" KEY_A "\n");
	assert_true(credentials_reload(&creds, err, sizeof(err)));
	assert_int_equal(credentials_psk(&creds, (const uint8_t *)"dev1", 4, key, &again), 16);
	assert_ptr_equal(again, id);
	identity_put(creds.identities, id);
	identity_put(creds.identities, again);
	assert_int_equal(identity_count(creds.identities), 0);
}

static void a_bad_first_file_is_refused(void **state)
{
	struct credentials other;
	char err[256] = "";

	(void)state;
	assert_false(credentials_init(&other,
				      &(struct credentials_files){ .psk_file = "/nonexistent/psk" },
				      err, sizeof(err)));
	assert_non_null(strstr(err, "/nonexistent/psk"));
	credentials_free(&other);
}

/* Keys that no file has: a line of the PSK file goes first, and both files reload together. */
static void derived_keys(void **state)
{
	char masters[] = "/tmp/sluice-test-psk-XXXXXX", err[256];
	struct credentials_files files = { .psk_file = path, .psk_derive = masters };
	struct credentials stored = creds;
	uint8_t first;

	(void)state;
	wiring_path(masters);
	wiring_write(masters, "k1.:" KEY_A "\n");
	assert_true(credentials_init(&creds, &files, err, sizeof(err)));
	assert_int_equal(lookup("k1.dev00000007", &first), 32);
	assert_int_equal(first, 0x82);
	assert_int_equal(lookup("dev1", &first), 16);
	assert_int_equal(lookup("k1.", &first), 0);
	assert_int_equal(lookup("k2.dev00000007", &first), 0);
	assert_int_equal(identity_count(creds.identities), 0);

	wiring_write(path, "k1.dev00000007:" KEY_B "\n");
	wiring_write(masters, "k1.:" KEY_A "\nk2.:00\n");
	assert_false(credentials_reload(&creds, err, sizeof(err)));
	assert_non_null(strstr(err, ":2: master key is shorter than 16 bytes"));
	assert_int_equal(lookup("k1.dev00000007", &first), 32); /* neither file was taken */

	wiring_write(masters, "k2.:" KEY_A "\n");
	assert_true(credentials_reload(&creds, err, sizeof(err)));
	assert_int_equal(lookup("k1.dev00000007", &first), 16);
	assert_int_equal(first, 0xf0);
	assert_int_equal(lookup("k1.dev00000008", &first), 0);
	assert_int_equal(lookup("k2.dev00000007", &first), 32);

	credentials_free(&creds);
	creds = stored;
	assert_int_equal(unlink(masters), 0);
}

/* A core that goes on looking keys up while they change: always all of one file or of the other. */
static struct {
	_Atomic bool stop;
	_Atomic unsigned rounds;
	unsigned wrong;
} reader;

static void *read_on(void *arg)
{
	(void)arg;
	urcu_qsbr_register_thread();
	while (!atomic_load(&reader.stop)) {
		uint8_t first = 0xff;
		size_t len = lookup("dev1", &first);

		reader.wrong += len != 16 || (first != 0 && first != 0xf0);
		atomic_fetch_add(&reader.rounds, 1);
		urcu_qsbr_quiescent_state();
	}
	urcu_qsbr_unregister_thread();
	return NULL;
}

static void readers_never_stop(void **state)
{
	static const char *const files[] = { "dev1:" KEY_A "\n", "dev1:" KEY_B "\n" };
	char err[256];
	pthread_t thread;

	(void)state;
	wiring_needs_grace_periods();
	assert_int_equal(pthread_create(&thread, NULL, read_on, NULL), 0);
	for (unsigned i = 0; i < 50 || atomic_load(&reader.rounds) < 50; i++) {
		wiring_write(path, files[i % 2]);
		assert_true(credentials_reload(&creds, err, sizeof(err)));
	}
	atomic_store(&reader.stop, true);
	urcu_qsbr_thread_offline();
	pthread_join(thread, NULL);
	urcu_qsbr_thread_online();
	assert_int_equal(reader.wrong, 0);
}

static enum status review(const struct identity *id)
{
	return credentials_review(&creds, id, 1000);
}

static void reload(void)
{
	char err[256];

	assert_true(credentials_reload(&creds, err, sizeof(err)));
}

/* What a live session is asked after a reload: its key is gone, another, or what it was. */
static void review_of_keys(void **state)
{
	const struct identity *id, *nobody = credentials_nobody(&creds);
	uint8_t key[PSK_KEY_MAX];

	(void)state;
	assert_int_equal(credentials_psk(&creds, (const uint8_t *)"dev1", 4, key, &id), 16);
	assert_int_equal(review(id), STATUS_OK);
	wiring_write(path, "dev2:" KEY_B "\ndev1:" KEY_A "\n");
	reload();
	assert_int_equal(review(id), STATUS_OK);
	wiring_write(path, "dev2:" KEY_A "\ndev1:" KEY_B "\n");
	reload();
	assert_int_equal(review(id), STATUS_SESSION_KEY_GONE);
	wiring_write(path, "dev2:" KEY_A "\n");
	reload();
	assert_int_equal(review(id), STATUS_SESSION_KEY_GONE);
	assert_int_equal(review(nobody), STATUS_OK);
	identity_put(creds.identities, id);
	identity_put(creds.identities, nobody);
}

/* A credential of each kind against the list: by name, certificate and key. */
static void review_of_the_denied(void **state)
{
	static const struct credential rpk = { .kind = CREDENTIAL_RPK, .key = { { 0xab } } };
	static const struct credential x509 = {
		.kind = CREDENTIAL_X509,
		.n_links = 1,
		.until_s = 2000,
		.certificate = { { 0xcd } },
		.twin = { { 0xef } },
	};
	static const char zeros[] =
		"00000000000000000000000000000000000000000000000000000000000000";
	struct deny_list *none = creds.denied;
	const struct identity *a, *b, *c;
	uint8_t key[PSK_KEY_MAX];
	char text[512], err[256];

	(void)state;
	assert_int_equal(credentials_psk(&creds, (const uint8_t *)"dev1", 4, key, &a), 16);
	b = credentials_intern(&creds, (const uint8_t *)"pump", 4, &rpk);
	c = credentials_intern(&creds, (const uint8_t *)"pump", 4, &x509);
	assert_ptr_not_equal(b, c);
	snprintf(text, sizeof(text), "identity dev1\nsha256 ab%s\nsha256 cd%s\n", zeros, zeros);
	creds.denied = deny_list_parse(text, strlen(text), "deny", err, sizeof(err));
	assert_non_null(creds.denied);
	assert_int_equal(review(a), STATUS_SESSION_DENIED);
	assert_int_equal(review(b), STATUS_SESSION_DENIED);
	assert_int_equal(review(c), STATUS_SESSION_DENIED);
	assert_int_equal(credentials_still(&creds, &x509, (const uint8_t *)"pump", 4, 1000),
			 STATUS_HS_DENIED);
	assert_int_equal(lookup("dev1", key), 0);
	deny_list_free(creds.denied);
	/* Neither is among the raw keys or under a CA, but not denied. */
	snprintf(text, sizeof(text), "identity dev2\nsha256 00%s\n", zeros);
	creds.denied = deny_list_parse(text, strlen(text), "deny", err, sizeof(err));
	assert_int_equal(review(a), STATUS_OK);
	assert_int_equal(review(b), STATUS_SESSION_KEY_GONE);
	assert_int_equal(review(c), STATUS_SESSION_DENIED); /* its key is all zero */
	deny_list_free(creds.denied);
	/* The certificate as its holder rewrote it. */
	snprintf(text, sizeof(text), "sha256 ef%s\n", zeros);
	creds.denied = deny_list_parse(text, strlen(text), "deny", err, sizeof(err));
	assert_int_equal(review(c), STATUS_SESSION_DENIED);
	deny_list_free(creds.denied);
	creds.denied = none;
	assert_int_equal(review(c), STATUS_SESSION_KEY_GONE);
	identity_put(creds.identities, a);
	identity_put(creds.identities, b);
	identity_put(creds.identities, c);
}

/* The lists of a CA: this one is on it, or (NULL) nobody. */
static const char *list(struct pki_dir *dir, const struct pki_cert *ca,
			const struct pki_cert *revoked)
{
	const char *crl;
	FILE *f = pki_file(dir, "crl", &crl);

	pki_crl(f, ca, &revoked, revoked != NULL, PKI_NOW + 2 * PKI_DAY);
	fclose(f);
	return crl;
}

static const struct identity *certified(const struct pki_cert *cert)
{
	static uint8_t bytes[PKI_LIST_MAX];
	const struct identity *id;
	struct x509_peer peer;

	assert_int_equal(x509_trust_verify(certificates_trust(creds.certificates)->x509,
					   pki_list(bytes, &cert, 1), PKI_NOW, &peer),
			 CERT_GOOD);
	signature_key_free(peer.key);
	id = credentials_intern(&creds, peer.name, peer.name_len, &peer.credential);
	assert_non_null(id);
	return id;
}

/* By what becomes of the certificate of a session, of its CA, and of the time. */
static void review_of_certificates(void **state)
{
	struct pki_cert ca = pki_ca(NULL, "ca"), other = pki_ca(NULL, "other"),
			device = pki_device(&ca, "pump");
	const struct pki_cert *cas[] = { &ca }, *others[] = { &other };
	struct certificates_config cfg = { 0 };
	const struct identity *id;
	struct pki_dir dir;
	char err[256];

	(void)state;
	pki_dir_new(&dir);
	cfg.trust.ca_path = pki_certs_file(&dir, "ca", cas, 1);
	cfg.trust.crl_path = list(&dir, &ca, NULL);
	assert_true(credentials_certificates(&creds, &cfg, err, sizeof(err)));
	id = certified(&device);
	assert_int_equal(credentials_review(&creds, id, PKI_NOW), STATUS_OK);
	assert_int_equal(credentials_review(&creds, id, PKI_NOW + PKI_DAY + 1),
			 STATUS_SESSION_CERT_EXPIRED);
	list(&dir, &ca, &device);
	reload();
	assert_int_equal(credentials_review(&creds, id, PKI_NOW), STATUS_SESSION_CERT_REVOKED);
	pki_certs_file(&dir, "ca", others, 1);
	list(&dir, &other, NULL);
	reload();
	assert_int_equal(credentials_review(&creds, id, PKI_NOW), STATUS_SESSION_KEY_GONE);
	identity_put(creds.identities, id);
	pki_dir_free(&dir);
	pki_free(&device);
	pki_free(&other);
	pki_free(&ca);
}

/* One file of several is bad: nothing changes. */
static void a_broken_deny_file_keeps_everything(void **state)
{
	char deny[64] = "/tmp/sluice-test-deny-XXXXXX", err[256] = "";
	uint8_t first;

	(void)state;
	credentials_free(&creds);
	wiring_path(deny);
	wiring_write(deny, "identity dev3\n");
	wiring_write(path, "dev1:" KEY_A "\ndev3:" KEY_A "\n");
	assert_true(credentials_init(
		&creds, &(struct credentials_files){ .psk_file = path, .deny_file = deny }, err,
		sizeof(err)));
	assert_int_equal(lookup("dev3", &first), 0);
	wiring_write(path, "dev1:" KEY_B "\ndev2:" KEY_B "\ndev3:" KEY_B "\n");
	wiring_write(deny, "identity dev1\ndev2\n");
	refused(":2: neither");
	assert_int_equal(lookup("dev3", &first), 0);
	wiring_write(deny, "identity dev1\n");
	reload();
	assert_int_equal(lookup("dev1", &first), 0);
	assert_int_equal(lookup("dev3", &first), 16);
	assert_int_equal(unlink(deny), 0);
	assert_false(credentials_reload(&creds, err, sizeof(err)));
	assert_int_equal(lookup("dev3", &first), 16);
}

#define CREDENTIALS_TEST(f) cmocka_unit_test_setup_teardown(f, setup, teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
		CREDENTIALS_TEST(a_known_identity_has_its_key),
		CREDENTIALS_TEST(reload_swaps_the_set),
		CREDENTIALS_TEST(a_broken_file_keeps_the_old_set),
		CREDENTIALS_TEST(identities_outlive_a_reload),
		CREDENTIALS_TEST(a_bad_first_file_is_refused),
		CREDENTIALS_TEST(derived_keys),
		CREDENTIALS_TEST(readers_never_stop),
		CREDENTIALS_TEST(review_of_keys),
		CREDENTIALS_TEST(review_of_the_denied),
		CREDENTIALS_TEST(review_of_certificates),
		CREDENTIALS_TEST(a_broken_deny_file_keeps_everything),
	};

	return cmocka_run_group_tests(tests, wiring_register, wiring_unregister);
}

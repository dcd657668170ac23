/* SPDX-License-Identifier: BSD-3-Clause */
/* NIST's vectors (tests/data/cavp/README.md), and published ones in full batches. */
#include "aead_fixture.h"
#include "hex.h"

#include <openssl/evp.h>

enum { CASES_MAX = 512, BYTES_MAX = 64 };

struct bytes {
	size_t len;
	uint8_t b[BYTES_MAX + 16];
};

struct cavp_case {
	struct bytes key, nonce, aad, plain, sealed; /* ciphertext | tag */
	size_t tag_len;
	bool ok;
};

static struct cavp_case cases[CASES_MAX];

static void take(struct bytes *out, const char *text)
{
	size_t len = strcmp(text, "-") == 0 ? 0 : strlen(text) / 2;

	assert_true(out->len + len <= sizeof(out->b));
	if (len > 0)
		out->len += hex(out->b + out->len, text);
}

static void parse(struct cavp_case *c, char *line)
{
	char *field[7], *save = NULL;
	struct bytes tag = { 0 };

	for (size_t i = 0; i < 7; i++) {
		field[i] = strtok_r(i == 0 ? line : NULL, " \n", &save);
		assert_non_null(field[i]);
	}
	*c = (struct cavp_case){ .ok = strcmp(field[6], "ok") == 0 };
	take(&c->key, field[0]);
	take(&c->nonce, field[1]);
	take(&c->aad, field[2]);
	take(&c->plain, field[3]);
	take(&c->sealed, field[4]);
	take(&tag, field[5]);
	take(&c->sealed, field[5]);
	c->tag_len = tag.len;
	assert_true(!c->ok || c->plain.len + tag.len == c->sealed.len);
}

/* read_cases: a file's cases into cases[]. */
static size_t read_cases(const char *name)
{
	const char *folder = getenv("CAVP_DIR");
	char path[512], line[1024];
	size_t n = 0;
	FILE *f;

	snprintf(path, sizeof(path), "%s/%s", folder != NULL ? folder : TEST_DATA "/cavp", name);
	f = fopen(path, "re");
	if (f == NULL)
		fail_msg("%s: %s", path, strerror(errno));
	while (fgets(line, sizeof(line), f) != NULL) {
		if (line[0] == '#')
			continue;
		assert_true(n < CASES_MAX);
		parse(&cases[n++], line);
	}
	(void)fclose(f);
	return n;
}

/* An operation that opens c, out of place. */
static struct aead_op opening(const struct cavp_case *c, uint8_t *dst)
{
	struct aead_op op = { .src = c->sealed.b,
			      .dst = dst,
			      .key = c->key.b,
			      .len = (uint16_t)(c->sealed.len - c->tag_len),
			      .aad_len = (uint8_t)c->aad.len };

	assert_int_equal(c->nonce.len, AEAD_IV_LEN);
	memcpy(op.nonce, c->nonce.b, AEAD_IV_LEN);
	memcpy(op.aad, c->aad.b, c->aad.len);
	return op;
}

static void check_opened(const struct cavp_case *c, const struct aead_op *op)
{
	assert_int_equal(op->ok, c->ok);
	if (c->ok)
		assert_memory_equal(op->dst, c->plain.b, c->plain.len);
	else
		assert_true(is_zero(op->dst, op->len));
}

/* Batches of as many cases as an engine may take at once, and each alone; seals what is good. */
static void check_cases(struct aead *a, enum aead_alg alg, struct cavp_case *c, size_t n)
{
	static uint8_t out[32][BYTES_MAX + 16];
	struct aead_op ops[32];

	assert_true(n > 0);
	for (size_t at = 0, batch; at < n; at += batch) {
		batch = at % 3 == 0 ? 1 : n - at < 32 ? n - at : 32;
		for (size_t i = 0; i < batch; i++)
			ops[i] = opening(&c[at + i], out[i]);
		aead_open(a, alg, ops, batch);
		for (size_t i = 0; i < batch; i++)
			check_opened(&c[at + i], &ops[i]);
		for (size_t i = 0; i < batch; i++)
			ops[i].src = c[at + i].plain.b;
		aead_seal(a, alg, ops, batch);
		for (size_t i = 0; i < batch; i++) {
			bool equal =
				memcmp(ops[i].dst, c[at + i].sealed.b, c[at + i].sealed.len) == 0;

			assert_int_equal(equal, c[at + i].ok);
		}
	}
}

static void nist_gcm(void **state)
{
	static const struct {
		const char *file;
		enum aead_alg alg;
		size_t n;
	} files[] = { { "gcmDecrypt128.txt", AEAD_AES_128_GCM, 150 },
		      { "gcmEncryptExtIV128.txt", AEAD_AES_128_GCM, 90 },
		      { "gcmDecrypt256.txt", AEAD_AES_256_GCM, 150 },
		      { "gcmEncryptExtIV256.txt", AEAD_AES_256_GCM, 90 } };
	struct aead *a = forced(state);

	for (size_t i = 0; i < sizeof(files) / sizeof(files[0]); i++) {
		size_t n = read_cases(files[i].file);

		assert_int_equal(n, files[i].n);
		check_cases(a, files[i].alg, cases, n);
	}
}

/* The ten of NIST's cases that have a 12-byte nonce; all of them tags of 16 bytes. */
static void nist_ccm(void **state)
{
	struct aead *a = forced(state);
	size_t n = read_cases("ccm128.txt"), fit = 0;

	for (size_t i = 0; i < n; i++) {
		if (cases[i].nonce.len == AEAD_IV_LEN && cases[i].tag_len == 16)
			cases[fit++] = cases[i];
	}
	assert_int_equal(fit, 10);
	check_cases(a, AEAD_AES_128_CCM, cases, fit);
}

static bool evp_ccm(const struct cavp_case *c, uint8_t *out)
{
	EVP_CIPHER_CTX *ctx = EVP_CIPHER_CTX_new();
	size_t len = c->sealed.len - c->tag_len;
	uint8_t tag[16];
	bool ok;
	int n;

	memcpy(tag, c->sealed.b + len, c->tag_len);
	ok = EVP_DecryptInit_ex(ctx, EVP_aes_128_ccm(), NULL, NULL, NULL) == 1 &&
	     EVP_CIPHER_CTX_ctrl(ctx, EVP_CTRL_AEAD_SET_IVLEN, (int)c->nonce.len, NULL) == 1 &&
	     EVP_CIPHER_CTX_ctrl(ctx, EVP_CTRL_AEAD_SET_TAG, (int)c->tag_len, tag) == 1 &&
	     EVP_DecryptInit_ex(ctx, NULL, NULL, c->key.b, c->nonce.b) == 1 &&
	     EVP_DecryptUpdate(ctx, NULL, &n, NULL, (int)len) == 1 &&
	     (c->aad.len == 0 ||
	      EVP_DecryptUpdate(ctx, NULL, &n, c->aad.b, (int)c->aad.len) == 1) &&
	     EVP_DecryptUpdate(ctx, out, &n, c->sealed.b, (int)len) == 1;
	EVP_CIPHER_CTX_free(ctx);
	return ok;
}

/* The yardstick itself, by the cases that do not fit our records: other nonces, other tags. */
static void nist_ccm_and_the_yardstick(void **state)
{
	size_t n = read_cases("ccm128.txt");

	(void)state;
	assert_int_equal(n, 407);
	for (size_t i = 0; i < n; i++) {
		uint8_t out[BYTES_MAX];

		assert_int_equal(evp_ccm(&cases[i], out), cases[i].ok);
		if (cases[i].ok)
			assert_memory_equal(out, cases[i].plain.b, cases[i].plain.len);
	}
}

/* Known answers whose nonce and tag are a record's, in every lane of batches of any size. */

struct published {
	enum aead_alg alg;
	const char *key, *nonce, *aad, *plain, *sealed;
};

static const struct published published[] = {
	/* NIST SP 800-38C, example 3. */
	{ AEAD_AES_128_CCM_8, "404142434445464748494a4b4c4d4e4f", "101112131415161718191a1b",
	  "000102030405060708090a0b0c0d0e0f10111213",
	  "202122232425262728292a2b2c2d2e2f3031323334353637",
	  "e3b201a9f5b71a7a9b1ceaeccd97e70b6176aad9a4428aa5484392fbc1b09951" },
	/* The GCM specification (McGrew, Viega), test cases 4 and 16. */
	{ AEAD_AES_128_GCM, "feffe9928665731c6d6a8f9467308308", "cafebabefacedbaddecaf888",
	  "feedfacedeadbeeffeedfacedeadbeefabaddad2",
	  "d9313225f88406e5a55909c5aff5269a86a7a9531534f7da2e4c303d8a318a72"
	  "1c3c0c95956809532fcf0e2449a6b525b16aedf5aa0de657ba637b39",
	  "42831ec2217774244b7221b784d0d49ce3aa212f2c02a4e035c17e2329aca12e"
	  "21d514b25466931c7d8f6a5aac84aa051ba30b396a0aac973d58e091"
	  "5bc94fbc3221a5db94fae95ae7121a47" },
	{ AEAD_AES_256_GCM, "feffe9928665731c6d6a8f9467308308feffe9928665731c6d6a8f9467308308",
	  "cafebabefacedbaddecaf888", "feedfacedeadbeeffeedfacedeadbeefabaddad2",
	  "d9313225f88406e5a55909c5aff5269a86a7a9531534f7da2e4c303d8a318a72"
	  "1c3c0c95956809532fcf0e2449a6b525b16aedf5aa0de657ba637b39",
	  "522dc1f099567d07f47f37a32a84427d643a8cdcbfe5c0c97598a2bd2555d1aa"
	  "8cb08e48590dbb3da7b08b1056828838c5f61e6393ba7a0abcc9f662"
	  "76fc6ece0f4e1768cddf8853bb2d551b" },
};

static void published_in_every_lane(void **state)
{
	struct aead *a = forced(state);

	for (size_t v = 0; v < sizeof(published) / sizeof(published[0]); v++) {
		const struct published *p = &published[v];
		struct cavp_case *c = &cases[0];

		*c = (struct cavp_case){ .ok = true, .tag_len = aead_info(p->alg)->tag_len };
		take(&c->key, p->key);
		take(&c->nonce, p->nonce);
		take(&c->aad, p->aad);
		take(&c->plain, p->plain);
		take(&c->sealed, p->sealed);
		for (size_t i = 1; i < 64; i++)
			cases[i] = cases[0];
		for (size_t n = 1; n <= 64; n++)
			check_cases(a, p->alg, cases, n);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		FOR_ENGINES(nist_gcm),
		FOR_ENGINES(nist_ccm),
		FOR_ENGINES(published_in_every_lane),
		cmocka_unit_test(nist_ccm_and_the_yardstick),
	};

	return cmocka_run_group_tests(tests, engines_setup, engines_teardown);
}

/* SPDX-License-Identifier: BSD-3-Clause */
#include "key_schedule13.h"

#include "hex.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <openssl/core_names.h>
#include <openssl/evp.h>
#include <openssl/kdf.h>
#include <openssl/params.h>

#include <cmocka.h>

static const enum prf_hash hashes[] = { PRF_SHA256, PRF_SHA384 };
static const char *const digests[] = { "SHA256", "SHA384" };

/* libcrypto's TLS13-KDF, told DTLS's prefix. */
struct oracle {
	const char *mode;
	enum prf_hash hash;
	const uint8_t *key, *salt, *data; /* NULL: none */
	size_t key_len, salt_len, data_len;
	const char *label;
};

static OSSL_PARAM octets(const char *name, const void *bytes, size_t len)
{
	return OSSL_PARAM_construct_octet_string(name, (void *)(uintptr_t)bytes, len);
}

static void oracle_run(const struct oracle *o, uint8_t *out, size_t out_len)
{
	EVP_KDF *kdf = EVP_KDF_fetch(NULL, "TLS13-KDF", NULL);
	EVP_KDF_CTX *ctx = EVP_KDF_CTX_new(kdf);
	OSSL_PARAM params[8], *p = params;
	char mode[32], digest[16];

	assert_non_null(ctx);
	strcpy(mode, o->mode);
	strcpy(digest, digests[o->hash]);
	*p++ = OSSL_PARAM_construct_utf8_string(OSSL_KDF_PARAM_MODE, mode, 0);
	*p++ = OSSL_PARAM_construct_utf8_string(OSSL_KDF_PARAM_DIGEST, digest, 0);
	*p++ = octets(OSSL_KDF_PARAM_PREFIX, "dtls13", 6);
	*p++ = octets(OSSL_KDF_PARAM_LABEL, o->label, strlen(o->label));
	if (o->key != NULL)
		*p++ = octets(OSSL_KDF_PARAM_KEY, o->key, o->key_len);
	if (o->salt != NULL)
		*p++ = octets(OSSL_KDF_PARAM_SALT, o->salt, o->salt_len);
	if (o->data != NULL)
		*p++ = octets(OSSL_KDF_PARAM_DATA, o->data, o->data_len);
	*p = OSSL_PARAM_construct_end();
	assert_int_equal(EVP_KDF_derive(ctx, out, out_len, params), 1);
	EVP_KDF_CTX_free(ctx);
	EVP_KDF_free(kdf);
}

static void oracle_expand(enum prf_hash hash, const uint8_t *secret, const char *label,
			  const uint8_t *context, size_t context_len, uint8_t *out, size_t out_len)
{
	const struct oracle o = { .mode = "EXPAND_ONLY",
				  .hash = hash,
				  .key = secret,
				  .key_len = hash13_len(hash),
				  .data = context,
				  .data_len = context_len,
				  .label = label };

	oracle_run(&o, out, out_len);
}

static void fill(uint8_t *out, size_t len, uint8_t seed)
{
	for (size_t i = 0; i < len; i++)
		out[i] = (uint8_t)(seed + 7 * i);
}

static void hash_is_of_all_pieces(void **state)
{
	static const char text[] = "abc";
	uint8_t out[HASH_MAX], want[HASH_MAX];
	const struct rd pieces[] = { rd_of(text, 1), rd_of(NULL, 0), rd_of(text + 1, 2) };

	(void)state;
	assert_true(hash13(PRF_SHA256, pieces, 3, out));
	(void)hex(want, "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad");
	assert_memory_equal(out, want, 32);
	assert_true(hash13(PRF_SHA384, NULL, 0, out));
	(void)hex(want, "38b060a751ac96384cd9327eb1b1e36a21fdb71114be0743"
			"4c0cc7bf63f6e1da274edebfe76f65fbd51ad2f14898b95b");
	assert_memory_equal(out, want, 48);
}

/* RFC 5869, A.1 */
static void extract_is_the_rfcs(void **state)
{
	uint8_t ikm[22], salt[13], want[32], out[HASH_MAX];

	(void)state;
	memset(ikm, 0x0b, sizeof(ikm));
	for (uint8_t i = 0; i < sizeof(salt); i++)
		salt[i] = i;
	(void)hex(want, "077709362c2e32df0ddc3f0dc47bba6390b6c73bb50f9c3122ec844ad7c2b3e5");
	assert_true(hkdf_extract(PRF_SHA256, salt, sizeof(salt), ikm, sizeof(ikm), out));
	assert_memory_equal(out, want, sizeof(want));
}

/* checklist 34 */
static void expand_label_is_libcryptos(void **state)
{
	uint8_t secret[HASH_MAX], context[HASH_MAX], out[255], want[255];

	(void)state;
	fill(secret, sizeof(secret), 1);
	fill(context, sizeof(context), 99);
	for (size_t h = 0; h < 2; h++)
		for (size_t len = 1; len <= sizeof(out); len += len < 100 ? 1 : 31) {
			size_t n = len % 49;

			oracle_expand(hashes[h], secret, "a label", context, n, want, len);
			assert_true(hkdf_expand_label(hashes[h], secret, "a label", context, n, out,
						      len));
			assert_memory_equal(out, want, len);
		}
	assert_false(hkdf_expand_label(PRF_SHA256, secret, "a label", context, 0, out, 256));
	assert_false(hkdf_expand_label(PRF_SHA256, secret, "a label", secret, 256, out, 1));
}

/* The label's length as it goes over HMAC: an independent account of the prefix. */
static void label_has_the_prefix_of_dtls(void **state)
{
	static const uint8_t info[] = { 0, 32, 8, 'd', 't', 'l', 's', '1', '3', 's', 'n', 0, 1 };
	uint8_t secret[32], out[32], want[HASH_MAX];

	(void)state;
	fill(secret, sizeof(secret), 5);
	/* HKDF-Expand of one block is HMAC(secret, info | 1), as is HKDF-Extract of that. */
	assert_true(hkdf_extract(PRF_SHA256, secret, sizeof(secret), info, sizeof(info), want));
	assert_true(hkdf_expand_label(PRF_SHA256, secret, "sn", NULL, 0, out, 32));
	assert_memory_equal(out, want, 32);
}

struct world {
	enum prf_hash hash;
	const uint8_t *psk, *shared;
	size_t psk_len, shared_len;
};

/* Every secret of one schedule against libcrypto's, step by step. */
static void check_schedule(const struct world *w)
{
	static const struct {
		enum secret13 which;
		int step;
		const char *label;
	} rows[] = {
		{ SECRET13_EXTERNAL_BINDER, 0, "ext binder" },
		{ SECRET13_RESUMPTION_BINDER, 0, "res binder" },
		{ SECRET13_IMPORTED_BINDER, 0, "imp binder" },
		{ SECRET13_CLIENT_HANDSHAKE, 1, "c hs traffic" },
		{ SECRET13_SERVER_HANDSHAKE, 1, "s hs traffic" },
		{ SECRET13_CLIENT_TRAFFIC, 2, "c ap traffic" },
		{ SECRET13_SERVER_TRAFFIC, 2, "s ap traffic" },
		{ SECRET13_RESUMPTION, 2, "res master" },
	};
	size_t len = hash13_len(w->hash);
	uint8_t secret[HASH_MAX] = { 0 }, messages[HASH_MAX], empty[HASH_MAX], out[HASH_MAX],
		want[HASH_MAX];
	const struct oracle steps[] = {
		{ .key = w->psk, .key_len = w->psk_len },
		{ .key = w->shared, .key_len = w->shared_len, .salt = secret },
		{ .salt = secret },
	};
	struct schedule13 s;

	fill(messages, sizeof(messages), 200);
	assert_true(hash13(w->hash, NULL, 0, empty));
	for (int step = 0; step < 3; step++) {
		struct oracle o = steps[step];

		o.mode = "EXTRACT_ONLY";
		o.hash = w->hash;
		o.label = "derived";
		o.salt_len = o.salt != NULL ? len : 0;
		oracle_run(&o, want, len);
		memcpy(secret, want, len);
		if (step == 0)
			assert_true(schedule13_early(&s, w->hash, w->psk, w->psk_len));
		else if (step == 1)
			assert_true(schedule13_handshake(&s, w->shared, w->shared_len));
		else
			assert_true(schedule13_master(&s));
		assert_memory_equal(s.secret, secret, len);
		for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
			if (rows[i].step != step)
				continue;
			oracle_expand(w->hash, secret, rows[i].label, step == 0 ? empty : messages,
				      len, want, len);
			assert_true(schedule13_secret(&s, rows[i].which, messages, out));
			assert_memory_equal(out, want, len);
		}
	}
}

static void schedule_is_libcryptos(void **state)
{
	uint8_t psk[PSK_KEY_MAX], shared[32];

	(void)state;
	fill(psk, sizeof(psk), 3);
	fill(shared, sizeof(shared), 8);
	for (size_t h = 0; h < 2; h++)
		for (unsigned have = 0; have < 4; have++) {
			struct world w = { .hash = hashes[h] };

			if (have & 1) {
				w.psk = psk;
				w.psk_len = h == 0 ? 16 : sizeof(psk);
			}
			if (have & 2) {
				w.shared = shared;
				w.shared_len = sizeof(shared);
			}
			check_schedule(&w);
		}
}

/* HMAC(HKDF-Expand-Label(base, "finished", "", n), hash): HKDF-Extract is HMAC too. */
static void verify_data_is_the_rfcs(void **state)
{
	uint8_t base[HASH_MAX], messages[HASH_MAX], key[HASH_MAX], want[HASH_MAX], out[HASH_MAX];

	(void)state;
	fill(base, sizeof(base), 21);
	fill(messages, sizeof(messages), 22);
	for (size_t h = 0; h < 2; h++) {
		size_t len = hash13_len(hashes[h]);

		oracle_expand(hashes[h], base, "finished", NULL, 0, key, len);
		assert_true(hkdf_extract(hashes[h], key, len, messages, len, want));
		assert_true(schedule13_verify_data(hashes[h], base, messages, out));
		assert_memory_equal(out, want, len);
	}
}

static void later_secrets_are_libcryptos(void **state)
{
	static const uint8_t nonce[255] = { 1, 2 };
	uint8_t secret[HASH_MAX], want[HASH_MAX], out[HASH_MAX];

	(void)state;
	fill(secret, sizeof(secret), 31);
	for (size_t h = 0; h < 2; h++) {
		size_t len = hash13_len(hashes[h]);

		oracle_expand(hashes[h], secret, "resumption", nonce, 2, want, len);
		assert_true(schedule13_ticket_psk(hashes[h], secret, nonce, 2, out));
		assert_memory_equal(out, want, len);
		assert_true(schedule13_ticket_psk(hashes[h], secret, nonce, sizeof(nonce), out));
		memcpy(out, secret, sizeof(out));
		for (int i = 0; i < 3; i++) {
			oracle_expand(hashes[h], out, "traffic upd", NULL, 0, want, len);
			assert_true(schedule13_update(hashes[h], out));
			assert_memory_equal(out, want, len);
		}
		assert_memory_equal(out + len, secret + len, sizeof(out) - len);
	}
}

/* RFC 8446 §7.3, RFC 9147 §4.2.3 */
static void traffic_keys_are_libcryptos(void **state)
{
	uint8_t secrets[2][HASH_MAX], want[AEAD_KEY_MAX];
	struct traffic_keys keys;

	(void)state;
	fill(secrets[0], HASH_MAX, 41);
	fill(secrets[1], HASH_MAX, 42);
	for (size_t i = SUITE_12_N; i < SUITE_N; i++) {
		const struct suite *suite = suite_at(i);
		size_t key_len = aead_info(suite->aead)->key_len;
		const struct {
			const uint8_t *secret;
			const char *label;
			size_t len;
			const uint8_t *got;
		} rows[] = {
			{ secrets[0], "key", key_len, keys.client_key },
			{ secrets[0], "iv", AEAD_IV_LEN, keys.client_iv },
			{ secrets[0], "sn", key_len, keys.client_sn },
			{ secrets[1], "key", key_len, keys.server_key },
			{ secrets[1], "iv", AEAD_IV_LEN, keys.server_iv },
			{ secrets[1], "sn", key_len, keys.server_sn },
		};

		memset(&keys, 0xff, sizeof(keys));
		assert_true(traffic_keys13(suite, secrets[0], secrets[1], &keys));
		for (size_t k = 0; k < 6; k++) {
			oracle_expand(suite->hash, rows[k].secret, rows[k].label, NULL, 0, want,
				      rows[k].len);
			assert_memory_equal(rows[k].got, want, rows[k].len);
		}
	}
}

/* A binder is over a hello that is not whole yet. */
static void transcript_can_be_looked_at_with_more(void **state)
{
	static const uint8_t bytes[] = { 1, 2, 3, 4, 5, 6 };
	uint8_t out[HASH_MAX], want[HASH_MAX];

	(void)state;
	for (size_t h = 0; h < 2; h++) {
		struct transcript *t = transcript_new(hashes[h]);
		const struct rd all = rd_of(bytes, 6), some = rd_of(bytes, 4);
		size_t len = hash13_len(hashes[h]);

		assert_non_null(t);
		assert_true(transcript_add(t, bytes, 4));
		assert_int_equal(transcript_hash_with(t, bytes + 4, 2, out), len);
		assert_true(hash13(hashes[h], &all, 1, want));
		assert_memory_equal(out, want, len);
		assert_int_equal(transcript_hash(t, out), len);
		assert_true(hash13(hashes[h], &some, 1, want));
		assert_memory_equal(out, want, len);
		transcript_free(t);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(hash_is_of_all_pieces),
		cmocka_unit_test(extract_is_the_rfcs),
		cmocka_unit_test(expand_label_is_libcryptos),
		cmocka_unit_test(label_has_the_prefix_of_dtls),
		cmocka_unit_test(schedule_is_libcryptos),
		cmocka_unit_test(verify_data_is_the_rfcs),
		cmocka_unit_test(later_secrets_are_libcryptos),
		cmocka_unit_test(traffic_keys_are_libcryptos),
		cmocka_unit_test(transcript_can_be_looked_at_with_more),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}

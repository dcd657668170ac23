/* SPDX-License-Identifier: BSD-3-Clause */
#include "key_schedule13.h"

#include "secret.h"
#include "sha2.h"

static const uint8_t zeros[HASH_MAX];

size_t hash13_len(enum prf_hash hash) { return sha2_len(hash); }

bool hash13(enum prf_hash hash, const struct rd *pieces, size_t n, uint8_t out[HASH_MAX])
{
	struct sha2 s;
	bool ok = sha2_init(&s, hash);

	for (size_t i = 0; i < n && ok; i++)
		ok = sha2_add(&s, pieces[i].p, rd_len(&pieces[i]));
	return ok && sha2_finish(&s, out);
}

static bool hmac(enum prf_hash hash, const uint8_t *key, size_t key_len,
		 const struct sha2_piece *pieces, size_t n, uint8_t out[HASH_MAX])
{
	struct sha2_hmac mac;
	bool ok = sha2_hmac_init(&mac, hash, key, key_len) && sha2_hmac(&mac, pieces, n, out);

	secret_wipe(&mac, sizeof(mac));
	return ok;
}

bool hkdf_extract(enum prf_hash hash, const uint8_t *salt, size_t salt_len, const uint8_t *ikm,
		  size_t ikm_len, uint8_t out[HASH_MAX])
{
	struct sha2_piece piece = { ikm_len != 0 ? ikm : zeros,
				    ikm_len != 0 ? ikm_len : sha2_len(hash) };

	/* As a key of HMAC, zeros are the same as nothing (RFC 2104). */
	return hmac(hash, salt, salt_len, &piece, 1, out);
}

/* RFC 5869 §2.3: T(i) = HMAC(secret, T(i-1) | info | i) */
static bool hkdf_expand(enum prf_hash hash, const uint8_t *secret, const uint8_t *info,
			size_t info_len, uint8_t *out, size_t out_len)
{
	size_t len = sha2_len(hash);
	uint8_t block[HASH_MAX], i = 1;
	struct sha2_piece pieces[] = { { block, 0 }, { info, info_len }, { &i, 1 } };
	bool ok = true;

	for (; ok && out_len > 0; i++) {
		size_t n = out_len < len ? out_len : len;

		ok = hmac(hash, secret, len, pieces, 3, block);
		if (!ok)
			break;
		memcpy(out, block, n);
		out += n;
		out_len -= n;
		pieces[0].len = len;
	}
	secret_wipe(block, sizeof(block));
	return ok;
}

/*
 * RFC 8446 §7.1, with the prefix of RFC 9147 §5.9, which has no space at its end:
 *   length 2 · "dtls13" label <7..255> · context <0..255>
 */
bool hkdf_expand_label(enum prf_hash hash, const uint8_t *secret, const char *label,
		       const uint8_t *context, size_t context_len, uint8_t *out, size_t out_len)
{
	static const char prefix[] = { 'd', 't', 'l', 's', '1', '3' };
	uint8_t info[2 + 1 + 255 + 1 + 255];
	struct wr w = wr_of(info, sizeof(info));
	size_t mark, len;

	wr_u16(&w, (uint16_t)out_len);
	mark = wr_open(&w, 1);
	wr_bytes(&w, prefix, sizeof(prefix));
	wr_bytes(&w, label, strlen(label));
	wr_close(&w, 1, mark);
	wr_uint(&w, 1, context_len);
	wr_bytes(&w, context, context_len);
	return wr_finish(&w, &len) && out_len <= 255 &&
	       hkdf_expand(hash, secret, info, len, out, out_len);
}

/* Derive-Secret, of messages that were hashed. */
static bool derive(enum prf_hash hash, const uint8_t *secret, const char *label,
		   const uint8_t *messages, uint8_t out[HASH_MAX])
{
	return hkdf_expand_label(hash, secret, label, messages, sha2_len(hash), out,
				 sha2_len(hash));
}

/* The same, of no messages. */
static bool derive_empty(enum prf_hash hash, const uint8_t *secret, const char *label,
			 uint8_t out[HASH_MAX])
{
	uint8_t empty[HASH_MAX];

	return hash13(hash, NULL, 0, empty) && derive(hash, secret, label, empty, out);
}

bool schedule13_early(struct schedule13 *out, enum prf_hash hash, const uint8_t *psk,
		      size_t psk_len)
{
	out->hash = hash;
	return hkdf_extract(hash, NULL, 0, psk, psk_len, out->secret);
}

static bool next_step(struct schedule13 *s, const uint8_t *input, size_t len)
{
	uint8_t salt[HASH_MAX];
	bool ok = derive_empty(s->hash, s->secret, "derived", salt) &&
		  hkdf_extract(s->hash, salt, sha2_len(s->hash), input, len, s->secret);

	secret_wipe(salt, sizeof(salt));
	return ok;
}

bool schedule13_handshake(struct schedule13 *s, const uint8_t *shared, size_t shared_len)
{
	return next_step(s, shared, shared_len);
}

bool schedule13_master(struct schedule13 *s) { return next_step(s, NULL, 0); }

bool schedule13_secret(const struct schedule13 *s, enum secret13 which, const uint8_t *hash,
		       uint8_t out[HASH_MAX])
{
	static const char *const labels[SECRET13_N] = {
		[SECRET13_EXTERNAL_BINDER] = "ext binder",
		[SECRET13_RESUMPTION_BINDER] = "res binder",
		[SECRET13_IMPORTED_BINDER] = "imp binder",
		[SECRET13_CLIENT_HANDSHAKE] = "c hs traffic",
		[SECRET13_SERVER_HANDSHAKE] = "s hs traffic",
		[SECRET13_CLIENT_TRAFFIC] = "c ap traffic",
		[SECRET13_SERVER_TRAFFIC] = "s ap traffic",
		[SECRET13_RESUMPTION] = "res master",
	};

	if (which <= SECRET13_IMPORTED_BINDER)
		return derive_empty(s->hash, s->secret, labels[which], out);
	return derive(s->hash, s->secret, labels[which], hash, out);
}

bool schedule13_verify_data(enum prf_hash hash, const uint8_t *base, const uint8_t *transcript_hash,
			    uint8_t out[HASH_MAX])
{
	struct sha2_piece piece = { transcript_hash, sha2_len(hash) };
	uint8_t key[HASH_MAX];
	bool ok = hkdf_expand_label(hash, base, "finished", NULL, 0, key, sha2_len(hash)) &&
		  hmac(hash, key, sha2_len(hash), &piece, 1, out);

	secret_wipe(key, sizeof(key));
	return ok;
}

bool schedule13_ticket_psk(enum prf_hash hash, const uint8_t *resumption, const uint8_t *nonce,
			   size_t nonce_len, uint8_t out[HASH_MAX])
{
	return hkdf_expand_label(hash, resumption, "resumption", nonce, nonce_len, out,
				 sha2_len(hash));
}

bool schedule13_update(enum prf_hash hash, uint8_t secret[HASH_MAX])
{
	uint8_t next[HASH_MAX];
	bool ok = hkdf_expand_label(hash, secret, "traffic upd", NULL, 0, next, sha2_len(hash));

	if (ok)
		memcpy(secret, next, sha2_len(hash));
	secret_wipe(next, sizeof(next));
	return ok;
}

bool traffic_keys13_one(const struct suite *suite, const uint8_t *secret, uint8_t key[AEAD_KEY_MAX],
			uint8_t iv[AEAD_IV_LEN], uint8_t sn[AEAD_KEY_MAX])
{
	size_t key_len = aead_info(suite->aead)->key_len;

	return hkdf_expand_label(suite->hash, secret, "key", NULL, 0, key, key_len) &&
	       hkdf_expand_label(suite->hash, secret, "iv", NULL, 0, iv, AEAD_IV_LEN) &&
	       hkdf_expand_label(suite->hash, secret, "sn", NULL, 0, sn, key_len);
}

bool traffic_keys13(const struct suite *suite, const uint8_t *client_secret,
		    const uint8_t *server_secret, struct traffic_keys *out)
{
	memset(out, 0, sizeof(*out));
	return traffic_keys13_one(suite, client_secret, out->client_key, out->client_iv,
				  out->client_sn) &&
	       traffic_keys13_one(suite, server_secret, out->server_key, out->server_iv,
				  out->server_sn);
}

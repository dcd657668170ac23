/* SPDX-License-Identifier: BSD-3-Clause */
#include "cid.h"

#include "aes_ni.h"
#include "random.h"

static AES_NI void encrypt(const void *key, const uint8_t in[16], uint8_t out[16])
{
	const struct cid_key *k = key;

	aes_ni_store(out,
		     aes_ni_encrypt((const __m128i *)(const void *)k->encrypt, aes_ni_load(in)));
}

static AES_NI void decrypt(const void *key, const uint8_t in[16], uint8_t out[16])
{
	const struct cid_key *k = key;

	aes_ni_store(out,
		     aes_ni_decrypt((const __m128i *)(const void *)k->decrypt, aes_ni_load(in)));
}

static inline struct cid_cipher cipher_of(const struct cid_key *key)
{
	return (struct cid_cipher){ .encrypt = encrypt, .decrypt = decrypt, .key = key };
}

AES_NI void cid_key_init(struct cid_key *out, const uint8_t key[CID_KEY_LEN], uint8_t len,
			 uint8_t node)
{
	__m128i *round_keys = (__m128i *)(void *)out->encrypt;

	aes_ni_expand(round_keys, key);
	aes_ni_invert((__m128i *)(void *)out->decrypt, round_keys);
	out->len = len;
	out->node = node;
}

bool cid_issuer_init(struct cid_issuer *out, const struct cid_key *key)
{
	uint64_t start;

	if (!random_bytes(&start, sizeof(start)))
		return false;
	out->key = key;
	atomic_init(&out->nonce, start);
	return true;
}

AES_NI void cid_issue(struct cid_issuer *issuer, uint8_t core, uint8_t out[CID_LEN_MAX])
{
	const struct cid_cipher aes = cipher_of(issuer->key);
	const struct cid_fields fields = {
		.node = issuer->key->node,
		.core = core,
		.nonce = atomic_fetch_add_explicit(&issuer->nonce, 1, memory_order_relaxed),
	};

	cid_encode(&aes, &fields, out, issuer->key->len);
}

static inline AES_NI bool open_one(const struct cid_key *key, const uint8_t *cid,
				   struct cid_route *out)
{
	const struct cid_cipher aes = cipher_of(key);
	struct cid_fields fields;
	bool ours = cid_decode(&aes, cid, key->len, &fields);

	*out = (struct cid_route){ .node = fields.node, .core = fields.core };
	return ours;
}

AES_NI bool cid_open(const struct cid_key *key, const uint8_t *cid, struct cid_route *out)
{
	return open_one(key, cid, out);
}

AES_NI uint64_t cid_open_burst(const struct cid_key *key, const uint8_t *const *cids,
			       struct cid_route *out, size_t n)
{
	uint64_t ours = 0;

	/* Each is a chain of AES rounds; the CPU works on several of them at a time. */
	for (size_t i = 0; i < n; i++)
		ours |= (uint64_t)open_one(key, cids[i], &out[i]) << i;
	return ours;
}

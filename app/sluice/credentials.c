/* SPDX-License-Identifier: BSD-3-Clause */
#include "credentials.h"

#include "key_schedule.h"
#include "random.h"
#include "secret.h"

#include <stdio.h>
#include <string.h>

#include <urcu/urcu-qsbr.h>

/* Without a file no identity is known. */
static struct psk_store *psks_load(const char *path, char *err, size_t err_len)
{
	return path == NULL ? psk_store_parse("", 0, "no file", err, err_len)
			    : psk_store_load(path, err, err_len);
}

/* Everything that files are named for, as far as it is not wrong. */
static bool load(struct credentials *c, char *err, size_t err_len)
{
	c->psks = psks_load(c->files.psk_file, err, err_len);
	if (c->psks == NULL)
		return false;
	if (c->files.psk_derive != NULL) {
		c->derive = psk_derive_load(c->files.psk_derive, err, err_len);
		if (c->derive == NULL)
			return false;
	}
	if (c->files.deny_file != NULL) {
		c->denied = deny_list_load(c->files.deny_file, err, err_len);
		if (c->denied == NULL)
			return false;
	}
	if (c->certificates_config == NULL)
		return true;
	c->certificates = certificates_load(c->certificates_config, err, err_len);
	return c->certificates != NULL;
}

static void unload(const struct credentials *c)
{
	psk_store_free(c->psks);
	psk_derive_free(c->derive);
	deny_list_free(c->denied);
	certificates_free(c->certificates);
}

bool credentials_init(struct credentials *c, const struct credentials_files *files, char *err,
		      size_t err_len)
{
	*c = (struct credentials){ .files = *files };
	if (!load(c, err, err_len)) {
		credentials_free(c);
		return false;
	}
	c->identities = identity_set_new();
	if (c->identities == NULL || !random_bytes(&c->tag_key, sizeof(c->tag_key))) {
		snprintf(err, err_len, "no memory or randomness for identities");
		credentials_free(c);
		return false;
	}
	return true;
}

bool credentials_certificates(struct credentials *c, const struct certificates_config *cfg,
			      char *err, size_t err_len)
{
	c->certificates_config = cfg;
	c->certificates = certificates_load(cfg, err, err_len);
	return c->certificates != NULL;
}

bool credentials_reload(struct credentials *c, char *err, size_t err_len)
{
	/* Each is exchanged by itself: who reads in between may find one of them older than
	 * another, which what lives by then is reviewed for. */
	const struct credentials old = *c;
	struct credentials fresh = { .files = c->files,
				     .certificates_config = c->certificates_config };

	if (!load(&fresh, err, err_len)) {
		unload(&fresh);
		return false;
	}
	rcu_assign_pointer(c->psks, fresh.psks);
	rcu_assign_pointer(c->derive, fresh.derive);
	rcu_assign_pointer(c->denied, fresh.denied);
	rcu_assign_pointer(c->certificates, fresh.certificates);
	urcu_qsbr_synchronize_rcu();
	unload(&old);
	return true;
}

void credentials_free(struct credentials *c)
{
	unload(c);
	identity_set_free(c->identities);
	*c = (struct credentials){ 0 };
}

static size_t key_of(const struct credentials *c, const uint8_t *identity, size_t len,
		     uint8_t out[PSK_KEY_MAX])
{
	const struct psk_derive *derive = rcu_dereference(c->derive);
	size_t key_len;
	const uint8_t *key = psk_store_get(rcu_dereference(c->psks), identity, len, &key_len);

	if (key == NULL)
		return derive != NULL && psk_derive_key(derive, identity, len, out)
			       ? PSK_DERIVE_KEY_LEN
			       : 0;
	memcpy(out, key, key_len);
	return key_len;
}

/*
 * What an identity is proved with (identity.h): what credential_write writes; of a PSK behind it,
 * so that a live session knows whether the key changed, a number that the key makes under a key of
 * this process. It tells nobody the key, and a change goes unnoticed once in four thousand million.
 */
enum { PROOF_MAX = CREDENTIAL_BYTES_MAX };
_Static_assert((int)PROOF_MAX <= (int)IDENTITY_LEN_MAX, "a proof fits an identity");

static uint32_t tag_of(const struct credentials *c, const uint8_t *key, size_t len)
{
	return (uint32_t)keyed_hash(&c->tag_key, key, len);
}

static const struct identity *intern(const struct credentials *c, const uint8_t *name, size_t len,
				     const struct wr *proof)
{
	return proof->failed
		       ? NULL
		       : identity_get_proved(c->identities, name, len, proof->start, wr_len(proof));
}

const struct identity *credentials_intern(const struct credentials *c, const uint8_t *name,
					  size_t len, const struct credential *credential)
{
	uint8_t proof[PROOF_MAX];
	struct wr w = wr_of(proof, sizeof(proof));

	credential_write(&w, credential);
	return intern(c, name, len, &w);
}

static const struct identity *intern_psk(const struct credentials *c, const uint8_t *name,
					 size_t len, const uint8_t *key, size_t key_len)
{
	const struct credential credential = { .kind = CREDENTIAL_PSK };
	uint8_t proof[PROOF_MAX];
	struct wr w = wr_of(proof, sizeof(proof));

	credential_write(&w, &credential);
	wr_u32(&w, tag_of(c, key, key_len));
	return intern(c, name, len, &w);
}

static bool is_denied(const struct credentials *c, const uint8_t *name, size_t len,
		      const struct credential *credential)
{
	const struct deny_list *denied = rcu_dereference(c->denied);
	bool x509 = credential->kind == CREDENTIAL_X509;

	if (denied == NULL)
		return false;
	return deny_list_names(denied, name, len) ||
	       (x509 && (deny_list_has(denied, &credential->certificate) ||
			 deny_list_has(denied, &credential->twin))) ||
	       ((x509 || credential->kind == CREDENTIAL_RPK) &&
		deny_list_has(denied, &credential->key));
}

void credentials_prefetch(const struct credentials *c, const struct psk_wanted *wanted, size_t n)
{
	psk_store_prefetch(rcu_dereference(c->psks), wanted, n);
}

size_t credentials_psk(const struct credentials *c, const uint8_t *identity, size_t len,
		       uint8_t *out, const struct identity **interned)
{
	static const struct credential psk = { .kind = CREDENTIAL_PSK };
	size_t key_len = is_denied(c, identity, len, &psk) ? 0 : key_of(c, identity, len, out);

	*interned = NULL;
	if (key_len == 0)
		return 0;
	*interned = intern_psk(c, identity, len, out, key_len);
	if (*interned != NULL)
		return key_len;
	secret_wipe(out, key_len);
	return 0;
}

const struct identity *credentials_asked(const struct credentials *c, const uint8_t *identity,
					 size_t len)
{
	static const struct credential psk = { .kind = CREDENTIAL_PSK };

	return is_denied(c, identity, len, &psk) ? NULL
						 : credentials_intern(c, identity, len, &psk);
}

struct x509_own *credentials_own(const struct credentials *c, const uint8_t *name, size_t len,
				 unsigned kinds)
{
	const struct certificates *certificates = rcu_dereference(c->certificates);

	return certificates == NULL ? NULL : certificates_own(certificates, name, len, kinds);
}

static const struct peer_trust *trust_of(const struct credentials *c)
{
	static const struct peer_trust nobody;
	const struct certificates *certificates = rcu_dereference(c->certificates);

	return certificates == NULL ? &nobody : certificates_trust(certificates);
}

void credentials_judge(const struct credentials *c, struct handshake_job *job, int64_t now_s)
{
	struct handshake_peer *peer = &job->peer;
	bool good = peer_judge(job, trust_of(c), now_s);

	if (good && is_denied(c, peer->name, peer->name_len, &peer->credential)) {
		signature_key_free(peer->key);
		*peer = (struct handshake_peer){ .status = STATUS_HS_DENIED,
						 .alert = ALERT_ACCESS_DENIED };
		good = false;
	}
	if (good)
		job->interned =
			credentials_intern(c, peer->name, peer->name_len, &peer->credential);
	job->failed = good && job->interned == NULL;
}

enum status credentials_still(const struct credentials *c, const struct credential *credential,
			      const uint8_t *name, size_t name_len, int64_t now_s)
{
	if (is_denied(c, name, name_len, credential))
		return STATUS_HS_DENIED;
	return peer_still(trust_of(c), credential, rd_of(name, name_len), now_s);
}

static enum status review_psk(const struct credentials *c, const struct identity *id,
			      struct rd *proof)
{
	uint8_t key[PSK_KEY_MAX];
	size_t len = key_of(c, id->bytes, id->len, key);
	uint32_t tag;
	bool same = len > 0 && rd_u32(proof, &tag) && tag == tag_of(c, key, len);

	secret_wipe(key, sizeof(key));
	return same ? STATUS_OK : STATUS_SESSION_KEY_GONE;
}

static enum status review_x509(const struct credentials *c, const struct credential *credential,
			       int64_t now_s)
{
	const struct x509_trust *trust = trust_of(c)->x509;

	switch (trust == NULL ? CERT_UNKNOWN_CA : x509_trust_still(trust, credential, now_s)) {
	case CERT_REVOKED:
		return STATUS_SESSION_CERT_REVOKED;
	case CERT_EXPIRED:
		return STATUS_SESSION_CERT_EXPIRED;
	case CERT_UNKNOWN_CA:
		return STATUS_SESSION_KEY_GONE;
	case CERT_GOOD:
	case CERT_BAD:
	case CERT_UNSUPPORTED:
	case CERT_UNKNOWN:
	case CERT_FAILED:
		break;
	}
	return STATUS_OK;
}

enum status credentials_review(const struct credentials *c, const struct identity *id,
			       int64_t now_s)
{
	struct credential credential = { .kind = CREDENTIAL_NONE };
	struct rd proof = rd_of(identity_proof(id), id->proof_len);

	if (!credential_read(&proof, &credential)) /* nobody: see credentials_nobody */
		return STATUS_OK;
	if (is_denied(c, id->bytes, id->len, &credential))
		return STATUS_SESSION_DENIED;
	switch ((enum credential_kind)credential.kind) {
	case CREDENTIAL_NONE:
		break;
	case CREDENTIAL_PSK:
		/* credentials_asked: what is not asked again does not change */
		return rd_len(&proof) == 0 ? STATUS_OK : review_psk(c, id, &proof);
	case CREDENTIAL_X509:
		return review_x509(c, &credential, now_s);
	case CREDENTIAL_RPK:
		return peer_still(trust_of(c), &credential, rd_of(id->bytes, id->len), now_s) ==
				       STATUS_OK
			       ? STATUS_OK
			       : STATUS_SESSION_KEY_GONE;
	}
	return STATUS_OK;
}

const struct identity *credentials_nobody(const struct credentials *c)
{
	return identity_get(c->identities, "", 0);
}

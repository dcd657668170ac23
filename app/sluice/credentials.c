/* SPDX-License-Identifier: BSD-3-Clause */
#include "credentials.h"

#include "key_schedule.h"
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
	if (c->certificates_config == NULL)
		return true;
	c->certificates = certificates_load(c->certificates_config, err, err_len);
	return c->certificates != NULL;
}

static void unload(const struct credentials *c)
{
	psk_store_free(c->psks);
	psk_derive_free(c->derive);
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
	if (c->identities == NULL) {
		snprintf(err, err_len, "no memory for identities");
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
	const struct credentials old = *c;
	struct credentials fresh = { .files = c->files,
				     .certificates_config = c->certificates_config };

	if (!load(&fresh, err, err_len)) {
		unload(&fresh);
		return false;
	}
	rcu_assign_pointer(c->psks, fresh.psks);
	rcu_assign_pointer(c->derive, fresh.derive);
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

size_t credentials_psk(const struct credentials *c, const uint8_t *identity, size_t len,
		       uint8_t *out, const struct identity **interned)
{
	size_t key_len = key_of(c, identity, len, out);

	*interned = NULL;
	if (key_len == 0)
		return 0;
	*interned = identity_get(c->identities, identity, (uint16_t)len);
	if (*interned != NULL)
		return key_len;
	secret_wipe(out, key_len);
	return 0;
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
	bool good = peer_judge(job, trust_of(c), now_s);

	if (good)
		job->interned = identity_get(c->identities, job->peer.name, job->peer.name_len);
	job->failed = good && job->interned == NULL;
}

enum status credentials_still(const struct credentials *c, const struct credential *credential,
			      const uint8_t *name, size_t name_len, int64_t now_s)
{
	return peer_still(trust_of(c), credential, rd_of(name, name_len), now_s);
}

const struct identity *credentials_nobody(const struct credentials *c)
{
	return identity_get(c->identities, "", 0);
}

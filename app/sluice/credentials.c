/* SPDX-License-Identifier: BSD-3-Clause */
#include "credentials.h"

#include "key_schedule.h"

#include <stdio.h>
#include <string.h>

#include <urcu/urcu-qsbr.h>

/* Without a file no identity is known. */
static struct psk_store *psks_load(const char *path, char *err, size_t err_len)
{
	return path == NULL ? psk_store_parse("", 0, "no file", err, err_len)
			    : psk_store_load(path, err, err_len);
}

bool credentials_init(struct credentials *c, const char *psk_file, char *err, size_t err_len)
{
	*c = (struct credentials){ .psk_file = psk_file };
	c->psks = psks_load(psk_file, err, err_len);
	if (c->psks == NULL)
		return false;
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
	struct psk_store *psks = psks_load(c->psk_file, err, err_len), *old_psks = c->psks;
	struct certificates *certificates = NULL, *old_certificates = c->certificates;

	if (psks != NULL && c->certificates_config != NULL)
		certificates = certificates_load(c->certificates_config, err, err_len);
	if (psks == NULL || (certificates == NULL && c->certificates_config != NULL)) {
		psk_store_free(psks);
		return false;
	}
	rcu_assign_pointer(c->psks, psks);
	rcu_assign_pointer(c->certificates, certificates);
	urcu_qsbr_synchronize_rcu();
	psk_store_free(old_psks);
	certificates_free(old_certificates);
	return true;
}

void credentials_free(struct credentials *c)
{
	psk_store_free(c->psks);
	certificates_free(c->certificates);
	identity_set_free(c->identities);
	*c = (struct credentials){ 0 };
}

size_t credentials_psk(const struct credentials *c, const uint8_t *identity, size_t len,
		       uint8_t *out, const struct identity **interned)
{
	size_t key_len;
	const uint8_t *key = psk_store_get(rcu_dereference(c->psks), identity, len, &key_len);

	*interned = NULL;
	if (key == NULL)
		return 0;
	*interned = identity_get(c->identities, identity, (uint16_t)len);
	if (*interned == NULL)
		return 0;
	memcpy(out, key, key_len);
	return key_len;
}

struct x509_own *credentials_own(const struct credentials *c, const uint8_t *name, size_t len,
				 unsigned kinds)
{
	const struct certificates *certificates = rcu_dereference(c->certificates);

	return certificates == NULL ? NULL : certificates_own(certificates, name, len, kinds);
}

void credentials_judge(const struct credentials *c, struct handshake_job *job, int64_t now_s)
{
	static const struct peer_trust nobody;
	const struct certificates *certificates = rcu_dereference(c->certificates);
	uint8_t name[X509_NAME_LEN_MAX];
	size_t len =
		peer_judge(job, certificates == NULL ? &nobody : certificates_trust(certificates),
			   now_s, name);

	if (len > 0)
		job->interned = identity_get(c->identities, name, (uint16_t)len);
	job->failed = len > 0 && job->interned == NULL;
}

const struct identity *credentials_nobody(const struct credentials *c)
{
	return identity_get(c->identities, "", 0);
}

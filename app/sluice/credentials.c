/* SPDX-License-Identifier: BSD-3-Clause */
#include "credentials.h"

#include "key_schedule.h"

#include <stdio.h>
#include <string.h>

#include <urcu/urcu-qsbr.h>

bool credentials_init(struct credentials *c, const char *psk_file, char *err, size_t err_len)
{
	*c = (struct credentials){ .psk_file = psk_file };
	c->psks = psk_store_load(psk_file, err, err_len);
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

bool credentials_reload(struct credentials *c, char *err, size_t err_len)
{
	struct psk_store *fresh = psk_store_load(c->psk_file, err, err_len);
	struct psk_store *old = c->psks;

	if (fresh == NULL)
		return false;
	rcu_assign_pointer(c->psks, fresh);
	urcu_qsbr_synchronize_rcu();
	psk_store_free(old);
	return true;
}

void credentials_free(struct credentials *c)
{
	psk_store_free(c->psks);
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

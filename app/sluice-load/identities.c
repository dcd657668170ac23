/* SPDX-License-Identifier: BSD-3-Clause */
#include "identities.h"

#include "new_file.h"
#include "psk_derive.h"
#include "psk_store.h"
#include "secret.h"

#include <stdio.h>
#include <stdlib.h>

struct identities {
	uint32_t n;
	struct psk_derive *derive; /* derived; NULL: of a file */
	struct psk_store *store;   /* of a file */
	/* where in the store each device's credential is; it holds less than 4 GiB */
	uint32_t *offsets;
};

/* Life */

static bool index_file(struct identities *ids, const char *path, char *err, size_t err_len)
{
	struct psk_entry entry;
	size_t at = 0;

	if (psk_store_count(ids->store) < ids->n) {
		snprintf(err, err_len, "%s: %zu identities for %u devices", path,
			 psk_store_count(ids->store), ids->n);
		return false;
	}
	ids->offsets = malloc(ids->n * sizeof(*ids->offsets));
	if (ids->offsets == NULL) {
		snprintf(err, err_len, "no memory for identities");
		return false;
	}
	for (uint32_t i = 0; i < ids->n; i++) {
		ids->offsets[i] = (uint32_t)at;
		(void)psk_store_next(ids->store, &at, &entry);
	}
	return true;
}

static bool load_file(struct identities *ids, const char *path, char *err, size_t err_len)
{
	ids->store = psk_store_load(path, err, err_len);
	return ids->store != NULL && index_file(ids, path, err, err_len);
}

static bool name_device(const struct identities *ids, uint32_t device,
			struct identity_credential *out)
{
	size_t prefix_len;
	const uint8_t *prefix = psk_derive_prefix(ids->derive, 0, &prefix_len);
	char name[16];
	size_t len = (size_t)snprintf(name, sizeof(name), "dev%08u", device);

	if (prefix_len + len > sizeof(out->identity))
		return false;
	memcpy(out->identity, prefix, prefix_len);
	memcpy(out->identity + prefix_len, name, len);
	out->identity_len = (uint8_t)(prefix_len + len);
	return true;
}

static bool load_masters(struct identities *ids, const struct load_options *opt, char *err,
			 size_t err_len)
{
	struct identity_credential last;

	ids->derive = opt->psk_derive != NULL
			      ? psk_derive_load(opt->psk_derive, err, err_len)
			      : psk_derive_parse(opt->master_key, strlen(opt->master_key),
						 "--master-key", err, err_len);
	if (ids->derive == NULL)
		return false;
	if (name_device(ids, ids->n - 1, &last))
		return true;
	snprintf(err, err_len, "%s: the first prefix leaves no room for a device's number",
		 opt->psk_derive);
	return false;
}

struct identities *identities_new(const struct load_options *opt, char *err, size_t err_len)
{
	struct identities *ids = calloc(1, sizeof(*ids));

	if (ids == NULL) {
		snprintf(err, err_len, "no memory for identities");
		return NULL;
	}
	ids->n = opt->devices;
	if (opt->identities == NULL ? !load_masters(ids, opt, err, err_len)
				    : !load_file(ids, opt->identities, err, err_len)) {
		identities_free(ids);
		return NULL;
	}
	return ids;
}

void identities_free(struct identities *ids)
{
	if (ids == NULL)
		return;
	psk_derive_free(ids->derive);
	psk_store_free(ids->store);
	free(ids->offsets);
	free(ids);
}

/* Credentials */

static void derive(const struct identities *ids, uint32_t device, struct identity_credential *out)
{
	bool known = name_device(ids, device, out) &&
		     psk_derive_key(ids->derive, out->identity, out->identity_len, out->psk);

	out->psk_len = known ? PSK_DERIVE_KEY_LEN : 0;
}

void identities_get(const struct identities *ids, uint32_t device, struct identity_credential *out)
{
	struct psk_entry entry;
	size_t at;

	if (ids->derive != NULL) {
		derive(ids, device, out);
		return;
	}
	at = ids->offsets[device];
	(void)psk_store_next(ids->store, &at, &entry);
	memcpy(out->identity, entry.identity, entry.identity_len);
	memcpy(out->psk, entry.key, entry.key_len);
	out->identity_len = (uint8_t)entry.identity_len;
	out->psk_len = (uint8_t)entry.key_len;
}

/* Writing */

static void write_hex(FILE *f, const uint8_t *bytes, size_t len)
{
	for (size_t i = 0; i < len; i++)
		fprintf(f, "%02x", bytes[i]);
}

/* Whether a line can begin with these bytes as they are. */
static bool is_plain(const uint8_t *bytes, size_t len)
{
	for (size_t i = 0; i < len; i++) {
		if (bytes[i] <= ' ' || bytes[i] >= 0x7f)
			return false;
	}
	return bytes[0] != '#';
}

static bool write_lines(const struct identities *ids, FILE *f)
{
	struct identity_credential c = { .psk_len = 0 };

	for (uint32_t i = 0; i < ids->n && ferror(f) == 0; i++) {
		identities_get(ids, i, &c);
		if (is_plain(c.identity, c.identity_len)) {
			fwrite(c.identity, 1, c.identity_len, f);
		} else {
			fputc('#', f);
			write_hex(f, c.identity, c.identity_len);
		}
		fputc(':', f);
		write_hex(f, c.psk, c.psk_len);
		fputc('\n', f);
	}
	secret_wipe(&c, sizeof(c));
	return ferror(f) == 0;
}

bool identities_write(const struct identities *ids, const char *path, char *err, size_t err_len)
{
	struct new_file file;

	return new_file_open(&file, path, true, err, err_len) &&
	       new_file_close(&file, write_lines(ids, file.f), err, err_len);
}

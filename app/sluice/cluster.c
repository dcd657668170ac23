/* SPDX-License-Identifier: BSD-3-Clause */
#include "cluster.h"

#include "random.h"
#include "secret.h"
#include "secret_file.h"

/* The lines of a key file as they are taken. */
struct key_lines {
	uint8_t key[CID_KEY_LEN];
	bool found;
};

static const char *take_line(void *arg, const struct secret_line *line)
{
	struct key_lines *k = arg;

	if (k->found)
		return "more than one key";
	k->found = line->len == 2 * CID_KEY_LEN && secret_hex(k->key, line->p, CID_KEY_LEN);
	return k->found ? NULL : "wants 32 hex digits";
}

static bool read_key(struct key_lines *out, const char *path, char *err, size_t err_len)
{
	struct secret_file file;
	bool ok;

	if (!secret_file_read(&file, path, err, err_len))
		return false;
	ok = secret_lines(file.bytes, file.len, path, take_line, out, err, err_len);
	secret_file_free(&file);
	if (ok && !out->found)
		snprintf(err, err_len, "%s: no key", path);
	return ok && out->found;
}

static bool get_key(struct key_lines *out, const struct options *opt, char *err, size_t err_len)
{
	if (opt->cid_key_file != NULL)
		return read_key(out, opt->cid_key_file, err, err_len);
	snprintf(err, err_len, "no randomness for a key");
	return random_bytes(out->key, sizeof(out->key));
}

bool cluster_init(struct cluster *c, const struct options *opt, char *err, size_t err_len)
{
	struct key_lines k = { .found = false };
	bool ok;

	memset(c, 0, sizeof(*c));
	if (opt->cid_length == 0)
		return true;
	ok = get_key(&k, opt, err, err_len);
	if (ok) {
		cid_key_init(&c->key, k.key, opt->cid_length, opt->node_id);
		snprintf(err, err_len, "no randomness for connection IDs");
		ok = cid_issuer_init(&c->issuer, &c->key);
	}
	secret_wipe(&k, sizeof(k));
	return ok;
}

void cluster_free(struct cluster *c) { secret_wipe(c, sizeof(*c)); }

/* SPDX-License-Identifier: BSD-3-Clause */
#include "psk_line.h"

#include <string.h>

static const char *hex_identity(struct psk_line *out, const uint8_t *p, size_t len)
{
	if (len == 0 || len % 2 != 0)
		return "after '#' an identity is an even number of hex digits (a comment begins "
		       "with \"# \")";
	if (len / 2 > PSK_IDENTITY_MAX)
		return "identity is longer than 128 bytes";
	if (!secret_hex(out->identity, p, len / 2))
		return "after '#' an identity is hex digits (a comment begins with \"# \")";
	out->identity_len = len / 2;
	return NULL;
}

const char *psk_line_identity(struct psk_line *out, const uint8_t *p, size_t len)
{
	if (len == 0)
		return "identity is empty";
	if (p[0] == '#')
		return hex_identity(out, p + 1, len - 1);
	if (len > PSK_IDENTITY_MAX)
		return "identity is longer than 128 bytes";
	if (memchr(p, 0, len) != NULL)
		return "NUL in the text (write the identity as #hex)";
	memcpy(out->identity, p, len);
	out->identity_len = len;
	return NULL;
}

const char *psk_line_key(struct psk_line *out, const uint8_t *p, size_t len)
{
	if (len == 0)
		return "key is empty";
	if (len / 2 > PSK_KEY_MAX)
		return "key is longer than 64 bytes";
	if (len % 2 != 0)
		return "key has an odd number of hex digits";
	if (!secret_hex(out->key, p, len / 2))
		return "key is not hex digits";
	out->key_len = len / 2;
	return NULL;
}

const char *psk_line_read(struct psk_line *out, const struct secret_line *line)
{
	const uint8_t *colon = memrchr(line->p, ':', line->len);
	const char *wrong;
	size_t identity_len;

	if (colon == NULL)
		return "not identity:hexkey";
	identity_len = (size_t)(colon - line->p);
	wrong = psk_line_identity(out, line->p, identity_len);
	return wrong != NULL ? wrong : psk_line_key(out, colon + 1, line->len - identity_len - 1);
}

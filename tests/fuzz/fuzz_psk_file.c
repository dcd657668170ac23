/* SPDX-License-Identifier: BSD-3-Clause */
/* The PSK file's parser. Input: a file. What was accepted must be consistent, and every plain line
 * of an accepted file must be found under its identity with its key. */
#include "psk_store.h"

#include <stdlib.h>
#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static int hex_value(uint8_t c)
{
	const char *digits = "0123456789abcdef", *at;

	at = c == 0 ? NULL : strchr(digits, c >= 'A' && c <= 'F' ? c | 0x20 : c);
	return at == NULL ? -1 : (int)(at - digits);
}

/* One line without its end, of a file that was accepted. Counts the identities of plain lines. */
static size_t check_line(const struct psk_store *s, const uint8_t *p, size_t len)
{
	const uint8_t *colon = len == 0 ? NULL : memrchr(p, ':', len), *key;
	size_t key_len, id_len;

	if (colon == NULL || (p[0] == '#' && p[1] == ' '))
		return 0;
	id_len = (size_t)(colon - p);
	if (p[0] == '#')
		return 1;
	key = psk_store_get(s, p, id_len, &key_len);
	if (key == NULL || key_len * 2 != len - id_len - 1)
		abort();
	for (size_t i = 0; i < key_len; i++)
		if (hex_value(colon[1 + 2 * i]) << 4 != (key[i] & 0xf0) ||
		    hex_value(colon[2 + 2 * i]) != (key[i] & 0x0f))
			abort();
	return 1;
}

static size_t check_lines(const struct psk_store *s, const uint8_t *data, size_t size)
{
	size_t n = 0;

	while (size > 0) {
		const uint8_t *lf = memchr(data, '\n', size);
		size_t len = lf != NULL ? (size_t)(lf - data) : size;
		size_t cr = lf != NULL && len > 0 && data[len - 1] == '\r';

		n += check_line(s, data, len - cr);
		data += lf != NULL ? len + 1 : len;
		size -= lf != NULL ? len + 1 : len;
	}
	return n;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	char err[128] = { 0 };
	struct psk_store *s = psk_store_parse(data, size, "input", err, sizeof(err));
	size_t key_len;

	if (s == NULL) {
		if (strncmp(err, "input:", 6) != 0 || memchr(err, 0, sizeof(err)) == NULL)
			abort();
		return 0;
	}
	if (check_lines(s, data, size) != psk_store_count(s) ||
	    psk_store_short_keys(s) > psk_store_count(s))
		abort();
	(void)psk_store_get(s, data, size, &key_len);
	psk_store_free(s);
	return 0;
}

/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * A snapshot of the raw public keys that are known (RFC 7250): immutable once loaded, swapped as a
 * whole under RCU.
 *
 * The file has a line a key: sha256:HEX [NAME], the SHA-256 of its SubjectPublicKeyInfo, or
 * spki:HEX [NAME], the SubjectPublicKeyInfo itself. Without a NAME the device's name is sha256:HEX.
 * Empty lines and lines that begin with "# " are comments.
 */
#pragma once

#include "mark.h"
#include "spki.h"

struct rpk_store;

/* rpk_store_load: NULL and a message in err (naming file and line) when anything at all is wrong:
 * unreadable, malformed line, a key twice, a name over 128 bytes. Slow path only. */
struct rpk_store *rpk_store_load(const char *path, char *err, size_t err_len);

/* rpk_store_parse: the same from len bytes in memory, which name stands for in err. */
struct rpk_store *rpk_store_parse(const void *bytes, size_t len, const char *name, char *err,
				  size_t err_len);

void rpk_store_free(struct rpk_store *s); /* after a grace period; NULL allowed */
size_t rpk_store_count(const struct rpk_store *s);

/* rpk_store_get: the name of a key, by the mark of its SubjectPublicKeyInfo; borrowed until the
 * snapshot is freed; NULL: unknown. Any thread, inside RCU read side. */
const uint8_t *rpk_store_get(const struct rpk_store *s, const struct mark *key, size_t *name_len);

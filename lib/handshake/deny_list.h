/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * A snapshot of who is taken no longer, whatever credential it shows: immutable once loaded,
 * swapped as a whole under RCU.
 *
 * The file has a line an entry:
 *
 *   identity NAME   a PSK identity or the device's name by --device-name or the file of raw keys:
 *                   all up to the end of the line, or #HEX for bytes
 *   sha256 HEX      of a certificate or of a SubjectPublicKeyInfo (DER), in 64 hex digits
 *
 * Empty lines and lines that begin with "# " are comments. About 50 bytes an entry.
 */
#pragma once

#include "mark.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct deny_list;

/* deny_list_load: NULL and a message in err (naming file and line) when anything at all is wrong:
 * unreadable, a malformed line, a name over 128 bytes. Slow path only. */
struct deny_list *deny_list_load(const char *path, char *err, size_t err_len);

/* deny_list_parse: the same from len bytes in memory, which name stands for in err. */
struct deny_list *deny_list_parse(const void *bytes, size_t len, const char *name, char *err,
				  size_t err_len);

void deny_list_free(struct deny_list *d); /* after a grace period; NULL allowed */
size_t deny_list_count(const struct deny_list *d);

/* deny_list_names, deny_list_has: whether a name, or the mark of a certificate or a key, is on the
 * list. Any thread, inside RCU read side. */
bool deny_list_names(const struct deny_list *d, const uint8_t *name, size_t len);
bool deny_list_has(const struct deny_list *d, const struct mark *m);

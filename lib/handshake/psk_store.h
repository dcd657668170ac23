/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * A snapshot of pre-shared keys: immutable once loaded, swapped as a whole under RCU.
 *
 * The file has a line a device: identity:hexkey, split at the last colon. An identity written
 * #hex is bytes (NUL is legal). Empty lines and lines that begin with "# " are comments. Lines end
 * in LF or CRLF. Under 128 bytes and about a microsecond a line of usual length.
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct psk_store;

/* psk_store_load: NULL and a message in err (naming file and line) when anything at all is wrong:
 * unreadable, group- or world-readable file, malformed line, duplicate identity, key shorter than
 * 16 (warning only) or longer than 64 bytes, identity empty or over 128 bytes. Slow path only. */
struct psk_store *psk_store_load(const char *path, char *err, size_t err_len);

/* psk_store_parse: the same from len bytes in memory, which name stands for in err. Slow path only.
 */
struct psk_store *psk_store_parse(const void *bytes, size_t len, const char *name, char *err,
				  size_t err_len);

/* psk_store_free: wipes every key. After a grace period only; NULL allowed. */
void psk_store_free(struct psk_store *s);

size_t psk_store_count(const struct psk_store *s);
/* psk_store_bytes: memory in use, all of it. */
size_t psk_store_bytes(const struct psk_store *s);
/* psk_store_short_keys: keys under 16 bytes that were accepted. */
size_t psk_store_short_keys(const struct psk_store *s);

/* psk_store_prefetch: what psk_store_get will read of n identities, n <= PSK_PREFETCH_MAX, on its
 * way: the keys of a large fleet are in no cache, and for several together one waits as long as for
 * one. */
enum { PSK_PREFETCH_MAX = 32 };
struct psk_wanted {
	const uint8_t *identity;
	size_t len;
};
void psk_store_prefetch(const struct psk_store *s, const struct psk_wanted *wanted, size_t n);

/* psk_store_get: the key of an identity, borrowed until the snapshot is freed; NULL: unknown. The
 * whole identity is compared, NULs included. Any thread, inside RCU read side. */
const uint8_t *psk_store_get(const struct psk_store *s, const uint8_t *identity, size_t len,
			     size_t *key_len);

/* A credential, borrowed until the snapshot is freed. */
struct psk_entry {
	const uint8_t *identity, *key;
	size_t identity_len, key_len;
};

/* psk_store_next: the credential at *at, which is 0 for the first, in the order of the file; moves
 * *at to the next one. false: there is none. Any thread, inside RCU read side. */
bool psk_store_next(const struct psk_store *s, size_t *at, struct psk_entry *out);

/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * A line of a file of keys: identity:hexkey, split at the last colon. An identity written #hex is
 * bytes (NUL is legal). Any thread.
 */
#pragma once

#include "key_schedule.h"
#include "secret_file.h"
#include "session_state.h"

struct psk_line {
	uint8_t identity[PSK_IDENTITY_MAX], key[PSK_KEY_MAX];
	size_t identity_len, key_len; /* neither is 0 */
};

/* psk_line_read: NULL, or why the line is wrong. *out holds a secret either way: wipe it. */
const char *psk_line_read(struct psk_line *out, const struct secret_line *line) MUST_USE;

/* psk_line_identity, psk_line_key: the part of that name alone, from len bytes of text. */
const char *psk_line_identity(struct psk_line *out, const uint8_t *text, size_t len) MUST_USE;
const char *psk_line_key(struct psk_line *out, const uint8_t *text, size_t len) MUST_USE;

/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Extensions, as the messages of both versions have them: blocks of them, and what is in those that
 * stand in more than one message. Inside lib/wire only. Any thread.
 */
#pragma once

#include "hs_hello13.h"

/* Hellos are parsed before the cookie, so the search for duplicates must stay small whatever is in
 * them; real ones have at most some twenty extensions. */
enum { HS_EXTENSIONS_MAX = 32 };
_Static_assert((int)HS_REPEATS_MAX == 2 + (int)HS_EXTENSIONS_MAX, "all may have to be repeated");

/* A block while it is walked. */
struct hs_extensions {
	struct rd left;
	uint16_t seen[HS_EXTENSIONS_MAX];
	size_t n_seen;
};

struct hs_extension {
	uint16_t type;
	struct rd body;
};

/* hs_extensions_next: false: malformed, one that was there before, or too many of them. */
bool hs_extensions_next(struct hs_extensions *walk, struct hs_extension *out) MUST_USE;

/* What client_hello_parse asks of hs_hello13.c: an extension that is DTLS 1.3's or nobody's, and
 * what they all must be together. */
enum hs_parse hs_hello13_extension(struct client_hello *ch, const struct hs_extension *ext);
enum hs_parse hs_hello13_check(const struct client_hello *ch);

/* hs_worse: of two results the one that counts: decode errors outrank illegal values, as only a
 * well-formed message has values. */
enum hs_parse hs_worse(enum hs_parse a, enum hs_parse b);

/* hs_extensions_each: gives each extension of a block to one; what is there twice is an error
 * (bad-input D1). In the header, so that one is called directly: every hello goes through it. */
static inline enum hs_parse hs_extensions_each(struct rd block, void *out,
					       enum hs_parse (*one)(void *out,
								    const struct hs_extension *ext))
{
	struct hs_extensions walk = { .left = block };
	enum hs_parse result = HS_PARSE_OK;
	struct hs_extension ext;

	while (rd_len(&walk.left) > 0 && result != HS_PARSE_DECODE_ERROR) {
		if (!hs_extensions_next(&walk, &ext))
			return HS_PARSE_DECODE_ERROR;
		result = hs_worse(result, one(out, &ext));
	}
	return result;
}

/* hs_extension_stray: what an extension is that stands where it cannot be an answer (RFC 8446
 * §4.2): one that we know is of another message, and illegal here; another one was never asked for.
 */
enum hs_parse hs_extension_stray(uint16_t type);

static inline enum hs_parse hs_decoded(bool well_formed)
{
	return well_formed ? HS_PARSE_OK : HS_PARSE_DECODE_ERROR;
}

/* hs_list_parse: one list behind a length of n bytes, of items of size bytes, at least one; nothing
 * behind it. */
bool hs_list_parse(struct rd body, size_t n, size_t size, struct rd *out) MUST_USE;

/* What is in max_fragment_length, record_size_limit, and a certificate type that was chosen. */
enum hs_parse hs_fragment_length_parse(struct rd body, uint8_t *out) MUST_USE;
enum hs_parse hs_size_limit_parse(struct rd body, uint16_t *out) MUST_USE;
enum hs_parse hs_certificate_type_parse(struct rd body, bool *has, uint8_t *out) MUST_USE;

/* hs_flag_parse: an extension that says all by being there. hs_cid_parse: connection_id (RFC 9146
 * §3): opaque <0..255>, of the peer's choice. */
enum hs_parse hs_flag_parse(struct rd body, bool *has) MUST_USE;
enum hs_parse hs_cid_parse(struct rd body, bool *has, struct rd *cid) MUST_USE;

/* hs_extension_write: one with a body of len bytes. */
void hs_extension_write(struct wr *w, enum extension type, const void *body, size_t len);

/* hs_extension_list: a list of whole items behind a length of n bytes, in an extension; none of
 * them: no extension. hs_extension_list16: of 16-bit numbers. */
void hs_extension_list(struct wr *w, enum extension type, size_t n, struct rd items);
void hs_extension_list16(struct wr *w, enum extension type, const uint16_t *items, size_t n_items);

/* hs_extension_limits: max_fragment_length and record_size_limit, where they are not 0. */
void hs_extension_limits(struct wr *w, uint8_t max_fragment_length, uint16_t record_size_limit);

/* hs_extension_cid: connection_id and rrc, where there is one. */
void hs_extension_cid(struct wr *w, const struct hs_cid_params *p);

/* hs_share_write: a KeyShareEntry. hs_cookie_write: the extension; none when it is empty. */
void hs_share_write(struct wr *w, const struct hs_share *share);
void hs_cookie_write(struct wr *w, struct rd cookie);

/* hs_extension_open, hs_extension_close: an extension around what is written between them. */
size_t hs_extension_open(struct wr *w, enum extension type);
void hs_extension_close(struct wr *w, size_t mark);

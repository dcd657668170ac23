/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Byte cursors: the only code that touches wire bytes.
 *
 * A reader (struct rd) either advances over a whole value or fails and leaves everything as it
 * was, so a message is parsed by a chain of && and accepted only when its reader is empty.
 * A writer (struct wr) fills a caller's buffer and remembers that it overflowed: write the whole
 * message, then ask once (wr_finish). All integers are big-endian (network order).
 *
 * Readers and writers borrow their bytes. Any thread.
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#define MUST_USE __attribute__((warn_unused_result))

struct rd {
	const uint8_t *p, *end;
};

/* rd_of: a reader over len bytes at p, which may be NULL when there are none. */
static inline struct rd rd_of(const void *p, size_t len)
{
	/* C has no NULL + 0. */
	return (struct rd){ .p = p, .end = len == 0 ? p : (const uint8_t *)p + len };
}

/* rd_len: bytes that are left. */
static inline size_t rd_len(const struct rd *r) { return (size_t)(r->end - r->p); }

/* rd_uint: an n-byte unsigned integer, n <= 8. */
static inline bool MUST_USE rd_uint(struct rd *r, size_t n, uint64_t *out)
{
	uint64_t v = 0;

	if (rd_len(r) < n)
		return false;
	for (size_t i = 0; i < n; i++)
		v = v << 8 | r->p[i];
	r->p += n;
	*out = v;
	return true;
}

static inline bool MUST_USE rd_u8(struct rd *r, uint8_t *out)
{
	if (rd_len(r) < 1)
		return false;
	*out = *r->p++;
	return true;
}

static inline bool MUST_USE rd_u16(struct rd *r, uint16_t *out)
{
	if (rd_len(r) < 2)
		return false;
	*out = (uint16_t)(r->p[0] << 8 | r->p[1]);
	r->p += 2;
	return true;
}

static inline bool MUST_USE rd_u24(struct rd *r, uint32_t *out)
{
	uint64_t v;

	if (!rd_uint(r, 3, &v))
		return false;
	*out = (uint32_t)v;
	return true;
}

static inline bool MUST_USE rd_u32(struct rd *r, uint32_t *out)
{
	uint64_t v;

	if (!rd_uint(r, 4, &v))
		return false;
	*out = (uint32_t)v;
	return true;
}

static inline bool MUST_USE rd_u48(struct rd *r, uint64_t *out) { return rd_uint(r, 6, out); }

static inline bool MUST_USE rd_u64(struct rd *r, uint64_t *out) { return rd_uint(r, 8, out); }

/* rd_sub: the next n bytes as a reader of their own. */
static inline bool MUST_USE rd_sub(struct rd *r, size_t n, struct rd *out)
{
	if (rd_len(r) < n)
		return false;
	*out = (struct rd){ .p = r->p, .end = r->p + n };
	r->p += n;
	return true;
}

/* rd_vec: an n-byte length and that many bytes, as a reader: TLS's opaque<..>. */
static inline bool MUST_USE rd_vec(struct rd *r, size_t n, struct rd *out)
{
	struct rd at = *r;
	uint64_t len;

	if (!rd_uint(&at, n, &len) || len > rd_len(&at) || !rd_sub(&at, (size_t)len, out))
		return false;
	*r = at;
	return true;
}

/* rd_copy: the next n bytes, copied. */
static inline bool MUST_USE rd_copy(struct rd *r, void *out, size_t n)
{
	if (rd_len(r) < n)
		return false;
	if (n)
		memcpy(out, r->p, n);
	r->p += n;
	return true;
}

static inline bool MUST_USE rd_skip(struct rd *r, size_t n)
{
	if (rd_len(r) < n)
		return false;
	r->p += n;
	return true;
}

struct wr {
	uint8_t *start, *p, *end;
	bool failed;
};

/* wr_of: a writer into cap bytes at p. */
static inline struct wr wr_of(void *p, size_t cap)
{
	return (struct wr){ .start = p, .p = p, .end = (uint8_t *)p + cap };
}

/* wr_len: bytes written so far. */
static inline size_t wr_len(const struct wr *w) { return (size_t)(w->p - w->start); }

/* wr_space: reserves n bytes for the caller to fill; NULL when they do not fit. */
static inline uint8_t *wr_space(struct wr *w, size_t n)
{
	uint8_t *at = w->p;

	if (w->failed || (size_t)(w->end - w->p) < n) {
		w->failed = true;
		return NULL;
	}
	w->p += n;
	return at;
}

/* wr_uint: v as an n-byte integer, n <= 8; a v that does not fit fails the writer. */
static inline void wr_uint(struct wr *w, size_t n, uint64_t v)
{
	uint8_t *at = wr_space(w, n);

	if (at == NULL)
		return;
	if (n < 8 && v >> (8 * n)) {
		w->failed = true;
		return;
	}
	for (size_t i = 0; i < n; i++)
		at[i] = (uint8_t)(v >> 8 * (n - 1 - i));
}

static inline void wr_u8(struct wr *w, uint8_t v) { wr_uint(w, 1, v); }
static inline void wr_u16(struct wr *w, uint16_t v) { wr_uint(w, 2, v); }
static inline void wr_u24(struct wr *w, uint32_t v) { wr_uint(w, 3, v); }
static inline void wr_u32(struct wr *w, uint32_t v) { wr_uint(w, 4, v); }
static inline void wr_u48(struct wr *w, uint64_t v) { wr_uint(w, 6, v); }
static inline void wr_u64(struct wr *w, uint64_t v) { wr_uint(w, 8, v); }

static inline void wr_bytes(struct wr *w, const void *p, size_t n)
{
	uint8_t *at = wr_space(w, n);

	if (at != NULL && n)
		memcpy(at, p, n);
}

/* wr_open, wr_close: an n-byte length prefix around what is written between them.
 * wr_open returns the mark that wr_close needs. */
static inline size_t wr_open(struct wr *w, size_t n)
{
	size_t mark = wr_len(w);

	wr_uint(w, n, 0);
	return mark;
}

static inline void wr_close(struct wr *w, size_t n, size_t mark)
{
	uint8_t *resume = w->p;
	size_t len = wr_len(w) - mark - n;

	if (w->failed)
		return;
	w->p = w->start + mark;
	wr_uint(w, n, len);
	w->p = resume;
}

/* wr_finish: true when all that was written fitted; *len is its length. */
static inline bool MUST_USE wr_finish(const struct wr *w, size_t *len)
{
	*len = wr_len(w);
	return !w->failed;
}

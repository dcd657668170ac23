/* SPDX-License-Identifier: BSD-3-Clause */
#include "reassembly.h"

#include "secret.h"

/* Bytes off .. off + len of a message. */
struct reassembly_chunk {
	struct reassembly_chunk *next;
	uint16_t off;
	uint16_t len;
	uint8_t bytes[];
};

_Static_assert(REASSEMBLY_MESSAGE_MAX <= UINT16_MAX && REASSEMBLY_CERTIFICATE_MAX <= UINT16_MAX,
	       "a chunk's off and len are 16 bits");

static size_t memory_max(const struct reassembly *r)
{
	return r->certificates ? REASSEMBLY_CERTIFICATE_MEMORY_MAX : REASSEMBLY_MEMORY_MAX;
}

static uint32_t message_max(const struct reassembly *r, uint8_t type)
{
	return r->certificates && type == HS_CERTIFICATE ? REASSEMBLY_CERTIFICATE_MAX
							 : REASSEMBLY_MESSAGE_MAX;
}

static size_t chunk_end(const struct reassembly_chunk *c) { return (size_t)c->off + c->len; }

static struct reassembly_chunk *chunk_new(struct reassembly *r, size_t off, size_t len)
{
	size_t size = sizeof(struct reassembly_chunk) + len;
	struct reassembly_chunk *c;

	if (r->memory + size > memory_max(r))
		return NULL;
	c = r->alloc.alloc(r->alloc.arg, size);
	if (c == NULL)
		return NULL;
	c->next = NULL;
	c->off = (uint16_t)off;
	c->len = (uint16_t)len;
	r->memory += size;
	return c;
}

static void chunk_free(struct reassembly *r, struct reassembly_chunk *c)
{
	size_t size = sizeof(*c) + c->len;

	r->memory -= size;
	secret_wipe(c, size);
	r->alloc.release(r->alloc.arg, c);
}

static void slot_clear(struct reassembly *r, struct reassembly_slot *s)
{
	while (s->chunks != NULL) {
		struct reassembly_chunk *c = s->chunks;

		s->chunks = c->next;
		chunk_free(r, c);
	}
	*s = (struct reassembly_slot){ 0 };
}

void reassembly_init(struct reassembly *r, const struct reassembly_alloc *alloc, uint16_t next)
{
	*r = (struct reassembly){ .alloc = *alloc, .next = next };
}

void reassembly_free(struct reassembly *r)
{
	for (size_t i = 0; i < REASSEMBLY_SLOTS; i++)
		slot_clear(r, &r->slots[i]);
}

static struct reassembly_slot *slot_of(struct reassembly *r, uint16_t seq)
{
	return &r->slots[seq % REASSEMBLY_SLOTS];
}

static bool chunk_agrees(const struct reassembly_chunk *c, size_t off, struct rd body)
{
	size_t end = off + rd_len(&body);
	size_t from = off > c->off ? off : c->off;
	size_t to = end < chunk_end(c) ? end : chunk_end(c);

	return from >= to ||
	       memcmp(c->bytes + (from - c->off), body.p + (from - off), to - from) == 0;
}

/* Whether the bytes of a fragment that are known already are the same. */
static bool slot_agrees(const struct reassembly_slot *s, size_t off, struct rd body)
{
	for (const struct reassembly_chunk *c = s->chunks; c != NULL; c = c->next)
		if (!chunk_agrees(c, off, body))
			return false;
	return true;
}

/* The first link whose chunk touches or follows off. */
static struct reassembly_chunk **slot_find(struct reassembly_slot *s, size_t off)
{
	struct reassembly_chunk **at = &s->chunks;

	while (*at != NULL && chunk_end(*at) < off)
		at = &(*at)->next;
	return at;
}

/* One chunk in place of the fragment and all chunks that it touches. */
static bool slot_merge(struct reassembly *r, struct reassembly_slot *s, size_t off, struct rd body)
{
	struct reassembly_chunk **at = slot_find(s, off), *c, *merged;
	size_t start = off, end = off + rd_len(&body);

	if (*at != NULL && (*at)->off <= off && chunk_end(*at) >= end)
		return true;
	if ((*at == NULL || (*at)->off > end) && s->n_chunks == REASSEMBLY_PIECES_MAX)
		return false;
	for (c = *at; c != NULL && c->off <= end; c = c->next) {
		start = c->off < start ? c->off : start;
		end = chunk_end(c) > end ? chunk_end(c) : end;
	}
	merged = chunk_new(r, start, end - start);
	if (merged == NULL)
		return false;
	memcpy(merged->bytes + (off - start), body.p, rd_len(&body));
	for (c = *at; c != NULL && c->off <= end; c = *at) {
		memcpy(merged->bytes + (c->off - start), c->bytes, c->len);
		*at = c->next;
		s->n_chunks--;
		chunk_free(r, c);
	}
	merged->next = *at;
	*at = merged;
	s->n_chunks++;
	return true;
}

/* Checks a fragment against its slot, which it may open. */
static enum reassembly_result slot_admit(struct reassembly *r, struct reassembly_slot *s,
					 uint8_t epoch, const struct hs_fragment *f)
{
	if (s->used && epoch > s->epoch)
		slot_clear(r, s);
	if (s->used && epoch < s->epoch)
		return REASSEMBLY_IGNORED;
	if (s->used && (s->len != f->len || s->type != f->type))
		return REASSEMBLY_CONFLICT;
	if (f->len > message_max(r, f->type))
		return REASSEMBLY_CONFLICT;
	if (rd_len(&f->body) == 0 && f->len != 0)
		return REASSEMBLY_IGNORED;
	if (!slot_agrees(s, f->off, f->body))
		return REASSEMBLY_CONFLICT;
	return REASSEMBLY_KEPT;
}

enum reassembly_result reassembly_add(struct reassembly *r, uint8_t epoch,
				      const struct hs_fragment *f)
{
	struct reassembly_slot *s = slot_of(r, f->seq);
	enum reassembly_result result;

	if (f->seq < r->next)
		return REASSEMBLY_OLD;
	if (f->seq - r->next >= REASSEMBLY_SLOTS)
		return REASSEMBLY_AHEAD;
	result = slot_admit(r, s, epoch, f);
	if (result != REASSEMBLY_KEPT)
		return result;
	if (rd_len(&f->body) != 0 && !slot_merge(r, s, f->off, f->body))
		return REASSEMBLY_IGNORED;
	s->used = true;
	s->len = f->len;
	s->type = f->type;
	s->epoch = epoch;
	return REASSEMBLY_KEPT;
}

bool reassembly_whole(const struct reassembly *r, const struct hs_fragment *f)
{
	return f->seq == r->next && rd_len(&f->body) == f->len &&
	       !r->slots[f->seq % REASSEMBLY_SLOTS].used;
}

bool reassembly_in_order(const struct reassembly *r, const struct hs_fragment *f)
{
	const struct reassembly_chunk *c = r->slots[r->next % REASSEMBLY_SLOTS].chunks;

	return f->seq == r->next &&
	       (f->off == 0 || (c != NULL && c->off == 0 && f->off <= chunk_end(c)));
}

bool reassembly_due(const struct reassembly *r, struct reassembly_message *out)
{
	const struct reassembly_slot *s = &r->slots[r->next % REASSEMBLY_SLOTS];
	const struct reassembly_chunk *c = s->chunks;

	if (!s->used || (s->len != 0 && (c == NULL || c->off != 0 || c->len != s->len)))
		return false;
	*out = (struct reassembly_message){
		.body = s->len == 0 ? rd_of("", 0) : rd_of(c->bytes, s->len),
		.seq = r->next,
		.type = s->type,
		.epoch = s->epoch,
	};
	return true;
}

bool reassembly_take(struct reassembly *r, uint8_t **out, uint16_t *out_len)
{
	struct reassembly_slot *s = slot_of(r, r->next);
	struct reassembly_chunk *c = s->chunks;
	struct reassembly_message m;

	if (!reassembly_due(r, &m) || c == NULL)
		return false;
	*out_len = c->len;
	*out = (uint8_t *)c;
	s->chunks = NULL;
	r->memory -= sizeof(*c) + c->len;
	memmove(*out, c->bytes, *out_len);
	/* The caller knows of out_len bytes, and wipes no more. */
	secret_wipe(*out + *out_len, sizeof(*c));
	return true;
}

void reassembly_discard(struct reassembly *r) { slot_clear(r, slot_of(r, r->next)); }

void reassembly_advance(struct reassembly *r)
{
	reassembly_discard(r);
	r->next++;
}

/* SPDX-License-Identifier: BSD-3-Clause */
#include "messages.h"

#include "connection.h"

static bool room_make(struct handshake *h, size_t len)
{
	struct messages *m = &h->messages, bigger = *m;

	if (m->len + len <= m->room)
		return true;
	bigger.room = m->len + len <= MESSAGES_MIN ? MESSAGES_MIN : MESSAGES_MAX;
	if (m->len + len > bigger.room)
		return false;
	bigger.bytes = h->cfg->alloc(h->cfg->alloc_arg, bigger.room);
	if (bigger.bytes == NULL)
		return false;
	if (m->len > 0)
		memcpy(bigger.bytes, m->bytes, m->len);
	messages_drop(h);
	*m = bigger;
	return true;
}

void messages_keep(struct handshake *h) { h->messages.open = true; }

void messages_add(struct handshake *h, const uint8_t *bytes, size_t len)
{
	struct messages *m = &h->messages;

	if (!m->open || len == 0)
		return;
	if (!room_make(h, len)) {
		messages_drop(h);
		return;
	}
	memcpy(m->bytes + m->len, bytes, len);
	m->len = (uint16_t)(m->len + len);
}

void messages_close(struct handshake *h) { h->messages.open = false; }

/* What went over the air in the clear needs no wiping. */
void messages_drop(struct handshake *h)
{
	if (h->messages.bytes != NULL)
		h->cfg->release(h->cfg->alloc_arg, h->messages.bytes);
	h->messages = (struct messages){ .bytes = NULL };
}

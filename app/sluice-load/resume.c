/* SPDX-License-Identifier: BSD-3-Clause */
#include "resume.h"

#include "secret.h"

#include <stdlib.h>

bool resume_init(struct resume *r, uint32_t n, bool is_13)
{
	*r = (struct resume){ .n = n, .sessions = calloc(n, sizeof(*r->sessions)) };
	if (is_13)
		r->bases = calloc(n, sizeof(*r->bases));
	if (r->sessions != NULL && (!is_13 || r->bases != NULL))
		return true;
	resume_free(r);
	return false;
}

static void forget(struct handshake_session *s)
{
	free((void *)(uintptr_t)s->ticket);
	secret_wipe(s, sizeof(*s));
}

void resume_free(struct resume *r)
{
	for (uint32_t i = 0; r->sessions != NULL && i < r->n; i++)
		forget(&r->sessions[i]);
	free(r->sessions);
	if (r->bases != NULL)
		secret_wipe(r->bases, r->n * sizeof(*r->bases));
	free(r->bases);
	*r = (struct resume){ 0 };
}

/* In place of what was there; the ticket is copied. */
static void keep(struct handshake_session *to, const struct handshake_session *fresh)
{
	uint8_t *ticket = NULL;

	if (fresh->ticket_len > 0) {
		ticket = malloc(fresh->ticket_len);
		if (ticket == NULL)
			return; /* the one before may still be good */
		memcpy(ticket, fresh->ticket, fresh->ticket_len);
	}
	forget(to);
	*to = *fresh;
	to->ticket = ticket;
}

void resume_keep(struct resume *r, uint32_t device, const struct handshake *h)
{
	struct handshake_session fresh;

	if (r->sessions == NULL || (r->bases != NULL && handshake_resumption(h, &r->bases[device])))
		return;
	if (handshake_session(h, &fresh))
		keep(&r->sessions[device], &fresh);
	secret_wipe(&fresh, sizeof(fresh));
}

void resume_ticket(struct resume *r, uint32_t device, uint64_t now_ns, const uint8_t *text,
		   size_t len)
{
	struct handshake_session fresh;

	if (r->bases == NULL)
		return;
	if (handshake_ticket(&r->bases[device], now_ns, text, len, &fresh))
		keep(&r->sessions[device], &fresh);
	secret_wipe(&fresh, sizeof(fresh));
}

bool resume_offer(const struct resume *r, uint32_t device, struct handshake *h)
{
	const struct handshake_session *s;

	if (r->sessions == NULL)
		return false;
	s = &r->sessions[device];
	return (s->ticket_len > 0 || s->id_len > 0) && handshake_client_resume(h, s);
}

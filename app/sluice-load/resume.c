/* SPDX-License-Identifier: BSD-3-Clause */
#include "resume.h"

#include "secret.h"

#include <stdlib.h>

bool resume_init(struct resume *r, uint32_t n)
{
	*r = (struct resume){ .n = n, .sessions = calloc(n, sizeof(*r->sessions)) };
	return r->sessions != NULL;
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
	*r = (struct resume){ 0 };
}

void resume_keep(struct resume *r, uint32_t device, const struct handshake *h)
{
	struct handshake_session fresh;
	uint8_t *ticket;

	if (r->sessions == NULL || !handshake_session(h, &fresh))
		return;
	if (fresh.ticket_len > 0) {
		ticket = malloc(fresh.ticket_len);
		if (ticket == NULL)
			return; /* the one before may still be good */
		memcpy(ticket, fresh.ticket, fresh.ticket_len);
		fresh.ticket = ticket;
	} else {
		fresh.ticket = NULL;
	}
	forget(&r->sessions[device]);
	r->sessions[device] = fresh;
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

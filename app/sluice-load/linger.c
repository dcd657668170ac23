/* SPDX-License-Identifier: BSD-3-Clause */
#include "linger.h"

#include <stdlib.h>

bool linger_init(struct linger *l)
{
	*l = (struct linger){ .flights = malloc(LINGER_MAX * sizeof(*l->flights)) };
	if (l->flights == NULL)
		return false;
	for (uint32_t i = 0; i < LINGER_MAX; i++)
		l->flights[i].device = DEVICE_NONE;
	return true;
}

void linger_free(struct linger *l)
{
	free(l->flights);
	*l = (struct linger){ 0 };
}

void linger_keep(struct linger *l, struct device_cold *cold, uint32_t device,
		 const struct handshake *h)
{
	struct linger_flight *f = &l->flights[l->next];

	cold->connect = DEVICE_NONE;
	handshake_remnant(h, &f->remnant);
	f->device = DEVICE_NONE;
	if (f->remnant.message_len == 0)
		return;
	f->device = device;
	cold->connect = l->next;
	l->next = (l->next + 1) % LINGER_MAX;
}

const struct handshake_remnant *linger_answer(struct linger *l, const struct device_cold *cold,
					      uint32_t device, uint64_t now_ns, const uint8_t *text,
					      size_t len)
{
	struct linger_flight *f;

	if (cold->connect >= LINGER_MAX || l->flights[cold->connect].device != device)
		return NULL;
	f = &l->flights[cold->connect];
	return handshake_remnant_input(&f->remnant, now_ns, text, len) == REMNANT_REPEAT
		       ? &f->remnant
		       : NULL;
}

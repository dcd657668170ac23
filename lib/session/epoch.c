/* SPDX-License-Identifier: BSD-3-Clause */
#include "epoch.h"

#include "secret.h"

static enum aead_alg alg_of(const struct store *s, uint32_t slot)
{
	return session_class_alg(s->cold[slot].class);
}

/* What a record of the epoch that ends needs. */
static void keep_old(struct store *s, uint32_t slot)
{
	const struct session_hot *hot = &s->hot[slot];
	struct session_hot *old = &s->old[slot];

	lazy_touch(&s->old_lazy, slot);
	old->rx13 = hot->rx13;
	memcpy(old->old_iv, s->read13[slot].rx_iv, AEAD_IV_LEN);
	old->rx_epoch = hot->rx_epoch;
	replay_set_newest(old, replay_newest(hot));
	old->window = replay_narrow(hot, store_wide(s, slot), s->replay_window);
	atomic_store_explicit(&old->generation,
			      atomic_load_explicit(&hot->generation, memory_order_relaxed),
			      memory_order_relaxed);
	if (!session_key_overflows(alg_of(s, slot)))
		return;
	lazy_touch(&s->old_sn_lazy, slot);
	memcpy(s->old_sn_key[slot], s->overflow[slot].rx_key, sizeof(*s->old_sn_key));
}

static void next_rx(struct store *s, uint32_t slot, const struct session_rekey *in)
{
	struct session_hot *hot = &s->hot[slot];
	struct session_read13 *read = &s->read13[slot];

	keep_old(s, slot);
	if (session_put_keys13(alg_of(s, slot), &hot->rx13, in->key, in->sn_key))
		memcpy(s->overflow[slot].rx_key, in->sn_key, AEAD_KEY_MAX);
	memcpy(read->rx_iv, in->iv, AEAD_IV_LEN);
	replay_init(hot, store_wide(s, slot), s->replay_window, 0, 0);
	hot->rx_epoch = in->epoch;
	hot->rx_old = SESSION_OLD_NEEDED;
	s->cold[slot].failed_opens =
		read->failed_opens < UINT32_MAX ? (uint32_t)read->failed_opens : UINT32_MAX;
	read->failed_opens = 0;
}

static void next_tx(struct store *s, uint32_t slot, const struct session_rekey *in)
{
	struct session_read13 *read = &s->read13[slot];

	if (session_put_keys13(alg_of(s, slot), &read->tx, in->key, in->sn_key))
		memcpy(s->overflow[slot].tx_key, in->sn_key, AEAD_KEY_MAX);
	memcpy(read->tx_iv, in->iv, AEAD_IV_LEN);
	s->hot[slot].tx_number = (uint64_t)in->epoch << SESSION_SEQ_BITS;
}

bool epoch_next(struct store *s, uint32_t slot, const struct session_rekey *in)
{
	const struct session_hot *hot = &s->hot[slot];
	const uint64_t now = in->tx ? hot->tx_number >> SESSION_SEQ_BITS : hot->rx_epoch;

	if (in->epoch != (uint16_t)(now + 1))
		return false;
	if (in->tx)
		next_tx(s, slot, in);
	else
		next_rx(s, slot, in);
	return true;
}

void epoch_forget(struct store *s, uint32_t slot)
{
	if (s->hot[slot].rx_old == SESSION_OLD_NONE)
		return;
	s->hot[slot].rx_old = SESSION_OLD_NONE;
	secret_wipe(&s->old[slot], sizeof(s->old[slot]));
	if (session_key_overflows(alg_of(s, slot)))
		secret_wipe(s->old_sn_key[slot], sizeof(s->old_sn_key[slot]));
}

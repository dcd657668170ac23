/* SPDX-License-Identifier: BSD-3-Clause */
#include "epoch.h"
#include "secret.h"
#include "stages.h"

enum {
	SAID_EVERY = 1 << 16, /* records between two MSG_REKEY_WANTED */
	/* Forgeries between two of those: half the limit that RFC 9147 §4.5.3 sets for CCM, whose
	 * is the lowest but for CCM_8 (docs/decisions/forged-records.md). */
	FORGED_MANY = 1 << 22,
};

/* Where keys are renewed. One writer: another core's sessions are not this core's to change. */
static enum status renew(struct path_core *core, struct session_ref ref,
			 const struct session_rekey *in)
{
	struct store *store = core->cfg.store;
	const struct session_cold *cold = &store->cold[ref.slot];

	if (!store_live(store, ref) || cold->owner != core->cfg.index ||
	    !session_class_is_13(cold->class))
		return STATUS_STALE_REF;
	return epoch_next(store, ref.slot, in) ? STATUS_OK : STATUS_RECORD_EPOCH;
}

void rekey_run(struct path_core *core, struct rte_mbuf *m)
{
	enum status s = STATUS_HS_INTERNAL;
	struct session_rekey in;

	if (core_take(m, &in, sizeof(in)))
		s = renew(core, msg_of(m)->ref, &in);
	secret_wipe(&in, sizeof(in));
	if (s != STATUS_OK) {
		core_drop(core, m, s);
		return;
	}
	CORE_STAT(core, rekeys, 1);
	rte_pktmbuf_free(m);
}

/* The eldest, unless the session has others by now. */
static void forget_first(struct path_core *core)
{
	struct rekey_late *late = &core->rekeyed;
	const struct rekey_former *f = &late->at[late->first];
	const struct session_hot *old = epoch_old(core->cfg.store, f->ref);

	if (old != NULL && old->rx_epoch == f->epoch)
		epoch_forget(core->cfg.store, f->ref.slot);
	late->first = (late->first + 1) % REKEY_LATE_MAX;
	late->n--;
}

void rekey_opened(struct path_core *core, const struct core_record *rec)
{
	struct rekey_late *late = &core->rekeyed;

	if (rec->old) {
		/* The sweep would not see that it lives: its newest number is of the new epoch. */
		core->cfg.store->cold[rec->ref.slot].idle_sweeps = 0;
		return;
	}
	rec->hot->rx_old = SESSION_OLD_LATE;
	if (late->n == REKEY_LATE_MAX)
		forget_first(core);
	late->at[(late->first + late->n++) % REKEY_LATE_MAX] =
		(struct rekey_former){ .ref = rec->ref,
				       .until_ns = core->now_ns + REKEY_LATE_NS,
				       .epoch = (uint16_t)(rec->hot->rx_epoch - 1) };
}

void rekey_sweep(struct path_core *core)
{
	const struct rekey_late *late = &core->rekeyed;

	while (late->n > 0 && late->at[late->first].until_ns <= core->now_ns)
		forget_first(core);
}

static void want(struct path_core *core, struct session_ref ref, uint8_t update)
{
	const struct session_cold *cold = &core->cfg.store->cold[ref.slot];
	const struct table_hit maker = core_maker(core, ref);
	const struct msg wanted = { .kind = MSG_REKEY_WANTED,
				    .flow = cold->flow,
				    .hop = cold->hop,
				    .ref = ref,
				    .class = cold->class,
				    .update = update,
				    .peer_hs = maker.ref };

	core_say(core, &wanted, maker.owner);
}

void rekey_forged(struct path_core *core, struct session_ref ref, uint64_t failed_opens)
{
	if (failed_opens % FORGED_MANY == 0)
		want(core, ref, 1);
}

void rekey_sealed_many(struct path_core *core, struct session_ref ref, uint64_t beyond)
{
	if (beyond % SAID_EVERY == 0)
		want(core, ref, 0);
}

void rekey_sealed(struct path_core *core, const struct msg *seal, uint64_t number)
{
	const struct msg sealed = { .kind = MSG_SEALED,
				    .flow = seal->flow,
				    .ref = seal->ref,
				    .class = seal->class,
				    .peer_hs = seal->peer_hs,
				    .number = number };

	core_say(core, &sealed, seal->from);
}

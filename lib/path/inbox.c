/* SPDX-License-Identifier: BSD-3-Clause */
#include "stages.h"

/* A datagram that another core had first: it is looked up as if it came from a port. */
static void datagram_add(struct path_core *core, struct rte_mbuf *m)
{
	if (++msg_of(m)->hops > MSG_HOPS_MAX) {
		core_drop(core, m, STATUS_HANDOFF_LIMIT);
		return;
	}
	CORE_STAT(core, handoffs_in, 1);
	core->datagrams[core->n_datagrams++] = m;
}

/* In DTLS 1.3 an alert of a handshake core says what a message after the handshake should not have
 * been: the session ends behind it. */
static void seal(struct path_core *core, struct rte_mbuf *m)
{
	const struct msg *msg = msg_of(m);
	const struct session_ref ref = msg->ref;
	const bool last = msg->type == RECORD_ALERT && session_class_is_13(msg->class);

	seal_add(core, m);
	if (!last)
		return;
	seal_run(core); /* while the keys exist */
	core_retire(core, ref, STATUS_SESSION_POST_HANDSHAKE);
}

static __attribute__((noinline)) void message(struct path_core *core, struct rte_mbuf *m)
{
	switch ((enum msg_kind)msg_of(m)->kind) {
	case MSG_HANDOFF:
	case MSG_DATAGRAM:
	case MSG_HELLO:
		datagram_add(core, m);
		return;
	case MSG_INSTALL:
		seal_run(core); /* what a session that is replaced has to say goes out first */
		install_run(core, m);
		return;
	case MSG_PROVED:
		away_proved(core, msg_of(m)->ref, &msg_of(m)->flow);
		rte_pktmbuf_free(m);
		return;
	case MSG_REPLY_AWAY:
		away_reply(core, m);
		return;
	case MSG_SEND:
		tx_datagrams(core, &m, 1);
		return;
	case MSG_SEAL:
		seal(core, m);
		return;
	case MSG_REPLY:
		seal_add(core, m);
		return;
	case MSG_REKEY:
		seal_run(core); /* what came before it is sealed under the keys before */
		rekey_run(core, m);
		return;
	case MSG_CID_OWN:
		cids_own(core, m);
		return;
	case MSG_CID_PEER:
		seal_run(core); /* as above */
		cids_peer(core, m);
		return;
	case MSG_OPENED:
	case MSG_LATE:
	case MSG_INSTALLED:
	case MSG_CLOSED:
	case MSG_SEALED:
	case MSG_REKEY_WANTED:
	case MSG_COAP:
		break;
	}
	core_drop(core, m, STATUS_STALE_REF); /* not for a poll core: it names nothing of ours */
}

/* What nearly all are: replies, up to the first message that is none, or has no room; returns how
 * many. */
static unsigned replies(struct path_core *core, struct rte_mbuf **mbufs, unsigned n)
{
	struct rte_mbuf **to = &core->seals[core->n_seals];
	unsigned room = CORE_RECORDS_MAX - core->n_seals, i;

	n = RTE_MIN(n, room);
	for (i = 0; i < n && msg_of(mbufs[i])->kind == MSG_REPLY; i++) {
		seal_fetch(core->cfg.store, mbufs[i]);
		to[i] = mbufs[i];
	}
	core->n_seals += i;
	return i;
}

void inbox_run(struct path_core *core, struct rte_mbuf **mbufs, unsigned n)
{
	for (unsigned i = 0; i < n; i++) {
		i += replies(core, mbufs + i, n - i);
		if (i < n)
			message(core, mbufs[i]);
	}
}

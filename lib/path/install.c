/* SPDX-License-Identifier: BSD-3-Clause */
#include "secret.h"
#include "stages.h"

/* The entry of the handshake that is over: from now on the session's is the only one. */
static void pending_remove(struct path_core *core, const struct flow *flow, struct session_ref hs)
{
	struct flow_hash hash;

	flow_hash_burst(&core->cfg.store->hash_key, &flow, &hash, 1);
	(void)table_remove(core->cfg.pending, &hash, hs); /* its core may have been quicker */
}

/* MSG_INSTALLED, in the same mbuf. A refused one gives the identity back to the handshake core. */
static void report(struct path_core *core, struct rte_mbuf *m, const struct session_install *in,
		   struct session_ref ref)
{
	struct msg *msg = msg_of(m);

	msg->kind = MSG_INSTALLED;
	msg->ref = ref;
	msg->from = core->cfg.index;
	m->data_len = 0;
	m->pkt_len = 0;
	if (ref.generation == 0) {
		uintptr_t identity = (uintptr_t)in->identity;

		memcpy(rte_pktmbuf_append(m, sizeof(identity)), &identity, sizeof(identity));
	}
	outbox_put(&core->to_handshake[in->handshake_core], &core->counts, m);
}

void install_run(struct path_core *core, struct rte_mbuf *m)
{
	struct session_ref ref = { 0, 0 }, replaced = { 0, 0 };
	struct session_install in;
	enum status s;

	if (!core_take(m, &in, sizeof(in)) || in.handshake_core >= core->cfg.n_handshake) {
		core_drop(core, m, STATUS_HS_INTERNAL);
		return;
	}
	s = store_install(core->cfg.store, core->cfg.index, &in, &ref, &replaced);
	secret_wipe(in.rx_key, sizeof(in.rx_key));
	secret_wipe(in.tx_key, sizeof(in.tx_key));
	secret_wipe(in.rx_sn_key, sizeof(in.rx_sn_key));
	secret_wipe(in.tx_sn_key, sizeof(in.tx_sn_key));
	secret_wipe(in.rx_iv, sizeof(in.rx_iv));
	secret_wipe(in.tx_iv, sizeof(in.tx_iv));
	if (s != STATUS_OK) {
		core_count(core, s);
		ref.generation = 0;
	} else {
		CORE_STAT(core, installs, 1);
	}
	if (replaced.generation != 0)
		core_retire(core, replaced, STATUS_SESSION_REPLACED);
	pending_remove(core, &in.flow, msg_of(m)->peer_hs);
	report(core, m, &in, ref);
}

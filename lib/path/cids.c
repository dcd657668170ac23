/* SPDX-License-Identifier: BSD-3-Clause */
/* Connection IDs that change while a session of DTLS 1.3 lives (RFC 9147 §9). */
#include "seal.h"
#include "spare_cids.h"
#include "stages.h"

/* IDs of ours, one behind the other. false: there was not room for all; the peer has been told of
 * them, so records with one that is not there are lost until it goes back to another. */
static bool add_all(struct path_core *core, struct session_ref ref, struct rd cids)
{
	const size_t len = core->cid_len;
	struct rd cid;

	while (len > 0 && rd_sub(&cids, len, &cid))
		if (!spare_cids_add(core->cfg.store, ref, cid.p, len))
			return false;
	return rd_len(&cids) == 0;
}

/* The owner's, with IDs in this direction; another core's are not this core's to change. */
static bool is_mine(const struct path_core *core, struct session_ref ref, uint8_t class)
{
	const struct store *store = core->cfg.store;

	return store_live(store, ref) && store->cold[ref.slot].owner == core->cfg.index &&
	       (store->cold[ref.slot].class & class) != 0;
}

void cids_own(struct path_core *core, struct rte_mbuf *m)
{
	const struct session_ref ref = msg_of(m)->ref;
	const struct rd cids = rd_of(rte_pktmbuf_mtod(m, const void *), rte_pktmbuf_data_len(m));

	if (!is_mine(core, ref, SESSION_CLASS_CID)) {
		core_drop(core, m, STATUS_STALE_REF);
	} else if (!add_all(core, ref, cids)) {
		core_drop(core, m, STATUS_SESSION_FULL);
	} else {
		rte_pktmbuf_free(m);
	}
}

void cids_peer(struct path_core *core, struct rte_mbuf *m)
{
	const struct session_ref ref = msg_of(m)->ref;
	const size_t len = rte_pktmbuf_data_len(m);

	if (!is_mine(core, ref, SESSION_CLASS_CID_OUT) || len == 0 || len > SESSION_PEER_CID_MAX) {
		core_drop(core, m, STATUS_STALE_REF);
		return;
	}
	store_set_peer_cid(core->cfg.store, ref.slot, rte_pktmbuf_mtod(m, const uint8_t *),
			   (uint8_t)len);
	rte_pktmbuf_free(m);
}

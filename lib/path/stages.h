/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * The stages, in packet order; each is the file of its name. Inside lib/path only. Owner core only.
 *
 *   frames ─ rx ─ lookup ─ route ┬─ admit ──────────────────────────────► handshake core, or tx
 *                                ├─ split ─ check ─ open ─ commit ─ dispatch ─► worker, …
 *                DTLS 1.3:       └─ split13 ─ open13 ─ commit13 ─ dispatch ─► worker, …
 *   from other nodes ─ forward ─ lookup; from route: forward ─ tx
 *   messages ─ inbox ┬───────────── lookup (handed-off datagrams)
 *                    ├─ install, rekey
 *                    └─ seal ─ tx
 */
#pragma once

#include "core.h"

/* rx: frames of a port become datagrams: core->datagrams, with flow and hop in their msg and the
 * data trimmed to the UDP payload. The network's own requests are answered on the spot. */
void rx_run(struct path_core *core, unsigned port, struct rte_mbuf **mbufs, unsigned n);

/* rx_is_ours: whether a flow's local end is an address of ours on ports[port], and listened on. */
bool rx_is_ours(const struct path_core *core, unsigned port, const struct flow *flow);

/* forward (forward_nodes.h): between nodes. forward_run: a datagram whose session another node has,
 * to that node. forward_back: one whose hop is forward_hop_is, back through that node. Both wait
 * until forward_flush, which gives them their MACs and transmits. forward_add: a datagram of
 * another node, to wait until forward_take, which puts those of our sessions' devices into
 * core->datagrams and sends answers on; false: it is none. There is room for what waits in
 * core->datagrams. */
void forward_run(struct path_core *core, struct rte_mbuf *m, uint8_t node);
void forward_back(struct path_core *core, struct rte_mbuf *m);
void forward_flush(struct path_core *core);
bool forward_add(struct path_core *core, struct rte_mbuf *m);
void forward_take(struct path_core *core);

/* forward_nodes_link: the next hop on the way to a neighbour; false: its link address is not known
 * yet. forward_nodes_learn: whether a frame told the link address of a neighbour.
 * forward_nodes_ask: asks for those that are due. */
bool forward_nodes_link(const struct path_core *core, uint8_t neighbour, struct nexthop *out);
bool forward_nodes_learn(struct path_core *core, unsigned port, const struct rte_mbuf *m);
void forward_nodes_ask(struct path_core *core);

/* lookup: whose datagram each one is: core->hashes and core->hits, hot lines on their way.
 * lookup_ahead: its first half for the datagrams so far: hashes them and sends for their buckets.
 * rx calls it for every LOOKUP_AHEAD datagrams, so that buckets come while it parses the next. */
enum { LOOKUP_AHEAD = 16 }; /* what flow_hash_burst does best */
void lookup_ahead(struct path_core *core);
void lookup_run(struct path_core *core);

/* route: each datagram to its owner, the gate, a handshake under way, or, if it is one of our
 * sessions', to core->mine. */
void route_run(struct path_core *core);

/* admit: a ClientHello for the gate; admit_run decides all of them. Stateless: nothing is looked up
 * for a hello before its cookie has verified. */
void admit_add(struct path_core *core, struct rte_mbuf *m);
void admit_run(struct path_core *core);

/* split: the records of each datagram in core->mine into core->records; runs those that wait when
 * there is no room. The copy of a datagram goes to the handshake of pending_owner when the first
 * record does not open. */
void split_run(struct path_core *core);

/* split13: the same for one datagram of a DTLS 1.3 session, into core->records13. split13_singles:
 * for those with single13 at the front of such a run, as far as they are what nearly all are and
 * there is room; returns how many. */
void split13(struct path_core *core, const struct core_mine *d);
unsigned split13_singles(struct path_core *core, const struct core_mine *mine, unsigned n);

/* What both use. split_copy: a fresh mbuf with these bytes of a datagram alone, for every record
 * but the first; NULL: there is none. split_keep_copy: the copy of a datagram goes with its first
 * record, or, if there is none (NULL), to the handshake. */
struct rte_mbuf *split_copy(struct path_core *core, struct rte_mbuf *datagram,
			    const uint8_t *record, const uint8_t *end);
void split_keep_copy(struct path_core *core, const struct core_mine *d, struct core_record *first);

/* split_next: the next record of DTLS 1.2, or in the clear; cid_len: of the connection IDs that the
 * peer was given. Without them, one that has one is passed by (bad-input A18). */
static inline enum status split_next(struct rd *left, size_t cid_len, struct record *out)
{
	return cid_len == 0 ? record_next(left, out) : record_next_cid(left, cid_len, out);
}

/* split_same_cid: whether a record's connection ID, if it has one, is that of those before it in
 * the datagram; if not, "the rest of the datagram MUST be discarded" (RFC 9147 §4; bad-input I8).
 */
static inline bool split_same_cid(struct rd *before, struct rd cid)
{
	if (rd_len(&cid) == 0)
		return true;
	if (rd_len(before) == 0)
		*before = cid;
	return rd_len(before) == rd_len(&cid) && memcmp(before->p, cid.p, rd_len(&cid)) == 0;
}

/* records_run: check, open, commit and dispatch, for both versions. */
void records_run(struct path_core *core);

/* check: drops records whose session has gone, whose number was seen or whose source forges. */
void check_run(struct path_core *core);

/* open: verifies and decrypts in place, a batch an algorithm; rec->op->ok. */
void open_run(struct path_core *core);

/* commit: what a verified tag entitles to: the window moves. Drops what did not open, and all but
 * one of equal records. */
void commit_run(struct path_core *core);

/* commit_genuine: what a tag that verified says of a record's source. */
static inline void commit_genuine(struct path_core *core, const struct core_record *rec)
{
	if (unlikely(throttle_active(&core->throttle, core->now_ns)))
		throttle_genuine(&core->throttle, rec->ref);
}

/* throttle_source: whose tokens a record of a suspect session takes. One of a session that has a
 * connection ID may come from anywhere, so that forgers could have as many sources as they like:
 * all that are not from their sessions' paths have one. */
static inline const uint8_t *throttle_source(const struct core_record *rec)
{
	static const uint8_t anywhere[16];

	return rec->away ? anywhere : msg_of(rec->m)->flow.remote_ip;
}

/* commit_settle: what follows from a record's commit: it is lost, or the next of those kept. */
static inline void commit_settle(struct path_core *core, struct core_record *rec, enum status s,
				 struct core_record *kept, unsigned *n_kept)
{
	if (unlikely(s != STATUS_OK)) {
		core_lose(core, rec, s);
		return;
	}
	if (unlikely(rec->copy != NULL))
		rte_pktmbuf_free(rec->copy); /* it was the session's */
	kept += (*n_kept)++;
	if (unlikely(kept != rec))
		*kept = *rec;
}

/* commit_take_inner: the inner plaintext of a record becomes its content and its type, one that is
 * known; bad-input A16, A17. */
static inline bool commit_take_inner(struct core_record *rec)
{
	size_t len;

	if (!record13_take_inner(rec->body, rec->plain_len, &rec->type, &len))
		return false;
	rec->plain_len = (uint16_t)len;
	return rec->type == RECORD_APPDATA || rec->type == RECORD_HANDSHAKE ||
	       rec->type == RECORD_ALERT || rec->type == RECORD_ACK || rec->type == RECORD_RRC;
}

/* commit_number: marks the number of a genuine record. */
static inline enum status commit_number(struct path_core *core, struct core_record *rec)
{
	const struct store *store = core->cfg.store;
	const bool newer = !rec->old && replay_is_newer(rec->hot, rec->seq);
	const enum status s =
		replay_commit(rec->hot, core_wide(store, rec), core_window(store, rec), rec->seq);

	if (unlikely(rec->away) && s == STATUS_OK)
		away_arrived(core, rec, newer);
	return s;
}

/* open13: takes the masks off record numbers, then as check and open. Numbers seen are not looked
 * for before records are opened: to drop them sooner would tell by its time what their numbers are
 * (rfc9147bis §4.5.1). */
void open13_run(struct path_core *core);

/* commit13: as commit. Takes the inner plaintext apart. */
void commit13_run(struct path_core *core);

/* dispatch: n records by content type: plaintext to the worker, to the handshake core, or an alert
 * acted on. */
void dispatch_run(struct path_core *core, const struct core_record *records, unsigned n);

/* inbox: messages of other cores, in their order: datagrams into core->datagrams, the rest done. */
void inbox_run(struct path_core *core, struct rte_mbuf **mbufs, unsigned n);

/* install: a finished handshake's session becomes live (MSG_INSTALL). Takes m over. */
void install_run(struct path_core *core, struct rte_mbuf *m);

/* rekey: the next keys of a session (MSG_REKEY). Takes m over. */
void rekey_run(struct path_core *core, struct rte_mbuf *m);

/* cids_own, cids_peer: MSG_CID_OWN, MSG_CID_PEER; take the message over. */
void cids_own(struct path_core *core, struct rte_mbuf *m);
void cids_peer(struct path_core *core, struct rte_mbuf *m);

/* rekey_opened: a record opened that is of the epoch before, or the first of the newest: the former
 * epoch's keys go soon. rekey_forged: a record did not, nor did so many others under the newest
 * keys; rekey_sealed_many: ours are worn, and sealed so many since. Both ask for new keys now and
 * then. rekey_sealed: tells who asked (told) the number that a message got. */
void rekey_opened(struct path_core *core, const struct core_record *rec);
void rekey_forged(struct path_core *core, struct session_ref ref, uint64_t failed_opens);
void rekey_sealed_many(struct path_core *core, struct session_ref ref, uint64_t beyond);
void rekey_sealed(struct path_core *core, const struct msg *seal, uint64_t number);

/* rekey_sweep: wipes keys of former epochs whose time is over. */
void rekey_sweep(struct path_core *core);

/* seal: a message (MSG_REPLY, MSG_SEAL) waits to be sealed; seal_run seals and transmits all. */
void seal_run(struct path_core *core);

/* seal_fetch: the hot lines of a message's session on its way. */
static inline void seal_fetch(const struct store *store, struct rte_mbuf *m)
{
	const struct msg *msg = msg_of(m);
	const uint32_t slot = RTE_MIN(msg->ref.slot, store->n_slots - 1);

	rte_prefetch0(&store->hot[slot]);
	if (session_class_is_13(msg->class))
		rte_prefetch0(&store->read13[slot]);
}

static inline void seal_add(struct path_core *core, struct rte_mbuf *m)
{
	if (core->n_seals == CORE_RECORDS_MAX)
		seal_run(core);
	seal_fetch(core->cfg.store, m);
	core->seals[core->n_seals++] = m;
}

/* tx: datagrams get their headers (tx_datagrams: to msg's flow and hop), or a whole frame goes out
 * of ports[port] (tx_frame). tx_flush gives all that waits to the ports. */
void tx_datagrams(struct path_core *core, struct rte_mbuf **m, unsigned n);
void tx_frame(struct path_core *core, unsigned port, struct rte_mbuf *m);
void tx_flush(struct path_core *core);

/* sweep: closes idle sessions among the few slots that are due. */
void sweep_run(struct path_core *core);

/* evict: closes some of the sessions that path_evict named, with an alert. */
void evict_run(struct path_core *core);

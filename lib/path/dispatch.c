/* SPDX-License-Identifier: BSD-3-Clause */
#include "seal.h"
#include "stages.h"

/* Warnings and malformed alerts that a session may send in its life (bad-input J5). */
enum { ALERTS_MAX = 200 };

/* Each session has its worker. */
static void to_workers(struct path_core *core, struct rte_mbuf *const *m, unsigned n)
{
	const unsigned n_workers = core->cfg.n_workers;

	if (n_workers == 1) {
		outbox_put_all(&core->to_worker[0], &core->counts, m, n);
		return;
	}
	for (unsigned i = 0; i < n; i++)
		outbox_put(&core->to_worker[msg_of(m[i])->ref.slot % n_workers], &core->counts,
			   m[i]);
}

/* A repeated final flight, a renegotiation to refuse, an ACK: the core that made the session knows.
 * That core is all devices', so one may ask it this often only; what is lost comes again. */
static void to_handshake(struct path_core *core, const struct core_record *rec)
{
	const struct table_hit maker = core_maker(core, rec->ref);
	const uint64_t epoch = session_class_is_13(rec->class) ? rec->hot->rx_epoch : 1;

	if (!throttle_session_take(&core->post, rec->ref, THROTTLE_POST, core->now_ns)) {
		core_drop(core, rec->m, STATUS_RECORD_THROTTLED);
		return;
	}
	msg_of(rec->m)->number = epoch << SESSION_SEQ_BITS | rec->seq;
	core_to_handshake(core, rec->m, MSG_OPENED, &maker);
}

/* The record's mbuf becomes our last alert, and the session ends. */
static void end(struct path_core *core, const struct core_record *rec, enum alert last,
		enum status why)
{
	seal_alert(rec->m, last); /* there was a tag, so there is room */
	seal_add(core, rec->m);
	seal_run(core); /* while the keys exist; replies that waited go first */
	core_retire(core, rec->ref, why);
}

static void ignore_alert(struct path_core *core, const struct core_record *rec)
{
	struct session_cold *cold = &core->cfg.store->cold[rec->ref.slot];

	core_count(core, STATUS_ALERT_IGNORED);
	if (++cold->alerts > ALERTS_MAX)
		end(core, rec, ALERT_CLOSE_NOTIFY, STATUS_SESSION_ALERTS);
	else
		rte_pktmbuf_free(rec->m);
}

/* In DTLS 1.3 every alert but two is an error, whatever its level says (RFC 8446 §6). */
static bool alert_ends(const struct core_record *rec, uint8_t level, uint8_t what)
{
	if (session_class_is_13(rec->class))
		return what != ALERT_USER_CANCELED;
	return level == ALERT_FATAL;
}

static void alert(struct path_core *core, const struct core_record *rec)
{
	struct rd r = rd_of(rte_pktmbuf_mtod(rec->m, uint8_t *), rec->plain_len);
	uint8_t level, what;
	bool whole = rd_u8(&r, &level) && rd_u8(&r, &what) && rd_len(&r) == 0;

	/* RFC 5246 §7.2.1: "The other party MUST respond with a close_notify alert of its own and
	 * close down the connection immediately, discarding any pending writes." */
	if (whole && what == ALERT_CLOSE_NOTIFY) {
		end(core, rec, ALERT_CLOSE_NOTIFY, STATUS_SESSION_CLOSED);
	} else if (whole && alert_ends(rec, level, what)) {
		rte_pktmbuf_free(rec->m);
		core_retire(core, rec->ref, STATUS_SESSION_CLOSED);
	} else {
		ignore_alert(core, rec);
	}
}

/* The mbuf's data becomes the plaintext. */
static inline void unwrap(struct path_core *core, const struct core_record *rec)
{
	struct rte_mbuf *m = rec->m;
	struct msg *msg = msg_of(m);

	m->data_off = (uint16_t)(rec->body - (uint8_t *)m->buf_addr);
	m->data_len = rec->plain_len;
	m->pkt_len = rec->plain_len;
	msg->ref = rec->ref;
	msg->type = rec->type;
	msg->class = rec->class | (rec->away ? MSG_CLASS_AWAY : 0);
	msg->from = core->cfg.index;
}

/* RFC 6066 §4, RFC 8449 §4. Hardly a record is so long that the cold part has to be asked. */
static inline bool too_long(const struct path_core *core, const struct core_record *rec)
{
	return unlikely(rec->plain_len > SESSION_RX_LIMIT_MIN) &&
	       session_beyond(core->cfg.store->cold[rec->ref.slot].rx_limit, rec->plain_len);
}

/* Returns whether it was one for a worker. */
static inline bool dispatch(struct path_core *core, const struct core_record *rec)
{
	/* A record in front of it may have closed the session. */
	if (unlikely(atomic_load_explicit(&rec->hot->generation, memory_order_acquire) !=
		     rec->ref.generation)) {
		core_drop(core, rec->m, STATUS_RECORD_AFTER_CLOSE);
		return false;
	}
	if (unlikely(rec->plain_len == 0)) {
		core_drop(core, rec->m, STATUS_RECORD_EMPTY);
		return false;
	}
	unwrap(core, rec);
	if (too_long(core, rec)) {
		end(core, rec, ALERT_RECORD_OVERFLOW, STATUS_SESSION_RECORD_SIZE);
		return false;
	}
	if (likely(rec->type == RECORD_APPDATA)) {
		msg_of(rec->m)->kind = MSG_COAP;
		return true;
	}
	if (rec->type == RECORD_RRC)
		away_check(core, rec);
	else if (rec->type == RECORD_ALERT)
		alert(core, rec);
	else
		to_handshake(core, rec);
	return false;
}

void dispatch_run(struct path_core *core, const struct core_record *records, unsigned n)
{
	struct rte_mbuf *coap[CORE_RECORDS_MAX];
	unsigned n_coap = 0;

	for (unsigned i = 0; i < n; i++)
		if (likely(dispatch(core, &records[i])))
			coap[n_coap++] = records[i].m;
	to_workers(core, coap, n_coap);
	CORE_STAT(core, coap_out, n_coap);
}

/* SPDX-License-Identifier: BSD-3-Clause */
#include "handshake_send.h"

/* A message with len bytes of data; NULL (counted) without an mbuf. */
static struct rte_mbuf *message(const struct handshake_send *s, enum msg_kind kind,
				const void *data, size_t len)
{
	struct rte_mbuf *mbuf = rte_pktmbuf_alloc(s->pool);

	if (mbuf == NULL) {
		status_add(s->counts, STATUS_NO_MBUF, 1);
		return NULL;
	}
	*msg_of(mbuf) = (struct msg){ .kind = (uint8_t)kind };
	if (len)
		memcpy(rte_pktmbuf_append(mbuf, (uint16_t)len), data, len);
	return mbuf;
}

void handshake_send_mbuf(const struct handshake_send *s, unsigned poll, struct rte_mbuf *mbuf)
{
	struct rte_ring *ring = mesh_ring(s->mesh, MESH_POLL, poll, s->core);

	if (rte_ring_sp_enqueue(ring, mbuf) != 0) {
		status_add(s->counts, STATUS_RING_FULL, 1);
		rte_pktmbuf_free(mbuf);
	}
}

void handshake_send_datagram(const struct handshake_send *s, const struct handshake_slot *slot,
			     enum msg_kind kind, const uint8_t *bytes, size_t len)
{
	struct rte_mbuf *mbuf = message(s, kind, bytes, len);

	if (mbuf == NULL)
		return;
	msg_of(mbuf)->flow = slot->flow;
	msg_of(mbuf)->hop = slot->hop;
	handshake_send_mbuf(s, slot->owner, mbuf);
}

/* MSG_SEAL for who sent a request; NULL without an mbuf. */
static struct rte_mbuf *seal(const struct handshake_send *s, const struct msg *request,
			     enum record_type type, const void *bytes, size_t len)
{
	struct rte_mbuf *mbuf = message(s, MSG_SEAL, bytes, len);

	if (mbuf == NULL)
		return NULL;
	msg_of(mbuf)->flow = request->flow;
	msg_of(mbuf)->hop = request->hop;
	msg_of(mbuf)->ref = request->ref;
	msg_of(mbuf)->class = request->class;
	msg_of(mbuf)->type = (uint8_t)type;
	return mbuf;
}

void handshake_send_seal(const struct handshake_send *s, const struct msg *request,
			 enum record_type type, const void *bytes, size_t len, uint16_t prefix_len)
{
	struct rte_mbuf *mbuf = seal(s, request, type, bytes, len);

	if (mbuf == NULL)
		return;
	msg_of(mbuf)->prefix_len = prefix_len;
	handshake_send_mbuf(s, request->from, mbuf);
}

void handshake_send_told(const struct handshake_send *s, const struct msg *request,
			 const void *bytes, size_t len, uint16_t token)
{
	struct rte_mbuf *mbuf = seal(s, request, RECORD_HANDSHAKE, bytes, len);

	if (mbuf == NULL)
		return;
	msg_of(mbuf)->told = true;
	msg_of(mbuf)->from = (uint8_t)s->index;
	msg_of(mbuf)->peer_hs = (struct session_ref){ .slot = token };
	handshake_send_mbuf(s, request->from, mbuf);
}

bool handshake_send_cids(const struct handshake_send *s, const struct msg *request,
			 enum msg_kind kind, const uint8_t *cids, size_t len)
{
	struct rte_mbuf *mbuf = message(s, kind, cids, len);

	if (mbuf == NULL)
		return false;
	msg_of(mbuf)->ref = request->ref;
	msg_of(mbuf)->class = request->class;
	handshake_send_mbuf(s, request->from, mbuf);
	return true;
}

struct rte_mbuf *handshake_send_reserve(const struct handshake_send *s, unsigned poll,
					enum msg_kind kind, unsigned behind)
{
	if (mesh_room(s->mesh, MESH_POLL, poll, s->core) < 1 + behind)
		return NULL;
	return message(s, kind, NULL, 0);
}

void handshake_send_rekey(const struct handshake_send *s, const struct msg *request,
			  const struct session_rekey *keys, struct rte_mbuf *mbuf)
{
	memcpy(rte_pktmbuf_append(mbuf, sizeof(*keys)), keys, sizeof(*keys));
	msg_of(mbuf)->ref = request->ref;
	msg_of(mbuf)->class = request->class;
	handshake_send_mbuf(s, request->from, mbuf);
}

static uint16_t limit_of(uint16_t agreed) { return agreed < RECORD_PLAINTEXT_MAX ? agreed : 0; }

static uint8_t cid_fill(uint8_t *out, struct rd cid)
{
	size_t len = rd_len(&cid);

	return len != 0 && rd_copy(&cid, out, len) ? (uint8_t)len : 0;
}

static void fill(struct session_install *in, const struct handshake_slot *slot,
		 struct session_ref ref, const struct handshake_event *event)
{
	*in = (struct session_install){
		.flow = slot->flow,
		.hop = slot->hop,
		.identity = event->identity,
		.tx_seq = event->tx_seq,
		.rx_newest = event->rx_newest,
		.rx_window = event->rx_window,
		.handshake_slot = ref.slot,
		.handshake_generation = ref.generation,
		.tx_limit = limit_of(event->tx_limit),
		.rx_limit = limit_of(event->rx_limit),
		.suite = event->suite->id,
		.auth = event->credential->kind,
		.aead = (uint8_t)event->suite->aead,
		.version = suite_is_13(event->suite) ? DTLS_1_3 : DTLS_1_2,
	};
	in->own_cid_len = cid_fill(in->own_cid, event->own_cid);
	in->peer_cid_len = cid_fill(in->peer_cid, event->peer_cid);
	in->rrc = event->rrc;
	memcpy(in->rx_key, event->keys->client_key, AEAD_KEY_MAX);
	memcpy(in->tx_key, event->keys->server_key, AEAD_KEY_MAX);
	memcpy(in->rx_iv, event->keys->client_iv, AEAD_IV_LEN);
	memcpy(in->tx_iv, event->keys->server_iv, AEAD_IV_LEN);
	memcpy(in->rx_sn_key, event->keys->client_sn, AEAD_KEY_MAX);
	memcpy(in->tx_sn_key, event->keys->server_sn, AEAD_KEY_MAX);
}

void handshake_send_install(const struct handshake_send *s, const struct handshake_slot *slot,
			    struct session_ref ref, const struct handshake_event *event,
			    struct rte_mbuf *mbuf)
{
	struct session_install *in =
		(struct session_install *)rte_pktmbuf_append(mbuf, sizeof(*in));

	fill(in, slot, ref, event);
	in->handshake_core = (uint8_t)s->index;
	msg_of(mbuf)->flow = slot->flow;
	msg_of(mbuf)->hop = slot->hop;
	msg_of(mbuf)->peer_hs = ref;
	handshake_send_mbuf(s, slot->owner, mbuf);
	for (size_t i = 0; i < event->n_held; i++)
		handshake_send_datagram(s, slot, MSG_HANDOFF, event->held[i].bytes,
					event->held[i].len);
}

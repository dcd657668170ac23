/* SPDX-License-Identifier: BSD-3-Clause */
#include "keys12.h"

#include "secret.h"

static enum hs_next on_key_block(struct handshake *h)
{
	struct traffic_keys keys;
	bool ok = key_block_slice(h->suite, h->job.prf_out, h->job.prf_out_len, &keys);

	if (ok)
		connection_keys(h, 1, &keys);
	secret_wipe(&keys, sizeof(keys));
	return ok ? h->then(h) : connection_fail(h, STATUS_HS_INTERNAL, ALERT_INTERNAL_ERROR);
}

enum hs_next keys12_expand(struct handshake *h, enum hs_next (*then)(struct handshake *h))
{
	struct connection_prf p = {
		.label = "key expansion",
		.secret = h->master,
		.secret_len = sizeof(h->master),
		.key = &h->master_key,
		.seed1 = h->server_random,
		.seed1_len = sizeof(h->server_random),
		.seed2 = h->client_random,
		.seed2_len = sizeof(h->client_random),
		.out_len = key_block_len(h->suite),
	};

	h->then = then;
	return connection_prf(h, &p, on_key_block);
}

static enum hs_next on_master(struct handshake *h)
{
	memcpy(h->master, h->job.prf_out, sizeof(h->master));
	h->master_key.made = false;
	secret_wipe(h->premaster, sizeof(h->premaster));
	return keys12_expand(h, h->then);
}

bool keys12_premaster(struct handshake *h, const uint8_t *shared, size_t shared_len)
{
	size_t len = 0;

	switch (h->suite->kx) {
	case KX_PSK:
		len = key_psk_premaster(h->psk, h->psk_len, h->premaster);
		break;
	case KX_ECDHE_PSK:
		len = key_ecdhe_psk_premaster(shared, shared_len, h->psk, h->psk_len, h->premaster);
		break;
	case KX_ECDHE_ECDSA:
		len = shared_len;
		memcpy(h->premaster, shared, len);
		break;
	case KX_TLS13: /* none */
		break;
	}
	h->premaster_len = (uint8_t)len;
	return len != 0;
}

enum hs_next keys12_derive(struct handshake *h, enum hs_next (*then)(struct handshake *h))
{
	struct connection_prf classic = {
		.label = "master secret",
		.seed1 = h->client_random,
		.seed1_len = sizeof(h->client_random),
		.seed2 = h->server_random,
		.seed2_len = sizeof(h->server_random),
	};
	struct connection_prf extended = { .label = "extended master secret", .seed1 = h->hash };
	struct connection_prf *p = h->ems ? &extended : &classic;

	if (!connection_hash(h))
		return connection_fail(h, STATUS_HS_INTERNAL, ALERT_INTERNAL_ERROR);
	extended.seed1_len = h->hash_len;
	p->secret = h->premaster;
	p->secret_len = h->premaster_len;
	p->out_len = sizeof(h->master);
	h->then = then;
	return connection_prf(h, p, on_master);
}

enum hs_next keys12_verify_data(struct handshake *h, bool of_client,
				enum hs_next (*resume)(struct handshake *h))
{
	struct connection_prf p = {
		.label = of_client ? "client finished" : "server finished",
		.secret = h->master,
		.secret_len = sizeof(h->master),
		.key = &h->master_key,
		.seed1 = h->hash,
		.out_len = VERIFY_DATA_LEN,
	};

	if (!connection_hash(h))
		return connection_fail(h, STATUS_HS_INTERNAL, ALERT_INTERNAL_ERROR);
	p.seed1_len = h->hash_len;
	return connection_prf(h, &p, resume);
}

enum hs_next keys12_peer_finished(struct handshake *h, const struct reassembly_message *m,
				  enum hs_next (*resume)(struct handshake *h))
{
	struct rd body = m->body;
	enum hs_next next;

	if (!rd_copy(&body, h->peer_verify, sizeof(h->peer_verify)) || rd_len(&body) != 0)
		return connection_fail(h, STATUS_HS_MALFORMED, ALERT_DECODE_ERROR);
	h->peer_finished_seq = m->seq;
	next = keys12_verify_data(h, h->role == HANDSHAKE_SERVER, resume);
	/* The peer's hash ends before its Finished, ours behind it. */
	if (next == HS_NEXT_JOB && !connection_heard(h, m))
		return connection_fail(h, STATUS_HS_INTERNAL, ALERT_INTERNAL_ERROR);
	return next;
}

bool keys12_peer_verified(const struct handshake *h)
{
	return secret_equal(h->peer_verify, h->job.prf_out, VERIFY_DATA_LEN);
}

bool keys12_finished(struct handshake *h)
{
	struct wr w;

	if (!flight_ccs(&h->out))
		return false;
	w = flight_open(&h->out);
	wr_bytes(&w, h->job.prf_out, VERIFY_DATA_LEN);
	h->tx_epoch = 1;
	return connection_message(h, &w, 1, HS_FINISHED);
}

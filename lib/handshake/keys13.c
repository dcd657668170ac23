/* SPDX-License-Identifier: BSD-3-Clause */
#include "keys13.h"

#include "secret.h"

_Static_assert((int)HASH_MAX <= (int)MASTER_SECRET_LEN, "h->master has room for a secret");

bool keys13_early(struct handshake *h, enum prf_hash hash, const uint8_t *psk, size_t len)
{
	return schedule13_early(&h->v13->schedule, hash, psk, len);
}

bool keys13_binder(const struct handshake *h, enum secret13 which, const uint8_t *hash,
		   uint8_t out[HASH_MAX])
{
	const struct schedule13 *s = &h->v13->schedule;
	uint8_t key[HASH_MAX];
	bool ok = schedule13_secret(s, which, NULL, key) &&
		  schedule13_verify_data(s->hash, key, hash, out);

	secret_wipe(key, sizeof(key));
	return ok;
}

/* The secrets of both ends over the transcript so far, and the keys of an epoch from them. */
static bool epoch_open(struct handshake *h, uint8_t epoch, enum secret13 client,
		       enum secret13 server)
{
	struct connection13 *v = h->v13;
	struct traffic_keys keys = { 0 };
	bool ok = connection_hash(h) &&
		  schedule13_secret(&v->schedule, client, h->hash, v->client_secret) &&
		  schedule13_secret(&v->schedule, server, h->hash, v->server_secret) &&
		  traffic_keys13(h->suite, v->client_secret, v->server_secret, &keys);

	if (ok)
		connection_keys(h, epoch, &keys);
	secret_wipe(&keys, sizeof(keys));
	return ok;
}

bool keys13_handshake(struct handshake *h, const uint8_t *shared, size_t len)
{
	struct connection13 *v = h->v13;

	if (!schedule13_handshake(&v->schedule, shared, len) ||
	    !epoch_open(h, 2, SECRET13_CLIENT_HANDSHAKE, SECRET13_SERVER_HANDSHAKE))
		return false;
	/* Those of epoch 3 come before the client's Finished, which is by this one. */
	memcpy(v->client_finished, v->client_secret, sizeof(v->client_finished));
	memcpy(v->server_finished, v->server_secret, sizeof(v->server_finished));
	h->tx_epoch = 2;
	return true;
}

/* RFC 8446 §4.4.4, over the transcript so far. */
static bool verify_data(struct handshake *h, bool of_client, uint8_t out[HASH_MAX])
{
	return connection_hash(h) &&
	       schedule13_verify_data(h->suite->hash,
				      of_client ? h->v13->client_finished : h->v13->server_finished,
				      h->hash, out);
}

bool keys13_finished(struct handshake *h)
{
	uint8_t data[HASH_MAX];
	struct wr w;

	if (!verify_data(h, h->role == HANDSHAKE_CLIENT, data))
		return false;
	w = flight_open(&h->out);
	wr_bytes(&w, data, hash13_len(h->suite->hash));
	return connection_message(h, &w, 2, HS_FINISHED);
}

bool keys13_peer_finished(struct handshake *h, const struct reassembly_message *m)
{
	size_t len = hash13_len(h->suite->hash);
	uint8_t expected[HASH_MAX];

	if (rd_len(&m->body) != len)
		connection_fail(h, STATUS_HS_MALFORMED, ALERT_DECODE_ERROR);
	else if (!verify_data(h, h->role == HANDSHAKE_SERVER, expected) || !connection_heard(h, m))
		connection_fail(h, STATUS_HS_INTERNAL, ALERT_INTERNAL_ERROR);
	else if (!secret_equal(m->body.p, expected, len))
		connection_fail(h, STATUS_HS_AUTH, ALERT_DECRYPT_ERROR);
	h->peer_finished_seq = m->seq;
	return h->outcome == CONNECTION_RUNNING;
}

bool keys13_application(struct handshake *h)
{
	return schedule13_master(&h->v13->schedule) &&
	       epoch_open(h, 3, SECRET13_CLIENT_TRAFFIC, SECRET13_SERVER_TRAFFIC);
}

bool keys13_resumption(struct handshake *h)
{
	bool ok = connection_hash(h) &&
		  schedule13_secret(&h->v13->schedule, SECRET13_RESUMPTION, h->hash, h->master);

	secret_wipe(&h->v13->schedule, sizeof(h->v13->schedule));
	return ok;
}

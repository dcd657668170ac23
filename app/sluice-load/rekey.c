/* SPDX-License-Identifier: BSD-3-Clause */
#include "rekey.h"

#include "hs_msg13.h"
#include "secret.h"

#include <stdlib.h>

#define SECOND_NS UINT64_C(1000000000)

enum { REPEATS = 5, CONTENT_MAX = 64 /* a KeyUpdate, whole */ };

static void *flight_alloc(void *arg, size_t len)
{
	(void)arg;
	return malloc(len);
}

static void flight_release(void *arg, void *p)
{
	(void)arg;
	free(p);
}

static enum status take_ticket(void *arg, const struct hs_fragment *m, struct rd record,
			       enum alert *alert)
{
	struct rekey *r = arg;

	*alert = ALERT_UNEXPECTED_MESSAGE;
	if (m->type != HS_NEW_SESSION_TICKET)
		return STATUS_HS_UNEXPECTED;
	resume_ticket(r->resume, r->ticketed, r->now_ns, record.p, rd_len(&record));
	return STATUS_OK;
}

bool rekey_init(struct rekey *r, struct traffic *traffic, struct resume *resume, uint64_t after)
{
	uint32_t n = traffic->devices->n;

	*r = (struct rekey){ .traffic = traffic,
			     .resume = resume,
			     .counts = traffic->counts,
			     .after = after,
			     .config = { .timeout_ns = SECOND_NS,
					 .timeout_max_ns = 60 * SECOND_NS,
					 .repeats = REPEATS,
					 .alloc = flight_alloc,
					 .release = flight_release,
					 .message = take_ticket,
					 .message_arg = r } };
	if (traffic->devices->v13 == NULL)
		return true;
	r->posts = calloc(n, sizeof(*r->posts));
	r->deadlines = deadlines_new(n);
	if (r->posts != NULL && r->deadlines != NULL)
		return true;
	rekey_free(r);
	return false;
}

void rekey_free(struct rekey *r)
{
	for (uint32_t i = 0; r->posts != NULL && i < r->traffic->devices->n; i++)
		post_handshake_wipe(&r->posts[i], &r->config);
	free(r->posts);
	deadlines_free(r->deadlines);
	*r = (struct rekey){ 0 };
}

void rekey_begin(struct rekey *r, uint32_t device, const struct handshake *h)
{
	struct post_handshake *p;

	if (r->posts == NULL)
		return;
	p = &r->posts[device];
	post_handshake_wipe(p, &r->config);
	deadlines_set(r->deadlines, device, DEADLINE_NONE);
	if (!handshake_post(h, &r->config, p))
		p->silent = true; /* there is nothing to go on from */
}

static bool seal(struct rekey *r, uint32_t device, uint8_t type, const void *content, size_t len)
{
	struct load_buffer *b;

	if (!load_port_alloc(r->traffic->egress->port, &b, 1))
		return false; /* it is said again */
	memcpy(b->data, content, len);
	b->device = device;
	b->len = (uint16_t)len;
	if (traffic_seal(r->traffic, b, type))
		return true;
	load_port_release(r->traffic->egress->port, &b, 1);
	return false;
}

/* Seals what the device has to say. */
static void drain(struct rekey *r, uint32_t device)
{
	struct post_handshake *p = &r->posts[device];
	const struct session_hot *hot = &r->traffic->devices->hot[device];
	uint8_t content[CONTENT_MAX];
	uint16_t token;
	size_t len;

	while (post_handshake_output(p, sizeof(content), content, &len, &token))
		if (seal(r, device, RECORD_HANDSHAKE, content, len))
			post_handshake_sealed(p, token,
					      (uint64_t)p->tx_epoch << SESSION_SEQ_BITS |
						      (session_tx_next(hot) - 1));
	deadlines_set(r->deadlines, device, post_handshake_deadline(p));
}

/* New keys of one direction. What was sealed and has not left points at the old ones. */
static bool new_keys(struct rekey *r, uint32_t device, bool tx)
{
	const struct post_handshake *p = &r->posts[device];
	struct device_keys keys;
	bool ok = traffic_keys13_one(suite_by_id(p->suite), tx ? p->tx_secret : p->rx_secret,
				     keys.key, keys.iv, keys.sn_key);

	if (ok && tx) {
		traffic_flush(r->traffic);
		device_new_tx_keys(r->traffic->devices, device, &keys, p->tx_epoch);
		counter_add(&r->counts->key_updates, 1);
	} else if (ok) {
		device_new_rx_keys(r->traffic->devices, device, &keys, p->rx_epoch);
		counter_add(&r->counts->peer_key_updates, 1);
	}
	secret_wipe(&keys, sizeof(keys));
	return ok;
}

bool rekey_record(struct rekey *r, uint64_t now_ns, const struct traffic_record *record)
{
	const struct post_handshake_record in = {
		.number = (uint64_t)record->epoch << SESSION_SEQ_BITS | record->seq,
		.type = record->type,
		.content = rd_of(record->text, record->len),
	};
	struct post_handshake *p = &r->posts[record->device];
	struct post_handshake_result result;
	uint8_t ack[POST_HANDSHAKE_ACK_LEN];

	r->now_ns = now_ns;
	r->ticketed = record->device;
	post_handshake_input(p, &r->config, now_ns, &in, &result);
	if (result.ends || (result.rx_keys && !new_keys(r, record->device, false)) ||
	    (result.tx_keys && !new_keys(r, record->device, true)))
		return false;
	post_handshake_ack(in.number, ack);
	if (result.ack)
		(void)seal(r, record->device, RECORD_ACK, ack, sizeof(ack));
	drain(r, record->device);
	return true;
}

void rekey_sent(struct rekey *r, uint64_t now_ns, uint32_t device)
{
	struct post_handshake *p;

	if (r->after == 0 || session_tx_next(&r->traffic->devices->hot[device]) < r->after)
		return;
	p = &r->posts[device];
	if (post_handshake_updating(p) || !post_handshake_update(p, &r->config, now_ns, false))
		return;
	drain(r, device);
}

bool rekey_timers(struct rekey *r, uint64_t now_ns, unsigned most)
{
	unsigned n = 0;
	uint32_t device;

	if (r->posts == NULL)
		return false;
	for (; n < most && deadlines_due(r->deadlines, now_ns, &device); n++) {
		if (device_state(r->traffic->devices, device) != DEVICE_LIVE)
			continue; /* it left meanwhile */
		(void)post_handshake_timeout(&r->posts[device], &r->config, now_ns);
		drain(r, device);
	}
	return n > 0;
}

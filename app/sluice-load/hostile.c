/* SPDX-License-Identifier: BSD-3-Clause */
#include "hostile.h"

#include "hs_msg.h"
#include "mix.h"

enum { AHEAD = 40, FORGED_MIN = 17, FORGED_MAX = 120, KEPT_OF = 32 };

static void noise(struct hostile *h, uint8_t *out, size_t len)
{
	for (size_t i = 0; i < len; i++)
		out[i] = (uint8_t)mix_random(&h->seed);
}

void hostile_see(struct hostile *h, struct load_buffer *const *bufs, unsigned n)
{
	for (unsigned i = 0; i < n; i++) {
		struct hostile_copy *c;

		if (bufs[i]->len > HOSTILE_COPY_MAX || h->n_seen++ % KEPT_OF != 0)
			continue;
		c = &h->copies[h->n_copies < HOSTILE_COPIES ? h->n_copies++
							    : mix_below(&h->seed, HOSTILE_COPIES)];
		c->device = bufs[i]->device;
		c->len = bufs[i]->len;
		memcpy(c->bytes, bufs[i]->data, c->len);
	}
}

static bool make_noise(struct hostile *h, struct load_buffer *b)
{
	b->len = (uint16_t)mix_below(&h->seed, HOSTILE_MAX);
	noise(h, b->data, b->len);
	return true;
}

/* A number just ahead: nothing but the tag says that it is forged. */
static bool make_forged(struct hostile *h, struct load_buffer *b, uint8_t type,
			const struct devices *devices)
{
	uint64_t seq = session_tx_next(&devices->hot[b->device]) + mix_below(&h->seed, AHEAD);
	uint16_t len = (uint16_t)(FORGED_MIN + mix_below(&h->seed, FORGED_MAX));
	unsigned header;

	if (seq > RECORD_SEQ_MAX)
		return false;
	/* With DTLS 1.3 its number is any, once unmasked. */
	header = device_put_header(devices, b->device, b->data, type, seq, len);
	noise(h, b->data + header, len);
	b->len = (uint16_t)(header + len);
	return true;
}

static bool make_plain_alert(struct hostile *h, struct load_buffer *b)
{
	struct wr w = wr_of(b->data, HOSTILE_MAX);

	record_write_header(&w, RECORD_ALERT, DTLS_1_2, 0, mix_below(&h->seed, 1000), 2);
	wr_u8(&w, ALERT_FATAL);
	wr_u8(&w, ALERT_HANDSHAKE_FAILURE);
	b->len = (uint16_t)wr_len(&w);
	return true;
}

static bool make_copy(struct hostile *h, struct load_buffer *b, enum hostile_kind kind)
{
	const struct hostile_copy *c;

	if (h->n_copies == 0)
		return false;
	c = &h->copies[mix_below(&h->seed, h->n_copies)];
	b->device = c->device;
	b->len = c->len;
	memcpy(b->data, c->bytes, c->len);
	if (kind == HOSTILE_CUT)
		b->len = (uint16_t)mix_below(&h->seed, c->len);
	else if (kind == HOSTILE_CHANGED)
		b->data[mix_below(&h->seed, c->len)] ^= (uint8_t)(1u << mix_below(&h->seed, 8));
	return true;
}

static bool make_hello(struct hostile *h, struct load_buffer *b)
{
	const uint16_t suites[] = { TLS_PSK_WITH_AES_128_GCM_SHA256, TLS_PSK_WITH_AES_128_CCM_8 };
	uint8_t random[HS_RANDOM_LEN];
	const struct client_hello_params p = {
		.random = random, .suites = suites, .n_suites = 2, .ems = true
	};
	struct wr w = wr_of(b->data, HOSTILE_MAX);
	uint8_t *header = wr_space(&w, RECORD_HEADER_LEN + HS_HEADER_LEN);
	struct wr head = wr_of(header, RECORD_HEADER_LEN + HS_HEADER_LEN);
	size_t len, body;

	noise(h, random, sizeof(random));
	client_hello_write(&w, &p);
	if (!wr_finish(&w, &len))
		return false;
	body = len - RECORD_HEADER_LEN - HS_HEADER_LEN;
	record_write_header(&head, RECORD_HANDSHAKE, DTLS_1_0, 0, 0,
			    (uint16_t)(HS_HEADER_LEN + body));
	hs_header_write(&head, HS_CLIENT_HELLO, (uint32_t)body, 0, 0, (uint32_t)body);
	b->len = (uint16_t)len;
	return true;
}

static bool make(struct hostile *h, struct load_buffer *b, enum hostile_kind kind,
		 const struct devices *devices)
{
	switch (kind) {
	case HOSTILE_NOISE:
		return make_noise(h, b);
	case HOSTILE_FORGED:
		return make_forged(h, b, RECORD_APPDATA, devices);
	case HOSTILE_FORGED_ALERT:
		return make_forged(h, b, RECORD_ALERT, devices);
	case HOSTILE_PLAIN_ALERT:
		return make_plain_alert(h, b);
	case HOSTILE_REPLAYED:
	case HOSTILE_CUT:
	case HOSTILE_CHANGED:
		return make_copy(h, b, kind);
	case HOSTILE_HELLO:
		return make_hello(h, b);
	case HOSTILE_KINDS:
		break;
	}
	return false;
}

bool hostile_make(struct hostile *h, struct load_buffer *b, enum hostile_kind kind,
		  const struct devices *devices)
{
	return make(h, b, kind, devices) && device_state(devices, b->device) == DEVICE_LIVE;
}

/* SPDX-License-Identifier: BSD-3-Clause */
/* Devices whose two directions have the same keys read what they write. */
#pragma once

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>

#include "record13.h"
#include "traffic.h"

enum { DEVICES = 3, SENT_MAX = 200 };

static struct buffer {
	struct load_buffer head;
	uint8_t bytes[LOAD_HEADROOM + LOAD_DATAGRAM_MAX];
} buffers[SENT_MAX];
static struct load_buffer *sent[SENT_MAX];
static unsigned n_given, n_sent, n_read;
static struct traffic_record last;
static uint8_t last_text[LOAD_DATAGRAM_MAX];

static unsigned fake_send(struct load_port *p, struct load_buffer **bufs, unsigned n)
{
	(void)p;
	for (unsigned i = 0; i < n; i++)
		sent[n_sent++] = bufs[i];
	return n;
}

static void fake_release(struct load_port *p, struct load_buffer **bufs, unsigned n)
{
	(void)p, (void)bufs, (void)n;
}

static const struct load_port_ops ops = { .send = fake_send, .release = fake_release };
static struct load_port port = { .ops = &ops };
static struct load_counts counts;
static struct egress egress;
static struct devices devices;
static struct traffic traffic;

static void on_record(void *arg, const struct traffic_record *r)
{
	(void)arg;
	last = *r;
	memcpy(last_text, r->text, r->len);
	n_read++;
}

static void on_other(void *arg, const struct load_buffer *b)
{
	(void)arg, (void)b;
	fail();
}

/* cid_len: of connection IDs: the one that the server would have is the device's own. */
static void install(uint32_t device, uint16_t suite, uint8_t cid_len)
{
	uint8_t cid[LOAD_CID_MAX];
	struct traffic_keys keys;
	const struct handshake_event event = { .kind = HANDSHAKE_INSTALL,
					       .suite = suite_by_id(suite),
					       .keys = &keys,
					       .own_cid = rd_of(cid, cid_len),
					       .peer_cid = rd_of(cid, cid_len) };

	device_own_cid(device, cid_len, cid);
	memset(&keys, (int)(device + 1), sizeof(keys));
	device_install(&devices, device, &event);
}

static void set_up_fleet(const struct hello_policy *policy)
{
	n_given = n_sent = n_read = 0;
	counts = (struct load_counts){ 0 };
	egress = (struct egress){ .port = &port, .counts = &counts };
	memset(&traffic, 0, sizeof(traffic));
	assert_true(devices_init(&devices, DEVICES, policy, 1));
	traffic.aead = aead_new(AEAD_ENGINE_AUTO);
	assert_non_null(traffic.aead);
	traffic.devices = &devices;
	traffic.egress = &egress;
	traffic.counts = &counts;
	traffic.rx_limit = RECORD_PLAINTEXT_MAX;
	traffic.handler = (struct traffic_handler){ on_record, on_other, NULL };
}

static int tear_down(void **state)
{
	(void)state;
	aead_free(traffic.aead);
	devices_free(&devices);
	return 0;
}

static void seal(uint32_t device, uint8_t type, const char *text)
{
	struct buffer *b = &buffers[n_given++];

	b->head = (struct load_buffer){ .data = b->bytes + LOAD_HEADROOM,
					.len = (uint16_t)strlen(text),
					.device = device };
	memcpy(b->head.data, text, b->head.len);
	assert_true(traffic_seal(&traffic, &b->head, type));
}

/* A copy: it is opened in place. */
static void read_back(unsigned i)
{
	uint8_t copy[LOAD_DATAGRAM_MAX];

	memcpy(copy, sent[i]->data, sent[i]->len);
	traffic_open_bytes(&traffic, sent[i]->device, copy, sent[i]->len);
}

static void assert_read(unsigned n, uint8_t type, const char *text)
{
	assert_int_equal(n_read, n);
	assert_int_equal(last.type, type);
	assert_int_equal(last.len, strlen(text));
	assert_memory_equal(last_text, text, last.len);
}

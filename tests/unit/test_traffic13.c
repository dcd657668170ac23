/* SPDX-License-Identifier: BSD-3-Clause */
/* Devices whose two directions have the same keys read what they write. */
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

static void install(uint32_t device, uint16_t suite)
{
	struct traffic_keys keys;
	const struct handshake_event event = { .kind = HANDSHAKE_INSTALL,
					       .suite = suite_by_id(suite),
					       .keys = &keys };

	memset(&keys, (int)(device + 1), sizeof(keys));
	device_install(&devices, device, &event);
}

static int set_up(void **state)
{
	const struct hello_policy policy = { .min_version = DTLS_1_3, .max_version = DTLS_1_3 };

	(void)state;
	n_given = n_sent = n_read = 0;
	counts = (struct load_counts){ 0 };
	egress = (struct egress){ .port = &port, .counts = &counts };
	memset(&traffic, 0, sizeof(traffic));
	assert_true(devices_init(&devices, DEVICES, &policy, 1));
	traffic.aead = aead_new(AEAD_ENGINE_AUTO);
	assert_non_null(traffic.aead);
	traffic.devices = &devices;
	traffic.egress = &egress;
	traffic.counts = &counts;
	traffic.rx_limit = RECORD_PLAINTEXT_MAX;
	traffic.handler = (struct traffic_handler){ on_record, on_other, NULL };
	return 0;
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

/* checklist 43-46: every suite; content type and padding are inside. */
static void test_round_trip(void **state)
{
	(void)state;
	for (size_t i = SUITE_12_N; i < SUITE_N; i++) {
		install(0, suite_at(i)->id);
		n_given = n_sent = n_read = 0;
		seal(0, RECORD_APPDATA, "hello");
		seal(0, RECORD_ALERT, "");
		traffic_flush(&traffic);
		assert_int_equal(n_sent, 2);
		read_back(0);
		assert_read(1, RECORD_APPDATA, "hello");
		read_back(1);
		assert_read(2, RECORD_ALERT, "");
		device_forget(&devices, 0);
	}
	assert_int_equal(counts.unauthentic + counts.malformed, 0);
}

/* Two records of one number and text differ by nothing: numbers, once masked, do not. */
static void test_numbers_are_masked(void **state)
{
	unsigned plain = 0;

	(void)state;
	install(0, TLS_AES_128_GCM_SHA256);
	for (unsigned i = 0; i < 100; i++)
		seal(0, RECORD_APPDATA, "x");
	traffic_flush(&traffic);
	for (unsigned i = 0; i < 100; i++) {
		assert_int_equal(sent[i]->data[0], 0x2f);
		plain += bytes_u16(sent[i]->data + 1) == i;
	}
	assert_true(plain < 5);
}

/* Bursts of several devices and suites, in any order; each once (checklist 10). */
static void test_burst_and_replay(void **state)
{
	(void)state;
	install(0, TLS_AES_128_GCM_SHA256);
	install(1, TLS_CHACHA20_POLY1305_SHA256);
	install(2, TLS_AES_256_GCM_SHA384);
	for (unsigned i = 0; i < 150; i++)
		seal(i % 3, RECORD_APPDATA, "reading");
	traffic_flush(&traffic);
	for (unsigned i = n_sent; i-- > 0;)
		if (i > 20)
			read_back(i);
	assert_read(129, RECORD_APPDATA, "reading");
	read_back(40);
	assert_int_equal(n_read, 129);
	assert_int_equal(counts.unauthentic, 1);
}

/* bad-input A: what is changed anywhere is not read. */
static void test_changed(void **state)
{
	unsigned n;

	(void)state;
	install(0, TLS_AES_128_CCM_SHA256);
	seal(0, RECORD_APPDATA, "reading");
	traffic_flush(&traffic);
	n = sent[0]->len;
	for (unsigned i = 0; i < n; i++) {
		sent[0]->data[i] ^= 1;
		read_back(0);
		sent[0]->data[i] ^= 1;
	}
	assert_int_equal(n_read, 0);
	assert_int_equal(counts.unauthentic + counts.malformed, n);
	read_back(0);
	assert_read(1, RECORD_APPDATA, "reading");
}

/* What is not of the epoch, plain, or too long for the device. */
static void test_other_records(void **state)
{
	uint8_t plain[] = { RECORD_HANDSHAKE, 0xfe, 0xfd, 0, 0, 0, 0, 0, 0, 0, 9, 0, 1, 0 };

	(void)state;
	install(0, TLS_AES_128_GCM_SHA256);
	traffic_open_bytes(&traffic, 0, plain, sizeof(plain));
	assert_int_equal(counts.unauthentic, 1);
	seal(0, RECORD_APPDATA,
	     "sixty-four bytes are what this one takes, and these are seventy, no?");
	traffic_flush(&traffic);
	traffic.rx_limit = 64;
	read_back(0);
	assert_int_equal(counts.malformed, 1);
	traffic.rx_limit = 70;
	read_back(0);
	assert_int_equal(n_read, 1);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(test_round_trip, set_up, tear_down),
		cmocka_unit_test_setup_teardown(test_numbers_are_masked, set_up, tear_down),
		cmocka_unit_test_setup_teardown(test_burst_and_replay, set_up, tear_down),
		cmocka_unit_test_setup_teardown(test_changed, set_up, tear_down),
		cmocka_unit_test_setup_teardown(test_other_records, set_up, tear_down),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}

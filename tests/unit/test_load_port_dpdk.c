/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * A generator's port on net_ring, which gives back what is sent. In between, as a callback of
 * transmission, stands the target: it turns what it is asked into its answer, and sends datagrams
 * back to their devices.
 */
#include "load_eal.h"
#include "load_sources.h"

#include "eal_fixture.h"

#include <dlfcn.h>
#include <setjmp.h>
#include <stdarg.h>
#include <string.h>

#include <rte_ethdev.h>
#include <rte_mbuf.h>

#include <cmocka.h>

static struct frame_host target;
static bool silent;   /* it is not there */
static unsigned full; /* so many more frames pass */

static bool turn_around(struct rte_mbuf *m)
{
	uint8_t *frame = rte_pktmbuf_mtod(m, uint8_t *);
	size_t len;
	struct nexthop hop;
	struct flow flow;
	struct frame f;

	if (frame_answer(&target, frame, m->data_len, m->data_len + rte_pktmbuf_tailroom(m),
			 &len) == STATUS_FRAME_ANSWERED) {
		m->data_len = (uint16_t)len;
		m->pkt_len = m->data_len;
		return true;
	}
	if (frame_parse(&target, frame, m->data_len, 0, &flow, &hop, &f) != STATUS_OK)
		return false;
	frame_write(&flow, &hop, 0, frame, frame + f.payload_off, f.payload_len);
	return true;
}

/* Those that do not pass are behind those that do, and stay the sender's. */
static uint16_t peer(uint16_t port, uint16_t queue, struct rte_mbuf **m, uint16_t n, void *arg)
{
	uint16_t kept = 0;

	(void)port;
	(void)queue;
	(void)arg;
	if (n > full)
		n = (uint16_t)full;
	full -= n;
	for (uint16_t i = 0; i < n; i++) {
		if (!silent && turn_around(m[i]))
			m[kept++] = m[i];
		else
			rte_pktmbuf_free(m[i]);
	}
	return kept;
}

static const struct rte_eth_rxtx_callback *callback;

int rte_eth_dev_start(uint16_t port)
{
	int (*next)(uint16_t);
	void *f = dlsym(RTLD_NEXT, "rte_eth_dev_start");
	int rc;

	assert_non_null(f);
	memcpy(&next, &f, sizeof(next));
	rc = next(port);
	if (rc == 0) {
		callback = rte_eth_add_tx_callback(port, 0, peer, NULL);
		assert_non_null(callback);
	}
	return rc;
}

int rte_eth_dev_stop(uint16_t port)
{
	int (*next)(uint16_t);
	void *f = dlsym(RTLD_NEXT, "rte_eth_dev_stop");

	assert_non_null(f);
	memcpy(&next, &f, sizeof(next));
	/* It would outlive its port, and meet the next. */
	assert_int_equal(rte_eth_remove_tx_callback(port, 0, callback), 0);
	return next(port);
}

static struct load_options opt;
static struct load_port *port;
static char err[256];

static int setup(void **state)
{
	(void)state;
	if (rte_eal_hotplug_add("vdev", "net_ring7", "") != 0)
		return -1;
	silent = false;
	full = UINT32_MAX;
	target = (struct frame_host){
		.mac = { 2, 0, 0, 0, 0, 2 },
		.n_addrs = 2,
		.addrs = { { { [10] = 0xff, 0xff, 198, 18, 0, 2 }, 15 },
			   { { 0x20, 0x01, 0x0d, 0xb8, [15] = 2 }, 64 } },
	};
	memset(&opt, 0, sizeof(opt));
	opt.n_ports = 1;
	opt.ports[0] =
		(struct port_spec){ .kind = PORT_NUMBER,
				    .dev = "0",
				    .n_addrs = 2,
				    .addrs = { { { [10] = 0xff, 0xff, 198, 18, 0, 1 }, 15 },
					       { { 0x20, 0x01, 0x0d, 0xb8, [15] = 1 }, 64 } } };
	if (rte_eth_dev_get_port_by_name("net_ring7", &opt.ports[0].number) != 0)
		return -1;
	opt.devices = 1000;
	opt.target_port = 5684;
	memcpy(opt.target_ip, target.addrs[0].ip, 16);
	opt.sources =
		(struct load_sources){ { [10] = 0xff, 0xff, 198, 18, 1, 0 }, 100, 7000, 7009 };
	return 0;
}

static int teardown(void **state)
{
	(void)state;
	return rte_eal_hotplug_remove("vdev", "net_ring7");
}

static void use_ip6(void)
{
	memcpy(opt.target_ip, target.addrs[1].ip, 16);
	opt.sources =
		(struct load_sources){ { 0x20, 0x01, 0x0d, 0xb8, [14] = 1 }, 100, 7000, 7009 };
}

static void open_port(struct load_share share)
{
	port = load_port_dpdk_new(&opt, 0, share, err, sizeof(err));
	if (port == NULL)
		fail_msg("%s", err);
}

static void make(struct load_buffer **b, unsigned n)
{
	assert_true(load_port_alloc(port, b, n));
	for (unsigned i = 0; i < n; i++) {
		assert_int_equal(b[i]->len, 0);
		memset(b[i]->data - LOAD_HEADROOM, 0xee, LOAD_HEADROOM);
		memset(b[i]->data, (int)i, b[i]->room);
		b[i]->len = (uint16_t)(100 + i);
		b[i]->device = i * 7;
	}
}

static void assert_datagrams(struct load_buffer **b, unsigned n)
{
	for (unsigned i = 0; i < n; i++) {
		assert_int_equal(b[i]->device, i * 7);
		assert_int_equal(b[i]->len, 100 + i);
		for (unsigned k = 0; k < b[i]->len; k++)
			assert_int_equal(b[i]->data[k], i);
	}
}

static void bursts_there_and_back(void)
{
	struct load_buffer *b[LOAD_BURST_MAX];

	open_port((struct load_share){ 500, 500 });
	make(b, LOAD_BURST_MAX);
	assert_int_equal(load_port_send(port, b, LOAD_BURST_MAX), LOAD_BURST_MAX);
	assert_int_equal(load_port_recv(port, b, LOAD_BURST_MAX), LOAD_BURST_MAX);
	assert_datagrams(b, LOAD_BURST_MAX);
	/* What was received is sent. */
	assert_int_equal(load_port_send(port, b, LOAD_BURST_MAX), LOAD_BURST_MAX);
	assert_int_equal(load_port_recv(port, b, 10), 10);
	assert_datagrams(b, 10);
	load_port_release(port, b, 10);
	assert_int_equal(load_port_recv(port, b, LOAD_BURST_MAX), LOAD_BURST_MAX - 10);
	load_port_release(port, b, LOAD_BURST_MAX - 10);
	assert_int_equal(load_port_recv(port, b, LOAD_BURST_MAX), 0);
	load_port_free(port);
}

static void bursts_over_ip4(void **state)
{
	(void)state;
	bursts_there_and_back();
}

static void bursts_over_ip6(void **state)
{
	(void)state;
	use_ip6();
	bursts_there_and_back();
}

/* A payload as large as a datagram may be, moved into its headroom. */
static void room_is_as_promised(void **state)
{
	struct load_buffer *b;

	(void)state;
	open_port((struct load_share){ 0, 1000 });
	assert_true(load_port_alloc(port, &b, 1));
	assert_true(b->room >= LOAD_DATAGRAM_MAX);
	b->device = 999;
	b->data -= LOAD_HEADROOM;
	b->len = 1400;
	memset(b->data, 0x5a, b->len);
	assert_int_equal(load_port_send(port, &b, 1), 1);
	assert_int_equal(load_port_recv(port, &b, 1), 1);
	assert_int_equal(b->len, 1400);
	assert_int_equal(b->data[0], 0x5a);
	assert_int_equal(b->data[1399], 0x5a);
	assert_int_equal(b->device, 999);
	load_port_release(port, &b, 1);
	load_port_free(port);
}

static void what_is_not_taken_is_sent_again(void **state)
{
	struct load_buffer *b[20];

	(void)state;
	open_port((struct load_share){ 0, 1000 });
	make(b, 20);
	full = 3;
	assert_int_equal(load_port_send(port, b, 20), 3);
	full = 100;
	assert_int_equal(load_port_send(port, b + 3, 17), 17);
	assert_int_equal(load_port_recv(port, b, 20), 20);
	assert_datagrams(b, 20);
	load_port_release(port, b, 20);
	load_port_free(port);
}

static void frames_of_others_are_counted(void **state)
{
	struct load_buffer *b[4];

	(void)state;
	open_port((struct load_share){ 0, 10 });
	make(b, 2); /* device 7 is ours, 0 too; device 14 would be another core's */
	b[1]->device = 14;
	assert_int_equal(load_port_send(port, b, 2), 2);
	assert_int_equal(load_port_recv(port, b, 4), 1);
	assert_int_equal(port->foreign, 1);
	assert_int_equal(port->malformed, 0);
	load_port_release(port, b, 1);
	load_port_free(port);
}

static void nobody_answers(void **state)
{
	(void)state;
	silent = true;
	assert_null(load_port_dpdk_new(&opt, 0, (struct load_share){ 0, 10 }, err, sizeof(err)));
	assert_non_null(strstr(err, "no answer to ARP"));
}

static int no_options(void **state)
{
	(void)state;
	memset(&opt, 0, sizeof(opt));
	return 0;
}

static void cores_are_as_asked(void **state)
{
	uint16_t cores[2];

	(void)state;
	core_set_add(&opt.cores, 1);
	core_set_add(&opt.cores, 0);
	assert_true(load_eal_cores(cores, 2, &opt, err, sizeof(err)));
	assert_int_equal(cores[0], 0);
	assert_int_equal(cores[1], 1);
	assert_false(load_eal_cores(cores, 3, &opt, err, sizeof(err)));
	core_set_add(&opt.cores, 127);
	assert_false(load_eal_cores(cores, 1, &opt, err, sizeof(err)));
	assert_non_null(strstr(err, "--cores"));
}

#define ON_RING(test) cmocka_unit_test_setup_teardown(test, setup, teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
		ON_RING(bursts_over_ip4),
		ON_RING(bursts_over_ip6),
		ON_RING(room_is_as_promised),
		ON_RING(what_is_not_taken_is_sent_again),
		ON_RING(frames_of_others_are_counted),
		ON_RING(nobody_answers),
		cmocka_unit_test_setup(cores_are_as_asked, no_options),
	};
	int failed;

	eal_start();
	failed = cmocka_run_group_tests(tests, NULL, NULL);
	eal_stop();
	return failed;
}

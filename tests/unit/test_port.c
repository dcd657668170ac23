/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Port set-up on net_null, which offers RSS and takes it, behind a filter that refuses what the
 * test wants refused: that is how ENA, gve, virtio and others behave.
 */
#include "port.h"

#include "eal_fixture.h"

#include <dlfcn.h>
#include <setjmp.h>
#include <stdarg.h>
#include <string.h>

#include <rte_dev.h>
#include <rte_ethdev.h>
#include <rte_mbuf.h>

#include <cmocka.h>

/* What the device refuses or offers from now on. */
static struct {
	bool rss, several, promise_offloads, fast_free, no_multicast, no_promiscuous;
	uint16_t max_queues; /* 0: as it is */
	unsigned configures;
	uint64_t tx_offloads; /* of the last of them */
} device;

static void *real(const char *name)
{
	void *f = dlsym(RTLD_NEXT, name);

	assert_non_null(f);
	return f;
}

/* These stand before DPDK's own. */
int rte_eth_dev_configure(uint16_t port, uint16_t n_rxq, uint16_t n_txq,
			  const struct rte_eth_conf *conf)
{
	int (*next)(uint16_t, uint16_t, uint16_t, const struct rte_eth_conf *);
	void *f = real("rte_eth_dev_configure");

	memcpy(&next, &f, sizeof(next));
	device.configures++;
	device.tx_offloads = conf->txmode.offloads;
	if (device.rss && conf->rxmode.mq_mode == RTE_ETH_MQ_RX_RSS)
		return -ENOTSUP;
	if (device.several && n_rxq > 1)
		return -EINVAL;
	if (device.promise_offloads && conf->rxmode.offloads != 0)
		return -EINVAL;
	return next(port, n_rxq, n_txq, conf);
}

int rte_eth_dev_info_get(uint16_t port, struct rte_eth_dev_info *info)
{
	int (*next)(uint16_t, struct rte_eth_dev_info *);
	void *f = real("rte_eth_dev_info_get");
	int rc;

	memcpy(&next, &f, sizeof(next));
	rc = next(port, info);
	if (device.promise_offloads) {
		info->rx_offload_capa |= RTE_ETH_RX_OFFLOAD_UDP_CKSUM;
		info->tx_offload_capa |= RTE_ETH_TX_OFFLOAD_UDP_CKSUM;
	}
	if (device.fast_free)
		info->tx_offload_capa |= RTE_ETH_TX_OFFLOAD_MBUF_FAST_FREE;
	if (device.max_queues != 0)
		info->max_rx_queues = info->max_tx_queues = device.max_queues;
	return rc;
}

int rte_eth_allmulticast_enable(uint16_t port)
{
	(void)port;
	return device.no_multicast ? -ENOTSUP : 0;
}

int rte_eth_promiscuous_enable(uint16_t port)
{
	(void)port;
	return device.no_promiscuous ? -ENOTSUP : 0;
}

static struct rte_mempool *pool;
static struct port port;
static char err[256];

static bool open_port(uint16_t n_rxq, uint16_t n_txq, bool v6, uint16_t mtu)
{
	struct port_spec spec = { .kind = PORT_NUMBER, .dev = "0", .mtu = mtu, .n_addrs = 1 };
	struct port_config cfg = { .spec = &spec, .n_rxq = n_rxq, .n_txq = n_txq, .pool = pool };

	spec.addrs[0] = v6 ? (struct frame_addr){ { 0x20, 0x01, 0x0d, 0xb8, [15] = 2 }, 64 }
			   : (struct frame_addr){ { [10] = 0xff, 0xff, 198, 18, 0, 2 }, 24 };
	err[0] = '\0';
	assert_int_equal(rte_eth_dev_get_port_by_name("net_null9", &spec.number), 0);
	snprintf(spec.dev, sizeof(spec.dev), "%u", spec.number);
	return port_open(&cfg, &port, err, sizeof(err));
}

static int make_device(void **state)
{
	(void)state;
	memset(&device, 0, sizeof(device));
	return rte_eal_hotplug_add("vdev", "net_null9", "size=64");
}

static int remove_device(void **state)
{
	(void)state;
	port_close(&port);
	return rte_eal_hotplug_remove("vdev", "net_null9");
}

static void rss_where_the_port_offers_it(void **state)
{
	(void)state;
	assert_true(open_port(4, 4, false, 0));
	assert_true(port.rss);
	assert_int_equal(port.n_rxq, 4);
	assert_int_equal(port.n_txq, 4);
	assert_string_equal(port.rss_text, "udp");
	assert_int_equal(device.configures, 1);
}

static void several_queues_without_rss(void **state)
{
	(void)state;
	device.rss = true;
	assert_true(open_port(4, 4, false, 0));
	assert_false(port.rss);
	assert_int_equal(port.n_rxq, 4);
	assert_string_equal(port.rss_text, "off");
}

static void one_queue_at_last(void **state)
{
	(void)state;
	device.rss = true;
	device.several = true;
	assert_true(open_port(4, 4, false, 0));
	assert_false(port.rss);
	assert_int_equal(port.n_rxq, 1);
	assert_int_equal(port.n_txq, 4); /* every core still sends on its own */
}

static void one_queue_needs_no_rss(void **state)
{
	(void)state;
	device.rss = true;
	assert_true(open_port(1, 2, false, 0));
	assert_int_equal(device.configures, 1);
	assert_int_equal(port.n_rxq, 1);
	assert_int_equal(port.n_txq, 2);
}

static void no_more_queues_than_there_are(void **state)
{
	(void)state;
	device.max_queues = 2;
	assert_true(open_port(8, 8, false, 0));
	assert_int_equal(port.n_rxq, 2);
	assert_int_equal(port.n_txq, 2);
}

static void offloads_that_fail_are_done_without(void **state)
{
	(void)state;
	device.promise_offloads = true;
	assert_true(open_port(2, 2, false, 0));
	assert_int_equal(device.configures, 4); /* three rungs with, the first without */
	assert_int_equal(port.tx_offload, 0);
	assert_string_equal(port.offload_text, "none");
	assert_true(port.rss); /* what was not at fault is kept */
}

static void buffers_go_back_fast_where_the_port_can(void **state)
{
	(void)state;
	assert_true(open_port(1, 1, false, 0));
	assert_false(device.tx_offloads & RTE_ETH_TX_OFFLOAD_MBUF_FAST_FREE);
	port_close(&port);
	remove_device(state);
	make_device(state);
	device.fast_free = true;
	assert_true(open_port(1, 1, false, 0));
	assert_true(device.tx_offloads & RTE_ETH_TX_OFFLOAD_MBUF_FAST_FREE);
	assert_string_equal(port.offload_text, "none");
}

static void multicast_is_for_ip6_alone(void **state)
{
	(void)state;
	device.no_multicast = true;
	device.no_promiscuous = true;
	assert_true(open_port(1, 1, false, 0));
	assert_string_equal(port.warning, "");
}

static void promiscuous_when_multicast_is_refused(void **state)
{
	(void)state;
	device.no_multicast = true;
	assert_true(open_port(1, 1, true, 0));
	assert_non_null(strstr(port.warning, "promiscuous"));
}

static void deaf_to_multicast_is_said(void **state)
{
	(void)state;
	device.no_multicast = true;
	device.no_promiscuous = true;
	assert_true(open_port(1, 1, true, 0));
	assert_non_null(strstr(port.warning, "IPv6 peers will not find it"));
}

static void impossible_mtu_is_named(void **state)
{
	(void)state;
	assert_false(open_port(1, 1, false, 40));
	assert_non_null(strstr(err, "MTU 40"));
}

static void smaller_mtu_is_kept(void **state)
{
	(void)state;
	assert_true(open_port(1, 1, false, 1280));
	assert_int_equal(port.mtu, 1280);
}

static void mac_and_addresses_are_taken_over(void **state)
{
	struct rte_ether_addr mac;

	(void)state;
	assert_true(open_port(1, 1, true, 0));
	assert_int_equal(rte_eth_macaddr_get(port.id, &mac), 0);
	assert_memory_equal(port.host.mac, mac.addr_bytes, 6);
	assert_int_equal(port.host.n_addrs, 1);
	assert_int_equal(port.host.addrs[0].ip[15], 2);
	assert_int_equal(port.mtu, 1500);
}

static void missing_port_is_named(void **state)
{
	struct port_spec spec = { .kind = PORT_NUMBER, .dev = "31", .number = 31 };
	uint16_t id;

	(void)state;
	assert_false(port_find(&id, &spec, 0, err, sizeof(err)));
	assert_non_null(strstr(err, "port 31"));
	spec = (struct port_spec){ .kind = PORT_TAP, .dev = "tap:none0", .name_off = 4 };
	assert_false(port_find(&id, &spec, 3, err, sizeof(err)));
	assert_non_null(strstr(err, "port tap:none0"));
	assert_non_null(strstr(err, "net_tap3"));
}

/* net_ring gives back what is sent: both announcements, as they are on the wire. */
static void announcements_go_out(void **state)
{
	struct port_spec spec = {
		.kind = PORT_NUMBER,
		.dev = "ring",
		.n_addrs = 2,
		.addrs = { { { [10] = 0xff, 0xff, 198, 18, 0, 2 }, 24 },
			   { { 0x20, 0x01, 0x0d, 0xb8, [15] = 2 }, 64 } },
	};
	struct port_config cfg = { .spec = &spec, .n_rxq = 1, .n_txq = 1, .pool = pool };
	struct rte_mbuf *m[4];
	struct port ring;

	(void)state;
	assert_int_equal(rte_eth_dev_get_port_by_name("net_ring0", &spec.number), 0);
	assert_true(port_open(&cfg, &ring, err, sizeof(err)));
	assert_int_equal(port_announce(&ring, pool), 2);
	assert_int_equal(rte_eth_rx_burst(ring.id, 0, m, 4), 2);
	assert_int_equal(m[0]->data_len, 60);
	assert_int_equal(rte_pktmbuf_mtod(m[0], uint8_t *)[13], 0x06);
	assert_int_equal(m[1]->data_len, 86);
	assert_int_equal(rte_pktmbuf_mtod(m[1], uint8_t *)[54], 136);
	rte_pktmbuf_free(m[0]);
	rte_pktmbuf_free(m[1]);
	port_close(&ring);
	assert_int_equal(rte_mempool_in_use_count(pool), 0);
}

#define ON_DEVICE(test) cmocka_unit_test_setup_teardown(test, make_device, remove_device)

int main(void)
{
	const struct CMUnitTest tests[] = {
		ON_DEVICE(rss_where_the_port_offers_it),
		ON_DEVICE(several_queues_without_rss),
		ON_DEVICE(one_queue_at_last),
		ON_DEVICE(one_queue_needs_no_rss),
		ON_DEVICE(no_more_queues_than_there_are),
		ON_DEVICE(offloads_that_fail_are_done_without),
		ON_DEVICE(buffers_go_back_fast_where_the_port_can),
		ON_DEVICE(multicast_is_for_ip6_alone),
		ON_DEVICE(promiscuous_when_multicast_is_refused),
		ON_DEVICE(deaf_to_multicast_is_said),
		ON_DEVICE(impossible_mtu_is_named),
		ON_DEVICE(smaller_mtu_is_kept),
		ON_DEVICE(mac_and_addresses_are_taken_over),
		cmocka_unit_test(missing_port_is_named),
		cmocka_unit_test(announcements_go_out),
	};
	int failed;

	eal_start();
	pool = rte_pktmbuf_pool_create("packets", 4095, 0, 0, RTE_MBUF_DEFAULT_BUF_SIZE,
				       SOCKET_ID_ANY);
	if (pool == NULL)
		return 1;
	failed = cmocka_run_group_tests(tests, NULL, NULL);
	rte_mempool_free(pool);
	eal_stop();
	return failed;
}

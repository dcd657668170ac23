/* SPDX-License-Identifier: BSD-3-Clause */
#include "port.h"

#include "eal.h"
#include "port_driver.h"
#include "port_kernel.h"

#include <rte_ethdev.h>
#include <rte_mbuf.h>

#include <stdarg.h>
#include <stdio.h>
#include <unistd.h>

enum {
	LIKED_DESCRIPTORS = 1024,
	IP_MTU_DEFAULT = RTE_ETHER_MTU,
	FRAME_OVERHEAD = RTE_ETHER_HDR_LEN + RTE_ETHER_CRC_LEN + RTE_VLAN_HLEN,
};

static uint16_t least(uint16_t a, uint16_t b) { return a < b ? a : b; }

static uint16_t greatest(uint16_t a, uint16_t b) { return a > b ? a : b; }

/* One port_open under way. */
struct opening {
	const struct port_config *cfg;
	struct port *port;
	const struct port_driver *driver;
	struct rte_eth_dev_info info;
	struct rte_eth_conf conf;
	uint16_t mtu;     /* to configure */
	bool mtu_by_user; /* the interface's is to be changed */
	char *err;
	size_t err_len;
};

static bool __attribute__((format(printf, 3, 4)))
failed(const struct opening *o, int rc, const char *format, ...)
{
	char what[128];
	va_list ap;

	va_start(ap, format);
	vsnprintf(what, sizeof(what), format, ap);
	va_end(ap);
	snprintf(o->err, o->err_len, "port %s: %s: %s", o->cfg->spec->dev, what,
		 rte_strerror(rc < 0 ? -rc : rc));
	return false;
}

static void warn(struct port *port, const char *dev, const char *text)
{
	size_t at = strlen(port->warning);

	snprintf(port->warning + at, sizeof(port->warning) - at, "%s%s%s%s", at ? "; " : "port ",
		 at ? "" : dev, at ? "" : ": ", text);
}

bool port_find(uint16_t *id, const struct port_spec *spec, unsigned index, char *err,
	       size_t err_len)
{
	char name[EAL_NAME_MAX];

	if (spec->kind == PORT_NUMBER) {
		*id = spec->number;
		if (rte_eth_dev_is_valid_port(*id))
			return true;
		snprintf(err, err_len, "port %s: EAL made no port of that number", spec->dev);
		return false;
	}
	eal_device_name(name, spec, index);
	if (rte_eth_dev_get_port_by_name(name, id) == 0)
		return true;
	snprintf(err, err_len, "port %s: DPDK could not open it as %s (EAL's own message says why)",
		 spec->dev, name);
	return false;
}

/* The queues to ask for. */
static void want_queues(struct opening *o, uint16_t *n_rxq, uint16_t *n_txq)
{
	*n_rxq = least(o->cfg->n_rxq, o->info.max_rx_queues);
	*n_txq = least(o->cfg->n_txq, o->info.max_tx_queues);
	if (o->driver->paired) {
		const uint16_t most = least(o->info.max_rx_queues, o->info.max_tx_queues);

		*n_rxq = least(greatest(o->cfg->n_rxq, o->cfg->n_txq), most);
		if (o->driver->all_queues)
			*n_rxq = most;
		*n_txq = *n_rxq;
	}
}

/* UDP's ports spread best; addresses alone do where the device has nothing else. */
static uint64_t rss_fields(uint64_t capable)
{
	const uint64_t udp = capable & RTE_ETH_RSS_UDP;

	return udp != 0 ? udp : capable & RTE_ETH_RSS_IP;
}

static void want_offloads(struct opening *o, bool checksums)
{
	struct rte_eth_conf *conf = &o->conf;
	const bool use = checksums && o->driver->hardware;
	const uint32_t room = rte_pktmbuf_data_room_size(o->cfg->pool) - RTE_PKTMBUF_HEADROOM;

	conf->rxmode.offloads = 0;
	conf->txmode.offloads = o->info.tx_offload_capa & RTE_ETH_TX_OFFLOAD_MULTI_SEGS;
	if (use) {
		conf->rxmode.offloads = o->info.rx_offload_capa & (RTE_ETH_RX_OFFLOAD_IPV4_CKSUM |
								   RTE_ETH_RX_OFFLOAD_UDP_CKSUM);
		/* All that is sent is one buffer of the one pool, and nobody else's. */
		conf->txmode.offloads |=
			o->info.tx_offload_capa &
			(RTE_ETH_TX_OFFLOAD_IPV4_CKSUM | RTE_ETH_TX_OFFLOAD_UDP_CKSUM |
			 RTE_ETH_TX_OFFLOAD_MBUF_FAST_FREE);
	}
	if (o->mtu + (uint32_t)FRAME_OVERHEAD > room)
		conf->rxmode.offloads |= o->info.rx_offload_capa & RTE_ETH_RX_OFFLOAD_SCATTER;
}

static int try_configure(struct opening *o, uint16_t n_rxq, uint16_t n_txq, bool rss)
{
	const uint64_t fields = rss_fields(o->info.flow_type_rss_offloads);
	int rc;

	o->conf.rxmode.mtu = o->mtu;
	o->conf.rxmode.mq_mode = rss ? RTE_ETH_MQ_RX_RSS : RTE_ETH_MQ_RX_NONE;
	o->conf.rx_adv_conf.rss_conf = (struct rte_eth_rss_conf){ .rss_hf = rss ? fields : 0 };
	rc = rte_eth_dev_configure(o->port->id, n_rxq, n_txq, &o->conf);
	if (rc == 0) {
		o->port->n_rxq = n_rxq;
		o->port->n_txq = n_txq;
		o->port->rss = rss;
	}
	return rc;
}

/* The ladder: RSS, several queues, one queue; then once more without checksum offloads. */
static bool configure(struct opening *o)
{
	uint16_t n_rxq, n_txq;
	int rc = -EINVAL;

	want_queues(o, &n_rxq, &n_txq);
	if (n_rxq == 0 || n_txq == 0)
		return failed(o, ENOTSUP, "the device has no queues");
	for (int checksums = 1; rc != 0 && checksums >= 0; checksums--) {
		want_offloads(o, checksums);
		/* tap and af_packet offer no RSS of their own, or offer what they do not do. */
		if (n_rxq > 1 && o->driver->hardware &&
		    rss_fields(o->info.flow_type_rss_offloads) != 0)
			rc = try_configure(o, n_rxq, n_txq, true);
		if (rc != 0)
			rc = try_configure(o, n_rxq, n_txq, false);
		if (rc != 0 && n_rxq > 1)
			rc = try_configure(o, 1, o->driver->paired ? 1 : n_txq, false);
	}
	return rc == 0 || failed(o, rc, "set-up of %u receive and %u transmit queues, MTU %u",
				 n_rxq, n_txq, o->mtu);
}

static uint16_t liked(uint16_t asked, uint16_t device, uint16_t most)
{
	if (asked != 0)
		return asked;
	return least(device != 0 ? device : LIKED_DESCRIPTORS, most);
}

static bool queues(struct opening *o)
{
	struct port *port = o->port;
	const unsigned node = port->socket < 0 ? (unsigned)SOCKET_ID_ANY : (unsigned)port->socket;
	struct rte_eth_rxconf rx = o->info.default_rxconf;
	struct rte_eth_txconf tx = o->info.default_txconf;
	int rc;

	port->rxd = liked(o->cfg->rxd, o->info.default_rxportconf.ring_size, PORT_RXD_DEFAULT);
	port->txd = liked(o->cfg->txd, o->info.default_txportconf.ring_size, PORT_TXD_DEFAULT);
	rc = rte_eth_dev_adjust_nb_rx_tx_desc(port->id, &port->rxd, &port->txd);
	if (rc != 0)
		return failed(o, rc, "%u receive and %u transmit descriptors", port->rxd,
			      port->txd);
	rx.offloads = o->conf.rxmode.offloads;
	tx.offloads = o->conf.txmode.offloads;
	for (uint16_t q = 0; q < port->n_rxq; q++) {
		rc = rte_eth_rx_queue_setup(port->id, q, port->rxd, node, &rx, o->cfg->pool);
		if (rc != 0)
			return failed(o, rc, "receive queue %u", q);
	}
	for (uint16_t q = 0; q < port->n_txq; q++) {
		rc = rte_eth_tx_queue_setup(port->id, q, port->txd, node, &tx);
		if (rc != 0)
			return failed(o, rc, "transmit queue %u", q);
	}
	return true;
}

/* What to configure: what was asked for; otherwise 1500, or less where the device has less. */
static bool choose_mtu(struct opening *o)
{
	const uint16_t asked = o->cfg->spec->mtu;
	uint16_t kernel;

	o->mtu = least(IP_MTU_DEFAULT, o->info.max_mtu);
	o->port->mtu = o->mtu;
	kernel = o->info.if_index != 0 ? port_kernel_mtu(o->info.if_index) : 0;
	if (kernel != 0)
		o->port->mtu = least(o->mtu, kernel);
	if (asked == 0)
		return true;
	if (asked > o->info.max_mtu || asked < o->info.min_mtu)
		return failed(o, ERANGE, "MTU %u, the device takes %u to %u", asked,
			      o->info.min_mtu, o->info.max_mtu);
	o->mtu = asked;
	o->mtu_by_user = o->driver->foreign && kernel != 0 ? asked > kernel : asked != kernel;
	o->port->mtu = asked;
	return true;
}

/* A smaller MTU than the device's is also kept by us alone; a larger one has to be its own. */
static bool set_mtu(struct opening *o)
{
	uint16_t now = 0;
	int rc;

	if (!o->mtu_by_user)
		return true;
	rc = rte_eth_dev_set_mtu(o->port->id, o->mtu);
	if (rc == 0 || o->mtu <= IP_MTU_DEFAULT ||
	    (rte_eth_dev_get_mtu(o->port->id, &now) == 0 && now >= o->mtu && rc == -ENOTSUP))
		return true;
	return failed(o, rc, "MTU %u", o->mtu);
}

/* Neighbour solicitations go to a multicast address: IPv6 needs them to arrive. */
static void receive_multicast(struct opening *o)
{
	struct port *port = o->port;
	bool v6 = false;

	for (unsigned i = 0; i < o->cfg->spec->n_addrs; i++)
		v6 |= frame_addr_is_ip6(&o->cfg->spec->addrs[i]);
	if (!v6 || o->driver->unfiltered)
		return;
	if (o->info.if_index != 0 && o->driver->foreign) {
		port->membership_fd = port_kernel_all_multicast(o->info.if_index);
		if (port->membership_fd >= 0)
			return;
	}
	if (rte_eth_allmulticast_enable(port->id) == 0)
		return;
	if (rte_eth_promiscuous_enable(port->id) == 0)
		warn(port, o->cfg->spec->dev, "cannot receive all multicast, so promiscuous");
	else
		warn(port, o->cfg->spec->dev,
		     "cannot receive multicast: IPv6 peers will not find it");
}

static int start(struct opening *o)
{
	/* start applies the mode; off is the default of most drivers, not of all. */
	if (rte_eth_promiscuous_get(o->port->id) == 1)
		(void)rte_eth_promiscuous_disable(o->port->id);
	return rte_eth_dev_start(o->port->id);
}

static void describe(struct opening *o)
{
	static const struct {
		uint64_t rx, tx;
		unsigned bit; /* FRAME_IP_CHECKED is FRAME_IP_OFFLOAD, and so for L4 */
		const char *rx_text, *tx_text;
	} bits[] = {
		{ RTE_ETH_RX_OFFLOAD_IPV4_CKSUM, RTE_ETH_TX_OFFLOAD_IPV4_CKSUM, FRAME_IP_OFFLOAD,
		  " rx-ip", " tx-ip" },
		{ RTE_ETH_RX_OFFLOAD_UDP_CKSUM, RTE_ETH_TX_OFFLOAD_UDP_CKSUM, FRAME_L4_OFFLOAD,
		  " rx-udp", " tx-udp" },
	};
	struct port *port = o->port;
	char text[sizeof(port->offload_text)] = "";

	for (size_t i = 0; i < RTE_DIM(bits); i++) {
		if (o->conf.rxmode.offloads & bits[i].rx) {
			strncat(text, bits[i].rx_text, sizeof(text) - strlen(text) - 1);
		}
		if (o->conf.txmode.offloads & bits[i].tx) {
			port->tx_offload |= bits[i].bit;
			strncat(text, bits[i].tx_text, sizeof(text) - strlen(text) - 1);
		}
	}
	snprintf(port->offload_text, sizeof(port->offload_text), "%s",
		 text[0] != '\0' ? text + 1 : "none");
	if (port->rss)
		snprintf(port->rss_text, sizeof(port->rss_text), "%s",
			 o->info.flow_type_rss_offloads & RTE_ETH_RSS_UDP ? "udp" : "ip");
	else
		snprintf(port->rss_text, sizeof(port->rss_text), "%s",
			 port->n_rxq > 1 && o->driver->spreads ? "kernel" : "off");
}

static bool addresses(struct opening *o)
{
	struct frame_host *host = &o->port->host;
	struct rte_ether_addr mac;
	int rc = rte_eth_macaddr_get(o->port->id, &mac);

	if (rc != 0)
		return failed(o, rc, "MAC address");
	memcpy(host->mac, mac.addr_bytes, sizeof(host->mac));
	if (o->driver->own_mac)
		host->mac[5] ^= 0x80;
	host->n_addrs = o->cfg->spec->n_addrs;
	memcpy(host->addrs, o->cfg->spec->addrs, sizeof(host->addrs));
	return true;
}

static void check_link(struct opening *o)
{
	/* A link is never waited for: vhost's comes with its peer. */
	if (o->info.if_index != 0 && !port_kernel_is_up(o->info.if_index))
		warn(o->port, o->cfg->spec->dev, "the interface is down");
}

bool port_open(const struct port_config *cfg, struct port *out, char *err, size_t err_len)
{
	struct opening o = { .cfg = cfg, .port = out, .err = err, .err_len = err_len };
	int rc;

	memset(out, 0, sizeof(*out));
	out->membership_fd = -1;
	if (!port_find(&out->id, cfg->spec, cfg->index, err, err_len))
		return false;
	rc = rte_eth_dev_info_get(out->id, &o.info);
	if (rc != 0)
		return failed(&o, rc, "device information");
	out->socket = rte_eth_dev_socket_id(out->id);
	o.driver = port_driver_of(o.info.driver_name);
	snprintf(out->driver, sizeof(out->driver), "%s", o.info.driver_name);
	if (!choose_mtu(&o) || !configure(&o) || !set_mtu(&o) || !queues(&o) || !addresses(&o))
		goto fail;
	rc = start(&o);
	if (rc != 0) {
		failed(&o, rc, "start");
		goto fail;
	}
	out->started = true;
	receive_multicast(&o);
	describe(&o);
	check_link(&o);
	return true;
fail:
	port_close(out);
	return false;
}

static bool announce_one(const struct port *port, const struct frame_addr *addr,
			 struct rte_mempool *pool)
{
	struct rte_mbuf *m = rte_pktmbuf_alloc(pool);
	uint8_t *at;
	size_t len;

	if (m == NULL)
		return false;
	at = rte_pktmbuf_mtod(m, uint8_t *);
	len = frame_addr_is_ip6(addr) ? frame_nd_announce(&port->host, addr, VLAN_NONE, at)
				      : frame_arp_announce(&port->host, addr, VLAN_NONE, at);
	m->data_len = (uint16_t)len;
	m->pkt_len = (uint32_t)len;
	if (rte_eth_tx_burst(port->id, 0, &m, 1) == 1)
		return true;
	rte_pktmbuf_free(m);
	return false;
}

unsigned port_announce(const struct port *port, struct rte_mempool *pool)
{
	unsigned sent = 0;

	for (unsigned i = 0; i < port->host.n_addrs; i++)
		sent += announce_one(port, &port->host.addrs[i], pool);
	return sent;
}

void port_close(struct port *port)
{
	if (port->started)
		(void)rte_eth_dev_stop(port->id);
	port->started = false;
	if (rte_eth_dev_is_valid_port(port->id))
		(void)rte_eth_dev_close(port->id);
	if (port->membership_fd >= 0)
		close(port->membership_fd);
	port->membership_fd = -1;
}

/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * A DPDK port, set up as far as its driver lets us: queues, RSS, offloads, MTU, multicast.
 *
 * RSS is a hint, so its refusal is never an error: the port falls back to several queues without
 * RSS, and to one queue. Slow path only.
 */
#pragma once

#include "options.h"

#include <rte_mempool.h>

/* The most descriptors (and so mbufs) that a queue gets when rxd and txd are left open; pools are
 * sized by it. net_af_xdp takes this many for its fill ring whatever it is asked for. */
enum { PORT_RXD_DEFAULT = 2048, PORT_TXD_DEFAULT = 2048 };

struct port_config {
	const struct port_spec *spec;
	unsigned index;        /* in options.ports */
	uint16_t n_rxq, n_txq; /* wanted, at least 1 each */
	uint16_t rxd, txd;     /* 0: as the device likes it */
	struct rte_mempool *pool;
};

struct port {
	uint16_t id;
	/*
	 * What there is. n_rxq can be more than was asked for: drivers that have queues in pairs
	 * get as many of both, and the kernel behind net_af_packet deals packets out to all queues
	 * made at start. Every receive queue has to be polled. n_txq is less than was asked for
	 * only when the device has no more: cores then have to share.
	 */
	uint16_t n_rxq, n_txq;
	uint16_t rxd, txd;      /* descriptors, 0 where the driver ignores them */
	bool rss;               /* the device spreads UDP flows (or their hosts) over its queues */
	unsigned tx_offload;    /* what was enabled, as FRAME_*_OFFLOAD */
	uint16_t mtu;           /* IP packet bytes */
	int socket;             /* NUMA node, or SOCKET_ID_ANY */
	struct frame_host host; /* MAC and addresses that frames are parsed against */
	char rss_text[16];      /* "udp", "ip", "kernel" (it deals out), "off" */
	char offload_text[48];  /* "rx-ip rx-udp tx-ip tx-udp", "none" */
	char driver[24];
	char warning[192]; /* for the log; empty: nothing */
	/* For port_close. */
	int membership_fd; /* keeps the interface in all-multicast, -1 */
	bool started;
};

/* port_find: the DPDK port of a --port; false: err. EAL has been initialised. */
bool port_find(uint16_t *id, const struct port_spec *spec, unsigned index, char *err,
	       size_t err_len) MUST_USE;

/* port_open: configures and starts. false: err names the port, the queue and the reason, and
 * nothing needs closing. The link need not be up. */
bool port_open(const struct port_config *cfg, struct port *out, char *err, size_t err_len) MUST_USE;

/* port_announce: gratuitous ARP and unsolicited neighbour advertisements for every address, on
 * transmit queue 0, before cores use it. Returns how many frames the port took. */
unsigned port_announce(const struct port *port, struct rte_mempool *pool);

/* port_close: stops and releases; nothing may use the port any more. */
void port_close(struct port *port);

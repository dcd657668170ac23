/* SPDX-License-Identifier: BSD-3-Clause */
#include "load_eal.h"
#include "load_link.h"
#include "neighbour.h"
#include "port.h"

#include <stdio.h>
#include <stdlib.h>
#include <time.h>

#include <rte_ethdev.h>
#include <rte_mbuf.h>

enum {
	MBUF_CACHE = 256,
	ASK_NS = 100 * 1000 * 1000,
	ASKS = 50, /* in five seconds */
	LOOK_NS = 1000 * 1000,
	NAP_NS = 50 * 1000,
};

/* A load_buffer is its mbuf's private area; a line, so that data stay aligned. */
enum { PRIV_SIZE = RTE_CACHE_LINE_SIZE };
_Static_assert(sizeof(struct load_buffer) <= PRIV_SIZE, "a load_buffer fits its mbuf");
_Static_assert(RTE_PKTMBUF_HEADROOM >= LOAD_HEADROOM + FRAME_HEADERS_MAX, "room for headers");

struct dpdk_port {
	struct load_port base;
	struct port port;
	struct load_link link;
	struct rte_mempool *pool;
	uint16_t queue; /* to be read next */
	bool open, nap;
};

static struct dpdk_port *of(struct load_port *p) { return (struct dpdk_port *)p; }

static inline struct load_buffer *buffer_of(struct rte_mbuf *m) { return rte_mbuf_to_priv(m); }

static inline struct rte_mbuf *mbuf_of(struct load_buffer *b)
{
	return (struct rte_mbuf *)((char *)b - sizeof(struct rte_mbuf));
}

static bool dpdk_alloc(struct load_port *base, struct load_buffer **out, unsigned n)
{
	struct rte_mbuf *m[LOAD_BURST_MAX];

	if (n > LOAD_BURST_MAX || rte_pktmbuf_alloc_bulk(of(base)->pool, m, n) != 0)
		return false;
	for (unsigned i = 0; i < n; i++) {
		out[i] = buffer_of(m[i]);
		*out[i] = (struct load_buffer){ .data = rte_pktmbuf_mtod(m[i], uint8_t *),
						.room = LOAD_DATAGRAM_MAX,
						.device = LOAD_NO_DEVICE };
	}
	return true;
}

static void dpdk_release(struct load_port *base, struct load_buffer **bufs, unsigned n)
{
	struct rte_mbuf *m[LOAD_BURST_MAX];

	(void)base;
	while (n > 0) {
		const unsigned k = n < LOAD_BURST_MAX ? n : LOAD_BURST_MAX;

		for (unsigned i = 0; i < k; i++)
			m[i] = mbuf_of(bufs[i]);
		rte_pktmbuf_free_bulk(m, k);
		bufs += k;
		n -= k;
	}
}

static void offload(struct rte_mbuf *m, unsigned bits, unsigned headers)
{
	const bool v4 = headers < FRAME_ETHER_LEN + FRAME_IP6_LEN;

	m->ol_flags = 0;
	if (bits == 0)
		return;
	m->l2_len = FRAME_ETHER_LEN;
	m->l3_len = v4 ? FRAME_IP4_LEN : FRAME_IP6_LEN;
	m->ol_flags = v4 ? RTE_MBUF_F_TX_IPV4 : RTE_MBUF_F_TX_IPV6;
	if (bits & FRAME_IP_OFFLOAD && v4)
		m->ol_flags |= RTE_MBUF_F_TX_IP_CKSUM;
	if (bits & FRAME_L4_OFFLOAD)
		m->ol_flags |= RTE_MBUF_F_TX_UDP_CKSUM;
}

/* The buffer itself is left as it is: it may not be taken, and come again. */
static struct rte_mbuf *make_frame(const struct dpdk_port *p, struct load_buffer *b)
{
	struct rte_mbuf *m = mbuf_of(b);
	const unsigned bits = p->port.tx_offload;
	const uint16_t headers = load_link_write(&p->link, b->device, b->data, b->len, bits);

	m->data_off = (uint16_t)(b->data - headers - (uint8_t *)m->buf_addr);
	m->data_len = (uint16_t)(headers + b->len);
	m->pkt_len = m->data_len;
	offload(m, bits, headers);
	return m;
}

static unsigned dpdk_send(struct load_port *base, struct load_buffer **bufs, unsigned n)
{
	struct dpdk_port *p = of(base);
	struct rte_mbuf *m[LOAD_BURST_MAX];
	unsigned done = 0, k, sent;

	do {
		k = n - done < LOAD_BURST_MAX ? n - done : LOAD_BURST_MAX;
		for (unsigned i = 0; i < k; i++)
			m[i] = make_frame(p, bufs[done + i]);
		sent = rte_eth_tx_burst(p->port.id, 0, m, (uint16_t)k);
		done += sent;
	} while (sent == k && done < n);
	return done;
}

static void answer(const struct dpdk_port *p, struct rte_mbuf *m, uint16_t len)
{
	m->data_len = len;
	m->pkt_len = len;
	m->ol_flags = 0;
	if (rte_eth_tx_burst(p->port.id, 0, &m, 1) == 0)
		rte_pktmbuf_free(m);
}

/* RTE_MBUF_F_RX_*_CKSUM_GOOD, and NONE: the bytes are known to be right between virtio peers. */
static inline unsigned checked_by_port(uint64_t ol_flags)
{
	return (ol_flags & RTE_MBUF_F_RX_IP_CKSUM_GOOD ? FRAME_IP_CHECKED : 0u) |
	       (ol_flags & RTE_MBUF_F_RX_L4_CKSUM_GOOD ? FRAME_L4_CHECKED : 0u);
}

/* What a frame is for; NULL: nothing for the engine. */
static inline struct load_buffer *take(struct dpdk_port *p, struct rte_mbuf *m)
{
	struct load_buffer *b = buffer_of(m);
	uint8_t *frame = rte_pktmbuf_mtod(m, uint8_t *);
	const uint16_t cap = (uint16_t)(m->buf_len - m->data_off);
	struct load_link_in in;

	if (m->nb_segs == 1) {
		switch (load_link_read(&p->link, frame, m->data_len, cap,
				       checked_by_port(m->ol_flags), &in)) {
		case LOAD_LINK_DATAGRAM:
			b->data = frame + in.off;
			b->len = in.len;
			b->room = (uint16_t)(cap - in.off);
			b->device = in.device;
			return b;
		case LOAD_LINK_ANSWER:
			answer(p, m, in.len);
			return NULL;
		case LOAD_LINK_LEARNED:
			break;
		case LOAD_LINK_FOREIGN:
			p->base.foreign++;
			break;
		case LOAD_LINK_MALFORMED:
			p->base.malformed++;
			break;
		}
	} else {
		p->base.malformed++;
	}
	rte_pktmbuf_free(m);
	return NULL;
}

/* One queue is asked for; where a driver insists on more, all are read in turn. */
static inline unsigned receive(struct dpdk_port *p, struct rte_mbuf **m, unsigned max)
{
	unsigned got = 0;

	for (unsigned i = 0; i < p->port.n_rxq && got == 0; i++) {
		got = rte_eth_rx_burst(p->port.id, p->queue, m, (uint16_t)max);
		p->queue = (uint16_t)(p->queue + 1 == p->port.n_rxq ? 0 : p->queue + 1);
	}
	return got;
}

static unsigned dpdk_recv(struct load_port *base, struct load_buffer **out, unsigned max)
{
	enum { AHEAD = 4 };
	struct dpdk_port *p = of(base);
	struct rte_mbuf *m[LOAD_BURST_MAX];
	unsigned got, n = 0;

	got = receive(p, m, max < LOAD_BURST_MAX ? max : LOAD_BURST_MAX);
	for (unsigned i = 0; i < got && i < AHEAD; i++)
		rte_prefetch0(rte_pktmbuf_mtod(m[i], void *));
	for (unsigned i = 0; i < got; i++) {
		struct load_buffer *b;

		if (i + AHEAD < got)
			rte_prefetch0(rte_pktmbuf_mtod(m[i + AHEAD], void *));
		b = take(p, m[i]);
		if (b != NULL)
			out[n++] = b;
	}
	return n;
}

static void pause_ns(uint64_t ns)
{
	const struct timespec t = { .tv_nsec = (long)ns };

	nanosleep(&t, NULL);
}

/* A core of its own polls; in test mode others need it too. */
static void dpdk_wait(struct load_port *base, uint64_t ns)
{
	if (of(base)->nap && ns > 0)
		pause_ns(ns < NAP_NS ? ns : NAP_NS);
}

static bool dpdk_move(struct load_port *base, uint32_t device)
{
	load_places_move(&of(base)->link.places, device);
	return true;
}

static void dpdk_free(struct load_port *base)
{
	struct dpdk_port *p = of(base);

	if (p->open)
		port_close(&p->port);
	rte_mempool_free(p->pool);
	load_link_free(&p->link);
	free(p);
}

static const struct load_port_ops dpdk_ops = {
	.alloc = dpdk_alloc,
	.release = dpdk_release,
	.send = dpdk_send,
	.recv = dpdk_recv,
	.move = dpdk_move,
	.wait = dpdk_wait,
	.free = dpdk_free,
};

static bool ask(struct dpdk_port *p)
{
	struct rte_mbuf *m = rte_pktmbuf_alloc(p->pool);

	if (m == NULL)
		return false;
	m->data_len = (uint16_t)load_link_ask(&p->link, rte_pktmbuf_mtod(m, uint8_t *));
	m->pkt_len = m->data_len;
	if (rte_eth_tx_burst(p->port.id, 0, &m, 1) == 1)
		return true;
	rte_pktmbuf_free(m);
	return false;
}

/* A peer that is just starting (vhost) hears only a later question. */
static bool resolve(struct dpdk_port *p)
{
	struct load_buffer *b[LOAD_BURST_MAX];

	for (unsigned i = 0; i < ASKS; i++) {
		(void)ask(p);
		for (unsigned looks = ASK_NS / LOOK_NS; looks > 0; looks--) {
			dpdk_release(&p->base, b, dpdk_recv(&p->base, b, LOAD_BURST_MAX));
			if (p->link.resolved)
				return true;
			pause_ns(LOOK_NS);
		}
	}
	return false;
}

/* The port's, with an address of the devices when it has none of their family: IPv6 needs
 * multicast, and port_open asks for that by the addresses. */
static struct port_spec spec_of(const struct load_options *opt, unsigned index)
{
	struct port_spec spec = opt->ports[index];
	const bool v4 = flow_ip_is_mapped(opt->target_ip);

	for (unsigned i = 0; i < spec.n_addrs; i++)
		if (frame_addr_is_ip6(&spec.addrs[i]) != v4)
			return spec;
	if (spec.n_addrs < FRAME_ADDRS_MAX) {
		memcpy(spec.addrs[spec.n_addrs].ip, opt->sources.first_ip, 16);
		spec.addrs[spec.n_addrs++].prefix_len = v4 ? 32 : 128;
	}
	return spec;
}

static bool open_port(struct dpdk_port *p, const struct load_options *opt, unsigned index,
		      char *err, size_t err_len)
{
	const struct port_spec spec = spec_of(opt, index);
	const struct port_config cfg = {
		.spec = &spec,
		.index = index,
		.n_rxq = 1,
		.n_txq = 1,
		.rxd = opt->rxd,
		.txd = opt->txd,
		.pool = p->pool,
	};

	p->open = port_open(&cfg, &p->port, err, err_len);
	return p->open;
}

struct load_port *load_port_dpdk_new(const struct load_options *opt, unsigned index,
				     struct load_share share, char *err, size_t err_len)
{
	struct dpdk_port *p = calloc(1, sizeof(*p));
	char name[32];

	snprintf(err, err_len, "port %s: no memory", opt->ports[index].dev);
	if (p == NULL)
		return NULL;
	p->base.ops = &dpdk_ops;
	p->nap = opt->test_mode;
	snprintf(name, sizeof(name), "load%u", index);
	p->pool = rte_pktmbuf_pool_create(name, load_eal_mbufs(opt), MBUF_CACHE, PRIV_SIZE,
					  RTE_MBUF_DEFAULT_BUF_SIZE, SOCKET_ID_ANY);
	if (p->pool == NULL || !open_port(p, opt, index, err, err_len) ||
	    !load_link_init(&p->link, opt, &opt->ports[index], p->port.host.mac, share, err,
			    err_len))
		goto fail;
	if (resolve(p))
		return &p->base;
	snprintf(err, err_len, "port %s: no answer to %s for the target%s within five seconds",
		 opt->ports[index].dev, flow_ip_is_mapped(opt->target_ip) ? "ARP" : "ND",
		 memcmp(p->link.hop_ip, opt->target_ip, 16) == 0 ? "" : "'s gateway");
fail:
	dpdk_free(&p->base);
	return NULL;
}

/* SPDX-License-Identifier: BSD-3-Clause */
#include "stages.h"

#include "frame_plain.h"
#include "frame_single.h"

#include <rte_ether.h>

enum { SOME = 16 }; /* frames whose bytes are sent for together */
_Static_assert((int)SOME == (int)LOOKUP_AHEAD, "and whose sessions are");

/* "NONE" means that the packet's checksum field is not right but its bytes are known to be: between
 * virtio peers, for instance. "BAD" is looked at again in software, which names the reason. So it
 * is one bit of two each. */
static inline unsigned checked_by_port(uint64_t ol_flags)
{
	_Static_assert(RTE_MBUF_F_RX_IP_CKSUM_GOOD == FRAME_IP_CHECKED << 7 &&
			       RTE_MBUF_F_RX_L4_CKSUM_GOOD == FRAME_L4_CHECKED << 7,
		       "good");
	_Static_assert((RTE_MBUF_F_RX_IP_CKSUM_NONE & ~RTE_MBUF_F_RX_IP_CKSUM_BAD) ==
				       RTE_MBUF_F_RX_IP_CKSUM_GOOD &&
			       (RTE_MBUF_F_RX_L4_CKSUM_NONE & ~RTE_MBUF_F_RX_L4_CKSUM_BAD) ==
				       RTE_MBUF_F_RX_L4_CKSUM_GOOD,
		       "none");
	return (unsigned)(ol_flags >> 7) & (FRAME_IP_CHECKED | FRAME_L4_CHECKED);
}

static bool listens_at(const struct path_config *cfg, const struct flow *flow)
{
	for (unsigned i = 0; i < cfg->n_listen; i++) {
		const struct path_listen *l = &cfg->listen[i];

		if (l->port == flow->local_port &&
		    (bytes_zero16(l->ip) || bytes_equal16(l->ip, flow->local_ip)))
			return true;
	}
	return false;
}

static inline bool listens(const struct path_core *core, const struct flow *flow)
{
	return likely(flow->local_port == core->listen_everywhere) || listens_at(&core->cfg, flow);
}

bool rx_is_ours(const struct path_core *core, unsigned port, const struct flow *flow)
{
	const struct frame_host *host = &core->cfg.ports[port].host;

	for (unsigned i = 0; i < host->n_addrs; i++)
		if (bytes_equal16(host->addrs[i].ip, flow->local_ip))
			return listens(core, flow);
	return false;
}

/* ARP, neighbour discovery and echo: answered in place, out of the port it came from. */
static void answer(struct path_core *core, unsigned port, struct rte_mbuf *m)
{
	const struct frame_host *host = &core->cfg.ports[port].host;
	size_t cap = rte_pktmbuf_data_len(m) + rte_pktmbuf_tailroom(m), len;
	uint16_t tci = m->vlan_tci;
	bool stripped = m->ol_flags & RTE_MBUF_F_RX_VLAN_STRIPPED;
	bool learned = forward_nodes_learn(core, port, m);
	enum status s = frame_answer(host, rte_pktmbuf_mtod(m, uint8_t *), rte_pktmbuf_data_len(m),
				     cap, &len);

	if (s != STATUS_FRAME_ANSWERED) {
		core_drop(core, m, learned ? STATUS_FRAME_NEIGHBOUR : s);
		return;
	}
	if (!throttle_take(&core->answers, THROTTLE_RATE, core->now_ns)) {
		core_drop(core, m, STATUS_FRAME_ANSWER_LIMIT);
		return;
	}
	m->data_len = (uint16_t)len;
	m->pkt_len = (uint32_t)len;
	m->ol_flags = 0;
	m->vlan_tci = tci;
	if (stripped && rte_vlan_insert(&m) != 0) {
		core_drop(core, m, STATUS_TX_SIZE);
		return;
	}
	core_count(core, s);
	tx_frame(core, port, m);
}

/* How many hellos of this burst still have their turn. */
struct rx_hellos {
	bool backlog, dry; /* dry: of a backlog, no more */
	unsigned left;
};

/* What a burst adds up to: counted once, when it is through. */
struct rx_sums {
	uint64_t bytes, datagrams, partial_csum;
	struct rx_hellos hellos;
};

/* Any frame. */
static __attribute__((noinline)) enum status general_parse(const struct path_port *port,
							   struct rte_mbuf *m, struct frame *out)
{
	struct msg *msg = msg_of(m);

	/* Everything behind this line takes a packet for one run of bytes (bad-input A21). */
	if (m->nb_segs > 1 && rte_pktmbuf_linearize(m) != 0)
		return STATUS_FRAME_SEGMENTS;
	return frame_parse(&port->host, rte_pktmbuf_mtod(m, const uint8_t *),
			   rte_pktmbuf_data_len(m), checked_by_port(m->ol_flags), &msg->flow,
			   &msg->hop, out);
}

static inline bool plain_parse(const struct path_port *port, struct rte_mbuf *m, struct frame *out)
{
	struct msg *msg = msg_of(m);

	return m->nb_segs == 1 &&
	       frame_plain_parse(&port->host.plain, rte_pktmbuf_mtod(m, const uint8_t *),
				 rte_pktmbuf_data_len(m), checked_by_port(m->ol_flags), &msg->flow,
				 &msg->hop, out);
}

/* The UDP payload, in a msg with flow and hop; what crosses cores later is filled in then. */
static inline void unpack(const struct path_port *port, struct rte_mbuf *m, uint16_t off,
			  uint16_t len)
{
	struct msg *msg = msg_of(m);

	msg->hop.port_id = port->port_id;
	msg->hops = 0;
	if (unlikely(m->ol_flags & RTE_MBUF_F_RX_VLAN_STRIPPED))
		msg->hop.vlan_tci = m->vlan_tci;
	m->data_off = (uint16_t)(m->data_off + off);
	m->data_len = len;
	m->pkt_len = len;
	m->ol_flags = 0;
}

static inline enum status parse(const struct path_core *core, const struct path_port *port,
				struct rte_mbuf *m, struct rx_sums *sums)
{
	struct frame f;

	if (!plain_parse(port, m, &f)) {
		struct frame any; /* f itself can stay in registers */
		enum status s = general_parse(port, m, &any);

		if (s != STATUS_OK)
			return s;
		f = any;
	}
	if (!listens(core, &msg_of(m)->flow))
		return STATUS_FRAME_PORT;
	unpack(port, m, f.payload_off, f.payload_len);
	sums->partial_csum += f.checksum_partial;
	return STATUS_OK;
}

static bool hello_has_turn(struct path_core *core, struct rx_hellos *h)
{
	if (!h->backlog)
		return true;
	if (h->left > 0) {
		h->left--;
		return true;
	}
	h->dry = !throttle_take_of(&core->hello_tokens, PATH_BACKLOG_RATE, PATH_BACKLOG_ONCE,
				   core->now_ns);
	return !h->dry;
}

/*
 * For a hello nothing is looked up, and of hellos there is a limit while the core is behind: a
 * burst that was full means that the port has more. A hello costs twice as much as a device's
 * record, and whoever likes can send hellos; so devices that have sessions keep nearly all of the
 * core. With time to spare the bursts are not full, and every hello has its turn. (hello-flood.md)
 */
static bool hello_taken(struct path_core *core, struct rte_mbuf *m, struct rx_hellos *h)
{
	if (!core_is_hello(rte_pktmbuf_mtod(m, const uint8_t *), rte_pktmbuf_data_len(m)))
		return false;
	if (hello_has_turn(core, h))
		admit_add(core, m);
	else
		core_drop(core, m, STATUS_HELLO_BACKLOG);
	return true;
}

/* Whether a frame is that of a hello, by its first line alone: what has used up its limit is
 * dropped before any of the work that a record is worth, most of all waiting for the rest of its
 * bytes. Of frames that are not to us, or broken, some look like it too; they had to be dropped
 * anyway. */
static bool hello_in_sight(const struct rte_mbuf *m)
{
	const uint8_t *frame = rte_pktmbuf_mtod(m, const uint8_t *);
	size_t len = rte_pktmbuf_data_len(m), at = frame_udp_payload(frame, len);

	return at != 0 && core_is_hello(frame + at, len - at);
}

/* Any frame; of what it holds nothing is known. */
static void frame_in(struct path_core *core, unsigned port, struct rte_mbuf *m,
		     struct rx_sums *sums)
{
	enum status s;

	sums->bytes += rte_pktmbuf_pkt_len(m);
	if (sums->hellos.dry && hello_in_sight(m)) {
		core_drop(core, m, STATUS_HELLO_BACKLOG);
		return;
	}
	s = parse(core, &core->cfg.ports[port], m, sums);
	if (s == STATUS_FRAME_PROTOCOL) {
		answer(core, port, m);
		return;
	}
	if (s != STATUS_OK) {
		core_drop(core, m, s);
		return;
	}
	sums->datagrams++;
	if (unlikely(core->cfg.forward != NULL) && forward_add(core, m))
		return;
	if (!hello_taken(core, m, &sums->hellos))
		core->datagrams[core->n_datagrams++] = m;
}

/* Frames of the kind that nearly all are, up to the first that is not; returns how many. They are
 * marked in single. */
FRAME_SINGLE_INLINE unsigned singles_of(const struct frame_single_form *form, uint64_t *single,
					struct path_core *core, const struct path_port *port,
					struct rte_mbuf **mbufs, unsigned n, struct rx_sums *sums)
{
	struct rte_mbuf **to = &core->datagrams[core->n_datagrams];
	uint64_t bytes = 0;
	unsigned i;

	for (i = 0; i < n; i++) {
		struct rte_mbuf *m = mbufs[i];
		uint16_t len = m->data_len;

		if (m->nb_segs != 1 || len < FRAME_SINGLE_MIN ||
		    !frame_single_parse(form, &port->host.plain,
					rte_pktmbuf_mtod(m, const uint8_t *), len,
					checked_by_port(m->ol_flags), msg_of(m)) ||
		    !listens(core, &msg_of(m)->flow))
			break;
		unpack(port, m, FRAME_PLAIN_LEN, (uint16_t)(len - FRAME_PLAIN_LEN));
		bytes += len;
		to[i] = m;
	}
	*single |= ((UINT64_C(1) << i) - 1) << core->n_datagrams;
	core->n_datagrams += i;
	sums->datagrams += i;
	sums->bytes += bytes;
	return i;
}

static FRAME_SINGLE_TARGET unsigned singles_in(struct path_core *core, const struct path_port *port,
					       struct rte_mbuf **mbufs, unsigned n,
					       struct rx_sums *sums)
{
	return singles_of(&frame_single_12, &core->single, core, port, mbufs, n, sums);
}

static FRAME_SINGLE_TARGET unsigned singles13_in(struct path_core *core,
						 const struct path_port *port,
						 struct rte_mbuf **mbufs, unsigned n,
						 struct rx_sums *sums)
{
	return singles_of(&frame_single_13, &core->single13, core, port, mbufs, n, sums);
}

static FRAME_SINGLE_TARGET unsigned cid_singles_in(struct path_core *core,
						   const struct path_port *port,
						   struct rte_mbuf **mbufs, unsigned n,
						   struct rx_sums *sums)
{
	return singles_of(&core->cid_form, &core->single, core, port, mbufs, n, sums);
}

static FRAME_SINGLE_TARGET unsigned cid_singles13_in(struct path_core *core,
						     const struct path_port *port,
						     struct rte_mbuf **mbufs, unsigned n,
						     struct rx_sums *sums)
{
	return singles_of(&core->cid_form13, &core->single13, core, port, mbufs, n, sums);
}

/* The frames' bytes, and room for what is said of them. */
static void send_for(struct rte_mbuf **mbufs, unsigned n)
{
	for (unsigned i = 0; i < n; i++) {
		rte_prefetch0(rte_pktmbuf_mtod(mbufs[i], void *));
		rte_prefetch0(rte_pktmbuf_mtod_offset(mbufs[i], void *, RTE_CACHE_LINE_SIZE));
		rte_prefetch0_write(msg_of(mbufs[i]));
	}
}

/* The same for frames of either version, with connection IDs or without, in whatever order. */
static unsigned all_singles(struct path_core *core, const struct path_port *port,
			    struct rte_mbuf **mbufs, unsigned n, struct rx_sums *sums)
{
	unsigned i = 0, before;

	do {
		before = i;
		i += singles_in(core, port, mbufs + i, n - i, sums);
		if (i < n)
			i += singles13_in(core, port, mbufs + i, n - i, sums);
		if (i < n && core->cid_singles)
			i += cid_singles_in(core, port, mbufs + i, n - i, sums);
		if (i < n && core->cid_singles)
			i += cid_singles13_in(core, port, mbufs + i, n - i, sums);
	} while (i < n && i > before);
	return i;
}

static void some_in(struct path_core *core, unsigned port, struct rte_mbuf **mbufs, unsigned n,
		    struct rx_sums *sums)
{
	for (unsigned i = 0; i < n; i++) {
		if (core->singles)
			i += all_singles(core, &core->cfg.ports[port], mbufs + i, n - i, sums);
		if (i < n)
			frame_in(core, port, mbufs[i], sums);
	}
}

void rx_run(struct path_core *core, unsigned port, struct rte_mbuf **mbufs, unsigned n)
{
	struct rx_sums sums = { .hellos = { .backlog = core->cfg.burst != 0 && n >= core->cfg.burst,
					    .left = PATH_BACKLOG_HELLOS } };

	core->behind |= sums.hellos.backlog;
	send_for(mbufs, RTE_MIN(n, (unsigned)SOME));
	for (unsigned at = 0, part; at < n; at += part) {
		part = RTE_MIN(n - at, (unsigned)SOME);
		send_for(mbufs + at + part, RTE_MIN(n - at - part, (unsigned)SOME));
		some_in(core, port, mbufs + at, part, &sums);
		/* The buckets of these come while the next frames are parsed. */
		lookup_ahead(core);
	}
	CORE_STAT(core, rx_bursts, n != 0);
	CORE_STAT(core, rx_frames, n);
	CORE_STAT(core, rx_bytes, sums.bytes);
	CORE_STAT(core, rx_datagrams, sums.datagrams);
	CORE_STAT(core, rx_partial_csum, sums.partial_csum);
}

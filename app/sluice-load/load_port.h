/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Where a generator core's datagrams leave and arrive: a DPDK port (load_port_dpdk.c), kernel
 * sockets (load_port_kernel.c), one of these with losses made on purpose (load_port_impair.c), or
 * what a test makes of it. Devices are numbers here; which address and port each has is the port's
 * affair (struct load_sources).
 *
 * Every call is the generator core's; none blocks, but load_port_wait.
 */
#pragma once

#include "load_options.h"

enum {
	LOAD_BURST_MAX = 64,
	/* in front of data, beside what the port itself needs there: of a record with a connection
	 * ID, too */
	LOAD_HEADROOM = 48,
	LOAD_DATAGRAM_MAX = 1500,
	LOAD_NO_DEVICE = 0xffffffff,
};

/* A datagram. data and len may be moved within room. */
struct load_buffer {
	uint8_t *data;
	uint16_t len;
	uint16_t room; /* bytes from data on, when it is given out */
	uint32_t device;
};

struct load_port;

struct load_port_ops {
	/* n buffers to fill, data behind LOAD_HEADROOM and len 0; all or none. */
	bool (*alloc)(struct load_port *p, struct load_buffer **out, unsigned n);
	void (*release)(struct load_port *p, struct load_buffer **bufs, unsigned n);
	/* Takes over the first k of them and returns k; the others are the caller's still. */
	unsigned (*send)(struct load_port *p, struct load_buffer **bufs, unsigned n);
	/* Up to max datagrams of devices of ours; the port answers ARP and the like by itself.
	 * Every one is to be released, or sent. */
	unsigned (*recv)(struct load_port *p, struct load_buffer **out, unsigned max);
	/* A device goes on from another UDP port, and address where the sources have several; what
	 * is under way to the old one is lost. false: it stays where it is. Only where the options
	 * have devices that move. */
	bool (*move)(struct load_port *p, uint32_t device);
	/* Nothing to do until then, or until a datagram comes. Need not wait at all. */
	void (*wait)(struct load_port *p, uint64_t ns);
	void (*free)(struct load_port *p);
};

/* The head of every kind of port. The owner core writes the counters, others read. */
struct load_port {
	const struct load_port_ops *ops;
	uint64_t malformed; /* frames that could not be read */
	uint64_t foreign;   /* frames and datagrams of others, for others, or of another protocol */
	uint64_t unreachable; /* datagrams taken over that cannot leave, and ICMP errors received */
};

static inline bool load_port_alloc(struct load_port *p, struct load_buffer **out, unsigned n)
{
	return p->ops->alloc(p, out, n);
}

static inline void load_port_release(struct load_port *p, struct load_buffer **bufs, unsigned n)
{
	p->ops->release(p, bufs, n);
}

static inline unsigned load_port_send(struct load_port *p, struct load_buffer **bufs, unsigned n)
{
	return p->ops->send(p, bufs, n);
}

static inline unsigned load_port_recv(struct load_port *p, struct load_buffer **out, unsigned max)
{
	return p->ops->recv(p, out, max);
}

static inline bool load_port_move(struct load_port *p, uint32_t device)
{
	return p->ops->move(p, device);
}

static inline void load_port_wait(struct load_port *p, uint64_t ns) { p->ops->wait(p, ns); }
static inline void load_port_free(struct load_port *p) { p->ops->free(p); }

/* A share of the fleet: the devices first .. first + n - 1 of the whole, numbered from 0 here. */
struct load_share {
	uint32_t first, n;
};

/* load_port_dpdk_new: ports[index] of the options, opened and started, with one queue pair; EAL is
 * up (load_eal). It waits up to five seconds for the target's link address where the target is on
 * the link, and answers for all the addresses of its devices. NULL: err says why. Slow path only.
 */
struct load_port *load_port_dpdk_new(const struct load_options *opt, unsigned index,
				     struct load_share share, char *err, size_t err_len) MUST_USE;

/*
 * load_port_kernel_new: a connected UDP socket a device, bound to its address and port of the
 * sources, or left to the kernel where there are none; raises RLIMIT_NOFILE as far as it must and
 * may. NULL: err says why. Slow path only.
 *
 * A system call serves one socket: datagrams of one device that follow each other in a burst leave
 * by one sendmmsg, and sockets are read by recvmmsg while few have something to read. Sockets that
 * have are found 64 at a time (epoll), and read in turn, so that none is starved.
 */
struct load_port *load_port_kernel_new(const struct load_options *opt, struct load_share share,
				       char *err, size_t err_len) MUST_USE;

/* load_port_impair_new: takes inner over; datagrams that are sent through it are lost, doubled or
 * held back behind later ones by the options' shares. *impaired counts. NULL without memory. */
struct load_port *load_port_impair_new(struct load_port *inner, const struct load_options *opt,
				       uint64_t seed, uint64_t *impaired) MUST_USE;

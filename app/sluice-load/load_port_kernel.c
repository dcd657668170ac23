/* SPDX-License-Identifier: BSD-3-Clause */
#include "load_places.h"

#include <errno.h>
#include <netinet/in.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/epoll.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

enum {
	BUFFERS = 2048,
	READY_MAX = LOAD_BURST_MAX,
	BATCH_MAX = 16, /* datagrams of one socket a system call */
	SOCKET_BUFFER = 1 << 20,
	FILES_BESIDE = 256, /* what the process may have open beside the fleet's sockets */
};

/* A socket address of either family. */
struct address {
	union {
		struct sockaddr any;
		struct sockaddr_in v4;
		struct sockaddr_in6 v6;
	} u;
	socklen_t len;
};

static struct address address_of(const uint8_t ip[16], uint16_t port)
{
	struct address a = { .len = sizeof(a.u.v4) };

	if (flow_ip_is_mapped(ip)) {
		a.u.v4.sin_family = AF_INET;
		a.u.v4.sin_port = htobe16(port);
		memcpy(&a.u.v4.sin_addr, ip + 12, 4);
		return a;
	}
	a.len = sizeof(a.u.v6);
	a.u.v6.sin6_family = AF_INET6;
	a.u.v6.sin6_port = htobe16(port);
	memcpy(&a.u.v6.sin6_addr, ip, 16);
	return a;
}

struct kernel_buffer {
	struct load_buffer head;
	uint8_t bytes[LOAD_HEADROOM + LOAD_DATAGRAM_MAX];
};

struct kernel_port {
	struct load_port base;
	int epoll;
	int *fds; /* by device; -1: not made */
	uint32_t n_fds;
	struct kernel_buffer *buffers;
	struct load_buffer *free[BUFFERS]; /* used from its end: what was used last is warm */
	unsigned n_free;
	struct epoll_event ready[READY_MAX]; /* data.u32: the device */
	unsigned ready_at, ready_end;
	struct address target;
	struct load_sources sources;
	struct load_places places;
};

static struct kernel_port *of(struct load_port *p) { return (struct kernel_port *)p; }

static bool kernel_alloc(struct load_port *base, struct load_buffer **out, unsigned n)
{
	struct kernel_port *p = of(base);

	if (n > p->n_free)
		return false;
	p->n_free -= n;
	memcpy(out, p->free + p->n_free, n * sizeof(struct load_buffer *));
	for (unsigned i = 0; i < n; i++) {
		struct kernel_buffer *b = (struct kernel_buffer *)out[i];

		b->head = (struct load_buffer){ .data = b->bytes + LOAD_HEADROOM,
						.room = LOAD_DATAGRAM_MAX,
						.device = LOAD_NO_DEVICE };
	}
	return true;
}

static void kernel_release(struct load_port *base, struct load_buffer **bufs, unsigned n)
{
	struct kernel_port *p = of(base);

	memcpy(p->free + p->n_free, bufs, n * sizeof(struct load_buffer *));
	p->n_free += n;
}

/* Up to n datagrams of one socket; -1: errno. */
static int send_batch(int fd, struct load_buffer **bufs, unsigned n)
{
	struct mmsghdr messages[BATCH_MAX];
	struct iovec parts[BATCH_MAX];

	if (n == 1)
		return send(fd, bufs[0]->data, bufs[0]->len, MSG_DONTWAIT) < 0 ? -1 : 1;
	memset(messages, 0, n * sizeof(*messages));
	for (unsigned i = 0; i < n; i++) {
		parts[i] = (struct iovec){ bufs[i]->data, bufs[i]->len };
		messages[i].msg_hdr.msg_iov = &parts[i];
		messages[i].msg_hdr.msg_iovlen = 1;
	}
	return sendmmsg(fd, messages, n, MSG_DONTWAIT);
}

/* How many of a batch are done with: 0 when the kernel has no room now. */
static unsigned send_some(struct kernel_port *p, struct load_buffer **bufs, unsigned n)
{
	const int fd = bufs[0]->device < p->n_fds ? p->fds[bufs[0]->device] : -1;

	/* The first error may be one that an earlier datagram earned (ICMP), and is gone then. */
	for (unsigned attempt = 0; attempt < 2; attempt++) {
		const int sent = send_batch(fd, bufs, n);

		if (sent > 0)
			return (unsigned)sent;
		if (errno == EAGAIN || errno == ENOBUFS || errno == ENOMEM || errno == EINTR)
			return 0;
		p->base.unreachable++;
		if (errno != ECONNREFUSED)
			break;
	}
	return 1; /* it cannot leave: lost, as on a network */
}

static unsigned kernel_send(struct load_port *base, struct load_buffer **bufs, unsigned n)
{
	struct kernel_port *p = of(base);
	unsigned done = 0;

	while (done < n) {
		unsigned batch = 1, sent;

		while (batch < BATCH_MAX && done + batch < n &&
		       bufs[done + batch]->device == bufs[done]->device)
			batch++;
		sent = send_some(p, bufs + done, batch);
		if (sent == 0)
			break;
		done += sent;
	}
	kernel_release(base, bufs, done);
	return done;
}

/* One datagram; 0: none, or an error, which is the device's own. */
static unsigned recv_one(int fd, struct load_buffer *b)
{
	/* As it was asked for, a longer one is cut and its true length told. */
	const ssize_t len = recv(fd, b->data, b->room, MSG_DONTWAIT | MSG_TRUNC);

	if (len < 0)
		return 0;
	b->len = len <= b->room ? (uint16_t)len : UINT16_MAX;
	return 1;
}

static unsigned recv_batch(int fd, struct load_buffer **bufs, unsigned n)
{
	struct mmsghdr messages[BATCH_MAX];
	struct iovec parts[BATCH_MAX];
	int got;

	if (n == 1)
		return recv_one(fd, bufs[0]);
	memset(messages, 0, n * sizeof(*messages));
	for (unsigned i = 0; i < n; i++) {
		parts[i] = (struct iovec){ bufs[i]->data, bufs[i]->room };
		messages[i].msg_hdr.msg_iov = &parts[i];
		messages[i].msg_hdr.msg_iovlen = 1;
	}
	got = recvmmsg(fd, messages, n, MSG_DONTWAIT, NULL);
	for (int i = 0; i < got; i++)
		bufs[i]->len = messages[i].msg_hdr.msg_flags & MSG_TRUNC
				       ? UINT16_MAX
				       : (uint16_t)messages[i].msg_len;
	return got > 0 ? (unsigned)got : 0;
}

/* Takes those out that did not fit. */
static unsigned keep_whole(struct kernel_port *p, struct load_buffer **bufs, unsigned n)
{
	unsigned kept = 0;

	for (unsigned i = 0; i < n; i++) {
		if (bufs[i]->len != UINT16_MAX) {
			bufs[kept++] = bufs[i];
			continue;
		}
		p->base.malformed++;
		kernel_release(&p->base, &bufs[i], 1);
	}
	return kept;
}

static unsigned recv_device(struct kernel_port *p, uint32_t device, struct load_buffer **out,
			    unsigned n)
{
	unsigned got;

	if (!kernel_alloc(&p->base, out, n))
		return 0;
	errno = 0;
	got = recv_batch(p->fds[device], out, n);
	if (got == 0 && errno != EAGAIN && errno != EINTR)
		p->base.unreachable++;
	kernel_release(&p->base, out + got, n - got);
	for (unsigned i = 0; i < got; i++)
		out[i]->device = device;
	return keep_whole(p, out, got);
}

/* Which devices have something: level-triggered, so what is left is told again. */
static void find_ready(struct kernel_port *p, const struct timespec *wait)
{
	int n = epoll_pwait2(p->epoll, p->ready, READY_MAX, wait, NULL);

	if (n < 0 && errno == ENOSYS) /* before Linux 5.11 */
		n = epoll_wait(p->epoll, p->ready, READY_MAX,
			       (int)(wait->tv_sec * 1000 + wait->tv_nsec / 1000000));
	p->ready_at = 0;
	p->ready_end = n > 0 ? (unsigned)n : 0;
}

static unsigned kernel_recv(struct load_port *base, struct load_buffer **out, unsigned max)
{
	static const struct timespec now;
	struct kernel_port *p = of(base);
	unsigned n = 0, share;

	if (p->ready_at == p->ready_end)
		find_ready(p, &now);
	if (p->ready_at == p->ready_end)
		return 0;
	share = max / (p->ready_end - p->ready_at);
	share = share < 1 ? 1 : share > BATCH_MAX ? BATCH_MAX : share;
	while (n < max && p->ready_at < p->ready_end) {
		const unsigned room = max - n < share ? max - n : share;

		n += recv_device(p, p->ready[p->ready_at++].data.u32, out + n, room);
	}
	return n;
}

static void kernel_wait(struct load_port *base, uint64_t ns)
{
	enum { SECOND = 1000000000 };
	struct kernel_port *p = of(base);
	const struct timespec wait = { (time_t)(ns / SECOND), (long)(ns % SECOND) };

	if (p->ready_at == p->ready_end)
		find_ready(p, &wait);
}

/* To the device's place among the sources, or to what the kernel chooses. */
static bool bind_source(const struct kernel_port *p, int fd, uint32_t device)
{
	struct address source;
	uint8_t ip[16];
	uint16_t port;

	if (p->sources.n_addrs == 0)
		return true;
	load_sources_at(&p->sources, load_places_of(&p->places, device), ip, &port);
	source = address_of(ip, port);
	return bind(fd, &source.u.any, source.len) == 0;
}

static bool set_up_socket(const struct kernel_port *p, int fd, uint32_t device, const char **failed)
{
	struct epoll_event event = { .events = EPOLLIN, .data.u32 = device };
	const int size = SOCKET_BUFFER;

	/* Beyond the limit of the host only where allowed to; what there is serves as well. */
	if (setsockopt(fd, SOL_SOCKET, SO_RCVBUFFORCE, &size, sizeof(size)) != 0)
		(void)setsockopt(fd, SOL_SOCKET, SO_RCVBUF, &size, sizeof(size));
	*failed = "its address cannot be bound to";
	if (!bind_source(p, fd, device))
		return false;
	*failed = "connect";
	if (connect(fd, &p->target.u.any, p->target.len) != 0)
		return false;
	*failed = "epoll";
	return epoll_ctl(p->epoll, EPOLL_CTL_ADD, fd, &event) == 0;
}

/* A device's socket, at its place; -1: errno, and what failed. */
static int open_socket(const struct kernel_port *p, uint32_t device, const char **failed)
{
	int fd = socket(p->target.u.any.sa_family, SOCK_DGRAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
	int error;

	*failed = "socket";
	if (fd < 0 || set_up_socket(p, fd, device, failed))
		return fd;
	error = errno;
	close(fd);
	errno = error;
	return -1;
}

/* The old socket stays until the new one is there: the kernel chooses another port then. */
static bool kernel_move(struct load_port *base, uint32_t device)
{
	struct kernel_port *p = of(base);
	const char *failed;
	int fd;

	if (p->sources.n_addrs > 0)
		load_places_move(&p->places, device);
	fd = open_socket(p, device, &failed);
	if (fd < 0)
		return false;
	close(p->fds[device]);
	p->fds[device] = fd;
	return true;
}

static void kernel_free(struct load_port *base)
{
	struct kernel_port *p = of(base);

	for (uint32_t i = 0; p->fds != NULL && i < p->n_fds; i++)
		if (p->fds[i] >= 0)
			close(p->fds[i]);
	if (p->epoll >= 0)
		close(p->epoll);
	load_places_free(&p->places);
	free(p->fds);
	free(p->buffers);
	free(p);
}

static const struct load_port_ops kernel_ops = {
	.alloc = kernel_alloc,
	.release = kernel_release,
	.send = kernel_send,
	.recv = kernel_recv,
	.move = kernel_move,
	.wait = kernel_wait,
	.free = kernel_free,
};

/* Room for the sockets of the whole fleet, of which other cores open a part. */
static bool raise_files(const struct load_options *opt, char *err, size_t err_len)
{
	const rlim_t want = (rlim_t)opt->devices + FILES_BESIDE;
	struct rlimit limit;

	if (getrlimit(RLIMIT_NOFILE, &limit) == 0 && limit.rlim_cur >= want)
		return true;
	limit.rlim_cur = want;
	if (limit.rlim_max < want)
		limit.rlim_max = want;
	if (setrlimit(RLIMIT_NOFILE, &limit) == 0)
		return true;
	snprintf(err, err_len, "kernel sockets: %u devices need %lu open files (ulimit -n): %s",
		 opt->devices, (unsigned long)want, strerror(errno));
	return false;
}

static bool open_all(struct kernel_port *p, char *err, size_t err_len)
{
	const char *failed;

	p->epoll = epoll_create1(EPOLL_CLOEXEC);
	if (p->epoll < 0) {
		snprintf(err, err_len, "kernel sockets: epoll: %s", strerror(errno));
		return false;
	}
	for (uint32_t i = 0; i < p->n_fds; i++) {
		p->fds[i] = open_socket(p, i, &failed);
		if (p->fds[i] >= 0)
			continue;
		snprintf(err, err_len, "kernel sockets: device %u: %s: %s",
			 p->places.share.first + i, failed, strerror(errno));
		return false;
	}
	return true;
}

static struct kernel_port *allocate(const struct load_options *opt, struct load_share share)
{
	struct kernel_port *p = calloc(1, sizeof(*p));

	if (p == NULL)
		return NULL;
	p->base.ops = &kernel_ops;
	p->epoll = -1;
	p->n_fds = share.n;
	p->target = address_of(opt->target_ip, opt->target_port);
	p->sources = opt->sources;
	p->fds = malloc(((size_t)share.n + 1) * sizeof(*p->fds));
	p->buffers = malloc(BUFFERS * sizeof(*p->buffers));
	for (uint32_t i = 0; p->fds != NULL && i < share.n; i++)
		p->fds[i] = -1;
	if (p->fds == NULL || p->buffers == NULL ||
	    !load_places_init(&p->places, &opt->sources, opt->devices, share,
			      opt->migrate_share > 0 && opt->sources.n_addrs > 0)) {
		kernel_free(&p->base);
		return NULL;
	}
	for (unsigned i = 0; i < BUFFERS; i++)
		p->free[p->n_free++] = &p->buffers[BUFFERS - 1 - i].head;
	return p;
}

struct load_port *load_port_kernel_new(const struct load_options *opt, struct load_share share,
				       char *err, size_t err_len)
{
	struct kernel_port *p;

	if (!raise_files(opt, err, err_len))
		return NULL;
	p = allocate(opt, share);
	if (p == NULL) {
		snprintf(err, err_len, "kernel sockets: no memory");
		return NULL;
	}
	if (open_all(p, err, err_len))
		return &p->base;
	kernel_free(&p->base);
	return NULL;
}

/* SPDX-License-Identifier: BSD-3-Clause */
#include "eal.h"

#include "eal_host.h"

#include <net/if.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>

/*
 * Devargs, as DPDK 22.11's drivers read them. What is not obvious:
 *
 * net_af_packet copies a frame of the ring into an mbuf without asking whether it fits, so framesz
 * stays at 2048, below the data room of our mbufs, whatever the MTU. Its rings hold 512 frames by
 * default, too few for a burst of a fleet; the block is what the kernel allocates at once.
 * net_af_xdp refuses more queues than the interface has channels.
 * net_virtio_user wants its control queue for more than one queue pair, and the headers of a
 * transmit queue in one piece of memory, which a huge page limits.
 */
enum {
	AF_PACKET_FRAME = 2048,
	AF_PACKET_BLOCK = 65536,
	AF_PACKET_FRAMES = 4096,
	AF_PACKET_FRAMES_TEST = 1024,
	VIRTIO_QUEUE = 1024, /* at least; a power of two */
	VIRTIO_QUEUE_MAX = 4096,
	NO_HUGE_MIN_MB = 64,
};

static bool __attribute__((format(printf, 2, 3))) add(struct eal_args *out, const char *format, ...)
{
	va_list ap;
	int n;

	if (out->argc == EAL_ARGS_MAX)
		return false;
	va_start(ap, format);
	n = vasprintf(&out->argv[out->argc], format, ap);
	va_end(ap);
	if (n < 0) {
		out->argv[out->argc] = NULL;
		return false;
	}
	out->owned[out->argc] = out->argv[out->argc];
	out->argc++;
	return true;
}

static void warn(struct eal_args *out, const char *text, const char *what)
{
	if (out->warning[0] == '\0')
		snprintf(out->warning, sizeof(out->warning), text, what);
}

void eal_device_name(char out[EAL_NAME_MAX], const struct port_spec *spec, unsigned index)
{
	static const char *const drivers[] = {
		[PORT_TAP] = "net_tap",
		[PORT_AF_PACKET] = "net_af_packet",
		[PORT_AF_XDP] = "net_af_xdp",
		[PORT_VHOST] = "net_vhost",
		[PORT_VIRTIO_USER] = "net_virtio_user",
	};

	out[0] = '\0';
	switch (spec->kind) {
	case PORT_PCI:
		/* DPDK writes the domain out. */
		snprintf(out, EAL_NAME_MAX, "%s%.*s",
			 strlen(spec->dev) > 7 ? "" : "0000:", EAL_NAME_MAX - 6, spec->dev);
		break;
	case PORT_TAP:
	case PORT_AF_PACKET:
	case PORT_AF_XDP:
	case PORT_VHOST:
	case PORT_VIRTIO_USER:
		snprintf(out, EAL_NAME_MAX, "%s%u", drivers[spec->kind], index);
		break;
	case PORT_NUMBER:
		break;
	}
}

unsigned eal_queue_pairs(const struct layout *layout, unsigned port)
{
	const unsigned rx = layout->port_queues[port];
	const unsigned n = rx > layout->n_poll ? rx : layout->n_poll;

	return n > 0 ? n : 1;
}

static bool add_af_packet(struct eal_args *out, const struct options *opt, const char *name,
			  const char *interface, unsigned pairs)
{
	const unsigned per_block = AF_PACKET_BLOCK / AF_PACKET_FRAME;
	unsigned frames = opt->rxd;

	if (frames == 0)
		frames = opt->test_mode ? AF_PACKET_FRAMES_TEST : AF_PACKET_FRAMES;
	frames = (frames + per_block - 1) / per_block * per_block;
	return add(out, "--vdev=%s,iface=%s,qpairs=%u,framesz=%d,framecnt=%u,blocksz=%d", name,
		   interface, pairs, AF_PACKET_FRAME, frames, AF_PACKET_BLOCK);
}

static bool add_af_xdp(struct eal_args *out, const char *name, const char *interface,
		       unsigned pairs)
{
	unsigned n_rxq, channels = eal_host_channels(&n_rxq, interface);

	if (pairs > channels)
		pairs = channels;
	if (pairs < n_rxq)
		warn(out,
		     "%s has more receive queues than AF_XDP serves here: what arrives on the "
		     "others "
		     "is lost to us",
		     interface);
	return add(out, "--vdev=%s,iface=%s,start_queue=0,queue_count=%u", name, interface, pairs);
}

/* Whoever comes first listens on the socket: so either side may be started before the other. */
static bool add_vhost(struct eal_args *out, const char *name, const char *path, unsigned pairs)
{
	return add(out, "--vdev=%s,iface=%s,queues=%u,client=%d", name, path,
		   pairs < EAL_SOCKET_QUEUES_MAX ? pairs : EAL_SOCKET_QUEUES_MAX,
		   eal_host_claim_socket(path) ? 0 : 1);
}

/* The size of both queues is the device's, not the queue's. */
static unsigned virtio_queue(const struct options *opt)
{
	unsigned n = VIRTIO_QUEUE;

	while (n < VIRTIO_QUEUE_MAX && (n < opt->rxd || n < opt->txd))
		n *= 2;
	return n;
}

static bool add_virtio_user(struct eal_args *out, const struct options *opt, const char *name,
			    const char *path, unsigned pairs)
{
	const bool server = eal_host_claim_socket(path);

	if (server) /* the driver's probe blocks */
		warn(out, "nobody listens on %s: waiting for a vhost peer to connect", path);
	return add(out, "--vdev=%s,path=%s,queues=%u,queue_size=%u%s,server=%d", name, path, pairs,
		   virtio_queue(opt), pairs > 1 ? ",cq=1" : "", server ? 1 : 0);
}

static bool add_port(struct eal_args *out, const struct options *opt, const struct layout *layout,
		     unsigned i)
{
	const struct port_spec *spec = &opt->ports[i];
	const char *what = spec->dev + spec->name_off;
	const unsigned pairs = eal_queue_pairs(layout, i);
	char name[EAL_NAME_MAX];

	eal_device_name(name, spec, i);
	switch (spec->kind) {
	case PORT_PCI:
		return add(out, "-a") && add(out, "%s", name);
	case PORT_TAP:
		return add(out, "--vdev=%s,iface=%s", name, what);
	case PORT_AF_PACKET:
		return add_af_packet(out, opt, name, what, pairs);
	case PORT_AF_XDP:
		return add_af_xdp(out, name, what, pairs);
	case PORT_VHOST:
		return add_vhost(out, name, what, pairs);
	case PORT_VIRTIO_USER:
		return add_virtio_user(out, opt, name, what, pairs);
	case PORT_NUMBER:
		return true;
	}
	return false;
}

static bool add_ports(struct eal_args *out, const struct options *opt, const struct layout *layout,
		      char *err, size_t err_len)
{
	for (unsigned i = 0; i < opt->n_ports; i++) {
		const struct port_spec *spec = &opt->ports[i];

		if ((spec->kind == PORT_AF_PACKET || spec->kind == PORT_AF_XDP) &&
		    if_nametoindex(spec->dev + spec->name_off) == 0) {
			snprintf(err, err_len,
				 "--port %s: no such interface in this network "
				 "namespace",
				 spec->dev);
			return false;
		}
		if (!add_port(out, opt, layout, i)) {
			snprintf(err, err_len, "--port %s: no room for EAL arguments", spec->dev);
			return false;
		}
	}
	return true;
}

static bool any_port(const struct options *opt, enum port_kind a, enum port_kind b)
{
	for (unsigned i = 0; i < opt->n_ports; i++)
		if (opt->ports[i].kind == a || opt->ports[i].kind == b)
			return true;
	return false;
}

static bool add_memory(struct eal_args *out, const struct options *opt, unsigned memory_mb)
{
	out->huge = !opt->test_mode && eal_host_free_huge_mb() >= memory_mb;
	if (!out->huge) {
		if (!opt->test_mode)
			warn(out, "%s huge pages are free: running without them, which is slower",
			     eal_host_free_huge_mb() > 0 ? "too few" : "no");
		/* --no-huge excludes --in-memory; --no-shconf is what is left of it. */
		return add(out, "--no-huge") && add(out, "--no-shconf") && add(out, "-m") &&
		       add(out, "%u", memory_mb > NO_HUGE_MIN_MB ? memory_mb : NO_HUGE_MIN_MB);
	}
	/* vhost-user passes the memory's files over its socket, eight at most. */
	return add(out, "--in-memory") &&
	       (!any_port(opt, PORT_VHOST, PORT_VIRTIO_USER) || add(out, "--single-file-segments"));
}

static const char *log_level(enum log_level level)
{
	switch (level) {
	case LOG_LEVEL_ERROR:
		return "error";
	case LOG_LEVEL_WARNING:
	case LOG_LEVEL_NOTICE:
		return "warning"; /* a DPDK start is talkative at notice */
	case LOG_LEVEL_INFO:
		return "info";
	case LOG_LEVEL_DEBUG:
		return "debug";
	}
	return "warning";
}

static bool add_own(struct eal_args *out, const struct options *opt, const struct layout *layout,
		    unsigned memory_mb)
{
	char cores[CORE_SET_TEXT_MAX];
	const struct core_set set = layout_lcores(layout);

	return add(out, "-l") && add(out, "%s", core_set_print(cores, &set)) &&
	       add(out, "--main-lcore=%u", (unsigned)layout->main_lcore) &&
	       add(out, "--file-prefix=sluice") &&
	       add(out, "--log-level=%s", log_level(opt->log_level)) &&
	       add_memory(out, opt, memory_mb) &&
	       (any_port(opt, PORT_PCI, PORT_NUMBER) || add(out, "--no-pci"));
}

/* What the user wrote before "--"; the main lcore only where they left it open. */
static bool add_theirs(struct eal_args *out, const struct options *opt, const struct layout *layout)
{
	bool has_main = false;

	for (int i = 0; i < opt->n_eal_args; i++) {
		has_main |= strncmp(opt->eal_args[i], "--main-lcore", 12) == 0;
		if (!add(out, "%s", opt->eal_args[i]))
			return false;
	}
	return has_main || opt->main_core == OPTIONS_NO_CORE ||
	       add(out, "--main-lcore=%u", (unsigned)layout->main_lcore);
}

static void render(struct eal_args *out)
{
	size_t at = 0;

	for (int i = 1; i < out->argc && at < sizeof(out->text); i++)
		at += (size_t)snprintf(out->text + at, sizeof(out->text) - at, "%s%s",
				       i > 1 ? " " : "", out->argv[i]);
}

bool eal_args_make(struct eal_args *out, const struct options *opt, const struct layout *layout,
		   unsigned memory_mb, char *err, size_t err_len)
{
	memset(out, 0, sizeof(*out));
	if (!add(out, "sluice") || !(opt->has_eal_args ? add_theirs(out, opt, layout)
						       : add_own(out, opt, layout, memory_mb))) {
		snprintf(err, err_len, "too many EAL arguments");
		return false;
	}
	if (!add_ports(out, opt, layout, err, err_len))
		return false;
	render(out);
	return true;
}

bool eal_args_add(struct eal_args *args, const char *arg)
{
	if (!add(args, "%s", arg))
		return false;
	render(args);
	return true;
}

void eal_args_free(struct eal_args *args)
{
	for (int i = 0; i < args->argc; i++)
		free(args->owned[i]);
	memset(args, 0, sizeof(*args));
}

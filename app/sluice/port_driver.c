/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Drivers' ways, as DPDK 22.11 has them:
 *
 * net_af_packet  The kernel's fan-out deals packets by flow to all the sockets made at probe, so
 *                all its queues are set up and have to be polled. It has already put IPv4 fragments
 *                together (PACKET_FANOUT_FLAG_DEFRAG): a fragmented datagram arrives whole if it
 *                fits into a ring frame (1,982 bytes of Ethernet frame), and cut, which parsing
 *                refuses, if not. 802.1Q tags stripped by the kernel are put back by the driver as
 *                long as VLAN_STRIP is not enabled, so we never enable it. Checksums that a local
 *                sender left to its device arrive unfinished, as pseudo-header sums. Descriptor
 *                counts are ignored, framecnt of the devargs rules. MTU at most 1500: the driver
 *                says 1518 is its largest frame. It cannot do all-multicast, and its promiscuous
 *                mode outlives the process: a membership of our own does it. The fan-out's number
 *                is pid xor interface index: two instances on two interfaces of one namespace can
 *                meet in it, and the second then fails to start ("could not set PACKET_FANOUT");
 *                starting it again helps.
 * net_af_xdp     Queues come in pairs. The memory pool is the UMEM: 2,048 mbufs a queue go to its
 *                fill ring. Tags and checksums are as the sender left them. The XDP program takes
 *                all packets of its queues away from the kernel; an MTU above about 3,400 does not
 *                attach, nor does a veth whose peer has more transmit queues than it has receive
 *                queues. Works in copy mode (veth), without huge pages, bpffs and ethtool.
 * net_tap        Queues come in pairs. The kernel's end has the port's own MAC address, which
 *                confuses bridges; frames are not filtered, so our end takes a neighbouring one.
 *                Its checksum offloads are software, slower than ours, and call unfinished
 *                checksums bad.
 * net_vhost,     Queues move packets only when the peer has connected: the link is down at start
 * net_virtio_user and bursts return 0. vhost's checksum offloads are software too, and
 *                virtio_user's would send unfinished checksums. A peer that goes away shows as
 *                SIGPIPE in virtio_user: the process has to ignore it.
 */
#include "port_driver.h"

#include <stddef.h>
#include <string.h>

static const struct port_driver drivers[] = {
	{ .name = "net_af_packet",
	  .paired = true,
	  .all_queues = true,
	  .spreads = true,
	  .foreign = true },
	{ .name = "net_af_xdp", .paired = true, .foreign = true },
	{ .name = "net_tap", .paired = true, .unfiltered = true, .spreads = true, .own_mac = true },
	{ .name = "net_vhost", .paired = true, .unfiltered = true },
	{ .name = "net_virtio_user", .paired = true, .unfiltered = true },
	{ .name = "net_ring", .paired = true, .all_queues = true, .unfiltered = true },
	{ .name = "net_memif", .paired = true, .unfiltered = true },
	{ .name = "net_pcap", .paired = true, .all_queues = true, .unfiltered = true },
};

const struct port_driver *port_driver_of(const char *name)
{
	static const struct port_driver nic = { .name = "", .hardware = true };

	for (size_t i = 0; name != NULL && i < sizeof(drivers) / sizeof(*drivers); i++)
		if (strcmp(name, drivers[i].name) == 0)
			return &drivers[i];
	return &nic;
}

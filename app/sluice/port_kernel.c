/* SPDX-License-Identifier: BSD-3-Clause */
#include "port_kernel.h"

#include <linux/if_packet.h>
#include <net/if.h>
#include <sys/ioctl.h>
#include <sys/socket.h>
#include <unistd.h>

static bool ask(unsigned if_index, unsigned long request, struct ifreq *ifr)
{
	bool ok;
	int fd;

	if (if_indextoname(if_index, ifr->ifr_name) == NULL)
		return false;
	fd = socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0);
	if (fd < 0)
		return false;
	ok = ioctl(fd, request, ifr) == 0;
	close(fd);
	return ok;
}

uint16_t port_kernel_mtu(unsigned if_index)
{
	struct ifreq ifr = { 0 };

	if (!ask(if_index, SIOCGIFMTU, &ifr) || ifr.ifr_mtu < 0)
		return 0;
	return ifr.ifr_mtu < UINT16_MAX ? (uint16_t)ifr.ifr_mtu : UINT16_MAX;
}

bool port_kernel_is_up(unsigned if_index)
{
	struct ifreq ifr = { 0 };

	return ask(if_index, SIOCGIFFLAGS, &ifr) && (ifr.ifr_flags & IFF_UP) != 0;
}

int port_kernel_all_multicast(unsigned if_index)
{
	const struct packet_mreq request = { .mr_ifindex = (int)if_index,
					     .mr_type = PACKET_MR_ALLMULTI };
	/* Protocol 0: the socket itself receives nothing. */
	int fd = socket(AF_PACKET, SOCK_RAW | SOCK_CLOEXEC, 0);

	if (fd >= 0 &&
	    setsockopt(fd, SOL_PACKET, PACKET_ADD_MEMBERSHIP, &request, sizeof(request)) != 0) {
		close(fd);
		fd = -1;
	}
	return fd;
}

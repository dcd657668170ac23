/* SPDX-License-Identifier: BSD-3-Clause */
/* What is known about DPDK's drivers beyond what they say of themselves. Plain values. */
#pragma once

#include <stdbool.h>

struct port_driver {
	const char *name;
	bool hardware;   /* its RSS and offloads are worth having */
	bool paired;     /* as many receive as transmit queues */
	bool all_queues; /* every queue made at probe gets packets */
	bool unfiltered; /* multicast arrives unasked */
	bool spreads;    /* the kernel deals flows out to queues */
	bool own_mac;    /* our MAC address must not be the port's */
	bool foreign;    /* on an interface of the host, which is changed only when it must be */
};

/* port_driver_of: by the name of rte_eth_dev_info; one that is not known is a NIC's. Static. */
const struct port_driver *port_driver_of(const char *name);

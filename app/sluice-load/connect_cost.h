/* SPDX-License-Identifier: BSD-3-Clause */
/* What handshakes cost a fleet, by what they were. */
#pragma once

#include "suite.h"

/* What a handshake was, and what its device can come back with. */
enum connect_mode {
	CONNECT_FULL,
	CONNECT_FULL_ID,
	CONNECT_FULL_TICKET,
	CONNECT_BY_ID,
	CONNECT_BY_TICKET,
	CONNECT_MODES
};

/* What the finished handshakes of one mode cost in all: the wire's bytes are UDP payload. */
#define CONNECT_COST_LIST(X)                                                                       \
	X(n)                                                                                       \
	X(mutual) /* of these: full ones in which the device showed a certificate or raw key */    \
	X(tx_messages) /* handshake messages and ChangeCipherSpecs */                              \
	X(rx_messages)                                                                             \
	X(tx_datagrams)                                                                            \
	X(rx_datagrams)                                                                            \
	X(tx_bytes)                                                                                \
	X(rx_bytes)                                                                                \
	X(round_trips) /* until it may send data */                                                \
	X(time_ns)

struct connect_cost {
#define CONNECT_COST_FIELD(name) uint64_t name;
	CONNECT_COST_LIST(CONNECT_COST_FIELD)
#undef CONNECT_COST_FIELD
};

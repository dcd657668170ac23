/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * What the fleet did, as numbers that reconcile:
 *
 *   scheduled  = sent + missed + under way in a device's queue
 *   sent       = answered + refused + lost + waiting            (CON; first transmissions)
 *   datagrams_in = records_in + dropped by reason
 *
 * One struct a generator core, one writer; others read relaxed.
 */
#pragma once

#include "counter.h"
#include "histogram.h"

#define LOAD_COUNTS_LIST(X)                                                                        \
	X(scheduled)     /* requests that were due */                                              \
	X(late)          /* of those, sent later than the schedule allows: generator's fault */    \
	X(missed)        /* of those, never sent: no request slot or no session */                 \
	X(sent)          /* requests, first transmissions */                                       \
	X(sent_non)      /* of those, NON */                                                       \
	X(retransmitted) /* CoAP retransmissions */                                                \
	X(answered)      /* 2.xx, authenticated, token and message id matched */                   \
	X(refused)       /* 4.xx and 5.xx, matched alike */                                        \
	X(lost)          /* given up */                                                            \
	X(lost_non)      /* of those, NON */                                                       \
	X(repeated)      /* answers to what was answered already */                                \
	X(unmatched)     /* authenticated messages that answer nothing of ours */                  \
	X(unauthentic)   /* records that do not open, or come twice */                             \
	X(malformed)     /* frames, records or CoAP that cannot be read */                         \
	X(unreachable)   /* datagrams that could not leave, and ICMP errors */                     \
	X(alerts)        /* alerts of the peer on live sessions */                                 \
	X(sessions_lost) /* ended by the peer; the device connects again */                        \
	X(moves)         /* of devices to another port or address, with their sessions */          \
	X(challenges)    /* return routability checks of the peer, answered */                     \
	X(hostile)       /* hostile datagrams sent */                                              \
	X(impaired)      /* datagrams lost, doubled or held back on purpose */                     \
	X(handshakes)    /* finished */                                                            \
	X(resumed)       /* of those, resumed */                                                   \
	X(handshakes_failed)                                                                       \
	X(handshake_repeats) /* flights sent again */                                              \
	X(key_updates)       /* DTLS 1.3: keys of devices, */                                      \
	X(peer_key_updates)  /* and of the server, that were updated */                            \
	X(tx_datagrams)                                                                            \
	X(tx_bytes)   /* UDP payload */                                                            \
	X(tx_refused) /* by the port or the kernel; sent again later or counted lost */            \
	X(rx_datagrams)                                                                            \
	X(rx_bytes)

struct load_counts {
#define LOAD_COUNTS_FIELD(name) uint64_t name;
	LOAD_COUNTS_LIST(LOAD_COUNTS_FIELD)
#undef LOAD_COUNTS_FIELD
};

struct load_result {
	struct load_counts counts;
	struct histogram latency;           /* from the scheduled send time to the answer, ns */
	struct histogram handshake_latency; /* from the first hello to the session, ns */
	uint64_t elapsed_ns;                /* of the measured part */
	uint64_t waiting;                   /* requests without an answer at its end */
	uint64_t sessions;                  /* established at its end */
	double busy;                        /* share of the generator cores' time */
};

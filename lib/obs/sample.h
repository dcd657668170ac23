/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * What the process counted, at one moment: plain numbers, copied from where each core keeps its
 * own. Whoever fills a sample reads those relaxed. Pure functions; any thread.
 */
#pragma once

#include "cursor.h"
#include "status.h"

enum { SAMPLE_CORES_MAX = 128 };

/* Counters of one core: they only grow. X(name, help). */
/* clang-format off */
#define SAMPLE_COUNTERS(X)                                                                         \
	X(cycles,            "TSC cycles since the loop began")                                    \
	X(busy_cycles,       "of these, in turns that found work")                                 \
	X(rx_bursts,         "receive calls that gave packets")                                    \
	X(rx_frames,         "packets received")                                                   \
	X(rx_bytes,          "bytes received")                                                     \
	X(tx_frames,         "packets sent")                                                       \
	X(tx_bytes,          "bytes sent")                                                         \
	X(hellos,            "ClientHellos given to the gate")                                     \
	X(hellos_admitted,   "ClientHellos with a valid cookie")                                   \
	X(handoffs_out,      "datagrams handed to the owner of their session")                     \
	X(handoffs_in,       "datagrams handed over by other cores")                               \
	X(forwards_out,      "datagrams forwarded to the node of their session")                   \
	X(forwards_in,       "datagrams forwarded by other nodes")                                 \
	X(forwards_back,     "answers of other nodes given on to devices")                         \
	X(records_opened,    "records decrypted")                                                  \
	X(records_sealed,    "records encrypted")                                                  \
	X(aead_calls,        "calls of the AEAD engine")                                           \
	X(aead_ops,          "records in these calls")                                             \
	X(installs,          "sessions installed")                                                 \
	X(handshakes,        "handshakes begun")                                                   \
	X(handshakes_done,   "handshakes completed")                                               \
	X(handshakes_failed, "handshakes failed")                                                  \
	X(coap_messages,     "CoAP messages taken by a worker")                                    \
	X(readings,          "readings given to the sink")
/* clang-format on */

struct sample_counters {
#define SAMPLE_FIELD(name, help) uint64_t name;
	SAMPLE_COUNTERS(SAMPLE_FIELD)
#undef SAMPLE_FIELD
};

struct sample_core {
	uint16_t lcore;
	char role[24]; /* "poll+worker" */
	struct sample_counters counters;
	struct status_counts status;
	/* Rings that lead to this core: messages waiting in all of them, in the fullest, and its
	 * size. */
	uint32_t ring_used, ring_fullest, ring_size;
};

struct sample {
	uint64_t time_ns;
	uint64_t sessions, max_sessions, session_bytes;
	uint64_t handshakes, max_handshakes; /* under way */
	uint64_t identities;
	uint64_t session_cache_bytes; /* once it is full; 0: there is none */
	uint64_t mbufs_used, mbufs;
	uint64_t sink_lines, sink_queued_bytes;
	bool sink_failing;
	unsigned n_cores;
	struct sample_core cores[SAMPLE_CORES_MAX];
};

/* sample_counter: the i-th counter by order of SAMPLE_COUNTERS, i < SAMPLE_COUNTERS_N, and its
 * name, [a-z_]. */
extern const size_t SAMPLE_COUNTERS_N;
const char *sample_counter_name(size_t i);
uint64_t sample_counter(const struct sample_counters *c, size_t i);

/* sample_total: the sum over all cores. */
void sample_total(struct sample_counters *counters, struct status_counts *status,
		  const struct sample *s);

/* sample_since: now - before, field by field; what went back (a restart) counts from zero. */
void sample_since(struct sample_counters *out, const struct sample_counters *now,
		  const struct sample_counters *before);

/* sample_find: the core with this lcore number, or NULL. */
const struct sample_core *sample_find(const struct sample *s, unsigned lcore);

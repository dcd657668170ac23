/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Handshakes of one generator core's devices: who waits for one, those under way, what each cost.
 *
 * Bounded at once and in rate. A public-key or PRF job takes longer than many requests, so jobs are
 * done a few a turn and requests keep their times meanwhile. Owner core only.
 */
#pragma once

#include "connect_cost.h"
#include "deadline.h"
#include "device.h"
#include "identities.h"
#include "linger.h"
#include "load_certs.h"
#include "load_result.h"
#include "rekey.h"
#include "resume.h"

/* What a handshake asks of the generator core. */
struct connect_host {
	void (*credential)(void *arg, uint32_t device, struct identity_credential *out);
	void (*send)(void *arg, uint32_t device, const uint8_t *bytes, size_t len);
	/* a datagram that came before the session was there; now it is */
	void (*early)(void *arg, uint32_t device, const uint8_t *bytes, size_t len);
	void (*connected)(void *arg, uint32_t device);
	void (*failed)(void *arg, uint32_t device);
	void *arg;
};

struct connect_config {
	struct devices *devices;
	struct load_counts *counts;
	struct histogram *latency;
	struct handshake_config handshake;
	struct connect_host host;
	uint32_t at_once; /* handshakes there is room for */
	uint16_t longest; /* what a record must have room for: a server that wants less fails */
	double rate;      /* handshakes begun a second; 0: as fast as possible */
	struct load_certs *certs; /* NULL: none */
	struct rekey *rekey;      /* goes on from the handshakes of DTLS 1.3 */
	double resume_share;      /* of those whose device knows a session; 0: none is kept */
	uint64_t seed;
};

struct connect_slot {
	struct handshake *h; /* NULL: free */
	uint64_t started_ns;
	uint32_t device, next_free;
	bool job_queued;
	struct connect_cost cost;
};

struct connect {
	struct connect_config cfg;
	struct connect_slot *slots;
	struct deadlines *deadlines;
	uint32_t limit; /* handshakes under way at most, <= at_once; the caller may change it */
	uint32_t n_under_way, free;
	uint32_t *waiting, first, n_waiting; /* a ring with room for every device */
	uint32_t *jobs, first_job, n_jobs;   /* a ring with room for every slot */
	uint64_t next_ns;                    /* when the rate lets the next begin */
	bool has_failure;
	enum status failure; /* of the last that failed, for the report */
	struct resume resume;
	struct linger linger;
	uint32_t beginning; /* the device whose first hello is written */
	uint64_t seed;
	struct connect_cost costs[SUITE_N][CONNECT_MODES]; /* suites as suite_at has them */
};

/* connect_init: cfg is copied; what it points to is borrowed. false without memory. Slow path only.
 */
bool connect_init(struct connect *c, const struct connect_config *cfg) MUST_USE;
void connect_free(struct connect *c);

/* connect_want: an idle device wants a session; others are left alone. */
void connect_want(struct connect *c, uint32_t device);

/* connect_forget_waiting: those that have not begun go back to idle. */
void connect_forget_waiting(struct connect *c);

/* connect_input: a datagram for a device without a session. */
void connect_input(struct connect *c, uint64_t now_ns, uint32_t device, const uint8_t *bytes,
		   size_t len);

/* connect_turn: begins, times out and computes, at most so many handshakes of each; public keys
 * count as CONNECT_PUBLIC_KEY. Returns whether there was anything to do. */
enum { CONNECT_PUBLIC_KEY = 4 };
bool connect_turn(struct connect *c, uint64_t now_ns, unsigned most);

/* connect_idle: none waits, none is under way. */
static inline bool connect_idle(const struct connect *c)
{
	return c->n_under_way == 0 && c->n_waiting == 0;
}

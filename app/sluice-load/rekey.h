/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * New keys for live sessions of DTLS 1.3 (post_handshake.h), and tickets: a device answers the
 * KeyUpdates of its server, and starts its own after so many records (--key-update). 136 bytes a
 * device, and two kilobytes while its own is under way. Owner core only.
 */
#pragma once

#include "deadline.h"
#include "post_handshake.h"
#include "resume.h"
#include "traffic.h"

struct rekey {
	struct traffic *traffic;
	struct resume *resume; /* takes the tickets */
	struct load_counts *counts;
	uint64_t after;    /* records of an epoch, then ours are updated; 0: never */
	uint64_t now_ns;   /* of the record that is being looked at */
	uint32_t ticketed; /* whose it is */
	struct post_handshake_config config;
	struct post_handshake *posts; /* by device; NULL: the devices speak DTLS 1.2 */
	struct deadlines *deadlines;
};

/* rekey_init: for the devices of traffic. false without memory. Slow path only. */
bool rekey_init(struct rekey *r, struct traffic *traffic, struct resume *resume,
		uint64_t after) MUST_USE;
void rekey_free(struct rekey *r);

/* rekey_begin: the device's handshake is done, its session about to be installed. */
void rekey_begin(struct rekey *r, uint32_t device, const struct handshake *h);

/* rekey_record: a handshake record or an ACK of a device's session. false: the server broke the
 * rules, and the session is to end. */
bool rekey_record(struct rekey *r, uint64_t now_ns, const struct traffic_record *record) MUST_USE;

/* rekey_sent: the device sends application data: perhaps that was enough under these keys. */
void rekey_sent(struct rekey *r, uint64_t now_ns, uint32_t device);

/* rekey_timers: what was not acknowledged is sent again, of most devices at most; returns whether
 * there was any. */
bool rekey_timers(struct rekey *r, uint64_t now_ns, unsigned most);

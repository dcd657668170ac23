/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * The devices of one generator core: a line each for what a request and its answer touch, and a few
 * bytes for the rest. 72 bytes a device; 128-byte keys, 256 bytes of keys with DTLS 1.3, connection
 * IDs, and resumable sessions where they are asked for. Owner core only.
 *
 * The hot line is a session's (session.h); with DTLS 1.3 without keys, which struct device_13 has.
 * Its generation has no meaning for a client, whose devices are never recycled; what is kept there
 * instead:
 *
 *   BIT  SIZE
 *     0    16   the next message id
 *    16    10   requests under way
 *    26     3   enum aead_alg
 *    29     3   enum device_state
 */
#pragma once

#include "handshake.h"
#include "load_options.h"
#include "record13.h"
#include "session.h"

enum device_state {
	DEVICE_IDLE,       /* no session */
	DEVICE_QUEUED,     /* its handshake is to begin */
	DEVICE_CONNECTING, /* its handshake is under way */
	DEVICE_LIVE,
};

enum { DEVICE_UNDER_WAY_MAX = 1023 };
#define DEVICE_NONE UINT32_MAX

struct device_cold {
	uint32_t held;    /* first of the requests that wait for its session; DEVICE_NONE */
	uint32_t connect; /* CONNECTING: the handshake's place */
};

/* DTLS 1.3: the keys of a direction's records. */
struct device_keys {
	uint8_t key[AEAD_KEY_MAX], sn_key[AEAD_KEY_MAX];
	uint8_t iv[AEAD_IV_LEN];
};

struct device_13 {
	struct device_keys rx, tx;
	struct device_keys rx_before; /* of the epoch before, until something came in the newest */
	uint16_t rx_epoch, tx_epoch;
	bool has_before;
	uint64_t before_newest,
		before_window; /* its numbers; the newest epoch's are in the hot line */
} __attribute__((aligned(64)));

/* What was agreed on about connection IDs. */
struct device_cid {
	uint8_t own_len; /* in the records that the device gets; 0: they have none */
	uint8_t len;     /* the server's, in those that it sends; 0: they have none */
	bool rrc;        /* RFC 9853 */
	uint8_t bytes[LOAD_CID_MAX];
};

enum { DEVICE_EPOCH_12 = 1, DEVICE_HEADER_MAX = RECORD_HEADER_LEN + LOAD_CID_MAX };

struct devices {
	uint32_t n;
	uint64_t n_live; /* a counter, which others read */
	struct session_hot *hot;
	struct device_cold *cold;
	struct session_overflow *overflow; /* NULL: no suite that needs it is offered */
	struct device_13 *v13;             /* NULL: the devices speak DTLS 1.2 */
	struct device_cid *cids;           /* NULL: no connection IDs are offered */
};

/* devices_init: n idle devices. policy: what is offered, for the keys' room; one version. false
 * without memory. Slow path only. */
bool devices_init(struct devices *d, uint32_t n, const struct hello_policy *policy,
		  uint64_t seed) MUST_USE;

/* devices_free: wipes the keys. Slow path only. */
void devices_free(struct devices *d);

static inline uint32_t device_word(const struct session_hot *hot)
{
	return atomic_load_explicit(&hot->generation, memory_order_relaxed);
}

static inline void device_set_word(struct session_hot *hot, uint32_t word)
{
	atomic_store_explicit(&hot->generation, word, memory_order_relaxed);
}

static inline enum device_state device_state(const struct devices *d, uint32_t i)
{
	return (enum device_state)(device_word(&d->hot[i]) >> 29);
}

static inline enum aead_alg device_alg(const struct session_hot *hot)
{
	return (enum aead_alg)(device_word(hot) >> 26 & 7);
}

static inline uint32_t device_under_way(const struct session_hot *hot)
{
	return device_word(hot) >> 16 & DEVICE_UNDER_WAY_MAX;
}

/* device_add_under_way: by is 1 or -1; the caller minds the limits. */
static inline void device_add_under_way(struct session_hot *hot, int by)
{
	device_set_word(hot, device_word(hot) + ((uint32_t)by << 16));
}

/* device_take_mid: "the same Message ID MUST NOT be reused [...] within the EXCHANGE_LIFETIME"
 * (RFC 7252 §4.4): a counter a device does that below 265 requests a second each. */
static inline uint16_t device_take_mid(struct session_hot *hot)
{
	uint32_t word = device_word(hot);

	device_set_word(hot, (word & 0xffff0000) | (uint16_t)(word + 1));
	return (uint16_t)word;
}

/* device_set_state: between states without a session. LIVE is device_install's to set. */
void device_set_state(struct devices *d, uint32_t i, enum device_state state);

/* device_takes: whether a finished handshake is of a session that a device can have: with a
 * connection ID of LOAD_CID_MAX bytes at most. */
static inline bool device_takes(const struct handshake_event *event)
{
	return rd_len(&event->peer_cid) <= LOAD_CID_MAX;
}

/* device_install: keys and numbers of a finished handshake, which device_takes. */
void device_install(struct devices *d, uint32_t i, const struct handshake_event *event);

/* device_new_rx_keys, device_new_tx_keys: DTLS 1.3: those of the next epoch. The peer's old ones
 * are there until device_proven, for records of the epoch before. */
void device_new_rx_keys(struct devices *d, uint32_t i, const struct device_keys *keys,
			uint16_t epoch);
void device_new_tx_keys(struct devices *d, uint32_t i, const struct device_keys *keys,
			uint16_t epoch);
void device_proven(struct device_13 *v13);

/* device_forget: wipes the session's keys; the device is idle. */
void device_forget(struct devices *d, uint32_t i);

/* device_cid: of a live device. */
static inline const struct device_cid *device_cid(const struct devices *d, uint32_t i)
{
	static const struct device_cid none;

	return d->cids != NULL ? &d->cids[i] : &none;
}

/* device_own_cid: the connection ID, of len bytes, that a device wants to be sent: its number. */
void device_own_cid(uint32_t i, uint8_t len, uint8_t *out);

/* device_is_own_cid: whether a record with this one, perhaps empty, is for a live device. */
bool device_is_own_cid(const struct devices *d, uint32_t i, struct rd cid);

/* device_put_header: of a record of a live device with len bytes behind it, in its version and with
 * the server's connection ID, its number in the clear. Returns its length. */
unsigned device_put_header(const struct devices *d, uint32_t i, uint8_t out[DEVICE_HEADER_MAX],
			   uint8_t type, uint64_t seq, uint16_t len);

/* Keys of a device's two directions, raw; DTLS 1.2. */
const uint8_t *device_tx_key(const struct devices *d, uint32_t i, enum aead_alg alg);
const uint8_t *device_rx_key(const struct devices *d, uint32_t i, enum aead_alg alg);

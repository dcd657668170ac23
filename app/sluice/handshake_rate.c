/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * A bucket is one number: the moment at which it is full again, in a time of our own that passes
 * faster than the clock's as long as the core keeps up. A token is 1/rate seconds of that time.
 * (The generic cell rate algorithm, ITU-T I.371, in a time that bends.)
 */
#include "handshake_rate.h"

#include "flow_hash.h"
#include "random.h"
#include "secret.h"

#include <stdlib.h>

/* IPv4 addresses are IPv4-mapped: ::ffff:a.b.c.d. */
enum { NETWORK_BYTES_4 = 12 + 3, NETWORK_BYTES_6 = 7 };

enum {
	BURST_MIN = 64, /* a turn's hellos may all be of one source */
	RESUMED_PART = 8,
	SPEED_ONE = 1 << 10,
	SPEED_MAX = SPEED_ONE << 12,
	STEPS_MAX = 128, /* from one end to the other */
};

#define S_US UINT64_C(1000000)
#define S_NS (1000 * S_US)
/* Turns are shorter than our time is exact. */
#define TICK_NS (S_NS / 10000)
/* Work that waits for so long is more than a burst. */
#define STEP_NS (S_NS / 100)

/* Of all addresses, or of all networks. */
struct rate_level {
	uint64_t token_us; /* 0: any number */
	uint64_t full_us;  /* what a bucket holds */
	uint64_t full_at_us[HANDSHAKE_RATE_ROWS][HANDSHAKE_RATE_PLACES];
};

struct handshake_rate {
	struct flow_hash_key key;
	uint64_t clock_ns, step_ns; /* of the latest turn and step */
	uint64_t time_us;           /* our own */
	uint32_t speed;             /* of it against the clock, in 1/SPEED_ONE */
	bool kept_up;               /* at least once since the latest step */
	struct rate_level levels[HANDSHAKE_RATE_LEVELS];
};

static void level_init(struct rate_level *l, uint32_t per_second)
{
	if (per_second == 0)
		return;
	l->token_us = S_US / per_second;
	l->full_us = l->token_us * BURST_MIN > S_US ? l->token_us * BURST_MIN : S_US;
}

struct handshake_rate *handshake_rate_new(uint32_t per_address, uint32_t per_network)
{
	struct handshake_rate *r = calloc(1, sizeof(*r));
	uint8_t seed[FLOW_HASH_SEED_LEN];

	if (r == NULL)
		return NULL;
	if (!random_bytes(seed, sizeof(seed))) {
		free(r);
		return NULL;
	}
	flow_hash_key_init(&r->key, seed);
	secret_wipe(seed, sizeof(seed));
	r->speed = SPEED_MAX;
	level_init(&r->levels[0], per_address);
	level_init(&r->levels[1], per_network);
	return r;
}

void handshake_rate_free(struct handshake_rate *r) { free(r); }

/* Down by a step; up by as many as time has passed for. Up is faster than down:
 * an idle core serves nobody. */
static void speed_step(struct handshake_rate *r, uint64_t steps)
{
	if (!r->kept_up) {
		r->speed -= r->speed / 16;
		if (r->speed < SPEED_ONE)
			r->speed = SPEED_ONE;
		return;
	}
	for (uint64_t i = 0; i < steps && i < STEPS_MAX && r->speed < SPEED_MAX; i++)
		r->speed += r->speed / 2;
	if (r->speed > SPEED_MAX)
		r->speed = SPEED_MAX;
}

void handshake_rate_turn(struct handshake_rate *r, uint64_t now_ns, bool kept_up)
{
	uint64_t passed = now_ns - r->clock_ns;

	r->kept_up |= kept_up;
	if (passed < TICK_NS)
		return;
	r->time_us += (passed < S_NS ? passed : S_NS) / 1000 * r->speed / SPEED_ONE;
	r->clock_ns = now_ns;
	if (now_ns - r->step_ns < STEP_NS)
		return;
	speed_step(r, (now_ns - r->step_ns) / STEP_NS);
	r->step_ns = now_ns;
	r->kept_up = false;
}

/* Address and network are hashed as flows of nothing but these: two of them cost a third of what a
 * keyed hash of bytes does. */
static void find_source(const struct handshake_rate *r, const uint8_t ip[16],
			struct handshake_rate_source *out)
{
	struct flow address = { .remote_port = 0 }, network = { .remote_port = 0 };
	const struct flow *const levels[HANDSHAKE_RATE_LEVELS] = { &address, &network };
	struct flow_hash hash[HANDSHAKE_RATE_LEVELS];

	memcpy(address.remote_ip, ip, sizeof(address.remote_ip));
	memcpy(network.remote_ip, ip, flow_ip_is_mapped(ip) ? NETWORK_BYTES_4 : NETWORK_BYTES_6);
	flow_hash_burst(&r->key, levels, hash, HANDSHAKE_RATE_LEVELS);
	for (unsigned i = 0; i < HANDSHAKE_RATE_LEVELS; i++) {
		out->at[i][0] = (uint16_t)(hash[i].bucket % HANDSHAKE_RATE_PLACES);
		out->at[i][1] = (uint16_t)(hash[i].signature % HANDSHAKE_RATE_PLACES);
	}
}

void handshake_rate_prefetch(const struct handshake_rate *r, const uint8_t remote_ip[16])
{
	struct handshake_rate_source source;

	find_source(r, remote_ip, &source);
	for (unsigned i = 0; i < HANDSHAKE_RATE_LEVELS; i++)
		for (unsigned row = 0; row < HANDSHAKE_RATE_ROWS; row++)
			__builtin_prefetch(&r->levels[i].full_at_us[row][source.at[i][row]], 1);
}

/* What a bucket lacks to be full. */
static uint64_t lacks(const struct handshake_rate *r, uint64_t full_at_us)
{
	return full_at_us > r->time_us ? full_at_us - r->time_us : 0;
}

static enum handshake_rate_answer ask_level(const struct handshake_rate *r,
					    const struct rate_level *l, const uint16_t *at)
{
	uint64_t a = lacks(r, l->full_at_us[0][at[0]]), b = lacks(r, l->full_at_us[1][at[1]]);
	uint64_t after = (a < b ? a : b) + l->token_us;

	if (after <= l->full_us)
		return RATE_GRANTED;
	return after <= 2 * l->full_us ? RATE_RESUME : RATE_REFUSED;
}

static void pay(const struct handshake_rate *r, uint64_t *full_at_us, uint64_t token_us)
{
	*full_at_us = r->time_us + lacks(r, *full_at_us) + token_us;
}

enum handshake_rate_answer handshake_rate_take(struct handshake_rate *r,
					       const uint8_t remote_ip[16],
					       struct handshake_rate_source *out)
{
	enum handshake_rate_answer worst = RATE_GRANTED;

	find_source(r, remote_ip, out);
	for (unsigned i = 0; i < HANDSHAKE_RATE_LEVELS; i++) {
		enum handshake_rate_answer a = ask_level(r, &r->levels[i], out->at[i]);

		if (a < worst)
			worst = a;
	}
	for (unsigned i = 0; worst != RATE_REFUSED && i < HANDSHAKE_RATE_LEVELS; i++)
		for (unsigned row = 0; row < HANDSHAKE_RATE_ROWS; row++)
			pay(r, &r->levels[i].full_at_us[row][out->at[i][row]],
			    r->levels[i].token_us);
	return worst;
}

void handshake_rate_resumed(struct handshake_rate *r, const struct handshake_rate_source *source)
{
	for (unsigned i = 0; i < HANDSHAKE_RATE_LEVELS; i++) {
		uint64_t back = r->levels[i].token_us - r->levels[i].token_us / RESUMED_PART;

		for (unsigned row = 0; row < HANDSHAKE_RATE_ROWS; row++)
			r->levels[i].full_at_us[row][source->at[i][row]] -= back;
	}
}

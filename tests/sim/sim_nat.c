/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * The record path in virtual time: devices with connection IDs behind NATs that forget them, and an
 * attacker beside the path who sends copies of what he sees from addresses of his own, before it,
 * behind it or much later, and changed.
 *
 *   sim_nat                 every scenario with some seeds (TAP)
 *   sim_nat --seed N        one seed of each
 *
 * A seed decides everything but keys. What holds, at every event (hostile I, invariants 1, 8, 11):
 * an address that did not prove that a device is there is sent at most three times what came from
 * it; no session ends; no reading is delivered twice. And when the attacker has had his time: every
 * reading is delivered, and devices that answer return routability checks get their answers where
 * they are, the others where they have always been.
 */
#include "path_cid_fixture.h"

#include "mix.h"
#include "traffic.h"

#include <inttypes.h>

enum {
	DEVICES = 6,
	ADDRESSES = 512, /* the first one of each device, then the attacker's, then those of NATs */
	ATTACKERS = 4,
	FIRST_NEW = DEVICES + ATTACKERS,
	EVENTS_MAX = 1024,
	READINGS_MAX = 512,
	TRAIN_MAX = 256,
	ANSWER_MAX = 200,
	FIRST_PORT = 20000,
	AMPLIFICATION = 3,
	SEEDS = 25,
	LAST = 5, /* readings of a device whose answers have to arrive in the end */
};

#define MS      UINT64_C(1000000)
#define STEP    (10 * MS)
#define TROUBLE (UINT64_C(20000) * MS)
#define END     (UINT64_C(32000) * MS)

struct scenario {
	const char *name;
	double rebinds; /* of the readings */
	double attacks; /* of the datagrams of devices */
	double loss;    /* both ways, while there is trouble */
	uint16_t version;
	bool rrc;
};

struct event {
	uint64_t at;
	unsigned from, to; /* addresses; the server has none */
	bool up, proves;
	uint16_t len;
	uint8_t bytes[TRAIN_MAX * 2];
};

struct device {
	struct client server_view;
	unsigned address;
	uint32_t n_readings;
	uint64_t next;
	uint8_t delivered[READINGS_MAX];
	bool answered[READINGS_MAX];
};

static struct sim {
	const struct scenario *sc;
	uint64_t random, start;
	struct world *world;
	struct cid_issuer issuer;
	struct devices devices;
	struct traffic traffic;
	struct egress egress;
	struct load_port port;
	struct load_counts counts;
	struct device device[DEVICES];
	struct {
		uint64_t from, to;
		bool proved;
	} account[ADDRESSES];
	unsigned n_addresses;
	struct event events[EVENTS_MAX];
	unsigned n_events;
	bool proving; /* what is sealed is a path_response */
	const char *broken;
} s;

static void must(bool holds, const char *what)
{
	if (!holds && s.broken == NULL)
		s.broken = what;
}

static bool trouble(void) { return s.world->now - s.start < TROUBLE; }

static bool chance(double share) { return trouble() && mix_chance(&s.random, share); }

/* The network */

static void carry(const struct event *e, uint64_t later)
{
	if (s.n_events == EVENTS_MAX) {
		must(false, "there is no flood");
		return;
	}
	s.events[s.n_events] = *e;
	s.events[s.n_events++].at = s.world->now + later;
}

/* What the attacker makes of a datagram that he sees. */
static void attack(const struct event *seen, uint64_t later)
{
	static const uint64_t delays[] = { 0, 25 * MS, 3000 * MS };
	struct event copy = *seen;

	copy.from = DEVICES + mix_below(&s.random, ATTACKERS);
	copy.proves = false;
	if (mix_chance(&s.random, 0.3))
		copy.bytes[mix_below(&s.random, copy.len)] ^=
			(uint8_t)(1U << mix_below(&s.random, 8));
	carry(&copy,
	      mix_chance(&s.random, 0.5) ? later - MS : later + delays[mix_below(&s.random, 3)]);
}

static unsigned port_send(struct load_port *p, struct load_buffer **bufs, unsigned n)
{
	(void)p;
	for (unsigned i = 0; i < n; i++) {
		struct event e = { .from = s.device[bufs[i]->device].address,
				   .up = true,
				   .proves = s.proving,
				   .len = bufs[i]->len };
		const uint64_t later = (2 + mix_below(&s.random, 20)) * MS;

		memcpy(e.bytes, bufs[i]->data, e.len);
		if (!chance(s.sc->loss))
			carry(&e, later);
		while (chance(s.sc->attacks))
			attack(&e, later);
	}
	return n;
}

static void port_release(struct load_port *p, struct load_buffer **bufs, unsigned n)
{
	(void)p, (void)bufs, (void)n;
}

/* Devices */

static void say(uint32_t device, uint8_t type, const void *text, size_t len)
{
	static uint8_t bytes[LOAD_HEADROOM + LOAD_DATAGRAM_MAX];
	struct load_buffer b = { .data = bytes + LOAD_HEADROOM,
				 .len = (uint16_t)len,
				 .device = device };

	memcpy(b.data, text, len);
	must(traffic_seal(&s.traffic, &b, type), "there are numbers left");
	traffic_flush(&s.traffic);
}

static void on_record(void *arg, const struct traffic_record *r)
{
	struct device *d = &s.device[r->device];
	uint8_t answer[RRC_LEN];
	struct rrc m;

	(void)arg;
	if (r->type == RECORD_APPDATA) {
		d->answered[bytes_u32(r->text) % READINGS_MAX] = true;
		return;
	}
	must(r->type == RECORD_RRC, "nothing but answers and checks comes");
	must(s.sc->rrc, "only who agreed on checks gets them");
	if (r->type != RECORD_RRC || !rrc_parse(rd_of(r->text, r->len), &m) ||
	    m.type != RRC_PATH_CHALLENGE)
		return;
	rrc_put(answer, RRC_PATH_RESPONSE, m.cookie);
	s.proving = true;
	say(r->device, RECORD_RRC, answer, sizeof(answer));
	s.proving = false;
}

static void on_other(void *arg, const struct load_buffer *b)
{
	(void)arg, (void)b;
	must(false, "devices keep their sessions");
}

static void read_something(uint32_t i)
{
	struct device *d = &s.device[i];
	uint8_t text[64];

	if (chance(s.sc->rebinds) && s.n_addresses < ADDRESSES)
		d->address = s.n_addresses++;
	memset(text, (int)i, sizeof(text));
	bytes_put_u32(text, d->n_readings++);
	say(i, RECORD_APPDATA, text, 8 + mix_below(&s.random, sizeof(text) - 8));
	d->next = s.world->now + (100 + mix_below(&s.random, 500)) * MS;
}

static void install(uint32_t i)
{
	const struct build_spec spec = build_ip4("");
	struct session_install *keys = &s.device[i].server_view.keys;
	uint8_t device_cid[LOAD_CID_MAX];
	struct traffic_keys traffic_keys;
	struct handshake_event event = {
		.kind = HANDSHAKE_INSTALL, .keys = &traffic_keys, .tx_seq = 1, .rrc = s.sc->rrc
	};
	const unsigned owner = i % WORLD_CORES;

	s.device[i].server_view = client_make(&spec, i, AEAD_AES_128_GCM);
	keys->flow.remote_port = (uint16_t)(FIRST_PORT + i);
	keys->version = s.sc->version;
	keys->rrc = s.sc->rrc;
	keys->own_cid_len = CID_LEN;
	cid_issue(&s.issuer, (uint8_t)owner, keys->own_cid);
	keys->peer_cid_len = (uint8_t)(i * 3); /* none, too, and one that has a block of its own */
	device_own_cid(i, keys->peer_cid_len, device_cid);
	memcpy(keys->peer_cid, device_cid, keys->peer_cid_len);
	for (unsigned k = 0; k < AEAD_KEY_MAX; k++) {
		traffic_keys.client_key[k] = keys->rx_key[k];
		traffic_keys.server_key[k] = keys->tx_key[k];
		traffic_keys.client_sn[k] = keys->rx_sn_key[k] = (uint8_t)(i + 7 * k);
		traffic_keys.server_sn[k] = keys->tx_sn_key[k] = (uint8_t)(i + 11 * k);
	}
	memcpy(traffic_keys.client_iv, keys->rx_iv, AEAD_IV_LEN);
	memcpy(traffic_keys.server_iv, keys->tx_iv, AEAD_IV_LEN);
	event.suite = suite_by_id(s.sc->version == DTLS_1_3 ? TLS_AES_128_GCM_SHA256
							    : TLS_PSK_WITH_AES_128_GCM_SHA256);
	event.rx_window = 1;
	event.own_cid = rd_of(device_cid, keys->peer_cid_len);
	event.peer_cid = rd_of(keys->own_cid, keys->own_cid_len);
	client_install(s.world, owner, &s.device[i].server_view);
	device_install(&s.devices, i, &event);
	s.device[i].address = i;
	s.account[i].proved = true;
	s.device[i].next = s.world->now + mix_below(&s.random, 500) * MS;
}

/* The server */

static void work_one(struct rte_mbuf *m, unsigned worker)
{
	struct msg *msg = msg_of(m);
	const uint8_t *text = rte_pktmbuf_mtod(m, const uint8_t *);
	const uint32_t reading = bytes_u32(text), device = text[4];
	uint16_t len = (uint16_t)(4 + mix_below(&s.random, ANSWER_MAX));
	uint8_t *answer;

	(void)worker;
	must(msg->kind == MSG_COAP && device < DEVICES && reading < READINGS_MAX,
	     "workers get readings");
	must(s.device[device % DEVICES].delivered[reading % READINGS_MAX]++ == 0,
	     "a reading is delivered once");
	must(msg->ref.slot == s.device[device % DEVICES].server_view.ref.slot,
	     "it is of the session that it came on");
	(void)rte_pktmbuf_trim(m, (uint16_t)(rte_pktmbuf_data_len(m) - 4));
	answer = (uint8_t *)rte_pktmbuf_append(m, (uint16_t)(len - 4));
	memset(answer, 0x55, len - 4U);
	msg->kind = MSG_REPLY;
	world_inbox(s.world, msg->from, m);
}

static void watch_handshakes(struct rte_mbuf *m, unsigned core)
{
	(void)core;
	must(msg_of(m)->kind != MSG_CLOSED, "no session ends");
	rte_pktmbuf_free(m);
}

/* All that is in a ring; whether there was anything. */
static bool empty(struct rte_ring *ring, void (*take)(struct rte_mbuf *m, unsigned core),
		  unsigned core)
{
	struct rte_mbuf *m;
	bool worked = false;

	for (; (m = world_take(ring)) != NULL; worked = true)
		take(m, core);
	return worked;
}

static void hand_over(struct rte_mbuf *m, unsigned core) { world_inbox(s.world, core, m); }

static bool pump_core(unsigned i)
{
	bool worked = false;

	for (unsigned k = 0; k < WORLD_CORES; k++)
		worked |= k != i && empty(s.world->to_poll[i][k], hand_over, k);
	for (unsigned k = 0; k < WORLD_WORKERS; k++)
		worked |= empty(s.world->to_worker[i][k], work_one, k);
	for (unsigned k = 0; k < WORLD_HS; k++)
		worked |= empty(s.world->to_hs[i][k], watch_handshakes, k);
	return worked;
}

/* Rings, until nothing is in them. */
static void pump(void)
{
	bool worked;

	do {
		worked = false;
		for (unsigned i = 0; i < WORLD_CORES; i++)
			worked |= pump_core(i);
	} while (worked);
}

/* A frame that the server sent. */
static void sent_frame(struct rte_mbuf *m)
{
	enum { DST_PORT = 36, PAYLOAD = 42 };
	const uint8_t *frame = rte_pktmbuf_mtod(m, const uint8_t *);
	struct event e = { .to = (unsigned)bytes_u16(frame + DST_PORT) - FIRST_PORT,
			   .len = (uint16_t)(rte_pktmbuf_data_len(m) - PAYLOAD) };

	must(e.to < s.n_addresses && e.len <= sizeof(e.bytes), "the server speaks to who spoke");
	if (s.broken == NULL) {
		s.account[e.to].to += e.len;
		must(s.account[e.to].proved ||
			     s.account[e.to].to <= AMPLIFICATION * s.account[e.to].from,
		     "no more than three times what came goes to an address that proved nothing");
		memcpy(e.bytes, frame + PAYLOAD, e.len);
		if (!chance(s.sc->loss))
			carry(&e, (2 + mix_below(&s.random, 20)) * MS);
	}
	rte_pktmbuf_free(m);
}

static void arrives_at_server(const struct event *e)
{
	struct build_spec spec = build_ip4("");

	spec.src_port = FIRST_PORT + e->from;
	spec.body = e->bytes;
	spec.body_len = e->len;
	s.account[e->from].from += e->len;
	s.account[e->from].proved |= e->proves;
	world_rx(s.world, mix_below(&s.random, WORLD_CORES), world_frame(s.world, &spec));
}

/* At a device, if it is still there; the attacker keeps what he hears. */
static void arrives_below(struct event *e)
{
	for (uint32_t i = 0; i < DEVICES; i++)
		if (s.device[i].address == e->to)
			traffic_open_bytes(&s.traffic, i, e->bytes, e->len);
}

static void deliver(void)
{
	for (unsigned i = 0; i < s.n_events;) {
		struct event e = s.events[i];

		if (e.at > s.world->now) {
			i++;
			continue;
		}
		s.events[i] = s.events[--s.n_events];
		if (e.up)
			arrives_at_server(&e);
		else
			arrives_below(&e);
		pump();
	}
}

static void step(void)
{
	struct rte_mbuf *m;

	s.world->now += STEP;
	for (uint32_t i = 0; i < DEVICES; i++)
		if (s.device[i].next <= s.world->now && s.world->now - s.start < END - 1000 * MS)
			read_something(i);
	deliver();
	for (unsigned i = 0; i < WORLD_CORES; i++) {
		path_sweep(s.world->core[i], s.world->now);
		path_flush(s.world->core[i], s.world->now);
	}
	pump();
	while ((m = world_sent()) != NULL)
		sent_frame(m);
}

/* A run */

static void begin(const struct scenario *sc, uint64_t seed)
{
	static const struct load_port_ops ops = { .send = port_send, .release = port_release };
	const struct hello_policy policy = { .min_version = sc->version,
					     .max_version = sc->version,
					     .cid = true };

	memset(&s, 0, sizeof(s));
	s.sc = sc;
	s.random = seed;
	s.n_addresses = FIRST_NEW;
	s.world = world_sized(64, 64, 256);
	world_cid(s.world, CID_LEN);
	if (!cid_issuer_init(&s.issuer, &s.world->cid_key))
		abort();
	s.start = s.world->now;
	s.port.ops = &ops;
	s.egress = (struct egress){ .port = &s.port, .counts = &s.counts };
	if (!devices_init(&s.devices, DEVICES, &policy, seed))
		abort();
	s.traffic.aead = s.world->client_aead;
	s.traffic.devices = &s.devices;
	s.traffic.egress = &s.egress;
	s.traffic.counts = &s.counts;
	s.traffic.rx_limit = RECORD_PLAINTEXT_MAX;
	s.traffic.handler = (struct traffic_handler){ on_record, on_other, NULL };
	for (uint32_t i = 0; i < DEVICES; i++)
		install(i);
}

static void check_end(void)
{
	for (uint32_t i = 0; i < DEVICES; i++) {
		const struct device *d = &s.device[i];

		must(store_live(s.world->store, d->server_view.ref), "sessions live on");
		for (uint32_t k = d->n_readings - LAST; k < d->n_readings; k++) {
			must(d->delivered[k] == 1, "what is read behind the trouble is delivered");
			must(d->answered[k] || !(s.sc->rrc || d->address == i),
			     "answers arrive in the end");
		}
	}
}

static bool run_seed(const struct scenario *sc, uint64_t seed)
{
	void *world;

	begin(sc, seed);
	while (s.broken == NULL && s.world->now - s.start < END)
		step();
	if (s.broken == NULL)
		check_end();
	if (s.broken != NULL)
		printf("# %s, seed %" PRIu64 ", %" PRIu64 " ms: not: %s\n", sc->name, seed,
		       (s.world->now - s.start) / MS, s.broken);
	devices_free(&s.devices);
	world = s.world;
	must(world_teardown(&world) == 0, "no packet buffer is lost");
	return s.broken == NULL;
}

static const struct scenario scenarios[] = {
	{ "1.2: nothing happens", 0, 0, 0, DTLS_1_2, true },
	{ "1.2: NATs forget", 0.2, 0, 0, DTLS_1_2, true },
	{ "1.2: NATs forget, checks were not agreed on", 0.2, 0, 0, DTLS_1_2, false },
	{ "1.2: an attacker", 0, 0.3, 0, DTLS_1_2, true },
	{ "1.2: an attacker, no checks", 0, 0.3, 0, DTLS_1_2, false },
	{ "1.2: all at once", 0.1, 0.3, 0.1, DTLS_1_2, true },
	{ "1.2: all at once, no checks", 0.1, 0.3, 0.1, DTLS_1_2, false },
	{ "1.3: nothing happens", 0, 0, 0, DTLS_1_3, true },
	{ "1.3: NATs forget", 0.2, 0, 0, DTLS_1_3, true },
	{ "1.3: NATs forget, checks were not agreed on", 0.2, 0, 0, DTLS_1_3, false },
	{ "1.3: an attacker", 0, 0.3, 0, DTLS_1_3, true },
	{ "1.3: an attacker, no checks", 0, 0.3, 0, DTLS_1_3, false },
	{ "1.3: all at once", 0.1, 0.3, 0.1, DTLS_1_3, true },
	{ "1.3: all at once, no checks", 0.1, 0.3, 0.1, DTLS_1_3, false },
};

int main(int argc, char **argv)
{
	const unsigned n = sizeof(scenarios) / sizeof(scenarios[0]);
	bool one = argc == 3 && strcmp(argv[1], "--seed") == 0, good = true;
	uint64_t first = one ? strtoull(argv[2], NULL, 10) : 1, last = one ? first : SEEDS;

	eal_start();
	printf("1..%u\n", n);
	for (unsigned i = 0; i < n; i++) {
		bool ok = true;

		for (uint64_t seed = first; seed <= last; seed++)
			ok &= run_seed(&scenarios[i], seed);
		printf("%sok %u - %s\n", ok ? "" : "not ", i + 1, scenarios[i].name);
		good &= ok;
	}
	eal_stop();
	return good ? EXIT_SUCCESS : EXIT_FAILURE;
}

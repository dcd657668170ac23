/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * sluice-load's command line, parsed into plain values.
 *
 * A bad option, or two that contradict each other, are reported as "sluice-load: --name: reason
 * (value)". Numbers take k, m, g as powers of 1000. Slow path only.
 */
#pragma once

#include "hello_select.h"
#include "option_values.h"
#include "options.h"

enum load_retransmit {
	LOAD_RETRANSMIT_COAP, /* RFC 7252 §4.2, with its random factor */
	LOAD_RETRANSMIT_OFF,
};

enum load_action {
	LOAD_RUN,            /* establish the fleet, then requests for --duration */
	LOAD_SEARCH,         /* establish the fleet, then --search */
	LOAD_HANDSHAKES,     /* --handshakes-only: connect, leave, connect, … for --duration */
	LOAD_HANDSHAKE_COST, /* --report handshake-cost: a few of each mode, and what each cost */
	LOAD_WRITE_PSK,      /* --write-psk: the fleet's credentials as a --psk-file, and exit */
};

enum {
	LOAD_CORES_MAX = 64,
	LOAD_SOURCES_FIRST_PORT = 1024,
	LOAD_CID_MAX = 20,
	LOAD_INFLIGHT = 256000,   /* --inflight auto */
	LOAD_INFLIGHT_MAX = 1000, /* … with --rate max: what is kept under way */
};

/* Device i is address i / ports_per_addr of the sources, port first_port + i % ports_per_addr.
 * n_addrs 0: the kernel chooses (kernel sockets only). */
struct load_sources {
	uint8_t first_ip[16]; /* IPv4-mapped for IPv4 */
	uint32_t n_addrs;
	uint16_t first_port, last_port;
};

/* Shares are of 1: 0.05 is 5 %. What is 0 for "off" or "as fast as possible" says so. */
struct load_options {
	enum load_action action;
	struct port_spec ports[OPTIONS_PORTS_MAX]; /* none with kernel sockets */
	unsigned n_ports;                          /* a generator core for each */
	bool kernel;                               /* --port kernel */
	bool test_mode;
	bool has_eal_args;
	unsigned threads;      /* generator cores with kernel sockets */
	struct core_set cores; /* generator cores; empty: the first allowed */
	int n_eal_args;
	uint16_t burst;
	uint16_t rxd, txd; /* 0: auto */
	char *const *eal_args;

	uint8_t target_ip[16];
	uint16_t target_port;
	struct load_sources sources;
	uint32_t devices;
	const char *identities; /* a PSK file's path; NULL: derived */
	const char *psk_derive; /* file of their master keys, or … */
	const char *master_key; /* … a master key in hex */
	const char *write_psk;
	/* How the server proves itself, NULL: by the devices' keys; one of them at most. */
	const char *server_ca, *server_keys;
	const char *cert, *key;     /* what devices show it; NULL: nothing */
	struct hello_policy policy; /* suites offered, in order; connection IDs */
	bool psk_import;            /* DTLS 1.3: keys are offered as RFC 9258 imports them */

	double rate; /* requests a second of the whole fleet; 0: max */
	/* Ramp, then warm-up, then what is measured. With --search, a confirming trial takes
	 * duration_ns. */
	uint64_t ramp_ns, warmup_ns, duration_ns;
	uint32_t inflight; /* requests under way at most */
	uint32_t window;   /* requests kept under way where the rate is "max"; <= inflight */
	uint16_t payload_min, payload_max;
	/* What the devices ask for: a code of RFC 6066 §4, a limit of RFC 8449; 0: nothing. */
	uint8_t max_fragment_length;
	uint16_t record_size_limit;
	double con_share; /* the others are NON */
	const char *path; /* Uri-Path, "s/load": segments of 1 to 255 bytes with / between */
	enum load_retransmit retransmit;
	uint64_t answer_timeout_ns; /* a request without an answer is lost after that */

	double handshake_rate;       /* new handshakes a second; 0: as fast as possible */
	uint32_t handshakes_at_once; /* beside those of a storm */
	uint32_t storm;              /* devices that come back at once; 0: no storm */
	double resume_share;         /* handshakes that resume where a session is known */
	uint64_t key_update;         /* records of a device, then its keys are new; 0: never */
	double migrate_share; /* requests before which their device moves, if it has no other */
	double churn_share;   /* devices that leave and connect again, a second */
	uint64_t storm_at_ns; /* when, in the measured time */
	double loss, reorder, duplicate; /* of datagrams sent, by the generator itself */
	double hostile; /* datagrams beside the requests that are forged, replayed or broken */
	uint64_t seed;

	uint64_t late_ns; /* a request sent later than that after its time is late */

	bool resume_by_id; /* else by ticket */
	bool search_ndr, search_pdr;
	bool progress; /* a line a second, to stderr */
	double pdr_loss;
	const char *hgrm, *json; /* NULL: none */

	struct option_values *values; /* owns the strings above; for reports that name options */
};

/* load_options_parse: prints to out and err. Whatever it returns, load_options_free is the
 * caller's to call. argv is borrowed for as long as opt lives. */
enum options_result load_options_parse(struct load_options *opt, FILE *out, FILE *err, int argc,
				       char *const argv[]) MUST_USE;
void load_options_free(struct load_options *opt);

/* load_options_need_keys: whether the devices have identities and keys. load_options_by_psk:
 * whether it is those that they use with this suite; with one of DTLS 1.3 the server's proof says
 * so. */
bool load_options_need_keys(const struct load_options *opt);
bool load_options_by_psk(const struct load_options *opt, const struct suite *suite);

/* load_options_help: what --help prints. */
void load_options_help(FILE *out);

/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * The command line and the configuration file, parsed into plain values.
 *
 * One table (options_table.c) makes the command line, --help, the keys of the file and
 * --dump-config. A bad option is reported as "sluice: --name: reason (value)", with file and line
 * where it came from a file. Slow path only.
 *
 * With a "--" on the command line what is before it is EAL's and what is behind it is ours;
 * without, all is ours and EAL's arguments are made from the ports and the layout.
 */
#pragma once

#include "aead.h"
#include "certificates_config.h"
#include "core_set.h"
#include "frame.h"
#include "hello_select.h"

#include <stdio.h>

enum {
	OPTIONS_PORTS_MAX = 8,
	OPTIONS_LISTEN_MAX = 16,
	OPTIONS_QUEUES_MAX = 256,
	OPTIONS_BURST_DEFAULT = 32,
	OPTIONS_BURST_MAX = 64,
	OPTIONS_NO_CORE = 0xffff,
	OPTIONS_NODES_MAX = 16,
};

/* What the DEV of --port names. */
enum port_kind {
	PORT_PCI,         /* 0000:3b:00.0 */
	PORT_TAP,         /* tap:NAME */
	PORT_AF_PACKET,   /* af_packet:IF */
	PORT_AF_XDP,      /* af_xdp:IF */
	PORT_VHOST,       /* vhost:PATH */
	PORT_VIRTIO_USER, /* virtio_user:PATH */
	PORT_NUMBER,      /* a DPDK port of EAL's own arguments */
};

/* One --port. */
struct port_spec {
	enum port_kind kind;
	char dev[128];    /* as written, "af_packet:veth0" */
	uint8_t name_off; /* dev + name_off: what follows the colon; PCI and numbers: all of it */
	uint16_t number;  /* PORT_NUMBER */
	uint16_t mtu;     /* 0: as the device has it */
	uint8_t n_addrs;
	struct frame_addr addrs[8]; /* IPv4-mapped for IPv4, as frame_host has them */
	bool has_gw4, has_gw6;
	uint8_t gw4[16], gw6[16]; /* gw4 IPv4-mapped */
};

/* One --listen. */
struct listen_spec {
	bool any4, any6; /* every IPv4 (IPv6) address of ours; ip is not used */
	uint8_t ip[16];
	uint16_t port;
};

/* One --node. */
struct node_spec {
	uint8_t ip[16]; /* IPv4-mapped for IPv4 */
	uint16_t port;
	uint8_t id;
};

/* One triple of --config: port is the index of the --port, or its number when it has one. */
struct queue_spec {
	uint16_t port, queue, lcore;
};

enum log_level {
	LOG_LEVEL_ERROR,
	LOG_LEVEL_WARNING,
	LOG_LEVEL_NOTICE,
	LOG_LEVEL_INFO,
	LOG_LEVEL_DEBUG
};

/* What to do after parsing. */
enum options_action {
	OPTIONS_SERVE,
	OPTIONS_SHOW_LAYOUT,  /* compute and print the layout, exit 0 or 2 */
	OPTIONS_CHECK_CONFIG, /* that, and load the files the options name */
};

/* What is 0 for "auto" says so. */
struct options {
	enum options_action action;
	struct port_spec ports[OPTIONS_PORTS_MAX];
	unsigned n_ports; /* at least 1 */
	struct listen_spec listen[OPTIONS_LISTEN_MAX];
	unsigned n_listen; /* at least 1: the default is there already */

	struct queue_spec queues[OPTIONS_QUEUES_MAX];
	unsigned n_queues;               /* 0: auto */
	struct core_set workers;         /* empty: auto */
	struct core_set handshake_cores; /* empty: auto */
	uint16_t main_core;              /* OPTIONS_NO_CORE: auto */
	uint16_t rxd, txd;               /* 0: auto */
	uint16_t burst;                  /* never 0 */
	bool idle_sleep;                 /* --idle sleep: a core without work naps */
	bool idle_auto;                  /* --idle auto: idle_sleep follows test_mode */
	uint32_t mbufs;                  /* 0: auto */

	const char *psk_file, *psk_derive, *deny_file; /* NULL: none */
	const char *psk_socket;                        /* NULL: none */
	uint64_t psk_timeout_ns;
	struct certificates_config certificates;
	unsigned n_keys;       /* of certificates.keys so far; n_own counts the chains */
	bool client_auth_auto; /* required where there is something to know clients by */
	struct hello_policy policy;
	uint32_t max_sessions, max_handshakes; /* never 0 */
	/* Full handshakes a second that an address, and a network, always get; 0: any number. */
	uint32_t rate_address, rate_network;
	uint64_t session_timeout_ns, handshake_timeout_ns;
	uint32_t session_lifetime_s; /* for resumption */
	uint32_t session_cache;      /* sessions that are kept by id; 0: none */
	uint32_t tickets;            /* that a full handshake of DTLS 1.3 gives, 1 to 3 */
	/* DTLS 1.3: records of ours, then a session's keys are renewed; 0: when they are worn */
	uint32_t rekey_after;
	const char *ticket_key_file; /* NULL: random keys */
	bool no_resumption;
	unsigned replay_window; /* 64, or a multiple of it up to 1024 */
	enum aead_engine aead_engine;

	uint8_t cid_length; /* of connection IDs that devices get; 0: they get none */
	uint8_t node_id;
	const char *cid_key_file; /* NULL: a random key */
	struct node_spec nodes[OPTIONS_NODES_MAX];
	unsigned n_nodes;
	bool node_reply_direct; /* else through the node that met the device */

	const char *sink; /* as sink_config.spec takes it */
	bool ack_delivered;
	enum log_level log_level;
	uint64_t stats_period_ns; /* 0: off */
	bool test_mode;

	/* EAL's own arguments (argv[1] up to "--"); has_eal_args without any: "sluice -- …". */
	bool has_eal_args;
	int n_eal_args;
	char *const *eal_args;

	struct option_values *values; /* owns the strings above */
};

/* What the program does next. */
enum options_result {
	OPTIONS_GO,    /* act as options.action says */
	OPTIONS_DONE,  /* --help, --version, --dump-config: printed; exit 0 */
	OPTIONS_ERROR, /* reported on err; exit 2 */
};

/* options_parse: everything from argv and the file it may name, checked as far as that is possible
 * without looking at devices, cores or files. Prints to out and err. Whatever it returns,
 * options_free is the caller's to call. argv is borrowed for as long as opt lives. */
enum options_result options_parse(struct options *opt, FILE *out, FILE *err, int argc,
				  char *const argv[]) MUST_USE;
void options_free(struct options *opt);

/* options_help: what --help prints. */
void options_help(FILE *out);

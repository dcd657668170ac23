/* SPDX-License-Identifier: BSD-3-Clause */
#include "load_options_table.h"

#include "load_options_set.h"

/* The setters are typed; the table takes any program's options. */
#define LOAD_OPTIONS_ADAPTER(name)                                                                 \
	static const char *set_##name(void *opt, const char *text)                                 \
	{                                                                                          \
		return load_options_set_##name(opt, text);                                         \
	}
LOAD_OPTIONS_SET_LIST(LOAD_OPTIONS_ADAPTER)
#undef LOAD_OPTIONS_ADAPTER

/* clang-format off */
static const struct option_def rows[] = {
	{ "Network", "port", "kernel|DEV,ip=ADDR/LEN,ip6=ADDR/LEN,gw=ADDR,mtu=N", NULL,
	  "kernel: UDP sockets; or a DPDK port as sluice has it, DEV: a PCI address, tap:NAME,\n"
	  "af_packet:IF, af_xdp:IF, vhost:PATH, virtio_user:PATH, or the number of a port\n"
	  "that EAL's own arguments made. Several DPDK ports: a generator core for each",
	  OPTION_LIST, set_port },
	{ NULL, "target", "ADDR:PORT", NULL, "the server; IPv6 as [ADDR]:PORT",
	  OPTION_VALUE, set_target },
	{ NULL, "sources", "ADDR[+COUNT][:PORT-PORT]", "auto",
	  "addresses and UDP ports of the devices, COUNT addresses from ADDR on; IPv6 as\n"
	  "[ADDR]+COUNT. auto: from the port's first address on, as many as the devices need,\n"
	  "ports 1024-65535; with kernel sockets the kernel's choice",
	  OPTION_VALUE, set_sources },
	{ NULL, "cores", "LIST", "auto",
	  "generator cores, like 1,3-5, as many as there are ports or --threads",
	  OPTION_VALUE, set_cores },
	{ NULL, "threads", "N", "1", "generator cores of kernel sockets", OPTION_VALUE, set_threads },
	{ NULL, "burst", "N", "32", "packets at a time, 1 to 64", OPTION_VALUE, set_burst },
	{ NULL, "rxd", "N", "auto", "descriptors of a DPDK port's receive queue; with virtio_user both",
	  OPTION_VALUE, set_rxd },
	{ NULL, "txd", "N", "auto", "descriptors of its transmit queue", OPTION_VALUE, set_txd },
	{ NULL, "test-mode", NULL, "no", "no huge pages, no PCI, small pools: runs anywhere",
	  OPTION_SWITCH, set_test_mode },

	{ "Fleet", "devices", "N", "1000", "devices, each with a session of its own",
	  OPTION_VALUE, set_devices },
	{ NULL, "identities", "derive|FILE", "derive",
	  "derive: identities dev00000000, dev00000001, ... with keys from --psk-derive or\n"
	  "--master-key; or a file of lines identity:hexkey",
	  OPTION_VALUE, set_identities },
	{ NULL, "psk-derive", "FILE", NULL,
	  "master keys, the file that sluice has; the first one's prefix begins the identities",
	  OPTION_VALUE, set_psk_derive },
	{ NULL, "master-key", "HEX", NULL,
	  "a master key without a prefix, 16 to 64 bytes; not of a fleet that matters, others\n"
	  "see the command line",
	  OPTION_VALUE, set_master_key },
	{ NULL, "server-ca", "FILE", NULL,
	  "the server proves itself by a certificate of one of these CAs", OPTION_VALUE, set_server_ca },
	{ NULL, "server-keys", "FILE", NULL,
	  "... by a raw public key of this file (as sluice's --rpk-file); devices show theirs raw, too",
	  OPTION_VALUE, set_server_keys },
	{ NULL, "cert", "FILE", NULL,
	  "chain that every device shows a server that asks; without it they show none",
	  OPTION_VALUE, set_cert },
	{ NULL, "key", "FILE", NULL, "its key", OPTION_VALUE, set_key },
	{ NULL, "suites", "LIST", "auto",
	  "cipher suites offered, in order; IANA names, with or without TLS_PSK_WITH_ and hash,\n"
	  "or like ECDHE_PSK_AES_128_GCM; auto: all of plain PSK, without public-key operations;\n"
	  "with --server-ca or --server-keys TLS_ECDHE_ECDSA_WITH_AES_128_CCM_8; with --version\n"
	  "1.3 all but TLS_AES_128_CCM_8_SHA256",
	  OPTION_VALUE, set_suites },
	{ NULL, "version", "1.2|1.3", "1.2", "version of DTLS (the program's own: -V)",
	  OPTION_VALUE, set_version },
	{ NULL, "psk-mode", "psk_dhe_ke|psk_ke", "psk_dhe_ke",
	  "DTLS 1.3: pre-shared keys with a key agreement, or without",
	  OPTION_VALUE, set_psk_mode },
	{ NULL, "psk-import", NULL, "no",
	  "DTLS 1.3: pre-shared keys are imported (RFC 9258), not offered as they are",
	  OPTION_SWITCH, set_psk_import },
	{ NULL, "key-update", "N|off", "off",
	  "DTLS 1.3: devices update their keys after N records",
	  OPTION_VALUE, set_key_update },
	{ NULL, "max-fragment-length", "512|1024|2048|4096|off", "off",
	  "what the devices ask for (RFC 6066 4): both sides' records are no longer",
	  OPTION_VALUE, set_max_fragment_length },
	{ NULL, "record-size-limit", "N|off", "off",
	  "what the devices ask for (RFC 8449): no more than N bytes, 64 to 16384, in a record\n"
	  "for them; it beats --max-fragment-length. What is longer they do not take",
	  OPTION_VALUE, set_record_size_limit },
	{ NULL, "handshake-rate", "R|max", "max", "new handshakes a second", OPTION_VALUE, set_handshake_rate },
	{ NULL, "handshakes-at-once", "N", "256", "handshakes under way at most, beside a storm's",
	  OPTION_VALUE, set_handshakes_at_once },
	{ NULL, "resume", "PCT", "0", "handshakes that resume a session, where one is known",
	  OPTION_VALUE, set_resume },
	{ NULL, "resume-by", "ticket|id", "ticket", "what devices let the server give them",
	  OPTION_VALUE, set_resume_by },
	{ NULL, "cid", "LEN|off", "off",
	  "connection IDs (RFC 9146): devices put the server's into their records, and want one\n"
	  "of LEN bytes, 0 to 20, in those that they get; with them they offer return\n"
	  "routability checks (RFC 9853)",
	  OPTION_VALUE, set_cid },
	{ NULL, "cid-migrate", "PCT", "0",
	  "requests before which their device moves to another UDP port, and address where\n"
	  "--sources has several, and goes on with its session; not while it waits for an answer",
	  OPTION_VALUE, set_cid_migrate },
	{ NULL, "churn", "PCT", "0", "devices that leave and connect again, a second",
	  OPTION_VALUE, set_churn },
	{ NULL, "storm", "N", "0",
	  "of the devices N lose their sessions without a word, all at once, and come back at\n"
	  "once (or at --handshake-rate, resuming as --resume says); the others get the requests",
	  OPTION_VALUE, set_storm },
	{ NULL, "storm-at", "TIME", "2s", "when, in the time that is measured", OPTION_VALUE, set_storm_at },

	{ "Load", "rate", "R|max", "1k",
	  "requests a second of the whole fleet, at times that do not depend on the answers;\n"
	  "max: as many as are answered, a fixed number being kept under way",
	  OPTION_VALUE, set_rate },
	{ NULL, "ramp", "TIME", "0", "the rate rises from 0 in this time, before the warm-up",
	  OPTION_VALUE, set_ramp },
	{ NULL, "warmup", "TIME", "1s", "load before what is measured", OPTION_VALUE, set_warmup },
	{ NULL, "duration", "TIME", "10s", "how long is measured; with --search, a confirming trial",
	  OPTION_VALUE, set_duration },
	{ NULL, "payload", "SIZE|MIN-MAX", "64", "bytes of a request's payload, up to 1024",
	  OPTION_VALUE, set_payload },
	{ NULL, "mix", "con:PCT,non:PCT", "con:100,non:0", "requests that are confirmable, and not",
	  OPTION_VALUE, set_mix },
	{ NULL, "path", "PATH", "s/load", "Uri-Path of the requests, which are POST",
	  OPTION_VALUE, set_path },
	{ NULL, "inflight", "N", "auto",
	  "requests under way at most, those beyond are missed; auto: 256k, with --rate max 1k",
	  OPTION_VALUE, set_inflight },
	{ NULL, "retransmit", "coap|off", "auto",
	  "coap: as RFC 7252 4.2 says; auto: coap, with --search off", OPTION_VALUE, set_retransmit },
	{ NULL, "answer-timeout", "TIME", "auto",
	  "a request without an answer is lost after that; auto: 93s (MAX_TRANSMIT_WAIT),\n"
	  "with --retransmit off 1s",
	  OPTION_VALUE, set_answer_timeout },
	{ NULL, "late", "TIME", "1ms",
	  "a request is late that leaves so long after its time; more than 0.1 % late or\n"
	  "missed is the generator's fault and fails the run",
	  OPTION_VALUE, set_late },

	{ "Trouble made on purpose", "loss", "PCT", "0", "datagrams not sent", OPTION_VALUE, set_loss },
	{ NULL, "reorder", "PCT", "0", "datagrams sent behind later ones", OPTION_VALUE, set_reorder },
	{ NULL, "duplicate", "PCT", "0", "datagrams sent twice", OPTION_VALUE, set_duplicate },
	{ NULL, "hostile", "PCT", "0",
	  "datagrams beside the requests that are forged, replayed or broken", OPTION_VALUE, set_hostile },
	{ NULL, "seed", "N", "1", "of all that is random: the same seed makes the same run",
	  OPTION_VALUE, set_seed },

	{ "Instead of a run", "search", "ndr,pdr=PCT", NULL,
	  "the highest rates with no loss (ndr), and with at most so much (pdr; 0.5%)",
	  OPTION_VALUE, set_search },
	{ NULL, "handshakes-only", NULL, "no", "connect, leave, connect, ... for --duration",
	  OPTION_SWITCH, set_handshakes_only },
	{ NULL, "report", "handshake-cost", NULL,
	  "a few handshakes of each kind: messages, bytes, round trips, time",
	  OPTION_VALUE, set_report },
	{ NULL, "write-psk", "FILE", NULL,
	  "write the fleet's identities and keys as sluice's --psk-file takes them, and exit",
	  OPTION_VALUE, set_write_psk },

	{ "Results", "json", "FILE", NULL, "everything as JSON", OPTION_VALUE, set_json },
	{ NULL, "hgrm", "FILE", NULL, "latencies by percentile, as HdrHistogram's tools read them",
	  OPTION_VALUE, set_hgrm },
	{ NULL, "progress", NULL, "yes", "a line a second, to stderr", OPTION_SWITCH, set_progress },

	{ "Commands", "V", NULL, NULL, "print the program's version", OPTION_COMMAND, NULL },
	{ NULL, "help", NULL, NULL, "print this", OPTION_COMMAND, NULL },
};
/* clang-format on */

const struct option_table load_options_table = { "sluice-load", rows,
						 sizeof(rows) / sizeof(*rows) };

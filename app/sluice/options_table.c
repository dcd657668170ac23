/* SPDX-License-Identifier: BSD-3-Clause */
#include "options_table.h"

#include "options_set.h"

/* The setters are typed; the table takes any program's options. */
#define OPTIONS_TABLE_ADAPTER(name)                                                                \
	static const char *set_##name(void *opt, const char *text)                                 \
	{                                                                                          \
		return options_set_##name(opt, text);                                              \
	}
OPTIONS_SET_LIST(OPTIONS_TABLE_ADAPTER)
#undef OPTIONS_TABLE_ADAPTER

/* clang-format off */
static const struct option_def rows[] = {
	{ "Network", "port", "DEV,ip=ADDR/LEN,ip6=ADDR/LEN,gw=ADDR,mtu=N", NULL,
	  "a port; all but DEV optional, ip= and ip6= several times. DEV: a PCI address,\n"
	  "tap:NAME, af_packet:IF, af_xdp:IF, vhost:PATH, virtio_user:PATH, or the number\n"
	  "of a port that EAL's own arguments made. gw= is for what starts a conversation,\n"
	  "as --node does: answers go to the MAC their request came from",
	  OPTION_LIST, set_port },
	{ NULL, "listen", "ADDR:PORT", ":5684",
	  "where to listen; IPv6 as [ADDR]:PORT, every address as :PORT",
	  OPTION_LIST, set_listen },

	{ "Cores and queues", "config", "\"(port,queue,lcore),...\"", "auto",
	  "which lcore polls which receive queue; auto: a queue of every port for each\n"
	  "of half of the cores",
	  OPTION_VALUE, set_config },
	{ NULL, "workers", "LIST", "auto",
	  "cores that answer CoAP, like 1,3-5; a core may have several roles",
	  OPTION_VALUE, set_workers },
	{ NULL, "handshake-cores", "LIST", "auto", "cores that do handshakes",
	  OPTION_VALUE, set_handshake_cores },
	{ NULL, "main-core", "N", "auto", "EAL's main lcore; auto: the first one in use",
	  OPTION_VALUE, set_main_core },
	{ NULL, "rxd", "N", "auto", "descriptors of a receive queue",
	  OPTION_VALUE, set_rxd },
	{ NULL, "txd", "N", "auto", "descriptors of a transmit queue",
	  OPTION_VALUE, set_txd },
	{ NULL, "burst", "N", "auto", "packets taken at a time, 1 to 64; auto: 32",
	  OPTION_VALUE, set_burst },
	{ NULL, "mbufs", "N", "auto", "packet buffers; auto: from queues, rings and cores",
	  OPTION_VALUE, set_mbufs },
	{ NULL, "idle", "poll|sleep", "auto",
	  "what a core without work does; auto: poll, with --test-mode sleep",
	  OPTION_VALUE, set_idle },

	{ "Devices and credentials", "psk-file", "FILE", NULL,
	  "lines identity:hexkey, split at the last colon; an identity #hex is bytes",
	  OPTION_VALUE, set_psk_file },
	{ NULL, "psk-derive", "FILE", NULL,
	  "master keys: a device's key is HMAC-SHA-256(master key, identity), all 32 bytes.\n"
	  "Lines prefix:hexkey, the longest prefix of the identity decides; or hexkey, for\n"
	  "identities without one of them. Together with --psk-file, whose lines go first",
	  OPTION_VALUE, set_psk_derive },
	{ NULL, "psk-socket", "PATH", NULL,
	  "a service to ask for keys of identities that neither of them knows: lines over a\n"
	  "Unix stream socket, docs/credential-store.md",
	  OPTION_VALUE, set_psk_socket },
	{ NULL, "psk-timeout", "TIME", "5s",
	  "after which an identity is unknown that the service has not answered for",
	  OPTION_VALUE, set_psk_timeout },
	{ NULL, "cert", "FILE", NULL,
	  "our certificate chain (PEM, its own certificate first); several times, each with\n"
	  "a --key: the one with the name that a device asks for is shown, else the first.\n"
	  "Devices that take raw public keys are shown its key alone",
	  OPTION_LIST, set_cert },
	{ NULL, "key", "FILE", NULL,
	  "the private key of the --cert of the same number: P-256 or Ed25519, PEM",
	  OPTION_LIST, set_key },
	{ NULL, "client-ca", "FILE", NULL, "CAs of devices' certificates (PEM)",
	  OPTION_VALUE, set_client_ca },
	{ NULL, "crl", "FILE", NULL,
	  "revocation lists (PEM); the CA that issued a device's certificate must have one",
	  OPTION_VALUE, set_crl },
	{ NULL, "crl-expired", "fail|accept", "fail",
	  "what a list past its date does: nobody is taken by it, or it still counts",
	  OPTION_VALUE, set_crl_expired },
	{ NULL, "client-auth", "none|optional|required", "auto",
	  "whether devices without a pre-shared key show a certificate or raw key; auto:\n"
	  "required with --client-ca or --rpk-file; with --cert and neither of them, none\n"
	  "has to be said: everybody is taken then, and has no name",
	  OPTION_VALUE, set_client_auth },
	{ NULL, "rpk-file", "FILE", NULL,
	  "devices' raw public keys: lines sha256:HEX NAME or spki:HEX NAME",
	  OPTION_VALUE, set_rpk_file },
	{ NULL, "deny-file", "FILE", NULL,
	  "who is refused, a line each: \"identity NAME\" or \"sha256 HEX\" of a certificate\n"
	  "or key; reloaded by SIGHUP, which also closes their sessions",
	  OPTION_VALUE, set_deny_file },
	{ NULL, "device-name", "cn|dns|uri|fingerprint", "cn",
	  "a device's name from its certificate: the subject's common name, the first\n"
	  "dNSName or URI, or sha256: of its key; without one it is refused",
	  OPTION_VALUE, set_device_name },

	{ "DTLS", "min-version", "1.2|1.3", "1.2", "oldest version", OPTION_VALUE, set_min_version },
	{ NULL, "max-version", "1.2|1.3", "1.3",
	  "newest version, which is taken where the device can do it", OPTION_VALUE, set_max_version },
	{ NULL, "suites", "LIST", "auto",
	  "cipher suites of both versions in order of preference, IANA names, with or without\n"
	  "TLS_PSK_WITH_ and hash; TLS_AES_128_GCM is one of 1.3. A version without a suite is\n"
	  "not spoken. auto: all that this build has, but TLS_AES_128_CCM_8_SHA256",
	  OPTION_VALUE, set_suites },
	{ NULL, "psk-modes", "psk_dhe_ke[,psk_ke]", "psk_dhe_ke,psk_ke",
	  "DTLS 1.3: whether a pre-shared key has to go with a key agreement, which 1.2's suites say",
	  OPTION_VALUE, set_psk_modes },
	{ NULL, "groups", "LIST", "x25519,secp256r1", "key exchange groups in order of preference",
	  OPTION_VALUE, set_groups },
	{ NULL, "require-ems", NULL, "no", "refuse peers without extended master secret (RFC 7627)",
	  OPTION_SWITCH, set_require_ems },
	{ NULL, "handshake-timeout", "TIME", "1s", "first retransmission of a flight",
	  OPTION_VALUE, set_handshake_timeout },
	{ NULL, "aead-engine", "auto|mb64|ipsec-mb", "auto",
	  "record encryption; mb64: AVX-512 with VAES, VPCLMULQDQ and GFNI",
	  OPTION_VALUE, set_aead_engine },

	{ "Sessions", "max-sessions", "N", "auto", "auto: 1m, with --test-mode 64k",
	  OPTION_VALUE, set_max_sessions },
	{ NULL, "max-handshakes", "N", "16k", "handshakes under way at once",
	  OPTION_VALUE, set_max_handshakes },
	{ NULL, "handshake-rate", "ADDRESS,NETWORK|off", "100,1k",
	  "full handshakes a second that an address, and a /24 or /56, get of a core that\n"
	  "does not keep up; while it does, there is no such limit",
	  OPTION_VALUE, set_handshake_rate },
	{ NULL, "session-timeout", "TIME", "24h", "a session that received nothing for so long ends",
	  OPTION_VALUE, set_session_timeout },
	{ NULL, "replay-window", "N", "64", "records; a multiple of 64 up to 1024",
	  OPTION_VALUE, set_replay_window },
	{ NULL, "rekey-after", "N", "auto",
	  "DTLS 1.3: records that a session seals, then its keys are renewed (KeyUpdate);\n"
	  "auto: when they are nearly worn, after 7/8 of what their algorithm bears",
	  OPTION_VALUE, set_rekey_after },
	{ NULL, "cid-length", "N", "8",
	  "bytes of the connection IDs that devices get which ask for them, 8 to 16; 0: they get\n"
	  "none, and a new address costs them a handshake (docs/connection-ids.md)",
	  OPTION_VALUE, set_cid_length },
	{ NULL, "cid-key-file", "FILE", NULL,
	  "the key that connection IDs are enciphered with, shared by nodes: 32 hex digits;\n"
	  "read at start only. Without, a random key",
	  OPTION_VALUE, set_cid_key_file },
	{ NULL, "session-lifetime", "TIME", "24h",
	  "how long a session can be resumed after its full handshake; 7d at most",
	  OPTION_VALUE, set_session_lifetime },
	{ NULL, "session-cache", "N", "64k",
	  "sessions kept by id for devices without tickets, 384 bytes each; 0: none",
	  OPTION_VALUE, set_session_cache },
	{ NULL, "tickets", "N", "1",
	  "session tickets that a device gets with a full DTLS 1.3 handshake; 3 at most",
	  OPTION_VALUE, set_tickets },
	{ NULL, "ticket-key-file", "FILE", NULL,
	  "keys of session tickets, shared by endpoints: 64 hex digits a line, the first\n"
	  "one seals, all open; without, random keys that no other process opens",
	  OPTION_VALUE, set_ticket_key_file },
	{ NULL, "no-resumption", NULL, "no", "full handshakes only",
	  OPTION_SWITCH, set_no_resumption },

	{ "Cluster", "node-id", "N", "0",
	  "this node, 0 to 255, unlike all others with its --cid-key-file",
	  OPTION_VALUE, set_node_id },
	{ NULL, "node", "N=ADDR[:PORT]", NULL,
	  "another node: datagrams for its devices that come here are forwarded to it; several\n"
	  "times. Its port is 5684, or what its --listen says; it lists this node in turn",
	  OPTION_LIST, set_node },
	{ NULL, "node-reply", "through|direct", "through",
	  "how devices are answered whose datagrams came through another node: through it too,\n"
	  "or over this node's own gw=, from the address that they sent to",
	  OPTION_VALUE, set_node_reply },

	{ "Readings", "sink", "null|stdout|file:PATH|kafka:BROKERS/TOPIC", "stdout",
	  "where readings go, a JSON object a line; this build: no kafka",
	  OPTION_VALUE, set_sink },
	{ NULL, "ack", "enqueue|delivered", "enqueue",
	  "2.xx when the sink's queue has a reading, or when it is written",
	  OPTION_VALUE, set_ack },

	{ "Operation", "metrics", "ADDR:PORT|off", "off", "metrics over HTTP; this build: off",
	  OPTION_VALUE, set_off },
	{ NULL, "control", "PATH|off", "off", "control socket; this build: off",
	  OPTION_VALUE, set_off },
	{ NULL, "log-level", "error|warning|notice|info|debug", "info", "what is logged, to stderr",
	  OPTION_VALUE, set_log_level },
	{ NULL, "stats-period", "SEC", "off", "statistics of every core, so often",
	  OPTION_VALUE, set_stats_period },
	{ NULL, "test-mode", NULL, "no", "no huge pages, no PCI, small pools: runs anywhere",
	  OPTION_SWITCH, set_test_mode },

	{ "Commands", "f", "FILE", NULL,
	  "options from a file: lines name = value, repeated where an option may be;\n"
	  "the command line wins",
	  OPTION_COMMAND, NULL },
	{ NULL, "show-layout", NULL, NULL, "print the table of ports, queues and cores",
	  OPTION_COMMAND, set_show_layout },
	{ NULL, "check-config", NULL, NULL, "check options, layout and the files they name",
	  OPTION_COMMAND, set_check_config },
	{ NULL, "dump-config", NULL, NULL, "print the effective configuration as a file for -f",
	  OPTION_COMMAND, NULL },
	{ NULL, "version", NULL, NULL, "print the version", OPTION_COMMAND, NULL },
	{ NULL, "help", NULL, NULL, "print this", OPTION_COMMAND, NULL },
};
/* clang-format on */

const struct option_table options_table = { "sluice", rows, sizeof(rows) / sizeof(*rows) };

/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * peer_server: what an endpoint without kernel bypass can do at best. One process, one thread, one
 * UDP socket; datagrams come by recvmmsg and leave by sendmmsg, 64 at a time; a session is found by
 * a hash of its peer's address; the DTLS library works on memory alone (peer.h). POSTs of CoAP are
 * answered with 2.04 and forgotten. No cookie exchange, no expiry, no limits: nothing is done that
 * a request does not need. Every identity has the key peer_key.
 *
 *   peer_server openssl|gnutls gcm|ccm8 ADDRESS PORT
 *
 * The other libraries of this folder are not served: Debian's wolfSSL has no PSK without ECDHE, and
 * mbedTLS wants its cookies, which a memory transport shared by all peers cannot tell apart.
 *
 * Prints "ready" and, when it is ended by SIGTERM, its counters.
 */
#include "peer.h"

#include <arpa/inet.h>
#include <errno.h>
#include <netinet/in.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <unistd.h>

enum {
	BURST = 64,
	OUT_MAX = 4 * BURST,
	TABLE_BITS = 18,
	TABLE_MAX = 1 << TABLE_BITS,
	TABLE_FULL = TABLE_MAX / 8 * 7,
	RECEIVE_BUFFER = 32 << 20,
};

enum { TYPE_HANDSHAKE = 22, HELLO_AT = 13, HELLO_CLIENT = 1 };

enum { COAP_CON = 0, COAP_NON = 1, COAP_ACK = 2, COAP_POST = 2, COAP_CHANGED = 68 };

/* A peer's address, in words that can be compared; IPv4 in its mapped form. */
struct address {
	uint64_t ip[2];
	uint64_t port;
};

struct slot {
	struct address from;
	void *session; /* NULL: empty */
	bool established, failed;
};

struct datagram {
	struct sockaddr_in6 to;
	socklen_t to_len;
	size_t len;
	uint8_t bytes[WIRE_MTU];
};

static struct {
	const struct peer *library;
	void *shared;
	struct wire wires[2]; /* what the library writes waits at the first */
	int fd;
	struct slot *table;
	unsigned n_sessions;
	struct datagram *in, *out;
	unsigned n_out;
	uint16_t next_id;
	uint64_t requests, handshakes, failed, dropped;
} server;

static volatile sig_atomic_t ended;

static void end(int signal_number)
{
	(void)signal_number;
	ended = 1;
}

static struct address address_of(const struct sockaddr_in6 *any)
{
	struct address a = { 0 };

	if (any->sin6_family == AF_INET) {
		const struct sockaddr_in *in = (const struct sockaddr_in *)(const void *)any;

		a.ip[1] = in->sin_addr.s_addr;
		a.port = in->sin_port;
		return a;
	}
	memcpy(a.ip, &any->sin6_addr, sizeof(a.ip));
	a.port = any->sin6_port;
	return a;
}

static bool same(const struct address *a, const struct address *b)
{
	return a->ip[0] == b->ip[0] && a->ip[1] == b->ip[1] && a->port == b->port;
}

/* The session's slot, or the empty one where it would be. */
static struct slot *find(const struct address *a)
{
	uint64_t hash = (a->ip[0] ^ a->ip[1] << 16 ^ a->port) * UINT64_C(0x9e3779b97f4a7c15);
	size_t at = hash >> (64 - TABLE_BITS);

	while (server.table[at].session != NULL && !same(&server.table[at].from, a))
		at = (at + 1) % TABLE_MAX;
	return &server.table[at];
}

static void flush_out(void)
{
	struct mmsghdr messages[BURST];
	struct iovec parts[BURST];

	for (unsigned at = 0; at < server.n_out;) {
		unsigned n = server.n_out - at < BURST ? server.n_out - at : BURST;
		int sent;

		memset(messages, 0, n * sizeof(*messages));
		for (unsigned i = 0; i < n; i++) {
			struct datagram *d = &server.out[at + i];

			parts[i] = (struct iovec){ d->bytes, d->len };
			messages[i].msg_hdr.msg_name = &d->to;
			messages[i].msg_hdr.msg_namelen = d->to_len;
			messages[i].msg_hdr.msg_iov = &parts[i];
			messages[i].msg_hdr.msg_iovlen = 1;
		}
		sent = sendmmsg(server.fd, messages, n, 0);
		server.dropped += sent < 1;
		at += sent < 1 ? 1 : (unsigned)sent;
	}
	server.n_out = 0;
}

/* Takes over what the library wrote for the peer that d came from. */
static void collect(const struct datagram *d)
{
	while (wire_waits(&server.wires[0])) {
		struct datagram *out = &server.out[server.n_out++];

		out->to = d->to;
		out->to_len = d->to_len;
		out->len = wire_recv(&server.wires[0], out->bytes, sizeof(out->bytes));
		if (server.n_out == OUT_MAX)
			flush_out();
	}
}

/* RFC 7252 §3: an answer to a POST, at most 4 + 8 bytes; 0: none is due. */
static size_t answer(const uint8_t *request, size_t len, uint8_t out[12])
{
	const size_t token = len > 0 ? request[0] & 0x0f : 0;
	const unsigned type = len > 0 ? request[0] >> 4 & 3 : 3;

	if (len < 4 + token || token > 8 || request[0] >> 6 != 1 || type > COAP_NON ||
	    request[1] != COAP_POST)
		return 0;
	memcpy(out, request, 4 + token);
	out[0] = (uint8_t)(1 << 6 | (type == COAP_CON ? COAP_ACK : COAP_NON) << 4) | (uint8_t)token;
	out[1] = COAP_CHANGED;
	if (type == COAP_NON) {
		server.next_id++;
		memcpy(out + 2, &server.next_id, 2);
	}
	return 4 + token;
}

static void read_requests(void *session)
{
	uint8_t text[WIRE_MTU], reply[12];
	int len;

	while ((len = server.library->read(session, text, sizeof(text))) > 0) {
		const size_t n = answer(text, (size_t)len, reply);

		if (n > 0 && server.library->write(session, reply, n))
			server.requests++;
	}
}

static bool is_hello(const struct datagram *d)
{
	return d->len > HELLO_AT && d->bytes[0] == TYPE_HANDSHAKE && d->bytes[3] == 0 &&
	       d->bytes[4] == 0 && d->bytes[HELLO_AT] == HELLO_CLIENT;
}

/* A device that says hello again has forgotten its session. */
static void begin(struct slot *slot, const struct address *from)
{
	if (slot->session != NULL)
		server.library->session_free(slot->session);
	else if (server.n_sessions++ == TABLE_FULL)
		exit(3);
	*slot = (struct slot){ .from = *from,
			       .session = server.library->session_new(server.shared, true) };
	if (slot->session == NULL)
		exit(3);
}

static void handle(struct datagram *d)
{
	const struct address from = address_of(&d->to);
	struct slot *slot = find(&from);

	if (slot->session == NULL || slot->failed || (slot->established && is_hello(d))) {
		if (!is_hello(d)) {
			server.dropped++;
			return;
		}
		begin(slot, &from);
	}
	wire_put(&server.wires[1], d->bytes, d->len);
	if (!slot->established) {
		const enum peer_step step = server.library->handshake(slot->session);

		slot->failed = step == PEER_FAILED;
		server.failed += slot->failed;
		server.handshakes += step == PEER_DONE;
		slot->established = step == PEER_DONE;
	}
	if (slot->established)
		read_requests(slot->session);
	server.wires[1].head = server.wires[1].tail; /* what it did not want */
	collect(d);
}

static void serve(void)
{
	struct mmsghdr messages[BURST];
	struct iovec parts[BURST];
	int n;

	memset(messages, 0, sizeof(messages));
	for (unsigned i = 0; i < BURST; i++) {
		parts[i] = (struct iovec){ server.in[i].bytes, sizeof(server.in[i].bytes) };
		messages[i].msg_hdr.msg_name = &server.in[i].to;
		messages[i].msg_hdr.msg_namelen = sizeof(server.in[i].to);
		messages[i].msg_hdr.msg_iov = &parts[i];
		messages[i].msg_hdr.msg_iovlen = 1;
	}
	n = recvmmsg(server.fd, messages, BURST, MSG_WAITFORONE, NULL);
	for (int i = 0; i < n; i++) {
		server.in[i].len = messages[i].msg_len;
		server.in[i].to_len = messages[i].msg_hdr.msg_namelen;
		handle(&server.in[i]);
	}
	flush_out();
}

static bool open_socket(const char *address, const char *port)
{
	struct sockaddr_in in = { .sin_family = AF_INET };
	struct sockaddr_in6 in6 = { .sin6_family = AF_INET6 };
	const bool v6 = inet_pton(AF_INET6, address, &in6.sin6_addr) == 1;
	const int size = RECEIVE_BUFFER;

	in.sin_port = htons((uint16_t)strtoul(port, NULL, 10));
	in6.sin6_port = in.sin_port;
	if (!v6 && inet_pton(AF_INET, address, &in.sin_addr) != 1)
		return false;
	server.fd = socket(v6 ? AF_INET6 : AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0);
	if (setsockopt(server.fd, SOL_SOCKET, SO_RCVBUFFORCE, &size, sizeof(size)) != 0)
		(void)setsockopt(server.fd, SOL_SOCKET, SO_RCVBUF, &size, sizeof(size));
	return v6 ? bind(server.fd, (struct sockaddr *)&in6, sizeof(in6)) == 0
		  : bind(server.fd, (struct sockaddr *)&in, sizeof(in)) == 0;
}

static const struct peer *library_of(const char *name)
{
	static const struct peer *const all[] = {
#ifdef HAVE_OPENSSL
		&peer_openssl,
#endif
#ifdef HAVE_GNUTLS
		&peer_gnutls,
#endif
		NULL
	};

	for (unsigned i = 0; all[i] != NULL; i++)
		if (strcmp(all[i]->name, name) == 0)
			return all[i];
	return NULL;
}

static bool start(char **argv)
{
	const struct peer_want want = {
		.suite = strcmp(argv[2], "gcm") == 0 ? PEER_GCM : PEER_CCM_8,
	};

	server.library = library_of(argv[1]);
	server.table = calloc(TABLE_MAX, sizeof(*server.table));
	server.in = calloc(BURST, sizeof(*server.in));
	server.out = calloc(OUT_MAX, sizeof(*server.out));
	server.wires[1].other = &server.wires[0];
	if (server.library == NULL || server.table == NULL || server.in == NULL ||
	    server.out == NULL)
		return false;
	server.shared = server.library->start(&want, server.wires);
	return server.shared != NULL && open_socket(argv[3], argv[4]);
}

int main(int argc, char **argv)
{
	const struct sigaction action = { .sa_handler = end };

	if (argc != 5 || !start(argv)) {
		fprintf(stderr, "peer_server openssl|gnutls gcm|ccm8 ADDRESS PORT: %s\n",
			strerror(errno));
		return 2;
	}
	(void)sigaction(SIGTERM, &action, NULL);
	(void)sigaction(SIGINT, &action, NULL);
	printf("ready: %s\n", server.library->name);
	(void)fflush(stdout);
	while (!ended)
		serve();
	printf("requests %lu, handshakes %lu, failed %lu, dropped %lu\n", server.requests,
	       server.handshakes, server.failed, server.dropped);
	return EXIT_SUCCESS;
}

/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * resume: our client role against another server, over a kernel UDP socket.
 *
 *   resume ADDR PORT IDENTITY KEY TIMES [SUITE]
 *
 * A DTLS 1.2 PSK handshake (KEY is text), then TIMES - 1 more, each of which offers what the one
 * before it left. Each prints a line: "full", "id" or "ticket", and the datagrams and bytes of UDP
 * payload it took out and in. Between handshakes a close_notify is sent. Exit status 0: all were
 * completed.
 */
#include "event_protect.h"
#include "job.h"

#include <arpa/inet.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

enum { DATAGRAM_MAX = 2048 };

#define SECOND_NS UINT64_C(1000000000)

struct client {
	struct handshake_config cfg;
	struct hello_policy policy;
	const char *identity, *key;
	struct sockaddr_in target;
	int fd;
	struct handshake *h;
	struct handshake_session session;
	uint8_t ticket[HANDSHAKE_TICKET_MAX];
	bool has_session;
	unsigned n_sent, n_received;
	size_t sent, received; /* bytes of UDP payload */
};

static uint64_t now_ns(void)
{
	struct timespec ts;

	clock_gettime(CLOCK_MONOTONIC, &ts);
	return (uint64_t)ts.tv_sec * SECOND_NS + (uint64_t)ts.tv_nsec;
}

static void close_notify(struct client *c, const struct handshake_event *e)
{
	static const uint8_t alert[] = { ALERT_WARNING, ALERT_CLOSE_NOTIFY };
	struct protect session = event_protect(c->cfg.aead, true, e);
	uint8_t out[DATAGRAM_MAX];
	struct wr w = wr_of(out, sizeof(out));

	if (protect_write(&session, &w, 1, RECORD_ALERT, DTLS_1_2, alert, sizeof(alert)))
		(void)!send(c->fd, out, wr_len(&w), 0);
}

static void keep(struct client *c)
{
	c->has_session = handshake_session(c->h, &c->session);
	if (c->session.ticket_len == 0)
		return;
	memcpy(c->ticket, c->session.ticket, c->session.ticket_len);
	c->session.ticket = c->ticket;
}

/* Jobs, output, events; true: it is over, *ok says how. */
static bool drain(struct client *c, bool *ok)
{
	uint8_t out[HANDSHAKE_DATAGRAM_MAX];
	struct handshake_event e;
	struct handshake_job *job;
	size_t len;

	while ((job = handshake_job(c->h)) != NULL) {
		job_run(job, NULL);
		handshake_job_done(c->h, now_ns());
	}
	while (handshake_output(c->h, out, &len)) {
		(void)!send(c->fd, out, len, 0);
		c->n_sent++;
		c->sent += len;
	}
	handshake_event(c->h, &e);
	*ok = e.kind == HANDSHAKE_INSTALL;
	if (e.kind == HANDSHAKE_NONE)
		return false;
	if (*ok) {
		printf("%s, %u out, %u in, %zu and %zu bytes\n",
		       !e.resumed    ? "full"
		       : e.by_ticket ? "ticket"
				     : "id",
		       c->n_sent, c->n_received, c->sent, c->received);
		keep(c);
		close_notify(c, &e);
	} else {
		printf("failed: %s\n", status_label(e.status));
	}
	fflush(stdout);
	return true;
}

static void input(struct client *c)
{
	uint8_t bytes[DATAGRAM_MAX];
	ssize_t n = recv(c->fd, bytes, sizeof(bytes), 0);

	if (n < 0)
		return;
	c->n_received++;
	c->received += (size_t)n;
	(void)handshake_input(c->h, now_ns(), bytes, (size_t)n);
}

static bool await(struct client *c)
{
	struct pollfd p = { .fd = c->fd, .events = POLLIN };
	bool ok;

	while (!drain(c, &ok)) {
		if (poll(&p, 1, 20) > 0)
			input(c);
		if (handshake_deadline(c->h) <= now_ns())
			handshake_timeout(c->h, now_ns());
	}
	return ok;
}

static bool shake(struct client *c)
{
	bool ok = false;

	c->n_sent = c->n_received = 0;
	c->sent = c->received = 0;
	c->fd = socket(AF_INET, SOCK_DGRAM, 0);
	if (c->fd < 0 || connect(c->fd, (struct sockaddr *)&c->target, sizeof(c->target)) != 0) {
		perror("resume");
		return false;
	}
	c->h = handshake_new(&c->cfg, HANDSHAKE_CLIENT, now_ns());
	if (c->h != NULL &&
	    handshake_client_credential(c->h, (const uint8_t *)c->identity, strlen(c->identity),
					(const uint8_t *)c->key, strlen(c->key)) &&
	    (!c->has_session || handshake_client_resume(c->h, &c->session))) {
		handshake_timeout(c->h, now_ns());
		ok = await(c);
	}
	handshake_free(c->h);
	close(c->fd);
	return ok;
}

int main(int argc, char **argv)
{
	const struct suite *suite =
		suite_by_name(argc > 6 ? argv[6] : "TLS_PSK_WITH_AES_128_GCM_SHA256");
	struct client c = { .cfg = { .timeout_ns = SECOND_NS,
				     .timeout_max_ns = 8 * SECOND_NS,
				     .give_up_ns = 10 * SECOND_NS,
				     .mtu = 1400 } };
	int left;

	if (argc < 6 || suite == NULL || inet_pton(AF_INET, argv[1], &c.target.sin_addr) != 1) {
		fprintf(stderr, "usage: resume ADDR PORT IDENTITY KEY TIMES [SUITE]\n");
		return 2;
	}
	c.target.sin_family = AF_INET;
	c.target.sin_port = htons((uint16_t)atoi(argv[2]));
	c.identity = argv[3];
	c.key = argv[4];
	c.policy = (struct hello_policy){ .suites = { suite }, .n_suites = 1 };
	c.cfg.policy = &c.policy;
	c.cfg.aead = aead_new(AEAD_ENGINE_LIBCRYPTO);
	c.cfg.no_ticket = getenv("NO_TICKET") != NULL;
	handshake_config_system(&c.cfg);
	for (left = atoi(argv[5]); left > 0 && shake(&c); left--)
		usleep(100000);
	aead_free(c.cfg.aead);
	return left == 0 ? 0 : 1;
}

/* SPDX-License-Identifier: BSD-3-Clause */
#include "peer.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/uio.h>

#include <gnutls/dtls.h>
#include <gnutls/gnutls.h>

struct gnutls {
	gnutls_priority_t priorities;
	gnutls_psk_client_credentials_t client;
	gnutls_psk_server_credentials_t server;
	struct wire *wires;
};

static ssize_t pull(gnutls_transport_ptr_t wire, void *out, size_t len)
{
	size_t n = wire_recv(wire, out, len);

	if (n != 0)
		return (ssize_t)n;
	errno = EAGAIN;
	return -1;
}

static int pull_timeout(gnutls_transport_ptr_t wire, unsigned ms)
{
	(void)ms;
	return wire_waits(wire);
}

static ssize_t push(gnutls_transport_ptr_t wire, const void *in, size_t len)
{
	wire_send(wire, in, len);
	return (ssize_t)len;
}

static int psk_of(gnutls_session_t session, const char *identity, gnutls_datum_t *key)
{
	(void)session, (void)identity;
	key->data = gnutls_malloc(PEER_KEY_LEN);
	if (key->data == NULL)
		return -1;
	memcpy(key->data, peer_key, PEER_KEY_LEN);
	key->size = PEER_KEY_LEN;
	return 0;
}

static void version(char *out, size_t len)
{
	(void)snprintf(out, len, "GnuTLS %s", gnutls_check_version(NULL));
}

static void stop(void *shared)
{
	struct gnutls *g = shared;

	if (g->priorities != NULL)
		gnutls_priority_deinit(g->priorities);
	if (g->client != NULL)
		gnutls_psk_free_client_credentials(g->client);
	if (g->server != NULL)
		gnutls_psk_free_server_credentials(g->server);
	free(g);
}

static bool start_parts(struct gnutls *g, enum peer_suite suite)
{
	static const char *const priorities[] = {
		"NORMAL:-VERS-ALL:+VERS-DTLS1.2:-KX-ALL:+PSK:-CIPHER-ALL:+AES-128-GCM",
		"NORMAL:-VERS-ALL:+VERS-DTLS1.2:-KX-ALL:+PSK:-CIPHER-ALL:+AES-128-CCM-8"
	};
	uint8_t key[PEER_KEY_LEN];
	const gnutls_datum_t key_datum = { .data = key, .size = sizeof(key) };

	memcpy(key, peer_key, sizeof(key));
	if (gnutls_priority_init(&g->priorities, priorities[suite], NULL) != 0 ||
	    gnutls_psk_allocate_client_credentials(&g->client) != 0 ||
	    gnutls_psk_allocate_server_credentials(&g->server) != 0)
		return false;
	gnutls_psk_set_server_credentials_function(g->server, psk_of);
	return gnutls_psk_set_client_credentials(g->client, PEER_IDENTITY, &key_datum,
						 GNUTLS_PSK_KEY_RAW) == 0;
}

static void *start(enum peer_suite suite, struct wire wires[2])
{
	struct gnutls *g = calloc(1, sizeof(*g));

	if (g == NULL)
		return NULL;
	g->wires = wires;
	if (start_parts(g, suite))
		return g;
	stop(g);
	return NULL;
}

static void *session_new(void *shared, bool server)
{
	struct gnutls *g = shared;
	gnutls_session_t s;

	if (gnutls_init(&s, (server ? GNUTLS_SERVER : GNUTLS_CLIENT) | GNUTLS_DATAGRAM |
				    GNUTLS_NONBLOCK | GNUTLS_NO_TICKETS) != 0)
		return NULL;
	if (gnutls_priority_set(s, g->priorities) != 0 ||
	    gnutls_credentials_set(s, GNUTLS_CRD_PSK, server ? (void *)g->server : g->client) !=
		    0) {
		gnutls_deinit(s);
		return NULL;
	}
	gnutls_dtls_set_mtu(s, PEER_MTU);
	gnutls_transport_set_ptr(s, &g->wires[server]);
	gnutls_transport_set_pull_function(s, pull);
	gnutls_transport_set_pull_timeout_function(s, pull_timeout);
	gnutls_transport_set_push_function(s, push);
	return s;
}

static void session_free(void *session) { gnutls_deinit(session); }

static enum peer_step handshake(void *session)
{
	int result = gnutls_handshake(session);

	if (result == GNUTLS_E_SUCCESS)
		return PEER_DONE;
	return gnutls_error_is_fatal(result) ? PEER_FAILED : PEER_AGAIN;
}

static int read_record(void *session, uint8_t *out, size_t len)
{
	return (int)gnutls_record_recv(session, out, len);
}

static bool write_record(void *session, const uint8_t *in, size_t len)
{
	return gnutls_record_send(session, in, len) == (ssize_t)len;
}

const struct peer peer_gnutls = {
	.name = "gnutls",
	.version = version,
	.start = start,
	.stop = stop,
	.session_new = session_new,
	.session_free = session_free,
	.handshake = handshake,
	.read = read_record,
	.write = write_record,
};

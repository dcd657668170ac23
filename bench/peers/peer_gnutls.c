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
	gnutls_certificate_credentials_t certificates[2];
	gnutls_datum_t cookie_key, ticket_key;
	gnutls_datum_t session;           /* the client's, to be resumed */
	gnutls_datum_t cached_id, cached; /* the server's */
	struct peer_want want;
	struct wire *wires;
};

/* As a session needs them, and whose it is. */
struct session {
	gnutls_session_t tls;
	struct gnutls *shared;
	bool server, admitted;
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

static bool datum_set(gnutls_datum_t *out, gnutls_datum_t in)
{
	unsigned char *copy = gnutls_malloc(in.size);

	if (copy == NULL)
		return false;
	memcpy(copy, in.data, in.size);
	gnutls_free(out->data);
	*out = (gnutls_datum_t){ .data = copy, .size = in.size };
	return true;
}

/* A cache of one session. */
static int cache_store(void *shared, gnutls_datum_t id, gnutls_datum_t data)
{
	struct gnutls *g = shared;

	return datum_set(&g->cached_id, id) && datum_set(&g->cached, data) ? 0 : -1;
}

static gnutls_datum_t cache_get(void *shared, gnutls_datum_t id)
{
	const struct gnutls *g = shared;
	gnutls_datum_t found = { 0 };

	if (g->cached_id.size == id.size && memcmp(g->cached_id.data, id.data, id.size) == 0)
		(void)datum_set(&found, g->cached);
	return found;
}

static int cache_remove(void *shared, gnutls_datum_t id)
{
	(void)shared, (void)id;
	return 0;
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
	for (int server = 0; server < 2; server++)
		if (g->certificates[server] != NULL)
			gnutls_certificate_free_credentials(g->certificates[server]);
	gnutls_free(g->cookie_key.data);
	gnutls_free(g->ticket_key.data);
	gnutls_free(g->session.data);
	gnutls_free(g->cached_id.data);
	gnutls_free(g->cached.data);
	free(g);
}

static bool start_psk(struct gnutls *g)
{
	uint8_t key[PEER_KEY_LEN];
	const gnutls_datum_t key_datum = { .data = key, .size = sizeof(key) };

	memcpy(key, peer_key, sizeof(key));
	if (gnutls_psk_allocate_client_credentials(&g->client) != 0 ||
	    gnutls_psk_allocate_server_credentials(&g->server) != 0)
		return false;
	gnutls_psk_set_server_credentials_function(g->server, psk_of);
	return gnutls_psk_set_client_credentials(g->client, PEER_IDENTITY, &key_datum,
						 GNUTLS_PSK_KEY_RAW) == 0;
}

static bool start_certificates(struct gnutls *g)
{
	static const char *const names[2] = { "client", "server" };
	char chain[512], key[512], ca[512];

	(void)snprintf(ca, sizeof(ca), "%s/ca.crt", g->want.pki);
	for (int server = 0; server < 2; server++) {
		gnutls_certificate_credentials_t *c = &g->certificates[server];

		(void)snprintf(chain, sizeof(chain), "%s/%s.crt", g->want.pki, names[server]);
		(void)snprintf(key, sizeof(key), "%s/%s.key", g->want.pki, names[server]);
		if (gnutls_certificate_allocate_credentials(c) != 0 ||
		    gnutls_certificate_set_x509_key_file(*c, chain, key, GNUTLS_X509_FMT_PEM) < 0 ||
		    gnutls_certificate_set_x509_trust_file(*c, ca, GNUTLS_X509_FMT_PEM) < 1)
			return false;
	}
	return true;
}

#define BASE "NORMAL:-VERS-ALL:+VERS-DTLS1.2:-CIPHER-ALL:-KX-ALL:-GROUP-ALL:+GROUP-SECP256R1:"

static bool start_parts(struct gnutls *g)
{
	static const char *const priorities[2][PEER_N_SUITES] = {
		{ BASE "+PSK:+AES-128-GCM", BASE "+PSK:+AES-128-CCM-8" },
		{ BASE "+ECDHE-ECDSA:+AES-128-GCM", BASE "+ECDHE-ECDSA:+AES-128-CCM-8" },
	};
	bool psk = g->want.proof == PEER_PSK;

	if (gnutls_priority_init(&g->priorities, priorities[!psk][g->want.suite], NULL) != 0 ||
	    gnutls_key_generate(&g->cookie_key, GNUTLS_COOKIE_KEY_SIZE) != 0 ||
	    gnutls_session_ticket_key_generate(&g->ticket_key) != 0)
		return false;
	return psk ? start_psk(g) : start_certificates(g);
}

static void *start(const struct peer_want *want, struct wire wires[2])
{
	struct gnutls *g = calloc(1, sizeof(*g));

	if (g == NULL)
		return NULL;
	g->wires = wires;
	g->want = *want;
	if (start_parts(g))
		return g;
	stop(g);
	return NULL;
}

static void session_free(void *session)
{
	struct session *s = session;

	if (s->tls != NULL)
		gnutls_deinit(s->tls);
	free(s);
}

static bool set_credentials(struct session *s)
{
	const struct gnutls *g = s->shared;

	if (g->want.proof == PEER_PSK)
		return gnutls_credentials_set(s->tls, GNUTLS_CRD_PSK,
					      s->server ? (void *)g->server : g->client) == 0;
	if (s->server && g->want.proof == PEER_MUTUAL) {
		gnutls_certificate_server_set_request(s->tls, GNUTLS_CERT_REQUIRE);
		gnutls_session_set_verify_cert(s->tls, NULL, 0);
	}
	return gnutls_credentials_set(s->tls, GNUTLS_CRD_CERTIFICATE, g->certificates[s->server]) ==
	       0;
}

static bool set_resumption(struct session *s)
{
	struct gnutls *g = s->shared;

	if (!s->server)
		return g->session.data == NULL ||
		       gnutls_session_set_data(s->tls, g->session.data, g->session.size) == 0;
	if (g->want.resumption == PEER_BY_TICKET)
		return gnutls_session_ticket_enable_server(s->tls, &g->ticket_key) == 0;
	if (g->want.resumption == PEER_BY_ID) {
		gnutls_db_set_ptr(s->tls, g);
		gnutls_db_set_store_function(s->tls, cache_store);
		gnutls_db_set_retrieve_function(s->tls, cache_get);
		gnutls_db_set_remove_function(s->tls, cache_remove);
	}
	return true;
}

static void *session_new(void *shared, bool server)
{
	struct gnutls *g = shared;
	struct session *s = calloc(1, sizeof(*s));
	unsigned flags =
		(server ? GNUTLS_SERVER : GNUTLS_CLIENT) | GNUTLS_DATAGRAM | GNUTLS_NONBLOCK;

	if (s == NULL)
		return NULL;
	if (g->want.resumption != PEER_BY_TICKET)
		flags |= GNUTLS_NO_TICKETS;
	*s = (struct session){ .shared = g, .server = server, .admitted = !g->want.cookies };
	if (gnutls_init(&s->tls, flags) != 0 || gnutls_priority_set(s->tls, g->priorities) != 0 ||
	    !set_credentials(s) || !set_resumption(s)) {
		session_free(s);
		return NULL;
	}
	gnutls_dtls_set_mtu(s->tls, PEER_MTU);
	gnutls_transport_set_ptr(s->tls, &g->wires[server]);
	gnutls_transport_set_pull_function(s->tls, pull);
	gnutls_transport_set_pull_timeout_function(s->tls, pull_timeout);
	gnutls_transport_set_push_function(s->tls, push);
	return s;
}

/* The hello that waits: a HelloVerifyRequest goes out, or its cookie is good. */
static bool admit(struct session *s)
{
	static uint8_t address[36] = { 2 };
	struct wire *w = &s->shared->wires[1];
	gnutls_dtls_prestate_st prestate = { 0 };
	unsigned at = w->head % WIRE_QUEUE;

	if (!wire_waits(w))
		return false;
	if (gnutls_dtls_cookie_verify(&s->shared->cookie_key, address, sizeof(address),
				      (void *)(uintptr_t)w->queue[at].bytes, w->queue[at].len,
				      &prestate) < 0) {
		w->head++;
		(void)gnutls_dtls_cookie_send(&s->shared->cookie_key, address, sizeof(address),
					      &prestate, w, push);
		return false;
	}
	gnutls_dtls_prestate_set(s->tls, &prestate);
	s->admitted = true;
	return true;
}

static enum peer_step handshake(void *session)
{
	struct session *s = session;
	int result;

	if (s->server && !s->admitted && !admit(s))
		return PEER_AGAIN;
	result = gnutls_handshake(s->tls);
	if (result == GNUTLS_E_SUCCESS)
		return PEER_DONE;
	return gnutls_error_is_fatal(result) ? PEER_FAILED : PEER_AGAIN;
}

static bool keep(void *session)
{
	struct session *s = session;

	gnutls_free(s->shared->session.data);
	s->shared->session.data = NULL;
	return gnutls_session_get_data2(s->tls, &s->shared->session) == 0;
}

static int read_record(void *session, uint8_t *out, size_t len)
{
	return (int)gnutls_record_recv(((struct session *)session)->tls, out, len);
}

static bool write_record(void *session, const uint8_t *in, size_t len)
{
	return gnutls_record_send(((struct session *)session)->tls, in, len) == (ssize_t)len;
}

const struct peer peer_gnutls = {
	.name = "gnutls",
	.version = version,
	.start = start,
	.stop = stop,
	.session_new = session_new,
	.session_free = session_free,
	.handshake = handshake,
	.keep = keep,
	.read = read_record,
	.write = write_record,
};

/* SPDX-License-Identifier: BSD-3-Clause */
#include "peer.h"

#include <stdio.h>
#include <stdlib.h>

#include <mbedtls/ctr_drbg.h>
#include <mbedtls/entropy.h>
#include <mbedtls/ssl.h>
#include <mbedtls/ssl_cache.h>
#include <mbedtls/ssl_cookie.h>
#include <mbedtls/ssl_ticket.h>
#include <mbedtls/version.h>

struct mbedtls {
	mbedtls_entropy_context entropy;
	mbedtls_ctr_drbg_context random;
	mbedtls_ssl_config config[2];
	mbedtls_ssl_cookie_ctx cookies;
	mbedtls_ssl_cache_context cache;
	mbedtls_ssl_ticket_context tickets;
	mbedtls_ssl_session session; /* the client's, to be resumed */
	bool has_session;
	mbedtls_x509_crt ca, chain[2];
	mbedtls_pk_context key[2];
	struct peer_want want;
	struct wire *wires;
};

/* As a session needs them, and whose it is. */
struct session {
	mbedtls_ssl_context ssl;
	struct mbedtls *shared;
	bool server;
};

static int receive(void *wire, unsigned char *out, size_t len)
{
	size_t n = wire_recv(wire, out, len);

	return n != 0 ? (int)n : MBEDTLS_ERR_SSL_WANT_READ;
}

static int deliver(void *wire, const unsigned char *in, size_t len)
{
	wire_send(wire, in, len);
	return (int)len;
}

/* Nothing is lost, so that no timer ever runs. */
static void timer_set(void *timer, uint32_t intermediate_ms, uint32_t final_ms)
{
	(void)timer, (void)intermediate_ms, (void)final_ms;
}

static int timer_get(void *timer)
{
	(void)timer;
	return -1;
}

static void version(char *out, size_t len)
{
	char text[32];

	mbedtls_version_get_string_full(text);
	(void)snprintf(out, len, "%s", text);
}

static void stop(void *shared)
{
	struct mbedtls *m = shared;

	for (int server = 0; server < 2; server++) {
		mbedtls_ssl_config_free(&m->config[server]);
		mbedtls_x509_crt_free(&m->chain[server]);
		mbedtls_pk_free(&m->key[server]);
	}
	mbedtls_x509_crt_free(&m->ca);
	mbedtls_ssl_cookie_free(&m->cookies);
	mbedtls_ssl_cache_free(&m->cache);
	mbedtls_ssl_ticket_free(&m->tickets);
	mbedtls_ssl_session_free(&m->session);
	mbedtls_ctr_drbg_free(&m->random);
	mbedtls_entropy_free(&m->entropy);
	free(m);
}

static bool load(struct mbedtls *m)
{
	static const char *const names[2] = { "client", "server" };
	char path[512];

	(void)snprintf(path, sizeof(path), "%s/ca.crt", m->want.pki);
	if (mbedtls_x509_crt_parse_file(&m->ca, path) != 0)
		return false;
	for (int server = 0; server < 2; server++) {
		(void)snprintf(path, sizeof(path), "%s/%s.crt", m->want.pki, names[server]);
		if (mbedtls_x509_crt_parse_file(&m->chain[server], path) != 0)
			return false;
		(void)snprintf(path, sizeof(path), "%s/%s.key", m->want.pki, names[server]);
		if (mbedtls_pk_parse_keyfile(&m->key[server], path, NULL) != 0)
			return false;
	}
	return true;
}

static bool set_proof(struct mbedtls *m, int server)
{
	static const mbedtls_ecp_group_id curves[] = { MBEDTLS_ECP_DP_SECP256R1,
						       MBEDTLS_ECP_DP_NONE };
	mbedtls_ssl_config *config = &m->config[server];

	if (m->want.proof == PEER_PSK)
		return mbedtls_ssl_conf_psk(config, peer_key, PEER_KEY_LEN,
					    (const unsigned char *)PEER_IDENTITY,
					    strlen(PEER_IDENTITY)) == 0;
	mbedtls_ssl_conf_curves(config, curves);
	mbedtls_ssl_conf_ca_chain(config, &m->ca, NULL);
	mbedtls_ssl_conf_authmode(config, server && m->want.proof == PEER_MUTUAL
						  ? MBEDTLS_SSL_VERIFY_REQUIRED
						  : MBEDTLS_SSL_VERIFY_NONE);
	return mbedtls_ssl_conf_own_cert(config, &m->chain[server], &m->key[server]) == 0;
}

static bool set_resumption(struct mbedtls *m, int server)
{
	mbedtls_ssl_config *config = &m->config[server];
	bool ids = m->want.resumption == PEER_BY_ID;
	bool tickets = m->want.resumption == PEER_BY_TICKET;

	if (!server) {
		mbedtls_ssl_conf_session_tickets(config, tickets);
		return true;
	}
	if (ids)
		mbedtls_ssl_conf_session_cache(config, &m->cache, mbedtls_ssl_cache_get,
					       mbedtls_ssl_cache_set);
	if (!tickets)
		return true;
	mbedtls_ssl_conf_session_tickets_cb(config, mbedtls_ssl_ticket_write,
					    mbedtls_ssl_ticket_parse, &m->tickets);
	return mbedtls_ssl_ticket_setup(&m->tickets, mbedtls_ctr_drbg_random, &m->random,
					MBEDTLS_CIPHER_AES_256_GCM, 86400) == 0;
}

static bool configure(struct mbedtls *m, int server)
{
	static const int suites[2][PEER_N_SUITES][2] = {
		{ { MBEDTLS_TLS_PSK_WITH_AES_128_GCM_SHA256 },
		  { MBEDTLS_TLS_PSK_WITH_AES_128_CCM_8 } },
		{ { MBEDTLS_TLS_ECDHE_ECDSA_WITH_AES_128_GCM_SHA256 },
		  { MBEDTLS_TLS_ECDHE_ECDSA_WITH_AES_128_CCM_8 } },
	};
	mbedtls_ssl_config *config = &m->config[server];

	if (mbedtls_ssl_config_defaults(
		    config, server ? MBEDTLS_SSL_IS_SERVER : MBEDTLS_SSL_IS_CLIENT,
		    MBEDTLS_SSL_TRANSPORT_DATAGRAM, MBEDTLS_SSL_PRESET_DEFAULT) != 0)
		return false;
	mbedtls_ssl_conf_ciphersuites(config, suites[m->want.proof != PEER_PSK][m->want.suite]);
	mbedtls_ssl_conf_rng(config, mbedtls_ctr_drbg_random, &m->random);
	mbedtls_ssl_conf_dtls_cookies(config, NULL, NULL, NULL);
	if (server && m->want.cookies) {
		if (mbedtls_ssl_cookie_setup(&m->cookies, mbedtls_ctr_drbg_random, &m->random) != 0)
			return false;
		mbedtls_ssl_conf_dtls_cookies(config, mbedtls_ssl_cookie_write,
					      mbedtls_ssl_cookie_check, &m->cookies);
	}
	return set_proof(m, server) && set_resumption(m, server);
}

static void init_parts(struct mbedtls *m)
{
	mbedtls_entropy_init(&m->entropy);
	mbedtls_ctr_drbg_init(&m->random);
	mbedtls_ssl_cookie_init(&m->cookies);
	mbedtls_ssl_cache_init(&m->cache);
	mbedtls_ssl_ticket_init(&m->tickets);
	mbedtls_ssl_session_init(&m->session);
	mbedtls_x509_crt_init(&m->ca);
	for (int server = 0; server < 2; server++) {
		mbedtls_ssl_config_init(&m->config[server]);
		mbedtls_x509_crt_init(&m->chain[server]);
		mbedtls_pk_init(&m->key[server]);
	}
}

static void *start(const struct peer_want *want, struct wire wires[2])
{
	struct mbedtls *m = calloc(1, sizeof(*m));

	if (m == NULL)
		return NULL;
	m->wires = wires;
	m->want = *want;
	init_parts(m);
	if (mbedtls_ctr_drbg_seed(&m->random, mbedtls_entropy_func, &m->entropy, NULL, 0) == 0 &&
	    (want->proof == PEER_PSK || load(m)) && configure(m, 0) && configure(m, 1))
		return m;
	stop(m);
	return NULL;
}

static void session_free(void *session)
{
	mbedtls_ssl_free(&((struct session *)session)->ssl);
	free(session);
}

static bool set_address(struct session *s)
{
	static const unsigned char address[36] = { 2 };

	return !s->server || !s->shared->want.cookies ||
	       mbedtls_ssl_set_client_transport_id(&s->ssl, address, sizeof(address)) == 0;
}

static void *session_new(void *shared, bool server)
{
	struct mbedtls *m = shared;
	struct session *s = calloc(1, sizeof(*s));

	if (s == NULL)
		return NULL;
	s->shared = m;
	s->server = server;
	mbedtls_ssl_init(&s->ssl);
	if (mbedtls_ssl_setup(&s->ssl, &m->config[server]) != 0 || !set_address(s) ||
	    (!server && m->has_session && mbedtls_ssl_set_session(&s->ssl, &m->session) != 0)) {
		session_free(s);
		return NULL;
	}
	mbedtls_ssl_set_mtu(&s->ssl, PEER_MTU);
	mbedtls_ssl_set_bio(&s->ssl, &m->wires[server], deliver, receive, NULL);
	mbedtls_ssl_set_timer_cb(&s->ssl, NULL, timer_set, timer_get);
	return s;
}

static enum peer_step handshake(void *session)
{
	struct session *s = session;
	int result = mbedtls_ssl_handshake(&s->ssl);

	if (result == 0)
		return PEER_DONE;
	if (result == MBEDTLS_ERR_SSL_HELLO_VERIFY_REQUIRED)
		return mbedtls_ssl_session_reset(&s->ssl) == 0 && set_address(s) ? PEER_AGAIN
										 : PEER_FAILED;
	return result == MBEDTLS_ERR_SSL_WANT_READ ? PEER_AGAIN : PEER_FAILED;
}

static bool keep(void *session)
{
	struct session *s = session;

	mbedtls_ssl_session_free(&s->shared->session);
	s->shared->has_session = mbedtls_ssl_get_session(&s->ssl, &s->shared->session) == 0;
	return s->shared->has_session;
}

static int read_record(void *session, uint8_t *out, size_t len)
{
	return mbedtls_ssl_read(&((struct session *)session)->ssl, out, len);
}

static bool write_record(void *session, const uint8_t *in, size_t len)
{
	return mbedtls_ssl_write(&((struct session *)session)->ssl, in, len) == (int)len;
}

const struct peer peer_mbedtls = {
	.name = "mbedtls",
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

/* SPDX-License-Identifier: BSD-3-Clause */
#include "peer.h"

#include <stdio.h>
#include <stdlib.h>

#include <mbedtls/ctr_drbg.h>
#include <mbedtls/entropy.h>
#include <mbedtls/ssl.h>
#include <mbedtls/version.h>

struct mbedtls {
	mbedtls_entropy_context entropy;
	mbedtls_ctr_drbg_context random;
	mbedtls_ssl_config config[2];
	struct wire *wires;
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

	for (int server = 0; server < 2; server++)
		mbedtls_ssl_config_free(&m->config[server]);
	mbedtls_ctr_drbg_free(&m->random);
	mbedtls_entropy_free(&m->entropy);
	free(m);
}

static bool configure(struct mbedtls *m, int server, enum peer_suite suite)
{
	static const int suites[][2] = { { MBEDTLS_TLS_PSK_WITH_AES_128_GCM_SHA256 },
					 { MBEDTLS_TLS_PSK_WITH_AES_128_CCM_8 } };
	mbedtls_ssl_config *config = &m->config[server];

	if (mbedtls_ssl_config_defaults(
		    config, server ? MBEDTLS_SSL_IS_SERVER : MBEDTLS_SSL_IS_CLIENT,
		    MBEDTLS_SSL_TRANSPORT_DATAGRAM, MBEDTLS_SSL_PRESET_DEFAULT) != 0)
		return false;
	mbedtls_ssl_conf_ciphersuites(config, suites[suite]);
	mbedtls_ssl_conf_rng(config, mbedtls_ctr_drbg_random, &m->random);
	mbedtls_ssl_conf_dtls_cookies(config, NULL, NULL, NULL);
	return mbedtls_ssl_conf_psk(config, peer_key, PEER_KEY_LEN,
				    (const unsigned char *)PEER_IDENTITY,
				    strlen(PEER_IDENTITY)) == 0;
}

static void *start(enum peer_suite suite, struct wire wires[2])
{
	struct mbedtls *m = calloc(1, sizeof(*m));

	if (m == NULL)
		return NULL;
	m->wires = wires;
	mbedtls_entropy_init(&m->entropy);
	mbedtls_ctr_drbg_init(&m->random);
	mbedtls_ssl_config_init(&m->config[0]);
	mbedtls_ssl_config_init(&m->config[1]);
	if (mbedtls_ctr_drbg_seed(&m->random, mbedtls_entropy_func, &m->entropy, NULL, 0) == 0 &&
	    configure(m, 0, suite) && configure(m, 1, suite))
		return m;
	stop(m);
	return NULL;
}

static void session_free(void *session)
{
	mbedtls_ssl_free(session);
	free(session);
}

static void *session_new(void *shared, bool server)
{
	struct mbedtls *m = shared;
	mbedtls_ssl_context *ssl = calloc(1, sizeof(*ssl));

	if (ssl == NULL)
		return NULL;
	mbedtls_ssl_init(ssl);
	if (mbedtls_ssl_setup(ssl, &m->config[server]) != 0) {
		session_free(ssl);
		return NULL;
	}
	mbedtls_ssl_set_mtu(ssl, PEER_MTU);
	mbedtls_ssl_set_bio(ssl, &m->wires[server], deliver, receive, NULL);
	mbedtls_ssl_set_timer_cb(ssl, NULL, timer_set, timer_get);
	return ssl;
}

static enum peer_step handshake(void *session)
{
	int result = mbedtls_ssl_handshake(session);

	if (result == 0)
		return PEER_DONE;
	return result == MBEDTLS_ERR_SSL_WANT_READ ? PEER_AGAIN : PEER_FAILED;
}

static int read_record(void *session, uint8_t *out, size_t len)
{
	return mbedtls_ssl_read(session, out, len);
}

static bool write_record(void *session, const uint8_t *in, size_t len)
{
	return mbedtls_ssl_write(session, in, len) == (int)len;
}

const struct peer peer_mbedtls = {
	.name = "mbedtls",
	.version = version,
	.start = start,
	.stop = stop,
	.session_new = session_new,
	.session_free = session_free,
	.handshake = handshake,
	.read = read_record,
	.write = write_record,
};

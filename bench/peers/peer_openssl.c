/* SPDX-License-Identifier: BSD-3-Clause */
/* OpenSSL's libssl. Its memory BIOs copy once more and cost memory a session, and do not keep
 * datagrams apart; a BIO of our own, shared by all sessions of a side, does neither. */
#include "peer.h"

#include <stdio.h>
#include <stdlib.h>

#include <openssl/bio.h>
#include <openssl/hmac.h>
#include <openssl/ssl.h>

struct openssl {
	SSL_CTX *ctx[2];
	BIO_METHOD *method;
	BIO *bio[2];
	SSL_SESSION *session; /* to be resumed */
};

static int bio_read(BIO *bio, char *out, int len)
{
	size_t n = wire_recv(BIO_get_data(bio), out, (size_t)len);

	BIO_clear_retry_flags(bio);
	if (n != 0)
		return (int)n;
	BIO_set_retry_read(bio);
	return -1;
}

static int bio_write(BIO *bio, const char *in, int len)
{
	wire_send(BIO_get_data(bio), in, (size_t)len);
	return len;
}

static long bio_ctrl(BIO *bio, int command, long number, void *pointer)
{
	(void)bio, (void)number, (void)pointer;
	return command == BIO_CTRL_FLUSH;
}

/* There is no address to bind it to; the cost is that of a MAC all the same. */
static int make_cookie(SSL *ssl, unsigned char *out, unsigned *len)
{
	static const unsigned char key[32] = { 1 }, address[36] = { 2 };

	(void)ssl;
	return HMAC(EVP_sha256(), key, sizeof(key), address, sizeof(address), out, len) != NULL;
}

static int check_cookie(SSL *ssl, const unsigned char *cookie, unsigned len)
{
	unsigned char want[EVP_MAX_MD_SIZE];
	unsigned want_len;

	return make_cookie(ssl, want, &want_len) == 1 && len == want_len &&
	       memcmp(cookie, want, len) == 0;
}

static unsigned psk_server(SSL *ssl, const char *identity, unsigned char *key, unsigned max_len)
{
	(void)ssl, (void)identity, (void)max_len;
	memcpy(key, peer_key, PEER_KEY_LEN);
	return PEER_KEY_LEN;
}

static unsigned psk_client(SSL *ssl, const char *hint, char *identity, unsigned identity_len,
			   unsigned char *key, unsigned key_len)
{
	(void)hint;
	(void)snprintf(identity, identity_len, "%s", PEER_IDENTITY);
	return psk_server(ssl, identity, key, key_len);
}

static void version(char *out, size_t len)
{
	(void)snprintf(out, len, "%s", OpenSSL_version(OPENSSL_VERSION));
}

static void stop(void *shared)
{
	struct openssl *o = shared;

	for (int server = 0; server < 2; server++) {
		if (server == 0)
			SSL_SESSION_free(o->session);
		SSL_CTX_free(o->ctx[server]);
		BIO_free(o->bio[server]);
	}
	BIO_meth_free(o->method);
	free(o);
}

static bool start_bios(struct openssl *o, struct wire wires[2])
{
	o->method = BIO_meth_new(BIO_get_new_index() | BIO_TYPE_SOURCE_SINK, "wire");
	if (o->method == NULL || BIO_meth_set_read(o->method, bio_read) != 1 ||
	    BIO_meth_set_write(o->method, bio_write) != 1 ||
	    BIO_meth_set_ctrl(o->method, bio_ctrl) != 1)
		return false;
	for (int server = 0; server < 2; server++) {
		o->bio[server] = BIO_new(o->method);
		if (o->bio[server] == NULL)
			return false;
		BIO_set_data(o->bio[server], &wires[server]);
		BIO_set_init(o->bio[server], 1);
	}
	return true;
}

static bool use_file(SSL_CTX *ctx, const char *pki, const char *name)
{
	char chain[512], key[512], ca[512];

	(void)snprintf(chain, sizeof(chain), "%s/%s.crt", pki, name);
	(void)snprintf(key, sizeof(key), "%s/%s.key", pki, name);
	(void)snprintf(ca, sizeof(ca), "%s/ca.crt", pki);
	return SSL_CTX_use_certificate_chain_file(ctx, chain) == 1 &&
	       SSL_CTX_use_PrivateKey_file(ctx, key, SSL_FILETYPE_PEM) == 1 &&
	       SSL_CTX_load_verify_locations(ctx, ca, NULL) == 1 &&
	       SSL_CTX_set1_groups_list(ctx, "P-256") == 1;
}

/* Without SSL_MODE_NO_AUTO_CHAIN it verifies its own chain in every handshake. */
static bool use_certificates(struct openssl *o, const struct peer_want *want)
{
	for (int server = 0; server < 2; server++) {
		if (!use_file(o->ctx[server], want->pki, server ? "server" : "client"))
			return false;
		(void)SSL_CTX_set_mode(o->ctx[server], SSL_MODE_NO_AUTO_CHAIN);
	}
	if (want->proof == PEER_MUTUAL)
		SSL_CTX_set_verify(o->ctx[1], SSL_VERIFY_PEER | SSL_VERIFY_FAIL_IF_NO_PEER_CERT,
				   NULL);
	return true;
}

static void set_resumption(SSL_CTX *ctx, const struct peer_want *want, bool server)
{
	bool ids = want->resumption == PEER_BY_ID;

	if (want->resumption != PEER_BY_TICKET)
		(void)SSL_CTX_set_options(ctx, SSL_OP_NO_TICKET);
	(void)SSL_CTX_set_session_cache_mode(ctx, server && ids ? SSL_SESS_CACHE_SERVER
								: SSL_SESS_CACHE_OFF);
	(void)SSL_CTX_set_session_id_context(ctx, (const unsigned char *)"bench", 5);
}

static bool start_contexts(struct openssl *o, const struct peer_want *want)
{
	static const char *const ciphers[2][PEER_N_SUITES] = {
		{ "PSK-AES128-GCM-SHA256:@SECLEVEL=0", "PSK-AES128-CCM8:@SECLEVEL=0" },
		{ "ECDHE-ECDSA-AES128-GCM-SHA256", "ECDHE-ECDSA-AES128-CCM8" },
	};

	for (int server = 0; server < 2; server++) {
		o->ctx[server] = SSL_CTX_new(server ? DTLS_server_method() : DTLS_client_method());
		if (o->ctx[server] == NULL ||
		    SSL_CTX_set_cipher_list(o->ctx[server],
					    ciphers[want->proof != PEER_PSK][want->suite]) != 1)
			return false;
		(void)SSL_CTX_set_options(o->ctx[server], SSL_OP_NO_QUERY_MTU);
		set_resumption(o->ctx[server], want, server == 1);
	}
	if (want->cookies) {
		(void)SSL_CTX_set_options(o->ctx[1], SSL_OP_COOKIE_EXCHANGE);
		SSL_CTX_set_cookie_generate_cb(o->ctx[1], make_cookie);
		SSL_CTX_set_cookie_verify_cb(o->ctx[1], check_cookie);
	}
	if (want->proof != PEER_PSK)
		return use_certificates(o, want);
	SSL_CTX_set_psk_server_callback(o->ctx[1], psk_server);
	SSL_CTX_set_psk_client_callback(o->ctx[0], psk_client);
	return true;
}

static void *start(const struct peer_want *want, struct wire wires[2])
{
	struct openssl *o = calloc(1, sizeof(*o));

	if (o == NULL)
		return NULL;
	if (start_bios(o, wires) && start_contexts(o, want))
		return o;
	stop(o);
	return NULL;
}

static void *session_new(void *shared, bool server)
{
	struct openssl *o = shared;
	SSL *ssl = SSL_new(o->ctx[server]);

	if (ssl == NULL)
		return NULL;
	(void)BIO_up_ref(o->bio[server]);
	SSL_set_bio(ssl, o->bio[server], o->bio[server]);
	(void)SSL_set_mtu(ssl, PEER_MTU);
	(void)SSL_set_app_data(ssl, o);
	if (!server && o->session != NULL)
		(void)SSL_set_session(ssl, o->session);
	if (server)
		SSL_set_accept_state(ssl);
	else
		SSL_set_connect_state(ssl);
	return ssl;
}

/* As if it had been closed: the sessions of others cannot be resumed. */
static void session_free(void *session)
{
	SSL_set_shutdown(session, SSL_SENT_SHUTDOWN | SSL_RECEIVED_SHUTDOWN);
	SSL_free(session);
}

static enum peer_step handshake(void *session)
{
	int result = SSL_do_handshake(session);

	if (result == 1)
		return PEER_DONE;
	return SSL_get_error(session, result) == SSL_ERROR_WANT_READ ? PEER_AGAIN : PEER_FAILED;
}

static bool keep(void *session)
{
	struct openssl *o = SSL_get_app_data(session);

	SSL_SESSION_free(o->session);
	o->session = SSL_get1_session(session);
	return o->session != NULL;
}

static int read_record(void *session, uint8_t *out, size_t len)
{
	return SSL_read(session, out, (int)len);
}

static bool write_record(void *session, const uint8_t *in, size_t len)
{
	return SSL_write(session, in, (int)len) == (int)len;
}

const struct peer peer_openssl = {
	.name = "openssl",
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

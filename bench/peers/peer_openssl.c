/* SPDX-License-Identifier: BSD-3-Clause */
/* OpenSSL's libssl. Its memory BIOs copy once more and cost memory a session, and do not keep
 * datagrams apart; a BIO of our own, shared by all sessions of a side, does neither. */
#include "peer.h"

#include <stdio.h>
#include <stdlib.h>

#include <openssl/bio.h>
#include <openssl/ssl.h>

struct openssl {
	SSL_CTX *ctx[2];
	BIO_METHOD *method;
	BIO *bio[2];
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

static bool start_contexts(struct openssl *o, enum peer_suite suite)
{
	static const char *const ciphers[] = { "PSK-AES128-GCM-SHA256:@SECLEVEL=0",
					       "PSK-AES128-CCM8:@SECLEVEL=0" };

	for (int server = 0; server < 2; server++) {
		o->ctx[server] = SSL_CTX_new(server ? DTLS_server_method() : DTLS_client_method());
		if (o->ctx[server] == NULL ||
		    SSL_CTX_set_cipher_list(o->ctx[server], ciphers[suite]) != 1)
			return false;
		(void)SSL_CTX_set_options(o->ctx[server], SSL_OP_NO_TICKET | SSL_OP_NO_QUERY_MTU);
		(void)SSL_CTX_set_session_cache_mode(o->ctx[server], SSL_SESS_CACHE_OFF);
	}
	SSL_CTX_set_psk_server_callback(o->ctx[1], psk_server);
	SSL_CTX_set_psk_client_callback(o->ctx[0], psk_client);
	return true;
}

static void *start(enum peer_suite suite, struct wire wires[2])
{
	struct openssl *o = calloc(1, sizeof(*o));

	if (o == NULL)
		return NULL;
	if (start_bios(o, wires) && start_contexts(o, suite))
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
	if (server)
		SSL_set_accept_state(ssl);
	else
		SSL_set_connect_state(ssl);
	return ssl;
}

static void session_free(void *session) { SSL_free(session); }

static enum peer_step handshake(void *session)
{
	int result = SSL_do_handshake(session);

	if (result == 1)
		return PEER_DONE;
	return SSL_get_error(session, result) == SSL_ERROR_WANT_READ ? PEER_AGAIN : PEER_FAILED;
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
	.read = read_record,
	.write = write_record,
};

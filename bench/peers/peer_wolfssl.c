/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * wolfSSL. What a build of it can do differs: Debian's has no suites of plain PSK, so that it takes
 * ECDHE_PSK for GCM and a certificate for CCM_8; records are the same. It has no AES instructions
 * either. Handshakes but the first resume the first one's session, which gives each its own keys.
 */
#include "peer.h"

#include <stdio.h>
#include <stdlib.h>

#include <wolfssl/options.h>
/* In this order. */
#include <wolfssl/error-ssl.h>
#include <wolfssl/ssl.h>
#include <wolfssl/version.h>
#include <wolfssl/wolfcrypt/asn_public.h>
#include <wolfssl/wolfcrypt/ecc.h>
#include <wolfssl/wolfcrypt/hmac.h>

#ifdef WOLFSSL_AESNI
#define AES_KIND "with AES-NI"
#else
#define AES_KIND "without AES-NI"
#endif

enum { N_CHOICES = 3, DER_MAX = 1024 };

/* The first that the library has is taken. */
static const char *const ciphers[PEER_N_SUITES][N_CHOICES] = {
	{ "PSK-AES128-GCM-SHA256", "ECDHE-PSK-AES128-GCM-SHA256", "ECDHE-ECDSA-AES128-GCM-SHA256" },
	{ "PSK-AES128-CCM-8", "ECDHE-PSK-AES128-CCM-8", "ECDHE-ECDSA-AES128-CCM-8" },
};

struct wolfssl {
	WOLFSSL_CTX *ctx[2];
	WOLFSSL_SESSION *session; /* of the first handshake's client */
	struct peer_want want;
	struct wire *wires;
};

/* As an SSL needs them, and whose it is. */
struct session {
	WOLFSSL *ssl;
	struct wolfssl *shared;
	bool server;
};

static int receive(WOLFSSL *ssl, char *out, int len, void *wire)
{
	size_t n = wire_recv(wire, out, (size_t)len);

	(void)ssl;
	return n != 0 ? (int)n : WOLFSSL_CBIO_ERR_WANT_READ;
}

static int deliver(WOLFSSL *ssl, char *in, int len, void *wire)
{
	(void)ssl;
	wire_send(wire, in, (size_t)len);
	return len;
}

/* There is no address to bind it to; the cost is that of a MAC all the same. */
static int make_cookie(WOLFSSL *ssl, unsigned char *out, int len, void *ctx)
{
	static const byte key[32] = { 1 }, address[36] = { 2 };
	byte mac[WC_SHA256_DIGEST_SIZE];
	Hmac hmac;

	(void)ssl, (void)ctx;
	if (wc_HmacInit(&hmac, NULL, INVALID_DEVID) != 0 ||
	    wc_HmacSetKey(&hmac, WC_SHA256, key, sizeof(key)) != 0 ||
	    wc_HmacUpdate(&hmac, address, sizeof(address)) != 0 || wc_HmacFinal(&hmac, mac) != 0)
		return -1;
	memcpy(out, mac, (size_t)len < sizeof(mac) ? (size_t)len : sizeof(mac));
	return len;
}

static unsigned psk_server(WOLFSSL *ssl, const char *identity, unsigned char *key, unsigned max_len)
{
	(void)ssl, (void)identity, (void)max_len;
	memcpy(key, peer_key, PEER_KEY_LEN);
	return PEER_KEY_LEN;
}

static unsigned psk_client(WOLFSSL *ssl, const char *hint, char *identity, unsigned identity_len,
			   unsigned char *key, unsigned key_len)
{
	(void)hint;
	(void)snprintf(identity, identity_len, "%s", PEER_IDENTITY);
	return psk_server(ssl, identity, key, key_len);
}

/* The suite that is taken; NULL: none is there. */
static const char *cipher_of(enum peer_suite suite)
{
	WOLFSSL_CTX *ctx = wolfSSL_CTX_new(wolfDTLSv1_2_server_method());
	const char *found = NULL;

	for (int i = 0; ctx != NULL && found == NULL && i < N_CHOICES; i++)
		if (wolfSSL_CTX_set_cipher_list(ctx, ciphers[suite][i]) == WOLFSSL_SUCCESS)
			found = ciphers[suite][i];
	wolfSSL_CTX_free(ctx);
	return found;
}

static void version(char *out, size_t len)
{
	const char *gcm, *ccm_8;

	(void)wolfSSL_Init();
	gcm = cipher_of(PEER_GCM);
	ccm_8 = cipher_of(PEER_CCM_8);
	(void)snprintf(out, len, "%s, " AES_KIND ", %s, %s", wolfSSL_lib_version(),
		       gcm != NULL ? gcm : "no GCM", ccm_8 != NULL ? ccm_8 : "no CCM_8");
}

static void stop(void *shared)
{
	struct wolfssl *w = shared;

	wolfSSL_SESSION_free(w->session);
	wolfSSL_CTX_free(w->ctx[0]);
	wolfSSL_CTX_free(w->ctx[1]);
	free(w);
}

/* A certificate of its own for this run. */
static bool make_certificate(WC_RNG *random, ecc_key *key, byte *der, int *len)
{
	Cert cert;

	if (wc_ecc_make_key(random, 32, key) != 0 || wc_InitCert(&cert) != 0)
		return false;
	cert.sigType = CTC_SHA256wECDSA;
	(void)snprintf(cert.subject.commonName, sizeof(cert.subject.commonName), "bench");
	*len = wc_MakeCert(&cert, der, DER_MAX, NULL, key, random);
	if (*len <= 0)
		return false;
	*len = wc_SignCert(cert.bodySz, cert.sigType, der, DER_MAX, NULL, key, random);
	return *len > 0;
}

static bool use_certificate(WOLFSSL_CTX *ctx)
{
	byte der[DER_MAX];
	int len = 0;
	ecc_key key;
	WC_RNG random;
	bool ok = false;

	if (wc_InitRng(&random) != 0)
		return false;
	if (wc_ecc_init(&key) == 0) {
		ok = make_certificate(&random, &key, der, &len) &&
		     wolfSSL_CTX_use_certificate_buffer(ctx, der, len, WOLFSSL_FILETYPE_ASN1) ==
			     WOLFSSL_SUCCESS;
		len = ok ? wc_EccKeyToDer(&key, der, sizeof(der)) : 0;
		ok = len > 0 && wolfSSL_CTX_use_PrivateKey_buffer(
					ctx, der, len, WOLFSSL_FILETYPE_ASN1) == WOLFSSL_SUCCESS;
		wc_ecc_free(&key);
	}
	wc_FreeRng(&random);
	return ok;
}

static bool use_files(WOLFSSL_CTX *ctx, const char *pki, const char *name)
{
	char chain[512], key[512], ca[512];

	(void)snprintf(chain, sizeof(chain), "%s/%s.crt", pki, name);
	(void)snprintf(key, sizeof(key), "%s/%s.key", pki, name);
	(void)snprintf(ca, sizeof(ca), "%s/ca.crt", pki);
	return wolfSSL_CTX_use_certificate_chain_file(ctx, chain) == WOLFSSL_SUCCESS &&
	       wolfSSL_CTX_use_PrivateKey_file(ctx, key, WOLFSSL_FILETYPE_PEM) == WOLFSSL_SUCCESS &&
	       wolfSSL_CTX_load_verify_locations(ctx, ca, NULL) == WOLFSSL_SUCCESS;
}

static bool use_pki(struct wolfssl *w)
{
	if (!use_files(w->ctx[0], w->want.pki, "client") ||
	    !use_files(w->ctx[1], w->want.pki, "server"))
		return false;
	if (w->want.proof == PEER_MUTUAL)
		wolfSSL_CTX_set_verify(
			w->ctx[1], WOLFSSL_VERIFY_PEER | WOLFSSL_VERIFY_FAIL_IF_NO_PEER_CERT, NULL);
	return true;
}

static bool start_contexts(struct wolfssl *w, const char *cipher)
{
	w->ctx[0] = wolfSSL_CTX_new(wolfDTLSv1_2_client_method());
	w->ctx[1] = wolfSSL_CTX_new(wolfDTLSv1_2_server_method());
	for (int server = 0; server < 2; server++) {
		if (w->ctx[server] == NULL ||
		    wolfSSL_CTX_set_cipher_list(w->ctx[server], cipher) != WOLFSSL_SUCCESS)
			return false;
		wolfSSL_CTX_SetIORecv(w->ctx[server], receive);
		wolfSSL_CTX_SetIOSend(w->ctx[server], deliver);
		wolfSSL_CTX_set_verify(w->ctx[server], WOLFSSL_VERIFY_NONE, NULL);
	}
	wolfSSL_CTX_SetGenCookie(w->ctx[1], make_cookie);
	if (w->want.proof != PEER_PSK)
		return use_pki(w);
	if (strstr(cipher, "PSK") == NULL)
		return use_certificate(w->ctx[1]);
	wolfSSL_CTX_set_psk_client_callback(w->ctx[0], psk_client);
	wolfSSL_CTX_set_psk_server_callback(w->ctx[1], psk_server);
	return true;
}

/* Handshakes that are measured are of the kind that was asked for. */
static const char *cipher_wanted(const struct peer_want *want)
{
	static const char *const certificates[PEER_N_SUITES] = { "ECDHE-ECDSA-AES128-GCM-SHA256",
								 "ECDHE-ECDSA-AES128-CCM-8" };
	const char *cipher = cipher_of(want->suite);

	if (want->proof != PEER_PSK)
		return certificates[want->suite];
	return want->cookies && cipher != ciphers[want->suite][0] ? NULL : cipher;
}

static void *start(const struct peer_want *want, struct wire wires[2])
{
	const char *cipher = cipher_wanted(want);
	struct wolfssl *w = NULL;

	if (cipher != NULL && want->resumption == PEER_FULL)
		w = calloc(1, sizeof(*w));
	if (w == NULL)
		return NULL;
	w->wires = wires;
	w->want = *want;
	if (start_contexts(w, cipher))
		return w;
	stop(w);
	return NULL;
}

static void session_free(void *session)
{
	struct session *s = session;

	wolfSSL_free(s->ssl);
	free(s);
}

static void *session_new(void *shared, bool server)
{
	struct wolfssl *w = shared;
	struct session *s = calloc(1, sizeof(*s));

	if (s == NULL)
		return NULL;
	*s = (struct session){ .shared = w, .server = server, .ssl = wolfSSL_new(w->ctx[server]) };
	if (s->ssl == NULL) {
		session_free(s);
		return NULL;
	}
	wolfSSL_SetIOReadCtx(s->ssl, &w->wires[server]);
	wolfSSL_SetIOWriteCtx(s->ssl, &w->wires[server]);
	wolfSSL_dtls_set_using_nonblock(s->ssl, 1);
	if (!server && w->session != NULL)
		(void)wolfSSL_set_session(s->ssl, w->session);
	return s;
}

static enum peer_step handshake(void *session)
{
	struct session *s = session;
	int result = s->server ? wolfSSL_accept(s->ssl) : wolfSSL_connect(s->ssl);

	if (result != WOLFSSL_SUCCESS)
		return wolfSSL_get_error(s->ssl, result) == WOLFSSL_ERROR_WANT_READ ? PEER_AGAIN
										    : PEER_FAILED;
	if (!s->server && s->shared->session == NULL && !s->shared->want.cookies)
		s->shared->session = wolfSSL_get1_session(s->ssl);
	return PEER_DONE;
}

static int read_record(void *session, uint8_t *out, size_t len)
{
	return wolfSSL_read(((struct session *)session)->ssl, out, (int)len);
}

static bool write_record(void *session, const uint8_t *in, size_t len)
{
	return wolfSSL_write(((struct session *)session)->ssl, in, (int)len) == (int)len;
}

const struct peer peer_wolfssl = {
	.name = "wolfssl",
	.version = version,
	.start = start,
	.stop = stop,
	.session_new = session_new,
	.session_free = session_free,
	.handshake = handshake,
	.read = read_record,
	.write = write_record,
};

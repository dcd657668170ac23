/* SPDX-License-Identifier: BSD-3-Clause */
/* Builds with Debian's wolfSSL, and with the newer one of scripts/peers.sh, which can do more. */
#include "client.h"

#include <stdio.h>
#include <string.h>
#include <sys/socket.h>

#include <wolfssl/options.h>
/* In this order. */
#include <wolfssl/error-ssl.h>
#include <wolfssl/ssl.h>

static const struct client_options *options;
static WOLFSSL_CTX *ctx;
static WOLFSSL *ssl;
static WOLFSSL_SESSION *kept;

static bool failed(const char *what)
{
	(void)fprintf(stderr, "wolfssl: %s\n", what);
	return false;
}

#ifndef NO_PSK
static unsigned psk(WOLFSSL *client, const char *hint, char *identity, unsigned identity_max,
		    unsigned char *key, unsigned key_max)
{
	(void)client, (void)hint;
	if (options->identity == NULL || options->key_len > key_max)
		return 0;
	(void)snprintf(identity, identity_max, "%s", options->identity);
	memcpy(key, options->key, options->key_len);
	return (unsigned)options->key_len;
}

#ifdef WOLFSSL_DTLS13
static unsigned psk_13(WOLFSSL *client, const char *hint, char *identity, unsigned identity_max,
		       unsigned char *key, unsigned key_max, const char **suite)
{
	static char name[CLIENT_NAME_MAX];

	(void)snprintf(name, sizeof(name), "%.*s", (int)strcspn(options->suites, ":"),
		       options->suites);
	*suite = name;
	return psk(client, hint, identity, identity_max, key, key_max);
}
#endif
#endif

static bool use_psk(void)
{
#ifndef NO_PSK
#ifdef WOLFSSL_DTLS13
	wolfSSL_CTX_set_psk_client_tls13_callback(ctx, psk_13);
#endif
	wolfSSL_CTX_set_psk_client_callback(ctx, psk);
	return true;
#else
	return failed("no pre-shared keys in this build");
#endif
}

static bool use_certificates(void)
{
	if (options->ca != NULL &&
	    wolfSSL_CTX_load_verify_locations(ctx, options->ca, NULL) != WOLFSSL_SUCCESS)
		return failed("--ca");
	if (options->chain != NULL &&
	    wolfSSL_CTX_use_certificate_chain_file(ctx, options->chain) != WOLFSSL_SUCCESS)
		return failed("--cert");
	if (options->chain_key != NULL &&
	    wolfSSL_CTX_use_PrivateKey_file(ctx, options->chain_key, WOLFSSL_FILETYPE_PEM) !=
		    WOLFSSL_SUCCESS)
		return failed("--key");
	return true;
}

#ifdef HAVE_RPK
/* A raw key has no chain to follow. */
static int take_any(int verified, WOLFSSL_X509_STORE_CTX *store)
{
	(void)verified, (void)store;
	return 1;
}
#endif

static bool use_raw_key(void)
{
#ifdef HAVE_RPK
	char raw = WOLFSSL_CERT_TYPE_RPK;

	wolfSSL_CTX_set_verify(ctx, WOLFSSL_VERIFY_PEER, take_any);
	if (wolfSSL_CTX_use_certificate_file(ctx, options->raw_public, WOLFSSL_FILETYPE_ASN1) !=
		    WOLFSSL_SUCCESS ||
	    wolfSSL_CTX_use_PrivateKey_file(ctx, options->raw_key, WOLFSSL_FILETYPE_PEM) !=
		    WOLFSSL_SUCCESS ||
	    wolfSSL_CTX_set_client_cert_type(ctx, &raw, 1) != WOLFSSL_SUCCESS ||
	    wolfSSL_CTX_set_server_cert_type(ctx, &raw, 1) != WOLFSSL_SUCCESS)
		return failed("raw public key");
	return true;
#else
	return failed("no raw public keys in this build");
#endif
}

static WOLFSSL_CTX *make_context(void)
{
#ifdef WOLFSSL_DTLS13
	if (options->dtls == CLIENT_DTLS_1_3)
		return wolfSSL_CTX_new(wolfDTLSv1_3_client_method());
	if (options->dtls == CLIENT_DTLS_BOTH)
		return wolfSSL_CTX_new(wolfDTLS_client_method());
#endif
	return options->dtls == CLIENT_DTLS_1_2 ? wolfSSL_CTX_new(wolfDTLSv1_2_client_method())
						: NULL;
}

/* psk_ke alone, psk_dhe_ke alone, or both. */
static bool set_psk_mode(void)
{
	switch (options->psk_mode) {
	case CLIENT_PSK_ANY:
		return true;
#ifdef WOLFSSL_DTLS13
	case CLIENT_PSK_KE:
		return wolfSSL_CTX_no_dhe_psk(ctx) == 0;
	case CLIENT_PSK_DHE_KE:
		return wolfSSL_CTX_only_dhe_psk(ctx) == 0;
#endif
	default:
		return false;
	}
}

bool library_start(const struct client_options *opt)
{
	options = opt;
	(void)wolfSSL_Init();
	ctx = make_context();
	if (ctx == NULL)
		return failed("no context, or no such version in this build");
	wolfSSL_CTX_set_verify(ctx, WOLFSSL_VERIFY_PEER, NULL);
	if ((opt->identity != NULL && !use_psk()) || !set_psk_mode())
		return false;
	if (opt->raw_key != NULL ? !use_raw_key() : !use_certificates())
		return false;
	return wolfSSL_CTX_set_cipher_list(ctx, opt->suites) == WOLFSSL_SUCCESS ||
	       failed("no such suite in this build");
}

void library_stop(void)
{
	wolfSSL_SESSION_free(kept);
	wolfSSL_CTX_free(ctx);
	(void)wolfSSL_Cleanup();
}

/* Its key goes with the first hello, or none at all. */
static bool set_key_share(word16 group)
{
#ifdef WOLFSSL_DTLS13
	if (options->no_key_share)
		return wolfSSL_NoKeyShares(ssl) == WOLFSSL_SUCCESS;
	return options->psk_mode == CLIENT_PSK_KE ||
	       wolfSSL_UseKeyShare(ssl, group) == WOLFSSL_SUCCESS;
#else
	(void)group;
	return false;
#endif
}

/* The group is the first; secp256r1 is the curve of certificates too, before 1.3. */
static bool set_group(void)
{
	word16 first = WOLFSSL_ECC_SECP256R1;

	if (options->group != NULL && strcmp(options->group, "x25519") == 0)
		first = WOLFSSL_ECC_X25519;
	return wolfSSL_UseSupportedCurve(ssl, first) == WOLFSSL_SUCCESS &&
	       wolfSSL_UseSupportedCurve(ssl, WOLFSSL_ECC_SECP256R1) == WOLFSSL_SUCCESS &&
	       (options->dtls == CLIENT_DTLS_1_2 || set_key_share(first));
}

static bool set_server_name(void)
{
	const char *name = options->server_name;

	return wolfSSL_UseSNI(ssl, WOLFSSL_SNI_HOST_NAME, name, (unsigned short)strlen(name)) ==
		       WOLFSSL_SUCCESS &&
	       wolfSSL_check_domain_name(ssl, name) == WOLFSSL_SUCCESS;
}

static bool set_max_fragment(void)
{
	unsigned char code = WOLFSSL_MFL_2_9;

	for (unsigned len = 512; len < options->max_fragment; len *= 2)
		code++;
	return wolfSSL_UseMaxFragment(ssl, code) == WOLFSSL_SUCCESS;
}

static bool offer_cid(void)
{
#ifdef WOLFSSL_DTLS_CID
	unsigned char cid[CLIENT_CID_MAX];

	memcpy(cid, client_own_cid(), sizeof(cid));
	return wolfSSL_dtls_cid_use(ssl) == WOLFSSL_SUCCESS &&
	       wolfSSL_dtls_cid_set(ssl, cid, (unsigned)options->cid_len) == WOLFSSL_SUCCESS;
#else
	return failed("no connection IDs in this build");
#endif
}

static bool configure(int fd)
{
	struct sockaddr_storage peer;
	socklen_t len = sizeof(peer);

	if (getpeername(fd, (struct sockaddr *)&peer, &len) != 0 ||
	    wolfSSL_dtls_set_peer(ssl, &peer, len) != WOLFSSL_SUCCESS ||
	    wolfSSL_set_fd(ssl, fd) != WOLFSSL_SUCCESS || !set_group())
		return false;
	if (options->no_ems && wolfSSL_DisableExtendedMasterSecret(ssl) != WOLFSSL_SUCCESS)
		return false;
	if (options->resume == CLIENT_BY_TICKET && wolfSSL_UseSessionTicket(ssl) != WOLFSSL_SUCCESS)
		return false;
	return (options->server_name == NULL || set_server_name()) &&
	       (options->max_fragment == 0 || set_max_fragment()) &&
	       (options->cid_len == CLIENT_CID_NONE || offer_cid());
}

static bool explain(int result)
{
	char text[WOLFSSL_MAX_ERROR_SZ];
	WOLFSSL_ALERT_HISTORY alerts;
	int error = wolfSSL_get_error(ssl, result);

	(void)wolfSSL_ERR_error_string((unsigned long)error, text);
	if (wolfSSL_get_alert_history(ssl, &alerts) == WOLFSSL_SUCCESS && alerts.last_rx.code >= 0)
		(void)fprintf(stderr, "alert: %d\n", alerts.last_rx.code);
	return failed(text);
}

/* Since a session of 1.3 has no ID, wolfSSL 5.7 makes one of its ticket, sends it and wants to see
 * it again; a server "MUST NOT echo" it (RFC 9147 §5.3). */
static bool forget_id(void)
{
#ifdef WOLFSSL_DTLS13
	static const unsigned char none[1];

	if (options->dtls == CLIENT_DTLS_1_3)
		return wolfSSL_SESSION_set1_id(kept, none, 0) == WOLFSSL_SUCCESS;
#endif
	return true;
}

bool library_connect(int fd, bool again)
{
	int result;

	ssl = wolfSSL_new(ctx);
	if (ssl == NULL || !configure(fd))
		return failed("no session");
	if (again && !forget_id())
		return failed("the session keeps its ID");
	if (again && wolfSSL_set_session(ssl, kept) != WOLFSSL_SUCCESS)
		return failed("the session cannot be resumed");
	result = wolfSSL_connect(ssl);
	return result == WOLFSSL_SUCCESS || explain(result);
}

/* Of the server, which has one where it agreed on them. */
static int cid_len(void)
{
#ifdef WOLFSSL_DTLS_CID
	unsigned len = 0;

	if (wolfSSL_dtls_cid_is_enabled(ssl) &&
	    wolfSSL_dtls_cid_get_tx_size(ssl, &len) == WOLFSSL_SUCCESS && len > 0)
		return (int)len;
#endif
	return CLIENT_CID_NONE;
}

void library_report(struct client_report *report)
{
	const char *group = wolfSSL_get_curve_name(ssl);
	int suite = wolfSSL_get_current_cipher_suite(ssl);

	(void)snprintf(report->version, sizeof(report->version), "%s",
		       wolfSSL_get_version(ssl) + strlen("DTLSv"));
	(void)snprintf(report->suite, sizeof(report->suite), "%s",
		       wolfSSL_get_cipher_name_iana_from_suite((unsigned char)(suite >> 8),
							       (unsigned char)suite));
	(void)snprintf(report->group, sizeof(report->group), "%s", group != NULL ? group : "");
	report->max_fragment = (unsigned)wolfSSL_GetMaxOutputSize(ssl);
	report->resumed = wolfSSL_session_reused(ssl) != 0;
	report->cid_len = cid_len();
}

bool library_write(const uint8_t *in, size_t len)
{
	return wolfSSL_write(ssl, in, (int)len) == (int)len;
}

int library_read(uint8_t *out, size_t len) { return wolfSSL_read(ssl, out, (int)len); }

bool library_update_keys(void)
{
#ifdef WOLFSSL_DTLS13
	return wolfSSL_update_keys(ssl) == WOLFSSL_SUCCESS || failed("no new keys");
#else
	return failed("no new keys in this build");
#endif
}

void library_close(void)
{
	if (options->resume != CLIENT_FULL && kept == NULL)
		kept = wolfSSL_get1_session(ssl);
	(void)wolfSSL_shutdown(ssl);
	wolfSSL_free(ssl);
}

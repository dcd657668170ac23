/* SPDX-License-Identifier: BSD-3-Clause */
/* Builds with Debian's Mbed TLS 2.28, and with the 3.6 of scripts/peers.sh. */
#include "client.h"

#include <stdio.h>
#include <string.h>

#include <mbedtls/ctr_drbg.h>
#include <mbedtls/entropy.h>
#include <mbedtls/error.h>
#include <mbedtls/net_sockets.h>
#include <mbedtls/ssl.h>
#include <mbedtls/timing.h>
#include <mbedtls/version.h>

#if MBEDTLS_VERSION_MAJOR >= 3
#include <psa/crypto.h>
#endif

enum { MASTER_LEN = 48 };

static const struct client_options *options;
static mbedtls_entropy_context entropy;
static mbedtls_ctr_drbg_context randomness;
static mbedtls_ssl_config config;
static mbedtls_x509_crt ca, chain;
static mbedtls_pk_context key;
static mbedtls_ssl_session kept;
static mbedtls_ssl_context ssl;
static mbedtls_net_context net;
static mbedtls_timing_delay_context timer;
static int suites[2]; /* ended by 0 */
static char suite_name[CLIENT_NAME_MAX];
/* Of this session and the one before: the same when the library resumed. */
static unsigned char master[2][MASTER_LEN];

static bool failed(const char *what)
{
	(void)fprintf(stderr, "mbedtls: %s\n", what);
	return false;
}

static bool went_well(int result, const char *what)
{
	char text[128];

	if (result == 0)
		return true;
	mbedtls_strerror(result, text, sizeof(text));
	(void)fprintf(stderr, "mbedtls: %s: %s\n", what, text);
	return false;
}

static int read_key(void)
{
#if MBEDTLS_VERSION_MAJOR >= 3
	return mbedtls_pk_parse_keyfile(&key, options->chain_key, NULL, mbedtls_ctr_drbg_random,
					&randomness);
#else
	return mbedtls_pk_parse_keyfile(&key, options->chain_key, NULL);
#endif
}

static bool use_certificates(void)
{
	if (options->ca != NULL) {
		if (!went_well(mbedtls_x509_crt_parse_file(&ca, options->ca), "--ca"))
			return false;
		mbedtls_ssl_conf_ca_chain(&config, &ca, NULL);
	}
	if (options->chain == NULL || options->chain_key == NULL)
		return true;
	return went_well(mbedtls_x509_crt_parse_file(&chain, options->chain), "--cert") &&
	       went_well(read_key(), "--key") &&
	       went_well(mbedtls_ssl_conf_own_cert(&config, &chain, &key), "--cert and --key");
}

/* IANA's names are this library's, with other strokes between words. */
static bool use_suite(void)
{
	size_t len = strlen(options->suites);

	if (len >= sizeof(suite_name))
		return failed("no such suite");
	memcpy(suite_name, options->suites, len + 1);
	for (char *stroke = suite_name; (stroke = strchr(stroke, '_')) != NULL;)
		*stroke = '-';
	suites[0] = mbedtls_ssl_get_ciphersuite_id(suite_name);
	if (suites[0] == 0)
		return failed("no such suite");
	mbedtls_ssl_conf_ciphersuites(&config, suites);
	return true;
}

/* The group is the first; secp256r1 is the curve of certificates too. */
static void use_group(void)
{
#if MBEDTLS_VERSION_MAJOR >= 3
	static const uint16_t groups[] = { MBEDTLS_SSL_IANA_TLS_GROUP_X25519,
					   MBEDTLS_SSL_IANA_TLS_GROUP_SECP256R1,
					   MBEDTLS_SSL_IANA_TLS_GROUP_NONE };
#else
	static const mbedtls_ecp_group_id groups[] = { MBEDTLS_ECP_DP_CURVE25519,
						       MBEDTLS_ECP_DP_SECP256R1,
						       MBEDTLS_ECP_DP_NONE };
#endif
	bool x25519 = options->group != NULL && strcmp(options->group, "x25519") == 0;

#if MBEDTLS_VERSION_MAJOR >= 3
	mbedtls_ssl_conf_groups(&config, groups + !x25519);
#else
	mbedtls_ssl_conf_curves(&config, groups + !x25519);
#endif
}

static bool use_max_fragment(void)
{
	unsigned char code = MBEDTLS_SSL_MAX_FRAG_LEN_NONE;

	for (unsigned len = 256; len < options->max_fragment; len *= 2)
		code++;
	return went_well(mbedtls_ssl_conf_max_frag_len(&config, code), "--max-fragment");
}

static void take_master(const unsigned char *secret)
{
	memcpy(master[1], master[0], MASTER_LEN);
	memcpy(master[0], secret, MASTER_LEN);
}

#if MBEDTLS_VERSION_MAJOR >= 3
static void export_keys(void *arg, mbedtls_ssl_key_export_type type, const unsigned char *secret,
			size_t len, const unsigned char client[32], const unsigned char server[32],
			mbedtls_tls_prf_types prf)
{
	(void)arg, (void)client, (void)server, (void)prf;
	if (type == MBEDTLS_SSL_KEY_EXPORT_TLS12_MASTER_SECRET && len == MASTER_LEN)
		take_master(secret);
}
#else
static int export_keys(void *arg, const unsigned char *secret, const unsigned char *block,
		       size_t mac_len, size_t key_len, size_t iv_len)
{
	(void)arg, (void)block, (void)mac_len, (void)key_len, (void)iv_len;
	take_master(secret);
	return 0;
}
#endif

static bool configure(void)
{
	if (!went_well(mbedtls_ssl_config_defaults(&config, MBEDTLS_SSL_IS_CLIENT,
						   MBEDTLS_SSL_TRANSPORT_DATAGRAM,
						   MBEDTLS_SSL_PRESET_DEFAULT),
		       "configuration"))
		return false;
	mbedtls_ssl_conf_rng(&config, mbedtls_ctr_drbg_random, &randomness);
	mbedtls_ssl_conf_authmode(&config, MBEDTLS_SSL_VERIFY_REQUIRED);
	mbedtls_ssl_conf_session_tickets(&config, options->resume == CLIENT_BY_TICKET);
	mbedtls_ssl_conf_extended_master_secret(&config, options->no_ems
								 ? MBEDTLS_SSL_EXTENDED_MS_DISABLED
								 : MBEDTLS_SSL_EXTENDED_MS_ENABLED);
#if MBEDTLS_VERSION_MAJOR < 3
	mbedtls_ssl_conf_export_keys_cb(&config, export_keys, NULL);
#endif
	use_group();
#ifdef MBEDTLS_SSL_DTLS_CONNECTION_ID
	if (options->cid_len > 0 &&
	    !went_well(mbedtls_ssl_conf_cid(&config, (size_t)options->cid_len,
					    MBEDTLS_SSL_UNEXPECTED_CID_IGNORE),
		       "--cid"))
		return false;
#endif
	if (options->identity != NULL &&
	    !went_well(mbedtls_ssl_conf_psk(&config, options->key, options->key_len,
					    (const unsigned char *)options->identity,
					    strlen(options->identity)),
		       "--psk"))
		return false;
	return use_suite() && use_certificates() && use_max_fragment();
}

bool library_start(const struct client_options *opt)
{
	options = opt;
	if (opt->raw_key != NULL)
		return failed("no raw public keys in this library");
#if MBEDTLS_VERSION_MAJOR >= 3
	(void)psa_crypto_init();
#endif
	mbedtls_entropy_init(&entropy);
	mbedtls_ctr_drbg_init(&randomness);
	mbedtls_ssl_config_init(&config);
	mbedtls_x509_crt_init(&ca);
	mbedtls_x509_crt_init(&chain);
	mbedtls_pk_init(&key);
	mbedtls_ssl_session_init(&kept);
	return went_well(
		       mbedtls_ctr_drbg_seed(&randomness, mbedtls_entropy_func, &entropy, NULL, 0),
		       "randomness") &&
	       configure();
}

void library_stop(void)
{
	mbedtls_ssl_session_free(&kept);
	mbedtls_pk_free(&key);
	mbedtls_x509_crt_free(&chain);
	mbedtls_x509_crt_free(&ca);
	mbedtls_ssl_config_free(&config);
	mbedtls_ctr_drbg_free(&randomness);
	mbedtls_entropy_free(&entropy);
}

/* A flight that was sent again is no error. */
static int handshake(void)
{
	int result;

	do
		result = mbedtls_ssl_handshake(&ssl);
	while (result == MBEDTLS_ERR_SSL_WANT_READ);
	return result;
}

static bool offer_cid(void)
{
#ifdef MBEDTLS_SSL_DTLS_CONNECTION_ID
	return went_well(mbedtls_ssl_set_cid(&ssl, MBEDTLS_SSL_CID_ENABLED, client_own_cid(),
					     (size_t)options->cid_len),
			 "--cid");
#else
	return failed("no connection IDs in this build");
#endif
}

bool library_connect(int fd, bool again)
{
	mbedtls_ssl_init(&ssl);
	mbedtls_net_init(&net);
	net.fd = fd;
	/* A certificate is demanded to be of this name; the library asks the server for it too. */
	if (!went_well(mbedtls_ssl_setup(&ssl, &config), "session") ||
	    !went_well(mbedtls_ssl_set_hostname(&ssl, options->server_name), "--server-name") ||
	    (options->cid_len != CLIENT_CID_NONE && !offer_cid()) ||
	    (again && !went_well(mbedtls_ssl_set_session(&ssl, &kept), "session to resume")))
		return false;
	mbedtls_ssl_set_bio(&ssl, &net, mbedtls_net_send, mbedtls_net_recv,
			    mbedtls_net_recv_timeout);
	mbedtls_ssl_set_timer_cb(&ssl, &timer, mbedtls_timing_set_delay, mbedtls_timing_get_delay);
#if MBEDTLS_VERSION_MAJOR >= 3
	mbedtls_ssl_set_export_keys_cb(&ssl, export_keys, NULL);
#endif
	return went_well(handshake(), "handshake");
}

static int max_fragment(void)
{
#if MBEDTLS_VERSION_MAJOR >= 3
	return mbedtls_ssl_get_max_in_record_payload(&ssl);
#else
	return (int)mbedtls_ssl_get_input_max_frag_len(&ssl);
#endif
}

/* Of the server. */
static int cid_len(void)
{
#ifdef MBEDTLS_SSL_DTLS_CONNECTION_ID
	unsigned char cid[MBEDTLS_SSL_CID_OUT_LEN_MAX];
	size_t len = 0;
	int enabled;

	if (mbedtls_ssl_get_peer_cid(&ssl, &enabled, cid, &len) == 0 &&
	    enabled == MBEDTLS_SSL_CID_ENABLED)
		return (int)len;
#endif
	return CLIENT_CID_NONE;
}

void library_report(struct client_report *report)
{
	const char *name = mbedtls_ssl_get_ciphersuite(&ssl);

	(void)snprintf(report->version, sizeof(report->version), "%s",
		       mbedtls_ssl_get_version(&ssl) + strlen("DTLSv"));
	/* IANA's name, if it is the one that was asked for. */
	(void)snprintf(report->suite, sizeof(report->suite), "%s",
		       strcmp(name, suite_name) == 0 ? options->suites : name);
	report->max_fragment = (unsigned)max_fragment();
	report->resumed = memcmp(master[0], master[1], MASTER_LEN) == 0;
	report->cid_len = cid_len();
}

bool library_write(const uint8_t *in, size_t len)
{
	return mbedtls_ssl_write(&ssl, in, len) == (int)len;
}

int library_read(uint8_t *out, size_t len) { return mbedtls_ssl_read(&ssl, out, len); }

bool library_update_keys(void) { return failed("no DTLS 1.3 in this library"); }

void library_close(void)
{
	if (options->resume != CLIENT_FULL)
		(void)went_well(mbedtls_ssl_get_session(&ssl, &kept), "session to keep");
	(void)mbedtls_ssl_close_notify(&ssl);
	mbedtls_ssl_free(&ssl);
}

/* SPDX-License-Identifier: BSD-3-Clause */
/* Certificates for both ends of a struct pair: one CA, a server, devices. Made once a process. */
#pragma once

#include "hs_pair.h"
#include "peer.h"
#include "pki.h"

struct pair_certs {
	struct pki_cert root, server, device;
	struct x509_own *server_own, *device_own, *ed25519_own;
	struct x509_trust *trust;
	struct rpk_store *rpks;
};

static struct pair_certs pair_certs;

/* The pair's verify_peer: names are looked at by tests. */
static uint8_t pair_peer_name[X509_NAME_LEN_MAX];
static size_t pair_peer_name_len;
static unsigned pair_peers_judged;
/* The time by the calendar. */
static int64_t pair_utc_s = PKI_NOW;

static inline void pair_verify_peer(void *arg, struct handshake_job *job)
{
	const struct peer_trust trust = { pair_certs.trust, pair_certs.rpks };

	(void)arg;
	pair_peers_judged++;
	pair_peer_name_len = 0;
	if (!peer_judge(job, &trust, pair_utc_s))
		return;
	pair_peer_name_len = job->peer.name_len;
	memcpy(pair_peer_name, job->peer.name, pair_peer_name_len);
}

static inline bool pair_peer_still(const struct session_state *s)
{
	const struct peer_trust trust = { pair_certs.trust, pair_certs.rpks };

	return peer_still(&trust, &s->credential, rd_of(s->name, s->name_len), pair_utc_s) ==
	       STATUS_OK;
}

static inline struct x509_own *pair_server_own(void *arg, const uint8_t *name, size_t len,
					       unsigned kinds)
{
	struct x509_own *own = pair_certs.server_own;

	(void)arg;
	if (len == 7 && memcmp(name, "ed25519", 7) == 0)
		own = pair_certs.ed25519_own;
	return (kinds & signature_key_kind(x509_own_key(own))) != 0 ? x509_own_get(own) : NULL;
}

static inline struct x509_own *pair_client_own(void *arg, const uint8_t *name, size_t len,
					       unsigned kinds)
{
	(void)arg;
	(void)name;
	(void)len;
	(void)kinds;
	return x509_own_get(pair_certs.device_own);
}

/* With its issuer behind it where that is not NULL. */
static inline struct x509_own *pair_own_chain(struct pki_dir *dir, const struct pki_cert *cert,
					      const struct pki_cert *issuer, const char *name)
{
	const struct pki_cert *chain[] = { cert, issuer };
	char err[256], key_name[32];
	struct x509_own *own;

	snprintf(key_name, sizeof(key_name), "%s.key", name);
	own = x509_own_load(pki_certs_file(dir, name, chain, issuer != NULL ? 2 : 1),
			    pki_key_file(dir, key_name, cert->key), err, sizeof(err));
	pki_must(own != NULL);
	return own;
}

static inline struct x509_own *pair_own(struct pki_dir *dir, const struct pki_cert *cert,
					const char *name)
{
	return pair_own_chain(dir, cert, NULL, name);
}

/* A line of a file of raw public keys for each of these certificates' keys. */
static inline struct rpk_store *pair_rpks(const struct pki_cert *const *certs, size_t n)
{
	char text[1024], *at = text, err[256];
	struct rpk_store *s;

	for (size_t i = 0; i < n; i++) {
		uint8_t fingerprint[SPKI_FINGERPRINT_LEN], name[SPKI_NAME_LEN];
		unsigned char *der = NULL;
		int len = i2d_PUBKEY(certs[i]->key, &der);

		spki_fingerprint(fingerprint, der, (size_t)len);
		spki_name(name, fingerprint);
		OPENSSL_free(der);
		at += sprintf(at, "%.*s key %zu\n", SPKI_NAME_LEN, (const char *)name, i);
	}
	s = rpk_store_parse(text, (size_t)(at - text), "keys", err, sizeof(err));
	pki_must(s != NULL);
	return s;
}

static inline void pair_certs_new(void)
{
	struct pair_certs *c = &pair_certs;
	struct pki_want server = { .cn = "server", .ext_key_usage = "serverAuth,clientAuth" },
			want = { .cn = "device 1" };
	struct pki_cert ed25519;
	struct pki_dir dir;
	char err[256];

	pki_dir_new(&dir);
	c->root = pki_ca(NULL, "root");
	c->server = pki_issue(&c->root, pki_p256(), &server);
	c->device = pki_issue(&c->root, pki_p256(), &want);
	ed25519 = pki_issue(&c->root, pki_ed25519(), &server);
	c->server_own = pair_own(&dir, &c->server, "server");
	c->device_own = pair_own(&dir, &c->device, "device");
	c->ed25519_own = pair_own(&dir, &ed25519, "ed25519");
	c->trust = x509_trust_load(
		&(struct x509_trust_config){
			.ca_path = pki_certs_file(
				&dir, "ca", (const struct pki_cert *const[]){ &c->root }, 1) },
		err, sizeof(err));
	pki_must(c->trust != NULL);
	c->rpks = pair_rpks((const struct pki_cert *const[]){ &c->server, &c->device }, 2);
	pki_free(&ed25519);
	pki_dir_free(&dir);
}

static inline void pair_certs_free(void)
{
	struct pair_certs *c = &pair_certs;

	pki_free(&c->root);
	pki_free(&c->server);
	pki_free(&c->device);
	x509_own_put(c->server_own);
	x509_own_put(c->device_own);
	x509_own_put(c->ed25519_own);
	x509_trust_free(c->trust);
	rpk_store_free(c->rpks);
}

/* pair_use_certs: behind pair_begin: the client offers one suite; both ends have certificates. In
 * DTLS 1.3 pair_use_certs13, where certificates and not PSKs are offered. */
static inline void pair_use_certs(struct pair *pair, const struct suite *suite,
				  enum client_auth auth)
{
	pair->client_policy.suites[0] = suite;
	pair->client_policy.n_suites = 1;
	pair->server_policy.client_auth = auth;
	pair->server_policy.client_x509 = true;
	pair->server.cfg.own_find = pair_server_own;
	pair->client.cfg.own_find = pair_client_own;
	pair->verify_peer = pair_verify_peer;
	pair->still = pair_peer_still;
}

static inline void pair_use_certs13(struct pair *pair, enum client_auth auth)
{
	pair_use_certs(pair, pair->client_policy.suites[0], auth);
	pair->client_policy.client_x509 = true;
	pair->no_key = true;
}

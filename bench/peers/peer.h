/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * peer: a DTLS library, behind one face for all of them. Each is used as its documentation and
 * its own benchmarks use it best: DTLS 1.2, no system calls, no blocking, its replay check on,
 * contexts and transport shared by all sessions, no copy that it does not need.
 */
#pragma once

#include "wire.h"

enum peer_suite { PEER_GCM, PEER_CCM_8, PEER_N_SUITES };
/* How a handshake is made: who proves what, and whether it resumes the one before. */
enum peer_proof { PEER_PSK, PEER_CERTIFICATE, PEER_MUTUAL };
enum peer_resumption { PEER_FULL, PEER_BY_ID, PEER_BY_TICKET };

/* What sessions are to be like. All zero but the suite: pre-shared key, no cookie, no resumption.
 * Certificates are those of scripts/make-pki.sh, which are ECDSA on P-256 and key agreement too. */
struct peer_want {
	enum peer_suite suite;
	enum peer_proof proof;
	enum peer_resumption resumption;
	bool cookies;    /* every hello's is a MAC, as the library makes it */
	const char *pki; /* directory; not read for PEER_PSK */
};

enum peer_step { PEER_DONE, PEER_AGAIN, PEER_FAILED };

struct peer {
	const char *name;

	/* version: of the library that runs, and what is special about it. */
	void (*version)(char *out, size_t len);

	/* start: what sessions share. wires[0] is the clients' and wires[1] the servers', borrowed.
	 * NULL: no memory, or the library cannot do what is wanted. */
	void *(*start)(const struct peer_want *want, struct wire wires[2]);
	void (*stop)(void *shared);

	/* session_new: one side of a session; NULL: no memory. */
	void *(*session_new)(void *shared, bool server);
	void (*session_free)(void *session);

	/* handshake: goes on as far as the datagrams that wait allow. */
	enum peer_step (*handshake)(void *session);

	/* keep: client, its handshake done: what the next client's session_new resumes. NULL: the
	 * library, as it was built, does not resume. */
	bool (*keep)(void *session);

	/* read: the payload of the record that waits; its length, or 0 or less.
	 * write: one record. */
	int (*read)(void *session, uint8_t *out, size_t len);
	bool (*write)(void *session, const uint8_t *in, size_t len);
};

/* Those the build found. peers: all of them, ended by NULL. */
extern const struct peer peer_openssl, peer_gnutls, peer_mbedtls, peer_wolfssl;
extern const struct peer *const peers[];

enum { PEER_MTU = 1400, PEER_KEY_LEN = 16 };
#define PEER_IDENTITY "device"
static const uint8_t peer_key[PEER_KEY_LEN] = "0123456789abcde";

/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * peer: a DTLS library, behind one face for all of them. Each is used as its documentation and
 * its own benchmarks use it best: DTLS 1.2, no system calls, no blocking, its replay check on,
 * contexts and transport shared by all sessions, no copy that it does not need.
 */
#pragma once

#include "wire.h"

enum peer_suite { PEER_GCM, PEER_CCM_8, PEER_N_SUITES };
enum peer_step { PEER_DONE, PEER_AGAIN, PEER_FAILED };

struct peer {
	const char *name;

	/* version: of the library that runs, and what is special about it. */
	void (*version)(char *out, size_t len);

	/* start: what sessions share. wires[0] is the clients' and wires[1] the servers', borrowed.
	 * NULL: no memory, or the library has no such suite. */
	void *(*start)(enum peer_suite suite, struct wire wires[2]);
	void (*stop)(void *shared);

	/* session_new: one side of a session; NULL: no memory. */
	void *(*session_new)(void *shared, bool server);
	void (*session_free)(void *session);

	/* handshake: goes on as far as the datagrams that wait allow. */
	enum peer_step (*handshake)(void *session);

	/* read: the payload of the record that waits; its length, or 0 or less.
	 * write: one record. */
	int (*read)(void *session, uint8_t *out, size_t len);
	bool (*write)(void *session, const uint8_t *in, size_t len);
};

/* Those the build found. */
extern const struct peer peer_openssl, peer_gnutls, peer_mbedtls, peer_wolfssl;

enum { PEER_MTU = 1400, PEER_KEY_LEN = 16 };
#define PEER_IDENTITY "device"
static const uint8_t peer_key[PEER_KEY_LEN] = "0123456789abcde";

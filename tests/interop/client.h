/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * client: a CoAP request over another library's DTLS, for tests/net/test_clients.sh. client.c
 * has what such programs share: options, socket, request, report; client_LIBRARY.c the library,
 * which is used as its documentation says. A program has one library and one session at a time.
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum { CLIENT_KEY_MAX = 64, CLIENT_NAME_MAX = 64, CLIENT_CID_MAX = 32, CLIENT_CID_NONE = -1 };

enum client_resume { CLIENT_FULL, CLIENT_BY_ID, CLIENT_BY_TICKET };

enum client_dtls { CLIENT_DTLS_1_2, CLIENT_DTLS_1_3, CLIENT_DTLS_BOTH };

/* How a pre-shared key is used with 1.3: as the library likes it, and nothing but one of both. */
enum client_psk_mode { CLIENT_PSK_ANY, CLIENT_PSK_KE, CLIENT_PSK_DHE_KE };

/* What a session is to be like. Texts are NULL where nothing was said. */
struct client_options {
	const char
		*suites; /* IANA's names, parted by colons, 1.3's first; nothing else is offered */
	const char *group; /* secp256r1 or x25519; nothing else is offered before it */
	const char *identity;
	uint8_t key[CLIENT_KEY_MAX];
	size_t key_len;
	const char *ca, *chain, *chain_key; /* PEM files */
	const char *raw_key, *raw_public;   /* a raw public key instead: PEM and SPKI in DER */
	const char *server_name;   /* asked for, and demanded of the server's certificate */
	unsigned max_fragment;     /* RFC 6066: 512, 1024, 2048, 4096; 0: not offered */
	enum client_resume resume; /* a second session resumes the first, this way only */
	bool no_ems;
	enum client_dtls dtls;         /* nothing else is offered */
	enum client_psk_mode psk_mode; /* of 1.3, as what follows */
	bool no_key_share;             /* groups without a key: the server has to ask for it */
	bool update_keys;              /* both sides take new ones, and two requests follow */
	/* Connection IDs are offered, with one of so many bytes for what the server sends; or
	 * CLIENT_CID_NONE. */
	int cid_len;
	unsigned n_requests; /* in a session, one after another */
	const char *between; /* a command of the shell that runs before each but the first */
	const char *move_to; /* an address, at a new port of which the client then is */
};

/* What was negotiated, as the library tells it; empty where it does not. */
struct client_report {
	char version[CLIENT_NAME_MAX], suite[CLIENT_NAME_MAX], group[CLIENT_NAME_MAX];
	unsigned
		max_fragment; /* where one was wanted: the longest payload that either side sends */
	bool resumed;
	int cid_len; /* of the server's connection ID; CLIENT_CID_NONE: none was agreed on */
};

/* library_start: what all sessions share; opt stays. False: said on stderr why not, among it that
 * the library lacks what is wanted. */
bool library_start(const struct client_options *opt);
void library_stop(void);

/* library_connect: the handshake, over a connected blocking socket; resuming the session before
 * where `again`. False: said on stderr. */
bool library_connect(int fd, bool again);
void library_report(struct client_report *report);

/* client_own_cid: opt->cid_len bytes, at random. */
const uint8_t *client_own_cid(void);

/* library_write: one record. library_read: the next one's length, or 0 or less. */
bool library_write(const uint8_t *in, size_t len);
int library_read(uint8_t *out, size_t len);

/* library_update_keys: new keys for what we send, and asks for new ones of the peer. */
bool library_update_keys(void);

/* library_close: says goodbye, and keeps what the next session resumes. */
void library_close(void);

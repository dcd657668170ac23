/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * The ClientHello of DTLS 1.3 (RFC 8446 §4.1.2, §4.2; RFC 9147 §5.3): the lists in it, what a
 * second one must repeat, and one of our own. client_hello_parse in hs_msg.h reads it as it reads
 * one of 1.2: most are both. Any thread.
 */
#pragma once

#include "hs_msg.h"

/* Hellos are parsed before the cookie: one with more key shares is none. */
enum { HS_KEY_SHARES_MAX = 8 };

/* psk_key_exchange_modes (RFC 8446 §4.2.9) */
enum { HS_PSK_KE = 0, HS_PSK_DHE_KE = 1 };

/* client_hello_share: the client's public key for a group, or false. */
bool client_hello_share(const struct client_hello *ch, uint16_t group, struct rd *key) MUST_USE;

/* client_hello_shares: how many key shares there are. */
size_t client_hello_shares(const struct client_hello *ch);

struct hs_psk {
	struct rd identity;
	uint32_t obfuscated_age;
	struct rd binder;
};

/* hs_psk_next: of lists that begin as psk_identities and psk_binders of a hello that was parsed,
 * which has as many of either: the next; false: there is none. */
bool hs_psk_next(struct rd *identities, struct rd *binders, struct hs_psk *out) MUST_USE;

/* client_hello_repeats: the pieces of a body that a second ClientHello must have as the first had
 * them (RFC 8446 §4.1.2): all but the extensions that may change (cookie, key_share,
 * pre_shared_key, early_data, padding) and the lengths and the DTLS 1.2 cookie before them.
 * Extensions are in the order of their numbers: some clients send them in another one the second
 * time, which nothing forbids. Returns how many. */
enum { HS_REPEATS_MAX = 2 + 32 };
size_t client_hello_repeats(const struct client_hello *ch, struct rd out[HS_REPEATS_MAX]);

struct hs_share {
	uint16_t group, len;
	const uint8_t *key;
};

struct hs_psk_offer {
	const uint8_t *identity;
	uint16_t identity_len;
	uint32_t obfuscated_age;
	const uint8_t *binder; /* NULL: zeros, to be overwritten */
	uint8_t binder_len;
};

struct client_hello13_params {
	const uint8_t *random;
	const uint16_t *suites, *groups, *signature_algorithms;
	uint8_t n_suites, n_groups, n_signature_algorithms; /* 0 of the latter two: no extension */
	uint8_t n_shares;
	const struct hs_share *shares; /* n_groups and none: to be asked for one */
	struct rd cookie;              /* empty: no extension */
	struct rd server_name;         /* the same */
	const uint8_t *psk_modes;
	uint8_t n_psk_modes, n_psks;
	const struct hs_psk_offer *psks;
	/* in order of preference; 0 of them: no extension, which means X.509 */
	const uint8_t *client_certificate_types, *server_certificate_types;
	uint8_t n_client_certificate_types, n_server_certificate_types;
	uint8_t max_fragment_length; /* 0: no extension; the same of the limit */
	uint16_t record_size_limit;
	struct hs_cid_params cid;
};

/* client_hello13_write: offers DTLS 1.3 only. Returns where in the body the binders begin, which is
 * what they are over (RFC 8446 §4.2.11.2); 0 without PSKs. */
size_t client_hello13_write(struct wr *w, const struct client_hello13_params *p);

/* hs_binders_write: the list of binders alone, over the one that client_hello13_write wrote. */
void hs_binders_write(struct wr *w, const struct hs_psk_offer *psks, size_t n);

/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * DTLS 1.3 handshake messages (RFC 8446 §4, RFC 9147 §5 and §7) but for the ClientHello
 * (hs_hello13.h): codecs only, as in hs_msg.h.
 *
 * Parsers borrow the bytes they are given; a message is accepted only when all of it was consumed,
 * and *out is filled only then. Writers write bodies without handshake header. Any thread.
 */
#pragma once

#include "hs_auth.h"
#include "hs_hello13.h"

/* The end of ServerHello.random when a server that can do 1.3 agrees on 1.2 (RFC 8446 §4.1.3). */
enum { HS_DOWNGRADE_LEN = 8 };
extern const uint8_t hs_downgrade12[HS_DOWNGRADE_LEN];

/* In a transcript a message of 1.3 has the header of TLS (RFC 9147 §5.2): type 1 · length 3. */
enum { HS_HEADER13_LEN = 4 };

/* ---- ServerHello, HelloRetryRequest ---- */

struct server_hello13 {
	uint16_t version; /* of supported_versions; 0: no such extension: it is a hello of 1.2 */
	const uint8_t *random;
	struct rd session_id; /* has to be empty (RFC 9147 §5.3) */
	uint16_t suite;
	uint8_t compression;
	bool retry;       /* it is a HelloRetryRequest: cookie, and a group without a key */
	struct rd cookie; /* empty: none */
	bool has_share, has_psk;
	uint16_t group;
	struct rd share;
	uint16_t psk;          /* which of those offered */
	bool has_cid, has_rrc; /* RFC 9147 §9, RFC 9853 §3 */
	struct rd cid;         /* may be empty */
};

/* server_hello13_parse: what of it was offered is for the caller to say. Extensions that belong in
 * neither are HS_PARSE_ILLEGAL_PARAMETER or, where we do not know them,
 * HS_PARSE_UNSUPPORTED_EXTENSION (RFC 8446 §4.2, as in the messages below); of a hello of 1.2 (see
 * version), nothing is looked at. */
enum hs_parse server_hello13_parse(struct rd body, struct server_hello13 *out) MUST_USE;

struct server_hello13_params {
	const uint8_t *random;
	uint16_t suite;
	struct hs_share share; /* group 0: none, by psk_ke */
	bool has_psk;
	uint16_t psk;
	struct hs_cid_params cid;
};

void server_hello13_write(struct wr *w, const struct server_hello13_params *p);

/* hello_retry_write: group 0: no other key share is asked for. */
void hello_retry_write(struct wr *w, uint16_t suite, uint16_t group, struct rd cookie);

/* ---- EncryptedExtensions ---- */

struct encrypted_extensions {
	bool server_name;      /* it was used */
	bool supported_groups; /* parsed only: a server may say what it would have liked better */
	bool has_client_certificate_type, has_server_certificate_type;
	uint8_t client_certificate_type, server_certificate_type; /* X.509 where absent */
	uint8_t max_fragment_length;
	uint16_t record_size_limit;
};

/* encrypted_extensions_parse: early_data, which the client never sends, is
 * HS_PARSE_UNSUPPORTED_EXTENSION; whether it sent the others is for the caller to say. */
enum hs_parse encrypted_extensions_parse(struct rd body, struct encrypted_extensions *out) MUST_USE;
void encrypted_extensions_write(struct wr *w, const struct encrypted_extensions *e);

/* ---- CertificateRequest, Certificate, CertificateVerify ---- */

struct certificate_request13 {
	struct rd context;
	struct rd signature_algorithms; /* 16-bit numbers, at least one */
};

/* certificate_request13_parse: extensions that we do not know are skipped (RFC 8446 §4.3.2);
 * without signature_algorithms: HS_PARSE_MISSING_EXTENSION (§9.2). */
enum hs_parse certificate_request13_parse(struct rd body,
					  struct certificate_request13 *out) MUST_USE;

/* certificate_request13_write: the context of a handshake, which is empty; of any authority. */
void certificate_request13_write(struct wr *w, const uint16_t *signature_algorithms, size_t n);

struct certificate13 {
	struct rd context;
	struct rd entries; /* for certificate13_next; empty: none */
};

/* certificate13_parse: we ask for no extension in an entry, so there is none (RFC 8446 §4.4.2). */
enum hs_parse certificate13_parse(struct rd body, struct certificate13 *out) MUST_USE;

/* certificate13_next: the next entry's certificate, or SubjectPublicKeyInfo; false: none is left.
 * Of entries that were parsed. */
bool certificate13_next(struct rd *entries, struct rd *data) MUST_USE;

/* certificate13_list: the entries as DTLS 1.2 lists them (ASN.1Certs, RFC 5246 §7.4.2), which is
 * what x509_trust_verify takes. Fails the writer when they do not fit. */
void certificate13_list(struct wr *w, struct rd entries);

/* certificate13_write: with an empty context. chain: a list as in 1.2; certificate13_rpk_write: a
 * SubjectPublicKeyInfo. An empty one: none. */
void certificate13_write(struct wr *w, struct rd chain);
void certificate13_rpk_write(struct wr *w, struct rd spki);

/* CertificateVerify is coded as in 1.2 (hs_auth.h). certificate_verify13_input: what is signed
 * (RFC 8446 §4.4.3), by the server or by the client, over a transcript's hash. Returns its length.
 */
enum { HS_VERIFY13_INPUT_MAX = 64 + 33 + 1 + 48 };
size_t certificate_verify13_input(uint8_t out[HS_VERIFY13_INPUT_MAX], bool server,
				  const uint8_t *hash, size_t hash_len);

/* ---- after the handshake ---- */

struct new_session_ticket13 {
	uint32_t lifetime_s, age_add;
	struct rd nonce, ticket; /* the ticket is not empty */
};

enum hs_parse new_session_ticket13_parse(struct rd body, struct new_session_ticket13 *out) MUST_USE;
void new_session_ticket13_write(struct wr *w, const struct new_session_ticket13 *t);

/* KeyUpdate (RFC 8446 §4.6.3): whether the peer is to update its keys too. */
enum hs_parse key_update_parse(struct rd body, bool *requested) MUST_USE;
void key_update_write(struct wr *w, bool requested);

/* NewConnectionId (RFC 9147 §9): IDs to use from now on, the first of them at once, or to keep. */
enum hs_cid_usage { HS_CID_IMMEDIATE = 0, HS_CID_SPARE = 1 };

struct new_connection_id {
	struct rd cids; /* for new_connection_id_next */
	uint8_t usage;
};

/* new_connection_id_parse: a list without an ID is HS_PARSE_ILLEGAL_PARAMETER where the usage is to
 * begin at once, as is another usage. new_connection_id_next: false: none is left. */
enum hs_parse new_connection_id_parse(struct rd body, struct new_connection_id *out) MUST_USE;
bool new_connection_id_next(struct rd *cids, struct rd *cid) MUST_USE;

/* new_connection_id_write: n IDs of cid_len bytes each, one behind the other. */
void new_connection_id_write(struct wr *w, const uint8_t *cids, size_t cid_len, size_t n,
			     enum hs_cid_usage usage);

/* RequestConnectionId: how many the peer would like to have. */
enum hs_parse request_connection_id_parse(struct rd body, uint8_t *n) MUST_USE;
void request_connection_id_write(struct wr *w, uint8_t n);

/* ---- ACK (RFC 9147 §7): the content of a record of its own type, no handshake message ---- */

struct hs_ack {
	uint64_t epoch, number;
};

/* ack_parse: the list, for ack_next; may be empty. ack_next: false: none is left. */
enum hs_parse ack_parse(struct rd body, struct rd *list) MUST_USE;
bool ack_next(struct rd *list, struct hs_ack *out) MUST_USE;
void ack_write(struct wr *w, const struct hs_ack *numbers, size_t n);

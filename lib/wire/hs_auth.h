/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * The messages by which ends agree on keys and prove themselves (RFC 5246 §7.4, RFC 8422 §5,
 * RFC 5489 §2, RFC 7250 §3): codecs only, as in hs_msg.h.
 *
 * Parsers borrow the bytes they are given; a message is accepted only when all of it was consumed.
 * Any thread.
 */
#pragma once

#include "hs_msg.h"

/* certificate_parse: the certificate_list of X.509 (ASN.1Certs, each with its three-byte length),
 * or the SubjectPublicKeyInfo of a raw public key; empty: none. What is in it is for others to
 * read. */
enum hs_parse certificate_parse(struct rd body, struct rd *content) MUST_USE;

/* certificate_none_write: the Certificate of an end that has none. */
void certificate_none_write(struct wr *w);

struct certificate_request {
	struct rd types;                /* bytes, at least one */
	struct rd signature_algorithms; /* 16-bit numbers, at least one */
	struct rd authorities;          /* DistinguishedNames; empty: any */
};

enum { CLIENT_CERTIFICATE_RSA_SIGN = 1, CLIENT_CERTIFICATE_ECDSA_SIGN = 64 };

enum hs_parse certificate_request_parse(struct rd body, struct certificate_request *out) MUST_USE;

/* certificate_request_write: of any authority. */
void certificate_request_write(struct wr *w, const uint8_t *types, size_t n_types,
			       const uint16_t *signature_algorithms, size_t n_algorithms);

/* A DigitallySigned: a scheme and a signature. */
struct hs_signature {
	uint16_t scheme;
	struct rd bytes;
};

/* CertificateVerify is that and nothing else. */
enum hs_parse certificate_verify_parse(struct rd body, struct hs_signature *out) MUST_USE;
void hs_signature_write(struct wr *w, uint16_t scheme, const uint8_t *bytes, size_t len);

/* The server's end of an ephemeral agreement. */
struct ecdhe_server {
	struct rd hint;   /* ECDHE_PSK */
	struct rd params; /* what is signed, behind the two randoms */
	uint16_t group;
	struct rd point;
	struct hs_signature signature; /* where it is signed */
};

/* ServerKeyExchange of ECDHE_PSK (RFC 5489 §2: hint and parameters) and of ECDHE_ECDSA (parameters
 * and signature). HS_PARSE_ILLEGAL_PARAMETER: no named curve. */
enum hs_parse ecdhe_psk_server_parse(struct rd body, struct ecdhe_server *out) MUST_USE;
enum hs_parse ecdhe_signed_server_parse(struct rd body, struct ecdhe_server *out) MUST_USE;

/* ecdhe_params_write: a named curve and a point. */
void ecdhe_params_write(struct wr *w, uint16_t group, const uint8_t *point, size_t len);

/* ClientKeyExchange of ECDHE_PSK: identity and point; of ECDHE_ECDSA: the point. Never empty. */
enum hs_parse ecdhe_psk_client_parse(struct rd body, struct rd *identity,
				     struct rd *point) MUST_USE;
enum hs_parse ecdhe_client_parse(struct rd body, struct rd *point) MUST_USE;

/* ecdhe_point_write: opaque <1..2^8-1>. */
void ecdhe_point_write(struct wr *w, const uint8_t *point, size_t len);

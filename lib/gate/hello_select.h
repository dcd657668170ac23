/* SPDX-License-Identifier: BSD-3-Clause */
/* What a ClientHello gets: the same pure function for the stateless gate and for the handshake. */
#pragma once

#include "ecdhe.h"
#include "hs_msg.h"
#include "signature.h"
#include "status.h"
#include "suite.h"

/* Whether a client proves itself by a certificate or raw key, where the server does. */
enum client_auth { CLIENT_AUTH_NONE, CLIENT_AUTH_OPTIONAL, CLIENT_AUTH_REQUIRED };

/* The operator's choice. Immutable once made; shared by all cores. */
struct hello_policy {
	/* As they stand on the wire, where later versions are lower numbers; a client, which offers
	 * one, has the same twice. Zeros: DTLS 1.2 only. */
	uint16_t min_version, max_version;
	const struct suite *suites[SUITE_N]; /* in order of preference */
	size_t n_suites;
	bool require_ems;              /* RFC 7627: refuse hellos of DTLS 1.2 without it */
	bool psk_ke;                   /* DTLS 1.3: a PSK will do without a key agreement */
	uint16_t groups[ECDHE_GROUPS]; /* enum ecdhe_group, in order of preference */
	uint8_t n_groups;              /* 0: no suite with a key agreement is chosen */
	enum client_auth client_auth;
	bool client_x509, client_rpk; /* what clients are taken by */
	/* RFC 9146, RFC 9147 §9: connection_id is answered, by a client offered, with IDs of ours
	 * of cid_len bytes (0: we need none, and send what the peer wants). RFC 9853: so is rrc;
	 * only with connection_id. */
	bool cid, rrc;
	uint8_t cid_len;
};

/* What a DTLS 1.3 handshake by a PSK does besides (RFC 8446 §4.2.9). */
enum hello_psk_mode { HELLO_PSK_NONE, HELLO_PSK_KE, HELLO_PSK_DHE_KE };

struct hello_choice {
	uint16_t version;
	const struct suite *suite;
	bool ems;
	bool renegotiation_info; /* answer RFC 5746 */
	bool point_formats;      /* answer RFC 8422 §5.1.2 */
	enum alert alert;        /* when refused */
	uint16_t group; /* of suites that agree on a key; in 1.3 ECDHE_NONE: by psk_ke only */
	/* At most one of them: the code to echo (RFC 6066 §4), or the client's limit on protected
	 * records (RFC 8449 §4), no more than a record can hold; 0: not asked for. */
	uint8_t max_fragment_length;
	uint16_t record_size_limit;
	bool cid, rrc; /* answer RFC 9146 and, only with it, RFC 9853 */
	/* DTLS 1.3: both may be possible: which it is, the identities decide. */
	enum hello_psk_mode psk_mode; /* NONE: the hello has no PSK for the suite */
	bool certificate;             /* the server has one that the client takes */
	/* Where the server shows a certificate */
	bool server_name; /* it had a part in choosing the certificate: answer RFC 6066 §3 */
	bool request_certificate;
	bool has_client_type, has_server_type; /* answer RFC 7250 */
	uint8_t client_type, server_type;      /* HS_CERTIFICATE_X509 or HS_CERTIFICATE_RPK */
};

/* hello_kinds: the kinds of keys (enum signature_kind, as a set) that the client takes a server's
 * proof from, in the version that its hello gets. Any thread. */
unsigned hello_kinds(const struct client_hello *ch, const struct hello_policy *policy);

/* hello_select: STATUS_OK and the choice; or STATUS_HELLO_VERSION, HS_NO_SUITE, HS_NO_EMS,
 * HS_NO_CERT, HS_PARAMETER with the alert to send once the cookie has verified. own: of what kind
 * the key is that the server has for this hello, one of hello_kinds or none. The server's
 * preference wins. A hello of DTLS 1.3 with a cookie gets the suite and the group of its
 * HelloRetryRequest; in one without, the key share for the group may be missing. Any thread. */
enum status hello_select(const struct client_hello *ch, const struct hello_policy *policy,
			 enum signature_kind own, struct hello_choice *out);

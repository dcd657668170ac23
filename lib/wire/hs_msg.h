/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * DTLS 1.2 handshake messages (RFC 6347 §4.2, RFC 5246 §7.4, RFC 4279, RFC 5077): codecs only, no
 * policy.
 *
 * Parsers borrow the bytes they are given; a message is accepted only when all of it was consumed.
 * Any thread.
 */
#pragma once

#include "cursor.h"

enum hs_type {
	HS_HELLO_REQUEST = 0,
	HS_CLIENT_HELLO = 1,
	HS_SERVER_HELLO = 2,
	HS_HELLO_VERIFY_REQUEST = 3,
	HS_NEW_SESSION_TICKET = 4,
	HS_ENCRYPTED_EXTENSIONS = 8,
	HS_REQUEST_CONNECTION_ID = 9,
	HS_NEW_CONNECTION_ID = 10,
	HS_CERTIFICATE = 11,
	HS_SERVER_KEY_EXCHANGE = 12,
	HS_CERTIFICATE_REQUEST = 13,
	HS_SERVER_HELLO_DONE = 14,
	HS_CERTIFICATE_VERIFY = 15,
	HS_CLIENT_KEY_EXCHANGE = 16,
	HS_FINISHED = 20,
	HS_KEY_UPDATE = 24,
	HS_MESSAGE_HASH =
		254, /* stands for the first ClientHello in a transcript (RFC 8446 §4.4.1) */
};

enum alert_level { ALERT_WARNING = 1, ALERT_FATAL = 2 };

enum alert {
	ALERT_CLOSE_NOTIFY = 0,
	ALERT_UNEXPECTED_MESSAGE = 10,
	ALERT_BAD_RECORD_MAC = 20,
	ALERT_RECORD_OVERFLOW = 22,
	ALERT_HANDSHAKE_FAILURE = 40,
	ALERT_BAD_CERTIFICATE = 42,
	ALERT_UNSUPPORTED_CERTIFICATE = 43,
	ALERT_CERTIFICATE_REVOKED = 44,
	ALERT_CERTIFICATE_EXPIRED = 45,
	ALERT_CERTIFICATE_UNKNOWN = 46,
	ALERT_ILLEGAL_PARAMETER = 47,
	ALERT_UNKNOWN_CA = 48,
	ALERT_ACCESS_DENIED = 49,
	ALERT_DECODE_ERROR = 50,
	ALERT_DECRYPT_ERROR = 51,
	ALERT_TOO_MANY_CIDS_REQUESTED = 52,
	ALERT_PROTOCOL_VERSION = 70,
	ALERT_INTERNAL_ERROR = 80,
	ALERT_INAPPROPRIATE_FALLBACK = 86,
	ALERT_USER_CANCELED = 90,
	ALERT_NO_RENEGOTIATION = 100,
	ALERT_MISSING_EXTENSION = 109,
	ALERT_UNSUPPORTED_EXTENSION = 110,
	ALERT_UNKNOWN_PSK_IDENTITY = 115,
	ALERT_CERTIFICATE_REQUIRED = 116,
};

enum extension {
	EXT_SERVER_NAME = 0,
	EXT_MAX_FRAGMENT_LENGTH = 1,
	EXT_SUPPORTED_GROUPS = 10,
	EXT_EC_POINT_FORMATS = 11,
	EXT_SIGNATURE_ALGORITHMS = 13,
	EXT_CLIENT_CERTIFICATE_TYPE = 19,
	EXT_SERVER_CERTIFICATE_TYPE = 20,
	EXT_PADDING = 21,
	EXT_EXTENDED_MASTER_SECRET = 23,
	EXT_RECORD_SIZE_LIMIT = 28,
	EXT_SESSION_TICKET = 35,
	EXT_PRE_SHARED_KEY = 41,
	EXT_EARLY_DATA = 42,
	EXT_SUPPORTED_VERSIONS = 43,
	EXT_COOKIE = 44,
	EXT_PSK_KEY_EXCHANGE_MODES = 45,
	EXT_CERTIFICATE_AUTHORITIES = 47,
	EXT_KEY_SHARE = 51,
	EXT_CONNECTION_ID = 54,
	EXT_RRC = 61,
	EXT_RENEGOTIATION_INFO = 0xff01,
};

/*
 * Handshake header (RFC 6347 §4.2.2):
 *   0 1 type · 1 3 length · 4 2 message_seq · 6 3 fragment_offset · 9 3 fragment_length
 */
enum { HS_HEADER_LEN = 12, HS_COOKIE_MAX = 255, HS_RANDOM_LEN = 32, HS_SESSION_ID_MAX = 32 };

struct hs_fragment {
	uint8_t type;
	uint16_t seq;
	uint32_t len; /* of the whole message */
	uint32_t off;
	struct rd body;
};

/* hs_fragment_next: the next fragment of a record; false when what is left is not one (short
 * header, body past the end, off + length past len). Advances past it. */
bool hs_fragment_next(struct rd *record, struct hs_fragment *out) MUST_USE;

void hs_header_write(struct wr *w, uint8_t type, uint32_t len, uint16_t seq, uint32_t off,
		     uint32_t frag_len);

/* max_fragment_length (RFC 6066 §4): codes 1 to HS_FRAGMENT_LENGTHS, each twice as many bytes.
 * record_size_limit (RFC 8449 §4): no less than HS_RECORD_SIZE_MIN. */
enum { HS_FRAGMENT_LENGTHS = 4, HS_FRAGMENT_LENGTH_MIN = 512, HS_RECORD_SIZE_MIN = 64 };

/* hs_fragment_length: the bytes that a code stands for. */
static inline uint16_t hs_fragment_length(unsigned code)
{
	return (uint16_t)(HS_FRAGMENT_LENGTH_MIN << (code - 1));
}

/* RFC 7250: what an end shows in its Certificate. */
enum { HS_CERTIFICATE_X509 = 0, HS_CERTIFICATE_RPK = 2 };

/* A ClientHello. Vectors borrow the message; lists were checked for shape (even, non-empty), the
 * extensions block for well-formedness and duplicates. */
struct client_hello {
	const uint8_t *body; /* the message without its header */
	uint16_t version;
	const uint8_t *random; /* HS_RANDOM_LEN */
	struct rd session_id, cookie, suites, compression, extensions;
	bool has_extensions;
	bool has_ems;                /* RFC 7627, empty */
	bool has_renegotiation_info; /* RFC 5746 */
	bool renegotiation_info_empty;
	bool has_scsv, has_fallback_scsv;
	bool has_ticket; /* RFC 5077; the ticket may be empty: none yet */
	struct rd ticket;
	uint8_t max_fragment_length; /* RFC 6066 code, 0: absent */
	uint16_t record_size_limit;  /* RFC 8449; 0: absent */
	bool has_point_formats;
	/* Empty: absent. */
	struct rd server_name;                  /* host_name */
	struct rd groups, signature_algorithms; /* 16-bit numbers (hs_list16_has) */
	struct rd client_certificate_types, server_certificate_types; /* bytes */
	/* Both versions. RFC 9146 §3: what the client wants its records to carry; may be empty. */
	bool has_cid;
	struct rd cid;
	bool has_rrc; /* RFC 9853 §3 */
	/* DTLS 1.3 (RFC 8446 §4.2): hs_hello13.h walks the lists. Empty: absent, but for
	 * key_shares. */
	struct rd supported_versions; /* 16-bit numbers */
	struct rd retry_cookie;       /* of the extension; `cookie` above is DTLS 1.2's */
	struct rd key_shares;         /* where has_key_shares: may be empty, to be asked for one */
	struct rd psk_modes;          /* bytes */
	struct rd psk_identities, psk_binders;
	size_t binders_at; /* in the body: where what the binders are over ends */
	bool has_key_shares, has_early_data;
};

/* hs_list16_has: whether a list of 16-bit numbers has this one. */
bool hs_list16_has(struct rd list, uint16_t number);

/* The result names the alert a parse error deserves once the peer is verified. Of several the first
 * counts, but HS_PARSE_DECODE_ERROR before all. */
enum hs_parse {
	HS_PARSE_OK,
	HS_PARSE_DECODE_ERROR,
	HS_PARSE_ILLEGAL_PARAMETER,
	HS_PARSE_MISSING_EXTENSION,
	HS_PARSE_UNSUPPORTED_EXTENSION,
};

/* client_hello_parse: of either version, body without the handshake header. A known extension with
 * a malformed body or any duplicate extension is an error, as are more than 32 extensions or
 * HS_KEY_SHARES_MAX key shares (what is done before the cookie is bounded); unknown extensions are
 * skipped. HS_PARSE_ILLEGAL_PARAMETER: the hello is well formed and *out is filled, so that its
 * cookie can be verified before the alert is sent: no null compression, a max_fragment_length that
 * RFC 6066 does not define, a record_size_limit below HS_RECORD_SIZE_MIN, or point formats without
 * the uncompressed one; two key shares of a group, or one of a group that is not supported;
 * pre_shared_key not at the end or with binders that are not as many as identities; early_data
 * without it. */
enum hs_parse client_hello_parse(struct rd body, struct client_hello *out) MUST_USE;

/* client_hello_offers: whether a suite is on the list. */
bool client_hello_offers(const struct client_hello *ch, uint16_t suite);

struct server_hello {
	uint16_t version;
	const uint8_t *random;
	struct rd session_id;
	uint16_t suite;
	uint8_t compression;
	bool has_ems, has_renegotiation_info, has_ticket;
	bool has_client_certificate_type, has_server_certificate_type;
	uint8_t client_certificate_type, server_certificate_type; /* X.509 where absent */
	uint8_t max_fragment_length;                              /* these as in the hello */
	uint16_t record_size_limit;
	bool has_cid, has_rrc;
	struct rd cid;
};

/* Client role. An extension that the client never sends is HS_PARSE_UNSUPPORTED_EXTENSION (RFC 5246
 * §7.4.1.4). Whether
 * version, suite, compression and EMS are what was offered is for the caller to check. */
enum hs_parse server_hello_parse(struct rd body, struct server_hello *out) MUST_USE;
enum hs_parse hello_verify_request_parse(struct rd body, struct rd *cookie) MUST_USE;
/* ServerKeyExchange of plain PSK: the identity hint. ClientKeyExchange of plain PSK: the identity.
 */
enum hs_parse psk_identity_parse(struct rd body, struct rd *identity) MUST_USE;

/* NewSessionTicket (RFC 5077 §3.3): seconds, 0: unspecified; an empty ticket: none after all. */
enum hs_parse new_session_ticket_parse(struct rd body, uint32_t *lifetime_s,
				       struct rd *ticket) MUST_USE;

/* connection_id and rrc in a hello of ours, of either version and role. */
struct hs_cid_params {
	bool has_cid, has_rrc;
	uint8_t len; /* 0: an empty one: we want none, and put theirs on our records */
	const uint8_t *cid;
};

/* What goes into a hello of ours; the writers write bodies without handshake header. */
struct client_hello_params {
	const uint8_t *random;
	const uint8_t *cookie;
	uint8_t cookie_len;
	const uint16_t *suites;
	uint8_t n_suites;
	bool ems;
	const uint8_t *session_id; /* session_id_len bytes; 0: nothing to resume */
	uint8_t session_id_len;
	bool has_ticket; /* the extension, with ticket_len bytes in it */
	uint16_t ticket_len;
	const uint8_t *ticket;
	/* for suites with elliptic curves; 0 of them: no extension */
	const uint16_t *groups, *signature_algorithms;
	uint8_t n_groups, n_signature_algorithms;
	/* in order of preference; 0 of them: no extension, which means X.509 */
	const uint8_t *client_certificate_types, *server_certificate_types;
	uint8_t n_client_certificate_types, n_server_certificate_types;
	uint8_t max_fragment_length; /* 0: no extension; the same of the limit */
	uint16_t record_size_limit;
	struct hs_cid_params cid;
};

struct server_hello_params {
	const uint8_t *random;
	const uint8_t *session_id;
	uint8_t session_id_len; /* 0: not resumable by id */
	uint16_t suite;
	bool ems, renegotiation_info;
	bool ticket; /* a NewSessionTicket will follow */
	bool server_name, point_formats;
	bool has_client_certificate_type, has_server_certificate_type;
	uint8_t client_certificate_type, server_certificate_type;
	uint8_t max_fragment_length;
	uint16_t record_size_limit;
	struct hs_cid_params cid;
};

/* client_hello_write: DTLS 1.2, null compression, the suites given and an empty renegotiation_info
 * (RFC 5746 §3.4). */
void client_hello_write(struct wr *w, const struct client_hello_params *p);
void server_hello_write(struct wr *w, const struct server_hello_params *p);
void new_session_ticket_write(struct wr *w, uint32_t lifetime_s, const uint8_t *ticket,
			      uint16_t len);
void hello_verify_request_write(struct wr *w, const uint8_t *cookie, uint8_t cookie_len);
void psk_identity_write(struct wr *w, const uint8_t *identity, uint16_t len);

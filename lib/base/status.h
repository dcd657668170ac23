/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Every outcome of a packet, record, handshake or message, in one list.
 *
 * A stage gives each item it does not pass on one of these; the core counts it, and the label is
 * what --stats-period, telemetry and the tests show. There is no silent drop and no second list.
 *
 * X(NAME, label, help). Labels are [a-z0-9_]: DPDK telemetry allows no others.
 */
#pragma once

#include "counter.h"

/* clang-format off */
#define STATUS_LIST(X)                                                                             \
	X(OK,                  "ok",                  "passed on")                                 \
	/* frames */                                                                               \
	X(FRAME_SHORT,         "frame_short",         "frame ends inside a header")                \
	X(FRAME_ETHERTYPE,     "frame_ethertype",     "neither IPv4, IPv6 nor ARP")                \
	X(FRAME_NOT_OURS,      "frame_not_ours",      "another host's MAC or IP address")          \
	X(FRAME_IP_HEADER,     "frame_ip_header",     "IP version, header length or total length") \
	X(FRAME_IP_CHECKSUM,   "frame_ip_checksum",   "IPv4 header checksum")                      \
	X(FRAME_FRAGMENT,      "frame_fragment",      "IP fragment")                               \
	X(FRAME_PROTOCOL,      "frame_protocol",      "neither UDP, ARP, ICMP echo nor ND")        \
	X(FRAME_UDP_LENGTH,    "frame_udp_length",    "UDP length against IP length")              \
	X(FRAME_UDP_CHECKSUM,  "frame_udp_checksum",  "UDP checksum wrong, or absent over IPv6")   \
	X(FRAME_PORT,          "frame_port",          "a UDP port nobody listens on")              \
	X(FRAME_SOURCE,        "frame_source",        "source address or port no peer can have")   \
	X(FRAME_SEGMENTS,      "frame_segments",      "multi-segment mbuf that cannot be joined")  \
	X(FRAME_ICMP_CHECKSUM, "frame_icmp_checksum", "ICMP or ICMPv6 checksum")                   \
	X(FRAME_ANSWERED,      "frame_answered",      "ARP, ND or echo request, answered")         \
	X(FRAME_ANSWER_LIMIT,  "frame_answer_limit",  "ARP, ND or echo beyond the answer rate")    \
	X(FRAME_NEIGHBOUR,     "frame_neighbour",     "a node or gateway told its link address")   \
	/* other nodes */                                                                          \
	X(FORWARD_FORM,        "forward_form",        "forwarded: not what a node sends")          \
	X(FORWARD_NODE,        "forward_node",        "of a node not listed, or not for this one") \
	X(FORWARD_MAC,         "forward_mac",         "forwarded: forged, or of another key")      \
	X(FORWARD_LOOP,        "forward_loop",        "forwarded before: goes no further")         \
	X(FORWARD_LINK,        "forward_link",        "a node's link address is not known yet")    \
	/* records */                                                                              \
	X(RECORD_SHORT,        "record_short",        "record ends inside its header or AEAD")     \
	X(RECORD_LENGTH,       "record_length",       "length beyond the datagram or the limit")   \
	X(RECORD_TYPE,         "record_type",         "content type unknown or not negotiated")    \
	X(RECORD_VERSION,      "record_version",      "version is not DTLS's")                     \
	X(RECORD_CID,          "record_cid",          "connection ID unlike what was agreed on")   \
	X(RECORD_CIDS,         "record_cids",         "rest of a datagram, of other connection ID") \
	X(RECORD_CID_UNKNOWN,  "record_cid_unknown",  "connection ID that no endpoint gave out")   \
	X(RECORD_EPOCH,        "record_epoch",        "an epoch this session does not have")       \
	X(RECORD_PLAIN,        "record_plain",        "unprotected record on a live session")      \
	X(RECORD_REPLAY,       "record_replay",       "number seen before")                        \
	X(RECORD_OLD,          "record_old",          "number below the replay window")            \
	X(RECORD_TAG,          "record_tag",          "AEAD tag does not verify")                  \
	X(RECORD_THROTTLED,    "record_throttled",    "not tried: its source forged too many")     \
	X(RECORD_TOO_MANY,     "record_too_many",     "records beyond the limit for a datagram")   \
	X(RECORD_EMPTY,        "record_empty",        "opened, and holds nothing")                 \
	X(RECORD_AFTER_CLOSE,  "record_after_close",  "behind a close_notify or fatal alert")      \
	X(PATH_CHALLENGED,     "path_challenged",     "another address of a session: challenge sent") \
	X(PATH_MOVED,          "path_moved",          "another address of a session was proved")   \
	X(PATH_UNPROVED,       "path_unproved",       "another address of a session was not proved") \
	X(PATH_REFUSED,        "path_refused",        "the peer does not want another address")    \
	X(PATH_LIMIT,          "path_limit",          "beyond 3x what came from an unproved address") \
	X(PATH_FULL,           "path_full",           "no room for another address of a session")  \
	X(RRC_UNEXPECTED,      "rrc_unexpected",      "routability check that was not negotiated") \
	X(RRC_IGNORED,         "rrc_ignored",         "routability check of unknown type or length") \
	X(RRC_COOKIE,          "rrc_cookie",          "routability check without a cookie of ours") \
	X(ALERT_IGNORED,       "alert_ignored",       "warning or malformed alert of a session")   \
	X(NO_SESSION,          "no_session",          "no session or handshake for this flow")     \
	X(STALE_REF,           "stale_ref",           "the session it names is gone")              \
	X(SEQ_EXHAUSTED,       "seq_exhausted",       "send numbers used up, session closed")      \
	/* hello and cookie */                                                                     \
	X(HELLO_MALFORMED,     "hello_malformed",     "not a whole well-formed ClientHello")       \
	X(HELLO_VERSION,       "hello_version",       "no common DTLS version")                    \
	X(HELLO_VERIFY_SENT,   "hello_verify_sent",   "no valid cookie: HelloVerifyRequest sent")  \
	X(HELLO_RETRY_SENT,    "hello_retry_sent",    "DTLS 1.3, no cookie: HelloRetryRequest sent")  \
	X(HELLO_COOKIE,        "hello_cookie",        "DTLS 1.3, cookie invalid or stale: alert sent") \
	X(HELLO_ALERT_LIMIT,   "hello_alert_limit",   "not told why: beyond its source's rate of alerts") \
	X(HELLO_FRAGMENT,      "hello_fragment",      "part of a ClientHello, kept until it is whole") \
	X(HELLO_FRAGMENT_LIMIT, "hello_fragment_limit", "part of a ClientHello, beyond rate or pieces") \
	X(HELLO_SIZE,          "hello_size",          "ClientHello with cookie larger than a packet") \
	X(HELLO_REFUSED,       "hello_refused",       "draining, or out of handshake slots")       \
	X(HELLO_BACKLOG,       "hello_backlog",       "its port had more frames than the core's turn")  \
	X(HELLO_LIMIT,         "hello_limit",         "beyond the source prefix's share of slots") \
	X(HELLO_RATE,          "hello_rate",          "beyond its source's rate of handshakes")    \
	/* handshake */                                                                            \
	X(HS_MALFORMED,        "hs_malformed",        "handshake message does not parse")          \
	X(HS_UNEXPECTED,       "hs_unexpected",       "message not allowed in this state")         \
	X(HS_FRAGMENT,         "hs_fragment",         "fragment inconsistent or beyond limits")    \
	X(HS_OLD,              "hs_old",              "message already processed")                 \
	X(HS_NO_SUITE,         "hs_no_suite",         "no common cipher suite or group")           \
	X(HS_NO_EMS,           "hs_no_ems",           "policy wants an extended master secret")    \
	X(HS_PARAMETER,        "hs_parameter",        "illegal parameter")                         \
	X(HS_RECORD_SIZE,      "hs_record_size",      "record longer than was agreed on")          \
	X(HS_AUTH,             "hs_auth",             "unknown identity or wrong key")             \
	X(HS_NO_CERT,          "hs_no_cert",          "no certificate, or none of a type taken")    \
	X(HS_CERT,             "hs_cert",             "certificate not taken")                     \
	X(HS_CERT_EXPIRED,     "hs_cert_expired",     "certificate expired or not yet valid")      \
	X(HS_CERT_REVOKED,     "hs_cert_revoked",     "certificate revoked")                       \
	X(HS_DENIED,           "hs_denied",           "on the list of the denied")                 \
	X(HS_TIMEOUT,          "hs_timeout",          "handshake did not finish in time")          \
	X(HS_ALERT,            "hs_alert",            "ended by the peer's alert")                 \
	X(HS_INTERNAL,         "hs_internal",         "randomness, memory or libcrypto failed")    \
	X(HS_DONE,             "hs_done",             "handshake completed")                       \
	X(HS_RENEGOTIATION,    "hs_renegotiation",    "renegotiation refused")                     \
	X(HS_REPLACED,         "hs_replaced",         "superseded by a newer hello of its flow")   \
	X(HS_EVICTED,          "hs_evicted",          "made room for a newer one")                 \
	X(HS_DONE_13,          "hs_done_13",          "completed, of DTLS 1.3")                    \
	X(HS_KEYS_UPDATED,     "hs_key_updates",      "keys that we send with, after a KeyUpdate") \
	X(HS_PEER_KEYS_UPDATED, "hs_peer_key_updates", "keys that a peer sends with, after its KeyUpdate") \
	X(HS_POST_LOST,        "hs_post_lost",        "ticket or KeyUpdate that was never acknowledged") \
	X(HS_POST_LIMIT,       "hs_post_limit",       "KeyUpdate that could not be: no room, or epochs used up; connection IDs asked for without end") \
	X(HS_LATER,            "hs_later",            "message after the handshake while ours is under way: it comes again") \
	X(HS_RESUMED_ID,       "hs_resumed_id",       "completed, of a session by its id")         \
	X(HS_RESUMED_TICKET,   "hs_resumed_ticket",   "completed, of a session by its ticket")     \
	X(TICKET_ISSUED,       "ticket_issued",       "session ticket sealed for a device")        \
	X(TICKET_INVALID,      "ticket_invalid",      "ticket forged, or of a key that is gone")   \
	X(TICKET_EXPIRED,      "ticket_expired",      "ticket of a session that is too old")       \
	X(PSK_ASKED,           "psk_asked",           "key of an identity asked of --psk-socket")  \
	X(PSK_UNKNOWN,         "psk_unknown",         "identity that --psk-socket does not know")  \
	X(PSK_TIMEOUT,         "psk_timeout",         "no answer from --psk-socket in time")       \
	X(PSK_LIMIT,           "psk_limit",           "not asked: too many without an answer")     \
	X(PSK_LATE,            "psk_late",            "answer for a handshake that is gone")       \
	X(SESSION_KEPT,        "session_kept",        "session kept by its id")                    \
	X(SESSION_UNKNOWN,     "session_unknown",     "id of no session, or of one too old")       \
	X(SESSION_REVOKED,     "session_revoked",     "its device is gone or has another key")     \
	/* sessions */                                                                             \
	X(SESSION_FULL,        "session_full",        "session table or slots full")               \
	X(SESSION_IDLE,        "session_idle",        "closed: idle")                              \
	X(SESSION_CLOSED,      "session_closed",      "closed by the peer")                        \
	X(SESSION_ALERTS,      "session_alerts",      "closed: too many warning alerts")           \
	X(SESSION_RECORD_SIZE, "session_record_size", "closed: record longer than was agreed on")  \
	X(SESSION_REPLACED,    "session_replaced",    "replaced by a new handshake of its flow")   \
	X(SESSION_POST_HANDSHAKE, "session_post_handshake", "closed: message of DTLS 1.3 that was not allowed") \
	X(SESSION_DENIED,      "session_denied",      "closed: put on the list of the denied")     \
	X(SESSION_KEY_GONE,    "session_key_gone",    "closed: its key or CA was taken off, or changed") \
	X(SESSION_CERT_REVOKED, "session_cert_revoked", "closed: its certificate was revoked")     \
	X(SESSION_CERT_EXPIRED, "session_cert_expired", "closed: its certificate has expired")     \
	/* CoAP */                                                                                 \
	X(COAP_IGNORED,        "coap_ignored",        "version, class or message to be ignored")   \
	X(COAP_MALFORMED,      "coap_malformed",      "format error")                              \
	X(COAP_DUPLICATE,      "coap_duplicate",      "duplicate, answered alike")                 \
	X(COAP_UNMATCHED,      "coap_unmatched",      "ACK or RST for nothing outstanding")        \
	X(COAP_PING,           "coap_ping",           "ping, answered with RST")                   \
	X(COAP_ECHO,           "coap_echo",           "answer with an Echo option")                \
	X(COAP_OPTION,         "coap_option",         "critical option not understood")            \
	X(COAP_METHOD,         "coap_method",         "method not allowed: 4.05")                  \
	X(COAP_NOT_FOUND,      "coap_not_found",      "GET of no resource of ours: 4.04")          \
	X(COAP_NOT_ACCEPTABLE, "coap_not_acceptable", "no such representation: 4.06")              \
	X(COAP_TOO_LARGE,      "coap_too_large",      "payload beyond the limit: 4.13")            \
	X(COAP_REPLY_SIZE,     "coap_reply_size",     "reply beyond its device's records: 5.00")   \
	X(COAP_PROXY,          "coap_proxy",          "asked to be a proxy: 5.05")                 \
	X(COAP_NO_EXCHANGE,    "coap_no_exchange",    "no room for another open exchange")         \
	/* resources */                                                                            \
	X(NO_MBUF,             "no_mbuf",             "packet pool empty")                         \
	X(RING_FULL,           "ring_full",           "the next core's ring is full")              \
	X(HANDOFF_LIMIT,       "handoff_limit",       "crossed more rings than any datagram needs") \
	X(TX_SIZE,             "tx_size",             "larger than the port's MTU or its buffer")  \
	X(TX_NO_QUEUE,         "tx_no_queue",         "this core does not send on that port")      \
	X(TX_FULL,             "tx_full",             "the port's transmit queue is full")         \
	X(SINK_FULL,           "sink_full",           "the sink's queue is full: 5.03")            \
	X(SINK_FAILED,         "sink_failed",         "the sink failed: 5.03")

enum status {
#define STATUS_ENUM(name, label, help) STATUS_##name,
	STATUS_LIST(STATUS_ENUM)
#undef STATUS_ENUM
	STATUS_N
};
/* clang-format on */

/* status_label: the short name of a status, for counters. Static. Any thread. */
const char *status_label(enum status s);

/* status_help: one line of explanation. Static. Any thread. */
const char *status_help(enum status s);

/* One core's counts. */
struct status_counts {
	uint64_t n[STATUS_N];
};

/* status_add: counts n items. Owner core only. */
static inline void status_add(struct status_counts *c, enum status s, uint64_t n)
{
	counter_add(&c->n[s], n);
}

/* status_get: what was counted so far. Any thread. */
static inline uint64_t status_get(const struct status_counts *c, enum status s)
{
	return counter_get(&c->n[s]);
}

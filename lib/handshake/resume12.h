/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Resumption in DTLS 1.2 (RFC 5246 §7.3, RFC 5077, RFC 7627 §5.3), both roles:
 *
 *   ClientHello (cookie verified,
 *     session id or ticket)        -->
 *                                  <--  ServerHello, [NewSessionTicket],
 *                                       [ChangeCipherSpec], Finished
 *   [ChangeCipherSpec], Finished   -->
 *
 * The last flight is the client's. What cannot be resumed is a full handshake and never an alert,
 * but for one case: RFC 7627 §5.3 has a server abort when a session with an extended master secret
 * is offered by a hello without it.
 */
#pragma once

#include "connection.h"

/* Server, first hello. resume12_wanted: whether the hello asks for a session, and there are
 * sessions. resume12_find: looks it up; resumes it, or goes on with `full`, for which
 * resume12_hello is the hello once more. full itself: no memory to look it up. */
bool resume12_wanted(const struct handshake_config *cfg, const struct client_hello *ch);
enum hs_next resume12_find(struct handshake *h, const struct reassembly_message *m,
			   enum hs_next (*full)(struct handshake *h));
struct reassembly_message resume12_hello(const struct handshake *h);

/* Server, full handshake. resume12_promise: settles what its ServerHello says of resumption, in
 * session_id and ticket_promised. resume12_keep: once the client is verified, does what was
 * promised, in a flight that it begins; then `then`. The identity, credential and psk
 * of h are what it proved itself with.
 */
bool resume12_promise(struct handshake *h, const struct client_hello *ch) MUST_USE;
enum hs_next resume12_keep(struct handshake *h, enum hs_next (*then)(struct handshake *h));

/* Server: the client's Finished that ends an abbreviated handshake. */
enum hs_next resume12_client_finished(struct handshake *h, const struct reassembly_message *m);

/* Client. resume12_offer: what the first hello says, in session_id and ticket; false: no
 * randomness, and the handshake has failed. resume12_accepted: whether a ServerHello takes up the
 * session that was offered; then resume12_continue goes on. resume12_declined: it does not, but
 * perhaps names a new one. */
bool resume12_offer(struct handshake *h) MUST_USE;
bool resume12_accepted(const struct handshake *h, const struct server_hello *sh);
enum hs_next resume12_continue(struct handshake *h, const struct server_hello *sh);
void resume12_declined(struct handshake *h, const struct server_hello *sh);

/* Client: NewSessionTicket; false: it does not parse, or cannot be heard, and the handshake has
 * failed. */
bool resume12_ticket(struct handshake *h, const struct reassembly_message *m) MUST_USE;

/* Client: the abbreviated handshake's NewSessionTicket and Finished. */
enum hs_next resume12_new_ticket(struct handshake *h, const struct reassembly_message *m);
enum hs_next resume12_server_finished(struct handshake *h, const struct reassembly_message *m);

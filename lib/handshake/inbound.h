/* SPDX-License-Identifier: BSD-3-Clause */
/* From a datagram to the handlers of the state table: records, fragments, messages; and what cannot
 * be read yet, held until it can. */
#pragma once

#include "connection.h"

/* inbound_hello: the server's first datagram: its first record is the ClientHello that the gate
 * admitted; whatever else is in it is a guess and dropped (bad-input C16). */
enum status inbound_hello(struct handshake *h, const uint8_t *datagram, size_t len);

/* inbound_datagram: any later one. */
enum status inbound_datagram(struct handshake *h, const uint8_t *datagram, size_t len);

/* inbound_resume: after a job: looks again at what was held when there are new keys, and handles
 * the messages that came meanwhile. */
void inbound_resume(struct handshake *h);

/* inbound_free: wipes and releases what is held. */
void inbound_free(struct handshake *h);

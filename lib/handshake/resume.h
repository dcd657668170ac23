/* SPDX-License-Identifier: BSD-3-Clause */
/* What a server of either version asks of a session that it found, and keeps of one. */
#pragma once

#include "connection.h"

/* resume_welcome: whether a session that was found may be resumed by this hello. */
bool resume_welcome(const struct handshake *h, const struct session_state *s);

/* resume_refuse: gives the identity back of a session that is not resumed. */
void resume_refuse(struct handshake *h);

/* resume_fill: what is kept of this handshake, but for its secret: the suite, and the identity and
 * credential that it was proved by. resume_bind: ties the session, whose secret is there now, to
 * h->psk. */
void resume_fill(const struct handshake *h, struct session_state *s);
void resume_bind(const struct handshake *h, struct session_state *s);

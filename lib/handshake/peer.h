/* SPDX-License-Identifier: BSD-3-Clause */
/* Whether a peer is taken by what it shows: the work of a JOB_VERIFY_PEER, and the alert that a
 * refusal is answered with. */
#pragma once

#include "handshake.h"
#include "rpk_store.h"
#include "x509_trust.h"

/* Who is taken. NULL: nobody by this. */
struct peer_trust {
	const struct x509_trust *x509;
	const struct rpk_store *rpks;
};

/* peer_judge: fills job->peer at a time in seconds since 1970; false: it is refused. Slow path
 * only; any thread. */
bool peer_judge(struct handshake_job *job, const struct peer_trust *trust, int64_t now_s);

/* peer_still: whether a credential that peer_judge took, perhaps in another process, would be taken
 * under the same name: STATUS_OK, or why not. What is no certificate and no raw key always is. Any
 * thread. */
enum status peer_still(const struct peer_trust *trust, const struct credential *c, struct rd name,
		       int64_t now_s);

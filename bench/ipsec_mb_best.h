/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * ipsec-mb as fast as its interface allows, for comparison only: every session keeps its expanded
 * key, as ipsec-mb's users do, and whoever calls fetches what a record will touch a burst before.
 *
 * GCM goes through the direct calls with struct gcm_key_data (1,008 bytes); CCM through the job
 * manager with its round keys (176 bytes), and jobs stay in it until a later one pushes them out:
 * there is no flush before mb_best_finish. An IV lies in what is left of the last cache line.
 */
#pragma once

#include "aead.h"

/* Jobs that may be under way; an operation must stay where it is for that many more. */
enum { MB_BEST_IN_FLIGHT = 64 };

struct mb_best;

/* mb_best_new: with the instruction set that is best for records of about len bytes. NULL when
 * ipsec-mb cannot run here, or has nothing better for alg than our engine's use of it. Free with
 * mb_best_free. */
struct mb_best *mb_best_new(enum aead_alg alg, size_t len);
void mb_best_free(struct mb_best *m);

/* mb_best_session_len: bytes of one session, a multiple of 64. */
size_t mb_best_session_len(enum aead_alg alg);

/* mb_best_session: writes a session; mb_best_iv: where the IV of one lies. */
void mb_best_session(struct mb_best *m, const uint8_t *key, const uint8_t iv[AEAD_IV_LEN],
		     uint8_t *session);
const uint8_t *mb_best_iv(const struct mb_best *m, const uint8_t *session);

/* mb_best_prefetch: what a record of len bytes touches of a session. */
void mb_best_prefetch(const struct mb_best *m, const uint8_t *session, size_t len);

/* mb_best_run: op->key is a session. op->ok is set now or by one of the next calls. */
void mb_best_run(struct mb_best *m, bool opening, struct aead_op *op);

/* mb_best_finish: all jobs done. */
void mb_best_finish(struct mb_best *m);

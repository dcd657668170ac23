/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Connection IDs of ours that a session of DTLS 1.3 has beside its first (RFC 9147 §9): the peer
 * may go on to them whenever it likes, and never says that it is done with one. So each is an index
 * entry of its own as long as the session lives, with the tag of its path like the first.
 *
 * Owner core only, but spare_cids_count and spare_cids_room.
 */
#pragma once

#include "store.h"

/* spare_cids_add: a live session with a connection ID of ours is found by this one, too. false:
 * there is no room for it. */
bool spare_cids_add(struct store *s, struct session_ref ref, const uint8_t *cid, size_t len)
	__attribute__((warn_unused_result));

/* spare_cids_retag: gives all of them another tag; false as table_retag. spare_cids_remove: the
 * session is found by none of them any more. For store.c. */
bool spare_cids_retag(struct store *s, uint32_t slot, uint32_t tag);
void spare_cids_remove(struct store *s, uint32_t slot);

/* spare_cids_count: how many a live session has. Any thread. */
unsigned spare_cids_count(const struct store *s, uint32_t slot);

/* spare_cids_room: how many more it may get: of SPARE_CIDS_MAX, and none when all sessions together
 * have half as many as there are slots. Any thread. */
unsigned spare_cids_room(const struct store *s, uint32_t slot);

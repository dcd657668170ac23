/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Messages of the return routability check (RFC 9853 §4): content of a protected record of type
 * RECORD_RRC, one a record. Codec only. Any thread.
 *
 *   OFFSET SIZE
 *     0     1   type
 *     1     8   cookie
 */
#pragma once

#include "cursor.h"

enum rrc_type {
	RRC_PATH_CHALLENGE = 0,
	RRC_PATH_RESPONSE = 1,
	RRC_PATH_DROP = 2,
};

enum { RRC_COOKIE_LEN = 8, RRC_LEN = 1 + RRC_COOKIE_LEN };

struct rrc {
	enum rrc_type type;
	uint8_t cookie[RRC_COOKIE_LEN];
};

/* rrc_parse: false: not one of these, or not as long as they are; it is ignored (RFC 9853 §4:
 * "implementations MUST be able to parse and gracefully ignore messages with an unknown
 * msg_type"). */
static inline bool MUST_USE rrc_parse(struct rd body, struct rrc *out)
{
	struct rrc m;
	uint8_t type;

	if (!rd_u8(&body, &type) || type > RRC_PATH_DROP ||
	    !rd_copy(&body, m.cookie, sizeof(m.cookie)) || rd_len(&body) != 0)
		return false;
	m.type = (enum rrc_type)type;
	*out = m;
	return true;
}

/* rrc_put: the RRC_LEN bytes of a message. */
static inline void rrc_put(uint8_t out[RRC_LEN], enum rrc_type type,
			   const uint8_t cookie[RRC_COOKIE_LEN])
{
	out[0] = (uint8_t)type;
	memcpy(out + 1, cookie, RRC_COOKIE_LEN);
}

/* SPDX-License-Identifier: BSD-3-Clause */
#include "record_limits.h"

/* Bytes of plaintext in a record by a record_size_limit; RFC 8449 §4: in 1.3 it "includes the
 * content type and padding". None: what the protocol has. */
static uint16_t plaintext_of(const struct handshake *h, uint16_t record_size_limit)
{
	if (record_size_limit == 0)
		return RECORD_PLAINTEXT_MAX;
	return h->version == DTLS_1_3 ? record_size_limit - 1 : record_size_limit;
}

/* RFC 8449 §4: what a record can hold is the most that may be said. */
static uint16_t limit_max(const struct handshake *h)
{
	return h->version == DTLS_1_3 ? RECORD_PLAINTEXT_MAX + 1 : RECORD_PLAINTEXT_MAX;
}

/* theirs, ours: record_size_limit of each; not read with a max_fragment_length. */
static void agree(struct handshake *h, uint8_t max_fragment_length, uint16_t theirs, uint16_t ours)
{
	h->max_fragment_length = max_fragment_length;
	h->plain_limit = RECORD_PLAINTEXT_MAX;
	h->tx_limit = plaintext_of(h, theirs);
	h->rx_limit = plaintext_of(h, ours);
	if (max_fragment_length != 0)
		h->plain_limit = h->tx_limit = h->rx_limit =
			hs_fragment_length(max_fragment_length);
}

void record_limits_init(struct handshake *h) { agree(h, 0, 0, 0); }

void record_limits_choose(struct handshake *h, const struct hello_choice *choice)
{
	agree(h, choice->max_fragment_length, choice->record_size_limit, 0);
}

struct record_limits record_limits_own(const struct handshake *h)
{
	const struct hello_choice *c = &h->choice;

	/* RFC 8449 §4: ours need not be theirs. */
	return (struct record_limits){ .max_fragment_length = c->max_fragment_length,
				       .record_size_limit =
					       c->record_size_limit != 0 ? limit_max(h) : 0 };
}

/* RFC 6066 §4: a length that "is different from the length it requested" ends the handshake; RFC
 * 8449 §5: so do both extensions, and §4 allows it for a limit beyond the protocol's. */
bool record_limits_take(struct handshake *h, const struct record_limits *theirs)
{
	const struct handshake_config *cfg = h->cfg;

	if ((theirs->max_fragment_length != 0 &&
	     (theirs->record_size_limit != 0 ||
	      theirs->max_fragment_length != cfg->max_fragment_length)) ||
	    (theirs->record_size_limit != 0 && cfg->record_size_limit == 0) ||
	    theirs->record_size_limit > limit_max(h))
		return false;
	if (theirs->record_size_limit != 0)
		agree(h, 0, theirs->record_size_limit, cfg->record_size_limit);
	else
		agree(h, theirs->max_fragment_length, 0, 0);
	return true;
}

size_t record_limits_room(const struct handshake *h, uint8_t epoch)
{
	return epoch == 0 ? h->plain_limit : h->tx_limit;
}
